"""A child says it is ready, hears news, and does not outlive its parent."""

import os
import queue
import threading

import pytest

from actors.parent import (
    DEAF_EXIT,
    ORPHANED_EXIT,
    PARENT_FD,
    READY_FD,
    GivenUp,
    News,
    house_token,
    say_ready,
    watch_parent,
)

WAIT_S = 5.0


def test_a_process_started_by_hand_has_no_parent_to_tell_or_to_watch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in (READY_FD, PARENT_FD, "ZAIKO_HOUSE_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    before = threading.active_count()
    say_ready()
    watch_parent()
    assert threading.active_count() == before
    assert house_token() == ""


def test_ready_is_said_once(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = os.pipe()
    monkeypatch.setenv(READY_FD, str(writer))
    say_ready()
    say_ready()
    assert os.read(reader, 64) == b"ready\n"
    assert os.read(reader, 64) == b""
    os.close(reader)


def test_ready_to_a_parent_that_is_gone_does_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    monkeypatch.setenv(READY_FD, str(writer))
    say_ready()
    assert READY_FD not in os.environ


def test_news_is_heard_whole_and_the_end_of_the_pipe_ends_the_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reader, writer = os.pipe()
    monkeypatch.setenv(PARENT_FD, str(reader))
    heard: queue.Queue[News] = queue.Queue()
    left: queue.Queue[int] = queue.Queue()
    watch_parent(heard.put, leave=left.put)
    os.write(writer, b'{"type":"given_up","child":"mall:a","lim')
    os.write(writer, b'it":"burst","restarts":5,"window_s":30}\n')
    assert heard.get(timeout=WAIT_S) == GivenUp("mall:a", "burst", 5, 30)
    assert left.empty()
    os.close(writer)
    assert left.get(timeout=WAIT_S) == ORPHANED_EXIT
    os.close(reader)


def test_a_listener_that_breaks_ends_the_process_instead_of_leaving_it_unwatched(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    reader, writer = os.pipe()
    monkeypatch.setenv(PARENT_FD, str(reader))
    left: queue.Queue[int] = queue.Queue()
    watch_parent(lambda _: None, leave=left.put)
    os.write(writer, b"no news\n")
    assert left.get(timeout=WAIT_S) == DEAF_EXIT
    assert "DecodeError" in capsys.readouterr().err
    os.close(writer)
    os.close(reader)
