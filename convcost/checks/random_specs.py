"""Generated layers of every kind that a spec can describe, small enough to execute each in all variants."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from ..spec.check import check_spec
from ..spec.errors import Problem, SpecError
from ..spec.layer import ACTIVATIONS, DTYPES, PADDING_MODES, Ints, LayerSpec, Pads
from ..variants.registry import AS_GIVEN, DoesNotApply, build_variant

#: Most taps, and positions beyond what the kernel needs, an axis: fewer where there are more axes.
TAPS = {1: 7, 2: 5, 3: 3}
ROOM = {1: 14, 2: 8, 3: 4}


def random_specs(count: int, seed: int) -> Iterator[LayerSpec]:
    """`count` valid layers, the same ones for the same `seed`.

    >>> specs = list(random_specs(3, 7))
    >>> len(specs), specs == list(random_specs(3, 7))
    (3, True)
    """
    random = Random(seed)
    while count:
        spec = _draw(random)
        if _exists(spec):
            count -= 1
            yield spec


def _exists(spec: LayerSpec) -> bool:
    try:
        check_spec(spec)
        build_variant(AS_GIVEN, spec)
    except (Problem, SpecError, DoesNotApply):
        return False
    return True


def _draw(random: Random) -> LayerSpec:
    """Any layer; what cannot exist is left to be noticed."""
    axes, transposed = random.choice((1, 2, 2, 2, 3)), random.random() < 0.2
    kernel = _ints(random, axes, 1, TAPS[axes])
    stride, dilation = _ints(random, axes, 1, 3), _ints(random, axes, 1, 3 if axes < 3 else 2)
    spans = [(k - 1) * d for k, d in zip(kernel, dilation)]
    padding = _padding(random, spans, transposed)
    sizes = tuple([span + 1 + random.randint(0, ROOM[axes]) for span in spans])
    groups = random.choice((1, 1, 1, 2, 3, 4))
    inner = groups * random.choice((1, 1, 2, 3))
    outer = inner if random.random() < 0.4 else groups * random.randint(1, 4)
    return LayerSpec(
        inner, outer, kernel, sizes, stride, padding, dilation, groups, random.random() < 0.5,
        "zeros" if transposed else random.choice(("zeros", "zeros", *PADDING_MODES)), transposed,
        _ints(random, axes, 0, 1) if transposed else (0,) * axes,
        batch=random.randint(1, 2),
        dtype=random.choice(sorted(DTYPES)),
        depth_multiplier=random.randint(1, 2),
        expansion_ratio=random.randint(1, 3),
        bottleneck_ratio=random.randint(1, 2),
        v1=random.random() < 0.3,
        norm=random.random() < 0.3,
        activation=random.choice(ACTIVATIONS) if random.random() < 0.3 else None,
        residual=random.random() < 0.5,
    )  # fmt: skip


def _ints(random: Random, axes: int, low: int, high: int) -> Ints:
    return tuple([random.randint(low, high) for _ in range(axes)])


def _padding(random: Random, spans: list[int], transposed: bool) -> Pads | str:
    """None, the usual one, one that depends on the size, or anything up to a little beyond the kernel."""
    kind = random.randrange(3 if transposed else 4)
    if kind == 3:
        return "same-upper"
    if kind == 2:
        return tuple([(random.randint(0, span + 1), random.randint(0, span + 1)) for span in spans])
    return tuple([(span // 2, span - span // 2) if kind else (0, 0) for span in spans])
