"""If, Loop and Scan: their bodies are entered, and repeated as often as the file says."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import TYPE_CHECKING, Any

from ...analysis import cost
from ...graph.ops import Counted, Node, Shape
from .scope import Scope
from .values import Call, Value
from .wire import Malformed

if TYPE_CHECKING:
    from .translate import Translator

    Control = Callable[[Translator, Scope, Any, str, Call], None]

#: More runs of nested loops than anything does.
MOST_TIMES = 10**18


def conditional(to: Translator, scope: Scope, node: Any, name: str, call: Call) -> None:
    """The branch that is taken, where the file decides; else the one that costs more: the most that can happen."""
    branches = [call.attributes[word].g for word in ("then_branch", "else_branch") if word in call.attributes]
    if len(branches) != 2:
        raise Malformed(f"an If has {len(branches)} branches")
    decided = scalar(call.inputs[0]) if call.inputs else None
    if decided is not None:
        branches = branches[:1] if decided else branches[1:]
    start, counted, before = len(to.nodes), set(to.counted), dict(to.unknown)
    best: tuple[tuple[int, int], list[Node], list[Shape], list[Value], set[str], Any] | None = None
    for branch in branches:
        to.counted, to.unknown = set(counted), dict(before)
        inner = Scope(branch, scope, f"{name}/", scope.times)
        to.body(branch, inner)
        made = [inner.find(value.name) for value in branch.output]
        found = (_cost(to, start), to.nodes[start:], to.shapes[start + 1 :], made, to.counted, to.unknown)
        del to.nodes[start:], to.shapes[start + 1 :]
        if best is None or found[0] > best[0]:
            best = found
    if best is not None:
        _, nodes, shapes, values, to.counted, to.unknown = best
        to.nodes += nodes
        to.shapes += shapes
        for output, value in zip(node.output, values):
            scope.values[output] = value


def _cost(to: Translator, start: int) -> tuple[int, int]:
    macs = elementwise = 0
    for node, out in zip(to.nodes[start:], to.shapes[start + 1 :]):
        given = [to.shapes[value] for value in node.inputs]
        words = cost.op_cost(node.op, given, out, cost.of_dtype("fp32", len(given)), allocates=True)
        macs, elementwise = macs + words.macs, elementwise + words.elementwise
    return macs, elementwise


def loop(to: Translator, scope: Scope, node: Any, name: str, call: Call) -> None:
    """Its body as often as it says at most; once, and listed as unknown, where only the data know."""
    body = _body(call, "body")
    runs = scalar(call.inputs[0]) if call.inputs else None
    if runs is None:
        to.missing("Loop", name, "how often it runs depends on the data; its body is counted once")
    inner = Scope(body, scope, f"{name}/", _times(scope, 1 if runs is None else max(runs, 0)))
    for index, value in enumerate(body.input):
        given = call.inputs[index] if index < len(call.inputs) else None
        if index < 2:
            inner.values[value.name] = Value((), None, True)
        else:
            shape = inner.shapes.get(value.name) or (given.shape if given else None)
            inner.values[value.name] = Value(shape, given.number if given else None)
    to.body(body, inner)
    states = len(call.inputs) - 2
    _outputs(to, scope, node, name, call, [inner.find(value.name) for value in body.output[1:]], states)


def scan(to: Translator, scope: Scope, node: Any, name: str, call: Call) -> None:
    """Its body once for each part of the inputs that it goes through."""
    body = _body(call, "body")
    over = call.integer("num_scan_inputs", 1)
    states = len(call.inputs) - over
    axes = list(call.attributes["scan_input_axes"].ints) if "scan_input_axes" in call.attributes else None
    if not 0 < over <= len(call.inputs) == len(body.input) or (axes is not None and len(axes) != over):
        to.missing("Scan", name, "its inputs are not those of its body")
        _unknown_outputs(to, scope, node, name, call)
        return
    axes = axes or [0] * over
    scanned = call.inputs[states]
    shape = scanned.shape if scanned is not None else None
    runs = shape[axes[0]] if shape is not None and -len(shape) <= axes[0] < len(shape) else None
    if runs is None:
        to.missing("Scan", name, "how often it runs depends on the data; its body is counted once")
    inner = Scope(body, scope, f"{name}/", _times(scope, 1 if runs is None else runs))
    for index, (value, given) in enumerate(zip(body.input, call.inputs)):
        inner.values[value.name] = _scan_input(
            to, inner, value.name, given, axes[index - states] if index >= states else None
        )
    to.body(body, inner)
    _outputs(to, scope, node, name, call, [inner.find(value.name) for value in body.output], states)


def _scan_input(to: Translator, inner: Scope, name: str, given: Value | None, axis: int | None) -> Value:
    """A state as it is; of what is gone through, one part."""
    if given is None or given.shape is None:
        return Value(None)
    if axis is None:
        return Value(given.shape, given.number)
    if not -len(given.shape) <= axis < len(given.shape):
        return Value(None)
    axis %= len(given.shape)
    part = given.shape[:axis] + given.shape[axis + 1 :]
    number = given.number
    if number is not None:
        op = Counted("scan-input", part, moved=0, view=True)
        number = to.add(f"{inner.prefix}{name}", op, (number,), part)
    return Value(part, number, given.constant, given.roots)


def _outputs(
    to: Translator, scope: Scope, node: Any, name: str, call: Call, made: list[Value], states: int
) -> None:  # fmt: skip
    """The last states, and what the runs have made put behind one another."""
    for index, (output, value) in enumerate(zip(node.output, made)):
        shape = scope.shapes.get(output)
        if index < states:
            scope.values[output] = Value(shape or value.shape, value.number)
            continue
        number = None
        if shape is not None and (value.number is not None or to.nodes):
            op = Counted(f"{call.op.lower()}-output", shape, moved=2 * prod(shape), times=scope.times)
            number = to.add(f"{name}/{output}", op, (value.number or 0,), shape)
        scope.values[output] = Value(shape, number)


def _unknown_outputs(to: Translator, scope: Scope, node: Any, name: str, call: Call) -> None:
    numbers = tuple([v.number for v in call.inputs if v is not None and v.number is not None])
    for output in filter(None, node.output):
        shape = scope.shapes.get(output)
        number = (
            None
            if shape is None
            else to.add(f"{name}/{output}", Counted(call.op.lower(), shape), numbers or (0,), shape)
        )
        scope.values[output] = Value(shape, number)


def _body(call: Call, word: str) -> Any:
    if word not in call.attributes:
        raise Malformed(f"a {call.op} has no body")
    return call.attributes[word].g


def _times(scope: Scope, runs: int) -> int:
    times = scope.times * runs
    if times > MOST_TIMES:
        raise Malformed("its loops run too often to be counted")
    return times


def scalar(value: Value | None) -> int | None:
    """The one number, or truth, that a constant holds; None where it is none or its content is not in the file."""
    if value is None or value.data is None or prod(value.shape or ()) != 1:
        return None
    tensor = value.data
    listed = tensor.int64_data or tensor.int32_data
    if listed:
        return int(listed[0])
    width = {9: 1, 6: 4, 7: 8}.get(tensor.data_type)  # truth, int32 and int64, as they lie in memory
    raw = bytes(tensor.raw_data)
    return int.from_bytes(raw, "little", signed=width > 1) if width is not None and len(raw) == width else None


CONTROL: dict[str, Control] = {"If": conditional, "Loop": loop, "Scan": scan}
