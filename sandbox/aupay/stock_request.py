"""The body of `updateStock`, read into rows or refused as a whole.

A row that is bad by itself is read all the same: the answer must name it. Contract: section 4.1.
"""

from __future__ import annotations

from dataclasses import dataclass
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from sandbox.aupay.choices import Choice, said
from sandbox.aupay.query import check_shop, whole_number
from sandbox.aupay.replies import BAD_XML, TOO_MANY, WireError, malformed, missing

ITEMS_MAX = 200

# Registered settings of the page that a write may touch; kept nowhere, because no read shows them.
_SETTINGS = frozenset(
    {
        "choicesStockUpperDescription",
        "choicesStockLowerDescription",
        "displayStockSegment",
        "displayStockThreshold",
        "displayChoicesStockSegment",
        "displayChoicesStockThreshold",
        "displayBackorderMessage",
    }
)
_ITEM_FIELDS = _SETTINGS | {
    "lotNumber",
    "itemCode",
    "stockSegment",
    "stockCount",
    "saleStatus",
    "choicesStocks",
}
_CHOICE_FIELDS = frozenset(
    {
        "choicesStockHorizontalCode",
        "choicesStockVerticalCode",
        "choicesStockCount",
        "choicesStockShippingDayId",
        "choicesStockShippingDayDispTxt",
    }
)


@dataclass(frozen=True, slots=True)
class ChoiceChange:
    """One `choicesStocks`; the codes as they were sent, None: the element was not there."""

    horizontal: str | None
    vertical: str | None
    count: int | None  # None: not a number

    @property
    def choice(self) -> Choice:
        """Which choice is meant."""
        return said(self.horizontal, self.vertical)


@dataclass(frozen=True, slots=True)
class StockChange:
    """One `stockUpdateItem`; "" is what was not sent."""

    lot: str
    code: str
    segment: str
    count: int | None  # None: not sent, or not a number
    choices: tuple[ChoiceChange, ...]
    sale_status: str


def read_update(body: bytes, shop_id: str) -> list[StockChange] | list[WireError]:
    """Return the rows, or everything that is wrong with the call as a whole."""
    try:
        root = fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        return [BAD_XML]
    if root.tag != "request":
        return [BAD_XML]
    if problems := check_shop(_text(root, "shopId"), shop_id):
        return problems
    rows = root.findall("stockUpdateItem")
    if not rows:
        return [missing("stockUpdateItem")]
    if len(rows) > ITEMS_MAX:
        return [TOO_MANY]
    strange = {child.tag for child in root} - {"shopId", "stockUpdateItem"}
    strange |= {field.tag for row in rows for field in row} - _ITEM_FIELDS
    strange |= {
        field.tag for row in rows for choice in row.iter("choicesStocks") for field in choice
    }
    strange -= _CHOICE_FIELDS
    if strange:
        return [malformed(name) for name in sorted(strange)]
    return [_change(row) for row in rows]


def _change(row: Element) -> StockChange:
    return StockChange(
        lot=_text(row, "lotNumber"),
        code=_text(row, "itemCode"),
        segment=_text(row, "stockSegment"),
        count=whole_number(_text(row, "stockCount")),
        choices=tuple(
            ChoiceChange(
                _sent(choice, "choicesStockHorizontalCode"),
                _sent(choice, "choicesStockVerticalCode"),
                whole_number(_text(choice, "choicesStockCount")),
            )
            for choice in row.findall("choicesStocks")
        ),
        sale_status=_text(row, "saleStatus"),
    )


def _text(parent: Element, name: str) -> str:
    return (parent.findtext(name) or "").strip()


def _sent(parent: Element, name: str) -> str | None:
    found = parent.find(name)
    return None if found is None else (found.text or "").strip()
