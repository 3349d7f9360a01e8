"""What an execution found, and its comparison with what was expected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ..graph.ops import Shape

#: The words that an execution settles, in the order in which they are reported.
WORDS = (
    "output_shape", "params", "macs", "effective_macs", "elementwise", "weight_bytes", "activation_bytes", "peak_bytes",
    "traffic_bytes",
)  # fmt: skip


class MeasuredOp(NamedTuple):
    """One operation as executed; `output_shape` is (batch, channels, *spatial), `peak_bytes` alive while it runs."""

    name: str
    output_shape: Shape
    params: int
    macs: int
    effective_macs: int
    elementwise: int = 0
    weight_bytes: int = 0
    activation_bytes: int = 0
    traffic_bytes: int = 0
    peak_bytes: int = 0


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
    """One word: what was expected, what the execution gave, and whether they are the same; None: not executed."""

    expected: object
    measured: object
    ok: bool | None


def check(
    expected: Mapping[str, object], measured: Measured, ops: Sequence[Mapping[str, object]] = ()
) -> dict[str, Check]:
    """Compare what was expected with what was measured, word by word; KeyError if a word is missing.

    >>> found = Measured((1, 1, 2), 3, 6, 6, 24, ())
    >>> check({**found._asdict(), "macs": 7}, found)["macs"]
    Check(expected=7, measured=6, ok=False)

    `ops`: the words of each operation, in order. Where a word is right for the whole and wrong for some of them,
    the check fails and shows these, by name.
    """
    found = {}
    for word in WORDS:
        want, got = expected[word], getattr(measured, word)
        pairs = [(op.name, each[word], getattr(op, word)) for op, each in zip(measured.ops, ops, strict=bool(ops))]
        found[word] = compare(want, got, pairs)
    return found


def compare(expected: object, measured: object, ops: Sequence[tuple[str, object, object]] = ()) -> Check:
    """One word of the whole, and of each operation: its name, what was expected of it, what it gave.

    >>> compare(6, 6, [("reduce", 2, 4), ("expand", 4, 2)])
    Check(expected={'reduce': 2, 'expand': 4}, measured={'reduce': 4, 'expand': 2}, ok=False)
    """
    if expected != measured:
        return Check(expected, measured, False)
    wrong = [(name, want, got) for name, want, got in ops if want != got]
    if wrong:
        return Check({name: want for name, want, _ in wrong}, {name: got for name, _, got in wrong}, False)
    return Check(expected, measured, True)
