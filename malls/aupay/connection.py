"""au PAY Market (au PAY マーケット): the connector, as the registry takes it (`KIND`).

Stock is written absolutely, so the lane guards it (or anchors it, where reads are stale); orders
are listed by day, lines included. What is known of the mall, and how surely: docs/malls/aupay.md.
"""

from collections.abc import Sequence

from engine.catalogue import CataloguePage, ListingRef
from engine.connector import (
    Connection,
    CredentialReport,
    Kind,
    OrderPage,
    OrdersFetched,
    Session,
    StockRead,
    StockWrite,
    WriteResult,
)
from malls.aupay import catalogue, credentials, stock
from malls.aupay.card import CARD, card_for
from malls.aupay.choices import Choices
from malls.aupay.errors import TABLE
from malls.aupay.orders import OrderDesk

__all__ = ["KIND", "AupayConnection", "card_for", "connect"]


class AupayConnection:
    """One shop's open connection; the promises are those of `engine.connector.Connection`."""

    def __init__(self, session: Session) -> None:
        self._door = credentials.Door(session)
        self._orders = OrderDesk(self._door, Choices(self._door))

    async def list_orders(
        self, start: float, end: float, cursor: str | None, *, recheck: bool
    ) -> OrderPage:
        """A page of the orders of the window's days; every mark tells a change."""
        del recheck  # one list serves both
        return await self._orders.list_orders(start, end, cursor)

    async def fetch_orders(self, orders: Sequence[str]) -> OrdersFetched:
        """Orders by number; those listed last cost no call."""
        return await self._orders.fetch(orders)

    async def read_stock(self, refs: Sequence[ListingRef]) -> StockRead:
        """Reads the quantities that a few calls reach; the rest is left out of the answer."""
        return await stock.read_stock(self._door, refs)

    async def write_stock(self, rows: Sequence[StockWrite]) -> WriteResult:
        """Sets quantities in one request."""
        return await stock.write_stock(self._door, rows)

    async def read_catalogue(self, cursor: str | None) -> CataloguePage:
        """A page of the catalogue."""
        return await catalogue.read_page(self._door, cursor)

    async def check_credentials(self) -> CredentialReport:
        """One cheap order call and one cheap stock call; the item list is spared."""

        async def stock_proof() -> None:
            await stock.prove(self._door)

        async def item_proof() -> None:
            await catalogue.prove(self._door)

        return await credentials.check(
            self._door,
            needed=(self._orders.prove, stock_proof),
            spared=(("商品検索", "item search", item_proof),),
        )


def connect(session: Session) -> Connection:
    """Opens a connection; nothing is called yet."""
    return AupayConnection(session)


KIND = Kind(card=CARD, connect=connect, errors=TABLE)
