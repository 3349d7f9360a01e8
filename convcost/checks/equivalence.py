"""What each variant is said to compute, after the papers: its stages, its shortcut, what binds its dense kernel."""

from __future__ import annotations

from math import prod
from typing import NamedTuple

from ..analysis.cost import macs
from ..execute.ones.perturb import reach
from ..execute.values.equivalent import Chain, Equivalent, compare_composed, compare_dense, drawn_chain
from ..execute.values.kernels import Stage, rank_by_axis
from ..execute.values.linear import is_linear, without_activations
from ..graph.ops import Conv, Graph, Ints, Pads
from ..graph.shapes import infer_shapes
from ..spec.layer import LayerSpec
from ..variants.reduced import reduce_spec
from ..variants.registry import AS_GIVEN, REPLACEMENT, DoesNotApply, all_variants, build_variant

#: Numbers of one value, and products of any part of the work, beyond which nothing is executed: a few seconds.
MOST_NUMBERS, MOST_PRODUCTS = 1 << 24, 1 << 30

#: What the dense kernel of each variant obeys, in words.
CONSTRAINTS = {
    AS_GIVEN: "zero between channels of different groups: block-diagonal",
    "standard": "none: it is the dense kernel",
    "spatially-separable": "as a matrix (out x kH) by (in x kW) its rank is at most the middle channels",
    "depthwise-separable": "K[o,i] = sum over j of P[o,i*m+j] D[i*m+j]: the outputs share m kernels an input channel",
    "grouped": "zero between channels of different groups: block-diagonal",
    "bottleneck": "at every tap the out x in matrix is a product through the middle channels",
    "basic-block": "the composition of two kernels, and the shortcut at the tap padding-before",
    "residual-bottleneck": "a bottleneck's, and the shortcut at the tap padding-before",
    "inverted-residual": "K[o,i] = sum over h of P[o,h] D[h] E[h,i], and the shortcut at the tap padding-before",
    "depthwise": "zero between channels: a diagonal",
    "pointwise": "zero but at one tap",
}


class Equivalence(NamedTuple):
    """What was shown of one variant; `free` parameters against `dense` ones of the kernel, biases in neither.

    `where` it holds: "everywhere", or "interior" where padding between stages makes the border differ. `rank` is the
    executed kernel's by its last axis, `rank_bound` what it may be. `transposed`: the one convolution is over the input
    with zeros between its positions, its kernel the dense transposed one turned round. `nonlinear`: the variant has
    activations, without which it was executed, and what is shown is how its convolutions are wired.
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


def show_equivalence(name: str, spec: LayerSpec) -> Equivalence | str:
    """Execute variant `name` of `spec`, reduced, beside one dense convolution; a reason where there is none.

    >>> found = show_equivalence("depthwise-separable", LayerSpec(8, 16, (3, 3), (9, 9), padding=((1, 1), (1, 1))))
    >>> found.same, found.where, found.free, found.dense
    (True, 'everywhere', 200, 1152)
    """
    full, small = build_variant(name, spec).graph, with_interior(spec)
    try:
        graph = build_variant(name, small).graph
    except DoesNotApply as why:
        return f"reduced, {why}"
    if not _is_small(graph):
        return "too large an input would be needed"
    linear = without_activations(graph)
    if not is_linear(linear) or not any(isinstance(node.op, Conv) for node in linear.nodes):
        return "has an operation of which no chain is a convolution"
    chain = chain_of(name, small, linear)
    found = compare_composed(linear) if chain is None else compare_dense(linear, chain)
    if found is None:
        return "a transposed convolution, or branches of different strides: no one convolution"
    return relate(name, full, found, linear)._replace(nonlinear=linear != graph)


def relate(name: str, full: Graph, found: Equivalent, graph: Graph) -> Equivalence:
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


def _is_small(graph: Graph) -> bool:
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
    """The stages of a variant and its shortcut, said again without its graph, but for padding by size.

    What nobody has said here is read off the graph, if it draws a chain.
    """
    ones, none = (1,) * spec.axes, ((0, 0),) * spec.axes
    first, rest = (spec.stride, ones) if spec.v1 else (ones, spec.stride)

    def spatial(stage: str, stride: Ints = spec.stride) -> Stage:
        return Stage(stage, stride, _padding(spec, stage, graph), spec.dilation, spec.transposed)

    def pointwise(stage: str, stride: Ints = ones) -> Stage:
        return Stage(stage, stride, none, ones)

    bottleneck = (pointwise("reduce", first), spatial("conv", rest), pointwise("expand"))
    chains = {
        **dict.fromkeys((AS_GIVEN, "standard", "grouped"), (spatial("conv"),)),
        "depthwise-separable": (spatial("depthwise"), pointwise("pointwise")),
        "bottleneck": bottleneck,
        "residual-bottleneck": bottleneck,
        "basic-block": (spatial("conv1"), spatial("conv2", ones)),
        "inverted-residual": (*[pointwise("expand")] * (spec.expansion_ratio > 1), spatial("depthwise"),
                              pointwise("project")),
        "depthwise": (spatial("depthwise"),),
        "pointwise": (pointwise("pointwise", spec.stride),),
    }  # fmt: skip
    if name == "spatially-separable":
        return Chain(_passes(spec, graph), _shortcut(name, spec))
    return Chain(chains[name], _shortcut(name, spec)) if name in chains else drawn_chain(graph)


def _shortcut(name: str, spec: LayerSpec) -> str | None:
    """Identity where the shapes agree; else a projection, but for the inverted residual."""
    replacement = name != AS_GIVEN and all_variants()[name].role == REPLACEMENT
    if not (spec.residual if replacement else name in ("basic-block", "residual-bottleneck", "inverted-residual")):
        return None
    if spec.in_channels == spec.out_channels and all(s == 1 for s in spec.stride):
        return "identity"
    return None if name == "inverted-residual" else "projection"


def _passes(spec: LayerSpec, graph: Graph) -> tuple[Stage, ...]:
    """One axis a pass, the last axis first."""
    stages = []
    for axis in reversed(range(spec.axes)):
        kernel = "x".join([str(k) if i == axis else "1" for i, k in enumerate(spec.kernel_size)])
        alone = [i == axis for i in range(spec.axes)]
        pads = _padding(spec, kernel, graph)
        stages.append(Stage(
            kernel,
            tuple([s if mine else 1 for s, mine in zip(spec.stride, alone)]),
            tuple([pair if mine else (0, 0) for pair, mine in zip(pads, alone)]),
            tuple([d if mine else 1 for d, mine in zip(spec.dilation, alone)]),
        ))  # fmt: skip
    return tuple(stages)


def _padding(spec: LayerSpec, stage: str, graph: Graph) -> Pads:
    if not isinstance(spec.padding, str):
        return spec.padding
    found = [node.op.padding for node in graph.nodes if node.name == stage and isinstance(node.op, Conv)]
    return found[0] if found else ((0, 0),) * spec.axes
