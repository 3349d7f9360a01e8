"""Exported models against PyTorch: `tests/benchmarks/exported_models.py FOLDER`; golden/make_exports.py makes them.

Each file is read in a process of its own, where that takes longer than it should again: the best counts. `exact`:
complete, with the products and the params of the module. Five files are not, as they have other numbers than their
modules: three have zeros for the biases of keys, which nobody learned, put between those that are; two have the tables
that attention adds, worked out of learned ones which are not there (a note says how many numbers that are).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from time import perf_counter
from typing import Any

#: Seconds of the processor from a file to its answer, which others on the machine do not lengthen much: of all models,
#: and of those that are allowed more.
GOAL, GOALS = 1.0, {"torchvision-swin_t.onnx": 3.0}

#: Processes for a model that is too slow in the first, and models that are shown however fast they are.
ROUNDS, SHOWN = 5, 10

GOLDEN = Path(__file__).parents[1] / "golden/exported_models.json"


def read(path: Path) -> tuple[dict[str, Any], float, float]:
    """The answer of a process, its seconds, and those of the processor."""
    before, start = os.times(), perf_counter()
    command = [sys.executable, "-m", "convcost", "network", str(path), "--format", "json", "--no-verify"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    wall, after = perf_counter() - start, os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    found = json.loads(done.stdout) if not done.returncode else {"status": done.stderr.strip()}
    return found, wall, used


def verdict(found: dict[str, Any], facts: dict[str, Any]) -> str:
    """`exact`, `partial`, or what is wrong."""
    if found["status"] != "complete":
        return "partial" if found["status"] == "partial" else f"refused: {found['status']}"
    macs, params = found["total"]["macs"], found["total"]["params"]
    wrong = [] if macs - facts["macs"] in (0, facts["constant_macs"]) else [f"macs {macs}, not {facts['macs']}"]
    wrong += [] if params == facts["params"] else [f"params {params}, not {facts['params']}"]
    return ", ".join(wrong) or "exact"


def quickest(path: Path, goal: float) -> tuple[dict[str, Any], float, float]:
    """The answer, and the best seconds of a few processes: of one, where it meets its goal at once."""
    found, wall, used = read(path)
    for _ in range(ROUNDS - 1):
        if used <= goal:
            break
        _, other, cpu = read(path)
        wall, used = min(wall, other), min(used, cpu)
    return found, wall, used


def main(folder: Path) -> None:
    """A line for each model that is not exact or not quick, the slowest ones, and how many are what."""
    counts: dict[tuple[str, str], list[float]] = {}
    times = []
    for file, facts in json.loads(GOLDEN.read_text()).items():
        if not (folder / file).exists():
            continue
        goal = GOALS.get(file, GOAL)
        found, wall, used = quickest(folder / file, goal)
        said = verdict(found, facts)
        library = facts["source"].partition(":")[0]
        counts.setdefault((f"{library}, {facts['exporter']}", said.split()[0].strip(":,")), []).append(used)
        times.append((used, wall, goal, file))
        if said != "exact" or used > goal:
            print(f"{file:44} {_seconds(wall, used, goal)}  {said}", flush=True)
    print("\nslowest:")
    for used, wall, goal, file in sorted(times, reverse=True)[:SHOWN]:
        print(f"{file:44} {_seconds(wall, used, goal)}")
    print(f"\n{sum(used <= goal for used, _, goal, _ in times)} of {len(times)} within their goals")
    for (kind, said), seconds in sorted(counts.items()):
        middle = sorted(seconds)[len(seconds) // 2]
        print(f"{kind:28} {said:8} {len(seconds):4}  median {middle:.2f} s, most {max(seconds):.2f} s of the processor")


def _seconds(wall: float, used: float, goal: float) -> str:
    return f"{wall:5.2f} s, {used:5.2f} of the processor, goal {goal:.0f} s{'' if used <= goal else ': missed'}"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
