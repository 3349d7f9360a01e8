"""`convcost layer`: exactly the layer described."""

from __future__ import annotations

from ..answers.comparison import Layer
from ..answers.comparison import answer as answer_row
from ..report import Options
from ..spec import Reading
from .names import choose_columns
from .options import (
    NOTATION,
    ActivationKind,
    Columns,
    Exact,
    Format,
    Inplace,
    Norm,
    Output,
    OutputFormat,
    PerOp,
    Spec,
    Verify,
    VerifyLimit,
)
from .run import Flags, answer_all, verifier

EPILOG = (
    NOTATION
    + """
Examples:

  convcost layer 64:64 @56 k3 g64

  convcost layer 64:32 @8 k3 s2 p1 op1 t

  convcost layer - --format ndjson < layers.txt
"""
)


def layer(
    spec: Spec,
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
) -> int:
    """Answer for exactly the layer described, nothing else."""
    check = verifier(verify, verify_limit)

    def answer(read: Reading) -> Layer:
        return Layer(read.spec, answer_row(read.variant, read.spec, inplace, check), read.source)

    flags = Flags(norm, activation.value if activation else None)
    options = Options(per_op=per_op, columns=choose_columns(columns), exact=exact)
    return answer_all(spec, flags, answer, format.value, options, output)
