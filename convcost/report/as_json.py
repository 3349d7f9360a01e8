"""Documents as JSON: a line each for scripts, or laid out for reading."""

from __future__ import annotations

from functools import lru_cache
from json import JSONEncoder

from ..analysis.analyze import WORDS
from ..answers.comparison import Layer, Result
from ..spec import LayerSpec, SpecError
from .documents import NO_RATIOS, NOT_VERIFIED, SCHEMA, Document, error_document, row_start
from .writers import Options, Writer, answered

#: Documents hold no cycles, and looking for them costs a tenth of the time.
encode = JSONEncoder(separators=(",", ":"), check_circular=False).encode

#: Keys and other words that come again and again, as JSON.
_key = lru_cache(maxsize=1024)(encode)

#: What stands around the parts of a line that differ.
_START = f'{encode({"schema": SCHEMA})[:-1]},"spec":'
_FIRST_WORD = f"{encode(WORDS[0])}:"
_UNRELATED = encode({"relative": NO_RATIOS})[1:-1]
_END = f"{_UNRELATED},{encode({'verified': NOT_VERIFIED})[1:-1]},"

#: What stands before the rows of a comparison, the last of its fields.
_ROWS = '"rows":['

#: Fields of a spec; the first few are its sizes.
_FIELDS = LayerSpec._fields
_SIZES = _FIELDS.index("input_size") + 1
_SIZES_AS_JSON = "{" + "".join([f"{encode(field)}:%s," for field in _FIELDS[:_SIZES]])

#: Nothing beside the answer.
PLAIN = Options()

#: What a line of JSON for reading holds at most: columns, the key in front not counted, and members.
LINE = 100
FEW = 8

#: Their repr is their JSON, as no number here is infinite; the encoder takes ten times as long for one alone, as it is
#: made anew for each: three times as long for sizes and pairs of them.
_NUMBERS = (int, float)
_OF_NUMBERS = frozenset([int, tuple])
_WORDS = {None: "null", True: "true", False: "false"}  # no number is looked for here, or 1 would be true

_encode_spaced = JSONEncoder(check_circular=False).encode


def json_line(result: Result, options: Options = PLAIN) -> str:
    """The answer as one line of JSON, without its newline."""
    if isinstance(result, Layer) and not options.convention:
        row = result.row
        if len(row.ops) == 1 and row.verified is None and row.relative is None and row.ops[0].words == row.words:
            return _one_op_line(result)
    return encode(answered(result, options))


def _one_op_line(layer: Layer) -> str:
    """The line of a layer of one operation that was not executed, the bulk of any batch, in two thirds of the time.

    Row and operation then say the same words, which are encoded once; what is the same for every layer is not
    encoded at all, and what is the same for most is remembered.
    """
    op = layer.row.ops[0]
    row = encode(row_start(layer.row))[1:-1]
    words = row[row.rindex(_FIRST_WORD) :]
    name = f'"name":{_key(op.name)},"op":{_key(op.kind)}'
    return f'{_START}{_spec(layer.spec)},{row},{_END}"ops":[{{{name},{words},{_UNRELATED}}}]}}'


def _spec(spec: LayerSpec) -> str:
    """The spec as JSON: its sizes differ from layer to layer, the other fields hardly ever do."""
    sizes = _SIZES_AS_JSON % (spec.in_channels, spec.out_channels, _list(spec.kernel_size), _list(spec.input_size))
    return sizes + _settings(spec[_SIZES:])


def _list(values: tuple[int, ...]) -> str:
    return f"[{','.join(map(str, values))}]"


@lru_cache(maxsize=1024)
def _settings(values: tuple[object, ...]) -> str:
    return encode(dict(zip(_FIELDS[_SIZES:], values)))[1:]


def json_text(value: object, indent: str = "\n") -> str:
    """JSON for reading: two spaces a level, but a few things that fit on a line stay on it.

    >>> print(json_text({"spec": {"kernel_size": (3, 3), "stride": (1, 1)}, "rows": [{"a": 9}, {"b": 8}] * 5}))
    {
      "spec": {"kernel_size": [3, 3], "stride": [1, 1]},
      "rows": [
        {"a": 9},
        {"b": 8},
        {"a": 9},
        {"b": 8},
        {"a": 9},
        {"b": 8},
        {"a": 9},
        {"b": 8},
        {"a": 9},
        {"b": 8}
      ]
    }
    """
    if type(value) in _NUMBERS:
        return repr(value)
    if value is None or isinstance(value, bool):  # a third of a network's words
        return _WORDS[value]
    if not isinstance(value, (dict, list)):
        if isinstance(value, tuple) and _OF_NUMBERS.issuperset(map(type, value)):
            return f"[{', '.join(map(json_text, value))}]"
        return _encode_spaced(value)
    if len(value) <= FEW:
        text = _encode_spaced(value)
        if len(text) + len(indent) <= LINE:
            return text
    inner = indent + "  "
    if isinstance(value, dict):
        items = [f"{_key(key)}: {json_text(item, inner)}" for key, item in value.items()]
        return "{" + inner + ("," + inner).join(items) + indent + "}"
    return "[" + inner + ("," + inner).join([json_text(item, inner) for item in value]) + indent + "]"


class LinesWriter(Writer):
    """A document a line, as soon as it is there; of a list, an entry a line."""

    a_line_each = True

    def answer(self, result: Result) -> None:
        """One line."""
        self.file.write(self.text(result))

    def text(self, result: Result) -> str:
        """The line with its newline."""
        return json_line(result, self.options) + "\n"

    def cut(self, text: str) -> tuple[str, str, str]:
        """A line of a comparison around its rows."""
        start, end = text.index(_ROWS) + len(_ROWS), len(text) - len("]}\n")
        return text[:start], text[start:end], text[end:]

    def error(self, error: SpecError, line: int) -> None:
        """One line that says what is wrong."""
        self.file.write(encode(error_document(error, line)) + "\n")

    def document(self, document: Document, *_: object) -> None:
        """One line."""
        self.file.write(encode(document) + "\n")


class JsonWriter(Writer):
    """One document for reading; a batch is an array of them, each written as soon as it is there."""

    _before = "[\n  "

    def answer(self, result: Result) -> None:
        """The document, or the next of the array."""
        self._write(answered(result, self.options))

    def end(self) -> None:
        """Close the array, which may be empty."""
        if self.options.batch:
            self.file.write("[]\n" if self._before.startswith("[") else "\n]\n")

    def _write(self, document: Document) -> None:
        if self.options.batch:
            self.file.write(self._before + json_text(document, "\n  "))
            self._before = ",\n  "
        else:
            self.file.write(json_text(document) + "\n")

    def document(self, document: Document, *_: object) -> None:
        """Laid out for reading."""
        self.file.write(json_text(document) + "\n")
