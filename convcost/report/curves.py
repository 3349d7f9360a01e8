"""Curves of cost and error as a picture: SVG written by hand, light or dark as its reader is."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

#: A line: its name, and its points, each of a share of multiply-adds and an error, both from 0 to 1.
Curve = tuple[str, Sequence[tuple[float, float]]]

WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT = 760, 440, 56, 48, 40, 230

#: Colours that differ for the colour-blind, too (Okabe & Ito 2008), and read on white and on black.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8a8a8a", "#b2a600")

STYLE = """\
svg { background: #fff; color: #222; font: 13px sans-serif }
@media (prefers-color-scheme: dark) { svg { background: #161616; color: #ddd } }
text { fill: currentColor } .axis, .grid { stroke: currentColor; fill: none } .grid { opacity: .15 }
polyline { fill: none; stroke-width: 2 }"""


def curves_svg(title: str, curves: Sequence[Curve]) -> str:
    """The picture: the share of the layer's multiply-adds along, up to all of them, the weight error up.

    >>> curves_svg("box", [("low-rank", [(0.5, 0.2), (1.0, 0.0)])]).count("<polyline")
    1
    """
    drawn = [(name, [(x, y) for x, y in points if x <= 1]) for name, points in curves]
    shown = [(name, points) for name, points in drawn if points]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}">',
        f"<title>{escape(title)}: weight error by multiply-adds</title><style>{STYLE}</style>",
        f'<text x="{LEFT}" y="24" font-weight="bold">{escape(title)}</text>',
        *_grid(),
    ]
    for index, (name, points) in enumerate(shown):
        colour = COLOURS[index % len(COLOURS)]
        places = " ".join([f"{_x(x):.1f},{_y(y):.1f}" for x, y in points])
        single = f'<circle cx="{_x(points[0][0]):.1f}" cy="{_y(points[0][1]):.1f}" r="4" fill="{colour}"/>'
        parts.append(single if len(points) == 1 else f'<polyline points="{places}" stroke="{colour}"/>')
        at = TOP + 10 + 20 * index
        parts.append(f'<rect x="{WIDTH - RIGHT + 16}" y="{at - 9}" width="12" height="12" fill="{colour}"/>')
        parts.append(f'<text x="{WIDTH - RIGHT + 34}" y="{at + 2}">{escape(name)}</text>')
    return "\n".join([*parts, "</svg>\n"])


def _x(share: float) -> float:
    return LEFT + share * (WIDTH - LEFT - RIGHT)


def _y(error: float) -> float:
    return HEIGHT - BOTTOM - error * (HEIGHT - BOTTOM - TOP)


def _grid() -> list[str]:
    """Lines and numbers at quarters, and what the axes are."""
    parts = []
    for tick in (0, 0.25, 0.5, 0.75, 1):
        up, along = f"M{_x(tick):.1f} {_y(0):.1f}V{_y(1):.1f}", f"M{_x(0):.1f} {_y(tick):.1f}H{_x(1):.1f}"
        parts.append(f'<path class="grid" d="{up}{along}"/>')
        parts.append(f'<text x="{_x(tick):.1f}" y="{_y(0) + 18:.1f}" text-anchor="middle">{tick:g}</text>')
        parts.append(f'<text x="{_x(0) - 8:.1f}" y="{_y(tick) + 4:.1f}" text-anchor="end">{tick:g}</text>')
    parts.append(f'<path class="axis" d="M{_x(0):.1f} {_y(1):.1f}V{_y(0):.1f}H{_x(1):.1f}"/>')
    parts.append(f'<text x="{_x(0.5):.1f}" y="{HEIGHT - 10}" text-anchor="middle">MACs × the layer’s</text>')
    parts.append(f'<text transform="translate(16 {_y(0.5):.1f}) rotate(-90)" text-anchor="middle">weight error</text>')
    return parts
