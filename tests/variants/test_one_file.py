"""A new variant is one new file, and everything else finds it there."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cli.bounded import Runner

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

#: A ghost module (Han et al. 2020, figure 1b): half of the channels by a convolution, the others by a cheap depthwise
#: of these; and one that splits, shuffles, scales and gates.
BRANCHED = """
from ..graph.ops import Activation, AdaptivePool, Concat, Graph, Linear, LayerNorm, Multiply, Scale, Shuffle, Split
from ..spec.layer import LayerSpec
from .registry import REPLACEMENT, DoesNotApply, Settings, variant
from .start import close, spatial, start


@variant("ghost", REPLACEMENT, "half the channels, and as many again by a depthwise of these")
def ghost(spec: LayerSpec) -> tuple[Graph, Settings]:
    if spec.out_channels % 2:
        raise DoesNotApply("an odd number of outputs has no half")
    b, half = start(spec), spec.out_channels // 2
    spatial(b, spec, "primary", half, 1)
    b.activate()
    primary = b.last
    b.conv("cheap", half, (3,) * spec.axes, padding=((1, 1),) * spec.axes, groups=half)
    b.activate()
    b.add("concat", Concat(), primary, b.last)
    settings = close(b, spec, {})
    return b.graph(), settings


@variant("mixed", REPLACEMENT, "every kind of operation")
def mixed(spec: LayerSpec) -> tuple[Graph, Settings]:
    b, half = start(spec), spec.out_channels // 2
    spatial(b, spec, "conv", 2 * half, 1)
    b.activate()
    whole = b.last
    b.add("left", Split(0, half), whole)
    left = b.add("scale", Scale(half), b.last)
    b.add("right", Split(half, 2 * half), whole)
    right = b.add("norm", LayerNorm(half), b.last)
    b.add("join", Concat(), left, right)
    joined = b.add("shuffle", Shuffle(2), b.last)
    b.add("squeeze", AdaptivePool("avg", (1,) * spec.axes), joined)
    b.add("linear", Linear(2 * half, 2 * half, True), b.last)
    b.add("sigmoid", Activation("sigmoid"), b.last)
    b.add("gate", Multiply(), joined, b.last)
    settings = close(b, spec, {})
    return b.graph(), settings
"""


@cache
def runner_of(place: Path) -> Runner:
    """Commands of the copy, each in a copy of one process, which has executed another layer."""
    return Runner(
        root=place, before=["verify 4 @5x4 k3 --variants standard --format json", "swap lenet-5 --to standard"]
    )


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A copy of the package with these files in it."""
    folder = tmp_path_factory.mktemp("with_ours")
    shutil.copytree(Path(convcost.__file__).parent, folder / "convcost")
    for name, text in (("ours", OURS), ("branched", BRANCHED)):
        (folder / "convcost" / "variants" / f"{name}.py").write_text(text, "utf-8")
    yield folder
    runner_of(folder).close()


def told(place: Path, *words: str) -> str:
    done = runner_of(place)([*words], folder=place)
    assert done.code == 0, done.err
    return done.out


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


@pytest.mark.parametrize("words", [["--residual", "--norm"], ["--activation", "relu"]])
def test_variants_with_branches_pass_every_check(place: Path, words: list[str]) -> None:
    """Compared, verified, timed: what they consist of is executed on ones, on values and in int64."""
    layer = ("8:16", "@12x10", "k3", "--variants", "ghost,mixed", *words)
    rows = told_in_json(place, "compare", *layer, "--measure")["rows"]
    found = [(row["variant"], row["verified"]["status"], row["measured"]["seconds"] > 0) for row in rows]
    assert found == [("ghost", "verified", True), ("mixed", "verified", True)]
    evidence = told_in_json(place, "verify", *layer)["evidence"]
    unproven = {row["variant"]: [check["name"] for check in row["checks"] if not check["ok"]] for row in evidence}
    assert unproven == {"ghost": [], "mixed": ["stages", "equivalence"]}  # the package states the stages of a ghost


def test_a_ghost_module_is_one_dense_convolution_whose_kernel_is_composed(place: Path) -> None:
    """Along its edges, as it is no chain; of an operation that is not linear it is said that there is none."""
    layer = ("8:16", "@12x10", "k3", "--variants")
    ghost, mixed = told_in_json(place, "verify", *layer, "ghost,mixed")["evidence"]
    assert (ghost["equivalence"]["taps"], ghost["equivalence"]["same"]) == ([5, 5], True)
    assert mixed.get("equivalence") is None
    assert "no chain is a convolution" in told(place, "verify", *layer, "mixed", "--all")


def test_variants_with_branches_are_explained_swapped_and_completed(place: Path) -> None:
    """Like any other."""
    assert "concat" in told(place, "explain", "ghost")
    assert told(place, "explain", "mixed")
    assert told_in_json(place, "swap", "squeezenet1.1", "--to", "ghost", "--no-verify")["replaced"]
    completed = told(place, "completion", "bash")
    assert [name for name in ("ghost", "mixed") if name not in completed] == []
