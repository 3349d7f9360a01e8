"""Tools that hang a hook on every module, and see no function."""

from .registry import (
    BIAS,
    CHANNELS,
    DIMS,
    DIMS_OUT,
    IN,
    MACS,
    NESTED,
    NOTHING,
    OUT,
    PADDED_WINDOWS,
    PARAMS_A_SAMPLE,
    ROWS,
    SECOND_AXIS,
    SIDES,
    UNSUPPORTED,
    WEIGHTS,
    Amount,
    a_sample,
    amount,
    convention,
)

MOVED = amount("moved_macs")
FUNCTIONS = ("function",)
EXACT_TYPES = ("function", "subclass", "container")

#: A module that holds others is looked into, and not seen itself.
LEAVES = ("function", "container")
_THOP = "thop/profile.py, thop/vision/basic_hooks.py"


@convention("thop", "0.0.31 to 0.1.1", "MACs", "thop/profile.py, thop/vision/basic_hooks.py", blind=EXACT_TYPES)
def thop() -> dict[str, Amount | None]:
    """Exact types of modules: a subclass is 0. A transposed convolution is counted at its output positions."""
    return {
        "conv linear": MACS,
        "transposed": MOVED,
        "batch-norm layer-norm instance-norm": 4 * IN,
        "plain-norm plain-batch-norm plain-instance-norm": 2 * IN,
        "prelu": IN,
        "softmax": 3 * IN - ROWS,
        "avg-pool": OUT,
        "adaptive-avg-pool": IN + OUT,
        "upsample-nearest": OUT,
        "upsample-bilinear": 11 * OUT,
        "upsample-bicubic": 259 * OUT,
    }


def _ultralytics_rules(transposed: Amount) -> dict[str, Amount | None]:
    return {
        "conv linear": MACS,
        "attention": UNSUPPORTED,  # it counts nn.MultiheadAttention whole, where its parts are functions
        "transposed": transposed,
        "batch-norm layer-norm group-norm instance-norm rms-norm": 4 * IN,
        "plain-norm plain-batch-norm plain-instance-norm": 2 * IN,
        "prelu": IN,
        "softmax": 3 * IN - ROWS,
        "avg-pool adaptive-avg-pool": PADDED_WINDOWS + OUT,
        "upsample-bilinear": 11 * OUT,
        "upsample-bicubic": 259 * OUT,
    }


_ULTRALYTICS = f"{_THOP} of ultralytics-thop"


@convention("ultralytics-thop", "2.0.0 to 2.0.15", "MACs", _ULTRALYTICS, blind=EXACT_TYPES)
def ultralytics_thop_before() -> dict[str, Amount | None]:
    """As thop 0.1.1: the fork's first versions."""
    return dict(thop.rules)


@convention("ultralytics-thop", "2.0.16 and later", "MACs", _ULTRALYTICS, blind=FUNCTIONS)
def ultralytics_thop() -> dict[str, Amount | None]:
    """Subclasses too; a transposed convolution at its input positions, an average pool by its windows."""
    return _ultralytics_rules(MACS)


@convention(
    "ultralytics", "8.4.190 and later", "GFLOPs",
    "ultralytics/utils/torch_utils.py: get_flops, by ultralytics-thop 2.2.3", blind=FUNCTIONS, scaled=True,
)  # fmt: skip
def ultralytics() -> dict[str, Amount | None]:
    """What model.info prints: twice ultralytics-thop, counted at 32x32 (and 32x64) and scaled by the area."""
    return {kinds: rule and 2 * rule for kinds, rule in _ultralytics_rules(MACS).items()}


@convention("torchinfo", "1.8", "mult-adds", "torchinfo/layer_info.py: calculate_macs", blind=LEAVES)
def torchinfo() -> dict[str, Amount | None]:
    """Params times positions for convolutions, params times the batch for every other leaf with weights."""
    return {
        "conv": MACS + BIAS,
        "transposed": MOVED + BIAS,
        "linear batch-norm layer-norm group-norm instance-norm rms-norm prelu": PARAMS_A_SAMPLE,
    }


@convention(
    "torch-summary", "1.4", "mult-adds", "torchsummary/layer_info.py: calculate_macs", blind=FUNCTIONS, nested=True
)
def torch_summary() -> dict[str, Amount | None]:
    """Weights times positions or alone, without batch and bias; every container adds the weights in it once more."""
    return {
        "conv": amount("sample_macs") + NESTED,
        "transposed": amount("sample_macs") + NESTED,
        "linear batch-norm layer-norm group-norm instance-norm rms-norm prelu": WEIGHTS + NESTED,
    }


@convention("flopth", "0.1", "FLOPs", "flopth/helper.py", blind=LEAVES, last_call=True)
def flopth() -> dict[str, Amount | None]:
    """A module that is used twice keeps the last call; a matrix product takes the second axis for the features."""
    return {
        "conv": MACS + BIAS,
        "transposed": MOVED + BIAS,
        "linear": SECOND_AXIS,
        "batch-norm": 2 * IN,
        "plain-batch-norm layer-norm plain-norm plain-instance-norm": IN,
        "group-norm instance-norm": 2 * IN,
        "relu relu6 prelu elu leaky-relu gelu celu selu hardswish hardsigmoid tanh": IN,
        "max-pool avg-pool adaptive-max-pool adaptive-avg-pool": IN,
        "upsample-nearest upsample-bilinear upsample-bicubic": amount("plane"),
    }


def _of_one(rules: dict[str, Amount | None]) -> dict[str, Amount | None]:
    """Rules for the one sample that torchscan runs: it takes a shape without a batch."""
    return {kinds: rule and a_sample(rule) for kinds, rule in rules.items()}


@convention("torchscan-macs", "0.2", "MACs", "torchscan/modules/macs.py", rest=UNSUPPORTED, blind=LEAVES)
def torchscan_macs() -> dict[str, Amount | None]:
    """Its report is partial, without a total, where a module has no rule."""
    return _of_one(
        {
            "conv linear": MACS,
            "transposed": MOVED + 4 * DIMS,
            "batch-norm": 2 * IN,
            "plain-batch-norm": IN,
            "relu elu leaky-relu relu6 tanh sigmoid dropout add multiply": NOTHING,
            "max-pool adaptive-max-pool": SIDES - OUT,
            "avg-pool adaptive-avg-pool": SIDES - OUT + DIMS_OUT,
        }
    )


@convention("torchscan-flops", "0.2", "FLOPs", "torchscan/modules/flops.py", rest=UNSUPPORTED, blind=LEAVES)
def torchscan_flops() -> dict[str, Amount | None]:
    """A dot product of n terms is 2n − 1; a max pool takes the side of its window for its size."""
    return _of_one(
        {
            "conv linear": 2 * MACS - OUT + BIAS,
            "transposed": 2 * MOVED - OUT + BIAS + 8 * DIMS,
            "batch-norm": 4 * IN + 2 * CHANNELS,
            "plain-batch-norm": 2 * IN + 2 * CHANNELS,
            "layer-norm": 8 * IN + 2 * ROWS,
            "relu dropout": IN,
            "relu6": 2 * IN,
            "leaky-relu sigmoid": 4 * IN,
            "elu tanh": 6 * IN,
            "add multiply": NOTHING,
            "max-pool adaptive-max-pool": SIDES - OUT,
            "avg-pool adaptive-avg-pool": SIDES - OUT + DIMS_OUT,
        }
    )


def _mmcv_rules(transposed: Amount) -> dict[str, Amount | None]:
    rules = {
        "conv": MACS + BIAS,
        "transposed": transposed,
        "linear": MACS,
        "batch-norm group-norm instance-norm layer-norm": 2 * IN,
        "plain-batch-norm plain-instance-norm plain-norm": IN,
        "relu relu6 prelu elu leaky-relu": OUT,
        "max-pool avg-pool adaptive-max-pool adaptive-avg-pool": IN,
        "upsample-nearest upsample-bilinear upsample-bicubic": OUT,
    }
    return {kinds: a_sample(rule) for kinds, rule in rules.items()}


_MMCV = "mmcv/cnn/utils/flops_counter.py"


@convention("mmcv", "1.0.0 to 1.4.7", "FLOPs", _MMCV, blind=EXACT_TYPES)
def mmcv_before() -> dict[str, Amount | None]:
    """Transposed convolutions over two axes alone; their bias takes the height twice."""
    return _mmcv_rules(amount("flat_macs") + amount("square_bias"))


@convention("mmcv", "1.4.8 and later", "FLOPs", _MMCV, blind=EXACT_TYPES)
def mmcv() -> dict[str, Amount | None]:
    """The same; a transposed convolution's bias at its output's size."""
    return _mmcv_rules(amount("flat_macs") + amount("flat_bias"))
