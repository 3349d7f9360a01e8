"""What can be completed, as plain records: read from the command tree, written down once for each shell."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from .values import Candidate, Values, arguments_of, columns_for, values_of


class Option(NamedTuple):
    """An option: all its spellings, what it is for, what its value may be (None: it takes none), may it be repeated."""

    names: tuple[str, ...]
    help: str
    values: Values | None
    repeats: bool = False


class Command(NamedTuple):
    """A command: its options, what its positional arguments may be, and whether the last of them is repeated."""

    name: str
    help: str
    options: tuple[Option, ...]
    arguments: tuple[Values, ...]
    repeats: bool


class Tree(NamedTuple):
    """The whole command line: the options in front of a command, and the commands."""

    options: tuple[Option, ...]
    commands: tuple[Command, ...]


class Choice(NamedTuple):
    """The values of one option, under every spelling that takes a value: `compare:--format compare:-f`."""

    places: tuple[str, ...]
    values: Values


HELP = Option(("--help", "-h"), "Show help and exit.", None)


def read_tree(root: Any) -> Tree:
    """The tree of a command group as Click and Typer have it: anything with their attributes will do."""
    names = root.list_commands(None)
    commands = tuple([_command(name, root.get_command(None, name)) for name in names])
    return Tree(tuple(_options(root.params, "")), commands)


def choices(tree: Tree) -> list[Choice]:
    """Every set of option values once, with all the places where it belongs."""
    places: dict[Values, list[str]] = {}
    for command in tree.commands:
        for option in command.options:
            if option.values is not None:
                places.setdefault(option.values, []).extend([f"{command.name}:{name}" for name in option.names])
    return [Choice(tuple(where), values) for values, where in places.items()]


def positions(tree: Tree) -> list[Choice]:
    """Every set of positional values once, with its places: `swap:1`; a repeated one has all from there to `depth`."""
    places: dict[Values, list[str]] = {}
    for command in tree.commands:
        count = len(command.arguments)
        for number, values in enumerate(command.arguments, start=1):
            last = depth(tree) if number == count and command.repeats else number
            places.setdefault(values, []).extend([f"{command.name}:{place}" for place in range(number, last + 1)])
    return [Choice(tuple(where), values) for values, where in places.items()]


def depth(tree: Tree) -> int:
    """How far arguments are counted: one beyond the last that is unlike those before it."""
    return 1 + max([len(command.arguments) for command in tree.commands], default=0)


def spellings(tree: Tree) -> list[tuple[str, ...]]:
    """The names of every option that has several: one of them given, none is offered again."""
    options = [*tree.options, *[option for command in tree.commands for option in command.options]]
    return list(dict.fromkeys([option.names for option in options if len(option.names) > 1 and not option.repeats]))


def repeatable(tree: Tree) -> list[str]:
    """Where options may be given again: `network:--input`."""
    options = [(command.name, option) for command in tree.commands for option in command.options if option.repeats]
    return [f"{command}:{name}" for command, option in options for name in option.names]


def named(options: Iterable[Option]) -> list[Candidate]:
    """Every spelling of the options, with their help."""
    return [Candidate(name, option.help) for option in options for name in option.names]


def fill(frame: str, parts: dict[str, str]) -> str:
    """The frame of a script with its parts in the places of their names.

    >>> fill("found=(@WORDS@)", {"WORDS": "a b"})
    'found=(a b)'
    """
    for name, part in parts.items():
        frame = frame.replace(f"@{name}@", part)
    return frame


def _command(name: str, command: Any) -> Command:
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    places = tuple([values for argument in arguments for values in arguments_of(argument)])
    repeats = any([argument.nargs == -1 for argument in arguments])
    return Command(name, summary(command.help), tuple(_options(command.params, name)), places, repeats)


def _options(params: Iterable[Any], command: str) -> list[Option]:
    found = []
    for param in params:
        if param.param_type_name != "option" or getattr(param, "hidden", False):
            continue
        takes_none = param.is_flag or getattr(param, "count", False)
        if takes_none and param.secondary_opts:
            found.append(Option(_sorted(param.opts), summary(param.help), None))
            found.append(Option(_sorted(param.secondary_opts), "Not: " + summary(param.help), None))
        else:
            values = None if takes_none else columns_for(command) if param.name == "columns" else values_of(param)
            found.append(Option(_sorted(param.opts), summary(param.help), values, param.multiple))
    return [*found, HELP]


def _sorted(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(names, key=lambda name: -len(name)))


def summary(text: str | None) -> str:
    """The first sentence of a help text, without its full stop and on one line.

    >>> summary("Answer for one layer, nothing else. And more.")
    'Answer for one layer, nothing else'
    """
    first = " ".join((text or "").split("\n\n")[0].split())
    return first.split(". ")[0].rstrip(".").replace("`", "").replace("'", "’").replace('"', "”")
