"""A command's questions about links."""

from functools import partial
from typing import Any

from actors.client_asking import Asking, Body
from engine.questions import AskConflicts, LinkAdd, LinkAuto, LinkRemove


class Links:
    """Which listing is which SKU, in a running house."""

    def __init__(self, house: Asking) -> None:
        self._house = house

    def auto(self, mall: str | None) -> Body:
        """`link auto`, all pages: LinkedView."""
        told: dict[str, Any] = {"linked": 0, "unmatched": 0, "conflicts": [], "next": 0}
        while told["next"] is not None:
            after = int(told["next"])
            page = self._house.ask(
                partial(LinkAuto, mall=mall, actor=self._house.actor, after=after)
            )
            told["linked"] += page["linked"]
            told["unmatched"] += page["unmatched"]
            told["conflicts"] += page["conflicts"]
            told["next"] = page["next"]
        return told

    def add(self, sku: str, mall: str, code: str, sub_code: str) -> Body:
        """`link add`: LinkedView."""
        return self._house.ask(
            lambda number: LinkAdd(number, sku, mall, code, sub_code, self._house.actor)
        )

    def remove(self, sku: str, mall: str, code: str, sub_code: str) -> Body:
        """`link remove`: LinkedView."""
        return self._house.ask(
            lambda number: LinkRemove(number, sku, mall, code, sub_code, self._house.actor)
        )

    def conflicts(self) -> Body:
        """`link conflicts`: ConflictViews."""
        return self._house.ask(AskConflicts)
