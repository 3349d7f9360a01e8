"""Models of ONNX files where networks are asked for: a layer of one, a swap in one, one as text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

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
