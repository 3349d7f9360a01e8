"""What gradients need to be kept: by hand, operation by operation, as PyTorch's autograd keeps it."""

from __future__ import annotations

from tables import each

from convcost.analysis.training import is_global_mean, saved_bytes, training_memory
from convcost.graph import ops
from convcost.graph.shapes import infer_shapes

#: 1 x 4 x 6 x 5 = 120 numbers.
INPUT = (1, 4, 6, 5)


def saved(*nodes: ops.Node, dtype: str = "fp32") -> int:
    graph = ops.Graph(INPUT, dtype, nodes)
    return saved_bytes(graph, infer_shapes(graph))


@each(
    ("op", "expected"),
    [
        (ops.Conv(4, 2, (1, 1), (1, 1), ((0, 0), (0, 0)), (1, 1)), 4 * 120),
        (ops.Linear(4, 2), 4 * 120),
        (ops.BatchNorm(4), 4 * 120 + 2 * 4 * 4),
        (ops.LayerNorm(4), 4 * 120),
        (ops.Scale(4), 4 * 120),
        (ops.Activation("relu"), 4 * 120),
        (ops.Activation("silu"), 4 * 120),
        (ops.Pool("max", (2, 1), (2, 1), ((0, 0), (0, 0))), 4 * 120 + 8 * 60),
        (ops.Pool("avg", (2, 1), (2, 1), ((0, 0), (0, 0))), 4 * 120),
        (ops.AdaptivePool("avg", (1, 1)), 0),
        (ops.AdaptivePool("max", (1, 1)), 4 * 120 + 8 * 4),
        (ops.AdaptivePool("avg", (2, 1)), 4 * 120),
        (ops.AdaptivePool("avg", (1, 2)), 4 * 120),
        (ops.Split(0, 2), 0),
        (ops.Shuffle(2), 0),
        (ops.Flatten(), 0),
        (ops.Counted("softmax", INPUT, elementwise=5), 4 * 120),
        (ops.Counted("transpose", INPUT), 0),
        (ops.Counted("matmul", INPUT, macs=5), 4 * 120),
        (ops.Norm("group-norm", 4, 2), 4 * 120),
        (ops.Norm("softmax", 4, 1, False), 4 * 120),
        (ops.Upsample("nearest", (2, 1)), 0),
        (ops.Pad(((1, 0), (0, 0))), 0),
        (ops.PixelShuffle((2, 2)), 0),
        (ops.Tokens(1, 4, 31), 0),
        (ops.Pool("max", (2, 1), (2, 1), ((0, 0), (0, 0)), dilation=(1, 1)), 4 * 120 + 8 * 60),
    ],
    ids=str,
)
def test_each_operation_keeps_what_its_gradient_reads(op: ops.Op, expected: int) -> None:
    """Of products and norms the input, of a maximum where it was, of a mean over everything nothing."""
    assert saved(ops.Node("op", op, (0,))) == expected


def test_several_inputs_are_kept_where_they_are_multiplied() -> None:
    """A sum and a concatenation need neither."""
    pool = ops.Node("pool", ops.AdaptivePool("avg", (1, 1)), (0,))
    assert saved(pool, ops.Node("gate", ops.Multiply(), (0, 1))) == 4 * (120 + 4)
    assert saved(ops.Node("add", ops.Add(), (0, 0))) == saved(ops.Node("concat", ops.Concat(), (0, 0))) == 0


def test_an_activation_that_knows_its_slope_from_its_output_keeps_that() -> None:
    """ReLU its output, which the next convolution keeps too; SiLU its input."""
    conv = ops.Conv(4, 4, (1, 1), (1, 1), ((0, 0), (0, 0)), (1, 1))
    for kind, tensors in (("relu", 2), ("relu6", 2), ("sigmoid", 2), ("tanh", 2), ("silu", 3), ("hardswish", 3)):
        nodes = (ops.Node("one", conv, (0,)), ops.Node("act", ops.Activation(kind), (1,)), ops.Node("two", conv, (2,)))
        assert saved(*nodes) == tensors * 480


def test_a_view_is_kept_once_with_what_it_shows() -> None:
    """Both halves of a split are one tensor."""
    halves = (ops.Node("left", ops.Split(0, 2), (0,)), ops.Node("right", ops.Split(2, 4), (0,)))
    assert saved(*halves, ops.Node("gate", ops.Multiply(), (1, 2))) == 480


def test_only_the_mean_over_everything_is_global() -> None:
    """To one position on every axis."""
    assert is_global_mean(ops.AdaptivePool("avg", (1, 1)))
    for op in (
        ops.AdaptivePool("max", (1, 1)),
        ops.AdaptivePool("avg", (1, 2)),
        ops.Pool("avg", (1, 1), (1, 1), ((0, 0),) * 2),
    ):
        assert not is_global_mean(op)


def test_every_tensor_is_kept_in_its_own_type() -> None:
    """Statistics of a norm as its params."""
    assert saved(ops.Node("norm", ops.BatchNorm(4), (0,)), dtype="w8a16") == 2 * 120 + 2 * 4 * 4
    assert saved(ops.Node("norm", ops.BatchNorm(4), (0,)), dtype="fp16") == 2 * 120 + 2 * 2 * 4


def test_training_keeps_gradients_and_the_states_of_its_optimiser_beside_the_weights() -> None:
    """One copy of 40 bytes for momentum, two for Adam, none for plain descent."""
    graph = ops.Graph(INPUT, "fp32", (ops.Node("act", ops.Activation("relu"), (0,)),))
    found = training_memory(graph, infer_shapes(graph), 40)
    assert found == (40, 40, {"sgd": 0, "momentum": 40, "adam": 80}, 480)


def test_a_softmax_is_kept_by_its_output() -> None:
    """In another type than its input and than what follows, which nothing keeps."""
    nodes = (ops.Node("softmax", ops.Norm("softmax", 4, 1, False), (0,)), ops.Node("join", ops.Concat(), (1, 1)))
    graph = ops.Graph(INPUT, "fp32", nodes, ("fp32", "fp16", "fp64"), ((), ()))
    assert saved_bytes(graph, infer_shapes(graph)) == 2 * 120


def test_statistics_and_maxima_are_those_of_what_the_operation_makes() -> None:
    """Between others: 2 channels of 4 and of 6, 30 maxima of 60 and of 90 numbers."""
    narrow, wide = (ops.Conv(a, b, (1, 1), (1, 1), ((0, 0), (0, 0)), (1, 1)) for a, b in ((4, 2), (2, 6)))
    halved = ops.Pool("max", (2, 1), (2, 1), ((0, 0), (0, 0)))
    for op, made, kept in ((ops.BatchNorm(2), 60, 2 * 4 * 2), (halved, 30, 8 * 30)):
        nodes = (ops.Node("narrow", narrow, (0,)), ops.Node("op", op, (1,)), ops.Node("wide", wide, (2,)))
        assert saved(*nodes) == 4 * (120 + 60 + made) + kept
