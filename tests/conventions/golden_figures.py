"""The figures that tools printed, with the networks of ours that they are of."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from convcost.conventions.answer import conventions, groups_of
from convcost.conventions.facts import Group, facts_of
from convcost.conventions.operations import see
from convcost.conventions.registry import Convention, total
from convcost.graph.ops import Counted, Node
from convcost.networks.build import Choices, Network, build_network
from convcost.networks.program import read_program
from convcost.networks.single import read_single
from convcost.networks.zoo import FOLDER, zoo_program

GOLDEN = Path(__file__).parent.parent / "golden"
KNOWN: dict[str, Any] = json.loads((GOLDEN / "conventions.json").read_text())
PUBLISHED: dict[str, Any] = json.loads((GOLDEN / "published_figures.json").read_text())


class Case(NamedTuple):
    """A network, a layer or a form, and what each tool printed of it; None where a tool gives no total."""

    name: str
    figures: dict[str, int | None]


def keras_of(name: str) -> Network:
    """A network of ours as keras.applications has it: biases on ResNet-50's convolutions, a softmax behind the last."""
    text = (FOLDER / f"{name}.txt").read_text().replace("default norm relu\n", "default norm relu bias\n")
    network = build_network(read_program(text if name == "resnet50-v1" else (FOLDER / f"{name}.txt").read_text()))
    last, out = len(network.graph.nodes), network.shapes[-1]
    softmax = Node("softmax", Counted("softmax", out, elementwise=5 * out[1], in_place=True), (last,))
    graph = network.graph._replace(nodes=(*network.graph.nodes, softmax))
    return network._replace(graph=graph, shapes=[*network.shapes, out], facts=())


@cache
def network_of(case: str) -> Network:
    """The network that a case is of."""
    if case.startswith("keras "):
        return keras_of(case.removeprefix("keras "))
    if "\n" in case:
        return build_network(read_program(case))
    if "(" in case:
        return read_single(case)
    name, _, size = case.partition(" @")
    name, _, width = name.partition(" --width ")
    return build_network(zoo_program(name), Choices(f"@{size}", width or None))


def _figures(one: dict[str, Any]) -> dict[str, int | None]:
    """What was printed; PyTorch's own counter says twice the multiply-adds, but for those of fused attention."""
    twice = one["figures"].get("FlopCounterMode")
    return one["figures"] if twice is None else {**one["figures"], "multiply-adds": twice // 2}


def _layer(one: dict[str, Any]) -> Case:
    shape = one["input"]
    if one["module"].startswith("Conv"):
        return Case(f"{one['module']} @{'x'.join(map(str, shape[2:]))} n{shape[0]}", _figures(one))
    return Case(f"{one['module']} ({', '.join(map(str, shape))})", _figures(one))


CASES = [
    *[
        Case(f"{name} @{'x'.join(map(str, one['input'][2:]))}", _figures(one))
        for name, one in KNOWN["networks"].items()
    ],
    *map(_layer, KNOWN["layers"]),
    *[Case(one["network"], _figures(one)) for one in KNOWN["forms"]],
    *[Case(one["network"], {one["convention"]: one["figure"]}) for one in PUBLISHED["exact"]],
]

#: Conventions by the keys that figures have: the name, for the newest versions, or name and versions.
BY_KEY = {one.name: one for one in conventions()} | {f"{one.name} {one.versions}": one for one in conventions()}


@cache
def groups_in(case: str) -> list[Group]:
    """The operations of a case, in groups: a wrong rule is tried on all of them often."""
    network = network_of(case)
    seen = see(network.graph, network.shapes)
    return next(iter(groups_of(seen, facts_of(network, seen)).values()))


def value_of(convention: Convention, case: str) -> int | None:
    """What a convention says of a case."""
    return total(convention, groups_in(case)).value
