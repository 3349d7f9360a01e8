"""`convcost separate` as somebody types it: tables, JSON by its schema, CSV, a curve, and bad input."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from jsonschema import Draft202012Validator
from tables import each
from trained.small_models import conv, node, random_weights, saved

import convcost
from convcost.cli import separate
from convcost.cli.main import run
from convcost.report.documents import schema_text
from convcost.report.model import Table
from convcost.report.pictures import chart_of
from convcost.spec import SpecError
from convcost.trained import verify

SCHEMA = json.loads(schema_text())
VALID = Draft202012Validator({**SCHEMA, "anyOf": [{"$ref": "#/$defs/separation"}]})


@pytest.fixture
def kernel(tmp_path: Path) -> str:
    np.save(tmp_path / "kernel.npy", random_weights(8, 6, 3, 3))
    return str(tmp_path / "kernel.npy")


@pytest.fixture
def model(tmp_path: Path) -> str:
    arrays = {
        "w1": random_weights(8, 3, 3, 3),
        "w2": random_weights(6, 8, 3, 3, seed=1),
        "w3": np.ones((2, 6, 1, 1), "i1"),
    }
    arrays["w1"][2] = 0
    nodes = [
        conv("x", "w1", "a"), node("Relu", ["a"], "b"), conv("b", "w2", "y"),
        node("Softmax", ["w2"], "s"), conv("b", "s", "z"),
    ]  # fmt: skip
    return saved(tmp_path / "model.onnx", nodes, arrays, (1, 3, 14, 12), ("y", "z"))


def ran(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = run(["separate", *words])
    return (code, *capsys.readouterr())


def document(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    code, out, err = ran(capsys, *words, "--format", "json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert [error.message for error in VALID.iter_errors(found)] == []
    return found


def test_a_built_in_filter_is_explained_in_one_table(capsys: pytest.CaptureFixture[str]) -> None:
    """The rank-1 product, what is dead, the noise beside the error, and that it was executed."""
    code, out, err = ran(capsys, "sobel")
    assert (code, err) == (0, "")
    for part in ("rank 1 = [1 2 1]ᵀ·[1 0 -1]", "0.667×", "3 taps", "It is no accuracy", "✓ executed in this run"):
        assert part in out.replace("\n   ", " ")


@pytest.mark.parametrize("words", [(), ("--curve",), ("--macs", "0.5"), ("--error", "30%"), ("--no-verify",)])
def test_json_follows_the_schema_of_every_question(
    words: tuple[str, ...], kernel: str, model: str, capsys: Any
) -> None:
    """Of one kernel and, but for a curve, of a model."""
    found = document(capsys, kernel, "@9x8", *words)
    assert found["layers"][0]["spec"]["input_size"] == [9, 8]
    if words != ("--curve",):
        assert len(document(capsys, model, *words)["layers"]) == 3


def test_a_model_has_a_line_a_layer_and_what_is_dead(model: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A refused layer says why; what can be taken out was executed with and without it."""
    code, out, _ = ran(capsys, model)
    assert code == 0
    assert "does not apply: its weights are no constants: Softmax computes them" in " ".join(out.split())
    found = document(capsys, model)
    assert found["layers"][0]["dead"] == {"out": 1, "in": 0, "taps": 0, "on_padding": 0}
    assert {one["verified"]["status"] for one in found["dead"]["layers"]} <= {"verified"}
    assert found["dead"]["upper_bound"]["params"] >= found["dead"]["removable"]["params"]


def test_none_is_cheaper_is_an_answer(kernel: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Of noise, within 1 %."""
    code, out, _ = ran(capsys, kernel, "@9", "--error", "1%")
    assert code == 0
    assert "none is cheaper within 1 %" in out
    assert "stays" in out


def test_a_budget_gives_specs_to_go_on_with(model: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each row's spec, given to compare, has the row's multiply-adds."""
    found = document(capsys, model, "--macs", "0.9")
    rows = [row for layer in found["layers"] for row in layer["families"] if row["share"]]
    assert rows
    assert found["macs_after"] <= 0.9 * found["macs"]
    for row in rows:
        again = convcost.compare(row["spec"], variants=[row["variant"]], verify=False).rows[0].words
        assert again is not None
        assert (again["macs"], again["params"]) == (row["macs"], row["params"])


def test_csv_has_a_line_a_row_and_markdown_a_table(model: str, capsys: pytest.CaptureFixture[str]) -> None:
    lines = list(csv.DictReader(io.StringIO(ran(capsys, model, "--format", "csv")[1])))
    assert {line["layer"] for line in lines} == {"Conv.a", "Conv.y", "Conv.z"}
    assert all(line["variant"] or line["reason"] for line in lines)
    dead = [tuple([line[name] for name in ("layer", "dead.out", "dead.in", "dead.taps")]) for line in lines]
    assert set(dead) == {("Conv.a", "1", "0", "0"), ("Conv.y", "0", "1", "0"), ("Conv.z", "", "", "")}
    assert ran(capsys, model, "--format", "markdown")[1].count("| Conv.") == 3


def test_a_curve_has_every_rank_and_is_drawn(kernel: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A line a family, a point a rank: the share of the layer's multiply-adds, and the error; the best are executed."""
    found = document(capsys, kernel, "@9", "--curve")
    ranks = [row["rank"] for row in found["layers"][0]["families"] if row["variant"] == "low-rank"]
    assert ranks == list(range(1, 9))
    assert "verified" in {row["verified"]["status"] for row in found["layers"][0]["families"]}
    (panel,) = chart_of(found, Table("", (), "", (), (), (), ())).panels
    curve = next(curve for curve in panel.curves if curve.name == "low-rank")
    rows = [row for row in found["layers"][0]["families"] if row["variant"] == "low-rank"]
    drawn = [(row["macs"] / found["layers"][0]["macs"], round(row["error"], 6)) for row in rows]
    assert list(zip(curve.x, curve.y)) == [(x, y) for x, y in drawn if x <= 1]
    assert "weight error, by multiply-adds" in ran(capsys, kernel, "@9", "--curve", "--plot")[1]


def test_a_mismatch_is_said_and_exits_1(kernel: str, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify, "distance", lambda *_: float("nan"))
    code, out, _ = ran(capsys, kernel, "@9")
    assert code == 1
    assert "came out differently" in " ".join(out.split())


@pytest.mark.parametrize(("words", "says"), [
    (("nothing.bin",), "is no file of trained weights"),
    (("nothing.npy",), "there is no such file"),
    (("nothing.onnx",), "cannot be read"),
    (("sobel", "--macs", "2"), "2 is no share of the MACs"),
    (("sobel", "--macs", "x"), "'x' is no number"),
    (("sobel", "--error", "10"), "did you mean 10%?"),
    (("sobel", "--error", "nan"), "'nan' is no number"),
    (("sobel", "--error", "1"), "did you mean 1%?"),
    (("sobel", "--error", "99"), "did you mean 99%?"),
    (("sobel", "--error", "100"), "give less than 100%: 10%"),
    (("sobel", "--error", "100%"), "give less than 100%: 10%"),
    (("sobel", "--error=-0.1",), "give less than 100%: 10%"),
    (("sobel", "--macs", "0"), "give more than 0 and at most 1: 0.75"),
    (("sobel", "--macs", "101%"), "101% is no share of the MACs"),
    (("sobel", "--macs", "1/0"), "'1/0' is no number"),
    (("sobel", "--macs", "inf"), "'inf' is no number"),
    (("sobel", "--macs", "0.5", "--error", "10%"), "two questions"),
    (("sobel", "--curve", "--macs", "0.5"), "no budget"),
    (("sobel", "@56", "q3"), "unknown token 'q3'"),
    (("sobel", "--layer", "conv"), "has no array 'conv'"),
])  # fmt: skip
def test_bad_input_is_named_with_its_remedy(words: tuple[str, ...], says: str, capsys: Any) -> None:
    """Exit code 2, and nothing on stdout."""
    code, out, err = ran(capsys, *words)
    assert (code, out) == (2, "")
    assert err.startswith("error: ")
    assert says in err


def test_python_has_the_same_answer_and_shows_its_table() -> None:
    """Of an array, with data for it."""
    weights = random_weights(6, 4, 3, 3)
    found = convcost.separate(weights, "@9x8", error=0.9, input=random_weights(1, 4, 9, 8, seed=2))
    row = found.layers[0].chosen
    assert row is not None
    assert row.output_error is not None
    assert "weight" in str(found)
    with pytest.raises(ValueError, match="is no file of trained weights"):
        convcost.separate("resnet50")


@pytest.mark.parametrize(("layer", "says"), [
    ("8:8 @1 k3", "8 of 9 taps only ever meet padding at this size: a 1x1 computes the same"),
    ("8:8 @1x9 k3", "6 of 9 taps only ever meet padding at this size: a 1x3 computes the same"),
    ("8:8 @9 k3", ""),
])  # fmt: skip
def test_compare_says_which_taps_never_meet_data(layer: str, says: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Without any weights; where all of them do, it says nothing of it."""
    assert run(["compare", *layer.split(), "--variants", "standard", "--no-verify"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert says in out
    assert ("padding" in out) is bool(says)


def test_a_budget_says_how_many_layers_stay(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One kernel of rank 1 is cheaper without an error, noise is not; nothing is as cheap as a thousandth."""
    arrays = {"w1": np.ones((8, 3, 3, 3), "f4"), "w2": random_weights(8, 8, 3, 3)}
    nodes = [conv("x", "w1", "a"), node("Relu", ["a"], "b"), conv("b", "w2", "y")]
    path = saved(tmp_path / "m.onnx", nodes, arrays, (1, 3, 14, 12))
    for words, said in (
        (("--error", "1%"), "none is cheaper within 1 %: 1 of 2 layers stay"),
        (("--error", "1%"), "each layer by itself: errors of layers do not add up"),
        (("--macs", "0.001"), "no ranks are that cheap"),
        (("--macs", "0.7"), "ranks are allocated: the least sum of squared weight errors"),
    ):
        out = " ".join(ran(capsys, path, *words)[1].split())
        assert said in out, (words, out)
    assert "1 of 2" not in ran(capsys, path, "--error", "99%")[1]


@each(
    ("text", "share"),
    [("", None), ("1", 1.0), ("100%", 1.0), ("75%", 0.75), ("3/4", 0.75), ("0.001", 0.001), ("0", "no share"),
     ("1.001", "no share"), ("-1", "no share"), ("3/0", "no number"), ("a", "no number"), ("inf", "no number"),
     ("-inf", "no number"), ("nan", "no number")],
)  # fmt: skip
def test_a_share_is_more_than_nothing_and_at_most_all(text: str, share: float | str | None) -> None:
    if isinstance(share, str):
        with pytest.raises(SpecError, match=share):
            separate._share(text)
    else:
        assert separate._share(text) == share


@each(
    ("text", "error"),
    [("", None), ("0", 0.0), ("10%", 0.1), ("0.999", 0.999), ("1", "did you mean 1%"), ("5", "did you mean 5%"),
     ("99", "did you mean 99%"), ("100", "give less"), ("100%", "give less"), ("-0.1", "give less")],
)  # fmt: skip
def test_an_error_is_less_than_all(text: str, error: float | str | None) -> None:
    """A number from 1 to 100 may have been meant in per cent."""
    if isinstance(error, str):
        with pytest.raises(SpecError) as found:
            separate._percent(text)
        assert error in (found.value.hint or "")
    else:
        assert separate._percent(text) == error
