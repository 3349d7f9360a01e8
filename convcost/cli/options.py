"""Options that several commands share, each described once."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from ..spec.layer import ACTIVATIONS

#: The notation of specs, for the foot of `--help`.
NOTATION = """
Spec, its tokens in any order: 64:128 channels (64 alone is 64:64), @56 or @56x48 input size, k3 or k1x7 kernel,
s2 stride, p1 padding (p0x3 an axis each, p0-1x2-3 before-after, psame, psame-upper, pvalid), d2 dilation, g32 groups,
bias, n8 batch, t transposed, op1 output padding, 1d 3d, fp32 fp16 bf16 int8, mode=reflect padding mode;
for the variants: e6 expansion ratio, ratio=4 bottleneck ratio, m2 depth multiplier, mid=96 middle channels
(mid=48x64 into and out of the kxk), v1 stride on the first 1x1.
"""


class Format(StrEnum):
    """How answers are written."""

    table = "table"
    json = "json"
    ndjson = "ndjson"
    csv = "csv"
    markdown = "markdown"
    latex = "latex"


Activation = StrEnum("Activation", {name: name for name in ACTIVATIONS})  # type: ignore[misc]  # made from the list

_SPEC = typer.Argument(
    metavar="SPEC...",
    show_default=False,
    help="One layer: tokens such as 64:128 @56 k3 s2, a printed PyTorch line with @SIZE, or JSON; "
    "- reads one a line from standard input.",
)
Spec = Annotated[list[str], _SPEC]
OptionalSpec = Annotated[list[str] | None, _SPEC]
OutputFormat = Annotated[Format, typer.Option("--format", "-f", help="How to write the answer.")]
Norm = Annotated[bool, typer.Option("--norm", help="A BatchNorm after every convolution.")]
ActivationKind = Annotated[
    Activation | None,
    typer.Option("--activation", show_default=False, help="This activation after every convolution that has one."),
]
Verify = Annotated[bool, typer.Option("--verify/--no-verify", help="Execute every row and check it.")]
VerifyLimit = Annotated[
    int | None,
    typer.Option(
        min=0,
        metavar="MACS",
        show_default="4,000,000,000",
        help="Rows with more multiply-adds are executed at a reduced size.",
    ),
]
Inplace = Annotated[
    bool, typer.Option("--inplace/--no-inplace", help="Elementwise operations write over an input nobody needs.")
]
PerOp = Annotated[bool, typer.Option("--per-op", help="A line for each operation of each row.")]
Columns = Annotated[str, typer.Option(metavar="LIST", show_default=False, help="Words to show, comma-separated.")]
Output = Annotated[
    str,
    typer.Option(
        "--output", "-o", metavar="FILE", show_default=False, help="Write to this file; its ending says the format."
    ),
]
Exact = Annotated[bool, typer.Option("--exact", help="Whole numbers in tables, digits in groups.")]
