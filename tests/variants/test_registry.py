"""The registry from which table, JSON, tests and completion read."""

from __future__ import annotations

import re

import pytest
from strategies import each_layer, made_for
from tables import each

from convcost.graph.shapes import infer_shapes
from convcost.spec import LayerSpec, parse_spec
from convcost.variants.registry import (
    ALL,
    AS_GIVEN,
    ROLES,
    DoesNotApply,
    all_variants,
    build_variant,
    own_names,
    shown_variants,
)

TABLE = [
    ("standard", "replacement"), ("spatially-separable", "replacement"), ("2plus1d", "replacement"),
    ("depthwise-separable", "replacement"), ("blueprint-separable", "replacement"), ("low-rank", "replacement"),
    ("ghost", "replacement"), ("grouped", "replacement"), ("bottleneck", "replacement"),
    ("basic-block", "residual-block"), ("residual-bottleneck", "residual-block"),
    ("inverted-residual", "residual-block"), ("mbconv", "residual-block"), ("fused-mbconv", "residual-block"),
    ("tcn", "residual-block"), ("depthwise", "building-block"), ("pointwise", "building-block"),
]  # fmt: skip

#: The same stages in the other order.
ORDERS = {"spatially-separable-reversed", "low-rank-reversed"}


def test_variants_come_in_the_order_of_the_table() -> None:
    """Role by role, so that the roles stay apart; the first is what everything else is held against."""
    known = [(v.name, v.role) for v in all_variants().values()]
    assert [pair for pair in known if pair in TABLE] == TABLE
    assert [role for _, role in known] == sorted((role for _, role in known), key=ROLES.index)


def test_as_given_is_a_row_and_not_a_variant() -> None:
    assert AS_GIVEN == "as-given"
    assert AS_GIVEN not in all_variants()
    assert build_variant(AS_GIVEN, parse_spec("8:8 @9 k3 g4")).settings["groups"] == 4


@each("name", all_variants())
def test_a_variant_introduces_itself(name: str) -> None:
    """Kebab-case name, known role, one short line about it."""
    entry = all_variants()[name]
    assert entry.name == name
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name)
    assert entry.role in ROLES
    assert 0 < len(entry.summary) <= 80
    assert "\n" not in entry.summary


@each("name", [*all_variants(), AS_GIVEN])
def test_building_twice_gives_the_same(name: str) -> None:
    """A variant is a function of the spec alone."""
    spec = made_for(name, parse_spec("32:64 @9x8 k3 s2 bias")._replace(norm=True, activation="relu"))
    assert build_variant(name, spec) == build_variant(name, spec)


@each("name", [*all_variants(), AS_GIVEN])
def test_node_names_are_unique_and_inputs_come_first(name: str) -> None:
    """Every node reads values that exist by then, and every value but the last is read."""
    spec = made_for(name, parse_spec("32:64 @9x8 k3 s2 bias")._replace(norm=True, activation="relu"))
    nodes = build_variant(name, spec).graph.nodes
    assert len({node.name for node in nodes}) == len(nodes)
    assert all(0 <= value <= index for index, node in enumerate(nodes) for value in node.inputs)
    assert {value for node in nodes for value in node.inputs} == set(range(len(nodes)))


@each("name", [*all_variants(), AS_GIVEN])
def test_input_and_dtype_are_the_layers(name: str) -> None:
    """Value 0 is (batch, in_channels, *input_size)."""
    spec = made_for(name, parse_spec("32:64 @9x8 k3 n5 bf16"))
    graph = build_variant(name, spec).graph
    assert (graph.input_shape, graph.dtype) == ((5, 32, *spec.input_size), "bf16")


@each("name", [name for name, role in TABLE if role != "building-block"])
@each("text", ["32:64 @9x8 k3 s2", "32:64 @20x17 k5x3 s1x2 d2x1 n3", "32:64 @7 k3 s2 3d"])
def test_alternatives_give_the_layers_output_shape(name: str, text: str) -> None:
    """Whatever replaces a layer gives what the layer gives, padding `same` provided."""
    spec = made_for(name, parse_spec(text))
    assert build_variant(name, spec).shapes[-1] == build_variant("standard", spec).shapes[-1]


@pytest.mark.parametrize(
    ("axes", "asked"),
    [
        (1, {"blueprint-separable", "low-rank", *ORDERS, "ghost", "mbconv", "fused-mbconv", "2plus1d"}),
        (2, {"blueprint-separable", "low-rank", *ORDERS, "ghost", "mbconv", "fused-mbconv", "2plus1d", "tcn"}),
        (3, {"blueprint-separable", "low-rank", *ORDERS, "ghost", "mbconv", "fused-mbconv", "tcn"}),
    ],
)
def test_variants_made_for_another_number_of_axes_are_shown_when_named(axes: int, asked: set[str]) -> None:
    """And those of which there are several for every layer; the ten that everybody knows are always there."""
    shown = shown_variants(axes)
    assert {*all_variants()} - {*shown} == asked
    assert shown == [name for name in all_variants() if name in shown]


def test_rows_are_named_by_any_of_their_names() -> None:
    """Each once, under its own; `all` is every variant."""
    assert own_names(["two-plus-one", "standard", "2plus1d", AS_GIVEN]) == ["2plus1d", "standard", AS_GIVEN]
    assert own_names([ALL, "tcn"]) == [*all_variants()]
    spec = parse_spec("8:8 @5x6x7 k3")
    assert build_variant("two-plus-one", spec) == build_variant("2plus1d", spec)


@each_layer()
def test_every_layer_has_every_variant_or_a_reason(spec: LayerSpec) -> None:
    """For any layer that can be described, each variant is built or says in one line why not; as-given is built."""
    for name in [*all_variants(), AS_GIVEN]:
        try:
            built = build_variant(name, spec)
        except DoesNotApply as why:
            reason = str(why)
        else:
            reason = ""
            assert built.shapes == infer_shapes(built.graph)
            assert min(built.shapes[-1]) >= 1
        assert "\n" not in reason
        assert not (reason and name == AS_GIVEN)
