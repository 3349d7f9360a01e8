"""Flax, linen and nnx: channels last, padding SAME and biases on; the kernel says how many axes there are."""

from __future__ import annotations

from ..errors import Problem
from .module import NOTHING, Draft, Module, causal, cropping, pairs, reach_of

_REST = ("kernel_size", "strides", "padding", "input_dilation", "kernel_dilation", "feature_group_count", "use_bias")
_FIELDS = {
    "features": "out_channels", "in_features": "in_channels", "out_features": "out_channels",
    "kernel_size": "kernel_size", "strides": "stride", "padding": "padding", "input_dilation": "input_dilation",
    "kernel_dilation": "dilation", "feature_group_count": "groups", "use_bias": "bias", "dtype": "dtype",
    **dict.fromkeys((
        "param_dtype", "precision", "kernel_init", "bias_init", "conv_general_dilated", "promote_dtype", "rngs",
        "name", "parent", "mask", "preferred_element_type", "kernel_metadata", "bias_metadata", "transpose_kernel",
    ), NOTHING),
}  # fmt: skip
_WANTED = "SAME, VALID, CIRCULAR, a number, or a (before, after) pair an axis"


def _plain(draft: Draft) -> None:
    values = draft.values
    dilated = values.pop("input_dilation", None) or 1
    if dilated not in (1, [1] * draft.axes):
        hint = "it is what a transposed convolution does: write the layer in tokens, such as s2 t"
        raise Problem("an input_dilation makes it no plain convolution", hint, "input_dilation")
    padding = values["padding"]
    if not isinstance(padding, str):
        values["padding"] = pairs(draft, padding, _WANTED)
        return
    word = padding.upper()
    if word in ("CIRCULAR", "REFLECT"):
        values["padding_mode"] = word.lower()
        values["padding"] = tuple([(span // 2, span - span // 2) for span in reach_of(draft)])
    elif word == "CAUSAL":
        values["padding"] = causal(draft)
    elif word in ("SAME", "VALID"):
        values["padding"] = {"SAME": "same-upper", "VALID": "valid"}[word]
    else:
        raise Problem("such a padding is not known", f"write {_WANTED}", "padding")


def _transposed(draft: Draft) -> None:
    padding = draft.values["padding"]
    if isinstance(padding, str):
        if padding.upper() not in ("SAME", "VALID"):
            hint = "write SAME, VALID or numbers"
            raise Problem(f"padding={padding} has no tokens where the layer is transposed", hint, "padding")
        cropping(draft, same=padding.upper() == "SAME")
        return
    # Numbers pad the spread input, where PyTorch's crop the output: what one adds the other leaves.
    given = pairs(draft, padding, "SAME, VALID or numbers")
    crop = [(span - before, span - after) for span, (before, after) in zip(reach_of(draft), given)]
    if min(map(min, crop)) < 0:
        raise Problem("a padding beyond the kernel has no tokens", "write SAME, VALID or less", "padding")
    draft.values["padding"] = tuple(crop)


def _module(nnx: bool, transposed: bool) -> Module:
    start = ("in_features", "out_features") if nnx else ("features",)
    rest = tuple([name for name in _REST if not (transposed and name in ("input_dilation", "feature_group_count"))])
    others = {name for name in ("features", "in_features", "out_features") if name not in start}
    fields = {
        name: ours for name, ours in _FIELDS.items() if name not in others and (name in rest or name not in _REST)
    }
    order = (*start, *(rest[:2] if nnx else rest))
    settings = {"padding": "SAME", "bias": True, "transposed": transposed}
    return Module(
        "Flax nnx" if nnx else "Flax", order, fields, _transposed if transposed else _plain, 0, settings, True
    )


LINEN = {"Conv": _module(False, False), "ConvTranspose": _module(False, True)}
NNX = {"Conv": _module(True, False), "ConvTranspose": _module(True, True)}
