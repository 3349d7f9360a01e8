"""A table as lines of styled text in a fixed-width font; what does not fit is left out, the least wanted first."""

from collections.abc import Iterator, Sequence

from ..spec.records import NamedTuple
from .model import Head, Line, Table, listed

#: Text and what it is: "title", "head", "dim", "section", "base", "good", "bad", or "" for plain.
Span = tuple[str, str]

GAP = "  "

#: One character for one, so that a finished line can be translated. For encodings that have no better.
ASCII = str.maketrans("×–✓✗·─└…", "x-+!|-`.")

STYLE_OF_MARK = {"✓": "good", "✗": "bad"}

#: Wider than any table.
ENDLESS = 1_000_000

#: A reason is never squeezed into less than this.
LEAST_REASON = 24


class Grid(NamedTuple):
    """Where things stand: which of the heads are shown, how wide each, and how wide marks and names before them."""

    shown: tuple[int, ...]
    widths: tuple[int, ...]
    mark: int
    name: int

    @property
    def start(self) -> int:
        """Columns before the first cell."""
        return 2 + self.mark + self.name

    @property
    def total(self) -> int:
        """Columns of a whole line."""
        return self.start + sum([len(GAP) + width for width in self.widths])


def lay_out(table: Table, width: int, *, every: bool = False) -> Iterator[list[Span]]:
    """The lines of `table` for a terminal of `width` columns, without their newlines.

    Numbers and names are never cut or wrapped: where even the columns that must stay are too wide, so are the lines.
    Columns that are left out are named; with `every` column none is.
    """
    grid = squeezed(table, ENDLESS if every else width)
    if table.title:
        yield from _title(table, ENDLESS if every else width)
        yield []
    if table.sections:
        yield from _body(table, grid, width)
        yield []
    for note in table.below([table.heads[i] for i in grid.shown]):
        yield from _note(note, grid.mark, width)
    out = [head.words for i, head in enumerate(table.heads) if i not in grid.shown and head.key != "verified"]
    if out and table.sections:
        yield from _note(f"· left out for width: {listed(out)} (--columns)", grid.mark, width)


def _title(table: Table, width: int) -> Iterator[list[Span]]:
    """The title, and what holds for the whole beside it, or below where both are too long for a line."""
    title, facts = f" {table.title}", "  ·  ".join(table.facts)
    if not facts:
        yield [(title, "title")]
    elif len(title) + len("  ·  ") + len(facts) <= width:
        yield [(title, "title"), (f"  ·  {facts}", "dim")]
    else:
        yield [(title, "title")]
        yield from [[(f" {line}", "dim")] for line in _joined(table.facts, width - 1)]


def _joined(facts: Sequence[str], width: int) -> list[str]:
    """Facts side by side, on as few lines as they need; none is cut.

    >>> _joined(["numpy 2.4", "one thread", "fp32"], 25)
    ['numpy 2.4  ·  one thread', 'fp32']
    """
    lines = [facts[0]]
    for fact in facts[1:]:
        longer = f"{lines[-1]}  ·  {fact}"
        lines = [*lines[:-1], longer] if len(longer) <= width else [*lines, fact]
    return lines


def _body(table: Table, grid: Grid, width: int) -> Iterator[list[Span]]:
    """The header, the rule under it, and the rows."""
    yield from _header(table, grid)
    yield [(" " + "─" * (grid.total - 1), "dim")]
    for index, section in enumerate(table.sections):
        if section.title:
            yield from [[]] * (index > 0)
            for part in wrap(section.title, max(LEAST_REASON, width - grid.mark - 2)):
                yield [(f" {' ' * grid.mark} {part}", "section")]
        for line in section.lines:
            yield from [_line(line, table.heads, grid)] if line.reason is None else _reason(line, grid, width)


def squeezed(table: Table, width: int) -> Grid:
    """The columns that fit, dropping those of the highest priority number; `verified` is what the marks say."""
    lines = [line for section in table.sections for line in section.lines]
    shown = [i for i, head in enumerate(table.heads) if head.key != "verified"]
    widths = [
        max([len(part) for part in header_lines(head)] + [len(line.cells[i]) for line in lines if line.reason is None])
        for i, head in enumerate(table.heads)
    ]
    names = max([len(table.label), *[len(_name(line)) for line in lines]])
    grid = Grid((), (), max([len(line.mark) for line in lines], default=0), names)
    while True:
        grid = grid._replace(shown=tuple(shown), widths=tuple([widths[i] for i in shown]))
        spare = {i: priority for i in shown if (priority := table.heads[i].priority)}
        if grid.total <= width or not spare:
            return grid
        shown.remove(max(spare, key=spare.__getitem__))


def header_lines(head: Head) -> list[str]:
    """A header in two lines, its unit at the end.

    >>> header_lines(Head("macs", "MACs", "M", True, 0)), header_lines(Head("x", "effective\\nMACs", "M", True, 0))
    (['MACs', '(M)'], ['effective', 'MACs (M)'])
    """
    first, _, second = head.header.replace("\u00ad", "-").partition("\n")
    unit = f"({head.unit})" if head.unit else ""
    return [first, f"{second} {unit}".strip()]


def _header(table: Table, grid: Grid) -> Iterator[list[Span]]:
    heads = [(table.heads[i], header_lines(table.heads[i])) for i in grid.shown]
    for level, style in enumerate(("head", "dim")):
        label = table.label if level == 0 else ""
        cells = [_align(lines[level], head, width) for (head, lines), width in zip(heads, grid.widths)]
        if level and not "".join(cells).strip():  # no header has a second line
            return
        yield [(GAP.join([f" {'':<{grid.mark}} {label:<{grid.name}}", *cells]).rstrip(), style)]


def _align(text: str, head: Head, width: int) -> str:
    return f"{text:>{width}}" if head.right else f"{text:<{width}}"


def _name(line: Line) -> str:
    return f"└ {line.name}" if line.is_op else line.name


def _line(line: Line, heads: tuple[Head, ...], grid: Grid) -> list[Span]:
    cells = [_align(line.cells[i], heads[i], width) for i, width in zip(grid.shown, grid.widths)]
    style = "dim" if line.is_op else "base" if line.is_baseline else ""
    return [*_start(line, grid, style), ("".join([GAP + cell for cell in cells]).rstrip(), style)]


def _start(line: Line, grid: Grid, style: str) -> list[Span]:
    return [
        (f" {line.mark:<{grid.mark}} ", STYLE_OF_MARK.get(line.mark[:1], "dim")),
        (f"{_name(line):<{grid.name}}", style),
    ]


def _reason(line: Line, grid: Grid, width: int) -> Iterator[list[Span]]:
    """A row that does not apply: its reason runs across the cells it does not have."""
    room = max(LEAST_REASON, width - grid.start - len(GAP))
    first, *rest = wrap(f"does not apply: {line.reason}", room)
    yield [*_start(line, grid, "dim"), (GAP + first, "dim")]
    for part in rest:
        yield [(" " * grid.start + GAP + part, "dim")]


def _note(note: str, indent: int, width: int) -> Iterator[list[Span]]:
    sign, _, text = note.partition(" ")
    indent = max(indent, len(sign))
    for part in wrap(text, width - indent - 2):
        yield [(f" {sign:<{indent}} ", STYLE_OF_MARK.get(sign, "dim")), (part, "dim")]
        sign = ""


def wrap(text: str, width: int) -> list[str]:
    """`text` in lines of at most `width`, broken at spaces; a longer word has a line of its own.

    >>> wrap("one axis cannot be separated", 12)
    ['one axis', 'cannot be', 'separated']
    """
    lines: list[str] = []
    for word in text.split():
        if lines and len(lines[-1]) + 1 + len(word) <= width:
            lines[-1] += " " + word
        else:
            lines.append(word)
    return lines or [""]
