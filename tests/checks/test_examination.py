"""The whole evidence: every check of every row, generated layers, broken rules, and what would not fit."""

from __future__ import annotations

import json
import re
import sys
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from convcost.checks import examination
from convcost.checks import limits as safety
from convcost.checks import verifier as verification
from convcost.checks.examination import examine, examine_all
from convcost.checks.limits import NotEnoughMemory
from convcost.checks.random_specs import random_specs
from convcost.checks.verifier import WORDS
from convcost.cli.main import run
from convcost.execute.ones import fields
from convcost.report.columns import word_name
from convcost.report.documents import schema_text
from convcost.spec import parse_spec

CHECKS = (
    *WORDS, "count map", "scalar count", "products issued", "values", "memory", "receptive_field", "mixes", "stages",
    "equivalence",
)  # fmt: skip


def answered(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, Any]:
    """Exit code and JSON, which follows the schema."""
    code = run([*words, "--format", "json"])
    document = json.loads(capsys.readouterr().out)
    Draft202012Validator(json.loads(schema_text())).validate(document)
    return code, document


def test_every_variant_passes_every_check() -> None:
    """Of a layer with everything: norm, bias, shortcut, sides that differ."""
    for spec in ("8:16 @14x11 k3", "8:8 @9x7 k3x2 s2x1 bias p1x0", "8 @9 k3 g2 n2 fp16", "6:4 @7x5 k3 s2 t op1"):
        for row in examine_all(parse_spec(spec)._replace(norm=True, residual=True), None):
            assert row.ok, (spec, row.variant, [pair for pair in row.checks.items() if pair[1].ok is False])
            assert row.reason or tuple(row.checks) == CHECKS


def test_generated_layers_hold_and_are_the_same_for_the_same_seed() -> None:
    """Of every kind; what is generated exists."""
    specs = list(random_specs(12, 3))
    assert specs == list(random_specs(12, 3)) != list(random_specs(12, 4))
    assert all(row.ok for spec in specs for row in examine_all(spec, None))
    kinds = list(random_specs(150, 1))
    assert {spec.axes for spec in kinds} == {1, 2, 3}
    assert {spec.transposed for spec in kinds} == {spec.bias for spec in kinds} == {True, False}


def test_verify_answers_in_json_and_exits_0(capsys: pytest.CaptureFixture[str]) -> None:
    """Checks, algorithms, scratch and equivalence of the variant asked for."""
    code, document = answered(capsys, "verify", "8:16", "@14", "k3", "--variants", "depthwise-separable")
    (row,) = document["evidence"]
    assert (code, document["ok"], [check["name"] for check in row["checks"]]) == (0, True, list(CHECKS))
    assert [op["algorithm"] for op in row["ops"]] == ["weighted sum over taps, a channel alone", "GEMM"]
    assert row["equivalence"]["where"] == "everywhere"


def test_verify_random_and_self_test_answer_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    """The first with counts, the second with rules and what caught each."""
    code, document = answered(capsys, "verify", "--random", "3", "--seed", "7")
    assert (code, document["failed"], document["random"]) == (0, [], {"layers": 3, "seed": 7})
    code, document = answered(capsys, "verify", "--self-test")
    assert code == 0
    assert all(rule["caught_by"] and rule["expected"] != rule["measured"] for rule in document["rules"])


@pytest.mark.parametrize("words", [["8:16", "@9", "k3"], ["--random", "2"]])
@pytest.mark.parametrize("format", ["table", "csv", "markdown", "ndjson", "latex"])
def test_every_format_is_written(words: list[str], format: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each says every check, for people by the name that it has in other tables."""
    assert run(["verify", *words, "--format", format, "--all"]) == 0
    out = capsys.readouterr().out
    names = CHECKS[:-1] if format in ("csv", "ndjson") else tuple(map(word_name, CHECKS[:-1]))
    assert all(name in out for name in names)


def test_a_mismatch_exits_1_and_names_the_check(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On standard error, in one line."""
    monkeypatch.setattr(verification, "measured_mixes", lambda _: [])
    assert run(["verify", "8:16", "@9", "k3", "--variants", "standard"]) == 1
    assert "mismatch: standard: mixes: expected ['space', 'channels'], executed []" in capsys.readouterr().err


@pytest.mark.parametrize("words", [[], ["64", "@9", "k3", "--self-test"], ["-"]])
def test_what_to_verify_must_be_said(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Once."""
    assert run(["verify", *words]) == 2
    assert capsys.readouterr().err.startswith("error: ")


def test_what_does_not_fit_into_free_memory_is_refused_before_it_runs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With both sizes and the remedy."""
    monkeypatch.setattr(safety, "free_memory", lambda: 1 << 20)
    with pytest.raises(NotEnoughMemory, match=r"would take about .* MiB and 1 MiB are free"):
        examine("standard", parse_spec("8:16 @512 k3"))
    assert run(["verify", "8:16", "@512", "k3"]) == 2
    assert "--verify-limit" in capsys.readouterr().err


def test_above_the_limit_it_runs_reduced() -> None:
    """And says at which size."""
    found = examine("standard", parse_spec("64:128 @56 k3"), 1000)
    assert found.ok
    assert all(isinstance(f.size, dict) for f in list(found.checks.values())[:9])


def test_interrupted_it_exits_130(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever was running."""
    monkeypatch.setattr(examination, "examine", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
    monkeypatch.setattr("convcost.cli.main._forget_stdout", lambda code: code)
    assert run(["verify", "8:16", "@9", "k3"]) == 130


def test_a_terminal_has_a_progress_bar_that_leaves_nothing_behind(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """On standard error, when it is expected to take long; the cursor comes back however it ends."""
    from convcost.report.terminal import progress

    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)

    def interrupted() -> None:
        with progress(2, 5.0) as step:
            step("standard")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    err = capsys.readouterr().err
    assert "standard" in err
    assert err.count("\x1b[?25l") == err.count("\x1b[?25h")
    with progress(2) as step:
        step("standard")
    assert capsys.readouterr().err == ""


def test_measure_adds_the_run_time_of_each_row(capsys: pytest.CaptureFixture[str]) -> None:
    """Seconds, MACs a second; rows above the limit have none."""
    code, document = answered(capsys, "compare", "8:16", "@9", "k3", "--measure", "--variants", "standard")
    (row,) = document["rows"]
    assert code == 0
    assert row["measured"]["macs_per_second"] == pytest.approx(row["macs"] / row["measured"]["seconds"])
    assert row["measured"]["engine"].endswith("1 thread")
    assert run(["compare", "8:16", "@9", "k3", "--measure", "--verify-limit", "1", "--variants", "standard"]) == 0
    assert "· run time" not in capsys.readouterr().out


#: What each check says it did, of the layer below.
SAID = {
    **dict.fromkeys((*WORDS,), "execution on ones"),
    "count map": "every position; against each axis walked",
    "scalar count": "each multiplication counted as it is met, without NumPy",
    "products issued": "im2col of rows, one GEMM a row of taps",
    "values": "operations in float32, bit-identical to int64; the activation is none of integers",
    "memory": "as float32, by tracemalloc; beside it some bytes of scratch",
    "receptive_field": "by disturbing one input at a time, of the whole and of each operation",
    "mixes": "by disturbing one input at a time, of the whole and of each operation",
    "stages": "",
    "equivalence": "without its activations, one dense 3x3 convolution gives the same output; 216 free parameters for "
    "its 216; none: it is the dense kernel",
}


def test_each_check_says_what_was_done() -> None:
    """By which means, with how much scratch, and beside how many free parameters."""
    found = examine("standard", parse_spec("4:6 @9x7 k3 bias")._replace(activation="sigmoid"))
    assert {name: re.sub(r"[\d,]+ bytes", "some bytes", check.note) for name, check in found.checks.items()} == SAID


def test_what_would_take_too_large_an_input_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside what was expected; the other checks say what was done."""
    monkeypatch.setattr(fields, "MOST_ADDITIONS", 1)
    fields._field.cache_clear()
    found = examine("standard", parse_spec("4:6 @9x7 k3 d3")).checks
    fields._field.cache_clear()
    assert (found["receptive_field"].ok, found["receptive_field"].expected) == (None, (7, 7))
    assert found["receptive_field"].note == "too large an input would be needed"
    assert found["mixes"].note == SAID["mixes"]
