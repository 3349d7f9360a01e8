"""What in a trained network is dead: channels that are always zero or that nobody reads, and taps that do nothing.

Every channel of every tensor is followed: what it always is, if that is one number, which channels must stay together
because an operation works on both (an Add, a depthwise convolution), and which convolutions read it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..graph.ops import Conv, Ints
from ..networks.onnx.weights import NoConstantError
from .kernels import Masks, flushed
from .models import Layer, Model

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Channels = NDArray[Any]

#: Operations on each number by itself, of one tensor or several: what channels always are is computed by ONNX's own
#: reference; NaN stands for what is not always the same, and stays NaN.
_ELEMENTWISE = (
    "Abs Add Cast Ceil Celu Clip Div Dropout Elu Erf Exp Floor Gelu HardSigmoid HardSwish Identity LeakyRelu Log Max "
    "Min Mish Mul Neg Pow PRelu Reciprocal Relu Round Selu Sigmoid Sign Softplus Softsign Sqrt Sub Sum Tanh "
    "ThresholdedRelu"
)
ELEMENTWISE = frozenset(_ELEMENTWISE.split())

#: Those of them that make zero of zero, for which ONNX has a definition and no program.
KEEP_ZERO = frozenset(["Elu", "Gelu", "HardSwish", "Mish", "Selu", "Softsign", "ThresholdedRelu"])

#: Operations over space, a channel by itself: what is zero stays zero.
_OVER_SPACE = (
    "AveragePool GlobalAveragePool GlobalLpPool GlobalMaxPool LpPool MaxPool Resize Upsample Pad ReduceMean ReduceMax "
    "ReduceMin ReduceSum ReduceL2"
)
OVER_SPACE = frozenset(_OVER_SPACE.split())

#: Other views of a tensor, which keep its channels where batch and channels stay in front.
VIEWS = frozenset(["Flatten", "Reshape", "Squeeze", "Unsqueeze"])


class Kept(NamedTuple):
    """Of a layer, by channel: is it alive by itself, and is it still there after a removal that fits everywhere?"""

    out_alive: NDArray[np.bool_]
    in_alive: NDArray[np.bool_]
    out_kept: NDArray[np.bool_]
    in_kept: NDArray[np.bool_]
    given: NDArray[Any]


class Flow:
    """The channels of all tensors of a model: what each always is, which belong together, who reads them."""

    def __init__(self, model: Model, masks: dict[str, Masks]) -> None:
        self.model, self.masks = model, masks
        self.base: dict[str, int] = {}
        self.value: dict[str, Channels] = {}
        self.parent: list[int] = []
        self.pinned: list[int] = []
        self.read: list[Layer] = []
        layers = {id(layer.node): layer for layer in model.layers}
        folded = {id(layer.norm) for layer in model.layers if layer.norm is not None}
        for value in model.stored.model.graph.input:
            self.opaque(value.name)
        for node in model.stored.nodes:
            if id(node) in layers:
                self._layer(layers[id(node)])
            elif id(node) not in folded:
                self._node(node)
        for name in model.outputs:
            self.pin(name)
        self.roots = np.array([self.root(channel) for channel in range(len(self.parent))], int)

    def root(self, channel: int) -> int:
        """The channel that stands for all that must stay together with this one."""
        while self.parent[channel] != channel:
            self.parent[channel] = channel = self.parent[self.parent[channel]]
        return channel

    def tie(self, one: str, other: str, at: int = 0, start: int = 0, count: int | None = None) -> None:
        """Channels `start` on of `other` stay together with those from `at` on of `one`."""
        if one not in self.base or other not in self.base:
            return
        for c in range(len(self.value[other]) - start if count is None else count):
            a, b = self.root(self.base[one] + at + c), self.root(self.base[other] + start + c)
            self.parent[max(a, b)] = min(a, b)

    def new(self, name: str, value: Channels) -> None:
        """A tensor, and what its channels always are."""
        self.base[name], self.value[name] = len(self.parent), flushed(value)
        self.parent += range(len(self.parent), len(self.parent) + len(value))

    def pin(self, name: str) -> None:
        """All channels of a tensor are needed."""
        if name in self.base:
            self.pinned += range(self.base[name], self.base[name] + len(self.value[name]))

    def opaque(self, name: str) -> None:
        """A tensor of which nothing is known but how many channels it has, all of which are needed."""
        shape = self.model.shapes.get(name, ())
        if len(shape) > 1:
            self.new(name, np.full(shape[1], np.nan))
            self.pin(name)

    def ids(self, name: str) -> NDArray[np.int64]:
        """What stands for each channel of a tensor."""
        first = self.base[name]
        found: NDArray[np.int64] = self.roots[first : first + len(self.value[name])]
        return found

    def _layer(self, layer: Layer) -> None:
        """A convolution reads its input and gives new channels; a depthwise one keeps those of its input."""
        given, masks, spec = self.value.get(layer.given), self.masks.get(layer.name), layer.spec
        if given is None or masks is None or spec is None or len(given) != spec.in_channels:
            self.pin(layer.given)
            self.opaque(layer.made)
            return
        self.new(layer.made, np.where(masks.rows(spec.groups, given != 0), np.nan, masks.bias))
        if spec.groups == 1:
            self.read.append(layer)
        elif spec.groups == spec.in_channels == spec.out_channels:
            self.tie(layer.made, layer.given)
        else:
            self.pin(layer.given)
            self.pin(layer.made)

    def _node(self, node: Any) -> None:
        """Any other operation: what is not known to keep channels apart needs all of them."""
        inputs = [name for name in node.input if name in self.value]
        if not inputs and all([self.model.stored.is_constant(name) for name in node.input if name]):
            return
        rule = self._rule(node)
        try:
            done = rule is not None and rule(node, inputs)
        except (NoConstantError, ValueError, IndexError, TypeError):  # an operation that does not fit its inputs
            done = False
        if not done:
            for name in inputs:
                self.pin(name)
            for name in node.output:
                self.value.pop(name, None)
                self.opaque(name)

    def _rule(self, node: Any) -> Callable[[Any, list[str]], bool] | None:
        op = node.op_type if node.domain in ("", "ai.onnx") else ""
        if op in ELEMENTWISE:
            return self._elementwise
        named = {"Concat": self._concat, "Split": self._split, "BatchNormalization": self._norm}
        return named.get(op) or (self._same if op in OVER_SPACE or op in VIEWS else None)

    def _elementwise(self, node: Any, inputs: list[str]) -> bool:
        """Channels of tensors that are as wide stay together; one of a single channel meets them all."""
        shape = self.model.shapes.get(node.output[0], ())
        if len(shape) < 2 or any([len(self.model.shapes[name]) != len(shape) for name in inputs]):
            return False
        with np.errstate(all="ignore"):
            value = self._computed(node, shape)
        if len(value) != shape[1]:
            return False
        self.new(node.output[0], value)
        for name in inputs:
            if len(self.value[name]) == shape[1]:
                self.tie(node.output[0], name)
            else:
                self.pin(name)
        return True

    def _computed(self, node: Any, shape: Ints) -> Channels:
        """What the channels always are, by the operation itself; a product with zero is zero."""
        arrays = list[Any]()
        for name in node.input:
            if name in self.value:
                arrays.append(self.value[name].reshape(1, -1, *(1,) * (len(shape) - 2)).astype(np.float32))
            elif not name:
                arrays.append(None)
            else:
                arrays.append(self._by_channel(np.asarray(self.model.stored.array(name)), shape))
        try:
            value = np.asarray(self.model.stored.run(node, arrays)[0], np.float64).ravel()
        except NoConstantError:
            if node.op_type not in KEEP_ZERO:
                raise
            value = np.where(arrays[0].ravel() == 0, 0.0, np.nan)
        for array in arrays:  # a comparison or a whole number would make something of what is not known
            value = value if array is None else np.where(np.isnan(array).ravel(), np.nan, value)
        if node.op_type == "Mul":
            zero = np.zeros(shape[1], bool)
            for array in arrays:
                zero |= (np.asarray(array) == 0).ravel()
            value = np.where(zero, 0.0, value)
        return value

    def _by_channel(self, constant: Channels, shape: Ints) -> Channels:
        """A constant by channel; where it differs from place to place within one, NaN."""
        if constant.size == 1:
            return constant.reshape((1,) * len(shape))
        whole = constant.reshape((1,) * (len(shape) - constant.ndim) + constant.shape)
        flat = np.moveaxis(whole, 1, 0).reshape(whole.shape[1], -1)
        even = (flat == flat[:, :1]).all(axis=1)
        return np.where(even, flat[:, 0], np.nan).astype(np.float32).reshape(1, -1, *(1,) * (len(shape) - 2))

    def _same(self, node: Any, inputs: list[str]) -> bool:
        """The same channels; of what is not zero nobody knows what becomes of it, unless it is only seen otherwise."""
        before, after = self.model.shapes[inputs[0]], self.model.shapes.get(node.output[0], ())
        if inputs != [node.input[0]] or len(after) < 2 or before[:2] != after[:2]:
            return False
        value, view = self.value[inputs[0]], node.op_type in (*VIEWS, "MaxPool", "GlobalMaxPool", "GlobalAveragePool")
        self.new(node.output[0], value if view else np.where(value == 0, 0.0, np.nan))
        self.tie(node.output[0], inputs[0])
        return True

    def _norm(self, node: Any, inputs: list[str]) -> bool:
        """A BatchNorm that no convolution has taken in."""
        mean, factor, shift = self.model.norm_numbers(node)
        self.new(node.output[0], (self.value[inputs[0]] - mean) * factor + shift)
        self.tie(node.output[0], inputs[0])
        return True

    def _concat(self, node: Any, inputs: list[str]) -> bool:
        """Channels behind one another."""
        axis = next((a.i for a in node.attribute if a.name == "axis"), None)
        if axis not in (1, 1 - len(self.model.shapes[inputs[0]])) or inputs != list(node.input):
            return False
        self.new(node.output[0], np.concatenate([self.value[name] for name in inputs]))
        at = 0
        for name in inputs:
            self.tie(node.output[0], name, at)
            at += len(self.value[name])
        return True

    def _split(self, node: Any, inputs: list[str]) -> bool:
        """Channels one part after the other."""
        axis = next((a.i for a in node.attribute if a.name == "axis"), 0)
        if axis not in (1, 1 - len(self.model.shapes[inputs[0]])):
            return False
        at = 0
        for name in node.output:
            count = self.model.shapes[name][1]
            self.new(name, self.value[inputs[0]][at : at + count])
            self.tie(name, inputs[0], 0, at, count)
            at += count
        return True


def kept_channels(model: Model, masks: dict[str, Masks]) -> dict[str, Kept]:
    """Of every layer, which channels are alive, and which are left after all have been taken out that can be.

    A channel can be where no operation needs all of them and whoever reads it reads zeros, or with weights that are
    zero or belong to outputs that are taken out.
    """
    flow = Flow(model, masks)
    gone = np.zeros(len(flow.parent), bool)
    pinned = np.zeros(len(flow.parent), bool)
    pinned[flow.roots[flow.pinned]] = True
    while True:
        needed = pinned.copy()
        for layer in flow.read:
            needed[flow.ids(layer.given)[_read(flow, masks[layer.name], layer, gone)]] = True
        free = ~needed[flow.roots]
        if (free == gone).all():
            emptied = [layer for layer in flow.read if free[flow.base[layer.made]] and _is_emptied(flow, layer, free)]
            if not emptied:
                break
            pinned[flow.ids(emptied[0].made)[0]] = True  # a layer without any output is none
            gone[:] = False
            continue
        gone = free
    return {layer.name: _kept(flow, masks[layer.name], layer, gone) for layer in model.layers if layer.name in masks}


def _is_emptied(flow: Flow, layer: Layer, gone: NDArray[np.bool_]) -> bool:
    """Are all outputs of a layer taken out?"""
    return bool(gone[flow.ids(layer.made)].all())


def _read(flow: Flow, masks: Masks, layer: Layer, gone: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The inputs that outputs which are left read, other than zeros."""
    left = ~gone[flow.ids(layer.made)]
    found: NDArray[np.bool_] = (masks.pairs & left[:, None]).any(axis=0) & (flow.value[layer.given] != 0)
    return found


def _kept(flow: Flow, masks: Masks, layer: Layer, gone: NDArray[np.bool_]) -> Kept:
    spec = layer.spec
    assert spec is not None
    given = flow.value.get(layer.given, np.full(spec.in_channels, np.nan))
    if len(given) != spec.in_channels:
        given = np.full(spec.in_channels, np.nan)
    alive = masks.rows(spec.groups, given != 0)
    out_kept = ~gone[flow.ids(layer.made)] if layer.made in flow.base else np.ones(spec.out_channels, bool)
    in_kept = ~gone[flow.ids(layer.given)] if layer.given in flow.base else np.ones(spec.in_channels, bool)
    if len(in_kept) != spec.in_channels or len(out_kept) != spec.out_channels:
        in_kept, out_kept = np.ones(spec.in_channels, bool), np.ones(spec.out_channels, bool)
    return Kept(alive & out_kept, masks.columns(spec.groups) & (given != 0) & in_kept, out_kept, in_kept, given)


def without_dead(op: Conv, kept: Kept) -> Conv:
    """The convolution with the channels that are kept."""
    outer, inner = int(kept.out_kept.sum()), int(kept.in_kept.sum())
    groups = inner if op.groups > 1 and op.groups == op.in_channels else op.groups
    return op._replace(in_channels=inner, out_channels=outer, groups=groups)
