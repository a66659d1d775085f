"""A command's questions about errors of level 8 and 9."""

from collections.abc import Iterable
from typing import Final

from actors.client_asking import Asking, Body
from engine.questions import AskErrors, AskErrorSummary, ClearErrors

CLEAR_WAIT_S: Final = 60.0
"""`errors clear` asks the mall whether its key works: its answer may take this long."""


class Errors:
    """The errors of a running house."""

    def __init__(self, house: Asking) -> None:
        self._house = house

    def list(
        self,
        mall: str | None = None,
        *,
        level: int | None = None,
        state: str | None = None,
        search: str = "",
        with_cleared: bool = False,
    ) -> Body:
        """`errors list`: FaultViews, newest first."""
        return self._house.ask(
            lambda number: AskErrors(number, None, mall, with_cleared, level, state, search)
        )

    def summary(self) -> Body:
        """`errors summary`: ErrorSummaryRows, every mall and then the house."""
        return self._house.ask(AskErrorSummary)

    def show(self, fault_id: int) -> Body:
        """`errors show`: one FaultView."""
        (fault,) = self._house.ask(lambda number: AskErrors(number, fault_id))
        return fault

    def clear(self, fault_ids: Iterable[int], mall: str | None) -> Body:
        """`errors clear`: ClearedView."""
        chosen = tuple(fault_ids)
        return self._house.ask(
            lambda number: ClearErrors(number, chosen, mall, self._house.actor), CLEAR_WAIT_S
        )
