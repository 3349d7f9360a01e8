"""Small ONNX models in one line of text: an operation, its attributes, its inputs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from convcost.networks.onnx import read
from convcost.networks.onnx.read import Reading, read_onnx

onnx = pytest.importorskip("onnx", reason="reading ONNX files needs the onnx extra")

#: Types by the letter in front of an input's sizes.
KINDS = {"": 1, "b": 9, "i": 7, "j": 6, "q": 2, "f": 1}

_INPUT = re.compile(r"(\*?)(?:([bijqf]?):?)(\[.*\]|\.|[0-9x]+)")


class Single(NamedTuple):
    """One operation: its name with its domain, attributes, inputs as `1x4x8 *8x4x3 - *i[1,2]`, outputs, opset."""

    op: str
    attributes: dict[str, Any]
    inputs: tuple[str, ...]
    outputs: int
    opset: int


def single(text: str) -> Single:
    """`Op name=value … ->outputs @opset | inputs`; `*` stands before a tensor of the file, `[1,2]` is its content."""
    head, _, inputs = text.partition("|")
    op, *words = head.split()
    attributes, outputs, opset = {}, 1, 22
    for word in words:
        if word.startswith("->"):
            outputs = int(word[2:])
        elif word.startswith("@"):
            opset = int(word[1:])
        else:
            name, _, value = word.partition("=")
            attributes[name] = _attribute(name, value)
    return Single(op, attributes, tuple(inputs.split()), outputs, opset)


def _attribute(name: str, text: str) -> Any:
    if text.startswith("'"):
        return text.strip("'")
    numbers = [int(number) for number in text.split(",")]
    lists = ("pads", "strides", "dilations", "kernel_shape", "axes", "output_shape", "output_padding", "perm",
             "pooled_shape", "split", "starts", "ends", "shape", "qkv_hidden_sizes")  # fmt: skip
    is_list = name in lists and not (name == "axes" and text == "")
    return numbers if is_list else numbers[0]


def model_of(text: str) -> Any:
    """The model of one operation."""
    one = single(text)
    domain, _, op = one.op.rpartition(".")
    given, tensors, names = [], [], []
    for index, word in enumerate(one.inputs):
        name = f"i{index}"
        names.append("" if word == "-" else name)
        if word == "-":
            continue
        match = _INPUT.fullmatch(word)
        assert match, word
        kind = KINDS[match[2]]
        if match[1]:
            tensors.append(_tensor(name, kind, match[3]))
        else:
            given.append(onnx.helper.make_tensor_value_info(name, kind, _sizes(match[3])))
    outputs = [f"o{index}" for index in range(one.outputs)]
    node = onnx.helper.make_node(op, names, outputs, domain=domain, **one.attributes)
    return model([node], given, outputs, tensors, one.opset)


def model(
    nodes: Sequence[Any], given: Sequence[Any], outputs: Sequence[str], tensors: Sequence[Any] = (), opset: int = 17,
    functions: Sequence[Any] = (),
) -> Any:  # fmt: skip
    """A model of these parts, its outputs without a shape."""
    made = [onnx.helper.make_empty_tensor_value_info(name) for name in outputs]
    graph = onnx.helper.make_graph(list(nodes), "g", list(given), made, list(tensors))
    domains = {"": opset, "com.microsoft": 1, "com.microsoft.nchwc": 1, "own": 1}
    opsets = [onnx.helper.make_opsetid(name, version) for name, version in domains.items()]
    return onnx.helper.make_model(graph, opset_imports=opsets, functions=list(functions), ir_version=10)


def _sizes(text: str) -> list[int]:
    return [] if text == "." else [int(n) for n in text.split("x")]


def _tensor(name: str, kind: int, text: str) -> Any:
    if text.startswith("["):
        content = [int(n) for n in text[1:-1].split(",")]
        is_scalar = len(content) == 1 and kind == 7 and text.startswith("[[")
        return onnx.helper.make_tensor(name, kind, [] if is_scalar else [len(content)], content)
    sizes = _sizes(text)
    count = 1
    for n in sizes:
        count *= n
    return onnx.helper.make_tensor(name, kind, sizes, [0] * count)


def read_here(model: Any, tmp_path: Path, inputs: dict[str, tuple[int, ...]] | None = None) -> Reading:
    """What is read from a model, in this process: a mistake of ours shows where it is."""
    path = tmp_path / "model.onnx"
    path.write_bytes(model.SerializeToString())
    isolated = read.isolated
    read.isolated = lambda work, *_: work(lambda _: None)
    try:
        return read_onnx(str(path), inputs or {}, None)
    finally:
        read.isolated = isolated
