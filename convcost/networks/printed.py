"""What `print(model)` shows of a PyTorch model -> the graph, as far as the print says in which order layers are run.

A print has layers and no connections. The children of a Sequential are run in their order. Those of a class of
somebody's own are taken to be, and said to be, where what each gives fits the next, and where the class is the model
itself or has one layer with weights: a block with more of them may add, branch or repeat. From the first place on
where the order cannot be known, layers have their params and nothing else.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection
from math import prod
from typing import Any, NamedTuple

from ..graph.ops import Counted, Flatten, Graph, Node, Op, Shape
from ..graph.shapes import ShapeError, check_node, output_shape
from ..spec import SpecError
from ..spec.errors import Problem, clip
from ..variants.registry import AS_GIVEN, build_variant
from .build import UNPLACED, Missing, Network
from .input import read_shape
from .limits import MOST_OPERATIONS
from .primitives import make_primitive
from .printed_layers import (
    ANY_SIZE,
    Misfit,
    Module,
    Unplaced,
    convolution,
    counted_layer,
    first_layer,
    layer_params,
    layer_words,
    printed_arguments,
    written_shape,
)

#: Modules within modules: more is no model.
MOST_DEPTH = 60

_MODULE = re.compile(r"\s*(?:\(([^()]*)\): )?(?:(\d{1,6}) x )?([A-Za-z_][\w.]*)\((.*)")


class Printed(NamedTuple):
    """The network of a print, the same for an input of another shape, and what there is to say about it."""

    network: Network
    rebuild: Callable[[Shape], Network]
    notes: tuple[str, ...]


class Lost(NamedTuple):
    """Where the order was lost: the layer or module there, its class, why; whether something did not fit there."""

    where: str
    kind: str
    why: str
    is_misfit: bool = False


def printed_network(text: str, tokens: str, name: str = "printed model") -> Printed:
    """The network that was printed, on an input that `tokens` say.

    >>> found = printed_network("Sequential(\\n  (0): Linear(in_features=8, out_features=2, bias=True)\\n)", "@8")
    >>> found.network.graph.nodes[0].op, found.network.unknown
    (Linear(in_features=8, out_features=2, bias=True, shared=False), ())

    Raises SpecError for a print that is cut short, and where a Sequential's layers do not fit one another.
    """
    model = parse_printed(text)
    channels, axes = first_layer(model)
    shape, dtype = read_shape(tokens, channels, axes)
    walk = _Walk(shape, dtype)
    walk.run(model)

    def rebuild(smaller: Shape) -> Network:
        again = _Walk(smaller, dtype)
        again.run(model)
        return again.network(name)

    return Printed(walk.network(name), rebuild, walk.notes())


# -- the text ---------------------------------------------------------------------------------------------------------


def parse_printed(text: str) -> Module:
    """The tree of modules in a print.

    >>> found = parse_printed("Net(\\n  (a): 2 x ReLU()\\n  (b): Block(\\n    3, kernel=1\\n    (0): ReLU()\\n  )\\n)")
    >>> [(child.name, child.kind, child.arguments) for child in found.children]
    [('a.0', 'ReLU', ''), ('a.1', 'ReLU', ''), ('b', 'Block', '3, kernel=1')]
    """
    stack: list[tuple[str, int, str, list[str], list[Module], str]] = []
    top: list[Module] = []
    for line in text.splitlines():
        stripped = line.strip()
        if stripped == ")" and stack:
            name, times, kind, said, children, opened = stack.pop()
            _put(stack, top, Module(name, kind, ", ".join(said), tuple(children), opened), times)
            continue
        match = _MODULE.fullmatch(line)
        if match is None or (stack and match[1] is None):
            if stack and stripped:
                stack[-1][3].append(stripped)
            continue
        name, times, kind, rest = match[1] or "", int(match[2] or 1), match[3], match[4].rstrip().rstrip(",")
        if rest.count("(") + 1 == rest.count(")") and rest.endswith(")"):
            _put(stack, top, Module(name, kind, rest[:-1], (), line.strip()), times)
        elif len(stack) >= MOST_DEPTH:
            raise SpecError("modules are nested too deeply", "paste what print(model) shows", line)
        else:
            stack.append((name, times, kind, [rest] * bool(rest), [], stripped))
    if stack or len(top) != 1:
        what = "the print ends too early: a ) is missing" if stack else f"there are {len(top)} models in the print"
        raise SpecError(what, "paste all that print(model) shows, of one model")
    return top[0]


def _put(stack: list[Any], top: list[Module], module: Module, times: int) -> None:
    """Put a module into its parent, as often as it is there: `(0-3): 4 x Block(` stands for four."""
    siblings = stack[-1][4] if stack else top
    inside = sum(1 for _ in module.all()) if times > 1 else 1
    if times * inside > MOST_OPERATIONS or len(siblings) > MOST_OPERATIONS:
        raise SpecError(f"the print has more than {MOST_OPERATIONS:,} modules", "print a part of it")
    first = module.name.partition("-")[0]
    start = int(first) if first.isdigit() and len(first) < 7 else None
    for index in range(times):
        own = module.name if times == 1 else f"{module.name}.{index}" if start is None else str(start + index)
        siblings.append(module._replace(name=own))


# -- the walk ---------------------------------------------------------------------------------------------------------


class _Walk:
    """The graph so far; once the order is lost, layers and their params."""

    def __init__(self, shape: Shape, dtype: str) -> None:
        self.dtype = dtype
        self.nodes: list[Node] = []
        self.shapes: list[Shape] = [shape]
        self.lost: Lost | None = None
        self.unsaid: list[tuple[str, str]] = []
        self.assumed: list[str] = []
        self.flattened = False

    def run(self, model: Module) -> None:
        """The whole model."""
        self._module(model, "", free=False)
        if not self.nodes:
            raise SpecError("there is no layer in the print that does anything", self._way_out())

    def _module(self, module: Module, path: str, free: bool) -> None:
        """One module; `free` where a class of somebody's own is around it, which may do other things between."""
        if module.kind == "MultiheadAttention" and module.children:
            self.unsaid.append((path, module.kind))
            self.lost = self.lost or Lost(path, module.kind, f"what {module.kind} does is not known here")
        if not module.children or (module.arguments and "conv" in module.kind.lower()):
            self._leaf(module, path, free)
            return
        if not _in_order(module):
            free = True
            reason = _disorder(module, path)
            if reason and self.lost is None:
                self.lost = Lost(path, module.kind, reason)
            elif self.lost is None:
                self._assume(module, path)
                return
        for child in module.children:
            self._module(child, f"{path}.{child.name}".lstrip("."), free)

    def _assume(self, module: Module, path: str) -> None:
        """The children in their order; nothing of them holds if they do not fit."""
        nodes, shapes, unsaid = len(self.nodes), len(self.shapes), len(self.unsaid)
        self.assumed.append(module.kind)
        for child in module.children:
            self._module(child, f"{path}.{child.name}".lstrip("."), free=True)
        if self.lost is not None and self.lost.is_misfit:
            del self.nodes[nodes:], self.shapes[shapes:], self.unsaid[unsaid:]
            self.assumed.remove(module.kind)
            for child in module.children:
                self._module(child, f"{path}.{child.name}".lstrip("."), free=True)

    def _leaf(self, module: Module, path: str, free: bool) -> None:
        name = path or module.kind.lower()
        if self.lost is None:
            try:
                self._place(module, name, free)
                return
            except Unplaced as why:
                self.lost = Lost(name, module.kind, str(why))
            except (Misfit, Problem, ShapeError) as why:
                reason = why.message if isinstance(why, Problem) else str(why)
                if not free:
                    raise SpecError(f"{clip(name)}: {reason}", _fit(self.shapes[-1]), module.line, 0, 999) from None
                self.lost = Lost(name, module.kind, f"not all that reaches it is printed: {reason}", True)
        self._list(module, name)

    def _list(self, module: Module, name: str) -> None:
        """A layer whose place is not known, with its params."""
        params = layer_params(module)
        if params is None:
            self.unsaid.append((name, module.kind))
        elif params:
            self._add(Node(name, Counted(UNPLACED, (), params, moved=0, view=True), (0,)), ())

    def _place(self, module: Module, name: str, free: bool) -> None:
        kind, shape = module.kind.rpartition(".")[2], self.shapes[-1]
        if "conv" in kind.lower():
            self._convolve(module, name, shape)
            return
        said = printed_arguments(module.arguments)
        if kind == "Linear" and free and len(shape) > 2 and said.get(0, "in_features") == prod(shape[1:]):
            self._append(f"{name}.flatten", Flatten())
            shape, self.flattened = self.shapes[-1], True
        counted = counted_layer(kind, said, shape)
        if counted is not None:
            self._append(name, counted)
            return
        words = layer_words(kind, said, shape)
        for suffix, op in make_primitive(words[0], words[1:], shape) if words else ():
            self._append(name + suffix, op)

    def _convolve(self, module: Module, name: str, shape: Shape) -> None:
        try:
            channels = convolution(module, ANY_SIZE).in_channels
        except SpecError as error:
            raise Unplaced(error.message) from None
        if len(shape) < 3 or channels != shape[1]:
            raise Misfit(f"it takes {channels} channels, and gets {written_shape(shape)}")
        try:
            spec = convolution(module, shape[2:])
        except SpecError as error:
            raise Misfit(error.message) from None
        built = build_variant(AS_GIVEN, spec._replace(batch=shape[0], dtype=self.dtype))
        offset = len(self.nodes)
        for node in built[0].nodes:
            self._append(name, node.op, *[value + offset for value in node.inputs])

    def _append(self, name: str, op: Op, *inputs: int) -> None:
        node = Node(name, op, inputs or (len(self.nodes),))
        made = output_shape(op, [self.shapes[value] for value in node.inputs])
        check_node(node, [self.shapes[value] for value in node.inputs], made)
        self._add(node, made)

    def _add(self, node: Node, shape: Shape) -> None:
        if len(self.nodes) >= MOST_OPERATIONS:
            raise SpecError(f"the print has more than {MOST_OPERATIONS:,} operations", "print a part of it")
        self.nodes.append(node)
        self.shapes.append(shape)

    def network(self, name: str) -> Network:
        """The network, as far as it is known."""
        graph = Graph(self.shapes[0], self.dtype, tuple(self.nodes))
        return Network(name, "", graph, self.shapes, tuple(self._unknown()), params_complete=not self.unsaid)

    def _unknown(self) -> list[Missing]:
        """What is missing: what is behind the place where the order was lost, and modules that hide their weights.

        What is inside such a module is missing with it, and is no layer more.
        """
        found, hidden = [], {name for name, _ in self.unsaid}
        placeless = [n.name for n in self.nodes if type(n.op) is Counted and n.op.kind == UNPLACED]
        layers = [name for name in placeless if not _is_within(name, hidden)]
        lost, is_hidden = self.lost, self.lost is not None and _is_within(self.lost.where, hidden)
        if lost is not None and (layers or not is_hidden):
            first = layers[0] if is_hidden else lost.where or clip(lost.kind)
            reason = f"{lost.why}, for a print has no connections; {self._way_out()}"
            found.append(Missing("layer", max(len(layers), 1), first, reason))
        firsts = {kind: name for name, kind in reversed(self.unsaid)}
        for kind, count in Counter([kind for _, kind in self.unsaid]).items():
            why = f"{lost.why}; " if lost is not None and is_hidden and lost.where == firsts[kind] else ""
            reason = f"{why}params of it are not printed, and not counted; {self._way_out()}"
            found.append(Missing(clip(kind), count, firsts[kind] or clip(kind), reason))
        return found

    def _way_out(self) -> str:
        """What to give instead, on this input."""
        batch, *size = self.shapes[0]
        said = f"@{'x'.join(map(str, size))}" + f" n{batch}" * (batch != 1)
        return f"give the module itself (convcost network my_model.py:Net {said}) or an ONNX file of it"

    def notes(self) -> tuple[str, ...]:
        """What was taken for granted."""
        kinds = ", ".join(map(clip, dict.fromkeys(self.assumed)))
        notes = [f"the children of {kinds} are taken in the order printed"] if kinds else []
        if self.flattened:
            notes.append("a flatten is put before the linear layer, where its numbers fit")
        return (*notes, *["functions (F.relu, +) and params of a class itself are not in a print"] * bool(kinds))


def _is_within(name: str, modules: Collection[str]) -> bool:
    """Is it one of these modules, or inside of one? The model itself has no name."""
    parts = name.split(".")
    return any(".".join(parts[:end]) in modules for end in range(len(parts) + 1))


def _in_order(module: Module) -> bool:
    """Does PyTorch itself run the children one after another? Those of a Sequential, of whatever name, have numbers."""
    if module.kind in ("ModuleList", "ModuleDict"):
        return False
    return module.kind == "Sequential" or all(child.name.isdigit() for child in module.children)


def _disorder(module: Module, path: str) -> str:
    """Why the order of the children is not known; "" where it may be taken as printed."""
    if module.kind in ("ModuleList", "ModuleDict"):
        return f"in which order {module.kind} is run is not printed"
    weights = [part for part in module.all() if re.search(r"Conv\w*\dd|Linear|Embedding|LSTM|GRU|Attention", part.kind)]
    if path and len([part for part in weights if not part.children or part.arguments]) > 1:
        return f"how {clip(module.kind)} runs its layers is not printed"
    return ""


def _fit(shape: Shape) -> str:
    return f"what reaches it is {written_shape(shape)}; give the model's input with its channels, such as @3x32x32"
