"""The stopwatch with an engine that takes what it is given: what is timed, what is refused, what is compared."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest
from tables import each

from convcost.answers.check import Check
from convcost.answers.comparison import compare_variants
from convcost.graph.ops import Activation, Conv, Counted, Graph, Linear, Node
from convcost.graph.shapes import infer_shapes
from convcost.spec import SpecError, parse_spec
from convcost.timing import answer, engines, machine, oracle
from convcost.timing.answer import Stopwatch, Timed, TimedRow, measure_comparison, time_graphs, time_network
from convcost.timing.calibrate import Profile
from convcost.timing.clock import Rounds, Spread, Times
from convcost.timing.devices import Device
from convcost.timing.engines import Engine, EngineFailed, refusal
from convcost.timing.machine import time_opened
from convcost.timing.oracle import judge_values
from convcost.timing.predict import Fit
from convcost.timing.subjects import Subject, subjects_of
from convcost.timing.values import CLOSE, Executor, make_case

CONV = Conv(2, 4, (3,), (1,), ((1, 1),), (1,))
GRAPH = Graph((1, 2, 9), "fp32", (Node("conv", CONV, (0,)), Node("act", Activation("relu"), (1,))))
SHAPES = infer_shapes(GRAPH)
MACS = 9 * 4 * 2 * 3
SUBJECT = Subject("conv", "replacement", GRAPH, SHAPES)
DEVICE = Device("small", "derived", (), {"fp32": 1e9}, 1e9)
FIT = Fit({"volumes": [5.0, 0, 0, 0]}, 1.0, (1.5, 2.5))
RIGHT, WRONG = Check(1e-4, 1e-6, True), Check(1e-4, 0.5, False)


def engine(name: str = "fake") -> Engine:
    """Our own executor under that name."""
    return Engine(name, "1.2", 1, "none", lambda case, fused=True: Executor(case))  # noqa: ARG005  as engines have it


def timed(watch: Stopwatch, *subjects: Subject, base: str | None = None) -> list[TimedRow]:
    return list(watch.rows(subjects or [SUBJECT], base)[0])


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> list[Check]:
    """What is found of values, one after the other; right where nothing is said."""
    found: list[Check] = []
    monkeypatch.setattr(oracle, "judge_values", lambda *_: found.pop(0) if found else RIGHT)
    return found


def test_a_row_has_its_bound_its_prediction_and_its_time_where_there_is_what_it_takes(judged: list[Check]) -> None:
    """A device, a fit, an engine: each alone, or all."""
    for device in (None, DEVICE):
        for fit in (None, FIT):
            for of in (None, engine()):
                (row,) = timed(Stopwatch(of, device, fit, 0))
                assert row.macs == MACS
                found = row.bound is not None, row.predicted is not None, row.times is not None, row.values is not None
                assert found == (device is not None, fit is not None, of is not None, of is not None)
                assert row.predicted in (None, 5.0)
    assert judged == []


def test_what_is_counted_by_its_definition_is_not_predicted() -> None:
    """Nobody knows its class."""
    graph = Graph((1, 2, 9), "fp32", (*GRAPH.nodes, Node("erf", Counted("erf", (1, 4, 9), elementwise=9), (2,))))
    (row,) = timed(Stopwatch(None, None, FIT), Subject("counted", "replacement", graph, infer_shapes(graph)))
    assert (row.macs, row.predicted) == (MACS, None)


def test_a_reason_is_all_that_is_known_of_what_does_not_apply() -> None:
    (row,) = timed(Stopwatch(engine(), DEVICE, FIT, 0), Subject("none", "replacement", reason="no"))
    assert row == TimedRow("none", "replacement", reason="no")


def test_an_output_that_differs_is_not_timed(judged: list[Check]) -> None:
    """The others are; and it is told."""
    judged += [RIGHT, WRONG]
    rows = timed(Stopwatch(engine(), None, None, 0), SUBJECT, SUBJECT._replace(name="other"))
    assert [row.times is None for row in rows] == [False, True]
    found = Timed("", None, (1, 2, 9), "fp32", tuple(rows), None)
    assert [row.name for row in found.differs] == ["other"]


@pytest.mark.parametrize(
    ("name", "most", "unchecked"),
    [
        ("fake", MACS, None), ("fake", MACS - 1, "too many multiply-adds for our executor"),
        ("numpy", MACS, "it is our own executor that is timed"),
    ],
)  # fmt: skip
def test_values_are_compared_up_to_so_many_multiply_adds(
    name: str, most: int, unchecked: str | None, monkeypatch: pytest.MonkeyPatch, judged: list[Check]
) -> None:
    """With our executor, unless it is that which is timed."""
    monkeypatch.setattr(answer, "MOST_COMPARED", most)
    (row,) = timed(Stopwatch(engine(name), None, None, 0))
    assert (row.unchecked, row.values) == (unchecked, None if unchecked else RIGHT)
    assert row.times is not None
    assert judged == []


def test_what_does_not_fit_into_memory_is_not_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    """24 bytes a number that is held; what to do is left out of the reason."""
    asked: list[tuple[int, int]] = []
    monkeypatch.setattr(answer, "lacking_memory", lambda *said: asked.append(said) or "it is too large; do less")
    (row,) = timed(Stopwatch(engine(), None, None, 0))
    assert asked == [(24 + 36 + 36, 24)]
    assert (row.reason, row.times) == ("it is too large", None)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (SpecError("it cannot be written", "do not"), "it cannot be written"),
        (EngineFailed("no kernel"), "fake: no kernel"),
    ],
)
def test_what_an_engine_does_not_take_has_its_words_for_a_reason(error: Exception, reason: str) -> None:
    def prepare(*_: object) -> Any:
        raise error

    (row,) = timed(Stopwatch(engine()._replace(prepare=prepare), None, None, 0))
    assert (row.reason, row.times) == (reason, None)


def test_a_type_that_is_not_timed_is_marked() -> None:
    """All of it; without an engine any has its bounds."""
    with pytest.raises(SpecError, match="fp16 is not timed") as caught:
        Stopwatch(engine(), None).refuse("fp16")
    assert (caught.value.text, caught.value.start, caught.value.end) == ("fp16", 0, 4)
    Stopwatch(None, DEVICE).refuse("fp16")
    Stopwatch(engine(), None).refuse("fp32")


def test_a_file_is_run_as_it_is_and_not_compared() -> None:
    """Its weights are its own."""
    subject = SUBJECT._replace(run=lambda: lambda: np.zeros(1))
    (row,) = timed(Stopwatch(engine(), None, None, 0), subject)
    assert (row.unchecked, row.values, row.times is None) == ("the weights are the file's own", None, False)


def test_a_graph_that_is_timed_twice_is_made_ready_once(monkeypatch: pytest.MonkeyPatch, judged: list[Check]) -> None:
    """Fused and unfused; another one is made anew."""
    made: list[str] = []
    from convcost.timing import values

    sound = values.make_case
    monkeypatch.setattr(values, "make_case", lambda graph, name: made.append(name) or sound(graph, name))
    other = SUBJECT._replace(name="other", graph=GRAPH._replace(nodes=GRAPH.nodes[:1]), shapes=SHAPES[:2])
    timed(Stopwatch(engine(), None, None, 0), SUBJECT, SUBJECT._replace(name="again"), other, SUBJECT)
    assert made == ["conv", "other", "conv"]
    assert judged == []


@pytest.mark.parametrize(
    ("name", "is_file", "rows", "base"),
    [("numpy", False, ["net"], None), ("onnxruntime", False, ["fused", "unfused"], "fused"),
     ("onnxruntime", True, ["fused", "unfused"], "fused"), (None, False, ["net"], None), (None, True, ["net"], None)],
)  # fmt: skip
def test_a_network_is_timed_fused_and_unfused_where_the_engine_can_be_told(
    name: str | None, is_file: bool, rows: list[str], base: str | None, judged: list[Check]
) -> None:
    """A file is run by each as it is to be; a bound needs no engine."""
    asked: list[bool] = []

    def run(fused: bool) -> Any:
        asked.append(fused)
        return lambda: np.zeros(1)

    watch = Stopwatch(engine(name) if name else None, None if name else DEVICE, None, 0)
    found = time_network("net", GRAPH, SHAPES, watch, None, run if is_file else None)
    assert ([row.name for row in found.rows], found.base) == (rows, base)
    assert asked == ([True, False] if is_file and name else [])
    assert (found.engine, found.clock) == (watch.engine, "thread" if name else None)
    assert judged == []


def test_a_file_is_run_by_onnx_runtime_alone() -> None:
    with pytest.raises(SpecError, match="numpy does not run ONNX files"):
        time_network("net", GRAPH, SHAPES, Stopwatch(engine("numpy"), None), None, lambda _: lambda: np.zeros(1))


def test_a_network_of_nothing_that_is_timed_is_refused() -> None:
    with pytest.raises(SpecError, match="net has no operation that is timed alone"):
        time_graphs("net", [Subject("none", "layer")], None, Stopwatch(None, DEVICE))


def test_the_first_graph_says_what_the_input_is() -> None:
    """Not the first subject, which may have none."""
    found = time_graphs("net", [Subject("none", "layer", reason="no"), SUBJECT], None, Stopwatch(None, DEVICE, FIT))
    assert (found.input_shape, found.dtype, found.fit_error) == ((1, 2, 9), "fp32", (1.5, 2.5))
    assert time_graphs("net", [SUBJECT], None, Stopwatch(None, DEVICE)).fit_error is None


PROFILE = Profile({"engine": "fake"}, 1e3, 1e3, "2026-01-02")


@pytest.mark.parametrize("speed", [1e3, 1e15])
def test_a_profile_whose_bound_was_beaten_is_raised_and_kept(speed: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """By as much as it was; where none was, nothing is kept."""
    kept: list[Profile] = []
    monkeypatch.setattr(answer, "keep_profile", kept.append)
    device = DEVICE._replace(peak={"fp32": speed}, bandwidth=speed)
    watch = Stopwatch(engine("numpy"), device, None, 0)
    found = time_graphs("net", [SUBJECT], None, watch, PROFILE._replace(macs_per_second=speed, bytes_per_second=speed))
    (row,) = found.rows
    assert row.bound is not None
    assert row.times is not None
    assert row.bound.seconds is not None
    factor = row.bound.seconds / row.times.seconds.median
    assert [one.macs_per_second for one in kept] == ([] if speed > 1e9 else [pytest.approx(speed * factor)])
    assert time_graphs("net", [SUBJECT], None, watch).rows[0].beats_bound == (speed < 1e9)


def test_a_comparison_has_the_time_of_each_row_up_to_the_limit(judged: list[Check]) -> None:
    """Ratios are to the baseline where that is timed, too; a row above the limit has none."""
    spec = parse_spec("4:8 @9x7 k3")
    found = compare_variants(spec, ["standard", "grouped", "spatially-separable"])
    macs = [row.words["macs"] if row.words else 0 for row in found.rows]
    for limit in (macs[1], macs[1] - 1, max(macs)):
        rows = measure_comparison(found, engine(), limit, 0).rows
        assert [row.measured is not None for row in rows] == [n <= limit for n in macs]
        assert [bool(row.measured and row.measured.ratio) for row in rows] == [
            n <= limit and macs[0] <= limit for n in macs
        ]
    assert judged == []


def test_a_measurement_is_the_median_with_its_ratio_and_its_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """And the multiply-adds of the row in a second of it."""
    spec = parse_spec("4:8 @9x7 k3")
    found = compare_variants(spec, ["standard", "grouped"])
    times = Times(Spread(0.5, 0.4, 0.6), Spread(2.0, 1.5, 2.5), 3, 12, None)
    monkeypatch.setattr(Rounds, "times", lambda _: {"standard": times, "grouped": times._replace(ratio=None)})
    monkeypatch.setattr(oracle, "judge_values", lambda *_: RIGHT)
    one, other = [row.measured for row in measure_comparison(found, engine(), 10**9, 0).rows]
    macs = 4 * 8 * 9 * 63
    assert one == (0.5, 2 * macs, 12, "fake 1.2, 1 thread", 2.0, (1.5, 2.5))
    assert other is not None
    assert (other.ratio, other.ratio_quartiles) == (None, None)


@pytest.mark.parametrize(("gap", "ok"), [(0.0, True), (1e-4, True), (1.01e-4, False), (float("inf"), False)])
def test_an_engine_may_differ_by_a_ten_thousandth_of_the_largest_number(
    gap: float, ok: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By that much, and no more."""
    clock = iter([5.0, 7.5])
    monkeypatch.setattr(oracle, "perf_counter", lambda: next(clock))
    monkeypatch.setattr(oracle, "difference", lambda *_: gap)
    found = judge_values(engine(), make_case(GRAPH))
    assert (found.expected, found.measured, found.ok, found.seconds) == (CLOSE, gap, ok, 2.5)


def test_an_engine_that_fails_is_told_with_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes as long as it took; a run that is made already is not made again."""

    def prepare(*_: object) -> Any:
        raise EngineFailed("no kernel")

    clock = iter([5.0, 7.5, 0.0, 0.0])
    monkeypatch.setattr(oracle, "perf_counter", lambda: next(clock))
    failing = engine()._replace(prepare=prepare)
    assert judge_values(failing, make_case(GRAPH)) == Check(
        CLOSE, None, False, seconds=2.5, note="fake fails: no kernel"
    )
    case = make_case(GRAPH)
    assert judge_values(failing, case, Executor(case)).ok


def test_noise_is_the_same_every_time() -> None:
    """Seed 0 where nothing is said; the input is drawn with it alone."""
    case = make_case(GRAPH)
    assert np.array_equal(case.given, np.random.default_rng(0).standard_normal((1, 2, 9), np.float32))
    assert make_case(GRAPH, seed=0).model == case.model != make_case(GRAPH, seed=1).model


@each(
    ("name", "transposed", "extra", "is_refused"),
    [
        ("onnxruntime", True, (1, 2), True), ("onnxruntime", True, (2, 0), True), ("onnxruntime", True, (1, 1), False),
        ("onnxruntime", True, (), False), ("onnxruntime", False, (2, 2), False), ("numpy", True, (2, 2), False),
    ],
)  # fmt: skip
def test_onnx_runtime_takes_less_output_padding_than_the_stride(
    name: str, transposed: bool, extra: tuple[int, ...], is_refused: bool
) -> None:
    """Others take any; nor is a plain convolution asked."""
    op = Conv(2, 4, (3, 3), (2, 2), ((1, 1), (1, 1)), (1, 1), transposed=transposed, output_padding=extra)
    graph = Graph((1, 2, 9, 9), "fp32", (Node("act", Activation("relu"), (0,)), Node("conv", op, (1,))))
    assert (refusal(name, graph, "fp32") is not None) == is_refused


class Session:
    """ONNX Runtime, as much of it as is called: it keeps what it was told, and gives what it was given."""

    class GraphOptimizationLevel:
        ORT_DISABLE_ALL = "off"

    class Options:
        graph_optimization_level = "all"

    def __init__(self) -> None:
        self.runs: list[Any] = []
        self.options: Any = None
        self.fails = ""

    SessionOptions = Options

    def InferenceSession(self, model: Any, options: Any, providers: list[str]) -> Session:  # noqa: N802  its name
        self.options, self.model, self.providers = options, model, providers
        return self

    def get_inputs(self) -> list[Any]:
        class Asked(NamedTuple):
            name: str
            shape: list[Any]
            type: str = "tensor(float)"

        return [Asked("a", [1, "h", 2]), Asked("b", [3, 4, 5])]

    def run(self, outputs: None, given: Any) -> list[Any]:
        assert outputs is None
        if self.fails:
            raise RuntimeError(self.fails)
        self.runs.append(given)
        return [f"first of {len(self.runs)}", "second"]


@pytest.mark.parametrize("fused", [True, False])
def test_onnx_runtime_is_told_its_threads_and_whether_to_fuse(fused: bool) -> None:
    """One thread between operations, whatever there is within; it says nothing of its own; it ran once."""
    session = Session()
    run = engines._session(session, 3, b"model", lambda asked: {one.name: 1 for one in asked}, fused)
    options = session.options
    assert (options.intra_op_num_threads, options.inter_op_num_threads, options.log_severity_level) == (3, 1, 4)
    assert options.graph_optimization_level == ("all" if fused else "off")
    assert (session.model, session.providers, session.runs) == (b"model", ["CPUExecutionProvider"], [{"a": 1, "b": 1}])
    assert run() == "first of 2"


def test_the_first_input_of_a_file_has_the_shape_that_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Others have their own; noise of seed 0, drawn in their order."""
    session = Session()
    monkeypatch.setattr(engines, "_library", lambda _: session)
    engines.run_of_file("a.onnx", (7, 8, 9), 1, fused=True)
    draw = np.random.default_rng(0)
    (given,) = session.runs
    assert np.array_equal(given["a"], draw.standard_normal((7, 8, 9)).astype("f4"))
    assert np.array_equal(given["b"], draw.standard_normal((3, 4, 5)).astype("f4"))


@each(
    ("said", "line"),
    [("[ONNXRuntimeError] : 9 : NOT_IMPLEMENTED : no kernel\nmore", "no kernel"), ("a : " + "x" * 300, "x" * 200),
     ("no kernel", "no kernel"), ("  ", "RuntimeError")],
)  # fmt: skip
def test_an_error_is_its_first_line_without_numbers(said: str, line: str) -> None:
    """200 characters of it; where it says nothing, its kind."""
    session = Session()
    session.fails = said
    with pytest.raises(EngineFailed) as caught:
        engines._session(session, 1, b"model", lambda _: {}, fused=True)
    assert str(caught.value) == line


@pytest.mark.parametrize(("name", "is_file"), [("net.onnx", True), ("net.txt", False), (7, False)])
@pytest.mark.parametrize("threads", [3, None, 0])
def test_an_onnx_file_is_run_with_the_engines_threads(
    name: object, is_file: bool, threads: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One where it has no number; what is no such file is written for the engine."""
    asked: list[Any] = []
    monkeypatch.setattr(machine, "run_of_file", lambda *said: asked.append(said))
    monkeypatch.setattr(machine, "time_network", lambda *said: said[-1] and said[-1](True))

    class Net(NamedTuple):
        name: str = "net"
        graph: Graph = GRAPH
        shapes: Any = SHAPES

    for watch in (Stopwatch(engine()._replace(threads=threads), None), Stopwatch(None, DEVICE)):
        time_opened(name, Net(), watch, None, per_layer=False)  # type: ignore[arg-type]  # as much of a network
    ran = [("net.onnx", (1, 2, 9), threads or 1, True), ("net.onnx", (1, 2, 9), 1, True)]
    assert asked == (ran if is_file else [])


def test_each_operation_alone_is_timed_with_what_follows_it_in_passing() -> None:
    """The last one, too; what reads two values at once is left out."""
    nodes = (*GRAPH.nodes, Node("linear", Linear(4, 5), (2,)))
    graph = Graph((1, 2, 9), "fp32", nodes)
    found = subjects_of(graph, infer_shapes(graph))
    assert [(one.name, one.often, one.fused) for one in found] == [("conv", 1, True), ("linear", 1, True)]
    assert [[(node.name, node.inputs) for node in one.graph.nodes] for one in found if one.graph] == [
        [("conv", (0,)), ("act", (1,))], [("linear", (0,))],
    ]  # fmt: skip
