"""Answers of `fit` as documents and tables: what meets a budget, and what just does not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, TextIO

from ..analysis.analyze import WORDS
from ..answers.comparison import Row
from ..spec import spec_to_json
from .columns import COLUMNS, Column
from .documents import SCHEMA, Document, row_document
from .formats import write_document
from .model import Section, Table, listed
from .network_tables import execution_notes, grid
from .networks import verified_document
from .notes import MISMATCH, SKIPPED, VERIFIED, executed, mark, notes

if TYPE_CHECKING:
    from ..search.fit import Fit, FitRow
    from ..search.select import Order

#: The columns of CSV.
FIT_FIELDS = ("level", "text", "variant", "values", "settings", *WORDS, "verified.status", "verified.reason")

#: Words of every table; those of the budget come in front.
USUAL = ("params", "macs", "peak_bytes", "traffic_bytes")

#: How what varies is written: as the token of a spec, or the option of a network.
TOKENS = {
    "mid_channels": "mid=", "bottleneck_ratio": "ratio=", "groups": "g", "expansion_ratio": "e",
    "depth_multiplier": "m", "batch": "n", "width": "width ",
}  # fmt: skip


def fit_document(fit: Fit) -> Document:
    """The document of an answer.

    >>> from convcost.search.fit import fit_layer
    >>> document = fit_document(fit_layer("64:_ @56 k3", "params<=50k", ["grouped"]))
    >>> document["searched"], document["best"][0]["values"], document["beyond"][0]["values"]
    ({'out_channels': (1, 8192)}, {'out_channels': 2752}, {'out_channels': 2754})
    """
    return {
        "schema": SCHEMA,
        "name": fit.name,
        "budget": fit.budget,
        "order": orders(fit.first),
        "searched": fit.searched,
        "configurations": fit.configurations,
        "fitting": fit.fitting,
        "ranked": fit.ranked,
        "left": list(fit.left),
        "best": [found_document(row) for row in fit.best],
        "beyond": [found_document(row) for row in fit.beyond],
    }


def orders(words: Iterable[Order]) -> list[str]:
    """Words as they are typed."""
    return [f"{'max' if order.descending else 'min'}:{order.word}" for order in words]


def found_document(row: FitRow) -> Document:
    """A configuration: its text, what varies in it, and its answer."""
    start = {"text": row.text, "values": row.values}
    if isinstance(row.answer, Row):
        assert row.spec is not None
        return {**start, "spec": spec_to_json(row.spec), **row_document(row.answer)}
    graph = row.answer.network.graph
    said = {"name": row.answer.network.name, "input": graph.input_shape, "dtype": graph.dtype}
    return {**start, **said, **row.answer.total, "verified": verified_document(row.answer.verified)}


def write_fit(fit: Fit, format: str, file: TextIO, *, exact: bool = False) -> Document:
    """Write an answer, and give its document."""
    document = fit_document(fit)
    table, rows = lambda: fit_table(fit, document, exact=exact), lambda: levels(document, "best", "beyond")
    write_document(document, format, file, table, FIT_FIELDS, rows)
    return document


def levels(document: Document, *names: str) -> list[Document]:
    """The rows of several lists of a document, each with the name of its list."""
    return [{"level": name, **row} for name in names for row in document[name]]


def fit_table(fit: Fit, document: Document, *, exact: bool = False) -> Table:
    """The best, and what lies just beyond."""
    is_layer = bool(document["best"] or document["beyond"]) and "variant" in (document["best"] or document["beyond"])[0]
    rows = [(level, row) for level in ("best", "beyond") for row in document[level]]
    entries = [(row["variant"] if is_layer else varied(row),
                {**row, "values": varied(row)}, _mark(row, level, is_layer=is_layer), False)
               for level, row in rows]  # fmt: skip
    heads, lines = grid(entries, _columns(document, is_layer=is_layer), exact, FIT_FIELDS)
    cut = len(document["best"])
    pairs = (("fits, best first", lines[:cut]), ("just beyond the budget", lines[cut:]))
    sections = tuple([Section(title, some) for title, some in pairs if some])
    best = [(row["variant"], row) for row in document["best"]] if is_layer else []
    below = (*_notes(fit), *(notes(best) if is_layer else _network_notes(document)))
    title = f"{fit.name}, {fit.budget}"
    return Table(title, (), "variant" if is_layer else "width, size", heads, sections, executed(best), below)


def _mark(row: Document, level: str, *, is_layer: bool) -> str:
    if level == "beyond":
        return ""
    if is_layer:
        return mark(row)
    signs = {"mismatch": MISMATCH, "skipped": SKIPPED}
    return signs.get(row["verified"]["status"], VERIFIED)


def _columns(document: Document, *, is_layer: bool) -> list[Column]:
    """What varies, the words of the budget, the usual ones."""
    from ..search.fit import BUDGETS

    limited = [word for word in BUDGETS if f"{word}<" in document["budget"] or f"{word}>" in document["budget"]]
    first = [Column("values", "settings", None)] if is_layer else []
    return first + asked_columns(limited, [*limited, *ordered_by(document["order"])])


def ordered_by(orders: Iterable[str]) -> list[str]:
    """The words of what `orders` gives."""
    return [order.partition(":")[2] for order in orders]


def asked_columns(kept: Sequence[str], asked: Iterable[str]) -> list[Column]:
    """The columns of the words that are asked for and the usual ones; those that are `kept` never leave for room."""
    return [COLUMNS[word]._replace(priority=None if word in kept else at + 2)
            for at, word in enumerate(dict.fromkeys([*asked, *USUAL])) if word in COLUMNS]  # fmt: skip


def varied(row: Document) -> str:
    """What varies in a row, as it is written in a spec or a command.

    >>> varied({"values": {"out_channels": 57, "mid_channels": 8}, "spec": {"in_channels": 64, "out_channels": 57}})
    '64:57 mid=8'
    >>> varied({"values": {"width": "0.5", "size": 192}})
    'width 0.5 @192'
    """
    values, spec = row["values"], row.get("spec", {})
    channels = f"{spec['in_channels']}:{spec['out_channels']}" if {"in_channels", "out_channels"} & {*values} else ""
    sizes = "x".join([str(value) for field, value in values.items() if field.startswith("size")])
    tokens = [f"{TOKENS[field]}{value}" for field, value in values.items() if field in TOKENS]
    before, behind = ([], tokens) if spec else (tokens, [])
    return " ".join(filter(None, [channels, *before, "@" + sizes if sizes else "", *behind])) or "–"


def _notes(fit: Fit) -> Iterator[str]:
    searched = listed([f"{field} {low} to {high}" for field, (low, high) in fit.searched.items()] or ["one"])
    yield f"· of {fit.configurations:,} configurations {fit.fitting:,} fit ({searched})"
    if fit.best:
        each = " of its variant" if fit.ranked == len(fit.best) > 1 else ""
        yield f"· every one was worked out: {_nothing_better(fit, each)}"
    if fit.ranked > len(fit.best):
        yield f"· {fit.ranked - len(fit.best):,} more fit: --top shows them"
    if fit.left:
        yield f"· nothing fits of {listed(fit.left)}; the nearest is shown"


def _nothing_better(fit: Fit, each: str) -> str:
    first = fit.first[0]
    if first.word in ("width", "size"):
        return "nothing wider or larger fits" if len(fit.first) > 1 else f"no larger {first.word} fits"
    what = "nothing that fits" + (each and ", of its variant,")
    return f"{what} has {'more' if first.descending else 'less'} {first.word}"


def _network_notes(document: Document) -> Iterator[str]:
    if document["best"]:
        yield from execution_notes(document["best"][0]["verified"])
