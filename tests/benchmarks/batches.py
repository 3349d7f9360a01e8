"""`layer -` and `compare -` by plans, as often as fast as line by line: cold, and where the plans are made.

V/bin/python tests/benchmarks/batches.py [LINES]
"""

from __future__ import annotations

import io
import random
import sys
import time
from contextlib import redirect_stdout

from convcost.cli import compare as compare_command
from convcost.cli import layer as layer_command
from convcost.cli.main import run

TOKENS = ("k3", "k3 s2", "k1", "k5 bias", "k3 p1 s2", "k7 s2", "k3 d2", "k1 s2")


def lines(count: int) -> str:
    """Sizes that networks have, with a few sets of tokens."""
    rng = random.Random(5)
    each = [
        f"{8 * rng.randint(1, 64)}:{8 * rng.randint(1, 64)} @{rng.choice((7, 14, 28, 56, 112))} {rng.choice(TOKENS)}"
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


def main() -> None:
    """Print ratios; warm is the difference of two batches, one of them ten times as long."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    for command in ("layer", "compare"):
        slow = seconds(command, lines(count // 4), planned=False) / (count // 4)
        cold = seconds(command, lines(count), planned=True)
        warm = (seconds(command, lines(6 * count), planned=True) - cold) / (5 * count)
        print(f"{command}: {1 / slow:,.0f} lines a second one by one")
        print(
            f"  cold, {count:,} lines: {slow * count / cold:.1f} x; warm: {1 / warm:,.0f} a second, {slow / warm:.1f} x"
        )


if __name__ == "__main__":
    main()
