"""InventoryAPI 2.0 and 2.1, side by side: reads, ranges, single rows and bulk writes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Literal

from starlette.responses import Response

from sandbox.mall import Call, Endpoint, refused_row
from sandbox.pacing import Rate
from sandbox.rakuten.knobs import Knobs
from sandbox.rakuten.order_model import SINGLE_VARIANT
from sandbox.rakuten.replies import WireError, decoded, errors, json_reply
from sandbox.rakuten.stamps import catalogue_stamp
from sandbox.rakuten.upsert import (
    BAD_ITEM_FORMS,
    QUANTITY_MAX,
    ROWS_MAX,
    apply,
    check_id,
    check_write,
    judge,
    read_row,
    row_list,
)
from sandbox.rules import Key
from sandbox.shelf import Row
from sandbox.shop import Shop

PAIRS_MAX = 1_000  # of one bulk-get, and hits of one range
PARKED_LIFE_S = 86_400.0  # a row without a product goes so long after its last change
SWEEPS_PER_LIFE = 100  # how often within that life the parked rows are looked through

Version = Literal["2.0", "2.1"]
_Act = Callable[[Call, Version], Response]

_VARIANT = "/manage-numbers/{manageNumber}/variants/{variantId}"
_NUMBER = re.compile(r"-?\d{1,9}", re.ASCII)


class InventoryApi:
    """Both versions share everything but lead times and warehouses."""

    def __init__(self, shop: Shop, knobs: Callable[[], Knobs]) -> None:
        self._shop = shop
        self._knobs = knobs
        self._swept_at = shop.clock.now()

    def endpoints(self) -> list[Endpoint]:
        """Return its paths; a function has one rate whatever its version."""
        table: list[tuple[str, str, str, float, _Act]] = [
            ("POST", "/bulk-get", "bulk.get", 5.0, self._bulk_get),
            ("GET", "/bulk-get/range", "bulk.get.range", 5.0, self._range),
            ("POST", "/bulk-upsert", "bulk.upsert", 1.0, self._bulk_upsert),
            ("GET", _VARIANT, "variants.get", 1.0, self._variant_get),
            ("PUT", _VARIANT, "variants.upsert", 1.0, self._variant_put),
        ]
        lists = "/variant-lists/manage-numbers/{manageNumber}"
        return [
            *(self._endpoint("2.0", *columns) for columns in table),
            *(self._endpoint("2.1", *columns) for columns in table),
            self._endpoint("2.1", "GET", lists, "variant-lists.get", 1.0, self._variant_list),
        ]

    def _endpoint(
        self, version: Version, method: str, path: str, name: str, per_s: float, act: _Act
    ) -> Endpoint:
        return Endpoint(
            method=method,
            path=f"/es/{version}/inventories{path}",
            family="stock",
            handler=partial(self._served, act, version),
            rate=Rate(per_s, bucket=f"inventories.{name}"),
            writes_stock=name.endswith("upsert"),
            trailing_slash=True,
        )

    def _served(self, act: _Act, version: Version, call: Call) -> Response:
        if call.method != "GET":
            media_type = call.headers.get("content-type", "").partition(";")[0].strip().lower()
            if media_type != "application/json":
                return errors(415, WireError("GE0012", "Unsupported Media Type"))
        self._sweep_parked()
        return act(call, version)

    # -- reads ---------------------------------------------------------------------------------

    def _bulk_get(self, call: Call, version: Version) -> Response:
        pairs = row_list(call.body, PAIRS_MAX)
        if isinstance(pairs, WireError):
            return errors(400, pairs)
        keys = self._read_pairs(pairs)
        if isinstance(keys, list):
            return errors(400, *keys)
        rows = [row for key in keys if (row := self._shop.shelf.row(*key)) is not None]
        if not rows and self._knobs().unknown_is_404:
            return errors(404, WireError("GE0014", "resource not found"))
        return json_reply({"inventories": [_row_model(row, version=version) for row in rows]})

    def _read_pairs(self, pairs: list[object]) -> dict[Key, None] | list[WireError]:
        found: list[WireError] = []
        keys: dict[Key, None] = {}
        for index, pair in enumerate(pairs):
            path = f"inventories[{index}]"
            if not isinstance(pair, dict) or not set(pair) <= {"manageNumber", "variantId"}:
                found.append(WireError("IE0002", "the value is not recognised", path))
                continue
            bad = [
                error
                for name in ("manageNumber", "variantId")
                if (error := check_id(pair.get(name), f"{path}.{name}"))
            ]
            if bad:
                found += bad
                continue
            key = self._shop.rules.fold(pair["manageNumber"], pair["variantId"])
            if key in keys:
                found.append(WireError("IE1102", "the same pair twice", path))
            keys[key] = None
        return found or keys

    def _range(self, call: Call, version: Version) -> Response:
        bounds: dict[str, int] = {}
        for name in ("minQuantity", "maxQuantity"):
            text = call.query.get(name)
            if text is None:
                continue
            if not _NUMBER.fullmatch(text):
                return errors(400, WireError("IE0002", "the value is not recognised", name))
            if not 0 <= int(text) <= QUANTITY_MAX:
                return errors(400, WireError("IE0003", f"must lie in 0..{QUANTITY_MAX}", name))
            bounds[name] = int(text)
        if not bounds:
            return errors(400, WireError("IE0105", "minQuantity or maxQuantity is needed"))
        low, high = bounds.get("minQuantity", 0), bounds.get("maxQuantity", QUANTITY_MAX)
        if low > high:
            return errors(400, WireError("IE0113", "minQuantity is above maxQuantity"))
        rows = [row for row in self._shop.shelf.rows() if low <= row.quantity <= high]
        if len(rows) > PAIRS_MAX:
            return errors(400, WireError("IE0116", f"more than {PAIRS_MAX} hits"))
        rows.sort(key=lambda row: row.updated, reverse=True)
        return json_reply({"inventories": [_row_model(row, version=version) for row in rows]})

    def _variant_get(self, call: Call, version: Version) -> Response:
        row = self._shop.shelf.row(call.captures["manageNumber"], call.captures["variantId"])
        if row is None:
            return errors(404, WireError("GE0014", "resource not found"))
        return json_reply(_row_model(row, version=version))

    def _variant_list(self, call: Call, _version: Version) -> Response:
        rows = self._shop.shelf.rows_of(call.captures["manageNumber"])
        if not rows:
            return errors(404, WireError("GE0014", "resource not found"))
        first = next(iter(rows.values()))
        return json_reply(
            {
                "manageNumber": first.key[0],
                "variantList": [sub_code or SINGLE_VARIANT for sub_code in rows],
                "created": catalogue_stamp(min(row.created for row in rows.values())),
                "updated": catalogue_stamp(max(row.updated for row in rows.values())),
            }
        )

    # -- writes --------------------------------------------------------------------------------

    def _bulk_upsert(self, call: Call, version: Version) -> Response:
        rows = row_list(call.body, ROWS_MAX)
        if isinstance(rows, WireError):
            return errors(400, rows)
        verdict = judge(self._shop, call, rows, has_lead_time=version == "2.1")
        if not verdict.errors or self._knobs().partial:
            for write in verdict.good:
                apply(self._shop, write, has_lead_time=version == "2.1")
        if verdict.errors:
            return errors(400, *verdict.errors)
        return Response(status_code=204)

    def _variant_put(self, call: Call, version: Version) -> Response:
        if not call.body.strip():
            return errors(400, WireError("GE0011", "the request body is missing"))
        body = decoded(call.body)
        if not isinstance(body, dict):
            return errors(400, WireError("IE0002", "the request body is not recognised"))
        write = read_row(
            self._shop, {**body, **call.captures}, 0, "", has_lead_time=version == "2.1"
        )
        if isinstance(write, list):
            return errors(400, *write)
        refused = refused_row(self._shop, call, [write.key])
        if refused is not None:
            code = refused.form or BAD_ITEM_FORMS[0]
            return errors(400, WireError(code, "the row is refused", "quantity"))
        if error := check_write(self._shop, write, "", Counter()):
            path = "quantity" if error.code == "IE0117" else None
            return errors(400, WireError(error.code, error.message, path))
        apply(self._shop, write, has_lead_time=version == "2.1")
        return Response(status_code=204)

    def _sweep_parked(self) -> None:
        now = self._shop.clock.now()
        life_s = self._shop.clock.sped(PARKED_LIFE_S)
        if abs(now - self._swept_at) < life_s / SWEEPS_PER_LIFE:
            return
        self._swept_at = now
        shelf = self._shop.shelf
        for key in [key for key, row in shelf.parked.items() if row.updated + life_s < now]:
            shelf.drop_parked(key)


def _row_model(row: Row, *, version: Version) -> dict[str, object]:
    code, sub_code = row.key
    model: dict[str, object] = {
        "manageNumber": code,
        "variantId": sub_code or SINGLE_VARIANT,
        "quantity": row.quantity,
    }
    if version == "2.1":
        model |= stock_settings(row)
    model["created"] = catalogue_stamp(row.created)
    model["updated"] = catalogue_stamp(row.updated)
    return model


def stock_settings(row: Row) -> dict[str, object]:
    """Return the lead times and warehouses of a row, only those that were set."""
    lead_time: dict[str, object] = {}
    if row.lead_time_days is not None:
        lead_time["normalDeliveryTimeId"] = row.lead_time_days
    if "back_order_lead_time" in row.extra:
        lead_time["backOrderDeliveryTimeId"] = row.extra["back_order_lead_time"]
    settings: dict[str, object] = {}
    if lead_time:
        settings["operationLeadTime"] = lead_time
    if "ship_from" in row.extra:
        settings["shipFromIds"] = row.extra["ship_from"]
    return settings
