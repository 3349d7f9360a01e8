"""One way to report that something is wrong, with one look, everywhere."""

from __future__ import annotations

import sys
from shutil import get_terminal_size

from ..spec.errors import SpecError


def report(error: SpecError, line: int | None = None) -> None:
    """Print bad input to stderr: the message, a caret under the token, the remedy."""
    print(error.render(width=get_terminal_size((100, 24)).columns, line=line), file=sys.stderr)


def exit_code(error: Exception) -> int:
    """Report what ended a command and say what to exit with; a bug is not swallowed.

    Errors of the option parser are known by what they carry: their class moved between versions of typer.
    """
    if isinstance(error, SpecError):
        report(error)
        return 2
    if not hasattr(error, "format_message"):
        raise error
    print(f"error: {error.format_message()}", file=sys.stderr)
    ctx = getattr(error, "ctx", None)
    if ctx is not None:
        print(f"  try '{ctx.command_path} --help'", file=sys.stderr)
    return int(getattr(error, "exit_code", 2))
