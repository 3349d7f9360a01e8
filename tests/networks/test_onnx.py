"""ONNX files: exact figures on published models, an answer or a clear message on every other file."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from tables import each

from convcost.analysis import analyze
from convcost.execute.ones.measure import measure
from convcost.graph.ops import Conv, Graph
from convcost.graph.shapes import infer_shapes
from convcost.networks.onnx import read, read_onnx
from convcost.spec.errors import SpecError

onnx = pytest.importorskip("onnx", reason="reading ONNX files needs the onnx extra")

DATA = Path(onnx.__file__).parent / "backend/test/data"
MODELS = sorted(DATA.rglob("*.onnx"))

#: MACs of convolutions and Gemm, and params where torchvision has the same network.
PUBLISHED = [
    ("bvlc_alexnet", 654_560_384, 60_965_224),
    ("resnet50", 4_089_184_256, 25_557_032),
    ("squeezenet", 349_151_936, 1_235_496),
    ("vgg19", 19_632_062_464, 143_667_240),
    ("zfnet512", 1_481_727_008, None),
]


def model(tmp_path: Path, text: str, opset: int = 17) -> str:
    """A file with the model that `text` describes, in ONNX's own notation."""
    made = onnx.parser.parse_model(f'<ir_version: 8, opset_import: ["" : {opset}, "own" : 1]>\n{text}')
    for output in made.graph.output:
        if any(dim.dim_param == "?" or not dim.HasField("dim_value") for dim in output.type.tensor_type.shape.dim):
            output.type.tensor_type.ClearField("shape")
    path = tmp_path / "model.onnx"
    path.write_bytes(made.SerializeToString())
    return str(path)


def cost(graph: Graph) -> Any:
    return analyze(graph).cost


@pytest.mark.parametrize(("name", "macs", "params"), PUBLISHED)
def test_figures_of_published_models_are_exact(name: str, macs: int, params: int | None) -> None:
    """Nothing is unknown in them, and params are each tensor once."""
    _, graph, unknown, *_ = read_onnx(str(DATA / f"light/light_{name}.onnx"), {}, None)
    assert (cost(graph).macs, unknown) == (macs, [])
    assert params in (None, cost(graph).params)


def test_every_model_of_the_onnx_package_gives_an_answer_or_a_message(monkeypatch: pytest.MonkeyPatch) -> None:
    """All of its own test suite, here without a process of its own for each."""
    monkeypatch.setattr(read, "isolated", lambda work, *_: work(lambda _: None))
    answered = 0
    for path in MODELS:
        try:
            _, graph, *_ = read_onnx(str(path), {}, None)
        except SpecError as error:
            assert "has no size in the file" in error.message  # noqa: PT017  most raise nothing
            continue
        answered += bool(analyze(graph, True, infer_shapes(graph)).ops)
    assert answered > 0.98 * len(MODELS) > 100


@pytest.mark.parametrize("name", ["bvlc_alexnet", "shufflenet"])
def test_an_execution_confirms_a_model(name: str) -> None:
    """The convolutions and the memory; what is counted only is taken as given."""
    _, graph, *_ = read_onnx(str(DATA / f"light/light_{name}.onnx"), {}, None)
    expected, measured = analyze(graph), measure(graph)
    assert measured.peak_bytes == expected.peak_bytes
    assert (measured.macs, measured.effective_macs) == (expected.cost.macs, expected.cost.effective_macs)


def test_damaged_files_give_messages(tmp_path: Path) -> None:
    """Cut short or with bits turned over: an answer or a SpecError, nothing else."""
    chance, path = random.Random(0), tmp_path / "damaged.onnx"
    small = [p for p in MODELS if p.stat().st_size < 5000]
    for _ in range(150):
        data = bytearray(chance.choice(small).read_bytes())
        if chance.random() < 0.3:
            del data[chance.randrange(len(data)) :]
        elif data:
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        path.write_bytes(data)
        try:
            analyze(read_onnx(str(path), {}, None)[1])
        except SpecError as error:
            assert error.message.isprintable()  # noqa: PT017  some raise nothing


def test_a_missing_size_is_named_with_its_remedy(tmp_path: Path) -> None:
    path = model(tmp_path, "g (float[N,3,H,8] x) => (float[N,3,H,8] y) { y = Relu(x) }")
    with pytest.raises(SpecError, match=r"dimension 0 \('N'\) of input 'x' has no size") as caught:
        read_onnx(path, {}, None)
    assert caught.value.hint == "--input x=1x3x224x8"  # a batch alone would not be enough
    with pytest.raises(SpecError, match=r"dimension 2 \('H'\)"):
        read_onnx(path, {}, 2)
    assert read_onnx(path, {"x": (2, 3, 4, 8)}, None)[1].input_shape == (2, 3, 4, 8)
    with pytest.raises(SpecError, match="there is no input 'z'"):
        read_onnx(path, {"z": (1,)}, None)


def test_unknown_operations_are_listed_with_their_number(tmp_path: Path) -> None:
    path = model(tmp_path, "g (float[2] x) => (float[2] y) { a = own.Mystery(x) b = own.Mystery(x) y = Relu(x) }")
    (missing,) = read_onnx(path, {}, None).unknown
    assert (missing.op, missing.count) == ("own.Mystery", 2)


def test_weights_that_two_operations_share_are_counted_once(tmp_path: Path) -> None:
    text = """g (float[1,4,8,6] x) => (float[1,4,8,6] y) <float[4,4,3,1] w = {WEIGHTS}> {
        a = Conv<pads = [1,0,1,0]>(x, w)  y = Conv<pads = [1,0,1,0]>(a, w) }"""
    _, graph, *_ = read_onnx(model(tmp_path, text.replace("WEIGHTS", ",".join("0" * 48))), {}, None)
    kinds = [(type(node.op), getattr(node.op, "shared", None)) for node in graph.nodes]
    assert kinds == [(Conv, False), (Conv, True)]
    first, second = [op.cost for op in analyze(graph).ops]
    assert (first.params, second.params) == (48, 0)
    assert first[1:3] == second[1:3] == (2304, 2112)


@each(
    ("body", "inputs", "macs"),
    [
        ("y = MatMul(a, b)", "float[5,2,3] a, float[3,4] b", 5 * 2 * 3 * 4),
        ('y = Einsum<equation = "bij,bjk->bik">(a, b)', "float[5,2,3] a, float[5,3,4] b", 5 * 2 * 3 * 4),
        ('y = Einsum<equation = "i,j->ij">(a, b)', "float[5] a, float[3] b", 0),
        ("y = Gemm<transA = 1, transB = 1>(a, b)", "float[3,2] a, float[4,3] b", 2 * 3 * 4),
        ("y = ConvInteger(a, b)", "uint8[1,2,5,5] a, uint8[3,2,3,3] b", 3 * 3 * 3 * 18),
        ("y = ConvTranspose<strides = [2,2]>(a, b)", "float[1,2,5,4] a, float[2,3,3,1] b", 5 * 4 * 2 * 3 * 3),
        (
            "y, h, c = LSTM<hidden_size = 4>(a, b, r)",
            "float[7,2,3] a, float[1,16,3] b, float[1,16,4] r",
            7 * 2 * 16 * 7,
        ),
        ("y, h = GRU<hidden_size = 4>(a, b, r)", "float[7,2,3] a, float[1,12,3] b, float[1,12,4] r", 7 * 2 * 12 * 7),
    ],
)
def test_products_are_counted(tmp_path: Path, body: str, inputs: str, macs: int) -> None:
    kind = "int32" if "Integer" in body else "float"
    _, graph, unknown, *_ = read_onnx(model(tmp_path, f"g ({inputs}) => ({kind}[?] y) {{ {body} }}"), {}, None)
    assert (cost(graph).macs, unknown) == (macs, [])


LOOP = """g (float[1,8] x, float[8,8] w) => (float[1,8] y) { n = Constant<value = int64 {%s}>()
    y = Loop <body = b (int64 i, bool ci, float[1,8] a) => (bool co, float[1,8] ao) {
        co = Identity(ci)  ao = MatMul(a, w) }> (n, , x) }"""


@pytest.mark.parametrize("runs", [0, 5, 1_000_000_000])
def test_a_loop_costs_its_body_as_often_as_it_runs(tmp_path: Path, runs: int) -> None:
    _, graph, unknown, *_ = read_onnx(model(tmp_path, LOOP % runs), {}, None)
    assert (cost(graph).macs, unknown) == (64 * runs, [])


def test_of_two_branches_the_dearer_one_counts(tmp_path: Path) -> None:
    text = """g (bool c, float[2,3] x, float[3,3] w) => (float[2,3] y) { y = If (c) <
        then_branch = t () => (float[2,3] p) { p = Relu(x) },
        else_branch = e () => (float[2,3] q) { q = MatMul(x, w) }> }"""
    _, graph, *_ = read_onnx(model(tmp_path, text), {}, None)
    assert cost(graph)[1:4] == (18, 18, 0)


def test_local_functions_are_entered(tmp_path: Path) -> None:
    text = """g (float[2,3] x, float[3,3] w) => (float[2,3] y) { y = own.twice(x, w) }
    <opset_import: ["" : 17], domain: "own"> twice (x, w) => (z) { a = MatMul(x, w) z = MatMul(a, w) }"""
    _, graph, unknown, *_ = read_onnx(model(tmp_path, text), {}, None)
    assert (cost(graph).macs, unknown) == (36, [])


def test_a_function_inside_itself_is_no_hang(tmp_path: Path) -> None:
    text = """g (float[2] x) => (float[2] y) { y = own.again(x) }
    <opset_import: ["" : 17, "own" : 1], domain: "own"> again (x) => (z) { z = own.again(x) }"""
    with pytest.raises(SpecError, match="a function is inside itself"):
        read_onnx(model(tmp_path, text), {}, None)


def test_a_graph_that_goes_in_circles_is_a_message(tmp_path: Path) -> None:
    path = model(tmp_path, "g (float[2] x) => (float[2] y) { a = Add(x, b) b = Relu(a) y = Relu(b) }")
    with pytest.raises(SpecError, match="'b' is read before it is made"):
        read_onnx(path, {}, None)


def test_a_dimension_of_a_billion_is_a_number(tmp_path: Path) -> None:
    path = model(tmp_path, "g (float[1000000000,1000000000] x) => (float[?] y) { y = Relu(x) }")
    assert cost(read_onnx(path, {}, None)[1]).elementwise == 10**18


def test_names_cannot_upset_a_terminal(tmp_path: Path) -> None:
    path = Path(model(tmp_path, "g (float[2] x) => (float[2] y) { y = Relu(x) }"))
    made = onnx.load(path)
    made.graph.node[0].name = "\x1b[2J\n"
    path.write_bytes(made.SerializeToString())
    assert read_onnx(str(path), {}, None)[1].nodes[0].name == "\\x1b[2J\\n"


def test_of_a_file_of_gigabytes_only_the_rest_is_read(tmp_path: Path) -> None:
    """Three GB of weights, a hole in a sparse file, in the tensor and its graph; nothing of them is touched."""
    size = 3 * 2**30
    library, path = onnx, tmp_path / "large.onnx"
    made = library.parser.parse_model(
        f'<ir_version: 8, opset_import: ["" : 17]> g (float[1,{size // 4}] x, float[{size // 4},1] w) => (float[?] y) '
        "{ y = MatMul(x, w) }"
    )
    made.graph.output[0].type.tensor_type.ClearField("shape")
    del made.graph.input[1]
    graph = made.graph.SerializeToString()
    head = onnx.TensorProto(dims=[size // 4, 1], data_type=1, name="w").SerializeToString() + _field(9, size)
    weights = _field(5, len(head) + size) + head
    made.ClearField("graph")
    start = made.SerializeToString() + _field(7, len(graph) + len(weights) + size) + graph + weights
    with path.open("wb") as file:
        file.write(start)
        file.truncate(len(start) + size)
    _, found, *_ = read_onnx(str(path), {}, None)
    assert cost(found)[:2] == (size // 4, size // 4)


def _field(number: int, length: int) -> bytes:
    """The start of a field that is so many bytes long."""
    groups = [length >> shift & 127 for shift in range(0, 35, 7)]
    return bytes([number << 3 | 2, *[group | 128 for group in groups[:-1]], groups[-1]])
