"""Layers that are drawn: every kind of them, as often as is meant, and no larger."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from random import Random

import pytest
from tables import each

from convcost.checks.random_specs import _draw, _padding
from convcost.spec.layer import ACTIVATIONS, DTYPES, PADDING_MODES, LayerSpec


def drawn() -> list[LayerSpec]:
    """Three thousand, those that cannot exist among them."""
    random = Random(1)
    return [_draw(random) for _ in range(3000)]


def spans(spec: LayerSpec) -> list[int]:
    return [(k - 1) * d for k, d in zip(spec.kernel_size, spec.dilation)]


@pytest.mark.parametrize(
    ("axes", "taps", "room", "dilations"),
    [(1, 7, 14, {1, 2, 3}), (2, 5, 8, {1, 2, 3}), (3, 3, 4, {1, 2})],
)
def test_layers_are_as_large_as_they_may_be_and_no_larger(axes: int, taps: int, room: int, dilations: set[int]) -> None:
    """Kernels and inputs are smaller where there are more axes; an input has room for one window at least."""
    specs = [spec for spec in drawn() if spec.axes == axes]
    assert {k for spec in specs for k in spec.kernel_size} == {*range(1, taps + 1)}
    assert {s for spec in specs for s in spec.stride} == {1, 2, 3}
    assert {d for spec in specs for d in spec.dilation} == dilations
    more = {n - span for spec in specs for n, span in zip(spec.input_size, spans(spec))}
    assert more == {*range(1, room + 2)}


#: What is drawn, and the share of each kind.
SHARES: list[tuple[Callable[[LayerSpec], object], dict[object, float]]] = [
    (lambda spec: spec.axes, {1: 0.2, 2: 0.6, 3: 0.2}),
    (lambda spec: spec.groups, {1: 1 / 2, 2: 1 / 6, 3: 1 / 6, 4: 1 / 6}),
    (lambda spec: spec.in_channels // spec.groups, {1: 1 / 2, 2: 1 / 4, 3: 1 / 4}),
    (lambda spec: spec.out_channels // spec.groups, {1: 0.35, 2: 0.25, 3: 0.25, 4: 0.15}),
    (lambda spec: spec.batch, {1: 0.5, 2: 0.5}),
    (lambda spec: spec.depth_multiplier, {1: 0.5, 2: 0.5}),
    (lambda spec: spec.bottleneck_ratio, {1: 0.5, 2: 0.5}),
    (lambda spec: spec.expansion_ratio, {1: 1 / 3, 2: 1 / 3, 3: 1 / 3}),
    (lambda spec: spec.transposed, {True: 0.2, False: 0.8}),
    (lambda spec: spec.bias, {True: 0.5, False: 0.5}),
    (lambda spec: spec.residual, {True: 0.5, False: 0.5}),
    (lambda spec: spec.norm, {True: 0.3, False: 0.7}),
    (lambda spec: spec.v1, {True: 0.3, False: 0.7}),
    (lambda spec: spec.activation is None, {True: 0.7, False: 0.3}),
]


def test_each_kind_is_drawn_as_often_as_is_meant() -> None:
    """Within three in a hundred; of as many outputs as inputs, four in ten."""
    specs = drawn()
    for of, shares in SHARES:
        counts = Counter(map(of, specs))
        assert {kind: number / len(specs) for kind, number in counts.items()} == pytest.approx(shares, abs=0.03)


def test_every_word_of_a_layer_is_drawn() -> None:
    """Of plain and transposed ones what each may have."""
    specs = drawn()
    plain, transposed = ([spec for spec in specs if spec.transposed is kind] for kind in (False, True))
    assert {spec.dtype for spec in specs} == {*DTYPES}
    assert {spec.activation for spec in specs} == {None, *ACTIVATIONS}
    assert {spec.padding_mode for spec in plain} == {"zeros", *PADDING_MODES}
    assert {spec.padding_mode for spec in transposed} == {"zeros"}
    assert {n for spec in plain for n in spec.output_padding} == {0}
    assert {n for spec in transposed for n in spec.output_padding} == {0, 1}
    assert 0.2 < sum([spec.padding == "same-upper" for spec in plain]) / len(plain) < 0.3
    assert "same-upper" not in {spec.padding for spec in transposed}
    zeros = Counter([spec.padding_mode for spec in plain])["zeros"] / len(plain)
    assert zeros == pytest.approx(3 / (2 + len(PADDING_MODES)), abs=0.03)


class Scripted(Random):
    """Of several kinds the one wanted, of numbers the largest."""

    def __init__(self, kind: int) -> None:
        super().__init__()
        self.kind = kind
        self.kinds = 0

    def randrange(self, start: int, *_: object) -> int:  # type: ignore[override]  # as it is called here
        self.kinds = start
        return self.kind

    def randint(self, a: int, b: int) -> int:
        assert a == 0
        return b


@each(
    ("kind", "padding"),
    [(0, ((0, 0), (0, 0), (0, 0))), (1, ((1, 1), (1, 2), (0, 0))), (2, ((3, 3), (4, 4), (1, 1))), (3, "same-upper")],
)
def test_padding_is_none_or_the_usual_or_up_to_one_beyond_the_kernel(kind: int, padding: object) -> None:
    """Of kernels that span 2, 3 and 0 positions beyond the first; a transposed layer has no word for it."""
    for transposed in (False, True):
        random = Scripted(kind)
        assert _padding(random, [2, 3, 0], transposed) == padding
        assert random.kinds == 4 - transposed
