"""Answers to report on: of every kind of layer, executed and not, holding and not."""

from __future__ import annotations

import io
from typing import Any

from convcost.answers.check import Check, Verified
from convcost.answers.comparison import Comparison, Layer, Row, answer, compare_variants
from convcost.checks.verifier import Verifier
from convcost.report import Options, open_writer
from convcost.spec import parse_spec

LINES = (
    "64:128 @56 k3",
    "64:128 @56x48 k1x7 s2 p0x3 d1 bias n4 fp16",  # an axis to separate is missing
    "63:65 @9x7 k3",  # no groups divide it
    "64:64 @56 k3 g64",  # grouped: a first row as-given
    "64:96 @28 k3 g4 mid=32 ratio=2",  # groups that belong to the bottleneck
    "32 @8x8x9 k3 t s2 op1",  # transposed, 3-D: most rows do not apply
    "16:32 @100 k9 1d psame-upper",  # padding that has a name
    "1 @1 k1",
    "999999999999999999 @999999999999999999 k3 n999999999999999999",
)


def compared(line: str, **options: Any) -> Comparison:
    return compare_variants(parse_spec(line), **options)


def one_layer(line: str, **options: Any) -> Layer:
    spec = parse_spec(line)
    return Layer(spec, answer("as-given", spec, **options))


class NotExecuted:
    """Stands in for a verifier that finds every row too large."""

    def __call__(self, *_: Any) -> Verified:
        return Verified("skipped", None, {}, "too large to execute, even reduced")

    def relate(self, row: Row, *_: Any) -> Verified | None:
        return row.verified


not_executed = NotExecuted()


def executed(line: str, limit: int = 10**9) -> Comparison:
    return compared(line, verify=Verifier(limit))


def contradicted() -> Comparison:
    """A comparison in which executing `grouped` gave one MAC too many."""
    result = executed("8:16 @9x7 k3")
    return result._replace(rows=tuple([broken(row) if row.variant == "grouped" else row for row in result.rows]))


def broken(row: Row) -> Row:
    assert row.words is not None
    assert row.verified is not None
    macs = row.words["macs"]
    checks = {**row.verified.checks, "macs": Check(macs, macs + 1, False)}
    return row._replace(verified=Verified("mismatch", "full", checks))


def written(format: str, *results: Comparison | Layer, **options: Any) -> str:
    """What a writer of `format` writes for answers."""
    file = io.StringIO()
    writer = open_writer(format, file, Options(**options))
    writer.begin()
    for result in results:
        writer.answer(result)
    writer.end()
    return file.getvalue()
