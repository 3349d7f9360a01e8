"""What each variant consists of, stated a second time: after its paper, not after its graph.

A graph that is wired wrongly is right in all its sums: analysis and execution both read it. Whoever adds a variant
may state its parts here, in a function under `@states(name)`; `wiring.py` holds the graph against them, and
`equivalence.py` composes the dense kernel from the same statement. A variant that states none is verified in its
sums, and its row says that its wiring is not.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ..graph import ops
from ..spec.layer import LAST, LayerSpec
from ..variants.registry import AS_GIVEN

#: What a part calls the graph's input.
INPUT = "input"

#: Group counts that `grouped` tries where the layer names none, largest first (32: Xie et al. 2017, ResNeXt).
CARDINALITIES = (32, 16, 8, 4, 2)


class Convolution(NamedTuple):
    """One convolution with the norm and the activation that follow it; fields as in `Conv`.

    >>> Convolution("conv", ops.Conv(4, 8, (3,), (1,), ((1, 1),), (1,)), norm=True).norm
    True

    `reads` names the part whose result it takes: the one before it, where nothing is said.
    """

    name: str
    conv: ops.Conv
    norm: bool = False
    activation: str | None = None
    reads: str = ""


class Step(NamedTuple):
    """One operation of another kind (an add, a concat, a gate's product …), and the activation behind it."""

    name: str
    op: ops.Op
    reads: tuple[str, ...] = ()
    activation: str | None = None


Parts = tuple["Convolution | Step", ...]

#: The statement of each variant by its name: what its parts are for a spec, in the order of execution.
STATED: dict[str, Callable[[LayerSpec], Parts]] = {}


def states(*names: str) -> Callable[[Callable[[LayerSpec], Parts]], Callable[[LayerSpec], Parts]]:
    """Take the decorated function for the statement of the variants of those names."""

    def enter(state: Callable[[LayerSpec], Parts]) -> Callable[[LayerSpec], Parts]:
        STATED.update(dict.fromkeys(names, state))
        return state

    return enter


def stated_parts(name: str, spec: LayerSpec) -> Parts:
    """The parts of a variant; `bias=last` is a bias on the last convolution that is no projection, and on no other.

    >>> spec = LayerSpec(8, 16, (3, 3), (9, 9), padding=((1, 1), (1, 1)), bias="last", residual=True)
    >>> [part.conv.bias for part in stated_parts("depthwise-separable", spec)[:2]]
    [False, True]
    """
    parts = STATED[name](spec)
    if spec.bias != LAST:
        return parts
    main = [i for i, part in enumerate(parts) if isinstance(part, Convolution) and part.name != "projection"]
    last = parts[main[-1]]
    assert isinstance(last, Convolution)
    biased = last._replace(conv=last.conv._replace(bias=True))
    return (*parts[: main[-1]], biased, *parts[main[-1] + 1 :])


# What the papers say. A k x k is the layer's own: its kernel, stride, dilation and padding.


def kxk(
    spec: LayerSpec, name: str, inner: int, outer: int, groups: int = 1, *, strided: bool = True, activated: bool = True
) -> Convolution:
    """The layer's own k x k."""
    stride = spec.stride if strided else (1,) * spec.axes
    pads = walked_padding(spec, spec.kernel_size, stride, spec.dilation)
    extra = spec.output_padding if spec.transposed else ()
    conv = ops.Conv(inner, outer, spec.kernel_size, stride, pads, spec.dilation, groups, spec.bias is True,
                spec.padding_mode, spec.transposed, extra)  # fmt: skip
    return Convolution(name, conv, spec.norm, spec.activation if activated else None)


def one_by_one(
    spec: LayerSpec,
    name: str,
    inner: int,
    outer: int,
    stride: ops.Ints = (),
    *,
    activated: bool = True,
    reads: str = "",
) -> Convolution:
    """A 1 x 1: no padding, one group, the layer's bias."""
    ones = (1,) * spec.axes
    conv = ops.Conv(inner, outer, ones, stride or ones, ((0, 0),) * spec.axes, ones, 1, spec.bias is True)
    return Convolution(name, conv, spec.norm, spec.activation if activated else None, reads)


def walked_padding(spec: LayerSpec, kernel_size: ops.Ints, stride: ops.Ints, dilation: ops.Ints) -> ops.Pads:
    """The padding that the spec states; `same-upper` walked: windows from the first position of data on, one a stride.

    What the last one lacks is put around the data position by position, the first of them behind it. The size is the
    input's: of what is shorter the stride is 1, where what the last window lacks is the same at any size.

    >>> walked_padding(LayerSpec(1, 1, (3,), (56,), padding="same-upper"), (3,), (2,), (1,))
    ((0, 1),)
    """
    if not isinstance(spec.padding, str):
        return spec.padding
    pads = []
    for n, k, s, d in zip(spec.input_size, kernel_size, stride, dilation):
        taps = range(0, k * d, d)
        lacking = range(n, range(0, n, s)[-1] + taps[-1] + 1)
        pads.append((len(lacking[1::2]), len(lacking[::2])))
    return tuple(pads)


def shortcut(spec: LayerSpec, parts: Parts, *, projected: bool = True) -> Parts:
    """The parts with y = F(x) + x around them (He et al. 2015, section 3.2): the last activation is behind the add.

    Where a stride or the channels differ, x passes a strided 1x1 (option B); not `projected`: there is then none.
    """
    last = parts[-1]
    if not isinstance(last, Convolution):
        raise TypeError(f"{last.name} is no convolution, after which a shortcut ends")
    fits = spec.in_channels == last.conv.out_channels and set(spec.stride) == {1}
    if not (fits or projected):
        return parts
    main = (*parts[:-1], last._replace(activation=None))
    if fits:
        return (*main, Step("add", ops.Add(), (last.name, INPUT), last.activation))
    way = one_by_one(spec, "projection", spec.in_channels, last.conv.out_channels, spec.stride, activated=False,
                     reads=INPUT)  # fmt: skip
    return (*main, way, Step("add", ops.Add(), (last.name, "projection"), last.activation))


def replaced(spec: LayerSpec, parts: Parts) -> Parts:
    """The parts of a replacement: with the shortcut, if the spec asks for one."""
    return shortcut(spec, parts) if spec.residual else parts


@states(AS_GIVEN)
def _as_given(spec: LayerSpec) -> Parts:
    """The layer itself, in its own groups, which are the bottleneck's where middle channels are given."""
    groups = 1 if spec.middles else spec.groups
    return (kxk(spec, "conv", spec.in_channels, spec.out_channels, groups),)


@states("standard")
def _standard(spec: LayerSpec) -> Parts:
    """One k x k in one group."""
    return replaced(spec, (kxk(spec, "conv", spec.in_channels, spec.out_channels),))


@states("grouped")
def _grouped(spec: LayerSpec) -> Parts:
    """Krizhevsky et al. 2012; Xie et al. 2017: k x k in the layer's groups, else in as many of 32 as divide both."""
    own = 1 if spec.middles else spec.groups
    fitting = [g for g in CARDINALITIES if not (spec.in_channels % g or spec.out_channels % g)]
    groups = own if own > 1 else max(fitting, default=1)
    return replaced(spec, (kxk(spec, "conv", spec.in_channels, spec.out_channels, groups),))


@states("depthwise")
def _depthwise(spec: LayerSpec) -> Parts:
    """Howard et al. 2017, section 3.1: each channel alone, `depth_multiplier` outputs of each."""
    return (kxk(spec, "depthwise", spec.in_channels, spec.in_channels * spec.depth_multiplier, spec.in_channels),)


@states("pointwise")
def _pointwise(spec: LayerSpec) -> Parts:
    """Lin et al. 2013, section 3: a 1 x 1 with the layer's stride."""
    return (one_by_one(spec, "pointwise", spec.in_channels, spec.out_channels, spec.stride),)


@states("depthwise-separable")
def _depthwise_separable(spec: LayerSpec) -> Parts:
    """Howard et al. 2017, section 3.1: depthwise with the stride, then 1 x 1; norm and activation behind both."""
    middle = spec.in_channels * spec.depth_multiplier
    return replaced(spec, (*_depthwise(spec), one_by_one(spec, "pointwise", middle, spec.out_channels)))


@states("spatially-separable")
def _spatially_separable(spec: LayerSpec) -> Parts:
    """Szegedy et al. 2015, section 3.2: 1 x k, then k x 1, each with its axis' stride; min(in, out) between."""
    return _axis_by_axis(spec, list(range(spec.axes - 1, -1, -1)))


@states("spatially-separable-reversed")
def _spatially_separable_reversed(spec: LayerSpec) -> Parts:
    """Jaderberg et al. 2014, section 2.2: k x 1, then 1 x k."""
    return _axis_by_axis(spec, list(range(spec.axes)))


def _axis_by_axis(spec: LayerSpec, order: list[int]) -> Parts:
    """One pass an axis, the channels of the middle in front of the last."""
    middle = spec.middles[0] if spec.middles else min(spec.in_channels, spec.out_channels)
    stages, inner = [], spec.in_channels
    for at, axis in enumerate(order, 1):
        outer = spec.out_channels if at == len(order) else middle
        stages.append(_pass(spec, (axis,), inner, outer))
        inner = outer
    return replaced(spec, tuple(stages))


def _pass(spec: LayerSpec, axes: tuple[int, ...], inner: int, outer: int) -> Convolution:
    """Some axes alone."""
    own = [i in axes for i in range(spec.axes)]
    kernel, stride, dilation = (
        tuple([n if mine else 1 for n, mine in zip(field, own)])
        for field in (spec.kernel_size, spec.stride, spec.dilation)
    )
    pads = walked_padding(spec, kernel, stride, dilation)
    around = tuple([pair if mine else (0, 0) for pair, mine in zip(pads, own)])
    conv = ops.Conv(inner, outer, kernel, stride, around, dilation, 1, spec.bias is True, spec.padding_mode)
    return Convolution("x".join(map(str, kernel)), conv, spec.norm, spec.activation)


def _three_convolutions(spec: LayerSpec) -> Parts:
    """He et al. 2015, figure 5: 1 x 1 to out // ratio, k x k, 1 x 1 to out; the stride on the k x k, `v1`: before.

    Two middles are what goes into the k x k and what comes out of it.
    """
    middles = spec.middles or (spec.out_channels // spec.bottleneck_ratio,)
    inner, outer = middles[0], middles[-1]
    first = spec.stride if spec.v1 else (1,) * spec.axes
    return (
        one_by_one(spec, "reduce", spec.in_channels, inner, first),
        kxk(spec, "conv", inner, outer, spec.groups, strided=not spec.v1),
        one_by_one(spec, "expand", outer, spec.out_channels),
    )


@states("bottleneck")
def _bottleneck(spec: LayerSpec) -> Parts:
    """The three convolutions alone."""
    return replaced(spec, _three_convolutions(spec))


@states("residual-bottleneck")
def _residual_bottleneck(spec: LayerSpec) -> Parts:
    """With the shortcut."""
    return shortcut(spec, _three_convolutions(spec))


@states("basic-block")
def _basic_block(spec: LayerSpec) -> Parts:
    """He et al. 2015, figure 5: two k x k, the stride on the first."""
    out = spec.out_channels
    second = kxk(spec, "conv2", out, out, strided=False)
    return shortcut(spec, (kxk(spec, "conv1", spec.in_channels, out), second))


@states("inverted-residual")
def _inverted_residual(spec: LayerSpec) -> Parts:
    """Sandler et al. 2018, table 1: 1 x 1 to t times in, depthwise with the stride, 1 x 1 to out without activation."""
    ratio = 6 if spec.expansion_ratio is None else spec.expansion_ratio
    hidden = ratio * spec.in_channels
    wider = (one_by_one(spec, "expand", spec.in_channels, hidden),) if ratio > 1 else ()
    narrow = one_by_one(spec, "project", hidden, spec.out_channels, activated=False)
    return shortcut(spec, (*wider, kxk(spec, "depthwise", hidden, hidden, hidden), narrow), projected=False)


@states("blueprint-separable")
def _blueprint_separable(spec: LayerSpec) -> Parts:
    """Haase & Amthor 2020, section 3.2, BSConv-U: 1 x 1 to out, then each of these filtered alone, with the stride."""
    out = spec.out_channels
    first = one_by_one(spec, "pointwise", spec.in_channels, out)
    return replaced(spec, (first, kxk(spec, "depthwise", out, out, out)))


@states("low-rank")
def _low_rank(spec: LayerSpec) -> Parts:
    """Zhang et al. 2015, section 3.1: fewer filters of the full size, and a 1 x 1 that mixes them to out."""
    middle = spec.middles[0] if spec.middles else spec.out_channels // spec.bottleneck_ratio
    last = one_by_one(spec, "expand", middle, spec.out_channels)
    return replaced(spec, (kxk(spec, "conv", spec.in_channels, middle), last))


@states("low-rank-reversed")
def _low_rank_reversed(spec: LayerSpec) -> Parts:
    """The inputs mixed to a few by a 1 x 1, then filters of the full size over these, with the stride."""
    middle = spec.middles[0] if spec.middles else spec.out_channels // spec.bottleneck_ratio
    first = one_by_one(spec, "reduce", spec.in_channels, middle)
    return replaced(spec, (first, kxk(spec, "conv", middle, spec.out_channels)))


@states("2plus1d")
def _two_plus_one(spec: LayerSpec) -> Parts:
    """Tran et al. 2018, section 3.5: M planes between space and time, t d^2 N N' / (d^2 N + t N') of them, or given."""
    t, height, width = spec.kernel_size
    square, inner, outer = height * width, spec.in_channels, spec.out_channels
    planes = spec.middles[0] if spec.middles else (t * square * inner * outer) // (square * inner + t * outer)
    return replaced(spec, (_pass(spec, (1, 2), inner, planes), _pass(spec, (0,), planes, outer)))


@states("tcn")
def _tcn(spec: LayerSpec) -> Parts:
    """Bai et al. 2018, figure 1: two dilated causal convolutions, each activated, a shortcut, activated once more."""
    back = (spec.kernel_size[0] - 1) * spec.dilation[0]
    causal, out = spec._replace(padding=((back, 0),)), spec.out_channels
    first = kxk(causal, "conv1", spec.in_channels, out)
    second = kxk(causal, "conv2", out, out, strided=False)
    if spec.in_channels == out and spec.stride == (1,):
        return (first, second, Step("add", ops.Add(), ("conv2", INPUT), spec.activation))
    way = one_by_one(spec, "projection", spec.in_channels, out, spec.stride, activated=False, reads=INPUT)
    return (first, second, way, Step("add", ops.Add(), ("conv2", "projection"), spec.activation))


@states("mbconv")
def _mbconv(spec: LayerSpec) -> Parts:
    """Tan & Le 2019, section 4: the inverted residual, its depthwise outputs gated (Hu et al. 2017, figure 2).

    The gate has a quarter of the block's inputs as hidden channels, biases, and no norm.
    """
    *wide, narrow = [part for part in _inverted_residual(spec) if part.name in ("expand", "depthwise", "project")]
    hidden = spec.in_channels * (6 if spec.expansion_ratio is None else spec.expansion_ratio)
    squeezed = max(1, spec.in_channels // 4)
    bare = spec._replace(norm=False, bias=True)
    gate = (
        Step("squeeze", ops.AdaptivePool("avg", (1,) * spec.axes), ("depthwise",)),
        one_by_one(bare, "squeeze.reduce", hidden, squeezed),
        one_by_one(bare, "squeeze.expand", squeezed, hidden, activated=False),
        Step("squeeze.gate", ops.Activation("sigmoid")),
        Step("excite", ops.Multiply(), ("depthwise", "squeeze.gate")),
    )
    return (*wide, *gate, *shortcut(spec, (narrow._replace(activation=None),), projected=False))


@states("fused-mbconv")
def _fused_mbconv(spec: LayerSpec) -> Parts:
    """Tan & Le 2021, figure 2: k x k to t times in, 1 x 1 to out without activation; of t = 1, one k x k to out."""
    ratio = 4 if spec.expansion_ratio is None else spec.expansion_ratio
    inner, out = spec.in_channels, spec.out_channels
    if ratio > 1:
        narrow = one_by_one(spec, "project", ratio * inner, out, activated=False)
        return shortcut(spec, (kxk(spec, "expand", inner, ratio * inner), narrow), projected=False)
    one = kxk(spec, "conv", inner, out)
    fits = inner == out and set(spec.stride) == {1}
    return (one, Step("add", ops.Add(), ("conv", INPUT))) if fits else (one,)


@states("ghost")
def _ghost(spec: LayerSpec) -> Parts:
    """Han et al. 2020, section 3.1, with s = 2 and d = 3: half of the maps, rounded up, and a depthwise 3 x 3 of each.

    The second module of their bottleneck, in front of the sum, has no activation; maps beyond out are cut off.
    """
    out = spec.out_channels
    half, three, ones = -(-out // 2), (3,) * spec.axes, (1,) * spec.axes
    conv = ops.Conv(half, half, three, ones, ((1, 1),) * spec.axes, ones, half, spec.bias is True, spec.padding_mode)
    own = kxk(spec, "primary", spec.in_channels, half, activated=not spec.residual)
    more = Convolution("cheap", conv, spec.norm, own.activation)
    parts: Parts = (own, more, Step("concat", ops.Concat(), ("primary", "cheap")))
    if out < 2 * half:
        parts = (*parts, Step("cut", ops.Split(0, out)))
    if not spec.residual:
        return parts
    end = parts[-1].name
    if spec.in_channels == out and set(spec.stride) == {1}:
        return (*parts, Step("add", ops.Add(), (end, INPUT), spec.activation))
    way = one_by_one(spec, "projection", spec.in_channels, out, spec.stride, activated=False, reads=INPUT)
    return (*parts, way, Step("add", ops.Add(), (end, "projection"), spec.activation))
