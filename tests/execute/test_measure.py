"""The execution of small graphs, against numbers worked out by hand."""

import tracemalloc

import numpy as np
import pytest
from tables import each

from convcost.analysis import analyze, words
from convcost.execute.activations import FUNCTIONS
from convcost.execute.ones.measure import measure
from convcost.graph import ops
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


@each(
    ("op", "length", "out", "macs", "effective_macs"),
    [
        (conv(3), 5, 3, 9, 9),
        (conv(3, pad=(1, 1)), 5, 5, 15, 13),
        (conv(3, pad=(2, 0)), 5, 5, 15, 12),
        (conv(3, stride=2, pad=(0, 1)), 6, 3, 9, 8),
        (conv(2, stride=3), 5, 2, 4, 4),
        (conv(2, stride=2), 5, 2, 4, 4),
        (conv(1, stride=2), 5, 3, 3, 3),
        (conv(1), 5, 5, 5, 5),
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


@each(
    ("variant", "peak_bytes"),
    [("standard", 2_408_448), ("basic-block", 4_014_080), ("bottleneck", 2_007_040), ("depthwise", 1_605_632)],
)
def test_peak_bytes_of_a_known_layer(variant: str, peak_bytes: int) -> None:
    """64:128 @56 k3: input and output together; a residual block holds its input until the projection."""
    assert measure(build_variant(variant, LAYER).graph).peak_bytes == peak_bytes


@each(("dtype", "element"), [("fp32", 4), ("fp16", 2), ("bf16", 2), ("int8", 1)])
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


@each("kind", ACTIVATIONS)
def test_every_activation_is_a_function(kind: str) -> None:
    """Known at 0, where half of them are 0 and a sigmoid is a half, and bounded by the identity at 8."""
    low, zero, high = FUNCTIONS[kind](np.array([-8, 0, 8], np.float32)).tolist()
    assert zero == {"sigmoid": 0.5, "hardsigmoid": 0.5}.get(kind, 0)
    assert -2 < low <= 0.001
    assert 0.99 < high < 8.5


#: 2 images of 6 channels of 3 x 4: 144 numbers.
INPUT = (2, 6, 3, 4)

WORDS = (
    "params", "macs", "effective_macs", "elementwise", "conv_activations", "weight_bytes", "activation_bytes",
    "traffic_bytes", "peak_bytes",
)  # fmt: skip

PADDED = Conv(6, 4, (3, 2), (1, 1), ((1, 0), (0, 1)), (1, 1), 2, True)
TURNED = Conv(6, 4, (2, 2), (2, 1), ((1, 0), (0, 0)), (1, 1), 2, False, "zeros", True, (1, 0))
COUNTED = ops.Counted("x", (1, 4, 2), 5, 7, 3, 11, times=2)

#: An operation alone on that input, in two bytes a number: what it puts out, and every word in their order.
BY_HAND: dict[str, tuple[ops.Op, int, tuple[ops.Shape, tuple[int, ...]]]] = {
    # windows of 3 x 2 over 4 x 5: 2 x 4 of them; 5 of 6 rows and 7 of 8 columns of products touch data
    "conv": (PADDED, 1, ((2, 4, 2, 4), (76, 64 * 18, 8 * 3 * 5 * 7, 64, 64, 152, 128, 2 * (144 + 76 + 64), 2 * 208))),
    "copied border": (PADDED._replace(padding_mode="replicate"), 1,
                      ((2, 4, 2, 4), (76, 64 * 18, 64 * 18, 64, 64, 152, 128, 2 * (144 + 76 + 64), 2 * 208))),
    # 12 positions land at 2 x 2 places each, a tenth of the rows is cropped: 5 of 6
    "transposed": (TURNED, 1, ((2, 4, 6, 5), (48, 1152, 960, 0, 240, 96, 480, 2 * (144 + 48 + 240), 2 * 384))),
    "shared": (PADDED._replace(shared=True), 1,
               ((2, 4, 2, 4), (0, 64 * 18, 8 * 3 * 5 * 7, 64, 64, 0, 128, 2 * (144 + 76 + 64), 2 * 208))),
    "linear": (ops.Linear(6, 5, bias=True), 1,
               ((2, 5, 3, 4), (35, 720, 720, 120, 120, 70, 240, 2 * (144 + 35 + 120), 2 * 264))),
    "shared linear": (ops.Linear(6, 5, True, True), 1,
                      ((2, 5, 3, 4), (0, 720, 720, 120, 120, 0, 240, 2 * (144 + 35 + 120), 2 * 264))),
    "add": (Add(), 2, (INPUT, (0, 0, 0, 144, 0, 0, 288, 576, 576))),
    "multiply": (ops.Multiply(), 2, (INPUT, (0, 0, 0, 144, 0, 0, 288, 576, 576))),
    "concat": (ops.Concat(), 2, ((2, 12, 3, 4), (0, 0, 0, 0, 0, 0, 576, 864, 864))),
    "split": (ops.Split(1, 4), 1, ((2, 3, 3, 4), (0, 0, 0, 0, 0, 0, 0, 0, 288))),
    "shuffle": (ops.Shuffle(3), 1, (INPUT, (0, 0, 0, 0, 0, 0, 288, 576, 576))),
    "flatten": (ops.Flatten(), 1, ((2, 72), (0, 0, 0, 0, 0, 0, 0, 0, 288))),
    "activation": (Activation("silu"), 1, (INPUT, (0, 0, 0, 144, 0, 0, 288, 576, 576))),
    "batch-norm": (BatchNorm(6), 1, (INPUT, (12, 0, 0, 288, 0, 24, 288, 600, 576))),
    "layer-norm": (ops.LayerNorm(6), 1, (INPUT, (12, 0, 0, 720, 0, 24, 288, 600, 576))),
    "scale": (ops.Scale(6), 1, (INPUT, (6, 0, 0, 144, 0, 12, 288, 588, 576))),
    "group-norm": (ops.Norm("group-norm", 6, 3), 1, (INPUT, (12, 0, 0, 720, 0, 24, 288, 600, 576))),
    "rms-norm": (ops.Norm("rms-norm", 6), 1, (INPUT, (6, 0, 0, 576, 0, 12, 288, 588, 576))),
    "softmax": (ops.Norm("softmax", 6, 1, False), 1, (INPUT, (0, 0, 0, 720, 0, 0, 288, 576, 576))),
    "pool": (ops.Pool("max", (3, 2), (2, 2), ((1, 1), (0, 1))), 1,
             ((2, 6, 2, 2), (0, 0, 0, 6 * 48, 0, 0, 96, 384, 384))),
    "hanging pool": (ops.Pool("avg", (2, 3), (2, 2), ((0, 0), (0, 0)), True), 1,
                     ((2, 6, 2, 2), (0, 0, 0, 6 * 48, 0, 0, 96, 384, 384))),
    "dilated pool": (ops.Pool("max", (2, 2), (1, 1), ((1, 0), (0, 1)), False, (2, 3)), 1,
                     ((2, 6, 2, 2), (0, 0, 0, 4 * 48, 0, 0, 96, 384, 384))),
    # windows of 2 and 2 rows; of 2, 2 and 2 columns
    "adaptive": (ops.AdaptivePool("avg", (2, 3)), 1, ((2, 6, 2, 3), (0, 0, 0, 12 * 4 * 6, 0, 0, 144, 432, 432))),
    "bilinear": (ops.Upsample("bilinear", (2, 1)), 1, ((2, 6, 6, 4), (0, 0, 0, 2 * 288, 0, 0, 576, 864, 864))),
    "bilinear both ways": (ops.Upsample("bilinear", (2, 2)), 1,
                           ((2, 6, 6, 8), (0, 0, 0, 4 * 576, 0, 0, 1152, 1440, 1440))),
    "by one": (ops.Upsample("nearest", (1, 1)), 1, (INPUT, (0, 0, 0, 0, 0, 0, 288, 576, 576))),
    "bilinear by one": (ops.Upsample("bilinear", (1, 1)), 1, (INPUT, (0, 0, 0, 144, 0, 0, 288, 576, 576))),
    "nearest": (ops.Upsample("nearest", (2, 1)), 1, ((2, 6, 6, 4), (0, 0, 0, 0, 0, 0, 576, 864, 864))),
    "pixel-shuffle": (ops.PixelShuffle((2, 1)), 1, ((2, 3, 6, 4), (0, 0, 0, 0, 0, 0, 288, 576, 576))),
    "blocks of one": (ops.PixelShuffle((1, 1)), 1, (INPUT, (0, 0, 0, 0, 0, 0, 288, 576, 576))),
    "shuffle of one group": (ops.Shuffle(1), 1, (INPUT, (0, 0, 0, 0, 0, 0, 288, 576, 576))),
    "pad of nothing": (ops.Pad(((0, 0), (0, 0))), 1, (INPUT, (0, 0, 0, 0, 0, 0, 288, 576, 576))),
    "tokens that add no row": (ops.Tokens(0, 6, 12), 1, ((2, 6, 12), (72, 0, 0, 144, 0, 144, 288, 720, 576))),
    "pad": (ops.Pad(((1, 0), (-1, 2))), 1, ((2, 6, 4, 5), (0, 0, 0, 0, 0, 0, 480, 768, 768))),
    # two heads of one feature; 12 x 12 pairs in each image and head
    "attention": (ops.Attention(2, 2), 1,
                  ((2, 2, 3, 4), (0, 2 * 576, 2 * 576, 6 * 576, 576 + 48, 0, 96, 384, 384))),
    "tokens": (ops.Tokens(1, 6, 13), 1, ((2, 6, 13), (84, 0, 0, 156, 0, 168, 312, 2 * (144 + 84 + 156), 600))),
    "counted": (COUNTED, 1, ((1, 4, 2), (5, 14, 6, 22, 16, 10, 32, 2 * (288 + 10 + 16), 304))),
    "counted, moving nine": (COUNTED._replace(moved=9, conv_activations=4), 1,
                             ((1, 4, 2), (5, 14, 6, 22, 8, 10, 32, 36, 304))),
    "counted as a view": (COUNTED._replace(view=True, macs=0, effective_macs=0), 1,
                          ((1, 4, 2), (5, 0, 0, 22, 0, 10, 0, 2 * (288 + 10 + 16), 288))),
}  # fmt: skip


def all_words(graph: Graph) -> list[tuple[ops.Shape, tuple[int, ...]]]:
    """Of the analysis and of the execution."""
    said, measured = words(analyze(graph)), measure(graph)
    return [
        (said["output_shape"], tuple([said[word] for word in WORDS])),
        (measured.output_shape, tuple([getattr(measured, word) for word in WORDS])),
    ]


@each("name", BY_HAND)
def test_every_word_of_every_operation_by_hand(name: str) -> None:
    """Analysed and executed: neither is held against the other here."""
    op, inputs, expected = BY_HAND[name]
    assert all_words(Graph(INPUT, "fp16", (Node("op", op, (0,) * inputs),))) == [expected] * 2


@each(
    ("op", "dtype", "weight_bytes", "activation_bytes", "traffic_bytes"),
    [
        # 30 weights and 5 biases, 144 numbers read, 120 written
        (ops.Linear(6, 5, True), "fp64", 8 * 35, 8 * 120, 8 * (144 + 35 + 120)),
        (ops.Linear(6, 5, True), "int4", 15 + 20, 60, 72 + 35 + 60),
        (ops.Linear(6, 5, True), "w4a8", 15 + 20, 120, 144 + 35 + 120),
        (ops.Linear(6, 5, True), "w4a16", 15 + 40, 240, 288 + 55 + 240),
        (ops.Linear(6, 5, True), "binary", 4 + 20, 15, 18 + 24 + 15),
        (ops.Linear(6, 5, True), "fp8", 35, 120, 144 + 35 + 120),
        (ops.Linear(6, 1), "binary", 1, 3, 18 + 1 + 3),
        (BatchNorm(6), "w8a16", 4 * 12, 288, 288 + 48 + 288),
        (BatchNorm(6), "bf16", 2 * 12, 288, 288 + 24 + 288),
        (BatchNorm(6), "uint8", 4 * 12, 144, 144 + 48 + 144),
        (ops.Tokens(1, 6, 13), "int4", 3 + 39, 78, 72 + 42 + 78),
    ],
    ids=str,
)
def test_bytes_in_every_type_by_hand(
    op: ops.Op, dtype: str, weight_bytes: int, activation_bytes: int, traffic_bytes: int
) -> None:
    """Beside integers a bias has 32 bits, 64 with values of 16, and a norm's params are fp32; no byte is shared."""
    for _, found in all_words(Graph(INPUT, dtype, (Node("op", op, (0,)),))):
        named = dict(zip(WORDS, found))
        assert named["weight_bytes"] == weight_bytes
        assert (named["activation_bytes"], named["traffic_bytes"]) == (activation_bytes, traffic_bytes)


def test_tensors_of_a_file_are_counted_each_in_its_own_type() -> None:
    """A product of int8 weights and an fp32 bias from fp16 to fp32, an activation that finds no room in it."""
    nodes = (Node("product", ops.Linear(6, 5, True), (0,)), Node("act", Activation("relu"), (1,)))
    graph = Graph(INPUT, "fp16", nodes, ("fp16", "fp32", "fp16"), ((("int8", 30), ("fp32", 5)), ()))
    for _, found in all_words(graph):
        named = dict(zip(WORDS, found))
        assert (named["weight_bytes"], named["activation_bytes"]) == (30 + 20, 4 * 120 + 2 * 120)
        assert named["traffic_bytes"] == (288 + 50 + 480) + (480 + 240)
        assert named["peak_bytes"] == 288 + 480
    wide = graph._replace(value_types=("fp16", "fp32", "fp32"))
    assert [dict(zip(WORDS, found))["activation_bytes"] for _, found in all_words(wide)] == [480, 480]


def test_values_alone_may_have_types() -> None:
    """What is learned then has that of the graph: 30 weights in 16 bits, 120 numbers in 32."""
    nodes = (Node("product", ops.Linear(6, 5), (0,)),)
    for _, found in all_words(Graph(INPUT, "fp16", nodes, ("fp16", "fp32"))):
        named = dict(zip(WORDS, found))
        assert (named["weight_bytes"], named["activation_bytes"], named["traffic_bytes"]) == (60, 480, 288 + 60 + 480)


def test_a_file_whose_types_do_not_fit_the_weights_is_an_error() -> None:
    nodes = (Node("product", ops.Linear(6, 5, True), (0,)),)
    with pytest.raises(ValueError, match="product: 35 numbers were read"):
        measure(Graph(INPUT, "fp16", nodes, ("fp16", "fp32"), ((("int8", 30), ("fp32", 4)),)))


def test_an_operation_met_again_is_counted_once_and_gets_an_array_of_its_own() -> None:
    """Equal as tuples, a norm and a scale of eight channels are two."""
    one = Conv(8, 8, (1,), (1,), ((0, 0),), (1,))
    nodes = (Node("a", one, (0,)), Node("b", one, (0,)), Node("norm", BatchNorm(8), (1,)),
             Node("scale", ops.Scale(8), (2,)), Node("add", Add(), (3, 4)))  # fmt: skip
    found = measure(Graph((1, 8, 5), "int8", nodes))
    assert [op.params for op in found.ops] == [64, 64, 16, 8, 0]
    assert (found.activation_bytes, found.peak_bytes) == (80, 120)


def test_an_input_of_the_graph_is_alive_and_no_activation_of_its_own() -> None:
    """A mask beside the input: read, never written over, nothing allocated."""
    nodes = (Node("mask", ops.Counted("input", (2, 6, 3, 4)), ()), Node("gate", ops.Multiply(), (0, 1)))
    for _, found in all_words(Graph(INPUT, "int8", nodes)):
        named = dict(zip(WORDS, found))
        assert (named["activation_bytes"], named["peak_bytes"]) == (144, 3 * 144)


def test_a_graph_of_nothing_is_its_input() -> None:
    assert measure(Graph(INPUT, "int8", ()))[:6] == (INPUT, 0, 0, 0, 144, ())


IN_PLACE = ops.Counted("where", (1, 1, 10), in_place=True)


@each(
    ("op", "read_again", "new"),
    [
        (Add(), 1, 0), (Add(), 2, 0), (ops.Multiply(), 1, 10), (ops.Multiply(), 2, 0), (ops.Concat(), 1, 20),
        (ops.Concat(), 2, 20), (IN_PLACE, 1, 10), (IN_PLACE, 2, 0), (IN_PLACE._replace(in_place=False), 2, 10),
    ],
    ids=str,
)  # fmt: skip
def test_only_a_sum_writes_over_a_second_input(op: ops.Op, read_again: int, new: int) -> None:
    """Of two branches one is read again and the other by nobody: a sum takes that one, others their first or none."""
    nodes = (Node("a", conv(1), (0,)), Node("b", conv(1), (0,)), Node("op", op, (1, 2)),
             Node("again", conv(1), (read_again,)))  # fmt: skip
    for _, found in all_words(Graph((1, 1, 10), "int8", nodes)):
        assert dict(zip(WORDS, found))["activation_bytes"] == 30 + new
