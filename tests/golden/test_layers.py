"""The analysis against what PyTorch really did; make_layers.py made the file and says how each figure was got."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tables import each

from convcost.analysis import analyze, words
from convcost.spec import parse_spec
from convcost.spec.layer import LayerSpec
from convcost.variants.registry import AS_GIVEN, all_variants, build_variant

Golden = dict[str, Any]

TABLE: dict[str, list[Golden]] = json.loads(Path(__file__).with_name("layers.json").read_text(encoding="utf-8"))
LAYERS, BLOCKS = TABLE["layers"], TABLE["blocks"]
ROWS = [{"variant": AS_GIVEN, **row} for row in LAYERS] + BLOCKS
FIGURES = ("output_shape", "params", "macs", "effective_macs", "elementwise", "receptive_field")


def read(row: Golden) -> LayerSpec:
    """The spec of a golden row, from its JSON."""
    return parse_spec(json.dumps(row["spec"]))


def answers(variant: str, spec: LayerSpec) -> dict[str, Any]:
    """What the analysis says, tuples as JSON's lists."""
    given = words(analyze(build_variant(variant, spec)[0]))
    return {word: list(value) if isinstance(value, tuple) else value for word, value in given.items()}


def disagreements(word: str, rows: list[Golden]) -> list[tuple[Golden, object, object]]:
    """Rows for which PyTorch and the analysis say different things: spec, measured, analysed."""
    known = [(row, answers(row["variant"], read(row))[word]) for row in rows if word in row]
    return [(row["spec"], row[word], said) for row, said in known if row[word] != said]


@pytest.mark.parametrize("word", FIGURES)
def test_analysis_says_what_pytorch_did(word: str) -> None:
    """Every figure of every layer, chain and block is the one that PyTorch's execution showed, to the last digit."""
    assert disagreements(word, ROWS) == []


@each("word", FIGURES)
def test_a_wrong_figure_is_noticed(word: str) -> None:
    """The comparison can fail: a figure that is off by one is found."""
    row = next(row for row in BLOCKS if row["variant"] == "standard")
    wrong = [n + 1 for n in row[word]] if isinstance(row[word], list) else row[word] + 1
    assert len(disagreements(word, [{**row, word: wrong}])) == 1


def test_printed_module_reads_as_the_same_layer() -> None:
    """What PyTorch prints for a layer, with size and batch after it, is the layer that its JSON describes."""
    printed = [row for row in LAYERS if row["printed"]]
    assert len(printed) > 400
    for row in printed:
        spec = read(row)
        rest = f"@{'x'.join(map(str, spec.input_size))} n{spec.batch}"
        assert parse_spec(f"{row['printed']} {rest}") == spec
        assert parse_spec(f"  (conv1): {row['printed']} {rest}") == spec


def test_a_plain_golden_layer_costs_the_same_under_either_name() -> None:
    """A plain layer is its own `standard` variant."""
    plain = [spec for spec in map(read, LAYERS) if spec.is_plain]
    assert plain
    assert all(answers("standard", spec) == answers(AS_GIVEN, spec) for spec in plain)


def test_ops_sum_to_the_golden_totals() -> None:
    """The measured totals are the sums over the operations, op by op."""
    for row in BLOCKS:
        ops = analyze(build_variant(row["variant"], read(row))[0]).ops
        for word in ("params", "macs", "effective_macs", "elementwise"):
            assert sum(getattr(op.cost, word) for op in ops) == row[word]


def test_table_is_as_wide_as_it_claims() -> None:
    """Enough layers, on all axes, of every kind that a spec can describe, and ten variants with norm on and off."""
    specs = [row["spec"] for row in LAYERS]
    assert len(specs) >= 400
    kinds = {(len(s["kernel_size"]), s.get("transposed", False)) for s in specs}
    assert kinds == {(axes, transposed) for axes in (1, 2, 3) for transposed in (False, True)}
    assert {s.get("padding_mode", "zeros") for s in specs} == {"zeros", "reflect", "replicate", "circular"}
    assert {s["padding"] for s in specs if isinstance(s["padding"], str)} == {"same", "same-upper", "valid"}
    assert sum(s.get("groups", 1) > 1 for s in specs) > 200
    assert sum("output_padding" in s for s in specs) > 90
    assert any(row["effective_macs"] == 0 for row in LAYERS)
    assert len(BLOCKS) >= 60
    pairs = {(row["variant"], row["spec"].get("norm", False)) for row in BLOCKS}
    variants = {variant for variant, _ in pairs}
    assert len(variants) >= 10
    assert variants <= {*all_variants()}
    assert pairs == {(variant, norm) for variant in variants for norm in (False, True)}
