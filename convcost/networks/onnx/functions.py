"""Whether a model's own functions can be written out: none inside itself, and not without end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .wire import Malformed

#: Operations of a model with its functions written out: a few lines can ask for any number of them.
MOST_WRITTEN_OUT = 100_000

Name = tuple[str, str]


def check_functions(model: Any) -> None:
    """Raise Malformed where a function is inside itself, or where all of them written out are too many operations."""
    calls = {(f.domain, f.name): [(node.domain, node.op_type) for node in _nodes(f.node)] for f in model.functions}
    sizes: dict[Name, int] = {}
    top = [(node.domain, node.op_type) for node in _nodes(model.graph.node)]
    if sum([_size(name, calls, sizes, ()) for name in top]) > MOST_WRITTEN_OUT:
        raise Malformed(f"its functions written out are more than {MOST_WRITTEN_OUT:,} operations")


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
