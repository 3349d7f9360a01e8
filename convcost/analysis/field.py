"""What an output position can see: receptive field, and what an operation mixes."""

from __future__ import annotations

from collections.abc import Callable
from math import gcd
from typing import Any

from ..graph import ops
from .sizes import common_divisor

Span = tuple[int, int]  # first and last position, along one axis


def receptive_field(graph: ops.Graph, shapes: list[ops.Shape]) -> ops.Ints | None:
    """Span of input positions that one output position sees, an axis each, on an unbounded input.

    Walks back from output position 0, every value holding the span that is needed of it (Araujo et
    al. 2019, section 2). From different positions a transposed convolution sees different spans: the
    largest counts. Where what follows it needs several of its positions, or branches meet, which of
    them are needed decides, which spans do not tell: None, not known.
    """
    if _is_branched(graph) and any([type(n.op) is ops.Conv and n.op.transposed for n in graph.nodes]):
        return None
    first = _walk_back(graph, shapes, [(0, 0) for _ in shapes[-1][2:]])
    if not any([type(node.op) in (ops.AdaptivePool, ops.Multiply) for node in graph.nodes]):
        return first
    last = _walk_back(
        graph, shapes, [(n - 1, n - 1) for n in shapes[-1][2:]]
    )  # either end may see more beside the pool
    return None if first is None or last is None else tuple([max(axis) for axis in zip(first, last)])


def _walk_back(graph: ops.Graph, shapes: list[ops.Shape], of_output: list[Span]) -> ops.Ints | None:
    needed: list[list[Span] | None] = [None] * (len(graph.nodes) + 1)
    needed[-1] = of_output
    for index in range(len(graph.nodes) - 1, -1, -1):
        spans, node = needed[index + 1], graph.nodes[index]
        if spans is None:
            continue
        for value in node.inputs:
            seen, known = op_spans(node.op, spans, shapes[value]), needed[value]
            if seen is None:
                return None
            needed[value] = seen if known is None else [_union(a, b) for a, b in zip(known, seen)]
    return None if needed[0] is None else _lengths(needed[0])


def op_field(op: ops.Op, given: ops.Shape) -> ops.Ints | None:
    """The same for one operation alone, on an input of shape `given`."""
    spans = op_spans(op, [(0, 0)] * (len(given) - 2), given)
    return None if spans is None else _lengths(spans)


def _lengths(spans: list[Span]) -> ops.Ints:
    return tuple([last - first + 1 for first, last in spans])


def _is_branched(graph: ops.Graph) -> bool:
    return any([len(node.inputs) > 1 for node in graph.nodes])


def _union(a: Span, b: Span) -> Span:
    return min(a[0], b[0]), max(a[1], b[1])


def op_spans(op: ops.Op, spans: list[Span], given: ops.Shape) -> list[Span] | None:
    """The spans of input positions that `op` needs for spans of its output positions, None if they do not tell."""
    return SPANS[type(op)](op, spans, given)


def _same(_: ops.Op, spans: list[Span], __: ops.Shape) -> list[Span]:
    return spans


def _conv_spans(op: ops.Conv, spans: list[Span], _: ops.Shape) -> list[Span] | None:
    if op.transposed:
        return _transposed_spans(op) if all([first == last for first, last in spans]) else None
    axes = zip(spans, op.kernel_size, op.stride, op.padding, op.dilation)
    return [(a * s - before, b * s - before + (k - 1) * d) for (a, b), k, s, (before, _), d in axes]


def _pool_spans(op: ops.Pool, spans: list[Span], _: ops.Shape) -> list[Span]:
    windows = zip(spans, op.kernel_size, op.stride, op.padding, op.dilation or (1,) * len(spans))
    return [(a * s - before, b * s - before + (k - 1) * d) for (a, b), k, s, (before, _), d in windows]


def _adaptive_spans(op: ops.AdaptivePool, spans: list[Span], given: ops.Shape) -> list[Span]:
    return [_adaptive_span(*axis) for axis in zip(spans, given[2:], op.output_size)]


def _upsampled_spans(op: ops.Upsample | ops.PixelShuffle, spans: list[Span], _: ops.Shape) -> list[Span]:
    """Position p shows p / s, rounded down; or weighs the two nearest to (p + 1/2) / s - 1/2."""
    if type(op) is ops.PixelShuffle or op.kind == "nearest":  # type: ignore[union-attr]  # an Upsample
        return [(a // s, b // s) for (a, b), s in zip(spans, op.factor)]
    return [((2 * a + 1 - s) // (2 * s), -((s - 1 - 2 * b) // (2 * s))) for (a, b), s in zip(spans, op.factor)]


def _whole_spans(op: ops.Norm | ops.Attention | ops.Tokens, spans: list[Span], given: ops.Shape) -> list[Span]:
    """Statistics over space, pairs of all positions, and positions put in a row: everything there is."""
    local = type(op) is ops.Norm and op.kind in ("rms-norm", "softmax")
    return spans if local else [(0, n - 1) for n in given[2:]]


def _repeated_spans(_: ops.Op, spans: list[Span], given: ops.Shape) -> list[Span]:
    """A factor of size 1 is one position, whatever part of the product is needed."""
    return [(0, 0) if n == 1 else span for n, span in zip(given[2:], spans)]


def _counted_spans(op: ops.Counted, spans: list[Span], given: ops.Shape) -> list[Span] | None:
    """What it sees is known where it works element by element."""
    known = op.in_place and len(given) == len(op.output_shape)
    return _repeated_spans(op, spans, given) if known else None


SPANS: ops.ByOp[Callable[[Any, list[Span], ops.Shape], list[Span] | None]] = ops.ByOp(
    {
        ops.Conv: _conv_spans,
        ops.Pool: _pool_spans,
        ops.AdaptivePool: _adaptive_spans,
        ops.Flatten: lambda _, __, given: [(0, n - 1) for n in given[2:]],
        ops.Multiply: _repeated_spans,
        ops.Upsample: _upsampled_spans,
        ops.PixelShuffle: _upsampled_spans,
        ops.Pad: lambda op, spans, _: [(a - before, b - before) for (a, b), (before, _) in zip(spans, op.padding)],
        ops.Counted: _counted_spans,
    },
    dict.fromkeys((ops.Norm, ops.Attention, ops.Tokens), _whole_spans),
    dict.fromkeys((ops.Linear, ops.Add, ops.Concat, ops.Split, ops.Shuffle), _same),
    dict.fromkeys((ops.Activation, ops.BatchNorm, ops.LayerNorm, ops.Scale), _same),
)


def _adaptive_span(span: Span, size: int, windows: int) -> Span:
    """The largest span of neighbouring windows i, floor(i n / m) to ceil((i + 1) n / m)."""
    first = span[0] * size // windows
    width = (span[1] - span[0] + 1) * size
    return first, first + -(-(width + windows - common_divisor(size, windows)) // windows) - 1


def _transposed_spans(op: ops.Conv) -> list[Span]:
    """The most that one output position sees, input i meeting output i * stride + t * dilation for each tap t.

    The taps that meet one output lie stride / gcd(stride, dilation) apart, from the first tap on at best.
    """
    spans = []
    for k, s, d in zip(op.kernel_size, op.stride, op.dilation):
        apart = s // gcd(s, d)
        spans.append((0, (k - 1) // apart * apart * d // s))
    return spans


def _conv_mixes(op: ops.Conv) -> list[str]:
    space = ["space"] if any([k > 1 for k in op.kernel_size]) else []
    return space + (["channels"] if op.in_channels > op.groups else [])


def _norm_mixes(op: ops.Norm) -> list[str]:
    over_space = op.kind in ("group-norm", "instance-norm")
    return ["space"] * over_space + ["channels"] * (op.channels > op.groups)


MIXES: ops.ByOp[Callable[[Any], list[str]]] = ops.ByOp(
    {
        ops.Conv: _conv_mixes,
        ops.Linear: lambda op: ["channels"] if op.in_features > 1 else [],
        ops.LayerNorm: lambda op: ["channels"] if op.channels > 1 else [],
        ops.Pool: lambda op: ["space"] if any([k > 1 for k in op.kernel_size]) else [],
        ops.AdaptivePool: lambda _: ["space"],
        ops.Norm: _norm_mixes,
        ops.Upsample: lambda op: ["space"] if any([by > 1 for by in op.factor]) else [],
        ops.PixelShuffle: lambda op: ["space", "channels"] if any([by > 1 for by in op.factor]) else [],
        ops.Attention: lambda _: ["space", "channels"],
    },
    dict.fromkeys((ops.Add, ops.Multiply, ops.Concat, ops.Split, ops.Shuffle, ops.Flatten), lambda _: []),
    dict.fromkeys((ops.Activation, ops.BatchNorm, ops.Scale, ops.Pad, ops.Tokens, ops.Counted), lambda _: []),
)


def mixes(op: ops.Op) -> list[str]:
    """What an operation combines: positions in space, channels, both or neither."""
    return MIXES[type(op)](op)
