"""The page of the residual connection: what it is for, what it costs, and the experiments."""

from __future__ import annotations

from typing import Any

from .drawing import plot
from .lessons import Document
from .pages import Commands, Facts, Grid, Page, Para, Pre, Section, counted, sources
from .topics import RESIDUAL


def residual_page(document: Document, facts: str, *, full: bool = False) -> Page:
    """The page of the residual connection: what it is for, before any experiment; then the experiments, if they ran."""
    experiments, gradient = document.get("experiments") or [], document["gradient"]
    sections = [
        Section("", [Pre(document["flow"])]),
        Section("Why", [Facts(_reasons(document))]),
        Section("Measured in this run: how much of a gradient of length 1 arrives at the input", [
            Grid(["through so many blocks", *map(str, gradient["blocks"])], _arrived(gradient), (1, 2, 3)),
            Para("A block: two 1-D convolutions, a ReLU between; 8 channels, PyTorch's weights."),
        ]),
        Section("What it is said to do", [_benefits(document["benefits"], experiments)]),
        *[_experiment(found, {} if full else before["setup"])
          for before, found in zip([{"setup": {}}, *experiments], experiments)],
    ]  # fmt: skip
    if full:
        sections += _residual_rest(document)
    elif not experiments:
        sections.append(
            Section("", [Facts([("More", "--experiment: each claim, measured; --full: costs, uses, limits")])])
        )
    return Page(RESIDUAL, facts, sections)


def _reasons(document: Document) -> list[tuple[str, str]]:
    said, (shallow, deep) = document["formulas"], document["degradation"]["imagenet_errors"]
    more, less = document["degradation"]["cifar_layers"]
    problem = (
        f"More layers should do no harm: they need only pass on what they get. But {more} plain layers have a higher "
        f"training error than {less} (CIFAR-10; so it is not overfitting), and on ImageNet {deep['layers']} err on "
        f"{deep['plain']:.2f} %, {shallow['layers']} on {shallow['plain']:.2f} % (He et al. 2015, fig. 1, table 2)"
    )
    idea = (
        f"`{said['block']}`: the convolutions F learn `{said['learned']}` and not the H(x) that is wanted. To pass x "
        f"on takes F = 0, weights near zero; a plain block has to learn it. So built, {deep['layers']} layers err on "
        f"{deep['residual']:.2f} %"
    )
    gradient = f"`{said['gradient']}`: a part of it, the identity I, passes no weights"
    price = [
        f"here {counted(cost['params'], 'param')}, {counted(cost['macs'], 'MAC')}, "
        f"{counted(cost['elementwise'], 'add')}, {cost['peak_bytes']:,} bytes more at the peak"
        for cost in document["costs"] if cost["variant"] == "basic-block"
    ]  # fmt: skip
    return [("problem", problem), ("idea", idea), ("gradient", gradient), *[("cost", said) for said in price]]


def _arrived(found: Document) -> list[list[str]]:
    names = (("plain", "plain"), ("with shortcuts", "residual"))
    return [[title, *[f"{norm:.2g}" for norm in found[name]]] for title, name in names]


def _benefits(benefits: list[Document], experiments: list[Document]) -> Grid:
    rows = []
    for benefit in benefits:
        found = [_verdict(one) for one in experiments if one["benefit"] == benefit["name"]]
        rows.append([benefit["name"], benefit["why"], "; ".join(found) or "--experiment", benefit["not_where"]])
    return Grid(["claim", "why", "here", "not where"], rows, (), (12, 23, 14, 23))


def _verdict(found: Document) -> str:
    """What came of an experiment, with what tells it from others on the same benefit."""
    _, _, which = found["name"].partition(", ")
    said = _OF_CONTROL[found["verdict"]] if which.endswith("(control)") else found["verdict"]
    return f"{which}: {said}" if which else str(said)


#: A control is to show that the plain network needs no shortcut: "shown" beside the benefit's name would say the
#: opposite.
_OF_CONTROL = {
    "shown": "no vanishing, as expected", "mixed": "no vanishing with most seeds",
    "not shown": "vanishing, not as expected",
}  # fmt: skip


def _residual_rest(document: Document) -> list[Section]:
    header = ["on", "shortcut", "params", "MACs", "adds", "peak bytes"]
    return [
        Section("The structure", [Pre(document["drawing"])]),
        Section("What the shortcut costs", [
            Grid(header, [_cost(cost) for cost in document["costs"]], (2, 3, 4, 5)),
            Para(_peaks(document["costs"])),
        ]),
        Section("Where it is used", [sources(document["used_in"])]),
        Section("When it will not help", [Para(document["will_not_help"])]),
        Section("Try next", [Commands(document["next"])]),
    ]  # fmt: skip


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


def _experiment(found: dict[str, Any], known: dict[str, str]) -> Section:
    """One measurement: claim, verdict, figures with their spread, a plot, and what it takes to repeat it.

    What the set-up has in common with `known`, which stands above, is not said again.
    """
    verdict = {"shown": "Shown", "mixed": "Mixed", "not shown": "Not shown"}[found["verdict"]]
    header = [found["x_label"], *[f"{arm['name']} (min … max)" for arm in found["arms"]]]
    rows = [[str(x), *[_spread(arm, index) for arm in found["arms"]]] for index, x in enumerate(found["x"])]
    series = {
        arm["name"]: [float("inf") if point is None else point for point in arm["median"]] for arm in found["arms"]
    }
    scale = ", logarithmic" if found["logarithmic"] else ""
    held = f"It holds with {sum(found['held'])} of {len(found['held'])} seeds."
    setup = [(part, said) for part, said in found["setup"].items() if known.get(part) != said]
    return Section(f"Measured: {found['name']}", [
        Facts([("claim", found["claim"]), ("verdict", f"{verdict}. {found['reading']} {held}"),
               *[("why not", found["why_not"])] * bool(found["why_not"])]),
        Grid(header, rows, (0, *range(1, len(header)))),
        Pre([f"{found['y_label']}{scale}; p plain, r residual, * both",
             *plot(series, found["x"], logarithmic=found["logarithmic"])]),
        Facts([*[("set-up", "as above, but for:")] * (len(setup) < len(found["setup"])), *setup]),
    ])  # fmt: skip


def _spread(arm: Document, index: int) -> str:
    middle, low, high = (arm[part][index] for part in ("median", "min", "max"))
    return f"{_figure(middle)} ({_figure(low)} … {_figure(high)})"


def _figure(value: float | None) -> str:
    return "∞" if value is None else f"{value:.2g}"
