"""Rakuten Ichiba (楽天市場) by RMS WEB SERVICE: orders, relative stock writes, catalogue, keys.

What is known of the mall, from where, and how surely: `docs/malls/rakuten.md`.
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
from malls.rakuten import catalogue, credentials, stock
from malls.rakuten import orders as order_calls
from malls.rakuten.card import CARD
from malls.rakuten.errors import ERRORS

__all__ = ["CARD", "ERRORS", "KIND", "connect"]


class _RakutenConnection:
    """One account, composed of the folder's rooms; it keeps no state between calls."""

    def __init__(self, session: Session) -> None:
        self._door = credentials.Door(session)
        self._now = session.transport.now

    async def list_orders(
        self, start: float, end: float, cursor: str | None, *, recheck: bool
    ) -> OrderPage:
        return await order_calls.list_orders(self._door, start, end, cursor, recheck=recheck)

    async def fetch_orders(self, orders: Sequence[str]) -> OrdersFetched:
        return await order_calls.fetch_orders(self._door, orders)

    async def read_stock(self, refs: Sequence[ListingRef]) -> StockRead:
        return await stock.read_stock(self._door, refs)

    async def write_stock(self, rows: Sequence[StockWrite]) -> WriteResult:
        return await stock.write_stock(self._door, rows)

    async def read_catalogue(self, cursor: str | None) -> CataloguePage:
        return await catalogue.read_catalogue(self._door, cursor)

    async def check_credentials(self) -> CredentialReport:
        async def orders_proof() -> None:
            await order_calls.prove(self._door, self._now())

        async def stock_proof() -> None:
            await stock.prove(self._door)

        async def catalogue_proof() -> None:
            await catalogue.prove(self._door)

        return await credentials.check(
            self._door,
            needed=(orders_proof, stock_proof),
            spared=(("商品検索", "item search", catalogue_proof),),
        )


def connect(session: Session) -> Connection:
    """Opens an account; makes no call."""
    return _RakutenConnection(session)


KIND = Kind(card=CARD, connect=connect, errors=ERRORS)
