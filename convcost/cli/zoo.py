"""`convcost zoo`: the networks that are built in."""

from __future__ import annotations

from ..answers.network import answer_network
from ..networks.build import build_network
from ..networks.zoo import zoo_programs
from ..report.network_writers import write_zoo
from ..report.networks import zoo_document
from .options import Exact, Format, Output, OutputFormat
from .output import destination

EPILOG = """
Examples:

  convcost zoo

  convcost zoo --format csv
"""


def zoo(format: OutputFormat = Format.table, output: Output = "", exact: Exact = False) -> None:
    """List the built-in networks: input, params and MACs as published, and where each is described."""
    answers = [answer_network(build_network(program)) for program in zoo_programs()]
    with destination(output, format.value) as (file, written):
        write_zoo(zoo_document(answers), written, file, exact=exact)
