"""What every operation of a network sees of the network's inputs: receptive fields from the input on, in one pass."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import gcd

from ..graph import ops
from .field import Span, op_spans

#: Along one axis: how far positions that one reads lie apart -> what position 0 reads, first and last.
#: Position p then reads from p times that on; branches of one step are one entry.
Pieces = dict[int, Span]

#: A value that is read -> its pieces, an axis each.
Reach = dict[int, list[Pieces]]

#: Positions of which each is looked at where they see different spans: behind windows that are not all the same.
MOST_POSITIONS = 256

#: Operations with such windows, one behind the other, up to which that is done.
MOST_UNEVEN = 64

#: A field an axis each; by the input's name where the network has several; None where it is not known.
Field = ops.Ints | dict[str, ops.Ints] | None


def network_fields(graph: ops.Graph, shapes: Sequence[ops.Shape]) -> list[Field]:
    """The receptive field of each operation, from the network's input on, unclipped, the most over its positions.

    Two strided convolutions in a row: the second sees 7 positions of the input, and not its own 3.

    >>> from convcost.graph.shapes import infer_shapes
    >>> conv = ops.Conv(1, 1, (3,), (2,), ((1, 1),), (1,))
    >>> graph = ops.Graph((1, 1, 9), "fp32", (ops.Node("a", conv, (0,)), ops.Node("b", conv, (1,))))
    >>> network_fields(graph, infer_shapes(graph))
    [(3,), (7,)]

    Along an axis every operation reads, for its position p, positions from p * step + first to p * step + last of what
    is before it (Araujo et al. 2019, section 2), and in a row such maps are one such map again. Where they are not
    (adaptive windows of two lengths, transposed convolutions) each position is followed by itself.
    """
    return _Network(graph, shapes).fields()


class _Network:
    """The maps of all values, from their nearest uneven operation or input on."""

    def __init__(self, graph: ops.Graph, shapes: Sequence[ops.Shape]) -> None:
        self.nodes, self.shapes = graph.nodes, shapes
        self.inputs = {0: "input", **{n: node.name for n, node in enumerate(graph.nodes, 1) if not node.inputs}}
        self.uneven: dict[int, ops.Node] = {}
        self.reach: list[Reach | None] = [_own(0, shapes)]
        self.joined: list[bool] = [False]  # by value: several inputs met on the way to it
        for number, node in enumerate(graph.nodes, 1):
            self.joined.append(len(node.inputs) > 1 or any([self.joined[value] for value in node.inputs]))
            self.reach.append(self._reach(number, node))

    def _reach(self, number: int, node: ops.Node) -> Reach | None:
        if not node.inputs:
            return _own(number, self.shapes)
        if _is_uneven(node.op, self.shapes[node.inputs[0]]):
            self.uneven[number] = node
            return _own(number, self.shapes)
        found: Reach = {}
        for value in dict.fromkeys(node.inputs):
            before = self.reach[value]
            steps = _steps(node.op, self.shapes[value], len(self.shapes[number][2:]))
            if before is None or steps is None:
                return None
            for source, axes in before.items():
                through = [_through(pieces, *steps[axis : axis + 1]) for axis, pieces in enumerate(axes)]
                known = found.get(source)
                found[source] = through if known is None else [_joint(a, b) for a, b in zip(known, through)]
        return found

    def fields(self) -> list[Field]:
        return [self._field(number) for number in range(1, len(self.nodes) + 1)]

    def _field(self, number: int) -> Field:
        size = self.shapes[number][2:]
        ways = [self._at(number, at) for at in self._positions(number, size)]
        if not ways or None in ways:
            return None
        most: dict[int, ops.Ints] = {}
        for way in ways:
            for source, axes in (way or {}).items():
                lengths = [last - first + 1 for first, last in axes]
                most[source] = tuple(map(max, zip(lengths, most.get(source, lengths))))
        if len(self.inputs) == 1:
            return most.get(0)
        return {self.inputs[source]: most[source] for source in sorted(most)}

    def _positions(self, number: int, size: ops.Ints) -> Iterable[list[Span]]:
        """The positions to look at: both ends, between which nothing sees more, or each."""
        reach = self.reach[number]
        if reach is None:
            return []
        if any([source in self.uneven for source in reach]):
            most = max(size, default=1)
            whole = all([n <= MOST_POSITIONS for n in size]) or not self._pools(number)
            return [[(min(p, n - 1),) * 2 for n in size] for p in range(min(most, MOST_POSITIONS))] if whole else []
        start = [(0, 0)] * len(size)
        alike = all([len(pieces) == 1 for axes in reach.values() for pieces in axes])  # each position sees as much
        return [start] if alike else [start, [(n - 1, n - 1) for n in size]]

    def _pools(self, number: int) -> bool:
        return any([type(self.nodes[source - 1].op) is ops.AdaptivePool for source in self.uneven if source <= number])

    def _at(self, number: int, spans: list[Span]) -> dict[int, list[Span]] | None:
        """What the positions of `spans` see of each input, through one uneven operation after the other."""
        needed = dict[int, list[Span]]()
        _see(needed, self.reach[number], spans)
        for _ in range(MOST_UNEVEN):
            source = max([source for source in needed if source in self.uneven], default=None)
            if source is None:
                return needed
            node, at = self.uneven[source], needed.pop(source)
            value = node.inputs[0]
            seen = _uneven_spans(node.op, at, self.shapes[value])
            if seen is None or self.reach[value] is None or (type(node.op) is ops.Conv and self.joined[number]):
                return None
            if seen:
                _see(needed, self.reach[value], seen)
        return None


def _own(number: int, shapes: Sequence[ops.Shape]) -> Reach:
    return {number: [{1: (0, 0)} for _ in shapes[number][2:]]}


def _steps(op: ops.Op, given: ops.Shape, axes: int) -> list[tuple[int, Span]] | None:
    """An axis each: how far apart the spans of neighbouring outputs lie, and that of output 0."""
    first, second = op_spans(op, [(0, 0)] * axes, given), op_spans(op, [(1, 1)] * axes, given)
    if first is None or second is None:
        return None
    return [(b[0] - a[0], a) for a, b in zip(first, second)]


def _through(pieces: Pieces, step: tuple[int, Span] = (0, (0, 0))) -> Pieces:
    """Pieces of what is read, as they are for what reads it."""
    found: Pieces = {}
    by, (before, after) = step
    for jump, (first, last) in pieces.items():
        _put(found, jump * by, (first + jump * before, last + jump * after))
    return found


def _put(pieces: Pieces, jump: int, span: Span) -> None:
    known = pieces.get(jump, span)
    pieces[jump] = min(known[0], span[0]), max(known[1], span[1])


def _joint(one: Pieces, other: Pieces) -> Pieces:
    found = dict(one)
    for jump, span in other.items():
        _put(found, jump, span)
    return found


def _see(needed: dict[int, list[Span]], reach: Reach | None, spans: list[Span]) -> None:
    """Add to `needed` what `spans` of a value read of each source."""
    for source, axes in (reach or {}).items():
        seen = []
        for axis, pieces in enumerate(axes):
            p, q = spans[axis] if axis < len(spans) else (0, 0)  # behind a flatten there is no axis left
            firsts, lasts = zip(*[(jump * p + first, jump * q + last) for jump, (first, last) in pieces.items()])
            seen.append((min(firsts), max(lasts)))
        known = needed.get(source)
        needed[source] = seen if known is None else [(min(a, c), max(b, d)) for (a, b), (c, d) in zip(known, seen)]


def _is_uneven(op: ops.Op, given: ops.Shape) -> bool:
    """Do positions read spans of different lengths?"""
    if type(op) is ops.AdaptivePool:
        return any([n % m for n, m in zip(given[2:], op.output_size)])
    return type(op) in (ops.Upsample, ops.PixelShuffle) or (type(op) is ops.Conv and op.transposed)


def _uneven_spans(op: ops.Op, spans: list[Span], given: ops.Shape) -> list[Span] | None:
    """What exactly these positions read, [] for nothing; None of several that a transposed convolution makes: holes."""
    if type(op) in (ops.Upsample, ops.PixelShuffle):
        return op_spans(op, spans, given)
    if type(op) is ops.AdaptivePool:
        return [(p * n // m, -(-(q + 1) * n // m) - 1) for (p, q), n, m in zip(spans, given[2:], op.output_size)]
    if type(op) is not ops.Conv or any([first != last for first, last in spans]):
        return None
    found = []
    for (at, _), k, s, d, (cropped, _) in zip(spans, op.kernel_size, op.stride, op.dilation, op.padding):
        apart = s // gcd(s, d)
        taps = next((range(t, k, apart) for t in range(min(k, apart)) if (at + cropped - t * d) % s == 0), None)
        if not taps:
            return []
        found.append(((at + cropped - taps[-1] * d) // s, (at + cropped - taps[0] * d) // s))
    return found
