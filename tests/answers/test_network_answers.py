"""Answers with what their execution showed: the one way in which the command line and Python come by them."""

from __future__ import annotations

import pytest

from convcost.answers.network import answer_network, answer_program, not_rebuilt
from convcost.checks.networks import NetworkVerifier
from convcost.cli.options import Execution
from convcost.networks.build import Choices, build_network
from convcost.networks.program import read_program
from convcost.networks.zoo import zoo_program
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


def fields(name: str, *words: str) -> list[tuple[object, ...]]:
    """Words and fields of the layers of a small network, by name."""
    program = read_program("input 3 @20x24\nstem: standard 6 k3 s2 bias norm relu\nmax-pool k2\nflatten\nlinear 4 bias")
    answer = answer_network(build_network(program))
    (layer,) = [layer for layer in answer.layers if layer.name == name]
    return [layer.words.get(word, layer.fields.get(word)) for word in words]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("stem", [[(1, 3, 20, 24)], (3, 3), (2, 2), 1, True, None, (3, 3), (3, 3), {"bias": 720}]),
        ("stem.norm", [[(1, 6, 10, 12)], None, None, None, None, None, (3, 3), (1, 1), {"norm": 1440}]),
        ("stem.activation", [[(1, 6, 10, 12)], None, None, None, None, "relu", (3, 3), (1, 1), {"activation": 720}]),
        ("max-pool", [[(1, 6, 10, 12)], (2, 2), (2, 2), None, None, None, (5, 5), (2, 2), {"pool": 720}]),
        ("flatten", [[(1, 6, 5, 6)], None, None, None, None, None, None, None, {}]),
        ("linear", [[(1, 180)], None, None, None, True, None, None, None, {"bias": 4}]),
    ],
)
def test_a_layer_says_what_it_takes_to_count_it_again(name: str, expected: list[object]) -> None:
    """Counted by hand; behind a flatten there are no positions that could see any."""
    words = ("inputs", "kernel_size", "stride", "groups", "bias", "activation", "receptive_field",
             "op_receptive_field", "elementwise_by")  # fmt: skip
    assert fields(name, *words) == expected


def test_elementwise_operations_are_split_by_their_cause() -> None:
    """The parts of the total are its layers', and add up to it."""
    answer = answer_network(build_network(zoo_program("mobilenet-v3-small")))
    by = answer.total["elementwise_by"]
    assert sum(by.values()) == answer.total["elementwise"]
    assert set(by) == {"norm", "activation", "pool", "bias", "multiply", "add"}
    for cause, number in by.items():
        assert number == sum(layer.words["elementwise_by"].get(cause, 0) for layer in answer.layers)


def test_the_whole_sees_what_its_last_layer_sees() -> None:
    """Through the flatten, too: VGG-16's classifier looks at seven by seven positions 32 apart, of 212 each."""
    answer = answer_network(build_network(zoo_program("vgg16")))
    assert answer.total["receptive_field"] == (212 + 6 * 32,) * 2
    assert answer.layers[-1].words["receptive_field"] is None
