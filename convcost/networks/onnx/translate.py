"""A model with its shapes -> the graph, operation by operation, and a list of what could not be counted."""

from __future__ import annotations

import re
from functools import cache
from math import prod
from typing import Any, NamedTuple

from ...analysis import cost
from ...graph.ops import Activation, Add, BatchNorm, Concat, Conv, Counted, Linear, Node, Op, Shape
from ...graph.ops import Split as SplitOp
from ...graph.shapes import ShapeError, check_node, output_shape
from ...spec.errors import visible
from .rules import LEARNED, RULES, WEIGHTS
from .values import Call, Count, Root, Unknown, Value
from .wire import Malformed

#: More operations than any model has that is looked at as a table.
MOST_OPERATIONS = 50_000

#: Largest tensor: its axes (NumPy has as many), and how many numbers are in it.
MOST_AXES, MOST_NUMBERS = 64, 10**60

#: Largest count of one operation. What is made of it, as often as loops run, still has a quotient that is a float.
MOST_COUNTED = 10**200

#: Element types of what can be learned: the floats, 8 and 4 bits, 32 bits where they are a quantised bias.
LEARNABLE = frozenset((1, 2, 3, 6, 10, 11, 16, *range(17, 32)))

#: Longest name that is shown.
LONGEST_NAME = 120


class Missing(NamedTuple):
    """Operations of one kind that were not counted: how many, the first of them, and why."""

    op: str
    count: int  # type: ignore[assignment]  # the word of every answer; what a tuple counts is nobody's question here
    first: str
    reason: str


class Scope:
    """The values of a graph by name, and those of the graphs around it."""

    def __init__(self, graph: Any, outer: Scope | None = None, prefix: str = "", times: int = 1) -> None:
        self.values: dict[str, Value] = {}
        self.outer = outer
        self.prefix = prefix
        self.times = times
        self.shapes = {v.name: known_shape(v) for v in (*graph.input, *graph.value_info, *graph.output)}
        self.used = {name for node in graph.node for name in node.input} | {v.name for v in graph.output}

    def find(self, name: str) -> Value:
        """The value of that name; Malformed where nothing has made it yet."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.values:
                return scope.values[name]
            scope = scope.outer
        raise Malformed(f"{show_name(name)!r} is read before it is made: the graph goes in circles, or is not in order")


class Translator:
    """The graph so far."""

    def __init__(self, input_shape: Shape) -> None:
        self.nodes: list[Node] = []
        self.shapes: list[Shape] = [input_shape]
        self.counted: set[str] = set()
        self.unknown: dict[tuple[str, str], Missing] = {}

    def body(self, graph: Any, scope: Scope) -> None:
        """Every operation of a graph, its inputs being in `scope` already."""
        for tensor in graph.initializer:
            scope.values[tensor.name] = constant(f"{scope.prefix}{tensor.name}", tensor)
        for sparse in graph.sparse_initializer:
            scope.values[sparse.values.name] = constant(f"{scope.prefix}{sparse.values.name}", sparse.values)
        for node in graph.node:
            self.node(node, scope)

    def node(self, node: Any, scope: Scope) -> None:
        """One operation: folded if it computes with constants alone, else counted."""
        from .control import CONTROL

        op = node.op_type if node.domain in ("", "ai.onnx") else f"{node.domain}.{node.op_type}"
        inputs = [scope.find(name) if name else None for name in node.input]
        name = scope.prefix + (node.name or next((o for o in node.output if o), "") or op)
        attributes = {attribute.name: attribute for attribute in node.attribute}
        out = scope.shapes.get(node.output[0]) if node.output else None
        if op in CONTROL:
            CONTROL[op](self, scope, node, name, Call(op, attributes, inputs, out))
        elif op in ("Shape", "Size") or (
            (op in RULES or op == "Constant") and all(v is None or v.constant for v in inputs)
        ):
            self._fold(node, scope, Call(op, attributes, inputs, out))
        else:
            self._count(node, scope, name, Call(op, attributes, inputs, out))

    def _fold(self, node: Any, scope: Scope, call: Call) -> None:
        """What depends on constants alone is computed once and costs nothing; the weights in it stay known."""
        if call.op == "Constant" and "value" in call.attributes:
            tensor = call.attributes["value"].t
            scope.values[node.output[0]] = constant(f"{scope.prefix}{node.output[0]}", tensor)
            return
        for name in filter(None, node.output):
            shape, roots = scope.shapes.get(name), _roots(call)
            if call.op == "ConstantOfShape" and shape is not None:
                value = call.attributes.get("value")
                learnable = value is None or value.t.data_type in LEARNABLE
                roots = ((f"{scope.prefix}{name}", prod(shape)),) if learnable else ()
            data = call.inputs[0].data if call.op in ("Identity", "Cast") and call.inputs[0] else None
            scope.values[name] = Value(shape, None, True, () if call.op in ("Shape", "Size") else roots, data)

    def _count(self, node: Any, scope: Scope, name: str, call: Call) -> None:
        try:
            if call.op not in RULES:
                raise Unknown("there is no rule for it")
            count = _apply(call)
        except Unknown as why:
            self.missing(call.op, name, str(why))
            count = Count()
        outputs = list(node.output)
        if call.op == "Split":
            self._split(outputs, scope, name, call)
            return
        main = self.emit(name, call, count, scope.times)
        for number, output in enumerate(outputs):
            shape = scope.shapes.get(output)
            if not output or (number and output not in scope.used):
                continue
            if number:
                main = None if shape is None else self.extra(f"{name}.{number}", call, shape, scope.times)
            scope.values[output] = Value(shape, main)

    def _split(self, outputs: list[str], scope: Scope, name: str, call: Call) -> None:
        """Each part shows the input; parts of the channels are the primitive's."""
        axis, start = call.integer("axis", 0), 0
        for number, output in enumerate(outputs):
            shape = scope.shapes.get(output)
            along = shape is not None and len(shape) > 1 and axis in (1, 1 - len(shape))
            stop = start + shape[1] if shape is not None and along else start
            op = SplitOp(start, stop) if along else None
            made = self.emit(
                f"{name}.{number}", _with(call, shape), Count(view=True, moved=0, primitive=op), scope.times
            )
            scope.values[output] = Value(shape, made)
            start = stop

    def emit(self, name: str, call: Call, count: Count, times: int = 1) -> int | None:
        """Append one operation and give the number of its value; None where its shape is not known."""
        if call.out is None:
            return None
        numbers = tuple([v.number for v in call.inputs if v is not None and v.number is not None])
        params = self._params(call)
        op = self._primitive(call, count, numbers, params, times)
        if op is None:  # `or` would take an Add, which has no fields, for none
            op = _counted(call, count, params, times)
        return self.add(name, op, numbers or (0,), call.out)

    def add(self, name: str, op: Op, inputs: tuple[int, ...], shape: Shape) -> int:
        """Append a node."""
        if len(self.nodes) >= MOST_OPERATIONS:
            raise Malformed(f"it has more than {MOST_OPERATIONS:,} operations")
        self.nodes.append(Node(show_name(name), op, inputs))
        self.shapes.append(shape)
        return len(self.nodes)

    def extra(self, name: str, call: Call, shape: Shape, times: int) -> int:
        """A second output of an operation whose first has just been written: new memory, already paid for."""
        made = prod(shape)
        op = Counted(kebab(call.op), shape, moved=made, times=times)
        return self.add(name, op, (len(self.nodes),), shape)

    def missing(self, op: str, name: str, reason: str) -> None:
        """List an operation as not counted."""
        known = self.unknown.get((op, reason), Missing(show_name(op), 0, show_name(name), reason))
        self.unknown[op, reason] = known._replace(count=known.count + 1)

    def _params(self, call: Call) -> int:
        """Numbers in the weights that this operation is the first to read."""
        wanted, total = WEIGHTS.get(call.op, range(len(call.inputs))), 0
        for index in wanted:
            value = call.inputs[index] if index < len(call.inputs) else None
            for key, size in value.roots if value is not None and value.constant else ():
                if key not in self.counted and (size > 1 or call.op in LEARNED):
                    self.counted.add(key)
                    total += size
        return total

    def _primitive(self, call: Call, count: Count, numbers: tuple[int, ...], params: int, times: int) -> Op | None:
        """The primitive, where it says the same as ONNX does about shape and params."""
        op, out = count.primitive, call.out
        arity = len(call.inputs) if type(op) is Concat else 2 if type(op) is Add else 1
        if op is None or out is None or times != 1 or len(numbers) != arity or cost.params(op) != params:
            return None
        given = [self.shapes[number] for number in numbers]
        if any(len(shape) < 2 or 0 in shape for shape in (*given, out)):
            return None
        try:
            made = output_shape(op, given)
            check_node(Node("", op, numbers), given, made)
        except (ShapeError, ArithmeticError, ValueError, IndexError):
            return None
        return op if made == out else None


def _apply(call: Call) -> Count:
    """The rule's answer; a rule trusts shapes to have the axes that ONNX says, which those in a file need not."""
    try:
        count = RULES[call.op](call)
        if call.out is not None:
            counted = _counted(call, count, 0, 1)
            if max(counted.macs, counted.effective_macs, counted.elementwise, counted.moved or 0) > MOST_COUNTED:
                raise Unknown("what it computes is too much to count")
    except (LookupError, ArithmeticError, ValueError, TypeError):
        raise Unknown("its shapes contradict its definition") from None
    return count


def _counted(call: Call, count: Count, params: int, times: int) -> Counted:
    """The same as numbers; those of a primitive that does not fit are its rules'."""
    op, out = count.primitive, call.out or ()
    macs, effective, elementwise = count.macs, count.macs, count.elementwise
    index = 0
    given = next((v.shape for v in call.inputs[index:] if v is not None and v.shape is not None), ())
    if op is not None and type(op) not in (Activation, Add, BatchNorm, Concat, SplitOp):
        if 0 in given or 0 in out:
            macs = effective = elementwise = 0
        elif type(op) is Conv:
            macs, effective = cost.macs(op, given, out), cost.effective_macs(op, given, out)
            elementwise = int(op.bias) * prod(out)
        elif type(op) is Linear:
            macs = effective = prod(given) * op.out_features
            elementwise = int(op.bias) * prod(out)
        else:
            elementwise = cost.elementwise(op, given, out)
    return Counted(
        kebab(call.op), out, params, macs, effective, elementwise, count.moved, count.view, count.in_place, times
    )  # fmt: skip


def _with(call: Call, shape: Shape | None) -> Call:
    return Call(call.op, call.attributes, call.inputs[:1], shape)


def _roots(call: Call) -> tuple[Root, ...]:
    """The weights in what is computed of constants."""
    wanted = WEIGHTS.get(call.op, range(len(call.inputs)))
    values = [call.inputs[index] for index in wanted if index < len(call.inputs)]
    roots = [root for value in values if value is not None for root in value.roots]
    if len(roots) > MOST_OPERATIONS:
        raise Malformed("its constants are made of too many others")
    return tuple(dict.fromkeys(roots))


def constant(key: str, tensor: Any) -> Value:
    """A tensor in the file."""
    shape = countable(tuple(tensor.dims))
    learnable = tensor.data_type in LEARNABLE
    return Value(shape, None, True, ((key, prod(shape)),) if learnable else (), tensor)


def known_shape(value: Any) -> Shape | None:
    """A value's shape where every dimension has a size."""
    if not value.type.HasField("tensor_type") or not value.type.tensor_type.HasField("shape"):
        return None
    dims = value.type.tensor_type.shape.dim
    shape = tuple([dim.dim_value if dim.HasField("dim_value") else -1 for dim in dims])
    return None if any(n < 0 for n in shape) else countable(shape)


def countable(shape: Shape) -> Shape:
    """`shape`, if its numbers can be counted; Malformed otherwise."""
    if len(shape) > MOST_AXES or prod(shape) > MOST_NUMBERS:
        most = f"{MOST_AXES} axes and {len(str(MOST_NUMBERS)) - 1} digits are the most"
        raise Malformed(f"a tensor in it, of {len(shape)} axes, is too large to count: {most}")
    return shape


def show_name(name: str) -> str:
    """A name that upsets no terminal and no table."""
    short = name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"
    return short if short.isprintable() else "".join(map(visible, short))


@cache
def kebab(op: str) -> str:
    """An ONNX operation's name as kinds are written.

    >>> kebab("QLinearMatMul"), kebab("LSTM"), kebab("GlobalLpPool")
    ('qlinear-mat-mul', 'lstm', 'global-lp-pool')
    """
    return show_name(re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", op).lower())
