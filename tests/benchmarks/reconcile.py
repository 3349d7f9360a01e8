"""How sharp a figure is, and what `reconcile` takes beside `network`, as whole processes.

    PYTHONPATH=tests python tests/benchmarks/reconcile.py [RUNS]

Sharpness: every figure that a tool printed for a built-in network, given whole and with fewer decimals; how often the
true tool is among the answers, and how many values fit. Time: the command unverified, the smaller half of RUNS (11).
"""

from __future__ import annotations

import subprocess
import sys
import time
from statistics import mean, median

from conventions.golden_figures import BY_KEY, KNOWN, network_of

from convcost.conventions.answer import Place, conventions, explain_figure, say_all
from convcost.conventions.facts import facts_of
from convcost.conventions.figures import read_figure
from convcost.conventions.operations import see

#: Goals: the true tool among the answers, and the median of the values that fit, by how a figure is given.
GOALS = {"whole": (0.97, 1), "three decimals": (0, 0), "two decimals": (0.97, 2), "one decimal": (0, 0)}
DECIMALS = {"whole": None, "three decimals": 3, "two decimals": 2, "one decimal": 1}


def as_printed(value: int, decimals: int | None) -> str:
    """A figure as tools print it: in G or M, with that many decimals."""
    if decimals is None:
        return str(value)
    unit, letter = (10**9, "G") if value >= 10**9 else (10**6, "M")
    return f"{value / unit:.{decimals}f} {letter}"


def sharpness() -> None:
    """A line a way of giving figures."""
    said = {}
    for name, one in KNOWN["networks"].items():
        network = network_of(f"{name} @{'x'.join(map(str, one['input'][2:]))}")
        seen = see(network.graph, network.shapes)
        said[name] = [(Place(name), say_all(conventions(), seen, facts_of(network, seen)))]
    for way, decimals in DECIMALS.items():
        hits, values = [], []
        for name, one in KNOWN["networks"].items():
            for tool, figure in one["figures"].items():
                if figure:
                    found = explain_figure(read_figure(as_printed(figure, decimals)), said[name]).explanations
                    hits.append(any([each.convention.name == BY_KEY[tool].name for each in found]))
                    values.append(len({each.value for each in found}))
        share, half = GOALS[way]
        held = "" if not half else "  holds" if mean(hits) >= share and median(values) <= half else "  FAILS"
        print(f"{way:<15} {len(hits)} figures: the true tool among the answers in {mean(hits):.1%}, values that fit: "
              f"median {median(values)}, mean {mean(values):.2f}{held}")  # fmt: skip


def seconds(words: list[str]) -> float:
    """One process."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-m", "convcost", *words], check=True, capture_output=True)
    return time.perf_counter() - start


def speed(runs: int) -> None:
    """In turns, so that both meet the same noise."""
    commands = {name: [name, "resnet50", "--no-verify"] for name in ("network", "reconcile")}
    taken: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(runs):
        for name, words in commands.items():
            taken[name].append(seconds(words))
    fast = {name: median(sorted(times)[: runs // 2 + 1]) for name, times in taken.items()}
    ratio = fast["reconcile"] / fast["network"]
    print(f"network {fast['network'] * 1e3:.0f} ms, reconcile {fast['reconcile'] * 1e3:.0f} ms: {ratio:.2f} x (1.3)")


if __name__ == "__main__":
    sharpness()
    speed(int(sys.argv[1]) if len(sys.argv) > 1 else 11)
