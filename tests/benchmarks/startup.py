"""What whole commands take beside what any such program must pay, both sides in turn, and their ratio.

    python -m venv V && V/bin/pip install . && V/bin/python tests/benchmarks/startup.py [RUNS]
    V/bin/python tests/benchmarks/startup.py RUNS W     # W: a virtual environment with another state of convcost
    V/bin/python tests/benchmarks/startup.py 0 W        # counts instructions in valgrind instead, which are no noise

Needs a real install: the sources of an editable one may lack the byte-code that a start lives on. Seconds are of the
processor, user and system, of the faster third of the runs: what else runs on the machine takes part in neither.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from statistics import mean

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


def against(other: Path) -> list[tuple[str, list[str], list[str], float]]:
    """The same commands of this install and of another."""
    here = Path(sys.executable).parent
    json = ["compare", *SPEC, "--format", "json", "--no-verify"]
    words = {
        "compare, json, unverified": ["convcost", *json],
        "compare, table, unverified": ["convcost", "compare", *SPEC, "--no-verify"],
        "import convcost": ["python", "-c", "import convcost"],
        "the commands from Python": ["python", "-c", "import convcost; convcost.layer"],
    }
    return [
        (f"{name} / the other's", [str(here / first), *rest], [str(other / "bin" / first), *rest], 1.0)
        for name, (first, *rest) in words.items()
    ]


def seconds(command: list[str]) -> float:
    """Processor time of one run."""
    # Byte-code must be there; it is written in the warm-up where a pip left it out.
    env = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"} | {"COLUMNS": "100"}
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=env)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = status
    assert status == 0, command
    return used.ru_utime + used.ru_stime


def instructions(command: list[str]) -> float:
    """Millions of instructions of one run, from a folder without sources; some seconds each."""
    first = Path(command[0])  # a script is Python's
    script = [str(first.with_name("python")), str(first)] if first.name == "convcost" else [str(first)]
    watched = ["valgrind", "--tool=lackey", "--basic-counts=yes", *script, *command[1:]]
    env = {**os.environ, "PYTHONHASHSEED": "0", "COLUMNS": "100"}
    done = subprocess.run(watched, cwd="/", env=env, capture_output=True, text=True, check=True)
    return int(re.findall(r"guest instrs: +([\d,]+)", done.stderr)[0].replace(",", "")) / 1e6


def fast(taken: Iterable[float]) -> float:
    """The mean of the faster third."""
    ordered = sorted(taken)
    return mean(ordered[: max(len(ordered) // 3, 1)])


def main(runs: int = 21, other: str = "") -> None:
    """Print a line a case."""
    with tempfile.TemporaryDirectory() as folder:
        for name, ours, theirs, goal in against(Path(other)) if other else cases(folder):
            seconds(ours), seconds(theirs)
            if not runs:
                a, b = instructions(ours), instructions(theirs)
                print(f"{name:<42} {a:6.1f} M / {b:6.1f} M = {a / b:.3f}   (goal {goal})", flush=True)
                continue
            pairs = [(seconds(ours), seconds(theirs)) for _ in range(runs)]
            a, b = map(fast, zip(*pairs))
            print(f"{name:<42} {a * 1e3:6.1f} ms / {b * 1e3:6.1f} ms = {a / b:.2f}   (goal {goal})", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 21, *sys.argv[2:])
