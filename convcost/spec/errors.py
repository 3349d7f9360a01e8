"""What can be wrong with a line: `Problem` inside the readers, `SpecError` with its place in the line outside."""

from __future__ import annotations

#: How much of somebody's text a message repeats.
_SHOWN = 40

Span = tuple[int, int]


class SpecError(ValueError):
    """A line that describes no layer: what is wrong, where, and how to mend it.

    >>> error = SpecError("unknown token 'q3'", "did you mean k3?", "64:128 @56 q3", 11, 13)
    >>> error.column, str(error)
    (12, "unknown token 'q3'")

    `start` and `end` are a half-open span of characters of `text`, always inside it.
    """

    def __init__(self, message: str, hint: str = "", text: str = "", start: int = 0, end: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.text = text
        self.start = max(0, min(start, len(text)))
        self.end = max(self.start, min(end, len(text)))

    @property
    def column(self) -> int:
        """Where the mistake starts, the first character being column 1."""
        return self.start + 1

    def render(self, *, width: int = 80, line: int | None = None) -> str:
        """The error as a few lines of plain text; see `convcost.spec.render.render`."""
        from .render import render

        return render(self, width=width, line=line)


class Problem(Exception):  # noqa: N818  the word for what is not an error yet: nobody outside sees it
    """A mistake in `fields`, the likeliest first, by code that does not know where in the line they stand."""

    def __init__(self, message: str, hint: str, *fields: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.fields = fields

    def at(self, text: str, span: Span) -> SpecError:
        """The same mistake, in its place in `text`."""
        return SpecError(self.message, self.hint, text, *span)


class Missing(Problem):
    """A field without a default is not there; how to write it depends on the notation, so the reader says it."""

    def __init__(self, field: str) -> None:
        super().__init__(f"{field} is missing", "", field)


def end_of(text: str) -> Span:
    """The empty span after the last character, where something is missing."""
    end = len(text.rstrip())
    return end, end


def clip(text: str) -> str:
    """`text` short enough for a message, and without what would upset a terminal."""
    short = text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
    return short if short.isprintable() else "".join(map(visible, short))


def visible(char: str) -> str:
    """A character as itself where it can be printed, else as its escape."""
    return char if char.isprintable() else char.encode("unicode_escape").decode("ascii")
