"""Tokens with ranges, and the words of all their layers at once."""

from __future__ import annotations

from random import Random

import pytest

from convcost.answers.comparison import answer
from convcost.search.columns import blocks
from convcost.search.grid import Grid, read_grid
from convcost.search.questions import NUMBERS, Question, columns_of
from convcost.spec import parse_spec
from convcost.spec.errors import SpecError
from convcost.variants.registry import all_variants


@pytest.mark.parametrize(
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
    ],
)
def test_a_grid_is_all_the_layers_that_its_tokens_say(text: str, layers: list[str]) -> None:
    """In their order, sizes fastest."""
    found = [grid.spec(row) for grid in read_grid(text.split()) for row in range(grid.layers)]
    assert found == [parse_spec(layer) for layer in layers]


@pytest.mark.parametrize(
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


def every_row(grid: Grid, variant: str, layers: int) -> list[dict[str, object] | None]:
    """The words of each layer, None where the variant does not apply, in blocks of so many layers."""
    columns, rows = columns_of(Question(grid, variant)), []
    for block in blocks(grid, layers):
        found, exists = columns.answer(block)
        flat = {word: column.ravel().tolist() for word, column in found.items()}
        rows += [{word: flat[word][row] for word in NUMBERS} if there else None
                 for row, there in enumerate(exists.ravel().tolist())]  # fmt: skip
    return rows


@pytest.mark.parametrize("text", [
    "3,16,24,64:8,16,64,96 @7,8x5,56 k3 s2", "8..64/8 @5,9,14 k5x3 bias int8 n2 p1",
    "6,12 @6..12/2 k4 s3 d2 psame-upper",
])  # fmt: skip
@pytest.mark.parametrize("variant", all_variants())
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
