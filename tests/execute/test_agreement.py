"""The central promise: what the analysis says is what an execution does, for every layer and every variant."""

from strategies import each_layer

from convcost.analysis import analyze, words
from convcost.checks.verifier import check
from convcost.execute.ones.measure import measure
from convcost.spec.check import check_spec
from convcost.spec.layer import LayerSpec
from convcost.variants.registry import AS_GIVEN, DoesNotApply, all_variants, build_variant


@each_layer(inplace=(True, False))
def test_the_analysis_equals_the_execution_of_every_variant(spec: LayerSpec, inplace: bool) -> None:
    """Every word that an execution settles, for the whole and for each operation."""
    for name in (AS_GIVEN, *all_variants()):
        try:
            graph = build_variant(name, spec).graph
        except DoesNotApply:
            continue
        analysis, measured = analyze(graph, inplace), measure(graph, inplace=inplace)
        found = check(words(analysis), measured, [words(op) for op in analysis.ops])
        assert {word: c for word, c in found.items() if not c.ok} == {}, name


@each_layer()
def test_every_generated_layer_can_exist(spec: LayerSpec) -> None:
    """The agreement above is about layers that a spec can describe."""
    check_spec(spec)
    build_variant(AS_GIVEN, spec)
