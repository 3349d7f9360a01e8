"""Lines answered by plans: byte by byte what they would be one after the other, whatever else stands between them."""

from __future__ import annotations

import io
from collections.abc import Sequence
from random import Random
from typing import Any

import pytest
from tables import each

from convcost.answers.comparison import Layer, Result, answer, compare_variants
from convcost.cli import compare as compare_command
from convcost.cli import layer as layer_command
from convcost.cli.main import run
from convcost.report.as_json import json_line
from convcost.search.batches import Batch, Pieces
from convcost.search.forms import Form, form_of, line_of, lines_spared
from convcost.spec import Reading, read_layer

FORMS = (
    "{a}:{b} @{s} k3", "{a}:{b} @{s} k1", "{a} @{s} k3 g{a}", "{a}:{b} @{s}x{t} k3 s2", "{a}:{b} @{s} k5 bias",
    "{a}:{b} @{s} k3 d2 int8", "{a}:{b} @{s} k7 1d", "{a}:{b} @{s} k3 e3", "{a}:{b} k3 s2 p0 @{s}",
    "{a}:{b} @{s} k3 t s2",
    "{a}:{b} @{s} k9", "{a}:{b} @{s} q3", "{a}:{b} @{s}x{t}x5 k3", "{a}:{b} @{s} k3 g4", "k3  @{s} {a}",
    "{a}:{b} @0{s} k3",
    "{a}:{b} @{s} k3 psame-upper s2", "{a}:{b} @{s} k3 bias=last m2", "# 3:64 @224 k7", "", "{a}:{b} @9{s}{s} k3",
    '{{"in_channels":{a},"out_channels":{b},"kernel_size":3,"input_size":{s}}}', "Conv2d({a}, {b}, 3) @{s}",
    "{a}:{b} {b} @{s} k3",
)  # fmt: skip


def mixed(count: int, seed: int, forms: Sequence[str] = FORMS) -> list[str]:
    """Lines of every kind, good and bad, in any order; sizes that networks have, and others."""
    random = Random(seed)

    def size(usual: tuple[int, ...], most: int) -> int:
        return random.choice([*usual, random.randint(1, most)])

    return [
        random.choice(forms).format(a=size((3, 8, 16, 32, 64, 128), 600), b=size((8, 16, 64, 128), 600),
                                    s=size((7, 14, 28, 56), 300), t=size((7, 14), 200))
        for _ in range(count)
    ]  # fmt: skip


def written(
    command: str, lines: list[str], worth: int, monkeypatch: pytest.MonkeyPatch, capsys: Any, *more: str
) -> Any:
    """What a command prints, on both streams, where so many lines are worth a plan."""
    for module in (layer_command, compare_command):
        monkeypatch.setattr(module, "WORTH_PLANS", worth)
        monkeypatch.setattr(module, "WORTH_A_PLAN", 6)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO("\n".join(lines).encode())))
    code = run([command, "-", "--format", "ndjson", "--no-verify", *more])
    return code, *capsys.readouterr()


@pytest.mark.parametrize(("command", "count"), [("layer", 2000), ("compare", 200)])
def test_thousands_of_mixed_lines_are_answered_alike(
    command: str, count: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Answers and errors, with plans and without."""
    lines = mixed(count, 11)
    assert written(command, lines, 1, monkeypatch, capsys) == written(command, lines, 0, monkeypatch, capsys)


@pytest.mark.parametrize(
    "more", [["--norm"], ["--activation", "relu", "--residual"], ["--no-inplace"], ["--baseline", "grouped"]]
)
def test_options_hold_for_plans_too(
    more: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = mixed(32, 5, FORMS[3:7])
    assert written("compare", lines, 1, monkeypatch, capsys, *more) == written(
        "compare", lines, 0, monkeypatch, capsys, *more
    )


@pytest.mark.parametrize(("forms", "planned"), [(10, True), (40, False)])
def test_lines_that_few_are_like_get_no_plans(
    forms: int, planned: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Making them would take longer than to answer line by line."""
    asked: list[int] = []

    def texts(_: Batch, lines: list[str]) -> list[None]:
        asked.append(len(lines))
        return [None] * len(lines)

    monkeypatch.setattr(Batch, "texts", texts)
    lines = [f"{n}:8 @9 k1 d{n % forms + 1}" for n in range(1, 102)]
    assert written("layer", lines, 30, monkeypatch, capsys)[0] == 0
    assert sum(asked) == 101 * planned


def batch(of: Any) -> Batch:
    return Batch(read_layer, Pieces(lambda _: [of]), json_line)


def one_layer(reading: Reading) -> Result:
    return Layer(reading.spec, answer("as-given", reading.spec))


def test_what_is_like_many_others_is_answered_by_a_plan() -> None:
    """At its third use, and not only where it is right by chance: nothing is answered otherwise."""
    lines = [f"{n}:{2 * n} @{n}x{n + 1} k3 s2" for n in range(3, 60)]
    texts = batch(one_layer).texts(lines)
    assert texts == [json_line(one_layer(read_layer(line))) for line in lines]
    assert batch(one_layer).texts(lines[:2]) == [None, None]
    assert None not in batch(lambda read: compare_variants(read.spec, ["standard", "inverted-residual"])).texts(lines)


@each(
    "line",
    ["64:128 @5000000 k3", "64:128 @56x q", "3x3 64", "@56", "1d 3d", "64:128 @56x56x56x56 k3", "Conv2d(3, 4, 3) @9",
     "064 @5 k3", "64:128 @56 k3 p8517364290000001", "1:2:3 @5 k3", "k3 10000:1 @9", "k3 8:1 @10000", "10000 @9 k3",
     "k3 8 @9 p8517364290000001", "k3 8: @9", "", "k3 8:08 @9"],
)  # fmt: skip
def test_what_has_no_plain_sizes_has_no_form(line: str) -> None:
    assert form_of(line) is None


@each(
    ("line", "words", "channels", "sizes", "numbers"),
    [
        ("k3 1d 64:128 @56 s2", "k3 1d #:# @# s2", 2, 1, (64, 128, 56)),  # `1d` is a word: the axes are no channels
        ("9999:9999 @9999x9999 k3", "#:# @#x# k3", 2, 2, (9999,) * 4), ("8 @9 k3", "# @# k3", 1, 1, (8, 9)),
        ("8 @9x7 k3 s2", "# @#x# k3 s2", 1, 2, (8, 9, 7)), ("k3 8 @9", "k3 # @#", 1, 1, (8, 9)),
        ("k3 9999:9999 @9999", "k3 #:# @#", 2, 1, (9999, 9999, 9999)), ("3x3 8 @9 8", "3x3 # @# 8", 1, 1, (8, 9)),
        ("@9x8x7 k3 1:2", "@#x#x# k3 #:#", 2, 3, (1, 2, 9, 8, 7)), ("8:9 @9 @7", "#:# @# @7", 2, 1, (8, 9, 9)),
        ("1:1 @1 k1", "#:# @# k1", 2, 1, (1, 1, 1)),
    ],
)  # fmt: skip
def test_the_sizes_of_a_line_have_a_form_wherever_they_stand(
    line: str, words: str, channels: int, sizes: int, numbers: tuple[int, ...]
) -> None:
    """And of the form and the sizes the line can be made again."""
    assert form_of(line) == (Form(tuple(words.split()), channels, sizes), numbers)
    assert line_of(Form(tuple(words.split()), channels, sizes), numbers) == line


def test_lines_are_spared_that_are_more_than_a_plan_costs() -> None:
    lines = ["8:16 @9 k3", "3:4 @7 k3", "3:4 @7 k1", "5:4 @9 k3", "no line", "7:7 @7 k3"]
    assert [lines_spared(lines, least) for least in (1, 2, 3, 4, 9)] == [3, 2, 1, 0, 0]


def test_lines_of_a_form_are_counted_from_one_call_to_the_next() -> None:
    """The third gets a plan; or the fourth, where four must want one."""
    lines = [f"{n}:{n} @{n} k3" for n in range(8, 14)]
    answers = [json_line(one_layer(read_layer(line))) for line in lines]
    three = batch(one_layer)
    assert three.texts(lines[:2]) == [None, None]
    assert three.texts(lines[2:3]) == answers[2:3]
    four = Batch(read_layer, Pieces(lambda _: [one_layer], least=4), json_line)
    assert four.texts(lines[:3]) == [None] * 3
    assert four.texts(lines[3:4]) == answers[3:4]
    assert four.texts(lines) == answers


@each(
    ("line", "planned"),
    [
        ("8192:8192 @4096 k1", True), ("1:1 @1 k1", True), ("8193:8 @9 k1", False), ("8:8193 @9 k1", False),
        ("8:8 @4097 k1", False), ("8:8 @9x4096 k1", True), ("8:8 @4097x9 k1", False),
    ],
)  # fmt: skip
def test_plans_reach_so_far(line: str, planned: bool) -> None:
    """A plan is made with the line itself, and what it says is what the line alone gets."""
    texts = batch(one_layer).texts([line] * 3)
    assert texts == [json_line(one_layer(read_layer(line))) if planned else None] * 3


def test_there_are_so_many_plans_of_a_form_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    """One for each of four ways, the first for the line in the middle of those that are left."""

    def stepped(reading: Reading) -> Result:
        ways = ((10, "as-given"), (20, "standard"), (30, "pointwise"), (9999, "depthwise"))
        name = next(name for end, name in ways if reading.spec.in_channels < end)
        return Layer(reading.spec, answer(name, reading.spec))

    lines = [f"{n}:{n} @9 k3" for n in (5, 15, 25, 35, 6)]
    answers = [json_line(stepped(read_layer(line))) for line in lines]
    for most, planned in ((0, ()), (1, (2,)), (2, (2, 3)), (3, (1, 2, 3)), (4, (0, 1, 2, 3, 4)), (16, (0, 1, 2, 3, 4))):
        monkeypatch.setattr("convcost.search.batches.MOST_PLANS", most)
        assert batch(stepped).texts(lines) == [answers[n] if n in planned else None for n in range(5)]


def unplanned(reading: Reading) -> Result:
    """An answer that no plan can be made for: it wants its size as a number."""
    return one_layer(reading._replace(spec=reading.spec._replace(in_channels=range(reading.spec.in_channels + 1)[-1])))


@each(
    ("parts", "lacking", "mended"),
    [(3, 1, True), (3, 2, False), (2, 1, False), (20, 7, True), (20, 8, False), (3, 0, True)],
)
def test_a_few_parts_without_a_plan_are_answered_by_themselves(parts: int, lacking: int, mended: bool) -> None:
    """Up to 35 of 100; each between what stands before the first and behind the last."""
    of = [*[one_layer] * (parts - lacking - 1), *[unplanned] * lacking, one_layer]
    many = Batch(read_layer, Pieces(lambda _: of, lambda text: ("<", text, ">")), json_line)
    lines = [f"{n}:{n} @9 k3" for n in range(3, 7)]
    whole = ["<" + ",".join([json_line(one_layer(read_layer(line)))] * parts) + ">" for line in lines]
    assert many.texts(lines) == (whole if mended else [None] * 4)


def test_an_answer_without_sizes_is_the_same_for_every_line() -> None:
    same = Batch(read_layer, Pieces(lambda _: [one_layer]), lambda _: "same")
    assert same.texts([f"{n}:{n} @9 k3" for n in range(3, 8)]) == ["same"] * 5


def test_an_image_with_its_channels_is_not_taken_for_three_axes() -> None:
    """Whether three sizes are refused depends on the numbers."""
    assert batch(one_layer).texts(["3:8 @9x9x9 k3", "3:8 @3x9x9 k3", "4:8 @7x7x7 k3"]) == [None] * 3
    assert batch(one_layer).texts([f"{n}:8 @9x9x8 k3" for n in (4, 6, 7, 8, 9)]) == [None] * 5
