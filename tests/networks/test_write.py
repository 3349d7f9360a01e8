"""The text of a network: every network of the zoo is read back as what it was."""

from __future__ import annotations

import pytest
from networks.test_written import ALONE
from tables import each

from convcost.graph.ops import Activation, Counted, Graph, Node, Norm, Op, Pad
from convcost.networks.build import Choices, Network, build_network
from convcost.networks.lines import is_line_name
from convcost.networks.program import read_program
from convcost.networks.write import network_text
from convcost.networks.zoo import zoo_names, zoo_program, zoo_text
from convcost.spec import SpecError


@each("name", zoo_names())
def test_a_network_of_the_zoo_is_read_back(name: str) -> None:
    """Graph, names and source, from the text written out and from the text of its file; at another input, too."""
    network = build_network(zoo_program(name))
    back = build_network(read_program(network_text(network), name))
    assert (back.graph, back.shapes, back.source) == (network.graph, network.shapes, network.source)
    assert build_network(read_program(zoo_text(name), name)).graph == network.graph
    half = build_network(zoo_program(name), Choices("n2 fp16"))
    assert build_network(read_program(network_text(half))).graph == half.graph


@each(
    "text",
    [
        "input 4 @16x12 n2 int8\nstandard 6 k3x5 s2x1 d1x2 p0-1x3 bias\nmax-pool k3 s2 p0-1x1 ceil",
        "input 4 @40 1d\nstandard 8 k3 mode=reflect\nadaptive-max-pool 5\nlinear 7 each",
        "input 4 @8x9x10\nstandard 8 k3 psame-upper s2\navg-pool k2x1x2 s1\nglobal-max-pool",
        "input 8 @9x8\ngrouped 4 k4 s2 p1 t g2 op1x0\na: depthwise k3 m3\nsplit 0 4 from a\nmultiply from a a",
        "input 8 @9\nprelu\ngroup-norm 4\ninstance-norm affine\nrms-norm\nsoftmax\nupsample 2 bilinear",
        "input 8 @9x12\npad p1-2x0 mode=reflect\ncrop p0-1x2\ninstance-norm\nmax-pool k3 s1 d2x1\npixel-shuffle 2",
        "input 8 @9\na: standard 8 k3\nstandard 8 k3 share a\nb: linear 8 each\nlinear 8 each share b",
        "input 8 @9\ntokens 2\nattention 4 bias\nlinear 24 each\nattend 2",
        "input 8 @9\nlayer-norm\nscale\nshuffle g4\nb: concat from in in\nadd from b b\nflatten\nlinear 3 bias\ngelu",
    ],
)
def test_every_form_is_read_back(text: str) -> None:
    """One, two and three axes; whatever an operation can have."""
    network = build_network(read_program(text))
    assert build_network(read_program(network_text(network))).graph == network.graph


def test_names_that_a_file_cannot_have_are_changed_and_stay_apart() -> None:
    """Those of modules and of ONNX nodes stay as they are."""
    network = build_network(read_program("input 3 @8\nrelu\nrelu\nrelu\nrelu\nrelu"))
    names = ["in", "0.weight conv", "0.weight_conv", "/layer1/0/conv1", "layer1.0.conv1"]
    nodes = tuple([node._replace(name=name) for node, name in zip(network.graph.nodes, names)])
    text = network_text(network._replace(graph=network.graph._replace(nodes=nodes)))
    written = [line.partition(":")[0] for line in text.splitlines()[1:]]
    assert written == ["in-2", "n0.weight_conv", "n0.weight_conv-2", "/layer1/0/conv1", "layer1.0.conv1"]
    assert all(map(is_line_name, written))


@each(
    ("op", "inputs", "reason"),
    [
        (Counted("concat", (1, 9, 8, 8), 64), (0,), "a constant of 64 numbers is in this concat"),
        (Counted("pad", (1, 8, 10, 10)), (0,), "how this pad is done is not kept, its cost alone"),
        (Counted("input", (7, 8)), (), "input reads no layer"),
        (Norm("group-norm", 8, 2, False), (0,), "a group-norm of a network file has params"),
        (Pad(((1, 1), (-1, -1))), (0,), "it pads and crops at once"),
    ],
)
def test_what_a_line_cannot_say_is_told(op: Op, inputs: tuple[int, ...], reason: str) -> None:
    """Where the word itself is one that a file has."""
    graph = Graph((1, 8, 8, 8), "fp32", (Node("odd", op, inputs),))
    with pytest.raises(SpecError) as caught:
        network_text(Network("own", "", graph, [(1, 8, 8, 8), (1, 8, 8, 8)]))
    assert f"odd: {reason}" in caught.value.message
    assert "has no word" not in caught.value.message


def test_what_has_no_word_is_told() -> None:
    """By name, with the kind of the operation; a view of everything as one axis is a flatten."""
    nodes = (Node("look", Counted("reshape", (1, 512), view=True), (0,)), Node("odd", Counted("erf", (1, 512)), (1,)))
    network = Network("own", "", Graph((1, 8, 8, 8), "fp32", nodes[:1]), [(1, 8, 8, 8), (1, 512)])
    assert network_text(network).splitlines()[1] == "look: flatten"
    with pytest.raises(SpecError, match="odd: a network file has no word for erf"):
        network_text(network._replace(graph=network.graph._replace(nodes=nodes), shapes=[*network.shapes, (1, 512)]))
    with pytest.raises(SpecError, match="its input has 2 axes"):
        network_text(Network("own", "", Graph((1, 8), "fp32", ()), [(1, 8)]))


@each("line", ALONE)
def test_every_operation_alone_is_read_back(line: str) -> None:
    """Its name, its inputs, and whatever it can have."""
    network = build_network(read_program(f"input 12 @8x6 n2\nodd.1: {line}"))
    assert build_network(read_program(network_text(network))).graph == network.graph


def test_the_last_hundred_characters_of_a_name_are_written() -> None:
    """And what they begin with has a letter in front where a name cannot begin so."""
    network = build_network(read_program("input 3 @8\nrelu\nrelu"))
    nodes = [node._replace(name="a" * 30 + letter + "b" * 99) for node, letter in zip(network.graph.nodes, "x-")]
    text = network_text(network._replace(graph=network.graph._replace(nodes=tuple(nodes))))
    written = [line.partition(":")[0] for line in text.splitlines()[1:]]
    assert written == ["x" + "b" * 99, "n-" + "b" * 99]


@each(
    ("shape", "line"),
    [
        ((1, 8, 9), "input 8 @9 1d"), ((2, 8, 9, 9), "input 8 @9 n2"), ((1, 8, 9, 7), "input 8 @9x7"),
        ((1, 8, 5, 9, 9), "input 8 @5x9x9 3d"), ((1, 8), None), ((1, 2, 3, 4, 5, 6), None),
    ],
)  # fmt: skip
def test_an_input_has_one_to_three_axes(shape: tuple[int, ...], line: str | None) -> None:
    network = Network("own", "", Graph(shape, "fp32", (Node("a", Activation("relu"), (0,)),)), [shape, shape])
    if line:
        assert network_text(network).splitlines()[0] == line
        return
    with pytest.raises(SpecError) as caught:
        network_text(network)
    assert caught.value.message == f"own: its input has {len(shape)} axes"


@each(
    ("given", "out", "view", "is_flatten"),
    [
        ([(2, 8, 3, 3)], (2, 72), True, True), ([(2, 8, 3, 3)], (2, 72), False, False),
        ([(2, 8, 3, 3)], (1, 144), True, False), ([(2, 8, 3, 3)], (2, 8, 9), True, False),
        ([(2, 8, 3, 3), (2,)], (2, 72), True, False),
    ],
)  # fmt: skip
def test_a_view_of_all_axes_but_the_batch_is_a_flatten(
    given: list[tuple[int, ...]], out: tuple[int, ...], view: bool, is_flatten: bool
) -> None:
    op = Counted("reshape", out, view=view)
    nodes = (Node("relu", Activation("relu"), (0,)), Node("odd", op, (1, 0)[: len(given)]))
    network = Network("own", "", Graph(given[0], "fp32", nodes), [given[-1], given[0], out])
    if is_flatten:
        assert network_text(network).splitlines()[-1] == "odd: flatten"
    else:
        with pytest.raises(SpecError, match="odd: a network file has no word for reshape"):
            network_text(network)
