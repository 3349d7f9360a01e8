"""Training a graph for a few steps: seeded weights, losses, gradient descent, and data that is generated."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..graph.ops import BatchNorm, Graph, LayerNorm, Scale
from .gradients import Gradients, Weights, backward, forward, weight_shapes

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Variance of a weight times the number of inputs it meets: He et al. 2015 (arXiv 1502.01852), PyTorch's default.
GAINS = {"he": 2.0, "pytorch": 1 / 3}


class Data(NamedTuple):
    """Inputs (count, channels, *spatial) and what belongs to each: a class, or an array."""

    inputs: NDArray[Any]
    targets: NDArray[Any]


class Run(NamedTuple):
    """A training: the loss before each step and after the last, and the weights it ended with."""

    losses: list[float]
    weights: Weights


def initial_weights(graph: Graph, init: str, seed: int) -> Weights:
    """Normal weights of the variance that `init` names, biases and shifts 0, scales 1; float32."""
    random = np.random.default_rng(seed)
    return [
        [_initial(random, shape, GAINS[init], number, type(node.op) in (BatchNorm, LayerNorm, Scale))
         for number, shape in enumerate(weight_shapes(node.op))]
        for node in graph.nodes
    ]  # fmt: skip


def _initial(random: np.random.Generator, shape: tuple[int, ...], gain: float, number: int, scales: bool) -> Any:
    if len(shape) == 1:
        return np.full(shape, float(scales and not number), np.float32)
    inputs = int(np.prod(shape[1:]))
    return random.normal(0, sqrt(gain / inputs), shape).astype(np.float32)


def normal(shape: tuple[int, ...], seed: int) -> NDArray[Any]:
    """Seeded normal numbers, float32."""
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def motifs(count: int, seed: int, *, classes: int = 4, length: int = 16, noise: float = 0.3) -> Data:
    """Signals (count, 1, length): one of `classes` waves of 8 samples, anywhere in noise; the class is which.

    The waves are the same for every seed; where they lie, their sign and the noise are not: no average of
    samples tells the classes apart.
    """
    waves = np.array([np.cos(np.pi * (np.arange(8) + 0.5) * (frequency + 1) / 8) for frequency in range(classes)])
    random = np.random.default_rng(seed)
    targets = random.integers(0, classes, count)
    starts, signs = random.integers(0, length - 7, count), random.choice([-1.0, 1.0], count)
    inputs = random.normal(0, noise, (count, 1, length))
    for row, (start, sign, target) in enumerate(zip(starts, signs, targets)):
        inputs[row, 0, start : start + 8] += sign * waves[target]
    return Data(inputs.astype(np.float32), targets)


def squared_error(output: NDArray[Any], target: NDArray[Any]) -> tuple[float, NDArray[Any]]:
    """The squared error over the target's own square, and its gradient."""
    scale = float((target**2).sum())
    return float(((output - target) ** 2).sum()) / scale, (2 / scale * (output - target)).astype(output.dtype)


def cross_entropy(output: NDArray[Any], target: NDArray[Any]) -> tuple[float, NDArray[Any]]:
    """The mean negative log-probability of the right class under a softmax, and its gradient."""
    scores = output.reshape(output.shape[0], -1).astype(np.float64)
    scores = scores - scores.max(axis=1, keepdims=True)
    logs = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
    grad, rows = np.exp(logs), np.arange(len(target))
    grad[rows, target] -= 1
    return float(-logs[rows, target].mean()), (grad / len(target)).reshape(output.shape).astype(output.dtype)


LOSSES = {"squared-error": squared_error, "cross-entropy": cross_entropy}


def gradients_at(graph: Graph, weights: Weights, data: Data, loss: str) -> tuple[float, Gradients]:
    """The loss on `data` and its gradients."""
    passed = forward(graph, data.inputs, weights)
    value, grad = LOSSES[loss](passed.values[-1], data.targets)
    return value, backward(graph, passed, weights, grad)


def train(graph: Graph, weights: Weights, data: Data, loss: str, *, rate: float, steps: int, batch: int,
          seed: int, momentum: float = 0.9, clip: float = 1.0) -> Run:  # fmt: skip
    """Gradient descent with momentum on `weights`, in place; `batch` samples a step, gradients clipped to a norm.

    Losses are those of the batches. A training that leaves the finite numbers stops, its last loss infinite.
    """
    random, speeds = np.random.default_rng(seed), [[np.zeros_like(w) for w in own] for own in weights]
    losses: list[float] = []
    with np.errstate(all="ignore"):  # what leaves the finite numbers is an answer here, and looked at below
        for _ in range(steps):
            rows = random.integers(0, len(data.inputs), batch)
            value, found = gradients_at(graph, weights, Data(data.inputs[rows], data.targets[rows]), loss)
            norm = gradient_norm([w for own in found.weights for w in own])
            if not np.isfinite(value) or not np.isfinite(norm):
                return Run([*losses, float("inf")], weights)
            losses.append(value)
            _step(weights, speeds, found.weights, rate * min(1.0, clip / max(norm, 1e-30)), momentum)
    return Run(losses, weights)


def _step(weights: Weights, speeds: Weights, grads: Weights, rate: float, momentum: float) -> None:
    for own, fast, slopes in zip(weights, speeds, grads):
        for weight, speed, slope in zip(own, fast, slopes):
            np.subtract(momentum * speed, rate * slope, out=speed)
            np.add(weight, speed, out=weight)


def gradient_norm(arrays: list[NDArray[Any]]) -> float:
    """The Euclidean length of all the arrays together."""
    return sqrt(sum([float((a.astype(np.float64) ** 2).sum()) for a in arrays]))


def loss_of(graph: Graph, weights: Weights, data: Data, loss: str) -> float:
    """The loss on all of `data`."""
    with np.errstate(all="ignore"):  # the same: it becomes infinite
        value, _ = LOSSES[loss](forward(graph, data.inputs, weights).values[-1], data.targets)
    return value if np.isfinite(value) else float("inf")


def accuracy(graph: Graph, weights: Weights, data: Data) -> float:
    """The share of `data` whose right class has the highest score."""
    with np.errstate(all="ignore"):  # the same: scores that are none are wrong
        scores = forward(graph, data.inputs, weights).values[-1]
    return float((scores.reshape(len(data.targets), -1).argmax(axis=1) == data.targets).mean())
