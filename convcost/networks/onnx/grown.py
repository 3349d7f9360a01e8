"""The graph that a walk over a model makes, operation by operation, with the weights that each is the first to read."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any, NamedTuple

from ...analysis.cost import params
from ...graph.ops import Counted, Node, Op, Shape, Split
from ..build import Missing
from .constants import weights_read
from .counting import as_numbers, kebab, primitive_of
from .own import Claim
from .values import Call, Count, Root, Scope, Value, Written, show_name


class Grown:
    """The graph so far: its nodes; shape and type of each value; weights by node; what could not be counted."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.shapes: list[Shape] = [(0,)]
        self.kinds: list[int] = [0]
        self.held: dict[int, tuple[Root, ...]] = {}
        self.counted: set[str] = set()
        self.unknown: dict[tuple[str, str], Missing] = {}

    def add(self, name: str, op: Op, inputs: tuple[int, ...], shape: Shape, kind: int = 0) -> int:
        """Append a node and give the number of its value."""
        self.nodes.append(Node(show_name(name), op, inputs))
        self.shapes.append(shape)
        self.kinds.append(kind)
        return len(self.nodes)

    def missing(self, op: str, name: str, reason: str) -> None:
        """List an operation as not counted."""
        known = self.unknown.get((op, reason), Missing(show_name(op), 0, show_name(name), reason))
        self.unknown[op, reason] = known._replace(count=known.count + 1)

    def emit(self, node: Written, scope: Scope, name: str, call: Call, found: Count | None, is_constant: bool) -> None:
        """A node for the operation, of which `found` is what it counts, if that is known, and one more for each further
        output that is read."""
        if call.op == "Split" and not is_constant:
            self._split(node.outputs, scope, name, call)
            return
        count = Count() if found is None else found
        roots = weights_read(call, self.counted)
        kind = f"{kebab(call.op)}-of-constants" if is_constant and call.inputs else kebab(call.op)
        numbers = tuple([v.number for v in call.inputs if v is not None and v.number is not None])
        params = sum([root.size for root in roots])
        op: Op | None = None if is_constant else primitive_of(call, count, numbers, params, scope.times, self.shapes)
        if op is None:  # `or` would take an Add, which has no fields, for none
            op = as_numbers(call, count, params, scope.times, kind)._replace(known=found is not None)
        for index, out in enumerate(call.outs):
            output = node.outputs[index] if index < len(node.outputs) else ""
            if index and (not output or output not in scope.used):
                continue
            shape = out.full if out.full is not None else (0,)
            if index:
                extra = Counted(kebab(call.op), shape, moved=prod(shape), times=scope.times, sized=out.full is not None)
                made = self.add(f"{name}.{index}", extra, (len(self.nodes),), shape, out.kind)
            else:
                made = self.add(name, op, numbers or (() if is_constant else (0,)), shape, out.kind)
                if roots:
                    self.held[made] = roots
            if output:
                scope.values[output] = out._replace(number=None if is_constant else made, constant=is_constant)

    def _split(self, outputs: Sequence[str], scope: Scope, name: str, call: Call) -> None:
        """Each part shows the input; parts of the channels are the primitive's."""
        axis, start = call.integer("axis", 0), 0
        numbers = tuple([v.number for v in call.inputs[:1] if v is not None and v.number is not None])
        for index, (output, out) in enumerate(zip(outputs, call.outs)):
            shape = out.full
            along = shape is not None and len(shape) > 1 and axis in (1, 1 - len(shape))
            stop = start + shape[1] if shape is not None and along else start
            op = Split(start, stop) if along else None
            part = Call(call.op, call.attributes, call.inputs[:1], [out], call.version)
            count = Count(view=True, moved=0, primitive=op)
            made: Op | None = primitive_of(part, count, numbers, 0, scope.times, self.shapes)
            if made is None:
                made = as_numbers(part, count, 0, scope.times, kebab(call.op))
            number = self.add(f"{name}.{index}", made, numbers or (0,), shape or (0,), out.kind)
            if output:
                scope.values[output] = out._replace(number=number)
            start = stop

    def put_as_one(self, claim: Claim, nodes: Sequence[Written], base: int, scope: Scope) -> None:
        """One operation of ours in the place of those that stand for it, if it learns what they read."""
        numbers = range(base + 1, len(self.shapes))
        roots = tuple([root for number in numbers for root in self.held.get(number, ())])
        made = scope.values[nodes[-1].outputs[0]]
        given = [scope.values[name].number for name in claim.inputs]
        if made.full is None or params(claim.op) != sum([root.size for root in roots]):
            return
        for number in numbers:
            self.held.pop(number, None)
        for node in nodes[:-1]:
            del scope.values[node.outputs[0]]
        del self.nodes[base:], self.shapes[base + 1 :], self.kinds[base + 1 :]
        inputs = tuple([number for number in given if number is not None])
        number = self.add(scope.prefix + nodes[-1].record.name, claim.op, inputs, made.full, made.kind)
        scope.values[nodes[-1].outputs[0]] = made._replace(number=number)
        if roots:
            self.held[number] = roots

    def finish(self, outputs: list[Value]) -> None:
        """Several outputs are needed until the end; so is one that is not made last."""
        made = tuple(dict.fromkeys([value.number for value in outputs if value.number is not None])) or (0,)
        if not self.nodes or made != (len(self.nodes),):
            shape = self.shapes[made[0]]
            last = self.nodes[made[0] - 1].op if made[0] else None
            op = Counted("output", shape, moved=0, view=True, sized=type(last) is not Counted or last.sized)
            self.add("output", op, made, shape, self.kinds[made[0]])


class Taken(NamedTuple):
    """What was appended since some moment and taken back, and what was counted till then."""

    nodes: list[Node]
    shapes: list[Shape]
    kinds: list[int]
    held: dict[int, tuple[Root, ...]]
    counted: set[str]
    unknown: dict[tuple[str, str], Any]


class Mark:
    """A moment in a walk to which it can go back."""

    def __init__(self, to: Grown) -> None:
        self.to, self.start = to, len(to.nodes)
        self.counted, self.unknown = set(to.counted), dict(to.unknown)

    def take_back(self) -> Taken:
        """What has been walked since, which the walk forgets."""
        to, start = self.to, self.start
        held = {number: to.held.pop(number) for number in [n for n in to.held if n > start]}
        taken = Taken(to.nodes[start:], to.shapes[start + 1 :], to.kinds[start + 1 :], held, to.counted, to.unknown)
        del to.nodes[start:], to.shapes[start + 1 :], to.kinds[start + 1 :]
        to.counted, to.unknown = set(self.counted), dict(self.unknown)
        return taken

    def put(self, taken: Taken) -> None:
        """What was taken back at this moment, once more."""
        to = self.to
        to.nodes += taken.nodes
        to.shapes += taken.shapes
        to.kinds += taken.kinds
        to.held.update(taken.held)
        to.counted, to.unknown = set(taken.counted), dict(taken.unknown)
