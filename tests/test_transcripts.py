"""What commands print, to the character: `transcripts/*.txt`, each command after a `$`.

A change of what people see is seen in the transcripts, too. After one that is meant, `python tests/test_transcripts.py`
writes them anew, and the difference is read before it is committed. A line of the errors' stream begins with `! `; an
exit code other than zero stands last, in brackets. What depends on the machine or the moment is left out: seconds and
what rounding left.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest

from convcost import __version__
from convcost.cli.main import run

FOLDER = Path(__file__).parent / "transcripts"

#: The files that commands name.
FILES = {
    "few.txt": "64:128 @56 k3\n8:8 @6x5 k3 s2 g2 bias\n",
    "wrong.txt": "8:8 @6 k3\n8:8 @6 k3 x\n# a remark\n8:8 @1 k3 p0\n4:4 @6 k1\n",
    "net.txt": "input 3 @32\nstandard 16 k3 s2\nrelu\ndepthwise-separable 32 k3\nglobal-average-pool\nlinear 10 bias\n",
    "block.txt": (
        "input 16 @14\nblock gate r\n  global-average-pool\n  pointwise in/$r bias\n  pointwise in bias\n  s: sigmoid\n"
        "  multiply from in s\nwhole: inverted-residual 16 k5 e4\nbatch-norm\nbranch: gate 4\nadd from branch whole\n"
        "max-pool k2\nbottleneck 32 k3 r2\ngelu\nflatten\nlinear 5\n"
    ),
    "wide.txt": "input 3 @224\nstandard 64 k7 s2\nstandard 512 k7\n",
    "wrong-net.txt": "input 3 @32\nstandard 16 k3 s2\nrelo\nstandard 8 k3 from=nowhere\nlinear ten\n",
    "printed.txt": (
        "Sequential(\n  (0): Conv2d(3, 8, kernel_size=(3, 3), stride=(2, 2), padding=(1, 1), bias=False)\n"
        "  (1): BatchNorm2d(8, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True)\n"
        "  (2): ReLU(inplace=True)\n"
        "  (3): AdaptiveAvgPool2d(output_size=1)\n  (4): Flatten(start_dim=1, end_dim=-1)\n"
        "  (5): Linear(in_features=8, out_features=10, bias=True)\n)\n"
    ),
}  # fmt: skip

#: What is not the same tomorrow or elsewhere, and what stands for it.
VOLATILE = (
    (re.compile(r"(?<![\w.])\d+(?:\.\d+)? ?s(?=[ ,.;)]|$)", re.M), "_ s"),
    (re.compile(r"^( ✓ .*(?:full|everywhere|interior|reduced)) +[\d.]+$", re.M), r"\1 _"),
    (re.compile(r'("seconds": )[0-9.e-]+'), r"\1_"),
    (re.compile(r'("measured": )\d[.\d]*e-\d+'), r"\1_"),
    # a separation's last digits are those of the machine's own sums
    (
        re.compile(r'("(?:output|error|projection|best|full_rank)": \{"expected": )[^,]+, "measured": [^,]+'),
        r'\1_, "measured": _',
    ),
    (re.compile(r'("(?:error|noise)": )\d[.\d]*(?:e-\d+)?'), r"\1_"),
    (re.compile(re.escape(__version__)), "VERSION"),
)


def commands(text: str) -> Iterator[tuple[str, str]]:
    """Each command of a transcript and what it printed."""
    for part in re.split(r"(?m)^\$ ", text)[1:]:
        line, _, printed = part.partition("\n")
        yield line, printed


def transcribed(line: str) -> str:
    """What a command prints in a folder that has the files: on standard output, as an error, and its exit code."""
    setting, _, rest = line.rpartition("convcost")
    rest, _, file = rest.partition(" < ")
    out, errors = io.StringIO(), io.StringIO()
    given = io.TextIOWrapper(io.BytesIO(FILES[file].encode() if file else b""), encoding="utf-8")
    environment = {"COLUMNS": "80", **dict(one.split("=") for one in setting.split())}
    with (
        mock.patch.dict(os.environ, environment), mock.patch.object(sys, "stdin", given), _no_pictures(),
        contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors),
    ):  # fmt: skip
        code = run(shlex.split(rest))
    text = out.getvalue()
    if text and not text.endswith("\n"):
        text += "\n"
    text += "".join([f"! {one}\n" for one in errors.getvalue().splitlines()])
    text += f"[{code}]\n" if code else ""
    for pattern, instead in VOLATILE:
        text = pattern.sub(instead, text)
    return re.sub(r"(?m)^\$", r"\$", text)


@contextlib.contextmanager
def _no_pictures() -> Iterator[None]:
    """A page has its picture only where matplotlib is: here it is nowhere."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setitem(sys.modules, "matplotlib", None)
        yield


def write_files(folder: Path) -> None:
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")


CASES = [
    pytest.param(line, printed, id=f"{path.stem}-{line}")
    for path in sorted(FOLDER.glob("*.txt"))
    for line, printed in commands(path.read_text(encoding="utf-8"))
]


@pytest.mark.parametrize(("line", "printed"), CASES)
def test_a_command_prints_what_its_transcript_says(
    line: str, printed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_files(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert transcribed(line) == printed


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place, contextlib.chdir(place):
        write_files(Path(place))
        for path in sorted(FOLDER.glob("*.txt")):
            text = path.read_text(encoding="utf-8")
            path.write_text("".join([f"$ {line}\n{transcribed(line)}" for line, _ in commands(text)]), encoding="utf-8")
