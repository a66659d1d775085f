"""Yahoo! Shopping (Yahoo!ショッピング): the connector, as the registry takes it (`KIND`).

Stock is written relatively, orders are polled by list and read one by one, access is renewed by
consent. What is known of the mall, and how surely, is in docs/malls/yahoo.md.
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
from engine.faults import MallError
from malls.yahoo import catalogue, orders, stock
from malls.yahoo.card import CARD
from malls.yahoo.credentials import Access, ConsentRenewal, forbidden_at_check
from malls.yahoo.errors import TABLE

__all__ = ["KIND", "YahooConnection", "connect"]


class YahooConnection:
    """One store's open connection; the promises are those of `engine.connector.Connection`."""

    def __init__(self, session: Session) -> None:
        self._switches = session.switches
        self._access = Access(session)

    @property
    def warnings(self) -> tuple[tuple[str, str], ...]:
        """What the mall last said of the public key, as sentences for the operator."""
        return self._access.warnings

    async def list_orders(
        self, start: float, end: float, cursor: str | None, *, recheck: bool
    ) -> OrderPage:
        """A page of orders by the time they were placed; every mark tells a change."""
        del recheck  # one list serves both: it shows status, version and update time
        return await orders.read_list(self._access, start, end, cursor)

    async def fetch_orders(self, orders_: Sequence[str]) -> OrdersFetched:
        """Reads orders one by one."""
        return await orders.fetch(
            self._access, orders_, self._switches.get(orders.EDIT_SIGN, "version")
        )

    async def read_stock(self, refs: Sequence[ListingRef]) -> StockRead:
        """Reads quantities in one call."""
        return await stock.read_stock(self._access, refs)

    async def write_stock(self, rows: Sequence[StockWrite]) -> WriteResult:
        """Writes rows in one request, with their over-purchase setting."""
        return await stock.write_stock(self._access, rows, self._switches)

    async def read_catalogue(self, cursor: str | None) -> CataloguePage:
        """A page of the catalogue."""
        return await catalogue.read_page(self._access, cursor, self._switches)

    async def check_credentials(self) -> CredentialReport:
        """Uses the refresh token, then one cheap order call and one cheap item call."""
        await self._access.refresh()
        try:
            await orders.count(self._access)
            await catalogue.probe(self._access)
        except MallError as failed:
            judged = forbidden_at_check(failed, self._access)
            if judged is failed:
                raise
            raise judged from failed
        return CredentialReport(self._access.expires_at, self._access.warnings)


def connect(session: Session) -> Connection:
    """Opens a connection; nothing is called yet."""
    return YahooConnection(session)


KIND = Kind(card=CARD, connect=connect, errors=TABLE, renewal=ConsentRenewal())
