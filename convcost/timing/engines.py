"""The engines that graphs are timed in: how each is opened, what it refuses, and a run that gives the output."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from ..graph.ops import Conv, Graph
from ..spec.errors import SpecError
from . import ENGINES
from .values import Case, Executor

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

#: What installs an engine that is not there.
INSTALL = {"onnxruntime": "pip install 'convcost[time]'", "torch": "pip install torch"}

#: Why a type of numbers is not timed.
REFUSED_TYPES = {
    "fp16": "on a CPU it runs in the time of fp32, with conversions",
    "bf16": "on a CPU it runs in the time of fp32, with conversions",
    "int8": "a quantised graph has not been measured yet",
}


class Run(Protocol):
    """Runs a graph once; gives its output, (batch, channels, *spatial)."""

    def __call__(self) -> NDArray[Any]: ...


class Prepare(Protocol):
    """Makes a case ready to run; raises EngineFailed where an engine does not take it."""

    def __call__(self, case: Case, fused: bool = True) -> Run: ...


class Engine(NamedTuple):
    """An engine, open: its name and version, its threads, how it optimises, and how it makes a case ready to run.

    `threads` is None where it cannot be told how many. `prepare` takes a case, and `fused=False` for a run of one
    operation after the other, as they are written, where the engine can be told so.
    """

    name: str
    version: str
    threads: int | None
    optimisation: str
    prepare: Prepare


class EngineFailed(RuntimeError):  # noqa: N818  what it did
    """An engine that does not take or run a graph; the message is its own, in one line."""


def open_engine(name: str, threads: int = 1) -> Engine:
    """The engine of that name with so many threads; SpecError, with the line that installs it, where it is not there.

    >>> open_engine("numpy").optimisation
    'none'
    """
    return {"onnxruntime": _onnxruntime, "numpy": _numpy, "torch": _torch}[name](threads)


def best_engine() -> tuple[Engine, str]:
    """The engine that people deploy with one thread, or our own executor, and then what to say about that."""
    try:
        return open_engine(ENGINES[0]), ""
    except SpecError as error:
        return open_engine("numpy"), f"{error.message}: timed in NumPy, which nobody deploys; {INSTALL[ENGINES[0]]}"


def refusal(engine: str, graph: Graph | None, dtype: str) -> str | None:
    """Why a graph is not timed in an engine, in words; None where it is.

    >>> refusal("onnxruntime", None, "fp16")
    'fp16 is not timed: on a CPU it runs in the time of fp32, with conversions'
    """
    if dtype != "fp32":
        why = REFUSED_TYPES.get(dtype, "engines are run in fp32 alone here")
        return f"{dtype} is not timed: {why}"
    for node in graph.nodes if graph else ():
        op = node.op
        if engine == "onnxruntime" and type(op) is Conv and op.transposed:
            extra = op.output_padding or (0,) * len(op.stride)
            if any([more >= step for more, step in zip(extra, op.stride)]):
                return "onnxruntime takes no output padding as large as the stride"
    return None


def _library(name: str) -> Any:
    """An engine's library; SpecError, with the line that installs it, where it is not there."""
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # importing it would write a database into the home folder
    try:
        return import_module(name)
    except ImportError:
        raise SpecError(f"{name} is not installed", f"{INSTALL[name]}; time has --engine numpy, too") from None


def _onnxruntime(threads: int) -> Engine:
    onnxruntime = _library("onnxruntime")
    onnxruntime.set_default_logger_severity(4)

    def prepare(case: Case, fused: bool = True) -> Run:
        return _session(onnxruntime, threads, case.model, lambda _: {"input": case.given}, fused)

    return Engine("onnxruntime", onnxruntime.__version__, threads, "all", prepare)


def _session(
    onnxruntime: Any, threads: int, model: bytes | str, feeds: Callable[[list[Any]], dict[str, Any]], fused: bool
) -> Run:
    """A run of a model, its bytes or its path, on what `feeds` gives for its inputs, by name; it ran once."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    if not fused:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        given = feeds(session.get_inputs())
        session.run(None, given)
    except Exception as error:  # C++ throws what it likes
        raise EngineFailed(_line(error)) from None

    def run() -> NDArray[Any]:
        made: NDArray[Any] = session.run(None, given)[0]
        return made

    return run


def run_of_file(path: str, shape: tuple[int, ...], threads: int, fused: bool) -> Run:
    """A run of an ONNX file in ONNX Runtime, on noise: its first input has that shape, where it fits, others their own.

    Raises EngineFailed.
    """

    draw = np.random.default_rng(0)

    def feeds(asked: list[Any]) -> dict[str, Any]:
        return {one.name: _noise_for(one, () if number else shape, draw) for number, one in enumerate(asked)}

    return _session(_library("onnxruntime"), threads, path, feeds, fused)


def _noise_for(asked: Any, wanted: tuple[int, ...], draw: Generator) -> NDArray[Any]:
    """Noise for an input of a file, zeros where it takes no fractions."""
    own = tuple([n if isinstance(n, int) else 1 for n in asked.shape])
    shape = wanted if len(wanted) == len(own) else own
    whole = {"tensor(int64)": "i8", "tensor(int32)": "i4", "tensor(bool)": "?", "tensor(uint8)": "u1"}.get(asked.type)
    if whole:
        return np.zeros(shape, whole)
    kind = {"tensor(float16)": "f2", "tensor(double)": "f8"}.get(asked.type, "f4")
    return draw.standard_normal(shape).astype(kind)


def _line(error: Exception) -> str:
    """The first line of an engine's message, without the numbers in front of it."""
    first = str(error).strip().split("\n")[0]
    return first.rpartition(" : ")[2][:200] or type(error).__name__


def _numpy(threads: int) -> Engine:
    def prepare(case: Case, fused: bool = True) -> Run:  # noqa: ARG001  it does one operation after the other anyway
        return Executor(case)

    return Engine("numpy", np.__version__, _limit_blas(threads), "none", prepare)


def _limit_blas(threads: int) -> int | None:
    """Tell NumPy's own OpenBLAS how many threads to use; None where it is another library, or cannot be told."""
    from ctypes import CDLL
    from pathlib import Path

    folder = Path(np.__file__).parent.parent / "numpy.libs"
    for path in [*folder.glob("*openblas*"), *Path(np.__file__).parent.glob(".dylibs/*openblas*")]:
        with suppress(OSError, AttributeError):
            library = CDLL(str(path))
            for name in ("scipy_openblas_set_num_threads64_", "openblas_set_num_threads64_"):
                if hasattr(library, name):
                    getattr(library, name)(threads)
                    return threads
    return None


def _torch(threads: int) -> Engine:
    torch = _library("torch")
    from .in_torch import torch_run

    torch.set_num_threads(threads)

    def prepare(case: Case, fused: bool = True) -> Run:  # noqa: ARG001  eager mode fuses nothing
        return torch_run(torch, case)

    return Engine("torch", torch.__version__, threads, "eager", prepare)
