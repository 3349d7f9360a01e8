"""A trained layer: its spec and its numbers, where they are zero, and why one cannot be looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..analysis.cost import macs, params
from ..analysis.taps import taps_of_conv
from ..graph.ops import Conv
from ..graph.shapes import output_shape
from ..spec.layer import LAST, LayerSpec
from ..variants.registry import AS_GIVEN, build_variant

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: What is smaller is zero: engines flush what float32 has no ordinary number for, and training leaves such.
SMALLEST = float(np.finfo(np.float32).tiny)


class Unreadable(Exception):  # noqa: N818  what a layer is
    """A layer that has no numbers to look at; the message says why."""


class Kernel(NamedTuple):
    """One layer: `weights` (out_channels, in_channels / groups, *kernel_size), `bias` (out_channels,) or None.

    `spec` is the layer as described, in its own groups. `notes` say what was done to the numbers in the file;
    `storage` is the relative error that storing them in few bits has made already.
    """

    name: str
    spec: LayerSpec
    weights: NDArray[Any]
    bias: NDArray[Any] | None = None
    notes: tuple[str, ...] = ()
    storage: float | None = None


def fault_of(weights: NDArray[Any]) -> str:
    """Why no error can be said of these weights; empty where it can.

    >>> fault_of(np.array([1.0, np.nan])), fault_of(np.ones(2))
    ('its weights are not all finite: 1 of 2 is NaN or infinite', '')
    """
    if weights.dtype.kind not in "fiu":
        return f"its weights are {weights.dtype}, no real numbers"
    wrong = weights.size - int(np.isfinite(weights).sum())
    if wrong:
        verb = "is" if wrong == 1 else "are"
        return f"its weights are not all finite: {wrong:,} of {weights.size:,} {verb} NaN or infinite"
    return "" if weights.size else "it has no weights"


def stacked(kernel: Kernel) -> NDArray[np.float64]:
    """The weights group by group: (groups, out a group, in a group, *taps) in float64."""
    groups = kernel.spec.groups
    outer = kernel.spec.out_channels // groups
    return kernel.weights.astype(np.float64).reshape(groups, outer, -1, *kernel.weights.shape[2:])


def group_spec(spec: LayerSpec) -> LayerSpec:
    """One group of the layer alone, which is all of most; a bias is on the last convolution of what replaces it.

    >>> group_spec(LayerSpec(8, 16, (3,), (9,), groups=4, bias=True))[:2]
    (2, 4)
    """
    inner, outer = spec.in_channels // spec.groups, spec.out_channels // spec.groups
    return spec._replace(in_channels=inner, out_channels=outer, groups=1, bias=LAST if spec.bias else False)


class Masks(NamedTuple):
    """Of a layer, where it is not zero: `pairs` (out, in a group), `taps` (*taps); and its bias, zeros without one."""

    pairs: NDArray[np.bool_]
    taps: NDArray[np.bool_]
    bias: NDArray[Any]

    def rows(self, groups: int, fed: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Which outputs have a weight that meets an input which is `fed`."""
        blocks = self.pairs.reshape(groups, -1, self.pairs.shape[1])
        found: NDArray[np.bool_] = (blocks & fed.reshape(groups, 1, -1)).any(axis=2).ravel()
        return found

    def columns(self, groups: int) -> NDArray[np.bool_]:
        """Which inputs an output has a weight for."""
        found: NDArray[np.bool_] = self.pairs.reshape(groups, -1, self.pairs.shape[1]).any(axis=1).ravel()
        return found


def masks_of(weights: NDArray[Any], bias: NDArray[Any] | None) -> Masks:
    """Where a kernel (out, in a group, *taps) is not zero.

    >>> masks_of(np.array([[[0.0, 2.0]], [[0.0, 0.0]]]), None).pairs.tolist()
    [[True], [False]]
    """
    alive = np.abs(weights) >= SMALLEST
    return Masks(
        alive.reshape(*weights.shape[:2], -1).any(axis=2), alive.any(axis=(0, 1)),
        np.zeros(len(weights)) if bias is None else flushed(bias),
    )  # fmt: skip


def flushed(values: NDArray[Any]) -> NDArray[Any]:
    """What is smaller than any ordinary number as zero; NaN stays.

    >>> flushed(np.array([1e-39, 1.0])).tolist()
    [0.0, 1.0]
    """
    return np.where(np.abs(values) < SMALLEST, 0.0, values)


def cost_of(spec: LayerSpec) -> tuple[int, int]:
    """Multiply-adds and params of a layer as it is described."""
    op, given = conv_of(spec), (spec.batch, spec.in_channels, *spec.input_size)
    return macs(op, given, output_shape(op, [given])), params(op)


def conv_of(spec: LayerSpec) -> Conv:
    """The convolution that a spec describes, its padding resolved."""
    op = build_variant(AS_GIVEN, spec).graph.nodes[0].op
    assert isinstance(op, Conv)
    return op


def taps_with_data(spec: LayerSpec) -> NDArray[np.bool_]:
    """Of every tap of a layer, whether it ever meets data."""
    op = conv_of(spec)
    out = output_shape(op, [(spec.batch, spec.in_channels, *spec.input_size)])[2:]
    useful = np.ones(spec.kernel_size, bool)
    for axis, taps in enumerate(taps_of_conv(op, spec.input_size, out)):
        useful &= np.array(taps).reshape(-1, *(1,) * (spec.axes - axis - 1))
    return useful
