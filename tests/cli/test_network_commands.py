"""`network`, `zoo`, `swap` and `compare --in` as somebody types them."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from schema import VALID

from convcost.cli.main import run
from convcost.networks.zoo import FOLDER, zoo_names

TINY = "# source: nobody\ninput 3 @32\ndefault norm relu\nstandard 8 k3 s2\nglobal-average-pool\nlinear 10 bias\n"


class Ran(NamedTuple):
    """What a command line did."""

    code: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture
def convcost(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command line given as words."""

    def go(*words: str, stdin: str = "", columns: int = 100) -> Ran:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        monkeypatch.setenv("COLUMNS", str(columns))
        code = run(list(words))
        return Ran(code, *capsys.readouterr())

    return go


def document(ran: Ran) -> dict[str, Any]:
    """The JSON of an answer, which follows the schema."""
    assert (ran.code, ran.err) == (0, "")
    found: dict[str, Any] = json.loads(ran.out)
    assert [error.message for error in VALID.iter_errors(found)] == []
    return found


@pytest.mark.parametrize("format", ["json", "ndjson"])
@pytest.mark.parametrize("verify", ["--verify", "--no-verify"])
def test_a_network_in_json_follows_the_schema(convcost: Run, format: str, verify: str) -> None:
    """Executed or not."""
    found = document(convcost("network", "squeezenet1.1", "--format", format, verify))
    assert (found["name"], found["input"], found["status"], found["unknown"]) == (
        "squeezenet1.1", [1, 3, 224, 224], "complete", [],
    )  # fmt: skip
    assert (found["total"]["params"], found["total"]["macs"]) == (1_235_496, 349_151_936)
    assert sum(layer["macs"] for layer in found["layers"]) == found["total"]["macs"]
    assert sum(layer["share"]["macs"] for layer in found["layers"]) == pytest.approx(1)
    assert found["verified"]["status"] == ("verified" if verify == "--verify" else "skipped")


def test_input_width_batch_and_dtype_are_chosen_on_the_command_line(convcost: Run) -> None:
    """Tokens over those of the file."""
    words = ("network", "mobilenet-v1", "--width", "0.75", "@192", "--batch", "2", "fp16", "--no-verify", "-f", "json")
    found = document(convcost(*words))
    assert (found["input"], found["dtype"]) == ([2, 3, 192, 192], "fp16")
    assert found["total"]["weight_bytes"] == 2 * found["total"]["params"]


def test_a_file_and_standard_input_are_read(convcost: Run, tmp_path: Path) -> None:
    """The same network, by its path and by -."""
    path = tmp_path / "tiny.txt"
    path.write_text(TINY)
    by_path = document(convcost("network", str(path), "-f", "json"))
    by_pipe = document(convcost("network", "-", "-f", "json", stdin=TINY))
    assert by_path["total"] == by_pipe["total"]
    assert (by_path["name"], by_pipe["name"], by_path["source"]) == (str(path), "standard input", "nobody")


def test_csv_has_a_line_a_layer(convcost: Run) -> None:
    """The whole first; shapes and words as in compare's CSV."""
    ran = convcost("network", "-", "--per-layer", "--format", "csv", stdin=TINY)
    rows = list(csv.DictReader(io.StringIO(ran.out)))
    assert [(row["level"], row["op"]) for row in rows] == [
        ("total", ""), ("layer", "conv"), ("layer", "batch-norm"), ("layer", "activation"), ("layer", "adaptive-pool"),
        ("layer", "linear"),
    ]  # fmt: skip
    assert sum(int(row["macs"]) for row in rows[1:]) == int(rows[0]["macs"])
    kinds = csv.DictReader(io.StringIO(convcost("network", "-", "--format", "csv", stdin=TINY).out))
    assert [row["level"] for row in kinds] == ["total"] + ["op"] * 5


@pytest.mark.parametrize("columns", [80, 100])
@pytest.mark.parametrize("words", [("network", "resnet50"), ("zoo",), ("network", "resnet50", "--timeline"),
                                   ("network", "resnet50", "--per-layer"),
                                   ("swap", "resnet50", "--to", "bottleneck")])  # fmt: skip
def test_tables_fit_the_terminal(convcost: Run, words: tuple[str, ...], columns: int) -> None:
    """Nothing is wider than it."""
    verify = () if words == ("zoo",) else ("--no-verify",)
    ran = convcost(*words, *verify, columns=columns)
    assert ran.code == 0
    assert max(map(len, ran.out.splitlines())) <= columns


def test_the_table_says_where_the_peak_is_and_what_was_executed(convcost: Run) -> None:
    """Under the totals, with what is alive there and the memory of training piece by piece."""
    out = " ".join(convcost("network", "resnet50").out.split())
    assert "peak 6.89 MiB at step 13 of 175, stage1.1.projection; alive there: max-pool 784 KiB" in out
    assert "24 for 54 convolutions and matrix products" in out
    assert "the whole network at 1x3x32x36" in out
    assert "gradients 97.5 MiB, optimiser state momentum 97.5 MiB, adam 195.0 MiB (SGD none)" in out


def test_markdown_is_a_table(convcost: Run) -> None:
    """With every column."""
    out = convcost("network", "resnet50", "--no-verify", "--format", "markdown").out
    assert out.startswith("**resnet50** · 3x224x224 · fp32 · batch 1")
    assert "| MACs share (%) |" in out


def test_the_timeline_marks_the_peak_once(convcost: Run) -> None:
    """At the step that the table names; drawn for the terminal only."""
    ran = convcost("network", "resnet50", "--no-verify", "--timeline")
    (line,) = [line for line in ran.out.splitlines() if "◀ peak" in line]
    assert line.split()[0] == "stage1.1.projection"
    assert convcost("network", "resnet50", "--timeline", "--format", "json").code == 2


def test_the_zoo_lists_every_network_with_its_source(convcost: Run) -> None:
    """Table and JSON."""
    found = document(convcost("zoo", "--format", "json"))
    assert [network["name"] for network in found["networks"]] == zoo_names()
    table = convcost("zoo").out
    assert all(name in table for name in zoo_names())
    assert "He et al. 2015" in table


def test_swap_gives_before_after_and_ratio(convcost: Run) -> None:
    """The example of the README, verified."""
    found = document(convcost("swap", "resnet50", "--to", "depthwise-separable", "--where", "k3", "-f", "json"))
    assert (found["before"]["macs"], found["after"]["macs"]) == (4_089_184_256, 2_457_435_648)
    assert found["relative"]["macs"] == 2_457_435_648 / 4_089_184_256
    assert (len(found["replaced"]), found["left"]) == (16, [])
    assert {side["status"] for side in found["verified"].values()} == {"verified"}
    rows = list(csv.DictReader(io.StringIO(convcost("swap", "vgg11", "--to", "grouped", "-f", "csv").out)))
    assert [row["network"] for row in rows] == ["before", "after"]
    assert "left alone" in convcost("swap", "vgg11", "--to", "grouped", "--no-verify").out


def test_a_layer_of_a_network_is_compared(convcost: Run) -> None:
    """By the name that --per-layer shows, with its norm and activation, at the input that is asked for."""
    ran = convcost("compare", "--in", "resnet50", "--layer", "stage2.1.conv", "@112", "-f", "json", "--no-verify")
    spec = json.loads(ran.out)["spec"]
    assert (spec["in_channels"], spec["input_size"], spec["stride"]) == (128, [28, 28], [2, 2])
    assert (spec["norm"], spec["activation"]) == (True, "relu")
    assert "stage2.1.reduce" in convcost("compare", "--in", "resnet50", "--layer", "stage2.1").err
    assert "convcost network resnet50 --per-layer shows" in convcost("compare", "--in", "resnet50", "--layer", "s").err
    assert convcost("compare", "--in", "resnet50").code == convcost("compare", "--layer", "x").code == 2
    assert convcost("compare").code == 2


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("network", "resnet51"), "did you mean resnet"),
        (("network", "no/such/file.txt"), "no network and no file"),
        (("network", "/"), "/ is a directory"),
        (("network", "\x1b[2J"), "no network and no file"),
        (("network", "resnet50", "k3"), "does not belong here"),
        (("network", "resnet50", "@5"), "line 5, column"),
        (("network", "resnet50", "--width", "0.5"), "has no width"),
        (("swap", "resnet50", "--to", "depthwise"), "unknown variant"),
        (("swap", "resnet50", "--to", "grouped", "--where", "q=3"), "unknown token"),
        (("swap", "resnet50", "--to", "grouped", "--where", "k3 macs>"), "one compares macs>1%"),
        (("swap", "resnet50", "--to", "grouped", "--where", "q"), "resnet50 has no layer 'q'"),
    ],
)
def test_bad_input_is_told_in_a_few_lines(convcost: Run, words: tuple[str, ...], message: str) -> None:
    """Exit code 2, on stderr."""
    ran = convcost(*words)
    if words[-1] == "@5":  # everything pads, so that even this is an answer
        assert ran.code == 0
        return
    assert (ran.code, ran.out) == (2, "")
    assert message in ran.err
    assert "Traceback" not in ran.err
    assert "\x1b" not in ran.err


def test_an_execution_that_contradicts_exits_1_with_both_numbers(convcost: Run) -> None:
    """On stderr, and in the table."""
    from convcost.checks.broken_rules import BROKEN_RULES
    from convcost.checks.selftest import broken

    (rule,) = [rule for rule in BROKEN_RULES if rule.name == "params: groups forgotten"]
    with broken(rule):
        ran = convcost("network", "mobilenet-v1")
    assert ran.code == 1
    assert "depthwise-separable1.depthwise: params is 9216 by analysis, 288 as executed" in ran.err
    assert "✗" in ran.out


def test_json_without_verification_loads_neither_numpy_nor_rich() -> None:
    """Held by what a fresh process has loaded."""
    code = (
        "import sys; from convcost.cli.main import run; "
        "assert run(['network', 'resnet50', '--no-verify', '--format', 'json']) == 0; "
        "sys.exit(any(name in sys.modules for name in ('numpy', 'rich.table', 'rich.console')))"
    )
    assert subprocess.run([sys.executable, "-c", code], stdout=subprocess.DEVNULL, check=False).returncode == 0


def test_the_zoo_is_data_of_the_package() -> None:
    """Files beside the code, which the wheel takes with it."""
    files = {path.stem for path in FOLDER.glob("*.txt")}
    assert files <= {*zoo_names()}
    assert {name for name in zoo_names() if name not in files} == {f"efficientnet-b{n}" for n in range(1, 8)}


def test_the_file_of_a_built_in_network_is_printed(convcost: Run, tmp_path: Path) -> None:
    """To be changed and read back; under another of its names with what belongs to that; by any spelling."""
    assert convcost("zoo", "resnet50").out == (FOLDER / "resnet50.txt").read_text("utf-8")
    three = convcost("zoo", "EfficientNet_B3")
    assert three.code == 0
    told = convcost("network", "-", "--no-verify", "--format", "json", stdin=three.out)
    assert json.loads(told.out)["total"]["params"] == 12_233_232
    path = tmp_path / "mine.txt"
    assert convcost("zoo", "vgg16", "--output", str(path)).code == 0
    assert path.read_text("utf-8") == (FOLDER / "vgg16.txt").read_text("utf-8")
    unknown = convcost("zoo", "resnet5O")
    assert (unknown.code, "did you mean resnet50?" in unknown.err) == (2, True)
    assert convcost("zoo", "vgg16", "--format", "json").code == 2


def test_a_network_is_written_as_text(convcost: Run) -> None:
    """The way the command line asks for it: size, batch, multipliers."""
    text = convcost("network", "mobilenet-v1", "@64", "n2", "--width", "0.5", "--as-text").out
    assert text.splitlines()[1] == "input 3 @64 n2"
    back, own = (
        json.loads(convcost("network", *words, "--no-verify", "--format", "json", stdin=text).out)["total"]
        for words in (("-",), ("mobilenet-v1", "@64", "n2", "--width", "0.5"))
    )
    assert back == own


def test_the_depth_of_a_network_may_be_chosen(convcost: Run) -> None:
    """As its width, where it has one."""
    told = convcost("network", "efficientnet-b0", "@240", "--depth", "1.1", "--no-verify", "--format", "json")
    assert json.loads(told.out)["total"]["params"] == 7_794_184
    assert "has no depth multiplier" in convcost("network", "resnet50", "--depth", "2").err


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("--to", "ghost", "--where", "k5"), "no convolution is meant by --where 'k5'; there are k7, k3, k1"),
        (
            ("--to", "ghost", "--where", "op=9999"),
            "no convolution is meant by --where 'op=9999'; operations are op=0 to "
            "op=68, convolutions among them 0, 4, 7, 11, 14, 18, 21, 23, …",
        ),
        (("--to", "standard", "--where", "k3"), "16 are left alone: is standard already"),
        (("--to", "two-plus-one"), "16 are left alone: made for three axes: time, height and width"),
    ],
)
def test_a_swap_that_replaces_nothing_says_why_and_fails(convcost: Run, words: tuple[str, ...], reason: str) -> None:
    """The answer is there nevertheless."""
    ran = convcost("swap", "resnet18", *words, "--no-verify", "--format", "json")
    assert ran.code == 1
    assert " ".join(ran.err.split()) == f"nothing was replaced: {reason}"
    document = json.loads(ran.out)
    assert (document["replaced"], document["before"]["macs"]) == ([], document["after"]["macs"])


def test_a_swap_back_is_verified(convcost: Run) -> None:
    """MobileNet's table 4 prints 4866 M; a share chooses at a reduced input what it chose at the full one."""
    ran = convcost("swap", "mobilenet-v1", "--to", "standard", "--format", "json")
    after = json.loads(ran.out)
    assert (ran.code, after["after"]["macs"], after["verified"]["after"]["status"]) == (0, 4_867_293_184, "verified")
    shares = json.loads(convcost("swap", "resnet18", "--to", "ghost", "--where", "macs>6%", "--format", "json").out)
    assert 0 < len(shares["replaced"]) < 16
    assert shares["verified"]["after"]["wiring"]["status"] == "verified"


def test_a_layer_of_a_network_is_answered_alone(convcost: Run) -> None:
    """As `compare --in` does; a module that is one convolution may be named by itself."""
    ran = convcost("layer", "--in", "resnet50", "--layer", "stage2.1.conv", "n2", "--no-verify", "--format", "json")
    answer = json.loads(ran.out)
    assert (answer["params"], answer["spec"]["batch"], answer["spec"]["norm"]) == (147_712, 2, True)
    assert "SPEC is missing" in convcost("layer").err


#: A printed model of which one block is not known.
BLOCK = """Net(
  (stem): Conv2d(3, 8, kernel_size=(3, 3), stride=(2, 2), padding=(1, 1))
  (block): Block(
    (a): Conv2d(8, 8, kernel_size=(3, 3), padding=(1, 1))
    (b): Conv2d(8, 8, kernel_size=(3, 3), padding=(1, 1))
  )
)
"""


@pytest.mark.parametrize("per_layer", [(), ("--per-layer",)])
def test_of_a_partial_network_no_more_is_said_than_is_known(convcost: Run, per_layer: tuple[str, ...]) -> None:
    """Neither shares of MACs, nor that the whole was executed; params are all known."""
    ran = convcost("network", "-", "@3x32x32", *per_layer, "--format", "markdown", stdin=BLOCK)
    out = " ".join(ran.out.split())
    assert "100 % of the MACs counted" in out
    assert "the part that is known at 1x3x32x32" in out
    assert "the whole network" not in out
    assert ("MACs share" in out, "params share" in out) == (False, True)
    whole = convcost("network", "-", *per_layer, "--format", "markdown", stdin=TINY).out
    assert "100 % of the MACs (" in whole
    assert "the whole network at" in whole
    assert "MACs share" in whole
