"""Dense kernels composed by hand, and where what a graph computes is that of one convolution."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tables import each

from convcost.execute.values.apply import Weights
from convcost.execute.values.equivalent import (
    Chain,
    _clean,
    _inside,
    as_conv,
    compare_composed,
    compare_dense,
    composed,
    drawn_chain,
)
from convcost.execute.values.kernels import (
    Dense,
    Stage,
    aligned,
    block_diagonal,
    compose,
    dense_stage,
    kernel_of_factors,
    plus_shortcut,
    rank_by_axis,
    scaled,
    stuffed,
)
from convcost.graph import ops


def one(*taps: int, bias: int = 0, stride: int = 1, before: int = 0) -> Dense:
    """From one channel to one along one axis."""
    return Dense(np.array([[taps]]), np.array([bias]), (stride,), (before,))


def line(dense: Dense) -> tuple[Any, ...]:
    """Its taps, bias, stride and padding before, as plain numbers."""
    return dense.weights[0, 0].tolist(), dense.bias.tolist(), dense.stride, dense.before


def test_groups_become_blocks_with_zeros_beside_them() -> None:
    """Two groups of one input and two outputs, two taps: (groups, taps, in, out) to (out, in, taps)."""
    kernel = np.array([[[[1, 2]], [[3, 4]]], [[[5, 6]], [[7, 8]]]])
    assert block_diagonal(kernel).tolist() == [
        [[1, 3], [0, 0]], [[2, 4], [0, 0]], [[0, 0], [5, 7]], [[0, 0], [6, 8]],
    ]  # fmt: skip


KERNEL = np.array([1, 2, 3]).reshape(1, 3, 1, 1)


@each(
    ("stage", "bias", "expected"),
    [
        (Stage("", (2,), ((1, 9),), (1,)), None, ([1, 2, 3], [0], (2,), (1,))),
        (Stage("", (1,), ((4, 0),), (2,)), [7], ([1, 0, 2, 0, 3], [7], (1,), (4,))),
        # transposed: turned round, as much before as is left of the kernel behind what is cropped
        (Stage("", (2,), ((0, 0),), (1,), True), [7], ([3, 2, 1], [7], (1,), (2,))),
        (Stage("", (2,), ((1, 5),), (2,), True), None, ([3, 0, 2, 0, 1], [0], (1,), (3,))),
        (Stage("", (2,), ((2, 0),), (1,), True), None, ([3, 2, 1], [0], (1,), (0,))),
        (Stage("", (2,), ((4, 0),), (1,), True), None, ([0, 0, 3, 2, 1], [0], (1,), (0,))),
    ],
    ids=str,
)
def test_a_stage_alone_is_one_convolution(stage: Stage, bias: list[int] | None, expected: Any) -> None:
    """Dilation written out; what is cropped beyond the kernel is zeros in front of it."""
    assert line(dense_stage(stage, KERNEL, None if bias is None else np.array(bias))) == expected


def test_zeros_are_stuffed_between_neighbours_on_every_axis() -> None:
    given = np.array([[1, 2], [3, 4]], np.int64).reshape(1, 2, 2, 1)
    made = stuffed(given, (1, 3))
    assert (made[0, :, :, 0].tolist(), made.dtype) == ([[1, 0, 0, 2], [3, 0, 0, 4]], np.int64)


def test_a_norm_scales_taps_and_bias_and_shifts_the_bias() -> None:
    two = Dense(np.array([[[1, 2]], [[3, 4]]]), np.array([5, 6]), (1,), (0,))
    made = scaled(two, np.array([10, 100]), np.array([1, 2]))
    assert (made.weights.tolist(), made.bias.tolist()) == ([[[10, 20]], [[300, 400]]], [51, 602])


@each(
    ("first", "second", "expected"),
    [
        (one(1, 2), one(1, 10), ([1, 12, 20], [0], (1,), (0,))),
        (one(1, 2, stride=2), one(1, 10), ([1, 2, 10, 20], [0], (2,), (0,))),
        (one(1, stride=3), one(5, 7, stride=2), ([5, 0, 0, 7], [0], (6,), (0,))),
        (one(1, 2, before=1), one(1, 10, before=2), ([1, 12, 20], [0], (1,), (3,))),
        (one(1, 2, before=1, stride=2), one(1, 10, before=2), ([1, 2, 10, 20], [0], (2,), (5,))),
        (one(1, 2, bias=3), one(1, 10, bias=4), ([1, 12, 20], [37], (1,), (0,))),
    ],
)
def test_two_convolutions_in_a_row_are_one(first: Dense, second: Dense, expected: Any) -> None:
    """The taps of the second lie a stride of the first apart; a bias goes through all of them."""
    assert line(compose(first, second)) == expected


def test_channels_between_are_added_up() -> None:
    """From one to two to one: 1 · 5 + 2 · 6, and biases 3 · 5 + 4 · 6."""
    first = Dense(np.array([[[1]], [[2]]]), np.array([3, 4]), (1,), (0,))
    second = Dense(np.array([[[5], [6]]]), np.array([0]), (1,), (0,))
    assert line(compose(first, second)) == ([17], [39], (1,), (0,))


@each(
    ("branch", "shortcut", "expected"),
    [
        (one(1, 2, 3, before=1, bias=4), None, ([1, 3, 3], [4], (1,), (1,))),
        (one(1, 2, 3, before=0), None, ([2, 2, 3], [0], (1,), (0,))),
        (one(5, before=2), None, ([5, 0, 1], [0], (1,), (2,))),  # padded by more than the kernel reaches
        (one(1, 2, 3, before=1, stride=2, bias=4), one(10, stride=2, bias=20), ([1, 12, 3], [24], (2,), (1,))),
    ],
)
def test_a_shortcut_is_added_at_the_tap_of_its_own_position(
    branch: Dense, shortcut: Dense | None, expected: Any
) -> None:
    assert line(plus_shortcut(branch, shortcut)) == expected


def test_an_identity_adds_each_channel_to_itself() -> None:
    weights = np.zeros((2, 2, 3), np.int64)
    made = plus_shortcut(Dense(weights, np.zeros(2, np.int64), (1,), (1,)), None)
    assert made.weights.tolist() == [[[0, 1, 0], [0, 0, 0]], [[0, 0, 0], [0, 1, 0]]]


def test_kernels_over_one_input_begin_and_end_together() -> None:
    """1 and 3 before, of two and of four taps; what is shorter gets zeros at either end."""
    made = aligned([one(1, 2, before=1), one(3, 4, 5, 6, before=3), one(7, 8, 9, before=0)])
    assert [part.weights[0, 0].tolist() for part in made] == [
        [0, 0, 1, 2, 0, 0], [3, 4, 5, 6, 0, 0], [0, 0, 0, 7, 8, 9],
    ]  # fmt: skip
    assert [part.before for part in made] == [(3,)] * 3


@each(
    ("kernel", "rank"),
    [
        (np.ones((1, 1, 3, 3)), 1), (np.eye(3)[None, None], 3), (np.eye(4).reshape(4, 4, 1, 1), 4),
        # two outputs by two inputs of one pass each: [a0 x b0, a0 x b1] over [a1 x b0, a1 x b1]
        (np.einsum("oy,ix->oiyx", [[1, 2], [3, 4]], [[1, 5, 2], [7, 1, 0]]), 1),
        (np.array([[[[1, 0], [0, 0]], [[0, 0], [0, 1]]]]), 2), (np.array([[[1, 2, 3]], [[2, 4, 6]]]), 1),
        (np.array([[[1, 2, 3]], [[0, 4, 6]]]), 2), (np.arange(8).reshape(1, 1, 2, 2, 2), 2),
    ],
    ids=range(8),
)  # fmt: skip
def test_the_rank_of_a_kernel_by_its_last_axis(kernel: Any, rank: int) -> None:
    """Outputs and the other taps by inputs and the last axis's."""
    assert rank_by_axis(kernel) == rank


def test_a_letter_that_is_made_twice_is_a_block_diagonal() -> None:
    """Of two groups of one input and two outputs: zero where they differ."""
    factor = np.array([[1, 2], [3, 4], [5, 6], [7, 8]]).reshape(4, 1, 2)
    made = kernel_of_factors(["gaix"], "gagix", {"g": 2, "a": 2, "i": 1, "x": 2}, [factor])
    assert made.tolist() == [[[1, 2], [0, 0]], [[3, 4], [0, 0]], [[0, 0], [5, 6]], [[0, 0], [7, 8]]]


def test_factors_of_two_passes_make_their_outer_product() -> None:
    """Over two middle channels."""
    rows, columns = np.array([[[1, 0]], [[0, 1]]]), np.array([[[2, 3], [5, 7]]])
    sizes = {"o": 1, "i": 1, "m": 2, "y": 2, "x": 2}
    parts = ["mix", "omy"]
    assert kernel_of_factors(parts, "oiyx", sizes, [rows, columns.reshape(1, 2, 2)]).tolist() == [[[[2, 5], [3, 7]]]]


@each(
    ("dense", "size", "counts", "padding"),
    [
        (one(1, 2, 3, before=1), (5,), (5,), ((1, 1),)),
        (one(1, 2, 3, before=1, stride=2), (5,), (3,), ((1, 1),)),
        (one(1, 2, 3, before=0), (5,), (3,), ((0, 0),)),
        (one(1, 2, 3, before=0, stride=3), (7,), (2,), ((0, 0),)),  # one position is not read
        (one(1, 2, before=2, stride=2), (3,), (4,), ((2, 3),)),
    ],
)
def test_as_a_layer_it_is_padded_until_all_outputs_are_there(
    dense: Dense, size: ops.Ints, counts: ops.Ints, padding: ops.Pads
) -> None:
    op, kernel = as_conv(dense, size, counts)
    taps = dense.weights.shape[2:]
    assert op == ops.Conv(1, 1, taps, dense.stride, padding, (1,), bias=True)
    assert (kernel.shape, kernel.ravel().tolist()) == ((1, *taps, 1, 1), dense.weights.ravel().tolist())


@each(
    ("dense", "size", "inside"),
    [
        (one(1, 2, 3, before=1), 4, [0, 1, 1, 0]), (one(1, 2, 3, before=0), 4, [1, 1, 0, 0]),
        (one(1, 2, 3, before=1, stride=2), 6, [0, 1, 1, 0]), (one(1, before=0), 3, [1, 1, 1, 0]),
    ],
)  # fmt: skip
def test_windows_inside_see_no_border(dense: Dense, size: int, inside: list[int]) -> None:
    """Of four outputs."""
    assert [axis.astype(int).tolist() for axis in _inside(dense, (size,), (4,))] == [inside]


@each(
    ("given", "pads", "span", "stride", "blank", "clean"),
    [
        ([1, 1, 1], (1, 1), 3, 1, False, [0, 1, 0]), ([1, 1, 1], (1, 1), 3, 1, True, [1, 1, 1]),
        ([1, 0, 1, 1], (0, 0), 2, 1, False, [0, 0, 1]), ([1, 1, 1, 1], (1, 0), 2, 2, False, [0, 1]),
        ([1, 1, 1], (0, 2), 1, 2, False, [1, 1, 0]), ([1, 1], (0, 0), 3, 1, False, []),
    ],
)  # fmt: skip
def test_an_output_is_clean_where_all_that_it_sees_is(
    given: list[int], pads: tuple[int, int], span: int, stride: int, blank: bool, clean: list[int]
) -> None:
    """A border is where zeros are what would have been there."""
    assert _clean(np.array(given, bool), pads, span, stride, blank).astype(int).tolist() == clean


def conv(
    kernel: int, stride: int = 1, pads: tuple[int, int] = (0, 0), channels: ops.Ints = (1, 1), **more: Any
) -> ops.Conv:
    return ops.Conv(*channels, (kernel,), (stride,), (pads,), (1,))._replace(**more)


def graph_of(*nodes: ops.Node, size: int = 9, channels: int = 1) -> ops.Graph:
    return ops.Graph((1, channels, size), "fp32", nodes)


def ones(kernel: int, bias: int | None = None) -> Weights:
    return Weights(np.arange(1, kernel + 1).reshape(1, kernel, 1, 1), None if bias is None else np.array([bias]))


PADDED = graph_of(ops.Node("a", conv(3, 1, (1, 1)), (0,)), ops.Node("b", conv(3, 1, (1, 1)), (1,)))
POINT = graph_of(ops.Node("a", conv(1), (0,)), ops.Node("b", conv(3, 1, (1, 1)), (1,)))
POINT_LAST = graph_of(ops.Node("a", conv(3, 1, (1, 1)), (0,)), ops.Node("b", conv(1), (1,)))
PADDED_POINT = graph_of(ops.Node("a", conv(1, 1, (1, 1)), (0,)), ops.Node("b", conv(3, 1, (1, 1)), (1,)))
STRIDED = graph_of(ops.Node("a", conv(3, 2, (1, 1)), (0,)), ops.Node("b", conv(3, 1, (1, 1)), (1,)))
VALID = graph_of(ops.Node("a", conv(3), (0,)), ops.Node("b", conv(3), (1,)))


@each(
    ("graph", "biases", "where", "compared", "positions", "taps"),
    [
        (PADDED, (None, None), "interior", 7, 9, 5),  # at either end one output sees what the first made outside
        (PADDED, (3, None), "interior", 7, 9, 5),
        (POINT, (None, None), "everywhere", 9, 9, 3),
        (POINT, (3, None), "interior", 7, 9, 3),  # a bias fills the border that is not there
        (POINT, (None, 3), "everywhere", 9, 9, 3),
        (POINT_LAST, (3, 3), "everywhere", 9, 9, 3),
        (PADDED_POINT, (None, None), "interior", 9, 11, 3),  # the border of a 1x1 is in the graph
        (STRIDED, (None, None), "interior", 3, 5, 7),
        (VALID, (3, 3), "everywhere", 5, 5, 5),
    ],
)
def test_where_two_in_a_row_are_one_by_hand(
    graph: ops.Graph, biases: tuple[int | None, ...], where: str, compared: int, positions: int, taps: int
) -> None:
    """As a chain and along the edges of the graph."""
    weights = {node.name: ones(node.op.kernel_size[0], bias) for node, bias in zip(graph.nodes, biases)}
    graph = graph._replace(nodes=tuple(
        [node._replace(op=node.op._replace(bias=bias is not None)) for node, bias in zip(graph.nodes, biases)]
    ))  # fmt: skip
    chain = drawn_chain(graph)
    assert chain is not None
    for found in (compare_dense(graph, chain, weights), compare_composed(graph, weights)):
        assert found is not None
        assert found[:5] == (True, where, compared, positions, (taps,))


def test_where_nothing_can_be_compared_nothing_is_the_same() -> None:
    """Two positions under two kernels of three: every output of the second sees what the first made outside."""
    small = PADDED._replace(input_shape=(1, 1, 2))
    chain = drawn_chain(small)
    assert chain is not None
    for found in (compare_dense(small, chain), compare_composed(small)):
        assert found is not None
        assert found[:4] == (False, "interior", 0, 2)


@pytest.mark.parametrize("pads", [(1, 0), (0, 1), (1, 2)])
def test_a_stage_said_with_another_padding_makes_another_number_of_outputs(pads: tuple[int, int]) -> None:
    """Even where those that there are would be the same."""
    graph = graph_of(ops.Node("a", conv(3, 1, (1, 1)), (0,)))
    assert compare_dense(graph, Chain((Stage("a", (1,), ((1, 1),), (1,)),))).same
    assert not compare_dense(graph, Chain((Stage("a", (1,), (pads,), (1,)),))).same


def test_the_support_counts_taps_that_can_be_other_than_zero() -> None:
    """Of a dilated kernel three of five, whatever cancels; a kernel of one beside it fills the middle."""
    dilated = conv(3, 1, (2, 2))._replace(dilation=(2,))
    nodes = (ops.Node("a", dilated, (0,)), ops.Node("b", conv(1), (0,)), ops.Node("add", ops.Add(), (1, 2)))
    found = compare_composed(graph_of(*nodes), {"a": ones(3), "b": Weights(np.array([[[[-2]]]]))})
    assert found is not None
    assert (found.same, found.taps, found.support, found.kernel.ravel().tolist()) == (True, (5,), 3, [1, 0, 0, 0, 3])
    nodes = (ops.Node("a", dilated, (0,)), ops.Node("b", conv(2, 1, (1, 0)), (0,)), ops.Node("add", ops.Add(), (1, 2)))
    wider = compare_composed(graph_of(*nodes))
    assert wider is not None
    assert (wider.same, wider.taps, wider.support) == (True, (5,), 4)


def two(kernel: int, outer: int, groups: int = 1) -> ops.Conv:
    return conv(kernel, 1, (kernel // 2, kernel // 2), (2, outer))._replace(groups=groups)


#: Graphs that are no chains, and on which positions one convolution computes the same.
BRANCHED: dict[str, tuple[tuple[ops.Node, ...], str]] = {
    "joined": ((ops.Node("a", two(3, 2), (0,)), ops.Node("b", two(1, 3), (0,)), ops.Node("join", ops.Concat(), (1, 2))),
               "everywhere"),
    "split": ((ops.Node("a", two(3, 6), (0,)), ops.Node("split", ops.Split(2, 5), (1,))), "everywhere"),
    "shuffled": ((ops.Node("a", two(3, 6, 2), (0,)), ops.Node("shuffle", ops.Shuffle(3), (1,)),
                  ops.Node("b", two(1, 4, 2)._replace(in_channels=6), (2,))), "everywhere"),
    "normed": ((ops.Node("a", two(3, 2), (0,)), ops.Node("norm", ops.BatchNorm(2), (1,))), "everywhere"),
    "normed, then padded": ((ops.Node("norm", ops.BatchNorm(2), (0,)), ops.Node("a", two(3, 2), (1,))), "interior"),
    "scaled, then padded": ((ops.Node("scale", ops.Scale(2), (0,)), ops.Node("a", two(3, 2), (1,))), "everywhere"),
    "a product, then padded": ((ops.Node("one", ops.Linear(2, 2), (0,)), ops.Node("a", two(3, 2), (1,))), "everywhere"),
    "a bias, then padded": ((ops.Node("one", ops.Linear(2, 2, bias=True), (0,)), ops.Node("a", two(3, 2), (1,))),
                            "interior"),
    "one branch padded": ((ops.Node("a", two(3, 2), (0,)), ops.Node("add", ops.Add(), (1, 0)),
                           ops.Node("b", two(3, 2), (2,))), "interior"),
}  # fmt: skip


@each("name", BRANCHED)
def test_branches_compose_to_one_convolution(name: str) -> None:
    """Exactly, on all positions, or on all but those that see what padding replaced."""
    nodes, where = BRANCHED[name]
    found = compare_composed(graph_of(*nodes, channels=2))
    assert found is not None
    assert (found.same, found.where, found.positions) == (True, where, 9)
    assert found.compared == (9 if where == "everywhere" else 7)


@pytest.mark.parametrize(
    "nodes",
    [
        (ops.Node("a", conv(3, transposed=True, output_padding=(0,)), (0,)),),
        (ops.Node("a", conv(1, 2), (0,)), ops.Node("b", conv(1), (0,)), ops.Node("add", ops.Add(), (1, 2))),
    ],
    ids=["transposed", "strides"],
)
def test_what_is_no_convolution_over_the_input_is_not_composed(nodes: tuple[ops.Node, ...]) -> None:
    assert compare_composed(graph_of(*nodes)) is None
    assert composed(graph_of(*nodes), {"a": ones(3), "b": ones(1)}) is None


def test_what_is_not_linear_is_refused() -> None:
    with pytest.raises(ValueError, match="is not linear"):
        compare_composed(graph_of(ops.Node("act", ops.Activation("relu"), (0,))))


def test_a_stage_without_weights_is_refused_by_its_name() -> None:
    with pytest.raises(ValueError, match="no weights for b"):
        compare_dense(
            PADDED, Chain((Stage("a", (1,), ((1, 1),), (1,)), Stage("b", (1,), ((1, 1),), (1,)))), {"a": ones(3)}
        )


DRAWN = {
    "in a row": ((("a", conv(3), 0), ("b", conv(1), 1)), (2, None)),
    "with norms": ((("a", conv(3), 0), ("n", ops.BatchNorm(1), 1), ("b", conv(1), 2)), (2, None)),
    "an identity": ((("a", conv(3), 0), ("add", ops.Add(), 1, 0)), (1, "identity")),
    "an identity, the other way round": ((("a", conv(3), 0), ("add", ops.Add(), 0, 1)), (1, "identity")),
    "a projection": ((("a", conv(3), 0), ("projection", conv(1), 0), ("add", ops.Add(), 1, 2)), (1, "projection")),
    "a projection with a norm": ((("a", conv(3), 0), ("projection", conv(1), 0),
                                  ("projection.norm", ops.BatchNorm(1), 2), ("add", ops.Add(), 1, 3)),
                                 (1, "projection")),
    "transposed": ((("a", conv(3, transposed=True, output_padding=(0,)), 0),), (1, None)),
    "a norm alone": ((("n", ops.BatchNorm(1), 0),), None),
    "added to itself": ((("a", conv(3), 0), ("add", ops.Add(), 1, 1)), None),
    "behind one that is transposed": ((("a", conv(3, transposed=True, output_padding=(0,)), 0), ("b", conv(1), 1)),
                                      None),
    "behind a shortcut": ((("a", conv(3), 0), ("add", ops.Add(), 1, 0), ("b", conv(1), 2)), None),
    "a linear layer": ((("a", conv(3), 0), ("b", ops.Linear(1, 1), 1)), None),
    "a second branch": ((("a", conv(3), 0), ("b", conv(1), 0)), None),
    "a projection of a branch": ((("a", conv(3), 0), ("projection", conv(1), 1), ("add", ops.Add(), 1, 2)), None),
}  # fmt: skip


@each("name", DRAWN)
def test_what_a_graph_draws_by_hand(name: str) -> None:
    """How many stages, and what is added."""
    drawn, expected = DRAWN[name]
    found = drawn_chain(
        graph_of(*[ops.Node(label, op, inputs) for label, op, *inputs in drawn for inputs in [tuple(inputs)]])
    )
    assert (found if found is None else (len(found.stages), found.shortcut)) == expected
