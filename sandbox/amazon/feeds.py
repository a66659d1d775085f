"""Feeds API 2021-06-30 with JSON_LISTINGS_FEED. Contract: section 6.

    IN_QUEUE -> IN_PROGRESS -> DONE | FATAL        CANCELLED only from the queue

Feeds are worked off in the order of their creation. Messages are taken at the start of the work
and become live as a PATCH does, some before the feed is done, some after it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import msgspec
from starlette.responses import Response

from sandbox.amazon.answers import (
    Problem,
    bounded,
    chosen,
    csv,
    decoded,
    json_reply,
    over_quota,
    wrong_marketplace,
)
from sandbox.amazon.documents import Document, Documents
from sandbox.amazon.feed_work import LISTINGS_FEED, FeedWork, skus_of
from sandbox.amazon.knobs import Knobs
from sandbox.amazon.stamps import offset, read_stamp
from sandbox.mall import Call, Endpoint, refused_row
from sandbox.pacing import Rate
from sandbox.shop import Shop

PATH = "/feeds/2021-06-30"
LEGACY_FEEDS = (
    "POST_INVENTORY_AVAILABILITY_DATA",
    "POST_PRODUCT_DATA",
    "POST_PRODUCT_PRICING_DATA",
    "POST_FLAT_FILE_INVLOADER_DATA",
    "POST_FLAT_FILE_PRICEANDQUANTITYONLY_UPDATE_DATA",
)
STATUSES = ("CANCELLED", "DONE", "FATAL", "IN_PROGRESS", "IN_QUEUE")
FEED_RATE = Rate(5 / 300, 5)  # JSON_LISTINGS_FEEDs of one merchant, beside createFeed's own rate
FEEDS_MAX = 2_000  # feeds remembered; the oldest go first
FIRST_ID = 292_253_019_980
TOKENS_PREFIX = "feeds-"


@dataclass(slots=True)
class Feed:
    """One feed; moments are monotonic but for `created_at`."""

    feed_id: str
    feed_type: str
    created_at: float
    created: float
    started: float
    ended: float
    outcome: str
    result: Document | None = None
    cancelled: bool = False


class Feeds:
    """The feeds of one merchant."""

    def __init__(
        self, shop: Shop, documents: Documents, work: FeedWork, knobs: Callable[[], Knobs]
    ) -> None:
        self._shop = shop
        self._documents = documents
        self._work = work
        self._knobs = knobs
        self._feeds: dict[str, Feed] = {}
        self._numbers = itertools.count(FIRST_ID)
        self._busy_until = 0.0

    def endpoints(self) -> list[Endpoint]:
        """Return its paths."""
        one, documents = f"{PATH}/feeds/{{feedId}}", f"{PATH}/documents"
        create, slow = Rate(0.0083, 15), Rate(0.0222, 10)
        return [
            Endpoint("POST", documents, "stock", self._make_document, Rate(0.5, 15)),
            Endpoint("GET", f"{documents}/{{feedDocumentId}}", "stock", self._get_document, slow),
            Endpoint("POST", f"{PATH}/feeds", "stock", self._create, create, writes_stock=True),
            Endpoint("GET", f"{PATH}/feeds", "stock", self._list, slow),
            Endpoint("GET", one, "stock", self._get, Rate(2.0, 15)),
            Endpoint("DELETE", one, "stock", self._cancel, Rate(2.0, 15)),
            self._documents.upload_endpoint(),
            self._documents.download_endpoint(),
        ]

    # -- documents -----------------------------------------------------------------------------

    def _make_document(self, call: Call) -> Response:
        body = decoded(call.body)
        if isinstance(body, Problem):
            return body.reply()
        content_type = body.get("contentType")
        if not isinstance(content_type, str) or not content_type:
            return Problem("contentType is required.").reply()
        document = self._documents.make(content_type)
        url = self._documents.open(document)
        return json_reply({"feedDocumentId": document.document_id, "url": url}, 201)

    def _get_document(self, call: Call) -> Response:
        document_id = call.captures["feedDocumentId"]
        return document_reply(call, self._documents, document_id, "feedDocumentId")

    # -- feeds ---------------------------------------------------------------------------------

    def _create(self, call: Call) -> Response:
        body = decoded(call.body)
        if isinstance(body, Problem):
            return body.reply()
        feed_type, document_id = body.get("feedType"), body.get("inputFeedDocumentId")
        marketplaces = body.get("marketplaceIds")
        if feed_type not in (LISTINGS_FEED, *LEGACY_FEEDS):
            return Problem(f"Invalid Feed Type: {feed_type}.").reply()
        if not isinstance(marketplaces, list):
            return Problem("marketplaceIds is required.").reply()
        if problem := wrong_marketplace(marketplaces, "marketplaceIds"):
            return problem.reply()
        document = self._documents.find(document_id) if isinstance(document_id, str) else None
        if document is None:
            return Problem("The inputFeedDocumentId is invalid.").reply()
        if feed_type == LISTINGS_FEED:
            call.retry_s = self._shop.buckets.take("feed type JSON_LISTINGS_FEED", FEED_RATE)
            if call.retry_s > 0:
                return over_quota()
        feed = self._queue(str(feed_type))
        skus = skus_of(document.body or b"") if call.fault else []
        rows = [self._shop.shelf.named(sku) for sku in skus]
        keys = [row.key if row else (sku, "") for sku, row in zip(skus, rows, strict=True)]
        refused = refused_row(self._shop, call, keys)
        place = None if refused is None else refused.place
        self._shop.agenda.add(feed.started, lambda: self._start(feed, document, place))
        return json_reply({"feedId": feed.feed_id}, 202)

    def _queue(self, feed_type: str) -> Feed:
        clock, knobs = self._shop.clock, self._knobs()
        now = clock.monotonic()
        started = max(now + clock.sped(knobs.feed_queue_s), self._busy_until)
        ended = started + clock.sped(knobs.feed_s)
        self._busy_until = ended
        feed_id = str(next(self._numbers))
        feed = Feed(feed_id, feed_type, clock.now(), now, started, ended, knobs.feed_end)
        self._feeds[feed_id] = feed
        if len(self._feeds) > FEEDS_MAX:
            del self._feeds[next(iter(self._feeds))]
        return feed

    def _start(self, feed: Feed, document: Document, refused_place: int | None) -> None:
        if feed.cancelled:
            return
        if feed.feed_type != LISTINGS_FEED:
            feed.outcome = "FATAL"  # dead since 2025-07-31, and it says so nowhere else
            return
        done = self._work.process(
            feed.feed_id, document.body, refused_place, feed.outcome, feed.started
        )
        feed.outcome = done.outcome
        packed = self._knobs().gzip_results
        text = msgspec.json.encode(done.report)
        feed.result = self._documents.make("application/json", text, packed=packed)

    def _status(self, feed: Feed) -> str:
        now = self._shop.clock.monotonic()
        if feed.cancelled:
            return "CANCELLED"
        if now < feed.started:
            return "IN_QUEUE"
        return "IN_PROGRESS" if now < feed.ended else feed.outcome

    def _view(self, feed: Feed) -> dict[str, object]:
        status = self._status(feed)
        view: dict[str, object] = {
            "feedId": feed.feed_id,
            "feedType": feed.feed_type,
            "marketplaceIds": ["A1VC38T7YXB528"],
            "createdTime": offset(feed.created_at),
            "processingStatus": status,
        }
        if status in ("IN_PROGRESS", "DONE", "FATAL"):
            view["processingStartTime"] = offset(feed.created_at + feed.started - feed.created)
        if status in ("DONE", "FATAL"):
            view["processingEndTime"] = offset(feed.created_at + feed.ended - feed.created)
            if feed.result is not None:
                view["resultFeedDocumentId"] = feed.result.document_id
        return view

    def _get(self, call: Call) -> Response:
        feed = self._feeds.get(call.captures["feedId"])
        return _no_feed() if feed is None else json_reply(self._view(feed))

    def _cancel(self, call: Call) -> Response:
        feed = self._feeds.get(call.captures["feedId"])
        if feed is None:
            return _no_feed()
        if self._status(feed) != "IN_QUEUE":
            return Problem("Only a feed that is IN_QUEUE can be cancelled.").reply()
        feed.cancelled = True
        return json_reply({})

    def _list(self, call: Call) -> Response:
        query = call.query
        kinds = csv(query, "feedTypes")
        token = query.get("nextToken")
        if not kinds and not token:
            return Problem("Either feedTypes or nextToken is required.").reply()
        statuses = chosen(query, "processingStatuses", STATUSES)
        if isinstance(statuses, Problem):
            return statuses.reply()
        size = bounded(query, "pageSize", 10, 100)
        if isinstance(size, Problem):
            return size.reply()
        since = read_stamp(query.get("createdSince") or "1970-01-01")
        until = read_stamp(query.get("createdUntil") or "9999-01-01")
        if since is None or until is None:
            return Problem("createdSince or createdUntil is not a date.").reply()
        start = 0
        if token:
            number = token.removeprefix(TOKENS_PREFIX)
            if not (number.isascii() and number.isdigit() and len(number) < 6):
                return Problem("nextToken is invalid.").reply()
            start, kinds = int(number), []
        found = [
            feed
            for feed in reversed(self._feeds.values())
            if (not kinds or feed.feed_type in kinds)
            and (not statuses or self._status(feed) in statuses)
            and since <= feed.created_at <= until
        ]
        body: dict[str, object] = {"feeds": [self._view(f) for f in found[start : start + size]]}
        if start + size < len(found):
            body["nextToken"] = f"{TOKENS_PREFIX}{start + size}"
        return json_reply(body)


def document_reply(call: Call, documents: Documents, document_id: str, name: str) -> Response:
    """Answer with the URL of a document, as feeds and reports both do."""
    document = documents.find(document_id)
    if document is None:
        return Problem("The document could not be found.", 404, "NotFound").reply()
    encoded = call.query.get("enableContentEncodingUrlHeader") == "true"
    url = documents.open(document, encoded=encoded)
    body = {name: document_id, "url": url}
    if document.is_compressed:
        body["compressionAlgorithm"] = "GZIP"
    return json_reply(body)


def _no_feed() -> Response:
    return Problem("The feed could not be found.", 404, "NotFound").reply()
