"""What some tests need and not every machine has: `@pytest.mark.needs("onnxruntime")`, a module or a program."""

from __future__ import annotations

import re
import shutil
from collections import defaultdict
from functools import cache
from importlib.util import find_spec

import pytest

#: What a command line needs, by how the line shows it. What is timed with a device's figures or by NumPy runs in no
#: engine.
_OF_LINES = {
    r"\bjq\b": "jq", r"\bpdflatex\b": "pdflatex", r"\.onnx\b": "onnx", r"\.py:": "torch", r"\.svg\b": "matplotlib",
    r"\.(parquet|arrow)\b": "pyarrow", r"\.safetensors\b": "safetensors",
    r"convcost time (?!.*--device|.*--engine numpy)|--measure|--engine onnxruntime": "onnxruntime",
}  # fmt: skip


@cache
def is_here(name: str) -> bool:
    return bool(find_spec(name) or shutil.which(name))


def lacking(line: str) -> str:
    """What a command line needs and is not here; nothing if it can run."""
    command = line.partition("  #")[0]
    wanted = [name for pattern, name in _OF_LINES.items() if re.search(pattern, command)]
    return next((name for name in wanted if not is_here(name)), "")


def with_needs(line: str) -> list[pytest.MarkDecorator]:
    """The marks of a test of a command line."""
    return [pytest.mark.needs(lacking(line))] if lacking(line) else []


def fold(items: list[pytest.Item]) -> list[pytest.Item]:
    """Leave one test of those that need the same thing that is not here, and let it say of how many: the others."""
    without: dict[str, list[pytest.Item]] = defaultdict(list)
    for item in items:
        wanted = [name for mark in item.iter_markers("needs") for name in mark.args if not is_here(name)]
        if wanted:
            without[wanted[0]].append(item)
    for name, those in without.items():
        tests = f"{len(those)} tests need it" if len(those) > 1 else "one test needs it"
        those[0].add_marker(pytest.mark.skip(reason=f"{name} is not here: {tests}"))
    others = [item for those in without.values() for item in those[1:]]
    items[:] = [item for item in items if item not in others] if others else items
    return others
