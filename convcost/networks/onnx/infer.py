"""What an operation's outputs are: ONNX's own inference, asked once for each operation while the graph is walked.

ONNX is asked about one operation at a time, with the sizes that are known by then and the content of
those inputs that say sizes. It answers in 10 µs; the same question is asked once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any

from ...graph.ops import Pool
from ...graph.shapes import pool_size
from .evaluate import Evaluator
from .isolated import onnx_library
from .microsoft import LIKE, broadcast
from .microsoft import SHAPES as MICROSOFT
from .values import Call, Sizes, Unknown, Value, Written, sizes_of
from .windows import padding, steps

#: Inputs whose content says how large an output is.
_SIZED = {
    (0,): "ConstantOfShape",
    (1,): "CenterCropPad Expand OneHot ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean "
    "ReduceMin ReduceProd ReduceSum ReduceSumSquare Reshape Split SplitToSequence Squeeze Tile TopK "
    "Unsqueeze Upsample",
    (0, 1): "MelWeightMatrix",
    (1, 2): "Col2Im DFT",
    (1, 3): "Pad STFT",
    (0, 1, 2): "Range",
    (1, 2, 3): "Resize",
    (1, 2, 3, 4): "Slice",
}
SIZED: dict[str, tuple[int, ...]] = {op: indices for indices, ops in _SIZED.items() for op in ops.split()}

#: ONNX's numbers of positions and of truth.
INT64, BOOL = 7, 9

#: The name under which an output is asked for, and an input is given.
_OUT, _IN = "o{}", "i{}"


def _pooled(call: Call) -> list[Sizes | None]:
    """Pooling whose last window hangs over: none starts in the padding, as engines have it and old ONNX has not."""
    found = call.attributes.get("kernel_shape")
    if found is None or not call.integer("ceil_mode", 0) or call.text("auto_pad", "NOTSET") not in ("", "NOTSET"):
        raise Unknown("ONNX knows")
    x, kernel = call.shape(0), tuple(found.ints)
    if len(x) - 2 != len(kernel) or not kernel:
        raise Unknown("its window does not fit its input")
    stride, dilation = steps(call, len(kernel))
    pads = padding(call, x[2:], kernel, stride, dilation)
    reach = tuple([d * (k - 1) + 1 for k, d in zip(kernel, dilation)])
    made = pool_size(Pool("max", reach, stride, pads, ceil_mode=True), x[2:])
    return [(*x[:2], *made)] * 2 if min(made) > 0 else [None]


def _reshaped(call: Call) -> list[Sizes | None]:
    """The first Reshape, whose sizes are an attribute."""
    if "shape" not in call.attributes:
        raise Unknown("ONNX knows")
    x, asked = call.shape(0), list(call.attributes["shape"].ints)
    sizes = [x[i] if n == 0 else n for i, n in enumerate(asked)]
    rest = prod([n for n in sizes if n != -1])
    return [tuple([prod(x) // rest if n == -1 else n for n in sizes])]


#: Rules that come before ONNX's.
SHAPES: Mapping[str, Callable[[Call], Sequence[Sizes | None]]] = {
    **dict.fromkeys(("MaxPool", "AveragePool", "LpPool"), _pooled),
    "Reshape": _reshaped,
    **MICROSOFT,
}


#: Operations with versions for which ONNX has no inference: those that keep the shape of their first input, those that
#: compare, and those for which the next version's holds.
_KEPT = (
    "Abs Add BatchNormalization Cast Ceil Clip Div Dropout Elu Exp Floor GroupNormalization HardSigmoid "
    "InstanceNormalization LeakyRelu Log Max Mean MeanVarianceNormalization Min Mul Neg PRelu Reciprocal Relu Selu "
    "Sigmoid Sqrt Sub Sum Tanh"
)
KEPT = frozenset(_KEPT.split())
COMPARED = ("GreaterOrEqual", "LessOrEqual")
LATER = ("Concat", "GRU", "Gemm", "GlobalLpPool", "LpPool", "Split")

#: Versions below this one are asked in place of one without inference.
LATEST = 13


#: Outputs that have another type than what is read, by operation and place: beside the largest numbers, where each was.
KINDS = {("MaxPool", 1): INT64}


class Inference:
    """The outputs of one model's operations."""

    def __init__(self, evaluator: Evaluator, ir_version: int) -> None:
        self.evaluator = evaluator
        self.library = onnx_library("onnx_ml_pb2")
        self.code = onnx_library("onnx_cpp2py_export")
        self.ir_version = ir_version
        self.disagrees: list[tuple[str, str]] = []
        self._schemas: dict[tuple[str, int, str], Any] = {}
        self._types: dict[tuple[int, Sizes | None], bytes] = {}
        self._known: dict[tuple[Any, ...], list[Value]] = {}

    def outputs(self, node: Written, call: Call, opsets: Mapping[str, int]) -> list[Value]:
        """Type and sizes of each output of `node`, at least of one; without a number of its own."""
        count = max(len(node.outputs), 1)
        if call.op in SHAPES:
            try:
                like = [call.inputs[index] for index in LIKE.get(call.op, (0,)) if call.has(index)]
                kind = like[0].kind if like and like[0] is not None else 0
                sizes = enumerate(SHAPES[call.op](call))
                made = [Value(shape, KINDS.get((call.op, place), kind)) for place, shape in sizes]
                self._compare(node, call, opsets, made)
                return [*made, *[Value(None)] * (count - len(made))][:count]
            except (Unknown, LookupError, ArithmeticError, ValueError, TypeError):  # then ONNX may know
                pass
        if call.op == "Range" and (length := self._length(call)) is not None:
            return [Value((length,), call.inputs[0].kind if call.inputs[0] is not None else 0)]
        schema = self.schema(node.record, call.version)
        if schema is not None and not schema.has_type_and_shape_inference_function:
            return self._without_inference(node, call, opsets, count)
        return [Value(None)] * count if schema is None else self._asked(schema, node, call, opsets, count)

    def _length(self, call: Call) -> int | None:
        """How many integers a Range has: ONNX does not say where an end has an axis, as in its own definitions."""
        ends = [self.evaluator.scalar(value.content) if value is not None else None for value in call.inputs]
        if len(ends) != 3 or None in ends or not ends[2]:
            return None
        start, limit, delta = [end or 0 for end in ends]
        return max(-((start - limit) // delta), 0)

    def _without_inference(self, node: Written, call: Call, opsets: Mapping[str, int], count: int) -> list[Value]:
        """The outputs of old operations, and of those that are functions of others."""
        first = call.inputs[0] if call.inputs else None
        unknown = [Value(None)] * (count - 1)
        if call.op in KEPT and first is not None:
            kind = call.integer("to", first.kind) if call.op == "Cast" else first.kind
            return [Value(first.shape, kind), *unknown]
        if call.op in COMPARED:
            both = [value.full for value in call.inputs if value is not None and value.full is not None]
            return [Value(broadcast(*both) if len(both) == 2 else None, BOOL), *unknown]
        for version in range(LATEST) if call.op in LATER else ():
            schema = self.schema(node.record, version)
            if schema is not None and schema.has_type_and_shape_inference_function:
                return self._asked(schema, node, call, opsets, count)
        return [Value(None), *unknown]

    def _compare(self, node: Written, call: Call, opsets: Mapping[str, int], made: list[Value]) -> None:
        """Note where ONNX's own rule gives other sizes: then an engine may refuse the file."""
        schema = self.schema(node.record, call.version)
        if schema is not None and self._asked(schema, node, call, opsets, 1)[0].shape != made[0].shape:
            self.disagrees.append((call.op, node.name))

    def refused(self, model: Any) -> str:
        """Why engines refuse a model whose sizes ONNX's old rules get wrong; nothing where they do not."""
        if not self.disagrees:
            return ""
        try:
            self.code.shape_inference.infer_shapes(model.SerializeToString(), False, True, False)
        except Exception:  # C++ throws what it likes
            return "by ONNX's own rule its size contradicts the operations after it: engines refuse the file"
        return ""

    def schema(self, record: Any, version: int) -> Any:
        """ONNX's definition of an operation; None where it has none."""
        key = (record.op_type, version, "" if record.domain == "ai.onnx" else record.domain)
        if key not in self._schemas:
            try:
                self._schemas[key] = self.code.defs.get_schema(*key)
            except Exception:  # its own error, which is an Exception and nothing more
                self._schemas[key] = None
        return self._schemas[key]

    def defaults(self, node: Written, call: Call) -> dict[str, Any]:
        """What ONNX takes for attributes that are not there."""
        schema = self.schema(node.record, call.version)
        made = {}
        for name, attribute in schema.attributes.items():
            if attribute.default_value.type:
                made[name] = self.library.AttributeProto.FromString(attribute.default_value.SerializeToString())
                made[name].name = name
        return made

    def _asked(self, schema: Any, node: Written, call: Call, opsets: Mapping[str, int], count: int) -> list[Value]:
        """What ONNX's inference says; the same question is asked once."""
        data = {}
        for index in SIZED.get(call.op, ()):
            value = call.inputs[index] if index < len(call.inputs) else None
            content = self.evaluator.record(value.content) if value is not None else None
            if content is not None:
                data[_IN.format(index)] = content
        given = tuple([None if value is None else (value.kind, value.shape, value.type) for value in call.inputs])
        key = (call.op, call.version, schema.since_version, count, node.attributes, given, *data.items())
        if key not in self._known:
            self._known[key] = self._infer(schema, node.record, call, data, opsets, count)
        return self._known[key]

    def _infer(
        self, schema: Any, record: Any, call: Call, data: dict[str, bytes], opsets: Mapping[str, int], count: int
    ) -> list[Value]:  # fmt: skip
        """Ask under names that do not matter: an output without a name is one, too."""
        asked = self.library.NodeProto(op_type=record.op_type, domain=record.domain, attribute=record.attribute)
        asked.input.extend(["" if value is None else _IN.format(i) for i, value in enumerate(call.inputs)])
        asked.output.extend([_OUT.format(i) for i in range(max(count, schema.min_output))])
        types = {_IN.format(i): type_ for i, value in enumerate(call.inputs) if (type_ := self.type_of(value))}
        try:
            found = schema._infer_node_outputs(
                asked.SerializeToString(), types, data, {}, dict(opsets), self.ir_version
            )  # fmt: skip
        except Exception:  # C++ throws what it likes
            found = {}
        return [self._value(found.get(_OUT.format(i))) for i in range(count)]

    def _value(self, type_: bytes | None) -> Value:
        if type_ is None:
            return Value(None)
        found = self.library.TypeProto.FromString(type_)
        if not found.HasField("tensor_type"):
            return Value(None, type=type_)
        return Value(sizes_of(found), found.tensor_type.elem_type)

    def type_of(self, value: Value | None) -> bytes:
        """ONNX's record of the type of a value; nothing where it is not known."""
        if value is None or not (value.type or value.kind):
            return b""
        return value.type or self._type(value.kind, value.shape)

    def _type(self, kind: int, sizes: Sizes | None) -> bytes:
        """ONNX's record of the type of a tensor."""
        key = (kind, sizes)
        if key not in self._types:
            made = self.library.TypeProto()
            made.tensor_type.elem_type = kind
            if sizes is not None:
                made.tensor_type.shape.SetInParent()
                for n in sizes:
                    dim = made.tensor_type.shape.dim.add()
                    if n is not None:
                        dim.dim_value = n
            self._types[key] = bytes(made.SerializeToString())
        return self._types[key]
