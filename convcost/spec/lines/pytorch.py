"""PyTorch, as source and as printed; and the layers of timm and others that pad as TensorFlow does."""

from __future__ import annotations

from ..errors import Problem
from ..fields import choose, read_object
from .calls import CALL, evaluate, read_call
from .module import NOTHING, Draft, Module

_COMMON = ("in_channels", "out_channels", "kernel_size", "stride", "padding")
_PLAIN = (*_COMMON, "dilation", "groups", "bias", "padding_mode", "device", "dtype")
_TRANSPOSED = (*_COMMON, "output_padding", "groups", "bias", "dilation", "padding_mode", "device", "dtype")
_FIELDS = {**{name: name for name in _TRANSPOSED}, "device": NOTHING}

#: What PyTorch takes for granted, where the other notations do not.
_SETTINGS = {"padding": 0, "bias": True}


def _as_pytorch_pads(draft: Draft) -> None:
    value = draft.values["padding"]
    word = choose("padding", value) if isinstance(value, str) else ""
    if word == "same" and max(draft.each("stride")) > 1:
        hint = "write numbers, such as padding=1, or padding='SAME' for TensorFlow's"
        raise Problem("PyTorch refuses padding='same' with a stride", hint, "padding")
    draft.values["padding"] = word or read_object("padding", value)[0]
    if not word and type(value) is list and len(value) != draft.axes:
        hint = f"give one number, or {draft.axes} of them"
        raise Problem(f"padding has {len(value)} axes, the rest has {draft.axes}", hint, "padding")


def _as_tensorflow_pads(draft: Draft) -> None:
    """Padding that depends on the input, unless a module inside says in numbers what it came to."""
    draft.values["padding"] = "same-upper"
    inside = CALL.search(draft.line, draft.call.children, draft.call.end - 1)
    if inside and inside[1] == "ZeroPad2d":
        pad = read_call(draft.line, inside).arguments[0]
        sizes = evaluate(draft.line, pad.pieces)
        if type(sizes) is list and len(sizes) == 4:
            left, right, top, bottom = sizes
            draft.values["padding"] = read_object("padding", [[top, bottom], [left, right]])[0]
    elif inside and inside[1] == "Identity":
        draft.values["padding"] = (0, 0)


def _module(axes: int, transposed: bool = False, lazy: bool = False, tensorflow: bool = False) -> Module:
    order = _TRANSPOSED if transposed else _PLAIN
    fields = {name: _FIELDS[name] for name in order}
    settings = {**_SETTINGS, "transposed": transposed}
    meaning = _as_tensorflow_pads if tensorflow else _as_pytorch_pads
    return Module("PyTorch", order[1:] if lazy else order, fields, meaning, axes, settings)


_AXES = (1, 2, 3)

MODULES = {
    **{f"Conv{n}d": _module(n) for n in _AXES},
    **{f"ConvTranspose{n}d": _module(n, True) for n in _AXES},
    **{f"LazyConv{n}d": _module(n, lazy=True) for n in _AXES},
    **{f"LazyConvTranspose{n}d": _module(n, True, lazy=True) for n in _AXES},
    **{name: _module(2, tensorflow=True) for name in (
        "Conv2dSame", "Conv2dStaticSamePadding", "Conv2dDynamicSamePadding", "Conv2dSamePadding", "StdConv2dSame",
    )},
    "StdConv2d": _module(2),
    "SpectralConv2d": _module(2),
}  # fmt: skip
