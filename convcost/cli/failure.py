"""One way to report that something is wrong, with one look, everywhere."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from shutil import get_terminal_size

from ..spec.errors import SpecError


def report(error: SpecError, line: int | None = None) -> None:
    """Print bad input to stderr: the message, a caret under the token, the remedy."""
    print(error.render(width=get_terminal_size((100, 24)).columns, line=line), file=sys.stderr)


def exit_code(error: Exception, args: Sequence[str]) -> int:
    """Report what ended the command line `args` and say what to exit with; a bug is not swallowed."""
    if isinstance(error, SpecError):
        report(error)
        return 2
    if not hasattr(error, "format_message"):  # so has every error of the option parser
        raise error
    from .usage import usage_error

    report(usage_error(error, args))
    return int(getattr(error, "exit_code", 2))
