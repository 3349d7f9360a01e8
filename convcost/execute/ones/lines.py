"""Along one axis, which input positions reach each output of an operation: the first and the last of them.

Every input position has its number, and each operation passes on the least and the greatest that it hears. A border
copied from the input is taken for zeros: on an input without an end there is none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ...graph import ops
from ..windows import adaptive_windows, landing_starts, pool_starts, tap_offsets, window_starts

if TYPE_CHECKING:
    from numpy.typing import NDArray


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


def line_length(op: ops.Op, axis: int, lines: list[Line]) -> int:
    """About how many positions an operation makes along an axis, those beyond its ends included."""
    given = max([len(line.first) for line in lines])
    if isinstance(op, ops.AdaptivePool):
        return op.output_size[axis] * (given // max(1, lines[0].size) + 1)
    if isinstance(op, ops.Conv) and op.transposed:
        return given * op.stride[axis]
    if isinstance(op, ops.Upsample | ops.PixelShuffle):
        return given * op.factor[axis]
    if isinstance(op, ops.Pad):
        return given + sum(map(abs, op.padding[axis]))
    return max(given, op.positions) if isinstance(op, ops.Tokens) else given


def line_of_input(size: int, margin: int, *, heard: bool) -> Line:
    """An input along one axis: every position with its number, or silent."""
    places = np.arange(-margin, size + margin)
    silent = np.full(len(places), NOTHING)
    return Line(-margin, places, places, size) if heard else Line(-margin, silent, -silent, size)


def widest_field(line: Line) -> int | None:
    most = int(np.max(line.last - line.first + 1, initial=0, where=line.last >= line.first))
    return most or None


class TooShort(Exception):  # noqa: N818  no error: it is tried again with a longer input
    """The input has too small a margin."""


def _slide(line: Line, taps: int, stride: int, dilation: int, before: int, size: int) -> Line:
    """Windows `stride` apart, of which number 0 starts `before` in front of position 0, wherever they lie inside."""
    offsets, number = tap_offsets(taps, dilation), -(-(line.start + before) // stride)
    starts = range(number * stride - before, line.stop - offsets[-1], stride)
    if not starts:
        raise TooShort
    views = [slice(starts.start + o - line.start, starts.stop + o - line.start, stride) for o in offsets]
    first, last = line.first[views[0]].copy(), line.last[views[0]].copy()
    for view in views[1:]:
        np.minimum(first, line.first[view], out=first)
        np.maximum(last, line.last[view], out=last)
    return Line(number, first, last, size)


def _follow_conv(op: ops.Conv, axis: int, lines: list[Line]) -> Line:
    (line,), (before, after) = lines, op.padding[axis]
    taps, stride, dilation = op.kernel_size[axis], op.stride[axis], op.dilation[axis]
    if op.transposed:
        return _land(op, axis, line)
    length = before + line.size + after
    fits = length > tap_offsets(taps, dilation)[-1]  # an operation alone may be asked for where it makes nothing
    size = len(window_starts(length, tap_offsets(taps, dilation), stride)) if fits else 1
    return _slide(line, taps, stride, dilation, before, size)


def _land(op: ops.Conv, axis: int, line: Line) -> Line:
    """Every position reaches where its taps land; kept are the places of which all that land there are known."""
    (before, after), stride = op.padding[axis], op.stride[axis]
    offsets = tap_offsets(op.kernel_size[axis], op.dilation[axis])
    count = len(line.first)
    first, last = _landed(line, offsets, stride, count * stride + offsets[-1])
    known = slice(offsets[-1], count * stride)
    extra = op.output_padding[axis] if op.output_padding else 0
    size = landing_starts(line.size, stride)[-1] + offsets[-1] + 1 + extra - before - after
    return Line(line.start * stride - before + offsets[-1], first[known], last[known], max(1, size))


def _landed(line: Line, offsets: Sequence[int], stride: int, count: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First and last at each of `count` places, where every position lands on some, `stride` behind those before."""
    first = np.full(count, NOTHING)
    last = -first
    for offset in offsets:
        view = slice(offset, offset + (len(line.first) - 1) * stride + 1, stride)
        np.minimum(first[view], line.first, out=first[view])
        np.maximum(last[view], line.last, out=last[view])
    return first, last


def _follow_pool(op: ops.Pool, axis: int, lines: list[Line]) -> Line:
    (line,), pads, dilation = lines, op.padding[axis], op.dilation[axis] if op.dilation else 1
    span = tap_offsets(op.kernel_size[axis], dilation)[-1] + 1
    starts = pool_starts(line.size, span, op.stride[axis], pads, hang_over=op.ceil_mode)
    return _slide(line, op.kernel_size[axis], op.stride[axis], dilation, pads[0], max(1, len(starts)))


def _follow_upsample(op: ops.Upsample | ops.PixelShuffle, axis: int, lines: list[Line]) -> Line:
    """Each position lands on those that copy it, or on those whose centres lie less than one position from its own."""
    (line,), by = lines, op.factor[axis]
    copied = isinstance(op, ops.PixelShuffle) or op.kind == "nearest"
    offsets = range(by) if copied else [q for q in range(-by, 2 * by) if abs(2 * q - by + 1) < 2 * by]
    reach = len(offsets) - by  # beyond the copies: there the next position lands, too
    first, last = _landed(line, range(len(offsets)), by, len(line.first) * by + reach)
    known = slice(reach, len(first) - reach)
    return Line(line.start * by + offsets[0] + reach, first[known], last[known], line.size * by)


def _follow_pad(op: ops.Pad, axis: int, lines: list[Line]) -> Line:
    """The same line, its places moved."""
    (line,) = lines
    if axis >= len(op.padding):  # its positions are in a row
        return line
    before, after = op.padding[axis]
    return line._replace(start=line.start + before, size=before + line.size + after)


def _follow_norm(op: ops.Norm, axis: int, lines: list[Line]) -> Line:
    return _follow_all(op, axis, lines) if op.kind in ("group-norm", "instance-norm") else lines[0]


def _follow_all(_: ops.Op, _axis: int, lines: list[Line]) -> Line:
    """Every position hears all real ones."""
    (line,) = lines
    real, ones = part_of_line(line, 0, line.size), np.ones(len(line.first), np.int64)
    return Line(line.start, real.first.min() * ones, real.last.max() * ones, line.size)


def _follow_tokens(op: ops.Tokens, axis: int, lines: list[Line]) -> Line:
    """All in a row, each place may be any."""
    only, ones = _follow_flatten(op, axis, lines), np.ones(op.positions, np.int64)
    return Line(0, only.first * ones, only.last * ones, op.positions)


def _follow_adaptive(op: ops.AdaptivePool, axis: int, lines: list[Line]) -> Line:
    """Its windows, and those that would follow in the same rhythm on either side."""
    (line,), count = lines, op.output_size[axis]
    own, rounds = adaptive_windows(line.size, count), range(line.start // line.size, line.stop // line.size + 1)
    ends = [(i * count + number, i * line.size + w.start, i * line.size + w.stop)
            for i in rounds for number, w in enumerate(own)]  # fmt: skip
    inside = [(number, a - line.start, b - line.start) for number, a, b in ends if a >= line.start and b <= line.stop]
    if not inside:
        raise TooShort
    first = np.array([line.first[a:b].min() for _, a, b in inside])
    return Line(inside[0][0], first, np.array([line.last[a:b].max() for _, a, b in inside]), count)


def _follow_flatten(_: ops.Op, _axis: int, lines: list[Line]) -> Line:
    """All real positions are one."""
    (line,) = lines
    real = part_of_line(line, 0, line.size)
    return Line(0, real.first.min(keepdims=True), real.last.max(keepdims=True), 1)


def part_of_line(line: Line, start: int, stop: int) -> Line:
    if line.start > start or line.stop < stop:
        raise TooShort
    part = slice(start - line.start, stop - line.start)
    return Line(start, line.first[part], line.last[part], line.size)


def _follow_together(_: ops.Op, _axis: int, lines: list[Line]) -> Line:
    """What reaches any of the inputs."""
    start, stop = max([line.start for line in lines]), min([line.stop for line in lines])
    if start >= stop:
        raise TooShort
    parts = [part_of_line(line, start, stop) for line in lines]
    first, last = (np.minimum.reduce([p.first for p in parts]), np.maximum.reduce([p.last for p in parts]))
    return Line(start, first, last, lines[0].size)


def _follow_product(op: ops.Op, axis: int, lines: list[Line]) -> Line:
    """A factor with one position reaches all positions of the other."""
    whole = next((line for line in lines if line.size != 1), lines[0])
    return _follow_together(op, axis, [_repeated(line, whole) for line in lines])


def _repeated(line: Line, like: Line) -> Line:
    if line.size != 1:
        return line
    only, ones = part_of_line(line, 0, 1), np.ones(len(like.first), np.int64)
    return Line(like.start, only.first * ones, only.last * ones, like.size)


def _follow_counted(op: ops.Counted, axis: int, lines: list[Line]) -> Line | None:
    """Not executed; where it says that it may write over its input, it works element by element."""
    if not lines:
        return None
    same = op.in_place and len(op.output_shape) > axis + 2
    return _follow_product(op, axis, lines) if same else None


#: How each operation passes on what reaches it along an axis: called with the operation, the axis and its inputs.
FOLLOW: ops.ByOp[Callable[[Any, int, list[Line]], Line | None]] = ops.ByOp(
    {
        ops.Conv: _follow_conv,
        ops.Pool: _follow_pool,
        ops.AdaptivePool: _follow_adaptive,
        ops.Flatten: _follow_flatten,
        ops.Multiply: _follow_product,
        ops.Norm: _follow_norm,
        ops.Pad: _follow_pad,
        ops.Attention: _follow_all,
        ops.Tokens: _follow_tokens,
        ops.Counted: _follow_counted,
    },
    dict.fromkeys((ops.Upsample, ops.PixelShuffle), _follow_upsample),
    dict.fromkeys((ops.Add, ops.Concat), _follow_together),
    dict.fromkeys(
        (ops.Linear, ops.Split, ops.Shuffle, ops.Activation, ops.BatchNorm, ops.LayerNorm, ops.Scale),
        lambda _, __, lines: lines[0],
    ),
)


def reach(convs: Sequence[ops.Conv], axis: int) -> tuple[int, int]:
    """Along an axis, the span of convolutions in a row, and how far apart the windows of neighbouring outputs lie.

    >>> conv = ops.Conv(1, 1, (3,), (2,), ((1, 1),), (1,))
    >>> reach([conv, conv], 0)
    (7, 4)
    """
    span, step = 1, 1
    for op in convs:
        span += (op.kernel_size[axis] - 1) * op.dilation[axis] * step
        step *= 1 if op.transposed else op.stride[axis]
    return span, step
