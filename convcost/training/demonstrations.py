"""What an explanation shows by executing it: each function runs small graphs and gives plain numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..execute.values.convolve import convolve_values
from ..execute.values.workbench import Workbench
from ..graph.ops import BatchNorm, Conv, Graph, LayerNorm, Node, Scale
from .descent import initial_weights
from .gradients import Weights, backward, forward, weight_shapes

if TYPE_CHECKING:
    from numpy.typing import NDArray

Kernel = tuple[tuple[float, ...], ...]


class Disturbed(NamedTuple):
    """How many outputs change with one number of the input, at how many positions and in how many channels."""

    outputs: int
    positions: int
    channels: int


def disturb(graph: Graph) -> Disturbed:
    """Run `graph` twice on random weights, the second time with one number in the middle of channel 0 changed.

    >>> from convcost.graph.ops import Node
    >>> conv = Conv(2, 4, (3,), (1,), ((1, 1),), (1,))
    >>> disturb(Graph((1, 2, 9), "fp32", (Node("conv", conv, (0,)),)))
    Disturbed(outputs=12, positions=3, channels=4)
    """
    random = _random()
    weights = _random_weights(random, graph)
    given = random.normal(size=(2, *graph.input_shape[1:]))
    given[1] = given[0]
    given[1, 0, *[n // 2 for n in given.shape[2:]]] += 1
    first, second = forward(graph, given, weights).values[-1]
    changed = np.abs(second - first) > 1e-13 * np.abs(first).max()
    places = changed.reshape(len(changed), -1)
    return Disturbed(int(changed.sum()), int(places.any(axis=0).sum()), int(places.any(axis=1).sum()))


def _random() -> np.random.Generator:
    """The same numbers in every run."""
    return np.random.default_rng(0)


def _whole_numbers(random: np.random.Generator, shape: tuple[int, ...]) -> NDArray[Any]:
    """Of one digit and either sign, so that sums of their products are exact."""
    return random.integers(-9, 10, shape).astype(float)


def _random_weights(random: np.random.Generator, graph: Graph) -> Weights:
    """Normal numbers that keep the size of a signal, around 1 where a norm scales by them: none is 0."""
    scales = [isinstance(node.op, BatchNorm | LayerNorm | Scale) for node in graph.nodes]
    return [
        [random.normal(1.0, 0.1, shape) if scale else random.normal(0, 1 / np.sqrt(np.prod(shape[1:])), shape)
         for shape in weight_shapes(node.op)]
        for node, scale in zip(graph.nodes, scales)
    ]  # fmt: skip


class Passes(NamedTuple):
    """A kernel in one pass and as 1-D passes: how far the results are apart, and the products that each way issued.

    `difference` is the largest between two outputs, `largest` the largest output of the one pass, `missed` the
    Euclidean length of what the passes leave out of the kernel over that of the kernel.
    """

    difference: float
    largest: float
    missed: float
    products: int
    pass_products: tuple[int, ...]


def in_two_passes(kernel: Kernel, rank: int = 1, size: int = 5) -> Passes:
    """Execute `kernel` on a map of whole numbers, and its nearest sum of `rank` products of a column and a row.

    >>> sobel = in_two_passes(((1, 0, -1), (2, 0, -2), (1, 0, -1)))
    >>> sobel.products, sobel.pass_products
    (81, (45, 27))

    The nearest sum is that of the largest singular values (Eckart & Young 1936). One channel, no padding.
    """
    whole = np.array(kernel, dtype=float)
    height, width = whole.shape
    columns, rows = _factors(whole, rank)
    given = _whole_numbers(_random(), (1, size, size, 1))
    out, products = _executed([whole[None, None]], given)
    passes, *both = _executed([rows.reshape(rank, 1, 1, width), columns.T.reshape(1, rank, height, 1)], given)
    return Passes(
        float(np.abs(passes - out).max()), float(np.abs(out).max()),
        float(np.linalg.norm(columns @ rows - whole) / np.linalg.norm(whole)), products, tuple(both),
    )  # fmt: skip


def _factors(kernel: NDArray[Any], rank: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Columns and rows whose products add up to what is nearest to `kernel`; whole numbers where they can be."""
    left, values, right = np.linalg.svd(kernel)
    columns, rows = left[:, :rank] * values[:rank], right[:rank]
    scale = np.array([row[np.abs(row).argmax()] for row in rows])
    columns, rows = columns * scale, rows / scale[:, None]
    return np.round(columns, 12), np.round(rows, 12)


def _executed(kernels: list[NDArray[Any]], given: NDArray[Any]) -> tuple[Any, ...]:
    """Convolutions one after another, each kernel (out, in, height, width), on (batch, height, width, channels).

    Gives the output and the products that each convolution issued.
    """
    products = []
    for kernel in kernels:
        bench = Workbench()
        op = Conv(kernel.shape[1], kernel.shape[0], kernel.shape[2:], (1, 1), ((0, 0), (0, 0)), (1, 1))
        given, _ = convolve_values(op, given, np.ascontiguousarray(kernel.transpose(2, 3, 1, 0)[None]), None, bench)
        products.append(bench.products)
    return given, *products


def joint_rank(graph: Graph) -> tuple[int, int]:
    """The rank of a chain of 2-D convolutions as one matrix (out · height) × (in · width), and the most it could be.

    >>> from convcost.graph.ops import Node
    >>> row, column = (Conv(*c, k, (1, 1), ((0, 0), (0, 0)), (1, 1)) for c, k in (((4, 2), (1, 3)), ((2, 8), (3, 1))))
    >>> joint_rank(Graph((1, 4, 9, 9), "fp32", (Node("1x3", row, (0,)), Node("3x1", column, (1,)))))
    (2, 12)

    Its kernel is read off: random weights are executed on an input that is 0 but for a single 1 in each
    channel.
    """
    convs = [node.op for node in graph.nodes if isinstance(node.op, Conv)]
    random, inputs = _random(), graph.input_shape[1]
    kernels = [random.normal(size=weight_shapes(conv)[0]) for conv in convs]
    height, width = (sum([conv.kernel_size[axis] - 1 for conv in convs]) + 1 for axis in (0, 1))
    spread = np.zeros((1, (inputs + 1) * height - 1, 2 * width - 1, inputs))
    for channel in range(inputs):  # below each other, so far apart that none meets the next
        spread[0, channel * height + height - 1, width - 1, channel] = 1
    seen = _executed(kernels, spread)[0].reshape(inputs, height, width, -1)
    matrix = seen[:, ::-1, ::-1].transpose(3, 1, 0, 2).reshape(-1, inputs * width)
    matrix = matrix if matrix.shape[0] >= matrix.shape[1] else matrix.T
    squares = np.linalg.eigvalsh(matrix.T @ matrix)  # a tenth of the time of the singular values themselves
    return int((squares > 1e-11 * squares[-1]).sum()), matrix.shape[1]


def as_matrix_product(graph: Graph) -> float:
    """The largest difference between a 1x1 convolution, executed, and the matrix product of its weights and input.

    Both on whole numbers, at every `stride`-th position.
    """
    (op,) = [node.op for node in graph.nodes if isinstance(node.op, Conv)]
    random, alone = _random(), Node("alone", op._replace(bias=False), (0,))
    weights = _whole_numbers(random, weight_shapes(op)[0])
    given = _whole_numbers(random, graph.input_shape)
    out = forward(Graph(graph.input_shape, graph.dtype, (alone,)), given, [[weights]]).values[-1]
    read = given[:, :, *[slice(None, None, step) for step in op.stride]]
    product = weights.reshape(len(weights), -1) @ read.reshape(*read.shape[:2], -1)
    return float(np.abs(out.reshape(product.shape) - product).max())


def arriving_norm(graph: Graph, init: str, seed: int = 0) -> float:
    """The norm of the gradient at the input of a network whose output has a gradient of norm 1, in random direction."""
    random, weights = np.random.default_rng(seed), initial_weights(graph, init, [seed])
    passed = forward(graph, random.normal(size=graph.input_shape), weights)
    grad = random.normal(size=passed.values[-1].shape)
    return float(np.linalg.norm(backward(graph, passed, weights, grad / np.linalg.norm(grad)).values[0]))
