"""The same network with some of its convolutions replaced by a variant."""

import re
from collections.abc import Callable, Collection
from fnmatch import fnmatchcase
from operator import ge, gt, le, lt
from typing import Any, NamedTuple

from ..analysis.cost import LEARNED, macs, params
from ..graph.builder import inline
from ..graph.dtypes import types_of
from ..graph.ops import Conv, Graph, Node, Op, Shape
from ..graph.shapes import infer_shapes
from ..spec.errors import Problem, SpecError, clip
from ..spec.fields import FIELDS, Values
from ..spec.layer import LayerSpec
from ..spec.text import gather_tokens, locate, spans
from ..spec.tokens import read_token
from ..variants.registry import AS_GIVEN, REPLACEMENT, RESIDUAL_BLOCK, Built, DoesNotApply, all_variants, build_variant
from .build import Network
from .convs import conv_spec, following, is_inside, no_such_layer, readers
from .limits import MOST_ALIVE, MOST_OPERATIONS, alive_in_all

_BOUND = re.compile(r"(macs|params)(>=|<=|>|<)(\d{1,15}(?:\.\d{1,9})?)(%|[KMGkmg]?)")
_NUMBERS = re.compile(r"(?:op=|#)(\d{1,9})(?:-(\d{1,9}))?")
_COMPARE: dict[str, Callable[[float, float], bool]] = {">": gt, ">=": ge, "<": lt, "<=": le}
_UNITS = {"K": 10**3, "M": 10**6, "G": 10**9}

#: Fields of a convolution that `where` can ask for.
ASKABLE = ("kernel_size", "stride", "padding", "dilation", "groups", "bias", "channels")


class Bound(NamedTuple):
    """`macs>1%`: a word, how it compares, with what; `share`: a percentage of the network's."""

    word: str
    sign: str
    limit: float
    share: bool = False

    def holds(self, value: int, total: int) -> bool:
        """Does it for a layer with `value` of a network with `total`?"""
        limit = self.limit * total / 100 if self.share else self.limit
        return _COMPARE[self.sign](value, limit)


class Where(NamedTuple):
    """Which convolutions are meant; all of it must hold.

    `fields` that they have, a `pattern` of names (or a name, which means what is inside it, too), `numbers`: the first
    and the last operation, `bounds`: MACs or params above or below a number, or a percentage of the network's.
    """

    fields: Values
    pattern: str = ""
    numbers: tuple[int, int] | None = None
    bounds: tuple[Bound, ...] = ()


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
    """Tokens of specs, `op=12` or `op=3-7`, `macs>1%`, and at most one name or pattern of names.

    >>> read_where("k3 s1 stage2.*", 2)[:2]
    ({'kernel_size': (3, 3), 'stride': (1, 1)}, 'stage2.*')
    >>> read_where("op=3-7 macs>1%", 2)[2:]
    ((3, 7), (Bound(word='macs', sign='>', limit=1.0, share=True),))

    Raises SpecError at a token that no convolution is asked for.
    """
    fields: Values = {}
    words = text.split()
    bounds = tuple([_bound(match) for match in map(_BOUND.fullmatch, words) if match])
    numbers = [match for match in map(_NUMBERS.fullmatch, words) if match]
    tokens = [word for word in words if not (_BOUND.fullmatch(word) or _NUMBERS.fullmatch(word) or _is_name(word))]
    names = [word for word in words if _is_name(word)]
    _refuse_comparisons(tokens, text)
    try:
        gather_tokens(" ".join(tokens), fields, axes)
        for field in fields:
            if field not in ASKABLE:
                hint = "by k3 s1 p1 d1 g1 bias 64:128, a name ('stage2.*'), op=12, or macs>1%"
                raise Problem(f"layers cannot be chosen by {field}", hint, field)
    except Problem as problem:
        raise locate(problem, " ".join(tokens), fields) from None
    if len(names) > 1 or len(numbers) > 1:
        raise SpecError("more than one name", "give one, or a pattern such as 'stage2.*'; op=3-7", text)
    each = {field: _normal(field, value, axes) for field, value in fields.items()}
    return Where(each, "".join(names), _first_and_last(numbers[0]) if numbers else None, bounds)


def _refuse_comparisons(tokens: list[str], text: str) -> None:
    """Raise SpecError for a word that compares, and is neither a token nor what `where` compares."""
    for word in tokens:
        try:
            read_token(word)
        except Problem:
            name, _, value = word.partition("=")
            is_name = name in ("name", "layer", "pattern") and value
            hint = "one compares macs>1% or params>=2M, and numbers operations as op=12 or op=3-7"
            if is_name or name in ("macs", "params", "op") or any(sign in word for sign in "<>"):
                span = next(span for found, span in spans(text) if found == word)
                hint = f"write the name alone: {clip(value)}" if is_name else hint
                raise SpecError(f"layers cannot be chosen by {clip(word)!r}", hint, text, *span) from None


def _is_name(word: str) -> bool:
    """Is it a name or a pattern of names? What could be a token is one."""
    if _BOUND.fullmatch(word) or _NUMBERS.fullmatch(word):
        return False
    if any(sign in word for sign in "*.?/"):
        return True
    try:
        read_token(word)
    except Problem:
        return word[:1].isalpha() and not any(sign in word for sign in "=><@") and word not in FIELDS
    return False


def _bound(match: re.Match[str]) -> Bound:
    unit = match[4]
    return Bound(match[1], match[2], float(match[3]) * _UNITS.get(unit.upper(), 1), unit == "%")


def _first_and_last(match: re.Match[str]) -> tuple[int, int]:
    return int(match[1]), int(match[2] or match[1])


def _normal(field: str, value: object, axes: int) -> object:
    if field in ("kernel_size", "stride", "dilation") and isinstance(value, int):
        return (value,) * axes
    return (value,) * axes if field == "padding" and isinstance(value, tuple) and isinstance(value[0], int) else value


def swap_network(network: Network, to: str, where: Where, only: Collection[str] | None = None) -> Swapped:
    """Replace every convolution that `where` means by variant `to`, its norm and activation on every part of it.

    `standard` takes the place of a depthwise convolution and the pointwise one behind it, together. Keeps the shapes
    that every replaced layer takes and gives. Left alone, with the reason: layers that are grouped (unless `where` says
    g), that the variant does not apply to, or that it would leave as they are. `only` these names, whatever shares
    they have: the same swap at another input size. Raises SpecError for a name that no layer has.
    """
    graph, chosen = network.graph, _Chooser(network, to, where if only is None else where._replace(bounds=()))
    nodes: list[Node] = []
    types = _Types(graph)
    values = [0]  # by old value: the new one
    replaced, left, skip = [], [], 0
    for index, node in enumerate(graph.nodes):
        if skip:
            skip -= 1
            continue
        part = chosen.part(index) if only is None or node.name in only else None
        found = chosen.replacement(part) if part else None
        if part and isinstance(found, Built):
            inline(nodes, found.graph, values[node.inputs[0]], f"{node.name}.{{}}".format)
            types.add_new(found.graph, index)
            skip = part.last - index
            values += [len(nodes)] * (skip + 1)
            replaced.append(node.name)
            _check_room(len(nodes), to, network)
            continue
        left += [LeftAlone(node.name, found)] if isinstance(found, str) else []
        nodes.append(node._replace(inputs=tuple([values[value] for value in node.inputs])))
        types.add_old(index)
        values.append(len(nodes))
    after = types.put_into(graph._replace(nodes=tuple(nodes)))
    _check_room(len(nodes), to, network)
    if alive_in_all(after) > MOST_ALIVE:
        raise SpecError(f"{network.name}: too many outputs are kept for later", "swap fewer layers")
    return Swapped(network._replace(graph=after, shapes=infer_shapes(after)), tuple(replaced), tuple(left))


class _Types:
    """The types of tensors that a file says, as far as they are those of what stays; what is new has its layer's."""

    def __init__(self, graph: Graph) -> None:
        self.graph, self.roles = graph, types_of(graph.dtype)
        self.values: list[str] = list(graph.value_types or ())[:1]
        self.weights: list[tuple[tuple[str, int], ...]] = []

    def add_old(self, index: int) -> None:
        """One operation that stays."""
        if self.graph.value_types is not None:
            self.values.append(self.graph.value_types[index + 1])
        if self.graph.weight_types is not None:
            self.weights.append(self.graph.weight_types[index])

    def add_new(self, built: Graph, index: int) -> None:
        """What takes the place of operation `index`."""
        if self.graph.value_types is not None:
            self.values += [self.graph.value_types[index + 1]] * len(built.nodes)
        for node in built.nodes:
            self.weights.append(tuple([(getattr(self.roles, role), n) for role, n in LEARNED[type(node.op)](node.op)]))

    def put_into(self, graph: Graph) -> Graph:
        """`graph` with these types, if the one before had any."""
        values = None if graph.value_types is None else tuple(self.values)
        return graph._replace(value_types=values, weight_types=graph.weight_types and tuple(self.weights))


def _check_room(operations: int, to: str, network: Network) -> None:
    """Twice as many operations as there were are possible, and as many as a network file may have in any case."""
    most = max(MOST_OPERATIONS, 2 * len(network.graph.nodes))
    if operations > most:
        message = f"{network.name} with {to} has more than {most:,} operations"
        raise SpecError(message, "swap fewer layers: --where 'k3 stage2.*'")


class _Part(NamedTuple):
    """What one replacement takes the place of: operations `first` to `last`, as the spec of one layer."""

    first: int
    last: int
    spec: LayerSpec
    factored: bool = False


class _Chooser:
    """Which convolutions are meant, and what would take their place."""

    def __init__(self, network: Network, to: str, where: Where) -> None:
        self.network, self.to, self.where = network, to, where
        self.uses = readers(network.graph)
        totals = [self._costs(i) for i, node in enumerate(network.graph.nodes)] if where.bounds else []
        self.totals = {word: sum([each[word] for each in totals]) for word in ("macs", "params")}
        if where.pattern and not any([type(n.op) is Conv and self._is_named(n.name) for n in network.graph.nodes]):
            raise no_such_layer(network, where.pattern)

    def part(self, index: int) -> _Part | None:
        """The layer that begins with that operation, and what follows it; None where it is not meant."""
        node = self.network.graph.nodes[index]
        if type(node.op) is not Conv:
            return None
        part = self._pair(index) or self._alone(index)
        meant = self._is_named(node.name) and self._is_numbered(index) and self._is_bounded(part)
        fields = self.where.fields.items()
        return part if meant and all([_field(node.op, field, value) for field, value in fields]) else None

    def _alone(self, index: int) -> _Part:
        own, norm, activation = following(self.network.graph, index, self.uses)
        return _Part(index, index + own, self._spec(index)._replace(norm=norm, activation=activation))

    def _spec(self, index: int) -> LayerSpec:
        node = self.network.graph.nodes[index]
        op: Any = node.op
        return conv_spec(op, self.network.shapes[node.inputs[0]], self.network.graph.dtype)

    def _pair(self, index: int) -> _Part | None:
        """A depthwise convolution and the pointwise one that alone reads it: the k x k that they factor."""
        first = self._alone(index)
        behind = first.last + 1
        if self.to != "standard" or "groups" in self.where.fields or behind >= len(self.network.graph.nodes):
            return None
        node = self.network.graph.nodes[behind]
        alone = node.inputs == (behind,) and self.uses[behind] == 1
        if not (alone and _is_depthwise(self.network.graph.nodes[index].op) and _is_pointwise(node.op)):
            return None
        second = self._alone(behind)
        spec = first.spec._replace(
            out_channels=second.spec.out_channels, groups=1, bias=first.spec.bias or second.spec.bias,
            norm=second.spec.norm, activation=second.spec.activation,
        )  # fmt: skip
        return _Part(index, second.last, spec, factored=True)

    def _is_named(self, name: str) -> bool:
        pattern = self.where.pattern
        return not pattern or fnmatchcase(name, pattern) or is_inside(name, pattern)

    def _is_numbered(self, index: int) -> bool:
        return self.where.numbers is None or self.where.numbers[0] <= index <= self.where.numbers[1]

    def _is_bounded(self, part: _Part) -> bool:
        bounds = self.where.bounds
        each = [self._costs(index) for index in range(part.first, part.last + 1)] if bounds else []
        return all([b.holds(sum([cost[b.word] for cost in each]), self.totals[b.word]) for b in bounds])

    def _costs(self, index: int) -> dict[str, int]:
        node, shapes = self.network.graph.nodes[index], self.network.shapes
        given = shapes[node.inputs[0]] if node.inputs else ()
        return {"macs": macs(node.op, given, shapes[index + 1]), "params": params(node.op)}

    def replacement(self, part: _Part) -> Built | str:
        """What takes the place of a part; the reason why nothing does."""
        op = self.network.graph.nodes[part.first].op
        if part.spec.groups > 1 and "groups" not in self.where.fields:
            return f"grouped already (g{part.spec.groups})"
        built = _build(self.to, part.spec, self.network.shapes[part.last + 1])
        if isinstance(built, Built) and not part.factored and [n.op for n in built.graph.nodes][:1] == [op]:
            return f"is {self.to} already" if _only_conv(built.graph) else built
        return built


def _is_depthwise(op: Op) -> bool:
    return type(op) is Conv and op.groups == op.in_channels and not op.transposed


def _is_pointwise(op: Op) -> bool:
    if type(op) is not Conv or op.transposed or op.groups != 1:
        return False
    return {*op.kernel_size, *op.stride} == {1} and not any(map(any, op.padding))


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


def _field(op: Conv, field: str, value: object) -> bool:
    if field == "channels":
        return (op.in_channels, op.out_channels) == value
    return bool(getattr(op, field) == value)


def replacements() -> list[str]:
    """The variants that can take the place of a layer."""
    return [v.name for v in all_variants().values() if v.role in (REPLACEMENT, RESIDUAL_BLOCK) and v.name != AS_GIVEN]
