"""What an execution found, and its comparison with what was expected."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ..graph.ops import Shape

#: The words that an execution settles, in the order in which they are reported.
WORDS = ("output_shape", "params", "macs", "effective_macs", "peak_bytes")


class MeasuredOp(NamedTuple):
    """One operation as executed; `output_shape` is (batch, channels, *spatial)."""

    name: str
    output_shape: Shape
    params: int
    macs: int
    effective_macs: int


class Measured(NamedTuple):
    """A whole graph as executed; `peak_bytes` counts activations in the bytes of the graph's dtype."""

    output_shape: Shape
    params: int
    macs: int
    effective_macs: int
    peak_bytes: int
    ops: tuple[MeasuredOp, ...]


class Check(NamedTuple):
    """One word: what was expected, what the execution gave, and whether they are the same."""

    expected: object
    measured: object
    ok: bool


def check(expected: Mapping[str, object], measured: Measured) -> dict[str, Check]:
    """Compare what was expected with what was measured, word by word; KeyError if a word is missing.

    >>> found = Measured((1, 1, 2), 3, 6, 6, 24, ())
    >>> check({**found._asdict(), "macs": 7}, found)["macs"]
    Check(expected=7, measured=6, ok=False)
    """
    pairs = {word: (expected[word], getattr(measured, word)) for word in WORDS}
    return {word: Check(want, got, want == got) for word, (want, got) in pairs.items()}
