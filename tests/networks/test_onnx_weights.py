"""The numbers in an ONNX file, tensor by tensor: which of them are there, and what is said of those that are not."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from networks.onnx_models import model, onnx
from networks.test_onnx_walk import given, node, tensor
from tables import each

from convcost.networks.onnx.weights import NoConstantError, Stored
from convcost.spec.errors import SpecError

helper = onnx.helper

NUMBERS = np.arange(6, dtype=np.float32).reshape(2, 3)


def stored(path: Path, nodes: list[Any], tensors: list[Any], opset: int = 17, domain: str = "") -> Stored:
    """A file of these, opened."""
    made = model([*nodes, node("Relu", "x", "y")], [given("x", 2, 3)], ["y"], tensors, opset)
    made.opset_import[0].domain = domain
    (path / "m.onnx").write_bytes(made.SerializeToString())
    return Stored(str(path / "m.onnx"))


def held(name: str = "w") -> Any:
    return onnx.numpy_helper.from_array(NUMBERS, name)


@pytest.mark.parametrize(("domain", "version"), [("", 17), ("ai.onnx", 17), ("other", 1)])
def test_a_file_has_the_version_of_its_operations(tmp_path: Path, domain: str, version: int) -> None:
    """Under either name of ONNX's own; the first one where it says none."""
    assert stored(tmp_path, [], [held()], 17, domain).version == version


#: Operations that end in `c`, and what is in it.
MADE: dict[str, tuple[list[Any], Any]] = {
    "a tensor": ([node("Identity", "w", "c")], NUMBERS),
    "a constant": ([node("Constant", "", "c", value=held(""))], NUMBERS),
    "a list": ([node("Constant", "", "c", value_ints=[3, 4])], [3, 4]),
    "a sum": ([node("Constant", "", "k", value=held("")), node("Add", "k w", "c")], 2 * NUMBERS),
    "a part that is turned": (
        [node("Slice", "w one two", "part"), node("Transpose", "part", "c", perm=[1, 0])], [[3], [4], [5]],
    ),
    "what was quantised": ([node("DequantizeLinear", "q s z", "c")], [2.0, -1.0]),
    "what was quantised around zero": ([node("DequantizeLinear", "q s -", "c")], [2.5, -0.5]),
}  # fmt: skip

TENSORS = [held(), tensor("one", [1]), tensor("two", [2]), tensor("q", [5, -1], 3), tensor("s", 0.5, 1),
           tensor("z", 1, 3)]  # fmt: skip


@each("name", MADE)
def test_numbers_are_those_of_the_file_and_what_is_made_of_them(tmp_path: Path, name: str) -> None:
    """At a version of operations for which the reference has no program, too."""
    nodes, expected = MADE[name]
    one = stored(tmp_path, nodes, TENSORS, 13)
    assert one.is_constant("c")
    np.testing.assert_array_equal(one.array("c"), expected)


def test_a_tensor_that_is_no_constant_is_told_why(tmp_path: Path) -> None:
    """An input, what data make, what no rule makes."""
    nodes = [node("Neg", "x", "n"), node("Relu", "w", "r"), node("Reshape", "w one", "odd")]
    one = stored(tmp_path, nodes, TENSORS)
    for name, reason in (("x", "its weights are no constants: they are an input of the model"),
                         ("n", "its weights are no constants: they are an input of the model"),
                         ("r", "its weights are no constants: Relu computes them"),
                         ("odd", "Reshape cannot be computed")):  # fmt: skip
        with pytest.raises(NoConstantError) as caught:
            one.array(name)
        assert str(caught.value) == reason
        assert one.is_constant(name) == (name == "odd")


@pytest.mark.parametrize("length", [21, 22])
def test_constants_are_made_one_of_the_other_21_times_at_most(tmp_path: Path, length: int) -> None:
    names = ["w", *[f"c{number}" for number in range(length)]]
    one = stored(tmp_path, [node("Identity", a, b) for a, b in pairwise(names)], [held()])
    if length == 21:
        np.testing.assert_array_equal(one.array(names[-1]), NUMBERS)
    else:
        with pytest.raises(NoConstantError, match="Identity computes them"):
            one.array(names[-1])


def test_weights_in_another_file_are_read_from_there(tmp_path: Path) -> None:
    """Or their file is named; without a name it is another one."""
    (tmp_path / "w.bin").write_bytes(NUMBERS.tobytes())
    outside = onnx.TensorProto(name="w", dims=[2, 3], data_type=1, data_location=1)
    outside.external_data.add(key="offset", value="0")
    outside.external_data.add(key="location", value="w.bin")
    np.testing.assert_array_equal(stored(tmp_path, [], [outside]).array("w"), NUMBERS)
    outside.external_data[1].value = "gone.bin"
    with pytest.raises(NoConstantError, match=r"its weights are in gone\.bin, which cannot be read"):
        stored(tmp_path, [], [outside]).array("w")
    del outside.external_data[1]
    with pytest.raises(NoConstantError, match="its weights are in another file, which cannot be read"):
        stored(tmp_path, [], [outside]).array("w")


def test_weights_of_another_size_than_they_say_are_damaged(tmp_path: Path) -> None:
    short = onnx.TensorProto(name="w", dims=[2, 3], data_type=1, raw_data=bytes(20))
    with pytest.raises(NoConstantError, match="its weights are damaged: their size is not the one they state"):
        stored(tmp_path, [], [short]).array("w")


def test_a_file_without_a_graph_has_no_numbers(tmp_path: Path) -> None:
    """One that is empty, damaged or not there is told so."""
    path = tmp_path / "m.onnx"
    path.write_bytes(b"\x08\x08")
    assert not Stored(str(path)).is_constant("w")
    for content, message in ((b"", "it is empty"), (b"\xff\xff", "it is cut short, or damaged")):
        path.write_bytes(content)
        with pytest.raises(SpecError, match=message):
            Stored(str(path))
    with pytest.raises(SpecError, match="cannot be read: No such file or directory"):
        Stored(str(tmp_path / "none.onnx"))
