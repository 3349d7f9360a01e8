"""Every mistake: what is said, where the caret stands («so»), and how to mend it."""

from __future__ import annotations

import pickle
import re

import pytest
from spec.spec_cases import error_of
from tables import each

from convcost.spec import SpecError, parse_spec
from convcost.spec.check import divisors
from convcost.spec.errors import unknown_name
from convcost.spec.fields import axes_disagree

LAYER = '"in_channels": 8, "kernel_size": 3, "input_size": 9'

#: The line with the span between « and », a part of the message, a part of the hint.
TOKENS = [
    ("«»", "empty", "64:128 @56 k3"),
    ("64:128 @56 k3 «g3»", "groups=3 does not divide in_channels=64", "try 1, 2, 4, 8, …"),
    ("64:66 @56 k3 «g4»", "groups=4 does not divide out_channels=66", "try 1, 2"),
    ("67:134 @56 k3 «g2»", "does not divide in_channels=67", "try 1, 67"),
    ("64:128 @56 k3 mid=30 «g4»", "groups=4 does not divide mid_channels=30", "1, 2, 3, 5, …"),
    ("«64-» @56 k3", "64-", "shell takes >"),
    ("64 «-» @56 k3", "unknown token", "shell takes >"),
    ("64 «->» 128 @56 k3", "unknown token", "without spaces"),
    ("64 «128» @56 k3", "channels are given twice", "64:128"),
    ("@56 k3«» ", "in_channels is missing", "64:128"),
    ("64:128 @56«»", "kernel_size is missing", "k3 or k1x7"),
    ("64:128 k3«»", "input_size is missing", "@56x48"),
    ("64:128 @56 «k000000000000000000»", "kernel_size must be at least 1, got 0", "1 or more"),
    ("64:128 @56 «k0»", "kernel_size must be at least 1, got 0", "1 or more"),
    ("64:128 «@56x0» k3", "input_size must be at least 1, got 0", "1 or more"),
    ("«64:0» @56 k3", "out_channels must be at least 1", "1 or more"),
    ("64:128 @56 k3 «ratio=0»", "bottleneck_ratio must be at least 1", "1 or more"),
    ("64:128 @56 k3 «s1234567890123456789»", "stride has 19 digits", "at most 18 digits"),
    ("64:128 @56 k3 «s0000000000000000001»", "stride has 19 digits", "at most 18 digits"),
    ("64:128 @56 k3 «s1.5»", "stride must be a whole number", "s2"),
    ("64:128 @56 k3 «s-1»", "stride must be a whole number", "s2"),
    ("64:128 @56 «k²»", "kernel_size must be a whole number", "did you mean k2?"),
    ("64:128 @56 «k٣»", "kernel_size must be a whole number", "k1x7"),
    ("64:128 «@56x48x» k3", "input_size needs a number", "@56"),
    ("64:128 «@1x2x3x4x5x6» k3", "input_size has 6 axes", "1, 2 or 3"),
    ("64:128 «@1x2x3x4» k3", "input_size has 2 channels behind its batch, in_channels is 64", "write @3x4"),
    ("3:64 «@1x224x224x3» k3", "input_size has 224 channels", "write @1x3x224x224"),
    ("64:128 «@5x63x56» k3 1d", "input_size has 63 channels behind its batch, in_channels is 64", "write @56"),
    ("64:128 @5x64x56 k3 «2d»", "2d has 2 axes, the rest has 3", "give one number, or 3 of them"),
    ("64:128 @5x64x56 «k3x3» 1d", "k3x3 has 2 axes, the rest has 3", "give one number, or 3 of them"),
    ("64:128 1d «@64x56» k3", "@64x56 has 2 axes, the rest has 1", "give one number"),
    ("64:128 @64x56 «1d» k3", "1d has 1 axis, the rest has 2", "give one number, or 2 of them"),
    ("3:64 @8x3x224x224 «n4» k3", "batch is 4, and input_size starts with 8", "@224x224"),
    (
        "3:64 «@224x224x3» k7 s2",
        "may be an image with its 3 channels, or three axes",
        "write @224x224 for the image, or add 3d",
    ),
    ("3:64 k7 «@3x224x200»", "may be an image", "write @224x200 for the image, or add 3d"),
    ("64:128 «@56x56x64» k3", "may be an image", "3d"),
    ("64:128 @56 k3 «w8a»", "unknown token", "notation"),
    ("64:128 @56 k3 «w0a8»", "unknown token", "notation"),
    ("64:128 @56 k3 «w33a8»", "unknown token", "notation"),
    ("64:128 @56 k3 «w4»", "unknown token", "w4a16"),
    ("3:64 224x224 «k3»", "kernel_size is given twice", "write @224x224 for the input size"),
    ("64:128 56x56 «3x3»", "kernel_size is given twice", "keep one of them, or write @56x56 for the input size"),
    ("64:128 3x3 «56x56»", "kernel_size is given twice", "keep one of them, or write @56x56 for the input size"),
    ("64x128 @56 «k3»", "kernel_size is given twice", "keep one of them, or write 64:128 for the channels"),
    ("64x128 «k3»", "given twice", "or write 64:128 for the channels, or write @64x128 for the input size"),
    ("64:128 «56» k3", "channels are given twice", "write @56 for the input size"),
    ("64:128 @56 «3,3»", "in_channels must be a whole number", "did you mean 3x3?"),
    ("64:128 k3 «1x64x56x56»", "kernel_size has 4 axes", "did you mean @1x64x56x56?"),
    ("64:128 @56 k3 «depthwise»", "unknown token", "did you mean g64?"),
    ("64:96 @56 k3 «depthwise»", "unknown token", "g64, and out channels that 64 divides"),
    ("64:64 @56 k3 «dw»", "unknown token", "did you mean g64?"),
    ("@56 k3 «dw»", "unknown token", "as many groups as in channels"),
    ("64:128 @56 bias k3 «bais»", "unknown token", "notation"),
    ("Conv2d(3, 64, 3) «224»", "already says channels", "write @224 for the input size"),
    ("64:128 @56 k3 bias «bias=last»", "bias is given twice", "keep one"),
    ("64:128 @56 k3 «p1-»", "padding needs a number", "p0-1x2-3"),
    ("64:128 @56 k3 «p1-2-3»", "padding must be a whole number", "p0-1x2-3"),
    ("64:128 @56 k3 «k5»", "kernel_size is given twice: k3, then k5", "keep one"),
    ("64:128 @56 k3 «3x3»", "kernel_size is given twice: k3, then 3x3", "keep one"),
    ("64:128 @56 k3 «in=56»", "input_size is given twice: @56, then in=56", "keep one"),
    ("64:128 @56 bias k3 «bias»", "bias is given twice", "keep one"),
    ("64:128 @56 fp16 k3 «fp16»", "dtype is given twice", "keep one"),
    ("64:128 @56 1d k3 «2d»", "number of axes is given twice: 1d, then 2d", "keep one"),
    ("64:128 @56 k3 1d «p1x2»", "p1x2 has 2 axes, the rest has 1", "one number"),
    ("64:128 @56x48 k3 «1d»", "1d has 1 axis, the rest has 2", "2 of them"),
    ("64:128 @56x48 «k3x3x3»", "k3x3x3 has 3 axes, the rest has 2", "2 of them"),
    ("64:128 @5 «k7» pvalid 1d", "kernel_size=7 is larger than the padded input 5", "at most 5"),
    ("64:128 @5 «k7» pvalid", "kernel_size=7 is larger than the padded input 5", "at most 5"),
    ("64:128 @5x9 «k7x3» d2 p1", "spans 13x5: it is larger than the padded input 7x11", "at most 4x6"),
    ("1 @9 «k999999999999999999» d2", "padding=same would have more than 18 digits", "smaller"),
    ("64:128 @56 k3 t «psame»", "padding=same does not exist for a transposed", "p1"),
    ("64:128 @56 k3 t «psame-upper»", "does not exist for a transposed", "p1"),
    ("64:128 @56 k3 «mode=reflect» t", "does not exist for a transposed", "zeros"),
    ("64:128 @56 k3 t s2 «op2»", "output_padding=2 must be smaller than stride or dilation", "at most 1"),
    ("64:128 @56 k3 t s1x3 «op0x3»", "output_padding=0x3 must be", "at most 2"),
    ("64:128 @56 k3 «op1»", "belongs to a transposed", "with t"),
    ("64:128 @2 k3 t «p5»", "its size would be -6x-6", "less padding"),
    ("1 @1 k4 t «p2»", "its size would be 0x0", "less padding"),
    ("64:128 @5 k11 s3 psame-upper «mode=reflect»", "reflect cannot pad an input of 5 by 5", "at most 4"),
    ("64:128 @5 k6 s3 d2 psame-upper «mode=reflect»", "reflect cannot pad an input of 5 by 5", "at most 4"),
    ("1 @9 «k500000000000000001» d2", "padding=same would have more than 18 digits", "smaller"),
    ("64:128 @56 k3 «fp»", "unknown token 'fp'", "did you mean fp8?"),
    ("64:128 @56 k3 «q»", "unknown token 'q'", "convcost help spec"),
    ("64:128 @56 k3 «nint8»", "unknown token 'nint8'", "did you mean int8?"),
    ("64:128 @56 k3 «qias»", "unknown token 'qias'", "convcost help spec"),
    ("64:128 @56 «k3)»", "got '3)'", "one layer a line"),
    ("64:128 @56 k3 «sa1»", "unknown token 'sa1'", "did you mean psame?"),
    ("64:128 @2 k5 «mode=reflect»", "reflect cannot pad an input of 2 by 2", "at most 1"),
    ("64:128 @2 k5 «mode=circular» p3", "circular cannot pad an input of 2 by 3", "at most 2"),
    ("64:128 @3 k7 psame-upper «mode=reflect»", "cannot pad an input of 3 by 3", "at most 2"),
    ("64:128 @56 k3 «mode=wrap»", "padding_mode cannot be 'wrap'", "circular"),
    ("64:128 @56 k3 «mode=relfect»", "padding_mode cannot be", "did you mean reflect?"),
    ("64:128 @56 k3 «bad»", "unknown token 'bad'", "convcost help spec"),
    ("64:128 @56 k3 «foo»", "unknown token 'foo'", "convcost help spec"),
    ("64:128 @56 k3 «xyzzy»", "unknown token 'xyzzy'", "convcost help spec"),
    ("64:128 @56 k3 «日本»", "unknown token '日本'", "convcost help spec"),
    ("64:128 @56 k3 «\ufffdPNG»", "not text", "UTF-8"),
    ("64:128 @56 k3 «\x00»", "not text", "UTF-8"),
    ("64:128 @56 «\x1c»k3", "not text", "UTF-8"),
    ("«\udc89»PNG", "not text", "UTF-8"),
    ("64:128 @56 k3 «[1,2]»", "unknown token", "JSON is one object"),
    ("64:128 @56 «k»(3,3)", "'k(' is no notation", "k1x7"),
    ("64:128 @56 k=«(»3,3)", "parenthesis", "k1x7"),
]

#: An unknown token, and what is suggested in its place.
MEANT = [
    ("K3", "k3"), ("3X3", "3x3"), ("3×3", "3x3"), ("k3*3", "k3x3"), ("k=3", "k3"), ("kernel=3", "k3"),
    ("kernal3", "k3"), ("stride2", "s2"), ("stride=1x2", "s1x2"), ("groups=4", "g4"), ("batch=4", "n4"),
    ("float16", "fp16"), ("torch.float16", "fp16"), ("half", "fp16"), ("bais", "bias"), ("transposed", "t"),
    ("same", "psame"), ("SAME", "psame-upper"), ("64,128", "64:128"), ("float64", "fp64"),
    ("k3,3", "k3x3"), ("pointwise", "k1"), ("same-upper", "psame-upper"), ("expansion6", "e6"),
    ("output_padding=1", "op1"), ("k３", "k3"), ("\u200bk3", "k3"), ("pad1", "p1"), ("int9", "int8 or int4"),
    ("fp12", "fp32 or fp16"), ("fp61", "fp64 or fp16"), ("fp9", "fp8"),
    ("MID=96", "mid=96"), ("mid96", "mid=96"), ("2D", "2d"), ("64→128", "64:128"), ("64-128", "64:128"),
    ("@56X48", "@56x48"), ("padding_mode=reflect", "mode=reflect"), ("unit8", "uint8"), ("int4x", "int4"),
    ("int", "int8 or int4"), ("psam", "psame"), ("dilatoin=2", "d2"), ("group=2", "g2"), ("ratio4", "ratio=4"),
    ("padding=1", "p1"), ("bias=True", "bias"), ("s2,2", "s2x2"), ("dtype=half", "fp16"), ("e=6", "e6"),
]  # fmt: skip

WRITTEN = [
    ("kernel", "kernel_size is written k3"), ("mid", "mid_channels is written mid=96"), ("relu", "--activation relu"),
    ("norm", "--norm"), ("residual", "--residual"), ("nobias", "no bias unless"), ("bias=False", "no bias unless"),
    ("Conv2d", "needs its parentheses"), ("activation=relu", "--activation"), ("leaky", "--activation leaky-relu"),
    ("kernl3", "did you mean k3?"), ("dil2", "convcost help spec"), ("w8", "w8a8, w4a16"),
    ("batchnorm", "--norm"), ("s3x3x", "such as s2 or s1x2"), ("v", "convcost help spec"),
]  # fmt: skip

PRINTED = [
    ("«Linear»(in_features=3, out_features=4, bias=True)", "Linear is not a convolution", "Conv2d"),
    ("(bn1): «BatchNorm2d»(64, eps=1e-05, momentum=0.1)", "BatchNorm2d is not a convolution", "Conv2d"),
    ("(features): «Sequential»(", "Sequential is not a convolution", "Conv2d"),
    ("nn.LazyConv2d(0, 8, kernel_size=(3, 3)) @9«»", "PyTorch's LazyConv2d does not say its in channels", "3: for 3"),
    ("«conv2d»(3, 4, 5)", "'conv2d' is not a layer", "did you mean Conv2d(…)?"),
    ("«Conv2»(3, 4, 5)", "'Conv2' is not a layer", "did you mean Conv2d(…)?"),
    ("Conv2d(64, 128, kernel_size=(3, 3))«»", "input_size is missing", "@56"),
    ("Conv2d(64, 128, 3) «s2»", "the PyTorch line already says stride", "leave s2 out"),
    ("Conv2d(64, 128, kernel_size=(3, 3)) «s2» @9", "the PyTorch line already says stride", "leave s2 out"),
    ("«t» Conv2d(64, 128, kernel_size=(3, 3)) @9", "the PyTorch line already says transposed", "leave t out"),
    ("Conv2d(64, 128, kernel_size=(3, 3)) @9 «64:128»", "the PyTorch line already says channels", "leave 64:128 out"),
    ("Conv2d(64, 128, kernel_size=(3, 3)) @9 «2d»", "the PyTorch line already says axes", "leave 2d out"),
    ("Conv2d(64, 128, kernel_size=(3, 3)) @9 «op1»", "the PyTorch line already says output_padding", "leave op1 out"),
    ("Conv2d(64, 128, kernel_size=(3, 3)) «n0» @9", "batch must be at least 1", "1 or more"),
    ("Conv2d(64, 128, 3, stride=2) «s0» @9", "stride must be at least 1", "1 or more"),
    ("Conv2d(64, 128, 3) @9 «@8»", "input_size is given twice", "keep one"),
    ("Conv2d(64, 128, 3) @9 «foo»", "unknown token", "convcost help spec"),
    ("Conv2d(64, 128, 3) @9 «Conv2d(3)»", "unknown token", "one layer a line"),
    ("Conv1d(64, 128, 3) «@9x9»", "@9x9 has 2 axes, the rest has 1", "one number"),
    ("Conv2d(64, 128, «(3, 3, 3)») @9", "kernel_size has 3 axes, the rest has 2", "2 of them"),
    ("Conv2d(64, 128, «(3, 3, 3, 3)») @9", "kernel_size has 4 axes", "1, 2 or 3"),
    ("Conv2d(64, 128«)» @9", "kernel_size is missing", "kernel_size=…"),
    ("Conv2d(3, 8, 3)«(1, 4, 9, 9)»", "in_channels is 3 elsewhere in the line, and 4 here", "keep one"),
    ("Conv2d(3, 8, 3) (1, 3, 0, 9)«»", "input_size is missing", "(batch, channels, height, width)"),
    ("Conv3d(3, 8, 3)«»", "input_size is missing", "(batch, channels, depth, height, width)"),
    ("Conv1d(3, 8, 3)«»", "input_size is missing", "(batch, channels, length)"),
    ("3: layers.Conv2D(8, 3) «(1, 3, 9, 7)»", "the channels of Keras come last", "(batch, height, width, channels)"),
    ("Conv1d(3, 8, 3) «(1, 2, 3, 4)»", "a shape of 4 sizes does not fit 1 axis", "the 3 of (batch, channels, length)"),
    ("Conv3d(3, 8, 3) «(1, 2)»", "a shape of 2 sizes does not fit 3 axes", "write the 5 of (batch, channels, depth"),
    ("64:128 k3 «(1, 2, 3, 4)»", "the shape does not start with batch and in channels", "@56x48"),
    ("64:128 k3 «(2, 64, 3, 4, 5, 6)»", "the shape does not start with batch and in channels", "@56x48"),
    ("Conv2d(out_channels=8, kernel_size=3«)» @9", "in_channels is missing", "in_channels=…"),
    ("Conv2D(8, 3, «zzz»=1) 3: @9", "unknown argument zzz", "the arguments are filters, kernel_size, strides"),
    ("Conv2d(3, 8, 3, «subsample»=2) @9", "unknown argument subsample", "the arguments are in_channels, out_channels"),
    ("Conv2d(64, kernel_size=3«)» @9", "out_channels is missing", "out_channels=…"),
    ("Conv2d(64, 128, «0») @9", "kernel_size must be at least 1, got 0", "1 or more"),
    ("Conv2d(64, 128, «-3») @9", "kernel_size must be at least 1, got -3", "1 or more"),
    ("Conv2d(64, 128, «9999999999999999999») @9", "more than 18 digits", "at most 18"),
    ("Conv2d(64, 128, «3.5») @9", "kernel_size cannot be 3.5", "an integer"),
    ("Conv2d(64, 128, 3, stride=«-1.5») @9", "stride cannot be -1.5", "an integer"),
    ("Conv2d(«00000000000000000064», 8, 3) @9", "more than 18 digits", "at most 18"),
    ("Conv2d(3, 8, «2**999999999999999999») @9", "more than 18 digits", "at most 18"),
    ("Conv2d(3, 8, «2**60») @9", "more than 18 digits", "at most 18"),
    ("Conv2d(3, 8, 2**60 «//» 2**59) @9", "a number of more than 18 digits", "number that is meant"),
    ("Conv2d(3, 8, 2 «**» -1) @9", "a negative power is no whole number", "number that is meant"),
    ("Conv2d(3, 8, 10 «%» 0) @9", "a division by 0", "number that is meant"),
    ("Conv2d(3, 8, «2*-1») @9", "kernel_size must be at least 1, got -2", "1 or more"),
    ("Conv2d(3, 8, " + "(" * 12 + "«(»3" + ")" * 13 + ") @9", "nested too deeply", "one an axis"),
    ("layers.Conv2D(8, 3) 3: @9 «q2»", "unknown token 'q2'", "convcost help spec"),
    ("layers.Conv2D(8, 3) @9 3: «4:»", "the in channels are given twice", "keep one of them"),
    ("Conv1d(3, 8, 3) «@2x3x4x9»", "@2x3x4x9 has 2 axes, the rest has 1", "one number"),
    ("Conv2d(64, 128, «None») @9", "kernel_size cannot be null", "integer"),
    ("Conv2d(64, 128, 3, padding=«half») @9", "padding cannot be 'half'", "same"),
    ("Conv2d(64, 128, 3, bias=«1») @9", "bias cannot be 1", "true or false"),
    ("Conv2d(64, 128, 3, groups=«3») @9", "groups=3 does not divide", "try 1, 2, 4"),
    ("Conv2d(64, 128, kernel_size=«(3, 3)»)  @2", "larger than the padded input 2", "at most 2"),
    ("Conv2d(64, 128, 3, «strid»=2) @9", "unknown argument strid", "did you mean stride?"),
    ("Conv2d(64, 128, «planes») @9", "kernel_size is planes here, a name", "write its value instead: kernel_size=…"),
    ("Conv2d(64, planes «*» 4, 3) @9", "planes is a name here", "its number instead"),
    ("Conv2d(64, 128 «/» 2, 3) @9", "gives no whole number", "//"),
    ("Conv2d(64, 128 «//» 0, 3) @9", "division by 0", "number"),
    ("Conv2d(64, «int»(128 * 1.5), 3) @9", "'int(' is not evaluated", "what it gives"),
    ("Conv2d(64, 128, 3, stride=2, padding=«'same'») @9", "PyTorch refuses padding='same' with a stride", "'SAME'"),
    ("«TimeDistributed»(Conv2D(3, 3)) @9", "TimeDistributed is no plain convolution", "n16"),
    ("«repeat»(Conv2d(3, 8, 3)) @9", "repeat is around the layer", "write the layer alone: Conv2d(3, 8, 3)"),
    ("Conv2d(3, 8, 3) «(1, 32, 32, 3)»", "the channels of PyTorch come first", "(batch, channels, height, width)"),
    ("Conv2d(3, 8, 3) «(1, 4, 32, 32)»", "in_channels is 3 elsewhere in the line, and 4 here", "keep one"),
    ("Conv2d(3, 8, 3) «(1, 4, 32, 32, 9, 9)»", "a shape of 6 sizes does not fit 2 axes", "(batch, channels"),
    ("Conv2d(3, 8, 3) (1, 3, 9, 9) «(1, 3, 8, 8)»", "the shape is given twice", "keep one"),
    ("3: «4:» layers.Conv2D(8, 3) @9", "the in channels are given twice", "keep one of them"),
    ("3: layers.Conv2D(8, 3) @9 «q2»", "unknown token 'q2'", "convcost help spec"),
    ("«3:» Conv2d(4, 8, 3) @9", "in_channels is 4 elsewhere in the line, and 3 here", "keep one of them"),
    ("Conv2d(64, 128, 3, «output_padding»=1) @9", "unknown argument output_padding", "padding"),
    ("Conv2d(64, 128, 3, «kernel_size»=3) @9", "kernel_size is given twice", "keep one"),
    ("Conv2d(1, 1, 1, 1, 0, 1, 1, True, 'zeros', None, None, «None») @9", "more than 11 arguments", "leave out"),
    ("Conv2d(64, 128, 3, stride=2, «4») @9", "without a name after", "write its name"),
    ("Conv2d(64, 128, 3, stride«=») @9", "stride has no value", "behind the ="),
    ("Conv2d(64, 128, 3,«,») @9", "missing before this comma", "comma"),
    ("Conv2d(64, 128, 3 «@»9) n4", "unexpected '@'", "commas"),
    ("Conv2d(64, 128, «(3, (3, 3))») @9", "kernel_size cannot be such a list", "an axis"),
    ("Conv2d(64, 128, (3 «3» 3)) @9", "unexpected '3'", "(1, 7)"),
    ("Conv2d(64, 128, (3, 3«]») @9", "unexpected ']'", "(1, 7)"),
    ("Conv2d(64, 128, 3 @9«»", "the parenthesis is not closed", "add )"),
    ("ConvTranspose2d(4, 4, 3, padding=«same») @9", "padding=same does not exist", "p1"),
    ("ConvTranspose2d(4, 4, 3, padding_mode=«'reflect'») @9", "does not exist for a transposed", "zeros"),
    ("ConvTranspose2d(4, 4, 3, output_padding=«1») @9", "must be smaller than stride", "at most 0"),
]

JSON = [
    ("{«}»", "in_channels is missing", '"in_channels": 64'),
    ('{"in_channels": 8, "kernel_size": 3«}»', "input_size is missing", '"input_size": [56, 48]'),
    ('{"in_channels": 8, "kernel_size": «3.0», "input_size": 9}', "kernel_size cannot be 3.0", "write 3"),
    ('{"in_channels": «true», "kernel_size": 3, "input_size": 9}', "in_channels cannot be true", "an integer"),
    ('{"in_channels": «null»}', "in_channels cannot be null", "an integer"),
    ('{"in_channels": «"8"»}', "in_channels cannot be '8'", "an integer"),
    ('{"in_channels": «-8»}', "in_channels must be at least 1, got -8", "1 or more"),
    ('{"in_channels": «-999999999999999999»}', "must be at least 1, got -999999999999999999", "1 or more"),
    ('{"in_channels": «-1000000000000000000»}', "more than 18 digits", "at most 18"),
    ('{"in_channels": «1e17»}', "in_channels cannot be 1e+17", "write 100000000000000000"),
    ('{"in_channels": «1e18»}', "in_channels cannot be 1e+18", "write an integer"),
    ("{" + LAYER + ', «"pad"»: 1}', 'unknown field "pad"', 'did you mean "padding"?'),
    ('{"in_channels": «NaN»}', "in_channels cannot be nan", "an integer"),
    ('{"in_channels": «1000000000000000000»}', "more than 18 digits", "at most 18"),
    ('{"in_channels": «' + "9" * 5000 + "»}", "more than 18 digits", "at most 18"),
    ('{"in_channels": «{"a": 1}»}', "in_channels cannot be an object", "an integer"),
    ('{"kernel_size": «[3, [3]]»}', "kernel_size cannot be such a list", "one an axis"),
    ('{"kernel_size": «[]»}', "kernel_size has 0 axes", "1, 2 or 3"),
    ('{"kernel_size": «[1, 2, 3, 4]»}', "kernel_size has 4 axes", "1, 2 or 3"),
    ("{" + LAYER + ', "bias": «1»}', "bias cannot be 1", "true or false"),
    ("{" + LAYER + ', "bias": «"first"»}', "bias cannot be 'first'", "true or false, last"),
    ("{" + LAYER + ', "norm": «"last"»}', "norm cannot be 'last'", "true or false"),
    ("{" + LAYER + ', "mid_channels": «[1, 2, 3]»}', "mid_channels is one number or two, got 3", "mid=48x64"),
    ("{" + LAYER + ', "mid_channels": «[]»}', "mid_channels is one number or two, got 0", "mid=48x64"),
    ("{" + LAYER + ', "mid_channels": «[2, 0]»}', "mid_channels must be at least 1, got 0", "1 or more"),
    ("{" + LAYER + ', "mid_channels": «"2"»}', "mid_channels cannot be '2'", "an integer, or a list of two"),
    ("{" + LAYER + ', "expansion_ratio": «[2]»}', "expansion_ratio cannot be such a list", "an integer"),
    ("{" + LAYER + ', "dtype": «16»}', "dtype cannot be 16", "one of fp64, fp32"),
    ("{" + LAYER + ', "dtype": «"float16"»}', "dtype cannot be 'float16'", "did you mean fp16?"),
    ("{" + LAYER + ', "dtype": «"fp12"»}', "dtype cannot be 'fp12'", "did you mean fp32 or fp16?"),
    ("{" + LAYER + ', "activation": «"rleu"»}', "activation cannot be 'rleu'", "did you mean relu?"),
    ("{" + LAYER + ', "padding": «[[1, 2, 3], 1]»}', "padding cannot be such a list", "[before, after]"),
    ("{" + LAYER + ', "padding": «true»}', "padding cannot be true", "an integer"),
    ("{" + LAYER + ', "padding": [1, 2], "stride": «[1]»}', "stride has 1 axis, the rest has 2", "2 of them"),
    ("{" + LAYER + ', "groups": «5»}', "groups=5 does not divide in_channels=8", "try 1, 2, 4, 8"),
    ("{" + LAYER + ', "transposed": true, "padding": «"same"»}', "does not exist for a transposed", "leave it out"),
    ("{" + LAYER + ', "output_padding": «1»}', "belongs to a transposed", '"transposed": true'),
    ("{" + LAYER + ', «"strides"»: 1}', 'unknown field "strides"', 'did you mean "stride"?'),
    ("{" + LAYER + ', «"zzz"»: [{"a": "}"}]}', 'unknown field "zzz"', "leave it out"),
    ("{" + LAYER + ', «"kernel_size"»: 4}', '"kernel_size" is given twice', "keep one"),
    ('{"x": «{"a": 1, "a": 2}»}', '"a" is given twice', "keep one"),
    ('{"a": «{"a": 1, "a": 2}»}', '"a" is given twice', "keep one"),
    ('{"in_channels": «}»', "malformed JSON", "one object a line"),
    ('{"in_channels": 8,«,» "groups": 1}', "malformed JSON", "one object a line"),
    ('{"kernel_size": [3, «]»}', "malformed JSON", "comma before"),
    ("{" + LAYER + ", «}» ", "malformed JSON", "comma before"),
    ('{"in_channels":«-8»,"kernel_size":3}', "must be at least 1, got -8", "1 or more"),
    ('{"in_channels":8,"kernel_size":«0»}', "must be at least 1, got 0", "1 or more"),
    ('{"in_channels":8,«"zzz"»:0,"kernel_size":3}', 'unknown field "zzz"', "leave it out"),
    ("{" + LAYER + ", «}»", "malformed JSON", "comma before"),
    ("{«'»in_channels': 8}", "malformed JSON", "double quotes"),
    ('{"bias": «T»rue}', "malformed JSON: expecting value", "true, false and null"),
    ("{«»", "malformed JSON", "one object a line"),
    ('{"in_channels": 8«»', "malformed JSON", "one object a line"),
    ("{" + LAYER + "} «@56»", "more after the object", "braces"),
    ('{"x": «[»' + "[" * 100_000 + "]" * 100_001 + "}", "nested too deeply", "one object a line"),
]


@each(("marked", "message", "hint"), TOKENS + PRINTED + JSON, ids=lambda text: text[:60])
def test_mistake_is_pointed_at_with_its_remedy(marked: str, message: str, hint: str) -> None:
    """The span is the one marked; message and hint are short."""
    start, end = marked.index("«"), marked.index("»") - 1
    error = error_of(marked.replace("«", "").replace("»", ""))
    assert (error.start, error.end) == (start, end), error.render()
    assert message in error.message
    assert hint in error.hint
    assert (error.column, str(error)) == (start + 1, error.message)
    assert len(error.message) < 150
    assert len(error.hint) < 200


@each(
    "line",
    ["64:128 56x56 3x3", "64:128 3x3 56x56", "64x128 @56 k3", "k3 64x128 @56", "64:128 56 k3", "64:128 k3 k5 @56"],
)
def test_what_is_suggested_for_a_field_said_twice_works(line: str) -> None:
    """Each of the remedies, typed as it is written there, makes a layer of the line."""
    error = error_of(line)
    numbers = re.findall(r"write (\S+) for", error.hint)
    for meant in numbers:
        parse_spec(line.replace(meant.strip("@").replace(":", "x"), meant, 1))
    assert len(numbers) == ("k5" not in line)


@each(
    ("line", "same"),
    [
        (
            "64:128 @5 k5 pvalid",
            '{"in_channels": 64, "out_channels": 128, "kernel_size": 5, "input_size": 5, "padding": 0}',
        ),
        ("1 @1 k3 t p1", "1 in=1 k3 t p1-1"),
        ("64:128 @5 k10 s3 psame-upper mode=reflect", "64:128 @5x5 k10 s3 psame-upper mode=reflect"),
        ("64:128 @4 k7 s2 psame-upper mode=reflect", "64:128 @4x4 k7 s2 psame-upper mode=reflect"),
        ("1 @1 k1 psame-upper mode=reflect", "1 @1x1 k1x1 psame-upper mode=reflect"),
        ("1 @9 k500000000000000000 d2", "1 @9 k500000000000000000 d2 p499999999999999999"),
        ("Conv2d(0000000000000000064, 8, 3) @9", "64:8 @9 k3 pvalid bias"),
        ("Conv2d(3, 8, " + "(" * 12 + "3" + ")" * 12 + ") @9", "3:8 @9 k3 pvalid bias"),
        ("Conv2d(3, 8, 1**64 + 10 % 8) @9", "3:8 @9 k3 pvalid bias"),
        ("Conv2d(3, 2**59, 7 // 2) @9", "3:576460752303423488 @9 k3 pvalid bias"),
        ("Conv2d(3, 8, (-1)**2 * 3) @9", "3:8 @9 k3 pvalid bias"),
    ],
)
def test_what_is_just_possible_is_read(line: str, same: str) -> None:
    """One step beyond each of these lies a mistake."""
    assert parse_spec(line) == parse_spec(same)


@each(
    ("number", "few"),
    [(1, "1"), (7, "1, 7"), (9, "1, 3, 9"), (30, "1, 2, 3, 5, …"), (998, "1, 2, 499, 998"), (1009, "1, 1009")],
)
def test_a_hint_has_the_first_divisors_of_a_number(number: int, few: str) -> None:
    """Those below a thousand are looked for; of a large prime there are none but itself."""
    assert divisors(number) == few


@pytest.mark.parametrize(
    ("named", "axes", "message", "hint"),
    [
        (2, 1, "k3x3 has 2 axes, the rest has 1", "give one number"),
        (1, 2, "k3x3 has 1 axis, the rest has 2", "give one number, or 2 of them"),
        (2, 3, "k3x3 has 2 axes, the rest has 3", "give one number, or 3 of them"),
    ],
)
def test_how_many_axes_there_are_is_told(named: int, axes: int, message: str, hint: str) -> None:
    problem = axes_disagree("k3x3", named, axes, "kernel_size")
    assert (problem.message, problem.hint, problem.fields) == (message, hint, ("kernel_size",))


def test_a_hint_lists_what_there_is_to_choose_from() -> None:
    """Of dtypes also one that has no name of its own."""
    assert error_of("64:128 @56 k3 mode=xyz").hint == "one of zeros, reflect, replicate, circular"
    dtypes = error_of("{" + LAYER + ', "dtype": "qqq"}').hint
    assert dtypes.startswith("one of fp64, fp32, ")
    assert dtypes.endswith(", binary, or such as w8a16")


@pytest.mark.parametrize(("length", "shown"), [(40, "y" * 40), (41, "y" * 39 + "…")])
def test_a_message_repeats_forty_characters(length: int, shown: str) -> None:
    """And the fortieth of a longer word is an ellipsis."""
    assert error_of("64:128 @56 k3 " + "y" * length).message == f"unknown token '{shown}'"
    assert unknown_name("variant", "y" * length, ["standard"]).message == f"unknown variant '{shown}'"


@each(("word", "meant"), MEANT)
def test_what_was_meant_is_suggested(word: str, meant: str) -> None:
    """Other spellings are refused, with ours as the remedy."""
    error = error_of(f"{word} 64:128 @56")
    assert error.hint == f"did you mean {meant}?"
    assert (error.start, error.end) == (0, len(word))


@each(("word", "hint"), WRITTEN)
def test_names_lead_to_the_notation(word: str, hint: str) -> None:
    """A field's name, or an option's, is answered with how to write it."""
    assert hint in error_of(f"64:128 @56 {word}").hint


def test_a_spec_error_survives_pickling() -> None:
    """Errors may cross a process boundary."""
    error = error_of("64:128 @56 k3 g3")
    assert vars(pickle.loads(pickle.dumps(error))) == vars(error)


def test_a_span_never_leaves_the_line() -> None:
    """Whatever is asked for."""
    error = SpecError("wrong", "", "abc", 7, -2)
    assert (error.start, error.end) == (3, 3)
