"""A plan as machine code: one loop an axis, each step in the outermost loop in which it can be taken.

Where Numba is installed and there are so many layers that compiling pays. The steps are those of the plan, written out;
what the plan does not hold for is given back, and answered as without.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .grid import Axis
from .plans import needed, steps_asked
from .tables import Tables
from .where import Condition

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Layers of one question from which on loading Numba and compiling a kernel, which takes a second or two, pays.
WORTH = 200_000_000


class Kernel(NamedTuple):
    """A compiled plan: `run` takes the first and the last of each axis, the number that a row must be ahead of, and
    where to put what it finds; it gives how many rows are chosen, how many are ahead, how many the plan does not hold
    for. `words` are those of rows ahead that it writes down, beside their place."""

    run: Callable[..., tuple[int, int, int]]
    given: tuple[NDArray[Any], ...]
    words: tuple[str, ...]

    def block(
        self, block: Sequence[tuple[int, int]], last: int
    ) -> tuple[int, NDArray[np.int64], dict[str, NDArray[np.int64]], NDArray[np.int64]]:
        """Of one block: how many rows are chosen; the places of those ahead, and their words; the places of those that
        the plan does not hold for."""
        size = prod([end - first for first, end in block])
        ahead, missed, *columns = [np.empty(size, np.int64) for _ in range(2 + len(self.words))]
        ends = [end for pair in block for end in pair]
        count, m, k = self.run(*self.given, *ends, last, ahead, missed, *columns)
        return count, ahead[:m], {word: column[:m] for word, column in zip(self.words, columns)}, missed[:k]


class Wanted(NamedTuple):
    """What a kernel is asked for: which rows of a variant it chooses, by which word they are ranked, more being better,
    such as "-macs", nothing where all that are chosen are ahead; and the words of rows ahead that are written down."""

    condition: Condition | None
    variant: str
    rank: str
    words: tuple[str, ...]


def make_kernel(tables: Tables, axes: Sequence[Axis], outputs: Sequence[str], wanted: Wanted) -> Kernel | None:
    """The kernel of the plan of `tables`, whose `outputs` are words.

    None without Numba, and for steps that have no machine code.
    """
    try:
        from numba import njit
    except ImportError:
        return None
    made = _source(tables, axes, outputs, wanted)
    if made is None:
        return None
    text, given = made
    scope: dict[str, Any] = {"np": np}
    exec(compile(text, "<kernel>", "exec"), scope)
    return Kernel(njit(nogil=True, error_model="numpy")(scope["kernel"]), given, wanted.words)


def _source(
    tables: Tables, axes: Sequence[Axis], outputs: Sequence[str], wanted: Wanted
) -> tuple[str, tuple[NDArray[Any], ...]] | None:
    """The kernel as Python, and the columns that it takes; None where that cannot be."""
    names = {word: f"v{number}" for word, number in zip(outputs, tables.plan.outputs)}
    fields = [field for axis in axes for field in axis.fields]
    names |= {field: f"v{number}" for field, number in zip(fields, tables.plan.inputs)}
    rank = wanted.rank
    try:
        asked = wanted.condition.source(names, wanted.variant) if wanted.condition else "True"
        ranked = f"{'-' * rank.startswith('-')}{names[rank.lstrip('-')]} > last" if rank else "True"
        writer = _Writer(tables, f"{asked} {ranked}")
        return writer.text(asked, ranked, [names[word] for word in wanted.words]), tuple(writer.given)
    except KeyError:
        return None


class _Writer:
    """Puts each instruction where it belongs; KeyError for a function of several axes."""

    def __init__(self, tables: Tables, more: str) -> None:
        plan = tables.plan
        self.given: list[NDArray[Any]] = []
        self.names: list[str] = []
        self.axis: list[int] = []
        self.lines: list[list[str]] = [[] for _ in tables.values]
        for at, held in enumerate(tables.holds):
            before = f"h{at - 1}" if at else "True"
            if held is not None:
                self._take(f"o{at}", at, held)
            self.lines[at].append(f"h{at} = {before}" + f" and o{at}" * (held is not None))
        for number, at, column in zip(tables.given, tables.axis, tables.columns):
            self._take(f"v{number}", at, column)
        inputs = zip(plan.inputs, [(at, column) for at, columns in enumerate(tables.values) for column in columns])
        for number, (at, column) in inputs:
            if number not in tables.given and re.search(rf"\bv{number}\b", more):
                self._take(f"v{number}", at, column)
        read = {*plan.outputs, *[number for guard in tables.guards for number in steps_asked(guard)]}
        for number in sorted(needed(plan.instructions, read, tables.given) - {*tables.given}):
            if plan.instructions[number].function is not None:
                raise KeyError(number)
            level = max(tables.reads[number], default=0)
            self.lines[level] += [line.strip() for line in plan.written(number, "max")]
        for guard in tables.guards:
            level = max([max(tables.reads[number], default=0) for number in steps_asked(guard)])
            self.lines[level].append(f"h{level} = h{level} and {plan.condition(guard)}")

    def _take(self, name: str, at: int, column: NDArray[Any]) -> None:
        """A column that is read in the loop of its axis."""
        self.given.append(np.ascontiguousarray(column))
        self.names.append(f"a{len(self.names)}")
        self.axis.append(at)
        self.lines[at].append(f"{name} = {self.names[-1]}[i{at}]")

    def text(self, asked: str, ranked: str, kept: Sequence[str]) -> str:
        """The whole function. Columns are cut to the block, so that no index can be negative: each would be tested."""
        last = len(self.lines) - 1
        ends = [f"lo{at}, hi{at}" for at in range(last + 1)]
        columns = [f"k{number}" for number in range(len(kept))]
        given = ", ".join([*self.names, *ends, "last", "ahead", "missed", *columns])
        lines = [f"def kernel({given}):", "    chosen = m = k = 0"]
        lines += [f"    {name} = {name}[lo{at}:hi{at}]" for name, at in zip(self.names, self.axis)]
        for at in range(last + 1):
            lines.append("    " * (at + 1) + f"for i{at} in range(hi{at} - lo{at}):")
            lines += ["    " * (at + 2) + line for line in self.lines[at]]
        inside = "    " * (last + 2)
        place = "i0"
        for at in range(1, last + 1):
            place = f"({place}) * (hi{at} - lo{at}) + i{at}"
        lines += [
            f"{inside}if not h{last}:", f"{inside}    missed[k] = {place}", f"{inside}    k += 1",
            f"{inside}elif {asked}:", f"{inside}    chosen += 1", f"{inside}    if {ranked}:",
            f"{inside}        ahead[m] = {place}",
            *[f"{inside}        {column}[m] = {name}" for column, name in zip(columns, kept)],
            f"{inside}        m += 1",
        ]  # fmt: skip
        return "\n".join([*lines, "    return chosen, m, k"])
