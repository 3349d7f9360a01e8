"""Documents of explanations as sections of a page."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .document import Document
from .drawing import bar
from .pages import Block, Commands, Grid, Page, Para, Pre, Section


def variant_page(document: Document, facts: str, *, brief: bool = False) -> Page:
    """The page of one variant; a brief one stops at what it gives up, where several are set side by side."""
    start = [
        Section("What it is", [Para(document["sentence"]), Pre(document["drawing"])]),
        Section("Params", [*_word(document["params"]), Para(_symbols(document))]),
        Section("MACs", _word(document["macs"])),
        *_ratio(document),
        *_gives_up(document["gives_up"]),
    ]
    return Page(document["topic"], facts, start if brief else [
        *start,
        *[Section("Where it is used", [sources(document["used_in"])])] * bool(document["used_in"]),
        Section("When it will not help", _limits(document["will_not_help"])),
        *_lesson(document.get("lesson")),
        Section("How MACs grow with the kernel", [_growth(document["kernel_growth"])]),
        Section("A training step", [
            _training(document["training"]),
            Para("On the way back each product comes twice again: weight × gradient for the input, input × gradient "
                 "for the weight."),
        ]),
        Section("Try next", [Commands(document["next"])]),
    ])  # fmt: skip


def _gives_up(said: Document) -> list[Section]:
    """Nothing, where nobody has written about a variant."""
    if not said["text"]:
        return []
    return [Section("What it gives up", [Para(said["text"]), Para(f"Equivalent dense kernel: {said['kernel']}")])]


def _word(word: Document) -> list[Block]:
    lines = word["terms"] if len(word["terms"]) == 1 else [*word["terms"], word["total"]]
    rows = [[line["op"], line["formula"], f"= {line['numbers']}", f"= {line['value']:,}"] for line in lines]
    return [Grid(["", "formula", "in numbers", "result"], rows, (3,))]


def _symbols(document: Document) -> str:
    """What the letters are: channels, positions an axis, and the sizes that a stride leaves."""
    letters = [f"{name} = {value}" for name, value in document["symbols"].items()]
    letters += [f"{name} = {size['formula']} = {size['value']}" for name, size in document["sizes"].items()]
    return f"Channels and sizes: {', '.join(letters)}."


def _ratio(document: Document) -> list[Section]:
    if document["topic"] == "standard":
        return []
    if document["params"]["ratio"] is None:
        return [Section("Against the standard convolution", [Para(
            "No ratio: a building block does less than the layer's work."
        )])]  # fmt: skip
    rows = []
    for title, word in (("params", "params"), ("MACs", "macs")):
        ratio = document[word]["ratio"]
        steps = [f"{ratio['formula']}", f"= {ratio['numbers']}"] if ratio["formula"] else ["", ""]
        rows.append([title, *steps, f"= {ratio['value']:.4g} ×"])
    return [Section("Against the standard convolution", [Grid(["", "ratio", "in numbers", "result"], rows)])]


def sources(used: list[dict[str, str]]) -> Grid:
    """Where a structure is used, with the paper."""
    return Grid(["where", "paper"], [[entry["where"], entry["source"]] for entry in used])


def _limits(limits: Document) -> list[Block]:
    blocks: list[Block] = [Para(limits["text"])] * bool(limits["text"])
    own, standard = limits["arithmetic_intensity"], limits["standard_arithmetic_intensity"]
    if limits["traffic_ratio"] is None:
        blocks.append(Para(
            f"It does {own:.1f} FLOPs for each byte that it moves; the standard convolution of this layer does "
            f"{standard:.1f}."
        ))  # fmt: skip
    elif limits["traffic_ratio"] == 1 == limits["macs_ratio"]:
        blocks.append(Para(f"It moves {limits['traffic_bytes']:,} bytes and does {own:.1f} FLOPs for each of them."))
    else:
        blocks.append(Para(
            f"Here it moves {limits['traffic_ratio']:.2f} × the bytes of the standard convolution for "
            f"{limits['macs_ratio']:.2f} × the MACs: {own:.1f} FLOPs a byte where the standard one does {standard:.1f}."
        ))  # fmt: skip
    if own < standard:
        blocks.append(Para(
            "Where memory is the limit and not arithmetic, time follows the bytes and not the MACs "
            f"({limits['source']})."
        ))  # fmt: skip
    return blocks


def _lesson(lesson: Document | None) -> list[Section]:
    """What a 1x1 is good for."""
    if lesson is None:
        return []
    product, reduction = lesson["matrix_product"], lesson["reduction"]
    shapes = [f"[{rows} × {columns}]" for rows, columns in (product[part] for part in ("weights", "input", "output"))]
    times = f"{product['batch']} · " if product["batch"] != 1 else ""
    sizes = f"{times}{product['weights'][0]}·{product['weights'][1]}·{product['input'][1]}"
    rows = [[row["structure"], f"{row['params']:,}", f"{row['macs']:,}"] for row in reduction["rows"]]
    return [
        Section("It is one matrix product", [
            Pre([f"W {shapes[0]} · X {shapes[1]} = Y {shapes[2]}", product["formula"]]),
            Para(f"Rows are channels, columns positions p: {sizes} = {product['macs']:,} multiply-adds, those of the "
                 "convolution. It aggregates all channels at a position into each output."),
        ]),
        Section("It reduces the dimension", [
            Grid(["at 56x56", "params", "MACs"], rows, (1, 2)),
            Para(
                "With two 1x1 around it the 3x3 works on 64 channels and not on 256: "
                f"{reduction['params_ratio']:.3f} × the params, {reduction['macs_ratio']:.3f} × the MACs "
                f"({reduction['source']})."
            ),
        ]),
        Section("Its two uses", [Para(_use(use)) for use in lesson["uses"]]),
    ]  # fmt: skip


def _use(use: Document) -> str:
    start = {
        "depthwise-separable": "MobileNet: it combines the channels that a depthwise convolution has filtered.",
        "bottleneck": "ResNet: it shrinks and expands the channels round a 3x3.",
    }[use["variant"]]
    if "reason" in use:
        return start
    return (
        f"{start} At {use['spec']} the 1x1 are {use['macs_share']:.1%} of the MACs and {use['params_share']:.1%} of "
        f"the params of the {use['variant']} variant."
    )


def _growth(points: list[Document]) -> Grid:
    most = max([point["macs"] or 0 for point in points])
    ratios = max([point["ratio"] or 0 for point in points])
    rows = []
    for point in points:
        share = point["ratio"] / max(ratios, 1) if point["ratio"] is not None else (point["macs"] or 0) / (most or 1)
        standard = [f"{n:,}" if n is not None else "–" for n in (point["macs"], point["standard_macs"])]
        ratio = [] if not ratios else ["–" if point["ratio"] is None else f"{point['ratio']:.3f}"]
        rows.append([f"k{point['kernel_size']}", *standard, *ratio, bar(share, 20)])
    header = ["", "MACs", "standard's MACs", *(["ratio", "ratio drawn"] if ratios else ["MACs drawn"])]
    return Grid(header, rows, tuple(range(1, len(header) - 1)))


def _training(step: Document) -> Grid:
    names = ("forward", "input_gradient", "weight_gradient", "macs")
    shown = ("forward", "input gradient", "weight gradient", "together")
    return Grid(["", "MACs"], [[title, f"{step[name]:,}"] for title, name in zip(shown, names)], (1,))


def difference_page(variants: list[Document], text: str | None, following: list[str], facts: str) -> Page:
    """Several variants side by side: words down, variants across; and what to try next."""
    lines: tuple[tuple[str, Callable[[Document], str]], ...] = (
        ("mixes", lambda row: " and ".join(row["mixes"])),
        ("receptive field", lambda row: "×".join(map(str, row["receptive_field"] or ["–"]))),
        ("params", lambda row: f"{row['params']:,}"),
        ("MACs", lambda row: f"{row['macs']:,}"),
        ("peak bytes", lambda row: f"{row['peak_bytes']:,}"),
        ("traffic bytes", lambda row: f"{row['traffic_bytes']:,}"),
        ("FLOPs a byte", lambda row: f"{row['arithmetic_intensity']:.1f}"),
    )
    grids = [_side_by_side(variants[i : i + 3], lines) for i in range(0, len(variants), 3)]
    start: list[Block] = [Para(text)] if text else []
    return Page("The difference", facts, [
        Section("Side by side", [*start, *grids]), Section("Try next", [Commands(following)]),
    ])  # fmt: skip


def _side_by_side(variants: list[Document], lines: Sequence[tuple[str, Callable[[Document], str]]]) -> Grid:
    """Up to three variants: more do not fit into 80 columns."""
    rows = [[title, *map(show, variants)] for title, show in lines]
    return Grid(["", *[row["variant"] for row in variants]], rows, tuple(range(1, len(variants) + 1)))
