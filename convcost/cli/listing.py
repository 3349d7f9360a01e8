"""Lists of what there is, an entry a line, as a terminal shows them: the commands that only list start fast."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from shutil import get_terminal_size
from textwrap import wrap
from typing import TextIO

GAP = "  "

#: Text is never squeezed into less than this.
LEAST = 20


def listing(entries: Iterable[tuple[tuple[str, ...], list[str]]], width: int) -> Iterator[str]:
    r"""The lines of a list: each entry has short words, one below the other's, and paragraphs wrapped beside them.

    >>> list(listing([(("dw", "block"), ["each channel alone, for itself"]), (("pw", ""), ["1x1"])], 35))
    ['dw  block  each channel alone, for\n', '           itself\n', 'pw         1x1\n']
    """
    entries = list(entries)
    widths = [max(map(len, column)) for column in zip(*[words for words, _ in entries])]
    indent = sum(widths) + len(GAP) * len(widths)
    for words, paragraphs in entries:
        start = "".join([f"{word:<{size}}{GAP}" for word, size in zip(words, widths)])
        for paragraph in paragraphs:
            for line in wrap(paragraph, max(LEAST, width - indent)):
                yield f"{start}{line}\n"
                start = " " * indent


def width_of(file: TextIO, otherwise: int) -> int:
    """Columns of the terminal that `file` is; `otherwise` where it is none, for programs that read lines."""
    return get_terminal_size((otherwise, 24)).columns if file.isatty() else otherwise
