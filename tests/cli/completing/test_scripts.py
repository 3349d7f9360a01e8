"""The scripts that are committed are those that the command tree makes, and each shell can read its own."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
import typer
from cli.completing.terminal import SCRIPTS

from convcost.cli.completing import SHELLS, Tree, read_tree, script
from convcost.cli.completing.tokens import CHANNEL_PAIR, channel_starts, first_tokens, kinds, starts
from convcost.cli.main import COMMANDS, app
from convcost.spec.tokens import read_token
from convcost.variants.registry import all_variants

CHECK = {
    "bash": ["bash", "-n"],
    "zsh": ["zsh", "-n"],
    "fish": ["fish", "--no-execute"],
    "powershell": ["pwsh", "-NoProfile", "-Command", "$e = $null; [void][System.Management.Automation.Language.Parser]"
                   "::ParseFile($args[0], [ref]$null, [ref]$e); exit $e.Count"],
}  # fmt: skip


@pytest.fixture(scope="module")
def tree() -> Tree:
    return read_tree(typer.main.get_command(app))


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_is_the_one_the_tree_makes(shell: str, tree: Tree) -> None:
    """To renew it: `convcost completion SHELL > completions/FILE`."""
    made = script(shell, tree)
    assert (SCRIPTS / SHELLS[shell]).read_text(encoding="utf-8") == made
    for word in (*COMMANDS, *all_variants(), "--verify-limit", "mid=", "bf16", "reflect"):
        assert re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", made), word


@pytest.mark.parametrize("shell", SHELLS)
def test_nothing_is_left_to_fill_in(shell: str, tree: Tree) -> None:
    """Every placeholder of the frame has its part."""
    assert not re.search(r"@[A-Z_]+@", script(shell, tree))


@pytest.mark.parametrize("shell", [pytest.param(name, marks=pytest.mark.needs(CHECK[name][0])) for name in SHELLS])
def test_the_shell_can_read_its_script(shell: str) -> None:
    """By its own parser."""
    done = subprocess.run([*CHECK[shell], str(SCRIPTS / SHELLS[shell])], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_token_keeps_away_those_of_its_field() -> None:
    """One expression matches all that sets a field, whole or begun, and no other does."""
    told = [candidate.text for candidate in (*first_tokens(), *channel_starts(), CHANNEL_PAIR)]
    told += [start + value for start, (_, values) in starts().items() for value in values]
    fields: dict[str, set[str]] = {}
    for text in told:
        whole = text + {"=": "1", "@": "1", ":": "1"}.get(text[-1], "")
        field = read_token("mode=zeros" if text == "mode=" else whole)[0]
        fields.setdefault(field, set()).update([kind for kind in kinds() if re.match(f"({kind})", text + " ")])
    assert all([len(matching) == 1 for matching in fields.values()]), fields
    assert len(set.union(*fields.values())) == len(fields) == len(kinds())


def test_the_command_prints_the_script(capfd: pytest.CaptureFixture[str]) -> None:
    """Whole, on stdout, and nothing else."""
    subprocess.run([sys.executable, "-m", "convcost", "completion", "bash"], check=True)
    ran = capfd.readouterr()
    assert (ran.out, ran.err) == ((SCRIPTS / "convcost.bash").read_text(encoding="utf-8"), "")
