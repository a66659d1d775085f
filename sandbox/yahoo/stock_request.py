"""What the stock calls are asked: the comma lists of the form, read into rows or refused.

A whole-request fault is one `RequestError`; a row that is bad by itself carries its own code, so
that the answer can name it. Contract: sections 3.2 and 6.1.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.yahoo.reply import RequestError

CODES_MAX = 1000
QUANTITY_ABS_MAX = 999_999_999

# How the error codes of the two calls begin. Only a few of the second family were ever seen (?).
SET_STOCK = "st-02"
GET_STOCK = "st-01"

_CODE = re.compile(r"[A-Za-z0-9-]{1,99}(:[A-Za-z0-9-]{1,99})?", re.ASCII)
_QUANTITY = re.compile(r"[+-]?[0-9]{1,9}", re.ASCII)


@dataclass(frozen=True, slots=True)
class StockRow:
    """One code of a stock call and what is to be done with it."""

    code: str
    sub_code: str
    error: str = ""  # the row's own fault, "" when it is good
    quantity: int = 0  # an absolute figure, or a difference
    is_relative: bool = False
    overdraft: bool | None = None  # None: the store's default is written
    reopens: bool = False


def read_codes(form: Mapping[str, str], family: str) -> list[StockRow] | RequestError:
    """The codes of either stock call; `family` is how its error codes begin."""
    if not form.get("item_code"):
        return RequestError(400, "px-04001", '"item_code" is not specified')
    codes = form["item_code"].split(",")
    if len(codes) > CODES_MAX:
        return RequestError(400, f"{family}102", "item_code() is over the limit")
    if len(set(codes)) != len(codes):
        return RequestError(400, f"{family}103", "item_code() is duplicated")
    rows = []
    for said in codes:
        code, _, sub_code = said.strip().partition(":")
        is_good = _CODE.fullmatch(said.strip()) is not None
        rows.append(StockRow(code, sub_code, "" if is_good else f"{family}101"))
    return rows


def read_changes(form: Mapping[str, str]) -> list[StockRow] | RequestError:
    """The rows of a `setStock`."""
    rows = read_codes(form, SET_STOCK)
    if isinstance(rows, RequestError):
        return rows
    if "quantity" not in form:
        return RequestError(400, "px-04001", '"quantity" is not specified')
    quantities = form["quantity"].split(",")
    if len(quantities) != len(rows):
        return RequestError(400, "st-02105", "quantity() does not match item_code()")
    overdrafts = _flags(form, "allow_overdraft", len(rows))
    if overdrafts is None:
        return RequestError(400, "st-02107", "allow_overdraft() does not match item_code()")
    if form.get("allow_overdraft") and not set(overdrafts) <= {"0", "1"}:
        return RequestError(400, "st-02106", "allow_overdraft() is invalid value")
    closes = _flags(form, "stock_close", len(rows))
    if closes is None or not set(closes) <= {"0", ""}:
        # Closing through the API is not possible, and the code for asking is not published (?).
        return RequestError(400, "st-02108", "stock_close() is invalid value")
    return [
        _change(row, quantity, overdraft, close)
        for row, quantity, overdraft, close in zip(
            rows, quantities, overdrafts, closes, strict=True
        )
    ]


def _flags(form: Mapping[str, str], name: str, count: int) -> list[str] | None:
    """One comma list of flags; None when its length is wrong."""
    if not form.get(name):
        return [""] * count
    flags = [flag.strip() for flag in form[name].split(",")]
    return flags if len(flags) == count else None


def _change(row: StockRow, quantity: str, overdraft: str, close: str) -> StockRow:
    error = row.error
    is_number = _QUANTITY.fullmatch(quantity) is not None
    if not error and not is_number:
        # "33.0" out of a spreadsheet, a word, the abolished INI, or " 2": a plus sign that was not
        # sent as %2B. Setting 2 there would hide the mistake.
        error = "st-02104"
    return StockRow(
        code=row.code,
        sub_code=row.sub_code,
        error=error,
        quantity=int(quantity) if is_number else 0,
        is_relative=quantity[:1] in ("+", "-"),
        overdraft={"0": False, "1": True}.get(overdraft),
        reopens=close == "0",
    )
