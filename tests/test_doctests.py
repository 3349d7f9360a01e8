"""Every example in a docstring is run."""

import doctest
import importlib
import linecache
import pkgutil

from tables import each

import convcost

MODULES = sorted(
    m.name for m in pkgutil.walk_packages(convcost.__path__, "convcost.") if not m.name.endswith("__main__")
)


@each("name", MODULES)
def test_examples_in_docstrings_hold(name: str) -> None:
    """What a docstring shows is what happens."""
    linecache.clearcache()  # it looks for changes in every file there, for every docstring
    failed, _ = doctest.testmod(importlib.import_module(name))
    assert failed == 0
