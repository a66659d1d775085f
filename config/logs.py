"""How a process writes its log: one JSON line a unit of work, in a file of its own, 0600, rotated.

A terminal gets human lines as well; without one, stderr gets warnings and worse as JSON, which is
what a service manager keeps. Names that look like secrets or like a buyer are dropped before either
is written: a second line of defence, the first being that nobody logs them.
"""

import logging
import logging.handlers
import os
import re
import sys
from collections.abc import Mapping
from io import TextIOWrapper
from pathlib import Path
from typing import Final, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

DROPPED: Final = "[dropped]"

_SECRET_WORDS: Final = frozenset(
    "secret secrets token tokens password passphrase authorization credential credentials licence"
    " license cookie headers signature buyer buyers email mail phone tel postal zipcode".split()
)
_SECRET_KEYS: Final = frozenset("api public private license licence client curve signing".split())
_BEARING: Final = re.compile(r"\b(ESA|Bearer|Basic)\s+[A-Za-z0-9+/=._~-]{8,}")
LOG_DEPTH_MAX: Final = 8
"""Deeper values are dropped unseen."""


def set_up_logs(
    process: str,
    directory: Path,
    *,
    file_bytes_max: int,
    files_max: int,
    stderr: TextIO | None = sys.stderr,
) -> None:
    """Sends this process's log to `directory/PROCESS.jsonl`, and to stderr unless it is None.

    Called once, after `StateDir.claim`. The logs of libraries take the same way.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        drop_secrets,
    ]
    handlers: list[logging.Handler] = [
        _handler(_PrivateFile(directory / f"{process}.jsonl", file_bytes_max, files_max), shared)
    ]
    if stderr is not None and stderr.isatty():
        handlers.append(_handler(logging.StreamHandler(stderr), shared, is_human=True))
    elif stderr is not None:
        plain = _handler(logging.StreamHandler(stderr), shared)
        plain.setLevel(logging.WARNING)
        handlers.append(plain)
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
        old.close()
    for handler in handlers:
        root.addHandler(handler)
    root.setLevel(logging.INFO)
    # They name every address they call at INFO, and an address may hold a code or a key.
    for chatty in ("httpx", "httpcore", "uvicorn.access", "alembic"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(process=process)


def drop_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Blanks every value whose name looks secret, at any depth, and keys in running text."""
    return {name: _safe(name, value, 0) for name, value in event.items()}


def looks_secret(name: str) -> bool:
    """Whether a value of that name must not be written."""
    words = re.split(r"[^a-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower())
    if _SECRET_WORDS.intersection(words):
        return True
    return any(
        word == "key" and words[at - 1] in _SECRET_KEYS for at, word in enumerate(words) if at
    )


def _safe(name: str, value: object, depth: int) -> object:
    if looks_secret(name) or depth > LOG_DEPTH_MAX:
        return DROPPED
    if isinstance(value, str):
        return _BEARING.sub(rf"\1 {DROPPED}", value)
    if isinstance(value, Mapping):
        return {str(key): _safe(str(key), held, depth + 1) for key, held in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_safe("", held, depth + 1) for held in value]
    return value


def _handler(
    handler: logging.Handler, shared: list[Processor], *, is_human: bool = False
) -> logging.Handler:
    last: Processor = (
        structlog.dev.ConsoleRenderer()
        if is_human
        else structlog.processors.JSONRenderer(default=str, ensure_ascii=False)
    )
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
        )
    )
    return handler


class _PrivateFile(logging.handlers.RotatingFileHandler):
    """A rotating file that nobody else can read, whatever the umask."""

    def __init__(self, path: Path, bytes_max: int, files_max: int) -> None:
        super().__init__(
            path, maxBytes=bytes_max, backupCount=files_max, encoding="utf-8", delay=True
        )

    def _open(self) -> TextIOWrapper:
        number = os.open(self.baseFilename, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        return open(number, "a", encoding="utf-8")  # noqa: PTH123  the handler closes it
