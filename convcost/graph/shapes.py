"""Output shapes, by arithmetic alone: they hold for integers, symbols and arrays of sizes."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

from . import ops


class ShapeError(ValueError):
    """A graph whose operations do not fit one another, with the reason in plain words."""


def conv_size(op: ops.Conv, size: ops.Ints) -> ops.Ints:
    """Spatial output size of a convolution over `size` (Dumoulin & Visin 2016, relationships 6 and 14).

    >>> conv_size(ops.Conv(1, 1, (3,), (2,), ((1, 1),), (1,)), (56,))
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


def pool_size(op: ops.Pool, size: ops.Ints) -> ops.Ints:
    """Spatial output size of a pooling; with `ceil_mode` the last window may hang over, but starts inside.

    >>> pool_size(ops.Pool("max", (3,), (2,), ((0, 0),), ceil_mode=True), (112,))
    (56,)
    """
    sizes = []
    spans = [d * (k - 1) + 1 for k, d in zip(op.kernel_size, op.dilation or (1,) * len(size))]
    for n, span, s, (before, after) in zip(size, spans, op.stride, op.padding):
        free = n + before + after - span
        windows = (free + s - 1 if op.ceil_mode else free) // s + 1
        sizes.append(min(windows, (n + before - 1) // s + 1) if op.ceil_mode else windows)
    return tuple(sizes)


def pool_overhang(op: ops.Pool, size: ops.Ints) -> ops.Ints:
    """How many positions behind the padding the last window of each axis hangs over.

    >>> pool_overhang(ops.Pool("max", (3,), (2,), ((0, 0),), ceil_mode=True), (112,))
    (1,)
    """
    spans = [d * (k - 1) + 1 for k, d in zip(op.kernel_size, op.dilation or (1,) * len(size))]
    return tuple([
        max(0, (out - 1) * s + span - n - before - after)
        for out, n, span, s, (before, after) in zip(pool_size(op, size), size, spans, op.stride, op.padding)
    ])  # fmt: skip


def _same(_: ops.Op, inputs: list[ops.Shape]) -> ops.Shape:
    return inputs[0]


#: The shape that each operation makes of those of its inputs, (batch, channels, *spatial).
SHAPES: ops.ByOp[Callable[[Any, list[ops.Shape]], ops.Shape]] = ops.ByOp(
    {
        ops.Conv: lambda op, inputs: (inputs[0][0], op.out_channels, *conv_size(op, inputs[0][2:])),
        ops.Linear: lambda op, inputs: (inputs[0][0], op.out_features, *inputs[0][2:]),
        ops.Concat: lambda _, inputs: (inputs[0][0], sum([shape[1] for shape in inputs]), *inputs[0][2:]),
        ops.Split: lambda op, inputs: (inputs[0][0], op.stop - op.start, *inputs[0][2:]),
        ops.Flatten: lambda _, inputs: (inputs[0][0], prod(inputs[0][1:])),
        ops.Pool: lambda op, inputs: (*inputs[0][:2], *pool_size(op, inputs[0][2:])),
        ops.AdaptivePool: lambda op, inputs: (*inputs[0][:2], *op.output_size),
        ops.Upsample: lambda op, inputs: (*inputs[0][:2], *[n * by for n, by in zip(inputs[0][2:], op.factor)]),
        ops.PixelShuffle: lambda op, inputs: (
            inputs[0][0],
            inputs[0][1] // prod(op.factor),
            *[n * by for n, by in zip(inputs[0][2:], op.factor)],
        ),
        ops.Pad: lambda op, inputs: (*inputs[0][:2], *[n + sum(pair) for n, pair in zip(inputs[0][2:], op.padding)]),
        ops.Attention: lambda op, inputs: (inputs[0][0], op.channels, *inputs[0][2:]),
        ops.Tokens: lambda op, inputs: (*inputs[0][:2], op.positions),
        ops.Counted: lambda op, _: op.output_shape,
    },
    dict.fromkeys(
        (ops.Add, ops.Multiply, ops.Shuffle, ops.Activation, ops.BatchNorm, ops.LayerNorm, ops.Scale, ops.Norm), _same
    ),
)


def output_shape(op: ops.Op, inputs: list[ops.Shape]) -> ops.Shape:
    """Shape of what `op` makes of `inputs`, all of them (batch, channels, *spatial)."""
    return SHAPES[type(op)](op, inputs)


def infer_shapes(graph: ops.Graph) -> list[ops.Shape]:
    """Shape of every value of `graph`, the input first."""
    shapes = [graph.input_shape]
    for node in graph.nodes:
        shapes.append(output_shape(node.op, [shapes[i] for i in node.inputs]))
    return shapes


def check_shapes(graph: ops.Graph) -> list[ops.Shape]:
    """`infer_shapes`, for a graph whose sizes are integers, raising ShapeError where nothing would come out."""
    shapes = infer_shapes(graph)
    for node, out in zip(graph.nodes, shapes[1:]):
        check_node(node, [shapes[i] for i in node.inputs], out)
    return shapes


def check_node(node: ops.Node, inputs: list[ops.Shape], out: ops.Shape) -> None:
    """Raise ShapeError where `node` cannot take `inputs`, or where nothing would be left of them."""
    CHECKS[type(node.op)](node.name, node.op, inputs, out)


def _check_left(name: str, _: ops.Op, inputs: list[ops.Shape], out: ops.Shape) -> None:
    if any([n < 1 for n in out[1:]]):
        raise ShapeError(f"{name}: nothing is left of the {sizes_in_words(inputs[0][2:])} input")


def _check_add(name: str, op: ops.Op, inputs: list[ops.Shape], out: ops.Shape) -> None:
    if inputs[0] != inputs[1]:
        raise ShapeError(
            f"the branch gives {sizes_in_words(inputs[0][1:])}, the shortcut {sizes_in_words(inputs[1][1:])}"
        )
    _check_left(name, op, inputs, out)


def _check_concat(name: str, op: ops.Op, inputs: list[ops.Shape], out: ops.Shape) -> None:
    if any(shape[2:] != inputs[0][2:] for shape in inputs):
        raise ShapeError(f"{name}: sizes {', '.join(sizes_in_words(shape[2:]) for shape in inputs)} differ")
    _check_left(name, op, inputs, out)


def _check_multiply(name: str, op: ops.Op, inputs: list[ops.Shape], out: ops.Shape) -> None:
    first, gate = inputs
    if any(b not in (1, a) for a, b in zip(first, (*gate, *first[len(gate) :]))):
        raise ShapeError(f"{name}: {sizes_in_words(gate[1:])} cannot be repeated over {sizes_in_words(first[1:])}")
    _check_left(name, op, inputs, out)


def _check_channels(
    name: str, op: ops.Linear | ops.BatchNorm | ops.LayerNorm | ops.Scale, inputs: list[ops.Shape], out: ops.Shape
) -> None:
    wanted = op.in_features if type(op) is ops.Linear else op.channels  # type: ignore[union-attr]  # the others have them
    if wanted != inputs[0][1]:
        raise ShapeError(f"{name}: takes {wanted} channels, gets {inputs[0][1]}")
    _check_left(name, op, inputs, out)


def _check_split(name: str, op: ops.Split, inputs: list[ops.Shape], out: ops.Shape) -> None:
    if not 0 <= op.start < op.stop <= inputs[0][1]:
        raise ShapeError(f"{name}: there are no channels {op.start} to {op.stop} among {inputs[0][1]}")
    _check_left(name, op, inputs, out)


def _check_shuffle(name: str, op: ops.Shuffle, inputs: list[ops.Shape], out: ops.Shape) -> None:
    if inputs[0][1] % op.groups:
        raise ShapeError(f"{name}: {op.groups} groups do not divide {inputs[0][1]} channels")
    _check_left(name, op, inputs, out)


def _check_norm(name: str, op: ops.Norm, inputs: list[ops.Shape], out: ops.Shape) -> None:
    if op.channels != inputs[0][1] or op.channels % op.groups:
        raise ShapeError(f"{name}: {op.groups} groups of {op.channels} channels, and gets {inputs[0][1]}")
    _check_left(name, op, inputs, out)


def _check_pixel_shuffle(name: str, op: ops.PixelShuffle, inputs: list[ops.Shape], out: ops.Shape) -> None:
    if inputs[0][1] % prod(op.factor):
        raise ShapeError(f"{name}: {inputs[0][1]} channels are no blocks of {sizes_in_words(op.factor)}")
    _check_left(name, op, inputs, out)


def _check_pad(name: str, op: ops.Pad, inputs: list[ops.Shape], _: ops.Shape) -> None:
    if op.mode in _REACH and not _padding_is_available(op.mode, op.padding, inputs[0][2:]):
        raise ShapeError(f"{name}: mode={op.mode} has no {sizes_in_words(inputs[0][2:])} input to copy that far from")
    cut = [max(0, -before) + max(0, -after) for before, after in op.padding]
    if any([n - taken < 1 for n, taken in zip(inputs[0][2:], cut)]):
        raise ShapeError(f"{name}: nothing is left of the {sizes_in_words(inputs[0][2:])} input")


def _check_attention(name: str, op: ops.Attention, inputs: list[ops.Shape], _: ops.Shape) -> None:
    if inputs[0][1] != 3 * op.channels or op.channels % op.heads:
        raise ShapeError(f"{name}: {op.heads} heads do not divide {inputs[0][1]} channels of queries, keys and values")


def _check_tokens(name: str, op: ops.Tokens, inputs: list[ops.Shape], _: ops.Shape) -> None:
    if (op.channels, op.positions - op.learned) != (inputs[0][1], prod(inputs[0][2:])):
        raise ShapeError(f"{name}: takes {op.positions - op.learned} positions, gets {sizes_in_words(inputs[0][2:])}")


def _check_conv(name: str, op: ops.Conv, inputs: list[ops.Shape], out: ops.Shape) -> None:
    given = inputs[0]
    if given[1] != op.in_channels:
        raise ShapeError(f"{name}: takes {op.in_channels} channels, gets {given[1]}")
    for channels in (op.in_channels, op.out_channels):
        if channels < 1 or channels % op.groups:
            raise ShapeError(f"{name}: {op.groups} groups do not divide {channels} channels")
    if min(out[2:]) < 1:
        kernel, size = sizes_in_words(op.kernel_size), sizes_in_words(given[2:])
        raise ShapeError(f"{name}: a {kernel} kernel does not fit the {size} input with its padding")
    if op.padding_mode in _REACH and not _padding_is_available(op.padding_mode, op.padding, given[2:]):
        raise ShapeError(
            f"{name}: padding_mode={op.padding_mode} has no {sizes_in_words(given[2:])} input to copy that far from"
        )


#: What each operation insists on: called with the node's name, the operation, its inputs' shapes and its output's.
CHECKS: ops.ByOp[Callable[[str, Any, list[ops.Shape], ops.Shape], None]] = ops.ByOp(
    {
        ops.Conv: _check_conv,
        ops.Add: _check_add,
        ops.Concat: _check_concat,
        ops.Multiply: _check_multiply,
        ops.Split: _check_split,
        ops.Shuffle: _check_shuffle,
        ops.Norm: _check_norm,
        ops.PixelShuffle: _check_pixel_shuffle,
        ops.Pad: _check_pad,
        ops.Attention: _check_attention,
        ops.Tokens: _check_tokens,
        ops.Counted: lambda *_: None,  # its shapes are those of a file
    },
    dict.fromkeys((ops.Linear, ops.BatchNorm, ops.LayerNorm, ops.Scale), _check_channels),
    dict.fromkeys((ops.Flatten, ops.Activation, ops.Pool, ops.AdaptivePool, ops.Upsample), _check_left),
)

#: How much less than the input's size a padding must be that copies from the input.
_REACH = {"reflect": 1, "circular": 0}


def _padding_is_available(mode: str, padding: ops.Pads, size: ops.Ints) -> bool:
    return all(max(pair) <= n - _REACH[mode] for pair, n in zip(padding, size))


def sizes_in_words(sizes: ops.Ints) -> str:
    """`(1, 3)` as `1x3`, the way specs write it."""
    return "x".join(map(str, sizes))
