"""Printed models: counted where a print says the order of the layers, listed with their params where it does not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from cli.bounded import Runner, keeps_bounds
from hypothesis import given, settings
from hypothesis import strategies as st
from tables import each

import convcost
from convcost.analysis import analyze
from convcost.answers.network import answer_network
from convcost.networks import printed
from convcost.networks.printed import Printed, parse_printed, printed_network
from convcost.networks.printed_layers import (
    Misfit,
    Module,
    Unplaced,
    counted_layer,
    layer_params,
    layer_words,
    printed_arguments,
)
from convcost.spec import SpecError

#: PyTorch's own print of a small model, and its count: 1482 params, 278,848 MACs, at 3 x 32 x 32.
SEQUENTIAL = """Sequential(
  (0): Conv2d(3, 16, kernel_size=(3, 3), stride=(2, 2), padding=(1, 1), bias=False)
  (1): BatchNorm2d(16, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True)
  (2): ReLU(inplace=True)
  (3): Conv2d(16, 16, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1), groups=16, bias=False)
  (4): Conv2d(16, 32, kernel_size=(1, 1), stride=(1, 1))
  (5): AdaptiveAvgPool2d(output_size=1)
  (6): Flatten(start_dim=1, end_dim=-1)
  (7): Linear(in_features=32, out_features=10, bias=True)
)
"""

#: The same, its parts in other modules: the children of both classes are run in the order printed.
NESTED = """Net(
  (stem): ConvNormActivation(
    (0): Conv2d(3, 16, kernel_size=(3, 3), stride=(2, 2), padding=(1, 1), bias=False)
    (1): BatchNorm2d(16, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True)
    (2): ReLU(inplace=True)
  )
  (body): Sequential(
    (0): Sequential(
      (0): Conv2d(16, 16, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1), groups=16, bias=False)
      (1): Dropout(p=0.5, inplace=False)
    )
    (1): Conv2d(16, 32, kernel_size=(1, 1), stride=(1, 1))
  )
  (pool): AdaptiveAvgPool2d(output_size=(1, 1))
  (head): Linear(in_features=32, out_features=10, bias=True)
)
"""

#: A residual network's start: what a BasicBlock does with its children is in its code alone.
RESIDUAL = """ResNet(
  (conv1): Conv2d(3, 64, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1), bias=False)
  (layer1): Sequential(
    (0): BasicBlock(
      (conv1): Conv2d(64, 64, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1), bias=False)
      (bn1): BatchNorm2d(64, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True)
      (relu): ReLU(inplace=True)
      (conv2): Conv2d(64, 64, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1), bias=False)
    )
  )
  (fc): Linear(in_features=64, out_features=10, bias=True)
)
"""


def total_of(found: Printed) -> tuple[int, int]:
    analysis = analyze(found.network.graph, True, found.network.shapes)
    return analysis.cost.params, analysis.cost.macs


@pytest.fixture(scope="module")
def runner() -> Iterator[Runner]:
    found = Runner(before=["network lenet-5 --format csv --no-verify", "layer Conv2d(3,4,3) @9 --format json"])
    yield found
    found.close()


@each("text", [SEQUENTIAL, NESTED])
@each("size", ["@32", "@3x32x32", "@32x32 n1", "3 @32"])
def test_a_print_in_order_is_counted_in_full(text: str, size: str) -> None:
    found = printed_network(text, size)
    assert total_of(found) == (1482, 278_848)
    assert (found.network.shapes[-1], found.network.unknown) == ((1, 10), ())


def test_what_is_taken_for_granted_is_said() -> None:
    """Nothing of a Sequential is."""
    assert printed_network(SEQUENTIAL, "@32").notes == ()
    order, flatten, functions = printed_network(NESTED, "@32").notes
    assert "Net" in order
    assert "ConvNormActivation" not in order
    assert "flatten" in flatten
    assert "F.relu" in functions


def test_a_print_is_executed_and_rebuilt_smaller() -> None:
    from convcost.checks.networks import verify_network

    found = printed_network(SEQUENTIAL, "@32")
    assert verify_network(answer_network(found.network), found.rebuild).status == "verified"


def test_layers_of_unknown_order_have_their_params_alone() -> None:
    found = printed_network(RESIDUAL, "@32")
    answer = answer_network(found.network)
    assert answer.total["params"] == 3 * 64 * 9 + 2 * 64 * 64 * 9 + 128 + 650
    assert answer.total["macs"] == 3 * 64 * 9 * 32 * 32
    assert answer.total["output_shape"] is None
    by_name = {layer.name: layer.words for layer in answer.layers}
    assert list(by_name) == ["conv1", "layer1.0.conv1", "layer1.0.bn1", "layer1.0.conv2", "fc"]
    assert by_name["layer1.0.conv2"]["params"] == 36_864
    assert by_name["layer1.0.conv2"]["macs"] is None
    assert by_name["fc"]["output_shape"] is None
    (missing,) = found.network.unknown
    assert (missing.count, missing.first) == (4, "layer1.0")
    assert "BasicBlock" in missing.reason
    assert "ONNX" in missing.reason


def test_a_script_reads_a_file_with_a_print(tmp_path: Path) -> None:
    """What is taken for granted is a warning, what is not known is in the answer."""
    path = tmp_path / "print.txt"
    path.write_text(RESIDUAL)
    with pytest.warns(UserWarning, match="in the order printed"):
        answer = convcost.network(str(path), "@32")
    assert (answer.total["params"], [missing.count for missing in answer.network.unknown]) == (76_234, [4])
    assert "partial" in str(answer)
    path.write_text(SEQUENTIAL)
    assert convcost.network(str(path), "@3x20x24").verified.status == "verified"


def test_a_partial_print_is_said_to_be_one_everywhere(runner: Runner) -> None:
    command, text = ["network", "-", "@32"], RESIDUAL.encode()
    ran = runner([*command, "--format", "json"], text)
    found = json.loads(ran.out)
    assert (ran.code, found["status"], found["unknown"][0]["count"]) == (0, "partial", 4)
    assert [layer["macs"] for layer in found["layers"]][1:] == [None] * 4
    assert "partial: printed model" in ran.err
    assert runner([*command, "--strict", "--no-verify"], text).code == 1
    table = runner([*command, "--no-verify"], text).out
    assert "partial" in table
    assert "–" in table


MISFIT = SEQUENTIAL.replace("Conv2d(16, 32", "Conv2d(24, 32")


def test_layers_that_do_not_fit_are_an_error_in_a_sequential_and_unknown_order_elsewhere() -> None:
    with pytest.raises(SpecError, match="takes 24 channels, and gets 16x16x16"):
        printed_network(MISFIT, "@32")
    found = printed_network(MISFIT.replace("Sequential", "Net").replace("(4):", "(conv):"), "@32")
    assert [node.op.kind for node in found.network.graph.nodes] == ["unplaced"] * 5
    assert found.network.unknown[0].first == "conv"


def test_children_in_a_list_have_no_order() -> None:
    text = "Net(\n  (a): ModuleList(\n    (0-2): 3 x Linear(in_features=4, out_features=4, bias=False)\n  )\n)"
    found = printed_network(text, "@4")
    assert [node.name for node in found.network.graph.nodes] == ["a.0", "a.1", "a.2"]
    assert total_of(found) == (48, 0)
    assert "ModuleList" in found.network.unknown[0].reason


LAYERS = [
    # as PyTorch prints it, on 4 x 12 x 10: params, shape of the output; counted by PyTorch
    ("ConvTranspose2d(4, 6, kernel_size=(3, 3), stride=(2, 2))", 222, (1, 6, 25, 21)),
    ("MaxPool2d(kernel_size=3, stride=2, padding=1, dilation=1, ceil_mode=False)", 0, (1, 4, 6, 5)),
    ("MaxPool2d(kernel_size=(3, 2), stride=(2, 2), padding=0, dilation=1, ceil_mode=True)", 0, (1, 4, 6, 5)),
    ("AvgPool2d(kernel_size=2, stride=2, padding=0)", 0, (1, 4, 6, 5)),
    ("AdaptiveAvgPool2d((3, None))", 0, (1, 4, 3, 10)),
    ("AdaptiveAvgPool2d(output_size=(3, None))", 0, (1, 4, 3, 10)),
    ("BatchNorm2d(4, eps=1e-05, momentum=0.1, affine=False, track_running_stats=True)", 0, (1, 4, 12, 10)),
    ("MaxPool2d(kernel_size=3, stride=1, padding=0, dilation=2, ceil_mode=False)", 0, (1, 4, 8, 6)),
    ("GroupNorm(2, 4, eps=1e-05, affine=True)", 8, (1, 4, 12, 10)),
    ("InstanceNorm2d(4, eps=1e-05, momentum=0.1, affine=True, track_running_stats=False)", 8, (1, 4, 12, 10)),
    ("PReLU(num_parameters=4)", 4, (1, 4, 12, 10)),
    ("PReLU(num_parameters=1)", 1, (1, 4, 12, 10)),
    ("PixelShuffle(upscale_factor=2)", 0, (1, 1, 24, 20)),
    ("Upsample(scale_factor=2.0, mode='bilinear')", 0, (1, 4, 24, 20)),
    ("Upsample(scale_factor=(3.0, 2.0), mode=nearest)", 0, (1, 4, 36, 20)),
    ("ZeroPad2d((1, 2, 3, 4))", 0, (1, 4, 19, 13)),
    ("ReflectionPad2d(padding=(1, 1, 0, 0))", 0, (1, 4, 12, 12)),
    ("Softmax(dim=1)", 0, (1, 4, 12, 10)),
    ("Hardswish()", 0, (1, 4, 12, 10)),
    ("GELU(approximate='none')", 0, (1, 4, 12, 10)),
    ("Identity()", 0, (1, 4, 12, 10)),
]


@each(("line", "params", "shape"), LAYERS)
def test_layers_are_what_pytorch_says(line: str, params: int, shape: tuple[int, ...]) -> None:
    found = printed_network(f"Sequential(\n  (0): {line}\n  (1): ReLU()\n)", "@4x12x10")
    assert total_of(found)[0] == params
    assert (found.network.shapes[-1], found.network.unknown) == (shape, ())


#: Layers that torch has many of, and params of theirs, as torch counts them.
LEARNED = [
    ("Embedding(10, 4)", 40),
    ("LayerNorm((3, 5), eps=1e-05, elementwise_affine=True)", 30),
    ("LayerNorm((7,), eps=1e-05, elementwise_affine=True, bias=False)", 7),
    ("GroupNorm(2, 6, eps=1e-05, affine=True)", 12),
    ("InstanceNorm2d(6, eps=1e-05, momentum=0.1, affine=False, track_running_stats=False)", 0),
    ("PReLU(num_parameters=5)", 5),
    ("Conv3d(2, 4, kernel_size=(3, 1, 1), stride=(1, 1, 1), groups=2)", 16),
    ("Sequential()", 0),
    ("Bilinear(in1_features=2, in2_features=3, out_features=4, bias=True)", None),
]


@each(("line", "params"), LEARNED)
def test_params_are_known_wherever_a_layer_stands(line: str, params: int | None) -> None:
    text = f"Net(\n  (a): ModuleList(\n    (0): ReLU()\n  )\n  (b): {line}\n  (c): Linear(1, 1, bias=False)\n)"
    found = printed_network(text, "@4")
    assert total_of(found)[0] == (params or 0) + 1
    assert len(found.network.unknown) == 1 + (params is None)


def test_a_container_of_nothing_does_nothing() -> None:
    """Torchvision's ShuffleNet has one as the branch that passes its input on."""
    text = "Sequential(\n  (0): Sequential()\n  (1): Linear(in_features=4, out_features=2, bias=True)\n)"
    found = printed_network(text, "@4").network
    assert [(node.name, type(node.op).__name__) for node in found.graph.nodes] == [("1", "Linear")]
    assert (found.unknown, found.params_complete) == ((), True)


def test_attention_hides_params_in_a_print() -> None:
    text = (
        "Net(\n  (a): MultiheadAttention(\n"
        "    (out_proj): NonDynamicallyQuantizableLinear(in_features=8, out_features=8, bias=True)\n  )\n)"
    )
    found = printed_network(text, "@8").network
    assert [(missing.op, missing.count) for missing in found.unknown] == [("MultiheadAttention", 1)]
    assert "what MultiheadAttention does is not known here; params of it are not" in found.unknown[0].reason


@pytest.mark.parametrize("tokens", ["@8", "@10x8"])
def test_what_a_module_hides_is_one_thing_whether_the_rest_fits_or_not(tokens: str) -> None:
    """The layers that have no place are others, and are counted once; the way out has the input that was said."""
    text = (
        "Net(\n  (embed): Linear(in_features=8, out_features=8, bias=True)\n  (attn): MultiheadAttention(\n"
        "    (out_proj): NonDynamicallyQuantizableLinear(in_features=8, out_features=8, bias=True)\n  )\n"
        "  (head): Linear(in_features=8, out_features=2, bias=True)\n)"
    )
    unknown = printed_network(text, tokens).network.unknown
    layers = {"@8": ("layer", 1, "head"), "@10x8": ("layer", 2, "embed")}[tokens]
    assert [(missing.op, missing.count, missing.first) for missing in unknown] == [
        layers, ("MultiheadAttention", 1, "attn"),
    ]  # fmt: skip
    assert all(f"my_model.py:Net {tokens})" in missing.reason for missing in unknown)


ANNOTATED = (
    "Net(\n  (0): Conv2dStaticSamePadding(\n    3, 32, kernel_size=(3, 3), stride=(2, 2), bias=False\n"
    "    (static_padding): ZeroPad2d((0, 1, 0, 1))\n  )\n)"
)


def test_a_convolution_with_its_padding_inside_is_one() -> None:
    found = printed_network(ANNOTATED, "@224")
    assert (total_of(found), found.network.shapes[-1]) == ((864, 10_838_016), (1, 32, 112, 112))


def test_params_that_are_not_printed_are_named() -> None:
    text = "Net(\n  (a): Linear(in_features=4, out_features=4, bias=True)\n  (gate): Gate()\n  (b): ReLU()\n)"
    unknown = printed_network(text, "@4").network.unknown
    assert [(missing.op, missing.first) for missing in unknown] == [("Gate", "gate")]
    assert "not counted" in unknown[0].reason


@each(
    ("text", "tokens", "message"),
    [
        (SEQUENTIAL, "", "size of its input is not known"),
        (SEQUENTIAL, "@4x5x6x7", "takes an input of CxHxW"),
        (SEQUENTIAL, "@1x32x32", "takes 3 channels, and gets 1x32x32"),
        (SEQUENTIAL[:-3], "@32", "a .* is missing"),
        (SEQUENTIAL + SEQUENTIAL, "@32", "2 models"),
        ("Net(\n  (a): 100001 x ReLU()\n)", "@32", "more than"),
        ("Net(\n  (a): Net(\n" * 80, "@32", "nested too deeply"),
    ],
)
def test_a_print_that_cannot_be_read_is_said_to_be_so(text: str, tokens: str, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        printed_network(text, tokens)


def test_repeated_children_are_written_out() -> None:
    (inner,) = parse_printed("A(\n  (b): B(\n    (3-4): 2 x C(\n      (d): D(1)\n    )\n  )\n)").children
    assert [(child.name, child.children[0].arguments) for child in inner.children] == [("3", "1"), ("4", "1")]


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_damage_to_a_print_does_harm(data: Any) -> None:
    """A SpecError or an answer, whatever is lost or doubled."""
    lines = data.draw(st.sampled_from([SEQUENTIAL, NESTED, RESIDUAL])).splitlines()
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(lines) - 1))
        cut = data.draw(st.integers(0, 60))
        lines[at : at + 1] = data.draw(st.sampled_from([[], [lines[at]] * 2, [lines[at][:cut]], [lines[at][cut:]]]))
        lines = lines or ["("]
    tokens = data.draw(st.sampled_from(["@32", "@3x32x32", "@5", "n2", "@0"]))
    with suppress(SpecError):
        answer_network(printed_network("\n".join(lines), tokens).network)


LAYER = "  (a): Conv2d(4, 4, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1))\n"

#: Up to 64 KiB that ask for as much as can be asked for.
HOSTILE = {
    "many layers": "Sequential(\n" + LAYER.replace("(a)", "(0)") * 900 + ")",
    "many short layers": "Sequential(\n" + "  (0): ReLU()\n" * 4400 + ")",
    "copies": "Net(\n  (0-99999): 100000 x B(\n" + "  (0): ReLU()\n" * 9 + "  )\n)",
    "copies of copies": "Net(\n" + "  (0-66): 67 x B(\n" * 5 + LAYER + "  )\n" * 5 + ")",
    "as many copies as there may be": "Net(\n  (0-1499): 1500 x B(\n" + LAYER * 2 + "  )\n)",
    "never closed": "Net(\n" + "  (a): Net(\n" * 5000,
    "as deep as there may be": "Net(\n" + "  (a): Net(\n" * 58 + LAYER + "  )\n" * 58 + ")",
    "arguments without end": "Net(\n  (a): Linear(" + "(" * 30_000 + ")" * 30_000 + ")\n)",
    "one long line": "Net(\n  (a): Conv2d(" + "4, " * 20_000 + ")\n)",
    "spaces": "Net(\n" + " " * 60_000 + "(a): ReLU()\n)",
    "sizes of 18 digits": "Net(\n  (a): Linear(" + "9" * 18 + ", " + "9" * 18 + ")\n)",
    "words between": "Net(\n  (a): B(\n" + "x\n" * 30_000 + LAYER + "  )\n)",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("size", ["@8", "@4x" + "9" * 17 + "x5"])
def test_what_asks_for_much_is_answered_soon(runner: Runner, text: str, size: str) -> None:
    """Within a second and 200 MB, without a traceback."""
    assert keeps_bounds(runner, ["network", "-", size, "--no-verify", "-f", "csv"], text.encode())


#: As PyTorch prints them, on 4 x 12 x 10: params, multiply-adds, other operations and the shape that comes out. A norm
#: is 5 a number, one that is fixed 2; bilinear 4 neighbours an output, bicubic 16; a pooling its windows.
COUNTED = [
    ("LayerNorm((12, 10), eps=1e-05, elementwise_affine=True)", 240, 0, 2400, (1, 4, 12, 10)),
    ("LayerNorm((10,), eps=1e-05, elementwise_affine=False)", 0, 0, 2400, (1, 4, 12, 10)),
    ("LayerNorm((10,), eps=1e-05, elementwise_affine=True, bias=False)", 10, 0, 2400, (1, 4, 12, 10)),
    ("LayerNorm((4, 12, 10), eps=1e-05, elementwise_affine=True)", 960, 0, 2400, (1, 4, 12, 10)),
    ("LayerNorm2d((4,), eps=1e-06, elementwise_affine=True)", 8, 0, 2400, (1, 4, 12, 10)),
    ("Upsample(size=(7, 5), mode='nearest')", 0, 0, 0, (1, 4, 7, 5)),
    ("Upsample(size=(24, 20), mode='bilinear')", 0, 0, 7680, (1, 4, 24, 20)),
    ("Upsample(size=20, mode='nearest')", 0, 0, 0, (1, 4, 20, 20)),
    ("Upsample(scale_factor=2.0, mode='bicubic')", 0, 0, 30720, (1, 4, 24, 20)),
    ("Upsample(scale_factor=(1.5, 2.0), mode='bicubic')", 0, 0, 23040, (1, 4, 18, 20)),
    ("Upsample(scale_factor=1.5)", 0, 0, 0, (1, 4, 18, 15)),
    ("Upsample(scale_factor=(1.5, 2.0), mode=bilinear)", 0, 0, 5760, (1, 4, 18, 20)),
    ("UpsamplingBilinear2d(size=(3, 2), mode='bilinear')", 0, 0, 96, (1, 4, 3, 2)),
    ("Softmax(dim=2)", 0, 0, 2400, (1, 4, 12, 10)),
    ("Softmax(dim=-1)", 0, 0, 2400, (1, 4, 12, 10)),
    ("Softmax(dim=-3)", 0, 0, 2400, (1, 4, 12, 10)),
    ("PReLU(num_parameters=1)", 1, 0, 480, (1, 4, 12, 10)),
    ("PReLU(num_parameters=4)", 4, 0, 480, (1, 4, 12, 10)),
    ("BatchNorm2d(4, eps=1e-05, momentum=0.1, affine=False, track_running_stats=True)", 0, 0, 960, (1, 4, 12, 10)),
    ("BatchNorm2d(4, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True)", 8, 0, 960, (1, 4, 12, 10)),
    ("InstanceNorm2d(4, eps=1e-05, momentum=0.1, affine=False, track_running_stats=False)", 0, 0, 2400, (1, 4, 12, 10)),
    ("InstanceNorm2d(4, eps=1e-05, momentum=0.1, affine=True, track_running_stats=False)", 8, 0, 2400, (1, 4, 12, 10)),
    ("GroupNorm(2, 4, eps=1e-05, affine=False)", 0, 0, 2400, (1, 4, 12, 10)),
    ("AvgPool2d(kernel_size=3, stride=3, padding=1)", 0, 0, 576, (1, 4, 4, 4)),
    ("MaxPool2d(kernel_size=(3, 2), stride=(2, 2), padding=0, dilation=1, ceil_mode=True)", 0, 0, 720, (1, 4, 6, 5)),
    ("AdaptiveAvgPool2d(output_size=1)", 0, 0, 480, (1, 4, 1, 1)),
    ("AdaptiveAvgPool2d((3, None))", 0, 0, 480, (1, 4, 3, 10)),
    ("Flatten(start_dim=1, end_dim=-1)", 0, 0, 0, (1, 480)),
    (
        "ConvTranspose2d(4, 6, kernel_size=(3, 3), stride=(2, 2), output_padding=(1, 1), bias=False)",
        216,
        25920,
        0,
        (1, 6, 26, 22),
    ),
    ("Conv2d(4, 8, kernel_size=(3, 3), stride=(1, 1), padding=same, groups=2)", 152, 17280, 960, (1, 8, 12, 10)),
    ("Conv2d(4, 8, kernel_size=(3, 5), stride=(2, 1), padding=(1, 2), dilation=(1, 2))", 488, 17280, 288, (1, 8, 6, 6)),
    ("ZeroPad2d((1, 2, 3, 4))", 0, 0, 0, (1, 4, 19, 13)),
    ("SiLU(inplace=True)", 0, 0, 480, (1, 4, 12, 10)),
]


@each(("line", "params", "macs", "elementwise", "shape"), COUNTED, ids=[row[0] for row in COUNTED])
def test_a_printed_layer_costs_what_it_was_counted_to(
    line: str, params: int, macs: int, elementwise: int, shape: tuple[int, ...]
) -> None:
    found = printed_network(f"Sequential(\n  (0): {line}\n  (1): Identity()\n)", "@4x12x10")
    cost = analyze(found.network.graph, True, found.network.shapes).cost
    assert (cost.params, cost.macs, cost.elementwise) == (params, macs, elementwise)
    assert (found.network.shapes[-1], found.network.unknown) == (shape, ())


@each(
    ("line", "message"),
    [
        ("LayerNorm((12, 9), eps=1e-05, elementwise_affine=True)", "it takes 12x9 at the end, and gets 4x12x10"),
        ("Linear(in_features=10, out_features=6, bias=True)", "it takes 10 numbers, and gets 4x12x10"),
        ("BatchNorm2d(6, eps=1e-05, momentum=0.1, affine=True)", "it takes 6 channels, and gets 4x12x10"),
        ("BatchNorm2d(6, eps=1e-05, momentum=0.1, affine=False)", "it takes 6 channels, and gets 4x12x10"),
        ("GroupNorm(2, 6, eps=1e-05, affine=True)", "it takes 6 channels, and gets 4x12x10"),
        ("GroupNorm(2, 6, eps=1e-05, affine=False)", "it takes 6 channels, and gets 4x12x10"),
        ("InstanceNorm2d(6, eps=1e-05, momentum=0.1, affine=True)", "it takes 6 channels, and gets 4x12x10"),
        ("LayerNorm2d((6,), eps=1e-06, elementwise_affine=True)", "it takes 6 channels, and gets 4x12x10"),
        ("Conv2d(6, 8, kernel_size=(1, 1), stride=(1, 1))", "takes 6 channels, and gets 4x12x10"),
    ],
)
def test_a_printed_layer_that_does_not_fit_says_what_it_gets(line: str, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        printed_network(f"Sequential(\n  (0): {line}\n  (1): ReLU()\n)", "@4x12x10")


@each(
    ("line", "named", "params"),
    [
        ("MaxPool2d(3)", "MaxPool2d(kernel_size=3, stride=3, padding=0, dilation=1, ceil_mode=False)", 0),
        ("MaxPool2d(3, None)", "MaxPool2d(kernel_size=3, stride=3)", 0),
        ("MaxPool2d(3, 2, 1, 2, False, True)",
         "MaxPool2d(kernel_size=3, stride=2, padding=1, dilation=2, ceil_mode=True)", 0),
        ("MaxPool2d(3, 2, 1, 1, True, False)", "MaxPool2d(kernel_size=3, stride=2, padding=1)", 0),
        ("AvgPool2d(3, 2, 1, True)", "AvgPool2d(kernel_size=3, stride=2, padding=1, ceil_mode=True)", 0),
        ("BatchNorm2d(4, 1e-05, 0.1, False)", "BatchNorm2d(num_features=4, affine=False)", 0),
        ("BatchNorm2d(4)", "BatchNorm2d(num_features=4, affine=True)", 8),
        ("InstanceNorm2d(4, 1e-05, 0.1, True)", "InstanceNorm2d(num_features=4, affine=True)", 8),
        ("GroupNorm(2, 4, 1e-05, False)", "GroupNorm(num_groups=2, num_channels=4, affine=False)", 0),
        ("GroupNorm(2, 4)", "GroupNorm(num_groups=2, num_channels=4, affine=True)", 8),
        ("LayerNorm(10, 1e-05, False)", "LayerNorm(normalized_shape=(10,), elementwise_affine=False)", 0),
        ("LayerNorm((10,), 1e-05, True, False)", "LayerNorm(normalized_shape=10, bias=False)", 10),
        ("LayerNorm((12, 10))", "LayerNorm(normalized_shape=(12, 10), elementwise_affine=True, bias=True)", 240),
        ("Flatten(1, 3)", "Flatten(start_dim=1, end_dim=3)", 0),
        ("Softmax(1)", "Softmax(dim=1)", 0),
        ("PixelShuffle(2)", "PixelShuffle(upscale_factor=2)", 0),
        ("Upsample(None, 2.0, 'bilinear')", "Upsample(scale_factor=2, mode='bilinear')", 0),
        ("Upsample((7, 5), None, 'bicubic')", "Upsample(size=(7, 5), mode='bicubic')", 0),
        ("ZeroPad2d(2)", "ZeroPad2d(padding=(2, 2, 2, 2))", 0),
        ("PReLU(4)", "PReLU(num_parameters=4)", 4),
        ("AdaptiveMaxPool2d(3)", "AdaptiveMaxPool2d(output_size=(3, 3))", 0),
    ],
)  # fmt: skip
def test_an_argument_is_told_by_its_place_or_its_name(line: str, named: str, params: int) -> None:
    """As PyTorch's constructors have them, whatever a print shows of them; a layer without a place has its params."""
    first, second = [printed_network(f"Sequential(\n  (0): {one}\n  (1): ReLU()\n)", "@4x12x10").network
                     for one in (line, named)]  # fmt: skip
    assert (first.graph, first.shapes, first.unknown) == (second.graph, second.shapes, ())
    for one in (line, named):
        kind, _, rest = one.partition("(")
        assert layer_params(Module("0", kind, rest[:-1], (), one)) == params


@each(
    ("line", "params"),
    [
        ("Linear(6, 5, False)", 30), ("Linear(out_features=5, in_features=6)", 35), ("RMSNorm(4)", 4),
        ("RMSNorm(normalized_shape=(4, 3), eps=None, elementwise_affine=False)", 0), ("RMSNorm(4, None, False)", 0),
        ("Embedding(num_embeddings=10, embedding_dim=4)", 40), ("SyncBatchNorm(5, affine=True)", 10),
        ("BatchNorm1d(5, 1e-05, 0.1, False)", 0), ("Conv2d(4, 8, kernel_size=(3, 3), stride=(1, 1))", 296),
        ("Conv2d(4, 8, kernel_size=(3, 2), stride=(1, 1), groups=2, bias=False)", 96), ("LayerNorm2d((7,))", 14),
        ("NonDynamicallyQuantizableLinear(3, 2)", 8), ("LSTM(3, 4)", None), ("Linear(x, 4)", None),
    ],
)  # fmt: skip
def test_params_of_a_layer_without_a_place(line: str, params: int | None) -> None:
    kind, _, rest = line.partition("(")
    assert layer_params(Module("0", kind, rest[:-1], (), line)) == params


def test_cubes_have_eight_neighbours_where_they_are_blended() -> None:
    found = printed_network(
        "Sequential(\n  (0): Upsample(size=(4, 6, 8), mode='trilinear')\n  (1): ReLU()\n)", "@2x2x3x4"
    )
    (op, _) = [node.op for node in found.network.graph.nodes]
    assert (op.output_shape, op.elementwise) == ((1, 2, 4, 6, 8), 8 * 2 * 4 * 6 * 8)


def test_as_many_modules_as_there_may_be_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Copies with all that is in them, children of one module, operations; and sixty of them within one another."""

    def nested(depth: int) -> str:
        return "Net(\n" + "(a): Net(\n" * (depth - 1) + "(0): ReLU()\n" + ")\n" * depth

    def copies(times: int) -> str:
        return f"Net(\n (0-{times - 1}): {times} x B(\n (0): ReLU()\n (1): ReLU()\n)\n)"

    assert len(list(parse_printed(nested(60)).all())) == 61
    with pytest.raises(SpecError, match="nested too deeply"):
        parse_printed(nested(61))
    monkeypatch.setattr(printed, "MOST_OPERATIONS", 6)
    assert len(parse_printed(copies(2)).children) == 2
    with pytest.raises(SpecError, match="more than 6 modules"):
        parse_printed(copies(3))
    relus = ["Sequential(\n" + f" (0): {layer}\n" * times + ")" for layer, times in
             (("ReLU()", 6), ("ReLU()", 7), ("ReLU()", 8), ("Identity()", 7))]  # fmt: skip
    assert len(printed_network(relus[0], "@3x4x5").network.graph.nodes) == 6
    with pytest.raises(SpecError, match="more than 6 operations"):
        printed_network(relus[1], "@3x4x5")
    with pytest.raises(SpecError, match="more than 6 modules"):
        printed_network(relus[2], "@3x4x5")
    assert len(parse_printed(relus[3]).children) == 7


@each(
    ("name", "children"),
    [
        ("3-4", ["3", "4"]), ("123456-123457", ["123456", "123457"]), ("b", ["b.0", "b.1"]),
        ("1234567-8", ["1234567-8.0", "1234567-8.1"]),
    ],
)  # fmt: skip
def test_copies_are_numbered_from_the_first_on(name: str, children: list[str]) -> None:
    assert [child.name for child in parse_printed(f"Net(\n  ({name}): 2 x ReLU()\n)").children] == children


def test_the_way_out_has_the_input_that_was_said() -> None:
    for tokens, said in (("@32 n2", "@3x32x32 n2"), ("@3x32x24", "@3x32x24")):
        assert f"my_model.py:Net {said})" in printed_network(RESIDUAL, tokens).network.unknown[0].reason


def test_what_is_inside_of_a_module_is_told_by_its_path() -> None:
    assert printed._is_within("a.b.c", {"a.b"})
    assert printed._is_within("a.b", {"a.b"})
    assert printed._is_within("a", {""})
    assert not printed._is_within("a.bc", {"a.b"})
    assert not printed._is_within("a", {"a.b"})


@each(
    ("line", "shape", "words"),
    [
        ("Flatten(1, 2)", (1, 4, 12, 10), None), ("Flatten(2)", (1, 4, 12, 10), None), ("Flatten(0)", (1, 4), None),
        ("Flatten(1, 1)", (1, 4), ("flatten",)), ("RMSNorm(4, None, False)", (1, 4), None),
        ("RMSNorm(4)", (1, 4), ("rms-norm",)), ("LayerNorm(4)", (1, 4), ("layer-norm",)),
        ("LayerNorm2d(4)", (1, 4, 3, 3), ("layer-norm",)), ("RMSNorm(3)", (1, 4, 3), None),
        ("Softmax(dim=2)", (1, 4, 3), None), ("Softmax(dim=-2)", (1, 4, 3), ("softmax",)),
        ("GroupNorm(2, 4, 1e-05, False)", (1, 4, 3), None), ("LayerNorm(4, 1e-05, True, False)", (1, 4), None),
        ("GroupNorm(2, 4)", (1, 4, 3), ("group-norm", "2")), ("PReLU(4)", (1, 4), ("prelu",)),
        ("PReLU(num_parameters=3)", (1, 4), None), ("Bilinear(2, 3, 4)", (1, 4), None),
        ("AdaptiveMaxPool1d(3)", (1, 4, 9), ("adaptive-max-pool", "3")),
        ("MaxPool2d(2, dilation=(1, 1))", (1, 4, 9, 9), ("max-pool", "k2", "s2", "p0")),
        ("MaxPool2d(2, dilation=(1, 2))", (1, 4, 9, 9), ("max-pool", "k2", "s2", "p0", "d1x2")),
        ("MaxPool2d(2, dilation=(2, 2))", (1, 4, 9, 9), ("max-pool", "k2", "s2", "p0", "d2x2")),
        ("MaxPool2d(2, dilation=1)", (1, 4, 9, 9), ("max-pool", "k2", "s2", "p0")),
        ("AdaptiveAvgPool2d((None, 2))", (1, 4, 9, 8), ("adaptive-average-pool", "9x2")),
        ("Flatten()", (1, 4, 3), ("flatten",)), ("PReLU()", (1, 1, 3), ("prelu",)), ("PReLU()", (1, 4, 3), None),
        ("Linear(4, 2, False)", (1, 4), ("linear", "2")), ("Linear(4, 2)", (1, 4), ("linear", "2", "bias")),
        ("ZeroPad2d(1)", (1, 4, 9, 9), ("pad", "p1-1x1-1")), ("ZeroPad1d((1, 2))", (1, 4, 9), ("pad", "p1-2")),
        ("ReflectionPad3d((1, 2, 3, 4, 5, 6))", (1, 4, 9, 9, 9), ("pad", "p5-6x3-4x1-2", "mode=reflect")),
    ],
)  # fmt: skip
def test_a_layer_has_words_where_a_network_file_has_them(
    line: str, shape: tuple[int, ...], words: tuple[str, ...] | None
) -> None:
    kind, _, rest = line.partition("(")
    if words:
        assert layer_words(kind, printed_arguments(rest[:-1]), shape) == words
    else:
        with pytest.raises(Unplaced, match=f"what {kind} does is not known here"):
            layer_words(kind, printed_arguments(rest[:-1]), shape)


@each("text", ["1) + f(2", "1, x.y", "lambda: 1", "(1, 2", "'" + "x" * 1999 + "'"])
def test_arguments_that_are_no_literals_cannot_be_read(text: str) -> None:
    with pytest.raises(Unplaced, match="its arguments cannot be read"):
        printed_arguments(text)


def test_arguments_of_two_thousand_characters_can_be_read() -> None:
    assert printed_arguments("'" + "x" * 1998 + "'").given == ("x" * 1998,)


@each("line", ["BatchNorm2d(6)", "GroupNorm(2, 6)", "InstanceNorm2d(6)", "LayerNorm2d((6,))"])
def test_a_norm_of_other_channels_has_no_words_there(line: str) -> None:
    kind, _, rest = line.partition("(")
    with pytest.raises(Misfit, match="it takes 6 channels, and gets 4x3x3"):
        layer_words(kind, printed_arguments(rest[:-1]), (1, 4, 3, 3))


@each(
    ("line", "kind", "shape"),
    [
        ("LayerNorm((3,), elementwise_affine=False)", "plain-norm", (1, 4, 3)),
        ("LayerNorm((3,))", "layer-norm", (1, 4, 3)),
        ("LayerNorm(4)", None, (1, 4)), ("LayerNorm(4, bias=False)", "layer-norm", (1, 4)),
        ("GroupNorm(2, 4, affine=False)", "plain-norm", (1, 4, 3)), ("GroupNorm(2, 4)", None, (1, 4, 3)),
        ("BatchNorm1d(4, affine=False)", "plain-batch-norm", (1, 4, 3)), ("BatchNorm1d(4)", None, (1, 4, 3)),
        ("PReLU()", "prelu", (1, 4, 3)), ("PReLU()", None, (1, 1, 3)), ("PReLU(4)", None, (1, 4, 3)),
        ("Softmax(dim=0)", "softmax", (1, 4, 3)), ("Softmax(dim=-2)", None, (1, 4, 3)),
        ("Upsample(size=3)", "upsample-nearest", (1, 4, 3)),
        ("Upsample(size=6, mode=linear)", "upsample-bilinear", (1, 4, 3)),
        ("Upsample(scale_factor=2)", None, (1, 4, 3)), ("ReLU()", None, (1, 4, 3)),
    ],
)  # fmt: skip
def test_a_layer_without_a_word_is_counted_by_its_definition(
    line: str, kind: str | None, shape: tuple[int, ...]
) -> None:
    name, _, rest = line.partition("(")
    found = counted_layer(name, printed_arguments(rest[:-1]), shape)
    assert (found and found.kind) == kind


@pytest.mark.parametrize("layers", [1, 2])
def test_a_class_with_one_layer_that_has_weights_is_taken_in_the_order_printed(layers: int) -> None:
    """One with more of them may add, branch or repeat."""
    conv = "    (conv{}): Conv2d(3, 3, kernel_size=(1, 1), stride=(1, 1))\n"
    inside = "".join(map(conv.format, range(layers)))
    found = printed_network(f"Net(\n  (a): Block(\n{inside}    (act): ReLU()\n  )\n)", "@8")
    assert [missing.first for missing in found.network.unknown] == ["a"] * (layers - 1)
    assert ("Block" in found.notes[0]) == (layers == 1)


@pytest.mark.parametrize(
    ("first", "size"), [("Linear(in_features=8, out_features=4, bias=True)", "8"),
                        ("Conv1d(2, 4, kernel_size=(3,), stride=(1,))", "2x224"),
                        ("Conv2d(5, 4, kernel_size=(3, 3), stride=(1, 1))", "5x224x224")],
)  # fmt: skip
def test_a_size_that_is_missing_is_proposed_for_the_first_layer_and_works(first: str, size: str) -> None:
    text = f"Sequential(\n  (0): {first}\n  (1): ReLU()\n)\n"
    with pytest.raises(SpecError, match="the size of its input is not known") as caught:
        printed_network(text, "")
    assert caught.value.hint == f"add it, such as @{size}"
    shape = printed_network(text, f"@{size}").network.graph.input_shape
    assert shape == (1, *map(int, size.split("x")))
