"""What is written can be read back, and is short."""

from __future__ import annotations

import json

from hypothesis import given, settings
from spec.spec_cases import all_specs, specs
from tables import each

from convcost.spec import LayerSpec, format_spec, parse_spec, spec_to_json

CANONICAL = [
    "64:128 @56x48 k3 s2",
    "64 @56 k3",
    "64:128 @56 k3 1d",
    "64:128 @56 k3 3d",
    "64:128 @16x56x56 k3",
    "64:128 @56 k1x7 s2 p0x3 d2 g32 e4 ratio=2 m2 mid=96 n8 mode=reflect bias v1 fp16",
    "64:128 @56 k3 s2 p0-1x2-3",
    "64:128 @56 k3 s2 p0-1",
    "64:128 @56 k3 p0",
    "64:128 @56 k3 s2 psame-upper",
    "64:128 @56 k3 s2 p1 op1x0 t",
    "64:128 @56 k3 t",
    "64:128 @56 k3 bias=last w8a16",
    "64 @64x9x9 k3 3d",
    "64 @64x9x9 k1x3x3",
    "64:128 @56 k3 mid=48x64 3d",
]


@settings(deadline=None)
@given(all_specs())
def test_json_reads_back_as_the_same_layer(spec: LayerSpec) -> None:
    """For every layer, with everything that JSON can say."""
    assert parse_spec(json.dumps(spec_to_json(spec))) == spec


@settings(deadline=None)
@given(specs())
def test_text_reads_back_as_the_same_layer(spec: LayerSpec) -> None:
    """For every layer that tokens can describe."""
    assert parse_spec(format_spec(spec)) == spec


@settings(deadline=None)
@given(all_specs())
def test_text_leaves_out_only_what_has_no_token(spec: LayerSpec) -> None:
    """`norm`, `activation` and `residual` are options."""
    assert parse_spec(format_spec(spec)) == spec._replace(norm=False, activation=None, residual=False)


@each("line", CANONICAL)
def test_canonical_lines_are_written_as_they_are(line: str) -> None:
    """The shortest form of a layer is stable."""
    assert format_spec(parse_spec(line)) == line


@each(
    ("line", "short"),
    [
        ("64->64 in=56x56 3x3 p1x1 s1 g1 fp32 2d", "64 @56 k3"),
        ("64 @56x56x56 k3", "64 @56 k3 3d"),
        ("64 @56x55x56 k3 3d", "64 @56x55x56 k3"),
        ("64 @56 k1 pvalid", "64 @56 k1"),
        ("64 @56 k3 t p0 op0", "64 @56 k3 t"),
    ],
)
def test_defaults_and_repetition_are_left_out(line: str, short: str) -> None:
    """What goes without saying is not said."""
    assert format_spec(parse_spec(line)) == short


def test_a_kernel_too_large_for_same_is_written_with_its_padding() -> None:
    """Writing never fails, even where `same` could not be asked for."""
    spec = parse_spec("1 @9 k999999999999999999 d9 p999999999999999999 n1 t")
    huge = spec._replace(transposed=False, padding=((10**18 - 1,) * 2,) * 2)
    assert "p999999999999999999" in format_spec(huge)
