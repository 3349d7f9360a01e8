"""The cost formulas run on sizes that are no numbers: here polynomials, which refuse to be compared."""

from __future__ import annotations

from collections import Counter
from typing import Any, NoReturn

import pytest
from tables import each

from convcost.analysis.cost import elementwise, macs, of_dtype, op_cost, params
from convcost.graph.ops import Activation, Add, BatchNorm, Conv, Graph, Node
from convcost.graph.shapes import infer_shapes

Monomial = tuple[str, ...]  # names, sorted, as often as they are multiplied


class Polynomial:
    """An integer polynomial: sums and products, exact division, and no question about its value."""

    def __init__(self, terms: dict[Monomial, int]) -> None:
        self.terms = {names: factor for names, factor in terms.items() if factor}

    @staticmethod
    def of(value: object) -> Polynomial:
        if isinstance(value, Polynomial):
            return value
        assert type(value) is int
        return Polynomial({(): value})

    def __add__(self, other: object) -> Polynomial:
        total = Counter(self.terms)
        for names, factor in Polynomial.of(other).terms.items():
            total[names] += factor
        return Polynomial(total)

    def __mul__(self, other: object) -> Polynomial:
        product: Counter[Monomial] = Counter()
        for names, factor in self.terms.items():
            for more, by in Polynomial.of(other).terms.items():
                product[tuple(sorted(names + more))] += factor * by
        return Polynomial(product)

    def __sub__(self, other: object) -> Polynomial:
        return self + Polynomial.of(other) * -1

    def __rsub__(self, other: object) -> Polynomial:
        return Polynomial.of(other) - self

    __radd__, __rmul__ = __add__, __mul__

    def __floordiv__(self, other: object) -> Polynomial:
        """By one term that divides every term."""
        ((divisor, by),) = Polynomial.of(other).terms.items()
        quotient = {}
        for names, factor in self.terms.items():
            rest = Counter(names)
            rest.subtract(divisor)
            assert factor % by == 0
            assert min(rest.values(), default=0) >= 0
            quotient[tuple(sorted(rest.elements()))] = factor // by
        return Polynomial(quotient)

    def refuse(self, *_: object) -> NoReturn:
        raise TypeError("a symbolic size has no value")

    __bool__ = __int__ = __index__ = __lt__ = __le__ = __gt__ = __ge__ = __hash__ = refuse
    __eq__ = __ne__ = refuse  # even equality would be a question

    def __repr__(self) -> str:
        return " + ".join(
            "·".join([*([str(factor)] if factor != 1 or not names else []), *names])
            for names, factor in sorted(self.terms.items(), key=lambda term: (len(term[0]), term[0]))
        )


def size(name: str) -> Any:
    return Polynomial({(name,): 1})


N, CIN, COUT, H, W, K = map(size, ("N", "Cin", "Cout", "H", "W", "K"))
SAME, ONE, NONE = ((1, 1), (1, 1)), (1, 1), ((0, 0), (0, 0))


def chain(*ops: Any) -> Graph:
    return Graph((N, CIN, H, W), "fp32", tuple(Node(f"op{i}", op, (i,)) for i, op in enumerate(ops)))


STANDARD = chain(Conv(CIN, COUT, (3, 3), ONE, SAME, ONE))
SEPARABLE = chain(Conv(CIN, CIN, (3, 3), ONE, SAME, ONE, CIN), Conv(CIN, COUT, ONE, ONE, NONE, ONE))
BLOCK = chain(Conv(CIN, COUT, ONE, ONE, NONE, ONE, bias=True), BatchNorm(COUT), Activation("relu"))


@pytest.mark.parametrize(
    ("graph", "formula"),
    [(STANDARD, "9·Cin·Cout"), (SEPARABLE, "9·Cin + Cin·Cout"), (BLOCK, "3·Cout + Cin·Cout")],
)
def test_params_are_a_formula(graph: Graph, formula: str) -> None:
    """The depthwise separable convolution's is the one that MobileNets prints."""
    assert repr(sum(params(node.op) for node in graph.nodes)) == formula


@each(
    ("graph", "formula"),
    [
        (STANDARD, "9·Cin·Cout·H·N·W"),
        (SEPARABLE, "9·Cin·H·N·W + Cin·Cout·H·N·W"),
        (BLOCK, "Cin·Cout·H·N·W"),
        (chain(Conv(CIN, COUT, (K, K), ONE, NONE, ONE, transposed=True, output_padding=(0, 0))), "Cin·Cout·H·K·K·N·W"),
    ],
)
def test_macs_are_a_formula(graph: Graph, formula: str) -> None:
    """Transposed ones per input position."""
    shapes = infer_shapes(graph)
    found = [macs(node.op, shapes[i], shapes[i + 1]) for i, node in enumerate(graph.nodes)]
    assert repr(sum(found)) == formula


def test_elementwise_is_a_formula() -> None:
    """Bias 1, BatchNorm 2, activation 1 an output element."""
    shapes = infer_shapes(BLOCK)
    found = sum(elementwise(node.op, shapes[node.inputs[0]], out) for node, out in zip(BLOCK.nodes, shapes[1:]))
    assert repr(found) == "4·Cout·H·N·W"


def test_bytes_are_formulas() -> None:
    """All additive words of an operation at once, where its padding holds data as well."""
    op = Conv(CIN, COUT, (3, 3), ONE, SAME, ONE, bias=True, padding_mode="circular")
    cost = op_cost(op, [(N, CIN, H, W)], (N, COUT, H, W), of_dtype("fp32"), allocates=True)
    assert repr(cost.weight_bytes) == "4·Cout + 36·Cin·Cout"
    assert repr(cost.activation_bytes) == "4·Cout·H·N·W"
    assert repr(cost.traffic_bytes) == "4·Cout + 36·Cin·Cout + 4·Cin·H·N·W + 4·Cout·H·N·W"
    assert repr(cost.effective_macs) == repr(cost.macs) == "9·Cin·Cout·H·N·W"
    assert repr(cost.flops) == "18·Cin·Cout·H·N·W"
    assert repr((cost + cost).params) == "2·Cout + 18·Cin·Cout"


def test_an_add_moves_both_inputs() -> None:
    shape = (N, COUT, H, W)
    cost = op_cost(Add(), [shape, shape], shape, of_dtype("fp16", 2), allocates=False)
    assert repr(cost.traffic_bytes) == "6·Cout·H·N·W"
    assert repr(cost.elementwise) == "Cout·H·N·W"
    assert [repr(cost.params), repr(cost.macs), repr(cost.effective_macs)] == ["0", "0", "0"]


def test_shapes_are_formulas() -> None:
    """Of a convolution without padding, and of its transposed counterpart."""
    down = chain(Conv(CIN, COUT, (K, 3), ONE, NONE, (1, 2)))
    up = chain(Conv(CIN, COUT, (K, 3), (2, 3), NONE, (1, 2), transposed=True, output_padding=(1, 0)))
    assert [repr(Polynomial.of(n)) for n in infer_shapes(down)[1]] == ["N", "Cout", "1 + H + -1·K", "-4 + W"]
    assert [repr(Polynomial.of(n)) for n in infer_shapes(up)[1]] == ["N", "Cout", "-1 + 2·H + K", "2 + 3·W"]


def test_a_symbolic_size_cannot_be_asked() -> None:
    """The oracle can fail: a rule that compares sizes raises."""
    for question in (lambda: H < 3, lambda: bool(H), lambda: H == W, lambda: max(H, W), lambda: range(H)):
        with pytest.raises(TypeError, match="no value"):
            question()
