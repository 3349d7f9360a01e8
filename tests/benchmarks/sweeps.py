"""What a (configuration, variant) of a sweep takes, beside filling three int64 arrays in the same run; and `fit`.

V/bin/python tests/benchmarks/sweeps.py [LAYERS]
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np

from convcost.search import chunks
from convcost.search.chunks import chunk
from convcost.search.cluster import reduced
from convcost.search.reduce import Search, parts
from convcost.search.sweep import read_search, rows_asked

CONVCOST = [sys.executable, "-m", "convcost"]

WHERE = "macs<=30M and peak_bytes<=2MiB"


def processor_seconds(work: Callable[[], Any]) -> float:
    """Of one core: what others do on the machine at the same time is not in it."""
    start = time.process_time()
    work()
    return time.process_time() - start


def filling(numbers: int) -> float:
    """Nanoseconds a row of three int64 arrays that are made and filled."""
    taken = min(processor_seconds(lambda: [np.full(numbers, n, np.int64) for n in range(3)]) for _ in range(9))
    return taken / numbers * 1e9


def search_of(variant: str, layers: int, tokens: str = "k3") -> Search:
    """1,000 by 1,000 channels, and as many sizes as give so many layers."""
    return read_search(f"1..1000:1..1000 @1..{max(1, layers // 10**6)} {tokens}", [variant], WHERE, "max:params", 20)


def reducing(search: Search) -> float:
    """Nanoseconds a layer, plans and kernels made before."""
    chunk(search, next(parts(search, 1)))
    return processor_seconds(lambda: reduced(search)) / rows_asked(search) * 1e9


def whole(arguments: list[str]) -> float:
    """Seconds of the processor that a process takes, its start included; the least of three."""
    taken = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([*CONVCOST, *arguments], stdout=subprocess.DEVNULL, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        taken.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(taken)


def print_reducing(layers: int, goal: float) -> None:
    """Each variant and stride, beside filling in the same moments."""
    for tokens in ("k3", "k3 s2"):
        for variant in ("standard", "depthwise-separable", "bottleneck", "inverted-residual"):
            fill = filling(4_000_000)
            each = reducing(search_of(variant, layers, tokens))
            print(f"  {variant} {tokens}: {each:.2f} ns a layer, {each / fill:.2f} x filling (goal {goal} x)")


def main() -> None:
    """Print the figures."""
    layers = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000_000
    print(f"filling three int64 arrays: {filling(4_000_000):.2f} ns")
    if find_spec("numba"):
        print("with Numba:")
        print_reducing(max(layers, chunks.WORTH), 2.0)
    chunks.WORTH, usual = 10**18, chunks.WORTH
    print("by NumPy alone:")
    print_reducing(layers // 2, 3.6)
    chunks.WORTH = usual
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"memory: {memory:.0f} MiB at most")
    fit, network = whole(["fit", "mobilenet-v1", "--macs", "150M"]), whole(["network", "mobilenet-v1"])
    print(f"fit mobilenet-v1 {fit:.2f} s, network mobilenet-v1 {network:.2f} s: {fit / network:.2f} x (goal 1.5 x)")


if __name__ == "__main__":
    main()
