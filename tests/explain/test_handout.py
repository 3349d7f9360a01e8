"""An explanation as a hand-out: formulas in TeX, tables, drawings as they are; and every number as a row."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from tables import each

from convcost.explain.document import explanation_document
from convcost.explain.handout import latex_handout, markdown_handout, tex
from convcost.explain.sections import pages
from convcost.explain.texts import RESIDUAL, TEXTS
from convcost.explain.topics import DEFAULT, applies, default_layer, topics
from convcost.spec import parse_spec

TOPICS = [topic for topic in topics() if applies(topic, DEFAULT)]


def handout(topic: str, layer: str = "", *, as_latex: bool = False) -> str:
    spec = parse_spec(layer) if layer else default_layer([topic])
    found = pages(explanation_document([topic], spec), spec, True, full=True)
    return "\n".join(map(latex_handout if as_latex else markdown_handout, found))


@each(
    ("formula", "written"),
    [
        ("9·Cin·Cout·H·W", r"9 \cdot C_{\mathrm{in}} \cdot C_{\mathrm{out}} \cdot H \cdot W"),
        ("⌊(H - 1)/2⌋ + 1", r"\lfloor (H - 1)/2 \rfloor + 1"),
        ("6·Cin²·H′·W″", r"6 \cdot C_{\mathrm{in}}^{2} \cdot H' \cdot W''"),
        ("Cin¹²", r"C_{\mathrm{in}}^{12}"),
        ("√(2/3)", r"\sqrt{2/3}"),
        ("231,211,008", "231{,}211{,}008"),
        ("K[o,c,y,x] = 0 unless o comes from c", r"K_{o,c,y,x} = 0 \text{ unless } o \text{ comes from } c"),
        ("F(x) = H(x) - x", "F(x) = H(x) - x"),
    ],
)
def test_a_formula_is_tex(formula: str, written: str) -> None:
    assert tex(formula) == written


def formulas_of(topic: str, layer: str) -> list[str]:
    """Everything between dollars; an escaped dollar is none."""
    return re.findall(r"(?<!\\)\$([^$]*)\$", handout(topic, layer))


@each("layer", ["", "64:128 @56x48 k3 s2"])
@each("topic", TOPICS)
def test_nothing_but_tex_stands_in_a_formula(topic: str, layer: str) -> None:
    """No sign of ours is left, every brace is closed, and there are formulas."""
    found = formulas_of(topic, layer)
    assert found
    for formula in found:
        assert formula.isascii(), formula
        assert formula.count("{") == formula.count("}"), formula
        assert not re.search(r"[A-Za-z]{2,}", re.sub(r"\\(?:text|mathrm)\{[^}]*\}|\\[a-z]+", "", formula)), formula


def test_every_formula_that_is_written_becomes_tex() -> None:
    """Kernels of all variants, and those of residual learning."""
    for formula in [text.kernel for text in TEXTS.values()] + list(RESIDUAL.values()):
        assert tex(formula).isascii(), formula


@each("topic", TOPICS)
def test_markdown_has_tables_and_drawings(topic: str) -> None:
    """As many cells in every row of a table; fences are closed; columns of a drawing stay."""
    written = handout(topic)
    assert written.startswith(f"## {topic}\n")
    assert written.count("\n```") % 2 == 0
    for table in re.findall(r"(?:^\|.*\|\n)+", written, re.MULTILINE):
        rows = [len(re.findall(r"(?<!\\)\|", row)) for row in table.splitlines()]
        assert len(set(rows)) == 1, table
    assert "```text\n" in written
    assert "   input\n" in written


def test_markdown_of_a_standard_convolution() -> None:
    written = handout("standard", "64:128 @56 k3")
    assert (
        r"| conv | $9 \cdot C_{\mathrm{in}} \cdot C_{\mathrm{out}}$ | = $9 \cdot 64 \cdot 128$ | = 73,728 |" in written
    )
    assert "```sh\nconvcost compare 64:128 @56 k3 --variants standard --per-op" in written
    assert "| k7 | 1,258,815,488 | 49 × | ████" in written


@each("topic", TOPICS)
def test_latex_is_balanced_and_ascii_but_for_names(topic: str) -> None:
    """Every environment is closed, nothing special is bare outside of formulas and drawings."""
    written = handout(topic, as_latex=True)
    assert re.findall(r"\\begin\{(\w+)\}", written) == [
        name for name in re.findall(r"\\begin\{(\w+)\}", written) if f"\\end{{{name}}}" in written
    ]
    assert len(re.findall(r"\\begin", written)) == len(re.findall(r"\\end", written))
    assert set(re.sub(r"[\x00-\x7f]", "", written)) == set()
    prose = re.sub(
        r"\\begin\{verbatim\}.*?\\end\{verbatim\}|(?<!\\)\$[^$]*\$|\\begin\{tabular\w*\}.*", "", written, flags=re.S
    )
    assert not re.search(r"(?<!\\)[%#_^]", prose)


@pytest.mark.needs("pdflatex")
def test_latex_is_set(tmp_path: Path) -> None:
    """By pdflatex, where there is one."""
    body = "\n".join(handout(topic, as_latex=True) for topic in TOPICS)
    packages = "".join(f"\\usepackage{{{name}}}" for name in ("booktabs", "tabularx", "amsmath"))
    (tmp_path / "page.tex").write_text(
        f"\\documentclass{{article}}{packages}\\begin{{document}}{body}\\end{{document}}"
    )
    done = subprocess.run(["pdflatex", "-halt-on-error", "page.tex"], cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:]
