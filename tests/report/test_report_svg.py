"""Pictures: well-formed SVG that holds the numbers, light and dark. Without matplotlib there is one short message."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from report.test_report_charts import CURVES, POINTS, RATIOS, chart, front, network

from convcost.cli.main import run
from convcost.report.charts import Chart
from convcost.report.network_tables import network_table
from convcost.report.pictures import chart_of

SVG = "{http://www.w3.org/2000/svg}"


def texts(picture: str) -> list[str]:
    return [text for node in ElementTree.fromstring(picture).iter(f"{SVG}text") if (text := node.text)]


@pytest.fixture(scope="module")
def pictures() -> dict[str, str]:
    """One of each kind of panel."""
    from convcost.report.as_svg import svg

    document = network()
    return {
        "bars": svg(Chart("64:128 @56 k3", ("fp32",), (RATIOS, RATIOS._replace(is_ratio=False)), ("a note",))),
        "curves": svg(Chart("growth", (), (CURVES,))),
        "points": svg(Chart("", (), (POINTS,))),
        "front": svg(chart(front("params,macs"))),
        "along": svg(chart_of(document, network_table(document))),
    }


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("bars", ["64:128 @56 k3", "fp32", "MACs", "base", "0.500×", "2.000×", "half", "a note"]),
        ("curves", ["growth", "a  9.0", "b  0.5", "MACs (K)", "k"]),
        ("points", ["least", "between", "most", "params"]),
        ("front", ["grouped", "standard", "params (K)", "MACs (M)"]),
        ("along", ["MACs (K)", "activation memory, step by step (KiB)", "first 294.9", "first 48"]),
    ],
)
@pytest.mark.needs("matplotlib")
def test_a_picture_says_its_numbers_as_text(kind: str, said: list[str], pictures: dict[str, str]) -> None:
    found = texts(pictures[kind])
    assert [word for word in said if word not in found] == []


@pytest.mark.needs("matplotlib")
def test_a_picture_has_nothing_from_elsewhere_and_no_date(pictures: dict[str, str]) -> None:
    """Names of XML apart; the same chart is the same bytes."""
    from convcost.report.as_svg import svg

    for picture in pictures.values():
        assert "<script" not in picture
        assert "url(http" not in picture
        assert "dc:date" not in picture
    assert svg(Chart("growth", (), (CURVES,))) == pictures["curves"]


@pytest.mark.needs("matplotlib")
def test_every_colour_has_one_for_dark_pages(pictures: dict[str, str]) -> None:
    from convcost.report.as_svg import COLOURS, LINES

    light = {light for light, _ in (*COLOURS.values(), *LINES)}
    for picture in pictures.values():
        style, body = picture.split("</style>", 1)
        drawn = set(re.findall(r"(?:fill|stroke): (#[0-9a-f]{6})", body))
        assert drawn - light == set()
        assert all(f'fill: {colour}"' in style and f'stroke: {colour}"' in style for colour in drawn)


@pytest.mark.parametrize(
    "words",
    [
        ("explain", "grouped"),
        ("swap", "lenet-5", "--to", "grouped", "--where", "64:128", "--no-verify"),
    ],
)
@pytest.mark.needs("matplotlib")
def test_answers_with_numbers_are_drawn(words: tuple[str, ...], tmp_path: Path) -> None:
    assert run([*words, "-o", str(tmp_path / "x.svg")]) in (0, 1)
    assert len(texts((tmp_path / "x.svg").read_text("utf-8"))) > 8


def test_what_has_no_picture_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And leaves no file."""
    assert run(["variants", "-o", str(tmp_path / "x.svg")]) == 2
    assert capsys.readouterr().err.startswith("error: there is nothing to draw in this answer\n")
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize("words", [("-f", "svg"), ("-o", "x.svg"), ("--plot", "-o", "x.html")])
def test_without_matplotlib_the_extra_is_named(
    words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.chdir(tmp_path)
    assert run(["compare", "8:16", "@9", "k3", "--no-verify", *words]) == 2
    assert capsys.readouterr().err.splitlines() == [
        "error: a picture needs matplotlib", "  pip install 'convcost[plot]'; --plot draws bars of text",
    ]  # fmt: skip


@pytest.mark.needs("matplotlib")
def test_a_page_holds_its_picture(tmp_path: Path) -> None:
    assert run(["compare", "8:16", "@9", "k3", "--no-verify", "--plot", "-o", str(tmp_path / "x.html")]) == 0
    page = (tmp_path / "x.html").read_text("utf-8")
    start, end = page.index("<svg "), page.index("</svg>")
    assert "0.111×" not in texts(page[start : end + 6])
    assert "depthwise-separable" in texts(page[start : end + 6])
    assert page.count("<?xml") == 0
