"""The shapes of Rakuten's answers: errors A, B and C of its contract, and JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from starlette.responses import Response

ORDER_MEDIA_TYPE = "application/json;charset=UTF-8"


@dataclass(frozen=True, slots=True)
class WireError:
    """One entry of shape A; `path` points into the request."""

    code: str
    message: str
    path: str | None = None

    def entry(self) -> dict[str, object]:
        """Return it as it goes over the wire."""
        entry: dict[str, object] = {"code": self.code, "message": self.message}
        if self.path is not None:
            entry["metadata"] = {"propertyPath": self.path}
        return entry


def json_reply(body: object, status: int = 200, media_type: str = "application/json") -> Response:
    """Answer with a body."""
    return Response(msgspec.json.encode(body), status, media_type=media_type)


def errors(status: int, *found: WireError) -> Response:
    """Answer in shape A: item and inventory APIs and the present gateway."""
    return json_reply({"errors": [error.entry() for error in found]}, status)


def results(status: int, code: str, message: str) -> Response:
    """Answer in shape C: the older gateway."""
    return json_reply({"Results": {"errorCode": code, "message": message}}, status)


def html(status: int, title: str) -> Response:
    """Answer as something in front of the API does."""
    page = f"<html><head><title>{status} {title}</title></head><body>{title}</body></html>"
    return Response(page, status, media_type="text/html")


def order_message(kind: str, code: str, message: str) -> dict[str, object]:
    """Return one entry of an order API's `MessageModelList` (shape B)."""
    return {"messageType": kind, "messageCode": code, "message": message}


def order_reply(body: dict[str, object], status: int = 200) -> Response:
    """Answer as the order API does."""
    return json_reply(body, status, ORDER_MEDIA_TYPE)


def decoded(body: bytes) -> object:
    """Return the JSON value, or None when there is none (a null counts as none)."""
    try:
        value: object = msgspec.json.decode(body)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
    return value


def is_integer(value: object) -> bool:
    """Tell whether a JSON value is a whole number; true and false are not."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_integers(value: object) -> bool:
    """Tell whether a JSON value is a list of whole numbers."""
    return isinstance(value, Sequence) and all(is_integer(part) for part in value)
