"""The wiring of a variant: the operations of its graph, held against what is stated of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..answers.check import Check
from ..graph import ops
from ..spec.layer import LayerSpec
from .stages import INPUT, STATED, Convolution, Step, stated_parts

#: An operation by its name in the graph, its record, and the names of what it reads.
Drawn = tuple[str, ops.Op, tuple[str, ...]]


def check_stages(name: str, spec: LayerSpec, graph: ops.Graph) -> Check:
    """Are the operations of `graph` those that are stated of the variant? Of a wrong one: the fields that differ.

    >>> from convcost.variants.registry import build_variant
    >>> spec = LayerSpec(8, 16, (3, 3), (9, 9), padding=((1, 1), (1, 1)))
    >>> check_stages("bottleneck", spec, build_variant("bottleneck", spec).graph)[:3]
    (['reduce', 'conv', 'expand'], ['reduce', 'conv', 'expand'], True)
    >>> wide = build_variant("bottleneck", spec._replace(bottleneck_ratio=2)).graph
    >>> check_stages("bottleneck", spec, wide).expected["reduce.out_channels"]
    4
    """
    if name not in STATED:
        return Check(None, None, None, note="its stages are stated nowhere but in its graph")
    stated, drawn = list(written(stated_parts(name, spec))), list(_drawn(graph))
    if stated == drawn:
        names = [node.name for node in graph.nodes if type(node.op) not in (ops.BatchNorm, ops.Activation)]
        return Check(names, names, True)
    expected, found = _fields(stated), _fields(drawn)
    wrong = [key for key in {**expected, **found} if expected.get(key) != found.get(key)]
    if not wrong:  # the same operations in another order
        return Check([one[0] for one in stated], [one[0] for one in drawn], False)
    return Check({key: expected.get(key) for key in wrong}, {key: found.get(key) for key in wrong}, False)


def written(parts: Iterable[Convolution | Step]) -> Iterator[Drawn]:
    """The operations of parts, each stage's norm and activation written out behind it.

    >>> stage = Convolution("conv", ops.Conv(4, 8, (3,), (1,), ((1, 1),), (1,)), norm=True, activation="relu")
    >>> [(name, reads) for name, _, reads in written([stage])]
    [('conv', ('input',)), ('conv.norm', ('conv',)), ('conv.activation', ('conv.norm',))]
    """
    ends, last = {INPUT: INPUT}, INPUT
    for part in parts:
        reads = ((part.reads,) if part.reads else ()) if isinstance(part, Convolution) else part.reads
        op = part.conv if isinstance(part, Convolution) else part.op
        yield part.name, op, tuple([ends[name] for name in reads or (last,)])
        end = part.name
        if isinstance(part, Convolution) and part.norm:
            yield f"{part.name}.norm", ops.BatchNorm(part.conv.out_channels), (end,)
            end = f"{part.name}.norm"
        if part.activation:
            yield f"{part.name}.activation", ops.Activation(part.activation), (end,)
            end = f"{part.name}.activation"
        ends[part.name], last = end, part.name


def _drawn(graph: ops.Graph) -> Iterator[Drawn]:
    names = [INPUT, *[node.name for node in graph.nodes]]
    for node in graph.nodes:
        yield node.name, node.op, tuple([names[value] for value in node.inputs])


def _fields(drawn: list[Drawn]) -> dict[str, object]:
    """Every fact about operations by its name: `reduce.out_channels`, and `add.reads` for where it is wired to."""
    found: dict[str, object] = {}
    for name, op, reads in drawn:
        found[name] = type(op).__name__
        found.update({f"{name}.{field}": _plain(value) for field, value in op._asdict().items()})
        found[f"{name}.reads"] = list(reads)
    return found


def _plain(value: object) -> object:
    """A field as an answer shows it."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, tuple) and value and isinstance(value[0], tuple):
        return [n for pair in value for n in pair]
    return value
