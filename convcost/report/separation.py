"""What trained kernels would lose, as documents."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, TextIO

from ..spec import format_spec, spec_to_json
from .documents import NOT_VERIFIED, SCHEMA, Document, check_document
from .formats import write_document
from .model import Table

if TYPE_CHECKING:
    from ..answers.check import Verified
    from ..trained.answer import Removal, Separated, Separation
    from ..trained.rows import Row

#: Fields of CSV: a line a row of a layer; a layer without any has one line with its reason.
FIELDS = (
    *("layer", "layer_spec", "layer_macs", "dead.out", "dead.in", "dead.taps", "reason"),
    *("variant", "order", "rank", "share", "error", "noise", "output_error", "macs", "params", "spec", "groups"),
    "verified.status",
)


def separation_document(found: Separation) -> Document:
    """The document of a separation; `families` of each layer are its rows, `share` says of which budget one is best."""
    return {
        "schema": SCHEMA,
        "name": found.name,
        "asked": {"macs": found.asked.macs, "error": found.asked.error, "curve": found.asked.curve},
        "input": found.input or None,
        "macs": found.macs,
        "macs_after": None if found.asked.macs is found.asked.error is None else found.macs_after,
        "layers": [_layer(layer) for layer in found.layers],
        "dead": None if found.removal is None else _removal(found.removal),
        "not_looked_at": found.inside,
        "notes": list(found.notes),
    }


def _layer(layer: Separated) -> Document:
    best = [(share, row) for share, row in layer.best if row is not None]
    rows: dict[object, tuple[Row, float | None]] = {(row.variant, row.ranks): (row, None) for row in layer.rows}
    rows.update({(row.variant, row.ranks): (row, share) for share, row in reversed(best)})
    return {
        "name": layer.name,
        "spec": None if layer.spec is None else spec_to_json(layer.spec),
        "macs": layer.macs,
        "params": layer.params,
        "reason": layer.reason or None,
        "notes": list(layer.notes),
        "storage_error": layer.storage,
        "filter": layer.filter or None,
        "dead": None if layer.dead is None else {
            "out": layer.dead.out, "in": layer.dead.into, "taps": layer.dead.taps, "on_padding": layer.dead.padding
        },
        "exact_ranks": {name: rank for name, rank, _ in layer.exact},
        "not_applicable": dict(layer.missing),
        "families": [_row(row, share) for row, share in rows.values()],
        "verified": layer.status,
    }  # fmt: skip


def _row(row: Row, share: float | None) -> Document:
    return {
        "variant": row.variant,
        "order": row.order,
        "rank": row.ranks[0] if len(row.ranks) == 1 else list(row.ranks) or None,
        "share": share,
        "error": row.error,
        "noise": row.noise,
        "output_error": row.output_error,
        "macs": row.macs,
        "params": row.params,
        "spec": format_spec(row.spec),
        "groups": row.groups,
        "verified": _verified(row.verified),
    }


def _verified(found: Verified | None) -> Document:
    if found is None:
        return NOT_VERIFIED
    checks = {name: _finite(check_document(check)) for name, check in found.checks.items()}
    return {"status": found.status, "size": found.size, "checks": checks}


def _finite(check: Document) -> Document:
    """JSON has no infinity and no NaN: they are words there."""
    return {
        key: value if not isinstance(value, float) or value - value == 0 else str(value) for key, value in check.items()
    }


def _removal(found: Removal) -> Document:
    return {
        "total": found.total._asdict(),
        "upper_bound": found.upper._asdict(),
        "removable": found.fitting._asdict(),
        "layers": [
            {
                "name": one.name, "before": format_spec(one.before), "after": format_spec(one.after),
                "verified": _verified(one.verified),
            }
            for one in found.layers
        ],
    }  # fmt: skip


def write_separation(found: Separation, format: str, file: TextIO, *, exact: bool = False) -> None:
    """A line a layer; of one layer alone, a line a family."""
    document = separation_document(found)

    def table() -> Table:
        from .separation_tables import separation_table

        return separation_table(found, exact=exact)

    write_document(document, format, file, table, FIELDS, lambda: separation_lines(found, document))


def separation_lines(found: Separation, document: Document) -> Iterator[Document]:
    """Rows of CSV."""
    for one, layer in zip(found.layers, document["layers"]):
        spec = None if one.spec is None else format_spec(one.spec)
        whole = {"layer": layer["name"], "layer_spec": spec, "layer_macs": layer["macs"], "reason": layer["reason"],
                 "dead": layer["dead"] or {}}  # fmt: skip
        for row in layer["families"] or [{}]:
            yield {**whole, **row}
