"""The whole evidence for one row: every check that there is, its two sides, and how long it took."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import NamedTuple

from . import findings
from .equivalents import Equivalence, show_equivalence
from .findings import Finding, make_subject
from .safety import expected_seconds, is_small, require_memory
from .spec.layer import LayerSpec
from .variants.reduced import reduce_spec
from .variants.registry import AS_GIVEN, DoesNotApply, all_variants
from .verification import DEFAULT_LIMIT, sizes
from .verify.run_values import ValueRun


class Examined(NamedTuple):
    """One variant: its findings in their order, how each operation was executed, what scratch that took."""

    variant: str
    reason: str | None
    findings: tuple[Finding, ...] = ()
    run: ValueRun | None = None
    equivalence: Equivalence | None = None

    @property
    def ok(self) -> bool:
        """Does every check hold that applies?"""
        return all(finding.ok is not False for finding in self.findings)


def examine(name: str, spec: LayerSpec, limit: int = DEFAULT_LIMIT, *, inplace: bool = True) -> Examined:
    """Every check of variant `name` of `spec`, at full size up to `limit` multiply-adds.

    >>> spec = LayerSpec(8, 16, (3, 3), (9, 7), padding=((1, 1), (1, 1)))
    >>> found = examine("standard", spec)
    >>> found.ok, [finding.name for finding in found.findings][-4:]
    (True, ['memory', 'receptive_field', 'mixes', 'equivalence'])

    Raises NotEnoughMemory where a size is executed that would not fit.
    """
    try:
        full = make_subject(name, spec, inplace, "full")
        reduced = reduce_spec(spec)
        small = make_subject(name, reduced, inplace, sizes(reduced, spec))
    except DoesNotApply as why:
        return Examined(name, str(why))
    used = full if is_small(full.graph, full.analysis, limit) else small
    if not is_small(used.graph, used.analysis, max(limit, 10**8)):
        return Examined(name, "too large to execute, even reduced")
    require_memory(name, used.graph, used.analysis)
    issued, run = findings.issued(used)
    found = [
        *findings.executed_words(used), *findings.counts(used, small), issued,
        findings.timed(lambda: findings.values(used)), findings.memory(used, run), *findings.seen(full),
    ]  # fmt: skip
    start = perf_counter()
    shown = show_equivalence(name, spec)
    found.append(findings.equivalence(shown, spec)._replace(seconds=perf_counter() - start))
    return Examined(name, None, tuple(found), run, None if isinstance(shown, str) else shown)


def examine_all(
    spec: LayerSpec, names: list[str] | None, limit: int = DEFAULT_LIMIT, *, inplace: bool = True,
    step: Callable[[str], None] | None = None,
) -> list[Examined]:  # fmt: skip
    """Every variant of a layer, or those named; `step` hears of each before it starts."""
    found = []
    for name in wanted_names(spec, names):
        if step:
            step(name)
        found.append(examine(name, spec, limit, inplace=inplace))
    return found


def wanted_names(spec: LayerSpec, names: list[str] | None) -> list[str]:
    """The variants named, or all; a layer that is grouped or transposed is itself one of them."""
    wanted = list(all_variants() if names is None else names)
    return wanted if spec.is_plain or AS_GIVEN in wanted else [AS_GIVEN, *wanted]


def expected_time(spec: LayerSpec, names: list[str] | None, limit: int) -> float:
    """Roughly how many seconds `examine_all` will take."""
    total = 0.0
    for name in wanted_names(spec, names):
        try:
            full = make_subject(name, spec, True, "full")
        except DoesNotApply:
            continue
        total += expected_seconds(full.analysis) if is_small(full.graph, full.analysis, limit) else 0.1
    return total
