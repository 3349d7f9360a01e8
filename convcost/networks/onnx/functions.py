"""Whether a model's own functions can be written out: none inside itself, and not without end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .wire import Malformed

#: Operations of a model with its functions written out, and bytes of the file that allow for another one: a few bytes
#: can ask for any number of them, and a layer has weights, of which the file says the shape.
MOST_WRITTEN_OUT, BYTES_AN_OPERATION = 3_000, 20

Name = tuple[str, str]


def check_functions(model: Any) -> None:
    """Raise Malformed where a function is inside itself, or where all of them written out are too many operations."""
    calls = {(f.domain, f.name): [(node.domain, node.op_type) for node in _nodes(f.node)] for f in model.functions}
    sizes: dict[Name, int] = {}
    top = [(node.domain, node.op_type) for node in _nodes(model.graph.node)]
    most = MOST_WRITTEN_OUT + model.ByteSize() // BYTES_AN_OPERATION
    if sum([_size(name, calls, sizes, ()) for name in top]) > most:
        raise Malformed(f"its functions written out are more than {most:,} operations, for so short a file")


def _size(name: Name, calls: dict[Name, list[Name]], sizes: dict[Name, int], path: tuple[Name, ...]) -> int:
    """Operations that calling `name` comes to."""
    if name not in calls:
        return 1
    if name in path:
        raise Malformed("a function is inside itself")
    if len(path) > 100:
        raise Malformed("its functions are nested too deeply")
    if name not in sizes:
        sizes[name] = sum([_size(called, calls, sizes, (*path, name)) for called in calls[name]])
    return sizes[name]


def _nodes(nodes: Any) -> Iterator[Any]:
    """The nodes and those of the graphs inside them."""
    for node in nodes:
        yield node
        for attribute in node.attribute:
            if attribute.HasField("g"):
                yield from _nodes(attribute.g.node)
            for graph in attribute.graphs:
                yield from _nodes(graph.node)
