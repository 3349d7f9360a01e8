"""Many lines whose sizes alone differ, answered by plans: the text of an answer with the numbers put in.

A plan is made of the answer itself, as it would be written, for the tokens that lines share. What it does not hold for,
and what no plan can be made for, is left to whoever answers one line after the other: the texts are the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..analysis.traced import Traced
from ..answers.comparison import Result
from ..spec import LayerSpec, Reading
from ..spec.check import check_spec
from ..spec.errors import Problem, SpecError
from .forms import MARK, MARKED, Form, Sizes, form_of, line_of
from .plans import Plan, Refused, make_plan

#: Channels and sizes up to which plans are made, the widest first for which every result is exact.
REACHES = ((8192, 4096), (4096, 1024), (2048, 512), (1024, 128))

#: Three sizes may be an image with its channels, which depends on the numbers.
MOST_AXES = 3

#: Uses of a set of tokens before it gets a plan, and plans that it gets at most, refused ones included.
USES, MOST_PLANS = 3, 16

#: The share of its parts that may lack a plan where the others of a line have one.
FEW = 0.35

Answer = Callable[[Reading], Result]


class Written(NamedTuple):
    """An answer as text: what stands before, between and behind the outputs of a plan, and the order of these."""

    plan: Plan
    pieces: tuple[str, ...]
    order: tuple[int, ...]

    def texts(self, rows: Sequence[Sequence[int]]) -> list[str | None]:
        """The text for each row of sizes; None where the plan does not hold."""
        columns = [np.array(column, np.int64) for column in zip(*rows)]
        at = np.flatnonzero(self.plan.holds(columns))
        texts: list[str | None] = [None] * len(rows)
        if not len(at):
            return texts
        found, _ = self.plan.run([column[at] for column in columns])
        written: dict[int, list[str]] = {}  # one step of the plan is written once, however often it stands there
        for step, column in zip(self.plan.outputs, found):
            if step not in written:
                numbers = column.tolist() if column.ndim else [column.tolist()] * len(at)
                written[step] = list(map(repr, numbers))
        filled = zip(*[written[self.plan.outputs[number]] for number in self.order])
        text = [""] * (2 * len(self.order) + 1)
        text[::2] = self.pieces
        for row, values in zip(at.tolist(), filled if self.order else [()] * len(at)):
            text[1::2] = values
            texts[row] = "".join(text)  # three times as fast as to format it
        return texts


def undivided(text: str) -> tuple[str, str, str]:
    """An answer that is its only part."""
    return "", text, ""


class Pieces(NamedTuple):
    """What an answer is made of: parts that are planned one by one, as each takes ways of its own through the code.

    `of` says of which answers, for lines like one that was read; `cut` takes from the text of one of them what stands
    before its own part, that part, and what stands behind it. A part gets a plan when so many lines, `least`, want one.
    """

    of: Callable[[Reading], Sequence[Answer]]
    cut: Callable[[str], tuple[str, str, str]] = undivided
    least: int = 1


class _Part:
    """One part of the answers to lines of a form: its plans, and how many lines wanted another."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.plans: list[Written | None] = []
        self.wanted = 0


class Batch:
    """Answers lines by plans, as far as it can.

    `read` says what a line says, `pieces` what its answer is made of, `write` is the text of an answer: what is done
    for one line after the other, too."""

    def __init__(self, read: Callable[[str], Reading], pieces: Pieces, write: Callable[[Result], str]) -> None:
        self._read, self._pieces, self._write = read, pieces, write
        self._uses: dict[Form, int] = {}
        self._parts: dict[Form, list[_Part]] = {}

    def texts(self, lines: Sequence[str]) -> list[str | None]:
        """The text of the answer to each line; None for a line that is to be answered by itself.

        >>> from convcost.answers.comparison import Layer, answer
        >>> from convcost.spec import read_layer
        >>> one = Pieces(lambda read: [lambda read: Layer(read.spec, answer("as-given", read.spec))])
        >>> batch = Batch(read_layer, one, lambda result: f"{result.row.words['macs']} products")
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
        """The texts of the rows of one form: of their parts, planned, or a few of them answered by themselves."""
        if form not in self._parts:
            self._parts[form] = self._parts_of(form, rows[0][1])
        parts, sizes = self._parts[form], [size for _, size in rows]
        if not parts:
            return
        columns = [self._column(form, parts, number, sizes) for number in range(len(parts))]
        for (at, size), pieces in zip(rows, zip(*columns)):
            lacking = [number for number, piece in enumerate(pieces) if piece is None]
            if not lacking:
                texts[at] = "".join(pieces)
            elif len(lacking) <= FEW * len(parts):
                texts[at] = self._mended(form, size, list(pieces), lacking)

    def _parts_of(self, form: Form, example: Sizes) -> list[_Part]:
        try:
            reading = self._read(line_of(form, example))
        except SpecError:
            return []
        return [_Part(answer) for answer in self._pieces.of(reading)] if _is_plain(form, reading) else []

    def _column(self, form: Form, parts: list[_Part], number: int, sizes: Sequence[Sizes]) -> list[str | None]:
        """One part of each text, by the plans that there are and new ones."""
        part, texts = parts[number], list[str | None]([None] * len(sizes))
        left, at = list(range(len(sizes))), 0
        while left and at < MOST_PLANS:
            if at == len(part.plans):
                if len(left) + part.wanted < self._pieces.least:
                    break
                part.plans.append(self._plan(form, parts, number, sizes[left[len(left) // 2]]))
            plan = part.plans[at]
            at += 1
            if plan is None:
                continue
            for row, text in zip(left, plan.texts([sizes[row] for row in left])):
                texts[row] = text
            left = [row for row in left if texts[row] is None]
        part.wanted += len(left)
        return texts

    def _mended(self, form: Form, sizes: Sizes, pieces: list[str | None], lacking: Sequence[int]) -> str | None:
        """A text of which a few parts have no plan: these are answered by themselves."""
        parts = self._parts[form]
        try:
            reading = self._read(line_of(form, sizes))
            for number in lacking:
                pieces[number] = self._piece(parts, number, self._write(parts[number].answer(reading)))
        except SpecError:
            return None
        return "".join(pieces)  # type: ignore[arg-type]  # none is None any more

    def _piece(self, parts: Sequence[_Part], number: int, text: str) -> str:
        """What the text of one part gives to that of all."""
        head, own, tail = self._pieces.cut(text)
        return (head if number == 0 else ",") + own + tail * (number == len(parts) - 1)

    def _plan(self, form: Form, parts: list[_Part], number: int, example: Sizes) -> Written | None:
        """The plan of a part of the answers to lines of a form, made with one of them; None where it is refused."""
        try:
            reading = self._read(line_of(form, example))
            if not _is_plain(form, reading):
                return None
            frame, outputs = "", list[Traced]()

            def build(*sizes: Any) -> list[Any]:
                nonlocal frame
                outputs.clear()
                spec = _sized(form, reading.spec, sizes)
                check_spec(spec)
                result = parts[number].answer(reading._replace(spec=spec))
                frame = self._piece(parts, number, self._write(_marked(result, outputs)))
                return outputs

            plan = _widest(build, form, example, lambda size: str(_marked(size, outputs)))
        except (SpecError, Problem, Refused):
            return None
        first, *marked = MARKED.split(frame)  # a mark's number, then what stands behind it, and so on
        return Written(plan, (first, *marked[1::2]), tuple(map(int, marked[::2])))


def _is_plain(form: Form, reading: Reading) -> bool:
    """Are the sizes of the line those of the layer, and is nothing else to be said of it?"""
    spec = reading.spec
    alone = not reading.notes and not reading.source
    return alone and (form.sizes == spec.axes if form.sizes > 1 else True) and form.sizes < MOST_AXES


def _sized(form: Form, spec: LayerSpec, sizes: Sequence[Any]) -> LayerSpec:
    channels, size = sizes[: form.channels], tuple(sizes[form.channels :])
    whole = size if len(size) > 1 else size * spec.axes
    return spec._replace(in_channels=channels[0], out_channels=channels[-1], input_size=whole)


def _widest(build: Callable[..., list[Any]], form: Form, example: Sizes, write: Callable[[Traced], str]) -> Plan:
    """The plan for the largest intervals that have one; Refused where none of those that hold the example do."""
    why = Refused("the sizes are beyond every plan")
    for channels, size in REACHES:
        intervals = [(1, channels)] * form.channels + [(1, size)] * form.sizes
        if all([number <= high for number, (_, high) in zip(example, intervals)]):
            try:
                return make_plan(build, intervals, example, write)
            except Refused as error:
                why = error
    raise why


def _marked(value: Any, outputs: list[Traced]) -> Any:
    """The same answer with a mark in the place of each traced size, which is appended to the outputs."""
    if isinstance(value, Traced):
        outputs.append(value)
        return MARK + len(outputs) - 1
    if isinstance(value, dict):
        return {key: _marked(item, outputs) for key, item in value.items()}
    if isinstance(value, tuple):
        items = [_marked(item, outputs) for item in value]
        return type(value)(*items) if hasattr(value, "_fields") else tuple(items)
    return [_marked(item, outputs) for item in value] if isinstance(value, list) else value
