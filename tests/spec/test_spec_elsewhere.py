"""Notations that are not read, and layers that are more than a convolution: recognised, with how to write them."""

from __future__ import annotations

import re

from spec.spec_cases import error_of
from tables import each

from convcost.spec import parse_spec

RECOGNISED = [
    ('layer { name: "conv1" type: "Convolution" convolution_param { num_output: 64 kernel_size: 7 } }', "Caffe"),
    ("convolution_param {", "Caffe"),
    ("[convolutional]", "darknet"),
    ("    0 conv     32  3 x 3 / 1   416 x 416 x   3   ->   416 x 416 x  32  0.299 BFLOPs", "darknet"),
    ("Conv2D(3 -> 64, kernel_size=(7, 7), stride=(2, 2), padding=(3, 3), bias=False)", "Gluon"),
    ("gluon.nn.Conv2D(channels=20, kernel_size=5, activation='relu')", "Gluon"),
    ("%2 = nn.conv2d(%data, %weight, padding=[1, 1, 1, 1], channels=64, kernel_size=[3, 3]);", "Relay"),
    ("relay.nn.conv2d(data, weight, kernel_size=(3, 3), channels=64)", "Relay"),
    ("%0 = linalg.conv_2d_nhwc_hwcf {strides = dense<1> : tensor<2xi64>} ins(%a, %b : tensor<1x14x14x16xf32>)", "MLIR"),
    ("%3 = stablehlo.convolution(%0, %1) dim_numbers = [b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f]", "MLIR"),
    ("%5 : Tensor = aten::_convolution(%x, %w, %b, %s, %p, %d, %f, %o, %g)", "inside PyTorch"),
    ("aten::convolution", "inside PyTorch"),
    ("torch.ops.aten.convolution.default(x, w, None, [1, 1])", "inside PyTorch"),
    ("F.conv2d(x, weight, stride=2)", "in its arrays"),
    ("tf.nn.conv2d(x, filters, strides=2, padding='SAME')", "in its arrays"),
    ("lax.conv_general_dilated(x, w, (1, 1), 'SAME')", "in its arrays"),
    ("tf.layers.conv2d(inputs=x, filters=32, kernel_size=[5, 5])", "TensorFlow 1"),
    ("slim.conv2d(net, 64, [3, 3])", "TensorFlow 1"),
    ("hk.Conv2D(64, 3)", "Haiku"),
    ("%y = Conv[dilations = [1, 1], group = 1, kernel_shape = [3, 3]](%x, %w)", "ONNX"),
    ("onednn_verbose,exec,cpu,convolution,jit:avx2,mb1_ic3oc64_ih224oh112kh7sh2dh0ph3", "oneDNN"),
    ('Model: "sequential"', "Keras summary"),
    (" conv2d (Conv2D)              (None, 26, 26, 32)        320", "Keras summary"),
    ("│ conv2d (Conv2D)      │ (None, 26, 26, 32)     │       320 │", "Keras summary"),
    ("  0  -1  1  464  ultralytics.nn.modules.conv.Conv             [3, 16, 3, 2]", "YOLO's table"),
    ("  0  -1  1  3520  models.common.Conv                      [3, 32, 6, 2, 2]", "YOLO's table"),
    ("  - [-1, 1, Conv, [64, 3, 2]] # 0-P1/2", "YOLO's .yaml"),
    ("├─Conv2d: 1-1                            [1, 64, 112, 112]         9,408", "summary"),
    ("            Conv2d-1         [-1, 64, 112, 112]           9,408", "summary"),
    ("Conv2d<input_channels=3, output_channels=64, kernel_size=(3, 3)>", "MindSpore"),
    ("nn.Conv2d(3, 64, 3, pad_mode='same', has_bias=True)", "MindSpore"),
    ("(conv): DeformConv2d(64, 32, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1)) @64", "no plain convolution"),
    ("ConvModule(3, 64, 3, norm_cfg=dict(type='BN'))", "no plain convolution"),
    ("ConvLSTM2D(64, (3, 3), padding='same')", "no plain convolution"),
    ("LocallyConnected2D(32, (3, 3), input_shape=(32, 32, 3))", "no plain convolution"),
    ("QuantizedConv2d(3, 64, kernel_size=(3, 3), scale=0.1, zero_point=0)", "no plain convolution"),
]


@each(("line", "what"), RECOGNISED, ids=lambda text: text[:30])
def test_what_is_not_read_is_recognised_with_how_to_write_it(line: str, what: str) -> None:
    """The error names it, and the hint is not the one for a misspelled token."""
    error = error_of(line)
    assert what in error.message
    assert error.hint
    assert "did you mean" not in error.hint
    assert "--help" not in error.hint
    assert len(error.message) < 150
    assert len(error.hint) < 200


@each("line", [line for line, _ in RECOGNISED], ids=lambda text: text[:30])
def test_the_layers_in_the_hints_can_be_typed(line: str) -> None:
    """Whatever a hint writes in tokens is a layer, options behind it aside."""
    for tokens in re.findall(r"\b\d+:?\d* @\d\S* k[^,;()]*", error_of(line).hint):
        parse_spec(re.sub(r"(--\w+( relu| silu)?|\bfor .*|\bwhere .*|\bwith .*)", "", tokens))


def test_a_deformable_layer_is_answered_with_its_own_numbers() -> None:
    """Its products are those of the convolution of the same arguments."""
    hint = error_of("DeformConv2d(64, 32, kernel_size=(3, 3), stride=(2, 2), padding=(1, 1), bias=False) @64x48").hint
    assert "64:32 @64x48 k3 s2" in hint
