"""Every convention's figure of a network, and which of them explain the figures that somebody has."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction

from ..answers.check import NetworkVerified
from ..graph.ops import Counted
from ..networks.build import Network
from ..spec.errors import SpecError, clip
from ..spec.records import NamedTuple
from . import dispatched, graphs, modules, papers, patched  # noqa: F401  each registers its conventions
from .facts import ASSUMED, Facts, Group, facts_of, in_groups, pieces
from .figures import Figure, deciding, match_of, read_figure
from .operations import Seen, see
from .registry import ALL, Convention, Sum, total

#: What a figure may be of a value, the plain value first: people print two operations a multiply-add, or halve them.
FACTORS = {"": Fraction(1), "×2": Fraction(2), "÷2": Fraction(1, 2)}

#: How a figure stands for a value, the surest first.
MATCHES = ("exact", "rounded", "cut off")

#: How many conventions are named where none explains a figure.
NEAREST = 3


class Said(NamedTuple):
    """What one convention says of a network.

    `otherwise` has its figure under each assumption about modules where they differ and nothing says which holds.
    """

    convention: Convention
    sum: Sum
    otherwise: dict[str, int | None]

    @property
    def needs_facts(self) -> bool:
        """Does the figure depend on what the network's file does not say?"""
        return bool(self.otherwise)


class Place(NamedTuple):
    """Where a value was looked for: the network, its input where that is another than the one asked about."""

    network: str
    input: str = ""


class Explanation(NamedTuple):
    """A convention that prints a figure: its value, how often that was taken, how the digits stand for it.

    `assuming`: the figure is this one if the modules are as assumed.
    """

    convention: Convention
    value: int
    factor: str
    match: str
    sum: Sum
    place: Place
    assuming: str = ""


class Near(NamedTuple):
    """A convention that does not print the figure, and by how much its own is more."""

    convention: Convention
    value: int
    difference: Fraction


class Explained(NamedTuple):
    """A figure and everything that explains it; `deciding` says which further digit would tell the values apart.

    `others` explain it where the tool that is said to have printed it does not.
    """

    given: Figure
    explanations: tuple[Explanation, ...]
    nearest: tuple[Near, ...]
    deciding: str
    others: tuple[Explanation, ...] = ()


class Reconciliation(NamedTuple):
    """How every convention counts a network, and what explains the figures given; `facts` is None where none are said.

    `unknown`: operations that are not known; then no convention has a figure.
    """

    network: Network
    macs: int
    facts: Facts | None
    said: tuple[Said, ...]
    figures: tuple[Explained, ...]
    verified: NetworkVerified | None = None
    unknown: tuple[str, ...] = ()

    @property
    def executed(self) -> str:
        """What the execution in this run showed of the multiply-adds: the worst of what holds of its operations."""
        if self.verified is None:
            return "skipped"
        found = {layer.status for layer in self.verified.layers}
        counted = any([type(node.op) is Counted and node.op.macs for node in self.network.graph.nodes])
        if found == {"skipped"} and not counted:
            return "skipped"
        apart = {"partial"} if counted or "skipped" in found else set[str]()
        return next((status for status in ("mismatch", "partial", "reduced") if status in found | apart), "verified")


def conventions() -> tuple[Convention, ...]:
    """All of them, those of papers first.

    >>> conventions()[0].name, len(conventions()) > 20
    ('multiply-adds', True)
    """
    papers_first = sorted(ALL, key=lambda one: one.versions not in ("papers", "timm"))
    return tuple(papers_first)


def find_conventions(text: str) -> tuple[Convention, ...]:
    """The conventions of a name, in all ranges of versions, or in that of a version behind an @.

    >>> [one.versions for one in find_conventions("ptflops-pytorch")]
    ['0.7.0 to 0.7.4', '0.7.5 and later']
    >>> [one.versions for one in find_conventions("ptflops-pytorch@0.7.3")]
    ['0.7.0 to 0.7.4']

    Raises SpecError for a name that there is not, and for a version of which nothing is known.
    """
    name, at, version = text.partition("@")
    found = tuple([one for one in conventions() if one.name.lower() == name.strip().lower()])
    if not found:
        raise _no_convention(name)
    covering = tuple([one for one in found if one.covers(version.strip())]) if at else found
    if not covering:
        message = f"nothing is known of {found[0].name} {clip(version)!r}"
        hint = f"known versions: {', '.join([one.versions for one in found])}"
        raise SpecError(message, hint, text, len(name) + 1, len(text))
    return covering


def _no_convention(name: str) -> SpecError:
    from difflib import get_close_matches

    names = list(dict.fromkeys([one.name for one in conventions()]))
    near = get_close_matches(name, names, n=1, cutoff=0.5) or [
        known for known in names if name.lower() in known.lower()
    ]
    hint = f"did you mean {near[0]}?" if near else "'convcost reconcile --list' lists them"
    return SpecError(f"there is no convention {name!r}", hint, name)


def groups_of(seen: Sequence[Seen], facts: Facts | None) -> dict[str, list[Group]]:
    """The operations in groups: once under "" where facts are known, else under each assumption about them.

    >>> list(groups_of([Seen("conv", "conv", {"macs": 9})], None))
    ['modules', 'functions', 'shared modules']
    """
    if facts is not None:
        return {"": in_groups(seen, facts)}
    return {assumed: in_groups(seen, said) for assumed, said in ASSUMED.items()}


def say(convention: Convention, groups: dict[str, list[Group]], *, nested: bool) -> Said:
    """What a convention says; `nested`: the containers around modules are known."""
    sums = {assumed: total(convention, of) for assumed, of in groups.items()}
    first = next(iter(sums.values()))
    values = {assumed: one.value for assumed, one in sums.items()}
    if convention.nested and not nested and first.terms:
        return Said(convention, first, {"no containers": first.value})
    return Said(convention, first, values if len(set(values.values())) > 1 else {})


def reconcile_network(
    network: Network,
    figures: Sequence[str] = (),
    *,
    others: Iterable[tuple[Place, Network]] = (),
    only: Sequence[Convention] = (),
    verified: NetworkVerified | None = None,
    unknown: Sequence[str] = (),
) -> Reconciliation:
    """Every convention's figure for a network, or those of `only`; `figures` are explained, by `others` too.

    `others` are the network at other sizes and its siblings; of a network with `unknown` operations nothing is said.

    >>> from convcost.networks.build import build_network
    >>> from convcost.networks.zoo import zoo_program
    >>> found = reconcile_network(build_network(zoo_program("resnet50")), ["4.11 G=fvcore"])
    >>> one = found.figures[0].explanations[0]
    >>> one.convention.name, one.value, [(term.term, term.coefficient, term.amount) for term in one.sum.terms][:2]
    ('fvcore', 4111512576, [('multiply-adds', 1, 4089184256), ('BatchNorm elements', 2, 11113984)])

    Raises SpecError for what is no figure, and for a tool that there is not.
    """
    given = [read_figure(text) for text in figures]
    for figure in given:
        if figure.tool:
            find_conventions(figure.tool)
    if unknown:
        empty = tuple([Explained(figure, (), (), "") for figure in given])
        return Reconciliation(network, 0, None, (), empty, verified, tuple(unknown))
    seen = see(network.graph, network.shapes)
    facts = facts_of(network, seen)
    chosen = only or conventions()
    said = say_all(chosen, seen, facts)
    places = [(Place(network.name), said)]
    for place, other in others:
        also = see(other.graph, other.shapes)
        places.append((place, say_all(chosen, also, facts_of(other, also))))
    explained = tuple([explain_figure(figure, places) for figure in given])
    macs = sum([one.sizes.get("macs", 0) for one in seen])
    return Reconciliation(network, macs, facts, said, explained, verified)


def say_all(chosen: Sequence[Convention], seen: Sequence[Seen], facts: Facts | None) -> tuple[Said, ...]:
    """What each convention says of the operations."""
    groups = groups_of(seen, facts)
    nested = facts is not None and (facts.nested or len(seen) == 1)
    return tuple([say(one, groups, nested=nested) for one in chosen])


def beside(network: Network, name: str) -> tuple[Said, list[int | None]]:
    """What the newest versions of a convention say of a network, and of each of its operations.

    >>> from convcost.networks.single import read_single
    >>> said, each = beside(read_single("64:128 @56 k3 bias"), "torchinfo")
    >>> said.sum.value, each
    (231612416, [231612416])
    """
    convention = find_conventions(name)[-1]
    seen = see(network.graph, network.shapes)
    facts = facts_of(network, seen)
    parts: list[list[Group]] = [[] for _ in seen]
    for index, group in pieces(seen, facts or Facts()):
        parts[index].append(group)
    return say_all((convention,), seen, facts)[0], [total(convention, part).value for part in parts]


def explain_figure(figure: Figure, places: Sequence[tuple[Place, Sequence[Said]]]) -> Explained:
    """Everything that prints a figure: its own digits first; twice and half of values only where none does."""
    every = [(place, one) for place, said in places for one in said]
    versions = find_conventions(figure.tool) if figure.tool else conventions()
    candidates = [(place, one) for place, one in every if any([one.convention is of for of in versions])]
    found = _found(figure, candidates)
    if not found:
        others = _found(figure, every) if figure.tool else []
        return Explained(figure, (), _nearest(figure, candidates), "", tuple(others))
    values = [int(one.value * FACTORS[one.factor]) for one in found]
    decides = deciding(figure, values) if len(set(values)) > 1 else ""
    return Explained(figure, tuple(found), (), decides)


def _found(figure: Figure, candidates: Sequence[tuple[Place, Said]]) -> list[Explanation]:
    """The surest first."""
    found: list[Explanation] = []
    for factor in FACTORS:
        found += [one for place, said in candidates for one in _explanations(figure, place, said, factor)]
        if found and not factor:
            break
    return sorted(found, key=lambda one: MATCHES.index(one.match))


def _explanations(figure: Figure, place: Place, said: Said, factor: str) -> Iterable[Explanation]:
    values = said.otherwise or {"": said.sum.value}
    for value, assuming in {value: assumed for assumed, value in reversed(values.items())}.items():
        match = match_of(figure, value * FACTORS[factor]) if value else ""
        if match and value is not None:
            yield Explanation(said.convention, value, factor, match, said.sum, place, assuming)


def _nearest(figure: Figure, candidates: Sequence[tuple[Place, Said]]) -> tuple[Near, ...]:
    """The conventions nearest to a figure that none explains, one for each value."""
    near: dict[int, Near] = {}
    for _, said in candidates:
        if said.sum.value is not None:
            near.setdefault(said.sum.value, Near(said.convention, said.sum.value, said.sum.value - figure.value))
    return tuple(sorted(near.values(), key=lambda one: abs(one.difference))[:NEAREST])
