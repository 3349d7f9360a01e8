"""What conventions say of a network, and what explains a figure, as documents and as tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TextIO

from .columns import Column, plain
from .documents import SCHEMA, Document
from .formats import write_document
from .listings import write_entries
from .model import Head, Line, Section, Table, listed
from .networks import verified_document
from .notes import MISMATCH, SKIPPED, VERIFIED
from .units import COUNTS, PLAIN

if TYPE_CHECKING:
    from ..conventions.answer import Explained, Explanation, Reconciliation, Said
    from ..conventions.layers import PerLayer
    from ..conventions.registry import Convention, Sum

#: Columns of terms, in the order in which they stand: what family each has, and its header.
FAMILIES = {
    "multiply-adds": "multiply-\nadds", "norms": "norms", "activations": "activa\u00ad\ntions", "pools": "pools",
    "bias": "bias", "adds": "adds", "other": "other",
}  # fmt: skip

_WORDS = (Column("calls_it", "calls it", None, 5),)
_FIGURE = Column("value", "figure", COUNTS)
_TERMS = tuple([Column(f"by_family.{key}", header, COUNTS, at) for at, (key, header) in enumerate(FAMILIES.items(), 1)])

TERM_COLUMNS = (
    Column("coefficient", "×", PLAIN),
    Column("amount", "amount", COUNTS),
    Column("adds", "adds", COUNTS),
    Column("evidence", "evidence", None, 1),
    Column("from", "from", None, 2),
)

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


def said_document(said: Said, executed: str) -> Document:
    """What one convention says."""
    convention, summed = said.convention, said.sum
    document: Document = {
        "name": convention.name,
        "versions": convention.versions,
        "calls_it": convention.calls_it,
        "value": summed.value,
        "terms": _terms(summed, executed),
        "by_family": _by_family(summed),
        "needs_facts": said.needs_facts,
    }
    if said.otherwise:
        document["assuming"] = said.otherwise
    return document | ({"reason": summed.reason} if summed.reason else {})


def _terms(summed: Sum, executed: str, *, named: bool = False) -> list[Document]:
    """Coefficients are the tool's opinion; amounts are counted here, and those of products executed."""
    return [
        {
            "term": term.term,
            "coefficient": term.coefficient,
            "amount": term.amount,
            "adds": term.adds,
            "evidence": executed if term.executed else "counted",
            "operations": list(term.operations) if named else len(term.operations),
        }
        for term in summed.terms
    ]


def _by_family(summed: Sum) -> Document:
    sums: Document = dict.fromkeys(FAMILIES)
    if summed.value is not None:
        for term in summed.terms:
            sums[term.family] = (sums[term.family] or 0) + term.adds
    return sums


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
        "terms": _terms(found.sum, executed, named=True),
    }


def number(value: Fraction) -> int | float:
    """A difference: whole where it is.

    >>> number(Fraction(-6, 2)), number(Fraction(1, 2))
    (-3, 0.5)
    """
    return value.numerator if value.denominator == 1 else float(value)


def reconciliation_table(found: Reconciliation, *, exact: bool = False) -> Table:
    """What explains the figures, where some are given, else a line a convention."""
    document = reconciliation_document(found)
    return figures_table(document) if found.figures else conventions_table(document, exact=exact)


def write_reconciliation(found: Reconciliation, format: str, file: TextIO, *, exact: bool = False) -> None:
    """A line a convention; with figures, what explains each, a line a term."""
    document = reconciliation_document(found)

    def table() -> Table:
        return reconciliation_table(found, exact=exact)

    if found.figures:
        write_document(document, format, file, table, FIGURE_FIELDS, lambda: _figure_rows(document))
    else:
        write_document(document, format, file, table, FIELDS, lambda: iter(document["conventions"]))


def _figure_rows(document: Document) -> Iterator[Document]:
    for figure in document["figures"]:
        for found in figure["explanations"]:
            yield from [{"given": figure["given"], **found, **term} for term in found["terms"]]
        for near in figure["nearest"]:
            yield {"given": figure["given"], **near, "match": "nearest"}


def conventions_table(document: Document, *, exact: bool = False) -> Table:
    """A line a convention: its figure, and what each family of operations adds to it."""
    from .network_tables import grid

    said = _rows(document)
    entries = [(one["name"], one, "", False) for one in said]
    terms = [column for column in _TERMS if any([one["by_family"][column.key[10:]] for one in said])]
    heads, lines = grid(entries, (*_WORDS, _FIGURE, *terms), exact)
    notes = (*_silent(document), *_assumed(document), *_notes(document))
    return Table(document["name"], _facts(document), "convention", heads, (Section("", lines),), (), notes)


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


def _facts(document: Document) -> tuple[str, ...]:
    shape = document["input"]
    return (plain(shape[1:]), document["dtype"], f"batch {shape[0]}")


def _silent(document: Document) -> Iterator[str]:
    """The conventions that give no figure, by reason."""
    reasons: dict[str, list[str]] = {}
    for one in document["conventions"]:
        if one["value"] is None and not one.get("assuming"):
            reasons.setdefault(one.get("reason", "").partition(" gives ")[2], []).append(one["name"])
    for reason, names in reasons.items():
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
    from .network_tables import execution_notes

    yield from execution_notes(document["verified"])
    yield "· a figure is the sum of what stands behind it; multiply-adds are counted here, coefficients are each tool's"


def figures_table(document: Document) -> Table:
    """What explains each figure: a section for each sum, its terms, and the conventions that share it.

    Numbers are whole: the sum is to be added up.
    """
    from .network_tables import grid

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
    return Table(document["name"], _facts(document), "term", heads, tuple(sections), (), (*notes, *ending))


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
        yield f"· {figure['given']}: several values fit; one more digit would decide: {figure['deciding']}"
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
    from .network_tables import grid

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
    yield f"· {layers - different} of {layers} layers are the same as {document['convention']}'s"
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
