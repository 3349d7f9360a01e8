"""Shortcuts: identity, projection or none, on the residual blocks and on every replacement that is asked for one."""

from __future__ import annotations

import pytest
from strategies import made_for
from tables import each

from convcost.graph.ops import Add, Conv, Node
from convcost.spec import LayerSpec, parse_spec
from convcost.variants.registry import REPLACEMENT, all_variants, build_variant

REPLACEMENTS = [v.name for v in all_variants().values() if v.role == REPLACEMENT]


def nodes(variant: str, spec: LayerSpec) -> tuple[Node, ...]:
    return build_variant(variant, spec).graph.nodes


def kind(variant: str, spec: LayerSpec) -> object:
    """What the settings say of the shortcut, after holding the graph against it."""
    built = build_variant(variant, spec)
    said = built.settings["shortcut"]
    adds = [node for node in built.graph.nodes if isinstance(node.op, Add)]
    names = [node.name for node in built.graph.nodes]
    assert len(adds) == (said != "none")
    assert ("projection" in names) == (said == "projection")
    assert all((0 in node.inputs) == (said == "identity") for node in adds)
    return said


@each("variant", ["basic-block", "residual-bottleneck", *REPLACEMENTS])
@each(
    ("text", "shortcut"),
    [
        ("32:32 @9x8 k3", "identity"),
        ("32:64 @9x8 k3", "projection"),
        ("32:32 @9x8 k3 s2", "projection"),
        ("32:32 @9x8 k3 s2x1", "projection"),
        ("32:32 @9x8 k3 s1x2", "projection"),
    ],
)
def test_a_shortcut_is_the_identity_or_a_projection(variant: str, text: str, shortcut: str) -> None:
    """The identity where every stride is 1 and the channels agree; otherwise a strided 1x1 convolution."""
    assert kind(variant, made_for(variant, parse_spec(text)._replace(residual=True))) == shortcut


@each(
    ("text", "shortcut"),
    [("32:32 @9x8 k3", "identity"), ("32:64 @9x8 k3", "none"), ("32:32 @9x8 k3 s1x2", "none")],
)
@each("variant", ["inverted-residual", "mbconv", "fused-mbconv"])
def test_inverted_residuals_have_no_projection(variant: str, text: str, shortcut: str) -> None:
    """MobileNetV2 and its descendants add only what has the shape already."""
    assert kind(variant, parse_spec(text)) == shortcut
    assert kind(variant, parse_spec(text)._replace(expansion_ratio=1)) == shortcut


@each("variant", REPLACEMENTS)
def test_a_replacement_has_a_shortcut_only_when_asked(variant: str) -> None:
    """Otherwise it is the same operations without the add."""
    spec = made_for(variant, parse_spec("32:32 @9x8 k3"))
    without, with_one = nodes(variant, spec), nodes(variant, spec._replace(residual=True))
    assert not any(isinstance(node.op, Add) for node in without)
    assert with_one == (*without, Node("add", Add(), (len(without), 0)))


@pytest.mark.parametrize("variant", ["depthwise", "pointwise"])
def test_a_building_block_never_has_a_shortcut(variant: str) -> None:
    """It is half of something; `residual` concerns replacements."""
    spec = parse_spec("32:32 @9x8 k3")
    assert nodes(variant, spec) == nodes(variant, spec._replace(residual=True))


@pytest.mark.parametrize("variant", ["basic-block", "residual-bottleneck"])
def test_the_projection_runs_after_the_main_branch(variant: str) -> None:
    """Main branch, then the projection, then the add: that order decides what is alive."""
    spec = parse_spec("32:64 @9x8 k3 s2 bias")._replace(norm=True, activation="relu")
    names = [node.name for node in nodes(variant, spec)]
    assert names[-4:] == ["projection", "projection.norm", "add", "add.activation"]
    projection = next(node for node in nodes(variant, spec) if node.name == "projection")
    assert projection == ("projection", Conv(32, 64, (1, 1), (2, 2), ((0, 0), (0, 0)), (1, 1), bias=True), (0,))
