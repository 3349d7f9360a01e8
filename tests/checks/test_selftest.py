"""Broken rules stay broken here: the verification is worth what it catches."""

from functools import cache
from importlib import import_module

import pytest

from convcost.analysis import analyze
from convcost.checks.broken_rules import BROKEN_RULES
from convcost.checks.selftest import (
    BrokenRule,
    Caught,
    broken,
    examined_probes,
    noticed,
    run_selftest,
    small_network,
    words_of_probes,
)
from convcost.report.selftest_evidence import selftest_table

#: The check that must notice a broken function, where it is not named as that; the same of other kinds of rules.
OF_FUNCTION = {"conv_size": "output_shape", "last_uses": "peak_bytes", "overwritten": "peak_bytes"}
OF_WORD = {"traffic": "traffic_bytes", "activations": "activation_bytes", "weights": "weight_bytes"}
OF_TOPIC = {"wiring": "equivalence", "products": "products issued"}
OF_ROW = {"flops": "flops", "FLOPs/byte": "arithmetic_intensity", "ratios": "relative.macs", "share": "share.macs"}


@cache
def caught() -> dict[str, Caught]:
    """Rule -> the checks that it fails, and the two sides of the first."""
    return {result.name: result for result in run_selftest(BROKEN_RULES)}


def due(rule: BrokenRule) -> str:
    """The check of the very word that the rule answers."""
    topic, _, mistake = rule.name.partition(": ")
    if topic == "op_cost":
        return OF_WORD[mistake.split()[0]]
    if topic == "row":
        return OF_ROW.get(mistake.split()[0], "stages")
    return {**OF_FUNCTION, **OF_TOPIC, **OF_ROW}.get(topic, topic)


@pytest.mark.parametrize("rule", BROKEN_RULES, ids=lambda rule: rule.name)
def test_every_broken_rule_is_caught(rule: BrokenRule) -> None:
    """By the check that is due, with both sides of the first that noticed."""
    found = caught()[rule.name]
    assert due(rule) in found.caught_by
    assert found.expected != found.measured


def test_every_rule_prints_the_number_it_broke() -> None:
    """As it was expected, and as it was executed; they are not the same."""
    table = selftest_table(list(caught().values()))
    sides = [line.cells[1:] for section in table.sections for line in section.lines]
    assert len(sides) == len(BROKEN_RULES) >= 60
    assert all(expected.rpartition(" ")[2] != executed for expected, executed in sides)


@pytest.mark.parametrize("trial", [words_of_probes, examined_probes, small_network], ids=lambda trial: trial.__name__)
def test_the_sound_rules_are_caught_by_nothing(trial: object) -> None:
    """After all of them were broken."""
    assert len(caught()) == len(BROKEN_RULES)
    assert noticed(trial) == {}


@pytest.mark.parametrize("rule", [rule for rule in BROKEN_RULES if rule.name.startswith("row: ")], ids=lambda r: r.name)
def test_a_row_on_which_a_rule_is_tried_is_sound_without_it(rule: BrokenRule) -> None:
    """And exists: what does not apply would be caught by nothing."""
    checks = dict(rule.trial())
    assert checks["stages"].ok
    assert noticed(rule.trial) == {}


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


def test_a_rule_broken_where_it_is_defined_is_broken_for_all_who_use_it() -> None:
    """And whole again for all of them."""
    (rule,) = [rule for rule in BROKEN_RULES if rule.name == "row: flops = macs"]
    users = [
        import_module(f"convcost.{name}") for name in ("analysis.analyze", "answers.comparison", "checks.verifier")
    ]
    sound = [vars(user)["words"] for user in users]
    with broken(rule):
        assert not any(vars(user)["words"] is one for user, one in zip(users, sound))
    assert [vars(user)["words"] for user in users] == sound
    assert analyze is vars(users[1])["analyze"]
