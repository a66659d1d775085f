"""Choices: how the one sub_code of the side door is two codes on the wire.

    side door   code tee-07, sub_code -bk-m
    searchStocks    horizontal -bk, vertical -m            order line    itemManagementId -bk-m

The joined code is cut before its last hyphen. What has no hyphen inside, or belongs to a row with
one axis, is the code of the item's only axis. Contract: sections 4.3 and 4.4.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from sandbox.aupay.knobs import Knobs

ABSENT = "-"  # the unused axis; also accepted as an empty element


class Choice(NamedTuple):
    """The two codes of one choice; "" means that the item does not have the axis."""

    horizontal: str
    vertical: str

    @property
    def joined(self) -> str:
        """The sub_code."""
        return self.horizontal + self.vertical

    def shown(self, knobs: Knobs) -> Choice:
        """As searchStocks writes it."""
        return Choice(self.horizontal or knobs.absent_axis, self.vertical or knobs.absent_axis)


def choice_of(sub_code: str, axes: Mapping[str, str], knobs: Knobs) -> Choice:
    """Cut a sub_code into its two codes."""
    head, _, tail = sub_code.rpartition("-")
    if len(axes) != 1 and head not in ("", ABSENT) and tail:
        return Choice(head, f"-{tail}")
    return Choice("", sub_code) if knobs.lone_axis == "vertical" else Choice(sub_code, "")


def twin_of(choice: Choice) -> Choice | None:
    """The same joined code cut one character later, or None when it cannot be."""
    if len(choice.vertical) < 2 or not choice.horizontal:
        return None
    return Choice(choice.horizontal + choice.vertical[0], choice.vertical[1:])


def said(horizontal: str | None, vertical: str | None) -> Choice:
    """The choice that a write names; an axis may be left out, empty, or a hyphen."""
    codes = ["" if code in (None, ABSENT) else code for code in (horizontal, vertical)]
    return Choice(codes[0] or "", codes[1] or "")
