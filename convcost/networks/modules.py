"""PyTorch modules by name: `torchvision.models:resnet50`, `timm:resnet18`, `my_model.py:make(width=2)`."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any, NamedTuple

from ..spec.errors import SpecError, clip
from .exported import Imported, module_network, printable, quietly, torch_library
from .foreign import MODULE_NAME

#: Longest name of a module with its arguments.
LONGEST_NAME = 1_000


class Source(NamedTuple):
    """Where a module is: a file or a Python module, the attribute in it, and what that is called with."""

    place: str
    attribute: str
    keywords: dict[str, Any]

    @property
    def runs_a_file(self) -> bool:
        """Is it in a file of the user's, which is run to get it?"""
        return self.place.endswith(".py")


def parse_module_name(text: str) -> Source:
    """What a name says.

    >>> parse_module_name("my_model.py:make(width=2, sizes=(1, 2))")
    Source(place='my_model.py', attribute='make', keywords={'width': 2, 'sizes': (1, 2)})

    Raises SpecError, at the place, where the arguments are other than literals with a keyword.
    """
    match = MODULE_NAME.fullmatch(text)
    if match is None or len(text) > LONGEST_NAME:
        raise SpecError(f"{clip(text)!r} names no module", "such as torchvision.models:resnet50", text)
    keywords = _keywords(text, match) if match["arguments"] else {}
    return Source(match["place"], match["attribute"], keywords)


def _keywords(text: str, match: re.Match[str]) -> dict[str, Any]:
    span = match.span("arguments")
    hint = "write keywords with literal values, such as make(width=2, kind='small')"
    try:
        call = ast.parse(f"f{match['arguments']}", mode="eval").body
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name) or call.args:
            raise SpecError("the arguments have no keywords", hint, text, *span)
        if any(keyword.arg is None for keyword in call.keywords):
            raise SpecError("** is no argument with a value", hint, text, *span)
        return {str(keyword.arg): ast.literal_eval(keyword.value) for keyword in call.keywords}
    except SyntaxError:
        raise SpecError("the arguments cannot be read", hint, text, *span) from None
    except (ValueError, TypeError, RecursionError, MemoryError) as error:
        if isinstance(error, SpecError):
            raise
        raise SpecError("an argument is more than a literal", hint, text, *span) from None


def check_source(source: Source) -> None:
    """Raise SpecError where the file is not there, or torch: before anything is run."""
    if source.runs_a_file and not Path(source.place).is_file():
        raise SpecError(f"there is no file {clip(source.place)!r}", "name a file of Python with the module in it")
    torch_library()


def import_network(name: str, tokens: str) -> Imported:
    """The network that `name` names, made with random weights; `tokens` say its input, such as `@224 n8`.

    Raises SpecError, in one line, where a library is not there, where the user's code fails, and where the module
    cannot be exported.
    """
    source = parse_module_name(name)
    check_source(source)
    with quietly():
        return module_network(_make(source), tokens, name)


def _make(source: Source) -> Any:
    """The module: an attribute that is one already, or what it gives when it is called."""
    if source.place == "timm":
        timm = _imported(source)
        return _called(source, timm.create_model, {"model_name": source.attribute, "pretrained": False})
    found: Any = _imported(source)
    for part in source.attribute.split("."):
        if not hasattr(found, part):
            raise SpecError(f"{clip(source.place)} has no {clip(source.attribute)}", _nearest(part, found))
        found = getattr(found, part)
    is_made = isinstance(found, torch_library().nn.Module)
    return found if is_made and not source.keywords else _called(source, found, {})


def _nearest(part: str, found: Any) -> str:
    from difflib import get_close_matches

    public = [name for name in dir(found) if not name.startswith("_")]
    near = get_close_matches(part, public, n=3, cutoff=0.5)
    return f"there is {', '.join(near or public[-3:])}" if public else "it has nothing by a name"


def _imported(source: Source) -> Any:
    """The Python module, or the file, run as if it were one."""
    place = source.place
    if not source.runs_a_file:
        return _guarded(place, lambda: _imported_by_name(place))
    path = Path(place).resolve()
    spec = spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise SpecError(f"{clip(place)} is no file of Python")
    module, loader = module_from_spec(spec), spec.loader
    sys.path.insert(0, str(path.parent))
    sys.modules.setdefault(path.stem, module)
    _guarded(place, lambda: loader.exec_module(module))
    return module


def _imported_by_name(place: str) -> Any:
    if "" not in sys.path:
        sys.path.insert(0, "")
    return import_module(place)


def _called(source: Source, call: Any, more: dict[str, Any]) -> Any:
    said = ", ".join(f"{key}={value!r}" for key, value in source.keywords.items())
    if not callable(call):
        raise SpecError(f"{clip(source.attribute)} is a {type(call).__name__}, and makes no module", "name a class")
    return _guarded(f"{source.attribute}({said})", lambda: call(**more, **source.keywords))


def _guarded(what: str, run: Callable[[], Any]) -> Any:
    """What the user's code gives; its exception, of whatever kind, in one line."""
    try:
        return run()
    except (Exception, SystemExit) as error:
        if isinstance(error, SpecError):
            raise
        lines = str(error).strip().splitlines()
        why = f"{type(error).__name__}: {lines[0][:200] if lines else ''}".rstrip(": ")
        shown = what if len(what) <= 40 else Path(what).name  # the end of a path says more than its start
        raise SpecError(f"{clip(shown)} fails: {printable(why)}", "it fails in Python in the same way") from None
