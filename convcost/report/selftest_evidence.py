"""What the self-test found: every broken rule, and the checks that caught it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TextIO

from .documents import Document
from .formats import write_document
from .model import Head, Line, Section, Table

if TYPE_CHECKING:
    from ..checks.broken_rules import Caught

#: Checks that the table names for a rule; JSON and CSV name all.
FEW = 3

#: The columns of CSV.
FIELDS = ("rule", "caught_by")


def write_selftest(format: str, file: TextIO, rules: Sequence[Caught]) -> None:
    """In any of the formats."""

    def rows() -> list[Document]:
        return [dict(zip(FIELDS, rule)) for rule in rules]

    write_document(selftest_document(rules), format, file, lambda: selftest_table(rules), FIELDS, rows)


def selftest_document(rules: Sequence[Caught]) -> Document:
    """The same for scripts: the rules alone.

    >>> from convcost.checks.broken_rules import Caught
    >>> selftest_document([Caught("params: bias forgotten", ["params"])])
    {'rules': [{'name': 'params: bias forgotten', 'caught_by': ['params']}]}
    """
    return {"rules": [rule._asdict() for rule in rules]}


def selftest_table(rules: Sequence[Caught]) -> Table:
    """A line a rule."""
    lines = [Line(name, (_some(caught),), None, "✓" if caught else "✗") for name, caught in rules]
    head = Head("caught_by", "caught by", "", False, None)
    facts = (f"{sum([bool(rule.caught_by) for rule in rules])} noticed",)
    return Table(f"{len(rules)} broken rules", facts, "rule", (head,), (Section("", tuple(lines)),), (), ())


def _some(caught: Sequence[str]) -> str:
    """The first few checks; more do not fit beside a rule.

    >>> _some(["output_shape", "macs", "elementwise", "peak_bytes"])
    'output_shape, macs and 2 more'
    """
    if len(caught) <= FEW:
        return ", ".join(caught) or "nothing"
    return f"{', '.join(caught[: FEW - 1])} and {len(caught) - FEW + 1} more"
