"""How many small mistakes the tests notice.

    pip install pytest-cov
    python tests/benchmarks/mutants.py [--sample 200] [--seed 1] [--room analysis] [--map FILE]

Draws mutants of the package: one comparison, operator, number, condition or `not` changed in a copy of the project.
One run of the suite under coverage says which tests pass through each line (`--map FILE` keeps that for the next time);
a mutant is given to those that pass through its line, the quickest first, and to all that enter its file where the line
is run at import; to those of its room where that is while tests are collected. Prints what survived and the share
that died. A mutant that never ends counts as noticed.
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
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

ROOT = Path(__file__).parents[2]

#: What stands for each operator.
SWAPS: dict[type, type] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Add: ast.Sub, ast.Sub: ast.Add,
    ast.Mult: ast.Add, ast.FloorDiv: ast.Mult, ast.Div: ast.Mult, ast.Mod: ast.Mult, ast.And: ast.Or, ast.Or: ast.And,
}  # fmt: skip

#: Tests of scripts and drawings by other programs, slow, and no mutant's only killer; and of a copy of the process that
#: dies, which would be this one.
LEFT_OUT = (
    "cli/completing/test_shells.py", "cli/completing/test_powershell.py", "cli/test_fuzz.py",
    "cli/test_fuzz_networks.py", "cli/test_bounds.py", "networks/test_onnx_isolated.py",
)  # fmt: skip

#: The reading of an ONNX file runs in a copy of the process, where coverage does not see it: for the map it runs here.
FORKS, STAYS = 'sys.platform == "win32"', "sys"

#: Seconds: the tests given to one mutant take so long together at most. They are stopped after four times what they
#: took without it, and what a start takes.
LONGEST, START = 60, 30


class Mutant(NamedTuple):
    """One change: the file below the package, the number of the place in it, its lines, and how it reads then."""

    file: Path
    place: int
    lines: range
    text: str


class Passing(NamedTuple):
    """Which tests pass through each line of each file, and the seconds of each test; those that failed are in none."""

    tests: dict[str, dict[int, list[str]]]
    seconds: dict[str, float]

    def through(self, mutant: Mutant) -> list[str]:
        """The tests to give a mutant, the quickest first, as many as `LONGEST` holds."""
        lines = self.tests.get(str(mutant.file), {})
        every = {test for tests in lines.values() for test in tests}
        found = {test for line in mutant.lines for test in lines.get(line, ())}
        if found <= set(lines[min(lines)] if lines else ()):  # the line is run at import, by whichever test is first
            found = every
        if not found and any([line in lines for line in mutant.lines]):  # run while tests are collected, as tables are
            found = {test for test in self.seconds if test.startswith(f"tests/{mutant.file.parts[1]}/")}
        chosen, spent = [], 0.0
        for test in sorted(found & set(self.seconds), key=lambda name: (self.seconds[name], name)):
            spent += self.seconds[test]
            if spent > LONGEST and chosen:
                break
            chosen.append(test)
        return chosen


def changed(tree: ast.Module, wanted: int) -> tuple[range, str] | None:
    """Change place number `wanted` of a tree, in place: its lines, and what is there now; None if there is none."""
    for number, (node, change) in enumerate(places(tree)):
        if number == wanted:
            change()
            return range(node.lineno, (node.end_lineno or node.lineno) + 1), ast.unparse(node)
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
    every: list[tuple[Path, int]] = []
    for path in sorted((ROOT / "convcost" / room).rglob("*.py")):
        count = sum(1 for _ in places(ast.parse(path.read_text("utf-8"))))
        every += [(path, place) for place in range(count)]
    return [_mutant(path, place) for path, place in random.Random(seed).sample(every, min(sample, len(every)))]


def _mutant(path: Path, place: int) -> Mutant:
    lines, text = changed(ast.parse(path.read_text("utf-8")), place) or (range(0), "")
    return Mutant(path.relative_to(ROOT), place, lines, text)


def copy_to(folder: Path) -> None:
    """The project, as the tests need it."""
    for name in ("convcost", "tests", "completions"):
        shutil.copytree(ROOT / name, folder / name)
    for name in ("README.md", "pyproject.toml", ".pre-commit-hooks.yaml"):
        shutil.copy(ROOT / name, folder / name)


def pytest(folder: Path, *options: str, seconds: float | None = None) -> int:
    """The exit status of pytest in a copy, in one process; TimeoutExpired after `seconds`."""
    command = [sys.executable, "-m", "pytest", "-q", "-n", "0", "--dist=no", "-p", "no:cacheprovider", *options]
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    done = subprocess.run(command, cwd=folder, capture_output=True, timeout=seconds, env=environment, check=False)
    return done.returncode


def mapped(kept: Path) -> Passing:
    """Which tests pass through which lines, from the files beside `kept`; made first where they are missing."""
    from coverage import CoverageData  # as pytest-cov, only for this script

    times = kept.with_suffix(".xml")
    if not times.exists():
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            copy_to(folder)
            isolated = folder / "convcost/networks/onnx/isolated.py"
            isolated.write_text(isolated.read_text("utf-8").replace(FORKS, STAYS), "utf-8")
            (folder / ".coveragerc").write_text(
                f"[run]\ndata_file = {kept.resolve()}\nrelative_files = true\n", "utf-8"
            )
            left_out = [f"--ignore=tests/{name}" for name in (*LEFT_OUT, "benchmarks")]
            pytest(folder, "--cov=convcost", "--cov-context=test", "--cov-report=", f"--junitxml={times.resolve()}",
                   "--override-ini=junit_family=xunit1", *left_out)  # fmt: skip
    tests: dict[str, dict[int, list[str]]] = {}
    data = CoverageData(str(kept))
    data.read()
    for file in data.measured_files():
        lines = data.contexts_by_lineno(file)
        tests[file] = {line: [name.rpartition("|")[0] for name in names if name] for line, names in lines.items()}
    seconds: dict[str, float] = defaultdict(float)
    for case in ElementTree.parse(times).iter("testcase"):
        if not list(case):  # it passed
            seconds[f"{case.get('file')}::{case.get('name')}"] += float(case.get("time", 0))
    return Passing(tests, dict(seconds))


def noticed(mutant: Mutant, folder: Path, passing: Passing) -> bool:
    """Whether a test fails on it."""
    target, sound = folder / mutant.file, (ROOT / mutant.file).read_text("utf-8")
    tree = ast.parse(sound)
    changed(tree, mutant.place)
    chosen = passing.through(mutant)
    if not chosen:
        return False
    target.write_text(ast.unparse(ast.fix_missing_locations(tree)), "utf-8")
    (folder / "chosen").write_text("\n".join(chosen), "utf-8")
    try:
        return pytest(folder, "-x", "@chosen", seconds=START + 4 * sum([passing.seconds[test] for test in chosen])) != 0
    except subprocess.TimeoutExpired:
        return True
    finally:
        target.write_text(sound, "utf-8")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--sample", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--room", default="")
    parser.add_argument("--map", type=Path)
    parser.add_argument("--only", default="", metavar="FILE:LINE,…", help="those of the sample on these lines")
    given = parser.parse_args()
    mutants = draw(given.sample, given.seed, given.room)
    if given.only:
        mutants = [one for one in mutants if f"{one.file}:{one.lines.start}" in given.only.split(",")]
    with tempfile.TemporaryDirectory() as place:
        passing = mapped(given.map or Path(place) / "map")
        folder = Path(place) / "copy"
        folder.mkdir()
        copy_to(folder)
        died = 0
        for number, mutant in enumerate(mutants, 1):
            dies = noticed(mutant, folder, passing)
            died += dies
            said = "died" if dies else "SURVIVED"
            print(f"{died}/{number} {mutant.file}:{mutant.lines.start} {said}: {mutant.text[:90]}", flush=True)
    print(f"{died} of {len(mutants)} noticed: {died / max(1, len(mutants)):.1%}")


if __name__ == "__main__":
    main()
