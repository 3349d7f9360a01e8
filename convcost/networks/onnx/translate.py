"""A model -> the graph, in one walk over its operations, and a list of what could not be counted.

Every operation takes one of five ways, and no other: it is control flow; it is a function, whose body is
walked; it computes with constants and sizes alone, and costs nothing; it is counted; or it is listed.
"""

from __future__ import annotations

from math import prod
from typing import Any, NamedTuple

from ...graph.ops import Counted, Node, Shape
from ..build import Missing
from ..limits import Tell
from .constants import folded, stored
from .control import CONTROL, Walker
from .counting import count_operation
from .evaluate import Evaluator
from .infer import Inference
from .isolated import onnx_library
from .microsoft import block_size
from .own import noted
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


class Walk(Walker):
    """A model, operation by operation."""

    def __init__(self, model: Any, tell: Tell) -> None:
        super().__init__()
        self.tell = tell
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
        self.finish([scope.find(value.name) for value in graph.output])
        if refused := self.inference.refused(model):
            self.missing(*self.inference.disagrees[0], refused)
        missing = list(self.unknown.values())
        return Found(
            self.nodes, self.shapes, self.kinds, self.held, missing, self.upper_bound, self.params_complete
        )  # fmt: skip

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
                self.put_as_one(claim, nodes, base, scope)

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
        self.emit(node, scope, name, call, None if reason else count, is_constant)
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
            out = found if said is None or found.full is not None else _merged(found, said)
            outs.append(out._replace(is_quantised=True) if _is_quantised(call, index) else out)
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
        if schema is None:
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


def _is_quantised(call: Call, index: int) -> bool:
    """Is an output made of integers that stand for other numbers, or the scale of such?"""
    if call.op == "Cast":
        return any([value is not None and value.is_quantised for value in call.inputs])
    return index == 1 if call.op == "DynamicQuantizeLinear" else call.op in ("ConvInteger", "MatMulInteger")


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
