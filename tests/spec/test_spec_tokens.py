"""The notation of tokens: what each says, and what is taken for granted."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from tables import each

from convcost.spec import LayerSpec, SpecError, format_spec, parse_spec
from convcost.spec.text import axes_of, join_words, read_tokens

SAYS = [
    ("64:128 @56 k3", {"in_channels": 64, "out_channels": 128, "kernel_size": (3, 3), "input_size": (56, 56)}),
    ("64 @56 k3", {"in_channels": 64, "out_channels": 64}),
    ("64->128 @56 k3", {"in_channels": 64, "out_channels": 128}),
    ("064:128 @056 k03", {"in_channels": 64, "kernel_size": (3, 3), "input_size": (56, 56)}),
    ("64:128 @56x48 k3", {"input_size": (56, 48)}),
    ("64:128 in=56x48 k3", {"input_size": (56, 48)}),
    ("64:128 @16x56x48 k3", {"input_size": (16, 56, 48), "kernel_size": (3, 3, 3)}),
    ("64:128 @56 k1x7", {"kernel_size": (1, 7), "padding": ((0, 0), (3, 3))}),
    ("64:128 @56 3x5", {"kernel_size": (3, 5)}),
    ("64:128 @56 k3 s2", {"stride": (2, 2), "padding": ((1, 1), (1, 1))}),
    ("64:128 @56 k3 s1x2", {"stride": (1, 2)}),
    ("64:128 @56 k3 d1x2", {"dilation": (1, 2), "padding": ((1, 1), (2, 2))}),
    ("64:128 @56 k3 p1", {"padding": ((1, 1), (1, 1))}),
    ("64:128 @56 k3 p0x3", {"padding": ((0, 0), (3, 3))}),
    ("64:128 @56 k3 p0-1x2-3", {"padding": ((0, 1), (2, 3))}),
    ("64:128 @56 k3 p0-1x2", {"padding": ((0, 1), (2, 2))}),
    ("64:128 @56 k3 p0-1", {"padding": ((0, 1), (0, 1))}),
    ("64:128 @56 k4 psame", {"padding": ((1, 2), (1, 2))}),
    ("64:128 @56 k3 s2 psame-upper", {"padding": "same-upper"}),
    ("64:128 @56 k3 pvalid", {"padding": ((0, 0), (0, 0))}),
    ("64:128 @56 k3 g32", {"groups": 32}),
    ("64:128 @56 k3 e4", {"expansion_ratio": 4}),
    ("64:128 @56 k3 ratio=2", {"bottleneck_ratio": 2}),
    ("64:128 @56 k3 m2", {"depth_multiplier": 2}),
    ("64:128 @56 k3 mid=96", {"mid_channels": 96}),
    ("64:128 @56 k3 mid=96 g32 v1", {"mid_channels": 96, "groups": 32, "v1": True}),
    ("7:5 @56 k3 mid=96 g32", {"groups": 32}),
    ("64:128 @56 k3 n8", {"batch": 8}),
    ("64:128 @56 k3 bias", {"bias": True}),
    ("64:128 @56 k3 t", {"transposed": True, "padding": ((0, 0), (0, 0))}),
    ("64:128 @56 k3 t pvalid", {"padding": ((0, 0), (0, 0))}),
    ("64:128 @56 k3 t s2 p1 op1", {"output_padding": (1, 1), "padding": ((1, 1), (1, 1))}),
    ("64:128 @56 k3 t s2x3 op1x2", {"output_padding": (1, 2)}),
    ("64:128 @56 k3 t d2x3 op1x2", {"output_padding": (1, 2)}),
    ("64:128 @56 k3 op0", {"output_padding": (0, 0)}),
    ("64:128 @56 k3 1d", {"kernel_size": (3,), "input_size": (56,), "stride": (1,), "output_padding": (0,)}),
    ("64:128 @56 k3 2d", {"kernel_size": (3, 3)}),
    ("64:128 @5x64x56x48 k3", {"batch": 5, "input_size": (56, 48)}),
    ("64:128 @5x64x9x56x48 k3 3d", {"batch": 5, "input_size": (9, 56, 48)}),
    ("64:128 @5x64x56 k3 1d", {"batch": 5, "input_size": (56,), "kernel_size": (3,)}),
    ("64:128 1d k3 in=5x64x56", {"batch": 5, "input_size": (56,), "kernel_size": (3,)}),
    ("64:128 @56 3d k3", {"kernel_size": (3, 3, 3), "dilation": (1, 1, 1)}),
    ("64:128 @56 k3 mode=reflect", {"padding_mode": "reflect"}),
    ("64:128 @2 k5 mode=circular", {"padding_mode": "circular"}),
    ("64:128 @1 k9 mode=replicate", {"padding_mode": "replicate"}),
    ("64:128 @56 k3 int8", {"dtype": "int8"}),
    ("64:128 @56 k3 BF16", {"dtype": "bf16"}),
    *[
        (f"64:128 @56 k3 {dtype}", {"dtype": dtype})
        for dtype in (
            "fp64",
            "fp32",
            "fp16",
            "bf16",
            "fp8",
            "int16",
            "int8",
            "uint8",
            "int4",
            "binary",
            "w8a8",
            "w4a16",
            "w32a32",
        )
    ],
    ("64:128 @56 k3 W8A16", {"dtype": "w8a16"}),
    ("64:128 @56 k3 bias=last", {"bias": "last"}),
    ("3:64 @8x3x224x200 k3", {"batch": 8, "input_size": (224, 200), "kernel_size": (3, 3)}),
    ("3:64 @8x3x16x9x7 k3", {"batch": 8, "input_size": (16, 9, 7), "kernel_size": (3, 3, 3)}),
    ("3:64 @2x3x9x7 k3 n2", {"batch": 2}),
    ("3:64 @9x7x3 k3 3d", {"input_size": (9, 7, 3)}),
    ("3:64 @3x9x7 k3x3x3", {"input_size": (3, 9, 7)}),
    ("3:64 @3x9x7 k3 s1x2x2", {"stride": (1, 2, 2)}),
    ("9:64 @3x9x7 k3", {"input_size": (3, 9, 7)}),
    ("999999999999999999 @56 k3", {"in_channels": 10**18 - 1}),
    ("  64:128\t@56\u00a0k3\r\n", {"in_channels": 64}),
    ("\ufeff64:128 @56 k3", {"in_channels": 64}),
    ("1 @1 k9", {"padding": ((4, 4), (4, 4))}),
]


@each(("line", "says"), SAYS)
def test_token_says(line: str, says: dict[str, Any]) -> None:
    """Each notation sets its fields, and nothing else."""
    spec = parse_spec(line)
    assert {name: getattr(spec, name) for name in says} == says


def test_everything_else_has_its_default() -> None:
    """What a line does not say is what LayerSpec says."""
    ours = LayerSpec(64, 128, (3, 3), (56, 48), padding=((1, 1), (1, 1)))
    assert parse_spec("64:128 @56x48 k3") == ours


def test_tokens_stand_in_any_order() -> None:
    """A line is a set of tokens."""
    tokens = ["64:128", "@56x48", "k3", "s2", "bias"]
    assert len({parse_spec(" ".join(order)) for order in itertools.permutations(tokens)}) == 1


@each("kernel", range(1, 8))
@each("dilation", [1, 2, 3])
@each("stride", [1, 2, 3])
def test_same_keeps_the_size_over_the_stride(kernel: int, dilation: int, stride: int) -> None:
    """`same` makes output = ceil(input / stride), counted by walking the windows."""
    for size in (1, 6, 7):
        (before, after), _ = parse_spec(f"1 @{size} k{kernel} d{dilation} s{stride}").padding
        starts = range(-int(before), size + int(after) - dilation * (kernel - 1), stride)
        assert len(starts) == -(-size // stride)


@each(
    "tokens",
    [
        "3:8 @3x9x7 k3 3d", "3:8 @9x7x3 k3 3d", "9:8 @3x9x7 k3", "3:8 @3x9x7 k3x1x1", "3:8 @3x9x7 k3 p0-1x2x3",
        "3:8 @9 k3 3d", "3:8 @9 k3 mid=4x8 3d", "3:8 @9 k3", "3:8 @9 k3 1d", "3:8 @9 k3 s2x1 op1x0 t",
        "3:8 @9 k3 d1x2 op0x1 t",
        "3:8 @9 k3 e4 ratio=2 m3 mid=96 n8 mode=reflect bias=last v1 w4a8", "8 @9 k3 g8", "3:8 @9 k4 p1 fp16",
        "3:8 @9 k3 psame-upper", "3:8 @9 k1 p1-0", "3:8 @9 k2 p1 t", "1 @9 k999999999999999999 p999999999999999999 d2",
    ],
)  # fmt: skip
def test_the_shortest_tokens_of_a_layer(tokens: str) -> None:
    """In the order in which they are written; three axes are said where no other token shows them."""
    assert format_spec(parse_spec(tokens)) == tokens


@each(
    ("values", "axes"),
    [({}, 0), ({"axes": 1}, 1), ({"input_size": 56}, 0), ({"input_size": (9, 8, 7)}, 3),
     ({"input_size": (9, 8), "axes": 2}, 2), ({"kernel_size": (3, 3)}, 0)],
)  # fmt: skip
def test_gathered_tokens_name_their_axes_or_none(values: dict[str, Any], axes: int) -> None:
    assert axes_of(values) == axes


@each(
    ("words", "line"),
    [([], ""), (["a"], "a"), (["a", "b"], "a b"), (["a # b", "c", "d"], "a # b\nc d"), (["a // b", "c"], "a // b\nc"),
     (["a/b", "c"], "a/b c")],
)  # fmt: skip
def test_words_are_joined_to_a_line_and_comments_end_with_their_word(words: list[str], line: str) -> None:
    assert join_words(words) == line


@pytest.mark.parametrize("otherwise", [{"input_size": (9, 8, 7)}, {"input_size": 9, "axes": 3}])
def test_the_size_for_lines_without_one_says_how_many_axes_they_have(otherwise: dict[str, Any]) -> None:
    assert read_tokens("64:128 k3", otherwise).kernel_size == (3, 3, 3)
    assert read_tokens("64:128 k3 1d @5", otherwise).kernel_size == (3,)


@pytest.mark.parametrize(("line", "span"), [("  64:128 k3 ", (2, 11)), ("64:128", (0, 6)), ("k3 64:128", (0, 9))])
def test_what_goes_wrong_with_what_holds_otherwise_is_the_whole_line(line: str, span: tuple[int, int]) -> None:
    with pytest.raises(SpecError, match="groups=3 does not divide in_channels=64") as caught:
        read_tokens(line, {"groups": 3, "input_size": 9, "kernel_size": 3})
    assert (caught.value.start, caught.value.end) == span
