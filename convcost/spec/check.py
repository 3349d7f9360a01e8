"""Raw values -> LayerSpec: defaults, one value an axis, padding resolved, and whether such a layer can exist."""

from __future__ import annotations

from functools import lru_cache

from .errors import Missing, Problem
from .fields import DIGITS, FIELDS, LIMIT, MAX_AXES, SIZES, Values
from .layer import Ints, LayerSpec, Pads

_SIZES = tuple([name for name, field in FIELDS.items() if field.kind == SIZES])
_REQUIRED = ("in_channels", "kernel_size", "input_size")


def _defaults(axes: int) -> Values:
    """Every field in LayerSpec's order; None where there is no default or the default depends on other fields."""
    sizes = {"stride": (1,) * axes, "dilation": (1,) * axes, "output_padding": (0,) * axes, "padding": None}
    return dict.fromkeys(LayerSpec._fields) | LayerSpec._field_defaults | sizes


_DEFAULTS = {axes: _defaults(axes) for axes in range(1, MAX_AXES + 1)}


def build_spec(values: Values, axes: int) -> LayerSpec:
    """The layer that `values` describe, over `axes` axes (0: nobody said, which makes two).

    >>> build_spec({"channels": (64, 128), "input_size": 56, "kernel_size": 3}, 0).padding
    ((1, 1), (1, 1))

    Raises Problem, or Missing, naming the field.
    """
    axes = axes or 2
    full = {**_DEFAULTS[axes], **values}
    full.pop("axes", None)
    if "channels" in full:
        full["in_channels"], full["out_channels"] = full.pop("channels")
    for name in _REQUIRED:
        if full[name] is None:
            raise Missing(name)
    if full["out_channels"] is None:
        full["out_channels"] = full["in_channels"]
    for name in _SIZES:
        value = full[name]
        if type(value) is int:
            full[name] = (value,) * axes
    full["padding"] = _resolve_padding(full, axes)
    spec = LayerSpec._make(full.values())
    check_spec(spec)
    return spec


def _resolve_padding(full: Values, axes: int) -> Pads | str:
    padding: Pads | Ints | str | None = full["padding"]
    if padding is None:
        padding = "valid" if full["transposed"] else "same"
    elif full["transposed"] and padding in ("same", "same-upper"):
        message = f"padding={padding} does not exist for a transposed convolution"
        raise Problem(message, "give numbers (p1), or leave it out, which pads 0", "padding", "transposed")
    if padding == "same":
        return same_padding(full["kernel_size"], full["dilation"])
    if padding == "same-upper":
        return padding
    if padding == "valid":
        padding = (0, 0)
    return (padding,) * axes if type(padding[0]) is int else padding  # type: ignore[return-value]  # see Values


@lru_cache(maxsize=1024)
def same_padding(kernel_size: Ints, dilation: Ints) -> Pads:
    """`d(k-1)//2` before and the rest of `d(k-1)` after: the output is ceil(input / stride).

    >>> same_padding((3, 4), (1, 1))
    ((1, 1), (1, 2))
    """
    spans = [d * (k - 1) for k, d in zip(kernel_size, dilation)]
    if max(spans) >= LIMIT:
        message = f"padding=same would have more than {DIGITS} digits"
        raise Problem(message, "use a smaller kernel or dilation", "kernel_size", "dilation")
    return tuple([(span // 2, span - span // 2) for span in spans])


def check_spec(spec: LayerSpec) -> None:
    """Raise Problem where the layer described cannot exist."""
    if spec.groups != 1:
        _check_groups(spec)
    if spec.transposed or any(spec.output_padding):
        from .impossible import check_transposed

        check_transposed(spec)
    elif not isinstance(spec.padding, str):
        for n, (before, after), k, d in zip(spec.input_size, spec.padding, spec.kernel_size, spec.dilation):
            if n + before + after <= d * (k - 1):
                from .impossible import kernel_does_not_fit

                raise kernel_does_not_fit(spec)
    if spec.padding_mode != "zeros":
        from .impossible import check_padding_mode

        check_padding_mode(spec)


def _check_groups(spec: LayerSpec) -> None:
    ends = {"in_channels": spec.in_channels, "out_channels": spec.out_channels}
    given = [("mid_channels", middle) for middle in spec.middles] or ends.items()
    for name, channels in given:
        if channels % spec.groups:
            from .impossible import groups_do_not_divide

            raise groups_do_not_divide(spec, name, channels)
