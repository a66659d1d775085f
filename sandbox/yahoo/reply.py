"""What a call of the store API is answered: a body with its status, or a refusal by shape.

`Reply` is a value without HTTP machinery; the mall turns it into a response and dresses it.
Contract: section 3.1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sandbox.yahoo.markup import detailed_error, gateway_error, stock_error

XML = "application/xml"
TEXT_XML = "text/xml"
HTML = "text/html; charset=UTF-8"


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer."""

    body: str
    status: int = 200
    media_type: str = XML
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RequestError:
    """A call that is refused for what it says."""

    status: int
    code: str
    message: str


def refused(error: RequestError) -> Reply:
    """The error in the shape of its family: gateway, stock, or the other applications."""
    if error.code.startswith("px-"):
        return gateway_refusal(error.status, error.code, error.message)
    if error.code.startswith("st-"):
        return Reply(stock_error(error.message, error.code), error.status, TEXT_XML)
    return Reply(detailed_error(error.message, error.code), error.status)


def gateway_refusal(status: int, code: str, message: str) -> Reply:
    """Shape (d)."""
    return Reply(gateway_error(message, code), status)


def bearer_refusal(status: int, error: str, description: str) -> Reply:
    """Shapes (a) and (b): the header says why, the body has no code."""
    challenge = f'Bearer realm="yahooapis.jp", error="{error}", error_description="{description}"'
    message = f"Please provide valid credentials. {challenge}"
    return Reply(gateway_error(message), status, headers={"WWW-Authenticate": challenge})


def no_credentials() -> Reply:
    """Shape (c): nothing that looks like a token was sent."""
    return Reply("Service Requires Authentication", 401, "text/plain")


def forbidden() -> Reply:
    """Shape (g): over quota."""
    return Reply(gateway_error("Your Request was Forbidden"), 403)


def web_page(status: int, title: str) -> Reply:
    """What a proxy in front of the API says."""
    return Reply(
        f"<html><head><title>{title}</title></head><body>{title}</body></html>", status, HTML
    )
