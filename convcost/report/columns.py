"""The columns that tables can have, by the names that JSON gives them."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from ..analysis.analyze import WORDS
from ..answers.comparison import RELATIVE
from ..spec.errors import SpecError
from ..spec.records import NamedTuple
from .units import BYTES, COUNTS, PLAIN, RATIO, TIME, Units


class Column(NamedTuple):
    """One word in tables: `header` breaks where it has a newline; `units` None is text.

    `priority`: the default table leaves out the highest first when space is short; None: shown only
    when asked for.
    """

    key: str
    header: str
    units: Units | None
    priority: int | None = None


#: In the order in which they stand side by side. The name of the row comes first in every table.
COLUMNS = {
    column.key: column
    for column in (
        Column("variant", "variant", None),
        Column("role", "role", None),
        Column("settings", "settings", None),
        Column("output_shape", "output", None, 4),
        Column("receptive_field", "receptive\nfield", None),
        Column("mixes", "mixes", None),
        Column("params", "params", COUNTS, 2),
        Column("relative.params", "params\n× base", RATIO),
        Column("macs", "MACs", COUNTS, 0),
        Column("relative.macs", "MACs\n× base", RATIO, 1),
        Column("effective_macs", "effective\nMACs", COUNTS, 5),
        Column("relative.effective_macs", "effective MACs\n× base", RATIO),
        Column("flops", "FLOPs", COUNTS),  # 2 a MAC, by definition
        Column("elementwise", "elementwise", COUNTS),
        Column("conv_activations", "conv\nactivations", COUNTS),
        Column("weight_bytes", "weights", BYTES),
        Column("activation_bytes", "activations", BYTES),
        Column("peak_bytes", "peak", BYTES, 3),
        Column("relative.peak_bytes", "peak\n× base", RATIO),
        Column("traffic_bytes", "traffic", BYTES, 6),
        Column("relative.traffic_bytes", "traffic\n× base", RATIO),
        Column("arithmetic_intensity", "FLOPs\n/ byte", PLAIN, 7),
        Column("measured.seconds", "run time", TIME),
        Column("measured.ratio", "run time\n× base", RATIO),
        Column("measured.macs_per_second", "MACs\n/ second", COUNTS),
        Column("measured.engine", "engine", None),
        Column("verified", "verified", None, 0),
    )
}

#: What CSV says of how a row was verified, which in a table is its mark.
VERIFIED = ("verified.status", "verified.size", "verified.reason")

#: Every field that CSV has of a row, but for its operations.
FIELDS = (
    *("variant", "role", "applicable", "reason", "settings", *WORDS),
    *[f"relative.{word}" for word in RELATIVE],
    *VERIFIED,
)

#: The word for every column that there is.
ALL = "all"

#: Fields of CSV that say what a row is about, and stand in front whatever else is wanted.
LEADING = (
    "level",
    "given",
    "variant",
    "check",
    "name",
    "rule",
    "network",
    "convention",
    "layer",
    "topic",
    "text",
    "values",
)

#: What a table shows unless it is told.
DEFAULT = tuple([key for key, column in COLUMNS.items() if column.priority is not None])


class UnknownColumnError(SpecError):
    """There is no column of that `name`; `hint` says what may have been meant. `of_csv`: what CSV has beyond tables."""

    def __init__(self, name: str, names: Sequence[str], known: Sequence[str], of_csv: Collection[str] = ()) -> None:
        from difflib import get_close_matches

        near = get_close_matches(name, known, n=1)
        message, hint = f"unknown column {name!r}", "there are " + ", ".join(known)
        if name in of_csv:
            message, hint = f"a table has no column {name!r}", f"--format csv has it; a table has {', '.join(known)}"
        elif near:
            hint = f"did you mean {near[0]}?"
        start = sum([len(other) + 1 for other in names[: names.index(name)]])
        super().__init__(message, hint, ",".join(names), start, start + len(name))
        self.name = name


def known_names(names: Iterable[str], known: Sequence[str], of_csv: Collection[str] = ()) -> list[str]:
    """The names, each once; the word `all` is all that are known. UnknownColumnError for another.

    >>> known_names(["macs", "params", "macs"], ["params", "macs"]), known_names(["all"], ["params", "macs"])
    (['macs', 'params'], ['params', 'macs'])
    """
    names, found = list(names), list[str]()
    for name in names:
        if name != ALL and name not in known:
            raise UnknownColumnError(name, names, known, of_csv)
        found += known if name == ALL else [name]
    return list(dict.fromkeys(found))


def chosen_fields(fields: tuple[str, ...], names: Iterable[str] | None) -> tuple[str, ...]:
    """The fields of CSV that are wanted, behind those that say what a row is about.

    >>> chosen_fields(("level", "name", "params", "macs"), ["macs"])
    ('level', 'name', 'macs')
    """
    if names is None:
        return fields
    lead = next((at for at, field in enumerate(fields) if field not in LEADING), 0) or 1
    return tuple(dict.fromkeys([*fields[:lead], *known_names(names, fields)]))


def choose_columns(
    names: Iterable[str] | None, convention: str = "", of_csv: Collection[str] = ()
) -> tuple[Column, ...]:
    """The columns of those names, or the default ones; the row's own name goes without saying.

    With a `convention` one more has that tool's figures.

    >>> [column.header for column in choose_columns(["variant", "macs", "peak_bytes"])]
    ['MACs', 'peak']

    Raises UnknownColumnError; `of_csv` are the names that CSV knows beyond these.
    """
    chosen = [COLUMNS[name] for name in known_names(DEFAULT if names is None else names, tuple(COLUMNS), of_csv)]
    return with_convention([column for column in chosen if column.key != "variant"], convention)


def with_convention(columns: Sequence[Column], name: str) -> tuple[Column, ...]:
    """The columns, and behind MACs, else last, that of another tool's figures, if one is named.

    >>> [column.header for column in with_convention(choose_columns(["macs", "params"]), "thop")]
    ['MACs', 'thop', 'params']
    """
    if not name:
        return tuple(columns)
    at = next((index for index, column in enumerate(columns, 1) if column.key == "macs"), len(columns))
    return (*columns[:at], Column("convention", name, COUNTS, 0), *columns[at:])


def word_name(word: str) -> str:
    """What a word or a check is called where people read it.

    >>> word_name("peak_bytes"), word_name("relative.macs"), word_name("scalar_count")
    ('peak', 'MACs × base', 'scalar count')
    """
    return " ".join(COLUMNS[word].header.split()) if word in COLUMNS else word.replace("_", " ")


def exactly(column: Column) -> Column:
    """The column with whole numbers, their digits in groups, in place of the larger units it may have."""
    if column.units is None or len(column.units.names) == 1:
        return column
    return column._replace(units=column.units._replace(exact=True))


def read(row: dict[str, Any], key: str) -> Any:
    """What a row, or one of its operations, has under a dotted name; None where it has nothing.

    >>> read({"relative": {"macs": 0.5}}, "relative.macs")
    0.5

    What a convention says of a row is its figure and more, of an operation its figure alone.
    """
    outer, _, inner = key.partition(".")
    value = row.get(outer)
    if outer == "convention" and isinstance(value, dict):
        return value["value"]
    return value if not inner or value is None else value.get(inner)


def plain(value: object) -> str:
    """A value of a document as text: lists joined, null empty.

    >>> plain((1, 128, 56, 56)), plain(["space", "channels"]), plain({"groups": 32, "v1": True})
    ('1x128x56x56', 'space+channels', 'groups=32 v1=true')
    """
    if value is None:
        return ""
    if type(value) is int or type(value) is str:
        return str(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return " ".join([f"{key}={plain(item)}" for key, item in value.items()])
    if isinstance(value, (list, tuple)):
        return ("+" if value and isinstance(value[0], str) else "x").join(map(plain, value))
    return str(value)
