"""Generated layers: valid ones only, of every kind that a spec can describe."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from convcost.spec import parse_spec
from convcost.spec.layer import ACTIVATIONS, DTYPES, PADDING_MODES, Ints, LayerSpec, Pads
from convcost.variants.registry import AS_GIVEN, DoesNotApply, all_variants, build_variant, other_names

#: Strategies are made once: each that is new is looked through before it draws.
_DTYPE, _ACTIVATION = st.sampled_from(sorted(DTYPES)), st.sampled_from((None, *ACTIVATIONS))
_MODE, _TRANSPOSED = st.sampled_from(("zeros", *PADDING_MODES)), st.sampled_from((False, False, False, True))
_EXPANSION, _GROUPS = st.one_of(st.none(), st.integers(1, 4)), st.sampled_from((1, 1, 2, 3, 4))

#: Most taps, and most positions beyond what the kernel needs, an axis: fewer where there are more axes.
_TAPS = {1: 7, 2: 5, 3: 3}
_ROOM = {1: 14, 2: 8, 3: 4}


@st.composite
def layer_specs(draw: DrawFn, *, channels: int = 6, room: int = 1) -> LayerSpec:
    """A valid LayerSpec: up to `channels` channels a group, sizes up to `room` times as roomy.

    Small enough by default to execute every variant in a moment; larger values are for what only builds graphs.
    """
    n = draw(st.integers(1, 3))
    transposed = draw(_TRANSPOSED)
    kernel = draw(_ints(n, 1, _TAPS[n]))
    stride, dilation = draw(_ints(n, 1, 3)), draw(_ints(n, 1, 3 if n < 3 else 2))
    spans = tuple([d * (k - 1) for k, d in zip(kernel, dilation)])
    padding = draw(_padding(spans, transposed))
    mode = "zeros" if transposed else draw(_MODE)
    extra = tuple([draw(st.integers(0, max(s, d) - 1)) if transposed else 0 for s, d in zip(stride, dilation)])
    least = _least_size(spans, stride, padding, mode, extra if transposed else None)
    size = tuple([low + draw(st.integers(0, _ROOM[n] * room)) for low in least])
    inner, outer, groups, mid = draw(_channels(channels))
    return LayerSpec(
        inner, outer, kernel, size, stride, padding, dilation, groups, draw(st.booleans()), mode, transposed, extra,
        batch=draw(st.integers(1, 3)),
        dtype=draw(_DTYPE),
        depth_multiplier=draw(st.integers(1, 3)),
        expansion_ratio=draw(_EXPANSION),
        bottleneck_ratio=draw(st.integers(1, 4)),
        mid_channels=mid,
        v1=draw(st.booleans()),
        norm=draw(st.booleans()),
        activation=draw(_ACTIVATION),
        residual=draw(st.booleans()),
    )  # fmt: skip


def applying(spec: LayerSpec, of: Iterable[str] = ()) -> list[str]:
    """The variants that there are of a layer, all or those of `of`; others want another number of axes."""
    names = []
    for name in of or all_variants():
        try:
            build_variant(name, spec)
        except DoesNotApply:
            continue
        names.append(name)
    return names


def pairs(lines: Iterable[str], *, residual: bool = False) -> list[tuple[str, str]]:
    """Each variant with each layer that it is made for, the layer as given among them."""
    specs = {line: parse_spec(line)._replace(residual=residual) for line in lines}
    return [(name, line) for line, spec in specs.items() for name in applying(spec, [AS_GIVEN, *all_variants()])]


@cache
def _ints(count: int, low: int, high: int) -> SearchStrategy[Ints]:
    return st.tuples(*[st.integers(low, high)] * count)


@cache
def _padding(spans: Ints, transposed: bool) -> SearchStrategy[Pads | str]:
    """Anything up to a little beyond the kernel's span, before and after apart; `same`; none; `same-upper`."""
    free = st.tuples(*[st.tuples(*[st.integers(0, min(span + 1, 4))] * 2) for span in spans])
    same = tuple([(span // 2, span - span // 2) for span in spans])
    kinds = [free, st.just(same), st.just(((0, 0),) * len(spans))]
    return st.one_of(kinds if transposed else [*kinds, st.just("same-upper")])


def _least_size(spans: Ints, stride: Ints, padding: Pads | str, mode: str, extra: Ints | None) -> Ints:
    """The smallest input an axis over which the convolution exists."""
    if isinstance(padding, str):
        # At most the span is added, on two sides; a copied border needs as much input, and one more.
        return tuple([1 if mode in ("zeros", "replicate") else span + 1 for span in spans])
    if extra is not None:
        short = [sum(pair) - span - e for pair, span, e in zip(padding, spans, extra)]
        return tuple([1 + max(0, -(-lack // s)) for lack, s in zip(short, stride)])
    copied = {"reflect": 1, "circular": 0}.get(mode)
    return tuple([
        max(1, span + 1 - sum(pair), 0 if copied is None else max(pair) + copied) for span, pair in zip(spans, padding)
    ])  # fmt: skip


@st.composite
def _channels(draw: DrawFn, most: int) -> tuple[int, int, int, int | Ints | None]:
    """Input and output channels, groups that divide what they must, middle channels or None."""
    sizes = st.integers(1, most)
    groups = draw(_GROUPS)
    if draw(st.booleans()):
        mid, other = groups * draw(sizes), groups * draw(sizes)
        given = draw(st.sampled_from((mid, mid if mid == other else (mid, other))))
        return draw(sizes), draw(sizes), groups, draw(st.sampled_from((None, given))) if groups == 1 else given
    inner = groups if draw(st.booleans()) else groups * draw(sizes)  # one channel a group: depthwise
    return inner, inner if draw(st.booleans()) else groups * draw(sizes), groups, None


def made_for(variant: str, spec: LayerSpec) -> LayerSpec:
    """`spec` over the number of axes that the variant is made for: axes left out, or the first one repeated."""
    known = all_variants().get(other_names().get(variant, variant))
    shown = known.shown if known else (1, 2, 3)
    axes = shown[0] if len(shown) == 1 else spec.axes
    fields = ("kernel_size", "input_size", "stride", "padding", "dilation", "output_padding")
    values = {name: getattr(spec, name) for name in fields if not isinstance(getattr(spec, name), str)}
    more = max(0, axes - spec.axes)
    return spec._replace(**{name: (value[:1] * more + value)[:axes] for name, value in values.items()})
