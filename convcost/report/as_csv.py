"""Documents as CSV: field names as in JSON, dotted; a line a row; base units."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence

from ..answers.comparison import Layer, Result
from ..spec import format_spec
from .columns import COLUMNS, FIELDS, VERIFIED, known_names, plain, read
from .documents import Document
from .writers import Writer, answered

#: What a line of one operation has in front of the same words; empty in the line of the whole row.
OP_FIELDS = ("ops.name", "ops.op")


def fields(columns: Sequence[str] | None, *, batch: bool, per_op: bool, convention: bool = False) -> tuple[str, ...]:
    """The header: `spec` in front of a batch, then the chosen columns or all; UnknownColumnError if there is none such.

    A convention's figures come last.

    >>> fields(["macs", "verified"], batch=True, per_op=False)
    ('spec', 'variant', 'macs', 'verified.status', 'verified.size', 'verified.reason')
    """
    chosen: Iterable[str] = FIELDS[1:]
    if columns is not None:
        keys = known_names(columns, (*COLUMNS, *[field for field in FIELDS if field not in COLUMNS]))
        chosen = [field for key in keys if key != "variant" for field in (VERIFIED if key == "verified" else (key,))]
    return (*("spec",) * batch, "variant", *OP_FIELDS * per_op, *dict.fromkeys(chosen), *("convention",) * convention)


def csv_line(values: Iterable[str]) -> str:
    """One line of CSV, its newline included, quoted as RFC 4180 has it.

    >>> csv_line(["grouped", "none of 32, 16, 8, 4, 2 groups divides 63 and 65"])
    'grouped,"none of 32, 16, 8, 4, 2 groups divides 63 and 65"\\n'
    """
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(values)
    return text.getvalue()


def csv_lines(header: Sequence[str], rows: Iterable[Document], spec: str) -> Iterator[str]:
    """The lines of one answer; `spec` is the layer as text."""
    for row in rows:
        whole = {**row, "spec": spec, "ops": None}
        yield csv_line([plain(read(whole, field)) for field in header])
        if "ops.name" not in header:
            continue
        for op in row["ops"]:
            part = {"spec": spec, "variant": row["variant"], "role": row["role"], **op, "ops": op}
            yield csv_line([plain(read(part, field)) for field in header])


class CsvWriter(Writer):
    """A header and a line a row. A line of a batch that describes no layer has none."""

    def begin(self) -> None:
        """The header."""
        options = self.options
        beside = bool(options.convention)
        self.header = fields(options.columns, batch=options.batch, per_op=options.per_op, convention=beside)
        self.file.write(csv_line(self.header))

    def answer(self, result: Result) -> None:
        """The lines of one answer."""
        document = answered(result, self.options)
        rows = [document] if isinstance(result, Layer) else document["rows"]
        spec = format_spec(result.spec) if self.options.batch else ""
        self.file.writelines(csv_lines(self.header, rows, spec))

    def document(
        self,
        document: Document,  # noqa: ARG002  its rows are made from it
        table: object,  # noqa: ARG002  no column is left out for width
        fields: Sequence[str],
        rows: Callable[[], Iterable[Document]],
    ) -> None:
        """The header and a line a row."""
        self.file.write(csv_line(fields))
        self.file.writelines(csv_line([plain(read(row, field)) for field in fields]) for row in rows())
