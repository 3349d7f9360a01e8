"""A new variant is one new file, and everything else finds it there."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import convcost

OURS = """
from ..graph.ops import Graph
from ..spec.layer import LayerSpec
from .registry import REPLACEMENT, Settings, variant
from .start import close, pointwise, spatial, start


@variant("sandwich", REPLACEMENT, "1x1, kxk, 1x1 of the same width")
def sandwich(spec: LayerSpec) -> tuple[Graph, Settings]:
    b = start(spec)
    pointwise(b, spec, "first", spec.in_channels)
    spatial(b, spec, "middle", spec.in_channels, 1)
    pointwise(b, spec, "last", spec.out_channels)
    settings = close(b, spec, {})
    return b.graph(), settings
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package with that file in it."""
    folder = tmp_path_factory.mktemp("with_ours")
    shutil.copytree(Path(convcost.__file__).parent, folder / "convcost")
    (folder / "convcost" / "variants" / "ours.py").write_text(OURS, "utf-8")
    return folder


def told(place: Path, *words: str) -> str:
    command = [sys.executable, "-m", "convcost", *words]
    return subprocess.run(command, cwd=place, check=True, capture_output=True, text=True, encoding="utf-8").stdout


def told_in_json(place: Path, *words: str) -> Any:
    return json.loads(told(place, *words, "--format", "json"))


def test_it_has_a_row_that_is_verified(place: Path) -> None:
    """With the other replacements, after them; and so has the list."""
    rows = told_in_json(place, "compare", "8:16", "@9x7", "k3")["rows"]
    (row,) = [row for row in rows if row["variant"] == "sandwich"]
    assert (row["role"], row["verified"]["status"]) == ("replacement", "verified")
    assert [op["name"] for op in row["ops"]] == ["first", "middle", "last"]
    assert "sandwich" in told(place, "variants")


@pytest.mark.parametrize("words", [["--residual"], ["--activation", "relu"], ["--norm"]])
def test_all_its_checks_hold(place: Path, words: list[str]) -> None:
    """What it computes is read off its graph."""
    (row,) = told_in_json(place, "verify", "8:16", "@9x7", "k3", "--variants", "sandwich", *words)["evidence"]
    unproven = [check["name"] for check in row["checks"] if not check["ok"]]
    assert unproven == ["stages"]  # which nobody has stated elsewhere
    assert row["equivalence"]["constraint"] == "as its graph is drawn"


def test_it_is_explained_swapped_and_completed(place: Path) -> None:
    """Formulas from its graph; what nobody has written is left out."""
    page = told(place, "explain", "sandwich", "--full")
    assert "1x1, kxk, 1x1 of the same width." in page
    assert "9·Cin²" in page
    assert "What it gives up" not in page
    assert told_in_json(place, "swap", "squeezenet1.1", "--to", "sandwich", "--no-verify")["replaced"]
    assert "sandwich" in told(place, "completion", "bash")
