"""`convcost time`: how long each variant takes in a real engine, and the bound that no run beats."""

from __future__ import annotations

import sys
from collections.abc import Callable
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..spec.errors import SpecError, clip
from ..timing import ENGINES, NETWORK_SECONDS, SECONDS
from .failure import tell
from .names import choose_variants
from .options import NOTATION, Destination, Exact, Modifiers, OfNetwork, OptionalSpec, Residual, Variants

if TYPE_CHECKING:
    from ..timing.answer import Stopwatch, Timed
    from ..timing.calibrate import Profile
    from ..timing.devices import Device

    Opened = Callable[[], tuple[Stopwatch, Profile | None]]  # an engine, once it is known what to time in it

EPILOG = (
    NOTATION
    + """
Measured is the median of rounds in the engine, with quartiles; bound is what no run beats, from this machine's own
calibration (convcost device) or a device's figures; '!' marks fewer multiply-adds that take longer.

Examples:

  convcost time 64:128 @14 k3 --max-seconds 0.2

  convcost time 64:128 @14 k3 --engine numpy --variants standard,depthwise-separable --max-seconds 0.2

  convcost time 64:128 @56 k3 fp16 --device a100

  convcost time --network mobilenet-v2 @64 --max-seconds 0.2

  convcost time --network resnet50 fp16 n256 --device nvidia-rtx-4090
"""
)

EngineName: Any = StrEnum("EngineName", {name: name for name in ENGINES})  # type: ignore[misc]  # made from the list

Threads = Annotated[int, typer.Option(min=1, max=1024, metavar="N", help="Threads of the engine.")]
Chosen = Annotated[EngineName, typer.Option("--engine", metavar="NAME", help=f"Run it in this: {', '.join(ENGINES)}.")]


def time(
    spec: OptionalSpec = None,
    variants: Variants = "",
    engine: Chosen = EngineName[ENGINES[0]],
    threads: Threads = 1,
    device: Annotated[
        str,
        typer.Option(metavar="NAME", show_default=False, help="Bounds on this device, or my.toml, alone."),
    ] = "",
    network: OfNetwork = "",
    per_layer: Annotated[
        bool, typer.Option("--per-layer", help="Each distinct operation of the network, alone.")
    ] = False,
    predict: Annotated[
        bool, typer.Option("--predict", help="A guess from a fit on small operations, too, with its error.")
    ] = False,
    max_seconds: Annotated[
        float | None,
        typer.Option(min=0.0, metavar="S", show_default="10; a network: 20", help="So long at most."),
    ] = None,
    residual: Residual = False,
    exact: Exact = False,
    *,
    modifiers: Modifiers,
    to: Destination,
) -> int:
    """Time every variant of a layer, or a network, in a real engine on this machine, beside a bound."""
    from ..report.terminal import progress
    from ..report.timing import write_timed
    from ..timing.machine import open_watch

    words = spec or []
    network, words = _network_of(network, words)
    seconds = max_seconds if max_seconds is not None else NETWORK_SECONDS if network else SECONDS
    _check_options(per_layer, network, variants)
    with progress(70, 0.0 if device else seconds) as step:
        on = chosen_device(device) if device else None
        opened = partial(open_watch, engine.value, threads, on, predict, seconds, step)
        if network:
            found = _time_network(network, words, opened, per_layer)
        else:
            found = _time_layer(words, variants, modifiers, residual, opened)
    with to.open() as (file, written):
        write_timed(found, written, file, exact=exact)
    return _code(found)


def _network_of(network: str, words: list[str]) -> tuple[str, list[str]]:
    """A file that ends in .onnx is a network, whether it is said or not."""
    from ..answers.opening import is_onnx

    if not network and words and is_onnx(words[0]):
        return words[0], words[1:]
    if not network and not words:
        raise SpecError("there is nothing to time", "write a layer such as 64:128 @56 k3, or --network NAME, or a file")
    return network, words


def _check_options(per_layer: bool, network: str, variants: str) -> None:
    if per_layer and not network:
        raise SpecError("--per-layer is of a network", "say --network NAME; a layer has variants")
    if variants and network:
        raise SpecError("--variants are of a layer", "leave it out, or --network", variants)


def chosen_device(name: str) -> Device:
    """The device of that name; others that have it in theirs are told on stderr."""
    from ..timing.devices import find_device

    found, others = find_device(name)
    if others:
        tell(f"{clip(name)} is {found.name}; there is {', '.join(others)}, too")
    return found


def _time_layer(words: list[str], variants: str, modifiers: Modifiers, residual: bool, opened: Opened) -> Timed:
    from ..spec.text import join_words
    from ..timing.answer import time_layer
    from .run import Flags

    if words[0] == "-":
        raise SpecError("time takes one layer", "each is measured for some seconds", "-", 0, 1)
    names = choose_variants(variants)
    read = Flags.of(modifiers, residual).read(join_words(words), {})
    return time_layer(read.spec, names, *opened(), read.source)


def _time_network(name: str, words: list[str], opened: Opened, per_layer: bool) -> Timed:
    """A whole network, fused and unfused; or each of its operations."""
    from ..answers.opening import Asked
    from ..timing.machine import time_opened
    from .inside import open_network
    from .onnx_model import report_unknown

    network = open_network([name, *words], Asked()).network
    report_unknown(network)
    return time_opened(name, network, *opened(), per_layer)


def _code(found: Timed) -> int:
    """1, and what differs on stderr, where an engine computes something else; 130 where it was interrupted."""
    for row in found.differs:
        check = row.values
        gap = f"differs by {check.measured:.3g} of its largest number" if check and check.measured is not None else ""
        print(f"mismatch: {row.name}: {gap or (check.note if check else '')}", file=sys.stderr)
    return 1 if found.differs else 130 if found.interrupted else 0
