"""Completion as somebody at a terminal has it: real shells, in a pseudo-terminal, and TAB."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli.completing.terminal import SCRIPTS, Terminal

pytestmark = pytest.mark.skipif(not hasattr(__import__("os"), "fork"), reason="this system has no pseudo-terminals")

#: What is typed, and the line after one TAB.
BECOMES = [
    ("convcost comp", "convcost comp"),  # compare, completion
    ("convcost compa", "convcost compare"),
    ("convcost compare 6", "convcost compare 64:"),
    ("convcost compare 64:12", "convcost compare 64:128"),
    ("convcost compare @5", "convcost compare @56"),
    ("convcost compare in=5", "convcost compare in=56"),
    ("convcost compare 64:128 @56x29", "convcost compare 64:128 @56x299"),
    ("convcost compare mid=9", "convcost compare mid=96"),
    ("convcost compare mi", "convcost compare mid="),
    ("convcost compare mode=ref", "convcost compare mode=reflect"),
    ("convcost compare 64 bf", "convcost compare 64 bf16"),
    ("convcost compare 64 --vari", "convcost compare 64 --variants"),
    ("convcost compare 64 --variants standard,dep", "convcost compare 64 --variants standard,depthwise"),
    ("convcost compare 64 --variants standard,spa", "convcost compare 64 --variants standard,spatially-separable"),
    ("convcost compare 64 --baseline in", "convcost compare 64 --baseline inverted-residual"),
    ("convcost layer 64 --format m", "convcost layer 64 --format markdown"),
    ("convcost layer 64 --format=m", "convcost layer 64 --format=markdown"),
    ("convcost layer 64 -f m", "convcost layer 64 -f markdown"),
    ("convcost layer 64 --activation gel", "convcost layer 64 --activation gelu"),
    ("convcost layer 64 --columns macs,rela", "convcost layer 64 --columns macs,relative."),
    ("convcost layer --format csv 12", "convcost layer --format csv 128:"),
    ("convcost help sp", "convcost help spec"),
    ("convcost completion po", "convcost completion powershell"),
    ("convcost network shu", "convcost network shufflenet-v2"),
    ("convcost network my-n", "convcost network my-net.txt"),
    ("convcost compare --in xce", "convcost compare --in xception"),
    ("convcost swap vgg16 --to spa", "convcost swap vgg16 --to spatially-separable"),
    ("convcost layer 64 --output ans", "convcost layer 64 --output answer.csv"),
    ("convcost explain depthwise poi", "convcost explain depthwise pointwise"),
    ("convcost explain depthwise 64:12", "convcost explain depthwise 64:128"),
    ("convcost explain depthwise @5", "convcost explain depthwise @56"),
    ("convcost explain depthwise 64 depthwi", "convcost explain depthwise 64 depthwi"),
    ("convcost compare 64:128 6", "convcost compare 64:128 6"),
    ("convcost compare 64:128 64:12", "convcost compare 64:128 64:12"),
    ("convcost compare 64:128 1", "convcost compare 64:128 1d"),
    ("convcost compare 1x3 k", "convcost compare 1x3 k"),
    ("convcost compare in=56 @5", "convcost compare in=56 @5"),
    ("convcost compare @56 @56x29", "convcost compare @56 @56x29"),
    ("convcost compare p1 psa", "convcost compare p1 psa"),
    ("convcost compare mid=96 mi", "convcost compare mid=96 mi"),
    ("convcost compare --verify-limit 8 6", "convcost compare --verify-limit 8 64:"),
    ("convcost compare --baseline standard --variants sta", "convcost compare --baseline standard --variants standard"),
    ("convcost compare --variants depthwise,dep", "convcost compare --variants depthwise,depthwise-separable"),
    ("convcost compare --variants=standard,sta", "convcost compare --variants=standard,sta"),
    ("convcost layer 64 --columns macs,par", "convcost layer 64 --columns macs,params"),
    ("convcost layer 64 --format csv --form", "convcost layer 64 --format csv --form"),
    ("convcost layer 64 -f csv --form", "convcost layer 64 -f csv --form"),
    ("convcost layer 64 --format=csv --form", "convcost layer 64 --format=csv --form"),
    ("convcost network vgg16 --input a=1 --inpu", "convcost network vgg16 --input a=1 --input"),
    ("convcost network vgg16 @22", "convcost network vgg16 @224"),
    ("convcost network vgg16 resn", "convcost network vgg16 resn"),
    ("convcost help spec wor", "convcost help spec wor"),
]

#: What is typed, and some of what TAB shows.
SHOWS = [
    ("convcost compare 64:1", ["128", "16", "160", "192"]),
    ("convcost compare mid=", ["16", "96", "512"]),
    ("convcost compare k", ["k1", "k3", "k1x7"]),
    ("convcost compare ", ["64:128", "@", "k3", "mode=", "bias", "int8"]),
    ("convcost ", ["compare", "layer", "variants"]),
    ("convcost explain depthwise ", ["pointwise", "residual", "64:128", "@", "k3"]),
    ("convcost network vgg16 ", ["@", "n8", "fp16"]),
]

#: What is typed, some of what TAB shows, and what it does not show, since it is there already or does not belong.
LEAVES_OUT = [
    ("convcost compare 64:128 @56 k3 ", ["s2", "mode=", "int8"], ["64:128", "@", "in=", "k3"]),
    ("convcost compare fp16 bias t ", ["64:128", "@", "k3", "1d"], ["fp32", "bf16", "bias", "t"]),
    ("convcost explain depthwise ", ["pointwise", "depthwise-separable"], ["depthwise"]),
    ("convcost explain depthwise 64:128 ", ["@", "k3"], ["64:128", "pointwise"]),
    ("convcost explain ", ["pointwise"], ["64:128", "k3"]),
    ("convcost network vgg16 ", ["n8"], ["64:128", "k3", "vgg19"]),
    ("convcost network vgg16 n8 ", ["fp16"], ["n8"]),
    ("convcost layer 64 --norm -f csv --", ["--exact", "--output"], ["--norm", "--format", "-f"]),
]


#: What fish's own terminal is tried with, too: it takes a new one each time.
FISH = ["convcost compare 64:12", "convcost explain depthwise @5", "convcost compare @5", "convcost compare mid=9",
        "convcost compare 64 --variants standard,dep"]  # fmt: skip


#: A shell that may be missing.
BASH, ZSH = [pytest.param(shell, marks=pytest.mark.needs(shell)) for shell in ("bash", "zsh")]


@pytest.fixture(scope="module", params=[BASH, ZSH])
def terminal(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    """A shell with the script loaded, in a folder with two files."""
    home = tmp_path_factory.mktemp(request.param)
    (home / "answer.csv").touch()
    (home / "answer.pdf").touch()
    (home / "my-net.txt").touch()
    shell = Terminal(request.param, home)
    yield shell
    shell.close()


@pytest.fixture(scope="module")
def zsh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    """A zsh that no other shell is tried beside: its start takes longer than what it is asked."""
    shell = Terminal("zsh", tmp_path_factory.mktemp("alone"))
    yield shell
    shell.close()


def test_tab_completes_the_line(terminal: Terminal) -> None:
    """One TAB; a space, or zsh's comma that goes away by itself, may follow."""
    assert {typed: terminal.complete(typed)[0].rstrip(" ,") for typed, _ in BECOMES} == dict(BECOMES)


@pytest.mark.parametrize("typed", FISH)
@pytest.mark.needs("fish")
def test_tab_completes_the_line_in_fish(typed: str, tmp_path: Path) -> None:
    """The same in a terminal of fish."""
    terminal = Terminal("fish", tmp_path)
    line = terminal.complete(typed)[0].rstrip()
    terminal.close()
    assert line == dict(BECOMES)[typed]


def test_tab_shows_what_there_is(terminal: Terminal) -> None:
    """Where more than one thing fits, all are listed, and the line stays."""
    found = {typed: terminal.complete(typed) for typed, _ in SHOWS}
    assert {typed: line for typed, (line, _) in found.items() if not line.startswith(typed.rstrip())} == {}
    shown = {typed: re.split(r"\s+|(?<=mid=)", text) for typed, (_, text) in found.items()}
    assert {typed: shown[typed] for typed, words in SHOWS if not set(words) <= set(shown[typed])} == {}


def test_tab_leaves_out_what_is_there(terminal: Terminal) -> None:
    """In the list that TAB shows below the line."""
    found = {}
    for typed, _, _ in LEAVES_OUT:
        shown = terminal.complete(typed)[1].partition(typed.rstrip())[2].replace(typed.rstrip(), "")
        found[typed] = set(re.split(r"\s+", re.sub(r"--? .*", "", shown)))
    assert wrongly_offered(found) == {}


def wrongly_offered(found: dict[str, set[str]]) -> dict[str, set[str]]:
    """Of each line what is offered and does not belong, or belongs and is not offered."""
    wrong = {typed: set(words) - found[typed] | set(others) & found[typed] for typed, words, others in LEAVES_OUT}
    return {typed: words for typed, words in wrong.items() if words}


def in_fish(lines: list[str], folder: Path) -> list[list[str]]:
    """What fish would offer behind each line, each candidate with its help behind a tab."""
    code = f"source {SCRIPTS}/convcost.fish; for typed in $argv; complete -C $typed; echo =; end"
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        ["fish", "--no-config", "-c", code, *lines], capture_output=True, text=True, cwd=folder, env=env,
        check=False,
    )  # fmt: skip
    assert done.stderr == ""
    answers = [answer.splitlines() for answer in re.split(r"(?m)^=\n", done.stdout)]
    assert len(answers) == len(lines) + 1
    return answers[:-1]


@pytest.fixture(scope="module")
def fish_offers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """What fish would offer behind each line that is typed here, in a folder with files, asked for in one process."""
    folder = tmp_path_factory.mktemp("fish")
    for name in ("answer.csv", "answer.pdf", "my-net.txt"):
        (folder / name).touch()
    lines = [typed for typed, *_ in (*BECOMES, *SHOWS, *LEAVES_OUT)]
    return dict(zip(lines, in_fish(lines, folder)))


def completed(typed: str, entries: list[str]) -> str:
    """What a TAB would make of the last word of a line behind which fish offers the entries."""
    begun = typed.rpartition(" ")[2]
    offered = [entry.partition("\t")[0] for entry in entries]
    words = [word for word in offered if word.startswith(begun)] or [begun]
    return os.path.commonprefix(words)  # noqa: RUF071  of characters, as TAB has it


@pytest.mark.needs("fish")
def test_fish_offers_what_completes_the_line(fish_offers: dict[str, list[str]]) -> None:
    """What all that it offers has in common is what TAB types."""
    wanted = {typed: line.rpartition(" ")[2] for typed, line in BECOMES}
    assert {typed: completed(typed, fish_offers[typed]) for typed in wanted} == wanted


@pytest.mark.parametrize(("typed", "words"), SHOWS, ids=[typed for typed, _ in SHOWS])
@pytest.mark.needs("fish")
def test_fish_offers_what_there_is(typed: str, words: list[str], fish_offers: dict[str, list[str]]) -> None:
    """Each with its help beside it; files have none."""
    offered = dict(entry.split("\t") for entry in fish_offers[typed] if not entry.startswith(("answer.", "my-net.")))
    before = re.sub(r".*[ =:]", "", typed) and typed.rpartition(":")[0].rpartition(" ")[2] + ":"
    assert {word for word in words if not {word, f"mid={word}", before + word} & set(offered)} == set()
    assert all(offered.values())


@pytest.mark.needs("fish")
def test_fish_leaves_out_what_is_there(fish_offers: dict[str, list[str]]) -> None:
    """The same in fish."""
    offered = {typed: {entry.partition("\t")[0] for entry in fish_offers[typed]} for typed, _, _ in LEAVES_OUT}
    assert wrongly_offered(offered) == {}


@pytest.mark.needs("zsh")
def test_help_stands_beside_each_candidate_in_zsh(zsh: Terminal) -> None:
    """As zsh lays it out."""
    shown = zsh.complete("convcost compare ")[1]
    helps = {line.partition(" -- ")[2].strip() for line in shown.splitlines()}
    assert {"kernel size", "a bias on every convolution"} <= helps


#: A line completed where no program can be found, and the candidates that it has there.
ALONE = {
    "bash": """
compopt() { :; }
. %s/convcost.bash
PATH=/nowhere
COMP_LINE='convcost compare 64:128 @56 --variants standard,dep'; COMP_POINT=${#COMP_LINE}
_convcost
printf '%%s\\n' "${COMPREPLY[@]}"
""",
    "fish": """
source %s/convcost.fish
set -x PATH /nowhere
complete -C'convcost compare 64:128 @56 --variants standard,dep'
""",
}


@pytest.mark.parametrize("shell", [pytest.param(shell, marks=pytest.mark.needs(shell)) for shell in ALONE])
def test_tab_starts_no_program(shell: str) -> None:
    """A start of Python takes longer than people wait; the script knows everything by itself."""
    done = subprocess.run([shell, "-c", ALONE[shell] % SCRIPTS], capture_output=True, text=True, check=True)
    assert (done.stderr, "depthwise-separable" in done.stdout) == ("", True)


@pytest.mark.needs("zsh")
def test_zsh_starts_no_program_either(tmp_path: Path) -> None:
    """The whole widget, where no program can be found."""
    terminal = Terminal("zsh", tmp_path)
    terminal.send("PATH=/nowhere\r")
    terminal.read_until("READY> ")
    completed, _ = terminal.complete("convcost compare 64:128 @56 --variants standard,depthwise-s")
    terminal.close()
    assert completed.startswith("convcost compare 64:128 @56 --variants standard,depthwise-separable")


#: A line that wants a layer of the network that it names, and the line after TAB.
LAYERS = [
    ("convcost compare --in tiny --layer ste", "convcost compare --in tiny --layer stem"),
    ("convcost layer --in=tiny --layer=ste", "convcost layer --in=tiny --layer=stem"),
    ("convcost swap tiny --to ghost --where sta", "convcost swap tiny --to ghost --where stage1.conv"),
    ("convcost swap tiny --where grou", "convcost swap tiny --where grou"),
    ("convcost compare --layer ste", "convcost compare --layer ste"),
    ("convcost compare 8 @9 --where pea", "convcost compare 8 @9 --where peak_bytes"),
]


@pytest.fixture
def _layers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A convcost that knows the layers of one network, and says nothing else."""
    names = r"stem\nstage1.conv1\nstage1.conv2\n"
    text = f'#!/bin/sh\n[ "$*" = "completion --layers tiny" ] && printf "{names}"\n'
    (tmp_path / "convcost").write_text(text)
    (tmp_path / "convcost").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")


@pytest.mark.usefixtures("_layers")
@pytest.mark.parametrize("shell", [BASH, ZSH])
def test_layers_are_those_of_the_network_on_the_line(shell: str, tmp_path: Path) -> None:
    """Behind --in, or first of the words of swap; without a network there are none."""
    terminal = Terminal(shell, tmp_path)
    found = [terminal.complete(typed)[0].rstrip() for typed, _ in LAYERS]
    terminal.close()
    assert found == [line for _, line in LAYERS]


@pytest.mark.usefixtures("_layers")
@pytest.mark.needs("fish")
def test_layers_are_those_of_the_network_on_the_line_in_fish(tmp_path: Path) -> None:
    """The same."""
    wanted = {typed: line.rpartition(" ")[2] for typed, line in LAYERS}
    answers = dict(zip(wanted, in_fish([*wanted], tmp_path)))
    assert {typed: completed(typed, answers[typed]) for typed in wanted} == wanted


@pytest.mark.needs("zsh")
def test_zsh_shows_candidates_and_descriptions_in_one_block(zsh: Terminal) -> None:
    """Tokens that are gone on with stand among the others: every description at the same column."""
    shown = zsh.complete("convcost compare ")[1]
    columns = {line.index(" -- ") for line in shown.splitlines() if " -- " in line}
    assert len(columns) == 1


def test_a_script_gets_the_names_of_convolutions(capsys: pytest.CaptureFixture[str]) -> None:
    """A line each; of what is no network, nothing on standard output."""
    from convcost.cli.main import run

    assert run(["completion", "--layers", "resnet18"]) == 0
    assert capsys.readouterr().out.splitlines()[:2] == ["stem", "stage1.1.conv1"]
    assert run(["completion", "--layers", "nothing"]) == 2
    assert capsys.readouterr().out == ""
