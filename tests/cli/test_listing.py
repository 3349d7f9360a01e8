"""Lists as a terminal shows them, and how little the commands that only list load."""

from __future__ import annotations

import subprocess
import sys

import pytest

from convcost.cli.listing import listing
from convcost.cli.main import run
from convcost.variants.registry import all_variants

LOADED = """
import sys
from convcost.cli.main import run
run(sys.argv[1:])
print(*[name for name in ("numpy", "rich", "convcost.answers.comparison") if name in sys.modules], file=sys.stderr)
"""


@pytest.mark.parametrize("width", [40, 60, 200])
def test_paragraphs_are_wrapped_beside_their_words(width: int) -> None:
    """Every word of them is there, below each other, none beyond the width."""
    lines = list(listing([(("a", "bbb"), ["one two three " * 5, "and four"]), (("cc", ""), ["five"])], width))
    assert {line[:9] for line in lines} == {"a   bbb  ", "cc       ", " " * 9}
    assert " ".join([line[9:].strip() for line in lines]) == "one two three " * 5 + "and four five"
    assert max(map(len, lines)) <= width + 1


@pytest.mark.parametrize("words", [["variants"], ["explain", "--list"]])
def test_a_list_fits_a_narrow_terminal(
    words: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names first, structure wrapped beside them."""
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert run(words) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 60
    assert [line.split()[0] for line in lines if line[0] != " "][: len(all_variants())] == list(all_variants())


def test_what_is_no_terminal_gets_a_line_a_variant(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever `COLUMNS` says: a pipe is read line by line."""
    monkeypatch.setenv("COLUMNS", "40")
    assert run(["variants"]) == 0
    rows = [line.split(maxsplit=2) for line in capsys.readouterr().out.splitlines()]
    assert [row[:2] for row in rows] == [[v.name, v.role] for v in all_variants().values()]
    assert all(row[2].startswith(v.summary) for row, v in zip(rows, all_variants().values()))
    said = {row[0]: row[2].rpartition("; ")[2] for row in rows if "; " in row[2]}
    assert (said["tcn"], said["ghost"]) == ("compare shows it of 1d layers", "shown when named")


@pytest.mark.parametrize(
    ("words", "loaded"), [(["variants"], ""), (["variants", "--format", "json"], "convcost.answers.comparison")]
)
def test_listing_variants_loads_little(words: list[str], loaded: str) -> None:
    """Neither NumPy nor Rich, and no answers where none of their formats is asked for."""
    done = subprocess.run([sys.executable, "-c", LOADED, *words], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == loaded
