"""ONNX's records as bytes: a file's own encoding, written without the onnx package, whose import costs 0.1 s.

Encoding: protobuf.dev/programming-guides/encoding; field numbers: onnx.proto3. Fields stand in the order of their
numbers, as the package writes them, so that equal records are equal bytes.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

Attribute = int | float | str | tuple[int, ...]

#: ONNX's numbers of types: of the float types that graphs may be of, and of the integers that say sizes.
KINDS = {"fp32": 1, "fp16": 10, "fp64": 11, "bf16": 16}
INT64 = 7

#: The largest file that the encoding allows: a length has 31 bits.
LARGEST_FILE = (1 << 31) - 1


class Step(NamedTuple):
    """One operation as ONNX has it; `note` is kept with it and means nothing to other readers."""

    name: str
    op: str
    inputs: tuple[str, ...]
    output: str
    attributes: Mapping[str, Attribute]
    note: str = ""


class Held(NamedTuple):
    """A tensor that the file holds: its name, its sizes, its type, and how many bytes are in it."""

    name: str
    dims: tuple[int, ...]
    kind: int
    size: int


def varint(value: int) -> bytes:
    """A number in groups of seven bits, the lowest first; a negative one as 64 bits.

    >>> varint(300).hex(" "), len(varint(-1))
    ('ac 02', 10)
    """
    value &= (1 << 64) - 1
    groups = bytearray()
    while value > 127:
        groups.append(value & 127 | 128)
        value >>= 7
    groups.append(value)
    return bytes(groups)


def whole(field: int, value: int) -> bytes:
    """A field that is a number."""
    return varint(field << 3) + varint(value)


def piece(field: int, content: bytes | str) -> bytes:
    """A field that is text, bytes or a record."""
    content = content.encode() if isinstance(content, str) else content
    return head(field, len(content)) + content


def head(field: int, size: int) -> bytes:
    """What stands before the content of a field of `size` bytes."""
    return varint(field << 3 | 2) + varint(size)


def encode_step(step: Step) -> bytes:
    """A NodeProto."""
    parts = [piece(1, name) for name in step.inputs]
    parts += [piece(2, step.output), piece(3, step.name), piece(4, step.op)]
    parts += [piece(5, _attribute(name, value)) for name, value in step.attributes.items()]
    return b"".join([*parts, *([piece(6, step.note)] if step.note else [])])


def _attribute(name: str, value: Attribute) -> bytes:
    """An AttributeProto: its name, its value in the field of its type, and the number of that type."""
    start = piece(1, name)
    if isinstance(value, float):
        return start + varint(2 << 3 | 5) + struct.pack("<f", value) + whole(20, 1)
    if isinstance(value, int):
        return start + whole(3, value) + whole(20, 2)
    if isinstance(value, str):
        return start + piece(4, value) + whole(20, 3)
    return start + b"".join([whole(8, one) for one in value]) + whole(20, 7)


def encode_integers(name: str, values: Sequence[int]) -> bytes:
    """A TensorProto of one axis of 64-bit integers."""
    return whole(1, len(values)) + whole(2, INT64) + piece(8, name) + piece(9, struct.pack(f"<{len(values)}q", *values))


def encode_value(name: str, kind: int, shape: Sequence[int]) -> bytes:
    """A ValueInfoProto: a tensor's name, type and sizes."""
    dims = b"".join([piece(1, whole(1, n)) for n in shape])
    return piece(1, name) + piece(2, piece(1, whole(1, kind) + piece(2, dims)))


def tensor_start(held: Held) -> bytes:
    """A TensorProto up to its numbers, which then follow as they lie in memory, the lowest byte first."""
    sizes = b"".join([whole(1, n) for n in held.dims])
    return sizes + whole(2, held.kind) + piece(8, held.name) + head(9, held.size)


def encode_model(
    producer: str, version: str, opset: int, ir: int, before: bytes, tensors: Iterable[tuple[Held, Iterable[bytes]]],
    behind: bytes, size: int,
) -> Iterator[bytes]:  # fmt: skip
    """A ModelProto, piece by piece: the graph is `before`, the tensors, `behind`; `size` bytes are the tensors'."""
    yield whole(1, ir) + piece(2, producer) + piece(3, version) + head(7, len(before) + size + len(behind)) + before
    for held, content in tensors:
        start = tensor_start(held)
        yield head(5, len(start) + held.size) + start
        yield from content
    yield behind
    yield piece(8, whole(2, opset))


def tensors_size(tensors: Iterable[Held]) -> int:
    """Bytes of tensors in a graph, with what stands before each."""
    sizes = [(len(tensor_start(held)) + held.size) for held in tensors]
    return sum([len(head(5, size)) + size for size in sizes])
