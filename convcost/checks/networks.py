"""Executes a network's distinct layers at full size, and its wiring at a reduced one."""

from math import prod
from typing import Any

from ..analysis import analyze
from ..analysis import words as words_of
from ..answers.check import Check, Executed, NetworkVerified, Verified
from ..answers.network import NetworkAnswer, Rebuild
from ..execute.ones.measure import measure
from ..graph.ops import AdaptivePool, Conv, Graph, Ints, Linear, Node, Op, Pool, Shape
from ..networks.build import Network
from ..spec.errors import SpecError
from .limits import MOST_NUMBERS, lacking_memory, padded
from .verifier import DEFAULT_LIMIT, judge

#: What the execution of one layer settles.
LAYER_WORDS = ("output_shape", "params", "macs", "effective_macs")

#: Input sizes at which the wiring is tried, smallest first; unequal axes show what confuses them.
SIZES = (32, 48, 64, 96, 128, 160, 192, 224, 256, 320)

#: Multiply-adds a wiring is executed with at most; the sizes above stay far below.
WIRING_LIMIT = 40_000_000_000

#: Windows of pooling, which are executed one by one.
MOST_WINDOWS = 300_000


class NetworkVerifier:
    """Executes networks, of layers with up to `limit` multiply-adds: what `answer_network` takes as `verify`."""

    def __init__(self, limit: int = DEFAULT_LIMIT) -> None:
        self.limit = limit

    def __call__(self, answer: NetworkAnswer, rebuild: Rebuild, inplace: bool) -> NetworkVerified:
        return verify_network(answer, rebuild, inplace, self.limit)


def verify_network(
    answer: NetworkAnswer,
    rebuild: Rebuild,
    inplace: bool = True,
    limit: int = DEFAULT_LIMIT,
) -> NetworkVerified:
    """Hold an answer against an execution; `rebuild` makes the same network for another input.

    >>> from convcost.answers.network import answer_network
    >>> from convcost.networks.build import Choices, build_network
    >>> from convcost.networks.program import read_program
    >>> program = read_program("input 3 @64\\nstandard 8 k3\\nglobal-average-pool\\nlinear 10")
    >>> answer = answer_network(build_network(program))
    >>> found = verify_network(answer, lambda shape: build_network(program, Choices(reduced=shape)))
    >>> found.status, [layer.names for layer in found.layers], found.wiring.size
    ('verified', [('standard',), ('linear',)], {'input': (1, 3, 32, 36)})
    """
    layers = tuple(_distinct_layers(answer, limit))
    wiring = _wiring(answer.network, rebuild, inplace, limit)
    statuses = {wiring.status, *[layer.status for layer in layers]}
    status = "mismatch" if "mismatch" in statuses else "skipped" if statuses == {"skipped"} else "verified"
    return NetworkVerified(status, layers, wiring)


def _distinct_layers(answer: NetworkAnswer, limit: int) -> list[Executed]:
    graph, shapes = answer.network.graph, answer.network.shapes
    groups: dict[tuple[Op, Shape], list[int]] = {}
    for index, (_, op, inputs) in enumerate(graph.nodes):
        if type(op) is Conv or type(op) is Linear:
            groups.setdefault((op, shapes[inputs[0]]), []).append(index)
    return [_execute(answer, op, given, members, limit) for (op, given), members in groups.items()]


def _execute(answer: NetworkAnswer, op: Op, given: Shape, members: list[int], limit: int) -> Executed:
    first, names = answer.layers[members[0]], tuple([answer.layers[index].name for index in members])
    size = prod(padded(op, given)) + prod(first.words["output_shape"])
    if first.words["macs"] > limit or size > MOST_NUMBERS:
        return Executed(names, "skipped", {}, "too large to execute")
    lack = lacking_memory(size + first.words["params"])
    if lack:
        return Executed(names, "skipped", {}, lack)
    found = measure(Graph(given, answer.network.graph.dtype, (Node(first.name, op, (0,)),)))
    checks = {word: _check(first.words[word], getattr(found, word)) for word in LAYER_WORDS}
    status = "verified" if all([check.ok for check in checks.values()]) else "mismatch"
    return Executed(names, status, checks)


def _check(expected: Any, measured: Any) -> Check:
    return Check(expected, measured, expected == measured)


def _wiring(network: Network, rebuild: Rebuild, inplace: bool, limit: int) -> Verified:
    """The whole network, executed at the smallest input that it takes."""
    given = network.graph.input_shape
    for size in dict.fromkeys([_smaller(given, size) for size in SIZES] + [given]):
        try:
            small = rebuild(size) if size != given else network
        except SpecError:  # too small for this network
            continue
        if not _fits(small, limit):
            break
        analysis = analyze(small.graph, inplace, small.shapes)
        return judge(small.graph, analysis, inplace, {"input": size})
    return Verified("skipped", None, {}, "too large to execute, even reduced")


def _smaller(given: Shape, size: int) -> Shape:
    """At most that size on every axis, the later ones longer, and two images at most."""
    axes: Ints = tuple([min(n, size + size // 8 * number) for number, n in enumerate(given[2:])])
    return (min(given[0], 2), given[1], *axes) if len(given) > 1 else given  # a model's input may be one number


def _fits(network: Network, limit: int) -> bool:
    """Few enough numbers at once, and few enough products in all."""
    graph, shapes = network.graph, network.shapes
    held = max([prod(shape) for shape in shapes]) * 4
    windows = [prod(shapes[i + 1][2:]) for i, node in enumerate(graph.nodes) if type(node.op) in (Pool, AdaptivePool)]
    if held > MOST_NUMBERS or sum(windows) > MOST_WINDOWS:
        return False
    total = words_of(analyze(graph, True, shapes))
    return bool(total["macs"] <= max(limit, WIRING_LIMIT) and total["activation_bytes"] <= 4 * MOST_NUMBERS)
