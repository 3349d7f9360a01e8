"""What `compare` and `layer` share: read each spec, answer it, write the answer, and go on past a bad line."""

import re
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from ..answers.comparison import Comparison, Layer, Row, Verify
from ..report import Options, Writer, open_writer
from ..spec import LayerSpec, Reading, SpecError, read_layer
from ..spec.errors import Problem
from ..spec.fields import Values
from ..spec.text import gather, locate
from .failure import report
from .lines import LONGEST, numbered_lines

#: One number that makes more than so many positions squared is likelier meant for one axis.
LARGE = 4096

Answer = Callable[[Reading], Comparison | Layer]


class Flags(NamedTuple):
    """What the command line adds to every spec."""

    norm: bool = False
    activation: str | None = None
    residual: bool = False

    def on(self, spec: LayerSpec) -> LayerSpec:
        """The spec with these flags; a flag that is off leaves what the spec says."""
        if not any(self):
            return spec
        given: dict[str, Any] = {field: value for field, value in zip(self._fields, self) if value}
        return spec._replace(**given)


def answer_all(words: list[str], flags: Flags, answer: Answer, format: str, options: Options, output: str = "") -> int:
    """Answer the spec on the command line, or with `-` every line of standard input, on `output` if it names a file.

    Tokens behind the `-` hold for every line that does not say otherwise.

    Gives the exit code: 2 if a line was bad input, else 1 if an answer does not hold, else 0.
    """
    if not output:
        return _answer_all(words, flags, answer, open_writer(format, sys.stdout, _batch(options, words)))
    from .output import format_of, whole_file

    format = format_of(output, format)
    with whole_file(output) as file:
        return _answer_all(words, flags, answer, open_writer(format, file, _batch(options._replace(plain=True), words)))


def _batch(options: Options, words: list[str]) -> Options:
    return options._replace(batch=" ".join(words).split()[:1] == ["-"])


def _answer_all(words: list[str], flags: Flags, answer: Answer, writer: Writer) -> int:
    writer.begin()
    if writer.options.batch:
        if sys.stdin is None:
            raise OSError("standard input is closed")
        otherwise = _for_every_line(" ".join(words).split()[1:])
        lines = numbered_lines(sys.stdin.buffer, writer.file.flush)
        code = max(_answers(lines, flags, answer, writer, otherwise), default=0)
    else:
        code = _answer(" ".join(words), flags, answer, writer, {})
    writer.end()
    return code


def _for_every_line(words: list[str]) -> Values:
    """What the tokens behind the `-` say: `layer - @32 < print.txt` gives a size to every line without one."""
    values: Values = {}
    try:
        gather(" ".join(words), values)
    except Problem as problem:
        raise locate(problem, " ".join(words), values) from None
    return values


def _answers(
    lines: Iterable[tuple[int, str]], flags: Flags, answer: Answer, writer: Writer, otherwise: Values
) -> Iterator[int]:
    for number, text in lines:
        try:
            yield _answer(text, flags, answer, writer, otherwise)
        except SpecError as error:
            report(error, number)
            writer.error(error, number)
            yield 2


def _answer(text: str, flags: Flags, answer: Answer, writer: Writer, otherwise: Values) -> int:
    if len(text) > LONGEST:
        raise SpecError("the line is too long", "one spec a line, of at most a million characters", text[:40], 0, 40)
    reading = read_layer(text, otherwise)
    if any(flags):
        reading = reading._replace(spec=flags.on(reading.spec))
    if reading.notes or max(reading.spec.input_size) > LARGE:
        _tell(text, reading)
    result = answer(reading)
    writer.answer(result)
    rows = (result.row,) if isinstance(result, Layer) else result.rows
    return max([_mismatch(text, row) for row in rows])


def _tell(text: str, reading: Reading) -> None:
    """Notes on stderr: what the line says and the answer leaves out; one number that may be meant for one axis."""
    for note in reading.notes:
        print(f"note: {text.strip()[:60]}: {note}", file=sys.stderr)
    high, *rest = reading.spec.input_size
    if (
        rest == [high]
        and high > LARGE
        and not reading.source
        and not {f"{high}x{high}", "2d"} & set(re.split(r"[ @=]", text))
    ):
        print(f"note: @{high} is {high}x{high} positions; for one axis add 1d", file=sys.stderr)


def _mismatch(text: str, row: Row) -> int:
    """1, and both numbers on stderr, where the execution of a row contradicts its analysis."""
    if row.verified is None or row.verified.status != "mismatch":
        return 0
    for word, found in row.verified.checks.items():
        if found.ok is False:
            both = f"{found.expected} by analysis, {found.measured} as executed"
            print(f"mismatch: {text}: {row.variant}: {word} is {both}", file=sys.stderr)
    return 1


def verifier(verify: bool, limit: int | None) -> Verify | None:
    """What executes rows, if they are to be executed; NumPy is loaded only then."""
    if not verify:
        return None
    from ..checks.verifier import DEFAULT_LIMIT, Verifier

    return Verifier(DEFAULT_LIMIT if limit is None else limit)
