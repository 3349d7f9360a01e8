"""Program -> Graph: every line written out in primitive operations, blocks and repetitions included."""

from __future__ import annotations

import re
from typing import Any

from ..graph import ops
from ..graph.builder import inline
from ..graph.shapes import ShapeError, check_node, output_shape
from ..spec.errors import Problem, clip
from ..spec.fields import DIGITS, LIMIT, Values
from ..spec.layer import LayerSpec
from ..spec.records import NamedTuple
from ..variants.registry import Built
from .errors import NetworkError
from .input import Choices, choose_input, choose_multipliers, located
from .layers import build_layer, is_token, layer_names, layer_spec
from .limits import ALIVE_A_CHARACTER, MOST_ALIVE, MOST_NAMED, MOST_OPERATIONS, alive_in_all, most_words, teller
from .lines import Block, Line, Program
from .numbers import Ratio
from .primitives import PRIMITIVES, make_primitive
from .scope import Scope, block_arguments, repeated_ops

__all__ = ["Choices", "Network", "build_network"]

#: Blocks within blocks: more is no network but an attack.
MOST_DEPTH = 50

#: The kind of a layer that is listed with its params, and whose place in the network is not known.
UNPLACED = "unplaced"

_REPEATS = re.compile(r"r[0-9]+")

#: Words that other programs use for an operation, as patterns, and ours.
_ELSEWHERE = (
    (r"(transposed?[-_]?|de)conv\w*|conv([123]d)?[-_]?t(ranspose\w*)?", "standard … t"),
    (r"(dw|depthwise)[-_]?conv\w*", "depthwise"),
    (r"conv(olve|olution(al)?|olv|)([123]d)?", "standard"),
    (r"(fc|dense|fully[-_]connected)", "linear"),
    (r"(bn|batch[-_]?norm\w*)", "batch-norm"),
    (r"(max[-_]?)?pool(ing)?([123]d)?", "max-pool"),
    (r"(average|mean)[-_]?pool(ing)?([123]d)?", "avg-pool"),
    (r"gap|global[-_]pool(ing)?", "global-average-pool"),
    (r"cat|concatenate", "concat"),
    (r"sum|plus", "add"),
    (r"mul|times", "multiply"),
)


class Missing(NamedTuple):
    """Operations of one kind that were not counted: how many, the first of them, and why."""

    op: str
    count: int  # type: ignore[assignment]  # the word of every answer; what a tuple counts is nobody's question here
    first: str
    reason: str


class Network(NamedTuple):
    """A network: whence it comes, its graph, the shape of every value, and how far its numbers hold.

    `unknown` are the operations that are not counted, `params_complete` whether their params are; `upper_bound`: a
    branch depends on data, and the one with more MACs is counted. `facts` are what its file says of its modules.
    `worked_out` are params that are not learned but worked out of learned ones, which the file has not.
    """

    name: str
    source: str
    graph: ops.Graph
    shapes: list[ops.Shape]
    unknown: tuple[Missing, ...] = ()
    upper_bound: bool = False
    params_complete: bool = True
    facts: tuple[str, ...] | None = None
    worked_out: int = 0


def build_network(program: Program, choices: Choices = Choices()) -> Network:  # noqa: B008  immutable
    """The network that a file describes.

    >>> from .program import read_program
    >>> program = read_program("input 3 @32\\nstandard 8 k3 s2 norm relu\\nadd from in in")
    >>> [node.name for node in build_network(program).graph.nodes]
    ['standard', 'standard.norm', 'standard.activation', 'add']

    Raises NetworkError, at the line and word, where something does not fit.
    """
    return _Assembly(program, choices).network()


class _Assembly:
    """The graph so far."""

    def __init__(self, program: Program, choices: Choices) -> None:
        self.program = program
        self.norm = choices.norm
        self.multipliers = choose_multipliers(program, choices)
        width = self.multipliers.get("width")
        self.sized = width.marks.read if isinstance(width, Ratio) else _as_it_is
        shape, self.dtype = choose_input(program, choices.tokens)
        self.shapes: list[ops.Shape] = [choices.reduced or shape]
        self.written = self.depth = self.before = self.named = 0
        written = [line for block in program.blocks.values() for line in block.lines]
        self.characters = sum([len(line.text) + 1 for line in (*program.lines, *written)])
        self.tell = teller("operations read")
        self.nodes: list[ops.Node] = []
        self.layers = frozenset(layer_names())
        self.repeated = {name: repeated_ops(block.lines) for name, block in program.blocks.items()}
        self._built: dict[tuple[str, LayerSpec], Built] = {}

    def network(self) -> Network:
        try:
            self._run(self.program.lines, Scope("", 0, {}, repeated_ops(self.program.lines)))
        finally:
            self.tell(-1)
        graph = ops.Graph(self.shapes[0], self.dtype, tuple(self.nodes))
        if not self.nodes:
            raise NetworkError("without BatchNorm nothing is left", "add a layer", "", (0, 0), self.program.file, 0)
        if alive_in_all(graph) > MOST_ALIVE + ALIVE_A_CHARACTER * self.characters:
            hint = "read outputs sooner after they are made"
            raise NetworkError("too many outputs are kept for later", hint, "", (0, 0), self.program.file, 0)
        return Network(self.program.file, self.program.source, graph, self.shapes, facts=self.program.facts)

    def _run(self, lines: tuple[Line, ...], scope: Scope) -> None:
        for line in lines:
            name, before = scope.name(line), len(self.nodes)
            scope.last = self._line(line, name, scope)
            if line.name:
                if line.name in scope.values:
                    problem = Problem(f"a second line named {clip(line.name)!r}", "give it another name")
                    raise self.program.error(line, problem, -1)
                scope.values[line.name] = scope.last
                scope.made[line.name] = [
                    node.op for node in self.nodes[before:] if type(node.op) in (ops.Conv, ops.Linear)
                ]

    def _line(self, line: Line, name: str, scope: Scope) -> int:
        """Write out one line and give the number of its value."""
        self._count(line)
        if line.call:
            return self._module(line, name, self._inputs(line, scope))
        op, blocks = line.op, self.program.blocks
        if not (op in blocks or op in self.layers or op in PRIMITIVES or op == "shortcut"):
            raise self.program.error(line, self._unknown(op))
        inputs = self._inputs(line, scope)
        channels = self.shapes[scope.values["in"]][1]
        words, of = self._shared(line, scope.words(self.program, line, channels, self.multipliers), scope)
        if op in blocks:
            return self._call(line, blocks[op], words, name, inputs[0])
        if op in self.layers:
            return self._again(line, of, self._layers(line, words, name, inputs[0]))
        if op == "shortcut":
            return self._shortcut(line, words, name, inputs[0], scope)
        return self._again(line, of, self._primitive(line, words, name, inputs))

    def _shared(self, line: Line, words: list[str], scope: Scope) -> tuple[list[str], list[ops.Op] | None]:
        """The words without `share NAME`, and the operations of that line that have weights."""
        self.before = len(self.nodes)
        if "share" not in words:
            return words, None
        at = words.index("share")
        if line.op in self.program.blocks or line.op == "shortcut":
            problem = Problem(f"{clip(line.op)} has no weights to share", "share stands on a layer, or on linear")
            raise self.program.error(line, problem, at + 1)
        if len(words) < at + 2 or words[at + 1] not in scope.made:
            hint = f"such as: share NAME; with weights there are: {', '.join(map(clip, [*scope.made][:12])) or 'none'}"
            raise self.program.error(line, Problem("share needs the name of a line before this one", hint), at + 1)
        return words[:at] + words[at + 2 :], scope.made[words[at + 1]]

    def _again(self, line: Line, of: list[ops.Op] | None, value: int) -> int:
        """Let the convolutions and matrix products of a line have the weights of another's, which are as many."""
        if of is None:
            return value
        made = [i for i in range(self.before, len(self.nodes)) if type(self.nodes[i].op) in (ops.Conv, ops.Linear)]
        for number, index in enumerate(made):
            op: Any = self.nodes[index].op
            if not of or weights_of(of[number % len(of)]) != weights_of(op):
                problem = Problem("its weights have another shape", "share a line with the same channels and kernel")
                raise self.program.error(line, problem)
            self.nodes[index] = self.nodes[index]._replace(op=op._replace(shared=True))
        return value

    def _count(self, line: Line) -> None:
        """One line more, or one repetition of it, is written out."""
        made = len(self.nodes)
        self.written += 4 + len(line.words) + len(line.inputs)
        self.tell(made)
        if self.written > most_words(made, self.characters):
            hint = "use fewer repetitions, or fewer blocks within blocks"
            raise self.program.error(line, Problem("with its blocks written out the file is too long", hint))

    def _unknown(self, op: str) -> Problem:
        from difflib import get_close_matches

        known = [*PRIMITIVES, *sorted(self.layers), *self.program.blocks, "shortcut"]
        meant = [word for pattern, word in _ELSEWHERE if re.fullmatch(pattern, op.lower())]
        near = meant or get_close_matches(op, known, cutoff=0.7)
        hint = f"did you mean {near[0]}?" if near else "an operation is a variant, such as standard, or max-pool, add …"
        return Problem(f"unknown operation {clip(op)!r}", hint)

    def _inputs(self, line: Line, scope: Scope) -> list[int]:
        known = PRIMITIVES.get(line.op)
        least, most = known.inputs if known else (1, 1)
        if not line.inputs and least == 1:
            return [scope.last]
        for number, name in enumerate(line.inputs, 1):
            if name not in scope.values:
                hint = f"known here: {', '.join(map(clip, [*scope.values][:12]))}"
                problem = Problem(f"no line before this one is named {clip(name)!r}", hint)
                raise self.program.error(line, problem, len(line.words) + number)
        given = [scope.values[name] for name in line.inputs] or [scope.last]
        if not least <= len(given) <= most:
            wanted = "one input" if most == 1 else "two inputs" if most == 2 else "two inputs or more"
            example = line.op if most == 1 else f"{line.op} from A B, where in is the block's input"
            raise self.program.error(line, Problem(f"{clip(line.op)} takes {wanted}", f"write: {example}"))
        return given

    def _repeats(self, line: Line, words: list[str]) -> tuple[int, list[str]]:
        """How often the line says that it is repeated, and its other words."""
        found = [number for number, word in enumerate(words, 1) if _REPEATS.fullmatch(word)]
        if not found:
            return 1, words
        digits = words[found[-1] - 1][1:]
        if len(found) > 1 or len(digits) > len(str(MOST_OPERATIONS)) or not 0 < int(digits) <= MOST_OPERATIONS:
            problem = Problem(f"one repetition of 1 to {MOST_OPERATIONS:,} is possible", "such as r3: three times")
            raise self.program.error(line, problem, found[-1])
        return int(digits), [word for word in words if not _REPEATS.fullmatch(word)]

    def _layers(self, line: Line, words: list[str], name: str, value: int) -> int:
        repeats, words = self._repeats(line, words)
        for number in range(1, repeats + 1):
            spec: LayerSpec | None = None
            said: Values = {}
            try:
                spec = self.sized(layer_spec(line.op, words, line.flags, self.shapes[value], self.dtype, said))
                if number > 1:
                    self._count(line)
                    spec = spec._replace(stride=(1,) * spec.axes)
                built = self._build(line.op, spec if self.norm else spec._replace(norm=False))
            except Problem as problem:
                if spec is not None:
                    raise self.program.error(line, problem) from None
                tokens = [
                    at for at, word in enumerate(line.words) if at and is_token(word) and not self._aside(line, at)
                ]
                raise located(self.program, line, problem, said, tuple(tokens)) from None
            value = self._inline(line, built, value, name if repeats == 1 else f"{name}.{number}")
        return value

    def _module(self, line: Line, name: str, inputs: list[int]) -> int:
        """A line of a framework: a convolution, an operation that has words here, or nothing."""
        from .calls import read_module

        try:
            found = read_module(line.call, self.shapes[inputs[0]], self.dtype)
            if isinstance(found, list):
                as_ours = line._replace(words=tuple(found), call="")
                return self._primitive(as_ours, found[1:], name, inputs) if found else inputs[0]
            return self._inline(line, self._build(found.variant, found.spec), inputs[0], name)
        except Problem as problem:
            raise self.program.error(line, problem) from None

    def _aside(self, line: Line, at: int) -> bool:
        """Is that word none of the spec: a repetition, or whose weights it has?"""
        return _repeats(line.words[at]) or "share" in line.words[max(1, at - 1) : at + 1]

    def _build(self, op: str, spec: LayerSpec) -> Built:
        """Networks repeat their layers: each distinct one is built once; sizes that are formulas have no hash."""
        try:
            known = self._built.get((op, spec))
        except TypeError:
            return build_layer(op, spec)
        if known is None:
            known = self._built[op, spec] = build_layer(op, spec)
        return known

    def _inline(self, line: Line, built: Built, value: int, name: str) -> int:
        """Append a variant's graph; where it is a single convolution, that one has the line's own name."""
        nodes = built.graph.nodes
        self._check_room(line, len(nodes), name)
        lead = nodes[0].name
        start = len(lead) if all([node.name.startswith(lead) for node in nodes]) else 0
        self.shapes += built.shapes[1:]
        return inline(self.nodes, built.graph, value, lambda own: name + (own[start:] if start else f".{own}"))

    def _check_room(self, line: Line, more: int, name: str) -> None:
        self.named += more * len(name)
        if len(self.nodes) + more > MOST_OPERATIONS:
            problem = Problem(f"more than {MOST_OPERATIONS:,} operations", "use fewer repetitions")
            raise self.program.error(line, problem)
        if self.named > MOST_NAMED:
            problem = Problem("with its blocks written out its names are too long", "use shorter names of blocks")
            raise self.program.error(line, problem)

    def _primitive(self, line: Line, words: list[str], name: str, inputs: list[int]) -> int:
        given = [self.shapes[value] for value in inputs]
        try:
            made = make_primitive(line.op, tuple(words), given[0])
        except Problem as problem:
            word = int(problem.fields[0]) + 1 if problem.fields and problem.fields[0].isdigit() else 0
            raise self.program.error(line, problem, min(word, len(line.words) - 1)) from None
        if type(made[0][1]) is ops.BatchNorm and not self.norm:
            return inputs[0]
        for suffix, each in made:
            inputs = [self._append(line, name + suffix, self.sized(each), inputs)]
        return inputs[0]

    def _append(self, line: Line, name: str, op: ops.Op, inputs: list[int]) -> int:
        self._check_room(line, 1, name)
        node, given = ops.Node(name, op, tuple(inputs)), [self.shapes[value] for value in inputs]
        try:
            out = output_shape(op, given)
            check_node(node, given, out)
        except ShapeError as error:
            problem = Problem(str(error).removeprefix(f"{name}: "), "the shapes of its inputs must fit")
            raise self.program.error(line, problem) from None
        if any([size >= LIMIT for size in out]):
            raise self.program.error(line, Problem(f"a size of more than {DIGITS} digits", "make the layers smaller"))
        self.nodes.append(node)
        self.shapes.append(out)
        return len(self.nodes)

    def _shortcut(self, line: Line, words: list[str], name: str, value: int, scope: Scope) -> int:
        """The block's input added where the shapes agree, nothing otherwise (Sandler et al. 2018)."""
        if words or not scope.prefix:
            problem = Problem("shortcut stands in a block, alone", "it adds the block's input where the shapes agree")
            raise self.program.error(line, problem)
        start = scope.values["in"]
        if self.shapes[start] != self.shapes[value]:
            return value
        return self._append(line, name, ops.Add(), [value, start])

    def _call(self, line: Line, block: Block, words: list[str], name: str, value: int) -> int:
        repeats, words = self._repeats(line, words)
        arguments = block_arguments(self.program, line, block, words)
        self.depth += 1
        if self.depth > MOST_DEPTH:
            problem = Problem(f"blocks nest more than {MOST_DEPTH} deep", "a block cannot call itself")
            raise self.program.error(line, problem)
        for number in range(1, repeats + 1):
            if number > 1 and "stride" in arguments:
                arguments = {**arguments, "stride": "1"}
            before = len(self.nodes)
            prefix = f"{name}." if repeats == 1 else f"{name}.{number}."
            scope = Scope(prefix, value, arguments, self.repeated[block.name])
            self._run(block.lines, scope)
            value = scope.last
            if len(self.nodes) == before:  # or ten thousand times nothing would take its time, and blocks nest
                break
        self.depth -= 1
        return value


def _as_it_is(value: Any) -> Any:
    return value


def weights_of(op: Any) -> tuple[object, ...]:
    """The shape of what a convolution or a matrix product learns."""
    if type(op) is ops.Conv:
        return op.in_channels, op.out_channels, op.kernel_size, op.groups, op.bias, op.transposed
    return op.in_features, op.out_features, op.bias


def _repeats(word: str) -> bool:
    return bool(_REPEATS.fullmatch(word))
