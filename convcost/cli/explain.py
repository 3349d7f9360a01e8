"""`convcost explain`: what a variant does, costs and gives up, with formulas, numbers, sources and measurements."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Annotated

import typer

from ..explain.answer import explain as explain_topics
from ..explain.answer import pages
from ..explain.measured import Measurement, Settings
from ..explain.topics import ALIASES, RESIDUAL, default_layer, names, read_words, topics
from ..spec import LayerSpec, SpecError, parse_spec
from ..variants.registry import DoesNotApply, all_variants
from .names import unknown_name
from .options import NOTATION

EPILOG = (
    NOTATION
    + """
Examples:

  convcost explain depthwise-separable 64:128 @56 k3

  convcost explain depthwise pointwise

  convcost explain 1x1 --format markdown

  convcost explain residual --experiment

  convcost explain --list
"""
)

#: For terminals that have no better.
_ASCII = str.maketrans("×·–…█◄─│┐┘▼′⌊⌋Σ∗∞²³", "x*-.#<-|++v'[]S*~23")


class ExplainFormat(StrEnum):
    """How an explanation is written."""

    text = "text"
    table = "table"
    markdown = "markdown"
    json = "json"


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
        ExplainFormat, typer.Option("--format", "-f", help="How to write the explanation; text and table are the same.")
    ] = ExplainFormat.text,
) -> int:  # fmt: skip
    """Explain a variant: structure, formula, numbers, what it gives up, where it is used, and when it will not help."""
    if list_topics or not words:
        print(_listing(), end="")
        return 0
    asked = read_words(words)
    if asked.unknown is not None:
        raise unknown_name("topic", asked.unknown, names(), "'convcost explain --list' lists them")
    if experiment and RESIDUAL not in asked.topics:
        raise SpecError("there is no experiment on this topic", "convcost explain residual --experiment")
    text = " ".join(asked.rest)
    spec = parse_spec(text) if text else default_layer(asked.topics)
    _check(asked.topics, spec, text)
    found = _measure() if experiment else None
    document = explain_topics(asked.topics, spec, found)
    if format is ExplainFormat.json:
        from ..report.as_json import json_text

        _write(json_text(document) + "\n")
        return 0
    from ..explain.pages import markdown
    from ..explain.pages import text as plain

    render = markdown if format is ExplainFormat.markdown else plain
    _write("\n".join([render(page) for page in pages(document, spec, bool(text))]))
    return 0


def _listing() -> str:
    """The topics, each with what it is and its aliases."""
    from textwrap import wrap

    entries = all_variants()
    said = {
        name: entries[name].summary if name in entries else "y = F(x, W) + x: cost and measured benefits"
        for name in topics()
    }
    width = max(map(len, said))
    lines = []
    for name, summary in said.items():
        also = [alias for alias, topic in ALIASES.items() if topic == name]
        told = [*wrap(summary, 78 - width), *wrap(f"also: {', '.join(also)}", 78 - width) * bool(also)]
        lines += [f"{title:<{width}}  {line}" for title, line in zip([name, *[""] * len(told)], told)]
    return "\n".join(lines) + "\n"


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


def _write(text: str) -> None:
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        text = text.translate(_ASCII).encode("ascii", "replace").decode("ascii")
    sys.stdout.write(text)
