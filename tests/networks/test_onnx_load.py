"""The inputs of an ONNX file: what a size may mean, what follows from it, and what is said of one that does not fit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from networks.onnx_models import model, onnx, read_here
from networks.test_onnx_walk import given, node, weights
from tables import each

from convcost.networks.onnx import read_onnx
from convcost.networks.onnx.load import bind_inputs, image_input, whole_shape
from convcost.spec.errors import SpecError

Dims = tuple[int | str, ...]


def graph_of(*inputs: Any) -> Any:
    return model([node("Relu", inputs[0].name if inputs else "x", "y")], inputs, ["y"]).graph


@each(
    ("dims", "size", "batch", "whole"),
    [
        (("N", 3, "H", "W"), (48,), None, (1, 3, 48, 48)),
        (("N", 3, "H", "W"), (48, 192), 8, (8, 3, 48, 192)),
        ((4, 3, "H", "W"), (48, 192), None, (4, 3, 48, 192)),
        ((4, 3, "H", "W"), (48, 192), 8, (8, 3, 48, 192)),
        (("N", 3, "H", "W"), (2, 3, 48, 192), 2, (2, 3, 48, 192)),
        (("N", 3, "D", "H", "W"), (7,), None, (1, 3, 7, 7, 7)),
        (("N", 8, "L"), (40,), None, (1, 8, 40)),
        (("N", 8, "L"), (8, 40), 2, (2, 8, 40)),
        (("N", "C"), (16,), 2, (2, 16)),
        (("N",), (16,), None, (16,)),
        (("N", "H", "W", 3), (48, 192), None, (1, 48, 192, 3)),
        (("N", "H", "W", 3), (48, 192, 3), None, (1, 48, 192, 3)),
        (("N", "H", "W", 3), (3, 48, 192), None, (1, 48, 192, 3)),
        (("N", "H", "W", 3), (3, 48, 3), None, (1, 3, 48, 3)),
        (("N", "H", "W", 3), (1, 48, 192, 3), None, (1, 48, 192, 3)),
        (("N", "D", "H", "W", 4), (7,), None, (1, 7, 7, 7, 4)),
        ((), (3, 48, 192), None, (1, 3, 48, 192)),
        ((), (3, 9, 48, 192), 2, (2, 3, 9, 48, 192)),
        ((), (3, 48, 192), 2, (2, 3, 48, 192)),
    ],
)
def test_a_size_is_completed_with_what_the_file_says(
    dims: Dims, size: tuple[int, ...], batch: int | None, whole: tuple[int, ...]
) -> None:
    """Sides, channels in front of them or behind them as the file has them, or all; one side is every side."""
    assert whole_shape(given("x", *dims), size, batch, "m.onnx") == whole


@each(
    ("dims", "size", "batch", "shown", "proposed"),
    [
        (("N", "C", "H", "W"), (48,), None, "NxCxHxW", "1x3x224x224"),
        (("N", "C", "H", "W"), (48, 192), None, "NxCxHxW", "1x3x224x224"),
        (("N", 3, "H", "W"), (4, 48, 192), None, "Nx3xHxW", "1x3x224x224"),
        (("N", 3, "H", "W"), (1, 4, 48, 192), None, "Nx3xHxW", "1x3x224x224"),
        (("N", 3, "H", "W"), (2, 3, 48, 192), 8, "Nx3xHxW", "1x3x224x224"),
        (("N", "H", "W", 1), (48, 192, 4), None, "NxHxWx1", "1x224x224x1"),
        (("N", "H", "W", 4), (48,) * 5, None, "NxHxWx4", "1x224x224x4"),
        (("N", "H", "W", 2), (48,) * 5, None, "NxHxWx2", "1x3x224x2"),
        (("N", "H", "W", 5), (48,) * 5, None, "NxHxWx5", "1x3x224x5"),
        (("N", 3, "W", 3), (48,) * 5, None, "Nx3xWx3", "1x3x224x3"),
        (("N", 1, "W", 3), (48,) * 5, None, "Nx1xWx3", "1x1x224x3"),
        (("N", "C", "L"), (40,), None, "NxCxL", "1x128x128"),
        (("N", "C"), (1, 2, 3), None, "NxC", "1x128"),
        (("N", *["D"] * 8), (48, 3), None, "NxDxDxDxDxDxDxDx…", "1x3x224x224x224x224x224x224"),
    ],
)
def test_a_size_that_does_not_fit_is_told_what_would(
    dims: Dims, size: tuple[int, ...], batch: int | None, shown: str, proposed: str
) -> None:
    """Too few sizes or too many, other channels, another batch."""
    with pytest.raises(SpecError) as caught:
        whole_shape(given("x", *dims), size, batch, "m.onnx")
    assert caught.value.message == f"m.onnx: input 'x' is {shown}"
    assert caught.value.hint == f"write all of it, such as @{proposed}"


def test_of_an_input_of_no_shape_an_image_is_proposed() -> None:
    """Nothing in the file says how many axes it has."""
    value = onnx.helper.make_tensor_value_info("x", 1, None)
    with pytest.raises(SpecError) as caught:
        whole_shape(value, (48,), None, "m.onnx")
    assert (caught.value.message, caught.value.hint) == (
        "m.onnx: input 'x' is of no shape in the file", "write all of it, such as @1x3x224x224",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("inputs", "name"),
    [
        ([("a", 5)], "a"),
        ([("a", 5), ("b", "N", 3, "H", "W")], "b"),
        ([("a", "N", 3, "D", "H", "W"), ("b", 1, 8, 7), ("c", 1, 1, 1, 1, 1, 1)], "a"),
    ],
)
def test_a_size_alone_means_the_only_image(inputs: list[Any], name: str) -> None:
    """Of four or five axes; or the only input, whatever it is."""
    assert image_input(graph_of(*[given(*one) for one in inputs]), "m.onnx").name == name


@pytest.mark.parametrize(
    ("inputs", "message", "hint"),
    [
        ([], "it has no input", "leave the size out"),
        ([("a", 1, 8, 7), ("b", 1, 8)], "which of its 2 inputs has that size?",
         "name it: --input NAME=1x3x224x224; there is a, b"),
        ([(name, 1, 3, 8, 8) for name in "abcdefghi"], "which of its 9 inputs has that size?",
         "name it: --input NAME=1x3x224x224; there is a, b, c, d, e, f, g, h"),
    ],
)  # fmt: skip
def test_a_size_that_could_mean_several_inputs_means_none(inputs: list[Any], message: str, hint: str) -> None:
    """Eight of them are named at most."""
    with pytest.raises(SpecError) as caught:
        image_input(graph_of(*[given(*one) for one in inputs]), "m.onnx")
    assert (caught.value.message, caught.value.hint) == (f"m.onnx: {message}", hint)


@pytest.mark.parametrize(
    ("names", "hint"),
    [
        ("", "there is none"),
        ("a b", "there is: a, b"),
        ("a b c d e f g h i", "there is: a, b, c, d, e, f, g, h"),
    ],
)
def test_an_input_that_is_not_there_is_told_which_are(names: str, hint: str) -> None:
    with pytest.raises(SpecError) as caught:
        bind_inputs(graph_of(*[given(name, 5) for name in names.split()]), {"z": (5,)}, None, "m.onnx")
    assert (caught.value.message, caught.value.hint) == ("m.onnx: there is no input 'z'", hint)


def shapes_behind(inputs: list[Any], sizes: dict[str, tuple[int, ...]], batch: int | None) -> list[Dims]:
    """The sizes of the inputs once they are bound."""
    graph = graph_of(*inputs)
    bind_inputs(graph, sizes, batch, "m.onnx")
    return [tuple([dim.dim_value for dim in value.type.tensor_type.shape.dim]) for value in graph.input]


@each(
    ("inputs", "sizes", "batch", "expected"),
    [
        ([("a", "N", 3)], {}, 4, [(4, 3)]),
        ([("a", "N", 3), ("b", 5, "N")], {}, 4, [(4, 3), (5, 4)]),
        ([("a", "?", 3), ("b", "M", 7), ("c", 2, 2)], {}, 4, [(4, 3), (4, 7), (2, 2)]),
        ([("a", -1, 3), ("b", 5, 1)], {}, 4, [(4, 3), (5, 1)]),
        ([("a", "N", 3), ("b", "N", 7)], {"b": (9, 7)}, 4, [(4, 3), (9, 7)]),
        ([("a", "N", 3), ("b", "N", 7)], {"b": (9, 7)}, None, [(9, 3), (9, 7)]),
        ([("a", 2, 3)], {"a": (2, 3)}, None, [(2, 3)]),
        ([("a", 2, 0)], {}, None, [(2, 0)]),
        ([("a", "N", "N"), ("b", 5)], {"a": (4, 4)}, None, [(4, 4), (5,)]),
    ],
)
def test_a_batch_is_the_first_size_of_inputs_that_have_none(
    inputs: list[Any], sizes: dict[str, tuple[int, ...]], batch: int | None, expected: list[Dims]
) -> None:
    """And every size of its name; whose input is given has all of its sizes from there."""
    assert shapes_behind([given(*one) for one in inputs], sizes, batch) == expected


@pytest.mark.parametrize(("inputs", "first"), [([("a", 2, 3), ("b", 5)], "a"), ([("a", 2, "W")], "a"), ([], "NAME")])
def test_a_batch_of_a_model_whose_batch_is_fixed_is_refused(inputs: list[Any], first: str) -> None:
    with pytest.raises(SpecError) as caught:
        bind_inputs(graph_of(*[given(*one) for one in inputs]), {}, 4, "m.onnx")
    assert (caught.value.message, caught.value.hint) == (
        "m.onnx: its batch is fixed", f"give the whole input: --input {first}=…",
    )  # fmt: skip


def test_what_the_file_says_is_forgotten_where_an_input_is_another() -> None:
    """And kept where it is the same, or the sizes of the same name are put in."""
    for sizes, kept in (({}, True), ({"a": (2, 3)}, True), ({"a": (4, 3)}, False)):
        graph = graph_of(given("a", 2, 3))
        graph.value_info.append(given("m", 2, 7))
        graph.output[0].CopyFrom(given("y", 2, 3))
        bind_inputs(graph, sizes, None, "m.onnx")
        assert [bool(graph.value_info), graph.output[0].type.tensor_type.HasField("shape")] == [kept, kept]


@pytest.mark.parametrize(
    ("value", "shape", "shown"),
    [
        (given("x", "N", 3), (1, 3, 8), "Nx3"),
        (given("x", "N", 3), (1,), "Nx3"),
        (onnx.helper.make_sequence_type_proto(onnx.helper.make_tensor_type_proto(1, [3])), (3,), "no tensor"),
    ],
)
def test_an_input_of_another_number_of_axes_is_told_its_own(value: Any, shape: tuple[int, ...], shown: str) -> None:
    """A list of tensors has none."""
    if not hasattr(value, "name"):
        value = onnx.helper.make_value_info("x", value)
    with pytest.raises(SpecError) as caught:
        bind_inputs(graph_of(value), {"x": shape}, None, "m.onnx")
    assert (caught.value.message, caught.value.hint) == (
        f"m.onnx: input 'x' is {shown}", "give as many sizes, such as 1x3x224x224",
    )  # fmt: skip


def test_an_input_without_a_shape_needs_one(tmp_path: Path) -> None:
    """Which may be any that is given."""
    made = model([node("Relu", "x", "y")], [onnx.helper.make_tensor_value_info("x", 1, None)], ["y"])
    assert read_here(made, tmp_path, {"x": (2, 3, 4)}).graph.input_shape == (2, 3, 4)
    with pytest.raises(SpecError) as caught:
        read_here(made, tmp_path)
    assert (caught.value.message, caught.value.hint) == (
        "model.onnx: the shape of input 'x' is not in the file", "--input x=1x3x224x224",
    )  # fmt: skip


def test_an_input_whose_numbers_are_in_the_file_needs_no_size(tmp_path: Path) -> None:
    """Old files list their weights among the inputs."""
    made = model([node("MatMul", "x w", "y")], [given("x", 2, 3), given("w", "a", "b")], ["y"], [weights("w", 3, 4)])
    assert read_here(made, tmp_path).graph.input_shape == (2, 3)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "it is empty or no regular file"), (b"\xff\xff", "it is cut short, or damaged"),
        (b"\x0b", "it is no ONNX model, or damaged"), (b"\x08\x08", "there is no operation in it"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_model_is_told_so(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(content)
    with pytest.raises(SpecError) as caught:
        read_onnx(str(path), {}, None)
    assert caught.value.message == f"m.onnx: {message}"


def test_a_folder_and_a_file_that_is_not_there_are_told_so(tmp_path: Path) -> None:
    for path, message in ((tmp_path, "it is empty or no regular file"), (tmp_path / "m", "No such file or directory")):
        with pytest.raises(SpecError, match=message):
            read_onnx(str(path), {}, None)


@pytest.mark.parametrize("inputs", [1, 2])
def test_a_batch_beside_the_size_of_an_image_is_that_of_the_other_inputs_too(tmp_path: Path, inputs: int) -> None:
    """One input has its batch from its own size."""
    values = [given("x", "N", 3, "H", "W"), given("z", "M", 3)][:inputs]
    path = tmp_path / "m.onnx"
    path.write_bytes(model([node("Relu", "x", "y")], values, ["y"]).SerializeToString())
    graph = read_onnx(str(path), {}, 5, (8, 9)).graph
    assert graph.input_shape == (5, 3, 8, 9)
    assert [n.op.output_shape for n in graph.nodes if getattr(n.op, "kind", "") == "input"] == [(5, 3)] * (inputs - 1)
