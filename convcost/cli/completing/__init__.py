"""Completion scripts for bash, zsh, fish and PowerShell, made from the command tree; they run without Python."""

from .tree import Tree, read_tree
from .values import SHELLS

__all__ = ["SHELLS", "Tree", "read_tree", "script"]


def script(shell: str, tree: Tree) -> str:
    """The whole script for one of `SHELLS`.

    >>> script("fish", Tree((), ())).splitlines()[0]
    '# fish completion for convcost, made by `convcost completion fish`: do not edit.'
    """
    from importlib import import_module

    text: str = import_module(f"{__package__}.{shell}").script(tree)
    return text
