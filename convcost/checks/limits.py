"""What an execution would take, known before it starts, and whether this machine has it."""

import os
import sys
from math import prod

from ..analysis import Analysis
from ..graph.ops import Conv, Graph, Op, Shape
from ..graph.shapes import infer_shapes, output_shape

#: Numbers that an execution may hold, activations and weights together (256 MiB in float32).
MOST_NUMBERS = 1 << 26

#: Multiply-adds that an execution at a reduced size may take, whatever the limit at full size: a second at most.
REDUCED_LIMIT = 100_000_000

#: Bytes a number takes at most: where ones are counted, their sums beside them included; and in the value executor,
#: windows laid side by side and an int64 reference beside it included.
COUNTING_BYTES, VALUE_BYTES = 10, 24

#: What NumPy and the interpreter take beside the numbers, and what is so little that no machine is asked for it.
BASE_BYTES = 1 << 26

#: Multiply-adds that every check of a row gets through in a second, roughly: the int64 reference is what takes it.
MACS_A_SECOND = 400_000_000


class NotEnoughMemory(MemoryError):  # noqa: N818  named after what is wrong
    """An execution that would not fit into the memory that is free; the message says both."""


def is_small(graph: Graph, analysis: Analysis, limit: int) -> bool:
    """May `graph` be executed as it is: at most `limit` multiply-adds, and few enough numbers at once?"""
    return analysis.cost.macs <= limit and numbers_held(graph, analysis.cost.params) <= MOST_NUMBERS


def numbers_held(graph: Graph, params: int) -> int:
    """Numbers that executing `graph` holds at its widest operation, padded input and output, and its `params`."""
    shapes = infer_shapes(graph)
    return params + max([
        prod(padded_shape(node.op, shapes[node.inputs[0]])) + prod(out) for node, out in zip(graph.nodes, shapes[1:])
    ])  # fmt: skip


def padded_shape(op: Op, given: Shape) -> Shape:
    """The shape of an operation's input with its padding; a transposed one's before it is cropped."""
    if type(op) is not Conv:
        return given
    if op.transposed:
        op = op._replace(padding=((0, 0),) * len(op.padding), output_padding=(0,) * len(op.padding))
        return output_shape(op, [given])
    return (*given[:2], *[n + before + after for n, (before, after) in zip(given[2:], op.padding)])


def free_memory() -> int | None:
    """Bytes that a process could still take without swapping; None where the machine does not say.

    >>> free_memory() is None or free_memory() > 0
    True
    """
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            fields = dict(line.split(":", 1) for line in file)
        return int(fields["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        pass
    if sys.platform == "win32":
        return None
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return None


def lacking_memory(numbers: int, bytes_a_number: int = COUNTING_BYTES) -> str | None:
    """What to say where an execution that holds so many numbers would take more memory than is free; else None.

    >>> lacking_memory(10)
    """
    needed = bytes_a_number * numbers
    if needed < BASE_BYTES:
        return None
    free = free_memory()
    if free is None or needed + BASE_BYTES <= free:
        return None
    both = f"about {needed + BASE_BYTES >> 20:,} MiB and {free >> 20:,} MiB are free"
    return f"executing it would take {both}; a lower --verify-limit executes it at a reduced size"


def require_memory(name: str, graph: Graph, analysis: Analysis) -> None:
    """Raise NotEnoughMemory where the values of row `name` would take more than is free."""
    lack = lacking_memory(numbers_held(graph, analysis.cost.params), VALUE_BYTES)
    if lack:
        raise NotEnoughMemory(f"{name}: {lack}")


def expected_seconds(analysis: Analysis) -> float:
    """Roughly how long the checks of a row take."""
    return 0.02 + analysis.cost.macs / MACS_A_SECOND
