"""Keys as an operator handles them: stored, listed, checked and renewed, also without a house.

A stored secret is never given back. What talks to a mall runs in a process of its own
(`actors.key_check`), so that a command carries no HTTP client.
"""

import json
import os
import subprocess
import sys
import time
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from actors.client_refusal import Refusal
from actors.keys import KEY_BYTES_MAX, KeyUnreadable, StoredKey, read_key, store_key
from config.load import load_settings
from config.search import find_settings
from config.settings import MallSettings, Settings
from config.state import StateDir
from config.values import nearest
from engine.connector import CredentialField
from engine.fault_record import days_left
from malls.registry import card_of

CHECK_S_MAX: Final = 120.0
"""A key check that took longer is given up: its own calls have shorter bounds."""
DAY_S: Final = 86_400.0


class KeyCabinet:
    """The keys of one settings file's malls."""

    def __init__(self, config: Path | None) -> None:
        self.settings: Settings = load_settings(find_settings(config))
        self._state = StateDir(self.settings.state_dir)

    def mall(self, name: str) -> MallSettings:
        """The mall of that name; raises Refusal."""
        mall = self.settings.mall(name)
        if mall is not None:
            return mall
        names = [mall.name for mall in self.settings.malls]
        meant = nearest(name, names) or ", ".join(names)
        raise Refusal(
            2,
            f"モール {name} は設定にありません({meant} の間違いではありませんか)。",
            f"There is no mall named {name} in the settings; did you mean {meant}?",
        )

    def fields(self, name: str) -> Sequence[CredentialField]:
        """What `key set` asks for."""
        mall = self.mall(name)
        return card_of(mall.kind, mall.switches).credential_fields

    def list(
        self, name: str | None = None, ends: Mapping[str, float | None] | None = None
    ) -> list[dict[str, Any]]:
        """Every mall, or one, and what is stored for it; no value of it.

        `ends` is when the keys end, as a running house has learnt it.
        """
        told = []
        for mall in self.settings.malls if name is None else [self.mall(name)]:
            key, is_broken = self._look(mall.name)
            ends_at = (ends or {}).get(mall.name)
            told.append(
                {
                    "mall": mall.name,
                    "kind": mall.kind,
                    "stored": key is not None,
                    "unreadable": is_broken,
                    "fields": sorted(key.credentials) if key else [],
                    "changed_at": key.changed_at if key else None,
                    "expires_at": ends_at,
                    "days_left": None if ends_at is None else days_left(ends_at, time.time()),
                }
            )
        return told

    def _look(self, name: str) -> tuple[StoredKey | None, bool]:
        try:
            return read_key(self._state.key_file(name)), False
        except (KeyUnreadable, OSError):
            return None, True

    def store(self, name: str, values: Mapping[str, str]) -> dict[str, Any]:
        """Stores a whole key, or refuses and changes nothing."""
        fields = self.fields(name)
        self._refuse_wrong(name, fields, values)
        self._state.claim()
        given = {key: value for key, value in values.items() if value}
        try:
            key = store_key(self._state.key_file(name), given, time.time())
        except OSError as error:
            raise Refusal(
                3,
                f"キーを保存できません({error.strerror})。",
                f"The key cannot be stored: {error.strerror}.",
            ) from None
        return {"mall": name, "stored": True, "fields": sorted(given), "changed_at": key.changed_at}

    @staticmethod
    def _refuse_wrong(
        name: str, fields: Sequence[CredentialField], values: Mapping[str, str]
    ) -> None:
        known = [field.name for field in fields]
        unknown = [field for field in values if field not in known]
        needed = [field.name for field in fields if field.is_required]
        missing = [field for field in needed if not values.get(field, "").strip()]
        if unknown:
            meant = nearest(unknown[0], known)
            hint = f"did you mean {meant}?" if meant else f"{name} takes: {', '.join(known)}."
            hint_ja = (
                f"{meant} の間違いではありませんか。" if meant else f"項目: {', '.join(known)}。"
            )
            named = ", ".join(unknown)
            raise Refusal(
                2,
                f"{name} のキーに {named} という項目はありません。{hint_ja}",
                f"The key of {name} has no field {named}: {hint}",
            )
        if missing:
            named = ", ".join(missing)
            raise Refusal(
                2,
                f"{name} のキーに足りない項目があります: {named}",
                f"The key of {name} lacks: {named}",
            )

    # --- what asks the mall ---------------------------------------------------------------------

    def check(self, name: str) -> tuple[int, dict[str, Any]]:
        """Does the stored key work? (exit code, what the mall said)."""
        return self._run(name, "check")

    def consent(self, name: str) -> dict[str, Any]:
        """Where consent to a new key is given, or where a new key is issued; raises Refusal."""
        code, told = self._run(name, "consent")
        if code:
            raise _said(told)
        return told

    def redeem(self, name: str, consent_code: str) -> dict[str, Any]:
        """Trades the consent's code for a key and stores it; raises Refusal."""
        code, told = self._run(name, "redeem", consent_code)
        if code:
            raise _said(told)
        return told

    def _run(self, name: str, action: str, text: str = "") -> tuple[int, dict[str, Any]]:
        self.mall(name)
        self._state.claim()
        command = [sys.executable, "-P", "-m", "actors.key_check", name, action]
        command += ["--config", str(self.settings.source)]
        try:
            done = subprocess.run(  # noqa: S603  our own module, no shell
                command,
                input=text,
                capture_output=True,
                text=True,
                encoding="utf-8",
                timeout=CHECK_S_MAX,
                check=False,
                env=child_environment(),
            )
        except subprocess.TimeoutExpired:
            raise Refusal(
                3, "キーの確認が終わりませんでした。", "The key check did not end in time."
            ) from None
        try:
            told = json.loads(done.stdout)
        except ValueError:
            return self._unsaid(done)
        return done.returncode, told

    @staticmethod
    def _unsaid(done: "subprocess.CompletedProcess[str]") -> tuple[int, dict[str, Any]]:
        """It refused with one sentence of its own, or it has a bug: its words are not repeated."""
        if done.returncode in {2, 3} and done.stderr.strip():
            english, _, japanese = done.stderr.strip().splitlines()[-1].partition(" / ")
            raise Refusal(done.returncode, japanese or english, english)
        raise Refusal(1, "キーの確認に失敗しました。", "The key check failed: this is a bug.")


def _said(told: Mapping[str, Any]) -> Refusal:
    if told.get("code") == "no-key":
        name = told["mall"]
        return Refusal(
            3,
            f"{name} のキーが保存されていません。先に zaiko key set {name} で保存してください。",
            f"No key of {name} is stored; store one first with: zaiko key set {name}",
        )
    return Refusal(
        3,
        f"{told.get('message', '')} {told.get('hint', '')}".strip(),
        f"{told.get('message_en', '')} {told.get('hint_en', '')}".strip(),
    )


def child_environment() -> dict[str, str]:
    """The environment of a child that finds our modules from any working directory."""
    top = str(Path(__file__).parents[1])
    path = os.environ.get("PYTHONPATH", "")
    return {**os.environ, "PYTHONPATH": os.pathsep.join(part for part in (top, path) if part)}


# --- what an operator hands in ------------------------------------------------------------------


def read_fields(words: Sequence[str], file: Path | None, piped: str | None) -> dict[str, str]:
    """FIELD=VALUE words over the fields of a JSON or TOML file over JSON from stdin."""
    values: dict[str, str] = {}
    if piped is not None:
        values |= _fields(_json(piped), "stdin")
    if file is not None:
        values |= _fields(_of_file(file), str(file))
    for position, word in enumerate(words, 1):
        name, equals, value = word.partition("=")
        if not equals or not name:
            # The word itself may be a secret: it is not repeated.
            raise Refusal(
                2,
                f"項目は FIELD=VALUE の形で指定してください({position} 番目)。",
                f"Write each field as FIELD=VALUE (word {position} is not).",
            )
        values[name] = value
    return values


def _of_file(file: Path) -> object:
    try:
        with file.open("rb") as opened:
            content = opened.read(KEY_BYTES_MAX + 1)
        # Cut off, a longer file is no table any more, and is refused as such.
        text = content.decode("utf-8-sig")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text file"
        raise Refusal(2, f"{file} を読めません。", f"{file} cannot be read: {reason}.") from None
    if text.lstrip().startswith("{"):
        return _json(text)
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        raise _no_table(str(file)) from None


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _fields(table: object, where: str) -> dict[str, str]:
    # What `zaiko sandbox` prints can be handed in as it is.
    if isinstance(table, dict) and isinstance(table.get("credentials"), dict):
        table = table["credentials"]
    if not isinstance(table, dict):
        raise _no_table(where)
    values = {}
    for name, value in table.items():
        if not isinstance(value, str | int) or isinstance(value, bool):
            raise Refusal(
                2,
                f"{where} の {name} は文字列で指定してください。",
                f"{name} in {where} must be a text.",
            )
        values[str(name)] = str(value)
    return values


def _no_table(where: str) -> Refusal:
    return Refusal(
        2,
        f"{where} に項目の表(JSON または TOML)がありません。",
        f"{where} holds no table of fields (JSON or TOML).",
    )
