"""How much a network may be: a few lines of a file, and a few bytes, can ask for any amount of work.

Within these an answer takes about a second and 200 MB at most, however the file is made.
"""

from ..graph.ops import Graph

#: Operations of a network file; a ResNet of 1,202 layers has 4,200. Each takes about 0.1 ms.
MOST_OPERATIONS = 4_500

#: Tensors alive, added up over all steps: 4,500 operations with 220 each. Every step lists those it finds.
MOST_ALIVE = 1_000_000


def alive_in_all(graph: Graph) -> int:
    """Tensors alive, added up over all steps, at most: from where each is made to where it is read last."""
    last: dict[int, int] = {}
    for index, node in enumerate(graph.nodes):
        for value in node.inputs:
            last[value] = index
    return sum([index - value + 1 for value, index in last.items()])
