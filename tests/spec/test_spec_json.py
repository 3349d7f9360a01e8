"""JSON objects with PyTorch's field names and ours."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tables import each

from convcost.spec import ACTIVATIONS, LayerSpec, SpecError, parse_spec, read_layer, spec_to_json

LAYER = {"in_channels": 8, "out_channels": 4, "kernel_size": 3, "input_size": [9, 8]}

SAYS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, {"kernel_size": (3, 3), "padding": ((1, 1), (1, 1)), "bias": False}),
    ({"padding": 2}, {"padding": ((2, 2), (2, 2))}),
    ({"padding": [1, 2]}, {"padding": ((1, 1), (2, 2))}),
    ({"padding": [[0, 1], [2, 3]]}, {"padding": ((0, 1), (2, 3))}),
    ({"padding": [[0, 1], 2]}, {"padding": ((0, 1), (2, 2))}),
    ({"padding": "valid"}, {"padding": ((0, 0), (0, 0))}),
    ({"padding": "SAME_UPPER"}, {"padding": "same-upper"}),
    ({"transposed": True}, {"transposed": True, "padding": ((0, 0), (0, 0))}),
    ({"transposed": True, "stride": 2, "output_padding": [1, 0]}, {"output_padding": (1, 0)}),
    ({"output_padding": [0, 0]}, {"output_padding": (0, 0)}),
    ({"mid_channels": None, "activation": None}, {"mid_channels": None, "activation": None}),
    ({"norm": True, "v1": True, "residual": True}, {"norm": True, "v1": True, "residual": True}),
    ({"bias": "last"}, {"bias": "last"}),
    ({"mid_channels": [4, 8]}, {"mid_channels": (4, 8)}),
    ({"mid_channels": [8, 8]}, {"mid_channels": 8}),
    ({"mid_channels": [6]}, {"mid_channels": 6}),
    ({"mid_channels": 6}, {"mid_channels": 6}),
    ({"dtype": "W4A16"}, {"dtype": "w4a16"}),
    ({"padding": "SAME"}, {"padding": "same-upper"}),
    ({"padding": "same"}, {"padding": ((1, 1), (1, 1))}),
    ({"input_size": [2, 8, 9, 7]}, {"input_size": (9, 7), "batch": 2}),
    ({"dtype": "FP16", "batch": 3, "padding_mode": "reflect"}, {"dtype": "fp16", "padding_mode": "reflect"}),
]


@each(("fields", "says"), SAYS)
def test_object_says(fields: dict[str, Any], says: dict[str, Any]) -> None:
    """Each form of each field is normalised."""
    spec = parse_spec(json.dumps({**LAYER, **fields}))
    assert {name: getattr(spec, name) for name in says} == says


@each("axes", [1, 2, 3])
@each("field", ["kernel_size", "input_size", "stride", "dilation", "padding"])
def test_any_list_settles_the_axes(field: str, axes: int) -> None:
    """Integers spread over as many axes as the lists have."""
    fields = {"in_channels": 8, "kernel_size": 3, "input_size": 9, field: [3] * axes}
    assert parse_spec(json.dumps(fields)).axes == axes


def test_without_a_list_there_are_two_axes_and_out_channels_are_in_channels() -> None:
    """The defaults of the text notation hold."""
    assert parse_spec('{"in_channels": 8, "kernel_size": 3, "input_size": 9}') == parse_spec("8 @9 k3")


@each(
    ("word", "name"), [("ReLU6", "relu6"), ("leaky_relu", "leaky-relu"), ("LeakyReLU", "leaky-relu"),
                       ("Hardswish", "hardswish"), ("hard_sigmoid", "hardsigmoid"), ("SiLU", "silu")]
)  # fmt: skip
def test_activations_have_the_spellings_of_pytorch(word: str, name: str) -> None:
    """`nn.LeakyReLU`, `F.leaky_relu` and ours are one."""
    assert name in ACTIVATIONS
    assert parse_spec(json.dumps({**LAYER, "activation": word})).activation == name


def test_the_written_object_has_every_field_in_order_and_lists_for_tuples() -> None:
    """`spec_to_json` is LayerSpec, field by field."""
    written = spec_to_json(parse_spec("64:128 @56x48 k3 p0-1"))
    assert tuple(written) == LayerSpec._fields
    assert json.loads(json.dumps(written))["padding"] == [[0, 1], [0, 1]]
    assert spec_to_json(parse_spec("64:128 @56x48 k3 psame-upper"))["padding"] == "same-upper"


def test_an_object_may_span_lines_and_stand_between_spaces() -> None:
    """Pretty-printed JSON in one argument is one object."""
    assert parse_spec("\n  " + json.dumps(LAYER, indent=2) + "\n").out_channels == 4


def test_what_an_object_does_not_say_holds_otherwise() -> None:
    """Its size and the number of its axes, too; an object says its own."""
    layer = '{"in_channels": 8, "kernel_size": 3}'
    assert read_layer(layer, {"input_size": (9, 8, 7), "batch": 2}).spec == parse_spec("8 @9x8x7 k3 n2")
    assert read_layer(layer, {"input_size": 9}).spec == parse_spec("8 @9 k3")
    own = '{"in_channels": 8, "kernel_size": [3], "input_size": 5, "batch": 3}'
    assert read_layer(own, {"input_size": (9, 8, 7), "batch": 2}).spec == parse_spec("8 @5 k3 n3 1d")


def test_what_goes_wrong_with_what_holds_otherwise_is_the_whole_object() -> None:
    line = '  {"in_channels": 8, "kernel_size": 3, "input_size": 9} '
    with pytest.raises(SpecError, match="groups=3 does not divide in_channels=8") as caught:
        read_layer(line, {"groups": 3})
    assert (caught.value.start, caught.value.end) == (2, len(line) - 1)
