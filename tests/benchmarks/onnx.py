"""Reading ONNX models, side by side with onnx-tool where that is installed too: `python tests/benchmarks/onnx.py`.

Whole processes, from a file to its totals, the best of five; then this package alone, in one process.
onnx-tool may be in another environment: `python tests/benchmarks/onnx.py /path/to/its/python`.
"""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pathlib import Path
from time import perf_counter

OURS = "import sys; from convcost.networks.onnx import read_onnx; from convcost.analysis import analyze; \
print(analyze(read_onnx(sys.argv[1], {}, None)[1]).cost.macs)"
THEIRS = "import sys, onnx_tool; m = onnx_tool.Model(sys.argv[1], {'verbose': False}); m.graph.shape_infer(None); \
m.graph.profile(); print(m.graph.macs[0])"
ROUNDS = 5


def seconds(python: str, code: str, path: Path) -> float | None:
    """The time that one process takes; None where it fails."""
    start = perf_counter()
    done = subprocess.run([python, "-c", code, str(path)], capture_output=True, check=False)
    return None if done.returncode else perf_counter() - start


def side_by_side(python: str, path: Path) -> tuple[float, float] | None:
    """Best times of both, taken in turns, so that whatever else the machine does falls on both."""
    ours, theirs = [], []
    for _ in range(ROUNDS):
        pair = seconds(sys.executable, OURS, path), seconds(python, THEIRS, path)
        if pair[0] is None or pair[1] is None:
            return None
        ours.append(pair[0])
        theirs.append(pair[1])
    return min(ours), min(theirs)


def in_process(path: Path) -> float:
    """Best time of reading and analysing, everything loaded."""
    from convcost.analysis import analyze
    from convcost.networks.onnx import read_onnx

    times = []
    for _ in range(ROUNDS):
        start = perf_counter()
        analyze(read_onnx(str(path), {}, None)[1])
        times.append(perf_counter() - start)
    return min(times)


def main() -> None:
    """A line for each model."""
    python = sys.argv[1] if len(sys.argv) > 1 else sys.executable
    folder = Path(str(import_module("onnx").__file__)).parent / "backend/test/data/light"
    print(f"{'model':28} {'convcost':>9} {'onnx-tool':>9} {'ratio':>6} {'in process':>11}")
    for path in sorted(folder.glob("*.onnx")):
        both = side_by_side(python, path)
        said = "only one reads it" if both is None else f"{both[0]:8.3f}s {both[1]:8.3f}s {both[1] / both[0]:5.2f}x"
        print(f"{path.stem:28} {said} {in_process(path) * 1000:8.1f} ms")


if __name__ == "__main__":
    sys.path = [entry for entry in sys.path if Path(entry).name != "benchmarks"]  # this file is named onnx, too
    main()
