"""Answers about networks as documents: what JSON, CSV and the tables are made from."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TextIO

from ..analysis.analyze import WORDS, tensor_types
from ..answers.comparison import RELATIVE
from ..answers.network import FIELDS, SHARES, Alive, KindAnswer, LayerAnswer, NetworkAnswer
from ..graph.ops import Counted
from .documents import SCHEMA, Document, check_document
from .formats import write_document
from .listings import write_entries

if TYPE_CHECKING:
    from ..answers.check import Executed, NetworkVerified
    from ..networks.swap import Swapped


#: The columns of CSV.
NETWORK_FIELDS = (
    "level", "name", "op", "count", *WORDS, *[f"share.{word}" for word in SHARES], "op_receptive_field",
    "elementwise_by", "inputs", *FIELDS,
)  # fmt: skip
SWAP_FIELDS = ("network", *WORDS, *[f"relative.{word}" for word in RELATIVE])
ZOO_FIELDS = ("name", "source", "input", "params", "macs")


def network_document(answer: NetworkAnswer) -> Document:
    """The document of a network.

    >>> from convcost.answers.network import answer_network
    >>> from convcost.networks.build import build_network
    >>> from convcost.networks.program import read_program
    >>> network = build_network(read_program("input 3 @32\\nstandard 8 k3", "tiny"))
    >>> document = network_document(answer_network(network))
    >>> document["name"], document["input"], document["total"]["params"], document["peak"]["layer"]
    ('tiny', (1, 3, 32, 32), 216, 'standard')
    """
    network, peak = answer.network, answer.peak
    return {
        "schema": SCHEMA,
        "name": network.name,
        "source": network.source or None,
        "input": network.graph.input_shape,
        "dtype": network.graph.dtype,
        "dtypes": [name for name, _ in tensor_types(network.graph).most_common()],
        "status": "partial" if network.unknown else "complete",
        "unknown": [missing._asdict() for missing in network.unknown],
        "upper_bound": network.upper_bound,
        "params_complete": network.params_complete,
        "total": answer.total,
        "op_types": [_kind(kind) for kind in answer.kinds],
        "layers": [network_layer_document(layer) for layer in answer.layers],
        "peak": {**peak._asdict(), "alive": [_alive(tensor) for tensor in peak.alive]},
        "training": answer.training._asdict(),
        "verified": {**verified_document(answer.verified), "not_executed": _by_definition(answer)},
    }


def _by_definition(answer: NetworkAnswer) -> list[str]:
    """Kinds of operation whose cost was counted where they are defined: executing one shows its shape alone."""
    kinds = [layer.kind for layer, node in zip(answer.layers, answer.network.graph.nodes) if type(node.op) is Counted]
    return sorted(set(kinds))


def network_layer_document(layer: LayerAnswer) -> Document:
    """One layer: its name, its kind, its words, its shares, the shapes of its inputs and its own fields."""
    return {"name": layer.name, "op": layer.kind, **layer.words, **layer.fields, "share": layer.share}


def _kind(kind: KindAnswer) -> Document:
    return {"op": kind.kind, "count": kind.number, **kind.words, "share": kind.share}


def _alive(tensor: Alive) -> Document:
    return {"name": tensor.name, "shape": tensor.shape, "bytes": tensor.bytes}


def verified_document(found: "NetworkVerified | None") -> Document:
    """What was executed: each distinct layer once, the wiring at a reduced input, and what is seen of the input."""
    if found is None:
        wiring: Document = {"status": "skipped", "input": None, "checks": {}}
        return {"status": "skipped", "macs_share": 0.0, "layers": [], "wiring": wiring, "seen": {}}
    size: Any = found.wiring.size
    wiring = {
        "status": found.wiring.status,
        "input": size["input"] if isinstance(size, dict) else None,
        "checks": _checks(found.wiring.checks),
    }
    if found.wiring.reason is not None:
        wiring["reason"] = found.wiring.reason
    layers = [_executed(layer) for layer in found.layers]
    return {"status": found.status, "macs_share": found.macs_share, "layers": layers, "wiring": wiring,
            "seen": _checks(found.seen)}  # fmt: skip


def _executed(layer: "Executed") -> Document:
    size: Any = layer.size
    at = {"input": size["input"]} if isinstance(size, dict) else {}
    document = {"names": layer.names, "status": layer.status, **at, "checks": _checks(layer.checks)}
    return document if layer.reason is None else {**document, "reason": layer.reason}


def _checks(checks: dict[str, Any]) -> Document:
    return {word: check_document(check) for word, check in checks.items()}


def swap_document(before: NetworkAnswer, after: NetworkAnswer, swapped: "Swapped", to: str, where: str) -> Document:
    """The document of a swap: totals before and after, ratios, and which layers were replaced or left alone."""
    from ..answers.comparison import ratios

    return {
        "schema": SCHEMA,
        "name": before.network.name,
        "input": before.network.graph.input_shape,
        "dtype": before.network.graph.dtype,
        "to": to,
        "where": where,
        "before": before.total,
        "after": after.total,
        "relative": ratios(after.total, before.total),
        "replaced": swapped.replaced,
        "left": [layer._asdict() for layer in swapped.left],
        "verified": {"before": verified_document(before.verified), "after": verified_document(after.verified)},
    }


def zoo_document(answers: list[NetworkAnswer]) -> Document:
    """The document of the zoo: a line a network."""
    return {"schema": SCHEMA, "networks": [_zoo_line(answer) for answer in answers]}


def _zoo_line(answer: NetworkAnswer) -> Document:
    network = answer.network
    return {
        "name": network.name,
        "source": network.source,
        "input": network.graph.input_shape,
        "params": answer.total["params"],
        "macs": answer.total["macs"],
    }


def write_network(
    document: Document, format: str, file: TextIO, *, per_layer: bool = False, exact: bool = False
) -> None:
    """The answer for a network; `per_layer` is for tables and CSV, JSON has the layers always."""

    fields = (*NETWORK_FIELDS, *["convention"] * ("convention" in document))

    def table() -> Any:
        from .network_tables import network_table

        return network_table(document, per_layer=per_layer, exact=exact, fields=fields)

    write_document(document, format, file, table, fields, lambda: network_rows(document, per_layer))


def network_rows(document: Document, per_layer: bool) -> Iterator[Document]:
    """The whole, then its layers or its kinds of operation, each saying which it is in `level`."""
    said = {"convention": document.get("convention")}
    yield {
        "level": "total",
        "name": document["name"],
        **document["total"],
        "count": sum([kind["count"] for kind in document["op_types"]]),
        **said,
    }
    if per_layer:
        yield from [{"level": "layer", **layer} for layer in document["layers"]]
    else:
        yield from [{"level": "op", **kind} for kind in document["op_types"]]


def write_swap(document: Document, format: str, file: TextIO, *, exact: bool = False) -> None:
    """Before and after."""

    fields = (*SWAP_FIELDS, *["convention"] * ("convention" in document))

    def table() -> Any:
        from .network_tables import swap_table

        return swap_table(document, exact=exact, fields=fields)

    def rows() -> Iterator[Document]:
        for when in ("before", "after"):
            related = {"relative": document["relative"]} if when == "after" else {}
            said = document.get("convention", {}).get(when)
            yield {"network": when, **document[when], **related, "convention": said}

    write_document(document, format, file, table, fields, rows)


def write_zoo(document: Document, format: str, file: TextIO, *, exact: bool = False) -> None:
    """A line a network."""
    if format == "ndjson":
        write_entries(document, "networks", file)
        return

    def table() -> Any:
        from .network_tables import zoo_table

        return zoo_table(document, exact=exact)

    fields = (*ZOO_FIELDS, *["convention"] * ("convention" in document))
    write_document(document, format, file, table, fields, lambda: iter(document["networks"]))
