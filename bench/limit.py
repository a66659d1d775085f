"""What the building blocks can do on this machine, measured bare: the limits benches compare with.

    L2   raw sqlite3, WAL, synchronous=FULL: known keys and totals read, lines, movements (found by
         their SKU, as a history must be) and totals written with executemany, one commit a batch
    L3   the same through SQLAlchemy Core
    u    one L3 commit at batch 1 and two round trips of zmq.asyncio: the unit of inner latency
    M1   an idle process that has imported what a mall actor needs of others
    M2   the same with SQLAlchemy instead of httpx: what the inventory needs

Nothing of zaiko is imported here. Every figure is taken in the run that prints it.
"""

import asyncio
import random
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import zmq
import zmq.asyncio

BATCHES = (1, 10, 100, 1000)
SIGNING = "cryptography.hazmat.primitives.asymmetric.rsa"
M1_IMPORTS = "zmq.asyncio, msgspec, httpx, structlog, tenacity"
LIBRARIES = {"rakuten": M1_IMPORTS, "yahoo": f"{M1_IMPORTS}, {SIGNING}"}
"""M1 with what the connector needs besides: a kind that signs its calls loads a large library."""
M2_IMPORTS = "zmq.asyncio, msgspec, sqlalchemy, structlog, tenacity"
SETTLE_S = 0.3
"""A process just started is measured after this."""

SCHEMA = """
CREATE TABLE sku (id INTEGER PRIMARY KEY, code TEXT NOT NULL, total INTEGER NOT NULL);
CREATE TABLE order_line (
    mall INTEGER, number TEXT, line TEXT, sku INTEGER NOT NULL, counted INTEGER NOT NULL,
    stamp REAL NOT NULL, PRIMARY KEY (mall, number, line)) WITHOUT ROWID;
CREATE TABLE movement (
    seq INTEGER PRIMARY KEY, sku INTEGER NOT NULL, delta INTEGER NOT NULL, total INTEGER NOT NULL,
    at REAL NOT NULL, mall INTEGER NOT NULL, number TEXT NOT NULL, line TEXT NOT NULL);
CREATE INDEX movement_sku ON movement (sku, seq);
"""
INSERT_LINE = (
    "INSERT INTO order_line VALUES (?, ?, ?, ?, ?, ?) "
    "ON CONFLICT DO UPDATE SET counted = excluded.counted"
)
INSERT_MOVEMENT = (
    "INSERT INTO movement (sku, delta, total, at, mall, number, line) VALUES (?, ?, ?, ?, ?, ?, ?)"
)

Line = tuple[str, int, int]
"""(order number, SKU, units)."""


def made_lines(count: int, skus: int, seed: int = 7, first: int = 0) -> list[Line]:
    """Made-up order lines whose numbers rise, as a mall's do."""
    chance = random.Random(seed)
    return [
        (f"20260101-{first + place:08d}", chance.randrange(skus) + 1, chance.randint(1, 3))
        for place in range(count)
    ]


def _prepare(path: Path, skus: int) -> None:
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.executescript(SCHEMA)
    rows = ((row, f"sku-{row:07d}", 1_000_000) for row in range(1, skus + 1))
    connection.executemany("INSERT INTO sku VALUES (?, ?, ?)", rows)
    connection.commit()
    connection.close()


def _counted(
    batch: Sequence[Line], known: dict[str, int], totals: dict[int, int]
) -> tuple[list[Any], list[Any]]:
    """(rows of order_line, rows of movement) for what is not counted yet; totals move."""
    at = time.time()
    lines, movements = [], []
    for number, sku, units in batch:
        change = units - known.get(number, 0)
        totals[sku] -= change
        lines.append((1, number, "1", sku, units, at))
        movements.append((sku, -change, totals[sku], at, 1, number, "1"))
    return lines, movements


def l2(path: Path, lines: Sequence[Line], batch_size: int) -> float:
    """Lines a second, bare."""
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "cache_size=-16384"):
        connection.execute(f"PRAGMA {pragma}")
    began = time.perf_counter()
    for start in range(0, len(lines), batch_size):
        batch = lines[start : start + batch_size]
        connection.execute("BEGIN IMMEDIATE")
        marks = ",".join("?" * len(batch))
        known = dict(
            connection.execute(
                f"SELECT number, counted FROM order_line WHERE mall = 1 AND number IN ({marks})",  # noqa: S608  question marks only
                [line[0] for line in batch],
            )
        )
        skus = list({line[1] for line in batch})
        marks = ",".join("?" * len(skus))
        found = connection.execute(f"SELECT id, total FROM sku WHERE id IN ({marks})", skus)  # noqa: S608  question marks only
        totals = dict(found.fetchall())
        counted, movements = _counted(batch, known, totals)
        connection.executemany(INSERT_LINE, counted)
        connection.executemany(INSERT_MOVEMENT, movements)
        connection.executemany(
            "UPDATE sku SET total = ? WHERE id = ?", [(total, sku) for sku, total in totals.items()]
        )
        connection.execute("COMMIT")
    took = time.perf_counter() - began
    connection.close()
    return len(lines) / took


class L3:
    """The same through SQLAlchemy Core, with executemany."""

    def __init__(self, path: Path) -> None:
        self.engine = sa.create_engine(f"sqlite:///{path}", poolclass=sa.pool.StaticPool)

        @sa.event.listens_for(self.engine, "connect")
        def _connected(raw: Any, _record: Any) -> None:
            raw.isolation_level = None
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "cache_size=-16384"):
                raw.execute(f"PRAGMA {pragma}").close()

        @sa.event.listens_for(self.engine, "begin")
        def _begin(connection: sa.Connection) -> None:
            connection.exec_driver_sql("BEGIN IMMEDIATE")

        metadata = sa.MetaData()
        metadata.reflect(self.engine)
        sku, line = metadata.tables["sku"], metadata.tables["order_line"]
        movement = metadata.tables["movement"]
        self._known = sa.select(line.c.number, line.c.counted).where(
            line.c.mall == 1, line.c.number.in_(sa.bindparam("numbers", expanding=True))
        )
        self._totals = sa.select(sku.c.id, sku.c.total).where(
            sku.c.id.in_(sa.bindparam("ids", expanding=True))
        )
        self._insert_line = line.insert()
        self._insert_movement = movement.insert()
        self._set_total = (
            sa.update(sku).where(sku.c.id == sa.bindparam("row")).values(total=sa.bindparam("new"))
        )
        self._line_names = [column.name for column in line.columns]
        self._movement_names = [column.name for column in movement.columns if column.name != "seq"]

    def commit(self, batch: Sequence[Line]) -> None:
        """One batch, one commit."""
        with self.engine.begin() as connection:
            found = connection.execute(self._known, {"numbers": [row[0] for row in batch]})
            known = {row[0]: row[1] for row in found}
            rows = connection.execute(self._totals, {"ids": list({row[1] for row in batch})})
            totals = {row[0]: row[1] for row in rows}
            counted, movements = _counted(batch, known, totals)
            connection.execute(
                self._insert_line,
                [dict(zip(self._line_names, row, strict=True)) for row in counted],
            )
            connection.execute(
                self._insert_movement,
                [dict(zip(self._movement_names, row, strict=True)) for row in movements],
            )
            connection.execute(
                self._set_total, [{"row": row, "new": total} for row, total in totals.items()]
            )

    def run(self, lines: Sequence[Line], batch_size: int) -> float:
        """Lines a second."""
        began = time.perf_counter()
        for start in range(0, len(lines), batch_size):
            self.commit(lines[start : start + batch_size])
        took = time.perf_counter() - began
        self.engine.dispose()
        return len(lines) / took


@contextmanager
def database(skus: int) -> Iterator[Path]:
    """A fresh database of the bare schema."""
    with tempfile.TemporaryDirectory(prefix="zaiko-bench-") as directory:
        path = Path(directory) / "limit.db"
        _prepare(path, skus)
        yield path


def lines_for(batch_size: int, lines_max: int) -> int:
    """How many lines measure a batch size in reasonable time."""
    return min(lines_max, max(500, batch_size * 100))


def rate_of_l2(batch_size: int, lines: int, skus: int) -> float:
    """L2 once, on a fresh database."""
    with database(skus) as path:
        return l2(path, made_lines(lines, skus), batch_size)


def rate_of_l3(batch_size: int, lines: int, skus: int) -> float:
    """L3 once, on a fresh database."""
    with database(skus) as path:
        return L3(path).run(made_lines(lines, skus), batch_size)


# --- latency ----------------------------------------------------------------------------------


async def _round_trips(count: int) -> list[float]:
    context = zmq.asyncio.Context()
    with tempfile.TemporaryDirectory(prefix="zaiko-bench-") as directory:
        door, line = context.socket(zmq.ROUTER), context.socket(zmq.DEALER)
        door.bind(f"ipc://{directory}/door")
        line.connect(f"ipc://{directory}/door")

        async def answer() -> None:
            while True:
                await door.send_multipart(await door.recv_multipart())

        task = asyncio.create_task(answer())
        took = []
        for _ in range(count):
            began = time.perf_counter()
            await line.send(b"x" * 100)
            await line.recv()
            took.append(time.perf_counter() - began)
        task.cancel()
        door.close(0)
        line.close(0)
    context.term()
    return took


def unit(skus: int, count: int = 200) -> dict[str, float]:
    """The unit u and what it is made of, in seconds; medians."""
    with database(skus) as path:
        bare = L3(path)
        commits = []
        for line in made_lines(count, skus):
            began = time.perf_counter()
            bare.commit([line])
            commits.append(time.perf_counter() - began)
        bare.engine.dispose()
    commit_s = statistics.median(commits)
    trip_s = statistics.median(asyncio.run(_round_trips(min(count, 500))))
    return {
        "commit_s": commit_s,
        "commit_p999_s": sorted(commits)[int(len(commits) * 0.999)],
        "round_trip_s": trip_s,
        "u_s": commit_s + 2 * trip_s,
    }


# --- processes --------------------------------------------------------------------------------


def memory_of(pid: int) -> dict[str, float]:
    """Resident memory and the proportional share of it, in MiB."""
    found = {"rss_mib": 0.0, "pss_mib": 0.0}
    for name, key, file in (("VmRSS", "rss_mib", "status"), ("Pss", "pss_mib", "smaps_rollup")):
        for text in Path(f"/proc/{pid}/{file}").read_text(encoding="ascii").splitlines():
            if text.startswith(f"{name}:"):
                found[key] = int(text.split()[1]) / 1024
    return found


def _idle(imports: str) -> tuple[float, dict[str, float]]:
    """(seconds until the imports are done, memory) of an idle process."""
    code = f"import {imports}\nprint('there', flush=True)\nimport sys; sys.stdin.read()"
    began = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-P", "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        if process.stdin is None or process.stdout is None:
            raise AssertionError("a process without its pipes")
        process.stdout.readline()
        took = time.perf_counter() - began
        time.sleep(SETTLE_S)
        memory = memory_of(process.pid)
        process.stdin.close()
    return took, memory


def idle_process(imports: str, rounds: int = 3) -> dict[str, float]:
    """Start and memory of an idle process with these imports; medians."""
    found = [_idle(imports) for _ in range(rounds)]
    return {
        "start_s": statistics.median(took for took, _ in found),
        "rss_mib": statistics.median(memory["rss_mib"] for _, memory in found),
        "pss_mib": statistics.median(memory["pss_mib"] for _, memory in found),
    }


def median_of(measure: Callable[[], float], rounds: int) -> float:
    """The median of some rounds."""
    return statistics.median(measure() for _ in range(rounds))


def rounded(value: Any) -> Any:
    """Four significant digits, in all of a JSON value."""
    if isinstance(value, dict):
        return {key: rounded(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(part) for part in value]
    return float(f"{value:.4g}") if isinstance(value, float) else value
