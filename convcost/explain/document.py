"""What `explain` answers, as a plain document; text, Markdown, LaTeX and JSON are made from it."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..analysis.cost import macs
from ..analysis.symbols import Size
from ..answers.comparison import Comparison, Row, compare_variants
from ..graph.ops import Graph, Shape
from ..graph.shapes import infer_shapes
from ..spec import LayerSpec, format_spec, spec_to_json
from ..spec.check import same_padding
from ..spec.errors import Problem
from ..variants.registry import DoesNotApply, all_variants, build_variant
from .drawing import draw, flow
from .formulas import Formulas, Names, formulas, in_numbers, simplified, symbolic
from .lessons import Document, disturbed, explain_residual, lesson_of
from .measured import Measurement, measurement_document
from .texts import BASE, DIFFERENCES, ROOFLINE, text_of
from .topics import RESIDUAL

#: Kernels along every axis in the table of how the cost grows.
KERNELS = (1, 3, 5, 7, 9, 11)


def explanation_document(topics: list[str], spec: LayerSpec, experiments: list[Measurement] | None = None) -> Document:
    """The document of `topics`, with how they differ where they are several variants.

    >>> layer = LayerSpec(64, 128, (3, 3), (56, 56), padding=((1, 1), (1, 1)))
    >>> document = explanation_document(["depthwise", "pointwise"], layer)
    >>> document["difference"]["variants"][0]["mixes"]
    ['space']

    Raises DoesNotApply where a variant does not exist for the layer.
    """
    explained = [_topic(topic, spec, experiments) for topic in topics]
    variants = [one for one in explained if one["topic"] != RESIDUAL]
    difference = _difference(variants, spec) if len(variants) > 1 else None
    return {"schema": "convcost/2", "spec": spec_to_json(spec), "explanations": explained, "difference": difference}


def _topic(topic: str, spec: LayerSpec, experiments: list[Measurement] | None) -> Document:
    if topic != RESIDUAL:
        return explain_variant(topic, spec)
    document = explain_residual(spec)
    found = None if experiments is None else [measurement_document(m) for m in experiments]
    if found:
        document["next"] = [command for command in document["next"] if "--experiment" not in command]
    return {**document, "experiments": found}


def explain_variant(name: str, spec: LayerSpec) -> Document:
    """Everything about one variant of `spec`, every cost from `compare` and the analysis behind it.

    >>> spec = LayerSpec(64, 128, (3, 3), (56, 56), padding=((1, 1), (1, 1)))
    >>> explain_variant("depthwise-separable", spec)["macs"]["ratio"]
    {'formula': '1/Cout + 1/9', 'numbers': '1/128 + 1/9', 'value': 0.1189236111111111}

    Raises DoesNotApply where the variant does not exist for this layer.
    """
    built = build_variant(name, spec)
    rows = compare_variants(spec, [BASE, name], BASE)
    text, names = text_of(name, all_variants()[name].summary), Names()
    base, own = formulas(BASE, spec, names), formulas(name, spec, names)
    standard, row = _rows(rows)
    return {
        "topic": name,
        "role": row.role,
        "sentence": _plain(text.sentence),
        "why": _plain(text.why),
        "flow": flow(built.graph, built.shapes),
        "drawing": draw(built.graph, built.shapes),
        "symbols": _symbols(symbolic(spec)),
        "sizes": {short: {"formula": repr(size), "value": size.value} for short, size in own.sizes.items()},
        "params": _word("params", own, base, standard, row),
        "macs": _word("macs", own, base, standard, row),
        "mixes": {op.name: op.words["mixes"] for op in row.ops},
        "disturbed": disturbed(name, spec),
        "gives_up": {"kernel": text.kernel, "text": text.gives_up},
        "used_in": [{"where": where, "source": source} for where, source in text.used_in],
        "will_not_help": _limits(text.limits, row, standard),
        "kernel_growth": [_with_kernel(name, spec, k) for k in KERNELS],
        "training": _training(built.graph),
        "next": commands(name, text.related, spec),
        "lesson": lesson_of(name, spec),
    }


def _plain(text: str) -> str:
    """Words without the marks of formulas."""
    return text.replace("`", "")


def _symbols(spec: LayerSpec) -> dict[str, int]:
    """The letters of the formulas and what they are here."""
    sizes: tuple[Any, ...] = (spec.in_channels, spec.out_channels, *spec.input_size, spec.batch)
    return {repr(size): size.value for size in sizes if isinstance(size, Size)}


def _word(word: str, own: Formulas, base: Formulas, standard: Row, row: Row) -> Document:
    """One word's formula, the numbers put in, and the result that `compare` has, term by term and in all."""
    assert row.words is not None
    assert standard.words is not None
    size: Size = getattr(own, word)
    terms = [
        _line(term.op, getattr(term, word), op.words[word])
        for term, op in zip(own.terms, row.ops)
        if op.words[word] or op.kind == "conv"
    ]
    related = row.relative[word] if row.relative else None
    shown = simplified(size, getattr(base, word)) if related is not None else None
    formula, numbers = shown or (None, None)
    ratio = None if related is None else {"formula": formula, "numbers": numbers, "value": related}
    total = _line("total", size, row.words[word])
    return {"terms": terms, "total": total, "standard": standard.words[word], "ratio": ratio}


def _line(op: str, size: Size, value: int) -> Document:
    return {"op": op, "formula": repr(size), "numbers": in_numbers(size), "value": value}


def _limits(text: str, row: Row, standard: Row) -> Document:
    """Arithmetic intensity and traffic against the standard convolution, in words and figures."""
    assert row.words is not None
    assert standard.words is not None
    return {
        "text": text,
        "traffic_ratio": row.relative["traffic_bytes"] if row.relative else None,
        "macs_ratio": row.relative["macs"] if row.relative else None,
        "traffic_bytes": row.words["traffic_bytes"],
        "standard_traffic_bytes": standard.words["traffic_bytes"],
        "arithmetic_intensity": row.words["arithmetic_intensity"],
        "standard_arithmetic_intensity": standard.words["arithmetic_intensity"],
        "source": ROOFLINE,
    }


def _with_kernel(name: str, spec: LayerSpec, k: int) -> Document:
    """MACs with a kernel of `k` on every axis that has more than 1, padded for the same output size."""
    found: Document = {"kernel_size": k, "params": None, "macs": None, "standard_macs": None, "ratio": None}
    try:
        kernel = (k,) * spec.axes
        padding = (
            spec.padding if spec.transposed or isinstance(spec.padding, str) else same_padding(kernel, spec.dilation)
        )
        standard, row = _rows(compare_variants(spec._replace(kernel_size=kernel, padding=padding), [BASE, name], BASE))
    except (DoesNotApply, Problem):
        return found
    found["standard_macs"] = standard.words["macs"] if standard.words else None
    if row.words:
        found |= {"params": row.words["params"], "macs": row.words["macs"]}
        found["ratio"] = row.relative["macs"] if row.relative else None
    return found


def _rows(result: Comparison) -> tuple[Row, Row]:
    """The standard convolution's row and the variant's, which can be the same."""
    return next(row for row in result.rows if row.variant == BASE), result.rows[-1]


class TrainingStep(NamedTuple):
    """MACs of one step: forward, gradients of the inputs, gradients of the weights."""

    forward: int
    input_gradient: int
    weight_gradient: int

    @property
    def macs(self) -> int:
        """All three together."""
        return sum(self)


def training_macs(graph: Graph, shapes: list[Shape]) -> TrainingStep:
    """MACs of a training step over `graph`, `shapes` those of all its values.

    >>> from convcost.graph.ops import Conv, Node
    >>> conv = Conv(64, 128, (3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1))
    >>> graph = Graph((1, 64, 56, 56), "fp32", (Node("conv", conv, (0,)),))
    >>> training_macs(graph, [(1, 64, 56, 56), (1, 128, 56, 56)])
    TrainingStep(forward=231211008, input_gradient=231211008, weight_gradient=231211008)

    For y = W x the backward pass takes Wᵀ dy and dy xᵀ (Rumelhart et al. 1986): each product of the forward pass
    comes twice again, once weight by gradient, once input by gradient. The gradient of the graph's input counts:
    the layer before needs it, where there is one.
    """
    products = sum([macs(n.op, shapes[n.inputs[0]], out) for n, out in zip(graph.nodes, shapes[1:])])
    return TrainingStep(products, products, products)


def _training(graph: Graph) -> Document:
    """MACs of a training step, and what the forward pass alone has."""
    step = training_macs(graph, infer_shapes(graph))
    return {**step._asdict(), "macs": step.macs}


#: What says of a trained kernel what it would lose; Sobel's is built in.
SEPARATE = "convcost separate sobel"


def commands(name: str, related: tuple[str, ...], spec: LayerSpec) -> list[str]:
    """What to try next, each a whole command."""
    text = format_spec(spec)
    shown = name if name == BASE else f"{BASE},{name}"
    return [
        f"convcost compare {text} --variants {shown} --per-op",
        *[f"convcost explain {other} {text}" for other in related if other != RESIDUAL],
        *["convcost explain residual --experiment"] * (RESIDUAL in related),
        *[SEPARATE] * (name in ("spatially-separable", "depthwise-separable")),
    ]


def _difference(explained: list[Document], spec: LayerSpec) -> Document:
    """Several variants beside each other, and the key difference in one sentence."""
    names, text = [one["topic"] for one in explained], format_spec(spec)
    found = side_by_side(names, spec)
    compared = f"convcost compare {text} --variants {','.join(names)} --per-op"
    return {
        "text": DIFFERENCES.get(frozenset(names)) or _in_one_sentence(found),
        "variants": found,
        "next": [compared, *[f"convcost explain {name} {text}" for name in names]],
    }


def side_by_side(names: list[str], spec: LayerSpec) -> list[Document]:
    """What several variants do and cost, for a table: the words of `compare`."""
    rows = compare_variants(spec, names, BASE).rows
    chosen = ("mixes", "receptive_field", "params", "macs", "peak_bytes", "traffic_bytes", "arithmetic_intensity")
    return [
        {"variant": row.variant, **{word: row.words[word] for word in chosen}}
        for name in names for row in rows if row.variant == name and row.words
    ]  # fmt: skip


def _in_one_sentence(variants: list[Document]) -> str:
    """Of variants that nobody has written about together: what each mixes, and its multiply-adds."""
    least = min(row["macs"] for row in variants)
    parts = [
        f"{row['variant']} mixes {' and '.join(row['mixes']) or 'nothing'} for {row['macs'] / least:.3g} × the MACs"
        for row in variants
    ]
    return f"Of the least MACs here, {least:,}: {', '.join(parts)}." if least else f"{', '.join(parts)}."
