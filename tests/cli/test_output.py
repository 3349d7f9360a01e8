"""`--output`, `--exact` and LaTeX: one table model, files whole or not at all."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from convcost.cli.main import run as run_convcost
from convcost.cli.output import ENDINGS, whole_file

SPEC = ("compare", "64:128", "@56", "k3", "--no-verify")


@pytest.mark.parametrize(("ending", "format"), [pair for pair in ENDINGS.items() if pair[1] != "svg"])
def test_the_ending_says_the_format(
    ending: str, format: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is what standard output would be, if that is wide enough; nothing else is printed or written."""
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr("convcost.report.as_html.find_spec", lambda _: None)  # pictures have tests of their own
    file = tmp_path / f"costs{ending}"
    assert run_convcost([*SPEC, "--output", str(file)]) == 0
    assert capsys.readouterr() == ("", "")
    assert run_convcost([*SPEC, "--format", format]) == 0
    assert file.read_text("utf-8") == capsys.readouterr().out
    assert os.listdir(tmp_path) == [file.name]


def test_a_format_that_is_asked_for_goes_before_the_ending(tmp_path: Path) -> None:
    """And then any ending will do."""
    assert run_convcost([*SPEC, "-o", str(tmp_path / "costs.log"), "-f", "json"]) == 0
    assert json.loads((tmp_path / "costs.log").read_text())["schema"] == "convcost/2"


@pytest.mark.parametrize(
    "words", [(*SPEC, "-f", "table"), ("explain", "grouped", "-f", "text"), ("zoo", "-f", "table"),
              ("budget", "8", "@8", "k3", "--macs", "1G", "--no-verify", "-f", "github")],
)  # fmt: skip
def test_a_format_that_is_asked_for_and_another_ending_are_a_conflict(
    words: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also where it is the format that there would be without."""
    assert run_convcost([*words, "-o", str(tmp_path / "costs.csv")]) == 2
    first, *_ = capsys.readouterr().err.splitlines()
    assert first == f"error: --format {words[-1].replace('text', 'table')}, but .csv says csv"
    assert os.listdir(tmp_path) == []


def test_a_timeline_is_in_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Below the table, as on standard output; in a format that has no place for it it is refused."""
    words = ["network", "lenet-5", "--no-verify", "--timeline", "-o"]
    assert run_convcost([*words, str(tmp_path / "costs.txt")]) == 0
    assert capsys.readouterr() == ("", "")
    assert "activation memory, step by step" in (tmp_path / "costs.txt").read_text("utf-8")
    assert run_convcost([*words, str(tmp_path / "costs.md")]) == 2


def test_an_ending_that_says_nothing_is_bad_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the endings that say something."""
    assert run_convcost([*SPEC, "-o", str(tmp_path / "costs.log")]) == 2
    assert ".json" in capsys.readouterr().err
    assert os.listdir(tmp_path) == []


def test_no_colour_gets_into_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the environment says."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert run_convcost([*SPEC, "-o", str(tmp_path / "costs.txt")]) == 0
    assert "\x1b" not in (tmp_path / "costs.txt").read_text("utf-8")


def test_an_answer_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    """Whole or not at all."""
    file = tmp_path / "costs.json"
    file.write_text("old")
    assert run_convcost(["compare", "64:128", "@56", "q3", "-o", str(file)]) == 2
    assert (file.read_text(), os.listdir(tmp_path)) == ("old", ["costs.json"])


def test_an_interrupt_leaves_the_old_file(tmp_path: Path) -> None:
    """And nothing beside it."""
    file = tmp_path / "costs.json"
    file.write_text("old")

    def half() -> None:
        with whole_file(str(file)) as out:
            out.write("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        half()
    assert (file.read_text(), os.listdir(tmp_path)) == ("old", ["costs.json"])


def test_a_link_stays_one(tmp_path: Path) -> None:
    """What it points at is written."""
    (tmp_path / "link.csv").symlink_to(tmp_path / "real.csv")
    assert run_convcost([*SPEC, "-o", str(tmp_path / "link.csv")]) == 0
    assert (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "real.csv").read_text().startswith("variant,")


@pytest.mark.parametrize("place", ["nowhere/costs.json", "file/costs.json"])
def test_a_place_that_cannot_be_written_is_one_line(
    place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 1, and the file's name."""
    (tmp_path / "file").touch()
    assert run_convcost([*SPEC, "-o", str(tmp_path / place)]) == 1
    err = capsys.readouterr().err
    assert err.startswith(f"error: {tmp_path / place}: ")
    assert err.count("\n") == 1


@pytest.mark.skipif(os.name != "posix", reason="permissions of folders are POSIX's")
def test_a_read_only_folder_is_one_line() -> None:
    """Run as somebody whom permissions bind."""
    code = "import os, sys\nfrom convcost.cli.main import run\nrun([*sys.argv[1:-1], os.devnull, '-f', 'json'])\n"
    code += "if os.getuid() == 0: os.setgid(65534); os.setuid(65534)\nsys.exit(run(sys.argv[1:]))"
    # The folders on the way must be open to everybody; pytest's are not.
    open_way = Path("/tmp") / f"convcost-{os.getpid()}"
    open_way.mkdir(mode=0o555)
    try:
        command = [sys.executable, "-c", code, *SPEC, "-o", str(open_way / "costs.json")]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    finally:
        open_way.rmdir()
    assert (done.returncode, done.stderr) == (1, f"error: {open_way}/costs.json: Permission denied\n")


def test_exact_prints_whole_numbers_in_groups(capsys: pytest.CaptureFixture[str]) -> None:
    """Of every word that has units; ratios stay."""
    assert run_convcost([*SPEC, "--exact", "--columns", "params,macs,peak_bytes,relative.macs"]) == 0
    line = next(line for line in capsys.readouterr().out.splitlines() if "depthwise-separable" in line)
    assert line.split()[2:] == ["8,768", "27,496,448", "2,408,448", "0.119×"]


def test_exact_prints_the_largest_number_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    """No exponent, no digit lost."""
    n = "9" * 18
    assert run_convcost(["layer", f"{n}", "@9", "k1", "--exact", "--columns", "params", "--no-verify"]) == 0
    assert f"{int(n) ** 2:,}" in capsys.readouterr().out
