"""The execution of networks can fail: each kind of wrong answer is noticed."""

from __future__ import annotations

from typing import Any

import pytest
from tables import each

from convcost.analysis import analyze
from convcost.answers.check import Check, NetworkVerified
from convcost.answers.network import NetworkAnswer, answer_network, not_rebuilt
from convcost.checks import limits, networks
from convcost.checks.broken_rules import BROKEN_RULES
from convcost.checks.networks import verify_network
from convcost.checks.selftest import broken
from convcost.graph.ops import Activation, Attention, Conv, Counted, Graph, Linear, Node, Norm, Op, Pool, Scale
from convcost.graph.shapes import infer_shapes
from convcost.networks.build import Choices, Network, build_network
from convcost.networks.program import read_program
from convcost.networks.zoo import zoo_program
from convcost.spec.errors import SpecError

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
        "last_uses: shortcut's input freed early", "overwritten: activation given its own tensor",
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


def network_of(text: str) -> Network:
    return build_network(read_program(text))


@each(
    ("shape", "tried"),
    [
        ((3, 8, 400, 400), [(2, 8, 32, 36), (2, 8, 48, 54), (2, 8, 64, 72), (2, 8, 96, 108), (2, 8, 128, 144),
                            (2, 8, 160, 180), (2, 8, 192, 216), (2, 8, 224, 252), (2, 8, 256, 288), (2, 8, 320, 360)]),
        ((1, 8, 50, 34), [(1, 8, 32, 34), (1, 8, 48, 34)]),
        ((1, 8, 33, 40, 41), [(1, 8, 32, 36, 40), (1, 8, 33, 40, 41)]),
        ((4, 9), [(2, 9)]),
    ],
)  # fmt: skip
def test_the_wiring_is_tried_at_inputs_that_grow(shape: tuple[int, ...], tried: list[tuple[int, ...]]) -> None:
    """Of two images, each axis an eighth longer than the one before it, no longer than it is; last at its own size."""
    network = network_of("input 8 @9\nrelu")
    wide = network._replace(graph=network.graph._replace(input_shape=shape), shapes=[shape, shape])
    asked: list[tuple[int, ...]] = []

    def refuse(size: tuple[int, ...]) -> Network:
        asked.append(size)
        raise SpecError("too small")

    found = networks._wiring(wide, refuse, True, 10**9)
    assert asked == [size for size in tried if size != shape]
    assert found.size == {"input": shape}


def test_an_input_of_one_number_stays_one_number() -> None:
    assert networks._smaller((7,), 32) == (7,)
    assert networks._smaller((7, 9), 32) == (2, 9)


POOLED = "input 2 @6x4\nmax-pool k2 s2\nadaptive-average-pool 2x1\nstandard 3 k1"


@pytest.mark.parametrize(
    ("name", "value", "fits"),
    [
        ("MOST_NUMBERS", 4 * 48, True), ("MOST_NUMBERS", 4 * 48 - 1, False),  # the input is the largest value
        ("MOST_WINDOWS", 6 + 2, True), ("MOST_WINDOWS", 6 + 2 - 1, False),
        ("WIRING_LIMIT", 12, True), ("WIRING_LIMIT", 11, False),
    ],
)  # fmt: skip
def test_a_wiring_fits_up_to_so_many_numbers_windows_and_products(
    name: str, value: int, fits: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four numbers of each of the largest value; a window for each position that a pool puts out."""
    network = network_of(POOLED)
    analysis = analyze(network.graph)
    monkeypatch.setattr(networks, name, value)
    assert networks._fits(network, analysis, 0) is fits
    assert networks._fits(network, analysis, 12) is (fits or name == "WIRING_LIMIT")


@pytest.mark.parametrize(("bytes", "fits"), [(4 * 192, True), (4 * 192 + 1, False)])
def test_a_wiring_fits_while_all_it_allocates_does(bytes: int, fits: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Four bytes of each number that may be held."""
    network = network_of(POOLED)
    analysis = analyze(network.graph)
    monkeypatch.setattr(networks, "MOST_NUMBERS", 192)
    large = analysis._replace(cost=analysis.cost._replace(activation_bytes=bytes))
    assert networks._fits(network, large, 10**9) is fits


@pytest.mark.parametrize(
    ("name", "value", "size"),
    [
        ("limit", 3 * 4 * 9 * 20, "full"), ("limit", 3 * 4 * 9 * 20 - 1, "reduced"),
        ("MOST_NUMBERS", 3 * 42 + 4 * 20, "full"), ("MOST_NUMBERS", 3 * 42 + 4 * 20 - 1, "reduced"),
    ],
)  # fmt: skip
def test_a_layer_is_executed_at_full_size_up_to_its_limits(
    name: str, value: int, size: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of multiply-adds, and of numbers held: 4 x 5 positions, 6 x 7 with the padding."""
    answer = answer_network(network_of("input 3 @4x5\nstandard 4 k3"))
    if name != "limit":
        monkeypatch.setattr(networks, name, value)
    (found,) = networks._distinct_layers(answer, value if name == "limit" else 10**9)
    assert (found.size if found.size == "full" else "reduced") == size


def test_a_layer_is_asked_for_the_memory_of_its_numbers_and_params(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is said of it is its reason where nothing smaller can be executed, either."""
    answer = answer_network(network_of("input 3 @4x5\nstandard 4 k3 bias"))
    asked: list[int] = []
    monkeypatch.setattr(networks, "lacking_memory", lambda numbers: asked.append(numbers) or "no memory")
    monkeypatch.setattr(networks, "_smaller_layer", lambda *_: None)
    (found,) = networks._distinct_layers(answer, 10**9)
    assert asked == [3 * 42 + 4 * 20 + 4 * 27 + 4]
    assert (found.status, found.reason) == ("skipped", "no memory")
    (found,) = networks._distinct_layers(answer, 0)
    assert (found.status, found.reason) == ("skipped", "too large to execute, even reduced")


@pytest.mark.parametrize(
    ("limit", "reduced", "status"), [(0, 2160, "reduced"), (0, 2159, "skipped"), (2159, 0, "skipped")]
)
def test_a_smaller_layer_is_executed_up_to_the_limit_of_reduced_ones(
    limit: int, reduced: int, status: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or up to that of full ones, whichever is more; this one is no smaller than it was."""
    monkeypatch.setattr(networks, "REDUCED_LIMIT", reduced)
    (found,) = networks._distinct_layers(answer_network(network_of("input 3 @4x5\nstandard 4 k3")), limit)
    assert found.status == status


def test_a_smaller_one_is_of_layers_alone() -> None:
    """Anything else has none to be executed for it."""
    with pytest.raises(TypeError, match="Activation is no layer"):
        networks._smaller_layer(Activation("relu"), (1, 3, 9), "fp32")


@each(
    ("op", "given", "smaller", "shape"),
    [
        (("linear", 100, 40), (3, 100, 90, 7), (48, 40), (2, 48, 48, 7)),
        (("attention", 3, 60), (3, 180, 90), (2, 40), (2, 120, 48)),
        (("attention", 4, 200), (1, 600, 9), (2, 96), (1, 288, 9)),
        (("attention", 1, 9), (1, 27, 9), (1, 9), (1, 27, 9)),
    ],
)
def test_a_smaller_layer_has_48_features_and_two_heads_at_most(
    op: tuple[str, int, int], given: tuple[int, ...], smaller: tuple[int, int], shape: tuple[int, ...]
) -> None:
    """Each head its features; what attention takes is three times as wide."""
    whole: Op = Linear(*op[1:]) if op[0] == "linear" else Attention(*op[1:])
    found = networks._smaller_layer(whole, given, "fp32")
    assert found is not None
    assert (tuple(found[0])[: len(smaller)], found[1]) == (smaller, shape)
    assert found[2].output_shape == (shape[0], smaller[1], *shape[2:])


@each(
    ("expected", "measured", "layers", "ok", "sides"),
    [
        (7, 7, [("a", 1, 1)], True, (7, 7)),
        (7, 8, [("a", 1, 1)], False, (7, 8)),
        (7, None, [("a", 1, 1)], None, (7, None)),  # of the whole nothing was heard
        (7, 7, [("a", 1, 1), ("b", 2, None)], None, (7, None)),  # nor of this one
        (7, None, [("a", 1, 2), ("b", 2, None)], False, ({"a": 1}, {"a": 2})),  # what was heard is wrong
        (None, None, [("a", 1, 1), ("b", 2, 2)], True, (2, 2)),  # as many as are known
        (None, None, [("a", 1, 1), ("b", 2, None)], None, (1, None)),
        (None, None, [], True, (0, 0)),
    ],
)
def test_what_was_heard_decides_and_what_was_not_leaves_it_open(
    expected: object, measured: object, layers: list[tuple[str, Any, Any]], ok: bool | None, sides: object
) -> None:
    """Of the whole and of every layer."""
    found = networks._each(expected, measured, layers)
    assert (found.ok, found[:2]) == (ok, sides)


@each(
    ("op", "cause"),
    [
        (Counted("erf", (1,)), "erf"), (Norm("rms-norm", 4), "norm"), (Norm("softmax", 4), "softmax"),
        (Scale(4), "scale"), (Scale(4, "prelu"), "prelu"), (Linear(2, 3, True), "bias"),
        (Activation("relu"), "activation"),
        (Pool("max", (2,), (2,), ((0, 0),)), "pool"), (Conv(2, 3, (1,), (1,), ((0, 0),), (1,)), "bias"),
    ],
)  # fmt: skip
def test_elementwise_work_is_for_what_the_operation_is(op: Op, cause: str) -> None:
    """A norm whatever its kind; of products their bias."""
    assert networks._cause(op) == cause


def test_shares_of_nothing_are_0() -> None:
    """Nothing is divided by the multiply-adds of a network that has none; nor is a share of these known."""
    network = network_of("input 3 @9x8\nrelu")
    answer = answer_network(network)
    found = verify_network(answer, not_rebuilt)
    assert found.macs_share is None
    assert found.wiring.checks["share.macs"][:3] == (0.0, 0.0, True)
    assert found.wiring.checks["elementwise_by"][:3] == ({"activation": 216}, {"activation": 216}, True)


@pytest.mark.parametrize(
    ("layers", "wiring", "counted", "seen", "status"),
    [
        ([], "skipped", False, True, "skipped"), (["skipped"], "skipped", True, True, "skipped"),
        ([], "verified", False, True, "verified"), (["verified"], "skipped", False, True, "partial"),
        (["verified", "reduced"], "reduced", False, True, "reduced"), (["reduced"], "verified", True, True, "partial"),
        (["verified", "skipped"], "verified", False, True, "partial"),
        (["verified"], "verified", False, None, "partial"),
        (["verified"], "verified", False, False, "mismatch"),
        (["mismatch", "skipped"], "verified", True, True, "mismatch"),
    ],
)  # fmt: skip
def test_the_status_of_a_network_is_the_worst_that_applies(
    layers: list[str], wiring: str, counted: bool, seen: bool | None, status: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of its layers, its wiring, what is counted by definition and what is seen; skipped where nothing ran."""
    from convcost.answers.check import Executed, Verified

    monkeypatch.setattr(networks, "_by_definition", lambda _: counted)
    executed = tuple([Executed(("a",), one, {}) for one in layers])
    checks = {"mixes": Check(7, 7, seen)}
    answer = answer_network(network_of("input 3 @9\nrelu"))
    assert networks._status(answer, executed, Verified(wiring, None, {}), checks) == status


@each(
    ("op", "counts"),
    [
        (Counted("a", (1, 8, 16, 16)), False), (Counted("a", (1, 8, 16, 16), macs=1), True),
        (Counted("a", (1, 8, 16, 16), elementwise=1), True), (Counted("a", (1, 8, 16, 16), params=1), True),
        (Activation("relu"), False),
    ],
)  # fmt: skip
def test_an_operation_with_any_number_by_its_definition_was_not_executed(op: Op, counts: bool) -> None:
    network = network_of("input 3 @16\nstandard 8 k3\n")
    graph = network.graph._replace(nodes=(*network.graph.nodes, Node("last", op, (1,))))
    answer = answer_network(network._replace(graph=graph, shapes=infer_shapes(graph)))
    assert networks._by_definition(answer) is counts


def test_the_largest_field_is_that_of_any_layer_or_of_the_whole() -> None:
    """Whatever its sign; of several inputs, of any."""
    answer = answer_network(network_of("input 3 @20x30\nstandard 8 k3x5\nstandard 8 k3 s2"))
    assert networks._largest(answer) == 7
    first = answer.layers[0]._replace(words={**answer.layers[0].words, "receptive_field": {"a": (1, -9), "b": (2, 2)}})
    assert networks._largest(answer._replace(layers=(first, answer.layers[1]))) == 9
    none = [layer._replace(words={**layer.words, "receptive_field": None}) for layer in answer.layers]
    empty = answer._replace(layers=tuple(none), total={**answer.total, "receptive_field": None})
    assert networks._largest(empty) == 0
    assert networks._largest(empty._replace(total={**answer.total, "receptive_field": (-11, 3)})) == 11


def test_of_several_inputs_each_is_heard_by_its_name() -> None:
    """A layer hears those that reach it."""
    conv = Conv(2, 2, (3,), (1,), ((1, 1),), (1,))
    constant = Counted("constant", (1, 2, 9), view=False)
    nodes = (Node("conv", conv, (0,)), Node("other", constant, ()), Node("wide", conv, (2,)), Node("last", conv, (3,)))
    graph = Graph((1, 2, 9), "fp32", nodes)
    heard = networks._heard(graph, [(1, 2, 9)] * 5, 9)
    assert heard == [{"input": (3,)}, {"other": (1,)}, {"other": (3,)}, {"other": (5,)}]
