"""A page as a hand-out: HTML, Markdown and LaTeX, formulas in TeX, drawings as they are; and its numbers as rows."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from html import escape
from typing import Any, TextIO

from .pages import Block, Commands, Facts, Grid, Page, Para

#: Signs of our formulas and what TeX calls them.
SIGNS = {
    "·": r" \cdot ", "×": r" \times ", "∗": " * ", "⌊": r"\lfloor ", "⌋": r" \rfloor", "≤": r" \le ", "∂": r"\partial ",
    "Cin": r"C_{\mathrm{in}}", "Cout": r"C_{\mathrm{out}}", "ᵀ": r"^{\top}", "′": "'", "″": "''", "%": r"\%",
    "√": r"\sqrt ", "…": r"\ldots ", "–": "-",
}  # fmt: skip

_POWERS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")

#: What a drawing has that not every TeX can set.
_DRAWN = str.maketrans("─│┐┘└┬►◄▼█×·…′", "-|++++><v#x*.'")


def tex(formula: str) -> str:
    r"""A formula in our signs as TeX.

    >>> tex("9·Cin² + ⌊H/2⌋")
    '9 \\cdot C_{\\mathrm{in}}^{2} + \\lfloor H/2 \\rfloor'
    >>> tex("K[o,c,y,x] = Σm V[o,m,y] · U[m,c,x]")
    'K_{o,c,y,x} = \\sum_{m} V_{o,m,y} \\cdot U_{m,c,x}'
    >>> tex("∂y/∂x = ∂F/∂x + I")
    '\\frac{\\partial y}{\\partial x} = \\frac{\\partial F}{\\partial x} + I'
    """
    found = re.sub(r"\b[a-z]{2,}\b(?: +[a-z]{2,}\b)*", lambda m: rf"\text{{ {m[0]} }}", formula)
    found = re.sub(r"∂(\w)/∂(\w)", r"\\frac{∂\1}{∂\2}", found)
    found = re.sub(r"√\(([^)]*)\)", r"\\sqrt{\1}", found)
    found = re.sub(r"Σ(\w) ?", r"\\sum_{\1} ", found)
    found = re.sub(r"\b([A-Z])\[([^\]]*)\]", r"\1_{\2}", found)
    found = re.sub(r"[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+", lambda m: f"^{{{m[0].translate(_POWERS)}}}", found)
    found = re.sub(r"(?<=\d),(?=\d{3})", "{,}", found)
    for sign, command in SIGNS.items():
        found = found.replace(sign, command)
    return re.sub(r" +", " ", found).strip()


def _with_formulas(words: str, escape: Callable[[str], str]) -> str:
    """Text whose formulas, between backquotes, are set in TeX, and whose other words are escaped."""
    parts = words.split("`")
    return "".join([f"${tex(part)}$" if i % 2 else escape(part) for i, part in enumerate(parts)])


def markdown_handout(page: Page) -> str:
    """The page for notes and slides.

    >>> print(markdown_handout(Page("1x1", "64:128", [])), end="")
    ## 1x1
    <BLANKLINE>
    64:128
    """
    parts = [f"## {page.title}", _escaped(page.facts)]
    for section in page.sections:
        parts += [f"### {section.title}"] * bool(section.title)
        parts += ["\n".join(_markdown_block(block)) for block in section.blocks]
    return "\n\n".join(parts) + "\n"


def _markdown_block(block: Block) -> list[str]:
    if isinstance(block, Para):
        return [_marked(block.text)]
    if isinstance(block, Facts):
        return [
            f"- **{_marked(label)}**: {_marked(said)}" if label else f"- {_marked(said)}" for label, said in block.rows
        ]
    if isinstance(block, Grid):
        rules = ["---:" if i in block.right else ":---" for i in range(len(block.header))]
        rows = [
            [_marked(cell) for cell in block.header],
            rules,
            *[[_marked(cell) for cell in row] for row in block.rows],
        ]
        return [f"| {' | '.join(row)} |" for row in rows]
    return ["```sh" if isinstance(block, Commands) else "```text", *block.lines, "```"]


def _marked(words: str) -> str:
    return _with_formulas(words, _escaped)


def _escaped(words: str) -> str:
    for special in "\\|*<[$":
        words = words.replace(special, "\\" + special)
    return words


def html_handout(page: Page) -> str:
    """The page as a part of an HTML page; formulas as they are.

    >>> print(html_handout(Page("1x1", "64:128", [])), end="")
    <h1>1x1</h1>
    <p class="facts">64:128</p>
    """
    parts = [f"<h1>{escape(page.title)}</h1>", f'<p class="facts">{escape(page.facts)}</p>']
    for section in page.sections:
        parts += [f"<h3>{escape(section.title)}</h3>"] * bool(section.title)
        parts += [line for block in section.blocks for line in _html_block(block)]
    return "\n".join(parts) + "\n"


def _html_block(block: Block) -> Iterator[str]:
    if isinstance(block, Para):
        yield f"<p>{_coded(block.text)}</p>"
    elif isinstance(block, Facts):
        yield "<dl>"
        yield from [f"<dt>{_coded(label)}</dt><dd>{_coded(said)}</dd>" for label, said in block.rows]
        yield "</dl>"
    elif isinstance(block, Grid):
        kinds = [' class="n"' if at in block.right else "" for at in range(len(block.header))]
        yield '<div class="wide"><table><thead><tr>'
        yield "".join([f"<th{kind}>{_coded(cell)}</th>" for kind, cell in zip(kinds, block.header)])
        yield "</tr></thead><tbody>"
        for row in block.rows:
            yield f"<tr>{''.join([f'<td{kind}>{_coded(cell)}</td>' for kind, cell in zip(kinds, row)])}</tr>"
        yield "</tbody></table></div>"
    else:
        yield f"<pre>{escape(chr(10).join(block.lines))}</pre>"


def _coded(words: str) -> str:
    """Text whose formulas, between backquotes, look like formulas."""
    parts = [escape(part) for part in words.split("`")]
    return "".join([f"<code>{part}</code>" if at % 2 else part for at, part in enumerate(parts)])


#: Characters: of a line of typewriter at footnotesize, of a line of text, of a cell that is set in several lines; and
#: the lines of a page.
FOOTNOTESIZE, LINE, LONG, PAGE = 80, 60, 14, 36


def latex_handout(page: Page) -> str:
    r"""The page for a paper or slides: needs the packages booktabs, tabularx and amsmath.

    >>> print(latex_handout(Page("1x1", "64:128", [])), end="")
    \section*{1x1}
    64:128
    """
    lines = [rf"\section*{{{_set(page.title)}}}", _set(page.facts)]
    for section in page.sections:
        lines += ["", rf"\subsection*{{\raggedright {_set(section.title)}}}"] if section.title else [""]
        for block in section.blocks:
            lines += _latex_block(block)
    return "\n".join(lines) + "\n"


def _latex_block(block: Block) -> list[str]:
    if isinstance(block, Para):
        return [_set(block.text), ""]
    if isinstance(block, Facts):
        items = [rf"\item[{{{_set(label)}}}] {_set(said)}" for label, said in block.rows]
        return [r"\begin{description}", *items, r"\end{description}"]
    if isinstance(block, Grid):
        return _tabular(block)
    lines = [line.translate(_DRAWN) for line in block.lines]
    size = r"\footnotesize" if max(map(len, lines), default=0) <= FOOTNOTESIZE else r"\tiny"
    return [rf"{{{size}", r"\begin{verbatim}", *lines, r"\end{verbatim}", "}"]


def _tabular(grid: Grid) -> list[str]:
    columns = list(zip(grid.header, *grid.rows))
    sizes = [max(map(len, cells)) for cells in columns]
    is_wide = bool(grid.widths) or sum(sizes) > LINE
    text = r">{\raggedright\arraybackslash}X"
    kinds = ["r" if i in grid.right else text if is_wide and (grid.widths or size > LONG) else "l"
             for i, size in enumerate(sizes)]  # fmt: skip
    name, width = ("tabularx", r"{\linewidth}") if text in kinds else ("tabular", "")
    rows = [" & ".join(map(_set, row)) + r" \\" for row in (grid.header, *grid.rows)]
    wide = LINE / max(1, kinds.count(text))
    if text in kinds and sum([1 + max(map(len, row)) // wide for row in grid.rows]) > PAGE:
        return _written_out(grid)
    kind = f"@{{}}{''.join(kinds)}@{{}}"
    return [
        rf"\noindent\begin{{{name}}}{width}{{{kind}}}", r"\toprule", rows[0], r"\midrule", *rows[1:], r"\bottomrule",
        rf"\end{{{name}}}", "",
    ]  # fmt: skip


def _written_out(grid: Grid) -> list[str]:
    """A table that would be higher than a page: row by row, and in it cell by cell, each behind its header."""
    lines = [r"\begin{description}"]
    for name, *cells in grid.rows:
        lines += [rf"\item[{{{_set(name)}}}]"]
        lines += [rf"\textit{{{_set(head)}}}: {_set(cell)}\par" for head, cell in zip(grid.header[1:], cells)]
    return [*lines, r"\end{description}", ""]


#: Signs that stand in running text and that TeX has no letter for.
_IN_TEXT = {
    **{special: "\\" + special for special in "&%$#_{}"}, "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "·": r"$\cdot$", "×": r"$\times$", "√": r"$\sqrt{}$", "∂": r"$\partial$", "→": r"$\to$", "█": r"\rule{1ex}{1ex}",
    "…": r"\ldots{}", "–": "--", "∞": r"$\infty$", "²": r"\textsuperscript{2}", "±": r"$\pm$",
}  # fmt: skip


def _set(words: str) -> str:
    def escape(part: str) -> str:
        return "".join([_IN_TEXT.get(sign, sign) for sign in part.replace("\\", "/")])

    return _with_formulas(words, escape)


def write_rows(document: dict[str, Any], file: TextIO) -> None:
    """Every number of the document as a row of CSV: the topic, where in its JSON the number stands, the number.

    >>> import sys
    >>> write_rows({"explanations": [{"topic": "1x1", "macs": {"total": 9}}], "difference": None}, sys.stdout)
    topic,where,value
    1x1,macs.total,9
    """
    rows = csv.writer(file, lineterminator="\n")
    rows.writerow(("topic", "where", "value"))
    for one in document["explanations"]:
        rows.writerows([(one["topic"], where, value) for where, value in _numbers(one)])
    rows.writerows([("difference", where, value) for where, value in _numbers(document["difference"])])


def _numbers(value: Any, where: str = "") -> Iterator[tuple[str, float]]:
    """The numbers in plain data, each with the path to it; lists count from 0."""
    if isinstance(value, dict | list):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _numbers(part, f"{where}.{key}" if where else str(key))
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield where, value
