"""Gradients of what has no weights at its taps: slopes as PyTorch has them, windows and their shares by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tables import each

from convcost.graph import ops
from convcost.spec import ACTIVATIONS
from convcost.training.elementwise import BACKWARD, DERIVATIVES, Call, batch_norm, pool_backward, windows_of

AT = np.array([-4.0, -3.0, -1.0, 0.0, 1.0, 3.0, 6.0, 7.0])

#: By PyTorch's autograd in float64, GELU in its tanh form: 0 at either edge of a part without a slope, of a kink the
#: slope of its left side.
SLOPES = {
    "relu": [0, 0, 0, 0, 1, 1, 1, 1],
    "relu6": [0, 0, 0, 0, 1, 1, 0, 0],
    "leaky-relu": [0.01, 0.01, 0.01, 0.01, 1, 1, 1, 1],
    "elu": [0.018315639, 0.049787068, 0.367879441, 1, 1, 1, 1, 1],
    "selu": [0.032200713, 0.087530612, 0.646768603, 1.758099341, 1.050700987, 1.050700987, 1.050700987, 1.050700987],
    "gelu": [-0.000335123, -0.011584167, -0.082964084, 0.5, 1.082964084, 1.011584167, 1.000000001, 1],
    "silu": [-0.052664615, -0.088104106, 0.072329488, 0.5, 0.927670512, 1.088104106, 1.012326433, 1.005460497],
    "mish": [-0.05377321, -0.093393115, 0.059216756, 0.6, 1.04903622, 1.021106911, 1.000134141, 1.000021559],
    "hardswish": [0, 0, 1 / 6, 1 / 2, 5 / 6, 1, 1, 1],
    "hardsigmoid": [0, 0, 1 / 6, 1 / 6, 1 / 6, 0, 0, 0],
    "sigmoid": [0.017662706, 0.04517666, 0.196611933, 0.25, 0.196611933, 0.04517666, 0.002466509, 0.000910221],
    "tanh": [0.001340951, 0.009866037, 0.419974342, 1, 0.419974342, 0.009866037, 0.000024577, 0.000003326],
}


@each("kind", ACTIVATIONS)
def test_slopes_of_activations_are_those_of_pytorch(kind: str) -> None:
    assert DERIVATIVES[kind](AT).tolist() == pytest.approx(SLOPES[kind], abs=1e-9)


@pytest.mark.parametrize("kind", ["elu", "selu"])
def test_the_slope_of_an_exponential_stays_finite_far_out(kind: str) -> None:
    """No overflow on the side that does not need it."""
    with np.errstate(all="raise", under="ignore"):
        assert np.isfinite(DERIVATIVES[kind](np.array([-1e6, 1e6]))).all()


@each(
    ("op", "size", "windows", "border"),
    [
        (ops.Pool("max", (3,), (2,), ((1, 1),)), (5,), [[(0, 3, 1), (2, 5, 1), (4, 7, 1)]], [(1, 1)]),
        (ops.Pool("max", (2,), (2,), ((0, 0),), True), (5,), [[(0, 2, 1), (2, 4, 1), (4, 6, 1)]], [(0, 1)]),
        (ops.Pool("avg", (2,), (1,), ((0, 0),), False, (3,)), (5,), [[(0, 4, 3), (1, 5, 3)]], [(0, 0)]),
        (ops.Pool("avg", (1, 2), (2, 3), ((0, 0), (2, 0))), (3, 4), [[(0, 1, 1), (2, 3, 1)], [(0, 2, 1), (3, 5, 1)]],
         [(0, 0), (2, 0)]),
        (ops.AdaptivePool("avg", (2,)), (5,), [[(0, 3, None), (2, 5, None)]], [(0, 0)]),
        (ops.AdaptivePool("max", (1, 2)), (2, 4), [[(0, 2, None)], [(0, 2, None), (2, 4, None)]], [(0, 0), (0, 0)]),
    ],
    ids=str,
)  # fmt: skip
def test_windows_of_a_pool_lie_in_the_input_with_its_border(
    op: Any, size: tuple[int, ...], windows: list[list[Any]], border: list[tuple[int, int]]
) -> None:
    """Stride, dilation, padding, and what the last one hangs over by."""
    axes, found = windows_of(op, size)
    assert [[(w.start, w.stop, w.step) for w in axis] for axis in axes] == windows
    assert found == border


@each(
    ("op", "given", "grad", "expected"),
    [
        (ops.Pool("max", (2,), (1,), ((0, 0),)), [1, 5, 2, 4], [10, 20, 40], [0, 30, 0, 40]),
        (ops.Pool("max", (2,), (2,), ((0, 0),)), [5, 5, 2, 4], [10, 20], [5, 5, 0, 20]),  # two maxima share
        (ops.Pool("max", (3,), (2,), ((1, 1),)), [-3, -4, -5], [10, 20], [10, 20, 0]),  # no border is one
        (ops.Pool("avg", (2,), (2,), ((1, 0),)), [7, 7, 7], [8, 6], [4, 3, 3]),  # half of it goes to the border
        (ops.Pool("avg", (2,), (2,), ((0, 0),), True), [7, 7, 7], [8, 6], [4, 4, 3]),
        (ops.AdaptivePool("avg", (2,)), [1, 2, 3], [8, 6], [4, 7, 3]),
        (ops.AdaptivePool("max", (2,)), [1, 2, 3], [8, 6], [0, 8, 6]),
    ],
    ids=str,
)
def test_the_gradient_of_a_window_goes_to_what_made_it(
    op: Any, given: list[float], grad: list[float], expected: list[float]
) -> None:
    """To its maximum, or evenly to all of it, what falls on the border being lost."""
    arrays = [np.array(numbers, np.float64).reshape(1, 1, -1) for numbers in (given, grad)]
    assert pool_backward(op, *arrays).ravel().tolist() == expected


def test_the_gradient_of_a_window_stays_with_its_image_and_channel() -> None:
    """2 x 2 of each, over two axes: a maximum in another corner of each."""
    given = np.zeros((2, 2, 2, 2))
    for number, place in enumerate(np.ndindex(2, 2)):
        given[(*place, number // 2, number % 2)] = 1
    op = ops.Pool("max", (2, 2), (2, 2), ((0, 0), (0, 0)))
    grad = np.array([10.0, 20, 30, 40]).reshape(2, 2, 1, 1)
    assert (pool_backward(op, given, grad) == given * grad).all()


def back(op: Any, given: list[Any], weights: list[Any], grad: Any) -> tuple[list[Any], list[Any]]:
    call = Call(op, [np.array(x, float) for x in given], [np.array(w, float) for w in weights])
    inner, learned = BACKWARD[type(op)](call, np.array(grad, float))
    return [array.tolist() for array in inner], [array.tolist() for array in learned]


@each(
    ("op", "given", "weights", "grad", "inner", "learned"),
    [
        (ops.Add(), [[[1, 2]], [[3, 4]]], [], [[5, 6]], [[[5, 6]], [[5, 6]]], []),
        (ops.Multiply(), [[[[2, 3]]], [[[10]]]], [], [[[1, 4]]], [[[[10, 40]]], [[[14]]]], []),
        (ops.Multiply(), [[[[2, 3]]], [[10]]], [], [[[1, 4]]], [[[[10, 40]]], [[14]]], []),
        (ops.Concat(), [[[1, 2]], [[3]], [[4]]], [], [[5, 6, 7, 8]], [[[5, 6]], [[7]], [[8]]], []),
        (ops.Split(1, 3), [[[1, 2, 3, 4]]], [], [[5, 6]], [[[0, 5, 6, 0]]], []),
        (ops.Shuffle(2), [[[1, 2, 3, 4, 5, 6]]], [], [[1, 4, 2, 5, 3, 6]], [[[1, 2, 3, 4, 5, 6]]], []),
        (ops.Flatten(), [[[[1, 2], [3, 4]]]], [], [[5, 6, 7, 8]], [[[[5, 6], [7, 8]]]], []),
        (ops.BatchNorm(2), [[[1, 2], [3, 4]]], [[10, 100], [0, 0]], [[[1, 1], [2, 3]]], [[[[10, 10], [200, 300]]]],
         [[3, 18], [2, 5]]),
        (ops.Scale(2), [[[1, -2], [3, -4]]], [[10, 100]], [[[1, 1], [2, 3]]], [[[[10, 10], [200, 300]]]], [[-1, -6]]),
        (ops.Scale(2, "prelu"), [[[1, -2], [3, -4]]], [[10, 100]], [[[1, 1], [2, 3]]], [[[[1, 10], [2, 300]]]],
         [[-2, -12]]),
        (ops.Scale(1, "prelu"), [[[0]]], [[10]], [[[1]]], [[[[1]]]], [[0]]),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, tuple) else "",
)  # fmt: skip
def test_gradients_by_hand(op: Any, given: Any, weights: Any, grad: Any, inner: Any, learned: Any) -> None:
    """Of every input and of what is learned; (batch, channels, positions)."""
    assert back(op, given, weights, grad) == (inner, learned)


def test_training_normalises_each_channel_over_images_and_positions() -> None:
    """Of 1, 2, 3, 6 and of 0, 0, 4, 4: less the mean 3 and 2, by the root of 3.5 and 4."""
    given = np.array([[[1.0, 2], [0, 0]], [[3, 6], [4, 4]]])
    made = batch_norm(Call(ops.BatchNorm(2), [given], [np.array([2.0, 3]), np.array([10.0, 20])]))
    first = 10 + 2 * np.array([[-2, -1], [0, 3]]) / np.sqrt(3.5)
    assert np.allclose(made[:, 0], first, rtol=1e-4)
    assert np.allclose(made[:, 1], [[17, 17], [23, 23]], rtol=1e-4)
