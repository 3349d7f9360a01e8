"""`convcost swap`: a network with some of its convolutions replaced."""

from __future__ import annotations

import sys
from collections import Counter
from contextlib import suppress
from typing import Annotated

import typer

from ..answers.network import NetworkAnswer, answer_network
from ..graph.ops import Conv, Shape
from ..networks.build import Network
from ..networks.swap import Swapped, Where, read_where, replacements
from ..networks.swap import swap_network as swap_layers
from ..report.networks import swap_document, write_swap
from ..spec.errors import SpecError
from ..variants.registry import own_names
from .inside import Asked, open_network
from .names import unknown_name
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
    before, rebuild = open_network(name, Asked(width, depth, batch, norm, tuple(input or ())))
    report_unknown(before)
    swapped = _swapped(before, to, where, sort, top)

    def rebuild_swapped(shape: Shape) -> Network:
        return swap_layers(rebuild(shape), to, read_where("", 0), swapped.replaced).network

    verifier, inplace = execution.of_networks(), execution.inplace
    answers = [
        answer_network(before, inplace, verifier, rebuild),
        answer_network(swapped.network, inplace, verifier, rebuild_swapped),
    ]
    document = swap_document(answers[0], answers[1], swapped, to, where)
    if convention:
        from ..report.beside import add_to_swap

        add_to_swap(document, before, swapped.network, convention)
    with to_file.open() as (file, written):
        write_swap(document, written, file, exact=exact)
    return max([_nothing(swapped, before, where), *[report_mismatches(answer) for answer in answers]])


def _swapped(network: Network, to: str, where: str, sort: str, top: int | None) -> Swapped:
    """The network with those convolutions replaced that tokens and a condition mean, the first of them in an order."""
    tokens, condition = _split(where, len(network.graph.input_shape) - 2)
    found = swap_layers(network, to, tokens)
    if not condition and not sort and top is None:
        return found
    from ..search.select import LAYER_NUMBERS, LAYER_WORDS, read_selection, select_layers

    answer = answer_network(network)
    replaceable = [layer.name in found.replaced for layer in answer.layers]
    chosen = read_selection(condition, sort, None, "", LAYER_WORDS, LAYER_NUMBERS)
    order = [index for index in select_layers(answer, chosen) if replaceable[index]][:top]
    meant = {answer.layers[index].name for index in order}
    left = [one for one in found.left if not condition or _is_meant(one.name, answer, condition)]
    return swap_layers(network, to, read_where("", 0), meant)._replace(left=tuple(left))


def _is_meant(name: str, answer: NetworkAnswer, condition: str) -> bool:
    from ..search.select import LAYER_WORDS, read_selection, select_layers

    chosen = select_layers(answer, read_selection(condition, "", None, "", LAYER_WORDS, ()))
    return name in {answer.layers[index].name for index in chosen}


def _split(where: str, axes: int) -> tuple[Where, str]:
    """Tokens and names, and the condition that follows them.

    >>> _split("k3 and (macs>1% or params>2M)", 2)
    (Where(fields={'kernel_size': (3, 3)}, pattern='', numbers=None, bounds=()), '(macs>1% or params>2M)')

    Raises SpecError for what is neither.
    """
    from ..search.select import LAYER_WORDS
    from ..search.where import Condition

    try:
        return read_where(where, axes), ""
    except SpecError as error:
        words = where.split()
        for at in range(len(words)):
            before = words[: at - 1] if at and words[at - 1] == "and" else words[:at]
            with suppress(SpecError):
                Condition(" ".join(words[at:]), LAYER_WORDS)
                return read_where(" ".join(before), axes), " ".join(words[at:])
        raise error from None


def _nothing(swapped: Swapped, network: Network, where: str) -> int:
    """1, and the reason on stderr, where nothing was replaced."""
    if swapped.replaced:
        return 0
    reasons = Counter([layer.reason for layer in swapped.left])
    meant = "; ".join([f"{count} {'is' if count == 1 else 'are'} left alone: {why}" for why, count in reasons.items()])
    why = meant or f"no convolution is meant by --where {where!r}; {_there_are(network, where)}"
    print(f"nothing was replaced: {why}", file=sys.stderr)
    return 1


def _there_are(network: Network, where: str) -> str:
    """Which kernels the network has; the numbers of its convolutions where one is asked for."""
    if _split(where, len(network.graph.input_shape) - 2)[0].numbers:
        numbers = [str(number) for number, node in enumerate(network.graph.nodes) if type(node.op) is Conv]
        some = ", ".join(numbers[:8]) + ", …" * (len(numbers) > 8)
        return f"operations are op=0 to op={len(network.graph.nodes) - 1}, convolutions among them {some or 'none'}"
    kernels = dict.fromkeys([node.op.kernel_size for node in network.graph.nodes if type(node.op) is Conv])
    each = [str(k[0]) if len(set(k)) == 1 else "x".join(map(str, k)) for k in kernels]
    return f"there are {', '.join([f'k{k}' for k in each[:8]])}" if each else "it has none"
