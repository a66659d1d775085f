"""The truth as the malls themselves have it, and what a stock list says that is not so.

Every SKU starts with what the base mall showed when it was imported. Units sold on any mall come
off it, cancelled and cut ones come back, whatever the mall did with its own quantity.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from tests.acceptance.shop import Shop

Row = Mapping[str, Any]
States = Mapping[str, Mapping[str, Any]]
"""Mall name -> what its side door shows."""


def states_of(shops: Mapping[str, Shop]) -> States:
    """What the malls truly show and hold now."""
    return {name: shop.state() for name, shop in shops.items()}


def sold(states: States) -> Counter[str]:
    """Units that orders hold now, by SKU code, over all malls."""
    units: Counter[str] = Counter()
    for state in states.values():
        for order in state["orders"]:
            for line in () if order["status"] == "cancelled" else order["lines"]:
                units[line["sub_code"] or line["code"]] += line["quantity"]
    return units


def complaints(
    states: States, rows: Sequence[Row], opened: Mapping[str, int], since: float | None
) -> list[str]:
    """What is not right yet; nothing where every row is right.

    `opened`: totals before any order, of the SKUs whose totals are to be checked; `since`: the
    moment before which no proof counts, None where none is asked for.
    """
    shown = {
        (name, item["code"], item["sub_code"]): item["quantity"]
        for name, state in states.items()
        for item in state["items"]
    }
    # What the mall itself sends from its warehouse (FBA) is its own stock, never pushed to.
    theirs = {
        (name, item["code"], item["sub_code"])
        for name, state in states.items()
        for item in state["items"]
        if item["fba"]
    }
    units = sold(states)
    said = []
    for row in rows:
        code, total = row["sku"], row["total"]
        if total is None:
            said.append(f"{code} has no total")
        elif code in opened and total != opened[code] - units[code]:
            said.append(f"{code}: total {total}, in truth {opened[code] - units[code]}")
        said += [
            _listing(code, listing, shown, since)
            for listing in row["listings"]
            if (listing["mall"], listing["code"], listing["sub_code"]) not in theirs
        ]
    return [words for words in said if words]


def _listing(
    code: str, listing: Row, shown: Mapping[tuple[str, str, str], int], since: float | None
) -> str:
    key = (listing["mall"], listing["code"], listing["sub_code"])
    if not listing["linked"] or listing["is_gone"]:
        return ""
    is_equal = shown[key] == listing["expected"] == listing["offer"] and not listing["held"]
    proven_at = listing["proven_at"]
    if is_equal and (since is None or (proven_at is not None and proven_at >= since)):
        return ""
    return f"{code}: {key} shows {shown[key]}, {dict(listing)}"
