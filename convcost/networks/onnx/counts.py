"""What an operation costs by its rule, and the same as plain numbers where no primitive says it."""

from __future__ import annotations

import re
from functools import cache
from math import prod

from ...analysis import cost
from ...graph.ops import Activation, Add, BatchNorm, Concat, Conv, Counted, Linear, Split
from .rules import RULES
from .scope import show_name
from .values import Call, Count, Unknown

#: Largest count of one operation. What is made of it, as often as loops run, still has a quotient that is a float.
MOST_COUNTED = 10**200


def count_operation(call: Call) -> Count:
    """The rule's answer; a rule trusts shapes to have the axes that ONNX says, which those in a file need not."""
    try:
        count = RULES[call.op](call)
        if call.out is not None:
            counted = as_numbers(call, count, 0, 1)
            if max(counted.macs, counted.effective_macs, counted.elementwise, counted.moved or 0) > MOST_COUNTED:
                raise Unknown("what it computes is too much to count")
    except (LookupError, ArithmeticError, ValueError, TypeError):
        raise Unknown("its shapes contradict its definition") from None
    return count


def as_numbers(call: Call, count: Count, params: int, times: int) -> Counted:
    """The same as numbers; those of a primitive that does not fit are its rules'."""
    op, out = count.primitive, call.out or ()
    macs, effective, elementwise = count.macs, count.macs, count.elementwise
    given = next((v.shape for v in call.inputs if v is not None and v.shape is not None), ())
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
    return Counted(
        kebab(call.op), out, params, macs, effective, elementwise, count.moved, count.view, count.in_place, times
    )  # fmt: skip


@cache
def kebab(op: str) -> str:
    """An ONNX operation's name as kinds are written.

    >>> kebab("QLinearMatMul"), kebab("LSTM"), kebab("GlobalLpPool")
    ('qlinear-mat-mul', 'lstm', 'global-lp-pool')
    """
    return show_name(re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", op).lower())
