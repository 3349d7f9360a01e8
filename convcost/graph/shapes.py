"""Output shapes, by arithmetic alone: they hold for integers, symbols and arrays of sizes."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

from .ops import (
    AdaptivePool,
    Add,
    Concat,
    Conv,
    Counted,
    Flatten,
    Graph,
    Ints,
    Linear,
    Multiply,
    Node,
    Op,
    Pads,
    Pool,
    Shape,
    Shuffle,
    Split,
)


class ShapeError(ValueError):
    """A graph whose operations do not fit one another, with the reason in plain words."""


def conv_size(op: Conv, size: Ints) -> Ints:
    """Spatial output size of a convolution over `size` (Dumoulin & Visin 2016, relationships 6 and 14).

    >>> conv_size(Conv(1, 1, (3,), (2,), ((1, 1),), (1,)), (56,))
    (28,)
    """
    if op.transposed:
        return tuple([
            (n - 1) * s - before - after + d * (k - 1) + extra + 1
            for n, k, s, (before, after), d, extra in zip(
                size, op.kernel_size, op.stride, op.padding, op.dilation, op.output_padding
            )
        ])  # fmt: skip
    return tuple([
        (n + before + after - d * (k - 1) - 1) // s + 1
        for n, k, s, (before, after), d in zip(size, op.kernel_size, op.stride, op.padding, op.dilation)
    ])  # fmt: skip


def pool_size(op: Pool, size: Ints) -> Ints:
    """Spatial output size of a pooling; with `ceil_mode` the last window may hang over, but starts inside.

    >>> pool_size(Pool("max", (3,), (2,), ((0, 0),), ceil_mode=True), (112,))
    (56,)
    """
    sizes = []
    for n, k, s, (before, after) in zip(size, op.kernel_size, op.stride, op.padding):
        free = n + before + after - k
        windows = (free + s - 1 if op.ceil_mode else free) // s + 1
        sizes.append(min(windows, (n + before - 1) // s + 1) if op.ceil_mode else windows)
    return tuple(sizes)


def output_shape(op: Op, inputs: list[Shape]) -> Shape:
    """Shape of what `op` makes of `inputs`, all of them (batch, channels, *spatial)."""
    if type(op) is Counted:
        return op.output_shape
    first = inputs[0]
    if type(op) is Conv:
        return (first[0], op.out_channels, *conv_size(op, first[2:]))
    rule = _SHAPES.get(type(op))
    return rule(op, inputs) if rule else first


#: Shapes of the operations that keep neither channels nor size.
_SHAPES: dict[type, Callable[[Any, list[Shape]], Shape]] = {
    Linear: lambda op, inputs: (inputs[0][0], op.out_features, *inputs[0][2:]),
    Concat: lambda _, inputs: (inputs[0][0], sum([shape[1] for shape in inputs]), *inputs[0][2:]),
    Split: lambda op, inputs: (inputs[0][0], op.stop - op.start, *inputs[0][2:]),
    Flatten: lambda _, inputs: (inputs[0][0], prod(inputs[0][1:])),
    Pool: lambda op, inputs: (*inputs[0][:2], *pool_size(op, inputs[0][2:])),
    AdaptivePool: lambda op, inputs: (*inputs[0][:2], *op.output_size),
}


def infer_shapes(graph: Graph) -> list[Shape]:
    """Shape of every value of `graph`, the input first."""
    shapes = [graph.input_shape]
    for node in graph.nodes:
        shapes.append(output_shape(node.op, [shapes[i] for i in node.inputs]))
    return shapes


def check_shapes(graph: Graph) -> list[Shape]:
    """`infer_shapes`, for a graph whose sizes are integers, raising ShapeError where nothing would come out."""
    shapes = infer_shapes(graph)
    for node, out in zip(graph.nodes, shapes[1:]):
        check_node(node, [shapes[i] for i in node.inputs], out)
    return shapes


def check_node(node: Node, inputs: list[Shape], out: Shape) -> None:
    """Raise ShapeError where `node` cannot take `inputs`, or where nothing would be left of them."""
    if type(node.op) is Counted:
        return
    op, first = node.op, inputs[0]
    if type(op) is Conv:
        _check_conv(node.name, op, first, out)
    elif type(op) is Add and first != inputs[1]:
        raise ShapeError(f"the branch gives {show(first[1:])}, the shortcut {show(inputs[1][1:])}")
    elif type(op) is Concat and any(shape[2:] != first[2:] for shape in inputs):
        raise ShapeError(f"{node.name}: sizes {', '.join(show(shape[2:]) for shape in inputs)} differ")
    elif type(op) is Multiply and any(b not in (1, a) for a, b in zip(first, (*inputs[1], *first[len(inputs[1]) :]))):
        raise ShapeError(f"{node.name}: {show(inputs[1][1:])} cannot be repeated over {show(first[1:])}")
    elif _channels(op) not in (None, first[1]):
        raise ShapeError(f"{node.name}: takes {_channels(op)} channels, gets {first[1]}")
    elif type(op) is Split and not 0 <= op.start < op.stop <= first[1]:
        raise ShapeError(f"{node.name}: there are no channels {op.start} to {op.stop} among {first[1]}")
    elif type(op) is Shuffle and first[1] % op.groups:
        raise ShapeError(f"{node.name}: {op.groups} groups do not divide {first[1]} channels")
    elif any([n < 1 for n in out[1:]]):
        raise ShapeError(f"{node.name}: nothing is left of the {show(first[2:])} input")


def _channels(op: Op) -> int | None:
    """How many channels an operation insists on."""
    return op.in_features if type(op) is Linear else getattr(op, "channels", None)


def _check_conv(name: str, op: Conv, given: Shape, out: Shape) -> None:
    if given[1] != op.in_channels:
        raise ShapeError(f"{name}: takes {op.in_channels} channels, gets {given[1]}")
    for channels in (op.in_channels, op.out_channels):
        if channels < 1 or channels % op.groups:
            raise ShapeError(f"{name}: {op.groups} groups do not divide {channels} channels")
    if min(out[2:]) < 1:
        kernel, size = show(op.kernel_size), show(given[2:])
        raise ShapeError(f"{name}: a {kernel} kernel does not fit the {size} input with its padding")
    if op.padding_mode in _REACH and not _padding_is_available(op.padding_mode, op.padding, given[2:]):
        raise ShapeError(f"{name}: padding_mode={op.padding_mode} has no {show(given[2:])} input to copy that far from")


#: How much less than the input's size a padding must be that copies from the input.
_REACH = {"reflect": 1, "circular": 0}


def _padding_is_available(mode: str, padding: Pads, size: Ints) -> bool:
    return all(max(pair) <= n - _REACH[mode] for pair, n in zip(padding, size))


def show(sizes: Ints) -> str:
    """`(1, 3)` as `1x3`, the way specs write it."""
    return "x".join(map(str, sizes))
