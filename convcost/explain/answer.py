"""What `explain` answers: the document of one or more topics of a layer, and its pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..spec import LayerSpec, format_spec, spec_to_json
from .document import Document, explain_variant, side_by_side
from .lessons import explain_residual, lesson_1x1
from .pages import Page
from .sections import difference_page, variant_page
from .sections_residual import residual_page
from .texts import DIFFERENCES
from .topics import RESIDUAL

if TYPE_CHECKING:
    from .measured import Measurement


def explain(topics: list[str], spec: LayerSpec, experiments: list[Measurement] | None = None) -> Document:
    """The document of `topics`, with how they differ where they are several variants.

    >>> document = explain(["depthwise", "pointwise"], LayerSpec(64, 128, (3, 3), (56, 56)))
    >>> document["difference"]["variants"][0]["mixes"]
    ['space']

    Raises DoesNotApply where a variant does not exist for the layer.
    """
    variants = [topic for topic in topics if topic != RESIDUAL]
    difference = None
    if len(variants) > 1:
        text = DIFFERENCES.get(frozenset(variants))
        difference = {"text": text, "variants": side_by_side(variants, spec), "next": _next(variants, spec)}
    explained = [_topic(topic, spec, experiments) for topic in topics]
    return {"schema": "convcost/2", "spec": spec_to_json(spec), "explanations": explained, "difference": difference}


def _next(variants: list[str], spec: LayerSpec) -> list[str]:
    text = format_spec(spec)
    compared = f"convcost compare {text} --variants {','.join(variants)} --per-op"
    return [compared, *[f"convcost explain {variant} {text}" for variant in variants]]


def _topic(topic: str, spec: LayerSpec, experiments: list[Measurement] | None) -> Document:
    if topic == RESIDUAL:
        found = None if experiments is None else [measurement_document(m) for m in experiments]
        document = explain_residual(spec)
        if found:
            document["next"] = [command for command in document["next"] if "--experiment" not in command]
        return {**document, "experiments": found}
    return {**explain_variant(topic, spec), "lesson": lesson_1x1(spec) if topic == "pointwise" else None}


def measurement_document(found: Measurement) -> dict[str, Any]:
    """A measurement as plain data; what left the finite numbers is null."""
    arms = [
        {
            "name": arm.name,
            "values": [[_finite(v) for v in point] for point in arm.values],
            "median": [_finite(v) for v in arm.middle],
            "min": [_finite(min(point)) for point in arm.values],
            "max": [_finite(max(point)) for point in arm.values],
        }
        for arm in found.arms
    ]
    return {**found._asdict(), "arms": arms, "verdict": found.verdict}


def _finite(value: float) -> float | None:
    return value if abs(value) < float("inf") else None


def pages(document: Document, spec: LayerSpec, given: bool) -> list[Page]:
    """The pages of a document, one a topic and one for the difference; `given` says that the layer was asked for."""
    facts = f"{format_spec(spec)} · {spec.dtype} · batch {spec.batch}"
    facts += "" if given else " · the default layer"
    difference = document["difference"]
    found = [
        residual_page(one, facts) if one["topic"] == RESIDUAL else variant_page(one, facts, brief=bool(difference))
        for one in document["explanations"]
    ]
    if difference:
        found.append(difference_page(difference["variants"], difference["text"], difference["next"], facts))
    return found
