"""`convcost help`: the notation and the words, each on one screen."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from ..spec.errors import unknown_name
from .listing import fold_text, listing, width_of
from .topics import TOPICS

EPILOG = """
Examples:

  convcost help

  convcost help spec
"""

#: What texts are wide where no terminal is narrower.
WIDTH = 80

#: What else explains something.
OTHERS = [
    (("convcost --help",), ["the commands; convcost COMMAND --help explains one"]),
    (("convcost explain --list",), ["what is explained with a layer's numbers: each variant, and shortcuts"]),
]


def help(
    topic: Annotated[str, typer.Argument(metavar="TOPIC", show_default=False, help="What to explain.")] = "",
) -> None:
    """Explain the notation of layers, or another topic, on one screen."""
    if not topic:
        entries = [((f"convcost help {name}",), [entry.summary]) for name, entry in TOPICS.items()]
        sys.stdout.writelines(listing([*entries, *OTHERS], width_of(sys.stdout, WIDTH)))
        return
    if topic not in TOPICS:
        from .main import COMMANDS

        otherwise = (
            f"'convcost {topic} --help' explains the command" if topic in COMMANDS else "'convcost help' lists them"
        )
        raise unknown_name("topic", topic, list(TOPICS), otherwise)
    print(fold_text(TOPICS[topic].text, width_of(sys.stdout, WIDTH)), end="")
