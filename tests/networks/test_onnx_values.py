"""What is known of the tensors of an ONNX model: types, sizes as far as anybody says them, weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from networks.onnx_models import model, onnx, read_here
from networks.test_onnx_walk import costs, given, node, tensor, weights
from tables import each

from convcost.analysis import analyze
from convcost.graph.ops import Counted
from convcost.networks.onnx import read
from convcost.networks.onnx.read import Reading

helper = onnx.helper

NO_SIZE = "the size of its output is not known"

#: ONNX's names of types | ours; text is counted as the eight bytes of its position.
KINDS = """
FLOAT fp32, UINT8 uint8, INT8 int8, UINT16 uint16, INT16 int16, INT32 int32, INT64 int64, STRING int64, BOOL bool,
FLOAT16 fp16, DOUBLE fp64, UINT32 uint32, UINT64 uint64, COMPLEX64 complex64, COMPLEX128 complex128, BFLOAT16 bf16,
FLOAT8E4M3FN fp8, FLOAT8E4M3FNUZ fp8, FLOAT8E5M2 fp8, FLOAT8E5M2FNUZ fp8, UINT4 uint4, INT4 int4, FLOAT4E2M1 fp4,
FLOAT8E8M0 fp8, UINT2 uint2, INT2 int2
"""


def test_types_are_those_that_onnx_numbers() -> None:
    """Those that the package knows; it has had more of them from version to version."""
    ours = dict([pair.split() for pair in KINDS.split(",")])
    theirs = dict(onnx.TensorProto.DataType.items())
    known = {theirs[name]: kind for name, kind in ours.items() if name in theirs}
    assert len(known) > 20
    assert {number: read.TYPES[number] for number in known} == known
    assert sorted(read.TYPES) == list(range(1, len(ours) + 1))
    assert list(read.TYPES.values()) == list(ours.values())


@each(
    ("tensors", "kind", "dtype"),
    [
        ([("w", 10, 8)], 1, "fp16"), ([("v", 1, 8), ("w", 10, 16)], 1, "fp16"),
        ([("v", 1, 16), ("w", 10, 8)], 10, "fp32"),
        ([], 10, "fp16"), ([], 7, "fp32"), ([("w", 6, 8)], 1, "fp32"), ([("w", 3, 8)], 1, "int8"),
    ],
)  # fmt: skip
def test_the_type_of_a_graph_is_that_of_most_of_its_weights(
    tmp_path: Path, tensors: list[tuple[str, int, int]], kind: int, dtype: str
) -> None:
    """Without any it is that of the first input, if a graph may be of that."""
    held = [onnx.TensorProto(name=name, dims=[size], data_type=of) for name, of, size in tensors]
    nodes = [node("Concat", " ".join(["x", *[one.name for one in held]]), "y", axis=0)]
    assert read_here(model(nodes, [given("x", 4, kind=kind)], ["y"], held), tmp_path).graph.dtype == dtype


@pytest.mark.parametrize(
    ("op", "size", "params", "worked_out"), [("Add", 2, 2, 2), ("PRelu", 1, 1, 0), ("PRelu", 2, 2, 2)]
)
def test_one_number_is_no_table_that_is_worked_out(
    tmp_path: Path, op: str, size: int, params: int, worked_out: int
) -> None:
    """Whatever torch.export calls it."""
    name = "block.lifted_tensor_0"
    made = model([node(op, f"x {name}", "y")], [given("x", 3, size)], ["y"], [weights(name, size)])
    found = read_here(made, tmp_path)
    assert (costs(found)[0], found.worked_out) == (params, worked_out)


def reasons(found: Reading) -> list[tuple[str, str]]:
    return [(missing.op, missing.reason) for missing in found.unknown]


@each(
    ("said", "sizes"),
    [
        ((2, 7), (2, 7)), ((9, 7), (2, 7)), (("?", 7), (2, 7)), ((2, 7, 1), None), ((7,), None), ((2, "?"), None),
        (None, None),
    ],
)  # fmt: skip
def test_what_a_file_says_completes_what_is_inferred(
    tmp_path: Path, said: tuple[int | str, ...] | None, sizes: tuple[int, ...] | None
) -> None:
    """Of what is not zero there are two rows, as many as the input has axes; a file that says so may say the rest."""
    nodes = [node("NonZero", "x", "n"), node("Cast", "n", "y", to=1), node("Abs", "y", "z")]
    made = model(nodes, [given("x", 4, 4)], ["z"])
    if said:
        made.graph.value_info.append(given("n", *said, kind=7))
    found = read_here(made, tmp_path)
    if sizes is None:
        assert reasons(found) == [("NonZero", NO_SIZE), ("Cast", NO_SIZE), ("Abs", NO_SIZE)]
    else:
        assert (found.unknown, found.graph.nodes[-1].op.output_shape) == ([], sizes)


@pytest.mark.parametrize(("kind", "types"), [(11, ("fp64", "fp64")), (0, ("fp32", "fp32"))])
def test_what_a_file_says_of_an_unknown_operation_has_its_type(
    tmp_path: Path, kind: int, types: tuple[str, str]
) -> None:
    """Or that of the graph, where it says none."""
    made = model([node("Mystery", "x", "m", domain="own"), node("Neg", "m", "y")], [given("x", 3)], ["y"])
    made.graph.value_info.append(given("m", 2, 7, kind=kind))
    assert read_here(made, tmp_path).graph.value_types == ("fp32", *types)


@each(
    ("bounds", "sizes"),
    [
        ({}, (2, 3, 4, 5)), ({"start": 1}, (3, 4, 5)), ({"start": 1, "end": 3}, (3, 4)), ({"end": -1}, (2, 3, 4)),
        ({"start": -2}, (4, 5)), ({"start": -9, "end": 9}, (2, 3, 4, 5)),
    ],
)  # fmt: skip
def test_a_shape_is_read_from_its_start_to_its_end(
    tmp_path: Path, bounds: dict[str, int], sizes: tuple[int, ...]
) -> None:
    """Either of which may count from behind."""
    nodes = [node("Shape", "x", "s", **bounds), node("Expand", "one s", "y")]
    found = read_here(model(nodes, [given("x", 2, 3, 4, 5), given("one")], ["y"]), tmp_path)
    assert (found.unknown, found.graph.nodes[-1].op.output_shape) == ([], sizes)


@pytest.mark.parametrize(("start", "known"), [(0, False), (1, True)])
def test_a_part_of_a_shape_is_known_where_all_of_it_is(tmp_path: Path, start: int, known: bool) -> None:
    """Whatever is not known beside it; and of what has no axes at all nothing is."""
    nodes = [
        node("Mystery", "x", "m", domain="own"),
        node("Shape", "m", "s", start=start),
        node("Expand", "one s", "y"),
    ]
    made = model(nodes, [given("x", 3), given("one")], ["y"])
    made.graph.value_info.append(given("m", "?", 3))
    assert (("Expand", NO_SIZE) in reasons(read_here(made, tmp_path))) == (not known)
    del made.graph.value_info[:]
    assert ("Expand", NO_SIZE) in reasons(read_here(made, tmp_path))


def test_shapes_of_two_tensors_are_two(tmp_path: Path) -> None:
    """The same operation with the same attributes, on sizes that are others."""
    nodes = [node("Shape", "a", "s"), node("Shape", "b", "t"), node("Size", "a", "n"), node("Size", "b", "m"),
             node("Expand", "one s", "y"), node("Expand", "one t", "z"), node("Range", "zero n step", "u"),
             node("Range", "zero m step", "v")]  # fmt: skip
    inputs = [given("one"), given("a", 2, 3), given("b", 4, 5)]
    found = read_here(model(nodes, inputs, ["y", "z", "u", "v"], [tensor("zero", 0), tensor("step", 1)]), tmp_path)
    assert [one.op.output_shape for one in found.graph.nodes if one.name in ("y", "z")] == [(2, 3), (4, 5)]
    assert found.unknown == []


@pytest.mark.parametrize(
    ("value", "is_stored", "params", "types"),
    [
        (None, True, 32, (("fp32", 32),)),
        (helper.make_tensor("", 10, [1], [0.5]), True, 32, (("fp16", 32),)),
        (helper.make_tensor("", 7, [1], [5]), True, 0, ()),
        (None, False, 0, ()),
    ],
)
def test_what_is_filled_is_learned_where_its_shape_is_a_tensor_of_the_file(
    tmp_path: Path, value: Any, is_stored: bool, params: int, types: Any
) -> None:
    """Of a type that can be; a shape that is computed makes no weights."""
    fill = node("ConstantOfShape", "s", "w", **({} if value is None else {"value": value}))
    first = [] if is_stored else [node("Constant", "", "s", value=tensor("", [8, 4]))]
    tensors = [tensor("s", [8, 4])] if is_stored else []
    found = read_here(model([*first, fill, node("MatMul", "x w", "y")], [given("x", 3, 8)], ["y"], tensors), tmp_path)
    assert costs(found)[0] == params
    assert found.graph.weight_types is not None
    assert found.graph.weight_types[0] == types


def _sparse() -> Any:
    return onnx.SparseTensorProto(values=weights("v", 3), indices=tensor("i", [0, 1, 2]), dims=[9])


@each(
    ("attribute", "complete"),
    [
        ({"f": 0.5, "type": 1}, True), ({"i": 5, "type": 2}, True), ({"s": b"a", "type": 3}, True),
        ({"t": weights("w", 3), "type": 4}, False), ({"g": onnx.GraphProto(), "type": 5}, False),
        ({"floats": [0.5], "type": 6}, False), ({"ints": [5], "type": 7}, True), ({"strings": [b"a"], "type": 8}, True),
        ({"tensors": [weights("w", 3)], "type": 9}, False), ({"graphs": [onnx.GraphProto()], "type": 10}, False),
        ({"sparse_tensor": _sparse(), "type": 11}, False), ({"sparse_tensors": [_sparse()], "type": 12}, False),
        ({"tp": onnx.TypeProto(), "type": 13}, True),
    ],
)  # fmt: skip
def test_an_unknown_operation_may_hold_weights_in_what_its_attributes_are(
    tmp_path: Path, attribute: dict[str, Any], complete: bool
) -> None:
    """Tensors, graphs and lists of floats."""
    odd = node("Mystery", "x", "y", domain="own")
    odd.attribute.append(onnx.AttributeProto(name="a", **attribute))
    assert read_here(model([odd], [given("x", 4)], ["y"]), tmp_path).params_complete is complete


def test_an_attribute_of_a_function_that_is_read_outside_of_one_has_no_value(tmp_path: Path) -> None:
    """A file that is not in order is read as far as it goes."""
    odd = node("Softmax", "x", "y")
    odd.attribute.append(onnx.AttributeProto(name="axis", ref_attr_name="axis", type=2))
    assert read_here(model([odd], [given("x", 2, 3)], ["y"]), tmp_path).graph.nodes[0].name == "y"


def test_inputs_that_are_no_tensors_have_no_size_and_no_node(tmp_path: Path) -> None:
    """A list of tensors is read from; further inputs of the graph are tensors of their own that nobody moves."""
    parts = helper.make_value_info("q", helper.make_sequence_type_proto(helper.make_tensor_type_proto(1, [2, 3])))
    nodes = [node("SequenceAt", "q zero", "a"), node("Add", "a x", "b"), node("Add", "b z", "y")]
    inputs = [parts, given("x", 2, 3), given("z", 2, 3, kind=1)]
    found = read_here(model(nodes, inputs, ["y"], [tensor("zero", 0)]), tmp_path)
    assert (found.graph.input_shape, found.unknown) == ((2, 3), [])
    assert found.graph.nodes[0] == ("z", Counted("input", (2, 3), moved=0), ())
    assert [one.inputs for one in found.graph.nodes[1:]] == [(0,), (2, 0), (3, 1)]


def test_what_reads_nothing_but_constants_reads_the_first_input_where_it_is_counted(tmp_path: Path) -> None:
    """A graph whose outputs are several, or not the last one, ends in a view of all of them."""
    nodes = [node("Relu", "x", "a"), node("Abs", "a", "b"), node("Neg", "a", "c")]
    found = read_here(model(nodes, [given("x", 2, 3)], ["b", "c"]), tmp_path)
    assert found.graph.nodes[-1] == ("output", Counted("output", (2, 3), moved=0, view=True), (2, 3))
    found = read_here(model(nodes, [given("x", 2, 3)], ["b"]), tmp_path)
    assert found.graph.nodes[-1].inputs == (2,)
    assert len(read_here(model(nodes, [given("x", 2, 3)], ["c"]), tmp_path).graph.nodes) == 3
    found = read_here(model([node("Relu", "x", "a")], [given("x", 2, 3)], ["x"]), tmp_path)
    assert found.graph.nodes[-1] == ("output", Counted("output", (2, 3), moved=0, view=True), (0,))
    odd = [node("Mystery", "x", "m", domain="own"), node("Relu", "x", "a")]
    found = read_here(model(odd, [given("x", 2, 3)], ["m"]), tmp_path)
    assert found.graph.nodes[-1] == ("output", Counted("output", (0,), moved=0, view=True, sized=False), (1,))
    assert analyze(found.graph)


def test_further_outputs_that_are_read_are_tensors_of_their_own(tmp_path: Path) -> None:
    """Written once; one that nobody reads is none, and one that is an output of the graph is read."""
    made = [node("TopK", "x k", "v i"), node("Relu", "v", "y"), node("Cast", "i", "z", to=1)]
    found = read_here(model(made, [given("x", 2, 5)], ["y", "z"], [tensor("k", [3])]), tmp_path)
    top, places = found.graph.nodes[:2]
    assert (top.op.output_shape, top.inputs, places.name) == ((2, 3), (0,), "v.1")
    assert (places.op, places.inputs) == (Counted("top-k", (2, 3), moved=6), (1,))
    assert found.graph.value_types == ("fp32", "fp32", "int64", *["fp32"] * 3)
    alone = read_here(model(made[:2], [given("x", 2, 5)], ["y"], [tensor("k", [3])]), tmp_path)
    assert len(alone.graph.nodes) == 2
    both = read_here(model(made[:2], [given("x", 2, 5)], ["y", "i"], [tensor("k", [3])]), tmp_path)
    assert [one.name for one in both.graph.nodes] == ["v", "v.1", "y", "output"]


@pytest.mark.parametrize("op", ["Concat", "Sum", "SequenceConstruct"])
def test_every_input_of_a_long_operation_may_hold_weights(tmp_path: Path, op: str) -> None:
    """However many there are."""
    names = [f"w{number}" for number in range(70)]
    axis = {"axis": 0} if op == "Concat" else {}
    nodes = [node(op, " ".join(["x", *names]), "q", **axis)]
    nodes += [node("SequenceLength", "q", "y")] if op == "SequenceConstruct" else [node("Relu", "q", "y")]
    held = [weights(name, 2, 4) for name in names]
    assert costs(read_here(model(nodes, [given("x", 2, 4)], ["y"], held), tmp_path))[0] == 70 * 8
