"""What can be wrong with a line: `Problem` inside the readers; outside `SpecError`, which shows its place."""

from __future__ import annotations

from collections.abc import Sequence

#: How much of somebody's text a message repeats.
_SHOWN = 40

_INDENT = "  "
_MORE = "…"

Span = tuple[int, int]


class SpecError(ValueError):
    """A line that describes no layer: what is wrong, where, and how to mend it.

    >>> error = SpecError("unknown token 'q3'", "did you mean k3?", "64:128 @56 q3", 11, 13)
    >>> error.column, str(error)
    (12, "unknown token 'q3'")

    `start` and `end` are a half-open span of characters of `text`, always inside it; all of it where none is said.
    """

    def __init__(self, message: str, hint: str = "", text: str = "", start: int = 0, end: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.text = text
        self.start = max(0, min(start, len(text)))
        self.end = max(self.start, len(text) if end is None else min(end, len(text)))

    @property
    def column(self) -> int:
        """Where the mistake starts, the first character being column 1."""
        return self.start + 1

    def render(self, *, width: int = 80, line: int | None = None) -> str:
        """The error in at most `width` columns where the line is concerned; `line` is its number in a batch.

        >>> from convcost.spec import parse_spec
        >>> try:
        ...     parse_spec("64:128 @56 k3 g3")
        ... except SpecError as error:
        ...     print(error.render(line=7))
        error: line 7: groups=3 does not divide in_channels=64
          64:128 @56 k3 g3
                        ^^
          try 1, 2, 4, 8, …
        """
        where = "" if line is None else f"line {line}: "
        shown = [f"error: {where}{self.message}"]
        if self.text.strip():
            shown += _window(self, max(width, 20) - len(_INDENT))
        return "\n".join(shown + [_INDENT + self.hint] * bool(self.hint))


class OtherLayerError(SpecError):
    """A line that is a layer, and no convolution: in the print of a model it stands among those that are."""


class UnfinishedLayerError(SpecError):
    """A line that starts a layer and does not end it: in the print of a model the next lines do."""


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


def unknown_name(
    what: str, name: str, known: Sequence[str], otherwise: str = "", text: str = "", start: int = 0
) -> SpecError:
    """The error for a name that is not among those known, with the nearest of them; `otherwise` is said where none is.

    >>> unknown_name("variant", "standart", ["standard", "grouped"]).hint
    'did you mean standard?'
    """
    from difflib import get_close_matches

    near = get_close_matches(name, known) or [k for k in known if name and k.startswith(name)]
    hint = f"did you mean {near[0]}?" if near else otherwise or "there are " + ", ".join(known)
    shown = name if len(name) <= 40 else name[:39] + "…"
    return SpecError(f"unknown {what} {shown!r}", hint, text or name, start, start + len(name))


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


def _window(error: SpecError, room: int) -> list[str]:
    """The line round the mistake and the line of carets, neither wider than `room` and the indent."""
    text, start, end = error.text[: max(error.end, len(error.text.rstrip()))], error.start, error.end
    room -= start >= len(text)  # the caret behind the end needs a column
    if len(text) <= room and text.isascii() and text.isprintable():  # a batch may be all mistakes
        return [_INDENT + text, _INDENT + " " * start + "^" * max(1, end - start)]
    left, right = _cells(text[max(0, start - room) : start]), _cells(text[end : end + room])
    own = max(room // 2, room - _width(left) - _width(right))
    token = _cut(_cells(text[start:end][:room]), own, more=end - start > room)
    spare = room - _width(token)
    keep_right = min(_width(right), max(spare // 2, spare - _width(left)))
    right = _cut(right, keep_right, more=len(text) > end + room)
    left = _cut(left[::-1], spare - _width(right), more=start > room)[::-1]
    carets = " " * _width(left) + "^" * max(1, _width(token))
    return [_INDENT + "".join(left + token + right), _INDENT + carets]


def _cells(text: str) -> list[str]:
    """What each character is shown as: itself, or its escape."""
    return [visible(char) for char in text]


def _cut(cells: list[str], room: int, *, more: bool) -> list[str]:
    """As many of the first cells as fit, the last of them an ellipsis if any are left out."""
    if not more and _width(cells) <= room:
        return cells
    kept: list[str] = []
    used = len(_MORE)
    for cell in cells:
        used += _width([cell])
        if used > room:
            break
        kept.append(cell)
    return kept + [_MORE] * (room > 0)


def _width(cells: list[str]) -> int:
    """How many columns of a terminal the cells take."""
    return sum(len(cell) if cell.isascii() else sum(map(_columns, cell)) for cell in cells)


def _columns(char: str) -> int:
    from unicodedata import category, east_asian_width

    if category(char) in ("Mn", "Me"):
        return 0
    return 2 if east_asian_width(char) in "WF" else 1
