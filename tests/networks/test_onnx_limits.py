"""How much of an ONNX file is read, walked and computed: what lies at a limit is, and one more is not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from networks.onnx_models import model, onnx, read_here
from networks.test_onnx_control import walked
from networks.test_onnx_walk import costs, given, node, tensor, weights
from tables import each

from convcost.graph.ops import Activation, Graph, Node
from convcost.networks.onnx import constants, evaluate, read
from convcost.networks.onnx.integers import INT64, Plain, compute
from convcost.networks.onnx.load import load
from convcost.networks.onnx.translate import Walk
from convcost.networks.onnx.values import show_name
from convcost.networks.onnx.wire import Malformed, without_weights
from convcost.networks.written import file
from convcost.networks.written.file import onnx_pieces, writable
from convcost.networks.written.learned import ones
from convcost.spec.errors import SpecError

helper = onnx.helper

NO_SIZE = "the size of its output is not known"


def functions(count: int) -> list[Any]:
    """Functions each of which calls the one before."""
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("own", 1)]
    return [
        helper.make_function("own", f"f{i}", ["x"], ["z"],
                             [node(f"f{i - 1}" if i else "Relu", "x", "z", "own" if i else "")], opsets)
        for i in range(count)
    ]  # fmt: skip


@pytest.mark.parametrize("depth", [101, 102])
def test_101_functions_may_be_inside_one_another(tmp_path: Path, depth: int) -> None:
    made = model([node(f"f{depth - 1}", "x", "y", "own")], [given("x", 5)], ["y"], functions=functions(depth))
    if depth == 101:
        assert len(read_here(made, tmp_path).graph.nodes) == 1
    else:
        with pytest.raises(SpecError, match="its functions are nested too deeply"):
            read_here(made, tmp_path)


@pytest.mark.parametrize(("size", "most"), [(20_000, 6_500), (20_009, 6_500), (20_010, 6_501)])
def test_a_file_may_have_4500_operations_and_one_for_each_ten_bytes(tmp_path: Path, size: int, most: int) -> None:
    """However they are repeated."""
    made = model([node("Relu", "x", "y")], [given("x", 5)], ["y"])
    made.doc_string = "a" * 19_000
    made.doc_string += "a" * (size - made.ByteSize())
    path = tmp_path / "model.onnx"
    path.write_bytes(made.SerializeToString())
    assert Walk(load(str(path), {}, None), lambda _: None).most == most


@pytest.mark.parametrize(("columns", "params"), [(4, 4 * 8), (5, 5 * 8 + 4 * 5)])
def test_a_table_of_coordinates_has_four_columns_at_most(tmp_path: Path, columns: int, params: int) -> None:
    nodes = [node("MatMul", "c w", "t"), node("Add", "x t", "y")]
    tensors = [weights("c", 4, columns), weights("w", columns, 8)]
    assert costs(read_here(model(nodes, [given("x", 4, 8)], ["y"], tensors), tmp_path))[0] == params


@pytest.mark.parametrize("most", [3, 2])
def test_a_constant_is_made_of_so_many_others_at_most(
    tmp_path: Path, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "MOST_ROOTS", most)
    nodes = [node("Concat", "u v w", "c", axis=0), node("Add", "x c", "y")]
    made = model(nodes, [given("x", 6, 4)], ["y"], [weights(name, 2, 4) for name in "uvw"])
    if most == 3:
        assert costs(read_here(made, tmp_path))[0] == 24
    else:
        with pytest.raises(SpecError, match="its constants are made of too many others"):
            read_here(made, tmp_path)


def test_a_tensor_may_have_no_numbers_and_never_fewer(tmp_path: Path) -> None:
    nodes = [node("Concat", "x w", "y", axis=0)]
    assert costs(read_here(model(nodes, [given("x", 6, 4)], ["y"], [weights("w", 0, 4)]), tmp_path))[0] == 0
    less = onnx.TensorProto(name="w", dims=[4, -5, -3], data_type=1)
    with pytest.raises(SpecError, match="a tensor in it has -5 numbers along an axis"):
        read_here(model(nodes, [given("x", 6, 4)], ["y"], [less]), tmp_path)


@pytest.mark.parametrize(
    ("kinds", "params"),
    [
        ((1, 2, 3, 6, 10, 11, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 31), 32),
        ((4, 5, 7, 8, 9, 12, 13, 14, 15, 32), 0),
    ],
)
def test_floats_and_integers_of_up_to_8_bits_can_be_learned(tmp_path: Path, kinds: Any, params: int) -> None:
    """And 32 bits, which biases have; larger ones, truths, texts and complex numbers cannot."""
    for kind in kinds:
        held = onnx.TensorProto(name="w", dims=[4, 8], data_type=kind)
        found = read_here(model([node("Add", "x w", "y")], [given("x", 4, 8)], ["y"], [held]), tmp_path)
        assert (kind, costs(found)[0]) == (kind, params)


@pytest.mark.parametrize("last", [10**15, 10**15 + 1])
def test_loops_run_as_often_as_a_tensor_may_have_numbers(tmp_path: Path, last: int) -> None:
    """10 to the power of 60 times, each inside of another."""
    inner = node("Relu", "x", "y0")
    for level in range(4):
        names = [given(f"i{level}", kind=7), given(f"c{level}", kind=9)]
        outs = [helper.make_empty_tensor_value_info(name) for name in (f"c{level}", f"y{level}")]
        body = helper.make_graph([inner], "b", names, outs)
        inner = node("Loop", "last -" if level == 3 else "n -", f"y{level + 1}", body=body)
    made = model([inner, node("Abs", "x", "z")], [given("x", 1)], ["z"], [tensor("n", 10**15), tensor("last", last)])
    if last == 10**15:
        assert 10**60 in [getattr(one.op, "times", 0) for one in read_here(made, tmp_path).graph.nodes]
    else:
        with pytest.raises(SpecError, match="its loops run too often to be counted"):
            read_here(made, tmp_path)


@pytest.mark.parametrize(("more", "listed"), [(0, []), (1, [("Einsum", "what it computes is too much to count")])])
def test_an_operation_counts_up_to_200_digits(tmp_path: Path, more: int, listed: list[Any]) -> None:
    """Five operands are four products for each of 25 times 10 to the power of 198: that many, and not one more."""
    sizes = [25 * 10**15, *[10**17] * 10, 10**13 + more]
    groups = [sizes[:3], sizes[3:6], sizes[6:8], sizes[8:10], sizes[10:]]
    equation = "abc,def,gh,ij,kl->"
    inputs = [given(f"x{number}", *group) for number, group in enumerate(groups)]
    found = read_here(model([node("Einsum", "x0 x1 x2 x3 x4", "y", equation=equation)], inputs, ["y"]), tmp_path)
    assert [(missing.op, missing.reason) for missing in found.unknown] == listed
    assert costs(found)[1] == (0 if listed else 10**200)


@pytest.mark.parametrize(("length", "shown"), [(120, "a" * 120), (121, "a" * 119 + "…")])
def test_of_a_name_120_characters_are_shown(length: int, shown: str) -> None:
    """The last of them says that there are more."""
    assert show_name("a" * length) == shown


def relus() -> Any:
    """Five tensors are alive over three steps: the input twice, the first result twice, the second once."""
    return model([node("Relu", "x", "a"), node("Abs", "x", "b"), node("Add", "a b", "y")], [given("x", 2, 3)], ["y"])


@pytest.mark.parametrize("missing", [0, 1])
def test_as_many_tensors_are_alive_as_a_file_and_its_bytes_allow(
    tmp_path: Path, missing: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = relus()
    path = tmp_path / "model.onnx"
    path.write_bytes(made.SerializeToString())
    size = load(str(path), {}, None).ByteSize()
    monkeypatch.setattr(read, "ALIVE_A_CHARACTER", 3)
    monkeypatch.setattr(read, "MOST_ALIVE", 5 - 3 * size - missing)
    if missing:
        with pytest.raises(SpecError, match="too many tensors are alive at once"):
            read_here(made, tmp_path)
    else:
        assert len(read_here(made, tmp_path).graph.nodes) == 3


def a_tensor(size: int, kind: int) -> Any:
    """A tensor whose record has so many bytes."""
    held = onnx.TensorProto(name="w", dims=[2, 3], data_type=kind, raw_data=bytes(size - 30))
    held.name += "w" * (size - held.ByteSize())
    assert held.ByteSize() == size
    return held


@each(
    ("size", "kind", "kept"),
    [(1024, 1, True), (1025, 1, False), (32_768, 7, True), (32_769, 7, False), (32_768, 6, True), (32_768, 9, True),
     (32_768, 5, False), (32_768, 8, False), (32_768, 10, False)],
)  # fmt: skip
def test_tensors_of_a_kilobyte_are_read_and_integers_of_32(size: int, kind: int, kept: bool) -> None:
    """Integers of 32 and 64 bits, and truths: shapes can be computed of these."""
    whole = onnx.ModelProto(graph=onnx.GraphProto(name="g" * 2000, initializer=[a_tensor(size, kind)]))
    assert (without_weights(whole.SerializeToString()) == whole.SerializeToString()) == kept


def nested(graph: Any, levels: int) -> Any:
    """A model of a graph so many graphs deep."""
    for _ in range(levels):
        attribute = onnx.AttributeProto(name="a", g=graph)
        graph = onnx.GraphProto(name="g", node=[onnx.NodeProto(op_type="If", attribute=[attribute])])
    return onnx.ModelProto(graph=graph).SerializeToString()


def test_messages_are_60_deep_at_most() -> None:
    """A graph in a graph is three deeper than that one; what holds a tensor in an operation two deeper."""
    constant = onnx.NodeProto(op_type="Constant", attribute=[onnx.AttributeProto(name="v", t=a_tensor(8000, 1))])
    assert len(without_weights(nested(onnx.GraphProto(name="g", node=[constant]), 19))) < 1000
    with pytest.raises(Malformed, match="it is nested too deeply"):
        without_weights(nested(onnx.GraphProto(name="g", initializer=[a_tensor(8000, 1)]), 20))


@pytest.mark.parametrize("count", [65_536, 65_537])
def test_tensors_of_65536_numbers_are_computed(tmp_path: Path, count: int) -> None:
    """Whoever needs a larger one is listed."""
    nodes = [node("ConstantOfShape", "n", "f", value=tensor("", [1])), node("ReduceSum", "f", "s", keepdims=1),
             node("Expand", "x s", "y")]  # fmt: skip
    found = read_here(model(nodes, [given("x", 1)], ["y"], [tensor("n", [count])], 11), tmp_path)
    assert [missing.reason for missing in found.unknown] == ([NO_SIZE] if count > 65_536 else [])


@pytest.mark.parametrize("count", [65_536, 65_537])
def test_a_tensor_of_65536_numbers_is_read_to_compute_with(tmp_path: Path, count: int) -> None:
    """Of the file; a larger one is not."""
    held = helper.make_tensor("f", 9, [count], bytes(count), raw=True)
    nodes = [node("Cast", "f", "i", to=7), node("ReduceSum", "i", "s", keepdims=1), node("Add", "s one", "t"),
             node("Expand", "x t", "y")]  # fmt: skip
    tensors = [held, tensor("one", [1])]
    evaluator = evaluate.Evaluator()
    made = evaluator.made(evaluate.Content(held))
    assert (made is None) == (count > 65_536)
    assert read_here(model(nodes, [given("x", 1)], ["y"], tensors, 11), tmp_path).graph.nodes


@pytest.mark.parametrize(
    ("limit", "most", "known"),
    [("MOST_STEPS", 3, True), ("MOST_STEPS", 2, False), ("MOST_COMPUTED", 8, True), ("MOST_COMPUTED", 7, False)],
)
def test_so_many_operations_are_computed_for_one_model_and_so_many_numbers(
    tmp_path: Path, limit: str, most: int, known: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three sums, of one number and one, of two and one, and of two and one."""
    monkeypatch.setattr(evaluate, limit, most)
    nodes = [node("Add", "one one", "a"), node("Add", "two one", "b"), node("Add", "b one", "c"),
             node("Expand", "x a", "u"), node("Expand", "x c", "y")]  # fmt: skip
    tensors = [tensor("one", [1]), tensor("two", [2, 2])]
    found = read_here(model(nodes, [given("x", 1)], ["u", "y"], tensors), tmp_path)
    assert [missing.first for missing in found.unknown] == ([] if known else ["y"])


@each(
    ("count", "number", "known"),
    [(256, 0, True), (257, 0, False), (1, 2**63 - 1, True), (1, 2**63, False), (1, -(2**63), True),
     (1, -(2**63) - 1, False)],
)  # fmt: skip
def test_256_integers_of_64_bits_are_computed_in_plain_python(count: int, number: int, known: bool) -> None:
    """The reference is asked for more of them, and for how larger ones wrap around."""
    made = compute(node("Identity", "a", "b"), [Plain((number,) * count, (count,))], (count,), INT64)
    assert (made is not None) == known


@pytest.mark.parametrize("length", [16_384, 16_385])
def test_a_note_of_16384_characters_is_read(tmp_path: Path, length: int) -> None:
    """It names what its operation reads."""
    around = len('convcost:["Activation",["silu"],[""],2]')
    nodes = (Node("n" * (length - around), Activation("relu"), (0,)), Node("silu", Activation("silu"), (1,)))
    made = b"".join(onnx_pieces(writable(Graph((1, 2, 4), "fp32", nodes)), ones, "1"))
    found = read_here(onnx.ModelProto.FromString(made), tmp_path)
    assert (found.graph.nodes[-1].op == Activation("silu")) == (length == 16_384)


def test_a_file_holds_as_much_as_its_encoding_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything that is in its graph: operations, tensors, sizes."""
    graph = Graph((1, 2, 4), "fp32", (Node("n", Activation("relu6"), (0,)),))
    whole = onnx.ModelProto.FromString(b"".join(onnx_pieces(writable(graph), ones, "1")))
    monkeypatch.setattr(file, "LARGEST_FILE", whole.graph.ByteSize())
    assert next(onnx_pieces(writable(graph), ones, "1"))
    monkeypatch.setattr(file, "LARGEST_FILE", whole.graph.ByteSize() - 1)
    with pytest.raises(SpecError) as caught:
        next(onnx_pieces(writable(graph), ones, "1"))
    assert caught.value.hint == "an ONNX file holds 2 GB at most"


def test_a_walk_tells_how_far_it_is(tmp_path: Path) -> None:
    """Each operation, as it comes."""
    told: list[int] = []
    path = tmp_path / "model.onnx"
    path.write_bytes(relus().SerializeToString())
    loaded = load(str(path), {}, None)
    Walk(loaded, told.append).model(loaded)
    assert told == [1, 2, 3]
    assert walked(relus(), tmp_path, 3).nodes
