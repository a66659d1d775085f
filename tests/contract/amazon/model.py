"""Whether a body is what Amazon's own models say. Strict: what a model does not name is a mistake.

Only the words of JSON Schema that the models use are known here; another one is an error of this
file. `models/README.md` names their source and licence. The connector's unit tests, the sandbox's
tests and the contract suite all ask here.
"""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

Schema = Any
Model = tuple[str, str]
"""An API's file and a definition in it: what a body claims to be."""

SEARCH_ORDERS = ("orders", "SearchOrdersResponse")
GET_ORDER = ("orders", "GetOrderResponse")
ERRORS = ("orders", "ErrorList")
V0_ORDERS = ("ordersV0", "GetOrdersResponse")
V0_ORDER = ("ordersV0", "GetOrderResponse")
V0_ITEMS = ("ordersV0", "GetOrderItemsResponse")
ITEM = ("listings", "Item")
ITEMS = ("listings", "ItemSearchResults")
SUBMISSION = ("listings", "ListingsItemSubmissionResponse")
NEW_FEED_DOCUMENT = ("feeds", "CreateFeedDocumentResponse")
NEW_FEED = ("feeds", "CreateFeedResponse")
FEED = ("feeds", "Feed")
FEEDS = ("feeds", "GetFeedsResponse")
FEED_DOCUMENT = ("feeds", "FeedDocument")
PROCESSING_REPORT = ("report", "Report")
NEW_REPORT = ("reports", "CreateReportResponse")
REPORT = ("reports", "Report")
REPORT_DOCUMENT = ("reports", "ReportDocument")
PARTICIPATIONS = ("sellers", "GetMarketplaceParticipationsResponse")

TYPES: Mapping[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
}
KNOWN = frozenset(
    "$ref additionalProperties const enum format items maxItems maximum minItems minLength"
    " minProperties minimum oneOf pattern properties required type".split()
)


@cache
def read(api: str) -> Mapping[str, Any]:
    """One API's operations and definitions."""
    path = Path(__file__).parent / "models" / f"{api}.json"
    model: Mapping[str, Any] = json.loads(path.read_text("utf-8"))
    return model


def wrong(api: str, name: str, body: Any) -> list[str]:
    """What the model has against the body, with its place; nothing when all is well."""
    definitions = read(api)["definitions"]
    return list(violations(definitions, definitions[name], body, "$"))


def flaws(body: Any, model: Model) -> list[str]:
    """The same for a model's name in one piece."""
    return wrong(*model, body)


def fits(api: str, name: str, body: Any) -> Any:
    """The body itself, if the model has nothing against it."""
    assert wrong(api, name, body) == []
    return body


def violations(
    definitions: Mapping[str, Schema],
    schema: Schema,
    body: Any,
    at: str,
    *,
    is_closed: bool = True,
) -> Iterator[str]:
    """What a schema has against a body."""
    if schema is False:
        yield f"{at}: not allowed"
        return
    assert set(schema) <= KNOWN, f"{at}: the checker does not know {set(schema) - KNOWN}"
    if "$ref" in schema:
        yield from violations(definitions, definitions[schema["$ref"].split("/")[-1]], body, at)
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
    if isinstance(body, str):
        yield from _text(schema, body, at)
    if isinstance(body, list):
        for place, part in enumerate(body):
            yield from violations(definitions, schema.get("items", {}), part, f"{at}[{place}]")
    if isinstance(body, dict):
        yield from _object(definitions, schema, body, at, is_closed=is_closed)
    if "oneOf" in schema:
        yield from _alternatives(definitions, schema["oneOf"], body, at)


def _alternatives(
    definitions: Mapping[str, Schema], branches: list[Schema], body: Any, at: str
) -> Iterator[str]:
    met = [
        branch
        for branch in branches
        if not list(violations(definitions, branch, body, at, is_closed=False))
    ]
    if len(met) != 1:
        yield f"{at}: meets {len(met)} of the alternatives"


def _bounds(schema: Schema, body: Any, at: str) -> Iterator[str]:
    if isinstance(body, int | float) and not isinstance(body, bool):
        if body < schema.get("minimum", body) or body > schema.get("maximum", body):
            yield f"{at}: out of bounds"
    elif isinstance(body, list | str | dict):
        size = len(body)
        least = max(schema.get(word, 0) for word in ("minItems", "minLength", "minProperties"))
        if size < least or size > schema.get("maxItems", size):
            yield f"{at}: out of bounds"


def _text(schema: Schema, body: str, at: str) -> Iterator[str]:
    if "pattern" in schema and not re.search(schema["pattern"], body):
        yield f"{at}: not of the pattern"
    if schema.get("format") == "date-time":
        try:
            is_zoned = datetime.fromisoformat(body).tzinfo is not None
        except ValueError:
            is_zoned = False
        if not is_zoned:
            yield f"{at}: no date-time"


def _object(
    definitions: Mapping[str, Schema], schema: Schema, body: Any, at: str, *, is_closed: bool
) -> Iterator[str]:
    properties = schema.get("properties", {})
    for name in schema.get("required", ()):
        if name not in body:
            yield f"{at}.{name}: missing"
    for name, part in body.items():
        if name in properties:
            yield from violations(definitions, properties[name], part, f"{at}.{name}")
        elif is_closed and properties and not schema.get("additionalProperties"):
            yield f"{at}.{name}: unknown"
