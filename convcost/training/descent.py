"""Training several networks of one structure side by side: seeded weights, losses, gradient descent, generated data.

The networks are groups of one graph, so that a pass through it is a pass through all of them: network n has the n-th
part of the channels of every value. Nothing passes from one to another. Data have an axis more, the networks, in
front: (networks, count, channels, *spatial).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import sqrt
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..graph import ops
from .gradients import Gradients, Weights, backward, forward, weight_shapes

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Variance of a weight times the number of inputs it meets: He et al. 2015 (arXiv 1502.01852), PyTorch's default.
GAINS = {"he": 2.0, "pytorch": 1 / 3}


class Data(NamedTuple):
    """Inputs (networks, count, channels, *spatial) and what belongs to each: a class, or an array."""

    inputs: NDArray[Any]
    targets: NDArray[Any]


def train_side_by_side(graph: ops.Graph, networks: int) -> ops.Graph:
    """So many networks like `graph` as one graph, in which each has its own channels.

    >>> from convcost.graph.ops import Node
    >>> one = ops.Graph((1, 2, 5), "fp32", (Node("conv", ops.Conv(2, 4, (3,), (1,), ((1, 1),), (1,)), (0,)),))
    >>> conv = train_side_by_side(one, 3).nodes[0].op
    >>> conv.in_channels, conv.out_channels, conv.groups
    (6, 12, 3)

    A linear layer becomes a 1x1 convolution, which has groups. Raises ValueError for an operation that is not known.
    """
    batch, channels, *size = graph.input_shape
    nodes = [node._replace(op=_widened(node.op, networks, len(size))) for node in graph.nodes]
    return graph._replace(input_shape=(batch, channels * networks, *size), nodes=tuple(nodes))


def _widened(op: ops.Op, networks: int, axes: int) -> ops.Op:
    if isinstance(op, ops.Linear):
        ones, none = (1,) * axes, ((0, 0),) * axes
        op = ops.Conv(op.in_features, op.out_features, ones, ones, none, ones, bias=op.bias)
    if isinstance(op, ops.Conv):
        groups = op.groups * networks
        return op._replace(
            in_channels=op.in_channels * networks, out_channels=op.out_channels * networks, groups=groups
        )
    if isinstance(op, ops.BatchNorm):
        return op._replace(channels=op.channels * networks)
    if isinstance(op, ops.Add | ops.Activation | ops.AdaptivePool):
        return op
    raise ValueError(f"{type(op).__name__} is not trained side by side")


def initial_weights(graph: ops.Graph, init: str, seeds: Sequence[int]) -> Weights:
    """Weights of a network like `graph` for each seed, side by side; float32.

    Normal, of the variance that `init` names; biases and shifts 0, scales 1.
    """
    drawn = [_drawn(graph, init, seed) for seed in seeds]
    wide = train_side_by_side(graph, len(seeds))
    return [
        [np.concatenate(parts).reshape(shape) for parts, shape in zip(zip(*own), weight_shapes(node.op))]
        for own, node in zip(zip(*drawn), wide.nodes)
    ]


def _drawn(graph: ops.Graph, init: str, seed: int) -> Weights:
    """The weights of one network."""
    random = np.random.default_rng(seed)
    return [
        [_initial(random, shape, GAINS[init], number, type(node.op) in (ops.BatchNorm, ops.LayerNorm, ops.Scale))
         for number, shape in enumerate(weight_shapes(node.op))]
        for node in graph.nodes
    ]  # fmt: skip


def _initial(random: np.random.Generator, shape: tuple[int, ...], gain: float, number: int, scales: bool) -> Any:
    if len(shape) == 1:
        return np.full(shape, float(scales and not number), np.float32)
    inputs = int(np.prod(shape[1:]))
    return random.normal(0, sqrt(gain / inputs), shape).astype(np.float32)


def normal_data(shape: tuple[int, ...], seeds: Sequence[int]) -> NDArray[Any]:
    """Seeded normal numbers for each network, float32."""
    return np.stack([np.random.default_rng(seed).normal(size=shape).astype(np.float32) for seed in seeds])


def motifs(count: int, seeds: Sequence[int], *, classes: int = 4, length: int = 16, noise: float = 0.3) -> Data:
    """For each network `count` signals of one channel: one of `classes` waves of 8 samples, anywhere in noise.

    The class is which wave it is. The waves are the same for every seed; where they lie, their sign and the noise are
    not: no average of samples tells the classes apart.
    """
    inputs, targets = zip(*[_motifs(count, seed, classes, length, noise) for seed in seeds])
    return Data(np.stack(inputs), np.stack(targets))


def _motifs(count: int, seed: int, classes: int, length: int, noise: float) -> tuple[NDArray[Any], NDArray[Any]]:
    waves = np.array([np.cos(np.pi * (np.arange(8) + 0.5) * (frequency + 1) / 8) for frequency in range(classes)])
    random = np.random.default_rng(seed)
    targets = random.integers(0, classes, count)
    starts, signs = random.integers(0, length - 7, count), random.choice([-1.0, 1.0], count)
    inputs = random.normal(0, noise, (count, 1, length))
    for row, (start, sign, target) in enumerate(zip(starts, signs, targets)):
        inputs[row, 0, start : start + 8] += sign * waves[target]
    return inputs.astype(np.float32), targets


def joined_graph(apart: NDArray[Any]) -> NDArray[Any]:
    """(networks, count, channels, *spatial) as a graph of networks side by side has it."""
    networks, count, channels, *size = apart.shape
    return apart.swapaxes(0, 1).reshape(count, networks * channels, *size)


def parted(given: NDArray[Any], networks: int) -> NDArray[Any]:
    """The reverse of `joined`."""
    count, channels, *size = given.shape
    return given.reshape(count, networks, channels // networks, *size).swapaxes(0, 1)


def squared_error(output: NDArray[Any], target: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Each network's squared error over the target's own square, and its gradient."""
    scale = (target**2).reshape(len(target), -1).sum(axis=1)
    values = ((output - target) ** 2).reshape(len(target), -1).sum(axis=1) / scale
    slopes = 2 / scale.reshape(-1, *[1] * (output.ndim - 1)) * (output - target)
    return values, slopes.astype(output.dtype)


def cross_entropy(output: NDArray[Any], target: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Each network's mean negative log-probability of the right class under a softmax, and its gradient."""
    scores = output.reshape(*output.shape[:2], -1).astype(np.float64)
    scores = scores - scores.max(axis=2, keepdims=True)
    logs = scores - np.log(np.exp(scores).sum(axis=2, keepdims=True))
    right = target[..., None]
    grad = np.exp(logs)
    np.put_along_axis(grad, right, np.take_along_axis(grad, right, 2) - 1, 2)
    values: NDArray[Any] = -np.take_along_axis(logs, right, 2).mean(axis=(1, 2))
    return values, (grad / target.shape[1]).reshape(output.shape).astype(output.dtype)


LOSSES = {"squared-error": squared_error, "cross-entropy": cross_entropy}


def gradients_at(graph: ops.Graph, weights: Weights, data: Data, loss: str, *,
                 batch_statistics: bool = False) -> tuple[NDArray[Any], Gradients]:  # fmt: skip
    """Each network's loss on `data` and the gradients; `graph` is that of all networks."""
    passed = forward(graph, joined_graph(data.inputs), weights, batch_statistics=batch_statistics)
    values, grad = LOSSES[loss](parted(passed.values[-1], len(data.inputs)), data.targets)
    return values, backward(graph, passed, weights, joined_graph(grad))


def train(graph: ops.Graph, weights: Weights, data: Data, loss: str, *, rate: float, steps: int, batch: int,
          seeds: Sequence[int], momentum: float = 0.9, clip: float = 1.0,
          progress: Callable[[int], object] = lambda _: None) -> list[list[float]]:  # fmt: skip
    """Gradient descent with momentum on `weights`, in place; gives each network's loss before each step.

    `graph` is that of all networks. A step takes `batch` samples, drawn with the network's seed; a network's gradient
    is clipped to the norm `clip`. Losses are those of the batches, infinite from where a network has left the finite
    numbers. `progress` is told of every step done.
    """
    randoms, speeds = [np.random.default_rng(seed) for seed in seeds], [[np.zeros_like(w) for w in o] for o in weights]
    networks, losses = np.arange(len(seeds))[:, None], []
    with np.errstate(all="ignore"):  # what leaves the finite numbers is an answer here, and looked at below
        for _ in range(steps):
            rows = np.stack([random.integers(0, data.inputs.shape[1], batch) for random in randoms])
            chosen = Data(data.inputs[networks, rows], data.targets[networks, rows])
            values, found = gradients_at(graph, weights, chosen, loss)
            losses.append(finite(values))
            norms = gradient_norms([w for own in found.weights for w in own], len(seeds))
            rates = rate * np.minimum(1.0, clip / np.maximum(norms, 1e-30))
            _step(weights, speeds, found.weights, rates.astype(np.float32)[:, None], momentum)
            progress(1)
    return losses


def _step(weights: Weights, speeds: Weights, grads: Weights, rates: NDArray[Any], momentum: float) -> None:
    """One step, each network at its own rate."""
    for own, fast, slopes in zip(weights, speeds, grads):
        for weight, speed, slope in zip(own, fast, slopes):
            np.subtract(np.float32(momentum) * speed, (rates * slope.reshape(len(rates), -1)).reshape(slope.shape),
                        out=speed)  # fmt: skip
            np.add(weight, speed, out=weight)


def gradient_norms(arrays: list[NDArray[Any]], networks: int) -> NDArray[Any]:
    """For each network the Euclidean length of its part of all the arrays together."""
    squares = [(a.astype(np.float64).reshape(networks, -1) ** 2).sum(axis=1) for a in arrays]
    lengths: NDArray[Any] = np.sqrt(np.sum(squares, axis=0))
    return lengths


def losses_of(graph: ops.Graph, weights: Weights, data: Data, loss: str) -> list[float]:
    """Each network's loss on all of its data."""
    with np.errstate(all="ignore"):  # the same: it becomes infinite
        output = forward(graph, joined_graph(data.inputs), weights).values[-1]
        return finite(LOSSES[loss](parted(output, len(data.inputs)), data.targets)[0])


def accuracies(graph: ops.Graph, weights: Weights, data: Data) -> list[float]:
    """The share of each network's data whose right class has the highest score."""
    with np.errstate(all="ignore"):  # the same: scores that are none are wrong
        scores = parted(forward(graph, joined_graph(data.inputs), weights).values[-1], len(data.inputs))
    right = scores.reshape(*data.targets.shape, -1).argmax(axis=2) == data.targets
    return [float(share) for share in right.mean(axis=1)]


def finite(values: NDArray[Any]) -> list[float]:
    """Plain numbers; what is none is infinite."""
    return [float(value) for value in np.where(np.isfinite(values), values, np.inf)]
