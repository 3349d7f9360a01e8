"""This machine as a device: the fastest that an engine multiplies and memory is copied, kept from run to run."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from time import perf_counter, thread_time
from typing import Any, NamedTuple

import numpy as np

from ..analysis import analyze
from ..graph.ops import Conv, Graph, Linear, Node
from ..graph.shapes import infer_shapes
from . import engine_words
from .devices import Device
from .engines import Engine
from .values import make_case

#: What is added to the fastest that was seen: a later run may find the machine a little faster.
MARGIN = 1.05

#: Convolutions and products of several sizes: (channels in, out, taps, side); None: a matrix product of `side` rows.
SIZES = ((64, 64, 3, 28), (128, 128, 3, 28), (256, 256, 3, 14), (256, 256, 1, 28), (512, 512, 1, 14), (128, 512, 1, 14))
PRODUCTS = ((1024, 1024, 64), (512, 2048, 128))

#: Bytes of what is copied: the innermost cache, the others, memory.
COPIES = (1 << 14, 1 << 15, 1 << 17, 1 << 19, 1 << 22)

#: Runs of each after the first, of which the fastest counts.
RUNS = 6


class Profile(NamedTuple):
    """What was measured: the key of what it holds for, rates, and when; `fit` as in `predict`."""

    key: dict[str, Any]
    macs_per_second: float
    bytes_per_second: float
    measured: str
    fit: dict[str, Any] | None = None

    def device(self) -> Device:
        """As a device, its figures for float32 alone."""
        key = self.key
        name = ", ".join([key["cpu"], *engine_words(key["engine"], key["version"], key["threads"])])
        note = "the fastest seen at any size, and 5 %"
        source = (f"convcost device --calibrate, {self.measured}",)
        return Device(name, "measured", source, {"fp32": self.macs_per_second}, self.bytes_per_second, None, note)


def profile_key(engine: Engine) -> dict[str, Any]:
    """What a profile depends on: the engine, its version and threads, and the processor."""
    return {"engine": engine.name, "version": engine.version, "threads": engine.threads, "cpu": processor_name()}


def processor_name() -> str:
    """The processor's own name, where the system tells it."""
    with suppress(OSError, UnicodeDecodeError):
        for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
            if line.lower().startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine() or "unknown processor"


def calibrate(engine: Engine, tell: Callable[[str], None] = lambda _: None) -> Profile:
    """Measure: under a second."""
    tell("products")
    rates = [_rate(engine, graph) for graph in _products()]
    tell("copies")
    copies = [_copy_rate(size) for size in COPIES]
    today = datetime.now(UTC).date().isoformat()
    threads = engine.threads or os.cpu_count() or 1
    return Profile(profile_key(engine), MARGIN * max(rates), MARGIN * threads * max(copies), today)


def _products() -> list[Graph]:
    graphs = []
    for inner, outer, taps, side in SIZES:
        pad = taps // 2
        op = Conv(inner, outer, (taps, taps), (1, 1), ((pad, pad), (pad, pad)), (1, 1))
        graphs.append(Graph((1, inner, side, side), "fp32", (Node("conv", op, (0,)),)))
    for inner, outer, rows in PRODUCTS:
        graphs.append(Graph((rows, inner), "fp32", (Node("linear", Linear(inner, outer), (0,)),)))
    return graphs


def _rate(engine: Engine, graph: Graph) -> float:
    """Effective multiply-adds a second, at its fastest."""
    run = engine.prepare(make_case(graph))
    macs = analyze(graph, True, infer_shapes(graph)).cost.effective_macs
    return macs / fastest(run, RUNS, engine.threads)


def fastest(run: Callable[[], object], runs: int, threads: int | None = 1) -> float:
    """Seconds of the fastest of some runs, of the processor where there is one thread; the first warms up."""
    clock = thread_time if threads == 1 else perf_counter
    run()
    taken = []
    for _ in range(runs):
        start = clock()
        run()
        taken.append(clock() - start)
    return min(taken)


def _copy_rate(size: int) -> float:
    """Bytes read and written in a second while so many are copied again and again."""
    source, target = np.ones(size, np.uint8), np.empty(size, np.uint8)
    times = max(1, (1 << 20) // size)

    def copy() -> None:
        for _ in range(times):
            np.copyto(target, source)

    return 2 * size * times / fastest(copy, RUNS)


def cache_folder() -> Path:
    """Where profiles are kept: the folder that the system has for what can be made again."""
    if os.name == "nt":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "convcost"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "convcost"


def _path(key: dict[str, Any]) -> Path:
    return cache_folder() / f"device-{sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:16]}.json"


def kept_profile(key: dict[str, Any]) -> Profile | None:
    """The profile of that key from an earlier run, if there is one that can be read."""
    try:
        found = json.loads(_path(key).read_text("utf-8"))
        profile = Profile(found["key"], float(found["macs_per_second"]), float(found["bytes_per_second"]),
                          str(found["measured"]), found.get("fit"))  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return profile if profile.key == key and min(profile[1:3]) > 0 else None


def keep_profile(profile: Profile) -> None:
    """Keep a profile for later runs; where nothing can be written it is measured anew each time."""
    path = _path(profile.key)
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = path.with_suffix(f".{os.getpid()}")
        aside.write_text(json.dumps(profile._asdict(), indent=1), "utf-8")
        aside.replace(path)


def machine_profile(engine: Engine, *, anew: bool = False, tell: Callable[[str], None] = lambda _: None) -> Profile:
    """This machine with that engine: as kept, or measured now and kept."""
    found = None if anew else kept_profile(profile_key(engine))
    if found is None:
        found = calibrate(engine, tell)
        keep_profile(found)
    return found


def raised(profile: Profile, seconds: Sequence[tuple[float, float]]) -> Profile | None:
    """A profile under which no bound of these is beaten, or None: pairs of a bound and the shortest time measured."""
    factor = max([bound / measured for bound, measured in seconds], default=0.0)
    if factor <= 1:
        return None
    return profile._replace(
        macs_per_second=profile.macs_per_second * factor, bytes_per_second=profile.bytes_per_second * factor
    )
