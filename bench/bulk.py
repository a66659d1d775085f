"""A whole catalogue pushed to one mall at its own published pace, and an order that overtakes it.

Every listing's offer falls by one at once (a buffer that was set), so that every one of them is
pushed. The lane is the real one, in this process, with its HTTP calls to a pretend mall counted;
the inventory is a process. A sandbox's speed multiplies the mall's rates, so that the run need not
take as long as the real mall would: the limit it is compared with is divided likewise.

    ratio            seconds from the first call until every listing was written, or handed in by
                     feed / what the published rates allow
    level_s          the same until nothing is due any more: how long a mall works on a feed is not
                     published, and an order beside it is written once more when it is live
    overtaken_calls  write calls between an order's commit and the call that carries its push
    memory           resident size of inventory and lane, at the start and at the peak

Goals: ratio <= 1.1, overtaken_calls <= 1, a peak of at most 1.1 of the start.
"""

import argparse
import asyncio
import json
import os
import sqlite3
import statistics
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

from msgspec.structs import replace

from actors.mall_account import kind_of, open_http, switches_of
from actors.mall_http import GatedTransport, MallHttp
from actors.mall_lane import MallLane
from bench.house import TOKEN, TOTAL, House, MallPlan, code_of, house_of, started
from bench.lane import Lane, snapshot_of
from bench.limit import memory_of, rounded
from bench.pretend import Pretend, pretend_malls
from config.logs import set_up_logs
from config.settings import MallSettings
from engine.connector import Credentials, Reply, Request, Session
from engine.messages import OrdersRead
from engine.tempo_told import push_all_s

SPEEDS: Final = {"rakuten": 3.0, "yahoo": 1.0, "aupay": 6.0, "makeshop": 6.0, "amazon": 5.0}
"""How much faster than the real one each pretend mall lives here."""
FIELDS: Final = {
    "makeshop": 'quantity_mode = "relative"\nbelow_zero = "refuses"',
    "yahoo": 'below_zero = "clamps"',
}
FEED_FILE: Final = "feed-file"
BY_PLACE: Final = {"aupay", "makeshop"}
"""Kinds whose import notes where a listing is found."""
MARK_LETTERS: Final = 6
"""Shorter words of what an import keeps could be anything."""
OPEN_SPEED: Final = 10_000.0
ANSWER_S: Final = 60.0
LIVE_S_MAX: Final = 900.0
"""What a mall accepted is live after so long; its own time."""
LOOK_S: Final = 0.2
DONE_S_MAX: Final = 3_600.0
ORDERS: Final = 5
"""Orders that overtake, spread over the push."""
GOALS: Final = {"ratio": 1.1, "overtaken_calls": 1, "memory": 1.1}
TOP: Final = (
    "compare_interval_s = 86400\nreread_interval_s = 86400\npoll_interval_s = 60\nbuffer = 1\n"
    "breaker_listings_share = 1.0\nbreaker_zero_share = 1.0"
)


class Watch:
    """Notes the lane's HTTP calls: when, and what the writes carry."""

    def __init__(self) -> None:
        self.first_at = 0.0
        self.given_at = 0.0
        """Every listing was written or handed in."""
        self.level_at = 0.0
        """Nothing is due any more."""
        self.writes = 0
        self.reads = 0
        self.peak_mib = 0.0
        self._target: tuple[bytes, ...] = ()
        self._found = asyncio.Event()
        self._since = 0
        self.overtaken: list[int] = []

    def attach(self, http: MallHttp) -> None:
        """Stands between the lane and its client."""
        call = http._call  # noqa: SLF001  the seam that nothing but a call passes

        async def watched(request: Request) -> Reply:
            if request.family == "stock":
                self._note(request)
            return await call(request)

        http._call = watched  # type: ignore[method-assign]  # noqa: SLF001

    def _note(self, request: Request) -> None:
        self.first_at = self.first_at or time.perf_counter()
        if request.is_safe:
            self.reads += 1
            return
        self.writes += 1
        if request.bucket == FEED_FILE:
            return  # the bulk itself
        carried = request.path.encode() + request.body
        if any(mark in carried for mark in self._target):
            self.overtaken.append(self.writes - self._since - 1)
            self._target = ()
            self._found.set()

    async def carries(self, marks: Sequence[str]) -> None:
        """Returns when a write carried one of those codes; calls are counted from now."""
        self._target = tuple(mark.encode() for mark in marks)
        self._since = self.writes
        self._found.clear()
        await self._found.wait()


def _import_overdraft(house: House) -> None:
    """The over-purchase setting is registered, as an import leaves it: no push need look it up."""
    with sqlite3.connect(house.settings.database_file) as database:
        database.execute("UPDATE listing SET overdraft = 0 WHERE mall_id = 2")


async def _save(credentials: Credentials) -> None:
    del credentials


async def _import_places(house: House, settings: MallSettings) -> None:
    """Puts into the database what an import keeps of a listing beside its codes."""
    kind = kind_of(settings)
    opened = replace(settings, speed=OPEN_SPEED)
    http = open_http(opened, kind.card)
    session = Session(
        transport=GatedTransport(http, lambda: True),
        credentials=dict(house.malls[1].credentials),
        switches=switches_of(opened),
        save_credentials=_save,
    )
    connection = kind.connect(session)
    cursor: str | None = None
    with sqlite3.connect(house.settings.database_file) as database:
        ids = dict(database.execute("SELECT code, id FROM listing WHERE mall_id = 2"))
        while True:
            page = await connection.read_catalogue(cursor)
            database.executemany(
                "UPDATE listing SET native = ? WHERE id = ?",
                [(row.ref.native, ids[row.ref.code]) for row in page.rows],
            )
            cursor = page.cursor
            if cursor is None:
                break
    await http.close()


IN_THE_BULK: Final = (
    "SELECT waiting FROM breaker WHERE mall_id = 2",
    "SELECT count(*) FROM listing_push WHERE mall_id = 2 AND call_id <> 0",
    "SELECT count(*) FROM feed WHERE mall_id = 2 AND ticket = ''",
)
"""What was not given to the lane, and what the lane has not answered for."""
NOT_LEVEL: Final = (
    "SELECT count(*) FROM listing_push WHERE mall_id = 2 AND (push_at IS NOT NULL OR call_id <> 0)",
    "SELECT count(*) FROM feed WHERE mall_id = 2",
)


def _count(house: House, queries: Sequence[str]) -> int:
    address = f"file:{house.settings.database_file}?mode=ro"
    with sqlite3.connect(address, uri=True) as connection:
        found = [connection.execute(query).fetchone() for query in queries]
        return sum(int(row[0]) for row in found if row is not None)


async def _sell(lane: Lane, place: int, sku: int) -> None:
    orders = (snapshot_of(f"20260101-{place:08d}", [(sku, 3)], time.time()),)
    await lane.lease.ask(lambda number, epoch: OrdersRead(number, epoch, orders))


def _marks(house: House, skus: int) -> dict[int, list[str]]:
    """What the listings of the last SKUs are called in a write: their code, or the mall's own."""
    found = {}
    with sqlite3.connect(house.settings.database_file) as database:
        for sku in range(skus - ORDERS + 1, skus + 1):
            query = "SELECT native FROM listing WHERE mall_id = 2 AND code = ?"
            (native,) = database.execute(query, (code_of(sku),)).fetchone()
            own = json.loads(native) if native else []
            texts = [part for part in own if isinstance(part, str) and len(part) >= MARK_LETTERS]
            found[sku] = [code_of(sku), *texts]
    return found


async def _overtake(
    lane: Lane, watch: Watch, marks: Mapping[int, Sequence[str]], skus: int, every_s: float
) -> None:
    """Orders at mall one while mall two is pushed, each of a listing that is last in the bulk."""
    for place in range(ORDERS):
        await asyncio.sleep(every_s)
        sku = skus - place
        await _sell(lane, place, sku)
        async with asyncio.timeout(ANSWER_S):
            await watch.carries(marks[sku])


async def _push_all(house: House, told: argparse.Namespace, allowed: float) -> Watch:
    settings = house.settings.mall("two")
    if settings is None:
        raise KeyError("two")
    marks = _marks(house, told.listings)
    lane = Lane(house, "one")
    mall = MallLane(
        house.settings, settings, kind_of(settings), endpoint=house.endpoint, token=TOKEN
    )
    set_up_logs("bench", house.state.logs, file_bytes_max=10_000_000, files_max=1, stderr=None)
    watch = Watch()
    watch.attach(mall._http)  # noqa: SLF001
    ready = asyncio.Event()
    at_work = asyncio.create_task(mall.run(ready.set))
    try:
        await lane.begin()
        await asyncio.wait_for(ready.wait(), ANSWER_S)
        overtaking = asyncio.create_task(
            _overtake(lane, watch, marks, told.listings, allowed / (ORDERS + 2))
        )
        async with asyncio.timeout(DONE_S_MAX):
            while not watch.given_at or await asyncio.to_thread(_count, house, NOT_LEVEL) > 0:
                if watch.writes and not watch.given_at:
                    left = await asyncio.to_thread(_count, house, IN_THE_BULK)
                    watch.given_at = 0.0 if left else time.perf_counter()
                watch.peak_mib = max(watch.peak_mib, _own_mib())
                await asyncio.sleep(LOOK_S)
            watch.level_at = time.perf_counter()
        await overtaking
        mall.drain()
        await at_work
    finally:
        at_work.cancel()
        lane.close()
    return watch


def _own_mib() -> float:
    return memory_of(os.getpid())["rss_mib"]


def _wrong(pretend: Pretend, skus: int) -> int:
    """Listings of the pretend mall that are not what they should be."""
    shown = {item["code"]: item["quantity"] for item in pretend.state()["items"]}
    sold = {code_of(skus - place): 3 for place in range(ORDERS)}
    right = {code_of(sku): TOTAL - 1 - sold.get(code_of(sku), 0) for sku in range(1, skus + 1)}
    return sum(1 for code, quantity in right.items() if shown.get(code) != quantity)


def _wrong_in_the_end(pretend: Pretend, skus: int, speed: float) -> int:
    """The same, once what was accepted has had its time to become live."""
    end = time.monotonic() + LIVE_S_MAX / speed
    while (wrong := _wrong(pretend, skus)) and time.monotonic() < end:
        time.sleep(1.0)
    return wrong


def measure(kind: str, told: argparse.Namespace) -> dict[str, Any]:
    """One mall's figures."""
    speed = told.speed or SPEEDS[kind]
    with pretend_malls(speed, kind) as pretends:
        pretend = pretends[kind]
        pretend.fill(told.listings)
        malls = (MallPlan("one", "rakuten"), pretend.plan("two", speed, FIELDS.get(kind, "")))
        with house_of(malls, TOP) as house:
            house.fill(told.listings)
            settings = house.settings.mall("two")
            if settings is None:
                raise KeyError("two")
            _import_overdraft(house)
            if kind in BY_PLACE:
                asyncio.run(_import_places(house, settings))
            allowed = push_all_s(kind_of(settings).card, told.listings, speed)
            before_mib = _own_mib()
            with started(house, "actors.inventory") as process:
                fresh = memory_of(process.pid)["rss_mib"]
                watch = asyncio.run(_push_all(house, told, allowed))
                worked = memory_of(process.pid)["rss_mib"]
        wrong = _wrong_in_the_end(pretend, told.listings, speed)
    took_s = watch.given_at - watch.first_at
    return {
        "listings": told.listings,
        "speed": speed,
        "took_s": took_s,
        "allowed_s": allowed,
        "ratio": took_s / allowed,
        "level_s": watch.level_at - watch.first_at,
        "write_calls": watch.writes,
        "read_calls": watch.reads,
        "overtaken_calls": watch.overtaken,
        "wrong_listings": wrong,
        "inventory_mib": [fresh, worked],
        "lane_mib": [before_mib, watch.peak_mib],
    }


def run(told: argparse.Namespace) -> dict[str, Any]:
    """The bench's result."""
    found = {kind: measure(kind, told) for kind in told.malls}
    return {
        "bench": "bulk",
        "malls": found,
        "median_ratio": statistics.median(part["ratio"] for part in found.values()),
        "goals": GOALS,
        "is_reached": {
            kind: part["ratio"] <= GOALS["ratio"]
            and max(part["overtaken_calls"]) <= GOALS["overtaken_calls"]
            and part["wrong_listings"] == 0
            for kind, part in found.items()
        },
    }


def main() -> None:
    """Prints one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--listings", type=int, default=100_000)
    parser.add_argument("--malls", nargs="+", default=list(SPEEDS), choices=list(SPEEDS))
    parser.add_argument("--speed", type=float, help="instead of each mall's own in this bench")
    print(json.dumps(rounded(run(parser.parse_args())), indent=1))


if __name__ == "__main__":
    main()
