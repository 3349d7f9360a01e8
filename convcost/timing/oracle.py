"""The fourth oracle: an engine that is nobody's here, on the same weights and input as our own executor."""

from __future__ import annotations

from time import perf_counter

from ..answers.check import Check
from ..graph.ops import Graph
from ..spec.errors import SpecError
from .engines import Engine, EngineFailed, Run, refusal
from .values import CLOSE, Case, Executor, difference, make_case


def judge_values(engine: Engine, case: Case, run: Run | None = None) -> Check:
    """The largest difference between an engine's output and our executor's, which must be at most 1e-4 of the largest.

    >>> from ..graph.ops import Activation, Node
    >>> from .engines import open_engine
    >>> graph = Graph((1, 2, 3), "fp32", (Node("act", Activation("relu"), (0,)),))
    >>> judge_values(open_engine("numpy"), make_case(graph)).ok
    True

    An engine that does not take the graph fails, and the note says with which words.
    """
    start = perf_counter()
    try:
        found = (run or engine.prepare(case))()
    except EngineFailed as error:
        return Check(CLOSE, None, False, seconds=perf_counter() - start, note=f"{engine.name} fails: {error}")
    gap = difference(found, Executor(case)())
    note = f"largest difference to our executor's output, of its largest number, in {engine.name} {engine.version}"
    return Check(CLOSE, gap, gap <= CLOSE, seconds=perf_counter() - start, note=note)


class EngineOracle:
    """What `verify` asks of an engine: whether a variant's graph gives there what our executor gives."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.name = f"values in {engine.name}"

    def __call__(self, name: str, graph: Graph, size: str | dict[str, object]) -> Check:
        """The check of one variant at a size; it could not be made where the engine takes no such graph."""
        why = refusal(self.engine.name, graph, "fp32")
        if why is None:
            try:
                return judge_values(self.engine, make_case(graph, name))._replace(size=size)
            except SpecError as error:
                why = error.message
        return Check(None, None, None, size, note=why)
