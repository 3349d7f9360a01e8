"""Gradients of operations that move, normalise or learn positions, against differences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from networks.test_written import FORMS
from tables import each

from convcost.graph import ops
from convcost.networks.build import build_network
from convcost.networks.program import read_program
from convcost.timing.values import Executor, difference, make_case
from convcost.training.gradients import backward, forward, weight_shapes

OPS: list[tuple[ops.Op, ops.Shape]] = [
    (ops.Scale(4, "prelu"), (2, 4, 3, 2)),
    (ops.Norm("group-norm", 4, 2), (2, 4, 3, 2)),
    (ops.Norm("instance-norm", 4, 4, False), (2, 4, 5)),
    (ops.Norm("rms-norm", 4), (2, 4, 3, 2)),
    (ops.Norm("softmax", 4, 1, False), (2, 4, 3)),
    (ops.Upsample("nearest", (2, 3)), (1, 2, 3, 2)),
    (ops.Upsample("bilinear", (2, 3)), (1, 2, 3, 2)),
    (ops.PixelShuffle((2, 3)), (1, 12, 2, 3)),
    (ops.Pad(((1, 2), (-1, 0))), (1, 2, 3, 4)),
    (ops.Pad(((1, 2), (2, 0)), "reflect"), (1, 2, 3, 4)),
    (ops.Pad(((1, 2),), "circular"), (1, 2, 3)),
    (ops.Pad(((0, 1),), "circular"), (1, 2, 3)),
    (ops.Pad(((1, 0),), "replicate"), (1, 2, 3)),
    (ops.Pad(((0, 2),), "reflect"), (1, 2, 3)),
    (ops.Pad(((2, -1),), "replicate"), (1, 2, 3)),
    (ops.Pad(((-1, 2),), "reflect"), (1, 2, 4)),
    (ops.Pad(((0, -2),)), (1, 2, 4)),
    (ops.Pad(((-2, 1),)), (1, 2, 4)),
    (ops.Norm("group-norm", 4, 2, False), (2, 4, 3)),
    (ops.Norm("rms-norm", 6, 2), (2, 6, 3)),
    (ops.Norm("softmax", 6, 3, False), (1, 6, 2, 2)),
    (ops.Upsample("bilinear", (1, 2)), (1, 2, 2, 3)),
    (ops.PixelShuffle((2, 1, 3)), (1, 6, 1, 2, 2)),
    (ops.PixelShuffle((3,)), (1, 6, 2)),
    (ops.Tokens(0, 3, 4), (1, 3, 4)),
    (ops.Attention(1, 2), (1, 6, 2, 2)),
    (ops.Tokens(2, 3, 8), (2, 3, 2, 3)),
    (ops.Attention(2, 4), (2, 12, 3)),
    (ops.Pool("max", (2,), (1,), ((1, 0),), False, (2,)), (1, 2, 6)),
    (ops.Pool("avg", (2, 2), (2, 1), ((0, 1), (0, 0)), False, (2, 1)), (1, 2, 5, 4)),
]


@each(("op", "shape"), OPS, ids=range(len(OPS)))
def test_gradients_are_the_differences(op: ops.Op, shape: ops.Shape) -> None:
    """Of the input and of every weight: a small step either way."""
    random = np.random.default_rng(3)
    graph = ops.Graph(shape, "fp32", (ops.Node("alone", op, (0,)),))
    given, weights = random.normal(size=shape), [random.normal(size=each) for each in weight_shapes(op)]
    passed = forward(graph, given, [weights])
    slope = random.normal(size=passed.values[-1].shape)
    found = backward(graph, passed, [weights], slope)
    for array, gradient in [(given, found.values[0]), *zip(weights, found.weights[0])]:
        assert array.shape == gradient.shape
        for place in list(np.ndindex(array.shape))[:: max(1, array.size // 12)]:
            ends = []
            for step in (1e-5, -1e-5):
                kept = array[place]
                array[place] += step
                ends.append((forward(graph, given, [weights]).values[-1] * slope).sum())
                array[place] = kept
            assert gradient[place] == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=1e-4, abs=1e-6)


def test_attention_takes_twice_the_products_on_the_way_back() -> None:
    """Four where the way there has two."""
    graph = ops.Graph((2, 12, 3), "fp32", (ops.Node("alone", ops.Attention(2, 4), (0,)),))
    passed = forward(graph, np.ones((2, 12, 3)), [[]])
    found = backward(graph, passed, [[]], np.ones((2, 4, 3)))
    assert (found.input_macs, found.weight_macs) == ([4 * 2 * 9 * 4], [0])


def in_training(op: ops.Op, learned: dict[str, Any]) -> list[Any]:
    """What an operation learned, as a training step has it: transposed kernels (out, in a group), tokens in one."""
    arrays = [np.asarray(array, np.float64) for array in learned.values()]
    if isinstance(op, ops.Conv) and op.transposed:
        kernel = arrays[0].reshape(op.groups, -1, *arrays[0].shape[1:]).swapaxes(1, 2)
        return [kernel.reshape(op.out_channels, -1, *op.kernel_size), *arrays[1:]]
    return [np.concatenate(arrays)] if isinstance(op, ops.Tokens) else arrays


@each("text", FORMS.values(), ids=FORMS)
def test_a_training_step_goes_forward_as_the_executor_does(text: str) -> None:
    """So that its gradients, which are its own differences, are those of the operation."""
    case = make_case(build_network(read_program(text)).graph)
    weights = [in_training(node.op, learned) for node, learned in zip(case.graph.nodes, case.learned)]
    made = forward(case.graph, case.given.astype(np.float64), weights).values[-1]
    assert difference(made, Executor(case)()) < 1e-5
