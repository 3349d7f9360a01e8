"""Where names hold: the file, or one call of a block; parameters and numbers replaced there."""

from __future__ import annotations

import re
from collections import Counter

from ..graph.ops import Op
from ..spec.errors import Problem, clip
from .lines import Block, Line, Program
from .numbers import Multipliers, resolve

#: A longer word, its parameters replaced, is no word of a network; no token of a spec is longer.
MOST_CHARACTERS = 120

_PARAMETER = re.compile(r"\$([A-Za-z][A-Za-z0-9_-]*)")


class Scope:
    """Names of values, arguments of parameters, and how lines without a name are called: `often`, by a number."""

    def __init__(self, prefix: str, given: int, arguments: dict[str, str], often: frozenset[str]) -> None:
        self.prefix = prefix
        self.last = given
        self.values = {"in": given}
        self.made: dict[str, list[Op]] = {}  # by line: its operations that have weights
        self.arguments = arguments
        self._often = often
        self._seen: dict[str, int] = {}

    def name(self, line: Line) -> str:
        """The line's name, or its operation, numbered where there are several; the path of calls in front."""
        if line.name:
            return self.prefix + line.name
        op = line.op
        if op not in self._often:
            return self.prefix + op
        number = self._seen[op] = self._seen.get(op, 0) + 1
        return f"{self.prefix}{op}{number}"

    def words(self, program: Program, line: Line, channels: int, multipliers: Multipliers) -> list[str]:
        """The line's words behind its operation, parameters replaced and numbers worked out."""
        words = []
        for number, word in enumerate(line.words[1:], 1):
            try:
                words.append(resolve(self._replaced(word), channels, multipliers))
            except Problem as problem:
                raise program.error(line, problem, number) from None
        return words

    def _replaced(self, word: str) -> str:
        full = _PARAMETER.sub(lambda match: self._argument(match[1]), word) if "$" in word else word
        if len(full) > MOST_CHARACTERS:
            with_them = "with its parameters this" if "$" in word else "this"
            raise Problem(f"{with_them} word has {len(full)} characters", f"none has more than {MOST_CHARACTERS}")
        return full

    def _argument(self, name: str) -> str:
        """The argument of the parameter that `name` begins with, the longest there is, and what follows it."""
        for end in [len(name), *[at for at in range(len(name) - 1, 0, -1) if not name[at].isalpha()]]:
            if name[:end] in self.arguments:
                return self.arguments[name[:end]] + name[end:]
        known = ", ".join(f"${param}" for param in self.arguments) or "none"
        raise Problem(f"there is no parameter ${clip(name)} here", f"there are: {known}")


def repeated_ops(lines: tuple[Line, ...]) -> frozenset[str]:
    """The operations that more than one of the lines has."""
    return frozenset([op for op, count in Counter([line.op for line in lines]).items() if count > 1])


def block_arguments(program: Program, line: Line, block: Block, words: list[str]) -> dict[str, str]:
    """Values of a block's parameters: in their order, or by NAME=VALUE."""
    arguments: dict[str, str] = {}
    if not (words or block.params):
        return arguments
    free = iter(block.params)
    for word in words:
        param, equals, value = word.partition("=")
        if not equals or param not in block.params:
            param, value = next(free, ""), word
        if not param or param in arguments:
            hint = f"{block.name} has the parameters: {' '.join(block.params) or 'none'}"
            problem = Problem(f"{clip(word)!r} is one argument too many", hint)
            raise program.error(line, problem, min(words.index(word) + 1, len(line.words) - 1))
        arguments[param] = value
    full = {param: arguments.get(param, default) for param, default in block.params.items()}
    missing = [param for param, value in full.items() if value is None]
    if missing:
        hint = f"write: {block.name} {' '.join(block.params)}"
        raise program.error(line, Problem(f"{block.name} needs {', '.join(missing)}", hint))
    return {param: value for param, value in full.items() if value is not None}
