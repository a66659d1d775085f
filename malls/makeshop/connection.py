"""MakeShop by GMO: the connector, as the registry takes it (`KIND`).

GraphQL over one endpoint. Whether a written quantity is added or overwrites is found by a probe
before the first push (`probe_quantity_mode`). What is known of the mall, and how surely:
docs/malls/makeshop.md.
"""

from collections.abc import Sequence
from typing import cast

from engine.catalogue import CataloguePage, ListingRef
from engine.connector import (
    Connection,
    CredentialReport,
    Finding,
    Kind,
    OrderPage,
    OrdersFetched,
    Session,
    StockRead,
    StockWrite,
    WriteResult,
)
from malls.makeshop import catalogue, credentials, probe, stock
from malls.makeshop.card import CARD, card_for
from malls.makeshop.errors import TABLE
from malls.makeshop.orders import OrderDesk

__all__ = ["KIND", "MakeshopConnection", "card_for", "connect"]


class MakeshopConnection:
    """One shop's open connection; the promises are those of `engine.connector.Connection`."""

    def __init__(self, session: Session) -> None:
        self._door = credentials.Door(session)
        self._orders = OrderDesk(self._door)

    async def list_orders(
        self, start: float, end: float, cursor: str | None, *, recheck: bool
    ) -> OrderPage:
        """A page of the orders by the time they were placed; every mark tells a change."""
        del recheck  # one list serves both
        return await self._orders.list_orders(start, end, cursor)

    async def fetch_orders(self, orders: Sequence[str]) -> OrdersFetched:
        """Orders listed last; they cost no call."""
        return await self._orders.fetch(orders)

    async def read_stock(self, refs: Sequence[ListingRef]) -> StockRead:
        """Reads quantities; rows that a few calls do not reach are left out of the answer."""
        return await stock.read_stock(self._door, refs)

    async def write_stock(self, rows: Sequence[StockWrite]) -> WriteResult:
        """Writes the rows of one mutation; rows of the other kind are answered as not done."""
        return await stock.write_stock(self._door, rows)

    async def read_catalogue(self, cursor: str | None) -> CataloguePage:
        """A page of the catalogue."""
        return await catalogue.read_page(self._door, cursor)

    async def probe_quantity_mode(self, item: str = "") -> Finding:
        """Finds what the mall does with a written quantity; changes the item and puts it back."""
        return await probe.probe_quantity_mode(self._door, item)

    async def check_credentials(self) -> CredentialReport:
        """One cheap order call and one cheap stock call; the rest is spared."""

        async def stock_proof() -> None:
            await stock.prove(self._door)

        async def item_proof() -> None:
            await catalogue.prove(self._door)

        async def shop_proof() -> None:
            await credentials.prove_shop(self._door)

        return await credentials.check(
            self._door,
            needed=(self._orders.prove, stock_proof),
            spared=(
                ("商品検索", "product search", item_proof),
                ("ショップ情報の取得", "shop look-up", shop_proof),
            ),
        )


def connect(session: Session) -> Connection:
    """Opens a connection; nothing is called yet."""
    return MakeshopConnection(session)


async def probe_by(connection: Connection) -> Finding:
    """The probe of a connection this module opened, on the item of its settings."""
    return await cast(MakeshopConnection, connection).probe_quantity_mode()


KIND = Kind(card=CARD, connect=connect, errors=TABLE, probe=probe_by)
