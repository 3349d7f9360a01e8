"""What each variant computes: one dense convolution with a kernel that its parameters cannot all reach."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from strategies import applying, each_layer
from tables import each

from convcost.checks.equivalence import Equivalence, chain_of, show_equivalence, without_gates
from convcost.execute.values.apply import Weights
from convcost.execute.values.equivalent import compare_dense, drawn_chain
from convcost.execute.values.kernels import rank_by_axis
from convcost.execute.values.linear import integer_weights, without_activations
from convcost.spec import LayerSpec, parse_spec
from convcost.variants import registry
from convcost.variants.registry import AS_GIVEN, DoesNotApply, all_variants, build_variant, formula_of

LAYER = LayerSpec(8, 16, (3, 5), (9, 11), padding=((1, 1), (2, 2)))
ONE = LayerSpec(1, 1, (3, 3), (7, 8), padding=((1, 1), (1, 1)), mid_channels=1)

SEPARABLE = {
    "sobel": ([1, 2, 1], [1, 0, -1]),
    "gaussian": ([1, 2, 1], [1, 2, 1]),
    "box": ([1, 1, 1], [1, 1, 1]),
}


@each_layer(40, channels=3)
def test_every_linear_variant_is_one_dense_convolution(spec: LayerSpec) -> None:
    """Exactly, in integers; with bias, norm, stride, dilation, shortcut, in one to three axes."""
    for name in (AS_GIVEN, *all_variants()):
        try:
            found = show_equivalence(name, spec)
        except DoesNotApply:
            continue
        if isinstance(found, Equivalence):
            assert found.same, (name, found)
        else:
            assert found.startswith(("reduced", "too large an input"))


#: Where a variant with a bias is one dense convolution; without one, all but two kxk in a row are everywhere.
BIASED = {
    **dict.fromkeys(("standard", "grouped", "depthwise", "pointwise", "depthwise-separable"), "everywhere"),
    **dict.fromkeys(("basic-block", "bottleneck", "residual-bottleneck", "inverted-residual"), "interior"),
    "spatially-separable": "interior",
}


@each("name", BIASED)
def test_only_what_pads_between_stages_differs_at_the_border(name: str) -> None:
    """Without bias, two kxk in a row alone; with it, whatever pads what a bias has filled."""
    plain = show_equivalence(name, LAYER)
    biased = show_equivalence(name, LAYER._replace(bias=True))
    assert isinstance(plain, Equivalence)
    assert isinstance(biased, Equivalence)
    assert plain.where == ("interior" if name == "basic-block" else "everywhere")
    assert biased.where == BIASED[name]


@pytest.mark.parametrize("kernel", SEPARABLE)
def test_kernels_of_rank_one_are_spatially_separable_exactly(kernel: str) -> None:
    """Sobel, Gaussian and box, one channel, one middle channel: two passes compute the very kernel."""
    column, row = (np.array(values) for values in SEPARABLE[kernel])
    graph = build_variant("spatially-separable", ONE).graph
    weights = {"1x3": Weights(row.reshape(1, 1, 3, 1, 1), None), "3x1": Weights(column.reshape(1, 3, 1, 1, 1), None)}
    found = compare_dense(graph, chain_of("spatially-separable", ONE, graph), weights)
    assert (found.same, found.where) == (True, "everywhere")
    assert np.array_equal(found.kernel[0, 0], np.outer(column, row))
    assert rank_by_axis(found.kernel) == 1


def test_a_kernel_of_full_rank_is_no_two_passes() -> None:
    """The Laplacian with corners has rank 2, a diagonal rank 3: one middle channel reaches neither."""
    assert rank_by_axis(np.array([[[[0, 1, 0], [1, -4, 1], [0, 1, 0]]]])) == 2
    assert rank_by_axis(np.eye(3, dtype=int)[None, None]) == 3
    found = show_equivalence("spatially-separable", ONE)
    assert isinstance(found, Equivalence)
    assert (found.rank, found.rank_bound) == (1, 1)


def test_a_depthwise_kernel_is_a_diagonal_and_a_grouped_one_blocks() -> None:
    """Zero everywhere else."""
    for name, spec in (("depthwise", LAYER), ("grouped", LAYER._replace(groups=4))):
        graph = build_variant(name, spec).graph
        kernel = compare_dense(graph, chain_of(name, spec, graph)).kernel
        inner, outer = (1, 1) if name == "depthwise" else (2, 4)
        for o, i in np.ndindex(kernel.shape[:2]):
            assert o // outer == i // inner or not kernel[o, i].any()


def test_v1_dilates_the_kernel_by_the_stride() -> None:
    """The stride on the first 1x1 leaves the k x k every second position of the input."""
    spec = LayerSpec(8, 8, (3, 3), (13, 15), (2, 2), ((1, 1), (1, 1)), v1=True)
    graph = build_variant("bottleneck", spec).graph
    found = compare_dense(graph, chain_of("bottleneck", spec, graph))
    assert (found.same, found.where, found.taps, found.support) == (True, "everywhere", (5, 5), 9)


def test_a_variant_wired_wrongly_computes_something_else() -> None:
    """The second convolution of a block on the input, stages in another order, a shortcut from elsewhere."""
    spec = LayerSpec(4, 4, (3, 3), (9, 9), padding=((1, 1), (1, 1)))
    for name, wrong in (("basic-block", {1: (0,)}), ("basic-block", {2: (2, 1)}), ("residual-bottleneck", {3: (3, 3)})):
        graph = build_variant(name, spec._replace(bottleneck_ratio=1)).graph
        chain = chain_of(name, spec._replace(bottleneck_ratio=1), graph)
        assert compare_dense(graph, chain).same
        nodes = tuple([n._replace(inputs=wrong.get(i, n.inputs)) for i, n in enumerate(graph.nodes)])
        assert not compare_dense(graph._replace(nodes=nodes), chain, integer_weights(graph)).same


TRANSPOSED = ("6:4 @7x5 k3x4 s2x3 t op1 g2 bias p4x1", "4:6 @5 k3 s2 t", "4:4 @9 k3x2 d2 p1x3 t", "4 @9 k2 s3 t g4 1d")


@each("text", TRANSPOSED)
@each("norm", [False, True])
def test_a_transposed_layer_is_a_convolution_over_its_input_with_zeros_between(text: str, norm: bool) -> None:
    """Everywhere, whatever is cropped; in groups with zeros between them."""
    spec = parse_spec(text)._replace(norm=norm)
    for name in (AS_GIVEN, "standard"):
        found = show_equivalence(name, spec)
        assert isinstance(found, Equivalence)
        assert (found.same, found.where, found.transposed, found.taps) == (True, "everywhere", True, _reach(spec))
        assert (found.free == found.dense) == (name == "standard" or spec.groups == 1)


def _reach(spec: LayerSpec) -> tuple[int, ...]:
    return tuple([(k - 1) * d + 1 for k, d in zip(spec.kernel_size, spec.dilation)])


@pytest.mark.parametrize(
    "wrong",
    [{"padding": ((0, 1), (1, 0))}, {"stride": (2, 1)}, {"dilation": (1, 2)}],
    ids=lambda wrong: next(iter(wrong)),
)
def test_a_transposed_layer_that_reads_a_field_wrongly_is_noticed(wrong: dict[str, Any]) -> None:
    """Though its weights are the same."""
    spec = LayerSpec(2, 3, (2, 2), (6, 6), padding=((1, 0), (0, 1)), transposed=True, output_padding=(0, 0))
    graph = build_variant("standard", spec._replace(**wrong)).graph
    assert compare_dense(graph, chain_of("standard", spec._replace(**wrong), graph)).same
    assert not compare_dense(graph, chain_of("standard", spec, graph)).same


def test_a_shortcut_beside_a_transposed_layer() -> None:
    """Is the tap that meets its own position; beside a strided one nothing can be equivalent."""
    found = show_equivalence("standard", parse_spec("4:4 @9x7 k3 p1 t")._replace(residual=True))
    assert isinstance(found, Equivalence)
    assert (found.same, found.where) == (True, "everywhere")
    assert "reduced" in str(show_equivalence("standard", parse_spec("4:4 @1 k1 s2 t")._replace(residual=True)))


@each("name", applying(LAYER))
def test_a_nonlinear_variant_is_wired_as_the_linear_one(name: str) -> None:
    """Its activations taken out; and it says that they are."""
    plain, found = (show_equivalence(name, LAYER._replace(activation=kind)) for kind in (None, "relu"))
    assert isinstance(plain, Equivalence)
    assert isinstance(found, Equivalence)
    assert (plain.nonlinear, found.nonlinear) == (False, True)
    assert found._replace(nonlinear=False) == plain


@each("name", applying(LAYER))
@each("text", ["8:16 @9x11 k3x5 s2 bias", "8:8 @9x11 k3", "8:16 @9 k3 v1 s2"])
def test_what_a_graph_draws_is_what_is_said_of_its_variant(name: str, text: str) -> None:
    """So that a variant of which nothing is said can be read off its graph."""
    graph = without_activations(without_gates(build_variant(name, parse_spec(text)).graph))
    assert drawn_chain(graph) == chain_of(name, parse_spec(text), graph)


def test_a_graph_that_is_no_chain_draws_none() -> None:
    """Nothing at all, a branch that leads nowhere or starts in the middle, something behind the shortcut."""
    graph = build_variant("basic-block", LAYER).graph
    conv, other, projection, add = graph.nodes
    late = projection._replace(inputs=(1,))
    for nodes in ((), (conv, other, projection), (conv, other, late, add), (conv, other, projection, add, other)):
        assert drawn_chain(graph._replace(nodes=nodes)) is None


@each("text", ["8:8 @1024 k3 s1000", "8:8 @400 k101", "4:4 @60x60x60 k31"])
@each("name", ["standard", "basic-block", "depthwise"])
def test_what_would_take_too_large_an_input_is_not_executed(name: str, text: str) -> None:
    """It is said instead."""
    assert show_equivalence(name, parse_spec(text)) == "too large an input would be needed"


@pytest.mark.parametrize(
    "text", ["3:64 @224 k7 s2", "64:64 @56 k3 d4", "8:8 @64 k11 s4", "16:16 @32 k2 s2", "8:8 @9x9x9 k3"]
)
def test_layers_as_networks_have_them_are_small_enough(text: str) -> None:
    """In every variant that applies."""
    for name in all_variants():
        try:
            found = show_equivalence(name, parse_spec(text))
        except DoesNotApply:
            continue
        assert isinstance(found, Equivalence), (name, found)
        assert found.same


FORMULAS = [name for name, entry in all_variants().items() if entry.factors]

#: Formulas that say something else than what the variant computes.
WRONG_FORMULAS = {
    "spatially-separable": "m i y, o m x -> o i y x",
    "depthwise-separable": "(j i) 1 *, o (j i) 1 -> o i *",
    "low-rank": "m i *, o m 1 -> i o *",
    "bottleneck": "n i 1, m n *, o m 1 -> o i *",
    "grouped": "(a g) b * -> (g a) (g b) *",
}


@each("name", FORMULAS)
def test_the_formula_of_a_variant_makes_the_kernel_that_it_computes(name: str) -> None:
    """Where one speaks of the layer: every variant that states one has a layer on which it does."""
    layers = {"2plus1d": "6:8 @5x6x7 k3x2x4", "grouped": "6:8 @9x7 k3 g2"}
    spec = parse_spec(layers.get(name, "6:8 @9x11 k3x5 m3 mid=4 s2 d1x2"))
    assert formula_of(name, spec, build_variant(name, spec).settings) is not None
    found = show_equivalence(name, spec)
    assert isinstance(found, Equivalence)
    assert found.same


@pytest.mark.parametrize("name", WRONG_FORMULAS)
def test_a_wrong_formula_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Passes exchanged, channels interleaved the other way, outputs and inputs exchanged."""
    entry = all_variants()[name]
    monkeypatch.setitem(registry._everything(), name, entry._replace(factors=WRONG_FORMULAS[name]))
    settings = {"bottleneck": "mid=4x3", "grouped": "g2", "low-rank": "mid=4"}.get(name, "m2")
    found = show_equivalence(name, parse_spec(f"6:6 @9x9 k3 {settings}"))
    assert isinstance(found, Equivalence)
    assert not found.same
