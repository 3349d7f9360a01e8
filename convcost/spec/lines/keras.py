"""Keras: channels last, padding by name, biases on, in channels from the input."""

from __future__ import annotations

from ..errors import Problem
from ..layer import LAST
from .calls import Call
from .module import NOTHING, Draft, Module, causal, cropping

_START = ("kernel_size", "strides", "padding")
_ORDERS = {
    "Conv": ("filters", *_START, "data_format", "dilation_rate", "groups", "activation", "use_bias"),
    "Transpose": ("filters", *_START),  # its fifth argument differs between versions
    "Depthwise": (*_START, "depth_multiplier", "data_format", "dilation_rate", "activation", "use_bias"),
    "Separable": (
        "filters", *_START, "data_format", "dilation_rate", "depth_multiplier", "activation", "use_bias",
    ),
}  # fmt: skip

_FIELDS = {
    "filters": "out_channels", "kernel_size": "kernel_size", "strides": "stride", "padding": "padding",
    "dilation_rate": "dilation", "groups": "groups", "use_bias": "bias", "activation": "activation",
    "data_format": "layout", "input_shape": "shape", "batch_input_shape": "batch_shape", "batch_shape": "batch_shape",
    "depth_multiplier": "depth_multiplier", "output_padding": "output_padding", "dtype": "dtype",
    "batch_size": "batch",
    **dict.fromkeys((
        "name", "trainable", "input_dtype", "weights", "autocast",
        *[f"{of}_{what}" for of in ("kernel", "bias", "depthwise", "pointwise")
          for what in ("initializer", "regularizer", "constraint")], "activity_regularizer",
    ), NOTHING),
}  # fmt: skip

#: Arguments of Keras 1, and what they became.
RENAMED = {
    "nb_filter": "filters", "border_mode": "padding", "subsample": "strides", "dim_ordering": "data_format",
    "atrous_rate": "dilation_rate", "filter_length": "kernel_size", "init": "kernel_initializer",
    "W_regularizer": "kernel_regularizer",
}  # fmt: skip


def _plain(draft: Draft) -> None:
    padding = _padding(draft, ("valid", "same", *["causal"] * (draft.axes == 1)))
    draft.values["padding"] = causal(draft) if padding == "causal" else {"same": "same-upper"}.get(padding, padding)


def _padding(draft: Draft, names: tuple[str, ...]) -> str:
    if max(draft.each("stride")) > 1 and max(draft.each("dilation")) > 1:
        hint = "write the layer in tokens, such as s2 d2, if it is meant"
        raise Problem("Keras refuses strides together with a dilation_rate", hint, "dilation", "stride")
    padding = draft.values["padding"]
    if not isinstance(padding, str) or padding.lower() not in names:
        raise Problem(f"the padding of Keras is {' or '.join(names)}", "numbers go into a token: p1", "padding")
    return padding.lower()


def _transposed(draft: Draft) -> None:
    extra = draft.values.get("output_padding")
    same = _padding(draft, ("valid", "same")) == "same"
    cropping(draft, same=same)
    if extra is not None:
        half = tuple([((span + 1) // 2,) * 2 if same else (0, 0) for span in _spans(draft)])
        draft.values["padding"], draft.values["output_padding"] = half, extra


def _spans(draft: Draft) -> list[int]:
    return [d * (k - 1) for k, d in zip(draft.each("kernel_size"), draft.each("dilation"))]


def _depthwise(draft: Draft) -> None:
    _plain(draft)
    inner = draft.values["in_channels"]
    draft.values.update(out_channels=inner * draft.values.pop("depth_multiplier", 1), groups=inner)


def _separable(draft: Draft) -> None:
    _plain(draft)
    if draft.values["bias"]:
        draft.values["bias"] = LAST
    if draft.values.pop("activation", None):
        draft.notes.append("its one activation, behind the pointwise part, is left out")


def _module(kind: str, axes: int) -> Module:
    meaning = {"Conv": _plain, "Transpose": _transposed, "Depthwise": _depthwise, "Separable": _separable}[kind]
    settings = {"padding": "valid", "bias": True, "transposed": kind == "Transpose"}
    variant = "depthwise-separable" if kind == "Separable" else "as-given"
    left_out = {
        "filters": kind == "Depthwise", "groups": kind != "Conv", "output_padding": kind != "Transpose",
        "depth_multiplier": kind not in ("Depthwise", "Separable"),
    }  # fmt: skip
    fields = {name: ours for name, ours in _FIELDS.items() if not left_out.get(name)}
    return Module("Keras", _ORDERS[kind], fields, meaning, axes, settings, True, variant)


MODULES = {
    **{f"Conv{n}D": _module("Conv", n) for n in (1, 2, 3)},
    **{f"Convolution{n}D": _module("Conv", n) for n in (1, 2, 3)},
    **{f"Conv{n}DTranspose": _module("Transpose", n) for n in (1, 2, 3)},
    **{f"Convolution{n}DTranspose": _module("Transpose", n) for n in (2, 3)},
    **{f"DepthwiseConv{n}D": _module("Depthwise", n) for n in (1, 2)},
    **{f"SeparableConv{n}D": _module("Separable", n) for n in (1, 2)},
    **{f"SeparableConvolution{n}D": _module("Separable", n) for n in (1, 2)},
}


def is_keras_1(call: Call) -> bool:
    """Three numbers in front of what has a name: filters, rows and columns in Keras 1, a stride of that since."""
    numbers = [argument for argument in call.arguments if not argument.name]
    return "Convolution2D" in call.last_name and len(numbers) == 3 and all(a.pieces[0].kind == 1 for a in numbers)
