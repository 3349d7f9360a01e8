"""Standard streams that are closed, or that cannot show every sign: loaded only where there is one."""

from __future__ import annotations

import codecs
import os
import sys

#: What is written for the signs that an encoding lacks.
INSTEAD = {"×": "x", "–": "-", "✓": "+", "✗": "!", "·": "|", "─": "-", "└": "`", "…": "...", "→": "->", "’": "'"}


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
    >>> "3 × 3 … é".encode("ascii", "convcost")
    b'3 x 3 ... \\\\xe9'
    """
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lost = error.object[error.start : error.end]
    return "".join([INSTEAD.get(c) or c.encode("ascii", "backslashreplace").decode() for c in lost]), error.end
