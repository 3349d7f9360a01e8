"""The JSON Schema: real output follows it, and it is strict enough to notice what does not."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from report.report_cases import LINES, compared, contradicted, executed, not_executed, one_layer, written
from schema import SCHEMA, VALID
from tables import each

from convcost.answers.network import answer_network
from convcost.explain.document import explanation_document
from convcost.explain.lessons import IDENTITY
from convcost.networks.build import build_network
from convcost.networks.program import read_program
from convcost.report.documents import comparison_document, error_document
from convcost.report.networks import network_document
from convcost.spec import SpecError


def errors(document: object) -> list[str]:
    return [*_errors(json.dumps(document))]


@cache  # many tests start from one document
def _errors(text: str) -> tuple[str, ...]:
    return tuple([error.message for error in VALID.iter_errors(json.loads(text))])


def test_the_schema_is_one() -> None:
    """As the draft defines it."""
    Draft202012Validator.check_schema(SCHEMA)


def test_what_is_looked_at_is_all_that_jsonschema_would() -> None:
    """The tests' validator goes where a document can be right; the whole schema says the same."""
    plain = Draft202012Validator(SCHEMA)
    whole = json.loads(json.dumps(comparison_document(compared("64:128 @56 k3", names=["standard"]))))
    wrong = {name: json.loads(json.dumps(whole)) for name in CHANGES if name.startswith("unknown")}
    for name, document in wrong.items():
        CHANGES[name](document)
    documents = [whole, [whole], [whole, 1], {}, [], 1, *wrong.values()]
    assert [VALID.is_valid(one) for one in documents] == [plain.is_valid(one) for one in documents]
    assert [VALID.is_valid(one) for one in documents[:3]] == [True, True, False]


@each("line", LINES)
@each("format", ["json", "ndjson"])
def test_real_answers_follow_it(line: str, format: str) -> None:
    """Comparisons and layers, one or in an array."""
    for result in (compared(line), one_layer(line)):
        assert not errors(json.loads(written(format, result)))
    assert not errors(json.loads(written("json", compared(line), one_layer(line), batch=True)))


def test_every_kind_of_verification_follows_it() -> None:
    """Verified, reduced, mismatch, skipped with a reason."""
    for result in (
        executed("8:16 @9x7 k3 bias"),
        executed("8:16 @9x7 k3 t", limit=10),
        executed("64:128 @56 k3", limit=100_000),
        contradicted(),
        compared("8 @8 k3", verify=not_executed),
    ):
        assert not errors(comparison_document(result))


def test_blocks_with_norm_activation_and_shortcuts_follow_it() -> None:
    """Every kind of operation."""
    spec = compared("64:64 @56x48 k3 s2 bias").spec._replace(norm=True, activation="relu6", residual=True)
    from convcost.answers.comparison import compare_variants

    document = comparison_document(compare_variants(spec))
    assert {op["op"] for row in document["rows"] for op in row["ops"]} == {"conv", "add", "activation", "batch-norm"}
    assert not errors(document)


def test_errors_follow_it() -> None:
    """Alone and among answers."""
    error = error_document(SpecError("no such thing", "", "x", 0, 1), 1)
    assert not errors(error)
    assert not errors([error, comparison_document(compared("8 @8 k3"))])


def _set(*path: str | int, to: object) -> Callable[[dict[str, Any]], None]:
    def change(document: dict[str, Any]) -> None:
        place: Any = document
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = to

    return change


CHANGES = {
    "unknown field": _set("extra", to=1),
    "unknown field in spec": _set("spec", "extra", to=1),
    "unknown field in a row": _set("rows", 0, "extra", to=1),
    "unknown field in an operation": _set("rows", 0, "ops", 0, "extra", to=1),
    "fraction": _set("rows", 0, "macs", to=0.5),
    "negative": _set("rows", 0, "params", to=-1),
    "missing word": _set("rows", 0, "macs", to=None),
    "unknown role": _set("rows", 0, "role", to="layer"),
    "unknown status": _set("rows", 0, "verified", "status", to="fine"),
    "verified without checks": _set("rows", 0, "verified", "status", to="verified"),
    "other version": _set("schema", to="convcost/1"),
    "applies with a reason": _set("rows", 0, "reason", to="because"),
    "does not apply, but has words": _set("rows", 0, "applicable", to=False),
    "unknown kind": _set("rows", 0, "ops", 0, "op", to="linear"),
    "ratio of nothing": _set("rows", 0, "relative", "flops", to=1.0),
    "text for a size": _set("spec", "groups", to="1"),
    "text for the groups of a variant": _set("rows", 0, "settings", "groups", to="8"),
    "a list among the settings": _set("rows", 0, "settings", "taps", to=[3]),
}


@each("change", CHANGES.values(), ids=CHANGES)
def test_what_is_no_answer_does_not_follow_it(change: Callable[[dict[str, Any]], None]) -> None:
    """Each of these is one change away from an answer."""
    document = json.loads(json.dumps(comparison_document(compared("64:128 @56 k3"))))
    assert not errors(document)
    change(document)
    assert errors(document)


RESIDUAL = {
    "an error of a network in words": _set("explanations", 0, "degradation", "imagenet_errors", 0, "plain", to="28 %"),
    "an unknown field beside an error": _set("explanations", 0, "degradation", "imagenet_errors", 0, "top", to=1),
    "a benefit without words": _set("explanations", 0, "benefits", 0, "why", to=None),
    "a cost in words": _set("explanations", 0, "costs", 0, "macs", to="none"),
    "an unknown field beside a cost": _set("explanations", 0, "costs", 0, "seconds", to=1),
}


@pytest.mark.parametrize("change", RESIDUAL.values(), ids=RESIDUAL)
def test_what_is_no_explanation_does_not_follow_it(change: Callable[[dict[str, Any]], None]) -> None:
    """Of the residual connection: what its papers found, what it does, what it costs."""
    document = json.loads(json.dumps(explanation_document(["residual"], IDENTITY)))
    assert not errors(document)
    change(document)
    assert errors(document)


@each("padding", [[1, 1], [[1, 1], [1]], [["1", "1"]], [[0, 1, 2]], "same"])
def test_the_padding_of_an_operation_of_a_network_is_pairs(padding: object) -> None:
    """One an axis, of whole numbers."""
    network = build_network(read_program("input 3 @9x8\nstandard 8 k3 s2\nrelu"))
    document = json.loads(json.dumps(network_document(answer_network(network))))
    assert not errors(document)
    _set("layers", 0, "padding", to=padding)(document)
    assert errors(document)


def test_fields_that_are_missing_are_noticed() -> None:
    """Any of a row's or a spec's."""
    whole = json.loads(json.dumps(comparison_document(compared("64:128 @56 k3", names=["standard"]))))
    for place in ("spec", "rows"):
        part = whole[place] if place == "spec" else whole[place][0]
        for field in list(part):
            kept = part.pop(field)
            assert errors(whole), field
            part[field] = kept


LISTS: dict[str, dict[str, Any]] = {
    "networks": {"name": "a", "source": "b", "input": [1, 3, 9, 9], "params": 1, "macs": 0},
    "variants": {"name": "a", "role": "replacement", "summary": "b", "shown": ["2d"]},
    "topics": {"name": "a", "summary": "b", "aliases": ["c"]},
}


@pytest.mark.parametrize("key", LISTS)
def test_entries_of_lists_are_whole_and_have_nothing_else(key: str) -> None:
    """In the document, and alone on a line, where each says its version."""
    entry = LISTS[key]
    assert not errors({"schema": "convcost/2", key: [entry]})
    assert not errors({"schema": "convcost/2", **entry})
    assert errors(entry)
    for wrong in (
        {**entry, "extra": 1},
        {**entry, "name": 1},
        *[{k: entry[k] for k in entry if k != f} for f in entry],
    ):
        assert errors({"schema": "convcost/2", key: [wrong]}), wrong
        assert errors({"schema": "convcost/2", **wrong}), wrong
