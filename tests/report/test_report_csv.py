"""CSV: a line a row, read back as it was meant."""

from __future__ import annotations

import csv
import io

import pytest
from report.report_cases import LINES, compared, contradicted, executed, one_layer, written
from tables import each

from convcost.analysis import WORDS
from convcost.answers.check import Measurement
from convcost.answers.comparison import RELATIVE
from convcost.report.columns import COLUMNS, UnknownColumnError
from convcost.report.documents import comparison_document

ADDITIVE = (
    "params", "macs", "effective_macs", "flops", "elementwise", "conv_activations", "weight_bytes", "activation_bytes",
    "traffic_bytes",
)  # fmt: skip


def lines(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


@each("line", LINES)
def test_every_row_is_there_with_every_word(line: str) -> None:
    """Integers whole, what is missing empty, ratios dotted."""
    result = compared(line)
    rows = comparison_document(result)["rows"]
    read = lines(written("csv", result))
    assert [r["variant"] for r in read] == [r["variant"] for r in rows]
    for found, row in zip(read, rows):
        assert found["macs"] == ("" if row["macs"] is None else str(row["macs"]))
        assert {*WORDS, *[f"relative.{word}" for word in RELATIVE]} < set(found)
        assert found["relative.macs"] == ("" if row["relative"]["macs"] is None else repr(row["relative"]["macs"]))
        assert found["reason"] == (row["reason"] or "")
        assert None not in found


def test_a_reason_with_commas_is_one_field() -> None:
    """Quoted as RFC 4180 has it."""
    assert '"none of 32, 16, 8, 4, 2 groups divides 63 and 65"' in written("csv", compared("63:65 @9x7 k3"))


def test_a_batch_has_one_header_and_the_layer_in_front() -> None:
    """As text that can be read again."""
    read = lines(written("csv", one_layer("64:128 @56 k3"), one_layer("3:64 @224x200 k7 s2"), batch=True))
    assert [r["spec"] for r in read] == ["64:128 @56 k3", "3:64 @224x200 k7 s2"]
    assert "spec" not in lines(written("csv", one_layer("64:128 @56 k3")))[0]


def test_operations_have_lines_of_their_own_that_sum_to_the_rows() -> None:
    """Told apart by `ops.name`, which is empty for the row."""
    read = lines(written("csv", compared("64:128 @56 k3 s2 bias"), per_op=True))
    for row in [r for r in read if not r["ops.name"]]:
        parts = [r for r in read if r["ops.name"] and r["variant"] == row["variant"]]
        assert parts
        for word in ADDITIVE:
            assert sum(int(part[word]) for part in parts) == int(row[word])


def test_chosen_columns_are_all_there_is() -> None:
    """In the order in which they were named; `verified` is what there is to know about it."""
    text = written("csv", executed("8:16 @9x7 k3"), columns=["relative.macs", "verified", "macs"])
    assert text.splitlines()[0] == "variant,relative.macs,verified.status,verified.size,verified.reason,macs"
    assert text.splitlines()[1] == "standard,1.0,verified,full,,72576"


@each("name", COLUMNS)
def test_every_column_can_be_chosen(name: str) -> None:
    """Each holds something in some row."""
    timed = tuple([row._replace(measured=Measurement(0.5, 2.0, 3, "onnxruntime", 0.7)) for row in contradicted().rows])
    read = lines(written("csv", contradicted()._replace(rows=timed), columns=[name]))
    field = "verified.status" if name == "verified" else name
    assert any(row[field] for row in read)


def test_an_unknown_column_is_named_with_the_nearest() -> None:
    """Before anything is written."""
    with pytest.raises(UnknownColumnError) as caught:
        written("csv", columns=["macs", "peak_byte"])
    found = caught.value
    assert (found.text[found.start : found.end], found.hint) == ("peak_byte", "did you mean peak_bytes?")
    with pytest.raises(UnknownColumnError) as caught:
        written("table", columns=["zzz"])
    assert caught.value.hint.startswith("there are variant, role")
