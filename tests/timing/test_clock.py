"""Rounds of blocks: what they give is what was run, side by side, in an order that turns about."""

from __future__ import annotations

import pytest
from tables import each

from convcost.timing import answer, clock
from convcost.timing.answer import Timed, TimedRow
from convcost.timing.bounds import Bound
from convcost.timing.clock import BLOCK, LEAST_ROUNDS, MOST_ROUNDS, Rounds, Spread, Times, spread_of


class Machine:
    """Clocks that run when something runs: each run of a thing takes what the next of its numbers says."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        self.ran: list[str] = []
        monkeypatch.setattr(clock, "perf_counter", lambda: 2 * self.now)  # on the wall everything takes twice as long
        monkeypatch.setattr(clock, "thread_time", lambda: self.now)

    def thing(self, name: str, *seconds: float) -> object:
        times = iter(range(10**9))

        def run() -> None:
            self.now += seconds[next(times) % len(seconds)]
            self.ran.append(name)

        return run


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(monkeypatch)


def rounds_of(machine: Machine, threads: int | None = 1, **things: tuple[float, ...]) -> Rounds:
    rounds = Rounds(threads, next(iter(things)))
    for name, seconds in things.items():
        rounds.add(name, machine.thing(name, *seconds))
    machine.ran.clear()
    return rounds


def test_one_thread_is_timed_by_its_processor_time_and_several_on_the_wall(machine: Machine) -> None:
    """The quotient of the two tells whether the machine was free; on the wall there is none."""
    one, two = rounds_of(machine, 1, a=(1.0,)), rounds_of(machine, 2, a=(1.0,))
    one.go(1e9)
    two.go(1e9)
    assert (one.times()["a"].seconds.median, one.times()["a"].wall_over_cpu) == (1.0, 2.0)
    assert (two.times()["a"].seconds.median, two.times()["a"].wall_over_cpu) == (2.0, None)


def test_a_processor_clock_that_stands_still_is_not_read(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some move every 16 ms; a run that takes no time would have no ratio."""
    monkeypatch.setattr(clock, "thread_time", lambda: 7.0)
    rounds = rounds_of(machine, 1, a=(1.0,), b=(3.0,))
    rounds.go(1e9)
    found = rounds.times()
    assert (found["a"].seconds.median, found["b"].seconds.median) == (2.0, 6.0)
    assert found["b"].ratio is not None
    assert found["b"].ratio.median == 3.0


def test_ratios_are_those_of_the_same_round(machine: Machine) -> None:
    """A machine that slows down slows all of them: the ratio stays."""
    slowing = [1.0 * 1.1**n for n in range(4 * LEAST_ROUNDS) for _ in range(BLOCK + 1)]
    rounds = rounds_of(machine, a=(1.0, 1.0, *slowing), b=(2.0, 2.0, *[2 * s for s in slowing]))
    rounds.go(1e9)
    ratio = rounds.times()["b"].ratio
    assert ratio is not None
    assert ratio == pytest.approx((2.0, 2.0, 2.0))
    assert rounds.times()["a"].ratio == (1.0, 1.0, 1.0)


def test_every_other_round_goes_backwards_and_a_block_warms_up_first(machine: Machine) -> None:
    """One run of each block is not measured."""
    rounds = rounds_of(machine, a=(1.0,), b=(1.0,), c=(1.0,))
    rounds.go(0)  # one round, whatever it takes
    rounds.go(1e9)
    order = machine.ran[:: BLOCK + 1]
    assert order[:15] == [*"abc", *"abc", *"cba", *"abc", *"cba"]
    assert rounds.times()["a"].runs == BLOCK * rounds.times()["a"].rounds


def test_rounds_end_when_medians_have_settled_and_not_before(machine: Machine) -> None:
    """What wavers goes on to the end."""
    calm = rounds_of(machine, a=(1.0,), b=(3.0,))
    calm.go(1e9)
    assert calm.times()["b"].rounds == LEAST_ROUNDS
    wild = [float(1 + n % 7) for n in range(1000) for _ in range(BLOCK + 1)]
    unsettled = rounds_of(machine, a=(1.0,), b=(1.0, 1.0, *wild))
    unsettled.go(1e9)
    assert LEAST_ROUNDS < unsettled.times()["b"].rounds <= MOST_ROUNDS


def test_a_block_has_four_runs_and_seven_rounds_are_the_least_and_sixty_the_most(machine: Machine) -> None:
    """Each round is told, counted from 1; in each a block has one run more, which is not measured."""
    told: list[str] = []
    calm = rounds_of(machine, a=(1.0,))
    calm.go(1e9, told.append)
    assert (calm.times()["a"].rounds, calm.times()["a"].runs, len(machine.ran)) == (7, 28, 35)
    assert told == [f"round {number}" for number in range(1, 8)]
    wild = rounds_of(machine, a=(1.0, 1.0, *[float(10 ** (n % 2)) for n in range(60) for _ in range(5)]))
    wild.go(1e9)
    assert (wild.times()["a"].rounds, wild.times()["a"].runs) == (60, 240)


def test_what_takes_no_time_at_all_has_settled(machine: Machine) -> None:
    """Its wall and its processor time are the same; a run is as short as a clock can tell."""
    rounds = Rounds(1)
    rounds.add("a", machine.thing("a", 0.0))
    rounds.go(1e9)
    found = rounds.times()["a"]
    assert (found.seconds, found.rounds, found.wall_over_cpu) == ((0.0, 0.0, 0.0), LEAST_ROUNDS, 1.0)
    assert found.runs == 7 * 4 * 5000  # half a millisecond of runs of a ten-millionth of a second


def test_rounds_end_with_the_very_last_moment(machine: Machine) -> None:
    """Of two rounds, each ten runs of two seconds on the wall, where there are two things."""
    rounds = rounds_of(machine, a=(1.0,), b=(1.0,))
    rounds.go(max_seconds=40.0)
    assert rounds.times()["a"].rounds == 2


def test_rounds_end_when_the_time_is_over(machine: Machine) -> None:
    """After the round that is under way."""
    rounds = rounds_of(machine, a=(1.0,), b=(1.0,))
    rounds.go(max_seconds=2.5 * 2 * 2 * (BLOCK + 1))
    assert rounds.times()["a"].rounds == 3


def test_short_runs_are_repeated_and_divided(machine: Machine) -> None:
    """So that what the clock itself takes does not count."""
    rounds = rounds_of(machine, a=(1e-5,))
    rounds.go(0)
    assert rounds.times()["a"].seconds.median == pytest.approx(1e-5)
    assert rounds.times()["a"].runs > BLOCK


def test_an_interruption_keeps_what_is_measured(machine: Machine) -> None:
    """Whole blocks of it."""
    rounds = rounds_of(machine, a=(1.0,))
    count = 0

    def stopped() -> None:
        nonlocal count
        count += 1
        machine.now += 1
        if count == 2 + (BLOCK + 1) + 3:  # in the second block
            raise KeyboardInterrupt

    rounds.add("b", stopped)
    rounds.go(1e9)
    assert rounds.interrupted
    assert rounds.times()["b"].rounds == 1


@each(
    ("numbers", "expected"),
    [([3.0], (3, 3, 3)), ([1.0, 2.0], (1.5, 1.25, 1.75)), ([5.0, 1.0, 3.0], (3, 2, 4)), ([1.0] * 9, (1, 1, 1))],
)
def test_quartiles_lie_straight_between_numbers(numbers: list[float], expected: tuple[float, ...]) -> None:
    assert spread_of(numbers) == expected


def timed(ratio: tuple[float, float, float] | None, macs_ratio: float | None = 0.5, seconds: float = 1.0,
          bound: float | None = None, wall: float | None = None) -> TimedRow:  # fmt: skip
    """A row of such times."""
    times = Times(Spread(seconds, seconds, seconds), None if ratio is None else Spread(*ratio), 7, 28, wall)
    return TimedRow("row", "replacement", 10, macs_ratio, Bound(bound, None, None, None), None, times)


@each(
    ("ratio", "macs_ratio", "verdict", "surprising"),
    [
        ((1.2, 1.1, 1.3), 0.5, "slower", True), ((1.2, 1.1, 1.3), 1.0, "slower", False),
        ((1.2, 1.1, 1.3), 2.0, "slower", False), ((0.8, 0.7, 0.9), 0.5, "faster", False),
        ((1.2, 1.0, 1.3), 0.5, "no difference seen", False), ((0.8, 0.7, 1.0), 0.5, "no difference seen", False),
        ((1.2, 0.9, 1.3), 0.5, "no difference seen", False), (None, 0.5, None, False),
        ((1.2, 1.1, 1.3), None, None, False),
    ],
)  # fmt: skip
def test_a_ratio_whose_quartiles_lie_about_one_tells_no_difference(
    ratio: tuple[float, float, float] | None, macs_ratio: float | None, verdict: str | None, surprising: bool
) -> None:
    """What has fewer multiply-adds and is slower is surprising."""
    row = timed(ratio, macs_ratio)
    assert (row.verdict, row.surprising) == (verdict, surprising)


@each(
    ("seconds", "bound", "beaten"),
    [(0.97, 1.0, True), (0.98, 1.0, False), (2.0, 1.0, False), (0.5, None, False), (0.5, 0.0, False)],
)
def test_a_bound_is_beaten_by_more_than_clocks_are_off(seconds: float, bound: float | None, beaten: bool) -> None:
    """Two in a hundred; a bound that is not known is never beaten."""
    assert timed(None, seconds=seconds, bound=bound).beats_bound is beaten
    assert not TimedRow("row", "replacement", bound=Bound(bound, None, None, None)).beats_bound


@each(
    ("walls", "largest", "busy"),
    [([1.0, 1.05], 1.05, False), ([1.06, 1.0], 1.06, True), ([None, 1.2], 1.2, True), ([None], None, False)],
)
def test_the_machine_was_busy_where_the_wall_says_so(
    walls: list[float | None], largest: float | None, busy: bool
) -> None:
    """Of any row; with several threads nobody can tell."""
    rows = tuple([timed(None, wall=wall) for wall in walls])
    found = Timed("", None, (1, 3, 8, 8), "fp32", rows, None)
    assert (found.wall_over_cpu, found.is_busy) == (largest, busy)


def test_multiply_adds_are_related_to_the_base_and_building_blocks_are_not() -> None:
    """Nor are their times: they compute something else."""
    rows = {"base": timed((1.0, 1.0, 1.0))._replace(name="base", macs=8), "half": timed((0.5, 0.4, 0.6)),
            "block": timed((0.1, 0.1, 0.1))._replace(role="building-block"),
            "none": TimedRow("none", "replacement", reason="does not apply")}  # fmt: skip
    base, half, block, none = answer._related(rows, "base")
    assert (base.macs_ratio, half.macs_ratio, block.macs_ratio, none.macs_ratio) == (1.0, 1.25, 0.5, None)
    assert block.times is not None
    assert block.times.ratio is None
    assert half.times is not None
    assert half.times.ratio == (0.5, 0.4, 0.6)
    assert [row.macs_ratio for row in answer._related(rows, None)][:2] == [None, None]
