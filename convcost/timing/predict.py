"""A guess at a time, from a fit on small operations of this machine and engine, with the error that it had there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import combinations
from math import exp, log, prod
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..analysis import Analysis, analyze
from ..graph import ops
from ..graph.shapes import infer_shapes
from .calibrate import fastest
from .engines import Engine
from .values import make_case

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Channels that engines keep together: convolutions of other numbers of them are laid out in columns first.
BLOCK = 8

#: Runs of each small operation after the first, and twice as many where one takes less than so many seconds.
RUNS, BRIEF = 4, 1e-3

#: What an operation costs is fitted for each class apart: seconds, a multiply-add, a number moved, one laid out.
FEATURES = 4

#: Steps towards the least logarithms of errors.
STEPS = 6

#: The share of errors that the printed one covers.
COVERED = 0.9

#: By how much larger the errors of whole graphs are than those of the operations of the fit, as powers.
WIDER = 1.25


class Fit(NamedTuple):
    """Coefficients by class, what one run costs whatever is in it, and the error as factors: median and 9 of 10."""

    classes: dict[str, list[float]]
    overhead: float
    error: tuple[float, float]


def class_of(op: ops.Op, given: ops.Shape) -> str:
    """The class that an operation is fitted in.

    >>> class_of(ops.Conv(64, 64, (3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1), groups=64), (1, 64, 56, 56))
    'depthwise'
    """
    if type(op) is ops.Linear:
        return "linear" if len(given) == 2 else "pointwise"
    if type(op) is not ops.Conv:
        return "pool" if type(op) in (ops.Pool, ops.AdaptivePool) else "rest"
    if op.transposed:
        return "transposed"
    if prod(op.kernel_size) == op.groups == 1:
        return "pointwise"
    if len(given) != 4:
        return "volumes"
    if op.in_channels % BLOCK:
        return "dense" if op.groups == 1 and op.in_channels < BLOCK else "columns"  # an image is read as it is
    if op.groups == op.in_channels == op.out_channels:
        return "depthwise"
    return "columns" if op.groups > 1 else "dense"


def features(op: ops.Op, given: Sequence[ops.Shape], out: ops.Shape, macs: int) -> list[float]:
    """1, multiply-adds, numbers read and written, and numbers laid out in columns."""
    moved = sum([prod(shape) for shape in given]) + prod(out)
    if type(op) is ops.Linear:
        return [1.0, macs, moved, op.in_features * op.out_features]
    if type(op) is not ops.Conv:
        taps = prod(op.kernel_size) if type(op) is ops.Pool else 1
        return [1.0, taps * prod(out), moved, 0.0]
    places = prod(given[0][2:]) if op.transposed else prod(out[2:])
    inner, taps = op.out_channels if op.transposed else op.in_channels, prod(op.kernel_size)
    return [1.0, macs, moved, given[0][0] * inner * taps * places if taps > 1 else 0.0]


def fit_engine(engine: Engine, tell: Callable[[str], None] = lambda _: None) -> Fit:
    """Time small operations, each alone, and fit each class: under a second."""
    samples: dict[str, list[tuple[list[float], float]]] = {}
    for number, graph in enumerate(small_graphs(), 1):
        tell(f"operation {number}")
        run = engine.prepare(make_case(graph))
        seconds = fastest(run, RUNS, engine.threads)
        if seconds < BRIEF:
            seconds = min(seconds, fastest(run, 2 * RUNS, engine.threads))
        name, row = _only(graph)
        samples.setdefault(name, []).append((row, seconds))
    overhead = min([seconds for each in samples.values() for _, seconds in each])
    classes = {name: _solve(each) for name, each in samples.items()}
    errors = [error for each in samples.values() for error in _left_out(each)]
    return Fit(classes, overhead, (_factor(errors, 0.5), _factor(errors, COVERED)))


def _only(graph: ops.Graph) -> tuple[str, list[float]]:
    """Class and features of the one operation of a graph."""
    (node,), shapes = graph.nodes, infer_shapes(graph)
    macs = analyze(graph, True, shapes).cost.macs
    return class_of(node.op, shapes[0]), features(node.op, shapes[:1], shapes[1], macs)


#: Small convolutions of every class: channels in and out, kernel, sides, groups, whether transposed (stride 2).
SMALL = (
    *[(i, o, (3, 3), (n, n), 1, False)
      for i, o, n in [(32, 32, 28), (64, 64, 14), (64, 128, 28), (128, 128, 7), (16, 64, 28)]],
    *[(i, o, (1, 1), (n, n), 1, False)
      for i, o, n in [(64, 64, 28), (128, 128, 14), (32, 192, 28), (512, 512, 7), (64, 256, 14)]],
    *[(c, c, (k, k), (n, n), c, False)
      for c, k, n in [(64, 3, 28), (128, 3, 14), (32, 5, 28), (256, 3, 14), (64, 3, 56)]],
    *[(i, o, (3, 3), (n, n), g, False)
      for i, o, n, g in [(64, 64, 28, 32), (64, 64, 14, 8), (128, 128, 14, 32), (30, 60, 14, 1), (64, 64, 56, 32)]],
    *[(i, o, (k,) * a, (n,) * a, g, False)
      for a, i, o, k, n, g in [(3, 16, 16, 3, 8, 1), (3, 16, 16, 3, 8, 16), (3, 32, 32, 3, 8, 8),
                               (1, 64, 64, 9, 256, 1), (1, 64, 64, 9, 512, 64), (1, 32, 32, 3, 1024, 4)]],
    *[(i, o, (k, k), (n, n), 1, True) for i, o, k, n in [(32, 32, 3, 14), (64, 32, 4, 14), (64, 64, 2, 14)]],
)  # fmt: skip


def small_graphs() -> list[ops.Graph]:
    """Small operations of every class, several sizes each."""
    made: list[tuple[ops.Op, ops.Shape]] = []
    for inner, outer, kernel, size, groups, transposed in SMALL:
        ones, pads = (1,) * len(kernel), tuple([(k // 2, k // 2) for k in kernel])
        stride, extra = ((2,) * len(kernel), (0,) * len(kernel)) if transposed else (ones, ())
        op = ops.Conv(inner, outer, kernel, stride, pads, ones, groups, False, "zeros", transposed, extra)
        made.append((op, (1, inner, *size)))
    made += [(ops.Linear(i, o), (n, i)) for i, o, n in [(512, 512, 1), (256, 1024, 1), (256, 256, 32)]]
    made += [(ops.Pool("max", (3, 3), (2, 2), ((1, 1), (1, 1))), (1, 64, n, n)) for n in (28, 56)]
    made += [(ops.Activation("sigmoid"), (1, 64, n, n)) for n in (14, 28, 56)]
    return [ops.Graph(shape, "fp32", (ops.Node("op", op, (0,)),)) for op, shape in made]


_Sample = tuple[list[float], float]


def _solve(samples: Sequence[_Sample]) -> list[float]:
    """Coefficients that are not negative, of some of the features, with the least squared logarithms of errors.

    A factor too much counts as a factor too little, which relative errors would not do.
    """
    rows, seconds = np.array([row for row, _ in samples]), np.array([seconds for _, seconds in samples])
    best, least = [0.0] * FEATURES, float("inf")
    for count in range(1, min(FEATURES, max(1, len(samples) - 1)) + 1):
        for chosen in combinations(range(FEATURES), count):
            part = rows[:, chosen]
            if not part.any(axis=0).all():
                continue
            found, error = _least_logarithms(part, seconds)
            if found.min() >= 0 and error < least - 1e-9:
                least, best = error, [0.0] * FEATURES
                for at, value in zip(chosen, found):
                    best[at] = float(value)
    return best


def _least_logarithms(part: NDArray[Any], seconds: NDArray[Any]) -> tuple[NDArray[Any], float]:
    """Coefficients, and the sum of the squared logarithms of errors: Gauss-Newton from the least relative errors."""
    scale = part.max(axis=0)
    scaled = part / scale
    found, *_ = np.linalg.lstsq(scaled / seconds[:, None], np.ones(len(seconds)), rcond=None)
    for _ in range(STEPS):
        guess = np.maximum(scaled @ found, 1e-3 * seconds)
        step, *_ = np.linalg.lstsq(scaled / guess[:, None], np.log(seconds / guess), rcond=None)
        found = found + step
    guess = scaled @ found
    error = float((np.log(guess / seconds) ** 2).sum()) if guess.min() > 0 else float("inf")
    return found / scale, error


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
    return exp(WIDER * (median(ordered) if share == 0.5 else ordered[int(share * len(ordered))]))


#: Done in passing by whatever comes before them.
_IN_PASSING = (ops.Activation, ops.BatchNorm, ops.Scale, ops.Norm, ops.LayerNorm, ops.Flatten, ops.Split)


def predicted_seconds(graph: ops.Graph, shapes: Sequence[ops.Shape], analysis: Analysis, fit: Fit) -> float:
    """The sum over operations, each by its class, with what one run costs once."""
    uses = Counter([value for node in graph.nodes for value in node.inputs])
    total = fit.overhead
    for node, op, out in zip(graph.nodes, analysis.ops, shapes[1:]):
        if _is_passing(node, uses):
            continue
        given = [shapes[value] for value in dict.fromkeys(node.inputs)]
        row = features(node.op, given, out, op.cost.macs)
        by = fit.classes[class_of(node.op, given[0])]
        total += max(0.0, sum([a * b for a, b in zip(by, row)]) - fit.overhead)
    return total


def _is_passing(node: ops.Node, uses: Counter[int]) -> bool:
    """Is this done by a convolution before it, which nobody else reads?"""
    if type(node.op) in (ops.Flatten, ops.Split):
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
