"""The one table model: what every table says, whoever prints it."""

# No postponed annotations here and beside: NamedTuple would compile each of them from its text at every start.
from collections.abc import Iterable

from ..records import NamedTuple


class Head(NamedTuple):
    """The top of a column: `header` breaks where it has a newline; `priority` None stays whatever the width.

    `right`: a number, to be aligned so. `checked`: a verified row vouches for it.
    """

    key: str
    header: str
    unit: str
    right: bool
    priority: int | None
    checked: bool = True


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

    def below(self, shown: Iterable[Head]) -> list[str]:
        """The lines under the table when those columns are shown: a sign, a space, and what it stands for.

        >>> head = Head("traffic_bytes", "traffic", "MiB", True, 6, checked=False)
        >>> Table("", (), "variant", (head,), (), ("params", "MACs"), ()).below([head])
        ['✓ executed in this run: params and MACs came out as analysed; by analysis only: traffic']
        """
        if not self.executed:
            return list(self.notes)
        unchecked = [" ".join(head.header.split()) for head in shown if not head.checked]
        rest = f"; by analysis only: {listed(unchecked)}" if unchecked else ""
        return [f"✓ executed in this run: {listed(self.executed)} came out as analysed{rest}", *self.notes]


def listed(words: Iterable[str]) -> str:
    """Words as a sentence has them.

    >>> listed(["params", "MACs", "peak"])
    'params, MACs and peak'
    """
    *most, final = words
    return f"{', '.join(most)} and {final}" if most else final
