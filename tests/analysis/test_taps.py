"""Which taps ever meet data: counted with a pencil, and against windows that are walked."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from tables import each

from convcost.analysis.taps import taps_of_conv, taps_on_data
from convcost.graph.ops import Conv


@each(
    ("count", "taps", "stride", "dilation", "before", "length", "met"),
    [
        (1, 3, 1, 1, 1, 1, [0, 1, 0]), (2, 3, 1, 1, 1, 2, [1, 1, 1]), (1, 3, 1, 1, 0, 2, [1, 1, 0]),
        (1, 3, 1, 2, 2, 2, [0, 1, 0]), (2, 3, 1, 2, 2, 2, [0, 1, 0]), (3, 3, 1, 2, 2, 3, [1, 1, 1]),
        (1, 2, 1, 1, 2, 3, [0, 0]), (2, 2, 1, 1, 2, 3, [0, 1]), (3, 2, 1, 1, 2, 3, [1, 1]),
        (2, 1, 2, 1, 1, 1, [0]),  # starts at -1 and at 1: past the only position
        (2, 1, 2, 1, 1, 2, [1]), (2, 1, 3, 1, 2, 1, [0]), (2, 2, 3, 1, 2, 1, [0, 0]), (2, 3, 3, 1, 2, 1, [0, 0, 1]),
    ],
)  # fmt: skip
def test_taps_that_meet_data_by_hand(
    count: int, taps: int, stride: int, dilation: int, before: int, length: int, met: list[int]
) -> None:
    assert [int(one) for one in taps_on_data(count, taps, stride, dilation, before, length)] == met


def test_taps_that_meet_data_are_those_of_some_window() -> None:
    """Every window and tap of small cases, walked."""
    for count, taps, stride, dilation, before, length in product(
        (1, 2, 4), (1, 2, 4), (1, 3), (1, 2), range(5), (1, 2, 5)
    ):
        starts = range(-before, count * stride - before, stride)
        walked = tuple([any(0 <= start + tap * dilation < length for start in starts) for tap in range(taps)])
        assert taps_on_data(count, taps, stride, dilation, before, length) == walked


CONV = Conv(1, 1, (3, 1), (1, 2), ((1, 1), (1, 0)), (1, 1))


@pytest.mark.parametrize(
    ("changes", "met"),
    [
        ({}, ((False, True, False), (True,))),
        ({"padding_mode": "reflect"}, ((True,) * 3, (True,))),
        ({"transposed": True}, ((True,) * 3, (True,))),
    ],
)
def test_taps_of_a_layer_an_axis_each(changes: dict[str, Any], met: tuple[tuple[bool, ...], ...]) -> None:
    """On a single row of three; copies are data, and transposed there is no border."""
    assert taps_of_conv(CONV._replace(**changes), (1, 3), (1, 2)) == met
