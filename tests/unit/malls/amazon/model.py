"""Whether a body is what Amazon's own models say, unknown keys included.

The models are parts of Amazon's published ones (models/models.json names source and licence). Only
the words of JSON Schema that they use are known here; another one is an error of this file.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

MODELS = json.loads((Path(__file__).parent / "models" / "models.json").read_text("utf-8"))

TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
}
KNOWN = frozenset(
    "type $ref required properties additionalProperties items enum const minimum maximum minItems"
    " maxItems minLength minProperties oneOf format $schema".split()
)


def wrong(api: str, name: str, body: Any) -> list[str]:
    """What the model has against the body."""
    return list(_wrong(MODELS[api], MODELS[api][name], body, "$"))


def fits(api: str, name: str, body: Any) -> Any:
    """The body itself, if the model has nothing against it."""
    assert wrong(api, name, body) == []
    return body


def _wrong(
    models: Any, schema: Any, body: Any, at: str, *, is_closed: bool = True
) -> Iterator[str]:
    if schema is False:
        yield f"{at}: not allowed"
        return
    assert set(schema) <= KNOWN, set(schema) - KNOWN
    if "$ref" in schema:
        yield from _wrong(models, models[schema["$ref"].split("/")[-1]], body, at)
        return
    kind = schema.get("type")
    if kind is not None:
        is_bool = isinstance(body, bool) and kind != "boolean"
        if is_bool or not isinstance(body, TYPES[kind]):
            yield f"{at}: no {kind}"
            return
    if "enum" in schema and body not in schema["enum"]:
        yield f"{at}: not of the list"
    if "const" in schema and body != schema["const"]:
        yield f"{at}: not the constant"
    yield from _bounds(schema, body, at)
    if isinstance(body, list):
        for place, part in enumerate(body):
            yield from _wrong(models, schema.get("items", {}), part, f"{at}[{place}]")
    if isinstance(body, dict):
        yield from _object(models, schema, body, at, is_closed=is_closed)
    if "oneOf" in schema:
        met = [
            branch
            for branch in schema["oneOf"]
            if not list(_wrong(models, branch, body, at, is_closed=False))
        ]
        if len(met) != 1:
            yield f"{at}: meets {len(met)} of the alternatives"


def _bounds(schema: Any, body: Any, at: str) -> Iterator[str]:
    if isinstance(body, int | float) and not isinstance(body, bool):
        if body < schema.get("minimum", body) or body > schema.get("maximum", body):
            yield f"{at}: out of bounds"
    elif isinstance(body, list | str | dict):
        size = len(body)
        least = max(schema.get(word, 0) for word in ("minItems", "minLength", "minProperties"))
        if size < least or size > schema.get("maxItems", size):
            yield f"{at}: out of bounds"


def _object(models: Any, schema: Any, body: Any, at: str, *, is_closed: bool) -> Iterator[str]:
    properties = schema.get("properties", {})
    for name in schema.get("required", ()):
        if name not in body:
            yield f"{at}.{name}: missing"
    for name, part in body.items():
        if name in properties:
            yield from _wrong(models, properties[name], part, f"{at}.{name}")
        elif is_closed and properties and not schema.get("additionalProperties"):
            yield f"{at}.{name}: unknown"
