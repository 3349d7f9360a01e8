"""An ONNX file as bytes, and the numbers in it: what the onnx package would write, and what is put in by hand."""

from __future__ import annotations

import math
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tables import each

from convcost.graph import ops
from convcost.graph.ops import Activation, Graph, Node
from convcost.networks.build import build_network
from convcost.networks.program import read_program
from convcost.networks.written.encode import Step, encode_integers, encode_step, encode_value, varint
from convcost.networks.written.file import onnx_pieces, writable
from convcost.networks.written.learned import (
    Fill,
    Tensor,
    from_file,
    learned_tensors,
    noise,
    ones,
    parts_of,
    upper_half,
)
from convcost.spec import SpecError

onnx = pytest.importorskip("onnx", reason="it writes the same files")
helper = onnx.helper


@each(
    ("number", "groups"),
    [(0, "00"), (1, "01"), (127, "7f"), (128, "80 01"), (300, "ac 02"), (16_383, "ff 7f"), (16_384, "80 80 01"),
     (2**63, "80 80 80 80 80 80 80 80 80 01"), (-1, "ff ff ff ff ff ff ff ff ff 01"),
     (-2, "fe ff ff ff ff ff ff ff ff 01")],
)  # fmt: skip
def test_a_number_is_written_in_groups_of_seven_bits(number: int, groups: str) -> None:
    """The lowest first, each but the last with its highest bit set; a negative one has 64 bits."""
    assert varint(number).hex(" ") == groups


@each(
    "attributes",
    [{}, {"a": 1.5}, {"a": -3}, {"a": "text"}, {"a": (1, 2, 300)}, {"a": 0, "b": 0.1, "c": "", "d": (-1,)}],
)
def test_an_operation_is_written_as_the_package_writes_it(attributes: dict[str, Any]) -> None:
    """A float, an integer, a text, integers, each in the field of its type; with a note, and without one."""
    for note in ("", "a note"):
        wanted = helper.make_node("Conv", ["x", "", "w"], ["y"], name="conv", doc_string=note, **attributes)
        found = encode_step(Step("conv", "Conv", ("x", "", "w"), "y", attributes, note))
        assert onnx.NodeProto.FromString(found) == wanted
        assert onnx.NodeProto.FromString(found).SerializeToString() == found


def test_integers_and_values_are_written_as_the_package_writes_them() -> None:
    """Integers of 64 bits as they lie in memory; a value with its name, type and sizes."""
    content = struct.pack("<3q", 1, -2, 2**40)
    wanted = onnx.TensorProto(dims=[3], data_type=7, name="sizes", raw_data=content)
    assert encode_integers("sizes", (1, -2, 2**40)) == wanted.SerializeToString()
    assert encode_value("x", 10, (1, 3, 500)) == helper.make_tensor_value_info("x", 10, (1, 3, 500)).SerializeToString()


def made_of(graph: Graph, fill: Fill, name: str = "own") -> Any:
    """A graph written, and read by the package."""
    content = b"".join(onnx_pieces(writable(graph, name), fill, "1.2"))
    model = onnx.ModelProto.FromString(content)
    assert model.SerializeToString() == content
    return model


@each(
    ("dtype", "kind", "opset", "ir", "one"),
    [("fp32", 1, 20, 9, "0000803f"), ("fp64", 11, 20, 9, "000000000000f03f"), ("fp16", 10, 20, 9, "003c"),
     ("bf16", 16, 22, 10, "803f")],
)  # fmt: skip
def test_a_file_says_who_wrote_it_and_for_which_version(dtype: str, kind: int, opset: int, ir: int, one: str) -> None:
    """Of each type: operations, tensors, integers, its input and its output."""
    graph = build_network(read_program(f"input 4 @5x6 {dtype}\na: standard 6 k1 bias\nb: shuffle g2\nrelu6")).graph
    model = made_of(graph, ones)
    assert (model.producer_name, model.producer_version, model.ir_version) == ("convcost", "1.2", ir)
    assert [(entry.domain, entry.version) for entry in model.opset_import] == [("", opset)]
    assert model.graph.name == "own"
    (given,), (out,) = model.graph.input, model.graph.output
    assert given == helper.make_tensor_value_info("input", kind, (1, 4, 5, 6))
    assert out == helper.make_tensor_value_info(graph.nodes[-1].name, kind, (1, 6, 5, 6))
    held = {tensor.name: tensor for tensor in model.graph.initializer}
    assert (held["a.weight"].dims, held["a.weight"].data_type) == ([6, 4, 1, 1], kind)
    assert held["a.weight"].raw_data.hex() == one * 24
    assert (held["a.bias"].dims, held["a.bias"].raw_data.hex()) == ([6], one * 6)
    six = {"fp32": "0000c040", "fp64": "0000000000001840", "fp16": "0046", "bf16": "c040"}[dtype]
    (most,) = [tensor for name, tensor in held.items() if name.endswith("/most")]
    assert (most.dims, most.data_type, most.raw_data.hex()) == ([], kind, six)
    onnx.checker.check_model(model)


def graph_bytes(graph: Graph, name: str) -> int:
    """How long a file says that its graph is, behind who wrote it: nothing of what is in it is made."""
    first = next(onnx_pieces(writable(graph, name), lambda *_: iter(()), "1"))
    assert first[:16] == b"\x08\x09\x12\x08convcost\x1a\x011:"
    return sum([(byte & 127) << 7 * place for place, byte in enumerate(first[16:21])])


def test_a_graph_has_2147483647_bytes_at_most() -> None:
    """What 31 bits can say: a matrix of nearly as many, and a name as long as it may be beside it."""
    graph = Graph((1, 23_170), "fp32", (Node("a", ops.Linear(23_170, 23_170), (0,)),))
    fits = 2**31 - 1 - graph_bytes(graph, "a" * 70_000) + 70_000
    assert graph_bytes(graph, "a" * fits) == 2**31 - 1
    with pytest.raises(SpecError, match="bytes of weights"):
        graph_bytes(graph, "a" * (fits + 1))


def test_names_that_nodes_share_are_made_different() -> None:
    """From that of the input, too; a number that is taken is not taken again."""
    names = ["input", "a", "a", "a#2", "a", "b"]
    nodes = tuple([Node(name, Activation("relu"), (value,)) for value, name in enumerate(names)])
    model = made_of(Graph((1, 2, 3), "fp32", nodes), ones)
    assert [node.name for node in model.graph.node] == ["input#2", "a", "a#2", "a#2#2", "a#3", "b"]
    assert [node.input[0] for node in model.graph.node] == ["input", "input#2", "a", "a#2", "a#2#2", "a#3"]


def test_what_cannot_be_written_is_marked() -> None:
    """The type as it was asked for; types that are mixed by their names."""
    with pytest.raises(SpecError) as caught:
        writable(Graph((1, 2, 3), "int8", ()))
    assert caught.value.hint.startswith("there are fp32, fp16, fp64, bf16;")
    assert (caught.value.text, caught.value.start, caught.value.end) == ("int8", 0, 4)
    nodes = (Node("a", Activation("relu"), (0,)),)
    with pytest.raises(SpecError, match="own cannot be exported: its tensors are fp16, fp32"):
        writable(Graph((1, 2, 3), "fp32", nodes, ("fp32", "fp16")), "own")
    assert writable(Graph((1, 2, 3), "fp32", nodes, ("fp32", "fp32")), "own").steps


def pads(axes: int) -> tuple[tuple[int, int], ...]:
    return ((0, 0),) * axes


def conv(*fields: Any, **more: Any) -> ops.Conv:
    return ops.Conv(*fields, **more)


#: What each operation learns: parts, their sizes, and how large their numbers are: a kernel's are the root of 1.4 over
#: how many of them are added up.
LEARNED: list[tuple[Any, list[tuple[str, tuple[int, ...], float]]]] = [
    (conv(4, 6, (3, 5), (1, 1), pads(2), (1, 1), 2, True),
     [("weight", (6, 2, 3, 5), math.sqrt(1.4 / 30)), ("bias", (6,), 0.1)]),
    (conv(4, 6, (3,), (1,), pads(1), (1,), 2, transposed=True, output_padding=(0,)),
     [("weight", (4, 3, 3), math.sqrt(1.4 / 6))]),
    (ops.Linear(5, 7, True), [("weight", (7, 5), math.sqrt(1.4 / 5)), ("bias", (7,), 0.1)]),
    (ops.Linear(5, 7), [("weight", (7, 5), math.sqrt(1.4 / 5))]),
    (ops.Scale(4, "prelu"), [("weight", (4,), 0.25)]),
    (ops.Scale(4), [("weight", (4,), 1.0)]),
    (ops.BatchNorm(8), [("weight", (8,), 1.0), ("bias", (8,), 0.1)]),
    (ops.LayerNorm(8), [("weight", (8,), 1.0), ("bias", (8,), 0.1)]),
    (ops.Norm("group-norm", 8, 2), [("weight", (8,), 1.0), ("bias", (8,), 0.1)]),
    (ops.Norm("rms-norm", 8), [("weight", (8,), 1.0)]),
    (ops.Norm("instance-norm", 8, 8, False), []),
    (ops.Tokens(2, 8, 50), [("tokens", (2, 8), 1.0), ("positions", (50, 8), 0.1)]),
    (ops.Tokens(0, 8, 50), [("positions", (50, 8), 0.1)]),
    (ops.Shuffle(2), []), (ops.Add(), []), (ops.Activation("relu"), []),
]  # fmt: skip


@each(("op", "parts"), LEARNED, ids=[f"{type(op).__name__}-{i}" for i, (op, _) in enumerate(LEARNED)])
def test_what_an_operation_learns_has_these_sizes(op: Any, parts: list[tuple[str, tuple[int, ...], float]]) -> None:
    found = parts_of(op, "node")
    assert [(one.node, one.part, one.dims) for one in found] == [("node", part, dims) for part, dims, _ in parts]
    assert [one.size for one in found] == pytest.approx([size for *_, size in parts])


def test_what_is_shared_is_that_of_the_first_of_the_same_sizes() -> None:
    """Of the same operation; one without a first has its own."""
    one, other = ops.Linear(4, 4), ops.Linear(4, 4, True)
    shared = [op._replace(shared=True) for op in (one, other)]
    nodes = [Node(name, op, (0,)) for name, op in zip("abcde", [one, one, shared[0], shared[1], other])]
    found = learned_tensors(Graph((1, 4), "fp32", tuple(nodes)), "abcde")
    assert [tensor[0].name for tensor in found] == ["a.weight", "b.weight", "a.weight", "d.weight", "e.weight"]


def exponents(fill: Fill, tensor: Tensor, dtype: str = "fp32") -> int:
    """The power of two below all numbers that a tensor is filled with."""
    numbers = np.frombuffer(b"".join(fill(tensor, dtype)), {"fp32": "<f4", "fp16": "<f2", "fp64": "<f8"}[dtype])
    (found,) = {*np.floor(np.log2(np.abs(numbers.astype(float)))).astype(int).tolist()}
    return int(found)


def test_what_a_kernel_is_too_large_by_the_next_one_makes_good() -> None:
    """Numbers even between 1 and 2 are 2 to the power of 0.611 on the whole: -0.611, then -0.222, then -0.834 …

    A bias is as large as it can be by itself, and leaves the others alone.
    """
    fill, kernel = noise(3), Tensor("a", "weight", (50,), 1.0)
    found = [exponents(fill, kernel._replace(node=str(number))) for number in range(6)]
    assert found == [-1, 0, -1, 0, -1, -1]
    fill = noise(3)
    parts = [kernel, kernel._replace(part="bias"), kernel._replace(part="bias"), kernel]
    assert [exponents(fill, part) for part in parts] == [-1, 0, 0, 0]


@pytest.mark.parametrize(("dtype", "least"), [("fp16", -14), ("fp32", -126), ("fp64", -130)])
def test_noise_is_never_smaller_than_the_type_has_at_full_precision(dtype: str, least: int) -> None:
    """An exponent of 1 above the one of zero; the largest type has smaller ones than that."""
    assert exponents(noise(3), Tensor("a", "weight", (50,), 2.0**-129), dtype) == least


def test_noise_is_made_in_pieces() -> None:
    """Of 65,536 numbers, and the rest; each piece goes on where the one before it ended."""
    pieces = [*noise(1)(Tensor("a", "weight", (3, 65_536 // 2 + 1), 1.0), "fp16")]
    assert [len(piece) for piece in pieces] == [131_072, 2 * (32_768 + 3)]
    assert pieces[0][: len(pieces[1])] != pieces[1]
    assert [len(piece) for piece in noise(1)(Tensor("a", "weight", (65_536,), 1.0), "fp16")] == [131_072]


@each(
    ("bits", "half"),
    [
        (0x3F80_0000, 0x3F80), (0x3F80_7FFF, 0x3F80), (0x3F80_8000, 0x3F80), (0x3F80_8001, 0x3F81),
        (0x3F81_7FFF, 0x3F81), (0x3F81_8000, 0x3F82), (0xBF81_8000, 0xBF82),
    ],
)  # fmt: skip
def test_half_of_the_bits_are_rounded_to_even(bits: int, half: int) -> None:
    """What lies in the middle goes to the one whose last bit is 0."""
    assert upper_half(bits) == half


def test_weights_that_a_file_has_not_are_told_with_those_that_it_has(tmp_path: Path) -> None:
    """Eight of them at most; and sizes that are others, with those that belong there."""
    np.savez(tmp_path / "w.npz", **{f"n{number}": np.ones(2) for number in range(9)})
    fill = from_file(tmp_path / "w.npz")
    with pytest.raises(SpecError) as caught:
        list(fill(Tensor("conv", "bias", (3,), 1.0), "fp32"))
    assert (caught.value.message, caught.value.hint) == (
        "w.npz has no 'conv.bias'", "it has n0, n1, n2, n3, n4, n5, n6, n7",
    )  # fmt: skip
    np.savez(tmp_path / "w.npz", **{"conv.bias": np.ones((2, 2))})
    with pytest.raises(SpecError) as caught:
        list(from_file(tmp_path / "w.npz")(Tensor("conv", "bias", (3,), 1.0), "fp32"))
    assert (caught.value.message, caught.value.hint) == (
        "conv.bias is (2, 2) in w.npz", "it belongs to be (3,)",
    )  # fmt: skip
    np.savez(tmp_path / "w.npz")
    with pytest.raises(SpecError) as caught:
        list(from_file(tmp_path / "w.npz")(Tensor("conv", "bias", (3,), 1.0), "fp32"))
    assert caught.value.hint == "it has nothing"
    with pytest.raises(SpecError, match="cannot be read: No such file or directory"):
        from_file(tmp_path / "none.npz")


@pytest.mark.parametrize(("dtype", "hexed"), [("fp16", "00bc"), ("fp32", "000080bf"), ("fp64", "000000000000f0bf")])
def test_weights_of_a_file_are_written_in_the_type_of_the_graph(tmp_path: Path, dtype: str, hexed: str) -> None:
    """Whatever theirs is."""
    np.savez(tmp_path / "w.npz", **{"conv.bias": np.full(3, -1, "<i8")})
    assert b"".join(from_file(tmp_path / "w.npz")(Tensor("conv", "bias", (3,), 1.0), dtype)).hex() == hexed * 3
