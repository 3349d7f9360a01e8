"""Which layer of which framework a line is of, and how much may stand around it."""

from __future__ import annotations

import pytest
from spec.spec_cases import error_of
from tables import each

from convcost.spec import SpecError, format_spec, read_layer

#: A line that two frameworks have, whose it is, and what it says.
WHOSE = [
    ("Conv2D(8, 3) 3: @9", "Keras", "3:8 @9 k3 p0 bias"),
    ("Conv2D(8, kernel_size=3) 3: @9", "Keras", "3:8 @9 k3 p0 bias"),
    ("Conv2D(8, (3, 3), 2) 3: @9", "Keras", "3:8 @9 k3 s2 p0 bias"),
    ("Conv2D(8, 3, 2, padding='same') 3: @9", "Keras", "3:8 @9 k3 s2 psame-upper bias"),
    ("Conv2D(8, 3, 2, use_bias=False) 3: @9", "Keras", "3:8 @9 k3 s2 p0"),
    ("nn.Conv2D(8, 3) 3: @9", "Keras", "3:8 @9 k3 p0 bias"),
    ("layers.Conv2D(8, 3, 1) 3: @9", "Keras", "3:8 @9 k3 p0 bias"),
    ("tf.Conv2D(8, 3, 1) 3: @9", "Keras", "3:8 @9 k3 p0 bias"),
    ("Conv2D(3, 8, 3, 2) @9", "Paddle", "3:8 @9 k3 s2 p0 bias"),
    ("Conv2D(3, 8, (3, 3)) @9", "Paddle", "3:8 @9 k3 p0 bias"),
    ("Conv2D(3, 8, kernel_size=3) @9", "Paddle", "3:8 @9 k3 p0 bias"),
    ("Conv2D(3, 8, 3, padding=1) @9", "Paddle", "3:8 @9 k3 bias"),
    ("Conv2D(3, 8, 3, stride=1) @9", "Paddle", "3:8 @9 k3 p0 bias"),
    ("nn.Conv2D(3, 8, 3) @9", "Paddle", "3:8 @9 k3 p0 bias"),
    ("Convolution2D(8, (3, 3), 2) 4: @9", "Keras", "4:8 @9 k3 s2 p0 bias"),
    ("nn.Conv(8, (3, 3)) 3: @9", "Flax", "3:8 @9 k3 psame-upper bias"),
    ("nn.Conv(8, 3) 3: @9", "Flax", "3:8 @9 k3 psame-upper bias 1d"),
    ("Conv(8, (3, 3)) 3: @9", "Flax", "3:8 @9 k3 psame-upper bias"),
    ("linen.Conv(8, 3, 2) 3: @9", "Flax", "3:8 @9 k3 s2 psame-upper bias 1d"),
    ("Conv(features=8, kernel_size=(3, 3)) 3: @9", "Flax", "3:8 @9 k3 psame-upper bias"),
    ("nnx.Conv(3, 8, (3, 3)) @9", "Flax nnx", "3:8 @9 k3 psame-upper bias"),
    ("Conv(3, 8, (3, 3), rngs=rngs) @9", "Flax nnx", "3:8 @9 k3 psame-upper bias"),
    ("Conv(in_features=3, out_features=8, kernel_size=(3, 3)) @9", "Flax nnx", "3:8 @9 k3 psame-upper bias"),
]


@each(("line", "framework", "tokens"), WHOSE)
def test_a_line_that_two_have_is_told_by_its_arguments(line: str, framework: str, tokens: str) -> None:
    """By their names, their number and what they are."""
    read = read_layer(line)
    assert (read.source.rpartition(" ")[0], format_spec(read.spec)) == (framework, tokens)


@each(
    "marked",
    ["«Conv2D(7, 7, 3)» @9", "«Conv2D(7, 7, 3, name='c')» @9", "«Conv(3, 64)» @9", "«nn.Conv(3, 64, 3)» @9",
     "«Convolution2D(8, 3, 3)» 4: @9", "«Convolution2D(8, 3, 3, name='c')» 4: @9"],
)  # fmt: skip
def test_a_line_that_nothing_tells_is_refused(marked: str) -> None:
    error = error_of(marked.replace("«", "").replace("»", ""))
    assert (error.start, error.end) == (marked.index("«"), marked.index("»") - 1)
    assert "may be" in error.message or "are two things" in error.message


@each(
    ("name", "tokens"),
    [
        *[(f"{name}{n}d(4, 8, 3)", f"k3 p0 bias {n}d") for name in ("Conv", "nn.Conv") for n in (1, 2, 3)],
        *[(f"ConvTranspose{n}d(4, 8, 3)", f"k3 t bias {n}d") for n in (1, 2, 3)],
        *[(f"LazyConv{n}d(8, 3)", f"k3 p0 bias {n}d") for n in (1, 2, 3)],
        *[(f"LazyConvTranspose{n}d(8, 3)", f"k3 t bias {n}d") for n in (1, 2, 3)],
        *[(f"{name}(4, 8, 3)", "k3 p0 bias") for name in ("StdConv2d", "SpectralConv2d")],
        *[(f"{name}(4, 8, 3)", "k3 psame-upper bias")
          for name in ("Conv2dSame", "Conv2dStaticSamePadding", "Conv2dDynamicSamePadding", "StdConv2dSame")],
        *[(f"{name}{n}D(8, 3)", f"k3 p0 bias {n}d") for name in ("Conv", "Convolution") for n in (1, 2, 3)],
        *[(f"Conv{n}DTranspose(8, 3)", f"k3 t bias {n}d") for n in (1, 2, 3)],
        *[(f"Convolution{n}DTranspose(8, 3)", f"k3 t bias {n}d") for n in (2, 3)],
        *[(f"DepthwiseConv{n}D(3, depth_multiplier=2)", f"k3 p0 g4 bias {n}d") for n in (1, 2)],
        *[(f"{name}{n}D(8, 3)", f"k3 p0 bias=last {n}d")
          for name in ("SeparableConv", "SeparableConvolution") for n in (1, 2)],
        *[(f"paddle.nn.Conv{n}D(4, 8, 3)", f"k3 p0 bias {n}d") for n in (1, 2, 3)],
        *[(f"paddle.nn.Conv{n}DTranspose(4, 8, 3)", f"k3 t bias {n}d") for n in (1, 2, 3)],
    ],
)  # fmt: skip
def test_every_name_of_a_layer_has_its_axes(name: str, tokens: str) -> None:
    assert read_layer(f"{name} 4: @9").spec == read_layer(f"4:8 @9 {tokens}").spec


@each(
    ("most", "more", "token"),
    [
        (">>> " * 12 + "{}", ">>> " * 13 + "{}", ">>>"),
        ("{}" + ".to(x)" * 12, "{}" + ".to(x)" * 13, ".to(x)"),
        ("x" * 198 + " = {}", "x" * 199 + " = {}", "xxx"),
        ("f.add(f.add({}))", "f.add(f.add({})))", ")"),
    ],
)
def test_twelve_labels_are_taken_off_and_those_are_short(most: str, more: str, token: str) -> None:
    """And as many parentheses are closed behind the layer as are open before it."""
    layer = "Conv2d(3, 8, 3)"
    assert read_layer(f"{most.format(layer)} @9").spec == read_layer(f"{layer} @9").spec
    assert f"unknown token '{token}" in error_of(f"{more.format(layer)} @9").message


@each(
    ("padding", "tokens"),
    [
        ("[999999999999999999, 0]", "p999999999999999999x0"), ("[1000000000000000000, 0]", None), ("[0, -1]", None),
        ("0", "p0"), ("-1", None), ("[[0, 1], [2, 3]]", "p0-1x2-3"), ("[[0], [1]]", None),
        ("[[0, 1, 2], [2, 3]]", None),
        ("[True, 1]", None), ("[[1, 1], [0, 0], [2, 3], [0, 1]]", "p2-3x0-1"), ("[1, 2, 0, 3]", "p1-2x0-3"),
    ],
)  # fmt: skip
def test_padding_in_numbers_is_one_an_axis_or_one_a_side(padding: str, tokens: str | None) -> None:
    """With those of batch and channels in front, which count for nothing."""
    line = f"paddle.nn.Conv2D(3, 8, 3, padding={padding}) @9"
    if tokens is None:
        error = error_of(line)
        assert "such a padding is not known" in error.message
        assert line[error.start : error.end] == padding
    else:
        assert read_layer(line).spec == read_layer(f"3:8 @9 k3 {tokens} bias").spec


@pytest.mark.parametrize(("word", "message"), [("ab", "'ab(' is no notation"), ("abc", "abc is not a convolution")])
def test_a_short_word_before_a_parenthesis_is_no_layer(word: str, message: str) -> None:
    assert error_of(f"{word}(3) @9").message == message


@each(
    ("said", "dtype", "note"),
    [
        ("None", "fp32", ""), ("torch.float16", "fp16", ""), ("'mixed_bfloat16'", "bf16", ""), ("int8", "int8", ""),
        ("complex64", "fp32", "its dtype complex64 is left out"),
    ],
)  # fmt: skip
def test_a_dtype_that_is_none_of_ours_is_noted(said: str, dtype: str, note: str) -> None:
    read = read_layer(f"Conv2d(3, 8, 3, dtype={said}) @9")
    assert (read.spec.dtype, " ".join(read.notes)) == (dtype, note)


@each(
    ("line", "said"),
    [
        ("layers.Conv1D(8, 3) @9", "input_shape=(100, 16)"), ("layers.Conv2D(8, 3) @9", "input_shape=(224, 224, 3)"),
        ("layers.Conv3D(8, 3) @9", "input_shape=(16, 112, 112, 3)"),
        ("nn.Conv(features=8, kernel_size=(3, 3)) @9", "the shape of its input beside it"),
    ],
)  # fmt: skip
def test_where_a_layer_may_say_its_in_channels(line: str, said: str) -> None:
    assert error_of(line).hint == f"add them, such as 3: for 3 channels, or {said}"


@each(
    ("line", "otherwise", "tokens"),
    [
        ("Conv2d(4, 8, 3)", {"input_size": 9, "batch": 3}, "4:8 @9 k3 p0 bias n3"),
        ("Conv2d(4, 8, 3)", {"input_size": (9, 8)}, "4:8 @9x8 k3 p0 bias"),
        ("Conv2d(4, 8, 3) @7", {"input_size": (9, 8, 7), "groups": 2, "dtype": "fp16"}, "4:8 @7 k3 p0 bias fp16"),
        ("Conv1d(4, 8, 3) (1, 4, 7)", {"input_size": (9, 8)}, "4:8 @7 k3 p0 bias 1d"),
    ],
)
def test_what_a_line_does_not_say_holds_otherwise(line: str, otherwise: dict[str, object], tokens: str) -> None:
    """But nothing that describes the layer itself."""
    assert read_layer(line, otherwise).spec == read_layer(tokens).spec


def test_a_size_of_other_axes_does_not_hold_otherwise() -> None:
    with pytest.raises(SpecError, match="the size for lines without one has 2 axes, the rest has 1"):
        read_layer("Conv1d(4, 8, 3)", {"input_size": (9, 8)})
