"""What a shortcut costs: the analysis of a block with it and without."""

from __future__ import annotations

from ..analysis.analyze import analyze
from ..graph.ops import Graph
from ..spec import LayerSpec
from ..variants.registry import build_variant
from .document import Document


def without_shortcut(graph: Graph) -> Graph:
    """The same operations without the shortcut's projection and the add, for what the shortcut costs."""
    joined = next(index for index, node in enumerate(graph.nodes) if len(node.inputs) > 1)
    main = [node for node in graph.nodes[:joined] if not node.name.startswith("projection")]
    rest = [node._replace(inputs=(len(main) + i,)) for i, node in enumerate(graph.nodes[joined + 1 :])]
    return graph._replace(nodes=(*main, *rest))


def shortcut_cost(name: str, spec: LayerSpec, *, added: bool) -> Document:
    """What the shortcut of one variant costs; `added` puts one on a variant that comes without."""
    built = build_variant(name, spec._replace(residual=added or spec.residual))
    without, with_it = analyze(without_shortcut(built.graph)), analyze(built.graph)
    words = ("params", "macs", "elementwise", "traffic_bytes")
    change = {word: getattr(with_it.cost, word) - getattr(without.cost, word) for word in words}
    return {
        "variant": name,
        "shortcut": built.settings["shortcut"],
        **change,
        "peak_bytes": with_it.peak_bytes - without.peak_bytes,
        "peak_bytes_without": without.peak_bytes,
        "peak_bytes_with": with_it.peak_bytes,
    }
