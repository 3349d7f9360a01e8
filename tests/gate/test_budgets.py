"""Budgets: what holds, what exceeds and by how much, which layers make it so, and what is no budget."""

from __future__ import annotations

import json
from fractions import Fraction
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from convcost.cli.main import run
from convcost.gate import budgets, judging
from convcost.gate.budgets import Growth, Limit
from convcost.gate.judging import Before, hold_cost
from convcost.gate.targets import Part, Subject
from convcost.report.documents import schema_text
from convcost.spec import SpecError

pytest_plugins = "pytester"

NET = "input 3 @16\na: standard 8 k3\nb: standard 8 k3\nglobal-average-pool\nflatten\nlinear 4\n"
ROOT = Path(__file__).parents[2]
VALID = Draft202012Validator(json.loads(schema_text()))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a network, 824 params and 202,784 multiply-adds, and a budget that it keeps."""
    (tmp_path / "net.txt").write_text(NET)
    (tmp_path / "pyproject.toml").write_text('[tool.convcost.budget]\n"net.txt" = { params = 824, growth = "+2%" }\n')
    monkeypatch.chdir(tmp_path)
    return tmp_path


def budget(*words: str) -> int:
    return run(["budget", "--no-verify", *words])


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("macs = 202784", 0), ("macs = 202783", 1), ("macs = 2.02784e5", 0),
        ('macs = "202.784K"', 0), ('macs = "<202784"', 1),
        ('macs = ">=202784"', 0), ('macs = "==202784"', 0), ('macs = "==202784.5"', 1), ('params = "<=1K"', 0),
        ('peak_bytes = "16KiB"', 0), ('peak_bytes = "16383"', 1),
    ],
)  # fmt: skip
def test_a_limit_holds_up_to_its_last_digit(said: str, code: int, folder: Path) -> None:
    """Whole numbers, units, and every sign."""
    (folder / "convcost.toml").write_text(f'[budget]\n"net.txt" = {{ {said} }}\n')
    assert budget() == code


def test_growth_is_held_against_the_baseline(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing to hold against is no success; the layers that grew are named."""
    assert budget() == 1
    assert "is not in the baseline: convcost budget --update" in " ".join(capsys.readouterr().out.split())
    assert budget("--update") == 0
    assert not list(VALID.iter_errors(json.loads((folder / "convcost-baseline.json").read_text())))
    assert budget() == 0
    (folder / "net.txt").write_text(NET.replace("b: standard 8", "b: standard 9"))
    capsys.readouterr()
    assert budget("--format", "json") == 1
    document = json.loads(capsys.readouterr().out)
    assert not list(VALID.iter_errors(document))
    (macs,) = [one for one in document["findings"] if (one["kind"], one["word"]) == ("growth", "macs")]
    assert macs["before"] * 102 // 100 == macs["limit"] < macs["value"]
    assert [(part["name"], part["value"] - part["before"]) for part in macs["layers"]] == [("b", 18432), ("linear", 4)]


def test_a_baseline_keeps_the_targets_that_are_not_updated(folder: Path) -> None:
    """Only those that are named are counted anew."""
    (folder / "convcost.toml").write_text('[budget]\n"net.txt" = { growth = "0" }\nresnet18 = { growth = "0" }\n')
    assert budget("--update") == 0
    before = json.loads((folder / "convcost-baseline.json").read_text())["baseline"]
    (folder / "net.txt").write_text(NET.replace("8", "9"))
    assert budget("--update", "resnet18") == 0
    assert json.loads((folder / "convcost-baseline.json").read_text())["baseline"] == before


def test_an_annotation_stands_at_the_line_of_the_budget(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As GitHub reads it: on one line, a percent sign escaped."""
    (folder / "convcost.toml").write_text('[budget]\nresnet18 = { params = "12M" }\n"net.txt" = { macs = 100000 }\n')
    assert budget("--format", "github") == 1
    said = capsys.readouterr().out
    assert said.startswith(
        "::error file=convcost.toml,line=3,title=convcost budget::net.txt: macs 202,784 is 102.8 %25"
    )
    assert said.count("\n") == 1


def test_the_words_of_a_command_line_are_a_budget(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a file; the target is all words together."""
    assert folder
    assert budget("64:128", "@56", "k3", "--macs", "231211008", "--peak-bytes", "3MiB") == 0
    assert budget("64:128", "@56", "k3", "--macs", "231.2M") == 1
    assert budget("--macs", "1") == 2
    assert "there is nothing to hold against that" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[budget]\n", "has no budgets"),
        ('[budget]\n"net.txt" = { mcs = 1 }\n', "did you mean macs?"),
        ('[budget]\n"net.txt" = { macs = "9X" }\n', "macs: '9X' is no quantity"),
        ('[budget]\n"net.txt" = { macs = true }\n', "macs is no quantity"),
        ('[budget]\n"net.txt" = { growth = "a lot" }\n', "growth 'a lot' is none"),
        ('[budget]\n"net.txt" = 9\n', "is no table"),
        ('[budget]\n"net.txt" = {}\n', "is empty"),
        ('[budget]\n"nothing.txt" = { macs = 1 }\n', "there is no network and no file"),
        ("[budgets]\n", "did you mean budget?"),
        ("[budget\n", "cannot be read"),
    ],
)
def test_what_is_no_budget_is_bad_input(text: str, says: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the key, and what was meant."""
    (folder / "convcost.toml").write_text(text)
    assert budget() == 2
    assert says in capsys.readouterr().err


def test_a_broken_baseline_is_bad_input(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is not read as if nothing had been there."""
    (folder / "convcost-baseline.json").write_text('{"baseline": {"net.txt": {"total": {}}}}')
    assert budget() == 2
    assert "is no baseline" in capsys.readouterr().err


def test_what_is_not_known_does_not_hold(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """A network with an operation that is not counted has no multiply-adds to hold against a limit."""
    from convcost.gate import judging
    from convcost.gate.targets import WORDS, Subject

    subject = Subject("net.txt", {**dict.fromkeys(WORDS), "params": 5}, (), (1, 3, 9, 9), "fp32", unknown=("Foo",))
    monkeypatch.setattr(judging, "read_subject", lambda *_: subject)
    hold_cost("net.txt", params=5, folder=str(folder))
    with pytest.raises(AssertionError, match="macs: it is not known, for Foo is not counted"):
        hold_cost("net.txt", macs="1G", folder=str(folder))


def test_the_plugin_fails_a_test_with_the_sentence_of_the_command(pytester: pytest.Pytester) -> None:
    """Files are those of the folder where pytest has its root."""
    pytester.makefile(".txt", net=NET)
    pytester.makepyfile(
        """
        def test_small(assert_cost):
            assert_cost("net.txt", macs="<=202784", params=824)

        def test_large(assert_cost):
            assert_cost("net.txt", macs="<=100K")
        """
    )
    is_installed = "convcost" in entry_points(group="pytest11").names
    plugin = [] if is_installed else ["-p", "convcost.gate.pytest_plugin"]
    done = pytester.runpytest_inprocess(*plugin, "-p", "no:cacheprovider")
    done.assert_outcomes(passed=1, failed=1)
    done.stdout.fnmatch_lines(["*net.txt: macs 202,784 is 102.8 % more than 100K; most have b 147,456, a 55,296*"])


def test_the_entry_point_of_the_plugin_is_where_it_is() -> None:
    """pyproject.toml names the module that has the fixture."""
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["entry-points"]["pytest11"] == {"convcost": "convcost.gate.pytest_plugin"}


def test_the_hook_of_pre_commit_holds_the_budget(folder: Path) -> None:
    """Its entry is a command line that fails where the command does."""
    text = (ROOT / ".pre-commit-hooks.yaml").read_text()
    (entry,) = [line.partition(": ")[2] for line in text.splitlines() if line.strip().startswith("entry:")]
    program, *words = entry.split()
    (folder / "convcost.toml").write_text('[budget]\n"net.txt" = { macs = "1M" }\n')
    assert (program, run(words)) == ("convcost", 0)
    (folder / "convcost.toml").write_text('[budget]\n"net.txt" = { macs = "1K" }\n')
    assert run(words) == 1


@pytest.mark.parametrize(
    ("value", "amount", "is_share", "text"),
    [
        ("+2%", Fraction(1, 50), True, "+2%"), ("0.5%", Fraction(1, 200), True, "+0.5%"), ("9K", 9000, False, "+9K"),
        (" + 7 ", 7, False, "+7"), (12, 12, False, "+12"), (0, 0, False, "+0"),
    ],
)  # fmt: skip
def test_growth_is_a_share_or_a_number(value: object, amount: Fraction, is_share: bool, text: str) -> None:
    assert budgets.read_growth("macs", value) == ("macs", amount, is_share, text)


@pytest.mark.parametrize(
    ("value", "shown"), [(True, "True"), (2.5, "2.5"), (["+2%"], "['+2%']"), ("a lot", "a lot"), ("+-2%", "+-2%")]
)
def test_growth_that_is_none_is_shown_as_it_was_given(value: object, shown: str) -> None:
    with pytest.raises(SpecError) as caught:
        budgets.read_growth("macs", value)
    assert caught.value.message.startswith("growth ")
    assert repr(shown) in caught.value.message
    assert (caught.value.text, caught.value.start, caught.value.end) == (shown, 0, len(shown))


SUBJECT = Subject(
    "net", {"macs": 100, "params": 40, "peak_bytes": 7, "traffic_bytes": None},
    tuple([Part(name, "conv", {"macs": macs, "params": params, "peak_bytes": 7})
           for name, macs, params in [("a", 30, 5), ("b", 0, 20), ("c", 45, None), ("d", 20, 10), ("e", 5, 5)]]),
    (1, 3, 8, 8), "fp32", peak="d",
)  # fmt: skip


@pytest.mark.parametrize(
    ("sign", "limit", "whole", "ok"),
    [
        ("<=", "100", 100, True), ("<=", "99.5", 99, False), ("<=", "100.5", 100, True), ("<", "100.5", 101, True),
        ("<", "100", 100, False), (">=", "100", 100, True), (">=", "100.5", 101, False), (">", "99.5", 99, True),
        (">", "100", 100, False), ("==", "100", 100, True), ("==", "101", 101, False), ("==", "100.5", -1, False),
    ],
)  # fmt: skip
def test_a_limit_that_is_no_whole_number_is_the_whole_one_that_means_the_same(
    sign: str, limit: str, whole: int, ok: bool
) -> None:
    """And where too much is what is wrong, the operations that have most are named, the largest first."""
    found = judging._limited("net", Limit("macs", sign, Fraction(limit), limit), SUBJECT)
    assert (found.limit, found.ok, found.value) == (whole, ok, 100)
    most = [] if ok or sign in (">", ">=") else [("c", 45), ("a", 30), ("d", 20)]
    assert [(share.name, share.value) for share in found.layers] == most


@pytest.mark.parametrize(("word", "names"), [("params", ["b", "d", "a"]), ("peak_bytes", ["d"])])
def test_the_operations_that_have_most_are_named(word: str, names: list[str]) -> None:
    """Of peak bytes the one where the peak is."""
    found = judging._limited("net", Limit(word, "<=", Fraction(1), "1"), SUBJECT)
    assert [share.name for share in found.layers] == names


@pytest.mark.parametrize(
    ("growth", "was", "limit", "ok"),
    [
        (Growth("macs", Fraction(1, 50), True, "+2%"), 99, 100, True),  # 100.98
        (Growth("macs", Fraction(1, 50), True, "+2%"), 98, 99, False),  # 99.96
        (Growth("macs", Fraction(10), False, "+10"), 90, 100, True),
        (Growth("macs", Fraction(10), False, "+10"), 89, 99, False),
        (Growth("macs", Fraction(0), False, "+0"), 100, 100, True),
    ],
)
def test_growth_is_of_what_was(growth: Growth, was: int, limit: int, ok: bool) -> None:
    """The operations that grew are named where it is too much, what grew most first; a new one had nothing."""
    before = Before({"macs": was}, {name: {"macs": macs} for name, macs in [("a", 30), ("c", 40), ("d", 5)]})
    found = judging._grown("net", growth, SUBJECT, before)
    assert (found.limit, found.ok, found.before) == (limit, ok, was)
    grew = [] if ok else [("d", 20, 5), ("c", 45, 40), ("e", 5, 0)]
    assert [tuple(share) for share in found.layers] == grew


def test_what_is_not_known_keeps_no_budget() -> None:
    """With its reason: an operation that is not counted, or no baseline."""
    found = judging._limited("net", Limit("traffic_bytes", "<=", Fraction(1), "1"), SUBJECT)
    assert (found.ok, found.reason, found.layers) == (False, "it is not known", ())
    partial = SUBJECT._replace(unknown=("Mystery", "Puzzle"))
    found = judging._limited("net", Limit("traffic_bytes", ">=", Fraction(1), "1"), partial)
    assert (found.ok, found.reason) == (False, "it is not known, for Mystery, Puzzle is not counted")
    grown = judging._grown("net", Growth("macs", Fraction(1), True, "+100%"), SUBJECT, None)
    assert (grown.ok, grown.limit) == (False, None)
    assert grown.reason == "it is not in the baseline: convcost budget --update"
