"""Every command and every Python example of the README is run, as it stands there."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest
from cli.examples import EXAMPLES, run_line
from cli.shell import in_shell
from needs import lacking, with_needs

README = Path(__file__).parent.parent / "README.md"

FENCES = re.findall(r"(?ms)^```sh\n(.*?)^```", README.read_text(encoding="utf-8"))

#: What stands in help, too, word by word: `cli/test_help.py` runs it.
OF_HELP = {line for _, line in EXAMPLES}

#: The lines of a fence are run in turn; the first two fences install, which CI does.
SCRIPTS = [fence for fence in FENCES if "pip install" not in fence]


def test_there_are_commands_to_run() -> None:
    """And the two that install stand first."""
    assert "pip install" in FENCES[0]
    assert "pip install" in FENCES[1]
    assert sum(fence.count("convcost ") for fence in SCRIPTS) > 15


def needs_of(script: str) -> list[pytest.MarkDecorator]:
    """None, if a line of it can run."""
    found = [with_needs(line) for line in script.splitlines()]
    return found[0] if all(found) else []


@pytest.mark.parametrize(
    "script", [pytest.param(script, id=script.split("\n")[0][:50], marks=needs_of(script)) for script in SCRIPTS]
)
def test_commands_of_the_readme_run(script: str, tmp_path: Path) -> None:
    """Line by line in one folder; what a line needs beyond the tests' own extra, where that is."""
    for line in [line for line in script.splitlines() if not lacking(line)]:
        if re.split(r"\s+# ", line)[0] not in OF_HELP:
            code, said = run_line(line, tmp_path)
            assert code == 0, (line, said)


def test_python_of_the_readme_holds() -> None:
    """As a doctest."""
    failed, tried = doctest.testfile(str(README), module_relative=False, encoding="utf-8")
    assert (failed, tried > 5) == (0, True)


def test_a_table_in_the_readme_is_what_comes_out(tmp_path: Path) -> None:
    """The one shown for the first command, of the variants that it shows."""
    shown = re.search(r"(?ms)^```text\n(.*?)^```", README.read_text(encoding="utf-8"))
    assert shown
    names = re.findall(r"(?m)^ ✓ (\S+)  ", shown[1])
    assert len(names) == 10
    command = f"convcost compare 64:128 @56 k3 --variants {','.join(names)}"
    assert in_shell(command, tmp_path, shared=True).stdout == shown[1]
