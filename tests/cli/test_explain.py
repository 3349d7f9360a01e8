"""`convcost explain` as somebody types it."""

from __future__ import annotations

import json
import subprocess
import sys

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
    assert (code, err, document["schema"]) == (0, "", "convcost/1")
    assert document["explanations"][0]["macs"]["ratio"]["numbers"] == "1/128 + 1/9"


def test_text_and_table_are_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    assert ran(capsys, "grouped", "--format", "table") == ran(capsys, "grouped")


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


def test_a_terminal_without_unicode_gets_ascii() -> None:
    """What it cannot print is replaced, character for character, so that columns stay."""
    command = [sys.executable, "-m", "convcost", "explain", "basic-block"]
    done = subprocess.run(command, capture_output=True, check=True, env={"PYTHONIOENCODING": "ascii"})
    assert b"9*Cin*Cout" in done.stdout
    assert b"?" not in done.stdout
