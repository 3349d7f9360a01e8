"""What a verified row vouches for: every word of it, of the whole and of each operation."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from strategies import layer_specs

from convcost.analysis import Analysis, analyze
from convcost.analysis.analyze import WORDS
from convcost.answers.check import Verified
from convcost.answers.comparison import RELATIVE, compare_variants
from convcost.checks import limits as safety
from convcost.checks import verifier as verification
from convcost.checks.verifier import Verifier, judge, worst
from convcost.execute.ones import fields, mixes
from convcost.graph.ops import Graph
from convcost.report.columns import COLUMNS
from convcost.spec import LayerSpec, parse_spec
from convcost.variants.registry import build_variant


def verified(text: str, name: str = "standard", limit: int = verification.DEFAULT_LIMIT) -> Verified:
    """What the verification of one row says."""
    (row,) = compare_variants(parse_spec(text), [name], verify=Verifier(limit)).rows
    assert row.verified is not None
    return row.verified


def test_every_word_of_a_row_is_checked() -> None:
    """Derived ones and ratios too, and the stages; there is no word without a check."""
    assert set(WORDS) <= set(COLUMNS)
    checks = [*WORDS, "stages", *[f"relative.{word}" for word in RELATIVE]]
    assert {name: check.ok for name, check in verified("8:16 @9x7 k3").checks.items()} == dict.fromkeys(checks, True)


@settings(max_examples=60, deadline=None)
@given(spec=layer_specs(channels=3))
def test_every_variant_of_every_layer_is_verified_in_every_word(spec: LayerSpec) -> None:
    """Where the analysis knows it and the input it takes is not too large."""
    for row in compare_variants(spec, verify=Verifier()).rows:
        if row.verified and row.words:
            assert row.verified.status in ("verified", "partial"), (row.variant, row.verified)
            unchecked = [word for word, check in row.verified.checks.items() if not check.ok]
            assert unchecked in ([], ["receptive_field"])
            assert (row.relative is None) == ("relative.macs" not in row.verified.checks)


def _swapped(analysis: Analysis) -> Analysis:
    """The costs of two operations exchanged: every sum is as it was."""
    first, second, *rest = analysis.ops
    return analysis._replace(ops=(first._replace(cost=second.cost), second._replace(cost=first.cost), *rest))


def _narrow(analysis: Analysis) -> Analysis:
    first, *rest = analysis.ops
    return analysis._replace(ops=(first._replace(receptive_field=(1, 1)), *rest))


def _unmixed(analysis: Analysis) -> Analysis:
    first, *rest = analysis.ops
    return analysis._replace(ops=(first._replace(mixes=["channels"]), *rest))


@pytest.mark.parametrize(
    ("change", "words"),
    [(_swapped, {"params", "macs", "effective_macs", "conv_activations", "weight_bytes", "activation_bytes",
                 "traffic_bytes", "flops", "arithmetic_intensity"}),
     (_narrow, {"receptive_field"}), (_unmixed, {"mixes"})],
)  # fmt: skip
def test_an_operation_that_is_wrong_alone_is_noticed_and_named(
    change: Callable[[Analysis], Analysis], words: set[str]
) -> None:
    """Though every total is right."""
    graph = build_variant("depthwise-separable", parse_spec("8:16 @9x7 k3")).graph
    analysis = change(analyze(graph))
    checks = {**judge(graph, analysis, True).checks, **verification.check_seen(graph, analysis)}
    assert worst(checks.values()) == "mismatch"
    wrong: dict[str, Any] = {word: check.expected for word, check in checks.items() if not check.ok}
    assert set(wrong) == words
    assert all("depthwise" in expected for expected in wrong.values())


def test_what_is_not_known_is_not_checked() -> None:
    """A receptive field through branches and a transposed convolution."""
    spec = parse_spec("8:8 @9 k3 p1 t")._replace(residual=True)
    (_, row) = compare_variants(spec, ["standard"], verify=Verifier()).rows
    assert row.verified is not None
    assert row.verified.status == "verified"
    assert row.verified.checks["receptive_field"][:3] == (None, None, None)


def test_a_field_that_takes_too_large_an_input_is_left_to_the_analysis(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which is no mismatch, and no check either."""
    monkeypatch.setattr(fields, "MOST_ADDITIONS", 1)
    monkeypatch.setattr(mixes, "MOST_ADDITIONS", 1)
    fields._field.cache_clear()
    found = verified("8:16 @9x7 k3")
    fields._field.cache_clear()
    assert found.status == "partial"
    assert found.checks["receptive_field"][:3] == ((3, 3), None, None)


@pytest.mark.parametrize("text", ["8:8 @4000000 k1 s4000000 p3000000 1d", "8:8 @90000000 k70000000 1d"])
def test_what_would_take_too_large_an_input_is_not_disturbed(text: str) -> None:
    """A stride or a kernel of any size; nor does looking at it take memory."""
    graph = build_variant("standard", parse_spec(text)).graph
    tracemalloc.start()
    try:
        assert fields.measured_field(graph) is mixes.measured_mixes(graph) is None
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()
    found = verification.check_seen(graph, analyze(graph))
    assert [check.ok for check in found.values()] == [None, None]
    assert None not in [check.expected for check in found.values()]


@pytest.mark.parametrize("text", ["8:8 @1024 k1 s1000", "8:8 @2000 k101", "8:8 @99x99x99 k31"])
def test_what_reaches_an_output_is_found_where_disturbing_every_position_would_take_too_long(text: str) -> None:
    """The receptive field; mixing is not."""
    spec = parse_spec(text)
    found = verification.check_seen(graph := build_variant("standard", spec).graph, analyze(graph))
    assert found["receptive_field"][1:3] == (spec.kernel_size, True)
    assert found["mixes"].ok is None


def test_a_row_that_would_not_fit_into_free_memory_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """With both sizes; what is small is executed without asking."""
    monkeypatch.setattr(safety, "free_memory", lambda: 1 << 20)
    found = verified("64:64 @300 k3")
    assert (found.status, found.checks) == ("skipped", {})
    assert "MiB and 1 MiB are free" in str(found.reason)
    assert verified("8:16 @9x7 k3").status == "verified"


def test_a_reduced_size_names_every_setting_in_which_it_differs() -> None:
    """Besides the sizes: ratios and multipliers that are capped."""
    found = verified("64:64 @56 k3 e20 m6", "inverted-residual", 1_000_000)
    assert found.status == "reduced"
    assert isinstance(found.size, dict)
    assert (found.size["expansion_ratio"], found.size["depth_multiplier"]) == (8, 4)
    assert "bottleneck_ratio" not in found.size


def test_fields_and_mixing_are_those_of_the_row_even_when_it_is_executed_at_a_reduced_size() -> None:
    """A wrong one of the full graph is noticed."""
    spec = parse_spec("64:64 @56 k3")
    graph, _, shapes = build_variant("standard", spec)
    wrong = analyze(graph, True, shapes)._replace(receptive_field=(3, 5))
    found = Verifier(100_000)("standard", spec, graph, wrong, True)
    assert found.status == "mismatch"
    assert [word for word, check in found.checks.items() if not check.ok] == ["receptive_field"]


@pytest.mark.parametrize("limit", [0, 50_000, 10**9])
def test_ratios_are_formed_at_a_size_at_which_both_were_executed(limit: int) -> None:
    """A row may be executed at full size and its baseline reduced; the check then says at which size."""
    rows = compare_variants(parse_spec("16:32 @14x11 k3"), ["standard", "grouped"], verify=Verifier(limit)).rows
    sizes = []
    for row in rows:
        assert row.verified is not None
        found = row.verified.checks["relative.macs"]
        assert found.ok
        sizes.append((row.verified.size == "full", found.size == "full"))
    assert sizes == {0: [(False, True)] * 2, 50_000: [(False, True), (True, False)], 10**9: [(True, True)] * 2}[limit]


def test_a_baseline_that_is_no_row_is_executed_for_the_ratios_to_it() -> None:
    """Or they would be by analysis only."""
    (row,) = compare_variants(parse_spec("8:16 @9x7 k3"), ["grouped"], verify=Verifier()).rows
    assert row.verified is not None
    assert row.verified.checks["relative.macs"][:3] == (0.125, 0.125, True)


def test_a_reduced_row_is_executed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of layers that reduce to the same; the answers are those of a verifier that remembers nothing."""
    texts = ["64:128 @56 k3", "64:128 @48 k3", "128:256 @28 k3"]
    fresh = [compare_variants(parse_spec(text), ["standard"], verify=Verifier(1000)) for text in texts]
    executed = []
    sound = verification.measure
    monkeypatch.setattr(verification, "measure", lambda *args, **named: executed.append(1) or sound(*args, **named))
    one = Verifier(1000)
    assert [compare_variants(parse_spec(text), ["standard"], verify=one) for text in texts] == fresh
    assert len(executed) == 1


def test_no_more_is_remembered_than_is_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of layers, of their rows and of the ratios between these: when it is full, all is forgotten."""
    monkeypatch.setattr(verification, "REMEMBERED", 2)
    one, sizes = Verifier(0), []
    for text in ("8:16 @9 k3", "8:16 @9 k3 d2", "8:16 @9 k3 n2", "8:16 @9 k5"):
        compare_variants(parse_spec(text), ["standard"], verify=one)
        sizes.append((len(one._specs), len(one._reduced), len(one._related)))
    assert sizes == [(1, 1, 1), (2, 2, 2), (1, 1, 1), (2, 2, 2)]


def test_a_limit_of_0_executes_every_row_at_a_reduced_size() -> None:
    """What the limit bounds is the execution at full size."""
    found = verified("8:16 @9x7 k3", limit=0)
    assert found.status == "reduced"
    assert isinstance(found.size, dict)


def test_what_was_found_once_is_found_again() -> None:
    """Remembered by what decides it: padding and dilation are part of that, channels and batch are not."""
    graphs: list[Graph] = [build_variant("standard", parse_spec(text)).graph for text in
                           ("8:16 @9 k3", "4:4 @9 k3 n2", "8:16 @9 k3 d2 p2")]  # fmt: skip
    fields._field.cache_clear()
    assert [fields.measured_field(graph) for graph in graphs] == [(3, 3), (3, 3), (5, 5)]
    assert fields._field.cache_info().misses == 2
