"""The way in: a file and the sizes of its inputs -> the graph, with what could not be counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ...graph.ops import Graph, Shape
from ..limits import MOST_ALIVE, alive_in_all
from .isolated import bad_file, isolated
from .load import load
from .translate import Found, Missing, Walk
from .values import Root, show_name
from .wire import Malformed

#: The dtypes of graphs by ONNX's element types; float64 counts as float32, other 8 bits as int8.
DTYPES = {1: "fp32", 2: "int8", 3: "int8", 10: "fp16", 16: "bf16", 17: "int8", 18: "int8", 19: "int8", 20: "int8"}

#: Tensors alive over all steps that each byte of a model, its weights left out, allows beside those of any network.
ALIVE_A_BYTE = 4


class Reading(NamedTuple):
    """What is read from a file: its name, its graph, what was not counted, and how far the numbers hold.

    `upper_bound`: of a branch that depends on data, the dearer side is counted. `params_complete`: no
    operation that is not known holds weights. `kinds` are ONNX's types of the graph's values, `held` the
    weights that each value's operation is the first to read.
    """

    name: str
    graph: Graph
    unknown: list[Missing]
    upper_bound: bool
    params_complete: bool
    kinds: tuple[int, ...]
    held: dict[int, tuple[Root, ...]]


def read_onnx(path: str, inputs: Mapping[str, Shape], batch: int | None) -> Reading:
    """The model in a file.

    `inputs` gives shapes by the names of inputs, `batch` the size of first dimensions that have none.
    Raises SpecError for a file that is no model, or whose inputs have no size. The dtype is the one
    most weights have.
    """
    model = load(path, inputs, batch)
    size = model.ByteSize()
    try:
        found = isolated(lambda tell: Walk(model, tell).model(model), size)
    except Malformed as error:
        raise bad_file(path, str(error)) from None
    graph = Graph(found.shapes[0], _dtype(model.graph, found), tuple(found.nodes))
    if alive_in_all(graph) > MOST_ALIVE + ALIVE_A_BYTE * size:
        raise bad_file(path, "too many tensors are alive at once")
    name = show_name(Path(path).name)
    return Reading(
        name, graph, found.unknown, found.upper_bound, found.params_complete, tuple(found.kinds), found.held
    )  # fmt: skip


def _dtype(graph: Any, found: Found) -> str:
    """The dtype of most weights, in numbers; without weights the first input's."""
    sizes: Counter[int] = Counter()
    for roots in found.held.values():
        for root in roots:
            sizes[root.kind] += root.size
    sizes.update([value.type.tensor_type.elem_type for value in graph.input if value.type.HasField("tensor_type")])
    return next((DTYPES[kind] for kind, _ in sizes.most_common() if kind in DTYPES), "fp32")
