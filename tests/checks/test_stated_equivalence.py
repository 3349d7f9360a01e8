"""What is executed to show an equivalence: at which size, up to which work, and which parts are a chain."""

from __future__ import annotations

from itertools import pairwise

import pytest
from tables import each

from convcost.checks import equivalence
from convcost.checks.equivalence import MOST_NUMBERS, MOST_PRODUCTS, Equivalence, show_equivalence, stated_chain
from convcost.checks.stages import STATED, Convolution, Parts, Step, kxk
from convcost.checks.stages import stated_parts as parts_of
from convcost.execute.values.kernels import Stage
from convcost.graph.ops import Activation, Add, Concat, Conv, Graph, Multiply, Node
from convcost.spec import LayerSpec, parse_spec


@pytest.mark.parametrize(
    ("text", "sizes"),
    [
        # three kernels in a row, twice the padding and three strides more, in whole strides
        ("2 @9x7 k3x5 s2x1 d1x2 p1-0x0-3", (9 + 26, 7 + 57)),  # 18 + 2 + 6; 48 + 6 + 3
        ("2 @10x10 k2 s3x2 p0x1", (10 + 21, 10 + 18)),  # 12 + 9; 9 + 2 + 6 = 17 is no whole number of strides
        ("2 @10x10 k2x1 s2 psame-upper", (10 + 16, 10 + 6)),  # 9 + 6 = 15; 0 + 6
    ],
)
def test_an_input_is_longer_by_what_makes_an_interior(
    text: str, sizes: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of one image."""
    monkeypatch.setattr(equivalence, "reduce_spec", lambda spec: spec)
    spec = parse_spec(text)
    assert equivalence.with_interior(spec._replace(batch=3)) == spec._replace(input_size=sizes)


def chain(size: int, *channels: int, taps: int = 3) -> Graph:
    """Convolutions in a row of these channels, each padded by one."""
    ops = [Conv(a, b, (taps,), (1,), ((1, 1),), (1,)) for a, b in pairwise(channels)]
    nodes = [Node(f"conv{number}", op, (number,)) for number, op in enumerate(ops)]
    return Graph((1, channels[0], size), "fp32", tuple(nodes))


@pytest.mark.parametrize(
    ("graph", "numbers", "products"),
    [
        (chain(9, 6, 1, 6), 54, 5 * 54 * 6),  # five taps of the dense kernel, 6 x 9 outputs, 6 inputs
        (chain(1, 6, 1, 6), 6, 3 * 3 * 6 * 6),  # two kernels to compose, over 6 channels
        (chain(30, 1, 8, 1), 240, 2 * 30 * 8 * 3),  # products of the variant itself
    ],
)
def test_kernels_are_composed_up_to_so_many_numbers_and_products(
    graph: Graph, numbers: int, products: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever part takes most of them."""
    for more_numbers, more_products in ((0, 0), (-1, 0), (0, -1)):
        monkeypatch.setattr(equivalence, "MOST_NUMBERS", numbers + more_numbers)
        monkeypatch.setattr(equivalence, "MOST_PRODUCTS", products + more_products)
        assert equivalence._is_composed(graph) is (more_numbers == more_products == 0)


def test_what_has_no_convolution_takes_nothing_to_compose() -> None:
    """And a few seconds are 16 million numbers, or a thousand million products."""
    assert equivalence._is_composed(Graph((1, 2, 9), "fp32", (Node("act", Activation("relu"), (0,)),)))
    assert (MOST_NUMBERS, MOST_PRODUCTS) == (16 * 1024**2, 1024**3)


@each(
    ("text", "name", "free", "dense"),
    [
        ("8:16 @9x7 k3x5", "standard", 8 * 16 * 15, 8 * 16 * 15),
        ("8:16 @9x7 k3x5 g4", "as-given", 2 * 16 * 15, 8 * 16 * 15),
        ("8:16 @9x7 k3x5", "bottleneck", 8 * 4 + 4 * 4 * 15 + 4 * 16, 8 * 16 * 15),
        ("8:16 @9x7 k3x5", "depthwise-separable", 8 * 15 + 8 * 16, 8 * 16 * 15),
        ("8 @9x7 k3", "basic-block", 2 * 64 * 9, 64 * 25),
    ],
)
def test_free_parameters_are_beside_those_of_the_dense_kernel(text: str, name: str, free: int, dense: int) -> None:
    """Of the layer as it is, though it was executed smaller; biases in neither."""
    found = show_equivalence(name, parse_spec(text))
    assert isinstance(found, Equivalence)
    assert (found.free, found.dense) == (free, dense)


@pytest.mark.parametrize(
    ("text", "name", "rank"),
    [
        ("8 @9x7 k3x5 mid=2", "spatially-separable", 2), ("8 @9x7 k3x5 mid=2", "spatially-separable-reversed", None),
        ("8 @9x7 k3x5", "standard", None),
    ],
)  # fmt: skip
def test_the_rank_of_two_passes_is_at_most_their_middle(text: str, name: str, rank: int | None) -> None:
    """As executed; a shortcut adds to it."""
    found = show_equivalence(name, parse_spec(text))
    assert isinstance(found, Equivalence)
    assert (found.rank, found.rank_bound, found.same) == (rank, rank, True)
    around = show_equivalence(name, parse_spec(text)._replace(residual=True))
    assert isinstance(around, Equivalence)
    assert (around.rank, around.rank_bound) == (None, None)


@pytest.mark.parametrize(("bound", "same"), [(1, False), (2, True), (3, True)])
def test_a_rank_beyond_its_bound_is_a_contradiction(bound: int, same: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(equivalence, "_middle", lambda _: bound)
    found = show_equivalence("spatially-separable", parse_spec("8 @9x7 k3x5 mid=2"))
    assert isinstance(found, Equivalence)
    assert (found.rank, found.same) == (2, same)


def test_stages_that_fit_nothing_have_no_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing was compared."""
    monkeypatch.setitem(STATED, "standard", lambda spec: (kxk(spec, "conv", 3, 5), kxk(spec, "other", 5, 7)))
    found = show_equivalence("standard", parse_spec("8:16 @9x7 k3"))
    assert isinstance(found, Equivalence)
    assert found[:7] == (False, "nowhere", 0, 0, (3, 3), 0, 0)
    assert found.constraint.startswith("the stages stated do not fit: ")


def test_only_convolutions_are_convolutions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither is what is not linear, nor what has none."""
    said = "has an operation of which no chain is a convolution"
    spec = parse_spec("8:16 @9x7 k3")
    for linear, graph in ((lambda _: False, chain(9, 2, 4)), (lambda _: True, Graph((1, 2, 9), "fp32", ()))):
        monkeypatch.setattr(equivalence, "is_linear", linear)
        monkeypatch.setattr(equivalence, "without_activations", lambda _, graph=graph: graph)
        assert show_equivalence("standard", spec) == said


LAYER = parse_spec("4 @9 k3")
A, B = kxk(LAYER, "a", 4, 4), kxk(LAYER, "b", 4, 4)
WAY = B._replace(name="projection", reads="input")
STAGE = Stage("a", (1, 1), ((1, 1), (1, 1)), (1, 1), False)


@each(
    ("parts", "names", "shortcut"),
    [
        ((A, B), ["a", "b"], None),
        ((A, Step("add", Add(), ("a", "input"))), ["a"], "identity"),
        ((A, WAY, Step("add", Add(), ("a", "projection"))), ["a"], "projection"),
        ((A, B, Step("add", Add(), ("b", "input"))), ["a", "b"], "identity"),
        # the gate is held at 1: what makes it is gone
        ((A, kxk(LAYER, "gate", 4, 4), Step("product", Multiply(), ("a", "gate")), B._replace(reads="product")),
         ["a", "b"], None),
        ((A, kxk(LAYER, "gate", 4, 4), Step("product", Multiply(), ("a", "gate"))), ["a"], None),
        ((A, kxk(LAYER, "gate", 4, 4), Step("product", Multiply(), ("a", "gate")), B), ["a", "b"], None),
    ],
)  # fmt: skip
def test_convolutions_in_a_row_with_a_shortcut_are_a_chain(
    parts: Parts, names: list[str], shortcut: str | None
) -> None:
    """Gates at 1."""
    found = stated_chain(parts)
    assert found is not None
    assert ([stage.name for stage in found.stages], found.shortcut) == (names, shortcut)
    assert found.stages[0] == STAGE


@each(
    "parts",
    [
        (A, B, Step("add", Add(), ("a", "b"))),  # from the middle
        (A, B, Step("add", Add(), ("b", "a"))),  # to the middle
        (A, Step("add", Add(), ("input", "a"))),
        (A, Step("concat", Concat(), ("a", "input"))),
        (A, Step("add", Add(), ("a", "input")), B),  # behind the sum
        (A, Step("add", Add(), ("a", "input")), Step("more", Add(), ("add", "input"))),
        (Step("add", Add(), ("input", "input")),),
        (A, B._replace(reads="input"), Step("add", Add(), ("b", "a"))),  # two on the input
    ],
)
def test_what_is_wired_otherwise_is_no_chain(parts: Parts) -> None:
    """Nobody says then what its kernel is."""
    assert stated_chain(parts) is None


def test_a_projection_that_is_not_of_the_input_is_a_stage() -> None:
    """Whatever its name; and what nobody reads is no stage."""
    found = stated_chain((A, B, WAY._replace(reads="a"), Step("add", Add(), ("projection", "input"))))
    assert found is not None
    assert ([stage.name for stage in found.stages], found.shortcut) == (["a", "projection"], "identity")


def test_a_gate_is_a_product_and_no_other_step() -> None:
    """Of two graphs that read the same values, the one with a sum keeps both."""
    gate = Node("gate", Activation("sigmoid"), (0,))
    conv = Node("conv", Conv(2, 2, (1,), (1,), ((0, 0),), (1,)), (0,))
    for op, names in ((Multiply(), ["conv", "last"]), (Add(), ["gate", "conv", "join", "last"])):
        nodes = (gate, conv, Node("join", op, (2, 1)), Node("last", Activation("relu"), (3,)))
        found = equivalence.without_gates(Graph((1, 2, 9), "fp32", nodes))
        assert [node.name for node in found.nodes] == names
    found = equivalence.without_gates(Graph((1, 2, 9), "fp32", (gate, conv, Node("join", Multiply(), (2, 1)))))
    assert [(node.name, node.inputs) for node in found.nodes] == [("conv", (0,))]


@pytest.mark.parametrize("name", ["standard", "bottleneck", "spatially-separable", "depthwise-separable", "low-rank"])
@pytest.mark.parametrize("wrong", [False, True])
def test_a_formula_that_says_something_else_contradicts(
    name: str, wrong: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the very kernel that was executed; nothing is said of norms and shortcuts."""
    sound = equivalence.kernel_of_factors
    if wrong:
        monkeypatch.setattr(equivalence, "kernel_of_factors", lambda *given: sound(*given) + 1)
    spec = LayerSpec(4, 6, (3, 2), (9, 7), padding=((1, 1), (1, 1)), dilation=(1, 2))
    found = [show_equivalence(name, spec), show_equivalence(name, spec._replace(norm=True)),
             show_equivalence(name, spec._replace(residual=True))]  # fmt: skip
    assert [one.same for one in found if isinstance(one, Equivalence)] == [not wrong, True, True]


def test_parts_are_stated_without_gates_where_there_is_none() -> None:
    """A statement of convolutions alone is its chain."""
    parts = parts_of("bottleneck", parse_spec("8:16 @9x7 k3"))
    assert all(isinstance(part, Convolution) for part in parts)
    found = stated_chain(parts)
    assert found is not None
    assert [stage.name for stage in found.stages] == ["reduce", "conv", "expand"]
