"""`bias=last`: of a block only the last convolution of the main branch has a bias."""

from __future__ import annotations

from strategies import pairs
from tables import each

from convcost.checks.wiring import check_stages
from convcost.graph.ops import Conv
from convcost.spec import parse_spec
from convcost.variants.registry import AS_GIVEN, build_variant

STRIDED = "8:12 @9x8 k3 s2 bias=last"
SHAPES = ("8:12 @9x8 k3 s2", "8 @9x8 k3", "8:4 @9 k3 1d", "4:8 @5x6x7 k3", "8:8 @9 k3 t s2")
LAYERS = [f"{shape} bias=last" for shape in SHAPES]
MADE = [(*pair, residual) for residual in (False, True) for pair in pairs(LAYERS, residual=residual)]

#: The one that has it, where it is not what its name says for all.
LAST = {
    AS_GIVEN: "conv", "standard": "conv", "grouped": "conv", "depthwise": "depthwise", "pointwise": "pointwise",
    "depthwise-separable": "pointwise", "bottleneck": "expand", "residual-bottleneck": "expand",
    "basic-block": "conv2", "inverted-residual": "project", "mbconv": "project", "ghost": "cheap",
}  # fmt: skip


@each(("name", "line", "residual"), MADE)
def test_one_convolution_of_the_main_branch_has_the_bias(name: str, line: str, residual: bool) -> None:
    """The gates of squeeze-and-excitation keep theirs; a projection has none."""
    spec = parse_spec(line)._replace(residual=residual)
    graph = build_variant(name, spec).graph
    convs = [node for node in graph.nodes if type(node.op) is Conv and not node.name.startswith("squeeze.")]
    biased = [node.name for node in convs if type(node.op) is Conv and node.op.bias]
    main = [node.name for node in convs if node.name != "projection"]
    assert biased == main[-1:]
    assert biased == [LAST.get(name, biased[0])]
    assert check_stages(name, spec, graph).ok is not False


@each(("name", "line"), pairs([STRIDED]))
def test_elsewhere_the_graph_is_that_of_a_layer_without_bias(name: str, line: str) -> None:
    """Names, wiring and all other fields."""
    spec = parse_spec(line)
    last, none = (build_variant(name, spec._replace(bias=bias)).graph.nodes for bias in ("last", False))
    assert [(node.name, node.inputs) for node in last] == [(node.name, node.inputs) for node in none]
    changed = [node for node, other in zip(last, none) if node.op != other.op]
    assert [node.op._replace(bias=False) for node in changed if type(node.op) is Conv] == [
        other.op for node, other in zip(last, none) if node.op != other.op
    ]
    assert len(changed) == 1


def test_a_separable_layer_of_keras_has_the_parameters_that_keras_prints() -> None:
    """SeparableConv2D(4, 3) on three channels: 27 + 12 + 4; on 32 with a depth multiplier of 2: 576 + 4096 + 64."""
    for line, params in (("3:4 @32 k3 bias=last", 43), ("32:64 @56 k3 m2 bias=last", 4736)):
        nodes = build_variant("depthwise-separable", parse_spec(line)).graph.nodes
        convs = [node.op for node in nodes if type(node.op) is Conv]
        count = [
            c.out_channels * (c.in_channels // c.groups * c.kernel_size[0] * c.kernel_size[1] + c.bias) for c in convs
        ]
        assert sum(count) == params
