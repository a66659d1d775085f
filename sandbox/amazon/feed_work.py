"""What is done with the messages of a JSON_LISTINGS_FEED, and the report about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import msgspec

from sandbox.amazon.answers import Problem
from sandbox.amazon.going_live import GoingLive
from sandbox.amazon.knobs import Knobs
from sandbox.amazon.submission import Submission, read_attributes, read_patches
from sandbox.shelf import Wish
from sandbox.shop import Shop

LISTINGS_FEED = "JSON_LISTINGS_FEED"
MESSAGES_MAX = 25_000
MESSAGE_ID_MAX = 2_147_483_647
OPERATIONS = ("UPDATE", "PARTIAL_UPDATE", "PATCH", "DELETE")

Issue = dict[str, object]


@dataclass(frozen=True, slots=True)
class Done:
    """How a feed ended, and its processing report."""

    outcome: str
    report: Mapping[str, object]


class FeedWork:
    """Reads messages and passes the good ones on."""

    def __init__(
        self, shop: Shop, seller_id: str, live: GoingLive, knobs: Callable[[], Knobs]
    ) -> None:
        self._shop = shop
        self._seller_id = seller_id
        self._live = live
        self._knobs = knobs

    def process(
        self, feed_id: str, body: bytes | None, refused: int | None, outcome: str, moment: float
    ) -> Done:
        """Work a feed off; `refused` is the place of the message that is refused in any case."""
        messages = self._read(body)
        if isinstance(messages, str):
            issues: list[Issue] = [_issue(messages)]
            return Done("FATAL", self._report(feed_id, issues, taken=0, invalid=0))
        issues = []
        taken = invalid = 0
        seen: set[int] = set()
        for place, message in enumerate(messages):
            # A feed that breaks off has done some, none or all of its work.
            if outcome == "FATAL" or (outcome == "HALF" and place % 2):
                continue
            found = self._take(message, seen, moment, is_refused=place == refused)
            issues += found
            taken, invalid = taken + (not found), invalid + bool(found)
        if outcome != "DONE":
            issues = [_issue("The feed could not be processed to its end.")]
            outcome = "FATAL"
        return Done(outcome, self._report(feed_id, issues, taken, invalid))

    def _read(self, body: bytes | None) -> list[object] | str:
        document = _document(body or b"")
        if document is None:
            return "The feed is not valid JSON."
        header, messages = document.get("header"), document.get("messages")
        if not isinstance(header, dict) or not isinstance(messages, list):
            return "The feed needs a header and messages."
        if header.get("sellerId") != self._seller_id or header.get("version") != "2.0":
            return "The header's sellerId or version is invalid."
        if len(messages) > MESSAGES_MAX:
            return "The feed messages list is beyond the allowed size."
        return messages

    def _take(
        self, message: object, seen: set[int], moment: float, *, is_refused: bool
    ) -> list[Issue]:
        """Take one message; returns what is wrong with it."""
        if not isinstance(message, dict):
            return [_issue("A message must be an object.")]
        number, sku = message.get("messageId"), message.get("sku")
        if not isinstance(number, int) or isinstance(number, bool):
            return [_issue("messageId is required.")]
        if not 1 <= number <= MESSAGE_ID_MAX:
            return [_issue(f"messageId must lie in 1..{MESSAGE_ID_MAX}.")]
        if number in seen:
            return [_issue("The messageId is not unique.", number)]
        seen.add(number)
        if not isinstance(sku, str) or not sku:
            return [_issue("sku is required.", number)]
        operation = message.get("operationType")
        if operation not in OPERATIONS:
            return [_issue("The operationType is invalid.", number, sku)]
        if operation == "DELETE":
            return self._delete(number, sku)
        read = self._submission(operation, message)
        if isinstance(read, Problem):
            return [_issue(read.message, number, sku)]
        texts = [str(issue["message"]) for issue in read.issues]
        if is_refused:
            texts.append("The attributes are invalid.")
        if not texts:
            self._live.accept(sku, read.changes, moment)
        return [_issue(text, number, sku) for text in texts]

    def _delete(self, number: int, sku: str) -> list[Issue]:
        row = self._shop.shelf.named(sku)
        if row is not None and row.key[1]:
            return [_issue("The sandbox cannot delete one variation.", number, sku)]
        if row is not None and row.item is not None:
            self._shop.shelf.put(Wish(sku, gone=True))
        return []

    def _submission(self, operation: str, message: dict[str, object]) -> Submission | Problem:
        if operation == "PATCH":
            if "attributes" in message or "requirements" in message:
                return Problem("PATCH takes patches only.")
            return read_patches(message, needs_quantity=self._knobs().merge_needs_quantity)
        if "patches" in message:
            return Problem(f"{operation} takes no patches.")
        return read_attributes(message, whole=operation == "UPDATE")

    def _report(
        self, feed_id: str, issues: list[Issue], taken: int, invalid: int
    ) -> Mapping[str, object]:
        return {
            "header": {"sellerId": self._seller_id, "version": "2.0", "feedId": feed_id},
            "issues": issues,
            "summary": {
                "errors": len(issues),
                "warnings": 0,
                "messagesProcessed": taken + invalid,
                "messagesAccepted": taken,
                "messagesInvalid": invalid,
            },
        }


def skus_of(body: bytes) -> list[str]:
    """Return the SKUs of a feed's messages in order, as far as it can be read."""
    messages = (_document(body) or {}).get("messages")
    if not isinstance(messages, list):
        return []
    return [str(message.get("sku")) if isinstance(message, dict) else "" for message in messages]


def _document(body: bytes) -> dict[str, object] | None:
    try:
        value: object = msgspec.json.decode(body)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _issue(message: str, number: int | None = None, sku: str = "") -> Issue:
    issue: Issue = {"code": "90000900", "severity": "ERROR", "message": message}
    if number is not None:
        issue["messageId"] = number
    if sku:
        issue |= {"sku": sku, "attributeName": "fulfillment_availability"}
    return issue
