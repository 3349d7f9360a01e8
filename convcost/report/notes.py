"""What a table says about its own numbers: which rows were executed, at which size, and for which words that speaks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ..analysis.analyze import WORDS
from ..answers.comparison import RELATIVE
from .columns import COLUMNS, plain, read
from .model import listed

Row = dict[str, Any]
Named = Sequence[tuple[str, Row]]

#: Everything in a row that an analysis says: what a check is due for.
ANALYSED = (*WORDS, *[f"relative.{word}" for word in RELATIVE])

#: The statuses of rows that were executed, and not found wrong.
EXECUTED = ("verified", "reduced", "partial")

VERIFIED, MISMATCH, SKIPPED, REDUCED = "✓", "✗", "–", "*"


def mark(row: Row) -> str:
    """What stands in front of a row: executed and equal, executed and not equal, not executed; * at a reduced size."""
    found = row["verified"]
    if row["reason"] is not None:
        return ""
    sign = {"mismatch": MISMATCH, "skipped": SKIPPED}.get(found["status"], VERIFIED)
    return sign + REDUCED * isinstance(found["size"], dict)


def verdict(row: Row) -> str:
    """The same in words.

    >>> verdict({"reason": None, "verified": {"status": "verified", "size": "full", "checks": {}}})
    'verified'
    """
    found = row["verified"]
    if row["reason"] is not None:
        return "–"
    words = {"skipped": "not verified", "reduced": "verified"}.get(found["status"], found["status"])
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
    ran = (*_mismatches(applying), *_reduced(applying), *_unstated(applying), *_skipped(applying))
    return (*ran, *_beside(applying), *_engines(applying))


def _engines(rows: Named) -> Iterator[str]:
    """In what rows were timed."""
    for engine in dict.fromkeys([row["measured"]["engine"] for _, row in rows if row.get("measured")]):
        yield f"· run time: {engine}, fp32, the median of rounds of this run"


def executed(rows: Named) -> tuple[str, ...]:
    """The headers of the words for which executed rows vouch; none where no row was executed. Ratios are one word."""
    checks = [row["verified"]["checks"] for _, row in rows if row["verified"]["status"] in EXECUTED]
    held = dict.fromkeys([word for each in checks for word, check in each.items() if check["ok"]])
    return tuple(dict.fromkeys([_label(word) for word in held if word not in unexecuted(rows)]))


def unexecuted(rows: Named) -> set[str]:
    """Words that some executed row has by analysis only: without a check, or showing them would have taken too much.

    >>> too_large = {"expected": (61, 61), "measured": None, "ok": None}
    >>> row = {"macs": 7, "verified": {"status": "partial", "checks": {"receptive_field": too_large}}}
    >>> sorted(unexecuted([("basic-block", row)]))
    ['macs', 'receptive_field']
    """
    found = set()
    for _, row in rows:
        verified = row["verified"]
        if verified["status"] in EXECUTED:
            checks = verified["checks"]
            found |= {word for word in ANALYSED if word not in checks and read(row, word) is not None}
            found |= {word for word, one in checks.items() if one["ok"] is None and one["expected"] is not None}
    return found


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
    ratios: dict[str, list[str]] = {}
    for name, row in rows:
        size = row["verified"]["checks"].get(f"relative.{RELATIVE[0]}", {}).get("size", "full")
        if isinstance(size, dict) and row["verified"]["size"] == "full":
            ratios.setdefault(short_size(size), []).append(name)
    for size, at_size in ratios.items():
        yield f"{REDUCED} ratios formed again at a reduced size, {size}: {_some(at_size, rows)}"


def _unstated(rows: Named) -> Iterator[str]:
    """Rows whose stages nobody has stated: the sums of their graph were executed, its wiring is what it draws."""
    names = [name for name, row in rows if row["verified"]["checks"].get("stages", {"ok": True})["ok"] is None]
    if names:
        yield f"· wired as drawn, which nothing was held against: {listed(names)}"


def _skipped(rows: Named) -> Iterator[str]:
    names: dict[str, list[str]] = {}
    for name, row in rows:
        if row["verified"]["status"] == "skipped":
            names.setdefault(row["verified"].get("reason", ""), []).append(name)
    for reason, skipped in names.items():
        everything = "; every number is by analysis only" if len(skipped) == len(rows) else ""
        which = "" if everything else f": {listed(skipped)}"
        yield f"{SKIPPED} not verified{everything}{which}{f' ({reason})' if reason else ''}"


def _beside(rows: Named) -> Iterator[str]:
    """Whose figures stand beside ours, and for which rows that tool has none."""
    said = [(name, row["convention"]) for name, row in rows if "convention" in row]
    for tool in dict.fromkeys([f"{one['name']} ({one['versions']}) calls it {one['calls_it']}" for _, one in said]):
        yield f"· {tool}; each operation taken for a module"
    silent: dict[str, list[str]] = {}
    for name, one in said:
        if one["value"] is None:
            silent.setdefault(one["reason"], []).append(name)
    for reason, names in silent.items():
        yield f"{SKIPPED} {reason}: {_some(names, rows)}"


def _some(names: list[str], rows: Named) -> str:
    return "every row" if len(names) == len(rows) > 1 else listed(names)


def _label(word: str) -> str:
    if word.startswith("relative."):
        return "ratios"
    return " ".join(COLUMNS[word].header.split()) if word in COLUMNS else word
