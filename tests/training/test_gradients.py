"""The backward pass: every gradient against central differences in float64, every product that it takes counted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from strategies import applying
from tables import each

from convcost.explain.document import training_macs
from convcost.graph import ops
from convcost.graph.shapes import infer_shapes
from convcost.spec import ACTIVATIONS, parse_spec
from convcost.training import conv as gradients_conv
from convcost.training import gradients
from convcost.training.gradients import backward, forward, weight_shapes
from convcost.variants.registry import DoesNotApply, all_variants, build_variant

SHAPE = (2, 4, 7, 6)
SMALL = parse_spec("4:4 @5x4 k3 bias ratio=2 e2")

CONVS = {
    "rectangular": ops.Conv(4, 6, (3, 2), (1, 1), ((1, 1), (0, 1)), (1, 1), bias=True),
    "strided": ops.Conv(4, 6, (3, 2), (2, 3), ((1, 0), (2, 1)), (1, 1)),
    "dilated": ops.Conv(4, 6, (2, 3), (1, 2), ((1, 2), (2, 2)), (3, 2)),
    "grouped": ops.Conv(4, 6, (3, 1), (1, 2), ((1, 1), (0, 0)), (1, 1), groups=2, bias=True),
    "depthwise": ops.Conv(4, 8, (3, 3), (2, 1), ((1, 1), (1, 1)), (1, 1), groups=4),
    "pointwise": ops.Conv(4, 5, (1, 1), (1, 1), ((0, 0), (0, 0)), (1, 1)),
    "transposed": ops.Conv(4, 6, (3, 2), (2, 3), ((1, 1), (0, 1)), (1, 2), 2, True, "zeros", True, (1, 0)),
    **{mode: ops.Conv(4, 3, (3, 3), (1, 2), ((2, 1), (1, 3)), (1, 1), padding_mode=mode)
       for mode in ("reflect", "replicate", "circular")},
}  # fmt: skip

OTHERS = {
    "linear": ops.Linear(4, 5, bias=True),
    "batch-norm": ops.BatchNorm(4),
    "layer-norm": ops.LayerNorm(4),
    "scale": ops.Scale(4),
    "split": ops.Split(1, 3),
    "shuffle": ops.Shuffle(2),
    "flatten": ops.Flatten(),
    "max pool": ops.Pool("max", (3, 2), (2, 2), ((1, 1), (0, 1))),
    "average pool": ops.Pool("avg", (3, 2), (2, 1), ((1, 1), (0, 1))),
    "hanging pool": ops.Pool("max", (2, 3), (2, 2), ((0, 0), (0, 0)), ceil_mode=True),
    "adaptive average": ops.AdaptivePool("avg", (3, 4)),
    "adaptive maximum": ops.AdaptivePool("max", (2, 1)),
    **{kind: ops.Activation(kind) for kind in ACTIVATIONS},
}


def drawn(graph: ops.Graph, seed: int = 0) -> tuple[Any, Any, Any]:
    """An input, weights and an output's gradient, all normal, in float64."""
    random = np.random.default_rng(seed)
    weights = [[random.normal(size=shape) for shape in weight_shapes(node.op)] for node in graph.nodes]
    given = random.normal(size=graph.input_shape)
    return given, weights, random.normal(size=forward(graph, given, weights).values[-1].shape)


def difference(function: Any, array: Any, step: float = 1e-6) -> Any:
    """The gradient of a number by central differences."""
    result = np.zeros_like(array)
    for place in np.ndindex(array.shape):
        kept = array[place]
        array[place] = kept + step
        above = function()
        array[place] = kept - step
        result[place] = (above - function()) / (2 * step)
        array[place] = kept
    return result


def input_difference(graph: ops.Graph, given: Any, weights: Any, grad: Any, step: float = 1e-6) -> Any:
    """The same of the input; an operation looks at each of a batch by itself, so all that is moved is one batch."""
    result = np.zeros_like(given)
    for own, one, weight in zip(result, given, grad):
        moved = step * np.eye(one.size).reshape(one.size, *one.shape)
        above, below = (forward(graph, one + by, weights).values[-1] for by in (moved, -moved))
        own[...] = ((above - below) * weight).reshape(one.size, -1).sum(axis=1).reshape(one.shape) / (2 * step)
    return result


def disagreement(graph: ops.Graph) -> float:
    """The largest difference between gradients and central differences, of the input and of all weights."""
    given, weights, grad = drawn(graph)
    found = backward(graph, forward(graph, given, weights), weights, grad)

    def objective() -> float:
        return float((forward(graph, given, weights).values[-1] * grad).sum())

    pairs = [(found.values[0], input_difference(graph, given, weights, grad))] + [
        (have, difference(objective, array))
        for own, arrays in zip(found.weights, weights) for have, array in zip(own, arrays, strict=True)
    ]  # fmt: skip
    return max(float(np.abs(have - wanted).max()) for have, wanted in pairs)


def one(op: ops.Op) -> ops.Graph:
    return ops.Graph(SHAPE, "fp32", (ops.Node("op", op, (0,)),))


@each("op", [*CONVS.values(), *OTHERS.values()], ids=[*CONVS, *OTHERS])
def test_gradients_are_the_central_differences(op: ops.Op) -> None:
    """Of the input and of every weight, H and W unequal."""
    assert disagreement(one(op)) < 1e-6


@pytest.mark.parametrize("axes", [1, 3])
def test_gradients_hold_on_one_and_three_axes(axes: int) -> None:
    """The rules know no number of axes."""
    op = ops.Conv(2, 4, (3, 2, 2)[:axes], (2, 1, 1)[:axes], ((1, 1), (0, 1), (1, 0))[:axes], (1, 2, 1)[:axes], 2, True)
    assert disagreement(ops.Graph((2, 2, *(5, 4, 3)[:axes]), "fp32", (ops.Node("conv", op, (0,)),))) < 1e-6


def test_gradients_add_where_a_value_is_read_twice() -> None:
    """A shortcut, a gate and a concatenation, in one graph."""
    conv = ops.Conv(4, 4, (3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1))
    nodes = (
        ops.Node("conv", conv, (0,)), ops.Node("add", ops.Add(), (0, 1)),
        ops.Node("pool", ops.AdaptivePool("avg", (1, 1)), (2,)),
        ops.Node("gate", ops.Multiply(), (2, 3)), ops.Node("concat", ops.Concat(), (4, 0)),
        ops.Node("silu", ops.Activation("silu"), (5,)),
    )  # fmt: skip
    assert disagreement(ops.Graph(SHAPE, "fp32", nodes)) < 1e-6


@each("variant", applying(SMALL))
def test_gradients_hold_through_every_variant(variant: str) -> None:
    """Norm, activation and shortcut included."""
    spec = SMALL._replace(norm=True, activation="tanh", residual=True)
    assert disagreement(build_variant(variant, spec).graph) < 1e-6


@each("text", ["4:6 @7x5 k3x2 s2x1 g2 n2 ratio=2 e2", "4:6 @4x5 k3x2 s2 t op1"])
@each("variant", [*all_variants(), "as-given"])
def test_the_backward_pass_takes_as_many_products_as_the_training_step_says(variant: str, text: str) -> None:
    """Node by node: sizes of the matrices that were really multiplied."""
    try:
        graph = build_variant(variant, parse_spec(text)).graph
    except DoesNotApply:
        return
    given, weights, grad = drawn(graph)
    found = backward(graph, forward(graph, given, weights), weights, grad)
    step = training_macs(graph, infer_shapes(graph))
    assert (sum(found.input_macs), sum(found.weight_macs)) == (step.input_gradient, step.weight_gradient)


@each(
    ("op", "shapes"),
    [
        (ops.Conv(6, 4, (3, 2), (1, 1), ((0, 0), (0, 0)), (1, 1), 2), [(4, 3, 3, 2)]),
        (ops.Conv(6, 4, (3,), (1,), ((0, 0),), (1,), 1, True), [(4, 6, 3), (4,)]),
        (ops.Linear(5, 9), [(9, 5)]), (ops.Linear(5, 9, True), [(9, 5), (9,)]), (ops.Scale(3), [(3,)]),
        (ops.BatchNorm(3), [(3,), (3,)]), (ops.LayerNorm(3), [(3,), (3,)]), (ops.Norm("rms-norm", 4), [(4,)]),
        (ops.Norm("group-norm", 4, 2), [(4,), (4,)]), (ops.Norm("softmax", 4, 1, False), []),
        (ops.Tokens(2, 4, 7), [(9, 4)]), (ops.Add(), []), (ops.Attention(1, 4), []),
        (ops.Upsample("nearest", (2,)), []),
    ],
    ids=str,
)  # fmt: skip
def test_weights_have_the_shapes_of_pytorch(op: ops.Op, shapes: list[ops.Ints]) -> None:
    assert weight_shapes(op) == shapes


def test_what_is_counted_by_definition_has_no_gradient() -> None:
    with pytest.raises(ValueError, match="erf is counted by definition: it is not executed, and has no gradient"):
        weight_shapes(ops.Counted("erf", (1, 4)))


def test_products_of_the_backward_pass_by_hand() -> None:
    """6 outputs of 2 channels at 3 taps over 5 positions and 2 images; a matrix product at 4 positions of 3 images."""
    conv = ops.Conv(4, 6, (3,), (1,), ((1, 1),), (1,), 2)
    for op, shape, macs in ((conv, (2, 4, 5), 6 * 2 * 3 * 5 * 2), (ops.Linear(4, 7, True), (3, 4, 2, 2), 28 * 4 * 3),
                            (ops.BatchNorm(4), (2, 4, 5), 0)):  # fmt: skip
        graph = ops.Graph(shape, "fp32", (ops.Node("op", op, (0,)),))
        given, weights, grad = drawn(graph)
        found = backward(graph, forward(graph, given, weights), weights, grad)
        assert (found.input_macs, found.weight_macs) == ([macs], [macs])


def test_what_nothing_depends_on_has_a_gradient_of_zeros() -> None:
    """A branch that leads nowhere, and a graph of no operation, whose input is its output."""
    nodes = (ops.Node("lost", ops.BatchNorm(4), (0,)), ops.Node("kept", ops.Activation("relu"), (0,)))
    graph = ops.Graph(SHAPE, "fp32", nodes)
    given, weights, grad = drawn(graph)
    found = backward(graph, forward(graph, given, weights), weights, grad)
    assert [array.tolist() for array in found.weights[0]] == [[0] * 4] * 2
    assert (found.input_macs, found.weight_macs) == ([0, 0], [0, 0])
    assert (found.values[0] == grad * (given > 0)).all()
    alone = ops.Graph(SHAPE, "fp32", ())
    empty = backward(alone, forward(alone, given, []), [], given)
    assert (empty.values[0] == given).all()
    assert empty[1:] == ([], [], [])


def test_a_wrong_gradient_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oracle can fail: a kernel read upside down on the way back."""
    right = gradients_conv.convolve_backward
    monkeypatch.setattr(
        gradients, "convolve_backward", lambda op, shape, kernel, *rest: right(op, shape, kernel[:, :, ::-1], *rest)
    )
    assert disagreement(one(CONVS["rectangular"])) > 1e-3


def test_a_forgotten_branch_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oracle can fail: a shortcut through which nothing flows back."""
    from convcost.training import moving

    monkeypatch.setitem(moving.BACKWARD, ops.Add, lambda _, grad: ([grad, 0 * grad], []))
    nodes = (ops.Node("tanh", ops.Activation("tanh"), (0,)), ops.Node("add", ops.Add(), (1, 0)))
    assert disagreement(ops.Graph(SHAPE, "fp32", nodes)) > 1e-3
