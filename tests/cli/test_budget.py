"""`convcost budget`: which targets are asked about, and what an update says."""

from __future__ import annotations

from pathlib import Path

import pytest

from convcost.cli.budget import _chosen
from convcost.cli.main import run
from convcost.gate.budgets import Target
from convcost.spec import SpecError

TARGETS = (Target("a.txt", ()), Target("b.txt", ()))


@pytest.mark.parametrize(("names", "chosen"), [([], "ab"), (["b.txt"], "b"), (["b.txt", "a.txt"], "ab")])
def test_targets_are_those_that_are_named_or_all(names: list[str], chosen: str) -> None:
    assert "".join([target.name[0] for target in _chosen(TARGETS, names)]) == chosen


def test_a_target_that_there_is_not_is_bad_input() -> None:
    with pytest.raises(SpecError, match=r"target 'c\.txt'"):
        _chosen(TARGETS, ["a.txt", "c.txt"])


def test_an_update_counts_the_targets_that_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """All at first, none at once after, then the one that did."""
    monkeypatch.chdir(tmp_path)
    for name in "ab":
        Path(f"{name}.txt").write_text("input 3 @8\nstandard 8 k3\n")
    Path("pyproject.toml").write_text('[tool.convcost.budget]\n"a.txt" = { macs = 1 }\n"b.txt" = { macs = 1 }\n')
    for changed in (2, 0, 1):
        if changed == 1:
            Path("b.txt").write_text("input 3 @8\nstandard 4 k3\n")
        assert run(["budget", "--update"]) == 0
        assert f"{changed} of 2 targets changed" in capsys.readouterr().err
