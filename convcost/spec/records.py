"""Named tuples that cost a start little: `typing.NamedTuple`, whose classes are made in a fraction of the time.

A start defines some sixty of them and makes instances of a few. Python compiles a constructor for each, and checks
each annotation; here all have one constructor, and annotations are left alone.

>>> class Size(NamedTuple):
...     height: int
...     width: int = 1
>>> Size(3), Size(3)._replace(width=4), Size._fields
(Size(height=3, width=1), Size(height=3, width=4), ('height', 'width'))
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING or sys.version_info >= (3, 14):  # there annotations are functions, which nobody calls
    from typing import NamedTuple
else:
    from collections import _tuplegetter

    class _Record(tuple):
        """What all of them can do."""

        __slots__ = ()

        def __new__(cls, *values: Any, **named: Any) -> Any:
            given = len(values)
            if named or given != len(cls._fields):
                values += tuple(map(named.pop, cls._fields[given:], cls._else[given:]))
                if named or len(values) > len(cls._fields) or (given < cls._needed and _is_lacking(values)):
                    raise _misfit(cls, values, named)
            return tuple.__new__(cls, values)

        @classmethod
        def _make(cls, values: Any) -> Any:
            made = tuple.__new__(cls, values)
            if len(made) != len(cls._fields):
                raise TypeError(f"{cls.__name__} has {len(cls._fields)} fields, not {len(made)}")
            return made

        def _replace(self, **given: Any) -> Any:
            made = self._make(map(given.pop, self._fields, self))
            if given:
                raise ValueError(f"{type(self).__name__} has no field {', '.join(given)}")
            return made

        def _asdict(self) -> dict[str, Any]:
            return dict(zip(self._fields, self))

        def __repr__(self) -> str:
            shown = ", ".join([f"{name}={value!r}" for name, value in zip(self._fields, self)])
            return f"{type(self).__name__}({shown})"

        def __getnewargs__(self) -> tuple[Any, ...]:
            return tuple(self)

    #: Stands where a field has no value.
    _NOTHING = object()

    def _is_lacking(values: tuple[Any, ...]) -> bool:
        return any([value is _NOTHING for value in values])

    def _misfit(cls: type[_Record], values: tuple[Any, ...], left: dict[str, Any]) -> TypeError:
        """What is wrong with what a record is to be made of: the values of its fields, and what has no place."""
        missing = [name for name, value in zip(cls._fields, values) if value is _NOTHING]
        wrong = f"lacks {', '.join(missing)}" if missing else f"has no place for {', '.join(left) or values[-1]}"
        return TypeError(f"{cls.__name__}.__new__() {wrong}")

    class _Maker(type):
        """Turns the body of a class with fields into a plain class, a tuple with names."""

        def __new__(cls, name: str, bases: tuple[type, ...], body: dict[str, Any]) -> Any:
            if not bases:
                return super().__new__(cls, name, bases, body)
            fields = tuple(body.get("__annotations__", ()))
            defaults = {field: body.pop(field) for field in fields if field in body}
            if tuple(defaults) != fields[len(fields) - len(defaults) :]:
                raise TypeError(f"{name}: a field without a default stands behind one with a default")
            body |= {field: _tuplegetter(place, "") for place, field in enumerate(fields)}
            body |= {"__slots__": (), "_fields": fields, "_field_defaults": defaults, "__match_args__": fields}
            needed = len(fields) - len(defaults)
            body |= {"_needed": needed, "_else": (*[_NOTHING] * needed, *defaults.values())}
            return type(name, (_Record,), body)

    class NamedTuple(metaclass=_Maker):
        """What a record names as its base."""


__all__ = ["NamedTuple"]
