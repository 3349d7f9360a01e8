"""Budgets: what a network or a layer may cost, and how much more than it did, as a file says it.

    [tool.convcost.budget]
    "net.txt" = { macs = "150M", peak_bytes = "4MiB", growth = "+2%" }
    "resnet50 @192" = { params = "<=26M" }

A number is the most there may be, unless a sign stands before it. Growth is against a baseline, a file of what each
target had, which is committed beside the budgets.
"""

from __future__ import annotations

import operator
import tomllib
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from fractions import Fraction
from math import inf
from pathlib import Path
from typing import Any

from ..search.where import read_quantity
from ..spec.errors import SpecError, clip
from ..spec.records import NamedTuple
from .targets import WORDS

#: Where budgets are looked for, in a folder and those above it.
FILES = ("convcost.toml", "pyproject.toml")

#: The baseline, unless the budgets say another.
BASELINE = "convcost-baseline.json"

#: Words that may grow by so much only, where growth says none: the others follow from them.
GROWING = ("params", "macs", "peak_bytes", "traffic_bytes")

SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    "<=": operator.le, ">=": operator.ge, "==": operator.eq, "<": operator.lt, ">": operator.gt,
}  # fmt: skip

TABLE = "[tool.convcost.budget]"


class Limit(NamedTuple):
    """What one word may be: how it compares, with what, and as it was written."""

    word: str
    sign: str
    value: Fraction
    text: str


class Growth(NamedTuple):
    """How much more than the baseline a word may be: by a share of it, or by a number."""

    word: str
    value: Fraction
    is_share: bool
    text: str


class Target(NamedTuple):
    """Something with a budget, by the text that names it, and the line of the file where that stands."""

    name: str
    limits: tuple[Limit, ...]
    growth: tuple[Growth, ...] = ()
    line: int = 1


class Budgets(NamedTuple):
    """All that a file says: its path, the targets, the path of the baseline."""

    path: Path
    targets: tuple[Target, ...]
    baseline: Path


def find_budgets(folder: Path) -> Path:
    """The file with budgets in the folder, or the nearest above it. Raises SpecError where there is none."""
    for place in (folder.resolve(), *folder.resolve().parents):
        for name in FILES:
            path = place / name
            if path.is_file() and (name != "pyproject.toml" or "convcost" in _toml(path).get("tool", {})):
                return path
    hint = f'write {TABLE} in pyproject.toml, with lines such as "net.txt" = {{ macs = "150M" }}'
    raise SpecError("there are no budgets here", hint)


def read_budgets(path: Path) -> Budgets:
    """What a pyproject.toml or a convcost.toml, which has `[budget]` alone, says.

    Raises SpecError for what is no budget, with the key where it stands.
    """
    document = _toml(path)
    table = document if path.name != "pyproject.toml" else document.get("tool", {}).get("convcost", {})
    _known(table, ("budget", "baseline"), path.name)
    budget = table.get("budget", {})
    if not isinstance(budget, dict) or not budget:
        raise SpecError(
            f"{path.name} has no budgets", f'write {TABLE}, with lines such as "net.txt" = {{ macs = "150M" }}'
        )
    lines = path.read_text("utf-8").splitlines()
    targets = [read_target(name, said, _line(lines, name)) for name, said in budget.items()]
    baseline = table.get("baseline", BASELINE)
    if not isinstance(baseline, str) or not baseline:
        raise SpecError(f"baseline of {path.name} is no path", f'write baseline = "{BASELINE}"')
    return Budgets(path, tuple(targets), path.parent / baseline)


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise SpecError(f"{clip(str(path))} cannot be read: {why}", "budgets stand in a TOML file") from None


def _line(lines: Sequence[str], name: str) -> int:
    """The line where a target stands, counted from 1."""
    return next((number for number, line in enumerate(lines, 1) if f'"{name}"' in line or line.startswith(name)), 1)


def _known(table: Mapping[str, object], known: Sequence[str], where: str) -> None:
    for key in table:
        if key not in known:
            near = get_close_matches(key, known, 1)
            hint = f"did you mean {near[0]}?" if near else "there are " + ", ".join(known)
            raise SpecError(f"unknown key {clip(key)!r} in {where}", hint, key)


def read_target(name: str, said: object, line: int = 1) -> Target:
    """One target's budget: limits by word, and growth for all words or by word.

    >>> read_target("net.txt", {"macs": "150M", "growth": {"params": "+0"}}).limits[0]
    Limit(word='macs', sign='<=', value=Fraction(150000000, 1), text='150M')
    """
    if not isinstance(said, dict):
        raise SpecError(f"the budget of {clip(name)} is no table", 'such as { macs = "150M" }', name)
    _known(said, (*WORDS, "growth"), f"the budget of {clip(name)}")
    limits = [read_limit(word, value) for word, value in said.items() if word != "growth"]
    growth = said.get("growth", {})
    each = growth if isinstance(growth, dict) else dict.fromkeys(GROWING, growth)
    _known(each, WORDS, f"the growth of {clip(name)}")
    if not limits and not each:
        raise SpecError(f"the budget of {clip(name)} is empty", 'such as { macs = "150M" }', name)
    return Target(name, tuple(limits), tuple([read_growth(word, value) for word, value in each.items()]), line)


def read_limit(word: str, value: object) -> Limit:
    """What a word may be: `150M`, `<=150M`, `4MiB`, or a whole number.

    >>> read_limit("peak_bytes", "<4MiB")[1:3], read_limit("macs", 9)[1:3]
    (('<', Fraction(4194304, 1)), ('<=', Fraction(9, 1)))

    Raises SpecError for what is no quantity.
    """
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < inf:
        exact = Fraction(str(value))
        return Limit(word, "<=", exact, f"{int(exact):,}" if exact.denominator == 1 else str(value))
    if not isinstance(value, str):
        text = str(value)
        raise SpecError(f"{word} is no quantity", 'such as "150M", "4MiB", "<=1500" or a whole number', text)
    text = value.strip()
    sign = next((sign for sign in SIGNS if text.startswith(sign)), "")
    try:
        number = read_quantity(text.removeprefix(sign))
    except SpecError as error:
        start = len(sign)
        raise SpecError(f"{word}: {error.message}", error.hint, text, start, len(text)) from None
    return Limit(word, sign or "<=", number, text.removeprefix(sign).strip())


def read_growth(word: str, value: object) -> Growth:
    """How much more a word may be: `+2%` of the baseline, or `+10K`.

    >>> read_growth("macs", "+2%")[1:3], read_growth("params", "0")[1:3]
    ((Fraction(1, 50), True), (Fraction(0, 1), False))
    """
    text = str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""
    number = text.removeprefix("+").strip()
    try:
        amount = read_quantity(number.removesuffix("%"))
    except SpecError:
        text = text or str(value)
        raise SpecError(f"growth {clip(text)!r} is none", "such as +2%, +10K or +0", text) from None
    is_share = number.endswith("%")
    return Growth(word, amount / 100 if is_share else amount, is_share, f"+{number}")
