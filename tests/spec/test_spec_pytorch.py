"""Modules as PyTorch prints and constructs them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from convcost.spec import parse_spec

GOLDEN = Path(__file__).parents[1] / "golden" / "layers.json"
PRINTED = "Conv2d(64, 128, kernel_size=(3, 3), stride=(2, 2), padding=(1, 1), bias=False)"

SAYS = [
    (f"{PRINTED} @56x48", "64:128 @56x48 k3 s2"),
    (f"(conv1): {PRINTED} @56x48", "64:128 @56x48 k3 s2"),
    (f"  (0): {PRINTED}   n4 @56x48 fp16 v1", "64:128 @56x48 k3 s2 n4 fp16 v1"),
    (f"@56x48 e3 {PRINTED} ratio=2", "64:128 @56x48 k3 s2 e3 ratio=2"),
    (f"@9 (layer1.0-conv): {PRINTED}", "64:128 @9 k3 s2"),
    (f"self.conv1 = nn.{PRINTED} @9", "64:128 @9 k3 s2"),
    (f"nn.{PRINTED}, @9", "64:128 @9 k3 s2"),
    (f"conv1: torch.nn.{PRINTED} @9 m2 mid=96", "64:128 @9 k3 s2 m2 mid=96"),
    ("nn.Conv2d(64, 128, 3, 2, 1) @9", "64:128 @9 k3 s2 bias"),
    ("nn.Conv2d(64, 128, 3, 2, 1, 1, 4, False, 'reflect') @9", "64:128 @9 k3 s2 g4 mode=reflect"),
    ('nn.Conv2d(64, 128, 3, padding="same") @9', "64:128 @9 k3 bias"),
    ("Conv2d(64, 128, kernel_size=(4, 3), padding=same) @9", "64:128 @9 k4x3 bias"),
    ("Conv2d(64, 128, kernel_size=(4, 3), padding=valid, dilation=(2, 1)) @9", "64:128 @9 k4x3 d2x1 p0 bias"),
    ("Conv2d(64, 128, 3) @9", "64:128 @9 k3 p0 bias"),
    ("Conv2d (in_channels=64, out_channels=128, kernel_size=[3, 3],) @9", "64:128 @9 k3 p0 bias"),
    ("Conv2d(64, 128, (3), stride=2) @9", "64:128 @9 k3 s2 p0 bias"),
    ("Conv1d(4, 8, kernel_size=(5,), padding=(2,), padding_mode=circular) @9", "4:8 @9 k5 1d bias mode=circular"),
    ("Conv3d(4, 8, kernel_size=(1, 2, 3), stride=(1, 1, 1)) @9", "4:8 @9 k1x2x3 p0 bias"),
    ("ConvTranspose2d(4, 8, 3, 2, 1, 1, 2, False, 3) @9", "4:8 @9 k3 s2 p1 op1 g2 d3 t"),
    (
        "ConvTranspose2d(4, 8, kernel_size=(3, 3), stride=(2, 2), padding=(1, 1), output_padding=(1, 0)) @9",
        "4:8 @9 k3 s2 p1 op1x0 t bias",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("line", "tokens"), SAYS)
def test_a_module_says_what_the_tokens_say(line: str, tokens: str) -> None:
    """PyTorch's line and our tokens for it are the same layer."""
    assert parse_spec(line) == parse_spec(tokens)


def test_every_line_that_pytorch_printed_is_the_layer_it_was_made_from() -> None:
    """The lines in the golden table come from PyTorch itself."""
    layers: list[dict[str, Any]] = json.loads(GOLDEN.read_text(encoding="utf-8"))["layers"]
    layers = [layer for layer in layers if layer["printed"]]
    for layer in layers:
        size = "x".join(map(str, layer["spec"]["input_size"]))
        tokens = f"@{size} n{layer['spec'].get('batch', 1)}"
        assert parse_spec(f"{layer['printed']} {tokens}") == parse_spec(json.dumps(layer["spec"]))
    assert len(layers) >= 300
