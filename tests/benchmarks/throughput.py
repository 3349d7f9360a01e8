"""Layers a second through `layer -`, and the time of a verified batch through `compare -`, one process each.

V/bin/python tests/benchmarks/throughput.py
"""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CONVCOST = str(Path(sys.executable).with_name("convcost"))


def mixed_specs(count: int, largest: int = 112) -> str:
    """Seeded lines that are nearly all different: channels, sizes, kernels, strides, groups, padding, transposed."""
    rng = random.Random(7)
    lines = []
    for _ in range(count):
        step = rng.choice((8, 12, 16))
        cin, cout = step * rng.randint(1, 32), step * rng.randint(1, 32)
        high, wide = rng.randint(14, largest), rng.randint(14, largest)
        kernel = rng.choice(("k1", "k3", "k3", "k3", "k5", "k1x7", "k7"))
        transposed = " t s2 op1" if kernel == "k3" else ""
        extra = rng.choice(("", " s2", " g4", " bias", " d2", " s2 bias n2", " p1", transposed))
        lines.append(f"{cin}:{cout} @{high}x{wide} {kernel}{extra}")
    return "\n".join(lines) + "\n"


def seconds(arguments: list[str], text: str) -> float:
    """Wall time of one process, start-up included; every line must have been answered."""
    with tempfile.TemporaryFile("w+") as given, tempfile.TemporaryFile("w+") as answers:
        given.write(text)
        given.seek(0)
        start = time.perf_counter()
        subprocess.run([CONVCOST, *arguments], stdin=given, stdout=answers, check=True)
        taken = time.perf_counter() - start
        answers.seek(0)
        if sum(1 for _ in answers) != text.count("\n"):
            raise SystemExit("not every line was answered")
    return taken


def main() -> None:
    """Print both figures, the first as the difference of two batches so that the start-up drops out as well."""
    layer = ["layer", "-", "--no-verify", "--format", "ndjson"]
    small, large = mixed_specs(1000), mixed_specs(61000)
    taken = min(seconds(layer, large) for _ in range(3))
    print(f"layer, 61,000 lines: {taken:.2f} s, {61000 / taken:,.0f} a second with the start-up")
    rest = taken - min(seconds(layer, small) for _ in range(3))
    print(f"the same without it: {60000 / rest:,.0f} a second")
    batch = ["compare", "-", "--format", "ndjson", "--verify-limit", "20000000"]
    print(f"compare, 400 specs, verified up to 20 M MACs a row: {seconds(batch, mixed_specs(400)):.1f} s")


if __name__ == "__main__":
    main()
