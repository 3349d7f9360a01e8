"""Deliberately broken rules of the analysis, and which checks of the verification catch each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from math import prod
from typing import Any, NamedTuple

from ..analysis import Cost, analyze, words
from ..execute.ones.measure import Measured, measure
from ..graph.ops import Activation, BatchNorm, Conv, Graph, Ints, Node
from ..spec.layer import LayerSpec
from ..variants.registry import AS_GIVEN, DoesNotApply, all_variants, build_variant
from .verifier import WORDS, check

#: What takes the place of a rule: called with the sound rule first, then with the rule's own arguments.
Broken = Callable[..., Any]


class BrokenRule(NamedTuple):
    """One mistake: `function` of `module`, the rule, is replaced by `broken`."""

    name: str
    module: str
    function: str
    broken: Broken


class Caught(NamedTuple):
    """The checks that a broken rule fails, in the order of the words."""

    name: str
    caught_by: list[str]


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
        "transposed counted like a plain convolution": _misread(transposed=lambda _: False),
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
        "activations of overwritten tensors counted": lambda sound, *op, **_: sound(*op, allocates=True),
        "weights in four bytes whatever the dtype": lambda sound, *op, **rest: _changed(
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
        "activation with a tensor of its own":
            lambda sound, node, *rest: None if type(node.op) is Activation else sound(node, *rest),
        "in place when not asked for": lambda sound, *args: sound(*args[:4], True, *args[5:]),
    },
}
# fmt: on

BROKEN_RULES = tuple([
    BrokenRule(f"{function}: {mistake}", module, function, broken)
    for (module, function), mistakes in _MISTAKES.items()
    for mistake, broken in mistakes.items()
])  # fmt: skip

#: Awkward layers, small enough to execute each in all variants in no time.
PROBES = (
    LayerSpec(4, 6, (3, 2), (9, 7), (2, 1), ((1, 0), (0, 2)), (1, 2), bias=True, batch=2),
    LayerSpec(8, 12, (3, 5), (11, 14), (2, 2), ((1, 1), (2, 2)), groups=4, dtype="fp16", norm=True, residual=True),
    LayerSpec(8, 8, (3, 3), (9, 6), padding=((1, 1), (1, 1)), norm=True, activation="relu", residual=True),
    LayerSpec(4, 6, (3, 4), (5, 4), (2, 3), ((1, 0), (0, 2)), groups=2, transposed=True, output_padding=(1, 2)),
    LayerSpec(4, 4, (5,), (17,), (3,), ((4, 1),), (2,), output_padding=(0,), bias=True, activation="tanh"),
    LayerSpec(2, 4, (1, 2, 3), (4, 5, 7), (1, 2, 1), "same-upper", (1, 1, 2), output_padding=(0, 0, 0)),
    LayerSpec(4, 4, (3, 3), (6, 8), padding=((1, 1), (2, 1)), padding_mode="circular", residual=True),
)

#: No variant starts with an elementwise operation; this graph does.
_ELEMENTWISE_FIRST = Graph((2, 3, 5, 4), "int8", (Node("activation", Activation("relu"), (0,)),))


@cache
def _executed() -> list[tuple[Graph, bool, Measured]]:
    """Every probe in every variant that applies, in place and not, measured once."""
    graphs = [_ELEMENTWISE_FIRST]
    for spec in PROBES:
        for name in (AS_GIVEN, *all_variants()):
            try:
                graphs.append(build_variant(name, spec).graph)
            except DoesNotApply:
                continue
    return [(graph, inplace, measure(graph, inplace=inplace)) for graph in graphs for inplace in (True, False)]


def failed_checks() -> list[str]:
    """The words on which the analysis, as it is now, disagrees with the execution of the probes.

    >>> failed_checks()
    []
    """
    failed = set()
    for graph, inplace, measured in _executed():
        analysis = analyze(graph, inplace)
        found = check(words(analysis), measured, [words(op) for op in analysis.ops])
        failed.update([word for word, result in found.items() if not result.ok])
    return [word for word in WORDS if word in failed]


@contextmanager
def broken(rule: BrokenRule) -> Iterator[None]:
    """Put `rule` in place of the sound one for as long as the block runs, however it ends."""
    module = import_module(f"convcost.{rule.module}")
    sound = getattr(module, rule.function)
    setattr(module, rule.function, lambda *args, **named: rule.broken(sound, *args, **named))
    try:
        yield
    finally:
        setattr(module, rule.function, sound)


def run_selftest() -> list[Caught]:
    """Break each rule in turn and list the checks that notice."""
    _executed()  # with sound rules: building a graph asks for output sizes too
    results = []
    for rule in BROKEN_RULES:
        with broken(rule):
            results.append(Caught(rule.name, failed_checks()))
    return results
