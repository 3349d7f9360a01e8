"""Operations of ONNX Runtime, which ONNX knows nothing of: their sizes, what they count, which inputs are weights.

Definitions: github.com/microsoft/onnxruntime, docs/ContribOperators.md. Optimised files are made of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any, NamedTuple

from ...graph.ops import Conv, Ints, Pool, Shape
from ...graph.shapes import conv_size, pool_size
from .elementwise import each
from .products import gemm, matmul, scores
from .values import Call, Count, Sizes, Unknown
from .windows import Rule, conv, global_pool, padding, pool, steps

DOMAIN = "com.microsoft."

#: Convolutions and pooling over blocks of channels.
BLOCKED = "com.microsoft.nchwc."

Shapes = Callable[[Call], Sequence[Sizes | None]]


class Operation(NamedTuple):
    """Sizes of the outputs, what is counted, which inputs hold weights, and `like`: the first of these inputs that is
    there has the outputs' type."""

    shapes: Shapes
    rule: Rule
    weights: Ints
    like: Ints = (0,)


def _same(call: Call) -> Sequence[Sizes | None]:
    return [call.shape(0)]


def _said(call: Call, word: str) -> int:
    """A number that the operation must have; Unknown where it has none."""
    found = call.integer(word, 0)
    if found < 1:
        raise Unknown(f"its {word} is not said")
    return found


def _quantised_pair(call: Call) -> Sequence[Sizes | None]:
    """Two inputs, behind each its scale and zero point, each repeated over the other."""
    return [broadcast(call.shape(0), call.shape(3))]


def broadcast(a: Shape, b: Shape) -> Shape:
    """The shape of what is made of two tensors, element by element.

    >>> broadcast((2, 1, 4), (3, 1))
    (2, 3, 4)
    """
    longest = max(len(a), len(b))
    pairs = zip((1,) * (longest - len(a)) + a, (1,) * (longest - len(b)) + b)
    return tuple([n if m == 1 else m for n, m in pairs])


def _matmul_shapes(call: Call) -> Sequence[Sizes | None]:
    a, b = _turned(call, "transA", call.shape(0)), _turned(call, "transB", call.shape(1))
    return [(*broadcast(a[:-2], b[:-2]), a[-2], b[-1])]


def _turned(call: Call, word: str, shape: Shape) -> Shape:
    """A matrix as it is multiplied; Unknown where batch axes are turned, too."""
    if call.integer(f"transBatch{word[-1]}", 0) or len(shape) < 2:
        raise Unknown("its matrices are turned with their batch")
    return (*shape[:-2], shape[-1], shape[-2]) if call.integer(word, 0) else shape


def _fused_matmul(call: Call) -> Count:
    a, b = _turned(call, "transA", call.shape(0)), _turned(call, "transB", call.shape(1))
    if a[-1] != b[-2]:
        raise Unknown("its matrices do not fit")
    return Count(prod(call.made) * a[-1])


def _gemm_shapes(right: int = 1) -> Shapes:
    def shapes(call: Call) -> Sequence[Sizes | None]:
        a, b = call.shape(0), call.shape(right)
        return [(a[1] if call.integer("transA", 0) else a[0], b[0] if call.integer("transB", 0) else b[1])]

    return shapes


def _conv_shapes(weights: int = 1) -> Shapes:
    def shapes(call: Call) -> Sequence[Sizes | None]:
        x, w = call.shape(0), call.shape(weights)
        if call.integer("channels_last", 0):
            x = (x[0], x[-1], *x[1:-1])
        stride, dilation = steps(call, len(x) - 2)
        pads = padding(call, x[2:], w[2:], stride, dilation)
        made = conv_size(Conv(x[1], w[0], w[2:], stride, pads, dilation), x[2:])
        return [(x[0], *made, w[0]) if call.integer("channels_last", 0) else (x[0], w[0], *made)]

    return shapes


def _fused_conv(call: Call) -> Count:
    """A convolution, then perhaps what is added to it, and a function of that."""
    activation = call.text("activation") not in ("", "Identity")
    return conv()(call)._replace(more=int(activation) + int(call.has(3)))


def _more(rule: Rule, *optional: int, word: str = "") -> Rule:
    """The rule of an operation that does one more for each output: for an input that is there, for an attribute."""

    def counted(call: Call) -> Count:
        asked = sum([call.has(index) for index in optional]) + int(bool(call.text(word)))
        return rule(call)._replace(more=asked)

    return counted


def _pool_shapes(call: Call) -> Sequence[Sizes | None]:
    x, last = call.shape(0), call.integer("channels_last", 0)
    if last:
        x = (x[0], x[-1], *x[1:-1])
    kernel = call.integers("kernel_shape", (0,) * (len(x) - 2))
    stride, dilation = steps(call, len(kernel))
    if set(dilation) != {1} or 0 in kernel:
        raise Unknown("its window is dilated, or not said")
    pads = padding(call, x[2:], kernel, stride, dilation)
    made = pool_size(Pool("max", kernel, stride, pads, bool(call.integer("ceil_mode", 0))), x[2:])
    return [(x[0], *made, x[1]) if last else (x[0], x[1], *made)]


def _global_shapes(call: Call) -> Sequence[Sizes | None]:
    x = call.shape(0)
    ones = (1,) * (len(x) - 2)
    return [(x[0], *ones, x[-1]) if call.integer("channels_last", 0) else (*x[:2], *ones)]


def _channels_first(rule: Rule) -> Rule:
    """The rule where channels come second; where they come last, windows are counted as if they came second."""

    def counted(call: Call) -> Count:
        if not call.integer("channels_last", 0):
            return rule(call)
        x, out = call.shape(0), call.made
        kernel = call.integers("kernel_shape", x[1:-1])
        return Count(elementwise=prod(kernel) * prod(out))

    return counted


def _quantised_conv(call: Call) -> Count:
    if not call.integer("channels_last", 0):
        return conv(0, 3, 8)(call)
    x, w, out = call.shape(0), call.shape(3), call.made
    if x[-1] != w[1] * call.integer("group", 1) or out[-1] != w[0]:
        raise Unknown("its weights do not fit its input")
    return Count(prod(out) * prod(w[1:]), int(call.has(8)) * prod(out))


def _concat_shapes(call: Call) -> Sequence[Sizes | None]:
    parts = [call.shape(index) for index in range(2, len(call.inputs), 3)]
    first, *_ = parts
    axis = call.integer("axis", 0) % len(first)
    return [(*first[:axis], sum([part[axis] for part in parts]), *first[axis + 1 :])]


def _skip_shapes(call: Call) -> Sequence[Sizes | None]:
    x = call.shape(0)
    rows = (*x[:-1], 1)
    return [x, rows, rows, x]


def _embed_shapes(call: Call) -> Sequence[Sizes | None]:
    tokens, words = call.shape(0), call.shape(2)
    made = (*tokens, words[1])
    return [made, (tokens[0],), made]


def _embed(call: Call) -> Count:
    """Two or three rows are added, and normalised."""
    return Count(elementwise=(5 + 1 + int(call.has(4))) * prod(call.made))


def _split_gelu_shapes(call: Call) -> Sequence[Sizes | None]:
    x = call.shape(0)
    return [(*x[:-1], x[-1] // 2)]


def _n_bits_shapes(call: Call) -> Sequence[Sizes | None]:
    return [(*call.shape(0)[:-1], _said(call, "N"))]


def _n_bits(call: Call) -> Count:
    x, inner = call.shape(0), _said(call, "K")
    if x[-1] != inner:
        raise Unknown("its matrices do not fit")
    return Count(prod(call.made) * inner, int(call.has(5)) * prod(call.made))


def packed_size(call: Call) -> int:
    """Numbers in the weights of MatMulNBits, several of which share a byte."""
    return call.integer("N", 0) * call.integer("K", 0)


def packed_kind(call: Call) -> int:
    """ONNX's number of the type of these weights: 2, 4 or 8 bits."""
    return {2: 25, 8: 2}.get(call.integer("bits", 4), 21)


def _lstm_shapes(call: Call) -> Sequence[Sizes | None]:
    x, r = call.shape(0), call.shape(2)
    return [(x[0], r[0], x[1], r[1]), (r[0], x[1], r[1]), (r[0], x[1], r[1])]


def _lstm(call: Call) -> Count:
    """As ONNX's, its weights the other way round."""
    x, w, r = call.shape(0), call.shape(1), call.shape(2)
    if w[1] != x[2] or w[2] != 4 * r[1] or r[2] != w[2]:
        raise Unknown("its weights do not fit its input")
    states = x[0] * x[1] * w[0] * r[1]
    return Count(states * 4 * (x[2] + r[1]), states * (4 + 8 * int(call.has(3)) + 5 + 4 + 6 * int(call.has(7))))


def _projected(call: Call) -> tuple[int, int]:
    """Features of keys, which are those of queries, and of values of an attention that makes them of its input."""
    said, w = call.attributes.get("qkv_hidden_sizes"), call.shape(1)
    if said is not None and len(said.ints) == 3:
        _, keys, values = said.ints
        return keys, values
    return (w[1] // 3,) * 2


def _self_attention_shapes(call: Call) -> Sequence[Sizes | None]:
    x = call.shape(0)
    _, values = _projected(call)
    return [(*x[:2], values)]


def _self_attention(past: int) -> Rule:
    """The input times the weights, then queries times keys, and those times values."""

    def rule(call: Call) -> Count:
        x, w = call.shape(0), call.shape(1)
        (features, values), heads = _projected(call), _said(call, "num_heads")
        if x[-1] != w[0]:
            raise Unknown("its weights do not fit its input")
        keys = x[1] + (call.shape(past)[3] if call.has(past) else 0)
        count = scores(x[0], heads, x[1], keys, features, values)
        projected = x[0] * x[1] * w[1]
        return Count(count.macs + projected * w[0], count.elementwise + int(call.has(2)) * projected)

    return rule


def _heads(call: Call) -> tuple[int, int, int, int, int, int]:
    """Batch, heads, queries, keys, and features of all heads: of a query and a value."""
    q, heads = call.shape(0), _said(call, "num_heads")
    if not call.has(1):  # queries, keys and values in one
        return q[0], heads, q[1], q[1], heads * q[-1], heads * q[-1]
    k = call.shape(1)
    if not call.has(2):  # keys and values in one
        return q[0], heads, q[1], k[1], q[2], q[2]
    v = call.shape(2)
    if len(v) == 4:
        return q[0], heads, q[1], k[2], q[2], heads * v[3]
    return q[0], heads, q[1], k[1], q[2], v[2]


def _multi_head_shapes(call: Call) -> Sequence[Sizes | None]:
    batch, _, queries, _, _, values = _heads(call)
    return [(batch, queries, values)]


def _multi_head(call: Call) -> Count:
    batch, heads, queries, keys, features, values = _heads(call)
    if call.has(6):
        past = call.shape(6)
        keys += past[2]
    return scores(batch, heads, queries, keys, features, values)


def _grouped_shapes(call: Call) -> Sequence[Sizes | None]:
    q, heads = call.shape(0), _said(call, "num_heads")
    return [q if call.has(1) else (*q[:2], q[2] * heads // (heads + 2 * _said(call, "kv_num_heads")))]


def _grouped(call: Call) -> Count:
    """Keys and values that several heads share; how much of the past is filled, only the data know."""
    q, heads = call.shape(0), _said(call, "num_heads")
    if call.has(3) and call.shape(3)[2]:
        raise Unknown("how much of its past is filled depends on the data")
    features = call.made[2]
    return scores(q[0], heads, q[1], q[1], features, features)


_ADDED = _more(each(1), 1)

#: By name, what stands before it left out.
_OPERATIONS: dict[str, Operation] = {
    **{
        op: Operation(_same, each(n), ())
        for op, n in {
            "Gelu": 1, "QuickGelu": 1, "QLinearSigmoid": 1, "QLinearLeakyRelu": 1, "QLinearSoftmax": 5,
            "RotaryEmbedding": 3,
        }.items()
    },
    "QuantizeLinear": Operation(_same, each(2), (0,), (2,)),
    "DequantizeLinear": Operation(_same, each(2), (0,), (1,)),
    "FastGelu": Operation(_same, _ADDED, (1,)),
    "BiasGelu": Operation(_same, each(2), (1,)),
    "BiasAdd": Operation(_same, each(2), (1,)),
    "BiasSplitGelu": Operation(_split_gelu_shapes, each(4), (1,)),
    "GroupNorm": Operation(_same, each(5), (1, 2)),
    "SkipLayerNormalization": Operation(_skip_shapes, _more(each(6), 4), (2, 3, 4)),
    "SkipSimplifiedLayerNormalization": Operation(_skip_shapes, _more(each(5), 3), (2, 3)),
    "EmbedLayerNormalization": Operation(_embed_shapes, _embed, (2, 3, 4, 5, 6), (2,)),
    "QLinearAdd": Operation(_quantised_pair, each(), (0, 3)),
    "QLinearMul": Operation(_quantised_pair, each(), (0, 3)),
    "QLinearConcat": Operation(_concat_shapes, lambda _: Count(), (), (2,)),
    "QLinearAveragePool": Operation(_pool_shapes, _channels_first(pool("avg")), ()),
    "QLinearGlobalAveragePool": Operation(_global_shapes, _channels_first(global_pool("avg")), ()),
    "QLinearConv": Operation(_conv_shapes(3), _quantised_conv, (3, 8)),
    "FusedConv": Operation(_conv_shapes(), _fused_conv, (1, 2)),
    "FusedMatMul": Operation(_matmul_shapes, _fused_matmul, (0, 1)),
    "TransposeMatMul": Operation(_matmul_shapes, _fused_matmul, (0, 1)),
    "FusedGemm": Operation(_gemm_shapes(), _more(gemm(), word="activation"), (0, 1, 2)),
    "QGemm": Operation(_gemm_shapes(3), gemm(3, 6), (3, 6), (8, 1)),
    "DynamicQuantizeMatMul": Operation(_matmul_shapes, _more(matmul(), 4), (1, 4)),
    "MatMulIntegerToFloat": Operation(_matmul_shapes, _more(matmul(), 6), (1, 6), (2,)),
    "MatMulNBits": Operation(_n_bits_shapes, _n_bits, (1, 5)),
    "DynamicQuantizeLSTM": Operation(_lstm_shapes, _lstm, (1, 2, 3, 7)),
    "Attention": Operation(_self_attention_shapes, _self_attention(4), (1, 2)),
    "QAttention": Operation(_self_attention_shapes, _self_attention(8), (1, 2), (3,)),
    "MultiHeadAttention": Operation(_multi_head_shapes, _multi_head, (3,)),
    "GroupQueryAttention": Operation(_grouped_shapes, _grouped, ()),
}  # fmt: skip

#: The same over blocks of channels.
_BLOCKS: dict[str, Operation] = {
    "Conv": Operation(_conv_shapes(), _fused_conv, (1, 2)),
    "MaxPool": Operation(_pool_shapes, pool("max"), ()),
    "AveragePool": Operation(_pool_shapes, pool("avg"), ()),
    "GlobalMaxPool": Operation(_global_shapes, global_pool("max"), ()),
    "GlobalAveragePool": Operation(_global_shapes, global_pool("avg"), ()),
    "ReorderOutput": Operation(lambda call: [_unblocked(call)], lambda _: Count(), ()),
    "ReorderInput": Operation(lambda call: [_blocked(call)], lambda _: Count(), ()),
}

#: Channels in a block, by the machine that the file was made for.
BLOCKS = (16, 8)


def block_size(graph: Any) -> int:
    """Channels in a block: the convolutions over blocks have whole ones."""
    dims = {tensor.name: tensor.dims for tensor in graph.initializer}
    blocked = [n for n in graph.node if f"{n.domain}." == BLOCKED and n.op_type == "Conv" and len(n.input) > 1]
    made = [dims[node.input[1]][0] for node in blocked if dims.get(node.input[1])]
    return next((size for size in BLOCKS if not any(n % size for n in made)), BLOCKS[-1])


def _blocked(call: Call) -> Sizes:
    x = call.shape(0)
    channels = x[-1] if call.integer("channels_last", 0) else x[1]
    others = x[1:-1] if call.integer("channels_last", 0) else x[2:]
    return (x[0], -(-channels // call.block) * call.block, *others)


def _unblocked(call: Call) -> Sizes:
    x, channels = call.shape(0), _said(call, "channels")
    return (x[0], *x[2:], channels) if call.integer("channels_last", 0) else (x[0], channels, *x[2:])


_NAMED = {**{DOMAIN + op: row for op, row in _OPERATIONS.items()}, **{BLOCKED + op: r for op, r in _BLOCKS.items()}}

SHAPES: dict[str, Shapes] = {
    **{op: row.shapes for op, row in _NAMED.items()}, "SimplifiedLayerNormalization": _same,
}  # fmt: skip
LIKE: dict[str, Ints] = {op: row.like for op, row in _NAMED.items()}
RULES: dict[str, Rule] = {op: row.rule for op, row in _NAMED.items()}
WEIGHTS: dict[str, Ints] = {op: row.weights for op, row in _NAMED.items()}
