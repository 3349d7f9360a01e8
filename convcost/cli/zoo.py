"""`convcost zoo`: the networks that are built in."""

from __future__ import annotations

from typing import Annotated

import typer

from ..answers.opening import zoo_answers
from ..networks.zoo import unknown_network, zoo_name, zoo_text
from ..report.documents import Document
from ..report.networks import write_zoo, zoo_document
from .options import Convention, Destination, Exact, Selecting

EPILOG = """
Examples:

  convcost zoo

  convcost zoo --format csv

  convcost zoo --where "macs<=500M" --sort max:params

  convcost zoo efficientnet-b3

  convcost zoo resnet50 --output my-net.txt
"""


def zoo(
    name: Annotated[
        str, typer.Argument(metavar="NETWORK", show_default=False, help="Print this one's file instead.")
    ] = "",
    exact: Exact = False,
    convention: Convention = "",
    *,
    selecting: Selecting,
    to: Destination,
) -> None:
    """List the built-in networks: input, params and MACs as published, and where each is described."""
    if name:
        _print_file(name, to)
        return
    with to.open() as (file, written):  # a file that cannot be written is said before anything is counted
        write_zoo(_document(selecting, convention), written, file, exact=exact)


def _document(selecting: Selecting, convention: str) -> Document:
    """A line for each network that is selected, with the convention's figure where one is named."""
    answers = list(zoo_answers())
    if any(selecting):
        from ..search.select import NETWORK_WORDS, select_networks

        answers = select_networks(answers, selecting.selection(NETWORK_WORDS))
    document = zoo_document(answers)
    if convention:
        from ..report.beside import add_to_zoo

        add_to_zoo(document, answers, convention)
    return document


def _print_file(word: str, to: Destination) -> None:
    """The file of a built-in network, to read, change and give to `convcost network`."""
    name = zoo_name(word)
    if name is None:
        raise unknown_network(word)
    with to.open_text() as file:
        file.write(zoo_text(name))
