"""Generated layers, lines and broken lines for the tests of this folder."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from convcost.spec import ACTIVATIONS, DTYPES, LayerSpec, SpecError, parse_spec

LINES = (
    "64:128 @56x48 k1x7 s2 p0x3 d1 bias n4 fp16",
    "8:8 @16x9x9 k3 g4 mid=8 ratio=2 e3 m2 v1 mode=reflect p1",
    "8:4 in=5x7 k3 s2 t op1x0 2d p1-0",
    "(conv1): Conv2d(3, 64, kernel_size=(7, 7), stride=(2, 2), padding=(3, 3), bias=False) @224 n2",
    "@9 nn.ConvTranspose2d(64, 32, 2, 2, 0, 1, 4, True, 1, 'zeros') e6",
    "model.add(keras.layers.Conv2D(8, (3, 3), strides=2, padding='same', activation='relu', input_shape=(9, 7, 3)))",
    "y = SeparableConv2D(8, 3, depth_multiplier=2, dilation_rate=(2, 2))(x) (None, 9, 7, 3) fp16",
    "Conv1DTranspose(8, 4, strides=3, padding='same', use_bias=False) 4: @9",
    "x = nn.Conv(features=8, kernel_size=(3, 3), padding=[(1, 0), (0, 1)], feature_group_count=2) (1, 9, 7, 4)",
    "nnx.ConvTranspose(4, 8, kernel_size=(3, 3), strides=(2, 2), padding='SAME', rngs=rngs) @9x7",
    "paddle.nn.Conv2D(4, 2*4, [3, 3], stride=2, padding=[0, 1, 1, 2], groups=2, bias_attr=False) (2, 4, 9, 7)",
    "(c): Conv2d(0.1 M, 1.6% Params, 0.05 GFLOPs, 0.5% FLOPs, 4, 64*2, kernel_size=(3, 3), bias=False) (1,4,9,7) # x",
    "(s): Conv2dStaticSamePadding(3, 8, kernel_size=(3, 3) (pad): ZeroPad2d(padding=(0, 1, 0, 1), value=0.0)) @9",
    '{"in_channels": 4, "kernel_size": [3, 1], "input_size": 9, "padding": [[1, 0], [0, 0]], "groups": 2}',
    '{"in_channels": 4, "out_channels": 8, "kernel_size": 3, "input_size": 9, "activation": "relu6", "norm": true}',
)


def outcome(line: str) -> LayerSpec | SpecError:
    """What becomes of a line: whatever else is raised fails the test."""
    try:
        return parse_spec(line)
    except SpecError as error:
        return error


def error_of(line: str) -> SpecError:
    """The error of a line that must have one."""
    found = outcome(line)
    assert isinstance(found, SpecError), f"{line!r} was read as {found}"
    return found


@st.composite
def json_layers(draw: st.DrawFn) -> dict[str, Any]:
    """JSON objects, nearly all of them of layers that exist."""
    axes = draw(st.integers(1, 3))

    def sizes(least: int, most: int) -> list[int]:
        return draw(st.lists(st.integers(least, most), min_size=axes, max_size=axes))

    groups = draw(st.sampled_from([1, 1, 2, 3]))
    transposed = draw(st.booleans())
    layer: dict[str, Any] = {
        "in_channels": groups * draw(st.integers(1, 20)),
        "out_channels": groups * draw(st.integers(1, 20)),
        "kernel_size": sizes(1, 5),
        "input_size": sizes(9, 40),
        "stride": sizes(1, 3),
        "dilation": sizes(1, 2),
        "groups": groups,
        "bias": draw(st.sampled_from([True, False, "last"])),
        "transposed": transposed,
        "batch": draw(st.integers(1, 9)),
        "dtype": draw(st.sampled_from([*DTYPES, "w8a16", "w4a4", "w32a1"])),
        "depth_multiplier": draw(st.integers(1, 3)),
        "expansion_ratio": draw(st.one_of(st.none(), st.integers(1, 8))),
        "bottleneck_ratio": draw(st.integers(1, 8)),
        "mid_channels": draw(st.sampled_from([None, groups, 3 * groups, [2 * groups, groups], [groups, groups]])),
        "v1": draw(st.booleans()),
    }
    pads = [[draw(st.integers(0, 4)), draw(st.integers(0, 4))] for _ in range(axes)]
    if transposed:
        layer["output_padding"] = [min(draw(st.integers(0, 2)), s - 1) for s in layer["stride"]]
        layer["padding"] = draw(st.sampled_from(["valid", pads]))
    else:
        layer["padding"] = draw(st.sampled_from(["same", "same-upper", "valid", pads]))
        layer["padding_mode"] = draw(st.sampled_from(["zeros", "reflect", "replicate", "circular"]))
    return layer


@st.composite
def specs(draw: st.DrawFn) -> LayerSpec:
    """Layers that exist, of every kind the text notation can express."""
    found = outcome(json.dumps(draw(json_layers())))
    return found if isinstance(found, LayerSpec) else parse_spec("3:8 @9x8 k3x2 s2")


@st.composite
def all_specs(draw: st.DrawFn) -> LayerSpec:
    """Layers that exist, with what only JSON and options can say."""
    activation = draw(st.one_of(st.none(), st.sampled_from(ACTIVATIONS)))
    return draw(specs())._replace(norm=draw(st.booleans()), residual=draw(st.booleans()), activation=activation)


@st.composite
def broken_lines(draw: st.DrawFn) -> str:
    """A valid line with a few characters replaced, removed, doubled or put in."""
    line = draw(st.sampled_from(LINES))
    pieces = st.one_of(st.sampled_from(list('x-=:@(),[]{}"0179 kspdtg\t\u200b²日')), st.characters(), st.just("9" * 19))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(line)))
        end = draw(st.integers(start, min(len(line), start + 6)))
        line = line[:start] + draw(st.sampled_from(["", line[start:end] * 2, draw(pieces)])) + line[end:]
    return line
