"""Conditions: what they mean for rows and for columns, and what is said of those that mean nothing."""

from __future__ import annotations

from contextlib import suppress
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tables import each

from convcost.search.where import Condition, condition_of_layers, read_quantity
from convcost.spec.errors import SpecError

KNOWN = ["macs", "params", "peak_bytes", "relative.macs", "name", "variant", "index"]

ROW = {"macs": 30_000_000, "params": 512, "peak_bytes": 2**21, "relative": {"macs": 0.25}, "name": "stage1.2.conv",
       "variant": "grouped"}  # fmt: skip


@each(
    ("text", "number"),
    [
        ("150M", 150_000_000), ("0.15G", 150_000_000), ("2MiB", 2**21), ("30 MMACs", 30_000_000),
        ("4.1e9", 4_100_000_000),
        ("50k", 50_000), ("50K", 50_000), ("1,500", 1500), ("1_500", 1500), ("7", 7), ("2.5 GFLOPs", 2_500_000_000),
        ("0.1", Fraction(1, 10)), ("64KiB", 2**16), ("3 params", 3), ("1TB", 10**12),
        ("1GiB", 1_073_741_824), ("1TiB", 1_099_511_627_776),
    ],
)  # fmt: skip
def test_a_quantity_is_exact_whatever_its_unit(text: str, number: Any) -> None:
    assert read_quantity(text) == number


@each("text", ["", "M", "3x", "-3", "3 apples", "1..2", "0x10", "3mM"])
def test_what_is_no_quantity_is_refused(text: str) -> None:
    with pytest.raises(SpecError, match="quantity"):
        read_quantity(text)


@each(
    ("text", "holds"),
    [
        ("macs<=30M", True), ("macs<30M", False), ("macs>=30 MMACs", True), ("macs>30M", False), ("macs=30M", True),
        ("macs!=30M", False), ("peak_bytes<=2MiB and params<1k", True), ("params>1k or macs==0.03G", True),
        ("not params>1k", True), ("not (params<1k or macs<1)", False), ("relative.macs<0.25", False),
        ("params>1k and macs<1 or variant=grouped", True), ("relative.macs<=25%", True),
        ("params>1k and (macs<1 or variant=grouped)", False),
        ("name=stage1.*", True), ("name=stage2.*", False), ("variant!=grouped", False), ("macs>=50%", True),
        ("macs>51%", False), ("relative.macs<25%", False), ("relative.macs>=25%", True), ("macs<=30 MMACs", True),
        ("not not macs=30M", True), ("macs=30M or params=512 and macs=1", True), ("index<3", False),
        ("(params>1k or macs=30M) and name=*conv", True), ("name==stage?.2.conv", True), ("variant!=group*", False),
    ],
)  # fmt: skip
def test_a_condition_means_what_it_says(text: str, holds: bool) -> None:
    """`and` binds closer than `or`; `%` is a share of the total."""
    assert Condition(text, KNOWN)(ROW, {"macs": 60_000_000}) is holds


@each(
    ("text", "shares", "words"),
    [
        ("macs<5% and params<3", True, ("macs", "params")), ("params<3 or macs<5%", True, ("params", "macs")),
        ("macs<5 and macs>3", False, ("macs",)), ("not variant=ghost", False, ("variant",)),
    ],
)  # fmt: skip
def test_a_condition_says_what_it_asks_for_and_whether_it_needs_a_total(
    text: str, shares: bool, words: tuple[str, ...]
) -> None:
    condition = Condition(text, KNOWN)
    assert (condition.shares, condition.words) == (shares, words)


@each(
    ("asked", "holds"),
    [
        ("<20", [1, 0, 0]), ("<=20", [1, 1, 0]), (">20", [0, 0, 1]), (">=20", [0, 1, 1]), ("=20", [0, 1, 0]),
        ("!=20", [1, 0, 1]), ("<20.5", [1, 1, 0]), ("<=19.5", [1, 0, 0]), (">19.5", [0, 1, 1]), (">=20.5", [0, 0, 1]),
        ("=20.5", [0, 0, 0]), ("!=20.5", [1, 1, 1]),
    ],
)  # fmt: skip
def test_limits_between_and_at_numbers_mean_the_same_of_columns_and_in_kernels(asked: str, holds: list[int]) -> None:
    """Of doubles, too, half as large."""
    condition = Condition(f"macs{asked}", KNOWN)
    assert condition({"macs": np.array([19, 20, 21])}).tolist() == [bool(one) for one in holds]
    assert [eval(condition.source({"macs": "v1"}, ""), {"v1": value}) for value in (19, 20, 21)] == holds
    sign = asked.rstrip("0123456789.")
    halved = Condition(f"macs{sign}{float(asked[len(sign) :]) / 2}", KNOWN)
    assert halved({"macs": np.array([9.5, 10.0, 10.5])}).tolist() == [bool(one) for one in holds]


@each("text", ["groups<=4", "groups!=3", "groups<3.5", "groups>=0", "groups!=3.5"])
def test_a_setting_that_a_column_does_not_have_fulfils_nothing(text: str) -> None:
    """It is -1 there."""
    condition = Condition(text, ["groups"])
    assert condition({"groups": np.array([-1, 2, -1])}).tolist() == [False, True, False]
    source = condition.source({"groups": "v1"}, "grouped")
    assert [bool(eval(source, {"v1": value})) for value in (-1, 2)] == [False, True]


def test_a_share_is_pointed_at_where_there_is_no_whole() -> None:
    with pytest.raises(SpecError, match="a share of what") as caught:
        condition_of_layers("params<3 and macs<5%", KNOWN)
    assert (caught.value.text, caught.value.start, caught.value.end) == ("params<3 and macs<5%", 19, 20)
    assert condition_of_layers("macs<5", KNOWN)({"macs": 4}) is True


def test_a_word_that_a_row_lacks_fulfils_nothing() -> None:
    assert not Condition("macs<1k", KNOWN)({"macs": None})
    assert not Condition("relative.macs>0", KNOWN)({"relative": None})


@given(
    st.lists(st.integers(0, 40), min_size=1, max_size=8),
    st.integers(0, 400),
    st.sampled_from(["<", "<=", ">", ">=", "=", "!="]),
)
def test_columns_are_answered_as_rows_are(values: list[int], tenths: int, sign: str) -> None:
    """Also where the limit is no whole number."""
    condition = Condition(f"macs{sign}{tenths / 10} or not params<=20", KNOWN)
    other = [40 - value for value in values]
    rows = [bool(condition({"macs": a, "params": b})) for a, b in zip(values, other)]
    columns = condition({"macs": np.array(values, np.int64), "params": np.array(other, np.int64)})
    assert np.broadcast_to(columns, len(values)).tolist() == rows


@each(
    ("text", "wrong", "start", "message", "hint"),
    [
        ("macs<=", "", 6, "a value is missing", "such as 30M"), ("mac<=3", "mac", 0, "unknown word 'mac'", "macs"),
        ("macs<=3 foo", "foo", 8, "does not belong", "join conditions"), ("(macs<3", "", 7, "not closed", "add )"),
        ("(macs<3 foo", "foo", 8, "not closed", "add )"), ("macs<3x", "3x", 5, "no quantity", "such as 30M"),
        ("params<1 and name<x", "<", 17, "name is a name", "= and !="),
        ("name>=x", ">=", 4, "name is a name", "= and !="),
        ("macs ~ 3", "~", 5, "no comparison", "there are <="), ("macs<3 and", "", 10, "a word such as macs", ""),
        ("", "", 0, "a word such as macs", ""), ("macs", "", 4, "what is asked of macs", "write it as"),
        ("macs<3)", ")", 6, "does not belong", "join conditions"), ("macs<3 or mac>4", "mac", 10, "unknown word", ""),
        ("macs<  ! 3", "!", 7, "does not belong to a condition", "such as macs<=30M"),
        ("macs<x MMACs", "MMACs", 7, "'xMMACs' is no quantity", "such as 30M"),
    ],
)  # fmt: skip
def test_what_is_no_condition_is_pointed_at(text: str, wrong: str, start: int, message: str, hint: str) -> None:
    with pytest.raises(SpecError, match=message) as caught:
        Condition(text, KNOWN)
    assert (caught.value.start, text[caught.value.start : caught.value.end]) == (start, wrong)
    assert hint in caught.value.hint


@given(st.text(alphabet="macsprn ()<>=!%0123456789.andort*", max_size=24))
def test_any_text_is_a_condition_or_an_error(text: str) -> None:
    with suppress(SpecError):
        Condition(text, KNOWN)


@given(
    st.integers(-1, 40),
    st.integers(0, 400),
    st.sampled_from(["<", "<=", ">", ">=", "=", "!=", "=="]),
    st.sampled_from(["macs", "groups"]),
)
def test_a_condition_as_python_is_answered_as_rows_are(value: int, tenths: int, sign: str, word: str) -> None:
    """Between two whole numbers, too; a setting that a variant has not (-1) fulfils nothing."""
    text = f"{word}{sign}{tenths / 10} and not variant=ghost or variant=standard and params<=5"
    condition = Condition(text, [*KNOWN, "groups"])
    for variant, params in (("ghost", 3), ("standard", 5), ("standard", 6), ("grouped", 0)):
        source = condition.source({word: "v1", "params": "v2"}, variant)
        row = {word: None if word == "groups" and value == -1 else value, "params": params, "variant": variant}
        assert bool(eval(source, {"v1": value, "v2": params})) == bool(condition(row)), source
