"""Modules of PyTorch by name, as far as no torch is needed; with one: test_modules_torch.py. And files of others."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from tables import each

from convcost.cli.main import run
from convcost.graph.ops import Conv, Counted, Graph, Node
from convcost.networks import modules
from convcost.networks.exported import _exported, _with_singles
from convcost.networks.foreign import KINDS, is_module_name
from convcost.networks.modules import Source, parse_module_name
from convcost.networks.zoo import find_program
from convcost.spec import SpecError


@each(
    ("text", "source"),
    [
        ("torchvision.models:resnet50", Source("torchvision.models", "resnet50", {})),
        ("my_model.py:Net", Source("my_model.py", "Net", {})),
        ("nets/my model.py:Net.small", Source("nets/my model.py", "Net.small", {})),
        ("my_model.py:make(width=2)", Source("my_model.py", "make", {"width": 2})),
        ("m:f(a='x', b=(1, -2), c=[None, True], d={'k': 1.5})", Source("m", "f", {
            "a": "x", "b": (1, -2), "c": [None, True], "d": {"k": 1.5}})),
        ("m:f()", Source("m", "f", {})),
        ("timm:vit_tiny_patch16_224.augreg_in21k", Source("timm", "vit_tiny_patch16_224.augreg_in21k", {})),
    ],
)  # fmt: skip
def test_a_name_says_place_attribute_and_keywords(text: str, source: Source) -> None:
    assert is_module_name(text)
    assert parse_module_name(text) == source


@each(
    ("arguments", "message"),
    [
        ("(2)", "no keywords"),
        ("(*x)", "no keywords"),
        ("(**x)", "no argument with a value"),
        ("(width=open('x'))", "more than a literal"),
        ("(width=2*3)", "more than a literal"),
        ("(width=x)", "more than a literal"),
        ("(width=[y for y in (1, 2)])", "more than a literal"),
        ("(width=)", "cannot be read"),
        ("(width=1)(height=2)", "no keywords"),
        ("(width=1) + f(height=2)", "no keywords"),
        ("(a=" + "(" * 400 + ")" * 400 + ")", "cannot be read"),
        ("(a='" + "x" * 2000 + "')", "names no module"),
    ],
)
def test_arguments_are_literals_with_keywords_and_nothing_is_run(arguments: str, message: str) -> None:
    with pytest.raises(SpecError, match=message) as caught:
        parse_module_name(f"m:f{arguments}")
    assert caught.value.hint


@each("text", ["resnet50", "-", "net.txt", "a:b:c", "x:1", ":f", "m:", "C:\\a\\b"])
def test_other_words_name_no_module(text: str) -> None:
    assert not is_module_name(text)


def test_a_file_of_such_a_name_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a:b").write_text("input 3 @32\nrelu\n")
    assert not is_module_name("a:b")


def command(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    root = str(Path(modules.__file__).parents[2])
    call = [sys.executable, "-c", f"import sys; sys.path.insert(0, {root!r})\n"
            "sys.modules.update(torch=None)\n"  # as if there were none
            "import importlib.util as u; find = u.find_spec\n"
            "u.find_spec = lambda name, *a: None if name == 'torch' else find(name, *a)\n"
            "del sys.modules['torch']\n"
            f"sys.argv[1:] = {list(arguments)!r}\nfrom convcost.__main__ import main\nmain()"]  # fmt: skip
    return subprocess.run(call, capture_output=True, text=True, cwd=cwd, check=False)


def test_without_torch_one_line_says_what_is_missing() -> None:
    ran = command("network", "torchvision.models:resnet50", "@224")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "needs torch, which is not installed here" in ran.stderr
    assert "pip install torch 'convcost[torch]'" in ran.stderr
    assert len(ran.stderr.splitlines()) == 2


def test_networks_of_ours_are_read_without_torch() -> None:
    assert command("network", "resnet18", "--no-verify", "--format", "json").returncode == 0


class Module:
    """Stands for torch.nn.Module."""


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """What reaches the exporter, of a torch that is none."""
    seen: list[Any] = []
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(nn=SimpleNamespace(Module=Module)))
    monkeypatch.setitem(sys.modules, "onnxscript", ModuleType("onnxscript"))
    monkeypatch.setattr(modules, "module_network", lambda *given: seen.append(given))
    path = list(sys.path)
    yield seen
    sys.path[:] = path


FILE = """
print("a line that is no result")
import torch
class Net(torch.nn.Module):
    def __init__(self, width=1):
        self.width = width
class Outer:
    inner = Net(5)
small = Net()
number = 3
def make(width=1, kind="a"):
    return Net(width * 10)
def fail():
    raise RuntimeError("first line\\nsecond line")
def leave():
    raise SystemExit(3)
"""


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "a_model.py"
    path.write_text(FILE)
    return str(path)


@pytest.mark.parametrize(
    ("attribute", "width"),
    [("Net", 1), ("Net(width=7)", 7), ("small", 1), ("make(width=2, kind='b')", 20), ("Outer.inner", 5)],
)
def test_a_class_a_function_or_a_module_in_a_file_is_taken(
    made: list[Any], file: str, attribute: str, width: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the file prints is no result."""
    modules.import_network(f"{file}:{attribute}", "@32")
    ((module, tokens, name),) = made
    assert (module.width, tokens, name) == (width, "@32", f"{file}:{attribute}")
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", "a line that is no result\n")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("{file}:Nett", "has no Nett"),
        ("{file}:number", "number is a int"),
        ("{file}:fail", r"fail\(\) fails: RuntimeError: first line$"),
        ("{file}:leave", r"leave\(\) fails: SystemExit: 3"),
        ("{file}:Net(depth=2)", r"Net\(depth=2\) fails: TypeError"),
        ("nowhere/no_model.py:Net", "there is no file"),
        ("no_such_library:net", "no_such_library fails: ModuleNotFoundError"),
    ],
)
@pytest.mark.usefixtures("made")
def test_what_fails_in_the_users_code_is_one_line(file: str, name: str, message: str) -> None:
    with pytest.raises(SpecError, match=message) as caught:
        modules.import_network(name.format(file=file), "@32")
    assert "\n" not in caught.value.message
    assert caught.value.hint


def test_a_file_that_does_not_run_is_one_line(made: list[Any], tmp_path: Path) -> None:
    path = tmp_path / "broken.py"
    path.write_text("def f(:\n")
    with pytest.raises(SpecError, match=r"broken.py fails: SyntaxError"):
        modules.import_network(f"{path}:f", "@32")
    assert not made


def test_timm_is_asked_for_random_weights(made: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setitem(sys.modules, "timm", SimpleNamespace(create_model=lambda **said: asked.append(said)))
    modules.import_network("timm:efficientnet_lite0(num_classes=10)", "")
    assert asked == [{"model_name": "efficientnet_lite0", "pretrained": False, "num_classes": 10}]
    assert len(made) == 1


@each("ending", KINDS)
def test_files_of_others_are_named_with_the_way_to_onnx(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"model{ending.upper()}"
    path.write_bytes(b"\x80\x02 anything")
    with pytest.raises(SpecError, match="model") as caught:
        find_program(str(path))
    assert "ONNX" in caught.value.hint or ending == ".py"
    assert "model" in caught.value.hint or ending == ".safetensors"


def test_a_file_that_is_not_there_is_no_foreign_one() -> None:
    with pytest.raises(SpecError, match="no network and no file"):
        find_program("nowhere.tflite")


@pytest.mark.parametrize(("is_there", "message"), [(False, "there is no file"), (True, "needs torch")])
def test_no_file_is_said_to_be_run_that_is_not(
    is_there: bool,
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Neither one that is not there, nor any without torch."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    monkeypatch.setattr("convcost.networks.exported.find_spec", lambda _: None)
    if is_there:
        Path("a_net.py").write_text("raise SystemExit('it was run')\n")
    assert run(["network", "a_net.py:Net"]) == 2
    err = capsys.readouterr().err
    assert message in err
    assert "is run" not in err
    assert "it was run" not in err


def test_the_first_cause_of_what_the_exporter_does_not_follow_is_named() -> None:
    """Of three errors, each raised from the one before."""

    def export(*_: Any, **__: Any) -> None:
        try:
            raise RuntimeError("in a pass") from ValueError("the data decide\nand more lines")
        except RuntimeError as error:
            raise TypeError("export failed") from error

    torch = SimpleNamespace(onnx=SimpleNamespace(export=export))
    with pytest.raises(SpecError) as caught:
        _exported(torch, lambda example: example, None, (1, 3))
    assert caught.value.message == "torch.export cannot follow it: ValueError: the data decide"


def test_what_others_say_is_cut_after_two_hundred_characters() -> None:
    """Of the exporter, and of a module that does not take its input; one that says nothing is named."""

    def export(*_: Any, **__: Any) -> None:
        raise ValueError("x" * 300)

    def refuse(_: Any) -> None:
        raise ValueError("y" * 300)

    torch = SimpleNamespace(onnx=SimpleNamespace(export=export))
    for module, message in (
        (lambda _: None, "torch.export cannot follow it: ValueError: " + "x" * 200),
        (refuse, "it does not take an input of 1x3: " + "y" * 200),
    ):
        with pytest.raises(SpecError) as caught:
            _exported(torch, module, None, (1, 3))
        assert caught.value.message == message


def test_single_learned_numbers_are_those_of_what_is_counted_by_definition() -> None:
    """A convolution of that name has its own params."""
    conv, scale = Conv(3, 3, (1,), (1,), ((0, 0),), (1,)), Counted("mul", (1, 3, 4), params=1)
    nodes = (Node("a", conv, (0,)), Node("b", scale, (1,)), Node("c", scale, (2,)))
    found = _with_singles(Graph((1, 3, 4), "fp32", nodes), Counter({"a": 5, "b": 2}))
    assert [node.op for node in found] == [conv, scale._replace(params=3), scale]
