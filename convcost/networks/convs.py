"""One convolution of a network as the spec of a layer."""

from __future__ import annotations

from collections.abc import Sequence
from shlex import quote

from ..graph.ops import Activation, BatchNorm, Conv, Graph, Shape
from ..spec.errors import SpecError, clip
from ..spec.layer import LayerSpec
from .build import Network


def conv_spec(op: Conv, given: Shape, dtype: str) -> LayerSpec:
    """The spec of a convolution on an input of shape `given`.

    >>> op = Conv(64, 128, (3, 3), (2, 2), ((1, 1), (1, 1)), (1, 1))
    >>> conv_spec(op, (1, 64, 56, 56), "fp32").input_size
    (56, 56)
    """
    output_padding = op.output_padding or (0,) * len(op.kernel_size)
    return LayerSpec(
        op.in_channels, op.out_channels, op.kernel_size, given[2:], op.stride, op.padding, op.dilation, op.groups,
        op.bias, op.padding_mode, op.transposed, output_padding, given[0], dtype,
    )  # fmt: skip


def spec_of_layer(network: Network, name: str) -> LayerSpec:
    """The spec of the convolution of that name, with the norm and the activation that follow it.

    Raises SpecError for a name that is none, or that is no convolution, with the nearest one.
    """
    nodes = network.graph.nodes
    index = next((i for i, node in enumerate(nodes) if node.name == name), None)
    inside = [i for i, node in enumerate(nodes) if type(node.op) is Conv and is_inside(node.name, name)]
    if index is None and len(inside) == 1:
        index = inside[0]  # a module that is one convolution
    if index is None:
        raise no_such_layer(network, name)
    op = nodes[index].op
    if type(op) is not Conv:
        raise SpecError(f"{name} is no convolution", _nearest(name, network), name)
    spec = conv_spec(op, network.shapes[nodes[index].inputs[0]], network.graph.dtype)
    _, norm, activation = following(network.graph, index, readers(network.graph))
    return spec._replace(norm=norm, activation=activation)


def is_inside(name: str, whole: str) -> bool:
    """Is `name` that of a part of `whole`?

    >>> is_inside("stage2.1.conv", "stage2"), is_inside("/layer1/conv1/Conv", "/layer1/conv1"), is_inside("ab", "a")
    (True, True, False)
    """
    return name.startswith((f"{whole}.", f"{whole}/"))


def no_such_layer(network: Network, name: str) -> SpecError:
    """The error for a name that no layer has, with the nearest one."""
    return SpecError(f"{network.name} has no layer {clip(name)!r}", _nearest(name, network), name)


def _nearest(name: str, network: Network) -> str:
    from difflib import get_close_matches

    names = [node.name for node in network.graph.nodes if type(node.op) is Conv]
    inside = [known for known in names if is_inside(known, name)]
    near = inside[:3] or get_close_matches(name, names, n=3, cutoff=0.4) or names[:3]
    every = f"convcost network {typed(network.name)} --per-layer shows every name"
    return f"try {', '.join(near)}; {every}" if near else "there is no convolution in it"


def typed(network: str) -> str:
    """A network's name as a word of a command line; what was piped is -.

    >>> typed("resnet50"), typed("my net.txt"), typed("standard input")
    ('resnet50', "'my net.txt'", '-')
    """
    return "-" if network in ("standard input", "printed model") else quote(clip(network))


def readers(graph: Graph) -> Sequence[int]:
    """How many operations read each value, the output one more."""
    count = [0] * (len(graph.nodes) + 1)
    for node in graph.nodes:
        for value in set(node.inputs):
            count[value] += 1
    count[-1] += 1
    return count


def following(graph: Graph, index: int, uses: Sequence[int]) -> tuple[int, bool, str | None]:
    """How many nodes behind node `index` are its own norm and activation: their number, and which they are.

    A node is its own where nothing else reads what lies between.
    """
    end, norm, activation = index + 1, False, None
    if end < len(graph.nodes) and _continues(graph, end, uses) and type(graph.nodes[end].op) is BatchNorm:
        end, norm = end + 1, True
    if end < len(graph.nodes) and _continues(graph, end, uses):
        op = graph.nodes[end].op
        if type(op) is Activation:
            end, activation = end + 1, op.kind
    return end - index - 1, norm, activation


def _continues(graph: Graph, index: int, uses: Sequence[int]) -> bool:
    """Does node `index` read the value before it, and nobody else?"""
    return graph.nodes[index].inputs == (index,) and uses[index] == 1
