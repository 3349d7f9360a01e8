"""What `verify` found: of one layer, of generated ones, and of broken rules; from made records."""

from __future__ import annotations

from tables import each

from convcost.answers.check import Check
from convcost.checks.examination import Examined
from convcost.checks.selftest import Caught
from convcost.report.evidence import evidence_document, evidence_rows, evidence_table, summary_table
from convcost.report.random_evidence import Totals, totals_document, totals_table
from convcost.report.selftest_evidence import selftest_document, selftest_table
from convcost.spec import parse_spec

SPEC = parse_spec("4:8 @6 k3")
SMALL = {"in_channels": 2, "out_channels": 4, "groups": 1, "input_size": (3, 3), "batch": 1}
HOLDS = Examined("standard", None, {
    "macs": Check(10_368, 10_368, True, seconds=0.25), "stages": Check(["a"], ["a"], True),
    "equivalence": Check("one", "exact", True, seconds=0.5, note="a dense kernel"),
})  # fmt: skip
FAILS = Examined("grouped", None, {
    "macs": Check(500, 501, False, SMALL, 0.0014, "by hand"), "peak_bytes": Check(7, None, False),
    "mixes": Check(None, None, None), "receptive_field": Check(3, 3, True, "an input that is just large enough"),
    "equivalence": Check(None, None, None),
})  # fmt: skip
ABSENT = Examined("ghost", "it is odd")
ROWS = [HOLDS, FAILS, ABSENT]


def test_a_summary_has_a_line_a_variant() -> None:
    """How many checks hold of those that could be made; times in milliseconds."""
    table = summary_table(SPEC, ROWS)
    assert [(line.name, line.cells, line.reason, line.mark) for line in table.sections[0].lines] == [
        ("standard", ("3 of 3", "10,368", "full", "exact", "750"), None, "✓"),
        ("grouped", ("1 of 3", "501", "reduced", "–", "1"), None, "✗"), ("ghost", (), "it is odd", ""),
    ]  # fmt: skip
    assert table.facts == ("4 of 6 checks hold", "0.8 s")
    assert table.notes == (
        "✗ grouped: MACs: expected 500, executed 501 (by hand)", "✗ grouped: peak: expected 7, executed – (no note)",
        "· checked: MACs, stages, equivalence, peak, mixes and receptive field",
        "· --all shows both sides of each check",
        "* reduced to 2:4 @3x3: MACs", "* reduced to an input that is just large enough: receptive field",
    )  # fmt: skip
    assert summary_table(SPEC, [ABSENT]).notes == ("· --all shows both sides of each check",)


def test_a_table_of_evidence_has_a_line_a_check() -> None:
    """Both sides, the size, the milliseconds; how many parts a variant is stated to have."""
    table = evidence_table(SPEC, [HOLDS, FAILS._replace(checks={"stages": Check(["a", "b"], [], False)}), ABSENT])
    assert [section.title for section in table.sections] == ["standard", "grouped", "ghost"]
    assert [(line.name, line.cells, line.mark) for line in table.sections[0].lines] == [
        ("MACs", ("10,368", "10,368", "full", "250.0"), "✓"), ("stages", ("1 part", "1 part", "full", "0.0"), "✓"),
        ("equivalence", ("one", "exact", "full", "500.0"), "✓"),
    ]  # fmt: skip
    assert [(line.cells, line.mark) for line in table.sections[1].lines] == [
        (("2 parts", "0 parts", "full", "0.0"), "✗")
    ]
    assert [(line.name, line.reason) for line in table.sections[2].lines] == [("", "it is odd")]
    assert table.notes[-1] == "= standard: a dense kernel"
    marks = [(line.cells[2], line.mark) for line in evidence_table(SPEC, [FAILS]).sections[0].lines]
    assert marks == [("reduced", "✗"), ("full", "✗"), ("full", "–"), ("reduced", "✓"), ("full", "–")]


@each(
    ("value", "shown"),
    [(None, "–"), (1_234_567, "1,234,567"), (1 / 3, "0.3333"), ([1200, 7], "1,200 / 7"), ([], "–"), (["a"], "a"),
     ((3, 3), "3x3"), ("", "–")],
)  # fmt: skip
def test_a_side_reads_like_this(value: object, shown: str) -> None:
    rows = [Examined("x", None, {"macs": Check(value, 1, True)})]
    assert evidence_table(SPEC, rows).sections[0].lines[0].cells[0] == shown


def test_a_document_of_evidence_says_whether_all_holds() -> None:
    assert [evidence_document(SPEC, rows)["ok"] for rows in ([HOLDS, ABSENT], ROWS)] == [True, False]
    (first, *_) = evidence_document(SPEC, ROWS)["evidence"]
    assert (first["ops"], first["scratch_bytes"], first["equivalence"]) == ([], None, None)
    seconds = [(row["check"], row["seconds"]) for row in evidence_rows([HOLDS])]
    assert seconds == [("macs", "0.250000"), ("stages", "0.000000"), ("equivalence", "0.500000")]


def test_generated_layers_are_summed() -> None:
    """Checks that could not be made do not count; each that failed is named."""
    totals = Totals(2, 7).with_layer(SPEC, [HOLDS, ABSENT]).with_layer(SPEC, [FAILS])
    assert (totals.rows, totals.checks) == (2, 6)
    assert totals.by_check == (
        ("macs", 2),
        ("stages", 1),
        ("equivalence", 1),
        ("peak_bytes", 1),
        ("receptive_field", 1),
    )
    text = "4:8 @6 k3"
    assert totals.failed == ((text, "grouped", "macs", "500", "501"), (text, "grouped", "peak_bytes", "7", ""))
    table = totals_table(totals)
    assert [(line.name, line.cells, line.mark) for line in table.sections[0].lines][:2] == [
        ("MACs", ("1", "2"), "✗"), ("stages", ("1", "1"), "✓")
    ]  # fmt: skip
    assert (table.title, table.facts) == ("2 generated layers", ("seed 7", "2 variants executed", "6 checks"))
    assert table.notes == (f"✗ {text}: grouped: MACs", f"✗ {text}: grouped: peak")
    document = totals_document(totals)
    assert (document["ok"], totals_document(Totals(1, 1))["ok"]) == (False, True)
    assert document["checks"][0] == {"name": "macs", "held": 1, "of": 2}
    assert document["failed"][0] == {
        "spec": text, "variant": "grouped", "check": "macs", "expected": "500", "measured": "501"
    }  # fmt: skip


@each(
    ("rule", "cells", "mark"),
    [
        (Caught("r", ["params"], 8, 12), ("params", "8", "12"), "✓"),
        (Caught("r", ["params", "macs"], 0.25, (3, 3)), ("params +1", "0.25", "3x3"), "✓"),
        (Caught("r", [], None, None), ("nothing", "–", "–"), "✗"),
        (Caught("r", ["ops"], {"a": 1, "b": 2}, {"a": 1, "b": 3}), ("ops", "b 2", "3"), "✓"),
        (Caught("r", ["ops"], {"a": 1}, {"a": 1, "b": 3}), ("ops", "b –", "3"), "✓"),
        (Caught("r", ["ops"], {"a": 1}, 7), ("ops", "a=1", "7"), "✓"),
        (Caught("r", ["ops"], 7, {"a": 1}), ("ops", "7", "a=1"), "✓"),
    ],
)  # fmt: skip
def test_a_broken_rule_shows_what_caught_it(rule: Caught, cells: tuple[str, ...], mark: str) -> None:
    """Of several numbers the first that differs."""
    table = selftest_table([rule])
    (line,) = table.sections[0].lines
    assert (line.cells, line.mark) == (cells, mark)
    assert (table.title, table.facts) == ("1 broken rules", (f"{int(mark == '✓')} noticed",))


@each(("side", "said"), [(float("inf"), "inf"), (float("nan"), "nan"), (0.5, 0.5), (8, 8), ("x", "x")])
def test_a_side_that_is_no_number_is_a_word_in_json(side: object, said: object) -> None:
    (rule,) = selftest_document([Caught("r", ["params"], side, 1)])["rules"]
    assert (rule["expected"], rule["measured"]) == (said, 1)
