"""What a file, or the names in one, say of modules, and what is said where nothing does."""

from __future__ import annotations

import pytest

from convcost.conventions.answer import reconcile_network
from convcost.conventions.facts import fits, read_facts, told_by_names
from convcost.conventions.operations import Seen, see
from convcost.networks.build import build_network
from convcost.networks.errors import NetworkError
from convcost.networks.program import read_program
from convcost.networks.zoo import zoo_names, zoo_program
from convcost.spec.errors import SpecError

TINY = "input 8 @10x12\n{facts}pointwise 8 bias relu\nglobal-average-pool"


def figures(facts: str) -> dict[str, int | None]:
    found = reconcile_network(build_network(read_program(TINY.format(facts=facts))))
    return {one.convention.name: one.sum.value for one in found.said}


def test_a_fact_changes_the_figures_of_those_who_see_it() -> None:
    """thop sees a module's pool, not a function's; fvcore both; a mean is nobody's pool."""
    module, function = figures("facts\n"), figures("facts global-average-pool=function\n")
    mean = figures("facts global-average-pool=mean\n")
    assert (module["thop"] or 0) - (function["thop"] or 0) == 8 * 10 * 12 + 8
    assert module["fvcore"] == function["fvcore"]
    assert (module["fvcore"] or 0) - (mean["fvcore"] or 0) == 8 * 10 * 12
    assert module["multiply-adds"] == mean["multiply-adds"]


def test_without_facts_the_figures_that_depend_on_them_are_said_to() -> None:
    """With each value that they may have; the others are certain."""
    found = reconcile_network(build_network(read_program(TINY.format(facts=""))))
    unsure = {one.convention.name: one.otherwise for one in found.said if one.needs_facts}
    assert {"thop", "ptflops-pytorch", "flopth", "torch-summary"} <= set(unsure)
    assert not {"fvcore", "FlopCounterMode", "multiply-adds", "torchinfo"} & set(unsure)
    assert unsure["thop"]["modules"] == figures("facts\n")["thop"]
    assert unsure["thop"]["functions"] == figures("facts global-average-pool=function relu=function\n")["thop"]


@pytest.mark.parametrize("name", zoo_names())
def test_every_fact_of_a_built_in_network_fits_an_operation(name: str) -> None:
    """So that none is a slip of the pen."""
    network = build_network(zoo_program(name))
    seen = see(network.graph, network.shapes)
    facts = read_facts(network.facts or ())
    assert all([any([fits(pattern, one) for one in seen]) for pattern, _ in facts.pairs])


@pytest.mark.parametrize("word", ["relu", "relu=", "=module", "relu=modul", "relu=module,", "relu=module=x", "a=in"])
def test_a_fact_that_is_none_is_pointed_at(word: str) -> None:
    """In the file, at the word."""
    with pytest.raises(NetworkError) as error:
        read_program(f"input 8 @8\nfacts relu=module {word}\nrelu")
    assert error.value.column == len("facts relu=module ") + 1
    assert "facts" in error.value.hint


def test_a_fact_that_fits_no_operation_is_an_error() -> None:
    """It was meant to say something."""
    network = build_network(read_program("input 8 @8\nfacts relu=module poool=mean\nrelu"))
    with pytest.raises(SpecError, match="poool"):
        reconcile_network(network)


def test_paths_of_modules_tell_functions_reuse_and_containers() -> None:
    """As PyTorch's exporter writes them; other names tell nothing."""
    names = ["/features/conv/Conv", "/features/relu/Relu", "/features/relu_1/Relu", "/features/Relu", "/Relu"]
    seen = [Seen(name, "relu" if "Relu" in name else "conv", {"in": 1}) for name in names]
    found = told_by_names(seen)
    assert found is not None
    assert found.named is not None
    assert [found.named[name].form for name in names] == ["module", "module", "module", "function", "function"]
    assert found.named[names[1]].shared == found.named[names[2]].shared
    assert [found.named[name].inside for name in names[:2]] == [1, 1]
    assert told_by_names([Seen("conv1", "conv", {}), Seen("relu", "relu", {})]) is None
