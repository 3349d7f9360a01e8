"""Answers as documents: the dicts that JSON, CSV and the tables are made from."""

from typing import Any

from ..analysis.analyze import WORDS
from ..answers.check import Check, Verified
from ..answers.comparison import RELATIVE, Comparison, Layer, OpRow, Row
from ..spec import LayerSpec, SpecError, spec_to_json

Document = dict[str, Any]

SCHEMA = "convcost/2"

#: What stands for the words of a row that does not apply, for ratios without a baseline, for a row not executed.
NO_WORDS: Document = dict.fromkeys(WORDS)
NO_RATIOS: Document = dict.fromkeys(RELATIVE)
NOT_VERIFIED: Document = {"status": "skipped", "size": None, "checks": {}}


def comparison_document(comparison: Comparison) -> Document:
    """The document of a comparison: `json.dumps` of it is the answer in JSON.

    >>> from convcost.answers.comparison import compare_variants
    >>> document = comparison_document(compare_variants(LayerSpec(64, 128, (3, 3), (56, 56)), ["standard"]))
    >>> document["schema"], document["baseline"], document["rows"][0]["params"]
    ('convcost/2', 'standard', 73728)
    """
    rows = [row_document(row) for row in comparison.rows]
    return {"schema": SCHEMA, "spec": spec_to_json(comparison.spec), "baseline": comparison.baseline, "rows": rows}


def layer_document(spec: LayerSpec, row: Row, _source: str = "") -> Document:
    """The document of one layer: its spec, and the fields of its row beside it.

    >>> from convcost.answers.comparison import answer
    >>> spec = LayerSpec(64, 128, (3, 3), (56, 56))
    >>> list(layer_document(spec, answer("standard", spec)))[:4]
    ['schema', 'spec', 'variant', 'role']
    """
    return {"schema": SCHEMA, "spec": spec_to_json(spec), **row_document(row)}


def document_of(result: Comparison | Layer) -> Document:
    """The document of either kind of answer."""
    return layer_document(*result) if isinstance(result, Layer) else comparison_document(result)


def error_document(error: SpecError, line: int) -> Document:
    """What stands in a batch for a line that describes no layer; lines and columns count from 1.

    >>> error_document(SpecError("unknown token 'q3'", "did you mean k3?", "64 @56 q3", 7, 9), 12)["error"]["column"]
    8
    """
    return {"error": {"line": line, "column": error.column, "message": error.message, "hint": error.hint}}


def row_document(row: Row) -> Document:
    """One variant: every word, null where the variant does not apply, and the same for each operation."""
    measured: Document = {} if row.measured is None else {"measured": row.measured._asdict()}
    return {
        **row_start(row),
        "relative": row.relative or NO_RATIOS,
        "verified": _verified(row.verified),
        **measured,
        "ops": [_op(op) for op in row.ops],
    }


def row_start(row: Row) -> Document:
    """The fields of a row up to its words."""
    return {
        "variant": row.variant,
        "role": row.role,
        "applicable": row.words is not None,
        "reason": row.reason,
        "settings": row.settings,
        **(row.words or NO_WORDS),
    }


def _op(op: OpRow) -> Document:
    return {"name": op.name, "op": op.kind, **op.words, "relative": op.relative or NO_RATIOS}


def _verified(found: Verified | None) -> Document:
    if found is None:
        return NOT_VERIFIED
    checks = {name: check_document(check) for name, check in found.checks.items()}
    document: Document = {"status": found.status, "size": found.size, "checks": checks}
    return document if found.reason is None else {**document, "reason": found.reason}


def check_document(check: Check) -> Document:
    """The two sides of a check and whether they are the same; its size, where it is not that of what it belongs to."""
    found = {"expected": check.expected, "measured": check.measured, "ok": check.ok}
    return found if check.size == "full" else {**found, "size": check.size}


def schema_text() -> str:
    """The JSON Schema (draft 2020-12) that every JSON answer follows, as it ships in the package.

    >>> schema_text().startswith('{')
    True
    """
    from importlib.resources import files

    return files(__package__).joinpath("schema.json").read_text("utf-8")
