"""The receptive field of a graph, found by following the first and the last input position that reach each output.

The input is as much longer than it is as no output sees the end of. What was found once is remembered: layers of a
kind differ in sizes that do not matter here.
"""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from math import lcm

import numpy as np

from ...graph import ops
from .lines import FOLLOW, Line, TooShort, line_length, line_of_input, part_of_line, widest_field

#: Positions on either side of the input that a receptive field is first looked for in, and of all that at most.
FIRST_MARGIN, MOST_LENGTH = 64, 1 << 18

#: Additions along an axis beyond which nothing is executed: a third of a second.
MOST_ADDITIONS = 1 << 29


def measured_field(graph: ops.Graph) -> ops.Ints | None:
    """The receptive field of a graph, an axis each: the most that one output sees, its ends included.

    >>> conv = ops.Conv(1, 1, (3,), (2,), ((1, 1),), (2,))
    >>> measured_field(ops.Graph((1, 1, 9), "fp32", (ops.Node("conv", conv, (0,)),)))
    (5,)

    None where showing it would take too large an input, or where an operation is not executed. Several channels count
    as one: those of an operation's inputs are heard together.
    """
    nodes = tuple([ops.Node("", _of_one_channel(node.op), node.inputs) for node in graph.nodes])
    return _field(tuple([type(node.op) for node in nodes]), nodes, graph.input_shape[2:])


def measured_op_field(op: ops.Op, size: ops.Ints) -> ops.Ints | None:
    """The same for one operation alone, on an input of that size."""
    return _field((type(op),), (ops.Node("", _of_one_channel(op), (0,)),), size)


def _of_one_channel(op: ops.Op) -> ops.Op:
    """What decides a field, and nothing else, so that it is found once."""
    one = {"in_channels": 1, "out_channels": 1, "groups": 1, "bias": False, "padding_mode": "zeros"}
    return op._replace(**one) if isinstance(op, ops.Conv) else op  # type: ignore[arg-type]  # fields of a Conv


#: Operations whose field is another on an input of another size.
SIZED = ops.AdaptivePool | ops.Flatten | ops.Multiply | ops.Norm | ops.Attention | ops.Tokens | ops.Counted


@lru_cache(maxsize=4096)
def _field(_kinds: tuple[type, ...], nodes: tuple[ops.Node, ...], size: ops.Ints) -> ops.Ints | None:
    """`_kinds` tells apart what are equal as tuples."""
    sized = any([isinstance(node.op, SIZED) for node in nodes])
    spans = [_span(nodes, axis, n if sized else 0) for axis, n in enumerate(size)]
    return None if None in spans else tuple([span for span in spans if span is not None])


def _span(nodes: tuple[ops.Node, ...], axis: int, size: int) -> int | None:
    """Along one axis: with a margin on either side that is doubled until no output sees the end of it.

    `size` is that of the input where it matters, as to a global pooling: then every real output counts. Else it is 0,
    all outputs are alike but for the rhythm of transposed convolutions, and any that are there count.
    """
    period = lcm(1, *[node.op.stride[axis] for node in nodes if isinstance(node.op, ops.Conv) and node.op.transposed])
    taps = sum([node.op.kernel_size[axis] for node in nodes if isinstance(node.op, ops.Conv | ops.Pool)])
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


def heard_fields(graph: ops.Graph, sizes: dict[int, ops.Ints], source: int = 0, most: int = 0) -> list[ops.Ints | None]:
    """Of each operation, how many positions of the input `source` one of its outputs hears at most, an axis each.

    `sizes` are those of the inputs, by their number among the values; `most` is how much is expected at most, which
    saves trying. None: nothing is heard, or too large an input would be needed, or an operation is not executed.

    >>> conv = ops.Conv(1, 1, (3,), (2,), ((1, 1),), (1,))
    >>> heard_fields(ops.Graph((1, 1, 9), "fp32", (ops.Node("a", conv, (0,)), ops.Node("b", conv, (1,)))), {0: (9,)})
    [(3,), (7,)]
    """
    nodes = tuple([ops.Node("", _of_one_channel(node.op), node.inputs) for node in graph.nodes])
    axes: list[list[int | None]] = []
    for axis in range(len(sizes[source])):
        if axis and _is_like_the_last(nodes, list(sizes.values()), axis):
            axes.append(axes[-1])
        else:
            axes.append(_heard_along(nodes, axis, {n: size[axis] for n, size in sizes.items()}, source, most))
    together = [tuple([length for length in lengths if length is not None]) for lengths in zip(*axes)]
    return [lengths if axes and len(lengths) == len(axes) else None for lengths in together or [()] * len(nodes)]


def _is_like_the_last(nodes: tuple[ops.Node, ...], sizes: list[ops.Ints], axis: int) -> bool:
    """Is everything along that axis as it is along the one before it?"""
    fields = ("kernel_size", "stride", "padding", "dilation", "output_padding", "output_size", "factor")
    pairs = [getattr(node.op, field)[axis - 1 : axis + 1] for node in nodes for field in fields
             if hasattr(node.op, field)]  # fmt: skip
    shapes = [node.op.output_shape[axis + 1 : axis + 3] for node in nodes if isinstance(node.op, ops.Counted)]
    return all([len(set(pair)) < 2 for pair in [*pairs, *shapes, *[size[axis - 1 : axis + 1] for size in sizes]]])


def _heard_along(
    nodes: tuple[ops.Node, ...], axis: int, sizes: dict[int, int], source: int, most: int
) -> list[int | None]:  # fmt: skip
    """Along one axis, with a margin that is doubled until no output sees an end of the input."""
    taps = sum([node.op.kernel_size[axis] for node in nodes if isinstance(node.op, ops.Conv | ops.Pool)])
    margin, size = max(most, FIRST_MARGIN), max(sizes.values())
    while size + 2 * margin <= MOST_LENGTH and (size + 2 * margin) * (taps + len(nodes)) <= MOST_ADDITIONS:
        try:
            return _heard_at(nodes, axis, sizes, source, margin)
        except TooShort:
            margin *= 2
    return [None] * len(nodes)


def _heard_at(
    nodes: tuple[ops.Node, ...], axis: int, sizes: dict[int, int], source: int, margin: int
) -> list[int | None]:  # fmt: skip
    uses = Counter([value for node in nodes for value in node.inputs])
    lines: dict[int, Line | None] = {0: line_of_input(sizes[0], margin, heard=source == 0)}
    found: list[int | None] = []
    for number, node in enumerate(nodes, 1):
        given = [lines[value] for value in node.inputs]
        known = [line for line in given if line is not None]
        if not node.inputs:
            lines[number] = line_of_input(sizes[number], margin, heard=source == number)
        else:
            short = len(known) == len(given) and line_length(node.op, axis, known) <= MOST_LENGTH
            lines[number] = FOLLOW[type(node.op)](node.op, axis, known) if short else None
        made = lines[number]
        found.append(None if made is None else widest_field(part_of_line(made, 0, made.size)))
        for value in node.inputs:
            uses[value] -= 1
            if not uses[value]:
                lines.pop(value, None)
    return found


def _follow(nodes: tuple[ops.Node, ...], axis: int, size: int, margin: int) -> Line | None:
    """The output of a graph along one axis, empty for too small a margin; None where an operation is not executed."""
    places = np.arange(-margin, size + margin)
    lines = [Line(-margin, places, places, max(1, size))]
    for node in nodes:
        given = [lines[value] for value in node.inputs]
        if given and line_length(node.op, axis, given) > MOST_LENGTH:
            return None
        try:
            line = FOLLOW[type(node.op)](node.op, axis, given)
        except TooShort:
            return Line(1, places[:0], places[:0], 0)
        if line is None:
            return None
        lines.append(line)
    return lines[-1]
