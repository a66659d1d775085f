"""The store: one writer engine and the statements of every room, compiled once."""

import pathlib
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine

from actors.store.breaker_rows import BreakerRows
from actors.store.database import CACHE_KIB, LOOKS_ONLY, bring_up, checkpoint, open_writer
from actors.store.fault_rows import FaultRows
from actors.store.feed_rows import FeedRows
from actors.store.import_rows import ImportRows
from actors.store.listing_rows import ListingRows
from actors.store.mall_rows import MallRows
from actors.store.movement_rows import MovementRows
from actors.store.offer_rows import OfferRows
from actors.store.order_rows import OrderRows
from actors.store.push_rows import PushRows
from actors.store.reflect_rows import ReflectRows
from actors.store.registered_rows import RegisteredRows
from actors.store.rule_key_rows import RuleKeyRows
from actors.store.rule_rows import RuleRows
from actors.store.sheet_rows import SheetRows


class Store:
    """Everything the desk reads and writes, in transactions it begins itself."""

    def __init__(self, path: pathlib.Path | None, cache_kib: int = CACHE_KIB) -> None:
        """Opens the file (None: in memory) and brings its schema up."""
        self.path = path
        self.engine: Engine = open_writer(path, cache_kib)
        bring_up(self.engine, path)
        self._writer = self.engine.connect()
        self._looker = self.engine.connect().execution_options(**{LOOKS_ONLY: True})
        dialect = self.engine.dialect
        self.malls = MallRows(dialect)
        self.listings = ListingRows(dialect)
        self.breakers = BreakerRows(dialect)
        self.pushes = PushRows(dialect, self.breakers)
        self.offers = OfferRows(dialect)
        self.reflects = ReflectRows(dialect)
        self.feeds = FeedRows(dialect)
        self.orders = OrderRows(dialect)
        self.movements = MovementRows(dialect)
        self.faults = FaultRows(dialect)
        self.imports = ImportRows(dialect)
        self.registered = RegisteredRows(dialect)
        self.rules = RuleRows(dialect)
        self.rule_keys = RuleKeyRows(dialect)
        self.sheets = SheetRows(dialect)

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """One transaction of the writer: committed when the block ends, undone when it raises."""
        with self._writer.begin():
            yield self._writer

    @contextmanager
    def look(self) -> Iterator[Connection]:
        """What is persisted, read by the writer between its transactions."""
        with self._looker.begin():
            yield self._looker

    def checkpoint(self) -> None:
        """Keeps the WAL short; may be called from another thread."""
        if self.path is not None:
            checkpoint(self.path)

    def close(self) -> None:
        """Closes the database."""
        self._looker.close()
        self._writer.close()
        self.engine.dispose()
