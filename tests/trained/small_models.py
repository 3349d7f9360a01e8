"""Small ONNX files whose weights are chosen, so that what is dead in them is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="reading ONNX files needs the onnx extra")


def conv(given: str, weights: str, made: str, bias: str = "", **attributes: Any) -> Any:
    return node("Conv", [given, weights, *([bias] if bias else [])], made, **attributes)


def node(op: str, given: Sequence[str], made: str, **attributes: Any) -> Any:
    return onnx.helper.make_node(op, list(given), [made], name=f"{op}.{made}", **attributes)


def saved(
    path: Path, nodes: Sequence[Any], arrays: Mapping[str, Any], size: Sequence[int | str],
    outputs: Sequence[str] = ("y",), opset: int = 17,
) -> str:  # fmt: skip
    """A file with these operations; its input is x, its outputs have any shape."""
    given = onnx.helper.make_tensor_value_info("x", 1, list(size))
    made = [onnx.helper.make_tensor_value_info(name, 1, None) for name in outputs]
    tensors = [onnx.numpy_helper.from_array(array, name) for name, array in arrays.items()]
    graph = onnx.helper.make_graph(list(nodes), "g", [given], made, tensors)
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", opset)], ir_version=8)
    onnx.save(model, str(path))
    return str(path)


def random_weights(*shape: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)
