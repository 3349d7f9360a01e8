"""Writers: one a format, each taking answers as they come."""

from collections.abc import Sequence
from typing import NamedTuple, TextIO

from ..answers.comparison import Comparison, Layer
from ..spec import SpecError

FORMATS = ("table", "json", "ndjson", "csv", "markdown", "latex")

Result = Comparison | Layer


class Options(NamedTuple):
    """How to write: one answer or a batch of them, a line for every operation, and the columns of a table or CSV.

    `exact`: a table has whole numbers; `plain`: it has no colours, whatever the terminal and `FORCE_COLOR` say.
    """

    batch: bool = False
    per_op: bool = False
    columns: Sequence[str] | None = None
    exact: bool = False
    plain: bool = False


class Writer:
    """Writes answers to a file; this one takes them and says nothing.

    `begin`, then `answer` and `error` as often as there are lines, then `end`.
    """

    def __init__(self, file: TextIO, options: Options) -> None:
        self.file = file
        self.options = options

    def begin(self) -> None:
        """What stands before the first answer."""

    def answer(self, result: Result) -> None:
        """One answer."""

    def error(self, error: SpecError, line: int) -> None:
        """A line of a batch that describes no layer."""

    def end(self) -> None:
        """What stands after the last answer, and answers held back."""


def open_writer(format: str, file: TextIO, options: Options = Options()) -> Writer:  # noqa: B008  # immutable
    """A writer of one of `FORMATS`.

    >>> import sys
    >>> from convcost.answers.comparison import compare
    >>> from convcost.spec import parse_spec
    >>> writer = open_writer("csv", sys.stdout, Options(columns=["params", "relative.params"]))
    >>> writer.begin(), writer.answer(compare(parse_spec("64:128 @56 k3"), ["grouped"])), writer.end()
    variant,params,relative.params
    grouped,2304,0.03125
    (None, None, None)
    """
    if format == "ndjson":
        from .as_json import LinesWriter

        return LinesWriter(file, options)
    if format == "json":
        from .as_json import JsonWriter

        return JsonWriter(file, options)
    if format == "csv":
        from .as_csv import CsvWriter

        return CsvWriter(file, options)
    from .table_writers import LatexWriter, MarkdownWriter, TableWriter

    writers = {"markdown": MarkdownWriter, "latex": LatexWriter}
    return writers.get(format, TableWriter)(file, options)
