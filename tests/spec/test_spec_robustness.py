"""No line, however broken or long, does anything but give a layer or a SpecError, and quickly."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spec.spec_cases import LINES, broken_lines, json_layers, outcome
from tables import each

from convcost.spec import LayerSpec, SpecError, format_spec, parse_spec, spec_to_json
from convcost.spec.tokens import read_token

SIZE = 65536


def holds(line: str) -> None:
    """What must be true of every line."""
    found = outcome(line)
    if isinstance(found, SpecError):
        assert 0 <= found.start <= found.end <= len(line)
        assert found.text == line or line.startswith("\ufeff")
        assert found.message
        assert found.hint
        assert "\n" not in found.message + found.hint
        assert found.render(line=1)
    else:
        assert parse_spec(json.dumps(spec_to_json(found))) == found
        assert parse_spec(format_spec(found)) == found._replace(norm=False, activation=None, residual=False)


@settings(deadline=None)
@given(broken_lines())
def test_a_broken_line_is_a_layer_or_an_error(line: str) -> None:
    """A few characters off from each notation."""
    holds(line)


@settings(deadline=None)
@given(st.text() | st.text("0123456789x-:@=kspdgemnt ()[]{}\",'.").filter(bool))
def test_any_text_is_a_layer_or_an_error(line: str) -> None:
    """Arbitrary Unicode, and arbitrary arrangements of the notation's own characters."""
    holds(line)


@settings(deadline=None)
@given(st.text())
def test_arbitrary_arguments_are_a_layer_or_an_error(inside: str) -> None:
    """Whatever stands between PyTorch's parentheses."""
    holds(f"Conv2d({inside}) @9")


NAMES = ("Conv2d", "LazyConv2d", "Conv2dStaticSamePadding", "keras.layers.Conv2D", "SeparableConv2D", "Conv1DTranspose",
         "nn.Conv", "nnx.ConvTranspose", "paddle.nn.Conv2D", "Conv2D", "DeformConv2d", "add(Conv2D")  # fmt: skip
ARGUMENTS = st.sampled_from([
    "3", "8", "(3, 3)", "[3,3]", "kernel_size=3", "filters=8", "features=8", "in_features=3", "out_features=8",
    "padding='same'", "padding=[(1, 0), (0, 1)]", "padding=[[0,0],[0,0],[1,1],[1,1]]", "padding='SAME'", "strides=2",
    "dilation_rate=2", "input_shape=(9, 9, 3)", "data_format='NHWC'", "groups=3", "bias_attr=False", "x=lambda: (1,)",
    "64*4", "2**9", "-1", "None", "*args", "1.5 M", "0.1% Params", "9 k = 1% MACs", "activation=f(x)", "dtype=int8",
])  # fmt: skip
BESIDE = st.sampled_from(["@9", "3: @9", "(1, 3, 9, 9)", "(None, 9, 9, 3)", "[3, 9, 9]", "n2", "(x)", "# 1", ")", ""])


@settings(deadline=None)
@given(st.sampled_from(NAMES), st.lists(ARGUMENTS, max_size=6), st.lists(BESIDE, max_size=3))
def test_any_arguments_of_any_framework_are_a_layer_or_an_error(
    name: str, inside: list[str], beside: list[str]
) -> None:
    """Right and wrong arguments in any order, shapes and tokens beside them."""
    holds(f"{name}({', '.join(inside)}) {' '.join(beside)}")


@settings(deadline=None)
@given(st.sampled_from(NAMES), st.text(max_size=60))
def test_any_text_inside_any_layer_is_a_layer_or_an_error(name: str, inside: str) -> None:
    """Whatever stands between the parentheses."""
    holds(f"{name}({inside}) 3: @9")


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8), lambda v: st.lists(v, max_size=4)
)


@settings(deadline=None)
@given(json_layers(), st.sampled_from(LayerSpec._fields), VALUES)
def test_any_json_value_is_a_layer_or_an_error(layer: dict[str, object], field: str, value: object) -> None:
    """Every field with every kind of value."""
    holds(json.dumps({**layer, field: value}))


@each("line", LINES)
def test_the_lines_to_be_broken_are_whole(line: str) -> None:
    """Otherwise breaking them would show little."""
    assert isinstance(outcome(line), LayerSpec)


LONG = [
    "y" * SIZE, "9" * SIZE, "k" + "3x" * SIZE, "k3 " * SIZE, " " * SIZE, "64:" * SIZE, "p" + "0-1x" * SIZE, "-" * SIZE,
    "日" * SIZE, "\x00" * SIZE, "(" * SIZE, "a" * SIZE + " (", "a" * SIZE + " Conv2d(", "a." * SIZE + "(",
    "Conv2d(" * SIZE, "Conv2d(" + "1," * SIZE, "Conv2d(" + "(" * SIZE, "Conv2d(" + "'" * SIZE, "Conv2d(" + "\"'" * SIZE,
    "Conv2d(" + " " * SIZE, "Conv2d(" + "a" * SIZE, "a:" * SIZE + " Conv2d(1,1,1) @9", "Conv2d(1,1,1)" + "," * SIZE,
    "(a" * SIZE + " Conv2d(1,1,1)", "@9 " * SIZE + "Conv2d(1,1,1)", "Conv2d(3, 3, " + "9" * SIZE + ") @9",
    "Conv2d(" + " " * SIZE + "3, 3, 3) @9", "Conv2d" + " " * SIZE + "3", " a" * SIZE + "(",
    "{" * SIZE, '{"a":' * SIZE, '{"in_channels": ' + "9" * SIZE + "}", '{"in_channels": 1.' + "9" * SIZE + "}",
    '{"' + "a" * SIZE + '": 1}', "{" + " " * SIZE, '{"kernel_size": [' + "1," * SIZE + "1]}", '{"a": "' + "\\" * SIZE,
    "{" + ",".join(f'"{n}": 1' for n in range(9999)) + "}", '{"x": [' + '{"a": 1},' * 9999 + '{"a": 1, "a": 1}]}',
    *[f"{name}(" + piece * (SIZE // len(piece)) + tail
      for name in ("Conv2D", "nn.Conv", "paddle.nn.Conv2D", "Conv2dStaticSamePadding")
      for piece, tail in (("1,", ") @9"), ("[", ""), ("(a): B(", ")" * 99), ("-", "1) 3: @9"), ("2**", "2) 3: @9"))],
    "Conv2D(8, 3)" + "(x)" * (SIZE // 3), "Conv2D(8, 3)" + ".to(x)" * (SIZE // 6),
    "Conv2D(8, 3) " + "(1, 2, 3) " * 6000,
    "Conv2D(8, 3) " + "(" * SIZE, "Conv2D(8, 3) " + "1: " * (SIZE // 3), "f(" * (SIZE // 2) + "Conv2D(8, 3)",
    "'a': " * (SIZE // 5) + "Conv2D(8, 3)", ">>> " * (SIZE // 4) + "Conv2D(8, 3)", "Conv2D(8, 3) #" + " #" * SIZE,
    "Conv2D(8, " + "9" * SIZE + "*" + "9" * SIZE + ") 3: @9", "k3 (" + "1, " * SIZE + ")",
    "64:128 k3 " + "(1,2) " * 9999,
    "Conv2D(8, 3, input_shape=(" + "9, " * SIZE + "3))", "%x = " * (SIZE // 5), "conv 1 1 x 1 / " * (SIZE // 15),
    "layer {" * (SIZE // 7), "Conv2D(" + "3 -> " * (SIZE // 5) + ")", "[1, " * (SIZE // 4) + "Conv2D(8, 3)",
    "x=" * SIZE, "m" * SIZE, "mode=" + "r" * SIZE, "mid=" + "1" * SIZE, "64:128 @56 k3" + "\t" * SIZE, "\u200b" * SIZE,
]  # fmt: skip


@pytest.mark.parametrize("line", LONG, ids=lambda line: f"{line[:12]!a}-{line[-12:]!a}")
def test_a_long_line_is_answered_at_once(line: str) -> None:
    """64 KiB and more of anything: no pattern backtracks, no message grows."""
    start = time.process_time()
    found = outcome(line)
    if isinstance(found, SpecError):
        assert len(found.message) + len(found.hint) < 400
        assert len(found.render()) < 800
    assert time.process_time() - start < 3  # a quarter of a second where nobody else is busy


def test_memory_is_bounded() -> None:
    """Tokens are remembered, but only so many, and no mistakes."""
    for n in range(1, 6000):
        parse_spec(f"8 @{n} k3")
        outcome(f"8 @{n}y k3")
    assert read_token.cache_info().currsize <= 4096


@each("nesting", range(300, 1100, 7))
def test_deep_nesting_is_an_error_at_any_depth(nesting: int) -> None:
    """Also just where Python's own limit lies."""
    assert isinstance(outcome('{"stride": ' + "[" * nesting + "]" * nesting + "}"), SpecError)
    assert isinstance(outcome('{"x": ' + '{"a": ' * nesting + "1" + "}" * nesting + "}"), SpecError)


def test_reading_tokens_loads_nothing_rare() -> None:
    """Start-up is a feature: what only errors, JSON and PyTorch's lines need is not there."""
    rare = ["json", "difflib", "unicodedata", "dataclasses", "numpy", "rich", "typer"]
    ours = ["json_object", "mistakes", "lines", "lines.reading", "lines.arguments", "lines.calls", "lines.elsewhere"]
    rare += [f"convcost.spec.{name}" for name in ours]
    code = f"""
import sys
from convcost.spec import parse_spec, spec_to_json, format_spec
spec = parse_spec("64:128 @56x48 k3 s2 g4 p0-1 bias fp16")
spec_to_json(spec), format_spec(spec)
print(*[name for name in {rare!r} if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
