"""Along one axis: which input positions each output of an operation hears, with a pencil."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tables import each

from convcost.execute.ones.lines import (
    FOLLOW,
    NOTHING,
    Line,
    TooShort,
    line_length,
    line_of_input,
    part_of_line,
    reach,
    widest_field,
)
from convcost.graph import ops


def conv(k: int, s: int = 1, pads: tuple[int, int] = (0, 0), d: int = 1, *, extra: int | None = None) -> ops.Conv:
    """Along one axis; transposed where there is an output padding."""
    turned, longer = extra is not None, () if extra is None else (extra,)
    return ops.Conv(1, 1, (k,), (s,), (pads,), (d,), transposed=turned, output_padding=longer)


def pool(
    k: int, s: int = 1, pads: tuple[int, int] = (0, 0), d: tuple[int, ...] = (), *, ceil: bool = False
) -> ops.Pool:
    return ops.Pool("max", (k,), (s,), (pads,), ceil, d)


def follow(op: Any, *lines: Line, axis: int = 0) -> Line | None:
    return FOLLOW[type(op)](op, axis, list(lines))


def numbered(size: int, margin: int) -> Line:
    return line_of_input(size, margin, heard=True)


#: An operation, the size and the margin of its input; what it makes: the number of the first entry, what each entry
#: hears first and last, and how many are real.
BY_HAND: dict[str, tuple[Any, int, int, tuple[int, list[int], list[int], int]]] = {
    "a kernel of three": (conv(3, 1, (1, 1)), 4, 3, (-2, [*range(-3, 5)], [*range(-1, 7)], 4)),
    "a stride, padding before": (conv(3, 2, (1, 0)), 4, 3, (-1, [-3, -1, 1, 3], [-1, 1, 3, 5], 2)),
    "a stride, padding behind": (conv(2, 3, (0, 2)), 4, 3, (-1, [-3, 0, 3], [-2, 1, 4], 2)),
    "a dilation": (conv(2, 1, (0, 0), 3), 4, 3, (-3, [*range(-3, 4)], [*range(7)], 1)),
    "a kernel as long as the input": (conv(4), 4, 1, (-1, [-1, 0, 1], [2, 3, 4], 1)),
    "a kernel that does not fit": (conv(7), 4, 2, (-2, [-2, -1], [4, 5], 1)),
    "transposed": (
        conv(3, 2, (1, 0), extra=1), 4, 3,
        (-5, [-3, *[n for at in range(-2, 6) for n in (at, at)], 6], [n for at in range(-2, 7) for n in (at, at)], 9),
    ),
    "transposed, dilated by the stride": (
        conv(2, 2, (0, 1), 2, extra=0), 2, 1,
        (0, [-1, NOTHING, 0, NOTHING, 1, NOTHING], [0, -NOTHING, 1, -NOTHING, 2, -NOTHING], 4),
    ),
    "transposed, nothing added said": (
        conv(2, 2, extra=0)._replace(output_padding=()), 2, 1, (-1, [-1, 0, 0, 1, 1, 2, 2], [-1, 0, 0, 1, 1, 2, 2], 4),
    ),
    "a pool": (pool(3, 2, (1, 1)), 4, 3, (-1, [-3, -1, 1, 3], [-1, 1, 3, 5], 2)),
    "a pool that hangs over": (pool(2, 2, ceil=True), 5, 2, (-1, [-2, 0, 2, 4], [-1, 1, 3, 5], 3)),
    "a pool that does not": (pool(2, 2), 5, 2, (-1, [-2, 0, 2, 4], [-1, 1, 3, 5], 2)),
    "a dilated pool": (pool(2, 1, (0, 0), (2,)), 4, 1, (-1, [-1, 0, 1, 2], [1, 2, 3, 4], 2)),
    "a pool larger than its input": (pool(6), 4, 2, (-2, [-2, -1, 0], [3, 4, 5], 1)),
    "copies": (ops.Upsample("nearest", (3,)), 2, 1,
               (-3, [n for at in range(-1, 3) for n in (at,) * 3], [n for at in range(-1, 3) for n in (at,) * 3], 6)),
    "weighed by three": (ops.Upsample("bilinear", (3,)), 2, 1,
                         (-2, [-1, -1, -1, 0, 0, 0, 1, 1, 1, 2], [-1, 0, 0, 0, 1, 1, 1, 2, 2, 2], 6)),
    "weighed by eight": (ops.Upsample("bilinear", (8,)), 1, 1, (-4, [-1] * 8 + [0] * 8, [0] * 8 + [1] * 8, 8)),
    "blocks of channels": (ops.PixelShuffle((2,)), 2, 1,
                           (-2, [-1, -1, 0, 0, 1, 1, 2, 2], [-1, -1, 0, 0, 1, 1, 2, 2], 4)),
    "a border": (ops.Pad(((2, 1),)), 3, 1, (1, [-1, 0, 1, 2, 3], [-1, 0, 1, 2, 3], 6)),
    "a border taken away": (ops.Pad(((-1, -1),)), 3, 1, (-2, [-1, 0, 1, 2, 3], [-1, 0, 1, 2, 3], 1)),
    "statistics over space": (ops.Norm("group-norm", 4, 2), 3, 1, (-1, [0] * 5, [2] * 5, 3)),
    "statistics of an instance": (ops.Norm("instance-norm", 4, 4), 3, 1, (-1, [0] * 5, [2] * 5, 3)),
    "statistics of a position": (ops.Norm("rms-norm", 4), 3, 1, (-1, [*range(-1, 4)], [*range(-1, 4)], 3)),
    "attention": (ops.Attention(1, 4), 3, 2, (-2, [0] * 7, [2] * 7, 3)),
    "tokens": (ops.Tokens(1, 4, 5), 4, 1, (0, [0] * 5, [3] * 5, 5)),
    "a flatten": (ops.Flatten(), 3, 2, (0, [0], [2], 1)),
    "adaptive windows": (ops.AdaptivePool("avg", (2,)), 5, 5, (-2, [-5, -3, 0, 2, 5, 7], [-3, -1, 2, 4, 7, 9], 2)),
    "adaptive windows that fit": (ops.AdaptivePool("avg", (2,)), 5, 3, (-1, [-3, 0, 2, 5], [-1, 2, 4, 7], 2)),
    "a global pool": (ops.AdaptivePool("max", (1,)), 4, 3, (0, [0], [3], 1)),
    "an activation": (ops.Activation("relu"), 2, 1, (-1, [-1, 0, 1, 2], [-1, 0, 1, 2], 2)),
    "what works element by element": (ops.Counted("erf", (1, 1, 2), in_place=True), 2, 1,
                                      (-1, [-1, 0, 1, 2], [-1, 0, 1, 2], 2)),
}  # fmt: skip


@each("name", BY_HAND)
def test_what_is_heard_is_what_a_pencil_finds(name: str) -> None:
    """The input's positions carry their numbers, those beyond its ends too."""
    op, size, margin, expected = BY_HAND[name]
    made = follow(op, numbered(size, margin))
    assert made is not None
    assert (made.start, made.first.tolist(), made.last.tolist(), made.size) == expected
    assert made.stop == made.start + len(expected[1])


def test_a_hole_between_landings_hears_nothing() -> None:
    made = follow(conv(1, 3, (1, 0), extra=2), numbered(2, 0))
    assert made is not None
    assert (made.start, (made.last >= made.first).tolist(), made.size) == (-1, [True, False, False] * 2, 5)
    assert (widest_field(made), widest_field(part_of_line(made, 0, 2))) == (1, None)


def test_what_says_nothing_of_itself_is_not_followed() -> None:
    """A value without an input, one that is not written over its input, and one with fewer axes."""
    for op in (ops.Counted("resize", (1, 1, 2)), ops.Counted("sum", (1, 2), in_place=True)):
        assert follow(op, numbered(2, 1)) is None
    assert follow(ops.Counted("weights", (1, 1, 2), in_place=True)) is None


@pytest.mark.parametrize("op", [ops.Add(), ops.Concat()], ids=str)
def test_branches_are_heard_where_all_of_them_are_known(op: ops.Op) -> None:
    """From -1 on and up to 3: the first and the last of either."""
    one = Line(-2, np.array([-5, -4, -3, -2, -1, 0]), np.array([0, 1, 2, 3, 4, 5]), 3)
    other = Line(-1, np.array([-9, -1, -1, -1, 7]), np.array([-9, 1, 1, 9, 7]), 3)
    made = follow(op, one, other)
    assert made is not None
    assert (made.start, made.first.tolist(), made.last.tolist(), made.size) == (
        -1, [-9, -3, -2, -1, 0], [1, 2, 3, 9, 7], 3,
    )  # fmt: skip


def test_branches_that_do_not_meet_are_too_short() -> None:
    one, other = Line(-2, np.arange(2), np.arange(2), 3), Line(0, np.arange(3), np.arange(3), 3)
    with pytest.raises(TooShort):
        follow(ops.Add(), one, other)
    met = follow(ops.Add(), Line(-2, np.arange(3), np.arange(3), 3), other)
    assert met is not None
    assert (met.start, met.first.tolist(), met.last.tolist()) == (0, [0], [2])


@pytest.mark.parametrize("swapped", [False, True])
def test_a_factor_of_one_position_is_heard_everywhere(swapped: bool) -> None:
    """And two of one position each at that position alone."""
    whole, gate = numbered(3, 1), Line(0, np.array([-7]), np.array([9]), 1)
    made = follow(ops.Multiply(), *((gate, whole) if swapped else (whole, gate)))
    assert made is not None
    assert (made.start, made.first.tolist(), made.last.tolist(), made.size) == (-1, [-7] * 5, [9] * 5, 3)
    alone = follow(ops.Multiply(), gate, gate)
    assert alone is not None
    assert (alone.start, alone.first.tolist(), alone.last.tolist(), alone.size) == (0, [-7], [9], 1)


def test_an_axis_behind_those_of_a_padding_is_left_as_it_is() -> None:
    line = numbered(3, 1)
    assert follow(ops.Pad(((2, 1),)), line, axis=1) is line
    moved = follow(ops.Pad(((2, 1), (0, 4))), line, axis=1)
    assert moved is not None
    assert (moved.start, moved.size) == (-1, 7)


@each(
    ("op", "size", "margin"),
    [(conv(6), 2, 1), (pool(6), 2, 1), (ops.AdaptivePool("avg", (2,)), 5, -3), (ops.Flatten(), 3, -1)],
    ids=str,
)
def test_an_input_without_room_is_too_short(op: ops.Op, size: int, margin: int) -> None:
    """It is tried again with a longer one."""
    with pytest.raises(TooShort):
        follow(op, numbered(size, margin))


def test_an_input_that_has_just_room_is_long_enough() -> None:
    """A kernel of 4 over 2 and one on either side; a part that is all of a line."""
    made = follow(conv(4), numbered(2, 1))
    assert made is not None
    assert (made.start, made.first.tolist(), made.last.tolist()) == (-1, [-1], [2])
    line = numbered(2, 1)
    assert part_of_line(line, -1, 3).first.tolist() == [-1, 0, 1, 2]
    for start, stop in ((-2, 3), (-1, 4)):
        with pytest.raises(TooShort):
            part_of_line(line, start, stop)


def test_an_input_is_heard_or_silent() -> None:
    """Silent: the first lies behind the last, whatever is taken of several."""
    heard, silent = numbered(2, 1), line_of_input(2, 1, heard=False)
    assert (heard.start, heard.first.tolist(), heard.last.tolist(), heard.size) == (-1, [-1, 0, 1, 2], [-1, 0, 1, 2], 2)
    assert (silent.start, len(silent.first), silent.size, widest_field(silent)) == (-1, 4, 2, None)
    both = follow(ops.Add(), silent, heard)
    assert both is not None
    assert (both.first.tolist(), both.last.tolist()) == ([-1, 0, 1, 2], [-1, 0, 1, 2])


def test_the_widest_field_counts_both_ends() -> None:
    assert widest_field(Line(0, np.array([3, 0, 5]), np.array([4, 2, 5]), 3)) == 3


@each(
    ("op", "sizes", "length"),
    [
        (ops.AdaptivePool("avg", (3,)), [4], 3 * (8 // 4 + 1)), (ops.AdaptivePool("avg", (3,)), [0], 3 * 5),
        (conv(3, 4, extra=0), [4], 8 * 4), (conv(3, 4), [4], 8), (ops.Upsample("nearest", (3,)), [4], 24),
        (ops.PixelShuffle((2,)), [4], 16), (ops.Pad(((2, -1),)), [4], 11), (ops.Tokens(1, 4, 5), [4], 8),
        (ops.Tokens(1, 4, 50), [4], 50), (ops.Add(), [4, 9], 13),
    ],
    ids=str,
)  # fmt: skip
def test_how_long_a_line_becomes_is_known_before_it_is_made(op: ops.Op, sizes: list[int], length: int) -> None:
    """Of inputs with a margin of two on either side; about, and not less."""
    assert line_length(op, 0, [numbered(size, 2) for size in sizes]) == length


@each(
    ("convs", "expected"),
    [
        ([conv(3)], (3, 1)), ([conv(3, 2)], (3, 2)), ([conv(3, 2), conv(3, 3)], (7, 6)),
        ([conv(3, 1, (0, 0), 4)], (9, 1)), ([conv(2, 5), conv(3, 1, (0, 0), 2)], (22, 5)),
        ([conv(3, 2, extra=0), conv(3)], (5, 1)), ([], (1, 1)),
    ],
)  # fmt: skip
def test_spans_of_convolutions_in_a_row(convs: list[ops.Conv], expected: tuple[int, int]) -> None:
    """Each adds its taps, as far apart as the strides before it; a transposed one brings nothing further apart."""
    assert reach(convs, 0) == expected
