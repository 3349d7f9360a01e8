"""`convcost completion`: the completion script of a shell."""

from __future__ import annotations

from typing import Annotated

import typer

from .completing import SHELLS, read_tree, script
from .names import unknown_name

EPILOG = """
Examples:

  convcost completion bash > ~/.local/share/bash-completion/completions/convcost

  convcost completion fish > ~/.config/fish/completions/convcost.fish
"""


def completion(
    shell: Annotated[str, typer.Argument(metavar="SHELL", show_default=False, help="bash, zsh, fish or powershell.")],
) -> None:
    """Print the completion script of a shell; the scripts answer without starting Python."""
    if shell not in SHELLS:
        raise unknown_name("shell", shell, list(SHELLS))
    from .main import app

    print(script(shell, read_tree(typer.main.get_command(app))), end="")
