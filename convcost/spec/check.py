"""Raw values -> LayerSpec: defaults, one value an axis, padding resolved, and whether such a layer can exist."""

from __future__ import annotations

from functools import lru_cache
from math import gcd

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
    size = full["input_size"]
    if type(size) is tuple and len(size) == axes + 2:
        full["input_size"], full["batch"] = _of_a_tensor(full, values, size), size[0]
    for name in _SIZES:
        value = full[name]
        if type(value) is int:
            full[name] = (value,) * axes
    full["padding"] = _resolve_padding(full, axes)
    spec = LayerSpec._make(full.values())
    check_spec(spec)
    return spec


def _of_a_tensor(full: Values, values: Values, size: Ints) -> Ints:
    """The spatial part of a size that has batch and channels in front; Problem where they contradict the layer."""
    batch, channels, *spatial = size
    alone = "x".join(map(str, spatial))
    if channels != full["in_channels"]:
        message = f"input_size has {channels} channels behind its batch, in_channels is {full['in_channels']}"
        swapped = size[-1] == full["in_channels"]
        right = f"@{batch}x{size[-1]}x{'x'.join(map(str, size[1:-1]))}" if swapped else f"@{alone}"
        raise Problem(message, f"write {right}, or the size alone", "input_size", "channels")
    if values.get("batch", batch) != batch:
        message = f"batch is {values['batch']}, and input_size starts with {batch}"
        raise Problem(message, f"write the size alone: @{alone}", "batch", "input_size")
    return tuple(spatial)


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
        _check_transposed(spec)
    elif not isinstance(spec.padding, str):
        for n, (before, after), k, d in zip(spec.input_size, spec.padding, spec.kernel_size, spec.dilation):
            if n + before + after <= d * (k - 1):
                raise _kernel_does_not_fit(spec)
    if spec.padding_mode != "zeros":
        _check_padding_mode(spec)


def _check_groups(spec: LayerSpec) -> None:
    ends = {"in_channels": spec.in_channels, "out_channels": spec.out_channels}
    given = [("mid_channels", middle) for middle in spec.middles] or ends.items()
    for name, channels in given:
        if channels % spec.groups:
            of = spec.middles or (spec.in_channels, spec.out_channels)
            plain = all([type(number) is int for number in of])  # a size may be a formula
            hint = f"try {divisors(gcd(*of))}" if plain else ""
            raise Problem(f"groups={spec.groups} does not divide {name}={channels}", hint, "groups")


def joined(sizes: Ints) -> str:
    """`(1, 7)` as `1x7`, and `(3, 3)` as `3`.

    >>> joined((1, 7)), joined((3, 3))
    ('1x7', '3')
    """
    texts = [str(size) for size in sizes]
    return texts[0] if len(set(texts)) == 1 else "x".join(texts)


def _kernel_does_not_fit(spec: LayerSpec) -> Problem:
    assert not isinstance(spec.padding, str)  # same-upper always fits
    padded = tuple([n + before + after for n, (before, after) in zip(spec.input_size, spec.padding)])
    fits = tuple([(n - 1) // d + 1 for n, d in zip(padded, spec.dilation)])
    spans = tuple([d * (k - 1) + 1 for k, d in zip(spec.kernel_size, spec.dilation)])
    dilated = "" if max(spec.dilation) == 1 else f" with dilation={joined(spec.dilation)} spans {joined(spans)}: it"
    message = f"kernel_size={joined(spec.kernel_size)}{dilated} is larger than the padded input {joined(padded)}"
    return Problem(message, f"at most {joined(fits)} fits, or pad more", "kernel_size", "input_size")


def _check_transposed(spec: LayerSpec) -> None:
    """The rules of output padding, and of what a transposed convolution can be; Problem where one is broken."""
    if not spec.transposed:
        hint = 'leave it out, or make the layer transposed with t (JSON: "transposed": true)'
        raise Problem("output_padding belongs to a transposed convolution", hint, "output_padding")
    if spec.padding_mode != "zeros":
        message = f"padding_mode={spec.padding_mode} does not exist for a transposed convolution"
        raise Problem(message, "leave it out: the border is zeros", "padding_mode")
    for extra, stride, dilation in zip(spec.output_padding, spec.stride, spec.dilation):
        if extra >= max(stride, dilation):
            message = f"output_padding={joined(spec.output_padding)} must be smaller than stride or dilation"
            raise Problem(message, f"at most {max(stride, dilation) - 1} on that axis", "output_padding")
    if any([size < 1 for size in _transposed_size(spec)]):
        message = f"padding leaves no output: its size would be {'x'.join(map(str, _transposed_size(spec)))}"
        raise Problem(message, "use less padding, or a larger input", "padding", "input_size")


def _transposed_size(spec: LayerSpec) -> Ints:
    assert not isinstance(spec.padding, str)  # refused before
    axes = zip(spec.input_size, spec.stride, spec.padding, spec.dilation, spec.kernel_size, spec.output_padding)
    return tuple([(n - 1) * s - sum(pair) + d * (k - 1) + extra + 1 for n, s, pair, d, k, extra in axes])


def _check_padding_mode(spec: LayerSpec) -> None:
    """Reflect copies from inside the border, circular from the other side: there must be that much input."""
    short = {"reflect": 1, "circular": 0}.get(spec.padding_mode)
    if short is None:
        return
    for n, wide in zip(spec.input_size, _wider_sides(spec)):
        if wide > n - short:
            message = f"padding_mode={spec.padding_mode} cannot pad an input of {n} by {wide}"
            hint = f"pad at most {n - short} there, or leave padding_mode at zeros"
            raise Problem(message, hint, "padding_mode", "padding", "input_size")


def _wider_sides(spec: LayerSpec) -> Ints:
    """How much is padded on that side of each axis where it is more."""
    if not isinstance(spec.padding, str):
        return tuple(map(max, spec.padding))
    return tuple([
        max(0, -(-n // s) * s - s + d * (k - 1) + 2 - n) // 2
        for n, s, d, k in zip(spec.input_size, spec.stride, spec.dilation, spec.kernel_size)
    ])  # fmt: skip


def divisors(number: int) -> str:
    """The first few divisors of a number, for a hint.

    >>> divisors(64), divisors(134)
    ('1, 2, 4, 8, …', '1, 2, 67, 134')
    """
    small = [d for d in range(1, 1000) if number % d == 0]
    few = small[:4] if len(small) > 1 else [1, number][:number]
    return ", ".join(map(str, few)) + (", …" if few[-1] != number else "")
