"""Commands on a real house as an operator types them, but in this process.

Starting Python costs more than most commands do, and a suite types hundreds. What a process of its
own adds is tested in tests/integration/test_cli_house.py.
"""

import contextlib
import io
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from unittest.mock import patch

import cli


class Housed(Protocol):
    """A house: where its commands are typed, and its settings."""

    @property
    def directory(self) -> Path: ...

    @property
    def config(self) -> Path: ...


@dataclass(frozen=True)
class Said:
    """What a command printed and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed with --json."""
        return json.loads(self.out)


def typed(house: Housed, *words: object, stdin: str = "") -> Said:
    """One command, typed in the house's directory."""
    out, err = _stream(), _stream()
    umask = os.umask(0o022)
    try:
        with (
            contextlib.chdir(house.directory),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
            patch("sys.stdin", _stream(stdin)),
        ):
            code = cli.main([*map(str, words), "--config", str(house.config)])
    finally:
        os.umask(umask)
    return Said(code, _text(out), _text(err))


def _stream(text: str = "") -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(text.encode()), encoding="utf-8", write_through=True)


def _text(stream: io.TextIOWrapper) -> str:
    stream.seek(0)
    return stream.read()
