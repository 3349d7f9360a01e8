"""Tables on the screen: the one file that knows Rich, and only where there is a terminal to speak of."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, TextIO

from .layout import ASCII, lay_out
from .model import Table

if TYPE_CHECKING:
    from rich.console import Console

#: Where there is no terminal and nobody says, as many columns as the default table needs.
PLAIN_WIDTH = 100

STYLES = {
    "title": "bold",
    "head": "bold",
    "section": "italic dim",
    "dim": "dim",
    "base": "bold",
    "good": "green",
    "bad": "bold red",
    "": "",
}


def print_table(table: Table, file: TextIO, *, plain: bool = False) -> None:
    """Print `table` as the terminal can show it: Rich's colours and width, or plain text where `file` is none.

    `COLUMNS`, `NO_COLOR`, `FORCE_COLOR` and `TERM` are honoured; characters that `file` cannot encode become ASCII.
    `plain`: no colours, whatever they say.
    """
    if not plain and (file.isatty() or os.environ.get("FORCE_COLOR")):
        _print_rich(table, file)
    else:
        file.write(plain_text(table, plain_width(), ascii_only=not can_encode(file)))


def plain_text(table: Table, width: int, *, ascii_only: bool = False) -> str:
    """The table as text without any escape sequence."""
    lines = ["".join([text for text, _ in spans]).rstrip() + "\n" for spans in lay_out(table, width)]
    return "".join(lines).translate(ASCII) if ascii_only else "".join(lines)


def plain_width() -> int:
    """`COLUMNS`, if it is a number, or enough for the default table."""
    columns = os.environ.get("COLUMNS", "")
    return int(columns) if columns.isdecimal() and columns != "0" else PLAIN_WIDTH


def can_encode(file: TextIO) -> bool:
    """Can `file` show the marks and rules that tables are made of?"""
    try:
        "".join(map(chr, ASCII)).encode(getattr(file, "encoding", None) or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _print_rich(table: Table, file: TextIO) -> None:
    from rich.console import Console

    # Without a terminal Rich would take 80 columns. Its own search for numbers and markup is not wanted.
    width = None if file.isatty() else plain_width()
    console = Console(file=file, width=width, highlight=False, markup=False, emoji=False)
    print_on(console, table, ascii_only=not can_encode(file))


def print_on(console: Console, table: Table, *, ascii_only: bool = False) -> None:
    """Print on a Rich console, which finds the colours; lines that are too long for it are left whole."""
    from rich.text import Text

    text = Text(end="")
    for spans in lay_out(table, console.width):
        for part, style in spans:
            text.append(part.translate(ASCII) if ascii_only else part, STYLES[style])
        text.append("\n")
    console.print(text, end="", no_wrap=True, overflow="ignore", crop=False)
