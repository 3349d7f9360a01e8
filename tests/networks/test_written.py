"""Graphs as ONNX files: read back as what they were, and in ONNX Runtime what our own executor computes."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from strategies import applying, each_layer
from tables import each

from convcost.graph.ops import Counted, Graph, Node
from convcost.networks.build import build_network
from convcost.networks.onnx import read
from convcost.networks.program import read_program
from convcost.networks.written.encode import KINDS
from convcost.networks.written.file import onnx_pieces, writable
from convcost.networks.written.learned import Tensor, from_file, noise, ones
from convcost.networks.zoo import zoo_program
from convcost.spec import SpecError
from convcost.spec.layer import LayerSpec
from convcost.timing.values import Executor, difference, make_case
from convcost.variants.registry import build_variant

#: Networks of the zoo that have every operation there is in it; all of them are in tests/benchmarks/exported.py.
NETWORKS = ("vit-b16", "shufflenet-v2", "mobilenet-v3-small", "googlenet", "u-net", "wavenet-stack", "lenet-5")

#: Operations and forms of them that no variant has.
FORMS = {
    "axes of their own": "input 4 @16x12 n2\nstandard 6 k3x5 s2x1 d1x2 p0-1x3 bias\nmax-pool k3 s2 p0-1x1 ceil",
    "a copied border in one axis": "input 4 @40 1d\nstandard 8 k3 mode=reflect\nadaptive-max-pool 5\nlinear 7 each",
    "volumes": "input 4 @8x9x10\nstandard 8 k3 psame-upper s2\navg-pool k2x1x2 s1\nglobal-max-pool",
    "transposed": "input 8 @9x8\ngrouped 4 k4 s2 p1 t g2 op1x0\na: depthwise k3\nsplit 0 4 from a\nmultiply from a a",
    "norms": "input 8 @9\nprelu\ngroup-norm 4\ninstance-norm affine\nrms-norm\nsoftmax\nupsample 2 bilinear",
    "edges": "input 8 @9x12\npad p1-2x0 mode=reflect\ncrop p0-1x2\ninstance-norm\nmax-pool k3 s1 d2\npixel-shuffle 2",
    "circular border": "input 4 @6x7\nstandard 4 k3 mode=circular\nstandard 4 k3 mode=replicate\nupsample 2x3",
    "shared weights": "input 8 @9\na: standard 8 k3\nstandard 8 k3 share a\nb: linear 8 each\nlinear 8 each share b",
    "attention": "input 8 @9\ntokens 2\nattention 4 bias\nlinear 24 each\nattend 2",
    "moves": "input 8 @9\nlayer-norm\nscale\nshuffle g4\nb: concat from in in\nadd from b b\nflatten\nlinear 3\ngelu",
    "means": "input 4 @7x9\navg-pool k3 s2 p1 ceil\navg-pool k2 s2 ceil\nadaptive-average-pool 2x3",
    "room behind a transposed one": "input 4 @5x4\nstandard 6 k3x2 s2x3 t p0 op1x2 bias\nstandard 3 k2 s2 t p1 op1",
    "a gate of channels": "input 4 @5x4\na: global-average-pool\nb: flatten\nmultiply from in b",
    "windows of several lengths": "input 4 @7x9\nadaptive-average-pool 3x4\nadaptive-max-pool 2x1",
    "upsampled volumes": "input 2 @3x4x3\nupsample 2 bilinear\nupsample 2\npixel-shuffle 1\nrelu6",
}  # fmt: skip

#: Lines that are forms by themselves: what comes behind an operation may hide what it does.
ALONE = (
    "prelu", "scale", "batch-norm", "layer-norm", "group-norm 4", "instance-norm", "instance-norm affine", "rms-norm",
    "softmax", "shuffle g4", "split 2 5", "flatten", "upsample 2x3", "upsample 3x2 bilinear", "pixel-shuffle 2",
    "pad p1-2x0-3 mode=reflect", "pad p2x1-0 mode=replicate", "pad p1x0-2 mode=circular", "pad p0-1x2", "crop p1-0x2",
    "attend 2", "tokens 3", "tokens 0", "concat from in in", "multiply from in in", "add from in in",
    "max-pool k3x2 s2x1 p1x0-1", "max-pool k2 s3 ceil", "max-pool k3 s1 d2x1 p1", "avg-pool k3x2 s2x1 p1-0x0",
    "avg-pool k3 s2 ceil", "adaptive-average-pool 3x4", "adaptive-max-pool 5x2", "adaptive-average-pool 4x3",
    "global-max-pool", "global-average-pool", "linear 5 each bias", "standard 6 k2x3 s1x2 p0-1x1 t op0x1 bias",
    "grouped 8 k3 g4 d2x1", "depthwise k3 m2 s2 t p1x0", "silu", "gelu", "mish", "elu", "selu", "leaky-relu",
    "hardswish", "hardsigmoid", "sigmoid", "tanh", "relu6",
)  # fmt: skip
FORMS |= {line: f"input 12 @8x6 n2\n{line}" for line in ALONE}


class Hole(bytes):
    """So many zeros that nobody holds in memory."""

    size = 0


def empty(tensor: Tensor, dtype: str) -> Iterator[bytes]:
    hole = Hole()
    hole.size = {"fp32": 4, "fp64": 8, "fp16": 2, "bf16": 2}[dtype] * prod(tensor.dims)
    yield hole


def back(graph: Graph, path: Path, monkeypatch: pytest.MonkeyPatch) -> read.Reading:
    """The graph written, its weights left as holes in the file, and read."""
    pytest.importorskip("onnx", reason="reading ONNX files needs the onnx extra")
    monkeypatch.setattr(read, "isolated", lambda work, *_: work(lambda _: None))
    with path.open("wb") as file:
        for piece in onnx_pieces(writable(graph), empty, "0"):
            if isinstance(piece, Hole):
                file.seek(piece.size, 1)
            else:
                file.write(piece)
    return read.read_onnx(str(path), {}, None)


def one_of(spec: LayerSpec, number: int) -> str:
    """One of the variants that there are of a layer."""
    names = ["as-given", *applying(spec)]
    return names[number % len(names)]


def bare(graph: Graph) -> list[Any]:
    return [(node.op, node.inputs) for node in graph.nodes]


@each_layer(60, number=range(60), dtype=sorted(KINDS))
def test_a_written_variant_is_read_back(tmp_path_factory: Any, spec: Any, number: int, dtype: str) -> None:
    """Every operation as it was, all its fields, whatever the layer: so every word is the same, too."""
    graph = build_variant(one_of(spec, number), spec._replace(dtype=dtype)).graph
    with pytest.MonkeyPatch.context() as patch:
        found = back(graph, tmp_path_factory.getbasetemp() / "property.onnx", patch)
    assert (bare(found.graph), found.graph.dtype, found.unknown) == (bare(graph), dtype, [])


@pytest.mark.parametrize("name", NETWORKS)
def test_a_written_network_is_read_back(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names, too; weights that are shared are shared."""
    graph = build_network(zoo_program(name)).graph
    found = back(graph, tmp_path / "a.onnx", monkeypatch)
    assert [*found.graph.nodes] == [*graph.nodes]


@pytest.mark.parametrize("text", FORMS.values(), ids=FORMS)
def test_every_form_is_read_back(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    graph = build_network(read_program(text)).graph
    assert bare(back(graph, tmp_path / "a.onnx", monkeypatch).graph) == bare(graph)


@pytest.mark.needs("onnxruntime")
@pytest.mark.parametrize("text", FORMS.values(), ids=FORMS)
def test_every_form_is_written_as_what_our_executor_computes(text: str) -> None:
    """In ONNX Runtime, from the same weights and input."""
    assert gap(build_network(read_program(text)).graph) < 1e-5


@pytest.mark.needs("onnxruntime")
@each_layer(80, channels=3, number=range(80))
def test_a_written_variant_gives_in_onnxruntime_what_our_executor_gives(spec: Any, number: int) -> None:
    """Of one, two and three axes, whatever the border, stride, dilation, groups, norm and activation."""
    graph = build_variant(one_of(spec, number), spec).graph
    convs = [node.op for node in graph.nodes if hasattr(node.op, "output_padding")]
    if any([extra >= s for op in convs for extra, s in zip(op.output_padding, op.stride)]):
        return  # ONNX Runtime refuses these
    assert gap(graph) < 1e-4


def gap(graph: Graph) -> float:
    import onnxruntime as runtime

    runtime.set_default_logger_severity(3)
    case = make_case(graph)
    session = runtime.InferenceSession(case.model, providers=["CPUExecutionProvider"])
    return difference(session.run(None, {"input": case.given})[0], Executor(case)())


def test_a_note_that_does_not_hold_is_not_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that calls its border larger than it is, or its operations something else, is read as it is."""
    onnx = pytest.importorskip("onnx", reason="reading ONNX files needs the onnx extra")
    graph = build_network(read_program("input 2 @6x7\nstandard 2 k3 mode=reflect\nsilu")).graph
    back(graph, tmp_path / "a.onnx", monkeypatch)
    model = onnx.load(str(tmp_path / "a.onnx"))
    for before, after in (('"reflect"', '"replicate"'), ('["silu"]', '["gelu"]'), (",2]", ",1]"), ("convcost:", "a")):
        changed = onnx.ModelProto.FromString(model.SerializeToString())
        for node in changed.graph.node:
            node.doc_string = node.doc_string.replace(before, after)
        onnx.save(changed, str(tmp_path / "b.onnx"))
        assert bare(read.read_onnx(str(tmp_path / "b.onnx"), {}, None).graph) != bare(graph)
    pads = next(tensor for tensor in model.graph.initializer if tensor.name.endswith("pads"))
    assert pads.raw_data == np.array([0, 0, 1, 1, 0, 0, 1, 1], "<i8").tobytes()
    pads.raw_data = np.array([0, 0, 2, 1, 0, 0, 0, 1], "<i8").tobytes()
    onnx.save(model, str(tmp_path / "b.onnx"))
    assert bare(read.read_onnx(str(tmp_path / "b.onnx"), {}, None).graph) != bare(graph)


@pytest.mark.parametrize(
    ("note", "kinds"),
    [
        ('["Activation",["silu"],["input"],2]', ["silu"]),
        *[
            (note, ["sigmoid", "mul"])
            for note in (
                "", "{", "[]", "7", '["Activation",["silu"],["input"]]', '["Silu",[],["input"],2]',
                '["Activation",["silu"],["input"],0]', '["Activation",["silu"],["input"],-1]',
                '["Activation",["silu"],["input"],1]', '["Activation",["silu"],["input"],3]',
                '["Activation",["silu"],["input"],true]', '["Activation",["silu"],["input"],2.0]',
                '["Activation",["silu"],["input"],"2"]', '["Activation",["silu"],[7],2]',
                '["Activation",["silu"],"input",2]', '["Activation",["silu"],{"input":1},2]',
                '["Activation",["silu"],["nobody"],2]', '["Activation",["silu"],[],2]',
                '["Activation",["silu","x"],["input"],2]', '["Activation",{},["input"],2]',
                '["Activation",[["silu"]],["input"],2]', '["Activation",["relu"],["input"],2]',
                '[["Activation"],["silu"],["input"],2]', '["Shuffle",[0],["input"],2]',
                '["Shuffle",["a"],["input"],2]', '["Conv",[1],["input"],2]', '["Counted",["silu",[1,2,4]],["input"],2]',
                "[" * 5000,
            )
        ],
    ],
)  # fmt: skip
def test_a_note_of_any_form_is_read_or_left(
    note: str, kinds: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever it says: only what we write ourselves is believed, and nothing of it stops the reading."""
    onnx = pytest.importorskip("onnx", reason="reading ONNX files needs the onnx extra")
    graph = build_network(read_program("input 2 @4 1d\nsilu")).graph
    back(graph, tmp_path / "a.onnx", monkeypatch)
    model = onnx.load(str(tmp_path / "a.onnx"))
    model.graph.node[0].doc_string = f"convcost:{note}"
    onnx.save(model, str(tmp_path / "b.onnx"))
    found = read.read_onnx(str(tmp_path / "b.onnx"), {}, None)
    assert [getattr(node.op, "kind", "") for node in found.graph.nodes] == kinds
    assert found.unknown == []


@each("dtype", sorted(KINDS))
def test_noise_is_seeded_and_of_the_size_that_is_asked_for(dtype: str) -> None:
    """Both signs, the same for the same seed, another for another; no number twice as large as another."""
    tensor = Tensor("conv", "weight", (64, 9), 0.25)
    first, again, other = (b"".join(noise(seed)(tensor, dtype)) for seed in (1, 1, 2))
    assert first == again != other
    kinds = {"fp64": "<f8", "fp32": "<f4", "fp16": "<f2"}
    wide = np.frombuffer(first, "<u2").astype("<u4") << 16
    numbers = wide.view("<f4") if dtype == "bf16" else np.frombuffer(first, kinds[dtype])
    assert 0.4 < (numbers > 0).mean() < 0.6
    assert np.abs(numbers).max() < 2 * np.abs(numbers).min()
    assert 0.25 / 2 < np.sqrt(np.square(numbers.astype(float)).mean()) < 0.25 * 2


def test_weights_of_a_file_are_written_by_name(tmp_path: Path) -> None:
    """In the type of the graph; one that is missing or has other sizes is bad input."""
    tensor, array = Tensor("conv", "bias", (3,), 1.0), np.array([1.0, -2.0, 0.5])
    np.savez(tmp_path / "w.npz", **{"conv.bias": array, "conv.weight": np.ones((2, 2))})
    fill = from_file(tmp_path / "w.npz")
    assert b"".join(fill(tensor, "fp16")) == array.astype("<f2").tobytes()
    assert b"".join(fill(tensor, "bf16")).hex() == "803f00c0003f"
    assert b"".join(ones(tensor, "bf16")).hex() == "803f" * 3
    for wrong in (tensor._replace(part="other"), tensor._replace(part="weight")):
        with pytest.raises(SpecError):
            list(fill(wrong, "fp32"))
    for content in (b"no zip", b""):
        (tmp_path / "bad.npz").write_bytes(content)
        with pytest.raises(SpecError, match="of numbers"):
            from_file(tmp_path / "bad.npz")


@pytest.mark.parametrize(
    ("graph", "reason"),
    [
        (Graph((1, 2, 3), "int8", ()), "int8 cannot be exported"),
        (Graph((1, 2, 3), "fp32", ()), "no operation"),
        (Graph((1, 2, 3), "fp32", (Node("a", Counted("nms", (1, 2, 3)), (0,)),)), "a cannot be exported"),
    ],
)
def test_what_cannot_be_written_is_refused_in_words(graph: Graph, reason: str) -> None:
    with pytest.raises(SpecError, match=reason):
        writable(graph)


def test_more_than_two_gigabytes_are_refused() -> None:
    """Before anything is made of them."""
    graph = build_network(read_program("input 30000 @1\nflatten\nlinear 30000")).graph
    with pytest.raises(SpecError, match="bytes of weights"):
        next(onnx_pieces(writable(graph), noise(0), "0"))
