"""What every layer of a model is given, for one input of the model: the layers run, and what is around them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..execute.values.apply import apply_values
from ..execute.values.workbench import Workbench
from ..networks.onnx.weights import NoConstantError
from .kernels import conv_of
from .models import Layer, Model
from .verify import in_layout

if TYPE_CHECKING:
    from numpy.typing import NDArray


def layer_inputs(model: Model, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """The input of every layer by its tensor's name, (batch, *spatial, channels), as far as it can be computed.

    Convolutions are executed by the executor, other operations by ONNX's own reference. What depends on an operation
    that neither can do (a loop, a branch) is missing.
    """
    values: dict[str, Any] = dict(inputs)
    layers = {id(layer.node): layer for layer in model.layers if not layer.reason}
    wanted = {layer.given for layer in layers.values()}
    left = Counter([name for node in model.stored.nodes for name in dict.fromkeys(node.input)])
    for node in model.stored.nodes:
        values.update(_outputs(model, node, layers.get(id(node)), values))
        for name in dict.fromkeys(node.input):
            left[name] -= 1
            if not left[name] and name not in wanted:
                values.pop(name, None)
    return {name: np.moveaxis(values[name], 1, -1) for name in wanted if name in values}


def _outputs(model: Model, node: Any, layer: Layer | None, values: Mapping[str, Any]) -> dict[str, Any]:
    """What an operation gives, by name; nothing where an input of it is missing, or it cannot be computed."""
    arrays = []
    try:
        for name in node.input:
            arrays.append(values[name] if name in values else model.stored.array(name) if name else None)
        made = [_convolved(layer, arrays)] if layer is not None else model.stored.run(node, arrays)
    except (NoConstantError, ValueError):
        return {}
    return {name: value for name, value in zip(node.output, made) if name and value is not None}


def _convolved(layer: Layer, arrays: list[Any]) -> NDArray[Any]:
    """A convolution, its BatchNorm not yet folded in, by the executor."""
    given, weights, *rest = arrays
    assert layer.spec is not None
    spec = layer.spec._replace(batch=len(given), input_size=given.shape[2:], bias=bool(rest and rest[0] is not None))
    if spec.transposed:
        raise NoConstantError("transposed")
    kernel = in_layout(np.asarray(weights), spec.groups, rest[0] if spec.bias else None)
    image = np.ascontiguousarray(np.moveaxis(given, 1, -1), np.float32)
    return np.moveaxis(apply_values(conv_of(spec), [image], kernel, None, Workbench())[0], -1, 1)
