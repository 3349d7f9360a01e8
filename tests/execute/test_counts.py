"""Three counts that share no way of counting: scalar loop, map of an execution on ones, walked axes."""

from __future__ import annotations

import ast
import inspect
from typing import Any

import pytest
from strategies import each_layer
from tables import each

from convcost.analysis import analyze
from convcost.execute.ones import maps, scalar
from convcost.execute.ones.fields import measured_field
from convcost.execute.ones.maps import compare_maps, compare_scalar
from convcost.execute.ones.mixes import measured_mixes
from convcost.graph.ops import Conv
from convcost.spec.layer import LayerSpec
from convcost.variants.registry import AS_GIVEN, DoesNotApply, all_variants, build_variant


@each_layer(80, channels=3)
def test_maps_counts_fields_and_mixing_are_those_of_the_analysis(spec: LayerSpec) -> None:
    """Whole maps position by position, their sums, and what disturbing the input shows; every variant."""
    for name in (AS_GIVEN, *all_variants()):
        try:
            graph, _, shapes = build_variant(name, spec)
        except DoesNotApply:
            continue
        analysis = analyze(graph)
        for node, op in zip(graph.nodes, analysis.ops):
            if isinstance(node.op, Conv):
                found = compare_maps(node.op, shapes[node.inputs[0]])
                assert found == (True, op.cost.macs, op.cost.effective_macs)
        first = graph.nodes[0].op
        assert isinstance(first, Conv)
        assert compare_scalar(first, shapes[0]) == (
            True,
            analysis.ops[0].cost.macs,
            analysis.ops[0].cost.effective_macs,
        )
        assert measured_mixes(graph) == analysis.mixes
        if analysis.receptive_field is not None:
            assert measured_field(graph) in (None, analysis.receptive_field)


@each(
    ("op", "shape", "macs", "effective_macs"),
    [
        # 2 images, 4 outputs of 3 inputs at 3 taps: 5 windows of which the first and the last hang over by one
        (Conv(6, 4, (3,), (1,), ((1, 1),), (1,), 2), (2, 6, 5), 2 * 4 * 3 * 15, 2 * 4 * 3 * 13),
        (Conv(6, 4, (3,), (1,), ((1, 1),), (1,), 2, padding_mode="circular"), (2, 6, 5), 360, 360),
        # 5 inputs land at 3 places each, the first and the last of 11 are cropped
        (Conv(6, 4, (3,), (2,), ((1, 1),), (1,), 2, transposed=True, output_padding=(0,)), (2, 6, 5), 360, 312),
        (Conv(6, 4, (3,), (2,), ((1, 1),), (1,), 2, transposed=True), (2, 6, 5), 360, 2 * 4 * 3 * 13),
        (Conv(1, 1, (2, 1), (1, 2), ((0, 1), (0, 0)), (1, 1)), (1, 1, 2, 3), 2 * 2 * 2, 3 * 2),
    ],
    ids=str,
)  # fmt: skip
def test_compared_maps_have_the_sums_that_a_pencil_finds(
    op: Conv, shape: tuple[int, ...], macs: int, effective_macs: int
) -> None:
    for compare in (compare_maps, compare_scalar):
        assert compare(op, shape) == (True, macs, effective_macs)


def test_a_map_that_is_not_the_same_everywhere_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """In another image, another group, at one position, of all products or of those on data."""
    op, shape = Conv(2, 2, (3,), (1,), ((1, 1),), (1,), 2), (2, 2, 4)
    sound = maps.executed_maps
    for place in ((0, 0, 0), (1, 3, 1), (0, 2, 1)):
        for which in (0, 1):

            def broken(op: Conv, shape: tuple[int, ...], which: int = which, place: tuple[int, ...] = place) -> Any:
                made = [counts.copy() for counts in sound(op, shape)]
                made[which][place] += 1
                return tuple(made)

            monkeypatch.setattr(maps, "executed_maps", broken)
            assert not compare_maps(op, shape).same
            assert not compare_scalar(op, shape).same


def test_a_map_that_is_right_in_sum_only_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Padding before and after swapped: as many products, elsewhere."""
    op = Conv(1, 1, (3,), (1,), ((2, 0),), (1,))
    assert compare_maps(op, (1, 1, 6)).same
    walked = maps.walked_maps
    monkeypatch.setattr(maps, "walked_maps", lambda op, size: walked(op._replace(padding=((0, 2),)), size))
    assert compare_maps(op, (1, 1, 6)) == (False, 18, 15)


def test_the_scalar_loop_has_no_numpy() -> None:
    """Python's integers and the standard library."""
    names = [ast.unparse(node) for node in ast.walk(ast.parse(inspect.getsource(scalar)))
             if isinstance(node, ast.Import | ast.ImportFrom)]  # fmt: skip
    assert not any("numpy" in name for name in names)


@pytest.mark.parametrize(("name", "mixed"), [("depthwise", ["space"]), ("pointwise", ["channels"])])
def test_depthwise_mixes_no_channels_and_pointwise_no_positions(name: str, mixed: list[str]) -> None:
    """Shown by disturbing one input at a time."""
    assert measured_mixes(build_variant(name, LayerSpec(8, 8, (3, 3), (9, 9))).graph) == mixed
