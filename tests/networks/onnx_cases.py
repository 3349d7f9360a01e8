"""ONNX models that are nearly right, and models of up to 64 KiB that are made to take long or much."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from convcost.networks.onnx.rules import RULES

onnx = pytest.importorskip("onnx", reason="reading ONNX files needs the onnx extra")

SIZE = 65536

_HEAD = '<ir_version: 8, opset_import: ["" : 17, "own" : 1]>\n'

#: A small model of every kind that the reader knows.
TEXTS = [
    "g (float[1,4,8,8] x) => (float[1,4,4,4] y) <float[4,4,3,3] w = {0}> {"
    " a = Conv<pads=[1,1,1,1], strides=[2,2]>(x, w) b = BatchNormalization(a, w, w, w, w) y = Relu(b) }",
    "g (float[N,8] x, float[8,4] w) => (float[N,4] y) { a = MatMul(x, w) b = Gemm(x, w) y = Add(a, b) }",
    "g (float[1,8] x, float[8,8] w) => (float[1,8] y) { n = Constant<value = int64 {5}>() y = Loop <body = b "
    "(int64 i, bool ci, float[1,8] a) => (bool co, float[1,8] ao) { co = Identity(ci) ao = MatMul(a, w) }> (n, , x) }",
    "g (bool c, float[2,3] x, float[3,3] w) => (float[2,3] y) { y = If (c) <then_branch = t () => (float[2,3] p) "
    "{ p = Relu(x) }, else_branch = e () => (float[2,3] q) { q = MatMul(x, w) }> }",
    "g (float[5,3] x, float[3] s) => (float[3] y, float[5,3] z) { y, z = Scan <num_scan_inputs = 1, body = b "
    "(float[3] a, float[3] p) => (float[3] q, float[3] r) { q = Add(a, p) r = Relu(q) }> (s, x) }",
    "g (float[7,2,3] x, float[1,16,3] w, float[1,16,4] r) => (float[7,1,2,4] y) { y, h, c = LSTM<hidden_size=4>"
    "(x, w, r) }",
    'g (float[5,2,3] x, float[5,3,4] w) => (float[5,2,4] y) { y = Einsum<equation = "bij,bjk->bik">(x, w) }',
    "g (float[1,6,8,8] x) => (float[1,6,9,9] y) { a, b = Split<axis=1>(x) c = Concat<axis=1>(b, a) "
    "d = MaxPool<kernel_shape=[2,2]>(c) e = GlobalAveragePool(d) s = Shape(e) f = Reshape(e, s) y = Mul(x, f) }",
    "g (float[2,3] x) => (float[2,3] y) { y = own.twice(x) }\n"
    '<opset_import: ["" : 17], domain: "own"> twice (x) => (z) { a = Relu(x) z = Relu(a) }',
    "g (float[1,2,5,4] x, float[2,3,3,1] w) => (float[1,3,11,7] y) { y = ConvTranspose<strides=[2,2]>(x, w) }",
    "g (int64[2] x) => (float[2,2] y) { a = ConstantOfShape(x) b = Expand(a, x) c = Tile(b, x) y = own.Mystery(c) }",
]

#: Sizes that take the place of others.
_SIZES = st.sampled_from((-1, 0, 1, 3, 10**9, 2**31, 10**17, 2**63 - 1, -(2**63)))
_NAMES = st.sampled_from(("", "x", "w", "y", "a", "b", "n", "\x1b[2J", "日本", "a" * 300))


def parsed(text: str) -> Any:
    """A model that `text` describes, in ONNX's own notation, weights filled in."""
    return onnx.parser.parse_model(_HEAD + text.replace("{0}", "{" + ",".join("0" * 144) + "}"))


MODELS = [parsed(text).SerializeToString() for text in TEXTS]


@st.composite
def broken_models(draw: DrawFn) -> bytes:
    """A small model with a few of its fields changed, and sometimes with bytes of it turned over, lost or doubled."""
    model = onnx.ModelProto.FromString(draw(st.sampled_from(MODELS)))
    for _ in range(draw(st.integers(0, 4))):
        _change(draw, model)
    data = bytearray(model.SerializeToString())
    for _ in range(draw(st.sampled_from((0, 0, 0, 1, 3)))):
        at = draw(st.integers(0, max(len(data) - 1, 0)))
        piece = data[at : at + draw(st.integers(1, 40))]
        how = draw(st.sampled_from(("flip", "flip", "cut", "lose", "double", "huge")))
        new = {"flip": bytes([byte ^ 1 << at % 8 for byte in piece[:1]]) + piece[1:], "double": piece * 2, "huge":
               b"\xff" * 4 + piece}.get(how, b"")  # fmt: skip
        data[at : len(data) if how == "cut" else at + len(piece)] = new
    return bytes(data)


def _change(draw: DrawFn, model: Any) -> None:
    """Another size, name, operation or attribute somewhere in the graph, or a node less or twice."""
    graph = model.graph
    node = draw(st.sampled_from(list(graph.node))) if graph.node else onnx.NodeProto()
    how = draw(st.sampled_from(("size", "dims", "name", "op", "number", "numbers", "lose", "double", "attribute")))
    values = [value for value in (*graph.input, *graph.output) if value.type.tensor_type.shape.dim]
    if how == "size" and values:
        dims = draw(st.sampled_from(values)).type.tensor_type.shape.dim
        draw(st.sampled_from(list(dims))).dim_value = draw(_SIZES)
    elif how == "dims" and graph.initializer:
        graph.initializer[0].dims[:] = draw(st.lists(_SIZES, max_size=5))
    elif how == "name":
        names = draw(st.sampled_from([node.input, node.output]))
        names[:] = draw(st.lists(_NAMES, max_size=4))
    elif how == "op":
        node.op_type = draw(st.sampled_from([*RULES, "If", "Loop", "Scan", "Constant", "Shape", "Mystery"]))
    elif how in ("number", "numbers") and node.attribute:
        attribute = draw(st.sampled_from(list(node.attribute)))
        attribute.i = draw(_SIZES)
        if how == "numbers":
            attribute.ints[:] = draw(st.lists(_SIZES, max_size=6))
    elif how == "lose" and graph.node:
        del graph.node[draw(st.integers(0, len(graph.node) - 1))]
    elif how == "double" and graph.node:
        graph.node.extend([node] * draw(st.integers(1, 20)))
    elif how == "attribute":
        name = draw(
            st.sampled_from(("axis", "group", "kernel_shape", "pads", "strides", "perm", "value", "size", "to"))
        )
        node.attribute.append(onnx.helper.make_attribute(name, draw(st.lists(_SIZES, min_size=1, max_size=5))))


def _scan_of(inputs: int) -> bytes:
    """A Scan that says that it goes through so many inputs."""
    model = onnx.ModelProto.FromString(MODELS[4])
    (said,) = [attribute for attribute in model.graph.node[0].attribute if attribute.name == "num_scan_inputs"]
    said.i = inputs
    return bytes(model.SerializeToString())


def _model(nodes: Iterable[Any], shape: tuple[int, ...] = (1, 4, 8, 8), kind: int = 1, **parts: Any) -> bytes:
    functions, tensors = parts.pop("functions", ()), parts.pop("tensors", ())
    given = onnx.helper.make_tensor_value_info("x", kind, shape)
    made = onnx.helper.make_empty_tensor_value_info("y")
    graph = onnx.helper.make_graph(list(nodes), "g", [given], [made], list(tensors))
    opsets = [onnx.helper.make_opsetid("", 17), onnx.helper.make_opsetid("own", 1)]
    model = onnx.helper.make_model(graph, opset_imports=opsets, functions=list(functions))
    model.ir_version = 8
    return bytes(model.SerializeToString())


def _chain(op: str, count: int, *more: str, domain: str = "", last: str = "y", **attributes: Any) -> list[Any]:
    names = ["x", *[f"{i:x}" for i in range(count - 1)], last]
    return [_node(op, [a, *more], [b], domain=domain, **attributes) for a, b in pairwise(names)]


def _node(op: str, inputs: list[str], outputs: list[str], **attributes: Any) -> Any:
    return onnx.helper.make_node(op, inputs, outputs, **attributes)


def _functions(count: int, calls: int) -> list[Any]:
    """Functions each of which calls the one before, so often."""
    opsets = [onnx.helper.make_opsetid("", 17), onnx.helper.make_opsetid("own", 1)]
    return [
        onnx.helper.make_function("own", f"f{i}", ["x"], ["z"], _chain(
            f"f{i - 1}" if i else "Relu", calls, domain="own" if i else "", last="z"), opsets)
        for i in range(count)
    ]  # fmt: skip


def _sizes(name: str, *content: int) -> Any:
    return onnx.helper.make_tensor(name, 7, [len(content)], content)


def _scalar(name: str, content: int, kind: int = 7) -> Any:
    return onnx.helper.make_tensor(name, kind, [], [content])


def _empty(*names: str) -> list[Any]:
    return [onnx.helper.make_empty_tensor_value_info(name) for name in names]


def _loops(depth: int) -> Any:
    """A loop in a loop in a loop …, each of which doubles what it is given, 200 times."""
    inner = _node("Concat", ["a0", "a0"], ["b0"], axis=0)
    for i in range(depth):
        body = onnx.helper.make_graph([_node("Identity", [f"c{i}"], [f"d{i}"]), inner], "b",
                                      _empty(f"i{i}", f"c{i}", f"a{i}"), _empty(f"d{i}", f"b{i}"))  # fmt: skip
        last = i == depth - 1
        inner = _node("Loop", ["n", "t", "x" if last else f"a{i + 1}"], ["y" if last else f"b{i + 1}"], body=body)
    return inner


def _last(i: int, depth: int) -> str:
    return "y" if i == depth - 1 else f"o{i + 1}"


def _ifs(depth: int) -> Any:
    """A branch in a branch in a branch …, decided by data."""
    inner = _node("Relu", ["x"], ["o0"])
    for i in range(depth):
        branches = {
            word: onnx.helper.make_graph([inner], word, [], _empty(f"o{i}")) for word in ("then_branch", "else_branch")
        }
        if i < 8:  # both of them grow, as long as 64 KiB allow for it
            inner = _node("If", ["x"], [_last(i, depth)], **branches)
        else:
            plain = onnx.helper.make_graph([_node("Relu", ["x"], [f"o{i}"])], "e", [], _empty(f"o{i}"))
            inner = _node("If", ["x"], [_last(i, depth)], then_branch=branches["then_branch"], else_branch=plain)
    return inner


def _axes(count: int) -> Any:
    return onnx.helper.make_tensor("axes", 7, [count], list(range(count)))


def _weight(*dims: int) -> Any:
    return onnx.TensorProto(name="w", dims=dims, data_type=1)


def _filled(head: bytes, unit: bytes) -> bytes:
    """A model whose graph is one field again and again."""
    count = 62000 // len(unit)
    size = len(head) + count * len(unit)
    return b"\x08\x08:" + bytes([size & 127 | 128, size >> 7 & 127 | 128, size >> 14]) + head + unit * count


def _nested(depth: int) -> bytes:
    """A node with a graph with a node with a graph …"""
    inner = b"\x0a\x00"
    for _ in range(depth):
        for tag in (b"\x32", b"\x2a", b"\x0a"):
            size = len(inner)
            inner = tag + bytes([size & 127 | 128, size >> 7 & 127 | 128, size >> 14]) + inner
    size = len(inner)
    return b"\x08\x08:" + bytes([size & 127 | 128, size >> 7 & 127 | 128, size >> 14]) + inner


#: By name: models that are small, and ask for as much as can be asked for.
HOSTILE: dict[str, bytes] = {
    "thousands of operations": _model(_chain("Relu", 3200)),
    "branches that meet at the end": _model([
        *[_node("Relu", ["x"], [f"{i:x}"]) for i in range(2500)],
        _node("Concat", [f"{i:x}" for i in range(2500)], ["y"], axis=1),
    ]),
    "sizes that double": _model(
        [_node("Concat", [f"{i}" if i else "x"] * 2, [f"{i + 1}" if i < 69 else "y"], axis=1) for i in range(70)]),
    "axes that grow": _model(_chain("Unsqueeze", 1500, "axes"), tensors=[_axes(120)]),
    "axes that grow slowly": _model(_chain("Unsqueeze", 1900, "axes"), tensors=[_axes(1)]),
    "thousands of axes": _model(_chain("Relu", 1), (10**17,) * 4000),
    "numbers of 1000 digits": _model(_chain("Relu", 1), (10**18 - 1,) * 60),
    "axes as many as there are": _model([_node("ConstantOfShape", ["x"], ["y"])], (10**17,), 7),
    "an equation of thousands": _model(
        [_node("Einsum", ["x"] * 5000, ["y"], equation=",".join(chr(0x4E00 + i) for i in range(5000)) + "->")],
        (10**17,)),
    "parts in thousands": _model(
        [_node("Split", ["x"], [*[f"{i:x}" for i in range(8999)], "y"], axis=1)], (1, 9000, 2)),
    "weights without end": _model([_node("Add", ["x", "w"], ["y"])], tensors=[_weight(*[2**62] * 300)]),
    "weights of less than nothing": _model([_node("Add", ["x", "w"], ["y"])], tensors=[_weight(-5, 4)]),
    "functions that multiply": _model([_node("f3", ["x"], ["y"], domain="own")], functions=_functions(4, 17)),
    "functions as many as there may be": _model(
        [_node("f2", ["x"], ["y"], domain="own")], functions=_functions(3, 14)),
    "functions, deeply nested": _model([_node("f90", ["x"], ["y"], domain="own")], functions=_functions(91, 1)),
    "a scan of more inputs than there are": _scan_of(10**9), "a scan of more than fit": _scan_of(10**17),
    "graphs, deeply nested": _nested(3000),
    "loops in loops": _model([_loops(6)], tensors=[_scalar("n", 200), _scalar("t", 1, 9)]),
    "branches in branches": _model([_ifs(20)]),
    "a range without end": _model(
        [_node("Range", ["a", "b", "c"], ["r"]), _node("Expand", ["x", "r"], ["y"])],
        tensors=[_scalar("a", 0), _scalar("b", 10**17), _scalar("c", 1)]),
    "as much to compute as there may be": _model(
        [_node("Expand", ["one", "large"], ["0"]),
         *[_node("CumSum", [str(i), "zero"], [str(i + 1)]) for i in range(1500)],
         _node("ReduceMax", ["1500"], ["m"]), _node("Expand", ["x", "m"], ["y"])],
        tensors=[_sizes("one", 1), _sizes("large", 65000), _scalar("zero", 0)]),
    "a chain to compute": _model(
        [*[_node("Add", [f"{i:x}" if i else "one", "one"], [f"{i + 1:x}"]) for i in range(2400)],
         _node("Expand", ["x", f"{2400:x}"], ["y"])], tensors=[_sizes("one", 1)]),
    "powers of powers": _model(
        [*[_node("Mul", [f"{i:x}" if i else "two"] * 2, [f"{i + 1:x}"]) for i in range(60)],
         _node("ConstantOfShape", [f"{60:x}"], ["y"])], tensors=[_sizes("two", 2, 3)]),
    "empty nodes": _filled(b"", b"\x0a\x00"), "empty tensors": _filled(b"\x0a\x00", b"\x2a\x00"),
    "empty inputs": _filled(b"\x0a\x00", b"\x5a\x00"),
    "empty functions": b"\x08\x08:\x02\x0a\x00" + b"\xca\x01\x00" * 20000,
    "nothing": b"", "zeros": b"\0" * SIZE, "ones": b"\xff" * SIZE, "one tag": b":" * SIZE,
}  # fmt: skip
