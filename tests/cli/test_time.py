"""`convcost time` and `convcost device`: what is printed, what is refused, and with which code they end."""

from __future__ import annotations

import builtins
import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from schema import VALID

from convcost import api
from convcost.answers.check import Check
from convcost.cli.main import run
from convcost.timing import answer, calibrate, engines, oracle
from convcost.timing.calibrate import Profile, keep_profile, kept_profile, raised
from convcost.timing.clock import Rounds

#: A layer whose variants run in microseconds, and how long they may.
LAYER = ["time", "8:16", "@9x7", "k3", "--max-seconds", "0"]

TINY = (
    "input 3 @16x12\nstandard 8 k3 norm relu\nstandard 8 k3\nadd from in in\nglobal-average-pool\nflatten\nlinear 4\n"
)


@pytest.fixture(autouse=True)
def _calibrated(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nobody waits for it, nothing is kept from other tests; and no run beats this machine."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(
        calibrate, "calibrate",
        lambda engine, _: Profile(calibrate.profile_key(engine), 1e15, 1e15, "2026-01-01"),
    )  # fmt: skip


def told(capsys: pytest.CaptureFixture[str], words: list[str], code: int = 0) -> Any:
    """The answer in JSON, which follows the schema."""
    assert run([*words, "--format", "json"]) == code
    document = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert [error.message for error in VALID.iter_errors(document)] == []
    return document


@pytest.mark.parametrize("engine", [pytest.param("onnxruntime", marks=pytest.mark.needs("onnxruntime")), "numpy"])
def test_every_variant_is_timed_beside_its_bound(engine: str, capsys: pytest.CaptureFixture[str]) -> None:
    """With its ratio to the standard one, but a building block; its output compared where the engine is another."""
    found = told(capsys, [*LAYER, "--engine", engine])
    rows = {row["name"]: row for row in found["timed"]}
    assert found["engine"]["name"] == engine
    assert (found["engine"]["threads"], found["clock"], found["base"]) == (1, "thread", "standard")
    assert {"standard", "depthwise-separable", "grouped", "inverted-residual"} <= rows.keys()
    for row in rows.values():
        assert row["measured_seconds"] > row["bound_seconds"] >= 0
        assert (row["ratio"] is None) == (row["role"] == "building-block")
        assert (row["values"] is None) == (engine == "numpy")
    assert rows["standard"]["ratio_quartiles"] == [1.0, 1.0]
    if engine == "onnxruntime":
        assert all([row["values"]["ok"] and row["values"]["difference"] < 1e-5 for row in rows.values()])


@pytest.mark.needs("onnxruntime")
def test_an_engine_that_computes_something_else_has_no_time(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """That row alone; both are told, and the code is 1."""
    judge = oracle.judge_values

    def judged(engine: Any, case: Any, run: Any) -> Check:
        found = judge(engine, case, run)
        return found._replace(measured=0.5, ok=False) if case.written.name == "grouped" else found

    monkeypatch.setattr(oracle, "judge_values", judged)
    assert run([*LAYER, "--variants", "standard,grouped", "--format", "json"]) == 1
    out, err = capsys.readouterr()
    standard, grouped = json.loads(out)["timed"]
    assert (standard["measured_seconds"] is None, grouped["measured_seconds"]) == (False, None)
    assert grouped["values"] == {"difference": 0.5, "ok": False}
    assert "mismatch: grouped: differs by 0.5" in err


def test_bounds_on_a_device_measure_nothing_and_have_no_ratio(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of any type of numbers that it has; no engine is opened."""
    monkeypatch.setattr(engines, "open_engine", lambda *_: pytest.fail("an engine was opened"))
    found = told(capsys, ["time", "64:128", "@56", "k3", "int8", "--device", "nvidia-t4"])
    assert (found["engine"], found["clock"], found["device"]["status"]) == (None, None, "third-party")
    assert all([row["bound_seconds"] > 0 and row["measured_seconds"] is None for row in found["timed"]])
    assert all([row["ratio"] is row["times_bound"] is None for row in found["timed"]])
    missing = told(capsys, ["time", "64:128", "@56", "k3", "--device", "coral-edge-tpu"])
    assert {row["bound_seconds"] for row in missing["timed"]} == {None}


def test_a_published_time_and_a_bound_are_not_taken_for_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    """The answer for a network on a device has a bound, and calls it one."""
    assert run(["time", "--network", "mobilenet-v2", "fp16", "n256", "--device", "nvidia-rtx-4090"]) == 0
    out = capsys.readouterr().out
    assert "bound: no run is faster, on nvidia-rtx-4090 (third-party" in out
    assert "measured" not in out
    assert "published" not in out


@pytest.mark.needs("onnxruntime")
def test_a_network_is_timed_fused_and_unfused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its values compared both times; layer by layer with what is done in passing, distinct ones once."""
    path = tmp_path / "tiny.txt"
    path.write_text(TINY)
    found = told(capsys, ["time", "--network", str(path), "--max-seconds", "0"])
    assert [row["name"] for row in found["timed"]] == ["fused", "unfused"]
    assert all([row["values"]["ok"] for row in found["timed"]])
    layers = told(capsys, ["time", "--network", str(path), "--per-layer", "--max-seconds", "0"])["timed"]
    assert [(row["name"], row["often"]) for row in layers][:2] == [("standard1", 1), ("standard2", 1)]
    assert {row["role"] for row in layers} == {"layer"}


@pytest.mark.needs("onnxruntime")
def test_a_file_is_timed_as_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With its own weights, which our executor does not have: so nothing is compared, and that is said."""
    path = str(tmp_path / "block.onnx")
    assert run(["export", "8:16", "@9x7", "k3", "--variant", "mbconv", "-o", path]) == 0
    found = told(capsys, ["time", path, "--max-seconds", "0"])
    assert [(row["name"], row["values"]) for row in found["timed"]] == [("fused", None), ("unfused", None)]
    assert all([row["measured_seconds"] > 0 for row in found["timed"]])
    assert run(["time", path, "--max-seconds", "0"]) == 0
    assert "values not compared: the weights are the file's own" in capsys.readouterr().out
    rows = api.time(network=path, max_seconds=0).rows  # the same from Python
    assert [row.unchecked for row in rows] == ["the weights are the file's own"] * 2


@pytest.mark.parametrize("format", ["table", "csv", "markdown", "latex", "ndjson"])
def test_every_format_has_every_row(format: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*LAYER, "--engine", "numpy", "--variants", "standard,grouped", "--format", format]) == 0
    out = capsys.readouterr().out
    assert "standard" in out
    assert "grouped" in out
    if format == "csv":
        rows = list(csv.DictReader(io.StringIO(out)))
        assert [row["relative.macs"] for row in rows] == ["1.0", "0.125"]
        assert all([float(row["measured_seconds"]) > 0 and row["engine"].startswith("numpy") for row in rows])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("8:16 @9 k3 fp16", "fp16 is not timed"),
        ("8:16 @9 k3 int8", "a quantised graph has not been measured yet"),
        ("--network lenet-5 bf16", "bf16 is not timed"),
        ("8:16 @9 k3 --predict --device nvidia-t4", "--predict is for this machine"),
        ("8:16 @9 k3 --per-layer", "--per-layer is of a network"),
        ("--network lenet-5 --variants grouped", "--variants are of a layer"),
        ("8:16 @9 k3 --device zx81", "unknown device 'zx81'"),
        ("8:16 @9 k3 --device missing.toml", "cannot be read"),
        ("- --max-seconds 0", "time takes one layer"),
        ("", "nothing to time"),
    ],
)
def test_what_is_not_timed_is_refused_in_words(words: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever the engine."""
    assert run(["time", *words.split(), *([] if "--device" in words else ["--engine", "numpy"])]) == 2
    assert said in capsys.readouterr().err


def test_a_network_without_an_operation_that_is_timed_alone_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What only renames numbers takes no time."""
    path = tmp_path / "flat.txt"
    path.write_text("input 3 @8\nflatten\n")
    assert run(["time", "--network", str(path), "--per-layer", "--engine", "numpy"]) == 2
    assert "has no operation that is timed alone" in " ".join(capsys.readouterr().err.split())  # folded or not


@pytest.mark.needs("onnxruntime")
def test_a_row_that_the_engine_refuses_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    """The others are timed."""
    words = ["time", "4:4", "@5", "k3", "t", "s1", "d2", "op1", "--variants", "standard", "--max-seconds", "0"]
    row = told(capsys, words)["timed"][0]
    assert row["reason"] == "onnxruntime takes no output padding as large as the stride"
    assert row["measured_seconds"] is None


def test_without_the_engine_the_answer_is_the_line_that_installs_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what does without; compare measures in our own executor then, and says so."""
    monkeypatch.setattr(engines, "import_module", _missing)
    assert run(LAYER) == 2
    err = capsys.readouterr().err
    assert "onnxruntime is not installed" in err
    assert "pip install 'convcost[time]'; time has --engine numpy" in err
    words = ["compare", "4:4", "@5", "k3", "--measure", "--variants", "standard", "--no-verify", "--format", "json"]
    assert run(words) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["rows"][0]["measured"]["engine"].startswith("numpy")
    assert "timed in NumPy" in err


def _missing(name: str) -> Any:
    raise builtins.ImportError(name)


def test_an_interruption_prints_what_is_measured(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And ends as one."""
    block, count = Rounds._block, 0

    def interrupted(self: Rounds, name: str) -> None:
        nonlocal count
        count += 1
        if count == 4:
            raise KeyboardInterrupt
        block(self, name)

    monkeypatch.setattr(Rounds, "_block", interrupted)
    words = ["time", "8:16", "@9", "k3", "--engine", "numpy", "--variants", "standard,grouped"]
    found = told(capsys, words, code=130)
    assert found["interrupted"]
    assert [row["rounds"] for row in found["timed"]] == [1, 2]  # the second round goes backwards


def test_a_row_that_beats_its_bound_is_told_and_raises_the_profile(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """For the next run: the figures of this one are frozen."""
    slow = {"macs_per_second": 1e3, "bytes_per_second": 1e3}
    monkeypatch.setattr(
        calibrate, "calibrate",
        lambda engine, _: Profile(calibrate.profile_key(engine), **slow, measured="2026-01-01"),
    )  # fmt: skip
    kept: list[Profile] = []
    monkeypatch.setattr(answer, "keep_profile", kept.append)
    monkeypatch.setattr(calibrate, "kept_profile", lambda _: None)
    monkeypatch.setattr(calibrate, "keep_profile", lambda _: None)
    assert run([*LAYER, "--engine", "numpy", "--variants", "standard"]) == 0
    assert "faster than its bound: standard" in capsys.readouterr().out
    assert kept[0].macs_per_second > 1e3


def test_profiles_are_kept_by_engine_version_threads_and_processor(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """One of another key is not taken, nor one that cannot be read."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    profile = Profile({"engine": "a", "version": "1", "threads": 1, "cpu": "b"}, 1e9, 2e9, "2026-01-01")
    keep_profile(profile)
    assert kept_profile(profile.key) == profile
    for field, other in (("engine", "c"), ("version", "2"), ("threads", 2), ("cpu", "d")):
        assert kept_profile({**profile.key, field: other}) is None
    for path in (tmp_path / "convcost").iterdir():
        path.write_text("{")
    assert kept_profile(profile.key) is None
    assert raised(profile, [(1.0, 2.0)]) is None
    higher = raised(profile, [(1.0, 0.5), (1.0, 0.8)])
    assert higher is not None
    assert (higher.macs_per_second, higher.bytes_per_second) == (2e9, 4e9)


def test_devices_are_listed_with_status_and_source(capsys: pytest.CaptureFixture[str]) -> None:
    """All of them, one, and this machine."""
    every = told(capsys, ["device", "--list"])["devices"]
    assert len(every) == 15
    assert all([entry["source"] and entry["status"] for entry in every])
    one = told(capsys, ["device", "nvidia-t4"])["devices"]
    assert one == [entry for entry in every if entry["name"] == "nvidia-t4"]
    here = told(capsys, ["device", "--engine", "numpy"])["devices"]
    assert (here[0]["status"], here[0]["peak"], here[0]["bandwidth"]) == ("measured", {"fp32": 1e15}, 1e15)
    assert run(["device", "--list"]) == 0
    assert "vendor" in capsys.readouterr().out
    assert run(["device", "nvidia-t4", "--calibrate"]) == 2
