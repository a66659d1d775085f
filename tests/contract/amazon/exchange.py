"""Whether one HTTP exchange is what Amazon's models say: both what was asked and what came back.

The models speak of the API's operations: the token endpoint and the places where files lie are
none of them. A page of HTML is what the edge in front of the API says, and no model's business.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

from tests.contract.amazon.model import read, violations

APIS = ("orders", "ordersV0", "listings", "feeds", "reports", "sellers")
UNMODELLED = ("/auth/o2/token", "/tortuga/", "/spdoc/", "/_sandbox/")
"""Login with Amazon, the file store, and the sandbox's own door."""


class Exchange(NamedTuple):
    """One call and its answer as they went over the wire."""

    method: str
    url: str
    """Whole, as sent: parts of the path escaped."""
    body: bytes
    status: int
    media_type: str
    answer: bytes


class Operation(NamedTuple):
    """One operation of one API."""

    id: str
    method: str
    path: re.Pattern[str]
    query: Sequence[Mapping[str, Any]]
    body: Any
    answers: Mapping[str, str | None]
    definitions: Mapping[str, Any]


@cache
def operations() -> tuple[Operation, ...]:
    """All of them."""
    found = []
    for api in APIS:
        model = read(api)
        for raw in model["operations"]:
            pattern = re.compile(re.sub(r"\{\w+\}", "[^/]+", raw["path"]))
            found.append(
                Operation(
                    raw["id"],
                    raw["method"],
                    pattern,
                    raw["query"],
                    raw.get("body"),
                    raw["answers"],
                    model["definitions"],
                )
            )
    return tuple(found)


def flaws_of(exchange: Exchange) -> list[str]:
    """What the models have against the exchange; nothing when all is well."""
    parts = urlsplit(exchange.url)
    if parts.path.startswith(UNMODELLED):
        return []
    for operation in operations():
        if operation.method == exchange.method and operation.path.fullmatch(parts.path):
            pairs = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
            asked = (*_query(operation, pairs), *_body(operation, exchange.body))
            return [f"{operation.id}: {flaw}" for flaw in (*asked, *_answer(operation, exchange))]
    return [f"{exchange.method} {parts.path}: no such operation"]


def _query(operation: Operation, pairs: Sequence[tuple[str, str]]) -> Iterator[str]:
    known = {one["name"]: one for one in operation.query}
    given = dict(pairs)
    if len(given) < len(pairs):
        yield "a parameter is given twice"
    yield from (f"?{name}: unknown" for name in given if name not in known)
    for name, one in known.items():
        if name in given:
            value = _value(one["schema"], given[name])
            yield from violations(operation.definitions, one["schema"], value, f"?{name}")
        elif one["required"]:
            yield f"?{name}: missing"


def _value(schema: Any, text: str) -> Any:
    """A parameter's text as the value it stands for."""
    match schema["type"]:
        case "array":
            return [_value(schema["items"], part) for part in text.split(",")]
        case "integer" if text.lstrip("-").isdecimal():
            return int(text)
        case "boolean" if text in {"true", "false"}:
            return text == "true"
    return text


def _body(operation: Operation, body: bytes) -> Iterator[str]:
    if operation.body is None:
        if body:
            yield "a body where none is taken"
        return
    yield from violations(operation.definitions, operation.body, json.loads(body), "body")


def _answer(operation: Operation, exchange: Exchange) -> Iterator[str]:
    is_good = 200 <= exchange.status < 300
    if "json" not in exchange.media_type:
        if is_good:
            yield f"{exchange.status}: no JSON"
        return
    if str(exchange.status) in operation.answers:
        name = operation.answers[str(exchange.status)]
    elif is_good:
        yield f"{exchange.status}: no such answer"
        return
    else:
        name = "ErrorList"  # what the gateway says of itself: 401, 504
    try:
        answer = json.loads(exchange.answer)
    except ValueError:
        yield f"{exchange.status}: not well-formed"
        return
    if name is not None:
        schema = {"$ref": f"#/definitions/{name}"}
        yield from violations(operation.definitions, schema, answer, f"{exchange.status}")
