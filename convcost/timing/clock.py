"""How long runs take: rounds of blocks, one for each thing that is timed, in an order that turns about."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import ceil, sqrt
from statistics import median
from time import perf_counter, thread_time
from typing import NamedTuple

#: Runs of a block that are measured, after one that is not.
BLOCK = 4

#: A block of a short run repeats it until it takes so many seconds: the clocks themselves take a microsecond.
SHORTEST = 5e-4

#: Rounds at least; and the uncertainty of a median, as a share, at which it is settled.
LEAST_ROUNDS, SETTLED = 7, 0.01

#: Rounds at most: what has not settled by then does not.
MOST_ROUNDS = 60

#: Wall time over processor time from which on the machine was not free.
BUSY = 1.05


class Spread(NamedTuple):
    """The median of some numbers, and their quartiles."""

    median: float
    low: float
    high: float

    @property
    def straddles_one(self) -> bool:
        """Can it not be told whether it is more or less than 1?

        >>> Spread(1.02, 0.97, 1.05).straddles_one, Spread(0.18, 0.17, 0.19).straddles_one
        (True, False)
        """
        return self.low <= 1 <= self.high


class Times(NamedTuple):
    """What rounds gave of one thing: seconds of a run, its ratio to the base in the same round, how often it ran."""

    seconds: Spread
    ratio: Spread | None
    rounds: int
    runs: int
    wall_over_cpu: float | None


class Rounds:
    """Times things side by side; `add` what is to be timed, then `go` once, or again for more.

    With one thread the clock is the processor time of this thread, which other programs do not lengthen; with several
    it is the time on the wall. In each round every thing has a block of runs, the first of which is not measured;
    every other round goes backwards, so that a machine that slows down treats all alike.
    """

    def __init__(self, threads: int | None, base: str | None = None) -> None:
        self.clock = "thread" if threads == 1 else "wall"
        self.base = base
        self.interrupted = False
        self._runs: dict[str, Callable[[], object]] = {}
        self._repeats: dict[str, int] = {}
        self._blocks: dict[str, list[float]] = {}
        self._walls: dict[str, list[float]] = {}

    def add(self, name: str, run: Callable[[], object]) -> None:
        """One more thing; it runs a few times, to be warm and to learn how long it takes."""
        run()
        start = perf_counter()
        run()
        self._runs[name] = run
        self._repeats[name] = ceil(SHORTEST / max(perf_counter() - start, 1e-7))
        self._blocks[name], self._walls[name] = [], []

    def go(self, max_seconds: float, tell: Callable[[str], None] = lambda _: None) -> None:
        """Rounds until every median has settled, or that many seconds are over; Ctrl-C keeps what is measured."""
        start, names, number = perf_counter(), [*self._runs], 0
        try:
            while number < MOST_ROUNDS:
                tell(f"round {number + 1}")
                for name in names if number % 2 == 0 else reversed(names):
                    self._block(name)
                number += 1
                if perf_counter() - start >= max_seconds or (number >= LEAST_ROUNDS and self._settled()):
                    break
        except KeyboardInterrupt:
            self.interrupted = True

    def _block(self, name: str) -> None:
        """One run that warms the caches, then those that are measured; the median of them is the block's."""
        run, repeats = self._runs[name], range(self._repeats[name])
        run()
        seconds, walls = [], []
        for _ in range(BLOCK):
            wall, cpu = perf_counter(), thread_time()
            for _ in repeats:
                run()
            cpu, wall = thread_time() - cpu, perf_counter() - wall  # a coarse clock of the processor may stand still
            seconds.append((cpu if self.clock == "thread" and cpu > 0 else wall) / len(repeats))
            walls.append(wall / cpu if cpu > 0 else 1.0)
        self._blocks[name].append(median(seconds))
        self._walls[name].append(median(walls))

    def _settled(self) -> bool:
        """Is the median of each thing's numbers, ratios where there are, known well enough?"""
        return all([_uncertainty(spread_of(self._numbers(name))) <= SETTLED * sqrt(len(self._blocks[name]))
                    for name in self._runs])  # fmt: skip

    def _numbers(self, name: str) -> list[float]:
        base = self._blocks.get(self.base or "", [])
        return self._blocks[name] if name == self.base or not base else self._ratios(name)

    def _ratios(self, name: str) -> list[float]:
        return [mine / its for mine, its in zip(self._blocks[name], self._blocks[self.base or ""])]

    def times(self) -> Mapping[str, Times]:
        """What has been measured, by name; nothing of what has no block."""
        found = {}
        for name, blocks in self._blocks.items():
            if not blocks:
                continue
            ratios = self._ratios(name) if self.base in self._blocks else []
            walls = median(self._walls[name]) if self.clock == "thread" else None
            ratio = spread_of(ratios) if ratios else None
            runs = len(blocks) * BLOCK * self._repeats[name]
            found[name] = Times(spread_of(blocks), ratio, len(blocks), runs, walls)
        return found


def _uncertainty(spread: Spread) -> float:
    return (spread.high - spread.low) / spread.median if spread.median else 0.0


def spread_of(numbers: list[float]) -> Spread:
    """Median and quartiles.

    >>> spread_of([4.0, 1.0, 2.0, 3.0, 5.0])
    Spread(median=3.0, low=2.0, high=4.0)
    """
    ordered = sorted(numbers)
    return Spread(median(ordered), *[_between(ordered, share) for share in (0.25, 0.75)])


def _between(ordered: list[float], share: float) -> float:
    """The number that so large a share lies below, straight between two."""
    place = share * (len(ordered) - 1)
    whole = int(place)
    upper = ordered[min(whole + 1, len(ordered) - 1)]
    return ordered[whole] + (place - whole) * (upper - ordered[whole])
