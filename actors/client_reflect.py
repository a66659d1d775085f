"""A command's questions about reflects."""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Final

from actors.client_asking import ASK_AGAIN_S, Asking, Body
from engine.questions import (
    AskReflect,
    AskReflectJobs,
    ResumeReflect,
    StartReflect,
    StartReflectJob,
    StockFilter,
    StopReflect,
)

REFLECT_STILL_MAX: Final = 2_000
"""Looks at a reflect job in a row that show nothing new before it is left to the house."""


class Reflects:
    """Pushing totals to the malls, in a running house."""

    def __init__(self, house: Asking) -> None:
        self._house = house

    def start(
        self, chosen: StockFilter, *, is_all: bool = False, is_dry: bool = False
    ) -> Iterator[Body]:
        """`reflect` of chosen listings: ReflectRows, page by page."""
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

    # --- jobs ---------------------------------------------------------------------------------

    def begin(self, mall: str | None, skus: Sequence[str], *, is_diff: bool) -> Body:
        """`reflect --all | --diff`: the house walks it from now on; its ReflectJobView."""
        letter = partial(
            StartReflectJob, mall=mall, skus=tuple(skus), diff=is_diff, actor=self._house.actor
        )
        return self._house.ask(letter)

    def jobs(self) -> Body:
        """`reflect list`: ReflectJobViews, the newest first."""
        return self._house.ask(lambda number: AskReflectJobs(number, None))

    def stop(self, job: int | None) -> Body:
        """`reflect stop`: the job's view; None: the one that runs."""
        return self._house.ask(lambda number: StopReflect(number, job, self._house.actor))

    def resume(self, job: int) -> Body:
        """`reflect resume`: the job's view."""
        return self._house.ask(lambda number: ResumeReflect(number, job, self._house.actor))

    def follow(self, view: Body) -> Iterator[Body]:
        """The job's views until it has ended, the breaker holds it, or nothing moves any more."""
        yield view
        still = 0
        while view["state"] == "running" and not view["approve"] and still < REFLECT_STILL_MAX:
            self._house.rest(ASK_AGAIN_S)
            number = view["job"]
            (after,) = self._house.ask(lambda one: AskReflectJobs(one, number))  # noqa: B023
            still = still + 1 if after == view else 0
            view = after
            yield view
