"""Calibration and the fit: what comes out of known speeds is those speeds."""

from __future__ import annotations

from math import exp, log, prod
from typing import Any

import numpy as np
import pytest
from tables import each

from convcost.analysis import analyze
from convcost.graph.ops import Activation, AdaptivePool, Add, Conv, Linear, Op, Pool
from convcost.graph.shapes import infer_shapes
from convcost.networks.build import build_network
from convcost.networks.program import read_program
from convcost.networks.zoo import zoo_program
from convcost.spec import parse_spec
from convcost.timing import calibrate, predict
from convcost.timing.engines import Engine
from convcost.timing.predict import (
    Fit,
    class_of,
    features,
    fit_engine,
    fit_record,
    kept_fit,
    predicted_seconds,
    small_graphs,
)
from convcost.timing.subjects import base_of, subjects_of, variants_of


def engine_of(monkeypatch: pytest.MonkeyPatch, seconds: Any) -> Engine:
    """An engine that takes as long for a graph as `seconds` says."""
    monkeypatch.setattr(predict, "make_case", lambda graph: graph)
    monkeypatch.setattr(calibrate, "make_case", lambda graph: graph)
    for module in (predict, calibrate):
        monkeypatch.setattr(module, "fastest", lambda run, *_: run())

    def prepare(graph: Any, fused: bool = True) -> Any:  # noqa: ARG001  as engines have it
        return lambda: seconds(graph)

    return Engine("fake", "1", 1, "none", prepare)


def linear(graph: Any) -> float:
    """A microsecond a run, a nanosecond a hundred multiply-adds, a tenth of one a number."""
    (node,), shapes = graph.nodes, infer_shapes(graph)
    _, macs, moved, _ = features(node.op, shapes[:1], shapes[1], macs_of(node.op, shapes[1]))
    return 1e-6 + 1e-11 * macs + 1e-10 * moved


def macs_of(op: Op, out: Any) -> int:
    if isinstance(op, Conv) and not op.transposed:
        return prod(out) * op.in_channels // op.groups * prod(op.kernel_size)
    return prod(out) * op.in_features if isinstance(op, Linear) else 0


def test_a_fit_of_what_is_linear_is_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    """So its error is none, in the median, and operations that it has not seen come out right."""
    monkeypatch.setattr(predict, "small_graphs", lambda: [g for g in small_graphs() if not transposed(g)])
    fit = fit_engine(engine_of(monkeypatch, linear))
    assert fit.error[0] == pytest.approx(1.0, abs=1e-6)
    graph = build_network(read_program("input 48 @20\nstandard 80 k3")).graph
    shapes = infer_shapes(graph)
    assert predicted_seconds(graph, shapes, analyze(graph, True, shapes), fit) == pytest.approx(linear(graph), rel=1e-6)


def transposed(graph: Any) -> bool:
    return bool(getattr(graph.nodes[0].op, "transposed", False))


ONES, NONE = (1, 1), ((0, 0), (0, 0))


def conv(inner: int, outer: int, kernel: tuple[int, ...], groups: int = 1, **fields: Any) -> Conv:
    axes = len(kernel)
    return Conv(inner, outer, kernel, (1,) * axes, ((0, 0),) * axes, (1,) * axes, groups, **fields)


@each(
    ("op", "given", "name"),
    [
        (Linear(4, 6), (2, 4), "linear"),
        (Linear(4, 6), (2, 4, 9), "pointwise"),
        (Pool("max", (2, 2), ONES, NONE), (1, 8, 4, 4), "pool"),
        (AdaptivePool("avg", (1, 1)), (1, 8, 4, 4), "pool"),
        (Activation("relu"), (1, 8, 4, 4), "rest"),
        (conv(8, 8, (2, 2), 8, transposed=True), (1, 8, 4, 4), "transposed"),
        (conv(8, 16, (1, 1)), (1, 8, 4, 4), "pointwise"),
        (conv(8, 16, (1, 1), 2), (1, 8, 4, 4), "columns"),
        (conv(8, 16, (3,)), (1, 8, 4), "volumes"),
        (conv(8, 8, (3, 3, 3), 8), (1, 8, 4, 4, 4), "volumes"),
        (conv(3, 16, (3, 3)), (1, 3, 4, 4), "dense"),  # an image is read as it is
        (conv(6, 6, (3, 3), 6), (1, 6, 4, 4), "columns"),
        (conv(12, 16, (3, 3)), (1, 12, 4, 4), "columns"),
        (conv(8, 8, (3, 3), 8), (1, 8, 4, 4), "depthwise"),
        (conv(8, 16, (3, 3), 8), (1, 8, 4, 4), "columns"),
        (conv(16, 16, (3, 3), 2), (1, 16, 4, 4), "columns"),
        (conv(8, 16, (3, 3)), (1, 8, 4, 4), "dense"),
        (conv(16, 24, (3, 1)), (1, 16, 4, 4), "dense"),
    ],
)
def test_an_operation_is_fitted_in_its_class(op: Op, given: tuple[int, ...], name: str) -> None:
    """Engines lay out channels in eights; a convolution of one tap is a matrix product."""
    assert class_of(op, given) == name


@each(
    ("op", "given", "out", "macs", "expected"),
    [
        (Linear(4, 6), [(2, 4)], (2, 6), 48, [1, 48, 8 + 12, 24]),
        (Activation("relu"), [(1, 2, 3)], (1, 2, 3), 0, [1, 6, 12, 0]),
        (Add(), [(1, 2, 3), (1, 2, 3)], (1, 2, 3), 0, [1, 6, 18, 0]),
        (Pool("max", (2, 3), (2, 3), NONE), [(1, 2, 4, 6)], (1, 2, 2, 2), 0, [1, 6 * 8, 48 + 8, 0]),
        (conv(2, 5, (1, 1)), [(3, 2, 4, 4)], (3, 5, 4, 4), 480, [1, 480, 96 + 240, 0]),
        (conv(2, 5, (3, 2)), [(3, 2, 4, 4)], (3, 5, 2, 3), 1080, [1, 1080, 96 + 90, 3 * 2 * 6 * 6]),
        (conv(2, 5, (1, 2)), [(3, 2, 4, 4)], (3, 5, 4, 3), 720, [1, 720, 96 + 180, 3 * 2 * 2 * 12]),  # of two taps
        (conv(2, 5, (3, 2), transposed=True), [(3, 2, 4, 4)], (3, 5, 6, 5), 2880,
         [1, 2880, 96 + 450, 3 * 5 * 6 * 16]),
    ],
)  # fmt: skip
def test_what_an_operation_is_fitted_by_is_counted(
    op: Op, given: list[tuple[int, ...]], out: tuple[int, ...], macs: int, expected: list[int]
) -> None:
    """One run, products, numbers read and written, and the columns: a window for every place, of the whole batch."""
    assert features(op, given, out, macs) == expected


def test_what_is_done_in_passing_is_predicted_to_take_no_time() -> None:
    """Behind a convolution that nobody else reads; elsewhere it takes what its class does, and no less than a run."""
    fit = Fit({"dense": [5.0, 0, 0, 0], "rest": [3.0, 0, 0, 0], "pool": [0.5, 0, 0, 0]}, 1.0, (1.0, 1.0))
    for text, seconds in {
        "standard 8 k3": 1 + 4,
        "standard 8 k3\nbatch-norm\nrelu": 1 + 4,
        "relu": 1 + 2,
        "relu\nrelu": 1 + 2,
        "a: standard 8 k3\nb: relu\nadd from a b": 1 + 4 + 2 + 2,
        "max-pool k2": 1,  # less than what any run takes
        "standard 8 k3\nsplit 0 4": 1 + 4,
        "split 0 4": 1,
    }.items():
        graph = build_network(read_program(f"input 8 @9\n{text}")).graph
        shapes = infer_shapes(graph)
        assert (text, predicted_seconds(graph, shapes, analyze(graph, True, shapes), fit)) == (text, seconds)


def test_every_class_of_operations_is_fitted() -> None:
    """There is a small operation of each; and thirty-two or so in all."""
    found = {class_of(graph.nodes[0].op, graph.input_shape) for graph in small_graphs()}
    assert found == {"dense", "pointwise", "depthwise", "columns", "volumes", "transposed", "linear", "pool", "rest"}
    assert 28 <= len(small_graphs()) <= 40


@pytest.mark.parametrize("name", ["mobilenet-v3-small", "vit-b16", "u-net", "shufflenet-v2"])
def test_any_network_has_a_prediction(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is done in passing costs nothing; a fit is read back as it was kept."""
    fit = fit_engine(engine_of(monkeypatch, lambda graph: 1e-6 + 1e-12 * prod(graph.input_shape)))
    assert kept_fit(fit_record(fit)) == fit
    network = build_network(zoo_program(name))
    analysis = analyze(network.graph, True, network.shapes)
    assert predicted_seconds(network.graph, network.shapes, analysis, fit) > 0


@each("found", [None, {}, {"classes": 1}, {"classes": {}, "overhead": "x", "error": [1, 2]}])
def test_a_fit_that_cannot_be_read_is_none(found: Any) -> None:
    assert kept_fit(found) is None


def test_calibration_takes_the_fastest_and_a_margin(monkeypatch: pytest.MonkeyPatch) -> None:
    """Multiply-adds that touch data a second; bytes read and written a second, of each thread."""
    engine = engine_of(monkeypatch, lambda graph: 1e-3 * (1 + len(graph.input_shape)))
    monkeypatch.setattr(calibrate, "_copy_rate", float)
    found = calibrate.calibrate(engine)
    rates = [calibrate._rate(engine, graph) for graph in calibrate._products()]
    assert found.macs_per_second == pytest.approx(1.05 * max(rates))
    assert found.bytes_per_second == pytest.approx(1.05 * max(calibrate.COPIES))
    assert found.device().peak == {"fp32": found.macs_per_second}
    assert found.key == {"engine": "fake", "version": "1", "threads": 1, "cpu": calibrate.processor_name()}


@each(
    ("factors", "share", "within"),
    [
        ([2, 2, 2], 0.5, 2), ([1, 2, 8], 0.5, 2), ([8, 1, 2], 0.9, 8), ([*range(1, 11)], 0.9, 10),
        ([*range(1, 12)], 0.9, 10), ([*range(1, 22)], 0.9, 19), ([3], 0.9, 3), ([1, 4], 0.5, 2),
    ],
)  # fmt: skip
def test_an_error_is_the_factor_that_so_many_lie_within(factors: list[int], share: float, within: int) -> None:
    """To the power of 1.25, by which whole graphs are further off than single operations."""
    assert predict._factor([log(one) for one in factors], share) == pytest.approx(within**1.25)


@pytest.mark.parametrize("coefficients", [[3.0, 0, 0, 0], [1.0, 2.0, 0, 0], [0.5, 0, 4.0, 0], [1.0, 2.0, 3.0, 5.0]])
def test_the_coefficients_of_what_is_linear_are_found(coefficients: list[float]) -> None:
    """As many as there are, none below 0; each sample is what the others say."""
    rows = [[1.0, float(n), float(n * n % 7), float(n**3 % 11)] for n in range(1, 9)]
    samples = [(row, sum([a * b for a, b in zip(coefficients, row)])) for row in rows]
    assert predict._solve(samples) == pytest.approx(coefficients, abs=1e-6)
    assert max(predict._left_out(samples)) < 1e-6
    assert len(predict._left_out(samples)) == 8


def test_a_class_of_one_sample_has_one_coefficient() -> None:
    """And nothing to say of its error."""
    samples = [([1.0, 4.0, 2.0, 0.0], 8.0)]
    found = predict._solve(samples)
    assert sum([a * b for a, b in zip(found, samples[0][0])]) == pytest.approx(8.0)
    assert len([one for one in found if one]) == 1
    assert predict._left_out(samples) == []


def test_each_distinct_layer_of_a_network_is_timed_once() -> None:
    """With what is done in passing; weights are its own, views and what needs two different inputs are left out."""
    text = """input 4 @8
a: standard 4 k3 norm relu
b: standard 4 k3 norm relu
c: standard 4 k3 share b
d: relu
e: add from c d
f: concat from e e
g: split 0 4
h: standard 4 k3
add from g h
flatten
linear 3"""
    network = build_network(read_program(text))
    found = subjects_of(network.graph, network.shapes)
    kinds = [(one.name, one.often, [type(node.op).__name__ for node in one.graph.nodes]) for one in found if one.graph]
    assert kinds == [
        ("a", 2, ["Conv", "BatchNorm", "Activation"]), ("c", 2, ["Conv"]), ("d", 1, ["Activation"]),
        ("f", 1, ["Concat"]), ("linear", 1, ["Linear"]),
    ]  # fmt: skip
    assert [one.shapes[-1] for one in found] == [(1, 4, 8, 8)] * 3 + [(1, 8, 8, 8), (1, 3)]
    assert [one.graph.nodes[0].op.shared for one in found[:2] if one.graph] == [False, False]


@each(
    ("text", "names", "timed", "base"),
    [
        ("8:16 @9 k3", ["standard", "grouped"], ["standard", "grouped"], "standard"),
        ("8:16 @9 k3", ["grouped"], ["grouped"], None),
        ("8:16 @9 k3 g4", ["grouped"], ["as-given", "grouped"], "as-given"),
        ("8:16 @9 k3 g4", ["grouped", "as-given"], ["grouped", "as-given"], "as-given"),
        ("3:5 @9 k3", ["grouped", "standard"], ["standard"], "standard"),
    ],
)
def test_ratios_are_to_the_standard_layer_or_to_the_one_that_was_given(
    text: str, names: list[str], timed: list[str], base: str | None
) -> None:
    """A variant that does not apply has its reason and no graph."""
    spec = parse_spec(text)
    found = variants_of(spec, names)
    assert [one.name for one in found if one.graph is not None] == timed
    assert all((one.reason is None) == (one.graph is not None) for one in found)
    assert base_of(spec, found) == base


def square(inner: int, outer: int, n: int, taps: int, groups: int = 1) -> tuple[Any, Any, int]:
    """A convolution over n x n positions of so many taps, same padding: its input, its output, its multiply-adds."""
    return (1, inner, n, n), (1, outer, n, n), inner // groups * outer * taps * n * n


#: The operations of the fit by their class: input, output, multiply-adds.
SMALL_OPERATIONS = {
    "dense": [square(32, 32, 28, 9), square(64, 64, 14, 9), square(64, 128, 28, 9), square(128, 128, 7, 9),
              square(16, 64, 28, 9)],
    "pointwise": [square(64, 64, 28, 1), square(128, 128, 14, 1), square(32, 192, 28, 1), square(512, 512, 7, 1),
                  square(64, 256, 14, 1)],
    "depthwise": [square(64, 64, 28, 9, 64), square(128, 128, 14, 9, 128), square(32, 32, 28, 25, 32),
                  square(256, 256, 14, 9, 256), square(64, 64, 56, 9, 64)],
    "columns": [square(64, 64, 28, 9, 32), square(64, 64, 14, 9, 8), square(128, 128, 14, 9, 32),
                square(30, 60, 14, 9), square(64, 64, 56, 9, 32)],
    "volumes": [
        ((1, 16, 8, 8, 8), (1, 16, 8, 8, 8), 16 * 16 * 27 * 512), ((1, 16, 8, 8, 8), (1, 16, 8, 8, 8), 16 * 27 * 512),
        ((1, 32, 8, 8, 8), (1, 32, 8, 8, 8), 4 * 32 * 27 * 512), ((1, 64, 256), (1, 64, 256), 64 * 64 * 9 * 256),
        ((1, 64, 512), (1, 64, 512), 64 * 9 * 512), ((1, 32, 1024), (1, 32, 1024), 8 * 32 * 3 * 1024),
    ],
    # stride 2, padding of half the kernel: 2 * 13 + k - 2 * (k // 2)
    "transposed": [
        ((1, 32, 14, 14), (1, 32, 27, 27), 32 * 32 * 9 * 196), ((1, 64, 14, 14), (1, 32, 26, 26), 64 * 32 * 16 * 196),
        ((1, 64, 14, 14), (1, 64, 26, 26), 64 * 64 * 4 * 196),
    ],
    "linear": [((1, 512), (1, 512), 512 * 512), ((1, 256), (1, 1024), 256 * 1024),
               ((32, 256), (32, 256), 32 * 256 * 256)],
    "pool": [((1, 64, 28, 28), (1, 64, 14, 14), 0), ((1, 64, 56, 56), (1, 64, 28, 28), 0)],
    "rest": [((1, 64, n, n), (1, 64, n, n), 0) for n in (14, 28, 56)],
}  # fmt: skip


def test_small_operations_are_of_these_sizes() -> None:
    """Each class has several, from a few thousand multiply-adds to fifty millions."""
    found: dict[str, list[Any]] = {}
    for graph in small_graphs():
        analysis, op = analyze(graph), graph.nodes[0].op
        cost = analysis.cost.macs
        found.setdefault(class_of(op, graph.input_shape), []).append((graph.input_shape, analysis.output_shape, cost))
        assert not getattr(op, "bias", False)
    assert found == SMALL_OPERATIONS
    pools = [graph.nodes[0].op for graph in small_graphs() if isinstance(graph.nodes[0].op, Pool)]
    assert {(op.kernel_size, op.stride, op.padding) for op in pools} == {((3, 3), (2, 2), ((1, 1), (1, 1)))}


@pytest.mark.parametrize(("seconds", "runs"), [(3.9e-3, [4, 8]), (4e-3, [4]), (8e-3, [4])])
def test_what_takes_under_a_millisecond_is_run_twice_as_often_once_more(
    seconds: float, runs: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fastest counts, here 3.9 ms over as many runs; what is under way is told, counted from 1."""
    engine, asked, told = engine_of(monkeypatch, lambda _: 0.0), list[int](), list[str]()
    monkeypatch.setattr(predict, "small_graphs", lambda: small_graphs()[:2])

    def fastest(_: object, often: int, threads: int | None) -> float:
        asked.append(often)
        assert threads == 1
        return seconds / often

    monkeypatch.setattr(predict, "fastest", fastest)
    fit = fit_engine(engine, told.append)
    assert (asked, told) == (runs * 2, ["operation 1", "operation 2"])
    assert fit.overhead == seconds / runs[-1]


def test_factors_too_much_count_as_factors_too_little() -> None:
    """Of runs that cost the same whatever is in them, the geometric mean; not that of the numbers, nor of inverses."""
    samples = [([1.0, 0, 0, 0], seconds) for seconds in (1e-4, 2e-4, 8e-4)]
    assert predict._solve(samples) == pytest.approx([(16 ** (1 / 3)) * 1e-4, 0, 0, 0], rel=1e-9)


def test_the_least_logarithms_are_found_in_six_steps() -> None:
    """Newton's, each the mean of the logarithms of what is missing, from the least relative errors on."""
    guess = (1 + 1e-3) / (1 + 1e-6)
    for _ in range(6):
        guess *= 1 + log(1000**0.5 / guess)
    found, error = predict._least_logarithms(np.array([[1.0], [1.0]]), np.array([1.0, 1000.0]))
    assert found[0] == pytest.approx(guess, rel=1e-10)
    assert guess != pytest.approx(1000**0.5, rel=1e-9)
    assert error == pytest.approx(2 * log(1000**0.5) ** 2)


def test_a_guess_below_a_thousandth_is_held_at_a_thousandth() -> None:
    """Or a step would be as wide as that is short: from 1 the million is seen as a thousand."""
    found, _ = predict._least_logarithms(np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]]), np.array([1.0, 1.0, 1e6]))
    guess = (1 + 1e-6) / (1 + 1e-12)
    for _ in range(6):
        one, two = max(guess, 1e-3), max(guess, 1e3)
        guess += (log(1 / one) / one + log(1e6 / two) / two) / (one**-2 + two**-2)
    assert found == pytest.approx([guess, 1.0], rel=1e-9)


def test_of_coefficients_that_say_the_same_the_fewest_are_kept() -> None:
    """Numbers moved are as many as products here: the first of the two has it all."""
    samples = [([1.0, float(n), float(n), 0.0], 2e-6 * n) for n in (1, 2, 5, 9)]
    assert predict._solve(samples) == pytest.approx([0, 2e-6, 0, 0], abs=1e-12)


@each("samples", [1, 2, 3, 4])
def test_there_are_fewer_coefficients_than_samples(samples: int) -> None:
    """One where there is one sample: as many would go through anything."""
    rows = [[1.0, float(n), float(n * n), float(n**3)] for n in range(1, samples + 1)]
    found = predict._solve([(row, sum(row) + 3 * row[1]) for row in rows])
    assert len([one for one in found if one]) == max(1, samples - 1)


def test_an_error_is_that_of_a_fit_on_all_the_others() -> None:
    """Three that take the same, and one that takes e times as long: each is missed by what the others say."""
    samples = [([1.0, 0, 0, 0], 1e-3 * seconds) for seconds in (1.0, 1.0, 1.0, exp(1))]
    assert predict._left_out(samples) == pytest.approx([1 / 3, 1 / 3, 1 / 3, 1])
