"""The question what trained kernels would lose, and its answer: what there is of each layer, and of all together."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from ..answers.check import Verified
from ..spec.layer import LayerSpec
from .kernels import Kernel
from .rows import Row

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Layers of more multiply-adds are executed at a smaller input.
DEFAULT_LIMIT = 4_000_000_000


class Source(NamedTuple):
    """A layer to look at: its name, what reads it (Unreadable says why it cannot), its spec where that is known."""

    name: str
    read: Callable[[], Kernel]
    spec: LayerSpec | None = None
    given: Callable[[], NDArray[Any] | None] = lambda: None


class Asked(NamedTuple):
    """The question: a share of all `macs`, an `error` that each layer may have, or neither; `curve`: every rank.

    `every`: rows of all families are executed, not the best of each budget alone; none where not `verify`.
    """

    macs: float | None = None
    error: float | None = None
    curve: bool = False
    every: bool = False
    verify: bool = True
    limit: int = DEFAULT_LIMIT


class DeadParts(NamedTuple):
    """What of one layer is dead: channels out and in, and taps, of which some only ever meet padding."""

    out: int
    into: int
    taps: int
    padding: int


class Separated(NamedTuple):
    """One layer: what its families have within each budget, and the best by its share; or the `reason` why nothing.

    `exact`: by variant the smallest rank at which nothing is lost, and the one at which nothing ever is. `missing` is
    why variants do not apply, `filter` says in words what a single filter is.
    """

    name: str
    spec: LayerSpec | None
    macs: int
    params: int
    reason: str = ""
    notes: tuple[str, ...] = ()
    storage: float | None = None
    dead: DeadParts | None = None
    rows: tuple[Row, ...] = ()
    best: tuple[tuple[float, Row | None], ...] = ()
    exact: tuple[tuple[str, int, int], ...] = ()
    missing: tuple[tuple[str, str], ...] = ()
    filter: str = ""

    @property
    def status(self) -> str:
        """The worst that executing its rows showed."""
        shown = [*self.rows, *[row for _, row in self.best if row is not None]]
        found = {row.verified.status for row in shown if row.verified is not None}
        return next((one for one in ("mismatch", "reduced", "verified") if one in found), "skipped")

    @property
    def chosen(self) -> Row | None:
        """The row that answers a budget; None where the layer stays as it is."""
        return self.best[0][1] if self.best else None


class Saved(NamedTuple):
    """Numbers of convolutions: all of them, or what removing something saves."""

    params: int
    macs: int
    weight_bytes: int


class Smaller(NamedTuple):
    """A layer without what is dead in it: its spec before and after, and what executing both showed."""

    name: str
    before: LayerSpec
    after: LayerSpec
    verified: Verified | None = None


class Removal(NamedTuple):
    """What removing dead parts saves: of each layer by itself, an upper bound; of all together, where it fits."""

    total: Saved
    upper: Saved
    fitting: Saved
    layers: tuple[Smaller, ...]


class Separation(NamedTuple):
    """All layers of a file, what is dead in it, and the question; `inside`: convolutions that are not looked at."""

    name: str
    asked: Asked
    layers: tuple[Separated, ...]
    removal: Removal | None = None
    inside: int = 0
    notes: tuple[str, ...] = ()
    input: str = ""

    @property
    def macs(self) -> int:
        """Of all layers that are looked at."""
        return sum([layer.macs for layer in self.layers])

    @property
    def macs_after(self) -> int:
        """The same with the rows that answer a budget in the place of their layers."""
        return sum([layer.chosen.macs if layer.chosen else layer.macs for layer in self.layers])
