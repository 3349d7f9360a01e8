"""Conventions: which versions a range covers, what a rule adds, and how a term and a refusal are called."""

from __future__ import annotations

import pytest
from tables import each

from convcost.answers.network import not_rebuilt
from convcost.conventions.answer import Place, find_conventions
from convcost.conventions.facts import Group
from convcost.conventions.opening import is_layer, others_of
from convcost.conventions.registry import IN, NOTHING, OUT, Amount, Convention, a_sample, total
from convcost.networks.build import Choices, build_network
from convcost.networks.zoo import zoo_program

RULES = {"relu": 2 * IN + OUT, "conv": None}
PLAIN = Convention("tool", "1.2", "MACs", "its source", RULES, NOTHING, (), False, False, False)
RELU = Group("relu", "module", False, {"in": 10, "out": 4, "channels": 3}, ("a",))


@each(
    ("versions", "covered", "others"),
    [
        ("0.0.31 to 0.1.1", ["0.0.31", "0.0.31.post1", "0.1", "0.1.1", "0.1.1.2"], ["0.0.30", "0.1.2", "0.2", "1"]),
        ("0.7.5 and later", ["0.7.5", "0.7.6", "1"], ["0.7.4", "0.7", "0.6.9"]),
        ("0.6.9 and before", ["0.6.9", "0.6", "0", "0.6.9.1"], ["0.6.10", "0.7"]),
        ("1.2", ["1.2", "1.2.9"], ["1.1", "1.3", "1"]),
        ("1.0.1 to 1.2", ["1.0.1"], ["1.0", "1"]),
        ("papers", ["papers"], ["1.0", "timm", ""]),
        ("TensorFlow 2", ["2", "2.16", "TensorFlow 2"], ["1.15", "3", "x"]),
    ],
)
def test_a_range_of_versions_covers_those_between_its_ends(
    versions: str, covered: list[str], others: list[str]
) -> None:
    """Whatever stands behind what it names, and nothing that is not known to."""
    convention = PLAIN._replace(versions=versions)
    assert [one for one in [*covered, *others] if convention.covers(one)] == covered


@each(
    ("amount", "said"),
    [(IN, "in"), (3 * IN, "3·in"), (2 * (IN + 3 * OUT), "2·in + 6·out"), (IN - OUT, "in + -1·out"), (NOTHING, "0"),
     (a_sample(2 * IN), "2·one in"), (IN - 2 * OUT, "in + -2·out")],
)  # fmt: skip
def test_amounts_are_quantities_times_whole_numbers(amount: Amount, said: str) -> None:
    assert repr(amount) == said


@each(
    ("fields", "group", "value"),
    [
        ({}, {}, 24), ({}, {"kind": "conv"}, None), ({}, {"kind": "gelu"}, 0), ({}, {"kind": "moved"}, 0),
        ({"rest": IN}, {"kind": "gelu"}, 10), ({"rest": IN}, {"kind": "split"}, 0),
        ({"rest": None}, {"kind": "gelu"}, None),
        ({"blind": ("module",)}, {}, 0), ({"blind": ("function",)}, {}, 24),
        ({"blind": ("module",)}, {"kind": "conv"}, 0),
        ({"rules": {"relu": IN, "function.relu": OUT}}, {"form": "function"}, 4),
        ({"rules": {"relu": IN, "function.relu": OUT}}, {}, 10),
        ({"rules": {"split": OUT}}, {"kind": "split"}, 4),
        ({"last_call": True}, {"again": True}, 0), ({"last_call": True}, {}, 24), ({}, {"again": True}, 24),
        ({"scaled": True}, {"grows": False}, None), ({"scaled": True}, {}, 24), ({}, {"grows": False}, 24),
    ],
)  # fmt: skip
def test_a_rule_is_that_of_the_kind_and_the_form(
    fields: dict[str, object], group: dict[str, object], value: int | None
) -> None:
    """What a tool does not see adds nothing; what it refuses, it has no total of."""
    found = total(PLAIN._replace(**fields), [RELU._replace(**group)])  # type: ignore[arg-type]  # any field
    assert found.value == value
    assert (found.reason == "") is (value is not None)


@each(
    ("kind", "said"),
    [("add", "an addition"), ("relu", "a ReLU"), ("elu", "an ELU"), ("other", "an operation of that kind"),
     ("upsample-nearest", "a nearest upsampling")],
)  # fmt: skip
def test_a_total_that_is_not_given_says_what_stands_in_its_way(kind: str, said: str) -> None:
    """With its article."""
    found = total(PLAIN._replace(rules={}, rest=None), [RELU._replace(kind=kind)])
    assert found.reason == f"tool gives no total where there is {said}"


@pytest.mark.parametrize(
    ("batch", "terms"),
    [
        (1, [("ReLU elements", 2, 10), ("ReLU channels", 1, 3), ("ReLU outputs", 1, 4)]),
        (2, [("ReLU elements of one sample", 2, 5), ("ReLU channels of one sample", 1, 3), ("ReLU outputs", 1, 4)]),
    ],
)
def test_what_is_of_one_sample_is_divided_by_the_batch(batch: int, terms: list[tuple[str, int, int]]) -> None:
    """But for what does not grow with it."""
    from convcost.conventions.registry import CHANNELS

    rules = {"relu": a_sample(2 * IN + CHANNELS) + OUT}
    found = total(PLAIN._replace(rules=rules), [RELU._replace(batch=batch)])
    assert [(one.term, one.coefficient, one.amount) for one in found.terms] == terms
    assert found.value == sum([coefficient * amount for _, coefficient, amount in terms])


def test_terms_of_one_name_and_coefficient_are_one() -> None:
    """Their operations together; what there is none of is no term."""
    found = total(PLAIN, [RELU, RELU._replace(names=("b", "c")), RELU._replace(sizes={"in": 1}, names=("d",))])
    assert [(one.term, one.amount, one.adds, one.operations) for one in found.terms] == [
        ("ReLU elements", 21, 42, ("a", "b", "c", "d")), ("ReLU outputs", 8, 8, ("a", "b", "c", "d")),
    ]  # fmt: skip
    thop = find_conventions("thop")[0]
    products = total(thop, [Group(kind, "module", False, {size: count}, (kind,)) for kind, size, count in
                            [("conv", "macs", 9), ("linear", "macs", 5), ("relu", "in", 5)]])  # fmt: skip
    assert [(one.term, one.family, one.executed, one.amount) for one in products.terms] == [
        ("multiply-adds", "multiply-adds", True, 14)
    ]


@each(
    ("word", "is_one"),
    [("64:128", True), ("k3", True), ("3x3", True), ("{", True), ("a b", True), ("", False), ("resnet18", False)],
)
def test_a_word_with_the_signs_of_a_layer_begins_one(word: str, is_one: bool) -> None:
    """Or one that is a word of layers alone."""
    assert is_layer(word) is is_one


def test_a_network_is_tried_at_other_sizes_and_beside_its_siblings() -> None:
    """Each with the place where a figure was found."""
    network = build_network(zoo_program("resnet50"))
    asked: list[tuple[int, ...]] = []

    def rebuild(shape: tuple[int, ...]) -> object:
        asked.append(shape)
        return build_network(zoo_program("resnet50"), Choices("@64"))

    found = [place for place, _ in others_of(network, rebuild, "64, 96x128", False)]  # type: ignore[arg-type]  # as it is called
    assert found == [Place("resnet50", "64x64"), Place("resnet50", "96x128")]
    assert asked == [(1, 3, 64, 64), (1, 3, 96, 128)]
    assert [place for place, _ in others_of(network, not_rebuilt, "", True)] == [Place("resnet50-v1")]
