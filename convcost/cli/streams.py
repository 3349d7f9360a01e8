"""Standard streams that are closed, or that cannot show every sign: loaded only where there is one."""

from __future__ import annotations

import codecs
import os
import sys

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
