"""The fast executor: bit-identical to int64, and every product that it issues is counted."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from strategies import applying, layer_specs

from convcost.analysis.cost import macs
from convcost.execute.values import exact
from convcost.execute.values.convolve import TILE, convolve_values
from convcost.execute.values.exact import exact_values
from convcost.execute.values.integers import EXACT, exact_dtype, largest_sum, op_weights, pattern
from convcost.execute.values.reference import reference_values
from convcost.execute.values.run_values import run_values
from convcost.execute.values.workbench import Workbench
from convcost.graph.ops import Activation, Add, BatchNorm, Conv, Op, Shape
from convcost.spec.layer import LayerSpec
from convcost.variants.registry import AS_GIVEN, DoesNotApply, all_variants, build_variant


def convolutions(spec: LayerSpec) -> Iterator[tuple[Conv, Shape, Shape]]:
    """Every convolution of every variant, with the shapes of its input and its output."""
    for name in (AS_GIVEN, *all_variants()):
        try:
            graph, _, shapes = build_variant(name, spec)
        except DoesNotApply:
            continue
        for index, node in enumerate(graph.nodes):
            if isinstance(node.op, Conv):
                yield node.op, shapes[node.inputs[0]], shapes[index + 1]


@settings(max_examples=150, deadline=None)
@given(spec=layer_specs())
def test_values_are_those_of_int64_and_products_those_of_the_analysis(spec: LayerSpec) -> None:
    """Every layer, every variant, one axis to three; to the last bit."""
    for op, given_shape, out in convolutions(spec):
        found = exact_values(op, [given_shape])
        assert found is not None
        assert (found.same, found.dtype) == (True, "float32"), (op, found.algorithm)
        assert found.products == macs(op, given_shape, out), (op, found.algorithm)


@pytest.mark.parametrize("op", [Add(), BatchNorm(5), Activation("relu"), Activation("relu6")], ids=str)
def test_what_is_done_element_by_element_is_exact_too(op: Op, monkeypatch: pytest.MonkeyPatch) -> None:
    """And a broken operation is noticed."""
    shapes: list[Shape] = [(2, 5, 4, 3)] * (2 if isinstance(op, Add) else 1)
    found = exact_values(op, shapes)
    assert found is not None
    assert (found.same, found.products) == (True, 0)
    monkeypatch.setattr(exact, "apply_values", lambda _op, inputs, *_: (inputs[0], "elementwise"))
    broken = exact_values(op, shapes)
    assert broken is not None
    assert not broken.same


def test_an_activation_that_is_none_of_integers_has_no_exact_values() -> None:
    """There is nothing that every machine would round in the same way."""
    assert exact_values(Activation("silu"), [(1, 2, 3)]) is None


@settings(max_examples=60, deadline=None)
@given(spec=layer_specs(channels=2))
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
        (Conv(3, 5, (3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1)), (2, 3, 40, 50), "im2col, one GEMM a tile"),
        (Conv(3, 5, (7,), (1,), ((3, 3),), (1,)), (1, 3, 3 * TILE + 5), "im2col, one GEMM a tile"),
        (Conv(4, 6, (3, 3), (2, 1), ((1, 1), (0, 2)), (1, 2), 2), (1, 4, 31, 29), "im2col, one GEMM a tile"),
        (Conv(4, 6, (1, 1), (2, 3), ((0, 0), (0, 0)), (1, 1)), (2, 4, 7, 8), "GEMM"),
        (Conv(6, 12, (3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1), 6), (1, 6, 30, 28),
         "weighted sum over taps, a channel alone"),
        (Conv(4, 6, (3, 2), (2, 2), ((1, 0), (0, 1)), (1, 1), transposed=True, output_padding=(1, 0)), (2, 4, 30, 31),
         "GEMM, results scattered"),
    ],
)  # fmt: skip
def test_each_algorithm_crosses_its_tiles(op: Conv, shape: Shape, algorithm: str) -> None:
    """Inputs of more than one tile, the last of them not full."""
    found = exact_values(op, [shape])
    assert found is not None
    assert found[:2] == (True, algorithm)


def test_the_input_and_the_kernel_are_left_as_they_were() -> None:
    """Scratch is the executor's own."""
    op = Conv(4, 4, (3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1), 4, bias=True)
    (kernel, bias), x = op_weights(op), pattern((1, 6, 5, 4), np.dtype(np.float32), 3)
    copies = [array.copy() for array in (x, kernel, bias) if array is not None]
    convolve_values(op, x, kernel, bias, Workbench())
    assert all(np.array_equal(a, b) for a, b in zip(copies, (x, kernel, bias)))


def test_the_dtype_is_the_first_in_which_every_sum_is_exact() -> None:
    """float32 below 2^24, float64 below 2^53, else int64; the bound holds for what comes out."""
    assert [str(exact_dtype(n)) for n in (2**24 - 1, 2**24, 2**53 - 1, 2**53)] == [
        "float32", "float64", "float64", "int64",
    ]  # fmt: skip
    wide = Conv(2_800_000, 1, (1,), (1,), ((0, 0),), (1,))
    assert EXACT["float32"] <= largest_sum(wide) < EXACT["float64"]
    found = exact_values(wide, [(1, 2_800_000, 1)])
    assert found is not None
    assert found[::2] == (True, "float64")


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64"])
def test_it_computes_in_the_dtype_that_it_is_given(dtype: str) -> None:
    """Nothing is promoted on the way."""
    op = Conv(2, 4, (3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1))
    kernel = pattern((1, 3, 3, 2, 4), np.dtype(dtype), 2)
    made, _ = convolve_values(op, pattern((1, 5, 6, 2), np.dtype(dtype), 3), kernel, None, Workbench())
    assert made.dtype == dtype


@pytest.mark.parametrize("name", applying(LayerSpec(16, 32, (3, 3), (20, 17))))
def test_the_allocator_sees_the_peak_and_the_scratch_apart(name: str) -> None:
    """By tracemalloc, exactly: tensors alive are the analysis's peak, whatever the executor holds beside them."""
    spec = LayerSpec(16, 32, (3, 3), (20, 17), padding=((1, 1), (1, 1)), norm=True, activation="relu", bias=True)
    run = run_values(build_variant(name, spec).graph)
    assert run.tensor_bytes == run.traced_bytes
    assert (run.scratch_bytes > 0) == (name != "pointwise")
