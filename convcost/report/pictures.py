"""Answers -> charts: what a picture of each kind of answer shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ..answers.comparison import Comparison, Layer, Row
from ..spec.errors import SpecError
from .charts import Along, Axis, Bars, Chart, Curve, Curves, Panel, Points
from .columns import COLUMNS, read, word_name
from .model import Table, listed
from .units import BYTES, COUNTS, PLAIN, Number, choose_scale, show, with_unit

#: What a table and its chart are made from.
Source = Comparison | Sequence[Layer] | dict[str, Any]

#: Words whose ratios to the base are drawn, and the words of a layer's operations.
DRAWN = ("params", "macs", "peak_bytes", "traffic_bytes")

#: Panels that a picture of a table has at most.
MOST_PANELS = 8


def chart_of(source: Source, table: Table) -> Chart:
    """The chart of an answer; `table` is the answer as a table, whose numbers are drawn where there is nothing better.

    >>> from convcost.answers.comparison import compare_variants
    >>> from convcost.report import Options
    >>> from convcost.report.tables import tabulate
    >>> from convcost.spec import parse_spec
    >>> found = compare_variants(parse_spec("64:128 @56 k3"), ["standard", "grouped"])
    >>> [panel.texts for panel in chart_of(found, tabulate(found, Options())).panels][1]
    ('base', '0.031×')

    Raises SpecError where there is nothing to draw.
    """
    panels: Sequence[Panel] = ()
    if isinstance(source, Comparison):
        panels = _of_comparison(source)
    elif isinstance(source, dict):
        if EVIDENCE & source.keys():
            raise SpecError("evidence has no picture", "it is a table: -o evidence.html, .csv, .md")
        panels = next((tuple(make(source)) for key, make in PICTURES.items() if key in source), ())
    elif len(source) == 1:
        panels = tuple(_of_operations(source[0].row))
    panels = panels or tuple(_of_table(table))
    if not panels:
        raise SpecError("there is nothing to draw in this answer", "it has no numbers that can be compared")
    return Chart(table.title, table.facts, tuple(panels))


def _of_comparison(found: Comparison) -> tuple[Panel, ...]:
    """Each row's ratios to the base; of a front, the rows at its words."""
    if len(found.front) > 1:
        return tuple(_of_front(found))
    rows = [row for row in found.rows if row.relative is not None]
    return tuple([_ratios(rows, word, found.baseline) for word in DRAWN]) if rows else ()


def _ratios(rows: Sequence[Row], word: str, base: str) -> Bars:
    values = tuple([read({"relative": row.relative}, f"relative.{word}") for row in rows])
    scale = choose_scale(values, COLUMNS[f"relative.{word}"].units or PLAIN)
    texts = ["base" if row.variant == base else show(value, scale) for row, value in zip(rows, values)]
    return Bars(word_name(word), tuple([row.variant for row in rows]), values, tuple(texts), is_ratio=True)


def _of_front(found: Comparison) -> Iterator[Points]:
    """The first word of the front across, each other up."""
    rows = [(row, True) for row in found.rows] + [(row, False) for row in found.beaten]
    words = listed([word_name(word) for word in found.front])
    for across, up in [(found.front[0], word) for word in found.front[1:]]:
        places = [(row.variant, _number(row, across), _number(row, up), on) for row, on in rows]
        there = [(name, x, y, on) for name, x, y, on in places if x is not None and y is not None]
        names, at = tuple([name for name, *_ in there]), tuple([(x, y) for _, x, y, _ in there])
        xs, ys = _axis(across, [x for x, _ in at]), _axis(up, [y for _, y in at])
        yield Points(f"no other row beats these in {words}", xs, ys, names, at, tuple([on for *_, on in there]))


def _number(row: Row, word: str) -> Number | None:
    found: Number | None = read({**(row.words or {}), "relative": row.relative}, word)
    return found


def _axis(word: str, values: Sequence[Number]) -> Axis:
    """Equal ratios are equal steps where the numbers are far apart."""
    return Axis(
        word_name(word), COLUMNS[word].units or PLAIN, log=0 < 10 * min(values, default=0) < max(values, default=0)
    )


def _of_operations(row: Row) -> Iterator[Bars]:
    """Of one layer, what each of its operations has."""
    for word in DRAWN if row.words else ():
        values = [op.words[word] for op in row.ops]
        scale = choose_scale(values, COLUMNS[word].units or PLAIN)
        texts = tuple([show(value, scale) for value in values])
        yield Bars(with_unit(word_name(word), scale.unit), tuple([op.name for op in row.ops]), tuple(values), texts)


def _of_network(document: dict[str, Any]) -> Iterator[Along]:
    """Multiply-adds and memory along the operations; what a step allocates stands on what it finds."""
    layers = document["layers"]
    names = tuple([layer["name"] for layer in layers])
    macs = tuple([layer["macs"] or 0 for layer in layers])
    if any(macs):
        yield Along("MACs", Axis("MACs", COUNTS), names, (("MACs", macs),))
    made = tuple([layer["activation_bytes"] for layer in layers])
    held = tuple([layer["peak_bytes"] - new for layer, new in zip(layers, made)])
    parts = (("alive before", held), ("allocated by the operation", made))
    yield Along("activation memory, step by step", Axis("bytes", BYTES), names, parts)


def _of_explanations(document: dict[str, Any]) -> Iterator[Panel]:
    """How multiply-adds grow with the kernel, and what residual connections do to the gradient."""
    grown = [one for one in document["explanations"] if "kernel_growth" in one]
    if grown:
        at = grown[0]["kernel_growth"]
        names = {one["topic"]: one["kernel_growth"] for one in grown if one["topic"] != "standard"}
        base = _curve("standard", at, "standard_macs")
        curves = [base, *[_curve(name, each, "macs") for name, each in names.items()]]
        yield Curves("multiply-adds, by kernel size", Axis("k"), Axis("MACs", COUNTS), tuple(curves))
        ratios = [_curve(name, each, "ratio") for name, each in names.items()]
        if any([y is not None for curve in ratios for y in curve.y]):
            yield Curves("ratio to standard, by kernel size", Axis("k"), Axis("MACs × standard"), tuple(ratios))

    for one in document["explanations"]:
        if one.get("gradient"):
            found = one["gradient"]
            curves = [Curve(name, tuple(found["blocks"]), tuple(found[name])) for name in ("plain", "residual")]
            up = Axis("gradient of the input", log=True)
            yield Curves("gradient that arrives through so many blocks", Axis("blocks"), up, tuple(curves))


def _curve(name: str, growth: Sequence[dict[str, Any]], key: str) -> Curve:
    there = [one for one in growth if one[key] is not None]
    return Curve(name, tuple([one["kernel_size"] for one in there]), tuple([one[key] for one in there]))


def _of_sweep(document: dict[str, Any]) -> Iterator[Points]:
    """The front of a sweep: its first word across, each other up."""
    words = [order.partition(":")[2] for order in document["front_of"]]
    rows = [{"relative": {}, **row} for row in document["front"]]
    for across, up in [(words[0], word) for word in words[1:] if rows]:
        at = tuple([(read(row, across), read(row, up)) for row in rows])
        names = tuple([f"{row['variant']} {row['text']}" for row in rows])
        xs, ys = _axis(across, [x for x, _ in at]), _axis(up, [y for _, y in at])
        yield Points(f"no other of {document['layers']:,} rows beats these", xs, ys, names, at, (True,) * len(rows))


def _of_separation(document: dict[str, Any]) -> Iterator[Curves]:
    """What one layer loses at which share of its multiply-adds: a line a family, a point a rank."""
    if len(document["layers"]) != 1 or not document["layers"][0]["macs"]:
        return
    layer = document["layers"][0]
    families: dict[str, list[tuple[float, float]]] = {}
    for row in layer["families"]:
        if row["error"] is not None and row["macs"] <= layer["macs"]:
            families.setdefault(row["variant"], []).append((row["macs"] / layer["macs"], round(row["error"], 6)))
    curves = [Curve(name, *map(tuple, zip(*sorted(points)))) for name, points in families.items()]
    if curves:
        yield Curves("weight error, by multiply-adds", Axis("MACs × the layer's"), Axis("weight error"), tuple(curves))


def _of_table(table: Table) -> Iterator[Bars]:
    """A panel for each column of numbers, as they stand in the table; what has none has no bar."""
    lines = [line for section in table.sections for line in section.lines if line.reason is None and not line.is_op]
    names = tuple([line.name for line in lines])
    texts = [index for index, head in enumerate(table.heads) if not head.right]
    if len(set(names)) < len(names) and texts:  # such as the settings of a variant that comes twice
        names = tuple([f"{line.name} {line.cells[texts[0]]}".removesuffix(" –") for line in lines])
    numbers = [(index, head) for index, head in enumerate(table.heads) if head.right]
    for index, head in numbers[:MOST_PANELS]:
        shown = tuple([line.cells[index] for line in lines])
        values = tuple(map(number_in, shown))
        is_ratio = any([text.endswith("×") for text in shown])
        if any(values) and len(set(names)) == len(names):
            yield Bars(with_unit(head.words, head.unit), names, values, shown, is_ratio)


def number_in(cell: str) -> float | None:
    """The number that a cell of a table shows; None where it shows none.

    >>> number_in("27,496,448"), number_in("0.119×"), number_in("–"), number_in("8.9e-4"), number_in("base")
    (27496448.0, 0.119, None, 0.00089, 1.0)
    """
    text = "1" if cell == "base" else cell.removesuffix("×").replace(",", "")
    try:
        return float(text)
    except ValueError:
        return None


#: Keys of documents whose numbers stand for nothing beside each other.
EVIDENCE = {"evidence", "rules", "random"}

#: What makes the picture of a document, by a key that such documents alone have. A new kind of answer is a row here.
PICTURES: dict[str, Callable[[dict[str, Any]], Iterator[Panel]]] = {
    "op_types": _of_network,
    "front_of": _of_sweep,
    "not_looked_at": _of_separation,
    "explanations": _of_explanations,
}
