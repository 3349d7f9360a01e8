"""A model without its weights: the file's own encoding, walked over, the contents of large tensors left out.

Protocol Buffers put a field's number, its length and its content behind one another, so content can be
skipped without being read: of a memory-mapped file of many GB only the pages between the weights are
touched. Encoding: protobuf.dev/programming-guides/encoding; field numbers: onnx.proto3.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from mmap import mmap

#: Tensors of more bytes lose their content: a shape, an axis, a repetition is far smaller. Integers and truths, of
#: which shapes can be computed, may be more.
LARGEST, MOST_INTEGERS = 1024, 1 << 15

#: ONNX's types of these: int32, int64, truth.
INTEGERS = frozenset((6, 7, 9))

#: Messages inside messages, more than any model has and fewer than Python can follow.
DEEPEST = 60

#: Where tensors are: by message, the fields that lead to one.
LEADS: Mapping[str, Mapping[int, str]] = {
    "model": {7: "graph", 25: "function"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "function": {7: "node"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
}

#: float, int32, string, int64, raw, double and uint64 data of a tensor, where its external data is.
CONTENT = frozenset((4, 5, 6, 7, 9, 10, 11, 13, 14))

#: `data_location` is EXTERNAL: readers then know that there is content, which they do not have.
ELSEWHERE = bytes((14 << 3, 1))

Source = bytes | mmap
Field = tuple[int, int, int, int]  # number, where it starts, where its content starts, where it ends


class Malformed(ValueError):  # noqa: N818  what the bytes are
    """Bytes that are no model."""


def check_text(*names: str) -> None:
    """Every name is text; Malformed where the decoder has left bytes, as it does with what is no UTF-8."""
    try:
        "".join(names)
    except TypeError:
        raise Malformed("a name in it is no text: it is damaged") from None


def without_weights(data: Source) -> bytes:
    """The model in `data` with the content of its large tensors left out.

    >>> tensor = bytes((8, 100, 16, 1)) + bytes((9 << 3 | 2, 200, 15)) + bytes(1992)
    >>> model = bytes((7 << 3 | 2, 210, 15, 5 << 3 | 2, 207, 15)) + tensor
    >>> without_weights(model).hex(" ")
    '3a 08 2a 06 08 64 10 01 70 01'
    """
    return b"".join(_message(data, "model", 0, len(data), 0))


def _message(data: Source, kind: str, start: int, end: int, depth: int) -> list[bytes]:
    if depth > DEEPEST:
        raise Malformed("it is nested too deeply")
    leads, parts, copied = LEADS[kind], [], start
    for number, tag, content, stop in message_fields(data, start, end):
        if stop - content <= LARGEST or number not in leads:
            continue  # copied as it is, together with its neighbours
        inner = leads[number]
        inside = _tensor(data, content, stop) if inner == "tensor" else _message(data, inner, content, stop, depth + 1)
        size = sum(map(len, inside))
        parts += [data[copied:tag], _varint(number << 3 | 2), _varint(size), *inside]
        copied = stop
    return [*parts, data[copied:end]]


def _tensor(data: Source, start: int, end: int) -> list[bytes]:
    if end - start <= MOST_INTEGERS and _type(data, start, end) in INTEGERS:
        return [data[start:end]]
    kept = [data[tag:stop] for number, tag, _, stop in message_fields(data, start, end) if number not in CONTENT]
    return [*kept, ELSEWHERE]


def _type(data: Source, start: int, end: int) -> int:
    """ONNX's number of a tensor's type: its field 2."""
    for number, tag, content, stop in message_fields(data, start, end):
        if number == 2 and data[tag] & 7 == 0:
            return _read_varint(data, content, stop)[0]
    return 0


def message_fields(data: Source, start: int, end: int) -> Iterator[Field]:
    """Every field of the message that lies between two places."""
    at = start
    while at < end:
        tag = at
        key, at = _read_varint(data, at, end)
        content = at
        wire = key & 7
        if wire == 2:
            size, content = _read_varint(data, at, end)
            at = content + size
        elif wire == 0:
            _, at = _read_varint(data, at, end)
        elif wire in (1, 5):
            at += 8 if wire == 1 else 4
        else:
            raise Malformed("it is no ONNX model, or damaged")
        if at > end:
            raise Malformed("it is cut short, or damaged")
        yield key >> 3, tag, content, at


def _read_varint(data: Source, at: int, end: int) -> tuple[int, int]:
    """A number in groups of seven bits, the lowest first, and the place behind it."""
    value = shift = 0
    while at < end and shift < 70:
        byte = data[at]
        value |= (byte & 127) << shift
        at += 1
        if byte < 128:
            return value, at
        shift += 7
    raise Malformed("it is cut short, or damaged")


def _varint(value: int) -> bytes:
    groups = []
    while value > 127:
        groups.append(value & 127 | 128)
        value >>= 7
    return bytes([*groups, value])
