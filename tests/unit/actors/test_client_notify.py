"""Channels as operators handle them: stored like keys, never shown, tried out beside."""

import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from actors.channels import CHANNELS_MAX, chosen_channels, read_channels, service_of, write_channels
from actors.client_notify import Channels
from actors.client_refusal import Refusal
from actors.notice_memory import NoticeMemory, read_memory, write_memory
from config.load import load_settings
from config.state import StateDir
from engine.notices import ChannelMemory, failed
from tests.acceptance.receiver import Receiver, receiving

SETTINGS = """\
state_dir = "state"
base_mall = "rakuten"
{more}
[[malls]]
name = "rakuten"
kind = "rakuten"
"""
ROOT = Path(__file__).parents[3]
WORD = "a-secret-word"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "zaiko.toml"
    path.write_text(SETTINGS.format(more=""))
    return path


@pytest.fixture
def state(tmp_path: Path) -> StateDir:
    state = StateDir(tmp_path / "state")
    state.claim()
    return state


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.mark.slow
def test_an_address_is_stored_like_a_key_and_shown_nowhere(
    config: Path, state: StateDir, receiver: Receiver
) -> None:
    channels = Channels(config)
    told = channels.set("hook", f" {receiver.address(WORD)}\n")
    assert told == {
        "channel": "hook", "service": "json", "stored": True, "used": True, "announced": False,
    }  # fmt: skip
    assert read_channels(state.channels) == {"hook": receiver.address(WORD)}
    assert stat.S_IMODE(state.channels.stat().st_mode) == 0o600
    assert WORD not in str(channels.list())
    assert channels.try_out("hook")["is_good"] is True
    ((title, text),) = receiver.taken
    assert "テスト" in title
    assert "zaiko" in text
    assert channels.remove("hook")["stored"] is False
    assert channels.list() == []


@pytest.mark.slow
def test_a_test_message_that_does_not_arrive_says_why_without_the_address(
    config: Path, receiver: Receiver
) -> None:
    channels = Channels(config)
    channels.set("hook", receiver.address(WORD))
    receiver.status = 503
    with pytest.raises(Refusal, match="HTTP 503") as refused:
        channels.try_out("hook")
    assert refused.value.exit_code == 3
    assert WORD not in str(refused.value)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("hook", "no-address-at-all"),
        ("hook", "nosuchservice://token"),
        ("hook", "slack://half"),
        ("hook", "json://host " + "x" * 5_000),
        ("a name", "json://localhost"),
        ("", "json://localhost"),
        ("../up", "json://localhost"),
    ],
)
def test_what_is_no_channel_is_refused_and_changes_nothing(
    config: Path, state: StateDir, name: str, address: str
) -> None:
    with pytest.raises(Refusal) as refused:
        Channels(config).set(name, address)
    assert refused.value.exit_code == 2
    assert read_channels(state.channels) == {}


def test_a_further_channel_than_a_house_may_have_is_refused(config: Path, state: StateDir) -> None:
    write_channels(state.channels, {f"c{n}": "json://localhost" for n in range(CHANNELS_MAX)})
    with pytest.raises(Refusal, match=str(CHANNELS_MAX)):
        Channels(config).set("one-more", "json://localhost")


@pytest.mark.parametrize("act", ["remove", "try_out"])
def test_a_channel_that_is_not_there_is_named_with_those_that_are(
    config: Path, state: StateDir, act: str
) -> None:
    write_channels(state.channels, {"hook": f"json://localhost/{WORD}"})
    with pytest.raises(Refusal, match="hook") as refused:
        getattr(Channels(config), act)("mail")
    assert refused.value.exit_code == 2
    assert WORD not in str(refused.value)


def test_a_broken_file_is_told_and_can_be_replaced(config: Path, state: StateDir) -> None:
    state.channels.write_text("{")
    with pytest.raises(Refusal, match="broken"):
        Channels(config).list()


def test_the_settings_choose_among_the_stored_channels(config: Path, state: StateDir) -> None:
    write_channels(state.channels, {"mail": "mailto://a", "hook": "json://b", "old": "json://c"})
    assert set(chosen_channels(state.channels, load_settings(config))) == {"mail", "hook", "old"}
    config.write_text(SETTINGS.format(more='notify_channels = "hook, mail"'))
    assert set(chosen_channels(state.channels, load_settings(config))) == {"mail", "hook"}
    used = {row["channel"]: row["used"] for row in Channels(config).list()}
    assert used == {"hook": True, "mail": True, "old": False}


def test_the_list_says_how_deliveries_went(config: Path, state: StateDir) -> None:
    write_channels(state.channels, {"hook": "json://localhost"})
    memory = ChannelMemory(since=1.0)
    failed(memory, "timeout", 5.0)
    write_memory(state.notices, msgspec.json.encode(NoticeMemory(channels={"hook": memory})))
    (row,) = Channels(config).list()
    assert (row["failures"], row["last_failed_at"], row["reason"]) == (1, 5.0, "timeout")
    assert "時間内" in row["message"]
    assert "in time" in row["message_en"]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"cursor": "x"}', b"\xff\xfe"])
def test_a_memory_that_is_none_is_an_empty_one(state: StateDir, content: bytes) -> None:
    state.notices.write_bytes(content)
    assert read_memory(state.notices) == NoticeMemory()


@pytest.mark.parametrize(
    ("address", "service"),
    [
        ("slack://a/b", "slack"),
        (" MAILTOS://x ", "mailtos"),
        ("https://x y", ""),
        ("//x", ""),
        ("slack:a", ""),
        ("", ""),
    ],
)
def test_the_service_of_an_address_is_all_that_may_be_shown(address: str, service: str) -> None:
    assert service_of(address) == service


SPEAKING = """
import logging, pathlib, sys
from actors.channel_post import NoSuchService, Post
from config.logs import set_up_logs

logs, address, word = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]
set_up_logs("notifier", logs, file_bytes_max=10**7, files_max=1)
logging.getLogger().setLevel(logging.DEBUG)
reasons = [Post(address).deliver("title", "text")]
reasons.append(Post(f"json://127.0.0.1:1/{word}").deliver("title", "text"))
try:
    Post(f"slack://{word}")
except NoSuchService:
    reasons.append("no-service")
logging.getLogger("other").warning("%s", " ".join(reasons))
"""


@pytest.mark.slow
def test_the_library_says_nothing_of_an_address_in_any_log(
    receiver: Receiver, tmp_path: Path
) -> None:
    receiver.status = 403
    done = subprocess.run(
        [sys.executable, "-c", SPEAKING, str(tmp_path), receiver.address(WORD), WORD],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    log = (tmp_path / "notifier.jsonl").read_text()
    assert "http-403 no-connection no-service" in log
    assert WORD not in log + done.stdout + done.stderr
