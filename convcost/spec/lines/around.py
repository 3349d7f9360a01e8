"""What stands around a layer in a line of source or of a print: labels, wrappers, shapes, comments, tokens."""

from __future__ import annotations

import re
from typing import NamedTuple

from ..errors import Span, SpecError, clip
from .calls import Call

#: How much of what stands before a call is looked at for labels, which are short.
_NEAR = 200

#: How many labels and wrappers are taken off.
_LABELS = 12

#: What may end the text before a layer; a group is the name of a call that the layer is an argument of.
_BEFORE = re.compile(
    r"""(?:
      \([^()\s]*+\)\s*:                                # (conv1):
    | (?<![\w.])[A-Za-z_][\w.\[\]]*+\s*[:=]            # conv =   self.conv:
    | (?<![\w.])(?:return|yield|In)(?=\s|$)
    | (?<![\w.])In\s*\[\d*\]:
    | >>> | \.\.\.
    | ['"][^'"]*+['"]\s*[:,]                           # 'conv':   "conv",
    | (?<![\w.])(?P<name>[A-Za-z_][\w.]*+)\s*\(        # model.add(
    | [(\[]                                            # a tuple or a list
    )\s*$""",
    re.X,
)

#: Calls that leave the layer in them as it is; weight_norm adds one number an output channel.
_TRANSPARENT = {
    "add", "append", "add_module", "register_module", "setattr", "spectral_norm", "compact", "Sequential",
    "ModuleList", "OrderedDict", "nn_compat",
}  # fmt: skip

#: Names in front of a shape; others make no shape of the numbers behind them.
_SHAPED = {
    "size", "tensorshape", "shape", "randn", "rand", "zeros", "ones", "empty", "normal", "uniform", "input",
    "input_shape", "input_size", "x", "inputs", "inputlayer", "keras_input", "randint", "full", "in_shape",
}  # fmt: skip

_SHAPE = re.compile(
    r"(?:(?<![\w.])(?:[Ii]nputs?|on|for|with|shape|size|of)[:=]?\s{1,9}){0,3}"
    r"(?:(?P<name>(?<![\w.])[A-Za-z_][\w.]*+(?:(?=\()|\s{0,9}[=:]\s{0,9}))[(\[]|(?<!\w)[(\[])"
    r"\s{0,9}(?:shape\s{0,9}=\s{0,9})?(?:[(\[]\s{0,9})?"
    r"(?P<sizes>(?:-?\d{1,20}|None|\?)(?:\s{0,9},\s{0,9}(?:-?\d{1,20}|None|\?)){0,6})\s{0,9},?\s{0,9}[)\]](?:\s{0,9}\))?"
)
_METHOD = re.compile(r"\.\w++\(")
_COMMENT = re.compile(r"(?:^|(?<=\s))#[^\n]*|//[^\n]*")


class Shape(NamedTuple):
    """Sizes as written, None where one is not known, and their place."""

    sizes: tuple[int | None, ...]
    span: Span


def around(line: str, call: Call) -> tuple[str, list[Shape]]:
    """`line` with everything but tokens blanked, and the shapes that stand in it.

    >>> from .calls import CALL, read_call
    >>> line = "model.add(Conv2d(3, 8, 3)) (1, 3, 32, 32) n4  # stem"
    >>> tokens, shapes = around(line, read_call(line, list(CALL.finditer(line))[1]))
    >>> tokens.split(), shapes[0].sizes
    (['n4'], (1, 3, 32, 32))

    Raises SpecError where the layer is in a call that changes it.
    """
    before, opened = _before(line, call)
    behind, applied = _behind(line, call, opened)
    tokens, shapes = shapes_in(before + " " * (call.end - call.start) + behind)
    return tokens, [*applied, *shapes]


def _before(line: str, call: Call) -> tuple[str, int]:
    """The text before the call without labels and wrappers, and how many parentheses those open."""
    text, opened = line[: call.start], 0
    for _ in range(_LABELS):
        label = _BEFORE.search(text, max(0, len(text.rstrip()) - _NEAR))
        if label is None:
            break
        name = (label["name"] or "").rpartition(".")[2]
        if name and name not in _TRANSPARENT:
            hint = f"write the layer alone: {clip(line[slice(*call.span)])}"
            raise SpecError(f"{clip(name)} is around the layer", hint, line, *label.span("name"))
        opened += label[0].rstrip()[-1:] in ("(", "[")
        text = text[: label.start()]
    return text.ljust(call.start), opened


def _behind(line: str, call: Call, opened: int) -> tuple[str, list[Shape]]:
    """The text behind the call without what it is applied to, its methods, closing brackets and a comment."""
    text, shapes = _COMMENT.sub(lambda found: " " * len(found[0]), line[call.end :]), list[Shape]()
    at = 0
    for _ in range(_LABELS):  # (x)   .to(device)
        if text[at : at + 1] != "(" and not _METHOD.match(text, at):
            break
        end = _balanced(text, text.index("(", at))
        inside = shapes_in(" " * (call.end + at) + text[at:end])[1] if text[at] == "(" else []
        shapes += inside
        at = end
    while at < len(text) and (text[at] in ",; \t\n" or (text[at] in ")]" and opened)):
        opened -= text[at] in ")]"
        at += 1
    return " " * at + text[at:], shapes


def _balanced(text: str, start: int) -> int:
    """The place behind the parenthesis that closes the one at `start`; the end where none does."""
    depth = 0
    for found in re.finditer(r"[()]", text[start:]):
        depth += 1 if found[0] == "(" else -1
        if not depth:
            return start + found.end()
    return len(text)


def shapes_in(text: str) -> tuple[str, list[Shape]]:
    """`text` with the shapes in it blanked, and these.

    >>> shapes_in("64:128 k3 torch.Size([1, 64, 56, 56])")[1][0].sizes
    (1, 64, 56, 56)
    """
    shapes = list[Shape]()

    def take(found: re.Match[str]) -> str:
        name = re.sub(r"[^\w.].*", "", found["name"] or "", flags=re.S)
        if name and name.rpartition(".")[2].lower() not in _SHAPED:
            return found[0]
        sizes = [part.strip() for part in found["sizes"].split(",")]
        shapes.append(Shape(tuple([_size(part) for part in sizes]), found.span()))
        return " " * len(found[0])

    return _SHAPE.sub(take, text), shapes


def _size(part: str) -> int | None:
    return int(part) if part.isdigit() and int(part) > 0 else None
