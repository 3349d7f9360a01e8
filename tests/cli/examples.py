"""The examples of help, and how a line that somebody may type is run as it stands."""

from __future__ import annotations

import os
import shlex
from contextlib import chdir
from importlib import import_module
from pathlib import Path
from unittest import mock

from cli.shell import examples, in_shell, with_convcost

from convcost.cli.main import COMMANDS, run

#: What a shell does not hand on, unless it is quoted.
SHELLS_OWN = frozenset("|<>$;&*~()")


def epilog(command: str) -> str:
    """The foot of a command's help."""
    return str(getattr(import_module(f"convcost.cli.{command}"), "EPILOG", ""))


#: Each example of each command; one takes 15 seconds, and has a test of its own.
EXAMPLES = [(command, line) for command in COMMANDS for line in examples(epilog(command)) if "--experiment" not in line]


def run_line(line: str, folder: Path) -> tuple[int, str]:
    """The exit code, and what a shell says is wrong: of a line in the folder, at home there.

    In a shell if one has a part in it; else in this process, which remembers what others have asked.
    """
    words = shlex.shlex(line, punctuation_chars=True)  # what is quoted keeps its quotes
    if any([word[0] not in "'\"" and set(word) & SHELLS_OWN for word in words]):
        done = in_shell(line, folder, shared=True)
        return done.returncode, done.stderr
    with chdir(folder), mock.patch.dict(os.environ, with_convcost(folder), clear=True):
        return run(shlex.split(line, comments=True)[1:]), ""
