"""What an execution would take: counted by hand, and refused from the first number on that is too many."""

from __future__ import annotations

import io
from typing import Any

import pytest

from convcost.analysis import analyze
from convcost.checks import limits
from convcost.checks.limits import (
    MOST_NUMBERS,
    NotEnoughMemory,
    expected_seconds,
    free_memory,
    is_small,
    lacking_memory,
    numbers_held,
    padded_shape,
    require_memory,
)
from convcost.graph.ops import Activation, Conv, Graph, Node

MIB = 1 << 20

#: 2 x 9 positions, 3 more of padding; 4 x 5 outputs of 3 taps.
CONV = Conv(2, 4, (3,), (2,), ((1, 2),), (1,), bias=True)
GRAPH = Graph((1, 2, 9), "fp32", (Node("conv", CONV, (0,)), Node("relu", Activation("relu"), (1,))))
PARAMS, MACS, HELD = 28, 4 * 5 * 2 * 3, 28 + 2 * 12 + 4 * 5


@pytest.mark.parametrize(
    ("op", "given", "padded"),
    [
        (CONV, (1, 2, 9), (1, 2, 12)),
        (Conv(2, 4, (3,), (2,), ((1, 2),), (1,), transposed=True, output_padding=(1,)), (1, 2, 9), (1, 4, 19)),
        (Activation("relu"), (1, 2, 9), (1, 2, 9)),
    ],
)
def test_an_input_is_held_with_its_border_and_a_transposed_output_before_it_is_cropped(
    op: Any, given: tuple[int, ...], padded: tuple[int, ...]
) -> None:
    """8 strides and 3 taps; output padding is a crop that is left out."""
    assert padded_shape(op, given) == padded


def test_the_widest_operation_and_the_params_are_held() -> None:
    """The activation holds 20 numbers twice."""
    assert numbers_held(GRAPH, PARAMS) == HELD


def test_as_many_as_the_limit_may_be_executed_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of multiply-adds, and of numbers, which are 256 MiB in float32."""
    analysis = analyze(GRAPH)
    assert is_small(GRAPH, analysis, MACS)
    assert not is_small(GRAPH, analysis, MACS - 1)
    for most in (HELD - 1, HELD):
        monkeypatch.setattr(limits, "MOST_NUMBERS", most)
        assert is_small(GRAPH, analysis, MACS) == (most == HELD)
    assert 4 * MOST_NUMBERS == 256 * MIB


@pytest.mark.parametrize(
    ("numbers", "each", "free", "lacks"),
    [
        (64 * MIB - 1, 1, 0, False),  # so little that nobody asks
        (64 * MIB, 1, 128 * MIB, False),
        (64 * MIB, 1, 128 * MIB - 1, True),
        (64 * MIB, 1, None, False),  # nobody knows
    ],
)
def test_what_is_held_must_be_free_and_64_mib_beside_it(
    numbers: int, each: int, free: int | None, lacks: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To the byte."""
    monkeypatch.setattr(limits, "free_memory", lambda: free)
    assert (lacking_memory(numbers, each) is not None) == lacks


def test_a_number_takes_10_bytes_where_ones_are_counted_and_24_in_all_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    """And 64 MiB for the interpreter."""
    monkeypatch.setattr(limits, "free_memory", lambda: 3 * MIB)
    assert "about 1,064 MiB and 3 MiB are free" in str(lacking_memory(100 * MIB))
    monkeypatch.setattr(limits, "numbers_held", lambda *_: 100 * MIB)
    with pytest.raises(NotEnoughMemory, match=r"^standard: executing it would take about 2,464 MiB and 3 MiB are free"):
        require_memory("standard", GRAPH, analyze(GRAPH))


@pytest.mark.parametrize(
    ("text", "free"),
    [
        ("MemTotal:  9 kB\nMemAvailable:   5 kB\nNote: a: b\n", 5 * 1024),
        ("MemTotal:  9 kB\n", 7 * 512),
        ("no fields\n", 7 * 512),
    ],
)
def test_free_memory_is_what_the_system_says(text: str, free: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Linux in kB; elsewhere pages that are free, and how large they are."""
    monkeypatch.setattr(limits, "open", lambda *_, **__: io.StringIO(text), raising=False)
    monkeypatch.setattr(limits.sys, "platform", "linux")
    monkeypatch.setattr(
        limits.os, "sysconf", lambda name: {"SC_AVPHYS_PAGES": 7, "SC_PAGE_SIZE": 512}[name], raising=False
    )
    assert free_memory() == free


def test_where_the_system_says_nothing_nothing_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows has neither; others may lack the names."""

    def missing(*_: object, **__: object) -> Any:
        raise OSError

    monkeypatch.setattr(limits, "open", missing, raising=False)
    monkeypatch.setattr(limits.os, "sysconf", missing, raising=False)
    monkeypatch.setattr(limits.sys, "platform", "linux")
    assert free_memory() is None
    monkeypatch.setattr(limits.os, "sysconf", lambda _: 7)
    monkeypatch.setattr(limits.sys, "platform", "win32")
    assert free_memory() is None


def test_checks_are_expected_to_take_a_second_for_400_million_multiply_adds() -> None:
    """And two hundredths whatever there is to do."""
    analysis = analyze(GRAPH)
    large = analysis._replace(cost=analysis.cost._replace(macs=1_000_000_000))
    assert expected_seconds(large) == pytest.approx(2.52)
