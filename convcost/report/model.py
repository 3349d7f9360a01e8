"""The one table model: what every table says, whoever prints it."""

# No postponed annotations here and beside: NamedTuple would compile each of them from its text at every start.
from collections.abc import Collection, Iterable, Sequence

from ..spec.records import NamedTuple
from .columns import LEADING, known_names


class Head(NamedTuple):
    """The top of a column: `header` breaks where it has a newline; `priority` None stays whatever the width,
    and a soft hyphen there is written as a hyphen.

    `right`: a number, to be aligned so. `checked`: a verified row vouches for it. `hidden`: there when asked for.
    """

    key: str
    header: str
    unit: str
    right: bool
    priority: int | None
    checked: bool = True
    hidden: bool = False

    @property
    def words(self) -> str:
        """The header on one line.

        >>> [Head("a", text, "", True, 1).words for text in ("activa\u00ad\\ntions", "MACs\\n× base", "mult-\\nadds")]
        ['activations', 'MACs × base', 'mult-adds']
        """
        return " ".join(self.header.replace("\u00ad\n", "").replace("-\n", "-").split())


class Line(NamedTuple):
    """One row, or one operation of the row above it. With a `reason` the row does not apply, and has no cells."""

    name: str
    cells: tuple[str, ...]
    reason: str | None = None
    mark: str = ""
    is_op: bool = False
    is_baseline: bool = False


class Section(NamedTuple):
    """The rows of one role."""

    title: str
    lines: tuple[Line, ...]


class Table(NamedTuple):
    """Everything that a table says: `facts` stand beside the title, `executed` are the words that were checked.

    Without a section there is nothing to head: only the title and the notes are shown.
    """

    title: str
    facts: tuple[str, ...]
    label: str
    heads: tuple[Head, ...]
    sections: tuple[Section, ...]
    executed: tuple[str, ...]
    notes: tuple[str, ...]

    def picked(self, columns: Sequence[str] | None, of_csv: Collection[str] = ()) -> "Table":
        """The table with these columns, all of which stay; None: with those that are not hidden.

        >>> heads = (Head("params", "params", "", True, 1), Head("macs", "MACs", "", True, 2, hidden=True))
        >>> table = Table("", (), "variant", heads, (Section("", (Line("standard", ("9", "81")),)),), (), ())
        >>> [[line.cells for line in table.picked(names).sections[0].lines] for names in (None, ["macs", "params"])]
        [[('9',)], [('81', '9')]]

        Raises UnknownColumnError for a column that there is not; `of_csv` are those that CSV has.
        """
        if columns is None:
            places = [at for at, head in enumerate(self.heads) if not head.hidden]
        else:
            known = [head.key for head in self.heads]
            wanted = [name for name in columns if name in known or name not in LEADING]  # the row's own name is there
            lead = [at for at, head in enumerate(self.heads) if head.key in LEADING and not head.hidden]
            places = list(dict.fromkeys([*lead, *map(known.index, known_names(wanted, known, of_csv))]))
        if len(places) == len(self.heads) and columns is None:
            return self
        heads = [self.heads[at]._replace(hidden=False) for at in places]
        if columns is not None:
            heads = [head._replace(priority=None) for head in heads]
        sections = [
            section._replace(lines=tuple([
                line._replace(cells=tuple([line.cells[at] for at in places])) if line.cells else line
                for line in section.lines
            ]))
            for section in self.sections
        ]  # fmt: skip
        return self._replace(heads=tuple(heads), sections=tuple(sections))

    def below(self, shown: Iterable[Head]) -> list[str]:
        """The lines under the table when those columns are shown: a sign, a space, and what it stands for.

        >>> head = Head("traffic_bytes", "traffic", "MiB", True, 6, checked=False)
        >>> Table("", (), "variant", (head,), (), ("params", "MACs"), ()).below([head])
        ['✓ executed in this run: params and MACs came out as analysed; by analysis only: traffic']
        """
        if not self.executed:
            return list(self.notes)
        unchecked = [head.words for head in shown if not head.checked]
        rest = f"; by analysis only: {listed(unchecked)}" if unchecked else ""
        return [f"✓ executed in this run: {listed(self.executed)} came out as analysed{rest}", *self.notes]


def listed(words: Iterable[str]) -> str:
    """Words as a sentence has them.

    >>> listed(["params", "MACs", "peak"])
    'params, MACs and peak'
    """
    *most, final = words
    return f"{', '.join(most)} and {final}" if most else final
