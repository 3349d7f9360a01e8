"""What an execution found, and its comparison with what was expected."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ..graph.ops import Shape

#: The words that an execution settles, in the order in which they are reported.
WORDS = (
    "output_shape", "params", "macs", "effective_macs", "elementwise", "weight_bytes", "activation_bytes", "peak_bytes",
    "traffic_bytes",
)  # fmt: skip


class MeasuredOp(NamedTuple):
    """One operation as executed; `output_shape` is (batch, channels, *spatial)."""

    name: str
    output_shape: Shape
    params: int
    macs: int
    effective_macs: int
    elementwise: int = 0
    weight_bytes: int = 0
    activation_bytes: int = 0
    traffic_bytes: int = 0


class Measured(NamedTuple):
    """A whole graph as executed; bytes are sizes of the arrays that it touched, in the graph's dtype.

    `peak_bytes` are the activations alive at once; `traffic_bytes` the arrays that each operation read and wrote.
    """

    output_shape: Shape
    params: int
    macs: int
    effective_macs: int
    peak_bytes: int
    ops: tuple[MeasuredOp, ...]
    elementwise: int = 0
    weight_bytes: int = 0
    activation_bytes: int = 0
    traffic_bytes: int = 0


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
