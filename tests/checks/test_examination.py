"""The whole evidence: every check of every row, generated layers, broken rules, and what would not fit."""

from __future__ import annotations

import json
import re
import sys
from typing import Any

import pytest
from schema import VALID
from tables import each

from convcost.answers.check import Check
from convcost.checks import examination
from convcost.checks import limits as safety
from convcost.checks import verifier as verification
from convcost.checks.equivalence import Equivalence
from convcost.checks.examination import PARTS, Subject, examine, examine_all, expected_time, make_subject
from convcost.checks.limits import NotEnoughMemory
from convcost.checks.random_specs import random_specs
from convcost.checks.verifier import WORDS
from convcost.cli.main import run
from convcost.execute.ones import fields
from convcost.graph.ops import Conv, Graph, Linear, Node
from convcost.report.columns import word_name
from convcost.spec import parse_spec

CHECKS = (
    *WORDS, "count map", "scalar count", "products issued", "values", "memory", "receptive_field", "mixes", "stages",
    "equivalence",
)  # fmt: skip


def answered(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, Any]:
    """Exit code and JSON, which follows the schema."""
    code = run([*words, "--format", "json"])
    document = json.loads(capsys.readouterr().out)
    VALID.validate(document)
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


def test_each_part_of_the_work_is_told_before_it_begins() -> None:
    """As many as there are, so that a bar ends full."""
    told: list[str] = []
    examine("standard", parse_spec("4:6 @9x7 k3"), step=told.append)
    assert told == [f"standard: {part}" for part in (
        "execution on values", "equivalence", "execution on ones", "count map", "scalar count", "values",
        "receptive field and mixing", "stages",
    )]  # fmt: skip
    assert len(told) == PARTS


def test_each_check_says_how_long_it_took(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second between two looks at the clock; what one execution shows has its share of that."""
    now = iter(range(1000))
    monkeypatch.setattr(examination, "perf_counter", lambda: next(now))
    found = examine("standard", parse_spec("4:6 @9x7 k3")).checks
    shared = {**dict.fromkeys(WORDS, 1 / len(WORDS)), "receptive_field": 0.5, "mixes": 0.5, "memory": 0.0}
    assert {name: check.seconds for name, check in found.items()} == {**dict.fromkeys(CHECKS, 1), **shared}


def test_what_else_judges_values_is_asked_about_the_graph_that_was_executed() -> None:
    """By its name, behind the values."""

    class Oracle:
        name = "values elsewhere"

        def __call__(self, name: str, graph: Graph, size: str | dict[str, object]) -> Check:
            return Check(name, (graph.input_shape, size), True)

    found = examine("standard", parse_spec("4:6 @9x7 k3"), oracle=Oracle()).checks
    names = [*CHECKS]
    names.insert(names.index("values") + 1, "values elsewhere")
    assert [*found] == names
    assert found["values elsewhere"][:3] == ("standard", ((1, 4, 9, 7), "full"), True)


def test_what_is_too_large_even_reduced_is_not_examined(monkeypatch: pytest.MonkeyPatch) -> None:
    """At a reduced size a hundred million multiply-adds may be executed whatever the limit is; or more."""
    asked: list[int] = []
    monkeypatch.setattr(examination, "is_small", lambda _graph, _analysis, limit: asked.append(limit))
    for limit in (7, 10**9):
        found = examine("standard", parse_spec("4:6 @9x7 k3"), limit)
        assert (found.reason, found.checks, found.ok) == ("too large to execute, even reduced", {}, True)
    assert asked == [7, 10**8, 10**9, 10**9]


@pytest.mark.parametrize(("ok", "holds"), [(True, True), (None, True), (False, False)])
def test_a_row_holds_where_no_check_fails(ok: bool | None, holds: bool) -> None:
    """One that could not be made is none that fails."""
    checks = {"params": Check(1, 1, True), "macs": Check(1, 2, ok)}
    assert examination.Examined("standard", None, checks).ok is holds


@pytest.mark.parametrize(("limit", "seconds"), [(10**9, [2, 2]), (0, [0.1, 0.1])])
def test_a_row_is_expected_to_take_as_long_as_its_checks_or_a_tenth(
    limit: int, seconds: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a second, where it is reduced; nothing where it does not apply."""
    monkeypatch.setattr(examination, "expected_seconds", lambda _: 2)
    spec = parse_spec("4:6 @9 k3 1d")
    assert expected_time(spec, ["standard", "spatially-separable", "grouped"], limit) == sum(seconds)


@pytest.mark.parametrize(
    ("text", "names", "rows"),
    [
        ("8:16 @9 k3", ["grouped"], ["grouped"]), ("8:16 @9 k3 g4", ["grouped"], ["as-given", "grouped"]),
        ("8:16 @9 k3 g4", ["grouped", "as-given"], ["grouped", "as-given"]),
    ],
)  # fmt: skip
def test_a_layer_that_is_not_plain_is_examined_itself(text: str, names: list[str], rows: list[str]) -> None:
    """First, unless it is named elsewhere."""
    assert examination.wanted_names(parse_spec(text), names) == rows


@pytest.mark.parametrize(
    ("shape", "taken", "axes"), [((3, 4), (3, 4, 1), 1), ((3, 4, 5), (3, 4, 5), 1), ((3, 4, 5, 6), (3, 4, 5, 6), 2)]
)
def test_a_matrix_product_is_counted_as_a_1x1_over_its_positions(
    shape: tuple[int, ...], taken: tuple[int, ...], axes: int
) -> None:
    """One where it has none."""
    graph = Graph(shape, "fp32", (Node("linear", Linear(4, 7, bias=True), (0,)),))
    plain = make_subject("standard", parse_spec("4:6 @9x7 k3"), True, "full")
    ((name, op, given),) = Subject("x", plain.spec, graph, plain.analysis, [shape], "full", True).convs()
    ones = (1,) * axes
    assert (name, given) == ("linear", taken)
    assert op == Conv(4, 7, ones, ones, ((0, 0),) * axes, ones, bias=True)


@pytest.mark.parametrize(("most", "is_counted"), [(4 * 9 * 63, True), (4 * 9 * 63 - 1, False)])
def test_a_scalar_loop_counts_up_to_so_many_products(
    most: int, is_counted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of one output channel: it is the same in each."""
    monkeypatch.setattr(examination, "SCALAR_PRODUCTS", most)
    for text in ("4:6 @9x7 k3", "4:1 @9x7 k3"):
        found = examination._scalar_counts(make_subject("standard", parse_spec(text), True, "full"))
        assert (found.ok, found.expected is None) == (True if is_counted else None, not is_counted)
        assert (found.note == "too many products for a scalar loop") is not is_counted


class Map:
    """A map of counts, and whether it was the same everywhere."""

    def __init__(self, macs: int, effective_macs: int, same: bool = True) -> None:
        self.macs, self.effective_macs, self.same = macs, effective_macs, same


@each(
    ("last", "measured", "ok"),
    [
        (Map(3608, 5400), [13608, 11400], True), (Map(3608, 5400, same=False), [13608, 11400], False),
        (Map(3609, 5400), [13609, 11400], False), (Map(3608, 5401), [13608, 11401], False),
    ],
)  # fmt: skip
def test_maps_must_be_the_same_everywhere_and_add_up(last: Map, measured: list[int], ok: bool) -> None:
    """To 4 x 6 x 9 products at 63 positions, of which 25 of 27 and 19 of 21 an axis touch data."""
    subject = make_subject("standard", parse_spec("4:6 @9x7 k3"), True, "full")
    found = examination._pairs(subject, [Map(10000, 6000), last], "said")
    assert found == Check([4 * 6 * 9 * 63, 4 * 6 * 25 * 19], measured, ok, "full", note="said")


class Ran:
    """What a run of the value executor says of its memory."""

    def __init__(self, tensor_bytes: int, traced_bytes: int | None) -> None:
        self.tensor_bytes, self.traced_bytes, self.scratch_bytes = tensor_bytes, traced_bytes, 1234567


@each(
    ("tensors", "traced", "measured", "ok"),
    [(2520, 2520, 2520, True), (2520, None, 2520, True), (2520, 2519, 2519, False), (2519, 2520, 2520, False),
     (2519, None, 2519, False)],
)  # fmt: skip
def test_memory_is_the_peak_in_float32_by_what_was_given_out_and_what_was_traced(
    tensors: int, traced: int | None, measured: int, ok: bool
) -> None:
    """4 and 6 channels of 63 positions; whatever the type of the layer is. Where nothing is traced, the one alone."""
    subject = make_subject("standard", parse_spec("4:6 @9x7 k3 int8"), True, "full")
    found = examination._memory(subject, Ran(tensors, traced))  # type: ignore[arg-type]  # as much of a run
    assert found[:3] == (4 * 10 * 63, measured, ok)
    assert found.note == "as float32, by tracemalloc; beside it 1,234,567 bytes of scratch"


@pytest.mark.parametrize(
    ("check", "is_large"),
    [
        (Check((3, 3), (3, 3), True), False), (Check((3, 3), (5, 5), False), False),
        (Check((3, 3), None, None), True),  # known, and not shown
        (Check(None, None, None), False),  # not known
    ],
)  # fmt: skip
def test_only_what_is_known_and_not_shown_would_take_too_large_an_input(
    check: Check, is_large: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rest was disturbed."""
    monkeypatch.setattr(examination, "check_seen", lambda *_: {"receptive_field": check, "mixes": check})
    found = examination._seen(make_subject("standard", parse_spec("4:6 @9x7 k3"), True, "full"))
    assert {one.note for one in found.values()} == {
        "too large an input would be needed" if is_large else SAID["receptive_field"]
    }
    assert {one[:3] for one in found.values()} == {check[:3]}


SHOWN = Equivalence(True, "everywhere", 9, 9, (3, 2), 12345, 6789, "anything")
SAME = "one dense 3x2 convolution gives the same output"
FREE = "; 12,345 free parameters for its 6,789; anything"


@each(
    ("fields", "sides", "note"),
    [
        ({}, ("everywhere", "everywhere", True), SAME + FREE),
        ({"same": False}, ("everywhere", "another output", False), SAME + FREE),
        ({"where": "interior"}, ("interior", "interior", True),
         f"{SAME} in the interior: at the border, padding between stages differs{FREE}"),
        ({"where": "nowhere", "same": False}, ("everywhere", "nowhere", False), "anything"),
        ({"nonlinear": True}, ("everywhere", "everywhere", True), f"without its activations, {SAME}{FREE}"),
        ({"gated": True, "nonlinear": True}, ("everywhere", "everywhere", True),
         f"with its gate at 1, without its activations, {SAME}{FREE}"),
        ({"transposed": True}, ("everywhere", "everywhere", True),
         f"one dense transposed 3x2 convolution gives the same output{FREE}"),
        ({"rank": 2, "rank_bound": 4}, ("everywhere", "everywhere", True), f"{SAME}{FREE} (2 of 4 here)"),
    ],
)  # fmt: skip
def test_an_equivalence_says_what_was_shown_and_where(
    fields: dict[str, object], sides: tuple[object, ...], note: str
) -> None:
    """At the size that has an interior."""
    found = examination._equivalence(SHOWN._replace(**fields), parse_spec("4:6 @9x7 k3"))  # type: ignore[arg-type]  # any field
    assert (found[:3], found.note) == (sides, note)
    assert isinstance(found.size, dict)


def test_where_there_is_no_equivalence_its_reason_is_the_note() -> None:
    assert examination._equivalence("none", parse_spec("4:6 @9x7 k3")) == Check(None, None, None, note="none")
