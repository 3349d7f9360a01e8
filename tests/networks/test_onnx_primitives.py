"""Which operations of ONNX are primitives of ours, and with which fields: padding above all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from networks.onnx_models import model, model_of, read_here
from networks.test_onnx_walk import given, node, weights
from tables import each

from convcost.graph.ops import (
    Activation,
    AdaptivePool,
    Add,
    BatchNorm,
    Concat,
    Conv,
    Counted,
    Linear,
    Pool,
)

NO_PADS = ((0, 0), (0, 0))


def turned(kernel: int, padding: tuple[int, int], extra: int = 0) -> Conv:
    """A transposed convolution from 2 to 3 channels, every second position of one axis."""
    return Conv(2, 3, (kernel,), (2,), (padding,), (1,), 1, False, "zeros", True, (extra,))


#: One operation, as in the table of rules | what it is. The padding is that of ONNX's definitions, worked out by hand.
PRIMITIVES: list[tuple[str, Any]] = [
    # 5 windows of 4, every 2, reach over 12 positions where there are 9
    ("Conv auto_pad='SAME_UPPER' strides=2 | 1x2x9 *3x2x4", Conv(2, 3, (4,), (2,), ((1, 2),), (1,))),
    ("Conv auto_pad='SAME_LOWER' strides=2 | 1x2x9 *3x2x4", Conv(2, 3, (4,), (2,), ((2, 1),), (1,))),
    ("Conv auto_pad='VALID' | 1x2x9 *3x2x4", Conv(2, 3, (4,), (1,), ((0, 0),), (1,))),
    ("Conv auto_pad='NOTSET' pads=1,2 | 1x2x9 *3x2x4 *3", Conv(2, 3, (4,), (1,), ((1, 2),), (1,), 1, True)),
    ("Conv group=2 strides=2,1 pads=1,0,0,2 dilations=1,2 | 1x4x8x6 *6x2x3x2 *6",
     Conv(4, 6, (3, 2), (2, 1), ((1, 0), (0, 2)), (1, 2), 2, True)),
    # of (5 - 1) x 2 + 3 = 11 positions 10 are left, 8 of them, or 2 more are made
    ("ConvTranspose strides=2 auto_pad='SAME_UPPER' | 1x2x5 *2x3x3", turned(3, (0, 1))),
    ("ConvTranspose strides=2 auto_pad='SAME_LOWER' | 1x2x5 *2x3x3", turned(3, (1, 0))),
    ("ConvTranspose strides=2 output_shape=8 | 1x2x5 *2x3x3", turned(3, (2, 1))),
    ("ConvTranspose strides=2 output_shape=8 auto_pad='SAME_UPPER' | 1x2x5 *2x3x3", turned(3, (1, 2))),
    ("ConvTranspose strides=2 output_shape=13 | 1x2x5 *2x3x3", turned(3, (0, 0), 2)),
    ("ConvTranspose strides=2 output_shape=11 | 1x2x5 *2x3x3", turned(3, (0, 0))),
    ("ConvTranspose strides=2 pads=1,2 output_padding=1 | 1x2x5 *2x3x3", turned(3, (1, 2), 1)),
    ("ConvTranspose strides=3 dilations=2 group=2 | 1x4x5 *4x3x2 *6",
     Conv(4, 6, (2,), (3,), ((0, 0),), (2,), 2, True, "zeros", True, (0,))),
    ("MaxPool kernel_shape=3,2 strides=2,1 pads=1,0,0,1 | 1x3x8x6", Pool("max", (3, 2), (2, 1), ((1, 0), (0, 1)))),
    ("MaxPool kernel_shape=3 strides=2 auto_pad='SAME_LOWER' | 1x3x8", Pool("max", (3,), (2,), ((1, 0),))),
    ("MaxPool kernel_shape=2,2 strides=2,2 ceil_mode=1 | 1x3x5x7", Pool("max", (2, 2), (2, 2), NO_PADS, True)),
    ("AveragePool kernel_shape=2 strides=2 | 1x3x8", Pool("avg", (2,), (2,), ((0, 0),))),
    ("MaxPool kernel_shape=3 dilations=2 | 1x3x8", Counted("max-pool", (1, 3, 4), elementwise=36)),
    ("LpPool kernel_shape=2 strides=2 | 1x3x8", Counted("lp-pool", (1, 3, 4), elementwise=24)),
    ("GlobalMaxPool | 1x3x8", AdaptivePool("max", (1,))),
    ("GlobalAveragePool | 1x3x8x6", AdaptivePool("avg", (1, 1))),
    ("GlobalLpPool | 1x3x8", Counted("global-lp-pool", (1, 3, 1), elementwise=24)),
    ("Gemm transB=1 | 5x3 *4x3 *4", Linear(3, 4, True)),
    ("Gemm | 5x3 *3x4", Linear(3, 4)),
    ("Gemm transA=1 | 3x5 *3x4", Counted("gemm", (5, 4), 12, 60, 60)),
    ("MatMul | 2x3 *3x4", Linear(3, 4)),
    ("MatMul | 5x2x3 *3x4", Counted("mat-mul", (5, 2, 4), 12, 120, 120)),
    ("MatMul | *2x3 3x4", Counted("mat-mul", (2, 4), 6, 24, 24)),
    ("Relu | 2x3", Activation("relu")),
    ("Sigmoid | 2x3", Activation("sigmoid")),
    ("Tanh | 2x3", Activation("tanh")),
    ("Relu | 3", Counted("relu", (3,), elementwise=3, in_place=True)),
    ("Add | 2x3 2x3", Add()),
    ("Add | 2x1 1x3", Counted("add", (2, 3), elementwise=6)),
    ("Add | 2x3 1x3", Counted("add", (2, 3), elementwise=6, in_place=True)),
    ("Add | *2x3 2x3", Counted("add", (2, 3), 6, elementwise=6, in_place=True)),
    ("Sum | 2x3 2x3", Add()),
    ("Max | 2x3 2x3", Counted("max", (2, 3), elementwise=6, in_place=True)),
    ("Sum | 2x3 2x3 2x3", Counted("sum", (2, 3), elementwise=12, in_place=True)),
    ("Sum | 2x3", Counted("sum", (2, 3), in_place=True)),
    ("BatchNormalization | 2x4x5 *4 *4 *4 *4", BatchNorm(4)),
    ("BatchNormalization | 3x4 *4 *4 *4 *4", BatchNorm(4)),
    ("Concat axis=1 | 1x2x4 1x3x4", Concat()),
    ("Concat axis=-2 | 1x2x4 1x3x4", Concat()),
    ("Concat axis=0 | 1x2x4 1x2x4", Counted("concat", (2, 2, 4))),
    ("Concat axis=2 | 1x2x4 1x2x3", Counted("concat", (1, 2, 7))),
    ("Concat axis=-1 | 1x2x4 1x2x3", Counted("concat", (1, 2, 7))),
    ("Concat axis=1 | 1x2 1x3 1x4", Concat()),
    ("Identity | 2x3", Counted("identity", (2, 3), moved=0, view=True)),
    ("Transpose perm=1,0 | 2x3", Counted("transpose", (3, 2))),
    ("Softmax | 2x3", Counted("softmax", (2, 3), elementwise=30, in_place=True)),
    ("Gather axis=1 | 2x5 i:3", Counted("gather", (2, 3), moved=18)),
    ("LRN size=0 | 1x8x3x3", Counted("lrn", (1, 8, 3, 3), elementwise=432)),
    ("LRN size=5 | 1x8x3x3", Counted("lrn", (1, 8, 3, 3), elementwise=720)),
    ("Dropout | 2x3", Counted("dropout", (2, 3), moved=0, view=True)),
]  # fmt: skip


@each(("row", "op"), PRIMITIVES, ids=[row for row, _ in PRIMITIVES])
def test_an_operation_is_this_primitive_or_none(tmp_path: Path, row: str, op: Any) -> None:
    found = read_here(model_of(row), tmp_path)
    assert [one.op for one in found.graph.nodes if one.name == "o0"] == [op]
    assert found.unknown == []


@each(
    ("nodes", "out", "reason"),
    [
        ([node("MaxPool", "x", "y")], (1, 3, 4, 3), "its window does not fit its input"),
        ([node("MaxPool", "x", "y", kernel_shape=[2])], (1, 3, 4, 3), "its window does not fit its input"),
        ([node("Gemm", "a b", "y")], (2, 5), "its matrices do not fit"),
        ([node("Gemm", "x b", "y")], (2, 5), "it multiplies two matrices"),
        ([node("Gemm", "a x", "y")], (2, 5), "it multiplies two matrices"),
        ([node("MatMul", "a b", "y")], (2, 5), "its matrices do not fit"),
        ([node("MatMul", "one b", "y")], (5,), "its matrices do not fit"),
        ([node("MatMul", "a one", "y")], (2,), "its matrices do not fit"),
        ([node("MatMul", "a none", "y")], (2,), "its matrices do not fit"),
        ([node("MatMul", "none a", "y")], (2,), "its matrices do not fit"),
    ],
)  # fmt: skip
def test_what_a_file_says_of_an_output_does_not_hide_that_its_operation_does_not_fit(
    tmp_path: Path, nodes: list[Any], out: tuple[int, ...], reason: str
) -> None:
    """Its sizes are known then, and it is still listed."""
    inputs = [given("x", 1, 3, 8, 6), given("a", 2, 3), given("b", 4, 5), given("one", 7), given("none")]
    made = model(nodes, inputs, ["y"], [weights("w", 8, 3, 3, 3)])
    made.graph.output[0].CopyFrom(given("y", *out))
    found = read_here(made, tmp_path)
    assert [missing.reason for missing in found.unknown] == [reason]
