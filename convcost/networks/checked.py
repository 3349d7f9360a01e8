"""Answers about networks, held against their execution where that is asked for; NumPy is loaded only then."""

from collections.abc import Callable

from ..graph.ops import Shape
from .answers import NetworkAnswer, answer_network
from .build import Choices, Network, build_network
from .lines import Program


def answer_program(
    program: Program, choices: Choices, inplace: bool = True, verify: bool = True, limit: int | None = None
) -> NetworkAnswer:
    """The answer for the network that a file or the zoo describes, executed unless `verify` is false.

    >>> from .program import read_program
    >>> program = read_program("input 3 @32\\nstandard 8 k3\\nglobal-average-pool\\nlinear 10")
    >>> answer_program(program, Choices()).verified.status
    'verified'

    Layers of more than `limit` multiply-adds, by default 4,000,000,000, are not executed.
    """
    answer = answer_network(build_network(program, choices), inplace)
    if not verify:
        return answer
    return checked(answer, lambda shape: build_network(program, choices._replace(reduced=shape)), inplace, limit)


def checked(
    answer: NetworkAnswer, rebuild: Callable[[Shape], Network], inplace: bool, limit: int | None
) -> NetworkAnswer:
    """The answer with what its execution showed; `rebuild` makes the same network for another input."""
    from ..verification import DEFAULT_LIMIT
    from .verified import verify_network

    found = verify_network(answer, rebuild, inplace, DEFAULT_LIMIT if limit is None else limit)
    return answer._replace(verified=found)
