"""The shapes of this mall's answers: JSON, error lists, the 403 texts, and pages of the edge.

Contract: section 1.6. Document storage (uploads and downloads) answers in XML, as its owner does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec
from starlette.datastructures import QueryParams
from starlette.responses import Response

MARKETPLACE_ID = "A1VC38T7YXB528"
DENIED = "Access to requested resource is denied."
TOKEN_EXPIRED = "The access token you provided has expired."  # noqa: S105 - a sentence
TOKEN_REVOKED = "The access token you provided is revoked, malformed or invalid."  # noqa: S105
TOKEN_MISSING = "Access token is missing in the request header."  # noqa: S105
SECRET_EXPIRED = "The LWA secret token you provided has expired."  # noqa: S105
INCIDENT = "The security token included in the request is expired"
NO_SUCH_DOCUMENT = ("NoSuchKey", "The specified key does not exist.")


@dataclass(frozen=True, slots=True)
class Problem:
    """A request that the API refuses, before it is turned into an answer."""

    message: str
    status: int = 400
    code: str = "InvalidInput"

    def reply(self) -> Response:
        """Return it as it goes over the wire."""
        return refused(self.status, self.code, self.message)


def json_reply(body: object, status: int = 200) -> Response:
    """Answer with a body."""
    return Response(msgspec.json.encode(body), status, media_type="application/json")


def refused(status: int, code: str, message: str, details: str = "") -> Response:
    """Answer with one error."""
    error = {"code": code, "message": message, "details": details}
    return json_reply({"errors": [error]}, status)


def denied(details: str = "") -> Response:
    """Answer 403; only the details tell one reason from another, and not always."""
    return refused(403, "Unauthorized", DENIED, details)


def over_quota(form: str = "QuotaExceeded") -> Response:
    """Answer 429, without a Retry-After as the real one."""
    message = "You exceeded your quota for the requested resource."
    if form == "application":
        message = "The request frequency was greater than is allowed for the application."
    response = refused(429, "QuotaExceeded", message)
    response.headers["X-Amzn-Errortype"] = "TooManyRequestsException"
    return response


def page(status: int, title: str) -> Response:
    """Answer as the edge in front of the API does."""
    text = f"<html><head><title>{status} {title}</title></head><body>{title}</body></html>"
    return Response(text, status, media_type="text/html")


def storage_refused(status: int, code: str, message: str) -> Response:
    """Answer as the document storage does."""
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    )
    return Response(text.encode(), status, media_type="application/xml")


def decoded(body: bytes) -> dict[str, object] | Problem:
    """Return the JSON object of a request."""
    try:
        value: object = msgspec.json.decode(body)
    except (msgspec.DecodeError, ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        return Problem("Request has missing or invalid parameters and cannot be parsed.")
    return value


def csv(query: QueryParams, name: str) -> list[str]:
    """Return the values of an array parameter: commas, repetition, or both."""
    return [part for text in query.getlist(name) for part in text.split(",") if part]


def chosen(query: QueryParams, name: str, known: Sequence[str]) -> list[str] | Problem:
    """Return the values of an array parameter that takes only known ones."""
    values = csv(query, name)
    if wrong := [value for value in values if value not in known]:
        return Problem(f"{name} has an invalid value: {wrong[0]}.")
    return values


def bounded(query: QueryParams, name: str, default: int, high: int) -> int | Problem:
    """Return a whole number from 1 up."""
    text = query.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 6 and 1 <= int(text) <= high):
        return Problem(f"{name} must lie in 1..{high}.")
    return int(text)


def wrong_marketplace(values: Sequence[str], name: str) -> Problem | None:
    """Refuse what does not name Amazon.co.jp."""
    if MARKETPLACE_ID in values:
        return None
    if not values:
        return Problem(f"Missing required parameter: {name}.")
    return Problem(f"{name} has an invalid value: {values[0]}.")


def yen(amount: int) -> Mapping[str, str]:
    """Return a sum as the listings and the newer orders API write it."""
    return {"amount": str(amount), "currencyCode": "JPY"}
