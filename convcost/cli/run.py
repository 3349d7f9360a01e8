"""What `compare` and `layer` share: read each spec, answer it, write the answer, and go on past a bad line."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, BinaryIO

from ..answers.comparison import Layer, Result, Row
from ..report import Options, Writer, open_writer
from ..spec import LayerSpec, Reading, SpecError, read_layer
from ..spec.errors import Problem, clip
from ..spec.fields import Values
from ..spec.records import NamedTuple
from ..spec.text import gather_tokens, join_words, locate
from .failure import Screen, report, tell
from .options import Destination, Modifiers
from .prints import Passed, whole_layers

Answer = Callable[[Reading], Result]
Texts = Callable[[Sequence[str]], Sequence[str | None]]

#: One number that makes more than so many positions, squared, is likelier meant for one axis.
LARGE = 4096

#: Longest line that is read; a longer one is no spec, and must not fill the memory.
LONGEST = 1 << 20


class Flags(NamedTuple):
    """What the command line adds to every spec."""

    norm: bool = False
    activation: str | None = None
    residual: bool = False

    @classmethod
    def of(cls, modifiers: Modifiers, residual: bool = False) -> Flags:
        """As the options say."""
        activation = modifiers.activation
        return cls(modifiers.norm, activation.value if activation else None, residual)

    @property
    def given(self) -> dict[str, Any]:
        """Those that are on."""
        return {field: value for field, value in zip(self._fields, self) if value}

    def on(self, spec: LayerSpec) -> LayerSpec:
        """The spec with these flags; a flag that is off leaves what the spec says."""
        return spec._replace(**self.given) if any(self) else spec

    def read(self, text: str, otherwise: Values) -> Reading:
        """What a line says, with these flags."""
        reading = read_layer(text, otherwise)
        return reading._replace(spec=self.on(reading.spec)) if any(self) else reading


class Planned(NamedTuple):
    """How lines that arrive together are answered by plans: where plans spare `lines` of them (0: never).

    `parts` are the answers that one is made of, each with one row; none: the answer is one. A part gets a plan when
    `least` lines want one: it takes as long as to answer so many.
    """

    lines: int = 0
    parts: Callable[[Reading], list[Answer]] | None = None
    least: int = 1


def answer_all(
    words: list[str], flags: Flags, answer: Answer, to: Destination, options: Options, *,
    planned: Planned = Planned(),  # noqa: B008  immutable
) -> int:  # fmt: skip
    """Answer the spec on the command line, or with `-` every line of standard input.

    Tokens behind the `-` hold for every line that does not say otherwise. Lines whose sizes alone differ are answered
    by plans, as `planned` says, where nothing is executed.

    Gives the exit code: 2 if a line was bad input, else 1 if an answer does not hold, else 0.
    """
    options = options._replace(batch=" ".join(words).split()[:1] == ["-"], plain=bool(to.output))
    with to.open() as (file, format):  # on standard output answers arrive as they are made
        return _answer_all(words, flags, answer, open_writer(format, file, options), planned)


def _answer_all(words: list[str], flags: Flags, answer: Answer, writer: Writer, planned: Planned) -> int:
    writer.begin()
    if writer.options.batch:
        if sys.stdin is None:
            raise OSError("standard input is closed")
        otherwise = _for_every_line(" ".join(" ".join(words).split()[1:]))
        chunks = numbered_lines(sys.stdin.buffer, writer.file.flush)
        texts = _by_plans(flags, answer, writer, otherwise, planned) if planned.lines and writer.a_line_each else None
        code = max(_answers(chunks, flags, answer, writer, otherwise, texts), default=0)
    else:
        code = _answer(join_words(words), flags, answer, writer, {})
    writer.end()
    return code


def _for_every_line(tokens: str) -> Values:
    """What the tokens behind the `-` say: `layer - @32 < print.txt` gives a size to every line without one."""
    values: Values = {}
    try:
        gather_tokens(tokens, values)
    except Problem as problem:
        raise locate(problem, tokens, values) from None
    return values


def _by_plans(flags: Flags, answer: Answer, writer: Writer, otherwise: Values, planned: Planned) -> Texts:
    """What gives the texts of answers to many lines at once; None for a line that is to be answered by itself."""
    from ..search.forms import lines_spared

    texts: Texts | None = None

    def of(lines: Sequence[str]) -> Sequence[str | None]:
        nonlocal texts
        if texts is None:
            if len(lines) < planned.lines or lines_spared(lines, planned.least) < planned.lines:
                return [None] * len(lines)  # loading NumPy takes as long as that many answers
            from ..search.batches import Batch, Pieces, undivided

            parts = planned.parts
            pieces = Pieces(parts or (lambda _: [answer]), writer.cut if parts else undivided, planned.least)
            texts = Batch(lambda line: flags.read(line, otherwise), pieces, writer.text).texts
        return texts(lines)

    return of


def _answers(
    chunks: Iterable[list[tuple[int, str]]], flags: Flags, answer: Answer, writer: Writer, otherwise: Values,
    texts: Texts | None,
) -> Iterator[int]:  # fmt: skip
    passed, answered, empty = Passed(), False, True
    screen = Screen.of_errors()
    for lines in whole_layers(chunks):
        empty = empty and not lines
        known = texts([text for _, text in lines]) if texts else [None] * len(lines)
        for (number, line), text in zip(lines, known):
            if text is not None:
                writer.file.write(text)
                answered = True
                continue
            try:
                yield _answer(line, flags, answer, writer, otherwise)
                answered = True
            except SpecError as error:
                if not passed.takes(error, number, line):
                    yield _report(error, number, writer, screen)
    yield from [_report(error, number, writer, screen) for number, error in passed.settle(answered)]
    if empty:
        report(SpecError("there is no layer on standard input", "write one a line, such as 64:128 @56 k3"))
        yield 2


def _report(error: SpecError, number: int, writer: Writer, screen: Screen) -> int:
    report(error, number, screen)
    writer.error(error, number)
    return 2


def _answer(text: str, flags: Flags, answer: Answer, writer: Writer, otherwise: Values) -> int:
    if len(text) > LONGEST:
        raise SpecError("the line is too long", "one spec a line, of at most a million characters", text[:40], 0, 40)
    reading = flags.read(text, otherwise)
    if reading.notes or max(reading.spec.input_size) > LARGE:
        _tell(text, reading)
    result = answer(reading)
    writer.answer(result)
    rows = (result.row,) if isinstance(result, Layer) else result.rows
    return max([_mismatch(text, row) for row in rows], default=0)


def _tell(text: str, reading: Reading) -> None:
    """Notes on stderr: what the line says and the answer leaves out, and one number that may be meant for one axis."""
    for note in reading.notes:
        tell(f"{clip(text.strip())}: {note}")
    high, *rest = reading.spec.input_size
    if rest == [high] and high > LARGE and not reading.source and f"{high}x{high}" not in text:
        tell(f"@{high} is {high}x{high} positions; one axis is written 1d")


def _mismatch(text: str, row: Row) -> int:
    """1, and both numbers on stderr, where the execution of a row contradicts its analysis."""
    if row.verified is None or row.verified.status != "mismatch":
        return 0
    for word, found in row.verified.checks.items():
        if found.ok is False:
            both = f"{found.expected} by analysis, {found.measured} as executed"
            print(f"mismatch: {text}: {row.variant}: {word} is {both}", file=sys.stderr)
    return 1


def numbered_lines(stream: BinaryIO, before_waiting: Callable[[], object]) -> Iterator[list[tuple[int, str]]]:
    """Number and text of every line that is neither blank nor a `#` comment, those together that arrive together.

    Bytes that are no text are kept visible.

    >>> import io
    >>> list(numbered_lines(io.BytesIO(b"# two layers\\n64:128 @56 k3\\n\\n3:64 @224 k7 s2"), lambda: None))
    [[(2, '64:128 @56 k3')], [(4, '3:64 @224 k7 s2')]]
    """
    number = 0
    for lines in _raw_lines(stream, before_waiting):
        found = []
        for raw in lines:
            number += 1
            line = raw.decode("utf-8-sig" if number == 1 else "utf-8", "backslashreplace").strip()
            if line and not line.startswith("#"):
                found.append((number, line))
        yield found


def _raw_lines(stream: BinaryIO, before_waiting: Callable[[], object]) -> Iterator[list[bytes]]:
    rest = b""
    read = getattr(stream, "read1", stream.read)
    while True:
        before_waiting()
        chunk = read(1 << 18)
        if not chunk:
            break
        *lines, rest = (rest + chunk).split(b"\n")
        yield lines
        rest = rest[: LONGEST + 1]  # too long already: the spec reader says so, the remainder is not kept
    if rest:
        yield [rest]
