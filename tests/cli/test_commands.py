"""The commands as somebody types them, in this process: what they print, where, and their exit codes."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from convcost.cli.main import run
from convcost.variants.registry import all_variants, shown_variants


class Ran(NamedTuple):
    """What a command line did."""

    code: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture
def convcost(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command line given as words; `stdin` is bytes or text."""

    def go(*words: str, stdin: str | bytes = b"") -> Ran:
        raw = stdin.encode() if isinstance(stdin, str) else stdin
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(raw)))
        monkeypatch.setenv("COLUMNS", "100")
        code = run(list(words))
        return Ran(code, *capsys.readouterr())

    return go


def rows_of(ran: Ran) -> dict[str, Any]:
    """Rows of a comparison in JSON by variant."""
    return {row["variant"]: row for row in json.loads(ran.out)["rows"]}


def test_compare_prints_every_variant_and_executes_each(convcost: Run) -> None:
    """The first example of the README: all rows, all of them verified at full size."""
    ran = convcost("compare", "64:128", "@56", "k3", "--format", "json")
    assert (ran.code, ran.err) == (0, "")
    rows = rows_of(ran)
    assert list(rows) == shown_variants(2)
    assert {(row["verified"]["status"], row["verified"]["size"]) for row in rows.values()} == {("verified", "full")}


@pytest.mark.parametrize("command", ["layer", "compare", "explain standard"])
@pytest.mark.parametrize("comment", ["# stem", "// stem", "# k5 @9"])
def test_a_comment_ends_with_the_word_it_stands_in(convcost: Run, command: str, comment: str) -> None:
    """What is given behind it as a word of its own still counts, and a mistake there is found."""
    conv, quiet = "nn.Conv2d(3, 64, 7, 2, 3)", ["--no-verify"] * ("explain" not in command)
    ran = convcost(*command.split(), f"{conv}  {comment}", "@24", *quiet, "--format", "json")
    assert ran == convcost(*command.split(), conv, "@24", *quiet, "--format", "json")
    assert ran.code == 0
    wrong = convcost(*command.split(), f"{conv}  {comment}", "@24", "q7", *quiet)
    assert (wrong.code, "unknown token 'q7'" in wrong.err) == (2, True)


def test_a_spec_may_be_one_word_or_many(convcost: Run) -> None:
    """Quoted or not, the same answer."""
    words = convcost("compare", "64:128", "@9", "k3", "--no-verify")
    assert convcost("compare", "64:128 @9 k3", "--no-verify") == words


def test_a_printed_pytorch_line_takes_the_size_beside_it(convcost: Run) -> None:
    """PyTorch's line does not say the input size."""
    line = "Conv2d(64, 128, kernel_size=(3, 3), stride=(2, 2), padding=(1, 1), bias=False)"
    ran = convcost("compare", line, "@56", "--format", "json", "--no-verify")
    assert rows_of(ran)["standard"]["output_shape"] == [1, 128, 28, 28]


def test_every_flag_reaches_the_answer(convcost: Run) -> None:
    """Norm, activation, shortcut, in-place off."""
    words = ("compare", "64:64", "@9x7", "k3", "--norm", "--activation", "relu", "--residual", "--no-inplace")
    ran = convcost(*words, "--format", "json")
    assert ran.code == 0
    standard = rows_of(ran)["standard"]
    assert [op["op"] for op in standard["ops"]] == ["conv", "batch-norm", "add", "activation"]
    assert standard["settings"]["shortcut"] == "identity"
    assert standard["activation_bytes"] == 4 * 4 * 64 * 9 * 7
    assert standard["verified"]["status"] == "verified"


def test_the_residual_flag_shows_what_a_shortcut_costs_in_peak_memory(convcost: Run) -> None:
    """One convolution's peak is its input and output; the shortcut adds nothing while both are alive anyway."""
    plain = rows_of(convcost("compare", "64:64", "@56", "k3", "--format", "json", "--no-verify"))
    residual = rows_of(convcost("compare", "64:64", "@56", "k3", "--format", "json", "--no-verify", "--residual"))
    tensor = 64 * 56 * 56 * 4
    assert plain["depthwise-separable"]["peak_bytes"] == 2 * tensor
    assert residual["depthwise-separable"]["peak_bytes"] == 3 * tensor
    assert residual["standard"]["peak_bytes"] == 2 * tensor


def test_variants_baseline_and_columns_choose(convcost: Run) -> None:
    """Only the rows asked for, related to the baseline asked for, with the columns asked for."""
    ran = convcost("compare", "64:128", "@56", "k3", "--variants", "grouped,standard", "--baseline", "grouped",
                   "--columns", "macs,relative.macs", "--format", "csv", "--no-verify")  # fmt: skip
    assert ran.out == "variant,macs,relative.macs\ngrouped,7225344,1.0\nstandard,231211008,32.0\n"


def test_a_work_limit_reduces_the_size_that_is_executed(convcost: Run) -> None:
    """Above the limit the row says at which size it was executed."""
    ran = convcost("compare", "512:512", "@14", "k3", "--verify-limit", "1000000", "--format", "json")
    verified = rows_of(ran)["standard"]["verified"]
    assert (ran.code, verified["status"]) == (0, "reduced")
    assert set(verified["size"]) == {"in_channels", "out_channels", "groups", "input_size", "batch"}
    assert verified["size"]["input_size"][0] != verified["size"]["input_size"][1]


def test_without_verification_rows_say_so(convcost: Run) -> None:
    """Not executed is not verified."""
    ran = convcost("compare", "64:128", "@56", "k3", "--no-verify")
    assert "not verified" in ran.out
    rows = rows_of(convcost("compare", "64:128", "@56", "k3", "--no-verify", "--format", "json"))
    assert {row["verified"]["status"] for row in rows.values()} == {"skipped"}


def test_a_mismatch_shows_both_numbers_and_exits_1(convcost: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong rule is found in the run in which it is used."""
    from convcost.analysis import cost

    right = cost.params
    monkeypatch.setattr(cost, "params", lambda op: right(op) + 1)
    ran = convcost("compare", "4:6", "@7x5", "k3", "--variants", "standard", "--format", "json")
    assert ran.code == 1
    assert "params is 217 by analysis, 216 as executed" in ran.err
    assert rows_of(ran)["standard"]["verified"]["checks"]["params"] == {"expected": 217, "measured": 216, "ok": False}


def test_a_batch_answers_the_good_lines_and_names_the_bad_one(convcost: Run) -> None:
    """Blank lines and comments count as lines and are skipped."""
    text = "# two\n64:128 @56 k3\n\n64:128 @56 q3\n3:64 @224 k7 s2\n"
    ran = convcost("compare", "-", "--format", "ndjson", "--no-verify", stdin=text)
    first, second, third = (json.loads(line) for line in ran.out.splitlines())
    assert ran.code == 2
    assert (first["spec"]["in_channels"], third["spec"]["in_channels"]) == (64, 3)
    assert (second["error"]["line"], second["error"]["column"]) == (4, 12)
    assert "line 4" in ran.err
    assert "q3" in ran.err


def test_a_batch_in_json_is_an_array(convcost: Run) -> None:
    """One document a good line; an empty batch is an empty array."""
    ran = convcost("layer", "-", "--format", "json", "--no-verify", stdin="64 @9 k3\nbad\n8 @9 k1\n")
    assert [document["spec"]["in_channels"] for document in json.loads(ran.out)] == [64, 8]
    assert ran.code == 2
    assert json.loads(convcost("layer", "-", "--format", "json", stdin="").out) == []


def test_a_batch_reads_text_json_and_pytorch_lines(convcost: Run) -> None:
    """Three notations of one layer, one answer."""
    lines = (
        "64:64 @56 k3 g64",
        '{"in_channels": 64, "kernel_size": 3, "input_size": 56, "groups": 64}',
        "(conv): Conv2d(64, 64, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1), groups=64, bias=False) @56",
    )
    ran = convcost("layer", "-", "--format", "ndjson", stdin="\n".join(lines))
    documents = ran.out.splitlines()
    assert len(documents) == 3
    assert len(set(documents)) == 1
    assert json.loads(documents[0])["macs"] == 1806336


@pytest.mark.parametrize("raw", [b"\xff\xfe\x00\x01binary\n", b"\x00" * 100, "64:128 @56 k３".encode()])
def test_binary_input_is_bad_input(convcost: Run, raw: bytes) -> None:
    """No traceback, exit code 2."""
    ran = convcost("layer", "-", "--format", "ndjson", stdin=raw)
    assert ran.code == 2
    assert ran.err.startswith("error: line 1: ")


def test_csv_of_a_batch_has_one_header(convcost: Run) -> None:
    """Field names as in JSON, dotted, and a line a row."""
    ran = convcost("compare", "-", "--format", "csv", "--no-verify", stdin="64:128 @56 k3\n3:64 @224 k7 s2\n")
    rows = list(csv.DictReader(io.StringIO(ran.out)))
    assert len(rows) == 2 * len(shown_variants(2))
    assert rows[0]["spec"] == "64:128 @56 k3"
    assert rows[0]["relative.macs"] == "1.0"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("compare", "64:128", "@56", "q3"), "q3"),
        (("compare", "64:128", "@56", "k3", "--variants", "standard,deptwise"), "did you mean depthwise?"),
        (("compare", "64:128", "@56", "k3", "--baseline", "standart"), "did you mean standard?"),
        (("compare", "64:128", "@56", "k3", "--columns", "mac"), "did you mean macs?"),
        (("compare", "64:128", "@56", "k3", "--columns", "foo"), "there are variant, "),
        (("compare", "64:128", "@56", "k3", "--format", "xml"), "xml"),
        (("compare", "64:128", "@56", "k3", "--activation", "relu7"), "relu7"),
        (("compare", "64:128", "@56", "k3", "--frobnicate"), "--frobnicate"),
        (("compare",), "SPEC"),
        (("compore", "64:128"), "did you mean compare?"),
    ],
)
def test_bad_input_is_named_with_its_remedy(convcost: Run, words: tuple[str, ...], says: str) -> None:
    """Exit code 2, nothing on stdout, one look for all errors."""
    ran = convcost(*words)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("error: ")
    assert says in ran.err


def test_an_error_points_at_the_token(convcost: Run) -> None:
    """A caret under the whole token and nothing else."""
    ran = convcost("compare", "64:128", "@56", "k3", "g3")
    lines = ran.err.splitlines()
    assert lines[1].strip() == "64:128 @56 k3 g3"
    assert lines[2] == " " * lines[1].index("g3") + "^^"


def test_variants_are_listed_one_a_line(convcost: Run) -> None:
    """Name, role and structure."""
    lines = convcost("variants").out.splitlines()
    assert [line.split()[0] for line in lines] == list(all_variants())


def test_the_tool_alone_says_what_one_can_do(convcost: Run) -> None:
    """At most eight lines, three examples."""
    lines = convcost().out.splitlines()
    assert len(lines) <= 8
    assert len([line for line in lines if line.startswith("  convcost ")]) == 3


def test_python_m_runs_the_same_program() -> None:
    """`python -m convcost` is the entry point too."""
    command = [sys.executable, "-m", "convcost", "compare", "64:128", "@56", "k3", "--format", "json", "--no-verify"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["schema"] == "convcost/2"


@pytest.mark.parametrize("command", ["compare", "layer"])
@pytest.mark.parametrize("text", [b"", b"\n# nothing\n\n"])
def test_standard_input_without_a_layer_is_bad_input(
    command: str, text: bytes, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And is said to be, whatever the format is."""
    for format in ("table", "json", "csv"):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text)))
        assert run([command, "-", "--format", format]) == 2
        assert capsys.readouterr().err.startswith("error: there is no layer on standard input\n")
