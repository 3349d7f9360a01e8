"""Other people's code: the onnx package, an extra, and its C++ run where it can do no harm, in a copy that may die."""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.util import find_spec, module_from_spec
from pathlib import Path
from traceback import format_exception
from typing import Any, TypeVar

from ...spec.errors import SpecError, clip
from ..limits import Tell, teller
from .wire import Malformed

if sys.platform != "win32":
    import resource

T = TypeVar("T")

#: Processor seconds after which a copy is ended, and bytes of the model that earn it another one: thousands of
#: operations, in half a megabyte, take a tenth of one.
PATIENCE, BYTES_A_SECOND = 1.5, 100_000

#: Seconds after which it is ended however little it works.
MOST_SECONDS = 300

#: Memory that a copy may take, in all and for each byte of the model; files of some KB can ask for any amount.
MOST_MEMORY, MEMORY_A_BYTE = 100 << 20, 64

#: Address space that NumPy and the reference operations take; most of it is never touched.
LIBRARIES = 200 << 20

#: Largest answer, in all and for each byte of the model.
MOST_ANSWER, ANSWER_A_BYTE = 1 << 22, 32

#: What an answer is made of beside numbers, texts, lists, tuples and dicts.
NO_RECORDS: dict[str, type] = {}


def onnx_library(part: str) -> Any:
    """A module of the package, `onnx_ml_pb2` or `onnx_cpp2py_export`; untyped, so that types can be checked without it.

    The package's own `__init__` loads NumPy and tools that are not needed here, 0.15 s of them. So where
    nobody has loaded it yet, a module of that name stands in while the part is, and leaves again.
    """
    name = f"onnx.{part}"
    if name in sys.modules or "onnx" in sys.modules:
        return import_module(name)
    spec = find_spec("onnx")
    if spec is None or spec.submodule_search_locations is None:
        raise SpecError("reading ONNX files needs the onnx package", "pip install 'convcost[onnx]'")
    sys.modules["onnx"] = module_from_spec(spec)
    try:
        return import_module(name)
    except ImportError:
        raise SpecError("the onnx package is there, and does not work", "pip install -U 'convcost[onnx]'") from None
    finally:
        del sys.modules["onnx"]


def bad_file(name: str, message: str, hint: str = "") -> SpecError:
    """What is wrong with a file, its name in front, neither of them able to upset a terminal."""
    shown = name if len(name) <= 40 else Path(name).name  # the end of a path says more than its start
    return SpecError(f"{clip(shown)}: {message}", hint)


def isolated(work: Callable[[Tell], T], size: int, records: Mapping[str, type] = NO_RECORDS) -> T:
    """What `work` gives on a model of `size` bytes, or Malformed if it fails, crashes or takes what no such model does.

    The answer is made of numbers, texts, lists, tuples, dicts and `records`, by their names: a copy that went wrong can
    say no more. Damaged files crash some versions of ONNX's shape inference, and few bytes make gigabytes of axes.
    Where processes cannot be copied (Windows), `work` runs here.
    """
    if sys.platform == "win32":
        here: T = _answer(_guarded(work, lambda _: None), records)
        return here
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        _work(work, size, reading, writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        answer = pipe.read(MOST_ANSWER + ANSWER_A_BYTE * size)
        is_whole = not pipe.read(1)
    _, status = os.waitpid(child, 0)
    if not is_whole or (status and os.WIFSIGNALED(status) and os.WTERMSIG(status) in (signal.SIGPROF, signal.SIGALRM)):
        raise Malformed("reading it takes too long, or its shapes are too large")
    if status or not answer:
        raise Malformed("ONNX's shape inference breaks down on it")
    found: T = _answer(answer, records)
    return found


def _answer(answer: bytes, records: Mapping[str, type]) -> Any:
    kind, found = json.loads(answer)
    if kind == "malformed":
        raise Malformed(found)
    if kind == "broken":
        raise RuntimeError(found)
    return restored(found, records)


def reduced_to_json(value: Any) -> Any:
    """A value as JSON has it; what is no list or number there is an object that says what it is.

    >>> reduced_to_json([(1, "a"), {3: None}])
    [{'tuple': [1, 'a']}, {'dict': [[3, None]]}]
    """
    if isinstance(value, tuple):
        return {type(value).__name__: [reduced_to_json(one) for one in value]}
    if isinstance(value, dict):
        return {"dict": [[reduced_to_json(key), reduced_to_json(one)] for key, one in value.items()]}
    return [reduced_to_json(one) for one in value] if isinstance(value, list) else value


def restored(value: Any, records: Mapping[str, type]) -> Any:
    """The value again; KeyError for a record that is none of `records`.

    >>> restored(reduced_to_json([(1, "a"), {3: None}]), {})
    [(1, 'a'), {3: None}]
    """
    if isinstance(value, list):
        return [restored(one, records) for one in value]
    if not isinstance(value, dict):
        return value
    ((name, parts),) = value.items()
    if name == "dict":
        return {restored(key, records): restored(one, records) for key, one in parts}
    made = [restored(one, records) for one in parts]
    return tuple(made) if name == "tuple" else records[name](*made)


def _work(work: Callable[[Tell], T], size: int, reading: int, writing: int) -> None:
    """The copy: answers, and ends without running anything that the original will run."""
    try:
        gc.disable()  # it ends before there is much
        os.close(reading)
        tell = teller("operations read")
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for number in (1, 2):  # what C++ says when it breaks down is no answer
            os.dup2(nowhere, number)
        _limit(size)
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(_guarded(work, tell))
        tell(-1)
    finally:
        os._exit(0)


def _limit(size: int) -> None:
    """End this process where it takes more than a model of `size` bytes does, as far as the machine can."""
    for number in (signal.SIGALRM, signal.SIGPROF):
        signal.signal(number, signal.SIG_DFL)
    signal.alarm(MOST_SECONDS)
    signal.setitimer(signal.ITIMER_PROF, PATIENCE + size / BYTES_A_SECOND)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    limit_memory(MOST_MEMORY + MEMORY_A_BYTE * size)


def limit_memory(more: int) -> None:
    """Let this process take so much more memory than it has; what it has is said on Linux only."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            held = int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
        _, ceiling = resource.getrlimit(resource.RLIMIT_AS)
        most = held + more
        resource.setrlimit(resource.RLIMIT_AS, (most if ceiling < 0 else min(most, ceiling), ceiling))
    except (OSError, ValueError):  # then time alone is limited
        pass


def more_memory(bytes_: int) -> None:
    """Raise this copy's limit, for libraries whose address space is mostly empty."""
    if sys.platform == "win32":
        return
    soft, ceiling = resource.getrlimit(resource.RLIMIT_AS)
    if soft >= 0 and soft != ceiling:
        most = soft + bytes_
        resource.setrlimit(resource.RLIMIT_AS, (most if ceiling < 0 else min(most, ceiling), ceiling))


def _guarded(work: Callable[[Tell], T], tell: Tell) -> bytes:
    """The answer, or the error, as bytes."""
    found: Any
    try:
        kind, found = "answer", reduced_to_json(work(tell))
    except MemoryError:
        kind, found = "malformed", "its shapes take too much memory"
    except RecursionError:
        kind, found = "malformed", "it is nested too deeply"
    except Malformed as error:
        kind, found = "malformed", str(error)
    except Exception as error:  # a mistake of ours, which is to be seen
        kind, found = "broken", "".join(format_exception(error))
    return json.dumps([kind, found]).encode()
