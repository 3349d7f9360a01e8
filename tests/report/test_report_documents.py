"""What JSON says."""

from __future__ import annotations

import json

import pytest
from report.report_cases import LINES, compared, contradicted, executed, not_executed, one_layer
from tables import each

from convcost.analysis import WORDS
from convcost.answers.comparison import RELATIVE
from convcost.report.documents import comparison_document, error_document, layer_document
from convcost.spec import SpecError, parse_spec, spec_to_json

ROW = ("variant", "role", "applicable", "reason", "settings", *WORDS, "relative", "verified", "ops")


@each("line", LINES)
def test_every_row_has_every_field_in_one_order(line: str) -> None:
    """Whether it applies or not."""
    document = comparison_document(compared(line))
    assert list(document) == ["schema", "spec", "baseline", "rows"]
    for row in document["rows"]:
        assert tuple(row) == ROW
        assert tuple(row["relative"]) == RELATIVE
        for op in row["ops"]:
            assert tuple(op) == ("name", "op", *WORDS, "relative")


def test_a_row_that_does_not_apply_has_a_reason_and_no_words() -> None:
    """Nulls, not zeros."""
    row = next(r for r in comparison_document(compared("63:65 @9x7 k3"))["rows"] if r["variant"] == "grouped")
    assert not row["applicable"]
    assert "divides" in row["reason"]
    assert {row[word] for word in WORDS} == {None}
    assert row["relative"] == dict.fromkeys(RELATIVE)
    assert row["ops"] == []


def test_building_blocks_have_no_ratios() -> None:
    """Neither the row nor its operation: they do less than a layer's work."""
    for row in comparison_document(compared("64:128 @56 k3"))["rows"]:
        ratios = [row["relative"], *[op["relative"] for op in row["ops"]]]
        missing = [set(relative.values()) == {None} for relative in ratios]
        assert all(missing) if row["role"] == "building-block" else not any(missing)


def test_a_layer_is_its_spec_and_the_fields_of_its_row() -> None:
    """Flat, and without ratios."""
    layer = one_layer("64:64 @56 k3 g64")
    document = layer_document(*layer)
    assert tuple(document) == ("schema", "spec", *ROW)
    assert document["spec"] == spec_to_json(parse_spec("64:64 @56 k3 g64"))
    assert document["params"] == 576
    assert document["relative"] == dict.fromkeys(RELATIVE)


def test_verified_says_status_size_and_checks() -> None:
    """As executed, at full size."""
    row = comparison_document(executed("8:16 @9x7 k3"))["rows"][0]
    assert list(row["verified"]) == ["status", "size", "checks"]
    assert row["verified"]["status"] == "verified"
    assert row["verified"]["size"] == "full"
    assert row["verified"]["checks"]["params"] == {"expected": 1152, "measured": 1152, "ok": True}


def test_a_reduced_execution_says_at_which_size() -> None:
    """The five sizes in which it differs."""
    row = comparison_document(executed("64:128 @56 k3", limit=100_000))["rows"][0]
    assert list(row["verified"]["size"]) == ["in_channels", "out_channels", "groups", "input_size", "batch"]


def test_a_mismatch_keeps_both_numbers() -> None:
    """What was expected, and what came out."""
    row = next(r for r in comparison_document(contradicted())["rows"] if r["variant"] == "grouped")
    found = row["verified"]["checks"]["macs"]
    assert row["verified"]["status"] == "mismatch"
    assert (found["expected"], found["ok"]) == (row["macs"], False)
    assert found["measured"] != row["macs"]


def test_what_was_not_executed_is_skipped_with_its_reason_if_there_is_one() -> None:
    """No reason where nobody asked."""
    asked = comparison_document(compared("64:128 @56 k3", verify=not_executed))["rows"][0]["verified"]
    assert asked["reason"] == "too large to execute, even reduced"
    unasked = comparison_document(compared("64:128 @56 k3"))["rows"][0]["verified"]
    assert unasked == {"status": "skipped", "size": None, "checks": {}}


def test_an_error_says_where_it_is() -> None:
    """Line and column count from 1."""
    with pytest.raises(SpecError) as caught:
        parse_spec("64:128 @56 q3")
    error = error_document(caught.value, 7)["error"]
    assert (error["line"], error["column"]) == (7, 12)
    assert error["message"] == caught.value.message
    assert json.loads(json.dumps(error)) == error
