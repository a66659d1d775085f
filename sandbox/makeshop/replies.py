"""What a call is answered: data, GraphQL errors, or a web page.

Only the codes FORBIDDEN and GRAPHQL_VALIDATION_FAILED and the status 422 were ever seen; the other
codes and texts are choices of this sandbox (?). Contract: section 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from starlette.responses import Response

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class GraphError:
    """One entry of `errors`."""

    message: str
    code: str = "GRAPHQL_VALIDATION_FAILED"
    path: Sequence[str | int] = ()
    status: int = 422

    def entry(self) -> dict[str, object]:
        """As it goes over the wire."""
        entry: dict[str, object] = {"message": self.message}
        if self.path:
            entry["path"] = list(self.path)
        return {**entry, "extensions": {"code": self.code}}


UNAUTHENTICATED = GraphError("認証に失敗しました。", "UNAUTHENTICATED", status=401)  # (?)
EXPIRED_TOKEN = GraphError("token is expired", "UNAUTHENTICATED", status=401)  # (?)
BAD_TIMESTAMP = GraphError("x-timestamp is invalid", "UNAUTHENTICATED", status=401)  # (?)
FORBIDDEN = GraphError("forbidden", "FORBIDDEN", status=403)
MAINTENANCE = GraphError("メンテナンス中です。", "SERVICE_UNAVAILABLE", status=503)  # (?)
TOO_MANY_CALLS = GraphError("too many requests", "TOO_MANY_REQUESTS", status=429)  # (?)
SYSTEM_ERROR = GraphError("internal system error", "INTERNAL_SERVER_ERROR", status=500)  # (?)
TOO_LARGE = GraphError("request body is too large", "BAD_REQUEST", status=413)  # (?)
WHOLE_REFUSED = GraphError("更新に失敗しました。", "INTERNAL_SERVER_ERROR", status=200)  # (?)


def bad_request(message: str) -> GraphError:
    """A body that is no GraphQL request."""
    return GraphError(message, "BAD_REQUEST", status=400)


def bad_input(message: str, name: str) -> GraphError:
    """An input of the right type with a value that cannot be (?)."""
    return GraphError(message, "BAD_USER_INPUT", ("variable", "input", name), status=200)


def done(data: object) -> Response:
    """A call that was done."""
    return Response(msgspec.json.encode({"data": data}), media_type=JSON)


def failed(error: GraphError, status: int | None = None) -> Response:
    """A call that was refused."""
    body = msgspec.json.encode({"errors": [error.entry()], "data": None})
    return Response(body, error.status if status is None else status, media_type=JSON)


def web_page(status: int, title: str) -> Response:
    """What a machine in front of the API says."""
    page = f"<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>"
    return Response(page.encode(), status, media_type="text/html; charset=UTF-8")
