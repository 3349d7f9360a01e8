"""The smaller layer that is executed where the one described is too much work."""

from __future__ import annotations

from math import prod

import pytest
from strategies import each_layer
from tables import each

from convcost.graph.ops import Activation, Conv, Graph
from convcost.spec import parse_spec
from convcost.spec.layer import LayerSpec
from convcost.variants.reduced import reduce_spec
from convcost.variants.registry import AS_GIVEN, DoesNotApply, all_variants, build_variant

KEPT = (
    "kernel_size", "stride", "padding", "dilation", "bias", "padding_mode", "transposed", "output_padding", "dtype",
    "v1", "norm", "activation", "residual",
)  # fmt: skip

SAME = ((1, 1), (1, 1))


def structure(graph: Graph) -> list[tuple[object, ...]]:
    """What a graph is made of, sizes left out: names, operations, inputs, whether a convolution is grouped."""
    nodes: list[tuple[object, ...]] = []
    for node in graph.nodes:
        op = node.op
        if isinstance(op, Conv):
            shape = (op.kernel_size, op.stride, op.padding, op.dilation, op.groups > 1, op.bias, op.transposed)
            nodes.append((node.name, node.inputs, *shape))
        else:
            nodes.append((node.name, node.inputs, type(op), op.kind if isinstance(op, Activation) else None))
    return nodes


def order(left: int, right: int) -> int:
    """-1, 0 or 1 as `left` is less than, equal to or more than `right`."""
    return (left > right) - (left < right)


def variants_of(spec: LayerSpec) -> dict[str, Graph]:
    """Every variant that applies."""
    found = {}
    for name in (AS_GIVEN, *all_variants()):
        try:
            found[name] = build_variant(name, spec).graph
        except DoesNotApply:
            continue
    return found


@each_layer(channels=40, room=9)
def test_every_variant_of_the_reduced_layer_is_made_of_the_same_operations(spec: LayerSpec) -> None:
    """Same names, order and shortcuts; padding that depends on the size comes out the same."""
    small = variants_of(reduce_spec(spec))
    for name, graph in variants_of(spec).items():
        assert structure(small[name]) == structure(graph), name


@pytest.mark.parametrize(("mid", "order"), [((64, 128), (1, 1)), ((512, 64), (-1, 1)), ((64, 1024), (1, -1))])
def test_two_middles_stay_two_and_as_they_compare(mid: tuple[int, int], order: tuple[int, int]) -> None:
    """Which of them is wider, and whether the layer's own channels are."""
    small = reduce_spec(LayerSpec(256, 512, (3, 3), (56, 48), padding=SAME, mid_channels=mid))
    first, second = small.middles
    assert (first < second) == (mid[0] < mid[1])
    assert [(small.in_channels > first) - (small.in_channels < first),
            (small.out_channels > second) - (small.out_channels < second)] == list(order)  # fmt: skip
    assert max(small.middles) <= 16


@each_layer(channels=40, room=9)
def test_nothing_grows_and_what_shapes_the_layer_stays(spec: LayerSpec) -> None:
    """Fields that are no sizes are kept; sizes shrink or stay."""
    small = reduce_spec(spec)
    assert [getattr(small, name) for name in KEPT] == [getattr(spec, name) for name in KEPT]
    for name in ("in_channels", "out_channels", "groups", "batch", "depth_multiplier", "expansion_ratio"):
        assert getattr(small, name) == getattr(spec, name) or 1 <= getattr(small, name) < getattr(spec, name)
    assert len(small.middles) == len(spec.middles)
    assert all(0 < a <= b for a, b in zip(small.middles, spec.middles))
    assert all(0 < a <= b for a, b in zip(small.input_size, spec.input_size))
    assert small.batch == min(spec.batch, 2)


@each_layer(channels=40, room=9)
def test_what_distinguishes_channels_groups_and_axes_is_kept(spec: LayerSpec) -> None:
    """Unequal stays unequal in the same direction, one group one, depthwise depthwise."""
    small = reduce_spec(spec)
    assert order(small.in_channels, small.out_channels) == order(spec.in_channels, spec.out_channels)
    if spec.mid_channels is None:  # otherwise the groups are the middle channels' own
        assert order(small.in_channels, small.groups) == order(spec.in_channels, spec.groups)
    assert (small.groups == 1) == (spec.groups == 1)
    if len(set(spec.input_size)) == spec.axes:
        assert len(set(small.input_size)) == spec.axes


@each_layer(channels=40, room=9, name=(AS_GIVEN, "standard", "basic-block"))
def test_an_output_of_two_or_more_an_axis_keeps_two(spec: LayerSpec, name: str) -> None:
    """One position hides the stride."""
    try:
        full = build_variant(name, spec).shapes[-1]
    except DoesNotApply:
        return
    small = build_variant(name, reduce_spec(spec)).shapes[-1]
    assert [n >= 2 for n in small[2:]] == [n >= 2 for n in full[2:]]


@each(
    "spec",
    [
        LayerSpec(64, 128, (3, 3), (56, 56), padding=SAME),
        LayerSpec(2048, 512, (3, 3), (224, 224), (2, 2), SAME, batch=64),
        LayerSpec(512, 512, (7, 7), (112, 112), padding=((3, 3), (3, 3)), groups=512),
        LayerSpec(256, 512, (3, 3), (56, 48), (2, 2), SAME, groups=32, mid_channels=1024),
        LayerSpec(960, 960, (3, 3), (300, 300), padding="same-upper", groups=60),
        LayerSpec(512, 256, (4, 4), (128, 128), (2, 2), SAME, transposed=True, residual=True),
        LayerSpec(256, 512, (3, 3), (56, 48), padding=SAME, groups=60, mid_channels=(120, 240)),
        LayerSpec(10**17, 10**16, (3, 3), (10**15, 10**15), padding=SAME, expansion_ratio=10**9, batch=10**9),
    ],
    ids=str,
)
def test_the_reduced_layer_is_little_work_and_not_square(spec: LayerSpec) -> None:
    """However large the layer: some thousand positions and a few dozen channels at most."""
    small = reduce_spec(spec)
    assert prod(small.input_size) * small.in_channels * small.out_channels < 200_000
    assert len(set(small.input_size)) == spec.axes
    assert max(small.in_channels, small.out_channels) <= 32


def test_a_layer_that_is_small_already_stays_as_it_is() -> None:
    """There is nothing to take away."""
    spec = LayerSpec(3, 2, (3, 3), (4, 5), padding=SAME, bottleneck_ratio=1)
    assert reduce_spec(spec) == spec


def test_the_last_candidate_is_one_too() -> None:
    """Four in channels are the least that four can become: with them the 1,000 outputs are still made few."""
    small = reduce_spec(LayerSpec(4, 1000, (3, 3), (56, 48), padding=SAME))
    assert (small.in_channels, small.out_channels <= 8) == (4, True)
    small = reduce_spec(LayerSpec(1000, 4, (3, 3), (56, 48), padding=SAME))
    assert (small.in_channels <= 8, small.out_channels) == (True, 4)


@each(("mode", "roomy"), [("zeros", False), ("reflect", True), ("replicate", True), ("circular", True)])
def test_a_border_that_is_copied_needs_as_much_to_copy_from(mode: str, roomy: bool) -> None:
    """Padding of 20 round a 3x3: of zeros it needs no larger input, copied it does, and the layer exists."""
    spec = LayerSpec(64, 64, (3, 3), (200, 190), padding=((20, 20), (20, 20)), padding_mode=mode)
    small = reduce_spec(spec)
    assert (min(small.input_size) > 20, max(small.input_size) < 40) == (roomy, True)
    assert structure(build_variant(AS_GIVEN, small).graph) == structure(build_variant(AS_GIVEN, spec).graph)


def test_sizes_are_the_least_that_hold_the_kernel() -> None:
    """Two positions more than a 1x1 needs, and another number of them an axis; either side of a border counts."""
    bare = LayerSpec(64, 64, (1, 1), (200, 190), padding=((0, 0), (0, 0)))
    assert sorted(reduce_spec(bare).input_size) == [3, 4]
    lopsided = LayerSpec(64, 64, (3, 3), (200, 190), padding=((20, 0), (0, 20)), padding_mode="reflect")
    assert min(reduce_spec(lopsided).input_size) > 20


@each(("inner", "outer"), [(64, 127), (63, 128), (127, 64), (63, 127)])
def test_an_odd_number_of_outputs_stays_odd(inner: int, outer: int) -> None:
    """A ghost module cuts one off."""
    small = reduce_spec(LayerSpec(inner, outer, (3, 3), (56, 48), padding=SAME))
    assert small.out_channels % 2 == outer % 2


@each(
    ("text", "size"),
    [
        ("64:128 @56 k3", (7, 8)),  # 3 windows beside one another and one more reach: 2 + 2 + 2 + 1
        ("64:128 @200x190 k1", (4, 3)),  # the shorter axis chooses first
        ("64:128 @30x31x32 k3", (7, 8, 9)),
        ("64:128 @56 k3 s2", (12, 14)),  # 4 strides, the reach and 1 are 11; the remainder by the stride is kept
        ("64:128 @57 k3 s2", (11, 13)),
        ("64:128 @100 k1 s4 3d", (12, 16, 20)),
        ("64:128 @100 k3 d4", (19, 20)),  # the reach is 8
        ("64:64 @56 k3 p20 mode=reflect", (25, 26)),
        ("64:64 @56 k4 s2 p1 t", (6, 8)),  # 2 cropped and a reach of 3 are 2 strides, and 3 more
        ("64:64 @57 k4 s2 p1 t", (5, 7)),
        ("64:128 @5x6 k3", (5, 6)),
        ("64:128 @7 k3", (7, 7)),
        ("64:128 @8 k3", (7, 8)),
    ],
)
def test_sizes_by_hand(text: str, size: tuple[int, ...]) -> None:
    """As many positions as show a stride, in a second convolution too, no two axes alike where there is room."""
    assert reduce_spec(parse_spec(text)).input_size == size


@each(
    ("name", "kept"),
    [
        ("batch", (1, 2, 2)), ("depth_multiplier", (1, 4, 4)), ("expansion_ratio", (1, 8, 8)),
        ("bottleneck_ratio", (1, 8, 8)),
    ],
)  # fmt: skip
def test_what_multiplies_or_divides_channels_is_kept_up_to_its_cap(name: str, kept: tuple[int, ...]) -> None:
    """One, the cap itself, and one more than that."""
    spec = LayerSpec(64, 256, (3, 3), (56, 48), padding=SAME)
    for number, wanted in zip((1, kept[1], kept[1] + 1), kept):
        assert getattr(reduce_spec(spec._replace(**{name: number})), name) == wanted
    assert reduce_spec(spec).expansion_ratio is None
