"""What a push may say, and what becomes of the listing. Contract: sections 5.1 to 5.3.

    PATCH body, PUT body or feed message -> changes (or a 400, or issues) -> applied when live

`merge` keeps what it does not name; `replace` and `add` drop the lead time and the restock date
they do not name; `delete` takes the whole element away.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from sandbox.amazon.answers import Problem
from sandbox.amazon.catalogue import (
    FBA_CHANNEL,
    MFN_CHANNEL,
    STRANDED,
    UNLIMITED,
    Issue,
    issue,
)
from sandbox.shelf import Row, Shelf

ATTRIBUTE = "fulfillment_availability"
QUANTITY_MAX = 999_999_999  # of the sandbox; the real bound is not known (?)
LEAD_DAYS_MAX = 30
PATCHES_MAX = 100
OPERATIONS = ("add", "replace", "merge", "delete")
FIELDS = ("quantity", "lead_time_to_ship_max_days", "restock_date", UNLIMITED)

Kind = Literal["merge", "set", "delete"]


@dataclass(frozen=True, slots=True)
class Change:
    """One accepted change of a listing's availability."""

    kind: Kind
    channel: str
    fields: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Submission:
    """One push that could be read: its changes are good when there are no issues."""

    changes: tuple[Change, ...]
    issues: tuple[Issue, ...]


def read_patches(body: Mapping[str, object], *, needs_quantity: bool) -> Submission | Problem:
    """Read `{productType, patches}`; the shape is a 400, the content an issue."""
    if problem := _check_product_type(body):
        return problem
    patches = body.get("patches")
    if not isinstance(patches, list) or not 1 <= len(patches) <= PATCHES_MAX:
        return Problem(f"patches must be a list of 1 to {PATCHES_MAX} operations.")
    changes: list[Change] = []
    issues: list[Issue] = []
    for patch in patches:
        read = _read_patch(patch)
        if isinstance(read, Problem):
            return read
        operation, values = read
        kind: Kind = "merge" if operation == "merge" else "set"
        if operation == "delete":
            kind = "delete"
        for value in values:
            change = _read_element(kind, value, needs_quantity=needs_quantity)
            if isinstance(change, Change):
                changes.append(change)
            else:
                issues.append(change)
    return Submission(tuple(changes), tuple(issues))


def read_attributes(body: Mapping[str, object], *, whole: bool) -> Submission | Problem:
    """Read `{productType, attributes}`; `whole` says that what is not named goes away."""
    if problem := _check_product_type(body):
        return problem
    attributes = body.get("attributes")
    if not isinstance(attributes, dict):
        return Problem("attributes must be an object.")
    values = attributes.get(ATTRIBUTE)
    if values is None:
        gone = Change("delete", MFN_CHANNEL)
        return Submission((gone,) if whole else (), ())
    if not _is_objects(values):
        return Problem(f"{ATTRIBUTE} must be a list of objects.")
    read = [_read_element("set", value, needs_quantity=False) for value in values]
    changes = tuple(part for part in read if isinstance(part, Change))
    return Submission(changes, tuple(part for part in read if not isinstance(part, Change)))


def apply(shelf: Shelf, row: Row, change: Change, moment: float) -> None:
    """Make one change live."""
    if change.channel == FBA_CHANNEL:
        row.fba = change.kind != "delete"
        return
    if row.fba and change.kind != "delete":
        # A merchant's quantity turns the offer around and leaves the warehouse's units behind.
        row.fba = False
        row.extra[STRANDED] = True
    fields = change.fields
    if change.kind != "merge":
        row.lead_time_days = None
        row.restock_date = None
        row.extra.pop(UNLIMITED, None)
    if "lead_time_to_ship_max_days" in fields:
        days = fields["lead_time_to_ship_max_days"]
        row.lead_time_days = days if isinstance(days, int) else None
    if "restock_date" in fields:
        row.restock_date = str(fields["restock_date"])
    if UNLIMITED in fields:
        row.extra[UNLIMITED] = fields[UNLIMITED]
    quantity = fields.get("quantity", row.quantity if change.kind == "merge" else 0)
    if "quantity" in fields:
        row.extra.pop(UNLIMITED, None)
    shelf.set_quantity(row, quantity if isinstance(quantity, int) else 0, moment)


def _check_product_type(body: Mapping[str, object]) -> Problem | None:
    product_type = body.get("productType")
    if isinstance(product_type, str) and product_type:
        return None
    return Problem("productType is required.")


def _is_objects(values: object) -> bool:
    return isinstance(values, list) and all(isinstance(value, dict) for value in values)


def _read_patch(patch: object) -> tuple[str, Sequence[dict[str, object]]] | Problem:
    """Return the operation and its elements; other attributes are taken and mean nothing here."""
    if not isinstance(patch, dict):
        return Problem("A patch must be an object.")
    operation, path, values = patch.get("op"), patch.get("path"), patch.get("value")
    if operation not in OPERATIONS:
        return Problem(f"op must be one of {', '.join(OPERATIONS)}.")
    if not isinstance(path, str) or not path.startswith("/attributes/"):
        return Problem("path must be /attributes/ and the name of an attribute.")
    if not isinstance(values, list) or not _is_objects(values):
        return Problem("value must be a list of objects.")
    return operation, values if path == f"/attributes/{ATTRIBUTE}" else ()


def _read_element(
    kind: Kind, value: Mapping[str, object], *, needs_quantity: bool
) -> Change | Issue:
    channel = value.get("fulfillment_channel_code")
    if channel not in (MFN_CHANNEL, FBA_CHANNEL):
        text = "'fulfillment_channel_code' is required and must be one the seller has."
        return issue(text, kind="MISSING_ATTRIBUTE" if channel is None else "INVALID_ATTRIBUTE")
    fields = {name: value[name] for name in FIELDS if name in value}
    if kind == "delete" or channel == FBA_CHANNEL:
        return Change(kind, channel)
    if flaw := _flaw(fields):
        return issue(flaw)
    if kind == "merge" and needs_quantity and not {"quantity", UNLIMITED} & set(fields):
        return issue("'quantity' is required but not supplied.", kind="MISSING_ATTRIBUTE")
    return Change(kind, channel, fields)


def _flaw(fields: Mapping[str, object]) -> str | None:
    if "quantity" in fields and not _is_whole(fields["quantity"], QUANTITY_MAX):
        return "'quantity' must be a whole number, 0 or more."
    lead = "lead_time_to_ship_max_days"
    if lead in fields and not _is_whole(fields[lead], LEAD_DAYS_MAX):
        return f"'{lead}' must be a whole number from 0 to {LEAD_DAYS_MAX}."
    if "restock_date" in fields and not _is_date(fields["restock_date"]):
        return "'restock_date' must be a date or a date-time."
    if UNLIMITED in fields and not isinstance(fields[UNLIMITED], bool):
        return f"'{UNLIMITED}' must be true or false."
    if "quantity" in fields and UNLIMITED in fields:
        return f"'quantity' and '{UNLIMITED}' exclude each other."
    return None


def _is_whole(value: object, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= high


def _is_date(value: object) -> bool:
    if not isinstance(value, str):
        return False
    for read in (date.fromisoformat, datetime.fromisoformat):
        try:
            read(value)
        except ValueError:
            continue
        return True
    return False
