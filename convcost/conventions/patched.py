"""Tools that put their own functions in place of PyTorch's, alone or beside hooks."""

from .registry import BIAS, IN, MACS, NOTHING, OUT, UNSUPPORTED, Amount, a_sample, amount, convention

#: Functions that PyTorch's own modules call, so that both forms are seen. nn.ReLU6 calls hardtanh, nn.Hardswish and
#: nn.Sigmoid functions of their own: these are not patched.
_PATCHED = "relu prelu elu leaky-relu silu gelu softmax max-pool avg-pool adaptive-max-pool adaptive-avg-pool"


def _functions(products: int, upsampled: Amount) -> dict[str, Amount | None]:
    """The rules that calflops has of DeepSpeed."""
    each = NOTHING if products == 1 else IN
    return {
        "conv": products * MACS + (NOTHING if products == 1 else BIAS),
        "linear matmul other": products * MACS,
        "batch-norm": 2 * each,
        "plain-batch-norm": each,
        "layer-norm group-norm instance-norm": 5 * each,
        "plain-norm plain-instance-norm": 4 * each,
        _PATCHED: each,
        "function.relu6": each,
        "function.add function.multiply": NOTHING if products == 1 else OUT,
        "upsample-nearest upsample-bilinear upsample-bicubic": NOTHING if products == 1 else upsampled,
    }


_CALFLOPS, _DEEPSPEED = "calflops/pytorch_ops.py", "deepspeed/profiling/flops_profiler/profiler.py"
_TWICE = amount("twice_grouped_macs")


@convention("calflops-flops", "0.3", "FLOPs", _CALFLOPS)
def calflops_flops() -> dict[str, Amount | None]:
    """A transposed convolution's groups are divided off twice, its bias is counted at a forward one's size."""
    return {**_functions(2, IN), "transposed": 2 * _TWICE + amount("forward_bias")}


@convention("calflops-macs", "0.3", "MACs", _CALFLOPS)
def calflops_macs() -> dict[str, Amount | None]:
    """Products alone."""
    return {**_functions(1, IN), "transposed": _TWICE}


@convention("deepspeed-flops", "0.15 to 0.19", "FLOPs", _DEEPSPEED)
def deepspeed_flops() -> dict[str, Amount | None]:
    """Two a multiply-add, and everything elementwise that is a patched function."""
    return {**_functions(2, OUT), "transposed": 2 * MACS + BIAS, "attention": 2 * MACS}


@convention("deepspeed-macs", "0.15 to 0.19", "MACs", _DEEPSPEED)
def deepspeed_macs() -> dict[str, Amount | None]:
    """Products alone."""
    return {**_functions(1, OUT), "transposed": MACS, "attention": MACS}


def _ptflops(transposed: Amount) -> dict[str, Amount | None]:
    """Hooks on modules and patched functions: what PyTorch's module calls as a patched function counts twice.

    What hooks count is divided by the batch, what functions count is not.
    """
    hooked, twice = a_sample(OUT), a_sample(OUT) + IN
    return {
        "conv linear": a_sample(MACS + BIAS),
        "matmul other": MACS,
        "transposed": a_sample(transposed),
        "batch-norm group-norm instance-norm": a_sample(2 * IN),
        "plain-batch-norm layer-norm plain-norm plain-instance-norm": a_sample(IN),
        "relu elu prelu gelu": twice,
        "relu6 leaky-relu": hooked,
        "silu softmax": IN,
        "function.relu function.elu function.prelu function.gelu function.relu6": IN,
        "function.leaky-relu": NOTHING,
        "max-pool avg-pool adaptive-max-pool adaptive-avg-pool": a_sample(IN) + IN,
        "function.max-pool function.avg-pool function.adaptive-max-pool function.adaptive-avg-pool": IN,
        "function.add function.multiply": OUT,
        "attention": UNSUPPORTED,  # nn.MultiheadAttention is one figure, by rules of its own
        "upsample-nearest upsample-bilinear upsample-bicubic": a_sample(OUT) + OUT,
        "function.upsample-nearest function.upsample-bilinear function.upsample-bicubic": OUT,
    }


_PTFLOPS = "ptflops/pytorch_ops.py, ptflops/pytorch_engine.py"


@convention("ptflops-pytorch", "0.7.0 to 0.7.4", "MACs", _PTFLOPS, blind=("subclass", "container"))
def ptflops_before() -> dict[str, Amount | None]:
    """A transposed convolution as if it were a forward one, at its output positions."""
    return _ptflops(amount("moved_macs") + BIAS)


@convention("ptflops-pytorch", "0.7.5 and later", "MACs", _PTFLOPS, blind=("subclass", "container"))
def ptflops() -> dict[str, Amount | None]:
    """A transposed convolution at its input positions."""
    return _ptflops(MACS + BIAS)


@convention(
    "ptflops-hooks",
    "0.6.9 and before",
    "MACs",
    "ptflops/pytorch_ops.py: module hooks alone",
    blind=("function", "subclass", "container"),
)
def ptflops_hooks() -> dict[str, Amount | None]:
    """Before functions were patched: each module once."""
    return {
        "conv linear": a_sample(MACS + BIAS),
        "transposed": a_sample(amount("moved_macs") + BIAS),
        "batch-norm group-norm instance-norm": a_sample(2 * IN),
        "plain-batch-norm plain-norm plain-instance-norm": a_sample(IN),
        "relu relu6 leaky-relu elu prelu gelu": a_sample(OUT),
        "max-pool avg-pool adaptive-max-pool adaptive-avg-pool": a_sample(IN),
        "upsample-nearest upsample-bilinear upsample-bicubic": a_sample(OUT),
    }
