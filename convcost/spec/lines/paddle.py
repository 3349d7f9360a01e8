"""Paddle: PyTorch's order and Keras's names, channels first, biases on."""

from __future__ import annotations

from ..errors import Problem
from .module import NOTHING, Draft, Module, cropping, pairs

_COMMON = ("in_channels", "out_channels", "kernel_size", "stride", "padding")
_PLAIN = (*_COMMON, "dilation", "groups", "padding_mode", "weight_attr", "bias_attr", "data_format")
_TRANSPOSED = (*_COMMON, "output_padding")  # what follows differs between versions and axes
_FIELDS = {
    **{name: name for name in (*_PLAIN, "output_padding")},
    "weight_attr": NOTHING, "bias_attr": "bias", "data_format": "layout", "name": NOTHING,
}  # fmt: skip
_WANTED = "SAME, VALID, a number, one an axis, or one a side"


def _padding(draft: Draft) -> None:
    value, axes = draft.values["padding"], draft.axes
    if isinstance(value, str):
        _by_name(draft, value.lower())
        return
    if type(value) is list and len(value) == axes + 2 and all(type(item) is list for item in value):
        value = value[2:] if draft.values.get("channels_first", True) else value[1:-1]  # batch and channels have none
    elif type(value) is list and len(value) == 2 * axes and axes > 1:
        value = [value[2 * axis : 2 * axis + 2] for axis in range(axes)]
    elif type(value) is list and len(value) == 2 and axes == 1:
        value = [value]
    draft.values["padding"] = pairs(draft, value, _WANTED)


def _by_name(draft: Draft, word: str) -> None:
    if word not in ("same", "valid"):
        raise Problem("such a padding is not known", f"write {_WANTED}", "padding")
    if draft.values["transposed"]:
        if word == "same":
            cropping(draft, same=True)
        else:
            draft.values["padding"] = "valid"
        return
    if word == "same" and max(draft.each("dilation")) > 1:
        hint = "leave the dilation out, or write the padding in numbers"
        raise Problem("Paddle takes padding=SAME for dilation=1 whatever is written", hint, "padding", "dilation")
    draft.values["padding"] = {"same": "same-upper"}.get(word, word)


def _meaning(draft: Draft) -> None:
    if "bias" not in draft.places and any(
        a.name == "data_format" and a.pieces[0].kind == 2 for a in draft.call.arguments
    ):
        draft.notes.append("Paddle prints nothing of a bias: one is counted; bias_attr=False leaves it out")
    _padding(draft)


def _module(axes: int, transposed: bool) -> Module:
    order = _TRANSPOSED if transposed else _PLAIN
    fields = {name: ours for name, ours in _FIELDS.items() if transposed or name != "output_padding"}
    settings = {"padding": 0, "bias": True, "transposed": transposed}
    return Module("Paddle", order, fields, _meaning, axes, settings)


MODULES = {
    **{f"Conv{n}D": _module(n, False) for n in (1, 2, 3)},
    **{f"Conv{n}DTranspose": _module(n, True) for n in (1, 2, 3)},
}
