"""Rules of what works element by element, of norms, of reductions, and of what only moves numbers."""

from math import prod

from ...graph.dtypes import bits_of
from ...graph.ops import Activation, Add, BatchNorm, Concat
from .values import TYPES, Call, Count, Unknown
from .windows import Rule


def each(operations: int = 1) -> Rule:
    """The rule of so many operations per output element."""

    def rule(call: Call) -> Count:
        return Count(elementwise=operations * prod(call.made), in_place=_same_shape(call))

    return rule


def activation(kind: str) -> Rule:
    """The rule of an activation for which there is a primitive."""

    def rule(call: Call) -> Count:
        return each()(call)._replace(in_place=True, primitive=Activation(kind))

    return rule


def add(call: Call) -> Count:
    """Two inputs of one shape; with one that is repeated it is counted."""
    return each()(call)._replace(primitive=Add())


def variadic(call: Call) -> Count:
    """One operation less than there are inputs; the sum of two is an `Add`."""
    count = each(len(call.inputs) - 1)(call)
    return count._replace(primitive=Add()) if call.op == "Sum" and len(call.inputs) == 2 else count


def count_batch_norm(call: Call) -> Count:
    """Scale and shift, at inference; mean and variance are none of its params."""
    x = call.shape(0)
    if len(x) < 2:
        return each(2)(call)
    return Count(elementwise=2 * prod(x), in_place=True, primitive=BatchNorm(x[1]))


def local_response(call: Call) -> Count:
    """The sum of the squares of `size` neighbours; square, factor, shift, power and division."""
    return Count(elementwise=(max(call.integer("size", 1), 1) + 5) * prod(call.made))


def reduce(operations: int = 1) -> Rule:
    """The rule of a reduction: so many operations per input element."""

    def rule(call: Call) -> Count:
        return Count(elementwise=operations * prod(call.shape(0)))

    return rule


def resize(call: Call) -> Count:
    """Interpolated from two positions (cubic: four) along every axis that changes; the nearest one is copied."""
    x, out = call.shape(0), call.made
    if len(x) != len(out):
        raise Unknown("its sizes contradict its definition")
    mode = call.text("mode", "nearest")
    near = {"nearest": 0, "linear": 2, "cubic": 4}.get(mode, 2)
    axes = sum([a != b for a, b in zip(x, out)])
    return Count(elementwise=near**axes * prod(out) if near and axes else 0)


def grid_sample(call: Call) -> Count:
    """As `resize`, along every axis in space."""
    mode = call.text("mode", "linear")
    near = {"nearest": 0, "bicubic": 4, "cubic": 4}.get(mode, 2)
    return Count(elementwise=near ** (len(call.made) - 2) * prod(call.made) if near else 0)


def roi_align(call: Call) -> Count:
    """Four positions a sample, a square of samples an output; how many, the file may leave to the data."""
    ratio = call.integer("sampling_ratio", 0)
    if ratio < 1:
        raise Unknown("how often it samples depends on the data")
    return Count(elementwise=4 * ratio * ratio * prod(call.made))


def view(call: Call) -> Count:  # noqa: ARG001  every rule takes one
    """Another look at the same numbers."""
    return Count(view=True, moved=0)


def copy(call: Call) -> Count:  # noqa: ARG001  every rule takes one
    """Numbers are moved, and nothing is computed."""
    return Count()


def count_gather(call: Call) -> Count:
    """Reads what it takes, not all there is, and the positions, as so many numbers of the type that it puts out."""
    given, position = [bits_of(TYPES.get(value.kind, "fp32")) for value in call.inputs[:2] if value]
    return Count(moved=2 * prod(call.made) + -(-prod(call.shape(1)) * position // given))


def concat(call: Call) -> Count:
    """A copy; along the channels there is a primitive."""
    axis = call.integer("axis", 1)
    return Count(primitive=Concat()) if axis in (1, 1 - len(call.made)) else Count()


def _same_shape(call: Call) -> bool:
    """Has the output the shape of the first input that is no constant, so that it may be written over it?"""
    first = next((value for value in call.inputs if value is not None and not value.constant), None)
    return first is not None and first.full == call.made
