"""What every operation of a network hears of the network's input: each position carries its number, and each operation
hands on the first and the last number that it meets.

One axis at a time, on an input that goes on beyond its ends, so that no border is met: the windows are walked at every
position that is there, and what is not there is not asked for. Numbers alone are known of operations and shapes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ...graph.ops import (
    Activation,
    AdaptivePool,
    Add,
    BatchNorm,
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
    Op,
    Pool,
    Scale,
    Shape,
    Shuffle,
    Split,
)
from ..windows import tap_offsets

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Positions of an axis, and of all operations together, beyond which nothing is executed: a few seconds.
MOST_POSITIONS, MOST_WORK = 1 << 18, 1 << 28

#: What stands for a number where nothing is heard: above and below all others.
NOTHING = 1 << 40


class Heard(NamedTuple):
    """The first and the last input position that each position of a value hears; `start`: which position is the first.

    Values without the axis any more (`flat`) have one position, 0.
    """

    start: int
    first: NDArray[Any]
    last: NDArray[Any]
    flat: bool = False

    @property
    def stop(self) -> int:
        """The position behind the last one."""
        return self.start + len(self.first)

    def at(self, start: int, stop: int) -> Heard:
        """Those positions of it; ValueError where there are not all of them."""
        if start < self.start or stop > self.stop or start >= stop:
            raise ValueError("beyond what was heard")
        part = slice(start - self.start, stop - self.start)
        return Heard(start, self.first[part], self.last[part])

    def widest(self) -> int | None:
        """The most positions from first to last; None where nothing is heard."""
        lengths = self.last - self.first + 1
        most = int(lengths.max(initial=0))
        return most if most > 0 else None


class _Along(NamedTuple):
    """An operation along one axis: which of its axes that is, the sizes of its inputs and of its output there."""

    axis: int
    given: Sequence[int]
    out: int


def heard_fields(graph: Graph, shapes: Sequence[Shape], source: int = 0, most: int = 0) -> list[Ints | None]:
    """Of each operation, how many positions of input `source` lie between the first and the last heard, an axis each.

    `shapes` are those of all values; `most` is how many are expected at most, which saves trying. None: nothing is
    heard, or what an operation in between does is not known, or it would take too large an input.

    >>> conv = Conv(1, 1, (3,), (2,), ((1, 1),), (1,))
    >>> graph = Graph((1, 1, 9), "fp32", (Node("a", conv, (0,)), Node("b", conv, (1,))))
    >>> heard_fields(graph, [(1, 1, 9), (1, 1, 5), (1, 1, 3)])
    [(3,), (7,)]
    """
    axes: list[list[int | None]] = []
    for axis in range(len(shapes[source]) - 2):
        same = _same_as_before(graph, shapes, axis)
        axes.append(axes[-1] if same else _axis_fields(graph, shapes, source, axis, most))
    together = [tuple(lengths) for lengths in zip(*axes)] if axes else [()] * len(graph.nodes)
    return [None if None in lengths else lengths for lengths in together]  # type: ignore[misc]  # no None is left


@lru_cache(maxsize=4096)
def op_heard(op: Op, given: tuple[Shape, ...], out: Shape) -> Ints | None:
    """The same of one operation alone.

    >>> op_heard(AdaptivePool("avg", (2,)), ((1, 4, 7),), (1, 4, 2))
    (4,)
    """
    graph = Graph(given[0], "fp32", (Node("alone", op, (0,) * len(given)),))
    return heard_fields(graph, [given[0], out])[0]


def _same_as_before(graph: Graph, shapes: Sequence[Shape], axis: int) -> bool:
    """Is everything along that axis as it is along the one before it?"""
    if not axis:
        return False
    sizes = all([shape[axis + 1 : axis + 2] == shape[axis + 2 : axis + 3] for shape in shapes])
    fields = ("kernel_size", "stride", "padding", "dilation", "output_size")
    pairs = [getattr(node.op, field)[axis - 1 : axis + 1] for node in graph.nodes for field in fields
             if hasattr(node.op, field)]  # fmt: skip
    return sizes and all([len(set(pair)) == 1 for pair in pairs])


def _axis_fields(graph: Graph, shapes: Sequence[Shape], source: int, axis: int, most: int) -> list[int | None]:
    margin = max(most, 8)
    while margin <= MOST_POSITIONS and margin * len(graph.nodes) <= MOST_WORK:
        try:
            return _run(graph, shapes, source, axis, margin)
        except ValueError:  # the input did not go on far enough
            margin *= 2
    return [None] * len(graph.nodes)


def _run(graph: Graph, shapes: Sequence[Shape], source: int, axis: int, margin: int) -> list[int | None]:
    """One axis of a whole graph, on an input that goes on for `margin` positions at both ends."""
    values: dict[int, Heard | None] = {0: _input(shapes[0], axis, margin, heard=source == 0)}
    uses = [0] * (len(graph.nodes) + 1)
    for node in graph.nodes:
        for value in node.inputs:
            uses[value] += 1
    found: list[int | None] = []
    for number, (_, op, inputs) in enumerate(graph.nodes, 1):
        if not inputs:
            values[number] = _input(shapes[number], axis, margin, heard=source == number)
        else:
            given = [values[value] for value in inputs]
            along = _Along(axis, [_size(shapes[value], axis) for value in inputs], _size(shapes[number], axis))
            known = [one for one in given if one is not None]
            values[number] = _HEARING[type(op)](op, known, along) if len(known) == len(given) else None
        made = values[number]
        out = _size(shapes[number], axis)
        found.append(None if made is None else (made if made.flat else made.at(0, out)).widest())
        for value in inputs:
            uses[value] -= 1
            if not uses[value]:
                del values[value]
    return found


def _size(shape: Shape, axis: int) -> int:
    return shape[axis + 2] if len(shape) > axis + 2 else 1


def _input(shape: Shape, axis: int, margin: int, *, heard: bool) -> Heard:
    """Every position with its number, or with none."""
    if len(shape) <= axis + 2:
        return Heard(0, np.full(1, NOTHING), np.full(1, -NOTHING), flat=True)
    positions = np.arange(-margin, shape[axis + 2] + margin)
    silent = np.full(len(positions), NOTHING)
    return Heard(-margin, positions if heard else silent, positions if heard else -silent)


def _windows(given: Heard, offsets: range, stride: int, before: int) -> Heard:
    """Windows at every `stride`-th position, the one of output 0 `before` positions in front of position 0."""
    start = -(-(given.start + before) // stride)
    count = (given.stop - 1 - offsets[-1] + before) // stride - start + 1
    if count < 1:
        raise ValueError("no window fits")
    places = [start * stride - before - given.start + offset for offset in offsets]
    slices = [slice(place, place + (count - 1) * stride + 1, stride) for place in places]
    first, last = given.first[slices[0]].copy(), given.last[slices[0]].copy()
    for part in slices[1:]:
        np.minimum(first, given.first[part], out=first)
        np.maximum(last, given.last[part], out=last)
    return Heard(start, first, last)


def _conv(op: Conv, given: list[Heard], along: _Along) -> Heard:
    k, s, d, (before, _) = (field[along.axis] for field in (op.kernel_size, op.stride, op.dilation, op.padding))
    offsets = tap_offsets(k, d)
    return _landing(given[0], offsets, s, before) if op.transposed else _windows(given[0], offsets, s, before)


def _landing(given: Heard, offsets: range, stride: int, cropped: int) -> Heard:
    """Every input at the places where its taps land; kept are places at which all that land there were there."""
    length = (len(given.first) - 1) * stride + 1
    first, last = np.full(length + offsets[-1], NOTHING), np.full(length + offsets[-1], -NOTHING)
    for offset in offsets:
        part = slice(offset, offset + length, stride)
        np.minimum(first[part], given.first, out=first[part])
        np.maximum(last[part], given.last, out=last[part])
    start, whole = given.start * stride - cropped, Heard(given.start * stride - cropped, first, last)
    return whole.at(start + offsets[-1], start + length)


def _pool(op: Pool, given: list[Heard], along: _Along) -> Heard:
    k, s, (before, _) = (field[along.axis] for field in (op.kernel_size, op.stride, op.padding))
    return _windows(given[0], tap_offsets(k, 1), s, before)


def _adaptive(op: AdaptivePool, given: list[Heard], along: _Along) -> Heard:
    """Shares of the axis, as many beyond its ends as there is room for."""
    size, count = along.given[0], op.output_size[along.axis]
    start = max(-(-given[0].start * count // size), -count)
    first, last = [], []
    for window in range(start, 2 * count):
        begin, end = window * size // count, -(-(window + 1) * size // count)
        if end > given[0].stop:
            break
        part = given[0].at(begin, end)
        first.append(int(part.first.min()))
        last.append(int(part.last.max()))
    return Heard(start, np.array(first, np.int64), np.array(last, np.int64))


def _together(_: Op, given: list[Heard], along: _Along) -> Heard:
    """Position by position; what has one position there is heard at each."""
    wide = [one for one, n in zip(given, along.given) if n == along.out and not one.flat]
    if not wide:
        return Heard(0, np.minimum.reduce([one.first for one in given]), np.maximum.reduce([one.last for one in given]),
                     flat=True)  # fmt: skip
    start, stop = max([one.start for one in wide]), min([one.stop for one in wide])
    parts = [one.at(start, stop) for one in wide] + [
        one if one.flat else one.at(0, 1) for one, n in zip(given, along.given) if n != along.out or one.flat
    ]
    first, last = parts[0].first, parts[0].last
    for part in parts[1:]:
        first, last = np.minimum(first, part.first), np.maximum(last, part.last)
    return Heard(start, first, last)


def _multiplied(op: Multiply, given: list[Heard], along: _Along) -> Heard:
    """What has one position is that one, also where the product has no more."""
    if along.out > 1:
        return _together(op, given, along)
    parts = [one if one.flat else one.at(0, 1) for one in given]
    first, last = np.minimum(parts[0].first, parts[1].first), np.maximum(parts[0].last, parts[1].last)
    return Heard(0, first, last, flat=parts[0].flat)


def _flatten(_: Flatten, given: list[Heard], along: _Along) -> Heard:
    whole = given[0] if given[0].flat else given[0].at(0, along.given[0])
    return Heard(0, whole.first.min(keepdims=True), whole.last.max(keepdims=True), flat=True)


def _alone(_: Op, given: list[Heard], _along: _Along) -> Heard:
    """Each position by itself."""
    return given[0]


def _counted(op: Counted, given: list[Heard], along: _Along) -> Heard | None:
    """Known where it works element by element."""
    if not op.in_place:
        return None
    return _multiplied(Multiply(), given, along) if len(given) == 2 else given[0] if len(given) == 1 else None


#: How each operation hears.
_HEARING: dict[type, Callable[[Any, list[Heard], _Along], Heard | None]] = {
    Conv: _conv, Pool: _pool, AdaptivePool: _adaptive, Flatten: _flatten, Counted: _counted, Multiply: _multiplied,
    **dict.fromkeys((Add, Concat), _together),
    **dict.fromkeys((Linear, Split, Shuffle, Activation, BatchNorm, LayerNorm, Scale), _alone),
}  # fmt: skip
if {*_HEARING} != {*Op.__args__}:
    raise AssertionError("operations of which nobody says what they hear")
