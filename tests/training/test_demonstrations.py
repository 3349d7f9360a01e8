"""What explanations show by executing it, against NumPy that is written here: taps in a loop, matrices, Jacobians."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tables import each

from convcost.explain.lessons import BLOCKS, DIAGONAL, SOBEL, chain
from convcost.graph.ops import Conv, Graph, Node
from convcost.spec import parse_spec
from convcost.training.demonstrations import arriving_norm, as_matrix_product, disturb, in_two_passes, joint_rank
from convcost.training.descent import initial_weights
from convcost.variants.registry import build_variant

MAP = np.random.default_rng(0).integers(-9, 10, (5, 5)).astype(float)


def correlate(given: Any, kernel: Any) -> Any:
    """(channels, height, width) by (out, in, height, width), without padding: a product and a sum for every output."""
    height, width = (n - k + 1 for n, k in zip(given.shape[1:], kernel.shape[2:]))
    out = np.zeros((len(kernel), height, width))
    for place in np.ndindex(out.shape):
        window = given[:, place[1] : place[1] + kernel.shape[2], place[2] : place[2] + kernel.shape[3]]
        out[place] = (window * kernel[place[0]]).sum()
    return out


def reached(kernels: list[Any], channel: int = 0) -> tuple[int, int, int]:
    """Outputs, positions and channels that a 1 in the middle of one channel reaches through padded convolutions."""
    given = np.zeros((kernels[0].shape[1], 11, 11))
    given[channel, 5, 5] = 1
    for kernel in kernels:
        given = correlate(np.pad(given, [(0, 0), *[(k // 2, k // 2) for k in kernel.shape[2:]]]), kernel)
    there = given != 0
    return int(there.sum()), int(there.any(axis=0).sum()), int(there.any(axis=(1, 2)).sum())


def normal(*shape: int) -> Any:
    return np.random.default_rng(1).normal(size=shape)


@pytest.mark.parametrize(
    ("variant", "kernels"),
    [
        ("standard", [normal(5, 4, 3, 3)]),
        ("spatially-separable", [normal(4, 4, 1, 3), normal(5, 4, 3, 1)]),
        ("depthwise", [normal(4, 4, 3, 3) * np.eye(4)[..., None, None]]),
        ("pointwise", [normal(5, 4, 1, 1)]),
        ("depthwise-separable", [normal(4, 4, 3, 3) * np.eye(4)[..., None, None], normal(5, 4, 1, 1)]),
    ],
)
def test_a_changed_number_reaches_what_it_reaches(variant: str, kernels: list[Any]) -> None:
    """Outputs, positions and channels, against a loop over taps."""
    assert disturb(build_variant(variant, parse_spec("4:5 @11 k3")).graph) == reached(kernels)


def test_sobel_is_exact_in_two_passes_and_takes_fewer_products() -> None:
    """A column times a row, [1 2 1]ᵀ·[1 0 -1]; 81 products become 45 + 27 (published.md)."""
    column, row = np.array([1.0, 2, 1]), np.array([1.0, 0, -1])
    assert np.outer(column, row).tolist() == [list(map(float, line)) for line in SOBEL]
    one = correlate(MAP[None], np.array(SOBEL, float)[None, None])
    two = correlate(correlate(MAP[None], row.reshape(1, 1, 1, 3)), column.reshape(1, 1, 3, 1))
    assert (one == two).all()
    found = in_two_passes(SOBEL)
    assert (found.difference, found.missed, found.largest) == (0, 0, np.abs(one).max())
    assert (found.products, found.pass_products) == (9 * 9, (3 * 15, 3 * 9))


def test_a_diagonal_is_not_and_misses_what_eckart_and_young_say() -> None:
    """Of three equal singular values one is kept: √(2/3) is missed, in whichever direction."""
    found = in_two_passes(DIAGONAL)
    assert found.missed == pytest.approx(np.sqrt(2 / 3))
    one = correlate(MAP[None], np.eye(3)[None, None])[0]
    nearest = [
        correlate(MAP[None], np.outer(*[np.eye(3)[i]] * 2)[None, None])[0] for i in range(3)
    ]  # each entry alone is as near as any
    assert found.difference in [pytest.approx(np.abs(one - other).max()) for other in nearest]
    assert found.largest == np.abs(one).max()


def test_three_channels_between_reach_any_kernel() -> None:
    """Also one without structure; two do not."""
    kernel = tuple(map(tuple, normal(3, 3).tolist()))
    assert in_two_passes(DIAGONAL, 3).difference == 0
    assert in_two_passes(kernel, 3).difference < 1e-9
    assert in_two_passes(kernel, 2).difference > 1e-3


@pytest.mark.parametrize(("inner", "middle", "outer"), [(6, 4, 10), (10, 3, 6), (4, 20, 5)])
def test_the_joint_rank_is_that_of_the_composed_kernels(inner: int, middle: int, outer: int) -> None:
    """Composed by einsum and measured by singular values; height and width differ."""
    rows, columns = normal(middle, inner, 1, 5), normal(outer, middle, 3, 1)
    matrix = np.einsum("omy,mcx->oycx", columns[..., 0], rows[:, :, 0]).reshape(outer * 3, inner * 5)
    spec = parse_spec(f"{inner}:{outer} @20 k3x5 mid={middle}")
    found = joint_rank(build_variant("spatially-separable", spec).graph)
    assert found == (np.linalg.matrix_rank(matrix), min(matrix.shape))
    assert found[0] == min(middle, *matrix.shape)
    assert joint_rank(build_variant("standard", spec).graph)[0] == min(matrix.shape)


@pytest.mark.parametrize("layer", ["5:3 @6x7 k3", "8:4 @7x9 k3 s2 bias n2", "4:6 @9 k3 1d"])
def test_a_1x1_is_a_matrix_product(layer: str) -> None:
    assert as_matrix_product(build_variant("pointwise", parse_spec(layer)).graph) == 0


def test_what_is_no_matrix_product_is_noticed() -> None:
    """The oracle can fail: a 1x1 of two groups is none over all channels."""
    conv = Conv(4, 4, (1, 1), (1, 1), ((0, 0), (0, 0)), (1, 1), groups=2)
    with pytest.raises(ValueError, match=r"mismatch|size"):
        as_matrix_product(Graph((1, 4, 5, 5), "fp32", (Node("conv", conv, (0,)),)))


def as_matrix(kernel: Any, length: int) -> Any:
    """A padded 1-D convolution as one matrix over (channels · positions)."""
    outer, inner, taps = kernel.shape
    matrix = np.zeros((outer, length, inner, length))
    for o, p, c, t in np.ndindex(outer, length, inner, taps):
        if 0 <= p + t - taps // 2 < length:
            matrix[o, p, c, p + t - taps // 2] = kernel[o, c, t]
    return matrix.reshape(outer * length, inner * length)


def arrived(blocks: int, shortcut: bool) -> float:
    """The norm at the input, by multiplying Jacobians: ∂y/∂x = W2 · diag(r > 0) · W1, and + I with a shortcut."""
    graph = chain(blocks, residual=shortcut)
    kernels = [own[0] for own in initial_weights(graph, "pytorch", [0]) if own]
    random = np.random.default_rng(0)
    value, jacobians = random.normal(size=graph.input_shape).ravel(), []
    for first, second in zip(kernels[::2], kernels[1::2]):
        one, two = as_matrix(first.astype(float), 16), as_matrix(second.astype(float), 16)
        hidden = one @ value
        jacobians.append(two @ np.diag((hidden > 0).astype(float)) @ one + np.eye(len(value)) * shortcut)
        value = two @ np.maximum(hidden, 0) + value * shortcut
    grad = random.normal(size=graph.input_shape).ravel()
    grad = grad / np.linalg.norm(grad)
    for jacobian in reversed(jacobians):
        grad = jacobian.T @ grad
    return float(np.linalg.norm(grad))


@each("blocks", BLOCKS)
@each("shortcut", [False, True])
def test_the_gradient_that_arrives_is_the_product_of_the_jacobians(blocks: int, shortcut: bool) -> None:
    found = arriving_norm(chain(blocks, residual=shortcut), "pytorch")
    assert found == pytest.approx(arrived(blocks, shortcut), rel=1e-4)
