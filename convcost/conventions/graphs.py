"""Tools that walk a stored graph: ONNX files, and TensorFlow's graphs."""

from .registry import BIAS, CHANNELS, IN, MACS, NOTHING, OUT, ROWS, UNSUPPORTED, WINDOWS, Amount, amount, convention

_ONNX_TOOL = "onnx_tool/node.py"


def _onnx_tool(norm: Amount) -> dict[str, Amount | None]:
    """Per ONNX operation, as PyTorch's exporter writes them: SiLU is Sigmoid and Mul, GELU five operations."""
    return {
        "conv linear": MACS + BIAS,
        "matmul other": MACS,
        "transposed": amount("crossed_macs") + BIAS,
        "batch-norm": norm,
        "plain-batch-norm": 31 * OUT,
        "elu": 35 * OUT,
        "layer-norm": 7 * IN + 29 * ROWS,
        "group-norm": 9 * OUT,
        "instance-norm plain-instance-norm": 7 * OUT,
        "relu": OUT,
        "relu6 leaky-relu": 2 * OUT,
        "hardswish": 5 * OUT,
        "hardsigmoid": 4 * OUT,
        "sigmoid": 32 * OUT,
        "silu": 33 * OUT,
        "gelu": 7 * OUT,
        "tanh": 76 * OUT,
        "softmax": 36 * IN,
        "max-pool avg-pool": WINDOWS,
        "adaptive-avg-pool": WINDOWS + 4 * amount("global_out"),
        "adaptive-max-pool mean": IN,
        "attention": UNSUPPORTED,  # it depends on how the exporter writes it
        "split": 7 * amount("chunks"),  # its ends are computed from the shape in the graph
        "add multiply": OUT,
        "divide": 4 * OUT,
        "power": 32 * OUT,
        "upsample-bilinear upsample-bicubic": 4 * OUT,
    }


@convention("onnx-tool", "1.0", "MACs", f"{_ONNX_TOOL}; exported with BatchNorm kept")
def onnx_tool() -> dict[str, Amount | None]:
    """A BatchNorm is 31 an element: a square root and a division each."""
    return {**_onnx_tool(31 * OUT), "copied.conv": MACS + BIAS + amount("copied")}


@convention("onnx-tool (folded)", "1.0", "MACs", f"{_ONNX_TOOL}; BatchNorm folded by the exporter")
def onnx_tool_folded() -> dict[str, Amount | None]:
    """The usual export: a BatchNorm behind a convolution is gone, and the convolution has a bias for it."""
    return {**_onnx_tool(31 * OUT), "batch-norm": 31 * amount("kept") + amount("folded")}


@convention("tf.profiler", "TensorFlow 2", "float ops", "tensorflow/python/profiler, keras-flops", rest=UNSUPPORTED)
def tensorflow() -> dict[str, Amount | None]:
    """Nodes with a registered rule; a BatchNorm that is not fused is written out; activations are 0."""
    return {
        "conv linear matmul": 2 * MACS + BIAS,
        "batch-norm": 2 * IN + 6 * CHANNELS,
        "relu relu6 dropout": NOTHING,
        "max-pool": WINDOWS,
        "adaptive-avg-pool": amount("global_in"),  # TensorFlow has no other
        "mean": IN,
        "add multiply": OUT,
        "softmax": 5 * IN,
    }
