"""Lists of what there is, an entry a line, as a terminal shows them: the commands that only list start fast."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from shutil import get_terminal_size
from textwrap import wrap
from typing import TextIO

GAP = "  "

#: Text is never squeezed into less than this: where there is not so much room it stands below.
LEAST = 24


def listing(entries: Iterable[tuple[tuple[str, ...], list[str]]], width: int) -> Iterator[str]:
    r"""The lines of a list: each entry has short words, one below the other's, and paragraphs wrapped beside them.

    >>> list(listing([(("dw", "block"), ["each channel alone, for itself"]), (("pw", ""), ["1x1"])], 35))
    ['dw  block  each channel alone, for\n', '           itself\n', 'pw         1x1\n']
    """
    entries = list(entries)
    widths = [max(map(len, column)) for column in zip(*[words for words, _ in entries])]
    indent = sum(widths) + len(GAP) * len(widths)
    beside = width - indent >= LEAST
    for words, paragraphs in entries:
        start = "".join([f"{word:<{size}}{GAP}" for word, size in zip(words, widths)])
        if not beside:
            yield GAP.join(filter(None, words)) + "\n"
            start = " " * 2 * len(GAP)
        for paragraph in paragraphs:
            for line in wrap(paragraph, max(LEAST, width - len(start)), break_long_words=False):
                yield f"{start}{line}\n"
                start = " " * len(start)


def fold_text(text: str, width: int, *, paragraphs: bool = True) -> str:
    r"""Lines that are too long broken at spaces, and gone on with below their last column.

    What goes on in the next line is put together first, unless `paragraphs` is false.

    >>> print(fold_text("  k3  kernel size of the layer,\n      an axis each\n  s2  stride", 22))
      k3  kernel size of
          the layer, an
          axis each
      s2  stride
    """
    lines = text.split("\n")
    if max(map(len, lines)) <= width:
        return text
    whole: list[str] = []
    for line in lines:
        if paragraphs and whole and _goes_on(whole[-1], line):
            whole[-1] += " " + line.lstrip()
        else:
            whole.append(line)
    return "\n".join([part for line in whole for part in (_folded(line, width) if len(line) > width else [line])])


def _goes_on(before: str, line: str) -> bool:
    """Is `line` more of the text that `before` ends with: below its last column, or of the same paragraph?"""
    start = _start(line)
    if not line.strip() or not before.strip() or line.rfind(GAP, start) > 0 or _is_command(line):
        return False
    return start == _below(before) and (start > len(GAP) or before[-1:] not in ".:")


def _is_command(line: str) -> bool:
    return line.lstrip().startswith("convcost ") and GAP not in line.strip()


def _start(line: str) -> int:
    return len(line) - len(line.lstrip())


def _below(line: str) -> int:
    """The column where the last of a line's texts starts; two spaces stand between them."""
    gap = line.rfind(GAP, _start(line))
    return _start(line) if gap < 0 else gap + len(GAP)


def _folded(line: str, width: int) -> list[str]:
    if _is_command(line):  # a shell reads these as one
        parts = wrap(line, width - 2, subsequent_indent=" " * (_start(line) + 2), break_long_words=False,
                     break_on_hyphens=False)  # fmt: skip
        return [*[f"{part} \\" for part in parts[:-1]], *parts[-1:]]
    below = _below(line)
    if width - below < LEAST * 2 // 3:  # no room beside: it stands below
        more = " " * (min(_start(line), len(GAP)) + 2 * len(GAP))
        parts = wrap(line[below:], width, initial_indent=more, subsequent_indent=more, break_long_words=False,
                     break_on_hyphens=False)  # fmt: skip
        return [*[line[:below].rstrip()] * bool(line[:below].strip()), *parts]
    first, *rest = wrap(line[below:], width - below, break_long_words=False, break_on_hyphens=False) or [""]
    return [(line[:below] + first).rstrip(), *[" " * below + part for part in rest]]


def width_of(file: TextIO, otherwise: int) -> int:
    """Columns of the terminal that `file` is; `otherwise` where it is none, for programs that read lines."""
    return get_terminal_size((otherwise, 24)).columns if file.isatty() else otherwise
