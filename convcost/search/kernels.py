"""A plan as machine code: one loop an axis, each step in the outermost loop in which it can be taken.

Where Numba is installed and there are so many layers that compiling pays. The steps are those of the plan, written out;
what the plan does not hold for is given back, and answered as without.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .grid import Axis
from .plans import Plan
from .where import Condition

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Layers of one question from which on compiling its kernel, which takes a second or two, pays.
WORTH = 30_000_000


class Kernel(NamedTuple):
    """A compiled plan: `run` takes the first and the last of each axis, the key that a row must be ahead of, and where
    to put what it finds; it gives how many rows are chosen, how many are ahead, how many the plan does not hold for."""

    run: Callable[..., tuple[int, int, int]]
    given: tuple[NDArray[np.int64], ...]

    def block(self, block: Sequence[tuple[int, int]], last: int, ahead: Any, missed: Any) -> tuple[int, int, int]:
        """The rows of one block, by their place in it."""
        ends = [end for pair in block for end in pair]
        return self.run(*self.given, *ends, last, ahead, missed)


def make_kernel(
    plan: Plan, axes: Sequence[Axis], words: Sequence[str], condition: Condition | None, variant: str, key: str
) -> Kernel | None:
    """The kernel of a plan whose outputs are `words`; None without Numba, and for steps that have no machine code.

    `key` is the expression of the first word by which rows are ranked, more being better, such as "-macs"; empty: all
    chosen rows are ahead.
    """
    try:
        from numba import njit
    except ImportError:
        return None
    made = _source(plan, axes, words, condition, variant, key)
    if made is None:
        return None
    text, given = made
    scope: dict[str, Any] = {"np": np}
    exec(compile(text, "<kernel>", "exec"), scope)
    return Kernel(njit(nogil=True, error_model="numpy")(scope["kernel"]), given)


def _source(
    plan: Plan, axes: Sequence[Axis], words: Sequence[str], condition: Condition | None, variant: str, key: str
) -> tuple[str, tuple[NDArray[np.int64], ...]] | None:
    """The kernel as Python, and the columns that it takes; None where that cannot be."""
    names = {word: f"v{number}" for word, number in zip(words, plan.outputs)}
    fields = [field for axis in axes for field in axis.fields]
    names |= {field: f"v{number}" for field, number in zip(fields, plan.inputs)}
    try:
        writer = _Writer(plan, axes)
        asked = condition.source(names, variant) if condition else "True"
        ranked = f"{'-' * key.startswith('-')}{names[key.lstrip('-')]} > last" if key else "True"
        return writer.text(asked, ranked), tuple(writer.given)
    except KeyError:
        return None


class _Writer:
    """Puts each instruction where it belongs."""

    def __init__(self, plan: Plan, axes: Sequence[Axis]) -> None:
        self.plan, self.axes = plan, axes
        self.given: list[NDArray[np.int64]] = []
        self.names: list[str] = []
        self.reads: list[set[int]] = []  # the axes that each instruction depends on
        self.lines: list[list[str]] = [[] for _ in axes]
        columns = [(at, column) for at, axis in enumerate(axes) for column in zip(*axis.values)]
        for number, one in enumerate(plan.instructions):
            below = [self.reads[operand] for kind, operand in one.operands if kind == "v"]
            if one.operation == "input":
                at, column = columns[plan.inputs.index(number)]
                self._take(number, at, np.array(column, np.int64))
            elif one.function is not None:
                self._call(number, set().union(*below))
            else:
                self.reads.append(set().union(*below))
                level = max(self.reads[-1], default=0)
                self.lines[level] += [line.strip() for line in plan.written(number, "max")]

    def _take(self, number: int, at: int, column: NDArray[np.int64]) -> None:
        """A column that is read in the loop of its axis."""
        self.reads.append({at})
        self.given.append(column)
        self.names.append(f"a{number}")
        self.lines[at].append(f"v{number} = a{number}[i{at}]")

    def _call(self, number: int, reads: set[int]) -> None:
        """A function of one axis, called for each of its values before; KeyError for one of several."""
        if len(reads) != 1:
            raise KeyError(number)
        (at,) = reads
        columns = [np.array(column, np.int64) for axis in self.axes for column in zip(*axis.values)]
        self._take(number, at, self.plan.column(number, columns, len(self.axes[at].values)))

    def text(self, asked: str, ranked: str) -> str:
        """The whole function."""
        last = len(self.axes) - 1
        ends = [f"lo{at}, hi{at}" for at in range(last + 1)]
        lines = [f"def kernel({', '.join([*self.names, *ends])}, last, ahead, missed):", "    chosen = m = k = 0"]
        for at in range(last + 1):
            lines.append("    " * (at + 1) + f"for i{at} in range(lo{at}, hi{at}):")
            lines += ["    " * (at + 2) + line for line in self.lines[at]]
        inside = "    " * (last + 2)
        place = "i0 - lo0"
        for at in range(1, last + 1):
            place = f"({place}) * (hi{at} - lo{at}) + i{at} - lo{at}"
        holds = " and ".join([f"({guard})" for guard in self.plan.conditions()]) or "True"
        lines += [
            f"{inside}if not ({holds}):", f"{inside}    missed[k] = {place}", f"{inside}    k += 1",
            f"{inside}elif {asked}:", f"{inside}    chosen += 1", f"{inside}    if {ranked}:",
            f"{inside}        ahead[m] = {place}", f"{inside}        m += 1",
        ]  # fmt: skip
        return "\n".join([*lines, "    return chosen, m, k"])
