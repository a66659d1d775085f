"""Checks an answer against the parts of Amazon's official models in `amazon_models/`.

Strict: what a model does not name is a misspelling, unless the model says that anything may come.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

Schema = Mapping[str, Any]

# Model file and definition: what an answer claims to be.
SEARCH_ORDERS = ("orders_2026-01-01", "SearchOrdersResponse")
GET_ORDER = ("orders_2026-01-01", "GetOrderResponse")
ERRORS = ("orders_2026-01-01", "ErrorList")
V0_ORDERS = ("ordersV0", "GetOrdersResponse")
V0_ORDER = ("ordersV0", "GetOrderResponse")
V0_ITEMS = ("ordersV0", "GetOrderItemsResponse")
ITEM = ("listingsItems_2021-08-01", "Item")
ITEMS = ("listingsItems_2021-08-01", "ItemSearchResults")
SUBMISSION = ("listingsItems_2021-08-01", "ListingsItemSubmissionResponse")
NEW_FEED_DOCUMENT = ("feeds_2021-06-30", "CreateFeedDocumentResponse")
NEW_FEED = ("feeds_2021-06-30", "CreateFeedResponse")
FEED = ("feeds_2021-06-30", "Feed")
FEEDS = ("feeds_2021-06-30", "GetFeedsResponse")
FEED_DOCUMENT = ("feeds_2021-06-30", "FeedDocument")
PROCESSING_REPORT = ("listings-feed-processing-report-schema-v2", "ProcessingReport")
NEW_REPORT = ("reports_2021-06-30", "CreateReportResponse")
REPORT = ("reports_2021-06-30", "Report")
REPORT_DOCUMENT = ("reports_2021-06-30", "ReportDocument")
PARTICIPATIONS = ("sellers", "GetMarketplaceParticipationsResponse")

_TYPES: Mapping[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
}
_KNOWN = {
    "$ref", "additionalProperties", "const", "enum", "format", "items", "minItems", "minLength",
    "minProperties", "minimum", "pattern", "properties", "required", "type",
}  # fmt: skip


def flaws(value: object, model: tuple[str, str]) -> list[str]:
    """Return what the model does not allow, with its place; nothing when all is well."""
    name, definition = model
    definitions = _definitions(name)
    return list(_flaws(value, definitions[definition], definitions, definition))


@cache
def _definitions(name: str) -> Mapping[str, Schema]:
    path = Path(__file__).parent / "amazon_models" / f"{name}.json"
    definitions: Mapping[str, Schema] = json.loads(path.read_text("utf-8"))["definitions"]
    return definitions


def _flaws(
    value: object, schema: Schema, definitions: Mapping[str, Schema], place: str
) -> Iterator[str]:
    assert set(schema) <= _KNOWN, f"{place}: the checker does not know {set(schema) - _KNOWN}"
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        yield from _flaws(value, definitions[name], definitions, place)
        return
    wanted = _TYPES[schema["type"]] if "type" in schema else (object,)
    if not isinstance(value, wanted) or (isinstance(value, bool) and bool not in wanted):
        yield f"{place}: {value!r} is no {schema['type']}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{place}: {value!r} is not one of {schema['enum']}"
    if "const" in schema and value != schema["const"]:
        yield f"{place}: {value!r} is not {schema['const']!r}"
    if isinstance(value, str):
        yield from _text_flaws(value, schema, place)
    elif isinstance(value, (int, float)):
        if value < schema.get("minimum", value):
            yield f"{place}: {value} is too small"
    elif isinstance(value, list):
        if len(value) < schema.get("minItems", 0):
            yield f"{place}: too few"
        for index, part in enumerate(value):
            yield from _flaws(part, schema.get("items", {}), definitions, f"{place}[{index}]")
    elif isinstance(value, dict):
        yield from _object_flaws(value, schema, definitions, place)


def _text_flaws(value: str, schema: Schema, place: str) -> Iterator[str]:
    if len(value) < schema.get("minLength", 0):
        yield f"{place}: {value!r} is too short"
    if "pattern" in schema and not re.search(schema["pattern"], value):
        yield f"{place}: {value!r} does not match {schema['pattern']}"
    if schema.get("format") == "date-time":
        try:
            is_zoned = datetime.fromisoformat(value).tzinfo is not None
        except ValueError:
            is_zoned = False
        if not is_zoned:
            yield f"{place}: {value!r} is no date-time"


def _object_flaws(
    value: Mapping[str, object],
    schema: Schema,
    definitions: Mapping[str, Schema],
    place: str,
) -> Iterator[str]:
    for name in schema.get("required", ()):
        if name not in value:
            yield f"{place}: {name} is missing"
    properties = schema.get("properties", {})
    if len(value) < schema.get("minProperties", 0):
        yield f"{place}: is empty"
    for name, part in value.items():
        if name in properties:
            yield from _flaws(part, properties[name], definitions, f"{place}.{name}")
        elif properties and "additionalProperties" not in schema:
            yield f"{place}: {name} is not in the model"
