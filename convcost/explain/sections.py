"""Documents of explanations as pages: the answer on one screen, and in a full page everything else behind it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from re import sub

from ..spec import LayerSpec, format_spec
from .document import SEPARATE
from .drawing import bar
from .lessons import DIAGONAL, Document
from .pages import Block, Commands, Facts, Grid, Page, Para, Pre, Section, counted, sources
from .residual import residual_page
from .texts import BASE
from .topics import RESIDUAL

#: What is measured on random numbers, in words.
_DISTURBED = "one number of the input was changed, in the middle of the first channel"


def pages(document: Document, spec: LayerSpec, given: bool, *, full: bool = False) -> list[Page]:
    """The pages of a document: a screen a topic, or one that sets several variants side by side.

    A `full` page goes on where the screen ends, and each of several variants has one; `given` says that the layer was
    asked for.
    """
    facts = f"{format_spec(spec)} · {spec.dtype} · batch {spec.batch}"
    facts += "" if given else " · the default layer"
    difference, explained = document["difference"], document["explanations"]
    found = [
        residual_page(one, facts, full=full) if one["topic"] == RESIDUAL else variant_page(one, facts, full=full)
        for one in explained if full or not difference or one["topic"] == RESIDUAL
    ]  # fmt: skip
    if difference:
        variants = [one for one in explained if one["topic"] != RESIDUAL]
        found.append(difference_page(variants, difference, facts, full=full))
    return found


def variant_page(document: Document, facts: str, *, full: bool = False) -> Page:
    """The page of one variant: what it is, the reason, the formula with this layer's numbers, what was measured."""
    screen = _SCREENS.get(document["topic"], _screen)(document)
    limits = Section("When it will not help", _limits(document["will_not_help"]))
    timed = [limits] if "run_time" in document["will_not_help"] else []
    return Page(document["topic"], facts, [*screen, *(_rest(document) if full else [*timed, _more(document)])])


def _more(document: Document) -> Section:
    """What else there is; of the two separable ones, the command that says it of trained kernels."""
    facts = [("More", "--full adds each step, uses, limits, growth, training, what to try")]
    if SEPARATE in document["next"]:
        facts.append(("Trained", f"{SEPARATE}: rank 1 = [1 2 1]ᵀ·[1 0 -1]; or a model.onnx"))
    return Section("", [Facts(facts)])


def _screen(document: Document) -> list[Section]:
    return [
        Section("", [Pre(document["flow"])]),
        Section("Why", [Para(f"{document['sentence']} {document['why']}".strip())]),
        Section("What it costs in weights (params) and multiply-adds (MACs)", _costs(document)),
        Section("Measured in this run", [Para(_disturbed(document))]),
        *_gives_up(document["gives_up"]),
    ]


def _gives_up(said: Document) -> list[Section]:
    """Nothing, where nobody has written about a variant."""
    if not said["text"]:
        return []
    letters = " (o output channel, c input channel, y row, x column)" * ("[o,c,y,x]" in said["kernel"])
    return [Section("What it gives up", [Para(said["text"]), Para(f"Its kernel: `{said['kernel']}`{letters}")])]


def _costs(document: Document) -> list[Block]:
    """Params and MACs: the formula, this layer's numbers in it, and how they stand to the standard convolution's."""
    rows = [(title, _total(document[word]["total"])) for title, word in _WORDS]
    if document["role"] == "building-block":
        rows.append(("beside it", f"a standard convolution has {_of_standard(document)}"))
    elif document["topic"] != BASE:
        ratios = [document[word]["ratio"] for _, word in _WORDS]
        if ratios[0] == ratios[1]:
            rows.append(
                ("in all", f"{_ratio(ratios[0])} of a standard convolution, which has {_of_standard(document)}")
            )
        else:
            rows += [
                (f"{title} ratio", f"{_ratio(ratio)} of a standard convolution's {document[word]['standard']:,}")
                for (title, word), ratio in zip(_WORDS, ratios) if ratio
            ]  # fmt: skip
    rows += [("", f"`{name} = {size['formula']} = {size['value']}`") for name, size in document["sizes"].items()]
    return [Facts(rows)]


_WORDS = (("params", "params"), ("MACs", "macs"))


def _of_standard(document: Document) -> str:
    return f"{document['params']['standard']:,} params and {document['macs']['standard']:,} MACs"


def _total(line: Document) -> str:
    return f"`{line['formula']}` = `{line['numbers']}` = {line['value']:,}"


def _ratio(ratio: Document) -> str:
    steps = f"`{ratio['formula']}` = `{ratio['numbers']}` = " if ratio["formula"] else ""
    return f"{steps}{ratio['value']:.4g} ×"


def _disturbed(document: Document) -> str:
    """What one changed number of the input reached."""
    found = document["disturbed"]
    mixed = [word for word in ("space", "channels") if any(word in said for said in document["mixes"].values())]
    return (
        f"{_DISTURBED[0].upper()}{_DISTURBED[1:]}: {_changed(found)}. It mixes {_together(mixed)}. (Executed at "
        f"{found['spec']}, on random weights.)"
    )


def _together(mixed: list[str]) -> str:
    """What is mixed; a 1x1 from one channel to one only scales."""
    return " and ".join(mixed) or "nothing"


def _changed(found: Document) -> str:
    channels = f"{found['channels']:,} of {found['of_channels']:,} channels"
    return (
        f"{counted(found['outputs'], 'output')} changed, at {counted(found['positions'], 'position')} and in {channels}"
    )


def _standard(document: Document) -> list[Section]:
    """What "in one operation" costs, drawn."""
    points = [point for point in document["kernel_growth"] if point["macs"]][:4]
    least, most = points[0]["macs"], points[-1]["macs"]
    rows = [
        [f"k{point['kernel_size']}", f"{point['macs']:,}", f"{point['macs'] / least:.4g} ×",
         bar(point["macs"] / most, 40)] for point in points
    ]  # fmt: skip
    drawing, why, costs, measured, gives_up = _screen(document)
    return [
        drawing, why, costs,
        Section("What \"in one operation\" costs: it grows with the area of the kernel", [
            Grid(["", "MACs", "times k1", "drawn"], rows, (1, 2)),
        ]), measured, gives_up,
    ]  # fmt: skip


def _separable(document: Document) -> list[Section]:
    """The classical case first: one kernel, one channel. Then the network's, where both passes mix channels."""
    classical, joint, kernel = (document["lesson"][part] for part in ("classical", "joint", "kernel_size"))
    sobel, diagonal = classical["sobel"], classical["diagonal"]
    first, second = sobel["pass_products"]
    passes = "three" if len(kernel) == 3 else "two"
    facts = [
        ("executed", f"on one 5×5 map, both ways: {_apart(sobel)}. One pass took `3·3·9` = {sobel['products']} "
                     f"products, two took `45 + 27` = {first + second}"),
        ("limit", "a diagonal kernel is no such product (its rank is 3: it takes the sum of three). The nearest "
                  f"product misses `√(2/3)` = {diagonal['missed']:.1%} of it; executed, {_apart(diagonal)}"),
    ]  # fmt: skip
    return [
        Section("The classical case: one channel, one kernel", [
            Para("A kernel that is a column times a row can be run as two 1-D passes, one along each axis, with "
                 f"{_fewer_weights(kernel)}. Sobel's edge filter is such a product:"),
            Pre(["[1 0 -1]   [1]", "[2 0 -2] = [2] · [1 0 -1]     9 weights become 3 + 3 = 6", "[1 0 -1]   [1]"]),
            Facts(facts),
        ]),
        Section("In a network: all channels, mixed in both passes, and both passes learned", [
            Pre(document["flow"]),
            *_costs(document), *_joint(joint, kernel, classical["diagonal_in_three"]),
        ]),
        Section("The difference", [
            Para("A simple (standard) convolution has a free kernel for each pair of channels. The classical case "
                 f"replaces one such kernel, if its rank is 1; a network replaces all of them at once, by {passes} "
                 "smaller convolutions in a row that are limited together only."),
        ]),
    ]  # fmt: skip


def _apart(found: Document) -> str:
    if not found["difference"]:
        return "the outputs are equal"
    return f"outputs differ by up to {found['difference']:g} (the largest output is {found['largest']:g})"


def _fewer_weights(kernel: list[int]) -> str:
    """What two passes of one kernel have beside it, in the letters for this layer's."""
    if len(kernel) != 2 or kernel[0] == kernel[1]:
        return "k + k weights and not k·k"
    height, width = kernel
    return f"h + w weights and not h·w (here {height} + {width} = {height + width} and not {height * width})"


def _joint(joint: Document | None, kernel: list[int], in_three: Document) -> list[Block]:
    """The limit of all kernels together, as executed."""
    if joint is None:
        return []
    inner, middle, outer = joint["executed"]
    rows, columns = joint["matrix"]
    between, alone = counted(joint["middle"], "channel"), "×".join(map(str, kernel))
    which = "the diagonal" if alone == "3×3" else f"{len(DIAGONAL)} for the 3×3 diagonal"
    return [Facts([
        ("limit", f"on all kernels together: as one matrix of (out·height) × (in·width), here {rows} × {columns}, they "
                  f"have a rank of at most the {between} between the passes. For one pair of channels alone "
                  f"{min(kernel)} between are enough for any {alone} ({which}, executed so: {_apart(in_three)})"),
        ("executed", f"with random weights at {inner}:{outer}, {middle} between: rank {joint['rank']} of "
                     f"{joint['most']}; the simple convolution's {joint['standard_rank']}"),
    ])]  # fmt: skip


def _pointwise(document: Document) -> list[Section]:
    """What a 1x1 is good for: two uses, each with its figure."""
    lesson = document["lesson"]
    product, growth = lesson["matrix_product"], lesson["channel_growth"]
    shapes = [f"[{rows}×{columns}]" for rows, columns in (product[part] for part in ("weights", "input", "output"))]
    times = f"{product['batch']} · " if product["batch"] != 1 else ""
    most = growth[-1]["macs"]
    rows = [
        ["{}:{}".format(*point["channels"]), f"{point['macs']:,}", bar(point["macs"] / most, 40)] for point in growth
    ]
    drawing, why, costs, _, _ = _screen(document)
    return [
        drawing, why,
        Section("What it costs in weights and multiply-adds (MACs): it grows with both channels", [
            *costs.blocks[:1], Grid(["channels", "MACs", "drawn"], rows, (0, 1)),
        ]),
        Section("What it is good for: the cheapest way to mix channels, or to change how many", [Facts(_uses(lesson))]),
        Section("Measured in this run", [
            Facts([
                ("changed", f"one number of the input, and {_changed(document['disturbed'])}"),
                ("product", f"it is one matrix product, `{product['formula']}`: {times}W {shapes[0]} · X {shapes[1]} = "
                            f"Y {shapes[2]}, {product['macs']:,} multiply-adds. Both executed: "
                            f"{_apart({**product, 'largest': 1})}"),
            ]),
        ]),
    ]  # fmt: skip


def _uses(lesson: Document) -> list[tuple[str, str]]:
    one, small, large = lesson["reduction"]["rows"]
    separable, _ = lesson["uses"]
    said = "after a depthwise convolution, which filters channels and does not combine them (MobileNet)"
    if "reason" not in separable:
        said += f"; at {separable['spec']} the 1x1 is {separable['macs_share']:.1%} of that pair's MACs"
    return [
        ("mix", said),
        ("reduce", "to few channels, on which the 3x3 is cheap, and back (ResNet-50). A bottleneck on 256 channels "
                   f"(256→64→64→256, 56×56) has {one['params']:,} params and {one['macs']:,} MACs. Beside it He et al. "
                   f"2015 (figure 5) draw two 3x3 on 64 channels: {small['params']:,} and {small['macs']:,}. So four "
                   f"times the channels cost no more. Two 3x3 on 256, in no figure: {large['params']:,} params"),
    ]  # fmt: skip


_SCREENS: dict[str, Callable[[Document], list[Section]]] = {
    "standard": _standard, "spatially-separable": _separable, "pointwise": _pointwise,
}  # fmt: skip


def _rest(document: Document) -> list[Section]:
    """What a full page has beside the screen; two screens have no room for what is given up."""
    given_up = _gives_up(document["gives_up"]) if document["topic"] in ("spatially-separable", "pointwise") else []
    return [
        Section("The structure", [Pre(document["drawing"])]),
        Section("Params, step by step", _steps(document["params"])),
        Section("MACs, step by step", _steps(document["macs"])),
        *given_up,
        *[Section("Where it is used", [sources(document["used_in"])])] * bool(document["used_in"]),
        Section("When it will not help", _limits(document["will_not_help"])),
        Section("How MACs grow with the kernel", _growth(document["kernel_growth"])),
        Section("A training step", [
            _training(document["training"]),
            Para("On the way back each product comes twice again: weight × gradient for the input, input × gradient "
                 "for the weight."),
        ]),
        Section("Try next", [Commands(document["next"])]),
    ]  # fmt: skip


def _steps(word: Document) -> list[Block]:
    lines = word["terms"] if len(word["terms"]) == 1 else [*word["terms"], word["total"]]
    rows = [[line["op"], f"`{line['formula']}`", f"= `{line['numbers']}`", f"= {line['value']:,}"] for line in lines]
    return [Grid(["", "formula", "in numbers", "result"], rows, (3,))]


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
    if "run_time" in limits:
        blocks.append(Para(_run_time(limits["run_time"])))
    return blocks


def _run_time(found: Document) -> str:
    """What was measured in an engine, and whether it can be told from the standard convolution's."""
    if found["ratio"] is None:
        return (f"Measured on this machine in {found['engine']}: {1e3 * found['seconds']:.3g} ms. It does less than "
                "the standard convolution, so there is no ratio to it.")  # fmt: skip
    low, high = found["ratio_quartiles"]
    told = "no difference seen" if low <= 1 <= high else f"quartiles {low:.2f} and {high:.2f}"
    return (f"Measured on this machine in {found['engine']}: {found['ratio']:.2f} × the time of the standard "
            f"convolution ({told}).")  # fmt: skip


def _growth(points: list[Document]) -> list[Block]:
    most = max([point["macs"] or 0 for point in points])
    if len({point["macs"] for point in points}) == 1:
        return [Para(f"They do not: they are {most:,} beside a kernel of any size.")]
    ratios = any(point["ratio"] not in (None, 1) for point in points)
    rows = []
    for point in points:
        own, standard = (f"{n:,}" if n is not None else "–" for n in (point["macs"], point["standard_macs"]))
        ratio = ["–" if point["ratio"] is None else f"{point['ratio']:.3f}"] * ratios
        rows.append([f"k{point['kernel_size']}", own, standard, *ratio, bar((point["macs"] or 0) / most, 20)])
    header = ["", "MACs", "standard's MACs", *["ratio"] * ratios, "MACs drawn"]
    return [Grid(header, rows, tuple(range(1, len(header) - 1)))]


def _training(step: Document) -> Grid:
    names = ("forward", "input_gradient", "weight_gradient", "macs")
    shown = ("forward", "input gradient", "weight gradient", "together")
    return Grid(["", "MACs"], [[title, f"{step[name]:,}"] for title, name in zip(shown, names)], (1,))


def difference_page(explained: list[Document], difference: Document, facts: str, *, full: bool = False) -> Page:
    """Several variants side by side: words down, variants across; the key difference in one sentence at the end."""
    numbers = {row["variant"]: row for row in difference["variants"]}
    rows: list[tuple[str, Callable[[Document], str]]] = [
        ("what", lambda one: one["sentence"]),
        ("why", lambda one: one["why"]),
        ("mixes", lambda one: _seen(numbers[one["topic"]])),
        ("params", lambda one: _total(one["params"]["total"])),
        ("MACs", lambda one: _total(one["macs"]["total"])),
        ("measured *", lambda one: _changed(one["disturbed"])),
        ("bytes moved", lambda one: f"{numbers[one['topic']]['traffic_bytes']:,}, at "
                                    f"{numbers[one['topic']]['arithmetic_intensity']:.1f} FLOPs each"),
        ("gives up", lambda one: one["gives_up"]["text"]),
        ("used in", lambda one: ", ".join([entry["where"] for entry in one["used_in"]])),
        ("not when", lambda one: sub(r" \([^)]*arXiv[^)]*\)", "", one["will_not_help"]["text"])),
    ]  # fmt: skip
    if any(["run_time" in one["will_not_help"] for one in explained]):
        rows.append(("run time", lambda one: _briefly(one["will_not_help"].get("run_time"))))
    grids = [_side_by_side(explained[i : i + 3], rows) for i in range(0, len(explained), 3)]
    *names, last = [one["topic"] for one in explained]
    return Page(f"{', '.join(names)} and {last}", facts, [
        Section("", [*grids, Para(f"* {_DISTURBED}")]),
        Section("The key difference", [Para(difference["text"])]),
        *[Section("Try next", [Commands(difference["next"])])] * full,
    ])  # fmt: skip


def _briefly(found: Document | None) -> str:
    """A run time in a cell, with its engine."""
    if found is None:
        return "–"
    ratio = "" if found["ratio"] is None else f", {found['ratio']:.2f} × the standard convolution's"
    return f"{1e3 * found['seconds']:.3g} ms{ratio} ({found['engine']})"


def _seen(numbers: Document) -> str:
    field = "×".join(map(str, numbers["receptive_field"] or ["–"]))
    return f"{_together(numbers['mixes'])} (an output sees {field})"


def _side_by_side(explained: list[Document], rows: Sequence[tuple[str, Callable[[Document], str]]]) -> Grid:
    """Up to three variants: more do not fit into 80 columns."""
    cells = [[title, *map(show, explained)] for title, show in rows]
    width = (78 - 11 - 2 * len(explained)) // len(explained)
    return Grid(["", *[one["topic"] for one in explained]], cells, (), (11, *[width] * len(explained)))
