"""What conventions say of a network, and what explains a figure: documents, and the writers of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, TextIO

from .documents import SCHEMA, Document
from .formats import write_document
from .listings import write_entries
from .model import Head, Line, Section, Table
from .networks import verified_document
from .said import FAMILIES, said_document, terms_of

if TYPE_CHECKING:
    from ..conventions.answer import Explained, Explanation, Reconciliation
    from ..conventions.registry import Convention

#: The fields of CSV: a line a convention, a line a term of an explanation.
FIELDS = ("name", "versions", "calls_it", "value", "needs_facts", *[f"by_family.{key}" for key in FAMILIES])
FIGURE_FIELDS = (
    *("given", "convention", "versions", "value", "factor", "match", "network", "input", "assuming", "difference"),
    *("term", "coefficient", "amount", "adds", "evidence"),
)
LIST_FIELDS = ("name", "versions", "calls_it", "source")


def reconciliation_document(found: Reconciliation) -> Document:
    """The document of a reconciliation: `value` of a convention is the sum of what its terms add.

    >>> from convcost.conventions.answer import reconcile_network
    >>> from convcost.networks.single import read_single
    >>> document = reconciliation_document(reconcile_network(read_single("64:128 @56 k3"), ["231 M"]))
    >>> document["conventions"][0]["value"], document["figures"][0]["explanations"][0]["match"]
    (231211008, 'rounded')
    """
    network = found.network
    verified = {**verified_document(found.verified), "not_executed": []}
    return {
        "schema": SCHEMA,
        "name": network.name,
        "input": network.graph.input_shape,
        "dtype": network.graph.dtype,
        "status": "partial" if found.unknown else "complete",
        "unknown": list(found.unknown),
        "macs": None if found.unknown else found.macs,
        "facts": None if network.facts is None else list(network.facts),
        "conventions": [said_document(one, found.executed) for one in found.said],
        "figures": [_figure(one, found) for one in found.figures],
        "verified": verified,
    }


def _figure(one: Explained, found: Reconciliation) -> Document:
    return {
        "given": one.given.text,
        "explanations": [_explanation(each, found) for each in one.explanations],
        "nearest": [
            {
                "convention": near.convention.name,
                "versions": near.convention.versions,
                "value": near.value,
                "difference": number(near.difference),
            }
            for near in one.nearest
        ],
        "deciding": one.deciding or None,
        "tool": one.given.tool or None,
        "others": [_explanation(each, found) for each in one.others],
    }


def _explanation(found: Explanation, of: Reconciliation) -> Document:
    """One of the explanations; what was executed is the network itself, at its own size."""
    itself = found.place.network == of.network.name and not found.place.input
    executed = of.executed if itself else "counted"
    return {
        "convention": found.convention.name,
        "versions": found.convention.versions,
        "calls_it": found.convention.calls_it,
        "value": found.value,
        "factor": found.factor or None,
        "match": found.match,
        "network": found.place.network,
        "input": found.place.input or None,
        "assuming": found.assuming or None,
        "terms": terms_of(found.sum, executed, named=True),
    }


def number(value: Fraction) -> int | float:
    """A difference: whole where it is.

    >>> number(Fraction(-6, 2)), number(Fraction(1, 2))
    (-3, 0.5)
    """
    return value.numerator if value.denominator == 1 else float(value)


def reconciliation_table(found: Reconciliation, *, exact: bool = False) -> Table:
    """What explains the figures, where some are given, else a line a convention."""
    from .reconciliation_tables import conventions_table, figures_table

    document = reconciliation_document(found)
    return figures_table(document) if found.figures else conventions_table(document, exact=exact)


def write_reconciliation(found: Reconciliation, format: str, file: TextIO, *, exact: bool = False) -> None:
    """A line a convention; with figures, what explains each, a line a term."""
    document = reconciliation_document(found)

    def table() -> Table:
        return reconciliation_table(found, exact=exact)

    if found.figures:
        write_document(document, format, file, table, FIGURE_FIELDS, lambda: figure_rows(document))
    else:
        write_document(document, format, file, table, FIELDS, lambda: iter(document["conventions"]))


def figure_rows(document: Document) -> Iterator[Document]:
    """A line a term of each explanation, and the nearest where there is none."""
    for figure in document["figures"]:
        for found in figure["explanations"]:
            yield from [{"given": figure["given"], **found, **term} for term in found["terms"]]
        for near in figure["nearest"]:
            yield {"given": figure["given"], **near, "match": "nearest"}


def write_conventions(found: Sequence[Convention], format: str, file: TextIO) -> None:
    """The list of conventions: versions, the word that each uses, where the rules are from."""
    entries = [{key: getattr(one, key) for key in LIST_FIELDS} for one in found]
    document = {"schema": SCHEMA, "conventions": entries}
    if format == "ndjson":
        write_entries(document, "conventions", file)
        return

    def table() -> Table:
        heads = tuple([Head(key, key.replace("_", " "), "", False, at) for at, key in enumerate(LIST_FIELDS[1:])])
        lines = [Line(one["name"], tuple([one[key] for key in LIST_FIELDS[1:]])) for one in entries]
        return Table("", (), "convention", heads, (Section("", tuple(lines)),), (), ())

    write_document(document, format, file, table, LIST_FIELDS, lambda: iter(entries))
