"""What a tool sees of a network and its graph does not say: modules and functions, one module used twice, dropout."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

from ..networks.build import Network
from ..spec.errors import SpecError, clip
from ..spec.records import NamedTuple
from .operations import FAMILIES, KINDS, Seen

#: How an operation can be written: as a module, a subclass of PyTorch's, one that holds modules itself, a function, a
#: convolution whose padding is a word or a copy of its input. Sums and products are operators unless a fact says
#: `function` (torch.add).
FORMS = ("module", "subclass", "container", "function", "word", "copied")

#: Kinds by the words that lines of a network file have for them.
BY_LINE = {
    "global-average-pool": "adaptive-avg-pool", "global-max-pool": "adaptive-max-pool",
    "adaptive-average-pool": "adaptive-avg-pool",
}  # fmt: skip

#: Kinds that PyTorch writes as modules or as functions; the others are modules always, or operators.
EITHER = frozenset((*FAMILIES["activations"], *FAMILIES["pools"], "upsample-nearest", "upsample-bilinear"))


class Sighting(NamedTuple):
    """What is known of one operation beside its quantities: its form, its block, the containers around it."""

    form: str = "module"
    mean: bool = False
    shared: str = ""  # the module that it shares, by any name
    dropout: bool = False
    inside: int = 0


class Group(NamedTuple):
    """Operations of one kind in one form: their quantities added up, and their names.

    `again`: their module is called once more behind them. `grows`: as of `operations.Seen`, all of them.
    """

    kind: str
    form: str
    again: bool
    sizes: dict[str, int]
    names: tuple[str, ...]
    batch: int = 1
    grows: bool = True


class Facts(NamedTuple):
    """Facts in their order, each a pattern and a word: what comes later wins. `named` has what names of nodes tell."""

    pairs: tuple[tuple[str, str], ...] = ()
    named: dict[str, Sighting] | None = None

    @property
    def nested(self) -> bool:
        """Do they say how deep modules lie in containers?"""
        return self.named is not None or any(word.startswith("in") for _, word in self.pairs)


#: What is assumed of a network whose file has no facts, one after another.
ASSUMED = {
    "modules": Facts(),
    "functions": Facts(tuple([(kind, "function") for kind in sorted(EITHER)])),
    "shared modules": Facts(tuple([(kind, "shared") for kind in FAMILIES["activations"]])),
}


def read_facts(words: Sequence[str]) -> Facts:
    """The facts that a line of a network file states.

    >>> read_facts(["global-average-pool=mean", "relu=function,shared"]).pairs
    (('global-average-pool', 'mean'), ('relu', 'function'), ('relu', 'shared'))
    """
    split = [word.partition("=") for word in words]
    return Facts(tuple([(pattern, one) for pattern, _, said in split for one in said.split(",")]))


def facts_of(network: Network, seen: Sequence[Seen]) -> Facts | None:
    """What the network's file says, or its names tell; SpecError for a fact that fits none of its operations."""
    if network.facts is None:
        return told_by_names(seen)
    facts = read_facts(network.facts)
    for pattern, _ in facts.pairs:
        if not any([fits(pattern, one) for one in seen]):
            hint = "it is the word of a line, such as relu, or a pattern of names, which network --per-layer shows"
            message = f"no operation of {network.name} fits the fact {clip(pattern)!r}"
            raise SpecError(message, hint, " ".join(network.facts), *_place(pattern, network.facts))
    return facts


def _place(pattern: str, words: Sequence[str]) -> tuple[int, int]:
    at = " ".join(words).find(pattern)
    return at, at + len(pattern)


def told_by_names(seen: Sequence[Seen]) -> Facts | None:
    """What paths of modules tell, as PyTorch's exporter writes them: /layer1/layer1.0/relu_1/Relu; None without any.

    The scope of a module holds its operation alone. A second call of one has a number behind its name.

    >>> names = ["/conv/Conv", "/block/conv/Conv", "/block/relu/Relu", "/block/relu_1/Relu", "/block/Add", "/Relu"]
    >>> kinds = ["conv", "conv", "relu", "relu", "add", "relu"]
    >>> found = told_by_names([Seen(name, kind, {}) for name, kind in zip(names, kinds)]).named
    >>> [(found[name].form, found[name].shared, found[name].inside) for name in names[2:4] + names[5:]]
    [('module', '/block/relu', 1), ('module', '/block/relu', 1), ('function', '', 0)]
    """
    scopes = {one.name: one.name.rpartition("/")[0] for one in seen if one.name.startswith("/")}
    if 2 * len(scopes) < len(seen) or not any(scopes.values()):
        return None
    outer = {scope[:at] for scope in set(scopes.values()) for at, sign in enumerate(scope) if sign == "/"}
    known = set(scopes.values())
    return Facts((), {one.name: _of_scope(one, scopes.get(one.name, ""), outer, known) for one in seen})


def _of_scope(one: Seen, scope: str, outer: set[str], known: set[str]) -> Sighting:
    if not scope or scope in outer:
        return Sighting("function" if one.kind in EITHER else one.form, mean=one.kind == "mean")
    base, _, number = scope.rpartition("_")
    shared = base if number.isdigit() and base in known else scope
    return Sighting(one.form, shared=shared, inside=scope.count("/") - 1)


def fits(pattern: str, seen: Seen) -> bool:
    """Is the pattern the operation's kind, or does it match its name?"""
    kind = BY_LINE.get(pattern, pattern)
    return seen.kind == kind if kind in KINDS else fnmatchcase(seen.name, pattern)


def sighting(facts: Facts, seen: Seen) -> Sighting:
    """What the facts say of one operation."""
    found = Sighting(seen.form)
    if facts.named is not None:
        return facts.named.get(seen.name, found)
    for pattern, word in facts.pairs:
        if fits(pattern, seen):
            found = _with(found, word, seen)
    return found


def _with(found: Sighting, word: str, seen: Seen) -> Sighting:
    if word == "shared":
        return found._replace(shared=f"{block_of(seen)} {seen.kind}")
    if word in FORMS:
        return found._replace(form=word)
    if word.startswith("in"):
        return found._replace(inside=int(word[2:]))
    return found._replace(mean=True) if word == "mean" else found._replace(dropout=True)


def in_groups(seen: Sequence[Seen], facts: Facts) -> list[Group]:
    """Operations of one kind and form together: a rule is linear, so that one sum serves every convention.

    >>> one = Seen("stage1.1.reduce.activation", "relu", {"in": 8})
    >>> two = Seen("stage1.1.add.activation", "relu", {"in": 9})
    >>> [(group.again, group.sizes) for group in in_groups([one, two], read_facts(["relu=shared"]))]
    [(True, {'in': 8}), (False, {'in': 9})]
    """
    groups: dict[Key, Group] = {}
    names: dict[Key, list[str]] = {}
    for _, group in pieces(seen, facts):
        key = group.kind, group.form, group.again, group.grows
        known = groups.get(key)
        if known is None:
            groups[key] = group._replace(sizes=dict(group.sizes))
            names[key] = [*group.names]
            continue
        names[key] += group.names
        for size, count in group.sizes.items():
            known.sizes[size] = known.sizes.get(size, 0) + count
    return [group._replace(names=tuple(names[key])) for key, group in groups.items()]


Key = tuple[str, str, bool, bool]


def pieces(seen: Sequence[Seen], facts: Facts) -> Iterator[tuple[int, Group]]:
    """Every operation as a group of its own, with its number, and the dropouts behind them."""
    sightings = _sightings(seen, facts)
    last = _last_calls(sightings)
    for index, (one, known) in enumerate(zip(seen, sightings)):
        again = bool(known.shared) and last[known.shared] != index
        kind, form = ("mean", "function") if known.mean else (one.kind, known.form)
        yield index, Group(kind, form, again, _sizes(one, known.inside), (one.name,), one.batch, one.grows)
        if known.dropout:
            out = one.sizes["out"]
            names = (f"dropout behind {one.name}",)
            yield index, Group("dropout", "module", False, {"in": out, "out": out}, names, one.batch)


def _sizes(one: Seen, inside: int) -> dict[str, int]:
    if inside and "weights" in one.sizes:
        return {**one.sizes, "nested_weights": inside * one.sizes["weights"]}
    return one.sizes


def _sightings(seen: Sequence[Seen], facts: Facts) -> list[Sighting]:
    if facts != Facts():
        return [sighting(facts, one) for one in seen]
    return [Sighting(one.form) for one in seen]


def _last_calls(sightings: Sequence[Sighting]) -> dict[str, int]:
    """Of operations that share a module, which comes last."""
    return {known.shared: index for index, known in enumerate(sightings) if known.shared}


def block_of(seen: Seen) -> str:
    """The block that an operation is in: its name without its line's own.

    >>> block_of(Seen("stage1.1.conv.activation", "relu", {})), block_of(Seen("stem.activation", "relu", {}))
    ('stage1.1', '')
    """
    return seen.name.removesuffix(".activation").rpartition(".")[0]
