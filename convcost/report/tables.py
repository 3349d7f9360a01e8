"""Documents -> the table model, and the writer of everything that is made from it."""

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from math import prod
from typing import Any, TextIO

from ..analysis.taps import taps_of_conv
from ..answers.comparison import Comparison, Layer, Result
from ..graph.ops import Conv
from ..graph.shapes import output_shape
from ..spec import LayerSpec, format_spec
from ..spec.records import NamedTuple
from ..variants.registry import AS_GIVEN, build_variant
from .columns import FIELDS, Column, choose_columns, exactly, plain, read
from .documents import Document
from .model import Head, Line, Section, Table
from .notes import executed, mark, notes, unexecuted, verdict
from .units import TIME, Scale, choose_scale, show
from .writers import Options, Writer, answered

#: How the table names the roles; a table of one role names none.
ROLE_TITLES = {
    "replacement": "replacements",
    "residual-block": "residual blocks",
    "building-block": "building blocks",
}


#: Layers that share a table; a longer batch goes on in another, so that memory does not grow and answers arrive.
LAYERS_A_TABLE = 100


class _Entry(NamedTuple):
    """A line before its numbers are text."""

    name: str
    words: dict[str, Any]
    reason: str | None = None
    mark: str = ""
    is_op: bool = False
    is_baseline: bool = False


def tabulate(result: Comparison | Sequence[Layer], options: Options) -> Table:
    """The table of a comparison, or of some layers, with the columns that the options name."""
    columns = choose_columns(options.columns, options.convention)
    columns = tuple(map(exactly, columns)) if options.exact else columns
    chosen, per_op = options.columns is not None, options.per_op
    if isinstance(result, Comparison):
        document = answered(result, options)
        table = comparison_table(document, _title(result), columns, chosen=chosen, per_op=per_op)
        return table._replace(notes=(*table.notes, *_padding_notes(result.spec)))
    titled = _title if len(result) == 1 else _tokens
    layers = [(titled(layer), answered(layer, options)) for layer in result]
    return layers_table(layers, columns, chosen=chosen, per_op=per_op)


def _padding_notes(spec: LayerSpec) -> Iterator[str]:
    """What there is to say of taps that never meet data, whatever is learned for them."""
    op = build_variant(AS_GIVEN, spec).graph.nodes[0].op
    assert isinstance(op, Conv)
    out = output_shape(op, [(spec.batch, spec.in_channels, *spec.input_size)])[2:]
    axes = [sum(taps) for taps in taps_of_conv(op, spec.input_size, out)]
    taps, useful = prod(op.kernel_size), prod(axes)
    if useful < taps:
        kernel = "x".join(map(str, axes))
        yield f"· {taps - useful} of {taps} taps only ever meet padding at this size: a {kernel} computes the same"


def _title(result: Result) -> str:
    """The layer in our notation, behind the name of the framework's layer that it was read from."""
    return f"{result.source} = {_tokens(result)}" if result.source else _tokens(result)


def _tokens(result: Result) -> str:
    return format_spec(result.spec)


def comparison_table(
    document: dict[str, Any], title: str, columns: Sequence[Column], *, chosen: bool = False, per_op: bool = False
) -> Table:
    """The table of one comparison; `title` is the layer as text, `chosen` columns all stay.

    >>> from convcost.report.columns import choose_columns
    >>> row = {"variant": "standard", "role": "replacement", "reason": None, "macs": 27496448, "ops": []}
    >>> row["verified"] = {"status": "skipped", "size": None, "checks": {}}
    >>> document = {"spec": {"dtype": "fp32", "batch": 1}, "baseline": "standard", "rows": [row]}
    >>> comparison_table(document, "64:128 @56 k3", choose_columns(["macs"])).sections[0].lines[0].cells
    ('27.5',)
    """
    rows = [(row["variant"], row) for row in document["rows"]]
    facts = (*_facts(document["spec"]), f"base: {document['baseline']}")
    entries = list(_entries(rows, per_op, document["baseline"]))
    body = _body(entries, columns, chosen, unexecuted(rows))
    return Table(title, facts, "variant", *body, executed(rows), notes(rows))


def layers_table(
    layers: Sequence[tuple[str, dict[str, Any]]],
    columns: Sequence[Column],
    *,
    chosen: bool = False,
    per_op: bool = False,
) -> Table:
    """The table of layers, each its text and its document: one under its own title, more side by side."""
    if not chosen:  # a layer has nothing to be related to
        columns = [column for column in columns if not column.key.startswith("relative.")]
    if len(layers) == 1:
        title, document = layers[0]
        facts, label, rows = _facts(document["spec"]), "variant", [(document["variant"], document)]
    else:
        title, facts, label, rows = "", (), "layer", list(layers)
    body = _body(list(_entries(rows, per_op)), columns, chosen, unexecuted(rows))
    return Table(title, facts, label, *body, executed(rows), notes(rows))


def _facts(spec: dict[str, Any]) -> tuple[str, ...]:
    """What holds for every row, above all what the notation of specs leaves out."""
    facts = [spec["dtype"], f"batch {spec['batch']}"]
    facts += [field for field in ("norm", "residual") if spec.get(field)]
    return (*facts, spec["activation"]) if spec.get("activation") else tuple(facts)


def _entries(rows: Iterable[tuple[str, dict[str, Any]]], per_op: bool, baseline: str | None = None) -> Iterator[_Entry]:
    for name, row in rows:
        yield _Entry(name, row, row["reason"], mark(row), False, name == baseline)
        for op in row["ops"] if per_op else ():
            yield _Entry(op["name"], {**op, "role": row["role"]}, is_op=True)


def _body(
    entries: list[_Entry], columns: Sequence[Column], chosen: bool, unchecked: set[str]
) -> tuple[tuple[Head, ...], tuple[Section, ...]]:
    heads, texts = [], []
    for column in columns:
        values = [_value(entry, column) for entry in entries]
        scale = Scale("") if column.units is None else choose_scale(values, column.units)
        heads.append(_head(column, scale, chosen, column.key not in unchecked))
        texts.append([_cell(entry, column, value, scale) for entry, value in zip(entries, values)])
    cells = list(zip(*texts)) if texts else [()] * len(entries)
    return tuple(heads), tuple(_sections(entries, cells))


def _head(column: Column, scale: Scale, chosen: bool, checked: bool) -> Head:
    number = column.units is not None
    priority = None if chosen else column.priority
    return Head(column.key, column.header, scale.unit, number, priority, checked)


def _value(entry: _Entry, column: Column) -> Any:
    if entry.reason is not None:
        return None
    value = read(entry.words, column.key)
    return value * 1e6 if column.units is TIME and value is not None else value  # the first of its units


def _cell(entry: _Entry, column: Column, value: Any, scale: Scale) -> str:
    if column.key == "verified":
        return "" if entry.is_op else verdict(entry.words)
    if column.units is None:
        return plain(value) or "–"
    if entry.is_baseline and column.key.startswith("relative.") and value is not None:
        return "base"
    return show(value, scale)


def _sections(entries: list[_Entry], cells: Sequence[tuple[str, ...]]) -> Iterator[Section]:
    lines: dict[str, list[Line]] = {}
    for entry, texts in zip(entries, cells):
        line = Line(entry.name, texts, entry.reason, entry.mark, entry.is_op, entry.is_baseline)
        lines.setdefault(entry.words.get("role", ""), []).append(line)
    for role, group in lines.items():
        yield Section(ROLE_TITLES.get(role, role) if len(lines) > 1 else "", tuple(group))


class TablesWriter(Writer):
    """Makes tables: one a comparison, one for many layers; a format says how one is written."""

    has_tables = True

    def __init__(self, file: TextIO, options: Options) -> None:
        super().__init__(file, options)
        choose_columns(options.columns, of_csv=FIELDS)  # there may be none of that name
        self._layers: list[Layer] = []

    def answer(self, result: Result) -> None:
        """A table, or one more line of it."""
        if isinstance(result, Layer):
            self._layers.append(result)
            if len(self._layers) == LAYERS_A_TABLE:
                self._write_layers()
            return
        self.write(tabulate(result, self.options), result)

    def end(self) -> None:
        """The table of the layers held back."""
        self._write_layers()

    def _write_layers(self) -> None:
        if self._layers:
            self.write(tabulate(self._layers, self.options), self._layers)
            self._layers = []

    def document(
        self,
        document: Document,
        table: Callable[[], Table],
        fields: Sequence[str],  # noqa: ARG002  a table has columns of its own
        rows: Callable[[], Iterable[Document]],  # noqa: ARG002  they are in the table
    ) -> None:
        """The table alone."""
        self.write(table(), document)

    @abstractmethod
    def write(self, table: Table, source: Comparison | Sequence[Layer] | Document) -> None:
        """Write one table, and what the format makes of the answer that it is made from."""


class TextWriter(TablesWriter):
    """Tables as text, one after another."""

    _between = ""

    def write(self, table: Table, source: Comparison | Sequence[Layer] | Document) -> None:  # noqa: ARG002  text has no picture
        """The table alone."""
        self.file.write(self._between)
        self._between = "\n"
        self.show(table)

    @abstractmethod
    def show(self, table: Table) -> None:
        """Write one table."""
