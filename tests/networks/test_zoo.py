"""The built-in networks against PyTorch's own count of torchvision's models, and against what the papers print."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from tables import each

from convcost.answers.network import NetworkAnswer, answer_network
from convcost.answers.opening import zoo_answer
from convcost.checks.networks import verify_network
from convcost.checks.verifier import DEFAULT_LIMIT
from convcost.graph.ops import Attention, BatchNorm, Conv, Linear
from convcost.networks.build import Choices, build_network
from convcost.networks.zoo import find_program, zoo_name, zoo_names, zoo_program

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "networks.json").read_text())
NETWORKS = {name: facts for name, facts in GOLDEN.items() if zoo_name(name.partition(" --width ")[0])}

#: What papers print, and the figures in full behind them.
PRINTED = {
    ("mobilenet-v1", "", ""): (4_231_976, 568_740_352),
    ("mobilenet-v1", "0.75", ""): ("2.6", 325),
    ("mobilenet-v1", "0.5", ""): ("1.3", 149),
    ("mobilenet-v1", "0.25", ""): ("0.5", 41),
    ("mobilenet-v1", "", "@192"): ("4.2", 418),
    ("mobilenet-v1", "", "@160"): ("4.2", 290),
    ("mobilenet-v1", "", "@128"): ("4.2", 186),
    ("resnet50-v1", "", ""): (25_557_032, 3_857_973_248),
    ("resnet50", "", ""): (25_557_032, 4_089_184_256),
    ("resnet18", "", ""): (11_689_512, 1_814_073_344),
    ("resnet34", "", ""): (21_797_672, 3_663_761_408),
    ("mobilenet-v2", "", ""): (3_504_872, 300_774_272),
    ("vgg16", "", ""): (138_357_544, 15_470_264_320),
    ("squeezenet1.1", "", ""): (1_235_496, 349_151_936),
    ("alexnet-paper", "", ""): (60_965_224, 724_406_816),
    ("xception", "", ""): (22_855_952, 8_357_403_496),
}


def answered(name: str, width: str = "", tokens: str = "", norm: bool = True) -> NetworkAnswer:
    if (width, tokens, norm) == ("", "", True):
        return zoo_answer(name)
    return answer_network(build_network(zoo_program(name), Choices(tokens, width or None, norm)))


def layers_of(answer: NetworkAnswer) -> list[list[Any]]:
    """Convolutions and matrix products as the golden file has them."""
    found = []
    for node, layer in zip(answer.network.graph.nodes, answer.layers):
        if isinstance(node.op, Conv):
            weight = [node.op.out_channels, node.op.in_channels // node.op.groups, *node.op.kernel_size]
        elif isinstance(node.op, Linear):
            weight = [node.op.out_features, node.op.in_features]
        else:
            continue
        found.append([layer.kind, weight, list(layer.words["output_shape"]), layer.words["macs"]])
    return found


@each("name", NETWORKS)
def test_params_and_macs_equal_torchvisions(name: str) -> None:
    """To the last digit, in total and layer by layer; only a shortcut's projection may run at another time."""
    facts, (network, _, width) = NETWORKS[name], name.partition(" --width ")
    answer = answered(network, width)
    assert list(answer.network.graph.input_shape) == facts["input"]
    assert (answer.total["params"], answer.total["macs"]) == (facts["params"], facts["macs"])
    if "layers" not in facts:  # attention has products of its own
        return
    assert sorted(map(str, layers_of(answer))) == sorted(map(str, facts["layers"]))
    if network != "regnetx-400mf":
        assert layers_of(answer) == facts["layers"]


@each(("case", "figures"), PRINTED.items(), ids=lambda case: " ".join(map(str, case)))
def test_figures_equal_the_papers(case: tuple[str, str, str], figures: tuple[Any, Any]) -> None:
    """In full where the figure is known in full, else at the paper's precision."""
    total = answered(*case).total
    params, macs = figures
    if isinstance(params, int):
        assert (total["params"], total["macs"]) == (params, macs)
    else:
        assert f"{total['params'] / 1e6:.1f}" == params
        millions = total["macs"] / 1e6  # the paper rounds 290.6 down and the others to the nearest
        assert macs in (round(millions), int(millions))


#: EfficientNet's table 2: params and FLOPs (of which one is a MAC) in millions and thousand millions.
EFFICIENTNETS = {
    "b0": (5.3, 0.39), "b1": (7.8, 0.70), "b2": (9.2, 1.0), "b3": (12, 1.8), "b4": (19, 4.2), "b5": (30, 9.9),
    "b6": (43, 19), "b7": (66, 37),
}  # fmt: skip


@each("size", EFFICIENTNETS)
def test_efficientnets_come_near_their_papers_table(size: str) -> None:
    """Table 2 rounds to two digits: within 5 %."""
    total, (params, macs) = answered(f"efficientnet-{size}").total, EFFICIENTNETS[size]
    assert total["params"] == pytest.approx(params * 1e6, rel=0.05)
    assert total["macs"] == pytest.approx(macs * 1e9, rel=0.05)


@each(
    ("word", "name"),
    [
        ("UNet", "u-net"), ("efficientnet_b3", "efficientnet-b3"), ("LeNet5", "lenet-5"), ("resnet50", "resnet50"),
        ("VGG16", "vgg16"), ("mobilenetv2", "mobilenet-v2"), ("squeezenet1_1", "squeezenet1.1"),
    ],
)  # fmt: skip
def test_a_network_is_found_by_any_spelling(word: str, name: str) -> None:
    """Capitals, hyphens, underscores and dots aside; a file of that name goes first."""
    assert zoo_name(word) == name
    assert find_program(word).file == name
    assert zoo_name("resnet") is None


def test_names_of_one_file_are_different_networks() -> None:
    """With the multipliers and the input size of each; other multipliers may be asked for."""
    three, own = zoo_program("efficientnet-b3"), zoo_program("efficientnet-b0")
    assert (three.file, three.multipliers) == ("efficientnet-b3", {"width": "1.2", "depth": "1.4"})
    as_asked = build_network(own, Choices("@300", "1.2", depth="1.4"))
    assert as_asked.graph == build_network(three).graph


def test_deeper_resnets_round_to_the_papers_macs() -> None:
    """Table 1 prints 7.6 and 11.3 G."""
    macs = [answered(f"resnet{depth}-v1").total["macs"] for depth in (101, 152)]
    assert [f"{count / 1e9:.1f}" for count in macs] == ["7.6", "11.3"]


def test_shares_of_mobilenet_are_the_papers() -> None:
    """Table 2: where the multiply-adds and the parameters are, classifier's bias and BatchNorm apart."""
    answer = answered("mobilenet-v1", norm=False)
    macs, params = {"1x1": 0, "depthwise": 0, "3x3": 0, "linear": 0}, dict.fromkeys(["1x1", "depthwise", "linear"], 0)
    for node, layer in zip(answer.network.graph.nodes, answer.layers):
        if isinstance(node.op, Conv):
            kind = "depthwise" if node.op.groups > 1 else "1x1" if node.op.kernel_size == (1, 1) else "3x3"
        else:
            kind = "linear"
        macs[kind] += layer.words["macs"]
        params[kind] = params.get(kind, 0) + layer.words["params"]
    shares = {kind: round(100 * count / answer.total["macs"], 2) for kind, count in macs.items()}
    assert shares == {"1x1": 94.86, "depthwise": 3.06, "3x3": 1.91, "linear": 0.18}
    params["linear"] -= 1000
    assert sum(params.values()) == 4_209_088
    assert round(100 * params["1x1"] / 4_209_088, 2) == 74.59


@pytest.mark.parametrize("name", [name for name, facts in NETWORKS.items() if "saved_bytes_of_two" in facts])
def test_saved_activations_equal_what_autograd_keeps(name: str) -> None:
    """Measured by hooks on the saved tensors of torchvision's model, two images."""
    assert answered(name, tokens="n2").training.saved_activation_bytes == NETWORKS[name]["saved_bytes_of_two"]


@each("name", zoo_names())
def test_every_network_is_verified_and_names_its_source(name: str) -> None:
    """Every distinct layer executed, at full size up to the limit, the wiring at a reduced input; peak included.

    But of U-Net, which takes no input of fewer multiply-adds than are executed.
    """
    program = zoo_program(name)
    answer = zoo_answer(name)
    found = verify_network(answer, lambda shape: build_network(program, Choices(reduced=shape)))
    limit = max([layer.words["macs"] for layer in answer.layers])
    expected = ("verified" if limit <= DEFAULT_LIMIT else "reduced", "verified")
    assert (found.status, found.wiring.status) == (("partial", "skipped") if name == "u-net" else expected)
    assert {layer.status for layer in found.layers} <= {"verified", "reduced"}
    heads = sum(isinstance(node.op, Attention) for node in answer.network.graph.nodes)
    assert sum(len(layer.names) for layer in found.layers) == len(layers_of(answer)) + heads
    assert re.search(r"\b(19|20)\d\d\b", program.source)


@each("name", zoo_names())
def test_layers_add_up_and_names_are_unique(name: str) -> None:
    """Totals are the sums of the layers and of the kinds; the peak is the sum of what is alive there."""
    answer = answered(name)
    for word in ("params", "macs", "effective_macs", "elementwise", "activation_bytes", "traffic_bytes"):
        assert sum(layer.words[word] for layer in answer.layers) == answer.total[word]
        assert sum(kind.words[word] for kind in answer.kinds) == answer.total[word]
    assert sum(tensor.bytes for tensor in answer.peak.alive) == answer.peak.bytes == answer.total["peak_bytes"]
    names = [layer.name for layer in answer.layers]
    assert len(set(names)) == len(names)


def test_no_norm_leaves_batch_norm_out_and_nothing_else() -> None:
    """Same products, fewer parameters, in files with norm lines of their own too."""
    for name in ("resnet50", "densenet121", "convnext-tiny"):
        full, bare = answered(name), answered(name, norm=False)
        assert full.total["macs"] == bare.total["macs"]
        assert not any(isinstance(node.op, BatchNorm) for node in bare.network.graph.nodes)
        norms = sum(kind.words["params"] for kind in full.kinds if kind.kind == "batch-norm")
        assert full.total["params"] - bare.total["params"] == norms


def test_training_memory_is_named_piece_by_piece() -> None:
    """Adam keeps two copies of the weights, momentum one, plain SGD none."""
    training = answered("resnet50").training
    weights = 4 * 25_557_032
    assert training.weight_bytes == training.gradient_bytes == weights
    assert training.optimizer_state_bytes == {"sgd": 0, "momentum": weights, "adam": 2 * weights}
