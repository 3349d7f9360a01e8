"""Broken rules stay broken here: the verification is worth what it catches."""

from functools import cache
from importlib import import_module

import pytest

from convcost.checks.broken_rules import BROKEN_RULES, BrokenRule, broken, failed_checks, run_selftest


@cache
def caught() -> dict[str, list[str]]:
    """Rule -> the checks that it fails."""
    return {result.name: result.caught_by for result in run_selftest()}


@pytest.mark.parametrize("rule", BROKEN_RULES, ids=lambda rule: rule.name)
def test_every_broken_rule_is_caught(rule: BrokenRule) -> None:
    """By the check of the very word that the rule answers, where it answers one."""
    found = caught()[rule.name]
    assert found
    of_function = {"conv_size": "output_shape", "last_uses": "peak_bytes", "overwritten": "peak_bytes"}
    of_word = {"traffic": "traffic_bytes", "activations": "activation_bytes", "weights": "weight_bytes"}
    if rule.function == "op_cost":
        assert of_word[rule.name.split()[1]] in found
    else:
        assert of_function.get(rule.function, rule.function) in found


def test_the_sound_rules_are_caught_by_nothing() -> None:
    """Before a rule is broken and after all of them were."""
    assert failed_checks() == []
    assert len(caught()) == len(BROKEN_RULES) >= 12
    assert failed_checks() == []


def test_a_rule_is_restored_even_when_the_block_fails() -> None:
    """A broken rule must not outlive its test."""
    rule = BROKEN_RULES[0]
    module = import_module(f"convcost.{rule.module}")
    sound = getattr(module, rule.function)
    with broken(rule):
        assert getattr(module, rule.function) is not sound
    with pytest.raises(ZeroDivisionError), broken(rule):
        _ = 1 // 0
    assert getattr(module, rule.function) is sound
