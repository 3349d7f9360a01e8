"""Tokens with ranges, and the words of all their layers at once."""

from __future__ import annotations

from random import Random

import pytest
from tables import each

from convcost.answers.comparison import answer
from convcost.search.columns import blocks
from convcost.search.grid import Grid, read_grid, read_values
from convcost.search.questions import NUMBERS, Question, columns_of
from convcost.spec import parse_spec
from convcost.spec.errors import SpecError
from convcost.variants.registry import all_variants


@each(
    ("text", "layers"),
    [
        ("16..64/16 @7 k3", ["16:16 @7 k3", "32:32 @7 k3", "48:48 @7 k3", "64:64 @7 k3"]),
        ("16:8..32/x2 @7 k3", ["16:8 @7 k3", "16:16 @7 k3", "16:32 @7 k3"]),
        ("8,16:3 @9x7,5x4 k3", ["8:3 @9x7 k3", "8:3 @5x4 k3", "16:3 @9x7 k3", "16:3 @5x4 k3"]),
        (
            "4 @8..10 k1x3,3 s2",
            [f"4 @{n} {k} s2" for k in ("k1x3", "k3") for n in (8, 9, 10)],
        ),
        ("4 in=8 k3 bias int8", ["4 @8 k3 bias int8"]),
        ("4 @7,9x5 k3", ["4 @7 k3", "4 @9x5 k3"]),
        ("8 @9x7..9 k3", ["8 @9x7 k3", "8 @9x8 k3", "8 @9 k3"]),
        ("8 @7 k3,5 s1,2", ["8 @7 k3", "8 @7 k3 s2", "8 @7 k5", "8 @7 k5 s2"]),
        ("8:16 @9 k3 e2..4", ["8:16 @9 k3 e2", "8:16 @9 k3 e3", "8:16 @9 k3 e4"]),
        ("8:4,4,8 @7 k3", ["8:4 @7 k3", "8 @7 k3"]),
        ("1..32/x2 @7 k3", [f"{n} @7 k3" for n in (1, 2, 4, 8, 16, 32)]),
        ("3..27/x3 @7 k3", ["3 @7 k3", "9 @7 k3", "27 @7 k3"]),
        ("3..26/x3 @7 k3", ["3 @7 k3", "9 @7 k3"]),
        ("5..5 @7 k3", ["5 @7 k3"]),
        ("8 @7,7,9x7,9x7 k3", ["8 @7 k3", "8 @9x7 k3"]),
        ("8 @9x7,9x7 k3", ["8 @9x7 k3"]),
    ],
)
def test_a_grid_is_all_the_layers_that_its_tokens_say(text: str, layers: list[str]) -> None:
    """In their order, sizes fastest."""
    found = [grid.spec(row) for grid in read_grid(text.split()) for row in range(grid.layers)]
    assert found == [parse_spec(layer) for layer in layers]


@each(
    ("text", "column", "message"),
    [
        ("64:9..3 @3 k3", 4, "has no numbers"), ("16..a @3 k3", 1, "no number and no range"),
        ("@3 k3", 6, "channels are missing"), ("16 k3", 6, "the input size is missing"),
        ("1..9000000 @3 k3", 1, "9,000,000 numbers"), ("16..20/x1 @3 k3", 1, "has no numbers"),
        ("16..20/0 @3 k3", 1, "has no numbers"), ("0..4 @3 k3", 1, "has no numbers"),
        ("8 @9x9,7x7x7 k3", 3, "sizes of two and of three axes do not mix"),
        ("8 @7 k9 p0", 6, "kernel_size=9 is larger than the padded input 7"),
        ("8,16 @7 k3 q2", 12, "unknown token 'q2'"), ("8 @7,14 @7 k3", 3, "input_size is given twice"),
        ("8 8 @7 k3", 1, "channels are given twice"),
        ("8,9..3 @3 k3", 3, "the range 9..3 has no numbers"), ("8:4,9..3 @3 k3", 5, "the range 9..3 has no numbers"),
        ("8 @7,5..3 k3", 6, "the range 5..3 has no numbers"), ("8 @7x5..3 k3", 6, "the range 5..3 has no numbers"),
        ("8 @9,7x9..5 k3", 8, "the range 9..5 has no numbers"), ("8,4..a @3 k3", 3, "no number and no range"),
    ],
)  # fmt: skip
def test_what_is_no_grid_is_pointed_at(text: str, column: int, message: str) -> None:
    with pytest.raises(SpecError, match=message) as caught:
        read_grid(text.split())
    assert caught.value.column == column


@each(
    ("text", "axes"),
    [
        ("_:_ @_ k3", {"in_channels": (1, 8192), "out_channels": (1, 8192), "size": (1, 1024)}),
        ("8 @9 k3 mid=_ ratio=_", {"in_channels": (8, 8), "mid_channels": (1, 4096), "bottleneck_ratio": (1, 64)}),
        ("8 @9 k3 g_ n_", {"in_channels": (8, 8), "groups": (1, 1024), "batch": (1, 1024)}),
        ("8 @9 k3 e_ m_", {"in_channels": (8, 8), "expansion_ratio": (1, 32), "depth_multiplier": (1, 32)}),
        ("8 @9 k3 e2..4 m3,5", {"in_channels": (8, 8), "expansion_ratio": (2, 4), "depth_multiplier": (3, 5)}),
        ("8 @9 k3 m1..9/x2", {"in_channels": (8, 8), "depth_multiplier": (1, 8)}),
        ("3x3 8 @16..20x7", {"in_channels": (8, 8), "size0": (16, 20), "size1": (7, 7)}),
        ("k3 8 in=9,8x7", {"in_channels": (8, 8), "size0": (9, 8), "size1": (9, 7)}),
    ],
)
def test_what_varies_is_an_axis_of_the_grid(text: str, axes: dict[str, tuple[int, int]]) -> None:
    """The first and the last value of each; channels first, sizes last. `_` is every number that there may be."""
    (grid,) = read_grid(text.split())
    first, last = grid.row(0), grid.row(grid.layers - 1)
    found = {field: (first[field], last[field]) for field in grid.fields}
    assert {"size": (9, 9), **found} == {"size": (9, 9), **axes}
    assert grid.fields[0] == "in_channels"
    assert grid.fields[-1].startswith("size")


def test_a_kernel_that_is_asked_for_is_odd_and_at_most_15() -> None:
    assert [grid.text for grid in read_grid(["8", "@20", "k_"])] == [f"k{n}" for n in (1, 3, 5, 7, 9, 11, 13, 15)]


@pytest.mark.parametrize(("text", "first"), [
    ("1..9 @7 k1", 1), ("1..120 @9 k1 g64", 64), ("1..300 @9 k1 g151", 151), ("1..300 @9 k1 g300", 300),
])  # fmt: skip
def test_the_tokens_of_a_grid_mean_its_first_layer_that_there_is(text: str, first: int) -> None:
    """It is looked for at both ends, in the middle, and among the first 64."""
    assert read_grid(text.split())[0].example().in_channels == first


def test_no_layer_is_looked_for_behind_the_first_64() -> None:
    with pytest.raises(SpecError, match="groups=65 does not divide in_channels=1"):
        read_grid(["1..120", "@9", "k1", "g65"])


def test_a_range_has_so_many_numbers_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("convcost.search.grid.MOST_VALUES", 5)
    assert read_values("3..7", "", 0, ()) == (3, 4, 5, 6, 7)
    with pytest.raises(SpecError, match="has 6 numbers"):
        read_values("3..8", "", 0, ())


def test_a_grid_has_ten_million_million_layers_at_most() -> None:
    assert read_grid(["1..10000:1..10000", "@1..1000x1..100", "k1"])[0].layers == 10_000_000_000_000
    with pytest.raises(SpecError, match="10,100,000,000,000 layers are too many") as caught:
        read_grid(["1..10000:1..10000", "@1..1000x1..101", "k1"])
    assert (caught.value.start, caught.value.end) == (0, len(caught.value.text))


@each(("text", "wrong", "hint"), [
    ("9..3 @3 k3", "9..3", "write the smaller one first"), ("0..4 @3 k3", "0..4", "numbers and steps are 1 or more"),
    ("0..0 @3 k3", "0..0", "numbers and steps are 1 or more"), ("4..8/x1 @3 k3", "4..8/x1", "numbers and steps"),
    ("0 @7 k3", "0", "such as 16..512/16"), ("8, @9 k3", "", "such as 16..512/16"), ("8 @9x k3", "", "such as 16..512"),
    ("8 @7 k3,9..5", "9..5", "write the smaller one first"), ("8 @7 k3,5..a", "5..a", "such as 16..512/16"),
    ("8 @7 s_ k3", "s_", "it stands for channels"), ("8 @9 k3 mode=_", "mode=_", "it stands for channels"),
    ("8 @9,7x7,6 n2 k3 e2,0", "0", "such as 16..512/16"), ("q2 8 @7 k3", "q2", "convcost help spec"),
    ("8 @7 k3 a,b", "a,b", "convcost help spec"), ("8 @7 k3 s1..", "1..", "such as 16"),
    ("8 @2,3 k9 p0", "k9", "at most 2 fits"), ("8,16 @9,7", "8,16 @9,7", "add k3 or k1x7"),
    ("8 @9x9,7x7x7 k3", "@9x9,7x7x7", "make two calls of it"), ("1..1000001 @7 k3", "1..1000001", "give it steps"),
    ("@3", "", "add them, such as 16..512/16:64"), ("8 k3", "", "add it, such as @7,14,28"),
])  # fmt: skip
def test_the_whole_of_what_is_wrong_is_marked_and_the_remedy_said(text: str, wrong: str, hint: str) -> None:
    with pytest.raises(SpecError) as caught:
        read_grid(text.split())
    assert caught.value.text == text
    assert text[caught.value.start : caught.value.end] == wrong
    assert hint in caught.value.hint


def every_row(grid: Grid, variant: str, layers: int) -> list[dict[str, object] | None]:
    """The words of each layer, None where the variant does not apply, in blocks of so many layers."""
    columns, rows = columns_of(Question(grid, variant)), []
    for block in blocks(grid, layers):
        found, exists = columns.answer(block)
        flat = {word: column.ravel().tolist() for word, column in found.items()}
        rows += [{word: flat[word][row] for word in NUMBERS} if there else None
                 for row, there in enumerate(exists.ravel().tolist())]  # fmt: skip
    return rows


@each("text", [
    "3,16,24,64:8,16,64,96 @7,8x5,56 k3 s2", "8..64/8 @5,9,14 k5x3 bias int8 n2 p1",
    "6,12 @6..12/2 k4 s3 d2 psame-upper",
])  # fmt: skip
@each("variant", all_variants())
def test_columns_say_what_compare_says(text: str, variant: str) -> None:
    """Word by word of every layer, also where a variant does not apply to some of them."""
    for grid in read_grid(text.split()):
        rows = every_row(grid, variant, 20)
        assert len(rows) == grid.layers
        for number in Random(variant).sample(range(grid.layers), min(24, len(grid))):
            words = answer(variant, grid.spec(number)).words
            assert rows[number] == (None if words is None else {word: words[word] for word in NUMBERS}), number


@pytest.mark.parametrize("layers", [1, 3, 7, 1000])
def test_blocks_of_any_size_have_every_layer_once(layers: int) -> None:
    (grid,) = read_grid(["8..40/8:16,32", "@7,14,28", "k3"])
    assert every_row(grid, "bottleneck", layers) == every_row(grid, "bottleneck", 10**6)
