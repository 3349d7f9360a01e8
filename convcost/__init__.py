"""convcost: what a convolution costs, and what each alternative to it costs, verified by execution.

>>> import convcost
>>> convcost.layer("64:128 @56 k3").row.words["macs"]
231211008
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .api import compare, layer, network, reconcile, separate

__version__ = "0.1.0"

__all__ = ["__version__", "compare", "layer", "network", "reconcile", "separate"]


def __getattr__(name: str) -> Any:
    """The functions for scripts, loaded when one is first asked for."""
    if name in ("compare", "layer", "network", "reconcile", "separate"):
        from . import api

        return getattr(api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
