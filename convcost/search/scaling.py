"""The width and the input size at which a network meets a budget."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from math import lcm
from typing import Any, NamedTuple

import numpy as np

from ..analysis import analyze, words
from ..analysis.traced import Marks
from ..answers.network import NetworkAnswer, VerifyNetwork, answer_network
from ..graph.ops import Shape
from ..networks.build import Choices, Network, build_network
from ..networks.input import choose_input
from ..networks.lines import Program
from ..networks.numbers import Ratio
from ..spec import SpecError
from .columns import Build, Columns, arrays_along, blocks, type_of
from .fit import USUAL_TOP, Fit, FitRow
from .fronts import front_of
from .grid import Axis, Grid, read_values
from .questions import NUMBERS
from .reduce import AT_ONCE
from .select import Order
from .where import Condition

#: Widths that are gone through, and further ones where the last of these still fits.
WIDTHS, WIDER = "0.05..3/0.01", "3.01..20/0.01"

#: The largest width, and steps that a range of widths may have.
MOST_WIDTH, MOST_STEPS = 100, 100_000

#: What `@_` stands for.
USUAL_SIZES = range(32, 513)

#: What a condition on networks may ask for, and what the best may be by.
SCALED = ("width", "size", *NUMBERS)

_RANGE = re.compile(r"(\d*\.?\d+)\.\.(\d*\.?\d+)(?:/(\d*\.?\d+))?")


class Scaled(NamedTuple):
    """What varies: widths as whole numbers of parts, so many of which are 1; sizes of the input, one for all axes."""

    widths: tuple[int, ...]
    parts: int
    sizes: tuple[int, ...]

    @property
    def axes(self) -> tuple[Axis, ...]:
        """As axes of a grid; what does not vary has one value, or none."""
        both = (("width", self.widths), ("size", self.sizes))
        return tuple([Axis((name,), tuple([(n,) for n in values])) for name, values in both if values])


def read_widths(text: str) -> tuple[tuple[int, ...], int]:
    """Widths of a list of numbers and ranges, as whole numbers of parts, and how many parts are 1.

    >>> read_widths("0.5..1/0.25"), read_widths("0.3,1"), len(read_widths("0.05..3/0.01")[0])
    (((2, 3, 4), 4), ((3, 10), 10), 296)

    A range without steps goes in hundredths. Raises SpecError, pointing at the piece.
    """
    found, at = list[Fraction](), 0
    for piece in text.split(","):
        found += _widths(piece.strip(), text, at + len(piece) - len(piece.lstrip()))
        at += len(piece) + 1
    parts = lcm(*[width.denominator for width in found])
    return tuple(dict.fromkeys([int(width * parts) for width in found])), parts


def _widths(piece: str, text: str, at: int) -> list[Fraction]:
    match = _RANGE.fullmatch(piece)
    ends = (match[1], match[2], match[3] or "0.01") if match else (piece, piece, "1")
    if not all([re.fullmatch(r"\d{1,3}(\.\d{1,6})?|\.\d{1,6}", one) for one in ends]):
        hint = "such as 0.25..1.5, 0.25..1.5/0.05 or 0.5,0.75,1"
        raise SpecError(f"{piece!r} is no width and no range", hint, text, at, at + len(piece))
    low, high, step = map(Fraction, ends)
    if not 0 < low <= high <= MOST_WIDTH or not step or (high - low) / step > MOST_STEPS:
        hint = f"the smaller one first, above 0 and at most {MOST_WIDTH}, and not more than {MOST_STEPS:,} steps"
        raise SpecError(f"the range {piece} has no widths", hint, text, at, at + len(piece))
    return [low + step * number for number in range(int((high - low) / step) + 1)]


def read_sizes(text: str) -> tuple[int, ...]:
    """Input sizes of a list of numbers and ranges.

    >>> read_sizes("96..224/32"), read_sizes("")
    ((96, 128, 160, 192, 224), ())

    Raises SpecError, pointing at the piece.
    """
    return read_values(text, text, 0, USUAL_SIZES) if text.strip() else ()


def fit_network(
    program: Program, choices: Choices, budget: str, widths: str = "", sizes: Sequence[int] = (),
    first: tuple[Order, ...] = (), top: int | None = None, *, inplace: bool = True, verify: VerifyNetwork | None = None,
) -> Fit:  # fmt: skip
    """The largest width or input size that meets a budget, or the front of both.

    >>> from ..networks.zoo import find_program
    >>> found = fit_network(find_program("mobilenet-v1"), Choices(), "macs<=150M")
    >>> [(row.text, row.words["macs"]) for row in (*found.best, *found.beyond)]
    [('mobilenet-v1 width=0.5', 149497088), ('mobilenet-v1 width=0.51', 154568944)]

    Raises SpecError where nothing varies.
    """
    has_width = "width" in program.multipliers
    if widths and not has_width:
        raise SpecError(f"{program.file} has no width multiplier", "leave --width out", widths)
    if not has_width and not sizes:
        raise SpecError(f"{program.file} has no width multiplier", "let its input vary: --size 96..224/32")
    numbers, parts = read_widths(widths or WIDTHS) if has_width and choices.width is None else ((), 1)
    question = _Question(program, choices, Scaled(numbers, parts, tuple(sizes)), budget, inplace)
    found = question.fitting()
    if not widths and numbers and found[-1].any():
        more, parts = read_widths(f"{WIDTHS},{WIDER}")
        question = _Question(program, choices, Scaled(more, parts, tuple(sizes)), budget, inplace)
        found = question.fitting()
    return question.answer(found, first, top, verify)


class _Question:
    """A network at every width and size that is asked about."""

    def __init__(self, program: Program, choices: Choices, scaled: Scaled, budget: str, inplace: bool) -> None:
        self.program, self.choices, self.scaled, self.inplace = program, choices, scaled, inplace
        self.budget = Condition(budget, SCALED)
        self.shape, _ = choose_input(program, choices.tokens)
        self.axes = scaled.axes
        self.grid = Grid("", self.axes)
        self.words: dict[str, Any] = {}

    def fitting(self) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Which configurations meet the budget, along the axes of the grid."""
        names = [word for word in self.budget.words if word in NUMBERS]
        self.words = self._words(names)
        varying: dict[str, Any] = {
            axis.fields[0]: arrays_along(axis, at, len(self.axes))[0] for at, axis in enumerate(self.axes)
        }
        if "width" in varying:
            varying["width"] = varying["width"] / self.scaled.parts
        return np.asarray(self.words["exists"] & self.budget({**self.words, **varying}))

    def _words(self, names: Sequence[str]) -> dict[str, Any]:
        marks = Marks()
        columns = Columns(self.axes, names, self._build(names, marks), marks.write)
        whole: dict[str, Any] = {name: np.zeros(self.grid.shape, type_of(name)) for name in names}
        whole["exists"] = np.zeros(self.grid.shape, np.bool_)
        for block in blocks(self.grid, AT_ONCE):
            found, exists = columns.answer(block)
            place = tuple([slice(*ends) for ends in block])
            whole["exists"][place] = exists
            for name in names:
                whole[name][place] = found[name]
        return whole

    def _build(self, names: Sequence[str], marks: Marks) -> Build:
        """The wanted words at one width and size, numbers or traced ones."""

        def build(given: Sequence[Any]) -> list[Any] | None:
            at = dict(zip(self.grid.fields, given))
            if any([type(one) is not int for one in given]) and "width" in at:
                at["width"] = Ratio(at["width"], self.scaled.parts, marks)
            try:
                network = self._network(at)
            except SpecError:
                return None
            marks.read(tuple([node.op for node in network.graph.nodes]))
            found = words(analyze(network.graph, self.inplace, network.shapes))
            return [found[name] for name in names]

        return build

    def _network(self, at: dict[str, Any], reduced: Shape = ()) -> Network:
        width = at.get("width", self.choices.width)
        if type(width) is int:
            width = self.written(width)
        shape = (*self.shape[:2], *[at["size"]] * len(self.shape[2:])) if "size" in at else self.choices.reduced
        return build_network(self.program, self.choices._replace(width=width, reduced=reduced or shape))

    def written(self, width: int) -> str:
        """A width in digits.

        The multiplier is read from them again, so that they are all of it.
        """
        whole, rest = divmod(width * 10**6 // self.scaled.parts, 10**6)
        return f"{whole}.{rest:06}".rstrip("0").rstrip(".")

    def answer(
        self, fits: Any, first: tuple[Order, ...], top: int | None, verify: VerifyNetwork | None
    ) -> Fit:  # fmt: skip
        """The best in full, and what lies just beyond."""
        orders = first or tuple([Order(axis.fields[0], True) for axis in self.axes if len(axis.values) > 1])
        places = self._front(fits) if not first and len(orders) > 1 else self._best(fits, orders)
        shown = places[: top if top is not None else USUAL_TOP if len(orders) > 1 and not first else 1]
        beyond = dict.fromkeys([near for place in shown for near in self._beyond(place, fits)])
        if not shown:
            beyond = dict.fromkeys(self._least())
        searched = {axis.fields[0]: self._ends(axis) for axis in self.axes if len(axis.values) > 1}
        return Fit(
            self.program.file, self.budget.text, orders, searched, int(self.words["exists"].sum()), int(fits.sum()),
            tuple([self._row(place, verify) for place in shown]), tuple([self._row(place, None) for place in beyond]),
            () if len(places) else (self.program.file,), len(places),
        )  # fmt: skip

    def _ends(self, axis: Axis) -> tuple[Any, Any]:
        numbers = [one for (one,) in axis.values]
        ends = min(numbers), max(numbers)
        return (self.written(ends[0]), self.written(ends[1])) if axis.fields == ("width",) else ends

    def _front(self, fits: Any) -> list[tuple[int, ...]]:
        """Where no other that fits is as wide and as large."""
        at = np.nonzero(fits)
        values = [np.array([one for (one,) in axis.values])[of] for axis, of in zip(self.axes, at)]
        kept = front_of(-np.stack(values, 1)).tolist()
        return sorted([tuple([int(of[n]) for of in at]) for n in kept], reverse=True)

    def _best(self, fits: Any, orders: Sequence[Order]) -> list[tuple[int, ...]]:
        """All that fit, best first."""
        at = np.nonzero(fits)
        missing = [order.word for order in orders if order.word in NUMBERS and order.word not in self.words]
        if missing:
            self.words |= {name: column for name, column in self._words(missing).items() if name in missing}
        columns = {axis.fields[0]: np.array([one for (one,) in axis.values])[of] for axis, of in zip(self.axes, at)}
        columns |= {word: self.words[word][at] for word in self.words}
        keys = [-columns[order.word] if order.descending else columns[order.word] for order in orders]
        ordered = np.lexsort((*[-of for of in at[::-1]], *keys[::-1]))
        return [tuple([int(of[n]) for of in at]) for n in ordered]

    def _beyond(self, place: tuple[int, ...], fits: Any) -> list[tuple[int, ...]]:
        """The next larger one along each axis, where it does not fit."""
        found = []
        for at, axis in enumerate(self.axes):
            numbers = [one for (one,) in axis.values]
            larger = [n for n in numbers if n > numbers[place[at]]]
            if larger:
                near = (*place[:at], numbers.index(min(larger)), *place[at + 1 :])
                found += [near] * (bool(self.words["exists"][near]) and not fits[near])
        return found

    def _least(self) -> list[tuple[int, ...]]:
        """Where nothing fits: what is least in the first word of the budget."""
        word = next((word for word in self.budget.words if word in NUMBERS), "")
        there = np.nonzero(self.words["exists"])
        if not word or not len(there[0]):
            return []
        least = int(self.words[word][there].argmin())
        return [tuple([int(of[least]) for of in there])]

    def _row(self, place: tuple[int, ...], verify: VerifyNetwork | None) -> FitRow:
        at = {axis.fields[0]: axis.values[n][0] for axis, n in zip(self.axes, place)}

        def rebuild(shape: Shape) -> Network:
            return self._network(at, shape)

        found: NetworkAnswer = answer_network(self._network(at), self.inplace, verify, rebuild)
        values: dict[str, Any] = {"width": self.written(at["width"])} if "width" in at else {}
        values |= {"size": at["size"]} if "size" in at else {}
        text = " ".join([self.program.file, *[f"{name}={value}" for name, value in values.items()]])
        return FitRow(text.replace("size=", "@"), values, found)
