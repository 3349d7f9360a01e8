"""`layer -` and `compare -` by plans, as often as fast as line by line: cold, and where the plans are made.

V/bin/python tests/benchmarks/batches.py [LINES [warm]]
"""

from __future__ import annotations

import io
import random
import resource
import subprocess
import sys
import time
from contextlib import redirect_stdout
from itertools import product
from statistics import median

from convcost.cli import compare as compare_command
from convcost.cli import layer as layer_command
from convcost.cli.main import run

#: A few sets of tokens, as files of networks have them, and many.
FEW = ("k3", "k3 s2", "k1", "k5 bias", "k3 p1 s2", "k7 s2", "k3 d2", "k1 s2")
MANY = tuple([f"k{k}{s}{more}" for k, s, more in product((1, 3, 5, 7, 9, 11), ("", " s2"), (
    "", " bias", " d2", " int8", " psame-upper", " fp16"))][:66])  # fmt: skip

#: A process of its own: the command with plans, as it is, or without.
PROCESS = """
import sys
from convcost.cli import {command} as module
from convcost.cli.main import run
if sys.argv[1] == "slow":
    module.WORTH_PLANS = 0
sys.exit(run(["{command}", "-", "--no-verify", "--format", "ndjson"]))
"""


def lines(count: int, tokens: tuple[str, ...]) -> str:
    """Sizes that networks have, with sets of tokens."""
    rng = random.Random(5)
    each = [
        f"{8 * rng.randint(1, 64)}:{8 * rng.randint(1, 64)} @{rng.choice((7, 14, 28, 56, 112))} {rng.choice(tokens)}"
        for _ in range(count)
    ]
    return "\n".join(each) + "\n"


def seconds(command: str, text: str, *, planned: bool) -> float:
    """Of the processor, in this process."""
    for module in (layer_command, compare_command):
        module.WORTH_PLANS = 1 if planned else 0
    sys.stdin = io.TextIOWrapper(io.BytesIO(text.encode()))
    start = time.process_time()
    with redirect_stdout(io.StringIO()):
        run([command, "-", "--no-verify", "--format", "ndjson"])
    return time.process_time() - start


def whole(command: str, text: str, way: str) -> float:
    """Of the processor, by a process of its own, its start included."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    code = [sys.executable, "-c", PROCESS.format(command=command), way]
    subprocess.run(code, input=text.encode(), stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def print_cold(command: str, counts: tuple[int, ...], repeats: int = 3) -> None:
    """Whole processes, one with and one without plans in turn: how often as fast the plans make them."""
    for name, tokens in (("few", FEW), ("many", MANY)):
        for count in counts:
            text = lines(count, tokens)
            ratios = [whole(command, text, "slow") / whole(command, text, "fast") for _ in range(repeats)]
            shown = f"{count:,} lines of {len(tokens)} sets of tokens ({name})"
            print(f"  cold, {shown}: {median(ratios):.2f} x (goal 0.9 x)", flush=True)


def main() -> None:
    """Print ratios; warm is the difference of two batches, one of them 21 times as long."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    for command, counts in (("layer", (1000, 2000, 8000)), ("compare", (1000, 2000, 6000))):
        slow = seconds(command, lines(count // 4, FEW), planned=False) / (count // 4)
        _, cold = [seconds(command, lines(count, FEW), planned=True) for _ in range(2)]  # the first loads NumPy
        warm = (seconds(command, lines(21 * count, FEW), planned=True) - cold) / (20 * count)
        print(f"{command}: {1 / slow:,.0f} lines a second one by one")
        print(f"  warm: {1 / warm:,.0f} a second, {slow / warm:.1f} x (goal 8 x)")
        if len(sys.argv) < 3:
            print_cold(command, counts)


if __name__ == "__main__":
    main()
