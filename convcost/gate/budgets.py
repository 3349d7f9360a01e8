"""Budgets: what a network or a layer may cost, and how much more than it did, and what exceeds that.

    [tool.convcost.budget]
    "net.txt" = { macs = "150M", peak_bytes = "4MiB", growth = "+2%" }
    "resnet50 @192" = { params = "<=26M" }

A number is the most there may be, unless a sign stands before it. Growth is against a baseline, a file of what each
target had, which is committed beside the budgets.
"""

from __future__ import annotations

import json
import operator
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from fractions import Fraction
from math import ceil, floor, inf
from os.path import relpath
from pathlib import Path
from typing import Any

from ..search.where import read_quantity
from ..spec.errors import SpecError, clip
from ..spec.records import NamedTuple
from .targets import WORDS, Subject, Ways, Words, read_subject

#: Where budgets are looked for, in a folder and those above it.
FILES = ("convcost.toml", "pyproject.toml")

#: The baseline, unless the budgets say another.
BASELINE = "convcost-baseline.json"

#: Words that may grow by so much only, where growth says none: the others follow from them.
GROWING = ("params", "macs", "peak_bytes", "traffic_bytes")

#: How many layers are named for a number.
NAMED = 3

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


class Share(NamedTuple):
    """An operation that makes a number what it is: what it has, and what it had in the baseline."""

    name: str
    value: int
    before: int | None = None


class Finding(NamedTuple):
    """One word of one target: what it may be (`limit`), what it is (None: not known), and what made it so.

    `kind` is "budget" or "growth"; `before` the number of the baseline; `reason` says why `ok` is false where that is
    not a number beyond its limit.
    """

    target: str
    word: str
    kind: str
    sign: str
    limit: int | None
    text: str
    value: int | None
    before: int | None
    ok: bool
    layers: tuple[Share, ...] = ()
    reason: str = ""


class BudgetAnswer(NamedTuple):
    """Every finding, and how each target was verified; `path` has the budgets, `lines` where each target stands."""

    path: str
    findings: tuple[Finding, ...]
    verified: dict[str, str]
    lines: dict[str, int]

    @property
    def ok(self) -> bool:
        """Is everything within its limits, and nothing contradicted by its execution?"""
        return all([one.ok for one in self.findings]) and "mismatch" not in self.verified.values()


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
            raise SpecError(f"unknown key {clip(key)!r} in {where}", hint, key, 0, len(key))


def read_target(name: str, said: object, line: int = 1) -> Target:
    """One target's budget: limits by word, and growth for all words or by word.

    >>> read_target("net.txt", {"macs": "150M", "growth": {"params": "+0"}}).limits[0]
    Limit(word='macs', sign='<=', value=Fraction(150000000, 1), text='150M')
    """
    if not isinstance(said, dict):
        raise SpecError(f"the budget of {clip(name)} is no table", 'such as { macs = "150M" }', name, 0, len(name))
    _known(said, (*WORDS, "growth"), f"the budget of {clip(name)}")
    limits = [read_limit(word, value) for word, value in said.items() if word != "growth"]
    growth = said.get("growth", {})
    each = growth if isinstance(growth, dict) else dict.fromkeys(GROWING, growth)
    _known(each, WORDS, f"the growth of {clip(name)}")
    if not limits and not each:
        raise SpecError(f"the budget of {clip(name)} is empty", 'such as { macs = "150M" }', name, 0, len(name))
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
        raise SpecError(
            f"{word} is no quantity", 'such as "150M", "4MiB", "<=1500" or a whole number', text, 0, len(text)
        )
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
        raise SpecError(f"growth {clip(text)!r} is none", "such as +2%, +10K or +0", text, 0, len(text)) from None
    is_share = number.endswith("%")
    return Growth(word, amount / 100 if is_share else amount, is_share, f"+{number}")


def judge_all(budgets: Budgets, ways: Ways) -> BudgetAnswer:
    """Count every target and hold it against its budget, and against the baseline where its growth is limited."""
    baseline = read_baseline(budgets.baseline) if any([target.growth for target in budgets.targets]) else {}
    findings: list[Finding] = []
    verified = {}
    for target in budgets.targets:
        subject = read_subject(target.name, ways)
        verified[target.name] = subject.status
        findings += judge_target(target, subject, baseline.get(target.name))
    lines = {target.name: target.line for target in budgets.targets}
    return BudgetAnswer(relpath(budgets.path), tuple(findings), verified, lines)


def judge_target(target: Target, subject: Subject, before: Before | None = None) -> list[Finding]:
    """Every word of one target that is limited."""
    found = [_limited(target.name, limit, subject) for limit in target.limits]
    return found + [_grown(target.name, growth, subject, before) for growth in target.growth]


class Before(NamedTuple):
    """What a target had: its totals, and the words of its operations by name."""

    total: Words
    parts: dict[str, Words]


def _limited(name: str, limit: Limit, subject: Subject) -> Finding:
    value = subject.total.get(limit.word)
    whole = floor(limit.value) if limit.sign in ("<=", ">") else ceil(limit.value)
    if limit.sign == "==" and limit.value != whole:
        whole = -1  # nothing is
    ok = value is not None and SIGNS[limit.sign](value, whole)
    layers = () if ok or value is None or limit.sign[0] == ">" else _largest(subject, limit.word)
    return Finding(
        name, limit.word, "budget", limit.sign, whole, limit.text, value, None, ok, layers, _why(subject, value)
    )


def _grown(name: str, growth: Growth, subject: Subject, before: Before | None) -> Finding:
    value, was = subject.total.get(growth.word), before.total.get(growth.word) if before else None
    if was is None or value is None:
        reason = _why(subject, value) or "it is not in the baseline: convcost budget --update"
        return Finding(name, growth.word, "growth", "<=", None, growth.text, value, was, False, (), reason)
    limit = floor(was * (1 + growth.value) if growth.is_share else was + growth.value)
    ok = value <= limit
    layers = () if ok or before is None else _grew(subject, growth.word, before)
    return Finding(name, growth.word, "growth", "<=", limit, growth.text, value, was, ok, layers)


def _why(subject: Subject, value: int | None) -> str:
    if value is not None:
        return ""
    return f"it is not known, for {', '.join(subject.unknown)} is not counted" if subject.unknown else "it is not known"


def _largest(subject: Subject, word: str) -> tuple[Share, ...]:
    """The operations that have most of a word; of peak bytes, where the peak is."""
    parts = [Share(part.name, part.words[word] or 0) for part in subject.parts if part.words.get(word)]
    if word == "peak_bytes":
        return tuple([part for part in parts if part.name == subject.peak][:1])
    return tuple(sorted(parts, key=lambda part: -part.value)[:NAMED])


def _grew(subject: Subject, word: str, before: Before) -> tuple[Share, ...]:
    """The operations that have most more of a word than they had; a new one had 0."""
    parts = [
        Share(part.name, part.words[word] or 0, before.parts.get(part.name, {}).get(word) or 0)
        for part in subject.parts if part.words.get(word)
    ]  # fmt: skip
    grown = [part for part in parts if part.value > (part.before or 0)]
    return tuple(sorted(grown, key=lambda part: (part.before or 0) - part.value)[:NAMED])


def read_baseline(path: Path) -> dict[str, Before]:
    """What each target had, by its name; nothing where there is no such file yet. Raises SpecError for another file."""
    return {
        name: Before(entry["total"], {part["name"]: part for part in entry["layers"]})
        for name, entry in baseline_entries(path).items()
    }


def baseline_entries(path: Path) -> dict[str, Any]:
    """The same as it stands in the file."""
    if not path.is_file():
        return {}
    try:
        entries = dict(json.loads(path.read_text("utf-8"))["baseline"])
        for entry in entries.values():
            _ = [entry["total"][word] for word in WORDS], [part["name"] for part in entry["layers"]]
    except (OSError, ValueError, KeyError, TypeError):
        raise SpecError(f"{clip(str(path))} is no baseline", "convcost budget --update writes it anew") from None
    return entries


def baseline_document(subjects: Iterable[Subject]) -> dict[str, Any]:
    """What `--update` writes: totals, and of each operation the words that it has."""
    return {
        subject.name: {
            "total": subject.total,
            "layers": [{"name": part.name, **{w: n for w, n in part.words.items() if n}} for part in subject.parts],
        }
        for subject in subjects
    }


def hold_cost(
    target: str, *, growth: str | Mapping[str, str] | None = None, baseline: str = BASELINE, folder: str = ".",
    **limits: str | int,
) -> None:  # fmt: skip
    """Fail where a layer or a network costs more than it may, and say by how much and which layers make it so.

    >>> hold_cost("64:128 @56 k3", macs="<=250M")
    >>> hold_cost("64:128 @56 k3", macs="200M")
    Traceback (most recent call last):
        ...
    AssertionError: 64:128 @56 k3: macs 231,211,008 is 15.6 % more than 200M; most have conv 231,211,008

    `limits` are words such as `macs`, `params` and `peak_bytes`; `growth` is against the baseline that
    `convcost budget --update` writes. Raises SpecError, a ValueError, for what is no network or no quantity.
    """
    said: dict[str, object] = dict(limits)
    if growth is not None:
        said["growth"] = dict(growth) if isinstance(growth, Mapping) else growth
    budget = read_target(target, said)
    before = read_baseline(Path(folder, baseline)).get(target) if budget.growth else None
    found = judge_target(budget, read_subject(target, Ways(Path(folder))), before)
    failed = [text for _, text in sentences(found)]
    if failed:
        raise AssertionError("\n".join(failed))


def sentences(findings: Iterable[Finding]) -> list[tuple[Finding, str]]:
    """What exceeds its limit, each in a sentence; what is not known for one reason, in one for all its words."""
    found: dict[object, tuple[Finding, list[str]]] = {}
    for number, one in enumerate(findings):
        if not one.ok:
            key = (one.target, one.reason) if one.reason else number
            found.setdefault(key, (one, []))[1].append(one.word)
    return [(one, sentence(one, ", ".join(words))) for one, words in found.values()]


def sentence(one: Finding, words: str = "") -> str:
    """What exceeds what by how much, and which layers make it so.

    >>> sentence(Finding("a", "macs", "growth", "<=", 102, "+2%", 120, 100, False, (Share("conv", 70, 50),)))
    'a: macs 120 is 20.0 % more than 100, where +2% is allowed; conv grew by 20'
    """
    start = f"{one.target}: {words or one.word}"
    if one.reason or one.value is None or one.limit is None:
        return f"{start}: {one.reason}"
    least = one.limit if one.kind == "budget" else one.before or 0
    than = one.text if one.kind == "budget" else f"{least:,}, where {one.text} is allowed"
    if one.sign[0] == ">" or one.value <= least:
        return f"{start} {one.value:,} is not {one.sign} {one.text}{made_by(one)}"
    return f"{start} {one.value:,} is {more_than(one.value, least)} {than}{made_by(one)}"


def more_than(value: int, least: int) -> str:
    """How much more, to go before a number.

    >>> more_than(120, 100), more_than(5000, 100), more_than(3, 0)
    ('20.0 % more than', '50 times', 'more than')
    """
    if not least:
        return "more than"
    return f"{value / least:,.0f} times" if value >= 10 * least else f"{100 * (value - least) / least:.1f} % more than"


def made_by(one: Finding) -> str:
    """The layers that make a number what it is.

    >>> made_by(Finding("a", "macs", "growth", "<=", 9, "+0", 12, 9, False, (Share("conv", 7, 4),)))
    '; conv grew by 3'
    """
    if not one.layers:
        return ""
    if one.kind == "growth":
        return "; " + ", ".join([f"{part.name} grew by {part.value - (part.before or 0):,}" for part in one.layers])
    return f"; most have {', '.join([f'{part.name} {part.value:,}' for part in one.layers])}"
