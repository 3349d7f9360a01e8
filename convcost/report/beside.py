"""Another tool's figure beside ours, in the documents of commands that print the MACs of a network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..conventions.answer import beside
from ..networks.build import Network
from ..variants.registry import build_variant
from .documents import Document
from .said import said_document

if TYPE_CHECKING:
    from ..answers.network import NetworkAnswer
    from ..spec import LayerSpec


def add_convention(document: Document, network: Network, name: str) -> None:
    """Put a convention's figure into the document of a network: of the whole, of each layer and kind of operation.

    >>> from convcost.answers.network import answer_network
    >>> from convcost.networks.single import read_single
    >>> from convcost.report.networks import network_document
    >>> network = read_single("64:128 @56 k3 bias")
    >>> document = network_document(answer_network(network))
    >>> add_convention(document, network, "torchinfo")
    >>> document["convention"]["value"], document["layers"][0]["convention"]
    (231612416, 231612416)

    A convention that gives no figure for one operation gives none for the whole. Raises SpecError for another name.
    """
    said, each = beside(network, name)
    document["convention"] = said_document(said, document["verified"]["status"])
    kinds: dict[str, list[int | None]] = {}
    for layer, value in zip(document["layers"], each):
        layer["convention"] = value
        kinds.setdefault(layer["op"], []).append(value)
    for kind in document["op_types"]:
        kind["convention"] = _sum(kinds[kind["op"]])


def add_to_rows(rows: Sequence[Document], spec: LayerSpec, name: str) -> None:
    """Put a convention's figure into the rows of a layer that apply, and into their operations, each a module.

    >>> from convcost.answers.comparison import compare_variants
    >>> from convcost.report.documents import comparison_document
    >>> from convcost.spec import parse_spec
    >>> spec = parse_spec("64:128 @56 k3 bias")
    >>> rows = comparison_document(compare_variants(spec, ["standard"]))["rows"]
    >>> add_to_rows(rows, spec, "torchinfo")
    >>> rows[0]["convention"]["value"], rows[0]["ops"][0]["convention"]
    (231612416, 231612416)
    """
    for row in rows:
        if row["applicable"]:
            graph, _, shapes = build_variant(row["variant"], spec)
            said, each = beside(Network(row["variant"], "", graph, shapes, facts=()), name)
            row["convention"] = said_document(said, row["verified"]["status"])
            for op, value in zip(row["ops"], each):
                op["convention"] = value


def _sum(values: Sequence[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None


def add_to_zoo(document: Document, answers: Sequence[NetworkAnswer], name: str) -> None:
    """Put a convention's figure beside the MACs of each built-in network."""
    document["convention"] = name
    for entry, answer in zip(document["networks"], answers):
        entry["convention"] = beside(answer.network, name)[0].sum.value


def add_to_swap(document: Document, before: Network, after: Network, name: str) -> None:
    """Put a convention's figures before and after a swap into its document."""
    status = document["verified"]
    for when, network in (("before", before), ("after", after)):
        said = said_document(beside(network, name)[0], status[when]["status"])
        document.setdefault("convention", {})[when] = said
