"""What was timed, and what devices can do, as documents and as tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, TextIO

from ..spec import format_spec, spec_to_json
from ..timing import engine_words
from .columns import Column, plain, read
from .documents import SCHEMA, Document
from .formats import write_document
from .listings import write_entries
from .model import Line, Section, Table, listed
from .network_tables import grid
from .tables import ROLE_TITLES
from .units import BYTES, COUNTS, PLAIN, RATIO, TIME

if TYPE_CHECKING:
    from ..timing.answer import Timed, TimedRow
    from ..timing.clock import Spread
    from ..timing.devices import Device

#: The columns of a table; those without a number in any row are left out.
COLUMNS = (
    Column("often", "times", PLAIN, 6),
    Column("macs", "MACs", COUNTS, 4),
    Column("relative.macs", "MACs\n× base", RATIO, 1),
    Column("bound", "bound", TIME, 3),
    Column("limited_by", "limited\nby", None, 5),
    Column("predicted", "pre\u00ad\ndicted", TIME, 2),
    Column("measured", "measured", TIME),
    Column("measured_range", "quartiles", None, 7),
    Column("ratio", "time\n× base", RATIO),
    Column("ratio_range", "quartiles", None, 0),
    Column("times_bound", "×\nbound", RATIO, 8),
)

#: Rounds of which quartiles say something.
FEW_ROUNDS = 4

#: The fields of CSV.
FIELDS = (
    "name", "role", "reason", "macs", "relative.macs", "bound_seconds", "limited_by", "predicted_seconds",
    "measured_seconds", "measured_quartiles", "ratio", "ratio_quartiles", "times_bound", "verdict", "rounds", "runs",
    "wall_over_cpu", "values.difference", "values.ok", "engine", "device",
)  # fmt: skip
DEVICE_FIELDS = ("name", "status", "peak", "bandwidth", "on_chip", "source", "note")


def timed_document(found: Timed) -> Document:
    """The document of what was timed: seconds; what was not measured is null."""
    engine = found.engine
    return {
        "schema": SCHEMA,
        "name": found.name or None,
        "spec": spec_to_json(found.spec) if found.spec else None,
        "input": found.input_shape,
        "dtype": found.dtype,
        "base": found.base,
        "engine": engine and {
            "name": engine.name, "version": engine.version, "threads": engine.threads,
            "optimisation": engine.optimisation,
        },
        "clock": found.clock,
        "wall_over_cpu": found.wall_over_cpu,
        "interrupted": found.interrupted,
        "device": found.device and device_entry(found.device),
        "fit_error": found.fit_error and {"median": found.fit_error[0], "nine_of_ten": found.fit_error[1]},
        "timed": [_row(row) for row in found.rows],
    }  # fmt: skip


def _row(row: TimedRow) -> Document:
    times, bound, values = row.times, row.bound, row.values
    ratio = times.ratio if times else None
    by = times.seconds.median / bound.seconds if times and bound and bound.seconds else None
    return {
        "name": row.name,
        "role": row.role,
        "reason": row.reason,
        "often": row.often,
        "macs": row.macs,
        "relative": {"macs": row.macs_ratio},
        "bound_seconds": bound and bound.seconds,
        "limited_by": bound and bound.limited_by,
        "compute_seconds": bound and bound.compute,
        "memory_seconds": bound and bound.memory,
        "predicted_seconds": row.predicted,
        "measured_seconds": times and times.seconds.median,
        "measured_quartiles": times and _range(times.seconds),
        "ratio": ratio and ratio.median,
        "ratio_quartiles": ratio and _range(ratio),
        "times_bound": by,
        "verdict": row.verdict,
        "rounds": times and times.rounds,
        "runs": times and times.runs,
        "wall_over_cpu": times and times.wall_over_cpu,
        "values": values and {"difference": _finite(values.measured), "ok": values.ok},
    }


def _finite(value: object) -> float | None:
    """A difference; None where shapes differ, or where something is no number."""
    return value if isinstance(value, float) and value < float("inf") else None


def _range(spread: Spread) -> list[float]:
    return [spread.low, spread.high]


def device_entry(device: Device) -> Document:
    """What is known of a device: rates in multiply-adds and bytes a second; what is not known is null."""
    return {
        "name": device.name,
        "status": device.status,
        "source": list(device.source),
        "peak": dict(device.peak),
        "bandwidth": device.bandwidth,
        "on_chip": device.on_chip,
        "note": device.note or None,
    }


def timed_table(found: Timed, *, exact: bool = False) -> Table:
    """Rows by role; below it whose numbers these are and how they were taken."""
    document = timed_document(found)
    entries = [(row["name"], _shown(row), _mark(one), False) for row, one in zip(document["timed"], found.rows)]
    columns = [c for c in COLUMNS if any([read(words, c.key) is not None for _, words, _, _ in entries])]
    columns = [c for c in columns if c.key != "often" or any([row.often > 1 for row in found.rows])]
    heads, lines = grid(entries, columns, exact)
    at = [column.key for column in columns]
    roles = list(dict.fromkeys([row.role for row in found.rows]))
    sections = [
        Section(ROLE_TITLES.get(role, role) if len(roles) > 1 else "",
                tuple([_line(line, row, found.base, at) for line, row in zip(lines, found.rows) if row.role == role]))
        for role in roles
    ]  # fmt: skip
    title = format_spec(found.spec) if found.spec else found.name
    return Table(title, _facts(found), _label(found), heads, tuple(sections), (), tuple(_notes(found)))


def _label(found: Timed) -> str:
    roles = {row.role for row in found.rows}
    return "variant" if found.spec else "layer" if "layer" in roles else "network"


def _shown(row: Document) -> dict[str, Any]:
    """The row with its times in microseconds, the first of their units, and quartiles as text."""
    times = {"bound": row["bound_seconds"], "predicted": row["predicted_seconds"], "measured": row["measured_seconds"]}
    shown = {key: None if value is None else value * 1e6 for key, value in times.items()}
    ratios, spread = row["ratio_quartiles"], row["measured_quartiles"]
    return {
        **row,
        **shown,
        "ratio_range": None if ratios is None else "–".join([f"{n:.3g}" for n in ratios]),
        "measured_range": None if spread is None else _relative(spread, row["measured_seconds"]),
    }


def _relative(spread: Sequence[float], middle: float) -> str:
    low, high = [100 * (n / middle - 1) for n in spread]
    return f"{low:+.1f} {high:+.1f} %"


def _mark(row: TimedRow) -> str:
    """The values that were compared; and fewer multiply-adds that take longer."""
    values = row.values
    sign = "" if values is None else "✓" if values.ok else "✗"
    return sign + "!" * row.surprising


def _line(line: Line, row: TimedRow, base: str | None, columns: Sequence[str]) -> Line:
    """The line of a row; one that there is not says why, and the base has no ratios to itself."""
    if row.reason is not None and row.times is None and row.bound is None:
        return line._replace(cells=(), reason=row.reason, mark="")
    if row.name != base:
        return line
    words = {"relative.macs": "base", "ratio": "base", "ratio_range": ""}
    cells = [words.get(key, cell) for key, cell in zip(columns, line.cells)]
    return line._replace(cells=tuple(cells), is_baseline=True)


def _facts(found: Timed) -> tuple[str, ...]:
    size = [] if found.spec else ["x".join(map(str, found.input_shape[1:]))]  # a spec says it
    facts = [*size, found.dtype, f"batch {found.input_shape[0]}"]
    facts += [f"base: {found.base}"] * (found.base is not None)
    return (*facts, *(engine_words(*found.engine[:3]) if found.engine else ()))


def _notes(found: Timed) -> Iterator[str]:
    """What the signs and the numbers stand for."""
    compared = [row for row in found.rows if row.values is not None and row.values.ok]
    if compared:
        yield "✓ its output is that of our own executor on the same weights and input, within 1e-4"
    for row in found.differs:
        yield f"✗ {row.name}: no time is shown, as its output differs: {plain(row.values and row.values.measured)}"
    if any([row.surprising for row in found.rows]):
        yield "! fewer multiply-adds than the base, and slower"
    undecided = [row.name for row in found.rows if row.verdict == "no difference seen" and row.name != found.base]
    if undecided:
        yield f"· no difference seen: {listed(undecided)}"
    unchecked = dict.fromkeys([row.unchecked for row in found.rows if row.unchecked])
    yield from [f"– values not compared: {why}" for why in unchecked]
    partly = [row for row in found.rows if row.reason and row.bound is not None]
    yield from [f"– {row.name} is not timed: {row.reason}" for row in partly]
    yield from _clock_notes(found)
    yield from _device_notes(found)


def _clock_notes(found: Timed) -> Iterator[str]:
    if found.clock is None:
        return
    what = "processor time of the thread" if found.clock == "thread" else "time on the wall"
    yield f"· measured: {what}, the median of rounds, with quartiles; warm caches; a layer alone converts its layout"
    if found.is_busy:
        yield f"· the machine was not free: wall over processor time is {found.wall_over_cpu:.2f}"
    rounds = min([row.times.rounds for row in found.rows if row.times], default=FEW_ROUNDS)
    if rounds < FEW_ROUNDS:
        many = f"{rounds} round{'s' * (rounds > 1)}"
        yield f"· {many} in the time there was: quartiles say little; --max-seconds gives more"
    if found.interrupted:
        yield "· interrupted: what was measured until then"
    if found.fit_error:
        middle, most = found.fit_error
        yield f"· predicted by a fit on small operations, off by ×{middle:.2f} in the median and ×{most:.2f} in 1 of 10"
    if any([row.role == "layer" for row in found.rows]):
        yield "· layers timed alone add up to more than the network, which fuses them"


def _device_notes(found: Timed) -> Iterator[str]:
    device = found.device
    if device is None:
        return
    told = device.source and device.status != "measured"
    source = f"; source: {listed(device.source)}" if told else ""
    yield f"· bound: no run is faster, on {device.name} ({device.status}{source})"
    yield "· direct products in the named type: Winograd, FFT and TF32 are outside of it; no ratio of bounds is shown"
    missing = [name for name, there in (("compute", device.peak.get(found.dtype)), ("memory", device.bandwidth))
               if not there]  # fmt: skip
    for side in missing:
        what = f"peak for {found.dtype}" if side == "compute" else "memory bandwidth"
        yield f"– the {side} side of the bound is missing: no {what} is known of it"
    if device.bandwidth and device.on_chip is None and device.status != "measured":
        yield "· how much memory is on the chip is not known: what stays there costs less than this"
    beaten = [row.name for row in found.rows if row.beats_bound]
    if beaten:
        yield f"· faster than its bound: {listed(beaten)}; the figures of this machine are raised for the next run"
    if device.note and device.status != "measured":
        yield f"· {device.note}"


def timed_rows(found: Timed) -> Iterator[Document]:
    """A row each, as CSV has them."""
    document = timed_document(found)
    engine, device = document["engine"], document["device"]
    said = {"engine": engine and f"{engine['name']} {engine['version']}", "device": device and device["name"]}
    yield from [{**row, **said} for row in document["timed"]]


def write_timed(found: Timed, format: str, file: TextIO, *, exact: bool = False) -> None:
    """What was timed, in any of the formats."""
    document = timed_document(found)
    write_document(document, format, file, lambda: timed_table(found, exact=exact), FIELDS, lambda: timed_rows(found))


def devices_document(devices: Sequence[Device]) -> Document:
    """The document of a list of devices."""
    return {"schema": SCHEMA, "devices": [device_entry(device) for device in devices]}


def device_table(devices: Sequence[Device]) -> Table:
    """Devices, a line each, or one with its sources below."""
    types = list(dict.fromkeys([dtype for device in devices for dtype in device.peak]))
    columns = [
        Column("status", "status", None),
        *[Column(f"peak.{dtype}", f"{dtype}\nMACs/s", COUNTS, at) for at, dtype in enumerate(types)],
        Column("bandwidth", "bytes/s", COUNTS),
        Column("on_chip", "on chip", BYTES, len(types)),
    ]
    entries = [(device.name, device_entry(device), "", False) for device in devices]
    columns = [c for c in columns if any([read(words, c.key) is not None for _, words, _, _ in entries])]
    heads, lines = grid(entries, columns, False)
    one = devices[0] if len(devices) == 1 else None
    notes = [f"· source: {source}" for source in one.source] if one else ["· dense figures; 1 MAC = 2 FLOPs"]
    notes += [f"· {one.note}"] if one and one.note else []
    title = "this machine" if one and one.status == "measured" else "devices"
    return Table(title, (), "device", heads, (Section("", lines),), (), tuple(notes))


def write_devices(devices: Sequence[Device], format: str, file: TextIO) -> None:
    """Devices, in any of the formats."""
    document = devices_document(devices)
    if format == "ndjson":
        write_entries(document, "devices", file)
        return
    entries = document["devices"]
    write_document(document, format, file, lambda: device_table(devices), DEVICE_FIELDS, lambda: iter(entries))
