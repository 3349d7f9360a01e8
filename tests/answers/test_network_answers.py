"""Answers with what their execution showed: the one way in which the command line and Python come by them."""

from __future__ import annotations

import pytest

from convcost.answers.network import answer_network, answer_program, not_rebuilt
from convcost.checks.networks import NetworkVerifier
from convcost.cli.options import Execution
from convcost.networks.build import Choices, build_network
from convcost.networks.program import read_program
from convcost.spec.errors import SpecError

PROGRAM = read_program("input 3 @96\nstandard 8 k3 s2\nrelu\nglobal-average-pool\nlinear 10 bias\n")


def test_an_answer_is_executed_where_it_is_wanted() -> None:
    """And is the same otherwise."""
    found = answer_program(PROGRAM, Choices("n2"), verify=NetworkVerifier())
    assert found.verified is not None
    assert found.verified.status == "verified"
    assert found._replace(verified=None) == answer_program(PROGRAM, Choices("n2"))


def test_the_choices_go_to_the_reduced_network_too() -> None:
    """It is the same network, at another input."""
    found = answer_program(PROGRAM, Choices("fp16 n3"), verify=NetworkVerifier())
    assert found.verified is not None
    checks = found.verified.wiring.checks
    assert found.verified.wiring.size == {"input": (2, 3, 32, 36)}
    assert found.total["weight_bytes"] == 2 * found.total["params"]
    assert checks["weight_bytes"].measured == found.total["weight_bytes"]


@pytest.mark.parametrize(("limit", "used"), [(None, 4_000_000_000), (0, 0), (7, 7)])
def test_no_limit_is_the_usual_one(limit: int | None, used: int) -> None:
    """0 is a limit."""
    for verify in (Execution(True, limit).of_networks(), Execution(True, limit).of_rows()):
        assert vars(verify)["limit"] == used
    assert Execution(False, limit).of_networks() is None
    assert Execution(False, limit).of_rows() is None


def test_a_network_without_a_program_is_not_rebuilt() -> None:
    """Its wiring is then executed at its own size, or not at all."""
    with pytest.raises(SpecError):
        not_rebuilt((1, 3, 32, 32))
    network = build_network(PROGRAM)
    verified = answer_network(network, verify=NetworkVerifier()).verified
    assert verified is not None
    assert verified.wiring.size == {"input": (1, 3, 96, 96)}
