"""Which type each tensor of a graph is of, and how many bytes that takes."""

from __future__ import annotations

import numpy as np
import pytest
from tables import each

from convcost.analysis import analyze
from convcost.analysis.analyze import tensor_types
from convcost.checks.verifier import judge
from convcost.graph.dtypes import BITS, OF_GRAPHS, bits_of, tensor_bytes, types_of, value_types
from convcost.graph.ops import Activation, Add, BatchNorm, Conv, Counted, Flatten, Graph, Linear, Node, Scale
from convcost.spec import DTYPES

#: 3 to 5 channels, 3 x 1 over 7 positions: 45 weights, 5 biases, 21 numbers in and 35 out.
CONV = Conv(3, 5, (3,), (1,), ((1, 1),), (1,), bias=True)
NODES = (Node("conv", CONV, (0,)), Node("norm", BatchNorm(5), (1,)), Node("relu", Activation("relu"), (2,)))


def graph(dtype: str) -> Graph:
    return Graph((1, 3, 7), dtype, NODES)


@each(
    ("dtype", "weights", "bias", "norm", "given", "made"),
    [
        ("fp64", 360, 40, 80, 168, 280),
        ("fp32", 180, 20, 40, 84, 140),
        ("fp16", 90, 10, 20, 42, 70),
        ("bf16", 90, 10, 20, 42, 70),
        ("fp8", 45, 5, 10, 21, 35),
        ("int16", 90, 40, 40, 42, 70),
        ("int8", 45, 20, 40, 21, 35),
        ("uint8", 45, 20, 40, 21, 35),
        ("int4", 23, 20, 40, 11, 18),
        ("binary", 6, 20, 40, 3, 5),
        ("w8a16", 45, 40, 40, 42, 70),
        ("w4a8", 23, 20, 40, 21, 35),
        ("w3a5", 17, 20, 40, 14, 22),
    ],
)
def test_bytes_of_every_tensor_by_hand(dtype: str, weights: int, bias: int, norm: int, given: int, made: int) -> None:
    """The last byte filled up; beside integers a bias has 32 bits, 64 with values of 16, and a norm's params 32."""
    found = analyze(graph(dtype))
    assert [op.cost.weight_bytes for op in found.ops] == [weights + bias, norm, 0]
    assert (found.cost.activation_bytes, found.peak_bytes) == (made, given + made)
    assert found.ops[0].cost.traffic_bytes == given + weights + bias + made
    assert judge(graph(dtype), found, True, "full").status == "verified"


def test_numpys_types_have_numpys_bits() -> None:
    """And the others the number in their names."""
    own = {"fp64": "f8", "fp32": "f4", "fp16": "f2", "bool": "?"}
    apart = {"bf16", "fp8", "fp4", "int4", "int2", "uint4", "uint2", "binary"}
    for name in set(BITS) - apart:
        assert BITS[name] == 8 * np.dtype(own.get(name, name)).itemsize
    assert {name: BITS[name] for name in apart} == {
        "bf16": 16, "fp8": 8, "fp4": 4, "int4": 4, "int2": 2, "uint4": 4, "uint2": 2, "binary": 1,
    }  # fmt: skip
    assert {name: BITS[name] for name in OF_GRAPHS} == DTYPES


def test_every_dtype_of_a_graph_has_its_bits() -> None:
    """And a name that is none is refused."""
    for dtype in OF_GRAPHS:
        assert bits_of(types_of(dtype).weights) == BITS[dtype]
    for wrong in ("int32", "w8", "wa", "w0a8", "w8a65", "w8a8a8", "fp33", "W8A8", "w8a٣"):
        with pytest.raises(ValueError, match=r"no dtype|1 to 64 bits"):
            types_of(wrong)


@each(
    ("dtype", "message"),
    [
        ("w1a1", ""), ("w64a64", ""), ("w9a64", ""), ("w65a8", "w65a8: integers have 1 to 64 bits"),
        ("w8a65", "w8a65: integers have 1 to 64 bits"), ("w0a8", "w0a8: integers have 1 to 64 bits"),
        ("w8a0", "w8a0: integers have 1 to 64 bits"), ("w100a8", "no dtype 'w100a8'"), ("8a8", "no dtype '8a8'"),
        ("w8", "no dtype 'w8'"), ("w8a", "no dtype 'w8a'"), ("wa8", "no dtype 'wa8'"),
    ],
)  # fmt: skip
def test_mixed_dtypes_have_one_to_sixty_four_bits(dtype: str, message: str) -> None:
    """Of each kind."""
    if message:
        with pytest.raises(ValueError) as caught:  # noqa: PT011  the message is compared
            types_of(dtype)
        assert str(caught.value) == message
    else:
        weights, _, values = dtype[1:].partition("a")
        assert (types_of(dtype).weights, types_of(dtype).values) == (f"int{weights}", f"int{values}")


def test_every_value_has_a_type_and_the_input_is_one() -> None:
    assert value_types(graph("w4a8")) == ("int8",) * 4
    assert value_types(MIXED) == ("fp32", "fp32", "fp16", "fp16")


def test_a_tensor_takes_the_bytes_that_it_begins() -> None:
    """Of numbers narrower than a byte."""
    assert [tensor_bytes(4, n) for n in range(4)] == [0, 1, 1, 2]
    assert tensor_bytes(1, 10**18) == 125 * 10**15
    assert tensor_bytes(12, 3) == 5


#: int8 weights with an int32 bias, between float32 values, as a file says it; the norm in two types.
MIXED = Graph(
    (1, 3, 7), "int8", NODES,
    value_types=("fp32", "fp32", "fp16", "fp16"),
    weight_types=((("int8", 45), ("int32", 5)), (("fp32", 5), ("fp16", 5)), ()),
)  # fmt: skip


def test_types_that_a_file_says_go_before_those_of_the_dtype() -> None:
    """Each value's and each weight's; what is written over has numbers as wide as what is written."""
    found = analyze(MIXED)
    assert [op.cost.weight_bytes for op in found.ops] == [45 + 20, 20 + 10, 0]
    assert [op.in_place for op in found.ops] == [False, False, True]  # 16 bits are not written over 32
    assert found.cost.activation_bytes == 4 * 35 + 2 * 35
    assert [op.peak_bytes for op in found.ops] == [4 * (21 + 35), 4 * 35 + 2 * 35, 2 * 35]
    assert found.ops[1].cost.traffic_bytes == 4 * 35 + 30 + 2 * 35
    assert judge(MIXED, found, True, "full").status == "verified"


def test_types_of_other_numbers_than_were_read_are_noticed() -> None:
    """The execution reads arrays, and what is said of them must be as large."""
    wrong = MIXED._replace(weight_types=((("int8", 44), ("int32", 5)), (("fp32", 10),), ()))
    with pytest.raises(ValueError, match="conv: 50 numbers were read"):
        judge(wrong, analyze(wrong), True, "full")


def test_the_types_of_a_graph_by_how_many_weights_have_them() -> None:
    """Those of values alone come last."""
    assert tensor_types(graph("w4a8")) == {"int4": 45, "int32": 5, "fp32": 10, "int8": 0}
    assert tensor_types(MIXED).most_common(1) == [("int8", 45)]
    assert set(tensor_types(MIXED)) == {"int8", "int32", "fp32", "fp16"}


def test_what_is_counted_by_definition_and_a_scale_have_types_too() -> None:
    """Params of the former are weights, a factor is a norm's; what it moves has the type of its output."""
    counted = Counted("odd", (1, 4), params=6, moved=10)
    nodes = (Node("scale", Scale(3), (0,)), Node("counted", counted, (1,)), Node("flat", Flatten(), (2,)),
             Node("linear", Linear(4, 3, True), (3,)), Node("add", Add(), (4, 4)))  # fmt: skip
    found = analyze(Graph((1, 3, 7), "w4a16", nodes))
    assert [op.cost.weight_bytes for op in found.ops] == [12, 3, 0, 6 + 24, 0]
    assert found.ops[1].cost.traffic_bytes == 20
    assert judge(Graph((1, 3, 7), "w4a16", nodes), found, True, "full").status == "verified"
