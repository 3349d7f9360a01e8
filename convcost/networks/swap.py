"""The same network with some of its convolutions replaced by a variant."""

from fnmatch import fnmatchcase
from typing import NamedTuple

from ..graph.ops import Conv, Graph, Node, Shape
from ..graph.shapes import infer_shapes
from ..spec.errors import Problem, SpecError
from ..spec.fields import Values
from ..spec.layer import LayerSpec
from ..spec.text import gather, locate
from ..variants.registry import AS_GIVEN, REPLACEMENT, RESIDUAL_BLOCK, Built, DoesNotApply, all_variants, build_variant
from .build import Network
from .convs import conv_spec, following, readers
from .limits import MOST_ALIVE, MOST_OPERATIONS, alive_in_all

#: Fields of a convolution that `where` can ask for.
ASKABLE = ("kernel_size", "stride", "padding", "dilation", "groups", "bias", "channels")


class Where(NamedTuple):
    """Which convolutions are meant: fields that they have, and a pattern of their names."""

    fields: Values
    pattern: str = ""


class LeftAlone(NamedTuple):
    """A convolution that `where` means and that stays, and why."""

    name: str
    reason: str


class Swapped(NamedTuple):
    """The network afterwards, the names of the layers that were replaced, and those that were left alone."""

    network: Network
    replaced: tuple[str, ...]
    left: tuple[LeftAlone, ...]


def read_where(text: str, axes: int) -> Where:
    """Tokens of specs, all of which must hold, and at most one pattern of names.

    >>> read_where("k3 s1 stage2.*", 2)
    Where(fields={'kernel_size': (3, 3), 'stride': (1, 1)}, pattern='stage2.*')

    Raises SpecError at a token that is none, or that no convolution is asked for.
    """
    fields: Values = {}
    patterns = [word for word in text.split() if "*" in word or "." in word]
    tokens = " ".join([word for word in text.split() if word not in patterns])
    try:
        gather(tokens, fields, axes)
        for field in fields:
            if field not in ASKABLE:
                hint = "by k3 s1 p1 d1 g1 bias 64:128 or a name: 'stage2.*'"
                raise Problem(f"layers cannot be chosen by {field}", hint, field)
    except Problem as problem:
        raise locate(problem, tokens, fields) from None
    if len(patterns) > 1:
        raise SpecError("more than one pattern of names", "give one, such as 'stage2.*'", text, 0, len(text))
    return Where({field: _normal(field, value, axes) for field, value in fields.items()}, "".join(patterns))


def _normal(field: str, value: object, axes: int) -> object:
    if field in ("kernel_size", "stride", "dilation") and isinstance(value, int):
        return (value,) * axes
    return (value,) * axes if field == "padding" and isinstance(value, tuple) and isinstance(value[0], int) else value


def swap(network: Network, to: str, where: Where) -> Swapped:
    """Replace every convolution that `where` means by variant `to`, its norm and activation on every part of it.

    Keeps the shapes that every replaced layer takes and gives. Left alone, with the reason: layers that
    are grouped (unless `where` says g), that the variant does not apply to, or that it would leave as they are.
    """
    graph, uses = network.graph, readers(network.graph)
    nodes: list[Node] = []
    values = [0]  # by old value: the new one
    replaced, left, skip = [], [], 0
    for index, node in enumerate(graph.nodes):
        if skip:
            skip -= 1
            continue
        own, norm, activation = following(graph, index, uses)
        found = _replacement(network, index, to, where, norm, activation)
        if isinstance(found, Built):
            _inline(nodes, found.graph, node.name, values[node.inputs[0]])
            values += [len(nodes)] * (own + 1)
            replaced.append(node.name)
            skip = own
            _check_room(len(nodes), to, network.name)
            continue
        left += [LeftAlone(node.name, found)] if found else []
        nodes.append(node._replace(inputs=tuple([values[value] for value in node.inputs])))
        values.append(len(nodes))
    after = graph._replace(nodes=tuple(nodes))
    _check_room(len(nodes), to, network.name)
    if alive_in_all(after) > MOST_ALIVE:
        raise SpecError(f"{network.name}: too many outputs are kept for later", "swap fewer layers")
    return Swapped(network._replace(graph=after, shapes=infer_shapes(after)), tuple(replaced), tuple(left))


def _check_room(operations: int, to: str, name: str) -> None:
    if operations > MOST_OPERATIONS:
        message = f"{name} with {to} has more than {MOST_OPERATIONS:,} operations"
        raise SpecError(message, "swap fewer layers: --where 'k3 stage2.*'")


def _replacement(
    network: Network, index: int, to: str, where: Where, norm: bool, activation: str | None
) -> Built | str | None:
    """What takes the place of a node; the reason why nothing does; None where it is not meant."""
    node = network.graph.nodes[index]
    op = node.op
    if type(op) is not Conv or not _is_meant(op, node.name, where):
        return None
    if op.groups > 1 and "groups" not in where.fields:
        return f"is grouped already (g{op.groups})"
    given, out = network.shapes[node.inputs[0]], network.shapes[index + 1]
    spec = conv_spec(op, given, network.graph.dtype)._replace(norm=norm, activation=activation)
    built = _build(to, spec, out)
    if isinstance(built, Built) and [n.op for n in built.graph.nodes][:1] == [op] and _only_conv(built.graph):
        return f"is {to} already"
    return built


def _only_conv(graph: Graph) -> bool:
    return sum([type(node.op) is Conv for node in graph.nodes]) == 1


def _build(to: str, spec: LayerSpec, out: Shape) -> Built | str:
    try:
        built = build_variant(to, spec)
    except DoesNotApply as why:
        return str(why)
    if built.shapes[-1] != out:
        return f"would give {_shape(built.shapes[-1])} where the layer gives {_shape(out)}"
    return built


def _shape(shape: Shape) -> str:
    return "x".join(map(str, shape[1:]))


def _is_meant(op: Conv, name: str, where: Where) -> bool:
    if where.pattern and not fnmatchcase(name, where.pattern):
        return False
    return all([_field(op, field, value) for field, value in where.fields.items()])


def _field(op: Conv, field: str, value: object) -> bool:
    if field == "channels":
        return (op.in_channels, op.out_channels) == value
    return bool(getattr(op, field) == value)


def _inline(nodes: list[Node], graph: Graph, name: str, value: int) -> None:
    base = len(nodes)
    for node in graph.nodes:
        inputs = tuple([i + base if i else value for i in node.inputs])
        nodes.append(Node(f"{name}.{node.name}", node.op, inputs))


def replacements() -> list[str]:
    """The variants that can take the place of a layer."""
    return [v.name for v in all_variants().values() if v.role in (REPLACEMENT, RESIDUAL_BLOCK) and v.name != AS_GIVEN]
