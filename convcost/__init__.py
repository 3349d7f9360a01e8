"""convcost: what a convolution costs, and what each alternative to it costs, verified by execution.

>>> import convcost
>>> convcost.layer("64:128 @56 k3").row.words["macs"]
231211008
"""

from __future__ import annotations

import sys
from types import ModuleType

TYPE_CHECKING = False  # what a type checker takes for true; to import `typing` takes half of all that this file does
if TYPE_CHECKING:
    from typing import Any

    from .api import (
        Error,
        assert_cost,
        budget,
        compare,
        diff,
        explain,
        fit,
        layer,
        network,
        reconcile,
        separate,
        swap,
        sweep,
        time,
        verify,
        zoo,
    )

__version__ = "0.1.0"

__all__ = [
    "Error", "__version__", "assert_cost", "budget", "compare", "diff", "explain", "fit", "layer", "network",
    "reconcile", "separate", "swap", "sweep", "time", "verify", "zoo",
]  # fmt: skip


class _Package(ModuleType):
    """The package; `explain` is the function, for scripts, though a room has that name and is imported, too."""

    @property
    def explain(self) -> Any:
        """As the other functions: loaded when it is first asked for."""
        return self.__getattr__("explain")

    @explain.setter
    def explain(self, room: ModuleType) -> None:
        """Where Python puts a room once it is imported; it finds it by its whole name."""


def __getattr__(name: str) -> Any:
    """The functions for scripts, loaded when one is first asked for."""
    if name in __all__:
        from . import api

        return getattr(api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


sys.modules[__name__].__class__ = _Package
