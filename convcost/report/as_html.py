"""An answer as one page: a table that sorts, the evidence folded under each row, its picture; all in one file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from html import escape
from importlib.util import find_spec
from itertools import groupby
from typing import Any

from ..answers.comparison import Comparison
from ..spec.errors import SpecError
from ..spec.records import NamedTuple
from .charts import Chart
from .columns import plain, word_name
from .documents import Document, document_of
from .model import Head, Line, Table
from .notes import MISMATCH, SKIPPED, VERIFIED, short_size
from .pictures import Source, chart_of, number_in
from .tables import TablesWriter

#: Words of an operation that stand in the fold of its row.
OP_WORDS = ("output_shape", "params", "macs", "effective_macs", "peak_bytes", "traffic_bytes")

#: The row that stands below all others, however they are sorted.
TOTAL = "total"

STYLE = """\
:root{color-scheme:light dark;--ink:#1f2328;--quiet:#59636e;--line:#d8dee5;--paper:#fff;--shade:#f6f8fa;--good:#1a7f37;
--bad:#cf222e;--link:#0a69da}
@media(prefers-color-scheme:dark){:root{--ink:#e6edf3;--quiet:#9198a1;--line:#30363d;--paper:#0d1117;--shade:#161b22;
--good:#3fb950;--bad:#f85149;--link:#4493f8}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.45 system-ui,sans-serif}
main{max-width:78rem;margin:0 auto;padding:1.2rem}
h1,h2{font-size:1.3rem;line-height:1.3;margin:.2rem 0;overflow-wrap:anywhere}
h2{margin-top:2rem}h3{font-size:1rem;margin:1.4rem 0 .3rem}h4{font-size:.85rem;margin:.7rem 0 .3rem}
.facts,.notes,figcaption{color:var(--quiet);font-size:.87rem}
.facts{margin:.2rem 0 1rem}.notes{list-style:none;margin:.8rem 0;padding:0;max-width:62rem}
.notes li{margin:.25rem 0;padding-left:1.3rem;text-indent:-1.3rem}
.notes b{display:inline-block;width:1.3rem;text-indent:0}
.wide{overflow-x:auto}
table{border-collapse:collapse;font-size:.87rem}
th,td{padding:.28rem .6rem;text-align:left;vertical-align:baseline;white-space:nowrap}
td.text{white-space:normal;min-width:8rem;max-width:32rem}
.n{text-align:right;font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-variant-numeric:tabular-nums}
thead th{border-bottom:2px solid var(--line);vertical-align:bottom;font-weight:600}
thead th.n{font-family:inherit}
thead button{all:unset;cursor:pointer}thead button:hover,summary:hover{color:var(--link)}
thead button:focus-visible,summary:focus-visible{outline:2px solid var(--link);outline-offset:2px}
th small{display:block;font-weight:400;color:var(--quiet)}
th[aria-sort=ascending] button::after{content:" ▲"}th[aria-sort=descending] button::after{content:" ▼"}
tbody tr{border-bottom:1px solid var(--line)}
tbody th{font-weight:400}th:first-child{padding-left:.2rem}
tfoot tr{border-top:2px solid var(--line)}tr.base th,tr.base td{font-weight:600}
tr.op th,tr.op td,.quiet{color:var(--quiet)}tr.op th{padding-left:2rem}
tr.title th{padding-top:.9rem;color:var(--quiet);font-style:italic}
.good{color:var(--good)}.bad{color:var(--bad);font-weight:600}
.mark{display:inline-block;min-width:1.3em}
details,summary{display:inline}summary{cursor:pointer;list-style:none}summary::-webkit-details-marker{display:none}
summary::after{content:" ▸";color:var(--quiet)}details[open] summary::after{content:" ▾"}
@supports selector(:has(a)){tr.fold{display:none}tr:has(details[open])+tr.fold{display:table-row}}
tr.fold>td{background:var(--shade);padding:.4rem 1rem 1rem}
tr.fold table{font-size:.82rem}tr.fold tr:last-child{border-bottom:0}
figure{margin:1.4rem 0 0;overflow-x:auto}figure svg{width:100%;height:auto;min-width:38rem;max-width:60rem}
pre{overflow-x:auto;background:var(--shade);padding:.7rem;font-size:.83rem;line-height:1.25}
dt{font-weight:600;margin-top:.4rem}dd{margin-left:1.2rem}
@media(max-width:40rem){main{padding:.7rem}th,td{padding:.25rem .4rem}}
"""

#: Clicking a header sorts the rows of each section by that column, up, then down; folds stay with their rows.
SCRIPT = """\
document.querySelectorAll('table.sorts').forEach(table=>{
 const heads=[...table.tHead.rows[0].cells];
 const value=(body,i)=>{const v=body.rows[0].cells[i]?.dataset.v;return v===undefined||v===''?null:isNaN(v)?v:+v};
 heads.forEach((head,i)=>head.querySelector('button').addEventListener('click',()=>{
  const way=head.getAttribute('aria-sort')==='ascending'?-1:1;
  heads.forEach(h=>h.removeAttribute('aria-sort'));
  head.setAttribute('aria-sort',way>0?'ascending':'descending');
  const order=(a,b)=>{const x=value(a,i),y=value(b,i);
   if(x===null||y===null)return (x===null)-(y===null);
   return way*(typeof x==='number'&&typeof y==='number'?x-y:String(x).localeCompare(String(y)))};
  let group=[];
  const place=before=>{group.sort(order).forEach(b=>table.insertBefore(b,before));group=[]};
  [...table.tBodies].forEach(b=>{if(b.classList.contains('title'))place(b);else group.push(b)});
  place(null)}))});
"""


class Fold(NamedTuple):
    """What is folded under a row: its checks by word, and its operations, as documents have them."""

    status: str
    checks: dict[str, Any]
    ops: Sequence[Document] = ()


def page_head(title: str) -> str:
    """The start of a page."""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width,initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n"
    )


FOOT = f"</main>\n<script>\n{SCRIPT}</script>\n</body>\n</html>\n"


def section(table: Table, folds: dict[str, Fold], level: int = 1) -> Iterator[str]:
    """A table under its title, with its notes.

    >>> line = Line("standard", ("27.50",))
    >>> from convcost.report.model import Section
    >>> macs = Head("macs", "MACs", "M", True, None)
    >>> html = "".join(section(Table("64:128", (), "variant", (macs,), (Section("", (line,)),), (), ()), {}))
    >>> '<td class="n" data-v="27.5">27.50</td>' in html
    True
    """
    if table.title:
        yield f"<h{level}>{escape(table.title)}</h{level}>\n"
        if table.facts:
            yield f'<p class="facts">{escape("  ·  ".join(table.facts))}</p>\n'
    if table.sections:
        yield '<div class="wide">\n<table class="sorts">\n'
        yield from _rows(table, folds)
        yield "</table>\n</div>\n"
    notes = table.below(table.heads)
    if notes:
        yield f'<ul class="notes">\n{"".join(map(_note, notes))}</ul>\n'


def _note(note: str) -> str:
    sign, _, text = note.partition(" ")
    return f"<li>{_sign(sign)}{escape(text)}</li>\n"


def _sign(sign: str) -> str:
    return f'<b class="{_kind(sign)}">{escape(sign)}</b>'


def _rows(table: Table, folds: dict[str, Fold]) -> Iterator[str]:
    heads = [Head("", table.label, "", False, None), *table.heads]
    yield f"<thead><tr>{''.join(map(_head, heads))}</tr></thead>\n"
    marked = any([line.mark for part in table.sections for line in part.lines])
    for part in table.sections:
        if part.title:
            yield f'<tbody class="title"><tr class="title"><th colspan="{len(heads)}">{escape(part.title)}</th></tr>'
            yield "</tbody>\n"
        for group in _groups(part.lines):
            around = "tfoot" if group[0].name == TOTAL else "tbody"  # which sorting leaves where it is
            yield f"<{around}>"
            for line in group:
                yield from _line(line, table.heads, folds.get(line.name) if not line.is_op else None, marked)
            yield f"</{around}>\n"


def _groups(lines: Iterable[Line]) -> Iterator[list[Line]]:
    """Each row with its operations behind it."""
    number = 0

    def of(line: Line) -> int:
        nonlocal number
        number += not line.is_op
        return number

    for _, group in groupby(lines, of):
        yield list(group)


def _head(head: Head) -> str:
    unit = f"<small>{escape(head.unit)}</small>" if head.unit else ""
    kind = ' class="n"' if head.right else ""
    words = "<br>".join(map(escape, head.header.replace("\u00ad\n", "").split("\n")))
    return f'<th scope="col"{kind}><button type="button">{words}</button>{unit}</th>'


def _line(line: Line, heads: Sequence[Head], fold: Fold | None, marked: bool) -> Iterator[str]:
    kind = " class=" + ('"op"' if line.is_op else '"base"') if line.is_op or line.is_baseline else ""
    mark = f'<span class="mark {_kind(line.mark)}">{escape(line.mark)}</span>' if marked and not line.is_op else ""
    name = mark + escape(line.name)
    shown = f"<details><summary>{name}</summary></details>" if fold else name
    yield f'<tr{kind}><th scope="row" data-v="{escape(line.name)}">{shown}</th>'
    if line.reason is not None:
        yield f'<td class="text quiet" colspan="{len(heads)}">does not apply: {escape(line.reason)}</td>'
    else:
        yield "".join([_cell(cell, head) for cell, head in zip(line.cells, heads)])
    yield "</tr>"
    if fold:
        yield f'<tr class="fold"><td colspan="{len(heads) + 1}">{"".join(_folded(fold))}</td></tr>'


def _kind(mark: str) -> str:
    return {VERIFIED: "good", MISMATCH: "bad"}.get(mark[:1], "quiet")


def _cell(cell: str, head: Head) -> str:
    if not head.right:
        return f'<td{" class=text" * (len(cell) > 30)} data-v="{escape(cell)}">{escape(cell)}</td>'
    number = number_in(cell)
    return f'<td class="n" data-v="{"" if number is None else f"{number!r}"}">{escape(cell)}</td>'


def _folded(fold: Fold) -> Iterator[str]:
    """The operations of a row, then each of its checks with both sides."""
    if len(fold.ops) > 1 or (fold.ops and not fold.checks):
        yield "<h4>operations</h4><table><thead><tr><th>name</th><th>operation</th>"
        yield "".join([f'<th class="n">{escape(word_name(word))}</th>' for word in OP_WORDS])
        yield "</tr></thead><tbody>"
        for op in fold.ops:
            cells = "".join([f'<td class="n">{escape(_exact(op.get(word)))}</td>' for word in OP_WORDS])
            yield f"<tr><th>{escape(op['name'])}</th><td>{escape(op['op'])}</td>{cells}</tr>"
        yield "</tbody></table>"
    if fold.checks:
        yield f"<h4>executed in this run: {escape(fold.status)}</h4><table><thead><tr><th></th><th>word</th>"
        yield '<th class="n">by analysis</th><th class="n">as executed</th><th>at</th></tr></thead><tbody>'
        yield from [_check(word, check) for word, check in fold.checks.items()]
        yield "</tbody></table>"


def _check(word: str, check: Document) -> str:
    sign = {True: VERIFIED, False: MISMATCH, None: SKIPPED}[check["ok"]]
    exact = _counts if "count" in word else _exact
    sides = "".join([f'<td class="n">{escape(exact(check[side]))}</td>' for side in ("expected", "measured")])
    return f"<tr><td>{_sign(sign)}</td><th>{escape(word_name(word))}</th>{sides}<td>{escape(_at(check))}</td></tr>"


def _at(check: Document) -> str:
    """The size at which it was executed, where that is not the row's own."""
    size = check.get("size", "")
    return short_size(size) if isinstance(size, dict) and "groups" in size else plain(size)


def _counts(value: Any) -> str:
    """Counts in two ways, which are no shape."""
    return " / ".join(map(_exact, value)) if isinstance(value, list | tuple) else _exact(value)


def _exact(value: Any) -> str:
    if value is None:
        return "–"
    if type(value) is int:
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list) and value and not isinstance(value[0], (int, str)):
        return f"{len(value)} part{'s' * (len(value) != 1)}"
    return plain(value) or "–"


def folds_of(source: Source) -> dict[str, Fold]:
    """What is folded under each row of the tables that are made from an answer, by the row's name."""
    if isinstance(source, Comparison):
        rows = [(row["variant"], row) for row in document_of(source)["rows"]]
    elif not isinstance(source, dict):
        documents = [document_of(layer) for layer in source]
        rows = [(document["variant"], document) for document in documents[:1]] if len(documents) == 1 else []
    elif "evidence" in source:
        each = [(row, {check["name"]: check for check in row["checks"]}) for row in source["evidence"]]
        return {
            row["variant"]: Fold("holds" if row["ok"] else "does not hold", checks) for row, checks in each if checks
        }
    else:
        layers = source.get("verified", {}).get("layers", []) if "layers" in source else []
        return {name: Fold(one["status"], one["checks"]) for one in layers for name in one["names"] if one["checks"]}
    return {name: Fold(row["verified"]["status"], row["verified"]["checks"], row["ops"]) for name, row in rows
            if row["ops"]}  # fmt: skip


def figure(make: Callable[[], Chart]) -> str:
    """The picture, where matplotlib is there to draw it and there is something to draw.

    >>> def nothing() -> Chart:
    ...     raise SpecError("there is nothing to draw in this answer")
    >>> figure(nothing)
    ''
    """
    if find_spec("matplotlib") is None:
        return ""
    try:
        chart = make()
    except SpecError:
        return ""
    from .as_svg import svg

    drawn = svg(chart)
    return f"<figure>\n{drawn[drawn.index('<svg ') :]}</figure>\n"


def _more_tables(table: Table, source: Source) -> Iterator[Table]:
    """Of a network by kinds of operation, its operations one by one."""
    if isinstance(source, dict) and "op_types" in source and table.label == "operations":
        from .network_tables import network_table

        yield network_table(source, per_layer=True)._replace(title="", facts=(), notes=())


class HtmlWriter(TablesWriter):
    """One page of all answers."""

    _level = 0

    def write(self, table: Table, source: Source) -> None:
        """The table with its folds; of a network, its operations one by one, too; the picture, where there is one."""
        if not self._level:
            self.file.write(page_head(table.title or "convcost"))
        self._level = min(self._level + 1, 2)
        folds = folds_of(source)
        self.file.writelines(section(table, folds, self._level))
        self.file.write(figure(lambda: chart_of(source, table)._replace(title="", facts=())))
        for more in _more_tables(table, source):
            self.file.writelines(["<h3>operation by operation</h3>\n", *section(more, folds)])

    def end(self) -> None:
        """The foot of the page, which may have no answer."""
        super().end()
        if not self._level:
            self.file.write(page_head("convcost"))
        self.file.write(FOOT)

    def document(self, *given: Any) -> None:
        """The page of one document."""
        super().document(*given)
        self.end()
