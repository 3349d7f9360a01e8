"""Operations of ONNX Runtime: the sizes and types of what they make, and the weights that pass through them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from networks.onnx_models import model, model_of, onnx, read_here, single
from networks.test_onnx_walk import costs, given, node, weights
from tables import each

#: Operation, attributes and inputs, as in the table of rules | the sizes of all outputs | their types.
MADE = """
com.microsoft.nchwc.ReorderInput channels_last=1 | 2x6x7x20 | 2x32x6x7 | fp32
com.microsoft.nchwc.ReorderInput | 2x20x6x7 | 2x32x6x7 | fp32
com.microsoft.nchwc.ReorderInput | 2x16x6x7 | 2x16x6x7 | fp32
com.microsoft.nchwc.ReorderOutput channels=12 channels_last=1 | 2x16x6x7 | 2x6x7x12 | fp32
com.microsoft.nchwc.ReorderOutput channels=12 | 2x16x6x7 | 2x12x6x7 | fp32
com.microsoft.nchwc.ReorderOutput channels=1 | 2x16x6x7 | 2x1x6x7 | fp32
com.microsoft.nchwc.GlobalMaxPool | 2x16x6x7 | 2x16x1x1 | fp32
com.microsoft.nchwc.AveragePool kernel_shape=2,3 strides=2,1 | 2x16x6x7 | 2x16x3x5 | fp32
com.microsoft.nchwc.Conv strides=2,1 | 2x16x6x7 *32x16x3x2 | 2x32x2x6 | fp32
com.microsoft.Gelu | q:2x3 | 2x3 | uint8
SimplifiedLayerNormalization | 2x3x4 *q:4 | 2x3x4 | fp32
com.microsoft.QuantizeLinear | 2x3 *. *q. | 2x3 | uint8
com.microsoft.DequantizeLinear | q:2x3 *. *q. | 2x3 | fp32
com.microsoft.QLinearAdd | q:2x1x4 *. *q. q:3x1 *. *q. *. *q. | 2x3x4 | uint8
com.microsoft.QLinearMul | q:3x1 *. *q. q:2x1x4 *. *q. *. *q. | 2x3x4 | uint8
com.microsoft.QLinearConcat axis=-2 | *. *q. q:1x2x4 *. *q. q:1x3x4 *. *q. | 1x5x4 | uint8
com.microsoft.QGemm transB=1 | q:5x3 *. *q. *q:4x3 *. *q. *j:4 *. *q. | 5x4 | uint8
com.microsoft.QGemm transA=1 | q:3x5 *. *q. *q:3x4 *. *q. *j:4 | 5x4 | fp32
com.microsoft.MatMulIntegerToFloat | q:2x3 *q:3x4 *. *. | 2x4 | fp32
com.microsoft.QAttention num_heads=2 | q:2x5x8 *q:8x24 *24 *. *. | 2x5x8 | fp32
com.microsoft.Attention num_heads=2 qkv_hidden_sizes=8,8,4 | 2x5x8 *8x20 *20 | 2x5x4 | fp32
com.microsoft.QLinearConv channels_last=1 strides=2,1 | q:2x6x7x4 *. *q. *q:8x4x3x2 *. *q. *. *q. | 2x2x6x8 | uint8
com.microsoft.QLinearAveragePool channels_last=1 kernel_shape=2,3 | q:2x6x7x4 *. *q. *. *q. | 2x5x5x4 | uint8
com.microsoft.QLinearGlobalAveragePool channels_last=1 | q:2x6x7x4 *. *q. *. *q. | 2x1x1x4 | uint8
com.microsoft.QLinearGlobalAveragePool | q:2x4x6x7 *. *q. *. *q. | 2x4x1x1 | uint8
com.microsoft.SkipLayerNormalization ->4 | 2x5x8 2x5x8 *8 *8 *8 | 2x5x8 2x5x1 2x5x1 2x5x8 | fp32 fp32 fp32 fp32
com.microsoft.EmbedLayerNormalization ->3 | j:2x5 - *30x8 *10x8 - *8 *8 | 2x5x8 2 2x5x8 | fp32 fp32 fp32
com.microsoft.BiasSplitGelu | 2x5x8 *8 | 2x5x4 | fp32
com.microsoft.DynamicQuantizeLSTM hidden_size=4 ->3 | 7x2x3 *2x3x16 *2x4x16 | 7x2x2x4 2x2x4 2x2x4 | fp32 fp32 fp32
com.microsoft.MatMulNBits K=32 N=6 bits=4 block_size=16 | 5x3x32 *q:6x2x8 *12 | 5x3x6 | fp32
com.microsoft.MatMulNBits K=1 N=1 bits=4 block_size=16 | 5x1 *q:1x1x8 *1 | 5x1 | fp32
com.microsoft.FusedMatMul transA=1 transB=1 | 7x1x3x2 5x4x3 | 7x5x2x4 | fp32
com.microsoft.FusedGemm | 5x3 *3x4 | 5x4 | fp32
com.microsoft.DynamicQuantizeMatMul | 6x2x3 *q:3x4 *. | 6x2x4 | fp32
com.microsoft.MultiHeadAttention num_heads=2 | 2x5x2x3x4 | 2x5x8 | fp32
com.microsoft.MultiHeadAttention num_heads=2 | 2x5x8 2x7x2x2x4 | 2x5x8 | fp32
com.microsoft.MultiHeadAttention num_heads=2 | 2x5x8 2x2x7x4 2x2x7x3 | 2x5x6 | fp32
com.microsoft.GroupQueryAttention num_heads=4 kv_num_heads=1 | 2x5x24 - - - - j:1 *j[5] | 2x5x16 | fp32
com.microsoft.GroupQueryAttention num_heads=4 kv_num_heads=2 | 2x5x16 2x5x8 2x5x8 | 2x5x16 | fp32
"""


@each("row", MADE.strip().splitlines())
def test_what_comes_out_of_an_operation_has_these_sizes_and_types(tmp_path: Path, row: str) -> None:
    """As an operation behind each output sees it, and as its memory is counted."""
    text, sizes, types = [part.strip() for part in row.rsplit("|", 2)]
    made, names = model_of(text), [f"o{number}" for number in range(single(text).outputs)]
    made.graph.node.extend([node("Cast", name, f"c{name}", to=1) for name in names])
    del made.graph.output[:]
    made.graph.output.extend([onnx.helper.make_empty_tensor_value_info(f"c{name}") for name in names])
    found = read_here(made, tmp_path)
    assert found.unknown == []
    behind = {one.name: one for one in found.graph.nodes}
    shapes = [behind[f"c{name}"].op.output_shape for name in names]
    assert ["x".join(map(str, shape)) for shape in shapes] == sizes.split()
    assert found.graph.value_types is not None
    read = [behind[f"c{name}"].inputs[0] for name in names]
    assert [found.graph.value_types[value] for value in read] == types.split()


#: Weights of 16 filters of 3x3x3 on their way through operations of ONNX Runtime.
PASSED: dict[str, list[Any]] = {
    "back from 8 bits": [node("DequantizeLinear", "w8 s z", "v", domain="com.microsoft")],
    "to 8 bits and back": [
        node("QuantizeLinear", "w s z", "q", domain="com.microsoft"),
        node("DequantizeLinear", "q s z", "v", domain="com.microsoft"),
    ],
}


@pytest.mark.parametrize("name", PASSED)
def test_weights_that_are_quantised_stay_params(tmp_path: Path, name: str) -> None:
    """And scales and zero points are none."""
    tensors = [
        weights("w", 16, 3, 3, 3),
        weights("w8", 16, 3, 3, 3, kind=3),
        weights("s", 16),
        weights("z", 16, kind=3),
    ]
    made = model([*PASSED[name], node("Conv", "x v", "y")], [given("x", 1, 3, 8, 8)], ["y"], tensors)
    found = read_here(made, tmp_path)
    assert (costs(found), found.unknown) == ((432, 15552), [])


@pytest.mark.parametrize(("channels", "block"), [(32, 16), (24, 8), (16, 16), (8, 8), (12, 8)])
def test_a_block_is_as_large_as_the_channels_that_convolutions_make(tmp_path: Path, channels: int, block: int) -> None:
    """However many go into the first one; 12 are none of either, and the smaller one is taken."""
    nodes = [node("Conv", "x w", "y", domain="com.microsoft.nchwc"),
             node("ReorderInput", "x", "z", domain="com.microsoft.nchwc")]  # fmt: skip
    found = read_here(model(nodes, [given("x", 1, 3, 4, 4)], ["y", "z"], [weights("w", channels, 3, 1, 1)]), tmp_path)
    assert [one.op.output_shape for one in found.graph.nodes if one.name == "z"] == [(1, block, 4, 4)]


def test_what_says_nothing_of_a_block_leaves_it_at_16(tmp_path: Path) -> None:
    """A convolution over blocks without weights in the file, or without any, and one that is over none."""
    blocked = "com.microsoft.nchwc"
    nodes = [node("Conv", "x x", "a", domain=blocked), node("Conv", "x", "b", domain=blocked),
             node("Conv", "x w", "c"), node("ReorderInput", "x", "z", domain=blocked)]  # fmt: skip
    found = read_here(model(nodes, [given("x", 1, 3, 4, 4)], ["a", "c", "z"], [weights("w", 8, 3, 1, 1)]), tmp_path)
    assert [one.op.output_shape for one in found.graph.nodes if one.name == "z"] == [(1, 16, 4, 4)]


@pytest.mark.parametrize("op", ["QLinearAdd", "QLinearMul"])
@pytest.mark.parametrize("order", ["x sx zx w sw zw sy zy", "w sw zw x sx zx sy zy"])
def test_of_a_quantised_sum_or_product_the_constant_counts_and_no_scale(tmp_path: Path, op: str, order: str) -> None:
    """However many numbers it has, and on either side."""
    nodes = [node(op, order, "y", domain="com.microsoft")]
    tensors = [weights("w", 3, kind=2), *[weights(name, 7) for name in ("sx", "sw", "sy")],
               *[weights(name, 7, kind=2) for name in ("zx", "zw", "zy")]]  # fmt: skip
    assert costs(read_here(model(nodes, [given("x", 2, 3, kind=2)], ["y"], tensors), tmp_path)) == (3, 0)
