"""A connector driven as a mall actor drives it: its HTTP, its gate, its ways of carrying out work.

The inventory on the other side is played in memory: it wants every order whose mark is news to it,
keeps the snapshots, and acknowledges the rest. Every exchange over the wire is kept for the tests,
and held against Amazon's models where the mall is Amazon.
"""

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import httpx

from actors.mall_account import kind_of, open_http, switches_of
from actors.mall_http import GatedTransport
from actors.mall_lease import Letter
from actors.mall_work import Carried, carry_out_import, carry_out_push, carry_out_reading
from actors.poll import Polled, carry_out_poll
from config.load import parse_settings
from engine.catalogue import CatalogueRow, ListingRef, SideSettings
from engine.connector import Credentials, Session
from engine.mall_action import Poll
from engine.messages import (
    Ack,
    CatalogueRead,
    ImportWork,
    OrdersListed,
    OrdersRead,
    OrdersWanted,
    OutcomeRow,
    PushRow,
    ReadRow,
)
from engine.push_state import ReadingDone
from engine.snapshot import OrderSnapshot, UnreadableOrder
from tests.contract.amazon.exchange import Exchange, flaws_of
from tests.contract.shop import Key, Shop

SEND_WITHIN_S: Final = 60.0
"""How long a write may wait for its turn."""
NO_SETTINGS: Final = SideSettings()
UNTIL_S: Final = 10.0
"""How long the mall may take to come to something."""
IMPORT_PAGES_MAX: Final = 500
"""Pages of one import; more is a walk that never ends."""


def reading_of(row: OutcomeRow) -> ReadingDone:
    """A reading that was made."""
    assert isinstance(row.outcome, ReadingDone)
    return row.outcome


class Lane:
    """One open connection and all that went through it."""

    def __init__(self, shop: Shop, credentials: Credentials, extra: str) -> None:
        own = {line.partition(" ")[0] for line in extra.splitlines()}
        given = [line for line in shop.config.splitlines() if line.partition(" ")[0] not in own]
        table = "\n".join((*given, extra))
        house = f'state_dir = "state"\nbase_mall = "{shop.kind}"\n{table}'
        settings = parse_settings(house.encode(), Path("/nowhere/zaiko.toml")).malls[0]
        self.shop = shop
        self.kind = kind_of(settings)
        self.card = self.kind.card
        self.http = open_http(settings, self.card)
        self.http._client.event_hooks = {"request": [self._asked], "response": [self._answered]}
        self.saved: list[dict[str, str]] = []
        """Rotated credentials, in the order they were stored."""
        self.exchanges: list[Exchange] = []
        self.before_write: Callable[[], None] = lambda: None
        """What happens the moment a write leaves."""
        self.orders: dict[str, OrderSnapshot] = {}
        """What the inventory knows: the newest snapshot of every order."""
        self.reads: list[str] = []
        """Orders as they were handed over, again and again if so."""
        self.unreadable: dict[str, UnreadableOrder] = {}
        self.connection = self.kind.connect(
            Session(
                transport=GatedTransport(self.http, lambda: True),
                credentials=credentials,
                switches=switches_of(settings),
                save_credentials=self._saved,
            )
        )
        self.save: Callable[[Credentials], Awaitable[None]] = self._keep
        self._call_ids = itertools.count(1)

    # --- the wire -----------------------------------------------------------------------------

    async def _asked(self, request: httpx.Request) -> None:
        if self.shop.profile.is_write(request.method, request.url.path, request.content):
            self.before_write()
        url = str(request.url)
        self._note(Exchange(request.method, url, request.content, 0, "", b""), len(self.exchanges))

    async def _answered(self, response: httpx.Response) -> None:
        await response.aread()
        asked = response.request
        kind = response.headers.get("content-type", "")
        exchange = Exchange(
            asked.method, str(asked.url), asked.content, response.status_code, kind,
            response.content,
        )  # fmt: skip
        self._note(exchange, len(self.exchanges) - 1)

    def _note(self, exchange: Exchange, place: int) -> None:
        self.exchanges[place:] = [exchange]
        if self.shop.kind == "amazon":
            flaws = flaws_of(exchange)
            if self.shop.is_garbling:
                flaws = [flaw for flaw in flaws if not flaw.endswith("not well-formed")]
            self.shop.flaws += flaws

    @property
    def writes(self) -> int:
        """How many requests wrote stock, or tried to."""
        is_write = self.shop.profile.is_write
        return sum(
            is_write(exchange.method, httpx.URL(exchange.url).path, exchange.body)
            for exchange in self.exchanges
        )

    def strike_write(self, kind: str, **more: object) -> None:
        """The next write meets this fault, and nothing before it."""

        def strike() -> None:
            self.before_write = lambda: None
            self.shop.fault(kind, endpoint="stock", **{"count": 1, **more})

        self.before_write = strike

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Waits for the mall to come to it."""
        async with asyncio.timeout(UNTIL_S):
            while not is_so():  # noqa: ASYNC110  the mall lives in another thread
                await asyncio.sleep(0.005)

    async def _saved(self, credentials: Credentials) -> None:
        await self.save(credentials)

    async def _keep(self, credentials: Credentials) -> None:
        self.saved.append(dict(credentials))

    # --- the catalogue ------------------------------------------------------------------------

    async def page(self, cursor: str | None) -> tuple[list[CatalogueRow], str | None]:
        """One page of an import, and where to go on."""
        letters: list[CatalogueRead] = []

        async def ask(letter: Letter) -> None:
            message = letter(0, 1)
            assert isinstance(message, CatalogueRead)
            letters.append(message)

        count, broken = await carry_out_import(ImportWork(1, cursor), self.connection, ask)
        if broken is not None:
            raise broken
        rows = [row for letter in letters for row in letter.rows]
        assert len(rows) == count
        return rows, letters[-1].cursor

    async def catalogue(self) -> dict[Key, CatalogueRow]:
        """The whole of it; a listing that comes twice is the same both times."""
        found: dict[Key, CatalogueRow] = {}
        cursor = None
        for _ in range(IMPORT_PAGES_MAX):
            rows, cursor = await self.page(cursor)
            for row in rows:
                key = (row.ref.code, row.ref.sub_code)
                assert found.setdefault(key, row) == row
            if cursor is None:
                return found
        raise AssertionError("an import that never ends")

    async def refs(self, *keys: Key) -> list[ListingRef]:
        """The listings with the handles an import gave them."""
        if not self.shop.profile.needs_import:
            return [ListingRef(code, sub_code) for code, sub_code in keys]
        found = await self.catalogue()
        return [found[key].ref for key in keys]

    # --- stock --------------------------------------------------------------------------------

    async def read(self, refs: Sequence[ListingRef]) -> Carried:
        """A reading as the lane carries it out."""
        rows = [ReadRow(place, next(self._call_ids), ref) for place, ref in enumerate(refs)]
        send_by = self.http.now() + SEND_WITHIN_S
        return await carry_out_reading(rows, send_by, self.connection, self.card, is_audit=False)

    async def push(
        self,
        changes: Mapping[ListingRef, tuple[int, int]],
        settings: SideSettings = NO_SETTINGS,
        send_in_s: float = SEND_WITHIN_S,
    ) -> Carried:
        """{listing: (difference, offer)}, written the way the mall is written to.

        In as many requests as the card says; what broke one of them is in the whole.
        """
        rows = [
            PushRow(
                place,
                next(self._call_ids),
                ref,
                delta,
                offer if self.card.write_kind == "anchored" else None,
                settings,
            )
            for place, (ref, (delta, offer)) in enumerate(changes.items())
        ]
        whole: list[OutcomeRow] = []
        error, wait_s = None, 0.0
        for at in range(0, len(rows), self.card.push_rows_max):
            part = rows[at : at + self.card.push_rows_max]
            send_by = self.http.now() + send_in_s
            carried = await carry_out_push(part, send_by, self.connection, self.kind)
            whole += carried.rows
            error, wait_s = carried.error or error, max(wait_s, carried.wait_s)
        whole.sort(key=lambda row: row.listing_id)
        return Carried(rows=tuple(whole), error=error, wait_s=wait_s)

    # --- orders -------------------------------------------------------------------------------

    async def poll(
        self, start: float | None = None, end: float | None = None, *, recheck: bool = True
    ) -> Polled:
        """A poll as the lane carries it out; by default of the last hour."""
        now = self.http.now()
        window = Poll(now - 3600 if start is None else start, end or now, now, recheck)
        return await carry_out_poll(
            window,
            self.connection,
            self.card,
            lambda letter: self._inventory(letter, recheck=recheck),
            self.http,
        )

    async def _inventory(self, letter: Letter, *, recheck: bool) -> Any:
        message = letter(7, 1)
        match message:
            case OrdersListed():
                wanted = tuple(mark.order for mark in message.marks if self._is_news(mark, recheck))
                return OrdersWanted(7, wanted)
            case OrdersRead():
                self.orders.update((order.order, order) for order in message.orders)
                self.reads += [order.order for order in message.orders]
                self.unreadable.update((order.order, order) for order in message.unreadable)
                return Ack(7)
        raise AssertionError(f"a poll does not send {type(message).__name__}")

    def _is_news(self, mark: Any, recheck: bool) -> bool:
        known = self.orders.get(mark.order)
        if known is None:
            return True
        return mark.mark != known.mark if mark.mark else recheck


@asynccontextmanager
async def opened(
    shop: Shop, extra: str = "", credentials: Mapping[str, str] | None = None
) -> AsyncIterator[Lane]:
    """A lane at that shop; `extra` are further lines of its settings."""
    lane = Lane(shop, credentials or shop.credentials, extra)
    try:
        yield lane
    finally:
        await lane.http.close()
