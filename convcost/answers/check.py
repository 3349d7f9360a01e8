"""What a check found, and what the checks of a row or of a network showed together: plain records."""

from typing import TYPE_CHECKING

from ..spec.records import NamedTuple

if TYPE_CHECKING:
    from ..execute.ones.measure import Measured


class Check(NamedTuple):
    """One number held against an execution: what was expected, what was measured, whether they are the same.

    >>> Check(7, 6, False).size
    'full'

    `ok` is None where the check could not be made, or does not apply; `note` then says why. `size` is "full" or the
    sizes of a reduced execution, `seconds` what it took where it was timed.
    """

    expected: object
    measured: object
    ok: bool | None
    size: str | dict[str, object] = "full"
    seconds: float = 0.0
    note: str = ""


class Verified(NamedTuple):
    """What the execution of a row showed: `size` is "full", the reduced sizes, or None if nothing ran.

    `status` is the worst that applies: "mismatch", "partial" (something was not executed), "reduced" (it was executed
    smaller), "verified"; "skipped" where nothing ran, `reason` then says why. A check whose `ok` is None could not be
    made: the analysis does not know the word, or showing it would take too large an input. `measured` is all that the
    execution gave.
    """

    status: str
    size: str | dict[str, object] | None
    checks: dict[str, Check]
    reason: str | None = None
    measured: "Measured | None" = None


class Executed(NamedTuple):
    """One distinct operation of a network: the layers that have it, and what came out, or why nothing did.

    `size` is "full", the input of a reduced execution, or None if nothing ran; `status` as in `Verified`.
    """

    names: tuple[str, ...]
    status: str
    checks: dict[str, Check]
    reason: str | None = None
    size: str | dict[str, object] | None = None


class NetworkVerified(NamedTuple):
    """What was executed: every distinct layer alone, the whole `wiring` at a reduced input, what is `seen` of inputs.

    `macs_share` is the share of the multiply-adds in layers executed at full size; None where there are none.
    """

    status: str
    layers: tuple[Executed, ...]
    wiring: Verified
    seen: dict[str, Check]
    macs_share: float | None


class Measurement(NamedTuple):
    """Median seconds of one run of a variant on this machine, in float32, and its multiply-adds in a second.

    `engine` names what ran it, with its version and threads; `ratio` is to the baseline's time in the same rounds, its
    quartiles beside it; None where there is no baseline to relate to.
    """

    seconds: float
    macs_per_second: float
    runs: int
    engine: str
    ratio: float | None = None
    ratio_quartiles: tuple[float, float] | None = None
