"""The one file that knows Rich: tables in colour, and a progress bar on standard error."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import TextIO

from .layout import ASCII, lay_out
from .model import Table

#: Seconds after which a bar appears.
MOMENT = 1.0

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


def print_coloured(table: Table, file: TextIO, width: int | None, *, ascii_only: bool = False) -> None:
    """Print `table` on `file` in the colours it has; `width` None is the terminal's own.

    Lines that are too long for it are left whole.
    """
    from rich.console import Console
    from rich.text import Text

    # Rich's own search for numbers and markup is not wanted.
    # Of a dumb terminal it takes no width without a height.
    height = None if width is None else 25
    console = Console(file=file, width=width, height=height, highlight=False, markup=False, emoji=False)
    text = Text(end="")
    for spans in lay_out(table, console.width):
        for part, style in spans:
            text.append(part.translate(ASCII) if ascii_only else part, STYLES[style])
        text.append("\n")
    console.print(text, end="", no_wrap=True, overflow="ignore", crop=False)


@contextmanager
def progress(total: int, expected_seconds: float = 0.0) -> Iterator[Callable[[str], None]]:
    """Call what this gives before each of `total` steps, with a word for it; the bar is gone however it ends.

    It is there from the first step if the whole is expected to take longer than a moment, else from when it does.

    >>> with progress(2) as step:
    ...     step("standard")
    """
    if not sys.stderr.isatty() or os.environ.get("CONVCOST_QUIET"):
        yield lambda _: None
        return
    bar = _Bar(total, expected_seconds > MOMENT)
    try:
        yield bar.step
    finally:
        bar.close()


class _Bar:
    """Rich's bar, made when it is needed."""

    def __init__(self, total: int, at_once: bool) -> None:
        from rich.console import Console
        from rich.progress import Progress

        self._start, self._at_once = perf_counter(), at_once
        self._bar = Progress(console=Console(stderr=True), transient=True)
        self._task = self._bar.add_task("", total=total)
        self._done, self._shown = -1, False

    def step(self, word: str) -> None:
        """The step before is done."""
        self._done += 1
        if not self._shown and (self._at_once or perf_counter() - self._start > MOMENT):
            self._bar.start()
            self._shown = True
        self._bar.update(self._task, description=word, completed=self._done)

    def close(self) -> None:
        """Leave the terminal as it was."""
        if self._shown:
            self._bar.stop()
