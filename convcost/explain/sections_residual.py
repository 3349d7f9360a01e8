"""The document of the residual connection as sections: what it is and costs, and the experiments."""

from __future__ import annotations

from typing import Any

from .document import Document
from .drawing import plot
from .pages import Commands, Grid, Page, Para, Pre, Section
from .sections import sources


def residual_page(document: Document, facts: str) -> Page:
    """The page of the residual connection."""
    header = ["on", "shortcut", "params", "MACs", "adds", "peak bytes"]
    sections = [
        Section("What it is", [Para(document["sentence"]), Pre(document["drawing"])]),
        Section("What the shortcut costs", [
            Grid(header, [_cost(cost) for cost in document["costs"]], (2, 3, 4, 5)),
            Para(_peaks(document["costs"])),
        ]),
        Section("Where it is used", [sources(document["used_in"])]),
        Section("When it will not help", [Para(document["will_not_help"])]),
    ]  # fmt: skip
    if document.get("experiments"):
        sections += [section for found in document["experiments"] for section in experiment_sections(found)]
    sections.append(Section("Try next", [Commands(document["next"])]))
    return Page("residual", facts, sections)


def _cost(cost: Document) -> list[str]:
    words = ("params", "macs", "elementwise", "peak_bytes")
    return [cost["variant"], cost["shortcut"], *[f"+{cost[word]:,}" for word in words]]


def _peaks(costs: list[Document]) -> str:
    held = [cost for cost in costs if cost["peak_bytes"]]
    start = "The add is one operation for each output element."
    if not held:
        return f"{start} The input is held until the add; here the peak lies elsewhere and does not change."
    first = held[0]
    return (
        f"{start} The input is held until the add: the peak of {first['variant']} goes from "
        f"{first['peak_bytes_without']:,} to {first['peak_bytes_with']:,} bytes."
    )


def experiment_sections(found: dict[str, Any]) -> list[Section]:
    """One measurement: claim, set-up, figures with their spread, a plot, and what it came to."""
    verdict = {"shown": "Shown", "mixed": "Mixed", "not shown": "Not shown at this scale"}[found["verdict"]]
    header = [found["x_label"], *[f"{arm['name']} (min … max)" for arm in found["arms"]]]
    rows = [[str(x), *[_spread(arm, index) for arm in found["arms"]]] for index, x in enumerate(found["x"])]
    series = {
        arm["name"]: [float("inf") if point is None else point for point in arm["median"]] for arm in found["arms"]
    }
    scale = ", logarithmic" if found["logarithmic"] else ""
    return [Section(f"Measured: {found['name']}", [
        Para(f"Claim: {found['claim']}."),
        Para(f"Set-up: {found['setup']} {found['seeds']} seeds, medians."),
        Grid(header, rows, (0, *range(1, len(header)))),
        Pre([f"{found['y_label']}{scale}; p plain, r residual, * both",
             *plot(series, found["x"], logarithmic=found["logarithmic"])]),
        Para(f"{verdict}: {found['reading']} Residual was better with {found['better']} of {found['seeds']} seeds."),
    ])]  # fmt: skip


def _spread(arm: Document, index: int) -> str:
    middle, low, high = (arm[part][index] for part in ("median", "min", "max"))
    return f"{_figure(middle)} ({_figure(low)} … {_figure(high)})"


def _figure(value: float | None) -> str:
    return "∞" if value is None else f"{value:.2g}"
