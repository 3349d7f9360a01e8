"""Shows a row by execution: the factors in the variant's graph, beside the layer with the kernel that they make.

The executor knows nothing of decompositions. A row holds where both give the same output of the same random input, the
error measured from the kernel is the one that was found, and the full rank gives the trained kernel back.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from ..answers.check import Check, Verified
from ..execute.values.apply import Weights, apply_values
from ..execute.values.kernels import kernel_of_factors
from ..execute.values.workbench import Workbench
from ..graph.ops import Conv, Graph
from ..spec.layer import Ints, LayerSpec
from ..variants.factors import letter_sizes, with_ranks
from ..variants.registry import AS_GIVEN, build_variant
from .families import Pair
from .kernels import Kernel, stacked

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .rows import Family, Row

#: How far apart outputs in float32 may be, errors in float64, and a kernel of full rank from the trained one.
OUTPUT, ERROR, FULL = 1e-5, 1e-7, 1e-6

#: Steps by which the largest singular value of what is left is sought.
STEPS = 12


def show_row(kernel: Kernel, family: Family, row: Row, limit: int) -> Verified:
    """What executing a row showed; layers of more than `limit` multiply-adds are executed at a smaller input."""
    factors = family.made.factors(row.ranks)
    dense = rebuilt(kernel, family, row.ranks, factors)
    spec = smaller(kernel.spec._replace(batch=1), limit if row.macs <= limit else 0)
    difference = compare_outputs(kernel, family, row, factors, dense, spec)
    checks = {
        "output": Check(0.0, difference, difference <= OUTPUT),
        "error": _error_again(kernel, row, dense),
        **_optimal(kernel, family, row, dense),
        "full_rank": _full_rank(kernel, family, row, dense),
    }
    return outcome(kernel, spec, checks)


def outcome(kernel: Kernel, spec: LayerSpec, checks: dict[str, Check]) -> Verified:
    """What checks of a layer say that was executed as `spec`, which may have a smaller input."""
    full = spec.input_size == kernel.spec.input_size
    status = "mismatch" if any([check.ok is False for check in checks.values()]) else "verified" if full else "reduced"
    fields = ("in_channels", "out_channels", "groups", "input_size", "batch")
    return Verified(status, "full" if full else {field: getattr(spec, field) for field in fields}, checks)


def smaller(spec: LayerSpec, limit: int) -> LayerSpec:
    """The layer on an input that has its border and a few windows inside, where it would be more work than `limit`."""
    work = spec.out_channels * spec.in_channels // spec.groups
    for n, k in zip(spec.input_size, spec.kernel_size):
        work *= n * k
    if work <= limit:
        return spec
    axes = zip(spec.input_size, spec.kernel_size, spec.dilation, spec.stride)
    return spec._replace(input_size=tuple([min(n, (k - 1) * d + 1 + 5 * s) for n, k, d, s in axes]))


def compare_outputs(
    kernel: Kernel, family: Family, row: Row, factors: Sequence[NDArray[Any]], dense: NDArray[Any], spec: LayerSpec
) -> float:
    """The difference between the outputs of the factors and of the layer with the dense kernel, relative to the latter.

    Infinite where they have not even the same shape.
    """
    graph = factor_graph(family, row.ranks, spec)
    given = random_input(graph)
    made = run_chain(graph, given, factor_weights(graph, factors, kernel.bias))
    plain = build_variant(AS_GIVEN, spec).graph
    expected = run_chain(plain, given, [in_layout(dense, spec.groups, kernel.bias)])
    if made.shape != expected.shape:
        return float("inf")
    return distance(made, expected)


def output_error(kernel: Kernel, family: Family, row: Row, given: NDArray[Any]) -> float:
    """The error of a layer's output for the input that it has: (batch, *spatial, channels), of its own size."""
    spec = kernel.spec._replace(batch=len(given), input_size=given.shape[1:-1])
    graph = factor_graph(family, row.ranks, spec)
    weights = factor_weights(graph, family.made.factors(row.ranks), kernel.bias)
    made = run_chain(graph, given.astype(np.float32), weights)
    plain = build_variant(AS_GIVEN, spec).graph
    expected = run_chain(plain, given.astype(np.float32), [in_layout(kernel.weights, spec.groups, kernel.bias)])
    return distance(made, expected)


def distance(made: NDArray[Any], expected: NDArray[Any]) -> float:
    """|made - expected| / |expected|, in float64; of two that are zero, 0; NaN where a number is none.

    >>> distance(np.zeros(2), np.zeros(2)), distance(np.array([1.0, 1.0]), np.array([1.0, 0.0]))
    (0.0, 1.0)
    """
    left = np.subtract(made, expected, dtype=np.float64)
    off, size = sqrt(float(np.vdot(left, left))), float(np.linalg.norm(expected.astype(np.float64)))
    return off / size if size else off


def random_input(graph: Graph) -> NDArray[np.float32]:
    """A graph's input, (batch, *spatial, channels)."""
    batch, channels, *size = graph.input_shape
    return drawn((batch, *size, channels))


@lru_cache(maxsize=1)  # the rows of one layer
def drawn(shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Gaussian numbers, the same ones every time."""
    return np.random.default_rng(0).standard_normal(shape, np.float32)


def factor_graph(family: Family, ranks: Ints, spec: LayerSpec) -> Graph:
    """The variant's graph at those ranks and that size of input, all groups of the layer in it."""
    one = with_ranks(family.spec._replace(input_size=spec.input_size, batch=spec.batch), family.formula.chosen, ranks)
    graph, groups = build_variant(family.name, one).graph, family.groups
    if groups == 1:
        return graph
    nodes = tuple([node._replace(op=_widened(node.op, groups)) for node in graph.nodes])
    batch, channels, *size = graph.input_shape
    return graph._replace(input_shape=(batch, channels * groups, *size), nodes=nodes)


def _widened(op: Any, groups: int) -> Conv:
    """So many copies of a convolution beside one another."""
    channels = {"in_channels": op.in_channels * groups, "out_channels": op.out_channels * groups}
    made: Conv = op._replace(groups=op.groups * groups, **channels)
    return made


def factor_weights(graph: Graph, factors: Sequence[NDArray[Any]], bias: NDArray[Any] | None) -> list[Weights]:
    """The factors, each (groups, *its letters), as weights of the graph's convolutions; a bias goes to the last."""
    found = []
    for node, factor in zip(graph.nodes, factors):
        op = node.op
        assert isinstance(op, Conv)
        shaped = factor.reshape(op.out_channels, op.in_channels // op.groups, *op.kernel_size)
        found.append(in_layout(shaped, op.groups, bias if op.bias else None))
    return found


def in_layout(kernel: NDArray[Any], groups: int, bias: NDArray[Any] | None) -> Weights:
    """A kernel (out, in a group, *taps) as the executor has it: (groups, *taps, in, out a group), in float32."""
    blocks = kernel.reshape(groups, -1, *kernel.shape[1:])
    moved = np.ascontiguousarray(np.moveaxis(blocks, (1, 2), (-1, -2)), np.float32)
    return Weights(moved, None if bias is None else bias.astype(np.float32))


def run_chain(graph: Graph, given: NDArray[Any], weights: Sequence[Weights]) -> NDArray[Any]:
    """What a graph of convolutions in a row makes of an input (batch, *spatial, channels)."""
    bench, value = Workbench(), given
    for node, one in zip(graph.nodes, weights):
        value, _ = apply_values(node.op, [value], one, None, bench)
    return value


def rebuilt(kernel: Kernel, family: Family, ranks: Ints, factors: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """The dense kernel (out, in a group, *taps) that the factors make by the variant's formula."""
    spec = with_ranks(family.spec, family.formula.chosen, ranks)
    sizes = letter_sizes(spec, build_variant(family.name, spec).settings)
    parts, made = family.formula
    blocks = [kernel_of_factors(parts, made, sizes, group) for group in zip(*factors)]
    return np.concatenate(blocks).reshape(kernel.weights.shape)


def _error_again(kernel: Kernel, row: Row, dense: NDArray[Any]) -> Check:
    """The weight error, measured from the kernel that was executed."""
    measured = distance(dense, kernel.weights) if kernel.weights.any() else 0.0
    return Check(row.error, measured, abs(measured - row.error) <= ERROR)


def _optimal(kernel: Kernel, family: Family, row: Row, dense: NDArray[Any]) -> dict[str, Check]:
    """What holds of a projection, and of the best one of its rank.

    |W|^2 = |W'|^2 + |W - W'|^2; and no direction that is left is longer than the shortest that is kept.
    """
    trained = kernel.weights.astype(np.float64)
    left = trained - dense
    whole, kept, lost = (float(np.vdot(one, one)) for one in (trained, dense, left))
    checks = {"projection": Check(whole, kept + lost, abs(kept + lost - whole) <= ERROR * whole)}
    if isinstance(family.made, Pair):
        groups = stacked(kernel._replace(weights=left))
        longest = longest_of(Pair(groups, family.formula).matrices)
        shortest = _shortest_kept(row.ranks[0] if row.ranks else 1, family.made)
        holds = bool((longest <= shortest * (1 + FULL) + FULL * sqrt(whole)).all())
        checks["best"] = Check(float(shortest.min()), float(longest.max()), holds)
    return checks


def _shortest_kept(rank: int, made: Pair) -> NDArray[Any]:
    """The smallest singular value that is kept, of each matrix."""
    kept = made.vectors[:, :, rank - 1]
    rows, columns = made.matrices.shape[1:]
    seen = made.matrices.transpose(0, 2, 1) if rows <= columns else made.matrices
    found: NDArray[Any] = np.linalg.norm(seen @ kept[:, :, None], axis=(1, 2))
    return found


def longest_of(matrices: NDArray[Any]) -> NDArray[Any]:
    """The largest singular value of each matrix, as far as a few steps of the power method find it: from below."""
    vector = np.random.default_rng(0).normal(size=(len(matrices), matrices.shape[2], 1))
    for _ in range(STEPS):
        vector = matrices.transpose(0, 2, 1) @ (matrices @ vector)
        size = np.linalg.norm(vector, axis=1, keepdims=True)
        vector = vector / np.where(size, size, np.inf)
    found: NDArray[Any] = np.linalg.norm(matrices @ vector, axis=(1, 2))
    return found


def _full_rank(kernel: Kernel, family: Family, row: Row, dense: NDArray[Any]) -> Check:
    """The trained kernel again, where nothing is left out: once a family, whose vectors are the same at every rank.

    Where the formula has no rank to choose, there is no check.
    """
    most = family.made.most
    if not most:
        return Check(None, None, None, note="the formula has no rank to choose")
    if family.full_rank is None:
        whole = dense if row.ranks == most else rebuilt(kernel, family, most, family.made.factors(most))
        family.full_rank = distance(whole, kernel.weights)
    return Check(0.0, family.full_rank, family.full_rank <= FULL)
