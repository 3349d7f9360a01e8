"""The execution of small graphs, against numbers worked out by hand."""

import tracemalloc

import numpy as np
import pytest

from convcost.execute.activations import FUNCTIONS
from convcost.execute.ones.measure import measure
from convcost.graph.ops import Activation, Add, BatchNorm, Conv, Graph, Node
from convcost.spec.layer import ACTIVATIONS, LayerSpec
from convcost.variants.registry import build_variant

LAYER = LayerSpec(64, 128, (3, 3), (56, 56), padding=((1, 1), (1, 1)))


def conv(kernel: int, stride: int = 1, pad: tuple[int, int] = (0, 0), dilation: int = 1, **fields: object) -> Conv:
    """A 1-D convolution from 1 to 1 channel unless told otherwise."""
    base = Conv(1, 1, (kernel,), (stride,), (pad,), (dilation,))
    return base._replace(**fields)


def line(length: int, *ops: Conv | Activation | BatchNorm, dtype: str = "fp32", channels: int = 1) -> Graph:
    """Operations one after the other over one axis."""
    nodes = [Node(f"op{i}", op, (i,)) for i, op in enumerate(ops)]
    return Graph((1, channels, length), dtype, tuple(nodes))


@pytest.mark.parametrize(
    ("op", "length", "out", "macs", "effective_macs"),
    [
        (conv(3), 5, 3, 9, 9),
        (conv(3, pad=(1, 1)), 5, 5, 15, 13),
        (conv(3, pad=(2, 0)), 5, 5, 15, 12),
        (conv(3, stride=2, pad=(0, 1)), 6, 3, 9, 8),
        (conv(2, stride=3), 5, 2, 4, 4),
        (conv(3, pad=(2, 2), dilation=2), 5, 5, 15, 11),
        (conv(1, pad=(2, 2)), 3, 7, 7, 3),
        (conv(3, pad=(1, 1), padding_mode="circular"), 5, 5, 15, 15),
        (conv(3, stride=2, transposed=True), 3, 7, 9, 9),
        (conv(3, stride=2, pad=(1, 1), transposed=True), 3, 5, 9, 7),
        (conv(3, stride=2, pad=(1, 1), transposed=True, output_padding=(1,)), 3, 6, 9, 8),
        (conv(1, stride=2, transposed=True, output_padding=(1,)), 3, 6, 3, 3),
    ],
)
def test_products_of_one_line_are_those_drawn_on_paper(
    op: Conv, length: int, out: int, macs: int, effective_macs: int
) -> None:
    """Windows over a handful of positions, with and without border."""
    assert measure(line(length, op))[:4] == ((1, 1, out), 3 if 3 in op.kernel_size else op.kernel_size[0], macs,
                                             effective_macs)  # fmt: skip


def test_every_channel_batch_and_group_counts() -> None:
    """2 images of 6 positions, 4 outputs that read 3 of 6 channels at 2 x 2 taps, and a bias each."""
    op = Conv(6, 4, (2, 2), (1, 1), ((0, 0), (0, 0)), (1, 1), groups=2, bias=True)
    measured = measure(Graph((2, 6, 3, 4), "fp32", (Node("conv", op, (0,)),)))
    assert measured[:4] == ((2, 4, 2, 3), 4 * 3 * 4 + 4, 2 * 6 * 4 * 3 * 4, 2 * 6 * 4 * 3 * 4)


def test_results_are_plain_ints() -> None:
    """JSON and exact arithmetic need Python's integers, not NumPy's."""
    measured = measure(build_variant("basic-block", LAYER._replace(norm=True)).graph)
    for op in measured.ops:
        assert [type(value) for value in op[2:]] == [int] * 9
        assert [type(n) for n in op.output_shape] == [int] * 4
    assert [type(value) for value in measured[1:5]] == [int] * 4


@pytest.mark.parametrize(
    ("variant", "peak_bytes"),
    [("standard", 2_408_448), ("basic-block", 4_014_080), ("bottleneck", 2_007_040), ("depthwise", 1_605_632)],
)
def test_peak_bytes_of_a_known_layer(variant: str, peak_bytes: int) -> None:
    """64:128 @56 k3: input and output together; a residual block holds its input until the projection."""
    assert measure(build_variant(variant, LAYER).graph).peak_bytes == peak_bytes


@pytest.mark.parametrize(("dtype", "element"), [("fp32", 4), ("fp16", 2), ("bf16", 2), ("int8", 1)])
def test_peak_is_counted_in_the_bytes_of_the_dtype(dtype: str, element: int) -> None:
    """Five positions in, three out."""
    assert measure(line(5, conv(3), dtype=dtype)).peak_bytes == 8 * element


def test_elementwise_operations_write_over_what_nobody_needs_but_never_over_the_input() -> None:
    """Norm and activation need a tensor of their own on the graph's input, and without `inplace`."""
    assert measure(line(10, Activation("relu"))).peak_bytes == 20 * 4
    assert measure(line(10, conv(1), BatchNorm(1), Activation("relu"))).peak_bytes == 20 * 4
    grown = conv(1, out_channels=3)
    assert measure(line(10, grown, BatchNorm(3))).peak_bytes == 40 * 4
    assert measure(line(10, grown, BatchNorm(3)), inplace=False).peak_bytes == 60 * 4


def test_an_input_needed_later_stays_alive_and_unwritten() -> None:
    """The first convolution's output feeds the activation and the add: three tensors of 10 at the activation."""
    nodes = (
        Node("conv", conv(1), (0,)),
        Node("activation", Activation("relu"), (1,)),
        Node("add", Add(), (2, 1)),
    )
    measured = measure(Graph((1, 1, 10), "int8", nodes))
    assert measured.peak_bytes == 20
    held = (*nodes[:2], Node("wide", conv(1, out_channels=5), (2,)), Node("narrow", conv(1, in_channels=5), (3,)),
            Node("add", Add(), (4, 1)))  # fmt: skip
    assert measure(Graph((1, 1, 10), "int8", held)).peak_bytes == 10 + 10 + 50


def test_a_value_added_to_itself_is_written_over_once() -> None:
    """Both reads are of one tensor."""
    nodes = (Node("conv", conv(1), (0,)), Node("add", Add(), (1, 1)), Node("again", Add(), (2, 2)))
    assert measure(Graph((1, 1, 10), "int8", nodes)).peak_bytes == 20


def test_norm_reads_two_weights_a_channel() -> None:
    """Scale and shift; nothing else has parameters or products."""
    measured = measure(line(4, BatchNorm(3), Activation("silu"), channels=3))
    assert measured[:4] == ((1, 3, 4), 6, 0, 0)
    assert [op.params for op in measured.ops] == [6, 0]


def test_what_does_not_fit_is_an_error() -> None:
    """No window, or groups that do not divide: nothing is made up."""
    with pytest.raises(ValueError, match="does not fit into 2"):
        measure(line(2, conv(3)))
    with pytest.raises(ValueError, match="3 groups do not divide"):
        measure(line(5, conv(1, in_channels=4, groups=3), channels=4))
    with pytest.raises(ValueError, match="do not fit 2 channels"):
        measure(line(5, conv(1), channels=2))


@pytest.mark.parametrize("transposed", [False, True])
def test_more_taps_than_positions_are_counted_position_by_position(transposed: bool) -> None:
    """Both orders of the same sum: a kernel as long as the input has few windows, each of many taps."""
    few, many = measure(line(40, conv(38, pad=(1, 1), transposed=transposed))), 0
    for at in range(40) if transposed else range(5):
        reach = range(at, at + 38)
        many += sum(1 <= place < (76 if transposed else 41) for place in reach)
    assert few[:4] == ((1, 1, 75 if transposed else 5), 38, 38 * (40 if transposed else 5), many)
    wide = conv(100_000, pad=(5, 0), transposed=transposed)
    assert measure(line(99_995 if not transposed else 2, wide)).macs == 100_000 * (2 if transposed else 1)


@pytest.mark.parametrize("groups", [1, 8])
def test_scratch_stays_within_a_few_times_the_tensors_even_for_a_huge_kernel(groups: int) -> None:
    """A kernel of 41 x 41 has 1681 taps; nothing of that size times the input is ever allocated."""
    op = Conv(8, 8, (41, 41), (1, 1), ((20, 20), (20, 20)), (1, 1), groups=groups)
    tensors = 2 * 8 * 64 * 64
    tracemalloc.start()
    try:
        measure(Graph((1, 8, 64, 64), "int8", (Node("conv", op, (0,)),)))
        assert tracemalloc.get_traced_memory()[1] < 12 * tensors
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("kind", ACTIVATIONS)
def test_every_activation_is_a_function(kind: str) -> None:
    """Known at 0, where half of them are 0 and a sigmoid is a half, and bounded by the identity at 8."""
    low, zero, high = FUNCTIONS[kind](np.array([-8, 0, 8], np.float32)).tolist()
    assert zero == {"sigmoid": 0.5, "hardsigmoid": 0.5}.get(kind, 0)
    assert -2 < low <= 0.001
    assert 0.99 < high < 8.5
