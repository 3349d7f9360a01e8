"""The text of a network file -> Program: input, defaults and blocks taken apart from the layers."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..spec.errors import Problem, clip
from .errors import NetworkError
from .lines import FACT, FLAGS, Block, Line, Program, is_name, place, split_lines
from .numbers import read_width

#: Lines that say something about the file; everything else is a layer.
DIRECTIVES = ("input", "default", "width", "facts", "block")

_INPUT = "write the input first, such as: input 3 @224"


def read_program(text: str, file: str = "network") -> Program:
    """Read a whole file; NetworkError names file, line and column.

    >>> program = read_program("# source: nobody\\ninput 3 @32\\ndefault norm relu\\nstandard 8 k3\\n")
    >>> program.source, program.lines[0].flags
    ('nobody', {'norm': True, 'activation': 'relu'})
    """
    reader = _Reader(file)
    for indented, line in split_lines(text.removeprefix("\ufeff"), file):
        reader.take(line, indented)
    reader.close_block()
    if reader.input is None:
        raise NetworkError("there is no input", _INPUT, "", (0, 0), file, 0)
    if not reader.lines:
        raise reader.error(reader.input, "there are no layers behind the input", "add one, such as: standard 32 k3")
    source, lines = _source(text), tuple(reader.lines)
    return Program(file, source, reader.input, reader.width, reader.blocks, lines, reader.facts)


def _source(text: str) -> str:
    """What the comments that open a file say behind `# source:`, further comment lines included."""
    found: list[str] = []
    for line in text.splitlines():
        comment = line.removeprefix("#").strip()
        if not line.startswith("#") or (found and not comment):
            break
        if found or comment.startswith("source:"):
            found.append(comment.removeprefix("source:").strip())
    return " ".join(found)


@dataclass
class _Reader:
    """The file so far."""

    file: str
    input: Line | None = None
    width: str | None = None
    facts: tuple[str, ...] | None = None
    flags: dict[str, object] = field(default_factory=dict)
    blocks: dict[str, Block] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)
    block: Line | None = None
    body: list[Line] = field(default_factory=list)

    def error(self, line: Line, message: str, hint: str, word: int = 0) -> NetworkError:
        return NetworkError(message, hint, line.text, place(line, word), self.file, line.number)

    def take(self, line: Line, indented: bool) -> None:
        """One more line."""
        if indented and self.block:
            if line.op in DIRECTIVES:
                raise self.error(line, f"{line.op!r} cannot stand inside a block", "write it before the block")
            self.body.append(line._replace(flags=self.flags))
        elif indented:
            raise self.error(line, "an indented line outside a block", "a block starts with: block NAME PARAMETER …")
        else:
            self.close_block()
            self._take_outer(line)

    def _take_outer(self, line: Line) -> None:
        if line.op in DIRECTIVES:
            if line.name or line.inputs:
                raise self.error(line, f"{line.op!r} takes neither a name nor inputs", "only layers do")
            getattr(self, f"_{line.op}")(line)
        elif self.input is None:
            raise self.error(line, "a layer before the input", _INPUT)
        else:
            self.lines.append(line._replace(flags=self.flags))

    def _input(self, line: Line) -> None:
        if self.input:
            raise self.error(line, "a second input", "a network has one")
        self.input = line

    def _default(self, line: Line) -> None:
        flags = dict(self.flags)
        for number, word in enumerate(line.words[1:], 1):
            if word not in FLAGS:
                hint = "default takes norm, bias, an activation such as relu, and no-norm, no-bias, no-activation"
                raise self.error(line, f"unknown default {clip(word)!r}", hint, number)
            flags[FLAGS[word][0]] = FLAGS[word][1]
        self.flags = flags

    def _width(self, line: Line) -> None:
        if len(line.words) != 2:
            raise self.error(line, "width takes one number", "such as: width 1.0")
        try:
            read_width(line.words[1])
        except Problem as problem:
            raise self.error(line, problem.message, problem.hint, 1) from None
        self.width = line.words[1]

    def _facts(self, line: Line) -> None:
        for number, word in enumerate(line.words[1:], 1):
            if not FACT.fullmatch(word):
                hint = "such as: facts global-average-pool=mean relu=function stage*.activation=shared last=dropout"
                raise self.error(line, f"{clip(word)!r} is no fact", hint, number)
        self.facts = (*(self.facts or ()), *line.words[1:])

    def _block(self, line: Line) -> None:
        self.block = line
        if len(line.words) < 2 or not is_name(line.words[1]):
            raise self.error(line, "a block needs a name", "write: block NAME PARAMETER …", 1)

    def close_block(self) -> None:
        """Put a finished block among those that can be called."""
        line, self.block = self.block, None
        if line is None:
            return
        name, params = line.words[1], self._params(line)
        if name in self.blocks:
            raise self.error(line, f"a second block {clip(name)!r}", "give it another name", 1)
        if not self.body:
            raise self.error(line, f"block {clip(name)!r} is empty", "indent the lines that belong to it", 1)
        self.blocks[name] = Block(name, params, tuple(self.body))
        self.body = []

    def _params(self, line: Line) -> dict[str, str | None]:
        params: dict[str, str | None] = {}
        for number, word in enumerate(line.words[2:], 2):
            name, equals, value = word.partition("=")
            if not is_name(name) or name in params or (equals and not value):
                hint = "each is a new NAME or NAME=VALUE"
                raise self.error(line, f"{clip(word)!r} is no parameter", hint, number)
            params[name] = value if equals else None
        return params
