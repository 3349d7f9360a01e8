"""Whether the checks can fail: rules are broken on purpose, one at a time, and what notices is listed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from importlib import import_module
from typing import Any, NamedTuple
from warnings import catch_warnings, simplefilter

from ..analysis import analyze, words
from ..answers.check import Check
from ..answers.comparison import compare_variants
from ..answers.network import answer_program
from ..execute.ones.measure import Measured, measure
from ..graph.ops import Activation, Graph, Node
from ..networks.build import Choices
from ..networks.program import read_program
from ..spec.layer import LayerSpec
from ..variants.registry import AS_GIVEN, DoesNotApply, all_variants, build_variant
from .examination import examine
from .networks import NetworkVerifier
from .verifier import Verifier, check

#: What takes the place of a rule: called with the sound rule first, then with the rule's own arguments.
Broken = Callable[..., Any]

#: What makes the checks that may notice: each with its name.
Trial = Callable[[], Iterable[tuple[str, Check]]]


class BrokenRule(NamedTuple):
    """One mistake: `function` of `module`, the rule, is replaced by `broken`; `trial` makes the checks.

    Where a rule is broken in the module that defines it, it is broken for all who use it; in another module, there.
    """

    name: str
    module: str
    function: str
    broken: Broken
    trial: Trial


class Caught(NamedTuple):
    """The checks that a broken rule fails, and the two sides of the first: what was expected, what was executed."""

    name: str
    caught_by: list[str]
    expected: object = None
    measured: object = None


#: A network with a stride, a shortcut, a pool to several windows and a matrix product.
NETWORK = """
input 3 @20x24
standard 6 k3 s2 bias norm relu
basic-block 6 k3
adaptive-average-pool 2
flatten
linear 4 bias
"""

#: Awkward layers, small enough to execute each in all variants in no time.
PROBES = (
    LayerSpec(4, 6, (3, 2), (9, 7), (2, 1), ((1, 0), (0, 2)), (1, 2), bias=True, batch=2),
    LayerSpec(8, 12, (3, 5), (11, 14), (2, 2), ((1, 1), (2, 2)), groups=4, dtype="fp16", norm=True, residual=True),
    LayerSpec(8, 8, (3, 3), (9, 6), padding=((1, 1), (1, 1)), norm=True, activation="relu", residual=True),
    LayerSpec(4, 6, (3, 4), (5, 4), (2, 3), ((1, 0), (0, 2)), groups=2, transposed=True, output_padding=(1, 2)),
    LayerSpec(4, 4, (5,), (17,), (3,), ((4, 1),), (2,), output_padding=(0,), bias=True, activation="tanh"),
    LayerSpec(2, 4, (2, 2, 3), (4, 5, 7), (1, 2, 1), "same-upper", (1, 1, 2), output_padding=(0, 0, 0)),
    LayerSpec(4, 4, (3, 3), (6, 8), padding=((1, 1), (2, 1)), padding_mode="circular", residual=True),
)

#: No variant starts with an elementwise operation; this graph does.
_ELEMENTWISE_FIRST = Graph((2, 3, 5, 4), "int8", (Node("activation", Activation("relu"), (0,)),))


def probes() -> Iterator[tuple[str, Graph]]:
    """Every probe in every variant that applies, by its name, and the graph that no variant is.

    >>> [graph.input_shape for name, graph in probes() if name == AS_GIVEN][:2]
    [(2, 4, 9, 7), (1, 8, 11, 14)]
    """
    yield "elementwise", _ELEMENTWISE_FIRST
    for spec in PROBES:
        for name in (AS_GIVEN, *all_variants()):
            with suppress(DoesNotApply):
                yield name, build_variant(name, spec).graph


@cache
def _executed() -> list[tuple[Graph, bool, Measured]]:
    """Every probe, in place and not by turns, measured once."""
    turns = [(graph, index % 2 == 0) for index, (_, graph) in enumerate(probes())]
    return [(graph, inplace, measure(graph, inplace=inplace)) for graph, inplace in turns]


#: Layers on which wiring, mixing, fields and the fast executor matter; H and W, kH and kW differ.
EXAMINED = (
    ("standard", LayerSpec(4, 6, (3, 2), (11, 9), (2, 1), ((1, 0), (1, 1)), (1, 2), bias=True)),
    ("depthwise-separable", LayerSpec(4, 6, (3, 2), (9, 7), padding=((1, 1), (1, 0)), dilation=(1, 2))),
    ("depthwise", LayerSpec(4, 4, (3, 2), (9, 7))),
    ("pointwise", LayerSpec(4, 6, (3, 2), (9, 7))),
    ("bottleneck", LayerSpec(8, 8, (3, 5), (12, 9), (2, 2), ((1, 1), (2, 2)))),
    ("spatially-separable", LayerSpec(4, 4, (3, 3), (8, 9), padding=((1, 1), (1, 1)))),
    ("basic-block", LayerSpec(4, 4, (3, 3), (8, 9), padding=((1, 1), (1, 1)))),
)


def words_of_probes() -> Iterator[tuple[str, Check]]:
    """Every word of every probe: the analysis, as it is now, against an execution of the sound graphs."""
    for graph, inplace, measured in _executed():
        analysis = analyze(graph, inplace)
        yield from check(words(analysis), measured, [words(op) for op in analysis.ops]).items()


def examined_probes() -> Iterator[tuple[str, Check]]:
    """Everything that `verify` shows of layers on which wiring, mixing, fields and the fast executor matter."""
    with catch_warnings():
        simplefilter("ignore")  # what is computed by a broken rule may be beyond float32
        for name, spec in EXAMINED:
            yield from examine(name, spec).checks.items()


def row_of(name: str, spec: LayerSpec) -> Trial:
    """What `compare` shows of one variant of one layer."""

    def trial() -> Iterator[tuple[str, Check]]:
        for row in compare_variants(spec, [name], verify=Verifier()).rows:
            yield from row.verified.checks.items() if row.verified else ()

    return trial


def small_network() -> Iterator[tuple[str, Check]]:
    """What `network` shows of a small one."""
    found = answer_program(read_program(NETWORK), Choices(), verify=NetworkVerifier()).verified
    for checks in [] if found is None else [found.seen, found.wiring.checks, *[layer.checks for layer in found.layers]]:
        yield from checks.items()


def noticed(trial: Trial) -> dict[str, Check]:
    """The checks of a trial that do not hold, the first of each name.

    >>> noticed(words_of_probes), noticed(small_network)
    ({}, {})
    """
    failed: dict[str, Check] = {}
    for name, found in trial():
        if found.ok is False:
            failed.setdefault(name, found)
    return failed


@contextmanager
def broken(rule: BrokenRule) -> Iterator[None]:
    """Put `rule` in place of the sound one for as long as the block runs, however it ends."""
    module, (*path, name) = import_module(f"convcost.{rule.module}"), rule.function.split(".")
    owner: Any = module
    for part in path:
        owner = getattr(owner, part)
    sound = getattr(owner, name)
    users = [owner] if path or sound.__module__ != module.__name__ else _users(name, sound)
    try:
        for user in users:
            setattr(user, name, lambda *args, **named: rule.broken(sound, *args, **named))
        yield
    finally:
        for user in users:
            setattr(user, name, sound)


def _users(name: str, sound: object) -> list[Any]:
    """Every module of the program that has this function under its name."""
    modules = [module for key, module in sys.modules.items() if key.startswith("convcost.")]
    return [module for module in modules if vars(module).get(name) is sound]


def run_selftest(rules: Iterable[BrokenRule]) -> list[Caught]:
    """Break each rule in turn and list the checks that notice."""
    _executed()  # with sound rules: building a graph asks for output sizes too
    results = []
    for rule in rules:
        with broken(rule):
            failed = noticed(rule.trial)
        sides = next(iter(failed.values()))[:2] if failed else (None, None)
        results.append(Caught(rule.name, [*failed], *sides))
    return results
