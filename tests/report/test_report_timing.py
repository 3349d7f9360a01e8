"""What was timed and what devices can do: tables, notes and documents, from made records; nothing is run."""

from __future__ import annotations

import io
from typing import Any

import pytest
from tables import each

from convcost.answers.check import Check
from convcost.report.timing import device_table, timed_document, timed_rows, timed_table, write_devices
from convcost.spec import parse_spec
from convcost.timing.answer import Timed, TimedRow
from convcost.timing.bounds import Bound
from convcost.timing.clock import Spread, Times
from convcost.timing.devices import Device
from convcost.timing.engines import Engine

SPEC = parse_spec("4:8 @6 k3")
ENGINE = Engine("numpy", "2.1", 2, "none", lambda *_: lambda: None)
DEVICE = Device("card", "third-party", ("a sheet", "a table"), {"fp32": 1e12, "fp16": 2e12}, 1e11, 4096, "in a box")
BASE = Times(Spread(0.002, 0.0019, 0.0024), Spread(1.0, 1.0, 1.0), 9, 30, 1.01)
SLOW = Times(Spread(0.004, 0.003, 0.005), Spread(2.0, 1.5, 2.5), 7, 20, 1.25)
EVEN = Times(Spread(0.002, 0.001, 0.003), Spread(1.0, 0.9, 1.1), 9, 30, None)
AGREES, DIFFERS = Check(None, 1e-6, True), Check(None, 0.5, False)

ROWS = (
    TimedRow("standard", "replacement", 1000, 1.0, Bound(0.001, "memory", 0.0005, 0.001), 0.003, BASE, AGREES),
    TimedRow("grouped", "replacement", 250, 0.25, Bound(0.0, "compute", 0.0, None), None, SLOW),
    TimedRow("depthwise", "building-block", 90, None, None, None, EVEN._replace(ratio=None), DIFFERS, often=3),
    TimedRow("ghost", "replacement", reason="not for this layer"),
)


def timed(*rows: TimedRow, **words: Any) -> Timed:
    start = Timed("", SPEC, (2, 4, 6, 6), "fp32", rows, None, base="standard")
    return start._replace(**words)


def cells(found: Timed) -> dict[str, list[str]]:
    table = timed_table(found)
    lines = [line for section in table.sections for line in section.lines]
    return {head.key: [line.cells[at] for line in lines if line.cells] for at, head in enumerate(table.heads)}


def notes(found: Timed, start: str = "") -> list[str]:
    return [note for note in timed_table(found).notes if note.startswith(start)]


def test_a_document_has_seconds_and_ratios() -> None:
    """What was not measured, what has no ratio and what cannot be divided by is null."""
    rows = timed_document(timed(*ROWS))["timed"]
    standard, grouped, depthwise, ghost = rows
    assert [standard[key] for key in ("bound_seconds", "limited_by", "compute_seconds", "memory_seconds")] == [
        0.001, "memory", 0.0005, 0.001
    ]  # fmt: skip
    assert [standard[key] for key in ("measured_seconds", "measured_quartiles", "ratio", "ratio_quartiles")] == [
        0.002, [0.0019, 0.0024], 1.0, [1.0, 1.0]
    ]  # fmt: skip
    assert [standard[key] for key in ("times_bound", "rounds", "runs", "wall_over_cpu")] == [2.0, 9, 30, 1.01]
    assert standard["values"] == {"difference": 1e-6, "ok": True}
    assert (grouped["bound_seconds"], grouped["times_bound"], grouped["memory_seconds"]) == (0.0, None, None)
    assert (depthwise["ratio"], depthwise["ratio_quartiles"], depthwise["measured_seconds"]) == (None, None, 0.002)
    assert {ghost[key] for key in ("bound_seconds", "limited_by", "measured_seconds", "times_bound", "runs",
                                   "values")} == {None}  # fmt: skip


@each(("measured", "said"), [(0.5, 0.5), (float("inf"), None), (float("nan"), None), ("shape", None)])
def test_a_difference_that_is_no_number_is_null(measured: object, said: float | None) -> None:
    row = ROWS[0]._replace(values=Check(None, measured, False))
    assert timed_document(timed(row))["timed"][0]["values"]["difference"] == said


def test_a_document_says_where_and_of_what() -> None:
    found = timed_document(timed(*ROWS, engine=ENGINE, device=DEVICE, fit_error=(1.5, 3.0)))
    assert (found["name"], found["spec"]["in_channels"], found["base"]) == (None, 4, "standard")
    assert found["engine"] == {"name": "numpy", "version": "2.1", "threads": 2, "optimisation": "none"}
    assert found["fit_error"] == {"median": 1.5, "nine_of_ten": 3.0}
    assert (found["device"]["bandwidth"], found["device"]["note"]) == (1e11, "in a box")
    bare = timed_document(timed(*ROWS, spec=None, name="net"))
    assert [bare[key] for key in ("name", "spec", "engine", "device", "fit_error")] == ["net", None, None, None, None]
    assert timed_document(timed(device=DEVICE._replace(note="")))["device"]["note"] is None


def test_rows_of_csv_name_the_engine_and_the_device() -> None:
    one = next(timed_rows(timed(*ROWS, engine=ENGINE, device=DEVICE)))
    assert (one["engine"], one["device"]) == ("numpy 2.1", "card")
    none = next(timed_rows(timed(*ROWS)))
    assert (none["engine"], none["device"]) == (None, None)


def test_rows_are_shown_in_one_unit_a_column() -> None:
    """Times in milliseconds here, quartiles as shares of the median; the base has no ratios to itself."""
    found = cells(timed(*ROWS))
    assert found["measured"] == ["2", "4", "2"]
    assert found["measured_range"] == ["-5.0 +20.0 %", "-25.0 +25.0 %", "-50.0 +50.0 %"]
    assert found["ratio_range"] == ["", "1.5–2.5", "–"]
    assert found["relative.macs"] == ["base", "0.25×", "–"]
    assert found["ratio"] == ["base", "2×", "–"]
    assert found["predicted"] == ["3", "–", "–"]
    assert found["times_bound"] == ["2×", "–", "–"]
    assert found["often"] == ["1", "1", "3"]
    table = timed_table(timed(*ROWS))
    assert [section.title for section in table.sections] == ["replacements", "building blocks"]
    marks = [[(line.name, line.mark, line.is_baseline) for line in section.lines] for section in table.sections]
    assert marks == [
        [("standard", "✓", True), ("grouped", "!", False), ("ghost", "", False)], [("depthwise", "✗", False)],
    ]  # fmt: skip
    assert table.sections[0].lines[2].reason == "not for this layer"


def test_columns_without_a_number_are_left_out() -> None:
    """How often something comes is one where anything comes twice."""
    bare = TimedRow("a", "replacement", 7, bound=Bound(0.5, None, None, None))
    assert [*cells(timed(bare))] == ["macs", "bound"]
    assert [*cells(timed(bare._replace(often=2)))] == ["often", "macs", "bound"]


@each(
    ("row", "reason"),
    [
        (TimedRow("a", "layer", reason="none"), "none"), (TimedRow("a", "layer", times=EVEN, reason="none"), None),
        (TimedRow("a", "layer", bound=Bound(1.0, None, None, None), reason="none"), None),
        (TimedRow("a", "layer"), None),
    ],
)  # fmt: skip
def test_a_row_says_why_it_is_not_there_where_it_has_no_number(row: TimedRow, reason: str | None) -> None:
    """Of one with a bound alone a note says it."""
    assert timed_table(timed(row, ROWS[0])).sections[0].lines[0].reason == reason
    assert bool(notes(timed(row), "– a is not timed: none")) == (row.bound is not None)


@each(
    ("words", "title", "label", "facts"),
    [
        ({}, "4:8 @6 k3", "variant", ("fp32", "batch 2", "base: standard")),
        ({"base": None}, "4:8 @6 k3", "variant", ("fp32", "batch 2")),
        ({"spec": None, "name": "net"}, "net", "network", ("4x6x6", "fp32", "batch 2", "base: standard")),
        ({"engine": ENGINE}, "4:8 @6 k3", "variant",
         ("fp32", "batch 2", "base: standard", "numpy 2.1", "2 threads")),
    ],
)  # fmt: skip
def test_a_title_says_what_was_timed_and_how(
    words: dict[str, Any], title: str, label: str, facts: tuple[str, ...]
) -> None:
    table = timed_table(timed(ROWS[0], **words))
    assert (table.title, table.label, table.facts) == (title, label, facts)
    assert table.sections[0].title == ""


def test_layers_of_a_network_are_said_to_add_up_to_more() -> None:
    found = timed(ROWS[0]._replace(role="layer"), spec=None, name="net", clock="wall")
    assert timed_table(found).label == "layer"
    assert len(notes(found, "· layers timed alone")) == 1
    assert notes(timed(ROWS[0], clock="wall"), "· layers timed alone") == []


def test_values_are_told_of() -> None:
    """What agrees, what differs, what was not compared."""
    assert len(notes(timed(*ROWS), "✓ its output is that of our own executor")) == 1
    assert notes(timed(ROWS[1]), "✓") == notes(timed(ROWS[2]), "✓") == []
    assert notes(timed(*ROWS), "✗") == ["✗ depthwise: no time is shown, as its output differs: 0.5"]
    unchecked = [ROWS[1]._replace(unchecked="too large"), ROWS[3]._replace(unchecked="too large")]
    assert notes(timed(*unchecked), "– values") == ["– values not compared: too large"]


def test_ratios_are_told_of() -> None:
    """Fewer multiply-adds that take longer; what is neither faster nor slower, the base apart."""
    assert notes(timed(*ROWS), "!") == ["! fewer multiply-adds than the base, and slower"]
    assert notes(timed(ROWS[0]), "!") == notes(timed(ROWS[0]), "· no difference") == []
    even = [ROWS[0]._replace(name=name, times=EVEN) for name in ("a", "standard", "b")]
    assert notes(timed(*even), "· no difference") == ["· no difference seen: a and b"]


@pytest.mark.parametrize(
    ("clock", "start"),
    [("thread", "· measured: processor time of the thread, "), ("wall", "· measured: time on the wall, ")],
)
def test_a_clock_is_named(clock: str, start: str) -> None:
    assert len(notes(timed(ROWS[0], clock=clock), start)) == 1
    assert notes(timed(ROWS[0]), "· measured") == []


@each(
    ("rounds", "said"),
    [(1, "· 1 round in"), (2, "· 2 rounds in"), (3, "· 3 rounds in"), (4, None)],
)  # fmt: skip
def test_few_rounds_say_little(rounds: int, said: str | None) -> None:
    """Of four quartiles say something; the row with the fewest counts."""
    rows = (ROWS[0], ROWS[1]._replace(times=SLOW._replace(rounds=rounds)))
    assert [note[: len(said or "")] for note in notes(timed(*rows, clock="wall")) if "quartiles say" in note] == (
        [said] if said else []
    )
    assert not [note for note in notes(timed(ROWS[3], clock="wall")) if "quartiles say" in note]


def test_what_disturbed_is_said() -> None:
    """The wall over the processor's time, an interruption, and how far predictions are off."""
    found = notes(timed(*ROWS, clock="thread", interrupted=True, fit_error=(1.234, 3.0)))
    assert "· the machine was not free: wall over processor time is 1.25" in found
    assert "· interrupted: what was measured until then" in found
    assert "· predicted by a fit on small operations, off by ×1.23 in the median and ×3.00 in 1 of 10" in found
    calm = notes(timed(ROWS[0], clock="thread"))
    assert not [note for note in calm if "not free" in note or "interrupted" in note or "predicted by" in note]


@each(
    ("device", "said"),
    [
        (DEVICE, ["· bound: no run is faster, on card (third-party; source: a sheet and a table)", "· in a box"]),
        (DEVICE._replace(source=(), note=""), ["· bound: no run is faster, on card (third-party)"]),
        (DEVICE._replace(status="measured"), ["· bound: no run is faster, on card (measured)"]),
        (DEVICE._replace(note="", on_chip=None, source=()), [
            "· bound: no run is faster, on card (third-party)",
            "· how much memory is on the chip is not known: what stays there costs less than this",
        ]),
        (DEVICE._replace(status="measured", on_chip=None), ["· bound: no run is faster, on card (measured)"]),
        (DEVICE._replace(peak={}, bandwidth=None, on_chip=None, note="", source=()), [
            "· bound: no run is faster, on card (third-party)",
            "– the compute side of the bound is missing: no peak for fp32 is known of it",
            "– the memory side of the bound is missing: no memory bandwidth is known of it",
        ]),
    ],
)  # fmt: skip
def test_a_device_says_whose_figures_it_has_and_what_is_missing(device: Device, said: list[str]) -> None:
    found = notes(timed(ROWS[3], device=device))
    assert found[1].startswith("· direct products in the named type")
    assert [found[0], *found[2:]] == said
    assert notes(timed(ROWS[3])) == []


def test_a_run_that_beats_its_bound_is_named() -> None:
    row = ROWS[0]._replace(bound=Bound(1.0, None, None, None))
    found = "· faster than its bound: standard; the figures of this machine are raised for the next run"
    assert notes(timed(row, ROWS[1], device=DEVICE), "· faster") == [found]
    assert notes(timed(*ROWS[:2], device=DEVICE), "· faster") == []


def test_one_device_has_its_sources_below() -> None:
    table = device_table([DEVICE])
    assert (table.title, table.notes) == ("devices", ("· source: a sheet", "· source: a table", "· in a box"))
    assert [head.key for head in table.heads] == ["status", "peak.fp32", "peak.fp16", "bandwidth", "on_chip"]
    assert device_table([DEVICE._replace(status="measured", note="")]).title == "this machine"
    assert device_table([DEVICE._replace(note="")]).notes == ("· source: a sheet", "· source: a table")


def test_devices_share_a_table() -> None:
    """A type that none has is no column, and neither is what is not known of any; the first types stay longest."""
    other = Device("other", "measured", (), {"fp32": 1e12, "int8": 4e12})
    table = device_table([other, other])
    assert (table.title, table.notes) == ("devices", ("· dense figures; 1 MAC = 2 FLOPs",))
    assert [(head.key, head.priority) for head in table.heads] == [
        ("status", None), ("peak.fp32", 0), ("peak.int8", 1),
    ]  # fmt: skip
    assert [head.priority for head in device_table([DEVICE, other]).heads] == [None, 0, 1, 2, None, 3]


@pytest.mark.parametrize(("format", "lines"), [("ndjson", 2), ("csv", 3)])
def test_devices_are_lines(format: str, lines: int) -> None:
    """Of JSON an entry each; of CSV below the header."""
    file = io.StringIO()
    write_devices([DEVICE, DEVICE], format, file)
    assert len(file.getvalue().splitlines()) == lines
    assert file.getvalue().startswith('{"schema":"convcost/2","name":"card"' if format == "ndjson" else "name,status")
