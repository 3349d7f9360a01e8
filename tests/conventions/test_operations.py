"""Operations as counters see them: what a file counts by definition, and what no golden module is of."""

from __future__ import annotations

import pytest

from convcost.conventions.answer import find_conventions, say_all
from convcost.conventions.operations import see
from convcost.graph.ops import Counted, Graph, Node

#: 2 x 3 x 4 = 24 elements.
SHAPE = (2, 3, 4)


def alone(op: Counted) -> Graph:
    return Graph(SHAPE, "fp32", (Node("alone", op, (0,)),))


def test_products_on_data_are_those_of_every_run_of_a_loop() -> None:
    """7 runs of 100 products, 90 of them on data; the weights are learned once."""
    op = Counted("loop-conv", SHAPE, params=50, macs=100, effective_macs=90, times=7)
    (one,) = see(alone(op), [SHAPE, SHAPE])
    assert [one.sizes[size] for size in ("macs", "effective_macs", "params")] == [700, 630, 50]


@pytest.mark.parametrize(
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


@pytest.mark.parametrize(
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
