"""The operations that networks add to convolutions: what the analysis says of them is what executing them shows."""

from __future__ import annotations

from math import prod

import pytest
from tables import each

from convcost.analysis import analyze, words
from convcost.checks.verifier import check
from convcost.execute.ones.measure import measure
from convcost.graph import ops
from convcost.graph.shapes import check_shapes

GIVEN = (2, 6, 9, 7)

ALONE: dict[str, ops.Op] = {
    "linear": ops.Linear(6, 5, bias=True),
    "flatten": ops.Flatten(),
    "split": ops.Split(1, 4),
    "shuffle": ops.Shuffle(3),
    "layer-norm": ops.LayerNorm(6),
    "scale": ops.Scale(6),
    "max-pool": ops.Pool("max", (3, 2), (2, 2), ((1, 1), (0, 1))),
    "ceil-pool": ops.Pool("max", (3, 3), (2, 3), ((0, 0), (1, 0)), ceil_mode=True),
    "avg-pool": ops.Pool("avg", (2, 3), (2, 1), ((0, 0), (0, 0))),
    "global-pool": ops.AdaptivePool("avg", (1, 1)),
    "uneven-pool": ops.AdaptivePool("avg", (4, 3)),
}


def agrees(graph: ops.Graph, inplace: bool = True) -> bool:
    """Is every word that execution settles the one that the analysis gives?"""
    check_shapes(graph)
    return all(c.ok for c in check(words(analyze(graph, inplace)), measure(graph, inplace=inplace)).values())


@each("name", ALONE)
def test_each_operation_alone_is_executed_as_analysed(name: str) -> None:
    """Shape, params, MACs and peak."""
    assert agrees(ops.Graph(GIVEN, "fp16", (ops.Node(name, ALONE[name], (0,)),)))


@pytest.mark.parametrize("inplace", [True, False])
def test_branches_are_executed_as_analysed(inplace: bool) -> None:
    """Split, shuffle, concatenation, gate, sum: views share a tensor, and what is overwritten is needed by nobody."""
    conv = ops.Conv(3, 3, (3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1))
    nodes = (
        ops.Node("left", ops.Split(0, 3), (0,)),
        ops.Node("right", ops.Split(3, 6), (0,)),
        ops.Node("conv", conv, (2,)),
        ops.Node("relu", ops.Activation("relu"), (3,)),
        ops.Node("join", ops.Concat(), (1, 4)),
        ops.Node("shuffle", ops.Shuffle(2), (5,)),
        ops.Node("squeeze", ops.AdaptivePool("avg", (1, 1)), (6,)),
        ops.Node("gate", ops.Linear(6, 6), (7,)),
        ops.Node("excite", ops.Multiply(), (6, 8)),
        ops.Node("sum", ops.Add(), (9, 5)),
        ops.Node("flat", ops.Flatten(), (10,)),
        ops.Node("classes", ops.Linear(6 * 9 * 7, 4), (11,)),
    )
    graph = ops.Graph(GIVEN, "fp32", nodes)
    assert agrees(graph, inplace)
    assert analyze(graph).receptive_field == (11, 9)  # all of it, and the border that the convolution sees


def test_views_move_and_allocate_nothing() -> None:
    """Flatten and split look at a tensor in another way."""
    for name in ("flatten", "split"):
        found = analyze(ops.Graph(GIVEN, "fp32", (ops.Node(name, ALONE[name], (0,)),)))
        assert (found.cost.traffic_bytes, found.cost.activation_bytes) == (0, 0)
        assert found.peak_bytes == 4 * prod(GIVEN)
        assert words(found)["arithmetic_intensity"] is None


def test_pooling_counts_its_window_and_an_adaptive_one_all_its_windows() -> None:
    """Per output element the window; 9 positions in 4 windows overlap at 3 bounds, 7 in 3 at 2."""
    pool = analyze(ops.Graph(GIVEN, "fp32", (ops.Node("pool", ALONE["max-pool"], (0,)),)))
    assert pool.cost.elementwise == 6 * prod(pool.output_shape)
    adaptive = analyze(ops.Graph(GIVEN, "fp32", (ops.Node("pool", ALONE["uneven-pool"], (0,)),)))
    assert adaptive.cost.elementwise == 2 * 6 * (9 + 3) * (7 + 2)
