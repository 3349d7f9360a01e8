"""Another tool's figures layer by layer: which cells of its file are read, and what is said of them."""

from __future__ import annotations

import pytest

from convcost.conventions.layers import per_layer, read_theirs
from convcost.networks.build import build_network
from convcost.networks.program import read_program
from convcost.networks.zoo import zoo_program
from convcost.spec.errors import SpecError


@pytest.mark.parametrize(
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


@pytest.mark.parametrize(
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
    with pytest.raises(SpecError, match="more than one figure"):
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
