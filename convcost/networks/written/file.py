"""A graph -> an ONNX file, piece by piece, in the file's own encoding."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from math import prod
from typing import NamedTuple

from ...graph.dtypes import BITS
from ...graph.ops import Graph, Ints, Node, Shape
from ...graph.shapes import infer_shapes
from ...spec.errors import SpecError, clip
from .encode import (
    KINDS,
    LARGEST_FILE,
    Held,
    Step,
    encode_integers,
    encode_model,
    encode_step,
    encode_value,
    piece,
    tensors_size,
)
from .learned import Fill, Tensor, learned_tensors, upper_half
from .steps import emitted


class Written(NamedTuple):
    """A graph as ONNX has it: its steps, integers by name, what it learns, all that `pieces` need."""

    graph: Graph
    name: str
    steps: list[Step]
    integers: dict[str, Sequence[int]]
    floats: dict[str, tuple[Ints, float]]
    learned: list[list[Tensor]]
    output: str
    shapes: list[Shape]


def writable(graph: Graph, name: str = "graph") -> Written:
    """Everything that a file of `graph` has but what it learns; SpecError for what cannot be written."""
    if graph.dtype not in KINDS:
        hint = "there are " + ", ".join(KINDS) + "; a quantised file needs scales, which nobody has measured"
        raise SpecError(f"{graph.dtype} cannot be exported", hint, graph.dtype)
    if {*(graph.value_types or ())} - {graph.dtype}:
        mixed = ", ".join(sorted({*(graph.value_types or ())}))
        raise SpecError(f"{clip(name)} cannot be exported: its tensors are {mixed}", "one float type is written")
    if not graph.nodes:
        raise SpecError(f"{clip(name)} has no operation to export")
    names, shapes = _unique(graph.nodes), infer_shapes(graph)
    learned = learned_tensors(graph, names)
    values = ["input", *names]
    made = Written(graph, name, [], {}, {}, learned, values[-1], shapes)
    for number, node in enumerate(graph.nodes):
        given = [values[value] for value in node.inputs]
        found = emitted(node.op, names[number], given, [shapes[value] for value in node.inputs], learned[number])
        made.steps.extend(found.steps)
        made.integers.update(found.integers)
        made.floats.update(found.floats)
    return made


def _unique(nodes: Sequence[Node]) -> list[str]:
    """Names of the nodes, each once, none of them that of the input."""
    seen, names = {"input"}, list[str]()
    for node in nodes:
        name, again = node.name, 1
        while name in seen:
            again += 1
            name = f"{node.name}#{again}"
        seen.add(name)
        names.append(name)
    return names


def onnx_pieces(written: Written, fill: Fill, version: str) -> Iterator[bytes]:
    """The file, piece by piece: opset 20, of bf16 the first that has it, 22.

    >>> from convcost.graph.ops import Activation
    >>> from convcost.networks.written.learned import ones
    >>> graph = Graph((1, 2, 4), "fp32", (Node("act", Activation("relu"), (0,)),))
    >>> b"".join(onnx_pieces(writable(graph), ones, "1")).hex(" ")[:35]
    '08 09 12 08 63 6f 6e 76 63 6f 73 74'

    Raises SpecError above 2 GB, the most that the encoding allows.
    """
    graph, kind = written.graph, KINDS[written.graph.dtype]
    width = BITS[graph.dtype] // 8
    tensors = list({tensor.name: tensor for each in written.learned for tensor in each}.values())
    held = [Held(tensor.name, tensor.dims, kind, width * prod(tensor.dims)) for tensor in tensors]
    held += [Held(name, dims, kind, width * prod(dims)) for name, (dims, _) in written.floats.items()]
    before = b"".join([piece(1, encode_step(step)) for step in written.steps]) + piece(2, written.name)
    behind = b"".join([piece(5, encode_integers(name, values)) for name, values in written.integers.items()])
    behind += piece(11, encode_value("input", kind, graph.input_shape))
    behind += piece(12, encode_value(written.output, kind, written.shapes[-1]))
    size = tensors_size(held)
    if len(before) + size + len(behind) > LARGEST_FILE:
        raise SpecError(f"{clip(written.name)} has {size:,} bytes of weights", "an ONNX file holds 2 GB at most")
    contents = [*[fill(tensor, graph.dtype) for tensor in tensors], *_filled(written)]
    late = graph.dtype == "bf16"
    yield from encode_model(
        "convcost", version, 22 if late else 20, 10 if late else 9, before, zip(held, contents), behind, size
    )


def _filled(written: Written) -> Iterator[list[bytes]]:
    """Tensors of one number again and again."""
    for dims, value in written.floats.values():
        yield [_float_bytes(value, written.graph.dtype) * prod(dims)]


def _float_bytes(value: float, dtype: str) -> bytes:
    """A number in a dtype."""
    if dtype == "bf16":
        half: int = upper_half(int.from_bytes(struct.pack("<f", value), "little"))
        return half.to_bytes(2, "little")
    made: bytes = struct.pack({"fp64": "<d", "fp32": "<f", "fp16": "<e"}[dtype], value)
    return made
