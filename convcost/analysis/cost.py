"""The additive words: one small rule per primitive, and the record in which they add."""

from math import prod
from typing import NamedTuple

from ..graph.ops import (
    Activation,
    AdaptivePool,
    Add,
    BatchNorm,
    Conv,
    Counted,
    Flatten,
    LayerNorm,
    Linear,
    Multiply,
    Op,
    Pool,
    Scale,
    Shape,
    Split,
)
from .overlap import products_on_data
from .traced import common_divisor

#: Bytes per element.
WIDTH = {"fp32": 4, "fp16": 2, "bf16": 2, "int8": 1}

#: Operations per output element, beside the multiply-adds of convolutions and matrix products. LayerNorm
#: has the BatchNorm's two and three for the statistics that it takes of every input.
ELEMENTWISE: dict[type, int] = {Add: 1, Multiply: 1, Scale: 1, Activation: 1, BatchNorm: 2, LayerNorm: 5}

#: Operations that only look at a tensor in another way, and move nothing.
VIEWS = (Flatten, Split)

#: Learned numbers a channel.
PER_CHANNEL: dict[type, int] = {BatchNorm: 2, LayerNorm: 2, Scale: 1}


class Cost(NamedTuple):
    """Words that add over operations; all exact, sizes in bytes, `macs` with positions on the padding.

    >>> Cost(1, 9, 4) + Cost(0, 1, 1, 2)
    Cost(params=1, macs=10, effective_macs=5, elementwise=2, conv_activations=0, weight_bytes=0, activation_bytes=0, \
traffic_bytes=0)
    """

    params: int = 0
    macs: int = 0
    effective_macs: int = 0
    elementwise: int = 0
    conv_activations: int = 0
    weight_bytes: int = 0
    activation_bytes: int = 0
    traffic_bytes: int = 0

    def __add__(self, other: "Cost") -> "Cost":  # type: ignore[override]  # costs add; joining two makes no sense
        return Cost(*[a + b for a, b in zip(self, other)])

    @property
    def flops(self) -> int:
        """Floating-point operations of the multiply-adds: 1 MAC = 2 FLOPs."""
        return 2 * self.macs


def params(op: Op) -> int:
    """Learned numbers, biases included.

    >>> params(Conv(64, 128, (3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1), groups=2))
    36864
    """
    if type(op) is Conv:
        return op.out_channels * (op.in_channels // op.groups) * prod(op.kernel_size) + int(op.bias) * op.out_channels
    if type(op) is Linear:
        return op.in_features * op.out_features + int(op.bias) * op.out_features
    return PER_CHANNEL.get(type(op), 0) * getattr(op, "channels", 0)


def macs(op: Op, given: Shape, out: Shape) -> int:
    """Multiply-adds, positions on the padding included, bias left out; transposed: before cropping.

    Each output position of a convolution (each input position of a transposed one) meets every tap
    once, for every pair of channels that share a group (Howard et al. 2017, section 3.1).
    """
    if type(op) is Linear:
        return prod(given) * op.out_features
    if type(op) is not Conv:
        return 0
    positions = prod(given[2:]) if op.transposed else prod(out[2:])
    return given[0] * op.out_channels * (op.in_channels // op.groups) * prod(op.kernel_size) * positions


def effective_macs(op: Op, given: Shape, out: Shape) -> int:
    """Multiply-adds that touch the input and not its padding; transposed: that land inside the output."""
    if type(op) is not Conv:
        return macs(op, given, out)
    if op.padding_mode != "zeros":
        return macs(op, given, out)
    moving, fixed = (given, out) if op.transposed else (out, given)
    touching = 1
    for axis, (before, _) in enumerate(op.padding):
        touching *= products_on_data(
            moving[axis + 2], op.kernel_size[axis], op.stride[axis], op.dilation[axis], before, fixed[axis + 2]
        )
    return given[0] * op.out_channels * (op.in_channels // op.groups) * touching


def elementwise(op: Op, given: Shape, out: Shape) -> int:
    """Operations that are no multiply-adds, per output element: bias 1, add 1, activation 1, BatchNorm 2, pooling
    its window (an adaptive one's windows are as many and as large as `adaptive_reach` says)."""
    if type(op) is Conv or type(op) is Linear:
        return int(op.bias) * prod(out)
    if type(op) is Pool:
        return prod(op.kernel_size) * prod(out)
    if type(op) is AdaptivePool:
        return prod(given[:2]) * prod([adaptive_reach(n, m) for n, m in zip(given[2:], op.output_size)])
    return ELEMENTWISE.get(type(op), 0) * prod(out)


def conv_activations(op: Op, out: Shape) -> int:
    """Elements that convolutions and matrix products put out (Radosavovic et al. 2020, section 3.1: activations)."""
    return prod(out) if type(op) is Conv or type(op) is Linear else 0


def adaptive_reach(size: int, windows: int) -> int:
    """Positions that all windows of an adaptive pooling read along one axis, overlaps counted again.

    Window i spans floor(i n / m) to ceil((i + 1) n / m): together n, and one more at each of the m - gcd(n, m)
    bounds that fall between positions.

    >>> adaptive_reach(7, 1), adaptive_reach(6, 7)
    (7, 12)
    """
    return size + windows - common_divisor(size, windows)


def op_cost(op: Op, inputs: list[Shape], out: Shape, width: int, *, allocates: bool) -> Cost:
    """All additive words of one operation. `inputs`: each distinct input once; `width`: bytes an element."""
    if type(op) is Counted:
        return counted_cost(op, inputs, width, allocates=allocates)
    weights, made = params(op), prod(out)
    moved = 0 if type(op) in VIEWS else sum([prod(shape) for shape in inputs]) + weights + made
    return Cost(
        weights,
        macs(op, inputs[0], out),
        effective_macs(op, inputs[0], out),
        elementwise(op, inputs[0], out),
        conv_activations(op, out),
        weights * width,
        int(allocates) * made * width,
        moved * width,
    )


def is_view(op: Op) -> bool:
    """Does the operation only look at its input in another way?"""
    return type(op) in VIEWS or (type(op) is Counted and op.view)


def counted_cost(op: Counted, inputs: list[Shape], width: int, *, allocates: bool) -> Cost:
    """The words of what was counted already; params are the same ones at each of its runs."""
    made = prod(op.output_shape)
    moved = sum([prod(shape) for shape in inputs]) + op.params + made if op.moved is None else op.moved
    new = int(allocates) * made
    products_out = made * int(op.macs > 0) if op.conv_activations is None else op.conv_activations
    return Cost(
        op.params,
        op.macs * op.times,
        op.effective_macs * op.times,
        op.elementwise * op.times,
        products_out * op.times,
        op.params * width,
        new * width * op.times,
        moved * width * op.times,
    )
