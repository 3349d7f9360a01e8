"""What variants there are, and how one is built: table, JSON, tests and completion all read from here."""

import os
from collections.abc import Callable, Iterable
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from ..graph.ops import Graph, Ints, Shape
from ..graph.shapes import ShapeError, check_shapes
from ..spec.layer import LayerSpec
from ..spec.records import NamedTuple

if TYPE_CHECKING:
    from .factors import Factors

REPLACEMENT, RESIDUAL_BLOCK, BUILDING_BLOCK = "replacement", "residual-block", "building-block"

#: The order in which the table keeps the roles apart.
ROLES = (REPLACEMENT, RESIDUAL_BLOCK, BUILDING_BLOCK)

#: The files of variants, in the order of the table; others beside them follow by name. And files that have none.
FAMILIES = ("plain", "separable", "blocks")
NO_FAMILIES = {"__init__", "registry", "start", "reduced", "factors"}

#: The row of a described layer that is not a plain standard one.
AS_GIVEN = "as-given"

#: Stands for all variants where rows are named.
ALL = "all"

Settings = dict[str, object]
Build = Callable[[LayerSpec], tuple[Graph, Settings]]


class DoesNotApply(Exception):  # noqa: N818  not an error: a row that says why it is empty
    """This variant of this layer does not exist; the message says why."""


#: `compare` shows a variant, unless others are asked for, of a layer with so many axes.
EVERY = (1, 2, 3)


class Variant(NamedTuple):
    """One way to build a layer: `build` makes its graph and names the settings that shaped it.

    `shown`: of a layer with how many axes `compare` shows it without being asked; `also`: its other names. `factors`:
    how its kernels make one dense kernel, as `read_factors` has it; empty where no formula says it.
    """

    name: str
    role: str
    summary: str
    transposed: bool
    build: Build
    shown: Ints = EVERY
    also: tuple[str, ...] = ()
    factors: str = ""


_REGISTRY: dict[str, Variant] = {}


def variant(
    name: str, role: str, summary: str, *, transposed: bool = False, shown: Ints = EVERY, also: tuple[str, ...] = (),
    factors: str = "",
) -> Callable[[Build], Build]:  # fmt: skip
    """Register the decorated function under `name`; `transposed` ones exist for transposed layers too."""

    def register(build: Build) -> Build:
        _REGISTRY[name] = Variant(name, role, summary, transposed, build, shown, also, factors)
        return build

    return register


@cache
def _everything() -> dict[str, Variant]:
    beside = sorted([name[:-3] for name in os.listdir(os.path.dirname(__file__)) if name.endswith(".py")])
    for family in dict.fromkeys((*FAMILIES, *[name for name in beside if name not in NO_FAMILIES])):
        import_module(f"{__package__}.{family}")  # importing a family registers its variants
    return {v.name: v for role in ROLES for v in _REGISTRY.values() if v.role == role}


@cache
def all_variants() -> dict[str, Variant]:
    """Every variant by name, role by role in the order of `ROLES`; `as-given` is a row, not a variant.

    >>> list(all_variants())[:2]
    ['standard', 'spatially-separable']
    """
    return {name: v for name, v in _everything().items() if name != AS_GIVEN}


def shown_variants(axes: int) -> list[str]:
    """The variants that `compare` shows of a layer with so many axes, unless others are asked for.

    >>> "tcn" in shown_variants(1), "tcn" in shown_variants(2)
    (True, False)
    """
    return [v.name for v in all_variants().values() if axes in v.shown]


@cache
def other_names() -> dict[str, str]:
    """Other names that variants have.

    >>> other_names()["two-plus-one"]
    '2plus1d'
    """
    return {also: v.name for v in _everything().values() for also in v.also}


def row_names() -> list[str]:
    """Every name that may be asked for as a row: as-given, the variants, their other names."""
    return [AS_GIVEN, *all_variants(), *other_names()]


def own_names(names: Iterable[str]) -> list[str]:
    """Each row once, by its own name; `all` is every variant.

    >>> own_names(["two-plus-one", "standard", "2plus1d"])
    ['2plus1d', 'standard']
    """
    each = [(all_variants() if name == ALL else [other_names().get(name, name)]) for name in names]
    return list(dict.fromkeys([name for several in each for name in several]))


class Built(NamedTuple):
    """A variant of one layer: its graph, the settings that shaped it, the shape of every value."""

    graph: Graph
    settings: Settings
    shapes: list[Shape]


def build_variant(name: str, spec: LayerSpec) -> Built:
    """One variant of `spec`; DoesNotApply says why there is none.

    >>> build_variant("grouped", LayerSpec(64, 128, (3, 3), (56, 56))).settings
    {'groups': 32}
    """
    entry = _everything()[other_names().get(name, name)]
    if spec.transposed and not entry.transposed:
        raise DoesNotApply("not defined for a transposed convolution")
    graph, settings = entry.build(spec)
    try:
        return Built(graph, settings, check_shapes(graph))
    except ShapeError as error:
        raise DoesNotApply(str(error)) from None


def formula_of(name: str, spec: LayerSpec, settings: Settings) -> "Factors | None":
    """How the kernels of variant `name` of `spec`, built with these settings, make one; None where no formula says it.

    >>> formula_of("low-rank", LayerSpec(8, 8, (3,), (9,)), {}).parts
    ('mix', 'om')
    """
    entry = _everything()[other_names().get(name, name)]
    if not entry.factors or spec.transposed:
        return None
    from .factors import SPATIAL, read_factors

    found = read_factors(entry.factors, spec.axes)
    axes = len([letter for letter in found.made if letter in SPATIAL])
    # Groups of the middle, and a stride in front of it, make another kernel than the formula does.
    other = ("groups" in settings and "g" not in found.made) or "v1" in settings
    return None if axes != spec.axes or other else found
