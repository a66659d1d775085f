"""A command's questions about reflects."""

from collections.abc import Iterable, Iterator
from functools import partial

from actors.client_asking import ASK_AGAIN_S, Asking, Body
from engine.questions import AskReflect, StartReflect, StockFilter


class Reflects:
    """Pushing totals to the malls, in a running house."""

    def __init__(self, house: Asking) -> None:
        self._house = house

    def start(
        self, chosen: StockFilter, *, is_all: bool = False, is_dry: bool = False
    ) -> Iterator[Body]:
        """`reflect`: ReflectRows, page by page."""
        after: int | None = 0
        while after is not None:
            page = self._house.ask(
                partial(
                    StartReflect,
                    filter=chosen,
                    all=is_all,
                    dry_run=is_dry,
                    actor=self._house.actor,
                    after=after,
                )
            )
            yield from page["rows"]
            after = page["next"]

    def progress(self, listing_ids: Iterable[int]) -> Body:
        """How far the listings of a reflect have come: ReflectRows (a page of them at most)."""
        chosen = tuple(listing_ids)
        self._house.rest(ASK_AGAIN_S)
        return self._house.ask(lambda number: AskReflect(number, chosen))["rows"]
