"""The convolutions of an ONNX file with their numbers, each read when it is asked for."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from math import sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from ..graph.ops import Conv, Shape
from ..networks.build import Network
from ..networks.convs import conv_spec
from ..networks.onnx.values import show_name
from ..networks.onnx.weights import NoConstantError, Stored
from ..spec.layer import LayerSpec
from .kernels import Kernel, Unreadable, fault_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Convolutions of which there is nothing to separate, and why.
REFUSED = {
    "ConvInteger": "its weights are integers alone, without the scale that makes numbers of them",
    "QLinearConv": "its weights are integers, scaled within the operation: export with QDQ to separate it",
}

#: Operations that are looked at.
LOOKED_AT = ("Conv", "ConvTranspose")


class Layer:
    """A convolution of a file: what it is called, its spec, the tensors that it reads and gives, and its numbers."""

    def __init__(self, model: Model, node: Any, name: str, spec: LayerSpec | None, reason: str) -> None:
        self.model, self.node, self.name, self.spec, self.reason = model, node, name, spec, reason
        self.norm = None if reason else model.norm_behind(node)

    @property
    def given(self) -> str:
        """The name of the tensor that it reads."""
        return str(self.node.input[0])

    @property
    def made(self) -> str:
        """The name of the tensor that it gives, a BatchNorm that is folded into it included."""
        return str((self.node if self.norm is None else self.norm).output[0])

    def kernel(self) -> Kernel:
        """Its numbers, a BatchNorm folded in; Unreadable says why there are none."""
        if self.reason or self.spec is None:
            raise Unreadable(self.reason)
        try:
            return self._kernel(self.spec)
        except NoConstantError as why:
            raise Unreadable(str(why)) from None

    def _kernel(self, spec: LayerSpec) -> Kernel:
        stored, notes, storage = self.model.stored, list[str](), None
        weights = np.asarray(stored.array(self.node.input[1]))
        bias = np.asarray(stored.array(self.node.input[2])) if len(self.node.input) > 2 and self.node.input[2] else None
        if spec.transposed:
            weights = _outputs_first(weights, spec.groups)
        if fault := fault_of(weights if bias is None else np.concatenate([weights.ravel(), bias.ravel()])):
            raise Unreadable(fault)
        maker = stored.made_by.get(self.node.input[1])
        if maker is not None and maker.op_type == "DequantizeLinear":
            storage = self._storage(maker, weights)
            notes.append(f"its weights are dequantised: storing them lost {100 * storage:.2g} % already")
        if self.norm is not None:
            weights, bias = self._folded(weights, bias)
            spec = spec._replace(bias=True)
            notes.append("the BatchNorm behind it is folded in")
        return Kernel(self.name, spec, weights, bias, tuple(notes), storage)

    def _folded(self, weights: NDArray[Any], bias: NDArray[Any] | None) -> tuple[NDArray[Any], NDArray[Any]]:
        """The weights and the bias of the convolution and its BatchNorm as one."""
        assert self.norm is not None
        mean, factor, shift = self.model.norm_numbers(self.norm)
        before = np.zeros(len(weights)) if bias is None else bias
        return weights * factor.reshape(-1, *(1,) * (weights.ndim - 1)), (before - mean) * factor + shift

    def _storage(self, maker: Any, weights: NDArray[Any]) -> float:
        """The error of rounding to steps of one scale: a twelfth of its square a weight, relative to all weights."""
        step = np.asarray(self.model.stored.array(maker.input[1]), np.float64)
        size = float(np.linalg.norm(weights.astype(np.float64)))
        return sqrt(float((step**2).sum()) / step.size * weights.size / 12) / size if size else 0.0


def _outputs_first(weights: NDArray[Any], groups: int) -> NDArray[Any]:
    """A transposed kernel (in, out a group, *taps) as (out, in a group, *taps)."""
    inner, outer, *taps = weights.shape
    blocks = weights.reshape(groups, inner // groups, outer, *taps).swapaxes(1, 2)
    return np.ascontiguousarray(blocks).reshape(groups * outer, inner // groups, *taps)


class Model:
    """An ONNX file: its network, which knows the sizes, beside its numbers; and the shape of every tensor by name."""

    def __init__(self, stored: Stored, network: Network) -> None:
        self.stored, self.network = stored, network
        self.readers: dict[str, list[Any]] = defaultdict(list)
        for node in stored.nodes:
            for name in dict.fromkeys(node.input):
                self.readers[name].append(node)
        self.outputs = {value.name for value in stored.model.graph.output}
        self.shapes: dict[str, Shape] = {}
        self._numbers = self._placed()
        self.layers = list(self._layers())

    def _placed(self) -> dict[int, int]:
        """The number in the graph of each of the file's operations, by its place; and the shapes of what they give."""
        places: dict[str, deque[int]] = defaultdict(deque)
        graph, shapes = self.network.graph, self.network.shapes
        for number, one in enumerate(graph.nodes, 1):
            places[one.name].append(number)
        for value in self.stored.model.graph.input:
            shown = places.get(show_name(value.name))
            self.shapes[value.name] = shapes[shown[0]] if shown else shapes[0]
        found = dict[int, int]()
        for at, node in enumerate(self.stored.nodes):
            name = node.name or next((one for one in node.output if one), "") or node.op_type
            for index, output in enumerate(node.output):
                called = show_name(name if not index and node.op_type != "Split" else f"{name}.{index}")
                if places.get(called):
                    number = places[called].popleft()
                    self.shapes[output] = shapes[number]
                    found.setdefault(at, number)
        return found

    def norm_behind(self, node: Any) -> Any:
        """The BatchNorm that alone reads what a convolution gives, its numbers all constants; or None."""
        after = self.readers[node.output[0]]
        if node.output[0] in self.outputs or len(after) != 1 or after[0].op_type != "BatchNormalization":
            return None
        return after[0] if all([self.stored.is_constant(name) for name in after[0].input[1:5]]) else None

    def norm_numbers(self, norm: Any) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        """A BatchNorm is (x - mean) * factor + shift: these three, one number a channel; NoConstantError without."""
        scale, shift, mean, var = (np.asarray(self.stored.array(name), np.float64) for name in norm.input[1:5])
        epsilon = next((a.f for a in norm.attribute if a.name == "epsilon"), 1e-5)
        return mean, scale / np.sqrt(var + epsilon), shift

    def _layers(self) -> Any:
        for at, node in enumerate(self.stored.nodes):
            name = show_name(node.name or node.output[0])
            if node.op_type in REFUSED:
                yield Layer(self, node, name, None, REFUSED[node.op_type])
            elif node.op_type in LOOKED_AT and node.domain in ("", "ai.onnx"):
                yield self._layer(at, node, name)

    def _layer(self, at: int, node: Any, name: str) -> Layer:
        if not self.stored.is_constant(node.input[1]):
            maker = self.stored.made_by.get(node.input[1])
            why = f"{maker.op_type} computes them" if maker else "they are an input of the model"
            return Layer(self, node, name, None, f"its weights are no constants: {why}")
        number = self._numbers.get(at)
        op = None if number is None else self.network.graph.nodes[number - 1].op
        if number is None or type(op) is not Conv:
            return Layer(self, node, name, None, "the sizes that it works on are not known")
        given = self.network.shapes[self.network.graph.nodes[number - 1].inputs[0]]
        return Layer(self, node, name, conv_spec(op, given, self.network.graph.dtype), "")

    @property
    def inside(self) -> int:
        """Convolutions inside of branches, loops and functions, which are not looked at."""
        seen = Counter([type(node.op) for node in self.network.graph.nodes])[Conv]
        return max(0, seen - len([layer for layer in self.layers if layer.spec is not None]))
