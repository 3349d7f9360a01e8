"""Receptive fields: against sets of positions walked back through the graph, and by hand."""

from __future__ import annotations

from math import gcd

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn
from tables import each

from convcost.analysis import analyze
from convcost.analysis.field import Span, op_field, op_spans, receptive_field
from convcost.execute.ones.fields import measured_field
from convcost.graph import ops
from convcost.graph.ops import Activation, AdaptivePool, Add, Conv, Flatten, Graph, Multiply, Node
from convcost.networks.build import build_network
from convcost.networks.program import read_program
from convcost.spec import parse_spec
from convcost.variants.registry import AS_GIVEN, build_variant

LARGEST = 10**18 - 1


def conv(kernel: int, stride: int = 1, before: int = 0, dilation: int = 1, *, transposed: bool = False) -> Conv:
    extra = (0,) if transposed else ()
    return Conv(1, 1, (kernel,), (stride,), ((before, 0),), (dilation,), transposed=transposed, output_padding=extra)


def chain(*ops: Conv) -> Graph:
    return Graph((1, 1, 10**6), "fp32", tuple(Node(f"op{i}", op, (i,)) for i, op in enumerate(ops)))


def field(of: Graph) -> int:
    found = analyze(of).receptive_field
    assert found is not None
    return found[0]


def seen_by(op: object, outputs: set[int]) -> set[int]:
    """The input positions that an operation reads for some of its outputs, on an input without ends."""
    if not isinstance(op, Conv):
        return outputs
    (kernel,), (stride,), ((before, _),), (dilation,) = op.kernel_size, op.stride, op.padding, op.dilation
    taps = [t * dilation for t in range(kernel)]
    if op.transposed:
        return {(o + before - t) // stride for o in outputs for t in taps if (o + before - t) % stride == 0}
    return {o * stride - before + t for o in outputs for t in taps}


def walked(of: Graph, outputs: int = 1) -> int:
    """The greatest span that any of so many neighbouring outputs sees."""
    spans = []
    for output in range(outputs):
        sets: list[set[int]] = [set() for _ in of.nodes] + [{output}]
        for index in reversed(range(len(of.nodes))):
            node = of.nodes[index]
            for value in node.inputs:
                sets[value] |= seen_by(node.op, sets[index + 1])
        spans.append(max(sets[0]) - min(sets[0]) + 1 if sets[0] else 0)
    return max(spans)


FEW = st.integers(1, 4)
CONVS = st.builds(conv, FEW, FEW, st.integers(0, 3), FEW)
TRANSPOSED = st.builds(conv, st.integers(1, 7), st.integers(1, 6), st.integers(0, 3), FEW, transposed=st.just(True))


@given(st.lists(CONVS, min_size=1, max_size=3))
def test_a_chain_sees_what_walking_back_through_it_sees(ops: list[Conv]) -> None:
    """Kernels, strides, dilations and padding of several convolutions."""
    assert field(chain(*ops)) == walked(chain(*ops))


@given(st.lists(CONVS, max_size=2), TRANSPOSED)
def test_transposed_sees_the_most_that_any_output_sees(before: list[Conv], op: Conv) -> None:
    """Outputs take turns at what they see: the maximum over one stride period counts."""
    of = chain(*before, op)
    assert field(of) == walked(of, outputs=op.stride[0])


@st.composite
def branched(draw: DrawFn) -> Graph:
    """Convolutions and adds in any wiring."""
    nodes: list[Node] = []
    for index in range(draw(st.integers(1, 6))):
        earlier = st.integers(0, index)
        if draw(st.booleans()):
            nodes.append(Node(f"op{index}", draw(st.builds(conv, FEW, st.just(1), st.integers(0, 3), FEW)), (index,)))
        else:
            nodes.append(Node(f"op{index}", Add(), (index, draw(earlier))))
    return Graph((1, 1, 10**6), "fp32", tuple(nodes))


@given(branched())
def test_branches_see_the_union(of: Graph) -> None:
    """From the first to the last position that any branch reads."""
    assert field(of) == walked(of)


@given(st.integers(1, LARGEST), st.integers(1, LARGEST), st.integers(1, LARGEST))
def test_large_kernels_are_exact(kernel: int, stride: int, dilation: int) -> None:
    """d(k - 1) + 1, whatever the stride; transposed, every (stride / gcd)-th tap meets one output."""
    assert field(chain(conv(kernel, stride, 0, dilation))) == dilation * (kernel - 1) + 1
    apart = stride // gcd(stride, dilation)
    expected = (kernel - 1) // apart * apart * dilation // stride + 1
    assert field(chain(conv(kernel, stride, 0, dilation, transposed=True))) == expected


@each(
    ("text", "variant", "expected"),
    [
        ("8:8 @56x48 k3x5", "standard", (3, 5)),
        ("8:8 @56x48 k3x5 d2x3", "standard", (5, 13)),
        ("8:8 @56x48 k3x5 s4 p1", "standard", (3, 5)),
        ("8:8 @56x48 k3x5", "spatially-separable", (3, 5)),
        ("8:8 @56x48 k3x5", "depthwise-separable", (3, 5)),
        ("8:8 @56x48 k3x5", "basic-block", (5, 9)),
        ("8:8 @56x48 k3x5 s2", "basic-block", (7, 13)),
        ("8:8 @56x48 k3x5 s2", "residual-bottleneck", (3, 5)),
        ("8:8 @56x48 k3x5 s2 v1", "residual-bottleneck", (5, 9)),
        ("8:8 @56x48 k3x5", "inverted-residual", (3, 5)),
        ("8:8 @56x48 k3x5", "pointwise", (1, 1)),
        ("8:8 @6 k3 s2 p1 op1 t", AS_GIVEN, (2, 2)),
        ("8:8 @6 k1 s3 t", AS_GIVEN, (1, 1)),
        ("8:8 @2 k7", "standard", (7, 7)),
    ],
)
def test_receptive_fields_by_hand(text: str, variant: str, expected: tuple[int, int]) -> None:
    """(height, width), not clipped by a small input."""
    assert analyze(build_variant(variant, parse_spec(text)).graph).receptive_field == expected


def test_each_operation_has_its_own_field() -> None:
    """What it alone sees of its input; elementwise operations see one position."""
    spec = parse_spec("8:8 @9 k3x5")._replace(norm=True, activation="relu", residual=True)
    ops = analyze(build_variant("depthwise-separable", spec).graph).ops
    assert {op.name: op.receptive_field for op in ops if op.receptive_field != (1, 1)} == {"depthwise": (3, 5)}
    assert len(ops) == 7


def test_elementwise_operations_change_nothing() -> None:
    op = conv(5, 2, 1, 3)
    nodes = (Node("conv", op, (0,)), Node("activation", Activation("relu"), (1,)), Node("add", Add(), (2, 1)))
    assert field(Graph((1, 1, 100), "fp32", nodes)) == field(chain(op))


def test_walking_would_notice_a_wrong_rule() -> None:
    """The oracle can fail: dilation forgotten, stride forgotten, transposed taken for plain."""
    right = chain(conv(3, 2, 1, 2), conv(3, 1, 1, 3))
    assert walked(right) == field(right)
    assert walked(chain(conv(3, 2, 1), conv(3, 1, 1, 3))) != field(right)
    assert walked(chain(conv(3, 1, 1, 2), conv(3, 1, 1, 3))) != field(right)
    assert walked(chain(conv(5, 2, transposed=True)), outputs=2) != field(chain(conv(5, 2)))


def gated(before: tuple[int, int], after: tuple[int, int]) -> Graph:
    """A convolution, a gate of the mean over all of it, another convolution: kernels of 3, 7 positions."""
    first, second = (Conv(1, 1, (3,), (1,), (pads,), (1,)) for pads in (before, after))
    nodes = (Node("first", first, (0,)), Node("squeeze", AdaptivePool("avg", (1,)), (1,)),
             Node("gate", Multiply(), (1, 2)), Node("second", second, (3,)))  # fmt: skip
    return Graph((1, 1, 7), "fp32", nodes)


@each(
    ("before", "after", "seen"),
    [((1, 1), (1, 1), 10), ((0, 0), (0, 0), 7), ((2, 0), (2, 0), 11), ((0, 2), (0, 2), 11), ((1, 1), (0, 2), 11)],
)
def test_a_gate_of_everything_is_seen_beside_what_an_output_sees_itself(
    before: tuple[int, int], after: tuple[int, int], seen: int
) -> None:
    """All positions that the mean reads, borders included, and at either end those that two kernels reach beyond."""
    graph = gated(before, after)
    assert analyze(graph).receptive_field == measured_field(graph) == (seen,)


def test_the_gate_itself_is_one_position_and_a_flattened_input_all_of_them() -> None:
    """Alone: of a factor that is repeated one position, of positions that become features every one."""
    nodes = (Node("squeeze", AdaptivePool("avg", (1,)), (0,)), Node("again", Multiply(), (1, 1)))
    both = Graph((1, 2, 9), "fp32", nodes)
    assert analyze(both).receptive_field == measured_field(both) == (9,)
    flat = Graph((1, 2, 9), "fp32", (Node("flat", Flatten(), (0,)),))
    assert analyze(flat).receptive_field == measured_field(flat) == (9,)
    assert op_spans(Multiply(), [(-3, 4), (2, 5)], (1, 2, 1, 6)) == [(0, 0), (2, 5)]


@pytest.mark.parametrize(
    ("padding", "gated", "pooled"),
    [("p0-2", (11, 9), (5, 3)), ("p2-0", (11, 9), (5, 3)), ("p1", (10, 8), (4, 3)), ("p0-2x1", (11, 8), (5, 3))],
)
def test_beside_a_pool_either_end_may_see_more(padding: str, gated: tuple[int, int], pooled: tuple[int, int]) -> None:
    """A window that hangs over the far end and one that hangs over the near end, beside all of a 9x7 input."""
    lines = f"input 4 @9x7\na: standard 4 k3 {padding}\n"
    whole = f"{lines}b: global-average-pool from in\nmultiply from a b"
    parts = f"{lines}b: adaptive-average-pool 3x7 from in\nc: upsample 3x1\nadd from a c"  # windows of 3
    for text, expected in ((whole, gated), (parts, pooled)):
        network = build_network(read_program(text))
        assert receptive_field(network.graph, network.shapes) == expected


CONV = Conv(1, 1, (3, 2), (2, 1), ((1, 5), (0, 9)), (2, 3))
TURNED = Conv(1, 1, (5, 1), (2, 3), ((3, 0), (0, 0)), (1, 1), transposed=True, output_padding=(0, 0))


@each(
    ("op", "spans", "given", "needed"),
    [
        (CONV, [(2, 4), (0, 0)], (1, 1, 9, 9), [(3, 11), (0, 3)]),
        (CONV, [(-1, -1), (-2, 3)], (1, 1, 9, 9), [(-3, 1), (-2, 6)]),
        (TURNED, [(5, 5), (-2, -2)], (1, 1, 9, 9), [(0, 2), (0, 0)]),
        (TURNED, [(5, 6), (0, 0)], (1, 1, 9, 9), None),
        (ops.Pool("max", (3, 2), (2, 1), ((1, 0), (0, 0))), [(1, 2), (0, 0)], (1, 1, 9, 9), [(1, 5), (0, 1)]),
        (ops.Pool("max", (3,), (2,), ((1, 0),), False, (4,)), [(1, 2)], (1, 1, 9), [(1, 11)]),
        (AdaptivePool("avg", (4,)), [(0, 0)], (1, 1, 10), [(0, 2)]),
        (AdaptivePool("avg", (4,)), [(1, 2)], (1, 1, 10), [(2, 7)]),
        (AdaptivePool("avg", (1, 7)), [(0, 0), (3, 3)], (1, 1, 6, 5), [(0, 5), (2, 3)]),
        (Flatten(), [], (1, 4, 6, 5), [(0, 5), (0, 4)]),
        (Multiply(), [(2, 3), (1, 1)], (1, 4, 1, 5), [(0, 0), (1, 1)]),
        (ops.Upsample("nearest", (3, 1)), [(-1, 4), (2, 2)], (1, 1, 9, 9), [(-1, 1), (2, 2)]),
        (ops.Upsample("bilinear", (2,)), [(0, 0)], (1, 1, 9), [(-1, 0)]),
        (ops.Upsample("bilinear", (2,)), [(3, 3)], (1, 1, 9), [(1, 2)]),
        (ops.Upsample("bilinear", (3,)), [(1, 1)], (1, 1, 9), [(0, 0)]),
        (ops.Upsample("bilinear", (3,)), [(3, 5)], (1, 1, 9), [(0, 2)]),
        (ops.Upsample("bilinear", (1,)), [(3, 5)], (1, 1, 9), [(3, 5)]),
        (ops.PixelShuffle((2,)), [(3, 6)], (1, 2, 9), [(1, 3)]),
        (ops.Pad(((2, 9), (-1, 0))), [(0, 3), (0, 3)], (1, 1, 9, 9), [(-2, 1), (1, 4)]),
        (ops.Norm("group-norm", 4, 2), [(1, 1)], (1, 4, 9), [(0, 8)]),
        (ops.Norm("instance-norm", 4, 4), [(1, 1)], (1, 4, 9), [(0, 8)]),
        (ops.Norm("rms-norm", 4), [(1, 1)], (1, 4, 9), [(1, 1)]),
        (ops.Norm("softmax", 4), [(1, 2)], (1, 4, 9), [(1, 2)]),
        (ops.Attention(1, 4), [(1, 1), (2, 2)], (1, 12, 9, 7), [(0, 8), (0, 6)]),
        (ops.Tokens(1, 4, 64), [(1, 1)], (1, 4, 9, 7), [(0, 8), (0, 6)]),
        (ops.Counted("erf", (1, 4, 9), in_place=True), [(1, 2)], (1, 4, 9), [(1, 2)]),
        (ops.Counted("erf", (1, 4, 9), in_place=True), [(1, 2)], (1, 4, 1), [(0, 0)]),
        (ops.Counted("erf", (1, 4, 9), in_place=True), [(1, 2)], (1, 4), None),
        (ops.Counted("sum", (1, 4, 9)), [(1, 2)], (1, 4, 9), None),
        (ops.Linear(4, 4), [(1, 2)], (1, 4, 9), [(1, 2)]),
        (Activation("relu"), [(1, 2)], (1, 4, 9), [(1, 2)]),
    ],
    ids=str,
)
def test_what_an_operation_needs_for_a_span_by_hand(
    op: ops.Op, spans: list[Span], given: ops.Shape, needed: list[Span] | None
) -> None:
    """First and last position an axis each; None where spans do not tell."""
    assert op_spans(op, spans, given) == needed


@each(
    ("op", "given", "length"),
    [
        (CONV, (1, 1, 9, 9), (5, 4)), (TURNED, (1, 1, 9, 9), (3, 1)), (AdaptivePool("avg", (4,)), (1, 1, 10), (3,)),
        (ops.Counted("sum", (1, 4, 9)), (1, 4, 9), None), (ops.Linear(4, 4), (1, 4), ()),
    ],
    ids=str,
)  # fmt: skip
def test_the_field_of_one_operation_counts_both_ends(op: ops.Op, given: ops.Shape, length: ops.Ints | None) -> None:
    assert op_field(op, given) == length


def test_a_branch_beside_a_transposed_convolution_is_not_known() -> None:
    """Nor several of its positions; in a row one of them is."""
    turned = conv(3, 2, transposed=True)
    assert analyze(chain(conv(3), turned)).receptive_field == (4,)
    assert analyze(chain(turned, conv(1))).receptive_field == (2,)
    assert analyze(chain(turned, conv(3))).receptive_field is None
    nodes = (Node("a", turned, (0,)), Node("b", Activation("relu"), (1,)), Node("add", Add(), (2, 1)))
    assert analyze(Graph((1, 1, 9), "fp32", nodes)).receptive_field is None


def test_a_graph_that_reads_no_input_sees_nothing_of_it() -> None:
    """What comes out is made of another input."""
    nodes = (Node("mask", ops.Counted("input", (1, 1, 9)), ()), Node("act", Activation("relu"), (1,)))
    assert analyze(Graph((1, 1, 9), "fp32", nodes)).receptive_field is None
