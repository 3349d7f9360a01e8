"""The numbers in an ONNX file, one tensor at a time: a file of any size is mapped, and read where it is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any

from .isolated import bad_file, onnx_library
from .wire import Malformed, message_fields, without_weights

#: Operations of which constants are made that are weights of another; QDQ's among them.
_FOLDED = "Add Cast Concat DequantizeLinear Div Flatten Identity Mul Neg Reshape Slice Squeeze Sub Transpose Unsqueeze"
FOLDED = frozenset(_FOLDED.split())

#: Versions of operations before which the reference has no program, and of which it is the same.
PROGRAMMED_SINCE = {"DequantizeLinear": 19, "QuantizeLinear": 19}

#: Constants made of constants, one behind the other, at most.
LONGEST = 20


class NoConstantError(Exception):
    """A tensor whose numbers are not in the file; the message says why."""


class Stored:
    """An ONNX file: its operations without weights, and each constant when it is asked for."""

    def __init__(self, path: str) -> None:
        self.path = path
        try:
            with Path(path).open("rb") as file:
                self._data = mmap(file.fileno(), 0, access=ACCESS_READ)
            self.model = onnx_library("onnx_ml_pb2").ModelProto.FromString(without_weights(self._data))
            self._tensors, self._constants = dict(self._named("tensor")), dict(self._named("constant"))
        except Malformed as error:
            raise bad_file(path, str(error), "is the file complete?") from None
        except (OSError, ValueError) as error:
            raise bad_file(path, f"cannot be read: {getattr(error, 'strerror', None) or 'it is empty'}") from None
        self.nodes = list(self.model.graph.node)
        self.made_by = {name: node for node in self.nodes for name in node.output if name}
        opsets = {entry.domain: entry.version for entry in self.model.opset_import}
        self.version = opsets.get("", opsets.get("ai.onnx", 1))

    def _named(self, kind: str) -> Iterator[tuple[str, tuple[int, int]]]:
        """Where each tensor of the graph lies, or each operation that is a constant, by the name of what it gives."""
        graph = next(
            ((at, end) for number, _, at, end in message_fields(self._data, 0, len(self._data)) if number == 7), None
        )
        for number, _, at, end in message_fields(self._data, *(graph or (0, 0))):
            if kind == "tensor" and number == 5:
                name = self._text(at, end, 8)
                yield name, (at, end)
            elif kind == "constant" and number == 1 and self._text(at, end, 4) == "Constant":
                yield self._text(at, end, 2), (at, end)

    def _text(self, start: int, stop: int, wanted: int) -> str:
        """The text in that field of a message."""
        for number, _, at, end in message_fields(self._data, start, stop):
            if number == wanted:
                return bytes(self._data[at:end]).decode("utf-8", "replace")
        return ""

    def is_constant(self, name: str) -> bool:
        """Are its numbers in the file, or made of what is? Nothing is read for that."""
        if name in self._tensors or name in self._constants:
            return True
        node = self.made_by.get(name)
        return node is not None and node.op_type in FOLDED and all([self.is_constant(one) for one in node.input if one])

    def array(self, name: str, depth: int = 0) -> Any:
        """The numbers of a constant as an array; NoConstantError says why there are none."""
        if name in self._tensors:
            return self._tensor(onnx_library("onnx_ml_pb2").TensorProto.FromString(self._bytes(self._tensors[name])))
        if name in self._constants:
            node = onnx_library("onnx_ml_pb2").NodeProto.FromString(self._bytes(self._constants[name]))
            return self._computed(node, [])
        node = self.made_by.get(name)
        if node is None:
            raise NoConstantError("its weights are no constants: they are an input of the model")
        if node.op_type not in FOLDED or depth > LONGEST:
            raise NoConstantError(f"its weights are no constants: {node.op_type} computes them")
        return self._computed(node, [self.array(one, depth + 1) if one else None for one in node.input])

    def _bytes(self, place: tuple[int, int]) -> bytes:
        return self._data[place[0] : place[1]]

    def _tensor(self, tensor: Any) -> Any:
        import onnx.external_data_helper
        import onnx.numpy_helper

        if tensor.data_location == 1:
            try:
                onnx.external_data_helper.load_external_data_for_tensor(tensor, str(Path(self.path).resolve().parent))
            except Exception:  # a file that is missing, outside of the folder, or too short, each in its own way
                where = next((entry.value for entry in tensor.external_data if entry.key == "location"), "another file")
                raise NoConstantError(f"its weights are in {where}, which cannot be read") from None
        try:
            return onnx.numpy_helper.to_array(tensor)
        except Exception:  # a tensor that contradicts itself, in one of many ways
            raise NoConstantError("its weights are damaged: their size is not the one they state") from None

    def _computed(self, node: Any, inputs: list[Any]) -> Any:
        return self.run(node, inputs)[0]

    def run(self, node: Any, inputs: list[Any]) -> list[Any]:
        """What an operation makes of arrays, by the onnx package's own reference; NoConstantError where it has none."""
        from onnx.reference.ops import load_op

        version = max(self.version, PROGRAMMED_SINCE.get(node.op_type, 0))
        settings = {"log": lambda *_: None, "opsets": {"": version}, "verbose": 0, "new_ops": None}
        try:
            return list(load_op("", node.op_type, version)(node, settings).run(*inputs))
        except Exception:  # arguments that make no sense, in one of many ways
            raise NoConstantError(f"{node.op_type} cannot be computed") from None
