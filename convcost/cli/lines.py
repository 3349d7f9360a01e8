"""Lines of a batch, as they arrive: whoever waits for input has first written what it has."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import BinaryIO

#: Longest line that is read; a longer one is no spec, and must not fill the memory.
LONGEST = 1 << 20


def numbered_lines(stream: BinaryIO, before_waiting: Callable[[], object]) -> Iterator[tuple[int, str]]:
    """Number and text of every line that is neither blank nor a `#` comment; bytes that are no text are kept visible.

    >>> import io
    >>> list(numbered_lines(io.BytesIO(b"# two layers\\n64:128 @56 k3\\n\\n3:64 @224 k7 s2"), lambda: None))
    [(2, '64:128 @56 k3'), (4, '3:64 @224 k7 s2')]
    """
    for number, raw in enumerate(_raw_lines(stream, before_waiting), start=1):
        line = raw.decode("utf-8-sig" if number == 1 else "utf-8", "backslashreplace").strip()
        if line and not line.startswith("#"):
            yield number, line


def _raw_lines(stream: BinaryIO, before_waiting: Callable[[], object]) -> Iterator[bytes]:
    rest = b""
    read = getattr(stream, "read1", stream.read)
    while True:
        before_waiting()
        chunk = read(1 << 16)
        if not chunk:
            break
        *lines, rest = (rest + chunk).split(b"\n")
        yield from lines
        rest = rest[: LONGEST + 1]  # too long already: the spec reader says so, the remainder is not kept
    if rest:
        yield rest
