"""Every kind of answer as a document, as a table and as rows, for scripts and notebooks: one table of kinds."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ..spec.records import NamedTuple
from .columns import read
from .documents import Document
from .model import Table


class View(NamedTuple):
    """What an answer says: its document, the table of it, and rows of which a data frame has the `fields`."""

    document: Document
    table: Callable[[], Table]
    fields: tuple[str, ...]
    rows: Callable[[], Iterable[Document]]


def view_of(answer: Any) -> View:
    """The view of an answer, by the name of its record.

    >>> from convcost.answers.network import answer_network
    >>> from convcost.answers.opening import find_network
    >>> found = view_of(answer_network(find_network("resnet18").network))
    >>> found.document["total"]["params"], found.fields[:3]
    (11689512, ('level', 'name', 'op'))
    """
    return next(VIEWS[kind.__name__] for kind in type(answer).__mro__ if kind.__name__ in VIEWS)(answer)


def records(answer: Any) -> list[Document]:
    """Its rows, flat: what a data frame is made of, numbers as numbers."""
    found = view_of(answer)
    return [{field: read(row, field) for field in found.fields} for row in found.rows()]


def _comparison(answer: Any) -> View:
    from .columns import FIELDS
    from .documents import comparison_document
    from .tables import tabulate
    from .writers import Options

    document = comparison_document(answer)
    return View(document, lambda: tabulate(answer, Options()), FIELDS, lambda: document["rows"])


def _layer(answer: Any) -> View:
    from .columns import FIELDS
    from .documents import layer_document
    from .tables import tabulate
    from .writers import Options

    document = layer_document(*answer[:2])
    return View(document, lambda: tabulate([answer], Options()), FIELDS, lambda: [document])


def _network(answer: Any) -> View:
    from .network_tables import network_table
    from .networks import NETWORK_FIELDS, network_document, network_rows

    document = network_document(answer)
    return View(document, lambda: network_table(document), NETWORK_FIELDS, lambda: network_rows(document, True))


def _swap(answer: Any) -> View:
    from .network_tables import swap_table
    from .networks import SWAP_FIELDS, swap_document

    document = swap_document(answer.before, answer.after, answer.swapped, answer.to, answer.where)

    def rows() -> list[Document]:
        return [{"network": when, **document[when]} for when in ("before", "after")]

    return View(document, lambda: swap_table(document), SWAP_FIELDS, rows)


def _zoo(answer: Any) -> View:
    from .network_tables import zoo_table
    from .networks import ZOO_FIELDS, zoo_document

    document = zoo_document(answer.networks)
    return View(document, lambda: zoo_table(document), ZOO_FIELDS, lambda: document["networks"])


def _reconciliation(answer: Any) -> View:
    from .reconciliation import FIELDS, FIGURE_FIELDS, figure_rows, reconciliation_document, reconciliation_table

    document = reconciliation_document(answer)
    table, rows = lambda: reconciliation_table(answer), lambda: document["conventions"]
    if answer.figures:
        return View(document, table, FIGURE_FIELDS, lambda: figure_rows(document))
    return View(document, table, FIELDS, rows)


def _evidence(answer: Any) -> View:
    from .evidence import FIELDS, evidence_document, evidence_rows, summary_table

    def rows() -> list[Document]:
        return [{**row, "seconds": float(row["seconds"])} for row in evidence_rows(answer.rows)]

    document = evidence_document(answer.spec, answer.rows)
    return View(document, lambda: summary_table(answer.spec, answer.rows), FIELDS, rows)


def _fit(answer: Any) -> View:
    from .fits import FIT_FIELDS, fit_document, fit_table, levels

    document = fit_document(answer)
    return View(document, lambda: fit_table(answer, document), FIT_FIELDS, lambda: levels(document, "best", "beyond"))


def _sweep(answer: Any) -> View:
    from .fits import levels
    from .sweeps import SWEEP_FIELDS, sweep_document, sweep_table

    document = sweep_document(answer)
    return View(
        document, lambda: sweep_table(document), SWEEP_FIELDS, lambda: levels(document, "counts", "best", "front")
    )


def _separation(answer: Any) -> View:
    from .separation import FIELDS, separation_document, separation_lines
    from .separation_tables import separation_table

    document = separation_document(answer)
    return View(document, lambda: separation_table(answer), FIELDS, lambda: separation_lines(answer, document))


def _timed(answer: Any) -> View:
    from .timing import FIELDS, timed_document, timed_rows, timed_table

    return View(timed_document(answer), lambda: timed_table(answer), FIELDS, lambda: timed_rows(answer))


def _budget(answer: Any) -> View:
    from .gate import BUDGET_FIELDS, budget_document, budget_rows, budget_table

    return View(budget_document(answer), lambda: budget_table(answer), BUDGET_FIELDS, lambda: budget_rows(answer))


def _difference(answer: Any) -> View:
    from .gate import DIFF_FIELDS, diff_document, diff_rows, diff_table

    document = diff_document(answer)
    return View(document, lambda: diff_table(answer), DIFF_FIELDS, lambda: diff_rows(document))


#: How each kind of record is seen.
VIEWS: dict[str, Callable[[Any], View]] = {
    "Comparison": _comparison, "Layer": _layer, "NetworkAnswer": _network, "SwapAnswer": _swap, "Zoo": _zoo,
    "Reconciliation": _reconciliation, "Evidence": _evidence, "Fit": _fit, "Sweep": _sweep, "BudgetAnswer": _budget,
    "Separation": _separation, "Timed": _timed,
    "Difference": _difference,
}  # fmt: skip
