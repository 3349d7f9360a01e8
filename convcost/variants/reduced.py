"""A smaller layer of the same kind, to execute where the one described is too much work."""

from __future__ import annotations

from collections.abc import Iterator
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
    capped = {name: min(getattr(spec, name), cap) for name, cap in CAPS.items() if name != "bottleneck_ratio"}
    return _with_fewer_channels(spec)._replace(input_size=_smaller_size(spec), **capped)


class _Channels(NamedTuple):
    inner: int
    outer: int
    groups: int
    middle: int | None
    ratio: int


class _Traits(NamedTuple):
    """What decides which operations a variant is made of, as far as channels go; each is kept."""

    order: int
    middle_order: Ints
    grouped: bool
    depthwise: bool
    crowded: bool
    divides: tuple[bool, bool, bool]
    even: bool
    enough: Ints


def _traits(c: _Channels) -> _Traits:
    middle = c.outer // c.ratio if c.middle is None else c.middle
    return _Traits(
        order=_sign(c.inner - c.outer),
        middle_order=() if c.middle is None else (_sign(middle - c.inner), _sign(middle - c.outer)),
        grouped=c.groups > 1,
        depthwise=c.groups == c.inner,
        crowded=c.inner >= 2 * c.groups,
        divides=(c.inner % c.groups == 0, c.outer % c.groups == 0, middle > 0 and middle % c.groups == 0),
        even=c.inner % 2 == c.outer % 2 == 0,
        enough=(min(c.inner, 4), min(c.outer, 4), min(middle, 2)),
    )


def _with_fewer_channels(spec: LayerSpec) -> LayerSpec:
    """The first candidate with the traits of `spec`; `spec` itself if none has them."""
    given = _Channels(spec.in_channels, spec.out_channels, spec.groups, spec.mid_channels, spec.bottleneck_ratio)
    capped = given._replace(ratio=min(given.ratio, CAPS["bottleneck_ratio"]))
    wanted = _traits(given)
    small = next((c for c in _candidates(capped) if _traits(c) == wanted), given)
    return spec._replace(
        in_channels=small.inner, out_channels=small.outer, groups=small.groups, mid_channels=small.middle,
        bottleneck_ratio=small.ratio,
    )  # fmt: skip


def _candidates(given: _Channels) -> Iterator[_Channels]:
    """Fewer groups and channels, smallest first, none above those of `given`, in the same order of size."""
    for groups in _up_to(given.groups)[1:] if given.groups > 1 else (1,):
        step = groups if given.middle is None else 1  # the layer's own groups divide its channels
        for outer in _up_to(given.outer, step):
            for inner in (outer,) if given.inner == given.outer else _up_to(given.inner, step):
                if _sign(inner - outer) == _sign(given.inner - given.outer):
                    for middle in (None,) if given.middle is None else _up_to(given.middle, groups):
                        yield _Channels(inner, outer, groups, middle, given.ratio)


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
