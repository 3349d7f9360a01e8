"""A smaller layer of the same kind, to execute where the one described is too much work."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from ..spec.layer import Ints, LayerSpec, Pads

#: Channels are looked for up to here, smallest first; a layer that needs more to stay what it is keeps its own.
MOST_CHANNELS = 48

#: Settings that multiply or divide channels, and what is enough of each.
CAPS = {"batch": 2, "depth_multiplier": 4, "expansion_ratio": 8, "bottleneck_ratio": 8}


def reduce_spec(spec: LayerSpec) -> LayerSpec:
    """`spec` with fewer channels, groups and positions, every variant of it made of the same operations.

    >>> small = reduce_spec(LayerSpec(64, 128, (3, 3), (56, 56), padding=((1, 1), (1, 1))))
    >>> small.in_channels, small.out_channels, small.groups, small.input_size
    (4, 8, 1, (7, 8))

    Kernel, stride, dilation and padding stay; no field grows. Channels keep what variants depend on
    (see `_Traits`), sizes keep their remainder by the stride, so that a shortcut fits where it did,
    and become unequal where there is room: what confuses two axes shows only then.
    """
    own = {name: getattr(spec, name) for name in CAPS if name != "bottleneck_ratio"}
    capped = {name: value and min(value, CAPS[name]) for name, value in own.items()}
    return _with_fewer_channels(spec)._replace(input_size=_smaller_size(spec), **capped)


class _Channels(NamedTuple):
    inner: int
    outer: int
    groups: int
    middles: Ints
    ratio: int


class _Traits(NamedTuple):
    """What decides which operations a variant is made of, beside how its channels compare; each is kept."""

    grouped: bool
    depthwise: bool
    crowded: bool
    divides: tuple[bool, ...]
    even: bool
    odd: bool
    enough: Ints


def _traits(c: _Channels) -> _Traits:
    middles = c.middles or (c.outer // c.ratio,)
    return _Traits(
        grouped=c.groups > 1,
        depthwise=c.groups == c.inner,
        crowded=c.inner >= 2 * c.groups,
        divides=(
            c.inner % c.groups == 0, c.outer % c.groups == 0, *[mid > 0 and mid % c.groups == 0 for mid in middles]
        ),
        even=c.inner % 2 == c.outer % 2 == 0,
        odd=c.outer % 2 == 1,
        enough=(min(c.inner, 4), min(c.outer, 4), *[min(mid, 2) for mid in middles]),
    )  # fmt: skip


def _order(channels: Ints, place: int) -> Ints:
    """How the number at `place` compares with each before it."""
    return tuple([_sign(channels[place] - other) for other in channels[:place]])


def _with_fewer_channels(spec: LayerSpec) -> LayerSpec:
    small = _fewer(_Channels(spec.in_channels, spec.out_channels, spec.groups, spec.middles, spec.bottleneck_ratio))
    mid = small.middles[0] if len(small.middles) == 1 else small.middles or None
    return spec._replace(
        in_channels=small.inner, out_channels=small.outer, groups=small.groups, mid_channels=mid,
        bottleneck_ratio=small.ratio,
    )  # fmt: skip


@lru_cache(maxsize=1024)  # the layers of a batch differ in their sizes, and much less in their channels
def _fewer(given: _Channels) -> _Channels:
    """The first candidate with the traits of what is `given`; that itself if none has them."""
    capped = given._replace(ratio=min(given.ratio, CAPS["bottleneck_ratio"]))
    wanted = _traits(given)
    return next((c for c in _candidates(capped) if _traits(c) == wanted), given)


def _candidates(given: _Channels) -> Iterator[_Channels]:
    """Fewer groups and channels, smallest first, none above those of `given`, in the same order of size."""
    for groups in _up_to(given.groups)[1:] if given.groups > 1 else (1,):
        step = 1 if given.middles else groups  # the layer's own groups divide its channels
        for outer in _up_to(given.outer, step):
            for inner in _inners(given, outer, step):
                for middles in _few_middles(given, (inner, outer), groups):
                    yield _Channels(inner, outer, groups, middles, given.ratio)


def _inners(given: _Channels, outer: int, step: int) -> Ints | range:
    """Fewer in channels than those of `given`, which compare with `outer`, a multiple of `step`, as those do."""
    if given.inner == given.outer:
        return (outer,)
    fewer = _up_to(given.inner, step)
    below = outer // step - 1  # so many are less than it
    return fewer[:below] if given.inner < given.outer else fewer[below + 1 :]


def _few_middles(given: _Channels, before: Ints, groups: int) -> Iterator[Ints]:
    """The smallest middle channels that compare with those `before` them as those of `given` do."""
    known = len(before) - 2
    if known == len(given.middles):
        yield before[2:]
        return
    wanted, most = _order((given.inner, given.outer, *given.middles), known + 2), given.middles[known]
    fitting = (mid for mid in _up_to(most, groups) if _order((*before, mid), known + 2) == wanted)
    for middle in islice(fitting, 2):  # the second where one is too few
        yield from _few_middles(given, (*before, middle), groups)


def _up_to(most: int, step: int = 1) -> range:
    return range(step, min(most, MOST_CHANNELS) + 1, step)


def _sign(number: int) -> int:
    return (number > 0) - (number < 0)


def _smaller_size(spec: LayerSpec) -> Ints:
    """A size an axis, all different where that is possible; the shortest axis, with the least choice, chooses first."""
    chosen: dict[int, int] = {}
    for axis in sorted(range(spec.axes), key=lambda axis: spec.input_size[axis]):
        size, stride = spec.input_size[axis], spec.stride[axis]
        least = _enough(spec, axis)
        least += (size - least) % stride
        free = (n for n in range(least, min(size, least + spec.axes * stride) + 1, stride) if n not in chosen.values())
        chosen[axis] = next(free, min(size, least))
    return tuple([chosen[axis] for axis in range(spec.axes)])


def _enough(spec: LayerSpec, axis: int) -> int:
    """Positions that hold the kernel, its padding and a few strides, in a second convolution behind the first too."""
    stride, reach = spec.stride[axis], (spec.kernel_size[axis] - 1) * spec.dilation[axis]
    pads: Pads = spec.padding if not isinstance(spec.padding, str) else ((reach, reach),) * spec.axes
    if spec.transposed:
        cropped = sum(pads[axis])
        return spec.input_size[axis] if _fits_by_chance(spec, axis) else (cropped + reach) // stride + 3
    copied = max(pads[axis]) if spec.padding_mode != "zeros" else 0
    return (max(reach, copied) + 2) * stride + reach + 1


def _fits_by_chance(spec: LayerSpec, axis: int) -> bool:
    """True where a strided transposed output is as long as its strided shortcut: at this one size only."""
    stride, last = spec.stride[axis], spec.input_size[axis] - 1
    reach, cropped = (spec.kernel_size[axis] - 1) * spec.dilation[axis], sum(map(int, spec.padding[axis]))
    return stride > 1 and last * stride - cropped + reach + spec.output_padding[axis] == last // stride
