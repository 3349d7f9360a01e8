"""A broken rule breaks what its name says and nothing else: what each makes of its arguments, worked out by hand."""

from __future__ import annotations

from math import isnan
from typing import Any

import pytest
from tables import each

from convcost.analysis import Cost
from convcost.checks.broken_rules import BROKEN_RULES
from convcost.checks.selftest import EXAMINED, Broken, BrokenRule, broken, noticed
from convcost.checks.wiring import check_stages
from convcost.graph.ops import Activation, BatchNorm, Conv, Graph, Node
from convcost.variants.registry import build_variant

RULES = {rule.name: rule for rule in BROKEN_RULES}

CONV = Conv(4, 6, (3, 2), (2, 1), ((1, 0), (1, 2)), (1, 2), 2, bias=True, padding_mode="reflect")
TRANSPOSED = Conv(4, 6, (3, 2), (2, 1), ((1, 0), (1, 2)), (1, 2), 2, transposed=True, output_padding=(1, 0))
NORM, RELU = BatchNorm(6), Activation("relu")
GIVEN, OUT = (2, 4, 9, 7), (2, 6, 4, 8)
COST = Cost(params=7, traffic_bytes=100, weight_bytes=30)


def told(*given: Any, **named: Any) -> Any:
    """A sound rule that answers what it was told."""
    return (*given, named) if named else given


def says(answer: object) -> Broken:
    """A sound rule that always answers the same."""
    return lambda *_, **__: answer


def fields(op: Conv, **wrong: object) -> Conv:
    return op._replace(**wrong)  # type: ignore[arg-type]  # any field


@each(
    ("name", "sound", "given", "answer"),
    [
        ("params: groups forgotten", told, (CONV,), (fields(CONV, groups=1),)),
        ("params: groups forgotten", told, (NORM,), (NORM,)),
        ("params: bias forgotten", told, (CONV,), (fields(CONV, bias=False),)),
        ("params: norm forgotten", says(9), (CONV,), 9),
        ("params: norm forgotten", says(9), (NORM,), 0),
        ("params: square kernel assumed", told, (CONV,), (fields(CONV, kernel_size=(3, 3)),)),
        ("macs: groups forgotten", told, (CONV, GIVEN, OUT), (fields(CONV, groups=1), GIVEN, OUT)),
        ("macs: batch forgotten", told, (CONV, GIVEN, OUT), (CONV, (1, 4, 9, 7), OUT)),
        ("macs: bias counted", says(100), (CONV, GIVEN, OUT), 106),
        ("macs: bias counted", says(100), (TRANSPOSED, GIVEN, OUT), 100),
        ("macs: bias counted", says(100), (RELU, OUT, OUT), 100),
        ("macs: square kernel assumed", told, (CONV, GIVEN, OUT), (fields(CONV, kernel_size=(3, 3)), GIVEN, OUT)),
        (
            "macs: transposed counted as plain",
            told,
            (TRANSPOSED,),
            (fields(TRANSPOSED, transposed=False),),
        ),
        ("effective_macs: border counted as data", told, (CONV,), (fields(CONV, padding_mode="replicate"),)),
        ("effective_macs: border counted as data", told, (TRANSPOSED,), (TRANSPOSED,)),
        ("effective_macs: copied border not counted", told, (CONV,), (fields(CONV, padding_mode="zeros"),)),
        ("effective_macs: cropping ignored", told, (CONV,), (CONV,)),
        ("effective_macs: cropping ignored", told, (TRANSPOSED,), (fields(TRANSPOSED, padding_mode="replicate"),)),
        ("effective_macs: padding before and after swapped", told, (CONV,), (fields(CONV, padding=((0, 1), (2, 1))),)),
        ("effective_macs: stride ignored", told, (CONV,), (fields(CONV, stride=(1, 1)),)),
        ("elementwise: bias forgotten", says(9), (CONV, GIVEN, OUT), 0),
        ("elementwise: bias forgotten", says(9), (RELU, OUT, OUT), 9),
        ("elementwise: norm counted once", says(10), (NORM, OUT, OUT), 5),
        ("elementwise: norm counted once", says(10), (RELU, OUT, OUT), 10),
        ("elementwise: counted on the input", told, (CONV, GIVEN, OUT), (CONV, GIVEN, GIVEN)),
        ("conv_activations: what norms put out counted", says(9), (CONV, OUT), 384),
        ("conv_activations: what norms put out counted", says(9), (NORM, OUT), 384),
        ("conv_activations: what norms put out counted", says(9), (RELU, OUT), 0),
        ("conv_activations: batch forgotten", told, (CONV, OUT), (CONV, (1, 6, 4, 8))),
        ("conv_activations: one element a channel", told, (CONV, OUT), (CONV, (2, 6))),
        ("op_cost: traffic without weights", says(COST), (CONV,), COST._replace(traffic_bytes=70)),
        ("op_cost: activations written over counted", told, (CONV,), (CONV, {"allocates": True})),
        ("op_cost: weights of four bytes always", says(COST), (CONV,), COST._replace(weight_bytes=28)),
        ("conv_size: ceil for floor", told, (CONV, (9, 7)), (CONV, (10, 7))),
        ("conv_size: ceil for floor", told, (TRANSPOSED, (9, 7)), (TRANSPOSED, (9, 7))),
        ("conv_size: axes of the kernel swapped", told, (CONV, (9, 7)), (fields(CONV, kernel_size=(2, 3)), (9, 7))),
        ("conv_size: axes of the input swapped", told, (CONV, (9, 7)), (CONV, (7, 9))),
        ("conv_size: padding counted on one side", told, (CONV,), (fields(CONV, padding=((1, 0), (1, 0))),)),
        ("conv_size: dilation ignored", told, (CONV,), (fields(CONV, dilation=(1, 1)),)),
        ("conv_size: output padding ignored", told, (TRANSPOSED,), (fields(TRANSPOSED, output_padding=(0, 0)),)),
        ("overwritten: activation given its own tensor", says(3), (Node("relu", RELU, (1,)),), None),
        ("overwritten: activation given its own tensor", says(3), (Node("norm", NORM, (1,)),), 3),
        ("overwritten: in place when not asked for", told, (1, 2, 3, 4, False, 6, 7), (1, 2, 3, 4, True, 6, 7)),
        ("mixes: depthwise said to mix channels", told, (CONV,), ["space", "channels"]),
        ("mixes: pointwise said to mix positions", says(["channels"]), (CONV,), ["space", "channels"]),
        ("mixes: pointwise said to mix positions", says(["space"]), (CONV,), ["space"]),
        ("receptive_field: axes swapped", says((3, 5)), (), (5, 3)),
        ("values: last tile left out", says((1, 2, 3)), (), [1, 2]),
        ("values: border left as it was", says(3), (), None),
        ("products: one not issued", says(7), (), 6),
        # windows of 7 positions in 3: two of them reach from 2 to 7, 6 positions; the sign turns 6 into -6
        ("receptive_field: sign of the adaptive pool lost", told, ((1, 2), 7, 3), (2, -5)),
        ("receptive_field: sign of the adaptive pool lost", told, ((0, 0), 10, 4), (0, -4)),
        ("receptive_field: strides before forgotten", told, ({4: (0, 2)}, (2, (1, 1))), ({1: (0, 2)}, (2, (1, 1)))),
        ("elementwise_by: a norm's said to be activations", told, (NORM, 9), (RELU, 9)),
        ("elementwise_by: a norm's said to be activations", told, (CONV, 9), (CONV, 9)),
    ],
)
def test_a_broken_rule_answers(name: str, sound: Broken, given: tuple[Any, ...], answer: object) -> None:
    """As its name says, what it was told or of what the sound rule answers."""
    assert RULES[name].broken(sound, *given) == answer


def test_a_shortcuts_input_is_freed_where_it_is_first_read() -> None:
    """Its last reader comes later."""
    nodes = (Node("conv", CONV, (0,)), Node("add", RELU, (1, 0)))
    assert RULES["last_uses: shortcut's input freed early"].broken(says([1, 1, 2]), Graph(GIVEN, "fp32", nodes)) == [
        0, 1, 2,
    ]  # fmt: skip


@each(
    ("op", "inplace", "needed", "over"),
    [(RELU, True, [5, 5], 0), (RELU, True, [9, 5], 1), (RELU, True, [9, 9], None), (RELU, False, [5, 5], None),
     (CONV, True, [5, 5], None)],
)  # fmt: skip
def test_any_input_is_written_over_that_nobody_needs(
    op: Any, inplace: bool, needed: list[int], over: int | None
) -> None:
    """The graph's own, too; in the fifth step, of two tensors."""
    rule = RULES["overwritten: the graph's input written over"]
    assert rule.broken(told, Node("node", op, (0, 1)), 5, (0, 1), needed, inplace) == over


def test_dilation_is_taken_from_every_convolution_and_from_nothing_else() -> None:
    nodes = (Node("conv", CONV, (0,)), Node("relu", RELU, (1,)))
    graph = Graph(GIVEN, "fp32", nodes)
    plain = graph._replace(nodes=(Node("conv", fields(CONV, dilation=(1, 1)), (0,)), nodes[1]))
    assert RULES["receptive_field: dilation ignored"].broken(told, graph, 7) == (plain, 7)


@each(
    ("rule", "variant", "stated", "built"),
    [
        ("shortcut from the first conv", "basic-block", {"add.reads": ["conv2", "input"]},
         {"add.reads": ["conv2", "conv1"]}),
        ("stride on another convolution", "bottleneck", {"reduce.stride": (1, 1), "conv.stride": (2, 2)},
         {"reduce.stride": (2, 2), "conv.stride": (1, 1)}),
        ("both passes along one axis", "spatially-separable",
         {"3x1.kernel_size": (3, 1), "3x1.padding": [1, 1, 0, 0]},
         {"3x1.kernel_size": (1, 3), "3x1.padding": [0, 0, 1, 1]}),
        ("axes in the other order", "spatially-separable",
         {"1x3.reads": ["input"], "3x1.reads": ["1x3"]}, {"1x3.reads": ["3x1"], "3x1.reads": ["input"]}),
    ],
)  # fmt: skip
def test_a_wrong_wiring_differs_in_these_fields(
    rule: str, variant: str, stated: dict[str, object], built: dict[str, object]
) -> None:
    """Of the one variant that it is of; every other layer is built as it was."""
    for name, spec in EXAMINED:
        graph = RULES[f"wiring: {rule}"].broken(build_variant, name, spec).graph
        found = check_stages(name, spec, graph)
        assert (name, found[:2]) == (name, (stated, built)) if name == variant else found.ok


def broken_in(rule: BrokenRule) -> dict[str, tuple[object, object]]:
    """What fails, with both sides."""
    with broken(rule):
        return {name: found[:2] for name, found in noticed(rule.trial).items()}


def both(names: str, stated: object, built: object) -> tuple[object, object]:
    """The same two sides of several fields."""
    return dict.fromkeys(names.split(), stated), dict.fromkeys(names.split(), built)


#: A layer of 8 to 12 channels, 12 x 14 positions, kernel 3, stride 2 x 1, with everything; "even": 8 to 8, stride 1.
ROWS: dict[str, tuple[object, object]] = {
    "bottleneck's middle from in": both("reduce.out_channels reduce.norm.channels conv.in_channels conv.out_channels "
                                        "conv.norm.channels expand.in_channels", 3, 2),
    "hidden channels from out": both(
        "expand.out_channels expand.norm.channels depthwise.in_channels depthwise.out_channels depthwise.groups "
        "depthwise.norm.channels project.in_channels", 16, 24),
    "activation after the projection": (
        dict.fromkeys(["project.activation", "project.activation.kind", "project.activation.reads"]),
        {"project.activation": "Activation", "project.activation.kind": "relu",
         "project.activation.reads": ["project.norm"]}),
    "smallest group count": both("conv.groups", 8, 2),
    "bias dropped in a 1x1": both("reduce.bias expand.bias", 1, 0),
    "norm that removes the bias": both("conv.bias", 1, 0),
    "activation before the add": (
        {"add.reads": ["conv2.norm", "input"], "add.activation": "Activation", "add.activation.kind": "relu",
         "add.activation.reads": ["add"], "conv2.activation": None, "conv2.activation.kind": None,
         "conv2.activation.reads": None},
        {"add.reads": ["conv2.activation", "input"], "add.activation": None, "add.activation.kind": None,
         "add.activation.reads": None, "conv2.activation": "Activation", "conv2.activation.kind": "relu",
         "conv2.activation.reads": ["conv2.norm"]}),
    "second kxk in 2 groups": both("conv2.groups", 1, 2),
    "middle = max(in, out)": both("1x3.out_channels 1x3.norm.channels 3x1.in_channels", 8, 12),
    "depth multiplier ignored": both("depthwise.out_channels depthwise.norm.channels pointwise.in_channels", 16, 8),
    "odd padding on the wrong side": ({"conv.padding": [0, 1, 1, 1]}, {"conv.padding": [1, 0, 1, 1]}),
    "axes in the other order": (
        {"1x3.out_channels": 8, "1x3.stride": (1, 1), "1x3.reads": ["input"], "1x3.norm.reads": ["1x3"],
         "3x1.out_channels": 12, "3x1.stride": (2, 1), "3x1.reads": ["1x3.activation"], "3x1.norm.reads": ["3x1"]},
        {"1x3.out_channels": 12, "1x3.stride": (1, 2), "1x3.reads": ["1x3.activation"], "1x3.norm.reads": ["3x1"],
         "3x1.out_channels": 8, "3x1.stride": (1, 1), "3x1.reads": ["input"], "3x1.norm.reads": ["1x3"]}),
    "stride on another convolution": ({"reduce.stride": (1, 1), "conv.stride": (2, 1)},
                                      {"reduce.stride": (2, 1), "conv.stride": (1, 1)}),
    "shortcut from the first conv": ({"add.reads": ["conv2.norm", "input"]},
                                            {"add.reads": ["conv2.norm", "conv1"]}),
}  # fmt: skip


@each("name", ROWS)
def test_a_row_of_a_wrong_variant_differs_in_these_fields(name: str) -> None:
    """And in nothing else: the sums are those of what was built."""
    assert broken_in(RULES[f"row: {name}"]) == {"stages": ROWS[name]}


def test_a_projection_too_many_is_named_with_all_that_it_is() -> None:
    """And the sum behind it; stated is neither."""
    stated, built = broken_in(RULES["row: projection where it must not be"])["stages"]
    assert isinstance(stated, dict)
    assert isinstance(built, dict)
    assert {*stated.values()} == {None}
    assert {name.split(".")[0] for name in built} == {"projection", "add"}
    assert (built["projection.out_channels"], built["projection.stride"]) == (12, (2, 1))
    assert built["add.reads"] == ["project.norm", "projection.norm"]


#: Multiply-adds and bytes moved of that layer: 6 x 14 outputs of 12 x 8 x 9 products; the bottleneck's middle has 3
#: channels, each of its operations reads its input and what it learned, and writes its output.
MACS = 12 * 8 * 9 * 84
NARROW = 3 * 8 * 168 + 3 * 3 * 9 * 84 + 12 * 3 * 84
MOVED = 4 * (1344 + 27 + 504 + 1008 + 6 + 1008 + 504 + 84 + 252 + 504 + 6 + 504 + 252 + 48 + 1008 + 2016 + 24 + 2016)


def test_words_that_are_formed_wrongly_are_shown_as_they_are_and_as_they_should_be() -> None:
    """Of FLOPs a byte what was measured of the very row."""
    assert broken_in(RULES["row: flops = macs"]) == {"flops": (MACS, 2 * MACS)}
    assert broken_in(RULES["row: FLOPs/byte from MACs"]) == {
        "arithmetic_intensity": (pytest.approx(NARROW / MOVED), pytest.approx(2 * NARROW / MOVED))
    }
    ((name, (wrong, _)),) = broken_in(RULES["row: FLOPs/byte not a number"]).items()
    assert name == "arithmetic_intensity"
    assert isinstance(wrong, float)
    assert isnan(wrong)


def test_ratios_upside_down_are_those_of_the_base_to_the_row() -> None:
    """Of every word; 900 params of a layer with bias and norm, 195 of its bottleneck."""
    found = broken_in(RULES["row: ratios upside down"])
    assert [*found] == [
        f"relative.{word}" for word in ("params", "macs", "effective_macs", "peak_bytes", "traffic_bytes")
    ]
    assert found["relative.params"] == (900 / 195, 195 / 900)
    assert found["relative.macs"] == (MACS / NARROW, NARROW / MACS)


def test_shares_of_the_params_are_not_those_of_the_multiply_adds() -> None:
    """In the network of the self-test at its own size: 464 params, 81,080 multiply-adds."""
    ((name, (wrong, right)),) = broken_in(RULES["share: of the params, said of the MACs"]).items()
    params = {"standard": 3 * 6 * 9 + 6, "standard.norm": 12, "basic-block.conv1": 324, "basic-block.conv2": 324,
              "linear": 4 * 24 + 4}  # fmt: skip
    macs = {"standard": 162 * 120, "standard.norm": 0, "basic-block.conv1": 324 * 120, "basic-block.conv2": 324 * 120,
            "linear": 96}  # fmt: skip
    assert name == "share.macs"
    assert wrong == {layer: number / sum(params.values()) for layer, number in params.items()}
    assert right == {layer: number / sum(macs.values()) for layer, number in macs.items()}


def test_elementwise_work_of_a_norm_is_not_that_of_an_activation() -> None:
    """720 numbers, two operations each; a bias a number and 4 of the matrix product."""
    found = broken_in(RULES["elementwise_by: a norm's said to be activations"])
    rest = {"bias": 724, "add": 720, "pool": 720}
    assert found == {"elementwise_by": ({**rest, "activation": 2160}, {**rest, "norm": 1440, "activation": 720})}
