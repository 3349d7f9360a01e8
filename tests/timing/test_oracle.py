"""The fourth oracle: an engine agrees with our executor, and notices an export that is wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
from networks.test_written import FORMS
from tables import each

from convcost.cli.main import run
from convcost.graph.ops import Graph
from convcost.networks.build import build_network
from convcost.networks.program import read_program
from convcost.timing import engines
from convcost.timing.engines import Engine, EngineFailed, open_engine, refusal
from convcost.timing.oracle import judge_values
from convcost.timing.values import Executor, difference, make_case

onnx = pytest.importorskip("onnx", reason="the exports are broken by means of it")
pytest.importorskip("onnxruntime", reason="it is the oracle")

#: Strides, pads and kernel differ by axis, before and after differ; two groups; dilated; a norm, a shortcut.
TEXT = """
input 4 @11x14
first: grouped 8 k3x2 s1x2 p2-1x0-1 d2x1 g2 bias
norm: batch-norm
act: leaky-relu
a: pointwise 8
b: tanh
c: add from a b
d: add from a c
"""

Break = Callable[[Any], None]


def attribute(node: str, name: str, change: Callable[[list[int]], list[int]]) -> Break:
    """An attribute that is a list of integers, changed."""

    def broken(model: Any) -> None:
        found = [a for n in model.graph.node if n.name == node for a in n.attribute if a.name == name]
        found[0].ints[:] = change(list(found[0].ints))

    return broken


def weights(name: str, change: Callable[[Any], Any]) -> Break:
    """A tensor that the file holds, changed."""

    def broken(model: Any) -> None:
        tensor = next(t for t in model.graph.initializer if t.name == name)
        made = onnx.numpy_helper.from_array(np.ascontiguousarray(change(onnx.numpy_helper.to_array(tensor))), name)
        tensor.CopyFrom(made)

    return broken


def rewired(node: str, old: str, new: str) -> Break:
    """A node that reads another value."""

    def broken(model: Any) -> None:
        found = next(n for n in model.graph.node if n.name == node)
        found.input[list(found.input).index(old)] = new

    return broken


def bypassed(node: str) -> Break:
    """A node that does nothing."""

    def broken(model: Any) -> None:
        found = next(n for n in model.graph.node if n.name == node)
        del found.attribute[:], found.input[1:]
        found.op_type = "Identity"

    return broken


BROKEN = {
    "strides swapped": attribute("first", "strides", lambda s: s[::-1]),
    "pads swapped": attribute("first", "pads", lambda p: [p[1], p[0], p[3], p[2]]),
    "before and after swapped": attribute("first", "pads", lambda p: [*p[2:], *p[:2]]),
    "groups reversed": weights("first.weight", lambda w: np.concatenate([w[4:], w[:4]])),
    "kernel flipped": weights("first.weight", lambda w: w[:, :, ::-1, ::-1]),
    "transposed": weights("a.weight", lambda w: w.swapaxes(0, 1)),
    "add miswired": rewired("d", "a", "b"),
    "dilation dropped": attribute("first", "dilations", lambda _: [1, 1]),
    "norm's shift dropped": weights("norm.bias", np.zeros_like),
    "activation dropped": bypassed("act"),
}


@pytest.fixture(scope="module")
def engine() -> Engine:
    return open_engine("onnxruntime")


@pytest.fixture(scope="module")
def graph() -> Graph:
    return build_network(read_program(TEXT)).graph


def test_what_is_exported_as_it_is_agrees(engine: Engine, graph: Graph) -> None:
    """So that the checks below fail for their reasons."""
    found = judge_values(engine, make_case(graph))
    assert found.ok
    assert isinstance(found.measured, float)
    assert found.measured < 1e-5


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_a_broken_export_is_caught(broken: Break, engine: Engine, graph: Graph) -> None:
    """Whether the engine refuses it or computes something else."""
    case = make_case(graph)
    model = onnx.ModelProto.FromString(case.model)
    broken(model)
    assert judge_values(engine, case._replace(model=model.SerializeToString())).ok is False


@pytest.mark.parametrize(
    ("spec", "ok"),
    [
        ("4:8 @9x7 k3 --variants depthwise-separable", True),
        ("4 @5 k3 t op1 d2 --variants standard", None),
    ],
)
def test_verify_has_the_engine_as_a_check(spec: str, ok: bool | None, capsys: pytest.CaptureFixture[str]) -> None:
    """Where the engine takes no such layer the check could not be made, and nothing fails."""
    assert run(["verify", *spec.split(), "--engine", "onnxruntime", "--format", "json"]) == 0
    row = json.loads(capsys.readouterr().out)["evidence"][-1]
    found = {check["name"]: check for check in row["checks"]}["values in onnxruntime"]
    assert found["ok"] is ok
    assert bool(found["note"])


@pytest.mark.parametrize("dtype", ["fp16", "bf16", "int8", "w4a16", "fp64"])
def test_other_types_than_fp32_are_refused(dtype: str) -> None:
    """In words: their time was seen to say nothing about the type."""
    why = refusal("onnxruntime", Graph((1, 1, 1), dtype, ()), dtype)
    assert why is not None
    assert why.startswith(f"{dtype} is not timed: ")


@each(
    ("found", "expected", "gap"),
    [([1.0, 2.0], [1.0, 2.0], 0.0), ([1.0, 3.0], [1.0, 4.0], 0.25), ([0.0], [0.0], 0.0), ([0.5], [0.0], 0.5),
     ([np.nan, 1.0], [1.0, 1.0], np.inf), ([1.0], [1.0, 1.0], np.inf)],
)  # fmt: skip
def test_a_difference_is_a_share_of_the_largest_number(found: list[float], expected: list[float], gap: float) -> None:
    """What is no number, or has another shape, differs without end."""
    assert difference(np.array(found), np.array(expected)) == gap


def test_the_executor_runs_the_same_case_again_and_again(graph: Graph) -> None:
    """Nothing of a run stays for the next one but scratch."""
    executor = Executor(make_case(graph))
    assert np.array_equal(executor(), executor())


@pytest.mark.needs("torch")
@pytest.mark.parametrize("text", FORMS.values(), ids=FORMS)
def test_every_form_is_in_pytorch_what_our_executor_computes(text: str) -> None:
    """Operation by operation, of one, two and three axes: borders, overhanging windows, norms, attention, moves."""
    case = make_case(build_network(read_program(text)).graph)
    assert difference(open_engine("torch").prepare(case)(), Executor(case)()) < 1e-5


def test_an_engine_says_in_its_first_line_why_it_takes_no_graph(engine: Engine, graph: Graph) -> None:
    """Without the numbers in front of it, and not at length."""
    with pytest.raises(EngineFailed, match=r"^\S.{10,199}$"):
        engine.prepare(make_case(graph)._replace(model=b"no model"))


class Asked(NamedTuple):
    """An input as ONNX Runtime describes it."""

    shape: list[int | str | None]
    type: str


@each(
    ("kind", "dtype", "is_noise"),
    [
        ("tensor(float)", "float32", True), ("tensor(double)", "float64", True), ("tensor(float16)", "float16", True),
        ("tensor(int64)", "int64", False), ("tensor(int32)", "int32", False), ("tensor(bool)", "bool", False),
        ("tensor(uint8)", "uint8", False),
    ],
)  # fmt: skip
def test_an_input_of_a_file_gets_numbers_of_its_type(kind: str, dtype: str, is_noise: bool) -> None:
    """As wide as it is said to be, where it has as many axes; else its own sizes, 1 for those that have none."""
    draw = np.random.default_rng(0)
    for wanted, shape in [((2, 3, 4), (2, 3, 4)), ((2, 3), (1, 3, 5)), ((), (1, 3, 5))]:
        found = engines._noise_for(Asked(["batch", 3, 5], kind), wanted, draw)
        assert (found.shape, found.dtype.name, bool(found.any())) == (shape, dtype, is_noise)
