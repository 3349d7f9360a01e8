"""What a table says about its own numbers: which rows were executed, at which size, and for which words that speaks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from .columns import COLUMNS, plain
from .model import listed

Row = dict[str, Any]
Named = Sequence[tuple[str, Row]]

VERIFIED, MISMATCH, SKIPPED, REDUCED = "✓", "✗", "–", "*"


def mark(row: Row) -> str:
    """What stands in front of a row: executed and equal, executed and not equal, not executed; * at a reduced size."""
    found = row["verified"]
    if row["reason"] is not None:
        return ""
    sign = {"verified": VERIFIED, "mismatch": MISMATCH}.get(found["status"], SKIPPED)
    return sign + REDUCED * isinstance(found["size"], dict)


def verdict(row: Row) -> str:
    """The same in words.

    >>> verdict({"reason": None, "verified": {"status": "verified", "size": "full", "checks": {}}})
    'verified'
    """
    found = row["verified"]
    if row["reason"] is not None:
        return "–"
    words = "not verified" if found["status"] == "skipped" else found["status"]
    return f"{words} at {short_size(found['size'])}" if isinstance(found["size"], dict) else words


def short_size(size: dict[str, Any]) -> str:
    """A reduced size in the notation of specs.

    >>> short_size({"in_channels": 8, "out_channels": 16, "groups": 2, "input_size": (9, 7), "batch": 1})
    '8:16 @9x7 g2'
    """
    groups = f" g{size['groups']}" * (size["groups"] > 1)
    batch = f" n{size['batch']}" * (size["batch"] > 1)
    return f"{size['in_channels']}:{size['out_channels']} @{plain(size['input_size'])}{groups}{batch}"


def notes(rows: Named) -> tuple[str, ...]:
    """What there is to say about how rows, by name, were executed: a sign, a space, and what it stands for."""
    applying = [(name, row) for name, row in rows if row["reason"] is None]
    return (*_mismatches(applying), *_reduced(applying), *_skipped(applying))


def executed(rows: Named) -> tuple[str, ...]:
    """The headers of the words for which verified rows vouch; none where no row is verified."""
    checks = [row["verified"]["checks"] for _, row in rows if row["verified"]["status"] == "verified"]
    words = [word for word in checks[0] if any([c[word]["ok"] for c in checks])] if checks else []
    return tuple([_label(word) for word in words if word not in unexecuted(rows)])


def unexecuted(rows: Named) -> set[str]:
    """Words that some verified row has by analysis only: showing them would have taken too much.

    >>> too_large = {"expected": (61, 61), "measured": None, "ok": None}
    >>> row = {"verified": {"status": "verified", "checks": {"receptive_field": too_large}}}
    >>> unexecuted([("basic-block", row)])
    {'receptive_field'}
    """
    return {
        word
        for _, row in rows
        for word, check in row["verified"]["checks"].items()
        if check["ok"] is None and check["expected"] is not None
    }


def mismatches(row: Row) -> list[str]:
    """Both numbers of every check of a row that failed.

    >>> failed = {"expected": 10, "measured": 12, "ok": False}
    >>> mismatches({"verified": {"checks": {"params": failed}}})
    ['params 10 by analysis, 12 as executed']
    """
    return [
        f"{_label(word)} {plain(check['expected'])} by analysis, {plain(check['measured'])} as executed"
        for word, check in row["verified"]["checks"].items()
        if check["ok"] is False
    ]


def _mismatches(rows: Named) -> Iterator[str]:
    for name, row in rows:
        if row["verified"]["status"] == "mismatch":
            yield f"{MISMATCH} {name}: {listed(mismatches(row))}"


def _reduced(rows: Named) -> Iterator[str]:
    names: dict[str, list[str]] = {}
    for name, row in rows:
        if isinstance(row["verified"]["size"], dict):
            names.setdefault(short_size(row["verified"]["size"]), []).append(name)
    for size, at_size in names.items():
        yield f"{REDUCED} executed at a reduced size, {size}: {_some(at_size, rows)}"


def _skipped(rows: Named) -> Iterator[str]:
    names: dict[str, list[str]] = {}
    for name, row in rows:
        if row["verified"]["status"] == "skipped":
            names.setdefault(row["verified"].get("reason", ""), []).append(name)
    for reason, skipped in names.items():
        everything = "; every number is by analysis only" if len(skipped) == len(rows) else ""
        which = "" if everything else f": {listed(skipped)}"
        yield f"{SKIPPED} not verified{everything}{which}{f' ({reason})' if reason else ''}"


def _some(names: list[str], rows: Named) -> str:
    return "every row" if len(names) == len(rows) > 1 else listed(names)


def _label(word: str) -> str:
    return " ".join(COLUMNS[word].header.split()) if word in COLUMNS else word
