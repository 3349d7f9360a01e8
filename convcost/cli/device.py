"""`convcost device`: what this machine, or another device, can do at most."""

from __future__ import annotations

from typing import Annotated

import typer

from ..timing import ENGINES
from .options import Destination
from .time import Chosen, EngineName, Threads, chosen_device

EPILOG = """
Without a name it is this machine: the fastest that the engine multiplies and memory is copied, measured in a second and
kept for later runs, by engine, version, threads and processor. A figure of others says whence it is: vendor (the vendor
states it), third-party, or derived (by hand). Dense figures only; 1 MAC = 2 FLOPs; what is not known is left out.

Examples:

  convcost device --engine numpy

  convcost device --list

  convcost device nvidia-t4

A file of your own has the same form as the answer in JSON, as TOML:

  [devices.mine], then lines fp16 = 10e12, bandwidth = 100e9, status = "vendor", source = ["its data sheet"]
"""


def device(
    name: Annotated[
        str,
        typer.Argument(metavar="[NAME]", show_default=False, help="One that ships, or my.toml; else this machine."),
    ] = "",
    list_all: Annotated[bool, typer.Option("--list", help="List those that ship, with their status.")] = False,
    calibrate: Annotated[bool, typer.Option("--calibrate", help="Measure this machine anew.")] = False,
    engine: Chosen = EngineName[ENGINES[0]],
    threads: Threads = 1,
    *,
    to: Destination,
) -> int:
    """Show what this machine can do at most, as calibrated, or a device's figures with their status and source."""
    from ..report.timing import write_devices
    from ..spec.errors import SpecError
    from ..timing.devices import shipped_devices

    if calibrate and (name or list_all):
        raise SpecError("--calibrate measures this machine", "leave the name out", name)
    if list_all:
        found = [*shipped_devices().values()]
    elif name:
        found = [chosen_device(name)]
    else:
        from ..report.terminal import progress
        from ..timing.calibrate import machine_profile
        from ..timing.engines import open_engine

        with progress(2, 1.0) as step:
            found = [machine_profile(open_engine(engine.value, threads), anew=calibrate, tell=step).device()]
    with to.open() as (file, written):
        write_devices(found, written, file)
    return 0
