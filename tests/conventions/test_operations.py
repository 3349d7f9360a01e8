"""Operations as counters see them: what a file counts by definition, and what no golden module is of."""

from __future__ import annotations

import pytest

from convcost.conventions.answer import find_conventions, say_all
from convcost.conventions.operations import see
from convcost.graph.ops import Counted, Graph, Node

#: 2 x 3 x 4 = 24 elements.
SHAPE = (2, 3, 4)


def alone(op: Counted) -> Graph:
    return Graph(SHAPE, "fp32", (Node("alone", op, (0,)),))


def test_products_on_data_are_those_of_every_run_of_a_loop() -> None:
    """7 runs of 100 products, 90 of them on data; the weights are learned once."""
    op = Counted("loop-conv", SHAPE, params=50, macs=100, effective_macs=90, times=7)
    (one,) = see(alone(op), [SHAPE, SHAPE])
    assert [one.sizes[size] for size in ("macs", "effective_macs", "params")] == [700, 630, 50]


@pytest.mark.parametrize(
    ("tool", "kind", "figure"),
    [
        ("onnx-tool", "pow", 32 * 24),
        ("onnx-tool", "div", 4 * 24),
        ("jax", "silu", 4 * 24),
        ("jax", "sigmoid", 3 * 24),
        ("thop", "plain-norm", 2 * 24),
        ("fvcore", "plain-norm", 4 * 24),
    ],
)
def test_what_a_tools_source_says_of_24_elements(tool: str, kind: str, figure: int) -> None:
    """Kinds that no golden figure has."""
    op = Counted(kind, SHAPE, elementwise=24)
    said = say_all(find_conventions(tool)[-1:], see(alone(op), [SHAPE, SHAPE]), None)
    assert said[0].sum.value == figure
