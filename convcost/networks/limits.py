"""How much a network may be: a few lines of a file, and a few bytes, can ask for any amount of work.

Within these an answer takes about a second and 200 MB at most, however the file is made.
"""

from ..graph.ops import Graph

#: Operations of a network file, however short it is; a ResNet of 1,202 layers has 4,200. Each takes about 0.1 ms.
MOST_OPERATIONS = 4_500

#: Characters of a longer file that allow for an operation, and operations that no file may have more of.
CHARACTERS_AN_OPERATION, MOST_OF_ANY = 16, 100_000

#: Tensors alive, added up over all steps: 4,500 operations with 220 each. Every step lists those it finds.
MOST_ALIVE = 1_000_000

#: Tensors alive over all steps that each character of a file, or byte, its weights left out, allows for besides.
ALIVE_A_CHARACTER = 4


def most_operations(characters: int) -> int:
    """Operations that a network file of so many characters may have.

    >>> most_operations(100), most_operations(160_000), most_operations(10**7)
    (4500, 10000, 100000)
    """
    return min(max(MOST_OPERATIONS, characters // CHARACTERS_AN_OPERATION), MOST_OF_ANY)


def alive_in_all(graph: Graph) -> int:
    """Tensors alive, added up over all steps, at most: from where each is made to where it is read last."""
    last: dict[int, int] = {}
    for index, node in enumerate(graph.nodes):
        for value in node.inputs:
            last[value] = index
    return sum([index - value + 1 for value, index in last.items()])
