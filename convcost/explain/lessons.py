"""What belongs to one topic and to no other: its lesson, each with something that is executed in this run.

NumPy is loaded by what executes, through `training.demonstrations`; importing this file loads none.
"""

from __future__ import annotations

from math import prod
from typing import Any

from ..analysis.analyze import analyze
from ..analysis.cost import macs
from ..answers.comparison import compare_variants
from ..graph.ops import Activation, Add, Conv, Graph, Linear, Node
from ..spec import LayerSpec, format_spec
from ..spec.errors import Problem
from ..variants.reduced import reduce_spec
from ..variants.registry import DoesNotApply, build_variant
from .drawing import draw, flow
from .texts import BENEFITS, CIFAR_LAYERS, IMAGENET_ERRORS, RESIDUAL, RESNET

Document = dict[str, Any]

#: The layer of ResNet-50's second stage, on which He et al. 2015 draw their bottleneck (figure 5); and the one that
#: they draw beside it.
REDUCED = LayerSpec(256, 256, (3, 3), (56, 56), padding=((1, 1), (1, 1)))
IDENTITY = LayerSpec(64, 64, (3, 3), (56, 56), padding=((1, 1), (1, 1)))

#: Multiply-adds beyond which a demonstration is executed on fewer channels.
MOST_MACS = 50_000_000

#: Kernels to separate: Sobel's edge filter is a column times a row, a diagonal is not.
SOBEL = ((1, 0, -1), (2, 0, -2), (1, 0, -1))
DIAGONAL = ((1, 0, 0), (0, 1, 0), (0, 0, 1))


def small_enough(name: str, spec: LayerSpec) -> LayerSpec:
    """`spec` on a map that just holds what one number reaches; on fewer channels too where that is much work.

    >>> from convcost.spec import parse_spec
    >>> format_spec(small_enough("standard", parse_spec("64:128 @56 k3")))
    '64:128 @7 k3'
    """
    plain = spec._replace(batch=1, activation=None)
    field = analyze(build_variant(name, plain).graph).receptive_field or plain.input_size
    room = [(n, 2 * seen + 1, step) for n, seen, step in zip(plain.input_size, field, plain.stride)]
    small = plain._replace(input_size=tuple([min(n, least + (n - least) % step) for n, least, step in room]))
    try:
        return small if analyze(build_variant(name, small).graph).cost.macs <= MOST_MACS else reduce_spec(plain)
    except (DoesNotApply, Problem):  # a shortcut or a padding that fits at some sizes only
        return reduce_spec(plain)


def disturbed(name: str, spec: LayerSpec) -> Document:
    """How many outputs change with one number of the input: what a variant mixes, executed."""
    from ..training.demonstrations import disturb

    small = small_enough(name, spec)
    built = build_variant(name, small)
    return {"spec": format_spec(small), **disturb(built.graph)._asdict(), "of_channels": built.shapes[-1][1]}


def lesson_of(topic: str, spec: LayerSpec) -> Document | None:
    """What a topic has beside what every variant has; None where there is nothing."""
    return {"pointwise": lesson_1x1, "spatially-separable": lesson_separable}.get(topic, lambda _: None)(spec)


def lesson_separable(spec: LayerSpec) -> Document:
    """The classical case, one kernel of one channel, and the network case, all kernels together; both executed."""
    from ..training.demonstrations import in_two_passes

    classical = {
        "sobel": in_two_passes(SOBEL)._asdict(), "diagonal": in_two_passes(DIAGONAL)._asdict(),
        "diagonal_in_three": in_two_passes(DIAGONAL, 3)._asdict(), "map": [5, 5], "weights": [9, 6],
    }  # fmt: skip
    return {"classical": classical, "joint": _joint(spec), "kernel_size": list(spec.kernel_size)}


def _joint(spec: LayerSpec) -> Document | None:
    """The rank of the layer's kernels as one matrix, read off by executing it; None where it has not two axes."""
    if spec.axes != 2:
        return None
    from ..training.demonstrations import joint_rank

    middle = int(str(build_variant("spatially-separable", spec).settings["mid_channels"]))
    channels = [spec.in_channels, middle, spec.out_channels]
    while channels[0] * channels[2] * prod(spec.kernel_size) > MOST_MACS // 400:
        channels = [max(1, n // 2) for n in channels]
    plain = spec._replace(batch=1, activation=None, groups=1)
    small = plain._replace(in_channels=channels[0], mid_channels=channels[1], out_channels=channels[2])
    rank, most = joint_rank(build_variant("spatially-separable", small).graph)
    free, _ = joint_rank(build_variant("standard", small).graph)
    height, width = spec.kernel_size
    return {
        "matrix": [spec.out_channels * height, spec.in_channels * width], "middle": middle,
        "executed": channels, "rank": rank, "standard_rank": free,
        "most": most,
    }  # fmt: skip


def lesson_1x1(spec: LayerSpec) -> Document:
    """A 1x1 as one matrix product, as a reduction of the dimension, its two uses, and how it grows with channels."""
    from ..training.demonstrations import as_matrix_product

    built = build_variant("pointwise", spec)
    batch, channels, *_ = built.shapes[0]
    out, positions = built.shapes[-1], prod(built.shapes[-1][2:])
    return {
        "matrix_product": {
            "formula": "Y[o,p] = Σc W[o,c] · X[c,p]",
            "weights": [out[1], channels], "input": [channels, positions], "output": [out[1], positions],
            "batch": batch, "macs": macs(Linear(channels, out[1]), (batch, channels, *out[2:]), out),
            "difference": as_matrix_product(build_variant("pointwise", small_enough("pointwise", spec)).graph),
        },
        "reduction": {
            "spec": format_spec(REDUCED),
            "rows": [
                _figures("bottleneck 256, 64, 64, 256", "bottleneck", REDUCED),
                _figures("two 3x3, 64 to 64", "basic-block", IDENTITY),
                _figures("two 3x3, 256 to 256", "basic-block", REDUCED),
            ],
            "source": f"{RESNET}, figure 5",
        },
        "uses": [_share("depthwise-separable", spec), _share("bottleneck", REDUCED)],
        "channel_growth": [_with_channels(spec, *factor) for factor in ((1, 2), (1, 1), (2, 1), (4, 1))],
    }  # fmt: skip


def _words(name: str, spec: LayerSpec) -> dict[str, Any]:
    row = compare_variants(spec, [name], "standard").rows[-1]
    return row.words or {}


def _figures(structure: str, name: str, spec: LayerSpec) -> Document:
    words = _words(name, spec)
    return {"structure": structure, "params": words["params"], "macs": words["macs"]}


def _with_channels(spec: LayerSpec, times: int, over: int) -> Document:
    """The 1x1 with so many times the channels on both sides."""
    channels = [max(1, n * times // over) for n in (spec.in_channels, spec.out_channels)]
    words = _words("pointwise", spec._replace(in_channels=channels[0], out_channels=channels[1], groups=1))
    return {"channels": channels, "params": words["params"], "macs": words["macs"]}


def _share(name: str, spec: LayerSpec) -> Document:
    """How much of a variant its 1x1 convolutions are."""
    row = compare_variants(spec, [name], "standard").rows[-1]
    if row.words is None:
        return {"variant": name, "spec": format_spec(spec), "reason": row.reason}
    points = [op.words for op in row.ops if op.kind == "conv" and op.words["mixes"] == ["channels"]]
    return {
        "variant": name,
        "spec": format_spec(spec),
        "macs": sum([words["macs"] for words in points]),
        "macs_share": sum([words["macs"] for words in points]) / row.words["macs"],
        "params_share": sum([words["params"] for words in points]) / row.words["params"],
    }


#: Blocks whose shortcut is priced, and whether it is added to them.
_PRICED = (("basic-block", False), ("residual-bottleneck", False), ("depthwise-separable", True), ("standard", True))

#: Blocks in the chains on which the gradient is measured.
BLOCKS = (8, 16, 32)


def explain_residual(spec: LayerSpec) -> Document:
    """What a shortcut is for, and what it costs on `spec`; raises DoesNotApply where no residual block exists."""
    block = build_variant("basic-block", spec)
    text = format_spec(spec)
    return {
        "topic": "residual",
        "sentence": "A shortcut adds a block's input to what the block computes, so that the block learns a change of "
        "its input.",
        "flow": flow(block.graph, block.shapes),
        "drawing": draw(block.graph, block.shapes),
        "formulas": RESIDUAL,
        "degradation": {
            "cifar_layers": [*CIFAR_LAYERS],
            "imagenet_errors": [{"layers": n, "plain": p, "residual": r} for n, p, r in IMAGENET_ERRORS],
            "source": RESNET,
        },
        "gradient": chain_gradients(),
        "benefits": [benefit._asdict() for benefit in BENEFITS],
        "costs": [cost for name, added in _PRICED for cost in _cost(name, spec, added)],
        "used_in": [
            {"where": "ResNet-18 to -152", "source": RESNET},
            {"where": "MobileNetV2", "source": "Sandler et al. 2018, arXiv 1801.04381"},
            {"where": "Xception", "source": "Chollet 2016, arXiv 1610.02357"},
        ],
        "will_not_help": "Where F changes channels or size, the input cannot be added as it is: a projection costs "
        "params and MACs. The input stays in memory until the add.",
        "next": [
            f"convcost compare {text} --residual",
            "convcost explain residual --experiment",
            f"convcost explain bottleneck residual-bottleneck {text}",
        ],
    }


def chain(blocks: int, *, residual: bool) -> Graph:
    """So many blocks in a row, each two 1-D convolutions with a ReLU between them, plain or with `y = F(x) + x`."""
    conv, nodes = Conv(8, 8, (3,), (1,), ((1, 1),), (1,), bias=True), list[Node]()
    for _ in range(blocks):
        start = len(nodes)
        nodes += [Node("conv1", conv, (start,)), Node("relu", Activation("relu"), (start + 1,)),
                  Node("conv2", conv, (start + 2,)), *[Node("add", Add(), (start + 3, start))] * residual]  # fmt: skip
    return Graph((1, 8, 16), "fp32", tuple(nodes))


def chain_gradients() -> Document:
    """The norm of the gradient that arrives at the input of chains of blocks, where 1 sets out at the output."""
    from ..training.demonstrations import arriving_norm

    plain, residual = (
        [arriving_norm(chain(blocks, residual=kind), "pytorch") for blocks in BLOCKS] for kind in (False, True)
    )
    return {"blocks": [*BLOCKS], "plain": plain, "residual": residual}


def without_shortcut(graph: Graph) -> Graph:
    """The same operations without the shortcut's projection and the add, for what the shortcut costs."""
    joined = next(index for index, node in enumerate(graph.nodes) if len(node.inputs) > 1)
    main = [node for node in graph.nodes[:joined] if not node.name.startswith("projection")]
    rest = [node._replace(inputs=(len(main) + i,)) for i, node in enumerate(graph.nodes[joined + 1 :])]
    return graph._replace(nodes=(*main, *rest))


def _cost(name: str, spec: LayerSpec, added: bool) -> list[Document]:
    try:
        return [shortcut_cost(name, spec, added=added)]
    except DoesNotApply:
        return []


def shortcut_cost(name: str, spec: LayerSpec, *, added: bool) -> Document:
    """What the shortcut of one variant costs; `added` puts one on a variant that comes without."""
    built = build_variant(name, spec._replace(residual=added or spec.residual))
    without, with_it = analyze(without_shortcut(built.graph)), analyze(built.graph)
    words = ("params", "macs", "elementwise", "traffic_bytes")
    change = {word: getattr(with_it.cost, word) - getattr(without.cost, word) for word in words}
    return {
        "variant": name,
        "shortcut": built.settings["shortcut"],
        **change,
        "peak_bytes": with_it.peak_bytes - without.peak_bytes,
        "peak_bytes_without": without.peak_bytes,
        "peak_bytes_with": with_it.peak_bytes,
    }
