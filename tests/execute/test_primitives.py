"""The operations that networks add to convolutions: what the analysis says of them is what executing them shows."""

from __future__ import annotations

from math import prod

import pytest

from convcost.analysis import analyze, words
from convcost.checks.verifier import check
from convcost.execute.ones.measure import measure
from convcost.graph.ops import (
    Activation,
    AdaptivePool,
    Add,
    Concat,
    Conv,
    Flatten,
    Graph,
    LayerNorm,
    Linear,
    Multiply,
    Node,
    Op,
    Pool,
    Scale,
    Shuffle,
    Split,
)
from convcost.graph.shapes import check_shapes

GIVEN = (2, 6, 9, 7)

ALONE: dict[str, Op] = {
    "linear": Linear(6, 5, bias=True),
    "flatten": Flatten(),
    "split": Split(1, 4),
    "shuffle": Shuffle(3),
    "layer-norm": LayerNorm(6),
    "scale": Scale(6),
    "max-pool": Pool("max", (3, 2), (2, 2), ((1, 1), (0, 1))),
    "ceil-pool": Pool("max", (3, 3), (2, 3), ((0, 0), (1, 0)), ceil_mode=True),
    "avg-pool": Pool("avg", (2, 3), (2, 1), ((0, 0), (0, 0))),
    "global-pool": AdaptivePool("avg", (1, 1)),
    "uneven-pool": AdaptivePool("avg", (4, 3)),
}


def agrees(graph: Graph, inplace: bool = True) -> bool:
    """Is every word that execution settles the one that the analysis gives?"""
    check_shapes(graph)
    return all(c.ok for c in check(words(analyze(graph, inplace)), measure(graph, inplace=inplace)).values())


@pytest.mark.parametrize("name", ALONE)
def test_each_operation_alone_is_executed_as_analysed(name: str) -> None:
    """Shape, params, MACs and peak."""
    assert agrees(Graph(GIVEN, "fp16", (Node(name, ALONE[name], (0,)),)))


@pytest.mark.parametrize("inplace", [True, False])
def test_branches_are_executed_as_analysed(inplace: bool) -> None:
    """Split, shuffle, concatenation, gate, sum: views share a tensor, and what is overwritten is needed by nobody."""
    conv = Conv(3, 3, (3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1))
    nodes = (
        Node("left", Split(0, 3), (0,)),
        Node("right", Split(3, 6), (0,)),
        Node("conv", conv, (2,)),
        Node("relu", Activation("relu"), (3,)),
        Node("join", Concat(), (1, 4)),
        Node("shuffle", Shuffle(2), (5,)),
        Node("squeeze", AdaptivePool("avg", (1, 1)), (6,)),
        Node("gate", Linear(6, 6), (7,)),
        Node("excite", Multiply(), (6, 8)),
        Node("sum", Add(), (9, 5)),
        Node("flat", Flatten(), (10,)),
        Node("classes", Linear(6 * 9 * 7, 4), (11,)),
    )
    graph = Graph(GIVEN, "fp32", nodes)
    assert agrees(graph, inplace)
    assert analyze(graph).receptive_field == (11, 9)  # all of it, and the border that the convolution sees


def test_views_move_and_allocate_nothing() -> None:
    """Flatten and split look at a tensor in another way."""
    for name in ("flatten", "split"):
        found = analyze(Graph(GIVEN, "fp32", (Node(name, ALONE[name], (0,)),)))
        assert (found.cost.traffic_bytes, found.cost.activation_bytes) == (0, 0)
        assert found.peak_bytes == 4 * prod(GIVEN)
        assert words(found)["arithmetic_intensity"] is None


def test_pooling_counts_its_window_and_an_adaptive_one_all_its_windows() -> None:
    """Per output element the window; 9 positions in 4 windows overlap at 3 bounds, 7 in 3 at 2."""
    pool = analyze(Graph(GIVEN, "fp32", (Node("pool", ALONE["max-pool"], (0,)),)))
    assert pool.cost.elementwise == 6 * prod(pool.output_shape)
    adaptive = analyze(Graph(GIVEN, "fp32", (Node("pool", ALONE["uneven-pool"], (0,)),)))
    assert adaptive.cost.elementwise == 2 * 6 * (9 + 3) * (7 + 2)
