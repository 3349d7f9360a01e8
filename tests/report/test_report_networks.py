"""What the table of a network says about its own numbers: how much was executed, at which size, and what was not."""

from __future__ import annotations

import json

import pytest
from schema import VALID
from tables import each

from convcost.answers.network import answer_network, not_rebuilt
from convcost.checks.networks import verify_network
from convcost.networks.build import Choices, build_network
from convcost.networks.program import read_program
from convcost.report.columns import Column
from convcost.report.layout import lay_out
from convcost.report.network_tables import execution_notes, grid, layer_marks, network_table, percent
from convcost.report.networks import Document, network_document
from convcost.report.timeline import timeline
from convcost.report.units import COUNTS

TWO = "input 3 @224\nstandard 64 k7 s2\nstandard 512 k7\n"


def document(text: str = TWO, limit: int = 4_000_000_000, *, rebuilt: bool = True) -> Document:
    """The document of a network, through JSON; it follows the schema."""
    program = read_program(text)

    def verify(answer, rebuild, inplace):
        return verify_network(answer, rebuild if rebuilt else not_rebuilt, inplace, limit)

    answer = answer_network(
        build_network(program), verify=verify, rebuild=lambda shape: build_network(program, Choices(reduced=shape))
    )
    found: Document = json.loads(json.dumps(network_document(answer)))
    VALID.validate(found)
    return found


def notes(found: Document) -> str:
    return "\n".join(execution_notes(found["verified"]))


def test_all_of_it_at_full_size_is_said_with_its_share() -> None:
    """And every word is named for which the execution speaks."""
    text = notes(document("input 3 @32\nstandard 8 k3\nstandard 8 k3\nstandard 8 k3\n"))
    assert "every distinct layer once at full size, 2 for 3 convolutions and matrix products, 100 % of the MACs" in text
    assert "the whole network at 1x3x32x32 (every word, and shares)" in text
    assert "receptive fields, those of each layer alone and mixes" in text
    assert "reduced" not in text


def test_a_layer_above_the_limit_is_said_to_be_executed_smaller() -> None:
    """It has nearly all of the multiply-adds, and so the others have hardly any."""
    found = document()
    assert found["verified"]["status"] == "reduced"
    text = notes(found)
    assert "1 of 2 distinct layers once at full size, for 1 of 2 convolutions and matrix products, 0.58 % of" in text
    assert "✓* executed at a reduced size: standard2 at 1x4x15x16" in text
    assert layer_marks(found["verified"]) == {"standard1": "✓", "standard2": "✓*"}


def test_with_a_limit_of_0_nothing_is_said_to_be_at_full_size() -> None:
    found = document(limit=0)
    assert found["verified"]["macs_share"] == 0
    assert "at full size" not in notes(found)
    assert "standard1 at 1x3x24x26 and standard2 at 1x4x15x16" in notes(found)


def test_a_wiring_that_was_not_executed_is_said() -> None:
    """Which makes the whole partial."""
    found = document("input 3 @2048\nstandard 64 k3\n", rebuilt=False)
    assert found["verified"]["status"] == "partial"
    assert "– the wiring was not executed (too large to execute, even reduced)" in notes(found)


@pytest.mark.parametrize("word", ["receptive_field", "mixes"])
def test_what_was_seen_otherwise_is_told_with_both_sides(word: str) -> None:
    found = document("input 3 @32\nstandard 8 k3\n")
    found["verified"]["seen"][word] = {"expected": [9, 9], "measured": [3, 3], "ok": False}
    assert "9x9 by analysis, 3x3 as executed" in notes(found)
    found["verified"]["seen"][word] = {"expected": [9, 9], "measured": None, "ok": None}
    assert "– by analysis only: " in notes(found)


def test_many_layers_are_named_in_part() -> None:
    """The first few, and how many more."""
    lines = "".join([f"standard {8 + n} k3\n" for n in range(6)])
    assert "and 3 more" in notes(document(f"input 3 @32\n{lines}", limit=0))


def test_layers_without_a_check_have_no_mark() -> None:
    """Of a batch norm nothing was executed alone."""
    table = network_table(document("input 3 @32\nstandard 8 k3 norm relu\n"), per_layer=True)
    assert [line.mark for line in table.sections[0].lines] == ["✓", "", "", ""]


@each(
    ("share", "text"), [(0.0, "0 %"), (1.0, "100 %"), (1e-9, "0.01 %"), (0.99999999, "99.99 %"), (0.123456, "12.35 %")]
)
def test_all_and_nothing_are_only_what_is(share: float, text: str) -> None:
    """Rounding makes neither."""
    assert percent(share) == text


@pytest.mark.parametrize(("name", "shown"), [("a" * 20 + "b" * 10, "a" * 20 + "b" * 10),
                                             ("a" * 20 + "b" * 11, "…" + "a" * 18 + "b" * 11)])  # fmt: skip
def test_a_name_in_a_timeline_keeps_its_end(name: str, shown: str) -> None:
    """30 columns of it."""
    network = build_network(read_program(f"input 3 @32\n{name}: standard 8 k3"))
    assert timeline(answer_network(network)).splitlines()[1].split()[0] == shown


SMALL = "input 3 @32\nstandard 8 k3 norm relu\nmax-pool k2\nstandard 8 k3\nflatten\nlinear 10 bias\n"

#: 27 x 8 x 1024 and 72 x 8 x 256 multiply-adds, 2048 x 10 behind them; 216, 576 and 20,490 params.
READS = {
    False: """\
  operations  count  params     params   MACs       MACs  effective  elementwise  activations  traffic
                        (K)  share (%)    (K)  share (%)   MACs (K)          (K)        (KiB)    (KiB)
 ─────────────────────────────────────────────────────────────────────────────────────────────────────
  conv            2   0.792       3.72  368.6      94.74      347.5            0        40.00     63.1
  batch-norm      1   0.016       0.08      0          0          0        16.38            0     64.1
  activation      1       0          0      0          0          0         8.19            0     64.0
  pool            1       0          0      0          0          0         8.19         8.00     40.0
  flatten         1       0          0      0          0          0            0            0        0
  linear          1  20.490      96.21   20.5       5.26       20.5         0.01        0.039     88.1
  total           7  21.298     100.00  389.1     100.00      368.0        32.78        48.04    319.2
""",
    True: """\
   layer                 operation   output     params     params   MACs       MACs  effective  alive
                                                   (K)  share (%)    (K)  share (%)   MACs (K)  (KiB)
 ────────────────────────────────────────────────────────────────────────────────────────────────────
 ✓ standard1             conv        1x8x32x32   0.216       1.01  221.2      56.84      212.1  44.00
   standard1.norm        batch-norm  1x8x32x32   0.016       0.08      0          0          0  32.00
   standard1.activation  activation  1x8x32x32       0          0      0          0          0  32.00
   max-pool              pool        1x8x16x16       0          0      0          0          0  40.00
 ✓ standard2             conv        1x8x16x16   0.576       2.70  147.5      37.89      135.4  16.00
   flatten               flatten     1x2048          0          0      0          0          0   8.00
 ✓ linear                linear      1x10       20.490      96.21   20.5       5.26       20.5   8.04
   total                 –           1x10       21.298     100.00  389.1     100.00      368.0  44.00
""",
}


@pytest.mark.parametrize("per_layer", [False, True], ids=["kinds", "layers"])
def test_the_table_of_a_network_reads_like_this(per_layer: bool) -> None:
    """One unit a column, shares beside what they are of, the total last."""
    table = network_table(document(SMALL), per_layer=per_layer)
    lines = ["".join([text for text, _ in line]) for line in lay_out(table, 110)]
    assert "\n".join(lines[2 : lines.index("", 2)]) + "\n" == READS[per_layer]


def layers(count: int, status: str) -> list[Document]:
    return [{"names": [f"l{at}", "again"], "status": status, "input": (1, 4, at), "checks": {}, "reason": "too large"}
            for at in range(count)]  # fmt: skip


def said(layers: list[Document], **words: object) -> list[str]:
    wiring = {"status": "verified", "input": (1, 3, 8), "checks": {}}
    verified = {"layers": layers, "wiring": wiring, "seen": {}, "macs_share": 0.5, **words}
    return list(execution_notes(verified))


@each(
    ("count", "named"),
    [
        (1, "l0 at 1x4x0"), (4, "l0 at 1x4x0, l1 at 1x4x1, l2 at 1x4x2 and l3 at 1x4x3"),
        (5, "l0 at 1x4x0, l1 at 1x4x1, l2 at 1x4x2 and 2 more"),
        (9, "l0 at 1x4x0, l1 at 1x4x1, l2 at 1x4x2 and 6 more"),
    ],
)  # fmt: skip
def test_four_reduced_layers_are_named(count: int, named: str) -> None:
    """Of more three, and how many others."""
    assert said(layers(count, "reduced"))[-1] == f"✓* executed at a reduced size: {named}"


def test_layers_that_were_not_executed_are_named_by_their_reason() -> None:
    skipped = layers(2, "skipped")
    skipped[1]["reason"] = "no rule"
    assert said(skipped)[1:] == ["– not executed: l0 (too large)", "– not executed: l1 (no rule)"]
    nothing = {"status": "skipped", "input": None, "checks": {}}
    assert said(layers(1, "skipped"), wiring={**nothing, "reason": "too deep"}) == [
        "– not executed: l0 (too large)", "– the wiring was not executed (too deep)"
    ]  # fmt: skip
    assert said([], wiring=nothing) == ["– not verified; every number is by analysis only"]
    assert said([], wiring={**nothing, "reason": "off"}) == ["– not verified; every number is by analysis only (off)"]
    assert said([], not_executed=["my-op"])[-1] == "– counted by definition, not executed: my-op"


def test_what_came_out_differently_is_told_first() -> None:
    """Of a layer, of the wiring, of what is seen of the input."""
    wrong = {"expected": 1, "measured": 2, "ok": False}
    one = [{**each, "checks": {"macs": wrong}} for each in layers(1, "mismatch")]
    wiring = {"status": "mismatch", "input": (1, 3, 8), "checks": {"params": wrong}}
    assert said(one, wiring=wiring, seen={"receptive_field": wrong}) == [
        "✗ l0: MACs 1 by analysis, 2 as executed", "✗ the whole network at 1x3x8: params 1 by analysis, 2 as executed",
        "✗ receptive field 1 by analysis, 2 as executed",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("good", "others", "start"),
    [
        (2, 0, "every distinct layer once at full size, 2 for 4 convolutions and matrix products, 50.00 % of the"),
        (2, 1, "2 of 3 distinct layers once at full size, for 4 of 6 convolutions and matrix products, 50.00 % of the"),
    ],
)  # fmt: skip
def test_layers_at_full_size_are_counted(good: int, others: int, start: str) -> None:
    """Distinct ones, and how many there are of them."""
    (first, *_) = said([*layers(good, "verified"), *layers(others, "skipped")])
    assert first.startswith(f"✓ executed in this run, and came out as analysed: {start}")


@each(
    ("values", "cells", "unit"),
    [
        ((1_000_000, 1000), ["1000", "1"], "K"),  # a thousandth has to be read
        ((1_000_000, 999), ["1", "0.001"], "M"),  # what is less need not
        ((1_000_000, None), ["1", "–"], "M"), ((0, None), ["0", "–"], ""),
    ],
)  # fmt: skip
def test_a_column_is_in_the_unit_of_what_has_to_be_read(
    values: tuple[int | None, ...], cells: list[str], unit: str
) -> None:
    entries = [("n", {"macs": value}, "", False) for value in values]
    (head,), lines = grid(entries, [Column("macs", "MACs", COUNTS)], False)
    assert ([line.cells[0] for line in lines], head.unit) == (cells, unit)


def test_fields_that_are_not_shown_are_hidden_columns() -> None:
    """Each with a header of its own: a share in per cent, a count as it is; those that name a row are none."""
    entries = [("n", {"macs": 7, "count": 1200, "share": {"params": 0.125}, "op_receptive_field": [3, 3]}, "", False)]
    fields = ("level", "name", "macs", "count", "share.params", "share.macs", "op_receptive_field")
    heads, (line,) = grid(entries, [Column("macs", "MACs", COUNTS)], False, fields)
    assert [(head.words, head.unit, head.right, head.hidden) for head in heads] == [
        ("MACs", "", True, False), ("count", "", True, True), ("params share", "%", True, True),
        ("MACs share", "%", True, True), ("op receptive field", "", False, True),
    ]  # fmt: skip
    assert line.cells == ("7", "1200", "12.50", "–", "3x3")


def test_shares_of_a_total_that_is_not_known_are_no_columns() -> None:
    found = document()
    keys = [head.key for head in network_table(found).heads]
    partly = {**found, "unknown": [{"op": "Odd", "count": 2}]}
    assert [key for key in keys if key not in [head.key for head in network_table(partly).heads]] == ["share.macs"]
    partly = {**found, "params_complete": False}
    assert [key for key in keys if key not in [head.key for head in network_table(partly).heads]] == ["share.params"]
