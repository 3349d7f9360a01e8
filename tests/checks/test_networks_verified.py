"""The execution of networks can fail: each kind of wrong answer is noticed."""

from __future__ import annotations

from typing import Any

import pytest

from convcost.answers.check import NetworkVerified
from convcost.answers.network import NetworkAnswer, answer_network, not_rebuilt
from convcost.checks import limits
from convcost.checks.broken_rules import BROKEN_RULES
from convcost.checks.networks import verify_network
from convcost.checks.selftest import broken
from convcost.graph.ops import Conv, Counted, Node
from convcost.graph.shapes import infer_shapes
from convcost.networks.build import Choices, Network, build_network
from convcost.networks.program import read_program
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


def test_layers_above_the_limit_are_executed_smaller_and_said_to_be() -> None:
    """With the shape that they took; none passes a limit of 0, and nothing of the products was at full size."""
    found = verified(answered(), limit=0)
    assert (found.status, found.macs_share) == ("reduced", 0.0)
    assert {layer.status for layer in found.layers} == {"reduced"}
    assert all(
        isinstance(layer.size, dict) and all(check.ok for check in layer.checks.values()) for layer in found.layers
    )
    few = verified(answered(), limit=3_000_000)
    assert {layer.status for layer in few.layers} == {"verified", "reduced"}
    assert few.status == "reduced"


def test_the_share_of_the_products_at_full_size_is_that_of_the_layers() -> None:
    """Every layer of a kind counts: 7x7 of 512 channels has all but 0.6 % of two layers' products."""
    program = read_program("input 3 @224\nstandard 64 k7 s2\nstandard 512 k7\n")
    answer = answer_network(build_network(program))
    found = verify_network(answer, lambda shape: build_network(program, Choices(reduced=shape)))
    assert (found.status, [layer.status for layer in found.layers]) == ("reduced", ["verified", "reduced"])
    macs = [layer.words["macs"] for layer in answer.layers]
    assert found.macs_share == macs[0] / sum(macs) == pytest.approx(0.00583, abs=1e-4)


def test_a_reduced_layer_is_wrong_where_its_rule_is() -> None:
    """It is executed against an analysis of its own."""
    (rule,) = [rule for rule in BROKEN_RULES if rule.name == "macs: groups forgotten"]
    with broken(rule):
        found = verified(answered(), limit=0)
    assert found.status == "mismatch"
    assert "mismatch" in {layer.status for layer in found.layers}


def test_without_memory_a_layer_is_executed_smaller(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which is no reason to leave it out."""
    monkeypatch.setattr(limits, "free_memory", lambda: 1 << 20)
    program = read_program("input 3 @1024\nstandard 32 k3\n")
    found = verify_network(answer_network(build_network(program)), not_rebuilt)
    assert [layer.status for layer in found.layers] == ["reduced"]


@pytest.mark.parametrize("word", ["receptive_field", "op_receptive_field", "mixes"])
def test_what_is_seen_of_the_input_is_executed(word: str) -> None:
    """In every layer; a wrong one is shown by its name."""
    answer = answered()
    wrong = answer.layers[3]._replace(
        words={**answer.layers[3].words, word: ["channels"] if word == "mixes" else (9, 9)}
    )
    assert type(answer.network.graph.nodes[3].op) is Conv
    found = verified(answer._replace(layers=(*answer.layers[:3], wrong, *answer.layers[4:])))
    assert [name for name, check in found.seen.items() if not check.ok] == [word]
    assert isinstance(found.seen[word].expected, dict)
    assert [*found.seen[word].expected] == [wrong.name]
    assert found.status == "mismatch"


def test_a_wrong_field_of_the_whole_is_noticed() -> None:
    """One that is negative, too."""
    answer = answered()
    found = verified(answer._replace(total={**answer.total, "receptive_field": (-44, -44)}))
    assert found.seen["receptive_field"][:3] == ((-44, -44), answer.total["receptive_field"], False)


def test_what_was_not_executed_makes_the_whole_partial() -> None:
    """A wiring that is too large at its only size; an operation that is counted by its definition."""
    program = read_program("input 3 @2048\nstandard 64 k3\nstandard 64 k3\n")
    found = verify_network(answer_network(build_network(program)), not_rebuilt)
    assert (found.wiring.status, found.status) == ("skipped", "partial")
    node = Node("softmax", Counted("softmax", (1, 8, 16, 16), elementwise=9, in_place=True), (1,))
    small = build_network(read_program("input 3 @16\nstandard 8 k3\n"))
    graph = small.graph._replace(nodes=(*small.graph.nodes, node))
    counted = answer_network(small._replace(graph=graph, shapes=infer_shapes(graph)))
    assert verify_network(counted, not_rebuilt).status == "partial"


def test_no_inplace_is_executed_as_it_is_analysed() -> None:
    """Elementwise operations with tensors of their own."""
    answer = answer_network(build_network(PROGRAM), inplace=False)
    assert answer.total["activation_bytes"] > answered().total["activation_bytes"]
    assert verified(answer, inplace=False).status == "verified"


def test_each_kind_of_layer_has_a_smaller_one() -> None:
    """At most 48 channels, two images and two heads; as many positions as there are, up to 48."""
    text = "input 60 @9x7 n3\nlinear 100 each bias\nlinear 600 each\nattend 5\nlinear 20 each\nflatten\nlinear 7"
    answer = answer_network(build_network(read_program(text)))
    found = verify_network(answer, not_rebuilt, limit=0)
    assert [layer.size for layer in found.layers] == [
        {"input": shape} for shape in [(2, 48, 9, 7), (2, 48, 9, 7), (2, 240, 9, 7), (2, 48, 9, 7), (2, 48)]
    ]
    assert {layer.status for layer in found.layers} == {"reduced"}
    wide = answer_network(build_network(read_program("input 8 @90x20\nlinear 9 each\nlinear 24 each\nattend 2")))
    sizes = [layer.size for layer in verify_network(wide, not_rebuilt, limit=0).layers]
    assert sizes == [{"input": (1, 8, 48, 20)}, {"input": (1, 9, 48, 20)}, {"input": (1, 24, 48, 20)}]
