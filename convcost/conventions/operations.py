"""What counters look at: each operation of a graph by a common name, and the quantities that their rules multiply."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

from ..analysis.cost import adaptive_reach, conv_activations, effective_macs, macs, params
from ..graph import ops
from ..spec.records import NamedTuple

#: What is called by its kind in every table of a convention, and how a term of a sum names it.
LABELS = {
    "conv": "convolution", "transposed": "transposed convolution", "linear": "linear", "matmul": "matrix product",
    "batch-norm": "BatchNorm", "layer-norm": "LayerNorm", "group-norm": "GroupNorm", "instance-norm": "InstanceNorm",
    "rms-norm": "RMSNorm", "attention": "attention", "plain-norm": "norm without scale",
    "plain-batch-norm": "BatchNorm without scale",
    "plain-instance-norm": "InstanceNorm without scale",
    "relu": "ReLU", "relu6": "ReLU6", "leaky-relu": "LeakyReLU", "prelu": "PReLU", "elu": "ELU", "selu": "SELU",
    "celu": "CELU", "gelu": "GELU", "silu": "SiLU", "mish": "Mish", "hardswish": "Hardswish",
    "hardsigmoid": "Hardsigmoid", "sigmoid": "sigmoid", "tanh": "tanh", "softmax": "softmax", "erf": "erf",
    "max-pool": "max pool", "avg-pool": "average pool", "lp-pool": "Lp pool",
    "adaptive-max-pool": "adaptive max pool", "adaptive-avg-pool": "adaptive average pool", "mean": "mean",
    "add": "addition", "multiply": "multiplication", "divide": "division", "power": "power",
    "upsample-nearest": "nearest upsampling", "upsample-bilinear": "bilinear upsampling",
    "upsample-bicubic": "bicubic upsampling", "dropout": "dropout", "split": "split",
    "moved": "moved numbers", "other": "other",
}  # fmt: skip
KINDS = frozenset(LABELS)

#: Kinds whose terms stand in one column of a table.
FAMILIES = {
    "norms": ("batch-norm", "layer-norm", "group-norm", "instance-norm", "rms-norm", "plain-norm", "plain-batch-norm",
              "plain-instance-norm"),
    "activations": ("relu", "relu6", "leaky-relu", "prelu", "elu", "selu", "celu", "gelu", "silu", "mish", "hardswish",
                    "hardsigmoid", "sigmoid", "tanh", "softmax", "erf"),
    "pools": ("max-pool", "avg-pool", "lp-pool", "adaptive-max-pool", "adaptive-avg-pool", "mean"),
    "adds": ("add", "multiply", "divide", "power"),
}  # fmt: skip
FAMILY_OF = {kind: family for family, kinds in FAMILIES.items() for kind in kinds}


class Seen(NamedTuple):
    """One operation as counters see it: its name, its kind, its quantities by name, all whole numbers, and its form.

    `form` is how the operation is written where no fact says otherwise: `facts.FORMS`. `batch` is its input's.
    `grows`: its positions grow with the image's area alone, or it has none: what is counted on a small image and
    scaled is then exact.
    """

    name: str
    kind: str
    sizes: dict[str, int]
    form: str = "module"
    batch: int = 1
    grows: bool = True


def see(graph: ops.Graph, shapes: list[ops.Shape]) -> list[Seen]:
    """Every operation of `graph` in its order; `shapes` of every value, the input first.

    >>> from convcost.graph.ops import Node
    >>> conv = ops.Conv(3, 8, (3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1), bias=True)
    >>> found = see(ops.Graph((1, 3, 4, 4), "fp32", (Node("a", conv, (0,)),)), [(1, 3, 4, 4), (1, 8, 4, 4)])
    >>> found[0].kind, found[0].sizes["macs"], found[0].sizes["bias"]
    ('conv', 3456, 128)
    """
    found = []
    for index, (name, op, inputs) in enumerate(graph.nodes):
        given, out = shapes[inputs[0]] if inputs else (), shapes[index + 1]
        kind, sizes = _RULES[type(op)](op, given, out)
        batch = given[0] if given and given[0] else 1
        found.append(Seen(name, kind, sizes, _form(kind, op), batch, _grows(graph.input_shape, op, out)))
    _fold_norms(graph, found)
    return found


#: The side of the smallest image on which a detector of stride 32 runs.
CELL = 32


def _grows(image: ops.Shape, op: ops.Op, out: ops.Shape) -> bool:
    """Do the positions grow with the area of an image of whole cells? One that has others is counted as it is.

    >>> image, op = (1, 3, 224, 224), ops.Flatten()
    >>> _grows(image, op, (1, 8, 112, 112)), _grows(image, op, (1, 8, 111, 111)), _grows(image, op, (1, 8))
    (True, False, True)
    """
    if len(image) != 4 or len(out) != 4 or any([size % CELL for size in image[2:]]):
        return True
    if type(op) is ops.AdaptivePool:
        return prod(out[2:]) == 1
    return all([here == 1 or here * CELL % size == 0 for here, size in zip(out[2:], image[2:])])


def _form(kind: str, op: ops.Op) -> str:
    """Matrix products of two inputs and attention are functions; a padding that is copied is one, before."""
    if kind in ("matmul", "attention"):
        return "function"
    return "copied" if type(op) is ops.Conv and op.padding_mode != "zeros" else "module"


def _fold_norms(graph: ops.Graph, found: list[Seen]) -> None:
    """Which BatchNorms an exporter folds: behind a convolution that nobody else reads, which then has a bias."""
    readers = [0] * (len(graph.nodes) + 1)
    for node in graph.nodes:
        for value in node.inputs:
            readers[value] += 1
    for one, node in zip(found, graph.nodes):
        if one.kind == "batch-norm" and node.inputs:
            before = graph.nodes[node.inputs[0] - 1].op if node.inputs[0] else None
            folds = isinstance(before, ops.Conv) and not before.transposed and readers[node.inputs[0]] == 1
            one.sizes["kept"] = 0 if folds else one.sizes["out"]
            one.sizes["folded"] = one.sizes["out"] if isinstance(before, ops.Conv) and folds and not before.bias else 0


Rule = Callable[[Any, ops.Shape, ops.Shape], tuple[str, dict[str, int]]]


def _conv(op: ops.Conv, given: ops.Shape, out: ops.Shape) -> tuple[str, dict[str, int]]:
    made, taps = prod(out), prod(op.kernel_size)
    weights = op.out_channels * (op.in_channels // op.groups) * taps
    sizes = {
        "in": prod(given), "out": made, "macs": macs(op, given, out), "effective_macs": effective_macs(op, given, out),
        "bias": int(op.bias) * made, "weights": weights, "params": params(op), "dims": len(op.kernel_size),
        "sample_macs": weights * prod(out[2:]), "conv_activations": made, "copied": int(op.padding_mode != "zeros"),
    }  # fmt: skip
    if not op.transposed:
        return "conv", sizes
    return "transposed", {**sizes, **_transposed(op, given, out, made, taps)}


def _transposed(op: ops.Conv, given: ops.Shape, out: ops.Shape, made: int, taps: int) -> dict[str, int]:
    """What tools take for the products of a transposed convolution, whose weights are (in, out / groups, kernel)."""
    group_out, bias, flat = op.out_channels // op.groups, int(op.bias), int(len(op.kernel_size) == 2)
    confused = group_out if op.out_channels == op.in_channels else op.in_channels
    as_if_forward = [
        (n + 2 * before - d * (k - 1) - 1) // s + 1
        for n, (before, _), d, k, s in zip(given[2:], op.padding, op.dilation, op.kernel_size, op.stride)
    ]
    return {
        "moved_macs": made * (op.in_channels // op.groups) * taps,
        "crossed_macs": made * group_out * taps,
        "confused_macs": made * confused * taps,
        "twice_grouped_macs": prod(given) * taps * (group_out // op.groups),
        "forward_bias": bias * given[0] * group_out * prod(as_if_forward),
        "square_bias": bias * given[0] * op.out_channels * out[2] * out[2] * flat,
        "flat_macs": macs(op, given, out) * flat,
        "flat_bias": bias * made * flat,
    }


def _linear(op: ops.Linear, given: ops.Shape, out: ops.Shape) -> tuple[str, dict[str, int]]:
    weights, learned = op.in_features * op.out_features, params(op)
    # With positions PyTorch has the channels last: the second axis is one of the positions, in and out.
    second = given[2] * given[2] if len(given) > 2 else weights
    return "linear", {
        "in": prod(given), "out": prod(out), "macs": macs(op, given, out), "effective_macs": macs(op, given, out),
        "bias": int(op.bias) * prod(out), "weights": weights, "params": learned,
        "params_a_sample": learned * given[0], "second_axis_macs": second * given[0],
        "conv_activations": prod(out),
    }  # fmt: skip


def _norm(kind: str) -> Rule:
    def rule(op: Any, given: ops.Shape, out: ops.Shape) -> tuple[str, dict[str, int]]:
        return kind, norm_sizes(given, out, op.channels)

    return rule


def norm_sizes(given: ops.Shape, out: ops.Shape, channels: int) -> dict[str, int]:
    """The quantities of a norm with a scale and a shift a channel."""
    size = prod(given)
    return {
        "in": size, "out": prod(out), "channels": channels, "rows": size // channels, "weights": channels,
        "params": 2 * channels, "params_a_sample": 2 * channels * given[0],
    }  # fmt: skip


def _elements(kind: str) -> Rule:
    def rule(_: Any, given: ops.Shape, out: ops.Shape) -> tuple[str, dict[str, int]]:
        return kind, {"in": prod(given), "out": prod(out)}

    return rule


def _activation(op: ops.Activation, given: ops.Shape, out: ops.Shape) -> tuple[str, dict[str, int]]:
    return (op.kind if op.kind in KINDS else "other"), {"in": prod(given), "out": prod(out)}


def _pool(op: ops.Pool, given: ops.Shape, out: ops.Shape) -> tuple[str, dict[str, int]]:
    made, taps = prod(out), prod(op.kernel_size)
    # PyTorch prints a square kernel as one number, and keeps it so; what takes it for the window takes its side.
    side = op.kernel_size[0] if len(set(op.kernel_size)) == 1 else taps
    return f"{op.kind}-pool", {
        "in": prod(given), "out": made, "windows": taps * made, "sides": side * made,
        "dims_out": len(op.kernel_size) * made, "padded_windows": prod(given[:2]) * prod(_covered(op, given, out)),
    }  # fmt: skip


def _covered(op: ops.Pool, given: ops.Shape, out: ops.Shape) -> list[int]:
    """Along each axis, the positions in all windows, padding included; what hangs over the padding is left out."""
    covered = []
    for n, windows, k, s, (before, after) in zip(given[2:], out[2:], op.kernel_size, op.stride, op.padding):
        total, last = windows * k, windows - 1
        while last >= 0 and last * s + k > before + n + after:
            total -= last * s + k - (before + n + after)
            last -= 1
        covered.append(total)
    return covered


def _split(op: ops.Split, given: ops.Shape, out: ops.Shape) -> tuple[str, dict[str, int]]:
    return "split", {"in": prod(given), "out": prod(out), "chunks": int(op.start == 0)}


def _adaptive_pool(op: ops.AdaptivePool, given: ops.Shape, out: ops.Shape) -> tuple[str, dict[str, int]]:
    made = prod(out)
    sides = [n // m if n % m == 0 else n % m + 1 for n, m in zip(given[2:], op.output_size)]
    reach = prod([adaptive_reach(n, m) for n, m in zip(given[2:], op.output_size)])
    return f"adaptive-{op.kind}-pool", {
        "in": prod(given), "out": made, "windows": prod(given[:2]) * reach, "sides": prod(sides) * made,
        "dims_out": len(op.output_size) * made, "padded_windows": prod(given[:2]) * reach,
        "global_out": made if prod(op.output_size) == 1 else 0, "flat_in": prod(given) * (len(given) == 4),
        "global_in": prod(given) if prod(op.output_size) == 1 else 0,
    }  # fmt: skip


#: Kinds of what an ONNX file has beside the primitives; what is not named here is "other", its products kept.
COUNTED = {
    "mat-mul": "matmul", "gemm": "linear", "batch-normalization": "batch-norm", "layer-normalization": "layer-norm",
    "group-normalization": "group-norm", "instance-normalization": "instance-norm",
    "leaky-relu": "leaky-relu", "p-relu": "prelu", "elu": "elu", "selu": "selu", "celu": "celu", "gelu": "gelu",
    "silu": "silu", "swish": "silu", "mish": "mish", "hard-swish": "hardswish", "hard-sigmoid": "hardsigmoid",
    "softmax": "softmax", "erf": "erf", "clip": "relu6", "relu": "relu", "sigmoid": "sigmoid", "tanh": "tanh",
    "add": "add", "sub": "add", "mul": "multiply", "div": "divide", "pow": "power", "reduce-mean": "mean",
    "max-pool": "max-pool", "average-pool": "avg-pool", "global-average-pool": "adaptive-avg-pool",
    "global-max-pool": "adaptive-max-pool", "conv": "conv", "conv-transpose": "transposed",
    **{name: name for name in ("group-norm", "instance-norm", "layer-norm", "plain-norm", "plain-batch-norm",
                               "plain-instance-norm", "upsample-nearest", "upsample-bilinear", "upsample-bicubic",
                               "prelu", "dropout", "mean")},
}  # fmt: skip


def _counted(op: ops.Counted, given: ops.Shape, out: ops.Shape) -> tuple[str, dict[str, int]]:
    """What was counted by its definition; exporters share weights that are the same, so that params say little."""
    kind = COUNTED.get(op.kind, "other" if op.macs or op.elementwise else "moved")
    batch, channels = (given[0] if given else 1) or 1, given[1] if len(given) > 1 else 1
    size, products = prod(given), op.macs * op.times
    sizes = {
        "in": size, "out": prod(out), "macs": products, "effective_macs": op.effective_macs * op.times,
        "flat_in": size * (len(given) == 4),
        "windows": op.elementwise * op.times, "channels": channels, "rows": size // max(channels, 1),
        "weights": op.params, "params": op.params, "params_a_sample": op.params * batch,
        "plane": prod(out[:1]) * prod(out[2:]), "bias": op.elementwise * op.times if products else 0,
        "sample_macs": products // batch, "second_axis_macs": products,
        "conv_activations": conv_activations(op, out),
    }  # fmt: skip
    if kind in FAMILIES["norms"]:
        learned = 0 if kind.startswith("plain") else channels
        sizes |= {"weights": learned, "params": 2 * learned, "params_a_sample": 2 * learned * batch}
    elif kind in ("conv", "transposed"):
        sizes["weights"] = products // max(batch * prod((given if kind == "transposed" else out)[2:]), 1)
    return kind, sizes


def _other_norm(op: ops.Norm, given: ops.Shape, out: ops.Shape) -> tuple[str, dict[str, int]]:
    """Group, instance and RMS norms, and the softmax, which learns nothing."""
    plain = {"group-norm": "plain-norm", "instance-norm": "plain-instance-norm"}
    kind = op.kind if op.affine else plain.get(op.kind, op.kind)
    sizes, learned = norm_sizes(given, out, op.channels), op.channels * int(op.affine)
    params = learned if op.kind == "rms-norm" else 2 * learned
    return kind, {**sizes, "weights": learned, "params": params, "params_a_sample": params * given[0]}


def _scale(op: ops.Scale, given: ops.Shape, out: ops.Shape) -> tuple[str, dict[str, int]]:
    """A factor a channel; of PReLU one that a module holds."""
    learned = op.channels if op.kind == "prelu" else 0
    sizes = {"in": prod(given), "out": prod(out), "weights": learned, "params": learned}
    return ("prelu" if learned else "multiply"), {**sizes, "params_a_sample": learned * given[0]}


def _upsample(op: ops.Upsample, given: ops.Shape, out: ops.Shape) -> tuple[str, dict[str, int]]:
    return f"upsample-{op.kind}", {"in": prod(given), "out": prod(out), "plane": out[0] * prod(out[2:])}


def _attention(op: ops.Attention, given: ops.Shape, out: ops.Shape) -> tuple[str, dict[str, int]]:
    products = macs(op, given, out)
    return "attention", {
        "in": prod(given), "out": prod(out), "macs": products, "effective_macs": products,
        "conv_activations": conv_activations(op, out),
    }  # fmt: skip


_RULES: ops.ByOp[Rule] = ops.ByOp(
    {
        ops.Conv: _conv,
        ops.Linear: _linear,
        ops.BatchNorm: _norm("batch-norm"),
        ops.LayerNorm: _norm("layer-norm"),
        ops.Norm: _other_norm,
        ops.Activation: _activation,
        ops.Pool: _pool,
        ops.AdaptivePool: _adaptive_pool,
        ops.Upsample: _upsample,
        ops.Attention: _attention,
        ops.Scale: _scale,
        ops.Counted: _counted,
        ops.Add: _elements("add"),
        ops.Tokens: _elements("add"),
        ops.Multiply: _elements("multiply"),
        ops.Split: _split,
    },
    dict.fromkeys((ops.Concat, ops.Shuffle, ops.Flatten, ops.PixelShuffle, ops.Pad), _elements("moved")),
)
