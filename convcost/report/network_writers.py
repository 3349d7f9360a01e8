"""Writes documents of networks in every format."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any, TextIO

from ..analysis.analyze import WORDS
from .documents import Document

#: Shares that CSV has, by the words of which they are shares.
SHARES = ("params", "macs", "elementwise", "activation_bytes", "traffic_bytes")

NETWORK_FIELDS = ("level", "name", "op", "count", *WORDS, *[f"share.{word}" for word in SHARES])
SWAP_FIELDS = ("network", *WORDS)
ZOO_FIELDS = ("name", "source", "input", "params", "macs")

Table = Callable[[], Any]
Rows = Callable[[], Iterator[Document]]


def write_document(
    document: Document, format: str, file: TextIO, table: Table, fields: tuple[str, ...], rows: Rows
) -> None:
    """Write one document; `table` and `rows` make what the other formats need, when they need it."""
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
    elif format == "markdown":
        from .as_markdown import markdown
        from .table import can_encode

        file.write(markdown(table(), ascii_only=not can_encode(file)))
    elif format == "latex":
        from .as_latex import latex

        file.write(latex(table()))
    else:
        from .table import print_table

        print_table(table(), file, plain=file is not sys.stdout)


def write_network(
    document: Document, format: str, file: TextIO, *, per_layer: bool = False, exact: bool = False
) -> None:
    """The answer for a network; `per_layer` is for tables and CSV, JSON has the layers always."""

    def table() -> Any:
        from .network_tables import network_table

        return network_table(document, per_layer=per_layer, exact=exact)

    write_document(document, format, file, table, NETWORK_FIELDS, lambda: network_rows(document, per_layer))


def network_rows(document: Document, per_layer: bool) -> Iterator[Document]:
    """The whole, then its layers or its kinds of operation, each saying which it is in `level`."""
    yield {"level": "total", "name": document["name"], **document["total"], "count": len(document["layers"])}
    if per_layer:
        yield from [{"level": "layer", **layer} for layer in document["layers"]]
    else:
        yield from [{"level": "op", **kind} for kind in document["op_types"]]


def write_swap(document: Document, format: str, file: TextIO, *, exact: bool = False) -> None:
    """Before and after."""

    def table() -> Any:
        from .network_tables import swap_table

        return swap_table(document, exact=exact)

    def rows() -> Iterator[Document]:
        yield from [{"network": when, **document[when]} for when in ("before", "after")]

    write_document(document, format, file, table, SWAP_FIELDS, rows)


def write_zoo(document: Document, format: str, file: TextIO, *, exact: bool = False) -> None:
    """A line a network."""

    def table() -> Any:
        from .network_tables import zoo_table

        return zoo_table(document, exact=exact)

    write_document(document, format, file, table, ZOO_FIELDS, lambda: iter(document["networks"]))
