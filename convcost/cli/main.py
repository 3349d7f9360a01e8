"""The entry point: finds the command, loads it alone, and turns whatever goes wrong into one short message."""

from __future__ import annotations

import gc
import os
import sys
from contextlib import suppress
from enum import StrEnum
from functools import cache
from importlib import import_module
from itertools import pairwise
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

#: Commands by what they are for, in the order of `--help`; each is a function of that name in a module of that name.
GROUPS = {
    "Layers": ("compare", "layer", "variants"),
    "Networks": ("network", "reconcile", "swap", "zoo"),
    "Decide": ("fit", "sweep", "time", "device", "budget", "diff"),
    "Reasons and evidence": ("explain", "separate", "verify"),
    "Tools": ("export", "help", "schema", "completion"),
}
COMMANDS = tuple([name for names in GROUPS.values() for name in names])

#: Options that stand before a command or behind it; `streams.as_asked` does what they say, as errors must know it, too.
EVERYWHERE = ("quiet", "color")

#: What `convcost` alone says: what one can do, with three examples.
WELCOME = """\
convcost: what a convolution costs, and each alternative to it, by executing it.

  convcost compare 64:128 @56 k3         every variant of a 3x3 convolution
  convcost network resnet50              a whole network, built in or in a file
  convcost explain depthwise-separable   the formula, the number, the reason

A spec is 64:128 channels, @56x48 input size, k3 kernel, then s2 p1 d1 g32 …
`convcost --help` lists the commands, `convcost COMMAND --help` explains one."""


class Color(StrEnum):
    """When there are colours."""

    auto = "auto"
    always = "always"
    never = "never"


class Command(TyperCommand):
    """One command: an option that is given an empty word is bad input, whatever it would mean without."""

    def invoke(self, ctx: Any) -> Any:
        """Run it, if no option is empty: `-o "$OUT"` is a slip where OUT is not set."""
        for param in self.params:
            given = param.param_type_name == "option" and ctx.params.get(param.name) in ("", [""])
            if given and ctx.get_parameter_source(param.name).name == "COMMANDLINE":
                from ..spec.errors import SpecError

                raise SpecError(f"{max(param.opts, key=len)} is empty", f"give it {param.metavar}, or leave it out")
        return super().invoke(ctx)


class Commands(TyperGroup):
    """The commands, each imported when it is asked for: a start pays for one."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002  click's signature
        """Every command's name."""
        return list(COMMANDS)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """As typer does; the command is to know whether the whole of its help is asked for."""
        ctx.meta["whole"] = "--help" in args
        return super().resolve_command(ctx, args)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of that name; an unknown one is bad input, with the nearest name as the remedy.

        `--help` ends in the notation and in examples, `-h` does not.
        """
        if cmd_name not in COMMANDS:
            from ..spec.errors import unknown_name

            raise unknown_name("command", cmd_name, COMMANDS, "'convcost --help' lists them")
        return _command(cmd_name, not ctx or bool(ctx.meta.get("whole")))

    def invoke(self, ctx: Any) -> Any:
        """Run the command; typer would take a reader that has seen enough for a failure."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            return _forget_stdout(0)


app = typer.Typer(cls=Commands, add_completion=False, context_settings={"help_option_names": ["-h", "--help"]})


@app.callback(invoke_without_command=True)
def root(
    ctx: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
    quiet: Annotated[  # noqa: ARG001  streams.as_asked reads it, and colour
        bool, typer.Option("--quiet", "-q", help="No notes and no progress, only errors.", expose_value=False)
    ] = False,
    color: Annotated[  # noqa: ARG001  the same
        Color,
        typer.Option(metavar="WHEN", help="Colours: auto (in a terminal), always or never.", expose_value=False),
    ] = Color.auto,
) -> None:
    """What a convolution costs, and what each alternative to it costs, verified by executing it."""
    if version:
        from .. import __version__

        print(f"convcost {__version__}")
        raise typer.Exit
    if ctx.invoked_subcommand is None:
        from .listing import fold_text, width_of

        print(fold_text(WELCOME, width_of(sys.stdout, 100)))


@cache  # for whoever runs several command lines in one process
def program() -> Any:
    """All commands, as click has them."""
    return typer.main.get_command(app)


@cache
def _command(name: str, whole: bool) -> Any:
    """The command of that name, with the foot of its help or without."""
    from .options import expanded

    module = import_module(f"{__package__}.{name}")
    one = typer.Typer(add_completion=False)
    epilog = _paragraphs(getattr(module, "EPILOG", "")) if whole else None
    group = next(title for title, names in GROUPS.items() if name in names)
    one.command(name=name, cls=Command, epilog=epilog, rich_help_panel=group)(expanded(getattr(module, name)))
    command = typer.main.get_command(one)
    command.params += [param for param in program().params if param.name in EVERYWHERE]
    gc.freeze()  # what the start made stays; from here on there may be garbage
    gc.enable()
    return command


def run(args: list[str]) -> int:
    """Run one command line and give its exit code; nothing but an exit code leaves this function."""
    if any([arg[:2] == "-q" or arg.startswith(("--quiet", "--color")) for arg in args]):
        from .streams import as_asked

        with as_asked(args):
            return _run(args)
    return _run(args)


def _run(args: list[str]) -> int:
    if not (_shows_all(sys.stdout) and _shows_all(sys.stderr)):
        from .streams import prepare

        if not prepare():
            return 1
    try:
        code = program().main(args, prog_name="convcost", standalone_mode=False)
        sys.stdout.flush()
    except (BrokenPipeError, SystemExit):  # Rich leaves by the latter when its reader has
        return _forget_stdout(0)
    except KeyboardInterrupt:
        return _forget_stdout(130)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        print(f"error: {where}{error.strerror or error}", file=sys.stderr)
        return _forget_stdout(1)
    except Exception as error:
        from .failure import exit_code

        return exit_code(error, args)
    return code if isinstance(code, int) else 0


def _paragraphs(text: str) -> str:
    """A text for the foot of `--help`: its paragraphs are lines, indented lines stay, brackets are no markup.

    >>> _paragraphs("A [budget] is\\na file.\\n\\n  convcost budget")
    'A \\\\[budget] is a file.\\n\\n  convcost budget'
    """
    lines = text.replace("[", "\\[").split("\n")
    joined = [f" {line}" if before and line[:1] not in ("", " ") else f"\n{line}" for before, line in pairwise(lines)]
    return "".join([*lines[:1], *joined])


def _shows_all(stream: Any) -> bool:
    """Is this stream open, and has its encoding a sign for everything?"""
    return stream is not None and (stream.encoding or "utf").lower().startswith("utf")


def _forget_stdout(code: int) -> int:
    """Let the interpreter's last flush go nowhere: what it would write can no longer be written."""
    with suppress(OSError, AttributeError):  # it may be no file at all
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return code
