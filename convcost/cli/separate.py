"""`convcost separate`: what a trained kernel would lose, and what in it is dead already."""

from __future__ import annotations

from typing import Annotated

import typer

from ..spec.errors import SpecError, clip
from .network import Batch
from .options import Destination, Exact, VerifyLimit

EPILOG = """
Nothing is written but what --output or a .svg behind --plot names. Words beside an array say what its shape does not:
@56 s2 p1 g4. The topic separate (convcost help separate) says what the figures mean. Exit code 1 where an execution
contradicts a figure.

Examples:

  convcost separate sobel

  convcost separate laplace @56 s2 p1 --error 20%

  convcost separate laplace @56 --curve --plot

  convcost separate gaussian @56 --macs 0.7 --format json
"""

Subject = Annotated[
    list[str],
    typer.Argument(
        metavar="WEIGHTS [@SIZE] [TOKENS...]",
        show_default=False,
        help="An .onnx, .npy, .npz or .safetensors file, or sobel; then its input size, and an array's stride …",
    ),
]


def separate(
    weights: Subject,
    macs: Annotated[
        str, typer.Option("--macs", metavar="SHARE", show_default=False, help="Ranks for this share of all MACs: 0.75.")
    ] = "",
    error: Annotated[
        str,
        typer.Option("--error", metavar="PERCENT", show_default=False, help="The cheapest row a layer within it: 10%."),
    ] = "",
    layer: Annotated[
        str, typer.Option("--layer", metavar="NAME", show_default=False, help="This layer alone, every family of it.")
    ] = "",
    curve: Annotated[bool, typer.Option("--curve", help="Every rank of every family, of one layer.")] = False,
    input: Annotated[
        list[str] | None,
        typer.Option(
            "--input",
            metavar="[NAME=]FILE",
            show_default=False,
            help="Data, .npy: output errors, too; or NAME=1x3x224x224.",
        ),
    ] = None,
    batch: Batch = None,
    exact: Exact = False,
    verify: Annotated[bool, typer.Option("--verify/--no-verify", help="Execute the best rows and check them.")] = True,
    verify_limit: VerifyLimit = None,
    *,
    to: Destination,
) -> int:
    """What trained kernels would lose as other variants, at their exact cost, and what in them is dead already."""
    from ..report.separation import write_separation
    from ..report.terminal import progress
    from ..trained.answer import DEFAULT_LIMIT, Asked
    from ..trained.opening import separate_file

    if macs and error:
        raise SpecError("--macs and --error are two questions", "keep one", error)
    if curve and (macs or error):
        text = macs or error
        raise SpecError("a curve has every rank, and no budget", "leave --macs and --error out", text)
    limit = DEFAULT_LIMIT if verify_limit is None else verify_limit
    asked = Asked(_share(macs), _percent(error), curve, False, verify, limit)
    to, (path, *words) = _drawn(to, weights)
    words += [f"n{batch}"] if batch is not None else []
    found = separate_file(path, words, asked, layer=layer, inputs=tuple(input or ()), watch=progress)
    if asked.curve and len(found.layers) != 1:
        raise SpecError("a curve is of one layer", f"add --layer NAME, such as {clip(found.layers[0].name)}")
    with to.open() as (file, written):
        write_separation(found, written, file, exact=exact)
    return int(any([one.status == "mismatch" for one in found.layers]))


def _drawn(to: Destination, words: list[str]) -> tuple[Destination, list[str]]:
    """`--plot curve.svg` is `--output curve.svg`."""
    pictures = [word for word in words if word.lower().endswith(".svg")]
    if not (to.plot and pictures):
        return to, words
    return to._replace(plot=False, output=pictures[0]), [word for word in words if word not in pictures]


def _share(text: str) -> float | None:
    """A share of all multiply-adds: 0.75, 75%, 3/4."""
    if not text:
        return None
    share = _number(text, "--macs takes a share of the MACs, such as 0.75 or 75%")
    if not 0 < share <= 1:
        hint = "give more than 0 and at most 1: 0.75"
        raise SpecError(f"{clip(text)} is no share of the MACs", hint, text)
    return share


def _percent(text: str) -> float | None:
    """An error: 10% or 0.1."""
    if not text:
        return None
    error = _number(text, "--error takes a weight error, such as 10% or 0.1")
    if not 0 <= error < 1:
        meant = 1 <= error < 100 and "%" not in text
        hint = f"did you mean {clip(text)}%?" if meant else "give less than 100%: 10%"
        raise SpecError(f"an error of {clip(text)} keeps nothing of a kernel", hint, text)
    return error


def _number(text: str, hint: str) -> float:
    """A number, a percentage or a fraction; SpecError with the hint for anything else."""
    try:
        whole, _, part = text.rstrip("%").partition("/")
        value = float(whole) / (float(part) if part else 1.0)
    except (ValueError, ZeroDivisionError):
        raise SpecError(f"{clip(text)!r} is no number", hint, text) from None
    if value != value or value in (float("inf"), -float("inf")):
        raise SpecError(f"{clip(text)!r} is no number", hint, text)
    return value / 100 if text.endswith("%") else value
