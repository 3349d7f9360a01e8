"""What can be completed, as plain records: read from the command tree, written down once for each shell."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from .values import Values, values_of


class Option(NamedTuple):
    """An option: all its spellings, what it is for, and what its value may be; None: it takes none."""

    names: tuple[str, ...]
    help: str
    values: Values | None


class Command(NamedTuple):
    """A command: its options, and what its positional arguments may be, the last of them repeated."""

    name: str
    help: str
    options: tuple[Option, ...]
    arguments: tuple[Values, ...]


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
    return Tree(tuple(_options(root.params)), commands)


def choices(tree: Tree) -> list[Choice]:
    """Every set of option values once, with all the places where it belongs."""
    places: dict[Values, list[str]] = {}
    for command in tree.commands:
        for option in command.options:
            if option.values is not None:
                places.setdefault(option.values, []).extend([f"{command.name}:{name}" for name in option.names])
    return [Choice(tuple(where), values) for values, where in places.items()]


def positions(tree: Tree) -> list[Choice]:
    """Every set of positional values once, with its places: `swap:1`, and `swap:2+` for the last one on."""
    places: dict[Values, list[str]] = {}
    for command in tree.commands:
        for number, values in enumerate(command.arguments, start=1):
            last = number == len(command.arguments)
            places.setdefault(values, []).append(f"{command.name}:{number}{'+' * last}")
    return [Choice(tuple(where), values) for values, where in places.items()]


def pattern(place: str) -> str:
    """A place as bash and zsh match it.

    >>> pattern("swap:2+"), pattern("swap:--format")
    ('swap:[2-9]*', 'swap:--format')
    """
    return f"{place[:-2]}[{place[-2]}-9]*" if place.endswith("+") else place


def _command(name: str, command: Any) -> Command:
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    return Command(name, summary(command.help), tuple(_options(command.params)), tuple(map(values_of, arguments)))


def _options(params: Iterable[Any]) -> list[Option]:
    found = []
    for param in params:
        if param.param_type_name != "option" or getattr(param, "hidden", False):
            continue
        takes_none = param.is_flag or getattr(param, "count", False)
        if takes_none and param.secondary_opts:
            found.append(Option(_sorted(param.opts), summary(param.help), None))
            found.append(Option(_sorted(param.secondary_opts), "Not: " + summary(param.help), None))
        else:
            found.append(Option(_sorted(param.opts), summary(param.help), None if takes_none else values_of(param)))
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
