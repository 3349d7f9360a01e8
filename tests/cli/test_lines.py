"""Layers of frameworks on the command line: what is printed, in which order, and what is said beside it."""

from __future__ import annotations

import contextlib
import io
import json
import sys
from typing import Any
from unittest.mock import patch

import pytest
from tables import each

from convcost.cli.main import run

PRINT = """\
EfficientNet(
  (_conv_stem): Conv2dStaticSamePadding(
    3, 32, kernel_size=(3, 3), stride=(2, 2), bias=False
    (static_padding): ZeroPad2d(padding=(0, 1, 0, 1), value=0.0)
  )
  (_bn0): BatchNorm2d(32, eps=0.001, momentum=0.01, affine=True, track_running_stats=True)
  (features): Sequential(
    (0): Conv2dNormActivation(
      (0): Conv2d(32, 16, kernel_size=(1, 1), stride=(1, 1), bias=False)
      (1): ReLU6(inplace=True)
    )
  )
)
"""


def answers(*words: str, stdin: str = "") -> tuple[int, str, str]:
    """Exit code and both outputs."""
    out, err = io.StringIO(), io.StringIO()
    given = io.TextIOWrapper(io.BytesIO(stdin.encode()))
    with patch.object(sys, "stdin", given), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        return run([*words, "--no-verify"]), out.getvalue(), err.getvalue()


def documents(*words: str, stdin: str) -> list[dict[str, Any]]:
    """One a line of standard input."""
    code, out, err = answers(*words, "--format", "ndjson", stdin=stdin)
    assert (code, "error" in err) == (0, False), err
    return [json.loads(line) for line in out.splitlines()]


@pytest.mark.parametrize(
    ("line", "title"),
    [
        ("Conv2D(64, (3,3), strides=2, padding='same', input_shape=(224,224,3))",
         "Keras Conv2D = 3:64 @224 k3 s2 psame-upper bias"),
        ("(conv1): Conv2d(3, 64, kernel_size=(7, 7), stride=(2, 2), padding=(3, 3), bias=False) @224",
         "PyTorch Conv2d = 3:64 @224 k7 s2"),
        ("SeparableConv2D(32, 3, input_shape=(28, 28, 16))", "Keras SeparableConv2D = 16:32 @28 k3 p0 bias=last"),
        ("nn.Conv(features=8, kernel_size=(3, 3)) (1, 9, 9, 4)", "Flax Conv = 4:8 @9 k3 psame-upper bias"),
        ("paddle.nn.Conv2D(4, 8, 3) @9", "Paddle Conv2D = 4:8 @9 k3 p0 bias"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("command", ["layer", "compare"])
def test_the_answer_starts_with_what_was_read(command: str, line: str, title: str) -> None:
    """Whose layer it is, and its meaning in our notation, so that nobody has to trust the reading."""
    code, out, _ = answers(command, line)
    assert code == 0
    assert out.startswith((f" {title}  ·  ", f" {title}\n "))


def test_tokens_are_not_said_again() -> None:
    """They are the notation."""
    assert answers("layer", "64:128 @56 k3")[1].startswith(" 64:128 @56 k3  ·  ")


def test_a_separable_layer_of_keras_is_answered_as_its_two_parts() -> None:
    """`layer` answers exactly what was described."""
    document = documents("layer", "-", stdin="SeparableConv2D(32, 3, input_shape=(28, 28, 16))")[0]
    assert (document["variant"], document["spec"]["bias"]) == ("depthwise-separable", "last")
    assert [op["name"] for op in document["ops"]] == ["depthwise", "pointwise"]


def test_tokens_behind_the_dash_hold_for_lines_without_their_own() -> None:
    """Of every notation; a line that says a size keeps it."""
    lines = "Conv2d(3, 16, kernel_size=(3, 3))\n64:128 k3\n8 @9 k3\nConv2D(4, 3) 3: n2\n"
    found = documents("layer", "-", "@32x24", "n4", stdin=lines + '{"in_channels": 8, "kernel_size": 3}\n')
    sizes = [(document["spec"]["input_size"], document["spec"]["batch"]) for document in found]
    assert sizes == [([32, 24], 4), ([32, 24], 4), ([9, 9], 4), ([32, 24], 2), ([32, 24], 4)]


def test_of_a_printed_model_the_convolutions_are_answered() -> None:
    """One of several lines is one; what is none is passed over, and said to be."""
    code, out, err = answers("layer", "-", "@32", "--format", "ndjson", stdin=PRINT)
    specs = [json.loads(line)["spec"] for line in out.splitlines()]
    assert code == 0
    assert [(spec["in_channels"], spec["out_channels"]) for spec in specs] == [(3, 32), (32, 16)]
    assert " ".join(err.split()) == (
        "note: lines that are no convolutions were passed over: EfficientNet, BatchNorm2d, Sequential, "
        "Conv2dNormActivation, ReLU6"
    )


@pytest.mark.parametrize("lines", ["Linear(3, 4)\n", "Sequential(\n)\n", "Linear(3, 4)\nLinear(4, 5)\n"])
def test_where_there_is_no_convolution_at_all_each_line_is_an_error(lines: str) -> None:
    """Nothing answered is no success."""
    code, out, err = answers("layer", "-", "--format", "csv", stdin=lines)
    assert code == 2
    assert err.count("error: line") == lines.count("\n")
    assert "note" not in err
    assert len(out.splitlines()) <= 1


def test_a_mistake_behind_the_dash_is_pointed_at() -> None:
    code, _, err = answers("layer", "-", "@32x", stdin="8 k3\n")
    assert code == 2
    assert "input_size needs a number\n  @32x\n  ^^^^" in err


def test_a_size_behind_the_dash_with_other_axes_is_an_error_of_the_line() -> None:
    code, _, err = answers("layer", "-", "@32x24", stdin="Conv1d(3, 8, 3)\n")
    assert code == 2
    assert "line 1: the size for lines without one has 2 axes, the rest has 1" in err


@pytest.mark.parametrize(
    ("line", "note"),
    [
        ("Conv2D(8, 3, activation='softmax') 3: @9", "its activation softmax is left out"),
        ("Conv2D(3, 64, kernel_size=[7, 7], data_format=NCHW) @9", "bias_attr=False leaves it out"),
        ("1:16 @44100 k9", "@44100 is 44100x44100 positions; one axis is written 1d"),
    ],
)
def test_what_a_reader_may_not_expect_is_noted_on_standard_error(line: str, note: str) -> None:
    """The answer is there, too."""
    code, out, err = answers("layer", line)
    assert code == 0
    assert out
    assert err.startswith("note: ")
    assert note in " ".join(err.split())


@each("line", ["1:16 @44100 k9 1d", "1:16 @44100x44100 k9", "1:16 @4096 k9", "Conv2d(1, 16, 9) @44100"])
def test_a_size_that_somebody_wrote_on_purpose_is_not_noted(line: str) -> None:
    assert answers("layer", line)[2] == ""
