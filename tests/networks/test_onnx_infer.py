"""What comes out of ONNX operations whose sizes are in the file, and of those for which ONNX has no inference."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from networks.onnx_models import model, read_here
from networks.test_onnx_walk import given, node, tensor
from tables import each

#: Operations (`y` comes out), tensors, the opset | the sizes of `y`, worked out by hand from ONNX's definitions.
SIZES: dict[str, tuple[list[Any], list[Any], int, tuple[int, ...]]] = {
    "a filter bank": (  # 16 // 2 + 1 frequencies, 8 bands
        [node("MelWeightMatrix", "bands length rate low high", "y")],
        [tensor("bands", 8), tensor("length", 16), tensor("rate", 8192), tensor("low", 0.0, 1),
         tensor("high", 4096.0, 1)], 17, (9, 8),
    ),
    "a transform of that length along that axis": (
        [node("DFT", "x length axis", "y")], [tensor("length", 4), tensor("axis", 2)], 20, (2, 10, 4, 2),
    ),
    "a transform in windows": (  # (10 - 4) / 3 + 1 windows of 4, 4 // 2 + 1 frequencies
        [node("Reshape", "x flat", "f"), node("STFT", "f step - length", "y", onesided=1)],
        [tensor("flat", [12, 10, 1]), tensor("step", 3), tensor("length", 4)], 17, (12, 3, 3, 2),
    ),
    "a range of numbers that are none of integers": (
        [node("Range", "a b d", "y")], [tensor("a", 0.5, 1), tensor("b", 3.0, 1), tensor("d", 0.5, 1)], 17, (5,),
    ),
    "a range that goes down": ([node("Range", "a b d", "y")], [tensor("a", 7), tensor("b", -1), tensor("d", -3)], 17,
                               (3,)),
    "a range that ends before it starts": (
        [node("Range", "a b d", "y")], [tensor("a", 7), tensor("b", 5), tensor("d", 3)], 17, (0,),
    ),
    "a range from nothing": ([node("Range", "a b d", "y")], [tensor("a", 0), tensor("b", 4), tensor("d", 1)], 17, (4,)),
    "windows with gaps that hang over": (  # 0 and 3, 3 and 6 of 6 positions
        [node("MaxPool", "x", "y", kernel_shape=[2, 1], strides=[3, 1], dilations=[3, 1], ceil_mode=1)], [], 17,
        (2, 10, 2, 1),
    ),
    "windows that hang over where the file says how it is padded": (
        [node("MaxPool", "x", "y", kernel_shape=[4, 1], strides=[4, 1], pads=[1, 0, 0, 0], ceil_mode=1,
              auto_pad="NOTSET")], [], 17, (2, 10, 2, 1),
    ),
    "a range whose end has an axis": (
        [node("Range", "a b d", "y")], [tensor("a", 1), tensor("b", [8]), tensor("d", 3)], 17, (3,),
    ),
    "parts of a list": (
        [node("SplitToSequence", "x two", "q", axis=1), node("SequenceAt", "q zero", "y")],
        [tensor("two", 2), tensor("zero", 0)], 17, (2, 2, 6, 1),
    ),
    "every third row": ([node("Slice", "x one nine first three", "y")],
                        [tensor("one", [1]), tensor("nine", [9]), tensor("first", [1]), tensor("three", [3])], 17,
                        (2, 3, 6, 1)),
    "a border along one axis": (
        [node("Pad", "x more - axis", "y")], [tensor("more", [1, 2]), tensor("axis", [2])], 18, (2, 10, 9, 1),
    ),
    "scales": ([node("Resize", "x - by", "y")], [tensor("by", [1.0, 2.0, 0.5, 1.0], 1)], 17, (2, 20, 3, 1)),
    "scales, as they were first": (
        [node("Resize", "x by", "y")], [tensor("by", [1.0, 2.0, 0.5, 1.0], 1)], 10, (2, 20, 3, 1),
    ),
    "parts of two sizes": (
        [node("Split", "x parts", "a y", axis=1)], [tensor("parts", [3, 7])], 13, (2, 7, 6, 1),
    ),
    "a window": ([node("HannWindow", "n", "y")], [tensor("n", 5)], 17, (5,)),
    "a grid": ([node("Reshape", "x pairs", "t"), node("AffineGrid", "t size", "y")],
               [tensor("pairs", [20, 2, 3]), tensor("size", [20, 1, 4, 5])], 20, (20, 4, 5, 2)),
}  # fmt: skip


def behind(found: Any) -> Any:
    """The sizes of the last operation, which keeps those of what it reads."""
    return found.graph.nodes[-1].op.output_shape


@each("name", SIZES)
def test_sizes_that_are_in_the_file_are_read_from_it(tmp_path: Path, name: str) -> None:
    """As an operation behind it sees them."""
    nodes, tensors, opset, expected = SIZES[name]
    made = model([*nodes, node("Cast", "y", "z", to=1), node("Add", "z number", "last")],
                 [given("x", 2, 10, 6, 1), given("number")], ["last"], tensors, opset)  # fmt: skip
    found = read_here(made, tmp_path)
    assert "Add" not in [missing.op for missing in found.unknown]
    assert behind(found) == expected


@pytest.mark.parametrize(
    ("asked", "sizes"), [([0, -1, 3], (2, 20, 3)), ([-1], (120,)), ([6, 0, 2], (6, 10, 2)), ([5, 24], (5, 24))]
)
def test_the_first_reshape_has_its_sizes_in_an_attribute(
    tmp_path: Path, asked: list[int], sizes: tuple[int, ...]
) -> None:
    """0 is the size that stands there, -1 what is left of 120 numbers."""
    nodes = [node("Reshape", "x", "y", shape=asked), node("Neg", "y", "z")]
    found = read_here(model(nodes, [given("x", 2, 10, 6, 1)], ["z"], opset=1), tmp_path)
    assert (found.unknown, behind(found)) == ([], sizes)
