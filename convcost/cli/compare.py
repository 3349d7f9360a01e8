"""`convcost compare`: every variant of a layer, side by side."""

from collections.abc import Callable
from typing import Annotated

import typer

from ..answers.comparison import Comparison, compare_variants, execute_rows, row_alone, rows_wanted
from ..report import Options
from ..spec import Reading
from ..spec.errors import unknown_name
from ..variants.registry import own_names, row_names
from .failure import tell
from .names import choose_variants, known_convention, named_columns
from .options import (
    NOTATION,
    Convention,
    Destination,
    Exact,
    Execution,
    Front,
    Inside,
    InsideLayer,
    Modifiers,
    OptionalSpec,
    Residual,
    Selecting,
    Showing,
    Variants,
)
from .run import Answer, Flags, Planned, answer_all

EPILOG = (
    NOTATION
    + """
Examples:

  convcost compare 64:128 @56 k3

  convcost compare 64:128 @56x48 k1x7 s2 p0x3 bias n4 fp16 --format json

  convcost compare "Conv2d(64, 128, kernel_size=(3, 3), stride=(2, 2), padding=(1, 1))" @56

  convcost compare 512:512 @14 k3 --variants standard,depthwise-separable --format markdown

  convcost compare 64:128 @28 k3 --measure

  convcost compare 64:128 @56 k3 --where "macs<=30M and peak_bytes<=4MiB" --sort max:params

  convcost compare 64:128 @56 k3 --front params,macs,peak_bytes

  convcost compare --in resnet50 --layer stage2.1.conv

  convcost compare 64:128 @56 k3 bias --convention thop

  convcost compare - --format ndjson < layers.txt
"""
)

#: The columns beside run times, unless others are asked for: what 80 columns hold; time follows traffic, not peak.
MEASURED = "params,macs,relative.macs,traffic_bytes,measured.seconds,measured.ratio"

#: So long is measured at most.
MEASURED_SECONDS = 5.0


#: Lines that plans must spare to be made: what these need takes as long to load as so many answers.
WORTH_PLANS = 150

#: Lines that want a plan for a row before one is made: it takes as long as to answer so many.
WORTH_A_PLAN = 100


def compare(
    spec: OptionalSpec = None,
    variants: Variants = "",
    baseline: Annotated[
        str, typer.Option(metavar="NAME", help="The row that ratios relate to.", show_default="standard")
    ] = "",
    residual: Residual = False,
    exact: Exact = False,
    measure: Annotated[
        bool, typer.Option("--measure", help="Time each variant in an engine on this machine, as time does.")
    ] = False,
    front: Front = "",
    inside: Inside = "",
    layer: InsideLayer = "",
    convention: Convention = "",
    *,
    showing: Showing,
    selecting: Selecting,
    modifiers: Modifiers,
    execution: Execution,
    to: Destination,
) -> int:
    """Compare every variant of a convolution: what each costs, side by side, and checked by executing it."""
    names = choose_variants(variants)
    base = _baseline(baseline)
    check, inplace = execution.of_rows(), execution.inplace

    selected = _selected(selecting, front, named=names is not None)

    def answer(read: Reading) -> Comparison:
        found = compare_variants(read.spec, names, base, inplace=inplace, verify=None if selected else check)
        if selected:
            found = execute_rows(selected(found), check, inplace)
        result = found._replace(source=read.source)
        return _measured(result, execution.verify_limit) if measure else result

    flags = Flags.of(modifiers, residual)
    words = spec or []
    if inside or layer or not words:
        from .inside import layer_of_network

        words, flags = layer_of_network(inside, layer, words, flags)
    columns = named_columns(to.columns or MEASURED * measure)
    options = Options(False, showing.per_op, columns, exact, convention=known_convention(convention))

    def parts(read: Reading) -> list[Answer]:
        """Each row alone."""

        def one(name: str) -> Answer:
            return lambda read: row_alone(name, read.spec, base, inplace=inplace)._replace(source=read.source)

        return [one(name) for name in rows_wanted(read.spec, names)]

    lines = WORTH_PLANS if not (execution.verify or measure or selected or convention) else 0
    planned = Planned(lines, parts, WORTH_A_PLAN)
    return answer_all(words, flags, answer, to, options, planned=planned)


def _selected(selecting: Selecting, front: str, *, named: bool) -> Callable[[Comparison], Comparison] | None:
    """What the options leave of a comparison; None where they say nothing."""
    if not any(selecting) and not front:
        return None
    from ..search.select import ROW_NUMBERS, ROW_WORDS, select_rows

    selection = selecting.selection(ROW_WORDS, ROW_NUMBERS, front)

    def chosen(comparison: Comparison) -> Comparison:
        found = select_rows(comparison, selection, named=named)
        if not found.rows:
            tell(f"no row is left of {len(comparison.rows)}")
        return found

    return chosen


def _measured(result: Comparison, limit: int | None) -> Comparison:
    from ..checks.verifier import DEFAULT_LIMIT
    from ..report.terminal import progress
    from ..timing.answer import measure_comparison
    from ..timing.engines import best_engine, refusal

    engine, note = best_engine()
    why = refusal(engine.name, None, result.spec.dtype) or note
    if why:
        tell(why)
    with progress(70, MEASURED_SECONDS) as step:
        most = DEFAULT_LIMIT if limit is None else limit
        return measure_comparison(result, engine, most, MEASURED_SECONDS, step)


def _baseline(name: str) -> str | None:
    if name and name not in row_names():
        raise unknown_name("baseline", name, row_names())
    return own_names([name])[0] if name else None
