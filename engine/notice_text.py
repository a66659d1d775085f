"""A digest as a message: its title and its text, in Japanese and then in English.

It holds what the fault records hold, our own sentences and the mall's code: no secret, no buyer.
"""

from typing import Final

from engine.faults import Level
from engine.notices import Digest, News

TEXT_CHARACTERS_MAX: Final = 1_800
"""News that would make a text longer are told by their number: chat services cut at 2,000."""

_WORDS: Final = {
    "opened": ("発生", "opened"),
    "resolved": ("解消", "over"),
    "cleared": ("削除", "cleared"),
    "brief": ("発生後に解消", "came and is over"),
}
_TRIAL_TITLE: Final = "[zaiko] 通知のテスト / Test"
_TRIAL_TEXT: Final = (
    "zaiko からの通知はここに届きます。\nWhat zaiko has to tell you will arrive here."
)


def trial_message() -> tuple[str, str]:
    """(title, text) of `notify test`."""
    return _TRIAL_TITLE, _TRIAL_TEXT


def message_of(digest: Digest, clock: str) -> tuple[str, str]:
    """(title, text) of a digest. `clock` is `gathers_until` in the operator's own time."""
    texts: list[str] = []
    size = 0
    for news in digest.news:
        text = _told(news)
        size += len(text)
        if texts and size > TEXT_CHARACTERS_MAX:
            break
        texts.append(text)
    more = len(digest.news) - len(texts) + digest.passed
    if more:
        texts.append(f"ほか {more} 件: zaiko errors list\nAnd {more} more.")
    if digest.gathers_until is not None:
        texts.append(
            f"通知が多いため、次は {clock} 以降にまとめて送ります。\n"
            f"There is much to tell: the next message comes after {clock}."
        )
    return _title(digest), "\n\n".join(texts)


def _title(digest: Digest) -> str:
    count = len(digest.news) + digest.passed
    if count != 1 or not digest.news:
        return f"[zaiko] お知らせ {count} 件 / {count} news"
    (news,) = digest.news
    word, word_en = _words(news)
    place = news.fault.mall or news.fault.subject or "zaiko"
    return f"[zaiko] {place}: {word} / {word_en}"


def _words(news: News) -> tuple[str, str]:
    return _WORDS[news.fault.state if news.what == "over" else news.what]


def _told(news: News) -> str:
    fault = news.fault
    word, word_en = _words(news)
    place = " ".join(part for part in (fault.mall, fault.subject) if part)
    code = f" [{fault.code}]" if fault.code else ""
    lines = [
        f"【{word}】 Lv{fault.level} {place}{code}".rstrip(),
        fault.message,
        f"({word_en}) {fault.message_en}",
    ]
    if news.what == "opened":
        lines[2:2] = [fault.hint]
        lines.append(fault.hint_en)
        lines.append(f"zaiko errors show {fault.id}")
    elif fault.mall and fault.level == Level.CREDENTIALS:
        lines.append(difference_command(fault.mall))
    return "\n".join(lines)


def difference_command(mall: str) -> str:
    """The command that lists what differs at a mall (M16)."""
    return f"zaiko stock list --diff --mall {mall}" if mall else "zaiko stock list --diff"
