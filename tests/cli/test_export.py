"""`convcost export`: the file has the words of the answer, and what cannot be written is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from convcost.analysis.analyze import WORDS
from convcost.cli.main import run


def told(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    assert run([*words, "--no-verify", "--format", "json"]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize(
    ("spec", "variant", "modifiers"),
    [
        ("64:128 @56 k3", "depthwise-separable", ["--norm", "--activation", "relu6"]),
        ("16 @9x12 k3x5 s2 mode=circular fp16", "residual-bottleneck", ["--activation", "silu"]),
        ("8:8 @20 1d k3 t s2 op1 bias", "as-given", []),
    ],
)
def test_the_network_in_a_file_has_the_words_of_the_variant(
    spec: str, variant: str, modifiers: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """All of them, mixes and receptive field included."""
    pytest.importorskip("onnx", reason="reading ONNX files needs the onnx extra")
    path = str(tmp_path / "block.onnx")
    assert run(["export", *spec.split(), "--variant", variant, *modifiers, "-o", path]) == 0
    row = told(capsys, "compare", *spec.split(), "--variants", variant, *modifiers)["rows"][0]
    total = told(capsys, "network", path)["total"]
    known = [word for word in WORDS if word in row]
    assert {word: total[word] for word in known} == {word: row[word] for word in known}


def test_the_same_seed_writes_the_same_file(tmp_path: Path) -> None:
    """Whether it is said or not; another seed, ones and a network write others."""
    asked = [[], ["--seed", "0"], ["--seed", "1"], ["--weights", "ones"]]
    files = [tmp_path / f"{number}.onnx" for number in range(len(asked))]
    for options, path in zip(asked, files):
        assert run(["export", "4:8", "@6", "k3", *options, "-o", str(path)]) == 0
    first, again, *others = [path.read_bytes() for path in files]
    assert first == again
    assert len({first, *others}) == 3


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("8:16 @9 k3 int8", "int8 cannot be exported"),
        ("8:16 @9 k3 --weights other", "unknown weights 'other'"),
        ("8:16 @9 k3 --weights missing.npz", "cannot be read"),
        ("8:16 @9 k3 --variant all", "one file holds one variant"),
        ("8:16 @9 k3 --variant tcn", "does not apply"),
        ("8:16 @9 k3 --variant nothing", "unknown variant"),
        ("--network lenet-5 --variant grouped", "--variant is of a layer"),
        ("", "nothing to export"),
    ],
)
def test_what_cannot_be_written_is_bad_input(words: str, said: str, tmp_path: Path, capfd: Any) -> None:
    """Said before there is a file."""
    path = tmp_path / "a.onnx"
    assert run(["export", *words.split(), "-o", str(path)]) == 2
    assert said in capfd.readouterr().err
    assert not path.exists()
