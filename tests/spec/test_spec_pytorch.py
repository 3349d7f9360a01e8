"""Modules as PyTorch and what is built on it print and construct them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tables import each

import convcost
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


#: A line of PyTorch's documentation, the input beside it there, and the shape that comes out.
DOCUMENTED = [
    (">>> m = nn.Conv2d(16, 33, 3, stride=2)", "torch.randn(20, 16, 50, 100)", (20, 33, 24, 49)),
    ("m = nn.Conv2d(16, 33, (3, 5), stride=(2, 1), padding=(4, 2))", "torch.randn(20, 16, 50, 100)",
     (20, 33, 28, 100)),
    ("m = nn.Conv2d(16, 33, (3, 5), stride=(2, 1), padding=(4, 2), dilation=(3, 1))", "(20, 16, 50, 100)",
     (20, 33, 26, 100)),
    ("m = nn.Conv1d(16, 33, 3, stride=2)", "torch.randn(20, 16, 50)", (20, 33, 24)),
    ("m = nn.Conv3d(16, 33, 3, stride=2)", "torch.randn(20, 16, 10, 50, 100)", (20, 33, 4, 24, 49)),
    ("m = nn.Conv3d(16, 33, (3, 5, 2), stride=(2, 1, 1), padding=(4, 2, 0))", "(20, 16, 10, 50, 100)",
     (20, 33, 8, 50, 99)),
    ("m = nn.ConvTranspose2d(16, 33, 3, stride=2)", "torch.randn(20, 16, 50, 100)", (20, 33, 101, 201)),
    ("m = nn.ConvTranspose2d(16, 33, (3, 5), stride=(2, 1), padding=(4, 2))", "(20, 16, 50, 100)", (20, 33, 93, 100)),
    ("m = nn.ConvTranspose3d(16, 33, 3, stride=2)", "torch.randn(20, 16, 10, 50, 100)", (20, 33, 21, 101, 201)),
    ("m = nn.ConvTranspose3d(16, 33, (3, 5, 2), stride=(2, 1, 1), padding=(0, 4, 2))", "(20, 16, 10, 50, 100)",
     (20, 33, 21, 46, 97)),
    ("downsample = nn.Conv2d(16, 16, 3, stride=2, padding=1)", "torch.randn(1, 16, 12, 12)", (1, 16, 6, 6)),
]  # fmt: skip

STEM = "kernel_size=(7, 7), stride=(2, 2), padding=(3, 3), bias=False"

#: What tools print in front of the arguments, what other libraries build on it, and what stands around a layer.
AROUND = [
    (f"Conv2d(0.009 M, 0.081% Params, 0.118 GMac, 6.486% MACs, 3, 64, {STEM}) @224", "3:64 @224 k7 s2"),
    (f"Conv2d(9.41 k, 0.037% Params, 118.01 MMac, 2.860% MACs, 3, 64, {STEM}) @224", "3:64 @224 k7 s2"),
    (f"(conv1): Conv2d(9.41 k = 0.0368% Params, 118.01 MMACs = 2.8611% MACs, 120 us = 0.5% latency, 1.97 TFLOPS, "
     f"3, 64, {STEM}) @224", "3:64 @224 k7 s2"),
    (f"Conv2d(9.41 K = 0.08% Params, 118.01 MMACs = 6.48% MACs, 236.03 MFLOPS = 6.48% FLOPs, 3, 64, {STEM}) @224",
     "3:64 @224 k7 s2"),
    (f"Conv2d(9.41 k, 0.04% Params, 118 MMACs, 2.9% MACs, 110 µs, 3.21% latency, 0.0 FLOPS, 3, 64, {STEM}) @224",
     "3:64 @224 k7 s2"),
    (f"Conv2d( 3, 64, {STEM} #params: 9.41K, #flops: 0.12G ) @224", "3:64 @224 k7 s2"),
    ("nn.Conv2d(3, 8, 3)(torch.randn(1, 3, 9, 7))", "3:8 @9x7 k3 p0 bias"),
    ("nn.Conv2d(3, 8, 3).to(torch.zeros(1, 3, 5, 5)) @9", "3:8 @9 k3 p0 bias"),
    ("nn.Conv2d(3, 8, 3).to(f(g(x), y)).eval() @9 n2", "3:8 @9 k3 p0 bias n2"),
    ("Conv2d(9.41 k, 3, 8, 3) @9", "3:8 @9 k3 p0 bias"),
    ("Conv2d(0.5%, 3, 8, 3) @9", "3:8 @9 k3 p0 bias"),
    ("Conv2d(110 µs, 3, 8, 3) @9", "3:8 @9 k3 p0 bias"),
    ("Conv2dStaticSamePadding(3, 8, kernel_size=(3, 3), stride=(2, 2), bias=False (static_padding): "
     "ZeroPad2d(padding=(2, 3, 0, 1), value=0.0)) @9", "3:8 @9 k3 s2 p0-1x2-3"),
    ("Conv2dStaticSamePadding(3, 8, kernel_size=(1, 1), stride=(1, 1) (static_padding): Identity()) @9",
     "3:8 @9 k1 bias"),
    ("Conv2dDynamicSamePadding(3, 8, kernel_size=(3, 3), stride=(2, 2), bias=False) @9", "3:8 @9 k3 s2 psame-upper"),
    ("(conv_stem): Conv2dSame(3, 8, kernel_size=(3, 3), stride=(2, 2), bias=False) @9", "3:8 @9 k3 s2 psame-upper"),
    ("nn.LazyConv2d(8, 3) 3: @9", "3:8 @9 k3 p0 bias"),
    ("LazyConv2d(0, 8, kernel_size=(3, 3), stride=(1, 1)) (1, 3, 9, 9)", "3:8 @9 k3 p0 bias"),
    ("LazyConvTranspose1d(8, 3, 2, padding=1) 4: @9", "4:8 @9 k3 s2 p1 t 1d bias"),
    ("nn.Conv2d(64, 64*4, 1) @32", "64:256 @32 k1 bias"),
    ("nn.Conv2d(2**6, (3 + 1) * 64 // 2 - 8 % 3, kernel_size=-(-5)) @32", "64:126 @32 k5 p0 bias"),
    ("nn.Conv2d(3, 1_000, 3, device='cuda', dtype=torch.float16), @9  # the stem, 3: @7", "3:1000 @9 k3 p0 bias fp16"),
    ("model.add_module('conv', nn.Conv2d(3, 8, 3)) @9", "3:8 @9 k3 p0 bias"),
    ("('conv1', nn.Conv2d(3, 8, 3)), @9", "3:8 @9 k3 p0 bias"),
    ("self.conv: nn.Conv2d = nn.Conv2d(3, 8, 3).to(device) @9", "3:8 @9 k3 p0 bias"),
    ("return nn.Conv2d(3, 8, 3)(x.view(1, 3, 9, 9)) @9", "3:8 @9 k3 p0 bias"),
    ("Conv2d(3, 8, 3) [1, 3, 9, 7]", "3:8 @9x7 k3 p0 bias"),
    ("Conv2d(3, 8, 3) torch.Size([4, 3, 9, 7])", "3:8 @9x7 k3 p0 bias n4"),
    ("Conv2d(3, 8, 3) input_shape=(3, 9, 7) n4", "3:8 @9x7 k3 p0 bias n4"),
    ("Conv2d(3, 8, 3) on input shape: (4, 3, 9, 7)", "3:8 @9x7 k3 p0 bias n4"),
    ("Conv2d(3, 8, 3) (9, 7)", "3:8 @9x7 k3 p0 bias"),
    ("Conv2d(3, 8, 3) @4x3x9x7", "3:8 @9x7 k3 p0 bias n4"),
    ("Conv3d(3, 8, 3) @4x3x5x9x7", "3:8 @5x9x7 k3 p0 bias n4"),
    ("layers.Conv2D(8, 3) @4x3x9x7", "3:8 @9x7 k3 p0 bias n4"),  # as everywhere behind an @, channels first
    ("layers.DepthwiseConv2D(3) @4x5x9x7", "5 @9x7 k3 p0 g5 n4 bias"),
    ("nn.Conv(features=8, kernel_size=(3, 3)) @4x3x9x7", "3:8 @9x7 k3 psame-upper bias n4"),
    ("3: Conv2d(3, 8, 3) @9", "3:8 @9 k3 p0 bias"),
    ("nn.Conv2d(3, 8, kernel_size=11, stride=4, padding='SAME') @224", "3:8 @224 k11 s4 psame-upper bias"),
    ("64:128 k3 (2, 64, 56, 48)", "64:128 @56x48 k3 n2"),
    ("64:128 k3 (64, 56, 48)", "64:128 @56x48 k3"),
    ("64:128 k3 (64, 9)", "64:128 @9 k3 1d"),
    ("64:128 k3 (2, 64, 9)", "64:128 @9 k3 1d n2"),
    ("64:128 k3 (2, 64, 9, 8, 7)", "64:128 @9x8x7 k3 n2"),
    ("Conv1d(3, 8, 3) (1, 3, 9) @9", "3:8 @9 k3 p0 bias 1d"),
    ("Conv2d(3, 8, 1) (1, 3, 1, 9)", "3:8 @1x9 k1 bias"),
]  # fmt: skip


@each(("line", "given", "out"), DOCUMENTED)
def test_a_line_of_the_documentation_gives_the_shape_printed_there(line: str, given: str, out: tuple[int, ...]) -> None:
    """On the input of the example, written beside it."""
    answer = convcost.layer(f"{line} {given}", verify=False).row.words
    assert answer is not None
    assert answer["output_shape"] == out


@each(("line", "tokens"), AROUND)
def test_what_stands_around_a_module_is_read_or_passed_over(line: str, tokens: str) -> None:
    assert parse_spec(line) == parse_spec(tokens)


@each(("line", "tokens"), SAYS)
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
