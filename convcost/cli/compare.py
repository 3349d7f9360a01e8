"""`convcost compare`: every variant of a layer, side by side."""

from __future__ import annotations

from typing import Annotated

import typer

from ..comparison import Comparison
from ..comparison import compare as compare_variants
from ..report import Options
from ..spec import LayerSpec
from ..variants.registry import AS_GIVEN, all_variants
from .names import choose_columns, choose_names, unknown_name
from .options import (
    NOTATION,
    ActivationKind,
    Columns,
    Format,
    Inplace,
    Norm,
    OutputFormat,
    PerOp,
    Spec,
    Verify,
    VerifyLimit,
)  # fmt: skip
from .run import Flags, answer_all, verifier

EPILOG = (
    NOTATION
    + """
Examples:

  convcost compare 64:128 @56 k3

  convcost compare 64:128 @56x48 k1x7 s2 p0x3 bias n4 fp16 --format json

  convcost compare "Conv2d(64, 128, kernel_size=(3, 3), stride=(2, 2), padding=(1, 1))" @56

  convcost compare 512:512 @14 k3 --variants standard,depthwise-separable --format markdown

  convcost compare - --format ndjson < layers.txt
"""
)


def compare(
    spec: Spec,
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
    verify: Verify = True,
    verify_limit: VerifyLimit = None,
    inplace: Inplace = True,
) -> int:
    """Compare every variant of a convolution: what each costs, side by side, and checked by executing it."""
    names = choose_names(variants, [AS_GIVEN, *all_variants()], "variant")
    base = _baseline(baseline)
    check = verifier(verify, verify_limit)

    def answer(layer: LayerSpec) -> Comparison:
        return compare_variants(layer, names, base, inplace=inplace, verify=check)

    flags = Flags(norm, activation.value if activation else None, residual)
    options = Options(per_op=per_op, columns=choose_columns(columns))
    return answer_all(spec, flags, answer, format.value, options)


def _baseline(name: str) -> str | None:
    known = [AS_GIVEN, *all_variants()]
    if name and name not in known:
        raise unknown_name("baseline", name, known)
    return name or None
