"""The table on whatever it is shown: colour, width and characters follow the terminal."""

from __future__ import annotations

import io
import re

import pytest
from report.report_cases import contradicted, executed
from tables import each

from convcost.report import open_writer


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("COLUMNS", "FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)


class Encoded(io.StringIO):
    """A file in an encoding; a terminal if `terminal`."""

    def __init__(self, encoding: str, terminal: bool = False) -> None:
        super().__init__()
        self._encoding, self._terminal = encoding, terminal

    @property
    def encoding(self) -> str:
        return self._encoding

    def isatty(self) -> bool:
        return self._terminal


@each("encoding", ["ascii", "latin-1", "cp437", "cp1252"])
@each("format", ["table", "markdown"])
@each("terminal", [False, True])
def test_what_cannot_be_encoded_becomes_ascii(encoding: str, format: str, terminal: bool) -> None:
    """Of the same width, so that all stays aligned."""
    file = Encoded(encoding, terminal)
    writer = open_writer(format, file)
    writer.answer(contradicted())
    writer.answer(executed("63:65 @9x7 k3"))
    writer.end()
    assert file.getvalue().isascii()
    assert re.search(r"\+ (\x1b\S*m)*standard", file.getvalue()) or format == "markdown"


def colours(monkeypatch: pytest.MonkeyPatch, terminal: bool, **environment: str) -> str:
    monkeypatch.setenv("TERM", "xterm-256color")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    file = Encoded("utf-8", terminal)
    open_writer("table", file).answer(executed("8:16 @9x7 k3"))
    return file.getvalue()


def test_colour_follows_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """No escape sequence in a pipe; none that colours under NO_COLOR."""
    assert "\x1b" not in colours(monkeypatch, terminal=False)
    assert "\x1b[32m" in colours(monkeypatch, terminal=True)
    assert "\x1b[32m" not in colours(monkeypatch, terminal=True, NO_COLOR="1")


def test_colour_can_be_forced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Into a pipe, at the width of a pipe."""
    text = colours(monkeypatch, terminal=False, FORCE_COLOR="1")
    assert "\x1b[32m" in text
    assert "traffic" in text


def test_a_dumb_terminal_gets_no_escape_sequence(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would show them."""
    assert "\x1b" not in colours(monkeypatch, terminal=True, TERM="dumb")


def test_the_terminal_shows_what_the_pipe_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Apart from colours, and Rich wraps nothing."""
    monkeypatch.setenv("COLUMNS", "40")
    coloured = re.sub(r"\x1b\[[0-9;]*m", "", colours(monkeypatch, terminal=True))
    plain = colours(monkeypatch, terminal=False)
    assert [row.rstrip() for row in coloured.splitlines()] == plain.splitlines()
