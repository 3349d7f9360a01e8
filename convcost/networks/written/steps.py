"""What each operation is written as in an ONNX file: standard operations alone.

Where ONNX has no operation for one of ours, several stand for it. The first of these carries a note that says which
operation they are; a reader believes it if writing that operation gives these very nodes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from math import prod, sqrt
from typing import Any

from ...graph import ops
from ...graph.shapes import pool_overhang
from ...spec.errors import SpecError, clip
from .encode import Attribute, Step
from .learned import Tensor

#: What a note begins with.
NOTE = "convcost:"

#: Guard of norms against a variance of 0, PyTorch's default.
EPSILON = 1e-5

#: ONNX's operation and attributes for each activation that is one operation there.
ACTIVATIONS: dict[str, tuple[str, dict[str, Attribute]]] = {
    "relu": ("Relu", {}), "sigmoid": ("Sigmoid", {}), "tanh": ("Tanh", {}), "selu": ("Selu", {}), "mish": ("Mish", {}),
    "elu": ("Elu", {"alpha": 1.0}), "leaky-relu": ("LeakyRelu", {"alpha": 0.01}), "hardswish": ("HardSwish", {}),
    "hardsigmoid": ("HardSigmoid", {"alpha": 1 / 6, "beta": 0.5}), "gelu": ("Gelu", {"approximate": "tanh"}),
}  # fmt: skip

#: ONNX's operations in which a reader knows ours without a note.
PLAIN = ("Conv", "ConvTranspose", "Gemm", "Add", "Concat", "BatchNormalization", "Relu", "Sigmoid", "Tanh")

#: ONNX's words for how a border is filled.
MODES = {"zeros": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}


class Emitter:
    """What one operation is written as: steps in order, the last of which gives its value."""

    def __init__(
        self, name: str, inputs: Sequence[str], shapes: Sequence[ops.Shape], learned: Sequence[Tensor]
    ) -> None:
        self.name = name
        self.inputs = tuple(inputs)
        self.shapes = list(shapes)
        self.learned = {tensor.part: tensor.name for tensor in learned}
        self.steps: list[Step] = []
        self.integers: dict[str, Sequence[int]] = {}
        self.floats: dict[str, tuple[ops.Ints, float]] = {}

    @property
    def axes(self) -> int:
        """Axes in space of the first input."""
        return len(self.shapes[0]) - 2

    def put(self, op: str, *inputs: str, **attributes: Attribute) -> str:
        """Append a step and give the name of its value."""
        output = f"{self.name}.{len(self.steps) + 1}"
        self.steps.append(Step(output, op, inputs, output, attributes))
        return output

    def whole(self, what: str, values: Sequence[int]) -> str:
        """Integers that the file holds, and the name they have there."""
        name = f"{self.name}/{what}"
        self.integers[name] = tuple(values)
        return name

    def filled(self, what: str, dims: ops.Ints, value: float) -> str:
        """The same number everywhere, which nobody has learned: its name is none that a module's tensor has."""
        name = f"{self.name}/{what}"
        self.floats[name] = (dims, value)
        return name

    def reshape(self, given: str, shape: Sequence[int]) -> str:
        """Another shape of a value."""
        return self.put("Reshape", given, self.whole(f"shape{len(self.steps) + 1}", shape))

    def a_channel(self, part: str) -> str:
        """What is learned of each channel, with an axis of one position for each axis in space."""
        if not self.axes:
            return self.learned[part]
        return self.put("Unsqueeze", self.learned[part], self.whole(f"{part}.axes", range(1, self.axes + 1)))

    def finished(self) -> list[Step]:
        """The steps, the last with the node's own name."""
        *most, last = self.steps
        return [*most, last._replace(name=self.name, output=self.name)]


def _pads(padding: Sequence[tuple[int, int]]) -> ops.Ints:
    return (*[before for before, _ in padding], *[after for _, after in padding])


def _conv(e: Emitter, op: ops.Conv, *_: object) -> None:
    given, padding = e.inputs[0], op.padding
    if op.padding_mode != "zeros" and any(map(any, padding)):
        given, padding = _bordered(e, given, padding, op.padding_mode), ((0, 0),) * len(padding)
    extra: dict[str, Attribute] = {}
    if op.transposed and any(op.output_padding):
        extra["output_padding"] = op.output_padding
    e.put("ConvTranspose" if op.transposed else "Conv", given, *e.learned.values(), kernel_shape=op.kernel_size,
          strides=op.stride, dilations=op.dilation, pads=_pads(padding), group=op.groups, **extra)  # fmt: skip


def _bordered(e: Emitter, given: str, padding: Sequence[tuple[int, int]], mode: str) -> str:
    more = [(max(0, before), max(0, after)) for before, after in padding]
    name = e.whole("pads", _pads([(0, 0), (0, 0), *more]))
    return e.put("Pad", given, name, mode=MODES[mode])


def _pad(e: Emitter, op: ops.Pad, *_: object) -> None:
    """A border first; then what a padding below 0 takes away."""
    made = _bordered(e, e.inputs[0], op.padding, op.mode)
    if min(map(min, op.padding)) < 0:
        sizes = [n + max(0, before) + max(0, after) for n, (before, after) in zip(e.shapes[0][2:], op.padding)]
        starts = [max(0, -before) for before, _ in op.padding]
        ends = [n - max(0, -after) for n, (_, after) in zip(sizes, op.padding)]
        _slice(e, made, starts, ends, range(2, e.axes + 2))


def _slice(e: Emitter, given: str, starts: Sequence[int], ends: Sequence[int], axes: Sequence[int]) -> str:
    at = len(e.steps) + 1
    return e.put("Slice", given, e.whole(f"starts{at}", starts), e.whole(f"ends{at}", ends), e.whole(f"axes{at}", axes))


def _linear(e: Emitter, *_: object) -> None:
    """A matrix product; at every position it is a convolution of one tap."""
    if not e.axes:
        e.put("Gemm", e.inputs[0], *e.learned.values(), transB=1)
        return
    weight, *bias = e.learned.values()
    kernel = e.put("Unsqueeze", weight, e.whole("axes", range(2, e.axes + 2)))
    e.put("Conv", e.inputs[0], kernel, *bias)


def _multiply(e: Emitter, *_: object) -> None:
    gate, lacking = e.inputs[1], len(e.shapes[0]) - len(e.shapes[1])
    if lacking:
        gate = e.put("Unsqueeze", gate, e.whole("axes", range(len(e.shapes[1]), len(e.shapes[0]))))
    e.put("Mul", e.inputs[0], gate)


def _activation(e: Emitter, op: ops.Activation, *_: object) -> None:
    given = e.inputs[0]
    if op.kind == "silu":
        e.put("Mul", given, e.put("Sigmoid", given))
    elif op.kind == "relu6":
        e.put("Clip", given, e.filled("least", (), 0.0), e.filled("most", (), 6.0))
    else:
        name, attributes = ACTIVATIONS[op.kind]
        e.put(name, given, **attributes)


def _batch_norm(e: Emitter, op: ops.BatchNorm, *_: object) -> None:
    """The statistics are those of what is normal already, so that scale and shift alone are left."""
    mean, variance = e.filled("mean", (op.channels,), 0.0), e.filled("variance", (op.channels,), 1 - EPSILON)
    e.put("BatchNormalization", e.inputs[0], *e.learned.values(), mean, variance, epsilon=EPSILON)


def _layer_norm(e: Emitter, *_: object) -> None:
    """Over the channels, which ONNX wants last."""
    last = (0, *range(2, e.axes + 2), 1)
    back = (0, e.axes + 1, *range(1, e.axes + 1))
    given = e.put("Transpose", e.inputs[0], perm=last) if e.axes else e.inputs[0]
    made = e.put("LayerNormalization", given, *e.learned.values(), axis=-1, epsilon=EPSILON)
    if e.axes:
        e.put("Transpose", made, perm=back)


def _norm(e: Emitter, op: ops.Norm, *_: object) -> None:
    given = e.inputs[0]
    if op.kind == "softmax":
        e.put("Softmax", given, axis=1)
        return
    if op.kind == "rms-norm":
        square = e.put("ReduceMean", e.put("Mul", given, given), e.whole("channels", (1,)))
        made = e.put("Div", given, e.put("Sqrt", e.put("Add", square, e.filled("epsilon", (), EPSILON))))
    else:
        made = _normal_in_groups(e, op)
    if op.affine:
        made = e.put("Mul", made, e.a_channel("weight"))
        if "bias" in e.learned:
            e.put("Add", made, e.a_channel("bias"))


def _normal_in_groups(e: Emitter, op: ops.Norm) -> str:
    """Mean 0 and variance 1 over space and the channels of a group: each group as one long channel."""
    shape, groups = e.shapes[0], op.channels if op.kind == "instance-norm" else op.groups
    rows = e.reshape(e.inputs[0], (shape[0], groups, prod(shape[1:]) // groups))
    length = e.whole("groups", (groups,))
    one, none = (e.put("Expand", e.filled(name, (), value), length) for name, value in (("one", 1.0), ("none", 0.0)))
    return e.reshape(e.put("InstanceNormalization", rows, one, none, epsilon=EPSILON), shape)


def _scale(e: Emitter, op: ops.Scale, *_: object) -> None:
    factor = e.a_channel("weight")
    e.put("PRelu" if op.kind == "prelu" else "Mul", e.inputs[0], factor)


def _shuffle(e: Emitter, op: ops.Shuffle, *_: object) -> None:
    batch, channels, *size = e.shapes[0]
    rows = e.reshape(e.inputs[0], (batch, op.groups, channels // op.groups, *size))
    e.reshape(e.put("Transpose", rows, perm=(0, 2, 1, *range(3, len(size) + 3))), e.shapes[0])


def _pool(e: Emitter, op: ops.Pool, *_: object) -> None:
    """What windows hang over into is written out, where it can be, as not every reader rounds up alike: into padding,
    which no maximum is; of a mean into a border of its own, whose zeros count."""
    given, padding, dilation = e.inputs[0], op.padding, op.dilation or (1,) * e.axes
    after = pool_overhang(op, e.shapes[0][2:])
    attributes: dict[str, Attribute] = {"kernel_shape": op.kernel_size, "strides": op.stride}
    if op.kind == "avg" and any(after):
        more = [(before, behind + extra) for (before, behind), extra in zip(padding, after)]
        given, padding = _bordered(e, given, more, "zeros"), ((0, 0),) * e.axes
    elif any(after) and all([behind + extra < k for (_, behind), extra, k in zip(padding, after, op.kernel_size)]):
        padding = tuple([(before, behind + extra) for (before, behind), extra in zip(padding, after)])
    elif any(after):
        attributes["ceil_mode"] = 1
    attributes["pads"] = _pads(padding)
    if any([d != 1 for d in dilation]):
        attributes["dilations"] = dilation
    if op.kind == "avg":
        attributes["count_include_pad"] = 1
    e.put("MaxPool" if op.kind == "max" else "AveragePool", given, **attributes)


def _adaptive_pool(e: Emitter, op: ops.AdaptivePool, *_: object) -> None:
    """Everything; or windows of one length, side by side; or axis by axis, window by window."""
    given, kind = e.inputs[0], "Max" if op.kind == "max" else "Average"
    if set(op.output_size) == {1}:
        e.put(f"Global{kind}Pool", given)
        return
    size = e.shapes[0][2:]
    if not any([n % out for n, out in zip(size, op.output_size)]):
        side = tuple([n // out for n, out in zip(size, op.output_size)])
        e.put(f"{kind}Pool", given, kernel_shape=side, strides=side)
        return
    for axis, (n, out) in enumerate(zip(size, op.output_size), 2):
        parts = []
        for at in range(out):
            part = _slice(e, given, [at * n // out], [-(-(at + 1) * n // out)], [axis])
            reduce = "ReduceMax" if op.kind == "max" else "ReduceMean"
            parts.append(e.put(reduce, part, e.whole(f"over{len(e.steps) + 1}", (axis,))))
        given = e.put("Concat", *parts, axis=axis)


def _upsample(e: Emitter, op: ops.Upsample, *_: object) -> None:
    shape = e.shapes[0]
    sizes = e.whole("sizes", (*shape[:2], *[n * by for n, by in zip(shape[2:], op.factor)]))
    if op.kind == "nearest":
        how: dict[str, Attribute] = {
            "coordinate_transformation_mode": "asymmetric", "mode": "nearest", "nearest_mode": "floor",
        }  # fmt: skip
    else:
        how = {"coordinate_transformation_mode": "half_pixel", "mode": "linear"}
    e.put("Resize", e.inputs[0], "", "", sizes, **how)


def _pixel_shuffle(e: Emitter, op: ops.PixelShuffle, *_: object) -> None:
    batch, channels, *size = e.shapes[0]
    axes, inner = len(size), channels // prod(op.factor)
    blocks = e.reshape(e.inputs[0], (batch, inner, *op.factor, *size))
    pairs = [place for axis in range(axes) for place in (2 + axes + axis, 2 + axis)]
    made = e.put("Transpose", blocks, perm=(0, 1, *pairs))
    e.reshape(made, (batch, inner, *[n * by for n, by in zip(size, op.factor)]))


def _attention(e: Emitter, op: ops.Attention, *_: object) -> None:
    """Of every head: keys times queries, their softmax, the values by its weights; positions stand last."""
    shape = e.shapes[0]
    batch, each, positions = shape[0], op.channels // op.heads, prod(shape[2:])
    rows = e.reshape(e.inputs[0], (batch, 3 * op.heads, each, positions))
    parts = [_slice(e, rows, [i * op.heads], [(i + 1) * op.heads], [1]) for i in range(3)]
    queries, keys, values = parts
    scaled = e.put("Mul", queries, e.filled("scale", (), 1 / sqrt(each)))
    scores = e.put("MatMul", e.put("Transpose", scaled, perm=(0, 1, 3, 2)), keys)
    weights = e.put("Transpose", e.put("Softmax", scores, axis=-1), perm=(0, 1, 3, 2))
    e.reshape(e.put("MatMul", values, weights), (batch, op.channels, *shape[2:]))


def _tokens(e: Emitter, op: ops.Tokens, *_: object) -> None:
    """Positions in a row behind the learned ones; to each its vector is added."""
    shape = e.shapes[0]
    made = e.reshape(e.inputs[0], (*shape[:2], prod(shape[2:]))) if e.axes != 1 else e.inputs[0]
    if op.learned:
        first = e.put("Transpose", e.learned["tokens"], perm=(1, 0))
        first = e.put("Expand", first, e.whole("a.batch", (shape[0], op.channels, op.learned)))
        made = e.put("Concat", first, made, axis=2)
    e.put("Add", made, e.put("Transpose", e.learned["positions"], perm=(1, 0)))


def _counted(e: Emitter, op: ops.Counted, *_: object) -> None:
    raise SpecError(
        f"{clip(e.name)} cannot be exported", f"how this {clip(op.kind)} is done is not known, its cost alone"
    )


#: What each operation is written as; what an operation adds to an emitter depends on it and on the shapes alone.
STEPS: ops.ByOp[Callable[[Emitter, Any], object]] = ops.ByOp({
    ops.Conv: _conv,
    ops.Linear: _linear,
    ops.Add: lambda e, _: e.put("Add", *e.inputs),
    ops.Multiply: _multiply,
    ops.Concat: lambda e, _: e.put("Concat", *e.inputs, axis=1),
    ops.Split: lambda e, op: _slice(e, e.inputs[0], [op.start], [op.stop], [1]),
    ops.Shuffle: _shuffle,
    ops.Flatten: lambda e, _: e.put("Flatten", e.inputs[0], axis=1),
    ops.Activation: _activation,
    ops.BatchNorm: _batch_norm,
    ops.LayerNorm: _layer_norm,
    ops.Scale: _scale,
    ops.Norm: _norm,
    ops.Pool: _pool,
    ops.AdaptivePool: _adaptive_pool,
    ops.Upsample: _upsample,
    ops.PixelShuffle: _pixel_shuffle,
    ops.Pad: _pad,
    ops.Attention: _attention,
    ops.Tokens: _tokens,
    ops.Counted: _counted,
})  # fmt: skip


def emitted(
    op: ops.Op, name: str, inputs: Sequence[str], shapes: Sequence[ops.Shape], learned: Sequence[Tensor]
) -> Emitter:
    """An operation written out.

    >>> found = emitted(ops.Activation("silu"), "act", ["conv"], [(1, 8, 4)], [])
    >>> [(step.op, step.output) for step in found.steps], found.steps[0].note
    ([('Sigmoid', 'act.1'), ('Mul', 'act')], 'convcost:["Activation",["silu"],["conv"],2]')
    """
    found = Emitter(name, inputs, shapes, learned)
    STEPS[type(op)](found, op)
    found.steps = found.finished()
    if not _is_plain(op, found.steps):
        note = [type(op).__name__, [*op], [*inputs], len(found.steps)]
        found.steps[0] = found.steps[0]._replace(note=NOTE + json.dumps(note, separators=(",", ":")))
    return found


def _is_plain(op: ops.Op, steps: list[Step]) -> bool:
    """Would a reader know the operation without a note?"""
    if len(steps) > 1 or getattr(op, "shared", False):
        return False
    if type(op) is ops.Conv and (op.padding_mode != "zeros" or (op.transposed and not op.output_padding)):
        return False
    return steps[0].op in PLAIN
