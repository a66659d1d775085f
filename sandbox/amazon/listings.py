"""Listings Items API 2021-08-01: reads, searches, PATCH and PUT. Contract: section 5."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass

from starlette.responses import Response

from sandbox.amazon.answers import (
    MARKETPLACE_ID,
    Problem,
    chosen,
    csv,
    decoded,
    denied,
    json_reply,
    wrong_marketplace,
)
from sandbox.amazon.catalogue import (
    INCLUDED,
    Issue,
    asin,
    issue,
    listing,
    sku_of,
    standing_issue,
)
from sandbox.amazon.going_live import GoingLive
from sandbox.amazon.knobs import Knobs
from sandbox.amazon.listing_search import ListingSearch
from sandbox.amazon.submission import Submission, read_attributes, read_patches
from sandbox.mall import Call, Endpoint, refused_row
from sandbox.pacing import Rate
from sandbox.shelf import Row
from sandbox.shop import Shop

PATH = "/listings/2021-08-01/items/{sellerId}"
BAD_ITEM_FORMS = ("INVALID", "InvalidInput", "Unauthorized")
SKU_LENGTH_MAX = 40


@dataclass(frozen=True, slots=True)
class Merchant:
    """The one seller of this sandbox."""

    seller_id: str


class Listings:
    """The listings of one merchant on Amazon.co.jp."""

    def __init__(
        self, shop: Shop, merchant: Merchant, live: GoingLive, knobs: Callable[[], Knobs]
    ) -> None:
        self._shop = shop
        self._merchant = merchant
        self._live = live
        self._knobs = knobs
        self._searches = ListingSearch(shop)

    def endpoints(self) -> list[Endpoint]:
        """Return its paths."""
        one = f"{PATH}/{{sku}}"
        return [
            Endpoint("GET", PATH, "items", self._search, Rate(5.0, 5)),
            Endpoint("GET", one, "stock", self._get, Rate(5.0, 10)),
            Endpoint("PATCH", one, "stock", self._patch, Rate(5.0, 5), writes_stock=True),
            Endpoint("PUT", one, "stock", self._put, Rate(5.0, 10), writes_stock=True),
        ]

    # -- reads ---------------------------------------------------------------------------------

    def _get(self, call: Call) -> Response:
        included = self._check_read(call)
        if not isinstance(included, frozenset):
            return included
        sku = call.captures["sku"]
        row = self._shop.shelf.named(sku)
        if row is None:
            text = f"SKU '{sku}' not found in marketplace {MARKETPLACE_ID}"
            return Problem(text, 404, "NOT_FOUND").reply()
        return json_reply(self._view(row, included))

    def _search(self, call: Call) -> Response:
        included = self._check_read(call)
        if not isinstance(included, frozenset):
            return included
        found = self._searches.page(call, self._knobs().flawed_skus)
        if isinstance(found, Problem):
            return found.reply()
        body: dict[str, object] = {"numberOfResults": found.total}
        if found.tokens:
            body["pagination"] = found.tokens
        body["items"] = [self._view(row, included) for row in found.rows]
        return json_reply(body)

    def _check_read(self, call: Call) -> frozenset[str] | Response:
        if refused := self._check_seller(call):
            return refused
        included = chosen(call.query, "includedData", INCLUDED)
        if isinstance(included, Problem):
            return included.reply()
        return frozenset(included or ["summaries"])

    def _check_seller(self, call: Call) -> Response | None:
        if call.captures["sellerId"] != self._merchant.seller_id:
            return denied()
        problem = wrong_marketplace(csv(call.query, "marketplaceIds"), "marketplaceIds")
        return problem.reply() if problem else None

    def _view(self, row: Row, included: frozenset[str]) -> dict[str, object]:
        flawed = sku_of(row.key) in self._knobs().flawed_skus
        return listing(row, self._live.quantity(row), included, flawed=flawed)

    # -- writes --------------------------------------------------------------------------------

    def _patch(self, call: Call) -> Response:
        needs_quantity = self._knobs().merge_needs_quantity
        return self._submit(call, lambda body: read_patches(body, needs_quantity=needs_quantity))

    def _put(self, call: Call) -> Response:
        return self._submit(call, lambda body: read_attributes(body, whole=True))

    def _submit(
        self, call: Call, read: Callable[[dict[str, object]], Submission | Problem]
    ) -> Response:
        if refused := self._check_seller(call):
            return refused
        included = chosen(call.query, "includedData", ("issues", "identifiers"))
        if isinstance(included, Problem):
            return included.reply()
        mode = call.query.get("mode")
        if mode not in (None, "", "VALIDATION_PREVIEW"):
            return Problem("mode must be VALIDATION_PREVIEW.").reply()
        sku = call.captures["sku"]
        body = decoded(call.body)
        submission = body if isinstance(body, Problem) else read(body)
        if isinstance(submission, Problem):
            return submission.reply()
        if len(sku) > SKU_LENGTH_MAX:
            return Problem(f"sku must not be longer than {SKU_LENGTH_MAX} characters.").reply()
        issues = list(submission.issues)
        row = self._shop.shelf.named(sku)
        key = row.key if row else (sku, "")
        if (refusal := refused_row(self._shop, call, [key])) is not None:
            if refusal.form == "Unauthorized":
                return denied()
            if refusal.form == "InvalidInput":
                return Problem("The submitted listing cannot be processed.").reply()
            issues.append(issue("The attributes are invalid."))
        status = "INVALID" if issues else "VALID" if mode else "ACCEPTED"
        if status == "ACCEPTED":
            self._live.accept(sku, submission.changes)
        return json_reply(self._answer(sku, status, issues, included))

    def _answer(
        self, sku: str, status: str, issues: list[Issue], included: list[str]
    ) -> dict[str, object]:
        answer: dict[str, object] = {
            "sku": sku,
            "status": status,
            "submissionId": uuid.uuid4().hex,
        }
        if not included or "issues" in included or issues:
            flawed = status != "INVALID" and sku in self._knobs().flawed_skus
            answer["issues"] = issues + ([standing_issue("WARNING")] if flawed else [])
        if "identifiers" in included:
            answer["identifiers"] = [{"marketplaceId": MARKETPLACE_ID, "asin": asin(sku)}]
        return answer
