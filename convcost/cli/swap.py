"""`convcost swap`: a network with some of its convolutions replaced."""

from __future__ import annotations

from typing import Annotated

import typer

from ..answers.network import answer_network
from ..graph.ops import Shape
from ..networks.build import Network, build_network
from ..networks.swap import read_where, replacements
from ..networks.swap import swap as swap_layers
from ..report.networks import swap_document, write_swap
from .names import unknown_name
from .network import Batch, BatchNorm, Name, Width, read_network, report_mismatches
from .options import Destination, Exact, Execution

EPILOG = """
A replacement has the norm and the activation of the layer on each of its convolutions. Layers that are grouped
already, and those that the variant does not apply to, are left alone and named.

Examples:

  convcost swap resnet50 --to depthwise-separable --where k3

  convcost swap vgg16 --to spatially-separable --where "k3 512:512"

  convcost swap resnet18 --to bottleneck --where "k3 stage3.*" --format json
"""


def swap(
    name: Name,
    to: Annotated[str, typer.Option("--to", metavar="VARIANT", show_default=False, help="What replaces them.")],
    where: Annotated[
        str, typer.Option(metavar="TOKENS", help="Which convolutions: tokens that they have, or a pattern of names.")
    ] = "k3",
    width: Width = "",
    batch: Batch = None,
    norm: BatchNorm = True,
    exact: Exact = False,
    *,
    execution: Execution,
    to_file: Destination,
) -> int:
    """Replace convolutions of a network by a variant: the cost before, after, and the ratio."""
    if to not in replacements():
        raise unknown_name("variant", to, replacements())
    program, choices = read_network(name, width, batch, norm)
    before = build_network(program, choices)
    chosen = read_where(where, len(before.graph.input_shape) - 2)
    swapped = swap_layers(before, to, chosen)

    def rebuild(shape: Shape) -> Network:
        return build_network(program, choices._replace(reduced=shape))

    def rebuild_swapped(shape: Shape) -> Network:
        return swap_layers(rebuild(shape), to, chosen).network

    verifier, inplace = execution.of_networks(), execution.inplace
    answers = [
        answer_network(before, inplace, verifier, rebuild),
        answer_network(swapped.network, inplace, verifier, rebuild_swapped),
    ]
    with to_file.open() as (file, written):
        write_swap(swap_document(answers[0], answers[1], swapped, to, where), written, file, exact=exact)
    return max([report_mismatches(answer) for answer in answers])
