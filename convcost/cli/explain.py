"""`convcost explain`: what a variant does, costs and gives up, with formulas, numbers, sources and measurements."""

from __future__ import annotations

import sys
from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Any, TextIO

import typer

from ..explain.answer import explain as explain_topics
from ..explain.answer import pages
from ..explain.document import Document
from ..explain.measured import Measurement, Settings
from ..explain.topics import RESIDUAL, default_layer, described, names, read_words
from ..report.formats import FORMATS
from ..spec import LayerSpec, SpecError, parse_spec
from ..variants.registry import DoesNotApply
from .listing import listing, width_of
from .names import unknown_name
from .options import NOTATION
from .output import destination

EPILOG = (
    NOTATION
    + """
Examples:

  convcost explain depthwise-separable 64:128 @56 k3

  convcost explain depthwise pointwise

  convcost explain 1x1 --output 1x1.md

  convcost explain residual --experiment

  convcost explain --list --format csv
"""
)

#: What the list of topics is wide where no terminal is narrower.
WIDTH = 80


#: How an explanation is written: as any answer that is more than rows, and as text, which is what its table is.
ExplainFormat: Any = StrEnum("ExplainFormat", {name: name for name in ("text", *FORMATS)})  # type: ignore[misc]  # likewise


def explain(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="TOPIC... [SPEC]", show_default=False,
            help="Topics (variants, residual, or an alias such as 1x1), then the layer, if not 64:128 @56 k3.",
        ),
    ] = None,
    experiment: Annotated[
        bool, typer.Option("--experiment", help="Measure what residual connections do, here and now (about 15 s).")
    ] = False,
    list_topics: Annotated[bool, typer.Option("--list", help="List the topics and their aliases.")] = False,
    format: Annotated[
        ExplainFormat, typer.Option("--format", "-f", help="How to write the answer; text and table are the same.")
    ] = ExplainFormat["text"],
    output: Annotated[
        str,
        typer.Option("--output", "-o", metavar="FILE", show_default=False, help="Write to this file."),
    ] = "",
) -> int:  # fmt: skip
    """Explain a variant: structure, formula, numbers, what it gives up, where it is used, and when it will not help."""
    with destination(output, "table" if format == "text" else format.value) as (file, written):
        if list_topics or not words:
            _list(written, file)
        else:
            _explain(words, experiment, written, file)
    return 0


def _list(format: str, file: TextIO) -> None:
    """The topics, each with what it is and its aliases."""
    entries = described()
    if format != "table":
        from ..report.listings import TOPICS, write_listing

        write_listing(TOPICS, entries, format, file)
        return
    lines = [
        ((topic["name"],), [topic["summary"], *[f"also: {', '.join(topic['aliases'])}"] * bool(topic["aliases"])])
        for topic in entries
    ]
    file.writelines(listing(lines, min(WIDTH, width_of(file, WIDTH))))


def _explain(words: list[str], experiment: bool, format: str, file: TextIO) -> None:
    """The explanation of the topics and the layer that `words` name."""
    asked = read_words(words)
    if asked.unknown is not None:
        raise unknown_name("topic", asked.unknown, names(), "'convcost explain --list' lists them")
    if experiment and RESIDUAL not in asked.topics:
        raise SpecError("there is no experiment on this topic", "convcost explain residual --experiment")
    if format in ("csv", "latex"):
        raise SpecError(
            f"an explanation is no table, and not written as {format}",
            "text, markdown, json and ndjson have it; convcost compare --per-op has its numbers as rows",
        )
    text = " ".join(asked.rest)
    spec = parse_spec(text) if text else default_layer(asked.topics)
    _check(asked.topics, spec, text)
    found = _measure() if experiment else None
    _write(explain_topics(asked.topics, spec, found), spec, bool(text), format, file)


def _write(document: Document, spec: LayerSpec, given: bool, format: str, file: TextIO) -> None:
    """As a document; its pages are made from it."""
    if format in ("json", "ndjson"):
        from ..report.as_json import encode, json_text

        file.write((json_text if format == "json" else encode)(document) + "\n")
        return
    from ..explain.pages import markdown, text

    found = pages(document, spec, given)
    shown = [markdown(page) if format == "markdown" else text(page, _as_on(file)) for page in found]
    file.write("\n".join(shown))


def _as_on(file: TextIO) -> Callable[[str], str]:
    """What a text will look like in `file`, whose encoding may lack some of its signs."""
    encoding, errors = file.encoding or "utf-8", file.errors or "strict"
    return lambda text: text.encode(encoding, errors).decode(encoding)


def _check(asked: list[str], spec: LayerSpec, text: str) -> None:
    """A layer that a topic does not exist for is bad input, and says so before anything is measured."""
    from ..variants.registry import build_variant

    for topic in asked:
        try:
            build_variant("basic-block" if topic == RESIDUAL else topic, spec)
        except DoesNotApply as why:
            raise SpecError(f"{topic} does not apply: {why}", f"convcost compare {text}", text, 0, len(text)) from None


def _measure() -> list[Measurement]:
    """The experiments, with what is being measured on stderr."""
    from ..explain.experiments import measure

    return measure(Settings(), lambda what: print(f"measuring: {what} …", file=sys.stderr))
