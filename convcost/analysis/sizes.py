"""Functions of sizes that are one step where a size is traced: no trace looks into them.

Among them how many products of a window that slides over one axis touch data and not padding, in closed form.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache, reduce, wraps
from math import gcd
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .traced import Trace


def opaque(highest: Callable[..., Any] | None = None) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """A function of sizes that no trace looks into: it is called for each. It is at least 0; `highest`: at most.

    Without that it rises with each of them, and lies between what it is of the least and of the largest.

    >>> from convcost.analysis.traced import Trace
    >>> @opaque(lambda n: n)
    ... def steps(n: int) -> int:
    ...     return len(range(0, n, 2))
    >>> steps(5), steps(Trace().size(1, 9, 5)).example
    (3, 3)
    """

    def keep(function: Callable[..., int]) -> Callable[..., int]:
        @wraps(function)
        def called(*given: Any) -> Any:
            trace = _trace_of(given)
            return trace.call(function, given, highest) if trace else function(*given)

        return called

    return keep


#: The greatest common divisor, of traced sizes too.
common_divisor = opaque(min)(gcd)


def largest(values: Sequence[Any]) -> Any:
    """The largest of sizes, as one step and no question where they are traced.

    >>> from convcost.analysis.traced import Trace
    >>> trace = Trace()
    >>> largest([trace.size(1, 9, 5), trace.size(1, 9, 7)]).example, trace.guards, largest([3, 4])
    (7, [], 4)
    """
    trace = _trace_of(values)
    return reduce(lambda a, b: trace.compute("max", a, b), values) if trace else max(values)


def _trace_of(sizes: Sequence[Any]) -> Trace | None:
    """The trace that the sizes belong to, if one does; a plain number is seen at once."""
    for one in sizes:
        if type(one) is not int and hasattr(one, "trace"):
            return one.trace  # type: ignore[no-any-return]  # what is traced is told by it
    return None


def products_on_data(count: int, taps: int, stride: int, dilation: int, before: int, length: int) -> int:
    """Pairs (window, tap) that fall on `length` positions of data which `before` positions of padding precede.

    `count` windows start `stride` apart, `taps` taps are `dilation` apart. What falls on the padding
    lies left of the data or, read from the far end, left of it too: two corner counts are taken off.

    >>> products_on_data(5, 3, 1, 1, 1, 5)   # 15 products, one off at either end
    13
    """
    after = (count - 1) * stride + (taps - 1) * dilation - before - length + 1
    # What lies behind the data is the same number for every traced size where the stride is 1: arithmetic then.
    work = _off_the_corners if type(after) is int and type(before) is int else _whole_off_the_corners
    on_data: int = largest([work(count, taps, stride, dilation, before, after), 0])
    return on_data


def _off_the_corners(count: int, taps: int, stride: int, dilation: int, before: int, after: int) -> int:
    return count * taps - _corner(before, count, taps, stride, dilation) - _corner(after, count, taps, stride, dilation)


_whole_off_the_corners = opaque(lambda count, taps, *_: count * taps)(_off_the_corners)


def _corner(limit: int, count: int, taps: int, stride: int, dilation: int) -> int:
    """Pairs 0 <= o < count, 0 <= t < taps with o * stride + t * dilation < limit."""
    if limit <= 0:
        return 0
    reach, span = count * stride, taps * dilation
    pairs = _points_below(limit, stride, dilation)
    for beyond, sign in ((limit - reach, -1), (limit - span, -1), (limit - reach - span, 1)):
        if beyond > 0:
            pairs += sign * _points_below(beyond, stride, dilation)
    return pairs


@lru_cache(maxsize=4096)  # kernels, strides and paddings are few, whatever the sizes
def _points_below(limit: int, a: int, b: int) -> int:
    """Integer points x, y >= 0 with a * x + b * y < limit, which is positive."""
    columns = -(-limit // a)
    return _floor_sum(columns, b, a, limit - a * (columns - 1) + b - 1)


def _floor_sum(n: int, m: int, a: int, b: int) -> int:
    """Sum of (a * i + b) // m for 0 <= i < n, in as many steps as Euclid's algorithm takes on a and m.

    Graham, Knuth, Patashnik: Concrete Mathematics, section 3.5.
    """
    total = 0
    while True:
        total += (n - 1) * n // 2 * (a // m) + n * (b // m)
        a, b = a % m, b % m
        top = a * n + b
        if top < m:
            return total
        n, m, a, b = top // m, a, m, top % m
