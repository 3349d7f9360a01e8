"""Lists of what there is in the formats that scripts and documents read."""

from collections.abc import Sequence
from typing import TextIO

from ..spec.records import NamedTuple
from .documents import SCHEMA, Document
from .formats import write_document
from .model import Head, Line, Section, Table


class Listing(NamedTuple):
    """A kind of list: the key of its entries in JSON, what one of them is called, and its columns beside the name."""

    key: str
    label: str
    heads: tuple[Head, ...]


VARIANTS = Listing(
    "variants",
    "variant",
    (
        Head("role", "role", "", False, None),
        Head("summary", "structure", "", False, None),
        Head("shown", "shown of", "", False, None),
    ),
)
TOPICS = Listing(
    "topics", "topic", (Head("summary", "summary", "", False, None), Head("aliases", "aliases", "", False, None))
)


def write_listing(listing: Listing, entries: Sequence[Document], format: str, file: TextIO) -> None:
    """Write a list; each of `entries` has a name and a word under the key of every column.

    >>> import sys
    >>> entry = {"name": "tcn", "role": "residual-block", "summary": "two causal", "shown": ["1d"]}
    >>> write_listing(VARIANTS, [entry], "ndjson", sys.stdout)
    {"schema":"convcost/2","name":"tcn","role":"residual-block","summary":"two causal","shown":["1d"]}
    """
    document = {"schema": SCHEMA, listing.key: entries}
    fields = ("name", *[head.key for head in listing.heads])
    if format == "ndjson":
        write_entries(document, listing.key, file)
    else:
        write_document(document, format, file, lambda: listing_table(listing, entries), fields, lambda: entries)


def write_entries(document: Document, key: str, file: TextIO) -> None:
    """The entries of a document that lists, a line of JSON each."""
    from .as_json import encode

    file.writelines(encode({"schema": SCHEMA, **entry}) + "\n" for entry in document[key])


def listing_table(listing: Listing, entries: Sequence[Document]) -> Table:
    """A line an entry."""
    lines = [Line(entry["name"], tuple([_cell(entry[head.key]) for head in listing.heads])) for entry in entries]
    return Table("", (), listing.label, listing.heads, (Section("", tuple(lines)),), (), ())


def _cell(value: str | Sequence[str]) -> str:
    return value if isinstance(value, str) else ", ".join(value)
