"""Executes a network: its distinct layers at full size or reduced, its wiring at a reduced input, what it sees."""

from collections.abc import Iterator
from math import prod
from typing import Any

from ..analysis import Analysis, analyze, words
from ..answers.check import Check, Executed, NetworkVerified, Verified
from ..answers.network import SHARES, LayerAnswer, NetworkAnswer, Rebuild, answer_layers, summed
from ..execute.ones.fields import heard_fields, measured_op_field
from ..execute.ones.measure import Measured, measure
from ..execute.ones.mixes import op_mixes
from ..graph.ops import AdaptivePool, Attention, Conv, Counted, Graph, Ints, Linear, Node, Norm, Op, Pool, Scale, Shape
from ..graph.shapes import output_shape
from ..networks.build import Network
from ..networks.convs import conv_spec
from ..spec.errors import SpecError
from ..variants.reduced import reduce_spec
from ..variants.registry import AS_GIVEN, DoesNotApply, build_variant
from .limits import MOST_NUMBERS, REDUCED_LIMIT, lacking_memory, padded_shape
from .verifier import DEFAULT_LIMIT, check, hold, judge, worst

#: What the execution of one layer settles.
LAYER_WORDS = ("output_shape", "params", "macs", "effective_macs", "flops", "elementwise")

#: Input sizes at which the wiring is tried, smallest first; unequal axes show what confuses them.
SIZES = (32, 48, 64, 96, 128, 160, 192, 224, 256, 320)

#: Multiply-adds a wiring is executed with at most; the sizes above stay far below.
WIRING_LIMIT = 40_000_000_000

#: Windows of pooling, which are executed one by one.
MOST_WINDOWS = 300_000

#: Features of a matrix product, and positions of an axis, that are enough where it is executed smaller.
ENOUGH = 48

#: Statuses from the best to the worst.
STATUSES = ("verified", "reduced", "partial", "mismatch")


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
    >>> found.status, [layer.names for layer in found.layers], found.wiring.size, found.macs_share
    ('verified', [('standard',), ('linear',)], {'input': (1, 3, 32, 36)}, 1.0)

    Layers above `limit` are executed smaller; `macs_share` is the share of the multiply-adds at full size.
    """
    layers = tuple(_distinct_layers(answer, limit))
    wiring, seen = _wiring(answer.network, rebuild, inplace, limit), _seen(answer)
    macs = {layer.name: layer.words["macs"] for layer in answer.layers}
    full = sum([macs[name] for layer in layers if layer.size == "full" for name in layer.names])
    share = full / answer.total["macs"] if answer.total["macs"] else None
    return NetworkVerified(_status(answer, layers, wiring, seen), layers, wiring, seen, share)


def _status(answer: NetworkAnswer, layers: tuple[Executed, ...], wiring: Verified, seen: dict[str, Check]) -> str:
    """The worst that applies; the wiring is always executed at a reduced input, which it says itself."""
    ran = [*[layer.status for layer in layers], wiring.status]
    if set(ran) <= {"skipped"}:
        return "skipped"
    if _by_definition(answer):
        ran.append("partial")
    ran.append(worst(seen.values()))  # receptive field and mixing
    return max(["partial" if status == "skipped" else status for status in ran], key=STATUSES.index)


def _by_definition(answer: NetworkAnswer) -> bool:
    """Is there an operation whose numbers are counted where it is defined, and not executed?"""
    ops = [node.op for node in answer.network.graph.nodes]
    return any([type(op) is Counted and bool(op.macs or op.elementwise or op.params) for op in ops])


def _distinct_layers(answer: NetworkAnswer, limit: int) -> Iterator[Executed]:
    graph, shapes = answer.network.graph, answer.network.shapes
    groups: dict[tuple[Op, Shape], list[int]] = {}
    for index, (_, op, inputs) in enumerate(graph.nodes):
        if type(op) in (Conv, Linear, Attention):
            groups.setdefault((op, shapes[inputs[0]]), []).append(index)
    for (op, given), members in groups.items():
        layers = [answer.layers[index] for index in members]
        yield _execute(layers, op, given, graph.dtype, limit)


def _execute(layers: list[LayerAnswer], op: Op, given: Shape, dtype: str, limit: int) -> Executed:
    """One distinct layer: at full size, where it is not too large, else smaller."""
    first, names = layers[0], tuple([layer.name for layer in layers])
    size = prod(padded_shape(op, given)) + prod(first.words["output_shape"])
    small = first.words["macs"] <= limit and size <= MOST_NUMBERS
    lack = lacking_memory(size + first.words["params"]) if small else None
    if small and lack is None:
        checks = _check_layer(first.words, op, given, dtype)
        return Executed(names, worst(checks.values()), checks, None, "full")
    reduced = _smaller_layer(op, given, dtype)
    if reduced is None or reduced[2].cost.macs > max(limit, REDUCED_LIMIT):
        return Executed(names, "skipped", {}, lack or "too large to execute, even reduced")
    op, given, analysis = reduced
    checks = _check_layer(words(analysis), op, given, dtype)
    return Executed(names, worst(checks.values(), reduced=True), checks, None, {"input": given})


def _check_layer(said: dict[str, Any], op: Op, given: Shape, dtype: str) -> dict[str, Check]:
    measured = measure(Graph(given, dtype, (Node("alone", op, (0,)),)))
    found = check(said, measured)
    return {word: found[word] for word in LAYER_WORDS}


def _smaller_layer(op: Op, given: Shape, dtype: str) -> tuple[Op, Shape, Analysis] | None:
    """A smaller layer of the same kind: the operation, the shape that it takes, and what an analysis says of it."""
    if type(op) is Conv:
        try:
            graph, _, shapes = build_variant(AS_GIVEN, reduce_spec(conv_spec(op, given, dtype)))
        except DoesNotApply:
            return None
        return graph.nodes[0].op, graph.input_shape, analyze(graph, True, shapes)
    if type(op) is Attention:
        features = min(op.channels // op.heads, ENOUGH)
        op = Attention(min(op.heads, 2), min(op.heads, 2) * features)
        shape: Shape = (min(given[0], 2), 3 * op.channels, *[min(n, ENOUGH) for n in given[2:]])
        return op, shape, analyze(Graph(shape, dtype, (Node("alone", op, (0,)),)))
    if type(op) is not Linear:
        raise TypeError(f"{type(op).__name__} is no layer")
    op = op._replace(in_features=min(op.in_features, ENOUGH), out_features=min(op.out_features, ENOUGH))
    shape = (min(given[0], 2), op.in_features, *[min(n, ENOUGH) for n in given[2:]])
    graph = Graph(shape, dtype, (Node("alone", op, (0,)),))
    return op, shape, analyze(graph, True, [shape, output_shape(op, [shape])])


def _wiring(network: Network, rebuild: Rebuild, inplace: bool, limit: int) -> Verified:
    """The whole network, executed at the smallest input that it takes: every word, shares and causes too."""
    given = network.graph.input_shape
    for size in dict.fromkeys([_smaller(given, size) for size in SIZES] + [given]):
        try:
            small = rebuild(size) if size != given else network
        except SpecError:  # too small for this network
            continue
        analysis = analyze(small.graph, inplace, small.shapes)
        if not _fits(small, analysis, limit):
            break
        found = judge(small.graph, analysis, inplace, {"input": size})
        more = _derived(small, analysis, found.measured) if found.measured else {}
        checks = {**found.checks, **more}
        return found._replace(checks=checks, status=worst(checks.values()))
    return Verified("skipped", None, {}, "too large to execute, even reduced")


def _derived(network: Network, analysis: Analysis, measured: Measured) -> dict[str, Check]:
    """Shares, and operations by their cause, formed again from what was measured."""
    graph = network.graph
    layers = answer_layers(graph, network.shapes, analysis)
    checks = {}
    for word in SHARES:
        whole = getattr(measured, word)
        again = [getattr(op, word) / whole if whole else 0.0 for op in measured.ops]
        pairs = [(layer.name, layer.share[word], share) for layer, share in zip(layers, again)]
        checks[f"share.{word}"] = hold(sum([layer.share[word] for layer in layers]), sum(again), pairs)
    split = [{_cause(node.op): op.elementwise} if op.elementwise else {} for node, op in zip(graph.nodes, measured.ops)]
    causes = [(layer.name, layer.words["elementwise_by"], each) for layer, each in zip(layers, split)]
    checks["elementwise_by"] = hold(summed([by for _, by, _ in causes]), summed(split), causes)
    return checks


def _cause(op: Op) -> str:
    """What an operation's elementwise work is for: its kind, where that is no norm and no bias of a product."""
    if type(op) is Counted:
        return op.kind
    kind = op.kind if isinstance(op, Norm | Scale) else type(op).__name__.lower()
    return "bias" if type(op) in (Conv, Linear) else next((word for word in ("norm", "pool") if word in kind), kind)


def _seen(answer: NetworkAnswer) -> dict[str, Check]:
    """Receptive fields, from the inputs on and of each operation alone, and what each mixes, by disturbing inputs."""
    graph, shapes, layers, total = answer.network.graph, answer.network.shapes, answer.layers, answer.total
    heard = _heard(graph, shapes, _largest(answer))
    named = [(layer.name, layer.words["receptive_field"], field) for layer, field in zip(layers, heard)
             if layer.words["receptive_field"] is not None]  # fmt: skip
    alone, mixed = [], []
    for layer, node in zip(layers, graph.nodes):
        field, known = layer.words["op_receptive_field"], op_mixes(node.op)
        if field is not None:
            alone.append((layer.name, field, measured_op_field(node.op, shapes[node.inputs[0]][2:])))
        if known is not None:
            mixed.append((layer.name, layer.words["mixes"], known))
    whole = [word for word in ("space", "channels") if any([word in known for *_, known in mixed])]
    complete = len(mixed) == len(layers)
    return {
        "receptive_field": _each(total["receptive_field"], heard[-1], named),
        "op_receptive_field": _each(None, None, alone),
        "mixes": _each(total["mixes"], whole, mixed) if complete else _each(None, None, mixed),
    }


def _each(expected: object, measured: object, layers: list[tuple[str, Any, Any]]) -> Check:
    """The whole, where it is known, and every layer; where only layers are, how many of them are as expected."""
    unheard = [name for name, _, field in layers if field is None] or (expected is not None and measured is None)
    known = [one for one in layers if one[2] is not None]
    if expected is None:
        expected, measured = len(known), len(known)
    found = hold(expected, expected if measured is None else measured, known)
    return found._replace(ok=None, measured=None) if found.ok and unheard else found


def _largest(answer: NetworkAnswer) -> int:
    fields = [answer.total["receptive_field"], *[layer.words["receptive_field"] for layer in answer.layers]]
    axes = [axes for field in fields if field for axes in (field.values() if isinstance(field, dict) else [field])]
    return max([abs(n) for field in axes for n in field], default=0)


def _heard(graph: Graph, shapes: list[Shape], most: int) -> list[Any]:
    """What each operation hears of the input, or of each of several by its name."""
    names = {0: "input", **{number: node.name for number, node in enumerate(graph.nodes, 1) if not node.inputs}}
    sizes = {number: shapes[number][2:] for number in names}
    by = {name: heard_fields(graph, sizes, number, most) for number, name in names.items()}
    if len(by) == 1:
        return by["input"]
    each = [{name: fields[index] for name, fields in by.items() if fields[index]} for index in range(len(graph.nodes))]
    return [fields or None for fields in each]


def _smaller(given: Shape, size: int) -> Shape:
    """At most that size on every axis, the later ones longer, and two images at most."""
    axes: Ints = tuple([min(n, size + size // 8 * number) for number, n in enumerate(given[2:])])
    return (min(given[0], 2), given[1], *axes) if len(given) > 1 else given  # a model's input may be one number


def _fits(network: Network, analysis: Analysis, limit: int) -> bool:
    """Few enough numbers at once, and few enough products in all."""
    graph, shapes = network.graph, network.shapes
    held = max([prod(shape) for shape in shapes]) * 4
    windows = [prod(shapes[i + 1][2:]) for i, node in enumerate(graph.nodes) if type(node.op) in (Pool, AdaptivePool)]
    if held > MOST_NUMBERS or sum(windows) > MOST_WINDOWS:
        return False
    cost = analysis.cost
    return cost.macs <= max(limit, WIRING_LIMIT) and cost.activation_bytes <= 4 * MOST_NUMBERS
