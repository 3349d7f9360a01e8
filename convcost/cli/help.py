"""`convcost help`: the notation and the words, each on one screen."""

from __future__ import annotations

from typing import Annotated

import typer

from .names import unknown_name
from .topics import TOPICS

EPILOG = """
Examples:

  convcost help

  convcost help spec
"""


def help(
    topic: Annotated[str, typer.Argument(metavar="TOPIC", show_default=False, help="What to explain.")] = "",
) -> None:
    """Explain the notation of layers, or another topic, on one screen."""
    if not topic:
        for name, entry in TOPICS.items():
            print(f"convcost help {name:<8}  {entry.summary}")
        print("convcost --help         the commands, and convcost COMMAND --help explains one")
        return
    if topic not in TOPICS:
        from .main import COMMANDS

        otherwise = (
            f"'convcost {topic} --help' explains the command" if topic in COMMANDS else "'convcost help' lists them"
        )
        raise unknown_name("topic", topic, list(TOPICS), otherwise)
    print(TOPICS[topic].text, end="")
