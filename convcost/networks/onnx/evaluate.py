"""What is in a constant: numbers in the file, sizes of tensors, and what is computed of these once it is asked for.

Reshape, Slice, Expand and their like have their sizes in tensors, which exporters compute of other
tensors' sizes. Nothing is computed that no operation asks for: an attention's mask costs nothing here.
A few integers are computed in plain Python, all else by the onnx package's own reference implementations.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any, NamedTuple

from ...graph.ops import Ints, Shape
from .integers import BOOL, GREATEST, Plain, compute, plain_tensor
from .isolated import LIBRARIES, more_memory, onnx_library

#: Numbers in the largest tensor that is computed, operations that are computed for one model, and numbers in all.
LARGEST, MOST_STEPS, MOST_COMPUTED = 1 << 16, 200_000, 5_000_000

#: Operations that are computed: cheap ones, in the numbers that go in and come out. Whoever needs another is unknown.
_COMPUTED = (
    "Abs Add And ArgMax ArgMin BitShift BitwiseAnd BitwiseNot BitwiseOr BitwiseXor Cast CastLike Ceil Clip Compress "
    "Concat Constant ConstantOfShape CumSum Div Equal Exp Expand EyeLike Flatten Floor Gather GatherElements GatherND "
    "Greater GreaterOrEqual Identity IsInf IsNaN Less LessOrEqual Log Max Mean Min Mod Mul Neg NonZero Not OneHot Or "
    "Pad Pow Range Reciprocal ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum Relu Reshape Round ScatterElements "
    "ScatterND Shape Sign Size Slice Split Sqrt Squeeze Sub Sum Tile TopK Transpose Trilu Unique Unsqueeze Where Xor"
)
COMPUTED = frozenset(_COMPUTED.split())

#: Operations that make as much as is in their input, whatever the numbers are.
BOUNDED = frozenset(("Compress", "NonZero", "Unique"))


Outs = Sequence[tuple[Shape | None, int]]


class Step(NamedTuple):
    """An operation that has not been computed yet: ONNX's record of it, its inputs, its version, shapes and types of
    its outputs, if they cannot be large."""

    node: Any
    inputs: tuple[Content | None, ...]
    version: int
    outs: Outs
    is_bounded: bool


class Content:
    """What is in a constant: a tensor of the file, a few integers, or an output of a step; computed once."""

    __slots__ = ("index", "is_stored", "made", "record", "step", "tensor")

    def __init__(
        self, tensor: Any = None, made: Plain | None = None, step: Step | None = None, index: int = 0,
        is_stored: bool = False,
    ) -> None:  # fmt: skip
        self.is_stored = is_stored  # as a tensor of the file, not in an operation
        self.tensor = tensor
        self.step = step
        self.index = index
        self.made: Any = made  # integers, or an array, once it was asked for; False where it cannot be made
        self.record: bytes | None = None  # ONNX's, once it was asked for; empty where there is none


class Evaluator:
    """Computes the contents of one model's constants, within bounds."""

    def __init__(self) -> None:
        self.steps = self.numbers = 0
        self._operations: dict[tuple[str, int], Any] = {}
        self._numpy: Any = None
        self._helper: Any = None

    def made(self, content: Content | None) -> Any:
        """What is in it, as integers or an array; None where that is not known, too large, or fails."""
        if content is None:
            return None
        waiting = [content]
        while waiting:  # no recursion: chains are as long as the file makes them
            last = waiting[-1]
            if last.made is None and last.step is not None and last.step.is_bounded:
                needed = [c for c in last.step.inputs if c is not None and c.made is None]
                if needed:
                    waiting += needed
                    continue
            if last.made is None:
                last.made = self._make(last)
            if last.made is None:
                last.made = False
            waiting.pop()
        return None if content.made is False else content.made

    def _make(self, content: Content) -> Any:
        if content.step is not None:
            return self._computed(content.step, content.index)
        tensor = content.tensor
        if tensor is None or not holds(tensor) or prod(tensor.dims) > LARGEST:
            return None
        try:
            return plain_tensor(tensor)
        except ValueError:
            self._load()
        try:
            return self._helper.to_array(tensor)
        except Exception:  # a tensor that contradicts itself, in one of many ways
            return None

    def _computed(self, step: Step, index: int) -> Any:
        inputs = [None if c is None else c.made for c in step.inputs]
        if not step.is_bounded or any(value is False for value in inputs):
            return None
        self.steps += 1
        self.numbers += sum([prod(value.shape) for value in inputs if value is not None])
        if self.steps > MOST_STEPS or self.numbers > MOST_COMPUTED:
            return None
        if len(step.outs) == 1 and all([value is None or type(value) is Plain for value in inputs]):
            plain = compute(step.node, inputs, *step.outs[0])
            if plain is not None:
                return plain
        return self._referred(step, index, inputs)

    def _referred(self, step: Step, index: int, inputs: list[Any]) -> Any:
        """The output that the onnx package's own reference makes."""
        self._load()
        arrays = [self._array(value) if type(value) is Plain else value for value in inputs]
        try:
            with self._numpy.errstate(all="ignore"):
                made = self._operation(step)(step.node, self._settings(step)).run(*arrays)[index]
            found = self._numpy.asarray(made)
        except Exception:  # arguments that make no sense, in one of many ways
            return None
        return found if found.size <= LARGEST else None

    def _array(self, plain: Plain) -> Any:
        return self._numpy.array(plain.numbers, "bool" if plain.kind == BOOL else "int64").reshape(plain.shape)

    def _operation(self, step: Step) -> Any:
        key = (step.node.op_type, step.version)
        if key not in self._operations:
            from onnx.reference.ops import load_op

            self._operations[key] = load_op("", *key)
        return self._operations[key]

    def _settings(self, step: Step) -> dict[str, Any]:
        return {"log": lambda *_: None, "opsets": {"": step.version}, "verbose": 0, "new_ops": None}

    def _load(self) -> None:
        if self._numpy is None:
            more_memory(LIBRARIES)
            import numpy
            import onnx.numpy_helper

            self._numpy, self._helper = numpy, onnx.numpy_helper

    def record(self, content: Content | None) -> bytes | None:
        """ONNX's record of what is in it; None where that is not known."""
        if content is None:
            return None
        if content.record is None:
            content.record = self._record(content)
        return content.record or None

    def _record(self, content: Content) -> bytes:
        if content.tensor is not None:
            return bytes(content.tensor.SerializeToString()) if holds(content.tensor) else b""
        found = self.made(content)
        if type(found) is Plain:
            made = onnx_library("onnx_ml_pb2").TensorProto(dims=found.shape, data_type=found.kind)
            (made.int32_data if found.kind == BOOL else made.int64_data).extend(found.numbers)
            return bytes(made.SerializeToString())
        try:
            return b"" if found is None else bytes(self._helper.from_array(found).SerializeToString())
        except Exception:  # a type that has no record
            return b""

    def scalar(self, content: Content | None) -> int | None:
        """The one number, or truth, that is in it; None where there are others, or it is not known."""
        found = self.made(content)
        if type(found) is Plain:
            return found.numbers[0] if len(found.numbers) == 1 else None
        if found is None or found.size != 1 or found.dtype.kind not in "iub":
            return None
        return int(found.reshape(-1)[0])


def holds(tensor: Any) -> bool:
    """Is the content of a tensor in the file, and was it read?"""
    return bool(tensor.data_location != 1)


def from_sizes(sizes: Ints, is_scalar: bool = False) -> Content | None:
    """The content of what Shape and Size give; None where that is no integer of 64 bits."""
    shape = () if is_scalar else (len(sizes),)
    return Content(made=Plain(sizes, shape)) if max(sizes, default=0) <= GREATEST else None


def computed(node: Any, inputs: Sequence[Content | None], version: int, outs: Outs) -> list[Content]:
    """The contents of an operation's outputs, of shapes and types `outs`, to be computed when somebody asks."""
    op = node.op_type
    if op not in COMPUTED or node.domain not in ("", "ai.onnx"):
        return []
    is_bounded = op in BOUNDED or all([shape is not None and prod(shape) <= LARGEST for shape, _ in outs])
    step = Step(node, tuple(inputs), version, outs, is_bounded)
    return [Content(step=step, index=index) for index in range(len(outs))]
