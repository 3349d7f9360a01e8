"""`convcost completion`: the completion script of a shell."""

from __future__ import annotations

from typing import Annotated

import typer

from ..spec.errors import SpecError, unknown_name
from .completing import SHELLS, read_tree, script

EPILOG = """
Examples:

  convcost completion bash > ~/.local/share/bash-completion/completions/convcost

  convcost completion fish > ~/.config/fish/completions/convcost.fish
"""


def completion(
    shell: Annotated[
        str, typer.Argument(metavar="SHELL", show_default=False, help="bash, zsh, fish or powershell.")
    ] = "",
    layers: Annotated[str, typer.Option(metavar="NETWORK", hidden=True, help="What a script asks for.")] = "",
) -> None:
    """Print the completion script of a shell; the scripts answer without starting Python."""
    if layers:
        _print_layers(layers)
        return
    if not shell:
        raise SpecError("a shell is missing", f"there are {', '.join(SHELLS)}")
    if shell not in SHELLS:
        raise unknown_name("shell", shell, list(SHELLS))
    from .main import program

    print(script(shell, read_tree(program())), end="")


def _print_layers(network: str) -> None:
    """The names of a network's convolutions, a line each."""
    from ..answers.opening import find_network
    from ..graph.ops import Conv

    print(*[node.name for node in find_network(network).network.graph.nodes if type(node.op) is Conv], sep="\n")
