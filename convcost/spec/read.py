"""One line of text -> what it says: which notation it is in. Each is loaded when a line needs it."""

from __future__ import annotations

from .errors import SpecError
from .fields import Values
from .layer import LayerSpec, Reading
from .text import read_tokens

_NOTHING: Values = {}


def parse_spec(text: str) -> LayerSpec:
    """Read one line: tokens in any order, a line of a framework with its size beside it, or a JSON object.

    >>> parse_spec("64:128 @56x48 k1x7 s2 bias").padding
    ((0, 0), (3, 3))
    >>> parse_spec("Conv2d(3, 64, kernel_size=(7, 7), stride=(2, 2), padding=(3, 3), bias=False) @224").stride
    (2, 2)
    >>> parse_spec('{"in_channels": 64, "kernel_size": [3], "input_size": 100}').axes
    1

    Raises SpecError, and nothing else, for a line that describes no layer.
    """
    return read_layer(text).spec


def read_layer(text: str, otherwise: Values = _NOTHING) -> Reading:
    """What a line says; `otherwise` are fields that hold where it says nothing, as `gather` gives them.

    >>> read_layer("SeparableConv2D(32, 3, input_shape=(28, 28, 16))")[1:3]
    ('depthwise-separable', 'Keras SeparableConv2D')
    >>> read_layer("64:128 k3", {"input_size": 56}).spec.input_size
    (56, 56)

    Raises SpecError, and nothing else, for a line that describes no layer.
    """
    line = text if text.isprintable() else _readable(text)
    if "{" in line and line.lstrip()[0] == "{":
        from .json_object import read_json

        return Reading(read_json(line, otherwise))
    if "(" in line:
        from .lines.reading import read_line

        return read_line(line, otherwise)
    try:
        return Reading(read_tokens(line, otherwise))
    except SpecError as error:
        from .lines.elsewhere import recognised

        raise recognised(line) or error from None


def _readable(text: str) -> str:
    """`text` with a byte order mark blanked out; SpecError where it is not text at all."""
    for place, char in enumerate(text):
        if ("\0" <= char < " " and char not in "\t\n\v\f\r") or "\x7f" <= char < "\xa0" or "\ud800" <= char < "\ue000":
            raise SpecError("not text", "give one spec a line, as UTF-8 text", text, place, place + 1)
    return " " + text[1:] if text.startswith("\ufeff") else text
