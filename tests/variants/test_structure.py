"""What each variant is made of: names and operations in order, and where stride, dilation, padding and groups go."""

from __future__ import annotations

import pytest
from strategies import made_for
from tables import each

from convcost.graph.ops import Activation, AdaptivePool, Add, BatchNorm, Concat, Conv, Graph, Multiply, Split
from convcost.spec import LayerSpec, parse_spec
from convcost.variants.registry import all_variants, build_variant

SPEC = parse_spec("6:8 @20x17 k3x5 s2x1 p1x6 d1x3 g2")
K, S, P, D = SPEC.kernel_size, SPEC.stride, ((1, 1), (6, 6)), SPEC.dilation
ONE, NONE = (1, 1), ((0, 0), (0, 0))


def ops(variant: str, spec: LayerSpec = SPEC) -> list[tuple[str, object]]:
    """Names and operations, in order."""
    return [(node.name, node.op) for node in build_variant(variant, spec).graph.nodes]


def point(inner: int, outer: int, stride: tuple[int, ...] = ONE) -> Conv:
    return Conv(inner, outer, ONE, stride, NONE, ONE)


def square(inner: int, outer: int, groups: int = 1, stride: tuple[int, ...] = S) -> Conv:
    return Conv(inner, outer, K, stride, P, D, groups)


STRUCTURE = {
    "as-given": [("conv", square(6, 8, 2))],
    "standard": [("conv", square(6, 8))],
    "spatially-separable": [
        ("1x5", Conv(6, 6, (1, 5), (1, 1), ((0, 0), (6, 6)), (1, 3))),
        ("3x1", Conv(6, 8, (3, 1), (2, 1), ((1, 1), (0, 0)), (1, 1))),
    ],
    "spatially-separable-reversed": [
        ("3x1", Conv(6, 6, (3, 1), (2, 1), ((1, 1), (0, 0)), (1, 1))),
        ("1x5", Conv(6, 8, (1, 5), (1, 1), ((0, 0), (6, 6)), (1, 3))),
    ],
    "depthwise-separable": [("depthwise", square(6, 6, 6)), ("pointwise", point(6, 8))],
    "grouped": [("conv", square(6, 8, 2))],
    "bottleneck": [("reduce", point(6, 2)), ("conv", square(2, 2, 2)), ("expand", point(2, 8))],
    "basic-block": [("conv1", square(6, 8)), ("conv2", square(8, 8, 1, ONE)), ("projection", point(6, 8, S)),
                    ("add", Add())],
    "residual-bottleneck": [("reduce", point(6, 2)), ("conv", square(2, 2, 2)), ("expand", point(2, 8)),
                            ("projection", point(6, 8, S)), ("add", Add())],
    "inverted-residual": [("expand", point(6, 36)), ("depthwise", square(36, 36, 36)), ("project", point(36, 8))],
    "blueprint-separable": [("pointwise", point(6, 8)), ("depthwise", square(8, 8, 8))],
    "low-rank": [("conv", square(6, 2)), ("expand", point(2, 8))],
    "low-rank-reversed": [("reduce", point(6, 2)), ("conv", square(2, 8))],
    "ghost": [("primary", square(6, 4)), ("cheap", Conv(4, 4, (3, 3), ONE, ((1, 1), (1, 1)), ONE, 4)),
              ("concat", Concat())],
    "mbconv": [("expand", point(6, 36)), ("depthwise", square(36, 36, 36)), ("squeeze", AdaptivePool("avg", ONE)),
               ("squeeze.reduce", point(36, 1)._replace(bias=True)),
               ("squeeze.expand", point(1, 36)._replace(bias=True)), ("squeeze.gate", Activation("sigmoid")),
               ("excite", Multiply()), ("project", point(36, 8))],
    "fused-mbconv": [("expand", square(6, 24)), ("project", point(24, 8))],
    "depthwise": [("depthwise", square(6, 6, 6))],
    "pointwise": [("pointwise", point(6, 8, S))],
}  # fmt: skip


@each("variant", STRUCTURE)
def test_structure_is_the_documented_one(variant: str) -> None:
    """Operations in execution order; the k x k carries stride, dilation and padding, a 1 x 1 pads nothing."""
    assert ops(variant) == STRUCTURE[variant]


@each("variant", ["as-given", "standard", "grouped", "depthwise", "depthwise-separable"])
def test_unequal_padding_keeps_its_sides(variant: str) -> None:
    """Before and after, axis by axis, as the layer has it."""
    op = ops(variant, parse_spec("6:8 @20x17 k3x5 p0-1x2-3"))[0][1]
    assert isinstance(op, Conv)
    assert op.padding == ((0, 1), (2, 3))


def test_three_passes_over_three_axes_last_axis_first() -> None:
    """Each takes its own axis's kernel, stride, dilation and padding; the last one goes to out_channels."""
    spec = parse_spec("6:8 @9x8x7 k2x3x4 s1x2x3 p0-1x2-0x1-2 d1x2x1 mid=5")
    assert ops("spatially-separable", spec) == [
        ("1x1x4", Conv(6, 5, (1, 1, 4), (1, 1, 3), ((0, 0), (0, 0), (1, 2)), (1, 1, 1))),
        ("1x3x1", Conv(5, 5, (1, 3, 1), (1, 2, 1), ((0, 0), (2, 0), (0, 0)), (1, 2, 1))),
        ("2x1x1", Conv(5, 8, (2, 1, 1), (1, 1, 1), ((0, 1), (0, 0), (0, 0)), (1, 1, 1))),
    ]


@pytest.mark.parametrize(("text", "mid"), [("6:8", 6), ("8:6", 6), ("6:8 mid=11", 11)])
def test_the_passes_meet_in_the_smaller_number_of_channels(text: str, mid: int) -> None:
    """Unless middle channels are given."""
    nodes = build_variant("spatially-separable", parse_spec(f"{text} @9 k3")).graph.nodes
    assert [node.op.out_channels for node in nodes if isinstance(node.op, Conv)] == [mid, int(text[2])]


@pytest.mark.parametrize("variant", ["depthwise-separable", "depthwise"])
def test_depth_multiplier_multiplies_the_depthwise_outputs(variant: str) -> None:
    """Input channels stay in groups of one."""
    name, op = ops(variant, parse_spec("6:8 @9 k3 m3"))[0]
    assert name == "depthwise"
    assert op == Conv(6, 18, (3, 3), ONE, ((1, 1), (1, 1)), ONE, 6)


@each(
    ("channels", "groups"),
    [("64:128", 32), ("64:96", 32), ("48:32", 16), ("24:40", 8), ("12:20", 4), ("6:10", 2), ("32:32 g4", 4)],
)
def test_groups_default_to_the_largest_power_of_two_up_to_32(channels: str, groups: int) -> None:
    """The largest of 32, 16, 8, 4, 2 that divides both, unless the layer has groups of its own."""
    built = build_variant("grouped", parse_spec(f"{channels} @9 k3"))
    assert built.settings["groups"] == groups
    assert [node.op.groups for node in built.graph.nodes if isinstance(node.op, Conv)] == [groups]


@each(("text", "mid"), [("", 32), ("ratio=2", 64), ("ratio=3", 42), ("mid=5", 5)])
@each("variant", ["bottleneck", "residual-bottleneck"])
def test_middle_channels_are_out_channels_by_the_ratio(variant: str, text: str, mid: int) -> None:
    """Rounded down, or as given."""
    nodes = ops(variant, parse_spec(f"64:128 @9 k3 {text}"))[:3]
    assert [(op.in_channels, op.out_channels) for _, op in nodes if isinstance(op, Conv)] == [
        (64, mid),
        (mid, mid),
        (mid, 128),
    ]


@pytest.mark.parametrize("variant", ["bottleneck", "residual-bottleneck"])
def test_v1_puts_the_stride_on_the_first_1x1(variant: str) -> None:
    """As the ResNet paper had it; otherwise it is on the k x k."""
    for text, strides in (("v1", [(2, 2), (1, 1), (1, 1)]), ("", [(1, 1), (2, 2), (1, 1)])):
        nodes = ops(variant, parse_spec(f"64:128 @9 k3 s2 {text}"))[:3]
        assert [op.stride for _, op in nodes if isinstance(op, Conv)] == strides


def test_groups_with_middle_channels_belong_to_the_bottleneck_alone() -> None:
    """ResNeXt-50's first block: 32 groups of the middle 128 channels; every other variant has groups 1 or its own."""
    spec = parse_spec("256:256 @14 k3 g32 mid=128")
    convs = {name: op for name, op in ops("residual-bottleneck", spec) if isinstance(op, Conv)}
    assert {name: op.groups for name, op in convs.items()} == {"reduce": 1, "conv": 32, "expand": 1}
    assert spec.is_plain
    for variant in ("standard", "basic-block", "spatially-separable", "pointwise"):
        assert {op.groups for _, op in ops(variant, spec) if isinstance(op, Conv)} == {1}


def test_grouped_alternatives_of_a_grouped_layer_are_not_grouped() -> None:
    """A layer's groups are the grouped row's and the bottlenecks' k x k; all other rows use groups 1."""
    spec = parse_spec("64:64 @9 k3 g4")
    groups = {name: [op.groups for _, op in ops(name, spec) if isinstance(op, Conv)] for name in STRUCTURE}
    assert groups == {
        "as-given": [4], "standard": [1], "spatially-separable": [1, 1], "depthwise-separable": [64, 1],
        "grouped": [4], "bottleneck": [1, 4, 1], "basic-block": [1, 1], "residual-bottleneck": [1, 4, 1],
        "inverted-residual": [1, 384, 1], "blueprint-separable": [1, 64], "low-rank": [1, 1], "ghost": [1, 32],
        "spatially-separable-reversed": [1, 1], "low-rank-reversed": [1, 1],
        "mbconv": [1, 384, 1, 1, 1], "fused-mbconv": [1, 1], "depthwise": [64], "pointwise": [1],
    }  # fmt: skip


def test_an_expansion_of_1_expands_nothing() -> None:
    """MobileNetV2's first block has no 1x1 up."""
    for text, names in (("e2", ["expand", "depthwise", "project"]), ("e1", ["depthwise", "project"])):
        assert [name for name, _ in ops("inverted-residual", parse_spec(f"32:16 @9 k3 {text}"))] == names


@pytest.mark.parametrize("variant", ["as-given", "standard", "grouped"])
def test_transposed_layers_stay_transposed(variant: str) -> None:
    """With cropping and output padding; `standard` drops the groups."""
    groups = 1 if variant == "standard" else 4
    expected = Conv(8, 4, (3, 2), (2, 2), ((1, 1), (0, 0)), ONE, groups, False, "zeros", True, (1, 0))
    assert ops(variant, parse_spec("8:4 @8x6 k3x2 s2 p1x0 op1x0 t g4")) == [("conv", expected)]


@each("variant", [*all_variants(), "as-given"])
def test_bias_is_on_every_convolution_or_on_none(variant: str) -> None:
    """The projection included; a norm does not remove it. Only a gate has its biases always (Hu et al. 2017)."""
    for bias in (False, True):
        for norm in (False, True):
            given = ops(variant, made_for(variant, SPEC._replace(bias=bias, norm=norm)))
            convs = [(name, op) for name, op in given if isinstance(op, Conv)]
            assert {op.bias for name, op in convs if not name.startswith("squeeze.")} == {bias}
            assert all(op.bias for name, op in convs if name.startswith("squeeze."))


@each("variant", [*all_variants(), "as-given"])
def test_a_norm_follows_every_convolution(variant: str) -> None:
    """Directly, reading it, over its channels; the projection has one too, a gate's two have none."""
    nodes = build_variant(variant, made_for(variant, SPEC._replace(norm=True, activation="relu"))).graph.nodes
    convs = [(index, node) for index, node in enumerate(nodes) if isinstance(node.op, Conv)]
    normed = [(index, node) for index, node in convs if not node.name.startswith("squeeze.")]
    for index, node in normed:
        assert isinstance(node.op, Conv)
        assert nodes[index + 1] == (f"{node.name}.norm", BatchNorm(node.op.out_channels), (index + 1,))
    assert sum(isinstance(node.op, BatchNorm) for node in nodes) == len(normed)


ACTIVATED = {
    "as-given": ["conv"], "standard": ["conv"], "spatially-separable": ["1x5", "3x1"],
    "depthwise-separable": ["depthwise", "pointwise"], "grouped": ["conv"], "bottleneck": ["reduce", "conv", "expand"],
    "basic-block": ["conv1", "add"], "residual-bottleneck": ["reduce", "conv", "add"],
    "inverted-residual": ["expand", "depthwise"], "depthwise": ["depthwise"], "pointwise": ["pointwise"],
    "blueprint-separable": ["pointwise", "depthwise"], "low-rank": ["conv", "expand"], "ghost": ["primary", "cheap"],
    "fused-mbconv": ["expand"],
}  # fmt: skip


@each("variant", ACTIVATED)
def test_activations_follow_convolutions_and_sums(variant: str) -> None:
    """After the add, not before it; none on the projection, none after inverted-residual's last 1x1."""
    given = ops(variant, SPEC._replace(activation="relu6"))
    assert [name for name, op in given if isinstance(op, Activation)] == [f"{n}.activation" for n in ACTIVATED[variant]]
    assert {op.kind for _, op in given if isinstance(op, Activation)} == {"relu6"}


def test_inverted_residual_does_not_activate_its_sum() -> None:
    """MobileNetV2's linear bottleneck: norm, add, and nothing after."""
    spec = parse_spec("8:8 @9 k3")._replace(norm=True, activation="relu6")
    assert [name for name, _ in ops("inverted-residual", spec)][-3:] == ["project", "project.norm", "add"]


@each("variant", [*all_variants(), "as-given"])
def test_padding_mode_is_the_k_by_ks(variant: str) -> None:
    """Every convolution that pads pads in the layer's mode."""
    spec = made_for(variant, SPEC._replace(padding_mode="replicate"))
    padding = [op for _, op in ops(variant, spec) if isinstance(op, Conv) and any(map(any, op.padding))]
    assert {op.padding_mode for op in padding} <= {"replicate"}
    assert bool(padding) == (variant != "pointwise")


def test_same_upper_is_resolved_where_each_convolution_meets_it() -> None:
    """TensorFlow's padding depends on size and stride: the second k x k of a block pads for what it gets."""
    given = ops("basic-block", parse_spec("4:4 @8x9 k3 s2 psame-upper"))
    assert [op.padding for _, op in given if isinstance(op, Conv)] == [
        ((0, 1), (1, 1)),
        ((1, 1), (1, 1)),
        ((0, 0), (0, 0)),
    ]


@each("variant", ["standard", "depthwise-separable", "grouped", "bottleneck", "basic-block"])
def test_one_and_three_axes_have_the_same_structure(variant: str) -> None:
    """Only the number of axes differs."""
    shapes = [ops(variant, parse_spec(f"32:32 @9 k3 s2 {axes}")) for axes in ("1d", "2d", "3d")]
    assert len({tuple(name for name, _ in given) for given in shapes}) == 1
    assert [given[0][1].kernel_size for given in shapes] in (
        [(3,), (3, 3), (3, 3, 3)],
        [(1,), (1, 1), (1, 1, 1)],
    )


def graph_of(variant: str, text: str, **fields: object) -> Graph:
    return build_variant(variant, parse_spec(text)._replace(**fields)).graph


def test_a_bottleneck_may_have_two_middles() -> None:
    """What goes into the k x k and what comes out of it; its groups divide both. Twice the same is one."""
    convs = [op for _, op in ops("bottleneck", parse_spec("64:96 @9 k3 mid=48x32 g16")) if isinstance(op, Conv)]
    assert [(op.in_channels, op.out_channels, op.groups) for op in convs] == [(64, 48, 1), (48, 32, 16), (32, 96, 1)]
    assert parse_spec("64:96 @9 k3 mid=48x48") == parse_spec("64:96 @9 k3 mid=48")


@pytest.mark.parametrize(
    ("text", "planes", "params"), [("64:64", 144, 110_592), ("64:128", 230, 220_800), ("3:64", 23, 5_037)]
)
def test_the_planes_between_space_and_time_keep_the_params(text: str, planes: int, params: int) -> None:
    """As many as Tran et al. compute (3.5): 144 and 230 are those of R(2+1)D-18."""
    built = build_variant("two-plus-one", parse_spec(f"{text} @8x14x14 k3"))
    convs = [node.op for node in built.graph.nodes if isinstance(node.op, Conv)]
    assert [op.kernel_size for op in convs] == [(1, 3, 3), (3, 1, 1)]
    assert convs[0].out_channels == convs[1].in_channels == built.settings["mid_channels"] == planes
    assert sum(op.out_channels * op.in_channels * 3 ** sum(k > 1 for k in op.kernel_size) for op in convs) == params


def test_two_plus_one_strides_space_in_its_first_pass_and_time_in_its_second() -> None:
    """Dilation and padding likewise; the middle planes may be given."""
    spec = parse_spec("4:8 @9x8x7 k3x5x2 s2x3x1 p1-0x2x0-1 d1x1x2 mid=5")
    assert ops("2plus1d", spec) == [
        ("1x5x2", Conv(4, 5, (1, 5, 2), (1, 3, 1), ((0, 0), (2, 2), (0, 1)), (1, 1, 2))),
        ("3x1x1", Conv(5, 8, (3, 1, 1), (2, 1, 1), ((1, 0), (0, 0), (0, 0)), (1, 1, 1))),
    ]


def test_a_tcn_sees_nothing_later_and_activates_its_sum_once_more() -> None:
    """Bai et al. 2018, figure 1: all padding before, a ReLU behind each convolution and one behind the add."""
    graph = graph_of("tcn", "8:8 @20 k3 d4 1d", activation="relu")
    assert [node.name for node in graph.nodes] == [
        "conv1", "conv1.activation", "conv2", "conv2.activation", "add", "add.activation"
    ]  # fmt: skip
    assert [op.padding for _, op in ops("tcn", parse_spec("8:8 @20 k3 d4 1d")) if isinstance(op, Conv)] == [
        ((8, 0),)
    ] * 2
    assert graph.nodes[4].inputs == (4, 0)
    assert "projection" in [node.name for node in graph_of("tcn", "8:16 @20 k3 1d").nodes]


def test_a_ghost_of_an_odd_number_is_cut() -> None:
    """Half of the maps, rounded up, twice, and what is too much left out."""
    assert ops("ghost", parse_spec("6:7 @9 k1")) == [
        ("primary", Conv(6, 4, ONE, ONE, NONE, ONE)),
        ("cheap", Conv(4, 4, (3, 3), ONE, ((1, 1), (1, 1)), ONE, 4)),
        ("concat", Concat()),
        ("cut", Split(0, 7)),
    ]


def test_a_ghost_with_a_shortcut_is_activated_behind_the_sum_alone() -> None:
    """The second module of GhostNet's bottleneck has no ReLU."""
    names = [node.name for node in graph_of("ghost", "8:8 @9 k3", activation="relu", residual=True).nodes]
    assert names == ["primary", "cheap", "concat", "add", "add.activation"]
    graph = graph_of("ghost", "8:8 @9 k3", activation="relu")
    assert [(node.name, node.inputs) for node in graph.nodes][1:] == [
        ("primary.activation", (1,)), ("cheap", (2,)), ("cheap.activation", (3,)), ("concat", (2, 4))
    ]  # fmt: skip


def test_a_gate_multiplies_what_it_is_made_from() -> None:
    """Its hidden channels are a quarter of the block's input and have the block's activation, never a norm."""
    graph = graph_of("mbconv", "40:40 @28 k5", activation="silu", norm=True)
    names = [node.name for node in graph.nodes]
    assert names[6:13] == [
        "squeeze", "squeeze.reduce", "squeeze.reduce.activation", "squeeze.expand", "squeeze.gate", "excite", "project"
    ]  # fmt: skip
    assert graph.nodes[names.index("excite")].inputs == (6, 11)
    reduced = dict(ops("mbconv", parse_spec("40:40 @28 k5")))["squeeze.reduce"]
    assert isinstance(reduced, Conv)
    assert (reduced.in_channels, reduced.out_channels) == (240, 10)
    one = dict(ops("mbconv", parse_spec("3:8 @28 k5")))["squeeze.reduce"]
    assert isinstance(one, Conv)
    assert one.out_channels == 1


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("8:8 @9 k3", ["expand", "expand.activation", "project", "add"]),
        ("8:8 @9 k3 e1", ["conv", "conv.activation", "add"]),
        ("8:16 @9 k3 e1", ["conv", "conv.activation"]),
    ],
)
def test_a_fused_block_without_expansion_is_one_convolution(text: str, names: list[str]) -> None:
    """Activated in front of the sum; with expansion the last 1 x 1 is linear."""
    assert [node.name for node in graph_of("fused-mbconv", text, activation="silu").nodes] == names


@pytest.mark.parametrize(("variant", "ratio"), [("inverted-residual", 6), ("mbconv", 6), ("fused-mbconv", 4)])
def test_an_expansion_that_nobody_gives_is_the_variants_own(variant: str, ratio: int) -> None:
    """Given, it is the same for all."""
    for text, expected in (("", ratio), ("e3", 3)):
        built = build_variant(variant, parse_spec(f"8:8 @9 k3 {text}"))
        assert built.settings["expansion_ratio"] == expected
        assert (
            next(op for _, op in ops(variant, parse_spec(f"8:8 @9 k3 {text}")) if isinstance(op, Conv))[1]
            == 8 * expected
        )
