"""What a file, or the names in one, say of modules, and what is said where nothing does."""

from __future__ import annotations

import pytest
from tables import each

from convcost.conventions.answer import reconcile_network
from convcost.conventions.facts import Group, Sighting, fits, in_groups, read_facts, told_by_names
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


@each("word", ["relu", "relu=", "=module", "relu=modul", "relu=module,", "relu=module=x", "a=in"])
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


def test_what_nothing_is_said_of_is_a_module_in_no_container() -> None:
    """Of one image, and not shared."""
    assert Sighting() == ("module", False, "", False, 0)
    assert Group("conv", "module", False, {}, ())[5:] == (1, True)


def test_a_fact_that_fits_nothing_is_marked_among_the_others() -> None:
    """From its first sign to its last."""
    network = build_network(read_program("input 8 @8\nfacts relu=module poool=mean\nrelu"))
    with pytest.raises(SpecError) as caught:
        reconcile_network(network)
    error = caught.value
    assert (error.text, error.text[error.start : error.end]) == ("relu=module poool=mean", "poool")


@each(
    ("names", "told"),
    [
        (["/conv/Conv", "x"], True), (["/conv/Conv", "x", "y"], False), (["/Conv", "/Relu"], False), (["x"], False),
        (["/conv/Conv", "/Relu", "/Add", "y"], True),
    ],
)  # fmt: skip
def test_half_of_the_names_are_paths_where_paths_tell(names: list[str], told: bool) -> None:
    """And one of them has a scope."""
    assert (told_by_names([Seen(name, "conv", {}) for name in names]) is not None) is told


@each(
    ("name", "kind", "found"),
    [
        ("/a/conv/Conv", "conv", ("module", False, "/a/conv", False, 1)),
        ("/a/b/conv/Conv", "conv", ("module", False, "/a/b/conv", False, 2)),
        ("/relu/Relu", "relu", ("module", False, "/relu", False, 0)),
        ("/relu_1/Relu", "relu", ("module", False, "/relu", False, 0)),  # the same module once more
        ("/act_1/Relu", "relu", ("module", False, "/act_1", False, 0)),  # there is no act
        ("/relu_b/Relu", "relu", ("module", False, "/relu_b", False, 0)),
        ("/a/Relu", "relu", ("function", False, "", False, 0)),
        ("/a/ReduceMean", "mean", ("function", True, "", False, 0)),
        ("/ReduceMean", "mean", ("function", True, "", False, 0)),
        ("/a/Add", "add", ("module", False, "", False, 0)),
        ("/Conv", "conv", ("module", False, "", False, 0)),
    ],
)
def test_a_path_tells_the_module_and_how_deep_it_lies(name: str, kind: str, found: tuple[object, ...]) -> None:
    """Operations of a container itself are functions, where they can be modules."""
    others = ["/a/conv/Conv", "/a/b/conv/Conv", "/relu/Relu"]
    seen = [Seen(one, "conv", {}) for one in others if one != name] + [Seen(name, kind, {})]
    told = told_by_names(seen)
    assert told is not None
    assert told.named is not None
    assert told.named[name] == found


ONE = Seen("stage.a.activation", "relu", {"in": 8, "out": 8}, batch=2)
WEIGHED = Seen("b", "linear", {"in": 8, "out": 5, "weights": 40})


@each(
    ("said", "seen", "groups"),
    [
        (["relu=function"], ONE, [("relu", "function", False, {"in": 8, "out": 8})]),
        (["relu=subclass,module"], ONE, [("relu", "module", False, {"in": 8, "out": 8})]),  # the later wins
        (["stage.*=function"], ONE, [("relu", "function", False, {"in": 8, "out": 8})]),
        (["relu=mean"], ONE, [("mean", "function", False, {"in": 8, "out": 8})]),
        (["relu=shared"], ONE, [("relu", "module", False, {"in": 8, "out": 8})]),
        (["relu=dropout"], ONE, [("relu", "module", False, {"in": 8, "out": 8}),
                                 ("dropout", "module", False, {"in": 8, "out": 8})]),
        (["linear=in12"], WEIGHED, [("linear", "module", False, {**WEIGHED.sizes, "nested_weights": 12 * 40})]),
        (["linear=in0"], WEIGHED, [("linear", "module", False, WEIGHED.sizes)]),
        (["relu=in3"], ONE, [("relu", "module", False, {"in": 8, "out": 8})]),
        (["conv=function"], ONE, [("relu", "module", False, {"in": 8, "out": 8})]),
    ],
)  # fmt: skip
def test_each_word_of_a_fact_says_one_thing(said: list[str], seen: Seen, groups: list[tuple[object, ...]]) -> None:
    """Of the kind, or of the names that fit."""
    found = in_groups([seen], read_facts(said))
    assert [(one.kind, one.form, one.again, one.sizes) for one in found] == groups
    assert {one.batch for one in found} == {seen.batch}


def test_operations_of_one_kind_and_form_are_added_up() -> None:
    """What one lacks counts as nothing; of a shared module all but the last call are calls again."""
    seen = [Seen("x.a.activation", "relu", {"in": 8}), Seen("x.b.activation", "relu", {"in": 9, "out": 5}),
            Seen("y.a.activation", "relu", {"in": 100})]  # fmt: skip
    (whole,) = in_groups(seen, read_facts(["relu=module"]))
    assert (whole.sizes, whole.names) == ({"in": 117, "out": 5}, tuple([one.name for one in seen]))
    found = in_groups([*seen, seen[0]._replace(name="x.c.activation")], read_facts(["relu=shared"]))
    assert [(one.again, one.names) for one in found] == [
        (True, ("x.a.activation", "x.b.activation")), (False, ("y.a.activation", "x.c.activation")),
    ]  # fmt: skip
    assert seen[0].sizes == {"in": 8}
