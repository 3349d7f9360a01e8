"""`convcost` as a program that a shell finds, and examples out of texts."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from convcost.cli import main

NETWORK = "input 3 @32\nstandard 16 k3 s2\nrelu\ndepthwise-separable 32 k3\nglobal-average-pool\nlinear 10 bias\n"
LAYERS = "64:128 @56 k3\n64:64 @28x24 k3 s2\n"

#: What a command line needs that not every machine has: how the line shows it, and whether it is here. What is timed
#: with a device's figures or by NumPy runs in no engine.
_NEEDS = {
    r"\bjq\b": bool(shutil.which("jq")), r"\bpdflatex\b": bool(shutil.which("pdflatex")),
    r"\.onnx\b": bool(find_spec("onnx")), r"\.py:": bool(find_spec("torch")), r"\.svg\b": bool(find_spec("matplotlib")),
    r"\.(parquet|arrow)\b": bool(find_spec("pyarrow")), r"\.safetensors\b": bool(find_spec("safetensors")),
    r"convcost time (?!.*--device|.*--engine numpy)|--measure|--engine onnxruntime": bool(find_spec("onnxruntime")),
}  # fmt: skip


def lacking(line: str) -> str:
    """What a command line needs and is not here, in the line's words; nothing if it can run."""
    command = line.partition("  #")[0]
    found = [re.search(pattern, command) for pattern, is_here in _NEEDS.items() if not is_here]
    return next((match[0].strip() for match in found if match), "")


def with_convcost(folder: Path, **env: str) -> dict[str, str]:
    """An environment in which `convcost` is this checkout's, and the folder has a file of layers."""
    bin = folder / "bin"
    bin.mkdir(exist_ok=True)
    root = Path(main.__file__).parents[2]
    (bin / "convcost").write_text(f'#!/bin/sh\nPYTHONPATH="{root}" exec "{sys.executable}" -m convcost "$@"\n')
    (bin / "convcost").chmod(0o755)
    (folder / "layers.txt").write_text(LAYERS)
    (folder / "my-net.txt").write_text(NETWORK)
    kept = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "FORCE_COLOR", "NO_COLOR", "TERM")}
    return {**kept, "PATH": f"{bin}:{os.environ['PATH']}", "HOME": str(folder), **env}


def in_shell(line: str, folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a line of shell in the folder."""
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", line],
        cwd=folder,
        env=with_convcost(folder, **env),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def examples(epilog: str) -> list[str]:
    """The lines of an epilogue that are commands."""
    return [line.strip() for line in re.findall(r"(?m)^\s+(?:\w+ .*\| )?convcost .*$", epilog)]
