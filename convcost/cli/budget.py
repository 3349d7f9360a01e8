"""`convcost budget`: what may cost how much, held against what it does; exit code 1 where it exceeds that."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..gate import budgets as gate
from ..gate.judging import baseline_document, baseline_entries, judge_all
from ..gate.targets import Ways, read_subject
from ..report.formats import FORMATS
from ..spec.errors import SpecError, unknown_name
from .failure import tell
from .limits import Budgets
from .options import Destination, Execution
from .output import whole_file

if TYPE_CHECKING:
    from collections.abc import Sequence

EPILOG = """
A budget stands in pyproject.toml, or in convcost.toml as [budget]:

  [tool.convcost.budget]
  "my-net.txt" = { macs = "150M", peak_bytes = "4MiB", growth = "+2%" }
  "resnet50 @192" = { params = "<=26M" }

A key is a layer, a network with what is said of its input, a file, or a module. A number is the most there may be;
growth is against the baseline that --update writes, a file to commit. 'convcost help recipes' has it in CI.

Examples:

  convcost budget

  convcost budget --update

  convcost budget my-net.txt --macs 150M --peak-bytes 4MiB

  convcost budget --format github
"""

#: Files that the examples need, for the test that runs them.
EXAMPLE_FILES = {
    "my-net.txt": "input 3 @32\nstandard 8 k3 s2\n",
    "convcost.toml": '[budget]\n"my-net.txt" = { macs = "150M" }\n"resnet18" = { params = "12M" }\n',
}

#: How budgets are written: as any answer, and as annotations of GitHub.
BudgetFormat: Any = StrEnum("BudgetFormat", {name: name for name in (*FORMATS, "github")})  # type: ignore[misc]  # made from the list


def budget(
    targets: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="TARGET...", show_default=False,
            help="Only these of the budget; all, without one. With --macs 150M …: what is held against that.",
        ),
    ] = None,
    config: Annotated[
        str, typer.Option(metavar="FILE", show_default="pyproject.toml", help="The file with the budgets.")
    ] = "",
    update: Annotated[
        bool, typer.Option("--update", help="Write the baseline that growth is held against, and exit.")
    ] = False,
    format: Annotated[
        BudgetFormat | None,
        typer.Option(
            "--format", "-f", metavar="FORMAT", show_default="table",
            help=f"How to write the answer: {', '.join(BudgetFormat)}; github annotates a pull request.",
        ),
    ] = None,
    *,
    budgets: Budgets,
    execution: Execution,
    to: Destination,
) -> int:  # fmt: skip
    """Hold layers and networks against what they may cost, and against a baseline: exit code 1 where one exceeds it."""
    if any(budgets):
        asked = _of_the_options(targets or [], budgets, update=update)
    else:
        asked = gate.read_budgets(Path(config) if config else gate.find_budgets(Path()))
        asked = asked._replace(targets=_chosen(asked.targets, targets or []))
    ways = Ways(asked.path.parent, execution.inplace, execution.of_networks(), tell)
    if update:
        return _update(asked, ways._replace(verify=None))
    answer = judge_all(asked, ways)
    from ..report.gate import write_budget

    with to._replace(format=format).open() as (file, written):  # type: ignore[arg-type]  # github is one more
        write_budget(answer, written, file)
    return int(not answer.ok)


def _of_the_options(words: Sequence[str], budgets: Budgets, *, update: bool) -> gate.Budgets:
    """The budget that `--macs 150M` and the like say, for the target that the words make."""
    if not words:
        hint = "name a network or a layer: convcost budget resnet50 --macs 5G"
        raise SpecError("there is nothing to hold against that", hint)
    if update:
        raise SpecError("--update writes what the targets of a file have", "write the budget into pyproject.toml")
    limits = [gate.read_limit(word, text) for word, text in budgets.limits().items()]
    return gate.Budgets(Path("budget"), (gate.Target(" ".join(words), tuple(limits), line=0),), Path(gate.BASELINE))


def _chosen(targets: Sequence[gate.Target], names: Sequence[str]) -> tuple[gate.Target, ...]:
    known = [target.name for target in targets]
    for name in names:
        if name not in known:
            otherwise = f"there are {', '.join(known)}; --macs 150M gives another a budget"
            raise unknown_name("target", name, known, otherwise)
    return tuple([target for target in targets if not names or target.name in names])


def _update(asked: gate.Budgets, ways: Ways) -> int:
    """Write what each target has now; those that are not asked about keep what they had."""
    from ..report.gate import write_baseline

    before = baseline_entries(asked.baseline)
    now = baseline_document([read_subject(target.name, ways) for target in asked.targets])
    with whole_file(str(asked.baseline)) as file:
        write_baseline({**before, **now}, file)
    changed = sum([before.get(name) != entry for name, entry in now.items()])
    tell(f"{asked.baseline.name}: {changed} of {len(now)} targets changed")
    return 0
