"""The fast value executor beside PyTorch's `conv2d`, one thread each, both sides in turn: medians and ratios.

    python -m venv V && V/bin/pip install '.[bench]' && V/bin/python tests/benchmarks/executor.py [RUNS]

PyTorch runs in whichever of its two memory layouts is the faster for the layer. OPENBLAS_CORETYPE must be unset: it
makes current NumPy use slower kernels than the machine has. Times are the thread's own, so that a busy machine shows
less. Every run begins with another side. Without PyTorch, only what is ours alone is timed: the first product of a
process beside its later ones, and counting beside its floor.

The floor is what NumPy cannot do without, timed in the same runs. Of values: the bare products of OpenBLAS, of columns
that lie there already; of a depthwise layer one copy into its border, and one multiply-add a tap in the nearest cache,
in runs of numbers that lie side by side: of channels only, where the windows are strided, because to lay more of them
side by side takes as long as it saves. NumPy takes four numbers at a time, reads both factors and the sum, and writes
the sum back: it has no operation that keeps a sum in a register over the taps, as PyTorch's kernels do. Of counting:
the ones of every layer but depthwise ones, of which one channel stands for all, read once; and the calls of NumPy on
next to nothing that windows, border and sums come down to.
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
from numpy.lib.stride_tricks import as_strided

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
    """What is timed, by name; PyTorch must agree on the output."""
    op, size = conv_of(layer), layer[-1]
    kernel, _ = op_weights(op) or (np.ones(0), None)
    given = pattern((1, size, size, op.in_channels), kernel.dtype, 3, 1)
    ones, weights = np.ones(given.shape, np.uint8), conv_weights(op)
    made = convolve_values(op, given, kernel, None, bench)[0]
    return {
        "values": lambda: convolve_values(op, given, kernel, None, bench),
        "counts": lambda: count_products(op, ones, weights),
        "setup": lambda: (op_weights(op), pattern(given.shape, given.dtype, 3, 1)),
        "floor": floor(op, given, math.prod(made.shape[1:3]), bench),
        "floor of counts": floor_of_counting(op, ones),
        **(in_torch(op, given, kernel, made) if torch else {}),
    }


def in_torch(op: Conv, given: Any, kernel: Any, made: Any) -> dict[str, Callable[[], Any]]:
    """PyTorch in both of its layouts; SystemExit where it makes something else."""
    x = torch.from_numpy(given).permute(0, 3, 1, 2)
    planar = np.ascontiguousarray(kernel.transpose(0, 4, 3, 1, 2))
    w = torch.from_numpy(planar.reshape(op.out_channels, -1, *op.kernel_size))
    options = {"stride": op.stride, "padding": op.kernel_size[0] // 2, "groups": op.groups}
    planes = [t.contiguous() for t in (x, w)]
    last = [t.contiguous(memory_format=torch.channels_last) for t in (x, w)]
    if not np.array_equal(made.transpose(0, 3, 1, 2), torch.conv2d(*planes, **options).numpy()):
        raise SystemExit(f"{op}: the outputs differ")
    return {"planes": lambda: torch.conv2d(*planes, **options), "last": lambda: torch.conv2d(*last, **options)}


def floor(op: Conv, given: Any, positions: int, bench: Workbench) -> Callable[[], Any]:
    """As many multiply-adds as the layer has, by the operations that the executor uses, and next to nothing else."""
    taps, made = math.prod(op.kernel_size), (positions, op.out_channels)
    if op.groups > 1:
        run = op.out_channels if op.stride[-1] > 1 else RUN
        near, weights = np.ones(4 * taps + run, given.dtype), np.ones((taps, run), given.dtype)
        seen = as_strided(near, (-(-math.prod(made) // run), taps, run), (0, 16, 4), writeable=False)
        sums = as_strided(np.empty(run, given.dtype), (len(seen), run), (0, 4))
        size = [n + sum(pads) for n, pads in zip(given.shape[1:], op.padding)]
        inside = (slice(None), *[slice(before, -after or None) for before, after in op.padding])

        def taps_added() -> None:
            bench.room("border", (1, *size, op.in_channels), given.dtype)[inside] = given
            np.einsum(seen, [0, 1, 2], weights, [1, 2], [0, 2], out=sums)

        return taps_added
    inner = taps * op.in_channels
    tile = positions if taps == 1 else max(TILE, NUMBERS // inner)
    left, right = np.ones((tile, inner), given.dtype), np.ones((inner, op.out_channels), given.dtype)
    left = given.reshape(-1, inner) if taps == op.stride[0] == 1 else left

    def multiplied() -> None:
        out = np.empty(made, given.dtype)
        for start in range(0, positions, tile):
            part = out[start : start + tile]
            np.matmul(left[: len(part)], right, out=part)

    return multiplied


def floor_of_counting(op: Conv, ones: Any) -> Callable[[], Any]:
    """The ones read, where they are, and the calls on one position."""
    single = op._replace(in_channels=1, out_channels=1, groups=1)
    few, weights = np.ones((1, *op.kernel_size, 1), np.uint8), conv_weights(single)
    words = ones.reshape(-1)[: ones.size // 8 * 8 if op.groups == 1 else 0].view(np.uint64)
    return lambda: (np.add.reduce(words), count_products(single, few, weights))


def timed(layers: list[Layer], runs: int) -> list[dict[str, float]]:
    """Median milliseconds of every side of every layer; in each run every side in turn goes through all layers.

    As a network does: what a layer finds in the caches is what the layer before it left there.
    """
    bench = Workbench()
    work = [sides(layer, bench) for layer in layers]
    taken: list[dict[str, list[float]]] = [{name: [] for name in one} for one in work]
    names = [*work[0]]
    for run in range(runs + 1):
        for name in names[run % len(names) :] + names[: run % len(names)]:
            for one, times in zip(work, taken):
                start = time.thread_time()
                one[name]()
                times[name].append((time.thread_time() - start) * 1e3)
    medians = [{name: statistics.median(series[1:]) for name, series in times.items()} for times in taken]
    layouts = [side for side in ("planes", "last") if side in names]
    return [{**times, "torch": min([times[side] for side in layouts], default=0.0)} for times in medians]


def line(name: str, ours: float, other: float, goal: float, least: float | None = None) -> None:
    """One row of the result; `least`: the floor of what is ours."""
    floor = "" if least is None else f", floor {least / other:.3f}"
    print(f"{name:<66} {ours:8.2f} / {other:8.2f} ms = {ours / other:5.3f}   (goal {goal}{floor})")


def whole(name: str, layers: list[Layer], runs: int, goals: tuple[float, float, float, float]) -> None:
    """A network's convolutions beside PyTorch executing them: values, with the products that each issues counted.

    Then with an execution on ones beside each, which tells products with data from those with padding; then both as a
    network is verified: layers of one shape once.
    """
    times = timed(layers, runs)
    summed = {side: sum([t[side] for t in times]) for side in times[0]}
    once = {side: sum([t[side] for t in dict(zip(layers, times)).values()]) for side in times[0]}
    other, pair, least = summed["torch"], ("values", "counts"), ("floor", "floor of counts")
    if other:
        line(f"{name}, values and products issued", summed["values"], other, goals[0], summed["floor"])
        for more, sums, goal in (("and a map of counts beside each", summed, goals[1]),
                                 (f"{len(set(layers))} distinct shapes once, with maps", once, goals[2])):  # fmt: skip
            line(f"{name}, {more}", sum(map(sums.get, pair)), other, goal, sum(map(sums.get, least)))
    line(f"{name}, counting distinct shapes / values", once["counts"], summed["values"], goals[3], once[least[1]])
    kinds: dict[str, list[dict[str, float]]] = {"in all": times}
    for layer, one in zip(layers, times):
        kinds.setdefault(kind(layer), []).append(one)
    for word, members in kinds.items():
        told = [f"{side} {sum([t[side] for t in members]):.2f}" for side in TOLD[: len(TOLD) - (not other)]]
        print(f"{'':<4}{len(members):>3} {word:<14} {', '.join(told)}")
    rest = [f"{word} {summed[side]:.2f}" for side, word in REST.items() if side in summed]
    print(f"{'':<8}{', '.join(rest)}")


#: What is told of every kind of layer, PyTorch last.
TOLD = ("values", "floor", "counts", "floor of counts", "torch")

#: What is not ours alone, or not executing, by the side that it is.
REST = {"setup": "arrays filled", "planes": "PyTorch NCHW", "last": "PyTorch NHWC"}


def kind(layer: Layer) -> str:
    """What a layer is to the executor."""
    inner, _, k, stride, groups, _ = layer
    if groups > 1:
        return f"depthwise, s{stride}"
    return "1x1" if k == 1 else "stem" if inner == 3 else f"{k}x{k}"


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
    whole("ResNet-50, 53 convolutions", resnet50(), runs, (1.0, 1.2, 0.6, 0.08))
    whole("MobileNetV2, 52 convolutions", mobilenet_v2(), runs, (1.45, 1.45, 0.9, 0.08))
    if torch is None:
        print("PyTorch is not installed: nothing is compared with it", file=sys.stderr)
        return
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
