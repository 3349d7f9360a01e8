"""Everything that is answered about a network: totals, layers, kinds of operation, the peak, training."""

from collections.abc import Callable, Iterable, Sequence
from math import prod
from typing import Any, TypeVar

from ..analysis import analyze, words
from ..analysis.analyze import Analysis
from ..analysis.memory import Step
from ..analysis.reach import Field, network_fields
from ..analysis.training import Training, training_memory
from ..graph import ops
from ..graph.dtypes import bits_of, tensor_bytes, value_types
from ..networks.build import UNPLACED, Choices, Network, build_network
from ..networks.lines import Program
from ..spec.errors import SpecError
from ..spec.records import NamedTuple
from .check import NetworkVerified
from .comparison import kind_of

#: Words of which a layer's share in the total is given.
SHARES = ("params", "macs", "elementwise", "activation_bytes", "traffic_bytes")

#: Words that are summed over the operations of one kind.
ADDITIVE = (
    "params",
    "macs",
    "effective_macs",
    "flops",
    "elementwise",
    "conv_activations",
    "weight_bytes",
    "activation_bytes",
    "traffic_bytes",
)


#: Words that are not known where what an operation does is not.
COUNTED = {
    "macs",
    "effective_macs",
    "flops",
    "elementwise",
    "conv_activations",
    "arithmetic_intensity",
    "mixes",
    "elementwise_by",
}

#: What the elementwise operations of each kind are for; what moves numbers has none. `Counted` ones name themselves.
CAUSES: dict[type, str] = {
    ops.Conv: "bias",
    ops.Linear: "bias",
    ops.BatchNorm: "norm",
    ops.LayerNorm: "norm",
    ops.Activation: "activation",
    ops.Pool: "pool",
    ops.AdaptivePool: "pool",
    ops.Add: "add",
    ops.Multiply: "multiply",
    ops.Scale: "scale",
    ops.Upsample: "upsample",
    ops.Attention: "attention",
    ops.Tokens: "tokens",
    ops.Norm: "norm",
    **dict.fromkeys((ops.Concat, ops.Split, ops.Shuffle, ops.Flatten, ops.PixelShuffle, ops.Pad), "move"),
    ops.Counted: "",
}
if {*CAUSES} != {*ops.Op.__args__}:
    raise AssertionError("operations without a cause of their elementwise work")

#: Fields of operations that an answer repeats, so that a script can count again; null where there is none.
FIELDS = ("kernel_size", "stride", "padding", "dilation", "groups", "bias", "transposed", "activation")


class LayerAnswer(NamedTuple):
    """One operation: the name of its line and its own in it, its kind, its words, its shares in the total.

    Beside the words of an analysis there are `op_receptive_field`, of it alone, where `receptive_field` is that from
    the network's input on, and `elementwise_by`, by cause. `fields`: the shapes of its `inputs`, and its own fields.
    """

    name: str
    kind: str
    words: dict[str, Any]
    share: dict[str, Any]
    fields: dict[str, Any]


class KindAnswer(NamedTuple):
    """All operations of one kind: their number, the sums of the additive words, their shares."""

    kind: str
    number: int
    words: dict[str, Any]
    share: dict[str, Any]


class Alive(NamedTuple):
    """A tensor in memory: the operation that made it, its shape, its bytes."""

    name: str
    shape: ops.Shape
    bytes: int


class Peak(NamedTuple):
    """The step, counted from 1, at which most activation memory is alive, the operation, and what is alive there."""

    bytes: int
    step: int
    layer: str
    alive: tuple[Alive, ...]


class NetworkAnswer(NamedTuple):
    """A network and everything known about it; `timeline` is what is alive at each step."""

    network: Network
    total: dict[str, Any]
    layers: tuple[LayerAnswer, ...]
    kinds: tuple[KindAnswer, ...]
    peak: Peak
    training: Training
    timeline: tuple[Step, ...]
    verified: NetworkVerified | None = None


_Part = TypeVar("_Part", LayerAnswer, KindAnswer)

#: The same network for an input of another shape, and what executes a network and judges it.
Rebuild = Callable[[ops.Shape], Network]
VerifyNetwork = Callable[[NetworkAnswer, Rebuild, bool], NetworkVerified]


def answer_program(
    program: Program, choices: Choices, inplace: bool = True, verify: VerifyNetwork | None = None
) -> NetworkAnswer:
    """The answer for the network that a file or the zoo describes.

    >>> from convcost.networks.program import read_program
    >>> program = read_program("input 3 @32\\nstandard 8 k3\\nglobal-average-pool\\nlinear 10")
    >>> answer_program(program, Choices("n2")).total["output_shape"]
    (2, 10, 1, 1)
    """

    def rebuild(shape: ops.Shape) -> Network:
        return build_network(program, choices._replace(reduced=shape))

    return answer_network(build_network(program, choices), inplace, verify, rebuild)


def not_rebuilt(shape: ops.Shape) -> Network:
    """A network whose shapes are in its file: there is no smaller copy of it."""
    raise SpecError(f"no network for an input of {shape}")


def answer_network(
    network: Network, inplace: bool = True, verify: VerifyNetwork | None = None, rebuild: Rebuild = not_rebuilt
) -> NetworkAnswer:
    """All the words for a network, its layers and its kinds of operation; `verify` executes it and judges.

    >>> from convcost.networks.program import read_program
    >>> answer = answer_network(build_network(read_program("input 3 @32\\nstandard 8 k3\\nrelu")))
    >>> answer.total["macs"], answer.peak.layer, [kind.kind for kind in answer.kinds]
    (221184, 'standard', ['conv', 'activation'])
    """
    graph, shapes = network.graph, network.shapes
    analysis = analyze(graph, inplace, shapes)
    seen = network_fields(graph, shapes)
    layers = answer_layers(graph, shapes, analysis, seen)
    by = summed([layer.words["elementwise_by"] for layer in layers])
    total = {**words(analysis), "receptive_field": seen[-1], "elementwise_by": by}
    training = training_memory(graph, shapes, analysis.cost.weight_bytes)
    peak = _peak(network, analysis)
    answer = NetworkAnswer(network, total, layers, _kinds(layers, total), peak, training, analysis.steps)
    answer = answer._replace(verified=verify(answer, rebuild, inplace)) if verify else answer
    answer = _unknown(answer)
    return _unplaced(answer) if any(kind.kind == UNPLACED for kind in answer.kinds) else answer


def _unknown(answer: NetworkAnswer) -> NetworkAnswer:
    """What is not known of an operation is null in its row; sums are of what is known."""
    nodes, peak = answer.network.graph.nodes, answer.peak
    blank = {number for number, node in enumerate(nodes, 1) if type(node.op) is ops.Counted and not node.op.sized}
    if not blank and all([type(node.op) is not ops.Counted or node.op.known for node in nodes]):
        return answer
    words = [
        _known(layer, node.op, node.inputs, number, blank)
        for number, (node, layer) in enumerate(zip(nodes, answer.layers), 1)
    ]
    total = {**answer.total, **{word: number or 0 for word, number in _sums(words).items()}}
    total["arithmetic_intensity"] = total["flops"] / total["traffic_bytes"] if total["traffic_bytes"] else None
    total["output_shape"] = None if len(nodes) in blank else total["output_shape"]
    layers = []
    for node, layer, known in zip(nodes, answer.layers, words):
        inputs = [None if value in blank else shape for value, shape in zip(node.inputs, layer.fields["inputs"])]
        share = {word: _quotient(known[word], total[word]) for word in SHARES}
        layers.append(layer._replace(words=known, share=share, fields={**layer.fields, "inputs": inputs}))
    there = zip(sorted(answer.timeline[peak.step - 1].alive), peak.alive)
    peak = peak._replace(alive=tuple([tensor for value, tensor in there if value not in blank]))
    return answer._replace(layers=tuple(layers), kinds=_kinds(tuple(layers), total), total=total, peak=peak)


def _known(
    layer: LayerAnswer, op: ops.Op, inputs: tuple[int, ...], number: int, blank: set[int]
) -> dict[str, Any]:  # fmt: skip
    """The words of operation `number`, null where they are not known: those of `blank` have no size."""
    lost = {"output_shape", "activation_bytes"} if number in blank else set()
    if blank & {number, *inputs}:
        lost |= {"peak_bytes", "traffic_bytes", "arithmetic_intensity"}
    if type(op) is ops.Counted and not op.known:
        lost |= COUNTED
    return {word: None if word in lost else value for word, value in layer.words.items()}


def _unplaced(answer: NetworkAnswer) -> NetworkAnswer:
    """Of layers whose place in the network is not known nothing is known but their params; not what comes out, either.

    The totals are of the others.
    """
    total = {**answer.total, "output_shape": None, "receptive_field": None}
    layers = tuple([_anywhere(layer) for layer in answer.layers])
    return answer._replace(total=total, layers=layers, kinds=tuple([_anywhere(kind) for kind in answer.kinds]))


def _anywhere(part: _Part) -> _Part:
    """A layer or a kind, with what holds wherever it stands."""
    if part.kind != UNPLACED:
        return part
    words = {word: value if word in ("params", "weight_bytes") else None for word, value in part.words.items()}
    share = {word: value if word == "params" else None for word, value in part.share.items()}
    return part._replace(words=words, share=share)


def answer_layers(
    graph: ops.Graph, shapes: list[ops.Shape], analysis: Analysis, seen: Sequence[Field] | None = None
) -> tuple[LayerAnswer, ...]:
    """Every operation with its words, its shares in the whole and its fields; `seen`: what each sees of the inputs.

    Behind a flatten there are no positions any more: null.
    """
    total = words(analysis)
    per = [(word, total[word]) for word in SHARES if total[word]]
    zero = dict.fromkeys(SHARES, 0.0)
    layers = []
    for op, node, out, field in zip(analysis.ops, graph.nodes, shapes[1:], seen or [None] * len(graph.nodes)):
        said = words(op)
        share = {**zero, **{word: said[word] / of for word, of in per}}
        spatial = len(out) > 2
        said["receptive_field"], own = field if spatial else None, said["receptive_field"] if spatial else None
        more = {"op_receptive_field": own, "elementwise_by": _by_cause(op.op, said["elementwise"])}
        fields = fields_of(op.op, [shapes[value] for value in node.inputs])
        layers.append(LayerAnswer(op.name, kind_of(op.op), {**said, **more}, share, fields))
    return tuple(layers)


def fields_of(op: ops.Op, inputs: list[ops.Shape]) -> dict[str, Any]:
    """What a script needs to count an operation again: the shapes of its inputs, and its fields.

    >>> found = fields_of(ops.Linear(6, 4, bias=True), [(1, 6)])
    >>> found["inputs"], found["bias"], found["groups"]
    ([(1, 6)], True, None)
    """
    own = {field: getattr(op, field, None) for field in FIELDS}
    return {"inputs": inputs, **own, "activation": op.kind if type(op) is ops.Activation else None}


def _by_cause(op: ops.Op, elementwise: int) -> dict[str, int]:
    named = type(op) in (ops.Counted, ops.Scale) or (type(op) is ops.Norm and op.kind == "softmax")
    cause = op.kind if named else CAUSES[type(op)]  # type: ignore[union-attr]  # both have one
    return {cause: elementwise} if elementwise else {}


def summed(parts: Iterable[dict[str, int]]) -> dict[str, int]:
    """Numbers by name, those of one name added.

    >>> summed([{"norm": 2}, {"add": 1, "norm": 3}])
    {'norm': 5, 'add': 1}
    """
    total: dict[str, int] = {}
    for part in parts:
        for name, number in part.items():
            total[name] = total.get(name, 0) + number
    return total


def _kinds(layers: tuple[LayerAnswer, ...], total: dict[str, Any]) -> tuple[KindAnswer, ...]:
    """The kinds in the order in which they first occur."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for layer in layers:
        groups.setdefault(layer.kind, []).append(layer.words)
    kinds = []
    for kind, members in groups.items():
        sums = _sums(members)
        share = {word: _quotient(sums[word], total[word]) for word in SHARES}
        kinds.append(KindAnswer(kind, len(members), sums, share))
    return tuple(kinds)


def _sums(parts: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """The additive words of several operations together, as far as they are known: null where none is."""
    known = {word: [part[word] for part in parts if part[word] is not None] for word in ADDITIVE}
    return {word: sum(numbers) if numbers else None for word, numbers in known.items()}


def _quotient(part: int | None, whole: int | None) -> float | None:
    return None if part is None else part / whole if whole else 0.0


def _peak(network: Network, analysis: Analysis) -> Peak:
    """The first step that reaches the peak."""
    index = next(i for i, op in enumerate(analysis.ops) if op.peak_bytes == analysis.peak_bytes)
    alive = [alive_tensor(network, value) for value in sorted(analysis.steps[index].alive)]
    return Peak(analysis.peak_bytes, index + 1, network.graph.nodes[index].name, tuple(alive))


def alive_tensor(network: Network, value: int) -> Alive:
    """A value as something that is in memory."""
    shape = network.shapes[value]
    name = network.graph.nodes[value - 1].name if value else "input"
    return Alive(name, shape, tensor_bytes(bits_of(value_types(network.graph)[value]), prod(shape)))
