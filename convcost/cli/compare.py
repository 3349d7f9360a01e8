"""`convcost compare`: every variant of a layer, side by side."""

from __future__ import annotations

from typing import Annotated

import typer

from ..answers.comparison import Comparison
from ..answers.comparison import compare as compare_variants
from ..report import Options
from ..spec import Reading
from ..variants.registry import AS_GIVEN, all_variants
from .names import choose_columns, choose_names, unknown_name
from .options import (
    NOTATION,
    ActivationKind,
    Columns,
    Exact,
    Format,
    Inplace,
    Norm,
    OptionalSpec,
    Output,
    OutputFormat,
    PerOp,
    Verify,
    VerifyLimit,
)
from .run import Flags, answer_all, verifier

EPILOG = (
    NOTATION
    + """
Examples:

  convcost compare 64:128 @56 k3

  convcost compare 64:128 @56x48 k1x7 s2 p0x3 bias n4 fp16 --format json

  convcost compare "Conv2d(64, 128, kernel_size=(3, 3), stride=(2, 2), padding=(1, 1))" @56

  convcost compare 512:512 @14 k3 --variants standard,depthwise-separable --format markdown

  convcost compare 64:128 @28 k3 --measure

  convcost compare --in resnet50 --layer stage2.1.conv

  convcost compare - --format ndjson < layers.txt
"""
)

#: The columns beside run times, unless others are asked for: what 80 columns hold; time follows traffic, not peak.
MEASURED = "params,macs,relative.macs,traffic_bytes,measured.seconds,measured.macs_per_second"


def compare(
    spec: OptionalSpec = None,
    variants: Annotated[
        str, typer.Option(metavar="LIST", show_default=False, help="Variants to show, comma-separated; all by default.")
    ] = "",
    baseline: Annotated[
        str, typer.Option(metavar="NAME", help="The row that ratios relate to.", show_default="standard")
    ] = "",
    residual: Annotated[bool, typer.Option("--residual", help="A shortcut on every replacement.")] = False,
    norm: Norm = False,
    activation: ActivationKind = None,
    per_op: PerOp = False,
    columns: Columns = "",
    format: OutputFormat = Format.table,
    output: Output = "",
    exact: Exact = False,
    verify: Verify = True,
    verify_limit: VerifyLimit = None,
    inplace: Inplace = True,
    measure: Annotated[
        bool, typer.Option("--measure", help="Run each variant on this machine: seconds, and multiply-adds a second.")
    ] = False,
    inside: Annotated[
        str, typer.Option("--in", metavar="NETWORK", show_default=False, help="Compare a layer of this network.")
    ] = "",
    layer: Annotated[
        str, typer.Option("--layer", metavar="NAME", show_default=False, help="Its name, as network --per-layer shows.")
    ] = "",
) -> int:
    """Compare every variant of a convolution: what each costs, side by side, and checked by executing it."""
    names = choose_names(variants, [AS_GIVEN, *all_variants()], "variant")
    base = _baseline(baseline)
    check = verifier(verify, verify_limit)

    def answer(read: Reading) -> Comparison:
        result = compare_variants(read.spec, names, base, inplace=inplace, verify=check)._replace(source=read.source)
        return _measured(result, verify_limit, inplace) if measure else result

    flags = Flags(norm, activation.value if activation else None, residual)
    words = spec or []
    if inside or layer or not words:
        from .inside import layer_of_network

        words, flags = layer_of_network(inside, layer, words, flags)
    options = Options(per_op=per_op, columns=choose_columns(columns or MEASURED * measure), exact=exact)
    return answer_all(words, flags, answer, format.value, options, output)


def _measured(result: Comparison, limit: int | None, inplace: bool) -> Comparison:
    from ..checks.measuring import measure_all
    from ..checks.verifier import DEFAULT_LIMIT

    return measure_all(result, DEFAULT_LIMIT if limit is None else limit, inplace=inplace)


def _baseline(name: str) -> str | None:
    known = [AS_GIVEN, *all_variants()]
    if name and name not in known:
        raise unknown_name("baseline", name, known)
    return name or None
