"""What an operator is told of: once when it opens, once when it is over, and not too often."""

from typing import Any

import pytest

from engine.faults import FaultKind
from engine.notice_text import TEXT_CHARACTERS_MAX, difference_command, message_of
from engine.notices import (
    GATHER_S,
    HOUR_S,
    RETRY_S,
    RETRY_S_MAX,
    ChannelMemory,
    Digest,
    News,
    NoticeTerms,
    NoticeView,
    delivered,
    digest_due,
    failed,
    forget,
    is_done,
    newest,
)

TERMS = NoticeTerms(level=9, after_s=600, quiet_s=1_800, per_hour_max=3)
ALL = NoticeTerms(level=8, after_s=600, quiet_s=1_800, per_hour_max=3)
START = 1_000_000.0


def fault(number: int = 1, **more: Any) -> NoticeView:
    return NoticeView(
        **{
            "id": number, "identity": "yahoo|orders|credentials||", "level": 9,
            "kind": str(FaultKind.CREDENTIALS), "mall": "yahoo", "subject": "", "code": "px-1",
            "message": "キーが使えません。", "hint": "更新してください。",
            "message_en": "The key is refused.", "hint_en": "Renew it.", "state": "open",
            "first_seen": START, "last_seen": START, **more,
        }
    )  # fmt: skip


def light(number: int = 1, **more: Any) -> NoticeView:
    values = {"identity": f"yahoo|stock|bad_item||x{number}", "level": 8, "subject": f"x{number}"}
    return fault(number, **{**values, "kind": str(FaultKind.BAD_ITEM), **more})


class Reader:
    """One channel and the clock: what it is told."""

    def __init__(self, terms: NoticeTerms = TERMS) -> None:
        self.memory = ChannelMemory(since=START - 1)
        self.terms = terms
        self.now = START

    def look(self, *faults: NoticeView, after_s: float = 0.0) -> list[tuple[int, str]]:
        """What a digest sent now would hold, sent once its gathering is over."""
        self.now += after_s
        seen = newest(faults)
        digest = digest_due(seen, self.memory, self.terms, self.now)
        if digest is None and self.memory.waits_since is not None:
            digest = digest_due(seen, self.memory, self.terms, self.now + GATHER_S)
        if digest is None:
            return []
        delivered(self.memory, digest, self.now)
        forget(self.memory, seen, self.terms, self.now)
        return [(news.fault.id, news.what) for news in digest.news]


def test_a_fault_is_told_once_when_it_opens_and_once_when_it_is_over() -> None:
    reader = Reader()
    assert reader.look(fault()) == [(1, "opened")]
    assert reader.look(fault(), after_s=90_000) == []
    assert reader.look(fault(state="cleared")) == [(1, "over")]
    assert reader.look(fault(state="cleared"), after_s=90_000) == []


def test_what_opens_within_a_moment_is_one_digest_the_heaviest_first() -> None:
    reader = Reader()
    oversold = light(1, kind=str(FaultKind.OVERSOLD), mall="")
    assert digest_due(newest([oversold]), reader.memory, TERMS, START) is None
    both = newest([oversold, fault(2)])
    assert digest_due(both, reader.memory, TERMS, START + GATHER_S - 0.1) is None
    digest = digest_due(both, reader.memory, TERMS, START + GATHER_S)
    assert digest is not None
    assert [news.fault.id for news in digest.news] == [2, 1]


def test_a_flapping_fault_is_not_told_again_within_the_quiet_time() -> None:
    reader = Reader()
    assert reader.look(fault(1)) == [(1, "opened")]
    assert reader.look(fault(1, state="resolved"), after_s=10) == [(1, "over")]
    for number in range(2, 9):
        came = START + 10 * number
        back = fault(number, first_seen=came)
        assert reader.look(back, after_s=10) == []
        gone = fault(number, first_seen=came, state="resolved")
        assert reader.look(gone, after_s=10) == []
        assert is_done(gone, [reader.memory], TERMS)


def test_one_that_came_back_and_stays_is_told_when_the_quiet_time_is_over() -> None:
    reader = Reader()
    reader.look(fault(1))
    reader.look(fault(1, state="resolved"), after_s=10)
    back = fault(2, first_seen=START + 20)
    assert reader.look(back, after_s=TERMS.quiet_s - 1) == []
    assert reader.look(back, after_s=2) == [(2, "opened")]


def test_a_fault_that_opened_anew_before_its_end_was_told_is_still_the_same_trouble() -> None:
    reader = Reader()
    reader.look(fault(1))
    assert reader.look(fault(1, state="resolved"), fault(2), after_s=1) == []
    assert reader.look(fault(2, state="resolved"), after_s=1) == [(2, "over")]


def test_level_8_is_told_only_when_asked_for_and_after_it_stayed() -> None:
    assert Reader().look(light(), after_s=90_000) == []
    reader = Reader(ALL)
    assert reader.look(light(), after_s=599) == []
    assert reader.look(light(), after_s=1) == [(1, "opened")]
    assert reader.look(light(state="resolved")) == [(1, "over")]


def test_a_level_8_that_healed_in_time_is_never_told() -> None:
    reader = Reader(ALL)
    assert reader.look(light(), after_s=300) == []
    assert reader.look(light(state="resolved"), after_s=90_000) == []
    assert is_done(light(state="resolved"), [reader.memory], ALL)


@pytest.mark.parametrize("kind", ["oversold", "breaker", "adopted_late", "restarts"])
def test_what_an_operator_must_act_on_is_told_at_once_whatever_its_level(kind: str) -> None:
    assert Reader().look(light(kind=kind)) == [(1, "opened")]


def test_a_keys_countdown_is_told_at_each_mark_and_once_when_it_is_renewed() -> None:
    reader = Reader()
    mark: dict[str, Any] = {"kind": str(FaultKind.KEY_EXPIRY), "level": 8}
    for days in (14, 7, 3, 1):
        told = reader.look(fault(code=f"expires-{days}", **mark), after_s=3 * 86_400)
        assert told == [(1, "opened")]
        assert reader.look(fault(code=f"expires-{days}", **mark), after_s=60) == []
    assert reader.look(fault(code="expires-1", state="resolved", **mark)) == [(1, "over")]


def test_an_oversell_that_came_and_went_unseen_is_still_told_but_not_one_from_before() -> None:
    oversold: dict[str, Any] = {"kind": str(FaultKind.OVERSOLD), "state": "resolved"}
    assert Reader().look(light(**oversold)) == [(1, "brief")]
    assert Reader().look(light(**oversold, first_seen=START - 2)) == []


def test_messages_of_an_hour_are_bounded_and_the_next_one_holds_the_rest() -> None:
    reader = Reader()
    faults = [fault(number, identity=f"m{number}") for number in range(1, 8)]
    for number in range(1, 4):
        assert reader.look(*faults[:number], after_s=10) == [(number, "opened")]
    assert reader.look(*faults, after_s=10) == []
    told = reader.look(*faults, after_s=HOUR_S)
    assert told == [(number, "opened") for number in range(4, 8)]


def test_the_last_message_of_an_hour_says_when_the_next_one_comes() -> None:
    reader = Reader(NoticeTerms(level=9, after_s=0, quiet_s=0, per_hour_max=1))
    digest_due(newest([fault()]), reader.memory, reader.terms, START)
    digest = digest_due(newest([fault()]), reader.memory, reader.terms, START + GATHER_S)
    assert digest is not None
    assert digest.gathers_until == START + GATHER_S + HOUR_S
    _, text = message_of(digest, "12:34")
    assert "12:34 以降" in text
    assert "after 12:34" in text


def test_a_delivery_that_failed_is_repeated_ever_more_rarely_and_never_given_up() -> None:
    reader = Reader()
    waits = []
    for _ in range(12):
        failed(reader.memory, "http-503", reader.now)
        waits.append(reader.memory.retry_at - reader.now)
    assert waits[:3] == [RETRY_S, 2 * RETRY_S, 4 * RETRY_S]
    assert max(waits) == waits[-1] == RETRY_S_MAX
    assert reader.look(fault()) == []
    assert reader.look(fault(), after_s=RETRY_S_MAX) == [(1, "opened")]
    assert (reader.memory.failures, reader.memory.last_reason) == (0, "http-503")


def test_a_clock_that_was_set_back_holds_nothing_up_for_long() -> None:
    reader = Reader()
    reader.look(fault(1))
    failed(reader.memory, "timeout", reader.now)
    reader.now -= 100 * HOUR_S
    cleared = fault(1, state="cleared")
    assert reader.look(cleared, after_s=1) == []
    assert reader.look(cleared, after_s=RETRY_S_MAX) == [(1, "over")]


def test_what_is_told_to_its_end_is_forgotten_once_it_is_quiet_and_watched_no_more() -> None:
    reader = Reader()
    reader.look(fault())
    reader.look(fault(state="cleared"))
    forget(reader.memory, {fault().identity}, TERMS, reader.now + 2 * TERMS.quiet_s)
    assert list(reader.memory.tellings) == [fault().identity]
    forget(reader.memory, (), TERMS, reader.now + TERMS.quiet_s - 1)
    assert list(reader.memory.tellings) == [fault().identity]
    forget(reader.memory, (), TERMS, reader.now + TERMS.quiet_s)
    assert reader.memory.tellings == {}


def test_a_record_is_done_with_when_every_channel_was_told_its_end() -> None:
    one, other = Reader(), Reader()
    for reader in (one, other):
        reader.look(fault())
    over = fault(state="cleared")
    one.look(over)
    assert not is_done(over, [one.memory, other.memory], TERMS)
    other.look(over)
    assert is_done(over, [one.memory, other.memory], TERMS)
    assert not is_done(fault(), [], TERMS)


def test_a_message_tells_what_happened_what_to_do_and_the_commands_in_both_languages() -> None:
    title, text = message_of(Digest((News(fault(), "opened"),), 0, None), "")
    assert title == "[zaiko] yahoo: 発生 / opened"
    for part in ("Lv9 yahoo [px-1]", "キーが使えません。", "更新してください。",
                 "The key is refused.", "Renew it.", "zaiko errors show 1"):  # fmt: skip
        assert part in text
    over = fault(state="cleared")
    title, text = message_of(Digest((News(over, "over"),), 0, None), "")
    assert title == "[zaiko] yahoo: 削除 / cleared"
    assert difference_command("yahoo") in text


def test_a_long_digest_is_cut_to_what_a_chat_takes_and_says_how_many_more() -> None:
    news = tuple(News(light(number), "opened") for number in range(1, 101))
    title, text = message_of(Digest(news, 7, None), "")
    assert title == "[zaiko] お知らせ 107 件 / 107 news"
    told = text.count("【発生】")
    assert f"ほか {107 - told} 件" in text
    assert told > 0
    assert len(text) < TEXT_CHARACTERS_MAX + 200
