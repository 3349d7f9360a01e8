"""A SpecError as text: the message, the line or a window of it, a caret under the mistake, the remedy."""

from __future__ import annotations

from unicodedata import category, east_asian_width

from .errors import SpecError, visible

_INDENT = "  "
_MORE = "…"


def render(error: SpecError, *, width: int = 80, line: int | None = None) -> str:
    """The error in at most `width` columns where the line is concerned; `line` is its number in a batch.

    >>> from convcost.spec import parse_spec
    >>> try:
    ...     parse_spec("64:128 @56 k3 g3")
    ... except SpecError as error:
    ...     print(render(error, line=7))
    error: line 7: groups=3 does not divide in_channels=64
      64:128 @56 k3 g3
                    ^^
      try 1, 2, 4, 8, …
    """
    where = "" if line is None else f"line {line}: "
    shown = [f"error: {where}{error.message}"]
    if error.text.strip():
        shown += _window(error, max(width, 20) - len(_INDENT))
    return "\n".join(shown + [_INDENT + error.hint] * bool(error.hint))


def _window(error: SpecError, room: int) -> list[str]:
    """The line round the mistake and the line of carets, neither wider than `room` and the indent."""
    text, start, end = error.text[: max(error.end, len(error.text.rstrip()))], error.start, error.end
    room -= start >= len(text)  # the caret behind the end needs a column
    cells = [_cells(text[max(0, start - room) : start]), _cells(text[start:end][:room]), _cells(text[end : end + room])]
    left, token, right = cells
    if sum(map(_width, cells)) > room or start > room or len(text) > end + room:
        token = _cut(token, room // 2, more=len(text[start:end]) > room)
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
    if category(char) in ("Mn", "Me"):
        return 0
    return 2 if east_asian_width(char) in "WF" else 1
