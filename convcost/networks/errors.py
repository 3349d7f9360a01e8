"""What is wrong with a network file: a SpecError that also knows the file and the line."""

from __future__ import annotations

from ..spec.errors import Span, SpecError, clip


class NetworkError(SpecError):
    """A mistake in one line of a file; `text` is that line, as written.

    >>> error = NetworkError("unknown operation 'convv'", "", "convv 64 k3", (0, 5), "net.txt", 7)
    >>> print(error.render())
    error: net.txt, line 7, column 1: unknown operation 'convv'
      convv 64 k3
      ^^^^^
    """

    def __init__(self, message: str, hint: str, text: str, span: Span, file: str, line: int) -> None:
        super().__init__(message, hint, text, *span)
        self.file = file
        self.line = line

    def render(self, *, width: int = 80, line: int | None = None) -> str:  # noqa: ARG002  it knows its own line
        """The error as a few lines of plain text, the file's name, line and column in front."""
        placed = SpecError(f"{self.place}: {self.message}", self.hint, self.text, self.start, self.end)
        return placed.render(width=width)

    @property
    def place(self) -> str:
        """File, line and column, as far as there are any."""
        where = f", line {self.line}, column {self.column}" if self.line else ""
        return f"{clip(self.file)}{where}"
