"""Effective MACs: the closed form against counting every product, and against loops that large sizes allow."""

from __future__ import annotations

import itertools
import time

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from convcost.analysis import Cost, analyze
from convcost.graph.ops import Conv, Graph, Node
from convcost.graph.shapes import infer_shapes

Axis = tuple[int, int, int, int, int, int]  # kernel, stride, before, after, dilation, size

LARGEST = 10**18 - 1


def one_conv(axes: list[Axis], *, transposed: bool = False, mode: str = "zeros") -> Graph:
    """A convolution of one channel over one image, with the given axes."""
    kernel, stride, before, after, dilation, size = zip(*axes)
    extra = (0,) * len(axes) if transposed else ()
    op = Conv(
        1, 1, kernel, stride, tuple(zip(before, after)), dilation, 1, False, mode, transposed, extra
    )  # fmt: skip
    return Graph((1, 1, *size), "fp32", (Node("conv", op, (0,)),))


def gives_something(axes: list[Axis], *, transposed: bool = False) -> bool:
    """Whether there is any output."""
    return min(infer_shapes(one_conv(axes, transposed=transposed))[-1]) >= 1


def cost(axes: list[Axis], *, transposed: bool = False, mode: str = "zeros") -> Cost:
    return analyze(one_conv(axes, transposed=transposed, mode=mode)).cost


def products(axes: list[Axis], *, transposed: bool) -> int:
    """Every (position, tap) pair on every axis at once, counted where it meets data."""
    outputs = infer_shapes(one_conv(axes, transposed=transposed))[-1][2:]
    places = []
    for (kernel, stride, before, _, dilation, size), output in zip(axes, outputs):
        moving, fixed = (size, output) if transposed else (output, size)
        hits = [o * stride + t * dilation - before for o in range(moving) for t in range(kernel)]
        places.append([0 <= hit < fixed for hit in hits])
    return sum(all(hits) for hits in itertools.product(*places))


SMALL = st.integers(1, 3)
PAD = st.integers(0, 5)
AXES: st.SearchStrategy[list[Axis]] = st.lists(
    st.tuples(SMALL, SMALL, PAD, PAD, SMALL, st.integers(1, 4)), min_size=1, max_size=2
)


@given(AXES, st.booleans())
def test_closed_form_equals_counting(axes: list[Axis], transposed: bool) -> None:
    """Every product that touches data (transposed: that lands inside the output), on one axis and on two.

    Without padding every product is effective.
    """
    bare: list[Axis] = [(k, s, 0, 0, d, n) for k, s, _, _, d, n in axes]
    if gives_something(bare, transposed=transposed):
        found = cost(bare, transposed=transposed)
        assert found.effective_macs == found.macs
    assume(gives_something(axes, transposed=transposed))
    found = cost(axes, transposed=transposed)
    assert found.effective_macs == products(axes, transposed=transposed)


LONG: st.SearchStrategy[Axis] = st.tuples(
    st.integers(1, 12), st.integers(1, 9), st.integers(0, 40), st.integers(0, 40), st.integers(1, 9), st.integers(1, 60)
)


@given(LONG, st.integers(2, 10**16), st.booleans())
def test_closed_form_equals_counting_on_a_long_axis(axis: Axis, factor: int, transposed: bool) -> None:
    """Strides over gaps, dilations over the whole input, padding wider than the data.

    Stride, dilation, padding and data times anything: each product meets what it met before.
    """
    assume(gives_something([axis], transposed=transposed))
    counted = products([axis], transposed=transposed)
    assert cost([axis], transposed=transposed).effective_macs == counted
    kernel, stride, before, after, dilation, size = axis
    long = size if transposed else size * factor  # transposed, the data lie stride apart
    wide = (kernel, stride * factor, before * factor, after * factor, dilation * factor, long)
    if gives_something([wide], transposed=transposed):
        assert cost([wide], transposed=transposed).effective_macs == counted


def in_range(offset: int, step: int, count: int, length: int) -> int:
    """How many of 0 <= i < count have 0 <= offset + i * step < length."""
    first, last = max(0, -(offset // step)), min(count - 1, (length - 1 - offset) // step)
    return max(0, last - first + 1)


HUGE = st.integers(1, LARGEST)
HUGE_PAD = st.integers(0, LARGEST)
FEW = st.integers(1, 40)


@given(st.tuples(FEW, HUGE, HUGE_PAD, HUGE_PAD, HUGE, HUGE))
def test_huge_sizes_equal_a_loop_over_few_taps(axis: Axis) -> None:
    """Sizes of 18 digits, tap by tap."""
    assume(gives_something([axis]))
    kernel, stride, before, _, dilation, size = axis
    outputs = infer_shapes(one_conv([axis]))[-1][-1]
    expected = sum(in_range(t * dilation - before, stride, outputs, size) for t in range(kernel))
    assert cost([axis]).effective_macs == expected


@given(st.tuples(HUGE, HUGE, HUGE_PAD, HUGE_PAD, HUGE, FEW))
def test_huge_transposed_kernels_equal_a_loop_over_few_inputs(axis: Axis) -> None:
    """Kernels of 18 digits, input position by input position."""
    assume(gives_something([axis], transposed=True))
    kernel, stride, before, _, dilation, size = axis
    outputs = infer_shapes(one_conv([axis], transposed=True))[-1][-1]
    expected = sum(in_range(i * stride - before, dilation, kernel, outputs) for i in range(size))
    assert cost([axis], transposed=True).effective_macs == expected


@given(st.integers(0, LARGEST // 2 - 1), st.integers(0, LARGEST // 2), st.integers(1, 3))
def test_same_padding_loses_a_triangle_at_either_end(half: int, more: int, axes: int) -> None:
    """k = 2p + 1 over n >= k with p of padding: of n * k products, p(p + 1) fall on it."""
    kernel = 2 * half + 1
    size = min(kernel + more, LARGEST)
    found = cost([(kernel, 1, half, half, 1, size)] * axes)
    assert found.macs == (size * kernel) ** axes
    assert found.effective_macs == (size * kernel - half * (half + 1)) ** axes


@pytest.mark.parametrize("transposed", [False, True])
def test_18_digits_take_no_time(transposed: bool) -> None:
    """Neighbouring Fibonacci numbers, on which Euclid's algorithm takes the longest, as stride and dilation."""
    a, b = 1, 1
    while b < LARGEST // 10**9:
        a, b = b, a + b
    many = LARGEST // b - 2  # so that taps reach over nearly the whole of an input of 18 digits
    size = many if transposed else LARGEST
    axes: list[Axis] = [(many, a, b, 3 * b, b, size), (many, b, a, 7, a, size), (many - 9, a, 0, a, b, size)]
    start = time.process_time()
    found = cost(axes, transposed=transposed)
    assert time.process_time() - start < 0.5
    assert 0 < found.effective_macs < found.macs


@pytest.mark.parametrize("mode", ["reflect", "replicate", "circular"])
def test_other_padding_modes_count_everything(mode: str) -> None:
    """What is copied into the border is data."""
    found = cost([(3, 2, 1, 1, 1, 9), (5, 1, 2, 2, 1, 8)], mode=mode)
    assert found.effective_macs == found.macs


def test_effective_macs_can_be_0() -> None:
    """1x1 by strides of 5 over one position with 3 on either side: both windows miss; it is 0 and not missing."""
    found = cost([(1, 5, 3, 3, 1, 1)])
    assert (found.macs, found.effective_macs) == (2, 0)
    found = cost([(1, 3, 1, 1, 1, 2)], transposed=True)
    assert (found.macs, found.effective_macs) == (2, 0)


def test_counting_would_notice_a_wrong_rule() -> None:
    """The oracle can fail: sides of the padding swapped, axes swapped, a stride forgotten."""
    right: list[Axis] = [(3, 2, 2, 0, 1, 6), (2, 1, 1, 0, 2, 5)]
    wrong: list[list[Axis]] = [
        [(3, 2, 0, 2, 1, 6), right[1]],
        [(2, 2, 2, 0, 1, 6), (3, 1, 1, 0, 2, 5)],
        [(3, 1, 2, 0, 1, 6), right[1]],
    ]
    assert products(right, transposed=False) == cost(right).effective_macs
    assert all(products(axes, transposed=False) != cost(right).effective_macs for axes in wrong)
