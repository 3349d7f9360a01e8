"""Runs a graph with real float32 values in real memory: products issued, time, memory as the allocator saw it."""

from __future__ import annotations

import tracemalloc
from collections import Counter
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ...graph.ops import Flatten, Graph
from ..memory import channels_last, held, reusable
from .apply import Weights, apply_values
from .integers import LARGEST_INPUT, fill_pattern, op_weights, pattern
from .workbench import Workbench

if TYPE_CHECKING:
    from numpy.typing import NDArray

FLOAT32 = np.dtype(np.float32)


class Issued(NamedTuple):
    """One operation as the fast executor ran it: its algorithm and the products that this issued."""

    name: str
    algorithm: str
    products: int
    seconds: float


class ValueRun(NamedTuple):
    """A whole graph as run in float32; bytes are counted by the arrays, `traced_bytes` as the allocator saw them.

    `tensor_bytes` is the most that activations held, `scratch_bytes` what the executor held beside them at the end,
    `traced_bytes` the most that NumPy's allocator had given out after any step, that scratch taken off.
    """

    ops: tuple[Issued, ...]
    tensor_bytes: int
    scratch_bytes: int
    traced_bytes: int | None


def run_values(graph: Graph, *, inplace: bool = True, trace: bool = True) -> ValueRun:
    """Execute `graph` on integers in float32, in its own order; what is counted by definition makes its shape alone.

    >>> from convcost.graph.ops import Conv, Node
    >>> conv = Conv(2, 4, (3,), (1,), ((1, 1),), (1,))
    >>> run = run_values(Graph((1, 2, 5), "fp32", (Node("conv", conv, (0,)),)))
    >>> run.ops[0].products, run.tensor_bytes, run.traced_bytes
    (120, 120, 120)

    After each operation its output becomes fresh small integers, so that no chain of them grows. Where something
    else traces memory already, and without `trace`, `traced_bytes` is None.
    """
    weights = [op_weights(node.op, dtype=FLOAT32) for node in graph.nodes]
    trace = trace and not tracemalloc.is_tracing()
    if trace:
        tracemalloc.start()
    try:
        return _run(graph, weights, inplace, trace)
    finally:
        if trace:
            tracemalloc.stop()


def _run(graph: Graph, weights: list[Weights | None], inplace: bool, trace: bool) -> ValueRun:
    arrays: dict[int, NDArray[Any]] = {0: pattern(channels_last(graph.input_shape), FLOAT32, LARGEST_INPUT)}
    given = {0, *[number for number, node in enumerate(graph.nodes, 1) if not node.inputs]}
    uses = Counter([value for node in graph.nodes for value in node.inputs])
    uses[len(graph.nodes)] += 1
    bench, ops, peak, traced = Workbench(), [], arrays[0].nbytes, 0
    for number, node in enumerate(graph.nodes, 1):
        inputs = [arrays[value] for value in node.inputs]
        uses.subtract(node.inputs)
        target = reusable(node, arrays, uses, given) if inplace else None
        before, start = bench.products, perf_counter()
        if isinstance(node.op, Flatten):  # as it lies in memory, without a copy: which feature is which is all the same
            arrays[number], algorithm = inputs[0].reshape(len(inputs[0]), -1), "a view"
        else:
            arrays[number], algorithm = apply_values(node.op, inputs, weights[number - 1], target, bench)
        ops.append(Issued(node.name, algorithm, bench.products - before, perf_counter() - start))
        peak = max(peak, sum([array.nbytes for array in held(arrays).values()]))
        if trace:
            traced = max(traced, array_bytes() - bench.scratch_bytes)
        fill_pattern(arrays[number], LARGEST_INPUT)
        del inputs, target
        for value in {*node.inputs, number}:
            if not uses[value]:
                del arrays[value]
    return ValueRun(tuple(ops), peak, bench.scratch_bytes, traced if trace else None)


def array_bytes() -> int:
    """Bytes that NumPy's allocator has given out since tracing began and has not got back."""
    domain = tracemalloc.DomainFilter(True, np.lib.tracemalloc_domain)
    return sum([trace.size for trace in tracemalloc.take_snapshot().filter_traces([domain]).traces])
