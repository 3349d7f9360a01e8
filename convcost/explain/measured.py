"""What an experiment is told and what it finds: plain records, and the rule by which it is judged."""

from statistics import median
from typing import Any, NamedTuple


class Settings(NamedTuple):
    """How much is measured: seeds, depths in convolutions, training steps; and whether the shortcut is there at all.

    >>> Settings().seeds, Settings()._replace(shortcut=False).shortcut
    (5, False)

    Without the shortcut the two arms are the same network, and nothing can be shown: the control of the experiments.
    """

    seeds: int = 5
    depths: tuple[int, ...] = (2, 4, 8, 16, 32, 64)
    identity_steps: int = 200
    shallow: int = 4
    deep: int = 20
    steps: int = 120
    shortcut: bool = True


#: Enough to run every line in a test, not enough to conclude.
SMALL = Settings(2, (2, 8), 10, 2, 4, 5)


class Arm(NamedTuple):
    """One of the things compared: for every point on the x axis one value a seed."""

    name: str
    values: list[list[float]]

    @property
    def middle(self) -> list[float]:
        """The median over the seeds, point by point."""
        return [median(point) for point in self.values]


class Measurement(NamedTuple):
    """What one claim came to: the arms along x, and with which of the seeds it held.

    `setup` says, aspect by aspect, what is needed to repeat it; `why_not` why the claim did not hold with every seed.
    """

    name: str
    benefit: str
    claim: str
    setup: dict[str, str]
    x_label: str
    x: list[int]
    y_label: str
    logarithmic: bool
    arms: list[Arm]
    held: list[bool]
    reading: str
    why_not: str

    @property
    def verdict(self) -> str:
        """Shown where the claim held with every seed, mixed where with most, else not shown."""
        if all(self.held):
            return "shown"
        return "mixed" if 2 * sum(self.held) > len(self.held) else "not shown"


def measurement_document(found: Measurement) -> dict[str, Any]:
    """A measurement as plain data, every seed's numbers in it; what left the finite numbers is null.

    >>> arm = Arm("plain", [[1.0, 3.0, 2.0], [2.0, float("inf"), float("inf")]])
    >>> found = Measurement("n", "b", "c", {}, "x", [0, 1], "y", False, [arm], [True], "", "")
    >>> [measurement_document(found)["arms"][0][part] for part in ("median", "min", "max")]
    [[2.0, None], [1.0, 2.0], [3.0, None]]
    """
    arms = [
        {
            "name": arm.name,
            "values": [[_finite(v) for v in point] for point in arm.values],
            "median": [_finite(v) for v in arm.middle],
            "min": [_finite(min(point)) for point in arm.values],
            "max": [_finite(max(point)) for point in arm.values],
        }
        for arm in found.arms
    ]
    seeds = list(range(len(found.held)))
    return {**found._asdict(), "arms": arms, "seeds": seeds, "verdict": found.verdict}


def _finite(value: float) -> float | None:
    return value if abs(value) < float("inf") else None
