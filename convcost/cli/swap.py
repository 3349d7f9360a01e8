"""`convcost swap`: a network with some of its convolutions replaced."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

import typer

from ..answers.opening import Asked
from ..graph.ops import Conv
from ..networks.build import Network
from ..networks.swap import Swapped, replacements
from ..report.networks import swap_document, write_swap
from ..search.replacing import answer_swap, split_where
from ..spec.errors import unknown_name
from ..variants.registry import own_names
from .failure import announce
from .inside import open_network
from .network import Batch, BatchNorm, Depth, ModelInputs, Name, Width, report_mismatches
from .onnx_model import report_unknown
from .options import Convention, Destination, Exact, Execution, Sort, Top

EPILOG = """
A replacement has the norm and the activation of the layer on each of its convolutions. Layers that are grouped
already, and those that the variant does not apply to, are left alone and named; but standard takes the place of a
depthwise convolution and the 1x1 behind it together. If nothing is replaced the exit code is 1.

Which convolutions: k3 s2 64:128 … tokens that they have; a name, or a pattern such as 'stage3.*'; op=12 or op=3-7, by
number from 0 as in the layers of the JSON; macs>1% or params>=2M. All of it must hold. Behind them, or alone, a
condition as in network --where: "k3 and (peak_bytes>2MiB or share.macs>0.05)". --sort and --top take the first few.

Examples:

  convcost swap resnet50 --to depthwise-separable --where k3

  convcost swap vgg16 --to spatially-separable --where "k3 512:512"

  convcost swap mobilenet-v1 --to standard

  convcost swap resnet50 --to ghost --where "k3 macs>2%"

  convcost swap resnet18 --to bottleneck --where "k3 stage3.*" --format json

  convcost swap resnet50 --to depthwise-separable --where k3 --sort max:macs --top 3
"""


def swap(
    name: Name,
    to: Annotated[str, typer.Option("--to", metavar="VARIANT", show_default=False, help="What replaces them.")],
    where: Annotated[
        str, typer.Option(metavar="WHICH", help="Which convolutions: tokens, a name or pattern, op=12, macs>1%.")
    ] = "k3",
    width: Width = "",
    depth: Depth = "",
    batch: Batch = None,
    norm: BatchNorm = True,
    input: ModelInputs = None,
    exact: Exact = False,
    convention: Convention = "",
    sort: Sort = "",
    top: Top = None,
    *,
    execution: Execution,
    to_file: Destination,
) -> int:
    """Replace convolutions of a network by a variant: the cost before, after, and the ratio."""
    to = own_names([to])[0]
    if to not in replacements():
        raise unknown_name("variant", to, replacements())
    opened = open_network(name, Asked(width, depth, batch, norm, tuple(input or ())))
    report_unknown(opened.network)
    found = answer_swap(opened, to, where, sort, top, inplace=execution.inplace, verify=execution.of_networks())
    document = swap_document(found.before, found.after, found.swapped, to, where)
    if convention:
        from ..report.beside import add_to_swap

        add_to_swap(document, opened.network, found.swapped.network, convention)
    with to_file.open() as (file, written):
        write_swap(document, written, file, exact=exact)
    mismatches = [report_mismatches(answer) for answer in (found.before, found.after)]
    return max([_nothing(found.swapped, opened.network, where), *mismatches])


def _nothing(swapped: Swapped, network: Network, where: str) -> int:
    """1, and the reason on stderr, where nothing was replaced."""
    if swapped.replaced:
        return 0
    reasons = Counter([layer.reason for layer in swapped.left])
    meant = "; ".join([f"{count} {'is' if count == 1 else 'are'} left alone: {why}" for why, count in reasons.items()])
    why = meant or f"no convolution is meant by --where {where!r}; {_there_are(network, where)}"
    announce(f"nothing was replaced: {why}")
    return 1


def _there_are(network: Network, where: str) -> str:
    """Which kernels the network has; the numbers of its convolutions where one is asked for."""
    if split_where(where, len(network.graph.input_shape) - 2)[0].numbers:
        numbers = [str(number) for number, node in enumerate(network.graph.nodes) if type(node.op) is Conv]
        some = ", ".join(numbers[:8]) + ", …" * (len(numbers) > 8)
        return f"operations are op=0 to op={len(network.graph.nodes) - 1}, convolutions among them {some or 'none'}"
    kernels = dict.fromkeys([node.op.kernel_size for node in network.graph.nodes if type(node.op) is Conv])
    each = [str(k[0]) if len(set(k)) == 1 else "x".join(map(str, k)) for k in kernels]
    return f"there are {', '.join([f'k{k}' for k in each[:8]])}" if each else "it has none"
