"""One convolution: as described, and standard."""

from __future__ import annotations

from ..graph.ops import Graph
from ..spec.layer import LayerSpec
from .registry import AS_GIVEN, REPLACEMENT, Settings, variant
from .start import close, spatial, start


@variant(AS_GIVEN, REPLACEMENT, "the layer as described, grouped or transposed", transposed=True)
def as_given(spec: LayerSpec) -> tuple[Graph, Settings]:
    b = start(spec)
    spatial(b, spec, "conv", spec.out_channels, spec.own_groups)
    return b.graph(), {"groups": spec.own_groups}


@variant(
    "standard", REPLACEMENT, "one kxk: space and channels in one operation", transposed=True, factors="o i * -> o i *"
)
def standard(spec: LayerSpec) -> tuple[Graph, Settings]:
    b = start(spec)
    spatial(b, spec, "conv", spec.out_channels, 1)
    settings = close(b, spec, {})
    return b.graph(), settings
