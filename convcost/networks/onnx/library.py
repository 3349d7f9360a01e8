"""The one place that knows the onnx package: an extra, without which everything else works."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec, module_from_spec
from pathlib import Path
from typing import Any

from ...spec.errors import SpecError, clip


def onnx_library(part: str) -> Any:
    """A module of the package, `onnx_ml_pb2` or `onnx_cpp2py_export`; untyped, so that types can be checked without it.

    The package's own `__init__` loads NumPy and tools that are not needed here, 0.15 s of them. So where
    nobody has loaded it yet, a module of that name stands in while the part is, and leaves again.
    """
    name = f"onnx.{part}"
    if name in sys.modules or "onnx" in sys.modules:
        return import_module(name)
    spec = find_spec("onnx")
    if spec is None or spec.submodule_search_locations is None:
        raise SpecError("reading ONNX files needs the onnx package", "pip install 'convcost[onnx]'")
    sys.modules["onnx"] = module_from_spec(spec)
    try:
        return import_module(name)
    except ImportError:
        raise SpecError("the onnx package is there, and does not work", "pip install -U 'convcost[onnx]'") from None
    finally:
        del sys.modules["onnx"]


def bad_file(name: str, message: str, hint: str = "") -> SpecError:
    """What is wrong with a file, its name in front, neither of them able to upset a terminal."""
    shown = name if len(name) <= 40 else Path(name).name  # the end of a path says more than its start
    return SpecError(f"{clip(shown)}: {message}", hint)
