"""Plans: what one run of the build and the analysis on traced sizes recorded, evaluated for whole columns of sizes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from ..analysis.traced import Guard, Instruction, Trace, Traced

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: The least share of rows for which outputs are wanted where they always are, and never.
ALWAYS, NEVER = 0, 2

#: What is called with where a plan may hold, for which share it must, and columns; it gives outputs, and where.
Compute = Callable[..., tuple[list[Any], "NDArray[np.bool_]"]]

#: Whole numbers that a column holds exactly, and those that a double does, too: what is divided.
MOST, EXACT = 2**63 - 1, 2**53


class Refused(ValueError):  # noqa: N818  named after what happens
    """No plan for these intervals, for a reason that the message says."""


class TooLarge(Refused):
    """A number might not fit into 64 bits, or be rounded where it is divided; the message names the step."""


class Plan:
    """Instructions in order, the guards under which they hold, and which of the results are the outputs.

    >>> plan = make_plan(lambda channels, size: [9 * channels * size * size], [(1, 4096), (1, 512)], [64, 56])
    >>> plan.run([[64, 3], [56, 224]])[0][0].tolist()
    [1806336, 1354752]
    """

    def __init__(
        self, instructions: tuple[Instruction, ...], guards: tuple[Guard, ...], outputs: tuple[int, ...],
        ranges: tuple[tuple[int, int], ...],
    ) -> None:  # fmt: skip
        self.instructions, self.guards, self.outputs, self.ranges = instructions, guards, outputs, ranges

    def run(self, columns: Sequence[Any]) -> tuple[list[NDArray[Any]], NDArray[np.bool_]]:
        """The outputs for columns of sizes, and for which rows they hold: in the intervals, every guard as asked.

        Columns may have shapes that broadcast: what is computed of input sizes alone is then computed once for all
        channels. The outputs have the shape of what they were computed of.
        """
        found, holds = self._outcome(columns, ALWAYS)
        return [np.asarray(column) for column in found], holds

    def holds(self, columns: Sequence[Any]) -> NDArray[np.bool_]:
        """For which rows of sizes it holds: less work than `run`."""
        return self._outcome(columns, NEVER)[1]

    def _outcome(self, columns: Sequence[Any], least: float) -> tuple[list[Any], NDArray[np.bool_]]:
        given = [np.asarray(column, np.int64) for column in columns]
        holds: NDArray[np.bool_] = np.ones((), np.bool_)
        for at in range(len(given)):
            given[at], inside = self.inside(at, given[at])
            holds = holds & inside
        found, holds = self._compute(holds, least, *given)
        return found, np.broadcast_to(holds, np.broadcast_shapes(*[column.shape for column in given]))

    def inside(self, at: int, column: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Input number `at` with numbers in its interval, and which rows had them: of the others nothing holds."""
        low, high = self.ranges[self.inputs[at]]
        inside = np.asarray((column >= low) & (column <= high))
        return (column, np.ones((), np.bool_)) if inside.all() else (np.where(inside, column, low), inside)

    @cached_property
    def inputs(self) -> list[int]:
        """The instructions that are columns, in their order."""
        return [number for number, one in enumerate(self.instructions) if one.operation == "input"]

    @cached_property
    def _compute(self) -> Compute:
        return self.compiled(self.inputs, self.guards)

    def compiled(self, given: Sequence[int], guards: Sequence[Guard]) -> Compute:
        """The instructions as a function: called with where it holds, and what the `given` ones are, it gives the
        outputs, and where the guards come out as they must, too; without outputs where the share of that is not even
        the `least`."""
        scope: dict[str, Any] = {"maximum": np.maximum, "called": _called}
        scope |= {f"f{number}": one.function for number, one in enumerate(self.instructions) if one.function}
        exec(compile(self.source(given, guards), "<plan>", "exec"), scope)
        made: Compute = scope["compute"]

        def compute(*columns: Any) -> tuple[list[Any], NDArray[np.bool_]]:
            with np.errstate(all="ignore"):  # of rows for which the plan does not hold anything may come out
                return made(*columns)

        return compute

    def source(self, given: Sequence[int] | None = None, guards: Sequence[Guard] | None = None) -> str:
        """The instructions as Python: what the guards need first, each asked as soon as it can be."""
        there = self.inputs if given is None else given
        guards = self.guards if guards is None else guards
        first = needed(self.instructions, {number for guard in guards for number in steps_asked(guard)}, there)
        asked: dict[int, list[Guard]] = {}
        for guard in guards:
            asked.setdefault(max(steps_asked(guard)), []).append(guard)
        lines = [f"def compute(holds, least, {', '.join([f'v{number}' for number in there])}):"]
        for number in sorted(first):
            lines += [] if number in there else self.written(number)
            lines += [f"    holds = holds & {_asked(guard)}" for guard in asked.get(number, ())]
        lines.append("    if holds.sum() < least * holds.size: return [], holds")
        for number in sorted(needed(self.instructions, {*self.outputs}, there) - first):
            lines += [] if number in there else self.written(number)
        return "\n".join([*lines, f"    return [{', '.join([f'v{number}' for number in self.outputs])}], holds"])

    def written(self, number: int, maximum: str = "maximum") -> list[str]:
        """One instruction as a line of Python; inputs are there."""
        operation, operands, function = self.instructions[number]
        read = [_operand(operand) for operand in operands]
        if operation == "input":
            return []
        if function is not None:
            return [f"    v{number} = called(f{number}, [{', '.join(read)}], holds)"]
        if operation == "constant":
            return [f"    v{number} = {read[0]}"]
        both = f"{maximum}({', '.join(read)})" if operation == "max" else f" {operation} ".join(read)
        return [f"    v{number} = {both}"]

    def condition(self, guard: Guard) -> str:
        """A guard as Python, of single numbers."""
        said = f"{_operand(guard.left)} {guard.question} {_operand(guard.right)}"
        return said if guard.outcome else f"not ({said})"


def needed(instructions: Sequence[Instruction], outputs: Iterable[int], given: Collection[int] = ()) -> set[int]:
    """The instructions that some of them need, and these; what those that are `given` need is not looked at."""
    found = {*outputs}
    for number in range(len(instructions) - 1, -1, -1):
        if number in found and number not in given:
            found |= {operand for kind, operand in instructions[number].operands if kind == "v"}
    return found


def _asked(guard: Guard) -> str:
    """A guard as an expression, true where it comes out as it must."""
    said = f"({_operand(guard.left)} {guard.question} {_operand(guard.right)})"
    return said if guard.outcome else f"~{said}"


def _operand(operand: tuple[str, int]) -> str:
    kind, number = operand
    return f"v{number}" if kind == "v" else str(number) if number >= 0 else f"({number})"


def make_plan(
    build: Callable[..., Sequence[Any]], intervals: Sequence[tuple[int, int]], example: Sequence[int],
    write: Callable[[Traced], str] | None = None,
) -> Plan:  # fmt: skip
    """The plan of what `build` computes of traced sizes: those of `intervals`, which way to take said by `example`.

    `build` gives its outputs as a list; each is a traced size or a number. `write` makes the text of a size, where the
    build writes one into a message. Raises Refused.
    """
    trace = Trace(write)
    sizes = [trace.size(*interval, one) for interval, one in zip(intervals, example)]
    try:
        found = build(*sizes)
    except (TypeError, ValueError) as why:
        raise Refused(str(why)) from why
    numbers = tuple([_number(trace, one) for one in found])
    plan = _needed(Plan(tuple(trace.instructions), tuple(trace.guards), numbers, tuple(trace.ranges)))
    _require_exact(plan)
    return plan


def _needed(plan: Plan) -> Plan:
    """The plan without what no output and no guard needs; inputs all stay, for their intervals."""
    read = needed(plan.instructions, {*plan.outputs, *[n for guard in plan.guards for n in steps_asked(guard)]})
    kept = [n for n, one in enumerate(plan.instructions) if n in read or one.operation == "input"]
    new = {number: at for at, number in enumerate(kept)}

    def moved(operand: tuple[str, int]) -> tuple[str, int]:
        return (operand[0], new[operand[1]]) if operand[0] == "v" else operand

    steps = [one._replace(operands=tuple(map(moved, one.operands))) for one in [plan.instructions[n] for n in kept]]
    guards = [guard._replace(left=moved(guard.left), right=moved(guard.right)) for guard in plan.guards]
    outputs, ranges = [new[number] for number in plan.outputs], [plan.ranges[number] for number in kept]
    return Plan(tuple(steps), tuple(guards), tuple(outputs), tuple(ranges))


def _number(trace: Trace, output: Any) -> int:
    """The instruction that makes an output; a plain number is one, too."""
    return trace.settled(output).number if isinstance(output, Traced) else trace.constant(output).number


def _require_exact(plan: Plan) -> None:
    for instruction, (low, high) in zip(plan.instructions, plan.ranges):
        if max(-low, high) > MOST:
            raise TooLarge(f"{_written(instruction)} may be {max(-low, high):,}, which is no 64-bit integer")
        if instruction.operation == "/":
            read = [plan.ranges[number][1] if kind == "v" else number for kind, number in instruction.operands]
            if max(read) > EXACT:
                raise TooLarge(f"{_written(instruction)} divides {max(read):,}, which is rounded first")


def _written(instruction: Instruction) -> str:
    left, *rest = [f"{kind}{number}" if kind == "v" else str(number) for kind, number in instruction.operands]
    return f" {instruction.operation} ".join([left, *rest])


def steps_asked(guard: Guard) -> list[int]:
    """The instructions that a guard asks about."""
    return [number for kind, number in (guard.left, guard.right) if kind == "v"]


#: Rows up to which those that are equal are found one by one.
ONE_BY_ONE = 2048


def _called(function: Callable[..., int], read: list[Any], holds: NDArray[np.bool_]) -> Any:
    """A function that is no arithmetic, once for each set of different arguments; 0 where the plan does not hold."""
    shape = np.broadcast_shapes(*[np.shape(one) for one in read])
    few = np.broadcast_shapes(holds.shape, shape) != shape  # of few sizes, all are worth a call
    held = np.broadcast_to(True if few else holds, shape)
    vary = [at for at, one in enumerate(read) if np.ndim(one)]
    columns = [np.broadcast_to(read[at], shape)[held] for at in vary]
    result = np.zeros(shape, np.int64)

    def one(*numbers: int) -> int:
        given = list(read)
        for at, number in zip(vary, numbers):
            given[at] = number
        return function(*given)

    if not vary:
        return np.asarray(one())
    if len(columns[0]) <= ONE_BY_ONE:
        rows = list(zip(*[column.tolist() for column in columns]))
        known = {row: one(*row) for row in {*rows}}
        result[held] = [known[row] for row in rows]
        return result
    first, back = _different(columns)
    found = np.array([one(*[int(column[row]) for column in columns]) for row in first], np.int64)
    result[held] = found[back]
    return result


def _different(columns: list[NDArray[Any]]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The first row of each set of equal ones, and for each row which of these it equals."""
    key = np.zeros(len(columns[0]), np.int64)
    for column in columns:
        low, high = (int(column.min()), int(column.max())) if len(column) else (0, 0)
        if low != high:
            _, key = np.unique(key * (high - low + 1) + (column - low), return_inverse=True)
    _, first, back = np.unique(key, return_index=True, return_inverse=True)
    return first, back
