"""All rows of a search, in columns of some thousand at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from .columns import blocks
from .questions import NUMBERS, Question, columns_of
from .reduce import WORDS, Search
from .where import MISSING, SHAPING, Condition

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Rows that are written at once, of which each is a text for a while.
AT_ONCE = 1 << 16

#: The columns of a file of rows.
COLUMNS = ("variant", "spec", "in_channels", "out_channels", "input_size", *SHAPING, *NUMBERS)

#: Rows of one column each, by name.
Batch = dict[str, Any]


def batches(search: Search, tell: Callable[[int], object] = lambda _: None) -> Iterator[Batch]:
    """All chosen rows, in their order, in columns of some thousand numbers each.

    >>> from .grid import read_grid
    >>> asked = Question(read_grid(["16..64/16", "@7,14", "k3"])[0], "standard")
    >>> search = Search((asked,), "macs<=1M")
    >>> next(batches(search))["macs"].tolist()
    [112896, 451584, 451584]

    A setting that a row does not have is -1. Raises TooLarge.
    """
    condition = Condition(search.where, WORDS) if search.where else None
    done = 0
    for question in search.questions:
        columns = columns_of(question._replace(words=(*NUMBERS, *SHAPING)))
        for block in blocks(question.grid, AT_ONCE):
            found, chosen = columns.answer(block)
            varying = columns.varying(block, question.grid.fields)
            if condition is not None:
                chosen = chosen & condition({"variant": question.variant, **found, **varying})
            done += chosen.size
            if chosen.any():
                yield _batch(question, found, varying, np.broadcast_to(chosen, found[NUMBERS[0]].shape))
            tell(done)


def _batch(
    question: Question,
    found: Mapping[str, NDArray[Any]],
    varying: Mapping[str, NDArray[Any]],
    chosen: NDArray[np.bool_],
) -> Batch:
    at = np.nonzero(chosen)
    given = {field: np.broadcast_to(column, chosen.shape)[at] for field, column in varying.items()}
    sizes = [column for field, column in given.items() if field.startswith("size")]
    shaping = {word: found[word][at] for word in SHAPING}
    for word in SHAPING:
        if word in given:
            shaping[word] = given[word]
    return {
        "variant": question.variant,
        "structure": question.grid.text,
        "given": given,
        "in_channels": given["in_channels"],
        "out_channels": given.get("out_channels", given["in_channels"]),
        "sizes": sizes * question.grid.example().axes if len(sizes) == 1 else sizes,
        **shaping,
        **{word: found[word][at] for word in NUMBERS},
    }


def is_missing(column: NDArray[Any]) -> NDArray[np.bool_]:
    """Which rows do not have a setting."""
    return np.asarray(column == MISSING)
