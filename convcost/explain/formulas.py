"""Formulas of params and MACs: the variant's own code and the analysis's own rules, run on symbols for sizes."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..analysis.cost import macs, params
from ..analysis.symbols import Size, abbreviated, ratio, sum_of_sizes, symbol
from ..graph.ops import Graph, Shape
from ..graph.shapes import output_shape
from ..spec.layer import LayerSpec
from ..variants.registry import build_variant

#: Names of the spatial sizes, by the number of axes.
AXES = {1: "L", 2: "HW", 3: "DHW"}

#: Where they stand in a product: behind the channels.
_ORDER = "CCLDHW"


class Term(NamedTuple):
    """One operation's formulas."""

    op: str
    params: Size
    macs: Size


class Formulas(NamedTuple):
    """A variant's formulas, operation by operation, and the sizes that they name beside those of the layer."""

    terms: tuple[Term, ...]
    sizes: dict[str, Size]

    @property
    def params(self) -> Size:
        """Of the whole variant."""
        return sum_of_sizes([term.params for term in self.terms])

    @property
    def macs(self) -> Size:
        """Of the whole variant."""
        return sum_of_sizes([term.macs for term in self.terms])


class Names:
    """Short names for spatial sizes that are no plain symbol: H', then H″; the same size has the same name."""

    def __init__(self) -> None:
        self.known: dict[str, tuple[Size, Size]] = {}

    def shape(self, shape: Shape) -> Shape:
        """`shape` with its spatial sizes named."""
        sizes: Any = [self.name(letter, Size.of(n)) for letter, n in zip(AXES[len(shape) - 2], shape[2:])]
        return (*shape[:2], *sizes)

    def name(self, letter: str, size: Size) -> Size:
        """`size` as one symbol."""
        if repr(size) in (letter, *self.sizes) or not any(size.terms):  # a plain number says itself
            return size
        key = f"{letter}={size!r}"
        if key not in self.known:
            count = sum([other.startswith(f"{letter}=") for other in self.known]) + 1
            short = abbreviated(letter + "′" * count, size, _ORDER.find(letter))
            self.known[key] = (short, size)
        return self.known[key][0]

    @property
    def sizes(self) -> dict[str, Size]:
        """Every name given, and the formula that it stands for."""
        return {repr(short): size for short, size in self.known.values()}


def symbolic(spec: LayerSpec) -> LayerSpec:
    """`spec` with symbols for channels, input size and, where it is not 1, the batch.

    >>> symbolic(LayerSpec(64, 128, (3, 3), (56, 56))).input_size
    (H, W)

    Kernel, stride and what else shapes the structure stay numbers, as in the papers' tables.
    """
    sizes: Any = tuple([
        symbol(letter, n, _ORDER.find(letter)) for letter, n in zip(AXES[spec.axes], spec.input_size)
    ])  # fmt: skip
    fields: dict[str, Any] = {"in_channels": symbol("Cin", spec.in_channels),
                              "out_channels": symbol("Cout", spec.out_channels, 1), "input_size": sizes}  # fmt: skip
    if spec.batch != 1:
        fields["batch"] = symbol("N", spec.batch, 8)
    return spec._replace(**fields)


def formulas(name: str, spec: LayerSpec, names: Names | None = None) -> Formulas:
    """The formulas of one variant of `spec`; with the same `names` those of several can be related.

    >>> f = formulas("depthwise-separable", LayerSpec(64, 128, (3, 3), (56, 56), padding=((1, 1), (1, 1))))
    >>> f.params, f.macs
    (9·Cin + Cin·Cout, 9·Cin·H·W + Cin·Cout·H·W)

    Raises DoesNotApply where the variant does not exist. A formula holds wherever the same choices are made:
    same structure, same divisibility.
    """
    names = names or Names()
    graph = build_variant(name, symbolic(spec)).graph
    shapes = _shapes(graph, names)
    terms = [
        Term(node.name, Size.of(params(node.op)), Size.of(macs(node.op, shapes[node.inputs[0]], out)))
        for node, out in zip(graph.nodes, shapes[1:])
    ]
    used = {s.name for term in terms for m in term.macs.terms for s, _ in m}
    return Formulas(tuple(terms), {short: size for short, size in names.sizes.items() if short in used})


def _shapes(graph: Graph, names: Names) -> list[Shape]:
    shapes = [graph.input_shape]
    for node in graph.nodes:
        shapes.append(names.shape(output_shape(node.op, [shapes[i] for i in node.inputs])))
    return shapes


def in_numbers(size: Size) -> str:
    """The formula with the numbers put in.

    >>> in_numbers(9 * symbol("Cin", 64) * symbol("H", 56))
    '9·64·56'
    """
    return size.written(lambda s: str(s.value))


def simplified(this: Size, base: Size) -> tuple[str, str] | None:
    """The ratio as a formula and as a sum of fractions, term by term; None where `base` is no single term.

    >>> cin, cout = symbol("Cin", 64), symbol("Cout", 128, 1)
    >>> simplified(9 * cin + cin * cout, 9 * cin * cout)
    ('1/Cout + 1/9', '1/128 + 1/9')
    """
    if len(base.terms) != 1:
        return None
    quotient = ratio(this, base)
    shown = quotient.parts()
    return repr(quotient), " + ".join(map(str, shown)) or "0"
