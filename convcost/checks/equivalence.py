"""What each variant is said to compute, after the papers: its stages, its shortcut, what binds its dense kernel."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..analysis.cost import macs
from ..execute.ones.lines import reach
from ..execute.values.equivalent import Chain, Equivalent, compare_composed, compare_dense, drawn_chain
from ..execute.values.kernels import Stage, kernel_of_factors, rank_by_axis
from ..execute.values.linear import integer_weights, is_linear, without_activations
from ..graph.ops import Add, Conv, Graph, Ints, Multiply
from ..graph.shapes import infer_shapes
from ..spec.layer import LayerSpec
from ..variants.factors import letter_sizes
from ..variants.reduced import reduce_spec
from ..variants.registry import AS_GIVEN, Built, DoesNotApply, build_variant, formula_of
from .stages import INPUT, STATED, Convolution, Parts, Step

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Numbers of one value, and products of any part of the work, beyond which nothing is executed: a few seconds.
MOST_NUMBERS, MOST_PRODUCTS = 1 << 24, 1 << 30

#: What the dense kernel of each variant obeys, in words.
CONSTRAINTS = {
    AS_GIVEN: "zero between channels of different groups: block-diagonal",
    "standard": "none: it is the dense kernel",
    "spatially-separable": "as a matrix (out x kH) by (in x kW) its rank is at most the middle channels",
    "spatially-separable-reversed": "as a matrix (out x kW) by (in x kH) its rank is at most the middle channels",
    "depthwise-separable": "K[o,i] = sum over j of P[o,i*m+j] D[i*m+j]: the outputs share m kernels an input channel",
    "grouped": "zero between channels of different groups: block-diagonal",
    "bottleneck": "at every tap the out x in matrix is a product through the middle channels",
    "basic-block": "the composition of two kernels, and the shortcut at the tap padding-before",
    "residual-bottleneck": "a bottleneck's, and the shortcut at the tap padding-before",
    "inverted-residual": "K[o,i] = sum over h of P[o,h] D[h] E[h,i], and the shortcut at the tap padding-before",
    "depthwise": "zero between channels: a diagonal",
    "blueprint-separable": "K[o,i] = D[o] P[o,i]: an output has one spatial kernel for all inputs",
    "ghost": "half of the outputs are free, each of the others is one of them behind a 3x3 of its own",
    "low-rank": "as a matrix out by (in x taps) its rank is at most the middle channels",
    "low-rank-reversed": "as a matrix (out x taps) by in its rank is at most the middle channels",
    "2plus1d": "as a matrix (out x time) by (in x space) its rank is at most the middle planes",
    "tcn": "the composition of two kernels that see nothing later, and the shortcut at the last tap",
    "mbconv": "K[o,i] = sum over h of P[o,h] D[h] E[h,i], the gate at 1, and the shortcut at the tap padding-before",
    "fused-mbconv": "K[o,i] = sum over h of P[o,h] E[h,i], and the shortcut at the tap padding-before",
    "pointwise": "zero but at one tap",
}


class Equivalence(NamedTuple):
    """What was shown of one variant; `free` parameters against `dense` ones of the kernel, biases in neither.

    `where` it holds: "everywhere", or "interior" where padding between stages makes the border differ. `rank` is the
    executed kernel's by its last axis, `rank_bound` what it may be. `transposed`: the one convolution is over the input
    with zeros between its positions, its kernel the dense transposed one turned round. `nonlinear`: the variant has
    activations, without which it was executed, and what is shown is how its convolutions are wired. `gated`: it has a
    gate, which was held at 1.
    """

    same: bool
    where: str
    compared: int
    positions: int
    taps: Ints
    free: int
    dense: int
    constraint: str
    rank: int | None = None
    rank_bound: int | None = None
    transposed: bool = False
    nonlinear: bool = False
    gated: bool = False


def show_equivalence(name: str, spec: LayerSpec) -> Equivalence | str:
    """Execute variant `name` of `spec`, reduced, beside one dense convolution; a reason where there is none.

    >>> found = show_equivalence("depthwise-separable", LayerSpec(8, 16, (3, 3), (9, 9), padding=((1, 1), (1, 1))))
    >>> found.same, found.where, found.free, found.dense
    (True, 'everywhere', 200, 1152)
    """
    full, small = build_variant(name, spec).graph, with_interior(spec)
    try:
        built = build_variant(name, small)
    except DoesNotApply as why:
        return f"reduced, {why}"
    graph = built.graph
    ungated = without_gates(graph)
    linear = without_activations(ungated)
    if not is_linear(linear) or not any(isinstance(node.op, Conv) for node in linear.nodes):
        return "has an operation of which no chain is a convolution"
    chain = chain_of(name, small, linear)
    if not _is_composed(linear):
        return "too large an input would be needed"
    try:
        found = compare_composed(linear) if chain is None else compare_dense(linear, chain)
    except ValueError as why:  # stages of other channels, names or axes than the graph's
        return Equivalence(False, "nowhere", 0, 0, spec.kernel_size, 0, 0, f"the stages stated do not fit: {why}")
    if found is None:
        return "a transposed convolution, or branches of different strides: no one convolution"
    shown = describe(name, full, found, linear)._replace(nonlinear=linear != ungated, gated=ungated != graph)
    return shown._replace(same=shown.same and obeys_formula(name, small, built, found.kernel))


def obeys_formula(name: str, spec: LayerSpec, built: Built, kernel: NDArray[Any]) -> bool:
    """Is the kernel, dilation written out, what the variant's formula makes of the same integer weights?

    What no formula speaks of, it does not contradict: a variant without one, norms, shortcuts, transposed layers.
    """
    formula = formula_of(name, spec, built.settings)
    if formula is None or spec.norm or any(type(node.op) is Add for node in built.graph.nodes):
        return True
    parts, made = formula
    weights = integer_weights(without_activations(built.graph))
    ours = [weights[node.name].kernel for node in built.graph.nodes if isinstance(node.op, Conv)]
    factors = [np.moveaxis(one, (-1, -2), (1, 2)).reshape(-1, one.shape[-2], *one.shape[1:-2]) for one in ours]
    try:
        dense = kernel_of_factors(parts, made, letter_sizes(spec, built.settings), factors)
    except ValueError:  # parts of other sizes than the convolutions'
        return False
    spread = np.zeros_like(kernel)
    spread[:, :, *[slice(None, None, d) for d in spec.dilation]] = dense
    return bool(np.array_equal(spread, kernel))


def without_gates(graph: Graph) -> Graph:
    """The graph with every gate held at 1: a product is its first input, and what made its second is gone.

    >>> from convcost.graph.ops import Activation, Node
    >>> nodes = (Node("gate", Activation("sigmoid"), (0,)), Node("product", Multiply(), (0, 1)),
    ...          Node("relu", Activation("relu"), (2,)))
    >>> [(node.name, node.inputs) for node in without_gates(Graph((1, 2, 3), "fp32", nodes)).nodes]
    [('relu', (0,))]
    """
    shown = [0]
    for number, node in enumerate(graph.nodes, 1):
        shown.append(shown[node.inputs[0]] if type(node.op) is Multiply else number)
    needed, wanted = {0}, [shown[-1]]
    while wanted:
        value = wanted.pop()
        if value not in needed:
            needed.add(value)
            wanted += [shown[given] for given in graph.nodes[value - 1].inputs]
    numbers = {value: number for number, value in enumerate(sorted(needed))}
    kept = [graph.nodes[value - 1] for value in sorted(needed - {0})]
    nodes = [node._replace(inputs=tuple([numbers[shown[given]] for given in node.inputs])) for node in kept]
    return graph._replace(nodes=tuple(nodes))


def describe(name: str, full: Graph, found: Equivalent, graph: Graph) -> Equivalence:
    """What was found at a reduced size, with the parameters of the full one."""
    last = [node.op for node in full.nodes if isinstance(node.op, Conv)]
    free = sum([op.out_channels * (op.in_channels // op.groups) * prod(op.kernel_size) for op in last])
    outputs = next(node.op.out_channels for node in reversed(full.nodes) if isinstance(node.op, Conv))
    rank = bound = None
    if name == "spatially-separable" and not any(len(node.inputs) > 1 for node in graph.nodes):
        rank, bound = rank_by_axis(found.kernel), _middle(graph)
    return Equivalence(
        found.same and (rank is None or bound is None or rank <= bound), *found[1:5], free,
        outputs * full.input_shape[1] * found.support, CONSTRAINTS.get(name, "as its graph is drawn"), rank, bound,
        last[0].transposed,
    )  # fmt: skip


def _middle(graph: Graph) -> int:
    first = graph.nodes[0].op
    return first.out_channels if isinstance(first, Conv) else 0


def _is_composed(graph: Graph) -> bool:
    """Is there little enough to execute, to compose kernels of, and to multiply with the dense one?"""
    shapes = infer_shapes(graph)
    convs = [(node.op, shapes[node.inputs[0]], out) for node, out in zip(graph.nodes, shapes[1:])
             if isinstance(node.op, Conv)]  # fmt: skip
    ops = [op for op, *_ in convs]
    if not ops:
        return True
    dense = _taps(ops) * prod(shapes[-1]) * graph.input_shape[1]
    composed = prod([_taps([op]) for op in ops]) * max([op.out_channels for op in ops]) ** 2
    most = max(composed, dense, sum([macs(op, given, out) for op, given, out in convs]))
    return max(map(prod, shapes)) <= MOST_NUMBERS and most <= MOST_PRODUCTS


def _taps(ops: list[Conv]) -> int:
    """Positions that the dense kernel of convolutions in a row spans."""
    return prod([reach(ops, axis)[0] for axis in range(len(ops[0].kernel_size))])


def with_interior(spec: LayerSpec) -> LayerSpec:
    """A reduced spec, on an input that has an interior even for two of its kernels in a row, strides kept in step."""
    spec = reduce_spec(spec)
    sizes = []
    pads = [(0, 0)] * spec.axes if isinstance(spec.padding, str) else spec.padding
    for n, k, s, d, pair in zip(spec.input_size, spec.kernel_size, spec.stride, spec.dilation, pads):
        more = 3 * (k - 1) * d * (s + 1) + 2 * max(pair) + 3 * s
        sizes.append(n + -(-more // s) * s)
    return spec._replace(input_size=tuple(sizes), batch=1)


def chain_of(name: str, spec: LayerSpec, graph: Graph) -> Chain | None:
    """The chain that a variant is stated to be; where nobody has stated it, the one that its graph draws, if any."""
    return stated_chain(STATED[name](spec)) if name in STATED else drawn_chain(graph)


def stated_chain(parts: Parts) -> Chain | None:
    """Parts as stages of a chain with its shortcut, gates at 1; None where they are no convolutions in a row.

    >>> stated_chain(STATED["basic-block"](LayerSpec(4, 4, (3,), (9,), (1,), ((1, 1),), (1,)))).shortcut
    'identity'
    """
    stages, way, last = list[Stage](), None, INPUT
    for part, reads in _ungated(parts):
        if isinstance(part, Step):
            if type(part.op) is not Add or reads not in ((last, INPUT), (last, "projection")) or not stages:
                return None
            way, last = "identity" if reads[1] == INPUT else "projection", ""  # which nothing reads
        elif part.name == "projection" and reads == (INPUT,):
            continue
        elif reads == (last,):
            op, last = part.conv, part.name
            stages.append(Stage(part.name, op.stride, op.padding, op.dilation, op.transposed))
        else:
            return None
    return Chain(tuple(stages), way)


def _ungated(parts: Parts) -> list[tuple[Convolution | Step, tuple[str, ...]]]:
    """Parts and what each reads, without products of a gate, nor what only these read."""
    shown, reads, last = {INPUT: INPUT}, dict[str, tuple[str, ...]](), INPUT
    for part in parts:
        named = part.reads if isinstance(part, Step) else (part.reads,) if part.reads else ()
        reads[part.name] = tuple([shown[name] for name in named or (last,)])
        gate = isinstance(part, Step) and type(part.op) is Multiply
        shown[part.name], last = reads[part.name][0] if gate else part.name, part.name
    needed, wanted = set[str](), [shown[last]]
    while wanted:
        name = wanted.pop()
        needed.add(name)
        wanted += reads.get(name, ())
    return [(part, reads[part.name]) for part in parts if part.name in needed]
