"""`convcost verify --output`: a mismatch is told and written, and what could not be answered leaves no file."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from convcost.checks import examination
from convcost.checks import limits as safety
from convcost.checks import verifier as verification
from convcost.checks.selftest import Caught
from convcost.cli.main import run

LAYER = ("verify", "8:16", "@9", "k3", "--variants", "standard")


@pytest.fixture
def _mixes_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """A check that contradicts, and a broken rule that nothing catches."""
    monkeypatch.setattr(verification, "measured_mixes", lambda _: [])
    monkeypatch.setattr("convcost.checks.selftest.run_selftest", lambda _: [Caught("params: mixed up", [])])


def failed(document: dict[str, Any]) -> list[str]:
    """The names of what does not hold, in the document of any of the three modes."""
    if "rules" in document:
        return [rule["name"] for rule in document["rules"] if not rule["caught_by"]]
    if "failed" in document:
        return [one["check"] for one in document["failed"]]
    return [check["name"] for row in document["evidence"] for check in row["checks"] if check["ok"] is False]


@pytest.mark.parametrize(
    ("words", "wrong"),
    [(LAYER, "mixes"), (("verify", "--random", "1"), "mixes"), (("verify", "--self-test"), "params: mixed up")],
)
@pytest.mark.usefixtures("_mixes_is_broken")
def test_a_mismatch_exits_1_is_told_and_is_in_the_file(
    words: tuple[str, ...], wrong: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In every mode; standard output stays empty."""
    file = tmp_path / "evidence.json"
    assert run([*words, "--output", str(file)]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert all(line.startswith("mismatch: ") for line in err.splitlines())
    assert wrong in err
    assert set(failed(json.loads(file.read_text("utf-8")))) == {wrong}


def test_what_is_refused_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bad input, and too little memory."""
    file = tmp_path / "evidence.json"
    file.write_text("old")
    assert run(["verify", "8:16", "@9", "q3", "-o", str(file)]) == 2
    monkeypatch.setattr(safety, "free_memory", lambda: 1 << 20)
    assert run(["verify", "64:64", "@512", "k3", "-o", str(file)]) == 2
    assert (file.read_text(), os.listdir(tmp_path)) == ("old", ["evidence.json"])


def test_an_ending_that_says_nothing_is_refused_before_anything_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A long verification must not end in that."""
    monkeypatch.setattr(examination, "examine_all", lambda *_, **__: pytest.fail("it ran"))
    assert run([*LAYER, "-o", str(tmp_path / "evidence.log")]) == 2
    assert "'.log'" in capsys.readouterr().err
