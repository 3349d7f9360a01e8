"""Where the fast executor works: it issues every product from here, which counts them, and keeps scratch."""

from __future__ import annotations

from functools import cache
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray


def issued(numbers: int, outer: int) -> int:
    """Products of `numbers` that each meet `outer` weights."""
    return numbers * outer


#: Rows, inner numbers and columns of a product that is wide enough: after it, OpenBLAS is as fast as it gets.
WIDE = (64, 128, 512)


@cache
def warm_up(dtype: str) -> None:
    """Make one wide product, which counts for nothing, before the first that matters: once a process, a millisecond.

    With one thread, NumPy's OpenBLAS multiplies at a half to a third of its speed until the process has made one.
    """
    rows, inner, columns = WIDE
    np.matmul(np.ones((rows, inner), dtype), np.ones((inner, columns), dtype))


class Workbench:
    """Issues products and counts them by the shapes of the arrays that it hands on; lends scratch and counts that too.

    >>> bench = Workbench()
    >>> bench.matmul(np.ones((4, 3)), np.ones((3, 2)), np.empty((4, 2)))
    >>> bench.products, bench.calls
    (24, 1)

    Scratch is kept from one operation to the next: fresh memory costs more than what is done in it.
    """

    def __init__(self) -> None:
        self.products = 0
        self.calls = 0
        self._rooms: dict[str, NDArray[Any]] = {}
        warm_up("float32")

    @property
    def scratch_bytes(self) -> int:
        """Scratch held now."""
        return sum([room.nbytes for room in self._rooms.values()])

    def room(self, name: str, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
        """Scratch of that shape with whatever is in it; it is overwritten when that name is asked for again."""
        size, dtype = prod(shape), np.dtype(dtype)
        held = self._rooms.get(name)
        if held is None or held.nbytes < size * dtype.itemsize:
            self._rooms.pop(name, None)
            del held  # before there is a larger one
            held = self._rooms[name] = np.empty(size * dtype.itemsize, np.uint8)
        return held[: size * dtype.itemsize].view(dtype).reshape(shape)

    def matmul(self, left: NDArray[Any], right: NDArray[Any], out: NDArray[Any]) -> None:
        """A matrix product, or a stack of them: (..., m, k) by (..., k, n) into (..., m, n)."""
        np.matmul(left, right, out=out)
        self.products += issued(left.size, right.shape[-1])
        self.calls += 1

    def weigh(self, taps: int, windows: NDArray[Any], weights: NDArray[Any], out: NDArray[Any]) -> None:
        """Taps times weights, added up window by window: (*taps, ..., run) by (*taps, run) into (..., run).

        `taps` is the number of their axes; they are no single one because windows overlap in memory.
        """
        over = list(range(taps))
        np.einsum(windows, [*over, ..., taps], weights, [*over, taps], [..., taps], out=out)
        self.products += issued(windows.size, 1)
        self.calls += 1
