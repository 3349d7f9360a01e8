"""A table as LaTeX, with the rules of booktabs: every column, numbers to the right."""

from __future__ import annotations

from collections.abc import Iterator

from .as_markdown import cells_of
from .model import Head, Line, Table
from .tables import TablesWriter

#: What LaTeX has a meaning for, and the signs of tables that it has commands for.
ESCAPED = str.maketrans({
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "×": r"$\times$", "–": "--", "·": r"$\cdot$", "…": r"\dots{}", "✓": "ok:", "✗": r"\textbf{!}", "└": r"\quad",
})  # fmt: skip


def latex(table: Table) -> str:
    r"""The table as a `tabular`, its title and notes as comments around it; needs `\usepackage{booktabs}`.

    >>> from convcost.report.model import Section
    >>> head = Head("macs", "MACs", "M", True, None)
    >>> print(latex(Table("", (), "variant", (head,), (Section("", (Line("standard", ("27.50",)),)),), (), ())), end="")
    \begin{tabular}{lr}
    \toprule
    variant & MACs (M) \\
    \midrule
    standard & 27.50 \\
    \bottomrule
    \end{tabular}
    """
    return "".join([line + "\n" for line in _lines(table)])


def _lines(table: Table) -> Iterator[str]:
    if table.title:
        yield f"% {table.title}, {', '.join(table.facts)}"
    if table.sections:
        yield from _tabular(table)
    for note in table.below(table.heads):
        yield f"% {note}"


def _tabular(table: Table) -> Iterator[str]:
    yield rf"\begin{{tabular}}{{l{''.join(['r' if head.right else 'l' for head in table.heads])}}}"
    yield r"\toprule"
    yield _row([_escaped(table.label), *map(_header, table.heads)])
    for section in table.sections:
        yield r"\midrule"
        if section.title:
            yield rf"\multicolumn{{{len(table.heads) + 1}}}{{l}}{{\textit{{{_escaped(section.title)}}}}} \\"
        for line in section.lines:
            cells = line.cells if line.reason is None else cells_of(line, len(table.heads))
            yield _row([_name(line), *map(_escaped, cells)])
    yield r"\bottomrule"
    yield r"\end{tabular}"


def _row(cells: list[str]) -> str:
    return " & ".join(cells) + r" \\"


def _header(head: Head) -> str:
    return _escaped(" ".join(head.header.split()) + f" ({head.unit})" * bool(head.unit))


def _name(line: Line) -> str:
    return (r"\quad " if line.is_op else "") + _escaped(line.name)


def _escaped(text: str) -> str:
    return text.translate(ESCAPED)


class LatexWriter(TablesWriter):
    """Tables for papers."""

    def show(self, table: Table) -> None:
        """With the rules of booktabs."""
        self.file.write(latex(table))
