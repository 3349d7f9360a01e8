"""A table as Markdown, as GitHub reads it: every column, numbers to the right, wide enough to read unrendered too."""

from __future__ import annotations

from collections.abc import Iterator

from .as_table import can_encode
from .layout import ASCII
from .model import Head, Line, Table
from .tables import TextWriter
from .units import with_unit


def markdown(table: Table, *, ascii_only: bool = False) -> str:
    """The table with its title above and its notes below.

    >>> line = Line("standard", ("27.50",))
    >>> head = Head("macs", "MACs", "M", True, None)
    >>> from convcost.report.model import Section
    >>> print(markdown(Table("", (), "variant", (head,), (Section("", (line,)),), (), ())), end="")
    | variant  | MACs (M) |
    | :------- | -------: |
    | standard |    27.50 |
    """
    lines = list(_lines(table))
    text = "".join([line + "\n" for line in lines])
    return text.translate(ASCII) if ascii_only else text


def _lines(table: Table) -> Iterator[str]:
    if table.title:
        yield " · ".join([f"**{_escaped(table.title)}**", *table.facts])
        yield ""
    if table.sections:
        yield from _grid(table)
    notes = table.below(table.heads)
    yield from [""] * bool(notes and table.sections)
    for note in notes:
        yield f"- {_escaped(note)}"


def _grid(table: Table) -> Iterator[str]:
    """The header, the rule under it, and the rows."""
    rights = [False, *[head.right for head in table.heads]]
    rows = [[table.label, *map(_header, table.heads)], *_rows(table)]
    widths = [max(3, *map(len, column)) for column in zip(*rows)]
    rules = ["-" * (width - 1) + ":" if right else ":" + "-" * (width - 1) for width, right in zip(widths, rights)]
    for row in (rows[0], rules, *rows[1:]):
        cells = [f"{cell:>{w}}" if right else f"{cell:<{w}}" for cell, w, right in zip(row, widths, rights)]
        yield f"| {' | '.join(cells)} |"


def _header(head: Head) -> str:
    return with_unit(head.words, head.unit)


def _rows(table: Table) -> Iterator[list[str]]:
    for section in table.sections:
        if section.title:
            yield [f"**{section.title}**", *[""] * len(table.heads)]
        for line in section.lines:
            yield [_name(line), *map(_escaped, cells_of(line, len(table.heads)))]


def _name(line: Line) -> str:
    return f"└ {_escaped(line.name)}" if line.is_op else _escaped(line.name)


def cells_of(line: Line, count: int) -> list[str]:
    """The cells; a row that does not apply says why in the last of them, by default the one beside no number."""
    if line.reason is None:
        return list(line.cells)
    return [*["–"] * (count - 1), f"does not apply: {line.reason}"]


def _escaped(text: str) -> str:
    for special in "\\|*<":
        text = text.replace(special, "\\" + special)
    return text


class MarkdownWriter(TextWriter):
    """Tables for documents."""

    def show(self, table: Table) -> None:
        """As GitHub reads it."""
        self.file.write(markdown(table, ascii_only=not can_encode(self.file)))
