"""`convcost explain` as somebody types it."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import re
import subprocess
import sys
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any
from warnings import catch_warnings, simplefilter

import pytest

import convcost
from convcost.answers.check import Measurement
from convcost.answers.comparison import Comparison
from convcost.cli.explain import ProgressBar
from convcost.cli.main import run
from convcost.explain.document import explanation_document
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
    ("ending", "format"),
    [("txt", "text"), ("md", "markdown"), ("tex", "latex"), ("csv", "csv"), ("json", "json"), ("ndjson", "ndjson")],
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


def test_csv_is_every_number_with_its_place(capsys: pytest.CaptureFixture[str]) -> None:
    """Rows that a spreadsheet reads; the place is that in the JSON."""
    document = json.loads(ran(capsys, "1x1", "residual", "-f", "json")[1])
    rows = list(csv.DictReader(io.StringIO(ran(capsys, "1x1", "residual", "-f", "csv")[1])))
    assert {row["topic"] for row in rows} == {"pointwise", "residual"}
    for row in rows:
        value: Any = next(one for one in document["explanations"] if one["topic"] == row["topic"])
        for step in row["where"].split("."):
            value = value[int(step) if isinstance(value, list) else step]
        assert float(row["value"]) == value
    assert {"macs.total.value", "gradient.plain.2"} <= {row["where"] for row in rows}


def formats_offered(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The values of --format as the help lists them, put together again where a column breaks them."""
    shown = " ".join(re.findall(r"[^│]+", ran(capsys, "--help")[1])).split()
    (listed,) = re.findall(r"How to write the answer: ([^;]+);", " ".join(shown))
    return listed.split(", ")


def test_help_offers_only_formats_that_are_written(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of them, for an explanation and for the list of topics, which has no picture; svg is tested elsewhere."""
    offered = formats_offered(capsys)
    assert len(offered) >= 6
    monkeypatch.setattr("convcost.report.as_html.find_spec", lambda _: None)
    for format in [name for name in offered if name != "svg"]:
        for words in (("grouped", "pointwise"), ("residual",), *[("--list",)] * (format != "plot")):
            code, out, err = ran(capsys, *words, "-f", format)
            assert (code, err) == (0, "")
            assert len(out) > 200


def test_full_goes_on_where_the_screen_ends(capsys: pytest.CaptureFixture[str]) -> None:
    """The same beginning; steps, uses, limits, growth and the commands to try come behind it."""
    screen, full = ran(capsys, "dwsep")[1], ran(capsys, "dwsep", "--full")[1]
    start, _, more = screen.partition("\n  More  ")
    assert full.startswith(start)
    assert "--full" in more
    for title in ("MACs, step by step", "Where it is used", "When it will not help", "A training step", "Try next"):
        assert f"\n{title}\n" in full
        assert title not in screen


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


#: Each topic, and two of them together.
QUESTIONS = [*[[topic] for topic in topics()], ["depthwise", "pointwise"]]


@cache
def next_commands(*asked: str) -> frozenset[str]:
    """Every command that an explanation says to try next, on the layer it has where none is given."""
    layer = default_layer(list(asked)[: 2 - len(asked)])
    document = explanation_document([*asked], layer)
    parts = [*document["explanations"], *[document["difference"]] * bool(document["difference"])]
    return frozenset([command for part in parts for command in part["next"]])


@pytest.mark.parametrize("number", range(len(QUESTIONS)), ids=map(" ".join, QUESTIONS))
def test_every_command_to_try_next_runs(
    number: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it stands there; the experiments at small settings. Those that topics before it name, too, run there."""
    monkeypatch.setattr("convcost.cli.explain.Settings", lambda: SMALL)
    before = [next_commands(*asked) for asked in QUESTIONS[:number]]
    for command in sorted(next_commands(*QUESTIONS[number]).difference(*before)):
        program, *words = command.split()
        assert program == "convcost"
        assert run(words) == 0, command
        out, err = capsys.readouterr()
        assert out
        assert "error" not in err
        if "--experiment" in words:
            assert err.count(" …\n") == 8
            assert out.count("Measured: ") == 6


def test_an_explanation_loads_no_rich_and_a_list_no_numpy() -> None:
    """NumPy belongs to what is measured, Rich to the comparison's table."""
    code = (
        "import sys\n"
        "from convcost.cli.main import run\n"
        "for words in ('--list', 'residual pointwise', 'residual -f markdown'):\n"
        "    run(['explain', *words.split()])\n"
        "    print(sorted({'numpy', 'rich'} & {name.partition('.')[0] for name in sys.modules}), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.splitlines() == ["[]", "['numpy']", "['numpy']"]


class Terminal(io.StringIO):
    """What a terminal is told."""

    def isatty(self) -> bool:
        return True


def test_a_terminal_sees_a_bar_with_the_time_that_is_left() -> None:
    """A third of the work in 4 s: 8 s are left. In the end the line is empty again."""
    screen = Terminal()
    bar = ProgressBar(30, screen, clock=iter([0.0, 2.0, 4.0]).__next__)
    bar(5, "learning")
    bar(5, "training, depth 20, residual")
    lines = screen.getvalue().split("\r")
    assert "about 10 s left: learning" in lines[1]
    assert "33 %, about 8 s left: training, depth 20" in lines[2]
    assert max(map(len, lines)) <= 79
    bar.close()
    assert screen.getvalue().endswith("\r")
    assert screen.getvalue().split("\r")[-2].strip() == ""


def test_a_file_sees_what_is_measured_a_line_each() -> None:
    """And no bar."""
    log = io.StringIO()
    bar = ProgressBar(30, log, clock=iter([0.0, 1.0, 2.0, 3.0]).__next__)
    for what in ("learning", "learning", "training"):
        bar(10, what)
    bar.close()
    assert log.getvalue() == "learning …\ntraining …\n"


def in_ascii(*words: str) -> str:
    """What is printed where the streams can show ASCII only."""
    raw = io.BytesIO()
    with contextlib.redirect_stdout(io.TextIOWrapper(raw, "ascii", write_through=True)):
        assert run([*words]) == 0
        return raw.getvalue().decode("ascii")


def test_a_terminal_without_unicode_gets_ascii() -> None:
    """What it cannot print has a stand-in that says the same: nothing is escaped, and 64² is not 642."""
    out = in_ascii("explain", "basic-block", "spatial", "residual", "--full")
    assert "9*Cin*Cout" in out
    assert "= 9*64^2 " in out
    assert not re.search(r"\?|\\[xuU]", out)


def test_columns_stay_where_a_stand_in_is_wider() -> None:
    """The numbers of every operation begin below each other."""
    page = in_ascii("explain", "basic-block", "--full")
    rows = [line for line in page.splitlines() if line.startswith(("  conv1  9", "  conv2  9", "  total  9"))][:3]
    assert "^2" in rows[1]
    assert len({row.index("=") for row in rows}) == len({len(row) for row in rows}) == 1


@pytest.mark.parametrize(
    ("topics", "said"),
    [
        ("grouped", "0.50 × the time of the standard convolution"),
        ("depthwise", "2 ms. It does less than the standard convolution, so there is no ratio"),  # a building block
        ("depthwise grouped", "2 ms, 0.50 × the standard convolution's"),
    ],
)
def test_what_is_timed_is_on_the_screen(
    topics: str, said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of each topic, also side by side."""

    def timed(found: Comparison, *_: Any) -> Comparison:
        rows = []
        for row in found.rows:
            ratio = None if row.role == "building-block" else 0.5
            rows.append(row._replace(measured=Measurement(2e-3, 1e9, 9, "numpy", ratio, ratio and (0.4, 0.6))))
        return found._replace(rows=tuple(rows))

    monkeypatch.setattr(import_module("convcost.explain.timed"), "measure_comparison", timed)
    code, out, _ = ran(capsys, *topics.split(), "--measure")
    lines = [line[48:] for line in out.splitlines()] if " " in topics else out.splitlines()
    assert code == 0
    assert said in " ".join(" ".join(lines).split())
    with catch_warnings():
        simplefilter("ignore")  # onnxruntime may be missing
        document = convcost.explain(*topics.split(), measure=True).document
    assert all([one["will_not_help"]["run_time"]["seconds"] == 2e-3 for one in document["explanations"]])


def test_a_shortcut_alone_is_not_timed(capsys: pytest.CaptureFixture[str]) -> None:
    """It was passed over without a word."""
    code, out, err = ran(capsys, "residual", "--measure")
    assert (code, out) == (2, "")
    assert "convcost explain basic-block --measure" in err
    with pytest.raises(convcost.Error, match="a shortcut alone is not timed"):
        convcost.explain("residual", measure=True)
