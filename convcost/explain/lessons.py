"""What belongs to a topic and not to one variant: 1x1 as a matrix product and a reduction, and the shortcut."""

from __future__ import annotations

from math import prod
from typing import Any

from ..analysis.cost import macs
from ..answers.comparison import compare
from ..graph.ops import Linear
from ..spec import LayerSpec, format_spec
from ..variants.registry import DoesNotApply, build_variant
from .document import Document
from .drawing import draw
from .shortcut import shortcut_cost
from .texts import RESNET

#: The layer of ResNet-50's second stage, on which He et al. 2015 draw their bottleneck (figure 5).
REDUCED = LayerSpec(256, 256, (3, 3), (56, 56), padding=((1, 1), (1, 1)))

#: The same stage in ResNet-18 and in MobileNet: where no layer is given that a shortcut fits.
IDENTITY = LayerSpec(64, 64, (3, 3), (56, 56), padding=((1, 1), (1, 1)))


def lesson_1x1(spec: LayerSpec) -> Document:
    """A 1x1 as one matrix product, as a reduction of the dimension, and its two uses, with figures."""
    built = build_variant("pointwise", spec)
    batch, channels, *_ = built.shapes[0]
    out, positions = built.shapes[-1], prod(built.shapes[-1][2:])
    product = macs(Linear(channels, out[1]), (batch, channels, *out[2:]), out)
    two, one = _rows(REDUCED, ["basic-block", "bottleneck"])
    return {
        "matrix_product": {
            "formula": "Y[o,p] = Σc W[o,c] · X[c,p]",
            "weights": [out[1], channels],
            "input": [channels, positions],
            "output": [out[1], positions],
            "batch": batch,
            "macs": product,
        },
        "reduction": {
            "spec": format_spec(REDUCED),
            "rows": [_figures("two 3x3, 256 to 256", two), _figures("bottleneck 256, 64, 64, 256", one)],
            "params_ratio": one["params"] / two["params"],
            "macs_ratio": one["macs"] / two["macs"],
            "source": f"{RESNET}, figure 5",
        },
        "uses": [_share("depthwise-separable", spec), _share("bottleneck", REDUCED)],
    }


def _rows(spec: LayerSpec, names: list[str]) -> list[dict[str, Any]]:
    return [row.words for row in compare(spec, names, "standard").rows if row.words]


def _figures(name: str, words: dict[str, Any]) -> Document:
    return {"structure": name, "params": words["params"], "macs": words["macs"]}


def _share(name: str, spec: LayerSpec) -> Document:
    """How much of a variant its 1x1 convolutions are."""
    (row,) = compare(spec, [name], "standard").rows
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


def explain_residual(spec: LayerSpec) -> Document:
    """What a shortcut is and costs on `spec`; raises DoesNotApply where no residual block exists."""
    block = build_variant("basic-block", spec)
    text = format_spec(spec)
    return {
        "topic": "residual",
        "sentence": "A shortcut adds a block's input to what the block computes, so that the block learns a change of "
        "its input: y = F(x, W) + x.",
        "drawing": draw(block.graph, block.shapes),
        "costs": [cost for name, added in _PRICED for cost in _cost(name, spec, added)],
        "used_in": [
            {"where": "ResNet-18 to -152", "source": RESNET},
            {"where": "MobileNetV2", "source": "Sandler et al. 2018, arXiv 1801.04381"},
            {"where": "Xception", "source": "Chollet 2016, arXiv 1610.02357"},
        ],
        "will_not_help": "Where F changes channels or size, the input cannot be added as it is: a projection costs "
        "params and MACs. The input stays in memory until the add. In a shallow network the experiments show little "
        "difference: convcost explain residual --experiment.",
        "next": [
            f"convcost compare {text} --residual",
            "convcost explain residual --experiment",
            f"convcost explain bottleneck residual-bottleneck {text}",
        ],
    }


def _cost(name: str, spec: LayerSpec, added: bool) -> list[Document]:
    try:
        return [shortcut_cost(name, spec, added=added)]
    except DoesNotApply:
        return []
