"""Rules of matrix products, of networks that repeat in time, and of attention."""

from math import prod

from ...graph.ops import Linear
from .values import Call, Count, Unknown
from .windows import Rule


def gemm(right: int = 1, bias: int = 2) -> Rule:
    """The rule of A' x B' + C, B and C being the inputs of those numbers: a `Linear` over the columns of A."""

    def rule(call: Call) -> Count:
        a, b, out = call.shape(0), call.shape(right), call.made
        if len(a) != 2 or len(b) != 2:
            raise Unknown("it multiplies two matrices")
        inner = a[0] if call.integer("transA", 0) else a[1]
        if inner != (b[1] if call.integer("transB", 0) else b[0]) or len(out) != 2:
            raise Unknown("its matrices do not fit")
        biased = call.has(bias)
        count = Count(macs=prod(out) * inner, elementwise=int(biased) * prod(out))
        return count if call.integer("transA", 0) else count._replace(primitive=Linear(a[1], out[1], biased))

    return rule


def matmul(left: int = 0, right: int = 1) -> Rule:
    """The rule of a matrix product, of matrices in the last two axes, of the inputs of those numbers."""

    def rule(call: Call) -> Count:
        a, b, out = call.shape(left), call.shape(right), call.made
        if not a or not b or a[-1] != b[max(len(b) - 2, 0)]:
            raise Unknown("its matrices do not fit")
        macs = prod(out) * a[-1]
        constant = call.inputs[right]
        if len(a) == len(b) == 2 and constant is not None and constant.constant:
            return Count(macs, primitive=Linear(a[1], b[1]))
        return Count(macs)

    return rule


def einsum(call: Call) -> Count:
    """As many products as its letters' sizes multiply to, for each operand but the first; see `numpy.einsum`.

    Where no letter is summed over, these are multiplications and no multiply-adds; a single operand is
    added up.
    """
    given, arrow, made = call.text("equation").replace(" ", "").partition("->")
    sizes: dict[str, int] = {}
    terms = given.split(",")
    if len(terms) != len(call.inputs):
        raise Unknown("its equation does not fit its inputs")
    for number, term in enumerate(terms):
        letters = _letters(term, call.shape(number))
        for letter, n in letters.items():
            sizes[letter] = max(n, sizes.get(letter, n))
    kept = made if arrow else [letter for letter in given if given.count(letter) == 1]
    is_sum = any(letter not in kept for letter in sizes if len(letter) == 1)
    steps = max(len(terms) - 1, 1) * prod(sizes.values()) if is_sum or len(terms) > 1 else 0
    return Count(steps) if is_sum and len(terms) > 1 else Count(elementwise=steps)


def _letters(term: str, shape: tuple[int, ...]) -> dict[str, int]:
    """Each letter with its size; what `...` stands for is numbered from the end."""
    before, dots, after = term.partition("...")
    middle = len(shape) - len(before) - len(after)
    if middle < 0 or (middle and not dots):
        raise Unknown("its equation does not fit its inputs")
    names = [*before, *[f"...{middle - i}" for i in range(middle)], *after]
    return dict(zip(names, shape))


#: Of an LSTM, a GRU and an RNN: products with the input (and the state), functions applied, element operations that
#: combine them, per hidden number. LSTM: f c, i g, their sum, o tanh(c). GRU: r h, 1 - z, both times a state, the sum.
RECURRENT = {"LSTM": (4, 5, 4), "GRU": (3, 3, 5), "RNN": (1, 1, 0)}


def recurrent(call: Call) -> Count:
    """Every gate multiplies the input and the state, at every step, in every direction; biases are two a gate."""
    x, w, r = call.shape(0), call.shape(1), call.shape(2)
    if len(x) != 3 or len(w) != 3 or len(r) != 3:
        raise Unknown("its input or weights have not three axes")
    gates, functions, combined = RECURRENT[call.op]
    hidden = r[2]
    states = x[0] * x[1] * w[0] * hidden
    per_state = gates + 2 * gates * int(call.has(3)) + functions + combined + 6 * int(call.has(7))
    return Count(states * gates * (x[2] + hidden), states * per_state)


def attention(call: Call) -> Count:
    """Queries times keys, and those times values; Vaswani et al. 2017, section 3.2.1."""
    q, k, v = call.shape(0), call.shape(1), call.shape(2)
    if len(q) == 4:
        heads, features, values = q[1], q[1] * q[3], q[1] * v[3]
        keys = k[2]
    else:
        heads = call.integer("q_num_heads", 0)
        shared = call.integer("kv_num_heads", heads)
        if heads < 1 or shared < 1 or len(q) != 3:
            raise Unknown("how many heads it has is not said")
        features, values, keys = q[2], heads * (v[2] // shared), k[1]
    keys += call.shape(4)[2] if call.has(4) else 0  # of the past
    count = scores(q[0], heads, q[-2], keys, features, values)
    return count._replace(elementwise=count.elementwise + int(call.has(3)) * q[0] * heads * q[-2] * keys)


def scores(batch: int, heads: int, queries: int, keys: int, features: int, values: int) -> Count:
    """Products and softmax (with its scale) of an attention; features and values of all heads together."""
    pairs = batch * queries * keys
    return Count(pairs * (features + values), 6 * heads * pairs)
