"""Plain drawings: the structure of a variant with its shapes on the arrows, bars, and lines over a few points."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import inf, log10

from ..analysis.field import mixes
from ..graph.ops import Activation, Add, Conv, Graph, Ints, Node, Shape

#: Where the shortcut runs, and where the words beside an operation end.
_SHORTCUT = 62


def draw(graph: Graph, shapes: list[Shape]) -> list[str]:
    """The graph from top to bottom, at most 80 columns: operations, the shape of what each hands on, the shortcut.

    >>> from convcost.graph.ops import Conv
    >>> conv = Conv(64, 128, (3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1))
    >>> graph = Graph((1, 64, 56, 56), "fp32", (Node("conv", conv, (0,)),))
    >>> print("\\n".join(draw(graph, [(1, 64, 56, 56), (1, 128, 56, 56)])))
       input
         │  64×56×56
         ▼
      [conv 3×3]  mixes space, channels
         │  128×56×56
         ▼
       output
    """
    side, joined = _projections(graph), _shortcut(graph)
    lines = ["   input", *_arrow(shapes[0], "─" if joined else "")]
    for node, shape in zip(graph.nodes, shapes[1:]):
        if node in side:
            continue
        if node is joined:
            box = f"  [{node.name}] ◄── {_added(graph)} "
            lines.append(box + "─" * (_SHORTCUT - len(box)) + "┘")
            joined_yet = True
        else:
            joined_yet = joined is None or graph.nodes.index(node) > graph.nodes.index(joined)
            lines.append(_beside(f"  [{_describe(node)}]{_mixes(node)}{_also(graph, node)}", "" if joined_yet else "│"))
        lines += _arrow(shape, "" if joined_yet else "│")
    return [line.rstrip() for line in [*lines, "   output"]]


def _projections(graph: Graph) -> list[Node]:
    """What stands beside the main branch, on a shortcut."""
    return [node for node in graph.nodes if node.name.startswith("projection")]


def _shortcut(graph: Graph) -> Node | None:
    """The add of the graph's input, or of its projection."""
    ends = {0, *[place for place, node in enumerate(graph.nodes, 1) if node in _projections(graph)]}
    return next((node for node in graph.nodes if isinstance(node.op, Add) and ends & {*node.inputs}), None)


def _added(graph: Graph) -> str:
    convs = [node for node in _projections(graph) if isinstance(node.op, Conv)]
    return f"{_describe(convs[0])} of the input" if convs else "the input itself"


def _also(graph: Graph, node: Node) -> str:
    """What an operation reads beside the one before it, by name."""
    before = graph.nodes.index(node)
    others = [graph.nodes[value - 1].name if value else "the input" for value in node.inputs if value != before]
    return f"  with {', '.join(others)}" if len(node.inputs) > 1 and others else ""


def flow(graph: Graph, shapes: list[Shape], width: int = 78) -> list[str]:
    """The graph from left to right, its shortcut below; what is too wide has no shapes in between, then several lines.

    >>> from convcost.graph.ops import Conv
    >>> conv = Conv(64, 128, (3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1))
    >>> flow(Graph((1, 64, 56, 56), "fp32", (Node("conv", conv, (0,)),)), [(1, 64, 56, 56), (1, 128, 56, 56)])
    ['64×56×56 ─► [conv 3×3] ─► 128×56×56']
    """
    joined, side = _shortcut(graph), _projections(graph)
    steps = [(node, shape) for node, shape in zip(graph.nodes, shapes[1:]) if node not in side]
    others = [f"[{_describe(n)}]{_also(graph, n)}" for n, _ in steps if n is not joined and _also(graph, n)]
    for between in (True, False):
        line, joins = _in_a_line(shapes[0], steps, joined, between)
        below = [_shortcut_below(line, joins, _added(graph))] if joins else []
        if max(map(len, [line, *below])) <= width:
            return [line, *below, *others]
    added = [f"[{joined.name}]  with {_added(graph)}"] if joined else []
    return [*_broken(line.replace("─┬─►", "─►"), width), *others, *added]


def _in_a_line(start: Shape, steps: list[tuple[Node, Shape]], joined: Node | None, between: bool) -> tuple[str, int]:
    """Operations and what the last hands on, with the shapes between them or without; and where the shortcut ends."""
    line, joins = f"{show_shape(start)} {'─┬' if joined else ''}─► ", 0
    for index, (node, shape) in enumerate(steps):
        joins = len(line) + 2 if node is joined else joins
        line += f"[{_describe(node)}] ─► "
        line += f"{show_shape(shape)} ─► " if between and index < len(steps) - 1 else ""
    return line + show_shape(steps[-1][1]), joins


def _shortcut_below(line: str, joins: int, label: str) -> str:
    begins = line.index("┬")
    return " " * begins + "└" + f" {label} ".center(joins - begins - 1, "─") + "┘"


def _broken(line: str, width: int) -> Iterator[str]:
    """A line of steps as several, none wider than `width`."""
    first, *rest = line.split(" ─► ")
    for step in rest:
        if len(first) + len(step) + 7 > width:
            yield first + " ─►"
            first = "   " + step
        else:
            first += f" ─► {step}"
    yield first


def _arrow(shape: Shape, corner: str) -> list[str]:
    first = f"     │  {show_shape(shape)}"
    if corner == "─":
        return [f"{first} ".ljust(_SHORTCUT, "─") + "┐", _beside("     ▼", "│")]
    return [_beside(first, corner), _beside("     ▼", corner)]


def _beside(line: str, mark: str) -> str:
    return f"{line:<{_SHORTCUT}}{mark}" if mark else line


def _describe(node: Node) -> str:
    """What a box says: the name, the kernel, what is not the default."""
    op = node.op
    if isinstance(op, Activation):
        return op.kind
    if not isinstance(op, Conv):
        return node.name
    kernel = _times(op.kernel_size)
    parts = [node.name] if node.name == kernel.replace("×", "x") else [node.name, kernel]
    parts += [f"stride {_times(op.stride)}"] * any([s != 1 for s in op.stride])
    parts += [f"dilation {_times(op.dilation)}"] * any([d != 1 for d in op.dilation])
    parts += [f"{op.groups} groups"] * (op.groups > 1) + ["transposed"] * op.transposed
    return " ".join([parts[0], ", ".join(parts[1:])]).strip()


def _mixes(node: Node) -> str:
    mixed = mixes(node.op)
    return f"  mixes {', '.join(mixed)}" if mixed else ""


def _times(values: Ints) -> str:
    return "×".join(map(str, values))


def show_shape(shape: Shape) -> str:
    """Channels and sizes, with the batch in front where it is not 1.

    >>> show_shape((1, 64, 56, 56)), show_shape((8, 64, 56, 56))
    ('64×56×56', '8×64×56×56')
    """
    return _times(shape if shape[0] != 1 else shape[1:])


def bar(share: float, width: int = 24) -> str:
    """A share between 0 and 1 as a bar, anything above 0 visible.

    >>> bar(0.5, 8)
    '████'
    """
    return "█" * (max(1, round(min(share, 1) * width)) if share > 0 else 0)


def plot(series: dict[str, list[float]], x: Sequence[int], *, logarithmic: bool, width: int = 44) -> list[str]:
    """A dot plot, a line a point: x down, values across, one letter a series (its first), `*` where they meet.

    >>> print("\\n".join(plot({"plain": [1, 100], "residual": [1, 1]}, [2, 4], logarithmic=True, width=9)))
       2 *........
       4 r.......p
         1      100
    """
    scaled = {name: [_scaled(v, logarithmic) for v in values] for name, values in series.items()}
    finite = [v for values in scaled.values() for v in values if v is not None]
    low, high = (min(finite), max(finite)) if finite else (0.0, 0.0)
    lines = []
    for index, point in enumerate(x):
        row = ["."] * width
        for name, values in scaled.items():
            value = values[index]
            if value is not None:
                place = round((value - low) / ((high - low) or 1) * (width - 1))
                row[place] = name[0] if row[place] == "." else "*"
        lines.append(f"{point:>4} {''.join(row)}")
    ends = [f"{10**v if logarithmic else v:.3g}" for v in (low, high)]
    return [*lines, f"     {ends[0]}{ends[1]:>{max(width + 1 - len(ends[0]), len(ends[1]) + 1)}}"]


def _scaled(value: float, logarithmic: bool) -> float | None:
    if value != value or value in (inf, -inf) or (logarithmic and value <= 0):
        return None
    return log10(value) if logarithmic else value
