"""Models of ONNX files where networks are asked for: a layer of one, a swap in one, one as text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from networks.onnx_models import model as model_of
from schema import VALID

from convcost.cli.main import run
from convcost.networks.onnx import read_onnx

onnx = pytest.importorskip("onnx", reason="reading ONNX files needs the onnx extra")


#: Two convolutions of which the second has the first one's weights, and a third.
TEXT = """
<ir_version: 8, opset_import: ["" : 17]>
g (float[1,8,16,12] x) => (float[1,10] y) <float[8,8,3,3] w = {%s}, float[10,8] v = {%s}> {
  [first] a = Conv<pads=[1,1,1,1]>(x, w)
  [after] b = Relu(a)
  [again] c = Conv<pads=[1,1,1,1]>(b, w)
  [pool] d = GlobalAveragePool(c)
  [flat] e = Flatten(d)
  [last] y = Gemm<transB=1>(e, v)
}
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("onnx") / "model.onnx"
    parsed = onnx.parser.parse_model(TEXT % (",".join(["0"] * 576), ",".join(["0"] * 80)))
    for node, name in zip(parsed.graph.node, ("first", "after", "again", "pool", "flat", "last")):
        node.name = name
    path.write_bytes(parsed.SerializeToString())
    return str(path)


def told(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> Any:
    assert run([*words, "--format", "json"]) == code
    return json.loads(capsys.readouterr().out)


def test_a_convolution_whose_weights_another_node_reads_stays_one(
    model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its params are the other's; its products are its own, and it is executed."""
    answer = told(capsys, "network", model)
    layers = {layer["name"]: layer for layer in answer["layers"]}
    assert [(layers[name]["op"], layers[name]["params"]) for name in ("first", "again")] == [("conv", 576), ("conv", 0)]
    assert layers["first"]["macs"] == layers["again"]["macs"] == 576 * 192
    assert (answer["total"]["params"], answer["verified"]["status"]) == (576 + 80, "verified")


def test_a_layer_of_a_model_is_compared_and_answered(model: str, capsys: pytest.CaptureFixture[str]) -> None:
    """With the activation behind it; of any name that the model gives."""
    compared = told(capsys, "compare", "--in", model, "--layer", "first", "--no-verify")
    assert (compared["spec"]["in_channels"], compared["spec"]["input_size"]) == (8, [16, 12])
    assert compared["spec"]["activation"] == "relu"
    alone = told(capsys, "layer", "--in", model, "--layer", "again")
    assert (alone["params"], alone["spec"]["activation"]) == (576, None)
    assert run(["layer", "--in", model, "--layer", "nobody"]) == 2
    assert "no layer 'nobody'" in capsys.readouterr().err


def test_convolutions_of_a_model_are_swapped(model: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Verified at the model's own size."""
    answer = told(capsys, "swap", model, "--to", "depthwise-separable", "--where", "first")
    assert answer["replaced"] == ["first"]
    assert answer["verified"]["after"]["status"] == "verified"
    assert told(capsys, "swap", model, "--to", "grouped", "--where", "k5", code=1)["replaced"] == []


def test_a_model_is_written_as_a_network_file(model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Which gives the same answer: layers, words, peak."""
    own = tmp_path / "own.txt"
    assert run(["network", model, "--as-text", "--output", str(own)]) == 0
    assert "again: standard 8 k3 share first" in own.read_text()
    one, other = (told(capsys, "network", name, "--no-verify") for name in (model, str(own)))
    for document in (one, other):
        del document["total"]["receptive_field"]  # of ONNX's flatten it is not known
    assert one["total"] == other["total"]
    assert [layer["name"] for layer in one["layers"]] == [layer["name"] for layer in other["layers"]]
    assert read_onnx(model, {}, None)


def image_model(tmp_path: Path, *shapes: str) -> str:
    """A model that gives each of its inputs back."""
    inputs = ", ".join([f"float[{shape}] x{number}" for number, shape in enumerate(shapes)])
    outputs = ", ".join([f"float[{shape}] y{number}" for number, shape in enumerate(shapes)])
    nodes = " ".join([f"y{number} = Relu(x{number})" for number in range(len(shapes))])
    path = tmp_path / "image.onnx"
    text = f'<ir_version: 8, opset_import: ["" : 17]> g ({inputs}) => ({outputs}) {{ {nodes} }}'
    path.write_bytes(onnx.parser.parse_model(text).SerializeToString())
    return str(path)


@pytest.mark.parametrize(
    ("shapes", "tokens", "expected"),
    [
        (["N,C,H,W"], "@3x48x192", [1, 3, 48, 192]),
        (["N,C,H,W"], "@2x3x48x192", [2, 3, 48, 192]),
        (["N,C,H,W"], "@3x48x192 n8", [8, 3, 48, 192]),
        (["N,3,H,W"], "@48", [1, 3, 48, 48]),
        (["4,3,64,64"], "@48x96", [4, 3, 48, 96]),
        (["N,H,W,3"], "@3x48x192", [1, 48, 192, 3]),
        (["N,H,W,3"], "@48x192", [1, 48, 192, 3]),
        (["N,C,H,W", "N,8"], "@3x48x192", [1, 3, 48, 192]),
        (["N,C,D,H,W", "N,8"], "@3x9x48x192", [1, 3, 9, 48, 192]),
        (["N,C"], "@16", [1, 16]),
        (["N,3,64,64"], "n8", [8, 3, 64, 64]),
    ],
)
def test_the_size_of_an_image_is_written_as_for_any_network(
    shapes: list[str], tokens: str, expected: list[int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where one input can be meant; what is not said is in the file."""
    path = image_model(tmp_path, *shapes)
    assert told(capsys, "network", path, *tokens.split(), "--no-verify")["input"] == expected


@pytest.mark.parametrize(
    ("shapes", "words", "message"),
    [
        (["N,C,H,W"], "@48", "input 'x0' is NxCxHxW"),
        (["N,3,H,W"], "@48x192x3", "input 'x0' is Nx3xHxW"),
        (["N,C,H,W"], "@2x3x48x192 n8", "input 'x0' is NxCxHxW"),
        (["N,C,H,W", "N,C,H,W"], "@3x48x192", "which of its 2 inputs has that size?"),
        (["N,C,H,W"], "@3x48x192 --input x0=1x3x48x192", "the input's size is given twice"),
        (["N,C,H,W"], "k3", "kernel_size does not belong here"),
    ],
)
def test_a_size_that_fits_no_input_is_refused(
    shapes: list[str], words: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the input that there is."""
    assert run(["network", image_model(tmp_path, *shapes), *words.split()]) == 2
    assert message in capsys.readouterr().err


def test_what_is_not_known_of_an_operation_is_null_in_its_row(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither zero nor [0]; totals and kinds are of what is known, and the params of a product of it are."""
    make = onnx.helper.make_node
    nodes = [make("Relu", ["x"], ["r"]), make("NonZero", ["r"], ["n"]), make("Cast", ["n"], ["c"], to=1),
             make("MatMul", ["c", "w"], ["y"])]  # fmt: skip
    sizes = [onnx.helper.make_tensor_value_info("x", 1, [1, 3, 8, 8])]
    weights = [onnx.helper.make_tensor("w", 1, [4, 4], [0] * 16)]
    path = tmp_path / "data.onnx"
    path.write_bytes(model_of(nodes, sizes, ["y"], weights).SerializeToString())
    found = told(capsys, "network", str(path))
    VALID.validate(found)
    relu, non_zero, cast, product = found["layers"]
    assert (relu["output_shape"], relu["elementwise"], relu["traffic_bytes"]) == ([1, 3, 8, 8], 192, 1536)
    words = ("output_shape", "macs", "elementwise", "activation_bytes", "traffic_bytes")
    assert [non_zero[word] for word in words] == [cast[word] for word in words] == [None] * 5
    assert [product[word] for word in ("inputs", *words)] == [[None], [4, 4], None, None, 64, None]
    assert (product["params"], found["status"]) == (16, "partial")
    assert [found["total"][word] for word in ("macs", "elementwise", "traffic_bytes")] == [0, 192, 1536]
    assert {kind["op"]: kind["elementwise"] for kind in found["op_types"]}["cast"] is None


@pytest.mark.parametrize(
    ("words", "message", "marked"),
    [
        ("--width 0.5", "an ONNX file has no width multiplier", "0.5"),
        ("--depth 2", "an ONNX file has no depth multiplier", "2"),
        ("--input x", "'x' is no input", "x"), ("--input =1x3", "'=1x3' is no input", "=1x3"),
        ("--input x=1x-3", "'x=1x-3' is no input", "x=1x-3"), ("--input x=1x3x", "'x=1x3x' is no input", "x=1x3x"),
        ("--input x=1x9999999999999999999", "'x=1x9999999999999999999' is no input", "x=1x9999999999999999999"),
    ],
)  # fmt: skip
def test_what_an_onnx_file_has_not_is_refused(
    model: str, words: str, message: str, marked: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """At what was said."""
    assert run(["network", model, *words.split()]) == 2
    error, shown, carets, *_ = capsys.readouterr().err.splitlines()
    assert message in error
    assert shown[carets.index("^") : carets.rindex("^") + 1] == marked


def test_inputs_are_for_onnx_files(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["network", "resnet18", "--input", "x=1x3x9x9"]) == 2
    assert "--input is for ONNX files" in capsys.readouterr().err
