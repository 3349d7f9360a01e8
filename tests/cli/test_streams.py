"""Pipes, terminals and locales as they come."""

from __future__ import annotations

import codecs
import io
import re
import resource
import sys
from pathlib import Path

import pytest
from cli.shell import in_shell
from tables import each

from convcost.cli.main import run
from convcost.cli.streams import instead

COMPARE = "convcost compare 63:65 @56 k3"


@pytest.mark.parametrize(
    ("line", "code", "err"),
    [
        (f"{COMPARE} --no-verify >&-", 1, "error: standard output is closed\n"),
        (f"{COMPARE} --no-verify >&- 2>&-", 1, ""),
        ("convcost layer - <&-", 1, "error: standard input is closed\n"),
        (f"{COMPARE} --no-verify >/dev/full", 1, "error: No space left on device\n"),
        (f"{COMPARE} --no-verify -f json -o /dev/full", 1, "error: /dev/full: No space left on device\n"),
        ("seq 5000 | sed 's/.*/& @9 k3/' | convcost layer - --no-verify -f ndjson | head -1 >/dev/null", 0, ""),
        ("seq 5000 | sed 's/.*/& @9 k3/' | convcost layer - --no-verify | head -1 >/dev/null", 0, ""),
        ("convcost --help | head -1 >/dev/null", 0, ""),
        (f"{COMPARE} --no-verify -f json -o /dev/stdout | head -c1 >/dev/null", 0, ""),
    ],
)
def test_streams_that_break_give_one_line_and_no_traceback(line: str, code: int, err: str, tmp_path: Path) -> None:
    """Quiet where nothing is wrong, exit code 1 where the answer cannot be written."""
    if "/dev/full" in line and not Path("/dev/full").exists():
        pytest.skip("this system has no device that is always full")
    done = in_shell(line, tmp_path)
    assert (done.returncode, done.stderr) == (code, err)


@pytest.mark.parametrize("encoding", ["ascii", "latin1", "cp437", "cp1252", "shift_jis"])
@pytest.mark.parametrize(
    "line",
    ["convcost", "convcost help words", "convcost variants", "convcost explain 1x1 basic-block",
     "convcost compare --help", f"{COMPARE} --per-op",
     f"{COMPARE} -f markdown", f"{COMPARE} -f csv", f"{COMPARE} g2", "convcost compare 64:128 @56 k３"],
)  # fmt: skip
def test_an_encoding_that_lacks_signs_gets_ascii(
    line: str, encoding: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """On both streams: rules, marks, dashes and ellipses have stand-ins."""
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding, write_through=True)
    monkeypatch.setattr("sys.stdout", stream)
    monkeypatch.setattr("sys.stderr", stream)
    monkeypatch.chdir(tmp_path)
    run(line.split()[1:])
    stream.flush()
    shown = raw.getvalue().decode(encoding)
    assert shown
    if encoding == "ascii":
        assert not re.search(r"\\u(?!ff13)", shown)


@pytest.mark.parametrize(
    ("env", "coloured"),
    [({}, False), ({"FORCE_COLOR": "1"}, True), ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
     ({"FORCE_COLOR": "1", "TERM": "dumb"}, False)],
)  # fmt: skip
def test_colour_follows_the_environment(env: dict[str, str], coloured: bool, tmp_path: Path) -> None:
    """Rich's own rules: `NO_COLOR` leaves bold, `TERM=dumb` nothing; neither has a colour."""
    out = in_shell(COMPARE, tmp_path, shared=True, **env).stdout
    assert bool(re.search(r"\x1b\[[0-9;]*3[0-9]", out)) == coloured


def test_the_width_follows_columns(tmp_path: Path) -> None:
    """No line of a table is wider than what is asked for."""
    for width in (60, 80, 140):
        out = in_shell(f"{COMPARE} --no-verify", tmp_path, shared=True, COLUMNS=str(width)).stdout
        assert max(map(len, out.splitlines())) <= width


#: Answers different lines, a thousand at a time, and says what the process has taken at most after some, and after all.
MEMORY = """
import resource, sys
from types import SimpleNamespace
from convcost.cli.main import run
class Lines:
    given = 0
    def read1(self, most):
        if self.given in (3_000, 8_000):
            print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)
        first, self.given = self.given, min(self.given + 1_000, 8_000)
        return "".join([f"64:{n} @56x{n} k3\\n" for n in range(first + 1, self.given + 1)]).encode()
    read = read1
sys.stdin = SimpleNamespace(buffer=Lines())
run(sys.argv[1:])
"""


@pytest.mark.skipif(not hasattr(resource, "getrusage"), reason="memory is not measured here")
@pytest.mark.parametrize("options", ["-f ndjson", "-f csv"])
def test_memory_does_not_grow_with_the_batch(options: str, tmp_path: Path) -> None:
    """Eight thousand lines take what three thousand take, in which the reader's cache fills, to 280 bytes a line."""
    (tmp_path / "memory.py").write_text(MEMORY)
    root = Path(__file__).parents[2]
    command = f"PYTHONPATH={root} {sys.executable} memory.py layer - --no-verify {options}"
    done = in_shell(f"{command} | wc -l", tmp_path)
    first, whole = map(int, done.stderr.split())
    assert int(done.stdout) >= 8_000
    assert whole < first + 1_400


@each(
    ("text", "encoding", "shown"),
    [
        ("9·Cout² − Cin¹⁰", "ascii", r"9*Cout^2 \u2212 Cin^10"),
        ("9·Cout² · Cin⁴", "latin1", "9·Cout² · Cin^4"),
        ("k⁴, 3 µs → ∞", "shift_jis", "k^4, 3 us → ∞"),
        ("┌ é ✓ ×", "cp437", "┌ é + x"),
    ],
)
def test_each_sign_that_an_encoding_lacks_has_a_stand_in(text: str, encoding: str, shown: str) -> None:
    """And those that it has stay."""
    codecs.register_error("convcost", instead)
    assert text.encode(encoding, "convcost").decode(encoding) == shown
