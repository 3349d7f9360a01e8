"""Named tuples that cost a start little: `typing.NamedTuple`, whose classes are made in a fraction of the time.

A start defines some sixty of them and makes instances of a few. Python compiles a constructor for each, and checks
each annotation; here a class gets its constructor when its first instance is made, and annotations are left alone.

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
    from collections import _tuplegetter, namedtuple

    class _Record(tuple):
        """What all of them can do."""

        __slots__ = ()

        def __new__(cls, *values: Any, **named: Any) -> Any:
            owner = next(base for base in cls.__mro__ if "_fields" in vars(base))
            owner.__new__ = staticmethod(_constructor(owner))
            return owner.__new__(cls, *values, **named)

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

    def _constructor(owner: type[_Record]) -> Any:
        """As Python has it for a named tuple of these fields: arguments by place or by name, and defaults."""
        made = namedtuple(owner.__name__, owner._fields, defaults=owner._field_defaults.values())
        return made.__new__

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
            return type(name, (_Record,), body)

    class NamedTuple(metaclass=_Maker):
        """What a record names as its base."""


__all__ = ["NamedTuple"]
