"""Formulas of how the kernels of a variant make one: letters, their numbers, and where no formula holds."""

from __future__ import annotations

import pytest
from tables import each

from convcost.spec import parse_spec
from convcost.variants.factors import letter_sizes, read_factors, with_ranks
from convcost.variants.registry import AS_GIVEN, build_variant, formula_of


@pytest.mark.parametrize(
    ("axes", "parts", "made"),
    [(1, ("ijx", "oij"), "oix"), (2, ("ijyx", "oij"), "oiyx"), (3, ("ijzyx", "oij"), "oizyx")],
)
def test_a_star_is_every_axis(axes: int, parts: tuple[str, ...], made: str) -> None:
    """The last axis is x, the one before it y; letters that are chosen are named once."""
    found = read_factors("(i j) 1 *, o (i j) 1 -> o i *", axes)
    assert (found.parts, found.made, found.chosen) == (parts, made, "j")
    assert read_factors("m i 1, n m *, o n 1 -> o i *", axes).chosen == "mn"


@each(
    ("text", "settings", "sizes"),
    [
        ("6:8 @9 k3x5", {}, {"o": 8, "i": 6, "m": 0, "n": 0, "j": 1, "g": 1, "a": 8, "b": 6, "y": 3, "x": 5}),
        ("6:8 @9 k3 1d m3", {"mid_channels": 4}, {"o": 8, "m": 4, "n": 4, "j": 3, "x": 3}),
        ("6:8 @9x8x7 k2x3x4", {"mid_channels": (4, 5)}, {"m": 4, "n": 5, "z": 2, "y": 3, "x": 4}),
        ("6:8 @9 k3 g2", {"groups": 2}, {"g": 2, "a": 4, "b": 3}),
    ],
)
def test_how_many_there_are_of_each_letter(text: str, settings: dict[str, object], sizes: dict[str, int]) -> None:
    spec = parse_spec(text)
    found = letter_sizes(spec, settings)
    assert {letter: found[letter] for letter in sizes} == sizes
    assert len([letter for letter in found if letter in "zyx"]) == spec.axes


@each(
    ("chosen", "ranks", "tokens"),
    [
        ("", (), "6:8 @9 k3"), ("j", (3,), "6:8 @9 k3 m3"), ("m", (3,), "6:8 @9 k3 mid=3"),
        ("n", (3,), "6:8 @9 k3 mid=3"), ("mn", (3, 4), "6:8 @9 k3 mid=3x4"),
    ],
)  # fmt: skip
def test_a_layer_of_so_many_of_each_chosen_letter(chosen: str, ranks: tuple[int, ...], tokens: str) -> None:
    assert with_ranks(parse_spec("6:8 @9 k3"), chosen, ranks) == parse_spec(tokens)


@each(
    ("name", "text", "has_one"),
    [
        ("grouped", "64:64 @9 k3", True), ("bottleneck", "64:64 @9 k3", True), ("bottleneck", "64:64 @9 k3 g4", False),
        ("bottleneck", "64:64 @9 k3 v1", False), ("2plus1d", "64:64 @9 k3 3d", True),
        ("two-plus-one", "64:64 @9 k3 3d", True), ("spatially-separable", "64:64 @9 k3", True),
        ("spatially-separable", "64:64 @9 k3 3d", False), ("basic-block", "64:64 @9 k3", False),
        (AS_GIVEN, "64:64 @9 k3 g4", False), ("grouped", "64:64 @9 k3 t", False),
    ],
)  # fmt: skip
def test_a_formula_holds_of_the_kernels_that_it_was_written_for(name: str, text: str, has_one: bool) -> None:
    """Not with groups in the middle, a stride before it, another number of axes, nor transposed."""
    spec = parse_spec(text)
    assert (formula_of(name, spec, build_variant(name, spec).settings) is not None) == has_one
