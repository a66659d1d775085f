"""A command's questions about pushes that wait for somebody's word: approve, shadow, live, undo."""

from collections.abc import Iterator
from functools import partial
from typing import Any, Final

from actors.client_asking import Asking, Body
from engine.questions import Approve, AskShadow, AskStatus, AskWaiting, GoLive, UndoStock

PLAN_ROWS_MAX: Final = 50
"""Rows a plan to go live keeps to be shown; all of them are counted."""
_COUNTED: Final = ("looked_at", "changing", "to_zero", "unknown")


class Releases:
    """What a running house holds back."""

    def __init__(self, house: Asking) -> None:
        self._house = house

    def waiting(self, mall: str | None = None) -> Body:
        """`approve`: WaitingViews, of one mall or of every mall that waits."""
        return self._house.ask(lambda number: AskWaiting(number, mall))

    def approve(self, mall: str, plan: str) -> Body:
        """`approve NAME --yes`: ApprovedView. Raises Refusal (3) where another plan waits."""
        return self._house.ask(lambda number: Approve(number, mall, plan, self._house.actor))

    def in_shadow(self) -> list[str]:
        """The names of the malls in shadow."""
        malls = self._house.ask(AskStatus)["malls"]
        return [mall["name"] for mall in malls if mall["mode"] == "shadow"]

    def shadow(self, mall: str, *, everything: bool = False) -> Iterator[Body]:
        """`shadow`: ShadowPages."""
        after: int | None = 0
        while after is not None:
            page = self._house.ask(
                partial(AskShadow, mall=mall, after=after, everything=everything)
            )
            yield page
            after = page["next"]

    def plan(self, mall: str) -> dict[str, Any]:
        """`live NAME`: what going live would push, its numbers and its first rows."""
        plan: dict[str, Any] = {"mall": mall, "mode": "", **dict.fromkeys(_COUNTED, 0), "rows": []}
        for page in self.shadow(mall):
            plan["mode"] = page["mode"]
            for name in _COUNTED:
                plan[name] += page[name]
            plan["rows"] += page["rows"][: PLAN_ROWS_MAX - len(plan["rows"])]
        return plan

    def go_live(self, mall: str, changing: int, to_zero: int) -> Body:
        """`live NAME --yes`: LiveView. Raises Refusal (3) where the mall is live already."""
        return self._house.ask(
            lambda number: GoLive(number, mall, changing, to_zero, self._house.actor)
        )

    def undo(self, seq: int) -> Body:
        """`stock undo`: UndoneView."""
        return self._house.ask(lambda number: UndoStock(number, seq, self._house.actor))
