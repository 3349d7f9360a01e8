"""What one tool says of some operations, as a document: its figure, and the terms that it is the sum of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .documents import Document

if TYPE_CHECKING:
    from ..conventions.answer import Said
    from ..conventions.registry import Sum

#: What terms belong to, in the order in which they stand side by side.
FAMILIES = ("multiply-adds", "norms", "activations", "pools", "bias", "adds", "other")


def said_document(said: Said, executed: str) -> Document:
    """What one convention says."""
    convention, summed = said.convention, said.sum
    document: Document = {
        "name": convention.name,
        "versions": convention.versions,
        "calls_it": convention.calls_it,
        "value": summed.value,
        "terms": terms_of(summed, executed),
        "by_family": _by_family(summed),
        "needs_facts": said.needs_facts,
    }
    if said.otherwise:
        document["assuming"] = said.otherwise
    return document | ({"reason": summed.reason} if summed.reason else {})


def terms_of(summed: Sum, executed: str, *, named: bool = False) -> list[Document]:
    """The summands: coefficients are the tool's opinion; amounts are counted here, and those of products executed."""
    return [
        {
            "term": term.term,
            "coefficient": term.coefficient,
            "amount": term.amount,
            "adds": term.adds,
            "evidence": executed if term.executed else "counted",
            "operations": list(term.operations) if named else len(term.operations),
        }
        for term in summed.terms
    ]


def _by_family(summed: Sum) -> Document:
    sums: Document = dict.fromkeys(FAMILIES)
    if summed.value is not None:
        for term in summed.terms:
            sums[term.family] = (sums[term.family] or 0) + term.adds
    return sums
