"""The rules themselves, on small made-up modules: each finds what it forbids and nothing else."""

import pytest

from tests.house import rules
from tests.house.rules import Module


def found(rule: str, path: str, text: str) -> list[str]:
    return list(getattr(rules, rule)(Module(path, text)))


LONG_FUNCTION = "def f():\n" + "    pass\n" * 69
SEVEN = "a, b, c, d, e, f, g"

CASES = [
    ("wrong_arrows", "engine/ledger.py", "import actors.store", "import engine.ids"),
    ("wrong_arrows", "engine/ledger.py", "def f():\n    from config import load", "import re"),
    ("wrong_arrows", "sandbox/shop.py", "from engine.ids import Sku", "from sandbox import x"),
    ("wrong_arrows", "sandbox/shop.py", "import malls.yahoo", "import malling"),
    ("wrong_arrows", "malls/yahoo/stock.py", "import malls.rakuten.x", "import malls.yahoo.x"),
    ("wrong_arrows", "malls/yahoo/stock.py", "from ..rakuten import x", "from . import wire"),
    ("wrong_arrows", "malls/yahoo/stock.py", "import config.load", "import engine.faults"),
    ("wrong_arrows", "actors/mall.py", "import malls.rakuten", "from malls.registry import A"),
    ("wrong_arrows", "actors/mall.py", "import sandbox", "import config.load, engine.push"),
    ("wrong_arrows", "config/load.py", "import actors.parent", "import engine.supervision"),
    ("wrong_arrows", "cli.py", "import actors.store", "from actors.client import Client"),
    ("wrong_arrows", "cli.py", "import engine.push", "import config.load, terminal.page"),
    ("wrong_arrows", "terminal/stock_tables.py", "import engine", "import rich"),
    ("wrong_arrows", "terminal/page.py", "import actors.client", "import terminal.words"),
    ("wrong_arrows", "terminal/stock_commands.py", "import engine", "from actors import client"),
    ("wrong_arrows", "terminal/asking.py", "import actors.wire", "from actors.client import House"),
    ("homeless_imports", "actors/desk/x.py", "import zmq.asyncio", "import zmqlike"),
    ("homeless_imports", "actors/inventory.py", "from sqlalchemy import select", "import json"),
    ("homeless_imports", "malls/yahoo/x.py", "import httpx", "import http"),
    ("homeless_imports", "cli.py", "import sqlite3", "import sys"),
    ("impurities", "engine/x.py", "import time", "import math"),
    ("impurities", "engine/x.py", "from os import environ", "from typing import Any"),
    ("impurities", "engine/x.py", "import pathlib", "from collections.abc import Mapping"),
    ("impurities", "engine/x.py", "import structlog", "import msgspec.json"),
    ("impurities", "engine/x.py", "datetime.now(UTC)", "datetime.fromtimestamp(at, UTC)"),
    ("impurities", "engine/x.py", "open('x')", "x.opened()"),
    ("impurities", "engine/x.py", "async def f():\n    await g()", "async def f(): ..."),
    ("oversizes", "engine/x.py", "\n" * 501, "\n" * 500),
    ("oversizes", "engine/x.py", LONG_FUNCTION + "    pass\n", LONG_FUNCTION),
    ("oversizes", "engine/x.py", f"def f({SEVEN}): ...", f"def f(a, *, {SEVEN[3:]}): ..."),
    ("oversizes", "engine/x.py", f"class A:\n def f(self, {SEVEN}): ...",
     f"class A:\n def f(self, {SEVEN[3:]}): ..."),
    ("nameless", "engine/utils.py", "", None),
    ("nameless", "actors/helpers/x.py", "", None),
    ("nameless", "tests/common.py", "", None),
    ("undescribed", "engine/x.py", "x = 1", '"""Told."""'),
    ("undescribed", "engine/x.py", "", '"""Told."""'),
    ("undescribed", "engine/x.py", '"""T."""\ndef f(): ...', '"""T."""\ndef _f(): ...'),
    ("undescribed", "engine/x.py", '"""T."""\nclass A: ...', '"""T."""\nclass A:\n  "T."'),
    ("undescribed", "tests/x.py", "x = 1", '"""T."""\ndef f(): ...'),
    ("undescribed_fields", "config/x.py", "class A:\n x: int\n y: int\n 'T.'",
     "class A:\n x: int\n 'T.'\n y: int = 1\n 'T.'"),
    ("limits_of", "actors/x.py", "QUEUE_MAX: Final = 5", "queue_max = 5"),
    ("limits_of", "actors/x.py", "QUEUE_MAX = 5", "QUEUE_MAXIMAL = 5"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "path", "bad", "good"), CASES)
def test_a_rule_finds_what_it_forbids_and_nothing_else(
    rule: str, path: str, bad: str, good: str | None
) -> None:
    assert len(found(rule, path, bad)) == 1
    if good is not None:
        assert found(rule, path, good) == []


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("actors/wire.py", "import zmq"),
        ("actors/store/schema.py", "import sqlalchemy"),
        ("actors/mall_http.py", "import httpx"),
        ("actors/demo_shoppers.py", "import httpx"),
        ("tests/sim/x.py", "import httpx, sqlite3, zmq"),
        ("bench/intake.py", "import sqlite3, zmq"),
    ],
)
def test_a_library_is_welcome_at_its_home(path: str, text: str) -> None:
    assert found("homeless_imports", path, text) == []


@pytest.mark.parametrize("path", ["engine/manage.py", "engine/commons.py", "malls/yahoo/wire.py"])
def test_a_name_that_says_something_is_left_alone(path: str) -> None:
    assert found("nameless", path, "") == []
