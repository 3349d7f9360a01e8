"""Documents of networks -> the table model."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from .columns import COLUMNS, LEADING, Column, exactly, plain, read, with_convention
from .model import Head, Line, Section, Table, listed
from .notes import MISMATCH, REDUCED, SKIPPED, VERIFIED, mismatches
from .units import BYTES, COUNTS, PLAIN, RATIO, Units, choose_scale, show

PERCENT = Units(("%",))

#: Layers that a note names; JSON names all.
FEW = 4

_PARAMS, _MACS = Column("params", "params", COUNTS, 1), Column("macs", "MACs", COUNTS)
_SHARES = (
    Column("share.params", "params\nshare", PERCENT, 5),
    Column("share.macs", "MACs\nshare", PERCENT, 2),
)
_REST = (
    Column("effective_macs", "effective\nMACs", COUNTS, 6),
    Column("elementwise", "elementwise", COUNTS, 7),
    Column("activation_bytes", "activations", BYTES, 4),
    Column("traffic_bytes", "traffic", BYTES, 8),
)

TYPES = (Column("count", "count", PLAIN, 3), _PARAMS, _SHARES[0], _MACS, _SHARES[1], *_REST)
LAYERS = (
    Column("op", "operation", None, 6),
    Column("output_shape", "output", None, 3),
    _PARAMS,
    _SHARES[0],
    _MACS,
    _SHARES[1],
    *_REST[:2],
    Column("peak_bytes", "alive", BYTES, 4),
    _REST[3],
)
SWAP = (
    _PARAMS,
    Column("relative.params", "params\n× before", RATIO, 1),
    _MACS,
    Column("relative.macs", "MACs\n× before", RATIO, 0),
    Column("peak_bytes", "peak", BYTES, 2),
    Column("relative.peak_bytes", "peak\n× before", RATIO, 5),
    Column("activation_bytes", "activations", BYTES, 4),
    Column("traffic_bytes", "traffic", BYTES, 3),
    Column("relative.traffic_bytes", "traffic\n× before", RATIO, 6),
)
ZOO = (
    Column("input", "input", None, 1),
    Column("params", "params", COUNTS),
    Column("macs", "MACs", COUNTS),
    Column("source", "source", None, 2),
)

#: A line of a table before its numbers are text: name, words, mark, and whether it is the total.
Entry = tuple[str, dict[str, Any], str, bool]


def network_table(
    document: dict[str, Any], *, per_layer: bool = False, exact: bool = False, fields: Iterable[str] = ()
) -> Table:
    """Totals by kind of operation, or by layer, and what there is to say about peak, training and execution.

    The `fields` beyond its columns are hidden ones.
    """
    columns: Sequence[Column] = LAYERS if per_layer else TYPES
    columns = with_convention(_known_shares(columns, document), document.get("convention", {}).get("name", ""))
    total = {
        **document["total"],
        "convention": document.get("convention"),
        "share": dict.fromkeys(document["op_types"][0]["share"], 1.0),
    }
    if per_layer:
        marks = layer_marks(document["verified"])
        entries = [(layer["name"], layer, marks.get(layer["name"], ""), False) for layer in document["layers"]]
        label = "layer"
    else:
        entries = [(kind["op"], kind, "", False) for kind in document["op_types"]]
        total["count"] = layers_in_all(document)
        label = "operations"
    entries.append(("total", total, "", True))
    heads, lines = grid(entries, columns, exact, fields)
    executed = execution_notes(document["verified"], partial=bool(document["unknown"]))
    notes = (*_unknown_notes(document), *_memory_notes(document), *executed)
    return Table(document["name"], title_facts(document), label, heads, (Section("", lines),), (), notes)


def title_facts(document: dict[str, Any]) -> tuple[str, ...]:
    """What holds for all of a network: the input, its type, and how many at once.

    >>> title_facts({"input": (1, 3, 224, 224), "dtype": "fp32"})
    ('3x224x224', 'fp32', 'batch 1')
    """
    batch, *shape = document["input"]
    return (plain(shape), document["dtype"], f"batch {batch}")


def _known_shares(columns: Sequence[Column], document: dict[str, Any]) -> Sequence[Column]:
    """The columns without shares of a total that is not known."""
    unknown = {"share.macs"} if document["unknown"] else set()
    unknown |= set() if document["params_complete"] else {"share.params"}
    return [column for column in columns if column.key not in unknown]


def swap_table(document: dict[str, Any], *, exact: bool = False, fields: Iterable[str] = ()) -> Table:
    """Before and after; the `fields` beyond its columns are hidden ones."""
    after = {**document["after"], "relative": document["relative"]}
    said = document.get("convention", {"before": {}, "after": {}})
    entries: list[Entry] = [
        ("before", {**document["before"], "convention": said["before"]}, "", True),
        ("after", {**after, "convention": said["after"]}, "", False),
    ]
    heads, lines = grid(entries, with_convention(SWAP, said["before"].get("name", "")), exact, fields)
    title = f"{document['name']}, {document['where']} to {document['to']}"
    return Table(
        title, title_facts(document), "network", heads, (Section("", lines),), (), tuple(_swap_notes(document))
    )


def zoo_table(document: dict[str, Any], *, exact: bool = False) -> Table:
    """What is built in."""
    entries: list[Entry] = [
        (
            network["name"],
            {**network, "input": network["input"][1:], "source": short_source(network["source"])},
            "",
            False,
        )
        for network in document["networks"]
    ]
    heads, lines = grid(entries, with_convention(ZOO, document.get("convention", "")), exact)
    return Table("", (), "network", heads, (Section("", lines),), (), ("· the sources in full: --format csv or json",))


def short_source(source: str) -> str:
    """Who and when, without what and where.

    >>> short_source("He et al. 2015, Deep Residual Learning for Image Recognition, Table 1")
    'He et al. 2015'
    """
    return source.split(",")[0].split(";")[0]


def grid(
    entries: Sequence[Entry], columns: Iterable[Column], exact: bool, fields: Iterable[str] = ()
) -> tuple[tuple[Head, ...], tuple[Line, ...]]:
    """Heads and lines, one unit a column, or whole numbers where `exact`.

    The `fields` that are not among the columns are hidden ones, for whoever asks for them.
    """
    columns = tuple(columns)
    shown = {column.key for column in columns}
    others = [_column(field) for field in fields if field not in shown and field not in LEADING]
    heads, texts = [], []
    for column in map(exactly, (*columns, *others)) if exact else (*columns, *others):
        values = [read(words, column.key) for _, words, _, _ in entries]
        heads.append(_head(column, values)._replace(hidden=column.key not in shown))
        texts.append(_cells(column, values))
    lines = [Line(name, cells, None, mark, False, total) for (name, _, mark, total), cells in zip(entries, zip(*texts))]
    return tuple(heads), tuple(lines)


def _column(field: str) -> Column:
    """The column of a field that no table shows unless it is asked to."""
    if field in COLUMNS:
        return COLUMNS[field]
    if field.startswith("share."):
        return Column(field, f"{_column(field[6:]).header.split()[0]}\nshare", PERCENT)
    return Column(field, field.replace("_", "\n", 1).replace("_", " "), PLAIN if field == "count" else None)


def _head(column: Column, values: list[Any]) -> Head:
    percent, number = column.units is PERCENT, column.units is not None
    unit = "%" if percent else choose_scale(_whole(values), column.units).unit if column.units else ""
    return Head(column.key, column.header, unit, number, column.priority)


def _cells(column: Column, values: list[Any]) -> list[str]:
    if column.units is None:
        return [plain(value) or "–" for value in values]
    if column.units is PERCENT:
        return ["–" if value is None else "0" if not value else f"{100 * value:.2f}" for value in values]
    scale = choose_scale(_whole(values), column.units)
    return ["–" if value is None else show(value, scale) for value in values]


def _whole(values: list[Any]) -> list[Any]:
    """Numbers that choose a unit: what is less than a thousandth of the largest need not be read to three digits."""
    most = max([value for value in values if value is not None], default=0)
    return [value for value in values if value and value * 1000 >= most]


def layer_marks(verified: dict[str, Any]) -> dict[str, str]:
    """The sign in front of each layer that was executed or skipped."""
    signs = {"mismatch": MISMATCH, "skipped": SKIPPED, "reduced": VERIFIED + REDUCED}
    return {name: signs.get(one["status"], VERIFIED) for one in verified["layers"] for name in one["names"]}


def in_units(count: int) -> str:
    """Bytes in words, alone.

    >>> in_units(7225344)
    '6.89 MiB'
    """
    scale = choose_scale([count], BYTES)
    return f"{show(count, scale)} {scale.unit}"


def layers_in_all(document: dict[str, Any]) -> int:
    """How many layers a network has, whichever of them are listed."""
    return sum([kind["count"] for kind in document["op_types"]])


def _memory_notes(document: dict[str, Any]) -> Iterator[str]:
    peak, training = document["peak"], document["training"]
    alive = listed([f"{tensor['name']} {in_units(tensor['bytes'])}" for tensor in peak["alive"]])
    steps = layers_in_all(document)
    yield f"· peak {in_units(peak['bytes'])} at step {peak['step']} of {steps}, {peak['layer']}; alive there: {alive}"
    states = ", ".join(
        f"{name} {in_units(count)}" for name, count in training["optimizer_state_bytes"].items() if count
    )
    yield (
        f"· weights {in_units(training['weight_bytes'])}; to train: gradients {in_units(training['gradient_bytes'])}, "
        f"optimiser state {states} (SGD none), "
        f"activations saved for backward {in_units(training['saved_activation_bytes'])}"
    )


def _unknown_notes(document: dict[str, Any]) -> Iterator[str]:
    """What is missing from every total."""
    missing = [f"{one['count']} × {one['op']}" for one in document["unknown"]]
    if missing:
        yield f"{MISMATCH} partial: these operations are not known and not counted: {listed(missing)}"


def execution_notes(verified: dict[str, Any], what: str = "", *, partial: bool = False) -> Iterator[str]:
    """What was executed, what came out differently, what was executed smaller, and what was not executed.

    Of a `partial` network it is the part that is known, and shares are of what is counted.
    """
    layers, wiring, seen = verified["layers"], verified["wiring"], verified["seen"]
    if not layers and wiring["status"] == "skipped":
        reason = f" ({wiring['reason']})" if "reason" in wiring else ""
        yield f"{SKIPPED} {what}not verified; every number is by analysis only{reason}"
        return
    whole = "the part that is known" if partial else "the whole network"
    yield from _different(layers, wiring, seen, what, whole)
    counted = "MACs counted" if partial else "MACs"
    parts = [*_full_size(layers, verified["macs_share"], counted), *_whole_network(wiring, seen, whole)]
    if parts:
        yield f"{VERIFIED} {what}executed in this run, and came out as analysed: {listed(parts)}"
    reduced = [f"{one['names'][0]} at {plain(one['input'])}" for one in layers if one["status"] == "reduced"]
    if reduced:
        yield f"{VERIFIED}{REDUCED} {what}executed at a reduced size: {listed(_few(reduced))}"
    skipped: dict[str, list[str]] = {}
    for one in layers:
        if one["status"] == "skipped":
            skipped.setdefault(one["reason"], []).append(one["names"][0])
    for reason, names in skipped.items():
        yield f"{SKIPPED} {what}not executed: {listed(names)} ({reason})"
    if verified.get("not_executed"):
        yield f"{SKIPPED} {what}counted by definition, not executed: {listed(verified['not_executed'])}"
    if wiring["status"] == "skipped":
        yield f"{SKIPPED} {what}the wiring was not executed ({wiring.get('reason', '')})"
    unseen = [_named(word) for word, one in seen.items() if one["ok"] is None and one["expected"] is not None]
    if unseen:
        yield f"{SKIPPED} {what}by analysis only: {listed(unseen)}"


def _different(layers: list[Any], wiring: dict[str, Any], seen: dict[str, Any], what: str, whole: str) -> Iterator[str]:
    for one in layers:
        if one["status"] == "mismatch":
            yield f"{MISMATCH} {what}{one['names'][0]}: {listed(mismatches({'verified': one}))}"
    if wiring["status"] == "mismatch":
        found = listed(mismatches({"verified": wiring}))
        yield f"{MISMATCH} {what}{whole} at {plain(wiring['input'])}: {found}"
    wrong = mismatches({"verified": {"checks": seen}})
    if wrong:
        yield f"{MISMATCH} {what}{listed(wrong)}"


def _full_size(layers: list[Any], share: float | None, counted: str) -> Iterator[str]:
    """The layers at full size, and the share of the multiply-adds that they have."""
    good = [one for one in layers if one["status"] == "verified"]
    if not good:
        return
    count, every = sum([len(one["names"]) for one in good]), len(good) == len(layers)
    which = "every distinct layer" if every else f"{len(good)} of {len(layers)} distinct layers"
    whole = sum([len(one["names"]) for one in layers])
    products = f"{len(good)} for {count}" if every else f"for {count} of {whole}"
    part = "" if share is None else f", {percent(share)} of the {counted}"
    yield (
        f"{which} once at full size, {products} convolutions and matrix products{part} "
        "(output, params, MACs, effective MACs, FLOPs)"
    )


def _whole_network(wiring: dict[str, Any], seen: dict[str, Any], whole: str) -> Iterator[str]:
    if wiring["status"] in ("verified", "partial"):
        yield f"{whole} at {plain(wiring['input'])} (every word, and shares)"
    words = [_named(word) for word, one in seen.items() if one["ok"]]
    if words:
        yield f"what is seen of the input ({listed(words)})"


def _few(names: list[str]) -> list[str]:
    return names if len(names) <= FEW else [*names[: FEW - 1], f"{len(names) - FEW + 1} more"]


def _named(word: str) -> str:
    return {"receptive_field": "receptive fields", "op_receptive_field": "those of each layer alone"}.get(word, word)


def percent(share: float) -> str:
    """A share in words; all and nothing are only what is.

    >>> percent(1.0), percent(0.99999), percent(0.00587), percent(0.0)
    ('100 %', '99.99 %', '0.59 %', '0 %')
    """
    if share in (0, 1):
        return f"{share:.0%}".replace("%", " %")
    return f"{min(max(100 * share, 0.01), 99.99):.2f} %"


def _swap_notes(document: dict[str, Any]) -> Iterator[str]:
    replaced = document["replaced"]
    names = f": {listed(replaced)}" if replaced else ""
    yield f"· replaced {len(replaced)}, each with its input and output shapes kept{names}"
    reasons: dict[str, list[str]] = {}
    for layer in document["left"]:
        reasons.setdefault(layer["reason"], []).append(layer["name"])
    for reason, left in reasons.items():
        yield f"· left alone, {reason}: {listed(left)}"
    yield from execution_notes(document["verified"]["after"], "after: ")
