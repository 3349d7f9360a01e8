"""Records do what `typing.NamedTuple` does, beside which each fact is held."""

from __future__ import annotations

import pickle
import re
import subprocess
import sys
import typing
from pathlib import Path
from typing import Any

import pytest
from tables import each

from convcost.spec import records

DEFAULT = ("same", "valid")


class Ours(records.NamedTuple):
    """One of ours."""

    name: str
    size: int = 3
    words: tuple[str, ...] = DEFAULT

    @property
    def twice(self) -> int:
        return 2 * self.size

    @classmethod
    def named(cls, name: str) -> Ours:
        return cls(name)


class Theirs(typing.NamedTuple):
    """One of Python's."""

    name: str
    size: int = 3
    words: tuple[str, ...] = DEFAULT


class Child(Ours):
    """With a method more."""

    __slots__ = ()

    def thrice(self) -> int:
        return 3 * self.size


class Empty(records.NamedTuple):
    """Nothing is known."""


@pytest.mark.parametrize("given", [("a",), ("a", 4), ("a", 4, ())])
def test_a_record_is_the_same_tuple(given: tuple[Any, ...]) -> None:
    """By place and by name."""
    assert Ours(*given) == Theirs(*given) == Ours(**dict(zip(Ours._fields, given)))
    assert repr(Ours(*given)).replace("Ours", "Theirs") == repr(Theirs(*given))
    assert Ours(*given)._asdict() == Theirs(*given)._asdict()
    assert hash(Ours(*given)) == hash(Theirs(*given))


def test_what_a_class_says_of_its_fields_is_the_same() -> None:
    names = ("_fields", "_field_defaults", "__match_args__", "__slots__")
    assert [getattr(Ours, name) for name in names] == [getattr(Theirs, name) for name in names]


@each(
    ("places", "names"),
    [((), {}), ((), {"name": "a", "sise": 3}), (("a",), {"name": "b"}), (("a", 1, (), 2), {}), ((), {"size": 3})],
)
@each("kind", [Ours, Theirs])
def test_a_missing_unknown_or_doubled_field_is_an_error(kind: Any, places: Any, names: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match=r"__new__\(\)"):
        kind(*places, **names)


def test_fields_are_given_by_place_and_by_name_together() -> None:
    assert Ours("a", words=("b",)) == Theirs("a", words=("b",)) == Child("a", words=("b",)) == ("a", 3, ("b",))


def test_replace_and_make_keep_the_class_and_refuse_what_does_not_fit() -> None:
    record = Child("a")
    assert type(record._replace(size=4)) is Child
    assert record._replace(size=4).thrice() == 12
    assert Ours._make(["a", 1, ()]) == Ours("a", 1, ())
    with pytest.raises(ValueError, match="sise"):
        record._replace(**{"sise": 4})
    with pytest.raises(TypeError):
        Ours._make(["a"])


def test_a_record_has_no_other_attributes_and_is_pickled() -> None:
    record: Any = Ours("a")
    with pytest.raises(AttributeError):
        record.other = 1
    with pytest.raises(AttributeError):
        record.size = 1
    assert pickle.loads(pickle.dumps(record)) == record
    assert (record.twice, Ours.named("b").name, Empty(), repr(Empty())) == (6, "b", (), "Empty()")


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="there Python's own is used")
def test_a_field_without_a_default_behind_one_with_a_default_is_an_error() -> None:
    with pytest.raises(TypeError, match="default"):
        type(records.NamedTuple)("Wrong", (records.NamedTuple,), {"__annotations__": {"a": "int", "b": "int"}, "a": 1})


def test_what_a_start_loads_defines_its_records_with_them() -> None:
    """`typing.NamedTuple` would cost it ten times as much a class."""
    code = (
        "import sys, convcost.cli.compare, convcost.cli.layer, convcost.report.as_json, convcost.report.as_table\n"
        "print(*[module.__file__ for name, module in sys.modules.items() if name.startswith('convcost')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    files = [Path(file) for file in done.stdout.split()]
    assert len(files) > 30
    texts = {file.name: file.read_text("utf-8") for file in files if file.name != "records.py"}
    used = [name for name, text in texts.items() if re.search(r"import .*\bNamedTuple", text)]
    assert [name for name in used if "records import NamedTuple" not in texts[name]] == []


@each(
    ("places", "names", "wrong"),
    [
        ((), {}, "lacks name"), (("a", 1, (), 2), {}, "has no place for 2"),
        (("a", 1, (), 2, 5), {}, "has no place for 5"),
        ((), {"name": "a", "sise": 3}, "has no place for sise"), (("b",), {"name": "a"}, "has no place for name"),
    ],
)  # fmt: skip
def test_what_does_not_fit_a_record_is_named(places: tuple[Any, ...], names: dict[str, Any], wrong: str) -> None:
    with pytest.raises(TypeError) as caught:
        Ours(*places, **names)
    assert str(caught.value) == f"Ours.__new__() {wrong}"
