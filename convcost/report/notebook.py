"""Answers as they look in a notebook, and as text: the table, without its colours."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

from .as_table import plain_text, plain_width
from .layout import header_lines
from .model import Head, Line, Table
from .views import view_of

#: Styles stand at each cell, and no colours: those are the notebook's own, light or dark.
NUMBER = "text-align:right;font-family:ui-monospace,Menlo,Consolas,monospace;font-variant-numeric:tabular-nums"
TEXT = "text-align:left"
TABLE = "border-collapse:collapse;font-size:inherit;margin:.4em 0"
CELL = "padding:.2em .7em;white-space:nowrap"
TITLE = "opacity:.7;font-weight:normal;font-style:italic"
QUIET = "opacity:.7;font-size:90%"


def as_text(result: Any) -> str:
    """The table as text.

    >>> import convcost
    >>> as_text(convcost.layer("64:128 @56 k3", verify=False)).splitlines()[0]
    ' 64:128 @56 k3  ·  fp32  ·  batch 1'
    """
    return plain_text(view_of(result).table().picked(None), plain_width())


def as_html(result: Any) -> str:
    """The table for a notebook: numbers to the right, their figures below each other.

    >>> import convcost
    >>> found = as_html(convcost.layer("64:128 @56 k3", verify=False))
    >>> "<b>64:128 @56 k3</b>" in found, found.count("<tr>"), found.count("text-align:right;font-family") > 5
    (True, 2, True)
    """
    return "".join(_parts(view_of(result).table().picked(None)))


def _parts(table: Table) -> Iterator[str]:
    facts = "".join([f"  ·  {fact}" for fact in table.facts])
    yield f"<div style='overflow-x:auto'><div><b>{escape(table.title)}</b>{escape(facts)}</div>"
    if table.sections:
        marked = any([line.mark for section in table.sections for line in section.lines])
        heads = [Head("", table.label, "", False, None), *[head for head in table.heads if head.key != "verified"]]
        yield f'<table style="{TABLE}"><thead><tr>{"".join(map(_head, heads))}</tr></thead><tbody>'
        for section in table.sections:
            if section.title:
                yield f'<tr><th colspan="{len(heads)}" style="{CELL};{TEXT};{TITLE}">{escape(section.title)}</th></tr>'
            yield from [_row(line, table.heads, marked) for line in section.lines]
        yield "</tbody></table>"
    yield "".join([f'<div style="{QUIET};max-width:60em">{escape(note)}</div>' for note in table.below(table.heads)])
    yield "</div>"


def _head(head: Head) -> str:
    side = "text-align:right" if head.right else TEXT
    lines = "<br>".join([escape(line) for line in header_lines(head) if line])
    return f'<th style="{CELL};{side};vertical-align:bottom">{lines}</th>'


def _row(line: Line, heads: tuple[Head, ...], marked: bool) -> str:
    weight = ";font-weight:bold" if line.is_baseline else ";font-weight:normal"
    sign = f"{line.mark:<1} ".replace("  ", "\u2007 ") if marked else ""
    name = f'<th style="{CELL};{TEXT}{weight}">{escape(sign + "└ " * line.is_op + line.name)}</th>'
    shown = [at for at, head in enumerate(heads) if head.key != "verified"]
    if line.reason is not None:
        reason = escape(f"does not apply: {line.reason}")
        return f'<tr>{name}<td colspan="{len(shown)}" style="{TEXT};{QUIET}">{reason}</td></tr>'
    cells = [
        f'<td style="{CELL};{NUMBER if heads[at].right else TEXT}{weight}">{escape(line.cells[at])}</td>'
        for at in shown
    ]
    return f"<tr>{name}{''.join(cells)}</tr>"
