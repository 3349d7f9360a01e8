"""What an output hears of the input: mixing, found by disturbing one input at a time, and the receptive field, found
by giving every input position its number and following the first and the last that reach each output.

Each disturbance is one image of a batch that is zero elsewhere; weights are ones, so nothing cancels, and after
each operation what is not zero becomes one. A border copied from the input is taken for zeros: on an input without
an end there is none. What was found once is remembered: layers of a kind differ in sizes that do not matter here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import lru_cache
from math import lcm, prod
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ...graph.ops import (
    Activation,
    AdaptivePool,
    Add,
    Attention,
    BatchNorm,
    ByOp,
    Concat,
    Conv,
    Counted,
    Flatten,
    Graph,
    Ints,
    LayerNorm,
    Linear,
    Multiply,
    Node,
    Norm,
    Op,
    Pad,
    PixelShuffle,
    Pool,
    Scale,
    Shuffle,
    Split,
    Tokens,
    Upsample,
)
from ..windows import adaptive_windows, landing_starts, pool_starts, tap_offsets, window_starts
from .counting import conv_weights, convolve, convolve_transposed

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Numbers of one disturbed batch, and additions over its taps, beyond which nothing is executed: a third of a second.
MOST_NUMBERS, MOST_ADDITIONS = 1 << 24, 1 << 29

#: Positions on either side of the input that a receptive field is first looked for in, and of all that at most.
FIRST_MARGIN, MOST_LENGTH = 64, 1 << 18


class Line(NamedTuple):
    """What an operation makes along one axis: of every position the first and the last input position that reach it.

    The entries are those of positions from `start` on, all of which see nothing beyond the input's end: the input was
    made so much longer. `size` is how many positions there really are, from 0 on. What nothing reaches has its first
    behind its last.
    """

    start: int
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    size: int

    @property
    def stop(self) -> int:
        """The position behind the last entry."""
        return self.start + len(self.first)


#: What the first and the last are of a position that no input reaches.
NOTHING = 1 << 62


def measured_field(graph: Graph) -> Ints | None:
    """The receptive field of a graph, an axis each: the most that one output sees, its ends included.

    >>> conv = Conv(1, 1, (3,), (2,), ((1, 1),), (2,))
    >>> measured_field(Graph((1, 1, 9), "fp32", (Node("conv", conv, (0,)),)))
    (5,)

    None where showing it would take too large an input, or where an operation is not executed. Several channels count
    as one: those of an operation's inputs are heard together.
    """
    nodes = tuple([Node("", _of_one_channel(node.op), node.inputs) for node in graph.nodes])
    return _field(tuple([type(node.op) for node in nodes]), nodes, graph.input_shape[2:])


def measured_op_field(op: Op, size: Ints) -> Ints | None:
    """The same for one operation alone, on an input of that size."""
    return _field((type(op),), (Node("", _of_one_channel(op), (0,)),), size)


def _of_one_channel(op: Op) -> Op:
    """What decides a field, and nothing else, so that it is found once."""
    one = {"in_channels": 1, "out_channels": 1, "groups": 1, "bias": False, "padding_mode": "zeros"}
    return op._replace(**one) if isinstance(op, Conv) else op  # type: ignore[arg-type]  # fields of a Conv


#: Operations whose field is another on an input of another size.
SIZED = AdaptivePool | Flatten | Multiply | Norm | Attention | Tokens | Counted


@lru_cache(maxsize=4096)
def _field(_kinds: tuple[type, ...], nodes: tuple[Node, ...], size: Ints) -> Ints | None:
    """`_kinds` tells apart what are equal as tuples."""
    sized = any([isinstance(node.op, SIZED) for node in nodes])
    spans = [_span(nodes, axis, n if sized else 0) for axis, n in enumerate(size)]
    return None if None in spans else tuple([span for span in spans if span is not None])


def _span(nodes: tuple[Node, ...], axis: int, size: int) -> int | None:
    """Along one axis: with a margin on either side that is doubled until no output sees the end of it.

    `size` is that of the input where it matters, as to a global pooling: then every real output counts. Else it is 0,
    all outputs are alike but for the rhythm of transposed convolutions, and any that are there count.
    """
    period = lcm(1, *[node.op.stride[axis] for node in nodes if isinstance(node.op, Conv) and node.op.transposed])
    taps = sum([node.op.kernel_size[axis] for node in nodes if isinstance(node.op, Conv | Pool)])
    margin = FIRST_MARGIN
    while period <= margin and size + 2 * margin <= MOST_LENGTH:
        if (size + 2 * margin) * (taps + len(nodes)) > MOST_ADDITIONS:
            return None
        made = _follow(nodes, axis, size, margin)
        if made is None:
            return None
        if made.start <= 0 and made.stop >= max(made.size, period):
            kept = slice(-made.start, made.size - made.start) if size else slice(None)
            first, last = made.first[kept], made.last[kept]
            return int(np.max(last - first + 1, initial=0, where=last >= first))
        margin *= 2
    return None


def heard_fields(graph: Graph, sizes: dict[int, Ints], source: int = 0, most: int = 0) -> list[Ints | None]:
    """Of each operation, how many positions of the input `source` one of its outputs hears at most, an axis each.

    `sizes` are those of the inputs, by their number among the values; `most` is how much is expected at most, which
    saves trying. None: nothing is heard, or too large an input would be needed, or an operation is not executed.

    >>> conv = Conv(1, 1, (3,), (2,), ((1, 1),), (1,))
    >>> heard_fields(Graph((1, 1, 9), "fp32", (Node("a", conv, (0,)), Node("b", conv, (1,)))), {0: (9,)})
    [(3,), (7,)]
    """
    nodes = tuple([Node("", _of_one_channel(node.op), node.inputs) for node in graph.nodes])
    axes: list[list[int | None]] = []
    for axis in range(len(sizes[source])):
        if axis and _is_like_the_last(nodes, list(sizes.values()), axis):
            axes.append(axes[-1])
        else:
            axes.append(_heard_along(nodes, axis, {n: size[axis] for n, size in sizes.items()}, source, most))
    together = [tuple([length for length in lengths if length is not None]) for lengths in zip(*axes)]
    return [lengths if axes and len(lengths) == len(axes) else None for lengths in together or [()] * len(nodes)]


def _is_like_the_last(nodes: tuple[Node, ...], sizes: list[Ints], axis: int) -> bool:
    """Is everything along that axis as it is along the one before it?"""
    fields = ("kernel_size", "stride", "padding", "dilation", "output_padding", "output_size", "factor")
    pairs = [getattr(node.op, field)[axis - 1 : axis + 1] for node in nodes for field in fields
             if hasattr(node.op, field)]  # fmt: skip
    shapes = [node.op.output_shape[axis + 1 : axis + 3] for node in nodes if isinstance(node.op, Counted)]
    return all([len(set(pair)) < 2 for pair in [*pairs, *shapes, *[size[axis - 1 : axis + 1] for size in sizes]]])


def _heard_along(
    nodes: tuple[Node, ...], axis: int, sizes: dict[int, int], source: int, most: int
) -> list[int | None]:  # fmt: skip
    """Along one axis, with a margin that is doubled until no output sees an end of the input."""
    taps = sum([node.op.kernel_size[axis] for node in nodes if isinstance(node.op, Conv | Pool)])
    margin, size = max(most, FIRST_MARGIN), max(sizes.values())
    while size + 2 * margin <= MOST_LENGTH and (size + 2 * margin) * (taps + len(nodes)) <= MOST_ADDITIONS:
        try:
            return _heard_at(nodes, axis, sizes, source, margin)
        except _TooShort:
            margin *= 2
    return [None] * len(nodes)


def _heard_at(
    nodes: tuple[Node, ...], axis: int, sizes: dict[int, int], source: int, margin: int
) -> list[int | None]:  # fmt: skip
    uses = Counter([value for node in nodes for value in node.inputs])
    lines: dict[int, Line | None] = {0: _numbered(sizes[0], margin, heard=source == 0)}
    found: list[int | None] = []
    for number, node in enumerate(nodes, 1):
        given = [lines[value] for value in node.inputs]
        known = [line for line in given if line is not None]
        if not node.inputs:
            lines[number] = _numbered(sizes[number], margin, heard=source == number)
        else:
            short = len(known) == len(given) and _length(node.op, axis, known) <= MOST_LENGTH
            lines[number] = FOLLOW[type(node.op)](node.op, axis, known) if short else None
        made = lines[number]
        found.append(None if made is None else _widest(_part(made, 0, made.size)))
        for value in node.inputs:
            uses[value] -= 1
            if not uses[value]:
                lines.pop(value, None)
    return found


def _length(op: Op, axis: int, lines: list[Line]) -> int:
    """About how many positions an operation makes along an axis, those beyond its ends included."""
    given = max([len(line.first) for line in lines])
    if isinstance(op, AdaptivePool):
        return op.output_size[axis] * (given // max(1, lines[0].size) + 1)
    if isinstance(op, Conv) and op.transposed:
        return given * op.stride[axis]
    if isinstance(op, Upsample | PixelShuffle):
        return given * op.factor[axis]
    if isinstance(op, Pad):
        return given + sum(map(abs, op.padding[axis]))
    return max(given, op.positions) if isinstance(op, Tokens) else given


def _numbered(size: int, margin: int, *, heard: bool) -> Line:
    """An input along one axis: every position with its number, or silent."""
    places = np.arange(-margin, size + margin)
    silent = np.full(len(places), NOTHING)
    return Line(-margin, places, places, size) if heard else Line(-margin, silent, -silent, size)


def _widest(line: Line) -> int | None:
    most = int(np.max(line.last - line.first + 1, initial=0, where=line.last >= line.first))
    return most or None


def _follow(nodes: tuple[Node, ...], axis: int, size: int, margin: int) -> Line | None:
    """The output of a graph along one axis, empty for too small a margin; None where an operation is not executed."""
    places = np.arange(-margin, size + margin)
    lines = [Line(-margin, places, places, max(1, size))]
    for node in nodes:
        given = [lines[value] for value in node.inputs]
        if given and _length(node.op, axis, given) > MOST_LENGTH:
            return None
        try:
            line = FOLLOW[type(node.op)](node.op, axis, given)
        except _TooShort:
            return Line(1, places[:0], places[:0], 0)
        if line is None:
            return None
        lines.append(line)
    return lines[-1]


class _TooShort(Exception):  # noqa: N818  no error: it is tried again with a longer input
    """The input has too small a margin."""


def _slide(line: Line, taps: int, stride: int, dilation: int, before: int, size: int) -> Line:
    """Windows `stride` apart, of which number 0 starts `before` in front of position 0, wherever they lie inside."""
    offsets, number = tap_offsets(taps, dilation), -(-(line.start + before) // stride)
    starts = range(number * stride - before, line.stop - offsets[-1], stride)
    if not starts:
        raise _TooShort
    views = [slice(starts.start + o - line.start, starts.stop + o - line.start, stride) for o in offsets]
    first, last = line.first[views[0]].copy(), line.last[views[0]].copy()
    for view in views[1:]:
        np.minimum(first, line.first[view], out=first)
        np.maximum(last, line.last[view], out=last)
    return Line(number, first, last, size)


def _follow_conv(op: Conv, axis: int, lines: list[Line]) -> Line:
    (line,), (before, after) = lines, op.padding[axis]
    taps, stride, dilation = op.kernel_size[axis], op.stride[axis], op.dilation[axis]
    if op.transposed:
        return _land(op, axis, line)
    length = before + line.size + after
    fits = length > tap_offsets(taps, dilation)[-1]  # an operation alone may be asked for where it makes nothing
    size = len(window_starts(length, tap_offsets(taps, dilation), stride)) if fits else 1
    return _slide(line, taps, stride, dilation, before, size)


def _land(op: Conv, axis: int, line: Line) -> Line:
    """Every position reaches where its taps land; kept are the places of which all that land there are known."""
    (before, after), stride = op.padding[axis], op.stride[axis]
    offsets = tap_offsets(op.kernel_size[axis], op.dilation[axis])
    count = len(line.first)
    first = np.full(count * stride + offsets[-1], NOTHING)
    last = -first
    for offset in offsets:
        view = slice(offset, offset + (count - 1) * stride + 1, stride)
        np.minimum(first[view], line.first, out=first[view])
        np.maximum(last[view], line.last, out=last[view])
    known = slice(offsets[-1], count * stride)
    extra = op.output_padding[axis] if op.output_padding else 0
    size = landing_starts(line.size, stride)[-1] + offsets[-1] + 1 + extra - before - after
    return Line(line.start * stride - before + offsets[-1], first[known], last[known], max(1, size))


def _follow_pool(op: Pool, axis: int, lines: list[Line]) -> Line:
    (line,), pads, dilation = lines, op.padding[axis], op.dilation[axis] if op.dilation else 1
    span = tap_offsets(op.kernel_size[axis], dilation)[-1] + 1
    starts = pool_starts(line.size, span, op.stride[axis], pads, hang_over=op.ceil_mode)
    return _slide(line, op.kernel_size[axis], op.stride[axis], dilation, pads[0], max(1, len(starts)))


def _follow_upsample(op: Upsample | PixelShuffle, axis: int, lines: list[Line]) -> Line:
    """Each position lands on those that copy it, or on those whose centres lie less than one position from its own."""
    (line,), by = lines, op.factor[axis]
    copied = isinstance(op, PixelShuffle) or op.kind == "nearest"
    offsets = range(by) if copied else [q for q in range(-by, 2 * by) if abs(2 * q - by + 1) < 2 * by]
    first = np.full((len(line.first) - 1) * by + offsets[-1] - offsets[0] + 1, NOTHING)
    last = -first
    for offset in offsets:
        view = slice(offset - offsets[0], offset - offsets[0] + (len(line.first) - 1) * by + 1, by)
        np.minimum(first[view], line.first, out=first[view])
        np.maximum(last[view], line.last, out=last[view])
    reach = offsets[-1] - offsets[0] + 1 - by  # beyond the copies: there the next position lands, too
    known = slice(reach, len(first) - reach)
    return Line(line.start * by + offsets[0] + reach, first[known], last[known], line.size * by)


def _follow_pad(op: Pad, axis: int, lines: list[Line]) -> Line:
    """The same line, its places moved."""
    (line,) = lines
    if axis >= len(op.padding):  # its positions are in a row
        return line
    before, after = op.padding[axis]
    return line._replace(start=line.start + before, size=before + line.size + after)


def _follow_norm(op: Norm, axis: int, lines: list[Line]) -> Line:
    return _follow_all(op, axis, lines) if op.kind in ("group-norm", "instance-norm") else lines[0]


def _follow_all(_: Op, _axis: int, lines: list[Line]) -> Line:
    """Every position hears all real ones."""
    (line,) = lines
    real, ones = _part(line, 0, line.size), np.ones(len(line.first), np.int64)
    return Line(line.start, real.first.min() * ones, real.last.max() * ones, line.size)


def _follow_tokens(op: Tokens, axis: int, lines: list[Line]) -> Line:
    """All in a row, each place may be any."""
    only, ones = _follow_flatten(op, axis, lines), np.ones(op.positions, np.int64)
    return Line(0, only.first * ones, only.last * ones, op.positions)


def _follow_adaptive(op: AdaptivePool, axis: int, lines: list[Line]) -> Line:
    """Its windows, and those that would follow in the same rhythm on either side."""
    (line,), count = lines, op.output_size[axis]
    own, rounds = adaptive_windows(line.size, count), range(line.start // line.size, line.stop // line.size + 1)
    ends = [(i * count + number, i * line.size + w.start, i * line.size + w.stop)
            for i in rounds for number, w in enumerate(own)]  # fmt: skip
    inside = [(number, a - line.start, b - line.start) for number, a, b in ends if a >= line.start and b <= line.stop]
    if not inside:
        raise _TooShort
    first = np.array([line.first[a:b].min() for _, a, b in inside])
    return Line(inside[0][0], first, np.array([line.last[a:b].max() for _, a, b in inside]), count)


def _follow_flatten(_: Op, _axis: int, lines: list[Line]) -> Line:
    """All real positions are one."""
    (line,) = lines
    real = _part(line, 0, line.size)
    return Line(0, real.first.min(keepdims=True), real.last.max(keepdims=True), 1)


def _part(line: Line, start: int, stop: int) -> Line:
    if line.start > start or line.stop < stop:
        raise _TooShort
    part = slice(start - line.start, stop - line.start)
    return Line(start, line.first[part], line.last[part], line.size)


def _follow_together(_: Op, _axis: int, lines: list[Line]) -> Line:
    """What reaches any of the inputs."""
    start, stop = max([line.start for line in lines]), min([line.stop for line in lines])
    if start >= stop:
        raise _TooShort
    parts = [_part(line, start, stop) for line in lines]
    first, last = (np.minimum.reduce([p.first for p in parts]), np.maximum.reduce([p.last for p in parts]))
    return Line(start, first, last, lines[0].size)


def _follow_product(op: Op, axis: int, lines: list[Line]) -> Line:
    """A factor with one position reaches all positions of the other."""
    whole = next((line for line in lines if line.size != 1), lines[0])
    return _follow_together(op, axis, [_repeated(line, whole) for line in lines])


def _repeated(line: Line, like: Line) -> Line:
    if line.size != 1:
        return line
    only, ones = _part(line, 0, 1), np.ones(len(like.first), np.int64)
    return Line(like.start, only.first * ones, only.last * ones, like.size)


def _follow_counted(op: Counted, axis: int, lines: list[Line]) -> Line | None:
    """Not executed; where it says that it may write over its input, it works element by element."""
    if not lines:
        return None
    same = op.in_place and len(op.output_shape) > axis + 2
    return _follow_product(op, axis, lines) if same else None


#: How each operation passes on what reaches it along an axis: called with the operation, the axis and its inputs.
FOLLOW: ByOp[Callable[[Any, int, list[Line]], Line | None]] = ByOp(
    {
        Conv: _follow_conv,
        Pool: _follow_pool,
        AdaptivePool: _follow_adaptive,
        Flatten: _follow_flatten,
        Multiply: _follow_product,
        Norm: _follow_norm,
        Pad: _follow_pad,
        Attention: _follow_all,
        Tokens: _follow_tokens,
        Counted: _follow_counted,
    },
    dict.fromkeys((Upsample, PixelShuffle), _follow_upsample),
    dict.fromkeys((Add, Concat), _follow_together),
    dict.fromkeys((Linear, Split, Shuffle, Activation, BatchNorm, LayerNorm, Scale), lambda _, __, lines: lines[0]),
)


def reach(ops: Sequence[Conv], axis: int) -> tuple[int, int]:
    """Along an axis, the span of convolutions in a row, and how far apart the windows of neighbouring outputs lie.

    >>> conv = Conv(1, 1, (3,), (2,), ((1, 1),), (1,))
    >>> reach([conv, conv], 0)
    (7, 4)
    """
    span, step = 1, 1
    for op in ops:
        span += (op.kernel_size[axis] - 1) * op.dilation[axis] * step
        step *= 1 if op.transposed else op.stride[axis]
    return span, step


def measured_mixes(graph: Graph) -> list[str] | None:
    """What the operations of a graph combine, each of them alone; None where it would take too large an input.

    >>> depthwise = Conv(2, 2, (3,), (1,), ((1, 1),), (1,), groups=2)
    >>> measured_mixes(Graph((1, 2, 5), "fp32", (Node("depthwise", depthwise, (0,)),)))
    ['space']
    """
    found = set[str]()
    for node in graph.nodes:
        mixed = op_mixes(node.op)
        if mixed is None:
            return None
        found.update(mixed)
    return [word for word in ("space", "channels") if word in found]


def op_mixes(op: Op) -> list[str] | None:
    """The same of one operation; None too where it is not executed.

    Space: a position is heard at several, or several at one. Channels: several are heard in one.
    """
    found = _mixes(type(op).__name__, SMALLER[type(op)](op))
    return None if found is None else [*found]


def _smaller_conv(op: Conv) -> Conv:
    """Two groups of two channels stand for all of them."""
    groups, inner, outer = (min(n, 2) for n in (op.groups, op.in_channels // op.groups, op.out_channels // op.groups))
    return op._replace(in_channels=groups * inner, out_channels=groups * outer, groups=groups, padding_mode="zeros")


#: The same operation on few channels and positions.
SMALLER: ByOp[Callable[[Any], Any]] = ByOp(
    {
        Conv: _smaller_conv,
        Linear: lambda op: Linear(min(op.in_features, 2), min(op.out_features, 2)),
        Split: lambda _: Split(1, 3),
        Norm: lambda op: op._replace(channels=2 * min(2, op.channels // op.groups), groups=min(2, op.groups)),
        Pad: lambda op: Pad(((1, 1),) * len(op.padding)),
        Attention: lambda _: Attention(1, 2),
        Tokens: lambda _: Tokens(1, 4, 13),
        Shuffle: lambda _: Shuffle(2),
        AdaptivePool: lambda op: op._replace(output_size=(2,) * len(op.output_size)),
    },
    dict.fromkeys((BatchNorm, LayerNorm, Scale), lambda op: op._replace(channels=min(op.channels, 4))),
    dict.fromkeys((Add, Multiply, Concat, Flatten, Activation, Pool, Upsample, PixelShuffle, Counted), lambda op: op),
)


@lru_cache(maxsize=4096)
def _mixes(_kind: str, op: Any) -> tuple[str, ...] | None:
    """`_kind` tells apart what are equal as tuples."""
    kind: type = type(op)
    channels, size = CHANNELS[kind](op), _roomy(op)
    taps = prod(op.kernel_size) if isinstance(op, Conv | Pool) else 1
    numbers = max(size) * prod(size) * channels
    if numbers > MOST_NUMBERS or numbers * taps > MOST_ADDITIONS:
        return None
    met = [_meets(op, size, axis, channels) for axis in range(len(size))]
    disturbed = np.zeros((channels, *size, channels), np.uint8)
    disturbed[np.arange(channels), ..., np.arange(channels)] = 1
    made = HEARD[kind](op, disturbed)
    known = [meets for meets in met if meets is not None]
    if made is None or len(known) < len(met):
        return None
    space = any(bool((meets.sum(axis=0) > 1).any() or (meets.sum(axis=1) > 1).any()) for meets in known)
    hears = made.reshape(channels, -1, made.shape[-1]).any(axis=1)
    return ("space",) * space + ("channels",) * bool((hears.sum(axis=0) > 1).any())


#: Channels of the input on which an operation is tried.
CHANNELS: ByOp[Callable[[Any], int]] = ByOp(
    {
        Conv: lambda op: op.in_channels,
        Linear: lambda op: op.in_features,
        PixelShuffle: lambda op: 2 * prod(op.factor),
        Attention: lambda op: 3 * op.channels,
    },
    dict.fromkeys((BatchNorm, LayerNorm, Scale, Norm, Tokens), lambda op: op.channels),
    dict.fromkeys((Upsample, Pad), lambda _: 2),
    dict.fromkeys(
        (Add, Multiply, Concat, Split, Shuffle, Flatten, Activation, Pool, AdaptivePool, Counted), lambda _: 4
    ),
)


def _roomy(op: Op) -> Ints:
    """An input in which one output sees no border, whatever its place among the strides."""
    if isinstance(op, AdaptivePool):
        return tuple([2 * n + 1 for n in op.output_size])
    if isinstance(op, Pool):
        op = Conv(1, 1, op.kernel_size, op.stride, op.padding, op.dilation or (1,) * len(op.stride))
    if isinstance(op, Upsample | PixelShuffle | Pad):
        return tuple(range(3, 3 + len(op.padding if isinstance(op, Pad) else op.factor)))
    if not isinstance(op, Conv):
        return (3, 4)
    sizes = []
    for axis, stride in enumerate(op.stride):
        span, step = reach([op], axis)
        least = span + step - 1 + op.transposed * sum(op.padding[axis])
        sizes.append(least + -least % stride)
    return tuple(sizes)


def _meets(op: Op, size: Ints, axis: int, channels: int) -> NDArray[np.bool_] | None:
    """Which disturbance of a position of `axis`, all others and all channels with it, meets which output position."""
    disturbed = np.zeros((size[axis], *size, channels), np.uint8)
    np.moveaxis(disturbed, axis + 1, 1)[np.arange(size[axis]), np.arange(size[axis])] = 1
    heard = HEARD[type(op)](op, disturbed)
    if heard is None or heard.ndim == 2:  # there are no positions left that could be heard together
        return None if heard is None else np.eye(size[axis], dtype=bool)
    made = np.moveaxis(heard, axis + 1, 1)
    meets: NDArray[np.bool_] = np.logical_or.reduce(made.reshape(*made.shape[:2], -1), axis=-1)
    return meets


def _hear_conv(op: Conv, given: NDArray[Any]) -> NDArray[Any]:
    op = op._replace(padding_mode="zeros", bias=False)
    weights = conv_weights(op)
    counts = convolve_transposed(op, given, weights)[1] if op.transposed else convolve(op, given, weights).effective
    return (counts > 0).view(np.uint8).repeat(len(weights.readers[0]), axis=-1)


def _hear_windows(given: NDArray[Any], axes: Sequence[Sequence[slice]]) -> NDArray[Any]:
    """The maximum of each window, an axis after the other."""
    for axis, windows in enumerate(axes, 1):
        given = np.stack([given[(slice(None),) * axis + (w,)].max(axis=axis, initial=0) for w in windows], axis)
    return given


def _hear_pool(op: Pool, given: NDArray[Any]) -> NDArray[Any]:
    axes = []
    dilation = op.dilation or (1,) * len(op.kernel_size)
    for n, k, s, pads, d in zip(given.shape[1:], op.kernel_size, op.stride, op.padding, dilation):
        span = tap_offsets(k, d)[-1] + 1
        starts = [start - pads[0] for start in pool_starts(n, span, s, pads, hang_over=op.ceil_mode)]
        axes.append([slice(start % d if start < 0 else start, max(0, start + span), d) for start in starts])
    return _hear_windows(given, axes)


def _hear_upsample(op: Upsample, given: NDArray[Any]) -> NDArray[Any]:
    """Along each axis after the other; where two are weighed, each is heard from the middle of the other on."""
    for axis, by in enumerate(op.factor, 1):
        reach = 0 if op.kind == "nearest" or by == 1 else (3 * by - 2) // 2 - by + 1
        n = given.shape[axis]
        copies = given.repeat(by, axis)
        moved = [copies.take(np.clip(np.arange(n * by) + shift, 0, n * by - 1), axis) for shift in (-reach, 0, reach)]
        given = np.maximum.reduce(moved)
    return given


def _hear_pixel_shuffle(op: PixelShuffle, given: NDArray[Any]) -> NDArray[Any]:
    """Of every block of channels each is heard at one place of its block of positions."""
    batch, *size, channels = given.shape
    made = np.zeros((batch, *[n * by for n, by in zip(size, op.factor)], channels // prod(op.factor)), given.dtype)
    for channel in range(channels):
        place = [int(at) for at in np.unravel_index(channel % prod(op.factor), op.factor)]
        views: list[Any] = [slice(at, None, by) for at, by in zip(place, op.factor)]
        made[:, *views, channel // prod(op.factor)] = given[..., channel]
    return made


def _hear_pad(op: Pad, given: NDArray[Any]) -> NDArray[Any]:
    return np.pad(given, [(0, 0), *op.padding, (0, 0)])


def _hear_norm(op: Norm, given: NDArray[Any]) -> NDArray[Any]:
    """Each number hears its group, at its own position or at all of them."""
    grouped = given.reshape(*given.shape[:-1], op.groups, -1)
    over_space = tuple(range(1, given.ndim - 1)) if op.kind in ("group-norm", "instance-norm") else ()
    heard = grouped.max(axis=(*over_space, grouped.ndim - 1), keepdims=True)
    return np.broadcast_to(heard, grouped.shape).reshape(given.shape)


def _hear_attention(op: Attention, given: NDArray[Any]) -> NDArray[Any]:
    """Its own query, all keys, and the values of its own channel at all positions."""
    queries, keys, values = (given[..., part * op.channels : (part + 1) * op.channels] for part in range(3))
    space = tuple(range(1, given.ndim - 1))
    met = np.maximum(queries.max(axis=-1, keepdims=True), keys.max(axis=(*space, -1), keepdims=True))
    heard: NDArray[Any] = np.maximum(met, values.max(axis=space, keepdims=True)) * np.ones_like(queries)
    return heard


def _hear_adaptive(op: AdaptivePool, given: NDArray[Any]) -> NDArray[Any]:
    return _hear_windows(given, [adaptive_windows(*axis) for axis in zip(given.shape[1:], op.output_size)])


def _hear_linear(op: Linear, given: NDArray[Any]) -> NDArray[Any]:
    any_channel: NDArray[Any] = given.max(axis=-1, keepdims=True)
    return any_channel.repeat(op.out_features, axis=-1)


def _hear_shuffle(op: Shuffle, given: NDArray[Any]) -> NDArray[Any]:
    order = np.arange(given.shape[-1]).reshape(op.groups, -1).T.reshape(-1)
    return given[..., order]


def _as_it_is(_: Op, given: NDArray[Any]) -> NDArray[Any]:
    return given


#: Disturbances of the first input, behind the operation, its other inputs being undisturbed; None: it is not executed.
HEARD: ByOp[Callable[[Any, NDArray[Any]], NDArray[Any] | None]] = ByOp(
    {
        Conv: _hear_conv,
        Linear: _hear_linear,
        LayerNorm: lambda op, given: given.max(axis=-1, keepdims=True).repeat(op.channels, axis=-1),
        Pool: _hear_pool,
        AdaptivePool: _hear_adaptive,
        Concat: lambda _, given: np.concatenate([given, np.zeros_like(given)], axis=-1),
        Split: lambda op, given: given[..., op.start : op.stop],
        Shuffle: _hear_shuffle,
        Flatten: lambda _, given: given.reshape(len(given), -1),
        Norm: _hear_norm,
        Upsample: _hear_upsample,
        PixelShuffle: _hear_pixel_shuffle,
        Pad: _hear_pad,
        Attention: _hear_attention,
        Tokens: lambda _, given: given.reshape(len(given), -1),
        Counted: lambda *_: None,
    },
    dict.fromkeys((Add, Multiply, Activation, BatchNorm, Scale), _as_it_is),
)
