"""One document in every format: JSON of itself, CSV of its rows, and what is made from its table."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from .documents import Document
    from .model import Table

    MakeTable = Callable[[], Table]
    Rows = Callable[[], Iterable[Document]]


def write_document(
    document: Document, format: str, file: TextIO, table: MakeTable, fields: tuple[str, ...], rows: Rows
) -> None:
    """Write one document; `table` and `rows` make what the other formats need, when they need it.

    >>> write_document({}, "csv", sys.stdout, NotImplemented, ("macs", "at"), lambda: [{"macs": 9, "at": (3, 3)}])
    macs,at
    9,3x3

    `fields` are the header of CSV, dotted where they lie deeper in a row.
    """
    if format == "json":
        from .as_json import json_text

        file.write(json_text(document) + "\n")
    elif format == "ndjson":
        from .as_json import encode

        file.write(encode(document) + "\n")
    elif format == "csv":
        from .as_csv import csv_line
        from .columns import plain, read

        file.write(csv_line(fields))
        file.writelines(csv_line([plain(read(row, field)) for field in fields]) for row in rows())
    else:
        _write_table(table(), format, file)


def _write_table(table: Table, format: str, file: TextIO) -> None:
    """For people: as it is, with colours on standard output only, or for a document."""
    from .table import can_encode, print_table

    if format == "table":
        print_table(table, file, plain=file is not sys.stdout)
    elif format == "latex":
        from .as_latex import latex

        file.write(latex(table))
    else:
        from .as_markdown import markdown

        file.write(markdown(table, ascii_only=not can_encode(file)))
