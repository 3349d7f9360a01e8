"""Operations that move positions about, normalise by their input or learn positions: by hand, and against int64."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tables import each

from convcost.analysis import analyze, words
from convcost.checks.verifier import check_seen, judge
from convcost.execute.ones.lines import Line, _follow_upsample
from convcost.execute.ones.mixes import _hear_upsample
from convcost.execute.values.apply import Weights, apply_values
from convcost.execute.values.exact import exact_values
from convcost.execute.values.workbench import Workbench
from convcost.graph import ops
from convcost.graph.shapes import ShapeError, check_shapes

#: Each with an input that it takes, and what it must cost: output, params, MACs, elementwise.
OPS: list[tuple[ops.Op, ops.Shape, tuple[ops.Shape, int, int, int]]] = [
    (ops.Upsample("nearest", (2, 3)), (2, 3, 4, 5), ((2, 3, 8, 15), 0, 0, 0)),
    (ops.Upsample("bilinear", (2, 2)), (1, 3, 4, 5), ((1, 3, 8, 10), 0, 0, 4 * 240)),
    (ops.Upsample("bilinear", (3, 1)), (1, 3, 4, 5), ((1, 3, 12, 5), 0, 0, 2 * 180)),
    (ops.Upsample("bilinear", (4,)), (1, 3, 7), ((1, 3, 28), 0, 0, 2 * 84)),
    (ops.Upsample("nearest", (2, 1, 2)), (1, 3, 2, 3, 4), ((1, 3, 4, 3, 8), 0, 0, 0)),
    (ops.PixelShuffle((2, 3)), (1, 12, 4, 5), ((1, 2, 8, 15), 0, 0, 0)),
    (ops.PixelShuffle((3,)), (2, 6, 5), ((2, 2, 15), 0, 0, 0)),
    (ops.Pad(((1, 2), (0, 3))), (1, 4, 5, 6), ((1, 4, 8, 9), 0, 0, 0)),
    (ops.Pad(((1, 2), (2, 0)), "reflect"), (1, 4, 5, 6), ((1, 4, 8, 8), 0, 0, 0)),
    (ops.Pad(((1, 2), (2, 0)), "replicate"), (1, 4, 5, 6), ((1, 4, 8, 8), 0, 0, 0)),
    (ops.Pad(((1, 2), (2, 0)), "circular"), (1, 4, 5, 6), ((1, 4, 8, 8), 0, 0, 0)),
    (ops.Pad(((-1, -2), (0, -3))), (1, 4, 5, 6), ((1, 4, 2, 3), 0, 0, 0)),
    (ops.Scale(4, "prelu"), (1, 4, 5, 6), ((1, 4, 5, 6), 4, 0, 120)),
    (ops.Norm("group-norm", 6, 3), (2, 6, 5, 4), ((2, 6, 5, 4), 12, 0, 5 * 240)),
    (ops.Norm("group-norm", 6, 1), (1, 6, 7), ((1, 6, 7), 12, 0, 5 * 42)),
    (ops.Norm("instance-norm", 6, 6, False), (1, 6, 5, 4), ((1, 6, 5, 4), 0, 0, 5 * 120)),
    (ops.Norm("rms-norm", 6), (1, 6, 5, 4), ((1, 6, 5, 4), 6, 0, 4 * 120)),
    (ops.Norm("softmax", 6, 1, False), (1, 6, 5, 4), ((1, 6, 5, 4), 0, 0, 5 * 120)),
    (ops.Norm("softmax", 10, 1, False), (2, 10), ((2, 10), 0, 0, 100)),
    (ops.Tokens(2, 4, 22), (1, 4, 5, 4), ((1, 4, 22), 8 + 88, 0, 88)),
    (ops.Tokens(0, 4, 20), (2, 4, 20), ((2, 4, 20), 80, 0, 160)),
    (ops.Attention(2, 6), (2, 18, 7), ((2, 6, 7), 0, 2 * 2 * 49 * 6, 6 * 2 * 2 * 49)),
    (ops.Attention(1, 4), (1, 12, 3, 2), ((1, 4, 3, 2), 0, 2 * 36 * 4, 6 * 36)),
    (ops.Pool("max", (3, 2), (1, 2), ((1, 2), (0, 1)), False, (2, 3)), (1, 4, 11, 12), ((1, 4, 10, 5), 0, 0, 6 * 200)),
    (ops.Pool("avg", (3,), (2,), ((0, 0),), True, (2,)), (1, 4, 12), ((1, 4, 5), 0, 0, 3 * 20)),
    (ops.Conv(4, 6, (3,), (1,), ((1, 1),), (1,), 2, True, shared=True), (1, 4, 9), ((1, 6, 9), 0, 6 * 2 * 3 * 9, 54)),
    (ops.Linear(4, 6, True, True), (1, 4, 9), ((1, 6, 9), 0, 24 * 9, 54)),
]  # fmt: skip


def graph_of(op: ops.Op, given: ops.Shape) -> ops.Graph:
    return ops.Graph(given, "fp32", (ops.Node("alone", op, (0,)),))


@each(("op", "given", "expected"), OPS, ids=range(len(OPS)))
def test_what_it_costs_is_counted_by_hand(
    op: ops.Op, given: ops.Shape, expected: tuple[ops.Shape, int, int, int]
) -> None:
    found = words(analyze(graph_of(op, given)))
    shown = tuple([found[word] for word in ("output_shape", "params", "macs", "elementwise")])
    assert shown == expected
    assert found["effective_macs"] == found["macs"] or type(op) is ops.Conv


@each(("op", "given"), [row[:2] for row in OPS])
def test_every_word_is_what_its_execution_gives(op: ops.Op, given: ops.Shape) -> None:
    """Peak, traffic, receptive field and mixing among them; in place and not."""
    graph = graph_of(op, given)
    for inplace in (True, False):
        analysis = analyze(graph, inplace)
        checks = {**judge(graph, analysis, inplace, "full").checks, **check_seen(graph, analysis)}
        assert [word for word, check in checks.items() if check.ok is False] == []
        assert inplace or checks["mixes"].ok


@each(("op", "given"), [row[:2] for row in OPS])
def test_values_are_those_of_int64(op: ops.Op, given: ops.Shape) -> None:
    """Norms and attention among them, on integers with whole statistics."""
    found = exact_values(op, [given])
    assert found is not None
    assert found.same


def values(op: ops.Op, given: Any, weights: Weights | None = None) -> Any:
    return apply_values(op, [np.asarray(given, np.float64)], weights, None, Workbench())[0]


def test_bilinear_weighs_by_distance_and_stops_at_the_ends() -> None:
    """As PyTorch with align_corners=False: 0.25 and 0.75 between, the ends repeated."""
    made = values(ops.Upsample("bilinear", (2,)), [[[0], [4], [8]]])
    assert made[0, :, 0].tolist() == [0, 1, 3, 5, 7, 8]
    assert values(ops.Upsample("bilinear", (3,)), [[[0], [3]]])[0, :, 0].tolist() == [0, 0, 1, 2, 3, 3]


@pytest.mark.parametrize(
    ("by", "positions"),
    [(2, [0, 1, 1, 1, 1, 0]), (3, [0, 0, 1, 1, 1, 1, 1, 0, 0]), (4, [0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0])],
)
def test_bilinear_is_heard_less_than_one_position_away(by: int, positions: list[int]) -> None:
    """The middle one of three, in the values and as it is heard without them."""
    op = ops.Upsample("bilinear", (by,))
    assert (values(op, [[[0], [1], [0]]])[0, :, 0] > 0).tolist() == [bool(n) for n in positions]
    assert _hear_upsample(op, np.array([[[0], [1], [0]]], np.uint8))[0, :, 0].tolist() == positions


def test_what_a_position_hears_is_known_where_its_neighbours_are() -> None:
    """Of three positions made twice as many, bilinear: the first and the last need one that is not there."""
    line = _follow_upsample(ops.Upsample("bilinear", (2,)), 0, [Line(0, np.arange(3), np.arange(3), 3)])
    assert (line.start, line.size) == (1, 6)
    assert list(zip(line.first.tolist(), line.last.tolist())) == [(0, 1), (0, 1), (1, 2), (1, 2)]


def test_pixel_shuffle_puts_a_block_of_channels_row_by_row() -> None:
    """Channels 0 to 3 are one position's block."""
    made = values(ops.PixelShuffle((2, 2)), [[[[0, 1, 2, 3], [4, 5, 6, 7]]]])
    assert made[0, :, :, 0].tolist() == [[0, 1, 4, 5], [2, 3, 6, 7]]


def test_norms_normalise_over_what_they_say() -> None:
    """Mean 0 and variance 1 of each group over space; root mean square 1 and sum 1 of each position's channels."""
    given = np.random.default_rng(0).normal(3, 5, (2, 6, 5, 4))
    made = values(ops.Norm("group-norm", 4, 2, False), given).reshape(2, -1, 2, 2)
    assert np.allclose(made.mean(axis=(1, 3)), 0)
    assert np.allclose(made.var(axis=(1, 3)), 1, atol=1e-5)
    instance = values(ops.Norm("instance-norm", 4, 4, False), given).reshape(2, -1, 4)
    assert np.allclose(instance.std(axis=1), 1, atol=1e-5)
    rms = values(ops.Norm("rms-norm", 4), given, Weights(np.full(4, 2.0)))
    assert np.allclose((rms**2).mean(axis=-1), 4, atol=1e-4)
    softmax = values(ops.Norm("softmax", 4, 1, False), given)
    assert np.allclose(softmax.sum(axis=-1), 1)
    assert (softmax > 0).all()


def test_attention_is_the_weighted_mean_of_values() -> None:
    """Of equal scores the plain mean; of one that stands out, its own value."""
    rows = np.zeros((1, 3, 6))
    rows[0, :, 4] = [3, 6, 9]
    assert values(ops.Attention(1, 2), rows)[0, :, 0].tolist() == [6, 6, 6]
    rows[0, :, 0], rows[0, 1, 2] = 50, 50
    assert np.allclose(values(ops.Attention(1, 2), rows)[0, :, 0], 6)
    bench = Workbench()
    apply_values(ops.Attention(3, 6), [np.ones((2, 5, 18))], None, None, bench)
    assert bench.products == analyze(graph_of(ops.Attention(3, 6), (2, 18, 5))).cost.macs


def test_prelu_and_tokens_by_hand() -> None:
    """Only what is negative is multiplied; learned rows in front, something added to all."""
    assert values(ops.Scale(2, "prelu"), [[[-1, -2], [3, 4]]], Weights(np.array([10, 5]))).tolist() == [
        [[-10, -10], [3, 4]]
    ]
    learned = np.array([[7], [1], [2], [3]])
    assert values(ops.Tokens(1, 1, 3), [[[10], [20]]], Weights(learned)).tolist() == [[[8], [12], [23]]]


@each(
    ("op", "given", "why"),
    [
        (ops.PixelShuffle((2, 2)), (1, 6, 4, 4), "6 channels are no blocks of 2x2"),
        (ops.Pad(((-3, -2),)), (1, 6, 5), "nothing is left of the 5 input"),
        (ops.Pad(((5, 0),), "reflect"), (1, 6, 5), "mode=reflect has no 5 input"),
        (ops.Norm("group-norm", 6, 4), (1, 6, 5), "4 groups of 6 channels, and gets 6"),
        (ops.Norm("rms-norm", 5), (1, 6, 5), "1 groups of 5 channels, and gets 6"),
        (ops.Attention(2, 6), (1, 12, 5), "2 heads do not divide 12 channels"),
        (ops.Tokens(1, 6, 5), (1, 6, 5), "takes 4 positions, gets 5"),
    ],
)
def test_what_does_not_fit_says_so(op: ops.Op, given: ops.Shape, why: str) -> None:
    with pytest.raises(ShapeError, match=why):
        check_shapes(graph_of(op, given))


def test_shared_weights_are_read_again_and_learned_once() -> None:
    """Params and weight bytes of the first only, traffic of both."""
    conv = ops.Conv(4, 4, (3,), (1,), ((1, 1),), (1,))
    nodes = (ops.Node("a", conv, (0,)), ops.Node("b", conv._replace(shared=True), (1,)))
    shared, own = (
        analyze(ops.Graph((1, 4, 9), "fp32", nodes)),
        analyze(ops.Graph((1, 4, 9), "fp32", (nodes[0], nodes[1]._replace(op=conv)))),
    )
    assert (shared.cost.params, shared.cost.weight_bytes) == (48, 192)
    assert (shared.cost.macs, shared.cost.traffic_bytes) == (own.cost.macs, own.cost.traffic_bytes)
