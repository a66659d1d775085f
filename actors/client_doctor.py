"""`doctor`: looks at everything a house needs, with or without one running, and changes nothing.

Each finding is {check, subject, state: good | warning | bad, message, message_en}.
"""

import http.client
import os
import stat
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from actors.channels import read_channels
from actors.client_refusal import Refusal
from actors.client_tempo import tempo
from actors.keys import KeyUnreadable, read_key
from actors.notice_memory import read_memory
from config.load import load_settings
from config.search import find_settings
from config.settings import MallSettings, Settings, SettingsError
from config.state import StateDir
from engine.fault_record import WARNING_DAYS
from malls.registry import card_of

REACH_S_MAX: Final = 3.0
"""How long a mall may take to answer a call without a key."""
REACHES_MAX: Final = 8
"""Malls that are tried at once."""
CLOCK_OFF_S: Final = 60.0
"""A clock further off than this may break signed calls and the order of stamps."""
EARLIEST: Final = datetime(2025, 1, 1, tzinfo=UTC)
"""No clock that is right shows an earlier moment."""

Finding = dict[str, str]
Findings = Iterator[Finding]
Status = list[dict[str, Any]] | Refusal
"""The malls of `status`, or why nobody could be asked."""


def examine(config: Path | None, status: Callable[[Settings], Any]) -> tuple[int, dict[str, Any]]:
    """(exit code, report). `status` asks the running house, or raises the refusal that none runs.

    The exit code is 2 for settings that cannot be used, else 0: the report says the rest.
    """
    try:
        settings = load_settings(find_settings(config))
    except SettingsError as error:
        finding = _finding("settings", "", "bad", error.message_ja, error.message)
        return 2, {"ok": False, "checks": [finding]}
    said = f"設定を読みました({settings.source})。", f"The settings are good: {settings.source}"
    findings = [_finding("settings", "", "good", *said)]
    told = _asked(settings, status)
    told = _asked(settings, status)
    findings += (*_state_dir(settings), *_keys(settings), *_channels(settings))
    findings += (*_tempo(settings, told), *_clock_and_reach(settings))
    findings += _daemon(settings, told)
    is_good = all(finding["state"] != "bad" for finding in findings)
    return 0, {"ok": is_good, "checks": findings}


def _finding(check: str, subject: str, state: str, message: str, message_en: str) -> Finding:
    return {
        "check": check,
        "subject": subject,
        "state": state,
        "message": message,
        "message_en": message_en,
    }


def _state_dir(settings: Settings) -> Findings:
    root = StateDir(settings.state_dir).root
    try:
        status = root.stat()
    except FileNotFoundError:
        said = f"{root} は初回の起動時に作られます。", f"{root} is made at the first start."
        yield _finding("state_dir", "", "good", *said)
        return
    except OSError as error:
        said = f"{root} を開けません。", f"{root} cannot be opened: {error.strerror}."
        yield _finding("state_dir", "", "bad", *said)
        return
    if status.st_uid != os.getuid():
        said = f"{root} は別のユーザーのものです。", f"{root} belongs to another user."
        yield _finding("state_dir", "", "bad", *said)
        return
    if stat.S_IMODE(status.st_mode) & 0o077:
        said = (
            f"{root} を他のユーザーが開けます。chmod 700 してください。",
            f"{root} is open to others: chmod 700 it.",
        )
        yield _finding("state_dir", "", "bad", *said)
        return
    if not os.access(root, os.R_OK | os.W_OK | os.X_OK):
        said = f"{root} に書き込めません。", f"{root} cannot be written to."
        yield _finding("state_dir", "", "bad", *said)
        return
    said = f"{root} は自分だけが開けます。", f"{root} is ours alone."
    yield _finding("state_dir", "", "good", *said)


def _keys(settings: Settings) -> Findings:
    state = StateDir(settings.state_dir)
    for mall in settings.malls:
        try:
            key = read_key(state.key_file(mall.name))
        except (KeyUnreadable, OSError):
            said = (
                f"キーのファイルが壊れています。zaiko key set {mall.name} で保存し直してください。",
                f"The key file is broken: store it again with: zaiko key set {mall.name}",
            )
            yield _finding("key", mall.name, "bad", *said)
            continue
        if key is None:
            said = (
                f"キーがありません。zaiko key set {mall.name} で保存してください。",
                f"There is no key: store one with: zaiko key set {mall.name}",
            )
            yield _finding("key", mall.name, "bad", *said)
            continue
        said = "キーが保存されています。", "A key is stored."
        yield _finding("key", mall.name, "good", *said)


def _clock_and_reach(settings: Settings) -> Findings:
    """One call without a key to each mall: does it answer, and what time does it have?"""
    if datetime.now(UTC) < EARLIEST:
        said = "時計が大きく遅れています。", "This machine's clock is years behind: set it."
        yield _finding("clock", "", "bad", *said)
    else:
        said = "時計は動いています。", "This machine's clock is plausible."
        yield _finding("clock", "", "good", *said)
    with ThreadPoolExecutor(REACHES_MAX) as threads:
        for findings in threads.map(_reach, settings.malls):
            yield from findings


def _reach(mall: MallSettings) -> list[Finding]:
    check = "sandbox" if mall.is_sandbox else "mall"
    address = mall.base_url or card_of(mall.kind, mall.switches).base_url
    try:
        stamp = _date_of(address)
    except (OSError, http.client.HTTPException, ValueError):
        # A real mall that cannot be reached heals by itself; a sandbox must be started.
        state = "bad" if mall.is_sandbox else "warning"
        said = f"{address} に接続できません。", f"{address} cannot be reached."
        return [_finding(check, mall.name, state, *said)]
    said = f"{address} が応答しました。", f"{address} answers."
    findings = [_finding(check, mall.name, "good", *said)]
    off_s = 0.0 if stamp is None else time.time() - stamp
    if abs(off_s) > CLOCK_OFF_S:
        said = (
            f"時計がモールと {off_s:+.0f} 秒ずれています。合わせてください。",
            f"This machine's clock is {off_s:+.0f} s off the mall's: set it.",
        )
        findings.append(_finding("clock", mall.name, "warning", *said))
    return findings


def _date_of(address: str) -> float | None:
    parts = urlsplit(address)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=REACH_S_MAX)
    try:
        connection.request("HEAD", "/")
        date = connection.getresponse().getheader("Date")
    finally:
        connection.close()
    return None if date is None else parsedate_to_datetime(date).timestamp()


def _tempo(settings: Settings, status: Status) -> Findings:
    malls = [] if isinstance(status, Refusal) else status
    # An older house does not say how many are linked.
    linked = {mall["name"]: mall["linked"] for mall in malls if "linked" in mall}
    for check, subject, state, message, message_en in tempo(settings, linked):
        yield _finding(check, subject, state, message, message_en)


def _asked(settings: Settings, status: Callable[[Settings], Any]) -> Status:
    try:
        malls: list[dict[str, Any]] = status(settings)["malls"]
    except Refusal as refusal:
        return refusal
    return malls


def _daemon(settings: Settings, status: Status) -> Findings:
    if isinstance(status, Refusal):
        yield _finding("daemon", "", "warning", status.message, status.message_en)
        return
    said = "zaiko は稼働中です。", "zaiko is running."
    yield _finding("daemon", "", "good", *said)
    said = "データベースを読めました。", "The database answers."
    yield _finding("database", "", "good", *said)
    for mall in status:
        state = "good" if mall["state"] in {"running", "starting"} else "warning"
        said = f"連携の状態: {mall['state']}", f"Its lane is {mall['state']}."
        yield _finding("lane", mall["name"], state, *said)
        yield from _manner(settings.mall(mall["name"]), mall)
        yield from _countdown(mall)


def _manner(mall: MallSettings | None, told: Mapping[str, Any]) -> Findings:
    """Of a mall that may need a probe: how quantities are written, and who says so."""
    if mall is None or not card_of(mall.kind, mall.switches).trial:
        return
    if told["write_kind"] is None:
        said = (
            "在庫の更新方法は未確認で、在庫は送信されません。zaiko errors list を見てください。",
            "How quantities are written is not known yet, so none are sent: see zaiko errors list",
        )
        yield _finding("write_kind", mall.name, "warning", *said)
        return
    source = (
        ("事前確認の結果", "by the probe") if told["is_probed"] else ("設定", "by the settings")
    )
    said = (
        f"在庫の更新方法: {told['write_kind']}({source[0]})",
        f"Quantities are written {told['write_kind']}, {source[1]}.",
    )
    yield _finding("write_kind", mall.name, "good", *said)


def _countdown(mall: Any) -> Findings:
    """How long the key still lives, where that is known."""
    days = mall["key_days_left"]
    if days is None:
        return
    state = "warning" if days <= WARNING_DAYS[0] else "good"
    said = (
        f"キーの期限まであと {days} 日。更新方法: zaiko malls show {mall['name']}",
        f"Its key ends in {days} days; where it is renewed: zaiko malls show {mall['name']}",
    )
    yield _finding("key_expiry", mall["name"], state, *said)


def _channels(settings: Settings) -> Findings:
    """Notification channels: none is a choice, one that fails is not."""
    state = StateDir(settings.state_dir)
    try:
        stored = read_channels(state.channels)
    except (KeyUnreadable, OSError):
        said = (
            "通知先のファイルが壊れています。zaiko notify set で登録し直してください。",
            "The file of channels is broken: store them again with: zaiko notify set",
        )
        yield _finding("notify", "", "bad", *said)
        return
    memory = read_memory(state.notices).channels
    for name in stored:
        seen = memory.get(name)
        if seen is not None and seen.failures:
            said = (
                f"通知が {seen.failures} 回続けて届いていません。zaiko notify list",
                f"Its last {seen.failures} messages did not arrive; see: zaiko notify list",
            )
            yield _finding("notify", name, "warning", *said)
    for name in (settings.notify_channels or "").split(","):
        if name.strip() and name.strip() not in stored:
            said = (
                f"通知先がありません。zaiko notify set {name.strip()} で登録してください。",
                f"The channel is not stored: store it with: zaiko notify set {name.strip()}",
            )
            yield _finding("notify", name.strip(), "warning", *said)
