"""What verifying generated layers found: how much was checked, and every check that does not hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, TextIO

from ..spec import LayerSpec, format_spec
from .columns import plain, word_name
from .documents import SCHEMA, Document
from .formats import write_document
from .model import Head, Line, Section, Table

if TYPE_CHECKING:
    from ..checks.examination import Examined


#: The columns of CSV.
FIELDS = ("check", "held", "of")


class Totals(NamedTuple):
    """Sums over generated layers; `failed` are (layer, variant, check, expected, measured)."""

    layers: int
    seed: int
    rows: int = 0
    checks: int = 0
    by_check: tuple[tuple[str, int], ...] = ()
    failed: tuple[tuple[str, str, str, str, str], ...] = ()

    def with_layer(self, spec: LayerSpec, rows: Sequence[Examined]) -> Totals:
        """The sums with one more layer."""
        counts = dict(self.by_check)
        applying = [(row, *pair) for row in rows for pair in row.checks.items() if pair[1].ok is not None]
        for _, name, _ in applying:
            counts[name] = counts.get(name, 0) + 1
        wrong = [(format_spec(spec), row.variant, name, plain(check.expected), plain(check.measured))
                 for row, name, check in applying if not check.ok]  # fmt: skip
        return self._replace(
            rows=self.rows + sum([row.reason is None for row in rows]), checks=self.checks + len(applying),
            by_check=tuple(counts.items()), failed=(*self.failed, *wrong),
        )  # fmt: skip


def write_totals(format: str, file: TextIO, totals: Totals) -> None:
    """In any of the formats."""

    def rows() -> list[Document]:
        return [dict(zip(FIELDS, one)) for one in _by_check(totals)]

    write_document(totals_document(totals), format, file, lambda: totals_table(totals), FIELDS, rows)


def _by_check(totals: Totals) -> list[tuple[str, int, int]]:
    wrong = [check for _, _, check, *_ in totals.failed]
    return [(name, count - wrong.count(name), count) for name, count in totals.by_check]


def totals_document(totals: Totals) -> Document:
    """The same for scripts.

    >>> totals_document(Totals(3, 7))["ok"]
    True
    """
    fields = ("spec", "variant", "check", "expected", "measured")
    return {
        "schema": SCHEMA,
        "random": {"layers": totals.layers, "seed": totals.seed},
        "ok": not totals.failed,
        "rows": totals.rows,
        "checks": [{"name": name, "held": held, "of": count} for name, held, count in _by_check(totals)],
        "failed": [dict(zip(fields, one)) for one in totals.failed],
    }


def totals_table(totals: Totals) -> Table:
    """A line a check."""
    heads = (Head("held", "held", "", True, None), Head("of", "of", "", True, None))
    lines = [Line(word_name(name), (f"{held:,}", f"{count:,}"), None, "✓" if held == count else "✗")
             for name, held, count in _by_check(totals)]  # fmt: skip
    facts = (f"seed {totals.seed}", f"{totals.rows:,} variants executed", f"{totals.checks:,} checks")
    failed = tuple([f"✗ {spec}: {variant}: {word_name(check)}" for spec, variant, check, *_ in totals.failed])
    return Table(f"{totals.layers} generated layers", facts, "check", heads, (Section("", tuple(lines)),), (), failed)
