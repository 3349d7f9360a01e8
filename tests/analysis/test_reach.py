"""What every layer of a network sees of its inputs: by hand, as published, and as executed."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tables import each

from convcost.analysis import reach
from convcost.analysis.field import receptive_field
from convcost.analysis.reach import Field, network_fields
from convcost.execute.ones.fields import heard_fields
from convcost.graph.ops import (
    Activation,
    AdaptivePool,
    Add,
    Conv,
    Counted,
    Flatten,
    Graph,
    Linear,
    Multiply,
    Node,
    Norm,
    Pool,
    Upsample,
)
from convcost.graph.shapes import infer_shapes
from convcost.networks.build import Choices, Network, build_network
from convcost.networks.program import read_program
from convcost.networks.zoo import zoo_program


def conv(k: int, s: int = 1, p: int | None = None, d: int = 1, *, t: bool = False) -> Conv:
    pad = (k - 1) * d // 2 if p is None else p
    return Conv(1, 1, (k,), (s,), ((pad, pad),), (d,), transposed=t, output_padding=(0,))


def fields(*ops: object, size: int = 64) -> list[Field]:
    """Of operations in a row on one axis."""
    nodes = tuple([Node(f"op{i}", op, (i,)) for i, op in enumerate(ops)])
    graph = Graph((1, 1, size), "fp32", nodes)
    return network_fields(graph, infer_shapes(graph))


def built(name: str, tokens: str = "") -> Network:
    return build_network(zoo_program(name), Choices(tokens))


@pytest.mark.parametrize(
    ("name", "layer", "field"),
    [
        ("resnet50", "stage4.3.add", 427),
        ("vgg16", "max-pool5", 212),
        ("alexnet-paper", "max-pool3", 195),
        ("mobilenet-v1", "depthwise-separable9.pointwise", 315),
    ],
)
def test_fields_of_layers_are_those_that_are_published(name: str, layer: str, field: int) -> None:
    """Araujo et al. 2019, Computing Receptive Fields, table 1; its ResNet-50 has the stride on the first 1x1."""
    network = built(name)
    (index,) = [i for i, node in enumerate(network.graph.nodes) if node.name == layer]
    assert network_fields(network.graph, network.shapes)[index] == (field, field)


def test_steps_multiply_and_spans_add() -> None:
    """By hand: 3; 3 + 2·2; a window of 2 four apart; dilated by 3, eight apart."""
    assert fields(conv(3, 2), conv(3, 2), Pool("max", (2,), (2,), ((0, 0),)), conv(3, d=3)) == [
        (3,),
        (7,),
        (11,),
        (59,),
    ]


def test_a_global_pool_sees_every_position_and_what_these_see() -> None:
    """16 positions, two apart, of three each; a flatten of all of them sees as much."""
    found = fields(conv(3, 2), AdaptivePool("avg", (1,)), Flatten(), Linear(1, 4), size=32)
    assert found == [(3,), (33,), (33,), (33,)]


@each(("size", "windows", "field"), [(7, 2, 4), (5, 7, 2), (6, 3, 2), (10, 4, 4)])
def test_the_largest_of_uneven_windows_counts(size: int, windows: int, field: int) -> None:
    """Window i is floor(i n / m) to ceil((i + 1) n / m): of 10 in 4 those are 0-3, 2-5, 5-8, 7-10."""
    widths = [-(-(i + 1) * size // windows) - i * size // windows for i in range(windows)]
    assert fields(AdaptivePool("avg", (windows,)), size=size) == [(max(widths),)]
    assert max(widths) == (3 if (size, windows) == (10, 4) else field)


def test_all_uneven_windows_together_see_no_more_than_there_is() -> None:
    """Seven windows over five positions: five, and not six."""
    assert fields(AdaptivePool("avg", (7,)), Flatten(), size=5) == [(2,), (5,)]


def test_branches_are_covered_together() -> None:
    """3 and, dilated by 4, 9 around the same place; the add sees both, what follows sees on from there."""
    nodes = (
        Node("a", conv(3), (0,)),
        Node("b", conv(3, d=4), (0,)),
        Node("add", Add(), (1, 2)),
        Node("c", conv(3), (3,)),
    )
    graph = Graph((1, 1, 32), "fp32", nodes)
    assert network_fields(graph, infer_shapes(graph)) == [(3,), (9,), (9,), (11,)]


def test_a_gate_sees_everything_from_everywhere() -> None:
    """All 8 positions and one on either side, whichever position of the product is asked for."""
    nodes = (Node("conv", conv(3), (0,)), Node("pool", AdaptivePool("avg", (1,)), (1,)),
             Node("gate", Multiply(), (1, 2)), Node("next", conv(5), (3,)))  # fmt: skip
    graph = Graph((1, 1, 8), "fp32", nodes)
    assert network_fields(graph, infer_shapes(graph)) == [(3,), (10,), (10,), (12,)]


def test_several_inputs_are_told_apart_by_name() -> None:
    """What an operation does not see has no entry."""
    nodes = (Node("mask", Counted("input", (1, 1, 8)), ()), Node("conv", conv(3), (0,)), Node("add", Add(), (2, 1)))
    graph = Graph((1, 1, 8), "fp32", nodes)
    assert network_fields(graph, infer_shapes(graph)) == [
        {"mask": (1,)},
        {"input": (3,)},
        {"input": (3,), "mask": (1,)},
    ]


def test_what_is_not_known_stays_unknown() -> None:
    """Behind an operation that says nothing, and behind a transposed convolution of which several positions matter."""
    assert fields(conv(3), Counted("resize", (1, 1, 9)), conv(3))[1:] == [None, None]
    assert fields(conv(3, 2, 0, t=True), conv(3))[1:] == [None]
    assert fields(conv(3, 2, 0, t=True), conv(1))[1:] == [(2,)]


OPS = st.sampled_from(
    [conv(1), conv(3), conv(3, 2), conv(2, 2, 0), conv(3, d=2), conv(5, 3), Pool("max", (3,), (2,), ((1, 1),)),
     AdaptivePool("avg", (3,)), AdaptivePool("max", (4,)), Activation("relu")]
)  # fmt: skip


@settings(deadline=None)
@given(ops=st.lists(OPS, min_size=1, max_size=7), size=st.integers(24, 90))
def test_fields_are_those_that_an_execution_hears(ops: list[object], size: int) -> None:
    """Every layer's, uneven windows included: each position carries its number through the network."""
    nodes = tuple([Node(f"op{i}", op, (i,)) for i, op in enumerate(ops)])
    graph = Graph((1, 1, size), "fp32", nodes)
    shapes = infer_shapes(graph)
    if all([min(shape) > 0 for shape in shapes]):
        assert network_fields(graph, shapes) == heard_fields(graph, {0: (size,)})


@each("name", ["resnet18", "mobilenet-v3-small", "googlenet", "shufflenet-v2"])
@each("tokens", ["", "@97x131"])
def test_fields_of_networks_are_those_that_an_execution_hears(name: str, tokens: str) -> None:
    """In every layer, and of the whole what walking back from its output gives."""
    network = built(name, tokens)
    graph, shapes = network.graph, network.shapes
    found = network_fields(graph, shapes)
    assert found == heard_fields(graph, {0: shapes[0][2:]})
    assert found[-1] == receptive_field(graph, shapes)


def test_windows_of_a_classifier_see_no_more_than_the_map_has() -> None:
    """VGG at 160: seven windows over five positions, of which walking back took 32 pixels too many."""
    network = build_network(read_program("input 1 @10 1d\nadaptive-average-pool 4\nflatten\nlinear 2"))
    assert network_fields(network.graph, network.shapes)[-1] == (10,)
    vgg = built("vgg16", "@160")
    assert network_fields(vgg.graph, vgg.shapes)[-1] == (340, 340)


def turned(k: int, s: int, crop: int = 0) -> Conv:
    return conv(k, s, crop, t=True)


def up(by: int, kind: str = "nearest") -> Upsample:
    return Upsample(kind, (by,))


@each(
    ("ops", "size", "found"),
    [
        # what lies apart by a stride comes back side by side
        ((conv(3), up(2), conv(3)), 16, [3, 3, 4]),
        ((conv(3, 2), up(2, "bilinear")), 16, [3, 5]),
        ((up(2), up(3), conv(5)), 8, [1, 1, 2]),
        ((up(3), AdaptivePool("avg", (2,))), 5, [1, 3]),
        ((AdaptivePool("avg", (3,)), conv(3)), 7, [3, 8]),  # -3 to 0, 0 to 3 and 2 to 5: the rhythm goes on outside
        ((conv(3), AdaptivePool("avg", (3,)), conv(3)), 7, [3, 5, 10]),
        ((AdaptivePool("avg", (3,)), AdaptivePool("avg", (2,))), 7, [3, 5]),
        ((turned(3, 2), conv(1)), 8, [2, 2]),
        ((turned(3, 2, 1), turned(3, 2)), 8, [2, None]),
        ((conv(3, 2), turned(2, 2), conv(1, 2)), 16, [3, 3, 3]),
        ((turned(3, 2, 1), conv(1)), 1, [1, 1]),  # only where the middle tap lands is left
        ((turned(4, 3, 1), conv(1)), 1, [1, 1]),
        ((turned(1, 3), conv(1)), 8, [1, 1]),  # between them are holes that see nothing
        ((Norm("group-norm", 1), conv(3, 1, 0)), 8, [8, 8]),
        ((conv(3), Norm("group-norm", 1)), 8, [3, 10]),
        ((conv(3), Norm("rms-norm", 1)), 8, [3, 3]),
    ],
)
def test_fields_in_a_row_by_hand(ops: tuple[object, ...], size: int, found: list[int | None]) -> None:
    """The most over all positions, those of another position being their own."""
    assert fields(*ops, size=size) == [length if length is None else (length,) for length in found]


@pytest.mark.parametrize(
    ("pads", "seen"),
    [((1, 1), [3, 9, 9, 10]), ((0, 0), [3, 7, 7, 7]), ((2, 0), [3, 9, 9, 11]), ((0, 2), [3, 9, 9, 11])],
)
def test_beside_a_gate_either_end_may_see_more(pads: tuple[int, int], seen: list[int]) -> None:
    """A window that hangs over the near or the far end, beside the mean of all 7 positions and of their borders."""
    first = Conv(1, 1, (3,), (1,), (pads,), (1,))
    nodes = (Node("first", first, (0,)), Node("squeeze", AdaptivePool("avg", (1,)), (1,)),
             Node("gate", Multiply(), (1, 2)), Node("second", first, (3,)))  # fmt: skip
    graph = Graph((1, 1, 7), "fp32", nodes)
    assert network_fields(graph, infer_shapes(graph)) == [(length,) for length in seen]


def test_axes_are_followed_apart() -> None:
    """Another kernel, stride and window along each."""
    op = Conv(1, 1, (3, 1), (1, 2), ((1, 1), (0, 0)), (1, 1))
    nodes = (Node("a", op, (0,)), Node("b", Pool("max", (1, 3), (1, 1), ((0, 0), (0, 0))), (1,)),
             Node("c", AdaptivePool("avg", (2, 1)), (2,)))  # fmt: skip
    graph = Graph((1, 1, 5, 10), "fp32", nodes)
    assert network_fields(graph, infer_shapes(graph)) == [(3, 1), (3, 5), (5, 9)]


def test_behind_a_gate_a_transposed_convolution_is_not_known() -> None:
    """Which of its positions meet depends on where the other branch looks."""
    nodes = (Node("a", turned(2, 2), (0,)), Node("relu", Activation("relu"), (1,)), Node("add", Add(), (1, 2)),
             Node("b", conv(1), (1,)))  # fmt: skip
    graph = Graph((1, 1, 8), "fp32", nodes)
    assert network_fields(graph, infer_shapes(graph)) == [(1,), (1,), None, (1,)]


def test_256_positions_behind_64_uneven_operations_are_followed_and_no_more() -> None:
    assert fields(AdaptivePool("avg", (256,)), size=300) == [(3,)]
    assert fields(AdaptivePool("avg", (257,)), size=300) == [None]
    assert fields(*[up(1)] * 63, size=3) == [(1,)] * 63
    assert fields(*[up(1)] * 64, size=3) == [(1,)] * 63 + [None]


@pytest.mark.parametrize(("most", "known"), [(9, True), (8, False)])
def test_uneven_windows_are_followed_up_to_as_many_positions(
    most: int, known: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nine behind nine windows over ten positions, of which each is looked at; upsampled ones see alike."""
    monkeypatch.setattr(reach, "MOST_POSITIONS", most)
    assert fields(AdaptivePool("avg", (9,)), conv(1), size=10) == ([(2,), (2,)] if known else [None, None])
    assert fields(up(2), conv(3), size=10) == [(1,), (2,)]


@pytest.mark.parametrize(("most", "found"), [(3, [1, 1, 1]), (2, [1, 1, None]), (1, [1, None, None])])
def test_uneven_operations_in_a_row_are_followed_up_to_so_many(
    most: int, found: list[int | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One step is taken at the end, which finds an input."""
    monkeypatch.setattr(reach, "MOST_UNEVEN", most + 1)
    lengths = fields(up(2), up(2), up(2), size=4)
    assert [length if length is None else length[0] for length in lengths if not isinstance(length, dict)] == found
