"""Broken rules that the words of one execution do not see: wiring, what is mixed and seen, the fast executor itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from warnings import catch_warnings, simplefilter

from ..graph.ops import Conv, Graph, Node
from ..spec.layer import LayerSpec
from ..variants.registry import Built
from .broken_rules import BrokenRule, Caught, broken
from .examination import examine

#: Layers on which each of the rules below matters; H and W, kH and kW differ.
PROBES = (
    ("standard", LayerSpec(4, 6, (3, 2), (11, 9), (2, 1), ((1, 0), (1, 1)), (1, 2), bias=True)),
    ("depthwise-separable", LayerSpec(4, 6, (3, 2), (9, 7), padding=((1, 1), (1, 0)), dilation=(1, 2))),
    ("depthwise", LayerSpec(4, 4, (3, 2), (9, 7))),
    ("pointwise", LayerSpec(4, 6, (3, 2), (9, 7))),
    ("bottleneck", LayerSpec(8, 8, (3, 5), (12, 9), (2, 2), ((1, 1), (2, 2)))),
    ("spatially-separable", LayerSpec(4, 4, (3, 3), (8, 9), padding=((1, 1), (1, 1)))),
    ("basic-block", LayerSpec(4, 4, (3, 3), (8, 9), padding=((1, 1), (1, 1)))),
)


def _graphs(change: Callable[[Node], Node]) -> Callable[..., Any]:
    """The sound builder, and a change to every node of what it builds."""

    def build(sound: Callable[..., Built], name: str, spec: LayerSpec) -> Built:
        built = sound(name, spec)
        return built._replace(graph=built.graph._replace(nodes=tuple([change(node) for node in built.graph.nodes])))

    return build


def _late_shortcut(node: Node) -> Node:
    return node._replace(inputs=(node.inputs[0], 1)) if node.name == "add" else node


def _early_stride(node: Node) -> Node:
    """Stride on the first 1x1 as in the paper, where everybody has it on the kxk: shape and params are the same."""
    stride = {"reduce": (2, 2), "conv": (1, 1)}.get(node.name)
    return node if stride is None or not isinstance(node.op, Conv) or node.op.out_channels != 2 else \
        node._replace(op=node.op._replace(stride=stride))  # fmt: skip


def _passes_swapped(node: Node) -> Node:
    """The second pass along the axis of the first."""
    if node.name != "3x1" or not isinstance(node.op, Conv):
        return node
    return node._replace(op=node.op._replace(kernel_size=(1, 3), padding=((0, 0), (1, 1))))


def _undilated(sound: Callable[..., Any], graph: Graph, *rest: object) -> Any:
    nodes = [n._replace(op=n.op._replace(dilation=(1,) * len(n.op.stride))) if isinstance(n.op, Conv) else n
             for n in graph.nodes]  # fmt: skip
    return sound(graph._replace(nodes=tuple(nodes)), *rest)


_RULES: tuple[tuple[str, str, str, Callable[..., Any]], ...] = (
    ("wiring: shortcut from the first convolution", "checks.equivalence", "build_variant", _graphs(_late_shortcut)),
    ("wiring: stride on another convolution", "checks.equivalence", "build_variant", _graphs(_early_stride)),
    ("wiring: both passes along one axis", "checks.equivalence", "build_variant", _graphs(_passes_swapped)),
    ("mixes: a depthwise said to mix channels", "analysis.analyze", "mixes", lambda *_: ["space", "channels"]),
    ("mixes: a pointwise said to mix positions", "analysis.analyze", "mixes",
     lambda sound, op: ["space", *[w for w in sound(op) if w != "space"]]),
    ("receptive_field: dilation ignored", "analysis.analyze", "receptive_field", _undilated),
    ("receptive_field: axes swapped", "analysis.analyze", "receptive_field", lambda sound, *given: sound(*given)[::-1]),
    ("values: last tile left out", "execute.values.convolve", "_tiles", lambda sound, *given: [*sound(*given)][:-1]),
    ("values: border left as it was", "execute.values.sliding", "_clear", lambda *_: None),
    ("products: one not issued", "execute.values.workbench", "issued", lambda sound, *given: sound(*given) - 1),
)  # fmt: skip

CHECK_RULES = tuple([BrokenRule(*rule) for rule in _RULES])


def failed_examinations() -> list[str]:
    """The checks that do not hold for a probe.

    >>> failed_examinations()
    []
    """
    found = [examine(name, spec).checks for name, spec in PROBES]
    return list(dict.fromkeys([name for checks in found for name, check in checks.items() if check.ok is False]))


def run_check_selftest() -> list[Caught]:
    """Break each of these rules in turn and list the checks that notice."""
    results = []
    for rule in CHECK_RULES:
        with broken(rule), catch_warnings():
            simplefilter("ignore")  # what is computed by a broken rule may be beyond float32
            results.append(Caught(rule.name, failed_examinations()))
    return results
