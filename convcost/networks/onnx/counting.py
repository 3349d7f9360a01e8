"""What an operation costs by its rule: a primitive where one says the same, else plain numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from math import prod

from ...analysis import cost
from ...graph import ops
from ...graph.shapes import ShapeError, check_node, output_shape
from .rules import RULES
from .values import Call, Count, Unknown, show_name

#: Largest count of one operation. What is made of it, as often as loops run, still has a quotient that is a float.
MOST_COUNTED = 10**200

#: Primitives whose numbers follow from their sizes: where these are not ONNX's, neither is right.
EXACT = (ops.Conv, ops.Linear, ops.Pool, ops.AdaptivePool)


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


def as_numbers(call: Call, count: Count, params: int, times: int, kind: str) -> ops.Counted:
    """The same as numbers; those of a primitive that does not fit are its rules'."""
    op, out = count.primitive, call.out if call.out is not None else (0,)
    macs, effective, elementwise = count.macs, count.macs, count.elementwise
    given = next((v.full for v in call.inputs if v is not None and v.full is not None), ())
    if op is not None and type(op) not in (ops.Activation, ops.Add, ops.BatchNorm, ops.Concat, ops.Split):
        if 0 in given or 0 in out:
            macs = effective = elementwise = 0
        elif type(op) is ops.Conv:
            macs, effective = cost.macs(op, given, out), cost.effective_macs(op, given, out)
            elementwise = int(op.bias) * prod(out)
        elif type(op) is ops.Linear:
            macs = effective = prod(given) * op.out_features
            elementwise = int(op.bias) * prod(out)
        else:
            elementwise = cost.elementwise(op, given, out)
    elementwise += count.more * prod(out)
    return ops.Counted(
        kind, out, params, macs, effective, elementwise, count.moved, count.view, count.in_place, times,
        sized=call.out is not None,
    )  # fmt: skip


@cache
def kebab(op: str) -> str:
    """An ONNX operation's name as kinds are written, its domain left out.

    >>> kebab("QLinearMatMul"), kebab("LSTM"), kebab("com.microsoft.FusedConv")
    ('qlinear-mat-mul', 'lstm', 'fused-conv')
    """
    return show_name(re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", op.rpartition(".")[2]).lower())


def primitive_of(
    call: Call, count: Count, numbers: tuple[int, ...], params: int, times: int, shapes: Sequence[ops.Shape]
) -> ops.Op | None:  # fmt: skip
    """The primitive, where it says the same as ONNX does about shape and params."""
    op, out = count.primitive, call.out
    if (
        type(op) is ops.Conv or type(op) is ops.Linear
    ) and params == 0:  # another node is the first to read its weights
        op = op._replace(shared=True)
    arity = len(call.inputs) if type(op) is ops.Concat else 2 if type(op) is ops.Add else 1
    if op is None or out is None or times != 1 or count.more or len(numbers) != arity or cost.params(op) != params:
        return None
    given = [shapes[number] for number in numbers]
    if any(len(shape) < 2 or 0 in shape for shape in (*given, out)):
        return None
    try:
        made = output_shape(op, given)
        check_node(ops.Node("", op, numbers), given, made)
    except (ShapeError, ArithmeticError, ValueError, IndexError):
        return None
    return op if made == out else None
