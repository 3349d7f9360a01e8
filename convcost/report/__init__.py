"""Answers -> documents -> text: JSON, CSV, Markdown, and the table for people."""

from .writers import FORMATS, Options, Writer, open_writer

__all__ = ["FORMATS", "Options", "Writer", "open_writer"]
