"""A house for benches: settings, a database filled with linked and opened SKUs, processes.

The rows are put into the database as imports, links and settled comparisons would have left them:
every listing is proven level, so that what is measured is work and not catching up.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

from actors.desk.account import rules_of
from actors.keys import store_key
from actors.parent import HOUSE_TOKEN, READY_FD
from actors.store import Connection
from actors.store.listing_rows import ref_of
from actors.store.mall_rows import MallRow
from actors.store.push_rows import PushRecord
from actors.store.schema import COUNTER, LINK, LISTING, MALL, MOVEMENT, SKU
from actors.store.store import Store
from config.load import load_settings
from config.settings import MallSettings, Settings
from config.state import StateDir
from engine.push_state import ListingPush, Span
from malls.registry import card_of

READY_S = 60.0
TOTAL = 50_000
"""What every SKU holds, and every listing shows, at the start."""
PAGE = 5_000
TOKEN = "bench"  # noqa: S105  a house token of a bench


class MallPlan(Struct, frozen=True):
    """One mall account of the house."""

    name: str
    kind: str
    base_url: str = "http://127.0.0.1:9"
    """A sandbox; the default answers nobody."""
    speed: float = 1.0
    credentials: dict[str, str] = {}
    fields: str = ""
    """Further lines of its table."""


def code_of(row: int) -> str:
    """The code of the SKU with that number, and of its listings."""
    return f"item-{row:07d}"


class House:
    """One state_dir with its settings; processes are started on it."""

    def __init__(self, directory: Path, malls: Sequence[MallPlan], top: str = "") -> None:
        self.directory = directory
        self.malls = malls
        self.file = directory / "zaiko.toml"
        self.file.write_text(_settings(malls, top), encoding="utf-8")
        self.settings: Settings = load_settings(self.file)
        self.state = StateDir(self.settings.state_dir)
        self.state.claim()
        for mall in malls:
            credentials = mall.credentials or {"service_secret": "SP_x", "license_key": "SL_x"}
            store_key(self.state.key_file(mall.name), credentials, time.time())

    @property
    def endpoint(self) -> str:
        """Where letters to the inventory go."""
        return self.state.endpoint("inventory")

    def fill(self, skus: int, total: int = TOTAL) -> None:
        """Opened SKUs with a linked, proven listing on every mall."""
        store = Store(self.settings.database_file, 64 * 1024)
        now = time.time()
        with store.engine.begin() as connection:
            rows = [
                _add_mall(connection, mall, now)
                for mall in (self.settings.mall(plan.name) for plan in self.malls)
                if mall is not None
            ]
            connection.execute(COUNTER.insert().values(name="call", value=len(rows) * skus))
        for first in range(1, skus + 1, PAGE):
            page = range(first, min(first + PAGE, skus + 1))
            with store.engine.begin() as connection:
                _fill_skus(connection, page, total, now)
                for place, row in enumerate(rows):
                    _fill_mall(store, connection, (row, self.settings, place), page, total, now)
        with store.engine.begin() as connection:
            last = store.movements.last(connection)
            connection.execute(MALL.update().values(cursor=last))
        store.checkpoint()
        store.close()

    def start(self, module: str, *arguments: str) -> subprocess.Popen[bytes]:
        """Starts a child as the supervisor does and waits until it is ready."""
        ready, child = os.pipe()
        process = subprocess.Popen(
            [
                sys.executable,
                "-P",
                "-m",
                "actors.lean",
                module.removeprefix("actors."),
                *arguments,
                "--config",
                str(self.file),
            ],
            env={**os.environ, READY_FD: str(child), HOUSE_TOKEN: TOKEN},
            pass_fds=(child,),
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr,
            stderr=subprocess.DEVNULL,
        )
        os.close(child)
        said = os.read(ready, 64)
        os.close(ready)
        if not said.startswith(b"ready"):
            raise RuntimeError(f"{module} did not start: exit {process.wait(READY_S)}")
        return process


def stop(process: subprocess.Popen[bytes]) -> int:
    """Ends a process in order; its exit code."""
    process.send_signal(signal.SIGTERM)
    try:
        return process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


@contextmanager
def started(house: House, module: str, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process of the house for the length of a block."""
    process = house.start(module, *arguments)
    try:
        yield process
    finally:
        stop(process)


@contextmanager
def house_of(malls: Sequence[MallPlan], top: str = "") -> Iterator[House]:
    """A house in a directory of its own, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="zaiko-bench-") as directory:
        yield House(Path(directory), malls, top)


def _settings(malls: Sequence[MallPlan], top: str) -> str:
    lines = ['state_dir = "state"', f'base_mall = "{malls[0].name}"', top]
    for mall in malls:
        lines += ["[[malls]]", f'name = "{mall.name}"', f'kind = "{mall.kind}"']
        lines += [f'base_url = "{mall.base_url}"', f"speed = {mall.speed}", mall.fields]
    return "\n".join(lines) + "\n"


def _add_mall(connection: Connection, mall: MallSettings, now: float) -> MallRow:
    row = MallRow(
        id=0,
        name=mall.name,
        kind=mall.kind,
        watermark=now,
        window_poll_end=now,
        recheck_watermark=now,
        is_last_poll_ok=True,
        last_poll_at=now,
        credentials_version=1,
    )
    values = {name: getattr(row, name) for name in row.__struct_fields__ if name != "id"}
    inserted = connection.execute(MALL.insert().values(values)).inserted_primary_key
    row.id = int(inserted[0]) if inserted else 0
    return row


def _fill_skus(connection: Connection, page: Sequence[int], total: int, now: float) -> None:
    connection.execute(
        SKU.insert(),
        [
            {"id": row, "code": code_of(row), "folded": code_of(row), "name": f"商品 {row}",
             "jan": "", "total": total, "started_at": now - 3600, "opened_start": now - 3600,
             "opened_end": now - 3599, "counted_at": None, "base_listing_id": row}
            for row in page
        ],
    )  # fmt: skip
    connection.execute(
        MOVEMENT.insert(),
        [
            {"sku_id": row, "delta": total, "total": total, "reason": "opening", "at": now - 3600,
             "moment": now - 3600,
             "mall_id": None, "number": "", "line": "", "actor": "", "note": "",
             "key": f"opening/{row}"}
            for row in page
        ],
    )  # fmt: skip


def _fill_mall(
    store: Store,
    connection: Connection,
    mall: tuple[MallRow, Settings, int],
    page: Sequence[int],
    total: int,
    now: float,
) -> None:
    row, settings, place = mall
    account = settings.mall(row.name)
    if account is None:
        raise KeyError(row.name)
    ids = [place * 10_000_000 + sku for sku in page]
    pairs = list(zip(ids, page, strict=True))
    connection.execute(
        LISTING.insert(),
        [
            {"id": listing, "mall_id": row.id, "ref": ref_of(code_of(sku), ""),
             "code": code_of(sku), "sub_code": "", "native": "", "name": f"商品 {sku}",
             "sku_code": code_of(sku), "folded": code_of(sku), "jan": "", "image": "",
             "axes": "[]", "overdraft": None, "lead_time_days": None, "restock_date": None,
             "is_tracked": True, "is_synced": True, "is_gone": False, "is_conflict": False,
             "seen_job": 1}
            for listing, sku in pairs
        ],
    )  # fmt: skip
    connection.execute(
        LINK.insert(),
        [{"listing_id": listing, "sku_id": sku, "mall_id": row.id, "units": 1}
         for listing, sku in pairs],
    )  # fmt: skip
    settled = ListingPush(
        known=True,
        low=total,
        high=total,
        anchor=Span(now - 600, now - 599),
        first_settled=True,
        proven_at=now - 600,
        settled_quantity=total,
        settled_at=now - 590,
    )
    # The next look at each is spread over the interval, as it would be.
    every = account.compare_interval_s
    records = [
        PushRecord(listing, row.id, settled, None, 1, now + every * (1 + sku / len(pairs)))
        for listing, sku in pairs
    ]
    card = card_of(account.kind, account.switches)
    store.pushes.save(connection, records, rules_of(account, card))
