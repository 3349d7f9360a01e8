"""A model -> the graph, in one walk over its operations, and a list of what could not be counted.

Every operation takes one of five ways, and no other: it is control flow; it is a function, whose body is
walked; it computes with constants and sizes alone, and costs nothing; it is counted; or it is listed.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any, NamedTuple

from ...analysis.cost import params
from ...graph.ops import Counted, Node, Op, Shape, Split
from ..build import Missing
from ..limits import Tell
from .constants import folded, stored, weights_read
from .control import CONTROL
from .counting import as_numbers, count_operation, kebab, primitive_of
from .evaluate import Evaluator
from .infer import Inference
from .isolated import onnx_library
from .microsoft import block_size
from .own import Claim, noted
from .rules import PRODUCTS, RULES
from .values import (
    ABSENT,
    LEARNABLE,
    Call,
    Count,
    Root,
    Scope,
    Unknown,
    Value,
    Written,
    countable,
    operations,
    show_name,
    sizes_of,
    taken_apart,
)
from .wire import Malformed, check_text

#: Operations that are walked, and bytes of the file that allow for another one: functions and loops repeat them.
MOST_OPERATIONS, BYTES_AN_OPERATION = 4_500, 10

#: Functions inside functions.
MOST_DEPTH = 100

#: Inputs of which something but the sizes and the type is read, where that is not all of them.
CONTENT_READ = {"Shape": 0, "Size": 0, "CastLike": 1, "EyeLike": 0, "RandomNormalLike": 0, "RandomUniformLike": 0}

#: Types of attributes in which an operation may have weights: tensors, graphs, lists of floats (AttributeProto's).
HOLDING = frozenset((4, 5, 6, 9, 10, 11, 12))

#: Operations that cost nothing where they compute with constants and sizes alone.
FOLDED = RULES.keys() - PRODUCTS


class Found(NamedTuple):
    """What a walk has found: the graph's parts, the type of each value and the weights each operation reads first."""

    nodes: list[Node]
    shapes: list[Shape]
    kinds: list[int]
    held: dict[int, tuple[Root, ...]]
    unknown: list[Missing]
    upper_bound: bool
    params_complete: bool


class Walk:
    """The graph so far."""

    def __init__(self, model: Any, tell: Tell) -> None:
        self.tell = tell
        self.nodes: list[Node] = []
        self.shapes: list[Shape] = [(0,)]
        self.kinds: list[int] = [0]
        self.held: dict[int, tuple[Root, ...]] = {}
        self.counted: set[str] = set()
        self.unknown: dict[tuple[str, str], Missing] = {}
        self.literals = False  # constants among the operations are no weights: the file has these as tensors
        self.upper_bound = False
        self.params_complete = True
        self.evaluator = Evaluator()
        self.block = block_size(model.graph)
        self.inference = Inference(self.evaluator, model.ir_version)
        self.made: dict[tuple[Any, ...], list[Value]] = {}
        self.functions = {(f.domain, f.name, f.overload): f for f in model.functions}
        self.calls: list[tuple[str, str]] = []
        self.walked = 0
        self.most = MOST_OPERATIONS + model.ByteSize() // BYTES_AN_OPERATION

    def model(self, model: Any) -> Found:
        """Walk all of it: `load` has given its inputs their sizes."""
        opsets = {entry.domain if entry.domain != "ai.onnx" else "": entry.version for entry in model.opset_import}
        scope = Scope(None, "", 1, opsets, None)
        graph = model.graph
        constants = {tensor.name for tensor in (*graph.initializer, *[s.values for s in graph.sparse_initializer])}
        given = [value for value in graph.input if value.name not in constants]
        first = next((v for v in given if sizes_of(v.type) and None not in (sizes_of(v.type) or ())), None)
        for value in given:
            sizes = sizes_of(value.type)
            kind = value.type.tensor_type.elem_type
            found = Value(sizes, kind, type=b"" if sizes is not None else value.type.SerializeToString())
            if value is first:
                self.shapes[0], self.kinds[0] = found.full or (0,), kind
                found = found._replace(number=0)
            elif found.full is not None:
                number = self.add(value.name, Counted("input", found.full, moved=0), (), found.full, kind)
                found = found._replace(number=number)
            scope.values[value.name] = found
        self.literals = any(prod(t.dims) > 1 and t.data_type in LEARNABLE for t in graph.initializer)
        self.body(graph, scope)
        self._finish([scope.find(value.name) for value in graph.output])
        if refused := self.inference.refused(model):
            self.missing(*self.inference.disagrees[0], refused)
        missing = list(self.unknown.values())
        return Found(
            self.nodes, self.shapes, self.kinds, self.held, missing, self.upper_bound, self.params_complete
        )  # fmt: skip

    def _finish(self, outputs: list[Value]) -> None:
        """Several outputs are needed until the end; so is one that is not made last."""
        made = tuple(dict.fromkeys([value.number for value in outputs if value.number is not None])) or (0,)
        if not self.nodes or made != (len(self.nodes),):
            shape = self.shapes[made[0]]
            last = self.nodes[made[0] - 1].op if made[0] else None
            op = Counted("output", shape, moved=0, view=True, sized=type(last) is not Counted or last.sized)
            self.add("output", op, made, shape, self.kinds[made[0]])

    def body(self, graph: Any, scope: Scope) -> None:
        """Every operation of a graph, its inputs being in `scope` already."""
        written = scope.enter(graph)
        for tensor in graph.initializer:
            scope.values[tensor.name] = stored(f"{scope.prefix}{tensor.name}", tensor, is_stored=True)
        for sparse in graph.sparse_initializer:
            dense = stored(f"{scope.prefix}{sparse.values.name}", sparse.values)
            scope.values[sparse.values.name] = dense._replace(shape=countable(tuple(sparse.dims)), content=None)
        for nodes, claim in noted(graph, written, scope, self.shapes.__getitem__):
            base = len(self.nodes)
            for node in nodes:
                self.node(node, scope)
            if claim is not None and scope.times == 1:
                self._as_one(claim, nodes, base, scope)

    def _as_one(self, claim: Claim, nodes: Sequence[Written], base: int, scope: Scope) -> None:
        """One operation of ours in the place of those that stand for it, if it learns what they read."""
        numbers = range(base + 1, len(self.nodes) + 1)
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

    def node(self, node: Written, scope: Scope) -> None:
        """One operation, on one of its five ways."""
        self.walked += 1
        if self.walked > self.most:
            raise Malformed(f"it has more than {self.most:,} operations, for so short a file")
        self.tell(self.walked)
        inputs = [None if not name or (value := scope.find(name)) is ABSENT else value for name in node.inputs]
        node = _resolved(node, scope.attributes)
        op, domain = node.op, node.record.domain
        version = scope.opsets.get("" if domain == "ai.onnx" else domain, 1)
        function = self.functions.get((domain, node.record.op_type, node.record.overload)) if self.functions else None
        if function is None and op in FOLDED and all([v is None or v.constant for v in inputs[: CONTENT_READ.get(op)]]):
            self._folded(node, scope, inputs, version)
            return
        name = scope.prefix + node.name
        call = self._call(node, inputs, version)
        if function is not None:
            self._function(function, node, scope, name, call)
        elif op in CONTROL:
            CONTROL[op](self, scope, node, name, call)
        else:
            self._known(node, scope, name, call)

    def _call(self, node: Written, inputs: list[Value | None], version: int) -> Call:
        attributes = {attribute.name: attribute for attribute in node.record.attribute}
        check_text(*attributes)
        call = Call(node.op, attributes, inputs, (), version)
        call.block = self.block
        return call

    def _folded(self, node: Written, scope: Scope, inputs: list[Value | None], version: int) -> None:
        """An operation that computes with constants and sizes alone: what the same one has made before is taken.

        Each window of an attention works out the same mask once more. Weights have names, which are never the same.
        """
        read = CONTENT_READ.get(node.op)
        sizes = () if read is None else tuple([v and (v.shape, v.kind, v.type) for v in inputs[read:]])
        said = tuple([scope.said.get(output) for output in node.outputs])
        key = (node.op, version, node.attributes, said, sizes, *inputs[:read])
        made = self.made.get(key)
        if made is None:
            call = self._call(node, inputs, version)
            call.outs = self._outputs(node, scope, call)
            made = folded(node, scope, call, self.evaluator, literals=self.literals)
            if not any([value.roots for value in made]):
                self.made[key] = made
        for output, value in zip(node.outputs, made):
            if output:
                scope.values[output] = value

    def _known(self, node: Written, scope: Scope, name: str, call: Call) -> None:
        """An operation without a body of its own: counted or listed."""
        call.outs = outs = self._outputs(node, scope, call)
        is_constant = all([v is None or v.constant for v in call.inputs[: CONTENT_READ.get(call.op)]])
        body = None if call.op in RULES else self._defined(node, call)
        if body is not None:
            call.attributes = self.inference.defaults(node, call) | call.attributes
            self._function(body, node, scope, name, call)
            return
        count, reason = self._rule(call, node, scope)
        if reason:
            self.missing(call.op, name, reason)
        self._emit(node, scope, name, call, None if reason else count, is_constant)
        for output, value in zip(node.outputs, outs):  # what nobody has given a number
            if output and output not in scope.values:
                scope.values[output] = value

    def _rule(self, call: Call, node: Written, scope: Scope) -> tuple[Count, str]:
        """What it counts; or nothing, and why: there is no third answer."""
        if call.op not in RULES:
            holds = [value is not None and bool(value.roots) for value in call.inputs]
            if any(holds) or any([attribute.type in HOLDING for attribute in call.attributes.values()]):
                self.params_complete = False
            return Count(), "there is no rule for it"
        try:
            count = count_operation(call)
        except Unknown as why:
            return Count(), str(why)
        for index, value in enumerate(call.outs):
            is_read = index == 0 or (index < len(node.outputs) and node.outputs[index] in scope.used)
            if is_read and value.full is None and not value.type:
                return Count(), "the size of its output is not known"
        return count, ""

    def _outputs(self, node: Written, scope: Scope, call: Call) -> list[Value]:
        """Types and sizes of the outputs; what ONNX cannot infer, the file may say."""
        outs = []
        for index, found in enumerate(self.inference.outputs(node, call, scope.opsets)):
            said = scope.said.get(node.outputs[index]) if index < len(node.outputs) else None
            outs.append(found if said is None or found.full is not None else _merged(found, said))
        return outs

    def _function(self, function: Any, node: Written, scope: Scope, name: str, call: Call) -> None:
        """The body of a function, its inputs and attributes being those of the call."""
        key = (node.record.domain, node.record.op_type)
        if key in self.calls:
            raise Malformed("a function is inside itself")
        if len(self.calls) > MOST_DEPTH:
            raise Malformed("its functions are nested too deeply")
        self.calls.append(key)
        inner = scope.inner(name)
        inner.outer = None
        inner.opsets = {**scope.opsets, **{entry.domain: entry.version for entry in function.opset_import}}
        inner.attributes = {a.name: a for a in function.attribute_proto} | call.attributes
        for index, formal in enumerate(function.input):
            value = call.inputs[index] if index < len(call.inputs) else None
            inner.values[formal] = ABSENT if value is None else value
        check_text(*function.input, *function.output)
        nodes = operations(function.node)
        inner.used = {used for one in nodes for used in one.inputs} | set(function.output)
        for one in nodes:
            self.node(one, inner)
        for formal, output in zip(function.output, node.outputs):
            if output:
                scope.values[output] = inner.find(formal)
        self.calls.pop()

    def _defined(self, node: Written, call: Call) -> Any:
        """The body that ONNX itself gives an operation without a rule."""
        schema = self.inference.schema(node.record, call.version)
        if schema is None or len(self.calls) > MOST_DEPTH:
            return None
        try:
            if schema.has_function:
                return schema.function_body
            if schema.has_context_dependent_function:
                types = [self.inference.type_of(value) for value in call.inputs]
                made = schema.get_context_dependent_function(node.record.SerializeToString(), types)
                return onnx_library("onnx_ml_pb2").FunctionProto.FromString(made)
        except Exception:  # C++ throws what it likes
            return None
        return None

    def _emit(self, node: Written, scope: Scope, name: str, call: Call, found: Count | None, is_constant: bool) -> None:
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


def _merged(found: Value, said: Value) -> Value:
    """What was inferred, and where that is nothing, what the file says."""
    if found.type or said.shape is None:
        return found
    sizes = said.shape if found.shape is None else found.shape
    if len(sizes) == len(said.shape):
        sizes = tuple([b if a is None else a for a, b in zip(sizes, said.shape)])
    return found._replace(shape=sizes, kind=found.kind or said.kind)


def _resolved(node: Written, attributes: dict[str, Any] | None) -> Written:
    """A node of a function's body with the attributes of the call in place of their names."""
    if attributes is None or not any([a.ref_attr_name for a in node.record.attribute]):
        return node
    made = type(node.record)()
    made.CopyFrom(node.record)
    del made.attribute[:]
    for attribute in node.record.attribute:
        check_text(attribute.name, attribute.ref_attr_name)
        if not attribute.ref_attr_name:
            made.attribute.append(attribute)
        elif attribute.ref_attr_name in attributes:
            made.attribute.append(attributes[attribute.ref_attr_name])
            made.attribute[-1].name = attribute.name
    return taken_apart(made)
