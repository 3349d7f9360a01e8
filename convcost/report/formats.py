"""The formats in which answers are written: the one table that options, file endings, completion and help read.

A new format is one file with a `Writer`, and one row here.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import TYPE_CHECKING, TextIO

from ..spec.records import NamedTuple
from .writers import Options, Way, Writer

if TYPE_CHECKING:
    from .documents import Document
    from .model import Table


class Format(NamedTuple):
    """One format: its name, the ending of its files, what it is for, its module and the `Writer` there.

    `explains`: an explanation, which is no table of rows, is written in it, too.
    """

    name: str
    ending: str
    help: str
    module: str
    writer: str
    explains: bool = False


FORMATS = {
    format.name: format
    for format in (
        Format("table", ".txt", "for people; as wide as the terminal or COLUMNS", "as_table", "TableWriter", True),
        Format("json", ".json", "one document, laid out for reading", "as_json", "JsonWriter", True),
        Format("ndjson", ".ndjson", "a document a line, for scripts", "as_json", "LinesWriter", True),
        Format("csv", ".csv", "a line a row, field names as in JSON", "as_csv", "CsvWriter", True),
        Format("markdown", ".md", "a table for documents", "as_markdown", "MarkdownWriter", True),
        Format("latex", ".tex", "a table for papers: \\usepackage{booktabs}", "as_latex", "LatexWriter", True),
        Format("html", ".html", "a page: it sorts, evidence folded under each row", "as_html", "HtmlWriter", True),
        Format("svg", ".svg", "a picture: pip install 'convcost[plot]'", "as_svg", "SvgWriter", True),
        Format("plot", "", "the table, and bars of text below it", "as_plot", "PlotWriter", True),
    )
}

#: The format that each ending of a file stands for.
ENDINGS = {format.ending: format.name for format in FORMATS.values() if format.ending}


def open_writer(format: str, file: TextIO, options: Options | None = None) -> Writer:
    """A writer of one of `FORMATS`.

    >>> from convcost.answers.comparison import compare_variants
    >>> from convcost.spec import parse_spec
    >>> writer = open_writer("csv", sys.stdout, Options(columns=["params", "relative.params"]))
    >>> writer.begin(), writer.answer(compare_variants(parse_spec("64:128 @56 k3"), ["grouped"])), writer.end()
    variant,params,relative.params
    grouped,2304,0.03125
    (None, None, None)
    """
    row = FORMATS[format]
    made: Writer = getattr(import_module(f"{__package__}.{row.module}"), row.writer)(file, options or Options())
    return made


def write_document(
    document: Document,
    format: str,
    file: TextIO,
    table: Callable[[], Table],
    fields: tuple[str, ...],
    rows: Callable[[], Iterable[Document]],
) -> None:
    """Write one document; `table` and `rows` make what the other formats need, when they need it.

    >>> write_document({}, "csv", sys.stdout, NotImplemented, ("macs", "at"), lambda: [{"macs": 9, "at": (3, 3)}])
    macs,at
    9,3x3

    `fields` are the header of CSV, dotted where they lie deeper in a row. Colours are for standard output only. A
    `format` that is a `Way` says which columns a table and CSV have. Raises UnknownColumnError for one that is not.
    """
    from .columns import chosen_fields  # answers about layers, which are most, are written without it

    columns = format.columns if isinstance(format, Way) else None
    writer = open_writer(format, file, Options(plain=file is not sys.stdout))
    chosen = fields if writer.has_tables else chosen_fields(fields, columns)
    writer.document(document, lambda: table().picked(columns, fields), chosen, rows)
