"""The answer to "will it be faster": rows with their bound, their time in an engine, their ratio to a base."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from ..analysis import analyze
from ..analysis.analyze import Analysis
from ..answers.check import Check, Measurement
from ..answers.comparison import Comparison, Row
from ..checks.limits import lacking_memory, numbers_held
from ..graph.ops import Counted, Graph, Shape
from ..spec.errors import SpecError
from ..spec.layer import LayerSpec
from ..variants.registry import BUILDING_BLOCK
from . import engine_words
from .bounds import Bound, bound_of
from .calibrate import Profile, keep_profile, raised
from .clock import BUSY, Rounds, Times
from .devices import Device
from .predict import Fit, predicted_seconds
from .subjects import Subject, base_of, variants_of

if TYPE_CHECKING:
    from .engines import Engine, Run
    from .values import Case

#: Multiply-adds above which values are not compared: our own executor takes a second for ten thousand millions.
MOST_COMPARED = 20_000_000_000

#: Bytes a number takes while a graph is timed: file, engine, our executor.
BYTES_A_NUMBER = 24

#: A time that is shorter than its bound by more than this share beats it: clocks are not better.
BEATEN = 0.98

Tell = Callable[[str], None]


class TimedRow(NamedTuple):
    """One thing that was timed, or the `reason` why not; what was not measured is None.

    `macs_ratio` is to the base's multiply-adds. `values` is the check of its output, None where that was not compared,
    `unchecked` then says why.
    """

    name: str
    role: str
    macs: int | None = None
    macs_ratio: float | None = None
    bound: Bound | None = None
    predicted: float | None = None
    times: Times | None = None
    values: Check | None = None
    reason: str | None = None
    unchecked: str | None = None
    often: int = 1

    @property
    def verdict(self) -> str | None:
        """Than the base: "faster", "slower", or "no difference seen"; None where there is no ratio."""
        ratio = self.times.ratio if self.times else None
        if ratio is None or self.macs_ratio is None:
            return None
        if ratio.straddles_one:
            return "no difference seen"
        return "slower" if ratio.median > 1 else "faster"

    @property
    def surprising(self) -> bool:
        """Fewer multiply-adds, and slower?"""
        return self.verdict == "slower" and self.macs_ratio is not None and self.macs_ratio < 1

    @property
    def beats_bound(self) -> bool:
        """Was it faster than its bound allows?"""
        bound, times = self.bound, self.times
        return bool(bound and times and bound.seconds and times.seconds.median < BEATEN * bound.seconds)


class Timed(NamedTuple):
    """Everything that was timed together. `spec` is a layer's, else `name` a network's; `engine` None: bounds alone.

    `fit_error`: by which factor predictions were off where the fit was made, in the median and in 9 cases of 10.
    """

    name: str
    spec: LayerSpec | None
    input_shape: Shape
    dtype: str
    rows: tuple[TimedRow, ...]
    device: Device | None
    engine: Engine | None = None
    base: str | None = None
    clock: str | None = None
    interrupted: bool = False
    fit_error: tuple[float, float] | None = None
    source: str = ""

    @property
    def wall_over_cpu(self) -> float | None:
        """The largest of the rows': above 1.05 something else was running."""
        return max([r.times.wall_over_cpu for r in self.rows if r.times and r.times.wall_over_cpu], default=None)

    @property
    def is_busy(self) -> bool:
        """Was the machine not free?"""
        return (self.wall_over_cpu or 0.0) > BUSY

    @property
    def differs(self) -> list[TimedRow]:
        """Rows whose output is not what our executor computes."""
        return [row for row in self.rows if row.values is not None and row.values.ok is False]


class Stopwatch:
    """Bounds, predictions and times of graphs, all in one engine and on one device, with or without either."""

    def __init__(
        self, engine: Engine | None, device: Device | None, fit: Fit | None = None, max_seconds: float = 10.0,
        tell: Tell = lambda _: None,
    ) -> None:  # fmt: skip
        self.engine = engine
        self.device = device
        self.fit = fit
        self.max_seconds = max_seconds
        self.tell = tell
        self._last: tuple[Graph, Case] | None = None

    def refuse(self, dtype: str) -> None:
        """SpecError where what is to be timed is of a type that no engine is timed in."""
        from .engines import refusal

        why = refusal(self.engine.name, None, dtype) if self.engine else None
        if why:
            hint = "leave the type out; bounds on a device have it: --device NAME"
            raise SpecError(why, hint, dtype)

    def rows(self, subjects: Sequence[Subject], base: str | None) -> tuple[tuple[TimedRow, ...], Rounds | None]:
        """A row for each subject; where there is an engine, all of them timed side by side."""
        rounds = Rounds(self.engine.threads, base) if self.engine else None
        rows: dict[str, TimedRow] = {}
        for subject in subjects:
            self.tell(subject.name)
            rows[subject.name] = self._row(subject, rounds)
        if rounds is not None:
            rounds.go(self.max_seconds, self.tell)
            times = rounds.times()
            rows = {name: row._replace(times=times.get(name)) for name, row in rows.items()}
        return tuple(_related(rows, base)), rounds

    def _row(self, subject: Subject, rounds: Rounds | None) -> TimedRow:
        """What is known before the rounds begin; the run is handed to these."""
        graph, row = subject.graph, TimedRow(subject.name, subject.role, reason=subject.reason, often=subject.often)
        if graph is None:
            return row
        analysis = analyze(graph, True, list(subject.shapes))
        row = row._replace(macs=analysis.cost.macs)
        if self.device is not None:
            row = row._replace(bound=bound_of(graph, subject.shapes, analysis, self.device))
        if self.fit is not None and not any([type(node.op) is Counted for node in graph.nodes]):
            row = row._replace(predicted=predicted_seconds(graph, subject.shapes, analysis, self.fit))
        if rounds is None or self.engine is None:
            return row
        return self._prepared(row, subject, graph, analysis, self.engine, rounds)

    def _prepared(
        self, row: TimedRow, subject: Subject, graph: Graph, analysis: Analysis, engine: Engine, rounds: Rounds
    ) -> TimedRow:
        from .engines import EngineFailed, refusal
        from .oracle import judge_values

        numbers = numbers_held(graph, analysis.cost.params)
        why = refusal(engine.name, graph, graph.dtype) or lacking_memory(numbers, BYTES_A_NUMBER)
        if why is not None:
            return row._replace(reason=why.partition(";")[0])
        try:
            if subject.run is not None:
                rounds.add(subject.name, subject.run())
                return row._replace(unchecked="the weights are the file's own")
            case = self._case(graph, subject.name)
            run = engine.prepare(case, subject.fused)
        except (SpecError, EngineFailed) as error:
            return row._replace(reason=error.message if isinstance(error, SpecError) else f"{engine.name}: {error}")
        if engine.name == "numpy":
            row = row._replace(unchecked="it is our own executor that is timed")
        elif analysis.cost.macs > MOST_COMPARED:
            row = row._replace(unchecked="too many multiply-adds for our executor")
        else:
            row = row._replace(values=judge_values(engine, case, run))
            if row.values is not None and row.values.ok is False:
                return row
        rounds.add(subject.name, run)
        return row

    def _case(self, graph: Graph, name: str) -> Case:
        """The case of a graph; the last one is kept, as a network is timed twice."""
        from .values import make_case

        if self._last is None or self._last[0] is not graph:
            self._last = (graph, make_case(graph, name))
        return self._last[1]


def _related(rows: Mapping[str, TimedRow], base: str | None) -> Iterable[TimedRow]:
    """Rows with the ratio of their multiply-adds; a building block has none, and no ratio of times."""
    of = rows[base].macs if base is not None and base in rows else None
    for row in rows.values():
        if row.role == BUILDING_BLOCK:
            yield row._replace(times=row.times and row.times._replace(ratio=None))
        else:
            yield row._replace(macs_ratio=row.macs / of if of and row.macs is not None else None)


def time_layer(
    spec: LayerSpec, names: Iterable[str] | None, watch: Stopwatch, profile: Profile | None = None, source: str = ""
) -> Timed:
    """The variants of a layer, timed side by side in the engine of `watch`, or bounded on its device alone.

    >>> from .devices import shipped_devices
    >>> spec = LayerSpec(64, 128, (3, 3), (56, 56), padding=((1, 1), (1, 1)), dtype="fp16")
    >>> found = time_layer(spec, ["standard"], Stopwatch(None, shipped_devices()["nvidia-t4"]))
    >>> found.rows[0].bound.limited_by, found.rows[0].times
    ('compute', None)
    """
    watch.refuse(spec.dtype)
    subjects = variants_of(spec, names)
    base = base_of(spec, subjects)
    rows, rounds = watch.rows(subjects, base)
    shape = (spec.batch, spec.in_channels, *spec.input_size)
    return _concluded(Timed("", spec, shape, spec.dtype, rows, watch.device, base=base, source=source),
                      watch, rounds, profile)  # fmt: skip


def time_graphs(
    name: str, subjects: Sequence[Subject], base: str | None, watch: Stopwatch, profile: Profile | None = None
) -> Timed:
    """Whole graphs of one network, timed side by side; SpecError where there is none."""
    first = next((subject.graph for subject in subjects if subject.graph is not None), None)
    if first is None:
        raise SpecError(f"{name} has no operation that is timed alone", "leave --per-layer out")
    watch.refuse(first.dtype)
    rows, rounds = watch.rows(subjects, base)
    found = Timed(name, None, first.input_shape, first.dtype, rows, watch.device, base=base)
    return _concluded(found, watch, rounds, profile)


def time_network(
    name: str, graph: Graph, shapes: Sequence[Shape], watch: Stopwatch, profile: Profile | None = None,
    run: Callable[[bool], Run] | None = None,
) -> Timed:  # fmt: skip
    """A whole network: fused and unfused where the engine can be told so, once where not, or bounded alone.

    `run` makes a file itself ready, fused or not. SpecError where the engine does not run files.
    """
    whole = Subject("fused", "network", graph, shapes)
    if watch.engine is None or watch.engine.name != "onnxruntime":
        if run is not None and watch.engine is not None:
            raise SpecError(f"{watch.engine.name} does not run ONNX files", "leave --engine out")
        return time_graphs(name, [whole._replace(name=name)], None, watch, profile)
    subjects = [whole, whole._replace(name="unfused", fused=False)]
    if run is not None:
        subjects = [one._replace(run=partial(run, one.fused)) for one in subjects]
    return time_graphs(name, subjects, "fused", watch, profile)


def _concluded(found: Timed, watch: Stopwatch, rounds: Rounds | None, profile: Profile | None) -> Timed:
    """With the engine, the clock and the error; a profile whose bound was beaten is raised for the next run."""
    if rounds is not None:
        found = found._replace(engine=watch.engine, clock=rounds.clock, interrupted=rounds.interrupted)
    pairs = [(r.bound.seconds, r.times.seconds.median) for r in found.rows
             if r.beats_bound and r.bound and r.bound.seconds and r.times]  # fmt: skip
    higher = raised(profile, pairs) if profile else None
    if higher is not None:
        keep_profile(higher)
    return found._replace(fit_error=watch.fit.error) if watch.fit else found


def measure_comparison(
    found: Comparison, engine: Engine, limit: int, max_seconds: float, tell: Tell = lambda _: None
) -> Comparison:
    """A comparison with the time of each row of at most `limit` multiply-adds, all timed side by side.

    A row that does not apply, that the engine refuses or whose output differs has none.
    """
    names = [row.variant for row in found.rows if row.words is not None and row.words["macs"] <= limit]
    subjects = variants_of(found.spec, names)
    base = found.baseline if found.baseline in names else None
    rows, _ = Stopwatch(engine, None, None, max_seconds, tell).rows([s for s in subjects if s.name in names], base)
    by_name = {row.name: row for row in rows}
    return found._replace(rows=tuple([_row_with(row, by_name.get(row.variant), engine) for row in found.rows]))


def _row_with(row: Row, timed: TimedRow | None, engine: Engine) -> Row:
    times = timed.times if timed else None
    if times is None or row.words is None:
        return row
    ratio, name = times.ratio, ", ".join(engine_words(*engine[:3]))
    quartiles = (ratio.low, ratio.high) if ratio else None
    seconds = times.seconds.median
    made = Measurement(seconds, row.words["macs"] / seconds, times.runs, name, ratio and ratio.median, quartiles)
    return row._replace(measured=made)
