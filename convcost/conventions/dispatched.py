"""Tools that count the operations that run or are traced, whether a module or a function asked for them."""

from .registry import (
    BIAS,
    CHANNELS,
    EFFECTIVE,
    IN,
    MACS,
    NOTHING,
    OUT,
    UNSUPPORTED,
    WINDOWS,
    Amount,
    a_sample,
    amount,
    convention,
)

_FVCORE = "fvcore/nn/flop_count.py, fvcore/nn/jit_handles.py"


def _fvcore_rules() -> dict[str, Amount | None]:
    return {
        "conv transposed linear matmul other": MACS,
        "word.conv": NOTHING,  # aten::_convolution_mode has no handle: padding="same" is skipped with a warning
        "batch-norm": 2 * IN,
        "plain-batch-norm": IN,
        "layer-norm group-norm instance-norm": 5 * IN,
        "plain-norm plain-instance-norm": 4 * IN,
        "adaptive-avg-pool": amount("flat_in"),  # adaptive_avg_pool2d has a handle, those of other axes have none
        "upsample-nearest": OUT,
        "upsample-bilinear": 4 * OUT,
    }


fvcore = convention("fvcore", "0.1.5", "flops", _FVCORE)(_fvcore_rules)
mmengine = convention("mmengine", "0.10", "flops", "mmengine/analysis/complexity_analysis.py, after fvcore")(
    _fvcore_rules
)


@convention("FlopCounterMode", "torch 2.1 to 2.14", "flops", "torch/utils/flop_counter.py")
def flop_counter_mode() -> dict[str, Amount | None]:
    """Convolutions and matrix products, two for a multiply-add; whatever has no formula is 0."""
    return {"conv transposed linear matmul attention other": 2 * MACS}


@convention("ptflops-aten", "0.7", "MACs", "ptflops/aten_ops.py")
def ptflops_aten() -> dict[str, Amount | None]:
    """Convolutions and addmm with their biases, products without."""
    return {"conv transposed linear": MACS + BIAS, "matmul other": MACS}


@convention("torchprofile", "0.1.0", "MACs", "torchprofile/handlers.py")
def torchprofile() -> dict[str, Amount | None]:
    """Norms and products once an output; a transposed convolution is told from a plain one by its shapes."""
    return {
        "conv linear matmul attention other": MACS,
        "word.conv": NOTHING,  # aten::_convolution_mode has no handler
        "transposed": amount("confused_macs"),
        "batch-norm layer-norm group-norm instance-norm": OUT,
        "plain-norm plain-batch-norm plain-instance-norm": NOTHING,
        "leaky-relu multiply avg-pool adaptive-avg-pool mean": OUT,
        "upsample-bilinear": 4 * OUT,
    }


@convention("torchscan-operator-flops", "0.2", "FLOPs", "torchscan/crawler.py", rest=UNSUPPORTED)
def torchscan_operators() -> dict[str, Amount | None]:
    """Two a multiply-add; it gives no total where any other operation ran."""
    return {"conv transposed linear matmul": a_sample(2 * MACS), "copied.conv": UNSUPPORTED, "dropout": NOTHING}


def _xla(norm: Amount) -> dict[str, Amount | None]:
    return {
        "conv transposed linear matmul": 2 * EFFECTIVE + BIAS,
        "batch-norm": norm,
        "relu add multiply": OUT,
        "sigmoid": 3 * OUT,
        "silu": 4 * OUT,
        "max-pool": WINDOWS - OUT,
        "adaptive-avg-pool mean": IN,
        "dropout": NOTHING,
    }


_XLA = "XLA's HloCostAnalysis through jax.jit(f).lower(x).cost_analysis()"


@convention("jax", "0.10", "flops", _XLA, rest=UNSUPPORTED)
def xla() -> dict[str, Amount | None]:
    """Products on data only; what is written out elementwise is counted; exponentials are another figure of its."""
    return _xla(4 * IN + CHANNELS)


@convention("flax", "0.12", "flops", f"{_XLA}; flax/linen/normalization.py", rest=UNSUPPORTED)
def flax() -> dict[str, Amount | None]:
    """The same, but a BatchNorm's scale and deviation are multiplied first, channel by channel."""
    return _xla(3 * IN + 2 * CHANNELS)
