"""Constants: what the file stores, what is computed of it, and the weights that these hold and pass on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import prod
from typing import Any

from .evaluate import Content, Evaluator, computed, from_sizes
from .microsoft import DOMAIN, packed_kind, packed_size
from .rules import LEARNED, WEIGHTS
from .values import LEARNABLE, Call, Root, Scope, Value, Written, countable
from .wire import Malformed

#: Names that frameworks give what a module learns, `stages.0.mixer.D`; exporters name literals otherwise: torch.export
#: `stages.0.mixer.lifted_tensor_0`.
_MODULE = re.compile(r"[A-Za-z_]\w*(\.\w+)*\.(?!lifted_tensor_\d)\w+", re.ASCII)

#: Columns of a table of coordinates, at most: where that multiplies weights alone it is none itself.
COORDINATES = 4

#: Weights that one constant is made of.
MOST_ROOTS = 50_000


def stored(key: str, tensor: Any, is_stored: bool = False) -> Value:
    """A tensor in the file."""
    shape = tuple(tensor.dims)
    countable(shape)
    if any(n < 0 for n in shape):
        raise Malformed(f"a tensor in it has {min(shape)} numbers along an axis")
    roots = (Root(key, prod(shape), tensor.data_type),) if tensor.data_type in LEARNABLE else ()
    return Value(shape, tensor.data_type, None, True, roots, Content(tensor, is_stored=is_stored))


def folded(node: Written, scope: Scope, call: Call, evaluator: Evaluator, *, literals: bool) -> list[Value]:
    """The outputs of an operation that computes with constants and sizes alone; the weights in them stay known.

    `literals`: constants among the operations are no weights, as the file has these as tensors.
    """
    if call.op == "Constant" and "value" in call.attributes and node.outputs:
        value = stored(f"{scope.prefix}{node.outputs[0]}", call.attributes["value"].t)
        return [value._replace(roots=()) if literals else value]
    contents, made = _contents(node.record, call), []
    for index, (name, out) in enumerate(zip(node.outputs, call.outs)):
        content = contents[index] if index < len(contents) else None
        shape, roots = out.shape, _passed_on(call)
        if out.full is None and content is not None:
            found = evaluator.made(content)
            shape = shape if found is None else found.shape
        if call.op == "ConstantOfShape":
            roots = _filled(f"{scope.prefix}{name}", call, out)
        made.append(Value(shape, out.kind, None, True, roots, content, out.type, out.is_quantised))
    return made


def _contents(node: Any, call: Call) -> Sequence[Content | None]:
    """What is in its outputs, where that can be computed."""
    given = call.inputs[0] if call.inputs else None
    if call.op == "Shape" and given is not None:
        return _part_of_shape(call, given)
    if call.op == "Size" and given is not None:
        return [] if given.full is None else [from_sizes((prod(given.full),), is_scalar=True)]
    if call.op == "CastLike" and len(call.inputs) > 1 and call.inputs[1] is not None:
        node, call = _cast(node, call)
    contents = [None if value is None else value.content for value in call.inputs]
    if any(value is not None and content is None for value, content in zip(call.inputs, contents)):
        return []
    return computed(node, contents, call.version, [(out.full, out.kind) for out in call.outs])


def _filled(key: str, call: Call, out: Value) -> tuple[Root, ...]:
    """Weights whose numbers are all one, as files have them that are meant to be small: their shape is stored."""
    given, value = call.inputs[0] if call.inputs else None, call.attributes.get("value")
    is_stored = given is not None and given.content is not None and given.content.is_stored
    kind = 1 if value is None else value.t.data_type
    if not is_stored or kind not in LEARNABLE or out.full is None:
        return ()
    return (Root(key, prod(out.full), kind, is_filled=True),)


def weights_read(call: Call, counted: set[str]) -> tuple[Root, ...]:
    """The weights that an operation is the first to read, which are `counted` from now on."""
    found = []
    for index in _holding(call):
        value = call.inputs[index] if index < len(call.inputs) else None
        if value is None or (index == 0 and _is_table(call)):
            continue
        for root in value.roots:
            if root.key not in counted and _is_learned(root, call):
                counted.add(root.key)
                is_packed = call.op == f"{DOMAIN}MatMulNBits" and index == 1
                found.append(root._replace(size=packed_size(call), kind=packed_kind(call)) if is_packed else root)
    return tuple(found)


def _passed_on(call: Call) -> tuple[Root, ...]:
    """The weights in what is computed of constants; what is filled with one number makes masks and is none, then."""
    values = [call.inputs[index] for index in _holding(call) if index < len(call.inputs)]
    roots = [root for value in values if value is not None for root in value.roots]
    roots = [root for root in roots if call.op in LEARNED or not root.is_filled]
    if len(roots) > MOST_ROOTS:
        raise Malformed("its constants are made of too many others")
    return tuple(dict.fromkeys([root for root in roots if _is_learned(root, call)]))


def _holding(call: Call) -> Sequence[int]:
    """Its inputs that hold weights; scales of what is quantised do not."""
    if call.op == "Mul" and any([value is not None and value.is_quantised for value in call.inputs]):
        return ()
    found = WEIGHTS.get(call.op)
    return range(len(call.inputs)) if found is None else found


def _is_learned(root: Root, call: Call) -> bool:
    """Is it a weight for this operation? A single number may be a literal, unless it has a module's name."""
    return root.size > 1 or call.op in LEARNED or bool(_MODULE.fullmatch(root.key))


def _is_table(call: Call) -> bool:
    """Is the first of two constants that are multiplied a table of positions, as attention's biases are made of?"""
    both = [value for value in call.inputs[:2] if value is not None and value.constant and value.full]
    return call.op == "MatMul" and len(both) == 2 and (both[0].full or ())[-1] <= COORDINATES


def _part_of_shape(call: Call, given: Value) -> Sequence[Content | None]:
    """The sizes that Shape gives, of which `start` and `end` may ask for some."""
    if given.shape is None:
        return []
    end = call.attributes.get("end")
    part = given.shape[call.integer("start", 0) : None if end is None else end.i]
    return [] if None in part else [from_sizes(part)]  # type: ignore[arg-type]  # none of them is None


def _cast(node: Any, call: Call) -> tuple[Any, Call]:
    """A CastLike as what it is where the type is known."""
    made = type(node)(op_type="Cast", input=node.input[:1], output=node.output)
    made.attribute.add(name="to", type=2, i=call.inputs[1].kind if call.inputs[1] is not None else 0)
    return made, Call("Cast", {"to": made.attribute[0]}, call.inputs[:1], call.outs, call.version)
