"""What an execution would take, known before it starts, and whether this machine has it."""

from __future__ import annotations

import os
import sys

from .analysis import Analysis
from .graph.ops import Graph
from .verification import numbers_held

#: Bytes a number takes in the value executor, windows laid side by side and an int64 reference beside it included.
BYTES_A_NUMBER = 24

#: Multiply-adds that every check of a row gets through in a second, roughly: the int64 reference is what takes it.
MACS_A_SECOND = 400_000_000


class NotEnoughMemory(MemoryError):  # noqa: N818  named after what is wrong
    """An execution that would not fit into the memory that is free; the message says both."""


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


def needed_bytes(graph: Graph, analysis: Analysis) -> int:
    """Bytes that the checks of a row take, rather more than less: tensors, weights and what is beside them."""
    return BYTES_A_NUMBER * (numbers_held(graph) + analysis.cost.params) + (1 << 26)


def expected_seconds(analysis: Analysis) -> float:
    """Roughly how long the checks of a row take."""
    return 0.02 + analysis.cost.macs / MACS_A_SECOND


def require_memory(name: str, graph: Graph, analysis: Analysis) -> None:
    """Raise NotEnoughMemory where executing row `name` would take more than is free."""
    needed, free = needed_bytes(graph, analysis), free_memory()
    if free is not None and needed > free:
        raise NotEnoughMemory(
            f"{name}: executing it would take about {needed >> 20:,} MiB and {free >> 20:,} MiB are free; "
            "a lower --verify-limit executes it at a reduced size"
        )
