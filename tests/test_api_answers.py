"""Every command as a function: its answer is that of the command, its errors are of one class, numbers are numbers."""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from schema import VALID
from tables import each

import convcost
from convcost import api
from convcost.cli.main import COMMANDS, run

#: Commands that answer nothing about a layer or a network.
OTHERS = {"variants", "device", "export", "help", "schema", "completion"}

#: A call of each function, and the command line that asks the same.
CALLS: dict[str, tuple[Callable[[], Any], str]] = {
    "compare": (lambda: convcost.compare("8:16 @9 k3", top=2, sort="macs", verify=False),
                "compare 8:16 @9 k3 --top 2 --sort macs --no-verify"),
    "layer": (lambda: convcost.layer(network="resnet18", layer="stem", verify=False),
              "layer --in resnet18 --layer stem --no-verify"),
    "network": (lambda: convcost.network("mobilenet-v1", width=0.5, batch=2, verify=False),
                "network mobilenet-v1 --width 0.5 --batch 2 --no-verify"),
    "swap": (lambda: convcost.swap("resnet18", "@64", to="ghost", top=1, verify=False),
             "swap resnet18 @64 --to ghost --top 1 --no-verify"),
    "zoo": (convcost.zoo, "zoo"),
    "explain": (lambda: convcost.explain("low-rank", spec="8:16 @9 k3"), "explain low-rank 8:16 @9 k3"),
    "fit": (lambda: convcost.fit("mobilenet-v1", macs=150_000_000, verify=False),
            "fit mobilenet-v1 --macs 150000000 --no-verify"),
    "sweep": (lambda: convcost.sweep("8..16/8 @7 k3", best="macs", top=2, verify=False),
              "sweep 8..16/8 @7 k3 --best macs --top 2 --no-verify"),
    "reconcile": (lambda: convcost.reconcile("resnet18", "1.82 G", verify=False),
                  "reconcile resnet18 1.82 G --no-verify"),
    "diff": (lambda: convcost.diff("resnet18", "resnet18 @64", verify=False),
             "diff resnet18 resnet18@64 --no-verify"),
    "time": (lambda: convcost.time("8:16 @9 k3", variants=["standard"], device="nvidia-t4"),
             "time 8:16 @9 k3 --variants standard --device nvidia-t4"),
}  # fmt: skip


def test_every_command_that_answers_is_a_function() -> None:
    """Of its name; `explain` too, though a room of the package has that name."""
    import convcost.explain.texts  # the room takes its place in the package now

    for name in set(COMMANDS) - OTHERS:
        assert inspect.isfunction(getattr(convcost, name)), name
        assert name in convcost.__all__
    assert set(convcost.__all__) <= set(dir(convcost))


@each("name", sorted({*COMMANDS} - OTHERS))
def test_a_docstring_opens_with_what_it_gives_and_has_an_example(name: str) -> None:
    """And every parameter is typed."""
    function = getattr(api, name)
    assert (function.__doc__ or "").split("\n")[0].endswith((".", ","))
    assert name == "budget" or ">>>" in function.__doc__  # a budget needs a file
    assert "return" in function.__annotations__
    given = inspect.signature(function).parameters.values()
    assert all([one.annotation is not one.empty for one in given])


@pytest.mark.parametrize("name", CALLS)
def test_an_answer_is_what_the_command_writes(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """As JSON; calling prints nothing, and printing shows a table."""
    call, line = CALLS[name]
    found = call()
    assert capsys.readouterr() == ("", "")
    words = [word.replace("resnet18@64", "resnet18 @64") for word in line.split()]
    assert run([*words, "--format", "json"]) in (0, 1)
    document = found.to_dict()
    said = json.loads(capsys.readouterr().out)
    for one in (document, said):
        one.pop("name", None)  # a fit of a network is called by its line
    assert document == said
    assert not list(VALID.iter_errors(found.to_dict()))
    assert len(str(found).splitlines()) > 3


def test_evidence_and_budgets_are_answers_too(tmp_path: Any) -> None:
    """They have times and paths in them, so they are not compared as text."""
    (tmp_path / "convcost.toml").write_text('[budget]\n"8:16 @9 k3" = { macs = "1M", params = 1 }\n')
    held = convcost.budget(tmp_path / "convcost.toml")
    assert (held.ok, [one.ok for one in held.findings]) == (False, [True, False])
    found = convcost.verify("8:16 @9 k3", variants=["standard"])
    assert found.ok
    for one in (held, found):
        assert not list(VALID.iter_errors(one.to_dict()))
        assert "standard" in str(one) or "params" in str(one)


WRONG: dict[str, tuple[Callable[[], object], str]] = {
    "token": (lambda: convcost.compare("8:16 @9 q3"), "compare 8:16 @9 q3"),
    "network": (lambda: convcost.network("resnet51"), "network resnet51"),
    "condition": (lambda: convcost.compare("8 @9 k3", where="mcas<=1M"), "compare 8 @9 k3 --where mcas<=1M"),
    "width": (lambda: convcost.network("resnet18", width=2), "network resnet18 --width 2"),
    "line": (lambda: convcost.network(__file__), f"network {__file__}"),
    "figure": (lambda: convcost.reconcile("resnet18", "four"), "reconcile resnet18 4four"),
}


@pytest.mark.parametrize("case", sorted(WRONG))
def test_what_is_wrong_is_of_one_class_with_the_text_of_the_command(
    case: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message, the place and the remedy."""
    monkeypatch.setenv("COLUMNS", "100")
    call, line = WRONG[case]
    with pytest.raises(convcost.Error) as caught:
        call()
    assert isinstance(caught.value, ValueError)
    assert run(line.split()) == 2
    said = capsys.readouterr().err.removeprefix("error: ").split()
    assert case == "figure" or said[:8] == str(caught.value).split()[:8]


def test_an_answer_is_a_data_frame_where_there_is_pandas(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its columns are those of CSV, and numbers are numbers; without pandas it says what to install."""
    found = convcost.compare("8:16 @9 k3", variants=["grouped"], verify=False)
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(convcost.Error, match="pip install pandas"):
        found.to_pandas()
    frame = SimpleNamespace(convert_dtypes=lambda **_: kept[-1])
    kept: list[list[dict[str, Any]]] = []
    stand_in = SimpleNamespace(
        DataFrame=lambda records, dtype: (kept.append(records), frame)[1] if dtype is object else 0
    )
    monkeypatch.setitem(sys.modules, "pandas", stand_in)
    (row,) = found.to_pandas()
    assert (row["variant"], row["macs"], row["relative.macs"]) == ("grouped", 11664, 0.125)
