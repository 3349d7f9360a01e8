"""Answers with what their execution showed: the one way in which the command line and Python come by them."""

from __future__ import annotations

import pytest
from tables import each

from convcost.answers.network import NetworkAnswer, answer_network, answer_program, not_rebuilt
from convcost.checks.networks import NetworkVerifier
from convcost.cli.options import Execution
from convcost.graph.ops import Activation, BatchNorm, Counted, Flatten, Node, Norm, Op, Scale
from convcost.graph.shapes import infer_shapes
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


@each(
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


def test_at_the_peak_these_tensors_are_alive() -> None:
    """The first step that reaches it: its input, from the graph's own on, and its output, each with its bytes."""
    text = "input 3 @10x8 fp16\nstem: standard 6 k3 s2\nwide: pointwise 24\nlast: pointwise 24\nflatten"
    answer = answer_network(build_network(read_program(text)))
    one, two = ("wide", (1, 24, 5, 4), 960), ("last", (1, 24, 5, 4), 960)
    assert (answer.peak.bytes, answer.peak.step, answer.peak.layer) == (1920, 3, "last")
    assert [tuple(tensor) for tensor in answer.peak.alive] == [one, two]
    first = answer_network(build_network(read_program("input 3 @10x8\na: pointwise 3\nb: pointwise 3"))).peak
    assert (first.step, first.layer, [tuple(tensor) for tensor in first.alive]) == (
        1, "a", [("input", (1, 3, 10, 8), 960), ("a", (1, 3, 10, 8), 960)],
    )  # fmt: skip


def test_a_kind_has_its_number_its_sums_and_its_shares() -> None:
    """In the order in which they first come; what nothing has is a share of 0."""
    answer = answer_network(build_network(read_program("input 3 @4\nrelu\npointwise 6\nrelu\npointwise 2\nflatten")))
    assert [(kind.kind, kind.number, kind.words["params"], kind.words["macs"]) for kind in answer.kinds] == [
        ("activation", 2, 0, 0), ("conv", 2, 18 + 12, 16 * 30), ("flatten", 1, 0, 0),
    ]  # fmt: skip
    assert [kind.share["macs"] for kind in answer.kinds] == [0.0, 1.0, 0.0]
    assert [layer.share["macs"] for layer in answer.layers] == [0.0, 18 / 30, 0.0, 12 / 30, 0.0]
    assert [layer.share["elementwise"] for layer in answer.layers] == [48 / 144, 0.0, 96 / 144, 0.0, 0.0]
    nothing = answer_network(build_network(read_program("input 3 @4\nflatten")))
    assert {share for layer in (*nothing.layers, *nothing.kinds) for share in layer.share.values()} == {0.0}


def unknown(known: bool, sized: bool, params: int = 0) -> NetworkAnswer:
    """A convolution, an operation of which something is not known, and a convolution behind it."""
    plain = build_network(read_program("input 3 @4\na: pointwise 6\nb: pointwise 6"))
    op = Counted("mystery", (1, 6, 4, 4), params=params, known=known, sized=sized)
    (one, two), inside = plain.graph.nodes, Node("m", op, (1,))
    graph = plain.graph._replace(nodes=(one, inside, two._replace(inputs=(2,))))
    return answer_network(plain._replace(graph=graph, shapes=infer_shapes(graph)))


def test_of_an_operation_that_is_not_known_its_numbers_are_null() -> None:
    """Its size is; totals are of what is known."""
    answer = unknown(known=False, sized=True)
    words = answer.layers[1].words
    assert {word for word, value in words.items() if value is None} >= {"macs", "flops", "elementwise", "mixes"}
    assert (words["activation_bytes"], words["output_shape"], words["params"]) == (384, (1, 6, 4, 4), 0)
    assert words["peak_bytes"] is not None
    assert answer.total["macs"] == 16 * (18 + 36)
    assert answer.total["arithmetic_intensity"] == answer.total["flops"] / answer.total["traffic_bytes"]
    assert (answer.layers[1].share["macs"], answer.layers[0].share["macs"]) == (None, 18 / 54)
    assert answer.kinds[1].words["macs"] is None
    assert answer.layers[2].fields["inputs"] == [(1, 6, 4, 4)]


def test_of_an_operation_without_a_size_nothing_that_needs_it_is_known() -> None:
    """Nor of what reads it; its input's is."""
    answer = unknown(known=True, sized=False)
    lost = [{word for word, value in layer.words.items() if value is None} for layer in answer.layers]
    places = {"peak_bytes", "traffic_bytes", "arithmetic_intensity"}
    plain = {word for word, value in unknown(known=True, sized=True).layers[0].words.items() if value is None}
    assert lost[0] == plain
    assert lost[1] >= {*places, "output_shape", "activation_bytes"}
    assert {*places} <= lost[2]
    assert "output_shape" not in lost[2]
    assert [layer.fields["inputs"] for layer in answer.layers] == [[(1, 3, 4, 4)], [(1, 6, 4, 4)], [None]]
    assert answer.total["output_shape"] == (1, 6, 4, 4)
    assert answer.total["traffic_bytes"] == answer.layers[0].words["traffic_bytes"]
    assert "m" not in [tensor.name for tensor in answer.peak.alive]


def test_what_comes_out_is_not_known_where_the_last_has_no_size() -> None:
    """And a quotient of nothing is none."""
    plain = build_network(read_program("input 3 @4\nrelu"))
    last = Node("m", Counted("mystery", (1, 3, 4, 4), sized=False), (0,))
    graph = plain.graph._replace(nodes=(last,))
    answer = answer_network(plain._replace(graph=graph, shapes=infer_shapes(graph)))
    assert answer.total["output_shape"] is None
    assert answer.total["arithmetic_intensity"] is None
    assert answer.total["traffic_bytes"] == 0


@each(
    ("op", "cause"),
    [
        (Counted("erf", (1, 3, 2, 1), elementwise=6), ["erf"]), (Scale(3), ["scale"]),
        (Norm("softmax", 3), ["softmax"]),
        (Norm("rms-norm", 3), ["norm"]), (BatchNorm(3), ["norm"]),
        (Activation("relu"), ["activation"]), (Flatten(), []),
    ],
)  # fmt: skip
def test_the_cause_of_elementwise_work_is_what_it_is_for(op: Op, cause: list[str]) -> None:
    """A scale, a softmax and what a file has beside the primitives name themselves."""
    plain = build_network(read_program("input 3 @2x1\nrelu"))
    graph = plain.graph._replace(nodes=(Node("x", op, (0,)),))
    (layer,) = answer_network(plain._replace(graph=graph, shapes=infer_shapes(graph))).layers
    assert [*layer.words["elementwise_by"]] == cause
    assert sum(layer.words["elementwise_by"].values()) == layer.words["elementwise"]
    assert layer.fields["activation"] == ("relu" if type(op) is Activation else None)
