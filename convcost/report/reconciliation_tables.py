"""Tables of reconciliations: a line a convention, or the sums that explain figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from .columns import Column
from .documents import Document
from .model import Section, Table, listed
from .network_tables import execution_notes, grid, title_facts
from .notes import MISMATCH, SKIPPED
from .said import FAMILIES
from .units import COUNTS, PLAIN

#: Headers of families that break in the middle.
_BROKEN = {"multiply-adds": "multiply-\nadds", "activations": "activa\u00ad\ntions"}

_WORDS = (Column("calls_it", "calls it", None, 5),)
_FIGURE = Column("value", "figure", COUNTS._replace(digits=4))
_TERMS = tuple([Column(f"by_family.{key}", _BROKEN.get(key, key), COUNTS, at) for at, key in enumerate(FAMILIES, 1)])

TERM_COLUMNS = (
    Column("coefficient", "×", PLAIN),
    Column("amount", "amount", COUNTS, 2),
    Column("adds", "adds", COUNTS),
    Column("evidence", "evidence", None, 1),
    Column("from", "from", None, 2),
)


def conventions_table(document: Document, *, exact: bool = False) -> Table:
    """A line a convention: its figure, and what each family of operations adds to it."""
    said = _rows(document)
    entries = [(one["name"], one, "", False) for one in said]
    terms = [column for column in _TERMS if any([one["by_family"][column.key[10:]] for one in said])]
    heads, lines = grid(entries, (*_WORDS, _FIGURE, *terms), exact)
    notes = (*_silent(document), *_assumed(document), *_notes(document))
    return Table(document["name"], title_facts(document), "convention", heads, (Section("", lines),), (), notes)


def _rows(document: Document) -> list[Document]:
    """The conventions that have a figure; versions that say the same are one, others have them behind the name."""
    shown: dict[tuple[str, str], Document] = {}
    for one in document["conventions"]:
        if one["value"] is not None or one.get("assuming"):
            shown[one["name"], repr((one["value"], one["terms"]))] = one
    often = Counter([name for name, _ in shown])
    return [
        {**one, "name": f"{name} {one['versions']}"} if often[name] > 1 else one for (name, _), one in shown.items()
    ]


def _silent(document: Document) -> Iterator[str]:
    """The conventions that give no figure, by reason."""
    reasons: dict[str, list[str]] = {}
    for one in document["conventions"]:
        if one["value"] is None and not one.get("assuming"):
            reasons.setdefault(one.get("reason", "").partition(" gives ")[2], []).append(one["name"])
    for reason, all_names in reasons.items():
        names = list(dict.fromkeys(all_names))
        yield f"{SKIPPED} no figure: {listed(names)} {'give' if len(names) > 1 else 'gives'} {reason}"


def _assumed(document: Document) -> Iterator[str]:
    """Which figures depend on what the file does not say, and what they would be."""
    unsure = [one for one in document["conventions"] if one["needs_facts"]]
    for one in unsure:
        distinct = {value: assumed for assumed, value in reversed(one["assuming"].items())}
        values = [
            f"{'–' if value is None else f'{value:,}'} with {assumed}" for value, assumed in reversed(distinct.items())
        ]
        yield f"{SKIPPED} {one['name']} needs module facts: {listed(values)}"
    if unsure:
        yield "· a line in the network's file states them, such as: facts relu=function global-average-pool=mean"


def _notes(document: Document) -> Iterator[str]:
    if document["unknown"]:
        yield f"{MISMATCH} partial, so no figure: these operations are not known: {listed(document['unknown'])}"
        return
    yield from execution_notes(document["verified"])
    yield "· a figure is the sum of what stands behind it; multiply-adds are counted here, coefficients are each tool's"


def figures_table(document: Document) -> Table:
    """What explains each figure: a section for each sum, its terms, and the conventions that share it.

    Numbers are whole: the sum is to be added up.
    """
    sections, notes = [], []
    rows: list[tuple[str, list[Document]]] = []
    for figure in document["figures"]:
        for title, terms in _sums(figure, document["name"]):
            rows.append((title, terms))
        notes += list(_verdict(figure, document["name"]))
    entries = [(term["term"], {**term, "from": _where(term)}, "", False) for _, terms in rows for term in terms]
    heads, lines = grid(entries, TERM_COLUMNS, exact=True) if entries else ((), ())
    at = 0
    for title, terms in rows:
        sections.append(Section(title, lines[at : at + len(terms)]))
        at += len(terms)
    ending = list(_notes(document)) if entries or document["unknown"] else []
    return Table(document["name"], title_facts(document), "term", heads, tuple(sections), (), (*notes, *ending))


def _sums(figure: Document, name: str) -> Iterator[tuple[str, list[Document]]]:
    """One title and its terms for each sum; conventions with the same terms share it."""
    shared: dict[str, list[Document]] = {}
    for found in figure["explanations"]:
        terms = [(term["term"], term["adds"]) for term in found["terms"]]
        key = repr((terms, found["factor"], found["network"], found["input"]))
        shared.setdefault(key, []).append(found)
    for found in shared.values():
        yield _title(figure["given"], found, name), found[0]["terms"]


def _title(given: str, found: list[Document], name: str) -> str:
    one = found[0]
    names = listed(dict.fromkeys([each["convention"] for each in found]))
    factor = f" {one['factor']}" if one["factor"] else ""
    size = f" at {one['input']}" if one["input"] else ""
    where = f", {one['network']}{size}" if size or one["network"] != name else ""
    assuming = f", with {one['assuming']}" if one["assuming"] else ""
    how = {"exact": "exactly", "rounded": "rounded", "cut off": "cut off"}[one["match"]]
    return f"{given} = {one['value']:,}{factor} {how}: {names}{where}{assuming}"


def _where(term: Document) -> str:
    """The operations of a term: the first few, and how many there are."""
    names = term["operations"]
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return f"{names[0]}{more}" if names else ""


def _verdict(figure: Document, name: str) -> Iterator[str]:
    """What there is to say about one figure beside its sums."""
    if figure["deciding"]:
        yield f"· {figure['given']}: several values fit; more digits would decide: {figure['deciding']}"
    if not figure["explanations"]:
        yield f"{MISMATCH} {figure['given']}: {_not_explained(figure, name)}"


def _not_explained(figure: Document, name: str) -> str:
    """Not the tool's that is said to have printed it, but others'; or nobody's, and the nearest."""
    if figure["others"]:
        values, tool = [f"{one['value']:,}" for one in figure["nearest"]], figure["tool"]
        own = f"not {_possessive(tool)} ({listed(values)})" if values else f"{tool} has no figure"
        return f"{own}; it is {_whose(figure['others'], name)}"
    near = [f"{one['convention']} {one['value']:,} ({one['difference']:+,})" for one in figure["nearest"]]
    nearest = f"; nearest: {listed(near)}" if near else ""
    return f"no convention explains it{nearest}"


def _whose(found: list[Document], name: str) -> str:
    """The conventions whose value it is, twice or half of it; those of another network or size together."""
    places: dict[str, list[str]] = {}
    for one in found:
        size = f" at {one['input']}" if one["input"] else ""
        place = f" of {one['network']}{size}" if size or one["network"] != name else ""
        factor = {None: "", "×2": "twice ", "÷2": "half of "}[one["factor"]]
        places.setdefault(place, []).append(f"{factor}{_possessive(one['convention'])}")
    return "; ".join([f"{listed(dict.fromkeys(names))}{place}" for place, names in places.items()])


def _possessive(name: str) -> str:
    return f"{name}'" if name.endswith("s") else f"{name}'s"
