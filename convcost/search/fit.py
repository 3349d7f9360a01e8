"""Which configurations meet a budget: every one is worked out, by plans, and those that fit best are answered in full.

Nothing is assumed of how costs grow: grouped variants, blocks with a shortcut and peaks do not grow steadily with
channels. A plan answers all configurations for which it holds at once, so that going through them costs less than to
search. What lies just beyond the budget is found the same way: by the neighbours of what fits.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import gcd
from typing import Any, NamedTuple

from ..answers.comparison import Row, Verify, rows_wanted
from ..answers.comparison import answer as answer_row
from ..answers.network import NetworkAnswer
from ..spec import LayerSpec, SpecError
from ..spec.text import gather_tokens
from ..variants.registry import AS_GIVEN, BUILDING_BLOCK, DoesNotApply, all_variants, build_variant
from .chunks import chunk
from .grid import Axis, Grid, read_grid
from .questions import NUMBERS, Question, own_grid, settings_of
from .reduce import WORDS, Found, Partial, Search, merge, parts
from .select import Order
from .where import Condition, condition_of_layers, read_quantity, read_word

#: Words that a budget may limit: whole numbers, each with an option of its own.
BUDGETS = tuple([word for word in NUMBERS if word != "arithmetic_intensity"])

#: How far settings are tried that nobody names: as papers have them, and a little further.
MOST = {"expansion_ratio": 10, "depth_multiplier": 8}

#: Rows that are answered in full where nobody says how many.
USUAL_TOP = 10


class FitRow(NamedTuple):
    """One configuration: its text, what varies in it by name, and its answer."""

    text: str
    values: dict[str, Any]
    answer: Row | NetworkAnswer
    spec: LayerSpec | None = None

    @property
    def words(self) -> dict[str, Any]:
        """All its words."""
        return self.answer.words or {} if isinstance(self.answer, Row) else self.answer.total


class Fit(NamedTuple):
    """What meets a budget: the best rows, and their neighbours that are better and do not meet it.

    `searched` has the first and the last value of everything that varied; of the `configurations`, as many as are
    `fitting` meet the budget. `left`: variants of which nothing does. `ranked`: rows that there are, `best` the first.
    """

    name: str
    budget: str
    first: tuple[Order, ...]
    searched: dict[str, tuple[Any, Any]]
    configurations: int
    fitting: int
    best: tuple[FitRow, ...]
    beyond: tuple[FitRow, ...]
    left: tuple[str, ...]
    ranked: int


def budget_condition(limits: Mapping[str, str], where: str, known: Iterable[str] = WORDS) -> str:
    """One condition for limits, by word, and a condition that somebody wrote.

    >>> budget_condition({"macs": "30 MMACs", "peak_bytes": "2MiB"}, "params>1k")
    'macs<=30MMACs and peak_bytes<=2MiB and (params>1k)'

    Raises SpecError, pointing into the limit or the condition; and where there is neither.
    """
    for text in limits.values():
        read_quantity(text)
    said = [f"{word}<={text.replace(' ', '')}" for word, text in limits.items()]
    if where.strip():
        condition_of_layers(where, list(known))
        said.append(f"({where})")
    if not said:
        raise SpecError("there is no budget", "add one, such as --macs 30M --peak-bytes 2MiB")
    return " and ".join(said)


#: The best is what has most params, unless somebody says otherwise.
USUAL = (Order("params", True),)


def fit_layer(
    text: str, budget: str, variants: Sequence[str] | None = None, first: tuple[Order, ...] = USUAL,
    top: int | None = None, *, flags: dict[str, Any] | None = None, inplace: bool = True, verify: Verify | None = None,
) -> Fit:  # fmt: skip
    """The variants of a layer, with their settings, that meet a budget; of each the best, or the `top` best of all.

    >>> found = fit_layer("64:128 @56 k3 g1", "macs<=30M", ["bottleneck", "depthwise-separable"])
    >>> [row.text for row in found.best], [row.text for row in found.beyond]
    (['64:128 @56 k3 g1 mid=23', '64:128 @56 k3 g1 m1'], ['64:128 @56 k3 g1 mid=24', '64:128 @56 k3 g1 m2'])

    Where the text has a range or `_`, that alone varies; else every setting that a variant has and the text does not.
    Raises SpecError.
    """
    grids = read_grid(text.split(), flags)
    open_ = sum([grid.layers for grid in grids]) == 1
    said = _fields_said(grids[0].text)
    questions = []
    for variant in variants or without_parts(rows_wanted(grids[0].example())):
        for grid in grids:
            asked = _with_settings(grid, variant, said) if open_ else own_grid(grid, variant)
            questions.append(Question(asked, variant, inplace=inplace))
    search = Search(tuple(questions), budget, first, 1 if top is None else top)
    answers = [_whole_answer(search, number) for number in range(len(questions))]
    return _concluded(search, text, answers, top, verify)


def without_parts(names: Iterable[str]) -> list[str]:
    """The variants that do all of a layer's work: a building block does less, and would always win."""
    return [name for name in names if name == AS_GIVEN or all_variants()[name].role != BUILDING_BLOCK]


def _fields_said(text: str) -> set[str]:
    """The fields that tokens say."""
    values: dict[str, Any] = {}
    gather_tokens(text, values)
    return {*values}


def _with_settings(grid: Grid, variant: str, said: set[str]) -> Grid:
    """The grid with an axis for each setting that the variant has and nobody said; a ratio says the middle channels."""
    spec = grid.example()
    known = settings_of(variant, spec)
    done = {*said, "bottleneck_ratio"}  # the middle channels say it more finely
    if "bottleneck_ratio" in said & {*known}:
        done.add("mid_channels")
    own = [field for field in known if field not in done]
    axes = [Axis((field,), tuple([(n,) for n in _tried(field, variant, spec)])) for field in own]
    return grid._replace(axes=(*grid.axes[:-1], *axes, grid.axes[-1]))


def _tried(field: str, variant: str, spec: LayerSpec) -> Sequence[int]:
    """The values of a setting that are tried."""
    if field == "groups":
        common = gcd(spec.in_channels, spec.out_channels)
        own = [n for n in range(1, common + 1) if common % n == 0]
        return own[1:] if "groups" in _usual_settings(variant, spec) else own  # 1: it chooses itself
    if field == "mid_channels":
        return range(1, max(spec.in_channels, spec.out_channels) + 1)
    return range(1, MOST[field] + 1)


def _usual_settings(variant: str, spec: LayerSpec) -> dict[str, object]:
    try:
        return build_variant(variant, spec).settings
    except DoesNotApply:
        return {}


def _whole_answer(search: Search, question: int) -> Partial:
    found = Partial()
    for part in parts(search._replace(questions=(search.questions[question],))):
        found = merge(search, found, chunk(search, part._replace(question=question)))
    return found


def _concluded(search: Search, name: str, answers: Sequence[Partial], top: int | None, verify: Verify | None) -> Fit:
    """The best of all questions in full, their neighbours, and what has nothing."""
    found = Partial()
    for one in answers:
        found = merge(search, found, one)
    rows = found.best if top is not None else _best_each(search, answers)
    counts = [numbers for _, numbers in found.counts]
    left = dict.fromkeys([question.variant for question in search.questions])
    for one in answers:
        for row in one.best:
            left.pop(search.questions[row.question].variant, None)
    nearest = _nearest(search, [*left])
    beyond = dict.fromkeys([*[near for row in rows for near in _beyond(search, row)], *nearest])
    return Fit(
        name, search.where, search.best, _searched(search.questions), sum([rows for _, rows, _ in counts]),
        sum([chosen for _, _, chosen in counts]), tuple([answer_of(search, *_place(row), verify) for row in rows]),
        tuple([answer_of(search, *place, None) for place in beyond]), tuple(left),
        sum([chosen for _, _, chosen in counts]) if top is not None else len(rows),
    )  # fmt: skip


def _best_each(search: Search, answers: Sequence[Partial]) -> tuple[Found, ...]:
    """The best of each variant, best first."""
    each: dict[str, Found] = {}
    for row in sorted([row for one in answers for row in one.best]):
        each.setdefault(search.questions[row.question].variant, row)
    return tuple(each.values())


def _place(found: Found) -> tuple[int, int]:
    return found.question, found.row


def _nearest(search: Search, variants: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Of variants of which nothing fits: what is least in the first word that the budget limits."""
    words = [word for word in Condition(search.where, WORDS).words if word in BUDGETS]
    if not words:
        return
    least = search._replace(where="", best=(Order(words[0], False),), top=1)
    for variant in variants:
        numbers = [n for n, question in enumerate(search.questions) if question.variant == variant]
        found = sorted([row for number in numbers for row in _whole_answer(least, number).best])
        yield from [_place(row) for row in found[:1]]


def _beyond(search: Search, found: Found) -> Iterator[tuple[int, int]]:
    """Along each axis the next configuration that there is, either way, where it is better: then it does not fit."""
    grid = search.questions[found.question].grid
    inside = 1
    for length in reversed(grid.shape):
        at = found.row // inside % length
        for way in (1, -1):
            end = length if way > 0 else -1
            places = [found.row + (other - at) * inside for other in range(at + way, end, way)]
            yield from [(found.question, row) for row in _first_there(search, found, places)]
        inside *= length


def _first_there(search: Search, found: Found, rows: Sequence[int]) -> Iterator[int]:
    """The first of rows that there is, where it is better than the one found and does not fit."""
    for row in rows:
        answer = _answer(search, found.question, row, None)
        if answer.words is not None:
            words = {"variant": answer.variant, **answer.settings, **answer.words}
            words |= search.questions[found.question].grid.row(row)
            values = [read_word(words, order.word) for order in search.best]
            key = tuple([-value if order.descending else value for value, order in zip(values, search.best)])
            if key < found.key and not Condition(search.where, WORDS)(words):
                yield row
            return


def _answer(search: Search, question: int, row: int, verify: Verify | None) -> Row:
    asked = search.questions[question]
    try:
        spec = asked.grid.spec(row)
    except SpecError as error:
        return Row(asked.variant, "", {}, error.message)
    return answer_row(asked.variant, spec, asked.inplace, verify)


def answer_of(search: Search, question: int, row: int, verify: Verify | None) -> FitRow:
    """A row in full, executed where `verify` says so."""
    grid = search.questions[question].grid
    varies = {field for axis in grid.axes if len(axis.values) > 1 for field in axis.fields}
    values = {field: number for field, number in grid.row(row).items() if field in varies}
    return FitRow(grid.tokens(row), values, _answer(search, question, row, verify), grid.spec(row))


def _searched(questions: Sequence[Question]) -> dict[str, tuple[Any, Any]]:
    """The first and the last value of what varied, of all questions together."""
    found: dict[str, tuple[Any, Any]] = {}
    for axis in [axis for question in questions for axis in question.grid.axes if len(axis.values) > 1]:
        for field, column in zip(axis.fields, zip(*axis.values)):
            low, high = found.get(field, (min(column), max(column)))
            found[field] = (min(low, *column), max(high, *column))
    return found
