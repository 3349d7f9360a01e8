"""Which rows to show, and in which order: a condition, words to sort by, how many, and rows that no other beats."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from ..analysis import WORDS
from ..answers.comparison import RELATIVE, Comparison, Row
from ..answers.network import SHARES, NetworkAnswer
from ..spec.errors import SpecError, unknown_name
from ..variants.registry import BUILDING_BLOCK
from .where import Condition, read_word

T = TypeVar("T")

Reads = Callable[[T], Mapping[str, Any]]


class Order(NamedTuple):
    """One word, the least first, or the most."""

    word: str
    descending: bool


class Selection(NamedTuple):
    """What rows are asked for; empty, it leaves them as they are."""

    where: Condition | None = None
    sort: tuple[Order, ...] = ()
    top: int | None = None
    front: tuple[Order, ...] = ()

    def of(self, rows: Iterable[T], read: Reads[T], total: Mapping[str, Any] | None = None) -> list[T]:
        """The rows that are asked for, in that order; `read` gives the words of one.

        >>> rows = [{"macs": 9, "params": 4}, {"macs": 3, "params": 4}, {"macs": 5, "params": 1}]
        >>> Selection(sort=(Order("macs", True),), top=2).of(rows, dict)
        [{'macs': 9, 'params': 4}, {'macs': 5, 'params': 1}]
        >>> Selection(front=(Order("macs", False), Order("params", False))).of(rows, dict)
        [{'macs': 3, 'params': 4}, {'macs': 5, 'params': 1}]
        """
        found = [row for row in rows if self.where is None or self.where(read(row), total)]
        if self.front:
            found = unbeaten(found, self.front, read)
        for order in reversed(self.sort):
            found = _sorted(found, order, read)
        return found if self.top is None else found[: self.top]


def read_selection(
    where: str, sort: str, top: int | None, front: str, known: Collection[str], numbers: Collection[str]
) -> Selection:
    """The selection that options ask for; `known` are the words of rows, `numbers` those that can be compared.

    >>> read_selection("", "macs", 3, "", ["macs", "name"], ["macs"]).sort
    (Order(word='macs', descending=False),)

    A word behind `max:` is sorted from the most down. Raises SpecError, pointing at the word.
    """
    return Selection(
        Condition(where, known) if where.strip() else None, read_orders(sort, known), top, read_orders(front, numbers)
    )


def read_orders(text: str, known: Collection[str]) -> tuple[Order, ...]:
    """Words to sort by, the least first, or the most behind `max:`.

    >>> read_orders("max:params,macs", ["params", "macs"])
    (Order(word='params', descending=True), Order(word='macs', descending=False))

    Raises SpecError, pointing at the word.
    """
    orders, at = [], 0
    for part in text.split(",") if text.strip() else ():
        way, _, word = part.strip().rpartition(":")
        if way not in ("", "min", "max"):
            raise SpecError(f"{way!r} is no way to sort", "write max:macs or min:macs", text, at, at + len(way))
        if word not in known:
            raise unknown_name("word", word, list(known), "", text, at + part.find(word))
        orders.append(Order(word, way == "max"))
        at += len(part) + 1
    return tuple(orders)


def _sorted(rows: list[T], order: Order, read: Reads[T]) -> list[T]:
    """By one word, equal ones as they were; rows that lack it at the end, whichever way is up."""
    valued = [(read_word(read(row), order.word), row) for row in rows]
    there = [pair for pair in valued if pair[0] is not None]
    there.sort(key=lambda pair: pair[0], reverse=order.descending)
    return [row for _, row in there] + [row for value, row in valued if value is None]


#: The words of a network that are numbers.
NETWORK_NUMBERS = tuple([word for word in WORDS if word not in ("output_shape", "receptive_field", "mixes")])

#: The words of a variant's row that are numbers, and everything that it may be asked for.
ROW_NUMBERS = (*NETWORK_NUMBERS, *[f"relative.{word}" for word in RELATIVE])
ROW_SETTINGS = ("groups", "mid_channels", "bottleneck_ratio", "expansion_ratio", "depth_multiplier", "shortcut")
ROW_WORDS = ("variant", "role", *ROW_NUMBERS, *ROW_SETTINGS)


def words_of_row(row: Row) -> dict[str, Any]:
    """What a variant's row may be asked for by name."""
    return {"variant": row.variant, "role": row.role, **row.settings, **(row.words or {}), "relative": row.relative}


def select_rows(comparison: Comparison, selection: Selection, *, named: bool = False) -> Comparison:
    """The comparison with the rows that are asked for; shares are of the baseline's words.

    A front has no building blocks, which do less than the layer, unless variants were `named`: it would be the
    depthwise alone. Rows that do not apply leave as soon as anything is asked.
    """
    rows = [row for row in comparison.rows if row.words is not None]
    if selection.front and not named:
        rows = [row for row in rows if row.role != BUILDING_BLOCK]
    base = next((row.words for row in rows if row.variant == comparison.baseline), None)
    found = tuple(selection.of(rows, words_of_row, base))
    if not selection.front:
        return comparison._replace(rows=found)
    all_there = selection._replace(front=(), sort=(), top=None).of(rows, words_of_row, base)
    beaten = tuple([row for row in all_there if row not in found])
    return comparison._replace(rows=found, front=tuple([order.word for order in selection.front]), beaten=beaten)


#: The words of a network's layers that are numbers, and everything that it and they may be asked for.
NETWORK_WORDS = ("name", *NETWORK_NUMBERS)
LAYER_NUMBERS = ("index", "groups", *NETWORK_NUMBERS, *[f"share.{word}" for word in SHARES])
LAYER_WORDS = ("name", "op", *LAYER_NUMBERS)


def select_layers(answer: NetworkAnswer, selection: Selection) -> list[int]:
    """The numbers, from 0, of the layers of a network that are asked for; shares are of the whole.

    >>> from ..answers.network import answer_network
    >>> from ..networks.build import build_network
    >>> from ..networks.program import read_program
    >>> found = answer_network(build_network(read_program("input 3 @32\\nstandard 8 k3\\nstandard 8 k3")))
    >>> select_layers(found, Selection(sort=(Order("macs", True),), top=1))
    [1]
    """
    rows = [
        {"name": layer.name, "op": layer.kind, "index": index, **layer.fields, **layer.words, "share": layer.share}
        for index, layer in enumerate(answer.layers)
    ]
    return [row["index"] for row in selection.of(rows, dict, answer.total)]


def select_networks(answers: Sequence[NetworkAnswer], selection: Selection) -> list[NetworkAnswer]:
    """The networks that are asked for."""
    return selection.of(answers, lambda answer: {"name": answer.network.name, **answer.total})


def unbeaten(rows: Sequence[T], words: Sequence[Order], read: Reads[T]) -> list[T]:
    """Rows of which no other is at least as good in every word and better in one; rows that lack a word are none.

    >>> unbeaten([{"a": 1, "b": 2}, {"a": 1, "b": 3}], [Order("a", False), Order("b", False)], dict)
    [{'a': 1, 'b': 2}]
    """
    keys = [[read_word(read(row), order.word) for order in words] for row in rows]
    ways = [order.descending for order in words]
    complete = [
        (row, [-k if most else k for most, k in zip(ways, key)]) for row, key in zip(rows, keys) if None not in key
    ]
    return [row for row, key in complete if not any([_beats(other, key) for _, other in complete])]


def _beats(this: Sequence[Any], other: Sequence[Any]) -> bool:
    return this != other and all([a <= b for a, b in zip(this, other)])
