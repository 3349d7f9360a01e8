"""How long each variant takes on this machine, in the value executor of this program."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from time import perf_counter

from ..answers.check import Measurement
from ..answers.comparison import Comparison, Row
from ..spec.layer import LayerSpec
from ..variants.registry import build_variant
from .limits import NotEnoughMemory, is_small, require_memory

#: Runs of a variant: at least, at most, and the seconds after which there is no other.
LEAST_RUNS, MOST_RUNS, ENOUGH = 3, 15, 0.5


def timed(run: Callable[[], float]) -> tuple[float, int]:
    """The median of what `run` says it took, and how often it ran; the first time, which warms up, is left out.

    >>> timed(lambda: 0.25)
    (0.25, 3)
    """
    run()
    taken: list[float] = []
    start, spent = perf_counter(), 0.0
    while len(taken) < LEAST_RUNS or (len(taken) < MOST_RUNS and max(spent, perf_counter() - start) < ENOUGH):
        taken.append(run())
        spent += taken[-1]
    return median(taken), len(taken)


def measure_row(row: Row, spec: LayerSpec, limit: int, *, inplace: bool = True) -> Measurement | None:
    """The measurement of one row at full size; None where it does not apply or is above `limit` multiply-adds.

    Raises NotEnoughMemory.
    """
    from ..analysis import analyze
    from ..execute.values.run_values import run_values

    if row.words is None:
        return None
    graph, _, shapes = build_variant(row.variant, spec)
    analysis = analyze(graph, inplace, shapes)
    if not is_small(graph, analysis, limit):
        return None
    require_memory(row.variant, graph, analysis)

    def once() -> float:
        return sum([op.seconds for op in run_values(graph, inplace=inplace, trace=False).ops])

    seconds, runs = timed(once)
    return Measurement(seconds, row.words["macs"] / seconds, runs)


def measure_all(
    comparison: Comparison, limit: int, *, inplace: bool = True, step: Callable[[str], None] = lambda _: None
) -> Comparison:
    """The comparison with the time of each row that applies; a row that would not fit into memory has none.

    `step` hears of each row before it is measured.
    """
    rows = []
    for row in comparison.rows:
        step(row.variant)
        try:
            rows.append(row._replace(measured=measure_row(row, comparison.spec, limit, inplace=inplace)))
        except NotEnoughMemory:
            rows.append(row)
    return comparison._replace(rows=tuple(rows))
