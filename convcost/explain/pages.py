"""A page of sections, as plain text of at most 80 columns and as Markdown."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from textwrap import wrap
from typing import NamedTuple

#: Text is as wide as this at most, and a table that would be wider is written out line by line.
WIDTH = 80


class Para(NamedTuple):
    """A paragraph, wrapped where it is shown."""

    text: str


class Pre(NamedTuple):
    """Lines that stay as they are."""

    lines: list[str]


class Grid(NamedTuple):
    """A table of text; columns that `right` names by number stand to the right."""

    header: list[str]
    rows: list[list[str]]
    right: tuple[int, ...] = ()


class Commands(NamedTuple):
    """Command lines to try."""

    lines: list[str]


Block = Para | Pre | Grid | Commands


class Section(NamedTuple):
    """A title and what stands below it; the first of a page has no more than the page's name."""

    title: str
    blocks: list[Block]


class Page(NamedTuple):
    """An explanation: its title, a line of facts, its sections."""

    title: str
    facts: str
    sections: list[Section]


def text(page: Page, shown: Callable[[str], str] = str) -> str:
    """The page for a terminal; `shown` is a text as it will appear there, for columns to be as wide as that.

    >>> print(text(Page("1x1", "64:128", [Section("What", [Para("Channels only.")])])), end="")
    1x1  ·  64:128
    <BLANKLINE>
    What
      Channels only.
    """
    lines = [*wrap(f"{page.title}  ·  {page.facts}", WIDTH)]
    for section in page.sections:
        lines += ["", section.title]
        for block in section.blocks:
            lines += ["  " + line if line else "" for line in _text_block(block, WIDTH - 2, shown)]
    return "\n".join(lines) + "\n"


def _text_block(block: Block, width: int, shown: Callable[[str], str]) -> Iterator[str]:
    if isinstance(block, Para):
        yield from wrap(block.text, width, break_long_words=False, break_on_hyphens=False)
    elif isinstance(block, Grid):
        rows = [[shown(cell) for cell in row] for row in block.rows]
        yield from _table(Grid([shown(cell) for cell in block.header], rows, block.right), width)
    else:
        yield from block.lines


def _table(grid: Grid, width: int) -> Iterator[str]:
    rows = [grid.header, *grid.rows] if any(grid.header) else grid.rows
    widths = [max(map(len, column)) for column in zip(*rows)]
    if sum(widths) + 2 * (len(widths) - 1) > width:
        yield from _written_out(grid, width)
        return
    for row in rows:
        cells = [f"{cell:>{w}}" if i in grid.right else f"{cell:<{w}}" for i, (cell, w) in enumerate(zip(row, widths))]
        yield "  ".join(cells).rstrip()


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


def markdown(page: Page) -> str:
    """The page for notes and slides.

    >>> print(markdown(Page("1x1", "64:128", [Section("What", [Para("Channels only.")])])), end="")
    ## 1x1
    <BLANKLINE>
    64:128
    <BLANKLINE>
    ### What
    <BLANKLINE>
    Channels only.
    """
    parts = [f"## {page.title}", _escaped(page.facts)]
    for section in page.sections:
        parts.append(f"### {section.title}")
        parts += ["\n".join(_markdown_block(block)) for block in section.blocks]
    return "\n\n".join(parts) + "\n"


def _markdown_block(block: Block) -> list[str]:
    if isinstance(block, Para):
        return [_escaped(block.text)]
    if isinstance(block, Grid):
        rules = ["---:" if i in block.right else ":---" for i in range(len(block.header))]
        rows = [block.header, rules, *[[_escaped(cell) for cell in row] for row in block.rows]]
        return [f"| {' | '.join(row)} |" for row in rows]
    return ["```sh" if isinstance(block, Commands) else "```text", *block.lines, "```"]


def _escaped(words: str) -> str:
    for special in "\\|*<[":
        words = words.replace(special, "\\" + special)
    return words
