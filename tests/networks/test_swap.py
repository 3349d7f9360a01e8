"""Replacing layers: what is replaced, what stays and why, and that nothing else changes."""

from __future__ import annotations

import pytest
from tables import each

from convcost.answers.network import answer_network
from convcost.checks.networks import verify_network
from convcost.graph.ops import Conv
from convcost.networks import swap
from convcost.networks.build import Choices, Network, build_network
from convcost.networks.program import read_program
from convcost.networks.swap import read_where, replacements, swap_network
from convcost.networks.zoo import FOLDER, zoo_program
from convcost.spec import SpecError

MOBILENET = (FOLDER / "mobilenet-v1.txt").read_text()


def network(text: str) -> Network:
    return build_network(read_program(text))


def test_totals_equal_those_of_the_network_written_by_hand() -> None:
    """MobileNet's paper: the same network with standard convolutions has 4867 M multiply-adds; swapped, it is MobileNet
    but for the first layer, which hand and swap replace alike. All words are the same, peak and traffic too."""
    standard = network(MOBILENET.replace("depthwise-separable", "standard"))
    assert answer_network(standard).total["macs"] == 4_867_293_184
    by_hand = network(MOBILENET.replace("standard 32", "depthwise-separable 32"))
    swapped = swap_network(standard, "depthwise-separable", read_where("k3", 2))
    assert answer_network(swapped.network).total == answer_network(by_hand).total
    assert (len(swapped.replaced), swapped.left) == (14, ())


@pytest.mark.parametrize("to", ["depthwise-separable", "spatially-separable", "bottleneck", "grouped"])
def test_a_stack_by_hand_equals_the_swap(to: str) -> None:
    """With bias and activation, and a stride."""
    head, middle, end = "input 16 @20x24\ndefault relu bias norm\n", "max-pool k2", "flatten\nlinear 10 bias"
    text = f"{head}standard 32 k3 s2\n{middle}\nstandard 64 k3\n{end}"
    first, second = (" g16", " g32") if to == "grouped" else ("", "")
    by_hand = network(f"{head}{to} 32 k3 s2{first}\n{middle}\n{to} 64 k3{second}\n{end}")
    swapped = swap_network(network(text), to, read_where("k3", 2)).network
    assert answer_network(swapped).total == answer_network(by_hand).total
    assert [node.op for node in swapped.graph.nodes] == [node.op for node in by_hand.graph.nodes]


@each("to", replacements())
@each("name", ["resnet18", "inception-v3", "densenet121", "shufflenet-v2"])
def test_every_replaced_layer_keeps_its_shapes(name: str, to: str) -> None:
    """All that is left of the old network finds what it found before."""
    before = build_network(zoo_program(name))
    after = swap_network(before, to, read_where("k3", 2))
    old = {node.name: before.shapes[i + 1] for i, node in enumerate(before.graph.nodes)}
    new = {node.name: after.network.shapes[i + 1] for i, node in enumerate(after.network.graph.nodes)}
    assert all(new[layer] == old[layer] for layer in old.keys() & new.keys())
    assert after.network.shapes[-1] == before.shapes[-1]
    meant = [n.name for n in before.graph.nodes if isinstance(n.op, Conv) and n.op.kernel_size == (3, 3)]
    assert sorted([*after.replaced, *[layer.name for layer in after.left]]) == sorted(meant)


def test_layers_left_alone_say_why() -> None:
    """Grouped ones, unless they are asked for; and where the variant does not apply."""
    depthwise = build_network(zoo_program("mobilenet-v2"))
    left = swap_network(depthwise, "depthwise-separable", read_where("k3", 2)).left
    assert {layer.reason for layer in left} >= {"grouped already (g32)", "grouped already (g960)"}
    resnext = build_network(zoo_program("resnext50-32x4d"))
    assert len(swap_network(resnext, "standard", read_where("k3 g32", 2)).replaced) == 16
    (one,) = swap_network(network("input 3 @8\nstandard 5 k3"), "grouped", read_where("k3", 2)).left
    assert one.reason == "none of 32, 16, 8, 4, 2 groups divides 3 and 5"
    (same,) = swap_network(network("input 3 @8\nstandard 5 k3"), "standard", read_where("k3", 2)).left
    assert same.reason == "is standard already"


def test_layers_are_chosen_by_fields_and_by_name() -> None:
    """All of what is said must hold."""
    resnet = build_network(zoo_program("resnet50"))
    assert len(swap_network(resnet, "bottleneck", read_where("k3 s2", 2)).replaced) == 3
    assert len(swap_network(resnet, "bottleneck", read_where("k3 stage2.*", 2)).replaced) == 4
    assert len(swap_network(resnet, "bottleneck", read_where("64:64 k3", 2)).replaced) == 3
    with pytest.raises(SpecError, match="cannot be chosen by input_size"):
        read_where("k3 @56", 2)


def test_a_pair_goes_back_to_the_convolution_that_it_factors() -> None:
    """MobileNet's paper, table 4: 4866 M multiply-adds; the first layer is standard already."""
    swapped = swap_network(build_network(zoo_program("mobilenet-v1")), "standard", read_where("k3", 2))
    by_hand = network(MOBILENET.replace("depthwise-separable", "standard"))
    assert answer_network(swapped.network).total == answer_network(by_hand).total
    assert [node.op for node in swapped.network.graph.nodes] == [node.op for node in by_hand.graph.nodes]
    assert (len(swapped.replaced), [layer.reason for layer in swapped.left]) == (13, ["is standard already"])


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("depthwise k3 s2 m2 relu norm\npointwise 9 bias", "standard 9 k3 s2 bias"),
        ("depthwise k3 bias\npointwise 9 norm relu6", "standard 9 k3 bias norm relu6"),
    ],
)
def test_the_convolution_of_a_pair_has_its_stride_bias_and_what_follows_it(lines: str, expected: str) -> None:
    """Of what stands between the two nothing is left."""
    swapped = swap_network(network(f"input 8 @9x7\n{lines}\nflatten"), "standard", read_where("k3", 2))
    assert [node.op for node in swapped.network.graph.nodes] == [
        node.op for node in network(f"input 8 @9x7\n{expected}\nflatten").graph.nodes
    ]


@each(
    "lines",
    [
        "a: depthwise k3\npointwise 8\nadd from a in",  # read by two
        "depthwise k3\nstandard 8 k1 s2",
        "depthwise k3\nstandard 8 k1 p1",
        "depthwise k3\ngrouped 8 k1 g2",
        "depthwise k3\nmax-pool k2\npointwise 8",
        "depthwise k3",
    ],
)
def test_what_is_no_pair_stays(lines: str) -> None:
    """A depthwise convolution alone is no factor of a standard one."""
    swapped = swap_network(network(f"input 8 @9x7\n{lines}"), "standard", read_where("k3", 2))
    assert (swapped.replaced, [layer.reason for layer in swapped.left]) == ((), ["grouped already (g8)"])


@each(
    ("where", "replaced"),
    [
        ("stem", ["stem"]),
        ("stage2.1.conv", ["stage2.1.conv"]),
        ("k3 stage2", [f"stage2.{n}.conv" for n in (1, 2, 3, 4)]),
        ("op=10", ["stage1.1.expand"]),
        ("k3 op=0-20", ["stage1.1.conv", "stage1.2.conv"]),
        ("macs>2.85%", ["stem"]),
        ("params>=2359296 params<2.4M", ["stage4.1.conv", "stage4.2.conv", "stage4.3.conv"]),
        ("macs<=13M", ["stage1.1.reduce"]),
    ],
)
def test_convolutions_are_chosen_by_name_number_and_share(where: str, replaced: list[str]) -> None:
    """A name means what is inside it; numbers count from 0; a percentage is of the network's."""
    resnet = build_network(zoo_program("resnet50"))
    assert sorted(swap_network(resnet, "depthwise-separable", read_where(where, 2)).replaced) == sorted(replaced)


def test_a_share_of_a_pair_is_that_of_both() -> None:
    """They are replaced together; with the names of one swap another input size has the same."""
    mobilenet = build_network(zoo_program("mobilenet-v1"))
    swapped = swap_network(mobilenet, "standard", read_where("macs>9.4%", 2))
    assert swapped.replaced == ("depthwise-separable3.depthwise",)  # 128 to 128 at 56: 55.0 of 568.7 M
    small = build_network(zoo_program("mobilenet-v1"), Choices(reduced=(1, 3, 32, 36)))
    assert swap_network(small, "standard", read_where("macs>9.4%", 2), swapped.replaced).replaced == swapped.replaced


def test_a_name_that_no_layer_has_is_told() -> None:
    """With the nearest ones."""
    resnet = build_network(zoo_program("resnet50"))
    with pytest.raises(SpecError, match="no layer 'stage9'"):
        swap_network(resnet, "grouped", read_where("k3 stage9", 2))
    for text, message in (("stage1 stage2", "more than one name"), ("op=1 op=2", "more than one name"),
                          ("q=3", "unknown token"), ("macs=3", "cannot be chosen by 'macs=3'")):  # fmt: skip
        with pytest.raises(SpecError, match=message):
            read_where(text, 2)


def test_the_swapped_network_is_verified() -> None:
    """Executed, layer by layer and as a whole."""
    program, where = zoo_program("squeezenet1.1"), read_where("k3", 2)

    def rebuild(shape: tuple[int, ...]) -> Network:
        return swap_network(build_network(program, Choices(reduced=shape)), "depthwise-separable", where).network

    answer = answer_network(swap_network(build_network(program), "depthwise-separable", where).network)
    assert verify_network(answer, rebuild).status == "verified"


@each(
    ("text", "limit", "share"),
    [("macs>2", 2, False), ("macs>1K", 1_000, False), ("macs>2.5k", 2_500, False), ("params<3M", 3_000_000, False),
     ("params<=0.5g", 500_000_000, False), ("macs>=7%", 7, True)],
)  # fmt: skip
def test_a_bound_is_a_number_or_a_percentage(text: str, limit: float, share: bool) -> None:
    """Thousands, millions and thousand millions, in capitals or not."""
    (bound,) = read_where(text, 2).bounds
    assert (bound.limit, bound.share) == (limit, share)


@each(
    ("text", "holds"),
    [("macs>7%", (False, False, True)), ("macs>=7%", (False, True, True)), ("macs<70", (True, False, False)),
     ("macs<=70", (True, True, False))],
)  # fmt: skip
def test_a_bound_holds_on_one_side_of_its_limit(text: str, holds: tuple[bool, ...]) -> None:
    """Of 69, 70 and 71 where all layers together have 1,000."""
    (bound,) = read_where(text, 2).bounds
    assert tuple([bound.holds(value, 1000) for value in (69, 70, 71)]) == holds


@each(
    ("text", "start", "end", "hint"),
    [
        ("k3 op=1 op=2", 0, 12, "give one, or a pattern such as 'stage2.*'; op=3-7"),
        ("k3 s1 macs=3 stem", 6, 12, "one compares macs>1% or params>=2M"),
        ("s1 k3 @56", 6, 9, "by k3 s1 p1 d1 g1 bias"),
        ("k3 name=stem", 3, 12, "write the name alone: stem"),
        ("k3 a>3 b", 3, 6, "one compares macs>1%"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_for_is_pointed_at(text: str, start: int, end: int, hint: str) -> None:
    with pytest.raises(SpecError) as caught:
        read_where(text, 2)
    assert (caught.value.start, caught.value.end) == (start, end)
    assert caught.value.hint.startswith(hint)


def test_numbers_of_operations_may_be_one_or_from_one_to_another() -> None:
    assert [read_where(text, 2).numbers for text in ("op=3", "#12", "op=0-7", "k3")] == [(3, 3), (12, 12), (0, 7), None]


def test_a_swap_may_have_so_many_operations_and_tensors(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twice as many operations as there were, or as many as a file may have: two for one are possible, three are not.

    Each of six operations in a row reads the one before, so that six tensors are alive.
    """
    before = network("input 4 @8\nstandard 4 k3\nstandard 4 k3\nstandard 4 k3")
    monkeypatch.setattr(swap, "MOST_OPERATIONS", 1)
    assert len(swap_network(before, "depthwise-separable", read_where("k3", 2)).network.graph.nodes) == 6
    with pytest.raises(SpecError, match="with bottleneck has more than 6 operations"):
        swap_network(before, "bottleneck", read_where("k3", 2))
    monkeypatch.setattr(swap, "MOST_OPERATIONS", 9)
    assert len(swap_network(before, "bottleneck", read_where("k3", 2)).network.graph.nodes) == 9
    monkeypatch.setattr(swap, "MOST_ALIVE", 6)
    assert swap_network(before, "depthwise-separable", read_where("k3", 2)).replaced
    monkeypatch.setattr(swap, "MOST_ALIVE", 5)
    with pytest.raises(SpecError, match="too many outputs are kept for later"):
        swap_network(before, "depthwise-separable", read_where("k3", 2))


@each(
    ("lines", "reason"),
    [
        ("grouped 8 k3 g2\npointwise 9", "grouped already (g2)"),
        ("depthwise k3 t\npointwise 9", "grouped already (g8)"),
        ("standard 8 k3\npointwise 9", "is standard already"),
        ("depthwise k3\nrelu\nadd from in in", "grouped already (g8)"),
    ],
)
def test_only_a_depthwise_convolution_is_half_of_a_pair(lines: str, reason: str) -> None:
    swapped = swap_network(network(f"input 8 @9x7\n{lines}"), "standard", read_where("k3", 2))
    assert (swapped.replaced, [layer.reason for layer in swapped.left]) == ((), [reason])


@pytest.mark.parametrize(
    ("text", "axes", "fields"),
    [
        ("k3 p1", 2, {"kernel_size": (3, 3), "padding": ((1, 1), (1, 1))}),
        ("p0-1 s2 d1", 3, {"padding": ((0, 1),) * 3, "stride": (2, 2, 2), "dilation": (1, 1, 1)}),
        ("p0-1x2 k1x3 g4 bias 8:9", 2, {"padding": ((0, 1), (2, 2)), "kernel_size": (1, 3), "groups": 4, "bias": True,
                                        "channels": (8, 9)}),
    ],
)  # fmt: skip
def test_fields_have_one_value_an_axis(text: str, axes: int, fields: dict[str, object]) -> None:
    assert read_where(text, axes).fields == fields


def test_types_of_tensors_are_kept_and_new_ones_are_their_layers() -> None:
    """As a file says them: what takes a layer's place puts out what the layer did, its weights are of the dtype.

    The activation behind the layer is one of both its halves then.
    """
    before = network("input 4 @8 fp16\nstandard 4 k3\nrelu\nstandard 4 k1")
    graph = before.graph._replace(
        value_types=("fp32", "fp64", "int8", "fp8"), weight_types=((("int4", 144),), (), (("int2", 16),))
    )
    after = swap_network(before._replace(graph=graph), "depthwise-separable", read_where("k3", 2)).network.graph
    assert after.value_types == ("fp32", *["fp64"] * 4, "fp8")
    new = [{kind: number for kind, number in each if number} for each in after.weight_types or ()]
    assert new == [{"fp16": 36}, {}, {"fp16": 16}, {}, {"int2": 16}]
    plain = swap_network(before, "depthwise-separable", read_where("k3", 2)).network.graph
    assert (plain.value_types, plain.weight_types) == (None, None)


def test_a_layer_is_replaced_by_what_replaces_layers() -> None:
    """Building blocks are halves, and as-given is no variant."""
    names = replacements()
    assert {"standard", "depthwise-separable", "residual-bottleneck"} <= {*names}
    assert not {"as-given", "depthwise", "pointwise"} & {*names}


def test_a_name_of_something_else_is_no_layer_to_swap() -> None:
    """An activation is none, though a name of one letter and a number is a name."""
    small = network("input 4 @8\na1: standard 4 k3\nb: relu")
    with pytest.raises(SpecError, match="no layer 'b'"):
        swap_network(small, "grouped", read_where("k3 b", 2))
    assert swap_network(small, "bottleneck", read_where("a1", 2)).replaced == ("a1",)


def test_a_variant_of_another_shape_is_told_with_both() -> None:
    (left,) = swap_network(network("input 4 @9 1d\nstandard 4 k3 p0"), "tcn", read_where("k3", 1)).left
    assert left.reason == "would give 4x9 where the layer gives 4x7"
