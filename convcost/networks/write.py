"""Graph -> the text of a network file: one line an operation, which read back gives the same graph."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

from ..graph import ops
from ..spec import SpecError, format_spec
from ..spec.errors import clip
from .build import Network, weights_of
from .convs import conv_spec
from .lines import is_line_name
from .primitives import PRIMITIVES


def network_text(network: Network) -> str:
    """The network as a file that `convcost network` reads.

    >>> from .build import build_network
    >>> from .program import read_program
    >>> print(network_text(build_network(read_program("input 3 @32x24\\nstandard 8 k3 s2 norm relu"))), end="")
    input 3 @32x24
    standard: standard 8 k3 s2
    standard.norm: batch-norm
    standard.activation: relu

    Raises SpecError where an operation has no word, or where the input is none that a file can have.
    """
    graph, shapes = network.graph, network.shapes
    first: dict[tuple[object, ...], str] = {}
    lines = [f"# source: {network.source}"] * bool(network.source) + [_input(network)]
    names = _names(network)
    for index, node in enumerate(graph.nodes):
        words = _WORDS[type(node.op)](node.op, [shapes[value] for value in node.inputs])
        if not words or not node.inputs:
            raise SpecError(f"{clip(node.name)}: {_why(node)}", "leave --as-text out")
        words += _shared(node.op, names[index + 1], first)
        behind = node.inputs == (index,)
        own = "" if behind else " from " + " ".join([names[value] for value in node.inputs])
        lines.append(f"{names[index + 1]}: {words}{own}")
    return "\n".join(lines) + "\n"


def _why(node: ops.Node) -> str:
    """Why an operation cannot be written: what it is, or what about it."""
    op = node.op
    if type(op) is ops.Pad:
        return "it pads and crops at once, and a line of a network file does one of them"
    if type(op) is ops.Norm:
        return f"a {op.kind} of a network file has params, and this one has none"
    kind = op.kind if type(op) is ops.Counted else type(op).__name__.lower()
    if not node.inputs:
        return f"{clip(kind)} reads no layer, and a line of a network file does"
    if type(op) is not ops.Counted or kind not in PRIMITIVES:
        return f"a network file has no word for {clip(kind)}"
    if op.params:
        return f"a constant of {op.params} numbers is in this {kind}, and a line of a network file reads layers alone"
    return f"how this {kind} is done is not kept, its cost alone, and a line of a network file says how"


def _shared(op: ops.Op, name: str, first: dict[tuple[object, ...], str]) -> str:
    """`share NAME` where the weights are those of a line before, of which any of the same shape will do."""
    if type(op) is not ops.Conv and type(op) is not ops.Linear:
        return ""
    if not op.shared:
        first.setdefault(weights_of(op), name)
        return ""
    return f" share {first[weights_of(op)]}" if weights_of(op) in first else ""


def _input(network: Network) -> str:
    shape, dtype = network.graph.input_shape, network.graph.dtype
    if not 3 <= len(shape) <= 5:
        raise SpecError(f"{network.name}: its input has {len(shape)} axes", "a file's has a batch, channels and a size")
    axes = "" if len(shape) == 4 else f" {len(shape) - 2}d"
    return (
        f"input {shape[1]} @{_joined(shape[2:])}{axes}"
        + f" n{shape[0]}" * (shape[0] != 1)
        + f" {dtype}" * (dtype != "fp32")
    )


def _names(network: Network) -> list[str]:
    """A name for every value: the node's own where a file can have it, and no name twice."""
    names, taken = ["in"], {"in"}
    for node in network.graph.nodes:
        plain = "".join([c if c.isascii() and (c.isalnum() or c in "-_./") else "_" for c in node.name])[-100:]
        plain = plain if is_line_name(plain) else f"n{plain}"
        name, count = plain, 1
        while name in taken:
            count += 1
            name = f"{plain}-{count}"
        taken.add(name)
        names.append(name)
    return names


def _joined(sizes: ops.Ints) -> str:
    return str(sizes[0]) if len(set(sizes)) == 1 else "x".join(map(str, sizes))


def _conv(op: ops.Conv, given: ops.Shape) -> str:
    """The variant that is this convolution alone, and the tokens that say it."""
    spec = conv_spec(op, given, "fp32")._replace(batch=1)
    if op.groups > 1 and op.groups == op.in_channels and not op.transposed:
        name, channels = "depthwise", []
        spec = spec._replace(groups=1, depth_multiplier=op.out_channels // op.groups)
    else:
        name, channels = "grouped" if op.groups > 1 else "standard", [str(op.out_channels)]
    tokens = [word for word in format_spec(spec).split()[1:] if word[0] != "@" and word not in ("1d", "3d")]
    return " ".join([name, *channels, *tokens])


def _pool(op: ops.Pool) -> str:
    pads = "x".join([f"{before}" if before == after else f"{before}-{after}" for before, after in op.padding])
    words = [f"{op.kind}-pool", f"k{_joined(op.kernel_size)}", f"s{_joined(op.stride)}"]
    words += [f"p{pads}"] * any(map(any, op.padding)) + [f"d{_joined(op.dilation)}"] * bool(op.dilation)
    return " ".join(words + ["ceil"] * op.ceil_mode)


def _pad(op: ops.Pad) -> str:
    """What is only taken away is a crop; both at once has no word."""
    low, high = (limit([n for pair in op.padding for n in pair]) for limit in (min, max))
    pads = "x".join([f"{abs(before)}-{abs(after)}" for before, after in op.padding])
    if low < 0 < high:
        return ""
    return f"crop p{pads}" if low < 0 else f"pad p{pads}" + f" mode={op.mode}" * (op.mode != "zeros")


def _norm(op: ops.Norm) -> str:
    """With what it learns, where that is not what it learns by itself."""
    if op.kind == "group-norm":
        return f"group-norm {op.groups}" if op.affine else ""
    return op.kind + " affine" * (op.kind == "instance-norm" and op.affine)


def _adaptive(op: ops.AdaptivePool) -> str:
    kind = "max" if op.kind == "max" else "average"
    return f"global-{kind}-pool" if set(op.output_size) == {1} else f"adaptive-{kind}-pool {_joined(op.output_size)}"


def _linear(op: ops.Linear, given: ops.Shape) -> str:
    return f"linear {op.out_features}" + " each" * (len(given) > 2) + " bias" * op.bias


def _flattens(op: ops.Counted, given: list[ops.Shape]) -> bool:
    """Is it a view of all axes but the batch as one (ONNX has Flatten and Reshape)?"""
    return op.view and len(given) == 1 and op.output_shape == (given[0][0], prod(given[0][1:]))


#: How each operation is written, from itself and the shapes of its inputs; "" where there is no word.
_WORDS: ops.ByOp[Callable[[Any, list[ops.Shape]], str]] = ops.ByOp({
    ops.Conv: lambda op, given: _conv(op, given[0]),
    ops.Linear: lambda op, given: _linear(op, given[0]),
    ops.Pool: lambda op, _: _pool(op),
    ops.AdaptivePool: lambda op, _: _adaptive(op),
    ops.Activation: lambda op, _: str(op.kind),
    ops.Split: lambda op, _: f"split {op.start} {op.stop}",
    ops.Shuffle: lambda op, _: f"shuffle g{op.groups}",
    ops.Add: lambda _, __: "add",
    ops.Multiply: lambda _, __: "multiply",
    ops.Concat: lambda _, __: "concat",
    ops.Flatten: lambda _, __: "flatten",
    ops.BatchNorm: lambda _, __: "batch-norm",
    ops.LayerNorm: lambda _, __: "layer-norm",
    ops.Scale: lambda op, _: op.kind,
    ops.Norm: lambda op, _: _norm(op),
    ops.Upsample: lambda op, _: f"upsample {_joined(op.factor)}" + f" {op.kind}" * (op.kind != "nearest"),
    ops.PixelShuffle: lambda op, _: f"pixel-shuffle {_joined(op.factor)}",
    ops.Pad: lambda op, _: _pad(op),
    ops.Attention: lambda op, _: f"attend {op.heads}",
    ops.Tokens: lambda op, _: f"tokens {op.learned}",
    ops.Counted: lambda op, given: "flatten" if _flattens(op, given) else "",
})  # fmt: skip
