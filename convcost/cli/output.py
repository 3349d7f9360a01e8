"""`--output`: a file that appears whole or not at all."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO, TextIO

from ..report.formats import ENDINGS, FORMATS
from ..spec.errors import SpecError


def format_of(path: str, format: str = "") -> str:
    """The format in which to write `path`: its ending's, or the one asked for where the ending says nothing else.

    >>> format_of("costs.tex"), format_of("costs.log", "json"), format_of("costs.txt", "markdown")
    ('latex', 'json', 'markdown')

    Raises SpecError for an ending that stands for no format, or for another than is asked for; any text may be .txt.
    """
    ending = os.path.splitext(path)[1].lower()
    meant = ENDINGS.get(ending, format)
    if format and meant not in (format, "table"):
        own = FORMATS[format].ending if format in FORMATS else ".txt"
        hint = f"leave --format out, or end the file in {own}"
        message = f"--format {format}, but {ending} says {meant}"
        raise SpecError(message, hint, path, len(path) - len(ending), len(path))
    if format:
        return format
    if ending not in ENDINGS:
        hint = "end it in " + ", ".join(ENDINGS) + ", or say --format"
        raise SpecError(f"no format is known by the ending {ending!r}", hint, path, len(path) - len(ending), len(path))
    return ENDINGS[ending]


def with_plot(format: str) -> str:
    """The format that has a picture beside what this one has.

    >>> with_plot("table")
    'plot'

    Raises SpecError for a format that can have none, and where the library that draws it is missing.
    """
    if format in ("html", "svg"):
        from ..report.as_svg import matplotlib_library

        matplotlib_library()
        return format
    if format not in ("table", "plot"):
        hint = "leave one of them out, or write to a file that ends in .html or .svg"
        raise SpecError(f"--plot draws below a table; {format} has no picture", hint, format)
    return "plot"


@contextmanager
def text_destination(output: str, format: str) -> Iterator[TextIO]:
    """Where the text of a network goes: a file of any ending, or standard output; it has no other format."""
    if format:
        raise SpecError(f"the text of a network is not written as {format}", "leave --format out", format)
    if not output:
        yield sys.stdout
        return
    with whole_file(output) as file:
        yield file


@contextmanager
def whole_file(path: str) -> Iterator[TextIO]:
    """A text file to write that takes the place of `path` at the end, and is gone where anything goes wrong."""
    with (
        _whole(path) as (aside, is_special),
        open(aside, "w" if is_special else "x", encoding="utf-8", newline="\n") as file,
    ):
        yield file


@contextmanager
def whole_bytes(path: str) -> Iterator[BinaryIO]:
    """The same for bytes."""
    with _whole(path) as (aside, is_special), open(aside, "wb" if is_special else "xb") as file:
        yield file


@contextmanager
def _whole(path: str) -> Iterator[tuple[str, bool]]:
    """Where to write meanwhile: in the same folder; and whether `path` is a device or a pipe, written as it is.

    Raises OSError naming `path`.
    """
    target = os.path.realpath(path)
    is_special = os.path.exists(path) and not os.path.isfile(path)
    aside = path if is_special else os.path.join(os.path.dirname(target), f".{os.path.basename(target)}.{os.getpid()}")
    try:
        yield aside, is_special
        if not is_special:
            os.replace(aside, target)
    except OSError as error:
        if isinstance(error, BrokenPipeError) and is_special:
            raise
        raise OSError(error.errno, error.strerror, path) from None
    finally:
        if not is_special:
            with suppress(OSError):
                os.unlink(aside)
