"""The fast executor: bit-identical to int64, and every product that it issues is counted."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from math import prod
from typing import Any, get_args

import numpy as np
import pytest
from strategies import applying, each_layer
from tables import each

from convcost.analysis.cost import macs
from convcost.execute.values import convolve, depthwise, exact, workbench
from convcost.execute.values.apply import Weights, apply_values
from convcost.execute.values.convolve import TILE, convolve_values
from convcost.execute.values.exact import exact_values
from convcost.execute.values.integers import EXACT, exact_dtype, largest_sum, op_weights, pattern
from convcost.execute.values.reference import in_integers, reference_values
from convcost.execute.values.run_values import run_values
from convcost.execute.values.sliding import windows
from convcost.execute.values.workbench import Workbench
from convcost.graph import ops
from convcost.spec.layer import LayerSpec
from convcost.variants.registry import AS_GIVEN, DoesNotApply, all_variants, build_variant


def convolutions(spec: LayerSpec) -> Iterator[tuple[ops.Conv, ops.Shape, ops.Shape]]:
    """Every convolution of every variant, with the shapes of its input and its output."""
    for name in (AS_GIVEN, *all_variants()):
        try:
            graph, _, shapes = build_variant(name, spec)
        except DoesNotApply:
            continue
        for index, node in enumerate(graph.nodes):
            if isinstance(node.op, ops.Conv):
                yield node.op, shapes[node.inputs[0]], shapes[index + 1]


@each_layer(60)
def test_values_are_those_of_int64_and_products_those_of_the_analysis(spec: LayerSpec) -> None:
    """Every layer, every variant, one axis to three; to the last bit."""
    for op, given_shape, out in convolutions(spec):
        found = exact_values(op, [given_shape])
        assert found is not None
        assert (found.same, found.dtype) == (True, "float32"), (op, found.algorithm)
        assert found.products == macs(op, given_shape, out), (op, found.algorithm)


@pytest.mark.parametrize("op", [ops.Add(), ops.BatchNorm(5), ops.Activation("relu"), ops.Activation("relu6")], ids=str)
def test_what_is_done_element_by_element_is_exact_too(op: ops.Op, monkeypatch: pytest.MonkeyPatch) -> None:
    """And a broken operation is noticed."""
    shapes: list[ops.Shape] = [(2, 5, 4, 3)] * (2 if isinstance(op, ops.Add) else 1)
    found = exact_values(op, shapes)
    assert found is not None
    assert (found.same, found.products) == (True, 0)
    monkeypatch.setattr(exact, "apply_values", lambda _op, inputs, *_: (inputs[0], "elementwise"))
    broken = exact_values(op, shapes)
    assert broken is not None
    assert not broken.same


@pytest.mark.parametrize(
    ("op", "shape"),
    [
        (ops.Norm("softmax", 6, affine=False), (2, 6, 5)), (ops.Norm("softmax", 6, 2, affine=False), (2, 6, 5)),
        (ops.Norm("rms-norm", 5), (2, 5, 4, 3)), (ops.Norm("group-norm", 6, 3), (2, 6, 4, 3)),
        (ops.Norm("group-norm", 6, 1, affine=False), (2, 6, 5)), (ops.Norm("instance-norm", 5, 5), (2, 5, 4, 3)),
        (ops.Attention(2, 8), (2, 24, 4, 3)), (ops.Attention(3, 6), (1, 18, 50)),
    ],
    ids=str,
)  # fmt: skip
def test_norms_and_attention_are_exact_on_integers_that_have_whole_statistics(
    op: ops.Op, shape: ops.Shape, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To the last bit, products included; what takes the numbers of another place is noticed."""
    found = exact_values(op, [shape])
    assert found is not None
    out = (shape[0], op.channels, *shape[2:]) if isinstance(op, ops.Attention) else shape
    assert (found.same, found.products) == (True, macs(op, shape, out))
    apply = exact.apply_values
    rolled = lambda *given: (np.roll(apply(*given)[0], 1, axis=-2), "rolled")  # noqa: E731  one line
    monkeypatch.setattr(exact, "apply_values", rolled)
    broken = exact_values(op, [shape])
    assert broken is not None
    assert not broken.same


@pytest.mark.parametrize(
    ("op", "shape"),
    [(ops.Norm("group-norm", 3, 1), (1, 3, 5)), (ops.Attention(4, 4), (1, 12, 5)), (ops.Attention(1, 4), (1, 12, 999))],
)
def test_what_has_no_whole_statistics_has_no_exact_values(op: ops.Op, shape: ops.Shape) -> None:
    """An odd number of numbers has no mean of 0; one feature a head points in two directions only."""
    assert exact_values(op, [shape]) is None


@pytest.mark.parametrize("op", [ops.Norm("softmax", 2, affine=False), ops.Norm("rms-norm", 2, affine=False)], ids=str)
def test_the_reference_refuses_numbers_that_make_no_integers(op: ops.Op) -> None:
    with pytest.raises(ValueError, match=r"no integer|no integers"):
        in_integers(op, [np.array([[[1, 3]]])])


def test_an_activation_that_is_none_of_integers_has_no_exact_values() -> None:
    """There is nothing that every machine would round in the same way."""
    assert exact_values(ops.Activation("silu"), [(1, 2, 3)]) is None


@each_layer(60, channels=3)
def test_the_reference_equals_a_loop_over_numbers(spec: LayerSpec) -> None:
    """One output element at a time, in Python's integers, from what the definition says."""
    op, shape, _ = next(convolutions(spec))
    if op.padding_mode != "zeros" or op.transposed:
        return
    batch, channels, *size = shape
    x = pattern((batch, *size, channels), np.dtype(np.int64), 3, 1)
    kernel, bias = op_weights(op)
    made = reference_values(op, x, kernel, bias)
    inner, outer = kernel.shape[-2:]
    for at in list(np.ndindex(made.shape))[:: max(1, made.size // 20)]:
        group, channel = divmod(at[-1], outer)
        total = 0 if bias is None else int(bias[at[-1]])
        for tap in np.ndindex(op.kernel_size):
            place = [o * s + t * d - b for o, s, t, d, (b, _) in
                     zip(at[1:-1], op.stride, tap, op.dilation, op.padding)]  # fmt: skip
            if all(0 <= p < n for p, n in zip(place, size)):
                for member in range(inner):
                    value = x[(at[0], *place, group * inner + member)]
                    total += int(value) * int(kernel[(group, *tap, member, channel)])
        assert made[at] == total


@pytest.mark.parametrize(
    ("op", "shape", "algorithm"),
    [
        (ops.Conv(3, 10, (3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1)), (2, 3, 40, 50), "im2col, one GEMM a tile"),
        (ops.Conv(3, 5, (3, 3), (1, 1), ((2, 2), (1, 1)), (2, 1)), (2, 3, 40, 50), "im2col, one GEMM a tile"),
        (ops.Conv(3, 5, (7,), (1,), ((3, 3),), (1,)), (1, 3, 3 * TILE + 5), "im2col, one GEMM a tile"),
        (ops.Conv(4, 6, (3, 3), (2, 1), ((1, 1), (0, 2)), (1, 2), 2), (1, 4, 31, 29), "im2col, one GEMM a tile"),
        (ops.Conv(4, 6, (1, 1), (2, 3), ((0, 0), (0, 0)), (1, 1)), (2, 4, 7, 8), "GEMM"),
        (ops.Conv(4, 6, (1, 1), (1, 1), ((0, 0), (0, 0)), (1, 1), 2), (2, 4, 7, 8), "GEMM"),
        (ops.Conv(6, 12, (3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1), 6), (1, 6, 30, 28),
         "weighted sum over taps, a channel alone"),
        (ops.Conv(4, 6, (3, 2), (2, 2), ((1, 0), (0, 1)), (1, 1), transposed=True, output_padding=(1, 0)),
         (2, 4, 30, 31), "GEMM, results scattered"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("short", [0, 1 << 20], ids=["window by window", "number by number"])
def test_each_algorithm_crosses_its_tiles(
    op: ops.Conv, shape: ops.Shape, algorithm: str, short: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Inputs of more than one tile, the last of them not full; columns copied in either way."""
    for name, value in (("NUMBERS", 1), ("SHORT", short), ("SHORT_IN_GROUPS", short)):
        monkeypatch.setattr(convolve, name, value)
    monkeypatch.setattr(depthwise, "RUN", 40)  # runs of 3 positions of 12 channels would not fill a row of 28
    found = exact_values(op, [shape])
    assert found is not None
    assert found[:2] == (True, algorithm)


@each("mode", ["zeros", "reflect", "replicate", "circular"])
@each("groups", [1, 2, 4])
@each("axes", [1, 2, 3])
def test_borders_of_every_kind_are_exact_on_every_axis(mode: str, groups: int, axes: int) -> None:
    """Another number before than behind, none on one side of each axis but the last."""
    pads, size = ((2, 0), (0, 1), (1, 2))[-axes:], (4, 3, 5)[-axes:]
    op = ops.Conv(4, 8, (3, 2, 3)[-axes:], (1, 2, 1)[-axes:], pads, (1, 1, 2)[-axes:], groups, True, mode)
    found = exact_values(op, [(2, 4, *size)])
    assert found is not None
    windows_an_axis = ((4 + 2 - 3) + 1, (3 + 1 - 2) // 2 + 1, (5 + 3 - 5) + 1)[-axes:]
    taps = (3, 2, 3)[-axes:]
    assert (found.same, found.products) == (True, 2 * 8 * 4 // groups * prod(windows_an_axis) * prod(taps))


@each(
    ("mode", "made"),
    [
        ("zeros", [[1, 12, 23, 30]]), ("reflect", [[21, 12, 23, 32]]), ("replicate", [[11, 12, 23, 33]]),
        ("circular", [[31, 12, 23, 31]]),
    ],
)  # fmt: skip
def test_a_border_by_hand(mode: str, made: list[list[int]]) -> None:
    """Ten times what is before and once what is there, of 1, 2, 3 with one more on either side."""
    op = ops.Conv(1, 1, (2,), (1,), ((1, 1),), (1,), padding_mode=mode)
    given, kernel = np.array([[[1], [2], [3]]], np.float32), np.array([[[[10]], [[1]]]], np.float32)
    assert apply_values(op, [given], Weights(kernel), None, Workbench())[0][..., 0].tolist() == made
    assert reference_values(op, given, kernel)[..., 0].tolist() == made


@pytest.mark.parametrize(("extra", "length"), [((), 7), ((0,), 7), ((1,), 8)])
def test_a_transposed_convolution_is_as_long_as_its_taps_reach(extra: tuple[int, ...], length: int) -> None:
    """Three inputs two apart at three taps, and what is added behind them; none said is none added."""
    op = ops.Conv(1, 2, (3,), (2,), ((0, 0),), (1,), transposed=True, output_padding=extra)
    given, weights = np.array([[[1], [10], [100]]], np.float32), np.array([[[[1, 2]], [[3, 4]], [[5, 6]]]], np.float32)
    made = apply_values(op, [given], Weights(weights), None, Workbench())[0]
    assert made[0, :, 0].tolist() == [1, 3, 15, 30, 150, 300, 500, 0][:length]
    assert reference_values(op, given, weights).tolist() == made.tolist()


def test_what_is_counted_has_its_shape_in_the_type_of_what_it_reads() -> None:
    """Float32 where it reads nothing; in the memory of its input where it is a view."""
    op, given = ops.Counted("reshape", (1, 4, 2)), np.ones((1, 2, 4))
    for inputs, dtype in (([given], np.float64), ([], np.float32)):
        made, algorithm = apply_values(op, inputs, None, None, Workbench())
        assert (made.shape, made.dtype, algorithm) == ((1, 2, 4), dtype, "not executed")
    assert np.shares_memory(apply_values(op._replace(view=True), [given], None, None, Workbench())[0], given)


@each(
    "op",
    [
        ops.Upsample("nearest", (1, 1)), ops.Upsample("bilinear", (1, 1)), ops.Pad(((0, 0), (0, 0))), ops.Concat(),
        ops.PixelShuffle((1, 1)), ops.Shuffle(1), ops.Conv(2, 2, (1, 1), (1, 1), ((0, 0), (0, 0)), (1, 1)),
        ops.Activation("relu"),
    ],
    ids=str,
)  # fmt: skip
def test_what_is_new_shares_no_memory_with_its_input(op: ops.Op) -> None:
    """Even where it changes nothing: its input may be written over afterwards."""
    given = np.ones((1, 3, 4, 2))
    made, _ = apply_values(op, [given], op_weights(op, dtype=given.dtype), None, Workbench())
    assert made.shape == given.shape
    assert not np.shares_memory(made, given)


@pytest.mark.parametrize(
    ("op", "shape"),
    [
        (ops.Conv(3, 4, (3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1)), (2, 3, 40, 50)),
        (ops.Conv(3, 4, (4, 3), (3, 2), ((2, 0), (0, 3)), (1, 1)), (2, 3, 67, 50)),
        (ops.Conv(3, 4, (2, 3), (3, 2), ((0, 4), (5, 1)), (1, 1)), (1, 3, 67, 50)),
        (ops.Conv(2, 5, (3, 5), (2, 1), ((9, 7), (6, 8)), (1, 1)), (1, 2, 3, 2)),
    ],
)
def test_rows_of_windows_cross_their_tiles(op: ops.Conv, shape: ops.Shape, monkeypatch: pytest.MonkeyPatch) -> None:
    """More tiles than one, strides that skip rows, borders on one side only or wider than the input is."""
    monkeypatch.setattr(convolve, "ROWS", 10 * 50)
    found = exact_values(op, [shape])
    assert found is not None
    assert found[:2] == (True, "im2col of rows, one GEMM a row of taps")


@pytest.mark.parametrize(
    ("op", "width"),
    [
        (ops.Conv(3, 5, (3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1)), 9),
        (ops.Conv(2, 2, (3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1)), 9),
        (ops.Conv(3, 4, (3, 3), (1, 1), ((2, 2), (1, 1)), (2, 1)), 9),
        (ops.Conv(3, 4, (3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1), padding_mode="reflect"), 9),
        (ops.Conv(3, 4, (1, 3), (1, 1), ((0, 0), (1, 1)), (1, 1)), 9),
        (ops.Conv(3, 4, (3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1)), 11),
    ],
    ids=["more is made", "few numbers", "dilation", "a copied border", "one row of taps", "too wide"],
)
def test_whole_windows_are_laid_out_elsewhere(op: ops.Conv, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(convolve, "ROWS", 9 * 10)
    found = exact_values(op, [(1, op.in_channels, 4, width)])
    assert found is not None
    assert found[:2] == (True, "im2col, one GEMM a tile")


def test_the_input_and_the_kernel_are_left_as_they_were() -> None:
    """Scratch is the executor's own."""
    op = ops.Conv(4, 4, (3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1), 4, bias=True)
    (kernel, bias), x = op_weights(op), pattern((1, 6, 5, 4), np.dtype(np.float32), 3)
    copies = [array.copy() for array in (x, kernel, bias) if array is not None]
    convolve_values(op, x, kernel, bias, Workbench())
    assert all(np.array_equal(a, b) for a, b in zip(copies, (x, kernel, bias)))


def test_the_dtype_is_the_first_in_which_every_sum_is_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    """float32 below 2^24, float64 below 2^53, else int64; the bound holds for what comes out."""
    assert [str(exact_dtype(n)) for n in (2**24 - 1, 2**24, 2**53 - 1, 2**53)] == [
        "float32", "float64", "float64", "int64",
    ]  # fmt: skip
    monkeypatch.setitem(EXACT, "float32", 1 << 7)  # as if it had 7 bits: its 24 take 2.8 million channels
    wide = ops.Conv(22, 1, (1,), (1,), ((0, 0),), (1,))
    assert EXACT["float32"] <= largest_sum(wide) < EXACT["float64"]
    found = exact_values(wide, [(1, 22, 1)])
    assert found is not None
    assert found[::2] == (True, "float64")


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64"])
def test_it_computes_in_the_dtype_that_it_is_given(dtype: str) -> None:
    """Nothing is promoted on the way."""
    op = ops.Conv(2, 4, (3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1))
    kernel = pattern((1, 3, 3, 2, 4), np.dtype(dtype), 2)
    made, _ = convolve_values(op, pattern((1, 5, 6, 2), np.dtype(dtype), 3), kernel, None, Workbench())
    assert made.dtype == dtype


@each("name", applying(LayerSpec(16, 32, (3, 3), (20, 17))))
def test_the_allocator_sees_the_peak_and_the_scratch_apart(name: str) -> None:
    """By tracemalloc, exactly: tensors alive are the analysis's peak, whatever the executor holds beside them."""
    spec = LayerSpec(16, 32, (3, 3), (20, 17), padding=((1, 1), (1, 1)), norm=True, activation="relu", bias=True)
    run = run_values(build_variant(name, spec).graph)
    assert run.tensor_bytes == run.traced_bytes
    assert (run.scratch_bytes > 0) == (name != "pointwise")


@each(("inplace", "numbers"), [(True, 10 + 30), (False, 30 + 30)])
@each("trace", [True, False])
def test_tensors_are_held_as_long_as_they_are_read(inplace: bool, numbers: int, trace: bool) -> None:
    """10 numbers become 30 in three channels, and a norm writes over these or beside them; 4 bytes each."""
    nodes = (
        ops.Node("conv", ops.Conv(1, 3, (1,), (1,), ((0, 0),), (1,)), (0,)),
        ops.Node("norm", ops.BatchNorm(3), (1,)),
    )
    run = run_values(ops.Graph((1, 1, 10), "int8", nodes), inplace=inplace, trace=trace)
    assert (run.tensor_bytes, run.traced_bytes) == (4 * numbers, 4 * numbers if trace else None)
    assert [(op.name, op.algorithm, op.products) for op in run.ops] == [
        ("conv", "GEMM", 30),
        ("norm", "elementwise", 0),
    ]


def test_the_input_of_a_graph_is_not_written_over() -> None:
    """Nor is another one; what is made of it is."""
    relu = ops.Activation("relu")
    nodes = (ops.Node("one", relu, (0,)), ops.Node("two", relu, (1,)))
    assert run_values(ops.Graph((1, 2, 5), "fp32", nodes)).tensor_bytes == 2 * 40
    masked = (ops.Node("mask", ops.Counted("input", (1, 2, 5)), ()), ops.Node("other", relu, (1,)))
    assert run_values(ops.Graph((1, 2, 1), "fp32", masked)).tensor_bytes == 8 + 2 * 40


def test_a_run_within_another_trace_does_not_measure_by_it() -> None:
    """And leaves it as it was."""
    graph = ops.Graph((1, 2, 5), "fp32", (ops.Node("flat", ops.Flatten(), (0,)),))
    tracemalloc.start()
    try:
        run = run_values(graph)
        assert tracemalloc.is_tracing()
    finally:
        tracemalloc.stop()
    assert (run.traced_bytes, run.tensor_bytes, run.ops[0].algorithm) == (None, 40, "a view")
    assert run_values(graph).traced_bytes == 40
    assert not tracemalloc.is_tracing()


#: Every operation that is executed, with inputs on which each of its integers matters.
EVERY: dict[str, tuple[ops.Op, list[ops.Shape]]] = {
    "linear": (ops.Linear(6, 5, bias=True), [(2, 6, 3, 4)]),
    "linear, flat": (ops.Linear(6, 5), [(2, 6)]),
    "add": (ops.Add(), [(2, 6, 3, 4)] * 2),
    "multiply": (ops.Multiply(), [(2, 6, 3, 4), (2, 6, 1, 1)]),
    "multiply, flat gate": (ops.Multiply(), [(2, 6, 3, 4), (2, 6)]),
    "concat": (ops.Concat(), [(2, 6, 3, 4), (2, 1, 3, 4), (2, 3, 3, 4)]),
    "split": (ops.Split(1, 4), [(2, 6, 3, 4)]),
    "shuffle": (ops.Shuffle(3), [(2, 6, 3, 4)]),
    "flatten": (ops.Flatten(), [(2, 6, 3, 4)]),
    "relu6": (ops.Activation("relu6"), [(2, 6, 3, 4)]),
    "batch-norm": (ops.BatchNorm(6), [(2, 6, 3, 4)]),
    "layer-norm": (ops.LayerNorm(6), [(2, 6, 3, 4)]),
    "layer-norm of one channel": (ops.LayerNorm(1), [(2, 1, 3, 4)]),
    "scale": (ops.Scale(6), [(2, 6, 3, 4)]),
    "max pool": (ops.Pool("max", (3, 2), (2, 2), ((1, 1), (0, 1))), [(2, 6, 9, 7)]),
    "average pool": (ops.Pool("avg", (3, 2), (2, 1), ((1, 1), (0, 1))), [(2, 6, 9, 7)]),
    "hanging pool": (ops.Pool("avg", (3, 3), (2, 3), ((0, 0), (1, 0)), ceil_mode=True), [(2, 6, 8, 7)]),
    "1-D pool": (ops.Pool("max", (3,), (2,), ((1, 1),)), [(2, 6, 9)]),
    "adaptive average": (ops.AdaptivePool("avg", (4, 3)), [(2, 6, 9, 7)]),
    "adaptive maximum": (ops.AdaptivePool("max", (1, 2)), [(2, 6, 9, 7)]),
    "pad": (ops.Pad(((1, 0), (-1, 2))), [(2, 6, 3, 4)]),
    "pixel-shuffle": (ops.PixelShuffle((2, 1)), [(2, 8, 3, 4)]),
    "upsample": (ops.Upsample("nearest", (2, 3)), [(2, 6, 3, 4)]),
    "tokens": (ops.Tokens(1, 6, 13), [(2, 6, 3, 4)]),
}


@pytest.mark.parametrize("name", EVERY)
def test_every_operation_is_that_of_int64(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """To the last bit; and one that is off by one somewhere is noticed."""
    op, shapes = EVERY[name]
    found = exact_values(op, shapes)
    assert found is not None
    assert found.same
    sound = exact.apply_values

    def broken(*call: Any) -> tuple[Any, str]:
        made, algorithm = sound(*call)
        made = made.copy()
        made.reshape(-1)[-1] += 1
        return made, algorithm

    monkeypatch.setattr(exact, "apply_values", broken)
    off = exact_values(op, shapes)
    assert off is not None
    assert not off.same


def test_every_operation_has_been_tried() -> None:
    """But for convolutions, which have tests of their own, for what makes no integers and what is not executed."""
    assert {type(op) for op, _ in EVERY.values()} == set(get_args(ops.Op)) - {
        ops.Conv,
        ops.Counted,
        ops.Norm,
        ops.Attention,
    }


@each(
    ("op", "inputs", "made"),
    [
        (ops.Shuffle(2), [[[0, 1, 2, 3, 4, 5]]], [[0, 3, 1, 4, 2, 5]]),
        (ops.Flatten(), [[[[[1, 10], [2, 20]], [[3, 30], [4, 40]]]]], [[1, 2, 3, 4, 10, 20, 30, 40]]),
        (ops.Concat(), [[[1, 2]], [[3]]], [[1, 2, 3]]),
        (ops.Split(1, 3), [[[5, 6, 7, 8]]], [[6, 7]]),
        (ops.Pool("max", (2,), (2,), ((1, 0),)), [[[[-4], [-7], [-5]]]], [[[-4], [-5]]]),
        (ops.Pool("avg", (2,), (2,), ((1, 0),)), [[[[4], [6], [2]]]], [[[2], [4]]]),
        (ops.AdaptivePool("avg", (2,)), [[[[2], [4], [8]]]], [[[3], [6]]]),
        (ops.Multiply(), [[[[2, 3], [4, 5]]], [[10, 100]]], [[[20, 300], [40, 500]]]),
        (ops.Add(), [[[1, 2]], [[10, 20]]], [[11, 22]]),
        (ops.Activation("relu6"), [[[-1, 0, 5, 6, 7]]], [[0, 0, 5, 6, 6]]),
        (ops.Activation("relu"), [[[-1, 0, 7]]], [[0, 0, 7]]),
        (ops.Upsample("nearest", (2,)), [[[[4], [8]]]], [[[4], [4], [8], [8]]]),
        (ops.Upsample("bilinear", (2,)), [[[[4], [8]]]], [[[4], [5], [7], [8]]]),
        (ops.Upsample("bilinear", (3,)), [[[[3], [9], [0]]]], [[[3], [3], [5], [7], [9], [6], [3], [0], [0]]]),
        (
            ops.Upsample("bilinear", (1, 2)),
            [[[[[4], [8]], [[0], [4]]]]],
            [[[[4], [5], [7], [8]], [[0], [1], [3], [4]]]],
        ),
        (ops.PixelShuffle((2,)), [[[[1, 2, 3, 4], [5, 6, 7, 8]]]], [[[1, 3], [2, 4], [5, 7], [6, 8]]]),
        (ops.PixelShuffle((2, 3)), [[[[[1, 2, 3, 4, 5, 6]]]]], [[[[1], [2], [3]], [[4], [5], [6]]]]),
        (ops.Pad(((1, 2),)), [[[[1], [2]]]], [[[0], [1], [2], [0], [0]]]),
        (ops.Pad(((-1, 1),)), [[[[1], [2]]]], [[[2], [0]]]),
        (ops.Pad(((1, -2),)), [[[[1], [2], [3]]]], [[[0], [1]]]),
        (ops.Pad(((0, 1),), "reflect"), [[[[1], [2], [3]]]], [[[1], [2], [3], [2]]]),
        (ops.Pad(((1, 0),), "reflect"), [[[[1], [2], [3]]]], [[[2], [1], [2], [3]]]),
        (ops.Pad(((-1, 2),), "replicate"), [[[[1], [2], [3]]]], [[[2], [3], [3], [3]]]),
        (ops.Pad(((2, -1),), "circular"), [[[[1], [2], [3]]]], [[[2], [3], [1], [2]]]),
        (ops.Pad(((0, -1),)), [[[[1], [2], [3]]]], [[[1], [2]]]),
        (ops.Pad(((2, 1),), "reflect"), [[[[1], [2], [3]]]], [[[3], [2], [1], [2], [3], [2]]]),
        (ops.Pad(((1, 2),), "replicate"), [[[[1], [2], [3]]]], [[[1], [1], [2], [3], [3], [3]]]),
        (ops.Pad(((1, 2),), "circular"), [[[[1], [2], [3]]]], [[[3], [1], [2], [3], [1], [2]]]),
        (ops.Pool("avg", (2,), (2,), ((0, 0),), True), [[[[4], [6], [2]]]], [[[5], [1]]]),
        (ops.Pool("max", (2,), (1,), ((0, 0),), False, (2,)), [[[[4], [9], [5], [1]]]], [[[5], [9]]]),
        (ops.Pool("avg", (3,), (1,), ((2, 0),), False, (2,)), [[[[3], [6], [9]]]], [[[4]]]),
        (ops.Pool("avg", (1,), (1,), ((1, 1),)), [[[[2], [4]]]], [[[0], [2], [4], [0]]]),
        (ops.AdaptivePool("max", (2,)), [[[[2], [8], [4]]]], [[[8], [8]]]),
        (
            ops.Norm("group-norm", 4, 2, False),
            [[[[4096, -4096, 8192, 8192], [-4096, 4096, -8192, -8192]]]],
            [[[1, -1, 1, 1], [-1, 1, -1, -1]]],
        ),
        (ops.Norm("group-norm", 2, 1, False), [[[[0, 8192], [0, 8192]]]], [[[-1, 1], [-1, 1]]]),
        (ops.Norm("instance-norm", 2, 2, False), [[[[4096, 8192], [-4096, -8192]]]], [[[1, 1], [-1, -1]]]),
        (ops.Norm("rms-norm", 2, 1, False), [[[[4096, -4096], [8192, 8192]]]], [[[1, -1], [1, 1]]]),
        (
            ops.Norm("softmax", 4, 2, False),
            [[[[0, 4096, 4096, 0], [4096, 0, 0, 4096]]]],
            [[[0, 1, 1, 0], [1, 0, 0, 1]]],
        ),
        (ops.Attention(1, 2), [[[[4096, 0, 1, 0, 5, 6], [0, 4096, 0, 1, 7, 8]]]], [[[5, 6], [7, 8]]]),
        (ops.Attention(2, 2), [[[[4096, 4096, 1, 0, 5, 6], [4096, 4096, 0, 1, 7, 8]]]], [[[5, 8], [5, 8]]]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_executor_and_reference_do_what_is_meant(op: ops.Op, inputs: list[Any], made: list[Any]) -> None:
    """By hand: two implementations that agree could both be wrong. Arrays are (batch, *spatial, channels)."""
    given = [np.array(array, np.float32) for array in inputs]
    assert apply_values(op, given, None, None, Workbench())[0].tolist() == made
    assert in_integers(op, given).tolist() == made


@each(
    ("op", "given", "weights", "made"),
    [
        (ops.Linear(2, 3, True), [[[1, 2]]], ([[1, 2, 3], [10, 20, 30]], [100, 200, 300]), [[[121, 242, 363]]]),
        (ops.BatchNorm(2), [[[1, 2], [3, 4]]], ([10, 100], [1, 2]), [[[11, 202], [31, 402]]]),
        (ops.LayerNorm(2), [[[4096, -4096], [0, 8192]]], ([10, 100], [1, 2]), [[[11, -98], [-9, 102]]]),
        (ops.Norm("group-norm", 2, 1), [[[4096, 4096], [-4096, -4096]]], ([10, 100], [1, 2]), [[[11, 102], [-9, -98]]]),
        (ops.Norm("rms-norm", 2), [[[4096, -4096]]], ([10, 100], None), [[[10, -100]]]),
        (ops.Scale(2), [[[1, -2], [-3, 4]]], ([10, 100], None), [[[10, -200], [-30, 400]]]),
        (ops.Scale(2, "prelu"), [[[1, -2], [-3, 4]]], ([10, 100], None), [[[1, -200], [-30, 4]]]),
        (ops.Tokens(1, 2, 3), [[[[1, 2], [3, 4]]]], ([[10, 20], [100, 200], [300, 400], [500, 600]], None),
         [[[110, 220], [301, 402], [503, 604]]]),
        (ops.Tokens(2, 1, 3), [[[5]]], ([[10], [20], [100], [200], [300]], None), [[[110], [220], [305]]]),
    ],
    ids=lambda value: str(value) if isinstance(value, tuple) and hasattr(value, "_fields") else "",
)  # fmt: skip
def test_what_is_learned_is_applied_by_hand(op: ops.Op, given: Any, weights: tuple[Any, Any], made: Any) -> None:
    """Executor and reference; a scale and a shift a channel, a learned row in front and something added to all."""
    learned = Weights(*[array if array is None else np.array(array, np.float32) for array in weights])
    x = [np.array(given, np.float32)]
    assert apply_values(op, x, learned, None, Workbench())[0].tolist() == made
    assert in_integers(op, x, learned).tolist() == made


@each(
    ("op", "given", "why"),
    [
        (ops.Pool("avg", (2,), (2,), ((0, 0),)), [[[1], [2]]], "a quotient is no integer"),
        (ops.AdaptivePool("avg", (1,)), [[[1], [2]]], "a quotient is no integer"),
        (ops.Upsample("bilinear", (2,)), [[[1], [2]]], "a quotient is no integer"),
        (ops.Norm("group-norm", 2, 1, False), [[[3, 0]]], "a quotient is no integer"),
        (ops.Norm("rms-norm", 2, 1, False), [[[2, 2], [2, 0]]], "a standard deviation is no integer"),
        (ops.Norm("rms-norm", 3, 1, False), [[[6, 6, 0]]], "a standard deviation is no integer"),
        (ops.Norm("softmax", 2, 1, False), [[[5, 5]]], "too near each other"),
        (ops.Norm("softmax", 2, 1, False), [[[127, 0]]], "too near each other"),
        (ops.Norm("softmax", 3, 1, False), [[[200, 100, 73]]], "too near each other"),
        (ops.Activation("silu"), [[[1]]], "silu makes no integers"),
        (ops.Counted("erf", (1, 1)), [[[1]]], "makes no integers of integers"),
    ],
    ids=str,
)
def test_the_reference_refuses_what_makes_no_integers_by_its_reason(op: ops.Op, given: Any, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        in_integers(op, [np.array(given)])


def test_a_softmax_is_of_integers_from_a_distance_of_128_on() -> None:
    """Below it, in float64, others would still have a share; of equal squares the deviation 0 counts as 1."""
    assert in_integers(ops.Norm("softmax", 3, 1, False), [np.array([[[0, 128, -9]]])]).tolist() == [[[0, 1, 0]]]
    assert np.exp(-128.0) + 1 == 1
    assert in_integers(ops.Norm("rms-norm", 2, 1, False), [np.array([[[0, 0]]])]).tolist() == [[[0, 0]]]


@pytest.mark.parametrize("op", [ops.LayerNorm(3), ops.Activation("gelu"), ops.Counted("softmax", (1, 3))], ids=str)
def test_what_makes_no_integers_of_any_has_no_exact_values(op: ops.Op) -> None:
    """A variance over three channels is the square of no integer but 0."""
    assert exact_values(op, [(1, 3, 4)]) is None


def test_layer_norm_is_that_of_its_definition() -> None:
    """Of any channels: mean, variance and the guard of PyTorch."""
    x, scale, shift = np.array([[1.0, 2.0, 6.0]]), np.array([1.0, 2.0, 3.0]), np.array([0.5, 0.0, -1.0])
    made, _ = apply_values(ops.LayerNorm(3), [x], Weights(scale, shift), None, Workbench())
    assert np.allclose(made, (x - 3) / np.sqrt(14 / 3 + 1e-5) * scale + shift)


@pytest.mark.parametrize(
    ("op", "made"),
    [(ops.LayerNorm(2), [10, -100]), (ops.Norm("group-norm", 2), [10, -100]), (ops.BatchNorm(2), [40960, -409600])],
    ids=str,
)  # fmt: skip
def test_a_norm_without_a_shift_shifts_nothing(op: ops.Op, made: list[Any]) -> None:
    given, scale = np.array([[[4096, -4096]]], np.float32), Weights(np.array([10, 100], np.float32))
    assert apply_values(op, [given], scale, None, Workbench())[0].tolist() == [[made]]


def odd(shape: tuple[int, ...], layout: str) -> Any:
    """Integers in an array whose numbers do not lie side by side, or do, with odd steps on axes of one position."""
    whole = pattern((*shape[:-1], shape[-1] + 2), np.dtype(np.float32), 3, 1)
    if layout == "part of the channels":
        return whole[..., 1:-1]
    if layout == "channels first":
        return np.moveaxis(np.ascontiguousarray(np.moveaxis(whole[..., 1:-1], -1, 1)), 1, -1)
    packed = np.ascontiguousarray(whole[..., 1:-1])
    steps = [977 * packed.itemsize if n == 1 else s for n, s in zip(shape, packed.strides)]
    return np.lib.stride_tricks.as_strided(packed, shape, steps)


@each("layout", ["part of the channels", "channels first", "odd steps"])
@each("channels", [1, 4])
@each("groups", [1, 4])
@each("transposed", [False, True])
def test_inputs_may_lie_in_memory_in_any_way(layout: str, channels: int, groups: int, transposed: bool) -> None:
    """Nothing outside of the array is read, whatever NumPy says of an axis with one position."""
    groups = min(groups, channels)
    extra = (0, 0) if transposed else ()
    op = ops.Conv(channels, 4, (3, 2), (1, 1), ((0, 0), (0, 0)), (1, 1), groups, False, "zeros", transposed, extra)
    given, weights = odd((1, 6, 5, channels), layout), op_weights(op, 2)
    assert weights is not None
    made, _ = convolve_values(op, given, weights.kernel, None, Workbench())
    assert np.array_equal(made, reference_values(op, np.ascontiguousarray(given), weights.kernel))


def test_windows_over_numbers_that_do_not_lie_side_by_side_are_refused() -> None:
    """By what lays them out; the executor packs its input before."""
    op = ops.Conv(2, 2, (1, 2), (1, 1), ((0, 0), (0, 0)), (1, 1))
    with pytest.raises(ValueError, match="do not lie side by side"):
        windows(op, odd((1, 3, 4, 2), "part of the channels"), (3, 3), 1, merge=True)


def test_a_workbench_is_warm_before_its_first_product() -> None:
    """One wide product in a process, which counts for nothing."""
    workbench.warm_up.cache_clear()
    benches = [Workbench(), Workbench()]
    assert workbench.warm_up.cache_info()[:2] == (1, 1)
    assert [(bench.products, bench.calls, bench.scratch_bytes) for bench in benches] == [(0, 0, 0)] * 2
