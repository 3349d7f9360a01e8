"""Every rule of an ONNX operation: what it counts, on sizes small enough to count by hand."""

from __future__ import annotations

from pathlib import Path

from networks.onnx_models import model_of, read_here, single
from tables import each

from convcost.analysis import analyze
from convcost.networks.onnx.rules import RULES, WEIGHTS

#: Operation, attributes and inputs | params, MACs, elementwise, and bytes that are moved; see `single`.
#: A tensor of a file (`*`) that is no weight moves nothing: sizes, positions, scales. Letters are types of
#: 8 bytes (i), 4 (j) and 1 (q, b); all others are of 4.
TABLE = """
Abs | 2x3 | 0 0 6 48
Acos | 2x3 | 0 0 6 48
Acosh | 2x3 | 0 0 6 48
Add | 2x3 2x3 | 0 0 6 72
Add | 2x3 *3 | 3 0 6 60
Add | 2x3 *. | 0 0 6 48
Add | 2x1 1x3 | 0 0 6 44
Add @1 | 2x3 2x3 | 0 0 6 72
And | b:2x3 b:2x3 | 0 0 6 18
ArgMax axis=1 | 2x3 | 0 0 6 40
ArgMin axis=0 | 2x3 | 0 0 6 48
Asin | 2x3 | 0 0 6 48
Asinh | 2x3 | 0 0 6 48
Atan | 2x3 | 0 0 6 48
Atanh | 2x3 | 0 0 6 48
Attention @23 | 2x3x5x4 2x3x7x4 2x3x7x6 | 0 2100 1260 2880
Attention @23 q_num_heads=3 kv_num_heads=1 | 2x5x12 2x7x4 2x7x6 | 0 2100 1260 1760
Attention @23 | 2x3x5x4 2x3x7x4 2x3x7x6 5x7 | 0 2100 1470 3020
Attention @23 | 2x3x5x4 2x3x7x4 2x3x7x6 - 2x3x2x4 2x3x2x6 | 0 2700 1620 3360
AveragePool kernel_shape=2,2 strides=2,2 | 1x3x8x6 | 0 0 144 720
AveragePool kernel_shape=3,3 strides=2,2 ceil_mode=1 | 1x3x8x6 | 0 0 324 720
BatchNormalization | 2x4x5 *4 *4 *4 *4 | 8 0 80 352
Bernoulli | 2x3 | 0 0 0 48
BitCast to=6 @26 | 2x3 | 0 0 0 48
BitShift direction='LEFT' | q:2x3 q:2x3 | 0 0 6 18
BitwiseAnd | q:2x3 q:2x3 | 0 0 6 18
BitwiseNot | q:2x3 | 0 0 6 12
BitwiseOr | q:2x3 q:2x3 | 0 0 6 18
BitwiseXor | q:2x3 q:2x3 | 0 0 6 18
Cast to=10 | 2x3 | 0 0 0 36
CastLike | 2x3 *q:1 | 0 0 0 30
CausalConvWithState @27 | 2x3x5 *3x1x4 *3 | 15 120 30 300
CausalConvWithState activation='silu' @27 | 2x3x5 *3x1x4 | 12 120 30 288
Ceil | 2x3 | 0 0 6 48
Celu | 2x3 | 0 0 6 48
CenterCropPad axes=1 | 2x3 *i[2] | 0 0 0 40
Clip | 2x3 *. *. | 0 0 6 48
Col2Im | 1x8x4 *i[3,3] *i[2,2] | 0 0 0 200
Concat axis=1 | 1x2x4 1x3x4 | 0 0 0 160
Concat axis=0 | 1x2x4 1x2x4 | 0 0 0 128
Concat axis=1 @3 | 1x2x3 1x4x3 | 0 0 0 144
Conv pads=1,1,1,1 | 1x4x8x6 *8x4x3x3 *8 | 296 13824 384 3488
Conv group=4 strides=2,2 | 1x4x8x6 *4x1x3x3 | 36 216 0 1008
Conv auto_pad='SAME_UPPER' strides=2 | 1x2x9 *3x2x4 | 24 120 0 228
Conv auto_pad='SAME_LOWER' strides=2 | 1x2x9 *3x2x4 | 24 120 0 228
Conv auto_pad='VALID' dilations=2 | 1x2x9 *3x2x3 | 18 90 0 204
Conv | 1x2x5x4x3 *3x2x2x2x2 | 48 1152 0 960
ConvInteger | q:1x2x5x5 *q:3x2x3x3 | 54 486 0 212
ConvTranspose strides=2,2 | 1x2x5x4 *2x3x3x1 *3 | 21 360 231 1168
ConvTranspose strides=2 pads=1,1 output_padding=1 | 1x2x5 *2x3x3 | 18 90 0 232
ConvTranspose strides=2 output_shape=11 | 1x2x5 *2x3x3 | 18 90 0 244
ConvTranspose strides=2 auto_pad='SAME_UPPER' | 1x2x5 *2x3x3 | 18 90 0 232
Cos | 2x3 | 0 0 6 48
Cosh | 2x3 | 0 0 6 48
CumSum | 2x3 *i[1] | 0 0 6 48
DeformConv pads=1,1,1,1 | 1x2x4x4 *3x2x3x3 1x18x4x4 *3 | 57 864 1200 1700
DepthToSpace blocksize=2 | 1x8x2x3 | 0 0 0 384
DequantizeLinear | q:2x3 *1 | 0 0 12 30
Div | 2x3 *3 | 3 0 6 60
Dropout | 2x3 | 0 0 0 0
DynamicQuantizeLinear ->3 | 2x3 | 0 0 24 35
Einsum equation='bij,bjk->bik' | 5x2x3 5x3x4 | 0 120 0 520
Einsum equation='i,j->ij' | 5 3 | 0 0 15 92
Einsum equation='ij->i' | 5x3 | 0 0 15 80
Einsum equation='ij->ji' | 5x3 | 0 0 0 120
Einsum equation='ij,jk,kl->il' | 2x3 3x4 4x5 | 0 240 0 192
Einsum equation='...ij,...jk->...ik' | 5x6x2x3 5x6x3x4 | 0 720 0 3120
Einsum equation='ij,jk->ik' | 2x1 1x4 | 0 8 0 56
Einsum equation='ij,jk' | 2x3 3x4 | 0 24 0 104
Einsum equation='ii->i' | 3x3 | 0 0 0 48
Elu | 2x3 | 0 0 6 48
Equal | 2x3 2x3 | 0 0 6 54
Erf | 2x3 | 0 0 6 48
Exp | 2x3 | 0 0 6 48
Expand | 2x1 *i[2,3] | 0 0 0 32
EyeLike | 2x3 | 0 0 0 0
Flatten | 2x3x4 | 0 0 0 0
Floor | 2x3 | 0 0 6 48
GRU hidden_size=4 ->2 | 7x2x3 *1x12x3 *1x12x4 | 84 1176 616 760
GRU hidden_size=4 ->2 | 7x2x3 *1x12x3 *1x12x4 *1x24 | 108 1176 952 856
GRU hidden_size=4 output_sequence=1 @1 | 7x2x3 *1x12x3 *1x12x4 | 84 1176 616 728
Gather axis=0 | *10x4 i:3 | 40 0 0 120
Gather axis=0 | *10x4 j:3 | 40 0 0 108
Gather axis=1 | 2x5 i:3 | 0 0 0 72
Gather axis=1 | q:2x5 i:3 | 0 0 0 36
GatherElements axis=0 | 2x3 i:2x3 | 0 0 0 96
GatherND | 2x3 i:2x1 | 0 0 0 64
Gelu | 2x3 | 0 0 6 48
Gemm transB=1 | 5x3 *4x3 *4 | 16 60 20 204
Gemm | 5x3 *3x4 | 12 60 0 188
Gemm transA=1 | 3x5 *3x4 *4 | 16 60 20 204
Gemm broadcast=1 @4 | 2x3 *3x4 *4 | 16 24 8 120
GlobalAveragePool | 1x3x8x6 | 0 0 144 588
GlobalLpPool | 1x3x8x6 | 0 0 144 588
GlobalLpPool @1 | 1x2x3x4 | 0 0 24 104
GlobalMaxPool | 1x3x8x6 | 0 0 144 588
Greater | 2x3 2x3 | 0 0 6 54
GreaterOrEqual | 2x3 2x3 | 0 0 6 54
GreaterOrEqual @12 | 2x3 1x3 | 0 0 6 42
GridSample @16 | 1x2x4x4 1x3x5x2 | 0 0 120 368
GridSample mode='nearest' @16 | 1x2x4x4 1x3x5x2 | 0 0 0 368
GridSample mode='bicubic' @16 | 1x2x4x4 1x3x5x2 | 0 0 480 368
GroupNormalization num_groups=2 @21 | 1x4x5 *4 *4 | 8 0 100 192
HardSigmoid | 2x3 | 0 0 6 48
HardSwish | 2x3 | 0 0 6 48
Hardmax | 2x3 | 0 0 6 48
Identity | 2x3 | 0 0 0 0
InstanceNormalization | 1x4x5 *4 *4 | 8 0 100 192
IsInf | 2x3 | 0 0 6 30
IsNaN | 2x3 | 0 0 6 30
LRN size=5 | 1x8x3x3 | 0 0 720 576
LSTM hidden_size=4 ->3 | 7x2x3 *1x16x3 *1x16x4 | 112 1568 728 904
LSTM hidden_size=4 direction='bidirectional' ->3 | 7x2x3 *2x16x3 *2x16x4 *2x32 | 288 3136 2352 1896
LSTM hidden_size=4 ->3 | 7x2x3 *1x16x3 *1x16x4 *1x32 - 1x2x4 1x2x4 *1x12 | 156 1568 1512 1144
LayerNormalization | 2x3x4 *4 *4 | 8 0 120 224
LeakyRelu | 2x3 | 0 0 6 48
Less | 2x3 2x3 | 0 0 6 54
LessOrEqual | 2x3 2x3 | 0 0 6 54
LessOrEqual @12 | 2x3 1x3 | 0 0 6 42
Log | 2x3 | 0 0 6 48
LogSoftmax | 2x3 | 0 0 30 48
LpNormalization | 2x3 | 0 0 18 48
LpPool kernel_shape=2 | 1x2x8 | 0 0 28 120
LpPool kernel_shape=2,2 @1 | 1x2x3x4 | 0 0 48 144
MatMul | 5x2x3 *3x4 | 12 120 0 328
MatMul | 5x2x3 5x3x4 | 0 120 0 520
MatMul | 2x3 *3x4 | 12 24 0 104
MatMul | 3 *3x4 | 12 12 0 76
MatMulInteger | q:2x3 *q:3x4 | 12 24 0 50
Max | 2x3 2x3 2x3 | 0 0 12 96
Max | 2x3 | 0 0 0 48
MaxPool kernel_shape=3,3 strides=2,2 pads=1,1,1,1 | 1x3x8x6 | 0 0 324 720
MaxPool kernel_shape=2,2 strides=2,2 ->2 | 1x3x8x6 | 0 0 144 1008
MaxPool kernel_shape=3,3 strides=2,2 ceil_mode=1 ->2 | 1x3x8x6 | 0 0 324 1008
MaxPool kernel_shape=3 dilations=2 | 1x3x8 | 0 0 36 144
MaxPool kernel_shape=2,2 strides=2,2 pads=1,1,1,1 ceil_mode=1 @17 | 1x3x5x5 | 0 0 108 408
MaxRoiPool pooled_shape=2,2 | 1x2x8x8 3x5 | 0 0 128 668
MaxUnpool kernel_shape=2,2 strides=2,2 | 1x1x2x2 i:1x1x2x2 | 0 0 0 112
Mean | 2x3 2x3 2x3 | 0 0 12 96
MeanVarianceNormalization | 1x2x3x4 | 0 0 120 192
Min | 2x3 *3 | 3 0 6 60
Mish | 2x3 | 0 0 6 48
Mod fmod=1 | 2x3 2x3 | 0 0 6 72
Mul | 2x3 2x3 | 0 0 6 72
Mul | 2x3 *. | 0 0 6 48
Multinomial sample_size=4 | 2x3 | 0 0 0 56
Neg | 2x3 | 0 0 6 48
NonZero @13 | *i[1,0,1] | 0 0 0 0
Not | b:2x3 | 0 0 6 12
OneHot | i:4 *i[5] *2 | 0 0 0 112
Or | b:2x3 b:2x3 | 0 0 6 18
PRelu | 2x3 *3 | 3 0 6 60
PRelu | 2x3 *1 | 1 0 6 52
Pad | 1x2x3 *i[0,0,1,0,0,1] | 0 0 0 64
Pow | 2x3 *. | 0 0 6 48
QLinearConv | q:1x2x5x5 *. *q. *q:3x2x3x3 *. *q. *. *q. *j:3 | 57 486 27 143
QLinearMatMul | q:2x3 *. *q. *q:3x4 *. *q. *. *q. | 12 24 0 26
QuantizeLinear | 2x3 *. *q. | 0 0 12 30
RMSNormalization @23 | 2x3x4 *4 | 4 0 96 208
RNN hidden_size=4 ->2 | 7x2x3 *1x4x3 *1x4x4 | 28 392 112 536
RandomNormalLike | 2x3 | 0 0 0 0
Range | *i[0] *i[4] *i[1] | 0 0 0 0
Reciprocal | 2x3 | 0 0 6 48
ReduceL1 | 2x3 *i[1] | 0 0 6 32
ReduceL2 | 2x3 *i[1] | 0 0 12 32
ReduceLogSum | 2x3 *i[1] | 0 0 12 32
ReduceLogSumExp | 2x3 *i[1] | 0 0 12 32
ReduceMax | 2x3 *i[1] | 0 0 6 32
ReduceMean | 2x3 *i[1] | 0 0 6 32
ReduceMin | 2x3 *i[1] | 0 0 6 32
ReduceProd | 2x3 *i[1] | 0 0 6 32
ReduceSum | 2x3 *i[1] | 0 0 6 32
ReduceSum @11 axes=1 | 2x3 | 0 0 6 32
ReduceSumSquare | 2x3 *i[1] | 0 0 12 32
Relu | 2x3 | 0 0 6 48
Reshape | 2x3 *i[3,2] | 0 0 0 0
Resize mode='nearest' | 1x1x2x2 - - *i[1,1,4,4] | 0 0 0 80
Resize mode='linear' | 1x1x2x2 - - *i[1,1,4,4] | 0 0 64 80
Resize mode='cubic' | 1x1x2x2 - - *i[1,1,4,2] | 0 0 32 48
ReverseSequence batch_axis=1 time_axis=0 | 2x3 i:3 | 0 0 0 72
RoiAlign output_height=2 output_width=2 sampling_ratio=2 | 1x3x8x8 2x4 i:2 | 0 0 384 912
RoiAlign output_height=2 output_width=2 sampling_ratio=1 | 1x3x8x8 2x4 i:2 | 0 0 96 912
RotaryEmbedding @23 | 1x2x3x4 3x2 3x2 i:1x3 | 0 0 72 264
Round | 2x3 | 0 0 6 48
ScatterElements axis=0 | 2x3 i:1x3 1x3 | 0 0 0 84
ScatterND | 4x3 i:2x1 2x3 | 0 0 0 136
Selu | 2x3 | 0 0 6 48
Shape | 2x3 | 0 0 0 0
Shrink | 2x3 | 0 0 6 48
Sigmoid | 2x3 | 0 0 6 48
Sign | 2x3 | 0 0 6 48
Sin | 2x3 | 0 0 6 48
Sinh | 2x3 | 0 0 6 48
Size | 2x3 | 0 0 0 0
Slice | 4x3 *i[1] *i[3] *i[0] | 0 0 0 72
Softmax | 2x3 | 0 0 30 48
Softplus | 2x3 | 0 0 6 48
Softsign | 2x3 | 0 0 6 48
SpaceToDepth blocksize=2 | 1x2x4x6 | 0 0 0 384
Split axis=1 num_outputs=2 ->2 | 1x4x3 | 0 0 0 0
Split axis=0 num_outputs=2 ->2 | 4x3 | 0 0 0 0
Split axis=1 split=2,2 ->2 @1 | 1x4x3 | 0 0 0 0
Sqrt | 2x3 | 0 0 6 48
Squeeze | 2x1x3 *i[1] | 0 0 0 0
Sub | 2x3 *3 | 3 0 6 60
Sum | 2x3 2x3 2x3 | 0 0 12 96
Sum | 2x3 2x3 | 0 0 6 72
Swish @24 | 2x3 | 0 0 6 48
Tan | 2x3 | 0 0 6 48
Tanh | 2x3 | 0 0 6 48
ThresholdedRelu | 2x3 | 0 0 6 48
Tile | 2x3 *i[2,1] | 0 0 0 72
TopK ->2 | 2x5 *i[3] | 0 0 10 112
Transpose perm=1,0 | 2x3 | 0 0 0 48
Trilu | 3x3 | 0 0 0 72
Unsqueeze | 2x3 *i[0] | 0 0 0 0
Upsample @9 mode='linear' | 1x1x2x2 *f[1,1,2,2] | 0 0 64 80
Where | b:2x3 2x3 2x3 | 0 0 6 78
Xor | b:2x3 b:2x3 | 0 0 6 18
com.microsoft.Attention num_heads=2 | 2x5x8 *8x24 *24 | 216 2720 840 1504
com.microsoft.BiasGelu | 2x3 *3 | 3 0 12 60
com.microsoft.BiasSplitGelu | 2x5x8 *8 | 8 0 160 512
com.microsoft.DynamicQuantizeLSTM hidden_size=4 ->3 | 7x2x3 *1x3x16 *1x4x16 *1x32 - - - - *1 - *1 | 144 1568 1176 1032
com.microsoft.DynamicQuantizeMatMul | 5x2x3 *q:3x4 *. *q. *4 | 16 120 40 308
com.microsoft.EmbedLayerNormalization ->2 | j:2x5 - *30x8 *10x8 - *8 *8 | 336 0 480 1712
com.microsoft.FastGelu | 2x3 *3 | 3 0 12 60
com.microsoft.FastGelu | 2x3 | 0 0 6 48
com.microsoft.FusedConv activation='Relu' pads=1,1,1,1 | 1x4x8x6 *8x4x3x3 *8 | 296 13824 768 3488
com.microsoft.FusedConv activation='Relu' pads=1,1,1,1 | 1x4x8x6 *8x4x3x3 *8 1x8x8x6 | 296 13824 1152 5024
com.microsoft.FusedGemm activation='Relu' transB=1 | 5x3 *4x3 *4 | 16 60 40 204
com.microsoft.FusedMatMul transB=1 | 5x2x3 *4x3 | 12 120 0 328
com.microsoft.FusedMatMul transA=1 | 5x3x2 5x3x4 | 0 120 0 520
com.microsoft.Gelu | 2x3 | 0 0 6 48
com.microsoft.GroupQueryAttention num_heads=4 kv_num_heads=2 | 1x5x16 1x5x8 1x5x8 - - j:1 *j[5] | 0 800 600 964
com.microsoft.GroupQueryAttention num_heads=4 kv_num_heads=2 | 1x5x16 1x5x8 1x5x8 1x2x0x4 1x2x0x4 j:1 | 0 800 600 964
com.microsoft.GroupQueryAttention num_heads=4 kv_num_heads=2 | 1x5x32 - - - - j:1 *j[5] | 0 800 600 964
com.microsoft.MatMulIntegerToFloat | q:2x3 *q:3x4 *. *. *q. *q. *4 | 16 24 8 66
com.microsoft.MatMulNBits K=32 N=6 bits=4 block_size=16 | 5x32 *q:6x2x8 *12 | 192 960 0 856
com.microsoft.MultiHeadAttention num_heads=2 | 2x5x8 2x7x8 2x7x6 | 0 980 840 1344
com.microsoft.MultiHeadAttention num_heads=2 | 2x5x8 2x2x7x4 2x2x7x3 | 0 980 840 1344
com.microsoft.QAttention num_heads=2 | q:2x5x8 *q:8x24 *24 *. *. | 216 2720 840 688
com.microsoft.QGemm transB=1 | q:5x3 *. *q. *q:4x3 *. *q. *j:4 | 16 60 20 123
com.microsoft.QGemm transB=1 | q:5x3 *. *q. *q:4x3 *. *q. *j:4 *. *q. | 16 60 20 63
com.microsoft.QLinearAdd | q:2x3 *. *q. q:2x3 *. *q. *. *q. | 0 0 6 18
com.microsoft.QLinearAveragePool kernel_shape=2,2 strides=2,2 | q:1x3x8x6 *. *q. *. *q. | 0 0 144 180
com.microsoft.QLinearConcat axis=1 | *. *q. q:1x2x4 *. *q. q:1x3x4 *. *q. | 0 0 0 40
com.microsoft.QLinearGlobalAveragePool channels_last=1 | q:1x8x6x3 *. *q. *. *q. | 0 0 144 147
com.microsoft.QLinearConv | q:1x2x5x4 *. *q. *q:3x2x3x3 *. *q. *. *q. *j:3 | 57 324 18 124
com.microsoft.QLinearConv channels_last=1 | q:1x5x5x2 *. *q. *q:3x2x3x3 *. *q. *. *q. *j:3 | 57 486 27 143
com.microsoft.QLinearMul | q:2x3 *. *q. *q:3 *. *q. *. *q. | 3 0 6 15
com.microsoft.QLinearMul | q:2x3 *. *q. *q. *. *q. *. *q. | 0 0 6 12
com.microsoft.QLinearSigmoid | q:2x3 *. *q. *. *q. | 0 0 6 12
com.microsoft.QuickGelu | 2x3 | 0 0 6 48
com.microsoft.SkipLayerNormalization ->4 | 2x5x8 2x5x8 *8 *8 *8 | 24 0 560 1456
com.microsoft.SkipSimplifiedLayerNormalization | 2x5x8 2x5x8 *8 | 8 0 400 992
com.microsoft.nchwc.Conv activation='Relu' | 1x16x6x6 *16x16x3x3 *16 | 2320 36864 512 12608
com.microsoft.nchwc.MaxPool kernel_shape=2,2 strides=2,2 | 1x16x6x6 | 0 0 576 2880
com.microsoft.nchwc.ReorderInput channels_last=1 | 1x6x6x3 | 0 0 0 2736
com.microsoft.nchwc.ReorderOutput channels=12 channels_last=1 | 1x16x6x6 | 0 0 0 4032
com.microsoft.nchwc.ReorderOutput channels=12 | 1x16x6x6 | 0 0 0 4032
SimplifiedLayerNormalization | 2x3x4 *4 | 4 0 96 208
com.microsoft.DequantizeLinear | q:2x3 *. *q. | 0 0 12 30
com.microsoft.QuantizeLinear | 2x3 *. *q. | 0 0 12 30
LpNormalization axis=0 | 2x3 | 0 0 18 48
GlobalMaxPool | 1x3x8 | 0 0 24 108
Softmax axis=0 | 2x3x4 | 0 0 120 192
com.microsoft.QLinearLeakyRelu alpha=1 | q:2x3 *. *q. *. *q. | 0 0 6 12
com.microsoft.QLinearSoftmax axis=1 opset=13 | q:2x3 *. *q. *. *q. | 0 0 30 12
com.microsoft.BiasAdd | 2x5x8 *8 2x5x8 | 8 0 160 992
com.microsoft.GroupNorm groups=2 | 1x4x4x8 *8 *8 | 16 0 640 1088
com.microsoft.RotaryEmbedding | 2x3x8 i:2x3 *5x4 *5x4 | 0 0 144 432
com.microsoft.TransposeMatMul transB=1 | 5x2x3 *4x3 | 12 120 0 328
com.microsoft.nchwc.AveragePool kernel_shape=2,2 strides=2,2 | 1x16x6x6 | 0 0 576 2880
com.microsoft.nchwc.GlobalAveragePool | 1x16x6x6 | 0 0 576 2368
com.microsoft.nchwc.GlobalMaxPool | 1x16x6x6 | 0 0 576 2368
com.microsoft.Attention num_heads=2 | 2x5x8 *8x24 *24 - 2x2x2x3x4 | 216 3200 1200 1888
com.microsoft.Attention num_heads=2 | 2x5x8 *8x24 | 192 2720 600 1408
com.microsoft.Attention num_heads=2 qkv_hidden_sizes=8,8,4 | 2x5x8 *8x20 *20 | 180 2200 800 1200
Reshape @1 shape=3,2 | 2x3 | 0 0 0 0
Reshape @1 shape=0,-1 | 2x3x4 | 0 0 0 0
com.microsoft.MultiHeadAttention num_heads=2 | 2x5x2x3x4 | 0 800 600 1280
com.microsoft.MultiHeadAttention num_heads=2 | 2x5x8 2x7x2x2x4 | 0 1120 840 1536
com.microsoft.MultiHeadAttention num_heads=2 | 2x5x8 2x7x8 2x7x6 *22 - - 2x2x3x4 2x2x3x3 | 22 1400 1200 1768
com.microsoft.QAttention num_heads=2 | q:2x5x8 *q:8x24 *24 *. *. - *q. *q. 2x2x2x3x4 | 216 3200 1200 1072
com.microsoft.EmbedLayerNormalization ->2 | j:2x5 j:2x5 *30x8 *10x8 *2x8 *8 *8 | 352 0 560 1816
com.microsoft.SkipLayerNormalization | 2x5x8 2x5x8 *8 *8 | 16 0 480 1024
com.microsoft.SkipSimplifiedLayerNormalization | 2x5x8 2x5x8 *8 *8 | 16 0 480 1024
com.microsoft.MatMulNBits K=32 N=6 bits=8 block_size=16 | 5x32 *q:6x2x16 *12 | 192 960 0 952
com.microsoft.MatMulNBits K=32 N=6 bits=2 block_size=16 | 5x32 *q:6x2x4 *12 | 192 960 0 808
com.microsoft.MatMulNBits K=32 N=6 bits=4 block_size=16 | 5x32 *q:6x2x8 *12 - - *6 | 198 960 30 880
com.microsoft.FusedMatMul transA=1 transB=1 | 3x2 *4x3 | 12 24 0 104
com.microsoft.FusedMatMul | 5x1x2x3 7x3x4 | 0 840 0 1576
com.microsoft.FusedGemm transA=1 activation='Relu' | 3x5 *3x4 | 12 60 20 188
com.microsoft.FusedConv activation='Identity' | 1x4x8x6 *8x4x1x1 | 32 1536 0 2432
com.microsoft.FusedConv auto_pad='SAME_UPPER' strides=2,2 | 1x4x9x6 *8x4x3x3 | 288 4320 0 2496
com.microsoft.QLinearConv channels_last=1 group=2 | q:1x5x5x4 *. *q. *q:6x2x3x3 *. *q. *. *q. | 108 972 0 262
com.microsoft.QLinearAveragePool kernel_shape=2,2 strides=2,2 channels_last=1 | q:1x8x6x3 *. *q. *. *q. | 0 0 144 180
com.microsoft.QLinearAveragePool kernel_shape=3,3 strides=2,2 ceil_mode=1 | q:1x3x8x6 *. *q. *. *q. | 0 0 324 180
com.microsoft.QLinearGlobalAveragePool | q:1x3x8x6 *. *q. *. *q. | 0 0 144 147
com.microsoft.QLinearConcat axis=-1 | *. *q. q:1x4x2 *. *q. q:1x4x3 *. *q. | 0 0 0 40
com.microsoft.QLinearAdd | q:2x1 *. *q. q:1x3 *. *q. *. *q. | 0 0 6 11
com.microsoft.QLinearAdd | q:3 *. *q. q:2x3 *. *q. *. *q. | 0 0 6 15
com.microsoft.DynamicQuantizeLSTM hidden_size=4 ->3 | 7x2x3 *1x3x16 *1x4x16 | 112 1568 728 904
com.microsoft.MatMulIntegerToFloat | q:5x2x3 *q:3x4 *. *. | 12 120 0 202
com.microsoft.DynamicQuantizeMatMul | 2x3 *q:3x4 *. | 12 24 0 68
com.microsoft.nchwc.ReorderInput | 1x3x6x6 | 0 0 0 2736
com.microsoft.GroupQueryAttention num_heads=4 kv_num_heads=1 | 2x5x24 - - - - j:1 *j[5] | 0 1600 1200 1604
Conv group=2 strides=2,1 pads=1,0,0,2 dilations=1,2 | 1x4x8x6 *6x2x3x2 *6 | 78 1728 144 1656
Conv kernel_shape=3 | 2x3x7 *4x3x3 | 36 360 0 472
ConvTranspose group=2 strides=2 | 1x4x5 *4x3x3 *6 | 42 180 66 512
ConvTranspose strides=3 dilations=2 pads=1,0 | 1x2x5 *2x4x2 | 16 80 0 328
ConvTranspose strides=2 auto_pad='SAME_LOWER' | 1x2x5 *2x3x4 | 24 120 0 256
ConvTranspose strides=2 output_shape=13 | 1x2x5 *2x3x3 | 18 90 0 268
DeformConv group=2 pads=1,1,1,1 | 1x4x4x4 *6x2x3x3 1x18x4x4 | 108 1728 2304 2224
CausalConvWithState activation='none' @27 | 2x3x5 *3x1x4 | 12 120 0 288
AveragePool kernel_shape=3 dilations=2 @19 | 1x3x8 | 0 0 36 144
AveragePool kernel_shape=2,2 auto_pad='SAME_UPPER' strides=2,2 | 1x3x7x5 | 0 0 144 564
LpPool kernel_shape=2,3 | 1x2x8x4 | 0 0 168 368
Attention @23 q_num_heads=2 kv_num_heads=2 | 2x5x8 2x7x8 2x7x6 | 0 980 840 1344
Attention @23 q_num_heads=4 kv_num_heads=2 | 2x5x8 2x7x4 2x7x6 | 0 1400 1680 1360
GRU hidden_size=4 direction='bidirectional' ->2 | 7x2x3 *2x12x3 *2x12x4 | 168 2352 1232 1352
RNN hidden_size=4 ->2 | 7x2x3 *1x4x3 *1x4x4 *1x8 | 36 392 224 568
Einsum equation='bij->bji' | 2x3x4 | 0 0 0 192
Einsum equation='i,i->' | 5 5 | 0 5 0 44
Einsum equation='i,i->i' | 5 5 | 0 0 5 60
Einsum equation='...,...->...' | 2x3 2x3 | 0 0 6 72
Einsum equation='ij,jk,kl' | 2x3 3x4 4x5 | 0 240 0 192
Einsum equation='ij,ij->' | 2x3 2x3 | 0 6 0 52
MatMul | 5x2x3 3 | 0 30 0 172
MatMul | 3 3 | 0 3 0 28
Gemm transA=1 transB=1 | 3x5 *4x3 | 12 60 0 188
Resize mode='cubic' | 1x1x2x2 - - *i[1,1,4,4] | 0 0 256 80
Resize mode='linear' | 1x1x2x2 - - *i[1,1,2,4] | 0 0 16 48
Resize mode='linear' | 1x1x2x2 - - *i[1,1,2,2] | 0 0 0 32
Resize mode='linear' | 1x1x2x2x2 - - *i[1,1,4,4,4] | 0 0 512 288
GridSample mode='linear' @20 | 1x2x4x4x4 1x3x5x2x3 | 0 0 480 1112
GridSample mode='cubic' @20 | 1x2x4x4 1x3x5x2 | 0 0 480 368
LRN size=1 | 1x8x3x3 | 0 0 432 576
BatchNormalization | 3x4 *4 *4 *4 *4 | 8 0 24 128
Max | 2x3 *3 2x3 | 3 0 12 84
Sum | 2x3 | 0 0 0 48
Sum | 2x1 1x3 | 0 0 6 44
Concat axis=-2 | 1x2x4 1x3x4 | 0 0 0 160
Concat axis=2 | 1x2x4 1x2x3 | 0 0 0 112
Slice @9 axes=0 starts=1 ends=3 | 4x3 | 0 0 0 72
Softmax axis=1 @11 | 2x3x4 | 0 0 120 192
LogSoftmax axis=-1 | 2x3 | 0 0 30 48
PRelu | 2x3x4 *3x1 | 3 0 24 204
LayerNormalization axis=1 | 2x3x4 *3x4 | 12 0 120 240
ReduceL1 @13 axes=0 | 2x3 | 0 0 6 36
DequantizeLinear | q:2x3 *3 *q:3 | 0 0 12 30
RandomUniformLike | 2x3 | 0 0 0 0
com.microsoft.Attention num_heads=1 | 2x5x8 *8x24 *24 | 216 2720 540 1504
com.microsoft.MultiHeadAttention num_heads=1 | 2x5x8 2x7x8 2x7x6 | 0 980 420 1344
com.microsoft.MultiHeadAttention num_heads=2 | 2x5x8 2x7x8 2x7x6 - - - 2x2x3x4 | 0 1400 1200 1536
com.microsoft.GroupQueryAttention num_heads=1 kv_num_heads=1 | 1x5x24 - - - - j:1 *j[5] | 0 400 150 644
com.microsoft.DynamicQuantizeLSTM ->3 | 7x2x3 *1x3x16 *1x4x16 *1x32 - - - *1x12 *1 - *1 | 156 1568 1512 1080
com.microsoft.QLinearAveragePool kernel_shape=3 strides=2 auto_pad='SAME_UPPER' | q:1x3x7 *. *q. *. *q. | 0 0 36 33
com.microsoft.QLinearConcat | *. *q. q:2x4 *. *q. q:3x4 *. *q. | 0 0 0 40
com.microsoft.SkipLayerNormalization | 2x5x8 1x5x8 *8 *8 | 16 0 480 864
com.microsoft.GroupQueryAttention num_heads=4 kv_num_heads=2 | 1x5x16 1x5x8 1x5x8 1x2x0x4 - j:1 | 0 800 600 964
Slice | 9x3 *i[1] *i[8] *i[0] *i[3] | 0 0 0 144
Pad | 1x2x3 *i[1,2] - *i[2] | 0 0 0 72
com.microsoft.FusedMatMul | *5x3 3x4 | 15 60 0 188
com.microsoft.TransposeMatMul | *5x3 3x4 | 15 60 0 188
com.microsoft.FusedGemm activation='Relu' | *5x3 3x4 | 15 60 20 188
Einsum equation='ii' | 3x3 | 0 0 3 40
Einsum equation='i,i,i,i->' | 5 5 5 5 | 0 15 0 84
Attention @23 q_num_heads=1 kv_num_heads=1 | 2x5x4 2x7x4 2x7x6 | 0 700 420 960
Attention @23 | 2x3x5x4 2x3x7x4 2x3x7x6 - 2x3x2x4 | 0 2700 1620 3072
Resize mode='other' | 1x1x2x2 - - *i[1,1,4,4] | 0 0 64 80
Resize mode='linear' | 1x1x2x2 - - *i[1,1,2,2] | 0 0 0 32
GridSample mode='linear' @20 | 1x2x4x4x4 1x3x5x2x3 | 0 0 480 1112
GridSample mode='cubic' @20 | 1x2x4x4 1x3x5x2 | 0 0 480 368
GridSample mode='bilinear' @16 | 1x2x4x4 1x3x5x2 | 0 0 120 368
RNN hidden_size=4 ->2 | 7x2x3 *1x4x3 *1x4x4 *1x8 - 1x2x4 | 36 392 224 600
"""

ROWS = TABLE.strip().splitlines()

#: Operations whose inputs or outputs are no tensors, or whose size depends on data: below, or in none of the rows.
_ELSEWHERE = (
    "Compress ConcatFromSequence Constant ConstantOfShape CumProd Optional OptionalGetElement OptionalHasElement "
    "RandomNormal RandomUniform RandomUniformLike Scatter SequenceAt SequenceConstruct SequenceEmpty SequenceErase "
    "SequenceInsert SequenceLength Silu SplitToSequence TensorScatter Unique"
)
ELSEWHERE = set(_ELSEWHERE.split())


@each("row", ROWS)
def test_an_operation_costs_what_it_was_counted_to(tmp_path: Path, row: str) -> None:
    """All four words, of a model of nothing else; and it is complete."""
    text, _, expected = row.rpartition("|")
    found = read_here(model_of(text), tmp_path)
    cost = analyze(found.graph).cost
    assert found.unknown == []
    assert [cost.params, cost.macs, cost.elementwise, cost.traffic_bytes] == [int(n) for n in expected.split()]


def test_every_operation_with_a_rule_is_in_the_table() -> None:
    """Or among those that it cannot show."""
    assert {single(row).op for row in ROWS} | ELSEWHERE == set(RULES)


def test_both_tables_know_the_same_operations() -> None:
    """One that a table does not know would lose its weights without a word."""
    assert WEIGHTS.keys() == RULES.keys()


#: Operation, attributes and inputs that contradict each other, one thing at a time | what is said of it.
MISFITS = """
Conv | 1x4x8x6 *8x3x3x3 | its weights do not fit its input
Conv group=3 | 1x6x8x6 *8x2x3x3 | its weights do not fit its input
Conv group=0 | 1x4x8x6 *8x4x3x3 | its weights do not fit its input
Conv | 1x4x8x6 *8x4x3 | its weights do not fit its input
Conv | 1x4 *8x4 | its weights do not fit its input
Conv kernel_shape=5,5 | 1x4x8x6 *8x4x3x3 | its kernel_shape is not that of its weights
Conv strides=0,1 | 1x4x8x6 *8x4x3x3 | its stride or dilation is not positive
Conv dilations=1,0 | 1x4x8x6 *8x4x3x3 | its stride or dilation is not positive
Conv pads=0,0,-1,0 | 1x4x8x6 *8x4x3x3 | its padding is negative
ConvTranspose | 1x4x8x6 *3x4x3x3 | its weights do not fit its input
ConvTranspose group=3 | 1x4x8x6 *4x2x3x3 | its weights do not fit its input
ConvTranspose | 1x4x8x6 *4x2x3 | its weights do not fit its input
ConvTranspose kernel_shape=2,3 | 1x4x8x6 *4x2x3x3 | its kernel_shape is not that of its weights
ConvTranspose pads=0,0,0,-1 | 1x4x8x6 *4x2x3x3 | its padding is negative
Gemm | 5x3 *4x3 | the size of its output is not known
Gemm transB=1 | 5x3 *3x4 | the size of its output is not known
Gemm transA=1 | 5x3 *3x4 | the size of its output is not known
MatMul | 5x3 *4x3 | the size of its output is not known
MatMul | 3 *4x3 | the size of its output is not known
MatMul | 5x3 4 | the size of its output is not known
Einsum equation='ij,jk->ik' | 2x3 | its equation does not fit its inputs
Einsum equation='ij->i' | 2x3 3x4 | its equation does not fit its inputs
Einsum equation='ijk->i' | 2x3 | its equation does not fit its inputs
Einsum equation='i->i' | 2x3 | its equation does not fit its inputs
LSTM hidden_size=4 ->3 | 7x2x3 *16x3 *1x16x4 | its input or weights have not three axes
GRU hidden_size=4 ->2 | 7x2x3 *1x12x3 *12x4 | its input or weights have not three axes
RNN hidden_size=4 ->2 | 14x3 *1x4x3 *1x4x4 | its input or weights have not three axes
Attention @23 | 2x5x12 2x7x4 2x7x6 | how many heads it has is not said
Attention @23 q_num_heads=3 kv_num_heads=0 | 2x5x12 2x7x4 2x7x6 | how many heads it has is not said
Attention @23 q_num_heads=0 kv_num_heads=1 | 2x5x12 2x7x4 2x7x6 | how many heads it has is not said
Resize mode='linear' | 1x1x2x2 - - *i[4,4] | the size of its output is not known
RoiAlign output_height=2 output_width=2 | 1x3x8x8 2x4 i:2 | how often it samples depends on the data
MaxPool kernel_shape=3 | 1x3x8x6 | the size of its output is not known
MaxPool | 1x3x8x6 | the size of its output is not known
AveragePool kernel_shape=2,2 strides=0,1 | 1x3x8x6 | the size of its output is not known
com.microsoft.QLinearConv channels_last=1 | q:1x5x5x2 *. *q. *q:3x4x3x3 *. *q. *. *q. | its weights do not fit its input
com.microsoft.nchwc.MaxPool kernel_shape=2,2 dilations=2,2 | 1x16x6x6 | the size of its output is not known
com.microsoft.MatMulNBits K=16 N=6 bits=4 block_size=16 | 5x32 *q:6x2x8 *12 | its matrices do not fit
com.microsoft.DynamicQuantizeLSTM hidden_size=4 ->3 | 7x2x3 *1x4x16 *1x4x16 | its weights do not fit its input
com.microsoft.DynamicQuantizeLSTM hidden_size=4 ->3 | 7x2x3 *1x3x12 *1x4x16 | its weights do not fit its input
com.microsoft.DynamicQuantizeLSTM hidden_size=4 ->3 | 7x2x3 *1x3x16 *1x4x12 | its weights do not fit its input
com.microsoft.Attention num_heads=2 | 2x5x8 *6x24 | its weights do not fit its input
com.microsoft.Attention num_heads=0 | 2x5x8 *8x24 | its num_heads is not said
com.microsoft.MultiHeadAttention num_heads=0 | 2x5x8 2x7x8 2x7x6 | its num_heads is not said
com.microsoft.GroupQueryAttention kv_num_heads=1 | 2x5x16 2x5x8 2x5x8 - - j:1 *j[5] | its num_heads is not said
com.microsoft.FusedMatMul transBatchA=1 | 5x2x3 5x3x4 | its matrices are turned with their batch
com.microsoft.FusedMatMul transBatchB=1 | 5x2x3 5x3x4 | its matrices are turned with their batch
com.microsoft.FusedMatMul | 2x3 *4x3 | its matrices do not fit
com.microsoft.FusedMatMul | 3 *3x4 | its matrices are turned with their batch
com.microsoft.Attention | 2x5x8 *8x24 | its num_heads is not said
MaxPool kernel_shape=9,9 ceil_mode=1 | 1x3x8x9 | the size of its output is not known
Conv pads=1,1,1 | 1x4x8x6 *8x4x3x3 | it has 3 pads where 4 belong
Conv strides=1 | 1x4x8x6 *8x4x3x3 | it has 1 strides where 2 belong
Conv kernel_shape=3 | 1x4x8x6 *8x4x3x3 | it has 1 kernel_shape where 2 belong
Conv | 1x4x8x6 | an input is missing
Conv | 1x4x8x6 - *8 | an input is missing
MaxPool kernel_shape=3 ceil_mode=1 | 1x3x8x9 | the size of its output is not known
com.microsoft.MultiHeadAttention | 2x5x8 2x7x8 2x7x6 | its num_heads is not said
com.microsoft.GroupQueryAttention num_heads=2 | 1x5x8 1 - 1x2x3x4 | how much of its past is filled depends on the data
com.microsoft.GroupQueryAttention num_heads=4 | 1x5x32 - - - - j:1 *j[5] | the size of its output is not known
com.microsoft.MatMulNBits N=6 bits=4 block_size=16 | 5x32 *q:6x2x8 *12 | its K is not said
com.microsoft.MatMulNBits K=32 bits=4 block_size=16 | 5x32 *q:6x2x8 *12 | the size of its output is not known
com.microsoft.QLinearAveragePool | q:1x3x8x6 *. *q. *. *q. | the size of its output is not known
com.microsoft.nchwc.ReorderOutput | 1x16x6x6 | the size of its output is not known
"""


@each("row", MISFITS.strip().splitlines())
def test_an_operation_that_contradicts_itself_is_listed_with_its_reason(tmp_path: Path, row: str) -> None:
    """And counts no product."""
    text, _, reason = row.rpartition("|")
    found = read_here(model_of(text), tmp_path)
    assert [(missing.op, missing.reason) for missing in found.unknown] == [(single(row).op, reason.strip())]
    assert analyze(found.graph).cost.macs == 0


@each(("bits", "taken", "kind"), [(2, 4, "uint2"), (4, 8, "uint4"), (8, 16, "uint8")])
def test_packed_weights_have_as_many_bits_as_they_say(tmp_path: Path, bits: int, taken: int, kind: str) -> None:
    """However many bytes hold a block of them."""
    row = f"com.microsoft.MatMulNBits K=32 N=6 bits={bits} block_size=16 | 5x32 *q:6x2x{taken} *12"
    graph = read_here(model_of(row), tmp_path).graph
    assert graph.weight_types is not None
    assert graph.weight_types[0] == ((kind, 192),)
    assert analyze(graph).cost.weight_bytes == 192 * bits // 8
