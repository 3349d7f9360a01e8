"""Writes documents of networks in every format."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TextIO

from ..analysis.analyze import WORDS
from ..answers.network import FIELDS, SHARES
from .document_writer import write_document
from .documents import Document
from .listings import write_entries

NETWORK_FIELDS = (
    "level", "name", "op", "count", *WORDS, *[f"share.{word}" for word in SHARES], "op_receptive_field",
    "elementwise_by", "inputs", *FIELDS,
)  # fmt: skip
SWAP_FIELDS = ("network", *WORDS)
ZOO_FIELDS = ("name", "source", "input", "params", "macs")


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
    if format == "ndjson":
        write_entries(document, "networks", file)
        return

    def table() -> Any:
        from .network_tables import zoo_table

        return zoo_table(document, exact=exact)

    write_document(document, format, file, table, ZOO_FIELDS, lambda: iter(document["networks"]))
