"""Tables as text: plain here, and with colours where there is a terminal to speak of."""

from __future__ import annotations

import os
from shutil import get_terminal_size
from typing import TextIO

from .layout import ASCII, lay_out
from .model import Table
from .tables import TextWriter

#: Where there is no terminal and nobody says, as many columns as the default table needs.
PLAIN_WIDTH = 100


def print_table(table: Table, file: TextIO, *, plain: bool = False) -> None:
    """Print `table` as the terminal can show it: Rich's colours and width, or plain text where `file` is none.

    `COLUMNS`, `NO_COLOR`, `FORCE_COLOR` and `TERM` are honoured; characters that `file` cannot encode become ASCII.
    `plain`: no colours, whatever they say, and every column, however wide: it is a file.
    """
    if not plain and (file.isatty() or os.environ.get("FORCE_COLOR")):
        from .terminal import print_coloured

        # Rich would take 80 columns without a terminal, and of a dumb one.
        width = get_terminal_size().columns if file.isatty() else plain_width()
        print_coloured(table, file, width, ascii_only=not can_encode(file))
    else:
        file.write(plain_text(table, plain_width(), ascii_only=not can_encode(file), every=plain))


def plain_text(table: Table, width: int, *, ascii_only: bool = False, every: bool = False) -> str:
    """The table as text without any escape sequence; with `every` column, or those that the width holds."""
    lines = ["".join([text for text, _ in spans]).rstrip() + "\n" for spans in lay_out(table, width, every=every)]
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


class TableWriter(TextWriter):
    """Tables for people."""

    def show(self, table: Table) -> None:
        """In colour where there is a terminal."""
        print_table(table, self.file, plain=self.options.plain)
