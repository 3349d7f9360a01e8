"""What a TAB costs in each shell beside one that would start Python and typer for it: medians, milliseconds, ratios.

    python -m venv V && V/bin/pip install . && V/bin/python tests/benchmarks/completion.py

The scripts' own functions are timed: bash's, zsh's in its line editor, fish's `complete -C`; a shell that is missing is
left out.
"""

# ruff: noqa: E402  # the folder of the tests must be found first

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])

from cli.completing.terminal import SCRIPTS, Terminal, missing

LINES = (
    "convcost comp", "convcost compare 64:1", "convcost compare 64:128 @5", "convcost compare 64:128 @56 k3 mid=",
    "convcost compare 64 @56 k3 --variants standard,dep", "convcost network resn", "convcost explain depthwise ",
)  # fmt: skip

BASH = r"""
. {scripts}/convcost.bash
for ((run = 0; run < {runs}; run++)); do
    COMP_LINE='{line}' COMP_POINT={point} start=${EPOCHREALTIME/./}
    _convcost 2>/dev/null
    echo $((${EPOCHREALTIME/./} - start))
done
"""

FISH = r"""
source {scripts}/convcost.fish
for run in (seq {runs})
    set -l start (date +%s%N)
    for again in 1 2 3 4 5 6 7 8 9 10
        complete -C '{line}' >/dev/null
    end
    echo (math (date +%s%N) - $start)
end
"""


def milliseconds(shell: str, line: str, runs: int) -> list[float]:
    """One number a TAB."""
    if shell == "zsh":
        return zsh(line, runs)
    text = (BASH if shell == "bash" else FISH).replace("{scripts}", str(SCRIPTS)).replace("{runs}", str(runs))
    text = text.replace("{line}", line).replace("{point}", str(len(line)))
    command = ["bash", "--norc", "-c", text] if shell == "bash" else ["fish", "--no-config", "-c", text]
    shown = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return [float(number) / (1e3 if shell == "bash" else 1e7) for number in shown]


def zsh(line: str, runs: int) -> list[float]:
    """In a pseudo-terminal, from before the widget to after it."""
    with tempfile.TemporaryDirectory() as home:
        terminal = Terminal("zsh", Path(home))
        try:
            taken = []
            for _ in range(runs):
                terminal.send(line + "\x14")
                shown = terminal.read_until(">>")
                taken.append(1e3 * float(shown.rpartition("<<")[2].partition(">>")[0]))
            return taken
        finally:
            terminal.close()


def python_start() -> float:
    """What any program pays that starts Python and typer."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import typer"], check=True)
    return 1e3 * (time.perf_counter() - start)


def main(runs: int = 20) -> None:
    """Print a line for each shell and line."""
    for shell in ("bash", "zsh", "fish"):
        if missing(shell):
            print(missing(shell))
            continue
        for line in LINES:
            ours, theirs = [], []
            for _ in range(3):
                ours += milliseconds(shell, line, runs)[1:]  # the first one loads what the shell loads late
                theirs.append(python_start())
            mine, python = statistics.median(ours), statistics.median(theirs)
            print(
                f"{shell:<5}{line + '<TAB>':<56} {mine:6.2f} ms / {python:6.1f} ms = {mine / python:.3f}   (goal 10 ms)"
            )


if __name__ == "__main__":
    main()
