"""Whatever stands in a network file or an ONNX file: an answer or a short error, never a traceback, and soon."""

from __future__ import annotations

import os
import resource
import socket
import time
from pathlib import Path

import pytest
from cli.bounded import MOST_SECONDS, SLACK
from cli.test_fuzz import answers
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from networks.network_cases import broken_networks
from networks.onnx_cases import broken_models, onnx, parsed
from tables import each

from convcost.networks.swap import replacements

#: Each example writes the file anew.
one_file = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


def holds(words: list[str], stdin: bytes = b"") -> tuple[int, str]:
    """What must be true of every network: exit code and errors, for whoever wants to see them."""
    start = _seconds()
    code, out, err = answers(words, stdin)
    assert _seconds() - start < SLACK * MOST_SECONDS
    assert code == (1 if err.startswith("nothing was replaced: ") else 2 if "error: " in err else 0)
    assert "Traceback" not in err
    assert bool(out) == (code != 2)
    assert len(err) < 4000 or "partial: " in err
    return code, err


def _seconds() -> float:
    """Processor seconds of this process and of those that it has waited for."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


@settings(max_examples=60)
@given(st.binary(max_size=400) | st.text(max_size=400).map(lambda text: text.encode("utf-8", "replace")))
def test_any_bytes_are_answered_as_a_network(raw: bytes) -> None:
    """On standard input, alone and behind a line that is in order."""
    holds(["network", "-", "--no-verify"], raw)
    holds(["network", "-", "--no-verify"], b"input 3 @8\n" + raw)


@settings(max_examples=60)
@given(broken_networks(), st.sampled_from(["json", "csv", "table", "latex"]))
def test_networks_a_little_broken_are_answered(text: str, format: str) -> None:
    """Of every network of the zoo; a mistake names its line."""
    code, err = holds(["network", "-", "--no-verify", "-f", format], text.encode("utf-8", "surrogatepass"))
    assert code == 0 or "standard input" in err


@settings(one_file, max_examples=60)
@given(
    text=broken_networks(),
    to=st.sampled_from(replacements()),
    where=st.sampled_from(["k3", "", "*", "k1 s1", "op=0-9", "macs>5%", "standard"]),
)
def test_networks_a_little_broken_are_swapped_or_not(tmp_path: Path, text: str, to: str, where: str) -> None:
    """Out of a file, with every replacement."""
    path = tmp_path / "net.txt"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    holds(["swap", str(path), "--to", to, "--where", where, "--no-verify"])


@settings(max_examples=60)
@given(st.lists(st.sampled_from(["@9", "@0", "n8", "n0", "fp16", "64", "k3", "@" + "9" * 18, "x", "\ud800", ""])
                | st.text(max_size=6), max_size=3),
       st.sampled_from(["", "1", "0", "-1", "1e9", "nan", "0.000001", "9" * 400, "²"]))  # fmt: skip
def test_any_words_beside_a_network_are_answered(words: list[str], width: str) -> None:
    """Input tokens and widths, of a network that is built in."""
    kept = [word for word in words if not word.startswith("-")]
    holds(["network", "mobilenet-v1", *kept, f"--width={width}", "--no-verify"])


NAMES = ["x" * 65536, "x" * 300, "a/" * 30000, "\x00", "\ud800", ".", "/", "*", "x" * 65536 + ".onnx", "\x00.onnx",
         "\ud800.onnx", "missing.onnx", "..onnx"]  # fmt: skip


@each("name", NAMES, ids=range(len(NAMES)))
@each("command", [["network"], ["swap", "--to", "bottleneck"]], ids=["network", "swap"])
def test_any_name_of_a_network_is_answered(command: list[str], name: str) -> None:
    """Names that no file can have are bad input, as names are that no file has."""
    code, err = holds([command[0], name, *command[1:]])
    assert code == 2
    assert len(err) < 1000


@one_file
@given(data=broken_models(), words=st.lists(st.sampled_from([
    "--input=x=1x4x8x8", "--input=x=0", "--input=x=", "--input==1", "--input=x=" + "9" * 18 + "x2", "--batch=3", "n8",
    "--input=x=" + "x".join(["1"] * 3000), "--strict=", "--input=zz=1",
]), max_size=2), format=st.sampled_from(["json", "csv", "table"]))  # fmt: skip
def test_models_a_little_broken_are_answered(tmp_path: Path, data: bytes, words: list[str], format: str) -> None:
    """Fields that contradict one another, sizes that no tensor has, and bytes that are not where they belong."""
    path = tmp_path / "model.onnx"
    path.write_bytes(data)
    holds(["network", str(path), *words, "--no-verify", "-f", format])


@settings(one_file, max_examples=60)
@given(data=st.binary(max_size=300) | st.binary(max_size=100).map(lambda raw: b"\x08\x08:" + bytes([len(raw)]) + raw))
def test_any_bytes_are_answered_as_a_model(tmp_path: Path, data: bytes) -> None:
    """And as the bytes of a graph."""
    path = tmp_path / "model.onnx"
    path.write_bytes(data)
    holds(["network", str(path), "--no-verify"])


@pytest.mark.parametrize("place", ["secret.bin", "../secret.bin", "/etc/passwd", "pipe", "missing"])
def test_data_outside_a_model_are_never_opened(tmp_path: Path, place: str) -> None:
    """Weights in another file count by their shape: a pipe there, which nobody writes to, is waited for by no one."""
    (tmp_path / "secret.bin").write_bytes(bytes(64))
    os.mkfifo(tmp_path / "pipe")
    model = parsed("g (float[1,4] x) => (float[1,4] y) { a = MatMul(x, w) y = Reshape(a, s) }")
    model.graph.output[0].type.tensor_type.ClearField("shape")
    for name, dims, kind in (("w", [4, 4], 1), ("s", [2], 7)):
        tensor = model.graph.initializer.add(name=name, dims=dims, data_type=kind, data_location=1)
        for key, value in (("location", place), ("offset", "0"), ("length", "64")):
            tensor.external_data.add(key=key, value=value)
    path = tmp_path / "model.onnx"
    path.write_bytes(model.SerializeToString())
    code, out, err = answers(["network", str(path), "--no-verify", "--format", "csv", "--per-layer"])
    assert code == 0
    assert "1 x Reshape (first: y): the size of its output is not known" in err
    assert ",16,16,16," in out  # params and MACs of the product


@pytest.mark.parametrize("kind", ["pipe", "folder", "socket"])
def test_what_is_no_file_is_no_model(tmp_path: Path, kind: str) -> None:
    """Nobody waits for somebody to write into a pipe."""
    path = tmp_path / "m.onnx"
    make = {"pipe": lambda: os.mkfifo(path), "folder": path.mkdir,
            "socket": lambda: socket.socket(socket.AF_UNIX).bind(os.path.relpath(path))}[kind]  # fmt: skip
    make()
    assert holds(["network", str(path)])[0] == 2


def test_an_error_about_many_sizes_is_short(tmp_path: Path) -> None:
    """Eight are shown."""
    given = onnx.helper.make_tensor_value_info("x", 1, [*[1] * 3000, "N"])
    graph = onnx.helper.make_graph([onnx.helper.make_node("Relu", ["x"], ["y"])], "g", [given], [])
    path = tmp_path / "m.onnx"
    path.write_bytes(onnx.helper.make_model(graph).SerializeToString())
    for words in ([], ["--input=x=1x2"]):
        code, err = holds(["network", str(path), *words])
        assert code == 2
        assert len(err) < 400
