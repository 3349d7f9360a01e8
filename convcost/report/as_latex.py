r"""A table as LaTeX, with the rules of booktabs: no wider than `\textwidth` at 10 points, numbers to the right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..spec.records import NamedTuple
from .model import Head, Line, Table, listed
from .tables import TextWriter

#: What LaTeX has a meaning for, and the signs of tables that it has commands for.
ESCAPED = str.maketrans({
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "×": r"$\times$", "–": "--", "·": r"$\cdot$", "…": r"\dots{}", "✓": "ok:", "✗": r"\textbf{!}", "└": r"\quad",
    "→": r"$\to$", "≤": r"$\le$", "²": r"\textsuperscript{2}",
})  # fmt: skip

#: Points: the width of article's text at 10 points, what stands between columns, and the least that a text takes which
#: may be set in several lines.
TEXT_WIDTH, GAP, LEAST = 344.0, 8.0, 90.0

#: What a text column takes at most where the table is scaled; signs behind which a line may end; and the lines of a
#: page: a longer table goes on on the next one.
MOST_SCALED, BREAKS, PAGE = 240.0, "/_=,.:", 40

#: Points that characters of Computer Modern take at 10 points, rounded up from its metrics; another takes the most.
WIDTHS = {
    char: width
    for width, chars in {
        2.8: "ijl.,:;'!|", 3.4: " -", 4.0: "rst()f", 4.5: "cez", 5.0: "0123456789agov/–*", 5.3: "kqxy",
        5.6: "bdhnpuS?", 3.7: "I", 5.2: "J", 6.3: "LZ", 6.9: "EPF", 7.3: "wBCTR", 7.7: "ADHNUVXY+=", 7.9: "KOQG×<>@",
    }.items()
    for char in chars
}  # fmt: skip
WIDEST = 10.3


class Layout(NamedTuple):
    """Which heads are shown; the kind of LaTeX column and the points of each, names first; is it to be scaled?"""

    shown: tuple[int, ...]
    kinds: tuple[str, ...]
    widths: tuple[float, ...]
    scaled: bool

    @property
    def total(self) -> float:
        """Points of a whole line."""
        return sum(self.widths) + GAP * len(self.shown)


def latex(table: Table) -> str:
    r"""The table as a `tabular`, its title and notes as comments around it; needs `\usepackage{booktabs}`.

    >>> from convcost.report.model import Section
    >>> head = Head("macs", "MACs", "M", True, None)
    >>> print(latex(Table("", (), "variant", (head,), (Section("", (Line("standard", ("27.50",)),)),), (), ())), end="")
    % needs \usepackage{booktabs}
    {\setlength{\tabcolsep}{4pt}%
    \begin{tabular}{@{}lr@{}}
    \toprule
    variant & \begin{tabular}[b]{@{}r@{}}MACs\\(M)\end{tabular} \\
    \midrule
    standard & 27.50 \\
    \bottomrule
    \end{tabular}}%

    Columns that do not fit are left out, the least wanted first, and named; where all have to stay the table is
    scaled. A table that is longer than a page goes on on the next one.
    """
    return "".join([line + "\n" for line in _lines(table)])


def _lines(table: Table) -> Iterator[str]:
    if table.title:
        yield f"% {', '.join([table.title, *table.facts])}"
    if table.sections:
        yield from _grid(table, _layout(table))
    for note in table.below(table.heads):
        yield f"% {note}"


def _layout(table: Table) -> Layout:
    """Long texts are set in several lines before a column is left out."""
    rows = [line for section in table.sections for line in section.lines if line.reason is None]
    texts = [[table.label, *[line.name for line in rows]]]
    texts += [[*_parts(head), *[line.cells[at] for line in rows]] for at, head in enumerate(table.heads)]
    natural = [max(map(_width, column)) for column in texts]
    natural[0] += 12 * any([line.is_op for line in rows])
    least = [min(want, max(LEAST, *map(_longest, column)) + 3) for want, column in zip(natural, texts)]
    shown = [at for at, head in enumerate(table.heads, 1) if not _goes_without_saying(head, at - 1, rows)]

    def total(widths: Sequence[float]) -> float:
        return sum([widths[at] for at in (0, *shown)]) + GAP * len(shown)

    while total(least) > TEXT_WIDTH and any([table.heads[at - 1].priority for at in shown]):
        shown.remove(max(shown, key=lambda at: table.heads[at - 1].priority or 0))
    room, scaled = TEXT_WIDTH - total(least), total(least) > TEXT_WIDTH
    kinds, widths = [], []
    for at in (0, *shown):
        have = min(natural[at], MOST_SCALED) if scaled else min(natural[at], least[at] + max(room, 0))
        room -= have - least[at]
        is_right = at > 0 and table.heads[at - 1].right
        kinds.append(_flowing(have) if have < natural[at] else "r" if is_right else "l")
        widths.append(have)
    return Layout(tuple([at - 1 for at in shown]), tuple(kinds), tuple(widths), scaled)


def _flowing(points: float) -> str:
    """A column of texts in several lines."""
    return rf">{{\raggedright\arraybackslash}}p{{{points:.0f}pt}}"


def _longest(text: str) -> float:
    """The widest part of a text that is set in one piece."""
    for sign in BREAKS:
        text = text.replace(sign, f"{sign} ")
    return max(map(_width, text.split()), default=0.0)


def _goes_without_saying(head: Head, at: int, rows: Sequence[Line]) -> bool:
    """A column that says of every row that it was verified, or that none was: the notes say so once."""
    return head.key == "verified" and len({line.cells[at] for line in rows if not line.is_op}) == 1


def _grid(table: Table, layout: Layout) -> Iterator[str]:
    """The table in one piece; on several pages where it is long, in pieces where it is long and scaled."""
    rows = [(section.title, line) for section in table.sections for line in section.lines]
    is_long = sum([_height(line, layout) for _, line in rows]) + 2 * len(table.sections) > PAGE
    kind = "longtable" if is_long and not layout.scaled else "tabular"
    flows = any([kind.startswith(">") for kind in layout.kinds]) or any([line.reason for _, line in rows])
    packages = ["booktabs", *["array"] * flows, *["longtable"] * (kind == "longtable"), *["graphicx"] * layout.scaled]
    yield "% needs " + " ".join([rf"\usepackage{{{name}}}" for name in packages])
    out = [head.words for at, head in enumerate(table.heads) if at not in layout.shown and head.key != "verified"]
    if out:
        yield rf"% left out, for \textwidth to hold it: {listed(out)}; --columns names those to have"
    size = PAGE if is_long and layout.scaled else len(rows)
    start, end = (r"\resizebox{\textwidth}{!}{", "}") if layout.scaled else ("", "")
    for at in range(0, len(rows), size):
        yield from [r"\par\medskip\noindent"] * bool(at)
        yield r"{\setlength{\tabcolsep}{4pt}" + start + "%"
        yield rf"\begin{{{kind}}}{{@{{}}{''.join(layout.kinds)}@{{}}}}"
        yield from [r"\toprule", _heads(table, layout)]
        yield from [r"\midrule", r"\endhead", r"\bottomrule", r"\endfoot"] if kind == "longtable" else []
        yield from _body(rows[at : at + size], layout, is_headed=kind == "longtable")
        yield from [r"\bottomrule"] if kind == "tabular" else []
        yield rf"\end{{{kind}}}}}{end}%"


def _height(line: Line, layout: Layout) -> int:
    """Lines of text that a line of the table may take."""
    if line.reason is not None:
        return 1 + int(1.1 * _width(line.reason) / (layout.total - layout.widths[0]))
    cells = zip([line.name, *[line.cells[at] for at in layout.shown]], layout.kinds, layout.widths)
    return max([1 + int(1.1 * _width(cell) / have) * kind.startswith(">") for cell, kind, have in cells])


def _heads(table: Table, layout: Layout) -> str:
    return _row([_escaped(table.label), *[_header(table.heads[at]) for at in layout.shown]])


def _body(rows: Sequence[tuple[str, Line]], layout: Layout, *, is_headed: bool) -> Iterator[str]:
    """The lines, a rule and the title in front of each section."""
    before: str | None = None
    for title, line in rows:
        if title != before:
            yield from [] if is_headed and before is None else [r"\midrule"]
            if title:
                yield _across(rf"\textit{{{_escaped(title)}}}", title, len(layout.kinds), layout.total, "@{}")
            before = title
        if line.reason is not None:
            room = layout.total - layout.widths[0] - GAP
            reason = f"does not apply: {line.reason}"
            yield f"{_name(line)} & " + _across(_escaped(reason), reason, len(layout.shown), room)
        else:
            cells = [_name(line), *[_escaped(line.cells[at]) for at in layout.shown]]
            yield _row([_broken(cell, kind) for cell, kind in zip(cells, layout.kinds)])


def _across(words: str, plain: str, columns: int, room: float, start: str = "") -> str:
    """A text across several columns, in several lines where it has to be."""
    kind = "l" if _width(plain) <= room else _flowing(room)
    return rf"\multicolumn{{{columns}}}{{{start}{kind}@{{}}}}{{{_broken(words, kind)}}} \\"


def _broken(cell: str, kind: str) -> str:
    """The cell, where it is set in several lines with places to end one."""
    for sign in ("/", r"\_", "=", ":", ".") if kind.startswith(">") else ():
        cell = cell.replace(sign, sign + r"\allowbreak{}")
    return cell


def _row(cells: list[str]) -> str:
    return " & ".join(cells) + r" \\"


def _parts(head: Head) -> list[str]:
    """The lines of a header, its unit in one of its own where there is room."""
    first, _, second = head.header.replace("\u00ad", "-").partition("\n")
    return [part for part in (first, f"{second} {head.unit and f'({head.unit})'}".strip()) if part]


def _header(head: Head) -> str:
    first, *rest = map(_escaped, _parts(head) or [""])
    side = "r" if head.right else "l"
    return rf"\begin{{tabular}}[b]{{@{{}}{side}@{{}}}}{first}\\{rest[0]}\end{{tabular}}" if rest else first


def _name(line: Line) -> str:
    return (r"\quad " if line.is_op else "") + _escaped(line.name)


def _width(text: str) -> float:
    return sum([WIDTHS.get(char, WIDEST) for char in text])


def _escaped(text: str) -> str:
    return text.translate(ESCAPED)


class LatexWriter(TextWriter):
    """Tables for papers."""

    def show(self, table: Table) -> None:
        """With the rules of booktabs."""
        self.file.write(latex(table))
