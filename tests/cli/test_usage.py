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
    line: str, message: str, token: str, hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """On standard error, with exit code 2; the carets are under the token, or behind the end."""
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
