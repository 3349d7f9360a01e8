"""Calibration and the fit: what comes out of known speeds is those speeds."""

from __future__ import annotations

from math import prod
from typing import Any

import pytest

from convcost.analysis import analyze
from convcost.graph.ops import Conv, Linear, Op
from convcost.graph.shapes import infer_shapes
from convcost.networks.build import build_network
from convcost.networks.program import read_program
from convcost.networks.zoo import zoo_program
from convcost.timing import calibrate, predict
from convcost.timing.engines import Engine
from convcost.timing.predict import (
    class_of,
    features,
    fit_engine,
    fit_record,
    kept_fit,
    predicted_seconds,
    small_graphs,
)


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


@pytest.mark.parametrize("found", [None, {}, {"classes": 1}, {"classes": {}, "overhead": "x", "error": [1, 2]}])
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
