"""Broken rules stay broken here: the verification is worth what it catches."""

from functools import cache
from importlib import import_module

import pytest
from tables import each

from convcost.analysis import analyze
from convcost.answers.check import Check
from convcost.checks import selftest
from convcost.checks.broken_rules import BROKEN_RULES
from convcost.checks.examination import Examined
from convcost.checks.selftest import (
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
from convcost.graph.ops import Graph
from convcost.report.selftest_evidence import selftest_table
from convcost.spec.layer import LayerSpec
from convcost.variants.registry import AS_GIVEN, all_variants, build_variant

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


@each("rule", [rule for rule in BROKEN_RULES if rule.name.startswith("row: ")], ids=lambda r: r.name)
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


#: Params, multiply-adds, those that touch data, and the output of each probe as it is given, by hand; a shortcut's
#: projection, a norm and an activation included.
PROBED = [
    (150, 8064, 6336, (2, 6, 4, 7)), (360 + 24, 15120, 12288, (1, 12, 6, 7)), (576 + 16, 31104, 25600, (1, 8, 9, 6)),
    (144, 2880, 2688, (1, 6, 11, 13)), (84, 400, 352, (1, 4, 5)), (96, 8064, 4760, (1, 4, 4, 3, 7)),
    (144, 7776, 7776, (1, 4, 6, 9)),
]  # fmt: skip

#: The same of each layer that is examined.
EXAMINED = [
    ("standard", (150, 6480, 5376, (1, 6, 5, 9))),
    ("depthwise-separable", (24 + 24, 1296 + 1296, 1100 + 1296, (1, 6, 9, 6))),
    ("depthwise", (24, 1008, 1008, (1, 4, 7, 6))),
    ("pointwise", (24, 1512, 1512, (1, 6, 9, 7))),
    ("bottleneck", (16 + 60 + 16, 1728 + 1800 + 480, 1728 + 1428 + 480, (1, 8, 6, 5))),
    ("spatially-separable", (48 + 48, 3456 + 3456, 3200 + 3168, (1, 4, 8, 9))),
    ("basic-block", (144 + 144, 10368 + 10368, 8800 + 8800, (1, 4, 8, 9))),
]


def costs(graph: Graph) -> tuple[object, ...]:
    found = analyze(graph)
    return found.cost.params, found.cost.macs, found.cost.effective_macs, found.output_shape


def test_the_probes_cost_what_is_counted_by_hand() -> None:
    """None changes without notice; and there is one that no variant is, of elements alone."""
    found = list(selftest.probes())
    assert [costs(graph) for name, graph in found if name == AS_GIVEN] == PROBED
    assert [(graph.dtype, costs(graph)) for name, graph in found if name == "elementwise"] == [
        ("int8", (0, 0, 0, (2, 3, 5, 4)))
    ]
    assert {*all_variants()} <= {name for name, _ in found}


def test_the_layers_that_are_examined_cost_what_is_counted_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each as the variant that is tried."""

    def examine(name: str, spec: LayerSpec) -> Examined:
        assert len(set(spec.input_size)) == spec.axes  # so that swaps show
        return Examined(name, None, {name: Check(costs(build_variant(name, spec).graph), None, True)})

    monkeypatch.setattr(selftest, "examine", examine)
    assert [(name, check.expected) for name, check in examined_probes()] == EXAMINED


@each("spec", PROBES)
def test_probes_are_awkward(spec: LayerSpec) -> None:
    """No two sides are the same, so that swaps show, and nothing is said that a layer has not."""
    assert len(set(spec.input_size)) == spec.axes
    assert spec.transposed or not any(spec.output_padding)
    assert len(spec.output_padding) == spec.axes
