"""Rules of convolutions and poolings: onnx.ai/onnx/operators, the padding written out."""

from collections.abc import Callable
from math import prod

from ...graph.builder import same_upper
from ...graph.ops import AdaptivePool, Conv, Ints, Pads, Pool
from .values import Call, Count, Unknown

Rule = Callable[[Call], Count]


def conv(given: int = 0, weights: int = 1, bias: int | None = 2) -> Rule:
    """The rule of a convolution whose inputs of those numbers are its input, weights and bias (None: it has none)."""

    def rule(call: Call) -> Count:
        x, w = call.shape(given), call.shape(weights)
        groups = call.integer("group", 1)
        if len(x) != len(w) or len(x) < 3 or groups < 1 or w[1] * groups != x[1] or w[0] % groups:
            raise Unknown("its weights do not fit its input")
        if call.integers("kernel_shape", w[2:]) != w[2:]:
            raise Unknown("its kernel_shape is not that of its weights")
        kernel, stride, dilation = w[2:], *steps(call, len(x) - 2)
        pads = padding(call, x[2:], kernel, stride, dilation)
        biased = bias is not None and call.has(bias)
        return Count(primitive=Conv(x[1], w[0], kernel, stride, pads, dilation, groups, biased))

    return rule


def conv_transpose(call: Call) -> Count:
    """The rule of a transposed convolution; where only its output's size is said, the padding follows from it."""
    x, w = call.shape(0), call.shape(1)
    groups = call.integer("group", 1)
    if len(x) != len(w) or len(x) < 3 or groups < 1 or w[0] != x[1] or x[1] % groups:
        raise Unknown("its weights do not fit its input")
    if call.integers("kernel_shape", w[2:]) != w[2:]:
        raise Unknown("its kernel_shape is not that of its weights")
    kernel, stride, dilation = w[2:], *steps(call, len(x) - 2)
    extra = call.integers("output_padding", (0,) * len(kernel))
    full = [(n - 1) * s + more + d * (k - 1) + 1 for n, k, s, d, more in zip(x[2:], kernel, stride, dilation, extra)]
    mode = call.text("auto_pad", "NOTSET")
    if "output_shape" in call.attributes or mode.startswith("SAME"):
        upper, made = mode == "SAME_UPPER", call.made[2:]
        pads = tuple([_halves(max(n - out, 0), upper) for n, out in zip(full, made)])
        extra = tuple([more + max(out - n, 0) for more, n, out in zip(extra, full, made)])
    else:
        pads = padding(call, x[2:], kernel, stride, dilation)
    op = Conv(x[1], w[1] * groups, kernel, stride, pads, dilation, groups, call.has(2), "zeros", True, extra)
    return Count(primitive=op)


def deform_conv(call: Call) -> Count:
    """A convolution, each of whose taps is interpolated from four positions first."""
    x, w, out = call.shape(0), call.shape(1), call.made
    sampled = x[0] * x[1] * prod(w[2:]) * prod(out[2:])
    return Count(macs=prod(out) * prod(w[1:]), elementwise=4 * sampled + int(call.has(3)) * prod(out))


def causal_conv(call: Call) -> Count:
    """Each channel by itself along one axis, of what came before and its past."""
    out, w = call.made, call.shape(1)
    activation = call.text("activation", "none") not in ("", "none")
    return Count(prod(out) * w[-1], (int(call.has(2)) + int(activation)) * prod(out))


def pool(kind: str) -> Rule:
    """The rule of a pooling of that kind; a dilated one, for which there is no primitive, has its windows counted."""

    def rule(call: Call) -> Count:
        x, out = call.shape(0), call.made
        found = call.attributes.get("kernel_shape")
        if found is None or len(found.ints) != len(x) - 2 or len(x) < 3:
            raise Unknown("its window does not fit its input")
        kernel = tuple(found.ints)
        stride, dilation = steps(call, len(kernel))
        if set(dilation) != {1} or kind == "lp":
            return Count(elementwise=prod(kernel) * prod(out))
        pads = padding(call, x[2:], kernel, stride, dilation)
        op = Pool(kind, kernel, stride, pads, bool(call.integer("ceil_mode", 0)))
        return Count(primitive=op)

    return rule


def global_pool(kind: str) -> Rule:
    """The rule of a pooling of everything there is in space."""

    def rule(call: Call) -> Count:
        x = call.shape(0)
        if kind == "lp" or len(x) < 3:
            return Count(elementwise=prod(x))
        return Count(primitive=AdaptivePool(kind, (1,) * (len(x) - 2)))

    return rule


def steps(call: Call, axes: int) -> tuple[Ints, Ints]:
    stride, dilation = call.integers("strides", (1,) * axes), call.integers("dilations", (1,) * axes)
    if min(*stride, *dilation) < 1:
        raise Unknown("its stride or dilation is not positive")
    return stride, dilation


def padding(call: Call, given: Ints, kernel: Ints, stride: Ints, dilation: Ints) -> Pads:
    """What is padded before and after each axis: as listed, or as `auto_pad` has it."""
    mode, axes = call.text("auto_pad", "NOTSET"), len(kernel)
    if mode == "VALID":
        return ((0, 0),) * axes
    if mode.startswith("SAME"):
        upper = same_upper(given, kernel, stride, dilation)
        return upper if mode == "SAME_UPPER" else tuple([(after, before) for before, after in upper])
    listed = call.integers("pads", (0,) * (2 * axes))
    if min(listed, default=0) < 0:
        raise Unknown("its padding is negative")
    return tuple(zip(listed[:axes], listed[axes:]))


def _halves(total: int, upper: bool) -> tuple[int, int]:
    """Padding of one axis in two, the odd one before, `upper`: after."""
    less = total // 2
    return (less, total - less) if upper else (total - less, less)
