"""The two tables: what an operation counts, knowingly nothing among it, and whose weights it reads or passes on.

What is not in them is unknown.
"""

from .elementwise import (
    activation,
    add,
    concat,
    copy,
    count_batch_norm,
    count_gather,
    each,
    grid_sample,
    local_response,
    reduce,
    resize,
    roi_align,
    variadic,
    view,
)
from .microsoft import RULES as MICROSOFT
from .microsoft import WEIGHTS as MICROSOFT_WEIGHTS
from .products import attention, einsum, gemm, matmul, recurrent
from .windows import Rule, causal_conv, conv, conv_transpose, deform_conv, global_pool, pool

#: One operation per output element.
_ONCE = (
    "Abs Acos Acosh And Asin Asinh Atan Atanh BitShift BitwiseAnd BitwiseNot BitwiseOr BitwiseXor Ceil Celu Clip "
    "Cos Cosh CumProd CumSum Div Elu Equal Erf Exp Floor Gelu Greater GreaterOrEqual HardSigmoid HardSwish "
    "Hardmax IsInf IsNaN LeakyRelu Less LessOrEqual Log Mish Mod Mul Neg Not Or PRelu Pow Reciprocal Round Selu "
    "Shrink Sign Silu Sin Sinh Softplus Softsign Sqrt Sub Swish Tan ThresholdedRelu Where Xor"
)

#: One operation per input element.
_REDUCTIONS = (
    "ArgMax ArgMin ReduceL1 ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum TopK",
    "ReduceL2 ReduceLogSum ReduceLogSumExp ReduceSumSquare",  # two: a function of the element comes first
)

#: Knowingly free: another look at a tensor.
_VIEWS = "Dropout Flatten Identity Optional OptionalGetElement Reshape Squeeze Unsqueeze"

#: Knowingly free: numbers are moved, made or looked up, none computed. Generators of random numbers among them.
_COPIES = (
    "Bernoulli BitCast Cast CastLike CenterCropPad Col2Im Compress ConstantOfShape DepthToSpace Expand EyeLike "
    "Multinomial NonZero OneHot OptionalHasElement Pad RandomNormal RandomNormalLike RandomUniform "
    "RandomUniformLike Range ReverseSequence Scatter ScatterElements ScatterND SequenceAt SequenceConstruct "
    "SequenceEmpty SequenceErase SequenceInsert SequenceLength Shape Size Slice SpaceToDepth Split "
    "SplitToSequence ConcatFromSequence TensorScatter Tile Transpose Trilu MaxUnpool Unique"
)

#: LayerNorm's five operations: the BatchNorm's two, and three for the statistics. RMS needs no mean. Softmax:
#: maximum, difference, exponential, sum, quotient.
_SEVERAL = {
    "GroupNormalization": 5, "InstanceNormalization": 5, "LayerNormalization": 5, "LpNormalization": 3,
    "MeanVarianceNormalization": 5, "RMSNormalization": 4, "SimplifiedLayerNormalization": 4,
    "Softmax": 5, "LogSoftmax": 5, "QuantizeLinear": 2, "DequantizeLinear": 2, "DynamicQuantizeLinear": 4,
    "RotaryEmbedding": 3,
}  # fmt: skip

RULES: dict[str, Rule] = {
    **dict.fromkeys(_ONCE.split(), each()),
    **dict.fromkeys(_REDUCTIONS[0].split(), reduce()),
    **dict.fromkeys(_REDUCTIONS[1].split(), reduce(2)),
    **dict.fromkeys(_VIEWS.split(), view),
    **dict.fromkeys(_COPIES.split(), copy),
    **dict.fromkeys(("Gather", "GatherElements", "GatherND"), count_gather),
    **dict.fromkeys(("Max", "Min", "Mean", "Sum"), variadic),
    **{op: each(operations) for op, operations in _SEVERAL.items()},
    "Relu": activation("relu"),
    "Sigmoid": activation("sigmoid"),
    "Tanh": activation("tanh"),
    "Add": add,
    "Concat": concat,
    "BatchNormalization": count_batch_norm,
    "LRN": local_response,
    "Resize": resize,
    "Upsample": resize,
    "GridSample": grid_sample,
    "RoiAlign": roi_align,
    "MaxRoiPool": reduce(),
    "Conv": conv(),
    "ConvInteger": conv(bias=None),
    "QLinearConv": conv(0, 3, 8),
    "ConvTranspose": conv_transpose,
    "DeformConv": deform_conv,
    "MaxPool": pool("max"),
    "AveragePool": pool("avg"),
    "LpPool": pool("lp"),
    "GlobalMaxPool": global_pool("max"),
    "GlobalAveragePool": global_pool("avg"),
    "GlobalLpPool": global_pool("lp"),
    "Gemm": gemm(),
    "MatMul": matmul(),
    "MatMulInteger": matmul(),
    "QLinearMatMul": matmul(0, 3),
    "Einsum": einsum,
    "LSTM": recurrent,
    "GRU": recurrent,
    "RNN": recurrent,
    "Attention": attention,
    "CausalConvWithState": causal_conv,
    "Constant": copy,
    **MICROSOFT,
}


#: Which inputs hold weights: an operation reads them where it is counted, and passes them on where it computes with
#: constants alone; None: every input. Sizes, positions, limits, scales, zero points, masks and running statistics are
#: none.
_HOLDERS: dict[tuple[int, ...] | None, str] = {
    None: "Abs Add Concat ConcatFromSequence Div Einsum Gemm GroupNormalization InstanceNormalization "
    "LayerNormalization MatMul Max Mean Min Mul PRelu RMSNormalization SequenceConstruct SimplifiedLayerNormalization "
    "Sub Sum TensorScatter",
    (0,): "Acos Acosh ArgMax ArgMin Asin Asinh Atan Atanh AveragePool BitCast Cast CastLike Ceil Celu CenterCropPad "
    "Clip Col2Im Compress Cos Cosh CumProd CumSum DepthToSpace DequantizeLinear Dropout DynamicQuantizeLinear Elu Erf "
    "Exp Expand Flatten Floor Gather GatherElements GatherND Gelu GlobalAveragePool GlobalLpPool GlobalMaxPool "
    "GridSample HardSigmoid HardSwish Hardmax Identity LRN LeakyRelu Log LogSoftmax LpNormalization LpPool MaxPool "
    "MaxRoiPool MaxUnpool MeanVarianceNormalization Mish Neg Optional OptionalGetElement Pad Pow QuantizeLinear "
    "Reciprocal ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum "
    "ReduceSumSquare Relu Reshape Resize ReverseSequence RoiAlign RotaryEmbedding Round Selu SequenceAt Shrink "
    "Sigmoid Sign Silu Sin Sinh Slice Softmax Softplus Softsign SpaceToDepth Split SplitToSequence Sqrt Squeeze Swish "
    "Tan Tanh ThresholdedRelu Tile TopK Transpose Trilu Unique Unsqueeze Upsample",
    (0, 1, 2): "Attention BatchNormalization Conv ConvTranspose",
    (0, 1): "MatMulInteger SequenceInsert",
    (0, 2): "Scatter ScatterElements ScatterND",
    (0, 3): "QLinearMatMul",
    (0, 1, 3): "DeformConv",
    (1,): "ConvInteger",
    (1, 2): "CausalConvWithState Where",
    (1, 2, 3): "GRU RNN",
    (1, 2, 3, 7): "LSTM",
    (3, 8): "QLinearConv",
    (): "And Bernoulli BitShift BitwiseAnd BitwiseNot BitwiseOr BitwiseXor Constant ConstantOfShape Equal EyeLike "
    "Greater GreaterOrEqual IsInf IsNaN Less LessOrEqual Mod Multinomial NonZero Not OneHot OptionalHasElement Or "
    "RandomNormal RandomNormalLike RandomUniform RandomUniformLike Range SequenceEmpty SequenceErase SequenceLength "
    "Shape Size Xor",
}
WEIGHTS: dict[str, tuple[int, ...] | None] = {
    **{op: indices for indices, ops in _HOLDERS.items() for op in ops.split()},
    **MICROSOFT_WEIGHTS,
}
if WEIGHTS.keys() != RULES.keys():  # an operation that one table does not know would lose weights without a word
    raise RuntimeError(f"one table alone knows {sorted(WEIGHTS.keys() ^ RULES.keys())}")

#: Operations whose weights count, and pass on, even where they are a single number: elsewhere that is a literal.
_LEARNED = (
    "Conv ConvTranspose ConvInteger QLinearConv Gemm MatMul MatMulInteger QLinearMatMul BatchNormalization PRelu LSTM "
    "GRU RNN LayerNormalization GroupNormalization InstanceNormalization RMSNormalization DeformConv Einsum "
    "SimplifiedLayerNormalization CausalConvWithState Cast CastLike Identity Reshape Transpose Squeeze Unsqueeze "
    "Flatten DequantizeLinear QuantizeLinear Slice Gather Split"
)
LEARNED = frozenset(_LEARNED.split()) | MICROSOFT_WEIGHTS.keys() - {
    "com.microsoft.QLinearAdd",
    "com.microsoft.QLinearMul",
}

#: Operations with products: they count where they compute with constants alone, too.
_PRODUCTS = (
    "Attention CausalConvWithState Conv ConvInteger ConvTranspose DeformConv Einsum GRU Gemm LSTM MatMul "
    "MatMulInteger QLinearConv QLinearMatMul RNN "
)
_MICROSOFT_PRODUCTS = (
    "Attention DynamicQuantizeLSTM DynamicQuantizeMatMul FusedConv FusedGemm FusedMatMul GroupQueryAttention "
    "MatMulIntegerToFloat MatMulNBits MultiHeadAttention QAttention QGemm QLinearConv TransposeMatMul nchwc.Conv"
)
PRODUCTS = frozenset((*_PRODUCTS.split(), *[f"com.microsoft.{op}" for op in _MICROSOFT_PRODUCTS.split()]))
