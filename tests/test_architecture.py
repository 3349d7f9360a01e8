"""Which package may import which: the arrows point one way, and heavy libraries stay where they are needed."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import convcost

ROOT = Path(convcost.__file__).parent

#: What each package may import of convcost, beside itself. Packages that are not here may import anything but `cli`.
ALLOWED = {
    "spec": (),
    "graph": (),
    "variants": ("convcost.spec", "convcost.graph"),
    "analysis": ("convcost.graph",),
    "verify": ("convcost.graph.ops",),
}

#: Where each library may be imported; everything else is Python's own.
LIBRARIES = {"numpy": "verify/", "rich": "report/", "typer": "cli/", "click": "cli/"}


class Import(NamedTuple):
    """One import: the file it is in, below the package, and the full name of what it names."""

    file: str
    name: str

    @property
    def package(self) -> str:
        """The package of convcost that the file belongs to; "" at the top."""
        return self.file.rpartition("/")[0].partition("/")[0]

    @property
    def library(self) -> str:
        return self.name.partition(".")[0]


def imports_in(source: str, file: str) -> Iterator[Import]:
    """Every import of a file, those in functions and under TYPE_CHECKING included, relative ones made absolute."""
    package = ["convcost", *file.split("/")[:-1]]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (Import(file, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            start = ".".join([*base, *([node.module] if node.module else [])])
            yield from (Import(file, f"{start}.{alias.name}") for alias in node.names)


def everything() -> list[Import]:
    """Every import of every file there is."""
    files = sorted(ROOT.rglob("*.py"))
    return [
        found
        for path in files
        for found in imports_in(path.read_text(encoding="utf-8"), path.relative_to(ROOT).as_posix())
    ]


IMPORTS = everything()


def is_under(name: str, packages: tuple[str, ...]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def wrong_directions(imports: list[Import]) -> list[Import]:
    """Imports within convcost that run against an arrow."""
    wrong = []
    for found in imports:
        if not is_under(found.name, ("convcost",)):
            continue
        if found.package in ALLOWED:
            allowed = (f"convcost.{found.package}", *ALLOWED[found.package])
            wrong += [] if is_under(found.name, allowed) else [found]
        elif found.package != "cli" and found.file != "__main__.py" and is_under(found.name, ("convcost.cli",)):
            wrong.append(found)
    return wrong


def misplaced_libraries(imports: list[Import]) -> list[Import]:
    """Imports of third-party libraries outside the one place that each has."""
    foreign = [i for i in imports if i.library != "convcost" and i.library not in sys.stdlib_module_names]
    return [i for i in foreign if not i.file.startswith(LIBRARIES.get(i.library, "nowhere"))]


def test_arrows_point_one_way() -> None:
    """spec and graph stand alone, variants read both, analysis and verify read graph, nothing imports cli."""
    assert wrong_directions(IMPORTS) == []


def test_libraries_are_imported_where_they_are_needed_only() -> None:
    """NumPy where something is executed, Rich in the report, Typer in the command line, nothing else anywhere."""
    assert misplaced_libraries(IMPORTS) == []


def test_verification_knows_the_records_and_none_of_the_rules() -> None:
    """Of convcost it imports graph.ops only: no size, parameter or cost rule that it would then confirm."""
    known = {found.name for found in IMPORTS if found.package == "verify" and found.library == "convcost"}
    assert all(is_under(name, ("convcost.graph.ops", "convcost.verify")) for name in known)


def test_rich_is_known_to_one_file() -> None:
    """Colours and the progress bar; everything else starts without it."""
    assert {found.file for found in IMPORTS if found.library == "rich"} == {"report/terminal.py"}


@pytest.mark.parametrize("package", ["spec", "graph", "variants", "analysis"])
def test_the_walk_sees_the_files(package: str) -> None:
    """An empty list of imports would satisfy every rule."""
    assert any(found.package == package for found in IMPORTS)


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("graph/x.py", "from ..spec.layer import LayerSpec"),
        ("graph/x.py", "def f():\n    from convcost import analysis"),
        ("spec/x.py", "import convcost.graph.ops"),
        ("analysis/x.py", "from ..variants import registry"),
        ("verify/x.py", "from ..graph.shapes import conv_size"),
        ("verify/x.py", "from ..graph import shapes"),
        ("variants/deep/x.py", "from ...analysis import cost"),
        ("report/x.py", "if TYPE_CHECKING:\n    from ..cli import main"),
        ("comparison.py", "from .cli import main"),
    ],
)
def test_an_import_against_an_arrow_is_noticed(file: str, source: str) -> None:
    """However it is written, and wherever in the file."""
    assert len(wrong_directions(list(imports_in(source, file)))) == 1


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("spec/x.py", "import numpy"),
        ("cli/x.py", "from rich.table import Table"),
        ("report/x.py", "def f():\n    import typer"),
        ("comparison.py", "import numpy as np"),
        ("verify/x.py", "import torch"),
    ],
)
def test_a_misplaced_library_is_noticed(file: str, source: str) -> None:
    assert len(misplaced_libraries(list(imports_in(source, file)))) == 1
