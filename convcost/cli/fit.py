"""`convcost fit`: which configurations meet a budget."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..spec.errors import SpecError
from .failure import announce
from .limits import Budgets
from .names import choose_variants
from .options import Destination, Exact, Execution, Modifiers, Variants, Where
from .run import Flags

if TYPE_CHECKING:
    from ..search.fit import Fit

EPILOG = """
Of a layer every variant is tried with every setting that it has (mid, ratio, m, e, g) and that the spec does not say;
of a network every width in hundredths, and every size of --size. All of them are worked out, so nothing that fits is
missed; the rows that are shown are executed. What lies just beyond the budget is shown, too.

`_` is what is asked for: 64:_ for out channels, @_ for the size, k_, mid=_, g_, e_, m_, ratio=_, n_. Ranges are
16..512, 16..512/16 in steps, 16..512/x2 doubling, and lists 7,14,28.

A budget is written as people write it: 30M, 0.15G, 2MiB, 50k, "30 MMACs". Most params first, of a network the widest,
unless --best says otherwise: min:macs, or max:params,min:peak_bytes.

Examples:

  convcost fit mobilenet-v1 --macs 150M --peak-bytes 4MiB

  convcost fit mobilenet-v1 --macs 150M --size 96..224/32

  convcost fit 64:128 @56 k3 --macs 30M --peak-bytes 2MiB

  convcost fit 64:_ @56 k3 --variants inverted-residual --params 50k

  convcost fit 64:128 @56 k3 --macs 30M --best min:peak_bytes --top 5
"""

What = Annotated[
    list[str],
    typer.Argument(
        metavar="SPEC... | NETWORK",
        show_default=False,
        help="A layer, in which _ is what is asked for and ranges are gone through, or a network.",
    ),
]
WidthRange = Annotated[
    str, typer.Option(metavar="RANGE", show_default="0.05..3/0.01", help="Widths of a network, such as 0.25..1/0.25.")
]
SizeRange = Annotated[
    str, typer.Option(metavar="RANGE", show_default=False, help="Input sizes of a network, such as 96..224/32.")
]


def fit(
    what: What,
    variants: Variants = "",
    best: Annotated[
        str, typer.Option(metavar="WORDS", show_default="max:params", help="What comes first, such as min:macs.")
    ] = "",
    top: Annotated[
        int | None, typer.Option("--top", min=1, metavar="N", show_default=False, help="So many, whatever variant.")
    ] = None,
    width: WidthRange = "",
    size: SizeRange = "",
    exact: Exact = False,
    where: Where = "",
    *,
    budgets: Budgets,
    modifiers: Modifiers,
    execution: Execution,
    to: Destination,
) -> int:
    """Find what meets a budget: the variants and settings of a layer, the width and size of a network."""
    from ..report.fits import write_fit
    from ..search.grid import is_network

    if is_network(what[0]):
        found = _network(what, budgets, where, best, top, width, size, variants, modifiers, execution)
    else:
        found = _layer(what, budgets, where, best, top, width, size, variants, modifiers, execution)
    with to.open() as (file, written):
        write_fit(found, written, file, exact=exact)
    return _code(found)


def _layer(
    words: list[str], budgets: Budgets, where: str, best: str, top: int | None, width: str, size: str, variants: str,
    modifiers: Modifiers, execution: Execution,
) -> Fit:  # fmt: skip
    from ..search.fit import USUAL, budget_condition, fit_layer
    from ..search.questions import NUMBERS
    from ..search.select import read_orders

    for option, said in (("width", width), ("size", size)):
        if said:
            raise SpecError(f"--{option} is of networks", "write a range into the spec: 64:_ @96..224", said)
    text, flags = tokens_said(words, modifiers)
    condition = budget_condition(budgets.limits(), where)
    first = read_orders(best, NUMBERS) or USUAL
    return fit_layer(
        text, condition, choose_variants(variants), first, top,
        flags=flags, inplace=execution.inplace, verify=execution.of_rows(),
    )  # fmt: skip


def tokens_said(words: list[str], modifiers: Modifiers) -> tuple[str, dict[str, Any]]:
    """A layer as tokens, and what no token says of it; of a framework's line, too."""
    from ..search.grid import tokens_of_line
    from ..spec.text import join_words

    return tokens_of_line(join_words(words), Flags.of(modifiers).given)


def _network(
    words: list[str], budgets: Budgets, where: str, best: str, top: int | None, width: str, size: str, variants: str,
    modifiers: Modifiers, execution: Execution,
) -> Fit:  # fmt: skip
    from ..networks.build import Choices
    from ..networks.zoo import find_program
    from ..search.fit import budget_condition
    from ..search.scaling import SCALED, fit_network, read_sizes
    from ..search.select import read_orders

    if variants or any(modifiers):
        said = variants or "--norm"
        raise SpecError("a network has its own layers", "leave --variants, --norm and --activation out", said)
    program = find_program(words[0], sys.stdin.read() if words[0] == "-" else None)
    ranges = [word for word in words[1:] if re.match(r"@.*(_|\.\.|,)", word)]
    if ranges and size:
        raise SpecError("the size is given twice", "keep one of them", ranges[0])
    sizes = read_sizes(size or (ranges[0][1:] if ranges else ""))
    choices = Choices(" ".join([word for word in words[1:] if word not in ranges]))
    condition = budget_condition(budgets.limits(), where, SCALED)
    first = read_orders(best, SCALED)
    return fit_network(
        program, choices, condition, width, sizes, first, top,
        inplace=execution.inplace, verify=execution.of_networks(),
    )  # fmt: skip


def _code(found: Fit) -> int:
    """1, and why on stderr, where nothing fits or an execution contradicts the analysis."""
    if not found.best:
        announce(f"nothing fits: none of {found.configurations:,} configurations has {found.budget}")
        return 1
    statuses = [row.answer.verified.status for row in found.best if row.answer.verified]
    return int("mismatch" in statuses)
