"""The four questions, each on its own first screen; and no number on it that this test cannot say where it is from.

The numbers come from NumPy that is written here, or from papers, whose figures stand in `expected`; never from the
code that made the page.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import numpy as np
import pytest
from tables import each

from convcost.explain.document import explanation_document
from convcost.explain.pages import text
from convcost.explain.sections import pages
from convcost.explain.topics import default_layer
from convcost.spec import parse_spec

#: The screens: the default layer, and one whose numbers are all different.
SCREENS = (["standard"], ["spatially-separable"], ["depthwise", "pointwise"], ["pointwise"], ["residual"])
LAYERS = {"": (64, 128, 56, 56), "48:80 @30x40 k3": (48, 80, 30, 40)}


def screen(topics: list[str], layer: str = "") -> str:
    return _screen(tuple(topics), layer)


@cache
def _screen(topics: tuple[str, ...], layer: str) -> str:
    spec = parse_spec(layer) if layer else default_layer([*topics])
    return "\n".join(map(text, pages(explanation_document([*topics], spec), spec, bool(layer))))


@pytest.mark.parametrize("topics", SCREENS, ids=" ".join)
def test_an_answer_fits_on_one_screen(topics: list[str]) -> None:
    """24 to 40 lines of at most 80 columns; a line is left for the prompt."""
    lines = screen(topics).splitlines()
    assert 24 <= len(lines) <= 39
    assert max(map(len, lines)) <= 80


@each(
    ("topics", "reason", "formula", "number", "measured"),
    [
        ("standard", "shows in neighbouring positions, and in several channels", "9·Cin·Cout·H·W", "231,211,008",
         "1,152 outputs changed, at 9 positions and in 128 of 128 channels"),
        ("spatially-separable", "k + k weights and not k·k", "3·Cin² + 3·Cin·Cout", "115,605,504",
         "rank 64 of 192; the simple convolution's 192"),
        ("depthwise pointwise", "Looking at neighbours is one", "9·Cin·H·W", "25,690,112", "9 outputs changed"),
        ("pointwise", "Combining channels is one of", "Y[o,p] = Σc W[o,c] · X[c,p]", "231,211,008",
         "Both executed: the outputs are equal"),
        ("residual", "More layers should do no harm", "∂y/∂x = ∂F/∂x + I", "28.54 %", "plain 4.3e-06 2.5e-11 2.3e-21"),
    ],
)  # fmt: skip
def test_a_screen_has_the_reason_before_the_numbers(
    topics: str, reason: str, formula: str, number: str, measured: str
) -> None:
    """And the formula, and what was measured in this run."""
    shown = " ".join(screen(topics.split()).split())
    assert shown.index(reason) < shown.index(number)
    assert formula in shown
    assert measured in shown


def conv_macs(inner: int, outer: int, taps: int, height: int, width: int) -> int:
    """Counted on an array of every product: one for each output and each weight that it meets."""
    return int(np.broadcast_to(np.int8(1), (outer, height, width, inner, taps)).size)


@cache
def gradients() -> list[str]:
    """What the Jacobians of the chains multiply to; checked by themselves in tests/training."""
    from training.test_demonstrations import arrived

    return [f"{arrived(blocks, shortcut):.2g}" for blocks in (8, 16, 32) for shortcut in (False, True)]


def rank_of(inner: int, middle: int, outer: int) -> int:
    random = np.random.default_rng(7)
    left, right = random.normal(size=(3 * outer, middle)), random.normal(size=(middle, 3 * inner))
    return int(np.linalg.matrix_rank(left @ right))


@cache
def apart() -> list[float]:
    """The diagonal kernel on the page's map against its nearest product, and the largest output."""
    given = np.random.default_rng(0).integers(-9, 10, (5, 5)).astype(float)
    diagonal = sum(given[i : i + 3, i : i + 3] for i in range(3))
    return [float(np.abs(diagonal - given[:3, :3]).max()), float(np.abs(diagonal).max())]


def expected(topics: list[str], sizes: tuple[int, ...]) -> set[float]:
    """Every number that may stand on a screen, as calculated here or as a paper prints it."""
    inner, outer, height, width = sizes
    points = height * width
    standard = [9 * inner * outer, conv_macs(inner, outer, 9, height, width)]
    if topics == ["standard"]:
        growth = [conv_macs(inner, outer, k * k, height, width) for k in (1, 3, 5, 7)]
        return {*standard, *growth, 1, 9, 25, 49, 9 * outer, outer}
    if topics == ["spatially-separable"]:
        middle = min(inner, outer)
        params = 3 * inner * middle + 3 * middle * outer
        return {
            *standard, params, conv_macs(inner, middle, 3, height, width) + conv_macs(middle, outer, 3, height, width),
            params / standard[0], 81, 45, 27, 72, 9, 6, 100 * float(np.sqrt(2 / 3)), *apart(),
            3 * outer, 3 * inner, middle, rank_of(inner, middle, outer), min(3 * inner, 3 * outer),
            *map(int, re.findall(r"\d+", str(np_fraction(inner, outer)))), 0,
        }  # fmt: skip
    if topics == ["depthwise", "pointwise"]:
        depthwise = [9 * inner, 9 * inner * points, 4 * (2 * inner * points + 9 * inner)]
        pointwise = [inner * outer, inner * outer * points, 4 * ((inner + outer) * points + inner * outer)]
        intensity = [2 * one[1] / one[2] for one in (depthwise, pointwise)]
        return {*depthwise, *pointwise, *intensity, 9, 1, inner, outer}
    if topics == ["pointwise"]:
        doubled = [inner * outer * points * 4**n for n in (-1, 0, 1, 2)]
        sides = [side * 2**n for n in (-1, 0, 1, 2) for side in (inner, outer)]
        share = 100 * inner * outer / (inner * outer + 9 * inner)
        figure_5 = [69_632, 218_365_952, 73_728, 231_211_008, 1_179_648, 256, 64, 56, 2015, 5, 50]
        return {*standard, inner * outer, *doubled, *sides, share, *figure_5, points, outer, 1, 0}
    peak = [4 * inner * points, 0, inner * points]
    papers = [56, 20, 10, 34, 28.54, 18, 27.94, 25.03, 27.88, 2015]
    return {*map(float, gradients()), *peak, *papers, 8, 16, 32, 1}


def np_fraction(inner: int, outer: int) -> str:
    """Cin/(3·Cout) as a fraction in its lowest terms."""
    divisor = int(np.gcd(inner, 3 * outer))
    return f"{inner // divisor}/{3 * outer // divisor}"


def numbers(shown: str) -> list[str]:
    """Every number on a screen, but for those in names (3×3, k3, conv1, ResNet-50) and in written-out formulas."""
    shown = re.sub(
        r"\d+(?:[x×·:]\d+²?)+|k\d+|\b[a-z]+-?\d+|\b1-D\b|(?:fig\.|table|figure) \d+|\b[A-Za-z]+-\d+", " ", shown
    )
    shown = re.sub(r"@\S+|batch \d+|\d·|\d[²/]|/\d+|\[[-\d ]+\]", " ", shown)
    return re.findall(r"\d[\d,]*(?:\.\d+)?(?:e-\d+)?", shown)


def known(written: str, among: set[float]) -> bool:
    """Is it one of these, rounded as it is written?"""
    number, (mantissa, _, power) = float(written.replace(",", "")), written.partition("e")
    digits = len(mantissa.partition(".")[2])
    last = 10.0 ** (int(power or 0) - digits) if digits else 0
    return any(abs(number - one) <= 0.501 * last for one in among)


@each("layer", LAYERS)
@each("topics", SCREENS, ids=" ".join)
def test_every_number_on_a_screen_is_known(topics: list[str], layer: str) -> None:
    """Whole numbers exactly, others as far as they are written; small ones name kernels and what is counted."""
    sizes = LAYERS[layer]
    if topics == ["residual"]:
        layer, sizes = (layer and "48 @30x40 k3"), (*[64 if not layer else 48] * 2, *sizes[2:])
    among = expected(topics, sizes) | {1.0, 2.0, 3.0, 5.0, *sizes}
    strange = [n for n in numbers(screen(topics, layer)) if not known(n, among)]
    assert strange == []


def test_a_wrong_number_is_noticed() -> None:
    """The oracle can fail: the numbers of another layer are strange."""
    among = expected(["pointwise"], (64, 64, 56, 56))
    assert [n for n in numbers(screen(["pointwise"])) if not known(n, among)]


def test_every_layer_that_is_drawn_has_its_shapes() -> None:
    """And where the line would be too long it is broken."""
    assert "64×56×56 ─► [1x3] ─► 64×56×56 ─► [3x1] ─► 128×56×56" in screen(["spatially-separable"])
    assert "64×56×56 ─┬─► [conv1 3×3] ─► [conv2 3×3] ─► [add] ─► 64×56×56" in screen(["residual"])
    assert "[add]  with the input itself" in screen(["inverted-residual"])


def test_the_classical_case_stands_before_the_networks_and_the_two_are_told_apart() -> None:
    """That is the question: what is separable, and how does it differ from a simple convolution."""
    shown = screen(["spatially-separable"])
    assert shown.index("The classical case") < shown.index("In a network") < shown.index("The difference")
    assert "A simple (standard) convolution has a free kernel" in shown


def test_a_layer_without_a_limit_between_its_passes_has_full_rank() -> None:
    """As many channels between as the matrix has columns: nothing is given up, and it says so in numbers."""
    assert "rank 24 of 24" in " ".join(screen(["spatially-separable"], "8:16 @9 k3 mid=24").split())


def values(document: Any) -> Any:
    return document["explanations"][0]


def test_a_large_layer_is_executed_smaller_and_says_at_which_size() -> None:
    shown = " ".join(screen(["spatially-separable"], "2048:4096 @64 k5").split())
    joint = values(explanation_document(["spatially-separable"], parse_spec("2048:4096 @64 k5")))["lesson"]["joint"]
    inner, middle, outer = joint["executed"]
    assert inner < 2048
    assert f"at {inner}:{outer}, {middle} between: rank {joint['rank']} of {joint['most']}" in shown
    assert joint["rank"] == min(middle, 5 * inner)


@pytest.mark.parametrize(
    ("topics", "said"),
    [
        ("standard", "It mixes nothing."),
        ("standard pointwise", "mixes nothing (an output sees 1×1) nothing (an output"),
    ],
)
def test_a_1x1_on_one_channel_is_said_to_mix_nothing(topics: str, said: str) -> None:
    """It only scales: the list of what it mixes is empty, and the sentence has a word for that."""
    assert said in " ".join(screen(topics.split(), "1:1 @1 k1").split())


@each(
    ("layer", "said"),
    [
        ("8:8 @9 k3", ["k + k weights and not k·k.", "3 between are enough for any 3×3 (the diagonal,", "two smaller"]),
        ("8:8 @9 k3x5", ["h + w weights and not h·w (here 3 + 5 = 8 and not 15).",
                         "3 between are enough for any 3×5 (3 for the 3×3 diagonal,"]),
        ("8:8 @9 k7x5", ["5 between are enough for any 7×5 (3 for"]),
        ("8:8 @9 k5", ["k + k weights and not k·k.", "5 between are enough for any 5×5 (3 for"]),
        ("8:8 @9 k3x5 mid=1", ["at most the 1 channel between the passes"]),
        ("8:8 @9x9x9 k3", ["by three smaller convolutions"]),
    ],
)  # fmt: skip
def test_the_spatial_screen_speaks_of_the_kernel_that_was_asked_for(layer: str, said: list[str]) -> None:
    """What was executed on a 3×3 is still said to be one."""
    shown = " ".join(screen(["spatially-separable"], layer).split())
    assert [part for part in said if part not in shown] == []
