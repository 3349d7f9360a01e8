"""One way to report that something is wrong, or worth knowing, with one look, everywhere."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from shutil import get_terminal_size
from typing import TextIO

from ..spec.errors import SpecError

#: What takes a line of a terminal away.
CLEAR = "\r\x1b[K"


def report(error: SpecError, line: int | None = None) -> None:
    """Print bad input to stderr: the message, a caret under the token, the remedy."""
    width = get_terminal_size((100, 24)).columns
    text = "\n".join(_folded(error.render(width=width, line=line).split("\n"), bool(error.hint), width))
    print(coloured(text) if has_colours(sys.stderr) else text, file=sys.stderr)


def tell(text: str) -> None:
    """Print what is worth knowing, and no answer, to stderr; nothing under `--quiet`."""
    if os.environ.get("CONVCOST_QUIET"):
        return
    from textwrap import wrap

    width = max(get_terminal_size((100, 24)).columns, 20)
    lines = wrap(f"note: {text}", width, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)
    print("\n".join(lines), file=sys.stderr)


@contextmanager
def working(text: str) -> Iterator[Callable[[str], None]]:
    """A line on the terminal for as long as something takes; none elsewhere, nor under `--quiet`.

    >>> with working("exported by torch") as tell_meanwhile:
    ...     pass

    Notes meanwhile are for what it gives: the line makes way for them.
    """
    if not sys.stderr.isatty() or os.environ.get("CONVCOST_QUIET"):
        yield tell
        return

    def tell_meanwhile(note: str) -> None:
        print(CLEAR, end="", file=sys.stderr, flush=True)
        tell(note)
        print(f"{text} ...", end="", file=sys.stderr, flush=True)

    print(f"{text} ...", end="", file=sys.stderr, flush=True)
    try:
        yield tell_meanwhile
    finally:
        print(CLEAR, end="", file=sys.stderr, flush=True)


def _folded(lines: list[str], has_hint: bool, width: int) -> list[str]:
    """The lines with the remedy, the last of them, in as many as the width needs; its words stay whole.

    >>> _folded(["error: unknown variant 'x'", "  there are standard, grouped"], True, 20)
    ["error: unknown variant 'x'", '  there are', '  standard, grouped']
    """
    if not has_hint or len(lines[-1]) <= width:
        return lines
    from textwrap import wrap

    room = max(width, 20)
    return [*lines[:-1], *wrap(lines[-1].strip(), room, initial_indent="  ", subsequent_indent="  ",
                               break_long_words=False, break_on_hyphens=False)]  # fmt: skip


def has_colours(stream: TextIO) -> bool:
    """Does whoever reads this stream want colours: a terminal, unless `NO_COLOR` or a dumb one says otherwise?"""
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (stream.isatty() and os.environ.get("TERM") != "dumb")


def coloured(text: str) -> str:
    r"""An error in a terminal's colours: the word and the carets in red, the remedy in cyan.

    >>> coloured("error: unknown token 'q3'\n  64 q3\n     ^^\n  did you mean k3?")
    "\x1b[1;31merror:\x1b[0m unknown token 'q3'\n  64 q3\n\x1b[1;31m     ^^\x1b[0m\n\x1b[36m  did you mean k3?\x1b[0m"
    """
    first, *rest = text.split("\n")
    lines = [first.replace("error:", "\x1b[1;31merror:\x1b[0m", 1)]
    carets = [number for number, line in enumerate(rest) if line.strip() and not line.strip(" ^")]
    for number, line in enumerate(rest):
        style = "1;31" if number in carets else "36" if number > max(carets, default=-1) else ""
        lines.append(f"\x1b[{style}m{line}\x1b[0m" if style else line)
    return "\n".join(lines)


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
