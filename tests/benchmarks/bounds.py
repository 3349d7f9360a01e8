"""What 64 KiB of the worst there is cost each reader: processor seconds and peak memory, the dearest first.

    python -m venv V && V/bin/pip install '.[test]' && V/bin/python tests/benchmarks/bounds.py

The tests hold the same inputs to the same bounds with some slack in time, since machines differ and others use them.
"""

# ruff: noqa: E402  # the folder of the tests must be found first

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])  # beside this file lies another networks.py

from cli.bounded import MOST_BYTES, MOST_SECONDS, Runner
from cli.test_bounds import BATCHES, LINES, SIZE
from networks.network_cases import HOSTILE as NETWORKS
from networks.onnx_cases import HOSTILE as MODELS

SWAP = ["swap", "-", "--to", "inverted-residual", "--where", ""]


def cases(folder: Path) -> Iterator[tuple[str, list[str], bytes]]:
    """Name, command line and standard input."""
    for line in LINES:
        yield f"a line, {line[:12]!a}", ["layer", "-"], line.encode()[:SIZE]
    for name, lines in BATCHES.items():
        yield f"{lines.count(chr(10)):,} lines, {name}", ["layer", "-", "--format", "json"], lines.encode()
    for name, text in NETWORKS.items():
        yield f"a network, {name}", ["network", "-", "--format", "json"], text.encode()[:SIZE]
        yield f"a network to swap, {name}", SWAP, text.encode()[:SIZE]
    for number, (name, model) in enumerate(MODELS.items()):
        path = folder / f"{number}.onnx"
        path.write_bytes(model)
        yield f"a model, {name}", ["network", str(path)], b""


def main() -> None:
    """Print a line a case."""
    runner, found = Runner(), []
    with tempfile.TemporaryDirectory() as folder:
        for name, words, stdin in cases(Path(folder)):
            outcome = runner([*words, "--no-verify"], stdin)
            found.append((outcome.seconds, outcome.peak, outcome.code, name))
    runner.close()
    for seconds, peak, code, name in sorted(found, reverse=True):
        print(f"{seconds:6.2f} s {peak / 1e6:6.0f} MB  exit {code}  {name}")
    print(f"bounds: {MOST_SECONDS:g} s, {MOST_BYTES / 1e6:g} MB; {len(found)} inputs")


if __name__ == "__main__":
    main()
