"""Integers to compute with: how large they are, of which shape, and where sums of them stop being exact."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tables import each

from convcost.execute.values.exact import INPUTS, exact_values
from convcost.execute.values.integers import EXACT, fill_pattern, largest_sum, op_weights, pattern
from convcost.graph import ops

FLOAT32 = np.dtype(np.float32)


def given(op: Any, *shapes: ops.Shape) -> Any:
    """What an operation is given, arrays (batch, *spatial, channels)."""
    return INPUTS[type(op)](op, list(shapes), FLOAT32)


@each("largest", [1, 2, 3])
@each("salt", [0, 1, 5])
def test_a_pattern_has_every_integer_up_to_its_largest_about_as_often(largest: int, salt: int) -> None:
    """Of either sign; the mean is near 0."""
    values, counts = np.unique(pattern((100, 70), FLOAT32, largest, salt), return_counts=True)
    assert values.tolist() == list(range(-largest, largest + 1))
    assert counts.max() < 1.15 * counts.min()


def test_patterns_of_other_salts_are_others_and_each_repeats_after_a_prime() -> None:
    """4093 numbers: no row of any width looks like the one before."""
    one, other = (pattern((9000,), FLOAT32, 3, salt) for salt in (0, 1))
    assert (one[:4907] == one[4093:]).all()
    assert (one[:4000] != other[:4000]).mean() > 0.8
    assert all((one[:4000] != one[shift : 4000 + shift]).mean() > 0.8 for shift in range(1, 40))
    assert (pattern((9000,), FLOAT32, 3, 1) == other).all()


def test_a_pattern_is_written_into_any_layout() -> None:
    """Into a part of the channels of a larger array too, nothing beside it."""
    whole = np.full((3, 4, 5), 9.0, np.float32)
    fill_pattern(whole[..., 1:4], 3, 2)
    assert (whole[..., 1:4] == pattern((3, 4, 3), FLOAT32, 3, 2)).all()
    assert (whole[..., [0, 4]] == 9).all()


@pytest.mark.parametrize(
    ("op", "largest"),
    [
        (ops.Conv(6, 4, (3, 2), (1, 1), ((0, 0), (0, 0)), (1, 1), 2), 18 * 6 + 2), (ops.Linear(5, 9), 5 * 6 + 2),
        (ops.Conv(1, 1, (1,), (1,), ((0, 0),), (1,), bias=True), 8),
    ],
    ids=str,
)  # fmt: skip
def test_no_sum_is_larger_than_inputs_of_3_times_weights_of_2_and_a_bias_of_2(op: Any, largest: int) -> None:
    assert largest_sum(op) == largest


@each(
    ("op", "kernel", "bias"),
    [
        (ops.Conv(6, 4, (3, 2), (1, 1), ((0, 0), (0, 0)), (1, 1), 2, True), (2, 3, 2, 3, 2), 4),
        (ops.Conv(6, 4, (3,), (1,), ((0, 0),), (1,)), (1, 3, 6, 4), None),
        (ops.Linear(5, 9, True), (5, 9), 9), (ops.Linear(5, 9), (5, 9), None), (ops.Scale(3), (3,), None),
        (ops.BatchNorm(3), (3,), 3), (ops.LayerNorm(3), (3,), 3), (ops.Norm("rms-norm", 4), (4,), None),
        (ops.Norm("group-norm", 4, 2), (4,), 4), (ops.Tokens(2, 4, 7), (9, 4), None),
    ],
    ids=str,
)  # fmt: skip
def test_what_is_learned_has_its_shapes(op: ops.Op, kernel: ops.Ints, bias: int | None) -> None:
    """Weights of other salts are others, a bias is none of its kernel's numbers in the same order."""
    found, again = op_weights(op, 3), op_weights(op, 3)
    assert found is not None
    assert again is not None
    assert (found.kernel.shape, found.kernel.dtype) == (kernel, FLOAT32)
    assert (found.bias if found.bias is None else found.bias.shape) == (bias if bias is None else (bias,))
    assert (found.kernel == pattern(kernel, FLOAT32, 2, 3)).all()
    assert found.bias is None or (found.bias == pattern((bias or 0,), FLOAT32, 2, 4)).all()


@each(
    "op",
    [ops.Add(), ops.Flatten(), ops.Activation("relu"), ops.Norm("softmax", 4, 1, False), ops.Attention(1, 4)],
    ids=str,
)
def test_what_learns_nothing_has_no_weights(op: ops.Op) -> None:
    assert op_weights(op) is None


def test_inputs_are_small_and_no_two_of_them_alike() -> None:
    one, other = given(ops.Add(), (1, 30, 8), (1, 30, 8))
    assert [int(np.abs(x).max()) for x in (one, other)] == [3, 3]
    assert (one != other).mean() > 0.8


@each(
    ("op", "shape", "count"),
    [
        (ops.Pool("avg", (3, 2), (1, 1), ((0, 0), (0, 0))), (1, 6, 6, 4), 6),
        (ops.Pool("max", (3,), (1,), ((0, 0),)), (1, 9, 4), 1),
        (ops.AdaptivePool("avg", (2,)), (1, 6, 4), 3), (ops.AdaptivePool("avg", (5,)), (1, 7, 4), 6),  # of 2 and of 3
        (ops.AdaptivePool("avg", (2, 3)), (1, 4, 4, 4), 4), (ops.AdaptivePool("max", (2,)), (1, 6, 4), 1),
        (ops.Upsample("bilinear", (2, 3)), (1, 4, 4, 4), 24), (ops.Upsample("bilinear", (5,)), (1, 9, 4), 10),
    ],
    ids=str,
)  # fmt: skip
def test_means_are_whole_of_multiples_of_what_they_are_taken_over(op: ops.Op, shape: ops.Shape, count: int) -> None:
    (made,) = given(op, shape)
    assert (np.abs(made).max(), (made % count).any()) == (3 * count, False)


def test_multiples_too_large_for_any_float_are_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sums of 3 times 4 over 8 positions are below 97."""
    op = ops.AdaptivePool("avg", (2,))
    monkeypatch.setitem(EXACT, "float64", 97)
    assert given(op, (1, 8, 4)) is not None
    monkeypatch.setitem(EXACT, "float64", 96)
    assert given(op, (1, 8, 4)) is None


def test_multiples_are_in_the_type_in_which_their_sums_are_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    op = ops.AdaptivePool("avg", (2,))
    for limit, dtype in ((97, "float32"), (96, "float64")):
        monkeypatch.setitem(EXACT, "float32", limit)
        assert given(op, (1, 8, 4))[0].dtype == dtype


@pytest.mark.parametrize(
    ("op", "shape", "axes"),
    [
        (ops.LayerNorm(6), (2, 3, 6), (2,)), (ops.Norm("group-norm", 6, 3), (2, 5, 4, 6), (1, 2, 4)),
        (ops.Norm("group-norm", 6, 1), (2, 5, 6), (1, 3)), (ops.Norm("instance-norm", 3, 3), (2, 4, 3), (1, 3)),
    ],
    ids=str,
)  # fmt: skip
def test_half_of_each_group_is_the_negative_of_the_other_half(op: Any, shape: ops.Shape, axes: tuple[int, ...]) -> None:
    """4096 either way: the mean is 0, and beside that deviation the guard against 0 is rounded away in float32."""
    (made,) = given(op, shape)
    groups = made if isinstance(op, ops.LayerNorm) else made.reshape(*shape[:-1], op.groups, -1)
    assert np.unique(made).tolist() == [-4096, 4096]
    assert not groups.sum(axis=axes).any()
    assert np.float32(4096) / np.sqrt(np.float32(4096.0**2) + np.float32(1e-5)) == 1


@each(
    ("op", "shape", "there"),
    [
        (ops.LayerNorm(1), (1, 3, 1), True), (ops.LayerNorm(3), (1, 4, 3), False), (ops.LayerNorm(2), (1, 3, 2), True),
        (ops.Norm("group-norm", 3, 1), (1, 5, 3), False), (ops.Norm("group-norm", 3, 1), (1, 4, 3), True),
        (ops.Norm("instance-norm", 2, 2), (1, 5, 2), False), (ops.Norm("rms-norm", 3), (1, 5, 3), True),
        (ops.Norm("softmax", 3, 1, False), (1, 5, 3), True),
        (ops.Attention(1, 2), (1, 600, 6), True), (ops.Attention(1, 2), (1, 601, 6), False),
        (ops.Attention(1, 2), (1, 25, 24, 6), True), (ops.Attention(2, 2), (1, 4, 6), False),
        (ops.Activation("relu6"), (1, 4, 6), True), (ops.Activation("tanh"), (1, 4, 6), False),
    ],
    ids=str,
)  # fmt: skip
def test_there_are_integers_with_whole_statistics_or_none(op: ops.Op, shape: ops.Shape, there: bool) -> None:
    """An even number of numbers, two features a head at least, so few positions that float32 tells neighbours apart."""
    assert (given(op, shape) is not None) == there


def test_a_softmax_gets_one_number_far_above_the_others_at_changing_places() -> None:
    (made,) = given(ops.Norm("softmax", 6, 2, False), (2, 7, 6))
    groups = made.reshape(-1, 3)
    assert (groups.max(axis=1) == 4096).all()
    assert ((groups == 4096).sum(axis=1) == 1).all()
    assert (np.sort(groups, axis=1)[:, :2] <= 0).all()
    assert np.unique(groups.argmax(axis=1)).tolist() == [0, 1, 2]


def test_each_query_meets_one_key_by_far() -> None:
    """Beside the next best its score is higher by 128 deviations at least; every head looks elsewhere."""
    (made,) = given(ops.Attention(2, 6), (2, 5, 4, 18))
    rows = made.reshape(2, 20, 3, 2, 3).astype(np.float64)
    scores = np.einsum("bqhf,bkhf->bhqk", rows[:, :, 0], rows[:, :, 1]) / np.sqrt(3)
    best, next_best = np.sort(scores, axis=-1)[..., -1], np.sort(scores, axis=-1)[..., -2]
    assert (best - next_best > 128).all()
    met = scores.argmax(axis=-1)
    assert [sorted(one) for one in met[0].tolist()] == [list(range(20))] * 2
    assert (met[0, 0] != met[0, 1]).all()
    assert np.abs(rows[:, :, 2]).max() == 3


def test_an_exact_answer_says_how_it_was_found() -> None:
    """48 products of 8 outputs of 6; what no products are made of has none."""
    assert exact_values(ops.Conv(2, 4, (3,), (1,), ((0, 0),), (1,)), [(1, 2, 4)]) == (
        True, "im2col, one GEMM a tile", "float32", 48,
    )  # fmt: skip
    assert exact_values(ops.Flatten(), [(1, 2, 4)]) == (True, "copied", "float32", 0)
