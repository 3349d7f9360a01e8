"""If, Loop and Scan: their bodies are walked, and count as often as the file and the sizes say."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any, NamedTuple

from ...analysis import cost
from ...graph.ops import Counted
from .evaluate import Evaluator, from_sizes
from .grown import Grown, Mark
from .values import Call, Root, Scope, Sizes, Value, Written, sizes_of
from .wire import Malformed

#: Runs of a loop that are walked one by one, where each has other sizes.
MOST_UNROLLED = 256

BOOL, INT64 = 9, 7

#: Of what a tensor is that depends on nothing but the run of a loop.
TRUE = from_sizes((1,), is_scalar=True)

DATA = "how often it runs depends on the data; its body is counted once"


class Walker(Grown):
    """What control flow needs of the walk that it is a part of."""

    upper_bound: bool
    evaluator: Evaluator
    walked: int
    most: int

    def body(self, graph: Any, scope: Scope) -> None:
        """Walk a graph whose inputs are in its scope."""
        raise NotImplementedError  # the walk has it, which needs what is here


Control = Callable[[Walker, Scope, Written, str, Call], None]


def conditional(to: Walker, scope: Scope, node: Written, name: str, call: Call) -> None:
    """The branch that is taken, where the file and the sizes decide; else the dearer one, and the params of both."""
    branches = [call.attributes[word].g for word in ("then_branch", "else_branch") if word in call.attributes]
    if len(branches) != 2:
        raise Malformed(f"an If has {len(branches)} branches")
    decided = _scalar(to, call, 0)
    if decided is not None:
        values = _branch(to, scope, branches[0 if decided else 1], name)
        scope.values.update({output: value for output, value in zip(node.outputs, values) if output})
        return
    mark, walked = Mark(to), []
    for branch in branches:
        values = _branch(to, scope, branch, name)
        price = _cost(to, mark.start)
        walked.append((price, mark.take_back(), values))
    (_, other, _), (_, dearer, values) = sorted(walked, key=lambda found: found[0])
    mark.put(dearer)
    to.unknown.update({key: value for key, value in other.unknown.items() if key not in to.unknown})
    to.upper_bound = True
    _hold(to, name, [root for roots in other.held.values() for root in roots if root.key not in to.counted])
    for output, value in zip(node.outputs, values):
        if output:
            scope.values[output] = value._replace(constant=False, content=None)


def _branch(to: Walker, scope: Scope, branch: Any, name: str) -> list[Value]:
    inner = scope.inner(name)
    to.body(branch, inner)
    return [inner.find(value.name) for value in branch.output]


def _hold(to: Walker, name: str, roots: list[Root]) -> None:
    """Weights of a branch that is not the dearer one."""
    if roots:
        op = Counted("if", (0,), params=sum([root.size for root in roots]), moved=0, sized=False)
        number = to.add(f"{name}/other-branch", op, (), (0,))
        to.held[number] = tuple(roots)
        to.counted.update([root.key for root in roots])


def _cost(to: Walker, start: int) -> tuple[int, int]:
    words = []
    for node, out in zip(to.nodes[start:], to.shapes[start + 1 :]):
        given = [to.shapes[value] for value in node.inputs]
        words.append(cost.op_cost(node.op, given, out, cost.of_dtype("fp32", len(given)), allocates=True))
    return sum([one.macs for one in words]), sum([one.elementwise for one in words])


class Run(NamedTuple):
    """One run of a loop's body: the condition after it, the states, and what it makes."""

    goes_on: int | None
    states: list[Value]
    made: list[Value]


def loop(to: Walker, scope: Scope, node: Written, name: str, call: Call) -> None:
    """Its body as often as it runs: all runs at once where they are alike, else one by one."""
    body = _body(call, "body")
    runs = _scalar(to, call, 0)
    runs = 0 if _scalar(to, call, 1) == 0 else None if runs is None else max(runs, 0)
    states = [value if value is not None else Value(None) for value in call.inputs[2:]]
    mark = Mark(to)
    run = _run(to, scope, body, name, states, times=1 if runs is None else runs)
    alike = [_sort(a) == _sort(b) for a, b in zip(states, run.states)]
    is_repeated = runs is None or runs > 1
    if run.goes_on == 0 and is_repeated:
        mark.take_back()
        runs, run = 1, _run(to, scope, body, name, states)
    elif is_repeated and (not all(alike) or run.goes_on is None):
        once = mark.take_back()
        found = _unrolled(to, scope, body, name, states, runs)
        if found is not None:
            _give(to, scope, node, name, call, *found)
            return
        mark.take_back()
        mark.put(once)
        if not all(alike):
            to.missing("Loop", name, "its sizes change from run to run")
            run = run._replace(states=[v if ok else _blurred(v) for v, ok in zip(run.states, alike)])
        elif runs is not None:
            to.upper_bound = True
    if runs is None:
        to.missing("Loop", name, DATA)
    _give(to, scope, node, name, call, states if runs == 0 else run.states, run.made, runs)


def _run(
    to: Walker, scope: Scope, body: Any, name: str, states: list[Value], times: int = 1, number: int | None = None
) -> Run:  # fmt: skip
    """The body once; where `number` says which run it is, its constants stay known."""
    inner = scope.inner(name, times)
    which = None if number is None else from_sizes((number,), is_scalar=True)
    given = [Value((), INT64, None, True, (), which), Value((), BOOL, None, True, (), TRUE), *states]
    for index, value in enumerate(body.input):
        found = given[index] if index < len(given) else Value(None)
        if index > 1:
            said = sizes_of(value.type)
            found = found if found.full is not None or said is None else found._replace(shape=said)
            if number is None:
                found = found._replace(constant=False, content=None)
        inner.values[value.name] = found
    to.body(body, inner)
    made = [inner.find(value.name) for value in body.output]
    goes_on = to.evaluator.scalar(made[0].content) if made else None
    return Run(goes_on, made[1 : 1 + len(states)], made[1 + len(states) :])


def _unrolled(
    to: Walker, scope: Scope, body: Any, name: str, states: list[Value], runs: int | None
) -> tuple[list[Value], list[Value], int] | None:  # fmt: skip
    """The runs one by one: the last states, what the last run makes, and how many there were; None where there are
    too many, or the data decide."""
    most = min(MOST_UNROLLED, (to.most - to.walked) // (4 * _operations(body) + 1))
    if most < 1 or (runs is not None and runs > most):
        return None
    made: list[Value] = []
    for number in range(most if runs is None else runs):
        run = _run(to, scope, body, name, states, number=number)
        states, made = run.states, run.made
        if run.goes_on is None:
            return None
        if not run.goes_on:
            return states, made, number + 1
    return None if runs is None else (states, made, runs)


def _operations(graph: Any) -> int:
    """Operations in a graph and the graphs in it."""
    inner = [a.g for node in graph.node for a in node.attribute if a.HasField("g")]
    return len(graph.node) + sum([_operations(one) for one in inner])


def _sort(value: Value) -> tuple[Any, ...]:
    """What must be the same in every run for all of them to count the same."""
    return value.shape, value.type


def _blurred(value: Value) -> Value:
    return value._replace(shape=None, content=None)


def scan(to: Walker, scope: Scope, node: Written, name: str, call: Call) -> None:
    """Its body once for each part of the inputs that it goes through."""
    body = _body(call, "body")
    inputs = list(call.inputs)
    batch = 0
    if call.version < 9 and inputs:  # the first Scan had lengths before its inputs, and a batch around all of them
        batch, inputs = 1, inputs[1:]
    over = call.integer("num_scan_inputs", 0)
    states = len(inputs) - over
    axes = list(call.attributes["scan_input_axes"].ints) if "scan_input_axes" in call.attributes else None
    if not 0 < over <= len(inputs) == len(body.input) or (axes is not None and len(axes) != over):
        to.missing("Scan", name, "its inputs are not those of its body")
        _give(to, scope, node, name, call, [], [], None)
        return
    axes = [batch] * over if axes is None else axes
    runs = _size(inputs[states], axes[0])
    outer = _size(inputs[states], 0) if batch else 1
    if runs is None or outer is None:
        to.missing("Scan", name, DATA)
    inner = scope.inner(name, (1 if runs is None else runs) * (1 if outer is None else outer))
    for index, (value, given) in enumerate(zip(body.input, inputs)):
        cut = ([axes[index - states]] if index >= states else []) + [0] * batch
        inner.values[value.name] = _part(to, inner, value.name, given, cut)
    before = [inner.values[value.name] for value in body.input[:states]]
    to.body(body, inner)
    made = [inner.find(value.name) for value in body.output]
    if any(_sort(a) != _sort(b) for a, b in zip(before, made)):
        to.missing("Scan", name, "its sizes change from run to run")
    lead = (outer,) if batch else ()
    values = [_stacked(value, lead) for value in made[:states]]
    said = call.attributes["scan_output_axes"].ints if "scan_output_axes" in call.attributes else ()
    axes = [*said, *[0] * len(made)]
    parts = [_stacked(value, (*lead, runs), axis) for value, axis in zip(made[states:], axes)]
    _give(to, scope, node, name, call, values, parts, None, stack=False)


def _size(value: Value | None, axis: int) -> int | None:
    shape = value.shape if value is not None else None
    return shape[axis] if shape is not None and -len(shape) <= axis < len(shape) else None


def _stacked(value: Value, more: Sizes, axis: int = 0) -> Value:
    """A value of more axes: in front, or where the axis that it gets is to stand."""
    shape = value.shape
    if shape is not None:
        at = axis % (len(shape) + 1)
        shape = (*shape[:at], *more, *shape[at:])
    return value._replace(shape=shape, constant=False, content=None)


def _part(to: Walker, inner: Scope, name: str, given: Value | None, cut: list[int]) -> Value:
    """A state as it is; of what is gone through, one part: `cut` are the axes that it has not."""
    if given is None or given.shape is None or not all(-len(given.shape) <= axis < len(given.shape) for axis in cut):
        return Value(None)
    if not cut:
        return given._replace(constant=False, content=None)
    gone = {axis % len(given.shape) for axis in cut}
    part = given._replace(shape=tuple([n for axis, n in enumerate(given.shape) if axis not in gone]), content=None)
    if given.number is not None and part.full is not None:
        op = Counted("scan-input", part.full, moved=0, view=True)
        return part._replace(number=to.add(f"{inner.prefix}{name}", op, (given.number,), part.full, given.kind))
    return part


def _give(
    to: Walker, scope: Scope, node: Written, name: str, call: Call, states: list[Value], made: list[Value],
    runs: int | None, stack: bool = True,
) -> None:  # fmt: skip
    """The last states, and what the runs have made put behind one another."""
    values = [*states, *[_stacked(value, (runs,)) if stack else value for value in made]]
    for index, output in enumerate(node.outputs):
        value = values[index] if index < len(values) else Value(None)
        said = scope.said.get(output)
        if value.full is None and said is not None and said.full is not None and not value.type:
            value = value._replace(shape=said.shape, kind=value.kind or said.kind)
        if index >= len(states) and value.full is not None:
            op = Counted(f"{call.op.lower()}-output", value.full, moved=2 * prod(value.full), times=scope.times)
            number = to.add(f"{name}/{output}", op, (value.number or 0,), value.full, value.kind)
            value = value._replace(number=number)
        if output:
            scope.values[output] = value


def _body(call: Call, word: str) -> Any:
    if word not in call.attributes:
        raise Malformed(f"a {call.op} has no body")
    return call.attributes[word].g


def _scalar(to: Walker, call: Call, index: int) -> int | None:
    """The one number, or truth, in an input; None where it is none or its content is not known."""
    value = call.inputs[index] if call.has(index) else None
    return None if value is None else to.evaluator.scalar(value.content)


CONTROL: dict[str, Control] = {"If": conditional, "Loop": loop, "Scan": scan}
