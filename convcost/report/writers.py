"""What writes answers: the base of all formats, and of those that are made from the table model."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, TextIO

from ..spec.records import NamedTuple

if TYPE_CHECKING:
    from ..answers.comparison import Result
    from ..spec import SpecError
    from .documents import Document
    from .model import Table


class Options(NamedTuple):
    """How to write: one answer or a batch of them, a line for every operation, and the columns of a table or CSV.

    `exact`: a table has whole numbers; `plain`: it has no colours, whatever the terminal and `FORCE_COLOR` say;
    `convention`: the tool whose figures stand beside ours.
    """

    batch: bool = False
    per_op: bool = False
    columns: Sequence[str] | None = None
    exact: bool = False
    plain: bool = False
    convention: str = ""


def answered(result: Result, options: Options) -> Document:
    """The document of an answer, with the figures of the convention that the options name."""
    from .documents import document_of

    document = document_of(result)
    if options.convention:
        from .beside import add_to_rows

        add_to_rows(document.get("rows", [document]), result.spec, options.convention)
    return document


class Way(str):
    """The name of a format, and with it the columns that are wanted of a document's table or CSV; None: its own.

    >>> Way("csv", ["macs"]) == "csv", Way("csv", ["macs"]).columns, Way("csv").columns
    (True, ['macs'], None)
    """

    columns: Sequence[str] | None

    def __new__(cls, format: str, columns: Sequence[str] | None = None) -> Way:
        way = super().__new__(cls, format)
        way.columns = columns
        return way


class Writer(ABC):
    """Writes to a file in one format: answers as they come, or one document.

    For answers `begin`, then `answer` and `error` as often as there are lines, then `end`. `a_line_each`: what is
    written for an answer depends on nothing else, and `text` gives it. `has_tables`: it writes no fields, but tables.
    """

    a_line_each = False
    has_tables = False

    def __init__(self, file: TextIO, options: Options) -> None:
        self.file = file
        self.options = options

    def begin(self) -> None:  # noqa: B027  most formats have nothing to say there
        """What stands before the first answer."""

    @abstractmethod
    def answer(self, result: Result) -> None:
        """One answer."""

    def text(self, result: Result) -> str:  # noqa: ARG002  the formats that can are those with `a_line_each`
        """What `answer` would write; ValueError where that depends on other answers."""
        raise ValueError(f"{type(self).__name__} does not write answers one by one")

    def cut(self, text: str) -> tuple[str, str, str]:
        """The text of an answer with one row: what stands before that row, the row, what stands behind it."""
        raise ValueError(f"{type(self).__name__} does not write answers one by one: {text[:20]}")

    def error(self, error: SpecError, line: int) -> None:  # noqa: B027  it is on standard error anyway
        """A line of a batch that describes no layer."""

    def end(self) -> None:  # noqa: B027  most formats hold nothing back
        """What stands after the last answer, and answers held back."""

    @abstractmethod
    def document(
        self,
        document: Document,
        table: Callable[[], Table],
        fields: Sequence[str],
        rows: Callable[[], Iterable[Document]],
    ) -> None:
        """One document, or what the format makes of it: its table, or its rows with these fields."""
