"""The program runs nobody's text, unpacks nobody's objects, and writes no file but the one asked for."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

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
    tree = ast.parse(source)
    safe = [call.func for call in ast.walk(tree) if isinstance(call, ast.Call) and _takes_numbers_only(call)]
    for node in ast.walk(tree):
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


@pytest.mark.parametrize("path", sorted(ROOT.rglob("*.py")), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_module_runs_text_or_unpacks_objects(path: Path) -> None:
    """No eval, no pickle, nor anything like them."""
    assert harmful(path.read_text("utf-8")) == OWN_TEXT.get(path.relative_to(ROOT).as_posix(), [])


@pytest.mark.parametrize(
    "source",
    ["eval(x)", "f = exec", "compile(x, '', 'exec')", "import pickle", "from marshal import loads",
     "import shelve as s", "import numpy as np\nnp.load(x)", "np.load(x, allow_pickle=True)",
     "def f():\n    import pickle.x", "builtins.eval(x)", "__import__('pickle')"],
)  # fmt: skip
def test_what_is_forbidden_is_noticed(source: str) -> None:
    """However it is written, and wherever in a file."""
    assert harmful(source)


@pytest.mark.parametrize(
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


def run_in(folder: Path, words: list[str]) -> list[str]:
    """Which files are in the folders that a command knows of, after it: its own, a home and one for scratch."""
    places = [folder / name for name in ("work", "home", "scratch")]
    for place in places:
        place.mkdir()
    env = {**os.environ, "HOME": str(places[1]), "TMPDIR": str(places[2]), "PYTHONPATH": str(ROOT.parent),
           "PYTHONDONTWRITEBYTECODE": "1"}  # fmt: skip
    for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "TEMP", "TMP"):
        env.pop(name, None)
    command = [sys.executable, "-m", "convcost", *words]
    done = subprocess.run(command, cwd=places[0], env=env, input=NETWORK, capture_output=True, text=True, timeout=120,
                          check=False)  # fmt: skip
    assert done.returncode in (0, 2), done.stderr
    return sorted(path.relative_to(folder).as_posix() for place in places for path in place.rglob("*"))


@pytest.mark.parametrize("words", COMMANDS)
def test_no_command_writes_a_file(tmp_path: Path, words: str) -> None:
    """Neither where it runs, nor at home, nor where scratch belongs."""
    assert run_in(tmp_path, words.split()) == []


@pytest.mark.parametrize(
    "words", ["compare 4:6 @9 k3", "layer 4:6 @9 k3", "network -", "swap - --to depthwise-separable"]
)
def test_output_writes_the_file_that_it_names(tmp_path: Path, words: str) -> None:
    """And nothing beside it."""
    assert run_in(tmp_path, [*words.split(), "--output", "costs.json"]) == ["work/costs.json"]


@pytest.mark.parametrize("words", ["compare 4:6 @9 q3", "network missing", "network - @0"])
def test_a_mistake_writes_nothing(tmp_path: Path, words: str) -> None:
    """Not even the file that was to be."""
    assert run_in(tmp_path, [*words.split(), "--output", "costs.json"]) == []
