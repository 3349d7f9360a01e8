"""Rows side by side: which there are, in what order, and what each is related to."""

from __future__ import annotations

from typing import Any, cast

import pytest
from strategies import each_layer
from tables import each

from convcost.analysis import WORDS, Analysis
from convcost.answers.comparison import RELATIVE, Comparison, Row, compare_variants
from convcost.graph.ops import Graph
from convcost.spec import LayerSpec, parse_spec
from convcost.variants.registry import all_variants, shown_variants

PLAIN = parse_spec("64:128 @56 k3")


def row(result: Comparison, name: str) -> Row:
    return next(row for row in result.rows if row.variant == name)


def told(found: Row) -> dict[str, Any]:
    """The words of a row that has them."""
    assert found.words is not None
    return found.words


def relative(found: Row) -> dict[str, float | None]:
    assert found.relative is not None
    return found.relative


def test_every_variant_has_a_row_in_the_registrys_order() -> None:
    """Each with the role that keeps it apart from the others."""
    result = compare_variants(PLAIN)
    shown = [entry for entry in all_variants().values() if 2 in entry.shown]
    assert [(row.variant, row.role) for row in result.rows] == [(entry.name, entry.role) for entry in shown]
    assert result.baseline == "standard"
    assert result.spec == PLAIN


@each("text", ["64:64 @9 k3 g4", "64:64 @9 k3 g64", "64:32 @9 k3 s2 t", "64:32 @9 k3 t g2"])
def test_a_layer_that_is_not_standard_is_the_first_row_and_the_baseline(text: str) -> None:
    """Grouped or transposed: as-given comes before everything that would replace it."""
    result = compare_variants(parse_spec(text))
    assert [row.variant for row in result.rows] == ["as-given", *shown_variants(2)]
    assert result.baseline == "as-given"
    assert set(relative(result.rows[0]).values()) == {1.0}
    assert result.rows[0].role == "replacement"


def test_groups_of_the_middle_leave_the_layer_a_plain_one() -> None:
    """With `mid_channels`, groups describe the bottleneck and not the layer: there is no as-given row."""
    result = compare_variants(parse_spec("256:256 @14 k3 g32 mid=128"))
    assert result.rows[0].variant == result.baseline == "standard"


def test_named_rows_come_as_named() -> None:
    """In the order asked for, with ratios to the baseline even where that is no row."""
    result = compare_variants(PLAIN, ["grouped", "depthwise-separable"])
    assert [row.variant for row in result.rows] == ["grouped", "depthwise-separable"]
    assert relative(result.rows[0])["macs"] == 1 / 32
    assert relative(result.rows[1])["macs"] == 1 / 128 + 1 / 9


def test_as_given_is_there_whatever_is_named() -> None:
    """The baseline of a grouped layer is shown beside the rows asked for."""
    result = compare_variants(parse_spec("64:64 @9 k3 g4"), ["standard"])
    assert [row.variant for row in result.rows] == ["as-given", "standard"]
    assert relative(result.rows[1])["params"] == 4.0


def test_the_baseline_can_be_named() -> None:
    """Every ratio is to it; its own is 1."""
    result = compare_variants(PLAIN, baseline="grouped")
    assert result.baseline == "grouped"
    assert set(relative(row(result, "grouped")).values()) == {1.0}
    assert relative(row(result, "standard"))["macs"] == 32.0
    assert compare_variants(parse_spec("64:64 @9 k3 g4"), baseline="standard").baseline == "standard"


def quotients(words: dict[str, Any], base: dict[str, Any]) -> dict[str, float | None]:
    return {word: words[word] / base[word] if base[word] else None for word in RELATIVE}


@each_layer()
def test_ratios_are_row_by_baseline(spec: LayerSpec) -> None:
    """For each of five words: the quotient, None where the baseline's is 0; of every operation as well."""
    result = compare_variants(spec)
    base = row(result, result.baseline).words
    for found in result.rows:
        if base is None or found.words is None or found.role == "building-block":
            assert found.relative is None
            continue
        assert found.relative == quotients(found.words, base)
        assert [op.relative for op in found.ops] == [quotients(op.words, base) for op in found.ops]
    assert RELATIVE == ("params", "macs", "effective_macs", "peak_bytes", "traffic_bytes")


def test_a_ratio_over_0_is_missing() -> None:
    """A layer that meets nothing but padding has 0 effective MACs: nothing can be related to that."""
    result = compare_variants(parse_spec("4:4 @1 k1 s5 p3"))
    standard = row(result, "standard")
    assert told(standard)["effective_macs"] == 0
    assert relative(standard)["effective_macs"] is None
    assert relative(standard)["macs"] == 1.0


def test_building_blocks_have_no_ratios() -> None:
    """They do less than the layer's work; a ratio would mislead. Nor do their operations have any."""
    for found in compare_variants(PLAIN).rows:
        assert (found.relative is None) == (found.role == "building-block")
        assert {part.relative is None for part in found.ops} == {found.role == "building-block"}


def test_a_row_that_does_not_apply_stays_and_says_why() -> None:
    """No words, no operations, no ratios: a reason."""
    found = row(compare_variants(parse_spec("64:64 @9 k3 1d")), "spatially-separable")
    assert found == Row("spatially-separable", "replacement", {}, "one axis cannot be separated")


def test_a_baseline_that_does_not_apply_leaves_ratios_missing() -> None:
    """The rows keep their words."""
    result = compare_variants(parse_spec("64:64 @9 k3 1d"), baseline="spatially-separable")
    assert {found.relative for found in result.rows if found.words is not None} == {None}
    assert len([found for found in result.rows if found.words]) == len(shown_variants(1)) - 1


@each_layer()
def test_a_row_has_words_or_a_reason(spec: LayerSpec) -> None:
    """One or the other, in every row of every layer; applicable rows answer every word, op by op."""
    for found in compare_variants(spec).rows:
        assert (found.words is None) == bool(found.reason)
        assert (found.words is None) == (not found.ops)
        assert all(tuple(words) == WORDS for words in [found.words or WORDS, *[op.words for op in found.ops]])


def test_operations_have_names_and_kinds() -> None:
    """As the graph has them, in execution order."""
    found = row(compare_variants(PLAIN._replace(norm=True, activation="relu"), ["basic-block"]), "basic-block")
    assert [(op.name, op.kind) for op in found.ops] == [
        ("conv1", "conv"), ("conv1.norm", "batch-norm"), ("conv1.activation", "activation"),
        ("conv2", "conv"), ("conv2.norm", "batch-norm"), ("projection", "conv"), ("projection.norm", "batch-norm"),
        ("add", "add"), ("add.activation", "activation"),
    ]  # fmt: skip


def test_settings_say_what_shaped_a_row() -> None:
    """Among them what was chosen because nobody chose it."""
    rows = {found.variant: found.settings for found in compare_variants(PLAIN).rows}
    assert rows["grouped"] == {"groups": 32}
    assert rows["spatially-separable"] == {"mid_channels": 64}
    assert rows["depthwise-separable"] == rows["depthwise"] == {"depth_multiplier": 1}
    assert rows["bottleneck"] == {"bottleneck_ratio": 4, "mid_channels": 32}
    assert rows["basic-block"] == {"shortcut": "projection"}
    assert rows["inverted-residual"] == {"expansion_ratio": 6, "shortcut": "none"}


def test_without_in_place_operations_the_peak_grows() -> None:
    """`inplace=False` reaches every row."""
    spec = PLAIN._replace(activation="relu")
    for name in ("standard", "grouped", "pointwise"):
        peaks = [
            told(compare_variants(spec, [name], inplace=inplace).rows[0])["peak_bytes"] for inplace in (True, False)
        ]
        assert peaks == [4 * (64 + 128) * 56 * 56, 4 * (128 + 128) * 56 * 56]


def test_rows_are_verified_only_when_asked() -> None:
    """And the verifier sees the graph and the analysis of the very row; what does not apply is not executed."""
    seen: list[tuple[str, LayerSpec, bool]] = []

    class Verify:
        def __call__(self, name: str, spec: LayerSpec, graph: Graph, analysis: Analysis, inplace: bool) -> Any:
            assert len(graph.nodes) == len(analysis.ops)
            seen.append((name, spec, inplace))
            return f"{name} was executed"

        def relate(self, row: Row, base: Row, _spec: LayerSpec, inplace: bool) -> Any:
            assert (base.variant, inplace) == ("standard", False)
            return row.verified

    spec = parse_spec("64:64 @9 k3 1d")
    assert all(found.verified is None for found in compare_variants(spec).rows)
    for found in compare_variants(spec, inplace=False, verify=Verify()).rows:
        assert cast(Any, found.verified) == (f"{found.variant} was executed" if found.words else None)
    assert seen == [(name, spec, False) for name in shown_variants(1) if name != "spatially-separable"]


def test_ratios_of_18_digit_sizes_are_finite() -> None:
    """Words have over 100 digits, their quotients do not overflow."""
    n = 10**18 - 2
    found = row(
        compare_variants(LayerSpec(n, n, (3, 3), (n, n), padding=((1, 1), (1, 1)), batch=n)), "depthwise-separable"
    )
    assert relative(found)["macs"] == pytest.approx(1 / 9)
