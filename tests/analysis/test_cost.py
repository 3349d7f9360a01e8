"""The additive words: what each operation costs, by hand, and that costs add."""

from __future__ import annotations

import math
from typing import Any

import pytest
from strategies import each_layer
from tables import each

from convcost.analysis import WORDS, Analysis, analyze, words
from convcost.analysis.analyze import tensor_types
from convcost.graph.ops import Activation, Add, BatchNorm, Conv, Counted, Graph, Node, Op
from convcost.spec import LayerSpec, parse_spec
from convcost.variants.registry import AS_GIVEN, DoesNotApply, all_variants, build_variant

ADDITIVE = (
    "params", "macs", "effective_macs", "flops", "elementwise", "conv_activations", "weight_bytes", "activation_bytes",
    "traffic_bytes",
)  # fmt: skip

#: The whole input is 2 x 4 x 5 x 6 = 240 elements.
INPUT = (2, 4, 5, 6)


def graph(*ops: Op, dtype: str = "fp32") -> Graph:
    """A chain, each operation reading the one before; an Add reads it and the input."""
    nodes = [Node(f"op{i}", op, (i, 0) if isinstance(op, Add) else (i,)) for i, op in enumerate(ops)]
    return Graph(INPUT, dtype, tuple(nodes))


def conv(**changes: Any) -> Conv:
    """3x2 from 4 to 6 channels over 5x6: output 2 x 6 x 3 x 5 = 180 elements."""
    return Conv(4, 6, (3, 2), (1, 1), ((0, 0), (0, 0)), (1, 1))._replace(**changes)


def said(variant: str, spec: LayerSpec) -> Analysis:
    return analyze(build_variant(variant, spec).graph)


def test_a_convolution_by_hand() -> None:
    """180 outputs of 4 * 3 * 2 products; 240 elements read, 144 weights, 180 written, 4 bytes each."""
    assert words(analyze(graph(conv()))) == {
        "output_shape": (2, 6, 3, 5),
        "params": 144,
        "macs": 180 * 24,
        "effective_macs": 180 * 24,
        "flops": 2 * 180 * 24,
        "elementwise": 0,
        "conv_activations": 180,
        "weight_bytes": 4 * 144,
        "activation_bytes": 4 * 180,
        "peak_bytes": 4 * (240 + 180),
        "traffic_bytes": 4 * (240 + 144 + 180),
        "arithmetic_intensity": 2 * 180 * 24 / (4 * 564),
        "receptive_field": (3, 2),
        "mixes": ["space", "channels"],
    }


def test_bias_is_in_params_and_elementwise_and_not_in_macs() -> None:
    """6 more params, one operation an output element, 24 bytes more moved."""
    without, with_bias = analyze(graph(conv())).cost, analyze(graph(conv(bias=True))).cost
    assert with_bias.params - without.params == 6
    assert (with_bias.macs, with_bias.effective_macs) == (without.macs, without.effective_macs)
    assert with_bias.elementwise - without.elementwise == 180
    assert with_bias.traffic_bytes - without.traffic_bytes == with_bias.weight_bytes - without.weight_bytes == 24


def test_groups_divide_params_and_macs() -> None:
    one, two = analyze(graph(conv())).cost, analyze(graph(conv(groups=2))).cost
    assert (one.params, one.macs, one.effective_macs) == (2 * two.params, 2 * two.macs, 2 * two.effective_macs)


def test_padding_counts_in_macs_and_not_in_effective_macs() -> None:
    """3x1 over 5 rows, one of padding on either side: 15 rows of products, 13 on data."""
    op = conv(kernel_size=(3, 1), padding=((1, 1), (0, 0)))
    cost = analyze(graph(op)).cost
    assert (cost.macs, cost.effective_macs) == (2 * 6 * 4 * 15 * 6, 2 * 6 * 4 * 13 * 6)


def test_transposed_macs_are_the_products_before_cropping() -> None:
    """Each input position meets every tap once, whatever is cropped or added."""
    for pads, extra in ((((0, 0), (0, 0)), (0, 0)), (((2, 1), (0, 1)), (0, 0)), (((1, 1), (1, 0)), (1, 1))):
        op = conv(stride=(2, 3), padding=pads, transposed=True, output_padding=extra)
        cost = analyze(graph(op)).cost
        assert cost.macs == 240 * 6 * 3 * 2
        assert (cost.effective_macs == cost.macs) == (not any(map(any, pads)))


@pytest.mark.parametrize(
    ("op", "params", "operations"), [(Activation("gelu"), 0, 240), (Add(), 0, 240), (BatchNorm(4), 8, 480)]
)
def test_elementwise_operations_have_no_macs(op: Op, params: int, operations: int) -> None:
    """Activation and add do 1 an element, BatchNorm 2 and has 2 params a channel."""
    one = Conv(4, 4, (1, 1), (1, 1), ((0, 0), (0, 0)), (1, 1))
    cost = analyze(graph(one, op)).ops[1].cost
    assert (cost.params, cost.macs, cost.effective_macs, cost.elementwise) == (params, 0, 0, operations)


def test_traffic_counts_in_place_operations_too() -> None:
    """They read and write everything, though nothing is allocated."""
    one = Conv(4, 4, (1, 1), (1, 1), ((0, 0), (0, 0)), (1, 1))
    norm, relu, add = analyze(graph(one, BatchNorm(4), Activation("relu"), Add())).ops[1:]
    assert norm.cost.traffic_bytes == 4 * (240 + 8 + 240)
    assert relu.cost.traffic_bytes == 4 * (240 + 240)
    assert add.cost.traffic_bytes == 4 * (240 + 240 + 240)
    assert [op.cost.activation_bytes for op in (norm, relu, add)] == [0, 0, 0]


def test_an_input_read_twice_is_moved_once() -> None:
    """x + x: each distinct input counts once."""
    assert analyze(Graph(INPUT, "fp32", (Node("add", Add(), (0, 0)),))).cost.traffic_bytes == 4 * (240 + 240)


@each(("dtype", "bits"), [("fp64", 64), ("bf16", 16), ("int8", 8), ("int16", 16), ("int4", 4), ("w8a8", 8)])
def test_bytes_are_elements_times_the_bits_of_the_dtype(dtype: str, bits: int) -> None:
    """And what is not in bytes does not depend on it."""
    result, full = words(analyze(graph(conv(), dtype=dtype))), words(analyze(graph(conv())))
    for word in WORDS:
        if word.endswith("_bytes"):
            assert result[word] * 32 == full[word] * bits
        elif word != "arithmetic_intensity":
            assert result[word] == full[word]
    assert result["arithmetic_intensity"] == result["flops"] / result["traffic_bytes"]


@each_layer()
def test_additive_words_add_over_operations(spec: LayerSpec) -> None:
    """For every layer and variant, each of them is the sum of the operations'."""
    for name in [*all_variants(), AS_GIVEN]:
        try:
            result = said(name, spec)
        except DoesNotApply:
            continue
        total, parts = words(result), [words(op) for op in result.ops]
        for word in ADDITIVE:
            assert total[word] == sum(part[word] for part in parts), word


@each_layer()
def test_words_hold_together(spec: LayerSpec) -> None:
    """flops = 2 MACs; effective MACs within MACs; weights, activations and traffic in whole elements."""
    result = words(said(AS_GIVEN, spec))
    assert result["flops"] == 2 * result["macs"]
    assert 0 <= result["effective_macs"] <= result["macs"]
    assert result["peak_bytes"] <= result["traffic_bytes"]
    assert result["arithmetic_intensity"] == result["flops"] / result["traffic_bytes"]


@each_layer()
def test_the_batch_multiplies_work_and_leaves_params(spec: LayerSpec) -> None:
    spec = spec._replace(dtype="fp16")  # of less than a byte a number, the last byte is filled up
    one, three = said(AS_GIVEN, spec._replace(batch=1)), said(AS_GIVEN, spec._replace(batch=3))
    assert one.cost.params == three.cost.params
    for word in ("macs", "effective_macs", "elementwise", "activation_bytes"):
        assert 3 * getattr(one.cost, word) == getattr(three.cost, word)
    assert 3 * one.peak_bytes == three.peak_bytes


def test_peak_does_not_add() -> None:
    """Two operations' peaks overlap in the tensor between them."""
    result = said("depthwise-separable", parse_spec("64:128 @56 k3"))
    assert result.peak_bytes == max(op.peak_bytes for op in result.ops) < sum(op.peak_bytes for op in result.ops)


def test_mixes_says_what_is_combined() -> None:
    """A depthwise convolution mixes space, a pointwise one channels, the two together both, an add neither."""
    spec = parse_spec("8:8 @9 k3")
    assert said("standard", spec).mixes == ["space", "channels"]
    assert said("depthwise", spec).mixes == ["space"]
    assert said("pointwise", spec).mixes == ["channels"]
    assert said("grouped", spec).mixes == ["space"]  # 8 groups of 8 channels: one each
    assert said("grouped", parse_spec("64:64 @9 k3")).mixes == ["space", "channels"]
    assert [(op.name, op.mixes) for op in said("inverted-residual", spec).ops] == [
        ("expand", ["channels"]),
        ("depthwise", ["space"]),
        ("project", ["channels"]),
        ("add", []),
    ]


def test_every_result_is_an_exact_integer() -> None:
    """With sizes of 18 digits, nothing is rounded on the way."""
    n = 10**18 - 1
    result = words(said("standard", LayerSpec(n, n, (1, 1), (n, n), batch=n)))
    assert result["params"] == n * n
    assert result["macs"] == result["effective_macs"] == n**5
    assert result["flops"] == 2 * n**5
    assert result["peak_bytes"] == 4 * 2 * n**4
    assert result["traffic_bytes"] == 4 * (2 * n**4 + n**2)
    assert math.isclose(result["arithmetic_intensity"], n / 4)


def test_conv_activations_are_what_products_put_out_and_nothing_else() -> None:
    """Of conv, norm, activation and add the convolution's alone, 2 x 4 x 5 x 6; a transposed one's after cropping."""
    one = Conv(4, 4, (1, 1), (1, 1), ((0, 0), (0, 0)), (1, 1))
    assert analyze(graph(one, BatchNorm(4), Activation("relu"), Add())).cost.conv_activations == 240
    turned = conv(stride=(2, 3), padding=((1, 1), (0, 1)), transposed=True, output_padding=(0, 1))
    assert analyze(graph(turned)).cost.conv_activations == 2 * 6 * 9 * 17


def test_what_is_counted_by_definition_puts_out_what_it_says_or_its_output() -> None:
    """As often as it runs; nothing where it has no products."""
    product = Counted("matmul", (2, 3, 5), macs=30, effective_macs=30)
    for op, expected in ((product, 30), (product._replace(times=4), 120), (product._replace(macs=0), 0),
                         (product._replace(conv_activations=7, times=2), 14)):  # fmt: skip
        assert analyze(Graph(INPUT, "fp32", (Node("op", op, (0,)),))).cost.conv_activations == expected


def test_types_of_tensors_are_counted_by_what_is_learned_in_them() -> None:
    """By roles, or as a file says them; those of values alone have 0."""
    op = conv(bias=True)
    by_roles = tensor_types(graph(op, BatchNorm(6), dtype="w4a16"))
    assert dict(by_roles) == {"int4": 144, "int64": 6, "fp32": 12, "int16": 0}
    said = graph(op)._replace(value_types=("fp16", "fp32"), weight_types=((("int8", 144), ("fp16", 6), ("fp64", 0)),))
    assert dict(tensor_types(said)) == {"int8": 144, "fp16": 6, "fp32": 0}
    assert dict(tensor_types(graph(op))) == {"fp32": 150}
