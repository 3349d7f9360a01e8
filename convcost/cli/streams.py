"""Standard streams that are closed, that lack a sign, or of which something is asked: loaded only where one is."""

from __future__ import annotations

import codecs
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

#: What the environment says where `--color` says it, in the words that Rich and Typer know; None: nothing.
COLORS: dict[str, dict[str, str | None]] = {
    "always": {"FORCE_COLOR": "1", "NO_COLOR": None},
    "never": {"FORCE_COLOR": None, "NO_COLOR": "1", "TERM": "dumb"},
}

#: What the environment says for neither notes nor progress.
QUIET = "CONVCOST_QUIET"

#: What is written for the signs that an encoding lacks: one character each, for columns to stay, where there is one
#: that says the same.
INSTEAD = {
    "×": "x", "·": "*", "∗": "*", "–": "-", "′": "'", "’": "'", "✓": "+", "✗": "!", "⌊": "[", "⌋": "]",
    "─": "-", "│": "|", "┐": "+", "┘": "+", "└": "`", "█": "#", "┬": "+", "◄": "<", "►": ">", "▼": "v",
    "√": "sqrt", "∂": "d",
    "µ": "u", "…": "...", "→": "->", "Σ": "sum ", "∞": "inf",
}  # fmt: skip

#: Exponents as they are written above the line, and on it.
POWERS = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-"))


@contextmanager
def as_asked(args: Sequence[str]) -> Iterator[None]:
    """`--color` and `--quiet` of a command line, for as long as it runs: an error of the parser is coloured, too.

    >>> with as_asked(["compare", "-q", "--color=never"]):
    ...     os.environ["NO_COLOR"], os.environ[QUIET]
    ('1', '1')
    """
    said: dict[str, str | None] = {QUIET: "1"} if any([arg == "--quiet" or arg[:2] == "-q" for arg in args]) else {}
    for arg, following in zip(args, [*args[1:], ""]):
        if arg.partition("=")[0] == "--color":
            said |= COLORS.get(following if arg == "--color" else arg.partition("=")[2], {})
    before = {name: os.environ.get(name) for name in said}
    _set(said)
    try:
        yield
    finally:
        _set(before)


def _set(values: dict[str, str | None]) -> None:
    for name, value in values.items():
        os.environ.pop(name, None)
        if value is not None:
            os.environ[name] = value


def prepare() -> bool:
    """Make standard error writable and both streams forgiving; false, after saying so, if nothing can be answered."""
    codecs.register_error("convcost", instead)
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  it stays open
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="convcost")
    if sys.stdout is None:
        print("error: standard output is closed", file=sys.stderr)
        return False
    return True


def instead(error: UnicodeError) -> tuple[str, int]:
    """An error handler of codecs: ASCII that stands for what cannot be encoded.

    >>> codecs.register_error("convcost", instead)
    >>> "3 × 3 … é, 9·Cin¹²".encode("ascii", "convcost")
    b'3 x 3 ... \\\\xe9, 9*Cin^12'
    """
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lost = error.object[error.start : error.end]
    before = f" {error.object}"[error.start : error.end]
    return "".join(map(_stand_in, before, lost)), error.end


def _stand_in(before: str, sign: str) -> str:
    """What stands for one sign; the first of an exponent says that it is one."""
    if sign in POWERS:
        return "^" * (before not in POWERS) + POWERS[sign]
    return INSTEAD.get(sign) or sign.encode("ascii", "backslashreplace").decode()
