"""A check that recomputes the formula proves nothing: the execution shares records with the analysis, and no rule."""

import ast
import inspect
import sys
from pathlib import Path

from tables import each

import convcost.execute
from convcost.graph import ops

ROOT = Path(convcost.execute.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))
RECORDS = ops.__name__
#: Every module of the package by its full name.
MODULES = {
    ".".join(["convcost", *path.relative_to(ROOT.parent).with_suffix("").parts]) for path in ROOT.parent.rglob("*.py")
}


def module_of(path: Path) -> str:
    return ".".join(["convcost", "execute", *path.relative_to(ROOT).with_suffix("").parts])


def imported(path: Path, package: list[str]) -> set[str]:
    """Every module that a file of `package` imports anywhere, relative ones resolved: `from .. import a` is `..a`."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) + 1 - node.level] if node.level else []
            start = ".".join([*base, *filter(None, [node.module])])
            files = {f"{start}.{alias.name}" for alias in node.names} & MODULES
            found |= files or {start}
        elif isinstance(node, ast.Name | ast.Attribute):
            name = node.id if isinstance(node, ast.Name) else node.attr
            assert name not in ("__import__", "import_module", "importlib"), path
    return found


@each("path", FILES, ids=module_of)
def test_execution_imports_the_records_numpy_and_the_standard_library_only(path: Path) -> None:
    """No output-size, parameter, cost or memory rule comes in, from the graph package or the analysis."""
    own = {module_of(file) for file in FILES}
    for module in imported(path, module_of(path).split(".")[:-1]):
        top = module.partition(".")[0]
        assert module in own | {RECORDS} or top == "numpy" or top in sys.stdlib_module_names, module


def test_the_walk_sees_forbidden_imports(tmp_path: Path) -> None:
    """The oracle above can fail: relative and absolute imports of a rule are both recognised."""
    file = tmp_path / "broken.py"
    file.write_text(
        "from ..graph.shapes import conv_size\nfrom ..graph import builder\nimport convcost.analysis\n"
        "from .windows import gathers\n"
    )
    assert imported(file, ["convcost", "execute"]) == {
        "convcost.graph.shapes",
        "convcost.graph.builder",
        "convcost.analysis",
        "convcost.execute.windows",
    }


def shared_names(path: Path) -> set[str]:
    """What a file takes from the records: by name, or as `ops.Name`."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    names = {alias.name for node in imports if (node.module or "").endswith("graph.ops") for alias in node.names}
    if any((node.module or "").endswith("graph") and node.names[0].name == "ops" for node in imports):
        names |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and named(node.value, "ops")}
    return names


def named(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def test_what_is_shared_is_data() -> None:
    """Records and names of types come from the graph package, and no function of it."""
    found = {path: shared_names(path) for path in FILES}
    assert len({name for names in found.values() for name in names}) > 25
    for path, names in found.items():
        assert not [name for name in names if inspect.isfunction(getattr(ops, name))], path
