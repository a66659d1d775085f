"""Opening the database: one writer, read-only readers, pragmas and the schema's version.

SQLite in WAL mode with synchronous=FULL: a commit is on disk before its reply leaves. The WAL is
kept short by checkpoints beside the writer, so that hardly any has to run inside an order's commit.
"""

import errno
import pathlib
import sqlite3
import subprocess
import sys
from typing import Any

import sqlalchemy
from sqlalchemy import Connection, Engine, event
from sqlalchemy.pool import NullPool, StaticPool

from actors.store.schema import METADATA

HEAD = "0001"
"""The newest migration; `tests/integration/store` holds it against the folder."""

CACHE_KIB = 16_384
"""SQLite's page cache of the writer. Two megabytes, its default, slow a million SKUs down."""
READER_CACHE_KIB = 2_048
BUSY_TIMEOUT_S = 10
LOOKS_ONLY = "looks_only"
"""The writer's option of a connection that reads: it needs no disk that takes anything."""
WAL_PAGES_MAX = 16_000
"""A WAL longer than this is checkpointed inside a commit too, whatever was done beside it."""
MIGRATE_TIMEOUT_S = 600


DISK_CODES = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY})
"""SQLite's primary codes for a disk that takes nothing: sqlite.org/rescode.html."""
DISK_NUMBERS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO})
EXTENDED = 0xFF
"""SQLite's extended codes hold the primary one in their lowest byte."""


class SchemaError(Exception):
    """The database was written by another version of zaiko than this one can read."""


def _prepare(engine: Engine, pragmas: dict[str, Any]) -> None:
    @event.listens_for(engine, "connect")
    def _connected(raw: Any, _record: Any) -> None:
        # The driver's own transaction handling would begin too late: zaiko says BEGIN itself.
        raw.isolation_level = None
        cursor = raw.cursor()
        for name, value in pragmas.items():
            cursor.execute(f"PRAGMA {name}={value}")
        cursor.close()


def open_writer(path: pathlib.Path | None, cache_kib: int = CACHE_KIB) -> Engine:
    """The one engine that writes; None: a database in memory, for simulations."""
    if path is None:
        engine = sqlalchemy.create_engine("sqlite://", poolclass=StaticPool)
        pragmas: dict[str, Any] = {"synchronous": "OFF"}
    else:
        engine = sqlalchemy.create_engine(f"sqlite:///{path}", poolclass=StaticPool)
        pragmas = {
            "journal_mode": "WAL",
            "synchronous": "FULL",
            "cache_size": -cache_kib,
            "busy_timeout": BUSY_TIMEOUT_S * 1_000,
            "wal_autocheckpoint": WAL_PAGES_MAX,
            "temp_store": "MEMORY",
        }
    _prepare(engine, pragmas)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # On the driver: it is said for every letter, and costs a tenth of a plain statement.
        begin = "BEGIN" if LOOKS_ONLY in connection.get_execution_options() else "BEGIN IMMEDIATE"
        connection.connection.cursor().execute(begin)

    return engine


def open_reader(path: pathlib.Path) -> Engine:
    """An engine whose connections cannot write; used by the threads that answer lists."""
    engine = sqlalchemy.create_engine(f"sqlite:///file:{path}?mode=ro&uri=true", poolclass=NullPool)
    _prepare(
        engine,
        {
            "query_only": "ON",
            "cache_size": -READER_CACHE_KIB,
            "busy_timeout": BUSY_TIMEOUT_S * 1_000,
        },
    )

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    return engine


def version_of(engine: Engine) -> str | None:
    """The migration the database stands at; None: it is empty."""
    with engine.begin() as connection:
        if not sqlalchemy.inspect(connection).has_table("alembic_version"):
            return None
        row = connection.exec_driver_sql("SELECT version_num FROM alembic_version").fetchone()
        return str(row[0]) if row else None


def bring_up(engine: Engine, path: pathlib.Path | None) -> None:
    """Brings the schema to HEAD. Raises SchemaError when a newer zaiko wrote the database.

    The migrations run in a process of their own: their library need not stay in the daemon.
    """
    if path is None:
        METADATA.create_all(engine)
        return
    version = version_of(engine)
    if version == HEAD:
        return
    if version is not None and version > HEAD:
        raise SchemaError(f"the database is at version {version}, this zaiko knows {HEAD}")
    subprocess.run(  # noqa: S603  (our own module, our own path)
        [sys.executable, "-P", "-m", "actors.store.migrate", str(path)],
        check=True,
        timeout=MIGRATE_TIMEOUT_S,
        stdout=sys.stderr,
    )
    if version_of(engine) != HEAD:
        raise SchemaError("the migrations did not bring the database up")


def is_disk_trouble(error: BaseException) -> bool:
    """Whether something failed because the disk takes nothing: full, broken or read-only."""
    cause = getattr(error, "orig", None) or error
    if isinstance(cause, sqlite3.Error):
        # None where the driver itself complains, and not SQLite.
        return (getattr(cause, "sqlite_errorcode", None) or 0) & EXTENDED in DISK_CODES
    return isinstance(cause, OSError) and cause.errno in DISK_NUMBERS


def checkpoint(path: pathlib.Path) -> None:
    """Moves the WAL into the database as far as nobody is in the way, on a connection of its own.

    May be called from any thread: neither the writer nor a reader waits for it.
    """
    connection = sqlite3.connect(path, timeout=0, isolation_level=None)
    try:
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)").close()
    except sqlite3.OperationalError:
        pass  # Somebody is at it already: the next call finds what is left.
    finally:
        connection.close()
