"""The way in: a file and the sizes of its inputs -> the graph, with what could not be counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...graph.ops import Counted, Graph, Shape
from ..limits import MOST_ALIVE, alive_in_all
from .library import bad_file
from .load import load
from .scope import Scope, known_shape, show_name
from .translate import Missing, Translator
from .values import Value
from .wire import Malformed

#: The dtypes of graphs by ONNX's element types; float64 counts as float32, other 8 bits as int8.
DTYPES = {1: "fp32", 2: "int8", 3: "int8", 10: "fp16", 16: "bf16", 17: "int8", 18: "int8", 19: "int8", 20: "int8"}

#: Tensors alive over all steps that each byte of a model, its weights left out, allows beside those of any network.
ALIVE_A_BYTE = 4


def read_onnx(path: str, inputs: Mapping[str, Shape], batch: int | None) -> tuple[str, Graph, list[Missing]]:
    """The model in a file: its name, its graph, and which operations were not counted.

    `inputs` gives shapes by the names of inputs, `batch` the size of first dimensions that have none.
    Raises SpecError for a file that is no model, or whose inputs have no size. The dtype is the one
    most weights have.
    """
    model = load(path, inputs, batch)
    try:
        translator = _translate(model.graph)
    except (Malformed, RecursionError) as error:
        message = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise bad_file(path, message) from None
    graph = Graph(translator.shapes[0], _dtype(model.graph), tuple(translator.nodes))
    if alive_in_all(graph) > MOST_ALIVE + ALIVE_A_BYTE * model.ByteSize():
        raise bad_file(path, "too many tensors are alive at once")
    return show_name(Path(path).name), graph, list(translator.unknown.values())


def _translate(graph: Any) -> Translator:
    scope = Scope(graph)
    constants = {tensor.name for tensor in (*graph.initializer, *[s.values for s in graph.sparse_initializer])}
    given = [value for value in graph.input if value.name not in constants]
    first = next((value for value in given if known_shape(value)), None)
    to = Translator((known_shape(first) if first is not None else None) or (0,))
    for value in given:
        shape = known_shape(value)
        number = None
        if value is first:
            number = 0
        elif shape is not None:
            number = to.add(value.name, Counted("input", shape, moved=0), (), shape)
        scope.values[value.name] = Value(shape, number)
    to.body(graph, scope)
    _finish(to, [scope.find(value.name) for value in graph.output])
    return to


def _finish(to: Translator, outputs: list[Value]) -> None:
    """Several outputs are needed until the end; so is one that is not made last."""
    made = tuple(dict.fromkeys([value.number for value in outputs if value.number is not None])) or (0,)
    if not to.nodes or made != (len(to.nodes),):
        shape = to.shapes[made[0]]
        to.add("output", Counted("output", shape, moved=0, view=True), made, shape)


def _dtype(graph: Any) -> str:
    """The dtype of most weights, in numbers; without weights the first input's."""
    sizes: Counter[int] = Counter()
    for tensor in graph.initializer:
        size = 1
        for n in tensor.dims:
            size *= max(n, 0)
        sizes[tensor.data_type] += size
    sizes.update([value.type.tensor_type.elem_type for value in graph.input if value.type.HasField("tensor_type")])
    return next((DTYPES[kind] for kind, _ in sizes.most_common() if kind in DTYPES), "fp32")
