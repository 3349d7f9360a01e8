"""What a framework's layer is, and a line of it on its way to our fields: what all readers of frameworks share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, NoReturn

from ..errors import Problem, Span, SpecError
from ..fields import LIMIT, Values, check_axes
from ..layer import Ints, Pads
from .calls import Call

#: Where an argument goes that says nothing about costs: it is passed over, and not even evaluated.
NOTHING = ""


NO_SETTINGS: Values = {}


class Module(NamedTuple):
    """A layer of a framework: the order of its arguments, their names in ours, and what its words mean.

    `fields` leads from the framework's names to LayerSpec's, to `shape` and `layout` (of the input), or to NOTHING.
    `settings` hold where the line says nothing. `meaning` turns what was read into what LayerSpec means by it.
    `axes` 0: as many as the kernel has.
    """

    framework: str
    order: tuple[str, ...]
    fields: dict[str, str]
    meaning: Callable[[Draft], None]
    axes: int = 0
    settings: Values = NO_SETTINGS
    channels_last: bool = False
    variant: str = "as-given"


class Draft:
    """What has been read of a line: `values` by our names, as evaluated, and `places` of those that the line says."""

    def __init__(self, line: str, call: Call, module: Module) -> None:
        self.line, self.call, self.module = line, call, module
        self.values: dict[str, Any] = {**module.settings}
        self.places: dict[str, Span] = {}
        self.notes: list[str] = []
        self.axes = module.axes

    def fail(self, message: str, hint: str, span: Span) -> NoReturn:
        """Raise the SpecError for that place of the line."""
        raise SpecError(message, hint, self.line, *span)

    def named(self, field: str) -> str:
        """What the framework calls `field`."""
        return next((name for name, ours in self.module.fields.items() if ours == field), field)

    def each(self, field: str, default: int = 1) -> Ints:
        """One number an axis."""
        value: Ints | int | None = self.values.get(field)
        return value if isinstance(value, tuple) else (default if value is None else value,) * self.axes


def reach_of(draft: Draft) -> Ints:
    """How far each kernel reaches behind its first position: d(k-1)."""
    return tuple([d * (k - 1) for k, d in zip(draft.each("kernel_size"), draft.each("dilation"))])


def causal(draft: Draft) -> Pads:
    """All padding in front: an output sees nothing that comes after it."""
    if draft.axes != 1:
        raise Problem("causal padding is for one axis", "use Conv1D, or another padding", "padding")
    return tuple([(span, 0) for span in reach_of(draft)])


def cropping(draft: Draft, *, same: bool) -> None:
    """Padding and output padding of a transposed convolution as TensorFlow and JAX mean `same` and `valid`.

    `same` makes output = input x stride: what is too much is cut off, the odd one behind; what is too little, with a
    stride beyond the kernel, is put behind. `valid` cuts nothing off.
    (tf.nn.conv2d_transpose; jax.lax.conv_transpose and its _conv_transpose_padding)
    """
    excess = [span + 1 - stride for span, stride in zip(reach_of(draft), draft.each("stride"))]
    draft.values["output_padding"] = tuple([max(-extra, 0) for extra in excess])
    cut = [max(extra, 0) if same else 0 for extra in excess]
    draft.values["padding"] = tuple([(extra // 2, extra - extra // 2) for extra in cut])


def pairs(draft: Draft, value: object, wanted: str) -> Pads:
    """Padding in numbers: one for every axis, one an axis, or a (before, after) pair an axis."""
    items = value if type(value) is list else [value] * draft.axes
    if len(items) != draft.axes:
        check_axes("padding", len(items))
        raise Problem(f"padding has {len(items)} axes, the rest has {draft.axes}", f"write {wanted}", "padding")
    return tuple([_pair(item, wanted) for item in items])


def _pair(item: object, wanted: str) -> tuple[int, int]:
    both: Any = item if type(item) is list else [item, item]
    if len(both) == 2 and all(type(number) is int and 0 <= number < LIMIT for number in both):
        return both[0], both[1]
    raise Problem("such a padding is not known", f"write {wanted}", "padding")
