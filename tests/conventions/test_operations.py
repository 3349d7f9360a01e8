"""Operations as counters see them: what a file counts by definition, and what no golden module is of."""

from __future__ import annotations

from tables import each

from convcost.conventions.answer import find_conventions, say_all
from convcost.conventions.operations import _covered, _grows, see
from convcost.graph.ops import (
    Activation,
    AdaptivePool,
    Attention,
    BatchNorm,
    Conv,
    Counted,
    Flatten,
    Graph,
    LayerNorm,
    Linear,
    Node,
    Norm,
    Op,
    Pool,
    Scale,
    Split,
    Tokens,
    Upsample,
)
from convcost.graph.shapes import infer_shapes

#: 2 x 3 x 4 = 24 elements.
SHAPE = (2, 3, 4)


def alone(op: Counted) -> Graph:
    return Graph(SHAPE, "fp32", (Node("alone", op, (0,)),))


def test_products_on_data_are_those_of_every_run_of_a_loop() -> None:
    """7 runs of 100 products, 90 of them on data; the weights are learned once."""
    op = Counted("loop-conv", SHAPE, params=50, macs=100, effective_macs=90, times=7)
    (one,) = see(alone(op), [SHAPE, SHAPE])
    assert [one.sizes[size] for size in ("macs", "effective_macs", "params")] == [700, 630, 50]


@each(
    ("tool", "kind", "figure"),
    [
        ("onnx-tool", "pow", 32 * 24),
        ("onnx-tool", "div", 4 * 24),
        ("jax", "silu", 4 * 24),
        ("jax", "sigmoid", 3 * 24),
        ("thop", "plain-norm", 2 * 24),
        ("fvcore", "plain-norm", 4 * 24),
        ("thop", "softmax", 3 * 24 - 8),  # 8 rows of 3
        ("ultralytics-thop", "softmax", 3 * 24 - 8),
        ("onnx-tool", "softmax", 36 * 24),
        ("tf.profiler", "softmax", 5 * 24),
        ("calflops-flops", "softmax", 24),
        ("thop", "upsample-bicubic", 259 * 24),
        ("ultralytics-thop", "upsample-bicubic", 259 * 24),
        ("onnx-tool", "upsample-bicubic", 4 * 24),
        ("flopth", "upsample-bicubic", 2 * 4),  # one channel of them
        ("ptflops-hooks", "upsample-bicubic", 12),  # of one sample
        ("ptflops-pytorch", "upsample-bicubic", 24 + 12),  # by its hook and by its function
        ("thop", "upsample-nearest", 24),
        ("fvcore", "upsample-nearest", 24),
        ("ptflops-pytorch", "upsample-nearest", 24 + 12),
        ("thop", "prelu", 24),
        ("flopth", "selu", 24),
        ("mmcv", "prelu", 12),
        ("ultralytics-thop", "plain-norm", 2 * 24),
        ("flopth", "plain-norm", 24),
        ("mmcv", "plain-norm", 12),
        ("onnx-tool", "gelu", 7 * 24),
        ("onnx-tool", "clip", 2 * 24),
        ("onnx-tool", "tanh", 76 * 24),
        ("torchscan-flops", "tanh", 6 * 12),
        ("torchscan-flops", "layer-norm", 8 * 12 + 2 * 4),
        ("torchscan-flops", "dropout", 12),
        ("tf.profiler", "mean", 24),
        ("tf.profiler", "mul", 24),
    ],
)
def test_what_a_tools_source_says_of_24_elements(tool: str, kind: str, figure: int) -> None:
    """Kinds that no golden figure has."""
    op = Counted(kind, SHAPE, elementwise=24)
    said = say_all(find_conventions(tool)[-1:], see(alone(op), [SHAPE, SHAPE]), None)
    assert said[0].sum.value == figure


@each(
    ("tool", "figure"),
    [
        ("fvcore", 100), ("torchprofile", 100), ("onnx-tool", 100), ("ptflops-aten", 100), ("calflops-macs", 100),
        ("FlopCounterMode", 200), ("calflops-flops", 200), ("deepspeed-flops", 200), ("torchscan-operator-flops", 100),
        ("tf.profiler", 200 + 24), ("jax", 2 * 90 + 24), ("thop", 0), ("torchinfo", 0), ("ptflops-hooks", 0),
    ],
)  # fmt: skip
def test_what_a_tool_says_of_a_product_of_two_inputs(tool: str, figure: int) -> None:
    """100 products, 90 of them on data, and 24 sums besides; hooks see no function, one tool one sample of two."""
    op = Counted("mat-mul", SHAPE, macs=100, effective_macs=90, elementwise=24)
    said = say_all(find_conventions(tool)[-1:], see(alone(op), [SHAPE, SHAPE]), None)
    assert said[0].sum.value == figure


CONV = Conv(4, 6, (3, 2), (2, 1), ((1, 0), (1, 2)), (1, 2), 2, bias=True)
BACK = Conv(4, 6, (3, 2), (2, 1), ((1, 0), (0, 1)), (1, 2), 2, bias=True, transposed=True, output_padding=(1, 0))
POOL = Pool("max", (3, 3), (2, 2), ((1, 1), (1, 1)))

#: Each operation on an input, with its kind and its quantities, counted by hand.
SEEN: list[tuple[Op, tuple[int, ...], str, dict[str, int]]] = [
    # 2 x 6 x 4 x 8 outputs of 2 x 6 products; 11 of 12 and 13 of 16 an axis touch data
    (CONV, (2, 4, 9, 7), "conv", {
        "in": 504, "out": 384, "macs": 4608, "effective_macs": 2 * 2 * 6 * 11 * 13, "bias": 384, "weights": 72,
        "params": 78, "dims": 2, "sample_macs": 72 * 32, "conv_activations": 384, "copied": 0,
    }),
    (CONV._replace(bias=False, padding_mode="reflect"), (2, 4, 9, 7), "conv", {
        "in": 504, "out": 384, "macs": 4608, "effective_macs": 4608, "bias": 0, "weights": 72, "params": 72, "dims": 2,
        "sample_macs": 72 * 32, "conv_activations": 384, "copied": 1,
    }),
    # 2 x 6 x 11 x 8 outputs; each of 2 x 4 x 5 x 7 inputs meets 3 outputs of its group at 6 taps
    (BACK, (2, 4, 5, 7), "transposed", {
        "in": 280, "out": 1056, "macs": 5040, "bias": 1056, "weights": 72, "params": 78, "dims": 2,
        "sample_macs": 72 * 88, "conv_activations": 1056, "copied": 0, "moved_macs": 1056 * 2 * 6,
        "crossed_macs": 1056 * 3 * 6, "confused_macs": 1056 * 4 * 6, "twice_grouped_macs": 280 * 6 * 1,
        "forward_bias": 2 * 3 * 3 * 5, "square_bias": 2 * 6 * 11 * 11, "flat_macs": 5040, "flat_bias": 1056,
    }),
    (BACK._replace(out_channels=4, bias=False), (2, 4, 5, 7), "transposed", {
        "out": 704, "confused_macs": 704 * 2 * 6, "crossed_macs": 704 * 2 * 6, "forward_bias": 0, "square_bias": 0,
        "flat_bias": 0, "twice_grouped_macs": 280 * 6 * 1, "bias": 0,
    }),
    (Conv(4, 6, (3,), (2,), ((1, 1),), (1,), bias=True, transposed=True, output_padding=(0,)),
     (2, 4, 5), "transposed", {
        "out": 108, "flat_macs": 0, "flat_bias": 0, "square_bias": 0, "forward_bias": 2 * 6 * 3, "dims": 1,
    }),
    (Linear(4, 6, bias=True), (2, 4), "linear", {
        "in": 8, "out": 12, "macs": 48, "effective_macs": 48, "bias": 12, "weights": 24, "params": 30,
        "params_a_sample": 60, "second_axis_macs": 48, "conv_activations": 12,
    }),
    (Linear(4, 6), (2, 4, 5), "linear", {
        "in": 40, "out": 60, "macs": 240, "effective_macs": 240, "bias": 0, "weights": 24, "params": 24,
        "params_a_sample": 48, "second_axis_macs": 50, "conv_activations": 60,
    }),
    (BatchNorm(4), (2, 4, 3), "batch-norm", {
        "in": 24, "out": 24, "channels": 4, "rows": 6, "weights": 4, "params": 8, "params_a_sample": 16, "kept": 24,
        "folded": 0,
    }),
    (LayerNorm(4), (2, 4, 3), "layer-norm", {"in": 24, "channels": 4, "rows": 6, "params": 8}),
    (Norm("group-norm", 4, 2), (2, 4, 3), "group-norm", {
        "weights": 4, "params": 8, "params_a_sample": 16, "rows": 6,
    }),
    (Norm("group-norm", 4, 2, affine=False), (2, 4, 3), "plain-norm", {
        "weights": 0, "params": 0, "params_a_sample": 0,
    }),
    (Norm("instance-norm", 4, affine=False), (2, 4, 3), "plain-instance-norm", {"weights": 0, "params": 0, "in": 24}),
    (Norm("rms-norm", 4), (2, 4, 3), "rms-norm", {"weights": 4, "params": 4, "params_a_sample": 8}),
    (Norm("softmax", 4, affine=False), (2, 4, 3), "softmax", {"weights": 0, "params": 0, "rows": 6}),
    (Activation("relu"), (2, 4, 3), "relu", {"in": 24, "out": 24}),
    (Activation("softplus"), (2, 4, 3), "other", {"in": 24, "out": 24}),
    (POOL, (2, 4, 7, 6), "max-pool", {
        "in": 336, "out": 96, "windows": 864, "sides": 288, "dims_out": 192, "padded_windows": 8 * 12 * 9,
    }),
    (POOL._replace(kernel_size=(3, 2), padding=((1, 1), (0, 0))), (2, 4, 7, 6), "max-pool", {
        "out": 96, "windows": 576, "sides": 576, "padded_windows": 8 * 12 * 6,
    }),
    # 7 % 2 + 1 and 6 // 1 positions a side; windows of 4 and 4 of 7, and of 6
    (AdaptivePool("avg", (2, 1)), (2, 4, 7, 6), "adaptive-avg-pool", {
        "in": 336, "out": 16, "windows": 8 * 8 * 6, "sides": 2 * 6 * 16, "dims_out": 32, "padded_windows": 8 * 8 * 6,
        "global_out": 0, "flat_in": 336, "global_in": 0,
    }),
    (AdaptivePool("max", (1, 1)), (2, 4, 7, 6), "adaptive-max-pool", {
        "out": 8, "sides": 7 * 6 * 8, "global_out": 8, "global_in": 336, "flat_in": 336,
    }),
    (AdaptivePool("avg", (1,)), (2, 4, 7), "adaptive-avg-pool", {"global_out": 8, "global_in": 56, "flat_in": 0}),
    (Upsample("nearest", (2, 3)), (2, 4, 5, 7), "upsample-nearest", {"in": 280, "out": 1680, "plane": 2 * 10 * 21}),
    (Scale(4), (2, 4, 3), "multiply", {"in": 24, "out": 24, "weights": 0, "params": 0, "params_a_sample": 0}),
    (Scale(4, "prelu"), (2, 4, 3), "prelu", {"in": 24, "weights": 4, "params": 4, "params_a_sample": 8}),
    # 2 heads: 5 x 5 pairs of positions of 2 features each, twice
    (Attention(2, 4), (1, 12, 5), "attention", {
        "in": 60, "out": 20, "macs": 2 * 25 * 2 * 2, "effective_macs": 200, "conv_activations": 2 * 25 + 20,
    }),
    (Split(0, 2), (2, 4, 3), "split", {"in": 24, "out": 12, "chunks": 1}),
    (Split(2, 4), (2, 4, 3), "split", {"in": 24, "out": 12, "chunks": 0}),
    (Flatten(), (2, 4, 3), "moved", {"in": 24, "out": 24}),
    (Tokens(1, 4, 4), (2, 4, 3), "add", {"in": 24, "out": 32}),
    # 7 runs of 48 products; 2 images of 5 positions, or 3 before
    (Counted("conv", (2, 6, 5), params=30, macs=60, effective_macs=50, elementwise=9, times=7), (2, 4, 3), "conv", {
        "in": 24, "out": 60, "macs": 420, "effective_macs": 350, "bias": 63, "weights": 42, "params": 30,
        "params_a_sample": 60, "sample_macs": 210, "channels": 4, "rows": 6, "plane": 10, "windows": 63, "flat_in": 0,
        "second_axis_macs": 420,
    }),
    (Counted("conv-transpose", (2, 6, 5), macs=60), (2, 4, 3), "transposed", {"weights": 10, "macs": 60}),
    (Counted("gemm", (2, 6), params=30, macs=48), (2, 4), "linear", {"weights": 30, "macs": 48, "sample_macs": 24}),
    (Counted("layer-normalization", (2, 4, 3), params=9, elementwise=5), (2, 4, 3), "layer-norm", {
        "weights": 4, "params": 8, "params_a_sample": 16, "bias": 0,
    }),
    (Counted("plain-norm", (2, 4, 3), elementwise=5), (2, 4, 3), "plain-norm", {"weights": 0, "params": 0}),
    (Counted("cos", (2, 4, 3, 1), elementwise=5), (2, 4, 3, 1), "other", {"macs": 0, "windows": 5, "flat_in": 24}),
    (Counted("einsum", (2, 4), macs=5), (2,), "other", {"macs": 5, "channels": 1, "rows": 2}),
    (Counted("gather", (2, 4)), (2, 4), "moved", {"in": 8}),
    (Counted("mat-mul", (0, 4), params=3), (0, 4), "matmul", {"params_a_sample": 3, "in": 0}),
    (Counted("mat-mul", (4,), params=3, macs=8), (), "matmul", {"params_a_sample": 3, "in": 1, "sample_macs": 8}),
]  # fmt: skip


@each(("op", "given", "kind", "sizes"), SEEN)
def test_an_operation_has_a_kind_and_quantities(
    op: Op, given: tuple[int, ...], kind: str, sizes: dict[str, int]
) -> None:
    """As its source of weights, its windows or its axes have them."""
    graph = Graph(given, "fp32", (Node("alone", op, (0,)),))
    (one,) = see(graph, infer_shapes(graph))
    assert (one.kind, {size: one.sizes.get(size) for size in sizes}) == (kind, sizes)
    assert one.batch == (given[0] if given and given[0] else 1)


@each(
    ("op", "form"),
    [(CONV, "module"), (CONV._replace(padding_mode="reflect"), "copied"),
     (Counted("mat-mul", (2, 4), macs=5), "function"),
     (Counted("relu", (2, 4)), "module")],
)  # fmt: skip
def test_products_of_two_inputs_are_functions_and_a_padding_may_be_copied(op: Op, form: str) -> None:
    shape = (2, 4, 9, 7)
    graph = Graph(shape, "fp32", (Node("alone", op, (0,)),))
    assert see(graph, infer_shapes(graph))[0].form == form


@each(
    ("n", "kernel", "stride", "pads", "windows", "covered"),
    [
        (6, 2, 2, (0, 0), 3, 6), (6, 3, 2, (0, 0), 3, 8), (6, 3, 2, (0, 1), 3, 9), (6, 3, 2, (1, 0), 4, 10),
        (5, 4, 1, (0, 0), 4, 4 + 3 + 2 + 4), (3, 3, 1, (0, 0), 1, 3), (1, 4, 4, (1, 0), 1, 2),
    ],
)  # fmt: skip
def test_what_hangs_over_the_padding_is_in_no_window(
    n: int, kernel: int, stride: int, pads: tuple[int, int], windows: int, covered: int
) -> None:
    """Of each window that begins before the end, its positions up to there."""
    op = Pool("avg", (kernel,), (stride,), (pads,), ceil_mode=True)
    assert _covered(op, (1, 1, n), (1, 1, windows)) == [covered]


@each(
    ("image", "out", "grows"),
    [
        ((1, 3, 64, 96), (1, 8, 32, 48), True), ((1, 3, 64, 96), (1, 8, 2, 3), True),
        ((1, 3, 64, 96), (1, 8, 31, 48), False),
        ((1, 3, 64, 96), (1, 8, 32, 1), True), ((1, 3, 64, 96), (1, 8, 1, 1), True), ((1, 3, 64, 96), (1, 8), True),
        ((1, 3, 65, 96), (1, 8, 31, 48), True), ((1, 3, 64), (1, 8, 31), True), ((1, 3, 64, 96), (1, 8, 32, 47), False),
    ],
)  # fmt: skip
def test_positions_grow_with_an_image_of_whole_cells(image: tuple[int, ...], out: tuple[int, ...], grows: bool) -> None:
    """Of 32 positions each; one that has others is counted as it is."""
    assert _grows(image, Flatten(), out) is grows
    assert _grows((1, 3, 64, 64), AdaptivePool("avg", (2, 2)), (1, 8, 2, 2)) is False
    assert _grows((1, 3, 64, 64), AdaptivePool("avg", (1, 1)), (1, 8, 1, 1)) is True


@each(
    ("before", "also_read", "kept", "folded"),
    [
        (CONV, False, 0, 384), (CONV._replace(bias=False), False, 0, 384), (CONV, True, 384, 0),
        (Activation("relu"), False, 1, 0),
        (None, False, 1, 0), (BACK, False, 1, 0),
    ],
)  # fmt: skip
def test_a_norm_is_folded_into_the_convolution_that_only_it_reads(
    before: Op | None, also_read: bool, kept: int, folded: int
) -> None:
    """Which then has a bias, if it had none; a transposed one takes none in."""
    nodes = [] if before is None else [Node("before", before, (0,))]
    at = len(nodes)
    channels = 4 if before is None or isinstance(before, Activation) else 6
    nodes.append(Node("norm", BatchNorm(channels), (at,)))
    nodes += [Node("more", Activation("relu"), (at,))] * also_read
    shape = (2, 4, 9, 7)
    graph = Graph(shape, "fp32", tuple(nodes))
    one = see(graph, infer_shapes(graph))[at].sizes
    has_bias = isinstance(before, Conv) and before.bias
    assert one["kept"] == (one["out"] if kept else 0)
    assert one["folded"] == (0 if has_bias else folded)
