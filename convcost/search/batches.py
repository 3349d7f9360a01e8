"""Many lines whose sizes alone differ, answered by plans: the text of an answer with the numbers put in.

A plan is made of the answer itself, as it would be written, for the tokens that lines share. What it does not hold for,
and what no plan can be made for, is left to whoever answers one line after the other: the texts are the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from ..analysis.traced import Traced
from ..answers.comparison import Result
from ..spec import LayerSpec, Reading
from ..spec.check import check_spec
from ..spec.errors import Problem, SpecError
from .plans import Plan, Refused, make_plan

#: Channels and sizes up to which plans are made, the widest first for which every result is exact.
REACHES = ((8192, 4096), (4096, 1024), (2048, 512), (1024, 128))

#: Three sizes may be an image with its channels, which depends on the numbers.
MOST_AXES = 3

#: Uses of a set of tokens before it gets a plan, and plans that it gets at most, refused ones included.
USES, MOST_PLANS = 3, 12

#: What stands for output number n while an answer is written: a number that no answer has.
_MARK = 8_517_364_290_000_000
_MARKED = re.compile(r"8517364290(\d{6})")

#: A line as most are written: channels, a size of one or two axes, and the rest.
_USUAL = re.compile(r"([1-9]\d{0,3})(?::([1-9]\d{0,3}))? @([1-9]\d{0,3})(?:x([1-9]\d{0,3}))?( [^@]*)$").match

Sizes = tuple[int, ...]


class Form(NamedTuple):
    """A line without its sizes: its words with `#` in the places of sizes, and how many of these channels have."""

    words: tuple[str, ...]
    channels: int
    sizes: int


class Written(NamedTuple):
    """An answer as text with places for the outputs of a plan."""

    plan: Plan
    frame: str
    order: tuple[int, ...]

    def texts(self, rows: Sequence[Sequence[int]]) -> list[str | None]:
        """The text for each row of sizes; None where the plan does not hold."""
        columns, holds = self.plan.run(list(zip(*rows)))
        lists = [column.tolist() if column.ndim else [column.tolist()] * len(rows) for column in columns]
        filled = zip(*[lists[number] for number in self.order])
        return [self.frame % values if held else None for held, values in zip(holds.tolist(), filled)]


def form_of(line: str) -> tuple[Form, Sizes] | None:
    """The form of a line of tokens, and its sizes in their order; None for what has no sizes or other notation.

    >>> form_of("64:128 @56x48 k3 s2")
    (Form(words=('#:#', '@#x#', 'k3', 's2'), channels=2, sizes=2), (64, 128, 56, 48))
    """
    usual = _USUAL(line)
    if usual and not _MARKED.search(usual[5]):
        _, outer, _, wide, rest = usual.groups()
        return _form(outer is not None, wide is not None, rest), tuple([int(n) for n in usual.group(1, 2, 3, 4) if n])
    words = list[str]()
    channels: Sizes = ()
    sizes: Sizes = ()
    for word in line.split():
        first = word[0]
        if first == "@" and not sizes:
            sizes = _numbers(word[1:].split("x"))
            words.append("@" + "x".join("#" * len(sizes)))
        elif "0" < first <= "9" and not channels and "x" not in word and word[-1] != "d":
            channels = _numbers(word.split(":"))
            words.append(":".join("#" * len(channels)))
        else:
            words.append(word)
    if not 0 < len(channels) < 3 or not 0 < len(sizes) < 4 or _MARKED.search(line):
        return None
    return Form(tuple(words), len(channels), len(sizes)), (*channels, *sizes)


@lru_cache(maxsize=1024)
def _form(two_channels: bool, two_sizes: bool, rest: str) -> Form:
    """The form of a line that starts with its channels and its size."""
    words = ("#:#" if two_channels else "#", "@#x#" if two_sizes else "@#", *rest.split())
    return Form(words, 1 + two_channels, 1 + two_sizes)


def _numbers(parts: list[str]) -> Sizes:
    """The numbers as they are written; none where one of them is not plain, or too long for a plan."""
    if all([part.isdecimal() and part.isascii() and len(part) < 5 and part[0] != "0" for part in parts]):
        return tuple(map(int, parts))
    return ()


class Batch:
    """Answers lines by plans, as far as it can.

    `read` says what a line says, `answer` answers that, `write` is the text of the answer: what is done for one line
    after the other, too."""

    def __init__(
        self, read: Callable[[str], Reading], answer: Callable[[Reading], Result], write: Callable[[Result], str]
    ) -> None:
        self._read, self._answer, self._write = read, answer, write
        self._uses: dict[Form, int] = {}
        self._plans: dict[Form, list[Written | None]] = {}

    def texts(self, lines: Sequence[str]) -> list[str | None]:
        """The text of the answer to each line; None for a line that is to be answered by itself.

        >>> from convcost.answers.comparison import Layer, answer
        >>> from convcost.spec import read_layer
        >>> batch = Batch(read_layer, lambda read: Layer(read.spec, answer("as-given", read.spec)),
        ...               lambda result: f"{result.row.words['macs']} products")
        >>> batch.texts(["8:16 @9 k3", "8:16 @7x6 k3", "16:8 @5 k3", "3:4 @11 k3", "3:4 @11 k1"])
        ['93312 products', None, '28800 products', '13068 products', None]
        """
        texts: list[str | None] = [None] * len(lines)
        forms: dict[Form, list[tuple[int, Sizes]]] = {}
        for number, line in enumerate(lines):
            found = form_of(line)
            if found is not None:
                forms.setdefault(found[0], []).append((number, found[1]))
        for form, rows in forms.items():
            self._uses[form] = self._uses.get(form, 0) + len(rows)
            if self._uses[form] >= USES:
                self._fill(form, rows, texts)
        return texts

    def _fill(self, form: Form, rows: list[tuple[int, Sizes]], texts: list[str | None]) -> None:
        """The texts of the rows of one form, by the plans that there are and new ones."""
        plans, number = self._plans.setdefault(form, []), 0
        while rows and number < MOST_PLANS:
            if number == len(plans):
                plans.append(self._plan(form, rows[0][1]))
                rows = rows[1:] if plans[-1] is None else rows  # what has no plan is answered by itself
            plan = plans[number]
            number += 1
            if plan is None:
                continue
            found = plan.texts([sizes for _, sizes in rows])
            texts_of = dict(zip([at for at, _ in rows], found))
            for at, text in texts_of.items():
                texts[at] = text
            rows = [row for row in rows if texts_of[row[0]] is None]

    def _plan(self, form: Form, example: Sizes) -> Written | None:
        """The plan of the answers to lines of a form, made with one of them; None where it is refused."""
        line = " ".join(form.words).replace("#", "%d") % example
        try:
            reading = self._read(line)
            if not _is_plain(form, reading):
                return None
            frame = ""

            def build(*sizes: Any) -> list[Any]:
                nonlocal frame
                outputs: list[Traced] = []
                spec = _sized(form, reading.spec, sizes)
                check_spec(spec)
                frame = self._write(_marked(self._answer(reading._replace(spec=spec)), outputs))
                return outputs

            plan = _widest(build, form, example)
        except (SpecError, Problem, Refused):
            return None
        order = tuple(map(int, _MARKED.findall(frame)))
        return Written(plan, _MARKED.sub("%r", frame.replace("%", "%%")), order)


def _is_plain(form: Form, reading: Reading) -> bool:
    """Are the sizes of the line those of the layer, and is nothing else to be said of it?"""
    spec = reading.spec
    alone = not reading.notes and not reading.source
    return alone and (form.sizes == spec.axes if form.sizes > 1 else True) and form.sizes < MOST_AXES


def _sized(form: Form, spec: LayerSpec, sizes: Sequence[Any]) -> LayerSpec:
    channels, size = sizes[: form.channels], tuple(sizes[form.channels :])
    whole = size if len(size) > 1 else size * spec.axes
    return spec._replace(in_channels=channels[0], out_channels=channels[-1], input_size=whole)


def _widest(build: Callable[..., list[Any]], form: Form, example: Sizes) -> Plan:
    """The plan for the largest intervals that have one; Refused where none of those that hold the example do."""
    why = Refused("the sizes are beyond every plan")
    for channels, size in REACHES:
        intervals = [(1, channels)] * form.channels + [(1, size)] * form.sizes
        if all([number <= high for number, (_, high) in zip(example, intervals)]):
            try:
                return make_plan(build, intervals, example)
            except Refused as error:
                why = error
    raise why


def _marked(value: Any, outputs: list[Traced]) -> Any:
    """The same answer with a mark in the place of each traced size, which is appended to the outputs."""
    if isinstance(value, Traced):
        outputs.append(value)
        return _MARK + len(outputs) - 1
    if isinstance(value, dict):
        return {key: _marked(item, outputs) for key, item in value.items()}
    if isinstance(value, tuple):
        items = [_marked(item, outputs) for item in value]
        return type(value)(*items) if hasattr(value, "_fields") else tuple(items)
    return [_marked(item, outputs) for item in value] if isinstance(value, list) else value
