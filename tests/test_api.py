"""The same things from a script: plain frozen records that nothing prints and that show themselves."""

from __future__ import annotations

import subprocess
import sys

import pytest
from tables import each

import convcost
from convcost.spec import parse_spec

SPEC = "64:128 @9 k3"


def test_importing_loads_nothing_heavy() -> None:
    """The functions are loaded when one is first asked for, NumPy when something is executed, Rich and Typer never."""
    code = f"""
import sys, convcost
before = len([name for name in sys.modules if name.startswith("convcost")])
convcost.compare({SPEC!r}, verify=False), str(convcost.layer({SPEC!r}, verify=False))
print(before, *[name for name in ("numpy", "rich", "typer") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1"]


def test_the_answers_are_those_of_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    """The table is what `print` shows; calling prints nothing."""
    from convcost.cli.main import run

    found = convcost.compare(SPEC, norm=True, activation="ReLU", residual=True, variants=["grouped", "standard"])
    assert capsys.readouterr() == ("", "")
    words = ["--norm", "--activation", "relu", "--residual", "--variants", "grouped,standard"]
    assert run(["compare", *SPEC.split(), *words]) == 0
    assert str(found) == capsys.readouterr().out


def test_a_network_is_what_the_command_answers(capsys: pytest.CaptureFixture[str]) -> None:
    """Executed like it, unless that is not wanted; calling prints nothing."""
    from convcost.cli.main import run

    for verify, option in ((True, "--verify"), (False, "--no-verify")):
        found = convcost.network("squeezenet1.1", "@64 n2", verify=verify)
        assert capsys.readouterr() == ("", "")
        assert run(["network", "squeezenet1.1", "@64", "n2", option]) == 0
        assert str(found) == capsys.readouterr().out
        assert (found.verified is not None and found.verified.status == "verified") == verify


def test_the_limit_of_a_network_is_that_of_each_layer() -> None:
    """What has more multiply-adds is executed smaller; the whole is, at a reduced input."""
    found = convcost.network("squeezenet1.1", verify_limit=10_000_000)
    assert found.verified is not None
    macs = {layer.name: layer.words["macs"] for layer in found.layers}
    for layer in found.verified.layers:
        assert (layer.status == "reduced") == (macs[layer.names[0]] > 10_000_000)
    assert {layer.status for layer in found.verified.layers} == {"reduced", "verified"}
    assert found.verified.wiring.status == "verified"


def test_a_network_that_contradicts_says_so() -> None:
    """As a row of a comparison does: with both numbers, and without an exception."""
    from convcost.checks.broken_rules import BROKEN_RULES
    from convcost.checks.selftest import broken

    (rule,) = [rule for rule in BROKEN_RULES if rule.name == "params: groups forgotten"]
    with broken(rule):
        found = convcost.network("mobilenet-v1", "@32")
    assert found.verified is not None
    assert found.verified.status == "mismatch"


def test_a_network_by_analysis_loads_nothing_heavy() -> None:
    """NumPy is for executing, Rich and Typer are the command line's."""
    code = """
import sys, convcost
str(convcost.network("resnet18", verify=False))
print(*[name for name in ("numpy", "rich", "typer") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


ANSWERS = {
    "compare": convcost.compare(SPEC, verify=False),
    "layer": convcost.layer(SPEC, verify=False),
    "network": convcost.network("resnet18", verify=False),
}


@pytest.mark.parametrize("found", ANSWERS.values(), ids=ANSWERS)
def test_answers_are_frozen_and_show_themselves_in_a_notebook(found: object) -> None:
    """A table in HTML that has nothing of Python in it."""
    with pytest.raises(AttributeError):
        found.spec = None
    html = found._repr_html_()
    assert "<table" in html
    assert str(found).splitlines()[2].split()[0] in html


def test_a_spec_may_be_a_record() -> None:
    """As it comes out of another answer."""
    assert convcost.layer(parse_spec(SPEC)) == convcost.layer(SPEC)


def test_what_is_no_layer_at_all_is_a_type_error() -> None:
    """It says what there should be."""
    with pytest.raises(TypeError, match="text or a LayerSpec, not int"):
        convcost.compare(64)


@pytest.mark.parametrize("wrong", [{"variants": ["standart"]}, {"baseline": "base"}, {"activation": "relu7"}])
def test_what_there_is_not_is_an_error(wrong: dict[str, object]) -> None:
    """A ValueError with a message, as for a bad spec or a network that there is not."""
    with pytest.raises(ValueError, match=r"standart|base|relu7"):
        convcost.compare(SPEC, **wrong)
    with pytest.raises(ValueError, match="resnet51"):
        convcost.network("resnet51")


@each("name", ["compare", "verify", "fit", "sweep", "time"])
def test_a_variant_that_there_is_not_is_the_error_of_the_command(name: str) -> None:
    with pytest.raises(convcost.Error, match=r"unknown variant 'standart'[^?]*did you mean standard\?"):
        getattr(convcost, name)(SPEC, variants=["standart"])


@pytest.mark.parametrize(("name", "more"), [("fit", {"macs": "1M"}), ("sweep", {})])
def test_a_line_of_a_framework_is_a_layer_as_in_the_command(name: str, more: dict[str, str]) -> None:
    """It has no ranges, but is tried like the tokens that it means."""
    found = getattr(convcost, name)("Conv2d(8, 16, 3, padding=1) @9", variants=["standard"], verify=False, **more)
    assert found.name == "8:16 @9 k3 bias"


def test_only_what_exists_is_there() -> None:
    """And `dir` names it."""
    assert {"compare", "layer", "network"} <= set(dir(convcost))
    with pytest.raises(AttributeError, match="nothing"):
        convcost.nothing  # noqa: B018  what must fail


def test_words_may_be_a_list_or_a_text_with_commas() -> None:
    found = [convcost.sweep("8..16/8 @7 k3", front=words, verify=False)
             for words in ("params,macs", ["params", "macs"], ("params", "macs"))]  # fmt: skip
    assert str(found[0]) == str(found[1]) == str(found[2])


def test_names_may_stand_in_one_text_as_on_the_command_line() -> None:
    """A text is a list of letters, too, and 'unknown variant s' helps nobody."""
    found = convcost.compare("8:16 @9 k3", variants="standard, grouped", verify=False)
    assert [row.variant for row in found.rows] == ["standard", "grouped"]
    assert convcost.reconcile("lenet-5", "0.8 M", sizes="32,40", verify=False).figures[0].given.text == "0.8 M"
    with pytest.raises(convcost.Error, match="unknown variant 'standrad'"):
        convcost.compare("8:16 @9 k3", variants="standrad", verify=False)


def test_sizes_without_a_figure_are_for_nothing() -> None:
    with pytest.raises(convcost.Error, match="for figures, and there is none"):
        convcost.reconcile("resnet18", sizes=[256], verify=False)
