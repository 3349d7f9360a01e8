"""LaTeX: booktabs, no wider than the text of an article at 10 points; every example compiles, where TeX is."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from report.report_cases import compared, executed

from convcost.cli.main import run
from convcost.report import Options
from convcost.report.as_latex import latex
from convcost.report.tables import tabulate

#: Answers of every kind of table: narrow and wide, short and long, with long texts, with reasons, scaled.
ANSWERS = (
    "compare 63:65 @9x7 k3 --per-op --norm --no-verify",
    "compare 64:128 @56 k3 --columns all --no-verify",
    "layer 64:64 @56 k3 g64 --no-verify",
    "network alexnet --per-layer --no-verify",
    "network lenet-5 --per-layer --columns all --no-verify",
    "swap lenet-5 --to grouped --where k5 --no-verify",
    "reconcile lenet-5 --no-verify --convention thop",
    "reconcile lenet-5 416.52K --no-verify",
    "reconcile --list",
    "variants",
    "explain --list",
    "explain residual",
    "explain spatially-separable depthwise pointwise",
)  # fmt: skip


def table(spec: str, **options: object) -> str:
    return latex(tabulate(compared(spec), Options(**options)))


def test_latex_is_a_table_of_booktabs() -> None:
    """As many cells in every line as there are columns, and nothing that LaTeX would take for itself."""
    lines = [line for line in table("63:65 @9x7 k3", per_op=True).splitlines() if not line.startswith("%")]
    columns = re.fullmatch(r"\\begin\{tabular\}\{@\{\}([lr]+)@\{\}\}", lines[1])
    assert columns
    assert lines[-2:] == [r"\bottomrule", r"\end{tabular}}%"]
    rows = [line for line in lines if line.endswith(r" \\") and "multicolumn" not in line]
    assert {row.count(" & ") for row in rows} == {len(columns[1]) - 1}
    assert "".join(lines).isascii()
    assert not re.search(r"(?<!\\)[#_%^~]", "".join(rows))


def test_what_does_not_fit_is_left_out_and_named() -> None:
    """The least wanted first; what was verified in every row is said once."""
    text = latex(tabulate(executed("64:128 @56 k3"), Options()))
    assert "% left out, for \\textwidth to hold it: effective MACs, traffic and FLOPs / byte; --columns" in text
    assert "verified" not in text


def test_columns_that_are_asked_for_all_stay() -> None:
    """Scaled, where they are too wide together, and only there."""
    few, many = table("8 @9 k3", columns=["macs", "params"]), table("8 @9 k3", columns=["all"])
    assert (r"\resizebox" in few, r"\resizebox" in many) == (False, True)
    assert "left out" not in few + many
    assert many.count(r"\usepackage{graphicx}") == 1


def test_a_long_table_goes_on_on_the_next_page(tmp_path: Path) -> None:
    assert run(["network", "squeezenet1.1", "--per-layer", "--no-verify", "-o", str(tmp_path / "x.tex")]) == 0
    text = (tmp_path / "x.tex").read_text("utf-8")
    assert r"\begin{longtable}" in text
    assert r"\endhead" in text
    assert r"% needs \usepackage{booktabs} \usepackage{longtable}" in text


@pytest.mark.needs("pdflatex")
def test_every_answer_compiles_and_fits(tmp_path: Path) -> None:
    """In one document: no error, no box that is too wide or too high."""
    inputs = []
    for number, words in enumerate(ANSWERS):
        assert run([*words.split(), "-o", str(tmp_path / f"t{number}.tex")]) == 0
        inputs.append(rf"\newpage\noindent\input{{t{number}.tex}}")
    packages = "booktabs,array,longtable,graphicx,tabularx,amsmath"
    text = rf"\documentclass[10pt]{{article}}\usepackage{{{packages}}}\begin{{document}}"
    (tmp_path / "main.tex").write_text("\n".join([text, *inputs, r"\end{document}"]), "utf-8")
    command = ["pdflatex", "-halt-on-error", "-interaction=nonstopmode", "main.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace", check=False)
    assert done.returncode == 0, done.stdout[-2000:]
    assert [line for line in done.stdout.splitlines() if line.startswith("Overfull")] == []
