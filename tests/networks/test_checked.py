"""Answers with what their execution showed: the one way in which the command line and Python come by them."""

from __future__ import annotations

import pytest

from convcost.graph.ops import Shape
from convcost.networks import verified
from convcost.networks.answers import answer_network
from convcost.networks.build import Choices, Network, build_network
from convcost.networks.checked import answer_program, checked
from convcost.networks.program import read_program

PROGRAM = read_program("input 3 @96\nstandard 8 k3 s2\nrelu\nglobal-average-pool\nlinear 10 bias\n")


def test_an_answer_is_executed_unless_it_is_not_wanted() -> None:
    """And is the same otherwise."""
    found = answer_program(PROGRAM, Choices("n2"))
    assert found.verified is not None
    assert found.verified.status == "verified"
    assert found._replace(verified=None) == answer_program(PROGRAM, Choices("n2"), verify=False)


def test_the_choices_go_to_the_reduced_network_too() -> None:
    """It is the same network, at another input."""
    found = answer_program(PROGRAM, Choices("fp16 n3"))
    assert found.verified is not None
    checks = found.verified.wiring.checks
    assert found.verified.wiring.size == {"input": (2, 3, 32, 36)}
    assert found.total["weight_bytes"] == 2 * found.total["params"]
    assert checks["weight_bytes"].measured == found.total["weight_bytes"]


def test_no_limit_is_the_usual_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """0 is a limit."""
    limits: list[int] = []
    monkeypatch.setattr(verified, "verify_network", lambda _answer, _rebuild, _inplace, limit: limits.append(limit))
    network = build_network(PROGRAM)

    def rebuild(_: Shape) -> Network:
        return network

    for limit in (None, 0, 7):
        checked(answer_network(network), rebuild, True, limit)
    assert limits == [4_000_000_000, 0, 7]
