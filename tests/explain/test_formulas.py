"""The formulas are those of the variant's own graph: evaluated anywhere, they give what the analysis gives."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest
from strategies import each_layer, made_for
from tables import each

from convcost.analysis.analyze import analyze
from convcost.explain.formulas import AXES, Formulas, Names, formulas, in_numbers, simplified
from convcost.explain.topics import applies
from convcost.spec import LayerSpec, parse_spec
from convcost.variants.registry import DoesNotApply, all_variants, build_variant

EVERY = [*all_variants(), "as-given"]
LAYER = parse_spec("64:128 @56 k3")


def sizes_of(spec: LayerSpec) -> dict[str, int]:
    """The letters' values for a layer."""
    return {"Cin": spec.in_channels, "Cout": spec.out_channels, "N": spec.batch} | dict(
        zip(AXES[spec.axes], spec.input_size)
    )


def check(found: Formulas, name: str, spec: LayerSpec) -> None:
    """Formulas, at the sizes of `spec`, against the analysis of the graph of `spec`, operation by operation."""
    analysis, sizes = analyze(build_variant(name, spec).graph), sizes_of(spec)
    for term, op in zip(found.terms, analysis.ops, strict=True):
        assert (term.op, term.params.at(sizes), term.macs.at(sizes)) == (op.name, op.cost.params, op.cost.macs)
    assert (found.params.at(sizes), found.macs.at(sizes)) == (analysis.cost.params, analysis.cost.macs)


@each_layer(30)
def test_formulas_give_what_the_analysis_gives(spec: LayerSpec) -> None:
    """Every variant of any layer: strides, dilations, groups, norm, shortcut, one to three axes."""
    for name in EVERY:
        try:
            found = formulas(name, spec)
        except DoesNotApply:
            continue
        check(found, name, spec)


@each("stride", [1, 3])
@each("name", [name for name in all_variants() if applies(name, LAYER)])
def test_a_formula_holds_at_random_other_sizes(name: str, stride: int) -> None:
    """Derived once, at 64:128 @56 (and a stride that leaves a remainder), evaluated elsewhere."""
    spec, random = LAYER._replace(stride=(stride, stride)), Random(name)
    found = formulas(name, made_for(name, spec))
    for _ in range(8):
        # As at 64:128: the smaller is the middle of the separable one.
        inner, outer = sorted(random.sample(range(32, 41 * 32, 32), 2))
        size = (random.randint(8, 90), random.randint(8, 90))
        other = spec._replace(in_channels=inner, out_channels=outer, input_size=size)
        check(found, name, made_for(name, other))


@each(
    ("name", "params", "macs"),
    [
        ("standard", "9·Cin·Cout", "9·Cin·Cout·H·W"),
        ("depthwise-separable", "9·Cin + Cin·Cout", "9·Cin·H·W + Cin·Cout·H·W"),
        ("depthwise", "9·Cin", "9·Cin·H·W"),
        ("pointwise", "Cin·Cout", "Cin·Cout·H·W"),
        ("grouped", "9·Cin·Cout/32", "9·Cin·Cout·H·W/32"),
        ("inverted-residual", "54·Cin + 6·Cin² + 6·Cin·Cout", "54·Cin·H·W + 6·Cin·Cout·H·W + 6·Cin²·H·W"),
    ],
)
def test_formulas_are_those_of_the_papers(name: str, params: str, macs: str) -> None:
    """Howard et al. 2017, section 3.1; Sandler et al. 2018, section 3."""
    found = formulas(name, LAYER)
    assert (repr(found.params), repr(found.macs)) == (params, macs)


def test_ratios_are_simplified_term_by_term() -> None:
    """1/N + 1/k² (Howard et al. 2017, section 3.1), 2/k."""
    names = Names()
    standard = formulas("standard", LAYER, names)
    assert simplified(formulas("depthwise-separable", LAYER, names).macs, standard.macs) == (
        "1/Cout + 1/9",
        "1/128 + 1/9",
    )
    square = LAYER._replace(in_channels=128)
    found = simplified(formulas("spatially-separable", square).macs, formulas("standard", square).macs)
    assert found == ("Cin/(3·Cout) + 1/3", "1/3 + 1/3")


def test_a_stride_gives_the_outputs_a_name_that_is_explained() -> None:
    found = formulas("standard", parse_spec("64:128 @56x57 k3 s2"))
    assert repr(found.macs) == "9·Cin·Cout·H′·W′"
    assert {name: (repr(size), size.value) for name, size in found.sizes.items()} == {
        "H′": ("⌊(H - 1)/2⌋ + 1", 28),
        "W′": ("W/2 + 1/2", 29),
    }
    assert in_numbers(found.macs) == "9·64·128·28·29"


def test_wrong_sizes_are_noticed() -> None:
    """The oracle can fail: a formula at 64:128 against the analysis at 64:129."""
    with pytest.raises(AssertionError):
        check(formulas("depthwise-separable", LAYER), "standard", LAYER)
    with pytest.raises(AssertionError):
        check(formulas("pointwise", LAYER), "pointwise", LAYER._replace(groups=64, stride=(2, 2)))


def test_terms_stand_in_the_order_of_execution() -> None:
    found = [term.op for term in formulas("bottleneck", LAYER).terms]
    assert found == [node.name for node in build_variant("bottleneck", LAYER).graph.nodes]
    assert all(a != b for a, b in pairwise(found))
