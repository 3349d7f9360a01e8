"""The table: which operation is counted how, and which is knowingly free. What is not in it is unknown."""

from .elementwise import (
    activation,
    add,
    batch_norm,
    concat,
    copy,
    each,
    gather,
    grid_sample,
    local_response,
    reduce,
    resize,
    roi_align,
    variadic,
    view,
)
from .products import attention, einsum, gemm, matmul, recurrent
from .windows import Rule, conv, conv_transpose, deform_conv, global_pool, pool

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
_VIEWS = "Dropout Flatten Identity Reshape Squeeze Unsqueeze Optional OptionalGetElement"

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
    **dict.fromkeys(("Gather", "GatherElements", "GatherND"), gather),
    **dict.fromkeys(("Max", "Min", "Mean", "Sum"), variadic),
    **{op: each(operations) for op, operations in _SEVERAL.items()},
    "Relu": activation("relu"),
    "Sigmoid": activation("sigmoid"),
    "Tanh": activation("tanh"),
    "Add": add,
    "Concat": concat,
    "BatchNormalization": batch_norm,
    "LRN": local_response,
    "Resize": resize,
    "Upsample": resize,
    "GridSample": grid_sample,
    "RoiAlign": roi_align,
    "MaxRoiPool": reduce(),
    "Conv": conv(),
    "ConvInteger": conv(bias=-1),
    "QLinearConv": conv(0, 3, 8),
    "ConvTranspose": conv_transpose,
    "DeformConv": deform_conv,
    "MaxPool": pool("max"),
    "AveragePool": pool("avg"),
    "LpPool": pool("lp"),
    "GlobalMaxPool": global_pool("max"),
    "GlobalAveragePool": global_pool("avg"),
    "GlobalLpPool": global_pool("lp"),
    "Gemm": gemm,
    "MatMul": matmul(),
    "MatMulInteger": matmul(),
    "QLinearMatMul": matmul(0, 3),
    "Einsum": einsum,
    "LSTM": recurrent,
    "GRU": recurrent,
    "RNN": recurrent,
    "Attention": attention,
}

#: Which inputs are weights, where not all constants are: zero points, axes, running statistics are none.
WEIGHTS: dict[str, tuple[int, ...]] = {
    "BatchNormalization": (1, 2),
    "QLinearConv": (3, 8),
    "ConvInteger": (1,),
    "MatMulInteger": (0, 1),
    "QLinearMatMul": (0, 3),
    "LSTM": (1, 2, 3, 7),
    "GRU": (1, 2, 3),
    "RNN": (1, 2, 3),
    "DequantizeLinear": (0,),
    "QuantizeLinear": (0,),
    "Gather": (0,),
    **dict.fromkeys(("Clip", "Resize", "Upsample", "Pad", "Pow", "Where", "OneHot", "Dropout", "Expand"), ()),
}

#: Operations whose weights count even where they are a single number.
_LEARNED = (
    "Conv ConvTranspose ConvInteger QLinearConv Gemm MatMul MatMulInteger QLinearMatMul BatchNormalization PRelu LSTM "
    "GRU RNN LayerNormalization GroupNormalization InstanceNormalization RMSNormalization DeformConv Einsum"
)
LEARNED = frozenset(_LEARNED.split())
