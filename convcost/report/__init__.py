"""Answers -> documents -> text: JSON, CSV, Markdown, and the table for people."""

from .documents import Layer
from .writers import FORMATS, Options, Writer, open_writer

__all__ = ["FORMATS", "Layer", "Options", "Writer", "open_writer"]
