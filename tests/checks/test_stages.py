"""What is stated of variants a second time: it is what their graphs are, and can tell when they are not."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from strategies import layer_specs
from tables import each

from convcost.answers.comparison import compare_variants
from convcost.checks.equivalence import chain_of, show_equivalence, stated_chain
from convcost.checks.stages import STATED, Convolution, Step, kxk, shortcut, stated_parts, walked_padding
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


def words(part: Convolution | Step) -> str:
    """A part as a line: its channels, kernel, stride, what else is not 1 or off, and what it reads."""
    if isinstance(part, Step):
        op, own = type(part.op).__name__.lower(), [str(value) for value in part.op]
        return " ".join([part.name, op, *own, part.activation or "", "of", *part.reads]).replace("  ", " ")
    conv, said = part.conv, [f"{part.name} {part.conv.in_channels}>{part.conv.out_channels}"]
    said += [
        f"k{sides(conv.kernel_size)}",
        f"s{sides(conv.stride)}",
        f"p{sides([f'{a}-{b}' for a, b in conv.padding])}",
    ]
    said += [f"d{sides(conv.dilation)}" if set(conv.dilation) != {1} else "", f"g{conv.groups}" * (conv.groups != 1)]
    said += ["bias" * conv.bias, "norm" * part.norm, part.activation or "", f"of {part.reads}" if part.reads else ""]
    said += ["t" * conv.transposed, f"op{sides(conv.output_padding)}" if conv.output_padding else ""]
    return " ".join(filter(None, said))


def sides(numbers: object) -> str:
    return "x".join(map(str, numbers))  # type: ignore[call-overload,no-any-return]  # any numbers


#: Each variant of awkward layers, worked out by hand after its paper; everything else is on: norm, ReLU.
ON = "k3x5 s2x1 d1x2 bias m2 @11x14"
WRITTEN = [
    (AS_GIVEN, f"8:12 {ON} g4", ["conv 8>12 k3x5 s2x1 p1-1x4-4 d1x2 g4 bias norm relu"]),
    (AS_GIVEN, f"8:12 {ON} g4 mid=8", ["conv 8>12 k3x5 s2x1 p1-1x4-4 d1x2 bias norm relu"]),
    (AS_GIVEN, "4:6 k3x4 s2x3 p1x2 g2 t op1x2 @5x4", ["conv 4>6 k3x4 s2x3 p1-1x2-2 g2 norm relu t op1x2"]),
    ("standard", f"8:12 {ON} g4", ["conv 8>12 k3x5 s2x1 p1-1x4-4 d1x2 bias norm relu"]),
    ("grouped", f"8:12 {ON}", ["conv 8>12 k3x5 s2x1 p1-1x4-4 d1x2 g4 bias norm relu"]),
    ("grouped", f"8:12 {ON} g2", ["conv 8>12 k3x5 s2x1 p1-1x4-4 d1x2 g2 bias norm relu"]),
    ("grouped", f"8:12 {ON} g2 mid=8", ["conv 8>12 k3x5 s2x1 p1-1x4-4 d1x2 g4 bias norm relu"]),
    *[("grouped", f"{n} k1 @7", [f"conv {n}>{n} k1x1 s1x1 p0-0x0-0 g{g} norm relu"])
      for n, g in [(64, 32), (48, 16), (24, 8), (12, 4), (6, 2)]],
    ("grouped", "9:15 k3 @7", ["conv 9>15 k3x3 s1x1 p1-1x1-1 norm relu"]),  # none of them divides both
    ("depthwise", f"8:12 {ON}", ["depthwise 8>16 k3x5 s2x1 p1-1x4-4 d1x2 g8 bias norm relu"]),
    ("pointwise", f"8:12 {ON}", ["pointwise 8>12 k1x1 s2x1 p0-0x0-0 bias norm relu"]),
    ("depthwise-separable", f"8:12 {ON}", [
        "depthwise 8>16 k3x5 s2x1 p1-1x4-4 d1x2 g8 bias norm relu", "pointwise 16>12 k1x1 s1x1 p0-0x0-0 bias norm relu",
    ]),
    ("spatially-separable", f"8:12 {ON}", [
        "1x5 8>8 k1x5 s1x1 p0-0x4-4 d1x2 bias norm relu", "3x1 8>12 k3x1 s2x1 p1-1x0-0 bias norm relu",
    ]),
    ("spatially-separable", "12:8 k3x5 s2x3 psame-upper @12x14 mid=5", [
        "1x5 12>5 k1x5 s1x3 p0-0x1-2 norm relu", "3x1 5>8 k3x1 s2x1 p0-1x0-0 norm relu",
    ]),
    ("spatially-separable-reversed", f"12:8 {ON}", [
        "3x1 12>8 k3x1 s2x1 p1-1x0-0 bias norm relu", "1x5 8>8 k1x5 s1x1 p0-0x4-4 d1x2 bias norm relu",
    ]),
    ("spatially-separable-reversed", "2:4 k3x5x2 @4x5x6 d2x1x3", [
        "3x1x1 2>2 k3x1x1 s1x1x1 p2-2x0-0x0-0 d2x1x1 norm relu", "1x5x1 2>2 k1x5x1 s1x1x1 p0-0x2-2x0-0 norm relu",
        "1x1x2 2>4 k1x1x2 s1x1x1 p0-0x0-0x1-2 d1x1x3 norm relu",
    ]),
    ("bottleneck", f"8:16 {ON} g4", [
        "reduce 8>4 k1x1 s1x1 p0-0x0-0 bias norm relu", "conv 4>4 k3x5 s2x1 p1-1x4-4 d1x2 g4 bias norm relu",
        "expand 4>16 k1x1 s1x1 p0-0x0-0 bias norm relu",
    ]),
    ("bottleneck", "8:12 k3 s2x3 v1 mid=4x6 @11x14 psame-upper", [
        "reduce 8>4 k1x1 s2x3 p0-0x0-0 norm relu", "conv 4>6 k3x3 s1x1 p1-1x1-1 norm relu",
        "expand 6>12 k1x1 s1x1 p0-0x0-0 norm relu",
    ]),
    ("residual-bottleneck", "8:12 k3 s2x1 ratio=3 @9", [
        "reduce 8>4 k1x1 s1x1 p0-0x0-0 norm relu", "conv 4>4 k3x3 s2x1 p1-1x1-1 norm relu",
        "expand 4>12 k1x1 s1x1 p0-0x0-0 norm", "projection 8>12 k1x1 s2x1 p0-0x0-0 norm of input",
        "add add relu of expand projection",
    ]),
    ("basic-block", f"8:12 {ON}", [
        "conv1 8>12 k3x5 s2x1 p1-1x4-4 d1x2 bias norm relu", "conv2 12>12 k3x5 s1x1 p1-1x4-4 d1x2 bias norm",
        "projection 8>12 k1x1 s2x1 p0-0x0-0 bias norm of input", "add add relu of conv2 projection",
    ]),
    ("basic-block", "8 k3 @9", [
        "conv1 8>8 k3x3 s1x1 p1-1x1-1 norm relu", "conv2 8>8 k3x3 s1x1 p1-1x1-1 norm", "add add relu of conv2 input",
    ]),
    ("inverted-residual", f"8:12 {ON}", [
        "expand 8>48 k1x1 s1x1 p0-0x0-0 bias norm relu", "depthwise 48>48 k3x5 s2x1 p1-1x4-4 d1x2 g48 bias norm relu",
        "project 48>12 k1x1 s1x1 p0-0x0-0 bias norm",
    ]),
    ("inverted-residual", "8 k3 e2 @9", [
        "expand 8>16 k1x1 s1x1 p0-0x0-0 norm relu", "depthwise 16>16 k3x3 s1x1 p1-1x1-1 g16 norm relu",
        "project 16>8 k1x1 s1x1 p0-0x0-0 norm", "add add of project input",
    ]),
    ("inverted-residual", "8:9 k3 e1 @9", [
        "depthwise 8>8 k3x3 s1x1 p1-1x1-1 g8 norm relu", "project 8>9 k1x1 s1x1 p0-0x0-0 norm",
    ]),
    ("blueprint-separable", f"8:12 {ON}", [
        "pointwise 8>12 k1x1 s1x1 p0-0x0-0 bias norm relu",
        "depthwise 12>12 k3x5 s2x1 p1-1x4-4 d1x2 g12 bias norm relu",
    ]),
    ("low-rank", f"8:12 {ON}", [
        "conv 8>3 k3x5 s2x1 p1-1x4-4 d1x2 bias norm relu", "expand 3>12 k1x1 s1x1 p0-0x0-0 bias norm relu",
    ]),
    ("low-rank", "8:12 k3 mid=5 @9", [
        "conv 8>5 k3x3 s1x1 p1-1x1-1 norm relu", "expand 5>12 k1x1 s1x1 p0-0x0-0 norm relu",
    ]),
    ("low-rank-reversed", f"8:12 {ON} ratio=6", [
        "reduce 8>2 k1x1 s1x1 p0-0x0-0 bias norm relu", "conv 2>12 k3x5 s2x1 p1-1x4-4 d1x2 bias norm relu",
    ]),
    ("low-rank-reversed", "8:12 k3 mid=5 @9", [
        "reduce 8>5 k1x1 s1x1 p0-0x0-0 norm relu", "conv 5>12 k3x3 s1x1 p1-1x1-1 norm relu",
    ]),
    # 3 x 20 x 8 x 12 = 5760 over 20 x 8 + 3 x 12 = 196: 29 planes
    ("2plus1d", "8:12 k3x5x4 s2x1x3 p1x2x1 @5x11x14", [
        "1x5x4 8>29 k1x5x4 s1x1x3 p0-0x2-2x1-1 norm relu", "3x1x1 29>12 k3x1x1 s2x1x1 p1-1x0-0x0-0 norm relu",
    ]),
    ("2plus1d", "8:12 k3 mid=7 @5x6x7", [
        "1x3x3 8>7 k1x3x3 s1x1x1 p0-0x1-1x1-1 norm relu", "3x1x1 7>12 k3x1x1 s1x1x1 p1-1x0-0x0-0 norm relu",
    ]),
    ("tcn", "8:12 1d k3 d2 s2 @14", [
        "conv1 8>12 k3 s2 p4-0 d2 norm relu", "conv2 12>12 k3 s1 p4-0 d2 norm relu",
        "projection 8>12 k1 s2 p0-0 norm of input", "add add relu of conv2 projection",
    ]),
    ("tcn", "8:9 1d k2 @14", [
        "conv1 8>9 k2 s1 p1-0 norm relu", "conv2 9>9 k2 s1 p1-0 norm relu", "projection 8>9 k1 s1 p0-0 norm of input",
        "add add relu of conv2 projection",
    ]),
    ("tcn", "8 1d k2 s2 @14", [
        "conv1 8>8 k2 s2 p1-0 norm relu", "conv2 8>8 k2 s1 p1-0 norm relu", "projection 8>8 k1 s2 p0-0 norm of input",
        "add add relu of conv2 projection",
    ]),
    ("tcn", "8 1d k4 @14", [
        "conv1 8>8 k4 s1 p3-0 norm relu", "conv2 8>8 k4 s1 p3-0 norm relu", "add add relu of conv2 input",
    ]),
    ("mbconv", "9:12 k3 s2 @9", [
        "expand 9>54 k1x1 s1x1 p0-0x0-0 norm relu", "depthwise 54>54 k3x3 s2x2 p1-1x1-1 g54 norm relu",
        "squeeze adaptivepool avg (1, 1) of depthwise", "squeeze.reduce 54>2 k1x1 s1x1 p0-0x0-0 bias relu",
        "squeeze.expand 2>54 k1x1 s1x1 p0-0x0-0 bias", "squeeze.gate activation sigmoid of",
        "excite multiply of depthwise squeeze.gate", "project 54>12 k1x1 s1x1 p0-0x0-0 norm",
    ]),
    ("mbconv", "3 1d k3 e1 @9", [
        "depthwise 3>3 k3 s1 p1-1 g3 norm relu", "squeeze adaptivepool avg (1,) of depthwise",
        "squeeze.reduce 3>1 k1 s1 p0-0 bias relu", "squeeze.expand 1>3 k1 s1 p0-0 bias",
        "squeeze.gate activation sigmoid of", "excite multiply of depthwise squeeze.gate",
        "project 3>3 k1 s1 p0-0 norm",
        "add add of project input",
    ]),
    ("fused-mbconv", "8:12 k3 s2 @9", [
        "expand 8>32 k3x3 s2x2 p1-1x1-1 norm relu", "project 32>12 k1x1 s1x1 p0-0x0-0 norm",
    ]),
    ("fused-mbconv", "8 k3 e2 @9", [
        "expand 8>16 k3x3 s1x1 p1-1x1-1 norm relu", "project 16>8 k1x1 s1x1 p0-0x0-0 norm", "add add of project input",
    ]),
    ("fused-mbconv", "8 k3 e1 @9", ["conv 8>8 k3x3 s1x1 p1-1x1-1 norm relu", "add add of conv input"]),
    ("fused-mbconv", "8 k3 s2 e1 @9", ["conv 8>8 k3x3 s2x2 p1-1x1-1 norm relu"]),
    ("fused-mbconv", "8:9 k3 e1 @9", ["conv 8>9 k3x3 s1x1 p1-1x1-1 norm relu"]),
    ("ghost", f"8:12 {ON}", [
        "primary 8>6 k3x5 s2x1 p1-1x4-4 d1x2 bias norm relu", "cheap 6>6 k3x3 s1x1 p1-1x1-1 g6 bias norm relu",
        "concat concat of primary cheap",
    ]),
    ("ghost", "8:13 1d k5 @9", [
        "primary 8>7 k5 s1 p2-2 norm relu", "cheap 7>7 k3 s1 p1-1 g7 norm relu", "concat concat of primary cheap",
        "cut split 0 13 of",
    ]),
]  # fmt: skip

#: The same with a shortcut around: where the last activation goes, and where there is a projection.
AROUND = [
    ("standard", "8 k3 @9", ["conv 8>8 k3x3 s1x1 p1-1x1-1 norm", "add add relu of conv input"]),
    ("standard", "8 k3 s1x2 bias=last @9", [
        "conv 8>8 k3x3 s1x2 p1-1x1-1 bias norm", "projection 8>8 k1x1 s1x2 p0-0x0-0 norm of input",
        "add add relu of conv projection",
    ]),
    ("depthwise-separable", "8:12 k3 bias=last @9", [
        "depthwise 8>8 k3x3 s1x1 p1-1x1-1 g8 norm relu", "pointwise 8>12 k1x1 s1x1 p0-0x0-0 bias norm",
        "projection 8>12 k1x1 s1x1 p0-0x0-0 norm of input", "add add relu of pointwise projection",
    ]),
    ("ghost", "12 k3 @9", [
        "primary 12>6 k3x3 s1x1 p1-1x1-1 norm",
        "cheap 6>6 k3x3 s1x1 p1-1x1-1 g6 norm", "concat concat of primary cheap",
        "add add relu of concat input",
    ]),
    ("ghost", "8 k3 s1x2 @9", [
        "primary 8>4 k3x3 s1x2 p1-1x1-1 norm", "cheap 4>4 k3x3 s1x1 p1-1x1-1 g4 norm", "concat concat of primary cheap",
        "projection 8>8 k1x1 s1x2 p0-0x0-0 norm of input", "add add relu of concat projection",
    ]),
    ("ghost", "8:5 k3 s2 @9", [
        "primary 8>3 k3x3 s2x2 p1-1x1-1 norm", "cheap 3>3 k3x3 s1x1 p1-1x1-1 g3 norm", "concat concat of primary cheap",
        "cut split 0 5 of", "projection 8>5 k1x1 s2x2 p0-0x0-0 norm of input", "add add relu of cut projection",
    ]),
]  # fmt: skip


@each(("name", "text", "lines"), WRITTEN)
def test_what_is_stated_is_what_the_paper_says(name: str, text: str, lines: list[str]) -> None:
    """Part by part, every number of it."""
    spec = parse_spec(text)._replace(norm=True, activation="relu")
    assert [words(part) for part in stated_parts(name, spec)] == lines


@each(("name", "text", "lines"), AROUND)
def test_a_shortcut_that_is_asked_for_is_around_the_parts(name: str, text: str, lines: list[str]) -> None:
    """`y = F(x) + x`: the last activation is behind the sum, a projection has none; nor has it the last bias."""
    spec = parse_spec(text)._replace(norm=True, activation="relu", residual=True)
    assert [words(part) for part in stated_parts(name, spec)] == lines


def test_every_variant_is_written_by_hand() -> None:
    """None is stated that nobody has held against its paper."""
    assert {name for name, *_ in WRITTEN} == set(STATED)


def test_without_norm_and_activation_there_is_none() -> None:
    """Of the layer's; a gate keeps its own."""
    spec = parse_spec("8:12 k3 @9")
    assert [words(part) for part in stated_parts("basic-block", spec)] == [
        "conv1 8>12 k3x3 s1x1 p1-1x1-1", "conv2 12>12 k3x3 s1x1 p1-1x1-1",
        "projection 8>12 k1x1 s1x1 p0-0x0-0 of input", "add add of conv2 projection",
    ]  # fmt: skip


def test_a_shortcut_ends_behind_a_convolution() -> None:
    """Around anything else it is refused."""
    with pytest.raises(TypeError, match="cut is no convolution"):
        shortcut(parse_spec("8 k3 @9"), stated_parts("ghost", parse_spec("8:7 k3 @9")))


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


@each(
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


@each(
    ("line", "pads"),
    [
        ("1 @56 k3 s2 psame-upper", ((0, 1), (0, 1))),
        ("1 @57 k3 s2 psame-upper", ((1, 1), (1, 1))),
        ("1 @8x9 k4x1 psame-upper", ((1, 2), (0, 0))),
        ("1 @9 k2 s3 psame-upper", ((0, 0), (0, 0))),
        ("1 @5 k3 d4 psame-upper", ((4, 4), (4, 4))),
        ("1 @5 k3 p2-0x1", ((2, 0), (1, 1))),
    ],
)
def test_padding_is_walked(line: str, pads: object) -> None:
    """Counted by hand: what the last window lacks, the odd position behind the data."""
    spec = parse_spec(line)
    assert walked_padding(spec, spec.kernel_size, spec.stride, spec.dilation) == pads


def test_sizes_of_18_digits_take_no_longer() -> None:
    """Padding is not written out position by position."""
    n = 10**18 - 2
    spec = parse_spec(f"4 @{n} k{n} s7 psame-upper")
    assert check_stages(AS_GIVEN, spec, build_variant(AS_GIVEN, spec).graph).ok


@each("name", ["bottleneck", "basic-block", "inverted-residual", "depthwise-separable", "mbconv"])
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


@each(("channels", "groups"), [(64, 32), (48, 16), (24, 8), (12, 4), (6, 2)])
def test_the_groups_that_are_tried_are_stated_the_largest_first(channels: int, groups: int) -> None:
    """32, 16, 8, 4 and 2: the first of them that divides the channels."""
    spec = parse_spec(f"{channels} @5 k3")
    graph = build_variant("grouped", spec).graph
    assert graph.nodes[0].op.groups == groups
    assert check_stages("grouped", spec, graph).ok
