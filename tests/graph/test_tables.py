"""Tables over operations are total: one that leaves an operation out cannot be imported."""

from __future__ import annotations

import ast
from importlib import import_module
from pathlib import Path
from typing import get_args

import pytest

import convcost
from convcost.graph.ops import Add, ByOp, Conv, Op

ROOT = Path(convcost.__file__).parent

#: Where a fold over operations lives, and how many tables it has at least.
FOLDS = {
    "graph.shapes": 2, "analysis.cost": 5, "analysis.memory": 1, "analysis.field": 2, "analysis.training": 1,
    "execute.memory": 1, "execute.ones.primitives": 1, "execute.ones.lines": 1, "execute.ones.mixes": 3,
    "execute.values.apply": 1,
    "execute.values.reference": 1, "execute.values.integers": 1, "execute.values.exact": 1, "execute.values.linear": 1,
    "training.gradients": 3,
}  # fmt: skip


def tables(module: str) -> list[ast.AnnAssign]:
    """Every assignment of a table in a file."""
    tree = ast.parse((ROOT / f"{module.replace('.', '/')}.py").read_text("utf-8"))
    return [node for node in tree.body if isinstance(node, ast.AnnAssign) and "ByOp(" in ast.unparse(node)]


@pytest.mark.parametrize("module", FOLDS)
def test_a_missing_row_fails_at_import(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of every table of every fold: an operation more, and the file is no longer importable."""
    loaded = import_module(f"convcost.{module}")
    source, found = Path(str(loaded.__file__)).read_text("utf-8"), tables(module)
    assert len(found) >= FOLDS[module]
    more = type("Novel", (), {})
    monkeypatch.setattr("convcost.graph.ops.get_args", lambda _: (*get_args(Op), more))
    names = {"__name__": loaded.__name__, "__package__": loaded.__package__}
    with pytest.raises(TypeError, match="no rule for Novel"):
        exec(compile(source, str(loaded.__file__), "exec"), names)  # what an import does


def test_a_table_has_one_rule_for_every_operation() -> None:
    """None left out, none twice, and nothing else; asked for something else, it is an error."""
    kinds = get_args(Op)
    table = ByOp(dict.fromkeys(kinds, 1))
    assert set(table) == set(kinds)
    for parts, said in (
        ([dict.fromkeys(kinds[1:], 1)], f"no rule for {kinds[0].__name__}$"),
        ([dict.fromkeys(kinds, 1), {Add: 2, Conv: 3}], "two rules for Conv, Add$"),
        ([dict.fromkeys((*kinds, int), 1)], "no operation: int$"),
    ):
        with pytest.raises(TypeError, match=said):
            ByOp(*parts)
    with pytest.raises(KeyError):
        table[int]
