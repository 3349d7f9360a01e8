"""A model with its shapes -> the graph, operation by operation, and a list of what could not be counted."""

from __future__ import annotations

from math import prod
from typing import Any, NamedTuple

from ...analysis import cost
from ...graph.ops import Add, Concat, Counted, Node, Op, Shape
from ...graph.ops import Split as SplitOp
from ...graph.shapes import ShapeError, check_node, output_shape
from .counts import as_numbers, count_operation, kebab
from .rules import LEARNED, RULES, WEIGHTS
from .scope import LEARNABLE, Scope, constant, show_name
from .values import Call, Count, Root, Unknown, Value
from .wire import Malformed

#: More operations than any model has that is looked at as a table.
MOST_OPERATIONS = 50_000


class Missing(NamedTuple):
    """Operations of one kind that were not counted: how many, the first of them, and why."""

    op: str
    count: int  # type: ignore[assignment]  # the word of every answer; what a tuple counts is nobody's question here
    first: str
    reason: str


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
            count = count_operation(call)
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
            op = as_numbers(call, count, params, times)
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
