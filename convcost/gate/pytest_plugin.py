"""The pytest plugin, which pytest finds by its entry point: it has one fixture and loads nothing until that is used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(name="assert_cost")
def cost_assertion(request: pytest.FixtureRequest) -> Callable[..., None]:
    """`assert_cost("net.txt", macs="<=150M", growth="+2%")`: fail where something costs more than it may.

    Files are looked for where pytest has its root, and so is the baseline.
    """
    from .judging import hold_cost

    def assert_here(target: str, **said: Any) -> None:
        """Fail where `target` costs more than is said."""
        __tracebackhide__ = True
        hold_cost(target, **{"folder": str(request.config.rootpath), **said})

    return assert_here
