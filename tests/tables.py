"""A table of small cases as one test, which names every case that fails."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

import pytest

Test = Callable[..., None]


def each(names: str | tuple[str, ...], cases: Iterable[Any], ids: Any = None) -> Callable[[Test], Test]:
    """`pytest.mark.parametrize` as one test: for cases that take no time, of which there are many.

    A test of its own costs 4 ms with a process a core, a subtest 2. Fixtures are made once for all cases: where each
    needs its own, each is a test.

    >>> @each(("number", "square"), [(2, 4), (3, 9), (4, 15)])
    ... def test_square(number, square):
    ...     assert number**2 == square
    >>> test_square()  # doctest: +IGNORE_EXCEPTION_DETAIL
    Traceback (most recent call last):
    ExceptionGroup: 1 of 3 cases (1 sub-exception)
    """
    keys = [name.strip() for name in names.split(",")] if isinstance(names, str) else list(names)
    rows = [(case,) if len(keys) == 1 else tuple(case) for case in cases]
    assert rows
    assert all([len(row) == len(keys) for row in rows])
    labels = [_label(ids, row, number) for number, row in enumerate(rows)]

    def made(test: Test) -> Test:
        @wraps(test)
        def test_of_all(**fixtures: Any) -> None:
            failed = []
            for row, label in zip(rows, labels, strict=True):
                try:
                    test(**dict(zip(keys, row, strict=True)), **fixtures)
                except (Exception, pytest.fail.Exception) as error:
                    error.add_note(f"in the case {label}")
                    failed.append(error)
            if failed:
                raise BaseExceptionGroup(f"{len(failed)} of {len(rows)} cases", failed)

        signature = inspect.signature(test)
        others = [parameter for name, parameter in signature.parameters.items() if name not in keys]
        test_of_all.__signature__ = signature.replace(parameters=others)  # type: ignore[attr-defined]  # pytest asks it
        return test_of_all

    return made


def _label(ids: Any, row: tuple[Any, ...], number: int) -> str:
    if callable(ids):
        return "-".join([str(ids(value)) for value in row])
    return str(list(ids)[number]) if ids is not None else "-".join([f"{value!r:.200}" for value in row])
