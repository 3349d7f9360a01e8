"""Drawings of characters: where lines are broken, how long bars are, which letters a plot has."""

from __future__ import annotations

import pytest
from tables import each

from convcost.explain.document import _with_kernel
from convcost.explain.drawing import bar, draw, flow, plot
from convcost.explain.lessons import (
    _with_channels,
    chain,
    lesson_1x1,
    lesson_separable,
    small_enough,
    without_shortcut,
)
from convcost.explain.sections import _growth
from convcost.graph.ops import Activation, Add, Conv, Graph, Node
from convcost.spec import format_spec, parse_spec
from convcost.variants.registry import build_variant

SAME = Conv(8, 8, (3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1))
SHAPE = (1, 8, 6, 5)


def built(*nodes: Node) -> tuple[Graph, list[tuple[int, ...]]]:
    return Graph(SHAPE, "fp32", nodes), [SHAPE] * (len(nodes) + 1)


def test_a_shortcut_runs_beside_what_it_skips() -> None:
    """From the input to the add; what follows has nothing beside it, and operations say what else they read."""
    lines = draw(*built(Node("conv", SAME, (0,)), Node("add", Add(), (1, 0)), Node("relu", Activation("relu"), (2,)),
                        Node("sum", Add(), (3, 1))))  # fmt: skip
    assert lines == [
        "   input",
        "     │  8×6×5 ────────────────────────────────────────────────┐",
        "     ▼                                                        │",
        "  [conv 3×3]  mixes space, channels                           │",
        "     │  8×6×5                                                 │",
        "     ▼                                                        │",
        "  [add] ◄── the input itself ─────────────────────────────────┘",
        "     │  8×6×5", "     ▼", "  [relu]", "     │  8×6×5", "     ▼", "  [sum]  with conv", "     │  8×6×5",
        "     ▼", "   output",
    ]  # fmt: skip


@each(
    ("width", "lines"),
    [
        (48, ["8×6×5 ─┬─► [conv 3×3] ─► 8×6×5 ─► [add] ─► 8×6×5", "       └───── the input itself ─────┘"]),
        (47, ["8×6×5 ─┬─► [conv 3×3] ─► [add] ─► 8×6×5", "       └─ the input itself ┘"]),
        (39, ["8×6×5 ─┬─► [conv 3×3] ─► [add] ─► 8×6×5", "       └─ the input itself ┘"]),
        (38, ["8×6×5 ─► [conv 3×3] ─► [add] ─►", "   8×6×5", "[add]  with the input itself"]),
        (20, ["8×6×5 ─►", "   [conv 3×3] ─►", "   [add] ─► 8×6×5", "[add]  with the input itself"]),
    ],
)
def test_a_flow_goes_without_shapes_and_then_in_several_lines(width: int, lines: list[str]) -> None:
    graph, shapes = built(Node("conv", SAME, (0,)), Node("add", Add(), (1, 0)))
    found = flow(graph, shapes, width)
    assert found == lines


@each(
    ("share", "width", "cells"),
    [(0, 8, 0), (0.0001, 8, 1), (0.5, 8, 4), (1, 8, 8), (1.5, 8, 8), (2.5, 8, 8), (0.5, 24, 12), (1 / 3, 24, 8)],
)
def test_a_bar_is_its_share_of_the_cells(share: float, width: int, cells: int) -> None:
    """Something is visible, and no more than all."""
    assert bar(share, width) == "█" * cells


def test_a_plot_has_a_line_a_point() -> None:
    """Each series by its first letter, a star where they meet; nothing for what is no number; the ends below."""
    series = {"plain": [0.0, 5.0, 10.0], "residual": [10.0, float("nan"), 10.0]}
    assert plot(series, [2, 4, 128], logarithmic=False, width=11) == [
        "   2 p.........r", "   4 .....p.....", " 128 ..........*", "     0         10",
    ]  # fmt: skip
    assert plot({"a": [0.0, 100.0], "b": [-1.0, 1.0]}, [1, 2], logarithmic=True, width=5) == [
        "   1 .....", "   2 b...a", "     1  100"
    ]  # fmt: skip
    assert plot({"a": [3.0]}, [1], logarithmic=False, width=5)[0] == "   1 a...."
    assert plot({"a": [float("inf")]}, [1], logarithmic=False, width=5) == ["   1 .....", "     0    0"]
    assert plot({"a": [0.001, 1e-9]}, [1, 2], logarithmic=False, width=5)[-1] == "     1e-09 0.001"


@each(
    ("name", "spec", "small"),
    [
        ("standard", "64:128 @56 k3", "64:128 @7 k3"), ("standard", "64:128 @5 k3", "64:128 @5 k3"),
        ("standard", "8 @56x48 k5x3 s2", "8 @12x8 k5x3 s2"), ("standard", "8 @56x49 k5x3 s2", "8 @12x7 k5x3 s2"),
        ("pointwise", "64:128 @56 k1 n8", "64:128 @3 k1"),
    ],
)  # fmt: skip
def test_a_demonstration_is_on_a_map_that_holds_what_a_number_reaches(name: str, spec: str, small: str) -> None:
    """Twice the receptive field and one, or as much more as the stride leaves over; one sample."""
    assert format_spec(small_enough(name, parse_spec(spec))) == small


def test_a_kernel_that_grows_keeps_the_size() -> None:
    """Padded for the same output; what has a named padding, or is transposed, keeps its own."""
    for text, macs in (("4:8 @6 k3", 4 * 8 * 25 * 36), ("4:8 @6 k3 psame-upper", 4 * 8 * 25 * 36),
                       ("4:8 @6 k3 t s2 p1 op1", 4 * 8 * 25 * 36)):  # fmt: skip
        found = _with_kernel("grouped", parse_spec(text), 5)
        assert (found["kernel_size"], found["standard_macs"]) == (5, macs)
        assert found["ratio"] == found["macs"] / macs
    assert _with_kernel("grouped", parse_spec("4:8 @6 k3 d7"), 5)["standard_macs"] == 4 * 8 * 25 * 36
    assert _with_kernel("spatially-separable", parse_spec("4:8 @6 k3 1d"), 5)["macs"] is None


def test_a_1x1_grows_with_the_square_of_its_channels() -> None:
    """Half, once, twice, four times; at least one."""
    spec = parse_spec("64:128 @10 k3")
    found = lesson_1x1(spec)["channel_growth"]
    assert [one["channels"] for one in found] == [[32, 64], [64, 128], [128, 256], [256, 512]]
    assert [one["params"] for one in found] == [2048, 8192, 32768, 131072]
    assert _with_channels(parse_spec("1:4 @10 k3"), 1, 2)["channels"] == [1, 2]


def test_a_1x1_is_a_matrix_of_its_channels() -> None:
    found = lesson_1x1(parse_spec("16:8 @6x5 k1 n3"))["matrix_product"]
    assert [found[key] for key in ("weights", "input", "output", "batch")] == [[8, 16], [16, 30], [8, 30], 3]
    assert found["macs"] == 3 * 30 * 8 * 16


@pytest.mark.parametrize(
    ("spec", "executed", "matrix"),
    [
        ("64:128 @56 k3", [64, 128], [384, 192]), ("512:512 @14 k3", [64, 64], [1536, 1536]),
        ("8:16 @9 k5x3", [8, 16], [80, 24]),
    ],
)  # fmt: skip
def test_the_joint_rank_is_that_of_rows_by_columns(spec: str, executed: list[int], matrix: list[int]) -> None:
    """Executed on half the channels until a kernel has 125,000 weights at most."""
    found = lesson_separable(parse_spec(spec))["joint"]
    assert found["matrix"] == matrix
    assert found["rank"] <= found["standard_rank"] <= found["most"]
    into, _, out = found["executed"]
    assert [into, out] == executed
    assert lesson_separable(parse_spec("8:8 @9 k3 1d"))["joint"] is None


def test_a_chain_of_blocks_is_wired_block_by_block() -> None:
    assert [node.inputs for node in chain(2, residual=False).nodes] == [(0,), (1,), (2,), (3,), (4,), (5,)]
    assert [node.inputs for node in chain(2, residual=True).nodes] == [
        (0,), (1,), (2,), (3, 0), (4,), (5,), (6,), (7, 4)
    ]  # fmt: skip


def test_without_its_shortcut_a_block_is_a_line() -> None:
    """Whatever follows the add reads what stood before it."""
    graph = build_variant("basic-block", parse_spec("8:16 @6 k3 s2")._replace(activation="relu")).graph
    plain = without_shortcut(graph)
    assert [node.inputs for node in plain.nodes] == [(at,) for at in range(len(plain.nodes))]
    assert len(plain.nodes) == len(graph.nodes) - 2


def point(k: int, macs: int | None, standard: int | None, ratio: float | None) -> dict[str, object]:
    return {"kernel_size": k, "macs": macs, "standard_macs": standard, "ratio": ratio}


def test_growth_has_ratios_where_there_are_any() -> None:
    """The longest bar is that of the most."""
    (grid,) = _growth([point(1, None, 100, None), point(3, 450, 900, 0.5), point(5, 900, None, 1)])
    assert grid.header == ["", "MACs", "standard's MACs", "ratio", "MACs drawn"]
    assert grid.rows == [
        ["k1", "–", "100", "–", ""], ["k3", "450", "900", "0.500", "█" * 10], ["k5", "900", "–", "1.000", "█" * 20],
    ]  # fmt: skip
    assert grid.right == (1, 2, 3)
    (own,) = _growth([point(1, 100, 100, 1), point(3, 900, 900, 1)])
    assert (own.header, own.right) == (["", "MACs", "standard's MACs", "MACs drawn"], (1, 2))
    (same,) = _growth([point(1, 1000, 1000, 1), point(3, 1000, 9000, 0.1)])
    assert "They do not: they are 1,000 beside" in same.text
