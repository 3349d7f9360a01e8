"""How long networks take: in this process, and as whole commands beside `compare`; medians and ratios.

    python -m venv V && V/bin/pip install . && V/bin/python tests/benchmarks/networks.py

Needs a real install, as startup.py does.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from convcost.answers.network import answer_network
from convcost.networks.build import build_network
from convcost.networks.zoo import zoo_names, zoo_program

CONVCOST = str(Path(sys.executable).with_name("convcost"))
COMPARE = ["compare", "64:128", "@56", "k3", "--no-verify"]
NETWORK = ["network", "resnet50"]


def in_process(name: str) -> float:
    """Seconds to read a file, build the graph and answer everything but the execution."""
    start = time.perf_counter()
    answer_network(build_network(zoo_program(name)))
    return time.perf_counter() - start


def as_command(words: list[str]) -> float:
    """Seconds of a whole process."""
    env = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"} | {"COLUMNS": "100"}
    start = time.perf_counter()
    subprocess.run([CONVCOST, *words], check=True, stdout=subprocess.DEVNULL, env=env)
    return time.perf_counter() - start


def ratio(title: str, ours: list[str], theirs: list[str], runs: int, goal: str) -> None:
    """Print a line, both sides measured in turn."""
    as_command(ours), as_command(theirs)
    pairs = [(as_command(ours), as_command(theirs)) for _ in range(runs)]
    a, b = (statistics.median(side) for side in zip(*pairs))
    print(f"{title:<44} {a * 1e3:6.1f} ms / {b * 1e3:6.1f} ms = {a / b:.2f}   (goal {goal})")


def main(runs: int = 21) -> None:
    """Print everything."""
    for name in zoo_names():
        in_process(name)
        print(f"{name + ', in process':<44} {statistics.median([in_process(name) for _ in range(runs)]) * 1e3:6.1f} ms")
    ratio("resnet50, unverified, table / compare", [*NETWORK, "--no-verify"], COMPARE, runs, "1.3")
    json = ["--format", "json"]
    ratio("resnet50, unverified, json / compare", [*NETWORK, "--no-verify", *json], [*COMPARE, *json], runs, "1.3")
    ratio("resnet50, verified / unverified compare", NETWORK, COMPARE, runs, "at most 350 ms")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 21)
