"""Tables of what trained kernels would lose, and their notes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ..spec import format_spec
from .columns import Column
from .documents import Document
from .model import Line, Section, Table, listed
from .network_tables import Entry, grid, in_units
from .notes import MISMATCH, REDUCED, SKIPPED, VERIFIED
from .units import COUNTS, RATIO, choose_scale, show

if TYPE_CHECKING:
    from ..trained.answer import Removal, Saved, Separated, Separation
    from ..trained.rows import Row

#: What stands in front of what was executed, by its status.
SIGNS = {"mismatch": MISMATCH, "reduced": VERIFIED + REDUCED, "verified": VERIFIED}

#: What shares are called in the header of a table.
SHARE_NAMES = {0.75: "¾", 0.5: "½", 0.25: "¼"}

#: Errors up to here are shown as none.
NONE = 1e-6

#: Layers that a note names.
FEW = 3


def separation_table(found: Separation, *, exact: bool = False) -> Table:
    """A line a layer: what is lost within each budget; or what became of each; of one layer alone a line a family."""
    if len(found.layers) == 1 and found.asked.macs is found.asked.error is None:
        return _families_table(found, exact=exact)
    if found.asked.macs is found.asked.error is None:
        return _layers_table(found, exact=exact)
    return _budget_table(found, exact=exact)


def _layers_table(found: Separation, *, exact: bool) -> Table:
    shares = list(dict.fromkeys([share for layer in found.layers for share, _ in layer.best]))
    columns = (
        Column("spec", "spec", None, 3),
        Column("dead", "dead\nout·in·taps", None, 1),
        Column("macs", "MACs", COUNTS, 2),
        *[Column(f"at.{share}", f"at {SHARE_NAMES[share]} MACs\nerror of noise", None) for share in shares],
        Column("best", f"best at {SHARE_NAMES[shares[1]]}" if len(shares) > 1 else "best", None, 4),
    )
    entries = [(layer.name, _summary(layer), SIGNS.get(layer.status, ""), False) for layer in found.layers]
    heads, lines = grid(entries, columns, exact)
    notes = (*_explained(found), *_dead_notes(found.removal), *_refusals(found), *_executed(found), *_said(found))
    return Table(found.name, _facts(found), "layer", heads, (Section("", _with_reasons(lines, found)),), (), notes)


def _summary(layer: Separated) -> Document:
    """What a line says of a layer."""
    best = dict(layer.best)
    middle = list(best.values())[1] if len(best) > 1 else None
    dead = layer.dead
    return {
        "spec": "–" if layer.spec is None else format_spec(layer.spec),
        "dead": "–" if dead is None else f"{dead.out}·{dead.into}·{dead.taps}" if any(dead[:3]) else "0",
        "macs": layer.macs or None,
        "at": {str(share): _pair(row) for share, row in best.items()},
        "best": "–" if middle is None else middle.variant,
    }


def _pair(row: Row | None) -> str:
    """The error of a row beside that of noise."""
    return "–" if row is None else f"{_error(row.error)} of {_error(row.noise)}"


def _error(value: float | None) -> str:
    """An error as a table shows it.

    >>> _error(0.2149), _error(1e-9), _error(None), _error(0.001)
    ('0.21', '0', '–', '0.001')
    """
    if value is None:
        return "–"
    return "0" if value <= NONE else f"{value:.2f}" if value >= 0.01 else f"{value:.1g}"


def _with_reasons(lines: Sequence[Line], found: Separation) -> tuple[Line, ...]:
    """A layer that has no rows says why across its cells."""
    return tuple([
        line._replace(reason=layer.reason) if layer.reason else line for line, layer in zip(lines, found.layers)
    ])  # fmt: skip


def _budget_table(found: Separation, *, exact: bool) -> Table:
    """What each layer becomes: the variant and its spec, to go on with."""
    entries: list[Entry] = []
    for layer in found.layers:
        row = layer.chosen
        cost = layer.macs if row is None else row.macs
        words = {
            "variant": "stays" if row is None else row.variant,
            "spec": "–" if layer.spec is None else format_spec(layer.spec if row is None else row.spec),
            "macs": cost or None,
            "relative": cost / layer.macs if layer.macs else None,
            "error": "0" if row is None else _error(row.error),
            "noise": "–" if row is None else _error(row.noise),
            "output_error": "–" if row is None else _error(row.output_error),
        }
        entries.append((layer.name, words, SIGNS.get(layer.status, ""), False))
    ratio = found.macs_after / found.macs if found.macs else None
    whole = {"variant": "", "spec": "", "macs": found.macs_after, "relative": ratio, "error": "", "noise": "",
             "output_error": ""}  # fmt: skip
    entries.append(("together", whole, "", True))
    columns = [Column("variant", "becomes", None, 4), Column("spec", "spec", None, 1),
               Column("macs", "MACs", COUNTS, 3), Column("relative", "MACs\n× before", RATIO),
               Column("error", "weight\nerror", None), Column("noise", "of noise", None, 2)]  # fmt: skip
    if found.input:
        columns.append(Column("output_error", "output\nerror", None))
    heads, lines = grid(entries, columns, exact)
    lines = (*_with_reasons(lines[:-1], found), lines[-1])
    notes = (*_budget_notes(found), *_explained(found), *_refusals(found), *_executed(found), *_said(found))
    return Table(found.name, _facts(found), "layer", heads, (Section("", lines),), (), notes)


def _budget_notes(found: Separation) -> Iterator[str]:
    """What the answer to a budget means, also where it is that nothing is cheaper."""
    kept = [layer for layer in found.layers if not layer.reason and layer.chosen is None]
    looked = [layer for layer in found.layers if not layer.reason]
    error = found.asked.error
    if error is not None:
        if looked and len(kept) == len(looked):
            yield f"· none is cheaper within {100 * error:g} %: no family of any layer loses so little for fewer MACs"
        elif kept:
            yield f"· none is cheaper within {100 * error:g} %: {len(kept)} of {len(looked)} layers stay"
        yield "· each layer by itself: errors of layers do not add up to the network's, which only running it shows"
    elif found.macs and found.macs_after > (found.asked.macs or 1) * found.macs:
        yield "· no ranks are that cheap"
    else:
        yield "· ranks are allocated: the least sum of squared weight errors that the budget buys; it is not accuracy"


def _families_table(found: Separation, *, exact: bool) -> Table:
    """A line a row of one layer."""
    (layer,) = found.layers
    rows = list(layer.rows)
    columns = [
        Column("order", "order", None, 5), Column("rank", "rank", None), Column("error", "weight\nerror", None),
        Column("noise", "of noise", None, 1), Column("macs", "MACs", COUNTS, 3),
        Column("relative", "MACs\n× layer", RATIO), Column("params", "params", COUNTS, 4),
        Column("spec", "spec", None, 2),
    ]  # fmt: skip
    if found.input:
        columns.insert(3, Column("output_error", "output\nerror", None))
    entries: list[Entry] = []
    for row in rows:
        words = {
            "order": row.order, "rank": "–" if not row.ranks else "x".join(map(str, row.ranks)),
            "error": _error(row.error), "noise": _error(row.noise), "output_error": _error(row.output_error),
            "macs": row.macs, "relative": row.macs / layer.macs if layer.macs else None, "params": row.params,
            "spec": format_spec(row.spec) + f" ({row.groups}×)" * (row.groups > 1 and row.variant != "grouped"),
        }  # fmt: skip
        entries.append((row.variant, words, "" if row.verified is None else SIGNS[row.verified.status], False))
    heads, lines = grid(entries, columns, exact) if entries else ((), ())
    notes = (*_filter_notes(layer), *_exact_notes(layer), *_alone_notes(layer), *_explained(found), *_missing(layer),
             *_refusals(found), *_executed(found), *_said(found))  # fmt: skip
    sections = (Section("", lines),) if lines else ()
    alone = found.name.partition(".")[0] == layer.name
    title = found.name if alone else f"{found.name}, {layer.name}"
    return Table(title, _facts(found), "variant", heads, sections, (), notes)


def _facts(found: Separation) -> tuple[str, ...]:
    if len(found.layers) == 1:
        spec = found.layers[0].spec
        return () if spec is None else (format_spec(spec), *_costs(found.macs))
    return (f"{len(found.layers)} convolutions", *_costs(found.macs))


def _costs(macs: int) -> tuple[str, ...]:
    scale = choose_scale([macs], COUNTS)
    return (f"{show(macs, scale)} {scale.unit} MACs".replace("  ", " "),) if macs else ()


def _filter_notes(layer: Separated) -> Iterator[str]:
    if layer.filter:
        yield f"· {layer.filter}"


def _exact_notes(layer: Separated) -> Iterator[str]:
    """The families that lose nothing at less than the rank at which no kernel loses anything."""
    exact = [f"{name} at rank {rank} of {most}" for name, rank, most in layer.exact if rank < most]
    if exact:
        yield f"· nothing is lost by {listed(exact)}"


def _alone_notes(layer: Separated) -> Iterator[str]:
    dead = layer.dead
    if dead is None or not any(dead[:3]):
        return
    padding = f", of which {dead.padding} only ever meet padding at this size" if dead.padding else ""
    counts = (("out-channel", dead.out), ("in-channel", dead.into), ("tap", dead.taps))
    parts = [f"{count} {name}{'s' * (count > 1)}" for name, count in counts if count]
    yield f"· dead: {listed(parts)}{padding}"


def _explained(found: Separation) -> Iterator[str]:
    """What the numbers are, once."""
    if not any([layer.rows or layer.best for layer in found.layers]):
        return
    yield (
        "· weight error is |W − W′| / |W| of the kernel, beside it that of Gaussian noise at the same ranks: where "
        "they are near, there is little to separate. It is no accuracy, which only data and training show"
    )
    for layer in found.layers:
        for note in layer.notes[: 1 if len(found.layers) > 1 else None]:
            if layer.storage is not None:
                yield f"· {layer.name}: {note}"
    folded = [layer for layer in found.layers if any(["BatchNorm" in note for note in layer.notes])]
    if folded:
        yield f"· of {len(folded)} layers the BatchNorm behind them is folded into the weights first"


def _missing(layer: Separated) -> Iterator[str]:
    for name, why in layer.missing:
        yield f"{SKIPPED} {name} does not apply: {why}"


def _refusals(found: Separation) -> Iterator[str]:
    if found.inside:
        yield f"{SKIPPED} {found.inside} convolutions inside of branches, loops or functions are not looked at"
    if len(found.layers) == 1 and found.layers[0].reason:
        yield f"{SKIPPED} {found.layers[0].reason}"


def _dead_notes(found: Removal | None) -> Iterator[str]:
    """What is dead in the network, and what removing it saves."""
    if found is None or not found.total.params:
        return
    if not found.upper.params and not found.fitting.params:
        yield "· dead: nothing that could be taken out"
        return
    yield f"· dead: at most {_saved(found.upper, found.total)} of the convolutions"
    if not found.layers:
        yield "· of this nothing can be taken out, as other operations need the channels"
        return
    names = [f"{one.name} to {format_spec(one.after)}" for one in found.layers[:FEW]]
    more = [f"{len(found.layers) - FEW} more (--format json)"] if len(found.layers) > FEW else []
    checked = [one.verified for one in found.layers if one.verified is not None]
    wrong = [one for one in checked if one.status == "mismatch"]
    sign, how = ("·", "") if not checked else (MISMATCH, ", which an execution contradicts") if wrong else (
        VERIFIED, ", each layer executed with and without it: the same output"
    )  # fmt: skip
    yield f"{sign} can be taken out: {_saved(found.fitting, found.total)}{how}: {listed([*names, *more])}"


def _saved(saved: Saved, total: Saved) -> str:
    share = 100 * saved.params / total.params
    macs = 100 * saved.macs / total.macs if total.macs else 0.0
    return f"{saved.params:,} params ({share:.1f} %), {macs:.1f} % of the MACs, {in_units(saved.weight_bytes)}"


def _executed(found: Separation) -> Iterator[str]:
    """What executing rows showed."""
    status = [layer.status for layer in found.layers]
    for layer in found.layers:
        for row in [*layer.rows, *[row for _, row in layer.best if row is not None]]:
            if row.verified is not None and row.verified.status == "mismatch":
                wrong = [name for name, check in row.verified.checks.items() if check.ok is False]
                yield f"{MISMATCH} {layer.name} as {row.variant}: executed, {listed(wrong)} came out differently"
    if "verified" in status or "reduced" in status:
        what = "marked rows" if len(found.layers) == 1 else "the rows of marked layers"
        yield (
            f"{VERIFIED} executed in this run: {what}, their factors beside the layer with the kernel that these make; "
            "the error measured again; the full rank gives the kernel back"
        )
    if "reduced" in status:
        yield f"{VERIFIED}{REDUCED} executed on a smaller input, of the same channels and border"


def _said(found: Separation) -> Iterator[str]:
    for note in found.notes:
        yield f"· {note}"
