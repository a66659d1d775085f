"""Checks or renews one mall's key without a running house: one JSON object on stdout.

    python -P -m actors.key_check NAME --config F            does the stored key work?
    python -P -m actors.key_check NAME --config F consent    where consent to a new one is given
    python -P -m actors.key_check NAME --config F redeem     trades the code on stdin for a key

Exit codes: 0 done; 2 settings; 3 the key does not work, or the mall could not be asked. A secret is
never printed.
"""

import argparse
import asyncio
import logging
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from actors.keys import KeyUnreadable, StoredKey, read_key, rotate_key, store_key
from actors.mall_account import base_url_of, kind_of, open_http, switches_of
from actors.mall_http import GatedTransport
from config.load import load_settings
from config.search import find_settings
from config.settings import MallSettings, SettingsError
from config.state import StateDir
from engine.connector import Credentials, Kind, Session
from engine.faults import NO_CREDENTIALS, FaultSpec, MallError

EXIT_DONE: Final = 0
EXIT_SETTINGS: Final = 2
EXIT_NOT_NOW: Final = 3
CODE_CHARACTERS_MAX: Final = 10_000
"""A longer consent code is none."""


class Account(Struct, frozen=True):
    """What a check is made with."""

    settings: MallSettings
    kind: Kind
    path: Path
    """The key file."""
    key: StoredKey | None


class Told(Struct, frozen=True):
    """What is printed, and the exit code."""

    body: Mapping[str, object]
    exit_code: int


def main(words: Sequence[str] | None = None) -> int:
    """The command; the exit code."""
    parser = argparse.ArgumentParser(prog="zaiko key")
    parser.add_argument("name")
    parser.add_argument("action", nargs="?", default="check",
                        choices=("check", "consent", "redeem"))  # fmt: skip
    parser.add_argument("--config", type=Path)
    told = parser.parse_intermixed_args(words)
    # The HTTP library names addresses at INFO, and an address may hold a key.
    logging.disable(logging.WARNING)
    try:
        account = _account(told.name, told.config)
    except (SettingsError, KeyUnreadable) as error:
        sys.stderr.write(f"{error}\n")
        return EXIT_SETTINGS
    answer = asyncio.run(_answer(told.action, account))
    body = {"mall": account.settings.name, "kind": account.settings.kind, **answer.body}
    sys.stdout.buffer.write(msgspec.json.encode(body) + b"\n")
    sys.stdout.flush()
    return answer.exit_code


def _account(name: str, config: Path | None) -> Account:
    house = load_settings(find_settings(config))
    settings = house.mall(name)
    if settings is None:
        raise SettingsError(
            f"there is no mall named {name} in {house.source}.",
            f"モール {name} は設定にありません。",
        )
    state = StateDir(house.state_dir)
    state.claim()
    path = state.key_file(name)
    return Account(settings, kind_of(settings), path, read_key(path))


async def _answer(action: str, account: Account) -> Told:
    match action:
        case "consent":
            return _consent(account)
        case "redeem":
            return await _redeem(account, sys.stdin.read(CODE_CHARACTERS_MAX).strip())
        case _:
            return await _check(account)


async def _check(account: Account) -> Told:
    if account.key is None:
        return _bad(NO_CREDENTIALS, "no-key")
    http = open_http(account.settings, account.kind.card)
    try:
        connection = account.kind.connect(_session(account, GatedTransport(http, lambda: True)))
        report = await connection.check_credentials()
    except MallError as error:
        return _bad(error.spec, error.code)
    finally:
        await http.close()
    warnings = [{"message": ja, "message_en": en} for ja, en in report.warnings]
    body = {"is_good": True, "expires_at": report.expires_at, "warnings": warnings}
    return Told(body, EXIT_DONE)


def _consent(account: Account) -> Told:
    card = account.kind.card
    where = {"where": card.key_renewal, "where_en": card.key_renewal_en}
    if account.kind.renewal is None:
        return Told({"url": None, **where}, EXIT_DONE)
    if account.key is None:
        return _bad(NO_CREDENTIALS, "no-key")
    url = account.kind.renewal.consent_url(
        account.key.credentials, base_url_of(account.settings, card)
    )
    return Told({"url": url, **where}, EXIT_DONE)


async def _redeem(account: Account, code: str) -> Told:
    renewal = account.kind.renewal
    if renewal is None or account.key is None or not code:
        return _bad(NO_CREDENTIALS, "no-key" if account.key is None else "no-code")
    http = open_http(account.settings, account.kind.card)
    try:
        session = _session(account, GatedTransport(http, lambda: True))
        credentials = await renewal.redeem(session, code)
    except MallError as error:
        return _bad(error.spec, error.code)
    finally:
        await http.close()
    # An operator's change: the version rises, and a running house takes the new key.
    store_key(account.path, credentials, time.time())
    return Told({"is_good": True, "is_stored": True}, EXIT_DONE)


def _session(account: Account, transport: GatedTransport) -> Session:
    key = account.key

    async def save(credentials: Credentials) -> None:
        if key is not None:
            rotate_key(account.path, credentials, key.version)

    return Session(
        transport=transport,
        credentials={} if key is None else key.credentials,
        switches=switches_of(account.settings),
        save_credentials=save,
    )


def _bad(spec: FaultSpec, code: str) -> Told:
    body: dict[str, Any] = {
        "is_good": False,
        "level": int(spec.level),
        "code": code,
        "message": spec.message,
        "message_en": spec.message_en,
        "hint": spec.hint,
        "hint_en": spec.hint_en,
    }
    return Told(body, EXIT_NOT_NOW)


if __name__ == "__main__":
    sys.exit(main())
