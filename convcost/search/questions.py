"""What is asked of the layers of a grid: which words of one variant, built of sizes that are numbers or traced."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from ..analysis import analyze, words
from ..graph.shapes import ShapeError
from ..spec.check import check_spec
from ..spec.errors import Problem, SpecError
from ..spec.layer import LayerSpec
from ..variants.registry import DoesNotApply, build_variant
from .columns import Columns
from .grid import SETTINGS, Grid
from .where import MISSING, SHAPING

#: The words of a row that are one number.
NUMBERS = (
    "params", "macs", "effective_macs", "flops", "elementwise", "conv_activations", "weight_bytes", "activation_bytes",
    "peak_bytes", "traffic_bytes", "arithmetic_intensity",
)  # fmt: skip

#: What is tried of each setting to see whether a variant has it.
TRIED: dict[str, Any] = {
    "mid_channels": 16, "bottleneck_ratio": 2, "expansion_ratio": 3, "depth_multiplier": 2, "groups": 4,
}  # fmt: skip


class Question(NamedTuple):
    """One variant of the layers of one grid, and which of its words are wanted."""

    grid: Grid
    variant: str
    words: tuple[str, ...] = NUMBERS
    inplace: bool = True


def own_grid(grid: Grid, variant: str) -> Grid:
    """The grid without the axes of settings that the variant does not have: its rows would repeat one another."""
    axes = {*grid.fields} & {field for field, _ in SETTINGS.values()}
    return grid.without(axes - {"batch", *settings_of(variant, grid.example())})


def settings_of(variant: str, spec: LayerSpec) -> tuple[str, ...]:
    """The settings that shape a variant: those that change its graph.

    >>> from ..spec import parse_spec
    >>> settings_of("bottleneck", parse_spec("64:128 @56 k3")), settings_of("standard", parse_spec("64:128 @56 k3"))
    (('mid_channels', 'bottleneck_ratio', 'groups'), ())
    """
    plain = spec._replace(
        in_channels=64, out_channels=128, groups=1, depth_multiplier=1, expansion_ratio=None, bottleneck_ratio=4,
        mid_channels=None,
    )  # fmt: skip
    usual = _graph(variant, plain)
    tried = {field: _graph(variant, plain._replace(**{field: value})) for field, value in TRIED.items()}
    return tuple([field for field, graph in tried.items() if graph != usual])


def _graph(variant: str, spec: LayerSpec) -> object:
    try:
        return build_variant(variant, spec).graph
    except (DoesNotApply, ShapeError):
        return None


def columns_of(question: Question) -> Columns:
    """The words of one variant of the layers of a grid."""
    base, grid = question.grid.example(), question.grid

    def build(sizes: Sequence[Any]) -> list[Any] | None:
        spec = sized(base, dict(zip(grid.fields, sizes)))
        try:
            check_spec(spec)
            built = build_variant(question.variant, spec)
        except (DoesNotApply, Problem, SpecError):
            return None
        found = {**dict.fromkeys(SHAPING, MISSING), **built.settings}
        found |= words(analyze(built.graph, question.inplace, built.shapes))
        return [_one(found[word]) for word in question.words]

    return Columns(grid.axes, question.words, build)


def sized(base: LayerSpec, values: dict[str, Any]) -> LayerSpec:
    """A layer with other sizes, numbers or traced ones; out channels that are not among them follow the in channels."""
    spatial = tuple([number for field, number in values.items() if field.startswith("size")])
    whole = spatial if len(spatial) > 1 else spatial * base.axes
    fields = {field: number for field, number in values.items() if not field.startswith("size")}
    fields.setdefault("out_channels", fields["in_channels"])
    return base._replace(input_size=whole, **fields)


def _one(value: Any) -> Any:
    """Two middle channels are no one number."""
    return MISSING if isinstance(value, tuple) else value
