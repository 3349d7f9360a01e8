"""What only a process of its own shows: what is imported, and how streams that break are met."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

CONVCOST = (sys.executable, "-m", "convcost")

IMPORTED = """
import sys
from convcost.cli.main import run
run(sys.argv[1:])
print(*sorted({name.partition(".")[0] for name in sys.modules}), file=sys.stderr)
"""


def imported_by(*words: str) -> set[str]:
    """Top-level modules that a command line loads."""
    command = [sys.executable, "-c", IMPORTED, *words]
    return set(subprocess.run(command, capture_output=True, text=True, check=True).stderr.split())


@pytest.mark.parametrize("words", [("compare", "64:128", "@56", "k3"), ("layer", "64:128", "@56", "k3")])
def test_unverified_json_loads_neither_numpy_nor_rich(words: tuple[str, ...]) -> None:
    """Start-up is a feature."""
    assert not {"numpy", "rich", "csv"} & imported_by(*words, "--format", "json", "--no-verify")


def test_an_unverified_table_does_not_load_numpy() -> None:
    """NumPy is for executing."""
    assert "numpy" not in imported_by("compare", "64:128", "@56", "k3", "--no-verify")


def test_a_reader_that_stops_is_no_error() -> None:
    """`convcost … | head -1` is quiet."""
    lines = "\n".join([f"{n}:128 @56 k3" for n in range(1, 20000)])
    command = f"{sys.executable} -m convcost layer - --no-verify --format ndjson | head -1"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command], input=lines, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr, done.stdout.count("\n")) == (0, "", 1)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no device that is always full")
def test_a_full_disk_is_one_line_and_exit_code_1() -> None:
    """No traceback."""
    with open("/dev/full", "w") as full:
        command = [*CONVCOST, "compare", "64:128", "@56", "k3", "--no-verify"]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == "error: No space left on device\n"


def heeds_interrupts() -> None:
    """What a shell starts in the background ignores them, and so would all that it starts."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_the_first_answers_come_before_the_last_line_is_read() -> None:
    """A batch streams, line by line, and an interrupt ends it with 130."""
    command = [*CONVCOST, "layer", "-", "--no-verify", "--format", "ndjson"]
    pipe = subprocess.PIPE
    process = subprocess.Popen(
        command, stdin=pipe, stdout=pipe, stderr=pipe, text=True,
        preexec_fn=heeds_interrupts,  # noqa: PLW1509  no thread runs here
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("64:128 @56 k3\n")
    process.stdin.flush()
    assert process.stdout.readline().startswith('{"schema":"convcost/2"')
    time.sleep(0.05)  # let it wait for the next line
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (130, "")
