"""`convcost explain` as somebody types it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from convcost.cli.main import run
from convcost.explain.answer import explain
from convcost.explain.measured import SMALL
from convcost.explain.topics import ALIASES, default_layer, topics


def ran(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = run(["explain", *words])
    return code, *capsys.readouterr()


def test_topics_and_aliases_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """With --list, and where nothing is asked for."""
    code, out, _ = ran(capsys, "--list")
    assert code == 0
    assert all(name in out for name in (*topics(), *ALIASES))
    assert ran(capsys) == (0, out, "")
    assert max(map(len, out.splitlines())) <= 80


@pytest.mark.parametrize("alias", ["1x1", "dwsep", "mbconv", "separable", "simple", "residual"])
def test_aliases_explain_their_topic(capsys: pytest.CaptureFixture[str], alias: str) -> None:
    _, out, _ = ran(capsys, alias)
    assert out.startswith(ALIASES.get(alias, alias))
    assert "the default layer" in out


def test_json_is_the_document(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = ran(capsys, "dwsep", "64:128", "@56", "k3", "--format", "json")
    document = json.loads(out)
    assert (code, err, document["schema"]) == (0, "", "convcost/2")
    assert document["explanations"][0]["macs"]["ratio"]["numbers"] == "1/128 + 1/9"


def test_text_and_table_are_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    assert ran(capsys, "grouped", "--format", "table") == ran(capsys, "grouped")


@pytest.mark.parametrize(
    ("ending", "format"), [("txt", "text"), ("md", "markdown"), ("json", "json"), ("ndjson", "ndjson")]
)
def test_an_explanation_goes_to_a_file(
    ending: str, format: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the format of its ending, as it would be printed."""
    file = tmp_path / f"explained.{ending}"
    assert ran(capsys, "grouped", "pointwise", "--output", str(file)) == (0, "", "")
    assert ran(capsys, "grouped", "pointwise", "--format", format) == (0, file.read_text("utf-8"), "")


def test_ndjson_is_the_document_on_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    """The same as JSON says."""
    _, line, _ = ran(capsys, "grouped", "-f", "ndjson")
    assert line.count("\n") == 1
    assert json.loads(line) == json.loads(ran(capsys, "grouped", "-f", "json")[1])


@pytest.mark.parametrize("words", [("-f", "csv"), ("-o", "explained.csv"), ("-f", "latex"), ("-o", "explained.tex")])
def test_an_explanation_is_no_table(
    words: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where rows are wanted it says who has them, before anything is measured, and writes nothing."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("convcost.cli.explain._measure", lambda: pytest.fail("it measured"))
    code, out, err = ran(capsys, "residual", "--experiment", *words)
    assert (code, out, os.listdir(tmp_path)) == (2, "", [])
    assert "markdown" in err
    assert "convcost compare --per-op" in err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("deptwise",), "did you mean depthwise?"),
        (("depthwise", "pointwse", "64:128"), "did you mean pointwise?"),
        (("64:128", "@56", "k3"), "unknown topic"),
        (("standard", "64:128", "@56", "q3"), "q3"),
        (("spatially-separable", "64", "@56", "k3", "1d"), "one axis cannot be separated"),
        (("residual", "8", "@9", "k3", "t"), "does not apply"),
        (("depthwise", "--experiment"), "residual --experiment"),
    ],
)
def test_bad_input_is_named_with_its_remedy(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...], says: str
) -> None:
    code, out, err = ran(capsys, *words)
    assert (code, out) == (2, "")
    assert err.startswith("error: ")
    assert says in err


def commands() -> list[str]:
    """Every command that any explanation says to try next, on the layer it has where none is given."""
    documents = [explain([topic], default_layer([topic])) for topic in topics()]
    documents.append(explain(["depthwise", "pointwise"], default_layer([])))
    found = [command for d in documents for one in d["explanations"] for command in one["next"]]
    return sorted({*found, *[command for d in documents if d["difference"] for command in d["difference"]["next"]]})


@pytest.mark.parametrize("command", commands())
def test_every_command_to_try_next_runs(
    command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it stands there; the experiments at small settings."""
    monkeypatch.setattr("convcost.cli.explain.Settings", lambda: SMALL)
    program, *words = command.split()
    assert program == "convcost"
    assert run(words) == 0
    out, err = capsys.readouterr()
    assert out
    assert "error" not in err
    if "--experiment" in words:
        assert err.count("measuring: ") == 4
        assert out.count("Measured: ") == 5


@pytest.mark.parametrize("format", ["text", "markdown", "json"])
def test_without_experiments_neither_numpy_nor_rich_is_loaded(format: str) -> None:
    """NumPy belongs to the measurements, Rich to the comparison's table."""
    code = (
        "import sys\n"
        "from convcost.cli.main import run\n"
        f"run(['explain', 'residual', 'pointwise', '--format', '{format}'])\n"
        "print(sorted({'numpy', 'rich'} & {name.partition('.')[0] for name in sys.modules}), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "[]\n"


def in_ascii(*words: str) -> str:
    """What a process prints whose streams can show ASCII only."""
    command = [sys.executable, "-m", "convcost", *words]
    done = subprocess.run(command, capture_output=True, check=True, env={"PYTHONIOENCODING": "ascii"})
    return done.stdout.decode("ascii")


def test_a_terminal_without_unicode_gets_ascii() -> None:
    """What it cannot print has a stand-in that says the same: nothing is escaped, and 64² is not 642."""
    out = in_ascii("explain", "basic-block")
    assert "9*Cin*Cout" in out
    assert "= 9*64^2 " in out
    assert not {"?", "\\"} & {*out}


def test_columns_stay_where_a_stand_in_is_wider() -> None:
    """The numbers of every operation begin below each other."""
    page = in_ascii("explain", "basic-block")
    rows = [line for line in page.splitlines() if line.startswith(("  conv1  9", "  conv2  9", "  total  9"))][:3]
    assert "^2" in rows[1]
    assert len({row.index("=") for row in rows}) == len({len(row) for row in rows}) == 1
