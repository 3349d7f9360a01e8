"""Layers that cannot exist, and the rarer rules: loaded only for transposed layers, padding modes and mistakes."""

from __future__ import annotations

from math import gcd

from .errors import Problem
from .layer import Ints, LayerSpec, Pads


def joined(sizes: Ints) -> str:
    """`(1, 7)` as `1x7`, and `(3, 3)` as `3`.

    >>> joined((1, 7)), joined((3, 3))
    ('1x7', '3')
    """
    return str(sizes[0]) if len(set(sizes)) == 1 else "x".join(map(str, sizes))


def groups_do_not_divide(spec: LayerSpec, name: str, channels: int) -> Problem:
    from .mistakes import divisors

    common = gcd(*(spec.middles or (spec.in_channels, spec.out_channels)))
    return Problem(f"groups={spec.groups} does not divide {name}={channels}", f"try {divisors(common)}", "groups")


def kernel_does_not_fit(spec: LayerSpec) -> Problem:
    assert not isinstance(spec.padding, str)  # same-upper always fits
    padded = tuple([n + before + after for n, (before, after) in zip(spec.input_size, spec.padding)])
    fits = tuple([(n - 1) // d + 1 for n, d in zip(padded, spec.dilation)])
    spans = tuple([d * (k - 1) + 1 for k, d in zip(spec.kernel_size, spec.dilation)])
    dilated = "" if max(spec.dilation) == 1 else f" with dilation={joined(spec.dilation)} spans {joined(spans)}: it"
    message = f"kernel_size={joined(spec.kernel_size)}{dilated} is larger than the padded input {joined(padded)}"
    return Problem(message, f"at most {joined(fits)} fits, or pad more", "kernel_size", "input_size")


def check_transposed(spec: LayerSpec) -> None:
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
    if min(_transposed_size(spec)) < 1:
        message = f"padding leaves no output: its size would be {'x'.join(map(str, _transposed_size(spec)))}"
        raise Problem(message, "use less padding, or a larger input", "padding", "input_size")


def _transposed_size(spec: LayerSpec) -> Ints:
    assert not isinstance(spec.padding, str)  # refused before
    axes = zip(spec.input_size, spec.stride, spec.padding, spec.dilation, spec.kernel_size, spec.output_padding)
    return tuple([(n - 1) * s - sum(pair) + d * (k - 1) + extra + 1 for n, s, pair, d, k, extra in axes])


def check_padding_mode(spec: LayerSpec) -> None:
    """Reflect copies from inside the border, circular from the other side: there must be that much input."""
    short = {"reflect": 1, "circular": 0}.get(spec.padding_mode)
    if short is None:
        return
    for n, pair in zip(spec.input_size, _actual_padding(spec)):
        if max(pair) > n - short:
            message = f"padding_mode={spec.padding_mode} cannot pad an input of {n} by {max(pair)}"
            hint = f"pad at most {n - short} there, or leave padding_mode at zeros"
            raise Problem(message, hint, "padding_mode", "padding", "input_size")


def _actual_padding(spec: LayerSpec) -> Pads:
    if not isinstance(spec.padding, str):
        return spec.padding
    totals = [
        max(0, -(-n // s) * s - s + d * (k - 1) + 1 - n)
        for n, s, d, k in zip(spec.input_size, spec.stride, spec.dilation, spec.kernel_size)
    ]
    return tuple([(total // 2, total - total // 2) for total in totals])
