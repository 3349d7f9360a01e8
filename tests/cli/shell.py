"""`convcost` as a program that a shell finds, and examples out of texts.

`python shell.py SOCKET` is the process that `convcost` in a shared shell is copied from: it has loaded what a command
line needs. The program of such a shell hands over its words, folder, environment and streams, and waits.
"""

from __future__ import annotations

import atexit
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import NoReturn

import convcost

NETWORK = "input 3 @32\nstandard 16 k3 s2\nrelu\ndepthwise-separable 32 k3\nglobal-average-pool\nlinear 10 bias\n"
LAYERS = "64:128 @56 k3\n64:64 @28x24 k3 s2\n"

#: The program of a shared shell. It knows nothing of this package, as it must start at once.
ASKING = """
import _socket, os, sys
wire = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
wire.connect(sys.argv[1])
said = [os.getcwdb(), b"\\1".join([name + b"=" + value for name, value in os.environb.items()])]
said += map(os.fsencode, sys.argv[2:])
streams = b"".join([stream.to_bytes(4, sys.byteorder) for stream in range(3)])
wire.sendmsg([b"."], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, streams)])
wire.sendall(b"\\0".join(said))
wire.shutdown(_socket.SHUT_WR)
os._exit((wire.recv(1) or b"\\x46")[0])
"""


def with_convcost(folder: Path, *, shared: bool = False, **env: str) -> dict[str, str]:
    """An environment in which `convcost` is this checkout's, and the folder has a file of layers.

    `shared`: not a process of its own, but a copy of one; for what is not about how processes start and end.
    """
    bin = folder / "bin"
    bin.mkdir(exist_ok=True)
    root = Path(convcost.__file__).parents[1]
    call = f'PYTHONPATH="{root}" exec "{sys.executable}" -m convcost "$@"'
    if shared:
        (bin / "asking.py").write_text(ASKING)
        call = f'exec "{sys.executable}" -IS "{bin}/asking.py" "{_copied_from()}" "$@"'
    (bin / "convcost").write_text(f"#!/bin/sh\n{call}\n")
    (bin / "convcost").chmod(0o755)
    (folder / "layers.txt").write_text(LAYERS)
    (folder / "my-net.txt").write_text(NETWORK)
    kept = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "FORCE_COLOR", "NO_COLOR", "TERM")}
    return {**kept, "PATH": f"{bin}:{os.environ['PATH']}", "HOME": str(folder), **env}


def in_shell(line: str, folder: Path, *, shared: bool = False, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a line of shell in the folder."""
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", line],
        cwd=folder,
        env=with_convcost(folder, shared=shared, **env),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=600,  # a guard against hanging, whoever else uses the machine
        check=False,
    )


@cache
def _copied_from() -> str:
    """The socket of the process that is copied, which ends with this one."""
    folder = tempfile.mkdtemp(prefix="convcost")
    path = os.path.join(folder, "socket")
    env = {**os.environ, "PYTHONPATH": str(Path(convcost.__file__).parents[1])}
    process = subprocess.Popen([sys.executable, __file__, path], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    atexit.register(lambda: (process.communicate(), shutil.rmtree(folder)))
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    return path


def _serve(path: str) -> NoReturn:
    for name in ("convcost.cli.main", "numpy", "rich.table"):
        import_module(name)
    wire = socket.socket(socket.AF_UNIX)
    wire.bind(path)
    wire.listen()
    print("ready", flush=True)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those who answer
    while True:
        if sys.stdin in select.select([wire, sys.stdin], [], [])[0]:  # it is closed where nobody is left to ask
            sys.exit()
        asked, _ = wire.accept()
        if not os.fork():
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            wire.close()
            _answer(asked)
        asked.close()


def _answer(asked: socket.socket) -> NoReturn:
    """One command line, in one more copy: its exit code goes back."""
    _, streams, _, _ = socket.recv_fds(asked, 1, 3)
    folder, env, *words = asked.makefile("rb").read().split(b"\0")
    child = os.fork()
    if not child:
        asked.close()
        _become([os.fsdecode(word) for word in words], folder, env, streams)
    for stream in streams:
        os.close(stream)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    asked.sendall(bytes([code if code >= 0 else 128 - code]))
    os._exit(0)


def _become(words: list[str], folder: bytes, env: bytes, streams: list[int]) -> NoReturn:
    """The program, as it is when it has started."""
    from convcost.__main__ import main

    code = 1
    try:
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
            os.close(stream)
        sys.stdin, sys.stdout = open(0), open(1, "w")  # noqa: SIM115  they end with it
        sys.stderr = open(2, "w", buffering=1, errors="backslashreplace")  # noqa: SIM115  so does it
        os.chdir(folder)
        os.environb.clear()
        os.environb.update([pair.split(b"=", 1) for pair in env.split(b"\1")])
        tempfile.tempdir = None  # looked for anew, in this environment
        sys.argv = ["convcost", *words]
        main()
        code = 0
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 0 if error.code is None else 1
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except (OSError, ValueError):
                code = code or 120  # as Python has it
        os._exit(code)


def examples(epilog: str) -> list[str]:
    """The lines of an epilogue that are commands."""
    return [line.strip() for line in re.findall(r"(?m)^\s+(?:\w+ .*\| )?convcost .*$", epilog)]


if __name__ == "__main__":
    _serve(sys.argv[1])
