"""Other people's code in a copy of this process: what it may take, what it may answer, and what is said if it dies."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tables import each

from convcost.networks.onnx import evaluate, isolated
from convcost.networks.onnx.wire import Malformed
from convcost.spec.errors import SpecError

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there, processes cannot be copied")

SLOW = "reading it takes too long, or its shapes are too large"
BROKEN = "ONNX's shape inference breaks down on it"


def killed(number: int) -> Callable[[Any], None]:
    return lambda _: os.kill(os.getpid(), number)


def fails(error: type[BaseException]) -> Callable[..., Any]:
    def work(*_: Any, **__: Any) -> None:
        raise error("so it is")

    return work


@each(
    ("work", "message"),
    [
        (killed(signal.SIGPROF), SLOW), (killed(signal.SIGALRM), SLOW), (killed(signal.SIGTERM), BROKEN),
        (killed(signal.SIGKILL), BROKEN), (lambda _: os._exit(0), BROKEN), (lambda _: os._exit(3), BROKEN),
        (fails(MemoryError), "its shapes take too much memory"), (fails(RecursionError), "it is nested too deeply"),
        (fails(Malformed), "so it is"),
    ],
)  # fmt: skip
def test_a_copy_that_fails_is_a_file_that_is_not_in_order(work: Any, message: str) -> None:
    """However it ends: at its limits, in C++, without an answer."""
    with pytest.raises(Malformed) as caught:
        isolated.isolated(work, 10)
    assert str(caught.value) == message


def test_a_mistake_of_ours_is_seen() -> None:
    """With where it is."""
    with pytest.raises(RuntimeError, match="so it is"):
        isolated.isolated(fails(KeyError), 10)


@pytest.mark.parametrize("answer", [None, 7, [(1, "a"), {3: (None, [2.5])}], "", ()])
def test_what_a_copy_answers_is_what_it_was(answer: Any) -> None:
    assert isolated.isolated(lambda _: answer, 10) == answer


def test_a_copy_that_dies_behind_its_answer_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """It says -1 when it is done."""
    monkeypatch.setattr(isolated, "teller", lambda _: lambda done: killed(signal.SIGKILL)(0) if done == -1 else None)
    with pytest.raises(Malformed, match=BROKEN):
        isolated.isolated(lambda tell: tell(1), 10)


def test_an_answer_has_4_mib_and_32_bytes_for_each_of_the_file_at_most() -> None:
    """Written out, with what stands around it: 14 characters."""
    most = 4_194_304 + 3 * 32 - 14
    assert len(isolated.isolated(lambda _: "a" * most, 3)) == most
    with pytest.raises(Malformed, match=SLOW):
        isolated.isolated(lambda _: "a" * (most + 1), 3)


def test_what_a_copy_says_by_itself_is_heard_nowhere(capfd: pytest.CaptureFixture[str]) -> None:
    def work(_: Any) -> str:
        os.write(1, b"to stdout")
        os.write(2, b"to stderr")
        return "done"

    assert isolated.isolated(work, 10) == "done"
    assert tuple(capfd.readouterr()) == ("", "")


def test_what_a_copy_may_take_grows_with_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """300 seconds; 1.5 of the processor's and one for each 100 KB; 100 MiB and 64 bytes for each byte; no core."""
    asked: list[tuple[Any, ...]] = []
    for module, name in ((signal, "signal"), (signal, "alarm"), (signal, "setitimer"), (isolated.resource, "setrlimit"),
                         (isolated, "limit_memory")):  # fmt: skip
        monkeypatch.setattr(module, name, lambda *given, name=name: asked.append((name, *given)))
    isolated._limit(1_000_000)
    assert asked == [
        ("signal", signal.SIGALRM, signal.SIG_DFL),
        ("signal", signal.SIGPROF, signal.SIG_DFL),
        ("alarm", 300),
        ("setitimer", signal.ITIMER_PROF, 11.5),
        ("setrlimit", isolated.resource.RLIMIT_CORE, (0, 0)),
        ("limit_memory", 104_857_600 + 64_000_000),
    ]


@pytest.fixture
def limits(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[tuple[int, int]]]:
    """Calls a function where the limit of the address space is so much; gives the limits that it sets."""

    def call(soft: int, ceiling: int, function: Callable[[int], None], more: int) -> list[tuple[int, int]]:
        made: list[tuple[int, int]] = []
        monkeypatch.setattr(isolated.resource, "getrlimit", lambda _: (soft, ceiling))
        monkeypatch.setattr(isolated.resource, "setrlimit", lambda _, pair: made.append(pair))
        function(more)
        return made

    return call


@pytest.mark.parametrize(
    ("soft", "ceiling", "expected"),
    [
        (-1, -1, []), (700, 700, []), (700, -1, [(1700, -1)]), (0, -1, [(1000, -1)]), (700, 1200, [(1200, 1200)]),
        (700, 5000, [(1700, 5000)]), (7, 0, [(0, 0)]),
    ],
)  # fmt: skip
def test_a_limit_is_raised_as_far_as_the_machine_allows(
    limits: Any, soft: int, ceiling: int, expected: list[tuple[int, int]]
) -> None:
    """None (-1) stays none, and what is at its ceiling is left there."""
    assert limits(soft, ceiling, isolated.more_memory, 1000) == expected


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="what a process has is said on Linux only")
@pytest.mark.parametrize(("ceiling", "most"), [(-1, None), (0, 0), (5, 5), (1 << 60, None)])
def test_a_process_may_take_so_much_more_than_it_has(limits: Any, ceiling: int, most: int | None) -> None:
    """Of address space, touched or not, and never above the ceiling."""
    ((found, above),) = limits(-1, ceiling, isolated.limit_memory, 1 << 40)
    assert above == ceiling
    if most is None:
        held = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
        assert abs(found - held - (1 << 40)) < 1 << 24
    else:
        assert found == most


def test_a_machine_that_does_not_say_what_a_process_has_limits_its_time_alone(
    limits: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("builtins.open", fails(OSError))
    assert limits(-1, -1, isolated.limit_memory, 1000) == []


def test_the_reference_has_200_mib_of_its_own_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Most of which NumPy never touches."""
    pytest.importorskip("onnx", reason="it is the onnx package's")
    asked: list[int] = []
    monkeypatch.setattr(evaluate, "more_memory", asked.append)
    one = evaluate.Evaluator()
    one._load()
    one._load()
    assert asked == [209_715_200]


@pytest.mark.parametrize(
    ("name", "shown"), [("/a/" + "b" * 37, "/a/" + "b" * 37), ("/a/" + "b" * 38, "b" * 38), ("m.onnx", "m.onnx")]
)
def test_of_a_path_of_more_than_40_characters_the_end_is_shown(name: str, shown: str) -> None:
    """Which says more than its start."""
    error = isolated.bad_file(name, "it is empty", "is it?")
    assert (error.message, error.hint) == (f"{shown}: it is empty", "is it?")


class Found:
    """What is found of a package that is there."""

    submodule_search_locations: Any = ("somewhere",)


def test_a_package_that_is_missing_or_does_not_work_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """With what to install; and no module that stood in for it is left."""
    for name in [name for name in sys.modules if name == "onnx" or name.startswith("onnx.")]:
        monkeypatch.delitem(sys.modules, name)
    alone = Found()
    alone.submodule_search_locations = None
    for found in (None, alone):
        monkeypatch.setattr(isolated, "find_spec", lambda _, found=found: found)
        with pytest.raises(SpecError, match="reading ONNX files needs the onnx package"):
            isolated.onnx_library("onnx_ml_pb2")
    monkeypatch.setattr(isolated, "find_spec", lambda _: Found())
    monkeypatch.setattr(isolated, "module_from_spec", lambda _: sys)
    monkeypatch.setattr(isolated, "import_module", fails(ImportError))
    with pytest.raises(SpecError, match="the onnx package is there, and does not work"):
        isolated.onnx_library("onnx_ml_pb2")
    assert "onnx" not in sys.modules


@pytest.mark.parametrize("there", ["onnx", "onnx.onnx_ml_pb2"])
def test_a_package_that_is_loaded_is_not_looked_for(there: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of it by somebody else, or the part by us."""
    for name in [name for name in sys.modules if name == "onnx" or name.startswith("onnx.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, there, sys)
    monkeypatch.setattr(isolated, "find_spec", fails(AssertionError))
    monkeypatch.setattr(isolated, "import_module", lambda name: name)
    assert isolated.onnx_library("onnx_ml_pb2") == "onnx.onnx_ml_pb2"
