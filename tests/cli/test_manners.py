"""What decides whether people stay: quiet, colours, named conflicts, lines no wider than the terminal."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest

from convcost.cli.failure import coloured
from convcost.cli.listing import fold_text
from convcost.cli.main import run
from convcost.cli.topics import TOPICS


def said(capsys: pytest.CaptureFixture[str], *words: str, code: int = 2) -> str:
    """What a command line says on standard error."""
    assert run([*words]) == code
    return capsys.readouterr().err


def test_quiet_says_no_note_and_every_error(capsys: pytest.CaptureFixture[str]) -> None:
    """In front of the command and behind it; what it sets for itself is gone afterwards."""
    words = ("layer", "64", "@5000", "k1", "--no-verify")
    assert "note: " in said(capsys, *words, code=0)
    assert said(capsys, *words, "-q", code=0) == said(capsys, "--quiet", *words, code=0) == ""
    assert "unknown token" in said(capsys, "layer", "64", "@9", "q3", "-q")
    assert "CONVCOST_QUIET" not in os.environ


def test_only_the_first_word_of_an_error_is_red() -> None:
    """What a file is called is not."""
    said = coloured("error: there is no file 'error: 7.txt'")
    assert said == "\x1b[1;31merror:\x1b[0m there is no file 'error: 7.txt'"


@pytest.mark.parametrize(("when", "has_colours"), [("always", True), ("never", False), ("auto", False)])
def test_colours_are_as_asked(when: str, has_colours: bool, capsys: pytest.CaptureFixture[str]) -> None:
    """In answers, in errors, and in errors of the option parser, which stops before it has read all options."""
    assert run(["layer", "8", "@9", "k3", "--no-verify", "--color", when]) == 0
    assert ("\x1b[" in capsys.readouterr().out) == has_colours
    for words in (["layer", "8", "q3"], ["layer", "8", "--nothing"]):
        assert ("\x1b[" in said(capsys, *words, f"--color={when}")) == has_colours


def test_a_terminal_gets_no_escape_sequence_where_none_is_wanted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not even for bold; and all of its width."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "140")
    assert run(["compare", "64:128", "@56", "k3", "--no-verify", "--color", "never"]) == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert max(map(len, out.splitlines())) > 80


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("compare 8 @9 k3 -f json -o x.csv", "--format json, but .csv says csv"),
        ("network resnet18 -f csv -o x.json --no-verify", "--format csv, but .json says json"),
        ("explain 1x1 -f json -o x.md", "--format json, but .md says markdown"),
        ("compare 8 @9 k3 -o=", "--output is empty"),
        ("compare 8 @9 k3 --variants=", "--variants is empty"),
        ("layer --in= --layer x", "--in is empty"),
        ("network FOLDER", "is a directory"),
        ("swap FOLDER --to ghost", "is a directory"),
        ("compare --in FOLDER --layer x", "is a directory"),
        ("verify --random 0", "--random '0' is no whole number from 1 on"),
        ("verify 8 @9 k3 --random 5", "there are a layer and generated layers to verify"),
        ("verify --random 5 --self-test", "there are generated layers and broken rules to verify"),
        ("verify 8 @9 k3 --seed 1", "--seed says which layers --random generates"),
        ("layer 8 @9 k3 --color sometimes", "is none of auto, always, never"),
        ("layer 8 @9 q3", "'convcost help spec' shows the notation"),
        ("completion", "a shell is missing"),
        ("reconcile lenet-5 --sizes 28", "--sizes is for figures, and there is none"),
        ("reconcile lenet-5 --siblings", "--siblings is for figures, and there is none"),
        ("export 8 @9 k3 -o x.csv", "an ONNX file is not .csv"),
        ("sweep 16..512/0 @7 k3", "numbers and steps are 1 or more"),
    ],
)
def test_a_conflict_is_named(line: str, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What contradicts what, and nothing is written."""
    words = [str(tmp_path) if word == "FOLDER" else word for word in line.split()]
    words = [word.removesuffix("=") if word == "-o=" else word for word in words]
    words = [part for word in words for part in ([word, ""] if word == "-o" and words[-1] == word else [word])]
    assert says in said(capsys, *words)
    assert not Path("x.csv").exists()


@pytest.mark.parametrize("width", [60, 79, 80, 100, 140])
@pytest.mark.parametrize(
    "line",
    ["compare 64:128 @56 k3 --no-verify", "network resnet18 --no-verify", "swap resnet18 --to ghost --no-verify",
     "diff resnet18 resnet34 --no-verify", "budget 64 @9 k3 --macs 1 --no-verify", "verify 8 @5 k3",
     "fit 64:128 @56 k3 --macs 30M --no-verify", "reconcile lenet-5 --no-verify", "sweep 8 @8 k3", "zoo --top 3"],
)  # fmt: skip
def test_no_line_is_wider_than_the_terminal(
    line: str, width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Notes neither, to the column; of the zoo no more is answered than is shown."""
    monkeypatch.setattr("convcost.answers.opening.zoo_names", lambda: ["alexnet", "alexnet-paper", "convnext-tiny"])
    monkeypatch.setenv("COLUMNS", str(width))
    assert run(line.split()) in (0, 1)
    assert max(map(len, capsys.readouterr().out.splitlines())) <= width


@pytest.mark.parametrize(
    "line", ["layer 8 @9 k3 --activation none", "compare 8 @9 k3 --variants none",
             "swap lenet-5 --to grouped --where k9", "fit 64:128 @56 k3 --macs 1"],
)  # fmt: skip
def test_no_line_of_what_is_wrong_is_wider_than_the_terminal(
    line: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The message is folded, as the remedy is; its words are all there, in colours, too."""
    code = run(line.split())
    first, *_ = capsys.readouterr().err.splitlines()
    for width, color in ((60, "never"), (60, "always"), (40, "never")):
        monkeypatch.setenv("COLUMNS", str(width))
        assert run([*line.split(), "--color", color]) == code
        err = re.sub("\x1b\\[[0-9;]*m", "", capsys.readouterr().err)
        assert max(map(len, err.splitlines())) <= width
        assert set(first.split()) <= set(err.split())


@pytest.mark.parametrize("words", [(), ("help",), *[("help", name) for name in TOPICS], ("explain", "grouped"),
                                   ("explain", "residual"), ("variants",), ("explain", "--list")])  # fmt: skip
def test_texts_fold_at_60_columns(
    words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Between words: those of the whole text are all there."""
    assert run([*words]) == 0
    whole = capsys.readouterr().out.replace(" \\\n", " ").split()
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert run([*words]) == 0
    out = capsys.readouterr().out
    drawn = ("─", "└", "#")  # what is drawn is as wide as it is
    assert [line for line in out.splitlines() if len(line) > 60 and not line.strip().startswith(drawn)] == []
    assert set(out.replace(" \\\n", " ").split()) >= set(whole) or words[:1] == ("explain",)


def test_a_command_that_is_folded_is_still_one() -> None:
    """A shell reads a backslash at the end of a line as its going on."""
    text = 'Try:\n  convcost layer "Conv2d(3, 64, kernel_size=(7, 7), stride=(2, 2))" @224\n'
    assert fold_text(text, 50) == (
        'Try:\n  convcost layer "Conv2d(3, 64, kernel_size=(7, \\\n    7), stride=(2, 2))" @224\n'
    )


def test_the_lists_do_not_overlap(capsys: pytest.CaptureFixture[str]) -> None:
    """What a variant consists of is said by `variants` alone."""
    from convcost.variants.registry import all_variants

    assert run(["explain", "--list"]) == run(["help"]) == 0
    out = capsys.readouterr().out
    assert not [one.name for one in all_variants().values() if one.summary in out]


def test_verify_shows_a_row_a_variant_and_with_all_every_check(capsys: pytest.CaptureFixture[str]) -> None:
    """The summary says how many hold, and how to see them."""
    assert run(["verify", "8", "@5", "k3", "--variants", "standard,grouped"]) == 0
    summary = capsys.readouterr().out
    assert [line.split()[:2] for line in summary.splitlines() if "21 of 21" in line] == [
        ["✓", "standard"],
        ["✓", "grouped"],
    ]
    assert "--all shows both sides of each check" in summary
    assert run(["verify", "8", "@5", "k3", "--variants", "standard,grouped", "--all"]) == 0
    assert capsys.readouterr().out.count("✓") == 42


def test_a_bar_moves_within_a_variant() -> None:
    """It hears of every part of the work on one."""
    from convcost.checks.examination import PARTS, examine_all
    from convcost.spec import parse_spec

    heard: list[str] = []
    examine_all(parse_spec("8 @5 k3"), ["standard", "grouped"], step=heard.append)
    assert len(heard) == 2 * PARTS
    assert len(set(heard)) == 2 * PARTS


def test_the_foot_of_help_flows_and_shows_its_brackets(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A paragraph is filled to the width; what stands in brackets is no markup."""
    monkeypatch.setenv("COLUMNS", "80")
    assert run(["budget", "--help"]) == 0
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    assert "[tool.convcost.budget]" in lines
    paragraph = lines[lines.index(next(line for line in lines if line.startswith("A key is"))) :][:3]
    assert min(map(len, paragraph)) > 60
