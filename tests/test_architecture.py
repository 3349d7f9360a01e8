"""Which room may import which: the arrows point down one list, and heavy libraries stay where they are needed."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import NamedTuple

from tables import each

import convcost

ROOT = Path(convcost.__file__).parent

#: The rooms from the top down. A room imports of convcost what is below it, and itself; nothing above.
ORDER = (
    "api", "cli", "report", "gate", "explain", "conventions", "search", "trained", "timing", "checks", "answers",
    "networks",
    "training", "execute", "analysis",
    "variants", "graph", "spec",
)  # fmt: skip

#: Files at the root beside the rooms: `api.py` is a room of one file.
ROOT_FILES = {"__init__.py", "__main__.py", "api.py"}

#: Rooms that know less than what is below them.
NARROWER = {
    "execute": ("convcost.graph.ops", "convcost.spec.records"), "graph": ("convcost.spec.records",), "spec": (),
}  # fmt: skip

#: Pairs that stay apart although one is below the other: the command line prints by itself.
APART = {("api", "cli")}

#: Where each library may be imported; everything else is Python's own.
LIBRARIES = {
    "numpy": (
        "search/", "trained/", "timing/", "checks/", "networks/onnx/evaluate.py", "networks/written/learned.py",
        "training/", "execute/",
    ),
    "rich": ("report/terminal.py",), "typer": ("cli/",), "click": ("cli/",), "onnx": ("networks/onnx/",),
    "pytest": ("gate/pytest_plugin.py",), "torch": ("networks/exported.py", "timing/"), "onnxruntime": ("timing/",),
    "moocore": ("search/fronts.py",), "pyarrow": ("search/files.py",),
    "numba": ("search/kernels.py",), "distributed": ("search/cluster.py",),
    "safetensors": ("trained/arrays.py",),
}  # fmt: skip


class Import(NamedTuple):
    """One import: the file it is in, below the package, and the full name of what it names."""

    file: str
    name: str

    @property
    def room(self) -> str:
        """The room that the file belongs to; "" for `__init__.py` and `__main__.py`."""
        return room_of(self.file.removesuffix(".py").replace("/", "."))

    @property
    def library(self) -> str:
        return self.name.partition(".")[0]


def room_of(dotted: str) -> str:
    first = dotted.partition(".")[0]
    return "" if first in ("__init__", "__main__") else first


@cache  # several tests read every file
def parsed(source: str) -> ast.Module:
    return ast.parse(source)


def imports_in(source: str, file: str) -> Iterator[Import]:
    """Every import of a file, those in functions and under TYPE_CHECKING included, relative ones made absolute."""
    package = ["convcost", *file.split("/")[:-1]]
    for node in ast.walk(parsed(source)):
        if isinstance(node, ast.Import):
            yield from (Import(file, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            start = ".".join([*base, *([node.module] if node.module else [])])
            yield from (Import(file, f"{start}.{alias.name}") for alias in node.names)


@cache
def files() -> dict[str, str]:
    """Every file of the package by its path below it, with its source."""
    return {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in sorted(ROOT.rglob("*.py"))}


@cache
def imports() -> list[Import]:
    """Every import of the package."""
    return [found for file, source in files().items() for found in imports_in(source, file)]


def is_under(name: str, packages: tuple[str, ...]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def goes_up(found: Import) -> bool:
    """Does an import within convcost run against the order?"""
    room, target = found.room, room_of(found.name.removeprefix("convcost").lstrip("."))
    if not is_under(found.name, ("convcost",)) or room in ("", target):
        return False
    if target not in ORDER:  # a name of the package itself: its version
        return target != "__version__"
    if room in NARROWER and not is_under(found.name, NARROWER[room]):
        return True
    return ORDER.index(target) < ORDER.index(room) or (room, target) in APART


def upward(found: list[Import]) -> list[Import]:
    return [one for one in found if goes_up(one)]


def misplaced_libraries(found: list[Import]) -> list[Import]:
    """Imports of third-party libraries outside the places that each has."""
    foreign = [i for i in found if i.library != "convcost" and i.library not in sys.stdlib_module_names]
    return [i for i in foreign if not i.file.startswith(LIBRARIES.get(i.library, ("nowhere",)))]


def circle(sources: dict[str, str]) -> list[str]:
    """The files of one circle of imports, wherever in a file they are written; none where there is no circle.

    A package is its `__init__.py`; a file in it that imports the package is in a circle if that imports the file.
    """
    modules = {file.removesuffix(".py").removesuffix("/__init__").replace("/", "."): file for file in sources}
    graph: dict[str, set[str]] = {}
    for file, source in sources.items():
        names = [found.name.removeprefix("convcost.") for found in imports_in(source, file)]
        known = [modules.get(name) or modules.get(name.rpartition(".")[0]) for name in names]
        graph[file] = {other for other in known if other and other != file and other != "__init__.py"}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def loose(sources: dict[str, str]) -> list[str]:
    """What stands at the root of the package and is no room."""
    return [file for file in sources if file not in ROOT_FILES and file.partition("/")[0] not in ORDER]


def test_arrows_point_down() -> None:
    """No import goes up the list, also inside functions and under TYPE_CHECKING."""
    assert upward(imports()) == []


def test_no_circle_between_files() -> None:
    assert circle(files()) == []


def test_no_loose_module() -> None:
    assert loose(files()) == []


def test_libraries_are_imported_where_they_are_needed_only() -> None:
    """NumPy where something is executed, Rich in one file, Typer in the command line, nothing else anywhere."""
    assert misplaced_libraries(imports()) == []


def test_execution_knows_the_records_and_none_of_the_rules() -> None:
    """Of convcost graph.ops, and what records are made of: no size, parameter or cost rule that it would confirm."""
    known = {found.name for found in imports() if found.room == "execute" and found.library == "convcost"}
    assert known
    assert all(is_under(name, (*NARROWER["execute"], "convcost.execute")) for name in known)


@each("room", [room for room in ORDER if room != "spec"])
def test_the_walk_sees_the_files(room: str) -> None:
    """An empty list of imports would satisfy every rule."""
    assert any(found.room == room and found.library == "convcost" for found in imports())


@each(
    ("file", "source"),
    [
        ("graph/x.py", "from ..spec.layer import LayerSpec"),
        ("graph/x.py", "def f():\n    from convcost import analysis"),
        ("spec/x.py", "import convcost.graph.ops"),
        ("variants/x.py", "from ..analysis import cost"),
        ("execute/x.py", "from ..graph.shapes import conv_size"),
        ("execute/x.py", "from ..graph import shapes"),
        ("variants/deep/x.py", "from ...analysis import cost"),
        ("report/x.py", "if TYPE_CHECKING:\n    from ..cli import main"),
        ("answers/x.py", "from ..report import notebook"),
        ("networks/x.py", "from ..answers import network"),
        ("answers/x.py", "from ..checks.verifier import Verifier"),
        ("cli/x.py", "from ..api import compare"),
        ("api.py", "from .cli import main"),
        ("report/x.py", "from ..nowhere import f"),
    ],
)
def test_an_import_against_an_arrow_is_noticed(file: str, source: str) -> None:
    """However it is written, and wherever in the file."""
    assert len(upward(list(imports_in(source, file)))) == 1


def test_a_circle_is_noticed() -> None:
    """Of two files, also where one import hides in a function; a line of imports is none."""
    there, back = "from .b import f", "def g():\n    from .a import h"
    assert set(circle({"spec/a.py": there, "spec/b.py": back})) == {"spec/a.py", "spec/b.py"}
    assert circle({"spec/a.py": there, "spec/b.py": "import os"}) == []


def test_a_loose_module_is_noticed() -> None:
    assert loose({"spec/a.py": "", "helper.py": "", "odd/a.py": ""}) == ["helper.py", "odd/a.py"]


@each(
    ("file", "source"),
    [
        ("spec/x.py", "import numpy"),
        ("cli/x.py", "from rich.table import Table"),
        ("report/x.py", "from rich.table import Table"),
        ("report/x.py", "def f():\n    import typer"),
        ("answers/x.py", "import numpy as np"),
        ("execute/x.py", "import torch"),
    ],
)
def test_a_misplaced_library_is_noticed(file: str, source: str) -> None:
    assert len(misplaced_libraries(list(imports_in(source, file)))) == 1


def public_functions(sources: dict[str, str]) -> dict[str, list[str]]:
    """Where each public function of a module stands, by its name."""
    found: dict[str, list[str]] = {}
    for file, source in sources.items():
        for node in parsed(source).body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                found.setdefault(node.name, []).append(file)
    return found


def shared_names(sources: dict[str, str]) -> dict[str, list[str]]:
    """Names that several public functions have; a command and its function in `api.py` may share one."""
    shared = {}
    for name, places in public_functions(sources).items():
        pair = {f"cli/{name}.py", "api.py"}
        shells = name == "script" and all(file.startswith("cli/completing/") for file in places)  # one Protocol
        if len(places) > 1 and not shells and not set(places) <= pair:
            shared[name] = places
    return shared


def test_no_two_public_functions_have_one_name() -> None:
    assert shared_names(files()) == {}


def test_a_shared_name_is_noticed() -> None:
    sources = {"spec/a.py": "def f(): ...", "graph/b.py": "def f(): ...\ndef _g(): ...", "api.py": "def layer(): ..."}
    assert shared_names({**sources, "cli/layer.py": "def layer(): ..."}) == {"f": ["spec/a.py", "graph/b.py"]}
