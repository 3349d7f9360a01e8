"""Where kernels lie: taps, window starts and borders along one axis, counted with a pencil."""

from __future__ import annotations

import numpy as np
import pytest
from tables import each

from convcost.execute.windows import (
    adaptive_windows,
    border_sources,
    landing_starts,
    pool_starts,
    shifted,
    tap_offsets,
    window_starts,
    with_border,
    with_copied_border,
)
from convcost.graph.ops import Conv


@each(("taps", "dilation", "offsets"), [(1, 1, [0]), (1, 5, [0]), (3, 1, [0, 1, 2]), (3, 2, [0, 2, 4]), (2, 7, [0, 7])])
def test_taps_lie_a_dilation_apart(taps: int, dilation: int, offsets: list[int]) -> None:
    assert list(tap_offsets(taps, dilation)) == offsets


@each(
    ("length", "taps", "dilation", "stride", "starts"),
    [
        (5, 3, 1, 1, [0, 1, 2]), (5, 3, 2, 1, [0]), (6, 3, 1, 2, [0, 2]), (7, 3, 1, 2, [0, 2, 4]), (3, 3, 1, 4, [0]),
        (4, 1, 1, 3, [0, 3]), (8, 2, 5, 2, [0, 2]),
    ],
)  # fmt: skip
def test_windows_start_as_long_as_the_last_tap_lies_inside(
    length: int, taps: int, dilation: int, stride: int, starts: list[int]
) -> None:
    assert list(window_starts(length, tap_offsets(taps, dilation), stride)) == starts


@pytest.mark.parametrize(("length", "taps", "dilation", "span"), [(2, 3, 1, 3), (4, 3, 2, 5), (0, 1, 1, 1)])
def test_a_window_that_does_not_fit_is_an_error_that_says_its_span(
    length: int, taps: int, dilation: int, span: int
) -> None:
    with pytest.raises(ValueError, match=f"a window of {span} positions does not fit into {length}"):
        window_starts(length, tap_offsets(taps, dilation), 1)


@pytest.mark.parametrize(("length", "stride", "starts"), [(3, 1, [0, 1, 2]), (3, 2, [0, 2, 4]), (1, 5, [0])])
def test_inputs_of_a_transposed_convolution_land_a_stride_apart(length: int, stride: int, starts: list[int]) -> None:
    assert list(landing_starts(length, stride)) == starts


@each(
    ("mode", "length", "before", "after", "sources"),
    [
        ("reflect", 4, 2, 1, [2, 1, 0, 1, 2, 3, 2]), ("reflect", 4, 0, 3, [0, 1, 2, 3, 2, 1, 0]),
        ("reflect", 3, 0, 0, [0, 1, 2]), ("reflect", 3, 2, 2, [2, 1, 0, 1, 2, 1, 0]),
        ("replicate", 3, 2, 1, [0, 0, 0, 1, 2, 2]), ("replicate", 2, 0, 3, [0, 1, 1, 1, 1]),
        ("circular", 4, 1, 2, [3, 0, 1, 2, 3, 0, 1]), ("circular", 3, 3, 0, [0, 1, 2, 0, 1, 2]),
    ],
)  # fmt: skip
def test_a_copied_border_shows_these_positions(
    mode: str, length: int, before: int, after: int, sources: list[int]
) -> None:
    """A mirror does not show the position at the edge twice."""
    assert border_sources(mode, length, before, after) == sources


def test_a_border_that_is_not_known_is_refused() -> None:
    with pytest.raises(ValueError, match="no padding mode 'mirror'"):
        border_sources("mirror", 3, 1, 1)


@each(
    ("length", "taps", "stride", "padding", "exact", "hanging"),
    [
        (5, 2, 2, (0, 0), [0, 2], [0, 2, 4]),
        (6, 2, 2, (0, 0), [0, 2, 4], [0, 2, 4]),
        (5, 3, 2, (1, 1), [0, 2, 4], [0, 2, 4]),
        (6, 3, 2, (1, 1), [0, 2, 4], [0, 2, 4, 6]),
        (4, 3, 3, (1, 1), [0, 3], [0, 3]),
        (5, 1, 3, (0, 0), [0, 3], [0, 3]),  # a third would start behind the input
        (4, 2, 3, (0, 2), [0, 3], [0, 3]),
        (3, 2, 4, (0, 1), [0], [0]),
        (4, 2, 4, (0, 1), [0], [0]),  # would start in the border behind
        (4, 2, 4, (1, 0), [0], [0, 4]),
        (5, 2, 4, (0, 1), [0, 4], [0, 4]),
        (2, 3, 1, (0, 0), [], [0]),
        (3, 3, 1, (0, 0), [0], [0]),
        (1, 3, 2, (1, 1), [0], [0]),
    ],
)
def test_windows_of_a_pool_end_inside_or_hang_over(
    length: int, taps: int, stride: int, padding: tuple[int, int], exact: list[int], hanging: list[int]
) -> None:
    """By PyTorch's ceil_mode: one more where positions are left, if it starts in the input or the border before it."""
    assert pool_starts(length, taps, stride, padding, hang_over=False) == exact
    assert pool_starts(length, taps, stride, padding, hang_over=True) == hanging


@each(
    ("length", "count", "windows"),
    [
        (7, 2, [(0, 4), (3, 7)]), (7, 1, [(0, 7)]), (6, 3, [(0, 2), (2, 4), (4, 6)]),
        (5, 7, [(0, 1), (0, 2), (1, 3), (2, 3), (2, 4), (3, 5), (4, 5)]), (10, 4, [(0, 3), (2, 5), (5, 8), (7, 10)]),
    ],
)  # fmt: skip
def test_adaptive_windows_go_from_share_to_share(length: int, count: int, windows: list[tuple[int, int]]) -> None:
    """Down where they begin, up where they end."""
    assert [(window.start, window.stop) for window in adaptive_windows(length, count)] == windows


def test_every_shift_moves_every_axis() -> None:
    """The last axis first; steps stay."""
    moved = list(shifted([range(0, 4, 2), range(1, 3)], [range(2), range(0, 6, 3)]))
    first, second = [slice(0, 4, 2), slice(1, 5, 2)], [slice(1, 3, 1), slice(4, 6, 1)]
    assert moved == [(a, b) for a in first for b in second]


def padded(mode: str = "zeros") -> Conv:
    return Conv(1, 1, (1, 1), (1, 1), ((1, 0), (0, 2)), (1, 1), padding_mode=mode)


def test_a_border_holds_what_it_is_given_in_its_type() -> None:
    """One row above, two columns behind, both channels."""
    sums = np.array([[[[1, 10], [2, 20]]]], np.uint8)
    made = with_border(padded(), sums, np.uint16(300))
    assert (made.shape, made.dtype) == ((1, 2, 4, 2), np.uint16)
    assert made[0, :, :, 0].tolist() == [[300, 300, 300, 300], [1, 2, 300, 300]]
    assert made[0, 1, :2].tolist() == [[1, 10], [2, 20]]
    by_channel = with_border(padded(), sums, np.array([7, 8]))
    assert by_channel[0, 0].tolist() == [[7, 8]] * 4


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("replicate", [[1, 2, 3, 3, 3], [1, 2, 3, 3, 3], [4, 5, 6, 6, 6]]),
        ("reflect", [[4, 5, 6, 5, 4], [1, 2, 3, 2, 1], [4, 5, 6, 5, 4]]),
        ("circular", [[4, 5, 6, 4, 5], [1, 2, 3, 1, 2], [4, 5, 6, 4, 5]]),
    ],
)
def test_a_border_is_copied_axis_by_axis(mode: str, expected: list[list[int]]) -> None:
    """Corners are copies of copies."""
    given = np.array([[1, 2, 3], [4, 5, 6]]).reshape(1, 2, 3, 1)
    assert with_copied_border(padded(mode), given)[0, :, :, 0].tolist() == expected
