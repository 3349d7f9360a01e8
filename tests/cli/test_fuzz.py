"""Whatever comes in, as arguments or on standard input: an answer or a short error, never a traceback, and soon."""

from __future__ import annotations

import contextlib
import io
import sys
import time
from unittest.mock import patch

import pytest
from cli.bounded import SLACK
from hypothesis import given, settings
from hypothesis import strategies as st
from spec.spec_cases import broken_lines

from convcost.cli.main import COMMANDS, run

SIZE = 65536

NOTATION = st.text("0123456789x-:@=kspdgemnt ()[]{}\",'.\n#", max_size=200)
OPTIONS = st.sampled_from([
    "--variants", "--baseline", "--columns", "--format", "-f", "--activation", "--verify-limit", "--per-op", "--norm",
    "--residual", "--exact", "--no-inplace", "--in", "--layer", "json", "csv", "latex", "ndjson", "standard", "macs,,",
    ",", "", "-", "--", "relu", "resnet50", "1e9", "\x00", "\ud800", "64:128", "@56", "k3",
])  # fmt: skip


def answers(words: list[str], stdin: bytes = b"") -> tuple[int, str, str]:
    """Exit code and both outputs; whatever is raised goes through."""
    out, err = io.StringIO(), io.StringIO()
    given = io.TextIOWrapper(io.BytesIO(stdin))
    with patch.object(sys, "stdin", given), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        return run(words), out.getvalue(), err.getvalue()


def holds(words: list[str], stdin: bytes = b"") -> None:
    """What must be true of every command line and every input."""
    code, _, err = answers(words, stdin)
    assert code in (0, 2)
    assert (code == 2) == ("error: " in err)
    assert "Traceback" not in err


@settings(max_examples=60)
@given(st.binary(max_size=400) | NOTATION.map(str.encode), st.sampled_from(["json", "ndjson", "csv", "latex", "table"]))
def test_any_bytes_on_standard_input_are_answered(raw: bytes, format: str) -> None:
    """Lines that are layers, and lines that are not."""
    holds(["layer", "-", "--no-verify", "--format", format], raw)


@settings(max_examples=60)
@given(st.lists(broken_lines(), max_size=5))
def test_lines_a_little_broken_are_answered(lines: list[str]) -> None:
    """Of all three notations."""
    holds(["layer", "-", "--no-verify"], "\n".join(lines).encode("utf-8", "surrogatepass"))


@settings(max_examples=100)
@given(st.sampled_from([c for c in COMMANDS if c in ("compare", "layer", "variants", "help", "completion", "schema")]),
       st.lists(OPTIONS | st.text(max_size=12) | NOTATION, max_size=6))  # fmt: skip
def test_any_words_on_the_command_line_are_answered(command: str, words: list[str]) -> None:
    """Options, their values and specs in any order, and text that is none of them."""
    if not {"-o", "--output"} & {word[: len("--output")] for word in words} and not any("--o" in w for w in words):
        holds([command, *words, *["--no-verify"] * (command in ("compare", "layer"))])


LONG = [
    b"y" * SIZE, b"9" * SIZE, b"k" + b"3x" * (SIZE // 2), b"k3 " * (SIZE // 3), b"\x00" * SIZE, b"\xff" * SIZE,
    b"(" * SIZE, b"Conv2d(" * (SIZE // 7), b"Conv2d(" + b"1," * (SIZE // 2), b"{" * SIZE, b'{"a":' * (SIZE // 5),
    b'{"kernel_size": [' + b"1," * (SIZE // 2), b"\n" * SIZE, b"#" * SIZE, b"\r" * SIZE, b"a\n" * 2000,
]  # fmt: skip


@pytest.mark.parametrize("raw", LONG, ids=lambda raw: f"{raw[:12]!r}-{len(raw)}")
@pytest.mark.parametrize("words", [["layer", "-"], ["compare", "-"]], ids=["layer", "compare"])
def test_64_kib_of_anything_take_less_than_a_second(raw: bytes, words: list[str]) -> None:
    """On standard input."""
    start = time.process_time()
    holds([*words, "--no-verify"], raw)
    assert time.process_time() - start < SLACK


@pytest.mark.parametrize("raw", LONG[:12], ids=lambda raw: f"{raw[:12]!r}-{len(raw)}")
def test_64_kib_in_one_argument_take_less_than_a_second(raw: bytes) -> None:
    """As the shell hands them over."""
    start = time.process_time()
    holds(["layer", raw.decode("utf-8", "surrogateescape"), "--no-verify"])
    assert time.process_time() - start < SLACK


@pytest.mark.parametrize("what", ["command", "option", "variant", "column", "baseline", "topic"])
def test_a_long_unknown_name_is_a_short_error_at_once(what: str) -> None:
    """Looking for what was meant takes no time to speak of."""
    long = "standard" * (SIZE // 8)
    words = {"command": [long], "option": ["layer", "64", f"--{long}"], "topic": ["help", long],
             "variant": ["compare", "64", "--variants", long], "column": ["layer", "64", "--columns", long],
             "baseline": ["compare", "64", "--baseline", long]}[what]  # fmt: skip
    start = time.process_time()
    code, _, err = answers(words)
    assert code == 2
    assert time.process_time() - start < SLACK
    if what != "option":
        assert len(err) < 2000
