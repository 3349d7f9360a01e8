"""What an experiment is told and what it finds: plain records, and the rule by which it is judged."""

from statistics import median
from typing import NamedTuple


class Settings(NamedTuple):
    """How much is measured: seeds, depths in convolutions, training steps."""

    seeds: int = 5
    depths: tuple[int, ...] = (2, 4, 8, 16, 32, 64)
    identity_steps: int = 200
    shallow: int = 4
    deep: int = 20
    steps: int = 120


#: Enough to run every line in a test, not enough to conclude.
SMALL = Settings(2, (2, 8), 10, 2, 4, 5)


class Arm(NamedTuple):
    """One of the things compared: for every point on the x axis one value a seed."""

    name: str
    residual: bool
    values: list[list[float]]

    @property
    def middle(self) -> list[float]:
        """The median over the seeds, point by point."""
        return [median(point) for point in self.values]


class Measurement(NamedTuple):
    """What one claim came to: the arms along x, and in how many of the seeds the residual form did better."""

    name: str
    claim: str
    setup: str
    x_label: str
    x: list[int]
    y_label: str
    logarithmic: bool
    arms: list[Arm]
    better: int
    seeds: int
    reading: str

    @property
    def verdict(self) -> str:
        """Shown where the residual form did better with every seed, mixed where with most, else not shown."""
        if self.better == self.seeds:
            return "shown"
        return "mixed" if 2 * self.better > self.seeds else "not shown"


def two_arms(plain: list[list[float]], residual: list[list[float]]) -> list[Arm]:
    """Two arms from the values along x that each seed gave."""
    sides = (("plain", False, plain), ("residual", True, residual))
    return [Arm(name, is_residual, [list(point) for point in zip(*runs)]) for name, is_residual, runs in sides]
