"""What may explain a figure beside the network itself: other input sizes, and other forms of the network."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ..answers.network import Rebuild
from ..graph.ops import Shape
from ..networks.build import Network, build_network
from ..networks.zoo import siblings_of, zoo_program
from ..spec.errors import Problem, SpecError, clip
from ..spec.tokens import read_token
from .answer import Place


def is_layer(word: str) -> bool:
    """Does a word begin a layer rather than name a network?

    >>> is_layer("64:128"), is_layer("Conv2d(3, 8, 3)"), is_layer("64"), is_layer("resnet50"), is_layer("nets/a.txt")
    (True, True, True, False, False)
    """
    signs = any([sign in word for sign in (":", "(", "{", " ", "->")])
    return (signs or _is_token(word)) and not Path(word).is_file()


def _is_token(word: str) -> bool:
    try:
        return bool(word) and bool(read_token(word))
    except Problem:
        return False


def others_of(network: Network, rebuild: Rebuild, sizes: str, siblings: bool) -> Iterator[tuple[Place, Network]]:
    """The network at other input sizes, comma-separated, and other networks of its family.

    >>> from convcost.networks.zoo import zoo_program
    >>> network = build_network(zoo_program("resnet50"))
    >>> [place.network for place, _ in others_of(network, lambda shape: network, "", True)]
    ['resnet50-v1']

    Raises SpecError for what is no size, or one that the network cannot have.
    """
    shape = network.graph.input_shape
    for size in filter(None, sizes.split(",")):
        given = _at(shape, size.strip(), sizes)
        yield Place(network.name, "x".join(map(str, given[2:]))), rebuild(given)
    for sibling in siblings_of(network.name) if siblings else ():
        yield Place(sibling), build_network(zoo_program(sibling))


def _at(shape: Shape, size: str, sizes: str) -> Shape:
    axes, parts = len(shape) - 2, size.lstrip("@").split("x")
    numbers = tuple([int(part) for part in parts if part.isdigit() and len(part) <= 18])
    if len(numbers) != len(parts) or len(numbers) not in (1, axes) or 0 in numbers:
        at = sizes.find(size)
        raise SpecError(f"{clip(size)!r} is no size", "such as --sizes 224,256 or 320x192", sizes, at, at + len(size))
    return (*shape[:2], *(numbers * axes if len(numbers) == 1 else numbers))
