"""What is stated of variants a second time: it is what their graphs are, and can tell when they are not."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from strategies import layer_specs

from convcost.answers.comparison import compare_variants
from convcost.checks.equivalence import chain_of, show_equivalence, stated_chain
from convcost.checks.stages import STATED, Convolution, Step, kxk, walked_padding
from convcost.checks.verifier import Verifier
from convcost.checks.wiring import check_stages
from convcost.execute.values.equivalent import drawn_chain
from convcost.execute.values.linear import without_activations
from convcost.graph.ops import Conv, Flatten, Graph, Node
from convcost.spec import LayerSpec, parse_spec
from convcost.variants.registry import AS_GIVEN, DoesNotApply, all_variants, build_variant

EVERYTHING = parse_spec("8:12 @11x14 k3x5 s2x1 bias m2 e2")._replace(norm=True, activation="relu")


def test_every_variant_of_the_package_is_stated() -> None:
    """Whatever is not is said to be by its row."""
    assert set(STATED) == {AS_GIVEN, *all_variants()}


@settings(deadline=None)
@given(spec=layer_specs())
def test_what_is_stated_is_what_is_built(spec: LayerSpec) -> None:
    """Of every layer: same-upper, transposed, dilated, with middles, with a shortcut."""
    for name in (AS_GIVEN, *all_variants()):
        try:
            graph = build_variant(name, spec).graph
        except DoesNotApply:
            continue
        found = check_stages(name, spec, graph)
        assert found.ok, (name, found)


def changed(graph: Graph, name: str, **fields: object) -> Graph:
    """The graph with one operation otherwise."""
    nodes = [node._replace(op=node.op._replace(**fields)) if node.name == name else node for node in graph.nodes]
    return graph._replace(nodes=tuple(nodes))


@pytest.mark.parametrize(
    ("fields", "expected", "found"),
    [
        ({"stride": (1, 1)}, [2, 1], (1, 1)),
        ({"groups": 4}, 1, 4),
        ({"bias": False}, 1, 0),
        ({"dilation": (2, 1)}, [1, 1], (2, 1)),
        ({"padding": ((1, 1), (1, 3))}, [1, 1, 2, 2], [1, 1, 1, 3]),
        ({"padding_mode": "reflect"}, "zeros", "reflect"),
        ({"out_channels": 24}, 12, 24),
    ],
)
def test_a_field_that_differs_is_named_with_both_sides(
    fields: dict[str, object], expected: object, found: object
) -> None:
    """Of the operation that it is a field of, and no other."""
    graph = changed(build_variant("standard", EVERYTHING).graph, "conv", **fields)
    check = check_stages("standard", EVERYTHING, graph)
    (field,) = fields
    assert check.ok is False
    assert isinstance(check.expected, dict)
    assert isinstance(check.measured, dict)
    assert [*check.expected] == [*check.measured] == [f"conv.{field}"]
    assert [*check.expected.values()] == [tuple(expected) if isinstance(found, tuple) else expected]
    assert [*check.measured.values()] == [found]


def test_operations_in_another_order_are_no_longer_the_same() -> None:
    """Though each reads what it read."""
    spec = EVERYTHING._replace(norm=False, activation=None, bias=False)
    graph = build_variant("basic-block", spec).graph
    one, two, way, add = graph.nodes
    assert [node.name for node in graph.nodes] == ["conv1", "conv2", "projection", "add"]
    turned = graph._replace(
        nodes=(way, one._replace(inputs=(0,)), two._replace(inputs=(2,)), add._replace(inputs=(3, 1)))
    )
    check = check_stages("basic-block", spec, turned)
    assert check[:3] == (["conv1", "conv2", "projection", "add"], ["projection", "conv1", "conv2", "add"], False)


def test_an_operation_too_many_or_too_few_is_named() -> None:
    """A missing one has nothing on the other side."""
    graph = build_variant("standard", EVERYTHING).graph
    longer = graph._replace(nodes=(*graph.nodes, Node("flatten", Flatten(), (len(graph.nodes),))))
    assert check_stages("standard", EVERYTHING, longer).measured == {
        "flatten": "Flatten",
        "flatten.reads": ["conv.activation"],
    }
    shorter = check_stages("standard", EVERYTHING, graph._replace(nodes=graph.nodes[:2]))
    assert shorter.measured == dict.fromkeys(["conv.activation", "conv.activation.kind", "conv.activation.reads"])


@pytest.mark.parametrize(
    ("line", "size", "pads"),
    [
        ("1 @56 k3 s2 psame-upper", (56, 56), ((0, 1), (0, 1))),
        ("1 @57 k3 s2 psame-upper", (57, 57), ((1, 1), (1, 1))),
        ("1 @8x9 k4x1 psame-upper", (8, 9), ((1, 2), (0, 0))),
        ("1 @9 k2 s3 psame-upper", (9, 9), ((0, 0), (0, 0))),
        ("1 @5 k3 d4 psame-upper", (5, 5), ((4, 4), (4, 4))),
        ("1 @5 k3 p2-0x1", (5, 5), ((2, 0), (1, 1))),
    ],
)
def test_padding_is_walked(line: str, size: tuple[int, ...], pads: object) -> None:
    """Counted by hand: what the last window lacks, the odd position behind the data."""
    spec = parse_spec(line)
    assert walked_padding(spec, size, spec.kernel_size, spec.stride, spec.dilation) == pads


def test_sizes_of_18_digits_take_no_longer() -> None:
    """Padding is not written out position by position."""
    n = 10**18 - 2
    spec = parse_spec(f"4 @{n} k{n} s7 psame-upper")
    assert check_stages(AS_GIVEN, spec, build_variant(AS_GIVEN, spec).graph).ok


@pytest.mark.parametrize("name", ["bottleneck", "basic-block", "inverted-residual", "depthwise-separable", "mbconv"])
def test_the_chain_of_the_statement_is_that_of_the_graph(name: str) -> None:
    """Gates at 1, activations left out."""
    spec = EVERYTHING._replace(norm=False, bias=False, activation=None)
    found = stated_chain(STATED[name](spec))
    if name != "mbconv":
        assert found == drawn_chain(without_activations(build_variant(name, spec).graph))
    assert found is not None
    assert found.stages[0].name in ("reduce", "conv1", "expand", "depthwise")


def test_a_variant_that_nobody_stated_is_verified_in_its_sums_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The check is not made, and the row stays verified."""
    monkeypatch.delitem(STATED, "bottleneck")
    spec = parse_spec("8:16 @9x7 k3")
    (row,) = compare_variants(spec, ["bottleneck"], verify=Verifier()).rows
    assert row.verified is not None
    assert row.verified.status == "verified"
    assert row.verified.checks["stages"][:3] == (None, None, None)
    assert chain_of("bottleneck", spec, build_variant("bottleneck", spec).graph) is not None


def test_stages_that_do_not_fit_the_graph_are_a_finding_and_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of channels that the graph has not, or of names: the equivalence holds nowhere."""

    def wrong(spec: LayerSpec) -> tuple[Convolution | Step, ...]:
        return kxk(spec, "conv", 3, 5), kxk(spec, "other", 5, 7)

    monkeypatch.setitem(STATED, "standard", wrong)
    found = show_equivalence("standard", parse_spec("8:16 @9x7 k3"))
    assert not isinstance(found, str)
    assert (found.same, found.where) == (False, "nowhere")
    assert type(STATED["standard"](EVERYTHING)[0].conv) is Conv


@pytest.mark.parametrize(("channels", "groups"), [(64, 32), (48, 16), (24, 8), (12, 4), (6, 2)])
def test_the_groups_that_are_tried_are_stated_the_largest_first(channels: int, groups: int) -> None:
    """32, 16, 8, 4 and 2: the first of them that divides the channels."""
    spec = parse_spec(f"{channels} @5 k3")
    graph = build_variant("grouped", spec).graph
    assert graph.nodes[0].op.groups == groups
    assert check_stages("grouped", spec, graph).ok
