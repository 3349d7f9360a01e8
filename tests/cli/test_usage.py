"""What the option parser finds wrong looks like any other bad input: the message, the place, the remedy."""

from __future__ import annotations

import shlex

import pytest

from convcost.cli.main import COMMANDS, run
from convcost.report.formats import FORMATS

CASES = [
    ("network resnet50 --layer", "unknown option '--layer'", "--layer", "did you mean --per-layer?"),
    ("layer 64 @9 k3 --qqq=3", "unknown option '--qqq'", "--qqq", "'convcost layer --help' explains it"),
    ("compare 64 -w", "unknown option '-w'", "-w", "'convcost compare --help' explains it"),
    ("compare 64 -wx", "unknown option '-w'", "-w", "'convcost compare --help' explains it"),
    ("reconcile resnet50 -4.12G", "unknown option '-4.12G'", "-4.12G", "did you mean 4.12G?"),
    ("layer 64 @9 k3 -2", "unknown option '-2'", "-2", "did you mean 2?"),
    ("--foo", "unknown option '--foo'", "--foo", "'convcost --help' explains it"),
    ("zoo --format jsn", f"--format 'jsn' is none of {', '.join(FORMATS)}", "jsn",
     "did you mean json?"),
    ("zoo -fxml", f"--format 'xml' is none of {', '.join(FORMATS)}", "xml",
     "'convcost zoo --help' explains it"),
    ("compare 64 --verify-limit=-3", "--verify-limit '-3' is no whole number from 0 on", "-3",
     "'convcost compare --help' explains it"),
    ("network resnet50 --batch two", "--batch 'two' is no whole number from 1 on", "two",
     "'convcost network --help' explains it"),
    ("compare 64 @9 --columns", "--columns needs a value", "--columns", "'convcost compare --help' explains it"),
    ("compare 64 @9 --norm=3", "--norm takes no value", "--norm", "'convcost compare --help' explains it"),
    ("variants foo bar", "unexpected argument 'foo'", "foo", "'convcost variants --help' explains it"),
    ("zoo resnet50 vgg16", "unexpected argument 'vgg16'", "vgg16", "'convcost zoo --help' explains it"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "message", "token", "hint"), CASES, ids=[case[0] for case in CASES])
def test_the_message_the_place_and_the_remedy(
    line: str, message: str, token: str, hint: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On standard error, with exit code 2; the carets are under the token, or behind the end."""
    monkeypatch.setenv("COLUMNS", "140")  # room for the message on one line
    assert run(shlex.split(line)) == 2
    out, err = capsys.readouterr()
    assert out == ""
    first, shown, carets, last = err.splitlines()
    assert (first, shown, last) == (f"error: {message}", f"  {line}", f"  {hint}")
    start, end = carets.index("^"), len(carets)
    assert shown[start:end] == token
    assert token or start == len(shown)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_long_or_strange_option_is_a_short_error(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever a terminal would make of it."""
    assert run([command, "--\x1b[31m" + "x" * 10_000]) == 2
    err = capsys.readouterr().err
    assert err.startswith("error: unknown option ")
    assert len(err) < 500
    assert "\x1b" not in err


#: Command lines, between «» what is wrong in them.
MARKED = """
network «resnet51»
network resnet18 --width «2»
network resnet18 --input «x=1x3»
layer --in resnet18 --layer «stemm»
swap resnet18 --to grouped --where «stem,fc»
swap resnet18 --to grouped --where «'stage1 stage2'»
time 8:16 @9 k3 --device «zx81»
time --network lenet-5 --variants «grouped»
time 8:16 @9 k3 «fp16» --engine numpy
export --network lenet-5 --variant «standard» -o x.onnx
export 8 @9 k3 --variant «standard,grouped» -o x.onnx
export 8 @9 k3 --variant standard --weights «foo.txt» -o x.onnx
export 8 @9 k3 «int8» --variant standard -o x.onnx
separate sobel --macs «2»
separate sobel --macs «x»
separate sobel --error «nan»
separate sobel --error «100%»
separate «x.txt»
separate sobel --macs 0.5 --error «10%»
separate sobel --curve --macs «0.5»
reconcile resnet18 «four»
reconcile resnet18 4.1G=«thopp»
compare 8 @9 k3 --convention «nope»
compare 8 @9 k3 --plot --format «json»
compare 8 @9 k3 --where «mcas»<1
compare 8 @9 k3 --columns macs,«prams»
fit 8:16 @9 k3 --width «0.5» --macs 1M
fit resnet18 --macs 1M --width «0.5»
fit mobilenet-v1 --macs 1M --variants «grouped»
device «nvidia-t4» --calibrate
device «zx81»
explain depthwise «'3:5 @9 k3 t'»
network lenet-5 --as-text --format «json»
diff «resnet51» resnet18
sweep 8..16 @7 k3 --where macs<=«3x»
budget 8 @9 k3 --macs «3x»
"""


@pytest.mark.parametrize("line", MARKED.strip().splitlines())
def test_what_is_wrong_in_a_command_line_is_marked(
    line: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of it, and nothing else."""
    monkeypatch.setenv("COLUMNS", "200")
    assert run(shlex.split(line.replace("«", "").replace("»", ""))) == 2
    lines = capsys.readouterr().err.splitlines()
    at = next(number for number, text in enumerate(lines) if text.strip() and set(text.strip()) == {"^"})
    marked = lines[at - 1][lines[at].index("^") : lines[at].rindex("^") + 1]
    assert marked == line[line.index("«") + 1 : line.index("»")].strip("'")
