"""Writers of what is made from the table model: the table on the screen, Markdown, and LaTeX."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TextIO

from ..answers.comparison import Layer
from ..spec import format_spec
from .build import comparison_table, layers_table
from .columns import choose_columns, exactly
from .documents import Document, document_of
from .model import Table
from .writers import Options, Result, Writer

#: Layers that share a table; a longer batch goes on in another, so that memory does not grow and answers arrive.
LAYERS_A_TABLE = 100


class _ModelWriter(Writer, ABC):
    """Makes tables: one a comparison, one for many layers."""

    def __init__(self, file: TextIO, options: Options) -> None:
        super().__init__(file, options)
        columns = choose_columns(options.columns)
        self._columns = tuple(map(exactly, columns)) if options.exact else columns
        self._layers: list[tuple[str, Document]] = []
        self._between = ""

    def answer(self, result: Result) -> None:
        """A table, or one more line of it."""
        document, spec = document_of(result), _title(result)
        if not isinstance(result, Layer):
            self._print(comparison_table(document, spec, self._columns, chosen=self._chosen, per_op=self._per_op))
            return
        self._layers.append((spec, document))
        if len(self._layers) == LAYERS_A_TABLE:
            self.end()

    def end(self) -> None:
        """The table of the layers held back."""
        if self._layers:
            self._print(layers_table(self._layers, self._columns, chosen=self._chosen, per_op=self._per_op))
            self._layers = []

    @property
    def _chosen(self) -> bool:
        return self.options.columns is not None

    @property
    def _per_op(self) -> bool:
        return self.options.per_op

    def _print(self, table: Table) -> None:
        self.file.write(self._between)
        self._between = "\n"
        self.show(table)

    @abstractmethod
    def show(self, table: Table) -> None:
        """Write one table."""


def _title(result: Result) -> str:
    """The layer in our notation, behind the name of what a framework's line said."""
    tokens = format_spec(result.spec)
    return f"{result.source} = {tokens}" if result.source else tokens


class TableWriter(_ModelWriter):
    """Tables for people."""

    def show(self, table: Table) -> None:
        """In colour where there is a terminal."""
        from .table import print_table

        print_table(table, self.file, plain=self.options.plain)


class MarkdownWriter(_ModelWriter):
    """Tables for documents."""

    def show(self, table: Table) -> None:
        """As GitHub reads it."""
        from .as_markdown import markdown
        from .table import can_encode

        self.file.write(markdown(table, ascii_only=not can_encode(self.file)))


class LatexWriter(_ModelWriter):
    """Tables for papers."""

    def show(self, table: Table) -> None:
        """With the rules of booktabs."""
        from .as_latex import latex

        self.file.write(latex(table))
