"""How many small mistakes the tests notice.

    python tests/benchmarks/mutants.py [--sample 200] [--seed 1] [--room analysis]

Draws mutants of the package: one comparison, operator, number, condition or `not` changed in a copy of the project.
Runs the tests of that file's room on each, then those of the rooms above, and prints what survived and the share that
died. A mutant that never ends counts as noticed.
"""

from __future__ import annotations

import argparse
import ast
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]

#: What stands for each operator.
SWAPS: dict[type, type] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Add: ast.Sub, ast.Sub: ast.Add,
    ast.Mult: ast.Add, ast.FloorDiv: ast.Mult, ast.Div: ast.Mult, ast.Mod: ast.Mult, ast.And: ast.Or, ast.Or: ast.And,
}  # fmt: skip

#: Tests that are run after those of the room, which every number and message passes.
ABOVE = ("answers", "checks", "report", "cli", "networks", "test_doctests.py", "test_api.py", "golden")

#: Tests of scripts and drawings by other programs: slow, and no mutant's only killer.
LEFT_OUT = ("cli/completing", "cli/test_fuzz.py", "cli/test_fuzz_networks.py", "cli/test_bounds.py")

LONGEST = 900


class Mutant(NamedTuple):
    """One change: the file below the package, the number of the place in it, and how the line reads then."""

    file: Path
    place: int
    line: int
    text: str


def changed(tree: ast.Module, wanted: int) -> tuple[int, str] | None:
    """Change place number `wanted` of a tree, in place: its line, and what is there now; None if there is none."""
    for number, (node, change) in enumerate(places(tree)):
        if number == wanted:
            change()
            return node.lineno, ast.unparse(node)
    return None


def places(tree: ast.Module) -> Iterator[tuple[ast.expr, object]]:
    """Every place that may be changed, with what changes it; texts, annotations and defaults of types are none."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare) and type(node.ops[0]) in SWAPS:
            yield node, lambda node=node: node.ops.__setitem__(0, SWAPS[type(node.ops[0])]())
        elif isinstance(node, ast.BinOp | ast.BoolOp) and type(node.op) in SWAPS:
            yield node, lambda node=node: setattr(node, "op", SWAPS[type(node.op)]())
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            yield node, lambda node=node: setattr(node, "operand", ast.UnaryOp(ast.Not(), node.operand))
        elif isinstance(node, ast.Constant) and type(node.value) is int and abs(node.value) < 1000:
            yield node, lambda node=node: setattr(node, "value", node.value + 1)
        elif isinstance(node, ast.IfExp):
            yield node, lambda node=node: _exchange(node)


def _exchange(node: ast.IfExp) -> None:
    node.body, node.orelse = node.orelse, node.body


def draw(sample: int, seed: int, room: str) -> list[Mutant]:
    """Mutants of all files, or those of one room, each place as likely as any other."""
    every: list[Mutant] = []
    for path in sorted((ROOT / "convcost" / room).rglob("*.py")):
        count = sum(1 for _ in places(ast.parse(path.read_text("utf-8"))))
        for place in range(count):
            line, text = changed(ast.parse(path.read_text("utf-8")), place) or (0, "")
            every.append(Mutant(path.relative_to(ROOT), place, line, text))
    return random.Random(seed).sample(every, min(sample, len(every)))


def noticed(mutant: Mutant, folder: Path) -> str:
    """The tests that noticed, or nothing."""
    target, sound = folder / mutant.file, (ROOT / mutant.file).read_text("utf-8")
    tree = ast.parse(sound)
    changed(tree, mutant.place)
    target.write_text(ast.unparse(ast.fix_missing_locations(tree)), "utf-8")
    room = mutant.file.parts[1].removesuffix(".py")
    first = [room] * (folder / "tests" / room).exists()
    try:
        for tests in (first, [name for name in ABOVE if name != room]):
            if tests and not passes(tests, folder):
                return " ".join(tests)
    finally:
        target.write_text(sound, "utf-8")
    return ""


def passes(tests: list[str], folder: Path) -> bool:
    left_out = [f"--ignore=tests/{name}" for name in LEFT_OUT]
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *left_out]
    try:
        done = subprocess.run(
            [*command, *[f"tests/{name}" for name in tests]], cwd=folder, capture_output=True, timeout=LONGEST,
            env={**os.environ, "PYTHONPATH": str(folder)}, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--sample", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--room", default="")
    given = parser.parse_args()
    mutants = draw(given.sample, given.seed, given.room)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for name in ("convcost", "tests", "completions"):
            shutil.copytree(ROOT / name, folder / name)
        for name in ("README.md", "pyproject.toml"):
            shutil.copy(ROOT / name, folder / name)
        died = 0
        for number, mutant in enumerate(mutants, 1):
            by = noticed(mutant, folder)
            died += bool(by)
            said = f"died ({by})" if by else "SURVIVED"
            print(f"{died}/{number} {mutant.file}:{mutant.line} {said}: {mutant.text[:90]}", flush=True)
    print(f"{died} of {len(mutants)} noticed: {died / max(1, len(mutants)):.1%}")


if __name__ == "__main__":
    main()
