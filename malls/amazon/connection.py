"""Amazon.co.jp (Selling Partner API): the connector, as the registry takes it (`KIND`).

Stock is written absolutely (anchored), orders are polled by a list that brings their lines along.
What is known of the mall, from where, and how surely: docs/malls/amazon.md.
"""

from collections.abc import Mapping, Sequence

from engine.catalogue import CataloguePage, ListingRef
from engine.connector import (
    Connection,
    CredentialReport,
    FeedEnd,
    Kind,
    OrderPage,
    OrdersFetched,
    Session,
    StockRead,
    StockWrite,
    WriteResult,
)
from malls.amazon import catalogue, credentials, feeds, stock
from malls.amazon.card import CARD, card_for, is_v0
from malls.amazon.errors import ERRORS
from malls.amazon.orders import Orders
from malls.amazon.orders_v0 import OrdersV0

__all__ = ["KIND", "AmazonConnection", "card_for", "connect"]


class AmazonConnection:
    """One seller's open connection; the promises are those of `Connection` and `FeedConnection`."""

    def __init__(self, session: Session) -> None:
        self._access = credentials.Access(session)
        is_old = is_v0(session.switches)
        self._orders = OrdersV0(self._access) if is_old else Orders(self._access)

    async def list_orders(
        self, start: float, end: float, cursor: str | None, *, recheck: bool
    ) -> OrderPage:
        """A page of orders placed in the window, and with `recheck` of those changed since."""
        return await self._orders.list_orders(start, end, cursor, recheck=recheck)

    async def fetch_orders(self, orders: Sequence[str]) -> OrdersFetched:
        """Orders by number; those the last page has just shown cost no call."""
        return await self._orders.fetch_orders(orders)

    async def read_stock(self, refs: Sequence[ListingRef]) -> StockRead:
        """Quantities as they were a while ago."""
        return await stock.read_stock(self._access, refs)

    async def write_stock(self, rows: Sequence[StockWrite]) -> WriteResult:
        """Writes one row in one request; done means accepted, not yet live."""
        return await stock.write_stock(self._access, rows)

    async def read_catalogue(self, cursor: str | None) -> CataloguePage:
        """A page of the catalogue."""
        return await catalogue.read_catalogue(self._access, cursor)

    async def check_credentials(self) -> CredentialReport:
        """Uses the refresh token, then one cheap order call and one cheap listing call."""

        async def stock_proof() -> None:
            await stock.prove(self._access)

        return await credentials.check(self._access, (self._orders.prove, stock_proof))

    # --- many rows at once -----------------------------------------------------------------------

    async def refused_by_look(self, refs: Sequence[ListingRef]) -> Mapping[ListingRef, str]:
        """Which listings must not go into a feed, and by which code of the error table."""
        return await feeds.look_all(self._access, refs)

    async def submit_feed(self, rows: Sequence[tuple[int, StockWrite]]) -> str:
        """Hands numbered rows that were looked at in as one feed; its ticket."""
        return await feeds.submit(self._access, rows)

    async def look_at_feed(self, ticket: str) -> FeedEnd | None:
        """How a feed ended; None while it is under way."""
        return await feeds.look(self._access, ticket)


def connect(session: Session) -> Connection:
    """Opens a connection; nothing is called yet."""
    return AmazonConnection(session)


KIND = Kind(card=CARD, connect=connect, errors=ERRORS)
