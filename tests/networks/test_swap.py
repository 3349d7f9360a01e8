"""Replacing layers: what is replaced, what stays and why, and that nothing else changes."""

from __future__ import annotations

import pytest

from convcost.answers.network import answer_network
from convcost.checks.networks import verify_network
from convcost.graph.ops import Conv
from convcost.networks.build import Choices, Network, build_network
from convcost.networks.program import read_program
from convcost.networks.swap import read_where, replacements, swap
from convcost.networks.zoo import FOLDER, zoo_program
from convcost.spec import SpecError

MOBILENET = (FOLDER / "mobilenet-v1.txt").read_text()


def network(text: str) -> Network:
    return build_network(read_program(text))


def test_totals_equal_those_of_the_network_written_by_hand() -> None:
    """MobileNet's paper: the same network with standard convolutions has 4867 M multiply-adds; swapped, it is MobileNet
    but for the first layer, which hand and swap replace alike. All words are the same, peak and traffic too."""
    standard = network(MOBILENET.replace("depthwise-separable", "standard"))
    assert answer_network(standard).total["macs"] == 4_867_293_184
    by_hand = network(MOBILENET.replace("standard 32", "depthwise-separable 32"))
    swapped = swap(standard, "depthwise-separable", read_where("k3", 2))
    assert answer_network(swapped.network).total == answer_network(by_hand).total
    assert (len(swapped.replaced), swapped.left) == (14, ())


@pytest.mark.parametrize("to", ["depthwise-separable", "spatially-separable", "bottleneck", "grouped"])
def test_a_stack_by_hand_equals_the_swap(to: str) -> None:
    """With bias and activation, and a stride."""
    head, middle, end = "input 16 @20x24\ndefault relu bias norm\n", "max-pool k2", "flatten\nlinear 10 bias"
    text = f"{head}standard 32 k3 s2\n{middle}\nstandard 64 k3\n{end}"
    first, second = (" g16", " g32") if to == "grouped" else ("", "")
    by_hand = network(f"{head}{to} 32 k3 s2{first}\n{middle}\n{to} 64 k3{second}\n{end}")
    swapped = swap(network(text), to, read_where("k3", 2)).network
    assert answer_network(swapped).total == answer_network(by_hand).total
    assert [node.op for node in swapped.graph.nodes] == [node.op for node in by_hand.graph.nodes]


@pytest.mark.parametrize("to", replacements())
@pytest.mark.parametrize("name", ["resnet18", "inception-v3", "densenet121", "shufflenet-v2"])
def test_every_replaced_layer_keeps_its_shapes(name: str, to: str) -> None:
    """All that is left of the old network finds what it found before."""
    before = build_network(zoo_program(name))
    after = swap(before, to, read_where("k3", 2))
    old = {node.name: before.shapes[i + 1] for i, node in enumerate(before.graph.nodes)}
    new = {node.name: after.network.shapes[i + 1] for i, node in enumerate(after.network.graph.nodes)}
    assert all(new[layer] == old[layer] for layer in old.keys() & new.keys())
    assert after.network.shapes[-1] == before.shapes[-1]
    meant = [n.name for n in before.graph.nodes if isinstance(n.op, Conv) and n.op.kernel_size == (3, 3)]
    assert sorted([*after.replaced, *[layer.name for layer in after.left]]) == sorted(meant)


def test_layers_left_alone_say_why() -> None:
    """Grouped ones, unless they are asked for; and where the variant does not apply."""
    depthwise = build_network(zoo_program("mobilenet-v2"))
    left = swap(depthwise, "depthwise-separable", read_where("k3", 2)).left
    assert {layer.reason for layer in left} >= {"is grouped already (g32)", "is grouped already (g960)"}
    resnext = build_network(zoo_program("resnext50-32x4d"))
    assert len(swap(resnext, "standard", read_where("k3 g32", 2)).replaced) == 16
    (one,) = swap(network("input 3 @8\nstandard 5 k3"), "grouped", read_where("k3", 2)).left
    assert one.reason == "none of 32, 16, 8, 4, 2 groups divides 3 and 5"
    (same,) = swap(network("input 3 @8\nstandard 5 k3"), "standard", read_where("k3", 2)).left
    assert same.reason == "is standard already"


def test_layers_are_chosen_by_fields_and_by_name() -> None:
    """All of what is said must hold."""
    resnet = build_network(zoo_program("resnet50"))
    assert len(swap(resnet, "bottleneck", read_where("k3 s2", 2)).replaced) == 3
    assert len(swap(resnet, "bottleneck", read_where("k3 stage2.*", 2)).replaced) == 4
    assert len(swap(resnet, "bottleneck", read_where("64:64 k3", 2)).replaced) == 3
    with pytest.raises(SpecError, match="cannot be chosen by input_size"):
        read_where("k3 @56", 2)


def test_the_swapped_network_is_verified() -> None:
    """Executed, layer by layer and as a whole."""
    program, where = zoo_program("squeezenet1.1"), read_where("k3", 2)

    def rebuild(shape: tuple[int, ...]) -> Network:
        return swap(build_network(program, Choices(reduced=shape)), "depthwise-separable", where).network

    answer = answer_network(swap(build_network(program), "depthwise-separable", where).network)
    assert verify_network(answer, rebuild).status == "verified"
