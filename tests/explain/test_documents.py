"""Explanations: every number is one of `compare`'s, every claim about a kernel holds, every page fits 80 columns."""

from __future__ import annotations

import json
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from schema import VALID
from strategies import made_for
from tables import each

from convcost.answers.comparison import compare_variants
from convcost.explain import pages as page_text
from convcost.explain import sections
from convcost.explain.document import explanation_document
from convcost.explain.lessons import IDENTITY, without_shortcut
from convcost.explain.pages import Grid, text
from convcost.explain.sections import pages
from convcost.explain.texts import DIFFERENCES, TEXTS
from convcost.explain.topics import ALIASES, DEFAULT, applies, default_layer, read_words, topics
from convcost.graph.ops import Conv, Graph, Linear, Node
from convcost.spec import LayerSpec, parse_spec
from convcost.training.gradients import forward, weight_shapes
from convcost.variants.registry import all_variants, build_variant

LAYERS = (
    "64:128 @56 k3",
    "64 @56x48 k3x5 s2 bias n4 fp16",
    "2048:4096 @1024 k11 d2",
    "8:16 @40 k3 1d",
    "4:8 @16x20x24 k3",
)

#: Over three axes, in place of one of these: 11 x 11 x 11 taps, which are executed as well, take ten seconds.
THREE_AXES = {"2048:4096 @1024 k11 d2": "2048:4096 @1024x1024x1024 k3x5x11 d2"}


@cache
def document_of(spec: LayerSpec, *asked: str) -> dict[str, Any]:
    return explanation_document([*asked], spec)


@cache
def pages_of(topic: str, spec: LayerSpec, given: bool = True) -> list[str]:
    """The screen and the full page."""
    document = document_of(spec, topic)
    return [text(page) for full in (False, True) for page in pages(document, spec, given, full=full)]


def of_two_axes() -> list[str]:
    return [topic for topic in topics() if applies(topic, DEFAULT)]


@each("layer", LAYERS)
@each("topic", topics())
def test_every_page_fits_80_columns_without_a_wrapped_table(topic: str, layer: str) -> None:
    """A table too wide is written out row by row, a command that is too long goes on in the next line."""
    spec = made_for(topic, parse_spec(layer))
    if spec.axes == 3:
        spec = made_for(topic, parse_spec(THREE_AXES.get(layer, layer)))
    if not applies(topic, spec):
        return
    for line in "".join(pages_of(topic, spec)).splitlines():
        assert len(line) <= 80, line


def test_a_command_that_goes_on_in_the_next_line_is_still_one() -> None:
    """As a shell joins the lines."""
    (found,) = document_of(DEFAULT, "spatially-separable")["explanations"]
    shown = pages_of("spatially-separable", DEFAULT)[1].partition("Try next\n")[2]
    joined = [" ".join(line.split()) for line in shown.replace("\\\n", " ").splitlines()]
    assert joined == found["next"]
    assert "\\\n" in shown


def test_what_does_not_grow_with_the_kernel_says_so() -> None:
    """And draws no equal bars; its screen draws how it grows with channels: by four where both double."""
    (found,) = document_of(DEFAULT, "pointwise")["explanations"]
    assert "They do not: they are 25,690,112" in pages_of("pointwise", DEFAULT)[1]
    macs = [point["macs"] for point in found["lesson"]["channel_growth"]]
    assert [more // less for less, more in pairwise(macs)] == [4, 4, 4]


@each("topic", of_two_axes())
def test_tables_of_the_default_layer_are_tables(topic: str) -> None:
    """The formula's row, numbers and result stand on one line, or below each other under its name."""
    _, page = pages_of(topic, default_layer([topic]), given=False)
    if topic != "residual":
        assert "Params, step by step" in page
        assert "MACs, step by step" in page


@each("name", [topic for topic in of_two_axes() if topic != "residual"])
def test_every_number_is_one_of_compares(name: str) -> None:
    """Totals, terms, ratios, traffic, intensity, and the row of the kernel table at the layer's own kernel."""
    spec = made_for(name, parse_spec("64:128 @56 k3 bias"))
    (found,) = document_of(spec, name)["explanations"]
    row = compare_variants(spec, ["standard", name], "standard").rows[-1]
    assert row.words is not None
    for word in ("params", "macs"):
        assert found[word]["total"]["value"] == row.words[word] == sum(t["value"] for t in found[word]["terms"])
        assert {t["op"]: t["value"] for t in found[word]["terms"]}.items() <= {
            op.name: op.words[word] for op in row.ops
        }.items()
        assert found[word]["standard"] == compare_variants(spec, ["standard"]).rows[0].words[word]
        assert (found[word]["ratio"] or {"value": None})["value"] == (row.relative[word] if row.relative else None)
    limits, growth = found["will_not_help"], {point["kernel_size"]: point for point in found["kernel_growth"]}
    assert limits["arithmetic_intensity"] == row.words["arithmetic_intensity"]
    assert limits["traffic_ratio"] == (row.relative["traffic_bytes"] if row.relative else None)
    assert growth[3]["macs"] == row.words["macs"]
    assert found["training"]["macs"] == 3 * row.words["macs"]


def test_numbers_put_in_give_the_result() -> None:
    """What stands between formula and result is arithmetic that anybody can redo."""
    powers = str.maketrans({"²": "**2", "³": "**3", "·": "*", "-": "-"})
    for name in of_two_axes():
        if name == "residual":
            continue
        (found,) = document_of(parse_spec("64:128 @56 k3"), name)["explanations"]
        for word in ("params", "macs"):
            for line in (*found[word]["terms"], found[word]["total"]):
                assert eval(line["numbers"].translate(powers)) == line["value"], line
            ratio = found[word]["ratio"]
            assert ratio is None or eval(ratio["numbers"]) == pytest.approx(ratio["value"])


def test_the_depthwise_separable_pair_moves_half_as_much_again_for_an_eighth_of_the_macs() -> None:
    _, page = pages_of("depthwise-separable", DEFAULT)
    said = " ".join(page.split())
    assert "1.50 × the bytes of the standard convolution for 0.12 × the MACs" in said
    assert "1/Cout + 1/9 = 1/128 + 1/9 = 0.1189 ×" in said


def test_a_1x1_is_one_matrix_product() -> None:
    """Its lesson's figures, and the product itself."""
    (found,) = document_of(DEFAULT, "pointwise")["explanations"]
    product = found["lesson"]["matrix_product"]
    assert product["macs"] == 128 * 64 * 56 * 56
    conv = Node("conv", Conv(5, 3, (1, 1), (1, 1), ((0, 0), (0, 0)), (1, 1)), (0,))
    random = np.random.default_rng(0)
    given, weights = random.normal(size=(2, 5, 4, 6)), random.normal(size=(3, 5))
    out = forward(Graph(given.shape, "fp32", (conv,)), given, [[weights[:, :, None, None]]]).values[-1]
    line = forward(Graph(given.shape, "fp32", (conv._replace(op=Linear(5, 3)),)), given, [[weights]]).values[-1]
    assert np.allclose(out, (weights @ given.reshape(2, 5, 24)).reshape(out.shape))
    assert np.allclose(out, line)


#: The equivalent dense kernel K[o,c,y,x] of each variant from the weights of its operations, as its page has it.
KERNELS: dict[str, Any] = {
    "standard": lambda w: w[0],
    "spatially-separable": lambda w: np.einsum("omy,mcx->ocyx", w[1][..., 0], w[0][:, :, 0]),
    "spatially-separable-reversed": lambda w: np.einsum("omx,mcy->ocyx", w[1][:, :, 0], w[0][..., 0]),
    "low-rank-reversed": lambda w: np.einsum("omyx,mc->ocyx", w[1], w[0][..., 0, 0]),
    "depthwise-separable": lambda w: np.einsum("oc,cyx->ocyx", w[1][..., 0, 0], w[0][:, 0]),
    "blueprint-separable": lambda w: np.einsum("oyx,oc->ocyx", w[1][:, 0], w[0][..., 0, 0]),
    "low-rank": lambda w: np.einsum("om,mcyx->ocyx", w[1][..., 0, 0], w[0]),
    "fused-mbconv": lambda w: np.einsum("oh,hcyx->ocyx", w[1][..., 0, 0], w[0]) + identity(w[1].shape[0]),
    "bottleneck": lambda w: np.einsum("on,nmyx,mc->ocyx", w[2][..., 0, 0], w[1], w[0][..., 0, 0]),
    "residual-bottleneck": lambda w: KERNELS["bottleneck"](w) + identity(w[0].shape[1]),
    "inverted-residual": lambda w: (
        np.einsum("oh,hyx,hc->ocyx", w[2][..., 0, 0], w[1][:, 0], w[0][..., 0, 0]) + identity(w[2].shape[0])
    ),
    "grouped": lambda w: np.concatenate(
        [np.pad(part, ((0, 0), (4 * g, 4 - 4 * g), (0, 0), (0, 0))) for g, part in enumerate(np.split(w[0], 2))]
    ),
    "depthwise": lambda w: np.einsum("oc,cyx->ocyx", np.eye(len(w[0])), w[0][:, 0]),
    "pointwise": lambda w: np.pad(w[0], ((0, 0), (0, 0), (1, 1), (1, 1))),
}


def identity(channels: int) -> Any:
    return np.pad(np.eye(channels)[..., None, None], ((0, 0), (0, 0), (1, 1), (1, 1)))


@each("name", KERNELS)
def test_the_equivalent_dense_kernel_is_the_one_it_says(name: str) -> None:
    """Executed with random weights: the variant, and a standard convolution with the kernel of the page's formula."""
    spec = parse_spec("8 @7x6 k3 g2 e2 ratio=2" if name == "grouped" else "8 @7x6 k3 e2 ratio=2")
    graph = build_variant(name, spec).graph
    random = np.random.default_rng(0)
    weights = [[random.normal(size=shape) for shape in weight_shapes(node.op)] for node in graph.nodes]
    given = random.normal(size=graph.input_shape)
    dense = build_variant("standard", spec).graph
    kernel = KERNELS[name]([own[0] for own in weights if own])
    expected = forward(dense, given, [[kernel]]).values[-1]
    assert np.allclose(forward(graph, given, weights).values[-1], expected)


def test_the_shortcut_costs_an_add_and_the_input_held() -> None:
    """0 params, one operation an element; the peak of two convolutions goes from two tensors to three, of one stays."""
    (found,) = document_of(IDENTITY, "residual")["explanations"]
    tensor = 64 * 56 * 56
    costs = {cost["variant"]: cost for cost in found["costs"]}
    assert {(cost["params"], cost["macs"], cost["elementwise"]) for cost in costs.values()} == {(0, 0, tensor)}
    assert costs["basic-block"]["peak_bytes"] == 4 * tensor
    assert costs["standard"]["peak_bytes"] == 0


def test_without_its_shortcut_a_residual_bottleneck_is_a_bottleneck() -> None:
    """With activations and norms around it, and with a projection."""
    for layer in ("64 @9 k3", "64:128 @9 k3 s2"):
        spec = parse_spec(layer)
        assert (
            without_shortcut(build_variant("residual-bottleneck", spec).graph)
            == build_variant("bottleneck", spec).graph
        )
    spec = parse_spec("64:128 @9 k3")._replace(norm=True, activation="relu")
    nodes = without_shortcut(build_variant("basic-block", spec).graph).nodes
    assert [node.name for node in nodes][-1] == "add.activation"
    assert [node.inputs for node in nodes] == [(i,) for i in range(len(nodes))]


@each("topic", of_two_axes())
def test_documents_follow_the_schema(topic: str) -> None:
    """As JSON, with and without a ratio, a lesson, a difference."""
    for spec in (DEFAULT, IDENTITY, parse_spec("8:16 @9x7 k3 s2 bias n2")):
        document = json.loads(json.dumps(document_of(made_for(topic, spec), topic)))
        assert not [error.message for error in VALID.iter_errors(document)]
    del document["explanations"][0]["drawing"]
    assert not VALID.is_valid(document)


def test_a_document_of_several_topics_follows_the_schema() -> None:
    """With how they differ."""
    assert VALID.is_valid(json.loads(json.dumps(document_of(DEFAULT, "depthwise", "pointwise", "residual"))))


def test_several_variants_stand_side_by_side_and_end_in_the_key_difference() -> None:
    """Uses and limits too; where nobody has written a sentence there is one of their numbers."""
    document = document_of(DEFAULT, "depthwise", "pointwise")
    (page,) = pages(document, DEFAULT, True)
    shown = text(page)
    assert shown.startswith("depthwise and pointwise")
    assert [row for row in ("used in", "not when", "gives up", "measured") if f"\n  {row} " not in shown] == []
    last = " ".join(shown.partition("The key difference")[2].split())
    assert last.startswith("Depthwise mixes space and no channels, pointwise mixes channels and no space: ")
    assert last.count(".") == 1
    assert last.endswith(".")
    unwritten = explanation_document(["grouped", "bottleneck"], DEFAULT)["difference"]
    least, most = sorted(row["macs"] for row in unwritten["variants"])
    assert f"{least:,}" in unwritten["text"]
    assert f"{most / least:.3g} × the MACs" in unwritten["text"]


def test_any_number_of_variants_fits_80_columns() -> None:
    """Three to a table; with --full each has its own page before it."""
    names = of_two_axes()[:-1]
    every = explanation_document(names, DEFAULT)
    (shown,) = map(text, pages(every, DEFAULT, True))
    assert max(map(len, shown.splitlines())) <= 80
    assert shown.count("\n  mixes   ") == -(-len(names) // 3)
    assert len(pages(every, DEFAULT, True, full=True)) == len(names) + 1


def test_words_are_about_variants_and_aliases_about_topics() -> None:
    assert set(TEXTS) <= {*all_variants()}
    assert {"standard", "depthwise-separable", "inverted-residual"} <= set(TEXTS)
    assert set(ALIASES.values()) <= set(topics())
    assert not set(ALIASES) & set(topics())
    assert all(pair <= set(TEXTS) for pair in DIFFERENCES)
    assert all(set(entry.related) <= set(topics()) for entry in TEXTS.values())


def test_words_are_topics_until_the_layer_begins() -> None:
    assert read_words(["1x1"]).topics == ["pointwise"]
    assert read_words(["standard", "64:128", "@56", "3x3", "bias"]) == (
        ["standard"],
        ["64:128", "@56", "3x3", "bias"],
        None,
    )
    assert read_words(["depthwise", "pointwse"]).unknown == "pointwse"
    assert read_words(["64:128", "@56", "k3"]).unknown == "64:128"


def test_bars_of_growth_are_as_long_as_what_they_stand_for() -> None:
    """The largest is as long as a bar can be; what is next to nothing is seen; what is not known has none."""
    points = [
        {"kernel_size": k, "macs": macs, "standard_macs": 10, "ratio": ratio}
        for k, macs, ratio in [(1, 1, 0.1), (3, 50, None), (5, 100, 1.0), (7, None, None), (9, 0, None)]
    ]
    (grid,) = sections._growth(points)
    assert isinstance(grid, Grid)
    assert [[row[0], row[3], len(row[4])] for row in grid.rows] == [
        ["k1", "0.100", 1], ["k3", "–", 10], ["k5", "1.000", 20], ["k7", "–", 0], ["k9", "–", 0]
    ]  # fmt: skip
    assert grid.rows[3][1] == "–"
    (same,) = sections._growth([{**point, "macs": 2000} for point in points])
    assert "they are 2,000 beside a kernel of any size" in str(same)


@each(
    ("width", "right", "lines"),
    [
        (10, (), ["a  bb  ccc", "1  22  333", "4  5   6"]), (10, (1, 2), ["a  bb  ccc", "1  22  333", "4   5    6"]),
        (9, (), ["1  22", "   ccc", "     333", "4  5", "   ccc 6"]),
        (80, (0,), ["a  bb  ccc", "1  22  333", "4  5   6"]),
    ],
)  # fmt: skip
def test_a_grid_that_is_too_wide_is_written_out(width: int, right: tuple[int, ...], lines: list[str]) -> None:
    """Where it just fits it is a table, two spaces between its columns."""
    grid = Grid(["a", "bb", "ccc"], [["1", "22", "333"], ["4", "5", "6"]], right)
    assert [*page_text._table(grid, width)] == lines
    two = Grid(["a", "bb"], [["1", "22"]])
    assert [[*page_text._table(two, width)] for width in (5, 4)] == [["a  bb", "1  22"], ["1  2", "     2"]]


def test_a_command_that_is_too_long_goes_on() -> None:
    """As a shell reads it; in as many lines as it takes, each within the width."""
    assert [*page_text._continued("convcost explain x", 18)] == ["convcost explain \\", "  x"]
    assert [*page_text._continued("convcost explain x", 20)] == ["convcost explain x"]
    assert [*page_text._continued("aaaa bbbb cccc dddd", 11)] == ["aaaa bbbb \\", "  cccc \\", "  dddd"]
