"""How much a network may be: a few lines of a file, and a few bytes, can ask for any amount of work.

Within these an answer takes about 0.1 ms an operation, where each layer is another one 0.8 ms, and 7 KB as JSON;
whoever waits at a terminal is told how far it is.
"""

import os
from collections.abc import Callable
from time import monotonic

from ..graph.ops import Graph

#: What a long piece of work tells whoever waits: how much is done; -1 when it is over.
Tell = Callable[[int], None]

#: Seconds before the progress is told, and between two tellings.
SILENT, PAUSE = 1.0, 0.2

#: Operations of a network, however short its file is; a ResNet of 1,202 layers has 4,200.
MOST_OPERATIONS = 100_000

#: Words of all lines, blocks written out and a line counting as four more, for each operation that is made; and for how
#: many that are not, as blocks within blocks may come to nothing: so many in any file, one for some characters of it.
WORDS_AN_OPERATION, NOT_MADE, CHARACTERS_AN_OPERATION = 20, 4_500, 16

#: Characters in the names of all operations: in blocks within blocks each has a long one.
MOST_NAMED = 20_000_000

#: Tensors alive, added up over all steps: 4,500 operations with 220 each. Every step lists those it finds.
MOST_ALIVE = 1_000_000

#: Tensors alive over all steps that each character of a file, or byte, its weights left out, allows for besides.
ALIVE_A_CHARACTER = 4


def most_words(operations: int, characters: int) -> int:
    """Words that a network file of so many characters may have written out when it has made so many operations.

    >>> most_words(0, 100), most_words(50_000, 100), most_words(0, 1_000_000)
    (90000, 1090000, 1250000)
    """
    return WORDS_AN_OPERATION * (operations + max(NOT_MADE, characters // CHARACTERS_AN_OPERATION))


def alive_in_all(graph: Graph) -> int:
    """Tensors alive, added up over all steps, at most: from where each is made to where it is read last."""
    last: dict[int, int] = {}
    for index, node in enumerate(graph.nodes):
        for value in node.inputs:
            last[value] = index
    return sum([index - value + 1 for value, index in last.items()])


def teller(what: str) -> Tell:
    """Writes a line to a terminal at standard error, again and again over itself; -1 takes it away."""
    if not os.isatty(2):
        return lambda _: None
    terminal, last = os.dup(2), monotonic() + SILENT
    written = False

    def tell(done: int) -> None:
        nonlocal last, written
        if done < 0:
            if written:
                os.write(terminal, b"\r\x1b[K")
            os.close(terminal)
        elif monotonic() > last:
            last, written = monotonic() + PAUSE, True
            os.write(terminal, f"\r{done:,} {what}".encode())

    return tell
