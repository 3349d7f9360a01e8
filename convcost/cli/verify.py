"""`convcost verify`: the evidence for every number, row by row and check by check."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

from ..spec.errors import SpecError
from ..timing import ENGINES
from .names import choose_variants
from .options import NOTATION, Destination, Inplace, Modifiers, OptionalSpec, Residual, Variants, VerifyLimit

if TYPE_CHECKING:
    from ..checks.examination import Examined, Oracle
    from ..spec import LayerSpec
    from .run import Flags

#: The engines that are not our own executor.
OTHERS = tuple([name for name in ENGINES if name != "numpy"])
OracleName: Any = StrEnum("OracleName", {name: name for name in OTHERS})  # type: ignore[misc]  # made from the list

EPILOG = (
    NOTATION
    + """
Examples:

  convcost verify 8:16 @14 k3

  convcost verify 8:16 @14 k3 --variants grouped --all

  convcost verify 64:128 @56 k3 --variants depthwise-separable --format json

  convcost verify --random 5 --seed 7 --output evidence.csv

  convcost verify 8:16 @14 k3 --engine onnxruntime

  convcost verify --self-test
"""
)


def verify(
    spec: OptionalSpec = None,
    variants: Variants = "",
    random: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", show_default=False, help="Verify this many generated layers instead."),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(metavar="N", show_default="0", help="Which layers --random generates.")
    ] = None,
    self_test: Annotated[
        bool, typer.Option("--self-test", help="Break rules on purpose and show which check catches each.")
    ] = False,
    show_all: Annotated[bool, typer.Option("--all", help="A line for each check, both sides of it.")] = False,
    engine: Annotated[
        OracleName | None,
        typer.Option(metavar="NAME", show_default=False, help=f"Hold values against an engine: {', '.join(OTHERS)}."),
    ] = None,
    residual: Residual = False,
    verify_limit: VerifyLimit = None,
    inplace: Inplace = True,
    *,
    modifiers: Modifiers,
    to: Destination,
) -> int:
    """Show the evidence: execute every variant in every way there is, and compare with what is printed."""
    from .run import Flags

    names = choose_variants(variants)
    oracle = _oracle(engine.value) if engine else None
    _one_subject(spec, random, seed, self_test)
    try:
        with to.open() as (file, written):
            if self_test:
                return _self_test(written, file)
            if random:
                return _random(random, seed or 0, names, oracle, written, file)
            layer = _spec(" ".join(spec or []), Flags.of(modifiers, residual))
            return _layer(layer, names, verify_limit, inplace, oracle, written, file, show_all=show_all)
    except MemoryError as error:
        print(f"error: {error or 'out of memory'}", file=sys.stderr)
        return 2


def _one_subject(spec: list[str] | None, random: int | None, seed: int | None, self_test: bool) -> None:
    """Raise SpecError where there is nothing to verify, or more than one thing, or a seed of nothing."""
    said = [(" ".join(spec or []), "a layer"), (f"--random {random or ''}" * bool(random), "generated layers")]
    given = [(text, what) for text, what in [*said, ("--self-test" * self_test, "broken rules")] if text]
    if not given:
        raise SpecError("say what to verify", "a layer such as 64:128 @56 k3, or --random 200, or --self-test")
    if len(given) > 1:
        (one, a), (other, b), *_ = given
        text = f"{one} {other}"
        raise SpecError(
            f"there are {a} and {b} to verify", f"leave out {one} or {other}", text, len(one) + 1, len(text)
        )
    if seed is not None and not random:
        raise SpecError("--seed says which layers --random generates", "leave it out, or give --random 200, too")


def _oracle(engine: str) -> Oracle:
    from ..timing.engines import open_engine
    from ..timing.oracle import EngineOracle

    return EngineOracle(open_engine(engine))


def _spec(text: str, flags: Flags) -> LayerSpec:
    from ..spec import parse_spec

    if text.strip() == "-":
        raise SpecError("verify takes one layer", "convcost compare - verifies every line it reads", text, 0, 1)
    return flags.on(parse_spec(text))


def _layer(
    spec: LayerSpec, names: list[str] | None, limit: int | None, inplace: bool, oracle: Oracle | None, format: str,
    file: TextIO, *, show_all: bool,
) -> int:  # fmt: skip
    """All checks of one layer."""
    from ..checks.examination import PARTS, examine_all, expected_time, wanted_names
    from ..checks.verifier import DEFAULT_LIMIT
    from ..report.evidence import write_evidence
    from ..report.terminal import progress

    limit = DEFAULT_LIMIT if limit is None else limit
    with progress(PARTS * len(wanted_names(spec, names)), expected_time(spec, names, limit)) as step:
        rows = examine_all(spec, names, limit, inplace=inplace, step=step, oracle=oracle)
    write_evidence(format, file, spec, rows, show_all=show_all)
    return _report("", rows)


def _report(layer: str, rows: Sequence[Examined]) -> int:
    """1, and each check that does not hold on stderr."""
    failed = [(row.variant, *pair) for row in rows for pair in row.checks.items() if pair[1].ok is False]
    for variant, name, check in failed:
        both = f"expected {check.expected}, executed {check.measured}"
        print(f"mismatch: {layer}{': ' * bool(layer)}{variant}: {name}: {both}", file=sys.stderr)
    return int(bool(failed))


def _random(count: int, seed: int, names: list[str] | None, oracle: Oracle | None, format: str, file: TextIO) -> int:
    """All checks of generated layers: how many there were, and every one that does not hold."""
    from ..checks.examination import examine_all
    from ..checks.random_specs import random_specs
    from ..report.random_evidence import Totals, write_totals
    from ..report.terminal import progress
    from ..spec import format_spec

    totals, code = Totals(count, seed), 0
    with progress(count, count / 10) as step:
        for number, spec in enumerate(random_specs(count, seed), 1):
            step(f"layer {number} of {count}")
            rows = examine_all(spec, names, oracle=oracle)
            totals = totals.with_layer(spec, rows)
            code |= _report(format_spec(spec), rows)
    write_totals(format, file, totals)
    return code


def _self_test(format: str, file: TextIO) -> int:
    """Which check caught which broken rule; 1 if one got through, which is told on stderr."""
    from ..checks.broken_rules import BROKEN_RULES
    from ..checks.selftest import run_selftest
    from ..report.selftest_evidence import write_selftest
    from ..report.terminal import progress

    with progress(1, 3.0) as step:
        step(f"{len(BROKEN_RULES)} broken rules")
        rules = run_selftest(BROKEN_RULES)
    write_selftest(format, file, rules)
    missed = [rule.name for rule in rules if not rule.caught_by]
    for name in missed:
        print(f"mismatch: {name}: broken, and no check noticed", file=sys.stderr)
    return int(bool(missed))
