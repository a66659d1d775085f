"""What `doctor` says of each mall's rates, in both languages."""

from pathlib import Path

import pytest

from actors.client_tempo import duration, tempo
from config.settings import MallSettings, Settings


def told(linked: dict[str, int], **mall: object) -> dict[str, tuple[str, str, str]]:
    """check -> (state, Japanese, English) of one mall named `m`."""
    settings = Settings(
        state_dir=Path("/s"),
        base_mall="m",
        malls=(MallSettings(name="m", **mall),),  # type: ignore[arg-type]
        source=Path("/s/zaiko.toml"),
        database="sqlite:////s/zaiko.db",
    )
    return {check: (state, ja, en) for check, _, state, ja, en in tempo(settings, linked)}


def test_amazon_cannot_be_polled_each_minute_and_what_would_help_is_said_with_its_price() -> None:
    state, ja, en = told({}, kind="amazon", poll_interval_s=60.0)["poll_interval"]
    assert state == "warning"
    assert "a poll every 179 s (19 in a row), not every 60 s" in en
    assert "179 秒に 1 回" in ja
    for sentence in (ja, en):
        assert 'orders_api = "v0"' in sentence
        assert "2027-03-27" in sentence
        assert "AWS" in sentence


def test_amazons_older_api_may_be_and_says_that_it_ends() -> None:
    state, ja, en = told({}, kind="amazon", poll_interval_s=60.0, orders_api="v0")["poll_interval"]
    assert state == "good"
    assert "Each new order takes 2 s more. This API ends on 2027-03-27" in en
    assert "新しい注文は 1 件ごとに 2 秒" in ja


@pytest.mark.parametrize("kind", ["rakuten", "yahoo", "aupay", "makeshop"])
def test_the_other_malls_may_be_polled_each_minute(kind: str) -> None:
    state, _, en = told({}, kind=kind, poll_interval_s=60.0, speed_up=True)["poll_interval"]
    assert state == "good"
    assert "every 60 s with the speed-up" in en


def test_without_a_house_a_thousand_listings_stand_for_the_merchants() -> None:
    state, ja, en = told({}, kind="rakuten")["full_push"]
    assert state == "good"
    assert en == (
        "For 1,000 listings a full push takes 3 s at least (400 a write),"
        " a full comparison 1 s (1,000 a read)."
    )
    assert ja.startswith("1,000 出品の場合、全件の反映は最短 3 秒")


def test_audits_that_cannot_keep_up_with_the_interval_are_a_warning() -> None:
    state, ja, en = told({"m": 100_000}, kind="amazon")["full_push"]
    assert state == "warning"
    assert "For all 100,000 linked ones a full push takes 17 min at least (12,500 a feed)" in en
    assert "not compared every 900 s" in en
    assert "照合の間隔 900 秒には収まらず" in ja


@pytest.mark.parametrize(
    ("seconds", "japanese", "english"),
    [
        (0.0, "1 秒以内", "under a second"),
        (180.0, "180 秒", "180 s"),
        (181.0, "3 分", "3 min"),
        (10_800.0, "180 分", "180 min"),
        (14_400.0, "4.0 時間", "4.0 h"),
    ],
)
def test_a_time_is_told_in_the_unit_people_would_use(
    seconds: float, japanese: str, english: str
) -> None:
    assert duration(seconds) == (japanese, english)
