"""The recipes: each command runs as it stands there, in a folder that has what it names."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from cli.shell import with_convcost
from needs import with_needs

from convcost.cli.main import run
from convcost.cli.topics import TOPICS

#: Each command of the topic, without what is said of it.
COMMANDS = [
    re.split(r"\s+# ", line.strip())[0]
    for line in TOPICS["recipes"].text.splitlines()
    if line.startswith("  ") and line.strip()[0] != "#"
]

NET = "input 3 @32\nstandard 16 k3 s2\nrelu\nstandard 16 k3\nglobal-average-pool\nflatten\nlinear 10 bias\n"
BUDGET = '[budget]\n"net.txt" = { macs = "1M", growth = "+2%" }\n'
PAPER = r"\documentclass{article}\usepackage{booktabs}\begin{document}\tiny\input{table}\end{document}"
MODULE = """\
import torch


class Net(torch.nn.Sequential):
    def __init__(self):
        super().__init__(torch.nn.Conv2d(3, 8, 3))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a network in two revisions, its ONNX file, a budget, a paper and a module."""
    place = tmp_path_factory.mktemp("recipes")
    files = {"net.txt": NET, "convcost.toml": BUDGET, "paper.tex": PAPER, "my_net.py": MODULE}
    for name, text in files.items():
        (place / name).write_text(text)
    for words in ("init -q", "add .", "-c user.name=a -c user.email=a@b commit -qm a"):
        subprocess.run(["git", *words.split()], cwd=place, check=True)
    subprocess.run(
        ["git", *shlex.split("-c user.name=a -c user.email=a@b commit -q --allow-empty -m b")], cwd=place, check=True
    )
    if find_spec("onnx"):
        assert run(["export", "--network", str(place / "net.txt"), "-o", str(place / "net.onnx")]) == 0
    return place


def test_there_are_ten_jobs() -> None:
    """Of at most three commands each, none of which is a pipeline."""
    assert len(COMMANDS) == 15
    assert all(command.split()[0] in ("convcost", "pdflatex", "python3") for command in COMMANDS)


@pytest.mark.parametrize("command", [pytest.param(command, marks=with_needs(command)) for command in COMMANDS])
def test_a_recipe_runs(command: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In order: what one writes the next one reads."""
    monkeypatch.chdir(folder)
    words = shlex.split(command)
    if words[0] == "convcost":
        assert run(words[1:]) == 0
        return
    words = [sys.executable if word == "python3" else word for word in words]
    env = {**with_convcost(folder), "PYTHONPATH": str(Path(sys.modules["convcost"].__file__ or "").parents[1])}
    assert subprocess.run(words, env=env, capture_output=True, check=False, stdin=subprocess.DEVNULL).returncode == 0
