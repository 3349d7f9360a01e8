"""What is alive when: by hand on small graphs, and against a simulation that counts references on random ones."""

from __future__ import annotations

from math import prod

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn
from strategies import each_layer, made_for

from convcost.analysis import analyze
from convcost.graph.ops import Activation, Add, BatchNorm, Conv, Graph, Multiply, Node, Op, Split
from convcost.graph.shapes import infer_shapes
from convcost.spec import LayerSpec, parse_spec
from convcost.variants.registry import AS_GIVEN, DoesNotApply, all_variants, build_variant

RELU = Activation("relu")


def point(inner: int, outer: int) -> Conv:
    return Conv(inner, outer, (1,), (1,), ((0, 0),), (1,))


def graph(channels: int, *nodes: tuple[Op, int] | tuple[Op, int, int]) -> Graph:
    """Operations and what each reads, over int8 values of (1, channels, 1): a channel is a byte."""
    named = [Node(f"op{i}", op, tuple(inputs)) for i, (op, *inputs) in enumerate(nodes)]
    return Graph((1, channels, 1), "int8", tuple(named))


def peaks(of: Graph, *, inplace: bool = True) -> list[int]:
    """Bytes alive at each operation; the greatest is the graph's."""
    result = analyze(of, inplace=inplace)
    found = [op.peak_bytes for op in result.ops]
    assert result.peak_bytes == max(found)
    return found


def test_a_tensor_dies_after_its_last_reader() -> None:
    """Of a chain, never more than two neighbours are alive."""
    chain = graph(5, (point(5, 7), 0), (point(7, 2), 1), (point(2, 11), 2), (point(11, 1), 3))
    assert peaks(chain) == [5 + 7, 7 + 2, 2 + 11, 11 + 1]


def test_the_input_dies_too() -> None:
    """After its last reader, as any other tensor."""
    assert peaks(graph(100, (point(100, 1), 0), (point(1, 1), 1))) == [101, 2]


def test_a_tensor_lives_while_somebody_later_reads_it() -> None:
    """A shortcut keeps the input alive to the add."""
    block = graph(5, (point(5, 7), 0), (point(7, 5), 1), (Add(), 2, 0))
    assert peaks(block) == [5 + 7, 5 + 7 + 5, 5 + 5]


def test_a_projection_runs_beside_the_finished_main_branch() -> None:
    """At the projection the main branch's output, the input and its own output are alive."""
    block = graph(5, (point(5, 3), 0), (point(3, 8), 1), (point(5, 8), 0), (Add(), 2, 3))
    assert peaks(block) == [5 + 3, 5 + 3 + 8, 5 + 8 + 8, 8 + 8]


@pytest.mark.parametrize("op", [RELU, BatchNorm(7)])
def test_elementwise_operations_write_over_their_input(op: Op) -> None:
    """Where nobody needs it afterwards; without in-place they get a tensor of their own, which counts."""
    chain = graph(5, (point(5, 7), 0), (op, 1), (point(7, 2), 2))
    assert peaks(chain) == [12, 7, 9]
    assert peaks(chain, inplace=False) == [12, 14, 9]
    assert analyze(chain).cost.activation_bytes == 7 + 2
    assert analyze(chain, inplace=False).cost.activation_bytes == 7 + 7 + 2
    assert [op.in_place for op in analyze(chain).ops] == [False, True, False]
    assert not any(op.in_place for op in analyze(chain, inplace=False).ops)


@pytest.mark.parametrize("op", [RELU, BatchNorm(5)])
def test_the_graphs_input_is_never_written_over(op: Op) -> None:
    """It belongs to the caller, even where nothing reads it again."""
    result = analyze(graph(5, (op, 0), (point(5, 1), 1)))
    assert (result.ops[0].in_place, result.ops[0].peak_bytes, result.ops[0].cost.activation_bytes) == (False, 10, 5)


def test_an_add_to_the_input_writes_over_the_branch() -> None:
    """Whichever of its inputs comes first."""
    for inputs in ((1, 0), (0, 1)):
        block = graph(5, (point(5, 5), 0), (Add(), *inputs))
        assert peaks(block) == [10, 10]
        assert peaks(block, inplace=False) == [10, 15]
        assert analyze(block).cost.activation_bytes == 5


def test_an_add_of_the_input_to_itself_needs_a_tensor() -> None:
    """One read, one written."""
    assert peaks(graph(5, (Add(), 0, 0))) == [10]


def test_what_is_still_needed_is_not_written_over() -> None:
    """An activation whose input a later add reads gets its own tensor."""
    block = graph(5, (point(5, 7), 0), (RELU, 1), (point(7, 7), 2), (Add(), 3, 1))
    assert peaks(block) == [12, 14, 21, 14]
    assert [op.in_place for op in analyze(block).ops] == [False, False, False, True]
    assert analyze(block).cost.activation_bytes == 7 + 7 + 7


def test_an_add_writes_over_the_term_that_nobody_needs() -> None:
    """The other one is read again."""
    block = graph(5, (point(5, 7), 0), (point(7, 7), 1), (Add(), 1, 2), (Add(), 3, 1))
    assert peaks(block) == [12, 14, 14, 14]


def test_a_convolution_never_works_in_place() -> None:
    """Even a 1x1 between equal shapes."""
    assert peaks(graph(5, (point(5, 5), 0), (point(5, 5), 1))) == [10, 10]


def test_weights_and_scratch_are_not_in_the_peak() -> None:
    """Neither bias nor dilation nor kernel shows."""
    wide = parse_spec("64:128 @56 k7 d2 bias")
    assert analyze(build_variant("standard", wide).graph).peak_bytes == 4 * (64 + 128) * 56 * 56


@pytest.mark.parametrize(("norm", "activation"), [(False, "relu"), (True, None), (True, "relu6")])
def test_norm_and_activation_cost_no_memory(norm: bool, activation: str | None) -> None:
    """In place after a convolution they need none, in no variant of a plain layer."""
    for name in all_variants():
        spec = made_for(name, parse_spec("32:64 @14 k3 s2"))
        bare, full = (
            analyze(build_variant(name, s).graph) for s in (spec, spec._replace(norm=norm, activation=activation))
        )
        assert (bare.peak_bytes, bare.cost.activation_bytes) == (full.peak_bytes, full.cost.activation_bytes)


def test_a_shortcut_costs_peak_memory_where_the_input_would_have_died() -> None:
    """64:64 @56 k3 as depthwise separable: at the pointwise the input is still alive."""
    spec = parse_spec("64:64 @56 k3")
    without, with_one = (
        analyze(build_variant("depthwise-separable", s).graph) for s in (spec, spec._replace(residual=True))
    )
    assert (without.peak_bytes, with_one.peak_bytes) == (4 * 2 * 64 * 56 * 56, 4 * 3 * 64 * 56 * 56)


def simulate(of: Graph, inplace: bool) -> tuple[int, int]:
    """Most bytes held and bytes allocated, by running the graph on buffers that count their readers."""
    shapes = infer_shapes(of)
    readers = [sum(value in node.inputs for node in of.nodes) for value in range(len(shapes))]
    readers[-1] += 1  # whoever asked for the output
    held, buffers, most, allocated = {0: prod(shapes[0])}, [0], 0, 0
    for index, node in enumerate(of.nodes):
        distinct = set(node.inputs)
        written = node.inputs if isinstance(node.op, Add) else node.inputs[:1]
        others = {buffers[v] for v in range(index + 1) if readers[v] > (v in distinct)}
        free = [v for v in written if v != 0 and readers[v] == 1 and buffers[v] not in others]
        if isinstance(node.op, Split):
            buffers.append(buffers[node.inputs[0]])
        elif inplace and free and isinstance(node.op, Activation | Add | BatchNorm | Multiply):
            buffers.append(buffers[free[0]])
        else:
            buffers.append(index + 1)
            held[index + 1] = prod(shapes[index + 1])
            allocated += prod(shapes[index + 1])
        most = max(most, sum(held.values()))
        for value in distinct:
            readers[value] -= 1
        users = {buffers[v] for v in range(index + 2) if readers[v] > 0}
        held = {buffer: size for buffer, size in held.items() if buffer in users}
    return most, allocated


@st.composite
def graphs(draw: DrawFn) -> Graph:
    """Any small graph of 1x1 convolutions and elementwise operations, also of shapes that no variant has."""
    channels = [draw(st.integers(1, 9))]
    nodes: list[tuple[Op, int] | tuple[Op, int, int]] = []
    for _ in range(draw(st.integers(1, 8))):
        value = draw(st.integers(0, len(nodes)))
        mates = [v for v, c in enumerate(channels) if c == channels[value]]
        kind = draw(st.sampled_from(("conv", "add", "activation", "norm")))
        made = channels[value]
        if kind == "conv":
            made = draw(st.integers(1, 9))
            nodes.append((point(channels[value], made), value))
        elif kind == "add":
            nodes.append((Add(), value, draw(st.sampled_from(mates))))
        else:
            nodes.append((RELU if kind == "activation" else BatchNorm(made), value))
        channels.append(made)
    return graph(channels[0], *nodes)


@given(graphs(), st.booleans())
def test_peak_is_what_a_run_with_reference_counts_holds(of: Graph, inplace: bool) -> None:
    """Peak and newly allocated bytes, on graphs of any wiring, values that nobody reads included."""
    result = analyze(of, inplace=inplace)
    assert (result.peak_bytes, result.cost.activation_bytes) == simulate(of, inplace)


@each_layer(inplace=(True, False))
def test_peak_of_every_variant_is_what_a_run_holds(spec: LayerSpec, inplace: bool) -> None:
    """The same for the graphs that there are."""
    for name in [*all_variants(), AS_GIVEN]:
        try:
            of = build_variant(name, spec._replace(dtype="int8")).graph
        except DoesNotApply:
            continue
        result = analyze(of, inplace=inplace)
        assert (result.peak_bytes, result.cost.activation_bytes) == simulate(of, inplace)


@each_layer()
def test_working_in_place_never_needs_more(spec: LayerSpec) -> None:
    """And never changes what is computed, moved or learned."""
    for name in [*all_variants(), AS_GIVEN]:
        try:
            of = build_variant(name, spec).graph
        except DoesNotApply:
            continue
        with_it, without = analyze(of), analyze(of, inplace=False)
        assert with_it.peak_bytes <= without.peak_bytes
        assert with_it.cost.activation_bytes <= without.cost.activation_bytes
        assert with_it.cost._replace(activation_bytes=0) == without.cost._replace(activation_bytes=0)


def test_the_simulation_would_notice_an_early_or_a_late_death() -> None:
    """The oracle can fail: dropping or keeping the shortcut's input one operation changes what it says."""
    block = graph(5, (point(5, 7), 0), (point(7, 5), 1), (Add(), 2, 0))
    chain = graph(5, (point(5, 7), 0), (point(7, 5), 1), (RELU, 2))
    assert simulate(block, inplace=True) != simulate(chain, inplace=True)
    assert simulate(block, inplace=True) != simulate(block, inplace=False)
