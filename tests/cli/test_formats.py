"""Every command that answers with rows does so in all formats, on standard output and in a file."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from schema import VALID
from typer.main import get_command

from convcost.checks.examination import examine_all
from convcost.checks.selftest import Caught
from convcost.cli.completing.tree import read_tree
from convcost.cli.main import app, run
from convcost.cli.output import ENDINGS
from convcost.explain.topics import ALIASES, topics
from convcost.report.formats import FORMATS
from convcost.search.fit import fit_layer
from convcost.search.sweep import sweep_layers
from convcost.spec import parse_spec
from convcost.timing.devices import shipped_devices
from convcost.variants.registry import all_variants, other_names

#: Command lines that answer with rows; together they have every command that has --format.
ROWS = [
    ("compare", "8:16", "@9", "k3", "--no-verify"),
    ("layer", "8:16", "@9", "k3", "--no-verify"),
    ("network", "squeezenet1.1", "--no-verify"),
    ("swap", "squeezenet1.1", "--to", "grouped", "--no-verify"),
    ("fit", "8:16", "@9", "k3", "--macs", "50k", "--no-verify"),
    ("sweep", "8,16", "@9", "k3", "--front", "macs,params", "--no-verify"),
    ("reconcile", "squeezenet1.1", "0.35G", "--no-verify"),
    ("reconcile", "--list"),
    ("budget", "8:16", "@9", "k3", "--macs", "1M", "--no-verify"),
    ("diff", "8:16 @9 k3", "8:16 @9 k5", "--no-verify"),
    ("time", "8:16", "@9", "k3", "--device", "nvidia-t4"),
    ("device", "--list"),
    ("separate", "laplace", "@9"),
    ("zoo",),
    ("variants",),
    ("explain", "--list"),
    ("verify", "8:16", "@9", "k3", "--variants", "grouped,basic-block"),
    ("verify", "--random", "2"),
    ("verify", "--self-test"),
]

#: The zoo that is listed here; `test_network_commands.py` holds that it lists every network.
ZOO = ["lenet-5", "mobilenet-v1", "squeezenet1.1"]

#: Lists of what there is: the key of their document, and the names in it.
LISTS = [
    (("zoo",), "networks", ZOO),
    (("variants",), "variants", list(all_variants())),
    (("explain", "--list"), "topics", topics()),
    (("device", "--list"), "devices", list(shipped_devices())),
]


@pytest.fixture(autouse=True, scope="module")
def _answered_once() -> Iterator[None]:
    """What the formats are of: times of evidence are the same every time, and nothing is computed for each of them."""
    found = examine_all(parse_spec("8:16 @9 k3"), ["grouped", "basic-block"])
    caught = Caught("params: bias forgotten", ["params", "macs"], 8, 12)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("convcost.checks.examination.examine_all", lambda *_, **__: found)
        patch.setattr("convcost.checks.selftest.run_selftest", lambda _: [caught])
        patch.setattr("convcost.answers.opening.zoo_names", lambda: ZOO)
        patch.setattr("convcost.search.fit.fit_layer", once(fit_layer))
        patch.setattr("convcost.search.sweep.sweep_layers", once(sweep_layers))
        yield


def once(search: Callable[..., Any]) -> Callable[..., Any]:
    """The search, which is asked one thing here, and remembers what it found."""
    found: list[Any] = []

    def answer(*given: object, **more: object) -> Any:
        found[:] = found or [search(*given, **more)]
        return found[0]

    return answer


def answered(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert run([*words]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out


def test_every_command_with_formats_has_all_of_them_and_a_file() -> None:
    """Its columns can be chosen, it can be drawn, and it is among those tested here."""
    found = set()
    for command in read_tree(get_command(app)).commands:
        options = {name: option.values for option in command.options for name in option.names}
        formats = options.get("--format")
        if formats is not None:
            found.add(command.name)
            assert set(FORMATS) <= {candidate.text for candidate in formats.names}, command.name
            assert {"--output", "--columns", "--plot"} <= set(options), command.name
    assert found == {words[0] for words in ROWS}


@pytest.mark.parametrize(("ending", "format"), [pair for pair in ENDINGS.items() if pair[1] != "svg"])
@pytest.mark.parametrize("words", ROWS, ids=" ".join)
def test_a_file_is_what_standard_output_would_be(
    words: tuple[str, ...],
    ending: str,
    format: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where that is wide enough for every column. Nothing is printed then, and nothing else is written."""
    monkeypatch.setenv("COLUMNS", "400")
    monkeypatch.setattr("convcost.report.as_html.find_spec", lambda _: None)  # pictures have tests of their own
    file = tmp_path / f"answer{ending}"
    assert answered(capsys, *words, "--output", str(file)) == ""
    assert file.read_text("utf-8") == answered(capsys, *words, "--format", format) != ""
    assert [*tmp_path.iterdir()] == [file]


@pytest.mark.parametrize("words", ROWS, ids=" ".join)
def test_json_follows_the_schema(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    """Laid out, and line by line; each says which version of the schema it follows."""
    documents = [answered(capsys, *words, "--format", "json")]
    documents += answered(capsys, *words, "--format", "ndjson").splitlines()
    for document in map(json.loads, documents):
        assert [error.message for error in VALID.iter_errors(document)] == []
        assert document.get("schema") == "convcost/2"


@pytest.mark.parametrize("words", ROWS, ids=" ".join)
def test_rows_are_as_long_as_their_header(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    """In CSV, Markdown and LaTeX."""
    header, *rows = csv.reader(io.StringIO(answered(capsys, *words, "--format", "csv")))
    assert {len(row) for row in rows} == {len(header)}
    lines = answered(capsys, *words, "--format", "markdown").splitlines()
    assert len({line.replace("\\|", "").count("|") for line in lines if line.startswith("|")}) == 1
    lines = answered(capsys, *words, "--format", "latex").splitlines()
    cells = {line.count(" & ") for line in lines if line.endswith(r" \\") and "multicolumn" not in line}
    assert len(cells) == 1


@pytest.mark.parametrize(("words", "key", "names"), LISTS, ids=[key for _, key, _ in LISTS])
def test_a_list_has_an_entry_a_line_for_scripts(
    words: tuple[str, ...], key: str, names: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """The entries of the JSON document, in its order."""
    document = json.loads(answered(capsys, *words, "--format", "json"))
    assert [entry["name"] for entry in document[key]] == names
    lines = [json.loads(line) for line in answered(capsys, *words, "--format", "ndjson").splitlines()]
    assert lines == [{"schema": "convcost/2", **entry} for entry in document[key]]
    rows = csv.DictReader(io.StringIO(answered(capsys, *words, "--format", "csv")))
    assert [row["name"] for row in rows] == names


def test_variants_have_role_and_structure(capsys: pytest.CaptureFixture[str]) -> None:
    """As they are registered."""
    rows = [*csv.DictReader(io.StringIO(answered(capsys, "variants", "-f", "csv")))]
    assert rows == [
        {"name": v.name, "role": v.role, "summary": v.summary, "shown": "+".join([f"{n}d" for n in v.shown])}
        for v in all_variants().values()
    ]


def test_every_alias_stands_with_its_topic(capsys: pytest.CaptureFixture[str]) -> None:
    """Once."""
    found = json.loads(answered(capsys, "explain", "--list", "-f", "json"))["topics"]
    assert {alias: topic["name"] for topic in found for alias in topic["aliases"]} == {**other_names(), **ALIASES}


def test_evidence_in_csv_has_what_the_document_has(capsys: pytest.CaptureFixture[str]) -> None:
    """A line a check of every variant, in the order of the document."""
    words = ROWS[-3]
    rows = csv.DictReader(io.StringIO(answered(capsys, *words, "-f", "csv")))
    evidence = json.loads(answered(capsys, *words, "-f", "json"))["evidence"]
    checks = [(row["variant"], check["name"], check["note"]) for row in evidence for check in row["checks"]]
    assert [(row["variant"], row["check"], row["note"]) for row in rows] == checks
    assert {variant for variant, _, _ in checks} == {"grouped", "basic-block"}


def test_what_caught_a_broken_rule_is_one_cell(capsys: pytest.CaptureFixture[str]) -> None:
    """Joined as other lists are."""
    out = answered(capsys, "verify", "--self-test", "-f", "csv")
    assert out == "rule,caught_by,expected,measured\nparams: bias forgotten,params+macs,8,12\n"
