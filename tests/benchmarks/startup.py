"""How long whole commands take beside what any such program must pay, both sides in turn, medians and ratios.

    python -m venv V && V/bin/pip install . && V/bin/python tests/benchmarks/startup.py

Needs a real install: the sources of an editable one may lack the byte-code that a start lives on.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TRIVIAL = """
import typer
app = typer.Typer(add_completion=False)
@app.command()
def hello(name: str, times: int = 1) -> None:
    print("hello", name)
@app.command()
def bye(name: str) -> None:
    print("bye", name)
"""

SPEC = ("64:128", "@56", "k3")
CONVCOST = [str(Path(sys.executable).with_name("convcost"))]
IMPORTS = [sys.executable, "-c", "import typer, rich"]


def cases(folder: str) -> list[tuple[str, list[str], list[str], float]]:
    """Name, command, what it is held against, and the ratio that is the goal."""
    Path(folder, "trivial.py").write_text(TRIVIAL)
    Path(folder, "start.py").write_text("from trivial import app\napp()\n")
    trivial = [sys.executable, str(Path(folder, "start.py")), "hello", "you"]
    compare = [*CONVCOST, "compare", *SPEC]
    return [
        ("json, unverified / trivial typer app", [*compare, "--format", "json", "--no-verify"], trivial, 1.2),
        ("table, unverified / import typer, rich", [*compare, "--no-verify"], IMPORTS, 1.7),
        ("table, verified / import typer, rich", compare, IMPORTS, 3.5),
    ]


def seconds(command: list[str]) -> float:
    """Wall time of one run."""
    # Byte-code must be there; it is written in the warm-up where a pip left it out.
    env = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"} | {"COLUMNS": "100"}
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=env)
    return time.perf_counter() - start


def main(runs: int = 21) -> None:
    """Print a line a case."""
    with tempfile.TemporaryDirectory() as folder:
        for name, ours, theirs, goal in cases(folder):
            seconds(ours), seconds(theirs)
            pairs = [(seconds(ours), seconds(theirs)) for _ in range(runs)]
            a, b = (statistics.median(side) for side in zip(*pairs))
            print(f"{name:<40} {a * 1e3:6.1f} ms / {b * 1e3:6.1f} ms = {a / b:.2f}   (goal {goal})")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 21)
