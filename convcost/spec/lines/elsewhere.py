"""Layers in notations that are not read, and layers that are no plain convolution: how to write them here."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

from ..errors import SpecError

PASTE = "a layer is such as Conv2d(3, 64, 3) @224; a whole printed model goes to 'convcost network -'"
_WRITE = "write channels, size, kernel and the rest: 3:64 @224 k7 s2 p3 bias"

#: How much of a line is looked at.
_NEAR = 2000

#: What marks a notation, what it is called, and how to write its layers here.
_NOTATIONS = (
    (r"convolution_param|type:\s*[\"']?(?:Convolution|Deconvolution|CONVOLUTION)\b|^\s*layers?\s*\{",
     "a layer of Caffe (prototxt)", "num_output is the 64 of 3:64, then k, s, p as kernel_size, stride and pad: "
     "3:64 @224 k7 s2 p3 bias"),
    (r"^\s*\[(?:convolutional|deconvolutional|net|yolo|route|shortcut|maxpool)\]", "a section of a darknet .cfg",
     "filters=64 size=3 stride=2 pad=1 is 32:64 @SIZE k3 s2 p1, with --norm where batch_normalize=1"),
    (r"^\s*\d*\s*conv\s+\d+\s+\d+\s*x\s*\d+\s*/\s*\d+", "a line of darknet's log",
     "conv 32 3 x 3 / 2 416 x 416 x 3 is 3:32 @416 k3 s2 p1"),
    (r"\bConv\d?DT?\w*\(\s*\d+\s*->|\bgluon\b|\bmxnet\b|\bmx\.sym\b|Conv\d?D\w*\([^)]*\b(?:channels|in_channels)\s*="
     r"[^)]*\bchannels\s*=", "a layer of Gluon (MXNet)",
     "Conv2D(3 -> 64, kernel_size=(7, 7), stride=(2, 2), padding=(3, 3)) is 3:64 @224 k7 s2 p3 bias"),
    (r"\b(?:F|functional)\.conv(?:_transpose)?\dd\s*\(|\btf\.nn\.\w*conv\w*\s*\(|\blax\.conv\w*\s*\(|\bkeras\.ops\.conv",
     "a function whose sizes are in its arrays", _WRITE),
    (r"%\w+\s*=\s*nn\.|\brelay\.|\bnn\.(?:conv\dd|contrib_)\w*\(", "a call of TVM's Relay",
     "channels=64, kernel_size=[3, 3], padding=[1, 1, 1, 1] is 3:64 @224 k3 p1"),
    (r"\b(?:linalg|stablehlo|mhlo|tosa|tfl|torch\.aten|onnx|ttir)\.\w*[Cc]onv\w*|\"tf\.\w*Conv\w*\"",
     "an operation of MLIR", "the shapes of its operands have the numbers: tensor<1x3x224x224> and "
     "tensor<64x3x7x7> are 3:64 @224 k7"),
    (r"\b(?:aten|prim|prims|quantized)::\w+|\btorch\.ops\.aten\.\w+|\baten\.\w*conv\w*|\baten\.convolution",
     "an operator inside PyTorch, without sizes", "paste the module that calls it, Conv2d(…), or " + _WRITE),
    (r"\btf\.(?:compat\.v1\.)?layers\.\w*conv\w*\s*\(|\bslim\.\w*conv\w*\s*\(|\btflearn\.|\bcontrib\.layers\.",
     "a layer of TensorFlow 1", "write it as Keras does: Conv2D(64, 3, padding='same', input_shape=(224, 224, 3))"),
    (r"\bhk\.Conv\w*\s*\(|\bhaiku\.", "a layer of Haiku", "padding is SAME and there is a bias: "
     "hk.Conv2D(64, 3) is 3:64 @224 k3 psame-upper bias"),
    (r"^\s*%\w+(?:\s*:[^=]+)?\s*=\s*Conv\w*\s*\[|\bkernel_shape\s*=", "a node of ONNX",
     "give the file to 'convcost network model.onnx'; a layer of it is 3:64 @224 k7 s2 p3 bias"),
    (r"onednn_verbose|dnnl_verbose|\bmb\d+_?(?:g\d+)?ic\d+oc\d+", "a line of oneDNN",
     "mb1_ic3oc64_ih224oh112kh7sh2dh0ph3 is 3:64 @224 k7 s2 p3, d one more than its dh"),
    (r"^\s*Model: \"", "the head of a Keras summary, which has no kernel sizes",
     "paste a layer's own line: Conv2D(32, 3, input_shape=(28, 28, 1))"),
    (r"\bConv\d?d?\w*\s+\((?:Conv|Separable|Depthwise)\w*\)|\((?:Conv|Separable|Depthwise)\w*\)\s+│?\s*\(?\[?\(?None",
     "a row of a Keras summary, which has no kernel size",
     "paste the layer's own line: Conv2D(32, 3, input_shape=(28, 28, 1))"),
    (r"[├└]─\s*\w+: \d|^\s*Conv(?:Transpose)?\dd-\d+\s+\[", "a row of a summary, which has no kernel size",
     "paste the line of print(model): Conv2d(3, 64, kernel_size=(7, 7), stride=(2, 2))"),
    (r"^\s*from\s+n\s+params\s+module\s+arguments|\b(?:ultralytics\.nn|models\.(?:common|yolo))\.\S+\s+\[",
     "a row of a YOLO's table", "Conv [3, 16, 3, 2] is in, out, k, s: 3:16 @640 k3 s2 --norm --activation silu"),
    (r"^\s*-?\s*\[-?\d+,\s*\d+,\s*\w+,\s*\[", "a row of a YOLO's .yaml",
     "[-1, 1, Conv, [64, 3, 2]] is out, k, s, the width multiplier aside: 3:64 @640 k3 s2 --norm --activation silu"),
    (r"\bConv\dd<", "a layer of MindSpore", "pad_mode='same' is psame-upper, and there is no bias: "
     "3:64 @224 k3 psame-upper"),
    (r"\bpad_mode\s*=|\bhas_bias\s*=", "a layer of MindSpore", "pad_mode='same', its default, is psame-upper, and "
     "has_bias=False, too: 3:64 @224 k3 psame-upper"),
)  # fmt: skip

#: Layers that do more than a convolution does, and what of them is one.
_LAYERS = {
    "DeformConv2d": "its products are those of {products}; a convolution of its own makes the offsets",
    "ModulatedDeformConv2d": "its products are those of {products}; a convolution makes the offsets and masks",
    "ModulatedDeformConv2dPack": "its products are those of {products}; a convolution makes the offsets and masks",
    "DeformConv2dPack": "its products are those of {products}; a convolution makes the offsets",
    "DCN": "its products are those of 64 @56 k3 bias; a convolution makes the offsets and masks",
    "DCNv2": "its products are those of 64 @56 k3 bias; a convolution makes the offsets and masks",
    "Conv2dNormActivation": "it is a convolution with a norm: 3:64 @224 k3 --norm --activation relu",
    "ConvModule": "it is a convolution with a norm: 3:64 @224 k3 p1 --norm --activation relu",
    "ConvNormActivation": "it is a convolution with a norm: 3:64 @224 k3 --norm --activation relu",
    "ConvBNReLU": "it is a convolution with a norm: 3:64 @224 k3 --norm --activation relu",
    "ConvBNAct": "it is a convolution with a norm: 3:64 @224 k3 --norm --activation relu",
    "ConvLSTM2D": "its gates are a convolution of the input and one of the state, each 16:256 @32 k3 for 64 filters",
    "ConvLSTM2d": "its gates are a convolution of the input and one of the state, each 16:256 @32 k3 for 64 filters",
    "LocallyConnected2D": "each position has weights of its own, which no convolution here has",
    "LocallyConnected1D": "each position has weights of its own, which no convolution here has",
    "ConvLocal": "each position has weights of its own, which no convolution here has",
    "CondConv2d": "its products are those of 64 @56 k3; it holds that many kernels, and a router",
    "PartialConv2d": "its products are those of 64 @56 k3 bias; the mask is another convolution",
    "WSConv2d": "its products are those of 64 @56 k3; write that",
    "ScaledStdConv2d": "its products are those of 64 @56 k3 bias; it has a gain a channel more",
    "ScaledStdConv2dSame": "its products are those of 64 @56 k3 psame-upper bias; it has a gain a channel more",
    "QuantizedConv2d": "write it with its dtype: 3:64 @224 k7 s2 p3 bias int8",
    "ConvReLU2d": "write the convolution in it: 3:64 @224 k7 s2 p3 bias --activation relu",
    "ConvBn2d": "write the convolution in it: 3:64 @224 k7 s2 p3 --norm",
    "ConvBnReLU2d": "write the convolution in it: 3:64 @224 k7 s2 p3 --norm --activation relu",
    "MixedConv2d": "it is several convolutions side by side: one line each",
    "DWConv": "it is a depthwise convolution: 64 @56 k3 g64 --norm --activation silu",
    "Unfold": "it copies; the convolution that it is part of is 3:64 @224 k3",
    "Fold": "it copies; the convolution that it is part of is 3:64 @224 k3",
    "SubmanifoldConv": "a sparse convolution depends on its data; the dense one is 16:32 @41x64x64 k3",
    "SubMConv3d": "a sparse convolution depends on its data; the dense one is 16:32 @41x64x64 k3",
    "SparseConv3d": "a sparse convolution depends on its data; the dense one is 16:32 @41x64x64 k3",
    "SparseConv2d": "a sparse convolution depends on its data; the dense one is 16:32 @64 k3",
    "GCNConv": "a graph convolution has no kernel: it is a matrix product",
    "TimeDistributed": "it applies a layer to each step: write the layer with the steps as its batch, n16",
    "Involution": "it makes its kernels from the input, which no convolution here does",
}

_NAME = re.compile(r"(?<![A-Za-z0-9_])([A-Za-z_][A-Za-z0-9_]*+)\s*+\(")


@cache
def _compiled() -> list[tuple[re.Pattern[str], str, str]]:
    return [(re.compile(pattern), what, how) for pattern, what, how in _NOTATIONS]


def _example(_line: str) -> str:
    return "64 @56 k3 p1 bias"


def recognised(line: str, products: Callable[[str], str] = _example) -> SpecError | None:
    """The error that says what `line` is and how to write it here; None for what is not recognised.

    `products` makes tokens of a line whose layer is a plain convolution of the same arguments.

    >>> recognised("layer { name: 'conv1' type: 'Convolution' }").message
    'this is a layer of Caffe (prototxt), which is not read'
    >>> recognised("DeformConv2d(64, 64, kernel_size=(3, 3), padding=(1, 1)) @64").hint
    'its products are those of 64 @56 k3 p1 bias; a convolution of its own makes the offsets'
    """
    near = line[:_NEAR]
    for pattern, what, how in _compiled():
        found = pattern.search(near)
        if found:
            unread = "" if " which " in what else ", which is not read"
            return SpecError(f"this is {what}{unread}", how, line, *found.span())
    for found in _NAME.finditer(near):
        if found[1] in _LAYERS:
            how = _LAYERS[found[1]]
            if "{" in how:
                how = how.format(products=products(f"{line[: found.start(1)]}Conv2d{line[found.end(1) :]}"))
            return SpecError(f"{found[1]} is no plain convolution", how, line, *found.span(1))
    return None
