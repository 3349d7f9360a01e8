"""Who may know what."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import convcost.report

FILES = sorted(Path(convcost.report.__file__).parent.glob("*.py"))


def test_one_file_knows_rich() -> None:
    """What a terminal shows in colour, and the progress bar."""
    knowing = [file.name for file in FILES if re.search(r"^\s*(from|import) rich", file.read_text("utf-8"), re.M)]
    assert sorted(knowing) == ["terminal.py"]


def test_a_table_in_a_pipe_needs_no_rich() -> None:
    """It would cost as much as everything else together."""
    code = (
        "import sys\n"
        "from convcost.answers.comparison import compare_variants\n"
        "from convcost.spec import parse_spec\n"
        "from convcost.report import open_writer\n"
        "for format in ('table', 'markdown'):\n"
        "    open_writer(format, sys.stderr).answer(compare_variants(parse_spec('64:128 @56 k3')))\n"
        "print({'rich', 'csv', 'numpy', 'textwrap', 'difflib'} & set(sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env={})
    assert done.stdout == "set()\n"
