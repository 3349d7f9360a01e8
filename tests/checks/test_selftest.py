"""Broken rules stay broken here: the verification is worth what it catches."""

from functools import cache
from importlib import import_module

import pytest

from convcost.analysis import analyze
from convcost.checks.broken_rules import BROKEN_RULES
from convcost.checks.selftest import (
    EXAMINED,
    PROBES,
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
from convcost.spec.layer import LayerSpec
from convcost.variants.registry import AS_GIVEN, build_variant

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


#: Params, multiply-adds, those that touch data, and the output of each layer on which rules are tried, by hand.
COUNTED = {
    ("probe", 0): (150, 8064, 6336, (2, 6, 4, 7)),
    ("probe", 1): (360 + 24, 15120, 12288, (1, 12, 6, 7)),
    ("probe", 2): (576 + 16, 31104, 25600, (1, 8, 9, 6)),
    ("probe", 3): (144, 2880, 2688, (1, 6, 11, 13)),
    ("probe", 4): (84, 400, 352, (1, 4, 5)),
    ("probe", 5): (48, 4032, 2720, (1, 4, 4, 3, 7)),
    ("probe", 6): (144, 7776, 7776, (1, 4, 6, 9)),
    ("standard", 0): (150, 6480, 5376, (1, 6, 5, 9)),
    ("depthwise-separable", 1): (24 + 24, 1296 + 1296, 1100 + 1296, (1, 6, 9, 6)),
    ("depthwise", 2): (24, 1008, 1008, (1, 4, 7, 6)),
    ("pointwise", 3): (24, 1512, 1512, (1, 6, 9, 7)),
    ("bottleneck", 4): (16 + 60 + 16, 1728 + 1800 + 480, 1728 + 1428 + 480, (1, 8, 6, 5)),
    ("spatially-separable", 5): (48 + 48, 3456 + 3456, 3200 + 3168, (1, 4, 8, 9)),
    ("basic-block", 6): (144 + 144, 10368 + 10368, 8800 + 8800, (1, 4, 8, 9)),
}


@pytest.mark.parametrize(("name", "number"), COUNTED)
def test_the_layers_on_which_rules_are_tried_cost_what_is_counted_by_hand(name: str, number: int) -> None:
    """A probe as it is given, its norm included; the others as the variant that is tried."""
    variant, spec = (AS_GIVEN, PROBES[number]) if name == "probe" else EXAMINED[number]
    assert name in ("probe", variant)
    graph = build_variant(variant, spec._replace(residual=False)).graph
    found = analyze(graph)
    assert (found.cost.params, found.cost.macs, found.cost.effective_macs, found.output_shape) == COUNTED[name, number]


@pytest.mark.parametrize("spec", [*PROBES, *[spec for _, spec in EXAMINED]])
def test_layers_on_which_rules_are_tried_are_awkward(spec: LayerSpec) -> None:
    """No two sides are the same, so that swaps show, and nothing is said that a layer has not."""
    assert len(set(spec.input_size)) == spec.axes
    assert spec.transposed or not any(spec.output_padding)
    assert len(spec.output_padding) == spec.axes


def test_every_layer_on_which_rules_are_tried_is_counted_by_hand() -> None:
    """So that none changes without notice."""
    assert len(COUNTED) == len(PROBES) + len(EXAMINED)
