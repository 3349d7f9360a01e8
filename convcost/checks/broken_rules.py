"""Mistakes that rules may have, each in place of the sound one: of analysis, of variants, of networks, of execution."""

from __future__ import annotations

from collections.abc import Callable
from math import gcd, prod
from typing import Any

from ..analysis import Cost
from ..answers.network import LayerAnswer
from ..graph.ops import Activation, BatchNorm, Conv, Graph, Ints, Node
from ..graph.shapes import infer_shapes
from ..spec.layer import LayerSpec
from ..variants.registry import Built
from .selftest import Broken, BrokenRule, examined_probes, row_of, small_network, words_of_probes


def _misread(**fields: Callable[[Conv], object]) -> Broken:
    """The sound rule, applied to a convolution some of whose fields were read wrongly."""

    def broken(sound: Broken, op: object, *rest: object) -> Any:
        if type(op) is Conv:
            op = op._replace(**{name: value(op) for name, value in fields.items()})  # type: ignore[arg-type]  # any field
        return sound(op, *rest)

    return broken


def _changed(cost: Cost, **words: Callable[[Cost], int]) -> Cost:
    return cost._replace(**{word: value(cost) for word, value in words.items()})


def _first_uses(sound: Broken, graph: Graph) -> list[int]:
    uses: list[int] = sound(graph)
    for index, node in reversed([*enumerate(graph.nodes)]):
        for value in node.inputs:
            uses[value] = index
    return uses


def _reaching_on(op: Conv, size: Ints) -> Ints:
    """A size at which the floor gives what the ceiling gives at `size`."""
    return size if op.transposed else tuple([n + s - 1 for n, s in zip(size, op.stride)])


def _any_input(_: Broken, node: Node, index: int, tensor: Ints, needed_until: Ints, inplace: bool,
               *_inputs: object) -> int | None:  # fmt: skip
    free = (tensor[value] for value in node.inputs if needed_until[tensor[value]] == index)
    return next(free, None) if inplace and type(node.op) is not Conv else None


_SQUARE = _misread(kernel_size=lambda op: op.kernel_size[:1] * len(op.kernel_size))
_ALL_DATA = "replicate"  # a padding mode of which every product touches data

# A table reads best with a mistake a line.
# fmt: off
_MISTAKES: dict[tuple[str, str], dict[str, Broken]] = {
    ("analysis.cost", "params"): {
        "groups forgotten": _misread(groups=lambda _: 1),
        "bias forgotten": _misread(bias=lambda _: False),
        "norm forgotten": lambda sound, op: sound(op) if type(op) is Conv else 0,
        "square kernel assumed": _SQUARE,
    },
    ("analysis.cost", "macs"): {
        "groups forgotten": _misread(groups=lambda _: 1),
        "batch forgotten": lambda sound, op, given, out: sound(op, (1, *given[1:]), out),
        "bias counted": lambda sound, op, given, out: sound(op, given, out) + out[1] * getattr(op, "bias", 0),
        "square kernel assumed": _SQUARE,
        "transposed counted as plain": _misread(transposed=lambda _: False),
    },
    ("analysis.cost", "effective_macs"): {
        "border counted as data": _misread(padding_mode=lambda op: op.padding_mode if op.transposed else _ALL_DATA),
        "copied border not counted": _misread(padding_mode=lambda _: "zeros"),
        "cropping ignored": _misread(padding_mode=lambda op: _ALL_DATA if op.transposed else op.padding_mode),
        "padding before and after swapped": _misread(padding=lambda op: tuple([pair[::-1] for pair in op.padding])),
        "stride ignored": _misread(stride=lambda op: (1,) * len(op.stride)),
    },
    ("analysis.cost", "elementwise"): {
        "bias forgotten": lambda sound, op, given, out: sound(op, given, out) * (type(op) is not Conv),
        "norm counted once": lambda sound, op, given, out: sound(op, given, out) // (1 + (type(op) is BatchNorm)),
        "counted on the input": lambda sound, op, given, _: sound(op, given, given),
    },
    ("analysis.cost", "conv_activations"): {
        "what norms put out counted": lambda _, op, out: prod(out) * int(type(op) in (Conv, BatchNorm)),
        "batch forgotten": lambda sound, op, out: sound(op, (1, *out[1:])),
        "one element a channel": lambda sound, op, out: sound(op, out[:2]),
    },
    ("analysis.analyze", "op_cost"): {
        "traffic without weights": lambda sound, *op, **rest: _changed(
            sound(*op, **rest), traffic_bytes=lambda cost: cost.traffic_bytes - cost.weight_bytes),
        "activations written over counted": lambda sound, *op, **_: sound(*op, allocates=True),
        "weights of four bytes always": lambda sound, *op, **rest: _changed(
            sound(*op, **rest), weight_bytes=lambda cost: 4 * cost.params),
    },
    ("graph.shapes", "conv_size"): {
        "ceil for floor": lambda sound, op, size: sound(op, _reaching_on(op, size)),
        "axes of the kernel swapped": _misread(kernel_size=lambda op: op.kernel_size[::-1]),
        "axes of the input swapped": lambda sound, op, size: sound(op, size[::-1]),
        "padding counted on one side": _misread(padding=lambda op: tuple([(before, 0) for before, _ in op.padding])),
        "dilation ignored": _misread(dilation=lambda op: (1,) * len(op.dilation)),
        "output padding ignored": _misread(output_padding=lambda op: (0,) * len(op.stride)),
    },
    ("analysis.memory", "last_uses"): {"shortcut's input freed early": _first_uses},
    ("analysis.memory", "overwritten"): {
        "the graph's input written over": _any_input,
        "activation given its own tensor":
            lambda sound, node, *rest: None if type(node.op) is Activation else sound(node, *rest),
        "in place when not asked for": lambda sound, *args: sound(*args[:4], True, *args[5:]),
    },
}
# fmt: on


def _graphs(change: Callable[[Node], Node]) -> Callable[..., Any]:
    """The sound builder, and a change to every node of what it builds."""

    def build(sound: Callable[..., Built], name: str, spec: LayerSpec) -> Built:
        built = sound(name, spec)
        graph = built.graph._replace(nodes=tuple([change(node) for node in built.graph.nodes]))
        return built._replace(graph=graph, shapes=infer_shapes(graph))

    return build


def _late_shortcut(node: Node) -> Node:
    return node._replace(inputs=(node.inputs[0], 1)) if node.name == "add" else node


def _early_stride(node: Node) -> Node:
    """Stride on the first 1x1 as in the paper, where everybody has it on the kxk: shape and params are the same."""
    stride = {"reduce": (2, 2), "conv": (1, 1)}.get(node.name)
    return node if stride is None or not isinstance(node.op, Conv) or node.op.out_channels != 2 else \
        node._replace(op=node.op._replace(stride=stride))  # fmt: skip


def _passes_swapped(node: Node) -> Node:
    """The second pass along the axis of the first."""
    if node.name != "3x1" or not isinstance(node.op, Conv):
        return node
    return node._replace(op=node.op._replace(kernel_size=(1, 3), padding=((0, 0), (1, 1))))


def _undilated(sound: Callable[..., Any], graph: Graph, *rest: object) -> Any:
    nodes = [n._replace(op=n.op._replace(dilation=(1,) * len(n.op.stride))) if isinstance(n.op, Conv) else n
             for n in graph.nodes]  # fmt: skip
    return sound(graph._replace(nodes=tuple(nodes)), *rest)


def _axes_turned(node: Node) -> Node:
    """The pass along the one axis first that comes second."""
    op, other = node.op, {"1x3": "3x1", "3x1": "1x3"}.get(node.name)
    if other is None or type(op) is not Conv:
        return node
    turned = {field: getattr(op, field)[::-1] for field in ("kernel_size", "stride", "padding", "dilation")}
    return Node(other, op._replace(**turned), node.inputs)


def _hidden_from_out(sound: Callable[..., Built], name: str, spec: LayerSpec) -> Built:
    """An inverted residual as wide inside as t times what comes out."""
    built, hidden = sound(name, spec), spec.out_channels * (spec.expansion_ratio or 1)
    fields = {
        "expand": {"out_channels": hidden}, "project": {"in_channels": hidden},
        "depthwise": {"in_channels": hidden, "out_channels": hidden, "groups": hidden},
    }  # fmt: skip
    wide = {"expand.norm": {"channels": hidden}, "depthwise.norm": {"channels": hidden}}
    change = {**fields, **wide}
    nodes = [node._replace(op=node.op._replace(**change.get(node.name, {}))) for node in built.graph.nodes]  # type: ignore[arg-type]  # any field
    graph = built.graph._replace(nodes=tuple(nodes))
    return built._replace(graph=graph, shapes=infer_shapes(graph))


def _of_spec(**fields: Callable[[LayerSpec], object]) -> Broken:
    """The sound builder, on a spec some of whose fields were read wrongly."""
    return lambda sound, name, spec: sound(name, spec._replace(**{f: value(spec) for f, value in fields.items()}))


def _without(*names: str) -> Broken:
    """The sound rule, never told what those names say."""
    return lambda sound, *args, **named: sound(*args, **{key: named[key] for key in named if key not in names})


def _activated(sound: Broken, b: Any, *args: object, **named: object) -> Any:
    b.activate()
    return sound(b, *args, **named)


def _said(**wrong: Callable[[dict[str, Any]], object]) -> Broken:
    """The words, some of them formed wrongly from the others."""

    def broken(sound: Broken, *given: object) -> Any:
        found = sound(*given)
        return {**found, **{word: form(found) for word, form in wrong.items()}}

    return broken


def _share_of_params(sound: Broken, *given: object) -> Any:
    layers: tuple[LayerAnswer, ...] = sound(*given)
    return tuple([one._replace(share={**one.share, "macs": one.share["params"]}) for one in layers])


def _sign_lost(_: Broken, span: tuple[int, int], size: int, windows: int) -> tuple[int, int]:
    """The rounding up of an adaptive window without the second of its two signs."""
    first, width = span[0] * size // windows, (span[1] - span[0] + 1) * size
    return first, first + -(width + windows - gcd(size, windows)) // windows - 1


#: Layers of which the variants below are rows: everything on, sides and ends that differ; the same with equal ends.
_LAYER = LayerSpec(
    8, 12, (3, 3), (12, 14), (2, 1), ((1, 1), (1, 1)), bias=True, depth_multiplier=2, expansion_ratio=2, norm=True,
    activation="relu",
)  # fmt: skip
_EVEN = _LAYER._replace(out_channels=8, stride=(1, 1))
_UPPER = _LAYER._replace(padding="same-upper")

_BUILT = ("answers.comparison", "build_variant")

# A table reads best with a mistake a line.
# fmt: off
_OF_ROWS: tuple[tuple[str, tuple[str, str], Broken, str, LayerSpec], ...] = (
    ("bottleneck's middle from in", ("variants.blocks", "_middles"),
     lambda sound, spec: sound(spec._replace(out_channels=spec.in_channels)), "bottleneck", _LAYER),
    ("hidden channels from out", _BUILT, _hidden_from_out, "inverted-residual", _LAYER),
    ("activation after the projection", ("variants.blocks", "pointwise"),
     _without("linear"), "inverted-residual", _LAYER),
    ("projection where it must not be", ("graph.builder", "GraphBuilder.shortcut"),
     _without("project"), "inverted-residual", _LAYER),
    ("smallest group count", _BUILT, _of_spec(groups=lambda _: 2), "grouped", _EVEN),
    ("bias dropped in a 1x1", ("variants.blocks", "pointwise"),
     lambda sound, b, spec, *args, **named: sound(b, spec._replace(bias=False), *args, **named), "bottleneck", _LAYER),
    ("norm that removes the bias", ("graph.builder", "GraphBuilder.conv"),
     _without("bias"), "standard", _LAYER),
    ("activation before the add", ("graph.builder", "GraphBuilder.shortcut"), _activated, "basic-block", _EVEN),
    ("second kxk in 2 groups", ("variants.blocks", "spatial"),
     lambda sound, b, spec, name, *rest, **named: sound(b, spec, name, rest[0], 1 + (name == "conv2"), **named),
     "basic-block", _LAYER),
    ("middle = max(in, out)", _BUILT, _of_spec(mid_channels=lambda spec: max(spec.in_channels, spec.out_channels)),
     "spatially-separable", _LAYER),
    ("depth multiplier ignored", _BUILT, _of_spec(depth_multiplier=lambda _: 1), "depthwise-separable", _LAYER),
    ("odd padding on the wrong side", ("graph.builder", "same_upper"),
     lambda sound, *args: tuple([pair[::-1] for pair in sound(*args)]), "standard", _UPPER),
    ("axes in the other order", _BUILT, _graphs(_axes_turned), "spatially-separable", _LAYER),
    ("stride on another convolution", _BUILT, _of_spec(v1=lambda _: True), "residual-bottleneck", _LAYER),
    ("shortcut from the first conv", _BUILT, _graphs(_late_shortcut), "basic-block", _EVEN),
    ("flops = macs", ("analysis.analyze", "words"), _said(flops=lambda found: found["macs"]), "standard", _LAYER),
    ("FLOPs/byte from MACs", ("analysis.analyze", "words"),
     _said(arithmetic_intensity=lambda found: found["macs"] / found["traffic_bytes"]), "bottleneck", _LAYER),
    ("FLOPs/byte not a number", ("analysis.analyze", "words"),
     _said(arithmetic_intensity=lambda _: float("nan")), "standard", _LAYER),
    ("ratios upside down", ("answers.comparison", "ratios"), lambda sound, this, base: sound(base, this),
     "bottleneck", _LAYER),
)

_EXAMINED_RULES: tuple[tuple[str, str, str, Broken], ...] = (
    ("wiring: shortcut from the first conv", "checks.equivalence", "build_variant", _graphs(_late_shortcut)),
    ("wiring: stride on another convolution", "checks.equivalence", "build_variant", _graphs(_early_stride)),
    ("wiring: both passes along one axis", "checks.equivalence", "build_variant", _graphs(_passes_swapped)),
    ("wiring: axes in the other order", "checks.equivalence", "build_variant", _graphs(_axes_turned)),
    ("mixes: depthwise said to mix channels", "analysis.analyze", "mixes", lambda *_: ["space", "channels"]),
    ("mixes: pointwise said to mix positions", "analysis.analyze", "mixes",
     lambda sound, op: ["space", *[w for w in sound(op) if w != "space"]]),
    ("receptive_field: dilation ignored", "analysis.analyze", "receptive_field", _undilated),
    ("receptive_field: axes swapped", "analysis.analyze", "receptive_field", lambda sound, *given: sound(*given)[::-1]),
    ("values: last tile left out", "execute.values.convolve", "_tiles", lambda sound, *given: [*sound(*given)][:-1]),
    ("values: border left as it was", "execute.values.sliding", "_clear", lambda *_: None),
    ("products: one not issued", "execute.values.workbench", "issued", lambda sound, *given: sound(*given) - 1),
)

_OF_NETWORKS: tuple[tuple[str, str, str, Broken], ...] = (
    ("receptive_field: sign of the adaptive pool lost", "analysis.field", "_adaptive_span", _sign_lost),
    ("receptive_field: strides before forgotten", "analysis.reach", "_through",
     lambda sound, pieces, *step: sound(dict(zip([1], pieces.values())), *step)),
    ("share: of the params, said of the MACs", "answers.network", "answer_layers", _share_of_params),
    ("elementwise_by: a norm's said to be activations", "answers.network", "_by_cause",
     lambda sound, op, number: sound(Activation("relu") if type(op) is BatchNorm else op, number)),
)
# fmt: on

BROKEN_RULES = (
    *[BrokenRule(f"{function}: {mistake}", module, function, broken, words_of_probes)
      for (module, function), mistakes in _MISTAKES.items() for mistake, broken in mistakes.items()],
    *[BrokenRule(f"row: {name}", *where, broken, row_of(variant, spec))
      for name, where, broken, variant, spec in _OF_ROWS],
    *[BrokenRule(*rule, examined_probes) for rule in _EXAMINED_RULES],
    *[BrokenRule(*rule, small_network) for rule in _OF_NETWORKS],
)  # fmt: skip
