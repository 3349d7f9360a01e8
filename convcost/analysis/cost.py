"""The additive words: for each of them one small rule per primitive, and the record in which they add."""

from collections.abc import Callable
from functools import cache
from math import prod
from typing import Any

from ..graph import ops
from ..graph.dtypes import Types, bits_of, tensor_bytes, types_of
from ..spec.records import NamedTuple
from .memory import is_view
from .sizes import common_divisor, products_on_data

#: The tensors that an operation learns: the role of each, a field of `Types`, and how many numbers it has.
Learned = tuple[tuple[str, int], ...]

#: Of convolutions and matrix products weights and a bias; of norms a scale and a shift a channel.
LEARNED: ops.ByOp[Callable[[Any], Learned]] = ops.ByOp(
    {
        ops.Conv: lambda op: (
            ("weights", int(not op.shared) * op.out_channels * (op.in_channels // op.groups) * prod(op.kernel_size)),
            ("biases", int(op.bias and not op.shared) * op.out_channels),
        ),
        ops.Linear: lambda op: (
            ("weights", int(not op.shared) * op.in_features * op.out_features),
            ("biases", int(op.bias and not op.shared) * op.out_features),
        ),
        ops.Scale: lambda op: (("norms", op.channels),),
        ops.Norm: lambda op: (("norms", op.channels),) * ((1 if op.kind == "rms-norm" else 2) * int(op.affine)),
        ops.Tokens: lambda op: (("weights", op.learned * op.channels), ("weights", op.positions * op.channels)),
        ops.Counted: lambda op: (("weights", op.params),),
    },
    dict.fromkeys((ops.BatchNorm, ops.LayerNorm), lambda op: (("norms", op.channels), ("norms", op.channels))),
    dict.fromkeys((ops.Add, ops.Multiply, ops.Concat, ops.Split, ops.Shuffle), lambda _: ()),
    dict.fromkeys((ops.Flatten, ops.Activation, ops.Pool, ops.AdaptivePool), lambda _: ()),
    dict.fromkeys((ops.Upsample, ops.PixelShuffle, ops.Pad, ops.Attention), lambda _: ()),
)


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


def params(op: ops.Op) -> int:
    """Learned numbers, biases included.

    >>> params(ops.Conv(64, 128, (3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1), groups=2))
    36864
    """
    return sum([numbers for _, numbers in LEARNED[type(op)](op)])


def _conv_macs(op: ops.Conv, given: ops.Shape, out: ops.Shape) -> int:
    """Each output position of a convolution (each input position of a transposed one) meets every tap once, for
    every pair of channels that share a group (Howard et al. 2017, section 3.1)."""
    positions = prod(given[2:]) if op.transposed else prod(out[2:])
    return given[0] * op.out_channels * (op.in_channels // op.groups) * prod(op.kernel_size) * positions


def _effective_conv_macs(op: ops.Conv, given: ops.Shape, out: ops.Shape) -> int:
    if op.padding_mode != "zeros":
        return macs(op, given, out)
    moving, fixed = (given, out) if op.transposed else (out, given)
    touching = 1
    for axis, (before, _) in enumerate(op.padding):
        touching *= products_on_data(
            moving[axis + 2], op.kernel_size[axis], op.stride[axis], op.dilation[axis], before, fixed[axis + 2]
        )
    return given[0] * op.out_channels * (op.in_channels // op.groups) * touching


def _all_touch(op: ops.Op, given: ops.Shape, out: ops.Shape) -> int:
    return macs(op, given, out)


#: A count from an operation, the shape of its first input and that of its output.
Rule = Callable[[Any, ops.Shape, ops.Shape], int]


def _each(steps: int) -> Rule:
    return lambda _op, _given, out: steps * prod(out)


def _none(_op: ops.Op, _given: ops.Shape, _out: ops.Shape) -> int:
    return 0


_NO_PRODUCTS = dict.fromkeys(
    (ops.Add, ops.Multiply, ops.Concat, ops.Split, ops.Shuffle, ops.Flatten, ops.Activation, ops.BatchNorm,
     ops.LayerNorm, ops.Scale, ops.Norm, ops.Pool, ops.AdaptivePool, ops.Upsample, ops.PixelShuffle, ops.Pad,
     ops.Tokens), _none
)  # fmt: skip


def _scores(op: ops.Attention, given: ops.Shape) -> int:
    """How many pairs of positions there are, for all heads."""
    return given[0] * op.heads * prod(given[2:]) * prod(given[2:])


def _attention_macs(op: ops.Attention, given: ops.Shape, _: ops.Shape) -> int:
    """Each pair of positions meets over the features of a head twice: in its score, and in the weighted values
    (Vaswani et al. 2017, section 3.2.1)."""
    return 2 * _scores(op, given) * (op.channels // op.heads)


MACS: ops.ByOp[Rule] = ops.ByOp(
    {
        ops.Conv: _conv_macs,
        ops.Linear: lambda op, given, _: prod(given) * op.out_features,
        ops.Attention: _attention_macs,
        ops.Counted: lambda op, *_: op.macs * op.times,
    },
    _NO_PRODUCTS,
)

EFFECTIVE_MACS: ops.ByOp[Rule] = ops.ByOp(
    {
        ops.Conv: _effective_conv_macs,
        ops.Linear: _all_touch,
        ops.Attention: _all_touch,
        ops.Counted: lambda op, *_: op.effective_macs * op.times,
    },
    _NO_PRODUCTS,
)

#: Pooling reads its window; an adaptive one's windows are as many and as large as `adaptive_reach` says. LayerNorm has
#: the BatchNorm's two steps and three for the statistics that it takes of every input, so have other norms, without a
#: mean four. Softmax: maximum, difference, exponential, sum, quotient; attention's has a factor for its scores, too.
ELEMENTWISE: ops.ByOp[Rule] = ops.ByOp(
    dict.fromkeys((ops.Conv, ops.Linear), lambda op, _, out: int(op.bias) * prod(out)),
    dict.fromkeys((ops.Add, ops.Multiply, ops.Scale, ops.Activation), _each(1)),
    {
        ops.BatchNorm: _each(2),
        ops.LayerNorm: _each(5),
        ops.Norm: lambda op, _, out: (4 if op.kind == "rms-norm" else 5) * prod(out),
        ops.Upsample: lambda op, _, out: (
            (2 ** sum([by > 1 for by in op.factor]) if op.kind != "nearest" else 0) * prod(out)
        ),
        ops.Attention: lambda op, given, _: 6 * _scores(op, given),
        ops.Tokens: _each(1),
        ops.Pool: lambda op, _, out: prod(op.kernel_size) * prod(out),
        ops.AdaptivePool: lambda op, given, _: (
            prod(given[:2]) * prod([adaptive_reach(n, m) for n, m in zip(given[2:], op.output_size)])
        ),
        ops.Counted: lambda op, *_: op.elementwise * op.times,
    },
    dict.fromkeys((ops.Concat, ops.Split, ops.Shuffle, ops.Flatten, ops.PixelShuffle, ops.Pad), _none),
)

CONV_ACTIVATIONS: ops.ByOp[Callable[[Any, ops.Shape], int]] = ops.ByOp(
    dict.fromkeys((ops.Conv, ops.Linear), lambda _, out: prod(out)),
    {
        ops.Attention: lambda op, out: _scores(op, out) + prod(out),
        ops.Counted: lambda op, out: _put_out(op, out) * op.times,
    },
    dict.fromkeys(_NO_PRODUCTS, lambda *_: 0),
)


def _put_out(op: ops.Counted, out: ops.Shape) -> int:
    """Of one run: what it says, or all that comes out of an operation with products."""
    if op.conv_activations is not None:
        return op.conv_activations
    return prod(out) * int(op.macs > 0)


def macs(op: ops.Op, given: ops.Shape, out: ops.Shape) -> int:
    """Multiply-adds, positions on the padding included, bias left out; transposed: before cropping."""
    return MACS[type(op)](op, given, out)


def effective_macs(op: ops.Op, given: ops.Shape, out: ops.Shape) -> int:
    """Multiply-adds that touch the input and not its padding; transposed: that land inside the output."""
    return EFFECTIVE_MACS[type(op)](op, given, out)


def elementwise(op: ops.Op, given: ops.Shape, out: ops.Shape) -> int:
    """Operations that are no multiply-adds, per output element: bias 1, add 1, activation 1, BatchNorm 2, pooling
    its window."""
    return ELEMENTWISE[type(op)](op, given, out)


def conv_activations(op: ops.Op, out: ops.Shape) -> int:
    """Elements that convolutions and matrix products put out (Radosavovic et al. 2020, section 3.1: activations)."""
    return CONV_ACTIVATIONS[type(op)](op, out)


def adaptive_reach(size: int, windows: int) -> int:
    """Positions that all windows of an adaptive pooling read along one axis, overlaps counted again.

    Window i spans floor(i n / m) to ceil((i + 1) n / m): together n, and one more at each of the m - gcd(n, m)
    bounds that fall between positions.

    >>> adaptive_reach(7, 1), adaptive_reach(6, 7)
    (7, 12)
    """
    return size + windows - common_divisor(size, windows)


class OpTypes(NamedTuple):
    """Bits of a number in each distinct input of an operation, in its output, and the types of what it learns.

    `learned` is by roles, or the type and the numbers of each tensor, as a file says them.
    """

    inputs: tuple[int, ...]
    output: int
    learned: Types | tuple[tuple[str, int], ...]


@cache
def of_dtype(dtype: str, inputs: int = 1) -> OpTypes:
    """The types of an operation with so many inputs in a graph of a dtype.

    >>> of_dtype("w8a16").inputs
    (16,)
    """
    types = types_of(dtype)
    return OpTypes((bits_of(types.values),) * inputs, bits_of(types.values), types)


def op_cost(op: ops.Op, inputs: list[ops.Shape], out: ops.Shape, types: OpTypes, *, allocates: bool) -> Cost:
    """All additive words of one operation. `inputs`: each distinct input once."""
    given = inputs[0] if inputs else out
    weight_bytes = learned_bytes(op, types.learned)
    made = tensor_bytes(types.output, prod(out)) * runs(op)
    return Cost(
        params(op),
        macs(op, given, out),
        effective_macs(op, given, out),
        elementwise(op, given, out),
        conv_activations(op, out),
        weight_bytes,
        int(allocates) * made,
        traffic_bytes(op, inputs, out, types, weight_bytes),
    )


def learned_bytes(op: ops.Op, types: Types | tuple[tuple[str, int], ...]) -> int:
    """Bytes of what an operation learns, tensor by tensor."""
    if isinstance(types, Types):
        learned = [(getattr(types, role), numbers) for role, numbers in LEARNED[type(op)](op)]
    else:
        learned = [*types]
    return sum([tensor_bytes(bits_of(name), numbers) for name, numbers in learned])


def _shared_bytes(op: ops.Conv | ops.Linear, types: OpTypes) -> int:
    """Bytes of weights that another operation learns; where a file says types, of that of the output."""
    if isinstance(types.learned, Types):
        return learned_bytes(op, types.learned)
    return sum([tensor_bytes(types.output, numbers) for _, numbers in LEARNED[type(op)](op)])


def runs(op: ops.Op) -> int:
    """How often an operation runs: once, unless it stands in a loop."""
    return op.times if type(op) is ops.Counted else 1


def traffic_bytes(op: ops.Op, inputs: list[ops.Shape], out: ops.Shape, types: OpTypes, weight_bytes: int) -> int:
    """Every distinct input, what is learned (or shared) and the output, once a run; nothing for a view.

    What an operation says it moves is counted in numbers of its output's type.
    """
    if type(op) is ops.Counted and op.moved is not None:
        return tensor_bytes(types.output, op.moved) * op.times
    if is_view(op) and type(op) is not ops.Counted:
        return 0
    read = sum([tensor_bytes(bits, prod(shape)) for bits, shape in zip(types.inputs, inputs)])
    if (type(op) is ops.Conv or type(op) is ops.Linear) and op.shared:
        weight_bytes = _shared_bytes(op._replace(shared=False), types)
    return (read + weight_bytes + tensor_bytes(types.output, prod(out))) * runs(op)
