"""Rows asked for: conditions, order, number, and fronts."""

from __future__ import annotations

import json
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tables import each

from convcost.answers.comparison import compare_variants
from convcost.cli.main import run
from convcost.networks.swap import read_where
from convcost.search.replacing import split_where
from convcost.search.select import (
    ROW_NUMBERS,
    ROW_WORDS,
    Order,
    Selection,
    read_selection,
    select_rows,
    unbeaten,
    words_of_row,
)
from convcost.spec import parse_spec
from convcost.spec.errors import SpecError

LAYER = parse_spec("64:128 @56 k3")


def answered(capsys: pytest.CaptureFixture[str], *words: str) -> list[str]:
    assert run(["compare", "64:128", "@56", "k3", "--no-verify", "--format", "json", *words]) == 0
    return [row["variant"] for row in json.loads(capsys.readouterr().out)["rows"]]


def test_rows_are_chosen_and_sorted(capsys: pytest.CaptureFixture[str]) -> None:
    found = answered(capsys, "--where", "macs<=30M", "--sort", "max:params")
    assert found == ["depthwise-separable", "pointwise", "grouped", "depthwise"]
    assert answered(capsys, "--where", "macs<=30M", "--sort", "max:params", "--top", "2") == found[:2]


def test_a_share_is_of_the_baseline(capsys: pytest.CaptureFixture[str]) -> None:
    by_share = answered(capsys, "--where", "macs<=50% and not role=building-block")
    by_ratio = answered(capsys, "--where", "relative.macs<=0.5")
    assert by_share == by_ratio
    assert "spatially-separable" in by_share


def test_a_front_has_building_blocks_only_where_they_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    """Of all rows the depthwise would be the whole front: it does less than the layer."""
    assert answered(capsys, "--front", "params,macs") == ["grouped"]
    assert answered(capsys, "--front", "params,macs", "--variants", "grouped,depthwise") == ["depthwise"]


def test_a_condition_that_nothing_meets_leaves_no_row_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    """In every format; there is nothing that does not hold."""
    for format in ("table", "json", "csv", "markdown", "latex"):
        assert run(["compare", "64:128", "@56", "k3", "--where", "macs<=3", "--no-verify", "--format", format]) == 0
        assert capsys.readouterr().err == "note: no row is left of 10\n"


def test_nothing_asked_leaves_every_row(capsys: pytest.CaptureFixture[str]) -> None:
    assert len(answered(capsys)) == 10


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=12))
def test_a_front_is_what_no_other_beats(points: list[tuple[int, int]]) -> None:
    """One way round and the other: who is in it is beaten by nobody, who is not by somebody in it."""
    rows = [{"a": a, "b": b} for a, b in points]
    front = unbeaten(rows, [Order("a", False), Order("b", True)], dict)
    assert all(not (x["a"] <= y["a"] and x["b"] >= y["b"] and x != y) for x, y in permutations(front, 2))
    for row in rows:
        beaten = any(f["a"] <= row["a"] and f["b"] >= row["b"] and f != row for f in front)
        assert (row in front) != beaten


def test_rows_without_the_word_stand_last() -> None:
    """Whichever way is up: a building block has no ratio."""
    for text in ("relative.macs", "max:relative.macs"):
        rows = select_rows(compare_variants(LAYER), read_selection("", text, None, "", ROW_WORDS, ROW_NUMBERS)).rows
        assert [row.relative is None for row in rows] == sorted([row.relative is None for row in rows])


def test_every_word_that_may_be_asked_for_is_there() -> None:
    row = compare_variants(LAYER, ["standard"]).rows[0]
    words = words_of_row(row)
    for word in ROW_NUMBERS:
        outer, _, inner = word.partition(".")
        assert (words[outer][inner] if inner else words[outer]) is not None


@each(
    ("given", "wrong", "start", "message"),
    [
        ({"sort": "macs,peak"}, "peak", 5, "unknown word 'peak'"), ({"sort": "most:macs"}, "most", 0, "no way to sort"),
        ({"sort": "macs,most:macs"}, "most", 5, "no way to sort"), ({"sort": "max:peak"}, "peak", 4, "unknown word"),
        ({"sort": "macs,params, min:peak"}, "peak", 17, "unknown word"),
        ({"front": "macs,variant"}, "variant", 5, "unknown word 'variant'"),
    ],
)  # fmt: skip
def test_a_word_that_is_none_is_pointed_at(given: dict[str, str], wrong: str, start: int, message: str) -> None:
    with pytest.raises(SpecError, match=message) as caught:
        read_selection("", given.get("sort", ""), None, given.get("front", ""), ROW_WORDS, ROW_NUMBERS)
    assert (caught.value.start, caught.value.text[caught.value.start : caught.value.end]) == (start, wrong)


def test_rows_that_lack_a_word_are_in_no_front() -> None:
    rows = [{"a": 3, "b": 1}, {"a": 1}, {"a": 2, "b": 1}, {"a": 2, "b": 1}]
    assert unbeaten(rows, [Order("a", False), Order("b", True)], dict) == rows[2:]
    assert unbeaten(rows, [Order("a", True)], dict) == rows[:1]


def test_equal_rows_stay_in_their_order_whichever_way_is_up() -> None:
    """Sorted by the second word within the first."""
    rows = [{"a": 1, "n": 0}, {"a": 2, "n": 1}, {"n": 2}, {"a": 1, "n": 3}, {"a": 2, "n": 4}]

    def sorted_by(*orders: Order) -> list[int]:
        return [row["n"] for row in Selection(sort=orders).of(rows, dict)]

    assert sorted_by(Order("a", False)) == [0, 3, 1, 4, 2]
    assert sorted_by(Order("a", True)) == [1, 4, 0, 3, 2]
    assert sorted_by(Order("a", False), Order("n", True)) == [3, 0, 4, 1, 2]
    assert Selection(top=0).of(rows, dict) == []


def test_a_front_says_which_rows_it_beats() -> None:
    """Building blocks are neither in it nor beaten, and rows that do not apply are gone."""
    chosen = read_selection("params>1k", "", None, "params,macs", ROW_WORDS, ROW_NUMBERS)
    found = select_rows(compare_variants(LAYER), chosen)
    assert [row.variant for row in found.rows] == ["grouped"]
    assert found.front == ("params", "macs")
    assert {"standard", "bottleneck"} <= {row.variant for row in found.beaten}
    assert not {"depthwise", "pointwise", "grouped"} & {row.variant for row in found.beaten}
    named = select_rows(compare_variants(LAYER), chosen._replace(where=None), named=True)
    assert [row.variant for row in named.rows] == ["depthwise"]
    assert {"pointwise", "grouped"} <= {row.variant for row in named.beaten}


def test_only_rows_that_are_left_are_executed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the baseline, which their ratios are checked against."""
    from convcost.checks.verifier import Verifier

    executed = []
    judge = Verifier.__call__

    def counted(self: Verifier, name: str, *rest: Any) -> Any:
        executed.append(name)
        return judge(self, name, *rest)

    monkeypatch.setattr(Verifier, "__call__", counted)
    assert run(["compare", "16:32", "@9", "k3", "--front", "params,macs", "--format", "json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)["rows"]
    assert (row["variant"], row["verified"]["status"]) == ("grouped", "verified")
    assert sorted(executed) == ["grouped", "standard"]


def test_layers_of_a_network_are_chosen_and_sorted(capsys: pytest.CaptureFixture[str]) -> None:
    """`%` is a share of the network's; the total stays that of all."""
    words = ["network", "resnet18", "--no-verify", "--format", "json", "--where", "macs>5% and not name=stem*"]
    assert run([*words, "--sort", "max:params,index", "--top", "3"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert run(words[:5]) == 0
    whole = json.loads(capsys.readouterr().out)
    wanted = [
        layer for layer in whole["layers"] if layer["share"]["macs"] > 0.05 and not layer["name"].startswith("stem")
    ]
    wanted.sort(key=lambda layer: -layer["params"])
    assert document["layers"] == wanted[:3]
    assert document["total"] == whole["total"]


def test_networks_of_the_zoo_are_chosen_and_sorted(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("mobilenet-v2", "mobilenet-v3-small", "resnet18", "lenet-5")
    monkeypatch.setattr("convcost.answers.opening.zoo_names", lambda: names)
    assert run(["zoo", "--where", "macs<=500M and name=mobilenet*", "--sort", "params", "--format", "csv"]) == 0
    found = [line.split(",")[0] for line in capsys.readouterr().out.splitlines()[1:]]
    assert found == ["mobilenet-v3-small", "mobilenet-v2"]


@each(
    ("where", "tokens", "condition"),
    [
        ("k3 and macs>1%", "k3", "macs>1%"), ("k3 macs>1%", "k3 macs>1%", ""), ("macs>1%", "macs>1%", ""),
        ("k3 (macs>1%)", "k3", "(macs>1%)"), ("macs>1% or params>2", "", "macs>1% or params>2"),
        ("k3 s1 and (macs>1% or index<3)", "k3 s1", "(macs>1% or index<3)"), ("k3", "k3", ""), ("", "", ""),
        ("not name=a*", "", "not name=a*"), ("macs>1% and params>2", "", "macs>1% and params>2"),
    ],
)  # fmt: skip
def test_what_is_swapped_is_tokens_and_then_a_condition(where: str, tokens: str, condition: str) -> None:
    """An `and` between them may be left out."""
    assert split_where(where, 2) == (read_where(tokens, 2), condition)


@pytest.mark.parametrize(
    ("more", "replaced"),
    [
        (["--where", "k3", "--sort", "max:params", "--top", "2"], ["stage4.1.conv2", "stage4.2.conv1"]),
        (["--where", "k3 and (index<3 or share.macs>0.99)"], []),
        (["--where", "name=stage1.1.* and not op=add"], ["stage1.1.conv1", "stage1.1.conv2"]),
        (["--where", "k3 stage1.1.*"], ["stage1.1.conv1", "stage1.1.conv2"]),
    ],
)
def test_swap_takes_conditions_beside_its_tokens(
    more: list[str], replaced: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    code = run(["swap", "resnet18", "--to", "depthwise-separable", "--no-verify", "--format", "json", *more])
    assert code == int(not replaced)
    assert json.loads(capsys.readouterr().out)["replaced"] == replaced
