"""A convention: a name, its versions, and a table from kinds of operations to what the tool adds for one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

from ..spec.records import NamedTuple
from .facts import Group
from .operations import FAMILY_OF, KINDS, LABELS


class Amount:
    """What a rule adds for an operation: quantities of it, each times a whole number.

    >>> 2 * IN + OUT
    2·in + out
    """

    __slots__ = ("parts",)

    def __init__(self, *parts: tuple[int, str]) -> None:
        self.parts = parts

    def __add__(self, other: Amount) -> Amount:
        return Amount(*self.parts, *other.parts)

    def __sub__(self, other: Amount) -> Amount:
        return self + -1 * other

    def __rmul__(self, factor: int) -> Amount:
        return Amount(*[(factor * coefficient, size) for coefficient, size in self.parts])

    def __repr__(self) -> str:
        return " + ".join([size if n == 1 else f"{n}·{size}" for n, size in self.parts]) or "0"


def amount(size: str) -> Amount:
    """A quantity of `operations.Seen.sizes`, once."""
    return Amount((1, size))


#: What stands before a quantity that is taken of one sample of the batch.
ONE = "one "


#: Quantities that do not grow with the batch.
FIXED = ("dims", "channels", "weights", "params", "nested_weights")


def a_sample(of: Amount) -> Amount:
    """The same of one sample, whatever the batch.

    >>> a_sample(2 * IN)
    2·one in
    """
    return Amount(*[(coefficient, f"{ONE}{size}") for coefficient, size in of.parts])


MACS, EFFECTIVE, IN, OUT = amount("macs"), amount("effective_macs"), amount("in"), amount("out")
BIAS, WEIGHTS, PARAMS, CHANNELS = amount("bias"), amount("weights"), amount("params"), amount("channels")
WINDOWS, SIDES, ROWS, DIMS = amount("windows"), amount("sides"), amount("rows"), amount("dims")
DIMS_OUT, PADDED_WINDOWS, NESTED = amount("dims_out"), amount("padded_windows"), amount("nested_weights")
PARAMS_A_SAMPLE, SECOND_AXIS = amount("params_a_sample"), amount("second_axis_macs")
NOTHING = Amount()

#: Kinds that compute nothing: free in every tool that does not say otherwise.
FREE = ("moved", "split")

#: The tool refuses, or calls its own total partial: it prints no figure.
UNSUPPORTED: None = None

#: How the quantities are called in a term, behind the kind; products stand alone.
SIZES = {
    "in": "elements", "out": "outputs", "bias": "bias", "weights": "weights", "params": "params",
    "channels": "channels", "windows": "windows", "sides": "windows, by their side", "rows": "rows",
    "dims": "axes", "dims_out": "outputs × axes", "padded_windows": "windows", "nested_weights": "weights, nested",
    "params_a_sample": "params × batch", "second_axis_macs": "products along the second axis",
    "macs": "multiply-adds", "effective_macs": "multiply-adds on data",
    "moved_macs": "products at output positions", "crossed_macs": "products with channels crossed",
    "confused_macs": "products by a test of shapes", "twice_grouped_macs": "products, groups divided off twice",
    "forward_bias": "bias at a forward size", "square_bias": "bias of a square output",
    "conv_activations": "outputs", "flat_macs": "multiply-adds over two axes", "flat_bias": "bias over two axes",
    "sample_macs": "multiply-adds of one sample", "plane": "outputs of one channel", "global_out": "outputs",
    "global_in": "elements", "flat_in": "elements",
    "kept": "elements, not folded", "folded": "elements, folded to a bias", "chunks": "sizes computed",
    "copied": "padding computed",
}  # fmt: skip

#: The quantities that are multiply-adds as counted here, which an execution in the run can show.
EXECUTED = ("macs", "effective_macs", "sample_macs", "flat_macs")

Table = Mapping[str, Amount | None]


class Convention(NamedTuple):
    """How one tool counts, in one range of its versions.

    `rules` has an amount by kind, by `function.KIND` where a function is counted otherwise than a module; `rest` is
    the tool's own answer to any other kind. `blind` are the forms that it does not see: `facts.FORMS`. `last_call`: of
    a module that is used twice it keeps the last call. `nested`: it needs to know the containers around a module.
    `scaled`: it counts on small images and scales, which is a rule only where all positions grow with the area.
    """

    name: str
    versions: str
    calls_it: str
    source: str
    rules: Table
    rest: Amount | None
    blind: tuple[str, ...]
    last_call: bool
    nested: bool
    scaled: bool

    def covers(self, version: str) -> bool:
        """Is a version in the range, or called by its very words?

        >>> from convcost.conventions.modules import thop
        >>> thop.versions, [thop.covers(one) for one in ("0.1", "0.1.1.post2209072238", "0.0.30", "0.2")]
        ('0.0.31 to 0.1.1', [True, True, False, False])
        """
        bounds, given = _versions(self.versions), _versions(version)
        if not bounds or not given:
            return version == self.versions
        one, first, last = given[0] + (0,) * 4, bounds[0], bounds[-1]
        return (one >= first or "before" in self.versions) and (one[: len(last)] <= last or "later" in self.versions)

    def rule(self, kind: str, form: str) -> Amount | None:
        """What it adds for an operation of that kind in that form; None where it gives no figure then."""
        if form in self.blind:
            return NOTHING
        if kind in FREE:
            return self.rules.get(kind, NOTHING)
        key = f"{form}.{kind}"
        return self.rules[key] if key in self.rules else self.rules.get(kind, self.rest)


def _versions(text: str) -> list[tuple[int, ...]]:
    return [tuple(map(int, one.split("."))) for one in re.findall(r"\d+(?:\.\d+)*", text)]


class Term(NamedTuple):
    """One summand: what is counted, how often, how many there are, and in which operations."""

    term: str
    family: str
    coefficient: int
    amount: int
    executed: bool
    operations: tuple[str, ...]

    @property
    def adds(self) -> int:
        """What the term adds to the figure."""
        return self.coefficient * self.amount


class Sum(NamedTuple):
    """What a convention says of some operations: the figure and its terms, or why there is none."""

    value: int | None
    terms: tuple[Term, ...]
    reason: str = ""


ALL: list[Convention] = []


def convention(
    name: str, versions: str, calls_it: str, source: str, *, rest: Amount | None = NOTHING,
    blind: tuple[str, ...] = (), last_call: bool = False, nested: bool = False, scaled: bool = False,
) -> Callable[[Callable[[], dict[str, Amount | None]]], Convention]:  # fmt: skip
    """Register the table that the decorated function gives; its keys are kinds, several in one with spaces between.

    >>> len({(one.name, one.versions) for one in ALL}) == len(ALL)
    True
    """

    def register(table: Callable[[], dict[str, Amount | None]]) -> Convention:
        rules = {kind: rule for kinds, rule in table().items() for kind in kinds.split()}
        unknown = {key.rpartition(".")[2] for key in rules} - KINDS
        assert not unknown, f"{name}: there is no kind {unknown}"
        found = Convention(name, versions, calls_it, source, rules, rest, blind, last_call, nested, scaled)
        ALL.append(found)
        return found

    return register


def total(of: Convention, groups: Iterable[Group]) -> Sum:
    """The figure of a convention for operations in groups, and the terms that it is made of.

    >>> from convcost.conventions.papers import multiply_adds
    >>> total(multiply_adds, [Group("conv", "module", False, {"macs": 99}, ("stem",))]).value
    99
    """
    terms: dict[tuple[str, int], Term] = {}
    for group in groups:
        if of.scaled and not group.grows:
            why = "gives no total where there is a map that does not grow with the image"
            return Sum(None, (), f"{of.name} {why}")
        rule = NOTHING if of.last_call and group.again else of.rule(group.kind, group.form)
        if rule is None:
            return Sum(None, (), f"{of.name} gives no total where there is {_article(group.kind)}")
        for coefficient, size in rule.parts:
            _put(terms, group, coefficient, size)
    made = tuple([term for term in terms.values() if term.amount])
    return Sum(sum([term.adds for term in made]), made)


def _put(terms: dict[tuple[str, int], Term], group: Group, coefficient: int, size: str) -> None:
    single = size.startswith(ONE)
    size = size.removeprefix(ONE)
    label, known = term_label(group.kind, size), group.sizes.get(size, 0)
    if single and group.batch > 1:
        label, known = f"{label} of one sample", known if size in FIXED else known // group.batch
    old = terms.get((label, coefficient))
    if old is None:
        family = family_of(group.kind, size)
        terms[label, coefficient] = Term(label, family, coefficient, known, size in EXECUTED, group.names)
    else:
        names = (*old.operations, *group.names)
        terms[label, coefficient] = old._replace(amount=old.amount + known, operations=names)


def term_label(kind: str, size: str) -> str:
    """How a term is called: products by themselves, everything else by what it belongs to."""
    if size in EXECUTED:
        return SIZES[size]
    return f"{LABELS[kind]} {SIZES[size]}"


def family_of(kind: str, size: str) -> str:
    """The column that a term belongs to."""
    if size.endswith("macs"):
        return "multiply-adds"
    if size.endswith("bias"):
        return "bias"
    return FAMILY_OF.get(kind, "other")


def _article(kind: str) -> str:
    label = LABELS[kind]
    return f"{'an' if label[0].lower() in 'aeiou' else 'a'} {label}" if kind != "other" else "an operation of that kind"
