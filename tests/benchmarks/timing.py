"""How far run times, bounds and predictions can be trusted on this machine.

`python tests/benchmarks/timing.py [PART…]`, parts: repeat, busy, bound, fit, start, calibration. Targets stand beside
what is printed; the load of the machine, too.
"""

from __future__ import annotations

import os
import subprocess
import sys
from math import exp, log
from statistics import median
from time import perf_counter

from convcost.networks.build import build_network
from convcost.networks.zoo import zoo_program
from convcost.spec import parse_spec
from convcost.timing.answer import Stopwatch, Timed, TimedRow, time_graphs, time_layer
from convcost.timing.calibrate import calibrate
from convcost.timing.engines import open_engine
from convcost.timing.predict import fit_engine
from convcost.timing.subjects import Subject

#: Forty-two layers: kernels, strides, channels that are many, few and odd, maps from 7 to 112.
LAYERS = [
    *[f"{c}:{o} @{n} k{k}" for c, o, n in [(64, 64, 56), (64, 128, 56), (128, 128, 28), (256, 256, 14), (512, 512, 7)]
      for k in (3, 5)],
    *[f"{c}:{c} @{n} k3 s2" for c, n in [(32, 112), (64, 56), (128, 28), (256, 14)]],
    *[f"{c}:{o} @{n} k3" for c, o, n in [(3, 32, 112), (16, 16, 112), (24, 48, 56), (48, 96, 28), (96, 192, 14),
                                         (192, 384, 7), (32, 64, 28), (64, 64, 112), (40, 40, 28), (30, 60, 28)]],
    *[f"{c}:{o} @{n} k7" for c, o, n in [(32, 32, 28), (64, 64, 14), (3, 64, 112)]],
    *[f"{c}:{o} @{n} k1x3" for c, o, n in [(64, 64, 28), (128, 128, 14)]],
    *[f"{c}:{o} @{n} k3 d2" for c, o, n in [(64, 64, 28), (128, 128, 14)]],
    *[f"64:64 @{n} k3 bias" for n in (14, 28)],
    *[f"64:128 @{n} k3 n4" for n in (14, 28)],
    *[f"{c}:{c} @{n} k9 1d" for c, n in [(64, 256), (128, 1024), (32, 4000)]],
    *[f"{c}:{c} @{n} k3 3d" for c, n in [(16, 14), (32, 8), (64, 7), (16, 20)]],
]  # fmt: skip

NETWORKS = ("mobilenet-v1", "mobilenet-v2", "mobilenet-v3-small", "resnet18", "squeezenet1.1", "shufflenet-v2",
            "efficientnet-b0", "googlenet")  # fmt: skip

SECONDS = float(os.environ.get("BENCH_SECONDS", "3.0"))


def times_of(watch: Stopwatch, layers: list[str]) -> dict[str, Timed]:
    return {text: time_layer(parse_spec(text), None, watch) for text in layers}


def timed_rows(found: dict[str, Timed]) -> dict[tuple[str, str], TimedRow]:
    return {(text, row.name): row for text, timed in found.items() for row in timed.rows if row.times}


def share(numbers: list[float], part: float) -> float:
    ordered = sorted(numbers)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def repeated(name: str, first: dict[str, Timed], second: dict[str, Timed], targets: str) -> None:
    """By how much ratios to standard differ between two runs, and which verdicts turn."""
    one, two = timed_rows(first), timed_rows(second)
    pairs = [(key, one[key].times.ratio, two[key].times.ratio) for key in one if key in two]
    pairs = [(key, a, b) for key, a, b in pairs if a and b and key[1] != "standard"]
    off = [exp(abs(log(a.median / b.median))) for _, a, b in pairs]
    turned = [key for key, a, b in pairs if (a.low > 1 and b.high < 1) or (a.high < 1 and b.low > 1)]
    print(f"{name}: {len(off)} rows, ratios differ by x{median(off):.3f} median, x{share(off, 0.9):.3f} p90; "
          f"{len(turned)} verdicts turned {turned[:3]}   ({targets})")  # fmt: skip


def main(parts: list[str]) -> None:
    engine = open_engine("onnxruntime")
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; {SECONDS} s a layer; {len(LAYERS)} layers")
    start = perf_counter()
    profile = calibrate(engine)
    if "calibration" in parts:
        print(f"calibration: {perf_counter() - start:.2f} s on the wall   (at most 1 s beyond imports)")
    start = perf_counter()
    fit = fit_engine(engine)
    if "fit" in parts:
        print(f"fit: {perf_counter() - start:.2f} s, its printed error x{fit.error[0]:.2f}, x{fit.error[1]:.2f}")
    watch = Stopwatch(engine, profile.device(), fit, SECONDS)
    first = times_of(watch, LAYERS) if {"repeat", "busy", "bound", "fit"} & {*parts} else {}
    rows = timed_rows(first)
    if "repeat" in parts:
        repeated("repeat", first, times_of(watch, LAYERS), "at most x1.05, x1.15, none")
    if "busy" in parts:
        burner = subprocess.Popen([sys.executable, "-c", "while True: pass"])
        try:
            repeated("beside a busy core", first, times_of(watch, LAYERS), "at most x1.10, x1.30, one")
        finally:
            burner.kill()
    if "bound" in parts:
        bounds(rows, watch)
    if "fit" in parts:
        predictions(rows, fit.error)
    if "start" in parts:
        starts()
    differing = [key for key, row in rows.items() if row.values is not None and not row.values.ok]
    print(f"values: {len([r for r in rows.values() if r.values and r.values.ok])} equal, {len(differing)} not")


def bounds(rows: dict[tuple[str, str], TimedRow], watch: Stopwatch) -> None:
    """Where a bound was beaten, and how far above its bound a dense layer takes."""
    over = {key: row.times.seconds.median / row.bound.seconds for key, row in rows.items() if row.bound.seconds}
    for name in NETWORKS:
        network = build_network(zoo_program(name))
        found = time_graphs(name, [Subject(name, "network", network.graph, network.shapes)], None, watch)
        over[name, "network"] = found.rows[0].times.seconds.median / found.rows[0].bound.seconds
    beaten = {key: value for key, value in over.items() if value < 0.98}
    dense = [value for key, value in over.items() if key[1] == "standard"]
    print(f"bound: {len(over)} graphs, {len(beaten)} faster by more than 2 %: {beaten}   (none)")
    print(f"  measured / bound of dense layers: x{median(dense):.2f} median   (at most x1.4)")


def predictions(rows: dict[tuple[str, str], TimedRow], printed: tuple[float, float]) -> None:
    """By how much predictions are off, and how often which of two is faster is told wrong."""
    off = [exp(abs(log(row.predicted / row.times.seconds.median))) for row in rows.values() if row.predicted]
    wrong, told = 0, 0
    for (text, name), row in rows.items():
        base = rows.get((text, "standard"))
        if base is None or name == "standard" or not row.times.ratio or row.times.ratio.straddles_one:
            continue
        told += 1
        wrong += (row.predicted < base.predicted) != (row.times.ratio.median < 1)
    said = f"printed x{printed[0]:.2f}, x{printed[1]:.2f}"
    print(f"fit: off by x{median(off):.2f} median, x{share(off, 0.9):.2f} p90 (at most x1.25, x2.0); {said}")
    print(f"  {wrong} of {told} verdicts wrong   (at most 3 of 283)")


def starts() -> None:
    """Seconds of whole commands, the least of five."""
    times = {}
    for words in ("export 64:128 @56 k3 -o /dev/null", "compare 64:128 @56 k3 --no-verify",
                  "time 64:128 @14 k3 --max-seconds 0"):  # fmt: skip
        taken = []
        for _ in range(5):
            start = perf_counter()
            subprocess.run([sys.executable, "-m", "convcost", *words.split()], check=True, capture_output=True)
            taken.append(perf_counter() - start)
        times[words.split()[0]] = min(taken)
    by = times["export"] / times["compare"]
    print(f"start: export {times['export']:.2f} s, compare {times['compare']:.2f} s: x{by:.2f}   (at most x1.5)")
    print(f"  time {times['time']:.2f} s   (at most 1 s over what it measures)")


if __name__ == "__main__":
    main(sys.argv[1:] or ["repeat", "busy", "bound", "fit", "start", "calibration"])
