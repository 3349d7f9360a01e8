"""Maps and totals of the array execution by hand, and against the scalar loop, which is held to the same cases."""

from __future__ import annotations

from itertools import product

import numpy as np
from strategies import each_layer
from tables import each

from convcost.execute.ones.counting import conv_weights, convolve, convolve_transposed
from convcost.execute.ones.measure import measure
from convcost.execute.ones.scalar import Counts, count_scalar, every_position
from convcost.graph.ops import Conv, Graph, Node
from convcost.spec.layer import LayerSpec
from convcost.variants.registry import AS_GIVEN, build_variant


def conv(kernel: tuple[int, ...], stride: int = 1, **fields: object) -> Conv:
    """From one channel to one, the same stride on every axis, without padding unless told otherwise."""
    axes = len(kernel)
    op = Conv(1, 1, kernel, (stride,) * axes, ((0, 0),) * axes, (1,) * axes)
    return op._replace(**fields)


#: A convolution, the size of its input, and its two maps counted with a pencil: all products, and those on data
#: (transposed: before cropping, and after).
BY_HAND = {
    "windows that fit": (conv((3,)), (5,), [3, 3, 3], [3, 3, 3]),
    "padding on both sides": (conv((3,), padding=((1, 1),)), (4,), [3, 3, 3, 3], [2, 3, 3, 2]),
    "more before than after": (conv((3,), padding=((2, 0),)), (4,), [3, 3, 3, 3], [1, 2, 3, 3]),
    "a stride past the end": (conv((2,), 3, padding=((1, 0),)), (5,), [2, 2], [1, 2]),
    "a window on padding alone": (conv((1,), padding=((1, 1),)), (2,), [1, 1, 1, 1], [0, 1, 1, 0]),
    "dilation over the middle": (conv((2,), padding=((1, 1),), dilation=(3,)), (3,), [2, 2], [1, 1]),
    "channels of a group": (conv((2,), in_channels=6, groups=2, out_channels=2), (3,), [6, 6], [6, 6]),
    "a copied border": (conv((3,), padding=((1, 1),), padding_mode="reflect"), (3,), [3, 3, 3], [3, 3, 3]),
    "two axes": (
        conv((2, 3), padding=((1, 0), (1, 1))), (2, 2),
        [[6, 6], [6, 6]], [[2, 2], [4, 4]],
    ),
    "two axes, uneven strides": (
        conv((2, 2), stride=2, padding=((0, 1), (1, 0))), (3, 3),
        [[4, 4], [4, 4]], [[2, 4], [1, 2]],
    ),
    "transposed, overlapping": (
        conv((3,), 2, transposed=True, output_padding=(0,)), (3,), [1, 1, 2, 1, 2, 1, 1], [1, 1, 2, 1, 2, 1, 1]
    ),
    "transposed, cropped and longer": (
        conv((3,), 2, padding=((1, 2),), transposed=True, output_padding=(1,)), (3,), [1, 1, 2, 1, 2, 1, 1],
        [1, 2, 1, 2, 1],
    ),
    "transposed with holes": (
        conv((1,), 3, transposed=True, output_padding=(1,)), (2,), [1, 0, 0, 1], [1, 0, 0, 1, 0]
    ),
    "transposed, two axes": (
        conv((2, 1), 1, padding=((1, 0), (0, 0)), transposed=True, output_padding=(0, 0)), (2, 2),
        [[1, 1], [2, 2], [1, 1]], [[2, 2], [1, 1]],
    ),
}  # fmt: skip


@each("name", BY_HAND)
def test_maps_are_those_counted_by_hand(name: str) -> None:
    """Of the array execution and of the scalar loop; and MACs are their sums, over output channels."""
    op, size, nominal, effective = BY_HAND[name]
    for found, expected in zip(count_scalar(op, size), (nominal, effective)):
        drawn = {at: int(n) for at, n in np.ndenumerate(np.array(expected))}
        assert {at: n for at, n in found.items() if n} == {at: n for at, n in drawn.items() if n}
    weights, ones = conv_weights(op), np.ones((1, *size, op.in_channels), np.uint8)
    if op.transposed:
        full, cropped = convolve_transposed(op, ones, weights)
    else:
        counted = convolve(op, ones, weights)
        full, cropped = counted.nominal, counted.effective
    assert [full[0, ..., 0].tolist(), cropped[0, ..., 0].tolist()] == [nominal, effective]
    measured = measure(Graph((1, op.in_channels, *size), "fp32", (Node("conv", op, (0,)),)))
    assert measured[2:4] == (op.out_channels * np.sum(nominal), op.out_channels * np.sum(effective))


def as_map(counts: np.ndarray) -> Counts:
    """The first group of the first image: position -> count."""
    return {at: int(count) for at, count in np.ndenumerate(counts[0, ..., 0])}


def conv_graph(spec: LayerSpec) -> tuple[Conv, Graph]:
    """The layer as described, alone."""
    node = build_variant(AS_GIVEN, spec).graph.nodes[0]
    assert isinstance(node.op, Conv)
    return node.op, Graph((spec.batch, spec.in_channels, *spec.input_size), spec.dtype, (Node("conv", node.op, (0,)),))


@each_layer(channels=3)
def test_maps_and_totals_equal_those_of_a_scalar_loop(spec: LayerSpec) -> None:
    """At every position of the output, and in sum over positions, channels and images."""
    op, graph = conv_graph(spec)
    nominal, effective = count_scalar(op, spec.input_size)
    measured = measure(graph)
    factor = spec.batch * op.out_channels
    assert (measured.macs, measured.effective_macs) == (
        factor * sum(nominal.values()), factor * sum(effective.values()),
    )  # fmt: skip
    assert measured.output_shape[2:] == tuple([1 + max(axis) for axis in zip(*effective)])

    weights = conv_weights(op)
    ones = np.ones((1, *spec.input_size, op.in_channels), np.uint8)
    if op.transposed:
        full, cropped = convolve_transposed(op, ones, weights)
        assert as_map(cropped) == effective
        assert {at: n for at, n in as_map(full).items() if n} == nominal
    else:
        counted = convolve(op, ones, weights)
        assert as_map(counted.effective) == effective
        assert as_map(counted.nominal) == nominal


@each_layer(50, channels=3)
def test_params_equal_weights_counted_one_by_one(spec: LayerSpec) -> None:
    """One weight for every tap of every input channel that shares a group with an output channel."""
    op, graph = conv_graph(spec)
    count = op.out_channels * op.bias
    for outer, inner in product(range(op.out_channels), range(op.in_channels)):
        if outer * op.groups // op.out_channels == inner * op.groups // op.in_channels:
            count += len(list(every_position(op.kernel_size)))
    assert measure(graph).params == count
