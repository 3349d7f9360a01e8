"""Types of numbers: how many bits each has, and which type each tensor of a graph is of."""

from __future__ import annotations

from functools import cache

from ..spec.records import NamedTuple
from .ops import Graph

#: Bits of a number; `wXaY` in specs names integers of any width, `int3` or `int12`.
BITS = {
    "fp64": 64, "fp32": 32, "fp16": 16, "bf16": 16, "fp8": 8, "fp4": 4,
    "int64": 64, "int32": 32, "int16": 16, "int8": 8, "int4": 4, "int2": 2,
    "uint64": 64, "uint32": 32, "uint16": 16, "uint8": 8, "uint4": 4, "uint2": 2,
    "bool": 8, "binary": 1, "complex64": 64, "complex128": 128,
}  # fmt: skip

#: Those that a whole graph may be of.
OF_GRAPHS = ("fp64", "fp32", "fp16", "bf16", "fp8", "int16", "int8", "uint8", "int4", "binary")

#: Widest integers that `wXaY` may name.
MOST_BITS = 64


class Types(NamedTuple):
    """The types of a graph's tensors: weights and biases of convolutions and matrix products, params of norms and
    scales, and values: the input and what every operation puts out."""

    weights: str
    biases: str
    norms: str
    values: str


@cache
def types_of(dtype: str) -> Types:
    """What each tensor of a graph of a dtype is.

    >>> types_of("bf16").biases, types_of("int8").biases, types_of("w8a16")
    ('bf16', 'int32', Types(weights='int8', biases='int64', norms='fp32', values='int16'))

    Every tensor is of that type, but beside integer weights: there a bias is as wide as what it is added to, int32,
    and int64 with values of 16 bits (TFLite's quantisation specification), and what norms learn is fp32. ValueError
    for what is no dtype.
    """
    if dtype in OF_GRAPHS:
        weights = values = dtype
    else:
        weights, values = (f"int{bits}" for bits in _widths(dtype))
    if weights.startswith(("fp", "bf")):
        return Types(weights, weights, weights, values)
    return Types(weights, "int64" if bits_of(values) == 16 else "int32", "fp32", values)


def _widths(dtype: str) -> tuple[int, int]:
    """X and Y of `wXaY`."""
    left, separator, right = dtype.removeprefix("w").partition("a")
    digits = [part for part in (left, right) if part.isascii() and part.isdigit() and len(part) < 3]
    if not dtype.startswith("w") or not separator or len(digits) < 2:
        raise ValueError(f"no dtype {dtype!r}")
    widths = int(left), int(right)
    if not all(1 <= bits <= MOST_BITS for bits in widths):
        raise ValueError(f"{dtype}: integers have 1 to {MOST_BITS} bits")
    return widths


@cache
def bits_of(name: str) -> int:
    """Bits of one number of a type.

    >>> bits_of("bf16"), bits_of("int3")
    (16, 3)
    """
    known = BITS.get(name)
    return int(name.removeprefix("int")) if known is None else known


def tensor_bytes(bits: int, numbers: int) -> int:
    """Bytes of a tensor, the last one filled up; `numbers` a size of any kind.

    >>> tensor_bytes(32, 5), tensor_bytes(4, 5), tensor_bytes(1, 5)
    (20, 3, 1)
    """
    return bits // 8 * numbers if bits % 8 == 0 else -(-bits * numbers // 8)


def value_types(graph: Graph) -> tuple[str, ...]:
    """The type of every value, the input first."""
    if graph.value_types is not None:
        return graph.value_types
    return (types_of(graph.dtype).values,) * (len(graph.nodes) + 1)
