"""A model -> the graph, in one walk over its operations, and a list of what could not be counted.

Every operation takes one of five ways, and no other: it is control flow; it is a function, whose body is
walked; it computes with constants and sizes alone, and costs nothing; it is counted; or it is listed.
"""

from __future__ import annotations

import re
from functools import cache
from math import prod
from typing import Any, NamedTuple

from ...analysis import cost
from ...graph.ops import (
    Activation,
    AdaptivePool,
    Add,
    BatchNorm,
    Concat,
    Conv,
    Counted,
    Linear,
    Node,
    Op,
    Pool,
    Shape,
    Split,
)
from ...graph.shapes import ShapeError, check_node, output_shape
from ..build import Missing
from .control import CONTROL
from .evaluate import Content, Evaluator, computed, from_sizes
from .infer import Inference
from .isolated import Tell, onnx_library
from .microsoft import DOMAIN, block_size, packed_kind, packed_size
from .rules import LEARNED, PRODUCTS, RULES, WEIGHTS
from .values import ABSENT, LEARNABLE, Call, Count, Root, Scope, Sizes, Unknown, Value, countable, show_name, sizes_of
from .wire import Malformed

#: Operations that are walked, and bytes of the file that allow for another one: functions and loops repeat them.
MOST_OPERATIONS, BYTES_AN_OPERATION = 4_500, 10

#: Functions inside functions.
MOST_DEPTH = 100

#: Largest count of one operation. What is made of it, as often as loops run, still has a quotient that is a float.
MOST_COUNTED = 10**200

#: Inputs of which something but the sizes and the type is read, where that is not all of them.
CONTENT_READ = {"Shape": 0, "Size": 0, "CastLike": 1, "EyeLike": 0, "RandomNormalLike": 0, "RandomUniformLike": 0}

#: Weights that one constant is made of.
MOST_ROOTS = 50_000


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
            self.add("output", Counted("output", shape, moved=0, view=True), made, shape, self.kinds[made[0]])

    def body(self, graph: Any, scope: Scope) -> None:
        """Every operation of a graph, its inputs being in `scope` already."""
        scope.enter(graph)
        for tensor in graph.initializer:
            scope.values[tensor.name] = _stored(f"{scope.prefix}{tensor.name}", tensor, is_stored=True)
        for sparse in graph.sparse_initializer:
            dense = _stored(f"{scope.prefix}{sparse.values.name}", sparse.values)
            scope.values[sparse.values.name] = dense._replace(shape=countable(tuple(sparse.dims)), content=None)
        for node in graph.node:
            self.node(node, scope)

    def node(self, node: Any, scope: Scope) -> None:
        """One operation, on one of its five ways."""
        self.walked += 1
        if self.walked > self.most:
            raise Malformed(f"it has more than {self.most:,} operations, for so short a file")
        self.tell(self.walked)
        op = node.op_type if node.domain in ("", "ai.onnx") else f"{node.domain}.{node.op_type}"
        found = [scope.find(name) if name else ABSENT for name in node.input]
        inputs = [None if value is ABSENT else value for value in found]
        name = scope.prefix + (node.name or next((o for o in node.output if o), "") or op)
        node = _resolved(node, scope.attributes)
        version = scope.opsets.get("" if node.domain == "ai.onnx" else node.domain, 1)
        call = Call(op, {a.name: a for a in node.attribute}, inputs, (), version)
        call.block = self.block
        function = self.functions.get((node.domain, node.op_type, node.overload))
        if function is not None:
            self._function(function, node, scope, name, call)
        elif op in CONTROL:
            CONTROL[op](self, scope, node, name, call)
        else:
            self._known(node, scope, name, call)

    def _known(self, node: Any, scope: Scope, name: str, call: Call) -> None:
        """An operation without a body of its own: folded, counted or listed."""
        call.outs = outs = self._outputs(node, scope, call)
        is_constant = all([v is None or v.constant for v in call.inputs[: CONTENT_READ.get(call.op)]])
        if call.op in RULES and is_constant and call.op not in PRODUCTS:
            self._fold(node, scope, call)
            return
        body = None if call.op in RULES else self._defined(node, call)
        if body is not None:
            call.attributes = self.inference.defaults(node, call) | call.attributes
            self._function(body, node, scope, name, call)
            return
        count, reason = self._rule(call, node, scope)
        if reason:
            self.missing(call.op, name, reason)
        self._emit(node, scope, name, call, count, is_constant)
        for output, value in zip(node.output, outs):  # what nobody has given a number
            if output and output not in scope.values:
                scope.values[output] = value

    def _rule(self, call: Call, node: Any, scope: Scope) -> tuple[Count, str]:
        """What it counts; or nothing, and why: there is no third answer."""
        if call.op not in RULES:
            if any([value is not None and value.roots for value in call.inputs]):
                self.params_complete = False
            return Count(), "there is no rule for it"
        try:
            count = count_operation(call)
        except Unknown as why:
            return Count(), str(why)
        for index, value in enumerate(call.outs):
            is_read = index == 0 or (index < len(node.output) and node.output[index] in scope.used)
            if is_read and value.full is None and not value.type:
                return Count(), "the size of its output is not known"
        return count, ""

    def _outputs(self, node: Any, scope: Scope, call: Call) -> list[Value]:
        """Types and sizes of the outputs; what ONNX cannot infer, the file may say."""
        outs = []
        for index, found in enumerate(self.inference.outputs(node, call, scope.opsets)):
            said = scope.said.get(node.output[index]) if index < len(node.output) else None
            outs.append(found if said is None or found.full is not None else found._replace(shape=_merged(found, said)))
        return outs

    def _fold(self, node: Any, scope: Scope, call: Call) -> None:
        """What depends on constants and sizes alone costs nothing; the weights in it stay known."""
        if call.op == "Constant" and "value" in call.attributes:
            stored = _stored(f"{scope.prefix}{node.output[0]}", call.attributes["value"].t)
            scope.values[node.output[0]] = stored._replace(roots=()) if self.literals else stored
            return
        contents = self._contents(node, call)
        for index, (name, out) in enumerate(zip(node.output, call.outs)):
            content = contents[index] if index < len(contents) else None
            shape, roots = out.shape, _passed_on(call)
            if out.full is None and content is not None:
                array = self.evaluator.array(content)
                shape = shape if array is None else array.shape
            if call.op == "ConstantOfShape":
                roots = self._filled(node, scope, call, index)
            if name:
                scope.values[name] = Value(shape, out.kind, None, True, roots, content, out.type)

    def _contents(self, node: Any, call: Call) -> list[Content]:
        """What is in its outputs, where that can be computed."""
        given = call.inputs[0] if call.inputs else None
        if call.op == "Shape" and given is not None:
            return _part_of_shape(call, given)
        if call.op == "Size" and given is not None:
            return [] if given.full is None else [from_sizes((prod(given.full),), is_scalar=True)]
        contents = [None if value is None else value.content for value in call.inputs]
        if any(value is not None and content is None for value, content in zip(call.inputs, contents)):
            return []
        return computed(node, contents, call.version, [out.full for out in call.outs])

    def _filled(self, node: Any, scope: Scope, call: Call, index: int) -> tuple[Root, ...]:
        """Weights whose numbers are all one, as files have them that are meant to be small: their shape is stored."""
        given, out, value = call.inputs[0] if call.inputs else None, call.outs[index], call.attributes.get("value")
        is_stored = given is not None and given.content is not None and given.content.is_stored
        kind = 1 if value is None else value.t.data_type
        if not is_stored or kind not in LEARNABLE or out.full is None:
            return ()
        return (Root(f"{scope.prefix}{node.output[index]}", prod(out.full), kind),)

    def _function(self, function: Any, node: Any, scope: Scope, name: str, call: Call) -> None:
        """The body of a function, its inputs and attributes being those of the call."""
        key = (node.domain, node.op_type)
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
        inner.used = {used for one in function.node for used in one.input} | set(function.output)
        for one in function.node:
            self.node(one, inner)
        for formal, output in zip(function.output, node.output):
            if output:
                scope.values[output] = inner.find(formal)
        self.calls.pop()

    def _defined(self, node: Any, call: Call) -> Any:
        """The body that ONNX itself gives an operation without a rule."""
        schema = self.inference.schema(node.op_type, call.version, node.domain)
        if schema is None or len(self.calls) > MOST_DEPTH:
            return None
        try:
            if schema.has_function:
                return schema.function_body
            if schema.has_context_dependent_function:
                types = [self.inference.type_of(value) for value in call.inputs]
                made = schema.get_context_dependent_function(node.SerializeToString(), types)
                return onnx_library("onnx_ml_pb2").FunctionProto.FromString(made)
        except Exception:  # C++ throws what it likes
            return None
        return None

    def _emit(self, node: Any, scope: Scope, name: str, call: Call, count: Count, is_constant: bool) -> None:
        """A node for the operation, and one more for each further output that is read."""
        if call.op == "Split" and not is_constant:
            self._split(list(node.output), scope, name, call)
            return
        roots = self._read(call)
        kind = f"{kebab(call.op)}-of-constants" if is_constant and call.inputs else kebab(call.op)
        numbers = tuple([v.number for v in call.inputs if v is not None and v.number is not None])
        params = sum([root.size for root in roots])
        op: Op | None = None if is_constant else self._primitive(call, count, numbers, params, scope.times)
        if op is None:  # `or` would take an Add, which has no fields, for none
            op = as_numbers(call, count, params, scope.times, kind)
        for index, out in enumerate(call.outs):
            output = node.output[index] if index < len(node.output) else ""
            if index and (not output or output not in scope.used):
                continue
            shape = out.full if out.full is not None else (0,)
            if index:
                extra = Counted(kebab(call.op), shape, moved=prod(shape), times=scope.times)
                made = self.add(f"{name}.{index}", extra, (len(self.nodes),), shape, out.kind)
            else:
                made = self.add(name, op, numbers or (() if is_constant else (0,)), shape, out.kind)
                if roots:
                    self.held[made] = roots
            if output:
                scope.values[output] = out._replace(number=None if is_constant else made, constant=is_constant)

    def _split(self, outputs: list[str], scope: Scope, name: str, call: Call) -> None:
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
            made: Op | None = self._primitive(part, count, numbers, 0, scope.times)
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

    def _read(self, call: Call) -> tuple[Root, ...]:
        """The weights that this operation is the first to read."""
        found = []
        for index in WEIGHTS.get(call.op, range(len(call.inputs))):
            value = call.inputs[index] if index < len(call.inputs) else None
            for root in value.roots if value is not None else ():
                if root.key not in self.counted and (root.size > 1 or call.op in LEARNED):
                    self.counted.add(root.key)
                    is_packed = call.op == f"{DOMAIN}MatMulNBits" and index == 1
                    found.append(root._replace(size=packed_size(call), kind=packed_kind(call)) if is_packed else root)
        return tuple(found)

    def _primitive(self, call: Call, count: Count, numbers: tuple[int, ...], params: int, times: int) -> Op | None:
        """The primitive, where it says the same as ONNX does about shape and params."""
        op, out = count.primitive, call.out
        if (type(op) is Conv or type(op) is Linear) and params == 0:  # another node is the first to read its weights
            op = op._replace(shared=True)
        arity = len(call.inputs) if type(op) is Concat else 2 if type(op) is Add else 1
        if op is None or out is None or times != 1 or count.more or len(numbers) != arity or cost.params(op) != params:
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


#: Primitives whose numbers follow from their sizes: where these are not ONNX's, neither is right.
EXACT = (Conv, Linear, Pool, AdaptivePool)


def count_operation(call: Call) -> Count:
    """The rule's answer; a rule trusts shapes to have the axes that ONNX says, which those in a file need not."""
    try:
        count = RULES[call.op](call)
        if call.out is not None:
            counted = as_numbers(call, count, 0, 1, "")
            if max(counted.macs, counted.effective_macs, counted.elementwise, counted.moved or 0) > MOST_COUNTED:
                raise Unknown("what it computes is too much to count")
            _check_sizes(call, count)
    except (LookupError, ArithmeticError, ValueError, TypeError):
        raise Unknown("its sizes contradict its definition") from None
    return count


def _check_sizes(call: Call, count: Count) -> None:
    """Raise Unknown where a primitive and ONNX's inference do not agree about what comes out."""
    given = next((v.full for v in call.inputs if v is not None and v.full is not None), None)
    op, out = count.primitive, call.made
    if type(op) not in EXACT or op is None or given is None or 0 in given or 0 in out or len(given) < 2:
        return
    if output_shape(op, [given]) != out:
        raise Unknown("its sizes contradict its definition")


def as_numbers(call: Call, count: Count, params: int, times: int, kind: str) -> Counted:
    """The same as numbers; those of a primitive that does not fit are its rules'."""
    op, out = count.primitive, call.out if call.out is not None else (0,)
    macs, effective, elementwise = count.macs, count.macs, count.elementwise
    given = next((v.full for v in call.inputs if v is not None and v.full is not None), ())
    if op is not None and type(op) not in (Activation, Add, BatchNorm, Concat, Split):
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
    elementwise += count.more * prod(out)
    in_place = count.in_place and not count.more
    return Counted(kind, out, params, macs, effective, elementwise, count.moved, count.view, in_place, times)


@cache
def kebab(op: str) -> str:
    """An ONNX operation's name as kinds are written, its domain left out.

    >>> kebab("QLinearMatMul"), kebab("LSTM"), kebab("com.microsoft.FusedConv")
    ('qlinear-mat-mul', 'lstm', 'fused-conv')
    """
    return show_name(re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", op.rpartition(".")[2]).lower())


def _stored(key: str, tensor: Any, is_stored: bool = False) -> Value:
    """A tensor in the file."""
    shape = countable(tuple(tensor.dims))
    if any(n is None or n < 0 for n in shape):
        raise Malformed(f"a tensor in it has {min([n or 0 for n in shape])} numbers along an axis")
    roots = (Root(key, prod([n or 0 for n in shape]), tensor.data_type),) if tensor.data_type in LEARNABLE else ()
    return Value(shape, tensor.data_type, None, True, roots, Content(tensor, is_stored=is_stored))


def _passed_on(call: Call) -> tuple[Root, ...]:
    """The weights in what is computed of constants."""
    wanted = WEIGHTS.get(call.op, ())
    values = [call.inputs[index] for index in wanted if index < len(call.inputs)]
    roots = [root for value in values if value is not None for root in value.roots]
    if len(roots) > MOST_ROOTS:
        raise Malformed("its constants are made of too many others")
    return tuple(dict.fromkeys([root for root in roots if root.size > 1 or call.op in LEARNED]))


def _part_of_shape(call: Call, given: Value) -> list[Content]:
    """The sizes that Shape gives, of which `start` and `end` may ask for some."""
    if given.shape is None:
        return []
    end = call.attributes.get("end")
    part = given.shape[call.integer("start", 0) : None if end is None else end.i]
    return [] if None in part else [from_sizes(part)]  # type: ignore[arg-type]  # none of them is None


def _merged(found: Value, said: Sizes) -> Sizes | None:
    """What was inferred, and where that is nothing, what the file says."""
    if found.type:
        return None
    if found.shape is None or len(found.shape) != len(said):
        return said if found.shape is None else found.shape
    return tuple([b if a is None else a for a, b in zip(found.shape, said)])


def _resolved(node: Any, attributes: dict[str, Any] | None) -> Any:
    """A node of a function's body with the attributes of the call in place of their names."""
    if attributes is None or not any([a.ref_attr_name for a in node.attribute]):
        return node
    made = type(node)()
    made.CopyFrom(node)
    del made.attribute[:]
    for attribute in node.attribute:
        if not attribute.ref_attr_name:
            made.attribute.append(attribute)
        elif attribute.ref_attr_name in attributes:
            made.attribute.append(attributes[attribute.ref_attr_name])
            made.attribute[-1].name = attribute.name
    return made
