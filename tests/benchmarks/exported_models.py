"""Exported models against PyTorch: `tests/benchmarks/exported_models.py FOLDER`; golden/make_exports.py makes them.

Each file is read in a process of its own. `exact`: complete, with the products and the params of the module. A file in
which weights were folded into others has fewer params, and its answer may not be more than the numbers in it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from time import perf_counter
from typing import Any

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


def main(folder: Path) -> None:
    """A line for each model that is not exact or not quick, and how many are what."""
    counts: dict[tuple[str, str], list[float]] = {}
    for file, facts in json.loads(GOLDEN.read_text()).items():
        if not (folder / file).exists():
            continue
        found, wall, used = read(folder / file)
        said = verdict(found, facts)
        library = facts["source"].partition(":")[0]
        counts.setdefault((f"{library}, {facts['exporter']}", said.split()[0].strip(":,")), []).append(used)
        if said != "exact" or used > 1:
            print(f"{file:44} {wall:5.2f} s, {used:5.2f} of the processor  {said}", flush=True)
    for (kind, said), seconds in sorted(counts.items()):
        middle = sorted(seconds)[len(seconds) // 2]
        print(f"{kind:28} {said:8} {len(seconds):4}  median {middle:.2f} s, most {max(seconds):.2f} s of the processor")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
