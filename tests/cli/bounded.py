"""Command lines, each in a process of its own that is new but for what it has imported: what they answer and take.

`python bounded.py` is the process they are copied from. It reads a line of JSON for each, and answers with one.
"""

from __future__ import annotations

import gc
import io
import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import IO, Any, NamedTuple

#: What every reader must keep to, for up to 64 KiB of anything: processor seconds, and bytes of the whole process.
MOST_SECONDS, MOST_BYTES = 1.0, 200_000_000

#: How many times as long the tests wait: other machines are slower, and busy. benchmarks/bounds.py shows what it takes.
SLACK = 3

#: What one that does not keep to it is stopped at.
PATIENCE = 60

#: Bytes of an answer that are handed over: the largest have 17 million, which nobody reads.
MOST_HANDED = 1_000_000


class Outcome(NamedTuple):
    """Exit code (negative: the signal that ended it), both outputs, processor seconds and peak bytes, children in.

    Of the answer it is the beginning, where that is long.
    """

    code: int
    out: str
    err: str
    seconds: float
    peak: int


class Runner:
    """The process that all others are copied from; it has loaded the command line, and neither NumPy nor a test.

    It runs in the environment `env`, this one if there is none, and loads the package that lies in `root`, this one.
    What it has answered itself `before` any copy is made, each copy remembers.
    """

    def __init__(self, env: dict[str, str] | None = None, root: Path | None = None, before: Sequence[str] = ()) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._env, self._root, self._before = env, root, before

    def __call__(
        self, words: list[str], stdin: bytes = b"", env: dict[str, str] | None = None, folder: Path | None = None
    ) -> Outcome:
        """Run one command line, with `env` beside what this process has, in `folder`."""
        if self._process is None or self._process.poll() is not None:
            import convcost

            root = self._root or Path(convcost.__file__).parents[1]
            self._process = subprocess.Popen(
                [sys.executable, __file__, *self._before], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                env={**(os.environ if self._env is None else self._env), "PYTHONPATH": str(root)},
            )  # fmt: skip
        to, back = self._process.stdin, self._process.stdout
        assert to is not None
        assert back is not None
        print(json.dumps([words, stdin.decode("latin-1"), env or {}, str(folder or "")]), file=to, flush=True)
        return Outcome(*json.loads(back.readline()))

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.communicate()


def keeps_bounds(runner: Runner, words: list[str], stdin: bytes = b"", seconds: float = MOST_SECONDS) -> bool:
    """An answer or an error that says so, no traceback, soon, little memory."""
    found = runner(words, stdin)
    nothing = words[0] == "swap" and found.code == 1 and found.err.startswith("nothing was replaced")
    assert found.code in (0, 2) or nothing, found.err[-2000:]
    assert (found.code == 2) == ("error: " in found.err)
    assert "Traceback" not in found.err
    assert found.seconds < SLACK * seconds
    assert found.peak < MOST_BYTES
    return True


def _serve() -> None:
    import convcost.cli.network
    import convcost.cli.swap
    import convcost.networks.onnx.translate  # noqa: F401  loaded once
    from convcost.cli.main import run

    for words in sys.argv[1:]:
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            run(words.split())
    gc.freeze()  # what copies share stays shared
    for line in sys.stdin:
        words, stdin, env, folder = json.loads(line)
        with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            given.write(stdin.encode("latin-1"))
            given.seek(0)
            child = os.fork()
            if not child:
                _answer(run, words, env, folder, given, out, err)
            _, status, used = os.wait4(child, 0)
            answers = [_content(out, MOST_HANDED), _content(err)]
        code = os.waitstatus_to_exitcode(status)
        print(json.dumps([code, *answers, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024]), flush=True)


def _answer(run: Any, words: list[str], env: dict[str, str], folder: str, *files: IO[bytes]) -> None:
    """The copy: its standard streams are the files, and it ends as the program does."""
    code = 1
    try:
        for number, file in enumerate(files):
            os.dup2(file.fileno(), number)
        sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w")  # noqa: SIM115  they end with it
        resource.setrlimit(resource.RLIMIT_CPU, (PATIENCE, PATIENCE))
        os.environ.update(env)
        tempfile.tempdir = None  # looked for anew, in this environment
        os.chdir(folder or ".")
        code = run(words)
        sys.stdout.flush()
    except BaseException:
        import traceback

        traceback.print_exc()
        code = 70
    finally:
        sys.stderr.flush()
        os._exit(code)


def _content(file: IO[bytes], most: int = -1) -> str:
    file.seek(0)
    return file.read(most).decode("utf-8", "replace")


if __name__ == "__main__":
    _serve()
