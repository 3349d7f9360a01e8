"""`convcost layer`: exactly the layer described."""

from ..answers.comparison import Layer
from ..answers.comparison import answer as answer_row
from ..report import Options
from ..spec import Reading
from .names import known_convention, named_columns
from .options import (
    NOTATION,
    Convention,
    Destination,
    Exact,
    Execution,
    Inside,
    InsideLayer,
    Modifiers,
    OptionalSpec,
    Showing,
)
from .run import Flags, Planned, answer_all

EPILOG = (
    NOTATION
    + """
Examples:

  convcost layer 64:64 @56 k3 g64

  convcost layer 64:32 @8 k3 s2 p1 op1 t

  convcost layer --in resnet50 --layer stage2.1.conv

  convcost layer - --format ndjson < layers.txt
"""
)


#: Lines that plans must spare to be made: what these need takes as long to load as so many answers.
WORTH_PLANS = 1200

#: Lines that want a plan before one is made: it takes as long as to answer so many.
WORTH_A_PLAN = 20


def layer(
    spec: OptionalSpec = None,
    exact: Exact = False,
    inside: Inside = "",
    layer: InsideLayer = "",
    convention: Convention = "",
    *,
    showing: Showing,
    modifiers: Modifiers,
    execution: Execution,
    to: Destination,
) -> int:
    """Answer for exactly the layer described, nothing else."""
    check = execution.of_rows()

    def answer(read: Reading) -> Layer:
        return Layer(read.spec, answer_row(read.variant, read.spec, execution.inplace, check), read.source)

    words, flags = spec or [], Flags.of(modifiers)
    if inside or layer or not words:
        from .inside import layer_of_network

        words, flags = layer_of_network(inside, layer, words, flags)
    options = Options(False, showing.per_op, named_columns(to.columns), exact, convention=known_convention(convention))
    planned = Planned(0 if execution.verify or convention else WORTH_PLANS, least=WORTH_A_PLAN)
    return answer_all(words, flags, answer, to, options, planned=planned)
