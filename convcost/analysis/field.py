"""What an output position can see: receptive field, and what an operation mixes."""

from __future__ import annotations

from math import gcd

from ..graph.ops import AdaptivePool, Conv, Flatten, Graph, Ints, LayerNorm, Linear, Op, Pool, Shape

Span = tuple[int, int]  # first and last position, along one axis


def receptive_field(graph: Graph, shapes: list[Shape]) -> Ints | None:
    """Span of input positions that one output position sees, an axis each, on an unbounded input.

    Walks back from output position 0, every value holding the span that is needed of it (Araujo et
    al. 2019, section 2). A transposed convolution sees different spans from different positions;
    the largest is taken, which is exact along a chain: None where branches meet as well.
    """
    needed: list[list[Span] | None] = [None] * (len(graph.nodes) + 1)
    needed[-1] = [(0, 0)] * (len(shapes[-1]) - 2)
    if _is_branched(graph) and any([type(n.op) is Conv and n.op.transposed for n in graph.nodes]):
        return None
    for index in range(len(graph.nodes) - 1, -1, -1):
        spans, node = needed[index + 1], graph.nodes[index]
        if spans is None:
            continue
        for value in node.inputs:
            seen, known = op_spans(node.op, spans, shapes[value]), needed[value]
            needed[value] = seen if known is None else [_union(a, b) for a, b in zip(known, seen)]
    return None if needed[0] is None else _lengths(needed[0])


def op_field(op: Op, given: Shape) -> Ints:
    """The same for one operation alone, on an input of shape `given`."""
    return _lengths(op_spans(op, [(0, 0)] * (len(given) - 2), given))


def _lengths(spans: list[Span]) -> Ints:
    return tuple([last - first + 1 for first, last in spans])


def _is_branched(graph: Graph) -> bool:
    return any([len(node.inputs) > 1 for node in graph.nodes])


def _union(a: Span, b: Span) -> Span:
    return min(a[0], b[0]), max(a[1], b[1])


def op_spans(op: Op, spans: list[Span], given: Shape) -> list[Span]:
    """The spans of input positions that `op` needs for spans of its output positions."""
    if type(op) is Conv:
        return [_conv_span(op, axis, span) for axis, span in enumerate(spans)]
    if type(op) is Pool:
        windows = zip(spans, op.kernel_size, op.stride, op.padding)
        return [(a * s - before, b * s - before + k - 1) for (a, b), k, s, (before, _) in windows]
    if type(op) is AdaptivePool:
        return [_adaptive_span(*axis) for axis in zip(spans, given[2:], op.output_size)]
    if type(op) is Flatten:
        return [(0, n - 1) for n in given[2:]]
    return spans


def _adaptive_span(span: Span, size: int, windows: int) -> Span:
    """The largest span of neighbouring windows i, floor(i n / m) to ceil((i + 1) n / m)."""
    first = span[0] * size // windows
    width = (span[1] - span[0] + 1) * size
    return first, first + -(-(width + windows - gcd(size, windows)) // windows) - 1


def _conv_span(op: Conv, axis: int, span: Span) -> Span:
    first, last = span
    stride, reach = op.stride[axis], (op.kernel_size[axis] - 1) * op.dilation[axis]
    if op.transposed:
        return 0, _transposed_reach(last - first, op.kernel_size[axis], stride, op.dilation[axis])
    start = first * stride - op.padding[axis][0]
    return start, last * stride - op.padding[axis][0] + reach


def _transposed_reach(span: int, taps: int, stride: int, dilation: int) -> int:
    """Most distance between two inputs that `span + 1` neighbouring outputs of a transposed convolution see.

    Input i meets output i * stride + t * dilation, so two inputs lie (e + u * dilation) / stride apart
    for some |e| <= span and u < taps, where that is an integer: largest for the largest u that allows one.
    """
    top = span + (taps - 1) * dilation
    fewer = _first_in_range(-dilation, stride, top, 2 * span)
    return (top - fewer * dilation) // stride


def _first_in_range(step: int, modulus: int, start: int, most: int) -> int:
    """Least u >= 0 with (start + u * step) mod modulus <= most; one must exist."""
    start %= modulus
    if start <= most:
        return 0
    step %= modulus
    low, high = (-start) % modulus, (most - start) % modulus
    found = _least_multiple(step, modulus, low, high)
    if found is None:
        raise ValueError("no such step")
    return found


def _least_multiple(a: int, m: int, low: int, high: int) -> int | None:
    """Least x >= 0 with low <= a * x mod m <= high, for 0 <= low <= high < m; None if there is none.

    Euclid's algorithm on a and m: when no multiple of a lies in the range itself, the number of times
    that a * x has passed m is the answer to the same question modulo a.
    """
    if low == 0:
        return 0
    if a == 0:
        return None
    if 2 * a > m:  # walk the short way round, or the number of steps is not logarithmic
        a, low, high = m - a, m - high, m - low
    x = -(-low // a)
    if a * x <= high:
        return x
    passed = _least_multiple(-m % a, a, low % a, high % a)
    return None if passed is None else -(-(low + m * passed) // a)


def mixes(op: Op) -> list[str]:
    """What an operation combines: positions in space, channels, both or neither."""
    if type(op) is Conv:
        space = ["space"] if any([k > 1 for k in op.kernel_size]) else []
        return space + (["channels"] if op.in_channels > op.groups else [])
    if type(op) is Linear or type(op) is LayerNorm:
        return ["channels"]
    return ["space"] if type(op) is Pool or type(op) is AdaptivePool else []
