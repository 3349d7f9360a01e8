"""One way to report that something is wrong, or worth knowing, with one look, everywhere."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from shutil import get_terminal_size
from typing import TextIO

from ..spec.errors import SpecError
from ..spec.records import NamedTuple

#: What takes a line of a terminal away.
CLEAR = "\r\x1b[K"


class Screen(NamedTuple):
    """Where errors are shown: its columns, and whether it has colours."""

    width: int
    colours: bool

    @classmethod
    def of_errors(cls) -> Screen:
        """As standard error is now."""
        return cls(get_terminal_size((100, 24)).columns, has_colours(sys.stderr))


def report(error: SpecError, line: int | None = None, screen: Screen | None = None) -> None:
    """Print bad input to stderr: the message, a caret under the token, the remedy.

    Whoever reports thousands looks once at the `screen`, which takes as long as the rest.
    """
    width, colours = screen or Screen.of_errors()
    message, *rest = error.render(width=width, line=line).split("\n")
    head = wrapped(message, width)
    if error.hint and rest:
        rest[-1:] = wrapped(rest[-1], width, hanging=False)
    text = "\n".join([*head, *rest])
    print(coloured(text, len(head)) if colours else text, file=sys.stderr)


def tell(text: str) -> None:
    """Print what is worth knowing, and no answer, to stderr; nothing under `--quiet`."""
    if not os.environ.get("CONVCOST_QUIET"):
        announce(f"note: {text}")


def announce(text: str) -> None:
    """Print what an answer amounts to, such as that nothing fits, to stderr, in lines of the terminal's width."""
    print("\n".join(wrapped(text, get_terminal_size((100, 24)).columns)), file=sys.stderr)


def wrapped(text: str, width: int, *, hanging: bool = True) -> list[str]:
    """A sentence in lines that the width holds, indented more from the second on if `hanging`; its words stay whole.

    >>> wrapped("nothing fits: none has macs<=1", 20)
    ['nothing fits: none', '  has macs<=1']
    >>> wrapped("  there are standard, grouped", 20, hanging=False)
    ['  there are', '  standard, grouped']
    """
    if len(text) <= max(width, 20):
        return [text]
    from textwrap import wrap

    start = text[: len(text) - len(text.lstrip())]
    return wrap(text.strip(), max(width, 20), initial_indent=start, subsequent_indent=start + "  " * hanging,
                break_long_words=False, break_on_hyphens=False)  # fmt: skip


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


def has_colours(stream: TextIO) -> bool:
    """Does whoever reads this stream want colours: a terminal, unless `NO_COLOR` or a dumb one says otherwise?"""
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (stream.isatty() and os.environ.get("TERM") != "dumb")


def coloured(text: str, head: int = 1) -> str:
    r"""An error in a terminal's colours: the word and the carets in red, the remedy in cyan.

    The message has `head` lines.

    >>> coloured("error: unknown token 'q3'\n  64 q3\n     ^^\n  did you mean k3?")
    "\x1b[1;31merror:\x1b[0m unknown token 'q3'\n  64 q3\n\x1b[1;31m     ^^\x1b[0m\n\x1b[36m  did you mean k3?\x1b[0m"
    """
    first, *rest = text.split("\n")
    lines, rest = [first.replace("error:", "\x1b[1;31merror:\x1b[0m", 1), *rest[: head - 1]], rest[head - 1 :]
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
