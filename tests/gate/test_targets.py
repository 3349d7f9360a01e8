"""What a text names: a layer, a network, a file of a revision, an answer; and how a wrong one is marked."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tables import each

from convcost.answers.network import answer_network
from convcost.gate import targets
from convcost.gate.diff import Difference, changed_words, conclude, differences
from convcost.gate.targets import WORDS, Part, Subject, Ways, read_subject, subject_of
from convcost.graph.ops import Counted, Node
from convcost.graph.shapes import infer_shapes
from convcost.networks.build import build_network
from convcost.networks.program import read_program
from convcost.spec import SpecError

NET = "input 3 @16\nstandard 8 k3\nrelu\n"


@pytest.mark.parametrize(("text", "marked"), [("", (" ", 0, 1)), ("  ", ("  ", 0, 1))])
def test_nothing_is_marked_at_its_first_sign(text: str, marked: tuple[str, int, int]) -> None:
    with pytest.raises(SpecError, match="there is nothing to count") as caught:
        read_subject(text)
    assert (caught.value.text, caught.value.start, caught.value.end) == marked


@pytest.mark.parametrize(
    ("text", "shape", "params"),
    [
        ("mobilenet-v1 width=0.5 @128", (1, 3, 128, 128), 1331592),
        ("efficientnet-b0 depth=1.0", (1, 3, 224, 224), 5288548),
        ("resnet18 @192 n2", (2, 3, 192, 192), 11689512), ("64:128 @56 k3", (1, 64, 56, 56), 73728),
        ("Conv2d(3, 8, 3) @9", (1, 3, 9, 9), 224),
    ],
)  # fmt: skip
def test_words_behind_a_name_are_of_its_input_or_its_multipliers(
    text: str, shape: tuple[int, ...], params: int
) -> None:
    """Of a network; a layer has them all."""
    found = read_subject(text)
    assert (found.name, found.input, found.total["params"]) == (text, shape, params)


@pytest.mark.parametrize("word", ["width=", "depth=", "size=3"])
def test_a_multiplier_without_a_number_is_no_multiplier(word: str) -> None:
    """It is read as a word of the input, which it is not."""
    with pytest.raises(SpecError):
        read_subject(f"mobilenet-v1 {word}")


def test_a_file_of_the_folder_comes_before_a_layer_of_that_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And a network's file stands in the folder that is said, with what is behind its colon; other names stay."""
    (tmp_path / "k3").write_text(NET)
    (tmp_path / "net.txt").write_text(NET)
    (tmp_path / "there:net.txt").write_text(NET)
    for name in ("k3", "net.txt", "there:net.txt"):
        assert read_subject(name, Ways(tmp_path)).total["params"] == 216
    assert read_subject("64:128 @9 k3").total["params"] == 73728
    asked: list[str] = []

    def opened(name: str, *_: object, **__: object) -> Any:
        asked.append(name)
        raise SpecError("it was asked for")

    (tmp_path / "model.py").write_text("")
    monkeypatch.setattr(targets, "find_network", opened)
    for name in ("model.py:make", "models:make", "resnet18"):
        with pytest.raises(SpecError, match="it was asked for"):
            read_subject(name, Ways(tmp_path))
    assert asked == [f"{tmp_path / 'model.py'}:make", "models:make", "resnet18"]


@each(
    ("word", "revision"),
    [
        ("HEAD~1:net.txt", ("HEAD~1", "net.txt")), ("a:b/NET.ONNX", ("a", "b/NET.ONNX")),
        ("main:x.json", ("main", "x.json")),
        (":net.txt", None), ("net.txt", None), ("model:make", None), ("C:\\net.txt", None),
        ("CD:\\net.txt", ("CD", "\\net.txt")),
        ("C:net.txt", ("C", "net.txt")), ("there:net.txt", None),
    ],
)  # fmt: skip
def test_a_file_of_a_revision_has_a_colon_and_an_ending(
    word: str, revision: tuple[str, str] | None, tmp_path: Path
) -> None:
    """What is a file itself, or on a drive of Windows, is none."""
    (tmp_path / "there:net.txt").write_text(NET)
    assert targets._revision(word, tmp_path) == revision


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A folder inside a repository with two revisions of a network."""
    nets = tmp_path / "nets"
    nets.mkdir()
    for number, text in enumerate((NET, NET.replace("8", "9"))):
        (nets / "net.txt").write_text(text)
        for words in ("init -q .", "add .", f"-c user.name=a -c user.email=a@b commit -qm {number}"):
            subprocess.run(["git", "-C", str(tmp_path), *words.split()], check=True)
    return nets


def test_a_revision_is_read_with_what_is_said_of_its_input(repository: Path) -> None:
    """Its path is seen from the folder, else from the root; the name is what was written."""
    ways = Ways(repository)
    for text in ("HEAD~1:net.txt @20x24", "HEAD~1:nets/net.txt @20x24"):
        found = read_subject(text, ways)
        assert (found.name, found.total["params"], found.input) == (text, 216, (1, 3, 20, 24))
    assert read_subject("HEAD:net.txt", ways).total["params"] == 243


@pytest.mark.parametrize(
    ("text", "says", "marked"),
    [
        ("HEAD:other.txt", "there is no other.txt in HEAD", (5, 14)),
        ("nope:net.txt", "git knows no revision 'nope'", (0, 4)),
    ],
)
def test_what_git_does_not_know_is_marked(text: str, says: str, marked: tuple[int, int], repository: Path) -> None:
    """The revision, or the path behind it."""
    with pytest.raises(SpecError, match=says) as caught:
        read_subject(text, Ways(repository))
    assert (caught.value.text, caught.value.start, caught.value.end) == (text, *marked)


def test_without_git_there_are_no_revisions(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was asked for is marked."""

    def missing(*_: object, **__: object) -> Any:
        raise FileNotFoundError

    monkeypatch.setattr(targets.subprocess, "run", missing)
    with pytest.raises(SpecError, match="git is not there") as caught:
        read_subject("HEAD:net.txt")
    assert (caught.value.text, caught.value.start, caught.value.end) == ("HEAD:./net.txt", 0, 14)


ROW = {"name": "conv", "op": "conv", "params": 5, "macs": 7.5, "flops": "9"}


@pytest.mark.parametrize(
    ("document", "subject"),
    [
        ({"layers": [ROW], "total": {"params": 9}, "input": [1, 3, 8], "dtype": "fp16", "peak": {"layer": "conv"},
          "verified": {"status": "reduced"}},
         ({"params": 9}, [("conv", "conv", 5)], (1, 3, 8), "fp16", "reduced", "conv")),
        ({"ops": [ROW], "params": 9, "spec": {"batch": 2, "in_channels": 3, "input_size": [7, 8], "dtype": "int8"}},
         ({"params": 9}, [("conv", "conv", 5)], (2, 3, 7, 8), "int8", "skipped", "")),
        ({"rows": [{"variant": "grouped", "params": 5}], "spec": {}},
         ({}, [("grouped", "grouped", 5)], (1, 0), "", "skipped", "")),
        ({"layers": [], "rows": 7}, ({}, [], (1, 0), "", "skipped", "")),
    ],
)  # fmt: skip
def test_an_answer_of_any_kind_is_read(document: dict[str, Any], subject: tuple[Any, ...], tmp_path: Path) -> None:
    """Whole numbers only; a comparison has no total."""
    (tmp_path / "a.json").write_text(json.dumps(document))
    found = read_subject("a.json", Ways(tmp_path))
    known = {word: number for word, number in found.total.items() if number is not None}
    parts = [(part.name, part.kind, part.words["params"]) for part in found.parts]
    assert (known, parts, found.input, found.dtype, found.status, found.peak) == subject
    assert {part.words["macs"] for part in found.parts} <= {None}
    assert {part.words["flops"] for part in found.parts} <= {None}


@pytest.mark.parametrize(
    ("text", "says"),
    [("{", "it is no JSON"), ("[1]", "is no answer"), ('{"layers": [7]}', "is no answer"), ("{}", "is no answer")],
)
def test_what_is_no_answer_is_marked_whole(text: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(SpecError, match=says) as caught:
        read_subject("a.json", Ways(tmp_path))
    assert (caught.value.text, caught.value.start, caught.value.end) == ("a.json", 0, 6)
    with pytest.raises(SpecError, match="cannot be read: No such file"):
        read_subject("none.json", Ways(tmp_path))


@pytest.mark.parametrize(("complete", "params"), [(True, 216), (False, None)])
def test_of_a_network_that_is_not_known_whole_only_what_is_complete_is(complete: bool, params: int | None) -> None:
    """Params, where there are no others."""
    network = build_network(read_program(NET))
    node = Node("mystery", Counted("mystery", (1, 8, 16, 16), known=False), (2,))
    graph = network.graph._replace(nodes=(*network.graph.nodes, node))

    class Unknown:
        op = "Mystery"

    lacking = network._replace(graph=graph, shapes=infer_shapes(graph), params_complete=complete)
    found = subject_of(answer_network(lacking._replace(unknown=(Unknown(),))))  # type: ignore[arg-type]  # as much of one
    assert (found.total["params"], found.total["macs"], found.unknown) == (params, None, ("Mystery",))
    whole = subject_of(answer_network(lacking))
    assert (whole.total["params"], whole.unknown, whole.status) == (216, (), "skipped")


CONV, RELU = Part("conv", "conv", {"macs": 9}), Part("act", "activation", {"macs": 0})


def subject(*parts: Part, total: int | None = 9, size: tuple[int, ...] = (1,)) -> Subject:
    return Subject("x", {"macs": total}, parts, size, "fp32")


@each(
    ("a", "b", "changes", "same"),
    [
        ([CONV, RELU], [CONV, RELU], [], 2),
        ([CONV, RELU], [CONV._replace(name="c"), RELU._replace(name="r")], [], 2),  # names alone
        ([CONV, CONV._replace(name="b"), RELU],
         [RELU._replace(name="z"), CONV._replace(name="y"), CONV._replace(name="x")],
         [("z", "added", (None, "activation")), ("act", "removed", ("activation", None))], 2),
        ([CONV], [CONV._replace(words={"macs": 8})], [("conv", "changed", ("conv", "conv"))], 0),
        ([CONV], [RELU], [("act", "added", (None, "activation")), ("conv", "removed", ("conv", None))], 0),
        ([CONV, RELU], [RELU._replace(name="conv")], [("conv", "removed", ("conv", None))], 1),
    ],
)  # fmt: skip
def test_what_changed_is_what_is_not_the_same_under_any_name(
    a: list[Part], b: list[Part], changes: list[Any], same: int
) -> None:
    """By name first, then in order; what was removed comes last."""
    found = differences(subject(*a), subject(*b))
    assert ([(one.name, one.how, one.kinds) for one in found.changes], found.same) == (changes, same)
    for one in found.changes:
        assert (one.a is None, one.b is None) == (one.how == "added", one.how == "removed")


@each(
    ("b", "same"),
    [(subject(CONV), True), (subject(CONV, total=8), False), (subject(CONV, size=(2,)), False), (subject(RELU), False)],
)
def test_two_are_the_same_in_their_operations_their_totals_and_their_inputs(b: Subject, same: bool) -> None:
    assert differences(subject(CONV), b).is_same is same


@each(
    ("a", "b", "more"),
    [({"macs": 3}, {"macs": 5}, 2),
     (None, {"macs": 5}, 5), ({"macs": 5}, None, -5), ({"macs": None}, {"macs": 5}, None),
     ({"macs": 5}, {}, None), ({"macs": 5}, {"macs": 5}, 0)],
)  # fmt: skip
def test_a_word_changes_by_what_there_is_more(a: Any, b: Any, more: int | None) -> None:
    """What is not there had none; what is not known is not known to have changed."""
    assert changed_words(a, b)["macs"] == more
    assert changed_words(None, None) == dict.fromkeys(WORDS, 0)


@each(
    ("was", "now", "said"),
    [
        (100, 80, "-20.00 %"),
        (100, 999, "+899.00 %"),
        (100, 1000, "10 times"),
        (3, 5000, "1,667 times"),
        (0, 5, "from 0 to 5"),
    ],
)
def test_ten_times_as_much_is_said_in_times(was: int, now: int, said: str) -> None:
    assert conclude(Difference(subject(total=was), subject(total=now), (), 0)) == f"macs {said}"


def test_what_has_no_totals_differs_in_its_rows() -> None:
    """As a comparison."""
    a, b = (Subject(name, {}, (part,), (1,), "") for name, part in (("a", CONV), ("b", RELU)))
    assert conclude(differences(a, b)) == "rows differ"
