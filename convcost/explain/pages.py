"""A page of sections, and how it is shown in a terminal of 80 columns; `handout` has it as Markdown and LaTeX.

In its texts a formula stands between backquotes: a terminal shows it as it is, a hand-out as TeX.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from textwrap import wrap
from typing import NamedTuple

#: Text is as wide as this, where nobody says less, and a table that would be wider is written out line by line.
WIDTH = 80


class Para(NamedTuple):
    """A paragraph, wrapped where it is shown."""

    text: str


class Pre(NamedTuple):
    """Lines that stay as they are."""

    lines: list[str]


class Grid(NamedTuple):
    """A table of text; columns that `right` names by number stand to the right, cells are wrapped to `widths`."""

    header: list[str]
    rows: list[list[str]]
    right: tuple[int, ...] = ()
    widths: tuple[int, ...] = ()


class Facts(NamedTuple):
    """What is said about each of several things: a label, and a text beside it."""

    rows: list[tuple[str, str]]


class Commands(NamedTuple):
    """Command lines to try."""

    lines: list[str]


Block = Para | Pre | Grid | Facts | Commands


class Section(NamedTuple):
    """A title, which may be empty, and what stands below it."""

    title: str
    blocks: list[Block]


class Page(NamedTuple):
    """An explanation: its title, a line of facts, its sections."""

    title: str
    facts: str
    sections: list[Section]


def sources(used: list[dict[str, str]]) -> Grid:
    """Where a structure is used, with the paper."""
    return Grid(["where", "paper"], [[entry["where"], entry["source"]] for entry in used])


def counted(number: int, what: str) -> str:
    """A number of things.

    >>> counted(1, "position"), counted(1152, "output")
    ('1 position', '1,152 outputs')
    """
    return f"{number:,} {what}{'s' * (number != 1)}"


def text(page: Page, shown: Callable[[str], str] = str, width: int = WIDTH) -> str:
    """The page for a terminal; `shown` is a text as it will appear there, for columns to be as wide as that.

    >>> print(text(Page("1x1", "64:128", [Section("What", [Para("`Y = W · X`, channels only.")])])), end="")
    1x1  ·  64:128
    <BLANKLINE>
    What
      Y = W · X, channels only.
    """

    def plain(words: str) -> str:
        return shown(words.replace("`", ""))

    lines = [*wrap(f"{page.title}  ·  {page.facts}", width)]
    for section in page.sections:
        lines += ["", *[section.title] * bool(section.title)]
        for block in section.blocks:
            lines += ["  " + line if line else "" for line in _block(block, width - 2, plain)]
    return "\n".join(lines) + "\n"


def _block(block: Block, width: int, plain: Callable[[str], str]) -> Iterator[str]:
    if isinstance(block, Para):
        yield from _wrapped(plain(block.text), width)
    elif isinstance(block, Grid):
        rows = [[plain(cell) for cell in row] for row in block.rows]
        yield from _table(block._replace(header=[plain(cell) for cell in block.header], rows=rows), width)
    elif isinstance(block, Facts):
        label = max([len(plain(label)) for label, _ in block.rows]) + 2
        for name, said in block.rows:
            first, *rest = _wrapped(plain(said), width - label) or [""]
            yield f"{plain(name):<{label}}{first}".rstrip()
            yield from [" " * label + line for line in rest]
    elif isinstance(block, Commands):
        for line in block.lines:
            yield from _continued(line, width)
    else:
        yield from block.lines


def _continued(command: str, width: int) -> Iterator[str]:
    """A command that a shell reads as one, in lines of at most `width`."""
    first, *rest = wrap(command, width - 2, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)
    yield first if not rest else f"{first} \\"
    yield from [line if line == rest[-1] else f"{line} \\" for line in rest]


def _wrapped(words: str, width: int) -> list[str]:
    return wrap(words, width, break_long_words=False, break_on_hyphens=False)


def _table(grid: Grid, width: int) -> Iterator[str]:
    rows = [grid.header, *grid.rows] if any(grid.header) else grid.rows
    if grid.widths:
        rows = [line for row in rows for line in _lines_of(row, grid.widths)]
    widths = [max(map(len, column)) for column in zip(*rows)]
    if sum(widths) + 2 * (len(widths) - 1) > width:
        yield from _written_out(grid, width)
        return
    for row in rows:
        cells = [f"{cell:>{w}}" if i in grid.right else f"{cell:<{w}}" for i, (cell, w) in enumerate(zip(row, widths))]
        yield "  ".join(cells).rstrip()


def _lines_of(row: list[str], widths: tuple[int, ...]) -> Iterator[list[str]]:
    """A row whose cells are wrapped, line by line."""
    cells = [wrap(cell, width, break_on_hyphens=False) for cell, width in zip(row, widths)]
    for line in range(max(map(len, cells))):
        yield [cell[line] if line < len(cell) else "" for cell in cells]


def _written_out(grid: Grid, width: int) -> Iterator[str]:
    """Row by row, below each other: what is computed from the first cell follows it, other cells by their header."""
    indent = " " * (max([len(row[0]) for row in grid.rows]) + 2)
    for first, second, *rest in grid.rows:
        start = f"{first:<{len(indent) - 2}}  "
        yield from wrap(second, width, initial_indent=start, subsequent_indent=indent + "  ")
        named = [
            cell if cell.startswith("=") else f"{name} {cell}" for name, cell in zip(grid.header[2:], rest) if cell
        ]
        joined = [" ".join(named)] if all([cell.startswith("=") for cell in named]) else named
        for cell in joined:
            yield from wrap(cell, width, initial_indent=indent, subsequent_indent=indent + "  ")
