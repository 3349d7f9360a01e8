"""Holds what a graph computes against one standard convolution with the dense kernel it should be equivalent to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ...graph import ops
from .apply import Weights
from .convolve import convolve_values
from .integers import LARGEST_INPUT, pattern
from .kernels import Dense, Stage, aligned, compose, dense_stage, plus_shortcut, scaled, stuffed
from .linear import INT64, integer_weights, run_linear
from .workbench import Workbench

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Chain(NamedTuple):
    """What a variant is said to be: stages in their order, and what is added: "identity", "projection" or nothing."""

    stages: tuple[Stage, ...]
    shortcut: str | None = None


class Equivalent(NamedTuple):
    """`same` over `compared` of `positions` output positions; `where`: "everywhere" or "interior".

    `taps` is the kernel's reach an axis, `support` how many of its taps can be other than zero.
    """

    same: bool
    where: str
    compared: int
    positions: int
    taps: ops.Ints
    support: int
    kernel: NDArray[np.int64]


def compare_dense(graph: ops.Graph, chain: Chain, weights: Mapping[str, Weights] | None = None) -> Equivalent:
    """Execute `graph` on integers and the dense convolution beside it, which must give the same, exactly.

    `weights` by the names of operations, else a pattern. ValueError where a stage has no weights.
    """
    weights = integer_weights(graph) if weights is None else weights
    dense, size = dense_of(chain, weights), graph.input_shape[2:]
    stuffing = chain.stages[0].stride if chain.stages[0].transposed else None

    def interior(counts: ops.Ints) -> list[NDArray[np.bool_]]:
        return _interior(chain, weights, size, counts)

    return _compare(graph, weights, dense, _reached(dense_of(chain, _ones(weights))), interior, stuffing)


def compare_composed(graph: ops.Graph, weights: Mapping[str, Weights] | None = None) -> Equivalent | None:
    """The same for a graph that is no chain: the dense kernel is composed along its edges, branches joined and added.

    None where it has a transposed convolution, or branches of different strides.
    """
    weights = integer_weights(graph) if weights is None else weights
    found, ones = composed(graph, weights), composed(graph, _ones(weights))
    if found is None or ones is None:
        return None
    return _compare(graph, weights, found.dense, _reached(ones.dense), lambda _: found.clean, None)


def _compare(
    graph: ops.Graph, weights: Mapping[str, Weights], dense: Dense, support: tuple[ops.Ints, int],
    interior: Callable[[ops.Ints], list[NDArray[np.bool_]]], stuffing: ops.Ints | None,
) -> Equivalent:  # fmt: skip
    batch, channels, *size = graph.input_shape
    given = pattern((batch, *size, channels), INT64, LARGEST_INPUT, 77)
    made = run_linear(graph, given, weights)[-1]
    counts = made.shape[1:-1]
    given = given if stuffing is None else stuffed(given, stuffing)
    op, kernel = as_conv(dense, given.shape[1:-1], counts)
    plain, _ = convolve_values(op, given.astype(np.float64), kernel, dense.bias.astype(np.float64), Workbench())
    places: list[Any] = [slice(n) for n in counts]
    plain = plain[(slice(None), *places)]
    copied = any(isinstance(node.op, ops.Conv) and node.op.padding_mode != "zeros" for node in graph.nodes)
    kept = _inside(dense, tuple(size), counts) if copied else interior(counts)
    fits = plain.shape == made.shape and counts == tuple(map(len, kept))
    at: list[Any] = [*np.ix_(*kept)] if fits else []
    same = fits and np.array_equal(made[(slice(None), *at)], plain[(slice(None), *at)])
    number = int(np.prod([axis.sum() for axis in kept]))
    where = "everywhere" if number == int(np.prod(counts)) else "interior"
    return Equivalent(bool(same) and number > 0, where, number, int(np.prod(counts)), *support, dense.weights)


def _ones(weights: Mapping[str, Weights]) -> dict[str, Weights]:
    """Kernels and scales of ones, of which nothing cancels: what they make are the taps that can be other than zero."""
    return {name: Weights(np.ones_like(kernel)) for name, (kernel, _) in weights.items()}


def _reached(dense: Dense) -> tuple[ops.Ints, int]:
    """The reach an axis, and the number, of taps that are other than zero."""
    found = np.nonzero(dense.weights.any(axis=(0, 1)))
    return tuple([int(np.ptp(places)) + 1 for places in found]), len(found[0])


class Composed(NamedTuple):
    """A value of a linear graph: the one convolution that makes it of the input, and where that holds.

    `clean`: the positions of each axis that no zero reaches which padding puts in place of what would have been
    there; `blank`: whether, an axis each, zeros are what would have been there.
    """

    dense: Dense
    clean: list[NDArray[np.bool_]]
    blank: tuple[bool, ...]


def composed(graph: ops.Graph, weights: Mapping[str, Weights]) -> Composed | None:
    """What the output of a linear graph is of its input; None as for `compare_composed`."""
    channels, size = graph.input_shape[1], graph.input_shape[2:]
    ones, none = (1,) * len(size), (0,) * len(size)
    itself = np.eye(channels, dtype=np.int64).reshape(channels, channels, *ones)
    values = [Composed(Dense(itself, np.zeros(channels, np.int64), ones, none), [np.ones(n, bool) for n in size],
                       (True,) * len(size))]  # fmt: skip
    for node in graph.nodes:
        given = [values[value] for value in node.inputs]
        strides = {one.dense.stride for one in given}
        if len(strides) > 1 or (isinstance(node.op, ops.Conv) and node.op.transposed):
            return None
        values.append(COMPOSE[type(node.op)](node.op, given, weights.get(node.name)))
    return values[-1]


def _through_conv(op: ops.Conv, given: list[Composed], weights: Weights | None) -> Composed:
    if weights is None:
        raise ValueError(f"no weights for {op}")
    (one,) = given
    stage = dense_stage(Stage("", op.stride, op.padding, op.dilation), *weights)
    spans = stage.weights.shape[2:]
    axes = zip(one.clean, op.padding, spans, op.stride, one.blank)
    blank = [b and k == 1 and not any(pads) for b, k, pads in zip(one.blank, spans, op.padding)]
    clean = [_clean(*axis) for axis in axes]
    return Composed(compose(one.dense, stage), clean, tuple([b and weights.bias is None for b in blank]))


def _through_linear(op: ops.Linear, given: list[Composed], weights: Weights | None) -> Composed:
    """A matrix product at each position is a 1x1."""
    axes = len(given[0].blank)
    ones, none = (1,) * axes, ((0, 0),) * axes
    as_1x1 = ops.Conv(op.in_features, op.out_features, ones, ones, none, ones)
    kernel = weights and Weights(weights.kernel.reshape(1, *ones, *weights.kernel.shape), weights.bias)
    return _through_conv(as_1x1, given, kernel)


def _scaled_by(_: ops.Op, given: list[Composed], weights: Weights | None) -> Composed:
    (one,) = given
    if weights is None:
        return one
    shift = np.zeros_like(weights.kernel) if weights.bias is None else weights.bias
    blank = tuple([b and weights.bias is None for b in one.blank])
    return one._replace(dense=scaled(one.dense, weights.kernel, shift), blank=blank)


def _picked(given: list[Composed], order: Any) -> Composed:
    (one,) = given
    return one._replace(dense=one.dense._replace(weights=one.dense.weights[order], bias=one.dense.bias[order]))


def _shuffled(op: ops.Shuffle, given: list[Composed], _: Weights | None) -> Composed:
    channels = len(given[0].dense.bias)
    return _picked(given, np.arange(channels).reshape(op.groups, -1).T.reshape(-1))


def _joined(join: Callable[[list[NDArray[Any]]], Any]) -> Callable[[ops.Op, list[Composed], Weights | None], Composed]:
    """Branches added, or put behind one another, with their kernels laid over one another tap by tap."""

    def through(_: ops.Op, given: list[Composed], __: Weights | None) -> Composed:
        parts = aligned([one.dense for one in given])
        dense = parts[0]._replace(weights=join([p.weights for p in parts]), bias=join([p.bias for p in parts]))
        clean = [np.logical_and.reduce(axis) for axis in zip(*[one.clean for one in given])]
        return Composed(dense, clean, tuple([all(axis) for axis in zip(*[one.blank for one in given])]))

    return through


def _refused(op: ops.Op, *_: object) -> Composed:
    raise ValueError(f"{op} is not linear")


COMPOSE: ops.ByOp[Callable[[Any, list[Composed], Weights | None], Composed]] = ops.ByOp(
    {
        ops.Conv: _through_conv,
        ops.Linear: _through_linear,
        ops.Add: _joined(sum),
        ops.Concat: _joined(np.concatenate),
        ops.Split: lambda op, given, _: _picked(given, slice(op.start, op.stop)),
        ops.Shuffle: _shuffled,
    },
    dict.fromkeys((ops.BatchNorm, ops.Scale), _scaled_by),
    dict.fromkeys(
        (ops.Multiply, ops.Flatten, ops.Activation, ops.LayerNorm, ops.Norm, ops.Pool, ops.AdaptivePool, ops.Counted),
        _refused,
    ),
    dict.fromkeys((ops.Upsample, ops.PixelShuffle, ops.Pad, ops.Attention, ops.Tokens), _refused),
)


def drawn_chain(graph: ops.Graph) -> Chain | None:
    """The chain that a linear graph draws: convolutions in a row, at the end a shortcut or none. None: something else.

    >>> from convcost.graph.ops import Node
    >>> conv = ops.Conv(1, 1, (3,), (1,), ((1, 1),), (1,))
    >>> drawn_chain(ops.Graph((1, 1, 9), "fp32", (Node("conv", conv, (0,)), Node("add", ops.Add(), (1, 0))))).shortcut
    'identity'
    """
    stages, last, projection, shortcut = list[Stage](), 0, 0, None
    for number, (name, op, inputs) in enumerate(graph.nodes, 1):
        if shortcut or (stages and stages[0].transposed and isinstance(op, ops.Conv)):
            return None
        if name.startswith("projection") and inputs == (projection,):
            projection = number
        elif isinstance(op, ops.Add) and last in inputs and {*inputs} == {last, projection}:
            shortcut = "projection" if projection else "identity"
        elif inputs == (last,) and isinstance(op, ops.Conv | ops.BatchNorm):
            if isinstance(op, ops.Conv):
                stages.append(Stage(name, op.stride, op.padding, op.dilation, op.transposed))
            last = number
        else:
            return None
    return Chain(tuple(stages), shortcut) if stages and (shortcut or not projection) else None


def dense_of(chain: Chain, weights: Mapping[str, Weights]) -> Dense:
    """The kernel of a chain: its stages composed, each with its norm, and the shortcut added."""
    branch = reduce(compose, [_stage(stage, weights) for stage in chain.stages])
    if chain.shortcut == "identity":
        return plus_shortcut(branch, None)
    if chain.shortcut == "projection":
        axes = len(branch.stride)
        stage = Stage("projection", branch.stride, ((0, 0),) * axes, (1,) * axes)
        return plus_shortcut(branch, _stage(stage, weights))
    return branch


def as_conv(dense: Dense, size: ops.Ints, counts: ops.Ints) -> tuple[ops.Conv, NDArray[Any]]:
    """A dense kernel as a standard convolution that has `counts` outputs at least, and its float64 weights."""
    outputs, inputs, *spans = dense.weights.shape
    axes = zip(counts, spans, dense.stride, dense.before, size)
    padding = tuple([(before, max(0, (m - 1) * s + k - before - n)) for m, k, s, before, n in axes])
    op = ops.Conv(inputs, outputs, tuple(spans), dense.stride, padding, (1,) * len(spans), bias=True)
    return op, np.ascontiguousarray(np.moveaxis(dense.weights, (0, 1), (-1, -2)), np.float64)[None]


def _stage(stage: Stage, weights: Mapping[str, Weights]) -> Dense:
    if stage.name not in weights:
        raise ValueError(f"no weights for {stage.name}")
    dense = dense_stage(stage, *weights[stage.name])
    norm = weights.get(f"{stage.name}.norm")
    return dense if norm is None or norm.bias is None else scaled(dense, norm.kernel, norm.bias)


def _inside(dense: Dense, size: ops.Ints, counts: ops.Ints) -> list[NDArray[np.bool_]]:
    """Outputs, an axis each, whose whole window lies in the input: no border is seen."""
    axes = zip(counts, dense.stride, dense.before, dense.weights.shape[2:], size)
    starts = [(np.arange(m) * s - before, k, n) for m, s, before, k, n in axes]
    return [(at >= 0) & (at + k <= n) for at, k, n in starts]


def _interior(
    chain: Chain, weights: Mapping[str, Weights], size: ops.Ints, counts: ops.Ints
) -> list[NDArray[np.bool_]]:
    """Outputs, an axis each, that no zero reaches which padding puts in place of what a stage would have made there."""
    stages: Sequence[Stage] = chain.stages
    alone = [dense_stage(stage, *weights[stage.name]) for stage in stages]
    offset = [bool(weights[s.name].bias is not None or f"{s.name}.norm" in weights) for s in stages]
    if chain.stages[0].transposed:  # alone: nothing is padded between stages
        return [np.ones(n, bool) for n in counts]
    kept = []
    for axis, length in enumerate(size):
        clean, blank = np.ones(length, bool), True  # outside of the input there are zeros, and zeros are made of them
        for number, (stage, dense) in enumerate(zip(stages, alone)):
            clean = _clean(clean, stage.padding[axis], dense.weights.shape[axis + 2], stage.stride[axis], blank)
            blank &= dense.weights.shape[axis + 2] == 1 and not any(stage.padding[axis])
            blank &= not any(offset[: number + 1])
        kept.append(clean)
    return kept


def _clean(given: NDArray[Any], pads: tuple[int, int], span: int, stride: int, blank: bool) -> NDArray[np.bool_]:
    """Which outputs of a stage along one axis see only places that are what they would be without a border."""
    border = [np.full(n, blank) for n in pads]
    longer = np.concatenate([border[0], given, border[1]])
    return np.array([longer[at : at + span].all() for at in range(0, len(longer) - span + 1, stride)])
