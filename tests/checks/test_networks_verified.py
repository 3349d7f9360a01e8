"""The execution of networks can fail: each kind of wrong answer is noticed."""

from __future__ import annotations

from typing import Any

import pytest

from convcost.answers.network import NetworkAnswer, answer_network
from convcost.checks.broken_rules import BROKEN_RULES, broken
from convcost.checks.networks import NetworkVerified, verify_network
from convcost.networks.build import Choices, Network, build_network
from convcost.networks.zoo import zoo_program

PROGRAM = zoo_program("mobilenet-v3-small")


def rebuild(shape: tuple[int, ...]) -> Network:
    return build_network(PROGRAM, Choices(reduced=shape))


def answered() -> NetworkAnswer:
    return answer_network(build_network(PROGRAM))


def verified(answer: NetworkAnswer, **options: Any) -> NetworkVerified:
    return verify_network(answer, rebuild, **options)


@pytest.mark.parametrize("word", ["params", "macs", "effective_macs", "output_shape"])
def test_a_wrong_word_of_a_layer_is_noticed(word: str) -> None:
    """In the layer that has it."""
    answer = answered()
    wrong = answer.layers[0]._replace(words={**answer.layers[0].words, word: (7,) if word == "output_shape" else 7})
    found = verified(answer._replace(layers=(wrong, *answer.layers[1:])))
    assert found.status == found.layers[0].status == "mismatch"
    assert [name for name, check in found.layers[0].checks.items() if not check.ok] == [word]


@pytest.mark.parametrize(
    "name",
    [
        "params: groups forgotten", "macs: groups forgotten", "effective_macs: border counted as data",
        "last_uses: shortcut's input freed early", "overwritten: activation with a tensor of its own",
    ],
)  # fmt: skip
def test_a_broken_rule_is_noticed(name: str) -> None:
    """Liveness in the wiring, the others in the layers too."""
    (rule,) = [rule for rule in BROKEN_RULES if rule.name == name]
    with broken(rule):
        assert verified(answered()).status == "mismatch"


def test_what_is_too_large_is_skipped_and_said() -> None:
    """By the limit; no layer passes one that is 0."""
    found = verified(answered(), limit=0)
    assert {layer.status for layer in found.layers} == {"skipped"}
    assert {layer.reason for layer in found.layers} == {"too large to execute"}
    few = verified(answered(), limit=3_000_000)
    assert {layer.status for layer in few.layers} == {"verified", "skipped"}


def test_no_inplace_is_executed_as_it_is_analysed() -> None:
    """Elementwise operations with tensors of their own."""
    answer = answer_network(build_network(PROGRAM), inplace=False)
    assert answer.total["activation_bytes"] > answered().total["activation_bytes"]
    assert verified(answer, inplace=False).status == "verified"
