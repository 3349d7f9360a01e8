"""What gradients need to be kept: by hand, operation by operation, as PyTorch's autograd keeps it."""

from __future__ import annotations

import pytest

from convcost.analysis.training import is_global_mean, saved_bytes
from convcost.graph.ops import (
    Activation,
    AdaptivePool,
    Add,
    BatchNorm,
    Concat,
    Conv,
    Counted,
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
from convcost.graph.shapes import infer_shapes

#: 1 x 4 x 6 x 5 = 120 numbers.
INPUT = (1, 4, 6, 5)


def saved(*nodes: Node, dtype: str = "fp32") -> int:
    graph = Graph(INPUT, dtype, nodes)
    return saved_bytes(graph, infer_shapes(graph))


@pytest.mark.parametrize(
    ("op", "expected"),
    [
        (Conv(4, 2, (1, 1), (1, 1), ((0, 0), (0, 0)), (1, 1)), 4 * 120),
        (Linear(4, 2), 4 * 120),
        (BatchNorm(4), 4 * 120 + 2 * 4 * 4),
        (LayerNorm(4), 4 * 120),
        (Scale(4), 4 * 120),
        (Activation("relu"), 4 * 120),
        (Activation("silu"), 4 * 120),
        (Pool("max", (2, 1), (2, 1), ((0, 0), (0, 0))), 4 * 120 + 8 * 60),
        (Pool("avg", (2, 1), (2, 1), ((0, 0), (0, 0))), 4 * 120),
        (AdaptivePool("avg", (1, 1)), 0),
        (AdaptivePool("max", (1, 1)), 4 * 120 + 8 * 4),
        (AdaptivePool("avg", (2, 1)), 4 * 120),
        (AdaptivePool("avg", (1, 2)), 4 * 120),
        (Split(0, 2), 0),
        (Shuffle(2), 0),
        (Flatten(), 0),
        (Counted("softmax", INPUT, elementwise=5), 4 * 120),
        (Counted("transpose", INPUT), 0),
    ],
    ids=str,
)
def test_each_operation_keeps_what_its_gradient_reads(op: Op, expected: int) -> None:
    """Of products and norms the input, of a maximum where it was, of a mean over everything nothing."""
    assert saved(Node("op", op, (0,))) == expected


def test_several_inputs_are_kept_where_they_are_multiplied() -> None:
    """A sum and a concatenation need neither."""
    pool = Node("pool", AdaptivePool("avg", (1, 1)), (0,))
    assert saved(pool, Node("gate", Multiply(), (0, 1))) == 4 * (120 + 4)
    assert saved(Node("add", Add(), (0, 0))) == saved(Node("concat", Concat(), (0, 0))) == 0


def test_an_activation_that_knows_its_slope_from_its_output_keeps_that() -> None:
    """ReLU its output, which the next convolution keeps too; SiLU its input."""
    conv = Conv(4, 4, (1, 1), (1, 1), ((0, 0), (0, 0)), (1, 1))
    for kind, tensors in (("relu", 2), ("silu", 3)):
        nodes = (Node("one", conv, (0,)), Node("act", Activation(kind), (1,)), Node("two", conv, (2,)))
        assert saved(*nodes) == tensors * 480


def test_a_view_is_kept_once_with_what_it_shows() -> None:
    """Both halves of a split are one tensor."""
    halves = (Node("left", Split(0, 2), (0,)), Node("right", Split(2, 4), (0,)))
    assert saved(*halves, Node("gate", Multiply(), (1, 2))) == 480


def test_only_the_mean_over_everything_is_global() -> None:
    """To one position on every axis."""
    assert is_global_mean(AdaptivePool("avg", (1, 1)))
    for op in (AdaptivePool("max", (1, 1)), AdaptivePool("avg", (1, 2)), Pool("avg", (1, 1), (1, 1), ((0, 0),) * 2)):
        assert not is_global_mean(op)


def test_every_tensor_is_kept_in_its_own_type() -> None:
    """Statistics of a norm as its params."""
    assert saved(Node("norm", BatchNorm(4), (0,)), dtype="w8a16") == 2 * 120 + 2 * 4 * 4
    assert saved(Node("norm", BatchNorm(4), (0,)), dtype="fp16") == 2 * 120 + 2 * 2 * 4
