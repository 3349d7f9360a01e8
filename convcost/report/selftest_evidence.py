"""What the self-test found: every broken rule, and the checks that caught it."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import TYPE_CHECKING, TextIO

from .columns import plain
from .documents import SCHEMA, Document
from .formats import write_document
from .model import Head, Line, Section, Table

if TYPE_CHECKING:
    from ..checks.selftest import Caught

#: The columns of CSV.
FIELDS = ("rule", "caught_by", "expected", "measured")


def write_selftest(format: str, file: TextIO, rules: Sequence[Caught]) -> None:
    """In any of the formats."""

    def rows() -> list[Document]:
        return [dict(zip(FIELDS, rule)) for rule in rules]

    write_document(selftest_document(rules), format, file, lambda: selftest_table(rules), FIELDS, rows)


def selftest_document(rules: Sequence[Caught]) -> Document:
    """The same for scripts.

    >>> from convcost.checks.selftest import Caught
    >>> selftest_document([Caught("params: bias forgotten", ["params"], 8, 12)])["rules"]
    [{'name': 'params: bias forgotten', 'caught_by': ['params'], 'expected': 8, 'measured': 12}]
    """
    found = [{**rule._asdict(), **dict(zip(FIELDS[2:], map(_finite, rule[2:])))} for rule in rules]
    return {"schema": SCHEMA, "rules": found}


def _finite(side: object) -> object:
    """A side as JSON can have it, which has no word for what is not a number."""
    return str(side) if isinstance(side, float) and not isfinite(side) else side


def selftest_table(rules: Sequence[Caught]) -> Table:
    """A line a rule, below what it is a rule of: what caught it, and what it broke, as expected and as executed."""
    lines: dict[str, list[Line]] = {}
    for rule in rules:
        of, _, name = rule.name.partition(": ")
        cells = (_some(rule.caught_by), *_sides(rule))
        lines.setdefault(of, []).append(Line(name, cells, None, "✓" if rule.caught_by else "✗"))
    heads = (
        Head("caught_by", "caught by", "", False, 1),
        Head("expected", "broken", "", True, None),
        Head("measured", "executed", "", True, None),
    )
    sections = [Section(of, tuple(some)) for of, some in lines.items()]
    facts = (f"{sum([bool(rule.caught_by) for rule in rules])} noticed",)
    return Table(f"{len(rules)} broken rules", facts, "rule", heads, tuple(sections), (), ())


def _some(caught: Sequence[str]) -> str:
    """The first check, and how many more there are.

    >>> _some(["output_shape", "macs", "elementwise", "peak_bytes"])
    'output_shape +3'
    """
    return f"{caught[0]}{f' +{len(caught) - 1}' * (len(caught) > 1)}" if caught else "nothing"


def _sides(rule: Caught) -> tuple[str, str]:
    """Both sides; of several operations or fields the first that differs, by its name."""
    want, got = rule.expected, rule.measured
    if not (isinstance(want, dict) and isinstance(got, dict)):
        return _short(want), _short(got)
    name = next(key for key in {**want, **got} if want.get(key) != got.get(key))
    return f"{name} {_short(want.get(name))}", _short(got.get(name))


def _short(side: object) -> str:
    """A value in a few letters; of what is read, the last part of each name.

    >>> _short(1 / 3), _short((3, 3)), _short(None), _short(("conv2.norm", "input"))
    ('0.3333', '3x3', '–', 'norm+input')
    """
    if isinstance(side, float):
        return f"{side:.4g}"
    return "+".join([part.rpartition(".")[2] for part in plain(side).split("+")]) or "–"
