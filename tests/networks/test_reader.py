"""Network files: what each notation means, and what a mistake is told."""

from __future__ import annotations

from contextlib import suppress
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import made_for
from tables import each

from convcost.graph.ops import (
    Activation,
    AdaptivePool,
    Attention,
    Conv,
    Linear,
    Multiply,
    Norm,
    Pad,
    PixelShuffle,
    Pool,
    Scale,
    Shuffle,
    Split,
    Tokens,
    Upsample,
)
from convcost.networks import build
from convcost.networks.build import MOST_OPERATIONS, Choices, Network, build_network
from convcost.networks.errors import NetworkError
from convcost.networks.input import read_shape
from convcost.networks.layers import layer_names
from convcost.networks.numbers import resolve, round_to
from convcost.networks.primitives import PRIMITIVES
from convcost.networks.program import named_program, read_program
from convcost.spec import LayerSpec, SpecError
from convcost.spec.errors import Problem
from convcost.variants.registry import build_variant


def built(
    *lines: str, size: str = "3 @32x40", tokens: str = "", width: str | None = None, depth: str | None = None,
    name: str = "net.txt",
) -> Network:  # fmt: skip
    text = "\n".join([f"input {size}", *lines])
    return build_network(read_program(text, name), Choices(tokens, width, depth=depth))


def names(network: Network) -> list[str]:
    return [node.name for node in network.graph.nodes]


def mistake(*lines: str) -> NetworkError:
    with pytest.raises(NetworkError) as caught:
        built(*lines)
    return caught.value


@each("name", layer_names())
def test_a_line_of_any_variant_is_that_variants_graph(name: str) -> None:
    """Same operations in the same order, norm and activation included."""
    groups = " g2" if name == "grouped" else ""
    spec = LayerSpec(8, 16, (3, 3), (13, 10), (2, 2), ((1, 1), (1, 1)), batch=2, norm=True, activation="relu")
    spec = made_for(name, spec)
    size = "x".join(map(str, spec.input_size))
    network = built(f"{name} 16 k3 s2{groups} norm relu", size=f"8 @{size} n2 {spec.axes}d")
    expected = build_variant(name, spec._replace(groups=2) if groups else spec)
    assert [node.op for node in network.graph.nodes] == [node.op for node in expected.graph.nodes]
    assert network.shapes == expected.shapes


def test_in_channels_follow_from_the_line_before() -> None:
    """The first convolution takes the input's, the second the first's; without a number out = in."""
    convs = [node.op for node in built("standard 8 k3", "standard 16 k3", "depthwise k3").graph.nodes]
    assert [(op.in_channels, op.out_channels) for op in convs if isinstance(op, Conv)] == [(3, 8), (8, 16), (16, 16)]


def test_a_repeated_line_has_its_stride_once() -> None:
    """r3: three times, the stride on the first only, each under its own name."""
    network = built("a: residual-bottleneck 16 k3 s2 r3")
    assert network.shapes[-1] == (1, 16, 16, 20)
    assert [name for name in names(network) if name.endswith("projection")] == ["a.1.projection"]
    assert "a.3.add" in names(network)


def test_branches_are_written_with_names() -> None:
    """A name in front, `from` behind; `in` is the network's input."""
    network = built("a: standard 8 k3", "b: standard 8 k5 from in", "c: concat from a b", "multiply from a b")
    assert [node.inputs for node in network.graph.nodes] == [(0,), (0,), (1, 2), (1, 2)]
    assert network.shapes[3][1] == 16


def test_a_block_is_written_out_at_each_call() -> None:
    """With its arguments; repeated, it has its stride on the first only."""
    unit = ("block unit c stride=1", "  standard $c k3 s$stride", "  shortcut")
    network = built(*unit, "unit 4 stride=2", "u: unit 4 r2")
    assert names(network) == ["unit1.standard", "u.1.standard", "u.1.shortcut", "u.2.standard", "u.2.shortcut"]
    twice = built("block unit c stride=1", "  standard $c k3 s$stride", "unit 4 2 r2")
    assert [node.op.stride for node in twice.graph.nodes if isinstance(node.op, Conv)] == [(2, 2), (1, 1)]


def test_defaults_hold_from_where_they_stand() -> None:
    """For convolutions; a line's own words go before them."""
    network = built("standard 4 k1", "default norm relu bias", "standard 4 k1", "standard 4 k1 no-norm no-bias gelu")
    assert names(network) == [
        "standard1", "standard2", "standard2.norm", "standard2.activation", "standard3", "standard3.activation",
    ]  # fmt: skip
    convs = [node.op for node in network.graph.nodes if isinstance(node.op, Conv)]
    assert [conv.bias for conv in convs] == [False, True, False]
    assert network.graph.nodes[-1].op == Activation("gelu")


@each(
    ("line", "op"),
    [
        ("max-pool k3 s2 p1", Pool("max", (3, 3), (2, 2), ((1, 1), (1, 1)))),
        ("avg-pool k2x4", Pool("avg", (2, 4), (2, 4), ((0, 0), (0, 0)))),
        ("max-pool k3 s2 ceil p0-1x1", Pool("max", (3, 3), (2, 2), ((0, 1), (1, 1)), True)),
        ("global-average-pool", AdaptivePool("avg", (1, 1))),
        ("adaptive-average-pool 7x5", AdaptivePool("avg", (7, 5))),
        ("linear 10 each bias", Linear(4, 10, True)),
        ("split 1 in/2", Split(1, 2)),
        ("adaptive-max-pool 1x5", AdaptivePool("max", (1, 5))),
        ("adaptive-average-pool 7", AdaptivePool("avg", (7, 7))),
        ("shuffle g2", Shuffle(2)),
        ("multiply from in in", Multiply()),
        ("hardswish", Activation("hardswish")),
        ("max-pool k3 s1 d2 p1", Pool("max", (3, 3), (1, 1), ((1, 1), (1, 1)), False, (2, 2))),
        ("max-pool k3 s2 psame-upper", Pool("max", (3, 3), (2, 2), ((0, 1), (0, 1)))),
        ("max-pool k3 pvalid", Pool("max", (3, 3), (3, 3), ((0, 0), (0, 0)))),
        ("avg-pool k3 s2 psame d2", Pool("avg", (3, 3), (2, 2), ((2, 2), (2, 2)), False, (2, 2))),
        ("upsample 2", Upsample("nearest", (2, 2))),
        ("upsample bilinear 2x3", Upsample("bilinear", (2, 3))),
        ("pixel-shuffle 2", PixelShuffle((2, 2))),
        ("pad p1-2x0", Pad(((1, 2), (0, 0)))),
        ("pad p3 mode=reflect", Pad(((3, 3), (3, 3)), "reflect")),
        ("crop p4-0x1", Pad(((-4, 0), (-1, -1)))),
        ("prelu", Scale(4, "prelu")),
        ("softmax", Norm("softmax", 4, 1, False)),
        ("group-norm 2", Norm("group-norm", 4, 2)),
        ("instance-norm", Norm("instance-norm", 4, 4, False)),
        ("instance-norm affine", Norm("instance-norm", 4, 4)),
        ("rms-norm", Norm("rms-norm", 4)),
        ("tokens 1", Tokens(1, 4, 1281)),
    ],
)
def test_a_line_is_one_operation(line: str, op: object) -> None:
    """Fields as in PyTorch; a pooling's stride is its kernel unless given."""
    assert built(line, size="4 @32x40").graph.nodes[0].op == op


def test_the_command_line_goes_before_the_file() -> None:
    """Size, batch, dtype; channels belong to the file."""
    network = built("standard 4 k3", tokens="@16x8 n2 fp16")
    assert (network.shapes[0], network.graph.dtype) == ((2, 3, 16, 8), "fp16")
    with pytest.raises(SpecError, match="does not belong"):
        built("standard 4 k3", tokens="64")


def test_three_axes_are_read_as_two_are() -> None:
    """A video."""
    assert built("standard 8 k3 s1x2x2", "max-pool k2", size="3 @8x16x20").shapes[-1] == (1, 8, 4, 4, 5)


def test_numbers_follow_from_others() -> None:
    """`in` is the block's input, `/` rounds down, `~8` and the width round as MobileNet does."""
    network = built("width 1", "pointwise 32*width", "pointwise in*5", "pointwise 72/4~8", width="0.35")
    assert [shape[1] for shape in network.shapes[1:]] == [16, 15, 24]
    with pytest.raises(SpecError, match="no width"):
        built("standard 4 k3", width="0.5")
    with pytest.raises(SpecError, match="no width multiplier"):
        built("width 1", "standard 4 k3", width="0")


@each(
    ("word", "worked_out"),
    [
        ("p4*7-0", "p28-0"), ("p0-1x2*3-3", "p0-1x6-3"), ("k3*2x5", "k6x5"), ("in+32", "56"),
        ("mid=in/2xin", "mid=12x24"),
        ("r3*depth", "r5"), ("r1*depth", "r2"), ("in*0+1", None), ("p0-1", "p0-1"), ("g32", "g32"), ("pin", "p24"),
    ],
)  # fmt: skip
def test_every_number_of_a_token_may_be_worked_out(word: str, worked_out: str | None) -> None:
    """Each part of it from left to right; depth rounds up, as EfficientNet's repeats do."""
    depth = {"depth": Fraction("1.4")}
    if worked_out is None:
        with pytest.raises(Problem, match="a multiple of 0"):
            resolve(word, 24, depth)
    else:
        assert resolve(word, 24, depth) == worked_out


def test_a_parameter_ends_where_a_known_name_does() -> None:
    """`$d-0` is the parameter d and what follows, unless there is one of the longer name."""
    block = ["block causal d", "  standard in k3 d$d p$d*2-0", "causal 4"]
    (conv,) = [node.op for node in built(*block, size="4 @40 1d").graph.nodes]
    assert isinstance(conv, Conv)
    assert (conv.dilation, conv.padding) == ((4,), ((8, 0),))
    (op,) = [node.op for node in built("block b out-c out=5", "  pointwise $out-c", "b 7").graph.nodes]
    assert isinstance(op, Conv)
    assert op.out_channels == 7
    wrong = mistake("block b d e", "  pointwise $f-0", "b 3 4")
    assert ("no parameter $f" in wrong.message, wrong.hint) == (True, "there are: $d, $e")


@pytest.mark.parametrize(
    ("comments", "source"),
    [
        (["source: He et al.", "arXiv 1512.03385"], "He et al. arXiv 1512.03385"),
        (["a network", "", "source: He et al.", "", "checked twice"], "He et al."),
        (["a network"], ""),
    ],
)
def test_a_source_goes_on_until_an_empty_comment(comments: list[str], source: str) -> None:
    text = "".join(f"# {comment}\n" for comment in comments)
    assert read_program(f"{text}input 3 @9\nrelu").source == source


def test_a_file_has_multipliers_and_other_names() -> None:
    """Each of the names with multipliers and a size of its own, which the command line goes before."""
    text = "input 3 @32\nwidth 1\ndepth 1\nalso wide width=2 @48x40\nalso deep depth=1.5\npointwise 16*width r2*depth"
    program = read_program(text, "own")
    shapes = {name: build_network(named_program(program, name) or program).shapes for name in ("own", "wide", "deep")}
    assert {name: (each[0][2:], each[-1][1], len(each) - 1) for name, each in shapes.items()} == {
        "own": ((32, 32), 16, 2), "wide": ((48, 40), 32, 2), "deep": ((32, 32), 16, 3)
    }  # fmt: skip
    chosen = build_network(named_program(program, "wide") or program, Choices("@8", "0.5", depth="2")).shapes
    assert (chosen[0][2:], chosen[-1][1], len(chosen) - 1) == ((8, 8), 8, 4)
    assert named_program(program, "own") is None
    with pytest.raises(SpecError, match="own has no depth multiplier"):
        built("width 1", "standard 4 k3", depth="2", name="own")


@each(
    ("line", "message"),
    [
        ("also", "also takes a name"), ("also b width=2", "also does not take 'width=2'"),
        ("also b k3", "also does not take 'k3'"), ("depth", "depth takes one number"),
        ("depth 0", "no depth multiplier"),
    ],
)  # fmt: skip
def test_a_wrong_line_about_the_file_is_told(line: str, message: str) -> None:
    """A multiplier that the file has not is none of another name's either."""
    assert message in mistake(line, "relu").message


def test_a_transposed_line_may_be_depthwise_or_grouped() -> None:
    """By name; products before cropping: 64 x 28 x 28 x 16."""
    network = built("depthwise k4 s2 p1 t m2", "grouped 32 k4 s2 p1 t g4", size="64 @28")
    first, second = [node.op for node in network.graph.nodes]
    assert first == Conv(64, 128, (4, 4), (2, 2), ((1, 1), (1, 1)), (1, 1), 64, False, "zeros", True, (0, 0))
    assert isinstance(second, Conv)
    assert (second.groups, second.transposed, network.shapes[-1]) == (4, True, (1, 32, 112, 112))


def test_attention_is_what_is_around_it_too() -> None:
    """PyTorch's MultiheadAttention of one input: 3 x channels in, all heads, channels out; `attend` is the middle."""
    network = built("attention 2 bias", "linear 24 each", "attend 4", size="12 @5x4")
    assert [(node.name, node.op) for node in network.graph.nodes] == [
        ("attention.qkv", Linear(12, 36, True)), ("attention.attend", Attention(2, 12)),
        ("attention.project", Linear(12, 12, True)), ("linear", Linear(12, 24)), ("attend", Attention(4, 8)),
    ]  # fmt: skip


def test_a_line_may_have_the_weights_of_another() -> None:
    """Learned once, however often they are used; norms stay each line's own."""
    lines = (
        "a: standard 3 k3 bias norm",
        "standard 3 k3 bias norm share a r2",
        "c: linear 3 each",
        "linear 3 each share c",
    )
    ops = [node.op for node in built(*lines).graph.nodes]
    assert [op.shared for op in ops if isinstance(op, Conv | Linear)] == [False, True, True, False, True]
    pair = built("a: depthwise-separable 3 k3", "depthwise-separable 3 k3 share a").graph.nodes
    assert [node.op.shared for node in pair if isinstance(node.op, Conv)] == [False, False, True, True]
    inside = built("block b", "  a: pointwise in", "  pointwise in share a", "b").graph.nodes
    assert [node.op.shared for node in inside if isinstance(node.op, Conv)] == [False, True]


@each(
    ("lines", "message"),
    [
        (["relu", "standard 4 k3 share a"], "share needs the name of a line before"),
        (["standard 4 k3 share"], "share needs the name of a line before"),
        (["a: standard 4 k3", "standard 4 k3 share a"], "its weights have another shape"),
        (["a: relu", "standard 4 k3 share a"], "its weights have another shape"),
        (["block b", "  relu", "a: standard 4 k3", "b share a"], "b has no weights to share"),
        (["pixel-shuffle 2"], "3 channels are no blocks of 2x2"),
        (["pixel-shuffle"], "needs a factor"),
        (["upsample 0"], "needs a factor"),
        (["upsample 2 cubic"], "does not take 'cubic'"),
        (["upsample 2x2x2"], "needs a factor"),
        (["group-norm 2"], "2 groups do not divide 3 channels"),
        (["group-norm"], "needs 1 number"),
        (["softmax 2"], "does not take '2'"),
        (["relu 3"], "relu does not take '3'"),
        (["flatten x"], "flatten does not take 'x'"),
        (["batch-norm 4"], "batch-norm does not take '4'"),
        (["global-average-pool 2"], "global-average-pool does not take '2'"),
        (["add 1 from in in"], "add does not take '1'"),
        (["split 0 1 2"], "split does not take '2'"),
        (["split 0"], "split needs 2 numbers"),
        (["upsample 2 nearest bilinear"], "upsample does not take 'bilinear'"),
        (["pixel-shuffle 2 2"], "pixel-shuffle does not take '2'"),
        (["group-norm 1 2"], "group-norm does not take '2'"),
        (["instance-norm affine 2"], "instance-norm does not take '2'"),
        (["attention 1 bias 2"], "attention does not take '2'"),
        (["attend 1 2"], "attend does not take '2'"),
        (["tokens 1 2"], "tokens does not take '2'"),
        (["adaptive-max-pool 2 3"], "adaptive-max-pool does not take '3'"),
        (["shuffle"], "shuffle needs its groups"),
        (["shuffle g0"], "shuffle needs its groups"),
        (["linear 0"], "linear needs at least one output"),
        (["linear 4 each no"], "linear does not take 'no'"),
        (["rms-norm affine"], "does not take 'affine'"),
        (["pad"], "pad needs how much"),
        (["pad psame"], "does not take 'psame'"),
        (["crop p1 mode=reflect"], "crop does not take 'mode=reflect'"),
        (["crop p20"], "nothing is left"),
        (["pad p1x1x1"], "has 3 axes, the rest has 2"),
        (["attention 2"], "2 heads do not divide 3 channels"),
        (["attend 2"], "2 heads do not divide 3 channels"),
        (["max-pool k3 d2 p5"], "as wide as the window"),
    ],
)
def test_a_wrong_operation_is_told(lines: list[str], message: str) -> None:
    error = mistake(*lines)
    assert message in error.message
    assert error.hint


def test_an_unknown_operation_is_told_before_its_inputs() -> None:
    """And a near name only where it is near."""
    error = mistake("subtract from in in")
    assert "unknown operation 'subtract'" in error.message
    assert "did you mean" not in error.hint
    assert "did you mean standard" in mistake("standrd 4 k3").hint


@each(
    ("word", "ours"),
    [
        ("conv", "standard"), ("convolve", "standard"), ("Convolution", "standard"), ("conv2d", "standard"),
        ("dwconv", "depthwise"), ("conv-transpose", "standard … t"), ("dense", "linear"), ("fc", "linear"),
        ("bn", "batch-norm"), ("pool", "max-pool"), ("gap", "global-average-pool"), ("cat", "concat"), ("sum", "add"),
        ("mbcov", "mbconv"),
    ],
)  # fmt: skip
def test_words_of_other_programs_are_answered_with_ours(word: str, ours: str) -> None:
    """Before the nearest word, which may mean something else."""
    assert f"did you mean {ours}?" in mistake(f"{word} 4 k3").hint


@given(st.integers(1, 4096), st.integers(1, 400))
def test_rounding_is_mobilenets(channels: int, percent: int) -> None:
    """Its function, on exact numbers: the nearest multiple of 8, not below 90 %."""
    value = Fraction(channels * percent, 100)
    rounded = round_to(channels * percent, 8, 100)
    assert rounded % 8 == 0
    assert rounded >= max(8, value * Fraction(9, 10))
    assert rounded - 8 < value + 4 or rounded == 8


@each(
    ("lines", "place", "message"),
    [
        (["standard 32"], (2, 12), "kernel_size is missing"),
        (["standard 32 k3 q2"], (2, 16), "unknown token 'q2'"),
        (["a: standard 32 k3 s2 q2  # x"], (2, 22), "unknown token 'q2'"),
        (["standard 32 k3 g2"], (2, 16), "no groups"),
        (["standard 5:6 k3"], (2, 10), "would take 5 channels, and gets 3"),
        (["standard 32 k3 @5"], (2, 16), "belongs to the input"),
        (["standard 4 k3", "standrd 4 k3"], (3, 1), "unknown operation"),
        (["add from in x"], (2, 13), "named 'x'"),
        (["add"], (2, 1), "takes two inputs"),
        (["a: relu", "a: relu"], (3, 1), "second line named"),
        (["linear 10"], (2, 8), "32x40"),
        (["flatten", "standard 4 k3"], (3, 10), "no size left"),
        (["max-pool k3 q"], (2, 13), "unknown token"),
        (["adaptive-average-pool"], (2, 1), "needs an output size"),
        (["adaptive-average-pool 7x7x7"], (2, 23), "needs an output size"),
        (["adaptive-average-pool 0x7"], (2, 23), "needs an output size"),
        (["adaptive-average-pool 7xx"], (2, 23), "needs an output size"),
        (["max-pool k3 p3"], (2, 1), "as wide as the window"),
        (["  relu"], (2, 3), "outside a block"),
        (["block b", "relu"], (2, 7), "is empty"),
        (["block b x", "  relu", "b"], (4, 1), "needs x"),
        (["block b", "  relu", "b 3"], (4, 3), "too many"),
        (["block b x", "  pointwise $y", "b 3"], (3, 13), "no parameter $y"),
        (["default blue"], (2, 9), "unknown default"),
        (["input 3 @4"], (2, 1), "second input"),
        (["shortcut"], (2, 1), "stands in a block"),
        (["a: standard 4 k3 s2", "add from a in"], (3, 1), "gives"),
        (["in: relu"], (2, 1), "cannot be a name"),
        (["relu from"], (2, 6), "behind 'from'"),
        (["relu \x1b[2J"], (2, 6), "not text"),
        (["spatially-separable 4 k3x1"], (2, 1), "nothing to separate"),
        ([], (1, 1), "no layers"),
    ],
)
def test_a_mistake_is_named_with_its_place(lines: list[str], place: tuple[int, int], message: str) -> None:
    """File, line and column, the line itself, carets under the whole word, and a remedy."""
    error = mistake(*lines)
    assert message in error.message
    assert (error.line, error.column) == place
    text = error.render()
    assert text.startswith(f"error: net.txt, line {place[0]}, column {place[1]}: ")
    assert error.hint
    assert "\x1b" not in text
    *_, shown, carets, _ = text.splitlines()
    marked = shown[carets.index("^") : carets.rindex("^") + 1]
    assert carets.strip() == "^" * max(1, len(marked))
    assert (message == "not text" and marked == "\\x1b") or f" {marked} ".replace("  ", "") in f" {shown} "


def test_a_file_without_input_says_so() -> None:
    """There is no line to point at."""
    with pytest.raises(NetworkError, match="a layer before the input"):
        read_program("relu")
    with pytest.raises(NetworkError, match="there is no input"):
        read_program("")


NESTED = "\n".join(
    [
        "input 3 @8", "block b0", "  relu", "  relu",
        *[line for i in range(1, 40) for line in (f"block b{i}", *[f"  b{i - 1} r10"] * 4)], "b39",
    ]
)  # fmt: skip
ENDLESS = "input 3 @8\nblock b\n  relu\n  b\nb"
SILENT = "\n".join(
    [
        "input 3 @8", "relu", "block b0", "  batch-norm",
        *[line for i in range(1, 40) for line in (f"block b{i}", *[f"  b{i - 1}"] * 4)], "b39",
    ]
)  # fmt: skip
DOUBLING = "\n".join(
    [
        "input 3 @8", "block b0 x", "  relu $x",
        *[line for i in range(1, 40) for line in (f"block b{i} x", f"  b{i - 1} $x$x")], "b39 a",
    ]
)  # fmt: skip
GROWING = "input 3 @8\nblock b\n  concat from in in\nb r9999"


@each(
    "text",
    [
        "x" * 65536, "\0" * 65536, "input 3 @8\n" + "relu\n" * 9000, NESTED, ENDLESS, SILENT, DOUBLING, GROWING,
        "input 3 @8\nstandard 4 k3 r999999999", f"input 3 @8\nstandard 4 k3 r{'9' * 60000}",
        "input 3 @8\nlinear 1 " + "(" * 60000, "input 3 @8\n" + "block b\n" * 9999, "input " + "9" * 60000,
        "x" * 2_000_000, "input 3 @8\nblock b\n  relu\nb " + "r1 " * 9999,
        "input 3 @999999999999999999\nstandard 999999999999999999 k3\nb: concat from in in\n" + "flatten\n",
    ],
    ids=range(16),
)  # fmt: skip
def test_hostile_input_is_a_short_error(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Neither a crash nor a wait without end; fewer operations are allowed here, so that nobody waits for the last."""
    monkeypatch.setattr(build, "MOST_OPERATIONS", 1500)
    with pytest.raises(SpecError) as caught:
        build_network(read_program(text, "net.txt"), Choices(norm=text is not SILENT))
    assert len(caught.value.render()) < 1000


def test_a_short_file_may_ask_for_a_hundred_thousand_operations(monkeypatch: pytest.MonkeyPatch) -> None:
    """And for no more."""
    assert MOST_OPERATIONS == 100_000
    assert len(built("standard 3 k1 r20000").graph.nodes) == 20_000
    monkeypatch.setattr(build, "MOST_OPERATIONS", 400)
    assert len(built("standard 3 k1 r400").graph.nodes) == 400
    assert "more than 400 operations" in mistake("standard 3 k1 r400", "relu").message


def test_names_in_blocks_within_blocks_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each operation has the names of all its blocks in front, however few words make it."""
    monkeypatch.setattr(build, "MOST_NAMED", 1000)
    lines = [f"block {'b' * 60}", *["  relu"] * 20, f"{'b' * 60} r9"]
    assert "names are too long" in mistake(*lines).message


WORDS = [*PRIMITIVES, *layer_names(), "from", "in", "a:", "a", "r2", "k3", "s2", "8", "$x", "block", "default", "norm"]
WORDS += ["share", "also", "depth", "bilinear", "p1-2", "2", "2x3", "affine", "p$x-0", "in+1"]
WORDS += ["relu", "shortcut", "g2", "in*2", "p1", "#", "width", "32*width", "each", "bias", "7", "0", "x=3", "\t"]


@settings(deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.lists(st.sampled_from(WORDS), max_size=5)), max_size=6))
def test_any_words_are_a_network_or_a_mistake(lines: list[tuple[bool, list[str]]]) -> None:
    """Nothing but SpecError leaves the reader."""
    text = "input 3 @9\n" + "\n".join(" " * indented + " ".join(words) for indented, words in lines)
    with suppress(SpecError):
        network = build_network(read_program(text))
        assert len(network.shapes) == len(network.graph.nodes) + 1


@each(
    ("line", "shape"),
    [
        ("input @3x9x8", (1, 3, 9, 8)), ("input 3 @3x9x8", (1, 3, 9, 8)), ("input @2x3x9x8", (2, 3, 9, 8)),
        ("input 3 @2x3x9x8 n2", (2, 3, 9, 8)), ("input @2x3x7x9x8", (2, 3, 7, 9, 8)),
        ("input 3 @7x9x8", (1, 3, 7, 9, 8)),
        ("input 9 @9x8x9", (1, 9, 8, 9)),
        ("input 3 @3x9x8 3d", (1, 3, 3, 9, 8)), ("input 3 @9x8x3 3d", (1, 3, 9, 8, 3)), ("input 3 @9x8", (1, 3, 9, 8)),
    ],
)  # fmt: skip
def test_the_size_of_an_input_may_have_batch_and_channels_in_front(line: str, shape: tuple[int, ...]) -> None:
    """CxHxW and NxCxHxW; 3d says that all are axes."""
    assert build_network(read_program(f"{line}\nrelu")).shapes[0] == shape


@each(
    ("tokens", "shape"),
    [("@3x6x5", (1, 3, 6, 5)), ("@4x3x6x5", (4, 3, 6, 5)), ("@4x3x6x5 n4", (4, 3, 6, 5)), ("@6x5", (1, 3, 6, 5))],
)
def test_so_may_the_size_on_the_command_line(tokens: str, shape: tuple[int, ...]) -> None:
    program = read_program("input 3 @9x8\nrelu")
    assert build_network(program, Choices(tokens)).shapes[0] == shape


@each(
    ("line", "tokens", "message", "hint"),
    [
        ("input 3 @9x8x3", "", "may be an image with its 3 channels behind it", "write @9x8 for the image, or add 3d"),
        ("input 5 @2x3x9x8", "", "the channels in input_size are 3, those of the input 5", "@9x8"),
        ("input 3 @2x3x9x8 n4", "", "batch is 4, and input_size starts with 2", "keep one"),
        ("input 3 @9x8", "@4x6x5", "the channels in input_size are 4, those of the input 3", "@6x5"),
        ("input 3 @9x8", "@6x5x3", "the channels in input_size are 6, those of the input 3", "@6x5"),
        ("input 3 @9x8", "@1x2x3x4x5", "input_size has 5 axes, the rest has 2", "2 of them"),
        ("input 3 @7x9x8 3d", "@6x5", "input_size has 2 axes, the rest has 3", "3 of them"),
        ("input 3 @9x8", "@4x3x6x5 n2", "batch is 2, and input_size starts with 4", "keep one"),
    ],
)  # fmt: skip
def test_a_size_that_contradicts_its_input_is_refused(line: str, tokens: str, message: str, hint: str) -> None:
    with pytest.raises(SpecError) as found:
        build_network(read_program(f"{line}\nrelu"), Choices(tokens))
    assert message in found.value.message
    assert hint in found.value.hint


@each(
    ("text", "line", "message", "hint"),
    [
        ('Model: "sequential"\n____\n', 1, "the head of a Keras summary", "model.export('model.onnx'"),
        ("  from  n  params  module     arguments\n", 1, "a row of a YOLO's table", "model.export(format='onnx')"),
        (
            "=====\nLayer (type)  Output\n=====\n├─Conv2d: 1-1  [1, 64, 112, 112]\n",
            4,
            "a row of a summary",
            "print(model)",
        ),
        ("layer {\n  name: 'a'\n  type: 'Convolution'\n}\n", 1, "a layer of Caffe", "caffe2onnx"),
        ("# yolo\n[net]\nwidth=416\n[convolutional]\n", 2, "a section of a darknet .cfg", "darknet2onnx"),
    ],
)
def test_what_another_program_prints_is_called_so(text: str, line: int, message: str, hint: str) -> None:
    """With what to give instead, at the line that shows it."""
    with pytest.raises(NetworkError, match=message) as caught:
        read_program(text)
    assert (caught.value.line, hint in caught.value.hint) == (line, True)


@each(
    ("lines", "wanted", "example"),
    [
        (["a: relu", "standard 4 k3 from a in"], "standard takes one input", "write: standard"),
        (["a: relu", "relu from a in"], "relu takes one input", "write: relu"),
        (["a: relu", "add from a"], "add takes two inputs", "write: add from A B"),
        (["a: relu", "multiply from a in a"], "multiply takes two inputs", "write: multiply from A B"),
        (["concat"], "concat takes two inputs or more", "write: concat from A B"),
        (["block b", "  relu", "a: relu", "b from a in"], "b takes one input", "write: b"),
    ],
)
def test_how_many_inputs_a_line_takes_is_told(lines: list[str], wanted: str, example: str) -> None:
    error = mistake(*lines)
    assert (error.message, error.hint.startswith(example)) == (wanted, True)


@each(
    "line",
    [
        "standard 3 k3 share a q2", "standard share a 3 k3 q2", "standard 3 q2 k3 share a", "standard q2 3 k3 share a",
        "standard 3 k3 r2 q2", "standard r2 3 k3 q2", "b: standard r2 3 q2 k3", "standard 3 k3 q2 r2",
        "standard 3 k3 share a r2 q2", "standard r2 share a q2 3 k3",
    ],
)  # fmt: skip
def test_a_wrong_token_is_found_beside_repetitions_and_what_is_shared(line: str) -> None:
    """Neither is a token of the layer."""
    error = mistake("a: standard 3 k3", line)
    assert "unknown token 'q2'" in error.message
    assert (error.line, error.column) == (3, line.index("q2") + 1)


@each(
    ("tokens", "channels", "axes", "shape"),
    [
        ("3 @5x6", None, None, (1, 3, 5, 6)), ("@5x6", 3, None, (1, 5, 6)), ("@3x5x6", 3, 2, (1, 3, 5, 6)),
        ("@5", 3, 2, (1, 3, 5, 5)), ("@5x6", 3, 2, (1, 3, 5, 6)), ("4 @5x6", 3, 2, (1, 4, 5, 6)),
        ("3:4 @5", None, 2, (1, 3, 5, 5)),
        ("@7x8", 3, 1, (1, 7, 8)), ("@7", 3, 1, (1, 3, 7)), ("@7", 3, 3, (1, 3, 7, 7, 7)), ("@8", 8, 0, (1, 8)),
        ("@4x8 n2", 8, 0, (2, 4, 8)), ("@7 n4 fp16", 3, 1, (4, 3, 7)),
        ("3 @3x5x6", 3, 2, "CxHxW"), ("@5x6", None, 2, "CxHxW"), ("@5", None, 1, "CxW"), ("@5x6x7", 3, 1, "CxW"),
        ("@5x6", 3, 3, "CxDxHxW"),
    ],
)  # fmt: skip
def test_the_input_of_a_first_layer(
    tokens: str, channels: int | None, axes: int | None, shape: tuple[int, ...] | str
) -> None:
    """Channels and positions; where the tokens have one number more than the layer has axes, it is the channels."""
    if isinstance(shape, str):
        with pytest.raises(SpecError) as caught:
            read_shape(tokens, channels, axes)
        assert caught.value.message == f"the first layer takes an input of {shape}"
        assert tokens[caught.value.start] == "@"
    else:
        assert read_shape(tokens, channels, axes) == (shape, "fp16" if "fp16" in tokens else "fp32")


@each(
    ("text", "place", "message"),
    [
        ("input 3\nrelu", (1, 1), "the input needs channels and a size"),
        ("input @8\nrelu", (1, 1), "the input needs channels and a size"),
        ("input 3 @8 k3\nrelu", (1, 12), "kernel_size does not belong here"),
        ("input 3 @8 8\nrelu", (1, 12), "channels are given twice"),
        ("a: input 3 @8\nrelu", (1, 4), "takes neither a name nor inputs"),
        ("input 3 @8\nwidth 1 2\nrelu", (2, 1), "width takes one number"),
        ("input 3 @8\nwidth x\nrelu", (2, 7), "is no width multiplier"),
        ("input 3 @8\ndefault norm blue\nrelu", (2, 14), "unknown default 'blue'"),
        ("input 3 @8\ndefault blue norm\nrelu", (2, 9), "unknown default 'blue'"),
        ("input 3 @8\nfacts gelu relu=function\nrelu", (2, 7), "'gelu' is no fact"),
        ("input 3 @8\nblock b x= y\n  relu\nb 1", (2, 9), "'x=' is no parameter"),
        ("input 3 @8\nwidth 1\nalso b k3 width=2\nrelu", (3, 8), "also does not take 'k3'"),
        ("input 3 @8\nblock b\n  width 1\nb", (3, 3), "'width' cannot stand inside a block"),
        ("input 3 @8\nblock b x x\n  relu\nb 1 2", (2, 11), "'x' is no parameter"),
        ("input 3 @8\nblock b x=\n  relu\nb 1", (2, 9), "'x=' is no parameter"),
        ("input 3 @8\nblock b\n  relu\nblock b\n  relu\nb", (4, 7), "a second block 'b'"),
        ("input 3 @8\nblock 3\n  relu\nb", (2, 7), "a block needs a name"),
        ("input 3 @8\nblock\n  relu\nb", (2, 1), "a block needs a name"),
        ("input 3 @8\nfacts relu=function gelu\nrelu", (2, 21), "'gelu' is no fact"),
        ("input 3 @8\nwidth 1\nalso b width=2 depth=3\nrelu", (3, 16), "also does not take 'depth=3'"),
        ("input 3 @8\nwidth 1\nalso b width=\nrelu", (3, 8), "also does not take 'width='"),
        ("input 3 @8\nb: relu from in extra\nrelu", (2, 17), "no line before this one is named 'extra'"),
        ("input 3 @8\n  # only a remark\nb:\nrelu", (3, 1), "there is no operation in this line"),
        ("input 3 @8\nblock b x y\n  relu\nb 1", (4, 1), "b needs y"),
        ("input 3 @8\nblock b x y=2\n  relu\nb y=3 1 5", (4, 9), "'5' is one argument too many"),
        ("input 3 @8\nblock b x y=2\n  relu\nb x=3 x=4", (4, 7), "'x=4' is one argument too many"),
        ("input 3 @8\nstandard 4 k3 r2 r3\nrelu", (2, 18), "one repetition of 1 to 100,000 is possible"),
        ("input 3 @8\nstandard 4 k3 share\nrelu", (2, 15), "share needs the name of a line before this one"),
        ("input 3 @8\nblock b\n  relu\nb share x", (4, 3), "b has no weights to share"),
        ("input 3 @8\nstandard 4 k3 @8\nrelu", (2, 15), "a size belongs to the input line"),
        ("input 3 @8\nmax-pool k3 s2 k2\nrelu", (2, 16), "max-pool does not take 'k2'"),
        ("input 3 @8\nmax-pool k3 g2\nrelu", (2, 13), "max-pool does not take 'g2'"),
        ("input 3 @8\nmax-pool ceil k3x3x3\nrelu", (2, 15), "k3x3x3 has 3 axes, the rest has 2"),
        ("input 3 @8\npad p1 p2\nrelu", (2, 8), "pad does not take 'p2'"),
        ("input 3 @8\nlinear 4 each x\nrelu", (2, 15), "linear does not take 'x'"),
        ("input 3 @7 1d\nlinear 4\nrelu", (2, 8), "linear gets a 7 input"),
        ("input 3 @7x1\nlinear 4\nrelu", (2, 8), "linear gets a 7x1 input"),
        ("input 3 @8\nadd from x in\nrelu", (2, 10), "no line before this one is named 'x'"),
        ("input 3 @8\nshuffle from in\nrelu", (2, 1), "shuffle needs its groups"),
        ("input 3 @8\nlinear 4 x each\nrelu", (2, 10), "linear does not take 'x'"),
        ("input 3 @8\nmax-pool k3 g2 ceil\nrelu", (2, 13), "max-pool does not take 'g2'"),
        ("input 3 @8\nmax-pool k3 q ceil\nrelu", (2, 13), "unknown token 'q'"),
        ("input 3 @8\npad k3 p1\nrelu", (2, 5), "pad does not take 'k3'"),
        ("input 3 @8\npad q p1\nrelu", (2, 5), "unknown token 'q'"),
        ("input 3 @8\nrelu x y\nrelu", (2, 6), "relu does not take 'x'"),
        ("input 3 @8\nsplit 0 1 2 3\nrelu", (2, 11), "split does not take '2'"),
        ("input 3 @8\nmax-pool s2\nrelu", (2, 1), "kernel_size is missing"),
        ("input 3 @8\nstandard 4 k3\n\x0b\tstandard 4", (3, 1), "not text"),
    ],
)
def test_a_mistake_in_a_file_is_at_its_word(text: str, place: tuple[int, int], message: str) -> None:
    with pytest.raises(NetworkError) as caught:
        build_network(read_program(text, "net.txt"))
    assert message in caught.value.message
    assert ((caught.value.line, caught.value.column), caught.value.file) == (place, "net.txt")
    assert caught.value.hint


@pytest.mark.parametrize(
    ("also", "size"), [("also small @16", 16), ("also small @16 width=2", 16), ("also small width=2", 8)]
)
def test_another_name_may_have_a_size_of_its_own(also: str, size: int) -> None:
    program = named_program(read_program(f"input 3 @8 n2\nwidth 1\n{also}\npointwise 8*width"), "small")
    assert program is not None
    assert build_network(program).shapes == [(2, 3, size, size), (2, 16 if "width" in also else 8, size, size)]
