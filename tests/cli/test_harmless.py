"""The program runs nobody's text, unpacks nobody's objects, and writes no file but the one asked for."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli.bounded import Runner
from tables import each

import convcost

ROOT = Path(convcost.__file__).parent

#: Built-ins that run text, modules that unpack objects, and NumPy's reader, which can.
CALLS = {"eval", "exec", "compile", "__import__"}
MODULES = {"pickle", "_pickle", "cPickle", "marshal", "shelve", "dill", "joblib", "code", "codeop"}
READERS = {"load", "loads", "fromfile", "read_pickle"}

#: Plans are run as text that the program writes itself: names of its own operations, and whole numbers.
OWN_TEXT = {"search/plans.py": ["exec", "compile"], "search/kernels.py": ["exec", "compile"]}


def harmful(source: str) -> list[str]:
    """What in a module runs text or unpacks objects."""
    found = []
    nodes = [*ast.walk(ast.parse(source))]
    safe = [call.func for call in nodes if isinstance(call, ast.Call) and _takes_numbers_only(call)]
    for node in nodes:
        if node in safe:
            continue
        if isinstance(node, ast.Name) and node.id in CALLS:
            found.append(node.id)
        elif isinstance(node, ast.Import):
            found += [alias.name for alias in node.names if alias.name.partition(".")[0] in MODULES]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in MODULES and not node.level:
            found.append(node.module or "")
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            name = f"{node.value.id}.{node.attr}"
            is_numpys = node.value.id in ("np", "numpy") and node.attr in READERS
            found += [name] if is_numpys or (node.value.id == "builtins" and node.attr in CALLS) else []
    return found


def _takes_numbers_only(call: ast.Call) -> bool:
    return any([word.arg == "allow_pickle" and ast.unparse(word.value) == "False" for word in call.keywords])


def test_no_module_runs_text_or_unpacks_objects() -> None:
    """No eval, no pickle, nor anything like them."""
    modules = {path.relative_to(ROOT).as_posix(): path.read_text("utf-8") for path in ROOT.rglob("*.py")}
    found = {name: harmful(source) for name, source in modules.items()}
    assert {name: calls for name, calls in found.items() if calls} == OWN_TEXT
    assert {"cli/main.py", "networks/onnx/load.py"} < set(found)


@each(
    "source",
    ["eval(x)", "f = exec", "compile(x, '', 'exec')", "import pickle", "from marshal import loads",
     "import shelve as s", "import numpy as np\nnp.load(x)", "np.load(x, allow_pickle=True)",
     "def f():\n    import pickle.x", "builtins.eval(x)", "__import__('pickle')"],
)  # fmt: skip
def test_what_is_forbidden_is_noticed(source: str) -> None:
    """However it is written, and wherever in a file."""
    assert harmful(source)


@each(
    "source",
    ["re.compile(x)", "json.loads(x)", "model.eval()", "from .code import x", "np.load(x, allow_pickle=False)"],
)
def test_what_only_sounds_like_it_is_allowed(source: str) -> None:
    assert not harmful(source)


NETWORK = "input 3 @16\\nstandard 8 k3\\nrelu\\nglobal-average-pool\\nflatten\\nlinear 10\\n".replace("\\n", "\n")

COMMANDS = [
    "compare 4:6 @9 k3", "compare 4:6 @9 k3 --format latex --measure", "layer 4:6 @9 k3 --per-op", "layer 4:6 @9 q3",
    "network -", "network - --format json --no-verify", "swap - --to depthwise-separable", "zoo", "zoo --format json",
    "network mobilenet-v1 @64 --timeline", "network missing.onnx", "verify 4:6 @9 k3", "verify --random 2 --seed 1",
    "explain depthwise-separable 8:8 @9 k3", "explain residual", "variants", "schema", "completion bash", "--help",
    "help", "--version", "compare - --format ndjson",
]  # fmt: skip


#: Where a command runs, where it is at home, and where scratch belongs.
PLACES = ("work", "home", "scratch")


def surroundings(folder: Path) -> dict[str, str]:
    """New places in the folder, and an environment that knows of these and no others."""
    for name in PLACES:
        (folder / name).mkdir()
    places = {"HOME": str(folder / "home"), "TMPDIR": str(folder / "scratch"), "PYTHONDONTWRITEBYTECODE": "1"}
    others = ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "TEMP", "TMP")
    return {**{name: value for name, value in os.environ.items() if name not in others}, **places}


def written(folder: Path) -> list[str]:
    """Which files are in the places, by their paths in the folder."""
    return sorted(path.relative_to(folder).as_posix() for name in PLACES for path in (folder / name).rglob("*"))


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runner]:
    """Runs commands in copies of a process that writes nothing itself, where it is at home neither.

    That has answered the zoo, which takes its time, and has loaded by it what most commands load.
    """
    folder = tmp_path_factory.mktemp("copied")
    made = Runner(surroundings(folder), before=["zoo", "compare 4:6 @9 k3"])
    yield made
    made.close()
    assert written(folder) == []


def run_in(folder: Path, runner: Runner, words: list[str]) -> list[str]:
    """Which files are in the folders that a command knows of, after it."""
    done = runner(words, NETWORK.encode(), surroundings(folder), folder / "work")
    assert done.code in (0, 2), done.err
    return written(folder)


@pytest.mark.parametrize("words", COMMANDS)
def test_no_command_writes_a_file(runner: Runner, tmp_path: Path, words: str) -> None:
    """Neither where it runs, nor at home, nor where scratch belongs."""
    assert run_in(tmp_path, runner, words.split()) == []


def test_a_process_of_its_own_writes_no_file(tmp_path: Path) -> None:
    """What is loaded only at its start writes none either."""
    env = {**surroundings(tmp_path), "PYTHONPATH": str(ROOT.parent)}
    command = [sys.executable, "-m", "convcost", "compare", "4:6", "@9", "k3"]
    subprocess.run(command, cwd=tmp_path / "work", env=env, capture_output=True, check=True)
    assert written(tmp_path) == []


@pytest.mark.parametrize(
    "words", ["compare 4:6 @9 k3", "layer 4:6 @9 k3", "network -", "swap - --to depthwise-separable"]
)
def test_output_writes_the_file_that_it_names(runner: Runner, tmp_path: Path, words: str) -> None:
    """And nothing beside it."""
    assert run_in(tmp_path, runner, [*words.split(), "--output", "costs.json"]) == ["work/costs.json"]


@pytest.mark.parametrize("words", ["compare 4:6 @9 q3", "network missing", "network - @0"])
def test_a_mistake_writes_nothing(runner: Runner, tmp_path: Path, words: str) -> None:
    """Not even the file that was to be."""
    assert run_in(tmp_path, runner, [*words.split(), "--output", "costs.json"]) == []


def test_what_is_kept_at_home_is_noticed(runner: Runner, tmp_path: Path) -> None:
    """Timing keeps what it measured of the device: a copy is at home where its environment says."""
    words = ["time", "8", "@9", "k3", "--engine", "numpy", "--max-seconds", "0.05"]
    assert [path.partition("device-")[0] for path in run_in(tmp_path, runner, words)] == [
        "home/.cache", "home/.cache/convcost", "home/.cache/convcost/",
    ]  # fmt: skip
