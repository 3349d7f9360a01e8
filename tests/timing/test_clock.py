"""Rounds of blocks: what they give is what was run, side by side, in an order that turns about."""

from __future__ import annotations

import pytest

from convcost.timing import clock
from convcost.timing.clock import BLOCK, LEAST_ROUNDS, MOST_ROUNDS, Rounds, spread_of


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
    assert order[:9] == ["a", "b", "c", "a", "b", "c", "c", "b", "a"]
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


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [([3.0], (3, 3, 3)), ([1.0, 2.0], (1.5, 1.25, 1.75)), ([5.0, 1.0, 3.0], (3, 2, 4)), ([1.0] * 9, (1, 1, 1))],
)
def test_quartiles_lie_straight_between_numbers(numbers: list[float], expected: tuple[float, ...]) -> None:
    assert spread_of(numbers) == expected
