"""Notification channels as an operator handles them: set, listed, tried and removed.

An address is never given back. What speaks to a service runs in a process of its own
(`actors.channel_check`), so that a command carries none of its library.
"""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from actors.channels import (
    ADDRESS_CHARACTERS_MAX,
    CHANNELS_MAX,
    read_channels,
    service_of,
    write_channels,
)
from actors.client_keys import child_environment
from actors.client_refusal import Refusal
from actors.house_lock import holder_of
from actors.keys import KeyUnreadable
from actors.notice_memory import read_memory
from config.load import NAME_SHAPE, load_settings
from config.search import find_settings
from config.settings import Settings
from config.state import StateDir

CHANNEL_CHECK_S_MAX: Final = 60.0
"""A look at a channel that took longer is given up: a message's own bound is shorter."""
WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "no-service": ("宛先の形式が正しくありません", "the address is not understood"),
    "no-connection": ("接続できません", "it cannot be reached"),
    "timeout": ("時間内に応答がありません", "it did not answer in time"),
    "refused": ("受け付けられませんでした", "it was not taken"),
}
_STATUS: Final = re.compile(r"http-(\d+)")


def said(reason: str) -> tuple[str, str]:
    """Why a message did not arrive, in Japanese and English."""
    status = _STATUS.fullmatch(reason)
    if status is not None:
        return f"HTTP {status.group(1)} で断られました", f"it was refused (HTTP {status.group(1)})"
    return WORDS.get(reason, (f"送れませんでした({reason})", f"it failed ({reason})"))


class Channels:
    """The channels of one settings file's house."""

    def __init__(self, config: Path | None) -> None:
        self.settings: Settings = load_settings(find_settings(config))
        self._state = StateDir(self.settings.state_dir)

    def list(self) -> list[dict[str, Any]]:
        """Every channel: its service, whether it is used, and how its deliveries went."""
        memory = read_memory(self._state.notices).channels
        told = []
        for name, address in sorted(self._stored().items()):
            seen = memory.get(name)
            reason = seen.last_reason if seen is not None and seen.failures else ""
            message, message_en = said(reason) if reason else ("", "")
            told.append(
                {
                    "channel": name,
                    "service": service_of(address),
                    "used": self.settings.uses_channel(name),
                    "last_good_at": None if seen is None else seen.last_good_at,
                    "last_failed_at": None if seen is None else seen.last_failed_at,
                    "failures": 0 if seen is None else seen.failures,
                    "reason": reason,
                    "message": message,
                    "message_en": message_en,
                }
            )
        return told

    def set(self, name: str, address: str) -> dict[str, Any]:
        """Stores an address, or refuses and changes nothing."""
        if not NAME_SHAPE.fullmatch(name):
            raise Refusal(
                2,
                "通知先の名前は半角英数字と _ - で 32 文字までにしてください。",
                "Name the channel with 1 to 32 letters, digits, _ or -.",
            )
        address = address.strip()
        if len(address) > ADDRESS_CHARACTERS_MAX or not service_of(address):
            raise _not_understood()
        channels = self._stored(forgiving=True)
        if name not in channels and len(channels) >= CHANNELS_MAX:
            raise Refusal(
                2,
                f"通知先は {CHANNELS_MAX} 件までです。",
                f"A house has at most {CHANNELS_MAX} channels.",
            )
        if self._run("valid", address):
            raise _not_understood()
        announced = self._write(channels, {**channels, name: address})
        return {
            "channel": name,
            "service": service_of(address),
            "stored": True,
            "used": self.settings.uses_channel(name),
            "announced": announced,
        }

    def remove(self, name: str) -> dict[str, Any]:
        """Forgets a channel; raises Refusal where there is none of that name."""
        channels = self._stored()
        self._address(channels, name)
        left = {kept: channels[kept] for kept in channels if kept != name}
        return {"channel": name, "stored": False, "announced": self._write(channels, left)}

    def try_out(self, name: str) -> dict[str, Any]:
        """`notify test`: sends a message there; raises Refusal when it does not arrive."""
        reason = self._run("send", self._address(self._stored(), name))
        if reason:
            message, message_en = said(reason)
            raise Refusal(
                3,
                f"{name} に届きませんでした: {message}。",
                f"{name} was not reached: {message_en}.",
            )
        return {"channel": name, "is_good": True, "at": time.time()}

    # --- files and processes --------------------------------------------------------------------

    def _stored(self, *, forgiving: bool = False) -> dict[str, str]:
        try:
            return read_channels(self._state.channels)
        except (KeyUnreadable, OSError):
            if forgiving:
                return {}
            raise Refusal(
                3,
                "通知先のファイルが壊れています。zaiko notify set で登録し直してください。",
                "The file of channels is broken: store them again with: zaiko notify set",
            ) from None

    def _write(self, before: Mapping[str, str], after: Mapping[str, str]) -> bool:
        """Stores them; whether a running house knows of it.

        Its notifier looks by itself; without one it must look at its settings again.
        """
        self._state.claim()
        try:
            write_channels(self._state.channels, after)
        except OSError as error:
            raise Refusal(
                3,
                f"通知先を保存できません({error.strerror})。",
                f"The channel cannot be stored: {error.strerror}.",
            ) from None
        pid = holder_of(self._state.lock)
        if pid is None:
            return False
        had, has = (any(map(self.settings.uses_channel, names)) for names in (before, after))
        if had != has:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGHUP)
        return True

    def _address(self, channels: Mapping[str, str], name: str) -> str:
        if name in channels:
            return channels[name]
        listed = ", ".join(sorted(channels)) or "—"
        raise Refusal(
            2,
            f"通知先 {name} はありません(登録済み: {listed})。",
            f"There is no channel {name}; stored are: {listed}.",
        )

    @staticmethod
    def _run(action: str, address: str) -> str:
        """Why not; "" when all is well. The address goes by stdin, where nobody else sees it."""
        try:
            done = subprocess.run(  # noqa: S603  our own module, no shell
                [sys.executable, "-P", "-m", "actors.channel_check", action],
                input=address,
                capture_output=True,
                text=True,
                encoding="utf-8",
                timeout=CHANNEL_CHECK_S_MAX,
                check=False,
                env=child_environment(),
            )
            return str(json.loads(done.stdout)["reason"])
        except subprocess.TimeoutExpired:
            return "timeout"
        except (ValueError, KeyError):
            # Its own words may hold the address: they are not repeated.
            raise Refusal(
                1, "通知先の確認に失敗しました。", "Looking at the channel failed: this is a bug."
            ) from None


def _not_understood() -> Refusal:
    return Refusal(
        2,
        "宛先の形式が正しくありません(例: mailto://、slack://、line://、json://)。docs/operating.md"
        " の「通知」をご覧ください。",
        "The address is not understood; write one such as mailto://, slack://, line:// or json://"
        " (docs/operating.md, Notifications).",
    )
