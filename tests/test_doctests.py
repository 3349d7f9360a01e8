"""Every example in a docstring is run."""

import doctest
import importlib
import pkgutil

from tables import each

import convcost

MODULES = sorted(
    m.name for m in pkgutil.walk_packages(convcost.__path__, "convcost.") if not m.name.endswith("__main__")
)


@each("name", MODULES)
def test_examples_in_docstrings_hold(name: str) -> None:
    """What a docstring shows is what happens."""
    failed, _ = doctest.testmod(importlib.import_module(name))
    assert failed == 0
