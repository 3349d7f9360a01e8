"""One layer as a network: a spec, or a module as PyTorch prints it with the size of its input beside it."""

from __future__ import annotations

import pytest
from tables import each

from convcost.graph.ops import Activation, BatchNorm, Conv, Counted, Flatten, Linear, Norm, Op, Pool, Scale
from convcost.networks.single import read_single
from convcost.spec import SpecError


@each(
    ("line", "name", "op", "shapes"),
    [
        ("GroupNorm(4, 16) @28x20", "group-norm", Norm("group-norm", 16, 4), [(1, 16, 28, 20)] * 2),
        ("GroupNorm(4, 16) @28", "group-norm", Norm("group-norm", 16, 4), [(1, 16, 28, 28)] * 2),
        ("BatchNorm1d(16) @9", "batch-norm", BatchNorm(16), [(1, 16, 9)] * 2),
        ("BatchNorm1d(16) @16x9", "batch-norm", BatchNorm(16), [(1, 16, 9)] * 2),
        ("BatchNorm2d(16) n2 @9x7", "batch-norm", BatchNorm(16), [(2, 16, 9, 7)] * 2),
        ("BatchNorm3d(4) @3x4x5", "batch-norm", BatchNorm(4), [(1, 4, 3, 4, 5)] * 2),
        ("InstanceNorm2d(8, affine=True) @5", "instance-norm", Norm("instance-norm", 8, 8), [(1, 8, 5, 5)] * 2),
        ("Linear(64, 10)", "linear", Linear(64, 10, True), [(1, 64), (1, 10)]),
        ("Linear(64, 10, bias=False) n3", "linear", Linear(64, 10), [(3, 64), (3, 10)]),
        ("Linear(64, 10) @64", "linear", Linear(64, 10, True), [(1, 64), (1, 10)]),
        ("Linear(64, 10) in=64", "linear", Linear(64, 10, True), [(1, 64), (1, 10)]),
        ("Softmax(dim=1) @4x5", "softmax", Norm("softmax", 4, 1, False), [(1, 4, 5)] * 2),
        ("PReLU(4) @4x5", "prelu", Scale(4, "prelu"), [(1, 4, 5)] * 2),
        ("ReLU() n2 @3x4", "relu", Activation("relu"), [(2, 3, 4)] * 2),
        ("(relu): ReLU() @3x4", "relu", Activation("relu"), [(1, 3, 4)] * 2),
        ("nn.ReLU() (2, 3, 4)", "relu", Activation("relu"), [(2, 3, 4)] * 2),
        ("self.act = torch.nn.GELU() [2, 3, 4,]", "gelu", Activation("gelu"), [(2, 3, 4)] * 2),
        ("act: GELU()(2,3,4)", "gelu", Activation("gelu"), [(2, 3, 4)] * 2),
        ("Flatten() @3x4x5", "flatten", Flatten(), [(1, 3, 4, 5), (1, 60)]),
        ("MaxPool2d(2) @16x9x8", "max-pool", Pool("max", (2, 2), (2, 2), ((0, 0), (0, 0))),
         [(1, 16, 9, 8), (1, 16, 4, 4)]),
        ("Dropout2d(0.5) @4x9x7", "dropout", Counted("dropout", (1, 4, 9, 7), in_place=True), [(1, 4, 9, 7)] * 2),
        ("GroupNorm(4, 16, affine=False) @2", "plain-norm",
         Counted("plain-norm", (1, 16, 2, 2), elementwise=5 * 64, in_place=True), [(1, 16, 2, 2)] * 2),
    ],
)  # fmt: skip
def test_a_module_is_a_network_of_one_operation(line: str, name: str, op: Op, shapes: list[tuple[int, ...]]) -> None:
    """Its channels are known from the line where the module has them, and else stand in the size."""
    network = read_single(f" {line}")
    assert [(node.name, node.op, node.inputs) for node in network.graph.nodes] == [(name, op, (0,))]
    assert (network.shapes, network.graph.input_shape, network.graph.dtype) == (shapes, shapes[0], "fp32")
    assert (network.name, network.facts) == (line, ())


@each(
    ("line", "facts"),
    [
        ("3:8 @9 k3 bias", ()),
        ("Conv2d(3, 8, 3, padding=1) @9", ()),
        ("Conv2d(3, 8, 3, padding='same') @9", ("conv=word",)),
        ("(conv): Conv2d(3, 8, kernel_size=(3, 3), stride=(1, 1), padding=same) @9", ("conv=word",)),
        ("nn.Conv2d(3, 8, 3, padding=1)(1, 3, 9, 9)", ()),
    ],
)
def test_a_convolution_is_one_and_says_whether_its_padding_was_a_word(line: str, facts: tuple[str, ...]) -> None:
    network = read_single(line)
    conv = Conv(3, 8, (3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1), bias=True)
    assert [node.op for node in network.graph.nodes] == [conv]
    assert (network.shapes, network.facts, network.name) == ([(1, 3, 9, 9), (1, 8, 9, 9)], facts, line)


@each(
    ("line", "message", "hint"),
    [
        ("ReLU()", "the size of its input is not known", "add it, such as @3x224x224"),
        ("BatchNorm2d(16)", "the size of its input is not known", "add it, such as @16x224x224"),
        ("MaxPool2d(2) @9", "takes an input of CxHxW", "write @CxHxW in numbers"),
        ("MaxPool1d(2) @9", "takes an input of CxW", "write @CxW in numbers"),
        ("BatchNorm2d(16) @1x16x9x7", "takes an input of CxHxW", "write @CxHxW in numbers"),
        ("BatchNorm2d(8) @16x9x7", "it takes 8 channels, and gets 16x9x7", "must fit"),
        ("Linear(64, 10) @5x64", "it takes 64 numbers, and gets 5x64", "must fit"),
        ("GroupNorm(3, 16) @9", "3 groups do not divide 16 channels", "must fit"),
        ("LSTM(3, 4) @9", "what LSTM does is not known here", "read are"),
        ("Identity() @9", "Identity does nothing in evaluation", "read are"),
        ("Module() @9", "Module is not a convolution", "print"),
        ("ReLU() @3x4 k3", "kernel_size does not belong here", "an input has channels"),
    ],
)
def test_a_module_that_makes_no_network_says_why(line: str, message: str, hint: str) -> None:
    with pytest.raises(SpecError) as caught:
        read_single(line)
    assert message in caught.value.message
    assert hint in caught.value.hint
