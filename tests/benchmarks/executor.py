"""The fast value executor beside PyTorch's `conv2d`, one thread each, both sides in turn: medians and ratios.

    python -m venv V && V/bin/pip install '.[bench]' && V/bin/python tests/benchmarks/executor.py [RUNS]

PyTorch runs in whichever of its two memory layouts is the faster for the layer. OPENBLAS_CORETYPE must be unset: it
makes current NumPy use slower kernels than the machine has. Times are the thread's own, so that a busy machine shows
less. Every run begins with another side, because who comes first finds the caches cold. Without PyTorch, only what is
ours alone is timed: the first product of a process beside its later ones, and counting beside the floor of counting.

The floor of executing values is what NumPy cannot do without: the bare products of OpenBLAS, of columns that lie
there already, and one multiply-add a tap of a depthwise layer on numbers that stay in the nearest cache. NumPy does
these with four numbers at a time, reads both factors and the sum, and writes the sum back: it has no operation that
keeps the sum in a register over the taps, as PyTorch's kernels do.
"""

# ruff: noqa: E402  # the number of threads is read when the libraries load

from __future__ import annotations

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import math
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import numpy as np

try:
    import torch
except ImportError:
    torch = None

from convcost.execute.ones.counting import conv_weights, count_products
from convcost.execute.values.convolve import NUMBERS, TILE, convolve_values
from convcost.execute.values.depthwise import RUN
from convcost.execute.values.integers import op_weights, pattern
from convcost.execute.values.workbench import Workbench
from convcost.graph.ops import Conv

#: In and out channels, kernel, stride, groups, input size.
Layer = tuple[int, int, int, int, int, int]


def resnet50() -> list[Layer]:
    """The 53 convolutions of ResNet-50 at 224 x 224, the stride on the 3 x 3 (torchvision's)."""
    layers: list[Layer] = [(3, 64, 7, 2, 1, 224)]
    given, size = 64, 56
    for width, blocks in ((64, 3), (128, 4), (256, 6), (512, 3)):
        for block in range(blocks):
            stride = 2 if block == 0 and width > 64 else 1
            layers += [(given, width, 1, 1, 1, size), (width, width, 3, stride, 1, size)]
            layers.append((width, 4 * width, 1, 1, 1, size // stride))
            if block == 0:
                layers.append((given, 4 * width, 1, stride, 1, size))
            given, size = 4 * width, size // stride
    return layers


def mobilenet_v2() -> list[Layer]:
    """The 52 convolutions of MobileNetV2 at 224 x 224."""
    layers: list[Layer] = [(3, 32, 3, 2, 1, 224)]
    given, size = 32, 112
    for ratio, out, repeats, first in (
        (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1),
    ):  # fmt: skip
        for stride in [first] + [1] * (repeats - 1):
            hidden = ratio * given
            layers += [(given, hidden, 1, 1, 1, size)] if ratio > 1 else []
            layers.append((hidden, hidden, 3, stride, hidden, size))
            size //= stride
            layers.append((hidden, out, 1, 1, 1, size))
            given = out
    return [*layers, (320, 1280, 1, 1, 1, 7)]


def conv_of(layer: Layer) -> Conv:
    """The record of a layer, padding half its kernel."""
    inner, outer, k, stride, groups, _ = layer
    return Conv(inner, outer, (k, k), (stride,) * 2, ((k // 2,) * 2,) * 2, (1, 1), groups)


def sides(layer: Layer, bench: Workbench) -> dict[str, Callable[[], Any]]:
    """What is timed, by name; all four sides agree on the output, which is checked here."""
    op, size = conv_of(layer), layer[-1]
    kernel, _ = op_weights(op) or (np.ones(0), None)
    given = pattern((1, size, size, op.in_channels), kernel.dtype, 3, 1)
    ones, weights = np.ones(given.shape, np.uint8), conv_weights(op)
    x = torch.from_numpy(given).permute(0, 3, 1, 2)
    planar = np.ascontiguousarray(kernel.transpose(0, 4, 3, 1, 2))
    w = torch.from_numpy(planar.reshape(op.out_channels, -1, *op.kernel_size))
    options = {"stride": op.stride, "padding": op.kernel_size[0] // 2, "groups": op.groups}
    planes = [t.contiguous() for t in (x, w)]
    last = [t.contiguous(memory_format=torch.channels_last) for t in (x, w)]
    made = convolve_values(op, given, kernel, None, bench)[0]
    if not np.array_equal(made.transpose(0, 3, 1, 2), torch.conv2d(*planes, **options).numpy()):
        raise SystemExit(f"{layer}: the outputs differ")
    return {
        "values": lambda: convolve_values(op, given, kernel, None, bench),
        "counts": lambda: count_products(op, ones, weights),
        "planes": lambda: torch.conv2d(*planes, **options),
        "last": lambda: torch.conv2d(*last, **options),
        "setup": lambda: (op_weights(op), pattern(given.shape, given.dtype, 3, 1)),
        "floor": floor(op, given, made),
    }


def floor(op: Conv, given: Any, made: Any) -> Callable[[], Any]:
    """As many multiply-adds as the layer has, by the operation that the executor uses, without anything else."""
    taps, made = math.prod(op.kernel_size), np.empty_like(made).reshape(-1, op.out_channels)
    if op.groups > 1:
        rows, near = -(-made.size // RUN), np.ones((taps - 1) * 4 + RUN, given.dtype)
        seen = np.lib.stride_tricks.as_strided(near, (rows, taps, RUN), (0, 16, 4), writeable=False)
        weights, sums = np.ones((taps, RUN), given.dtype), np.empty((1, RUN), given.dtype)
        sums = np.lib.stride_tricks.as_strided(sums, (rows, RUN), (0, 4))
        return lambda: np.einsum(seen, [0, 1, 2], weights, [1, 2], [0, 2], out=sums)
    inner = taps * op.in_channels
    tile = len(made) if taps == 1 else min(len(made), max(TILE, NUMBERS // inner))
    left, right = np.ones((tile, inner), given.dtype), np.ones((inner, op.out_channels), given.dtype)
    parts = [made[start : start + tile] for start in range(0, len(made), tile)]
    return lambda: [np.matmul(left[: len(part)], right, out=part) for part in parts]


def timed(layers: list[Layer], runs: int) -> list[dict[str, float]]:
    """Median milliseconds of every side of every layer; each run goes through all layers, all sides of each in turn."""
    bench = Workbench()
    work = [sides(layer, bench) for layer in layers]
    taken: list[dict[str, list[float]]] = [{name: [] for name in one} for one in work]
    for run in range(runs + 1):
        for one, times in zip(work, taken):
            for name in [*one][run % len(one) :] + [*one][: run % len(one)]:
                start = time.thread_time()
                one[name]()
                times[name].append((time.thread_time() - start) * 1e3)
    medians = [{name: statistics.median(series[1:]) for name, series in times.items()} for times in taken]
    return [{**times, "torch": min(times["planes"], times["last"])} for times in medians]


def line(name: str, ours: float, other: float, goal: float, least: float | None = None) -> None:
    """One row of the result; `least`: the floor of what is ours."""
    floor = "" if least is None else f", floor {least / other:.3f}"
    print(f"{name:<66} {ours:8.2f} / {other:8.2f} ms = {ours / other:5.3f}   (goal {goal}{floor})")


def whole(name: str, layers: list[Layer], runs: int, goals: tuple[float, float, float]) -> None:
    """A network's convolutions beside PyTorch executing them: values, with the products that each issues counted.

    Then with an execution on ones beside each, which tells products with data from those with padding; then both as a
    network is verified: layers of one shape once.
    """
    times = timed(layers, runs)
    values, counts, least, other = (sum([t[side] for t in times]) for side in ("values", "counts", "floor", "torch"))
    line(f"{name}, values and products issued", values, other, goals[0], least)
    line(f"{name}, and a map of counts beside each", values + counts, other, goals[1], least)
    once = dict(zip(layers, times)).values()
    ours, least = (sum([t[side] for t in once for side in sides]) for sides in (("values", "counts"), ("floor",)))
    line(f"{name}, {len(once)} distinct shapes once, with maps", ours, other, goals[2], least)
    print(f"{'':<4}values {values:.2f}, counts {counts:.2f}, arrays filled {sum(t['setup'] for t in times):.2f}, "
          f"PyTorch NCHW {sum(t['planes'] for t in times):.2f}, NHWC {sum(t['last'] for t in times):.2f}")  # fmt: skip
    kinds: dict[str, list[dict[str, float]]] = {}
    for layer, one in zip(layers, times):
        kinds.setdefault(kind(layer), []).append(one)
    for word, members in kinds.items():
        sums = {side: sum([t[side] for t in members]) for side in ("values", "floor", "torch", "counts")}
        print(f"{'':<4}{len(members):>3} {word:<16}" + ", ".join([f"{side} {sums[side]:.2f}" for side in sums]))


def kind(layer: Layer) -> str:
    """What a layer is to the executor."""
    inner, _, k, stride, groups, _ = layer
    if groups > 1:
        return f"depthwise, s{stride}"
    return "1x1" if k == 1 else "stem" if inner == 3 else f"{k}x{k}"


def counting(name: str, layers: list[Layer], runs: int) -> None:
    """Counting through all layers beside executing their values, each pass by itself, and beside its floor.

    The floor is what counting cannot do without: every one of the input read once, added up by NumPy in words, and
    the calls of NumPy on next to nothing that windows, border and sums come down to.
    """
    bench = Workbench()
    work = [ours(layer, bench) for layer in layers]
    taken: dict[str, list[float]] = {name: [] for name in work[0]}
    for _ in range(runs + 1):
        for side, series in taken.items():
            start = time.thread_time()
            for one in work:
                one[side]()
            series.append((time.thread_time() - start) * 1e3)
    counts, values, read, calls = (statistics.median(series[1:]) for series in taken.values())
    line(f"{name}, counting / executing the values, in passes", counts, values, 0.08)
    print(f"{'':<4}floor of counting: {read:.2f} ms to read the ones, {calls:.2f} ms of calls on one position")


def ours(layer: Layer, bench: Workbench) -> dict[str, Callable[[], Any]]:
    """Counting, values, and the two parts of the floor of counting."""
    op, size = conv_of(layer), layer[-1]
    kernel = (op_weights(op) or (np.ones(0),))[0]
    given = pattern((1, size, size, op.in_channels), kernel.dtype, 3, 1)
    ones, weights = np.ones(given.shape, np.uint8), conv_weights(op)
    few, one = np.ones((1, *op.kernel_size, 1), np.uint8), conv_weights(op._replace(in_channels=1, groups=1))
    single = op._replace(in_channels=1, groups=1)
    words = ones.reshape(-1)[: ones.size // 8 * 8].view(np.uint64)
    return {
        "counts": lambda: count_products(op, ones, weights),
        "values": lambda: convolve_values(op, given, kernel, None, bench),
        "read": lambda: np.add.reduce(words),
        "calls": lambda: count_products(single, few, one),
    }


#: The product that a process makes first, in milliseconds, after the workbench has been made, and its later median.
FIRST = """
import os, statistics, time
import numpy as np
from convcost.execute.values.workbench import Workbench
left, right, out = np.ones((3136, 576), "f"), np.ones((576, 128), "f"), np.ones((3136, 128), "f")
if WARM:
    Workbench()
taken = []
for _ in range(9):
    start = time.thread_time()
    np.matmul(left, right, out=out)
    taken.append((time.thread_time() - start) * 1e3)
print(taken[0], statistics.median(taken[1:]))
"""


def first_product(runs: int) -> None:
    """The first product of a process beside its later ones, with the workbench warmed up and without."""
    taken: dict[str, list[tuple[float, ...]]] = {"True": [], "False": []}
    for _ in range(runs):
        for warm, series in taken.items():
            command = [sys.executable, "-c", FIRST.replace("WARM", warm)]
            said = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout
            series.append(tuple(map(float, said.split())))
    for warm, name in (("True", "with a workbench"), ("False", "without")):
        first, later = (statistics.median(column) for column in zip(*taken[warm]))
        line(f"first product of a process / its later ones, {name}", first, later, 1.1)


def main(runs: int) -> None:
    """Print a line for each case."""
    if "OPENBLAS_CORETYPE" in os.environ:
        print("OPENBLAS_CORETYPE is set: unset it, NumPy is slower for it", file=sys.stderr)
    first_product(runs)
    counting("ResNet-50, 53 convolutions", resnet50(), runs)
    counting("MobileNetV2, 52 convolutions", mobilenet_v2(), runs)
    if torch is None:
        print("PyTorch is not installed: nothing is compared with it", file=sys.stderr)
        return
    torch.set_num_threads(1)
    with torch.no_grad():
        whole("ResNet-50, 53 convolutions", resnet50(), runs, (1.0, 1.2, 0.6))
        whole("MobileNetV2, 52 convolutions", mobilenet_v2(), runs, (1.45, 1.45, 0.9))
        dense: list[Layer] = [(64, 128, 3, 1, 1, 56), (256, 256, 3, 1, 1, 14)]
        shapes = ((32, 112, 1), (96, 112, 2), (144, 56, 1), (192, 28, 1), (384, 14, 1), (960, 7, 1))
        depthwise: list[Layer] = [(c, c, 3, s, c, n) for c, n, s in shapes]
        for group, goal in ((dense, 1.25), (depthwise, 3)):
            for layer, times in zip(group, timed(group, 3 * runs)):
                inner, outer, k, stride, groups, size = layer
                name = f"{k}x{k} {inner}:{outer} @{size} s{stride} g{groups}, values"
                line(name, times["values"], times["torch"], goal, times["floor"])


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 15)
