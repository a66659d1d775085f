"""What each mall's rates allow, as the sentences `doctor` says: polls, a full push, a comparison.

The figures are `engine.tempo_told`'s; how many listings there are is asked of the running house,
and without one a thousand stand for them.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from config.settings import MallSettings, Settings
from engine.connector import Card
from engine.tempo_told import (
    compare_all_s,
    order_takes_s,
    poll_allowed_s,
    poll_burst,
    push_all_s,
)
from malls.registry import card_of

EXAMPLE_LISTINGS: Final = 1_000
"""What is reckoned with while no house runs."""
LONG: Final = 180
"""A longer time is told in minutes, and past as many of those in hours."""

Told = tuple[str, str, str, str, str]
"""(check, mall, good | warning, Japanese, English)"""


def tempo(settings: Settings, linked: Mapping[str, int]) -> Iterator[Told]:
    """Two findings a mall; linked: mall -> linked listings, absent where nobody could say."""
    for mall in settings.malls:
        card = card_of(mall.kind, mall.switches)
        yield _polls(mall, card)
        yield _totals(mall, card, linked.get(mall.name))


def _polls(mall: MallSettings, card: Card) -> Told:
    """Polls that a mall's published rate cannot carry are delayed by pacing: say so."""
    allowed_s = poll_allowed_s(card, mall.speed)
    wanted = f"{mall.poll_interval_s:g}"
    if mall.poll_interval_s >= allowed_s:
        state = "good"
        option = " with the speed-up" if mall.speed_up else ""
        option_ja = "、高速オプション" if mall.speed_up else ""
        ja = f"受注取得は {wanted} 秒ごと(モールの上限内{option_ja})。"
        en = f"Orders are polled every {wanted} s{option}, within the rates."
    else:
        state = "warning"
        burst = poll_burst(card)
        ja = (
            f"受注取得の間隔 {wanted} 秒は短すぎます。モールの上限では {allowed_s:.3g} 秒に 1 回"
            f"(続けてなら {burst} 回まで)で、それ以上は自動的に待ちます。"
        )
        en = (
            f"The mall's rates allow a poll every {allowed_s:.3g} s ({burst} in a row), not every"
            f" {wanted} s: more are made to wait."
        )
    order_s = order_takes_s(card, mall.speed)
    if order_s:
        ja += f"新しい注文は 1 件ごとに {order_s:.2g} 秒かかります。"
        en += f" Each new order takes {order_s:.2g} s more."
    if card.poll_hint:
        ja += card.poll_hint
        en += f" {card.poll_hint_en}"
    return "poll_interval", mall.name, state, ja, en


def _totals(mall: MallSettings, card: Card, linked: int | None) -> Told:
    """A push and a comparison of everything; a warning where the audits cannot keep up."""
    listings = EXAMPLE_LISTINGS if linked is None else linked
    push, push_en = duration(push_all_s(card, listings, mall.speed))
    compare_s = compare_all_s(card, listings, mall.speed)
    compare, compare_en = duration(compare_s)
    rows, way, way_en = card.push_rows_max, "1 回に", "a write"
    if card.feed_rows_max and listings >= card.feed_from:
        rows, way, way_en = card.feed_rows_max, "1 フィードに", "a feed"
    of = f"{listings:,} 出品の場合、" if linked is None else f"紐づく {listings:,} 出品では、"
    of_en = f"For {listings:,} listings" if linked is None else f"For all {listings:,} linked ones"
    ja = (
        f"{of}全件の反映は最短 {push}({way} {rows:,} 件)、"
        f"全件の照合は最短 {compare}(1 回に {card.read_rows_max:,} 件)。"
    )
    en = (
        f"{of_en} a full push takes {push_en} at least ({rows:,} {way_en}), a full"
        f" comparison {compare_en} ({card.read_rows_max:,} a read)."
    )
    if compare_s <= mall.compare_interval_s:
        return "full_push", mall.name, "good", ja, en
    ja += f"照合の間隔 {mall.compare_interval_s:g} 秒には収まらず、その分だけ延びます。"
    en += f" So listings are not compared every {mall.compare_interval_s:g} s, but as fast as that."
    return "full_push", mall.name, "warning", ja, en


def duration(seconds: float) -> tuple[str, str]:
    """About how long, in Japanese and English: seconds, minutes or hours."""
    minutes = seconds / 60
    if seconds < 1:
        return "1 秒以内", "under a second"
    if seconds <= LONG:
        return f"{seconds:.0f} 秒", f"{seconds:.0f} s"
    if minutes <= LONG:
        return f"{minutes:.0f} 分", f"{minutes:.0f} min"
    return f"{minutes / 60:.1f} 時間", f"{minutes / 60:.1f} h"
