"""Answers of `sweep` as documents and tables: how many rows there are, the best of them, and the front."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TextIO

from ..analysis.analyze import WORDS
from .columns import Column
from .documents import SCHEMA, Document
from .fits import asked_columns, found_document, levels, ordered_by, orders
from .formats import write_document
from .model import Section, Table
from .network_tables import grid
from .notes import executed, mark, notes
from .units import PLAIN

if TYPE_CHECKING:
    from ..search.sweep import Sweep

#: The columns of CSV.
SWEEP_FIELDS = (
    "level", "text", "variant", "rows", "applicable", "chosen", "like", "settings", *WORDS, "verified.status",
)  # fmt: skip

#: Columns of the numbers of rows.
_WHOLE = PLAIN._replace(exact=True)
COUNTED = (
    Column("rows", "rows", _WHOLE), Column("applicable", "apply", _WHOLE), Column("chosen", "chosen", _WHOLE),
)  # fmt: skip


def sweep_document(sweep: Sweep) -> Document:
    """The document of an answer.

    >>> from convcost.search.sweep import read_search, sweep_layers
    >>> document = sweep_document(sweep_layers(read_search("16,32 @7 k3", ["standard"]), "16,32 @7 k3"))
    >>> document["rows"], document["counts"]
    (2, [{'variant': 'standard', 'rows': 2, 'applicable': 2, 'chosen': 2}])
    """
    return {
        "schema": SCHEMA,
        "name": sweep.name,
        "where": sweep.where or None,
        "order": orders(sweep.order),
        "front_of": orders(sweep.front_of),
        "rows": sweep.rows,
        "counts": [dict(zip(("variant", "rows", "applicable", "chosen"), count)) for count in sweep.counts],
        "best": [found_document(row) for row in sweep.best],
        "front": [{**found_document(row), "like": like} for row, like in sweep.front],
        "front_size": sweep.front_size,
        "file": sweep.file or None,
    }


def write_sweep(sweep: Sweep, format: str, file: TextIO, *, exact: bool = False) -> None:
    """Write an answer."""
    document = sweep_document(sweep)
    table, rows = lambda: sweep_table(document, exact=exact), lambda: levels(document, "counts", "best", "front")
    write_document(document, format, file, table, SWEEP_FIELDS, rows)


def sweep_table(document: Document, *, exact: bool = False) -> Table:
    """The best rows and the front; where neither was asked for, the numbers of rows."""
    rows = [(level, row) for level in ("best", "front") for row in document[level]]
    asked = document["order"] or document["front_of"]
    entries: list[Any] = [(row["text"], row, mark(row), False) for _, row in rows]
    if not asked:
        entries = [(count["variant"], count, "", False) for count in document["counts"]]
    heads, lines = grid(entries, _columns(document) if asked else COUNTED, exact, SWEEP_FIELDS if asked else ())
    cut = len(document["best"])
    both = (("best first", lines[:cut]), ("on the front: no other row beats them", lines[cut:]))
    pairs = both if asked else (("", lines),)
    sections = tuple([Section(title if asked and document["order"] and document["front_of"] else "", some)
                      for title, some in pairs if some])  # fmt: skip
    named = [(row["text"], row) for _, row in rows]
    title = document["name"] + (f", {document['where']}" if document["where"] else "")
    label = "layer" if asked else "variant"
    return Table(title, (), label, heads, sections, executed(named), (*_notes(document), *notes(named)))


def _columns(document: Document) -> list[Column]:
    said = ordered_by([*document["order"], *document["front_of"]])
    return [Column("variant", "variant", None), *asked_columns(said, [word for word in said if word != "variant"])]


def _notes(document: Document) -> Iterator[str]:
    counts = document["counts"]
    applying, chosen = (sum([count[word] for count in counts]) for word in ("applicable", "chosen"))
    variants = f"{len(counts)} variant{'s' * (len(counts) != 1)}"
    yield f"· {document['rows']:,} rows of {variants}, {applying:,} of them apply" + (
        f", {chosen:,} are chosen" if document["where"] else ""
    )
    if document["front_of"]:
        alike = sum([row["like"] for row in document["front"]]) - len(document["front"])
        more = document["front_size"] - len(document["front"])
        yield (
            f"· the front has {document['front_size']:,} point{'s' * (document['front_size'] != 1)}"
            + (f", --top shows {more:,} more" if more else "")
            + (f"; with the same words as those shown: {alike:,} more" if alike else "")
        )
    if document["file"]:
        yield f"· the rows are in {document['file']}"
