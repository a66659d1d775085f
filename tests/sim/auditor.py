"""The auditor: looks at the database after every turn and holds it against the truth.

It knows what the malls really are and what was really sold (`books.py`), and complains with
`AssertionError`. What it checks of one listing is in `listing_audit.py`.
"""

from collections.abc import Sequence
from typing import Any

from actors.desk.desk import Incoming, Outgoing
from actors.store.order_rows import DECODER as ORDER_DECODER
from actors.store.push_rows import decode_state
from engine.ledger import Reason
from engine.messages import OrdersRead, Outcomes, PushWork, ReadWork, Work
from engine.order_state import StoredOrder
from engine.push_state import ListingPush, ReadingDone
from engine.snapshot import OrderSnapshot
from tests.sim.books import Applied, Opening, OrderBook
from tests.sim.inventory import Inventory
from tests.sim.listing_audit import Listing, ListingAudit, ReadRecord
from tests.sim.pretend_mall import PretendMall
from tests.sim.scenario import EPS_S
from tests.sim.trace import Trace


class Auditor:
    """One for a run."""

    def __init__(self, inventory: Inventory, malls: Sequence[PretendMall], trace: Trace) -> None:
        self.inventory = inventory
        self.trace = trace
        self._malls = malls
        self._revision = 0
        self.malls = {mall.name: mall for mall in malls}
        self.by_id: dict[int, PretendMall] = {}
        self.books: dict[str, OrderBook] = {}
        self.made: dict[tuple[str, float, float], int] = {}
        """(order, read_from, read_until) -> the version a snapshot showed."""
        self.reads: dict[int, ReadRecord] = {}
        self.totals: dict[int, int | None] = {}
        self.moved_now: set[int] = set()
        """SKUs whose total the last turn moved."""
        self.openings: dict[int, Opening] = {}
        """Of a SKU as the base mall sees it: the settled opening reading."""
        self.starts: dict[int, Opening] = {}
        """As all other malls see it; after a count, of all malls."""
        self.sums: dict[int, int] = {}
        self.moved: dict[tuple[int, str, str, int], int] = {}
        self.adjusted: dict[str, int] = {}
        """Keys of adjustments that were asked for."""
        self.counted: dict[str, list[tuple[float, int]]] = {}
        """SKU code -> (true time, quantity) of counts that were asked for."""
        self.sku_codes: dict[int, str] = {}
        self.states: dict[int, ListingPush] = {}
        self.listing_audit = ListingAudit(self)
        self.listings: dict[int, Listing] = {}
        self.parked: dict[str, bool] = {}
        self.marks: dict[int, tuple[float | None, float | None]] = {}
        self.commands: dict[int, tuple[Any, ...]] = {}
        self._rows: dict[int, tuple[Any, ...]] = {}
        self._last_seq = 0
        self._ledger: list[tuple[Any, ...]] = []
        self._changes = -1
        self._checks = 0
        self._connection = inventory.store.engine.raw_connection()
        inventory.committed = self.committed
        inventory.sent = self.sent

    def query(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        return list(self._connection.cursor().execute(sql, values).fetchall())

    # --- what it is told ----------------------------------------------------------------------

    def snapshot_made(self, snapshot: OrderSnapshot, version: int) -> None:
        self.made[snapshot.order, snapshot.read_from, snapshot.read_until] = version

    def was_read(self, call_id: int, moment: float, quantity: int, left_at: float) -> None:
        now = self.inventory.clock.now
        self.reads[call_id] = ReadRecord(moment, quantity, left_at, now)

    def called(self, actor: Any) -> None:
        """F3: a call of a lane left."""
        assert actor.order_told == "running", f"{actor.process} calls while {actor.order_told}"

    def order_placed(self, mall: PretendMall, number: str) -> None:
        self.books[number] = OrderBook(mall.orders[number], mall.plan)

    def sent(self, _receiver: bytes, letter: Any) -> None:
        """A reply leaves the desk: one command a call id, for ever (C1, invariant 5)."""
        if not isinstance(letter, Work):
            return
        work = letter.work
        if isinstance(work, PushWork):
            for row in work.rows:
                is_news = row.call_id not in self.commands
                self._command(
                    row.call_id, ("push", row.listing_id, row.delta, row.value, work.send_by)
                )
                if not is_news:
                    continue
                listing = self.listings[row.listing_id]
                assert listing.links, "a push for a listing without a link"
                for sku, _ in listing.links:
                    assert self.totals[sku] is not None, "a push without a total (invariant 7)"
                assert row.value is None or row.value >= 0
        elif isinstance(work, ReadWork):
            for read in work.rows:
                self._command(read.call_id, ("read", read.listing_id, work.send_by))

    def _command(self, call_id: int, what: tuple[Any, ...]) -> None:
        assert self.commands.setdefault(call_id, what) == what, "one id, two commands"

    # --- after every turn -----------------------------------------------------------------------

    def committed(self, batch: Sequence[Incoming], outgoing: Outgoing | None) -> None:
        changes = self._connection.dbapi_connection.total_changes  # type: ignore[union-attr]
        if changes == self._changes:
            return
        self._changes = changes
        self._checks += 1
        if outgoing is None:
            batch = []
        self._note_outcomes(batch)
        self._load_listings()
        touched = self._applied(batch)
        self._totals()
        touched |= self._movements()
        self._parked()
        self._watermarks()
        changed = self._states()
        for number in sorted(touched):
            self._check_order(number)
        self.listing_audit.turn(changed, is_single=len(batch) <= 1)

    def look(self) -> None:
        """After a step of the world; a turn was looked at already."""
        revision = sum(mall.revision for mall in self._malls)
        if revision != self._revision:
            self._revision = revision
            self.listing_audit.contain_all()

    def _note_outcomes(self, batch: Sequence[Incoming]) -> None:
        for incoming in batch:
            if isinstance(incoming.letter, Outcomes):
                for row in incoming.letter.rows:
                    if isinstance(row.outcome, ReadingDone):
                        done = row.outcome
                        self.listing_audit.ended[row.listing_id, done.end] = done.id

    def _load_listings(self) -> None:
        rows = self.query(
            "SELECT l.id, l.mall_id, l.code, l.is_conflict, k.sku_id, k.units FROM listing l"
            " LEFT JOIN link k ON k.listing_id = l.id ORDER BY l.id, k.sku_id"
        )
        if not self.by_id:
            names = self.query("SELECT id, name FROM mall")
            self.by_id = {row[0]: self.malls[row[1]] for row in names}
        found: dict[int, Listing] = {}
        for listing_id, mall_id, code, is_conflict, sku, units in rows:
            mall = self.by_id[mall_id]
            listing = found.setdefault(
                listing_id, Listing(listing_id, mall, mall.shelves[code], [])
            )
            if sku is not None and not is_conflict:
                listing.links.append((sku, units))
        self.listings = found

    # --- orders -----------------------------------------------------------------------------

    def _stored(self, number: str) -> StoredOrder | None:
        rows = self.query("SELECT body FROM sale_order WHERE number = ?", number)
        return ORDER_DECODER.decode(rows[0][0]) if rows else None

    def _applied(self, batch: Sequence[Incoming]) -> set[str]:
        touched = set()
        for incoming in batch:
            if not isinstance(incoming.letter, OrdersRead):
                continue
            for snapshot in incoming.letter.orders:
                stored = self._stored(snapshot.order)
                book = self.books[snapshot.order]
                is_applied = stored is not None and (stored.read_from, stored.read_until) == (
                    snapshot.read_from, snapshot.read_until
                )  # fmt: skip
                if not is_applied:
                    continue
                if (book.read_from, book.read_until) == (snapshot.read_from, snapshot.read_until):
                    continue
                touched.add(snapshot.order)
                self._apply(book, snapshot)
        return touched

    def _apply(self, book: OrderBook, snapshot: OrderSnapshot) -> None:
        version = self.made[snapshot.order, snapshot.read_from, snapshot.read_until]
        offset_s, lag_s = book.plan.offset_s, book.plan.lag_s
        assert version >= book.version, "an older snapshot was applied after a newer one"
        since = book.order.placed
        if book.applied:
            since = max(since, book.read_from - offset_s - lag_s)
        book.applied.append(Applied(version, since, snapshot.read_until - offset_s))
        book.read_from, book.read_until = snapshot.read_from, snapshot.read_until
        for each in book.order.versions[: version + 1]:
            for change in each.changes:
                change.is_seen = True
        for line in book.order.versions[0].lines.values():
            self._forget_seen(book, line.code)
        for each in book.order.versions[: version + 1]:
            for line in each.lines.values():
                self._forget_seen(book, line.code)

    def _forget_seen(self, book: OrderBook, code: str) -> None:
        self.malls[book.plan.settings.name].shelves[code].forget_seen()

    def _check_order(self, number: str) -> None:
        stored = self._stored(number)
        assert stored is not None, f"movements of an order that is not stored: {number}"
        book = self.books[number]
        mall_id = next(key for key, mall in self.by_id.items() if mall.plan is book.plan)
        for line in stored.lines:
            if not line.shares:
                assert line.counted == 0, f"{number}/{line.line} counts without a share"
                continue
            counts = book.counts(line.line)
            assert line.counted == counts[-1], (
                f"{number}/{line.line} counted {line.counted}, its snapshots say {counts}"
            )
            for share in line.shares:
                if share.sku_id not in self.totals:
                    continue  # The SKU was deleted here: its past moves nothing.
                key = (line.line, share.sku_id)
                if key not in book.openings:
                    opened = self.starts[share.sku_id]
                    if book.plan.is_base:
                        opened = self.openings.get(share.sku_id, opened)
                    book.openings[key] = opened
                low, high = book.sum_range(
                    line.line, share.sku_id, share.units, self.openings.get(share.sku_id)
                )
                moved = self.moved.get((mall_id, number, line.line, share.sku_id), 0)
                assert low <= moved <= high, (
                    f"{number}/{line.line} moved SKU {share.sku_id} by {moved},"
                    f" which should be in [{low}, {high}]: {counts}"
                )

    # --- the ledger -----------------------------------------------------------------------------

    def _totals(self) -> None:
        rows = self.query(
            "SELECT id, code, total, started_at, opened_start, opened_end, counted_at,"
            " base_listing_id FROM sku"
        )
        self.moved_now = set()
        for gone in self.totals.keys() - {row[0] for row in rows}:
            del self.totals[gone], self.sku_codes[gone]
        for sku, code, total, started_at, opened_start, opened_end, counted_at, base in rows:
            self.sku_codes[sku] = code
            if started_at is not None and sku not in self.starts:
                self._started(sku, started_at, base)
            if opened_start is not None and sku not in self.openings and counted_at is None:
                self._opened(sku, base, opened_end)
            if counted_at is not None:
                counted = Opening(counted_at, counted_at)
                self.starts[sku] = self.openings[sku] = counted
            if self.totals.get(sku) != total:
                self.moved_now.add(sku)
            self.totals[sku] = total

    def _started(self, sku: int, started_at: float, base: int) -> None:
        """F1: a0 is the beginning of a reading of the base listing that really was."""
        lefts = [
            record.left_at
            for call, record in self.reads.items()
            if self.commands.get(call, ("", 0))[1] == base
        ]
        left_at = min(lefts, key=lambda at: abs(at - started_at), default=None)
        assert left_at is not None, f"SKU {sku} starts without a reading"
        assert abs(left_at - started_at) <= EPS_S, (
            f"SKU {sku} starts at {started_at}, its readings at {lefts}"
        )
        self.starts[sku] = Opening(left_at, left_at)

    def _opened(self, sku: int, base: int, opened_end: float) -> None:
        call = self.listing_audit.ended[base, opened_end]
        record = self.reads[call]
        # A stale reading shows any moment of the last stale_s: an order of another listing of the
        # base mall that falls there is a movement or is inside, and nobody can tell.
        stale_s = self.listings[base].mall.plan.stale_s
        self.openings[sku] = Opening(record.left_at - stale_s, record.ended_at)

    def _movements(self) -> set[str]:
        touched = set()
        rows = self.query(
            "SELECT seq, sku_id, delta, total, reason, mall_id, number, line, key, at FROM movement"
            " WHERE seq > ? ORDER BY seq",
            self._last_seq,
        )
        for row in rows:
            _, sku, delta, total, reason, mall_id, number, line, key, at = row
            before = self.sums.get(sku, 0)
            self.sums[sku] = before + delta
            assert self.sums[sku] == total, f"movement {row} does not add up"
            if number:
                place = (mall_id, number, line, sku)
                self.moved[place] = self.moved.get(place, 0) + delta
                touched.add(number)
            else:
                self._explain(sku, delta, total, reason, key, at)
        if rows:
            self._last_seq = rows[-1][0]
            self._ledger += rows
        for sku, total in self.totals.items():
            if total is None:
                assert sku not in self.sums, "movements without a total"
            else:
                assert total == self.sums.get(sku, 0), (
                    f"total of SKU {sku} is {total}, its movements add up to {self.sums.get(sku)}"
                )
        if self._checks % 40 == 0:
            self.check_ledger()
        return touched

    def check_ledger(self) -> None:
        """Append-only: what was written once is still there as it was."""
        rows = self.query(
            "SELECT seq, sku_id, delta, total, reason, mall_id, number, line, key, at FROM movement"
            " ORDER BY seq"
        )
        assert rows == self._ledger, "the ledger was rewritten"

    def _explain(
        self, sku: int, delta: int, total: int, reason: str, key: str | None, at: float
    ) -> None:
        if reason == Reason.OPENING:
            (base, opened_end) = self.query(
                "SELECT base_listing_id, opened_end FROM sku WHERE id = ?", sku
            )[0]
            record = self.reads[self.listing_audit.ended[base, opened_end]]
            assert delta == record.quantity, f"SKU {sku} opened with {delta}, read {record}"
            assert self.sums[sku] == delta, "an opening after other movements"
        elif reason == Reason.ADJUSTMENT:
            name = (key or "").split(":")[1]
            assert self.adjusted.pop(name) == delta, f"adjusted {key} by {delta}"
        elif reason == Reason.STOCKTAKE:
            asked = self.counted[self.sku_codes[sku]]
            assert total in [quantity for _, quantity in asked], f"counted {total}: {at}"
        else:
            raise AssertionError(f"a movement that nobody caused: {reason} {delta}")

    # --- polls ------------------------------------------------------------------------------

    def _parked(self) -> None:
        rows = self.query("SELECT number, is_counted, is_dismissed FROM parked_order")
        self.parked = {number: bool(counted or dismissed) for number, counted, dismissed in rows}

    def _watermarks(self) -> None:
        rows = self.query("SELECT id, watermark, recheck_watermark FROM mall")
        for mall_id, watermark, recheck in rows:
            if self.marks.get(mall_id) == (watermark, recheck):
                continue
            before = self.marks.get(mall_id, (None, None))
            self.marks[mall_id] = (watermark, recheck)
            for old, new in zip(before, (watermark, recheck), strict=True):
                assert old is None or (new is not None and new >= old), "a watermark went back"
            self._check_seen(self.by_id[mall_id], watermark, recheck)

    def _check_seen(
        self, mall: PretendMall, watermark: float | None, recheck: float | None
    ) -> None:
        """Invariant 3 and T1: nothing behind a watermark is unknown, unless it is parked."""
        behind_s = mall.plan.offset_s + mall.plan.lag_s + EPS_S
        seen_to = None if watermark is None else watermark - behind_s
        for number, order in mall.orders.items():
            book = self.books[number]
            if book.version == order.latest.number or number in self.parked or seen_to is None:
                continue
            if not book.applied:
                is_passed = order.placed <= seen_to and not order.is_late
                assert not is_passed, f"the watermark passed {number}"
            elif recheck is not None:
                missing = order.versions[book.version + 1]
                is_passed = missing.at <= min(seen_to, recheck - behind_s)
                assert not is_passed, f"a re-read passed version {missing.number} of {number}"

    # --- listings -----------------------------------------------------------------------------

    def _states(self) -> dict[int, tuple[ListingPush | None, ListingPush | None]]:
        rows = self.query("SELECT listing_id, low, high, body FROM listing_push")
        changed: dict[int, tuple[ListingPush | None, ListingPush | None]] = {}
        seen = set()
        for row in rows:
            listing_id = row[0]
            seen.add(listing_id)
            if self._rows.get(listing_id) == row:
                continue
            self._rows[listing_id] = row
            state = decode_state(row[3], row[1], row[2])
            changed[listing_id] = (self.states.get(listing_id), state)
            self.states[listing_id] = state
        for listing_id in [key for key in self.states if key not in seen]:
            changed[listing_id] = (self.states.pop(listing_id), None)
            del self._rows[listing_id]
        return changed
