"""Plans: what one run of the build and the analysis on traced sizes recorded, evaluated for whole columns of sizes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..analysis.traced import OPERATIONS, QUESTIONS, Guard, Instruction, Trace, Traced

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Numbers that a column holds exactly, and those that are also exact where they are divided.
MOST, MOST_DIVIDED = 2**63 - 1, 2**53


class Refused(ValueError):  # noqa: N818  named after what happens
    """No plan for these intervals, for a reason that the message says."""


class TooLarge(Refused):
    """A number might not fit into 64 bits, or be rounded where it is divided; the message names the step."""


class Plan(NamedTuple):
    """Instructions in order, the guards under which they hold, and which of the results are the outputs.

    >>> plan = make_plan(lambda channels, size: [9 * channels * size * size], [(1, 4096), (1, 512)], [64, 56])
    >>> plan.run([[64, 3], [56, 224]])[0][0].tolist()
    [1806336, 1354752]
    """

    instructions: tuple[Instruction, ...]
    guards: tuple[Guard, ...]
    outputs: tuple[int, ...]
    ranges: tuple[tuple[int, int], ...]

    def run(self, columns: Sequence[Any]) -> tuple[list[NDArray[Any]], NDArray[np.bool_]]:
        """The outputs for columns of sizes, and for which rows they hold: in the intervals, every guard as asked.

        Columns may have shapes that broadcast: what is computed of input sizes alone is then computed once for all
        channels. The outputs have the shape of what they were computed of.
        """
        given = [np.asarray(column, np.int64) for column in columns]
        holds = np.ones(np.broadcast_shapes(*[column.shape for column in given]), np.bool_)
        values: list[Any] = []
        asked = {number: [g for g in self.guards if max(_numbers(g)) == number] for number in _asked(self.guards)}
        for number, instruction in enumerate(self.instructions):
            with np.errstate(all="ignore"):  # of rows for which the plan does not hold anything may come out
                values.append(_step(instruction, values, given, holds))
            if instruction.operation == "input":
                low, high = self.ranges[number]
                inside = (values[-1] >= low) & (values[-1] <= high)
                if not inside.all():
                    holds &= inside
                    values[-1] = np.where(inside, values[-1], low)
            for guard in asked.get(number, ()):
                holds &= _answer(guard, values) == guard.outcome
        return [np.asarray(values[number]) for number in self.outputs], holds


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
    wanted = {*plan.outputs, *[number for guard in plan.guards for number in _numbers(guard)]}
    for number in range(len(plan.instructions) - 1, -1, -1):
        if number in wanted:
            wanted |= {operand for kind, operand in plan.instructions[number].operands if kind == "v"}
    kept = [n for n, one in enumerate(plan.instructions) if n in wanted or one.operation == "input"]
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
            if max(read) > MOST_DIVIDED:
                raise TooLarge(f"{_written(instruction)} divides {max(read):,}, which is rounded first")


def _written(instruction: Instruction) -> str:
    left, *rest = [f"{kind}{number}" if kind == "v" else str(number) for kind, number in instruction.operands]
    return f" {instruction.operation} ".join([left, *rest])


def _numbers(guard: Guard) -> list[int]:
    return [number for kind, number in (guard.left, guard.right) if kind == "v"]


def _asked(guards: Sequence[Guard]) -> set[int]:
    return {max(_numbers(guard)) for guard in guards}


def _read(operand: tuple[str, int], values: list[Any]) -> Any:
    kind, number = operand
    return values[number] if kind == "v" else number


def _answer(guard: Guard, values: list[Any]) -> Any:
    return QUESTIONS[guard.question](_read(guard.left, values), _read(guard.right, values))


def _step(instruction: Instruction, values: list[Any], given: list[NDArray[np.int64]], holds: NDArray[np.bool_]) -> Any:
    operation, operands, function = instruction
    if operation == "input":
        return given[operands[0][1]]
    read = [_read(operand, values) for operand in operands]
    if function is not None:
        return _called(function, read, holds)
    if operation == "constant":
        return read[0]
    if operation == "max":
        return np.maximum(*read)
    return OPERATIONS[operation](*read)


def _called(function: Callable[..., int], read: list[Any], holds: NDArray[np.bool_]) -> NDArray[np.int64]:
    """A function that is no arithmetic, once for each set of different arguments; 0 where the plan does not hold."""
    shape = np.broadcast_shapes(*[np.shape(one) for one in read])
    held = np.broadcast_to(True, shape) if shape != holds.shape else holds  # of few sizes, all are worth a call
    columns = [np.broadcast_to(one, shape)[held].ravel() for one in read]
    rows, first, back = _different(columns)
    found = np.array([function(*[int(column[row]) for column in columns]) for row in first], np.int64)
    result = np.zeros(shape, np.int64)
    result[held] = found[back] if rows else 0
    return result


def _different(columns: list[NDArray[Any]]) -> tuple[int, NDArray[np.intp], NDArray[np.intp]]:
    """How many rows there are, the first of each set of equal ones, and for each row which of these it equals."""
    key = np.zeros(len(columns[0]), np.int64)
    for column in columns:
        low, high = (int(column.min()), int(column.max())) if len(column) else (0, 0)
        if low != high:
            _, key = np.unique(key * (high - low + 1) + (column - low), return_inverse=True)
    _, first, back = np.unique(key, return_index=True, return_inverse=True)
    return len(key), first, back
