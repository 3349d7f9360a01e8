"""Differences: what changed and what did not, of networks, revisions and answers."""

from __future__ import annotations

import csv
import io
import json
import subprocess
from pathlib import Path

import pytest
from schema import VALID
from tables import each

from convcost.cli.main import run
from convcost.gate.diff import Difference, conclude, differences
from convcost.gate.targets import WORDS, Subject, Words, read_subject
from convcost.spec import SpecError

NET = "input 3 @16\nstandard 8 k3\nrelu\nstandard 8 k3\n"


def differ(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, object]:
    assert run(["diff", "--no-verify", "--format", "json", *words]) == 0
    document: dict[str, object] = json.loads(capsys.readouterr().out)
    assert [error.message for error in VALID.iter_errors(document)] == []
    return document


def test_a_new_layer_is_one_that_was_added(tmp_path: Path) -> None:
    """What stands behind it has another name, and did not change."""
    (tmp_path / "a.txt").write_text(NET)
    (tmp_path / "b.txt").write_text(NET.replace("relu\n", "relu\nstandard 8 k5\n"))
    found = differences(read_subject(str(tmp_path / "a.txt")), read_subject(str(tmp_path / "b.txt")))
    assert ([(one.how, one.b and one.b["params"]) for one in found.changes], found.same) == ([("added", 1600)], 3)
    assert conclude(found).startswith("params +202.02 %, macs +202.02 %")


def test_totals_change_by_the_sum_of_the_changes(capsys: pytest.CaptureFixture[str]) -> None:
    """Of every additive word."""
    document: dict[str, object] = differ(capsys, "resnet18", "resnet34")
    total, changes = document["change"], document["changes"]
    assert isinstance(total, dict)
    assert isinstance(changes, list)
    for word in set(WORDS) - {"peak_bytes"}:
        assert total[word] == sum([one["change"][word] for one in changes])
    assert total["params"] == 21797672 - 11689512


def test_a_file_is_held_against_its_revision(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """From a folder inside the repository, too; what git does not know is bad input."""
    nets = tmp_path / "nets"
    nets.mkdir()
    monkeypatch.chdir(nets)
    (nets / "net.txt").write_text(NET)
    for words in ("init -q ..", "add .", "-c user.name=a -c user.email=a@b commit -qm first"):
        subprocess.run(["git", *words.split()], check=True)
    assert differ(capsys, "HEAD:net.txt", "net.txt")["same"] is True
    (nets / "net.txt").write_text(NET.replace("relu", "silu"))
    assert differ(capsys, "HEAD:nets/net.txt", "net.txt")["same"] is True  # it costs the same
    (nets / "net.txt").write_text(NET + "relu\n")
    assert [one["how"] for one in differ(capsys, "HEAD:net.txt", "net.txt")["changes"]] == ["added"]
    assert run(["diff", "nope:net.txt", "net.txt"]) == 2
    assert "git knows no revision 'nope'" in capsys.readouterr().err
    assert run(["diff", "HEAD:other.txt", "net.txt"]) == 2
    assert "there is no other.txt in HEAD" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["network resnet18", "layer 64:128 @56 k3", "compare 64:128 @56 k3"])
def test_an_answer_in_json_is_what_it_answers(command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is the same as itself, and as what it is about."""
    file = str(tmp_path / "answer.json")
    assert run([*command.split(), "--no-verify", "-o", file]) == 0
    other = file if command.startswith("compare") else command.partition(" ")[2]
    assert differ(capsys, file, other)["verdict"] == "the same in every word"


def test_the_exit_code_says_whether_they_differ_where_that_is_asked(capsys: pytest.CaptureFixture[str]) -> None:
    """As git diff does."""
    assert run(["diff", "resnet18", "resnet18", "--exit-code", "--no-verify"]) == 0
    assert run(["diff", "resnet18", "resnet18 @192", "--exit-code", "--no-verify"]) == 1
    assert "the inputs differ: 1x3x224x224 fp32 and 1x3x192x192 fp32" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "says"), [("[1, 2]", "is no answer about a network or a layer"), ("{", "it is no JSON")]
)
def test_json_that_is_no_answer_is_bad_input(
    text: str, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With what writes one."""
    (tmp_path / "a.json").write_text(text)
    assert run(["diff", str(tmp_path / "a.json"), "resnet18"]) == 2
    assert says in " ".join(capsys.readouterr().err.split())


def test_csv_has_the_whole_and_a_line_an_operation(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What a side has not is empty."""
    (tmp_path / "a.txt").write_text(NET)
    (tmp_path / "b.txt").write_text("input 3 @16\nstandard 8 k3\nrelu\nstandard 8 k5\n")
    assert run(["diff", str(tmp_path / "a.txt"), str(tmp_path / "b.txt"), "--no-verify", "--format", "csv"]) == 0
    whole, *ops = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert [whole[name] for name in ("level", "name", "how")] == ["total", str(tmp_path / "b.txt"), "changed"]
    assert [whole[f"{side}.params"] for side in ("a", "b", "change")] == ["792", "1816", "1024"]
    assert [whole[f"{side}.macs"] for side in ("a", "b", "change")] == ["202752", "464896", "262144"]
    assert [(op["level"], op["op"], op["a.params"], op["b.params"], op["change.params"]) for op in ops] == [
        ("operation", "conv", "576", "1600", "1024")
    ]
    assert run(["diff", "resnet18", "resnet18", "--no-verify", "--format", "csv"]) == 0
    assert [row["how"] for row in csv.DictReader(io.StringIO(capsys.readouterr().out))] == ["same"]


@each(
    ("a", "b", "said"),
    [
        ({"params": 4, "macs": 8}, {"params": 5, "macs": 8}, "params +25.00 %, macs the same"),
        ({"params": 0, "macs": 1}, {"params": 1200, "macs": 0}, "params from 0 to 1,200, macs -100.00 %"),
        ({"params": None, "macs": 8}, {"params": 5, "macs": 4}, "params not known, macs -50.00 %"),
        ({"params": 3}, {"params": 3, "macs": None}, "params the same, macs not known"),
    ],
)
def test_a_difference_is_said_in_a_sentence(a: Words, b: Words, said: str) -> None:
    """As a share of what was; what is not known on one side is not compared."""
    sides = [Subject(name, words, (), (1, 3, 8, 8), "fp32") for name, words in (("a", a), ("b", b))]
    assert conclude(Difference(sides[0], sides[1], (), 0)) == said


def test_an_answer_that_is_partial_has_the_words_that_hold(tmp_path: Path) -> None:
    """Params and their bytes where those are complete, and nothing else; none where they are not."""
    row = {"name": "a", "op": "conv", "params": 10, "macs": 5, "weight_bytes": 40}
    answer = {"layers": [row], "total": {"params": 10, "macs": 5, "weight_bytes": 40}, "input": [1, 3, 8, 8],
              "dtype": "fp32", "unknown": [{"op": "Mystery"}]}  # fmt: skip
    for complete, params in ((True, 10), (False, None)):
        (tmp_path / "a.json").write_text(json.dumps({**answer, "params_complete": complete}))
        found = read_subject(str(tmp_path / "a.json"))
        assert (found.total["params"], found.total["macs"], found.unknown) == (params, None, ("Mystery",))
        assert found.total["weight_bytes"] == (40 if complete else None)
        assert (found.input, found.dtype) == ((1, 3, 8, 8), "fp32")
    with pytest.raises(SpecError, match="there is nothing to count"):
        read_subject("  ")
