"""Runs somebody else's C++ on somebody's file where it can do no harm: in a copy of the process that may die."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable

from ...spec.errors import visible
from .wire import Malformed

if sys.platform != "win32":
    import resource

#: Processor seconds after which a copy is ended, and bytes of the model that earn it another one: shapes of thousands
#: of operations, in half a megabyte, take a tenth of one.
PATIENCE, BYTES_A_SECOND = 0.3, 200_000

#: Seconds after which it is ended however little it works.
MOST_SECONDS = 60

#: Memory that a copy may take, in all and for each byte of the model; files of some KB can ask for any amount.
MOST_MEMORY, MEMORY_A_BYTE = 100 << 20, 64

#: Largest answer, in all and for each byte of the model: inferred shapes take about as much as the model does.
MOST_ANSWER, ANSWER_A_BYTE = 1 << 21, 16


def isolated(work: Callable[[], bytes], size: int) -> bytes:
    """What `work` gives on a model of `size` bytes, or Malformed if it fails, crashes or takes what no such model does.

    Damaged files crash some versions of ONNX's shape inference, and few bytes make gigabytes of axes. Where
    processes cannot be copied (Windows), `work` runs here.
    """
    if sys.platform == "win32":
        return _answer(_guarded(work))
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
        raise Malformed("ONNX's shape inference takes too long on it, or its shapes are too large")
    if status or not answer:
        raise Malformed("ONNX's shape inference breaks down on it")
    return _answer(answer)


def _answer(answer: bytes) -> bytes:
    if answer[:1] != b"+":
        why = "".join(map(visible, answer[1:].decode("utf-8", "replace")))
        raise Malformed(f"ONNX cannot infer its shapes: {why}")
    return answer[1:]


def _work(work: Callable[[], bytes], size: int, reading: int, writing: int) -> None:
    """The copy: answers, and ends without running anything that the original will run."""
    try:
        os.close(reading)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for number in (1, 2):  # what C++ says when it breaks down is no answer
            os.dup2(nowhere, number)
        _limit(size)
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(_guarded(work))
    finally:
        os._exit(0)


def _limit(size: int) -> None:
    """End this process where it takes more than a model of `size` bytes does, as far as the machine can."""
    for number in (signal.SIGALRM, signal.SIGPROF):
        signal.signal(number, signal.SIG_DFL)
    signal.alarm(MOST_SECONDS)
    signal.setitimer(signal.ITIMER_PROF, PATIENCE + size / BYTES_A_SECOND)
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            held = int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        most = held + MOST_MEMORY + MEMORY_A_BYTE * size
        _, ceiling = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (most if ceiling < 0 else min(most, ceiling), ceiling))
    except (OSError, ValueError):  # what is held is said on Linux only; then time alone is limited
        pass


def _guarded(work: Callable[[], bytes]) -> bytes:
    try:
        return b"+" + work()
    except MemoryError:
        return b"-its shapes take too much memory"
    except Exception as error:  # C++ throws what it likes
        return b"-" + " ".join(str(error).split())[:200].encode("utf-8", "replace")
