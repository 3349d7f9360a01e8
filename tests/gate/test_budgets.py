"""Budgets: what holds, what exceeds and by how much, which layers make it so, and what is no budget."""

from __future__ import annotations

import json
from fractions import Fraction
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from schema import VALID
from tables import each

from convcost.cli.main import run
from convcost.gate import budgets, judging
from convcost.gate.budgets import Growth, Limit
from convcost.gate.judging import Before, Finding, Share, hold_cost
from convcost.gate.targets import WORDS, Part, Subject
from convcost.spec import SpecError

pytest_plugins = "pytester"

NET = "input 3 @16\na: standard 8 k3\nb: standard 8 k3\nglobal-average-pool\nflatten\nlinear 4\n"
ROOT = Path(__file__).parents[2]


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
        ('peak_bytes = "16KiB"', 0), ('peak_bytes = "16383"', 1), ("macs = 0", 1), ("macs = inf", 2), ("macs = -1", 2),
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
        ("[zzz]\n", "there are budget, baseline"),
        ("budget = 5\n", "has no budgets"),
        ('baseline = 5\n[budget]\n"net.txt" = { macs = 1 }\n', "baseline of convcost.toml is no path"),
        ('baseline = ""\n[budget]\n"net.txt" = { macs = 1 }\n', "baseline of convcost.toml is no path"),
        ("[budget\n", "cannot be read"),
    ],
)
def test_what_is_no_budget_is_bad_input(text: str, says: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the key, and what was meant."""
    (folder / "convcost.toml").write_text(text)
    assert budget() == 2
    assert says in capsys.readouterr().err


def test_budgets_are_in_the_nearest_file_that_has_them(tmp_path: Path) -> None:
    """A pyproject.toml without any is passed over; convcost.toml comes first where both are."""
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    outer = tmp_path / "pyproject.toml"
    outer.write_text("[tool.convcost.budget]\nx = { macs = 1 }\n")
    (tmp_path / "a" / "pyproject.toml").write_text("[tool.other]\n")
    (tmp_path / "a" / "convcost.toml").mkdir()  # is no file
    assert budgets.find_budgets(inner) == outer
    (inner / "pyproject.toml").write_text("[tool.convcost.budget]\nx = { macs = 1 }\n")
    assert budgets.find_budgets(inner) == inner / "pyproject.toml"
    (inner / "convcost.toml").write_text("")
    assert budgets.find_budgets(inner) == inner / "convcost.toml"


def test_a_file_says_its_targets_their_lines_and_its_baseline(tmp_path: Path) -> None:
    """Beside it; a target stands at the first line that names it, in quotes or bare."""
    path = tmp_path / "convcost.toml"
    path.write_text('baseline = "old.json"\n# net\n[budget]\n"a b" = { macs = 1 }\nresnet18 = { params = 2 }\n')
    found = budgets.read_budgets(path)
    assert (found.path, found.baseline) == (path, tmp_path / "old.json")
    assert [(one.name, one.line) for one in found.targets] == [("a b", 4), ("resnet18", 5)]
    path.write_text("# mine\nbudget.resnet18.params = 2\n")
    found = budgets.read_budgets(path)
    assert [(one.name, one.line) for one in found.targets] == [("resnet18", 1)]  # it stands nowhere alone
    assert (found.baseline, budgets.read_target("x", {"macs": 1}).line) == (tmp_path / "convcost-baseline.json", 1)


@each(
    ("said", "text"),
    [
        (9, "net"), ({}, "net"), ({"mcs": 1}, "mcs"), ({"growth": {"mcs": 1}}, "mcs"), ({"macs": ["x"]}, "['x']"),
        ({"growth": "lots"}, "lots"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_budget_is_marked_whole(said: object, text: str) -> None:
    """From its first sign to its last."""
    with pytest.raises(SpecError) as caught:
        budgets.read_target("net", said)
    assert (caught.value.text, caught.value.start, caught.value.end) == (text, 0, len(text))


def test_a_quantity_that_is_none_is_marked_behind_its_sign() -> None:
    with pytest.raises(SpecError, match="macs: ") as caught:
        budgets.read_limit("macs", " <=9X ")
    assert (caught.value.text, caught.value.start, caught.value.end) == ("<=9X", 2, 4)


@each(
    ("value", "limit"),
    [
        (202784, ("<=", 202784, "202,784")), (2.5, ("<=", Fraction(5, 2), "2.5")), (0, ("<=", 0, "0")),
        (3.0, ("<=", 3, "3")), ("> 4K", (">", 4000, "4K")), ("7", ("<=", 7, "7")), ("==8", ("==", 8, "8")),
    ],
)  # fmt: skip
def test_a_limit_has_its_sign_its_value_and_how_it_was_written(value: object, limit: object) -> None:
    """A number is the most there may be; it is written in thousands."""
    assert budgets.read_limit("macs", value)[1:] == limit


def test_growth_is_of_four_words_or_of_those_named() -> None:
    """A limit or a growth is enough."""
    said = budgets.read_target("net", {"growth": "+2%"})
    assert [one.word for one in said.growth] == ["params", "macs", "peak_bytes", "traffic_bytes"]
    assert [one.word for one in budgets.read_target("net", {"growth": {"flops": "+2%"}}).growth] == ["flops"]
    assert budgets.read_target("net", {"macs": 1, "growth": {}}).growth == ()


def test_without_a_growth_no_baseline_is_read(folder: Path) -> None:
    """Whatever is in it."""
    (folder / "convcost-baseline.json").write_text("nonsense")
    (folder / "convcost.toml").write_text('[budget]\n"net.txt" = { params = 824 }\n')
    assert budget() == 0
    hold_cost("net.txt", params=824, folder=str(folder))
    with pytest.raises(SpecError, match="is no baseline"):
        hold_cost("net.txt", params=824, growth="0", folder=str(folder))


def test_growth_is_said_for_all_words_or_word_by_word(folder: Path) -> None:
    """Against the file that is named."""
    (folder / "old.json").write_text('{"baseline": {"net.txt": {"total": {}, "layers": []}}}')
    with pytest.raises(SpecError, match="is no baseline"):
        hold_cost("net.txt", growth={"macs": "0"}, baseline="old.json", folder=str(folder))
    with pytest.raises(AssertionError, match=r"net\.txt: macs: it is not in the baseline"):
        hold_cost("net.txt", growth={"macs": "0"}, folder=str(folder))
    with pytest.raises(
        AssertionError, match=r"net\.txt: params, macs, peak_bytes, traffic_bytes: it is not in the base"
    ):
        hold_cost("net.txt", growth="0", folder=str(folder))


def finding(word: str = "macs", **fields: object) -> Finding:
    """A budget of 100 that 120 exceeds."""
    plain = Finding("a", word, "budget", "<=", 100, "100", 120, None, False)
    return plain._replace(**fields)  # type: ignore[arg-type]  # any field


@each(
    ("fields", "said"),
    [
        ({}, "a: macs 120 is 20.0 % more than 100"),
        ({"value": 999}, "a: macs 999 is 899.0 % more than 100"),
        ({"value": 1000}, "a: macs 1,000 is 10 times 100"),
        ({"limit": 0, "text": "0"}, "a: macs 120 is more than 0"),
        ({"sign": "<", "value": 100}, "a: macs 100 is not < 100"),
        ({"sign": "==", "value": 99}, "a: macs 99 is not == 100"),
        ({"sign": "==", "value": 101}, "a: macs 101 is 1.0 % more than 100"),
        ({"sign": ">=", "value": 90}, "a: macs 90 is not >= 100"),
        ({"sign": ">", "limit": 90}, "a: macs 120 is not > 100"),
        (
            {"layers": (Share("b", 70), Share("c", 1234))},
            "a: macs 120 is 20.0 % more than 100; most have b 70, c 1,234",
        ),
        (
            {
                "kind": "growth",
                "text": "+2%",
                "limit": 102,
                "before": 100,
                "layers": (Share("b", 70, 50), Share("c", 9, 0)),
            },
            "a: macs 120 is 20.0 % more than 100, where +2% is allowed; b grew by 20, c grew by 9",
        ),
        ({"kind": "growth", "text": "+2", "limit": 2, "before": 0}, "a: macs 120 is more than 0, where +2 is allowed"),
        (
            {"kind": "growth", "text": "+0", "layers": (Share("b", 1234),), "before": 100},
            "a: macs 120 is 20.0 % more than 100, where +0 is allowed; b grew by 1,234",
        ),
        ({"reason": "it is not known", "value": None}, "a: macs: it is not known"),
        ({"reason": "it is not in the baseline"}, "a: macs: it is not in the baseline"),
        ({"reason": "nobody knows", "limit": None}, "a: macs: nobody knows"),
    ],
)
def test_a_budget_that_is_exceeded_is_said_in_a_sentence(fields: dict[str, object], said: str) -> None:
    """By how much, of what, and which layers make it so."""
    assert judging.sentence(finding(**fields)) == said  # type: ignore[arg-type]  # any field


def test_what_is_not_known_for_one_reason_is_said_once() -> None:
    """Of each target, of all its words; what holds is not said."""
    unknown = {"reason": "nobody knows", "value": None}
    found = [finding("macs", **unknown), finding("params"), finding("flops", **unknown), finding("params", ok=True),
             finding("macs", target="b", **unknown), finding("params")]  # fmt: skip
    assert [said for _, said in judging.sentences(found)] == [
        "a: macs, flops: nobody knows", "a: params 120 is 20.0 % more than 100", "b: macs: nobody knows",
        "a: params 120 is 20.0 % more than 100",
    ]  # fmt: skip


@each(
    ("oks", "verified", "ok"),
    [
        ([True], ["verified"], True), ([True, False], ["verified"], False), ([True], ["verified", "mismatch"], False),
        ([True], ["partial", "skipped", "reduced"], True), ([], [], True),
    ],
)  # fmt: skip
def test_an_answer_is_fine_where_every_finding_is_and_nothing_contradicts(
    oks: list[bool], verified: list[str], ok: bool
) -> None:
    """What was not executed contradicts nothing."""
    findings = tuple([finding(ok=one) for one in oks])
    statuses = {str(number): status for number, status in enumerate(verified)}
    assert judging.BudgetAnswer("x", findings, statuses, {}).ok is ok


def test_what_has_as_much_as_before_did_not_grow() -> None:
    """It is not named; three are, what grew most first."""
    before = Before({"macs": 50}, {name: {"macs": macs} for name, macs in [("a", 30), ("c", 44), ("d", 15), ("e", 2)]})
    found = judging._grown("net", Growth("macs", Fraction(0), False, "+0"), SUBJECT, before)
    assert [(share.name, share.grew) for share in found.layers] == [("d", 5), ("e", 3), ("c", 1)]


def test_a_baseline_has_the_totals_and_of_each_operation_what_it_has(tmp_path: Path) -> None:
    """Read back as it was written; where there is none, nothing was."""
    total = {**dict.fromkeys(WORDS, 0), **SUBJECT.total}
    made = judging.baseline_document([SUBJECT._replace(total=total)])
    assert made["net"]["layers"][1] == {"name": "b", "params": 20, "peak_bytes": 7}
    path = tmp_path / "baseline.json"
    assert judging.read_baseline(path) == {}
    path.write_text(json.dumps({"baseline": made}))
    assert judging.read_baseline(path)["net"].total == total
    assert judging.read_baseline(path)["net"].parts["b"]["params"] == 20


def test_a_broken_baseline_is_bad_input(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is not read as if nothing had been there."""
    (folder / "convcost-baseline.json").write_text('{"baseline": {"net.txt": {"total": {}}}}')
    assert budget() == 2
    assert "is no baseline" in capsys.readouterr().err


def test_what_is_not_known_does_not_hold(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """A network with an operation that is not counted has no multiply-adds to hold against a limit."""
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


@each(
    ("value", "amount", "is_share", "text"),
    [
        ("+2%", Fraction(1, 50), True, "+2%"), ("0.5%", Fraction(1, 200), True, "+0.5%"), ("9K", 9000, False, "+9K"),
        (" + 7 ", 7, False, "+7"), (12, 12, False, "+12"), (0, 0, False, "+0"),
    ],
)  # fmt: skip
def test_growth_is_a_share_or_a_number(value: object, amount: Fraction, is_share: bool, text: str) -> None:
    assert budgets.read_growth("macs", value) == ("macs", amount, is_share, text)


@each(("value", "shown"), [(True, "True"), (2.5, "2.5"), (["+2%"], "['+2%']"), ("a lot", "a lot"), ("+-2%", "+-2%")])
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


@each(
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


@each(
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
