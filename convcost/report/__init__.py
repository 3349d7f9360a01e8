"""Answers -> documents -> text: JSON, CSV, Markdown, and the table for people."""

from .formats import FORMATS, open_writer
from .writers import Options, Writer

__all__ = ["FORMATS", "Options", "Writer", "open_writer"]
