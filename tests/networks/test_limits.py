"""How much a network file may ask for: as much as the limit is read, one step more is refused."""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path

import pytest
from tables import each

from convcost.graph.ops import Add, Conv, Graph, Node
from convcost.networks import build, foreign, limits, lines
from convcost.networks.build import Choices, Network, build_network
from convcost.networks.convs import spec_of_layer
from convcost.networks.errors import NetworkError
from convcost.networks.limits import alive_in_all, most_words, teller
from convcost.networks.numbers import read_multiplier, resolve
from convcost.networks.program import read_program
from convcost.networks.zoo import find_program, unknown_network, zoo_names
from convcost.spec import SpecError
from convcost.spec.errors import Problem


def built(*lines: str, size: str = "3 @8x9") -> Network:
    return build_network(read_program("\n".join([f"input {size}", *lines]), "net.txt"))


def mistake(*lines: str, size: str = "3 @8x9") -> NetworkError:
    with pytest.raises(NetworkError) as caught:
        built(*lines, size=size)
    return caught.value


def nested(blocks: int) -> list[str]:
    """So many blocks, each in the one behind it, and a call of the last."""
    inner = [line for i in range(1, blocks) for line in (f"block b{i}", f"  b{i - 1}")]
    return ["block b0", "  relu", *inner, f"b{blocks - 1}"]


FULL = 10**18 - 1


@each(
    ("most", "more", "message"),
    [
        (["a" * 120 + ": relu"], ["a" * 121 + ": relu"], "cannot be a name"),
        (["block " + "b" * 64, "  relu", "b" * 64], ["block " + "b" * 65, "  relu", "b" * 65], "a block needs a name"),
        (["block b " + "p" * 64 + "=1", "  relu", "b"], ["block b " + "p" * 65 + "=1", "  relu", "b"], "no parameter"),
        (nested(50), nested(51), "blocks nest more than 50 deep"),
        ([*nested(50), "b0", "b49"], [*nested(51)[:-1], "b0", "b50"], "blocks nest more than 50 deep"),
        (["flatten", f"linear {FULL}"], ["flatten", f"linear {FULL + 1}"], "linear needs 1 number"),
        (["group-norm 1"], ["group-norm 0"], "0 groups do not divide 3 channels"),
        (["attend 1"], ["attend 0"], "0 heads do not divide 3 channels"),
        (["attention 1"], ["attention 0"], "0 heads do not divide 3 channels"),
        (["shuffle g1"], ["shuffle 1"], "shuffle needs its groups"),
        (["upsample 1x2"], ["upsample 0x2"], "upsample needs a factor"),
        (["upsample 2x1"], ["upsample 2x0"], "upsample needs a factor"),
        (["adaptive-max-pool 1x2"], ["adaptive-max-pool 0x2"], "needs an output size"),
        (["linear 1 each"], ["linear 0 each"], "linear needs at least one output"),
        (["linear 3 each"], ["linear ٣ each"], "linear needs 1 number"),
        (["split 0 3"], ["split 0 4"], "no channels 0 to 4 among 3"),
        (["split 2 3"], ["split 2 2"], "no channels 2 to 2 among 3"),
        (["tokens 0"], ["tokens x"], "tokens needs 1 number"),
        (["max-pool k3 p2"], ["max-pool k3 p3"], "as wide as the window"),
        (["max-pool k3 d2 p4"], ["max-pool k3 d2 p5"], "as wide as the window"),
        (["max-pool k3 p0x2-1"], ["max-pool k3 p0x2-3"], "as wide as the window"),
        (["crop p3x4"], ["crop p4x4"], "nothing is left of the 8x9 input"),
        (["pointwise 3 r1"], ["pointwise 3 r0"], "one repetition of 1 to 100,000 is possible"),
    ],
)
def test_what_is_as_much_as_may_be_is_read(most: list[str], more: list[str], message: str) -> None:
    assert built(*most).graph.nodes
    assert message in mistake(*more).message


@pytest.mark.parametrize(("size", "fits"), [("1 @999999999x1000000000", True), ("1 @1000000000x1000000000", False)])
def test_a_size_has_eighteen_digits(size: str, fits: bool) -> None:
    if fits:
        assert built("flatten", size=size).shapes[-1] == (1, 999_999_999_000_000_000)
    else:
        assert "a size of more than 18 digits" in mistake("flatten", size=size).message


def test_a_word_has_a_hundred_and_twenty_characters() -> None:
    """With what stands for its parameters; longer ones are not even looked at."""
    assert "relu does not take" in mistake("relu " + "y" * 120).message
    assert mistake("relu " + "y" * 121).message == "this word has 121 characters"
    wrong = mistake("block b x", "  relu $x1", "b " + "y" * 120)
    assert wrong.message == "with its parameters this word has 121 characters"
    assert "relu does not take" in mistake("block b x", "  relu $x1", "b " + "y" * 119).message


def test_what_follows_a_parameter_without_a_sign_belongs_to_its_word() -> None:
    """`$c2` is the parameter c and a 2 where there is no other; `$cx` is none."""
    assert built("block b c", "  pointwise $c2", "b 1").shapes[-1][1] == 12
    assert "there is no parameter $cx here" in mistake("block b c", "  pointwise $cx", "b 1").message


@each(
    ("word", "worked_out"),
    [
        ("in" + "+1" * 8, "32"),
        ("in" + "+1" * 9, "in" + "+1" * 9),  # no expression
        ("p1*2-1*2x1*2-1*2x1*2-1*2", "p2-2x2-2x2-2"),
        ("p1*2-1*2x1*2-1*2x1*2-1*2x1", "p1*2-1*2x1*2-1*2x1*2-1*2x1"),
        (f"{FULL}+0", str(FULL)),
        (f"{FULL}+1", f"{FULL}+1 is not a size"),
        (f"1+{FULL}", f"1+{FULL} is not a size"),
        ("1000000000*1000000000", "1000000000*1000000000 is not a size"),
        ("in/24", "1"),
        ("in/25", "in/25 is not a size"),
        ("in/0", "a division by 0"),
        ("in~0", "a multiple of 0"),
        ("in+0", "24"),
        ("3-0", "3-0"),
    ],
)
def test_numbers_are_worked_out_as_far_as_they_are_sizes(word: str, worked_out: str) -> None:
    """Eight steps, six numbers, eighteen digits."""
    try:
        found = resolve(word, 24, {})
    except Problem as problem:
        found = problem.message
    assert found == worked_out


@each(
    ("text", "value"),
    [
        ("100", Fraction(100)), ("0.000001", Fraction(1, 10**6)), (".5", Fraction(1, 2)), ("000001.25", Fraction(5, 4)),
        ("100.000001", None), ("0", None), ("0.0000001", None), ("0000001", None), ("1.", None), (".0000005", None),
        ("1.1234567", None), ("-1", None), ("١", None),
    ],
)  # fmt: skip
def test_a_multiplier_is_above_nothing_and_at_most_a_hundred(text: str, value: Fraction | None) -> None:
    """With up to six digits on either side of the point."""
    if value is not None:
        assert read_multiplier(text, "depth") == value
        return
    with pytest.raises(Problem, match="is no depth multiplier"):
        read_multiplier(text, "depth")


def test_a_file_has_as_many_characters_as_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight million."""
    assert lines.LONGEST_FILE == 2**23
    text = "input 3 @8\nrelu"
    monkeypatch.setattr(lines, "LONGEST_FILE", len(text))
    assert read_program(text).lines
    with pytest.raises(NetworkError, match="the file is too long"):
        read_program(text + " ")


@pytest.mark.parametrize(("before", "recognised"), [(39, True), (40, False)])
def test_what_another_program_prints_is_looked_for_in_forty_lines(before: int, recognised: bool) -> None:
    assert foreign.HEAD == 40
    with pytest.raises(NetworkError) as caught:
        read_program("#\n" * before + 'Model: "sequential"\n', "net.txt")
    assert ("head of a Keras summary" in caught.value.message) == recognised


@pytest.mark.parametrize(("most", "fits"), [(33, True), (32, False)])
def test_a_line_written_out_counts_as_its_words_and_four(
    monkeypatch: pytest.MonkeyPatch, most: int, fits: bool
) -> None:
    """Two words in a call, four times one word, and one word with two inputs: 6 + 20 + 7."""
    monkeypatch.setattr(build, "most_words", lambda *_: most)
    text = ["block b", "  relu", "b r3", "a: relu", "add from in a"]
    if fits:
        assert len(built(*text).graph.nodes) == 5
    else:
        assert mistake(*text).message == "with its blocks written out the file is too long"


def test_words_are_counted_for_each_repetition_of_a_layer(monkeypatch: pytest.MonkeyPatch) -> None:
    """`standard 3 k1 r4` has four words, and is written out four times: 32."""
    monkeypatch.setattr(build, "most_words", lambda *_: 32)
    assert len(built("standard 3 k1 r4").graph.nodes) == 4
    monkeypatch.setattr(build, "most_words", lambda *_: 31)
    assert "too long" in mistake("standard 3 k1 r4").message


def test_how_many_words_there_may_be_follows_from_operations_and_characters(monkeypatch: pytest.MonkeyPatch) -> None:
    """Characters of all lines and their ends: those of the layers, and of what stands in blocks."""
    asked = []
    monkeypatch.setattr(build, "most_words", lambda *given: asked.append(given) or 99)
    built("a: relu", "block b", "  relu", "b", "relu")
    assert asked == [(n, 8 + 7 + 2 + 5) for n in (0, 1, 1, 2)]
    assert [most_words(n, characters) for n, characters in [(0, 0), (3, 71_999), (3, 72_016)]] == [
        90_000,
        90_060,
        90_080,
    ]


def test_names_may_have_so_many_characters(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of all operations: relu1 and relu2, and the four of a layer that has two more behind it."""
    text = ["relu", "relu", "a: depthwise-separable k3"]
    monkeypatch.setattr(build, "MOST_NAMED", 12)
    assert [node.name for node in built(*text).graph.nodes] == ["relu1", "relu2", "a.depthwise", "a.pointwise"]
    monkeypatch.setattr(build, "MOST_NAMED", 11)
    assert "its names are too long" in mistake(*text).message


def graph_of(*inputs: tuple[int, ...]) -> Graph:
    return Graph((1, 1, 1), "fp32", tuple([Node(f"n{i}", Add(), given) for i, given in enumerate(inputs)]))


@each(
    ("inputs", "alive"),
    [
        (((0,),), 1),  # the input, in one step
        (((0,), (1,), (2,)), 3),
        (((0,), (1,), (2, 0)), 5),  # the input for three steps
        (((0,), (1, 1), (2, 1), (3, 0)), 4 + 2 + 1 + 1),
        (((0,), (0,), (0,)), 3),  # what nobody reads is not kept
    ],
)
def test_a_tensor_is_alive_from_where_it_is_made_to_where_it_is_read_last(
    inputs: tuple[tuple[int, ...], ...], alive: int
) -> None:
    assert alive_in_all(graph_of(*inputs)) == alive


def test_a_file_may_keep_so_many_tensors_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    """A number in any file, and some more for each of its characters, here 31; `in` is alive for three steps."""
    assert limits.ALIVE_A_CHARACTER == 4
    text = ["gelu #ab", "b: relu", "add from b in"]
    monkeypatch.setattr(build, "MOST_ALIVE", 5 - 2 * 31)
    monkeypatch.setattr(build, "ALIVE_A_CHARACTER", 2)
    assert len(built(*text).graph.nodes) == 3
    monkeypatch.setattr(build, "MOST_ALIVE", 4 - 2 * 31)
    assert "too many outputs are kept for later" in mistake(*text).message


def test_a_hint_names_twelve_of_the_names_that_there_are() -> None:
    relus, layers = [[f"a{i}: {op}" for i in range(14)] for op in ("relu", "pointwise 3")]
    twelve = [f"a{i}" for i in range(12)]
    assert mistake(*relus, "add from in x").hint == f"known here: {', '.join(['in', *twelve[:-1]])}"
    assert mistake(*layers, "pointwise 3 share x").hint.endswith(f"there are: {', '.join(twelve)}")
    assert mistake("pointwise 3 share x").hint.endswith("there are: none")


def test_names_of_networks_are_in_the_order_of_their_numbers() -> None:
    names = zoo_names()
    assert [name for name in names if name.startswith("resnet")] == [
        "resnet18", "resnet34", "resnet50", "resnet50-v1", "resnet101", "resnet101-v1", "resnet152", "resnet152-v1",
    ]  # fmt: skip
    assert names.index("efficientnet-b7") + 1 == names.index("efficientnet-v2-s")


@pytest.mark.parametrize(("length", "shown"), [(40, "z" * 40), (41, "z" * 39 + "…")])
def test_a_name_that_is_no_network_is_shown_in_forty_characters(length: int, shown: str) -> None:
    with pytest.raises(SpecError) as caught:
        find_program("z" * length)
    assert caught.value.message == f"there is no network and no file '{shown}'"
    assert (caught.value.start, caught.value.end) == (0, length)
    assert unknown_network("rezzet50").hint == "did you mean resnet50?"


def test_progress_is_written_over_itself_and_taken_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a second of silence, five times a second, to a terminal alone."""
    written: list[bytes] = []
    closed: list[int] = []
    now = iter([100.0, 100.5, 101.0, 101.01, 101.02, 101.1, 101.3, 101.31])
    monkeypatch.setattr(limits, "monotonic", lambda: next(now))
    monkeypatch.setattr(os, "isatty", lambda number: number == 2)
    monkeypatch.setattr(os, "dup", lambda number: number + 40)
    monkeypatch.setattr(os, "write", lambda number, text: written.append(text) if number == 42 else None)
    monkeypatch.setattr(os, "close", closed.append)
    tell = teller("steps")
    for done in (0, 10, 1010, 1020, 1030):  # at 100.5, 101.0, 101.01, which is told, 101.1 and 101.3
        tell(done)
    tell(-1)
    assert (written, closed) == ([b"\r1,010 steps", b"\r1,030 steps", b"\r\x1b[K"], [42])
    now = iter([200.0])
    teller("steps")(-1)
    assert (len(written), closed) == (3, [42, 42])
    monkeypatch.setattr(os, "isatty", lambda _: False)
    teller("steps")(10**9)
    assert len(written) == 3


def test_a_layer_of_a_network_has_what_follows_it() -> None:
    """Its norm and its activation, where nobody else reads what lies between; a module is its one convolution."""
    network = built(
        "a: standard 4 k3 s2 bias norm relu", "b: standard 4 k1 norm gelu", "c: pointwise 5", "silu from b",
        "block d", "  pointwise 3", "  flatten", "d",
    )  # fmt: skip
    spec = spec_of_layer(network, "a")
    assert (spec.norm, spec.activation, spec.stride, spec.bias, spec.input_size) == (True, "relu", (2, 2), True, (8, 9))
    assert spec_of_layer(network, "b").input_size == (4, 5)
    bare = spec_of_layer(network, "c")
    assert (bare.norm, bare.activation, bare.out_channels) == (False, None, 5)
    assert spec_of_layer(network, "d").out_channels == 3
    read_twice = built("a: pointwise 3 norm relu", "gelu from a", "b: pointwise 3", "batch-norm from b", "relu from b")
    assert spec_of_layer(read_twice, "a")[-4:-1] == (False, True, "relu")
    assert spec_of_layer(read_twice, "b")[-3:-1] == (False, None)


@each(
    ("name", "message", "near"),
    [
        ("s", "net.txt has no layer 's'", "try s.1, s.2, s.3; convcost network net.txt --per-layer"),
        ("sten", "net.txt has no layer 'sten'", "try stem; convcost"),
        ("xyz", "net.txt has no layer 'xyz'", "try stem, s.1, s.2; convcost"),
        ("relu", "relu is no convolution", "try stem, s.1, s.2; convcost"),
    ],
)
def test_a_layer_that_is_none_is_answered_with_the_nearest(name: str, message: str, near: str) -> None:
    """Three at most: those inside of it, those of a like name, else the first."""
    network = built("stem: pointwise 4", "relu", "s: pointwise 4 r4")
    with pytest.raises(SpecError) as caught:
        spec_of_layer(network, name)
    assert (caught.value.message, caught.value.hint.startswith(near)) == (message, True)
    assert (caught.value.start, caught.value.end) == (0, len(name))


def test_a_network_without_convolutions_has_none_to_name() -> None:
    with pytest.raises(SpecError) as caught:
        spec_of_layer(built("relu"), "x")
    assert caught.value.hint == "there is no convolution in it"
    assert isinstance(built("pointwise 4").graph.nodes[0].op, Conv)
    assert build_network(read_program("input 3 @8\nrelu", "net.txt"), Choices()).name == "net.txt"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "there is no input"),
        ("input 3 @8\nbatch-norm", "without BatchNorm nothing is left"),
        ("input 3 @8\nrelu\nrelu", "too many outputs are kept for later"),
        ("input 3 @8\n" + "relu\n" * 9, "the file is too long"),
    ],
)
def test_a_mistake_of_a_whole_file_has_no_line(monkeypatch: pytest.MonkeyPatch, text: str, message: str) -> None:
    monkeypatch.setattr(lines, "LONGEST_FILE", 50)
    monkeypatch.setattr(build, "MOST_ALIVE", -200)
    with pytest.raises(NetworkError) as caught:
        build_network(read_program(text, "net.txt"), Choices(norm=False))
    error = caught.value
    assert (error.message, error.line, error.start, error.end, error.place) == (message, 0, 0, 0, "net.txt")
    assert error.render().splitlines()[0] == f"error: net.txt: {message}"


def test_a_file_that_cannot_be_read_has_no_line(tmp_path: Path) -> None:
    name = f"{tmp_path}/{'n' * 300}"
    with pytest.raises(NetworkError, match="cannot be read: File name too long") as caught:
        find_program(name)
    assert (caught.value.line, caught.value.start, caught.value.end) == (0, 0, 0)
    with pytest.raises(SpecError, match="is a directory") as found:
        find_program(str(tmp_path))
    assert (found.value.start, found.value.end) == (0, len(str(tmp_path)))
