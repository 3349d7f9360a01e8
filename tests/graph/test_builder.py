"""The builder: what it writes after each convolution, how it closes a shortcut, where padding is resolved."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convcost.graph.builder import GraphBuilder
from convcost.graph.ops import Activation, Add, BatchNorm, Conv
from convcost.graph.shapes import infer_shapes

SAME = ((1, 1), (1, 1))


def builder(norm: bool = False, activation: str | None = None) -> GraphBuilder:
    return GraphBuilder((2, 4, 9, 8), "fp32", norm, activation)


def convs(b: GraphBuilder) -> list[Conv]:
    """The convolutions, in order."""
    return [node.op for node in b.graph().nodes if isinstance(node.op, Conv)]


def written(b: GraphBuilder) -> list[tuple[str, str, tuple[int, ...]]]:
    """Name, kind and inputs of each node."""
    return [(node.name, type(node.op).__name__, node.inputs) for node in b.graph().nodes]


def test_a_convolution_left_alone_has_stride_1_and_no_padding() -> None:
    b = builder()
    assert b.conv("c", 6, (3, 2)) == 1
    assert b.graph().nodes[0].op == Conv(4, 6, (3, 2), (1, 1), ((0, 0), (0, 0)), (1, 1))


def test_norm_and_activation_follow_every_convolution() -> None:
    """In that order, each reading the one before."""
    b = builder(norm=True, activation="relu6")
    b.conv("a", 6, (1, 1))
    b.conv("b", 8, (1, 1))
    assert written(b) == [
        ("a", "Conv", (0,)), ("a.norm", "BatchNorm", (1,)), ("a.activation", "Activation", (2,)),
        ("b", "Conv", (3,)), ("b.norm", "BatchNorm", (4,)), ("b.activation", "Activation", (5,)),
    ]  # fmt: skip
    assert [n.op for n in b.graph().nodes[1:3]] == [BatchNorm(6), Activation("relu6")]


def test_a_linear_convolution_has_norm_and_no_activation() -> None:
    b = builder(norm=True, activation="relu")
    b.conv("a", 6, (1, 1), linear=True)
    b.conv("b", 6, (1, 1))
    assert [name for name, _, _ in written(b)] == ["a", "a.norm", "b", "b.norm", "b.activation"]


def test_without_norm_and_activation_there_are_convolutions_only() -> None:
    b = builder()
    b.conv("a", 6, (1, 1))
    b.conv("b", 6, (1, 1))
    assert written(b) == [("a", "Conv", (0,)), ("b", "Conv", (1,))]


def test_a_convolution_reads_the_value_it_is_told_to() -> None:
    """And takes that value's channels."""
    b = builder()
    b.conv("a", 6, (1, 1))
    b.conv("b", 8, (1, 1), at=0)
    assert written(b) == [("a", "Conv", (0,)), ("b", "Conv", (0,))]
    assert [op.in_channels for op in convs(b)] == [4, 4]


def test_identity_shortcut_adds_the_input_before_the_activation() -> None:
    b = builder(norm=True, activation="relu")
    b.conv("a", 4, (3, 3), padding=SAME)
    assert b.shortcut((1, 1), bias=True) == "identity"
    assert written(b) == [
        ("a", "Conv", (0,)), ("a.norm", "BatchNorm", (1,)), ("add", "Add", (2, 0)),
        ("add.activation", "Activation", (3,)),
    ]  # fmt: skip


@pytest.mark.parametrize(("out_channels", "stride"), [(6, (1, 1)), (4, (2, 1)), (4, (1, 2)), (6, (2, 2))])
def test_projection_is_a_strided_1x1_with_norm_and_bias(out_channels: int, stride: tuple[int, int]) -> None:
    """Wherever channels or any stride differ; it comes after the main branch and has no activation of its own."""
    b = builder(norm=True, activation="relu")
    b.conv("a", out_channels, (3, 3), padding=SAME, stride=stride)
    assert b.shortcut(stride, bias=True) == "projection"
    assert written(b)[2:] == [
        ("projection", "Conv", (0,)), ("projection.norm", "BatchNorm", (3,)), ("add", "Add", (2, 4)),
        ("add.activation", "Activation", (5,)),
    ]  # fmt: skip
    assert convs(b)[1] == Conv(4, out_channels, (1, 1), stride, ((0, 0), (0, 0)), (1, 1), bias=True)


def test_without_projection_there_is_no_shortcut_and_the_activation_stays() -> None:
    b = builder(activation="relu")
    b.conv("a", 6, (3, 3), padding=SAME)
    assert b.shortcut((1, 1), bias=False, project=False) == "none"
    assert [name for name, _, _ in written(b)] == ["a", "a.activation"]


def test_a_sum_after_a_linear_convolution_is_not_activated() -> None:
    b = builder(activation="relu")
    b.conv("a", 4, (1, 1), linear=True)
    b.shortcut((1, 1), bias=False, project=False)
    assert written(b)[-1] == ("add", "Add", (1, 0))


def test_a_graph_starts_at_its_input() -> None:
    """The finished graph carries the input's shape and the dtype; the last node makes the output."""
    b = builder(norm=True, activation="relu")
    b.conv("a", 6, (3, 3), padding=SAME, stride=(2, 2))
    b.shortcut((2, 2), bias=False)
    graph = b.graph()
    assert (graph.input_shape, graph.dtype) == ((2, 4, 9, 8), "fp32")
    assert isinstance(graph.nodes[-2].op, Add)
    assert infer_shapes(graph)[-1] == (2, 6, 5, 4)


COUNT = st.integers(1, 7)


@given(st.integers(1, 40), COUNT, COUNT, COUNT)
def test_same_upper_is_the_least_padding_that_keeps_size_by_stride(n: int, k: int, s: int, d: int) -> None:
    """As TensorFlow and ONNX say it: ceil(n / s) positions, no more padding than that takes, the odd one after."""
    b = GraphBuilder((1, 1, n), "fp32")
    b.conv("c", 1, (k,), stride=(s,), dilation=(d,), padding="same-upper")
    reach = d * (k - 1)
    total = next(p for p in range(reach + n) if n + p > reach and (n + p - reach - 1) // s + 1 >= -(-n // s))
    assert convs(b)[0].padding == ((total // 2, total - total // 2),)
    assert infer_shapes(b.graph())[-1] == (1, 1, -(-n // s))


def test_same_upper_is_resolved_for_the_input_it_meets() -> None:
    """The second convolution pads for the size that the first one left."""
    b = GraphBuilder((1, 1, 8), "fp32")
    for name in "ab":
        b.conv(name, 1, (3,), stride=(2,), padding="same-upper")
    b.conv("c", 1, (4,), padding="same-upper")
    assert [op.padding for op in convs(b)] == [((0, 1),), ((0, 1),), ((1, 2),)]
    assert infer_shapes(b.graph())[-1] == (1, 1, 2)


def test_given_pairs_are_taken_as_they_are() -> None:
    b = builder()
    b.conv("c", 1, (3, 3), padding=((1, 2), (0, 3)))
    assert convs(b)[0].padding == ((1, 2), (0, 3))


def test_a_transposed_convolution_keeps_its_fields() -> None:
    b = builder()
    b.conv("t", 2, (3, 3), stride=(2, 2), padding=SAME, transposed=True, output_padding=(1, 0), groups=2)
    assert convs(b) == [Conv(4, 2, (3, 3), (2, 2), SAME, (1, 1), 2, transposed=True, output_padding=(1, 0))]
    assert infer_shapes(b.graph())[-1] == (2, 2, 18, 15)
