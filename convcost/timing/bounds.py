"""A time that no run of a graph beats on a device, and what sets it: arithmetic, from a device's figures alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from math import prod
from typing import Any, NamedTuple

from ..analysis.analyze import Analysis
from ..graph import ops
from ..graph.dtypes import bits_of, tensor_bytes, types_of
from .devices import Device


class Bound(NamedTuple):
    """At least so many seconds; `limited_by` "compute" or "memory", None where one of the two is not known.

    `compute` and `memory` are what each alone would take; None where the device's figure is missing.
    """

    seconds: float | None
    limited_by: str | None
    compute: float | None
    memory: float | None


def bound_of(graph: ops.Graph, shapes: Sequence[ops.Shape], analysis: Analysis, device: Device) -> Bound:
    """The least time of `graph` on a device: operation by operation the longer of its products and its bytes.

    >>> from ..analysis import analyze
    >>> from .devices import shipped_devices
    >>> conv = ops.Conv(64, 64, (3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1))
    >>> graph = ops.Graph((1, 64, 56, 56), "fp16", (ops.Node("conv", conv, (0,)),))
    >>> found = bound_of(graph, [(1, 64, 56, 56)] * 2, analyze(graph), shipped_devices()["nvidia-t4"])
    >>> found.limited_by, f"{found.seconds:.3g}"
    ('compute', '3.47e-06')

    Products are direct ones, those that touch data (effective MACs), at the device's peak for the dtype. Bytes are
    what must move at least: of a tensor what the chip cannot keep, and nothing for norms, activations, scales and sums
    that the operation before them can do in passing (Williams et al. 2009, Roofline, for the two sides).
    """
    peak, types = device.peak.get(graph.dtype), types_of(graph.dtype)
    moved = [sum([_beyond(bits_of(kind), count, device) for kind, count in each])
             for each in moved_tensors(graph, shapes, types.weights, types.values)]  # fmt: skip
    compute = None if peak is None else [op.cost.effective_macs / peak for op in analysis.ops]
    memory = None if device.bandwidth is None else [n / device.bandwidth for n in moved]
    sides = [sum(side) if side is not None else None for side in (compute, memory)]
    if compute is None or memory is None:
        return Bound(sides[0] if memory is None else sides[1], None, *sides)
    longer = [max(pair) for pair in zip(compute, memory)]
    computing = sum([a for a, b in zip(compute, memory) if a >= b])
    limit = "compute" if 2 * computing >= sum(longer) else "memory"
    return Bound(sum(longer), limit if sum(longer) else None, *sides)


def _beyond(bits: int, numbers: int, device: Device) -> int:
    """Bytes of a tensor that do not fit on the chip; all of them where that is not known."""
    return max(0, tensor_bytes(bits, numbers) - (device.on_chip or 0))


_Moved = list[tuple[str, int]]


def moved_tensors(graph: ops.Graph, shapes: Sequence[ops.Shape], weights: str, values: str) -> list[_Moved]:
    """For each operation the tensors that it must read and write: their types and how many numbers."""
    uses = Counter([value for node in graph.nodes for value in node.inputs])
    found = []
    for node, out in zip(graph.nodes, shapes[1:]):
        given = [shapes[value] for value in dict.fromkeys(node.inputs)]
        numbers, learned = MOVED[type(node.op)](node, given, out, uses)
        found.append([*[(values, count) for count in numbers], *[(weights, learned)] * bool(learned)])
    return found


_Numbers = tuple[list[int], int]


def _conv(node: ops.Node, given: list[ops.Shape], out: ops.Shape, _: object) -> _Numbers:
    """What windows see of the input: with a stride longer than the kernel not all of it."""
    op: Any = node.op
    seen = given[0][0] * op.in_channels * prod(out[2:]) * prod(op.kernel_size)
    kernel = op.in_channels // op.groups * op.out_channels * prod(op.kernel_size)
    return [min(prod(given[0]), seen), prod(out)], 0 if op.shared else kernel


def _linear(node: ops.Node, given: list[ops.Shape], out: ops.Shape, _: object) -> _Numbers:
    op: Any = node.op
    return [prod(given[0]), prod(out)], 0 if op.shared else op.in_features * op.out_features


def _through(_: ops.Node, given: list[ops.Shape], out: ops.Shape, __: object) -> _Numbers:
    return [*map(prod, given), prod(out)], 0


def _free(*_: object) -> _Numbers:
    return [], 0


def _in_passing(node: ops.Node, given: list[ops.Shape], out: ops.Shape, uses: Counter[int]) -> _Numbers:
    """Free where an input is read by nobody else: what makes that can add in passing."""
    return ([], 0) if any([uses[value] == 1 for value in node.inputs]) else _through(node, given, out, uses)


def _pool(node: ops.Node, given: list[ops.Shape], out: ops.Shape, _: object) -> _Numbers:
    op: Any = node.op
    seen = prod(out) * prod(op.kernel_size)
    return [min(prod(given[0]), seen), prod(out)], 0


def _tokens(node: ops.Node, given: list[ops.Shape], out: ops.Shape, _: object) -> _Numbers:
    op: Any = node.op
    return [prod(given[0]), prod(out)], op.channels * (op.learned + op.positions)


#: The numbers that an operation reads and writes at least, and those that it learned.
MOVED: ops.ByOp[Callable[[ops.Node, list[ops.Shape], ops.Shape, Counter[int]], _Numbers]] = ops.ByOp(
    {
        ops.Conv: _conv,
        ops.Linear: _linear,
        ops.Pool: _pool,
        ops.Tokens: _tokens,
        ops.Counted: _free,  # its products are counted, what it reads is not known
    },
    dict.fromkeys((ops.Add, ops.Multiply), _in_passing),
    dict.fromkeys((ops.BatchNorm, ops.LayerNorm, ops.Norm, ops.Scale, ops.Activation, ops.Split, ops.Flatten), _free),
    dict.fromkeys(
        (ops.AdaptivePool, ops.Concat, ops.Shuffle, ops.Upsample, ops.PixelShuffle, ops.Pad, ops.Attention), _through
    ),
)
