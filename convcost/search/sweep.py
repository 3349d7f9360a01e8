"""Every variant of many layers: how many rows there are, the best, those that no other beats, and all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ..answers.comparison import Verify, rows_wanted
from ..spec.errors import SpecError
from .cluster import Tell, in_threads, on_cluster, reduced
from .fit import BUDGETS, FitRow, answer_of, without_parts
from .grid import read_grid
from .plans import TooLarge
from .questions import NUMBERS, Question, columns_of, own_grid
from .reduce import WORDS, Found, Partial, Search, added
from .rows import Batch, batches
from .select import Order, read_orders
from .where import condition_of_layers

#: Rows that are answered in full, and executed, unless somebody says how many.
USUAL_TOP = 20


class Sweep(NamedTuple):
    """What many layers come to: of each variant how many rows were worked out, apply and are chosen; the best rows; the
    front, each of its rows with how many are like it."""

    name: str
    where: str
    order: tuple[Order, ...]
    front_of: tuple[Order, ...]
    rows: int
    counts: tuple[tuple[str, int, int, int], ...]
    best: tuple[FitRow, ...]
    front: tuple[tuple[FitRow, int], ...]
    front_size: int
    file: str
    search: Search

    def batches(self, *, arrow: bool = False) -> Iterator[Any]:
        """All chosen rows, some thousand at a time: as NumPy records, or as batches of Arrow.

        >>> found = sweep_layers(read_search("16,32 @7 k3", ["standard"]), "")
        >>> [batch["macs"].tolist() for batch in found.batches()]
        [[112896, 451584]]

        A setting that a row does not have is -1 in records, null in Arrow.
        """
        from .files import arrow_batch, numpy_records

        yield from map(arrow_batch if arrow else numpy_records, batches(self.search))


class Workers(NamedTuple):
    """Who works: threads of this process, or a cluster, at an address or of so many processes."""

    threads: int = 1
    processes: int = 0
    cluster: str = ""

    def reduce(self, search: Search, tell: Tell) -> Partial:
        """The answer to a search."""
        if self.cluster or self.processes:
            return on_cluster(search, self.cluster, self.processes, tell)
        return reduced(search, tell) if self.threads < 2 else in_threads(search, self.threads, tell)


def read_search(
    text: str, variants: Sequence[str] | None = None, where: str = "", best: str = "", top: int | None = None,
    front: str = "", *, flags: Mapping[str, Any] | None = None, inplace: bool = True,
) -> Search:  # fmt: skip
    """What a sweep asks; building blocks are no part of a front unless they are named.

    >>> read_search("16..64/16 @7,14 k3", ["standard", "grouped"], "macs<=30M", "max:params").top
    20

    Raises SpecError, pointing into what was written.
    """
    grids = read_grid(text.split(), dict(flags or {}))
    if where.strip():
        condition_of_layers(where, WORDS)
    orders = read_orders(best, NUMBERS) or ((Order("params", True),) if top is not None and not front.strip() else ())
    fronts = read_orders(front, NUMBERS)
    usual = rows_wanted(grids[0].example())
    names = variants or (without_parts(usual) if fronts else usual)
    questions = tuple([Question(own_grid(grid, name), name, inplace=inplace) for name in names for grid in grids])
    return Search(questions, where.strip(), orders, (USUAL_TOP if top is None else top) if orders else 0, fronts)


def rows_asked(search: Search) -> int:
    """Rows of all questions together: the layers of each variant."""
    return sum([question.grid.layers for question in search.questions])


def require_exact(search: Search) -> None:
    """Raise SpecError where a number of the grid might not fit into 64 bits, before anything is worked out.

    A plan is made of the layers at both ends and in the middle: its intervals are those of the whole grid.
    """
    for question in search.questions:
        columns = columns_of(question._replace(words=BUDGETS))
        try:
            for row in dict.fromkeys((question.grid.layers - 1, question.grid.layers // 2, 0)):
                if columns.prove(list(question.grid.row(row).values())):
                    break
        except TooLarge as why:
            raise too_large(question, why) from None


def too_large(question: Question, why: TooLarge) -> SpecError:
    """What to say of a grid whose numbers do not fit."""
    hint = "make the ranges smaller, or ask for the largest layer alone with compare"
    return SpecError(f"{question.variant}: {why}", hint, question.grid.tokens(question.grid.layers - 1))


def sweep_layers(
    search: Search, name: str, workers: Workers = Workers(), *, verify: Verify | None = None,  # noqa: B008  immutable
    tell: Tell = lambda _: None, top: int | None = None, write: Callable[[Batch], object] | None = None, file: str = "",
) -> Sweep:  # fmt: skip
    """The answer to a search, its best rows and its front in full; `write` gets all chosen rows, batch by batch.

    >>> found = sweep_layers(read_search("16..64/16 @7,14 k3", ["standard"], "macs<=1M", "max:macs", 1), "")
    >>> found.counts, found.best[0].text
    ((('standard', 8, 8, 3),), '16 @14 k3')

    Raises SpecError.
    """
    require_exact(search)
    try:
        if write is not None:
            for batch in batches(search, tell):
                write(batch)
        found = workers.reduce(search, tell if write is None else lambda _: None)
    except TooLarge as why:
        raise too_large(search.questions[0], why) from None
    shown = found.front[: USUAL_TOP if top is None else top]
    return Sweep(
        name, search.where, search.best, search.front, rows_asked(search), _counts(search, found),
        tuple([_full(search, row, verify) for row in found.best]),
        tuple([(_full(search, row, verify), row.like) for row in shown]), len(found.front), file, search,
    )  # fmt: skip


def _full(search: Search, row: Found, verify: Verify | None) -> FitRow:
    return answer_of(search, row.question, row.row, verify)


def _counts(search: Search, found: Partial) -> tuple[tuple[str, int, int, int], ...]:
    """The numbers of each variant, those of all grids together."""
    sums = added([(search.questions[question].variant, numbers) for question, numbers in found.counts])
    return tuple([(name, *numbers) for name, numbers in sums.items()])
