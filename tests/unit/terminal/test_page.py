"""What is printed: plain into a pipe, width-correct on a terminal, safe whatever a mall wrote."""

import io
import json
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from rich.cells import cell_len

from terminal import error_tables, mall_tables, page, progress, stock_tables

ESCAPE = "\x1b"


class Terminal(io.StringIO):
    """A stream that says it is one."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal of known abilities, and a time zone."""
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()


def shown(monkeypatch: pytest.MonkeyPatch, stream: io.StringIO, show: Any, *values: Any) -> str:
    monkeypatch.setattr("sys.stdout", stream)
    show(*values)
    return stream.getvalue()


MALL = {
    "name": "rakuten", "kind": "rakuten", "state": "running", "last_poll_at": 0.0,
    "last_push_at": 0.0, "open_faults": 0, "pending_pushes": 12345, "orders_age_s": 3.2,
    "key_expires_at": None, "unproven": 0,
}  # fmt: skip


SLOW = {
    **MALL, "name": "amazon", "poll_interval_s": 60.0, "poll_allowed_s": 178.57,
    "compare_interval_s": 900.0, "compare_all_s": 2000.0, "linked": 100_000, "push_all_s": 20000.0,
}  # fmt: skip


def test_where_a_malls_rates_allow_less_than_is_set_the_list_says_what_happens(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = shown(monkeypatch, io.StringIO(), mall_tables.malls, [SLOW])
    assert "約 179 秒ごとになります" in text
    assert "amazon is polled about every 179 s, not every 60 s" in text
    assert "Comparing all 100,000 listings of amazon takes 2,000 s at least" in text
    calm = {**SLOW, "poll_interval_s": 180.0, "compare_all_s": 899.0}
    for mall in (calm, MALL):
        assert "every" not in shown(monkeypatch, io.StringIO(), mall_tables.malls, [mall])


def listing(**more: object) -> dict[str, Any]:
    base = {
        "mall": "rakuten", "code": "tee", "sub_code": "", "linked": True, "offer": 5,
        "expected": 5, "quantity": 5, "proven_at": None, "state": "level",
    }  # fmt: skip
    return {**base, **more}


def row(*listings: dict[str, Any], total: int | None = 5) -> dict[str, Any]:
    return {"sku": "TEE", "name": "Tシャツ", "jan": "", "total": total, "listings": listings}


def test_into_a_pipe_no_colours_and_no_frames_are_written(monkeypatch: pytest.MonkeyPatch) -> None:
    text = shown(monkeypatch, io.StringIO(), mall_tables.malls, [MALL])
    assert ESCAPE not in text
    assert "─" not in text
    assert "連携中" in text
    assert "12,345" in text


def test_on_a_terminal_colours_are_used_unless_nobody_wants_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert f"{ESCAPE}[32m" in shown(monkeypatch, Terminal(), mall_tables.malls, [MALL])
    monkeypatch.setenv("NO_COLOR", "1")
    assert f"{ESCAPE}[32m" not in shown(monkeypatch, Terminal(), mall_tables.malls, [MALL])


def test_columns_stand_below_each_other_in_japanese_too(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [MALL, {**MALL, "name": "楽天市場支店", "state": "halted"}]
    lines = shown(monkeypatch, io.StringIO(), mall_tables.malls, rows).splitlines()
    words = ("状態", "連携中", "停止(レベル9)")
    places = {cell_len(line[: line.index(word)]) for line, word in zip(lines, words, strict=True)}
    assert len(places) == 1


def test_times_are_told_in_local_time() -> None:
    assert page.local_time(0.0) == "1970-01-01 09:00:00"
    assert page.local_time(None) == page.NONE


def test_a_short_time_is_the_time_of_today_or_the_day_of_another() -> None:
    now = time.time()
    assert page.short_time(now) == page.local_time(now).split()[1]
    assert page.short_time(0.0) == "01-01 09:00"
    assert page.short_time(None) == page.NONE


def test_a_narrow_terminal_breaks_names_and_keeps_numbers_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    one = listing(code="a-very-long-item-code-of-a-mall", sub_code="a-long-variation", offer=12345)
    text = shown(
        monkeypatch, Terminal(), stock_tables.stock, [{**row(one), "name": "長い商品名" * 6}]
    )
    lines = re.sub(r"\x1b\[[0-9;]*m", "", text).splitlines()
    assert all(cell_len(line.rstrip()) <= 80 for line in lines)
    assert any("rakuten" in line and "12,345" in line and "一致" in line for line in lines)


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(-1, "0 秒前"), (3.2, "3 秒前"), (119, "119 秒前"), (120, "2 分前"), (7200, "2 時間前"),
     (172_800, "2 日前"), (None, page.NONE)],
)  # fmt: skip
def test_an_age_is_told_in_the_largest_unit_that_fits(seconds: float | None, told: str) -> None:
    assert page.age(seconds) == told


def test_control_signs_of_a_name_are_not_written() -> None:
    assert page.clean("a\x1b[2J\nb\u202ec") == "a [2J b c"


def test_a_json_list_is_written_while_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr("sys.stdout", stream)

    def rows() -> Iterator[int]:
        yield 1
        assert stream.getvalue().endswith("1")
        yield 2

    page.write_json_list(rows())
    assert json.loads(stream.getvalue()) == [1, 2]


def test_an_empty_json_list_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr("sys.stdout", stream)
    page.write_json_list([])
    assert json.loads(stream.getvalue()) == []


@pytest.mark.parametrize(
    ("listing", "told"),
    [
        (listing(), "一致"),
        (listing(expected=[3, 5], state="suspect"), "3〜5"),
        (listing(expected=[None, 5], state="suspect"), "?〜5"),
        (listing(expected=None, state="unknown"), "?"),
        (listing(held=2), "差異 +2"),
        (listing(is_gone=True), "モールに無し"),
        (listing(state="something new"), "something new"),
        (listing(linked=False, state="blocked"), "複数紐づき"),
        (listing(offer=None, state="blocked"), "開始待ち"),
    ],
)
def test_a_listing_says_how_it_stands(
    monkeypatch: pytest.MonkeyPatch, listing: dict[str, Any], told: str
) -> None:
    assert told in shown(monkeypatch, io.StringIO(), stock_tables.stock, [row(listing)])


def test_a_long_list_is_several_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    count = page.CHUNK_ROWS + 1
    text = shown(
        monkeypatch, io.StringIO(), stock_tables.stock, (row(listing()) for _ in range(count))
    )
    assert text.count("総在庫") == 2
    assert text.count("TEE") == count


def test_sentences_are_in_both_languages(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "エラーはありません。 / There are no errors." in shown(
        monkeypatch, io.StringIO(), error_tables.errors, []
    )


def test_a_reflect_is_followed_until_nothing_waits() -> None:
    waiting, level = {"result": "waiting"}, {"result": "level"}
    rounds = iter([[waiting, waiting], [waiting, level], [level, level], [waiting, waiting]])
    assert progress.follow_reflect(rounds, 2) == 0
    assert len(list(rounds)) == 1


def test_only_so_many_listings_of_a_reflect_are_followed() -> None:
    seen = progress.Seen(2)
    rows = [{"result": name, "listing_id": number} for number, name in
            enumerate(("pushed", "blocked", "level", "waiting", "pushed"))]  # fmt: skip
    assert list(seen.note(rows)) == rows
    assert (seen.blocked, seen.moving) == (1, [0, 3])


def test_why_an_import_waits_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    view = {"mall": "yahoo", "total": None, "read": 0, "reason": "停止中"}
    last = {**view, "reason": "", "read": 4}
    assert progress.follow_import([view, view, last]) == last
    assert capsys.readouterr().err.count("停止中") == 1
