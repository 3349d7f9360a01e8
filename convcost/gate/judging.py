"""Targets held against their budgets: what each may be and is, and in a sentence what exceeds that and why."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from math import ceil, floor
from os.path import relpath
from pathlib import Path
from typing import Any

from ..spec.errors import SpecError, clip
from ..spec.records import NamedTuple
from .budgets import BASELINE, SIGNS, Budgets, Growth, Limit, Target, read_target
from .targets import WORDS, Subject, Ways, Words, read_subject

#: How many layers are named for a number.
NAMED = 3


class Share(NamedTuple):
    """An operation that makes a number what it is: what it has, and what it had in the baseline."""

    name: str
    value: int
    before: int | None = None

    @property
    def grew(self) -> int:
        """By how much it has more than it had; a new one had 0."""
        return self.value - (self.before or 0)


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


class Before(NamedTuple):
    """What a target had: its totals, and the words of its operations by name."""

    total: Words
    parts: dict[str, Words]


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
    parts = [Share(part.name, value) for part in subject.parts if (value := part.words.get(word))]
    if word == "peak_bytes":
        return tuple([part for part in parts if part.name == subject.peak])
    return tuple(sorted(parts, key=lambda part: -part.value)[:NAMED])


def _grew(subject: Subject, word: str, before: Before) -> tuple[Share, ...]:
    """The operations that have most more of a word than they had."""
    parts = [
        Share(part.name, value, before.parts.get(part.name, {}).get(word) or 0)
        for part in subject.parts if (value := part.words.get(word))
    ]  # fmt: skip
    return tuple(sorted([part for part in parts if part.grew > 0], key=lambda part: -part.grew)[:NAMED])


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
        return "; " + ", ".join([f"{part.name} grew by {part.grew:,}" for part in one.layers])
    return f"; most have {', '.join([f'{part.name} {part.value:,}' for part in one.layers])}"
