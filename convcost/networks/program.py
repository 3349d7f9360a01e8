"""The text of a network file -> Program: input, defaults and blocks taken apart from the layers."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..spec.errors import Problem, clip
from .errors import NetworkError
from .foreign import refuse_print
from .lines import FACT, FLAGS, Block, Line, Program, is_name, place, split_lines
from .numbers import read_multiplier

#: Lines that say something about the file; everything else is a layer.
DIRECTIVES = ("input", "default", "width", "depth", "also", "facts", "block")

_INPUT = "write the input first, such as: input 3 @224"


def read_program(text: str, file: str = "network") -> Program:
    """Read a whole file; NetworkError names file, line and column.

    >>> program = read_program("# source: nobody\\ninput 3 @32\\ndefault norm relu\\nstandard 8 k3\\n")
    >>> program.source, program.lines[0].flags
    ('nobody', {'norm': True, 'activation': 'relu'})
    """
    reader = _Reader(file)
    if not any(line.startswith("input") for line in text.removeprefix("\ufeff").splitlines()):
        refuse_print(text, file)
    for indented, line in split_lines(text.removeprefix("\ufeff"), file):
        reader.take(line, indented)
    reader.close_block()
    if reader.input is None:
        raise NetworkError("there is no input", _INPUT, "", (0, 0), file, 0)
    if not reader.lines:
        raise reader.error(reader.input, "there are no layers behind the input", "add one, such as: standard 32 k3")
    source, lines, also = _source(text), tuple(reader.lines), tuple(reader.also)
    return Program(file, source, reader.input, reader.multipliers, reader.blocks, lines, also, reader.facts)


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


def named_program(program: Program, name: str) -> Program | None:
    """The program by another of its names, with the multipliers and the size that belong to it."""
    line = next((line for line in program.also if line.words[1] == name), None)
    if line is None:
        return None
    said = dict([word.split("=") for word in line.words[2:] if "=" in word])
    sizes = [word for word in line.words[2:] if word.startswith("@")]
    own = program.input
    words = (*[word for word in own.words if not sizes or not word.startswith("@")], *sizes)
    given = own._replace(words=words, text=" ".join(words), skipped=0)
    return program._replace(file=name, multipliers={**program.multipliers, **said}, input=given)


@dataclass
class _Reader:
    """The file so far."""

    file: str
    input: Line | None = None
    multipliers: dict[str, str] = field(default_factory=dict)
    also: list[Line] = field(default_factory=list)
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
        name = line.op
        if len(line.words) != 2:
            raise self.error(line, f"{name} takes one number", f"such as: {name} 1.0")
        try:
            read_multiplier(line.words[1], name)
        except Problem as problem:
            raise self.error(line, problem.message, problem.hint, 1) from None
        self.multipliers[name] = line.words[1]

    _depth = _width

    def _also(self, line: Line) -> None:
        """The same network by another name: other multipliers, another input size."""
        if len(line.words) < 2:
            raise self.error(line, "also takes a name", "such as: also NAME width=1.2 depth=1.4 @300")
        for number, word in enumerate(line.words[2:], 2):
            name, _, value = word.partition("=")
            if not (word.startswith("@") or (name in self.multipliers and value)):
                hint = "behind the name: width=1.2, depth=1.4, as far as the file has them, and a size such as @300"
                raise self.error(line, f"also does not take {clip(word)!r}", hint, number)
        self.also.append(line)

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
