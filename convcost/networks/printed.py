"""What `print(model)` shows of a PyTorch model -> the graph, as far as the print says in which order layers are run.

A print has layers and no connections. The children of a Sequential are run in their order. Those of a class of
somebody's own are taken to be, and said to be, where what each gives fits the next, and where the class is the model
itself or has one layer with weights: a block with more of them may add, branch or repeat. From the first place on
where the order cannot be known, layers have their params and nothing else.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from math import prod
from typing import Any, NamedTuple

from ..graph.ops import Counted, Flatten, Graph, Node, Op, Shape
from ..graph.shapes import ShapeError, check_node, output_shape
from ..spec import LayerSpec, SpecError, parse_spec
from ..spec.errors import Problem, clip
from ..variants.registry import AS_GIVEN, build_variant
from .build import UNPLACED, Missing, Network
from .input import read_shape
from .limits import MOST_OPERATIONS
from .primitives import PRIMITIVES, make_primitive

#: Modules within modules: more is no model.
MOST_DEPTH = 60

_MODULE = re.compile(r"\s*(?:\(([^()]*)\): )?(?:(\d{1,6}) x )?([A-Za-z_][\w.]*)\((.*)")
_WAY_OUT = "give the module itself (convcost network my_model.py:Net @3x224x224) or an ONNX file of it"


class Module(NamedTuple):
    """A module of the print: its name in its parent, its class, its arguments as printed, its children, its line."""

    name: str
    kind: str
    arguments: str
    children: tuple[Module, ...]
    line: str

    def all(self) -> Iterator[Module]:
        """It and everything inside it."""
        yield self
        for child in self.children:
            yield from child.all()


class Printed(NamedTuple):
    """The network of a print, the same for an input of another shape, and what there is to say about it."""

    network: Network
    rebuild: Callable[[Shape], Network]
    notes: tuple[str, ...]


class Unplaced(Exception):  # noqa: N818  no error: from here on the order is not known
    """Where a layer is run cannot be known, with the reason."""


def printed_network(text: str, tokens: str, name: str = "printed model") -> Printed:
    """The network that was printed, on an input that `tokens` say.

    >>> found = printed_network("Sequential(\\n  (0): Linear(in_features=8, out_features=2, bias=True)\\n)", "@8")
    >>> found.network.graph.nodes[0].op, found.network.unknown
    (Linear(in_features=8, out_features=2, bias=True), ())

    Raises SpecError for a print that is cut short, and where a Sequential's layers do not fit one another.
    """
    model = parse_printed(text)
    channels, axes = _first_layer(model)
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
            raise SpecError("modules are nested too deeply", "paste what print(model) shows", line, 0, len(line))
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


def _arguments(text: str) -> tuple[list[Any], dict[str, Any]]:
    """Values between parentheses, words among them as text; nothing is run."""
    try:
        call = ast.parse(f"f({text})", mode="eval").body
        if not isinstance(call, ast.Call) or len(text) > 2_000:
            raise Unplaced("its arguments cannot be read")
        named = {keyword.arg: _value(keyword.value) for keyword in call.keywords if keyword.arg}
        return [_value(value) for value in call.args], named
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
        raise Unplaced("its arguments cannot be read") from None


def _value(node: ast.expr) -> Any:
    return node.id if isinstance(node, ast.Name) else ast.literal_eval(node)


# -- single layers ----------------------------------------------------------------------------------------------------

#: Activations by their class, where it is not the name without its hyphens; a word of ours and its arguments.
_ACTIVATIONS = {
    "relu", "relu6", "leaky-relu", "elu", "selu", "gelu", "silu", "mish", "hardswish", "hardsigmoid", "sigmoid", "tanh",
}  # fmt: skip
_WORDS = {**{name.replace("-", ""): name for name in _ACTIVATIONS}, "swish": "silu", "softmax": "softmax"}

#: Classes that do nothing in evaluation.
_NOTHING = re.compile(r"(Identity|(Feature)?(Alpha)?Dropout\w*|DropPath|StochasticDepth)")

_NORM = re.compile(r"(Sync)?BatchNorm(\dd)?|BatchNormAct2d")


def _words(kind: str, given: list[Any], named: dict[str, Any], shape: Shape) -> tuple[str, tuple[str, ...]] | None:
    """The word of a network file for a layer that is no convolution, and those behind it; None where it does nothing.

    Raises Unplaced where there is none.
    """
    axes = len(shape) - 2

    def argument(place: int, name: str, default: Any = None) -> Any:
        return named.get(name, given[place] if place < len(given) else default)

    def sizes(value: Any) -> str:
        return "x".join(map(str, value)) if isinstance(value, (tuple, list)) else str(value)

    lower = kind.lower()
    if _NOTHING.fullmatch(kind) or (_NORM.fullmatch(kind) and not argument(3, "affine", True)):
        return None
    if lower in _WORDS:
        return _WORDS[lower], ()
    if _NORM.fullmatch(kind):
        return "batch-norm", ()
    if kind == "Linear":
        bias = ("bias",) * bool(argument(2, "bias", True))
        if argument(0, "in_features") != prod(shape[1:]):
            raise Unplaced(f"it takes {argument(0, 'in_features')} numbers, and gets {_shown(shape)}")
        return "linear", (str(argument(1, "out_features")), *bias)
    if kind == "Flatten" and argument(0, "start_dim", 1) == 1 and argument(1, "end_dim", -1) in (-1, len(shape) - 1):
        return "flatten", ()
    if pool := re.fullmatch(r"(Max|Avg)Pool(\d)d", kind):
        kernel = argument(0, "kernel_size")
        stride = argument(1, "stride", None) or kernel
        padding, dilation = argument(2, "padding", 0), argument(3, "dilation", 1) if pool[1] == "Max" else 1
        ceil = ("ceil",) * bool(named.get("ceil_mode", False))
        dilated = () if dilation in (1, (1,) * axes) else (f"d{sizes(dilation)}",)
        return f"{pool[1].lower()}-pool", (
            f"k{sizes(kernel)}", f"s{sizes(stride)}", f"p{sizes(padding)}", *dilated, *ceil
        )  # fmt: skip
    if pool := re.fullmatch(r"Adaptive(Max|Avg)Pool(\d)d", kind):
        size = argument(0, "output_size")
        each = tuple(size) if isinstance(size, (tuple, list)) else (size,) * axes
        full = [given_size if n is None else n for n, given_size in zip(each, shape[2:])]
        return f"adaptive-{'max' if pool[1] == 'Max' else 'average'}-pool", ("x".join(map(str, full)),)
    if kind == "GroupNorm":
        return "group-norm", (str(argument(0, "num_groups")),)
    if kind == "PReLU":
        return "prelu", () if argument(0, "num_parameters", 1) != 1 else ("shared",)
    if kind == "PixelShuffle":
        return "pixel-shuffle", (str(argument(0, "upscale_factor")),)
    if kind.startswith("Upsample"):
        factor = argument(1, "scale_factor")
        return "upsample", (f"{float(factor):g}", str(argument(2, "mode", "nearest")))
    if kind in ("LayerNorm2d",) or (kind == "LayerNorm" and len(shape) == 2):
        return "layer-norm", ()
    raise Unplaced(f"what a {clip(kind)} does is not known here")


def _params(module: Module) -> int | None:
    """Learned numbers of a layer without children, wherever it stands; None where the print does not say them."""
    kind = module.kind.rpartition(".")[2]
    if "conv" in kind.lower():
        spec = _convolution(module, 10**6)
        kernel = spec.out_channels * spec.in_channels // spec.groups * prod(spec.kernel_size)
        return kernel + spec.out_channels * bool(spec.bias)
    given, named = _arguments(module.arguments)
    affine = named.get("affine", named.get("elementwise_affine", True))
    first = next(iter([*given, *named.values()]), 0)
    if kind == "Linear" or kind == "NonDynamicallyQuantizableLinear":
        sizes = [*given, *[named[name] for name in ("in_features", "out_features") if name in named]]
        return int(sizes[0]) * int(sizes[1]) + int(sizes[1]) * bool(named.get("bias", True))
    if _NORM.fullmatch(kind) or kind.startswith("InstanceNorm"):
        return 2 * int(first) * bool(named.get("affine", not kind.startswith("Instance")))
    if kind == "GroupNorm":
        return 2 * int(given[1] if len(given) > 1 else named["num_channels"]) * bool(affine)
    if kind in ("LayerNorm", "LayerNorm2d", "RMSNorm"):
        size = prod(first) if isinstance(first, (tuple, list)) else int(first)
        return size * (1 if kind == "RMSNorm" else 1 + bool(named.get("bias", True))) * bool(affine)
    if kind == "PReLU":
        return int(named.get("num_parameters", given[0] if given else 1))
    if kind == "Embedding":
        return int(given[0]) * int(given[1])
    free = (
        kind.lower() in _WORDS or _NOTHING.fullmatch(kind) or re.search(r"Pool|Flatten|Pad|Upsample|Shuffle|Soft", kind)
    )
    return 0 if free else None


def _convolution(module: Module, size: int | Shape) -> LayerSpec:
    """The spec of a convolution as it is printed, on an input of that size."""
    text = f"{size}" if isinstance(size, int) else "x".join(map(str, size))
    return parse_spec(f"{module.kind}({module.arguments}) @{text}")


def _first_layer(model: Module) -> tuple[int | None, int | None]:
    """Channels and axes that the first layer with weights takes, as far as its line says them."""
    for module in model.all():
        kind = module.kind.rpartition(".")[2]
        try:
            if "conv" in kind.lower() and module.arguments:
                spec = _convolution(module, 10**6)
                return spec.in_channels, len(spec.kernel_size)
            if kind == "Linear":
                given, named = _arguments(module.arguments)
                return int(named.get("in_features", given[0] if given else 0)) or None, 0
        except (SpecError, Unplaced, ValueError, TypeError):
            return None, None
    return None, None


def _shown(shape: Shape) -> str:
    return "x".join(map(str, shape[1:]))


# -- the walk ---------------------------------------------------------------------------------------------------------


class _Walk:
    """The graph so far; once the order is lost, layers and their params."""

    def __init__(self, shape: Shape, dtype: str) -> None:
        self.dtype = dtype
        self.nodes: list[Node] = []
        self.shapes: list[Shape] = [shape]
        self.lost: tuple[str, str, str] | None = None  # where, the class there, why
        self.unsaid: list[tuple[str, str]] = []
        self.assumed: list[str] = []
        self.flattened = False

    def run(self, model: Module) -> None:
        """The whole model."""
        self._module(model, "", free=False)
        if not self.nodes:
            raise SpecError("there is no layer in the print that does anything", _WAY_OUT)

    def _module(self, module: Module, path: str, free: bool) -> None:
        """One module; `free` where a class of somebody's own is around it, which may do other things between."""
        if not module.children or (module.arguments and "conv" in module.kind.lower()):
            self._leaf(module, path, free)
            return
        if not _in_order(module):
            free = True
            reason = _disorder(module, path)
            if reason and self.lost is None:
                self.lost = (path, module.kind, reason)
            elif self.lost is None:
                self._assume(module, path)
                return
        for child in module.children:
            self._module(child, f"{path}.{child.name}".lstrip("."), free)

    def _assume(self, module: Module, path: str) -> None:
        """The children in their order; nothing of them holds if they do not fit."""
        nodes, shapes = len(self.nodes), len(self.shapes)
        self.assumed.append(module.kind)
        for child in module.children:
            self._module(child, f"{path}.{child.name}".lstrip("."), free=True)
        if self.lost is not None and self.lost[2].startswith("it takes"):
            del self.nodes[nodes:], self.shapes[shapes:]
            self.assumed.remove(module.kind)
            for child in module.children:
                self._module(child, f"{path}.{child.name}".lstrip("."), free=True)

    def _leaf(self, module: Module, path: str, free: bool) -> None:
        name = path or module.kind.lower()
        if self.lost is None:
            try:
                self._place(module, name, free)
                return
            except (Unplaced, Problem, ShapeError, SpecError) as why:
                reason = why.message if isinstance(why, (Problem, SpecError)) else str(why)
                if not free and not isinstance(why, Unplaced):
                    raise SpecError(f"{clip(name)}: {reason}", _fit(self.shapes[-1]), module.line, 0, 999) from None
                fits = not isinstance(why, (Problem, ShapeError)) and "takes" not in reason
                self.lost = (name, module.kind, reason if fits else f"it takes something else than {_now(self)}")
        self._list(module, name)

    def _list(self, module: Module, name: str) -> None:
        """A layer whose place is not known, with its params."""
        try:
            params = _params(module)
        except (Unplaced, SpecError, ValueError, TypeError, KeyError, IndexError):
            params = None
        if params is None:
            self.unsaid.append((name, module.kind))
        elif params:
            self._add(Node(name, Counted(UNPLACED, (), params, moved=0, view=True), (0,)), ())

    def _place(self, module: Module, name: str, free: bool) -> None:
        kind, shape = module.kind.rpartition(".")[2], self.shapes[-1]
        if "conv" in kind.lower():
            self._convolve(module, name, shape)
            return
        given, named = _arguments(module.arguments)
        wanted = named.get("in_features", given[0] if given else 0)
        if kind == "Linear" and free and len(shape) > 2 and wanted == prod(shape[1:]):
            self._append(f"{name}.flatten", Flatten())
            shape, self.flattened = self.shapes[-1], True
        word = _words(kind, given, named, shape)
        if word is None:
            return
        if word[0] not in PRIMITIVES:
            raise Unplaced(f"what a {clip(kind)} does is not known here")
        for suffix, op in make_primitive(word[0], word[1], shape):
            self._append(name + suffix, op)

    def _convolve(self, module: Module, name: str, shape: Shape) -> None:
        if len(shape) < 3:
            raise Problem("there is no size left for a convolution", "")
        spec = _convolution(module, shape[2:])
        if spec.in_channels != shape[1]:
            raise Problem(f"it takes {spec.in_channels} channels, and gets {shape[1]}", "")
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
        return Network(name, "", graph, self.shapes, tuple(self._unknown()))

    def _unknown(self) -> list[Missing]:
        """What is missing: what is behind the place where the order was lost, and modules that hide their weights."""
        found = []
        if self.lost is not None:
            where, kind, why = self.lost
            count = sum([type(n.op) is Counted and n.op.kind == UNPLACED for n in self.nodes])
            reason = f"{why}, for a print has no connections; {_WAY_OUT}"
            found.append(Missing("layer", max(count, 1), where or clip(kind), reason))
        for name, kind in self.unsaid:
            found.append(Missing(clip(kind), 1, name, f"its params are not printed, and not counted; {_WAY_OUT}"))
        return found

    def notes(self) -> tuple[str, ...]:
        """What was taken for granted."""
        kinds = ", ".join(map(clip, dict.fromkeys(self.assumed)))
        notes = [f"the children of {kinds} are taken in the order printed"] if kinds else []
        if self.flattened:
            notes.append("a flatten is put before the linear layer, where its numbers fit")
        return (*notes, *["functions such as F.relu or + are not in a print"] * bool(kinds))


def _in_order(module: Module) -> bool:
    """Does PyTorch itself run the children one after another? Those of a Sequential, of whatever name, have numbers."""
    if module.kind in ("ModuleList", "ModuleDict"):
        return False
    return module.kind == "Sequential" or all(child.name.isdigit() for child in module.children)


def _disorder(module: Module, path: str) -> str:
    """Why the order of the children is not known; "" where it may be taken as printed."""
    if module.kind in ("ModuleList", "ModuleDict"):
        return f"in which order a {module.kind} is run is not printed"
    weights = [part for part in module.all() if re.search(r"Conv\w*\dd|Linear|Embedding|LSTM|GRU|Attention", part.kind)]
    if path and len([part for part in weights if not part.children or part.arguments]) > 1:
        return f"how a {clip(module.kind)} runs its layers is not printed"
    return ""


def _fit(shape: Shape) -> str:
    return f"what reaches it is {_shown(shape)}; give the model's input with its channels, such as @3x32x32"


def _now(walk: _Walk) -> str:
    return f"the {_shown(walk.shapes[-1])} that reaches it"
