"""The JSON Schema, as jsonschema has it, but sooner: what a document cannot be is not looked at.

Every document is one of two dozen, each told by the fields it must have; jsonschema goes through all of them, all the
way down.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend

from convcost.report.documents import schema_text

SCHEMA = json.loads(schema_text())


def _named(name: str) -> Any:
    """What a reference names: all of ours name a part of the schema itself."""
    return SCHEMA["$defs"][name.removeprefix("#/$defs/")]


def _follow(validator: Any, name: str, instance: Any, _: Any) -> Iterator[ValidationError]:
    yield from validator.descend(instance, _named(name), resolver=validator._resolver)


def _is_possible(part: Any, instance: Any) -> bool:
    """Does it have the fields that this part must have?"""
    while "$ref" in part and len(part) == 1:
        part = _named(part["$ref"])
    if isinstance(instance, dict):
        return part.get("type", "object") != "array" and instance.keys() >= {*part.get("required", ())}
    return not isinstance(instance, list) or part.get("type") != "object"


def _any_of(validator: Any, parts: list[Any], instance: Any, schema: Any) -> Iterator[ValidationError]:
    possible = [part for part in parts if _is_possible(part, instance)]
    if len(possible) == 1:
        yield from validator.descend(instance, possible[0], resolver=validator._resolver)
    else:
        yield from Draft202012Validator.VALIDATORS["anyOf"](validator, possible or parts, instance, schema)


VALID = extend(Draft202012Validator, {"$ref": _follow, "anyOf": _any_of})(SCHEMA)
