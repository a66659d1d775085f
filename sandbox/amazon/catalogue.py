"""One listing as the Listings Items API shows it. Contract: sections 5.2, 5.4, 5.5.

The quantity is handed in: it may be older than the listing. Lead time and restock date are shown
under `attributes` only, as on the real one.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping

from sandbox.amazon.answers import MARKETPLACE_ID, yen
from sandbox.amazon.stamps import fine
from sandbox.rules import Key
from sandbox.shelf import Row

PRICE_YEN = 1980
PRODUCT_TYPE = "PRODUCT"
FBA_CHANNEL = "AMAZON_JP"
MFN_CHANNEL = "DEFAULT"
IMAGE_PIXELS = 500
INCLUDED = (
    "summaries",
    "attributes",
    "issues",
    "offers",
    "fulfillmentAvailability",
    "procurement",
    "relationships",
    "productTypes",
)

UNLIMITED = "is_inventory_available"  # the key in Row.extra, and the attribute's name
STRANDED = "stranded_fba"  # the key in Row.extra: a push has made merchant stock of an FBA listing

Issue = dict[str, object]


def sku_of(key: Key) -> str:
    """Return the SKU: of a variation its sub_code, and the code is its parent's."""
    code, sub_code = key
    return sub_code or code


def asin(sku: str) -> str:
    """Return the product's number; the same SKU always has the same one."""
    return f"B0{zlib.crc32(sku.encode('utf-8', 'surrogatepass')):08X}"


def issue(
    message: str,
    *,
    code: str = "90000900",
    severity: str = "ERROR",
    kind: str = "INVALID_ATTRIBUTE",
) -> Issue:
    """Return one entry of `issues`."""
    return {
        "code": code,
        "message": message,
        "severity": severity,
        "attributeNames": ["fulfillment_availability"],
        "categories": [kind],
        "marketplaceIds": [MARKETPLACE_ID],
    }


def listing(
    row: Row, quantity: int, included: frozenset[str], *, flawed: bool = False
) -> dict[str, object]:
    """Return the item; a listing that a push has made of nothing has no summaries."""
    view: dict[str, object] = {"sku": sku_of(row.key)}
    if "summaries" in included:
        view["summaries"] = _summaries(row, quantity)
    if "attributes" in included:
        view["attributes"] = _attributes(row, quantity)
    if "issues" in included:
        view["issues"] = [standing_issue("ERROR")] if flawed else []
    if "offers" in included:
        offer = {"marketplaceId": MARKETPLACE_ID, "offerType": "B2C", "price": yen(PRICE_YEN)}
        view["offers"] = [offer] if row.item is not None else []
    if "fulfillmentAvailability" in included:
        view["fulfillmentAvailability"] = [_availability(row, quantity)]
    if "procurement" in included:
        view["procurement"] = []
    if "relationships" in included:
        parents = [{"type": "VARIATION", "parentSkus": [row.key[0]]}] if row.key[1] else []
        view["relationships"] = [{"marketplaceId": MARKETPLACE_ID, "relationships": parents}]
    if "productTypes" in included:
        view["productTypes"] = [{"marketplaceId": MARKETPLACE_ID, "productType": PRODUCT_TYPE}]
    return view


def standing_issue(severity: str) -> Issue:
    """Return the issue of a flawed listing."""
    text = "出品情報に不備があります。The listing is incomplete."
    return issue(text, code="18448", severity=severity, kind="MISSING_ATTRIBUTE")


def is_buyable(row: Row, quantity: int) -> bool:
    """Tell whether shoppers can buy it."""
    return row.fba or quantity > 0 or bool(row.extra.get(UNLIMITED))


def _summaries(row: Row, quantity: int) -> list[dict[str, object]]:
    item = row.item
    if item is None:
        return []
    summary: dict[str, object] = {
        "marketplaceId": MARKETPLACE_ID,
        "asin": asin(sku_of(row.key)),
        "productType": PRODUCT_TYPE,
        "conditionType": "new_new",
        "status": ["BUYABLE", "DISCOVERABLE"] if is_buyable(row, quantity) else ["DISCOVERABLE"],
    }
    if row.fba:
        summary["fnSku"] = f"X0{asin(sku_of(row.key))[2:]}"
    summary |= {
        "itemName": row.name,
        "createdDate": fine(row.created),
        "lastUpdatedDate": fine(row.updated),
    }
    if item.image:
        size = {"height": IMAGE_PIXELS, "width": IMAGE_PIXELS}
        summary["mainImage"] = {"link": item.image, **size}
    return [summary]


def _availability(row: Row, quantity: int) -> dict[str, object]:
    if row.fba:
        return {"fulfillmentChannelCode": FBA_CHANNEL}
    if row.extra.get(UNLIMITED):
        return {"fulfillmentChannelCode": MFN_CHANNEL}
    return {"fulfillmentChannelCode": MFN_CHANNEL, "quantity": quantity}


def _attributes(row: Row, quantity: int) -> Mapping[str, object]:
    place = {"marketplace_id": MARKETPLACE_ID}
    element: dict[str, object] = {"fulfillment_channel_code": FBA_CHANNEL}
    if not row.fba:
        element = {"fulfillment_channel_code": MFN_CHANNEL}
        if row.extra.get(UNLIMITED):
            element[UNLIMITED] = True
        else:
            element["quantity"] = quantity
        if row.lead_time_days is not None:
            element["lead_time_to_ship_max_days"] = row.lead_time_days
        if row.restock_date:
            element["restock_date"] = row.restock_date
    attributes: dict[str, object] = {"fulfillment_availability": [element | place]}
    if row.item is not None:
        attributes["item_name"] = [{"value": row.name, "language_tag": "ja_JP"} | place]
        attributes["condition_type"] = [{"value": "new_new"} | place]
    if row.jan:
        code = {"type": "ean", "value": row.jan}
        attributes["externally_assigned_product_identifier"] = [code | place]
    return attributes
