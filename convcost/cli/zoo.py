"""`convcost zoo`: the networks that are built in."""

from __future__ import annotations

from ..answers.network import answer_network
from ..networks.build import build_network
from ..networks.zoo import zoo_programs
from ..report.networks import write_zoo, zoo_document
from .options import Destination, Exact

EPILOG = """
Examples:

  convcost zoo

  convcost zoo --format csv
"""


def zoo(
    exact: Exact = False,
    *,
    to: Destination,
) -> None:
    """List the built-in networks: input, params and MACs as published, and where each is described."""
    answers = [answer_network(build_network(program)) for program in zoo_programs()]
    with to.open() as (file, written):
        write_zoo(zoo_document(answers), written, file, exact=exact)
