"""What a device can do at most: figures, each with its status and source."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

from ..graph.dtypes import OF_GRAPHS
from ..spec.errors import SpecError, clip

#: Where figures come from: the vendor states them, others do, by hand, measured here.
STATUSES = ("vendor", "third-party", "derived", "measured")

#: Fields of a device beside its rates by dtype.
_FIELDS = ("bandwidth", "on_chip", "status", "source", "note")

#: Rates that depend on a clock, which nobody has said.
_A_CYCLE = "_per_cycle"


class Device(NamedTuple):
    """A device: `peak` in multiply-adds a second by dtype, `bandwidth` in bytes a second, `on_chip` memory in bytes.

    A dtype that is not in `peak`, and what is None, is not known, and never guessed.
    """

    name: str
    status: str
    source: tuple[str, ...]
    peak: Mapping[str, float]
    bandwidth: float | None = None
    on_chip: int | None = None
    note: str = ""


@cache
def shipped_devices() -> dict[str, Device]:
    """The devices whose figures ship with the package, by name.

    >>> device = shipped_devices()["nvidia-t4"]
    >>> device.status, device.peak["fp16"], device.bandwidth
    ('third-party', 32565000000000.0, 320000000000.0)
    """
    text = files(__package__).joinpath("devices.toml").read_text("utf-8")
    return read_devices(text, "devices.toml")


def find_device(name: str) -> tuple[Device, list[str]]:
    """The device of that name, or the first of those that have it in theirs as whole words, and the others' names.

    >>> find_device("t4")[0].name, find_device("a100")[1]
    ('nvidia-t4', ['nvidia-a100-sxm-80gb'])

    A name that ends in .toml is a file in the same form; `file.toml:NAME` is one of several in it. Raises SpecError.
    """
    path, _, inner = name.partition(".toml:")
    if name.endswith(".toml") or inner:
        return _of_file(f"{path}.toml" if inner else name, inner), []
    known = shipped_devices()
    if name in known:
        return known[name], []
    found = [device for device in known if name and f"-{name.lower()}-" in f"-{device}-"]  # an a10 is no a100
    if not found:
        from difflib import get_close_matches

        near = get_close_matches(name.lower(), _short_names(known), n=1, cutoff=0.7)
        otherwise = "convcost device --list has those that ship; a file of your own is written my.toml"
        hint = f"did you mean {near[0]}?" if near else otherwise
        raise SpecError(f"unknown device {clip(name)!r}", hint, name)
    return known[found[0]], found[1:]


def _short_names(known: Iterable[str]) -> list[str]:
    """The runs of words that devices may be asked for by.

    >>> _short_names(["nvidia-rtx-4090"])
    ['nvidia', 'nvidia-rtx', 'nvidia-rtx-4090', 'rtx', 'rtx-4090', '4090']
    """
    words = [name.split("-") for name in known]
    return ["-".join(some[a:b]) for some in words for a in range(len(some)) for b in range(a + 1, len(some) + 1)]


def _of_file(path: str, name: str) -> Device:
    try:
        text = Path(path).read_text("utf-8")
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it is no text"
        raise SpecError(f"{clip(path)} cannot be read: {why}", "a file such as: convcost device nvidia-t4") from None
    found = read_devices(text, Path(path).name)
    if name not in found and (name or len(found) != 1):
        there = ", ".join(map(clip, [*found][:12])) or "none"
        raise SpecError(f"which device of {clip(path)}?", f"{clip(path)}:NAME; there are {there}", path)
    return found[name or next(iter(found))]


def read_devices(text: str, file: str) -> dict[str, Device]:
    """The devices in the text of a file.

    >>> read_devices('[devices.mine]\\nint8 = 2e12\\nstatus = "vendor"', "my.toml")["mine"].peak
    {'int8': 2000000000000.0}
    """
    hint = 'such as: [devices.mine], then lines fp16 = 10e12, bandwidth = 100e9, status = "vendor", source = ["…"]'
    try:
        tables = tomllib.loads(text).get("devices")
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise SpecError(f"{clip(file)} is no TOML: {clip(str(error))}", hint) from None
    if not isinstance(tables, dict) or not all(isinstance(table, dict) for table in tables.values()):
        raise SpecError(f"{clip(file)} has no device", hint)
    return {name: _device(name, table, file) for name, table in tables.items()}


def _device(name: str, table: dict[str, Any], file: str) -> Device:
    where = f"{clip(file)}: {clip(name)}"
    status, source = table.get("status"), table.get("source", [])
    if status not in STATUSES:
        raise SpecError(f"{where} does not say whence its figures are", f"status = one of {', '.join(STATUSES)}")
    peak = {}
    for key, value in table.items():
        if key in _FIELDS or key.endswith(_A_CYCLE):
            continue
        if key not in OF_GRAPHS:
            raise SpecError(f"{where}: unknown field {clip(key)!r}", f"there are {', '.join((*OF_GRAPHS, *_FIELDS))}")
        peak[key] = _positive(where, key, value)
    numbers = {key: _positive(where, key, table[key]) for key in ("bandwidth", "on_chip") if key in table}
    sources = tuple(map(str, source)) if isinstance(source, list) else (str(source),)
    note = str(table.get("note", ""))
    if any([key.endswith(_A_CYCLE) for key in table]) and not peak:
        note = note or "rates a cycle alone are known: multiply them by the clock of your part in a file of your own"
    on_chip = numbers.get("on_chip")
    whole = None if on_chip is None else int(on_chip)
    return Device(name, status, sources, peak, numbers.get("bandwidth"), whole, note)


def _positive(where: str, key: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < float("inf"):
        raise SpecError(
            f"{where}: {key} is {clip(str(value))}", "a number above 0: MACs a second, bytes a second, bytes"
        )
    return float(value)
