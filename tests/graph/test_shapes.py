"""Output shapes: against windows that are walked, and what is said where nothing can come out."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tables import each

from convcost.graph import ops
from convcost.graph.shapes import (
    ShapeError,
    check_node,
    check_shapes,
    conv_size,
    infer_shapes,
    output_shape,
    pool_overhang,
    sizes_in_words,
)

Axis = tuple[int, int, int, int, int, int]  # kernel, stride, before, after, dilation, size

SMALL = st.integers(1, 5)
AXES: st.SearchStrategy[list[Axis]] = st.lists(
    st.tuples(SMALL, SMALL, st.integers(0, 4), st.integers(0, 4), SMALL, st.integers(1, 20)), min_size=1, max_size=3
)


def conv_of(axes: list[Axis], *, transposed: bool = False, extra: int = 0) -> ops.Conv:
    kernel, stride, before, after, dilation, _ = zip(*axes)
    added = (extra,) * len(axes) if transposed else ()
    pads = tuple(zip(before, after))
    return ops.Conv(3, 4, kernel, stride, pads, dilation, transposed=transposed, output_padding=added)


def windows_that_fit(axis: Axis) -> int:
    """How often a dilated kernel can be set down on a padded axis, walking by the stride."""
    kernel, stride, before, after, dilation, size = axis
    padded, start, found = before + size + after, 0, 0
    while start + dilation * (kernel - 1) < padded:
        start, found = start + stride, found + 1
    return found


@given(AXES)
def test_size_is_the_number_of_windows_that_fit(axes: list[Axis]) -> None:
    """On every axis there are as many output positions as places for the kernel."""
    assume(all(windows_that_fit(axis) for axis in axes))
    size = tuple(axis[-1] for axis in axes)
    assert conv_size(conv_of(axes), size) == tuple(map(windows_that_fit, axes))


def positions_written(axis: Axis) -> int:
    """How far a transposed convolution writes, before anything is cropped."""
    kernel, stride, _, _, dilation, size = axis
    return 1 + max(i * stride + t * dilation for i in range(size) for t in range(kernel))


@given(AXES, st.integers(0, 3))
def test_transposed_size_is_what_is_written_less_what_is_cropped(axes: list[Axis], extra: int) -> None:
    """Every input position writes a kernel, padding crops either side, output padding adds at the far one."""
    expected = tuple(positions_written(axis) - axis[2] - axis[3] + extra for axis in axes)
    assert conv_size(conv_of(axes, transposed=True, extra=extra), tuple(axis[-1] for axis in axes)) == expected


@given(AXES)
def test_transposed_undoes_the_size_of_the_convolution(axes: list[Axis]) -> None:
    """Transposed over a convolution's output, with the remainder as output padding, gives the input's size again."""
    assume(all(windows_that_fit(axis) for axis in axes))
    size = tuple(axis[-1] for axis in axes)
    down, up = conv_of(axes), conv_of(axes, transposed=True)
    smallest = conv_size(up, conv_size(down, size))
    assert all(0 <= n - m < stride for n, m, stride in zip(size, smallest, down.stride))


def test_height_and_width_keep_their_places() -> None:
    """Sizes, kernels, strides, pads and dilations are all (height, width)."""
    op = ops.Conv(3, 8, (1, 7), (2, 1), ((0, 0), (3, 2)), (1, 1))
    assert output_shape(op, [(5, 3, 20, 31)]) == (5, 8, 10, 30)


@pytest.mark.parametrize("op", [ops.Add(), ops.Activation("relu"), ops.BatchNorm(3)])
def test_elementwise_operations_keep_the_shape(op: ops.Op) -> None:
    assert output_shape(op, [(2, 3, 4, 5), (2, 3, 4, 5)]) == (2, 3, 4, 5)


def test_a_graph_has_a_shape_for_every_value() -> None:
    """The input's first, then one for each node, in order, whatever a node reads."""
    half = ops.Conv(3, 6, (3, 3), (2, 2), ((1, 1), (1, 1)), (1, 1))
    same = ops.Conv(6, 6, (3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1))
    nodes = (
        ops.Node("a", half, (0,)),
        ops.Node("b", same, (1,)),
        ops.Node("c", half, (0,)),
        ops.Node("add", ops.Add(), (2, 3)),
    )
    shapes = infer_shapes(ops.Graph((1, 3, 9, 8), "fp32", nodes))
    assert shapes == [(1, 3, 9, 8)] + [(1, 6, 5, 4)] * 4
    assert check_shapes(ops.Graph((1, 3, 9, 8), "fp32", nodes)) == shapes


def plain(**changes: object) -> ops.Conv:
    fields = ops.Conv(4, 6, (3, 5), (1, 1), ((0, 0), (0, 0)), (1, 1))
    return fields._replace(**changes)


@each(
    ("op", "reason"),
    [
        (plain(in_channels=8), "c: takes 8 channels, gets 4"),
        (plain(groups=4), "c: 4 groups do not divide 6 channels"),
        (plain(out_channels=0), "c: 1 groups do not divide 0 channels"),
        (plain(groups=3), "c: 3 groups do not divide 4 channels"),
        (plain(kernel_size=(3, 9)), "c: a 3x9 kernel does not fit the 6x7 input with its padding"),
        (plain(dilation=(3, 1)), "c: a 3x5 kernel does not fit the 6x7 input with its padding"),
        (plain(padding=((6, 0), (0, 0)), padding_mode="reflect"), "padding_mode=reflect has no 6x7 input"),
        (plain(padding=((0, 0), (0, 8)), padding_mode="circular"), "padding_mode=circular has no 6x7 input"),
        (
            plain(kernel_size=(1, 1), padding=((3, 3), (0, 0)), transposed=True, output_padding=(0, 0)),
            "c: a 1x1 kernel does not fit",
        ),
    ],
)
def test_what_cannot_be_computed_is_refused_with_its_reason(op: ops.Conv, reason: str) -> None:
    """A graph that gives nothing raises, naming the operation and the sizes."""
    with pytest.raises(ShapeError, match=f"^.*{reason}"):
        check_shapes(ops.Graph((1, 4, 6, 7), "fp32", (ops.Node("c", op, (0,)),)))


@each(
    "op",
    [
        plain(kernel_size=(6, 7)),
        plain(padding=((5, 5), (6, 6)), padding_mode="reflect"),
        plain(padding=((6, 6), (7, 7)), padding_mode="circular"),
        plain(padding=((60, 60), (70, 70)), padding_mode="replicate"),
        plain(kernel_size=(9, 9), padding=((3, 0), (0, 2))),
    ],
)
def test_what_just_fits_is_accepted(op: ops.Conv) -> None:
    """The refusals stop where PyTorch's do: reflect below the size, circular up to it, replicate without end."""
    assert min(check_shapes(ops.Graph((1, 4, 6, 7), "fp32", (ops.Node("c", op, (0,)),)))[-1]) >= 1


def test_branches_of_different_shapes_are_refused() -> None:
    """The reason names both shapes, without the batch."""
    conv = ops.Conv(4, 4, (3, 3), (1, 1), ((0, 0), (1, 1)), (1, 1))
    graph = ops.Graph((2, 4, 6, 7), "fp32", (ops.Node("c", conv, (0,)), ops.Node("add", ops.Add(), (1, 0))))
    with pytest.raises(ShapeError, match=r"^the branch gives 4x4x7, the shortcut 4x6x7$"):
        check_shapes(graph)


def test_sizes_are_shown_as_specs_write_them() -> None:
    assert sizes_in_words((1, 16, 3)) == "1x16x3"


@each(
    ("op", "inputs", "reason"),
    [
        (ops.Multiply(), ((1, 4, 6, 7), (1, 3)), "n: 3 cannot be repeated over 4x6x7"),
        (ops.Multiply(), ((1, 4, 6, 7), (1, 4, 6, 2)), "n: 4x6x2 cannot be repeated over 4x6x7"),
        (ops.Linear(5, 3), ((1, 4),), "n: takes 5 channels, gets 4"),
        (ops.BatchNorm(3), ((1, 4, 6),), "n: takes 3 channels, gets 4"),
        (ops.LayerNorm(8), ((1, 4, 6),), "n: takes 8 channels, gets 4"),
        (ops.Scale(2), ((1, 4, 6),), "n: takes 2 channels, gets 4"),
        (ops.Split(0, 5), ((1, 4, 6),), "n: there are no channels 0 to 5 among 4"),
        (ops.Split(3, 3), ((1, 4, 6),), "n: there are no channels 3 to 3 among 4"),
        (ops.Split(-1, 2), ((1, 4, 6),), "n: there are no channels -1 to 2 among 4"),
        (ops.Shuffle(3), ((1, 4, 6),), "n: 3 groups do not divide 4 channels"),
        (ops.Norm("group-norm", 4, 3), ((1, 4, 6),), "n: 3 groups of 4 channels, and gets 4"),
        (ops.Norm("group-norm", 6, 3), ((1, 4, 6),), "n: 3 groups of 6 channels, and gets 4"),
        (ops.Concat(), ((1, 4, 6), (1, 4, 5)), "n: sizes 6, 5 differ"),
        (ops.PixelShuffle((2, 2)), ((1, 6, 3, 3),), "n: 6 channels are no blocks of 2x2"),
        (ops.Attention(2, 4), ((1, 11, 6),), "n: 2 heads do not divide 11 channels of queries"),
        (ops.Attention(3, 4), ((1, 12, 6),), "n: 3 heads do not divide 12 channels of queries"),
        (ops.Tokens(1, 4, 7), ((1, 4, 5),), "n: takes 6 positions, gets 5"),
        (ops.Tokens(1, 3, 6), ((1, 4, 5),), "n: takes 5 positions, gets 5"),
        (ops.Pad(((6, 0),), "reflect"), ((1, 4, 6),), "n: mode=reflect has no 6 input to copy that far from"),
        (ops.Pad(((0, 7),), "circular"), ((1, 4, 6),), "n: mode=circular has no 6 input to copy that far from"),
        (ops.Pad(((-3, -3),)), ((1, 4, 6),), "n: nothing is left of the 6 input"),
        (ops.Pad(((0, 0), (9, -7))), ((1, 4, 6, 7),), "n: nothing is left of the 6x7 input"),
        (ops.Pool("max", (9,), (1,), ((1, 1),)), ((1, 4, 6),), "n: nothing is left of the 6 input"),
    ],
)
def test_each_operation_refuses_what_does_not_fit_it(op: ops.Op, inputs: tuple[ops.Shape, ...], reason: str) -> None:
    """By its own name, with both sizes."""
    out = output_shape(op, list(inputs)) if not isinstance(op, ops.Concat | ops.PixelShuffle) else (1, 1, 1)
    with pytest.raises(ShapeError) as caught:
        check_node(ops.Node("n", op, tuple(range(len(inputs)))), list(inputs), out)
    assert str(caught.value).startswith(reason)


@each(
    ("op", "inputs"),
    [
        (ops.Multiply(), ((1, 4, 6, 7), (1, 4))), (ops.Multiply(), ((1, 4, 6, 7), (1, 4, 1, 7))),
        (ops.Multiply(), ((2, 4, 6), (1, 1, 6))), (ops.Split(0, 4), ((1, 4, 6),)), (ops.Split(3, 4), ((1, 4, 6),)),
        (ops.Shuffle(4), ((1, 4, 6),)), (ops.Norm("group-norm", 4, 4), ((1, 4, 6),)),
        (ops.Attention(2, 4), ((1, 12, 6),)),
        (ops.Tokens(1, 4, 6), ((1, 4, 5),)), (ops.Pad(((5, 5),), "reflect"), ((1, 4, 6),)),
        (ops.Pad(((6, 6),), "circular"), ((1, 4, 6),)), (ops.Pad(((-3, -2),)), ((1, 4, 6),)),
        (ops.Pool("max", (8,), (1,), ((1, 1),)), ((1, 4, 6),)),
    ],
)  # fmt: skip
def test_each_operation_takes_what_just_fits_it(op: ops.Op, inputs: tuple[ops.Shape, ...]) -> None:
    check_node(ops.Node("n", op, tuple(range(len(inputs)))), list(inputs), output_shape(op, list(inputs)))


@each(
    ("op", "given", "out"),
    [
        (ops.Linear(3, 8), [(2, 3, 5)], (2, 8, 5)),
        (ops.Concat(), [(2, 3, 5, 4), (2, 1, 5, 4), (2, 7, 5, 4)], (2, 11, 5, 4)),
        (ops.Split(1, 4), [(2, 5, 6)], (2, 3, 6)),
        (ops.Flatten(), [(2, 3, 5, 4)], (2, 60)),
        (ops.AdaptivePool("avg", (3, 2)), [(2, 3, 5, 4)], (2, 3, 3, 2)),
        (ops.Upsample("nearest", (2, 3)), [(2, 3, 5, 4)], (2, 3, 10, 12)),
        (ops.PixelShuffle((2, 3)), [(2, 12, 5, 4)], (2, 2, 10, 12)),
        (ops.Pad(((1, 2), (-1, 0))), [(2, 3, 5, 4)], (2, 3, 8, 3)),
        (ops.Attention(2, 6), [(2, 18, 5)], (2, 6, 5)),
        (ops.Tokens(2, 3, 22), [(2, 3, 5, 4)], (2, 3, 22)),
        (ops.Counted("any", (4, 7)), [(2, 3)], (4, 7)),
        (ops.Pool("max", (3, 2), (2, 1), ((1, 1), (0, 0))), [(2, 3, 6, 4)], (2, 3, 3, 3)),
        (ops.Pool("max", (3,), (2,), ((0, 0),)), [(1, 1, 6)], (1, 1, 2)),
        (ops.Pool("max", (3,), (2,), ((0, 0),), True), [(1, 1, 6)], (1, 1, 3)),
        (ops.Pool("max", (3,), (2,), ((0, 0),), True), [(1, 1, 7)], (1, 1, 3)),
        (ops.Pool("max", (2,), (3,), ((0, 0),), True), [(1, 1, 6)], (1, 1, 2)),  # at 0 and 3
        (ops.Pool("max", (2,), (3,), ((0, 1),), True), [(1, 1, 6)], (1, 1, 2)),  # none that starts in the padding
        (ops.Pool("max", (2,), (3,), ((1, 1),), True), [(1, 1, 6)], (1, 1, 3)),  # at -1, 2 and 5
        (ops.Pool("max", (3,), (1,), ((0, 0),), dilation=(2,)), [(1, 1, 9)], (1, 1, 5)),
    ],
)  # fmt: skip
def test_the_shape_of_an_output_by_hand(op: ops.Op, given: list[ops.Shape], out: ops.Shape) -> None:
    node = ops.Node("n", op, tuple(range(len(given))))
    assert output_shape(op, given) == out
    check_node(node, given, out)


@each(
    ("size", "kernel", "stride", "before", "after", "dilation", "over"),
    [
        (6, 3, 2, 0, 0, 1, 1), (7, 3, 2, 0, 0, 1, 0), (6, 3, 2, 1, 0, 1, 0), (6, 3, 2, 1, 1, 1, 1),
        (5, 2, 3, 0, 0, 1, 0),
        (4, 2, 3, 0, 0, 1, 1), (8, 3, 3, 0, 0, 2, 0), (9, 3, 3, 0, 0, 2, 2), (6, 2, 3, 0, 1, 1, 0),
    ],
)  # fmt: skip
def test_the_last_window_hangs_over_by_so_much(
    size: int, kernel: int, stride: int, before: int, after: int, dilation: int, over: int
) -> None:
    """Behind the padding; windows are walked here by hand: with 6, 3 and 2 they start at 0, 2 and 4, up to 7."""
    op = ops.Pool("max", (kernel,), (stride,), ((before, after),), True, (dilation,) if dilation > 1 else ())
    assert pool_overhang(op, (size,)) == (over,)


CHECKED = [
    (ops.Add(), [(1, 3, 5), (1, 3, 6)], "the branch gives 3x5, the shortcut 3x6"),
    (ops.Concat(), [(1, 3, 5), (1, 3, 6)], "n: sizes 5, 6 differ"),
    (ops.Multiply(), [(1, 3, 5), (1, 2, 5)], "n: 2x5 cannot be repeated over 3x5"),
    (ops.Linear(4, 8), [(1, 3, 5)], "n: takes 4 channels, gets 3"),
    (ops.BatchNorm(4), [(1, 3, 5)], "n: takes 4 channels, gets 3"),
    (ops.LayerNorm(4), [(1, 3, 5)], "n: takes 4 channels, gets 3"),
    (ops.Scale(4), [(1, 3, 5)], "n: takes 4 channels, gets 3"),
    (ops.Split(0, 4), [(1, 3, 5)], "n: there are no channels 0 to 4 among 3"),
    (ops.Split(-1, 2), [(1, 3, 5)], "n: there are no channels -1 to 2 among 3"),
    (ops.Split(2, 2), [(1, 3, 5)], "n: there are no channels 2 to 2 among 3"),
    (ops.Shuffle(2), [(1, 3, 5)], "n: 2 groups do not divide 3 channels"),
    (ops.Norm("group-norm", 4, 2), [(1, 3, 5)], "n: 2 groups of 4 channels, and gets 3"),
    (ops.Norm("group-norm", 3, 2), [(1, 3, 5)], "n: 2 groups of 3 channels, and gets 3"),
    (ops.PixelShuffle((2,)), [(1, 3, 5)], "n: 3 channels are no blocks of 2"),
    (ops.Pad(((-2, -3),)), [(1, 3, 5)], "n: nothing is left of the 5 input"),
    (ops.Pad(((-5, 3),)), [(1, 3, 5)], "n: nothing is left of the 5 input"),
    (ops.Pad(((5, 0),), "reflect"), [(1, 3, 5)], "n: mode=reflect has no 5 input to copy that far from"),
    (ops.Pad(((0, 6),), "circular"), [(1, 3, 5)], "n: mode=circular has no 5 input to copy that far from"),
    (ops.Attention(2, 4), [(1, 3, 5)], "n: 2 heads do not divide 3 channels of queries, keys and values"),
    (ops.Attention(2, 3), [(1, 9, 5)], "n: 2 heads do not divide 9 channels of queries, keys and values"),
    (ops.Tokens(1, 3, 6), [(1, 3, 4)], "n: takes 5 positions, gets 4"),
    (ops.Tokens(1, 4, 6), [(1, 3, 5)], "n: takes 5 positions, gets 5"),
    (ops.Linear(3, 0), [(1, 3, 5)], "n: nothing is left of the 5 input"),
    (ops.AdaptivePool("max", (0,)), [(1, 3, 5)], "n: nothing is left of the 5 input"),
    (ops.Pool("max", (6,), (1,), ((0, 0),)), [(1, 3, 5)], "n: nothing is left of the 5 input"),
]

FITTING = [
    (ops.Multiply(), [(2, 3, 5), (2, 1, 5)]),
    (ops.Multiply(), [(2, 3, 5), (2, 3)]),
    (ops.Split(0, 3), [(1, 3, 5)]),
    (ops.Split(2, 3), [(1, 3, 5)]),
    (ops.Shuffle(3), [(1, 3, 5)]),
    (ops.Norm("group-norm", 3, 3), [(1, 3, 5)]),
    (ops.Pad(((-2, -2),)), [(1, 3, 5)]),
    (ops.Pad(((-2, 0),)), [(1, 3, 3)]),
    (ops.Pad(((0, -2),)), [(1, 3, 3)]),
    (ops.Pad(((0, 0),)), [(1, 3, 1)]),
    (ops.Conv(1, 1, (1,), (1,), ((0, 0),), (1,)), [(1, 1, 1)]),
    (ops.Pad(((4, 4),), "reflect"), [(1, 3, 5)]),
    (ops.Pad(((5, 5),), "circular"), [(1, 3, 5)]),
    (ops.Pad(((50, 0),), "replicate"), [(1, 3, 5)]),
    (ops.Attention(3, 3), [(1, 9, 5)]),
    (ops.Tokens(0, 3, 5), [(1, 3, 5)]),
    (ops.Pool("max", (5,), (1,), ((0, 0),)), [(1, 3, 5)]),
]


@each(("op", "given", "reason"), CHECKED)
def test_what_an_operation_cannot_take_is_told(op: ops.Op, given: list[ops.Shape], reason: str) -> None:
    node = ops.Node("n", op, tuple(range(len(given))))
    with pytest.raises(ShapeError) as caught:
        check_node(node, given, output_shape(op, given))
    assert str(caught.value) == reason


@each(("op", "given"), FITTING)
def test_what_it_can_just_take_is_taken(op: ops.Op, given: list[ops.Shape]) -> None:
    out = output_shape(op, given)
    check_node(ops.Node("n", op, tuple(range(len(given)))), given, out)
    assert min(out) >= 1
