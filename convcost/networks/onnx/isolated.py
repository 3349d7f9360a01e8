"""Runs somebody else's C++ on somebody's file where it can do no harm: in a copy of the process that may die."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

from ...spec.errors import visible
from .wire import Malformed

#: Seconds after which a copy is ended: shapes of a model of thousands of operations take a tenth of one.
PATIENCE = 60


def isolated(work: Callable[[], bytes]) -> bytes:
    """What `work` gives, or Malformed if it fails, crashes or takes forever.

    Damaged files crash some versions of ONNX's shape inference. Where processes cannot be copied
    (Windows), `work` runs here.
    """
    if not hasattr(os, "fork"):
        return _answer(_guarded(work))
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        _work(work, reading, writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        answer = pipe.read()
    _, status = os.waitpid(child, 0)
    if status or not answer:
        raise Malformed("ONNX's shape inference breaks down on it")
    return _answer(answer)


def _answer(answer: bytes) -> bytes:
    if answer[:1] != b"+":
        why = "".join(map(visible, answer[1:].decode("utf-8", "replace")))
        raise Malformed(f"ONNX cannot infer its shapes: {why}")
    return answer[1:]


def _work(work: Callable[[], bytes], reading: int, writing: int) -> None:
    """The copy: answers, and ends without running anything that the original will run."""
    try:
        os.close(reading)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(PATIENCE)
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(_guarded(work))
    finally:
        os._exit(0)


def _guarded(work: Callable[[], bytes]) -> bytes:
    try:
        return b"+" + work()
    except Exception as error:  # C++ throws what it likes
        return b"-" + " ".join(str(error).split())[:200].encode("utf-8", "replace")
