"""What removing dead parts of a network saves, and that the layers without them do what they did."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..analysis.cost import macs, params
from ..answers.check import Check, Verified
from ..execute.values.apply import apply_values
from ..execute.values.workbench import Workbench
from ..graph.dtypes import bits_of, tensor_bytes, types_of
from ..graph.ops import Conv
from ..graph.shapes import output_shape
from ..networks.convs import conv_spec
from ..spec.layer import LayerSpec
from .answer import Removal, Saved, Separation, Smaller
from .dead import Kept, kept_channels, without_dead
from .kernels import Kernel, Masks, Unreadable, conv_of, cost_of, masks_of, taps_with_data
from .models import Model
from .verify import OUTPUT, distance, drawn, in_layout, outcome, smaller

if TYPE_CHECKING:
    from numpy.typing import NDArray


def with_dead(found: Separation, model: Model, *, verify: bool, limit: int) -> Separation:
    """The answer with what is dead in the whole model: each layer's parts, and what removing them saves."""
    masks = dict(_masks(model))
    kept = kept_channels(model, masks)
    layers, smalls = [], list[Smaller]()
    total, upper, fitting = np.zeros(3, object), np.zeros(3, object), np.zeros(3, object)
    by_name = {layer.name: layer for layer in model.layers}
    for one in found.layers:
        if one.name not in kept or one.spec is None or one.dead is None:
            layers.append(one)
            continue
        mask, left, spec = masks[one.name], kept[one.name], one.spec
        useful = taps_with_data(spec) & mask.taps
        parts = one.dead._replace(out=int((~left.out_alive).sum()), into=int((~left.in_alive).sum()))
        layers.append(one._replace(dead=parts))
        before, after = conv_of(spec), cropped(without_dead(conv_of(spec), left), useful)
        total += _numbers(before, spec)
        upper += _numbers(before, spec) - _alive(spec, left, useful)
        if after != before:
            fitting += _numbers(before, spec) - _numbers(after, spec)
            verified = compare_smaller(by_name[one.name].kernel(), left, after, limit) if verify else None
            smalls.append(Smaller(one.name, spec, _spec_of(after, spec), verified))
    removal = Removal(Saved(*total), Saved(*upper), Saved(*fitting), tuple(smalls))
    return found._replace(layers=tuple(layers), removal=removal)


def _masks(model: Model) -> Iterable[tuple[str, Masks]]:
    for layer in model.layers:
        try:
            kernel = layer.kernel()
        except Unreadable:
            continue
        yield layer.name, masks_of(kernel.weights, kernel.bias)


def cropped(op: Conv, useful: NDArray[np.bool_]) -> Conv:
    """The convolution with the smallest box of taps that holds those which do something, and less padding for it.

    >>> op = Conv(1, 1, (3,), (1,), ((1, 1),), (1,))
    >>> found = cropped(op, np.array([False, True, False]))
    >>> found.kernel_size, found.padding
    ((1,), ((0, 0),))

    Where the padding is less than what a box would take away of it, the taps stay.
    """
    if not useful.any() or op.transposed:
        return op
    kernel, padding = [], []
    for axis, (k, d, (before, after)) in enumerate(zip(op.kernel_size, op.dilation, op.padding)):
        alive = np.flatnonzero(useful.any(axis=tuple([other for other in range(useful.ndim) if other != axis])))
        first, last = int(alive[0]), int(alive[-1])
        if first * d > before or (k - 1 - last) * d > after:
            first, last = 0, k - 1
        kernel.append(last - first + 1)
        padding.append((before - first * d, after - (k - 1 - last) * d))
    return op._replace(kernel_size=tuple(kernel), padding=tuple(padding))


def _numbers(op: Conv, spec: LayerSpec) -> NDArray[Any]:
    """Params, multiply-adds and bytes of a convolution in the place of a layer."""
    given = (spec.batch, op.in_channels, *spec.input_size)
    out = output_shape(op, [given])
    return np.array([params(op), macs(op, given, out), _bytes(params(op), spec)], object)


def _bytes(numbers: int, spec: LayerSpec) -> int:
    """The bytes of weights in the layer's type."""
    return tensor_bytes(bits_of(types_of(spec.dtype).weights), numbers)


def _alive(spec: LayerSpec, left: Kept, useful: NDArray[np.bool_]) -> NDArray[Any]:
    """The same numbers of what is alive in a layer, whether or not it could be built so."""
    outer, inner = int(left.out_alive.sum()), int(left.in_alive.sum())
    pairs = outer * inner if spec.groups == 1 else outer * (spec.in_channels // spec.groups)
    weights = pairs * int(useful.sum())
    numbers = weights + outer * int(bool(spec.bias))
    whole = spec.out_channels * spec.in_channels // spec.groups * useful.size
    return np.array([numbers, cost_of(spec)[0] // whole * weights, _bytes(numbers, spec)], object)


def _spec_of(op: Conv, spec: LayerSpec) -> LayerSpec:
    return conv_spec(op, (spec.batch, op.in_channels, *spec.input_size), spec.dtype)


def compare_smaller(kernel: Kernel, left: Kept, after: Conv, limit: int) -> Verified:
    """Executes a layer with and without what is removed, on random input that is zero where it always is.

    Every output that is kept must be the same.
    """
    whole = kernel.spec._replace(batch=1)
    spec = smaller(whole, limit) if after.kernel_size == whole.kernel_size else whole
    before = conv_of(spec)
    given = drawn((1, *spec.input_size, spec.in_channels)).copy()
    always = ~np.isnan(left.given)
    given[..., always] = left.given[always]
    expected = _run(before, given, kernel.weights, kernel.bias)[..., left.out_kept]
    weights = kernel.weights[left.out_kept]
    weights = weights[:, left.in_kept] if spec.groups == 1 else weights
    weights = weights[:, :, *_box(before, after)]
    bias = None if kernel.bias is None else kernel.bias[left.out_kept]
    made = _run(after, given[..., left.in_kept], weights, bias)
    difference = distance(made, expected) if made.shape == expected.shape else float("inf")
    return outcome(kernel, spec, {"output": Check(0.0, difference, difference <= OUTPUT)})


def _box(before: Conv, after: Conv) -> list[slice]:
    """The taps that are left, an axis each: padding says how many are gone in front."""
    starts = [(old[0] - new[0]) // d for old, new, d in zip(before.padding, after.padding, before.dilation)]
    return [slice(start, start + k) for start, k in zip(starts, after.kernel_size)]


def _run(op: Conv, given: NDArray[Any], weights: NDArray[Any], bias: NDArray[Any] | None) -> NDArray[Any]:
    return apply_values(op, [given], in_layout(weights, op.groups, bias), None, Workbench())[0]
