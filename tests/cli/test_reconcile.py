"""`convcost reconcile` as it is typed: figures, layers, formats, exit codes, wrong input."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from schema import VALID

import convcost
from convcost.cli.main import run


def answer(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> dict[str, Any]:
    """The JSON answer, which follows the schema."""
    assert run(["reconcile", *words, "--format", "json"]) == code
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert [error.message for error in VALID.iter_errors(document)] == []
    return document


def test_the_terms_of_every_convention_add_up_to_its_figure(capsys: pytest.CaptureFixture[str]) -> None:
    """In the document, also those of each family."""
    document = answer(capsys, "resnet50", "--no-verify")
    assert len(document["conventions"]) > 25
    for one in document["conventions"]:
        if one["value"] is not None:
            assert sum([term["coefficient"] * term["amount"] for term in one["terms"]]) == one["value"]
            assert sum([part or 0 for part in one["by_family"].values()]) == one["value"]


def test_multiply_adds_are_verified_by_execution_in_this_run(capsys: pytest.CaptureFixture[str]) -> None:
    """The term says so, and so does the answer; what is only counted is said to be."""
    document = answer(capsys, "lenet-5", "416,520")
    assert document["verified"]["status"] == "verified"
    terms = {term["term"]: term["evidence"] for one in document["conventions"] for term in one["terms"]}
    assert terms["multiply-adds"] == "verified"
    assert set(terms.values()) == {"verified", "counted"}
    assert answer(capsys, "lenet-5", "--no-verify")["conventions"][0]["terms"][0]["evidence"] == "skipped"


def test_figures_are_explained_or_not_and_the_exit_code_says_which(capsys: pytest.CaptureFixture[str]) -> None:
    """A unit may stand apart; =TOOL restricts to one."""
    document = answer(capsys, "mobilenet-v2", "327.49", "M=thop", "0.32 G", "300M", "--no-verify")
    assert [one["given"] for one in document["figures"]] == ["327.49 M=thop", "0.32 G", "300M"]
    assert all(one["explanations"] for one in document["figures"])
    assert {one["convention"] for one in document["figures"][0]["explanations"]} == {"thop"}
    assert document["figures"][2]["deciding"]
    unexplained = answer(capsys, "resnet50", "1.23 G", "--no-verify", code=1)["figures"][0]
    assert (unexplained["explanations"], len(unexplained["nearest"])) == ([], 3)


@pytest.mark.parametrize("figure", ["99G", "0", "4.12 G=thop"])
@pytest.mark.parametrize("format", ["table", "markdown", "latex"])
def test_without_a_sum_there_is_no_header_of_one(figure: str, format: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The title, a line, and what there is to say."""
    assert run(["reconcile", "resnet50", figure, "--no-verify", "--format", format]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert "resnet50" in lines[0]
    assert figure in "".join(lines[1:3])
    assert not [line for line in lines if "evidence" in line or "──" in line or "tabular" in line]
    assert run(["reconcile", "resnet50", "99G", "4.12 G", "--no-verify", "--format", format]) == 1
    assert "4,117,342,184" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "own", "whose"),
    [
        (("resnet50", "4.12 GFLOPS=thop"), "not thop's (4,133,742,592)", "flopth's, mmcv's and ptflops-hooks'"),
        (("resnet50", "4.12 G=torchscan-operator-flops"), "torchscan-operator-flops has no figure; it is", "mmcv's"),
        (("resnet50", "8,267,485,184=fvcore"), "not fvcore's (4,111,512,576)", "ultralytics'"),
        (("resnet50", "8,178,476,752=fvcore"), "not fvcore's (4,111,512,576)", "twice torchinfo's"),
        (("resnet50", "3.8G=thop", "--siblings"), "not thop's (3,900,424,192 and", "ptflops-hooks' of resnet50-v1"),
    ],
)
def test_a_figure_of_another_tool_than_is_said_is_told_whose_it_is(
    words: tuple[str, ...], own: str, whose: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not explained, so exit code 1; the others stand beside it."""
    figure = answer(capsys, *words, "--no-verify", code=1)["figures"][0]
    assert figure["explanations"] == []
    assert figure["tool"] not in {one["convention"] for one in figure["others"]}
    assert run(["reconcile", *words, "--no-verify"]) == 1
    out = " ".join(capsys.readouterr().out.split())
    assert own in out
    assert whose in out.partition("it is ")[2]
    assert "no convention explains it" not in out


@pytest.mark.parametrize(
    ("words", "tool", "figure"),
    [
        (("ConvTranspose2d(16, 32, 3, stride=2, padding=1, output_padding=1)", "@14x10"), "thop", 2_580_480),
        (("64:128", "@56", "k3", "bias"), "torchinfo", 231_612_416),
        (("GroupNorm(4, 16, eps=1e-05, affine=True)", "@28x20"), "fvcore", 44_800),
        (("Linear(in_features=64, out_features=10, bias=True)",), "ptflops-aten", 650),
        (("ReLU6()", "@16x28x20"), "torchscan-flops", 17_920),
        (("Conv2d(16, 32, kernel_size=(3, 3), padding=same, dilation=(3, 3)) @28x20",), "fvcore", 0),
    ],
)
def test_layers_are_reconciled_too(
    words: tuple[str, ...], tool: str, figure: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Specs, printed convolutions, and other printed modules."""
    document = answer(capsys, *words)
    assert {one["name"]: one["value"] for one in document["conventions"]}[tool] == figure


def test_sizes_and_siblings(capsys: pytest.CaptureFixture[str]) -> None:
    """Each explanation says of which network and input it is."""
    found = answer(capsys, "resnet50", "3.8G", "--siblings", "--no-verify")["figures"][0]["explanations"]
    assert {one["network"] for one in found} == {"resnet50-v1"}
    found = answer(capsys, "resnet50", "5.34G", "--sizes", "192,256", "--no-verify")["figures"][0]["explanations"]
    assert {one["input"] for one in found} == {"256x256"}


@pytest.mark.parametrize("format", ["table", "csv", "markdown", "latex", "ndjson"])
def test_every_format_has_the_sum(format: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Of one figure, term by term."""
    assert run(["reconcile", "resnet50", "4.11 G=fvcore", "--no-verify", "--format", format]) == 0
    out = capsys.readouterr().out.replace(",", "").replace("{}", "")
    assert "4089184256" in out
    assert "22227968" in out


def test_csv_has_a_line_a_convention_in_base_units(capsys: pytest.CaptureFixture[str]) -> None:
    """With the families as columns."""
    assert run(["reconcile", "resnet50", "--no-verify", "--format", "csv"]) == 0
    rows = {row["name"]: row for row in csv.DictReader(io.StringIO(capsys.readouterr().out))}
    assert rows["fvcore"]["value"] == "4111512576"
    assert rows["fvcore"]["by_family.norms"] == "22227968"


@pytest.mark.parametrize("columns", ["80", "40", "200"])
def test_the_table_fits_and_names_every_convention(
    columns: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line a convention; versions only where they differ."""
    monkeypatch.setenv("COLUMNS", columns)
    assert run(["reconcile", "resnet50", "--no-verify"]) == 0
    out = capsys.readouterr().out
    for one in answer(capsys, "resnet50", "--no-verify")["conventions"]:
        assert one["name"] in out
    if columns != "40":
        assert max(map(len, out.splitlines())) <= int(columns)


def test_layer_by_layer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The first that differs, and the term; what agrees is named."""
    network, theirs = tmp_path / "net.txt", tmp_path / "theirs.csv"
    network.write_text("input 3 @8\nfacts\nstem: standard 4 k3 bias\nhead: standard 4 k3 bias\n")
    theirs.write_text("layer,macs\nconv1,6912\nconv2,9472\n")
    document = answer(capsys, str(network), "--per-layer", str(theirs), code=1)
    assert (document["first"], document["reason"]) == ("head", "1 × convolution bias")
    theirs.write_text("stem,7168\nhead,9472\n")
    document = answer(capsys, str(network), "--per-layer", str(theirs))
    assert document["first"] is None
    assert "torchinfo" in document["agreeing"]
    theirs.write_text("a,1\nb,2\nc,3\n")
    assert run(["reconcile", str(network), "--per-layer", str(theirs)]) == 2
    assert "no layer 'a', nor 3 layers, but 2 with" in " ".join(capsys.readouterr().err.split())


def test_a_wrong_name_of_a_layer_is_told_where_the_names_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command that lists them, which works as it stands there, and the nearest name."""
    theirs = tmp_path / "theirs.csv"
    theirs.write_text("stem,118013952\nclasifier,2048000\n")
    assert run(["reconcile", "resnet50", "@256", "--per-layer", str(theirs)]) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert "did you mean classifier?" in said
    command = said.partition("'convcost ")[2].partition("'")[0]
    assert command == "network resnet50 @256 --per-layer"
    assert run([*command.split(), "--no-verify"]) == 0
    assert "classifier" in capsys.readouterr().out
    assert run(["reconcile", "64:128", "@56", "k3", "--per-layer", str(theirs)]) == 2
    assert "convcost network" not in capsys.readouterr().err


def test_a_part_of_the_layers_earns_no_mark(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is said how many were compared, in words and in JSON; with all of them there is the mark."""
    network, theirs = tmp_path / "net.txt", tmp_path / "theirs.csv"
    network.write_text("input 3 @8\nfacts\nstem: standard 4 k3 bias\nhead: standard 4 k3 bias\n")
    theirs.write_text("stem,6912\n")
    document = answer(capsys, str(network), "--per-layer", str(theirs))
    assert (document["products"], document["not_in_file"]) == (2, ["head"])
    assert run(["reconcile", str(network), "--per-layer", str(theirs)]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "1 of 2 convolutions and matrix products compared; 1 not in the file: head" in out
    assert "✓" not in out
    theirs.write_text("stem,6912\nhead,9216\n")
    assert answer(capsys, str(network), "--per-layer", str(theirs))["not_in_file"] == []
    assert run(["reconcile", str(network), "--per-layer", str(theirs)]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "✓ every layer agrees with multiply-adds" in out
    assert "not in the file" not in out


def test_our_own_csv_is_read_and_agrees(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All operations, with the totals above them."""
    ours = tmp_path / "ours.csv"
    assert run(["network", "resnet18", "--per-layer", "--no-verify", "--output", str(ours)]) == 0
    capsys.readouterr()
    document = answer(capsys, "resnet18", "--per-layer", str(ours))
    assert (document["convention"], document["first"]) == ("multiply-adds", None)
    assert {one["layer"] for one in document["layers"]} >= {"stem", "flatten"}


def test_a_convention_beside_ours_in_commands_that_print_macs(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole is the sum of its layers; the zoo, which is small here, and a swap have it, too."""
    monkeypatch.setattr("convcost.answers.opening.zoo_names", lambda: ["resnet50", "vgg16"])
    assert run(["network", "vgg16", "--convention", "thop", "--no-verify", "--format", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [error.message for error in VALID.iter_errors(document)] == []
    assert document["convention"]["value"] == 15_470_314_496
    assert sum([layer["convention"] for layer in document["layers"]]) == 15_470_314_496
    assert run(["zoo", "--convention", "fvcore", "--format", "json"]) == 0
    zoo = {one["name"]: one["convention"] for one in json.loads(capsys.readouterr().out)["networks"]}
    assert zoo["resnet50"] == 4_111_512_576
    swapped = ["swap", "resnet18", "--to", "depthwise-separable", "--convention", "thop", "--no-verify"]
    assert run([*swapped, "--format", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["convention"]["before"]["value"] == 1_824_033_792
    for words in (["network", "vgg16", "--no-verify"], ["zoo"], [*swapped[:-3], "--no-verify"]):
        assert run([*words, "--convention", "thop"]) == 0
        assert "thop" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["compare", "layer"])
def test_a_convention_beside_ours_in_every_row_of_a_layer(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """In JSON with its terms, in CSV and tables as a column, of operations the figure; it is what reconcile says."""
    words = [command, "64:64", "@28", "k3", "bias", "--no-verify", "--convention", "ptflops-pytorch@0.7.4"]
    every = [*words, "--variants", "all", "--activation", "silu"] if command == "compare" else words
    assert run([*every, "--format", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [error.message for error in VALID.iter_errors(document)] == []
    rows = [row for row in document.get("rows", [document]) if row["applicable"]]
    assert {row["convention"]["versions"] for row in rows} == {"0.7.0 to 0.7.4"}
    assert all(row["convention"]["value"] == sum([op["convention"] for op in row["ops"]]) for row in rows)
    assert run([*words, "--format", "csv", "--columns", "macs"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "variant,macs,convention"
    there = answer(capsys, "64:64", "@28", "k3", "bias", "--no-verify", "--convention", "ptflops-pytorch@0.7.4")
    assert lines[1].split(",")[1:] == ["28901376", str(there["conventions"][0]["value"])]
    for format in ("table", "markdown", "latex"):
        assert run([*words, "--format", format]) == 0
        assert "ptflops-pytorch@0.7.4" in capsys.readouterr().out


def test_a_row_for_which_a_tool_has_no_figure_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    """Never 0."""
    assert (
        run(["layer", "8:8", "@9", "k3", "--activation", "silu", "--no-verify", "--convention", "torchscan-macs"]) == 0
    )
    out = capsys.readouterr().out
    assert "torchscan-macs gives no total where there is a SiLU" in out
    assert "–" in out


@pytest.mark.parametrize(
    ("convention", "remedy"),
    [("thop@9", "0.0.31 to 0.1.1"), ("ptflops-pytorch@new", "0.7.0 to 0.7.4, 0.7.5 and later"), ("thopp", "thop")],
)
@pytest.mark.parametrize(
    "words", [("compare", "8:8", "@9", "k3"), ("layer", "-"), ("network", "lenet-5"), ("reconcile", "lenet-5")], ids=str
)
def test_a_convention_or_version_that_there_is_not_is_bad_input(
    words: tuple[str, ...], convention: str, remedy: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before anything is answered, with the versions that there are."""
    assert run([*words, "--no-verify", "--convention", convention]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert remedy in captured.err


def test_the_list_has_versions_words_and_sources(capsys: pytest.CaptureFixture[str]) -> None:
    """Of each convention."""
    found = answer(capsys, "--list")["conventions"]
    assert all(one["source"] and one["versions"] and one["calls_it"] for one in found)
    assert run(["reconcile", "--list"]) == 0
    assert "fvcore" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "nothing to reconcile"),
        (("resnet5",), "resnet50"),
        (("resnet50", "4.12 G=fvcor"), "fvcore"),
        (("resnet50", "4,12 G"), "4,12"),
        (("resnet50", ""), "'' is no figure"),
        (("resnet50", "4.12 G", " "), "' ' is no figure"),
        (("64:128", "@56", "k3", ""), "'' is no figure"),
        (("",), "no network"),
        (("resnet50", "--convention", "thopp"), "thop"),
        (("resnet50", "4.12 G=thop@7"), "0.0.31 to 0.1.1"),
        (("resnet50", "4 G", "--sizes", "big"), "no size"),
        (("resnet50", "--per-layer", "nowhere.csv"), "nowhere.csv cannot be read"),
        (("resnet50", "--per-layer", "."), "cannot be read"),
        (("ReLU6()",), "the size of its input"),
        (("MaxPool2d(3)", "@28x20"), "CxHxW"),
        (("LayerNorm(8)", "@16x28x20"), "it takes 8 at the end"),
        (("Upsample(mode=bicubic)", "@16x28x20"), "cannot be read"),
        (("Transformer(8)", "@16"), "not known here"),
        (("Conv2d(16, 32, 3)",), "@"),
    ],
)
def test_wrong_input_is_pointed_at_with_a_remedy(
    words: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2, also where a file cannot be read; no traceback."""
    assert run(["reconcile", *words]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert said in captured.err
    assert "Traceback" not in captured.err


def test_from_python() -> None:
    """The same answer, whose table `print` shows."""
    found = convcost.reconcile("resnet50", "4.12 G", verify=False)
    assert {one.convention.name for one in found.figures[0].explanations} >= {"ptflops-hooks"}
    assert "ptflops-hooks" in str(found)
    assert convcost.reconcile("Linear(64, 10)").executed == "verified"
    assert convcost.reconcile("resnet50", "3.8 G", siblings=True, verify=False).figures[0].explanations
    assert "fvcore" in str(convcost.reconcile("resnet50", verify=False))
    with pytest.raises(ValueError, match="no figure"):
        convcost.reconcile("resnet50", "four")
