"""A guess at a time, from a fit on small operations of this machine and engine, with the error that it had there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import combinations
from math import exp, log, prod
from statistics import median
from typing import Any, NamedTuple

import numpy as np

from ..analysis import analyze
from ..graph.ops import (
    Activation,
    AdaptivePool,
    BatchNorm,
    Conv,
    Flatten,
    Graph,
    LayerNorm,
    Linear,
    Node,
    Norm,
    Op,
    Pool,
    Scale,
    Shape,
    Split,
)
from ..graph.shapes import infer_shapes
from .calibrate import fastest
from .engines import Engine
from .values import make_case

#: Channels that engines keep together: convolutions of other numbers of them are laid out in columns first.
BLOCK = 8

#: Runs of each small operation after the first.
RUNS = 4

#: What an operation costs is fitted for each class apart: seconds, a multiply-add, a number moved, one laid out.
FEATURES = 4

#: The share of errors that the printed one covers.
COVERED = 0.9

#: By how much larger the errors of whole graphs are than those of the operations of the fit, as powers.
WIDER = 1.25


class Fit(NamedTuple):
    """Coefficients by class, what one run costs whatever is in it, and the error as factors: median and 9 of 10."""

    classes: dict[str, list[float]]
    overhead: float
    error: tuple[float, float]


def class_of(op: Op, given: Shape) -> str:
    """The class that an operation is fitted in.

    >>> class_of(Conv(64, 64, (3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1), groups=64), (1, 64, 56, 56))
    'depthwise'
    """
    if type(op) is Linear:
        return "linear" if len(given) == 2 else "pointwise"
    if type(op) is not Conv:
        return "pool" if type(op) in (Pool, AdaptivePool) else "rest"
    if op.transposed:
        return "transposed"
    if op.groups > 1 and op.groups == op.in_channels == op.out_channels:
        return "depthwise"
    if op.groups > 1 or len(given) != 4 or op.in_channels % BLOCK:
        return "columns"
    return "pointwise" if prod(op.kernel_size) == 1 else "dense"


def features(op: Op, given: Sequence[Shape], out: Shape, macs: int) -> list[float]:
    """1, multiply-adds, numbers read and written, and numbers laid out in columns."""
    moved = sum([prod(shape) for shape in given]) + prod(out)
    if type(op) is Linear:
        return [1.0, macs, moved, op.in_features * op.out_features]
    if type(op) is not Conv:
        taps = prod(op.kernel_size) if type(op) is Pool else 1
        return [1.0, taps * prod(out), moved, 0.0]
    places = prod(given[0][2:]) if op.transposed else prod(out[2:])
    inner = op.out_channels if op.transposed else op.in_channels
    return [1.0, macs, moved, given[0][0] * inner * prod(op.kernel_size) * places]


def fit_engine(engine: Engine, tell: Callable[[str], None] = lambda _: None) -> Fit:
    """Time small operations, each alone, and fit each class: under a second."""
    samples: dict[str, list[tuple[list[float], float]]] = {}
    for number, graph in enumerate(small_graphs(), 1):
        tell(f"operation {number}")
        seconds = fastest(engine.prepare(make_case(graph)), RUNS, engine.threads)
        name, row = _only(graph)
        samples.setdefault(name, []).append((row, seconds))
    overhead = min([seconds for each in samples.values() for _, seconds in each])
    classes = {name: _solve(each) for name, each in samples.items()}
    errors = [error for each in samples.values() for error in _left_out(each)]
    return Fit(classes, overhead, (_factor(errors, 0.5), _factor(errors, COVERED)))


def _only(graph: Graph) -> tuple[str, list[float]]:
    """Class and features of the one operation of a graph."""
    (node,), shapes = graph.nodes, infer_shapes(graph)
    macs = analyze(graph, True, shapes).cost.macs
    return class_of(node.op, shapes[0]), features(node.op, shapes[:1], shapes[1], macs)


def small_graphs() -> list[Graph]:
    """Small operations of every class, several sizes each."""

    def conv(inner: int, outer: int, k: int, groups: int = 1, stride: int = 1, transposed: bool = False) -> Op:
        pads = ((k // 2, k // 2),) * 2
        extra = (0, 0) if transposed else ()
        return Conv(inner, outer, (k, k), (stride,) * 2, pads, (1, 1), groups, False, "zeros", transposed, extra)

    dense = [(32, 32, 28), (64, 64, 14), (128, 64, 14), (64, 128, 28), (128, 128, 7), (16, 64, 28)]
    pointwise = [(64, 64, 28), (128, 128, 14), (256, 64, 14), (32, 192, 28), (512, 512, 7), (64, 256, 14)]
    made: list[tuple[Op, Shape]] = [(conv(i, o, 3), (1, i, n, n)) for i, o, n in dense]
    made += [(conv(i, o, 1), (1, i, n, n)) for i, o, n in pointwise]
    made += [(conv(c, c, k, c), (1, c, n, n)) for c, k, n in
             [(64, 3, 28), (128, 3, 14), (32, 5, 28), (256, 3, 14), (64, 3, 56), (512, 3, 7)]]  # fmt: skip
    made += [(conv(i, o, 3, g), (1, i, n, n)) for i, o, n, g in
             [(64, 64, 28, 32), (64, 64, 14, 8), (128, 128, 14, 32), (128, 64, 28, 16), (3, 32, 56, 1),
              (64, 64, 28, 2)]]  # fmt: skip
    made += [
        (conv(i, o, k, 1, 2, True), (1, i, n, n)) for i, o, k, n in [(32, 32, 3, 14), (64, 32, 4, 14), (64, 64, 2, 14)]
    ]
    made += [(Linear(i, o), (n, i)) for i, o, n in [(512, 512, 1), (256, 1024, 1), (256, 256, 32)]]
    made += [(Pool("max", (3, 3), (2, 2), ((1, 1), (1, 1))), (1, 64, n, n)) for n in (28, 56)]
    made += [(Activation("sigmoid"), (1, 64, n, n)) for n in (14, 28, 56)]
    return [Graph(shape, "fp32", (Node("op", op, (0,)),)) for op, shape in made]


_Sample = tuple[list[float], float]


def _solve(samples: Sequence[_Sample]) -> list[float]:
    """Coefficients that are not negative, with the least sum of squared relative errors, of some of the features."""
    rows = np.array([[value / seconds for value in row] for row, seconds in samples])
    best, least = [0.0] * FEATURES, float("inf")
    for count in range(1, min(FEATURES, max(1, len(samples) - 1)) + 1):
        for chosen in combinations(range(FEATURES), count):
            part = rows[:, chosen]
            scale = np.abs(part).max(axis=0)
            if not scale.all():
                continue
            found, *_ = np.linalg.lstsq(part / scale, np.ones(len(rows)), rcond=None)
            error = float(((part / scale @ found - 1) ** 2).sum())
            if found.min() >= 0 and error < least - 1e-12:
                least, best = error, [0.0] * FEATURES
                for at, value in zip(chosen, found / scale):
                    best[at] = float(value)
    return best


def _left_out(samples: Sequence[_Sample]) -> list[float]:
    """By how much each is missed by a fit on the others, as a logarithm."""
    errors = []
    for at, (row, seconds) in enumerate(samples):
        others = [*samples[:at], *samples[at + 1 :]]
        guess = sum([a * b for a, b in zip(_solve(others), row)]) if others else 0.0
        if guess > 0:
            errors.append(abs(log(guess / seconds)))
    return errors


def _factor(errors: list[float], share: float) -> float:
    """The factor within which so large a share of the errors lies, widened to whole graphs."""
    ordered = sorted(errors)
    return exp(WIDER * (median(ordered) if share == 0.5 else ordered[min(len(ordered) - 1, int(share * len(ordered)))]))


#: Done in passing by whatever comes before them.
_IN_PASSING = (Activation, BatchNorm, Scale, Norm, LayerNorm, Flatten, Split)


def predicted_seconds(graph: Graph, shapes: Sequence[Shape], fit: Fit) -> float:
    """The sum over operations, each by its class, with what one run costs once."""
    analysis, uses = analyze(graph, True, list(shapes)), Counter([v for node in graph.nodes for v in node.inputs])
    total = fit.overhead
    for node, op, out in zip(graph.nodes, analysis.ops, shapes[1:]):
        if _is_passing(node, uses):
            continue
        given = [shapes[value] for value in dict.fromkeys(node.inputs)]
        row = features(node.op, given, out, op.cost.macs)
        by = fit.classes[class_of(node.op, given[0])]
        total += max(0.0, sum([a * b for a, b in zip(by, row)]) - fit.overhead)
    return total


def _is_passing(node: Node, uses: Counter[int]) -> bool:
    """Is this done by a convolution before it, which nobody else reads?"""
    if type(node.op) in (Flatten, Split):
        return True
    before = node.inputs[0]
    return type(node.op) in _IN_PASSING and before > 0 and uses[before] == 1


def fit_record(fit: Fit) -> dict[str, Any]:
    """As it is kept with a profile."""
    return fit._asdict()


def kept_fit(found: dict[str, Any] | None) -> Fit | None:
    """A fit that was kept; None where there is none that can be read."""
    try:
        if found is None:
            return None
        classes = {str(name): [float(n) for n in each] for name, each in found["classes"].items()}
        middle, most = map(float, found["error"])
        return Fit(classes, float(found["overhead"]), (middle, most))
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
