"""Names that somebody typed, held against those there are."""

from __future__ import annotations

from collections.abc import Collection

from ..spec.errors import unknown_name


def choose_names(text: str, known: Collection[str], what: str) -> list[str] | None:
    """The names in a comma-separated list, each once; None for an empty one.

    >>> choose_names("standard,grouped,standard", ["standard", "grouped"], "variant")
    ['standard', 'grouped']

    Raises SpecError, pointing at the name and with the nearest known one, for a name that is not known.
    """
    start, names = 0, []
    for part in text.split(",") if text.strip() else ():
        name = part.strip()
        if name not in known:
            raise unknown_name(what, name, list(known), "", text, start + part.find(name))
        names.append(name)
        start += len(part) + 1
    return list(dict.fromkeys(names)) or None


def choose_variants(text: str) -> list[str] | None:
    """The rows in a comma-separated list, each by its own name; None for an empty one.

    >>> choose_variants("two-plus-one,standard")
    ['2plus1d', 'standard']
    """
    from ..variants.registry import ALL, own_names, row_names

    names = choose_names(text, [*row_names(), ALL], "variant")
    return None if names is None else own_names(names)


def column_names(text: str) -> list[str] | None:
    """The names in a comma-separated list, whichever there are; None for an empty one.

    >>> column_names("macs, relative.macs"), column_names("")
    (['macs', 'relative.macs'], None)
    """
    return [name.strip() for name in text.split(",")] if text.strip() else None


def named_columns(text: str) -> list[str] | None:
    """The columns in a comma-separated list, by the names that JSON gives them; None for the default ones.

    A table has not all that CSV has, and says so.

    >>> named_columns("macs,relative.macs")
    ['macs', 'relative.macs']
    """
    if not text.strip():
        return None
    from ..report.columns import ALL, COLUMNS, FIELDS

    return choose_names(text, list(dict.fromkeys([*COLUMNS, *FIELDS, ALL])), "column")


def known_convention(name: str) -> str:
    """A convention, with or without a version behind an @, as somebody named it; SpecError where there is none such.

    >>> known_convention("thop@0.1.1")
    'thop@0.1.1'
    """
    if name:
        from ..conventions.answer import find_conventions

        find_conventions(name)
    return name
