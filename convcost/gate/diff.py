"""What differs between two networks, layers or comparisons: operation by operation, and in all."""

from __future__ import annotations

from difflib import SequenceMatcher

from ..spec.records import NamedTuple
from .targets import WORDS, Part, Subject, Words

#: The words of which the verdict speaks.
TOLD = ("params", "macs", "peak_bytes", "traffic_bytes")


class Change(NamedTuple):
    """One operation: its name, how it changed, and its words on either side, None where it is not there.

    `how` is "added", "removed" or "changed"; `kinds` are what it is on either side.
    """

    name: str
    how: str
    kinds: tuple[str | None, str | None]
    a: Words | None
    b: Words | None


class Difference(NamedTuple):
    """Two subjects, the operations that changed, and how many did not."""

    a: Subject
    b: Subject
    changes: tuple[Change, ...]
    same: int

    @property
    def is_same(self) -> bool:
        """Is nothing different?"""
        return not self.changes and self.a.total == self.b.total and self.a.input == self.b.input


def differences(a: Subject, b: Subject) -> Difference:
    """What changed from `a` to `b`; an operation that only has another name or place did not.

    >>> conv = Part("conv", "conv", {"macs": 9})
    >>> a, b = Subject("a", {}, (conv,), (), ""), Subject("b", {}, (conv, conv._replace(name="new")), (), "")
    >>> found = differences(a, b)
    >>> [(change.name, change.how) for change in found.changes], found.same
    ([('new', 'added')], 1)
    """
    kept_a, kept_b, same = _unlike(a.parts, b.parts)
    names = {part.name for part in kept_b}
    before = {part.name: part for part in kept_a if part.name in names}
    changes: list[Change] = []
    for part in kept_b:
        was = before.get(part.name)
        how = "changed" if was else "added"
        changes.append(Change(part.name, how, (was and was.kind, part.kind), was and was.words, part.words))
    removed = [Change(p.name, "removed", (p.kind, None), p.words, None) for p in kept_a if p.name not in before]
    return Difference(a, b, tuple(changes + removed), same)


def _unlike(a: tuple[Part, ...], b: tuple[Part, ...]) -> tuple[list[Part], list[Part], int]:
    """The parts of either side without those that are the same on both: by name, then wherever they are in order."""
    there = {part.name: part for part in b}
    equal = {part.name for part in a if there.get(part.name) == part}
    rest_a, rest_b = [p for p in a if p.name not in equal], [p for p in b if p.name not in equal]
    matcher = SequenceMatcher(None, [_signature(p) for p in rest_a], [_signature(p) for p in rest_b], autojunk=False)
    moved = [(i + k, j + k) for i, j, size in matcher.get_matching_blocks() for k in range(size)]
    gone, come = {i for i, _ in moved}, {j for _, j in moved}
    left_a = [part for at, part in enumerate(rest_a) if at not in gone]
    left_b = [part for at, part in enumerate(rest_b) if at not in come]
    return left_a, left_b, len(equal) + len(moved)


def _signature(part: Part) -> tuple[object, ...]:
    return (part.kind, *part.words.values())


def changed_words(a: Words | None, b: Words | None) -> Words:
    """How much more of each word `b` has than `a`; None where one of them is not known.

    >>> changed_words({"macs": 3}, {"macs": 5})["macs"], changed_words(None, {"macs": 5})["macs"]
    (2, 5)
    """
    found: Words = {}
    for word in WORDS:
        was = 0 if a is None else a.get(word)
        now = 0 if b is None else b.get(word)
        found[word] = None if was is None or now is None else now - was
    return found


def conclude(found: Difference) -> str:
    """In a sentence: what is the same, what is more and what is less.

    >>> conclude(Difference(Subject("a", {"macs": 4}, (), (1,), ""), Subject("b", {"macs": 3}, (), (1,), ""), (), 0))
    'macs -25.00 %'
    """
    if found.is_same:
        return "the same in every word"
    told = []
    for word in TOLD:
        was, now = found.a.total.get(word), found.b.total.get(word)
        if was is None or now is None:
            if word in found.a.total or word in found.b.total:
                told.append(f"{word} not known")
        elif was == now:
            told.append(f"{word} the same")
        else:
            told.append(f"{word} {_more(was, now)}")
    return ", ".join(told) or "rows differ"


def _more(was: int, now: int) -> str:
    """How much more or less: a share, or how many times.

    >>> _more(100, 80), _more(100, 5000), _more(0, 5000)
    ('-20.00 %', '50 times', 'from 0 to 5,000')
    """
    if not was:
        return f"from 0 to {now:,}"
    return f"{100 * (now - was) / was:+.2f} %" if now < 10 * was else f"{now / was:,.0f} times"
