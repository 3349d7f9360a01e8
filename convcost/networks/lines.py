"""A network file as lines of words: names, references and defaults in their places, nothing looked up yet."""

import re
from collections.abc import Iterator

from ..spec.errors import Problem, Span, clip
from ..spec.layer import ACTIVATIONS
from ..spec.records import NamedTuple
from ..spec.text import spans
from .errors import NetworkError

#: A longer file is no network that anybody wrote.
LONGEST_FILE = 1 << 23

#: Words that a line, or `default`, turns on and off beside the tokens of specs.
FLAGS: dict[str, tuple[str, object]] = {
    "norm": ("norm", True), "no-norm": ("norm", False), "bias": ("bias", True), "no-bias": ("bias", False),
    "no-activation": ("activation", None), **{name: ("activation", name) for name in ACTIVATIONS},
}  # fmt: skip


#: A layer of a framework as a line, behind a name of ours or as `print(model)` names it.
IS_CALL = re.compile(
    r"\s*(?:(?P<name>[A-Za-z/_][\w./-]*+):\s+|\((?P<printed>\w++)\):\s+)?"
    r"(?P<call>(?:[A-Za-z_]\w*+\.)*+[A-Za-z_]\w*+\s?\(.*\)),?(?P<rest>(?:\s+from\s[^()]*)?)\s*"
)
#: A fact: operations by the word of their lines or a pattern of names, and what holds of them. They are modules, of a
#: subclass, or functions; padded by a word; the mean of the tensor; share one module with those of their kind in their
#: block; have a dropout behind them; `in2` is two containers around their modules.
FACT = re.compile(r"[^=\s]+=(?:(?:module|subclass|container|function|word|mean|shared|dropout|in[0-9])(?:,(?!$)|$))+")


class Line(NamedTuple):
    """One line: `words` from the operation on, up to `from`; `skipped` words stand before them.

    `inputs` are the names behind `from`; `flags` what holds by default where the line stands. `call`: the
    line is one of a framework, such as `Conv2d(3, 64, 7)`, and its only word is the name that is called.
    """

    number: int
    text: str
    name: str
    words: tuple[str, ...]
    inputs: tuple[str, ...]
    skipped: int
    flags: dict[str, object]
    call: str = ""

    @property
    def op(self) -> str:
        """The first word, which says what the line does."""
        return self.words[0]


class Block(NamedTuple):
    """Lines to be written out wherever its name is called; `params` with their defaults, None where there is none."""

    name: str
    params: dict[str, str | None]
    lines: tuple[Line, ...]


class Program(NamedTuple):
    """A whole file, read: what stands before the layers, and the layers.

    `multipliers` are width and depth, where the file has them; `also` names the same network with others.
    """

    file: str
    source: str
    input: Line
    multipliers: dict[str, str]
    blocks: dict[str, Block]
    lines: tuple[Line, ...]
    also: tuple[Line, ...] = ()
    facts: tuple[str, ...] | None = None

    def error(self, line: Line, problem: Problem, word: int = 0) -> NetworkError:
        """`problem` at a word of `line`, counted from its operation."""
        return NetworkError(problem.message, problem.hint, line.text, place(line, word), self.file, line.number)


def place(line: Line, word: int = 0) -> Span:
    """Where a word of `line`, counted from its operation, stands in the text."""
    found = list(spans(line.text.split("#")[0]))
    return found[min(line.skipped + word, len(found) - 1)][1]


def split_lines(text: str, file: str) -> Iterator[tuple[bool, Line]]:
    """Every line that says something, and whether it is indented.

    >>> [(deep, line.name, line.words, line.inputs) for deep, line in split_lines("a: relu # x\\n  add from a in", "")]
    [(False, 'a', ('relu',), ()), (True, '', ('add',), ('a', 'in'))]
    """
    if len(text) > LONGEST_FILE:
        raise NetworkError(
            "the file is too long", "a network has at most eight million characters", "", (0, 0), file, 0
        )
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.rstrip("\r")
        words = line.split("#", 1)[0].split()
        if words:
            if not line.expandtabs().isprintable():
                raise _not_text(line, file, number)
            yield line[0] in " \t", _line(number, line, words, file)


def _not_text(line: str, file: str, number: int) -> NetworkError:
    at = next(i for i, char in enumerate(line) if not char.isprintable() and char != "\t")
    return NetworkError("not text", "a network file is UTF-8 text", line, (at, at + 1), file, number)


def _line(number: int, text: str, words: list[str], file: str) -> Line:
    called = IS_CALL.fullmatch(text.split("#", 1)[0]) if "(" in text else None
    if called and not words[0].startswith(("block", "input", "default")):
        return _called(number, text, called)
    name = words[0][:-1] if words[0].endswith(":") else ""
    skipped = int(words[0].endswith(":"))
    cut = words.index("from") if "from" in words else len(words)
    line = Line(number, text, name, tuple(words[skipped:cut]), tuple(words[cut + 1 :]), skipped, {})
    problem = _form_problem(line, skipped, cut < len(words))
    if problem is None:
        return line
    message, hint, word = problem
    raise NetworkError(message, hint, text, place(line, word - skipped), file, number)


def _called(number: int, text: str, found: re.Match[str]) -> Line:
    """A line of a framework; its name is ours, or that of `print(model)`."""
    name, call = found["name"] or found["printed"] or "", found["call"]
    inputs = tuple(found["rest"].split()[1:])
    word = re.split(r"\s?\(", call, maxsplit=1)[0].rpartition(".")[2]
    name = name if is_line_name(name) and name != "in" else f"n{name}" * bool(name)
    skipped = len(text[: found.start("call")].split())
    return Line(number, text, name, (word,), inputs, skipped, {}, call)


def _form_problem(line: Line, named: int, has_from: bool) -> tuple[str, str, int] | None:
    """Message, hint and word, where the line has not the form `NAME: OPERATION … from INPUT …`."""
    if named and (not is_line_name(line.name) or line.name == "in"):
        return f"{clip(line.name)!r} cannot be a name", "letters, digits, - _ . and /, a letter first; not 'in'", 0
    if not line.words:
        return "there is no operation in this line", "write NAME: OPERATION … from INPUT …", 0
    if has_from and not line.inputs:
        return "no input is named behind 'from'", "name a line before, or 'in'", named + len(line.words)
    return None


def is_line_name(text: str) -> bool:
    """Can `text` name a line? Names of modules and of ONNX nodes can: `layer1.0.conv1`, `/layer1/conv1/Conv`."""
    plain = text.translate({ord(sign): None for sign in "-_./"})
    return len(text) <= 120 and (text[:1].isalpha() or text[:1] in ("/", "_")) and plain.isalnum() and text.isascii()


def is_name(text: str) -> bool:
    """Can `text` name a block or a parameter?"""
    plain = text.replace("-", "").replace("_", "")
    return len(text) <= 64 and text[:1].isalpha() and plain.isalnum() and text.isascii()
