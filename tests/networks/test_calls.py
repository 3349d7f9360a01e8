"""Lines of frameworks in a network file: each is the line of ours that it means."""

from __future__ import annotations

import pytest
from tables import each

from convcost.networks.build import Network, build_network
from convcost.networks.errors import NetworkError
from convcost.networks.program import read_program

HEAD = "input 16 @12x10 n2\n"


def built(*lines: str) -> Network:
    return build_network(read_program(HEAD + "\n".join(lines), "net.txt"))


@each(
    ("call", "ours"),
    [
        ("Conv2d(16, 32, kernel_size=(3, 3), stride=(2, 2), padding=(1, 1), bias=False)", "standard 32 k3 s2"),
        ("nn.Conv2d(16, 4 * 8, 3)", "standard 32 k3 p0 bias"),
        ("Conv2d(16, 32, 3, padding='same', groups=4)", "grouped 32 k3 g4 bias"),
        ("ConvTranspose2d(16, 8, 2, stride=2)", "standard 8 k2 s2 t bias"),
        ("layers.Conv2D(32, 3, padding='same', activation='relu')", "standard 32 k3 psame-upper bias relu"),
        ("DepthwiseConv2D(3, use_bias=False)", "depthwise k3 p0"),
        ("nn.Conv(features=8, kernel_size=(3, 3))", "standard 8 k3 psame-upper bias"),
        ("MaxPool2d(kernel_size=3, stride=2, padding=1, dilation=1, ceil_mode=False)", "max-pool k3 s2 p1"),
        ("MaxPool2d(2)", "max-pool k2"),
        ("nn.MaxPool2d((3, 2), (1, 2), dilation=2, ceil_mode=True)", "max-pool k3x2 s1x2 d2 ceil"),
        ("AvgPool2d(kernel_size=2, stride=2, padding=0)", "avg-pool k2"),
        ("AdaptiveAvgPool2d(output_size=(1, 1))", "global-average-pool"),
        ("AdaptiveMaxPool2d((3, 5))", "adaptive-max-pool 3x5"),
        ("BatchNorm2d(16, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True)", "batch-norm"),
        ("GroupNorm(4, 16, eps=1e-05, affine=True)", "group-norm 4"),
        ("InstanceNorm2d(16)", "instance-norm"),
        ("InstanceNorm2d(16, affine=True)", "instance-norm affine"),
        ("LayerNorm((16,), eps=1e-06, elementwise_affine=True)", "layer-norm"),
        ("RMSNorm(16)", "rms-norm"),
        ("PReLU(num_parameters=16)", "prelu"),
        ("PReLU(16, 0.1)", "prelu"),
        ("ReLU(inplace=True)", "relu"),
        ("torch.nn.ReLU6()", "relu6"),
        ("LeakyReLU(negative_slope=0.01)", "leaky-relu"),
        ("GELU(approximate='none')", "gelu"),
        ("SiLU()", "silu"),
        ("Softmax(dim=1)", "softmax"),
        ("Softmax(dim=-3)", "softmax"),
        ("Flatten(1, 3)", "flatten"),
        ("Linear(16, 10, bias=None)", "linear 10 each"),
        ("Upsample(scale_factor=2.0, mode='nearest')", "upsample 2"),
        ("Upsample(scale_factor=(2, 3), mode='bilinear')", "upsample 2x3 bilinear"),
        ("PixelShuffle(upscale_factor=2)", "pixel-shuffle 2"),
        ("ZeroPad2d((1, 0, 2, 3))", "pad p2-3x1-0"),
        ("ReflectionPad2d(2)", "pad p2 mode=reflect"),
        ("Flatten(start_dim=1, end_dim=-1)", "flatten"),
        ("Linear(in_features=16, out_features=10, bias=False)", "linear 10 each"),
        ("Linear(16, 10)", "linear 10 each bias"),
        ("ZeroPad2d(0)", "pad p0"),
        ("InstanceNorm2d(16, affine=False)", "instance-norm"),
        ("LayerNorm([16])", "layer-norm"),
        ("Upsample(scale_factor=2, mode='bilinear', align_corners=False)", "upsample 2 bilinear"),
        ("Upsample(None, 3)", "upsample 3"),
        ("MaxPool2d(3, None, 1)", "max-pool k3 p1"),
        ("MaxPool2d(3, 1, 0, 1, False, True)", "max-pool k3 s1 ceil"),
        ("AvgPool2d(3, 1, 0, True)", "avg-pool k3 s1 ceil"),
        ("AdaptiveAvgPool2d()", "global-average-pool"),
    ],
)
def test_a_line_of_a_framework_is_one_of_ours(call: str, ours: str) -> None:
    """The same operations on the same shapes; alone, named, as `print(model)` names it, with a comma or a remark."""
    expected = built(ours)
    for line in (call, f"a: {call}", f"(conv): {call}", f"{call},  # of (somebody)", f"a: {call} from in"):
        network = built(line)
        assert [node.op for node in network.graph.nodes] == [node.op for node in expected.graph.nodes]
        assert network.shapes == expected.shapes


def test_linear_over_a_sequence_is_one_of_each_position() -> None:
    """16 features at each of 7 positions give 10."""
    network = build_network(read_program("input 16 @7 1d\nLinear(16, 10, bias=False)", "net.txt"))
    assert network.shapes[-1] == (1, 10, 7)


def test_names_are_those_in_the_line() -> None:
    """Ours, the printed ones, or what is called; what does nothing has none."""
    lines = (
        "a: ReLU()",
        "(layer1): ReLU()",
        "(0): ReLU()",
        "Dropout(p=0.5)",
        "Identity()",
        "SiLU()",
        "add from a layer1",
    )
    assert [node.name for node in built(*lines).graph.nodes] == ["a", "layer1", "n0", "SiLU", "add"]


@each(
    ("line", "column", "message"),
    [
        ("Conv2d(3, 4, 1)", 1, "takes 3 channels over 2 axes, and gets 16 over 2"),
        ("a: Conv1d(16, 4, 1)", 4, "has 2 axes, the rest has 1"),
        ("LSTM(3, 4)", 1, "LSTM is not a convolution"),
        ("BatchNorm2d(8)", 1, "takes 8 channels, and gets 16"),
        ("Linear(8, 4)", 1, "takes 8 features, and gets 16"),
        ("MaxPool2d(2.5)", 1, "2.5 is no size"),
        ("MaxPool2d(2, 2, 0, 1, False, False, 7)", 1, "has no argument number 7"),
        ("Upsample(size=(7, 7))", 1, "has no word here"),
        ("Upsample(scale_factor=2, mode='bicubic')", 1, "has no word here"),
        ("ZeroPad2d((1, 2, 3))", 1, "is no padding here"),
        ("GroupNorm(3, 16)", 10, "3 groups do not divide 16 channels"),
        ("BatchNorm2d(16, affine=False)", 1, "a batch-norm that does not learn all of its params has no word here"),
        ("GroupNorm(4, 16, affine=False)", 1, "a group-norm that does not learn all of its params"),
        ("LayerNorm((16,), elementwise_affine=False)", 1, "a layer-norm that does not learn all of its params"),
        ("LayerNorm((16,), bias=False)", 1, "a layer-norm that does not learn all of its params"),
        ("PReLU(init=0.25)", 1, "a PReLU of one slope for 16 channels has no word here"),
        ("Softmax(dim=2)", 1, "a Softmax over another axis than the channels"),
        ("Softmax(dim=-1)", 1, "a Softmax over another axis than the channels"),
        ("Flatten(2)", 1, "a Flatten of some axes"),
        ("Flatten(0)", 1, "a Flatten of some axes"),
        ("Flatten(1, 2)", 1, "a Flatten of some axes"),
        ("ZeroPad2d(-1)", 1, "-1 is no padding here"),
        ("Upsample(scale_factor=1.5)", 1, "1.5 is no size"),
        ("Upsample(scale_factor=2, align_corners=True)", 1, "this Upsample has no word here"),
        ("MaxPool2d(-2)", 1, "-2 is no size"),
        ("MaxPool2d(())", 1, "[] is no size"),
        ("Softmax(dim=0)", 1, "a Softmax over another axis than the channels"),
        ("Softmax(dim=-4)", 1, "a Softmax over another axis than the channels"),
        ("GroupNorm(4, 8)", 1, "group-norm takes 8 channels, and gets 16"),
        ("LayerNorm((12, 10))", 1, "layer-norm takes [12, 10] channels, and gets 16"),
        ("AdaptiveAvgPool2d(1, 2)", 1, "AdaptiveAvgPool2d has no argument number 2"),
        ("Conv2d(16, 4, 13)", 1, "larger than the padded input 12x10"),
        ("ReLU() from nobody", 13, "no line before this one is named 'nobody'"),
    ],
)
def test_a_line_that_does_not_fit_is_told(line: str, column: int, message: str) -> None:
    with pytest.raises(NetworkError) as caught:
        built(line)
    assert message in caught.value.message
    assert caught.value.line == 2
    assert caught.value.hint
    assert caught.value.column == column or "groups" in message


@each(("axes", "size"), [(1, "@40"), (2, "@12x10"), (3, "@8x6x7")])
@each(
    ("call", "ours"),
    [
        ("MaxPool{n}d(2)", "max-pool k2"), ("AvgPool{n}d(3, 2, 1, True)", "avg-pool k3 s2 p1 ceil"),
        ("AdaptiveAvgPool{n}d(3)", "adaptive-average-pool 3"), ("AdaptiveMaxPool{n}d(4)", "adaptive-max-pool 4"),
        ("BatchNorm{n}d(16)", "batch-norm"), ("InstanceNorm{n}d(16, affine=True)", "instance-norm affine"),
        ("ZeroPad{n}d(2)", "pad p2"), ("ReflectionPad{n}d(1)", "pad p1 mode=reflect"),
        ("ReplicationPad{n}d(3)", "pad p3 mode=replicate"),
        ("Conv{n}d(16, 8, 3, 2, 1, bias=False)", "standard 8 k3 s2"),
    ],
)  # fmt: skip
def test_a_module_of_any_number_of_axes_is_one_of_ours(call: str, ours: str, axes: int, size: str) -> None:
    """PyTorch has a module for each of one, two and three axes."""
    found = [build_network(read_program(f"input 16 {size} {axes}d\n{line}")).graph.nodes[0].op
             for line in (call.format(n=axes), ours)]  # fmt: skip
    assert found[0] == found[1]


@each("name", ["Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "Identity", "DropPath"])
def test_what_does_nothing_is_no_operation(name: str) -> None:
    assert [node.name for node in built(f"{name}()", "relu").graph.nodes] == ["relu"]


def test_a_convolution_of_a_framework_needs_a_size() -> None:
    """A row of features has none."""
    with pytest.raises(NetworkError) as caught:
        built("flatten", "Conv1d(1920, 4, 1)")
    assert (caught.value.message, caught.value.line) == ("there is no size left for a convolution", 3)
    assert built("flatten", "Linear(1920, 4)").graph == built("flatten", "linear 4 bias").graph._replace(
        nodes=built("flatten", "Linear: linear 4 bias").graph.nodes
    )
