"""Another tool's figures layer by layer: which cells of its file are read, and what is said of them."""

from __future__ import annotations

import pytest
from tables import each

from convcost.conventions.answer import conventions
from convcost.conventions.layers import per_layer, read_theirs, term_of
from convcost.conventions.operations import Seen
from convcost.networks.build import build_network
from convcost.networks.program import read_program
from convcost.networks.zoo import zoo_program
from convcost.spec.errors import SpecError


@each(
    "text",
    [
        "stem,9408",
        "stem,9408,",
        "layer,macs\nstem,9408",
        "layer,macs,params\nstem,9408,7",
        "params,Mult-Adds,name\n7,9408,stem",
        "name,flops,macs\nstem,18816,9408",
        "layer,FLOPs,share\n# a comment\n\nstem,9408,",
        "level,name,op,macs,params\ntotal,net,,99999,\nblock,stage,,99999,\nlayer,stem,conv,9408,7",
    ],
)
def test_the_header_says_which_column_has_the_figures(text: str) -> None:
    """Wherever it stands; lines of totals are no layers."""
    assert read_theirs(text, "theirs.csv") == [("stem", 9408)]


@pytest.mark.parametrize("text", ["layer,params,size\nstem,9408,7", "stem,118,013,952", "stem,9408,7\nhead,1,2"])
def test_several_columns_of_which_none_is_named_are_refused(text: str) -> None:
    """Also the groups of digits of a figure that is not quoted."""
    with pytest.raises(SpecError, match=r"which of the \d columns of theirs\.csv") as error:
        read_theirs(text, "theirs.csv")
    assert "mult-adds" in error.value.hint


@each(
    ("text", "said"),
    [
        ("", "no layer"),
        ("layer,macs", "no layer"),
        ("stem,9408\nhead,many", "line 2: 'many'"),
        ("layer,macs,params\nstem,,7", "line 2: ''"),
        ("stem,9408\nhead", "line 2: ''"),
    ],
)
def test_a_line_without_a_figure_is_pointed_at(text: str, said: str) -> None:
    """By its number in the file."""
    with pytest.raises(SpecError, match=said):
        read_theirs(text, "theirs.csv")


def test_every_operation_has_a_name_that_is_found() -> None:
    """Also those that only move numbers, as the layers of our own CSV do."""
    network = build_network(zoo_program("lenet-5"))
    theirs = [(node.name, 0) for node in network.graph.nodes]
    assert [one.layer for one in per_layer(network, theirs).layers] == [name for name, _ in theirs]


@pytest.mark.parametrize(("layers", "names"), [(3, "a, b, c"), (4, "a, b, c …")])
def test_names_that_are_not_listed_are_said_to_go_on(layers: int, names: str) -> None:
    text = "input 3 @9\n" + "".join(f"{name}: pointwise 4\n" for name in "abcd"[:layers])
    with pytest.raises(SpecError, match="no layer 'stem'") as error:
        per_layer(build_network(read_program(text)), [("stem", 1)])
    assert error.value.hint == f"the names here: {names}"


def test_a_layer_has_one_figure() -> None:
    """A name that is there twice cannot be two layers."""
    with pytest.raises(SpecError, match="'stem' has more than one figure"):
        per_layer(build_network(zoo_program("resnet50")), [("stem", 118_013_952), ("stem", 118_013_952)])


def test_what_the_file_lacks_is_named() -> None:
    """Only convolutions and matrix products: other tools have no line for the rest."""
    found = per_layer(build_network(zoo_program("resnet50")), [("stem", 118_013_952), ("stem.norm", 0)])
    assert (found.products, len(found.missing), found.missing[0]) == (54, 53, "stage1.1.reduce")
    assert "stem" not in found.missing


@pytest.mark.parametrize("total", ["resnet50", "Total", "TOTAL"])
def test_the_line_of_the_whole_network_is_none_of_a_layer(total: str) -> None:
    """Convcost's own CSV has it first, other tools have it last."""
    network = build_network(zoo_program("resnet50"))
    found = per_layer(network, [(total, 4_089_184_256), ("stem", 118_013_952), ("stem.norm", 0)])
    assert [one.layer for one in found.layers] == ["stem", "stem.norm"]


def test_a_file_of_totals_alone_has_no_layer() -> None:
    with pytest.raises(SpecError, match="no layer 'total'"):
        per_layer(build_network(zoo_program("lenet-5")), [("total", 416_520)])


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("9408", [("9408", 9408)]),  # figures alone are those of the layers in their order
        ("macs,params,name\n9408,7", [("", 9408)]),  # which may have others' names
        ("a,1\nb,2", [("a", 1), ("b", 2)]),
    ],
)
def test_figures_may_stand_without_names(text: str, found: list[tuple[str, int]]) -> None:
    assert read_theirs(text, "theirs.csv") == found


THREE = "input 3 @9\na: pointwise 4 bias\nb: relu\nc: pointwise 5\nflatten"


@each(
    ("names", "layers"),
    [(["x", "y"], ["a", "c"]), (["x", "y", "z"], ["a", "b", "c"]), (["x", "y", "z", "w"], ["a", "b", "c", "flatten"]),
     (["c", "a"], ["c", "a"])],
)  # fmt: skip
def test_layers_of_other_names_are_ours_in_their_order_where_they_are_as_many(
    names: list[str], layers: list[str]
) -> None:
    """As products, as operations that compute something, or as all there are; names that are ours say which."""
    found = per_layer(build_network(read_program(THREE)), [(name, 1) for name in names])
    assert [one.layer for one in found.layers] == layers
    assert found.products == 2


def test_the_convention_that_has_most_of_the_figures_is_the_one_beside_them() -> None:
    """The first of those that have as many; what differs is so often a quantity of its operation."""
    network = build_network(read_program(THREE))
    macs = [12 * 81, 20 * 81]
    found = per_layer(network, [("a", macs[0]), ("c", macs[1])])
    assert (found.convention.name, found.first, found.reason) == ("multiply-adds", None, "")
    assert {"multiply-adds", "thop", "fvcore"} <= set(found.agreeing)
    assert "torchinfo" not in found.agreeing  # a bias, too
    twice = per_layer(network, [("a", 2 * macs[0]), ("c", macs[1])])
    assert twice.first is not None
    assert (twice.first.layer, twice.first.ours, twice.reason) == ("a", macs[0], "1 × multiply-adds")
    assert twice.agreeing == ()
    other = per_layer(network, [("a", macs[0] + 7), ("c", macs[1])])
    assert other.reason == "979 is no term of any convention away from 972"


def test_a_convention_that_is_chosen_is_the_one_beside_the_figures() -> None:
    """Where it gives no figure, 0 stands there."""
    network = build_network(read_program("input 3 @9\na: silu\nb: pointwise 4"))
    chosen = next(one for one in conventions() if one.name == "torchscan-macs")
    found = per_layer(network, [("a", 2 * 243), ("b", 972)], chosen)
    assert found.convention is chosen
    assert [tuple(one) for one in found.layers] == [("a", 486, 0, "2 × SiLU outputs"), ("b", 972, 972, "")]
    assert found.missing == ()


@each(
    ("difference", "term"),
    [(100, "1 × multiply-adds"), (-400, "-4 × multiply-adds"), (500, ""), (40, "4 × convolution bias"),
     (50, ""), (7, "1 × convolution outputs"), (3, "1 × convolution elements"), (6, "2 × convolution elements")],
)  # fmt: skip
def test_a_difference_is_up_to_four_times_a_quantity(difference: int, term: str) -> None:
    """The likeliest first."""
    seen = Seen("a", "conv", {"macs": 100, "bias": 10, "out": 7, "in": 3, "dims": 0})
    assert term_of(seen, difference) == term
