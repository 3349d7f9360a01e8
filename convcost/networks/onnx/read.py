"""The way in: a file and the sizes of its inputs -> the graph, with what could not be counted."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple, get_args

from ...graph.dtypes import OF_GRAPHS
from ...graph.ops import Graph, Node, Op, Shape
from ..build import Missing
from ..limits import ALIVE_A_CHARACTER, MOST_ALIVE, alive_in_all
from .isolated import bad_file, isolated
from .load import load
from .translate import Found, Walk
from .values import TYPES, Root, show_name
from .wire import Malformed

#: Names that torch.export gives tensors that are neither parameters nor buffers of the module.
LIFTED = re.compile(r"(.*[./])?lifted_tensor_\d+", re.ASCII | re.DOTALL)

#: What a walk's answer is made of.
RECORDS: dict[str, type] = {kind.__name__: kind for kind in (*get_args(Op), Node, Missing, Root, Found)}


class Reading(NamedTuple):
    """What is read from a file: its name, its graph, what was not counted, and how far the numbers hold.

    `upper_bound`: of a branch that depends on data, the dearer side is counted. `params_complete`: no
    operation that is not known holds weights. `worked_out` are params in tables that an exporter has worked out of
    learned ones that the file has not.
    """

    name: str
    graph: Graph
    unknown: list[Missing]
    upper_bound: bool = False
    params_complete: bool = True
    worked_out: int = 0


def read_onnx(path: str, inputs: Mapping[str, Shape], batch: int | None, image: Shape | int | None = None) -> Reading:
    """The model in a file.

    `inputs` gives shapes by the names of inputs, `batch` the size of first dimensions that have none,
    `image` the size of its one image: the side, height and width, with channels in front, or with the batch, too.
    Raises SpecError for a file that is no model, or whose inputs have no size.
    """
    model = load(path, inputs, batch, image)
    size = model.ByteSize()
    try:
        found = isolated(lambda tell: Walk(model, tell).model(model), size, RECORDS)
    except Malformed as error:
        raise bad_file(path, str(error)) from None
    graph = _graph(found)
    if alive_in_all(graph) > MOST_ALIVE + ALIVE_A_CHARACTER * size:
        raise bad_file(path, "too many tensors are alive at once")
    roots = [root for held in found.held.values() for root in held]
    worked_out = sum([root.size for root in roots if root.size > 1 and LIFTED.fullmatch(root.key)])
    return Reading(
        show_name(Path(path).name), graph, found.unknown, found.upper_bound, found.params_complete, worked_out
    )  # fmt: skip


def _graph(found: Found) -> Graph:
    """The graph with the type of each tensor; what has none is of the type of most weights."""
    dtype = _dtype(found)
    values = tuple([TYPES.get(kind, dtype) for kind in found.kinds])
    held = [found.held.get(number, ()) for number in range(1, len(found.nodes) + 1)]
    weights = tuple([tuple([(TYPES.get(root.kind, dtype), root.size) for root in roots]) for roots in held])
    return Graph(found.shapes[0], dtype, tuple(found.nodes), values, weights)


def _dtype(found: Found) -> str:
    """The type that most numbers of the weights have; without weights the first input's."""
    sizes: Counter[str] = Counter()
    for root in [root for roots in found.held.values() for root in roots]:
        sizes[TYPES.get(root.kind, "fp32")] += root.size
    sizes.update([TYPES.get(found.kinds[0], "fp32")])
    return next((name for name, _ in sizes.most_common() if name in OF_GRAPHS), "fp32")
