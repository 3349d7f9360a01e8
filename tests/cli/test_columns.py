"""`--columns` and `--plot`, wherever there are rows; what a width leaves out."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from convcost.cli.main import run

#: Command lines with rows, columns that each can have beyond the ones it shows, and one that there is not.
ROWS = [
    ("compare 8:16 @9 k3 --no-verify", "flops,relative.traffic_bytes"),
    ("layer 8:16 @9 k3 --no-verify", "flops,mixes"),
    ("network lenet-5 --no-verify", "flops,share.traffic_bytes"),
    ("network lenet-5 --no-verify --per-layer", "kernel_size,receptive_field,elementwise_by"),
    ("swap lenet-5 --to grouped --where k5 --no-verify", "flops,mixes"),
    ("fit 8:16 @9 k3 --macs 20k --no-verify", "flops,mixes"),
    ("sweep 8,16 @9 k3 --front macs,params --no-verify", "flops,mixes"),
    ("budget 8:16 @9 k3 --macs 1M --no-verify", "limit"),
    ("reconcile lenet-5 --no-verify", "value"),
    ("reconcile --list", "source"),
    ("variants", "summary"),
    ("explain --list", "aliases"),
    ("verify 1 @1 k1 --variants pointwise --all", "measured,seconds"),
    ("diff lenet-5 squeezenet1.1 --no-verify", "a.macs,b.macs,op"),
    ("time 8:16 @9 k3 --device nvidia-t4", "limited_by"),
]


def ran(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = run([*words])
    return (code, *capsys.readouterr())


@pytest.mark.parametrize(("line", "columns"), ROWS, ids=[line for line, _ in ROWS])
def test_columns_are_those_that_are_named(line: str, columns: str, capsys: pytest.CaptureFixture[str]) -> None:
    """In CSV behind what says which row it is, in that order; in the table there is one for each."""
    *_, out, _ = ran(capsys, *line.split(), "--columns", columns, "-f", "csv")
    header, *_ = csv.reader(io.StringIO(out))
    assert header[-len(columns.split(",")) :] == columns.split(",")
    assert len(header) <= len(columns.split(",")) + 5
    *_, wide, _ = ran(capsys, *line.split(), "--columns", columns, "-f", "markdown")
    heads = next(row for row in wide.splitlines() if row.startswith("| "))
    assert heads.count("|") - 2 <= len(columns.split(",")) + 1


@pytest.mark.parametrize("format", ["table", "csv"])
@pytest.mark.parametrize(("line", "columns"), ROWS, ids=[line for line, _ in ROWS])
def test_a_column_that_there_is_not_is_bad_input(
    line: str, columns: str, format: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With a caret under it."""
    code, out, err = ran(capsys, *line.split(), "-f", format, "--columns", f"{columns},zzz")
    assert (code, out) == (2, "")
    first, text, caret, *_ = err.splitlines()
    assert first == "error: unknown column 'zzz'"
    assert text[caret.index("^") : caret.rindex("^") + 1] == "zzz"


def test_a_word_alone_is_what_changed_of_it_in_a_table_and_in_csv(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("diff", "lenet-5", "squeezenet1.1", "--no-verify", "--columns", "macs")
    _, out, _ = ran(capsys, *words, "-f", "csv")
    assert out.splitlines()[:2] == ["level,name,change.macs", "total,squeezenet1.1,348735416"]
    _, out, _ = ran(capsys, *words)
    assert out.splitlines()[2].split() == ["operation", "MACs"]


@pytest.mark.parametrize(
    ("line", "column"),
    [("compare 8:16 @9 k3 --no-verify", "applicable"), ("reconcile lenet-5 --no-verify", "versions")],
)
def test_what_csv_alone_has_is_said_to_be_there(line: str, column: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A table has marks and notes for it; the remedy works as it stands."""
    code, out, err = ran(capsys, *line.split(), "--columns", column)
    assert (code, out) == (2, "")
    assert err.splitlines()[0] == f"error: a table has no column '{column}'"
    assert "--format csv has it" in err
    code, out, _ = ran(capsys, *line.split(), "--columns", column, "--format", "csv")
    assert (code, out.splitlines()[0].split(",")[-1]) == (0, column)


def test_all_columns_are_those_of_csv(capsys: pytest.CaptureFixture[str]) -> None:
    _, every, _ = ran(capsys, "network", "lenet-5", "--no-verify", "-f", "csv")
    _, all_of_them, _ = ran(capsys, "network", "lenet-5", "--no-verify", "-f", "csv", "--columns", "all")
    assert all_of_them == every


def test_a_column_that_the_width_leaves_out_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """In one line; where the width holds all, and in a file, nothing is left out."""
    said = "· left out for width: output, effective MACs, traffic and FLOPs / byte"
    words = ("compare", "64:128", "@56", "k3", "--no-verify")
    monkeypatch.setenv("COLUMNS", "64")
    _, narrow, _ = ran(capsys, *words)
    assert said in " ".join(narrow.split())
    assert ran(capsys, *words, "-o", str(tmp_path / "x.txt")) == (0, "", "")
    assert "/ byte" in (tmp_path / "x.txt").read_text("utf-8")
    monkeypatch.setenv("COLUMNS", "100")
    _, wide, _ = ran(capsys, *words)
    assert "left out" not in wide


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("compare 64:128 @56 k3 --no-verify", "grouped"),
        ("network lenet-5 --no-verify", "activation memory, step by step"),
        ("explain grouped", "multiply-adds, by kernel size"),
        ("swap lenet-5 --to grouped --where k5 --no-verify", "before"),
    ],
)
def test_plot_draws_below_the_table(line: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a library; the table is as it was."""
    _, alone, _ = ran(capsys, *line.split())
    _, both, _ = ran(capsys, *line.split(), "--plot")
    assert both.startswith(alone)
    assert said in both[len(alone) :]
    assert "█" in both[len(alone) :]


@pytest.mark.parametrize("words", [("-f", "json"), ("-o", "x.csv"), ("-o", "x.md")])
def test_plot_beside_what_has_no_picture_is_a_conflict(
    words: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = ran(capsys, "compare", "8:16", "@9", "k3", "--no-verify", "--plot", *words)
    assert (code, out, [*tmp_path.iterdir()]) == (2, "", [])
    assert err.startswith("error: --plot draws below a table; ")
