"""Another tool's figures layer by layer beside a convention's: their document, their table, and the writer of both."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TextIO

from .columns import Column
from .documents import SCHEMA, Document
from .formats import write_document
from .model import Section, Table, listed
from .network_tables import grid
from .notes import MISMATCH, SKIPPED, VERIFIED
from .units import COUNTS

if TYPE_CHECKING:
    from ..conventions.layers import PerLayer

LAYER_FIELDS = ("layer", "convention", "theirs", "ours", "difference", "term")


def layers_document(found: PerLayer) -> Document:
    """Another tool's figures beside those of one convention, layer by layer; the first that differs."""
    return {
        "schema": SCHEMA,
        "name": found.network,
        "convention": found.convention.name,
        "versions": found.convention.versions,
        "agreeing": list(found.agreeing),
        "layers": [one._asdict() | {"difference": one.theirs - one.ours} for one in found.layers],
        "products": found.products,
        "not_in_file": list(found.missing),
        "first": None if found.first is None else found.first.layer,
        "reason": found.reason or None,
    }


def write_layers(found: PerLayer, format: str, file: TextIO, *, exact: bool = False) -> None:
    """Layer by layer."""
    document = layers_document(found)

    def rows() -> Iterator[Document]:
        yield from [{"convention": document["convention"], **one} for one in document["layers"]]

    write_document(document, format, file, lambda: theirs_table(document, exact=exact), LAYER_FIELDS, rows)


def theirs_table(document: Document, *, exact: bool = False) -> Table:
    """Each layer, the first that differs, and what agrees."""
    columns = (
        Column("theirs", "theirs", COUNTS), Column("ours", "ours", COUNTS), Column("difference", "difference", COUNTS),
        Column("term", "term", None, 1),
    )  # fmt: skip
    different = [one for one in document["layers"] if one["difference"]]
    entries: list[tuple[str, dict[str, Any], str, bool]] = [
        (one["layer"], one, MISMATCH if one["difference"] else "", False) for one in document["layers"]
    ]
    heads, lines = grid(entries, columns, exact)
    notes = tuple(_compared(document, len(different)))
    title = f"{document['name']}, layer by layer beside {document['convention']}"
    return Table(title, (), "layer", heads, (Section("", lines),), (), notes)


def _compared(document: Document, different: int) -> Iterator[str]:
    """What agrees and what does not; a mark only where every convolution and matrix product was compared."""
    layers, missing = len(document["layers"]), document["not_in_file"]
    yield f"· beside {document['convention']}, {layers - different} of {layers} layers are the same"
    if missing:
        compared = document["products"] - len(missing)
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        yield (
            f"{SKIPPED} {compared} of {document['products']} convolutions and matrix products compared; "
            f"{len(missing)} not in the file: {missing[0]}{more}"
        )
    if document["first"]:
        yield f"{MISMATCH} the first that differs: {document['first']}: {document['reason']}"
    if document["agreeing"]:
        every = "· what is in the file" if missing else f"{VERIFIED} every layer"
        yield f"{every} agrees with {listed(document['agreeing'])}"
