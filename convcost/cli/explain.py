"""`convcost explain`: what a variant does, why, and what it costs and gives up, with what is measured in this run."""

from __future__ import annotations

import sys
from collections.abc import Callable
from enum import StrEnum
from time import monotonic
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

from ..explain.document import explanation_document
from ..explain.lessons import Document
from ..explain.measured import Measurement, Settings
from ..explain.pages import Page
from ..explain.sections import pages
from ..explain.topics import RESIDUAL, default_layer, described, names, read_words
from ..report.formats import FORMATS, open_writer
from ..report.model import Table
from ..report.writers import Way
from ..spec import LayerSpec, SpecError, format_spec, parse_spec
from ..spec.errors import unknown_name
from ..spec.text import join_words
from ..variants.registry import DoesNotApply
from .failure import tell
from .listing import fold_text, listing, width_of
from .options import NOTATION, Destination, Format

if TYPE_CHECKING:
    from ..report.charts import Chart

EPILOG = (
    NOTATION
    + """
The MACs here are formulas, and multiply-adds as everywhere. What another tool would say of a layer is a number of
that layer: convcost layer 64:128 @56 k3 --convention thop.

Examples:

  convcost explain depthwise-separable 64:128 @56 k3

  convcost explain depthwise pointwise

  convcost explain 1x1 --output 1x1.md

  convcost explain residual --experiment

  convcost explain spatial --full

  convcost explain --list --format csv
"""
)

#: What texts are wide where no terminal is narrower.
WIDTH = 80


#: How an explanation is written: as any answer, and as text, which is what its table is.
ExplainFormat: Any = StrEnum("ExplainFormat", {name: name for name in ("text", *FORMATS)})  # type: ignore[misc]  # made from the list


def explain(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="TOPIC... [SPEC]", show_default=False,
            help="Topics (variants, residual, or an alias such as 1x1), then the layer, if not 64:128 @56 k3.",
        ),
    ] = None,
    experiment: Annotated[
        bool, typer.Option("--experiment", help="Measure what residual connections do, here and now (about 10 s).")
    ] = False,
    measure: Annotated[
        bool, typer.Option("--measure", help="Time it in onnxruntime beside the standard convolution (about 3 s).")
    ] = False,
    full: Annotated[
        bool, typer.Option("--full", help="More than a screen: each step, uses, limits, growth, a training step.")
    ] = False,
    list_topics: Annotated[
        bool, typer.Option("--list", help="List the topics and their aliases; convcost variants says what each is.")
    ] = False,
    format: Annotated[
        ExplainFormat | None,
        typer.Option(
            "--format", "-f", metavar="FORMAT", show_default="text",
            help=f"How to write the answer: {', '.join(ExplainFormat)}; text is its table, csv its numbers.",
        ),
    ] = None,
    *,
    to: Destination,
) -> int:  # fmt: skip
    """Explain a variant on a screen: the reason, the formula with this layer's numbers, what is measured in this run.

    Documents (markdown, latex, html, json) are always full.
    """
    to = to._replace(format=Format["table" if format == "text" else format.value] if format else None)
    with to.open() as (file, written):
        if list_topics or not words:
            _list(written, file)
        else:
            _explain(words, experiment, measure, full, written, file)
    return 0


def _list(format: Way, file: TextIO) -> None:
    """The topics, each with its aliases: what a variant is, `convcost variants` says."""
    entries = described()
    if format != "table" or format.columns is not None:
        from ..report.listings import TOPICS, write_listing

        write_listing(TOPICS, entries, format, file)
        return
    lines = [
        ((topic["name"],), [f"also {', '.join(topic['aliases'])}" if topic["aliases"] else "–"]) for topic in entries
    ]
    file.writelines(listing(lines, min(WIDTH, width_of(file, WIDTH))))


def _explain(words: list[str], experiment: bool, measure: bool, full: bool, format: str, file: TextIO) -> None:
    """The explanation of the topics and the layer that `words` name."""
    asked = read_words(words)
    if asked.unknown is not None:
        raise unknown_name("topic", asked.unknown, names(), "'convcost explain --list' lists them")
    if experiment and RESIDUAL not in asked.topics:
        raise SpecError("there is no experiment on this topic", "convcost explain residual --experiment")
    if measure:
        from ..explain.timed import check_timed

        check_timed(asked.topics)
    if not FORMATS[format].explains:
        written = ", ".join([name for name, known in FORMATS.items() if known.explains])
        raise SpecError(f"an explanation is not written as {format}", f"it is as {written}")
    text = join_words(asked.rest)
    spec = parse_spec(text) if text else default_layer(asked.topics)
    _check(asked.topics, spec, text)
    found = _measure() if experiment else None
    document = explanation_document(asked.topics, spec, found)
    if measure:
        _time(document, spec)
    if format == "csv":
        from ..explain.handout import write_rows

        write_rows(document, file)
    elif format in ("json", "ndjson", "svg"):
        open_writer(format, file).document(document, _chart_alone(", ".join(asked.topics), spec), (), list)
    else:
        is_short = format in ("table", "plot") and not full
        _write(pages(document, spec, bool(text), full=not is_short), format, file)
        if format in ("plot", "html"):
            _draw(document, format, file)


def _chart_alone(title: str, spec: LayerSpec) -> Callable[[], Table]:
    """The table of an answer that has none, for its picture."""
    return lambda: Table(title, (format_spec(spec),), "", (), (), (), ())


def _write(found: list[Page], format: str, file: TextIO) -> None:
    """Pages, one after another, for a terminal or as a hand-out."""
    from ..explain.handout import html_handout, latex_handout, markdown_handout
    from ..explain.pages import text

    if format == "html":
        from ..report.as_html import page_head

        file.write(page_head(found[0].title))
    writers = {"markdown": markdown_handout, "latex": latex_handout, "html": html_handout}
    width = min(WIDTH, width_of(file, WIDTH))
    write = writers.get(format, lambda page: fold_text(text(page, _as_on(file), width), width, paragraphs=False))
    file.write("\n".join(map(write, found)))


def _draw(document: Document, format: str, file: TextIO) -> None:
    """How the cost grows: below a page in a terminal, or at the end of one in a browser."""
    from ..report.pictures import chart_of

    def chart() -> Chart:
        return chart_of(document, Table("", (), "", (), (), (), ()))

    if format == "plot":
        from ..report.as_plot import chart_text
        from ..report.as_table import can_encode

        file.write("\n" + chart_text(chart(), min(WIDTH, width_of(file, WIDTH)), ascii_only=not can_encode(file)))
    else:
        from ..report.as_html import FOOT, figure

        file.write(figure(chart) + FOOT)


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
            raise SpecError(f"{topic} does not apply: {why}", f"convcost compare {text}", text) from None


def _time(document: Document, spec: LayerSpec) -> None:
    from ..explain.timed import ROUNDS, SECONDS, time_explained
    from ..report.terminal import progress

    with progress(ROUNDS, SECONDS) as step:
        notes = time_explained(document, spec, step)
    for note in notes:
        tell(note)


def _measure() -> list[Measurement]:
    """The experiments, with what is being measured and how long it will take on stderr."""
    from ..explain.experiments import run_experiments, work

    settings = Settings()
    bar = ProgressBar(work(settings), sys.stderr)
    try:
        return run_experiments(settings, bar)
    finally:
        bar.close()


class ProgressBar:
    """How much of some work is done and how long the rest will take: drawn in a terminal, else a line a step.

    >>> bar = ProgressBar(4, sys.stdout, clock=iter([0.0, 3.0]).__next__)
    >>> bar(1, "training")
    training …
    >>> bar.line(3.0)
    '█████                 25 %, about 9 s left: training'
    """

    def __init__(self, work: int, file: TextIO, clock: Callable[[], float] = monotonic) -> None:
        self.work, self.done, self.what, self.file, self.clock = work, 0, "", file, clock
        self.start, self.shown = clock(), 0.0

    def __call__(self, done: int, what: str) -> None:
        """So much more is done, of this."""
        now, self.done = self.clock() - self.start, self.done + done
        is_new, self.what = what != self.what, what
        if not self.file.isatty():
            if is_new:
                print(f"{what} …", file=self.file, flush=True)
        elif is_new or now - self.shown > 0.1:
            self.shown = now
            print(f"\r{self.line(now):<79}", end="", file=self.file, flush=True)

    def line(self, elapsed: float) -> str:
        """What is drawn after `elapsed` seconds; at most 79 columns."""
        share = min(1.0, self.done / self.work)
        left = f"about {elapsed / share - elapsed:.0f} s left: " if share else ""
        return f"{'█' * int(20 * share):<20} {100 * share:3.0f} %, {left}{self.what}"[:79]

    def close(self) -> None:
        """Take the bar away, for what comes next to begin at the start of a line."""
        if self.file.isatty():
            print(f"\r{'':<79}\r", end="", file=self.file, flush=True)
